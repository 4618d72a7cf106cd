// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that runs a guest of its own by VMX (SDM vol. 3, chapters 24 to 31): its exits,
 * exceptions, registers.  L1 is the loop of vmx.c.
 */
#define _GNU_SOURCE
#include "stat.h"
#include "vmx.h"

enum { DB = 1, NMI = 2, BP = 3, UD = 6, DF = 8, GP = 13, PF = 14 };

#define INSN_CPUID	2
#define INSN_VMCALL	3

/* ---- exits ---- */

GUEST(64, g_cpuid, "mov $0x1234, %ebx\n 1: mov $0, %eax\n cpuid\n jmp 1b\n");

static void exit_cpuid(void)
{
	int i;

	L2_START(g_cpuid);
	l2_until(R_CPUID);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 10);
	CHECK_EQ(f_get(F_LEN), INSN_CPUID);
	CHECK_EQ(f_get(F_QUAL), 0);
	CHECK_EQ(f_get(F_INFO) & INFO_VALID, 0);
	CHECK_EQ(f_get(F_VECTORING) & INFO_VALID, 0);
	CHECK_EQ(l2_rax(), 0);
	CHECK_EQ(vcpu_regs(&v).rbx, 0x1234);
	for (i = 0; i < 20; i++)
		l2_next(INSN_CPUID, R_CPUID);
}

/* An exit of L0's only, and L2 goes on. */
GUEST(64, g_out, "mov $0x55, %eax\n out %al, $0x20\n vmcall\n");

static void exit_not_l1s(void)
{
	L2_START(g_out);
	l2_out(0x20);
	CHECK_EQ(vcpu_regs(&v).rax, 0x55);
	CHECK_EQ(vcpu_regs(&v).rip & ~0xfffull, GPA_CODE2);
	l2_until(R_VMCALL);
	CHECK_EQ(f_get(F_LEN), INSN_VMCALL);
}

GUEST(64, g_io, "mov $0x11223344, %eax\n out %al, $0x30\n out %eax, $0x32\n"
      "in $0x35, %al\n out %al, $0x21\n mov $0x8000, %edx\n out %al, %dx\n vmcall\n");

static void exit_io(void)
{
	L2_START(g_io);
	f_or(F_CPU, CPU_IO_MAP);
	f_set(F_IO_A, GPA_MAPS);
	f_set(F_IO_B, GPA_MAPS + 0x1000);
	/* The last of the four ports of the second OUT; 0x35; 0x8000. */
	vm.mem[GPA_MAPS + 0x30 / 8] = 0x20 | 1;
	vm.mem[GPA_MAPS + 0x1000] = 1;
	l2_until(R_IO);
	CHECK_EQ(f_get(F_QUAL), 0x30ull << 16 | 1 << 6);
	l2_next(2, R_IO);
	CHECK_EQ(f_get(F_QUAL), 0x32ull << 16 | 1 << 6 | 3);
	l2_next(2, R_IO);
	CHECK_EQ(f_get(F_QUAL), 0x35ull << 16 | 1 << 6 | 1 << 3);
	f_set(F_RIP, f_get(F_RIP) + 2);
	l2_out(0x21);
	l2_until(R_IO);
	CHECK_EQ(f_get(F_QUAL), 0x8000ull << 16);
	l2_next(1, R_VMCALL);
}

/* Writes of STAR are L2's own, reads L1's; and what no map covers. */
GUEST(64, g_msr, "mov $0xc0000081, %ecx\n xor %eax, %eax\n xor %edx, %edx\n wrmsr\n rdmsr\n"
      "mov $0x12345678, %ecx\n rdmsr\n mov $0x174, %ecx\n wrmsr\n vmcall\n");

static void exit_msr_map(void)
{
	L2_START(g_msr);
	f_or(F_CPU, CPU_MSR_MAP);
	f_set(F_MSR_MAP, GPA_MAPS + 0x2000);
	vm.mem[GPA_MAPS + 0x2000 + 0x400 + 0x81 / 8] = 1 << 1;
	vm.mem[GPA_MAPS + 0x2000 + 0x800 + 0x174 / 8] = 1 << 4;
	l2_until(R_RDMSR);
	CHECK_EQ(l2_rcx(), 0xc0000081);
	CHECK_EQ(f_get(F_LEN), 2);
	l2_next(2, R_RDMSR);
	CHECK_EQ(l2_rcx(), 0x12345678);
	l2_next(2, R_WRMSR);
	CHECK_EQ(l2_rcx(), 0x174);
	l2_next(2, R_VMCALL);
}

