// SPDX-License-Identifier: GPL-2.0-only
/* Userspace's view of the event queue (api.rst 4.31, 4.32). */
#include <linux/string.h>

#include <asm/trapnr.h>

#include "core/run_state.h"
#include "core/vm.h"
#include "x86/insn/fetch.h"
#include "x86/run/event_ioctl.h"
#include "x86/run/halt.h"
#include "x86/run/smi.h"
#include "x86/vcpu/vendor.h"

#define FLAGS_ALWAYS \
	(KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW | \
	 KVM_VCPUEVENT_VALID_SMM)
/* Taken, for MP_STATE_SIPI_RECEIVED; never given, as a SIPI is not left pending. */
#define FLAGS_ACCEPTED	(FLAGS_ALWAYS | KVM_VCPUEVENT_VALID_SIPI_VECTOR)

static u32 flags_enabled(struct x86_vcpu *v)
{
	return READ_ONCE(to_x86_vm(v->vcpu.kvm)->event_flags);
}

bool events_know_pending(struct x86_vcpu *v)
{
	return flags_enabled(v) & KVM_VCPUEVENT_VALID_PAYLOAD;
}

/* On its way in, but for what L1 has made up: that is in the nested state. */
static bool is_injected(const struct x86_events *ev, enum x86_event_kind kind)
{
	return ev->injected.kind == kind && !ev->injected.by_l1;
}

static void exception_get(struct x86_vcpu *v, struct kvm_vcpu_events *out)
{
	const struct x86_events *ev = &v->events;
	const struct x86_event *ex = &ev->exception;

	if (ex->kind) {
		out->exception.pending = 1;
		out->exception_has_payload = ev->has_payload;
		if (ev->has_payload)
			out->exception_payload = ev->payload;
	} else if (is_injected(ev, EVENT_EXCEPTION)) {
		ex = &ev->injected;
		out->exception.injected = 1;
	} else {
		return;
	}
	out->exception.nr = ex->vector;
	out->exception.has_error_code = ex->has_error;
	out->exception.error_code = ex->error;
}

static void interrupt_get(struct x86_vcpu *v, struct kvm_vcpu_events *out)
{
	const struct x86_events *ev = &v->events;

	out->interrupt.shadow = state_get(v, GRP_SHADOW)->shadow;
	if (is_injected(ev, EVENT_SOFT)) {
		out->interrupt.injected = 1;
		out->interrupt.soft = 1;
		out->interrupt.nr = ev->injected.vector;
	} else if (event_interrupt_waiting(ev, &out->interrupt.nr)) {
		out->interrupt.injected = 1;
	}
}

void events_get(struct x86_vcpu *v, struct kvm_vcpu_events *out)
{
	const struct x86_events *ev = &v->events;
	u32 enabled = flags_enabled(v);

	halt_collect(v);
	/* A VMM that knows of no pending exceptions is told of an injected one. */
	if (!events_know_pending(v) && ev->exception.kind)
		event_settle(v);
	memset(out, 0, sizeof(*out));
	exception_get(v, out);
	interrupt_get(v, out);
	out->nmi.injected = is_injected(ev, EVENT_NMI);
	out->nmi.pending = ev->nmi_pending;
	out->nmi.masked = !!(vendor(event_blocked)(v) & EVENT_NMI_HANDLER);
	smi_events_get(v, out);
	if (enabled & KVM_VCPUEVENT_VALID_TRIPLE_FAULT)
		out->triple_fault.pending =
			test_bit(REQ_TRIPLE_FAULT, &v->vcpu.requests);
	out->flags = FLAGS_ALWAYS | enabled;
}

static bool exception_is_valid(const struct kvm_vcpu_events *in)
{
	bool pending = in->exception.pending &&
		       (in->flags & KVM_VCPUEVENT_VALID_PAYLOAD);

	if (in->exception.injected && pending)
		return false;
	if (!in->exception.injected && !pending)
		return true;
	return in->exception.nr < 32 && in->exception.nr != X86_TRAP_NMI;
}

/* What no flag names is not looked at: VMMs leave it as it came from their stack. */
bool events_are_valid(struct x86_vcpu *v, const struct kvm_vcpu_events *in)
{
	if (in->flags & ~(FLAGS_ACCEPTED | flags_enabled(v)))
		return false;
	return exception_is_valid(in) && smi_events_are_valid(v, in);
}

static bool is_soft(const struct x86_event *ex)
{
	return ex->kind == EVENT_EXCEPTION &&
	       (ex->vector == X86_TRAP_BP || ex->vector == X86_TRAP_OF);
}

