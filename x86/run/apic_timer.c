// SPDX-License-Identifier: GPL-2.0-only
/* The LAPIC's timer: a timer of the kernel's, or of the processor's: apic_timer.h. */
#include <linux/hrtimer.h>
#include <linux/math64.h>
#include <linux/minmax.h>

#include <asm/msr.h>
#include <asm/tsc.h>

#include "core/run_state.h"
#include "irq/irq_env.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/tsc.h"
#include "x86/run/apic_timer.h"

/* What is later is left to the kernel: the processor's count has 32 bits. */
#define GUEST_TIMER_MAX	NSEC_PER_SEC

static void timer_start(struct x86_vcpu *v)
{
	/* ktime_t is signed: what is beyond its end never comes. */
	hrtimer_start(&v->apic.timer,
		      ns_to_ktime(min_t(u64, v->apic.timer_when, KTIME_MAX)),
		      HRTIMER_MODE_ABS_HARD);
}

/* A guest that waits in MWAIT may stop the processor's timer (SDM vol. 3, 26.5.1). */
static bool timer_in_guest(const struct x86_vcpu *v)
{
	return x86_caps->timer && v->apic.timer_may_run && vcpu_is_own(&v->vcpu) &&
	       !(READ_ONCE(to_x86_vm(v->vcpu.kvm)->exits_off) &
		 KVM_X86_DISABLE_EXITS_MWAIT) && !check_tsc_unstable();
}

/* Of the host's TSC. */
static u64 timer_tsc(struct x86_vcpu *v, u64 ns)
{
	u64 deadline = lapic_deadline(&v->apic.lapic);

	if (deadline)
		return tsc_host_at(v, deadline) ?: 1;
	return rdtsc() + mul_u64_u32_div(ns, x86_caps->tsc_khz, USEC_PER_SEC);
}

void irq_env_timer_arm(struct lapic *a, u64 when)
{
	struct x86_vcpu *v = x86_vcpu_of_lapic(a);
	u64 now;

	v->apic.timer_when = when;
	if (timer_in_guest(v)) {
		now = ktime_get_ns();
		if (when < now + GUEST_TIMER_MAX) {
			v->apic.timer_tsc = timer_tsc(v, when > now ? when - now : 0);
			return;
		}
	}
	timer_start(v);
}

void irq_env_timer_cancel(struct lapic *a)
{
	struct x86_vcpu *v = x86_vcpu_of_lapic(a);

	v->apic.timer_tsc = 0;
	hrtimer_cancel(&v->apic.timer);
}

void apic_timer_to_kernel(struct x86_vcpu *v)
{
	if (!v->apic.timer_tsc)
		return;
	v->apic.timer_tsc = 0;
	timer_start(v);
}

/* A deadline lapic_timer_expired() looks at itself; the clocks of the others may differ. */
void apic_timer_due(struct x86_vcpu *v)
{
	struct lapic *a = &v->apic.lapic;

	if (!v->apic.timer_tsc)
		return;
	v->apic.timer_tsc = 0;
	if (!lapic_deadline(a) && ktime_get_ns() < v->apic.timer_when)
		irq_env_timer_arm(a, v->apic.timer_when);
	else
		lapic_timer_expired(a);
}
