// SPDX-License-Identifier: GPL-2.0-only
/*
 * L1's VMX-preemption timer (SDM vol. 3, 26.5.1): a timer of the kernel's, by which L2 is
 * left when L1's TSC has come so far.
 */
#include <linux/hrtimer.h>
#include <linux/math64.h>

#include "vmx/nested.h"
#include "vmx/nested_parts.h"

static enum hrtimer_restart timer_fires(struct hrtimer *timer)
{
	struct vmx_nested *n = container_of(timer, struct vmx_nested, timer);

	kvm_nested_timer_due(&n->vcpu->x86);
	return HRTIMER_NORESTART;
}

void vmx_nested_timer_init(struct vmx_nested *n)
{
	hrtimer_init(&n->timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	n->timer.function = timer_fires;
}

/* Clocks of L1's TSC that are left; userspace may have named any deadline. */
static u64 timer_left(struct vmx_vcpu *s)
{
	s64 left = s->nested->deadline - kvm_nested_tsc(&s->x86);

	return clamp_t(s64, left, 0, (u64)U32_MAX << VMX_TIMER_RATE);
}

void vmx_nested_timer_start(struct vmx_vcpu *s, const u64 *deadline)
{
	struct vmx_nested *n = s->nested;
	u64 ns;

	if (!l1_pin(s, PIN_BASED_VMX_PREEMPTION_TIMER))
		return;
	n->deadline = deadline ? *deadline : kvm_nested_tsc(&s->x86) +
		      ((u64)n->c->vmx_preemption_timer_value << VMX_TIMER_RATE);
	ns = mul_u64_u32_div(timer_left(s), 1000000, s->x86.tsc.khz);
	if (ns)
		hrtimer_start(&n->timer, ktime_add_ns(ktime_get(), ns),
			      HRTIMER_MODE_ABS_HARD);
	else
		kvm_nested_timer_due(&s->x86);
}

void vmx_nested_timer_stop(struct vmx_vcpu *s)
{
	hrtimer_cancel(&s->nested->timer);
}

/*
 * The timer counts increments, not what is written (26.5.1).  Userspace restores a counter
 * behind the state whose deadline goes by it; what seemed to be over may not be.  An entry
 * that loads the counter from L1's list of MSRs has not set the timer yet.
 */
void vmx_nested_timer_moved(struct x86_vcpu *v, u64 own)
{
	struct vmx_vcpu *s = to_vmx(v);
	u64 deadline = s->nested->deadline + own;

	if (!hrtimer_active(&s->nested->timer) && !READ_ONCE(v->nested.due))
		return;
	vmx_nested_timer_stop(s);
	WRITE_ONCE(v->nested.due, s->nested->below);
	vmx_nested_timer_start(s, &deadline);
}

/* Or it is the threshold. */
static bool timer_is_due(const struct vmx_vcpu *s)
{
	return s->x86.nested.due && !s->nested->below;
}

void vmx_nested_timer_save(struct vmx_vcpu *s)
{
	struct vmcs12 *c = s->nested->c;

	if (c->vm_exit_controls & VM_EXIT_SAVE_VMX_PREEMPTION_TIMER)
		c->vmx_preemption_timer_value = timer_is_due(s) ? 0 :
						timer_left(s) >> VMX_TIMER_RATE;
}
