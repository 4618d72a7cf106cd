// SPDX-License-Identifier: GPL-2.0-only
/* Executing one instruction of the guest in software. */
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <asm/processor.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "compat/kernel.h"
#include "core/run_state.h"
#include "emul/exec.h"
#include "emul/opcode.h"
#include "emul/optable.h"
#include "emul/task.h"
#include "x86/cpu/cr.h"
#include "x86/cpu/debug.h"
#include "x86/insn/emulate.h"
#include "x86/insn/fetch.h"
#include "x86/insn/pio.h"
#include "x86/insn/usual.h"
#include "x86/vcpu/frame.h"
#include "x86/vcpu/nested.h"
#include "x86/vcpu/trace.h"
#include "x86/vcpu/vendor.h"

void vcpu_step_emul_down(void *obj)
{
	struct x86_emulator *em = to_x86_vcpu(obj)->emul;

	if (!em)
		return;
	mmio_list_free(&em->read);
	mmio_list_free(&em->write);
	kfree(em->fpu);
	kfree(em);
}

/* The vCPU's state for the instruction that emulate_fetch() has found. */
static void context_fill(struct x86_vcpu *v)
{
	const struct x86_state *s = state_get(v, GRP_RIP | GRP_RSP |
					      GRP_RFLAGS | GRP_CR4 | GRP_CSSS |
					      GRP_CPL);
	struct x86_emulator *em = v->emul;
	struct emul_ctx *ctx = &em->ctx;

	ctx->protected = ctx->mode == EMUL_64 ||
			 ((state_get(v, GRP_CR0)->cr0 & X86_CR0_PE) &&
			  !(s->rflags & X86_EFLAGS_VM));
	ctx->la57 = s->cr4 & X86_CR4_LA57;
	ctx->long_mode = state_is_long_mode(v);
	ctx->implicit = false;
	ctx->align = s->cpl == 3 && s->rflags & X86_EFLAGS_AC &&
		     state_get(v, GRP_CR0)->cr0 & X86_CR0_AM;
	ctx->cpl = s->cpl;
	ctx->rip = s->rip;
	ctx->rflags = s->rflags;
	em->rip = s->rip;
	em->rflags = s->rflags;
	em->single_step = (s->rflags & X86_EFLAGS_TF) || debug_steps(v);
	em->armed = debug_is_armed(v);
	em->hint_access = HINT_NONE;
}

/*
 * Userspace has answered.  The instruction goes on with the registers as they are now,
 * which userspace may have changed; if RIP has moved, the instruction is dropped.
 */
static bool context_resume(struct x86_vcpu *v)
{
	struct x86_emulator *em = v->emul;

	if (state_get(v, GRP_RIP)->rip != em->rip ||
	    emulate_mode(v) != em->ctx.mode)
		return false;
	context_fill(v);
	return true;
}

/* STI delays interrupts, a load of SS single-step traps too (SDM vol. 3, 6.8.3). */
static u8 shadow_of(const struct x86_emulator *em)
{
	const struct emul_insn *insn = &em->ctx.insn;

	if (!em->shadow)
		return 0;
	return !insn->map && insn->opcode == OPCODE_STI ? SHADOW_STI :
							  SHADOW_MOV_SS;
}

/*
 * RFLAGS for the trap behind an instruction: what they were when it began (APM
 * vol. 2, 13.1.4).  Behind INT n none comes, as it has cleared TF (SDM vol. 3,
 * 17.3.1.4); INTO may have done nothing.  TF is the old task's, and another runs now.
 */
static u64 trap_rflags(const struct x86_emulator *em)
{
	const struct emul_insn *insn = &em->ctx.insn;

	if (em->task)
		return em->rflags & ~(u64)X86_EFLAGS_TF;
	if (!insn->map && insn->opcode >= OPCODE_INT3 &&
	    insn->opcode <= OPCODE_INTO)
		return em->rflags & em->ctx.rflags;
	return em->rflags;
}

