// SPDX-License-Identifier: GPL-2.0-only
/* Machine-check banks, and errors that userspace puts into them. */
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <asm/mce.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "core/run_state.h"
#include "x86/cpu/mce.h"
#include "x86/vcpu/vendor.h"

/*
 * A global control register, and Intel's recovery bits.  No CMCI: it would need a
 * local APIC in the kernel; no local machine checks, no extended registers.
 */
#define MCE_CAPS	(MCG_CTL_P | MCG_SER_P)

/* HWCR.McStatusWrEn: software may write status registers (APM vol. 2, 9.3.2). */
#define HWCR_STATUS_WRITE	BIT_ULL(18)

/* Bits of IA32_MCG_STATUS that a CPU without local machine checks has. */
#define MCG_STATUS_BITS \
	(MCG_STATUS_RIPV | MCG_STATUS_EIPV | MCG_STATUS_MCIP)

/* MSRs of a bank, in the order of their numbers. */
enum { BANK_CTL, BANK_STATUS, BANK_ADDR, BANK_MISC };

void vcpu_step_mce_down(void *obj)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);

	if (v->mce.bank)
		kvfree(v->mce.bank);
}

/* Intel's bits, recovery among them, are reserved on AMD's processors. */
static u64 cap_of(const struct x86_vcpu *v)
{
	return v->cpuid.amd ? v->mce.cap & (MCG_BANKCNT_MASK | MCG_CTL_P) :
			      v->mce.cap;
}

int mce_global_get(struct x86_vcpu *v, struct msr_access *a)
{
	const struct x86_mce *mce = &v->mce;

	if (a->index == MSR_IA32_MCG_CAP)
		a->data = cap_of(v);
	else if (a->index == MSR_IA32_MCG_STATUS)
		a->data = mce->status;
	else if ((mce->cap & MCG_CTL_P) || a->host)
		a->data = mce->ctl;
	else
		return -ENOENT;
	return 0;
}

static int status_set(struct x86_mce *mce, u64 data)
{
	if (data & ~(u64)MCG_STATUS_BITS)
		return -EINVAL;
	mce->status = data;
	return 0;
}

int mce_global_set(struct x86_vcpu *v, struct msr_access *a)
{
	struct x86_mce *mce = &v->mce;

	if (a->index == MSR_IA32_MCG_STATUS)
		return status_set(mce, a->data);
	/* Read only; userspace sets it by KVM_X86_SETUP_MCE. */
	if (a->index == MSR_IA32_MCG_CAP)
		return a->host && a->data == cap_of(v) ? 0 : -EINVAL;
	if (mce->cap & MCG_CTL_P)
		mce->ctl = a->data;
	else if (!a->host)
		return -ENOENT;
	/* Listed for every vCPU, so userspace may write back what it read. */
	return mce->ctl == a->data ? 0 : -EINVAL;
}

static u32 bank_count(const struct x86_mce *mce)
{
	return mce->cap & MCG_BANKCNT_MASK;
}

/* Register of a bank, NULL beyond the last. */
static u64 *bank_slot(struct x86_mce *mce, u32 index)
{
	u32 i = index - MSR_IA32_MCx_CTL(0);

	return i < bank_count(mce) * MCE_BANK_MSRS ?
	       &mce->bank[i / MCE_BANK_MSRS][i % MCE_BANK_MSRS] : NULL;
}

int mce_bank_get(struct x86_vcpu *v, struct msr_access *a)
{
	const u64 *slot = bank_slot(&v->mce, a->index);

	if (!slot)
		return -ENOENT;
	a->data = *slot;
	return 0;
}

/*
 * A guest clears what a bank reports and writes nothing else there (SDM vol. 3,
 * 16.3.2.2 to 16.3.2.4); AMD's processors check that for the status only, and not
 * when the guest has said that it simulates errors (APM vol. 2, 9.3.2).
 */
static bool bank_takes(const struct x86_vcpu *v, const struct msr_access *a)
{
	u32 reg = (a->index - MSR_IA32_MCx_CTL(0)) % MCE_BANK_MSRS;

	if (a->host || !a->data || reg == BANK_CTL)
		return true;
	if (!v->cpuid.amd)
		return false;
	return reg != BANK_STATUS || (v->msrs.hwcr & HWCR_STATUS_WRITE);
}

