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
	/* VT-x's exit comes before this check (SDM vol. 3, 26.1.3), SVM's behind it. */
	if (state_get(v, GRP_CPL)->cpl)
		return X86_TRAP_GP;
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

/* Breakpoints are userspace's, if it has any: debug_dr7(). */
void debug_stepped(struct x86_vcpu *v, u64 rflags, u64 hits)
{
	bool user = debug_has_breakpoints(v);
	u64 bits = user ? 0 : hits;

	if (rflags & X86_EFLAGS_TF)
		bits |= DR6_BS;
	if (bits)
		event_debug(v, bits);
	if (user)
		v->debug.hits |= hits;
	if (debug_steps(v) || (user && hits))
		request_set(&v->vcpu, REQ_DEBUG_STEP);
}

void debug_insn_step(struct x86_vcpu *v, u64 rip)
{
	struct x86_state *s;

	s = state_set(v, GRP_RFLAGS);
	s = state_replace(v, GRP_RIP | GRP_SHADOW);
	s->rip = rip;
	s->shadow = 0;
	s->rflags &= ~(u64)X86_EFLAGS_RF;
	debug_insn_done(v, s->rflags);
}

/* R/W and LEN of breakpoint @i in DR7. */
#define DR7_RW(dr7, i)	((dr7) >> (16 + 4 * (i)) & 3)
#define DR7_LEN(dr7, i)	((dr7) >> (18 + 4 * (i)) & 3)
enum { RW_EXECUTE, RW_WRITE, RW_IO, RW_ACCESS };

static bool breakpoint_is_for(struct x86_vcpu *v, unsigned int rw,
			      enum debug_kind kind)
{
	if (kind == DEBUG_EXECUTE)
		return rw == RW_EXECUTE;
	if (kind == DEBUG_IO)
		return rw == RW_IO && state_get(v, GRP_CR4)->cr4 & X86_CR4_DE;
	return rw == RW_ACCESS || (rw == RW_WRITE && kind == DEBUG_WRITE);
}

u64 debug_access(struct x86_vcpu *v, u64 at, unsigned int size,
		 enum debug_kind kind)
{
	static const u8 lens[] = { 1, 2, 8, 4 };
	u64 dr7 = debug_dr7(v), hits = 0, from;
	unsigned int i, len;

	for (i = 0; i < 4; i++) {
		if (!(dr7 >> 2 * i & 3) ||
		    !breakpoint_is_for(v, DR7_RW(dr7, i), kind))
			continue;
		len = lens[DR7_LEN(dr7, i)];
		from = debug_db(v)[i] & -(u64)len;
		if (at < from + len && from < at + size)
			hits |= BIT_ULL(i);
	}
	return hits;
}

bool debug_insn_hit(struct x86_vcpu *v)
{
	const struct x86_state *s = state_get(v, GRP_RFLAGS | GRP_SHADOW);
	u64 hits;

	/* Behind a load of SS it is as with RF (SDM vol. 3, 17.3.1.1). */
	if ((s->rflags & X86_EFLAGS_RF) || (s->shadow & SHADOW_MOV_SS))
		return false;
	hits = debug_access(v, state_code_la(v), 1, DEBUG_EXECUTE);
	if (!hits)
		return false;
	if (debug_has_breakpoints(v)) {
		v->debug.hits |= hits;
		request_set(&v->vcpu, REQ_DEBUG_STEP);
	} else {
		event_debug(v, hits);
	}
	return true;
}
