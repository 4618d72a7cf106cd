// SPDX-License-Identifier: GPL-2.0-only
/* L1's half of a vCPU that runs L2: what it consists of, and how it is saved. */
#include <linux/build_bug.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "svm/cpu.h"
#include "svm/nested.h"
#include "svm/nested_check.h"
#include "svm/vmcb.h"
#include "x86/cpu/pat.h"

int svm_nested_make(struct svm_vcpu *s)
{
	if (!s->nested)
		s->nested = kzalloc(sizeof(*s->nested), GFP_KERNEL_ACCOUNT);
	return s->nested ? 0 : -ENOMEM;
}

void svm_nested_free(struct svm_vcpu *s)
{
	struct svm_nested *n = s->nested;

	/* First: svm_tlb_flush() may look at any time, when the thread comes to another CPU. */
	WRITE_ONCE(s->nested, NULL);
	if (n)
		kfree(n->msrpm);
	kfree(n);
}

/* ------------------------------------------------------------------------ */
/* L1's second level (APM vol. 2, 15.25). */

static struct svm_vcpu *of_mmu(struct mmu_vcpu *mv)
{
	struct kvm_vcpu *vcpu = container_of(mv, struct kvm_vcpu, mmu);

	return to_svm(to_x86_vcpu(vcpu));
}

static u64 second_root_get(struct mmu_vcpu *mv)
{
	return of_mmu(mv)->nested->control.nested_cr3;
}

/* The exit has to wait until nobody is in the middle of something of L2's. */
static void second_fault(struct mmu_vcpu *mv, const struct mmu_guest_fault *f)
{
	struct svm_vcpu *s = of_mmu(mv);

	s->nested->second = (struct svm_nested_vmexit){
		.code = SVM_EXIT_NPF,
		.info = { f->error, f->addr },
	};
	s->x86.events.to_l1 = (struct x86_event){ .kind = EVENT_SECOND };
}

const struct mmu_ctx_ops svm_second_ops = {
	.root_get = second_root_get,
	.fault = second_fault,
};

/* ------------------------------------------------------------------------ */

void svm_nested_limits(struct svm_vcpu *s, const struct x86_state *host,
		       struct nested_limits *lim)
{
	const struct x86_cpuid *c = &s->x86.cpuid;

	*lim = (struct nested_limits){
		.cr4 = c->cr4_allowed,
		.efer = kvm_nested_efer(&s->x86),
		.maxphyaddr = c->maxphyaddr,
		.long_mode = c->has_lm,
		.npt = svm_features.npt,
		.paging = host->cr0 & X86_CR0_PG,
	};
}

void svm_nested_fields(const struct svm_nested *n, struct nested_vmrun *r)
{
	const struct vmcb_control_area *c = &n->control;
	const struct vmcb_save_area *save = &n->save;

	*r = (struct nested_vmrun){
		.cr0 = save->cr0,
		.cr3 = save->cr3,
		.cr4 = save->cr4,
		.efer = save->efer,
		.dr6 = save->dr6,
		.dr7 = save->dr7,
		.g_pat = save->g_pat,
		.iopm = c->iopm_base_pa,
		.msrpm = c->msrpm_base_pa,
		.nested_ctl = c->nested_ctl,
		.nested_cr3 = c->nested_cr3,
		.asid = c->asid,
		.event_inj = c->event_inj,
		.cs_attr = save->cs.attrib,
		.vmrun = c->intercepts[INTERCEPT_VMRUN / 32] &
			 BIT(INTERCEPT_VMRUN % 32),
	};
}

/* svm_tlb_flush(), when the thread comes to another CPU, takes both away: not in between. */
static void tag_swap(struct svm_vcpu *s)
{
	struct vmcb_control_area *control = &s->vmcb->control;
	struct svm_tag *other = &s->nested->other;
	struct svm_tag tag;

	preempt_disable();
	tag = (struct svm_tag){ control->asid, s->asid_generation };
	control->asid = other->asid;
	s->asid_generation = other->generation;
	*other = tag;
	preempt_enable();
}

void svm_nested_switch(struct svm_vcpu *s)
{
	/* An IRET that has not completed is executed again, whoever comes to it. */
	svm_nmi_resolve(s);
	if (unlikely(s->nmi == NMI_IRET)) {
		s->nmi = NMI_MASKED;
		svm_step_intercepts(s);
	}
	if (unlikely(s->step))
		svm_step_stop(s, STEP_NMI | STEP_USER);
	s->entry_work &= ~ENTRY_KICK;
	if (unlikely(s->x86.cpuid.has_ibrs))
		s->entry_work |= ENTRY_LEVEL;
	s->window = 0;
	s->x86.events.window = 0;
	if (s->virq_own)
		vmcb_intercept(s, INTERCEPT_VINTR, false);
	s->virq_own = false;
	tag_swap(s);
	s->vmcb->control.event_inj = 0;
	s->vmcb->control.clean = 0;
}

