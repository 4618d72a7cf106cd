// SPDX-License-Identifier: GPL-2.0-only
/* Exits that need few lines, and the table of all handlers. */
#include <linux/string.h>

#include <asm/cpu.h>
#include <asm/cpufeature.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "core/run_state.h"
#include "core/yield.h"
#include "x86/cpu/cpuid.h"
#include "x86/cpu/debug.h"
#include "x86/cpu/mtrr.h"
#include "x86/insn/emulate.h"
#include "x86/insn/fetch.h"
#include "x86/insn/usual.h"
#include "x86/run/apic_timer.h"
#include "x86/run/apicv.h"
#include "x86/run/exits.h"
#include "x86/run/guest_debug.h"
#include "x86/run/hypercall.h"
#include "x86/run/lifecycle.h"
#include "x86/vcpu/trace.h"
#include "x86/vcpu/vendor.h"

void exit_skip_to(struct x86_vcpu *v, u64 rip)
{
	debug_insn_skip(v, rip);
}

void exit_soft_exception(struct x86_vcpu *v, const struct x86_exit *exit)
{
	u8 vector = exit->exc.vector;
	u8 len = exit->next_rip ? exit->next_rip - state_get(v, GRP_RIP)->rip :
				  emulate_soft_len(v, vector);

	event_soft_exception(v, vector, len);
}

static enum x86_next host_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	stat_inc(v->vcpu.stats.irq_exits);
	return X86_RESUME;
}

static enum x86_next timer_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	apic_timer_due(v);
	return X86_RESUME;
}

/* The window is open: event_prepare() uses it. */
static enum x86_next irq_window_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	stat_inc(v->vcpu.stats.irq_window_exits);
	return X86_RESUME;
}

static enum x86_next nmi_window_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	stat_inc(v->vcpu.stats.nmi_window_exits);
	return X86_RESUME;
}

static enum x86_next hlt_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	return exit_skip(v, exit) ? exit_halt(v) : v->next;
}

static noinline void cpuid_traced(struct x86_vcpu *v)
{
	u32 function = v->state.gpr[GPR_RAX], index = v->state.gpr[GPR_RCX];

	cpuid_execute(v);
	trace_kvm_cpuid(function, index, v->state.gpr,
			cpuid_find(v, function, index));
}

static enum x86_next cpuid_exit(struct x86_vcpu *v,
				const struct x86_exit *exit)
{
	if (!exit_skip(v, exit))
		return v->next;
	if (trace_kvm_cpuid_enabled())
		cpuid_traced(v);
	else
		cpuid_execute(v);
	return X86_RESUME;
}

/* WBINVD, and INVD, which may write back as well: only DMA sees an effect. */
static enum x86_next skip_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	if (unlikely(READ_ONCE(to_x86_vm(v->vcpu.kvm)->dma_incoherent)))
		caches_write_back();
	return exit_skip(v, exit) ? X86_RESUME : v->next;
}

/* In a loop, as far as the hardware can tell. */
static enum x86_next pause_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	vcpu_yield_to_other(&v->vcpu);
	return exit_skip(v, exit) ? X86_RESUME : v->next;
}

bool exit_is_split_lock(struct x86_vcpu *v)
{
	const struct x86_state *s;

	if (!boot_cpu_has(X86_FEATURE_SPLIT_LOCK_DETECT))
		return false;
	s = state_get(v, GRP_CPL | GRP_CR0 | GRP_RFLAGS);
	return s->cpl != 3 || !(s->cr0 & X86_CR0_AM) || !(s->rflags & X86_EFLAGS_AC);
}

/* The host warns of the thread and lets the access be done, or kills it (split_lock_detect=). */
static enum x86_next split_lock_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	struct kvm_run *run = v->vcpu.run;

	if (handle_guest_split_lock(state_get(v, GRP_RIP)->rip))
		return X86_RESUME;
	run->exit_reason = KVM_EXIT_EXCEPTION;
	run->ex.exception = X86_TRAP_AC;
	run->ex.error_code = exit->exc.error;
	return X86_USER;
}

static enum x86_next exception_exit(struct x86_vcpu *v,
				    const struct x86_exit *exit)
{
	switch (exit->exc.vector) {
	case X86_TRAP_DB:
		return debug_db_exit(v, exit);
	case X86_TRAP_BP:
		return debug_bp_exit(v, exit);
	case X86_TRAP_OF:
		exit_soft_exception(v, exit);
		break;
	case X86_TRAP_PF:
		event_page_fault(v, exit->exc.address, exit->exc.error);
		break;
	case X86_TRAP_UD:
		if ((unlikely(v->smm.inside) && emulate_is_rsm(v)) || emulate_is_forced(v))
			return emulate_insn(v, exit);
		return hypercall_undefined(v);
	case X86_TRAP_AC:
		if (exit_is_split_lock(v))
			return split_lock_exit(v, exit);
		fallthrough;
	default:
		kvm_event_exception(v, exit->exc.vector, exit->exc.has_error ?
				    (s64)exit->exc.error : -1);
	}
	return X86_RESUME;
}

static enum x86_next undefined_exit(struct x86_vcpu *v,
				    const struct x86_exit *exit)
{
	kvm_event_exception(v, X86_TRAP_UD, -1);
	return X86_RESUME;
}

