/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Debug registers, and the debug exceptions that x86 raises in the processor's place.
 *
 * The guest's debug registers (GRP_DR) change through x86 only, because every
 * access to them and every #DB exits; but for local breakpoints, which a task switch of
 * the processor's clears.  While userspace debugs with hardware
 * breakpoints the processor has userspace's instead; the guest still sees its
 * own.
 */
#ifndef LAMINA_X86_CPU_DEBUG_H
#define LAMINA_X86_CPU_DEBUG_H

#include "x86/vcpu/x86.h"

/** dr6_fixed - DR6 as the processor keeps what is written */
static inline u64 dr6_fixed(u64 value)
{
	return (value & DR6_BITS) | DR6_ONES;
}

/** dr7_fixed - DR7 as the processor keeps what is written */
static inline u64 dr7_fixed(u64 value)
{
	return (value & DR7_BITS) | DR7_ONES;
}

/**
 * dr_refused - may the guest access a debug register now?
 * @v: own thread
 * @nr: which
 *
 * Return: -1; or the vector that the guest gets, #UD, #GP, or #DB with DR6 set
 * (APM vol. 2, 13.1.1.2 and 13.1.1.4).
 */
int dr_refused(struct x86_vcpu *v, u32 nr);

/** dr_set - MOV to a debug register, 0 to 7; -EINVAL: #GP */
int dr_set(struct x86_vcpu *v, u32 nr, u64 value);

/** dr_get - MOV from a debug register, 0 to 7 */
u64 dr_get(struct x86_vcpu *v, u32 nr);

/**
 * debug_stepped - an instruction is complete that somebody may wait for
 * @v: own thread; RIP is behind the instruction
 * @rflags: the guest's RFLAGS before it
 * @hits: breakpoints that its accesses have met, as DR6 bits
 */
void debug_stepped(struct x86_vcpu *v, u64 rflags, u64 hits);

/** debug_is_armed - may what is emulated meet a breakpoint? */
static inline bool debug_is_armed(struct x86_vcpu *v)
{
	state_get(v, GRP_DR);
	return debug_dr7(v) & DR7_ENABLED;
}

enum debug_kind { DEBUG_READ, DEBUG_WRITE, DEBUG_IO, DEBUG_EXECUTE };

/**
 * debug_access - breakpoints that an access meets (APM vol. 2, 13.1.2)
 * @v: own thread; debug_is_armed()
 * @at: linear address, or port
 * @size: in bytes
 * @kind: which
 *
 * Return: DR6 bits.
 */
u64 debug_access(struct x86_vcpu *v, u64 at, unsigned int size,
		 enum debug_kind kind);

/**
 * debug_insn_hit - is there a breakpoint at the instruction that software executes next?
 * @v: own thread; debug_is_armed(), and the hardware has not seen the instruction
 *
 * Return: true: the guest gets #DB, or userspace hears of it, before the instruction.
 */
bool debug_insn_hit(struct x86_vcpu *v);

/**
 * debug_insn_done - x86 has completed an instruction in the guest's place
 * @v: own thread; RIP is behind the instruction
 * @rflags: the guest's RFLAGS before it
 *
 * Raises the trap that the instruction itself would have ended with.
 */
static inline void debug_insn_done(struct x86_vcpu *v, u64 rflags)
{
	if (unlikely((rflags & X86_EFLAGS_TF) || debug_steps(v)))
		debug_stepped(v, rflags, 0);
}

/** debug_insn_step - debug_insn_skip() where RFLAGS are to be fetched, or a trap follows */
void debug_insn_step(struct x86_vcpu *v, u64 rip);

/**
 * debug_insn_skip - the same for one that changes no flags; moves RIP behind it
 * @v: own thread
 * @rip: the address of the next instruction
 */
static __always_inline void debug_insn_skip(struct x86_vcpu *v, u64 rip)
{
	struct x86_state *s = &v->state;

	if (unlikely(!(s->valid & GRP_RFLAGS) || s->rflags & X86_EFLAGS_TF ||
		     debug_steps(v))) {
		debug_insn_step(v, rip);
		return;
	}
	s->valid |= GRP_RIP | GRP_SHADOW;
	s->dirty |= GRP_RIP | GRP_SHADOW | GRP_RFLAGS;
	s->rip = rip;
	s->shadow = 0;
	/* It held for this instruction only (APM vol. 2, 3.1.6). */
	s->rflags &= ~(u64)X86_EFLAGS_RF;
}

#endif
