// SPDX-License-Identifier: GPL-2.0-only
/* The registers before, in and after system management mode. */
#include <linux/string.h>

#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "core/guestmem.h"
#include "core/run_state.h"
#include "x86/cpu/apic.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/cr.h"
#include "x86/cpu/debug.h"
#include "x86/cpu/smm.h"
#include "x86/vcpu/nested.h"
#include "x86/vcpu/trace.h"
#include "x86/vcpu/vendor.h"

/* The address space is what the MMU's roots and all accesses follow. */
static void smm_switch(struct x86_vcpu *v, bool inside)
{
	v->smm.inside = inside;
	mmu_space_set(&v->vcpu.mmu, inside);
	apic_page_moved(v);
	cr_flush(v);
}

/* ------------------------------------------------------------------------ */
/* Into it. */

static void state_save(struct x86_vcpu *v, struct smram_state *m)
{
	const struct x86_state *s = state_get(v, GRP_ALL);
	int i;

	memcpy(m->gpr, s->gpr, sizeof(m->gpr));
	for (i = 0; i < SEG_COUNT; i++) {
		m->seg[i] = s->seg[i];
		m->seg[i].attr &= ~SEG_UNUSABLE;
	}
	/* The level has no place of its own: it is SS.DPL, as in struct kvm_sregs. */
	m->seg[SEG_SS].attr &= ~SEG_DPL;
	m->seg[SEG_SS].attr |= s->cpl << SEG_DPL_SHIFT;
	m->gdt = s->gdt;
	m->idt = s->idt;
	m->rip = s->rip;
	m->rflags = s->rflags;
	m->cr0 = s->cr0;
	m->cr3 = s->cr3;
	m->cr4 = s->cr4;
	m->efer = s->efer;
	m->dr6 = s->dr6;
	m->dr7 = s->dr7;
	m->shadow = s->shadow;
	m->halted = v->mp_state == KVM_MP_STATE_HALTED;
	m->smbase = v->smm.smbase;
}

#define ATTR_REAL (SEG_P | SEG_S | SEG_G | 3)

/* Code at SMBASE, 4 GiB of everything (APM vol. 2, 10.3.5). */
static void entry_segments(struct x86_state *s, u32 smbase)
{
	int i;

	for (i = SEG_ES; i <= SEG_GS; i++)
		s->seg[i] = (struct x86_seg){
			.limit = U32_MAX, .attr = ATTR_REAL,
		};
	s->seg[SEG_CS].selector = smbase >> 4;
	s->seg[SEG_CS].base = smbase;
	/* Undefined, says the manual: a fault of the handler shuts it down. */
	s->idt = (struct x86_table){ };
}

/* APM vol. 2, 10.3.5; what is not named there stays. */
static void entry_state(struct x86_vcpu *v)
{
	struct x86_state *s = state_set(v, GRP_CR0 | GRP_CR4 | GRP_EFER | GRP_CSSS |
					GRP_DATA | GRP_SEGS | GRP_TABLES | GRP_DR);

	state_replace(v, GRP_RIP | GRP_RFLAGS | GRP_CPL | GRP_SHADOW);
	s->rip = SMRAM_ENTRY;
	s->rflags = X86_EFLAGS_FIXED;
	s->cpl = 0;
	s->shadow = 0;
	s->cr0 &= ~(X86_CR0_PE | X86_CR0_EM | X86_CR0_TS | X86_CR0_PG);
	s->cr4 = 0;
	if (v->cpuid.has_lm)
		s->efer = 0;
	s->dr7 = DR7_ONES;
	entry_segments(s, v->smm.smbase);
	cr_changed(v);
	vendor(policy_update)(v);
}

void smm_enter(struct x86_vcpu *v)
{
	struct smram_state m = { };
	u8 area[SMRAM_BYTES];

	state_save(v, &m);
	if (nested_l2_runs(v))
		nested_ops->smm_enter(v, &m.svm);
	v->smm.inside_nmi = vendor(event_blocked)(v) & EVENT_NMI_HANDLER;
	vendor(event_nmi_mask)(v, true);
	smram_save(area, &m, v->cpuid.has_lm);
	smm_switch(v, true);
	trace_kvm_smm_transition(v->vcpu.id, v->smm.smbase, true);
	guest_write(&v->vcpu, (u64)v->smm.smbase + SMRAM_AREA, area,
		    sizeof(area));
	entry_state(v);
	v->mp_state = KVM_MP_STATE_RUNNABLE;
	v->msrs.smi_count = (u32)(v->msrs.smi_count + 1);
}

