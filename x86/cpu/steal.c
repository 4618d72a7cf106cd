// SPDX-License-Identifier: GPL-2.0-only
#include <linux/sched.h>
#include <linux/sched/stat.h>

#include "core/guestmem.h"
#include "x86/cpu/cr.h"
#include "x86/cpu/pvfeature.h"
#include "x86/cpu/steal.h"

/* The page is 64 bytes, aligned to its size, so it never crosses a page of the guest. */
static gpa_t steal_field(const struct x86_vcpu *v, unsigned int offset)
{
	return (v->steal.msr & ~(u64)(KVM_MSR_ENABLED | KVM_STEAL_RESERVED_MASK)) +
	       offset;
}

#define STEAL_FIELD(v, name) \
	steal_field(v, offsetof(struct kvm_steal_time, name))

/*
 * Running again: what others have left in @preempted is taken out at once.  A flush is
 * only asked for by exchange with "preempted", so it is either seen here, or whoever asks
 * finds that we run and sends an interrupt.  Before the next entry the thread may be
 * preempted once more: then REQ_STEAL keeps it out, and this comes again.
 */
static void preempted_clear(struct x86_vcpu *v)
{
	gpa_t gpa = STEAL_FIELD(v, preempted);
	u8 old, zero = 0;

	do {
		if (guest_read(&v->vcpu, gpa, &old, sizeof(old)))
			return;
	} while (guest_cmpxchg(&v->vcpu, gpa, &old, &zero, sizeof(old)) == -EAGAIN);
	v->steal.told = false;
	if (old & KVM_VCPU_FLUSH_TLB)
		cr_flush(v);
}

void steal_update(struct x86_vcpu *v)
{
	struct kvm_steal_time page;
	u64 delay;

	if (!steal_enabled(v) ||
	    guest_read(&v->vcpu, STEAL_FIELD(v, steal), &page, sizeof(page)))
		return;
	preempted_clear(v);
	/* Odd while it changes (msr.rst). */
	page.version = (page.version | 1) + 2;
	guest_write(&v->vcpu, STEAL_FIELD(v, version), &page.version,
		    sizeof(page.version));
	smp_wmb();
	delay = current->sched_info.run_delay;
	page.steal += delay - v->steal.last;
	v->steal.last = delay;
	guest_write(&v->vcpu, STEAL_FIELD(v, steal), &page.steal,
		    sizeof(page.steal));
	smp_wmb();
	page.version++;
	guest_write(&v->vcpu, STEAL_FIELD(v, version), &page.version,
		    sizeof(page.version));
}

/*
 * Other vCPUs spin less, and send no flush, for one that does not run.  The page may be
 * away: then nothing is told, which is right, too.
 */
void steal_tell_preempted(struct x86_vcpu *v)
{
	const u8 preempted = KVM_VCPU_PREEMPTED;
	u16 as_id;
	int idx;

	if (v->steal.told)
		return;
	as_id = guest_os_begin(&v->vcpu);
	idx = srcu_read_lock(&v->vcpu.kvm->srcu);
	v->steal.told = !guest_poke(&v->vcpu, STEAL_FIELD(v, preempted),
				    &preempted, sizeof(preempted));
	srcu_read_unlock(&v->vcpu.kvm->srcu, idx);
	guest_os_end(&v->vcpu, as_id);
	if (v->steal.told)
		stat_inc(v->vcpu.stats.preemption_reported);
}

int steal_msr_get(struct x86_vcpu *v, struct msr_access *a)
{
	if (!a->host && !pv_has(v, KVM_FEATURE_STEAL_TIME))
		return -ENOENT;
	a->data = v->steal.msr;
	return 0;
}

int steal_msr_set(struct x86_vcpu *v, struct msr_access *a)
{
	if (!a->host && !pv_has(v, KVM_FEATURE_STEAL_TIME))
		return -ENOENT;
	if (!sched_info_on() || (a->data & KVM_STEAL_RESERVED_MASK))
		return -EINVAL;
	v->steal.msr = a->data;
	v->steal.last = current->sched_info.run_delay;
	v->steal.told = false;
	if (steal_enabled(v))
		request_set(&v->vcpu, REQ_STEAL);
	return 0;
}
