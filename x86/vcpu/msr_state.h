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

#endif
