// SPDX-License-Identifier: GPL-2.0-only
/* Executing one instruction of the guest in software. */
#include <linux/slab.h>
#include <linux/string.h>

#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "x86/debug.h"
#include "x86/emulate.h"
#include "x86/lifecycle.h"
#include "x86/run.h"
#include "x86/vendor.h"

void vcpu_step_emul_down(void *obj)
{
	kfree(to_x86_vcpu(obj)->emul);
}

static enum x86_next emulate_exec(struct x86_vcpu *v);

/* The client has answered the read that emulate_exec() stopped at. */
static enum x86_next read_answered(struct x86_vcpu *v)
{
	struct x86_emulator *em = v->emul;
	struct mmio_piece *p = &em->read[em->nreads];

	memcpy(p->data, mmio_answer(v, p), p->len);
	em->nreads++;
	return emulate_exec(v);
}

/* Show the client the next posted write, until none is left. */
static enum x86_next write_next(struct x86_vcpu *v)
{
	struct x86_emulator *em = v->emul;

	if (em->sent == em->nwrites)
		return X86_RESUME;
	mmio_ask_client(v, &em->write[em->sent++], true);
	v->pending = write_next;
	return X86_USER;
}

static enum x86_next emulate_commit(struct x86_vcpu *v)
{
	struct x86_emulator *em = v->emul;
	struct x86_state *s;
	u64 from, rflags;

	s = state_set(v, GRP_RIP | GRP_RSP | GRP_RFLAGS | GRP_SHADOW);
	from = s->rip;
	rflags = s->rflags;
	s->rip = em->ctx.rip;
	if (emulate_mode(v) != EMUL_64)
		s->rip = (u32)s->rip;
	s->rflags = em->ctx.rflags & ~(u64)X86_EFLAGS_RF;
	/* In the middle of REP: its breakpoint has been hit (APM vol. 2, 3.1.6). */
	if (s->rip == from)
		s->rflags |= X86_EFLAGS_RF;
	s->shadow = 0;
	debug_insn_done(v, rflags);
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

enum x86_next emulate_insn(struct x86_vcpu *v, const struct x86_exit *exit)
{
	const struct x86_state *s;
	struct x86_emulator *em;
	enum x86_next next;

	if (!emulator_make(v))
		return run_fail(v, -ENOMEM);
	em = v->emul;
	em->nreads = 0;
	s = state_get(v, GRP_RIP | GRP_RSP | GRP_RFLAGS | GRP_CR0 | GRP_CSSS);
	em->ctx.ops = &mmio_emul_ops;
	em->ctx.priv = v;
	em->ctx.mode = emulate_mode(v);
	em->ctx.protected = (s->cr0 & X86_CR0_PE) &&
			    !(s->rflags & X86_EFLAGS_VM);
	em->ctx.cpl = s->cpl;
	em->ctx.la57 = state_get(v, GRP_CR4)->cr4 & X86_CR4_LA57;
	em->ctx.gpr = v->state.gpr;
	em->ctx.rip = s->rip;
	em->ctx.rflags = s->rflags;
	if (!emulate_decode(v, exit, &em->ctx.insn, &next))
		return next;
	return emulate_exec(v);
}
