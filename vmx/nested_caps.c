// SPDX-License-Identifier: GPL-2.0-only
/*
 * L1's VMX capability MSRs (SDM vol. 3, appendix A).
 *
 * A control word's MSR has the bits that must be one in its lower half and those that may be
 * one in its upper half.  Bits of the default1 class must be one, but for those that the
 * "true" MSRs make optional: L1 has these, as all processors with EPT do.
 */
#include <linux/errno.h>
#include <linux/kernel.h>

#include <asm/msr-index.h>
#include <asm/vmx.h>

#include "vmx/nested_caps.h"
#include "vmx/vmcs12.h"

/* IA32_VMX_BASIC: A.1. */
#define BASIC_BYTES		((u64)VMCS12_BYTES << 32)
#define BASIC_WB		(6ull << 50)
#define BASIC_DUAL_MONITOR	(1ull << 49)
#define BASIC_TRUE		(1ull << 55)

/* IA32_VMX_MISC: A.6. */
#define MISC_SMM_PT		(3ull << 14)
#define MISC_SMI_UNBLOCK	(1ull << 28)
#define MISC_ACTIVITY		(7ull << 6)
#define MISC_CR3_TARGETS	(0x1ffull << 16)
#define MISC_MSR_LIST		(7ull << 25)
#define MISC_MAY_GO \
	(VMX_MISC_SAVE_EFER_LMA | MISC_ACTIVITY | MISC_SMM_PT | MISC_SMI_UNBLOCK | \
	 VMX_MISC_WRITES_ALL | VMX_MISC_ZERO_LEN_INS)

/* A.7, A.8: what must be one in VMX operation. */
#define CR0_FIXED0	0x80000021ull	/* PG, NE, PE */
#define CR4_FIXED0	0x2000ull	/* VMXE */

/*
 * A.3 to A.5: a word's MSRs, its default1 bits, and those of them that may be zero all the
 * same.
 */
struct control {
	u32 index;
	u32 exact;
	u32 default1;
	u32 optional;
};

static const struct control controls[] = {
	{ MSR_IA32_VMX_PINBASED_CTLS, MSR_IA32_VMX_TRUE_PINBASED_CTLS,
	  PIN_BASED_ALWAYSON_WITHOUT_TRUE_MSR, 0 },
	{ MSR_IA32_VMX_PROCBASED_CTLS, MSR_IA32_VMX_TRUE_PROCBASED_CTLS,
	  CPU_BASED_ALWAYSON_WITHOUT_TRUE_MSR,
	  CPU_BASED_CR3_LOAD_EXITING | CPU_BASED_CR3_STORE_EXITING },
	{ MSR_IA32_VMX_EXIT_CTLS, MSR_IA32_VMX_TRUE_EXIT_CTLS,
	  VM_EXIT_ALWAYSON_WITHOUT_TRUE_MSR, VM_EXIT_SAVE_DEBUG_CONTROLS },
	{ MSR_IA32_VMX_ENTRY_CTLS, MSR_IA32_VMX_TRUE_ENTRY_CTLS,
	  VM_ENTRY_ALWAYSON_WITHOUT_TRUE_MSR, VM_ENTRY_LOAD_DEBUG_CONTROLS },
};

static u64 *msr_slot(struct nested_caps *caps, u32 index)
{
	return &caps->msr[index - NESTED_MSR_FIRST];
}

static void control_set(struct nested_caps *caps, const struct control *c, u64 value)
{
	*msr_slot(caps, c->exact) = value;
	*msr_slot(caps, c->index) = value | c->default1;
}