int mce_bank_set(struct x86_vcpu *v, struct msr_access *a)
{
	u64 *slot = bank_slot(&v->mce, a->index);

	if (!slot)
		return -ENOENT;
	if (!bank_takes(v, a))
		return -EINVAL;
	*slot = a->data;
	return 0;
}

long mce_ioctl_supported(void *unused, void *data, unsigned long arg)
{
	*(u64 *)data = MCE_CAPS;
	return 0;
}

long mce_ioctl_setup(void *obj, void *data, unsigned long arg)
{
	struct x86_mce *mce = &to_x86_vcpu(obj)->mce;
	u64 cap = *(u64 *)data;
	u32 i, n = cap & MCG_BANKCNT_MASK;
	u64 (*bank)[MCE_BANK_MSRS];

	if (!n || n > MCE_BANKS_MAX ||
	    (cap & ~(u64)(MCG_BANKCNT_MASK | MCE_CAPS)))
		return -EINVAL;
	bank = kvcalloc(n, sizeof(*bank), GFP_KERNEL_ACCOUNT);
	if (!bank)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		bank[i][BANK_CTL] = ~0ull;
	kvfree(mce->bank);
	mce->bank = bank;
	mce->cap = cap;
	mce->status = 0;
	mce->ctl = cap & MCG_CTL_P ? ~0ull : 0;
	return 0;
}

/* A later error is lost if the bank is still full, but for the fact itself. */
static void bank_store(u64 *bank, const struct kvm_x86_mce *e)
{
	u64 over = bank[BANK_STATUS] & MCI_STATUS_VAL ? MCI_STATUS_OVER : 0;

	bank[BANK_STATUS] = e->status | over;
	bank[BANK_ADDR] = e->addr;
	bank[BANK_MISC] = e->misc;
}

/* A corrected error never replaces an uncorrected one (SDM vol. 3, 16.3.2.2.1). */
static void bank_corrected(u64 *bank, const struct kvm_x86_mce *e)
{
	const u64 full = MCI_STATUS_VAL | MCI_STATUS_UC;

	if ((bank[BANK_STATUS] & full) == full)
		bank[BANK_STATUS] |= MCI_STATUS_OVER;
	else
		bank_store(bank, e);
}

/*
 * Errors are reported through an enabled bank only.  A second #MC before the guest
 * has ended the first, or one that it does not take, shuts the processor down
 * (SDM vol. 3, 16.3.1.2 and 2.5, CR4.MCE).
 */
static void bank_uncorrected(struct x86_vcpu *v, u64 *bank,
			     const struct kvm_x86_mce *e)
{
	struct x86_mce *mce = &v->mce;

	if ((mce->cap & MCG_CTL_P) && mce->ctl != ~0ull)
		return;
	if (bank[BANK_CTL] != ~0ull)
		return;
	if ((mce->status & MCG_STATUS_MCIP) ||
	    !(state_get(v, GRP_CR4)->cr4 & X86_CR4_MCE)) {
		request_set(&v->vcpu, REQ_TRIPLE_FAULT);
		return;
	}
	bank_store(bank, e);
	mce->status = e->mcg_status;
	kvm_event_exception(v, X86_TRAP_MC, -1);
}

long mce_ioctl_inject(void *obj, void *data, unsigned long arg)
{
	const struct kvm_x86_mce *e = data;
	struct x86_vcpu *v = to_x86_vcpu(obj);
	u64 *bank;

	if (e->bank >= bank_count(&v->mce) || !(e->status & MCI_STATUS_VAL) ||
	    (e->mcg_status & ~(u64)MCG_STATUS_BITS) ||
	    memchr_inv(e->pad1, 0, sizeof(e->pad1)) ||
	    memchr_inv(e->pad2, 0, sizeof(e->pad2)))
		return -EINVAL;
	bank = v->mce.bank[e->bank];
	if (e->status & MCI_STATUS_UC)
		bank_uncorrected(v, bank, e);
	else
		bank_corrected(bank, e);
	return 0;
}
