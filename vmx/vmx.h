/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VT-x: the vendor's VM and vCPU.
 *
 * A VMCS can be reached only on the CPU where it is current: from load() to put()
 * it is.  Controls are kept here and written when they differ (vmcs_sync()), so that
 * a reset, which comes before the first load(), needs no VMCS.
 */
#ifndef LAMINA_VMX_VMX_H
#define LAMINA_VMX_VMX_H

#include <linux/list.h>

#include "vmx/insn.h"
#include "vmx/nested_caps.h"
#include "x86/vcpu/vendor.h"

struct perf_guest_switch_msr;

/* Exit reasons that the kernel has no name for (SDM vol. 3, appendix C). */
#define EXIT_REASON_GETSEC	11
#define EXIT_REASON_RSM		17

#define ENTRY_DB	BIT(0)	/* DR7 enables breakpoints: load DR0 to DR3 */
#define ENTRY_KICK	BIT(1)	/* exit again right after entry */
#define ENTRY_LEVEL	BIT(2)	/* another level runs, and L1 has IBRS */

/* Of a page-modification log, which is a page (SDM vol. 3, 29.3.6). */
#define PML_ENTRIES	512

/* Fields that are kept here too, by place in struct vmx_vcpu.control. */
enum vmx_word {
	WORD_PIN,
	WORD_CPU,	/* primary processor-based */
	WORD_CPU2,	/* secondary */
	WORD_EXIT,
	WORD_ENTRY,
	WORD_VARYING,
	WORD_EXCEPTIONS = WORD_VARYING,
	WORD_INTR,	/* the guest's interruptibility state, if @intr_valid */
	WORD_TPR,	/* TPR threshold, if @tpr_shadow */
	WORD_COUNT,
	WORDS_RESET = WORD_COUNT,	/* no word: what a reset changes besides */
	WORDS_APIC,	/* nor this: where the APIC-access page is */
	WORDS_PML,	/* nor this: the page of pml.c is another one */
};

/**
 * struct vmx_msrs - MSRs that no VMCS field holds: loaded from the first entry after
 * load() to put()
 * @kernel_gs_base: IA32_KERNEL_GS_BASE; the guest writes it without an exit
 * @syscall: STAR, LSTAR, CSTAR, FMASK, in the order of their numbers
 * @tsc_aux: IA32_TSC_AUX
 * @spec_ctrl: IA32_SPEC_CTRL, but in the guest only: vmenter.S
 */
struct vmx_msrs {
	u64 kernel_gs_base;
	u64 syscall[4];
	u64 tsc_aux;
	u64 spec_ctrl;
};

/**
 * struct vmx_host - what of the host an entry loses, and put() brings back
 * @fs_base: FS.base; the VMCS has it
 * @cr3: CR3 as the VMCS has it
 * @cr4: likewise
 * @rsp: likewise; vmenter.S
 * @debugctl: IA32_DEBUGCTL
 * @kernel_gs_base: the thread's GS base
 * @fs, @gs, @ds, @es, @ldt: selectors
 * @syscall: the guest's STAR and so on are in the CPU
 */
struct vmx_host {
	u64 fs_base;
	u64 cr3;
	u64 cr4;
	u64 rsp;
	u64 debugctl;
	u64 kernel_gs_base;
	u16 fs, gs, ds, es, ldt;
	bool syscall;
};

/**
 * struct vmx_perf - perf's registers that differ in a guest (perf.c)
 * @guest_ctrl, @host_ctrl: IA32_PERF_GLOBAL_CTRL as the VMCS has it, once @switched
 * @msrs: the others, of this CPU, to be written back behind the exit
 * @n: how many; mostly 0
 * @switched: the VMCS's controls are on
 */
struct vmx_perf {
	u64 guest_ctrl;
	u64 host_ctrl;
	const struct perf_guest_switch_msr *msrs;
	u8 n;
	bool switched;
};

