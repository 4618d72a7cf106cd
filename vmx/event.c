// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events on their way in (SDM vol. 3, 25.8.3, 27.6 and 28.2.4).
 *
 * Software interrupts.  When the delivery of an INTn, INT3, INTO or INT1 exits, RIP is
 * still at that instruction: executing it again is the re-injection.  So
 * IDT-vectoring information of that kind is dropped, and EVENT_SOFT (which can only
 * come from userspace, with RIP at the instruction) injects nothing.  #BP and #OF that
 * x86 raises are another thing: RIP is the address to return to, so they go in as
 * exceptions of the hardware, which look at no instruction.
 *
 * NMIs.  With virtual NMIs the processor keeps the guest's mask, up to its IRET.
 * Without, it is kept here and nothing tells of the IRET: the mask goes when
 * interrupts can be delivered again, which is late if the handler returns to code
 * that has them off.  An injected NMI masks the host's then, up to the next exit.
 */
#include <asm/processor-flags.h>
#include <asm/traps.h>

#include "vmx/cpu.h"
#include "vmx/nested.h"
#include "vmx/vmcs.h"

/* Vectors with which VM entry wants an error code in protected mode (27.2.1.3). */
#define VECTORS_WITH_ERROR \
	(BIT(X86_TRAP_DF) | BIT(X86_TRAP_TS) | BIT(X86_TRAP_NP) | \
	 BIT(X86_TRAP_SS) | BIT(X86_TRAP_GP) | BIT(X86_TRAP_PF) | \
	 BIT(X86_TRAP_AC))

/* Exits that can come in the middle of a delivery (28.2.4). */
static bool reason_vectors(u32 reason)
{
	switch (reason) {
	case EXIT_REASON_EXCEPTION_NMI:
	case EXIT_REASON_TASK_SWITCH:
	case EXIT_REASON_APIC_ACCESS:
	case EXIT_REASON_EPT_VIOLATION:
	case EXIT_REASON_EPT_MISCONFIG:
	case EXIT_REASON_PML_FULL:
		return true;
	default:
		return false;
	}
}

u32 vmx_intr_get(struct vmx_vcpu *s)
{
	if (!s->intr_valid) {
		s->control[WORD_INTR] = vmcs_read(GUEST_INTERRUPTIBILITY_INFO);
		s->intr_valid = true;
		if (!vmx_features.vnmi)
			vmcs_control(s, WORD_INTR, GUEST_INTR_STATE_NMI, false);
	}
	return s->control[WORD_INTR];
}

void vmx_intr_set(struct vmx_vcpu *s, u32 intr)
{
	u32 changed = vmx_intr_get(s) ^ intr;

	vmcs_control(s, WORD_INTR, changed & intr, true);
	vmcs_control(s, WORD_INTR, changed & ~intr, false);
}

static bool in_shadow(struct vmx_vcpu *s, u8 of)
{
	return state_get(&s->x86, GRP_SHADOW)->shadow & of;
}

static bool nmi_is_masked(struct vmx_vcpu *s)
{
	return vmx_features.vnmi ? vmx_intr_get(s) & GUEST_INTR_STATE_NMI :
				   s->soft_nmi;
}

/* What the windows are that the processor has to watch. */
static void windows_update(struct vmx_vcpu *s)
{
	bool interrupt = (s->window & EVENT_MASK_INTERRUPT) || s->soft_nmi;
	bool nmi = s->window & EVENT_MASK_NMI;

	/*
	 * Processors may open an NMI window in STI's shadow, and not take an NMI there (SDM
	 * table 25-3, 27.3.1.5): behind it IF is set, and an interrupt window open.
	 */
	if (nmi && vmx_features.vnmi && !nmi_is_masked(s) && in_shadow(s, SHADOW_STI)) {
		interrupt = true;
		nmi = false;
	}
	vmcs_control(s, WORD_CPU, CPU_BASED_INTR_WINDOW_EXITING, interrupt);
	if (vmx_features.vnmi)
		vmcs_control(s, WORD_CPU, CPU_BASED_NMI_WINDOW_EXITING, nmi);
}

static void soft_nmi_set(struct vmx_vcpu *s, bool masked)
{
	s->soft_nmi = masked;
	windows_update(s);
}

void vmx_event_soft_window(struct vmx_vcpu *s)
{
	if (s->soft_nmi)
		soft_nmi_set(s, false);
}

u32 vmx_event_blocked(struct x86_vcpu *v)
{
	struct vmx_vcpu *s = to_vmx(v);
	u32 blocked = nmi_is_masked(s) ? EVENT_NMI_HANDLER : 0;

	/* The mask that L1 makes up for L2 does not hold L1's own (27.7.1). */
	if ((blocked || vmx_nested_keeps_nmi(s)) &&
	    !(nested_l2_runs(v) && l1_pin(s, PIN_BASED_VIRTUAL_NMIS)))
		blocked = EVENT_MASK_NMI | EVENT_NMI_HANDLER;
	if (in_shadow(s, SHADOW_STI | SHADOW_MOV_SS))
		blocked |= EVENT_MASK_INTERRUPT | EVENT_MASK_NMI;
	return blocked;
}

