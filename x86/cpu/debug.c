// SPDX-License-Identifier: GPL-2.0-only
/* The guest's debug registers, and the debug exceptions that x86 raises. */
#include <asm/trapnr.h>

#include "core/run_state.h"
#include "x86/cpu/debug.h"
#include "x86/vcpu/vendor.h"

/* DR4 and DR5 are names of DR6 and DR7 unless CR4.DE says otherwise. */
static u32 dr_number(u32 nr)
{
	return nr == 4 || nr == 5 ? nr + 2 : nr;
}

int dr_refused(struct x86_vcpu *v, u32 nr)
{
	struct x86_state *s;

	if (nr > 7 || (nr != dr_number(nr) &&
		       (state_get(v, GRP_CR4)->cr4 & X86_CR4_DE)))
		return X86_TRAP_UD;
	if (!(state_get(v, GRP_DR)->dr7 & DR7_GD))
		return -1;
	s = state_set(v, GRP_DR);
	s->dr6 = (s->dr6 & ~DR6_BREAKPOINTS) | DR6_BD;
	return X86_TRAP_DB;
}

int dr_set(struct x86_vcpu *v, u32 nr, u64 value)
{
	struct x86_state *s = state_set(v, GRP_DR);

	nr = dr_number(nr);
	if (nr < 4) {
		s->db[nr] = value;
		return 0;
	}
	if (value >> 32)
		return -EINVAL;
	if (nr == 6)
		s->dr6 = dr6_fixed(value);
	else
		s->dr7 = dr7_fixed(value);
	vendor(policy_update)(v);
	return 0;
}

u64 dr_get(struct x86_vcpu *v, u32 nr)
{
	const struct x86_state *s = state_get(v, GRP_DR);

	nr = dr_number(nr);
	if (nr < 4)
		return s->db[nr];
	return nr == 6 ? s->dr6 : s->dr7;
}

void debug_trap(struct x86_vcpu *v, u64 bits)
{
	struct x86_state *s = state_set(v, GRP_DR);

	s->dr6 = (s->dr6 & ~DR6_BREAKPOINTS) | bits;
	kvm_event_exception(v, X86_TRAP_DB, -1);
}

void debug_stepped(struct x86_vcpu *v, u64 rflags)
{
	if (rflags & X86_EFLAGS_TF)
		debug_trap(v, DR6_BS);
	if (debug_steps(v))
		request_set(&v->vcpu, REQ_DEBUG_STEP);
}