static void emulate_commit(struct x86_vcpu *v)
{
	struct x86_emulator *em = v->emul;
	struct x86_state *s;

	s = state_set(v, GRP_RSP | GRP_RFLAGS);
	s = state_replace(v, GRP_RIP | GRP_SHADOW);
	s->rip = em->ctx.rip;
	/* A far transfer may have left 64-bit mode. */
	if (!state_is_64bit_code(v))
		s->rip = (u32)s->rip;
	/* Without RF, but behind an IRET that has loaded it. */
	s->rflags = em->ctx.rflags;
	/* In the middle of REP: its breakpoint has been hit (APM vol. 2, 3.1.6). */
	if (em->ctx.insn.rep && s->rip == em->rip)
		s->rflags |= X86_EFLAGS_RF;
	s->shadow = shadow_of(em);
	if (s->cpl != em->ctx.cpl)
		state_set(v, GRP_CPL)->cpl = em->ctx.cpl;
	if (s->shadow == SHADOW_MOV_SS)
		return;
	if (unlikely(em->hits))
		debug_stepped(v, trap_rflags(em), em->hits);
	else
		debug_insn_done(v, trap_rflags(em));
}

/* ------------------------------------------------------------------------ */
/* Execution, interrupted by userspace's answers. */

/*
 * Another vCPU changes our page tables while we walk them; a walk or two later it
 * has done so.  Reads that devices have answered must not be lost meanwhile.
 */
#define EXEC_TRIES 16

static __always_inline void exec_begin(struct x86_emulator *em)
{
	em->cursor = 0;
	em->nwrites = 0;
	em->sent = 0;
	em->halt = false;
	em->shadow = false;
	em->task = false;
	em->hits = 0;
}

static enum emul_result exec_replayed(struct x86_vcpu *v,
				      const struct emul_task *t)
{
	struct x86_emulator *em = v->emul;
	enum emul_result r;
	int i;

	for (i = 0; i < EXEC_TRIES; i++) {
		exec_begin(em);
		r = t ? task_switch(&em->ctx, t) : emul_exec(&em->ctx);
		if (r != EMUL_RETRY || v->events.to_l1.kind)
			break;
	}
	return r;
}

/*
 * The next iteration of REP may follow at once, unless somebody waits for the end
 * of this one.
 */
static bool rep_continues(struct x86_vcpu *v)
{
	struct x86_emulator *em = v->emul;
	struct kvm_run *run = v->vcpu.run;

	return em->ctx.insn.rep && em->ctx.rip == em->rip &&
	       !em->single_step && events_idle(&v->events) &&
	       !run->request_interrupt_window &&
	       !READ_ONCE(run->immediate_exit__unsafe) && !thread_has_work() &&
	       !request_pending(&v->vcpu);
}

static enum x86_next emulate_exec(struct x86_vcpu *v);

/* Show userspace the next posted write, until none is left. */
static enum x86_next write_next(struct x86_vcpu *v)
{
	struct x86_emulator *em = v->emul;

	if (em->sent < em->nwrites) {
		mmio_ask_user(v, &em->write.piece[em->sent++], true, em->batch);
		v->pending = write_next;
		return X86_USER;
	}
	if (!rep_continues(v) || !context_resume(v))
		return X86_RESUME;
	em->nreads = 0;
	return emulate_exec(v);
}

static enum x86_next read_answered(struct x86_vcpu *v)
{
	struct x86_emulator *em = v->emul;
	struct mmio_piece *p = &em->read.piece[em->nreads];

	if (!context_resume(v))
		return X86_RESUME;
	if (em->batch > 1 && pio_string_in_finish(v, em->batch)) {
		emulate_commit(v);
		return write_next(v);
	}
	memcpy(p->data, mmio_answer(v, p), p->len);
	em->nreads++;
	return emulate_exec(v);
}

static enum x86_next read_ask(struct x86_vcpu *v)
{
	struct x86_emulator *em = v->emul;
	const struct mmio_piece *p = &em->read.piece[em->nreads];

