/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of nested VMX have of each other, and parts that stand for themselves. */
#ifndef LAMINA_VMX_NESTED_PARTS_H
#define LAMINA_VMX_NESTED_PARTS_H

#include "vmx/nested.h"
#include "vmx/nested_page_rules.h"

/** l1_page_is_valid - can a page of L1's begin there? */
static inline bool l1_page_is_valid(const struct x86_vcpu *v, u64 gpa)
{
	return !(gpa & ~PAGE_MASK) && !(gpa >> v->cpuid.maxphyaddr);
}

/* nested_vmcs.c: vmcs12 */

/**
 * vmx_nested_vmcs_load - a region's VMCS becomes the current one, in place of any other
 * @s: the vCPU
 * @gpa: of the region
 *
 * Return: 0; -EFAULT: no memory there, and nothing has changed, unless it has gone just
 * now: then there is no current VMCS.
 */
int vmx_nested_vmcs_load(struct vmx_vcpu *s, gpa_t gpa);

/** vmx_nested_vmcs_flush - none is current any more; the copy goes to where it came from */
void vmx_nested_vmcs_flush(struct vmx_vcpu *s);

/* nested_msr.c: the MSR areas */

/** vmx_nested_msrs_load - load @count MSRs; 0, or the number of the first that cannot be */
u32 vmx_nested_msrs_load(struct vmx_vcpu *s, gpa_t area, u32 count);
/** vmx_nested_msrs_store - the reverse; false: one cannot be */
bool vmx_nested_msrs_store(struct vmx_vcpu *s, gpa_t area, u32 count);
/** vmx_nested_wants_msr - does L1's bitmap deny L2 the MSR that RCX names? */
bool vmx_nested_wants_msr(struct vmx_vcpu *s, bool write);
/** vmx_nested_msrs_free - may L2 reach by itself what guests reach? */
bool vmx_nested_msrs_free(struct vmx_vcpu *s);

/* nested_exit.c */

/**
 * vmx_nested_halt_ends - does a window that L1 waits for end L2's HLT at once?
 * @s: the vCPU; L2's registers are loaded, and it would halt now
 *
 * Return: true: L1 has the exit.
 */
bool vmx_nested_halt_ends(struct vmx_vcpu *s);

/* nested_event.c */

/** vmx_nested_wants_exception - does L1 get this exception of L2's? */
bool vmx_nested_wants_exception(const struct vmx_vcpu *s, u8 vector, u32 error);

/**
 * vmx_nested_dirty - mmu_ctx_ops.dirty: L1's page-modification log
 * @s: the vCPU
 * @gpa: an address of L2's physical memory
 *
 * Return: false: the log is full, and L1 gets an exit.
 */
bool vmx_nested_dirty(struct vmx_vcpu *s, gpa_t gpa);

/* nested_vmfunc.c: VM functions */

/** vmx_nested_vmfunc - L2's VMFUNC; false: it is an exit to L1.  kvm->srcu held */
bool vmx_nested_vmfunc(struct vmx_vcpu *s, const struct x86_exit *exit);

/* nested_apic.c: APIC virtualization, by L1's virtual-APIC page; kvm->srcu held */

/** vmx_nested_cr8_get - the CR8 that L2 reads, with L1's TPR shadow */
u8 vmx_nested_cr8_get(struct vmx_vcpu *s);
/** vmx_nested_cr8_set - L2 has written it, 0 to 15; L1 may run now */
void vmx_nested_cr8_set(struct vmx_vcpu *s, u8 cr8);
/** vmx_nested_apic_enter - VM entry: pending interrupts (27.3.2.5), the threshold (27.7.7) */
void vmx_nested_apic_enter(struct vmx_vcpu *s);
/** vmx_nested_apic_threshold - the latter, when L2 has its page: nested_ops.page_found */
void vmx_nested_apic_threshold(struct x86_vcpu *v);
/**
 * vmx_nested_apic_act - L2 has written to its virtual-APIC page (30.4.3.2); L1 may run now
 * @s: the vCPU
 * @act: what that does
 * @offset: PAGE_ACT_EXIT: of the write
 * @vector: PAGE_ACT_IPI: which
 */
