// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of the guest's that the hypervisor writes: hypercall code, TSC page, assist page;
 * and reference time, which the TSC page tells.
 *
 * They are the guest's own memory, not pages that lie over it (TLFS 5.2.1).
 */
#include <linux/mm.h>

#include <asm/kvm_para.h>

#include "core/guestmem.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/pvclock.h"
#include "x86/cpu/tsc.h"
#include "x86/hyperv/hv.h"
#include "x86/hyperv/xen.h"
#include "x86/vcpu/pveoi.h"

/* Bit 0 of all these MSRs enables, the address begins at bit 12. */
#define PAGE_ENABLE	1ull
#define PAGE_GPA(msr)	((msr) & HV_HYP_PAGE_MASK)

/* Also for userspace's ioctls, without kvm->srcu. */
static int page_write(struct x86_vcpu *v, gpa_t gpa, const void *buf, unsigned int len)
{
	int idx = srcu_read_lock(&v->vcpu.kvm->srcu), err;
	u16 as_id = guest_os_begin(&v->vcpu);

	err = guest_write(&v->vcpu, gpa, buf, len);
	guest_os_end(&v->vcpu, as_id);
	srcu_read_unlock(&v->vcpu.kvm->srcu, idx);
	return err;
}

int hv_page_clear(struct x86_vcpu *v, u64 msr)
{
	return page_write(v, PAGE_GPA(msr), page_address(ZERO_PAGE(0)), PAGE_SIZE);
}

/* VMCALL or VMMCALL, and RET (TLFS 3.13); OR EAX before it where Xen's are beside: xen.h. */
int hv_hypercall_page(struct x86_vcpu *v, u64 msr)
{
	const u8 code[] = { 0x0d, 0, 0, 0, XEN_NOT_XEN >> 24,
			    0x0f, 0x01, x86_caps->hypercall_modrm, 0xc3 };
	unsigned int from = READ_ONCE(v->hv->vm->xen_calls) ? 0 : 5;

	return page_write(v, PAGE_GPA(msr), code + from, sizeof(code) - from);
}

/* The first word is KVM's bit for an EOI that is none, in another place (TLFS 10.3.4). */
int hv_assist_page_set(struct x86_vcpu *v, u64 msr, bool host)
{
	const u32 none = 0;

	static_assert(!offsetof(struct hv_vp_assist_page, apic_assist));
	if (!(msr & PAGE_ENABLE)) {
		v->hv->assist_page = msr;
		pveoi_set(v, 0);
		return 0;
	}
	if (!host && page_write(v, PAGE_GPA(msr), &none, sizeof(none)))
		return -EINVAL;
	v->hv->assist_page = msr;
	pveoi_set(v, PAGE_GPA(msr) | KVM_MSR_ENABLED);
	return 0;
}

bool hv_assist_flushes(struct x86_vcpu *v)
{
	struct hv_nested_enlightenments_control control;
	u64 msr = v->hv->assist_page;
	u16 as_id;
	int err;

	if (!(msr & PAGE_ENABLE))
		return false;
	as_id = guest_os_begin(&v->vcpu);
	err = guest_read(&v->vcpu, PAGE_GPA(msr) +
			 offsetof(struct hv_vp_assist_page, nested_control),
			 &control, sizeof(control));
	guest_os_end(&v->vcpu, as_id);
	return !err && control.features.directhypercall;
}

/* ------------------------------------------------------------------------ */
/* The TSC page (TLFS 12.7). */

#define TSC_PAGE_FIELD(msr, name) \
	(PAGE_GPA(msr) + offsetof(struct ms_hyperv_tsc_page, name))

/*
 * Sequence 0 says that the page is void, and it is while the rest changes.  What comes
 * then has the next number (but not that of the first specification's void page), so that
 * a guest that reads meanwhile reads again.
 */
