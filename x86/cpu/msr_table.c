// SPDX-License-Identifier: GPL-2.0-only
/* The MSRs that a guest has (APM vol. 2, appendix A; SDM vol. 4). */
#include <linux/kernel.h>

#include <asm/cpufeature.h>
#include <asm/hyperv-tlfs.h>
#include <asm/kvm_para.h>
#include <asm/mtrr.h>
#include <asm/msr-index.h>
#include <asm/msr.h>

#include "x86/cpu/apf.h"
#include "x86/cpu/apic.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/cpuid.h"
#include "x86/cpu/cr.h"
#include "x86/cpu/fpu.h"
#include "x86/cpu/mce.h"
#include "x86/cpu/mtrr.h"
#include "x86/cpu/pvclock.h"
#include "x86/cpu/pvmsr.h"
#include "x86/cpu/smm.h"
#include "x86/cpu/spec.h"
#include "x86/cpu/steal.h"
#include "x86/cpu/tsc.h"
#include "x86/vcpu/hv_env.h"
#include "x86/vcpu/vendor.h"

/* ------------------------------------------------------------------------ */
/* Registers that only keep a value, and those that always read the same. */

static u64 *kept_field(struct x86_vcpu *v, const struct msr_row *row)
{
	return (void *)&v->msrs + row->field;
}

static int kept_get(struct x86_vcpu *v, struct msr_access *a)
{
	a->data = *kept_field(v, a->row);
	return 0;
}

static int kept_set(struct x86_vcpu *v, struct msr_access *a)
{
	if (!a->host && (a->row->flags & MSR_USER))
		return -EINVAL;
	if (!a->host && (a->row->flags & MSR_IGNORED))
		return 0;
	if (a->data & ~a->row->mask)
		return -EINVAL;
	*kept_field(v, a->row) = a->data;
	return 0;
}

static int fixed_get(struct x86_vcpu *v, struct msr_access *a)
{
	a->data = a->row->reset;
	return 0;
}

/* What was read may be written back, by userspace; see MSR_IGNORED. */
static int fixed_set(struct x86_vcpu *v, struct msr_access *a)
{
	if (a->host)
		return a->data == a->row->reset ? 0 : -EINVAL;
	return a->row->flags & MSR_IGNORED ? 0 : -EINVAL;
}

/* ------------------------------------------------------------------------ */
/* Registers with rules of their own. */

static int efer_get(struct x86_vcpu *v, struct msr_access *a)
{
	a->data = state_get(v, GRP_EFER)->efer;
	return 0;
}

/* Userspace restores LMA with the rest; whether it fits is KVM_SET_SREGS's. */
static int efer_set(struct x86_vcpu *v, struct msr_access *a)
{
	return efer_write(v, a->data);
}

/* The base of FS or GS is part of the segment. */
static int base_seg(u32 index)
{
	return index == MSR_FS_BASE ? SEG_FS : SEG_GS;
}

static int base_get(struct x86_vcpu *v, struct msr_access *a)
{
	a->data = state_get(v, GRP_SEGS)->seg[base_seg(a->index)].base;
	return 0;
}

static int base_set(struct x86_vcpu *v, struct msr_access *a)
{
	if (!msr_is_canonical(a->data))
		return -EINVAL;
	state_set(v, GRP_SEGS)->seg[base_seg(a->index)].base = a->data;
	return 0;
}

/* Read-only bits: no counters, no branch trace, no precise events (SDM vol. 4). */
#define MISC_FIXED \
	(MSR_IA32_MISC_ENABLE_EMON | MSR_IA32_MISC_ENABLE_BTS_UNAVAIL | \
	 MSR_IA32_MISC_ENABLE_PEBS_UNAVAIL)
/* Read and written by guests; none changes what the processor does. */
#define MISC_KEPT \
	(MSR_IA32_MISC_ENABLE_FAST_STRING | MSR_IA32_MISC_ENABLE_TM1 | \
	 MSR_IA32_MISC_ENABLE_ENHANCED_SPEEDSTEP | \
	 MSR_IA32_MISC_ENABLE_MWAIT | MSR_IA32_MISC_ENABLE_LIMIT_CPUID | \
	 MSR_IA32_MISC_ENABLE_XTPR_DISABLE)

