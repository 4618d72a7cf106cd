// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMRUN of L1's (APM vol. 2, 15.5).
 *
 * The control block is read once, into struct svm_nested, and everything after that goes
 * by the copy: L1 may write to it meanwhile.
 */
#include <linux/string.h>

#include <asm/traps.h>

#include "svm/cpu.h"
#include "svm/nested.h"
#include "svm/nested_check.h"
#include "svm/vmcb.h"

/* RIP is behind VMRUN; a trap of RFLAGS.TF comes behind #VMEXIT (15.5.1). */
static void vmrun_skip(struct x86_vcpu *v, u64 next_rip)
{
	u64 tf = state_get(v, GRP_RFLAGS)->rflags & X86_EFLAGS_TF;

	v->state.rflags &= ~tf;
	kvm_nested_skip_to(v, next_rip);
	v->state.rflags |= tf;
}

/* L1 goes on behind VMRUN, as if by #VMEXIT: GIF is clear (15.6). */
static void vmrun_refuse(struct svm_vcpu *s, gpa_t gpa)
{
	const u64 code = (s64)SVM_EXIT_ERR;

	s->gif_off = true;
	svm_event_virq_update(s);
	if (s->x86.state.rflags & X86_EFLAGS_TF)
		kvm_nested_trap(&s->x86);
	if (kvm_nested_write(&s->x86, gpa + offsetof(struct vmcb_control_area,
						     exit_code),
			     &code, sizeof(code)))
		kvm_nested_shutdown(&s->x86);
}

static bool vmrun_is_valid(struct svm_vcpu *s)
{
	struct svm_nested *n = s->nested;
	struct nested_limits lim;
	struct nested_vmrun r;

	svm_nested_limits(s, &s->x86.state, &lim);
	svm_nested_fields(n, &r);
	if (nested_check(&r, &lim))
		return false;
	return !(n->control.nested_ctl & SVM_NESTED_CTL_NP_ENABLE) ||
	       !kvm_nested_npt(&s->x86, &s->x86.state);
}

/* EFER.LMA is the processor's to compute; the level follows the mode (15.5.1). */
static void l2_load_control(struct x86_state *st, const struct vmcb_save_area *save)
{
	st->cr0 |= X86_CR0_ET;
	st->cr2 = save->cr2;
	st->efer &= ~(u64)EFER_LMA;
	if ((save->efer & EFER_LME) && (save->cr0 & X86_CR0_PG))
		st->efer |= EFER_LMA;
	st->dr6 = (save->dr6 & DR6_BITS) | DR6_ONES;
	st->dr7 = (save->dr7 & DR7_BITS) | DR7_ONES;
	/* The field has two bits. */
	st->cpl = save->cpl & 3;
	if (!(save->cr0 & X86_CR0_PE))
		st->cpl = 0;
	else if (save->rflags & X86_EFLAGS_VM)
		st->cpl = 3;
}

/* As they are: only the level has its place in SS, too (csss_store()). */
static void l2_load_segs(struct svm_vcpu *s, const struct vmcb_save_area *save)
{
	struct vmcb_save_area *hw = &s->vmcb->save;

	hw->es = save->es;
	hw->cs = save->cs;
	hw->ss = save->ss;
	hw->ds = save->ds;
	hw->gdtr = save->gdtr;
	hw->idtr = save->idtr;
	hw->ss.attrib &= ~(3 << SEG_DPL_SHIFT);
	hw->ss.attrib |= s->x86.state.cpl << SEG_DPL_SHIFT;
	svm_state_forget(s, SVM_GROUPS_RAW);
}

/* L2's registers; those of VMLOAD stay what they are. */
static void l2_load(struct svm_vcpu *s)
{
	const struct vmcb_save_area *save = &s->nested->save;
	struct x86_state *st;

	st = state_replace(&s->x86, GRP_ALL & ~(GRP_SEGS | SVM_GROUPS_RAW));
	svm_nested_regs_fetch(st, save);
	st->shadow = s->nested->control.int_state & SVM_INTERRUPT_SHADOW_MASK ?
		     SHADOW_MOV_SS | SHADOW_STI : 0;
	l2_load_control(st, save);
	l2_load_segs(s, save);
}

static u8 inject_kind(u32 info)
{
	switch (info & SVM_EVTINJ_TYPE_MASK) {
	case SVM_EVTINJ_TYPE_NMI:
		return EVENT_NMI;
	case SVM_EVTINJ_TYPE_EXEPT:
		return EVENT_EXCEPTION;
	case SVM_EVTINJ_TYPE_SOFT:
		return EVENT_SOFT_NEXT;
	default:
		return EVENT_INTERRUPT;
	}
}