/* The counter that L1's offset is for is userspace's to deny, too. */
GUEST(64, g_tsc, "mov $0x10, %ecx\n rdmsr\n vmcall\n");

static void tsc_filtered(void)
{
	uint8_t deny = 0;
	struct kvm_msr_filter filter = {
		.flags = KVM_MSR_FILTER_DEFAULT_ALLOW,
		.ranges[0] = { .flags = KVM_MSR_FILTER_READ, .base = 0x10, .nmsrs = 1,
			       .bitmap = &deny },
	};

	L2_START(g_tsc);
	f_or(F_CPU, CPU_MSR_MAP | CPU_TSC_OFFSET);
	f_set(F_MSR_MAP, GPA_MAPS + 0x2000);
	f_set(F_TSC_OFFSET, 1ull << 62);
	l2_until(R_VMCALL);
	CHECK_EQ(l2_rdx() >> 28, 4);
	OK(ioctl(vm.fd, KVM_X86_SET_MSR_FILTER, &filter));
	f_set(F_RIP, GPA_CODE2);
	CHECK_EQ(exc_next(&v).vector, GP);
}

GUEST(64, g_many, "mov %cr3, %rax\n mov %rax, %cr3\n mov %dr0, %rax\n rdtsc\n hlt\n"
      "wbinvd\n invlpg (%rax)\n rdpmc\n invd\n xor %eax, %eax\n mov %rax, %cr8\n"
      "mov %cr8, %rbx\n vmcall\n");

static void exit_many(void)
{
	static const struct {
		uint16_t reason;
		uint32_t qual;
		uint8_t bytes;
	} row[] = {
		{ R_CR, 3 | 1 << 4, 3 }, { R_CR, 3, 3 }, { R_DR, 1 << 4, 3 },
		{ R_RDTSC, 0, 2 }, { R_HLT, 0, 1 }, { R_WBINVD, 0, 2 },
		{ R_INVLPG, ~0u, 3 }, { R_RDPMC, 0, 2 }, { R_INVD, 0, 2 },
		{ R_CR, 8, 4 }, { R_CR, 8 | 1 << 4 | 3 << 8, 4 }, { R_VMCALL, 0, 3 },
	};
	unsigned int i, bytes = 0;

	L2_START(g_many);
	need(F_CPU2, CPU2_WBINVD);
	f_or(F_CPU, CPU_CR3_STORE | CPU_CR3_LOAD | CPU_DR | CPU_RDTSC | CPU_HLT |
	     CPU_INVLPG | CPU_RDPMC | CPU_CR8_LOAD | CPU_CR8_STORE | CPU_SECOND);
	f_or(F_CPU2, CPU2_WBINVD);
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		if (i)
			f_set(F_RIP, f_get(F_RIP) + bytes);
		l2_until(row[i].reason);
		bytes = row[i].bytes;
		CHECK_EQ(f_get(F_LEN), bytes);
		if (row[i].qual != ~0u)
			CHECK_EQ(f_get(F_QUAL), row[i].qual);
	}
}

/* VMX instructions of L2 are L1's. */
GUEST(64, g_vmx, "vmclear 0x24008\n vmptrld 8(%rbx)\n vmxoff\n");

static void exit_vmx_insns(void)
{
	L2_START(g_vmx);
	l2_until(R_VMCLEAR);
	CHECK_EQ(f_get(F_QUAL), 0x24008);
	l2_next(f_get(F_LEN), R_VMPTRLD);
	CHECK_EQ(f_get(F_QUAL), 8);
	CHECK_EQ(f_get(F_INSN_INFO) >> 23 & 15, 3);
	l2_next(f_get(F_LEN), R_VMXOFF);
}

/* ---- control registers: masks and shadows (26.1.3, 26.3) ---- */

GUEST(64, g_cr0, "mov %cr0, %rbx\n mov %cr0, %rax\n xor $8, %eax\n mov %rax, %cr0\n"
      "xor $0x10000, %eax\n mov %rax, %cr0\n mov %cr0, %rbx\n clts\n vmcall\n");

static void cr0_mask(void)
{
	uint64_t cr0;

	L2_START(g_cr0);
	cr0 = vcpu_sregs(&v).cr0 | 0x20;
	/* TS is L1's, and L2 is to see it set; WP is L2's. */
	f_set(F_CR0_MASK, 8);
	f_set(F_CR0_SHADOW, 8);
	l2_until(R_CR);
	CHECK_EQ(f_get(F_QUAL), 0);
	CHECK_EQ(vcpu_regs(&v).rbx, cr0 | 8);
	CHECK_EQ(f_get(F_CR0), cr0);
	/* As if L1 had agreed: the next MOV differs in WP alone. */
	f_set(F_CR0_SHADOW, 0);
	f_set(F_RIP, f_get(F_RIP) + 3);
	l2_until(R_VMCALL);
	CHECK_EQ(vcpu_regs(&v).rbx, (cr0 ^ 0x10000) & ~8ull);
	CHECK_EQ(f_get(F_CR0), cr0 ^ 0x10000);
}