void svm_nested_controls(struct svm_vcpu *s)
{
	struct vmcb_control_area *control = &s->vmcb->control;
	const struct svm_nested *n = s->nested;
	const struct x86_vcpu *v = &s->x86;
	bool l2 = v->nested.l2;

	vmcb_intercepts_l1(s, l2 ? n->control.intercepts : NULL);
	if (svm_features.npt)
		control->nested_cr3 = l2 && n->npt ? s->root_l2 : s->root;
	control->int_ctl = V_INTR_MASKING_MASK;
	control->int_vector = 0;
	if (l2) {
		control->int_ctl |= svm_nested_int_ctl(s);
		control->int_vector = n->control.int_vector;
	}
	if (l2 && n->npt)
		s->vmcb->save.g_pat = n->save.g_pat;
	vmcb_msr_exits(s, v->msr_exits);
	svm_event_cr8_update(s);
	if (unlikely(debug_steps(v)))
		svm_step_start(s, STEP_USER);
}

/* ------------------------------------------------------------------------ */
/* Registers: those that VMRUN and #VMEXIT switch (15.5.1, 15.6), and L1's. */

void svm_nested_regs_store(struct vmcb_save_area *save, const struct x86_state *st)
{
	save->efer = st->efer;
	save->cr0 = st->cr0;
	save->cr3 = st->cr3;
	save->cr4 = st->cr4;
	save->rflags = st->rflags;
	save->rip = st->rip;
	save->rsp = st->gpr[GPR_RSP];
	save->rax = st->gpr[GPR_RAX];
}

void svm_nested_regs_fetch(struct x86_state *st, const struct vmcb_save_area *save)
{
	st->efer = save->efer;
	st->cr0 = save->cr0;
	st->cr3 = save->cr3;
	st->cr4 = save->cr4;
	st->rflags = save->rflags | X86_EFLAGS_FIXED;
	st->rip = save->rip;
	st->gpr[GPR_RSP] = save->rsp;
	st->gpr[GPR_RAX] = save->rax;
}

/* Those, segments and tables. */
static void host_store(struct vmcb_save_area *save, const struct x86_state *st)
{
	svm_seg_store(&save->es, &st->seg[SEG_ES]);
	svm_seg_store(&save->cs, &st->seg[SEG_CS]);
	svm_seg_store(&save->ss, &st->seg[SEG_SS]);
	svm_seg_store(&save->ds, &st->seg[SEG_DS]);
	save->gdtr.base = st->gdt.base;
	save->gdtr.limit = st->gdt.limit;
	save->idtr.base = st->idt.base;
	save->idtr.limit = st->idt.limit;
	svm_nested_regs_store(save, st);
}

static void host_fetch(struct x86_state *st, const struct vmcb_save_area *save)
{
	svm_seg_fetch(&st->seg[SEG_ES], &save->es);
	svm_seg_fetch(&st->seg[SEG_CS], &save->cs);
	svm_seg_fetch(&st->seg[SEG_SS], &save->ss);
	svm_seg_fetch(&st->seg[SEG_DS], &save->ds);
	st->gdt = (struct x86_table){ save->gdtr.base, save->gdtr.limit };
	st->idt = (struct x86_table){ save->idtr.base, save->idtr.limit };
	svm_nested_regs_fetch(st, save);
}

#define GRP_HOST \
	(GRP_RIP | GRP_RSP | GRP_RFLAGS | GRP_CR0 | GRP_CR3 | GRP_CR4 | GRP_EFER | \
	 GRP_CSSS | GRP_DATA | GRP_TABLES | GRP_CPL | GRP_SHADOW | GRP_DR)