void nested_caps_init(struct nested_caps *caps, const struct nested_host *host)
{
	const u32 may[ARRAY_SIZE(controls)] = { host->pin, host->cpu, host->exit, host->entry };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(controls); i++) {
		const struct control *c = &controls[i];

		control_set(caps, c, (c->default1 & ~c->optional) |
				     (u64)(may[i] | c->default1) << 32);
	}
	*msr_slot(caps, MSR_IA32_VMX_BASIC) = VMCS12_REVISION | BASIC_BYTES | BASIC_WB |
					      host->basic | BASIC_TRUE;
	*msr_slot(caps, MSR_IA32_VMX_MISC) = host->misc;
	*msr_slot(caps, MSR_IA32_VMX_CR0_FIXED0) = CR0_FIXED0;
	*msr_slot(caps, MSR_IA32_VMX_CR0_FIXED1) = host->cr0_fixed1;
	*msr_slot(caps, MSR_IA32_VMX_CR4_FIXED0) = CR4_FIXED0;
	*msr_slot(caps, MSR_IA32_VMX_CR4_FIXED1) = host->cr4_fixed1;
	*msr_slot(caps, MSR_IA32_VMX_VMCS_ENUM) = (u64)vmcs12_max_index() << 1;
	*msr_slot(caps, MSR_IA32_VMX_PROCBASED_CTLS2) = (u64)host->cpu2 << 32;
	*msr_slot(caps, MSR_IA32_VMX_EPT_VPID_CAP) = host->ept_vpid;
	*msr_slot(caps, MSR_IA32_VMX_VMFUNC) = host->vmfunc;
}

u64 nested_caps_read(const struct nested_caps *caps, u32 index)
{
	return caps->msr[index - NESTED_MSR_FIRST];
}

/* ------------------------------------------------------------------------ */
/* What userspace may make of the most that there is. */

/* Less that may be one, more that must. */
static bool control_is_within(u64 most, u64 value)
{
	return !((u32)most & ~(u32)value) && !(value >> 32 & ~(most >> 32));
}

/* Zero in place of one, and that in @may_go alone. */
static bool flags_are_within(u64 most, u64 value, u64 may_go)
{
	return !((most ^ value) & ~may_go) && !(value & ~most);
}

static bool misc_is_within(u64 most, u64 value)
{
	const u64 counts = MISC_CR3_TARGETS | MISC_MSR_LIST;

	return (value & MISC_CR3_TARGETS) <= (most & MISC_CR3_TARGETS) &&
	       (value & MISC_MSR_LIST) <= (most & MISC_MSR_LIST) &&
	       flags_are_within(most & ~counts, value & ~counts, MISC_MAY_GO);
}

static bool is_within(u32 index, u64 most, u64 now, u64 value)
{
	switch (index) {
	case MSR_IA32_VMX_BASIC:
		return flags_are_within(most, value,
					BASIC_DUAL_MONITOR | NESTED_BASIC_INS_OUTS | BASIC_TRUE);
	case MSR_IA32_VMX_TRUE_PINBASED_CTLS:
	case MSR_IA32_VMX_TRUE_PROCBASED_CTLS:
	case MSR_IA32_VMX_TRUE_EXIT_CTLS:
	case MSR_IA32_VMX_TRUE_ENTRY_CTLS:
	case MSR_IA32_VMX_PROCBASED_CTLS2:
		return control_is_within(most, value);
	case MSR_IA32_VMX_MISC:
		return misc_is_within(most, value);
	case MSR_IA32_VMX_CR0_FIXED0:
	case MSR_IA32_VMX_CR4_FIXED0:
		return !(most & ~value);
	case MSR_IA32_VMX_EPT_VPID_CAP:
	case MSR_IA32_VMX_VMFUNC:
		return flags_are_within(most, value, ~0ull);
	case MSR_IA32_VMX_VMCS_ENUM:
		/* It takes nothing and gives nothing; VMMs write what they believe. */
		return true;
	default:
		/* Those that follow from others. */
		return value == now;
	}
}

int nested_caps_write(struct nested_caps *caps, const struct nested_host *host,
		      u32 index, u64 value)
{
	struct nested_caps most;
	unsigned int i;

	nested_caps_init(&most, host);
	if (!is_within(index, *msr_slot(&most, index), *msr_slot(caps, index), value))
		return -EINVAL;
	*msr_slot(caps, index) = value;
	for (i = 0; i < ARRAY_SIZE(controls); i++)
		if (controls[i].exact == index)
			control_set(caps, &controls[i], value);
	return 0;
}

bool nested_caps_ok(const struct nested_caps *caps, u32 index, u32 value)
{
	u64 allowed;
	unsigned int i;

	/* Without "true" MSRs the others are what holds: A.2. */
	for (i = 0; i < ARRAY_SIZE(controls); i++)
		if (controls[i].exact == index &&
		    !(nested_caps_read(caps, MSR_IA32_VMX_BASIC) & BASIC_TRUE))
			index = controls[i].index;
	allowed = nested_caps_read(caps, index);
	return !((u32)allowed & ~value) && !(value & ~(allowed >> 32));
}
