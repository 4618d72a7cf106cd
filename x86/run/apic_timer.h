/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The LAPIC's timer where the processor can end the guest's run at a value of the TSC
 * (x86_caps->timer): what the guest sets up while it runs costs no timer of the kernel's
 * and no interrupt.  v->apic.timer_tsc is then the host's TSC that the vendor's enter()
 * ends the run at, by X86_EXIT_TIMER.  Whoever does not enter takes the kernel's timer: a
 * vCPU that halts, and one that goes to userspace.  A thread that is preempted meanwhile
 * finds the time come when it enters again.
 */
#ifndef LAMINA_X86_RUN_APIC_TIMER_H
#define LAMINA_X86_RUN_APIC_TIMER_H

#include <asm/msr.h>

#include "x86/vcpu/x86.h"

/** apic_timer_to_kernel - the vCPU does not enter for some time; own thread */
void apic_timer_to_kernel(struct x86_vcpu *v);

/** apic_timer_due - the time may have come; own thread, preemptible or not */
void apic_timer_due(struct x86_vcpu *v);

/** apic_timer_begin - KVM_RUN begins */
static inline void apic_timer_begin(struct x86_vcpu *v)
{
	v->apic.timer_may_run = true;
}

/** apic_timer_end - KVM_RUN ends */
static inline void apic_timer_end(struct x86_vcpu *v)
{
	v->apic.timer_may_run = false;
	if (unlikely(v->apic.timer_tsc))
		apic_timer_to_kernel(v);
}

/** apic_timer_check - before an entry: has the time come? */
static inline void apic_timer_check(struct x86_vcpu *v)
{
	if (unlikely(v->apic.timer_tsc) && rdtsc() >= v->apic.timer_tsc)
		apic_timer_due(v);
}

#endif
