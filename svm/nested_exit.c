// SPDX-License-Identifier: GPL-2.0-only
/* Which of L2's exits and events L1 gets, and #VMEXIT (APM vol. 2, 15.6 to 15.14). */
#include <asm/traps.h>

#include "svm/cpu.h"
#include "svm/nested.h"
#include "svm/vmcb.h"
#include "x86/hyperv/l2.h"

/* EXITCODE and EXITINFO1 of no processor's (TLFS, direct virtual flush). */
#define HV_EXIT		0xf0000000u
#define HV_EXIT_FLUSHED	1

/* Exit codes below this are numbers of intercept bits (appendix C). */
#define CODES_BY_BIT	(MAX_INTERCEPT * 32)

/* ------------------------------------------------------------------------ */
/* #VMEXIT */

/* As they are. */
static void l2_save_segs(struct svm_vcpu *s, struct vmcb_save_area *save)
{
	const struct vmcb_save_area *hw = &s->vmcb->save;
	u32 dirty = s->x86.state.dirty & SVM_GROUPS_RAW;

	if (unlikely(dirty))
		svm_state_store(&s->x86, dirty);
	save->es = hw->es;
	save->cs = hw->cs;
	save->ss = hw->ss;
	save->ds = hw->ds;
	save->gdtr = hw->gdtr;
	save->idtr = hw->idtr;
}

static void l2_save(struct svm_vcpu *s, struct vmcb_save_area *save)
{
	const struct x86_state *st;

	st = state_get(&s->x86, GRP_ALL & ~(GRP_SEGS | SVM_GROUPS_RAW));
	svm_nested_regs_store(save, st);
	save->cpl = st->cpl;
	save->cr2 = st->cr2;
	save->dr6 = st->dr6;
	save->dr7 = st->dr7;
	if (s->nested->npt)
		save->g_pat = s->vmcb->save.g_pat;
}

static void control_save(struct svm_vcpu *s, struct vmcb_control_area *c,
			 const struct svm_nested_vmexit *e)
{
	svm_nested_virq_get(s, c);
	c->exit_code = e->code;
	c->exit_code_hi = e->code >> 32;
	c->exit_info_1 = e->info[0];
	c->exit_info_2 = e->info[1];
	c->exit_int_info = e->int_info;
	c->exit_int_info_err = e->int_info_err;
	c->event_inj = 0;
	c->event_inj_err = 0;
}

void svm_nested_vmexit(struct svm_vcpu *s, const struct svm_nested_vmexit *e)
{
	struct svm_nested *n = s->nested;
	struct x86_vcpu *v = &s->x86;
	bool lost;

	control_save(s, &n->control, e);
	l2_save(s, &n->save);
	/* Nothing ran: they are what VMRUN has read, whatever our control block says. */
	if (e->code != (u64)SVM_EXIT_ERR)
		l2_save_segs(s, &n->save);
	lost = svm_nested_vmcb_write(v, n->vmcb12, n);
	svm_nested_ops.leave(v);
	s->gif_off = true;
	/* There is no exit to L1 without its control block. */
	if (lost)
		kvm_nested_shutdown(v);
	else if (unlikely(n->host.rflags & X86_EFLAGS_TF))
		kvm_nested_trap(v);
}

/* ------------------------------------------------------------------------ */
/* Exits of the processor. */

static bool map_bit(struct svm_vcpu *s, gpa_t map, unsigned int bit,
		    unsigned int n)
{
	u16 bits;

	/* What cannot be read is not allowed. */
	if (kvm_nested_read(&s->x86, (map & PAGE_MASK) + bit / 8, &bits, 2))
		return true;
	return bits >> (bit % 8) & (BIT(n) - 1);
}

bool svm_nested_wants_port(struct svm_vcpu *s, u16 port, unsigned int size)
{
	return map_bit(s, s->nested->control.iopm_base_pa, port, size);
}

