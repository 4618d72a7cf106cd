/* SPDX-License-Identifier: GPL-2.0-only */
/* What the host's kernel is told around the time in the guest; for the vendor's enter(). */
#ifndef LAMINA_X86_VCPU_ENTER_H
#define LAMINA_X86_VCPU_ENTER_H

#include <linux/context_tracking.h>
#include <linux/jiffies.h>
#include <linux/rcupdate.h>

#include "x86/vcpu/x86.h"

/**
 * guest_begin - from now on the CPU is in the guest, as far as RCU and the tick know
 * @v: own thread, interrupts off
 *
 * Where the kernel tracks contexts RCU does not watch this CPU any more: nothing that may
 * be traced or may warn comes between this and guest_end().  Else RCU looks once a tick
 * whether a CPU was quiescent, so it is told once a tick.
 */
static __always_inline void guest_begin(struct x86_vcpu *v)
{
	if (!context_tracking_guest_enter() && v->rcu_told != jiffies) {
		v->rcu_told = jiffies;
		rcu_note_context_switch(false);
	}
}

/** guest_end - it is in the kernel again */
static __always_inline void guest_end(void)
{
	context_tracking_guest_exit();
}

#endif
