// SPDX-License-Identifier: GPL-2.0-only
/* MSRs that the control block holds, and who may reach them without an exit. */
#include <linux/bitops.h>
#include <linux/errno.h>

#include <asm/msr-index.h>
#include <asm/page.h>

#include "svm/cpu.h"
#include "svm/nested.h"
#include "svm/vmcb.h"
#include "x86/cpu/msr.h"
#include "x86/cpu/pat.h"

/* Values that an MSR takes. */
enum msr_rule {
	MSR_ANY,
	MSR_U32,
	MSR_CANONICAL,
};

/* DebugCtl: LBR, BTF, PB0 to PB3 (APM vol. 2, 13.1.1). */
#define DEBUGCTL_BITS	0x3full

/**
 * struct svm_msr - an MSR in the save area
 * @index: its number
 * @offset: of a u64 in struct vmcb_save_area
 * @rule: what may be written
 *
 * VMLOAD and VMSAVE switch all of these, so guests use them directly.
 */
struct svm_msr {
	u32 index;
	u16 offset;
	u8 rule;
};

#define ROW(index, field, rule) \
	{ index, offsetof(struct vmcb_save_area, field), rule }

static const struct svm_msr svm_msrs[] = {
	ROW(MSR_KERNEL_GS_BASE,		kernel_gs_base,	MSR_CANONICAL),
	ROW(MSR_STAR,			star,		MSR_ANY),
	ROW(MSR_LSTAR,			lstar,		MSR_CANONICAL),
	ROW(MSR_CSTAR,			cstar,		MSR_CANONICAL),
	ROW(MSR_SYSCALL_MASK,		sfmask,		MSR_U32),
	ROW(MSR_IA32_SYSENTER_CS,	sysenter_cs,	MSR_U32),
	ROW(MSR_IA32_SYSENTER_ESP,	sysenter_esp,	MSR_CANONICAL),
	ROW(MSR_IA32_SYSENTER_EIP,	sysenter_eip,	MSR_CANONICAL),
};

/*
 * Two bits for each MSR, the lower one for reads, in three ranges of 2 KiB
 * (APM vol. 2, 15.11).
 */
int svm_msrpm_bit(u32 index)
{
	static const u32 first[] = { 0, 0xc0000000, 0xc0010000 };
	int i;

	for (i = 0; i < ARRAY_SIZE(first); i++)
		if (index - first[i] < 0x2000)
			return i * 0x800 * 8 + (index - first[i]) * 2;
	return -1;
}

static void msrpm_pass(u8 *map, u32 index)
{
	int bit = svm_msrpm_bit(index);

	map[bit / 8] &= ~(3 << (bit % 8));
}

void svm_msrpm_fill(u8 *map, bool spec_ctrl)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(svm_msrs); i++)
		msrpm_pass(map, svm_msrs[i].index);
	msrpm_pass(map, MSR_FS_BASE);
	msrpm_pass(map, MSR_GS_BASE);
	if (spec_ctrl)
		msrpm_pass(map, MSR_IA32_SPEC_CTRL);
}

static const struct svm_msr *svm_msr_find(u32 index)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(svm_msrs); i++)
		if (svm_msrs[i].index == index)
			return &svm_msrs[i];
	return NULL;
}

static bool rule_allows(u8 rule, u64 data)
{
	switch (rule) {
	case MSR_U32:
		return !(data >> 32);
	case MSR_CANONICAL:
		return msr_is_canonical(data);
	default:
		return true;
	}
}

static u64 *svm_msr_field(struct x86_vcpu *v, const struct svm_msr *msr)
{
	return (void *)&to_svm(v)->vmcb->save + msr->offset;
}

/* With "SPEC_CTRL virtualization" (APM vol. 3, E.4.9) it is in the control block. */
static u64 spec_ctrl_read(const struct svm_vcpu *s)
{
	return svm_features.spec_ctrl ? s->vmcb->save.spec_ctrl : s->spec_ctrl;
}

static void spec_ctrl_write(struct svm_vcpu *s, u64 data)
{
	if (svm_features.spec_ctrl) {
		s->vmcb->save.spec_ctrl = data;
		vmcb_changed(s, CLEAN_ALL);
	} else {
		s->spec_ctrl = data;
	}
	if (!data || s->spec_direct)
		return;
	s->spec_direct = true;
	if (!svm_features.spec_ctrl)
		s->spec_switched = &s->spec_ctrl;
	vmcb_msr_exits(s, s->x86.msr_exits);
}

