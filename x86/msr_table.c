// SPDX-License-Identifier: GPL-2.0-only
/* The MSRs that a guest has (APM vol. 2, appendix A). */
#include <linux/kernel.h>

#include <asm/apicdef.h>
#include <asm/msr-index.h>
#include <asm/msr.h>

#include "x86/cr.h"
#include "x86/msr.h"
#include "x86/vendor.h"

static int efer_get(struct x86_vcpu *v, u64 *data)
{
	*data = state_get(v, GRP_EFER)->efer;
	return 0;
}

/* The client restores LMA with the rest; whether it fits is KVM_SET_SREGS's. */
static int efer_set(struct x86_vcpu *v, u64 data, bool host)
{
	return efer_write(v, data);
}

static int apic_base_get(struct x86_vcpu *v, u64 *data)
{
	*data = v->msrs.apic_base;
	return 0;
}

/* x2APIC needs an APIC in the kernel. */
bool apic_base_is_valid(const struct x86_vcpu *v, u64 data)
{
	u64 bits = MSR_IA32_APICBASE_BSP | MSR_IA32_APICBASE_ENABLE;

	bits |= GENMASK_ULL(v->cpuid.maxphyaddr - 1, 12);
	return !(data & ~bits);
}

/* BSP is read only for the guest. */
static int apic_base_set(struct x86_vcpu *v, u64 data, bool host)
{
	if (!apic_base_is_valid(v, data))
		return -EINVAL;
	if (!host && ((data ^ v->msrs.apic_base) & MSR_IA32_APICBASE_BSP))
		return -EINVAL;
	v->msrs.apic_base = data;
	return 0;
}

static int tsc_get(struct x86_vcpu *v, u64 *data)
{
	*data = rdtsc() + state_get(v, GRP_TSC)->tsc_offset;
	return 0;
}

static int tsc_set(struct x86_vcpu *v, u64 data, bool host)
{
	state_set(v, GRP_TSC)->tsc_offset = data - rdtsc();
	return 0;
}

static int bios_sign_get(struct x86_vcpu *v, u64 *data)
{
	*data = v->msrs.bios_sign_id;
	return 0;
}

/* A guest's microcode update has no effect; the client sets what it shows. */
static int bios_sign_set(struct x86_vcpu *v, u64 data, bool host)
{
	if (host)
		v->msrs.bios_sign_id = data;
	return 0;
}

const struct msr_row msr_table[] = {
	{ MSR_IA32_APICBASE,	apic_base_get,	apic_base_set },
	{ MSR_EFER,		efer_get,	efer_set },
	{ MSR_IA32_TSC,		tsc_get,	tsc_set },
	{ MSR_FS_BASE },
	{ MSR_GS_BASE },
	{ MSR_KERNEL_GS_BASE },
	{ MSR_STAR },
	{ MSR_LSTAR },
	{ MSR_CSTAR },
	{ MSR_SYSCALL_MASK },
	{ MSR_IA32_SYSENTER_CS },
	{ MSR_IA32_SYSENTER_ESP },
	{ MSR_IA32_SYSENTER_EIP },
	{ MSR_IA32_CR_PAT },
	{ MSR_IA32_UCODE_REV,	bios_sign_get,	bios_sign_set },
};

const unsigned int msr_table_rows = ARRAY_SIZE(msr_table);

void msr_reset(struct x86_vcpu *v)
{
	v->msrs.apic_base = APIC_DEFAULT_PHYS_BASE | MSR_IA32_APICBASE_ENABLE;
	if (v->vcpu.id == 0)
		v->msrs.apic_base |= MSR_IA32_APICBASE_BSP;
}
