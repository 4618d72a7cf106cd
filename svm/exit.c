// SPDX-License-Identifier: GPL-2.0-only
/* Why the guest was left (APM vol. 2, appendix C). */
#include <linux/string.h>

#include <asm/traps.h>

#include "svm/cpu.h"
#include "svm/nested.h"
#include "svm/vmcb.h"

/* Decode assists: EXITINFO1 of a MOV to or from CRn (APM vol. 2, 15.33.1). */
#define CR_INFO_MOV	BIT_ULL(63)
#define CR_INFO_GPR	0xfull

/* Vectors that push an error code (APM vol. 2, table 8-1), up to 31. */
#define VECTORS_WITH_ERROR \
	(BIT(X86_TRAP_DF) | BIT(X86_TRAP_TS) | BIT(X86_TRAP_NP) | \
	 BIT(X86_TRAP_SS) | BIT(X86_TRAP_GP) | BIT(X86_TRAP_PF) | \
	 BIT(X86_TRAP_AC) | BIT(X86_TRAP_CP) | BIT(X86_TRAP_VC))

#define EXIT_CODES	(SVM_EXIT_RDPRU + 1)

/*
 * Kinds by exit code.  A code without a row is not intercepted; should it come
 * all the same, it is unknown.
 */
static const u8 exit_kinds[EXIT_CODES] = {
	[0 ... EXIT_CODES - 1]		= X86_EXIT_UNKNOWN,
	[SVM_EXIT_READ_CR0]		= X86_EXIT_CR,
	[SVM_EXIT_READ_CR3]		= X86_EXIT_CR,
	[SVM_EXIT_READ_CR4]		= X86_EXIT_CR,
	[SVM_EXIT_WRITE_CR0]		= X86_EXIT_CR,
	[SVM_EXIT_WRITE_CR3]		= X86_EXIT_CR,
	[SVM_EXIT_WRITE_CR4]		= X86_EXIT_CR,
	[SVM_EXIT_WRITE_CR8]		= X86_EXIT_CR,
	[SVM_EXIT_READ_DR0 ... SVM_EXIT_READ_DR7]	= X86_EXIT_DR,
	[SVM_EXIT_WRITE_DR0 ... SVM_EXIT_WRITE_DR7]	= X86_EXIT_DR,
	[SVM_EXIT_EXCP_BASE ... SVM_EXIT_LAST_EXCP]	= X86_EXIT_EXCEPTION,
	/* The host takes them at STGI or when x86 lets interrupts in. */
	[SVM_EXIT_INTR]			= X86_EXIT_NONE,
	[SVM_EXIT_NMI]			= X86_EXIT_NONE,
	[SVM_EXIT_SMI]			= X86_EXIT_NONE,
	[SVM_EXIT_INIT]			= X86_EXIT_NONE,
	[SVM_EXIT_VINTR]		= X86_EXIT_INTR_WINDOW,
	[SVM_EXIT_CR0_SEL_WRITE]	= X86_EXIT_CR,
	[SVM_EXIT_RDPMC]		= X86_EXIT_VENDOR,
	/* In a step only: step.c. */
	[SVM_EXIT_PUSHF]		= X86_EXIT_EMULATE,
	[SVM_EXIT_POPF]			= X86_EXIT_VENDOR,
	[SVM_EXIT_SWINT]		= X86_EXIT_SOFT_INT,
	[SVM_EXIT_CPUID]		= X86_EXIT_CPUID,
	[SVM_EXIT_RSM]			= X86_EXIT_EMULATE,
	[SVM_EXIT_IRET]			= X86_EXIT_VENDOR,
	[SVM_EXIT_PAUSE]		= X86_EXIT_PAUSE,
	[SVM_EXIT_INVD]			= X86_EXIT_SKIP,
	[SVM_EXIT_HLT]			= X86_EXIT_HLT,
	[SVM_EXIT_INVLPG]		= X86_EXIT_INVLPG,
	[SVM_EXIT_INVLPGA]		= X86_EXIT_VENDOR,
	[SVM_EXIT_IOIO]			= X86_EXIT_IO,
	[SVM_EXIT_MSR]			= X86_EXIT_RDMSR,
	[SVM_EXIT_TASK_SWITCH]		= X86_EXIT_TASK_SWITCH,
	[SVM_EXIT_SHUTDOWN]		= X86_EXIT_SHUTDOWN,
	[SVM_EXIT_VMRUN]		= X86_EXIT_VENDOR,
	[SVM_EXIT_VMMCALL]		= X86_EXIT_HYPERCALL,
	[SVM_EXIT_VMLOAD]		= X86_EXIT_VENDOR,
	[SVM_EXIT_VMSAVE]		= X86_EXIT_VENDOR,
	[SVM_EXIT_STGI]			= X86_EXIT_VENDOR,
	[SVM_EXIT_CLGI]			= X86_EXIT_VENDOR,
	[SVM_EXIT_SKINIT]		= X86_EXIT_VENDOR,
	/* Caches are written back where a device of the guest's bypasses them. */
	[SVM_EXIT_WBINVD]		= X86_EXIT_SKIP,
	[SVM_EXIT_MONITOR]		= X86_EXIT_MONITOR,
	[SVM_EXIT_MWAIT]		= X86_EXIT_MWAIT,
	[SVM_EXIT_XSETBV]		= X86_EXIT_XSETBV,
	[SVM_EXIT_RDPRU]		= X86_EXIT_UNDEFINED,
};