int svm_msr_read(struct x86_vcpu *v, u32 index, u64 *data)
{
	const struct svm_msr *msr = svm_msr_find(index);

	if (msr) {
		*data = *svm_msr_field(v, msr);
		return 0;
	}
	switch (index) {
	case MSR_IA32_CR_PAT:
		*data = to_svm(v)->vmcb->save.g_pat;
		return 0;
	case MSR_TSC_AUX:
		*data = to_svm(v)->tsc_aux;
		return svm_features.tsc_aux ? 0 : -EINVAL;
	case MSR_IA32_DEBUGCTLMSR:
		*data = 0;
		return 0;
	case MSR_IA32_SPEC_CTRL:
		*data = spec_ctrl_read(to_svm(v));
		return 0;
	case MSR_VM_CR:
		*data = to_svm(v)->vm_cr;
		return svm_nested_offered() ? 0 : -EINVAL;
	case MSR_VM_HSAVE_PA:
		*data = to_svm(v)->hsave;
		return svm_nested_offered() ? 0 : -EINVAL;
	default:
		return -ENOENT;
	}
}

static int pat_write(struct svm_vcpu *s, u64 data)
{
	if (!pat_is_valid(data))
		return -EINVAL;
	s->vmcb->save.g_pat = data;
	vmcb_changed(s, CLEAN_NP);
	return 0;
}

static int tsc_aux_write(struct svm_vcpu *s, u64 data)
{
	if (!svm_features.tsc_aux || data >> 32)
		return -EINVAL;
	preempt_disable();
	s->tsc_aux = data;
	if (s->host_saved)
		wrmsrl(MSR_TSC_AUX, data);
	preempt_enable();
	return 0;
}

/*
 * VM_CR (APM vol. 2, 15.30.1): once locked, SVMDIS and LOCK stay.  The other bits have no
 * effect on a processor without DPD, A20 and INIT redirection.
 */
static int vm_cr_write(struct svm_vcpu *s, u64 data)
{
	const u64 fixed = SVM_VM_CR_SVM_LOCK_MASK | SVM_VM_CR_SVM_DIS_MASK;
	u64 efer = state_get(&s->x86, GRP_EFER)->efer;

	if (!svm_nested_offered() || (data & ~SVM_VM_CR_VALID_MASK))
		return -EINVAL;
	if (s->vm_cr & SVM_VM_CR_SVM_LOCK_MASK)
		data = (data & ~fixed) | (s->vm_cr & fixed);
	if ((data & SVM_VM_CR_SVM_DIS_MASK) && (efer & EFER_SVME))
		return -EINVAL;
	s->vm_cr = data;
	s->x86.nested.off = data & SVM_VM_CR_SVM_DIS_MASK;
	return 0;
}

/* 15.30.4.  What VMRUN saves of L1 is kept here, and goes there with an SMI only. */
static int hsave_write(struct svm_vcpu *s, u64 data)
{
	if (!svm_nested_offered() || (data & ~PAGE_MASK) ||
	    data >> s->x86.cpuid.maxphyaddr)
		return -EINVAL;
	s->hsave = data;
	return 0;
}

int svm_msr_write(struct x86_vcpu *v, u32 index, u64 data)
{
	const struct svm_msr *msr = svm_msr_find(index);

	if (msr) {
		if (!rule_allows(msr->rule, data))
			return -EINVAL;
		*svm_msr_field(v, msr) = data;
		return 0;
	}
	switch (index) {
	case MSR_IA32_CR_PAT:
		return pat_write(to_svm(v), data);
	case MSR_TSC_AUX:
		return tsc_aux_write(to_svm(v), data);
	case MSR_IA32_DEBUGCTLMSR:
		/* Kernels set them unasked (BTF: PTRACE_SINGLEBLOCK): no effect, no #GP. */
		return data & ~DEBUGCTL_BITS ? -EINVAL : 0;
	case MSR_IA32_SPEC_CTRL:
		spec_ctrl_write(to_svm(v), data);
		return 0;
	case MSR_VM_CR:
		return vm_cr_write(to_svm(v), data);
	case MSR_VM_HSAVE_PA:
		return hsave_write(to_svm(v), data);
	default:
		return -ENOENT;
	}
}
