/* SPDX-License-Identifier: GPL-2.0-only */
/* Physical CPUs: what they have in common, what each of them keeps. */
#ifndef LAMINA_VMX_CPU_H
#define LAMINA_VMX_CPU_H

#include <linux/percpu.h>

#include "vmx/ops.h"

/**
 * struct vmx_cpu - a physical CPU
 * @region: page for VMXON
 * @list: VMCSs that are active here: this CPU may hold parts of them in its caches.
 *        Changed on this CPU with interrupts off; the NMI of a crash walks it
 * @current_vmcs: the one that VMREAD and VMWRITE mean, or NULL
 * @serial: who ran here last: x86/vcpu/predictor.h
 * @syscall: the host's STAR, LSTAR, CSTAR, FMASK
 * @tsc_aux: the host's TSC_AUX
 */
struct vmx_cpu {
	void *region;
	struct list_head list;
	struct vmx_vcpu *current_vmcs;
	u64 serial;
	u64 syscall[4];
	u64 tsc_aux;
};

DECLARE_PER_CPU(struct vmx_cpu, vmx_cpu);

/**
 * struct vmx_features - what the CPUs have, fixed after setup()
 * @revision: VMCS revision identifier
 * @control: control words that every vCPU begins with
 * @may: bits of them that can be one
 * @ept: guests run on EPT, else on shadow page tables
 * @unrestricted: real mode and no paging are no problem
 * @vpid: guests have VPIDs
 * @vnmi: virtual NMIs
 * @pml: page-modification logging
 * @mtf: the monitor trap flag
 * @tpr_shadow: CR8 without exits
 * @apicv: APIC-register virtualization and virtual-interrupt delivery
 * @timer: the preemption timer
 * @timer_rate: which bit of the TSC it counts
 * @perf: the host has performance counters
 * @perf_ctrl: entry and exit switch IA32_PERF_GLOBAL_CTRL
 * @tsc_aux: TSC_AUX exists
 * @ple_gap, @ple_window: of PAUSE-loop exiting, in TSC clocks
 * @vpid_caps: IA32_VMX_EPT_VPID_CAP, as far as it is used
 * @eptp: what every EPT pointer has besides the address
 * @invept: VMX_EPT_EXTENT_* to flush one guest by
 * @invvpid: VMX_VPID_EXTENT_* likewise
 * @kept: groups that an exit leaves valid
 * @cr0_fixed: CR0 bits that must be one in a guest
 * @l1d_flush: how the L1 data cache is flushed: enum vmx_l1d_flush_state
 */
struct vmx_features {
	u32 revision;
	u32 control[WORD_VARYING];
	u32 may[WORD_VARYING];
	bool ept;
	bool unrestricted;
	bool vpid;
	bool vnmi;
	bool pml;
	bool mtf;
	bool tpr_shadow;
	bool apicv;
	bool timer;
	u8 timer_rate;
	bool perf;
	bool perf_ctrl;
	bool tsc_aux;
	u32 ple_gap;
	u32 ple_window;
	u64 vpid_caps;
	u64 eptp;
	unsigned long invept;
	unsigned long invvpid;
	u32 kept;
	u64 cr0_fixed;
	u8 l1d_flush;
};

extern struct vmx_features vmx_features;

/* caps.c */

/** vmx_probe - CPUID and IA32_FEATURE_CONTROL */
int vmx_probe(void);
/** vmx_setup - features, MSR bitmap, a page per possible CPU */
int vmx_setup(struct x86_caps *caps);
/** vmx_teardown - give back what vmx_setup() took */
void vmx_teardown(void);

/* control.c */

/**
 * vmx_controls_read - the control words that guests run with, from this CPU's MSRs
 * @f: gets @control and @may; its parameters (ept and so on) are set
 *
 * Return: 0; -EOPNOTSUPP when a control is missing, which the log names.
 */
int vmx_controls_read(struct vmx_features *f);

/**
 * vmx_controls_compare - has this CPU all that vmx_features says?
 *
 * Return: 0; -EOPNOTSUPP; the log names what it lacks.
 */
int vmx_controls_compare(void);

/* hardware.c */

/** vmx_regions_alloc - a page for VMXON on each possible CPU; 0 or -ENOMEM */
int vmx_regions_alloc(void);
/** vmx_regions_free - the reverse */
void vmx_regions_free(void);
/** vmx_cpu_on - CR4.VMXE, VMXON */
int vmx_cpu_on(void);
/** vmx_cpu_off - VMCLEAR of all that is active here, VMXOFF */
void vmx_cpu_off(void);
/** vmx_emergency - the same for a crash: any context, nothing is waited for */
void vmx_emergency(void);

/* l1d.c */

/** vmx_l1d_setup - what the host's mitigation of L1TF asks for; 0 or -ENOMEM */
int vmx_l1d_setup(void);
/** vmx_l1d_teardown - the reverse */
void vmx_l1d_teardown(void);
/** vmx_l1d_flush - right before an entry, interrupts off */
void vmx_l1d_flush(struct vmx_vcpu *s);

/* Qualification of a task switch: the new TSS, and what asks for it (table 28-2). */
#define VMX_TASK_SOURCE_SHIFT	30

#endif
