// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that runs a guest of its own by VMX: L1's EPT, and its violations (SDM vol. 3,
 * 29.3).
 */
#define _GNU_SOURCE
#include "vmx.h"

GUEST(64, g_npf, "mov $0x40000, %ebx\n mov (%rbx), %eax\n mov %eax, (%rbx)\n vmcall\n");

/* The 2 MiB from 0 on in small pages, so that one can be missing. */
static void ept_small(uint64_t gpa, uint64_t to, uint64_t flags)
{
	uint64_t table = vm_page(&vm), a;

	for (a = 0; a < 512; a++)
		*vm_u64(&vm, table + a * 8) = a << 12 | EPT_RWX | EPT_WB;
	*vm_u64(&vm, table + (gpa >> 12) * 8) = to | flags;
	*vm_u64(&vm, pt_get(&ept, 0, 3) & ~0xfffull) = table | EPT_RWX;
}

static void ept_entry(uint64_t gpa, uint64_t to, uint64_t flags)
{
	uint64_t table = pt_get(&ept, 0, 2) & ~0xfffull;

	*vm_u64(&vm, table + (gpa >> 12) * 8) = to | flags;
}

static void ept_violation(void)
{
	L2_START(g_npf);
	ept_small(0x40000, 0x40000, 0);
	l2_until(R_EPT);
	CHECK_EQ(f_get(F_GPA), 0x40000);
	CHECK_EQ(f_get(F_LA), 0x40000);
	CHECK_EQ(f_get(F_QUAL) & 0x1ff, 1 | 1 << 7 | 1 << 8);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 5);
	CHECK_EQ(f_get(F_VECTORING) & INFO_VALID, 0);
	/* Read only, and elsewhere. */
	*vm_u64(&vm, 0x50000) = 0x99;
	ept_entry(0x40000, 0x50000, 1 | EPT_WB);
	l2_until(R_EPT);
	CHECK_EQ(l2_rax(), 0x99);
	CHECK_EQ(f_get(F_QUAL) & 0x1ff, 2 | 1 << 3 | 1 << 7 | 1 << 8);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 7);
	/* More rights need no INVEPT: nothing of a violation is cached (29.4.3.1). */
	ept_entry(0x40000, 0x50000, EPT_RWX | EPT_WB);
	*vm_u64(&vm, 0x50000) = 0;
	l2_until(R_VMCALL);
	CHECK_EQ(*vm_u64(&vm, 0x50000), 0x99);
}

static void ept_misconfig(void)
{
	L2_START(g_npf);
	/* Writable and not readable. */
	ept_small(0x40000, 0x40000, 2 | EPT_WB);
	l2_until(R_MISCONFIG);
	CHECK_EQ(f_get(F_GPA), 0x40000);
	ept_entry(0x40000, 0x40000, EPT_RWX | EPT_WB);
	l2_until(R_VMCALL);
}

/* L2's own table is missing: a violation of the walk. */
static void ept_violation_table(void)
{
	L2_START(g_npf);
	ept_small(0x70000, 0x70000, 0);
	f_set(F_CR3, 0x70000);
	l2_until(R_EPT);
	CHECK_EQ(f_get(F_GPA) & ~0xfffull, 0x70000);
	CHECK_EQ(f_get(F_QUAL) & 1 << 8, 0);
	CHECK_EQ(f_get(F_LA), GPA_CODE2);
}

/* With accessed and dirty flags it is one of a read and a write (29.3.3.2). */
static void ept_violation_table_ad(void)
{
	L2_START(g_npf);
	if (!(host_msr(0x48c) & 1 << 21))
		test_skip("no accessed and dirty flags");
	ept_small(0x70000, 0x70000, 0);
	f_set(F_CR3, 0x70000);
	f_set(F_EPTP, ept.root | 6 | 3 << 3 | 1 << 6);
	l2_until(R_EPT);
	CHECK_EQ(f_get(F_GPA) & ~0xfffull, 0x70000);
	CHECK_EQ(f_get(F_QUAL) & 0x187, 0x83);
}

/* An IRET that L1 has to let happen again, with NMIs blocked (28.2.3, table 28-7). */
GUEST(64, g_iret, "iretq\n");

static void ept_violation_iret(void)
{
	L2_START(g_iret);
	need(F_PIN, PIN_VNMI);
	f_or(F_PIN, PIN_NMI | PIN_VNMI);
	ept_small(0x50000, 0x50000, 0);
	f_set(F_RSP, 0x50800);
	f_set(F_INTR, 8);
	l2_until(R_EPT);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2);
	CHECK_EQ(f_get(F_QUAL) >> 12 & 1, 1);
	CHECK_EQ(f_get(F_INTR) & 8, 0);
}

static void ept_refused(void)
{
	L2_START(g_npf);
	f_set(F_EPTP, ept.root | 6 | 7 << 3);
	l2_refused(7);
}

/* MMIO of L2 is L1's by its address. */
GUEST(64, g_mmio, "mov $0x20000000, %ebx\n mov %eax, 8(%rbx)\n vmcall\n");

static void mmio(void)
{
	L2_START(g_mmio);
	vcpu_expect(&v, KVM_EXIT_MMIO);
	CHECK_EQ(v.run->mmio.phys_addr, 0x20000008);
	CHECK_EQ(v.run->mmio.len, 4);
	l2_until(R_VMCALL);
}

BOTH(mmio)
BOTH(ept_violation)
BOTH(ept_misconfig)
BOTH(ept_violation_table)
BOTH(ept_violation_table_ad)
BOTH(ept_violation_iret)
BOTH(ept_refused)

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		CASES(mmio), CASE(ept_violation_ept), CASE(ept_misconfig_ept),
		CASE(ept_violation_table_ept), CASE(ept_violation_table_ad_ept),
		CASE(ept_violation_iret_ept), CASE(ept_refused_ept), { }
	};

	return test_main(argc, argv, cases);
}
