// SPDX-License-Identifier: GPL-2.0-only
/* MSRs that the control block holds, and who may reach them without an exit. */
#include <linux/bitops.h>
#include <linux/errno.h>

#include <asm/msr-index.h>
#include <asm/page.h>
#include <asm/processor.h>

#include "svm/cpu.h"
#include "svm/vmcb.h"

/* Values that an MSR takes. */
enum msr_rule {
	MSR_ANY,
	MSR_U32,
	MSR_CANONICAL,
};

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
static void msrpm_pass(u8 *map, u32 index)
{
	u32 range = index >= 0xc0010000 ? 2 : index >= 0xc0000000 ? 1 : 0;
	u32 bit = (range * 0x800) * 8 + (index & 0x1fff) * 2;

	map[bit / 8] &= ~(3 << (bit % 8));
}

void svm_msrpm_fill(u8 *map)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(svm_msrs); i++)
		msrpm_pass(map, svm_msrs[i].index);
	msrpm_pass(map, MSR_FS_BASE);
	msrpm_pass(map, MSR_GS_BASE);
}

static const struct svm_msr *svm_msr_find(u32 index)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(svm_msrs); i++)
		if (svm_msrs[i].index == index)
			return &svm_msrs[i];
	return NULL;
}

static bool is_canonical(u64 address)
{
	return __is_canonical_address(address, boot_cpu_data.x86_virt_bits);
}

static bool rule_allows(u8 rule, u64 data)
{
	switch (rule) {
	case MSR_U32:
		return !(data >> 32);
	case MSR_CANONICAL:
		return is_canonical(data);
	default:
		return true;
	}
}

/* Eight memory types; 2 and 3 are none (APM vol. 2, 7.8.1). */
static bool pat_is_valid(u64 pat)
{
	int i;

	for (i = 0; i < 64; i += 8)
		if (((pat >> i) & 0xff) > 7 || ((pat >> i) & 0xfe) == 2)
			return false;
	return true;
}

/* The base of FS or GS: part of the segment's group. */
static struct x86_seg *base_seg(struct x86_state *state, u32 index)
{
	return &state->seg[index == MSR_FS_BASE ? SEG_FS : SEG_GS];
}

static int base_write(struct x86_vcpu *v, u32 index, u64 data)
{
	if (!is_canonical(data))
		return -EINVAL;
	base_seg(state_set(v, GRP_SEGS), index)->base = data;
	return 0;
}

static u64 *svm_msr_field(struct x86_vcpu *v, const struct svm_msr *msr)
{
	return (void *)&to_svm(v)->vmcb->save + msr->offset;
}

int svm_msr_read(struct x86_vcpu *v, u32 index, u64 *data)
{
	const struct svm_msr *msr = svm_msr_find(index);

	if (msr) {
		*data = *svm_msr_field(v, msr);
		return 0;
	}
	switch (index) {
	case MSR_FS_BASE:
	case MSR_GS_BASE:
		*data = base_seg(state_get(v, GRP_SEGS), index)->base;
		return 0;
	case MSR_IA32_CR_PAT:
		*data = to_svm(v)->vmcb->save.g_pat;
		return 0;
	case MSR_TSC_AUX:
		*data = to_svm(v)->tsc_aux;
		return svm_features.tsc_aux ? 0 : -EINVAL;
	case MSR_IA32_DEBUGCTLMSR:
		*data = 0;
		return 0;
	case MSR_VM_CR:
	case MSR_VM_HSAVE_PA:
		/* Guests have no SVM. */
		return -EINVAL;
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
	case MSR_FS_BASE:
	case MSR_GS_BASE:
		return base_write(v, index, data);
	case MSR_IA32_CR_PAT:
		return pat_write(to_svm(v), data);
	case MSR_TSC_AUX:
		return tsc_aux_write(to_svm(v), data);
	case MSR_IA32_DEBUGCTLMSR:
		/* Without LBR virtualization there is no bit to set. */
		return data ? -EINVAL : 0;
	case MSR_VM_CR:
	case MSR_VM_HSAVE_PA:
		return -EINVAL;
	default:
		return -ENOENT;
	}
}
