/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * L2 on VT-x (SDM vol. 3, chapters 24 to 31), with x86/vcpu/nested.h.
 *
 * There is one VMCS for both levels: while L2 runs it holds L2's state, and what L1 comes
 * back to is in vmcs12's host-state area.  vmcs12 itself, L1's VMCS, is copied at VMPTRLD
 * to where L1 cannot write, as a processor may hold it, and goes back at VMCLEAR or when
 * another one becomes current: so VMREAD, VMWRITE, checks and entry look at one copy.
 * Each level has a VPID and a root of its own.
 *
 * Controls.  struct vmx_vcpu.control is L0's in both levels.  While L2 runs L1's wishes are
 * added when the words are written: bits that L1 needs too, and bits of which L1's guest is
 * to see nothing.
 *
 * Maps.  L1's I/O and MSR bitmaps are read when something exits, for every port does, and
 * all MSRs do unless L1 lets L2 have all of those that guests reach by themselves.  L1's
 * virtual-APIC page is memory of L1 that exits of CR8 and of x2APIC MSRs read and write.
 */
#ifndef LAMINA_VMX_NESTED_H
#define LAMINA_VMX_NESTED_H

#include <linux/hrtimer.h>

#include "vmx/nested_check.h"
#include "vmx/vmx.h"
#include "x86/vcpu/nested.h"

/* There is no current VMCS, or L1 is not in VMX operation. */
#define NO_VMCS	(~0ull)

/* Of a region's first word: it is a shadow VMCS. */
#define VMCS_SHADOW	BIT(31)

/**
 * struct vmx_nested_exit - a VM exit as L1 sees it
 * @reason: exit reason
 * @qualification: exit qualification
 * @la, @gpa: guest-linear address, guest-physical address
 * @info, @error: VM-exit interruption information, and its error code
 * @vectoring, @vectoring_error: IDT-vectoring information, likewise
 * @insn_len, @insn_info: the instruction's length and information
 */
struct vmx_nested_exit {
	u32 reason;
	u64 qualification;
	u64 la;
	u64 gpa;
	u32 info;
	u32 error;
	u32 vectoring;
	u32 vectoring_error;
	u32 insn_len;
	u32 insn_info;
};

/* L2 has not run yet since then; was the VMCS launched before? */
enum vmx_nested_entering { ENTERING_NOT, ENTERING_FIRST, ENTERING_AGAIN };

/**
 * struct vmx_nested - L1 in VMX operation, made for the first VMXON
 * @region: operand of VMXON; NO_VMCS: L1 is not in VMX operation
 * @current_vmcs: the current VMCS, or NO_VMCS
 * @c: (c) a copy of it, one page
 * @set: while L2 runs: bits of control words that L1 adds
 * @clear: likewise: those that L1's guest must not have
 * @vpid: (c) L2's, or 0
 * @vpid12: the VPID that L1 has given L2 last; 0: none
 * @eptp: EPT pointer of L2 on L1's EPT
 * @ept: L2 runs, or ran last, on L1's EPT
 * @l1_nmi: L1's NMIs were masked when it entered L2
 * @entering: enum vmx_nested_entering: VMLAUNCH or VMRESUME, which the processor may refuse
 * @vcpu: (c) whose it is
 * @timer: the preemption timer, while L2 runs
 * @deadline: L1's TSC when it expires
 * @soft: EVENT_SOFT_NEXT: interruption type and the instruction's length
 * @second: EVENT_SECOND: the exit that it becomes
 * @written: EVENT_WRITTEN: the access to L1's virtual-APIC page
 * @below: EVENT_TIMER is that TPR is below L1's threshold
 */
