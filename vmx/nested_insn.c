// SPDX-License-Identifier: GPL-2.0-only
/* The VMX instructions, executed for L1 (SDM vol. 3, chapter 31). */
#include <asm/processor-flags.h>
#include <asm/traps.h>

#include "vmx/cpu.h"
#include "vmx/nested.h"
#include "vmx/nested_insn.h"
#include "vmx/nested_parts.h"

static enum x86_next insn_raise(struct x86_vcpu *v, u8 vector)
{
	kvm_event_exception(v, vector, vector == X86_TRAP_GP ? 0 : -1);
	return X86_RESUME;
}

/* ------------------------------------------------------------------------ */
/* How an instruction ends: VMsucceed, VMfailInvalid, VMfailValid (31.2). */

static enum x86_next insn_end(struct x86_vcpu *v, const struct x86_exit *exit, u64 flags)
{
	struct x86_state *st;

	if (!kvm_nested_skip(v, exit))
		return v->next;
	st = state_set(v, GRP_RFLAGS);
	st->rflags = (st->rflags & ~(u64)VMX_RESULT_FLAGS) | flags;
	return X86_RESUME;
}

static enum x86_next insn_succeed(struct x86_vcpu *v, const struct x86_exit *exit)
{
	return insn_end(v, exit, 0);
}

static enum x86_next fail_invalid(struct x86_vcpu *v, const struct x86_exit *exit)
{
	return insn_end(v, exit, X86_EFLAGS_CF);
}

enum x86_next vmx_nested_fail(struct x86_vcpu *v, const struct x86_exit *exit,
			      enum vmx_error error)
{
	struct vmx_nested *n = to_vmx(v)->nested;

	if (n->current_vmcs == NO_VMCS)
		return fail_invalid(v, exit);
	n->c->vm_instruction_error = error;
	return insn_end(v, exit, X86_EFLAGS_ZF);
}

/* ------------------------------------------------------------------------ */
/* VMXON and VMXOFF. */

static u64 caps_msr(const struct vmx_vcpu *s, u32 index)
{
	return nested_caps_read(&s->caps, index);
}

static bool has_secondary(const struct vmx_vcpu *s, u32 bit)
{
	return caps_msr(s, MSR_IA32_VMX_PROCBASED_CTLS2) >> 32 & bit;
}

/* 24.7, 24.8: bits that must be one, and bits that may be. */
static bool cr_is_supported(const struct vmx_vcpu *s, u64 cr, u32 fixed0, u32 fixed1)
{
	return !(caps_msr(s, fixed0) & ~cr) && !(cr & ~caps_msr(s, fixed1));
}

static bool vmxon_is_allowed(struct x86_vcpu *v)
{
	const u64 on = FEAT_CTL_LOCKED | FEAT_CTL_VMX_ENABLED_OUTSIDE_SMX;
	const struct x86_state *st = state_get(v, GRP_CR0 | GRP_CR4);
	struct vmx_vcpu *s = to_vmx(v);

	return (v->msrs.feature_control & on) == on &&
	       cr_is_supported(s, st->cr0, MSR_IA32_VMX_CR0_FIXED0,
			       MSR_IA32_VMX_CR0_FIXED1) &&
	       cr_is_supported(s, st->cr4, MSR_IA32_VMX_CR4_FIXED0,
			       MSR_IA32_VMX_CR4_FIXED1);
}

static enum x86_next insn_vmxon(struct x86_vcpu *v, const struct x86_exit *exit)
{
	struct vmx_vcpu *s = to_vmx(v);
	u32 revision;
	u64 gpa;

	if (nested_vmx_on(s))
		return vmx_nested_fail(v, exit, VMXERR_VMXON);
	if (!vmxon_is_allowed(v))
		return insn_raise(v, X86_TRAP_GP);
	if (!vmx_operand_load(v, &gpa, sizeof(gpa)))
		return v->next;
	if (!l1_page_is_valid(v, gpa) ||
	    kvm_nested_read(v, gpa, &revision, sizeof(revision)) ||
	    revision != (u32)caps_msr(s, MSR_IA32_VMX_BASIC))
		return fail_invalid(v, exit);
	if (vmx_nested_make(s)) {
		v->run_err = -ENOMEM;
		return X86_FAIL;
	}
	vmx_nested_on(s, gpa);
	return insn_succeed(v, exit);
}

