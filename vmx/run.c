// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entering the guest.
 *
 * MSRs that no control switches: KERNEL_GS_BASE, TSC_AUX, and STAR and its kin if the
 * guest has EFER.SCE.  Only userspace, SYSCALL, SWAPGS and RDTSCP look at them, which
 * the kernel does not use between two entries: so the guest's stay in the CPU from
 * the first entry after load() to put(), and a thread is always put before it
 * returns to userspace or gives its CPU to another.  The same holds for what an
 * exit loses of the host's selectors and table limits.
 */
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/smp.h>

#include <asm/cpufeature.h>
#include <asm/debugreg.h>
#include <asm/mmu_context.h>
#include <asm/msr.h>
#include <asm/nospec-branch.h>
#include <asm/processor.h>
#include <asm/tlbflush.h>
#include <asm/traps.h>

#include "compat/kernel.h"
#include "core/hwenable.h"
#include "vmx/cpu.h"
#include "vmx/vmcs.h"
#include "x86/vcpu/enter.h"
#include "x86/vcpu/predictor.h"

/* vmenter.S knows these numbers. */
static_assert(GPR_RAX == 0 && GPR_RCX == 1 && GPR_RDX == 2 && GPR_RBX == 3);
static_assert(GPR_RSP == 4 && GPR_RBP == 5 && GPR_RSI == 6 && GPR_RDI == 7);
static_assert(GPR_R8 == 8 && GPR_R15 == 15);
static_assert(HOST_RSP == 0x6c14);

/*
 * The thread's LDT, if it has one: an exit drops LDTR.  Another thread of the
 * process may give it one, or another one, between two entries.
 */
static __always_inline u16 host_ldt(void)
{
	u16 selector;

	asm volatile("sldt %0" : "=rm" (selector));
	return selector;
}

void vmx_syscall_msrs_load(struct vmx_vcpu *s)
{
	static const u32 msrs[] = { MSR_STAR, MSR_LSTAR, MSR_CSTAR,
				    MSR_SYSCALL_MASK };
	const struct vmx_cpu *c = this_cpu_ptr(&vmx_cpu);
	int i;

	if (!s->host_saved || s->host.syscall)
		return;
	s->host.syscall = true;
	for (i = 0; i < ARRAY_SIZE(msrs); i++)
		if (s->msrs.syscall[i] != c->syscall[i])
			wrmsrl(msrs[i], s->msrs.syscall[i]);
}

static void guest_msrs_load(struct vmx_vcpu *s, const struct vmx_cpu *c)
{
	if (s->x86.state.efer & EFER_SCE)
		vmx_syscall_msrs_load(s);
	if (s->msrs.kernel_gs_base != s->host.kernel_gs_base)
		wrmsrl(MSR_KERNEL_GS_BASE, s->msrs.kernel_gs_base);
	if (vmx_features.tsc_aux && s->msrs.tsc_aux != c->tsc_aux)
		wrmsrl(MSR_TSC_AUX, s->msrs.tsc_aux);
}

/* Branch predictors that another guest has trained, or L2 for its L1. */
static void predictor_check(struct vmx_vcpu *s, struct vmx_cpu *c)
{
	const struct x86_vcpu *v = &s->x86;

	if (predictor_enter(&c->serial, s->serial, v->nested.l2 && v->cpuid.has_ibrs))
		indirect_branch_prediction_barrier();
}

static void host_save(struct vmx_vcpu *s, struct vmx_cpu *c)
{
	struct vmx_host *host = &s->host;

	current_save_fsgs();
	savesegment(ds, host->ds);
	savesegment(es, host->es);
	host->fs = current->thread.fsindex;
	host->gs = current->thread.gsindex;
	host->ldt = 0;
	host->debugctl = get_debugctlmsr();
	host->kernel_gs_base = current->thread.gsbase;
	if (host->fs_base != current->thread.fsbase) {
		host->fs_base = current->thread.fsbase;
		vmcs_write(HOST_FS_BASE, host->fs_base);
	}
	s->host_saved = true;
	guest_msrs_load(s, c);
	predictor_check(s, c);
}

/* What may change while the thread is in KVM_RUN: another mm's ASID, perf's CR4.PCE. */
static __always_inline void host_fields_sync(struct vmx_vcpu *s)
{
	unsigned long cr3 = __get_current_cr3_fast();
	unsigned long cr4 = cr4_read_shadow();

	if (unlikely(cr3 != s->host.cr3)) {
		s->host.cr3 = cr3;
		vmcs_write(HOST_CR3, cr3);
	}
	if (unlikely(cr4 != s->host.cr4)) {
		s->host.cr4 = cr4;
		vmcs_write(HOST_CR4, cr4);
	}
}

/* DR0 to DR3 are in no VMCS; DR7 is, so they act in the guest only. */
static void breakpoints_load(const u64 *db)
{
	set_debugreg(0, 7);
	set_debugreg(db[0], 0);
	set_debugreg(db[1], 1);
	set_debugreg(db[2], 2);
	set_debugreg(db[3], 3);
}