struct vmx_nested {
	gpa_t region;
	gpa_t current_vmcs;
	struct vmcs12 *c;
	u32 set[WORD_INTR];
	u32 clear[WORD_INTR];
	u16 vpid;
	u16 vpid12;
	u64 eptp;
	bool ept;
	bool l1_nmi;
	u8 entering;
	struct vmx_vcpu *vcpu;
	struct hrtimer timer;
	u64 deadline;
	struct {
		u32 type;
		u32 len;
	} soft;
	struct vmx_nested_exit second;
	struct { u16 offset, len; } written;
	bool below;
};

/** l1_pin - is a pin-based control of L1's on? */
static inline bool l1_pin(const struct vmx_vcpu *s, u32 bit)
{
	return s->nested->c->pin_based_vm_exec_control & bit;
}

/** l1_cpu - likewise a primary processor-based one */
static inline bool l1_cpu(const struct vmx_vcpu *s, u32 bit)
{
	return s->nested->c->cpu_based_vm_exec_control & bit;
}

/** l1_cpu2 - likewise a secondary one, which counts only if the primary ones say so */
static inline bool l1_cpu2(const struct vmx_vcpu *s, u32 bit)
{
	return l1_cpu(s, CPU_BASED_ACTIVATE_SECONDARY_CONTROLS) &&
	       (s->nested->c->secondary_vm_exec_control & bit);
}

/**
 * vmx_nested_keeps_nmi - L2 began with NMIs masked, and its IRET does not end that (26.3)
 *
 * The processor, with L0's virtual NMIs, has ended it.
 */
static inline bool vmx_nested_keeps_nmi(const struct vmx_vcpu *s)
{
	return nested_l2_runs(&s->x86) && l1_pin(s, PIN_BASED_NMI_EXITING) &&
	       !l1_pin(s, PIN_BASED_VIRTUAL_NMIS) &&
	       (s->nested->c->guest_interruptibility_info & GUEST_INTR_STATE_NMI);
}

/** nested_vmx_on - is L1 in VMX operation? */
static inline bool nested_vmx_on(const struct vmx_vcpu *s)
{
	return s->nested && s->nested->region != NO_VMCS;
}

/* nested_offer.c */

/* What L1 can have at most, fixed after setup(). */
extern struct nested_host vmx_nested_host;

/** vmx_nested_offered - may guests use VMX? */
bool vmx_nested_offered(void);
/** vmx_nested_setup - fill vmx_nested_host and the capability record */
void vmx_nested_setup(struct x86_caps *caps);

/* nested_state.c */

extern const struct nested_ops vmx_nested_ops;
extern const struct mmu_ctx_ops vmx_second_ops;

/** vmx_nested_make - make sure that there is a struct vmx_nested; 0 or -ENOMEM */
int vmx_nested_make(struct vmx_vcpu *s);
/** vmx_nested_free - the vCPU goes */
void vmx_nested_free(struct vmx_vcpu *s);
/** vmx_nested_on - L1 is in VMX operation, by this region; L2 does not run */
void vmx_nested_on(struct vmx_vcpu *s, gpa_t region);
/** vmx_nested_off - L1 is not; L2 does not run */
void vmx_nested_off(struct vmx_vcpu *s);

/* nested_insn.c */

/** vmx_nested_insn - a VMX instruction of L1's has exited */
enum x86_next vmx_nested_insn(struct x86_vcpu *v, const struct x86_exit *exit);

/* nested_enter.c */

/** vmx_nested_launch - VMLAUNCH or VMRESUME, all checks of the instruction done */
enum x86_next vmx_nested_launch(struct x86_vcpu *v, const struct x86_exit *exit);
/** vmx_nested_run - L2 runs by vmcs12's controls; its registers are the caller's to load */
void vmx_nested_run(struct vmx_vcpu *s);
/** vmx_nested_inject - L1's event, checked, becomes what L2 gets first */
void vmx_nested_inject(struct vmx_vcpu *s);
/** vmx_nested_limits - L1's processor, for the checks */
void vmx_nested_limits(struct vmx_vcpu *s, struct nested_limits *lim);
/** vmx_nested_ept_ready - is L1's EPT pointer, if L2 is to have one, one that the MMU takes? */
bool vmx_nested_ept_ready(struct vmx_vcpu *s);