void events_measure(struct x86_vcpu *v)
{
	struct x86_events *ev = &v->events;
	struct x86_event *ex = ev->exception.kind ? &ev->exception :
						    &ev->injected;

	if (is_soft(ex))
		ex->insn_len = emulate_soft_len(v, ex->vector);
}

static void exception_set(struct x86_events *ev,
			  const struct kvm_vcpu_events *in)
{
	const struct x86_event ex = {
		.kind = EVENT_EXCEPTION,
		.vector = in->exception.nr,
		.has_error = in->exception.has_error_code,
		.error = in->exception.error_code,
	};

	if (in->exception.injected) {
		ev->injected = ex;
	} else if (in->exception.pending &&
		   (in->flags & KVM_VCPUEVENT_VALID_PAYLOAD)) {
		ev->exception = ex;
		ev->has_payload = in->exception_has_payload;
		ev->payload = in->exception_payload;
	}
}

/* What has no room in "injected" beside a more urgent event waits. */
static void interrupts_set(struct x86_events *ev,
			   const struct kvm_vcpu_events *in)
{
	bool free = !ev->injected.kind;

	if (in->nmi.injected && free)
		ev->injected = (struct x86_event) {
			.kind = EVENT_NMI, .vector = X86_TRAP_NMI };
	else if (in->nmi.injected && ev->nmi_pending < EVENT_NMIS_MAX)
		ev->nmi_pending++;
	if (!in->interrupt.injected)
		return;
	if (!in->interrupt.soft) {
		/* It waits for RFLAGS.IF, which is set if it was on its way. */
		ev->interrupt = in->interrupt.nr;
		ev->interrupt_pending = true;
	} else if (!ev->injected.kind) {
		ev->injected = (struct x86_event) {
			.kind = EVENT_SOFT, .vector = in->interrupt.nr };
	}
}

void events_set(struct x86_vcpu *v, const struct kvm_vcpu_events *in)
{
	struct x86_events *ev = &v->events;

	smi_events_set(v, in);
	if (!ev->injected.by_l1)
		ev->injected = (struct x86_event){ };
	ev->exception = (struct x86_event){ };
	ev->interrupt_pending = false;
	if (in->flags & KVM_VCPUEVENT_VALID_NMI_PENDING)
		ev->nmi_pending = min_t(u8, in->nmi.pending, EVENT_NMIS_MAX);
	exception_set(ev, in);
	if (is_soft(&ev->exception) || is_soft(&ev->injected))
		request_set(&v->vcpu, REQ_INSN_LEN);
	interrupts_set(ev, in);
	vendor(event_nmi_mask)(v, in->nmi.masked);
	if (in->flags & KVM_VCPUEVENT_VALID_SHADOW)
		state_replace(v, GRP_SHADOW)->shadow =
			in->interrupt.shadow & (SHADOW_MOV_SS | SHADOW_STI);
	if (in->flags & KVM_VCPUEVENT_VALID_SIPI_VECTOR && apic_in_kernel(v))
		WRITE_ONCE(v->apic.lapic.sipi_vector, in->sipi_vector);
	if (!(in->flags & KVM_VCPUEVENT_VALID_TRIPLE_FAULT))
		return;
	if (in->triple_fault.pending)
		request_set(&v->vcpu, REQ_TRIPLE_FAULT);
	else
		request_take(&v->vcpu, REQ_TRIPLE_FAULT);
}

long events_ioctl_get(void *obj, void *data, unsigned long arg)
{
	events_get(to_x86_vcpu(obj), data);
	return 0;
}

long events_ioctl_set(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);

	if (!events_are_valid(v, data))
		return -EINVAL;
	events_set(v, data);
	return 0;
}

/* args[0]: on or off (api.rst 7.17), for both. */
long events_enable_cap(struct x86_vm *vm, const struct kvm_enable_cap *cap)
{
	u32 flag = cap->cap == KVM_CAP_EXCEPTION_PAYLOAD ?
		   KVM_VCPUEVENT_VALID_PAYLOAD :
		   KVM_VCPUEVENT_VALID_TRIPLE_FAULT;

	mutex_lock(&vm->kvm.lock);
	if (cap->args[0])
		WRITE_ONCE(vm->event_flags, vm->event_flags | flag);
	else
		WRITE_ONCE(vm->event_flags, vm->event_flags & ~flag);
	mutex_unlock(&vm->kvm.lock);
	return 0;
}