/* ------------------------------------------------------------------------ */
/* Out of it. */

bool smm_area_read(struct x86_vcpu *v, u8 *area)
{
	if (!v->smm.inside || nested_l2_runs(v))
		return false;
	if (guest_read(&v->vcpu, (u64)v->smm.smbase + SMRAM_AREA, area,
		       SMRAM_BYTES))
		memset(area, 0xff, SMRAM_BYTES);
	return true;
}

static void segments_load(struct x86_state *s, const struct smram_state *m)
{
	int i;

	for (i = 0; i < SEG_COUNT; i++) {
		s->seg[i] = m->seg[i];
		if (!(s->seg[i].attr & SEG_P))
			s->seg[i].attr |= SEG_UNUSABLE;
	}
	s->gdt = m->gdt;
	s->idt = m->idt;
}

static void state_load(struct x86_vcpu *v, const struct smram_state *m, u64 efer)
{
	struct x86_state *s = state_replace(v, GRP_CR0 | GRP_CR3 | GRP_CR4 |
					    GRP_EFER | GRP_CSSS | GRP_DATA |
					    GRP_SEGS | GRP_TABLES);

	segments_load(s, m);
	s->cr0 = m->cr0 | X86_CR0_ET;
	s->cr3 = m->cr3;
	s->cr4 = m->cr4;
	s->efer = efer;
	s = state_set(v, GRP_DR);
	s->dr6 = dr6_fixed(m->dr6);
	s->dr7 = dr7_fixed(m->dr7);
	cr_changed(v);
	vendor(policy_update)(v);
	if (x86_caps->pdptrs)
		request_set(&v->vcpu, REQ_PDPTRS);
}

/* What has waited for the end of the mode. */
static void leave_settle(struct x86_vcpu *v)
{
	if (!v->smm.inside_nmi)
		vendor(event_nmi_mask)(v, false);
	v->smm.inside_nmi = false;
	if (atomic_read(&v->apic.lapic.events))
		request_set(&v->vcpu, REQ_EVENT);
}

/* SMRAM says so, which is the handler's to write, or the processor has kept it. */
static bool is_l2s(const struct x86_vcpu *v, const struct smram_state *m)
{
	return (m->svm.guest & 1) || v->nested.smm_l2;
}

bool smm_leave(struct x86_vcpu *v, const struct smram_state *m)
{
	u64 efer = v->cpuid.has_lm ? m->efer : state_get(v, GRP_EFER)->efer;

	if (!cr_state_is_valid(v, m->cr0 | X86_CR0_ET, m->cr4, efer) ||
	    m->cr3 >> v->cpuid.maxphyaddr)
		return false;
	/* L1's half of L2 is in its own memory. */
	smm_switch(v, false);
	if (is_l2s(v, m) &&
	    !((v->cpuid.has_svm || v->cpuid.has_vmx) && x86_caps->nested &&
	      nested_ops->smm_leave(v, &m->svm))) {
		smm_switch(v, true);
		return false;
	}
	v->nested.smm_l2 = false;
	trace_kvm_smm_transition(v->vcpu.id, v->smm.smbase, false);
	v->smm.smbase = m->smbase;
	state_load(v, m, efer);
	leave_settle(v);
	return true;
}

/* ------------------------------------------------------------------------ */

void smm_set(struct x86_vcpu *v, bool inside)
{
	if (inside == v->smm.inside)
		return;
	if (nested_l2_runs(v))
		nested_ops->leave(v);
	/* Nor does an RSM that comes later lead to L2. */
	v->nested.smm_l2 = false;
	smm_switch(v, inside);
}

void smm_reset(struct x86_vcpu *v)
{
	v->smm.pending = false;
	v->smm.inside_nmi = false;
	smm_set(v, false);
}

int smbase_get(struct x86_vcpu *v, struct msr_access *a)
{
	a->data = v->smm.smbase;
	return a->host ? 0 : -EINVAL;
}

int smbase_set(struct x86_vcpu *v, struct msr_access *a)
{
	if (!a->host)
		return -EINVAL;
	v->smm.smbase = a->data;
	return 0;
}
