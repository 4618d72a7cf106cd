// SPDX-License-Identifier: GPL-2.0-only
/* A guest's CPUID table, set and read by userspace. */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "core/vm.h"
#include "x86/cpu/cpuid.h"
#include "x86/cpu/pvfeature.h"
#include "x86/vcpu/hv_env.h"
#include "x86/vcpu/vendor.h"

/* Deprecated ones have no effect (api.rst 4.46), and VMMs still set them. */
#define CPUID_FLAGS (KVM_CPUID_FLAG_SIGNIFCANT_INDEX |	\
		     KVM_CPUID_FLAG_STATEFUL_FUNC |	\
		     KVM_CPUID_FLAG_STATE_READ_NEXT)

static int entries_check(struct kvm_cpuid_entry2 *e, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		if (e[i].flags & ~CPUID_FLAGS)
			return -EINVAL;
		memset(e[i].padding, 0, sizeof(e[i].padding));
	}
	return 0;
}

/*
 * A processor does not change its model while it runs (api.rst 4.20): what
 * follows from the table, such as the MMU's formats, is in use.  Bits that follow
 * registers may be what KVM_GET_CPUID2 told of them.
 */
static bool cpuid_may_become(struct x86_vcpu *v,
			     const struct kvm_cpuid_entry2 *e, u32 n)
{
	struct kvm_cpuid_entry2 old, new;
	u32 i;

	if (!v->has_run)
		return true;
	if (n != v->cpuid.n)
		return false;
	for (i = 0; i < n; i++) {
		old = v->cpuid.entry[i];
		new = e[i];
		cpuid_entry_current(v, &old);
		cpuid_entry_current(v, &new);
		if (memcmp(&old, &new, sizeof(old)))
			return false;
	}
	return true;
}

/* From the last to the first, so that each chain is in userspace's order. */
static void cpuid_chain(struct x86_cpuid *c)
{
	u16 *first;
	u32 i;

	memset(c->first, 0, sizeof(c->first));
	for (i = c->n; i-- > 0;) {
		first = &c->first[cpuid_bucket(c->entry[i].function)];
		c->entry[i].padding[0] = *first;
		*first = i + 1;
	}
}

/* Room for as many entries as userspace says. */
static struct kvm_cpuid_entry2 *table_alloc(const u32 __user *nent, u32 *n)
{
	struct kvm_cpuid_entry2 *e;

	if (get_user(*n, nent))
		return ERR_PTR(-EFAULT);
	if (*n > CPUID_ENTRIES_MAX)
		return ERR_PTR(-E2BIG);
	e = kvzalloc(*n * sizeof(*e), GFP_KERNEL_ACCOUNT);
	return e ?: ERR_PTR(-ENOMEM);
}

/* Takes @e over, or frees it. */
static int cpuid_set(struct x86_vcpu *v, struct kvm_cpuid_entry2 *e, u32 n)
{
	int err = entries_check(e, n);

	pv_cpuid_adjust(v, e, n);
	if (!err && !cpuid_may_become(v, e, n))
		err = -EINVAL;
	if (!err)
		err = hv_cpuid_prepare(v, e, n);
	if (err) {
		kvfree(e);
		return err;
	}
	kvfree(v->cpuid.entry);
	v->cpuid.entry = e;
	v->cpuid.n = n;
	cpuid_chain(&v->cpuid);
	cpuid_update(v);
	vendor(policy_update)(v);
	return 0;
}

long cpuid_ioctl_set(void *obj, void *data, unsigned long arg)
{
	struct kvm_cpuid2 __user *user = (void __user *)arg;
	struct kvm_cpuid_entry2 *e;
	u32 n;

	e = table_alloc(&user->nent, &n);
	if (IS_ERR(e))
		return PTR_ERR(e);
	if (copy_from_user(e, user->entries, n * sizeof(*e))) {
		kvfree(e);
		return -EFAULT;
	}
	return cpuid_set(to_x86_vcpu(obj), e, n);
}

static int entry_from_old(struct kvm_cpuid_entry2 *e,
			  const struct kvm_cpuid_entry __user *user)
{
	struct kvm_cpuid_entry old;

	if (copy_from_user(&old, user, sizeof(old)))
		return -EFAULT;
	e->function = old.function;
	e->eax = old.eax;
	e->ebx = old.ebx;
	e->ecx = old.ecx;
	e->edx = old.edx;
	return 0;
}

long cpuid_ioctl_set_old(void *obj, void *data, unsigned long arg)
{
	struct kvm_cpuid __user *user = (void __user *)arg;
	struct kvm_cpuid_entry2 *e;
	u32 n, i;

	e = table_alloc(&user->nent, &n);
	if (IS_ERR(e))
		return PTR_ERR(e);
	for (i = 0; i < n; i++)
		if (entry_from_old(&e[i], &user->entries[i])) {
			kvfree(e);
			return -EFAULT;
		}
	return cpuid_set(to_x86_vcpu(obj), e, n);
}

long cpuid_ioctl_get(void *obj, void *data, unsigned long arg)
{
	struct kvm_cpuid2 __user *user = (void __user *)arg;
	struct x86_vcpu *v = to_x86_vcpu(obj);
	struct kvm_cpuid_entry2 e;
	u32 room, i, n = v->cpuid.n;

	if (get_user(room, &user->nent))
		return -EFAULT;
	if (room < n)
		return -E2BIG;
	if (put_user(n, &user->nent))
		return -EFAULT;
	for (i = 0; i < n; i++) {
		e = v->cpuid.entry[i];
		cpuid_entry_current(v, &e);
		if (copy_to_user(&user->entries[i], &e, sizeof(e)))
			return -EFAULT;
	}
	return 0;
}
