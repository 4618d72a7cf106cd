// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that runs a guest of its own by VMX: L1's EPT, its violations, VMFUNC, its
 * page-modification log (SDM vol. 3, 26.5.6, 29.3).
 */
#define _GNU_SOURCE
#include "vmx.h"

enum { UD = 6 };

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

/* ---- what L0 does not execute on such memory is #UD, and not the end of L1 ---- */

/* Code there; and, behind a read of the same page, once more. */
GUEST(64, g_jump, "mov $0x20000000, %ebx\n jmp *%rbx\n");
GUEST(64, g_read_jump, "mov $0x20000000, %ebx\n mov (%rbx), %eax\n jmp *%rbx\n");
GUEST(64, g_unknown, "mov $0x20000000, %ebx\n paddb (%rbx), %mm0\n");

static void ud_of(uint64_t rip)
{
	l2_until(R_EXCEPTION);
	CHECK_EQ(f_get(F_INFO), INFO_VALID | INFO_EXC | UD);
	CHECK_EQ(f_get(F_RIP), rip);
}

static void not_executed(void)
{
	L2_START(g_jump);
	f_set(F_EXCEPTIONS, 1 << UD);
	ud_of(0x20000000);
	vm_close(&vm);
	L2_START(g_read_jump);
	f_set(F_EXCEPTIONS, 1 << UD);
	vcpu_expect(&v, KVM_EXIT_MMIO);
	ud_of(0x20000000);
	vm_close(&vm);
	L2_START(g_unknown);
	f_set(F_EXCEPTIONS, 1 << UD);
	ud_of(GPA_CODE2 + 5);
	/* L2's own, where L1 does not want it. */
	f_set(F_EXCEPTIONS, 0);
	CHECK_EQ(exc_next(&v).vector, UD);
}

/* Userspace wants to hear of it. */
static void not_executed_told(void)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_EXIT_ON_EMULATION_FAILURE, .args[0] = 1,
	};

	L2_START(g_unknown);
	OK(ioctl(vm.fd, KVM_ENABLE_CAP, &cap));
	vcpu_expect(&v, KVM_EXIT_INTERNAL_ERROR);
	CHECK_EQ(v.run->internal.suberror, KVM_INTERNAL_ERROR_EMULATION);
	CHECK_EQ(vcpu_regs(&v).rip, GPA_CODE2 + 5);
}

/* ---- VMFUNC: the same address through another EPT ---- */

#define GPA_LIST	0x60000

GUEST(64, g_vmfunc, "mov $0x40000, %ebx\n mov (%rbx), %rbp\n vmfunc\n mov (%rbx), %rbp\n"
      "vmcall\n");
#define VMFUNC_BYTES	3
#define VMFUNC_AT	(GPA_CODE2 + 5 + 3)

/* Entry 1 of the list: 0x40000 is at 0x50000 there. */
static void vmfunc_start(void)
{
	struct pt first;
	uint64_t a;

	L2_START(g_vmfunc);
	need(F_CPU2, CPU2_VMFUNC);
	CHECK_EQ(host_msr(0x491), 1);
	first = ept;
	pt_init(&ept, &vm, MODE_LONG);
	for (a = 0; a < 1ull << 30; a += 2ul << 20)
		pt_map(&ept, a, a, 2, EPT_RWX | EPT_WB);
	ept_small(0x40000, 0x50000, EPT_RWX | EPT_WB);
	*vm_u64(&vm, GPA_LIST) = first.root | 6 | 3 << 3;
	*vm_u64(&vm, GPA_LIST + 8) = ept.root | 6 | 3 << 3;
	*vm_u64(&vm, GPA_LIST + 16) = ept.root | 7 | 3 << 3;
	*vm_u64(&vm, 0x40000) = 0x4444;
	*vm_u64(&vm, 0x50000) = 0x5555;
	f_or(F_CPU2, CPU2_VMFUNC);
	f_set(F_VMFUNC, 1);
	f_set(F_EPTP_LIST, GPA_LIST);
}

/* L2 once more, with these registers; nothing of a failure has changed the EPT pointer. */
static void vmfunc_call(uint64_t rax, uint64_t rcx)
{
	f_set(F_RIP, GPA_CODE2);
	*vm_u64(&vm, GPA_REGS) = rax;
	*vm_u64(&vm, GPA_REGS + 8) = rcx;
}

static void vmfunc(void)
{
	vmfunc_start();
	vmfunc_call(0, 1);
	l2_until(R_VMCALL);
	CHECK_EQ(vcpu_regs(&v).rbp, 0x5555);
	CHECK_EQ(f_get(F_EPTP), *vm_u64(&vm, GPA_LIST + 8));
	/* Its own EPT is also what L2 has at the next entry. */
	vmfunc_call(0, 0);
	l2_until(R_VMCALL);
	CHECK_EQ(vcpu_regs(&v).rbp, 0x4444);
	CHECK_EQ(f_get(F_EPTP), *vm_u64(&vm, GPA_LIST));
}