static enum x86_next shutdown_exit(struct x86_vcpu *v,
				   const struct x86_exit *exit)
{
	/* The control block holds nothing of meaning now (APM vol. 2, 15.14.3). */
	vcpu_init_state(v);
	v->vcpu.run->exit_reason = KVM_EXIT_SHUTDOWN;
	return X86_USER;
}

static enum x86_next fail_entry_exit(struct x86_vcpu *v,
				     const struct x86_exit *exit)
{
	struct kvm_run *run = v->vcpu.run;

	run->exit_reason = KVM_EXIT_FAIL_ENTRY;
	run->fail_entry.hardware_entry_failure_reason = exit->code;
	run->fail_entry.cpu = v->vcpu.cpu;
	return X86_USER;
}

static enum x86_next unknown_exit(struct x86_vcpu *v,
				  const struct x86_exit *exit)
{
	struct kvm_run *run = v->vcpu.run;

	run->exit_reason = KVM_EXIT_UNKNOWN;
	run->hw.hardware_exit_reason = exit->code;
	return X86_USER;
}

/* Extensions in ECX (APM vol. 3, MWAIT): interrupts end it although RFLAGS.IF is clear. */
#define MWAIT_INTERRUPTS	BIT(0)

static u32 mwait_extensions(struct x86_vcpu *v, const struct x86_exit *exit)
{
	const struct kvm_cpuid_entry2 *e = cpuid_find(v, 5, 0);

	/* Leaf 5, ECX bit 1 announces it; MONITOR has none. */
	return exit->kind == X86_EXIT_MWAIT && e && (e->ecx & BIT(1)) ?
	       MWAIT_INTERRUPTS : 0;
}

/*
 * MWAIT may end at once for any reason, so both do nothing (api.rst 7.31,
 * MWAIT_NEVER_UD_FAULTS).
 */
static enum x86_next mwait_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	u32 ecx = v->state.gpr[GPR_RCX];

	if (!quirk_is_on(v, KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS) &&
	    !cpuid_has_mwait(v))
		return undefined_exit(v, exit);
	if (!(ecx & ~mwait_extensions(v, exit)))
		return exit_skip(v, exit) ? X86_RESUME : v->next;
	kvm_event_exception(v, X86_TRAP_GP, 0);
	return X86_RESUME;
}

/* Intercepted also where the guest's CPU does not have it. */
static enum x86_next invpcid_exit(struct x86_vcpu *v,
				  const struct x86_exit *exit)
{
	if (cpuid_has(v, X86_FEATURE_INVPCID))
		return emulate_insn(v, exit);
	return undefined_exit(v, exit);
}

/* Where nested paging does not let the processor do it. */
static enum x86_next task_switch_exit(struct x86_vcpu *v,
				      const struct x86_exit *exit)
{
	struct emul_task t = exit->task.how;

	t.after = state_get(v, GRP_RIP)->rip;
	if (exit->task.skip && !exit_next_rip(v, exit, &t.after))
		return v->next;
	return emulate_task_switch(v, &t);
}

static enum x86_next vendor_exit(struct x86_vcpu *v,
				 const struct x86_exit *exit)
{
	return vendor(exit_handle)(v, exit);
}

exit_handler *const exit_handlers[X86_EXIT_KINDS] = {
	[X86_EXIT_NONE]		= host_exit,
	[X86_EXIT_TIMER]	= timer_exit,
	[X86_EXIT_PAGE]		= page_exit,
	[X86_EXIT_APIC]		= apic_exit,
	[X86_EXIT_APIC_WRITE]	= apicv_write_exit,
	[X86_EXIT_EOI]		= apicv_eoi_exit,
	[X86_EXIT_FAULT]	= fault_exit,
	[X86_EXIT_IO]		= pio_exit,
	[X86_EXIT_CPUID]	= cpuid_exit,
	[X86_EXIT_RDMSR]	= rdmsr_exit,
	[X86_EXIT_WRMSR]	= wrmsr_exit,
	[X86_EXIT_CR]		= cr_exit,
	[X86_EXIT_DR]		= dr_exit,
	[X86_EXIT_HLT]		= hlt_exit,
	[X86_EXIT_HYPERCALL]	= hypercall_exit,
	[X86_EXIT_EXCEPTION]	= exception_exit,
	[X86_EXIT_INTR_WINDOW]	= irq_window_exit,
	[X86_EXIT_NMI_WINDOW]	= nmi_window_exit,
	[X86_EXIT_SHUTDOWN]	= shutdown_exit,
	[X86_EXIT_XSETBV]	= xsetbv_exit,
	[X86_EXIT_UNDEFINED]	= undefined_exit,
	[X86_EXIT_MONITOR]	= mwait_exit,
	[X86_EXIT_MWAIT]	= mwait_exit,
	[X86_EXIT_SOFT_INT]	= debug_int_exit,
	[X86_EXIT_SKIP]		= skip_exit,
	[X86_EXIT_PAUSE]	= pause_exit,
	[X86_EXIT_TASK_SWITCH]	= task_switch_exit,
	[X86_EXIT_INVLPG]	= invlpg_exit,
	[X86_EXIT_INVPCID]	= invpcid_exit,
	[X86_EXIT_EMULATE]	= emulate_insn,
	[X86_EXIT_REFUSED]	= refused_exit,
	[X86_EXIT_FAIL_ENTRY]	= fail_entry_exit,
	[X86_EXIT_VENDOR]	= vendor_exit,
	[X86_EXIT_UNKNOWN]	= unknown_exit,
};
