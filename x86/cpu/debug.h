/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Debug exceptions, and who gets them: the guest or userspace that debugs it.
 *
 * The guest's debug registers (GRP_DR) change through x86 only, because every
 * access to them and every #DB exits.  While userspace debugs with hardware
 * breakpoints the processor has userspace's instead; the guest still sees its
 * own.
 */
#ifndef LAMINA_X86_CPU_DEBUG_H
#define LAMINA_X86_CPU_DEBUG_H

#include <asm/processor-flags.h>

#include "x86/vcpu/exit.h"
#include "x86/vcpu/x86.h"

/* DR6 (APM vol. 2, 13.1.1.3) and DR7 (13.1.1.4). */
#define DR6_BREAKPOINTS	0xfull		/* B0 to B3 */
#define DR6_BD		BIT_ULL(13)
#define DR6_BS		BIT_ULL(14)
#define DR6_BITS	0x0000e00full	/* all that are no constants */
#define DR6_ONES	0xffff0ff0ull	/* read as one */
#define DR7_ENABLED	0xffull		/* L0 to L3, G0 to G3 */
#define DR7_GD		BIT_ULL(13)
#define DR7_BITS	0xffff2bffull
#define DR7_ONES	0x00000400ull

/* Control bits that KVM_SET_GUEST_DEBUG takes. */
#define DEBUG_CONTROL	(KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP | \
			 KVM_GUESTDBG_USE_SW_BP | KVM_GUESTDBG_USE_HW_BP | \
			 KVM_GUESTDBG_INJECT_DB | KVM_GUESTDBG_INJECT_BP | \
			 KVM_GUESTDBG_BLOCKIRQ)

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

/** debug_steps - does userspace want to hear of every instruction? */
static inline bool debug_steps(const struct x86_vcpu *v)
{
	return v->debug.control & KVM_GUESTDBG_SINGLESTEP;
}

/** debug_has_breakpoints - are userspace's breakpoints in the debug registers? */
static inline bool debug_has_breakpoints(const struct x86_vcpu *v)
{
	return v->debug.control & KVM_GUESTDBG_USE_HW_BP;
}

/** debug_takes_int3 - does INT3 go to userspace? */
static inline bool debug_takes_int3(const struct x86_vcpu *v)
{
	return v->debug.control & KVM_GUESTDBG_USE_SW_BP;
}

/** debug_blocks_events - does userspace keep interrupts and NMIs out? */
static inline bool debug_blocks_events(const struct x86_vcpu *v)
{
	return v->debug.control & KVM_GUESTDBG_BLOCKIRQ;
}

/** debug_db - DR0 to DR3 for the processor; GRP_DR is valid */
static inline const u64 *debug_db(const struct x86_vcpu *v)
{
	return debug_has_breakpoints(v) ? v->debug.db : v->state.db;
}

/** debug_dr7 - DR7 for the processor; GRP_DR is valid */
static inline u64 debug_dr7(const struct x86_vcpu *v)
{
	return debug_has_breakpoints(v) ? v->debug.dr7 : v->state.dr7;
}

/**
 * debug_trap - #DB for the guest
 * @v: own thread
 * @bits: why: DR6_*
 */
void debug_trap(struct x86_vcpu *v, u64 bits);

/**
 * debug_db_exit - the processor raised #DB
 * @v: own thread
 * @exit: of kind X86_EXIT_EXCEPTION
 *
 * Return: what the run loop does next.
 */
enum x86_next debug_db_exit(struct x86_vcpu *v, const struct x86_exit *exit);

/**
 * debug_bp_exit - the guest is about to execute INT3
 * @v: own thread
 *
 * Return: what the run loop does next.
 */
enum x86_next debug_bp_exit(struct x86_vcpu *v);

/**
 * debug_int_exit - the guest is about to execute INT n, INT3 or INTO
 * @v: own thread, kvm->srcu held
 * @exit: of kind X86_EXIT_SOFT_INT
 *
 * Return: what the run loop does next.
 */
enum x86_next debug_int_exit(struct x86_vcpu *v, const struct x86_exit *exit);

/**
 * debug_step_exit - KVM_EXIT_DEBUG for an instruction that x86 completed
 * @v: own thread, REQ_DEBUG_STEP taken
 *
 * Return: X86_USER.
 */
enum x86_next debug_step_exit(struct x86_vcpu *v);

/** debug_stepped - the rare half of debug_insn_done() */
void debug_stepped(struct x86_vcpu *v, u64 rflags);

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
		debug_stepped(v, rflags);
}

/** debug_ioctl_set - KVM_SET_GUEST_DEBUG; -EBUSY: an exception is pending already */
long debug_ioctl_set(void *vcpu, void *data, unsigned long arg);

#endif
