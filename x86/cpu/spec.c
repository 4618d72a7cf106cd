// SPDX-License-Identifier: GPL-2.0-only
/* Speculation control for guests: registers, and what the host offers of them. */
#include <linux/kernel.h>

#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/msr-index.h>

#include "x86/cpu/cpuid.h"
#include "x86/cpu/msr.h"
#include "x86/cpu/spec.h"
#include "x86/vcpu/vendor.h"

/* AMD's predictive store forwarding disable. */
#define SPEC_CTRL_PSFD	BIT(7)

/**
 * struct spec_bit - a bit of a register that comes with a feature of CPUID
 * @feature: X86_FEATURE_*
 * @bit: which
 */
struct spec_bit {
	u16 feature;
	u16 bit;
};

static const struct spec_bit ctrl_bits[] = {
	{ X86_FEATURE_SPEC_CTRL,	SPEC_CTRL_IBRS },
	{ X86_FEATURE_INTEL_STIBP,	SPEC_CTRL_STIBP },
	{ X86_FEATURE_SPEC_CTRL_SSBD,	SPEC_CTRL_SSBD },
	{ X86_FEATURE_AMD_IBRS,		SPEC_CTRL_IBRS },
	{ X86_FEATURE_AMD_STIBP,	SPEC_CTRL_STIBP },
	{ X86_FEATURE_AMD_SSBD,		SPEC_CTRL_SSBD },
	{ FEATURE_AMD_PSFD,		SPEC_CTRL_PSFD },
};

static const struct spec_bit pred_bits[] = {
	{ X86_FEATURE_SPEC_CTRL,	PRED_CMD_IBPB },
	{ X86_FEATURE_AMD_IBPB,		PRED_CMD_IBPB },
	{ X86_FEATURE_SBPB,		PRED_CMD_SBPB },
};

static const struct spec_bit flush_bits[] = {
	{ X86_FEATURE_FLUSH_L1D,	L1D_FLUSH },
};

/**
 * struct spec_reg - a register of such bits
 * @bits: its bits
 * @n: how many rows
 * @host: those that guests may have on this host
 */
struct spec_reg {
	const struct spec_bit *bits;
	unsigned int n;
	u64 host;
};

#define REG(rows)	{ .bits = rows, .n = ARRAY_SIZE(rows) }

static struct spec_reg spec_ctrl = REG(ctrl_bits);
static struct spec_reg pred_cmd = REG(pred_bits);
static struct spec_reg flush_cmd = REG(flush_bits);

static void reg_init(struct spec_reg *reg)
{
	unsigned int i;

	reg->host = 0;
	for (i = 0; i < reg->n; i++)
		if (cpuid_offered(reg->bits[i].feature))
			reg->host |= reg->bits[i].bit;
}

void spec_host_init(void)
{
	reg_init(&spec_ctrl);
	reg_init(&pred_cmd);
	reg_init(&flush_cmd);
	/* What vmenter.S goes by. */
	if (!boot_cpu_has(X86_FEATURE_MSR_SPEC_CTRL))
		spec_ctrl.host = 0;
}

/* The bits that a guest's CPUID has. */
static u64 reg_bits(const struct x86_vcpu *v, const struct spec_reg *reg)
{
	u64 bits = 0;
	unsigned int i;

	for (i = 0; i < reg->n; i++)
		if (cpuid_has(v, reg->bits[i].feature))
			bits |= reg->bits[i].bit;
	return bits;
}

/* The bits that this access may set; of a guest without any the register does not exist. */
static u64 reg_takes(const struct x86_vcpu *v, const struct msr_access *a,
		     const struct spec_reg *reg, bool *exists)
{
	u64 bits = a->host ? ~0ull : reg_bits(v, reg);

	*exists = bits;
	return bits & reg->host;
}

/* ------------------------------------------------------------------------ */
/* IA32_SPEC_CTRL. */

bool spec_ctrl_exists(void)
{
	return spec_ctrl.host;
}

bool spec_has_ibrs(const struct x86_vcpu *v)
{
	return reg_bits(v, &spec_ctrl) & spec_ctrl.host & SPEC_CTRL_IBRS;
}

int spec_ctrl_get(struct x86_vcpu *v, struct msr_access *a)
{
	bool exists;

	reg_takes(v, a, &spec_ctrl, &exists);
	return exists ? vendor(msr_read)(v, a->index, &a->data) : -ENOENT;
}

/* Behind the first value that is not 0 the guest writes by itself, and the hardware judges. */
int spec_ctrl_set(struct x86_vcpu *v, struct msr_access *a)
{
	bool exists;
	u64 takes = reg_takes(v, a, &spec_ctrl, &exists);

	if (!exists)
		return -ENOENT;
	return a->data & ~takes ? -EINVAL :
				  vendor(msr_write)(v, a->index, a->data);
}

/* ------------------------------------------------------------------------ */
/* Commands: they always exit, for what they do costs more than that. */

