/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What L1's processor can do of VMX: MSRs 0x480 to 0x491.
 *
 * Userspace may take capabilities away from a vCPU (KVM_SET_MSRS), never add any.  Nothing
 * of the kernel is needed here, so that tests/unit can try it.
 */
#ifndef LAMINA_VMX_NESTED_CAPS_H
#define LAMINA_VMX_NESTED_CAPS_H

#include <linux/types.h>

#define NESTED_MSR_FIRST	0x480	/* IA32_VMX_BASIC */
#define NESTED_MSR_LAST		0x491	/* IA32_VMX_VMFUNC */
#define NESTED_MSRS		(NESTED_MSR_LAST - NESTED_MSR_FIRST + 1)

/* IA32_VMX_MISC: VMWRITE writes exit information. */
#define VMX_MISC_WRITES_ALL	(1ull << 29)

/* IA32_VMX_BASIC: exits of INS and OUTS have instruction information. */
#define NESTED_BASIC_INS_OUTS	(1ull << 54)

/**
 * struct nested_caps - the MSRs' values
 * @msr: by number less NESTED_MSR_FIRST.  The controls that are not "true" (0x481 to
 *       0x484) are kept as the true ones with default1 bits forced
 */
struct nested_caps {
	u64 msr[NESTED_MSRS];
};

/**
 * struct nested_host - what Lamina and the hardware offer L1 at most
 * @pin, @cpu, @cpu2, @exit, @entry: controls that may be one; each is listed with what
 *                                   stands for it in nested_caps.c
 * @ept_vpid: IA32_VMX_EPT_VPID_CAP
 * @basic: of IA32_VMX_BASIC, that INS and OUTS exits have instruction information
 * @misc: IA32_VMX_MISC
 * @cr0_fixed1, @cr4_fixed1: bits that may be one
 * @vmfunc: IA32_VMX_VMFUNC
 */
struct nested_host {
	u32 pin;
	u32 cpu;
	u32 cpu2;
	u32 exit;
	u32 entry;
	u64 ept_vpid;
	u64 basic;
	u64 misc;
	u64 cr0_fixed1;
	u64 cr4_fixed1;
	u64 vmfunc;
};

/** nested_caps_init - all that @host offers */
void nested_caps_init(struct nested_caps *caps, const struct nested_host *host);

/**
 * nested_caps_read - RDMSR, KVM_GET_MSRS
 * @caps: the vCPU's
 * @index: NESTED_MSR_FIRST to NESTED_MSR_LAST
 */
u64 nested_caps_read(const struct nested_caps *caps, u32 index);

/**
 * nested_caps_write - KVM_SET_MSRS
 * @caps: the vCPU's
 * @host: the most that it may be
 * @index: NESTED_MSR_FIRST to NESTED_MSR_LAST
 * @value: what it is to be
 *
 * Return: 0; -EINVAL: a capability that @host lacks, a control that must be one made
 *         optional, or something that cannot be changed; nothing has changed.
 */
int nested_caps_write(struct nested_caps *caps, const struct nested_host *host,
		      u32 index, u64 value);

/** nested_caps_ok - are a control word's bits within the allowed-0 and allowed-1 settings
 *  of the (true) capability MSR @index? */
bool nested_caps_ok(const struct nested_caps *caps, u32 index, u32 controls);

#endif
