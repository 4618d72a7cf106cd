/* SPDX-License-Identifier: GPL-2.0-only */
/* Exit handlers, by kind of exit. */
#ifndef LAMINA_X86_RUN_EXITS_H
#define LAMINA_X86_RUN_EXITS_H

#include "x86/cpu/debug.h"
#include "x86/insn/usual.h"
#include "x86/vcpu/exit.h"
#include "x86/vcpu/x86.h"

typedef enum x86_next exit_handler(struct x86_vcpu *v, const struct x86_exit *exit);

/* By kind. */
extern exit_handler *const exit_handlers[X86_EXIT_KINDS];

/**
 * exit_dispatch - handle one exit
 * @v: own thread, kvm->srcu held
 * @exit: from the vendor's exit_decode()
 *
 * Return: what the run loop does next.
 */
static inline enum x86_next exit_dispatch(struct x86_vcpu *v,
					  const struct x86_exit *exit)
{
	return exit_handlers[exit->kind](v, exit);
}

/**
 * exit_skip - step over the instruction that caused the exit
 * @v: own thread
 * @exit: the exit
 *
 * Decodes when the hardware does not tell the length.  Ends the interrupt
 * shadow; raises #DB when the guest single-steps.
 *
 * Return: true when done.  False when fetching faulted and the guest gets that
 * fault instead, or the bytes make no sense; nothing has changed then but v->next, which
 * the handler returns.
 */
static __always_inline bool exit_skip(struct x86_vcpu *v, const struct x86_exit *exit)
{
	if (!exit->next_rip)
		return emulate_skip(v, exit);
	debug_insn_skip(v, exit->next_rip);
	return true;
}

/**
 * exit_next_rip - where the instruction that caused the exit ends
 * @v: own thread, kvm->srcu held
 * @exit: the exit
 * @rip: result, for exit_skip_to()
 *
 * Comes before the first effect of an instruction that may change the guest's code or
 * how it is fetched, or that must not happen twice.
 *
 * Return: as exit_skip(), which is this and exit_skip_to().
 */
static inline bool exit_next_rip(struct x86_vcpu *v, const struct x86_exit *exit,
				 u64 *rip)
{
	*rip = exit->next_rip;
	return *rip || emulate_next_rip(v, exit, rip);
}

/**
 * exit_skip_to - the instruction has completed
 * @v: own thread
 * @rip: the next one's address
 */
void exit_skip_to(struct x86_vcpu *v, u64 rip);

/**
 * exit_ask - userspace completes the instruction at RIP
 * @v: own thread; the run page tells of the exit
 * @next_rip: the next one's address, for exit_skip_to() when it has answered
 * @pending: called when KVM_RUN is, before anything else: see exit_rip_stands()
 *
 * Return: X86_USER.
 */
static inline enum x86_next exit_ask(struct x86_vcpu *v, u64 next_rip,
				     enum x86_next (*pending)(struct x86_vcpu *v))
{
	v->ask_located = false;
	v->ask_next = next_rip;
	v->pending = pending;
	return X86_USER;
}

/**
 * exit_soft_exception - the guest's INT3 or INTO is the guest's
 * @v: own thread, kvm->srcu held
 * @exit: #BP or #OF
 */
void exit_soft_exception(struct x86_vcpu *v, const struct x86_exit *exit);

/**
 * exit_is_split_lock - is this #AC one that the guest has not asked for?
 * @v: own thread
 *
 * The host looks for locked accesses that lie in two cache lines.
 */
bool exit_is_split_lock(struct x86_vcpu *v);

/* Handlers: pio_exit.c, page.c, cr_exit.c, msr_exit.c. */
enum x86_next pio_exit(struct x86_vcpu *v, const struct x86_exit *exit);
enum x86_next refused_exit(struct x86_vcpu *v, const struct x86_exit *exit);
enum x86_next page_exit(struct x86_vcpu *v, const struct x86_exit *exit);
enum x86_next apic_exit(struct x86_vcpu *v, const struct x86_exit *exit);
enum x86_next fault_exit(struct x86_vcpu *v, const struct x86_exit *exit);
enum x86_next cr_exit(struct x86_vcpu *v, const struct x86_exit *exit);
enum x86_next invlpg_exit(struct x86_vcpu *v, const struct x86_exit *exit);
enum x86_next dr_exit(struct x86_vcpu *v, const struct x86_exit *exit);
enum x86_next xsetbv_exit(struct x86_vcpu *v, const struct x86_exit *exit);
enum x86_next rdmsr_exit(struct x86_vcpu *v, const struct x86_exit *exit);
enum x86_next wrmsr_exit(struct x86_vcpu *v, const struct x86_exit *exit);

#endif
