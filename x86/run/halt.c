// SPDX-License-Identifier: GPL-2.0-only
#include <linux/sched/signal.h>

#include "core/arch.h"
#include "core/block.h"
#include "core/run_state.h"
#include "x86/cpu/apf.h"
#include "x86/cpu/apic.h"
#include "x86/run/apic_timer.h"
#include "x86/run/halt.h"
#include "x86/run/lifecycle.h"
#include "x86/vcpu/interrupt.h"
#include "x86/vcpu/nested.h"
#include "x86/vcpu/pveoi.h"
#include "x86/vcpu/vendor.h"

static bool is_bsp(const struct x86_vcpu *v)
{
	return v->vcpu.id == to_x86_vm(v->vcpu.kvm)->irq.bsp_id;
}

void halt_reset(struct x86_vcpu *v)
{
	v->mp_state = apic_in_kernel(v) && !is_bsp(v) ?
		      KVM_MP_STATE_UNINITIALIZED : KVM_MP_STATE_RUNNABLE;
}

/* Registers after INIT; the bootstrap processor goes on at the reset vector. */
static void init_event(struct x86_vcpu *v)
{
	pveoi_withdraw(v);
	lapic_reset(&v->apic.lapic, true);
	apicv_recheck(v);
	apf_reset(v);
	vcpu_init_state(v);
	WRITE_ONCE(v->pv.unhalted, false);
	v->mp_state = is_bsp(v) ? KVM_MP_STATE_RUNNABLE :
				  KVM_MP_STATE_INIT_RECEIVED;
}

/* Real mode at the page that the vector names (SDM vol. 3, 9.4.4). */
static void sipi_event(struct x86_vcpu *v)
{
	u8 page = READ_ONCE(v->apic.lapic.sipi_vector);
	struct x86_state *s = state_set(v, GRP_CSSS | GRP_RIP);

	s->seg[SEG_CS].selector = page << 8;
	s->seg[SEG_CS].base = page << 12;
	s->rip = 0;
	v->mp_state = KVM_MP_STATE_RUNNABLE;
}

/* A start-up IPI means something only to a processor that waits for it. */
static void lapic_events(struct x86_vcpu *v)
{
	u32 events;

	/* Nobody waits for a SIPI in system management mode. */
	if (v->smm.inside)
		lapic_events_take(&v->apic.lapic, LAPIC_EVENT_SIPI);
	/* An INIT that is held back, or is L1's to know of, stays where it is. */
	if (v->smm.inside || (event_blocked(v) & EVENT_MASK_INIT) ||
	    nested_keeps_init(v))
		return;
	if (atomic_read(&v->apic.lapic.events) & LAPIC_EVENT_INIT &&
	    event_l1_takes(v, EVENT_INIT))
		return;
	events = lapic_events_take(&v->apic.lapic,
				   LAPIC_EVENT_INIT | LAPIC_EVENT_SIPI);

	if (events & LAPIC_EVENT_INIT)
		init_event(v);
	if ((events & LAPIC_EVENT_SIPI) &&
	    v->mp_state == KVM_MP_STATE_INIT_RECEIVED)
		sipi_event(v);
}

void halt_collect(struct x86_vcpu *v)
{
	unsigned int nmis;

	if (request_take(&v->vcpu, REQ_NMI)) {
		/* Senders have no limit; more than these are one with them anyway. */
		nmis = atomic_xchg(&v->apic.nmis, 0);
		for (nmis = min_t(unsigned int, nmis, EVENT_NMIS_MAX); nmis; nmis--)
			event_nmi(v);
	}
	if (request_take(&v->vcpu, REQ_SMI))
		v->smm.pending = true;
	if (!request_take(&v->vcpu, REQ_EVENT))
		return;
	stat_inc(v->vcpu.stats.req_event);
	v->events.irq_check = true;
	if (atomic_read(&v->apic.lapic.events))
		lapic_events(v);
}