static int misc_enable_set(struct x86_vcpu *v, struct msr_access *a)
{
	u64 *misc = &v->msrs.misc_enable;

	/* Linux's KVM takes what a guest writes, and so its VMM may have saved anything. */
	if (a->host) {
		*misc = a->data;
		return 0;
	}
	if (a->data & ~(MISC_KEPT | MISC_FIXED | *misc))
		return -EINVAL;
	*misc = (a->data & MISC_KEPT) | (*misc & ~(u64)MISC_KEPT);
	return 0;
}

/* A guest has the register if its CPUID says so, or says nothing at all. */
static bool guest_has_tsc_aux(const struct x86_vcpu *v)
{
	const struct kvm_cpuid_entry2 *ext1 = cpuid_find(v, 0x80000001, 0);
	const struct kvm_cpuid_entry2 *leaf7 = cpuid_find(v, 7, 0);

	return !v->cpuid.n ||
	       (ext1 && (ext1->edx & BIT(X86_FEATURE_RDTSCP & 31))) ||
	       (leaf7 && (leaf7->ecx & BIT(X86_FEATURE_RDPID & 31)));
}

static bool tsc_aux_exists(void)
{
	return boot_cpu_has(X86_FEATURE_RDTSCP) ||
	       boot_cpu_has(X86_FEATURE_RDPID);
}

static int tsc_aux_get(struct x86_vcpu *v, struct msr_access *a)
{
	if (!a->host && !guest_has_tsc_aux(v))
		return -ENOENT;
	return vendor(msr_read)(v, a->index, &a->data);
}

static int tsc_aux_set(struct x86_vcpu *v, struct msr_access *a)
{
	if (!a->host && !guest_has_tsc_aux(v))
		return -ENOENT;
	/* The upper half is reserved: dropped by AMD's processors, #GP on Intel's. */
	if (v->cpuid.amd)
		a->data = (u32)a->data;
	return vendor(msr_write)(v, a->index, a->data);
}

/* Nothing that it could tell is there; userspace may say otherwise (api.rst 7.15). */
static int platform_info_get(struct x86_vcpu *v, struct msr_access *a)
{
	if (!a->host && READ_ONCE(to_x86_vm(v->vcpu.kvm)->platform_info_off))
		return -ENOENT;
	return kept_get(v, a);
}

/* All zero, for there are no counters; without PDCM it is not there (SDM vol. 4). */
static int perf_caps_get(struct x86_vcpu *v, struct msr_access *a)
{
	const struct kvm_cpuid_entry2 *e = cpuid_find(v, 1, 0);

	if (!a->host && !(e && (e->ecx & BIT(X86_FEATURE_PDCM & 31))))
		return -ENOENT;
	return fixed_get(v, a);
}

/* McStatusWrEn, TscFreqSel (APM vol. 2, 3.2.10). */
#define HWCR_KEPT	(BIT_ULL(18) | BIT_ULL(24))
/* What firmware sets: TlbCacheDis, FFDIS, IgnneEm (BKDG of family 10h). */
#define HWCR_DROPPED	(BIT_ULL(3) | BIT_ULL(6) | BIT_ULL(8))

static int hwcr_set(struct x86_vcpu *v, struct msr_access *a)
{
	if (a->data & ~(HWCR_KEPT | HWCR_DROPPED))
		return -EINVAL;
	v->msrs.hwcr = a->data & HWCR_KEPT;
	return 0;
}

/* LFENCE waits for all older instructions, and only the host says so. */
static u64 host_de_cfg(void)
{
	return boot_cpu_data.x86_vendor == X86_VENDOR_AMD &&
	       boot_cpu_has(X86_FEATURE_LFENCE_RDTSC) ?
	       MSR_AMD64_DE_CFG_LFENCE_SERIALIZE : 0;
}

/* A guest cannot turn the host's setting off; what it reads is what it wrote. */
static int de_cfg_set(struct x86_vcpu *v, struct msr_access *a)
{
	if (a->data & ~host_de_cfg())
		return -EINVAL;
	v->msrs.de_cfg = a->data;
	return 0;
}

static u64 host_ucode_rev(void)
{
	u64 data;

	return rdmsrl_safe(MSR_IA32_UCODE_REV, &data) ? 0 : data;
}

/* The vendor's, where guests may use it. */
static bool svm_exists(void)
{
	return x86_caps->svm_revision;
}

static bool vmx_exists(void)
{
	return x86_caps->vmx_msr[0];
}

/* VMX can be on outside of SMX, and there is no SMX (SDM vol. 3, 24.7). */
#define FEATURE_BITS	(FEAT_CTL_LOCKED | FEAT_CTL_VMX_ENABLED_OUTSIDE_SMX)

