/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What KVM_GET_MSR_INDEX_LIST has, and on whose processors (SDM vol. 4; APM vol. 2,
 * appendix A; Documentation/virt/kvm/x86/msr.rst).  The table of docs/api.md is this one:
 * scripts/check-lists makes it of these lines, and prints those that are not there.
 */
#ifndef API_MSR_LIST_H
#define API_MSR_LIST_H

#include <stdint.h>

enum msr_who {
	BOTH,		/* on every host, whatever the guest's vendor */
	AMD,		/* on hosts of this vendor, with nested=1 */
	INTEL,		/* on hosts of this vendor */
	FEATURE,	/* where the processor, or an option, has it */
};

static const struct {
	uint32_t first, last;
	enum msr_who who;
	const char *name;
} msr_list[] = {
	{ 0x10, 0x10, BOTH, "TSC" },
	{ 0x11, 0x12, BOTH, "KVM_WALL_CLOCK, KVM_SYSTEM_TIME" },
	{ 0x1b, 0x1b, BOTH, "APIC_BASE" },
	{ 0x34, 0x34, BOTH, "SMI_COUNT" },
	{ 0x3a, 0x3a, INTEL, "FEATURE_CONTROL" },
	{ 0x3b, 0x3b, BOTH, "TSC_ADJUST" },
	{ 0x48, 0x48, FEATURE, "SPEC_CTRL" },
	{ 0x8b, 0x8b, BOTH, "BIOS_SIGN_ID" },
	{ 0x9e, 0x9e, BOTH, "SMBASE" },
	{ 0xce, 0xce, BOTH, "PLATFORM_INFO" },
	{ 0x10a, 0x10a, INTEL, "ARCH_CAPABILITIES" },
	{ 0x174, 0x176, BOTH, "SYSENTER_CS, _ESP, _EIP" },
	{ 0x17a, 0x17b, BOTH, "MCG_STATUS, MCG_CTL" },
	{ 0x1a0, 0x1a0, BOTH, "MISC_ENABLE" },
	{ 0x200, 0x20f, BOTH, "MTRR_PHYSBASE0 to MTRR_PHYSMASK7" },
	{ 0x250, 0x250, BOTH, "MTRR_FIX64K" },
	{ 0x258, 0x259, BOTH, "MTRR_FIX16K" },
	{ 0x268, 0x26f, BOTH, "MTRR_FIX4K" },
	{ 0x277, 0x277, BOTH, "PAT" },
	{ 0x2ff, 0x2ff, BOTH, "MTRR_DEF_TYPE" },
	{ 0x6e0, 0x6e0, BOTH, "TSC_DEADLINE" },
	{ 0xda0, 0xda0, FEATURE, "XSS" },
	{ 0x4b564d00, 0x4b564d08, BOTH, "KVM_WALL_CLOCK_NEW to KVM_MIGRATION_CONTROL" },
	{ 0xc0000080, 0xc0000080, BOTH, "EFER" },
	{ 0xc0000081, 0xc0000084, BOTH, "STAR, LSTAR, CSTAR, FMASK" },
	{ 0xc0000100, 0xc0000102, BOTH, "FS_BASE, GS_BASE, KERNEL_GS_BASE" },
	{ 0xc0000103, 0xc0000103, FEATURE, "TSC_AUX" },
	{ 0xc0010015, 0xc0010015, BOTH, "HWCR" },
	{ 0xc0010114, 0xc0010114, AMD, "VM_CR" },
	{ 0xc0010117, 0xc0010117, AMD, "VM_HSAVE_PA" },
	{ 0xc001011f, 0xc001011f, FEATURE, "VIRT_SPEC_CTRL" },
	{ 0xc0010140, 0xc0010141, BOTH, "OSVW_ID_LENGTH, OSVW_STATUS" },
	{ 0xc0011029, 0xc0011029, BOTH, "DE_CFG" },
};

#endif
