// SPDX-License-Identifier: GPL-2.0-only
/* SMIs: where they come from, and when one is taken (APM vol. 2, 10.3). */
#include "core/run_state.h"
#include "x86/cpu/smm.h"
#include "x86/run/smi.h"
#include "x86/vcpu/interrupt.h"

void smi_deliver(struct x86_vcpu *v)
{
	const struct x86_events *ev = &v->events;

	if (!smi_is_due(v) || (v->mp_state != KVM_MP_STATE_RUNNABLE &&
				     v->mp_state != KVM_MP_STATE_HALTED))
		return;
	/* What is on its way belongs to the instruction before: event_prepare(). */
	if (ev->exception.kind || ev->injected.kind || ev->to_l1.kind ||
	    event_l1_takes(v, EVENT_SMI))
		return;
	v->smm.pending = false;
	smm_enter(v);
}

void smi_events_get(struct x86_vcpu *v, struct kvm_vcpu_events *out)
{
	out->smi.smm = v->smm.inside;
	out->smi.pending = v->smm.pending;
	out->smi.smm_inside_nmi = v->smm.inside_nmi;
	out->smi.latched_init = !!(atomic_read(&v->apic.lapic.events) &
				   LAPIC_EVENT_INIT);
}

bool smi_events_are_valid(const struct x86_vcpu *v,
			  const struct kvm_vcpu_events *in)
{
	return !(in->flags & KVM_VCPUEVENT_VALID_SMM) ||
	       !(in->smi.smm || in->smi.pending) ||
	       v->mp_state != KVM_MP_STATE_INIT_RECEIVED;
}

void smi_events_set(struct x86_vcpu *v, const struct kvm_vcpu_events *in)
{
	if (!(in->flags & KVM_VCPUEVENT_VALID_SMM))
		return;
	smm_set(v, in->smi.smm);
	v->smm.pending = in->smi.pending;
	v->smm.inside_nmi = in->smi.smm && in->smi.smm_inside_nmi;
	if (!apic_in_kernel(v))
		return;
	if (in->smi.latched_init) {
		atomic_or(LAPIC_EVENT_INIT, &v->apic.lapic.events);
		request_set(&v->vcpu, REQ_EVENT);
	} else {
		lapic_events_take(&v->apic.lapic, LAPIC_EVENT_INIT);
	}
}

long smi_ioctl(void *obj, void *data, unsigned long arg)
{
	to_x86_vcpu(obj)->smm.pending = true;
	return 0;
}
