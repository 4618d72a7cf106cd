// SPDX-License-Identifier: GPL-2.0-only
/* What of the VMCS and of the rules depends on the level that runs. */
#include <asm/processor-flags.h>
#include <asm/traps.h>

#include "compat/kernel.h"
#include "vmx/cpu.h"
#include "vmx/nested.h"
#include "vmx/nested_parts.h"
#include "vmx/nested_rule.h"
#include "vmx/vmcs.h"
#include "x86/vcpu/frame.h"
#include "x86/vcpu/tsc_ratio.h"

/* L1's exits that the processor has to make. */
#define CPU_ADDED \
	(CPU_BASED_INTR_WINDOW_EXITING | CPU_BASED_HLT_EXITING | \
	 CPU_BASED_INVLPG_EXITING | CPU_BASED_MWAIT_EXITING | \
	 CPU_BASED_RDPMC_EXITING | CPU_BASED_RDTSC_EXITING | \
	 CPU_BASED_CR3_LOAD_EXITING | CPU_BASED_CR3_STORE_EXITING | \
	 CPU_BASED_CR8_LOAD_EXITING | CPU_BASED_CR8_STORE_EXITING | \
	 CPU_BASED_NMI_WINDOW_EXITING | CPU_BASED_MOV_DR_EXITING | \
	 CPU_BASED_MONITOR_TRAP_FLAG | CPU_BASED_MONITOR_EXITING | \
	 CPU_BASED_PAUSE_EXITING)
#define CPU2_ADDED \
	(SECONDARY_EXEC_DESC | SECONDARY_EXEC_WBINVD_EXITING | SECONDARY_EXEC_ENABLE_VMFUNC | \
	 SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES)

/* Instructions that L2 has only if L1 says so. */
#define CPU2_GIVEN \
	(SECONDARY_EXEC_ENABLE_RDTSCP | SECONDARY_EXEC_ENABLE_INVPCID | \
	 SECONDARY_EXEC_ENABLE_XSAVES)

/* Which page faults L1 gets is decided when one has come (25.6.3). */
static u32 merge_exceptions(const struct vmcs12 *c)
{
	return c->exception_bitmap |
	       (c->page_fault_error_code_mask | c->page_fault_error_code_match ?
		BIT(X86_TRAP_PF) : 0);
}

void vmx_nested_merge(struct vmx_vcpu *s)
{
	struct vmx_nested *n = s->nested;
	const struct vmcs12 *c = n->c;

	memset(n->set, 0, sizeof(n->set));
	memset(n->clear, 0, sizeof(n->clear));
	n->set[WORD_CPU] = c->cpu_based_vm_exec_control & CPU_ADDED;
	n->set[WORD_CPU2] = rule_cpu2(c) & CPU2_ADDED;
	n->clear[WORD_CPU2] = ~rule_cpu2(c) & CPU2_GIVEN;
	n->set[WORD_EXCEPTIONS] = merge_exceptions(c);
	/* L2's TPR is in L1's memory.  What L1 has at the page is not that of L1's LAPIC. */
	if (l1_cpu(s, CPU_BASED_TPR_SHADOW) ||
	    (n->set[WORD_CPU2] & SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES)) {
		n->clear[WORD_CPU] = CPU_BASED_TPR_SHADOW;
		n->set[WORD_CPU] |= CPU_BASED_CR8_LOAD_EXITING |
				    CPU_BASED_CR8_STORE_EXITING;
	}
	if (!vmx_nested_msrs_free(s))
		n->clear[WORD_CPU] |= CPU_BASED_USE_MSR_BITMAPS;
}

/* 24.8; an unrestricted L2 may be in real mode. */
void vmx_nested_musts(struct vmx_vcpu *s)
{
	struct x86_nested *nested = &s->x86.nested;

	nested->cr0_must = nested->cr4_must = 0;
	if (!nested_vmx_on(s))
		return;
	nested->cr0_must = nested_caps_read(&s->caps, MSR_IA32_VMX_CR0_FIXED0);
	nested->cr4_must = nested_caps_read(&s->caps, MSR_IA32_VMX_CR4_FIXED0);
	if (nested->l2 && l1_cpu2(s, SECONDARY_EXEC_UNRESTRICTED_GUEST))
		nested->cr0_must &= ~(u64)(X86_CR0_PE | X86_CR0_PG);
}

