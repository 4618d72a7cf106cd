/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tables of nested_check.c and nested_check_guest.c share.
 *
 * A table is a macro of rows, name and what breaks the rule, with @c and @lim in scope; a
 * rule's number is its table's and its place in it.
 */
#ifndef LAMINA_VMX_NESTED_RULE_H
#define LAMINA_VMX_NESTED_RULE_H

#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/vmx.h>

#include "vmx/nested_check.h"

#define RULES_CONTROL	0x100
#define RULES_HOST	0x200
#define RULES_GUEST	0x300
#define RULES_MASK	0xff

#define RULE_NUMBER(name, broken)	RULE_##name,
#define RULE_NAME(name, broken)		#name,
#define RULE_CHECK(name, broken)					\
	if (broken)							\
		return RULE_##name;

/* An address of a page. */
#define PAGE_RULES(RULE, name, on, address)				\
	RULE(name##_LOW, (on) && ((address) & 0xfff))			\
	RULE(name##_HIGH, (on) && (address) >> lim->maxphyaddr)

#define ENTRY(bit)	(c->vm_entry_controls & VM_ENTRY_##bit)

/* The event to be injected: 24.8.3. */
#define VECTOR		(c->vm_entry_intr_info_field & INTR_INFO_VECTOR_MASK)
#define IS_EVENT	(c->vm_entry_intr_info_field & INTR_INFO_VALID_MASK)
#define IS_TYPE(type)	(IS_EVENT && (c->vm_entry_intr_info_field & \
				      INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_##type)

/** rule_cpu2 - secondary controls in force (26.2.1.1) */
static inline u32 rule_cpu2(const struct vmcs12 *c)
{
	return c->cpu_based_vm_exec_control & CPU_BASED_ACTIVATE_SECONDARY_CONTROLS ?
	       c->secondary_vm_exec_control : 0;
}

/** rule_identical - are bits 63 to @n one and the same? */
static inline bool rule_identical(u64 address, int n)
{
	return address >> n == 0 || ~address >> n == 0;
}

/** rule_canonical - is it a linear address of this processor's? */
static inline bool rule_canonical(u64 address, const struct nested_limits *lim)
{
	return rule_identical(address, lim->la57 ? 56 : 47);
}

/**
 * rule_cr0 - can CR0 be that in VMX operation?
 * @value: CR0
 * @lim: L1's processor
 * @free: bits that may be anything; so may NW and CD, which entries and exits do not touch
 */
static inline bool rule_cr0(u64 value, const struct nested_limits *lim, u64 free)
{
	u64 must = nested_caps_read(lim->caps, MSR_IA32_VMX_CR0_FIXED0);
	u64 may = nested_caps_read(lim->caps, MSR_IA32_VMX_CR0_FIXED1);

	return !(((must & ~value) | (value & ~may)) & ~(free | X86_CR0_NW | X86_CR0_CD));
}

/** rule_cr4 - can CR4 be that in VMX operation? */
static inline bool rule_cr4(u64 value, const struct nested_limits *lim)
{
	u64 must = nested_caps_read(lim->caps, MSR_IA32_VMX_CR4_FIXED0);
	u64 may = nested_caps_read(lim->caps, MSR_IA32_VMX_CR4_FIXED1) & lim->cr4;

	return !(must & ~value) && !(value & ~may);
}

/** nested_guest_rule_name - nested_rule_name() of the guest's rules */
const char *nested_guest_rule_name(nested_rule_t rule);

#endif