/**
 * struct vmx_vcpu - a VMX vCPU
 * @x86: x86's part, first
 * @vmcs: (c) one page
 * @vmcs_pa: (c) its physical address
 * @list: while @cpu >= 0: in that CPU's list
 * @serial: (c) number that no other vCPU has had since the module was loaded: predictor.h
 * @vpid: (c) 0: it has none
 * @tpr_shadow: (c) CR8 is the TPR of the LAPIC's page, without exits
 * @cpu: where the VMCS is active, or -1
 * @launched: VMRESUME, not VMLAUNCH
 * @filled: the VMCS holds what vmcs_fill() writes
 * @host_saved: the guest's MSRs are in the CPU, @host holds what to restore; from
 *              the first entry after load() to put()
 * @valid: the state can be entered (valid.c)
 * @vm86: the VMCS has, or gets, real mode as virtual-8086 mode (form.c)
 * @unpaged: likewise: paging, by the VM's identity map
 * @sysenter_cs: while @vm86: IA32_SYSENTER_CS
 * @flush: translations are dropped at the next entry
 * @bitmap: which MSR bitmap the VMCS has, as vmcs.c numbers them
 * @leaky: something that the guest must not read may be in the L1 data cache
 * @entry_work: ENTRY_* to be done at the next entry
 * @stale: a bit for each enum vmx_word to be written, and for WORDS_*
 * @control: what they are to be
 * @step: RFLAGS.TF in the VMCS is ours (step.c)
 * @step_tf: the guest's own at the last entry
 * @window: (r) EVENT_MASK_* asked for by event_window()
 * @exits_off: (r) KVM_X86_DISABLE_EXITS_* that the controls obey
 * @injected: the last entry delivered an event
 * @armed: VM-entry interruption information is valid
 * @nmi_armed: that is an NMI
 * @soft_nmi: without virtual NMIs: NMIs are masked (event.c)
 * @intr_valid: @control has the interruptibility state; until the next entry
 * @reason: exit reason; VMX_REFUSED
 * @info_valid: VM-exit interruption information is in @info
 * @info: see there
 * @eptp: EPT pointer
 * @shadow_cr3: with shadow paging: the root
 * @spec_switched: the guest's IA32_SPEC_CTRL once it uses it, or NULL
 * @msrs: MSRs
 * @host: the host's state
 * @perf: what perf wants to differ in the guest
 * @pml: page where the processor logs what the guest writes, or NULL (pml.c)
 * @nested: L1 in VMX operation (nested.h), made for the first VMXON
 * @caps: what L1's VMX can do
 */
struct vmx_vcpu {
	struct x86_vcpu x86;
	void *vmcs;
	phys_addr_t vmcs_pa;
	struct list_head list;
	u64 serial;
	u16 vpid;
	bool tpr_shadow;
	int cpu;
	bool launched;
	bool filled;
	bool host_saved;
	bool valid;
	bool vm86;
	bool unpaged;
	u32 sysenter_cs;
	bool flush;
	bool leaky;
	u8 bitmap;
	u8 entry_work;
	u16 stale;
	u32 control[WORD_COUNT];
	u32 window;
	u32 exits_off;
	bool step;
	bool step_tf;
	bool injected;
	bool armed;
	bool nmi_armed;
	bool soft_nmi;
	bool intr_valid;
	bool info_valid;
	u32 reason;
	u32 info;
	u64 eptp;
	u64 shadow_cr3;
	u64 *spec_switched;
	struct vmx_msrs msrs;
	struct vmx_host host;
	struct vmx_perf perf;
	u64 *pml;
	struct vmx_nested *nested;
	struct nested_caps caps;
};

/* @reason when VMLAUNCH or VMRESUME did not begin: no exit has happened. */
#define VMX_REFUSED	U32_MAX

/* Of TSC ratios (SDM vol. 3, 26.3). */
#define VMX_TSC_BITS	48

/** to_vmx - VMX's part of a vCPU */
static inline struct vmx_vcpu *to_vmx(struct x86_vcpu *v)
{
	return container_of(v, struct vmx_vcpu, x86);
}

/** vmx_entry_failed - was the entry refused? */
static inline bool vmx_entry_failed(const struct vmx_vcpu *s)
{
	return s->reason & VMX_EXIT_REASONS_FAILED_VMENTRY;
}

#endif