/* A function that is off; an entry that is no EPT pointer, and one behind the list. */
static void vmfunc_exits(void)
{
	static const struct {
		uint64_t rax, rcx;
	} row[] = { { 1, 0 }, { 63, 0 }, { 0, 2 }, { 0, 512 } };
	unsigned int i;

	vmfunc_start();
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		vmfunc_call(row[i].rax, row[i].rcx);
		l2_until(R_VMFUNC);
		CHECK_EQ(f_get(F_RIP), VMFUNC_AT);
		CHECK_EQ(f_get(F_LEN), VMFUNC_BYTES);
		CHECK_EQ(f_get(F_EPTP), *vm_u64(&vm, GPA_LIST));
	}
}

/* Undefined where L1 has not enabled it, and functions above 63. */
static void vmfunc_undefined(void)
{
	struct exc e;

	vmfunc_start();
	vmfunc_call(64, 0);
	e = exc_next(&v);
	CHECK_EQ(e.vector, UD);
	CHECK_EQ(e.rip, VMFUNC_AT);
	vm_close(&vm);
	L2_START(g_vmfunc);
	vmfunc_call(0, 0);
	CHECK_EQ(exc_next(&v).vector, UD);
}

static void vmfunc_refused(void)
{
	vmfunc_start();
	f_set(F_VMFUNC, 2);
	l2_refused(7);
	f_set(F_VMFUNC, 1);
	f_set(F_EPTP_LIST, GPA_LIST + 8);
	l2_refused(7);
}

/* ---- the page-modification log (29.3.6) ---- */

#define GPA_PML		0x70000
#define R_PML		62

GUEST(64, g_pml, "mov $0x40000, %ebx\n mov (%rbx), %eax\n mov %eax, (%rbx)\n"
      "mov %eax, 8(%rbx)\n mov %eax, 0x1ff8(%rbx)\n vmcall\n mov %eax, 0x3000(%rbx)\n"
      "vmcall\n");

static unsigned int pml_count(unsigned int index, uint64_t page)
{
	unsigned int n = 0;

	while (++index < 512)
		n += *vm_u64(&vm, GPA_PML + index * 8) == page;
	return n;
}

static void pml(void)
{
	unsigned int index;
	uint64_t rip;

	L2_START(g_pml);
	need(F_CPU2, CPU2_PML);
	ept_small(0x40000, 0x40000, EPT_RWX | EPT_WB);
	f_or(F_CPU2, CPU2_PML);
	f_set(F_EPTP, ept.root | 6 | 3 << 3 | 1 << 6);
	f_set(F_PML, GPA_PML);
	f_set(F_PML_INDEX, 511);
	l2_until(R_VMCALL);
	/* Two pages, and those of L2's tables; what was only read or executed is not there. */
	index = f_get(F_PML_INDEX);
	CHECK(index < 510);
	CHECK_EQ(pml_count(index, 0x40000), 1);
	CHECK_EQ(pml_count(index, 0x41000), 1);
	CHECK_EQ(pml_count(index, GPA_CODE2), 0);
	CHECK_EQ(*vm_u64(&vm, GPA_PML + index * 8), 0);
	/* Full: nothing is dirty, and the write comes again. */
	f_set(F_PML_INDEX, 0xffff);
	rip = f_get(F_RIP) + 3;
	l2_next(3, R_PML);
	CHECK_EQ(f_get(F_RIP), rip);
	CHECK_EQ(f_get(F_QUAL), 0);
	CHECK_EQ(f_get(F_PML_INDEX), 0xffff);
	CHECK_EQ(*vm_u64(&vm, (pt_get(&ept, 0, 2) & ~0xfffull) + 0x43 * 8) & 0x200, 0);
	f_set(F_PML_INDEX, 0);
	l2_until(R_VMCALL);
	CHECK_EQ(f_get(F_PML_INDEX), 0xffff);
	CHECK_EQ(*vm_u64(&vm, GPA_PML), 0x43000);
}

BOTH(mmio)
BOTH(not_executed)
BOTH(not_executed_told)
BOTH(ept_violation)
BOTH(ept_misconfig)
BOTH(ept_violation_table)
BOTH(ept_violation_table_ad)
BOTH(ept_violation_iret)
BOTH(ept_refused)
BOTH(vmfunc)
BOTH(vmfunc_exits)
BOTH(vmfunc_undefined)
BOTH(vmfunc_refused)
BOTH(pml)

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		CASES(mmio), CASES(not_executed), CASES(not_executed_told),
		CASE(ept_violation_ept), CASE(ept_misconfig_ept),
		CASE(ept_violation_table_ept), CASE(ept_violation_table_ad_ept),
		CASE(ept_violation_iret_ept), CASE(ept_refused_ept), CASE(vmfunc_ept),
		CASE(vmfunc_exits_ept), CASE(vmfunc_undefined_ept),
		CASE(vmfunc_refused_ept), CASE(pml_ept), { }
	};

	return test_main(argc, argv, cases);
}