void svm_nested_host_load(struct svm_vcpu *s)
{
	const struct x86_state *host = &s->nested->host;
	struct x86_state *st;

	st = state_set(&s->x86, GRP_DR | GRP_CR2);
	st = state_replace(&s->x86, GRP_HOST);
	st->gpr[GPR_RAX] = host->gpr[GPR_RAX];
	st->gpr[GPR_RSP] = host->gpr[GPR_RSP];
	st->rip = host->rip;
	st->rflags = host->rflags & ~(u64)X86_EFLAGS_VM;
	st->cr0 = host->cr0 | X86_CR0_PE;
	st->cr3 = host->cr3;
	st->cr4 = host->cr4;
	st->efer = host->efer;
	st->seg[SEG_ES] = host->seg[SEG_ES];
	st->seg[SEG_CS] = host->seg[SEG_CS];
	st->seg[SEG_SS] = host->seg[SEG_SS];
	st->seg[SEG_DS] = host->seg[SEG_DS];
	st->gdt = host->gdt;
	st->idt = host->idt;
	st->dr7 = DR7_ONES;
	st->cpl = 0;
	st->shadow = 0;
	/* CR8 and the TSC have been L1's all the time, the control block's not. */
	state_replace(&s->x86, GRP_CR8 | GRP_TSC);
}

static void svm_nested_leave(struct x86_vcpu *v)
{
	struct svm_vcpu *s = to_svm(v);

	svm_nested_switch(s);
	kvm_nested_leave(v);
	s->msr_exits_l1 = false;
	svm_nested_controls(s);
	/* Without a second level of L1's there is one PAT. */
	if (s->nested->npt)
		s->vmcb->save.g_pat = s->nested->host_pat;
	svm_nested_host_load(s);
}

/* ------------------------------------------------------------------------ */
/* KVM_GET_NESTED_STATE: the control area L2 runs by, and L1's registers. */

#define STATE_SIZE	(sizeof(struct kvm_nested_state) + \
			 sizeof(struct kvm_svm_nested_state_data))

static_assert(sizeof(struct vmcb_control_area) == HALF_SAVE);
static_assert(HALF_SAVE + sizeof(struct vmcb_save_area) <= HALF_BYTES);
static_assert(sizeof(struct kvm_svm_nested_state_data) == HALF_BYTES);

/*
 * L1's event that is not in L2 yet is what VMRUN injects: KVM_GET_VCPU_EVENTS does not tell
 * of it.  One that has no form there is told here also where a first delivery has failed.
 */
static bool event_is_l1s(const struct x86_event *ev)
{
	return ev->kind && (ev->by_l1 || ev->kind == EVENT_SOFT_NEXT);
}

/* What of the interrupt control word the processor has changed, and what is injected. */
static void control_save(struct svm_vcpu *s, struct vmcb_control_area *c)
{
	const struct x86_event *ev = &s->x86.events.injected;
	bool pending = event_is_l1s(ev);

	*c = s->nested->control;
	svm_nested_virq_get(s, c);
	c->event_inj = pending ? svm_event_form(ev) : 0;
	c->event_inj_err = pending ? ev->error : 0;
}

void svm_nested_half(struct svm_vcpu *s, u8 *half)
{
	struct vmcb_save_area *save = (void *)(half + HALF_SAVE);

	control_save(s, (struct vmcb_control_area *)half);
	host_store(save, &s->nested->host);
	save->dr6 = DR6_ONES;
	save->dr7 = DR7_ONES;
	save->g_pat = s->nested->host_pat;
}

static void svm_nested_state_get(struct x86_vcpu *v, struct kvm_nested_state *out)
{
	struct svm_vcpu *s = to_svm(v);

	out->format = KVM_STATE_NESTED_FORMAT_SVM;
	out->size = sizeof(*out);
	if (!s->gif_off)
		out->flags |= KVM_STATE_NESTED_GIF_SET;
	if (!v->nested.l2)
		return;
	out->size = STATE_SIZE;
	out->flags |= KVM_STATE_NESTED_GUEST_MODE;
	if (event_is_l1s(&v->events.injected))
		out->flags |= KVM_STATE_NESTED_RUN_PENDING;
	out->hdr.svm.vmcb_pa = s->nested->vmcb12;
	svm_nested_half(s, out->data.svm[0].vmcb12);
}

#define FLAGS_KNOWN \
	(KVM_STATE_NESTED_GUEST_MODE | KVM_STATE_NESTED_RUN_PENDING | \
	 KVM_STATE_NESTED_GIF_SET)

