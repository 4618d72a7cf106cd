/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The small parts of a vCPU and a VM: one struct for each module of x86/cpu/.  What a
 * module offers is in its own header.
 */
#ifndef LAMINA_X86_VCPU_PARTS_H
#define LAMINA_X86_VCPU_PARTS_H

#include <linux/hrtimer.h>
#include <linux/kvm.h>
#include <linux/types.h>

#include <asm/fpu/api.h>

#include "irq/lapic.h"
#include "x86/vcpu/clocks.h"
#include "x86/vcpu/memtype.h"

struct pagein;

#define CPUID_BUCKETS 64

/**
 * struct x86_cpuid - a guest's CPUID table and what follows from it: cpuid.h
 * @entry: userspace's; in the padding of each a link, the next one's number + 1, or 0
 * @n: how many
 * @first: by hash of the function, the first entry's number + 1, or 0
 * @xcr0: XCR0 bits that the guest may set
 * @cr4_allowed: CR4 bits that the guest may set
 * @has_ibrs: the guest has IBRS, which the host has, too
 * @as_amd: instructions that differ are AMD's: @amd, or another such vendor
 */
struct x86_cpuid {
	struct kvm_cpuid_entry2 *entry;
	u32 n;
	u16 first[CPUID_BUCKETS];
	u8 maxphyaddr;
	bool has_nx;
	bool has_lm;
	bool has_gib_pages;
	bool has_ffxsr;
	bool has_svm, has_vmx;
	bool has_mtrr;
	bool has_xsaves;
	bool has_ibrs;
	bool amd, as_amd;
	u64 xcr0;
	u64 cr4_allowed;
};

/**
 * struct x86_fpu - FPU state: fpu.h
 * @guest: the registers
 * @xcr0: XCR0
 * @pkru: PKRU, while it is not in the CPU
 * @host_pkru: the thread's PKRU, while the guest's is in the CPU
 * @loaded: FPU_* that the CPU has of the guest
 */
struct x86_fpu {
	struct fpu_guest guest;
	u64 xcr0;
	u32 pkru;
	u32 host_pkru;
	u8 loaded;
};

/**
 * struct x86_debug - userspace debugs the guest: debug.h
 * @control: KVM_GUESTDBG_*; 0: it does not
 * @db, @dr7: with USE_HW_BP: DR0 to DR3, DR7
 * @hits: with REQ_DEBUG_STEP: its breakpoints that emulated accesses have met
 */
struct x86_debug {
	u32 control;
	u8 hits;
	u64 db[4];
	u64 dr7;
};

/** struct x86_msrs - MSRs that no hardware block holds: msr_table.c, mtrr.c */
struct x86_msrs {
	u64 apic_base;
	u64 bios_sign_id, feature_control;
	u64 misc_enable;
	u64 platform_info;
	u64 smi_count;
	u64 hwcr, de_cfg;
	u64 osvw_length;
	u64 osvw_status;
	u64 arch_caps, virt_spec;
	struct mtrr_state mtrr;
};

/**
 * struct x86_mce - machine-check state: mce.c
 * @cap: MCG_CAP; its low byte counts the banks, 0 before KVM_X86_SETUP_MCE
 * @status, @ctl: MCG_STATUS, MCG_CTL
 * @bank: CTL, STATUS, ADDR and MISC of each bank
 */
struct x86_mce {
	u64 cap;
	u64 status;
	u64 ctl;
	u64 (*bank)[4];
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
 * struct x86_apf - asynchronous page faults: apf.h
 * @msr: MSR_KVM_ASYNC_PF_EN
 * @queue: pages that are brought in; NULL before it was enabled first
 * @count: tokens that were given out
 * @vector: MSR_KVM_ASYNC_PF_INT
 * @on: it is enabled
 * @wakes_all: the guest, once it is, is told of all pages: it was restored, or has
 *             disabled it since it was told that one is absent
 * @waits: in vcpu_block() for a page
 */
struct x86_apf {
	u64 msr;
	struct pagein *queue;
	u32 count;
	u8 vector;
	bool on;
	bool wakes_all;
	bool waits;
};

/**
 * struct x86_pv - what the guest's CPUID says of paravirtual features: pvfeature.c
 * @features: EAX of KVM_CPUID_FEATURES
 * @enforce: features that it lacks do not work (api.rst 7.x, KVM_CAP_ENFORCE_PV_FEATURE_CPUID)
 * @unhalted: KVM_HC_KICK_CPU: its HLT, or the next one, is over; any thread sets it
 * @poll_off: MSR_KVM_POLL_CONTROL: bit 0 is clear
 * @migration_off: MSR_KVM_MIGRATION_CONTROL: likewise
 */
struct x86_pv {
	u32 features;
	bool enforce, unhalted;
	bool poll_off, migration_off;
};

/**
 * struct x86_pveoi - EOI through guest memory: vcpu/pveoi.h
 * @msr: MSR_KVM_EOI_EN
 * @offered: the bit was set, and not looked for since
 */
struct x86_pveoi {
	u64 msr;
	bool offered;
};

/**
 * struct x86_apic - the LAPIC, where it is in the kernel: cpu/apic.h
 * @lapic: the library's; its @regs are NULL where there is none
 * @timer: its timer
 * @timer_when: when it expires, if it runs; @timer_tsc: the host's TSC then, where the
 *	processor looks at it and not the kernel, or 0; @timer_may_run: in KVM_RUN
 *	(run/apic_timer.h)
 * @access_page: physical address of run/apic_access.c's page for the vendor, or 0
 * @apicv: enum apicv_mode; @eoi_gen: of lapic_hw_eoi_vectors() that the vendor knows
 * @nmis: with REQ_NMI: how many came; @page_gen: by which mmio_gen its page has no slot
 * @vapic: where TPR is in guest memory, or 0 (run/vapic.c)
 * @tpr_reports: userspace is told of each access to TPR
 * @tpr_access_rip, @tpr_access_write: with REQ_TPR_ACCESS: of the instruction
 * @eoi_vector: with REQ_EOI: the vector that userspace's IOAPIC is told of
 */
struct x86_apic {
	struct lapic lapic;
	struct hrtimer timer;
	u64 timer_when, timer_tsc, access_page, page_gen;
	atomic_t nmis;
	u64 vapic, tpr_access_rip;
	bool tpr_reports, tpr_access_write, timer_may_run;
	u8 eoi_vector, apicv;
	u32 eoi_gen;
};

#endif
