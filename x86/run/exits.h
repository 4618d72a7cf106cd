/* SPDX-License-Identifier: GPL-2.0-only */
/* Exit handlers, by kind of exit. */
#ifndef LAMINA_X86_RUN_EXITS_H
#define LAMINA_X86_RUN_EXITS_H

#include "x86/vcpu/exit.h"
#include "x86/vcpu/x86.h"

/**
 * exit_dispatch - handle one exit
 * @v: own thread, kvm->srcu held
 * @exit: from the vendor's exit_decode()
 *
 * Return: what the run loop does next.
 */
enum x86_next exit_dispatch(struct x86_vcpu *v, const struct x86_exit *exit);

/**
 * exit_skip - step over the instruction that caused the exit
 * @v: own thread
 * @exit: the exit
 * @next: what the handler returns when the instruction was not stepped over
 *
 * Decodes when the hardware does not tell the length.  Ends the interrupt
 * shadow; raises #DB when the guest single-steps.
 *
 * Return: true when done.  False when fetching faulted and the guest gets that
 * fault instead, or the bytes make no sense; nothing has changed then.
 */
bool exit_skip(struct x86_vcpu *v, const struct x86_exit *exit,
	       enum x86_next *next);

/**
 * exit_halt - HLT has completed
 * @v: own thread
 *
 * Return: X86_USER with KVM_EXIT_HLT, or X86_RESUME when an event waits.
 */
enum x86_next exit_halt(struct x86_vcpu *v);

/**
 * exit_internal_error - KVM_EXIT_INTERNAL_ERROR
 * @v: own thread
 * @suberror: KVM_INTERNAL_ERROR_*
 * @ndata: how many of @data
 * @data: numbers for userspace's message
 *
 * Return: X86_USER.
 */
enum x86_next exit_internal_error(struct x86_vcpu *v, u32 suberror, u32 ndata,
				  const u64 *data);

/* Handlers: x86/insn/pio.c, page.c, cr_exit.c, msr.c, cpuid.c. */
enum x86_next pio_exit(struct x86_vcpu *v, const struct x86_exit *exit);
enum x86_next page_exit(struct x86_vcpu *v, const struct x86_exit *exit);
enum x86_next fault_exit(struct x86_vcpu *v, const struct x86_exit *exit);
enum x86_next cr_exit(struct x86_vcpu *v, const struct x86_exit *exit);
enum x86_next invlpg_exit(struct x86_vcpu *v, const struct x86_exit *exit);
enum x86_next dr_exit(struct x86_vcpu *v, const struct x86_exit *exit);
enum x86_next xsetbv_exit(struct x86_vcpu *v, const struct x86_exit *exit);
enum x86_next rdmsr_exit(struct x86_vcpu *v, const struct x86_exit *exit);
enum x86_next wrmsr_exit(struct x86_vcpu *v, const struct x86_exit *exit);
enum x86_next cpuid_exit(struct x86_vcpu *v, const struct x86_exit *exit);

#endif
