// SPDX-License-Identifier: GPL-2.0-only
/* Entering the guest. */
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/smp.h>

#include <asm/cpufeature.h>
#include <asm/processor.h>
#include <asm/msr.h>
#include <asm/debugreg.h>
#include <asm/nospec-branch.h>
#include <asm/spec-ctrl.h>
#include <asm/traps.h>

#include "compat/kernel.h"
#include "core/hwenable.h"
#include "svm/cpu.h"
#include "svm/vmcb.h"
#include "x86/vcpu/enter.h"
#include "x86/vcpu/predictor.h"

/* vmenter.S knows these numbers. */
static_assert(GPR_RAX == 0 && GPR_RCX == 1 && GPR_RDX == 2 && GPR_RBX == 3);
static_assert(GPR_RSP == 4 && GPR_RBP == 5 && GPR_RSI == 6 && GPR_RDI == 7);
static_assert(GPR_R8 == 8 && GPR_R15 == 15);

/*
 * Does the thread use an LDT?  VMLOAD after an exit brings back what VMSAVE found,
 * also if another thread of the process has replaced the LDT meanwhile.
 */
static bool host_has_ldt(void)
{
	u16 selector;

	asm volatile("sldt %0" : "=rm" (selector));
	return selector;
}

/* It acts in guests only, so it stays up to put(). */
static void tsc_ratio_load(struct svm_vcpu *s)
{
	native_wrmsrl(MSR_AMD64_TSC_RATIO, s->x86.state.tsc_ratio);
	s->tsc_ratio_loaded = svm_tsc_is_scaled(s);
}

/* Branch predictors that another guest has trained, or L2 for its L1. */
static void predictor_check(struct svm_vcpu *s, struct svm_cpu *c)
{
	const struct x86_vcpu *v = &s->x86;

	if (predictor_enter(&c->serial, s->serial, v->nested.l2 && v->cpuid.has_ibrs))
		indirect_branch_prediction_barrier();
}

/*
 * What VMRUN leaves alone: the state of VMLOAD and VMSAVE, and TSC_AUX.  Neither
 * changes between load() and put() but for the LDT, so once is enough, and
 * ioctls that do not enter pay nothing.
 */
static void host_save(struct svm_vcpu *s, struct svm_cpu *c)
{
	svm_vmsave(c->host_pa);
	if (s->host_saved)
		return;
	s->host_saved = true;
	if (svm_features.tsc_aux)
		native_wrmsrl(MSR_TSC_AUX, s->tsc_aux);
	if (unlikely(svm_tsc_is_scaled(s)))
		tsc_ratio_load(s);
	predictor_check(s, c);
}

/*
 * DR0 to DR3 are not in the control block; DR7 is, so they act in the guest only,
 * once the host's breakpoints are off.
 */
static void breakpoints_load(const u64 *db)
{
	set_debugreg(0, 7);
	set_debugreg(db[0], 0);
	set_debugreg(db[1], 1);
	set_debugreg(db[2], 2);
	set_debugreg(db[3], 3);
}

static void entry_work_do(struct svm_vcpu *s, struct svm_cpu *c)
{
	if (s->entry_work & ENTRY_DB)
		breakpoints_load(debug_db(&s->x86));
	if (s->entry_work & ENTRY_TSC)
		tsc_ratio_load(s);
	if (s->entry_work & ENTRY_LEVEL)
		predictor_check(s, c);
	/* Taken as soon as the guest runs, after what is injected. */
	if (s->entry_work & ENTRY_KICK)
		smp_send_reschedule(smp_processor_id());
	s->entry_work &= ~(ENTRY_KICK | ENTRY_TSC | ENTRY_LEVEL);
}

/*
 * An exit leaves DR7 clear and #DB's bits in DR6 (APM vol. 2, 15.6), which
 * the host's next #DB would take for its own.
 */
static void breakpoints_unload(void)
{
	set_debugreg(DR6_RESERVED, 6);
	if (hw_breakpoint_active())
		hw_breakpoint_restore();
}

