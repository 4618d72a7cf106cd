/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What VMLAUNCH and VMRESUME refuse (SDM vol. 3, 26.2 and 26.3; in newer editions 27.2
 * and 27.3).
 *
 * Nothing of the kernel is needed here, so that tests/unit can try the rules.
 */
#ifndef LAMINA_VMX_NESTED_CHECK_H
#define LAMINA_VMX_NESTED_CHECK_H

#include "vmx/nested_caps.h"
#include "vmx/vmcs12.h"

/**
 * struct nested_limits - the processor that executes it, as L1 knows it
 * @caps: its VMX capabilities
 * @cr4: CR4 bits that its CPUID allows
 * @efer: EFER bits likewise
 * @debugctl: IA32_DEBUGCTL bits likewise
 * @maxphyaddr: physical address width
 * @la57: linear addresses may have 57 bits
 * @long_mode: it has long mode
 * @host_lma: L1 is in long mode (EFER.LMA)
 * @smm: it is in system-management mode (never: L1's SMM has no VMX)
 */
struct nested_limits {
	const struct nested_caps *caps;
	u64 cr4;
	u64 efer;
	u64 debugctl;
	u8 maxphyaddr;
	bool la57;
	bool long_mode;
	bool host_lma;
	bool smm;
};

/* Rules by their numbers: the tables in nested_check.c; 0: none is broken. */
typedef u16 nested_rule_t;

/** nested_check_control - VM-execution, exit and entry controls (26.2.1); rule or 0 */
nested_rule_t nested_check_control(const struct vmcs12 *c, const struct nested_limits *lim);

/** nested_check_host - the host-state area (26.2.2 to 26.2.4); rule or 0 */
nested_rule_t nested_check_host(const struct vmcs12 *c, const struct nested_limits *lim);

/**
 * nested_check_guest - the guest-state area (26.3.1)
 * @c: vmcs12
 * @lim: L1's processor
 * @qualification: result: exit qualification (26.8): 0, 3 for NMI, 4 for the link pointer
 *
 * PDPTEs that come from memory are the caller's to check (qualification 2).
 *
 * Return: rule or 0.
 */
nested_rule_t nested_check_guest(const struct vmcs12 *c, const struct nested_limits *lim,
				 u64 *qualification);

/** nested_rule_name - for messages and tests */
const char *nested_rule_name(nested_rule_t rule);

#endif
