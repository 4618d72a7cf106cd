// SPDX-License-Identifier: GPL-2.0-only
/* Blocking and halt polling: told in block.h. */
#include <linux/ktime.h>
#include <linux/moduleparam.h>
#include <linux/sched/stat.h>
#include <linux/slab.h>

#include "core/arch.h"
#include "core/block.h"
#include "core/run_state.h"
#include "core/trace.h"

static unsigned int halt_poll_ns = 200000;
module_param(halt_poll_ns, uint, 0644);
MODULE_PARM_DESC(halt_poll_ns, "longest poll before a halted vCPU sleeps, in ns");

static unsigned int halt_poll_ns_grow = 2;
module_param(halt_poll_ns_grow, uint, 0644);
MODULE_PARM_DESC(halt_poll_ns_grow, "factor by which a vCPU's poll grows; 0: never");

static unsigned int halt_poll_ns_grow_start = 10000;
module_param(halt_poll_ns_grow_start, uint, 0644);
MODULE_PARM_DESC(halt_poll_ns_grow_start, "what a vCPU's poll grows to from 0, in ns");

static unsigned int halt_poll_ns_shrink;
module_param(halt_poll_ns_shrink, uint, 0644);
MODULE_PARM_DESC(halt_poll_ns_shrink, "by what a vCPU's poll is divided; 0: it ends");

int halt_poll_set(struct kvm *kvm, u64 ns)
{
	if (ns > U32_MAX)
		return -EINVAL;
	WRITE_ONCE(kvm->halt_poll, HALT_POLL_OWN | ns);
	return 0;
}

static u32 poll_limit(const struct kvm *kvm)
{
	u64 own = READ_ONCE(kvm->halt_poll);

	return own ? (u32)own : READ_ONCE(halt_poll_ns);
}

static void poll_grow(struct vcpu_halt *h, u32 limit)
{
	unsigned int by = READ_ONCE(halt_poll_ns_grow);
	u64 ns = (u64)h->poll_ns * by;

	if (!by)
		return;
	ns = max_t(u64, ns, READ_ONCE(halt_poll_ns_grow_start));
	h->poll_ns = min_t(u64, ns, limit);
}

static void poll_shrink(struct vcpu_halt *h)
{
	unsigned int by = READ_ONCE(halt_poll_ns_shrink);

	h->poll_ns = by ? h->poll_ns / by : 0;
}

/* The poll was too short; @ns: from its beginning to the wake-up. */
static void poll_adjust(struct kvm_vcpu *vcpu, u32 limit, u64 ns)
{
	struct vcpu_halt *h = vcpu->halt;
	u32 old = h->poll_ns;

	if (ns <= old)
		return;
	if (ns > limit)
		poll_shrink(h);
	else if (ns < limit && old < limit)
		poll_grow(h, limit);
	else
		return;
	trace_kvm_halt_poll_ns(ns <= limit, vcpu->id, h->poll_ns, old);
}

static bool block_is_over(struct kvm_vcpu *vcpu)
{
	return request_pending(vcpu) || arch_vcpu_wakes(vcpu) ||
	       signal_pending(current);
}

/* As long as nobody else wants the CPU. */
static bool poll_until(struct kvm_vcpu *vcpu, u64 end)
{
	do {
		if (block_is_over(vcpu))
			return true;
		cpu_relax();
	} while (single_task_running() && !need_resched() &&
		 ktime_get_ns() < end);
	return false;
}

/* Return: when it ended. */
static u64 block_poll(struct kvm_vcpu *vcpu, u64 start, bool *over)
{
	struct halt_stats *s = &vcpu->halt->stats;
	u64 now, ns;

	*over = poll_until(vcpu, start + vcpu->halt->poll_ns);
	now = ktime_get_ns();
	ns = now - start;
	stat_inc(s->halt_attempted_poll);
	if (*over) {
		stat_inc(s->halt_successful_poll);
		stat_add(s->halt_poll_success_ns, ns);
		stat_log(s->halt_poll_success_hist, ns);
	} else {
		stat_add(s->halt_poll_fail_ns, ns);
		stat_log(s->halt_poll_fail_hist, ns);
	}
	return now;
}

/* Return: when it ended. */
static u64 block_sleep(struct kvm_vcpu *vcpu, u64 start)
{
	struct halt_stats *s = &vcpu->halt->stats;
	unsigned int looks = 0;
	u64 now;

	/* Its barrier pairs with that in vcpu_kick(). */
	rcuwait_wait_event(&vcpu->wait, (looks++, block_is_over(vcpu)),
			   TASK_INTERRUPTIBLE);
	now = ktime_get_ns();
	/* Slept, unless the first look was enough. */
	if (looks > 1) {
		stat_inc(s->halt_wakeup);
		stat_add(s->halt_wait_ns, now - start);
		stat_log(s->halt_wait_hist, now - start);
	}
	return now;
}

void vcpu_block(struct kvm_vcpu *vcpu)
{
	struct vcpu_halt *h = vcpu->halt;
	u32 limit = h->poll_off ? 0 : poll_limit(vcpu->kvm);
	u64 start = ktime_get_ns(), end = start;
	bool over = false;

	h->poll_ns = min(h->poll_ns, limit);
	if (h->poll_ns)
		end = block_poll(vcpu, start, &over);
	if (!over) {
		end = block_sleep(vcpu, end);
		poll_adjust(vcpu, limit, end - start);
	}
	trace_kvm_vcpu_wakeup(end - start, !over, true);
}

int vcpu_halt_make(struct kvm_vcpu *vcpu)
{
	if (arch_irq_chips(vcpu->kvm) == IRQ_CHIPS_NONE)
		return 0;
	vcpu->halt = kzalloc(sizeof(*vcpu->halt), GFP_KERNEL_ACCOUNT);
	return vcpu->halt ? 0 : -ENOMEM;
}
