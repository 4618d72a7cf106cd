// SPDX-License-Identifier: GPL-2.0-only
/* x86's part of a vCPU: creation steps, reset, load and put. */
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "core/arch.h"
#include "core/run_state.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/cpuid.h"
#include "x86/cpu/cr.h"
#include "x86/cpu/fpu.h"
#include "x86/cpu/msr.h"
#include "x86/cpu/msr_filter.h"
#include "x86/cpu/pvclock.h"
#include "x86/cpu/smm.h"
#include "x86/cpu/steal.h"
#include "x86/cpu/tsc.h"
#include "x86/run/halt.h"
#include "x86/run/lifecycle.h"
#include "x86/vcpu/frame.h"
#include "x86/vcpu/nested.h"
#include "x86/vcpu/vendor.h"

static struct x86_vcpu *of_mmu(struct mmu_vcpu *mv)
{
	return to_x86_vcpu(container_of(mv, struct kvm_vcpu, mmu));
}

static u64 guest_root_get(struct mmu_vcpu *mv)
{
	return state_get(of_mmu(mv), GRP_CR3)->cr3;
}

static void guest_fault(struct mmu_vcpu *mv, const struct mmu_guest_fault *f)
{
	event_page_fault(of_mmu(mv), f->addr, f->error);
}

static u64 guest_pdptr_get(struct mmu_vcpu *mv, int i)
{
	return state_get(of_mmu(mv), GRP_PDPTR)->pdptr[i];
}

/*
 * No PDPTE registers: with nested paging AMD's processors read the PDPTEs from the
 * guest's memory whenever they want to (APM vol. 2, 15.25.10), and so do walks.
 */
static const struct mmu_ctx_ops guest_ctx_ops = {
	.root_get = guest_root_get,
	.fault = guest_fault,
};

static const struct mmu_ctx_ops guest_ctx_pdptr_ops = {
	.root_get = guest_root_get,
	.pdptr_get = guest_pdptr_get,
	.fault = guest_fault,
};

int vcpu_step_mmu_up(void *obj)
{
	struct kvm_vcpu *vcpu = obj;

	mmu_vcpu_init(&vcpu->mmu, &vcpu->kvm->mmu, x86_caps->pdptrs ?
		      &guest_ctx_pdptr_ops : &guest_ctx_ops);
	return 0;
}

void vcpu_step_mmu_down(void *obj)
{
	struct kvm_vcpu *vcpu = obj;

	mmu_vcpu_destroy(&vcpu->mmu);
}

int vcpu_step_vendor_up(void *obj)
{
	return vendor(vcpu_create)(to_x86_vcpu(obj));
}

void vcpu_step_vendor_down(void *obj)
{
	vendor(vcpu_destroy)(to_x86_vcpu(obj));
}

static void reset_segment(struct x86_state *s, int i, u16 attr)
{
	s->seg[i] = (struct x86_seg) {
		.limit = 0xffff,
		.attr = attr,
	};
}

/*
 * The state after power-up, which INIT brings too, but for the caches (APM vol. 2, table
 * 14-1).
 */
static void reset_registers(struct x86_state *s, u32 signature, u64 cache_bits)
{
	int i;

	*s = (struct x86_state) {
		.gpr[GPR_RDX] = signature,
		.rip = 0xfff0,
		.rflags = X86_EFLAGS_FIXED,
		.cr0 = cache_bits | X86_CR0_ET,
		.dr6 = 0xffff0ff0,
		.dr7 = 0x400,
		.gdt.limit = 0xffff,
		.idt.limit = 0xffff,
		.tsc_offset = s->tsc_offset,
		.tsc_ratio = s->tsc_ratio,
		.valid = GRP_ALL,
		.dirty = GRP_ALL,
	};
	for (i = SEG_ES; i <= SEG_GS; i++)
		reset_segment(s, i, SEG_P | SEG_S | 3);
	s->seg[SEG_CS].attr = SEG_P | SEG_S | 0xb;
	s->seg[SEG_CS].selector = 0xf000;
	s->seg[SEG_CS].base = 0xffff0000;
	reset_segment(s, SEG_LDTR, SEG_P | 2);
	reset_segment(s, SEG_TR, SEG_P | 0xb);
}

void vcpu_init_state(struct x86_vcpu *v)
{
	const u64 caches = X86_CR0_CD | X86_CR0_NW;
	const struct kvm_cpuid_entry2 *leaf1 = cpuid_find(v, 1, 0);
	bool init = v->state.valid;

	nested_reset(v);
	smm_reset(v);
	/* Family, model, stepping. */
	reset_registers(&v->state, leaf1 ? leaf1->eax : 0x600,
			init ? state_get(v, GRP_CR0)->cr0 & caches : caches);
	/* What LAPIC and PIC hold stays; LINT0 may be open again, with INTR high already. */
	v->events = (struct x86_events){ .irq_check = true };
	cr_changed(v);
	vendor(vcpu_reset)(v);
}

int vcpu_step_reset_up(void *obj)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);

	vcpu_init_state(v);
	fpu_reset(v);
	msr_reset(v);
	msr_filter_refresh(v);
	tsc_vcpu_reset(v);
	cpuid_update(v);
	halt_reset(v);
	frame_reset(v);
	/* What userspace changes up to the publication is told to nobody. */
	request_set(&v->vcpu, REQ_POLICY);
	return 0;
}

void arch_vcpu_ioctl(struct kvm_vcpu *vcpu)
{
	struct x86_vcpu *v = to_x86_vcpu(vcpu);

	v->reported = false;
	exit_ask_locate(v);
}

void arch_vcpu_load(struct kvm_vcpu *vcpu, int cpu)
{
	struct x86_vcpu *v = to_x86_vcpu(vcpu);

	tsc_vcpu_load(v);
	pvclock_vcpu_load(v, cpu);
	steal_vcpu_load(v);
	vendor(load)(v, cpu);
}

void arch_vcpu_put(struct kvm_vcpu *vcpu)
{
	struct x86_vcpu *v = to_x86_vcpu(vcpu);

	steal_vcpu_put(v);
	vendor(put)(v);
}

