/* SPDX-License-Identifier: GPL-2.0-only */
/* What a vCPU and a VM hold for MSRs, machine checks and the counter. */
#ifndef LAMINA_X86_VCPU_MSR_STATE_H
#define LAMINA_X86_VCPU_MSR_STATE_H

#include <linux/spinlock_types.h>
#include <linux/types.h>

struct msr_filter;

/* Variable MTRR ranges: a base and a mask each. */
#define MTRR_VARIABLE	8

/** struct x86_msrs - MSRs that no hardware block holds: msr_table.c, mtrr.c */
struct x86_msrs {
	u64 apic_base;
	u64 bios_sign_id;
	u64 misc_enable;
	u64 smi_count;
	u64 hwcr;
	u64 de_cfg;
	u64 osvw_length;
	u64 osvw_status;
	u64 mtrr_default;
	u64 mtrr_fixed[11];
	u64 mtrr_variable[2 * MTRR_VARIABLE];
};

/**
 * struct x86_mce - machine-check state: mce.c
 * @cap: MCG_CAP; its low byte counts the banks, 0 before KVM_X86_SETUP_MCE
 * @status: MCG_STATUS
 * @ctl: MCG_CTL
 * @bank: CTL, STATUS, ADDR and MISC of each bank
 */
struct x86_mce {
	u64 cap;
	u64 status;
	u64 ctl;
	u64 (*bank)[4];
};

/**
 * struct x86_tsc - a vCPU's time-stamp counter: tsc.c
 * @adjust: IA32_TSC_ADJUST
 * @lost: how much of what suspends took back its offset makes up for
 * @khz: its rate, as userspace has named it
 * @round: the VM's base that it has taken
 */
struct x86_tsc {
	u64 adjust;
	u64 lost;
	u32 khz;
	u32 round;
};

/**
 * struct x86_vm_tsc - what the vCPUs' counters have in common: tsc.h
 * @lock: protects the rest; innermost
 * @base: the offset that they agree on
 * @round: counts bases
 * @members: vCPUs that have taken this one
 */
struct x86_vm_tsc {
	spinlock_t lock;
	u64 base;
	u32 round;
	u32 members;
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
 * @tsc_ref: a moment of tsc_host_awake()
 * @ns_ref: what the clock said then
 * @slept_ref: how long the host had slept by then
 * @offset: the clock less CLOCK_BOOTTIME, for hosts whose TSCs do not agree
 * @wall: MSR_KVM_WALL_CLOCK
 */
struct x86_vm_clock {
	spinlock_t lock;
	u64 tsc_ref;
	u64 ns_ref;
	u64 slept_ref;
	u64 offset;
	u64 wall;
};

/**
 * struct x86_steal - a vCPU's page of steal time: steal.c
 * @msr: MSR_KVM_STEAL_TIME
 * @last: run delay of the thread when it was looked at last
 * @told: the page says that the vCPU is preempted
 */
struct x86_steal {
	u64 msr;
	u64 last;
	bool told;
};

/**
 * struct x86_pv - what the guest's CPUID says of paravirtual features: pvfeature.c
 * @features: EAX of KVM_CPUID_FEATURES
 * @enforce: features that it lacks do not work (api.rst 7.x, KVM_CAP_ENFORCE_PV_FEATURE_CPUID)
 */
struct x86_pv {
	u32 features;
	bool enforce;
};

#endif
