// SPDX-License-Identifier: GPL-2.0-only
/* Executing one instruction of the guest in software. */
#include <linux/slab.h>
#include <linux/string.h>

#include <asm/processor.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "x86/debug.h"
#include "x86/emulate.h"
#include "x86/exits.h"
#include "x86/lifecycle.h"
#include "x86/run.h"
#include "x86/vendor.h"

void vcpu_step_emul_down(void *obj)
{
	kfree(to_x86_vcpu(obj)->emul);
}

static enum x86_next read_answered(struct x86_vcpu *v);

/* Show the client the next posted write, until none is left. */
static enum x86_next write_next(struct x86_vcpu *v)
{
	struct x86_emulator *em = v->emul;

	if (em->sent == em->nwrites)
		return em->halt ? exit_halt(v) : X86_RESUME;
	mmio_ask_client(v, &em->write[em->sent++], true);
	v->pending = write_next;
	return X86_USER;
}

/* STI delays interrupts, a load of SS single-step traps too (SDM vol. 3, 6.8.3). */
#define OPCODE_STI 0xfb

static u8 shadow_of(const struct x86_emulator *em)
{
	const struct emul_insn *insn = &em->ctx.insn;

	if (!em->shadow)
		return 0;
	return !insn->map && insn->opcode == OPCODE_STI ? SHADOW_STI :
							  SHADOW_MOV_SS;
}

static enum x86_next emulate_commit(struct x86_vcpu *v)
{
	struct x86_emulator *em = v->emul;
	struct x86_state *s;

	s = state_set(v, GRP_RIP | GRP_RSP | GRP_RFLAGS | GRP_SHADOW);
	s->rip = em->ctx.rip;
	if (emulate_mode(v) != EMUL_64)
		s->rip = (u32)s->rip;
	s->rflags = em->ctx.rflags & ~(u64)X86_EFLAGS_RF;
	/* In the middle of REP: its breakpoint has been hit (APM vol. 2, 3.1.6). */
	if (em->ctx.insn.rep && s->rip == em->rip)
		s->rflags |= X86_EFLAGS_RF;
	s->shadow = shadow_of(em);
	if (s->cpl != em->ctx.cpl)
		state_set(v, GRP_CSSS)->cpl = em->ctx.cpl;
	/* What the flag was when the instruction began (APM vol. 2, 13.1.4). */
	if (s->shadow != SHADOW_MOV_SS)
		debug_insn_done(v, em->rflags);
	return write_next(v);
}

/*
 * Another vCPU changes our page tables while we walk them; a walk or two later it
 * has done so.  Reads that devices have answered must not be lost meanwhile.
 */
#define EXEC_TRIES 16

static enum emul_result exec_replayed(struct x86_emulator *em)
{
	enum emul_result r;
	int i;

	for (i = 0; i < EXEC_TRIES; i++) {
		em->cursor = 0;
		em->nwrites = 0;
		em->sent = 0;
		em->halt = false;
		em->shadow = false;
		r = emul_exec(&em->ctx);
		if (r != EMUL_RETRY)
			break;
	}
	return r;
}

static enum x86_next emulate_exec(struct x86_vcpu *v)
{
	struct x86_emulator *em = v->emul;

	switch (exec_replayed(em)) {
	case EMUL_OK:
		return emulate_commit(v);
	case EMUL_FAULT:
		return emulate_raise(v, &em->ctx.fault);
	case EMUL_RETRY:
		return X86_RESUME;
	case EMUL_USER:
		mmio_ask_client(v, &em->read[em->nreads], false);
		v->pending = read_answered;
		return X86_USER;
	default:
		return emulate_failed(v);
	}
}

static bool emulator_make(struct x86_vcpu *v)
{
	if (!v->emul)
		v->emul = kzalloc(sizeof(*v->emul), GFP_KERNEL_ACCOUNT);
	return v->emul;
}

/*
 * The vCPU's state for the emulator.  Where the vendors differ, it does what the
 * processor does that executes the rest of the guest.
 */
static void context_fill(struct x86_vcpu *v)
{
	const struct x86_state *s = state_get(v, GRP_RIP | GRP_RSP |
					      GRP_RFLAGS | GRP_CR0 | GRP_CR4 |
					      GRP_CSSS);
	struct x86_emulator *em = v->emul;
	struct emul_ctx *ctx = &em->ctx;

	ctx->ops = &emul_env_ops;
	ctx->priv = v;
	ctx->mode = emulate_mode(v);
	ctx->protected = (s->cr0 & X86_CR0_PE) &&
			 !(s->rflags & X86_EFLAGS_VM);
	ctx->la57 = s->cr4 & X86_CR4_LA57;
	ctx->long_mode = state_is_long_mode(v);
	ctx->amd = boot_cpu_data.x86_vendor != X86_VENDOR_INTEL;
	ctx->implicit = false;
	ctx->cpl = s->cpl;
	ctx->gpr = v->state.gpr;
	ctx->rip = s->rip;
	ctx->rflags = s->rflags;
	em->rip = s->rip;
	em->rflags = s->rflags;
}

/*
 * The client has answered the read that emulate_exec() stopped at.  Registers that
 * it has changed meanwhile are the ones that the instruction completes with,
 * unless they no longer are at that instruction: then there is nothing to complete.
 */
static enum x86_next read_answered(struct x86_vcpu *v)
{
	struct x86_emulator *em = v->emul;
	struct mmio_piece *p = &em->read[em->nreads];

	if (state_get(v, GRP_RIP)->rip != em->rip ||
	    emulate_mode(v) != em->ctx.mode)
		return X86_RESUME;
	context_fill(v);
	memcpy(p->data, mmio_answer(v, p), p->len);
	em->nreads++;
	return emulate_exec(v);
}

enum x86_next emulate_insn(struct x86_vcpu *v, const struct x86_exit *exit)
{
	enum x86_next next;

	if (!emulator_make(v))
		return run_fail(v, -ENOMEM);
	v->emul->nreads = 0;
	context_fill(v);
	if (!emulate_decode(v, exit, &v->emul->ctx.insn, &next))
		return next;
	return emulate_exec(v);
}
