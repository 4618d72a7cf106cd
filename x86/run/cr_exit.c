// SPDX-License-Identifier: GPL-2.0-only
/* Exits by instructions that move control, debug and extended control registers. */
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "x86/cpu/cr.h"
#include "x86/cpu/debug.h"
#include "x86/cpu/fpu.h"
#include "x86/insn/emulate.h"
#include "x86/insn/usual.h"
#include "x86/run/exits.h"
#include "x86/vcpu/trace.h"
#include "x86/vcpu/vendor.h"

static enum x86_next mov_complete(struct x86_vcpu *v, u64 next_rip, int err)
{
	if (err)
		kvm_event_exception(v, X86_TRAP_GP, 0);
	else
		exit_skip_to(v, next_rip);
	return X86_RESUME;
}

/* Outside of 64-bit mode the instructions move 32 bits. */
static __always_inline u64 gpr_read(struct x86_vcpu *v, u8 gpr)
{
	u64 value = state_get(v, gpr == GPR_RSP ? GRP_RSP : 0)->gpr[gpr];

	return state_is_64bit_code(v) ? value : (u32)value;
}

static void gpr_write(struct x86_vcpu *v, u8 gpr, u64 value)
{
	if (!state_is_64bit_code(v))
		value = (u32)value;
	state_set(v, gpr == GPR_RSP ? GRP_RSP : 0)->gpr[gpr] = value;
}

enum x86_next cr_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	u8 gpr = exit->cr.gpr;
	u64 value, rip;

	/* Hardware does not say which registers: MOV CR, CLTS, LMSW, SMSW. */
	if (exit->cr.decode && !usual_cr(v, exit, &gpr, &rip))
		return emulate_insn(v, exit);
	if (!cr_exists(exit->cr.nr)) {
		kvm_event_exception(v, X86_TRAP_UD, -1);
		return X86_RESUME;
	}
	if (!exit->cr.decode && !exit_next_rip(v, exit, &rip))
		return v->next;
	if (exit->cr.write) {
		value = gpr_read(v, gpr);
		trace_kvm_cr(TRACE_WRITE, exit->cr.nr, value);
		return mov_complete(v, rip, cr_set(v, exit->cr.nr, value));
	}
	value = cr_get(v, exit->cr.nr);
	trace_kvm_cr(TRACE_READ, exit->cr.nr, value);
	gpr_write(v, gpr, value);
	return mov_complete(v, rip, 0);
}

enum x86_next invlpg_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	u64 la, rip;

	if (!usual_invlpg(v, &la, &rip))
		return emulate_insn(v, exit);
	cr_flush_page(v, la);
	return mov_complete(v, rip, 0);
}

enum x86_next dr_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	u8 nr = exit->dr.nr;
	int vector;
	u64 rip;

	if (exit->dr.decode)
		return emulate_insn(v, exit);
	vector = dr_refused(v, nr);
	if (vector >= 0) {
		kvm_event_exception(v, vector, vector == X86_TRAP_GP ? 0 : -1);
		return X86_RESUME;
	}
	if (!exit_next_rip(v, exit, &rip))
		return v->next;
	if (exit->dr.write)
		return mov_complete(v, rip, dr_set(v, nr, gpr_read(v, exit->dr.gpr)));
	gpr_write(v, exit->dr.gpr, dr_get(v, nr));
	return mov_complete(v, rip, 0);
}

enum x86_next xsetbv_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	u64 value = (u32)v->state.gpr[GPR_RAX] |
		    (u64)(u32)v->state.gpr[GPR_RDX] << 32;
	u64 rip;

	if (!(state_get(v, GRP_CR4)->cr4 & X86_CR4_OSXSAVE)) {
		kvm_event_exception(v, X86_TRAP_UD, -1);
		return X86_RESUME;
	}
	if (!exit_next_rip(v, exit, &rip))
		return v->next;
	if (state_get(v, GRP_CPL)->cpl)
		return mov_complete(v, rip, -EINVAL);
	return mov_complete(v, rip, fpu_set_xcr0(v, v->state.gpr[GPR_RCX], value));
}