static bool tsc_page_write(struct x86_vcpu *v, u64 msr, const struct hv_clock *c)
{
	gpa_t gpa = TSC_PAGE_FIELD(msr, tsc_sequence);
	u32 sequence, none = 0;

	static_assert(offsetof(struct ms_hyperv_tsc_page, tsc_offset) ==
		      offsetof(struct ms_hyperv_tsc_page, tsc_scale) +
		      offsetof(struct hv_clock, offset));
	if (guest_read(&v->vcpu, gpa, &sequence, sizeof(sequence)) ||
	    guest_write(&v->vcpu, gpa, &none, sizeof(none)))
		return false;
	if (!c)
		return true;
	smp_wmb();
	if (guest_write(&v->vcpu, TSC_PAGE_FIELD(msr, tsc_scale), c, sizeof(*c)))
		return false;
	smp_wmb();
	sequence = sequence < U32_MAX - 1 ? sequence + 1 : 1;
	return !guest_write(&v->vcpu, gpa, &sequence, sizeof(sequence));
}

static void clock_set(struct hv_vm *vm, const struct hv_clock *c)
{
	write_seqcount_begin(&vm->clock_seq);
	vm->clock_is_set = c;
	if (c)
		vm->clock = *c;
	write_seqcount_end(&vm->clock_seq);
}

/* As the VM's kvmclock has it.  False: it is no function of the TSC, or none of a page. */
static bool clock_now(struct x86_vcpu *v, struct hv_clock *c)
{
	struct pvclock_ref ref;

	pvclock_ref(v, &ref);
	if (!ref.stable || v->tsc.khz < HV_CLOCK_KHZ_MIN)
		return false;
	*c = hv_clock_of(v->tsc.khz, ref.tsc, ref.ns);
	return true;
}

static void tsc_page_update(struct x86_vcpu *v)
{
	struct hv_vm *vm = v->hv->vm;
	struct hv_clock c;
	bool stable;
	int idx;

	if (!(vm->tsc_page & PAGE_ENABLE)) {
		clock_set(vm, NULL);
		return;
	}
	stable = clock_now(v, &c);
	if (stable && vm->clock_is_set && c.scale == vm->clock.scale &&
	    c.offset == vm->clock.offset)
		return;
	/* Userspace's ioctls come here, too, without kvm->srcu. */
	idx = srcu_read_lock(&v->vcpu.kvm->srcu);
	if (!tsc_page_write(v, vm->tsc_page, stable ? &c : NULL))
		stable = false;
	srcu_read_unlock(&v->vcpu.kvm->srcu, idx);
	clock_set(vm, stable ? &c : NULL);
}

void hv_tsc_page_set(struct x86_vcpu *v, u64 msr)
{
	struct hv_vm *vm = v->hv->vm;

	vm->tsc_page = msr;
	clock_set(vm, NULL);
	tsc_page_update(v);
}

/*
 * A guest that asked to be told of changes (TSC_EMULATION_CONTROL) goes by the page that
 * it has until it sets a new one.
 */
void hv_clock_changed(struct x86_vcpu *v)
{
	struct hv_vm *vm = v->hv->vm;

	mutex_lock(&vm->lock);
	if (!(vm->emulation && vm->clock_is_set))
		tsc_page_update(v);
	mutex_unlock(&vm->lock);
	hv_stimers_restart(v->hv);
}

/* What the page says, where there is one: both are to agree to the last digit. */
u64 hv_ref_time(struct x86_vcpu *v)
{
	struct hv_vm *vm = v->hv->vm;
	struct hv_clock c;
	unsigned int seq;
	bool set;

	do {
		seq = read_seqcount_begin(&vm->clock_seq);
		set = vm->clock_is_set;
		c = vm->clock;
	} while (read_seqcount_retry(&vm->clock_seq, seq));
	return set ? hv_clock_read(&c, tsc_read(v)) : pvclock_now(v->vcpu.kvm) / 100;
}
