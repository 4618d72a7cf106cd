// SPDX-License-Identifier: GPL-2.0-only
/*
 * Without an unrestricted guest there are states which the VMCS holds in another form (SDM
 * vol. 3, 21.2 and 27.3.1).
 *
 * Real mode is virtual-8086 mode:
 *
 *	RFLAGS		VM set, IOPL 0
 *	CR0		PE, as VM entry wants it, without AM, which is for level 3
 *	CR4		without VME and PVI, and what is for level 3: TSD, UMIP
 *	segments	access rights 0xf3; the CPL is 3
 *	TR, LDTR	a TSS without an I/O permission map, none
 *	SYSENTER_CS	null, or SYSENTER would lead out of it
 *
 * Every exception exits.  With IOPL 0 all that tells of the privilege (INT n, IRET, CLI,
 * STI, PUSHF, POPF), or needs it, is #GP, IN and OUT because of the TSS, and x86 executes
 * it: so the guest sees its own IOPL and IDTR, and no vector is ever looked up in the latter.
 * x86 delivers all events, too.
 *
 * With EPT, no paging is paging by the VM's identity map (x86/run/identity.h):
 *
 *	CR0		PG
 *	CR3		where that is; the guest's own exits
 *	CR4		PSE, without PAE and what goes with paging
 *	EFER		without LME
 *
 * What is behind state_fetch() and state_store() is all that knows of it.
 */
#include <asm/processor-flags.h>

#include "vmx/cpu.h"
#include "vmx/vmcs.h"

/* What is not in the VMCS as the guest has it. */
#define GROUPS \
	(GRP_RFLAGS | GRP_CR0 | GRP_CR3 | GRP_CR4 | GRP_EFER | GRP_CSSS | GRP_DATA | \
	 GRP_SEGS | GRP_CPL)

/* The guest's own tables are its own again: what names them exits meanwhile. */
static void unpaged_set(struct vmx_vcpu *s, bool on)
{
	s->unpaged = on;
	vmcs_control(s, WORD_CPU, CPU_BASED_CR3_LOAD_EXITING |
		     CPU_BASED_CR3_STORE_EXITING, on);
	vmx_tlb_flush(&s->x86);
}

static void vm86_set(struct vmx_vcpu *s, bool on)
{
	s->vm86 = on;
	if (on) {
		s->sysenter_cs = vmcs_read(GUEST_SYSENTER_CS);
		vmcs_write(GUEST_SYSENTER_CS, 0);
	} else {
		vmcs_write(GUEST_SYSENTER_CS, s->sysenter_cs);
	}
	vmx_step_exceptions(s);
}

void vmx_form_set(struct vmx_vcpu *s, bool vm86, bool unpaged)
{
	if (s->vm86 == vm86 && s->unpaged == unpaged)
		return;
	/* Fetched from the old form, and stored in the new one. */
	state_set(&s->x86, GROUPS);
	if (s->vm86 != vm86)
		vm86_set(s, vm86);
	if (s->unpaged != unpaged)
		unpaged_set(s, unpaged);
}

void vmx_form_controls(struct vmx_vcpu *s)
{
	if (s->unpaged)
		unpaged_set(s, true);
}

u64 vmx_form_rflags(const struct vmx_vcpu *s, u64 rflags)
{
	rflags = (rflags & RFLAGS_BITS) | X86_EFLAGS_FIXED;
	return s->vm86 ? (rflags & ~(u64)X86_EFLAGS_IOPL) | X86_EFLAGS_VM : rflags;
}

/* No instruction has changed IOPL without an exit. */
u64 vmx_form_rflags_hide(const struct vmx_vcpu *s, u64 rflags)
{
	const u64 ours = X86_EFLAGS_IOPL | X86_EFLAGS_VM;

	return s->vm86 ? (rflags & ~ours) | (s->x86.state.rflags & X86_EFLAGS_IOPL) :
			 rflags;
}

u64 vmx_form_cr4(const struct vmx_vcpu *s, u64 cr4)
{
	const u64 level3 = X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_UMIP;
	const u64 paging = X86_CR4_PAE | X86_CR4_PCIDE | X86_CR4_SMEP | X86_CR4_SMAP |
			   X86_CR4_LA57;

	if (s->vm86)
		cr4 &= ~level3;
	return s->unpaged ? (cr4 & ~paging) | X86_CR4_PSE : cr4;
}
