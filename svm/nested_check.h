/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What VMRUN refuses (APM vol. 2, 15.5.1, 15.20, 15.25.3, 15.25.4).
 *
 * Nothing of the kernel is needed here, so that tests/unit can try the rules.
 */
#ifndef LAMINA_SVM_NESTED_CHECK_H
#define LAMINA_SVM_NESTED_CHECK_H

#include <linux/types.h>

/**
 * struct nested_vmrun - the fields of a control block that VMRUN looks at
 * @vmrun: VMRUN itself is intercepted
 * @cs_attr: CS's attributes as they are in a VMCB
 */
struct nested_vmrun {
	u64 cr0;
	u64 cr3;
	u64 cr4;
	u64 efer;
	u64 dr6;
	u64 dr7;
	u64 g_pat;
	u64 iopm;
	u64 msrpm;
	u64 nested_ctl;
	u64 nested_cr3;
	u32 asid;
	u32 event_inj;
	u16 cs_attr;
	bool vmrun;
};

/**
 * struct nested_limits - the processor that executes it, as L1 knows it
 * @cr4: CR4 bits that are none of MBZ
 * @efer: likewise
 * @maxphyaddr: physical address width
 * @long_mode: it has one
 * @npt: it has nested paging
 * @paging: L1's CR0.PG
 */
struct nested_limits {
	u64 cr4;
	u64 efer;
	u8 maxphyaddr;
	bool long_mode;
	bool npt;
	bool paging;
};

/* Rules by their numbers: NESTED_RULES() in nested_check.c. */
enum nested_rule {
	NESTED_OK,
	NESTED_VMRUN_INTERCEPT,
	NESTED_ASID,
	NESTED_SVME,
	NESTED_CR0_NW,
	NESTED_CR0_HIGH,
	NESTED_CR3_MBZ,
	NESTED_CR4_MBZ,
	NESTED_DR6_HIGH,
	NESTED_DR7_HIGH,
	NESTED_EFER_MBZ,
	NESTED_NO_LONG_MODE,
	NESTED_LONG_NO_PAE,
	NESTED_LONG_NO_PE,
	NESTED_LONG_CS,
	NESTED_IOPM,
	NESTED_MSRPM,
	NESTED_EVENT_TYPE,
	NESTED_EVENT_VECTOR,
	NESTED_NO_NPT,
	NESTED_NPT_PAGING,
	NESTED_NPT_CR3,
	NESTED_NPT_PAT,
	NESTED_RULES_END
};

/**
 * nested_check - may L2 be entered?
 * @r: L1's control block
 * @lim: L1's processor
 *
 * Return: NESTED_OK, or the first rule that is broken: #VMEXIT(VMEXIT_INVALID).
 */
enum nested_rule nested_check(const struct nested_vmrun *r,
			      const struct nested_limits *lim);

/**
 * nested_check_control - the rules about the control area alone
 * @r: the control area's fields
 * @lim: L1's processor
 *
 * For a control area that comes from userspace; what L2's registers may be is
 * KVM_SET_SREGS's affair.
 */
enum nested_rule nested_check_control(const struct nested_vmrun *r,
				      const struct nested_limits *lim);

#endif