GUEST(64, g_cr4, "mov %cr4, %rbx\n mov %rbx, %rax\n xor $4, %eax\n mov %rax, %cr4\n"
      "mov %cr4, %rcx\n btc $13, %rax\n mov %rax, %cr4\n vmcall\n");

static void cr4_mask(void)
{
	uint64_t cr4;

	L2_START(g_cr4);
	cr4 = vcpu_sregs(&v).cr4;
	f_set(F_CR4_MASK, 1 << 13);
	f_set(F_CR4_SHADOW, 0);
	l2_until(R_CR);
	CHECK_EQ(f_get(F_QUAL), 4);
	CHECK_EQ(vcpu_regs(&v).rbx, cr4);
	CHECK_EQ(l2_rcx(), cr4 ^ 4);
	CHECK_EQ(f_get(F_CR4), (cr4 ^ 4) | 1 << 13);
	l2_next(3, R_VMCALL);
}

/* ---- exceptions ---- */

GUEST(64, g_ud, "ud2\n vmcall\n");

static void exc_to_l1(void)
{
	L2_START(g_ud);
	f_set(F_EXCEPTIONS, 1 << UD);
	l2_until(R_EXCEPTION);
	CHECK_EQ(f_get(F_INFO), INFO_VALID | INFO_EXC | UD);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2);
	CHECK_EQ(f_get(F_VECTORING) & INFO_VALID, 0);
}

static void exc_to_l2(void)
{
	struct exc e;

	L2_START(g_ud);
	f_set(F_EXCEPTIONS, 1 << GP);
	e = exc_next(&v);
	CHECK_EQ(e.vector, UD);
	CHECK_EQ(e.rip, GPA_CODE2);
}

GUEST(64, g_pf, "movabs $0x200000000000, %rax\n movl $0, (%rax)\n vmcall\n");

static void exc_page_fault(void)
{
	L2_START(g_pf);
	f_set(F_EXCEPTIONS, 1 << PF);
	l2_until(R_EXCEPTION);
	CHECK_EQ(f_get(F_INFO), INFO_VALID | INFO_ERROR | INFO_EXC | PF);
	CHECK_EQ(f_get(F_ERROR) & 0x1f, 2);
	CHECK_EQ(f_get(F_QUAL), 0x200000000000ull);
}

/* Only writes, or only what is no write (25.6.3). */
static void exc_page_fault_mask(void)
{
	struct exc e;

	L2_START(g_pf);
	f_set(F_EXCEPTIONS, 1 << PF);
	f_set(F_PF_MASK, 2);
	f_set(F_PF_MATCH, 0);
	e = exc_next(&v);
	CHECK_EQ(e.vector, PF);
	CHECK_EQ(e.cr2, 0x200000000000ull);
	CHECK_EQ(e.error & 0x1f, 2);
	vm_close(&vm);
	L2_START(g_pf);
	f_set(F_PF_MASK, 2);
	f_set(F_PF_MATCH, 0);
	l2_until(R_EXCEPTION);
	CHECK_EQ(f_get(F_QUAL), 0x200000000000ull);
}

static void exc_page_fault_l2(void)
{
	struct exc e;

	L2_START(g_pf);
	e = exc_next(&v);
	CHECK_EQ(e.vector, PF);
	CHECK_EQ(e.cr2, 0x200000000000ull);
	CHECK_EQ(e.error & 0x1f, 2);
}

/* A #GP of x86's own making: an MSR that does not exist. */
GUEST(64, g_gp, "mov $0x12345678, %ecx\n rdmsr\n vmcall\n");

static void exc_emulated(void)
{
	L2_START(g_gp);
	f_or(F_CPU, CPU_MSR_MAP);
	f_set(F_MSR_MAP, GPA_MAPS + 0x2000);
	f_set(F_EXCEPTIONS, 1 << GP);
	/* In no range of the map: MSR's exit comes first. */
	l2_until(R_RDMSR);
}

/* Without an IDT an exception becomes a #GP, a #DF, a triple fault. */
static void triple_fault(void)
{
	L2_START(g_ud);
	f_set(F_IDTR_LIMIT, 0);
	l2_until(R_TRIPLE);
	f_set(F_IDTR_LIMIT, 0xfff);
	f_set(F_EXCEPTIONS, 1 << UD);
	f_set(F_RIP, GPA_CODE2);
	f_set(F_RSP, GPA_STACK2);
	l2_until(R_EXCEPTION);
}

