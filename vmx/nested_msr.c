// SPDX-License-Identifier: GPL-2.0-only
/* L2's MSRs: L1's bitmap (SDM vol. 3, 25.6.9), and the MSR areas (25.7.2, 25.8.2, 27.4, 28.4). */
#include <asm/msr-index.h>

#include "vmx/nested.h"
#include "vmx/nested_parts.h"

/* An entry of an area. */
struct msr_entry {
	u32 index;
	u32 reserved;
	u64 data;
};

/* IA32_VMX_MISC announces so many: what more does is not defined, and we end there. */
#define AREA_MSRS	512

/* Loaded by an area they would change what VM entry and exit load by fields, or SMM. */
static bool load_is_allowed(u32 index)
{
	/* x2APIC registers, and those that only system management has. */
	return index != MSR_FS_BASE && index != MSR_GS_BASE && index >> 8 != 0x8 &&
	       index != MSR_IA32_UCODE_WRITE && index != MSR_IA32_SMM_MONITOR_CTL;
}

static bool store_is_allowed(u32 index)
{
	return index >> 8 != 0x8 && index != MSR_IA32_SMBASE;
}

u32 vmx_nested_msrs_load(struct vmx_vcpu *s, gpa_t area, u32 count)
{
	struct msr_entry e;
	u32 i;

	for (i = 0; i < count; i++)
		if (i == AREA_MSRS ||
		    kvm_nested_read(&s->x86, area + i * sizeof(e), &e, sizeof(e)) ||
		    e.reserved || !load_is_allowed(e.index) ||
		    kvm_nested_wrmsr(&s->x86, e.index, e.data))
			return i + 1;
	return 0;
}

bool vmx_nested_msrs_store(struct vmx_vcpu *s, gpa_t area, u32 count)
{
	struct msr_entry e;
	gpa_t at = area;
	u32 i;

	for (i = 0; i < count; i++, at += sizeof(e)) {
		if (i == AREA_MSRS ||
		    kvm_nested_read(&s->x86, at, &e, sizeof(e)) || e.reserved ||
		    !store_is_allowed(e.index) ||
		    kvm_nested_rdmsr(&s->x86, e.index, &e.data) ||
		    kvm_nested_write(&s->x86, at + offsetof(struct msr_entry, data),
				     &e.data, sizeof(e.data)))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------------------ */

/* Reads of the low range, of the high one, writes of both: 1 KiB each. */
#define MAP_RANGE	1024
#define MAP_WRITES	2048

/* What cannot be read is not allowed. */
static bool map_denies(struct vmx_vcpu *s, unsigned int byte, u8 mask)
{
	u8 bits;

	return kvm_nested_read(&s->x86, s->nested->c->msr_bitmap + byte, &bits, 1) ||
	       (bits & mask);
}

bool vmx_nested_wants_msr(struct vmx_vcpu *s, bool write)
{
	u32 index = s->x86.state.gpr[GPR_RCX];
	bool high = index >> 30 == 3;

	/* In no range: it is L1's. */
	if (!l1_cpu(s, CPU_BASED_USE_MSR_BITMAPS) ||
	    (index & 0x3fffe000) || (index >> 30 && !high))
		return true;
	return map_denies(s, (write ? MAP_WRITES : 0) + (high ? MAP_RANGE : 0) +
			  (index & 0x1fff) / 8, BIT(index % 8));
}

/* SYSENTER_CS, _ESP, _EIP; FS_BASE, GS_BASE, KERNEL_GS_BASE: vmcs.c. */
#define LOW_BYTE	(MSR_IA32_SYSENTER_CS / 8)
#define LOW_MASK	(7 << MSR_IA32_SYSENTER_CS % 8)
#define HIGH_BYTE	(MAP_RANGE + (MSR_FS_BASE & 0x1fff) / 8)
#define HIGH_MASK	(7 << MSR_FS_BASE % 8)

/* SPEC_CTRL, once a guest has it without exits, is none of those. */
bool vmx_nested_msrs_free(struct vmx_vcpu *s)
{
	return !s->spec_switched && l1_cpu(s, CPU_BASED_USE_MSR_BITMAPS) &&
	       !map_denies(s, LOW_BYTE, LOW_MASK) &&
	       !map_denies(s, HIGH_BYTE, HIGH_MASK) &&
	       !map_denies(s, LOW_BYTE + MAP_WRITES, LOW_MASK) &&
	       !map_denies(s, HIGH_BYTE + MAP_WRITES, HIGH_MASK);
}