void vmx_nested_switch(struct vmx_vcpu *s)
{
	struct vmx_nested *n = s->nested;
	struct x86_vcpu *v = &s->x86;
	bool l2 = v->nested.l2;

	vmx_event_inject(v, NULL);
	vmx_event_window(v, 0);
	v->events.window = 0;
	/* What the processor would have delivered to L1, or will. */
	v->events.irq_check |= v->apic.apicv;
	s->entry_work &= ~ENTRY_KICK;
	if (unlikely(s->x86.cpuid.has_ibrs))
		s->entry_work |= ENTRY_LEVEL;
	vmcs_words_stale(s);
	if (s->vpid && n->vpid)
		vmcs_write(VIRTUAL_PROCESSOR_ID, l2 ? n->vpid : s->vpid);
	else
		s->flush = true;
	if (v->nested.page != FRAME_NONE) {
		s->stale |= BIT(WORDS_APIC);
		/* L1, on the same EPT, has not got the page (30.4.5). */
		s->flush |= l2 && !n->ept;
	}
	if (vmx_features.ept)
		vmcs_write(EPT_POINTER, l2 && n->ept ? n->eptp : s->eptp);
	/* Offset and masks are the level's. */
	state_set(v, GRP_TSC | GRP_DR | GRP_CR0 | GRP_CR4);
	vmx_nested_musts(s);
}

/* Scaling without offsetting is none (26.3). */
u64 vmx_nested_tsc(const struct x86_vcpu *v, u64 tsc)
{
	const struct vmx_vcpu *s = container_of(v, const struct vmx_vcpu, x86);
	const struct vmcs12 *c = s->nested->c;

	if (!l1_cpu(s, CPU_BASED_USE_TSC_OFFSETTING))
		return tsc;
	if (l1_cpu2(s, SECONDARY_EXEC_TSC_SCALING))
		tsc = tsc_scale(tsc, c->tsc_multiplier, VMX_TSC_BITS);
	return tsc + c->tsc_offset;
}

void vmx_nested_tsc_merge(const struct vmx_vcpu *s, u64 *ratio, u64 *offset)
{
	const struct vmcs12 *c = s->nested->c;

	if (!l1_cpu(s, CPU_BASED_USE_TSC_OFFSETTING))
		return;
	if (l1_cpu2(s, SECONDARY_EXEC_TSC_SCALING)) {
		*ratio = tsc_nest_ratio(*ratio, c->tsc_multiplier, VMX_TSC_BITS);
		*offset = tsc_nest_offset(*offset, kvm_nested_tsc(&s->x86),
					  c->tsc_multiplier, VMX_TSC_BITS);
	}
	*offset += c->tsc_offset;
}

u64 vmx_nested_cr0_shadow(const struct vmx_vcpu *s)
{
	const struct vmcs12 *c = s->nested->c;

	return (s->x86.state.cr0 & ~c->cr0_guest_host_mask) |
	       (c->cr0_read_shadow & c->cr0_guest_host_mask);
}

u64 vmx_nested_cr4_shadow(const struct vmx_vcpu *s)
{
	const struct vmcs12 *c = s->nested->c;

	return (s->x86.state.cr4 & ~c->cr4_guest_host_mask) |
	       (c->cr4_read_shadow & c->cr4_guest_host_mask);
}

u32 vmx_nested_soft(struct vmx_vcpu *s, const struct x86_event *ev)
{
	const struct vmx_nested *n = s->nested;

	vmcs_write(VM_ENTRY_INSTRUCTION_LEN, n->soft.len);
	return INTR_INFO_VALID_MASK | n->soft.type | ev->vector;
}

void vmx_nested_soft_again(struct vmx_vcpu *s, u32 info, struct x86_event *ev)
{
	struct vmx_nested *n = s->nested;

	n->soft.type = info & VECTORING_INFO_TYPE_MASK;
	n->soft.len = vmcs_read(VM_EXIT_INSTRUCTION_LEN);
	ev->kind = EVENT_SOFT_NEXT;
}

/*
 * What L1 gets, and did not yet, because something else goes into L2 first, or L2 is in
 * an interrupt shadow: the next entry is left as soon as that is done.
 */
u32 vmx_nested_window(struct vmx_vcpu *s, u32 mask)
{
	bool kick = false;

	/* No window of the processor's says when. */
	if (vmx_nested_keeps_nmi(s))
		mask &= ~EVENT_MASK_NMI;
	if ((mask & EVENT_MASK_NMI) && l1_pin(s, PIN_BASED_NMI_EXITING) &&
	    (l1_pin(s, PIN_BASED_VIRTUAL_NMIS) ||
	     !(vmx_intr_get(s) & GUEST_INTR_STATE_NMI))) {
		kick = true;
		mask &= ~EVENT_MASK_NMI;
	}
	if ((mask & EVENT_MASK_INTERRUPT) && s->x86.nested.masks_if) {
		kick = true;
		mask &= ~EVENT_MASK_INTERRUPT;
	}
	/* L2's own, made by L1: that is a window of the processor's. */
	if (mask & EVENT_MASK_VIRTUAL)
		mask = (mask & ~EVENT_MASK_VIRTUAL) | EVENT_MASK_INTERRUPT;
	/* Looked at again behind the exit. */
	if (s->x86.nested.due)
		kick = s->x86.events.irq_check = true;
	if (kick)
		s->entry_work |= ENTRY_KICK;
	return mask;
}