static enum x86_exit_kind kind_beyond_table(u32 code)
{
	switch (code) {
	case SVM_EXIT_NPF:
		return X86_EXIT_PAGE;
	case SVM_EXIT_INVPCID:
		return X86_EXIT_INVPCID;
	default:
		return X86_EXIT_UNKNOWN;
	}
}

/* Of the instruction that an NPF or an intercepted #PF came of. */
static __always_inline void decode_insn(const struct vmcb_control_area *control,
					struct x86_exit *exit)
{
	if (!svm_features.decode_assists)
		return;
	exit->insn_len = control->insn_len & 0xf;
	memcpy(exit->insn, control->insn_bytes, sizeof(exit->insn));
}

static __always_inline void decode_page(const struct vmcb_control_area *control,
					struct x86_exit *exit)
{
	exit->page.gpa = control->exit_info_2;
	exit->page.error = control->exit_info_1;
	decode_insn(control, exit);
}

static void decode_io(const struct vmcb_control_area *control,
		      struct x86_exit *exit)
{
	u64 info = control->exit_info_1;

	exit->io.port = info >> 16;
	exit->io.in = info & SVM_IOIO_TYPE_MASK;
	exit->io.string = info & SVM_IOIO_STR_MASK;
	exit->io.size = (info & SVM_IOIO_SIZE_MASK) >> SVM_IOIO_SIZE_SHIFT;
	/* With or without NRIP save (APM vol. 2, 15.10.2). */
	exit->next_rip = control->exit_info_2;
}

/* CLTS and LMSW are writes of CR0 that name no register; so are selective ones. */
static void decode_cr(const struct vmcb_control_area *control,
		      struct x86_exit *exit)
{
	u32 code = control->exit_code;

	if (code == SVM_EXIT_CR0_SEL_WRITE) {
		exit->cr.nr = 0;
		exit->cr.write = true;
		exit->cr.decode = true;
		return;
	}
	exit->cr.nr = code & 0xf;
	exit->cr.write = code & 0x10;
	exit->cr.gpr = control->exit_info_1 & CR_INFO_GPR;
	exit->cr.decode = !svm_features.decode_assists ||
			  !(control->exit_info_1 & CR_INFO_MOV);
}

static void decode_dr(const struct vmcb_control_area *control,
		      struct x86_exit *exit)
{
	exit->dr.nr = control->exit_code & 0xf;
	exit->dr.write = control->exit_code & 0x10;
	exit->dr.gpr = control->exit_info_1 & CR_INFO_GPR;
	exit->dr.decode = !svm_features.decode_assists;
}

/* A #PF on shadow page tables is no exception yet: a step goes on. */
static void decode_fault(const struct vmcb_control_area *control,
			 struct x86_exit *exit)
{
	exit->kind = X86_EXIT_FAULT;
	exit->fault.la = control->exit_info_2;
	exit->fault.error = control->exit_info_1;
	decode_insn(control, exit);
}

static void decode_exception(struct svm_vcpu *s, struct x86_exit *exit)
{
	const struct vmcb_control_area *control = &s->vmcb->control;
	u8 vector = control->exit_code - SVM_EXIT_EXCP_BASE;

	if (vector == X86_TRAP_PF && !svm_features.npt) {
		decode_fault(control, exit);
		return;
	}
	exit->exc.vector = vector;
	exit->exc.has_error = VECTORS_WITH_ERROR & BIT(vector);
	exit->exc.error = control->exit_info_1;
	exit->exc.address = control->exit_info_2;
	exit->exc.stepped = false;
	if (vector == X86_TRAP_DB) {
		exit->exc.dr6 = s->vmcb->save.dr6 & DR6_BITS;
		exit->exc.dr6_guest = exit->exc.dr6;
		state_set(&s->x86, GRP_DR);	/* see dr_store() */
	}
	if (vector == X86_TRAP_MC)
		exit->kind = X86_EXIT_NONE;	/* raised in svm_enter() */
	else if (s->step)
		svm_step_exception(s, exit);
}