/* nested_control.c: what changes with the level */

/** vmx_nested_merge - control words for L2 */
void vmx_nested_merge(struct vmx_vcpu *s);
/** vmx_nested_switch - the VMCS becomes the other level's; v->nested.l2 is the new one */
void vmx_nested_switch(struct vmx_vcpu *s);
/** vmx_nested_musts - bits of CR0 and CR4 that the level that runs must keep */
void vmx_nested_musts(struct vmx_vcpu *s);
/** vmx_nested_window - of event_window()'s mask, what is not for L1; L2 runs */
u32 vmx_nested_window(struct vmx_vcpu *s, u32 mask);
/** vmx_nested_tsc - nested_ops.tsc */
u64 vmx_nested_tsc(const struct x86_vcpu *v, u64 tsc);
/** vmx_nested_tsc_merge - from L1's ratio and offset to the host those of L2; it runs */
void vmx_nested_tsc_merge(const struct vmx_vcpu *s, u64 *ratio, u64 *offset);
/** vmx_nested_soft - VM-entry interruption information of EVENT_SOFT_NEXT, and its length */
u32 vmx_nested_soft(struct vmx_vcpu *s, const struct x86_event *ev);
/** vmx_nested_soft_again - a software interrupt or exception of L2 did not arrive */
void vmx_nested_soft_again(struct vmx_vcpu *s, u32 info, struct x86_event *ev);
/** vmx_nested_cr0_shadow - the CR0 that L2 reads */
u64 vmx_nested_cr0_shadow(const struct vmx_vcpu *s);
/** vmx_nested_cr4_shadow - the CR4 that L2 reads */
u64 vmx_nested_cr4_shadow(const struct vmx_vcpu *s);

/* nested_leave.c: VM exits to L1 */

/**
 * vmx_nested_vmexit - VM exit to L1
 * @s: the vCPU, L2 runs
 * @e: why
 */
void vmx_nested_vmexit(struct vmx_vcpu *s, const struct vmx_nested_exit *e);
/**
 * vmx_nested_entry_failed - VM entry has failed after the host-state checks (26.8)
 * @s: the vCPU, L1 runs
 * @reason: basic exit reason
 * @qualification: exit qualification
 */
void vmx_nested_entry_failed(struct vmx_vcpu *s, u32 reason, u64 qualification);
/** vmx_nested_leave - nested_ops.leave */
void vmx_nested_leave(struct x86_vcpu *v);
/** vmx_nested_l2_save - L2's registers, as vmcs12 has them */
void vmx_nested_l2_save(struct vmx_vcpu *s);
/** vmx_nested_pdptrs_load - L2's PDPTEs from vmcs12, where L1 uses EPT */
void vmx_nested_pdptrs_load(struct vmx_vcpu *s);
/** vmx_nested_l2_load - the reverse of l2_save(), on entry */
void vmx_nested_l2_load(struct vmx_vcpu *s);

/* nested_exit.c: which exits L1 gets */

/** vmx_nested_exit - nested_ops.exit */
bool vmx_nested_exit(struct x86_vcpu *v, struct x86_exit *exit);
/** vmx_nested_intercepts - nested_ops.intercepts */
bool vmx_nested_intercepts(struct x86_vcpu *v, const struct emul_insn *insn);

/* nested_event.c: events, and faults of L1's EPT */

/** vmx_nested_wants - nested_ops.wants */
bool vmx_nested_wants(struct x86_vcpu *v, const struct x86_event *ev);
/** vmx_nested_exit_event - nested_ops.exit_event */
void vmx_nested_exit_event(struct x86_vcpu *v, const struct x86_event *ev);
/** vmx_nested_fault - a fault of L1's EPT: EVENT_SECOND */
void vmx_nested_fault(struct vmx_vcpu *s, const struct mmu_guest_fault *f);

#endif
