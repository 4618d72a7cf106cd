// SPDX-License-Identifier: GPL-2.0-only
/*
 * ASIDs (APM vol. 2, 15.16): each CPU hands out numbers in order and never takes
 * one back.  When they run out, a new generation begins with a flush of them
 * all, and every vCPU of an older generation asks again before it enters.
 *
 * A new number is also the way to flush one guest: nothing is tagged with it.
 */
#include "svm/cpu.h"
#include "svm/nested.h"
#include "svm/vmcb.h"

/* 0 is the host. */
#define ASID_FIRST	1

void svm_asid_reset(struct svm_cpu *c)
{
	/* Not 0, which says "none"; and what vCPUs had before is void. */
	c->asid_generation++;
	c->asid_max = cpuid_ebx(SVM_CPUID_FUNC) - 1;
	c->asid_next = c->asid_max + 1;
}

void svm_asid_assign(struct svm_vcpu *s, struct svm_cpu *c)
{
	struct vmcb_control_area *control = &s->vmcb->control;

	if (c->asid_next > c->asid_max) {
		c->asid_generation++;
		c->asid_next = ASID_FIRST;
		control->tlb_ctl = TLB_CONTROL_FLUSH_ALL_ASID;
	}
	s->asid_generation = c->asid_generation;
	control->asid = c->asid_next++;
	/* All of it: SVM may have been off since the CPU cached the rest. */
	control->clean = 0;
}

void svm_tlb_flush(struct x86_vcpu *v)
{
	struct svm_vcpu *s = to_svm(v);

	s->asid_generation = 0;
	if (unlikely(s->nested))
		s->nested->other.generation = 0;
}
