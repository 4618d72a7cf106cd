// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory-type range registers: stored, checked as the processor does, and what the MMU is
 * told of them.
 */
#include <linux/errno.h>
#include <linux/smp.h>

#include <asm/cpufeature.h>
#include <asm/msr-index.h>
#include <asm/mtrr.h>
#include <asm/processor-flags.h>
#include <asm/smp.h>

#include "core/arch.h"
#include "core/run_state.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/mtrr.h"

/*
 * UC, WC, WT, WP, WB are 0, 1, 4, 5, 6; the encodings between them are reserved (table
 * 12-8).  One in each byte: bit 1 is set in WB alone.
 */
static bool types_are_valid(u64 types)
{
	const u64 ones = 0x0101010101010101;
	u64 wb = ~types & (types >> 2);

	return !(types & ~(7 * ones)) && !((types >> 1) & ones & ~wb);
}

/* ------------------------------------------------------------------------ */
/* What they do. */

/* Lines of the guest may be in the caches of all CPUs where it was. */
void caches_write_back(void)
{
	wbinvd_on_all_cpus();
}

void memtypes_changed(struct kvm *kvm)
{
	if (mmu_memtypes_changed(&kvm->mmu))
		request_all(kvm, REQ_TLB_FLUSH);
}

void memtype_cr0_set(struct x86_vcpu *v, u64 cr0)
{
	v->caches_off = cr0 & X86_CR0_CD;
	memtypes_changed(v->vcpu.kvm);
}

/*
 * A guest whose devices do not look into caches makes its memory uncacheable, or writes
 * caches back.  The former has an effect by its PAT with NPT and EPT, and by its MTRRs
 * with EPT; on shadow page tables neither has.  The host's own mappings stay cached, and a
 * processor that may hang on such a conflict must not meet one.
 */
static bool memtypes_may_act(void)
{
	return x86_caps->mmu.second == MMU_SECOND_NPT ||
	       (x86_caps->mmu.second == MMU_SECOND_EPT &&
		boot_cpu_has(X86_FEATURE_SELFSNOOP));
}

/* What the guest has written before it had a say may be in caches in spite of that. */
int arch_dma_coherent(struct kvm *kvm, bool yes)
{
	struct x86_vm *vm = to_x86_vm(kvm);

	if (!yes && !memtypes_may_act())
		return -EOPNOTSUPP;
	if (vm->dma_incoherent == !yes)
		return 0;
	WRITE_ONCE(vm->dma_incoherent, !yes);
	if (mmu_memtypes_set(&kvm->mmu, !yes))
		request_all(kvm, REQ_TLB_FLUSH);
	if (!yes)
		caches_write_back();
	return 0;
}

/* Without MTRRs it is the PAT alone that decides. */
int arch_memtype(struct kvm_vcpu *vcpu, u64 gfn, u64 n)
{
	const struct x86_vcpu *v = to_x86_vcpu(vcpu);

	if (unlikely(v->caches_off))
		return MMU_TYPE_FORCED | (quirk_is_on(v, KVM_X86_QUIRK_CD_NW_CLEARED) ?
					  MTRR_TYPE_WRBACK : MTRR_TYPE_UNCACHABLE);
	return v->cpuid.has_mtrr ? memtype_of(&v->msrs.mtrr, gfn, n) : MTRR_TYPE_WRBACK;
}

/* As long as all are disabled only what enables them makes a difference. */
static void reg_set(struct x86_vcpu *v, u64 *reg, u64 data)
{
	const u64 *def = &v->msrs.mtrr.def;
	bool acts = *def & MTRR_DEF_ENABLE, same = *reg == data;

	*reg = data;
	if (!same && (acts || (*def & MTRR_DEF_ENABLE)))
		memtypes_changed(v->vcpu.kvm);
}

/* ------------------------------------------------------------------------ */
/* Rows of msr_table.c. */

/* One register for 64 KiB pieces, two for 16 KiB, eight for 4 KiB. */
static u64 *fixed_slot(struct x86_vcpu *v, u32 index)
{
	u64 *fixed = v->msrs.mtrr.fixed;

	if (index >= MSR_MTRRfix4K_C0000)
		return &fixed[3 + index - MSR_MTRRfix4K_C0000];
	if (index >= MSR_MTRRfix16K_80000)
		return &fixed[1 + index - MSR_MTRRfix16K_80000];
	return &fixed[0];
}

int mtrr_fixed_get(struct x86_vcpu *v, struct msr_access *a)
{
	a->data = *fixed_slot(v, a->index);
	return 0;
}

int mtrr_fixed_set(struct x86_vcpu *v, struct msr_access *a)
{
	if (!types_are_valid(a->data))
		return -EINVAL;
	reg_set(v, fixed_slot(v, a->index), a->data);
	return 0;
}

static u64 *variable_slot(struct x86_vcpu *v, u32 index)
{
	return &v->msrs.mtrr.variable[index - MTRRphysBase_MSR(0)];
}

int mtrr_variable_get(struct x86_vcpu *v, struct msr_access *a)
{
	a->data = *variable_slot(v, a->index);
	return 0;
}

int mtrr_variable_set(struct x86_vcpu *v, struct msr_access *a)
{
	u64 allowed = GENMASK_ULL(v->cpuid.maxphyaddr - 1, PAGE_SHIFT);
	bool mask = a->index & 1;

	allowed |= mask ? MTRR_MASK_VALID : 0xff;
	if ((a->data & ~allowed) || (!mask && !types_are_valid((u8)a->data)))
		return -EINVAL;
	reg_set(v, variable_slot(v, a->index), a->data);
	return 0;
}

int mtrr_default_get(struct x86_vcpu *v, struct msr_access *a)
{
	a->data = v->msrs.mtrr.def;
	return 0;
}

int mtrr_default_set(struct x86_vcpu *v, struct msr_access *a)
{
	if (a->data & ~(MTRR_DEF_ENABLE | MTRR_DEF_FIXED | 0xff))
		return -EINVAL;
	if (!types_are_valid((u8)a->data))
		return -EINVAL;
	reg_set(v, &v->msrs.mtrr.def, a->data);
	return 0;
}