	em->batch = p->port ? pio_string_in(v) : 1;
	mmio_ask_user(v, p, false, em->batch);
	v->pending = read_answered;
	return X86_USER;
}

/* Return: true when nothing but another iteration of REP follows. */
static bool exec_once(struct x86_vcpu *v, enum x86_next *next)
{
	struct x86_emulator *em = v->emul;

	*next = X86_RESUME;
	switch (exec_replayed(v, NULL)) {
	case EMUL_OK:
		em->batch = 1;
		if (em->nwrites && em->write.piece[0].port)
			em->batch += pio_string_out(v);
		emulate_commit(v);
		if (em->nwrites)
			*next = write_next(v);
		else if (em->halt)
			*next = exit_halt(v);
		else
			return rep_continues(v);
		return false;
	case EMUL_TRAP:
		emulate_commit(v);
		emulate_raise(v, &em->ctx.fault);
		*next = write_next(v);
		return false;
	case EMUL_FAULT:
		*next = emulate_raise(v, &em->ctx.fault);
		return false;
	case EMUL_RETRY:
		return false;
	case EMUL_SHUTDOWN:
		request_set(&v->vcpu, REQ_TRIPLE_FAULT);
		return false;
	case EMUL_USER:
		*next = read_ask(v);
		return false;
	default:
		*next = X86_UNKNOWN;
		return false;
	}
}

/* Those who replace slots and devices wait until the vCPU goes on. */
#define REP_AT_ONCE 64

static noinline enum x86_next emulate_exec(struct x86_vcpu *v)
{
	enum x86_next next;
	int i;

	for (i = 0; i < REP_AT_ONCE && exec_once(v, &next); i++)
		v->emul->nreads = 0;
	return next;
}

/* What never changes. */
static noinline bool emulator_make(struct x86_vcpu *v)
{
	struct x86_emulator *em = kzalloc(sizeof(*em), GFP_KERNEL_ACCOUNT);

	if (!em)
		return false;
	em->ctx.ops = &emul_env_ops;
	em->ctx.priv = v;
	em->ctx.gpr = v->state.gpr;
	v->emul = em;
	return true;
}

static noinline void insn_trace(struct x86_vcpu *v)
{
	const struct x86_state *s = state_get(v, GRP_RIP | GRP_RFLAGS | GRP_CSSS |
					      GRP_CR0);
	const struct x86_emulator *em = v->emul;
	u8 flags = 0;

	if (s->cr0 & X86_CR0_PE)
		flags |= TRACE_INSN_CR0_PE;
	if (s->rflags & X86_EFLAGS_VM)
		flags |= TRACE_INSN_VM86;
	if (em->ctx.mode == EMUL_64)
		flags |= TRACE_INSN_CS_L;
	else if (em->ctx.mode == EMUL_32)
		flags |= TRACE_INSN_CS_D;
	trace_kvm_emulate_insn(s->rip, em->ctx.mode == EMUL_64 ? 0 :
			       s->seg[SEG_CS].base, em->bytes,
			       em->ctx.insn.len, flags, false);
}

enum x86_next emulate_insn(struct x86_vcpu *v, const struct x86_exit *exit)
{
	stat_inc(v->vcpu.stats.insn_emulation);
	if (unlikely(!v->emul && !emulator_make(v)))
		return exit_fail(v, -ENOMEM);
	if (!emulate_fetch(v, exit, &v->next)) {
		/* Not the one before: emulate_alone(). */
		v->emul->ctx.insn.exec = NULL;
		return v->next;
	}
	if (trace_kvm_emulate_insn_enabled())
		insn_trace(v);
	if (exit->kind == X86_EXIT_PAGE && !debug_is_armed(v) &&
	    usual_mmio(v, exit, &v->next))
		return v->next;
	if (nested_l2_runs(v) && nested_ops->intercepts(v, &v->emul->ctx.insn)) {
		/* The processor has another one there, by what it keeps of a table. */
		if (!frame_failed(v))
			cr_flush(v);
		return X86_RESUME;
	}
	v->emul->nreads = 0;
	context_fill(v);
	if (exit->kind == X86_EXIT_PAGE &&
	    emul_one_operand(&v->emul->ctx.insn)) {
		v->emul->hint = exit->page.gpa;
		v->emul->hint_access = exit->page.error & PF_WRITE;
	}
	return emulate_exec(v);
}