/*
 * A machine check that hit the guest is the host's to handle, on this CPU, at
 * once: the exit has consumed it.  No symbol that modules may use leads to the
 * handler.
 */
static __always_inline void machine_check_raise(void)
{
#ifdef CONFIG_X86_MCE
	asm volatile("int $18" : : : "memory");
#else
	panic("kvm_intel: machine check while a guest ran");
#endif
}

/*
 * So has the exit consumed an NMI.  NMIs are masked now, as they are in a handler,
 * and its IRET unmasks them.
 */
static __always_inline void nmi_raise(void)
{
	asm volatile("int $2" : : : "memory");
}

static __always_inline void exit_events(struct vmx_vcpu *s)
{
	s->info_valid = false;
	if (s->reason == EXIT_REASON_EXCEPTION_NMI) {
		s->info = vmcs_read(VM_EXIT_INTR_INFO);
		s->info_valid = true;
		if ((s->info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_NMI_INTR)
			nmi_raise();
		else if ((s->info & INTR_INFO_VECTOR_MASK) == X86_TRAP_MC)
			machine_check_raise();
	} else if (unlikely((u16)s->reason == EXIT_REASON_MCE_DURING_VMENTRY)) {
		machine_check_raise();
	}
}

/* #UD met a CPU with VMX off: right while the machine goes down, else a bug. */
static void enter_refused(struct vmx_vcpu *s)
{
	u32 error = vmcs_read(VM_INSTRUCTION_ERROR);

	s->reason = VMX_REFUSED;
	s->info = error;
	if (!kvm_hw_is_rebooting())
		WARN_ONCE(1, "kvm_intel: VM entry failed, error %u\n", error);
}

/* The host's registers that no field holds. */
static __always_inline void host_restore(struct vmx_vcpu *s)
{
	if (unlikely(s->perf.n))
		vmx_perf_exit(s);
	if (unlikely(s->host.debugctl))
		update_debugctlmsr(s->host.debugctl);
	if (cpu_feature_enabled(X86_FEATURE_IBPB_EXIT_TO_USER))
		this_cpu_write(x86_ibpb_exit_to_user, true);
	if (unlikely(hw_breakpoint_active()))
		hw_breakpoint_restore();
}

static void entry_work_do(struct vmx_vcpu *s, struct vmx_cpu *c)
{
	if (s->entry_work & ENTRY_DB)
		breakpoints_load(debug_db(&s->x86));
	if (s->entry_work & ENTRY_LEVEL)
		predictor_check(s, c);
	/* Taken as soon as the guest runs, after what is injected. */
	if (s->entry_work & ENTRY_KICK)
		smp_send_reschedule(smp_processor_id());
	s->entry_work &= ~(ENTRY_KICK | ENTRY_LEVEL);
}

static void entry_prepare(struct vmx_vcpu *s, struct vmx_cpu *c)
{
	if (!s->host_saved)
		host_save(s, c);
	if (s->stale)
		vmcs_sync(s);
	if (s->flush)
		vmx_tlb_flush_now(s);
	if (s->step)
		vmx_step_enter(s);
	if (s->entry_work)
		entry_work_do(s, c);
}

/* Between guest_begin() and guest_end() RCU may not be watching: nothing is traced there. */
noinstr void vmx_enter(struct x86_vcpu *v)
{
	struct vmx_cpu *c = this_cpu_ptr(&vmx_cpu);
	struct x86_state *state = &v->state;
	struct vmx_vcpu *s = to_vmx(v);
	u16 ldt = host_ldt();
	bool ran;

	if (vmx_features.perf)
		vmx_perf_enter(s);
	if (unlikely(v->apic.timer_tsc ||
		     (s->control[WORD_PIN] & PIN_BASED_VMX_PREEMPTION_TIMER)))
		vmx_timer_enter(s);
	if (unlikely(!s->host_saved || s->stale || s->flush || s->entry_work ||
		     s->step))
		entry_prepare(s, c);
	if (unlikely(ldt))
		s->host.ldt = ldt;
	host_fields_sync(s);
	s->injected = s->armed;

	guest_begin(v);
	if (unlikely(native_read_cr2() != state->cr2))
		native_write_cr2(state->cr2);
	if (vmx_features.l1d_flush == VMENTER_L1D_FLUSH_COND ||
	    vmx_features.l1d_flush == VMENTER_L1D_FLUSH_ALWAYS)
		vmx_l1d_flush(s);
	else if (static_branch_unlikely(&mmio_stale_data_clear))
		x86_clear_cpu_buffers();
	ran = vmx_vmenter(state->gpr, &s->host.rsp, s->launched,
			  s->spec_switched);
	state->cr2 = native_read_cr2();
	guest_end();

	if (unlikely(!ran)) {
		enter_refused(s);
	} else {
		s->reason = vmcs_read(VM_EXIT_REASON);
		if (likely(!vmx_entry_failed(s))) {
			s->launched = true;
			s->armed = false;
			s->intr_valid = false;
			state->valid &= vmx_features.kept;
		}
	}
	host_restore(s);
	if (likely(ran))
		exit_events(s);
}
