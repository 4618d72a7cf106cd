// SPDX-License-Identifier: GPL-2.0-only
/* MSR filters: asking, and setting one. */
#include <linux/bitops.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "core/run_state.h"
#include "x86/cpu/msr.h"
#include "x86/cpu/msr_filter.h"

/* x2APIC registers are never filtered (api.rst 4.97). */
#define X2APIC_FIRST	0x800
#define X2APIC_LAST	0x8ff

/**
 * struct filter_range - neighbours, and what is allowed of them
 * @base: the first one
 * @count: how many
 * @kinds: KVM_MSR_FILTER_*: accesses that the range is about
 * @allowed: a bit for each register, the lowest of byte 0 first
 */
struct filter_range {
	u32 base;
	u32 count;
	u32 kinds;
	u8 *allowed;
};

/**
 * struct msr_filter - a VM's filter, never changed once it is published
 * @deny: what no range is about is denied
 * @hides_direct: a register that the hardware may let pass is denied
 * @n: ranges in use
 */
struct msr_filter {
	bool deny;
	bool hides_direct;
	u32 n;
	struct filter_range range[KVM_MSR_FILTER_MAX_RANGES];
};

/* ------------------------------------------------------------------------ */
/* Asking. */

static bool filter_allows(const struct msr_filter *f, u32 index, u32 kind)
{
	const struct filter_range *r;
	u32 i;

	if (index >= X2APIC_FIRST && index <= X2APIC_LAST)
		return true;
	for (r = f->range; r < f->range + f->n; r++) {
		i = index - r->base;
		if (index >= r->base && i < r->count && (r->kinds & kind))
			return r->allowed[i / 8] & BIT(i % 8);
	}
	return !f->deny;
}

static const struct msr_filter *filter_of(const struct x86_vcpu *v)
{
	struct kvm *kvm = v->vcpu.kvm;

	return srcu_dereference_check(to_x86_vm(kvm)->msr_filter, &kvm->srcu,
				      lockdep_is_held(&kvm->lock));
}

bool msr_filter_allows(struct x86_vcpu *v, u32 index, u32 kind)
{
	const struct msr_filter *f = filter_of(v);

	return likely(!f) || filter_allows(f, index, kind);
}

void msr_filter_refresh(struct x86_vcpu *v)
{
	const struct msr_filter *f = filter_of(v);

	v->msr_exits = f && f->hides_direct;
}

/* ------------------------------------------------------------------------ */
/* Setting. */

static void filter_free(struct msr_filter *f)
{
	u32 i;

	if (!f)
		return;
	for (i = 0; i < f->n; i++)
		kvfree(f->range[i].allowed);
	kfree(f);
}

void vm_step_msr_filter_down(void *obj)
{
	struct x86_vm *vm = to_x86_vm(obj);

	/* Nobody else is left. */
	filter_free(rcu_dereference_protected(vm->msr_filter, true));
}

static bool filter_denies(const struct msr_filter *f, const struct msr_row *row)
{
	const u32 end = row->index + row->count;
	u32 i;

	for (i = row->index; i < end; i++)
		if (!filter_allows(f, i, KVM_MSR_FILTER_READ) ||
		    !filter_allows(f, i, KVM_MSR_FILTER_WRITE))
			return true;
	return false;
}

/* Does it deny a register that the hardware may let pass? */
static bool filter_denies_direct(const struct msr_filter *f)
{
	const struct msr_row *row;

	for (row = msr_table; row < msr_table + msr_table_rows; row++)
		if ((row->flags & MSR_DIRECT) && filter_denies(f, row))
			return true;
	return false;
}

static int range_add(struct msr_filter *f,
		     const struct kvm_msr_filter_range *from)
{
	u32 bytes = DIV_ROUND_UP_ULL(from->nmsrs, 8);
	const u32 kinds = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE;
	struct filter_range *r = &f->range[f->n];

	if (from->flags & ~kinds)
		return -EINVAL;
	if (!from->nmsrs)
		return 0;
	if (!from->flags || bytes > KVM_MSR_FILTER_MAX_BITMAP_SIZE)
		return -EINVAL;
	r->allowed = kvmalloc(bytes, GFP_KERNEL_ACCOUNT);
	if (!r->allowed)
		return -ENOMEM;
	f->n++;
	r->base = from->base;
	r->count = from->nmsrs;
	r->kinds = from->flags;
	return copy_from_user(r->allowed, (u8 __user *)from->bitmap, bytes) ?
	       -EFAULT : 0;
}

static struct msr_filter *filter_build(const struct kvm_msr_filter *from)
{
	struct msr_filter *f;
	int err = 0;
	u32 i;

	f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	if (!f)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < ARRAY_SIZE(from->ranges) && !err; i++)
		err = range_add(f, &from->ranges[i]);
	f->deny = from->flags & KVM_MSR_FILTER_DEFAULT_DENY;
	if (!err && !f->n && f->deny)
		err = -EINVAL;
	if (err) {
		filter_free(f);
		return ERR_PTR(err);
	}
	f->hides_direct = filter_denies_direct(f);
	return f;
}

/* The new filter holds for every instruction that starts after this. */
static void filter_publish(struct kvm *kvm, struct msr_filter *f)
{
	struct x86_vm *vm = to_x86_vm(kvm);

	mutex_lock(&kvm->lock);
	f = rcu_replace_pointer(vm->msr_filter, f,
				lockdep_is_held(&kvm->lock));
	request_all(kvm, REQ_MSR_FILTER);
	mutex_unlock(&kvm->lock);
	if (f)
		synchronize_srcu_expedited(&kvm->srcu);
	filter_free(f);
}

long msr_ioctl_filter(void *obj, void *data, unsigned long arg)
{
	const struct kvm_msr_filter *from = data;
	struct msr_filter *f;

	if (from->flags & ~(u32)KVM_MSR_FILTER_DEFAULT_DENY)
		return -EINVAL;
	f = filter_build(from);
	if (IS_ERR(f))
		return PTR_ERR(f);
	if (!f->n) {
		filter_free(f);
		f = NULL;
	}
	filter_publish(obj, f);
	return 0;
}
