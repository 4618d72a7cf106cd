/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VT-x: the ops that main.c puts into its table, and what their files offer each other.
 *
 * What an op has to do is said in x86/vcpu/vendor.h; here is what VMX makes of it.
 */
#ifndef LAMINA_VMX_OPS_H
#define LAMINA_VMX_OPS_H

#include "vmx/vmx.h"

/* vcpu.c */

/** vmx_vcpu_create - one page for the VMCS, and a VPID */
int vmx_vcpu_create(struct x86_vcpu *v);
/** vmx_vcpu_destroy - VMCLEAR where it is active, and free */
void vmx_vcpu_destroy(struct x86_vcpu *v);
/** vmx_vpid_alloc - a VPID, or 0 */
u16 vmx_vpid_alloc(void);
/** vmx_vpid_free - give it back, if it is one */
void vmx_vpid_free(u16 vpid);
/** vmx_vcpu_reset - controls; MSRs survive an INIT */
void vmx_vcpu_reset(struct x86_vcpu *v);
/** vmx_vcpu_memory - VMCS, the log of written pages, L1's state once it was a host */
size_t vmx_vcpu_memory(struct x86_vcpu *v);
/** vmx_load - VMPTRLD; another CPU than before: VMCLEAR there, host fields here */
void vmx_load(struct x86_vcpu *v, int cpu);
/** vmx_put - the host's MSRs, selectors and tables again, if the guest was entered */
void vmx_put(struct x86_vcpu *v);
/** vmx_policy_update - controls that userspace decides on */
void vmx_policy_update(struct x86_vcpu *v);

/* valid.c */

/**
 * vmx_can_enter - without an unrestricted guest: does the state pass the checks of
 * VM entry, or is there a form of it that does?
 */
enum x86_entry vmx_can_enter(struct x86_vcpu *v);

/* form.c */

/**
 * vmx_form_set - in which form the VMCS has the state, from the next entry on
 * @s: the vCPU; own thread
 * @vm86: real mode as virtual-8086 mode
 * @unpaged: no paging as paging by an identity map
 */
void vmx_form_set(struct vmx_vcpu *s, bool vm86, bool unpaged);

/** vmx_form_controls - those of the form, after a reset of all */
void vmx_form_controls(struct vmx_vcpu *s);

/** vmx_form_rflags - RFLAGS for the VMCS, from the guest's: bits that VM entry takes */
u64 vmx_form_rflags(const struct vmx_vcpu *s, u64 rflags);

/** vmx_form_rflags_hide - the reverse */
u64 vmx_form_rflags_hide(const struct vmx_vcpu *s, u64 rflags);

/** vmx_form_cr4 - CR4 for the VMCS, from what it would be otherwise */
u64 vmx_form_cr4(const struct vmx_vcpu *s, u64 cr4);

/* run.c */

/** vmx_enter - the world switch and what surrounds it */
void vmx_enter(struct x86_vcpu *v);

/**
 * vmx_syscall_msrs_load - EFER.SCE has come on: the guest's STAR and its kin, if the
 * guest's MSRs are in the CPU
 * @s: the vCPU; not preemptible
 */
void vmx_syscall_msrs_load(struct vmx_vcpu *s);

/* vmenter.S */

/**
 * vmx_vmenter - switch to the guest and back
 * @gpr: general registers by enum x86_gpr; RSP is the VMCS's
 * @host_rsp: HOST_RSP as the VMCS has it; written there when it differs
 * @launched: VMRESUME
 * @spec_ctrl: the guest's IA32_SPEC_CTRL; NULL: as the host's
 *
 * Interrupts off, before and after.
 *
 * Return: false when the instruction failed: VMX is off, or the VMCS was refused.
 */
bool vmx_vmenter(u64 *gpr, u64 *host_rsp, bool launched, u64 *spec_ctrl);

/** vmx_vmexit - where the processor goes on after an exit; no function */
void vmx_vmexit(void);

/* exit.c */

/** vmx_exit_decode - one table by exit reason, then the fields of the kind */
void vmx_exit_decode(struct x86_vcpu *v, struct x86_exit *exit);
/** vmx_exit_info - what the VMCS says of the last exit */
void vmx_exit_info(struct x86_vcpu *v, struct x86_exit_info *info);
/** vmx_exit_handle - RDPMC and the VMX instructions */
enum x86_next vmx_exit_handle(struct x86_vcpu *v, const struct x86_exit *exit);

/* state.c */

/** vmx_state_fetch - VMCS to v->state */
void vmx_state_fetch(struct x86_vcpu *v, u32 groups);
/** vmx_state_store - v->state to VMCS */
void vmx_state_store(struct x86_vcpu *v, u32 groups);

/*
 * Groups that change while the guest runs; CR3 only with EPT, CR8 only with a TPR
 * shadow.  CR2 is copied at every exit.
 */
#define VMX_GROUPS_LIVE \
	(GRP_RIP | GRP_RSP | GRP_RFLAGS | GRP_CR0 | GRP_CSSS | GRP_DATA | \
	 GRP_SEGS | GRP_TABLES | GRP_SHADOW | GRP_CPL | GRP_PDPTR)

/* msr.c */

