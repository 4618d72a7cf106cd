// SPDX-License-Identifier: GPL-2.0-only
/* VMLAUNCH and VMRESUME of L1's (SDM vol. 3, chapter 27). */
#include <asm/processor-flags.h>
#include <asm/traps.h>

#include "vmx/cpu.h"
#include "vmx/nested.h"
#include "vmx/nested_insn.h"
#include "vmx/nested_parts.h"
#include "vmx/ops.h"

/* Pending debug exceptions that are there to be delivered: enabled breakpoint, BS. */
#define PENDING_DEBUG	(BIT(12) | BIT(14))

void vmx_nested_limits(struct vmx_vcpu *s, struct nested_limits *lim)
{
	const struct x86_cpuid *c = &s->x86.cpuid;

	*lim = (struct nested_limits){
		.caps = &s->caps,
		.cr4 = c->cr4_allowed,
		.efer = kvm_nested_efer(&s->x86),
		.debugctl = VMX_DEBUGCTL_BITS,
		.maxphyaddr = c->maxphyaddr,
		.la57 = c->cr4_allowed & X86_CR4_LA57,
		.long_mode = c->has_lm,
		.host_lma = s->x86.state.efer & EFER_LMA,
	};
}

bool vmx_nested_ept_ready(struct vmx_vcpu *s)
{
	return !l1_cpu2(s, SECONDARY_EXEC_ENABLE_EPT) ||
	       !kvm_nested_ept(&s->x86, s->nested->c->ept_pointer,
			       nested_caps_read(&s->caps, MSR_IA32_VMX_EPT_VPID_CAP));
}

static bool controls_are_valid(struct vmx_vcpu *s, const struct nested_limits *lim)
{
	return !nested_check_control(s->nested->c, lim) && vmx_nested_threshold_is_valid(s) &&
	       vmx_nested_ept_ready(s);
}

void vmx_nested_inject(struct vmx_vcpu *s)
{
	struct vmx_nested *n = s->nested;
	u32 info = n->c->vm_entry_intr_info_field;
	struct x86_event *ev = &s->x86.events.injected;

	n->soft.type = 0;
	if (!(info & INTR_INFO_VALID_MASK))
		return;
	*ev = (struct x86_event){
		.kind = EVENT_SOFT_NEXT,
		.by_l1 = true,
		.vector = info & INTR_INFO_VECTOR_MASK,
		.has_error = info & INTR_INFO_DELIVER_CODE_MASK,
		.error = n->c->vm_entry_exception_error_code,
	};
	switch (info & INTR_INFO_INTR_TYPE_MASK) {
	case INTR_TYPE_EXT_INTR:
		ev->kind = EVENT_INTERRUPT;
		break;
	case INTR_TYPE_NMI_INTR:
		ev->kind = EVENT_NMI;
		break;
	case INTR_TYPE_HARD_EXCEPTION:
		ev->kind = EVENT_EXCEPTION;
		break;
	default:
		n->soft.type = info & INTR_INFO_INTR_TYPE_MASK;
		n->soft.len = n->c->vm_entry_instruction_len;
	}
}

/* Without a VPID, or with another one, nothing cached of L2 counts (29.4.3.1). */
static void l2_flush(struct vmx_vcpu *s)
{
	struct vmx_nested *n = s->nested;
	u16 vpid12 = l1_cpu2(s, SECONDARY_EXEC_ENABLE_VPID) ?
		     n->c->virtual_processor_id : 0;

	if (!vpid12 || vpid12 != n->vpid12)
		s->flush = true;
	n->vpid12 = vpid12;
}

void vmx_nested_run(struct vmx_vcpu *s)
{
	struct x86_nested *nested = &s->x86.nested;
	struct vmx_nested *n = s->nested;

	l2_flush(s);
	/* Userspace may restore it over a vCPU that was in real mode. */
	vmx_form_set(s, false, false);
	n->ept = l1_cpu2(s, SECONDARY_EXEC_ENABLE_EPT);
	vmx_nested_merge(s);
	kvm_nested_enter(&s->x86, n->ept);
	vmx_nested_page_enter(s);
	nested->masks_if = l1_pin(s, PIN_BASED_EXT_INTR_MASK);
	nested->if_flag = true;
	vmx_nested_switch(s);
	vmx_nested_apic_enter(s);
}

/* Return: false: the entry has failed, and L1 runs. */
static bool l2_enter(struct vmx_vcpu *s)
{
	const struct vmcs12 *c = s->nested->c;
	u32 bad;

	s->nested->l1_nmi = vmx_intr_get(s) & GUEST_INTR_STATE_NMI;
	vmx_nested_run(s);
	vmx_nested_l2_load(s);
	/* 27.3.1.6: those of memory, unless EPT is on. */
	if (!s->nested->ept && !kvm_nested_pdptrs(&s->x86)) {
		vmx_nested_entry_failed(s, EXIT_REASON_INVALID_STATE, 2);
		return false;
	}
	bad = vmx_nested_msrs_load(s, c->vm_entry_msr_load_addr,
				   c->vm_entry_msr_load_count);
	if (bad) {
		vmx_nested_entry_failed(s, EXIT_REASON_MSR_LOAD_FAIL, bad);
		return false;
	}
	return true;
}

/* 27.3.1.5: the region's first word. */
static bool link_is_valid(struct vmx_vcpu *s, u64 *qualification)
{
	const struct vmcs12 *c = s->nested->c;
	u32 revision, want = nested_caps_read(&s->caps, MSR_IA32_VMX_BASIC);

	if (c->vmcs_link_pointer == NO_VMCS)
		return true;
	if (l1_cpu2(s, SECONDARY_EXEC_SHADOW_VMCS))
		want |= VMCS_SHADOW;
	*qualification = 4;
	return c->vmcs_link_pointer != s->nested->current_vmcs &&
	       !kvm_nested_read(&s->x86, c->vmcs_link_pointer, &revision,
				sizeof(revision)) && revision == want;
}

enum x86_next vmx_nested_launch(struct x86_vcpu *v, const struct x86_exit *exit)
{
	struct vmx_vcpu *s = to_vmx(v);
	struct vmcs12 *c = s->nested->c;
	struct nested_limits lim;
	u64 qualification = 0;

	vmx_nested_limits(s, &lim);
	if (!controls_are_valid(s, &lim))
		return vmx_nested_fail(v, exit, VMXERR_CONTROLS);
	if (nested_check_host(c, &lim))
		return vmx_nested_fail(v, exit, VMXERR_HOST);
	if (nested_check_guest(c, &lim, &qualification) ||
	    !link_is_valid(s, &qualification)) {
		vmx_nested_entry_failed(s, EXIT_REASON_INVALID_STATE, qualification);
		return X86_RESUME;
	}
	if (!l2_enter(s))
		return X86_RESUME;
	s->nested->entering = c->launch_state == VMCS12_LAUNCHED ? ENTERING_AGAIN :
								   ENTERING_FIRST;
	c->launch_state = VMCS12_LAUNCHED;
	vmx_nested_inject(s);
	vmx_nested_timer_start(s, NULL);
	/* An INIT that L1's VMX operation has kept waiting. */
	kvm_nested_recheck(v);
	if (c->guest_activity_state == GUEST_ACTIVITY_HLT && !v->events.injected.kind &&
	    !(c->guest_pending_dbg_exceptions & PENDING_DEBUG) && !vmx_nested_halt_ends(s))
		return kvm_nested_halt(v);
	return X86_RESUME;
}
