// SPDX-License-Identifier: GPL-2.0-only
#include "irq/pic.h"
#include "x86/vcpu/apicv.h"
#include "x86/vcpu/hv_env.h"
#include "x86/vcpu/interrupt.h"
#include "x86/vcpu/vendor.h"
#include "x86/vcpu/pveoi.h"

/*
 * CR8 is TPR's upper half, and where the processor keeps it the guest writes it
 * without an exit (SDM vol. 3, 11.8.6; APM vol. 2, 15.21.2).
 */
static __always_inline void tpr_sync(struct x86_vcpu *v)
{
	struct lapic *a = &v->apic.lapic;
	u8 class = state_get(v, GRP_CR8)->cr8;

	pveoi_look(v);
	if (lapic_tpr(a) >> 4 != class)
		lapic_tpr_set(a, class << 4);
}

void interrupt_tpr_sync(struct x86_vcpu *v)
{
	tpr_sync(v);
}

/* The PICs' INTR, where it reaches this processor. */
static bool extint_waits(struct x86_vcpu *v)
{
	struct pic *pic = to_x86_vm(v->vcpu.kvm)->irq.pic;

	return pic && pic_is_high(pic) && lapic_takes_extint(&v->apic.lapic);
}

/* Then irq_check is for another event: L1's preemption timer. */
static bool source_is_none(struct x86_vcpu *v)
{
	if (likely(apic_in_kernel(v)))
		return false;
	v->events.irq_check = false;
	return true;
}

bool interrupt_source_waits(struct x86_vcpu *v)
{
	if (source_is_none(v))
		return false;
	if (apicv_is_active(v)) {
		v->events.irq_check = extint_waits(v);
		return v->events.irq_check;
	}
	tpr_sync(v);
	/* What waits is to see an exit when the handler ends. */
	if (unlikely(pveoi_is_offered(v)) && lapic_requested(&v->apic.lapic) >= 0)
		pveoi_withdraw(v);
	v->events.irq_check = extint_waits(v) ||
			      lapic_pending(&v->apic.lapic) >= 0;
	return v->events.irq_check;
}

/* What the processor would deliver does, too, although it is not the queue's. */
bool interrupt_wakes(struct x86_vcpu *v)
{
	return interrupts_enabled(v) &&
	       (interrupt_waits(v) ||
		(apicv_is_active(v) && lapic_pending(&v->apic.lapic) >= 0));
}

/* The PICs first, as their INTR does not go by priority (SDM vol. 3, 11.8.3). */
int interrupt_source_take(struct x86_vcpu *v)
{
	struct lapic *a = &v->apic.lapic;
	int vector;

	if (source_is_none(v))
		return -1;
	tpr_sync(v);
	if (unlikely(extint_waits(v)))
		return pic_ack(to_x86_vm(v->vcpu.kvm)->irq.pic);
	if (apicv_is_active(v)) {
		v->events.irq_check = false;
		return -1;
	}
	vector = lapic_pending(a);
	if (vector >= 0) {
		/* An offer is for what is in service now, not for this one. */
		pveoi_withdraw(v);
		lapic_ack(a, vector);
		if (unlikely(v->hv))
			hv_interrupt_taken(v, vector);
	}
	/* Of what else the LAPIC has, interrupt_waits() finds out. */
	v->events.irq_check = atomic_read(&a->irr_words);
	return vector;
}

bool smi_is_due(struct x86_vcpu *v)
{
	return unlikely(v->smm.pending) && !v->smm.inside &&
	       !(vendor(event_blocked)(v) & EVENT_MASK_INIT);
}
