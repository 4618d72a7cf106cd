// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMX-preemption timer (SDM vol. 3, 26.5.1), for the guest's own timer: it counts down
 * by one whenever a bit of the TSC changes, which IA32_VMX_MISC names, and the run ends
 * when it is 0.  Where the time has come already the entry is left at once.
 */
#include <linux/minmax.h>

#include <asm/msr.h>

#include "vmx/cpu.h"
#include "vmx/vmcs.h"

void vmx_timer_enter(struct vmx_vcpu *s)
{
	const unsigned int rate = vmx_features.timer_rate;
	u64 end = s->x86.apic.timer_tsc, now, ticks;

	if (end) {
		now = rdtsc();
		/* The tick that comes at that time, or behind it. */
		ticks = now < end ? ((end - 1) >> rate) + 1 - (now >> rate) : 0;
		vmcs_write(VMX_PREEMPTION_TIMER_VALUE, min_t(u64, ticks, U32_MAX));
	}
	vmcs_control(s, WORD_PIN, PIN_BASED_VMX_PREEMPTION_TIMER, end);
}