static bool state_header_is_valid(struct x86_vcpu *v,
				  const struct kvm_nested_state *in)
{
	if (in->format != KVM_STATE_NESTED_FORMAT_SVM ||
	    (in->flags & ~FLAGS_KNOWN))
		return false;
	/* Without SVM there is nothing that could have cleared GIF. */
	if (!(state_get(v, GRP_EFER)->efer & EFER_SVME))
		return in->flags == KVM_STATE_NESTED_GIF_SET;
	if (!(in->flags & KVM_STATE_NESTED_GUEST_MODE))
		return !(in->flags & KVM_STATE_NESTED_RUN_PENDING);
	return in->size >= STATE_SIZE &&
	       !(in->hdr.svm.vmcb_pa & ~PAGE_MASK) &&
	       !(in->hdr.svm.vmcb_pa >> v->cpuid.maxphyaddr);
}

/* L1 was in protected mode with SVM on, or it could not have run L2. */
static bool host_is_valid(struct x86_vcpu *v, const struct x86_state *host)
{
	return (host->efer & EFER_SVME) && (host->cr0 & X86_CR0_PE) &&
	       !(host->rflags & X86_EFLAGS_VM) && kvm_nested_regs_valid(v, host);
}

/* Return: 0 with L1's half filled; -EINVAL. */
static int state_take(struct svm_vcpu *s, struct svm_nested *n, const u8 *vmcb)
{
	const struct vmcb_save_area *save = (const void *)(vmcb + HALF_SAVE);
	struct nested_limits lim;
	struct nested_vmrun r;

	n->control = *(const struct vmcb_control_area *)vmcb;
	host_fetch(&n->host, save);
	n->host_pat = save->g_pat;
	n->save.g_pat = s->vmcb->save.g_pat;
	svm_nested_limits(s, &n->host, &lim);
	svm_nested_fields(n, &r);
	if (!host_is_valid(&s->x86, &n->host) || !pat_is_valid(n->host_pat) ||
	    nested_check_control(&r, &lim))
		return -EINVAL;
	return (n->control.nested_ctl & SVM_NESTED_CTL_NP_ENABLE) &&
	       kvm_nested_npt(&s->x86, &n->host) ? -EINVAL : 0;
}

int svm_nested_resume(struct svm_vcpu *s, const u8 *half, gpa_t vmcb12)
{
	struct svm_nested *n = kzalloc(sizeof(*n), GFP_KERNEL_ACCOUNT);
	int err = n ? state_take(s, n, half) : -ENOMEM;

	/* CR8 is in the control block, which is rewritten. */
	state_get(&s->x86, GRP_CR8);
	if (err) {
		kfree(n);
		return err;
	}
	if (s->x86.nested.l2) {
		svm_nested_switch(s);
		kvm_nested_leave(&s->x86);
	}
	svm_nested_free(s);
	n->vmcb12 = vmcb12;
	s->nested = n;
	svm_nested_run(s);
	s->x86.state.dirty |= GRP_ALL & s->x86.state.valid;
	return 0;
}

static int svm_nested_state_set(struct x86_vcpu *v,
				const struct kvm_nested_state *in)
{
	struct svm_vcpu *s = to_svm(v);
	int err;

	if (!state_header_is_valid(v, in))
		return -EINVAL;
	if (in->flags & KVM_STATE_NESTED_GUEST_MODE) {
		err = svm_nested_resume(s, in->data.svm[0].vmcb12,
					in->hdr.svm.vmcb_pa);
		if (err)
			return err;
		if (in->flags & KVM_STATE_NESTED_RUN_PENDING)
			svm_nested_inject(s);
	} else if (v->nested.l2) {
		svm_nested_leave(v);
	}
	s->gif_off = !(in->flags & KVM_STATE_NESTED_GIF_SET);
	svm_event_virq_update(s);
	return 0;
}

static u64 svm_nested_tsc(const struct x86_vcpu *v, u64 tsc)
{
	const struct svm_vcpu *s = container_of(v, const struct svm_vcpu, x86);

	return tsc + s->nested->control.tsc_offset;
}

/* L1 has no timer but the LAPIC's. */
static void svm_nested_tsc_moved(struct x86_vcpu *v, u64 own)
{
}

const struct nested_ops svm_nested_ops = {
	.state_size	= STATE_SIZE,
	.exit_sets_dr6	= true,
	.exit		= svm_nested_exit,
	.intercepts	= svm_nested_intercepts,
	.task		= svm_nested_task,
	.wants		= svm_nested_wants,
	.exit_event	= svm_nested_exit_event,
	.leave		= svm_nested_leave,
	.smm_enter	= svm_nested_smm_enter,
	.smm_leave	= svm_nested_smm_leave,
	.tsc		= svm_nested_tsc,
	.tsc_moved	= svm_nested_tsc_moved,
	.state_get	= svm_nested_state_get,
	.state_set	= svm_nested_state_set,
};