/* ------------------------------------------------------------------------ */
/* Without the hardware. */

/* For the mode: what is done is no instruction's, whatever lies at RIP. */
static void context_bare(struct x86_vcpu *v)
{
	struct x86_emulator *em = v->emul;

	em->ctx.mode = emulate_mode(v);
	em->ctx.amd = v->cpuid.as_amd;
	em->ctx.insn = (struct emul_insn){ };
	em->known = 0;
	em->nreads = 0;
	context_fill(v);
}

/*
 * As in the processor an NMI or interrupt is gone when its delivery faults, and an
 * exception makes a double fault or another one of the two.
 */
static enum x86_next delivery_faults(struct x86_vcpu *v)
{
	if (v->events.injected.kind != EVENT_EXCEPTION)
		event_arrived(v);
	return emulate_raise(v, &v->emul->ctx.fault);
}

/* As where the hardware's delivery comes to a device; the event is not lost. */
static enum x86_next delivery_failed(struct x86_vcpu *v)
{
	const u64 vector = v->events.injected.vector;

	return exit_internal_error(v, KVM_INTERNAL_ERROR_DELIVERY_EV, 1, &vector);
}

static enum x86_next event_deliver(struct x86_vcpu *v)
{
	struct x86_emulator *em = v->emul;

	/* Virtual-8086 mode, too, has protected mode's IDT. */
	if (state_get(v, GRP_CR0)->cr0 & X86_CR0_PE)
		return delivery_failed(v);
	context_bare(v);
	exec_begin(em);
	em->batch = 1;
	/* No trap follows. */
	em->rflags &= ~(u64)X86_EFLAGS_TF;
	switch (emul_interrupt_real(&em->ctx, v->events.injected.vector)) {
	case EMUL_OK:
		event_arrived(v);
		emulate_commit(v);
		/* A stack where no RAM is. */
		return write_next(v);
	case EMUL_FAULT:
		return delivery_faults(v);
	case EMUL_RETRY:
		return X86_RESUME;
	default:
		return delivery_failed(v);
	}
}

enum x86_next emulate_alone(struct x86_vcpu *v, const struct x86_exit *exit)
{
	enum x86_next next = emulate_insn(v, exit);

	if (next == X86_RESUME && v->emul->ctx.insn.exec == exec_iret)
		vendor(event_nmi_mask)(v, false);
	return next;
}

enum x86_next emulate_step(struct x86_vcpu *v)
{
	struct x86_exit exit = { .kind = X86_EXIT_EMULATE };

	if (unlikely(!v->emul && !emulator_make(v)))
		return exit_fail(v, -ENOMEM);
	if (event_take(v))
		return event_deliver(v);
	if (unlikely(debug_is_armed(v)) && debug_insn_hit(v))
		return X86_RESUME;
	return emulate_alone(v, &exit);
}

/* A TSS in a device's memory is no TSS. */
enum x86_next emulate_task_switch(struct x86_vcpu *v, const struct emul_task *t)
{
	struct x86_emulator *em;
	enum emul_result r;

	if (unlikely(!v->emul && !emulator_make(v)))
		return exit_fail(v, -ENOMEM);
	em = v->emul;
	context_bare(v);
	r = exec_replayed(v, t);
	if (r == EMUL_RETRY)
		return X86_RESUME;
	if (r == EMUL_FAULT)
		return emulate_raise(v, &em->ctx.fault);
	if ((r != EMUL_JUMP && r != EMUL_TRAP) || em->nwrites)
		return X86_UNKNOWN;
	event_arrived(v);
	emulate_commit(v);
	return r == EMUL_TRAP ? emulate_raise(v, &em->ctx.fault) : X86_RESUME;
}
