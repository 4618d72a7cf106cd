// SPDX-License-Identifier: GPL-2.0-only
#include <asm/kvm_para.h>

#include "core/guestmem.h"
#include "core/pagein.h"
#include "core/run_state.h"
#include "core/trace.h"
#include "irq/lapic_irq.h"
#include "x86/cpu/apf.h"
#include "x86/cpu/pvfeature.h"
#include "x86/vcpu/interrupt.h"

#define APF_RESERVED	0x30ull		/* bits 5:4 */
#define APF_ADDRESS	(~0x3full)
/* What are page faults for, if nobody is told that the page is there? */
#define APF_ON		(KVM_ASYNC_PF_ENABLED | KVM_ASYNC_PF_DELIVERY_AS_INT)

/* Token of "page ready" that wakes every task. */
#define TOKEN_ALL	(~0u)

/* A token is a count above the vCPU's id, as the guest has one table for all vCPUs. */
#define TOKEN_ID_BITS	12
#define TOKEN_COUNTS	(BIT(32 - TOKEN_ID_BITS) - 2)

#define APF_FIELD(v, name)						\
	(((v)->apf.msr & APF_ADDRESS) +					\
	 offsetof(struct kvm_vcpu_pv_apf_data, name))

bool apf_can_start(struct x86_vcpu *v)
{
	const struct x86_events *ev = &v->events;

	return !pagein_is_full(v->apf.queue) && !v->smm.inside &&
	       !ev->injected.kind && !ev->exception.kind && interrupts_enabled(v) &&
	       !(event_blocked(v) & EVENT_MASK_INTERRUPT) && !v->nested.l2;
}

/* Neither 0 nor TOKEN_ALL. */
static u32 token_next(struct x86_vcpu *v)
{
	static_assert(VCPU_IDS_MAX <= BIT(TOKEN_ID_BITS));

	v->apf.count = v->apf.count % TOKEN_COUNTS + 1;
	return v->apf.count << TOKEN_ID_BITS | v->vcpu.id;
}

/*
 * "Page not present".  Not before those who wait for pages of another host are woken:
 * their tokens may be the same.
 */
static bool apf_tell(struct x86_vcpu *v, u32 token)
{
	u32 flags;

	if (v->apf.wakes_all)
		return false;
	if (!(v->apf.msr & KVM_ASYNC_PF_SEND_ALWAYS) &&
	    state_get(v, GRP_CPL)->cpl != 3)
		return false;
	if (guest_read(&v->vcpu, APF_FIELD(v, flags), &flags, sizeof(flags)) ||
	    flags)
		return false;
	flags = KVM_PV_REASON_PAGE_NOT_PRESENT;
	if (guest_write(&v->vcpu, APF_FIELD(v, flags), &flags, sizeof(flags)))
		return false;
	event_page_fault(v, token, 0);
	return true;
}

bool apf_start(struct x86_vcpu *v, const struct mmu_fault *fault)
{
	struct pagein *q = v->apf.queue;
	u32 token;
	int i;

	trace_kvm_try_async_get_page(fault->addr, fault->gfn);
	/* Another task wants it, too, or the one that was told does not sleep. */
	if (pagein_has(q, fault->slot, fault->gfn)) {
		trace_kvm_async_pf_repeated_fault(fault->addr, fault->gfn);
		return false;
	}
	i = pagein_start(q, fault->slot, fault->gfn, fault->error & PF_WRITE);
	if (i < 0)
		return true;
	token = token_next(v);
	if (!apf_tell(v, token))
		token = 0;
	pagein_set_token(q, i, token);
	trace_kvm_async_pf_not_present(token, fault->addr);
	return token;
}

/* "Page ready", if the guest has done with the last one.  Return: false: it has not. */
static bool apf_send(struct x86_vcpu *v, u32 token)
{
	const struct irq_msg msg = { .vector = v->apf.vector };
	u32 last;

	if (guest_read(&v->vcpu, APF_FIELD(v, token), &last, sizeof(last)) ||
	    last ||
	    guest_write(&v->vcpu, APF_FIELD(v, token), &token, sizeof(token)))
		return false;
	trace_kvm_async_pf_ready(token, 0);
	lapic_accept(&v->apic.lapic, &msg);
	return true;
}

