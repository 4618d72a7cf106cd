/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of a vCPU and a VM that tell the guest the time: parts.h. */
#ifndef LAMINA_X86_VCPU_CLOCKS_H
#define LAMINA_X86_VCPU_CLOCKS_H

#include <linux/spinlock_types.h>
#include <linux/types.h>

/**
 * struct x86_tsc - a vCPU's time-stamp counter: tsc.c
 * @adjust: IA32_TSC_ADJUST
 * @lost: how much of what suspends took back its offset makes up for
 * @khz: its rate; struct x86_state has the ratio
 * @told_khz: the same, as userspace has named it: less than TOLERANCE_PPM away
 */
struct x86_tsc {
	u64 adjust;
	u64 lost;
	u32 khz;
	u32 told_khz;
};

#define TSC_NOBODY	(-1)

/**
 * struct x86_vm_tsc - what the vCPUs' counters have in common: tsc.h
 * @lock: protects the rest; innermost
 * @khz: rate of vCPUs to come, as userspace has named it
 * @base: the offset that they agree on
 * @base_khz: at this rate; others follow from it: base_at()
 * @first: id of the vCPU that userspace gave it to; TSC_NOBODY: the VM began with it
 */
struct x86_vm_tsc {
	spinlock_t lock;
	u32 khz;
	u64 base;
	u32 base_khz;
	int first;
};

#define PVCLOCK_ENABLED	1ull	/* bit 0 of @system_time */

/**
 * struct x86_pvclock - a vCPU's page of kvmclock: pvclock.c
 * @system_time: MSR_KVM_SYSTEM_TIME
 * @slept: how long the host had slept when the page was written
 * @version: the page's
 * @cpu: where it was written
 * @paused: it is to say that userspace has paused the guest
 */
struct x86_pvclock {
	u64 system_time;
	u64 slept;
	u32 version;
	int cpu;
	bool paused;
};

/**
 * struct x86_vm_clock - a VM's clock: pvclock.h
 * @lock: protects the rest but @wall; innermost
 * @khz: rate of the TSCs that it goes by
 * @stable: the pages say PVCLOCK_TSC_STABLE_BIT
 * @tsc_ref: a moment of tsc_host_awake()
 * @ns_ref: what the clock said then
 * @slept_ref: how long the host had slept by then
 * @offset: the clock less CLOCK_BOOTTIME, for hosts whose TSCs do not agree
 * @wall: MSR_KVM_WALL_CLOCK
 */
struct x86_vm_clock {
	spinlock_t lock;
	u32 khz : 31, stable : 1;
	u64 tsc_ref;
	u64 ns_ref;
	u64 slept_ref;
	u64 offset;
	u64 wall;
};

#endif