/* The #GP of an IDT that is too short; what was on its way is told. */
static void exc_nested(void)
{
	L2_START(g_ud);
	f_set(F_EXCEPTIONS, 1 << GP);
	f_set(F_IDTR_LIMIT, 0);
	l2_until(R_EXCEPTION);
	CHECK_EQ(f_get(F_INFO) & 0x7ff, INFO_EXC | GP);
	CHECK_EQ(f_get(F_VECTORING), INFO_VALID | INFO_EXC | UD);
}

GUEST(64, g_int3, "nop\n int3\n");

static void exc_software(void)
{
	L2_START(g_int3);
	f_set(F_EXCEPTIONS, 1 << BP);
	l2_until(R_EXCEPTION);
	CHECK_EQ(f_get(F_INFO), INFO_VALID | INFO_SOFT_EXC | BP);
	CHECK_EQ(f_get(F_LEN), 1);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 1);
}

/* ---- registers ---- */

GUEST(64, g_regs, "mov $0x77, %eax\n mov $0x88, %ebx\n push %rax\n stc\n vmcall\n");

static void registers(void)
{
	struct kvm_sregs after;
	struct kvm_regs r;

	L2_START(g_regs);
	f_or(F_ENTRY, ENTRY_PAT | ENTRY_LOAD_DEBUG);
	f_or(F_EXIT, EXIT_SAVE_PAT | EXIT_LOAD_PAT | EXIT_SAVE_DEBUG);
	f_set(F_PAT, 0x0606060606060606ull);
	f_set(F_HOST_PAT, 0x0007040600070406ull);
	f_set(F_DR7, 0x400);
	f_set(F_SYSENTER_ESP, 0x1111);
	f_set(F_HOST_SYSENTER_ESP, 0x2222);
	f_set(F_HOST_FS_BASE, 0x3333);
	l2_until(R_VMCALL);
	after = vcpu_sregs(&v);
	r = vcpu_regs(&v);
	CHECK_EQ(r.rsp, GPA_STACK);
	CHECK_EQ(r.rbx, 0x88);
	CHECK_EQ(after.cs.selector, SEL_CODE64);
	CHECK_EQ(after.cs.l, 1);
	CHECK_EQ(after.tr.selector, SEL_TSS);
	CHECK_EQ(after.tr.limit, 0x67);
	CHECK_EQ(after.gdt.limit, 0xffff);
	CHECK_EQ(after.ldt.unusable, 1);
	CHECK_EQ(after.fs.base, 0x3333);
	CHECK_EQ(host_msr(0x175), 0x2222);
	CHECK_EQ(host_msr(0x277), 0x0007040600070406ull);
	CHECK_EQ(l2_rax(), 0x77);
	CHECK_EQ(f_get(F_RSP), GPA_STACK2 - 8);
	CHECK_EQ(f_get(F_RFLAGS) & 1, 1);
	CHECK_EQ(f_get(F_PAT), 0x0606060606060606ull);
	CHECK_EQ(f_get(F_EFER), after.efer);
	CHECK_EQ(*vm_u64(&vm, GPA_STACK2 - 8), 0x77);
}

/* MSR areas: L2 begins with one value, L1 finds it, and has another (27.4, 28.4, 28.6). */
GUEST(64, g_area, "mov $0xc0000082, %ecx\n rdmsr\n mov %eax, %ebx\n mov $0x5555, %eax\n"
      "wrmsr\n vmcall\n");

static void msr_areas(void)
{
	uint64_t *area;

	L2_START(g_area);
	f_or(F_CPU, CPU_MSR_MAP);
	f_set(F_MSR_MAP, GPA_MAPS + 0x2000);
	area = vm_u64(&vm, GPA_AREA);
	area[0] = 0xc0000082, area[1] = 0x4444;
	area[2] = 0xc0000082, area[3] = 0;
	area[4] = 0xc0000082, area[5] = 0x6666;
	f_set(F_ENTRY_ADDR, GPA_AREA);
	f_set(F_STORE_ADDR, GPA_AREA + 16);
	f_set(F_LOAD_ADDR, GPA_AREA + 32);
	f_set(F_ENTRY_COUNT, 1);
	f_set(F_STORE_COUNT, 1);
	f_set(F_LOAD_COUNT, 1);
	l2_until(R_VMCALL);
	CHECK_EQ(vcpu_regs(&v).rbx, 0x4444);
	CHECK_EQ(area[3], 0x5555);
	CHECK_EQ(host_msr(0xc0000082), 0x6666);
	/* The second one cannot be loaded: FS_BASE. */
	area[6] = 0xc0000100, area[7] = 0;
	f_set(F_ENTRY_ADDR, GPA_AREA + 32);
	f_set(F_ENTRY_COUNT, 2);
	l2_until(R_BAD_MSR | R_FAILED);
	CHECK_EQ(f_get(F_QUAL), 2);
}