static int feature_control_get(struct x86_vcpu *v, struct msr_access *a)
{
	a->data = v->msrs.feature_control;
	return a->host || v->cpuid.has_vmx ? 0 : -ENOENT;
}

static int feature_control_set(struct x86_vcpu *v, struct msr_access *a)
{
	u64 *control = &v->msrs.feature_control;

	if (!a->host && !v->cpuid.has_vmx)
		return -ENOENT;
	if ((a->data & ~FEATURE_BITS) || (!a->host && (*control & FEAT_CTL_LOCKED)))
		return -EINVAL;
	*control = a->data;
	return 0;
}

/* Userspace may take capabilities away, before the guest runs. */
static int vmx_msr_get(struct x86_vcpu *v, struct msr_access *a)
{
	if (!a->host && !v->cpuid.has_vmx)
		return -ENOENT;
	return vendor(msr_read)(v, a->index, &a->data);
}

static int vmx_msr_set(struct x86_vcpu *v, struct msr_access *a)
{
	return a->host ? vendor(msr_write)(v, a->index, a->data) : -EINVAL;
}

/* ------------------------------------------------------------------------ */
/* The table. */

#define OWN(nr, n, how, name)						\
	{ .index = nr, .count = n, .flags = how,			\
	  .read = name##_get, .write = name##_set }
#define OWN_IF(nr, how, name)						\
	{ .index = nr, .count = 1, .flags = how,			\
	  .exists = name##_exists,					\
	  .read = name##_get, .write = name##_set }
#define KEPT(nr, how, name, bits, value)				\
	{ .index = nr, .count = 1, .flags = how, .mask = bits,		\
	  .field = offsetof(struct x86_msrs, name), .reset = value,	\
	  .read = kept_get, .write = kept_set }
#define KEPT_OWN(nr, how, name, value, set)				\
	{ .index = nr, .count = 1, .flags = how, .reset = value,	\
	  .field = offsetof(struct x86_msrs, name),			\
	  .read = kept_get, .write = set }
#define FIXED(nr, n, how, value)					\
	{ .index = nr, .count = n, .flags = how, .reset = value,	\
	  .read = fixed_get, .write = fixed_set }
#define VENDOR(nr, n)							\
	{ .index = nr, .count = n, .flags = MSR_SAVED | MSR_DIRECT }

#define MISC_RESET \
	(MSR_IA32_MISC_ENABLE_FAST_STRING | MSR_IA32_MISC_ENABLE_BTS_UNAVAIL | \
	 MSR_IA32_MISC_ENABLE_PEBS_UNAVAIL)

/* Athlon: how the clock is slowed down in HLT; what erratum guides recommend. */
#define CLK_CTL_VALUE	0x20000000

const struct msr_row msr_table[] = {
	/* That of a register which no other row has. */
	{ },
	/* Pentium's machine checks: an alias that reports nothing. */
	FIXED(MSR_IA32_P5_MC_ADDR, 2, 0, 0),
	OWN(MSR_IA32_TSC, 1, MSR_SAVED, tsc_msr),
	OWN(MSR_KVM_WALL_CLOCK, 2, MSR_SAVED, pvclock_msr),
	FIXED(MSR_IA32_PLATFORM_ID, 1, 0, 0),
	OWN(MSR_IA32_APICBASE, 1, MSR_SAVED, apic_base),
	FIXED(MSR_IA32_EBL_CR_POWERON, 1, MSR_IGNORED, 0),
	KEPT(MSR_SMI_COUNT, MSR_SAVED | MSR_USER, smi_count, U32_MAX, 0),
	{ .index = MSR_IA32_FEAT_CTL, .count = 1, .flags = MSR_SAVED,
	  .exists = vmx_exists, .read = feature_control_get,
	  .write = feature_control_set },
	OWN(MSR_IA32_TSC_ADJUST, 1, MSR_SAVED, tsc_adjust),
	OWN_IF(MSR_IA32_SPEC_CTRL, MSR_SAVED | MSR_DIRECT, spec_ctrl),
	OWN(MSR_IA32_PRED_CMD, 1, 0, spec_cmd),
	/* A microcode update has no effect; userspace sets what a guest sees. */
	KEPT(MSR_IA32_UCODE_REV, MSR_SAVED | MSR_FEATURE | MSR_IGNORED,
	     bios_sign_id, U64_MAX, 0),
	OWN(MSR_IA32_SMBASE, 1, MSR_SAVED, smbase),
	{ .index = MSR_PLATFORM_INFO, .count = 1, .flags = MSR_SAVED | MSR_USER,
	  .mask = U64_MAX, .field = offsetof(struct x86_msrs, platform_info),
	  .read = platform_info_get, .write = kept_set },
	FIXED(MSR_MTRRcap, 1, 0, MTRR_CAP),
	OWN_IF(MSR_IA32_ARCH_CAPABILITIES, MSR_SAVED | MSR_FEATURE, spec_caps),
	OWN(MSR_IA32_FLUSH_CMD, 1, 0, spec_cmd),
	VENDOR(MSR_IA32_SYSENTER_CS, 3),
	OWN(MSR_IA32_MCG_CAP, 1, 0, mce_global),
	OWN(MSR_IA32_MCG_STATUS, 2, MSR_SAVED, mce_global),
	KEPT_OWN(MSR_IA32_MISC_ENABLE, MSR_SAVED, misc_enable, MISC_RESET,
		 misc_enable_set),
	/* Power management of a chip that is not there. */
	FIXED(MSR_IA32_POWER_CTL, 1, MSR_IGNORED, 0),
	OWN(MTRRphysBase_MSR(0), 2 * MTRR_VARIABLE, MSR_SAVED, mtrr_variable),
	OWN(MSR_MTRRfix64K_00000, 1, MSR_SAVED, mtrr_fixed),
	OWN(MSR_MTRRfix16K_80000, 2, MSR_SAVED, mtrr_fixed),
	OWN(MSR_MTRRfix4K_C0000, 8, MSR_SAVED, mtrr_fixed),
	VENDOR(MSR_IA32_CR_PAT, 1),
	OWN(MSR_MTRRdefType, 1, MSR_SAVED, mtrr_default),
	{ .index = MSR_IA32_PERF_CAPABILITIES, .count = 1, .flags = MSR_FEATURE,
	  .read = perf_caps_get, .write = fixed_set },
	OWN(MSR_IA32_MC0_CTL, MCE_BANKS_MAX * MCE_BANK_MSRS, 0, mce_bank),
	{ .index = MSR_IA32_VMX_BASIC, .count = VMX_MSRS,
	  .flags = MSR_SAVED | MSR_FEATURE, .exists = vmx_exists,
	  .read = vmx_msr_get, .write = vmx_msr_set },
	OWN(MSR_IA32_TSC_DEADLINE, 1, MSR_SAVED, apic_deadline),
	OWN(APIC_MSR_FIRST, APIC_MSR_LAST - APIC_MSR_FIRST + 1, 0, apic_msr),
	OWN_IF(MSR_IA32_XSS, MSR_SAVED, xss),
	/* Hyper-V's: the system's, the LAPIC's, SynIC, timers, debugger, crash and time. */
	OWN(HV_X64_MSR_GUEST_OS_ID, 4, MSR_SAVED, hv_msr),
	OWN(HV_X64_MSR_VP_RUNTIME, 1, MSR_SAVED, hv_msr),
	OWN(HV_X64_MSR_TIME_REF_COUNT, 4, MSR_SAVED, hv_msr),
	OWN(HV_X64_MSR_EOI, 3, 0, hv_msr),
	OWN(HV_X64_MSR_VP_ASSIST_PAGE, 1, MSR_SAVED, hv_msr),
	OWN(HV_X64_MSR_SCONTROL, 4, MSR_SAVED, hv_msr),
	OWN(HV_X64_MSR_EOM, 1, 0, hv_msr),
	OWN(HV_X64_MSR_SINT0, 16, MSR_SAVED, hv_msr),
	OWN(HV_X64_MSR_STIMER0_CONFIG, 8, MSR_SAVED, hv_msr),
	OWN(0x400000f1, 5, MSR_SAVED, hv_msr),
	OWN(0x400000ff, 1, MSR_SAVED, hv_msr),
	OWN(HV_X64_MSR_CRASH_P0, 9, MSR_SAVED, hv_msr),
	OWN(MSR_KVM_WALL_CLOCK_NEW, 2, MSR_SAVED, pvclock_msr),
	OWN(MSR_KVM_ASYNC_PF_EN, 1, MSR_SAVED, apf_msr),
	OWN(MSR_KVM_STEAL_TIME, 1, MSR_SAVED, steal_msr),
	OWN(MSR_KVM_PV_EOI_EN, 2, MSR_SAVED, pv_msr),
	OWN(MSR_KVM_ASYNC_PF_INT, 2, MSR_SAVED, apf_msr),
	OWN(MSR_KVM_MIGRATION_CONTROL, 1, MSR_SAVED, pv_msr),
	OWN(MSR_EFER, 1, MSR_SAVED, efer),
	VENDOR(MSR_STAR, 4),
	OWN(MSR_FS_BASE, 2, MSR_SAVED | MSR_DIRECT, base),
	VENDOR(MSR_KERNEL_GS_BASE, 1),
	{ .index = MSR_TSC_AUX, .count = 1, .flags = MSR_SAVED,
	  .exists = tsc_aux_exists, .read = tsc_aux_get,
	  .write = tsc_aux_set },
	/* Counters that never count: the four that CPUID does not announce. */
	FIXED(MSR_K7_EVNTSEL0, 8, MSR_IGNORED, 0),
	/* What firmware configures in a chip that is not there. */
	FIXED(MSR_AMD64_SYSCFG, 1, MSR_IGNORED, 0),
	KEPT_OWN(MSR_K7_HWCR, MSR_SAVED, hwcr, 0, hwcr_set),
	FIXED(MSR_K7_CLK_CTL, 1, MSR_IGNORED, CLK_CTL_VALUE),
	FIXED(MSR_AMD64_NB_CFG, 1, MSR_IGNORED, 0),
	FIXED(MSR_K8_INT_PENDING_MSG, 1, MSR_IGNORED, 0),
	FIXED(MSR_FAM10H_MMIO_CONF_BASE, 1, MSR_IGNORED, 0),
	{ .index = MSR_VM_CR, .count = 1, .flags = MSR_SAVED,
	  .exists = svm_exists },
	{ .index = MSR_VM_HSAVE_PA, .count = 1, .flags = MSR_SAVED,
	  .exists = svm_exists },
	OWN_IF(MSR_AMD64_VIRT_SPEC_CTRL, MSR_SAVED, spec_virt),
	KEPT(MSR_AMD64_OSVW_ID_LENGTH, MSR_SAVED | MSR_USER, osvw_length,
	     U16_MAX, 0),
	KEPT(MSR_AMD64_OSVW_STATUS, MSR_SAVED | MSR_USER, osvw_status,
	     U64_MAX, 0),
	/* LS, IC, DC and TW configuration. */
	FIXED(MSR_AMD64_LS_CFG, 4, MSR_IGNORED, 0),
	KEPT_OWN(MSR_AMD64_DE_CFG, MSR_SAVED | MSR_FEATURE, de_cfg, 0,
		 de_cfg_set),
	FIXED(MSR_AMD64_BU_CFG2, 1, MSR_IGNORED, 0),
};

const unsigned int msr_table_rows = ARRAY_SIZE(msr_table);

int msr_feature(u32 index, u64 *data)
{
	if (vmx_exists() && index - MSR_IA32_VMX_BASIC < VMX_MSRS) {
		*data = x86_caps->vmx_msr[index - MSR_IA32_VMX_BASIC];
		return 0;
	}
	switch (index) {
	case MSR_IA32_UCODE_REV:
		*data = host_ucode_rev();
		return 0;
	case MSR_AMD64_DE_CFG:
		*data = host_de_cfg();
		return 0;
	case MSR_IA32_PERF_CAPABILITIES:
		*data = 0;
		return 0;
	case MSR_IA32_ARCH_CAPABILITIES:
		*data = spec_caps_offered();
		return spec_caps_exists() ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

void msr_reset(struct x86_vcpu *v)
{
	const struct msr_row *row;

	v->msr_row = msr_table;
	for (row = msr_table; row < msr_table + msr_table_rows; row++)
		if (row->read == kept_get)
			*kept_field(v, row) = row->reset;
	v->msrs.apic_base = APIC_BASE_RESET | APIC_BASE_ENABLE;
	if (v->vcpu.id == to_x86_vm(v->vcpu.kvm)->irq.bsp_id)
		v->msrs.apic_base |= APIC_BASE_BSP;
	v->msrs.feature_control = 0;
	v->msrs.de_cfg = host_de_cfg();
	v->msrs.arch_caps = spec_caps_offered();
	v->smm.smbase = SMBASE_RESET;
}
