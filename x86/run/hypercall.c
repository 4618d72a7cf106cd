// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls.  VMCALL is 0F 01 C1, VMMCALL 0F 01 D9: rewriting one to the other is a
 * write of a single byte, which other processors see as a whole.
 */
#include "core/guestmem.h"
#include "x86/cpu/caps.h"
#include "x86/insn/fetch.h"
#include "x86/run/exits.h"
#include "x86/run/hypercall.h"
#include "x86/vcpu/vendor.h"

#define MODRM_VMCALL	0xc1
#define MODRM_VMMCALL	0xd9

static u8 modrm_foreign(void)
{
	return x86_caps->hypercall_modrm ^ MODRM_VMCALL ^ MODRM_VMMCALL;
}

static bool insn_is_foreign(const struct emul_insn *insn)
{
	return insn->map == 1 && insn->opcode == 0x01 && !insn->op66 &&
	       !insn->rep && !insn->lock && insn->modrm == modrm_foreign();
}

/* At @la is its last byte.  What cannot be written stays. */
static void hypercall_rewrite(struct x86_vcpu *v, u64 la)
{
	u64 access = state_get(v, GRP_CPL)->cpl == 3 ? PF_WRITE | PF_USER :
						       PF_WRITE;
	u8 old = modrm_foreign();
	struct emul_fault fault;
	gpa_t gpa;

	if (guest_translate(v, la, access, &gpa, &fault) == EMUL_OK)
		guest_cmpxchg(&v->vcpu, gpa, &old, &x86_caps->hypercall_modrm,
			      1);
}

bool hypercall_undefined(struct x86_vcpu *v)
{
	struct emul_fault fault;
	struct emul_insn insn;
	struct insn_code c;
	int len;

	if (!quirk_is_on(v, KVM_X86_QUIRK_FIX_HYPERCALL_INSN))
		return false;
	insn_code_start(v, &c);
	len = insn_code_decode(v, &c, &insn, &fault);
	if (len < 0 || !insn_is_foreign(&insn))
		return false;
	hypercall_rewrite(v, c.mode == EMUL_64 ? c.la + len - 1 :
						 (u32)(c.la + len - 1));
	exit_skip_to(v, emul_rip_advance(c.mode, v->state.rip, len));
	hypercall_execute(v);
	return true;
}
