/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions of the guest that are executed in software. */
#ifndef LAMINA_X86_INSN_EMULATE_H
#define LAMINA_X86_INSN_EMULATE_H

#include "x86/insn/mmio.h"
#include "x86/vcpu/x86.h"

/* No access has this bit. */
#define HINT_NONE	BIT_ULL(63)

/**
 * struct x86_emulator - state of an emulation; made when first needed
 * @ctx: the emulator's context, holding the decoded instruction
 * @bytes: what @ctx.insn was decoded from
 * @known: how many bytes that is; 0: decode anew
 * @first: of the first eight, as a number, the bits that are its own
 * @hint: where the exit's access went, which is that of the only operand in memory
 * @hint_access: what it may be used for: 0 and PF_WRITE; HINT_NONE
 * @rip: where the instruction is
 * @rflags: RFLAGS when it began
 * @single_step: a trap follows, the guest's or userspace's
 * @batch: elements of a port that userspace was asked for
 * @halt: it is HLT
 * @shadow: interrupts wait for one more instruction
 * @task: it has changed tasks
 * @armed: its accesses may meet breakpoints
 * @hits: those that they have met, as DR6 bits
 * @fpu: the guest's FPU state, for instructions that move it; made when needed
 * @read: pieces read from devices so far, in order; the next one may wait
 * @nreads: how many are answered
 * @cursor: next one to replay
 * @write: posted writes
 * @nwrites: how many
 * @sent: how many userspace has seen
 */
struct x86_emulator {
	struct emul_ctx ctx;
	u8 bytes[EMUL_INSN_MAX];
	u8 known;
	u64 first;
	gpa_t hint;
	u64 hint_access;
	u64 rip;
	u64 rflags;
	u16 batch;
	bool single_step;
	bool halt;
	bool shadow;
	bool task;
	bool armed;
	u8 hits;
	struct emul_fpu *fpu;
	struct mmio_list read;
	struct mmio_list write;
	u16 nreads;
	u16 cursor;
	u16 nwrites;
	u16 sent;
};

/** mmio_list_free - what an emulator's list has allocated */
void mmio_list_free(struct mmio_list *list);

/* What the emulator asks of a vCPU; ctx->priv is the vCPU (emul_env.c). */
extern const struct emul_ops emul_env_ops;

/**
 * emul_env_translate - linear address to gpa, for the emulator's privilege
 * @ctx: the emulation; @fault is filled for EMUL_FAULT
 * @la: linear address
 * @access: PF_WRITE or 0
 * @gpa: result
 *
 * Return: as for guest_translate().
 */
enum emul_result emul_env_translate(struct emul_ctx *ctx, u64 la, u64 access,
				    gpa_t *gpa);

/**
 * emulate_insn - execute the instruction at RIP in software
 * @v: own thread, kvm->srcu held
 * @exit: the exit it caused; may carry its bytes
 *
 * Return: what the run loop does next.
 */
enum x86_next emulate_insn(struct x86_vcpu *v, const struct x86_exit *exit);

/**
 * emulate_alone - emulate_insn() where no hardware sees an IRET
 * @v: own thread, kvm->srcu held
 * @exit: the exit that it caused
 *
 * Return: what the run loop does next.
 */
enum x86_next emulate_alone(struct x86_vcpu *v, const struct x86_exit *exit);

/**
 * emulate_step - go on in software, in a state that the hardware cannot run
 * @v: own thread, kvm->srcu held
 *
 * Delivers an event, in real mode, stops at a breakpoint, or executes an instruction.
 *
 * Return: what the run loop does next.
 */
enum x86_next emulate_step(struct x86_vcpu *v);

/**
 * emulate_task_switch - change the guest to another task
 * @v: own thread, kvm->srcu held; not in long mode
 * @t: what is known of it
 *
 * What was on its way into the guest has arrived with it, if it succeeds.
 *
 * Return: what the run loop does next.
 */
enum x86_next emulate_task_switch(struct x86_vcpu *v, const struct emul_task *t);

/** vcpu_step_emul_down - vCPU step: free the emulator, if it was needed */
void vcpu_step_emul_down(void *vcpu);

#endif