int spec_cmd_get(struct x86_vcpu *v, struct msr_access *a)
{
	return -EINVAL;
}

int spec_cmd_set(struct x86_vcpu *v, struct msr_access *a)
{
	const struct spec_reg *reg = a->index == MSR_IA32_PRED_CMD ? &pred_cmd :
								   &flush_cmd;
	bool exists;
	u64 takes = reg_takes(v, a, reg, &exists);

	if (!exists)
		return -ENOENT;
	if (a->data & ~takes)
		return -EINVAL;
	/* Userspace has its own ways, and restores no commands. */
	if (a->data && !a->host)
		wrmsrl(a->index, a->data);
	return 0;
}

/* ------------------------------------------------------------------------ */
/* IA32_ARCH_CAPABILITIES. */

/* What is as true for a guest as for the host; not bits that tell of further registers. */
#define CAPS_PASSED \
	(ARCH_CAP_RDCL_NO | ARCH_CAP_IBRS_ALL | ARCH_CAP_RSBA | \
	 ARCH_CAP_SKIP_VMENTRY_L1DFLUSH | ARCH_CAP_SSB_NO | ARCH_CAP_MDS_NO | \
	 ARCH_CAP_PSCHANGE_MC_NO | ARCH_CAP_TAA_NO | ARCH_CAP_SBDR_SSDP_NO | \
	 ARCH_CAP_FBSDP_NO | ARCH_CAP_PSDP_NO | ARCH_CAP_FB_CLEAR | \
	 ARCH_CAP_RRSBA | ARCH_CAP_BHI_NO | ARCH_CAP_PBRSB_NO | \
	 ARCH_CAP_GDS_NO | ARCH_CAP_RFDS_NO | ARCH_CAP_RFDS_CLEAR | \
	 ARCH_CAP_ITS_NO)

/* Weaknesses that the kernel may know this CPU not to have, whatever the CPU says. */
static const struct {
	u32 bug;
	u64 cap;
} caps_known[] = {
	{ X86_BUG_CPU_MELTDOWN,		ARCH_CAP_RDCL_NO },
	{ X86_BUG_SPEC_STORE_BYPASS,	ARCH_CAP_SSB_NO },
	{ X86_BUG_MDS,			ARCH_CAP_MDS_NO },
	{ X86_BUG_TAA,			ARCH_CAP_TAA_NO },
	{ X86_BUG_GDS,			ARCH_CAP_GDS_NO },
	{ X86_BUG_ITS,			ARCH_CAP_ITS_NO },
};

bool spec_caps_exists(void)
{
	return cpuid_offered(X86_FEATURE_ARCH_CAPABILITIES);
}

u64 spec_caps_offered(void)
{
	unsigned int i;
	u64 caps = 0;

	if (!spec_caps_exists())
		return 0;
	if (boot_cpu_has(X86_FEATURE_ARCH_CAPABILITIES))
		rdmsrl(MSR_IA32_ARCH_CAPABILITIES, caps);
	caps &= CAPS_PASSED;
	for (i = 0; i < ARRAY_SIZE(caps_known); i++)
		if (!boot_cpu_has_bug(caps_known[i].bug))
			caps |= caps_known[i].cap;
	/* What a guest's page sizes do to the host is nx_huge_pages' to prevent. */
	caps |= ARCH_CAP_PSCHANGE_MC_NO;
	if (!(spec_ctrl.host & SPEC_CTRL_IBRS))
		caps &= ~(u64)ARCH_CAP_IBRS_ALL;
	return caps;
}

int spec_caps_get(struct x86_vcpu *v, struct msr_access *a)
{
	if (!a->host && !cpuid_has(v, X86_FEATURE_ARCH_CAPABILITIES))
		return -ENOENT;
	a->data = v->msrs.arch_caps;
	return 0;
}

int spec_caps_set(struct x86_vcpu *v, struct msr_access *a)
{
	if (!a->host)
		return -EINVAL;
	v->msrs.arch_caps = a->data;
	return 0;
}

/* ------------------------------------------------------------------------ */
/* VIRT_SPEC_CTRL, of AMD's processors before SPEC_CTRL: svm/run.c switches it. */

bool spec_virt_exists(void)
{
	return cpuid_offered(X86_FEATURE_VIRT_SSBD);
}

int spec_virt_get(struct x86_vcpu *v, struct msr_access *a)
{
	if (!a->host && !cpuid_has(v, X86_FEATURE_VIRT_SSBD))
		return -ENOENT;
	a->data = v->msrs.virt_spec;
	return 0;
}

int spec_virt_set(struct x86_vcpu *v, struct msr_access *a)
{
	u64 takes = spec_virt_exists() ? SPEC_CTRL_SSBD : 0;

	if (!a->host && !cpuid_has(v, X86_FEATURE_VIRT_SSBD))
		return -ENOENT;
	if (a->data & ~takes)
		return -EINVAL;
	v->msrs.virt_spec = a->data;
	return 0;
}