/* What userspace, a step of ours or the host wants of an exception. */
static bool is_kept(struct svm_vcpu *s, u32 code)
{
	if (code < SVM_EXIT_EXCP_BASE || code > SVM_EXIT_LAST_EXCP)
		return false;
	return (s->step && code == SVM_EXIT_EXCP_BASE + X86_TRAP_DB) ||
	       kvm_nested_keeps(&s->x86, code - SVM_EXIT_EXCP_BASE);
}

static bool l1_wants_exit(struct svm_vcpu *s, const struct x86_exit *exit)
{
	u32 code = exit->code;

	switch (code) {
	/* The host's.  L1's come by event_prepare(). */
	case SVM_EXIT_INTR:
	case SVM_EXIT_NMI:
	case SVM_EXIT_SMI:
	case SVM_EXIT_INIT:
	case SVM_EXIT_EXCP_BASE + X86_TRAP_MC:
		return false;
	case EXIT_CODE_INVALID:
		/* It found what our checks leave to it. */
		return true;
	case SVM_EXIT_VINTR:
		if (s->virq_own)
			return false;
		break;
	case SVM_EXIT_IOIO:
		return l1_intercepts(s, INTERCEPT_IOIO_PROT) &&
		       svm_nested_wants_port(s, exit->io.port, exit->io.size);
	case SVM_EXIT_MSR:
		return l1_intercepts(s, INTERCEPT_MSR_PROT) &&
		       svm_nested_wants_msr(s, exit->kind == X86_EXIT_WRMSR);
	}
	/* The shadow tables' faults are the MMU's first. */
	if (code >= CODES_BY_BIT || exit->kind == X86_EXIT_FAULT ||
	    is_kept(s, code))
		return false;
	return l1_intercepts(s, code);
}

static void exit_by_hardware(struct svm_vcpu *s, const struct x86_exit *exit)
{
	const struct vmcb_control_area *hw = &s->vmcb->control;
	struct svm_nested_vmexit e = {
		.code = (u64)hw->exit_code_hi << 32 | hw->exit_code,
		.info = { hw->exit_info_1, hw->exit_info_2 },
		.int_info = hw->exit_int_info,
		.int_info_err = hw->exit_int_info_err,
	};
	struct x86_state *st;

	/* Nothing was run, and nothing of this written. */
	if (hw->exit_code == EXIT_CODE_INVALID)
		e = (struct svm_nested_vmexit){ .code = (s64)SVM_EXIT_ERR };

	if (exit->kind == X86_EXIT_EXCEPTION &&
	    exit->exc.vector == X86_TRAP_DB) {
		st = state_set(&s->x86, GRP_DR);
		st->dr6 = (st->dr6 & ~DR6_BREAKPOINTS) | exit->exc.dr6_guest;
	}
	svm_nested_vmexit(s, &e);
}

/* L0's intercept of CR0 comes before the selective one, and may be L0's alone. */
static bool exit_by_cr0(struct svm_vcpu *s, struct x86_exit *exit)
{
	const struct svm_nested_vmexit e = { .code = SVM_EXIT_CR0_SEL_WRITE };
	struct emul_insn insn;

	if (!l1_intercepts(s, INTERCEPT_SELECTIVE_CR0))
		return false;
	if (!exit->cr.decode) {
		if (!svm_nested_cr0_changes(s, exit->cr.gpr))
			return false;
	} else if (!kvm_nested_decode(&s->x86, &insn) ||
		   !svm_nested_cr0_selective(s, &insn)) {
		/* The instruction may be another by then: the emulator asks again. */
		exit->kind = X86_EXIT_EMULATE;
		return false;
	}
	svm_nested_vmexit(s, &e);
	return true;
}

