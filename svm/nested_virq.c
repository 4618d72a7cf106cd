// SPDX-License-Identifier: GPL-2.0-only
/*
 * L1's virtual interrupt for L2 (APM vol. 2, 15.21).
 *
 * V_TPR decides on it, which VMRUN loads.  With V_INTR_MASKING it is L2's CR8.  Without,
 * CR8 is the LAPIC's, and a write of it goes to both; our control block's V_TPR is CR8
 * then, as for any guest, so it is decided here whether the interrupt may come.  So it is
 * with the virtual GIF (15.33.2), of which our control block knows nothing.
 */
#include <asm/processor-flags.h>

#include "svm/cpu.h"
#include "svm/nested.h"
#include "svm/vmcb.h"

#define VIRQ_PRIO(ctl)	(((ctl) & V_INTR_PRIO_MASK) >> V_INTR_PRIO_SHIFT)

u32 svm_nested_int_ctl(const struct svm_vcpu *s)
{
	u32 ctl = s->nested->control.int_ctl, bits = ctl & V_IRQ_INJECTION_BITS_MASK;

	if ((ctl & (V_GIF_ENABLE_MASK | V_GIF_MASK)) == V_GIF_ENABLE_MASK)
		bits &= ~V_IRQ_MASK;
	if (s->x86.nested.masks_if)
		return bits | (ctl & V_TPR_MASK);
	if (bits & V_IGN_TPR_MASK)
		return bits;
	return VIRQ_PRIO(ctl) > (ctl & V_TPR_MASK) ? bits | V_IGN_TPR_MASK :
						     bits & ~V_IRQ_MASK;
}

/* Has L2 got the virtual interrupt that it was to get? */
static bool virq_is_taken(const struct svm_vcpu *s)
{
	/* Unless ours has taken its place meanwhile. */
	return !s->virq_own && (s->nested->control.int_ctl & V_IRQ_MASK) &&
	       !(s->vmcb->control.int_ctl & V_IRQ_MASK) &&
	       (svm_nested_int_ctl(s) & V_IRQ_MASK);
}

void svm_nested_virq_get(struct svm_vcpu *s, struct vmcb_control_area *c)
{
	const struct vmcb_control_area *hw = &s->vmcb->control;

	if (virq_is_taken(s))
		c->int_ctl &= ~V_IRQ_MASK;
	if (s->x86.nested.masks_if)
		c->int_ctl = (c->int_ctl & ~V_TPR_MASK) | (hw->int_ctl & V_TPR_MASK);
	c->int_state = state_get(&s->x86, GRP_SHADOW)->shadow ?
		       SVM_INTERRUPT_SHADOW_MASK : 0;
}

/* By the control block's own bits, in which svm_nested_int_ctl() has decided on CR8 already. */
bool svm_nested_virq_comes(struct svm_vcpu *s)
{
	u32 ctl = s->vmcb->control.int_ctl;

	if (s->virq_own || !(ctl & V_IRQ_MASK) ||
	    !(state_get(&s->x86, GRP_RFLAGS)->rflags & X86_EFLAGS_IF))
		return false;
	return (ctl & V_IGN_TPR_MASK) || VIRQ_PRIO(ctl) > (ctl & V_TPR_MASK);
}

/* What L1 gives L2 has changed; what L2 has got of it counts as before. */
static void int_ctl_change(struct svm_vcpu *s, u32 mask, u32 value)
{
	struct vmcb_control_area *c = &s->nested->control;

	svm_nested_virq_get(s, c);
	c->int_ctl = (c->int_ctl & ~mask) | value;
	svm_event_virq_restore(s);
}

bool svm_nested_gif_set(struct svm_vcpu *s, bool on)
{
	if (!s->x86.nested.l2 || !(s->nested->control.int_ctl & V_GIF_ENABLE_MASK))
		return false;
	int_ctl_change(s, V_GIF_MASK, on ? V_GIF_MASK : 0);
	return true;
}

void svm_nested_cr8_write(struct svm_vcpu *s)
{
	struct emul_insn insn;
	u64 value;

	if (s->x86.nested.masks_if || !kvm_nested_decode(&s->x86, &insn))
		return;
	value = svm_nested_mov_operand(&s->x86, &insn);
	/* Else it is #GP. */
	if (!(value & ~(u64)V_TPR_MASK))
		int_ctl_change(s, V_TPR_MASK, value);
}