/*
 * A machine check that hit the guest is the host's to handle, on this CPU, at
 * once.  The intercept has consumed it (APM vol. 2, 15.12.17), so it is raised
 * again; no symbol that modules may use leads to the handler.
 */
static void machine_check_raise(void)
{
#ifdef CONFIG_X86_MCE
	asm volatile("int $18" : : : "memory");
#else
	panic("kvm_amd: machine check while a guest ran");
#endif
}

/* CLGI met a CPU with SVM off: right while the machine goes down, else a bug. */
static void enter_refused(struct svm_vcpu *s)
{
	WARN_ON_ONCE(!kvm_hw_is_rebooting());
	s->vmcb->control.exit_code = EXIT_CODE_INVALID;
	s->vmcb->control.exit_int_info = 0;
}

/* What every handler wants to see, and the control block ready for the next entry. */
static __always_inline void exit_copy(struct svm_vcpu *s)
{
	struct x86_state *state = &s->x86.state;
	struct vmcb *vmcb = s->vmcb;

	state->gpr[GPR_RAX] = vmcb->save.rax;
	state->gpr[GPR_RSP] = vmcb->save.rsp;
	state->rip = vmcb->save.rip;
	state->rflags = vmcb->save.rflags;
	state->cpl = vmcb->save.cpl;
	state->valid = (state->valid & s->kept) | SVM_GROUPS_COPIED;
	if (unlikely(s->step))
		svm_step_exit(s);
	vmcb->control.event_inj = 0;
	vmcb->control.tlb_ctl = TLB_CONTROL_DO_NOTHING;
	vmcb->control.clean = CLEAN_ALL;
}

/*
 * Nothing ran: the guest is what it was, whatever the save area says now.  A flush
 * that was asked for may not have happened, so nobody may use an ASID that is
 * younger than it.
 */
static void exit_invalid(struct svm_vcpu *s, struct svm_cpu *c)
{
	svm_tlb_flush(&s->x86);
	svm_asid_reset(c);
}

enum x86_entry svm_can_enter(struct x86_vcpu *v)
{
	return X86_ENTRY_FULL;
}

/* Between guest_begin() and guest_end() RCU may not be watching: nothing is traced there. */
noinstr void svm_enter(struct x86_vcpu *v)
{
	struct svm_cpu *c = this_cpu_ptr(&svm_cpu);
	struct svm_vcpu *s = to_svm(v);
	struct vmcb *vmcb = s->vmcb;
	bool ran;

	if (unlikely(!s->host_saved || host_has_ldt()))
		host_save(s, c);
	if (unlikely(s->asid_generation != c->asid_generation))
		svm_asid_assign(s, c);
	if (unlikely(s->entry_work))
		entry_work_do(s, c);
	vmcb->save.rax = v->state.gpr[GPR_RAX];
	if (unlikely(v->msrs.virt_spec))
		x86_spec_ctrl_set_guest(v->msrs.virt_spec);

	guest_begin(v);
	if (static_cpu_has_bug(X86_BUG_DIV0))
		amd_clear_divider();
	ran = svm_vmenter(v->state.gpr, s->vmcb_pa, c->host_pa,
			  s->spec_switched);
	guest_end();
	if (unlikely(v->msrs.virt_spec))
		x86_spec_ctrl_restore_host(v->msrs.virt_spec);

	if (unlikely(!ran))
		enter_refused(s);
	if (likely(vmcb->control.exit_code != EXIT_CODE_INVALID))
		exit_copy(s);
	else
		exit_invalid(s, c);

	if (cpu_feature_enabled(X86_FEATURE_IBPB_EXIT_TO_USER))
		this_cpu_write(x86_ibpb_exit_to_user, true);
	if (unlikely(hw_breakpoint_active() || vmcb->save.dr6 != DR6_RESERVED))
		breakpoints_unload();
	if (unlikely(vmcb->control.exit_code == SVM_EXIT_EXCP_BASE + X86_TRAP_MC))
		machine_check_raise();
}