/* What L1 does not want, x86 does for L2; but for what a processor would not. */
bool svm_nested_exit(struct x86_vcpu *v, struct x86_exit *exit)
{
	struct svm_vcpu *s = to_svm(v);

	/* What a Hyper-V leaves to us does not come to its intercept. */
	if (exit->code == SVM_EXIT_VMMCALL && kvm_hv_takes_l2(v))
		return false;
	if (l1_wants_exit(s, exit)) {
		exit_by_hardware(s, exit);
		return true;
	}
	if (exit->code == SVM_EXIT_WRITE_CR0 && exit_by_cr0(s, exit))
		return true;
	if (exit->code == SVM_EXIT_WRITE_CR8)
		svm_nested_cr8_write(s);
	if (exit->code == SVM_EXIT_VMMCALL)
		exit->kind = X86_EXIT_UNDEFINED;
	if (exit->code == SVM_EXIT_HLT && svm_nested_virq_comes(s))
		exit->kind = X86_EXIT_SKIP;
	return false;
}

/* ------------------------------------------------------------------------ */
/* Events. */

bool svm_nested_wants(struct x86_vcpu *v, const struct x86_event *ev)
{
	const struct svm_vcpu *s = to_svm(v);

	switch (ev->kind) {
	case EVENT_EXCEPTION:
		return s->intercepts_l1[INTERCEPT_EXCEPTION] & BIT(ev->vector);
	case EVENT_NMI:
		return l1_intercepts(s, INTERCEPT_NMI);
	case EVENT_INTERRUPT:
		return l1_intercepts(s, INTERCEPT_INTR);
	case EVENT_INIT:
		return l1_intercepts(s, INTERCEPT_INIT);
	case EVENT_SMI:
		return l1_intercepts(s, INTERCEPT_SMI);
	case EVENT_SHUTDOWN:
		return l1_intercepts(s, INTERCEPT_SHUTDOWN);
	default:
		return false;
	}
}

/* EXITINTINFO: an event was on its way in, and is L1's to bring there (15.7.2). */
static void int_info_fill(struct svm_vcpu *s, struct svm_nested_vmexit *e)
{
	const struct vmcb_control_area *hw = &s->vmcb->control;
	const struct x86_event *ev = &s->x86.events.injected;

	/*
	 * INT n and INT3 are executed again by L0 (event.c), but are told of to L1 where the
	 * processor's exit is what it gets: of the second level, or of shadow page tables.
	 */
	if (!ev->kind && e->code == hw->exit_code &&
	    (hw->exit_int_info & SVM_EXITINTINFO_VALID)) {
		e->int_info = hw->exit_int_info;
		e->int_info_err = hw->exit_int_info_err;
		return;
	}
	if (!ev->kind)
		return;
	e->int_info = svm_event_form(ev);
	if (ev->has_error)
		e->int_info_err = ev->error;
}

static void exception_fill(struct svm_vcpu *s, const struct x86_event *ev,
			   struct svm_nested_vmexit *e)
{
	const struct x86_events *events = &s->x86.events;

	e->code = SVM_EXIT_EXCP_BASE + ev->vector;
	e->info[0] = ev->has_error ? ev->error : 0;
	if (ev->vector == X86_TRAP_PF)
		e->info[1] = events->has_payload ? events->payload :
						   state_get(&s->x86, GRP_CR2)->cr2;
}

void svm_nested_exit_event(struct x86_vcpu *v, const struct x86_event *ev)
{
	struct svm_vcpu *s = to_svm(v);
	struct svm_nested_vmexit e = { };

	switch (ev->kind) {
	case EVENT_EXCEPTION:
		exception_fill(s, ev, &e);
		break;
	case EVENT_NMI:
		e.code = SVM_EXIT_NMI;
		break;
	case EVENT_INTERRUPT:
		e.code = SVM_EXIT_INTR;
		break;
	case EVENT_INIT:
		e.code = SVM_EXIT_INIT;
		break;
	case EVENT_SMI:
		e.code = SVM_EXIT_SMI;
		break;
	case EVENT_SHUTDOWN:
		e.code = SVM_EXIT_SHUTDOWN;
		break;
	case EVENT_SECOND:
		e = s->nested->second;
		break;
	case EVENT_FLUSHED:
		e.code = HV_EXIT;
		e.info[0] = HV_EXIT_FLUSHED;
		break;
	}
	int_info_fill(s, &e);
	svm_nested_vmexit(s, &e);
}