/* What IA32_DEBUGCTL takes, by WRMSR and by VM entry of L1's; it reads as 0. */
#define VMX_DEBUGCTL_BITS	(DEBUGCTLMSR_LBR | DEBUGCTLMSR_BTF)
/** vmx_msr_read - MSRs of the VMCS, of SYSCALL, TSC_AUX */
int vmx_msr_read(struct x86_vcpu *v, u32 index, u64 *data);
/** vmx_msr_write - see vmx_msr_read() */
int vmx_msr_write(struct x86_vcpu *v, u32 index, u64 data);

/* event.c */

/** vmx_event_blocked - interruptibility state */
u32 vmx_event_blocked(struct x86_vcpu *v);
/** vmx_event_inject - VM-entry interruption information */
void vmx_event_inject(struct x86_vcpu *v, const struct x86_event *ev);
/** vmx_event_window - interrupt-window and NMI-window exiting */
void vmx_event_window(struct x86_vcpu *v, u32 mask);
/** vmx_event_nmi_mask - blocking by NMI */
void vmx_event_nmi_mask(struct x86_vcpu *v, bool masked);
/** vmx_event_reclaim - IDT-vectoring information */
void vmx_event_reclaim(struct x86_vcpu *v, struct x86_event *ev);

/** vmx_event_on_its_way - did the last exit come in the middle of a delivery, of whatever? */
static inline bool vmx_event_on_its_way(void)
{
	return vmcs_read(IDT_VECTORING_INFO_FIELD) & VECTORING_INFO_VALID_MASK;
}

/**
 * vmx_event_unhalt - a guest whose HLT does not exit goes on: with another RIP, or with an
 * event, not all of which VM entry takes in that state (SDM vol. 3, 27.3.1.5)
 * @s: the vCPU; own thread
 */
static inline void vmx_event_unhalt(struct vmx_vcpu *s)
{
	if (unlikely(s->exits_off & KVM_X86_DISABLE_EXITS_HLT))
		vmcs_write(GUEST_ACTIVITY_STATE, GUEST_ACTIVITY_ACTIVE);
}

/**
 * vmx_event_soft_window - interrupts can be delivered: the NMI mask that software keeps
 * goes
 * @s: the vCPU; own thread
 */
void vmx_event_soft_window(struct vmx_vcpu *s);

/**
 * vmx_intr_get - the guest's interruptibility state
 * @s: the vCPU; own thread
 *
 * Return: GUEST_INTR_STATE_*.
 */
u32 vmx_intr_get(struct vmx_vcpu *s);

/** vmx_intr_set - change it; own thread */
void vmx_intr_set(struct vmx_vcpu *s, u32 intr);

/* step.c */

/** vmx_step_update - begin or end steps, as userspace asks; own thread */
void vmx_step_update(struct vmx_vcpu *s);

/** vmx_step_exceptions - which exceptions exit; own thread */
void vmx_step_exceptions(struct vmx_vcpu *s);

/** vmx_step_enter - TF for the next entry; interrupts off */
void vmx_step_enter(struct vmx_vcpu *s);

/** vmx_step_hide - the guest's RFLAGS, from those of the VMCS */
static inline u64 vmx_step_hide(const struct vmx_vcpu *s, u64 rflags)
{
	return s->step && !s->step_tf ? rflags & ~(u64)X86_EFLAGS_TF : rflags;
}

/**
 * vmx_step_db - #DB while stepping without a monitor trap flag
 * @s: the vCPU; own thread
 * @exit: tells which reasons are the guest's
 */
void vmx_step_db(struct vmx_vcpu *s, struct x86_exit *exit);

/**
 * vmx_step_exit - an exit by the monitor trap flag
 * @s: the vCPU; own thread
 * @exit: becomes #DB, or NONE when no instruction was executed
 */
void vmx_step_exit(struct vmx_vcpu *s, struct x86_exit *exit);

/* timer.c */

/** vmx_timer_enter - the next entry ends at x86.apic.timer_tsc, or not; interrupts off */
void vmx_timer_enter(struct vmx_vcpu *s);

/* perf.c */

/** vmx_perf_exists - has perf any registers? */
bool vmx_perf_exists(void);
/** vmx_perf_enter - registers of perf's, for the next entry; interrupts off */
void vmx_perf_enter(struct vmx_vcpu *s);

/** vmx_perf_exit - those that an exit does not bring back; with s->perf.n */
void vmx_perf_exit(struct vmx_vcpu *s);

/* pml.c */

/**
 * vmx_pml_update - log what the guest writes while there are slots that log, or do not
 * @s: the vCPU; own thread, may sleep; its VMCS need not be current
 */
void vmx_pml_update(struct vmx_vcpu *s);

/** vmx_pml_free - with the control off, or the vCPU: free the page */
void vmx_pml_free(struct vmx_vcpu *s);

/** vmx_pml_fill - the page's address, and an empty page; the VMCS is current */
void vmx_pml_fill(struct vmx_vcpu *s);

/** vmx_pml_drain - behind an exit, with @s->pml: what was logged goes to the dirty log */
void vmx_pml_drain(struct vmx_vcpu *s);

/* ept.c */

/** vmx_root_load - EPT pointer; with shadow paging CR3 */
void vmx_root_load(struct x86_vcpu *v, hpa_t root);
/** vmx_tlb_flush - the next entry drops what is cached */
void vmx_tlb_flush(struct x86_vcpu *v);
/** vmx_tlb_flush_now - drop it; interrupts off, the VMCS current */
void vmx_tlb_flush_now(struct vmx_vcpu *s);

#endif
