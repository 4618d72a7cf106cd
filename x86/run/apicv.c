// SPDX-License-Identifier: GPL-2.0-only
#include "irq/lapic_irq.h"
#include "x86/cpu/apic.h"
#include "x86/cpu/caps.h"
#include "x86/hyperv/hv.h"
#include "x86/run/apicv.h"
#include "x86/vcpu/pveoi.h"

/* Why software delivers: names as Linux's KVM has them, where it knows the reason. */
enum apicv_inhibit {
	APICV_DISABLED,		/* the processor cannot, or it was not wanted */
	APICV_ABSENT,		/* the LAPIC is in userspace */
	APICV_OFF_BY_GUEST,	/* disabled, by IA32_APIC_BASE or SVR: it takes nothing new */
	APICV_BASE_MODIFIED,	/* xAPIC mode, and no page stands for the LAPIC */
	APICV_HYPERV,		/* some interrupts end when they are taken (auto-EOI) */
	APICV_BLOCKIRQ,		/* userspace keeps interrupts out, or sees each instruction */
	APICV_TPR_REPORTS,	/* userspace is told of TPR, or keeps it in memory */
};

static u32 apicv_inhibits(const struct x86_vcpu *v)
{
	const struct x86_apic *apic = &v->apic;
	u32 why = 0;

	if (!x86_caps->apicv)
		return BIT(APICV_DISABLED);
	if (!apic_in_kernel(v))
		return BIT(APICV_ABSENT);
	if (!lapic_takes_vectors(&apic->lapic))
		why |= BIT(APICV_OFF_BY_GUEST);
	if (!lapic_is_x2apic(&apic->lapic) && !apic->access_page)
		why |= BIT(APICV_BASE_MODIFIED);
	if (v->hv && !bitmap_empty(v->hv->synic.auto_eoi, 256))
		why |= BIT(APICV_HYPERV);
	if (debug_blocks_events(v) || debug_steps(v))
		why |= BIT(APICV_BLOCKIRQ);
	if (apic->tpr_reports || apic->vapic)
		why |= BIT(APICV_TPR_REPORTS);
	return why;
}

void apicv_update(struct x86_vcpu *v)
{
	struct lapic *a = &v->apic.lapic;
	u8 mode = APICV_OFF;

	if (!apicv_inhibits(v))
		mode = lapic_is_x2apic(a) ? APICV_X2APIC : APICV_XAPIC;
	if (mode == v->apic.apicv)
		return;
	/* ICR is in the page as the mode has it: who gives it again sees to that. */
	if (a->hw)
		lapic_hw_take(a);
	/* No EOI is free: the processor does not look for it in the guest's memory. */
	pveoi_withdraw(v);
	v->apic.apicv = mode;
	v->apic.eoi_gen = lapic_hw_eoi_gen(a) - 1;
	v->events.irq_check = true;
}

void apicv_give(struct x86_vcpu *v)
{
	struct lapic *a = &v->apic.lapic;
	u64 vectors[4];

	apicv_ops->status(v, lapic_hw_give(a));
	if (likely(v->apic.eoi_gen == lapic_hw_eoi_gen(a)))
		return;
	v->apic.eoi_gen = lapic_hw_eoi_vectors(a, vectors);
	apicv_ops->eoi_exits(v, vectors);
}

enum x86_next apicv_eoi_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	lapic_hw_ended(&v->apic.lapic, exit->apic.vector);
	return X86_RESUME;
}

enum x86_next apicv_write_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	apic_reg_written(v, exit->apic.offset);
	return X86_RESUME;
}