void vmx_event_nmi_mask(struct x86_vcpu *v, bool masked)
{
	struct vmx_vcpu *s = to_vmx(v);
	u32 intr;

	if (!vmx_features.vnmi) {
		soft_nmi_set(s, masked);
		return;
	}
	intr = vmx_intr_get(s);
	vmx_intr_set(s, masked ? intr | GUEST_INTR_STATE_NMI :
				 intr & ~GUEST_INTR_STATE_NMI);
}

static u32 inject_type(const struct x86_event *ev)
{
	switch (ev->kind) {
	case EVENT_EXCEPTION:
		return INTR_TYPE_HARD_EXCEPTION;
	case EVENT_NMI:
		return INTR_TYPE_NMI_INTR;
	default:
		return INTR_TYPE_EXT_INTR;
	}
}

/* With or without protected mode, as the entry checks it. */
static bool pushes_error(const struct x86_vcpu *v, const struct x86_event *ev)
{
	return ev->kind == EVENT_EXCEPTION &&
	       (VECTORS_WITH_ERROR & BIT(ev->vector & 31)) &&
	       (v->state.cr0 & X86_CR0_PE);
}

void vmx_event_inject(struct x86_vcpu *v, const struct x86_event *ev)
{
	struct vmx_vcpu *s = to_vmx(v);
	u32 info;

	/* An NMI that was to be injected, and is not now, masks nothing. */
	if (s->armed && s->nmi_armed && !vmx_features.vnmi)
		soft_nmi_set(s, false);
	s->nmi_armed = ev && ev->kind == EVENT_NMI;
	if (s->nmi_armed && !vmx_features.vnmi)
		soft_nmi_set(s, true);
	if (!ev || ev->kind == EVENT_NONE || ev->kind == EVENT_SOFT) {
		if (s->armed)
			vmcs_write(VM_ENTRY_INTR_INFO_FIELD, 0);
		s->armed = false;
		return;
	}
	vmx_event_unhalt(s);
	info = INTR_INFO_VALID_MASK | inject_type(ev) | ev->vector;
	if (unlikely(ev->kind == EVENT_SOFT_NEXT))
		info = vmx_nested_soft(s, ev);
	if (pushes_error(v, ev)) {
		info |= INTR_INFO_DELIVER_CODE_MASK;
		vmcs_write(VM_ENTRY_EXCEPTION_ERROR_CODE, ev->error & 0xffff);
	}
	vmcs_write(VM_ENTRY_INTR_INFO_FIELD, info);
	s->armed = true;
}

/* A CR8 below it exits.  VM entry wants it not to be above CR8 (27.2.1.1). */
static void threshold_set(struct vmx_vcpu *s, u32 class)
{
	vmcs_control(s, WORD_TPR, class, true);
	vmcs_control(s, WORD_TPR, ~class, false);
}

void vmx_event_window(struct x86_vcpu *v, u32 mask)
{
	struct vmx_vcpu *s = to_vmx(v);

	if (nested_l2_runs(v))
		mask = vmx_nested_window(s, mask);
	s->window = mask;
	windows_update(s);
	/* Only a shadow holds the NMI back: look again behind it.  An SMI is no window's. */
	if (((mask & EVENT_MASK_NMI) && !vmx_features.vnmi && !s->soft_nmi) ||
	    (mask & EVENT_MASK_SMI))
		s->entry_work |= ENTRY_KICK;
	if (s->tpr_shadow)
		threshold_set(s, EVENT_TPR_CLASS(mask));
}

static u8 reclaim_kind(u32 info)
{
	switch (info & VECTORING_INFO_TYPE_MASK) {
	case INTR_TYPE_EXT_INTR:
		return EVENT_INTERRUPT;
	case INTR_TYPE_NMI_INTR:
		return EVENT_NMI;
	case INTR_TYPE_HARD_EXCEPTION:
		return EVENT_EXCEPTION;
	default:
		return EVENT_NONE;
	}
}

void vmx_event_reclaim(struct x86_vcpu *v, struct x86_event *ev)
{
	struct vmx_vcpu *s = to_vmx(v);
	u32 info;

	/* Refused: nothing was delivered, and x86 will inject it again. */
	if (unlikely(vmx_entry_failed(s))) {
		vmx_event_inject(v, NULL);
		return;
	}
	ev->kind = EVENT_NONE;
	if (likely(!reason_vectors(s->reason)))
		return;
	info = vmcs_read(IDT_VECTORING_INFO_FIELD);
	if (likely(!(info & VECTORING_INFO_VALID_MASK)))
		return;
	*ev = (struct x86_event){
		.kind = reclaim_kind(info),
		.vector = info & VECTORING_INFO_VECTOR_MASK,
		.has_error = info & VECTORING_INFO_DELIVER_CODE_MASK,
	};
	if (ev->has_error)
		ev->error = vmcs_read(IDT_VECTORING_ERROR_CODE);
	/* L0's would be L1's, and exit: so L1 has made this one up. */
	ev->by_l1 = v->nested.masks_if && ev->kind == EVENT_INTERRUPT;
	/* There need not be such an instruction at RIP: L1 may have made it up. */
	if (nested_l2_runs(v) && !ev->kind)
		vmx_nested_soft_again(s, info, ev);
	/* It did not arrive, so it masks nothing. */
	if (ev->kind == EVENT_NMI)
		vmx_event_nmi_mask(v, false);
}