void svm_nested_inject(struct svm_vcpu *s)
{
	const struct vmcb_control_area *control = &s->nested->control;
	u32 info = control->event_inj;

	if (!(info & SVM_EVTINJ_VALID))
		return;
	s->x86.events.injected = (struct x86_event){
		.kind = inject_kind(info),
		.by_l1 = true,
		.vector = info & SVM_EVTINJ_VEC_MASK,
		.has_error = info & SVM_EVTINJ_VALID_ERR,
		.error = control->event_inj_err,
	};
}

/* Another ASID, or a flush asked for: nothing cached of L2 counts (15.16).  L1 runs. */
static void l2_flush(struct svm_vcpu *s, bool npt)
{
	struct svm_nested *n = s->nested;
	u32 asid = n->control.asid;

	if (asid == n->asid12 && !n->control.tlb_ctl && npt == n->npt)
		return;
	n->asid12 = asid;
	n->other.generation = 0;
	if (npt)
		kvm_nested_flush(&s->x86);
}

/* Before the entry, whose barrier others need that look at it: hyperv/hypercall.c. */
static void l2_hv_set(struct svm_vcpu *s)
{
	const struct hv_vmcb_enlightenments *e = &s->nested->control.hv_enlightenments;
	struct x86_l2_hv *hv = &s->x86.nested.hv;

	hv->flushes = e->hv_enlightenments_control.nested_flush_hypercall;
	if (likely(!hv->flushes))
		return;
	hv->assist = e->partition_assist_page;
	WRITE_ONCE(hv->vm, e->hv_vm_id);
	WRITE_ONCE(hv->vp, e->hv_vp_id);
}

void svm_nested_run(struct svm_vcpu *s)
{
	struct svm_nested *n = s->nested;
	const struct vmcb_control_area *control = &n->control;
	bool npt = control->nested_ctl & SVM_NESTED_CTL_NP_ENABLE;
	struct x86_nested *nested = &s->x86.nested;
	bool msrs = control->intercepts[INTERCEPT_MSR_PROT / 32] &
		    BIT(INTERCEPT_MSR_PROT % 32);

	l2_flush(s, npt);
	l2_hv_set(s);
	svm_nested_switch(s);
	n->npt = npt;
	kvm_nested_enter(&s->x86, npt);
	nested->masks_if = control->int_ctl & V_INTR_MASKING_MASK;
	nested->if_flag = n->host.rflags & X86_EFLAGS_IF;
	s->msr_exits_l1 = msrs && svm_msrpm_denies(s);
	/* VMRUN sets it (15.17), and nothing is watched yet: svm_nested_switch(). */
	s->gif_off = false;
	kvm_nested_recheck(&s->x86);
	svm_nested_controls(s);
}

/* Of L1's registers those that #VMEXIT loads (15.6). */
static void host_keep(struct x86_state *host, const struct x86_state *st)
{
	host->gpr[GPR_RAX] = st->gpr[GPR_RAX];
	host->gpr[GPR_RSP] = st->gpr[GPR_RSP];
	host->rip = st->rip;
	host->rflags = st->rflags;
	host->cr0 = st->cr0;
	host->cr3 = st->cr3;
	host->cr4 = st->cr4;
	host->efer = st->efer;
	memcpy(host->seg, st->seg, sizeof(host->seg[0]) * (SEG_DS + 1));
	host->gdt = st->gdt;
	host->idt = st->idt;
}

enum x86_next svm_nested_vmrun(struct x86_vcpu *v, u64 next_rip, gpa_t gpa)
{
	struct svm_vcpu *s = to_svm(v);

	if (svm_nested_make(s)) {
		v->run_err = -ENOMEM;
		return X86_FAIL;
	}
	if (svm_nested_vmcb_read(v, gpa, s->nested)) {
		kvm_event_exception(v, X86_TRAP_GP, 0);
		return X86_RESUME;
	}
	vmrun_skip(v, next_rip);
	/* What stays, the control block is told again: it has become L2's. */
	state_get(v, GRP_ALL & ~(GRP_SEGS | GRP_SHADOW | GRP_CR2));
	if (!vmrun_is_valid(s)) {
		vmrun_refuse(s, gpa);
		return X86_RESUME;
	}
	s->nested->vmcb12 = gpa;
	host_keep(&s->nested->host, &v->state);
	s->nested->host_pat = s->vmcb->save.g_pat;
	svm_nested_run(s);
	l2_load(s);
	svm_nested_inject(s);
	return X86_RESUME;
}