static void decode_task(const struct svm_vcpu *s, struct x86_exit *exit)
{
	const struct vmcb_control_area *control = &s->vmcb->control;
	bool by_event = control->exit_int_info & SVM_EXITINTINFO_VALID;
	u8 kind = s->x86.events.injected.kind;
	u64 info = control->exit_info_2;

	/* INT n, INT3 and INTO are no events any more, and RIP is still at them: event.c. */
	exit->task.skip = !by_event || !kind;
	exit->task.how = (struct emul_task){
		.source = by_event ? TASK_INT : info & TASK_INFO_IRET ? TASK_IRET :
			  info & TASK_INFO_JMP ? TASK_JMP : TASK_CALL,
		.selector = control->exit_info_1,
		.external = by_event && kind && kind != EVENT_SOFT_NEXT,
		.resume = info & TASK_INFO_RF,
		.has_error = info & TASK_INFO_ERROR,
		.error = info,
	};
}

/* The slow path: kinds of which the control block says more, and that seldom come. */
static noinline void decode_slow(struct svm_vcpu *s, struct x86_exit *exit)
{
	const struct vmcb_control_area *control = &s->vmcb->control;

	switch (exit->kind) {
	case X86_EXIT_TASK_SWITCH:
		decode_task(s, exit);
		break;
	case X86_EXIT_CR:
		decode_cr(control, exit);
		break;
	case X86_EXIT_DR:
		decode_dr(control, exit);
		break;
	case X86_EXIT_EXCEPTION:
		decode_exception(s, exit);
		break;
	default:
		break;
	}
}

/* @kind is @exit->kind. */
static __always_inline void decode_kind(struct svm_vcpu *s, enum x86_exit_kind kind,
					struct x86_exit *exit)
{
	const struct vmcb_control_area *control = &s->vmcb->control;

	switch (kind) {
	case X86_EXIT_PAGE:
		decode_page(control, exit);
		break;
	case X86_EXIT_IO:
		decode_io(control, exit);
		break;
	case X86_EXIT_RDMSR:
		if (control->exit_info_1)
			exit->kind = X86_EXIT_WRMSR;
		break;
	case X86_EXIT_TASK_SWITCH:
	case X86_EXIT_CR:
	case X86_EXIT_DR:
	case X86_EXIT_EXCEPTION:
		decode_slow(s, exit);
		break;
	default:
		break;
	}
}

/*
 * Refused: nothing was delivered, and x86 will inject it again.  What was injected has
 * stopped a step: see svm_event_inject().
 */
static noinline void decode_unusual(struct svm_vcpu *s, struct x86_exit *exit)
{
	struct x86_vcpu *v = &s->x86;

	if (exit->code == EXIT_CODE_INVALID) {
		exit->kind = X86_EXIT_FAIL_ENTRY;
		svm_event_inject(v, NULL);
	} else if (s->vmcb->control.exit_int_info & SVM_EXITINTINFO_VALID) {
		svm_event_reclaim(s);
	} else {
		v->events.injected.kind = EVENT_NONE;
	}
	if (debug_steps(v))
		svm_step_start(s, STEP_USER);
	decode_kind(s, exit->kind, exit);
}

/* Calls come last, so that nearly every exit needs no frame. */
void svm_exit_decode(struct x86_vcpu *v, struct x86_exit *exit)
{
	struct svm_vcpu *s = to_svm(v);
	const struct vmcb_control_area *control = &s->vmcb->control;
	u32 code = control->exit_code;
	enum x86_exit_kind kind;

	exit->code = code;
	exit->insn_len = 0;
	exit->next_rip = svm_features.nrips ? control->next_rip : 0;
	kind = code < EXIT_CODES ? exit_kinds[code] : kind_beyond_table(code);
	exit->kind = kind;
	if (unlikely(control->exit_int_info & SVM_EXITINTINFO_VALID ||
		     code == EXIT_CODE_INVALID || debug_steps(v))) {
		decode_unusual(s, exit);
		return;
	}
	v->events.injected.kind = EVENT_NONE;
	decode_kind(s, kind, exit);
}

void svm_exit_info(struct x86_vcpu *v, struct x86_exit_info *info)
{
	const struct vmcb_control_area *control = &to_svm(v)->vmcb->control;

	*info = (struct x86_exit_info) {
		.isa = X86_ISA_SVM,
		.code = control->exit_code,
		.event = control->exit_int_info,
		.error = control->exit_int_info_err,
		.info1 = control->exit_info_1,
		.info2 = control->exit_info_2,
	};
}

enum x86_next svm_exit_handle(struct x86_vcpu *v, const struct x86_exit *exit)
{
	struct svm_vcpu *s = to_svm(v);

	switch (exit->code) {
	case SVM_EXIT_IRET:
		svm_event_iret(s);
		return X86_RESUME;
	case SVM_EXIT_POPF:
		svm_step_flags_insn(s);
		return X86_RESUME;
	case SVM_EXIT_RDPMC:
		/* Guests have no counters. */
		kvm_event_exception(v, X86_TRAP_GP, 0);
		return X86_RESUME;
	default:
		return svm_nested_insn(v, exit);
	}
}