static enum x86_next insn_vmxoff(struct x86_vcpu *v, const struct x86_exit *exit)
{
	vmx_nested_off(to_vmx(v));
	kvm_nested_recheck(v);
	return insn_succeed(v, exit);
}

/* ------------------------------------------------------------------------ */
/* VMCLEAR, VMPTRLD, VMPTRST. */

static enum x86_next insn_vmclear(struct x86_vcpu *v, const struct x86_exit *exit)
{
	const u32 clear = VMCS12_CLEAR;
	struct vmx_vcpu *s = to_vmx(v);
	struct vmx_nested *n = s->nested;
	u64 gpa;

	if (!vmx_operand_load(v, &gpa, sizeof(gpa)))
		return v->next;
	if (!l1_page_is_valid(v, gpa))
		return vmx_nested_fail(v, exit, VMXERR_VMCLEAR_ADDRESS);
	if (gpa == n->region)
		return vmx_nested_fail(v, exit, VMXERR_VMCLEAR_VMXON);
	if (gpa == n->current_vmcs)
		vmx_nested_vmcs_flush(s);
	/* Where no memory is, nothing is lost. */
	kvm_nested_write(v, gpa + offsetof(struct vmcs12, launch_state), &clear,
			 sizeof(clear));
	return insn_succeed(v, exit);
}

/* A processor without shadow VMCSs does not know their bit. */
static bool revision_is_valid(const struct vmx_vcpu *s, u32 revision)
{
	if (has_secondary(s, SECONDARY_EXEC_SHADOW_VMCS))
		revision &= ~VMCS_SHADOW;
	return revision == (u32)caps_msr(s, MSR_IA32_VMX_BASIC);
}

static enum x86_next insn_vmptrld(struct x86_vcpu *v, const struct x86_exit *exit)
{
	struct vmx_vcpu *s = to_vmx(v);
	struct vmx_nested *n = s->nested;
	u32 revision;
	u64 gpa;

	if (!vmx_operand_load(v, &gpa, sizeof(gpa)))
		return v->next;
	if (!l1_page_is_valid(v, gpa))
		return vmx_nested_fail(v, exit, VMXERR_VMPTRLD_ADDRESS);
	if (gpa == n->region)
		return vmx_nested_fail(v, exit, VMXERR_VMPTRLD_VMXON);
	if (kvm_nested_read(v, gpa, &revision, sizeof(revision)) ||
	    !revision_is_valid(s, revision))
		return vmx_nested_fail(v, exit, VMXERR_VMPTRLD_REVISION);
	if (gpa != n->current_vmcs && vmx_nested_vmcs_load(s, gpa))
		return vmx_nested_fail(v, exit, VMXERR_VMPTRLD_REVISION);
	return insn_succeed(v, exit);
}

static enum x86_next insn_vmptrst(struct x86_vcpu *v, const struct x86_exit *exit)
{
	u64 gpa = to_vmx(v)->nested->current_vmcs;

	return vmx_operand_store(v, &gpa, sizeof(gpa)) ? insn_succeed(v, exit) : v->next;
}

/* ------------------------------------------------------------------------ */
/* VMREAD and VMWRITE. */

static enum x86_next insn_vmread(struct x86_vcpu *v, const struct x86_exit *exit)
{
	u32 info = vmcs_read(VMX_INSTRUCTION_INFO);
	u64 encoding = vmx_operand_gpr(v, INFO_REG2(info));
	const struct vmx_nested *n = to_vmx(v)->nested;
	const struct vmcs12_field *f;
	u64 value;

	if (n->current_vmcs == NO_VMCS)
		return fail_invalid(v, exit);
	f = vmcs12_field(encoding);
	if (!f)
		return vmx_nested_fail(v, exit, VMXERR_FIELD);
	value = vmcs12_get(n->c, f, vmcs12_high(encoding));
	if (info & INFO_IN_REG)
		vmx_operand_gpr_set(v, INFO_REG1(info), value);
	else if (!vmx_operand_store(v, &value, vmx_operand_bytes(v)))
		return v->next;
	return insn_succeed(v, exit);
}

