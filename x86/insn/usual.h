/* SPDX-License-Identifier: GPL-2.0-only */
/* What exits do not tell on processors without NRIP save or decode assists. */
#ifndef LAMINA_X86_INSN_USUAL_H
#define LAMINA_X86_INSN_USUAL_H

#include "x86/vcpu/x86.h"

/**
 * emulate_next_rip - where the instruction at RIP ends
 * @v: own thread, kvm->srcu held
 * @exit: its kind tells which instruction to expect
 * @next_rip: result
 *
 * Return: true when @next_rip is set; false when the guest gets a fault
 * instead, or, with KVM_EXIT_INTERNAL_ERROR, when the bytes make no sense: the handler
 * returns v->next.
 */
bool emulate_next_rip(struct x86_vcpu *v, const struct x86_exit *exit, u64 *next_rip);

/** emulate_skip - exit_skip() (run/exits.h) where the hardware does not tell */
bool emulate_skip(struct x86_vcpu *v, const struct x86_exit *exit);

/**
 * usual_cr - which register does a MOV to or from a control register name?
 * @v: own thread, kvm->srcu held
 * @exit: of kind X86_EXIT_CR, with @cr.decode
 * @gpr: result
 * @next_rip: result, where the instruction ends; 0 behind one that ends at the top
 *
 * Return: false when it takes the emulator to say.
 */
bool usual_cr(struct x86_vcpu *v, const struct x86_exit *exit, u8 *gpr, u64 *next_rip);

/**
 * usual_invlpg - which address does an INVLPG name?
 * @v: own thread, kvm->srcu held
 * @la: result, canonical
 * @next_rip: result: where the instruction ends
 *
 * Return: false when it takes the emulator to say.
 */
bool usual_invlpg(struct x86_vcpu *v, u64 *la, u64 *next_rip);

/**
 * usual_mmio - execute a MOV to or from a device (usual_mmio.c)
 * @v: own thread, kvm->srcu held; emulate_fetch() has found the instruction
 * @exit: of kind X86_EXIT_PAGE, by the instruction's access
 * @next: what the run loop does next, when true is returned
 *
 * Return: false when it takes the emulator; nothing has changed then.
 */
bool usual_mmio(struct x86_vcpu *v, const struct x86_exit *exit,
		enum x86_next *next);

#endif