/* ---- what VMLAUNCH refuses (the rules one by one: tests/unit) ---- */

GUEST(64, g_vmcall, "vmcall\n");

static void refused(void)
{
	static const struct {
		const char *name;
		uint32_t field;
		uint64_t value;
		uint32_t error;	/* or an exit reason */
	} row[] = {
		{ "reserved pin control", F_PIN, 1u << 31, 7 },
		{ "MSR bitmap's address", F_MSR_MAP, 1, 7 },
		{ "host CR4", F_HOST_CR4, 0, 8 },
		{ "host CS", F_HOST_CS_SEL, 0, 8 },
		{ "host RIP", F_HOST_RIP, 1ull << 63, 8 },
		{ "guest CR0", F_CR0, 0, R_BAD_GUEST | R_FAILED },
		{ "guest RFLAGS", F_RFLAGS, 0, R_BAD_GUEST | R_FAILED },
		{ "guest TR", F_TR_AR, 0x10000, R_BAD_GUEST | R_FAILED },
		{ "link pointer", F_LINK, 1, R_BAD_GUEST | R_FAILED },
		{ "activity", F_ACTIVITY, 9, R_BAD_GUEST | R_FAILED },
	};
	unsigned int i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		L2_START(g_vmcall);
		test_row = row[i].name;
		f_or(F_CPU, CPU_MSR_MAP);
		f_set(F_MSR_MAP, GPA_MAPS + 0x2000);
		f_set(row[i].field, row[i].value);
		if (row[i].error & R_FAILED)
			l2_until(row[i].error);
		else
			l2_refused(row[i].error);
		vm_close(&vm);
	}
}

BOTH(exit_cpuid)
BOTH(exit_not_l1s)
BOTH(exit_io)
BOTH(exit_msr_map)
BOTH(exit_many)
BOTH(tsc_filtered)
BOTH(cr0_mask)
BOTH(cr4_mask)
BOTH(exc_to_l1)
BOTH(exc_to_l2)
BOTH(exc_page_fault)
BOTH(exc_page_fault_mask)
BOTH(exc_page_fault_l2)
BOTH(exc_nested)
BOTH(triple_fault)
BOTH(registers)

/* ---- states that are no guest's usual ones ---- */

/* VM entry has no rule about CS being unusable (27.3.1.2): what L1 intercepts is L1's. */
static void unusable_code(void)
{
	L2_START(g_cpuid);
	f_or(F_CS_AR, 1u << 16);
	l2_until(R_CPUID);
	l2_next(INSN_CPUID, R_CPUID);
}

static void sregs_in_l2(void (*change)(struct kvm_sregs *s))
{
	struct kvm_sregs s;

	L2_START(g_out);
	l2_out(0x20);
	s = vcpu_sregs(&v);
	change(&s);
	vcpu_set_sregs(&v, &s);
	l2_until(R_TRIPLE);
	vm_close(&vm);
	vcpu_close(&v);
}

static void no_code(struct kvm_sregs *s)
{
	s->cs.unusable = 1;
}

static void real_mode(struct kvm_sregs *s)
{
	s->cr0 &= ~(1ull | 1ull << 31);
	s->efer &= ~(1ull << 8 | 1ull << 10);
	s->cs.l = 0;
}

/* What the processor refuses is the end of L2, for L1. */
static void bad_sregs(void)
{
	sregs_in_l2(no_code);
	if (intel_param("unrestricted_guest"))
		test_skip("L2 may be in real mode");
	sregs_in_l2(real_mode);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		CASES(exit_cpuid), CASES(exit_not_l1s), CASES(exit_io),
		CASES(exit_msr_map), CASES(exit_many), CASE(exit_vmx_insns),
		CASES(cr0_mask), CASES(cr4_mask), CASES(exc_to_l1), CASES(exc_to_l2),
		CASES(exc_page_fault), CASES(exc_page_fault_mask),
		CASES(exc_page_fault_l2), CASE(exc_emulated), CASES(exc_nested),
		CASE(exc_software), CASES(triple_fault), CASES(registers),
		CASE(msr_areas), CASE(refused), CASES(tsc_filtered),
		CASE(unusable_code), CASE(bad_sregs), { }
	};

	return test_main(argc, argv, cases);
}