bool vmx_writes_all(const struct vmx_vcpu *s)
{
	return caps_msr(s, MSR_IA32_VMX_MISC) & VMX_MISC_WRITES_ALL;
}

static enum x86_next insn_vmwrite(struct x86_vcpu *v, const struct x86_exit *exit)
{
	u32 info = vmcs_read(VMX_INSTRUCTION_INFO);
	u64 encoding = vmx_operand_gpr(v, INFO_REG2(info));
	struct vmx_vcpu *s = to_vmx(v);
	struct vmx_nested *n = s->nested;
	const struct vmcs12_field *f;
	u64 value = 0;

	if (n->current_vmcs == NO_VMCS)
		return fail_invalid(v, exit);
	f = vmcs12_field(encoding);
	if (!f)
		return vmx_nested_fail(v, exit, VMXERR_FIELD);
	if (vmcs12_read_only(f) && !vmx_writes_all(s))
		return vmx_nested_fail(v, exit, VMXERR_READ_ONLY);
	if (info & INFO_IN_REG)
		value = vmx_operand_gpr(v, INFO_REG1(info));
	else if (!vmx_operand_load(v, &value, vmx_operand_bytes(v)))
		return v->next;
	vmcs12_set(n->c, f, vmcs12_high(encoding), value);
	return insn_succeed(v, exit);
}

/* ------------------------------------------------------------------------ */
/* VMLAUNCH and VMRESUME. */

static enum x86_next insn_vmlaunch(struct x86_vcpu *v, const struct x86_exit *exit)
{
	const struct vmx_nested *n = to_vmx(v)->nested;
	bool resume = exit->code == EXIT_REASON_VMRESUME;

	if (n->current_vmcs == NO_VMCS || (n->c->hdr & VMCS_SHADOW))
		return fail_invalid(v, exit);
	if (state_get(v, GRP_SHADOW)->shadow & SHADOW_MOV_SS)
		return vmx_nested_fail(v, exit, VMXERR_MOV_SS);
	if (resume && n->c->launch_state != VMCS12_LAUNCHED)
		return vmx_nested_fail(v, exit, VMXERR_NOT_LAUNCHED);
	if (!resume && n->c->launch_state != VMCS12_CLEAR)
		return vmx_nested_fail(v, exit, VMXERR_NOT_CLEAR);
	return vmx_nested_launch(v, exit);
}

/* ------------------------------------------------------------------------ */
/* INVEPT and INVVPID: what is named more exactly than "L2's" is all of L2's here. */

/* Types that there are, in IA32_VMX_EPT_VPID_CAP; INVVPID's in its upper half (A.10). */
#define INVEPT_TYPE(type)	(VMX_EPT_EXTENT_CONTEXT_BIT >> 1 << (type))
#define INVVPID_TYPE(type)	(BIT(8) << (type))

static_assert(INVEPT_TYPE(VMX_EPT_EXTENT_GLOBAL) == VMX_EPT_EXTENT_GLOBAL_BIT);
static_assert(INVVPID_TYPE(VMX_VPID_EXTENT_SINGLE_NON_GLOBAL) ==
	      VMX_VPID_EXTENT_SINGLE_NON_GLOBAL_BIT);

static enum x86_next insn_invept(struct x86_vcpu *v, const struct x86_exit *exit)
{
	u32 info = vmcs_read(VMX_INSTRUCTION_INFO);
	u64 type = vmx_operand_gpr(v, INFO_REG2(info));
	struct vmx_vcpu *s = to_vmx(v);
	u64 caps = caps_msr(s, MSR_IA32_VMX_EPT_VPID_CAP);
	u64 desc[2];