/* What ends a HLT ends a hold as well, which only userspace begins. */
static bool is_halted(const struct x86_vcpu *v)
{
	return v->mp_state == KVM_MP_STATE_HALTED ||
	       v->mp_state == KVM_MP_STATE_AP_RESET_HOLD;
}

static bool halt_is_over(struct x86_vcpu *v)
{
	return is_halted(v) &&
	       (READ_ONCE(v->pv.unhalted) || event_wakes(v));
}

bool arch_vcpu_wakes(struct kvm_vcpu *vcpu)
{
	struct x86_vcpu *v = to_x86_vcpu(vcpu);

	/* The page comes by request. */
	if (unlikely(v->apf.waits))
		return event_wakes(v);
	/* A timer's message is still to be written, which may end the HLT. */
	if (unlikely(v->hv) && request_is_set(vcpu, REQ_HV))
		return true;
	return v->mp_state == KVM_MP_STATE_RUNNABLE || halt_is_over(v);
}

static enum x86_next halt_block(struct x86_vcpu *v)
{
	struct kvm_vcpu *vcpu = &v->vcpu;

	apic_timer_to_kernel(v);
	/* Nobody looks at guest memory while the thread sleeps. */
	pveoi_withdraw(v);
	mmu_vcpu_trim(&vcpu->mmu);
	srcu_read_unlock(&vcpu->kvm->srcu, vcpu->srcu_idx);
	vcpu_block(vcpu);
	/* Where a request is made again and again nobody has slept. */
	if (thread_has_work())
		thread_work_do();
	vcpu->srcu_idx = srcu_read_lock(&vcpu->kvm->srcu);
	if (!signal_pending(current))
		return X86_RESUME;
	stat_inc(vcpu->stats.signal_exits);
	vcpu->run->exit_reason = KVM_EXIT_INTR;
	return exit_fail(v, -EINTR);
}

enum x86_next halt_for_page(struct x86_vcpu *v)
{
	enum x86_next next;

	v->apf.waits = true;
	next = halt_block(v);
	v->apf.waits = false;
	return next;
}

enum x86_next halt_wait(struct x86_vcpu *v)
{
	if (halt_is_over(v)) {
		WRITE_ONCE(v->pv.unhalted, false);
		v->mp_state = KVM_MP_STATE_RUNNABLE;
		v->nested.woken = nested_l2_runs(v);
		return X86_RESUME;
	}
	return halt_block(v);
}

/* ------------------------------------------------------------------------ */

long mp_state_ioctl_get(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);
	struct kvm_mp_state *mp = data;

	halt_collect(v);
	/* The state has no name for a kick that has not been looked at yet. */
	mp->mp_state = is_halted(v) && v->pv.unhalted ?
		       KVM_MP_STATE_RUNNABLE : v->mp_state;
	return 0;
}

long mp_state_ioctl_set(void *obj, void *data, unsigned long arg)
{
	const struct kvm_mp_state *mp = data;
	struct x86_vcpu *v = to_x86_vcpu(obj);

	if ((mp->mp_state > KVM_MP_STATE_SIPI_RECEIVED &&
	     mp->mp_state != KVM_MP_STATE_AP_RESET_HOLD) ||
	    (!apic_in_kernel(v) && mp->mp_state != KVM_MP_STATE_RUNNABLE))
		return -EINVAL;
	/* INIT waits for the end of system management mode. */
	if ((mp->mp_state == KVM_MP_STATE_INIT_RECEIVED ||
	     mp->mp_state == KVM_MP_STATE_SIPI_RECEIVED) &&
	    (v->smm.inside || v->smm.pending))
		return -EINVAL;
	if (mp->mp_state == KVM_MP_STATE_SIPI_RECEIVED) {
		v->mp_state = KVM_MP_STATE_INIT_RECEIVED;
		sipi_event(v);
	} else {
		v->mp_state = mp->mp_state;
	}
	return 0;
}