/* The rest follows when the guest acknowledges this one. */
void apf_ready(struct x86_vcpu *v)
{
	struct pagein *q = v->apf.queue;
	int i;

	if (!q)
		return;
	if (v->apf.on && v->apf.wakes_all && apf_send(v, TOKEN_ALL))
		v->apf.wakes_all = false;
	for (i = pagein_done(q, 0); i >= 0; i = pagein_done(q, i + 1))
		if (!pagein_token(q, i) || apf_send(v, pagein_token(q, i)))
			pagein_take(q, i);
}

/* What the guest was told is absent it is not told of any more, but of all at once. */
static void apf_forget(struct x86_vcpu *v)
{
	if (!v->apf.queue)
		return;
	if (pagein_forget(v->apf.queue))
		v->apf.wakes_all = true;
	/* What is there leaves the queue. */
	request_set(&v->vcpu, REQ_APF);
}

void apf_reset(struct x86_vcpu *v)
{
	apf_forget(v);
	/* The count goes on: tokens of before are not those of after. */
	v->apf = (struct x86_apf){
		.queue = v->apf.queue, .count = v->apf.count,
		.wakes_all = v->apf.wakes_all,
	};
}

void vcpu_step_apf_down(void *obj)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);

	pagein_drop(v->apf.queue);
}

/* ------------------------------------------------------------------------ */
/* MSRs. */

static bool apf_is_offered(const struct x86_vcpu *v, const struct msr_access *a)
{
	return a->host || pv_has(v, a->index == MSR_KVM_ASYNC_PF_EN ?
				 KVM_FEATURE_ASYNC_PF : KVM_FEATURE_ASYNC_PF_INT);
}

int apf_msr_get(struct x86_vcpu *v, struct msr_access *a)
{
	if (!apf_is_offered(v, a))
		return -ENOENT;
	a->data = a->index == MSR_KVM_ASYNC_PF_EN ? v->apf.msr :
		  a->index == MSR_KVM_ASYNC_PF_INT ? v->apf.vector : 0;
	return 0;
}

static bool apf_is_valid(const struct x86_vcpu *v, u64 data)
{
	if (data & APF_RESERVED)
		return false;
	if ((data & KVM_ASYNC_PF_DELIVERY_AS_PF_VMEXIT) &&
	    !pv_has(v, KVM_FEATURE_ASYNC_PF_VMEXIT))
		return false;
	if ((data & KVM_ASYNC_PF_DELIVERY_AS_INT) &&
	    !pv_has(v, KVM_FEATURE_ASYNC_PF_INT))
		return false;
	/* Whom would "page ready" interrupt? */
	return !data || apic_in_kernel(v);
}

static int apf_enable(struct x86_vcpu *v, const struct msr_access *a)
{
	bool on = (a->data & APF_ON) == APF_ON;

	if (!apf_is_valid(v, a->data))
		return -EINVAL;
	if (on && !v->apf.queue) {
		v->apf.queue = pagein_make(&v->vcpu, REQ_APF);
		if (!v->apf.queue)
			return -ENOMEM;
	}
	if (!on || a->host)
		apf_forget(v);
	v->apf.msr = a->data;
	v->apf.on = on;
	if (on && a->host)
		v->apf.wakes_all = true;
	if (on && v->apf.wakes_all)
		request_set(&v->vcpu, REQ_APF);
	return 0;
}

int apf_msr_set(struct x86_vcpu *v, struct msr_access *a)
{
	if (!apf_is_offered(v, a))
		return -ENOENT;
	switch (a->index) {
	case MSR_KVM_ASYNC_PF_EN:
		return apf_enable(v, a);
	case MSR_KVM_ASYNC_PF_INT:
		if (a->data & ~KVM_ASYNC_PF_VEC_MASK)
			return -EINVAL;
		v->apf.vector = a->data;
		return 0;
	default:
		if ((a->data & 1) && v->apf.on)
			request_set(&v->vcpu, REQ_APF);
		return 0;
	}
}