	if (!has_secondary(s, SECONDARY_EXEC_ENABLE_EPT) ||
	    !(caps & VMX_EPT_INVEPT_BIT))
		return insn_raise(v, X86_TRAP_UD);
	if (type > VMX_EPT_EXTENT_GLOBAL || !(caps & INVEPT_TYPE(type)))
		return vmx_nested_fail(v, exit, VMXERR_INV_OPERAND);
	if (!vmx_operand_load(v, desc, sizeof(desc)))
		return v->next;
	if (type == VMX_EPT_EXTENT_CONTEXT && kvm_nested_ept(v, desc[0], caps))
		return vmx_nested_fail(v, exit, VMXERR_INV_OPERAND);
	kvm_nested_flush(v);
	s->flush = true;
	return insn_succeed(v, exit);
}

static bool invvpid_is_valid(struct x86_vcpu *v, u64 type, const u64 desc[2])
{
	if (desc[0] >> 16)
		return false;
	if (type == VMX_VPID_EXTENT_INDIVIDUAL_ADDR && !state_is_canonical(v, desc[1]))
		return false;
	return type == VMX_VPID_EXTENT_ALL_CONTEXT || desc[0];
}

static enum x86_next insn_invvpid(struct x86_vcpu *v, const struct x86_exit *exit)
{
	u32 info = vmcs_read(VMX_INSTRUCTION_INFO);
	u64 type = vmx_operand_gpr(v, INFO_REG2(info));
	struct vmx_vcpu *s = to_vmx(v);
	u64 caps = caps_msr(s, MSR_IA32_VMX_EPT_VPID_CAP) >> 32;
	u64 desc[2];

	if (!has_secondary(s, SECONDARY_EXEC_ENABLE_VPID) ||
	    !(caps & VMX_VPID_INVVPID_BIT))
		return insn_raise(v, X86_TRAP_UD);
	if (type > VMX_VPID_EXTENT_SINGLE_NON_GLOBAL || !(caps & INVVPID_TYPE(type)))
		return vmx_nested_fail(v, exit, VMXERR_INV_OPERAND);
	if (!vmx_operand_load(v, desc, sizeof(desc)))
		return v->next;
	if (!invvpid_is_valid(v, type, desc))
		return vmx_nested_fail(v, exit, VMXERR_INV_OPERAND);
	s->flush = true;
	return insn_succeed(v, exit);
}

/* ------------------------------------------------------------------------ */

/* #UD before all else; but for VMXON, L1 has to be in VMX operation. */
static bool insn_exists(struct x86_vcpu *v, u32 reason)
{
	const struct x86_state *st = state_get(v, GRP_CR0 | GRP_CR4 | GRP_RFLAGS);

	if (!(st->cr0 & X86_CR0_PE) || (st->rflags & X86_EFLAGS_VM) || v->smm.inside ||
	    (state_is_long_mode(v) && !state_is_64bit_code(v)))
		return false;
	return nested_vmx_on(to_vmx(v)) ||
	       (reason == EXIT_REASON_VMON && (st->cr4 & X86_CR4_VMXE) &&
		v->cpuid.has_vmx);
}

enum x86_next vmx_nested_insn(struct x86_vcpu *v, const struct x86_exit *exit)
{
	if (!insn_exists(v, exit->code))
		return insn_raise(v, X86_TRAP_UD);
	if (state_get(v, GRP_CPL)->cpl)
		return insn_raise(v, X86_TRAP_GP);
	switch (exit->code) {
	case EXIT_REASON_VMON:
		return insn_vmxon(v, exit);
	case EXIT_REASON_VMOFF:
		return insn_vmxoff(v, exit);
	case EXIT_REASON_VMCLEAR:
		return insn_vmclear(v, exit);
	case EXIT_REASON_VMPTRLD:
		return insn_vmptrld(v, exit);
	case EXIT_REASON_VMPTRST:
		return insn_vmptrst(v, exit);
	case EXIT_REASON_VMREAD:
		return insn_vmread(v, exit);
	case EXIT_REASON_VMWRITE:
		return insn_vmwrite(v, exit);
	case EXIT_REASON_VMLAUNCH:
	case EXIT_REASON_VMRESUME:
		return insn_vmlaunch(v, exit);
	case EXIT_REASON_INVEPT:
		return insn_invept(v, exit);
	case EXIT_REASON_INVVPID:
		return insn_invvpid(v, exit);
	default:
		return insn_raise(v, X86_TRAP_UD);
	}
}