void vmx_nested_apic_act(struct vmx_vcpu *s, enum nested_page_act act, u32 offset, u8 vector);
/** vmx_nested_interrupt - nested_ops.interrupt */
int vmx_nested_interrupt(struct x86_vcpu *v);
/** vmx_nested_is_posted - is L1's interrupt a notification, which the processor takes? */
bool vmx_nested_is_posted(const struct vmx_vcpu *s, u8 vector);
/** vmx_nested_posted - take it, acknowledged by now; L2 goes on */
void vmx_nested_posted(struct vmx_vcpu *s);
/** vmx_nested_threshold_is_valid - is the TPR not below L1's threshold (27.2.1.1), and there? */
bool vmx_nested_threshold_is_valid(struct vmx_vcpu *s);
/** vmx_nested_apic_has_msr - is the MSR that RCX names one of L2's that is virtualized? */
bool vmx_nested_apic_has_msr(struct vmx_vcpu *s, bool write);
/** vmx_nested_apic_rdmsr - L2's RDMSR that L1 lets through; false: it is none of those */
bool vmx_nested_apic_rdmsr(struct vmx_vcpu *s, const struct x86_exit *exit);
/** vmx_nested_apic_wrmsr - WRMSR; likewise; L1 may run now */
bool vmx_nested_apic_wrmsr(struct vmx_vcpu *s, const struct x86_exit *exit);

/* nested_exit.c */

/** vmx_nested_task - nested_ops.task */
bool vmx_nested_task(struct x86_vcpu *v, const struct emul_task *t,
		     const struct emul_insn *insn);

/* nested_apic_page.c: L1's APIC-access page; kvm->srcu held */

/** vmx_nested_has_page - does L1 virtualize accesses to one? */
static inline bool vmx_nested_has_page(const struct vmx_vcpu *s)
{
	return l1_cpu2(s, SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES);
}

/** vmx_nested_apic_at - where L1 has a register of L2's virtual-APIC page */
static inline gpa_t vmx_nested_apic_at(const struct vmx_vcpu *s, u32 offset)
{
	return s->nested->c->virtual_apic_page_addr + offset;
}

/** vmx_nested_page_enter - L2 runs now, and has one, or none */
void vmx_nested_page_enter(struct vmx_vcpu *s);
/** vmx_nested_page_exits - does L1 get this APIC-access exit?  Or may it be virtualized */
bool vmx_nested_page_exits(struct vmx_vcpu *s);
/** vmx_nested_page - nested_ops.page */
enum emul_result vmx_nested_page(struct x86_vcpu *v, gpa_t gpa, void *buf, u32 len, bool write);
/** vmx_nested_page_failed - nested_ops.page_failed */
bool vmx_nested_page_failed(struct x86_vcpu *v);
/** vmx_nested_page_written - EVENT_WRITTEN; L1 may run now */
void vmx_nested_page_written(struct vmx_vcpu *s);

/* nested_timer.c: the preemption timer */

/* It counts down once in 32 clocks of the TSC: IA32_VMX_MISC. */
#define VMX_TIMER_RATE	5

/** vmx_nested_timer_init - it does not run */
void vmx_nested_timer_init(struct vmx_nested *n);
/** vmx_nested_timer_start - if L1 wants it; @deadline: L1's TSC, or NULL: by vmcs12's value */
void vmx_nested_timer_start(struct vmx_vcpu *s, const u64 *deadline);
/** vmx_nested_timer_moved - nested_ops.tsc_moved */
void vmx_nested_timer_moved(struct x86_vcpu *v, u64 own);
/** vmx_nested_timer_stop - L2 is left */
void vmx_nested_timer_stop(struct vmx_vcpu *s);
/** vmx_nested_timer_save - what is left of it, if L1 wants to know */
void vmx_nested_timer_save(struct vmx_vcpu *s);

/* nested_shadow.c: shadow VMCSs */

/** vmx_nested_shadows - does L1 let L2 do this VMREAD or VMWRITE by itself? */
bool vmx_nested_shadows(struct vmx_vcpu *s, u32 reason);
/** vmx_nested_shadow_insn - do it; kvm->srcu held */
void vmx_nested_shadow_insn(struct vmx_vcpu *s, const struct x86_exit *exit);

#endif
