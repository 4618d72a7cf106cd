// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that runs a guest of its own by SVM (APM vol. 2, chapter 15): its exits, its
 * events, its second level.  L1 is the loop of svm.c.
 */
#define _GNU_SOURCE
#include "svm.h"

enum { DB = 1, NMI = 2, BP = 3, UD = 6, DF = 8, SS = 12, GP = 13, PF = 14 };

#define INSN_CPUID	2

/* ---- exits ---- */

GUEST(64, g_cpuid, "mov $0x1234, %ebx\n 1: mov $0, %eax\n cpuid\n jmp 1b\n");

static void exit_cpuid(void)
{
	int i;

	L2_START(g_cpuid);
	intercept(EXIT_CPUID);
	l2_until(EXIT_CPUID);
	CHECK_EQ(vmcb()->rip, GPA_CODE2 + 10);
	CHECK_EQ(vmcb()->rax, 0);
	CHECK_EQ(vcpu_regs(&v).rbx, 0x1234);
	CHECK_EQ(vcpu_regs(&v).rax, GPA_VMCB);
	for (i = 0; i < 100; i++)
		l2_next(INSN_CPUID, EXIT_CPUID);
}

GUEST(64, g_cpuid_l0, "mov $0, %eax\n cpuid\n out %al, $0x20\n vmmcall\n");

static void exit_not_l1s(void)
{
	L2_START(g_cpuid_l0);
	intercept(EXIT_VMMCALL);
	l2_out(0x20);
	CHECK_EQ(vcpu_regs(&v).rbx, 0x68747541);
	CHECK_EQ(vcpu_regs(&v).rip & ~0xfffull, GPA_CODE2);
	l2_until(EXIT_VMMCALL);
	CHECK_EQ(vmcb()->int_info, 0);
}

GUEST(64, g_io, "mov $0x11223344, %eax\n out %al, $0x30\n out %eax, $0x32\n"
      "in $0x35, %al\n out %al, $0x21\n vmmcall\n");

static void exit_io(void)
{
	L2_START(g_io);
	intercept(EXIT_VMMCALL);
	intercept(EXIT_IO);
	/* The last of the four ports of the second OUT; and 0x35. */
	vm.mem[GPA_IOPM + 0x30 / 8] = 0x20 | 1;
	l2_until(EXIT_IO);
	CHECK_EQ(vmcb()->info1 >> 16 & 0xffff, 0x30);
	CHECK_EQ(vmcb()->info1 & 1, 0);
	CHECK_EQ(vmcb()->info1 >> 4 & 7, 1);
	CHECK_EQ(vmcb()->info2, vmcb()->rip + 2);
	vmcb()->rip = vmcb()->info2;
	l2_until(EXIT_IO);
	CHECK_EQ(vmcb()->info1 >> 16 & 0xffff, 0x32);
	CHECK_EQ(vmcb()->info1 >> 4 & 7, 4);
	vmcb()->rip = vmcb()->info2;
	l2_until(EXIT_IO);
	CHECK_EQ(vmcb()->info1 >> 16 & 0xffff, 0x35);
	CHECK_EQ(vmcb()->info1 & 1, 1);
	vmcb()->rip = vmcb()->info2;
	l2_out(0x21);
	l2_until(EXIT_VMMCALL);
}

/* Writes of STAR are L2's own, reads L1's; SYSCFG, and what no map covers. */
GUEST(64, g_msr_read, "mov $0xc0000081, %ecx\n wrmsr\n rdmsr\n"
      "mov $0xc0010010, %ecx\n rdmsr\n mov $0x12345678, %ecx\n rdmsr\n");

static void exit_msr_map(void)
{
	L2_START(g_msr_read);
	intercept(EXIT_MSR);
	vm.mem[GPA_MSRPM + 0x800 + 0x81 / 4] |= 1 << 2;
	vm.mem[GPA_MSRPM + 0x1000 + 0x10 / 4] |= 1;
	l2_until(EXIT_MSR);
	CHECK_EQ(vmcb()->info1, 0);
	CHECK_EQ(vmcb()->rip, GPA_CODE2 + 7);
	CHECK_EQ(vcpu_regs(&v).rcx, 0xc0000081);
	l2_next(2, EXIT_MSR);
	CHECK_EQ(vcpu_regs(&v).rcx, 0xc0010010);
	/* What the map does not cover. */
	l2_next(2, EXIT_MSR);
	CHECK_EQ(vcpu_regs(&v).rcx, 0x12345678);
}

GUEST(64, g_many, "mov %cr3, %rax\n mov %cr0, %rax\n mov %rax, %cr0\n"
      "mov %dr0, %rax\n rdtsc\n pushf\n hlt\n pause\n wbinvd\n vmmcall\n");

static void exit_many(void)
{
	static const struct {
		uint16_t code;
		uint8_t bytes;
	} row[] = {
		{ EXIT_CR3_READ, 3 }, { EXIT_CR0_WRITE, 3 },
		{ EXIT_DR0_READ, 3 }, { EXIT_RDTSC, 2 }, { EXIT_PUSHF, 1 },
		{ EXIT_HLT, 1 }, { EXIT_PAUSE, 2 }, { EXIT_WBINVD, 2 },
		{ EXIT_VMMCALL, 3 },
	};
	unsigned int i, bytes = 0;

	L2_START(g_many);
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (row[i].code != EXIT_PAUSE || !cpu_is_tcg())
			intercept(row[i].code);
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		/* The lab's CPU knows no intercept of PAUSE. */
		if (row[i].code == EXIT_PAUSE && cpu_is_tcg())
			continue;
		l2_next(bytes, row[i].code);
		bytes = row[i].bytes;
	}
}

GUEST(64, g_svm_insns, "mov $0x20000, %eax\n vmload %rax\n stgi\n clgi\n vmrun %rax\n");

static void exit_svm_insns(void)
{
	L2_START(g_svm_insns);
	intercept(EXIT_VMLOAD);
	intercept(EXIT_STGI);
	intercept(EXIT_CLGI);
	l2_until(EXIT_VMLOAD);
	l2_next(3, EXIT_STGI);
	l2_next(3, EXIT_CLGI);
	l2_next(3, EXIT_VMRUN);
}

/* ---- exceptions ---- */

GUEST(64, g_ud, "ud2\n");

static void exc_to_l1(void)
{
	L2_START(g_ud);
	intercept(EXIT_EXC + UD);
	l2_until(EXIT_EXC + UD);
	CHECK_EQ(vmcb()->rip, GPA_CODE2);
	CHECK_EQ(vmcb()->int_info, 0);
}

static void exc_to_l2(void)
{
	struct exc e;

	L2_START(g_ud);
	intercept(EXIT_EXC + GP);
	e = exc_next(&v);
	CHECK_EQ(e.vector, UD);
	CHECK_EQ(e.rip, GPA_CODE2);
}

GUEST(64, g_pf, "movabs $0x200000000000, %rax\n movl $0, (%rax)\n");

static void exc_page_fault(void)
{
	L2_START(g_pf);
	intercept(EXIT_EXC + PF);
	vmcb()->cr2 = 0x1234;
	l2_until(EXIT_EXC + PF);
	CHECK_EQ(vmcb()->info1 & 0x1f, 2);
	CHECK_EQ(vmcb()->info2, 0x200000000000ull);
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
GUEST(64, g_gp, "mov $0x12345678, %ecx\n rdmsr\n");

static void exc_emulated(void)
{
	struct exc e;

	L2_START(g_gp);
	intercept(EXIT_EXC + GP);
	l2_until(EXIT_EXC + GP);
	CHECK_EQ(vmcb()->rip, GPA_CODE2 + 5);
	CHECK_EQ(vmcb()->info1, 0);
	intercept_none(EXIT_EXC + GP);
	e = exc_next(&v);
	CHECK_EQ(e.vector, GP);
}

/* Of VMMCALL L1 is told, or L2 has none. */
GUEST(64, g_vmmcall, "vmmcall\n");

static void exc_vmmcall(void)
{
	struct exc e;

	L2_START(g_vmmcall);
	if (is_stock())
		test_skip("Linux's KVM takes it for a hypercall");
	e = exc_next(&v);
	CHECK_EQ(e.vector, UD);
	CHECK_EQ(e.rip, GPA_CODE2);
}

/* Without an IDT an exception becomes a shutdown, which is L1's or everybody's. */
static void shutdown_l1(void)
{
	L2_START(g_ud);
	intercept(EXIT_SHUTDOWN);
	vmcb()->idtr.limit = 0;
	l2_until(EXIT_SHUTDOWN);
	/* L1 is well. */
	vmcb()->idtr.limit = 0xfff;
	intercept(EXIT_EXC + UD);
	vmcb()->rip = GPA_CODE2;
	vmcb()->rsp = GPA_STACK2;
	vmcb()->cpl = 0;
	l2_until(EXIT_EXC + UD);
}

static void shutdown_all(void)
{
	L2_START(g_ud);
	vmcb()->idtr.limit = 0;
	vcpu_expect(&v, KVM_EXIT_SHUTDOWN);
}

/* The #GP of an IDT that is too short; the one that was on its way goes with it. */
static void exc_nested(void)
{
	L2_START(g_ud);
	intercept(EXIT_EXC + GP);
	vmcb()->idtr.limit = 0;
	l2_until(EXIT_EXC + GP);
	CHECK_EQ(vmcb()->int_info, INJ_VALID | INJ_EXC | UD);
}

static void exc_double_fault(void)
{
	L2_START(g_gp);
	/* Linux's KVM intercepts the #GP, and merges by itself. */
	if (!is_stock() && cpu_is_tcg())
		test_skip("QEMU's TCG shuts down in place of an intercepted #DF");
	intercept(EXIT_EXC + DF);
	vmcb()->idtr.limit = 0;
	l2_until(EXIT_EXC + DF);
}

GUEST(64, g_no_svme, "xor %eax, %eax\n vmrun %rax\n");
GUEST(64, g_bad_rax, "mov $0xc0000080, %ecx\n rdmsr\n bts $12, %eax\n wrmsr\n"
      "mov $0x20001, %eax\n vmrun %rax\n");

static void insn_faults(void)
{
	skip_without_svm();
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_no_svme);
	exc_setup(&v);
	exc_expect(&v, UD, 2);
	vm_close(&vm);
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_bad_rax);
	exc_setup(&v);
	exc_expect(&v, GP, 18);
}

/* What VMSAVE has put there VMLOAD brings back. */
GUEST(64, g_vmsave, "mov $0xc0000080, %ecx\n rdmsr\n bts $12, %eax\n wrmsr\n"
      "mov $0xc0000100, %ecx\n mov $0x1111, %eax\n xor %edx, %edx\n wrmsr\n"
      "mov $0x20000, %eax\n vmsave %rax\n out %al, $0x20\n"
      "mov $0x28000, %eax\n vmload %rax\n mov $0xc0000100, %ecx\n rdmsr\n"
      "out %al, $0x21\n");

static void vmsave(void)
{
	struct vmcb *b;

	skip_without_svm();
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_vmsave);
	vcpu_until(&v, 0x20);
	CHECK_EQ(vmcb()->fs.base, 0x1111);
	CHECK_EQ(vmcb()->tr.selector, SEL_TSS);
	b = (struct vmcb *)(vm.mem + GPA_VMCB2);
	*b = *vmcb();
	b->fs.base = 0x2222;
	b->lstar = 0x3333;
	b->kernel_gs_base = 0x4444;
	vcpu_until(&v, 0x21);
	CHECK_EQ((uint32_t)vcpu_regs(&v).rax, 0x2222);
	CHECK_EQ(host_msr(0xc0000082), 0x3333);
	CHECK_EQ(host_msr(0xc0000102), 0x4444);
	CHECK_EQ(vcpu_sregs(&v).tr.selector, SEL_TSS);
}

/* L1's registers behind #VMEXIT, and L2's in its control block. */
GUEST(64, g_regs, "mov $0x77, %eax\n mov $0x88, %ebx\n push %rax\n stc\n vmmcall\n");

static void registers(void)
{
	struct kvm_sregs before, after;
	struct kvm_regs r;

	L2_START(g_regs);
	intercept(EXIT_VMMCALL);
	before = vcpu_sregs(&v);
	r = vcpu_regs(&v);
	r.rbx = 1;
	vcpu_set_regs(&v, &r);
	vmcb()->cr2 = 0xabc;
	vmcb()->dr6 = 0xffff0ff1;
	l2_until(EXIT_VMMCALL);
	after = vcpu_sregs(&v);
	r = vcpu_regs(&v);
	CHECK_EQ(r.rsp, GPA_STACK);
	CHECK_EQ(r.rbx, 0x88);
	CHECK_EQ(r.rflags & 1, 0);
	CHECK_EQ(after.cr3, before.cr3);
	CHECK_EQ(after.cr0, before.cr0);
	CHECK_EQ(after.efer, before.efer | 1 << 12);
	CHECK_EQ(after.cs.selector, before.cs.selector);
	CHECK_EQ(vmcb()->rax, 0x77);
	CHECK_EQ(vmcb()->rsp, GPA_STACK2 - 8);
	CHECK_EQ(vmcb()->rflags & 1, 1);
	CHECK_EQ(vmcb()->cr2, 0xabc);
	CHECK_EQ(vmcb()->dr6, 0xffff0ff1);
	CHECK_EQ(vmcb()->efer, before.efer | 1 << 12);
	CHECK_EQ(*vm_u64(&vm, GPA_STACK2 - 8), 0x77);
}

/* ---- what VMRUN refuses (the rules one by one: tests/unit) ---- */

static void refuse_efer(struct vmcb *b) { b->efer &= ~(1ull << 12); }
static void refuse_asid(struct vmcb *b) { b->asid = 0; }
static void refuse_vmrun(struct vmcb *b) { b->intercept[4] &= ~1u; }
static void refuse_cr0(struct vmcb *b) { b->cr0 |= 1ull << 32; }
static void refuse_nw(struct vmcb *b) { b->cr0 |= 1u << 29; }
static void refuse_cr4(struct vmcb *b) { b->cr4 |= 1ull << 40; }
static void refuse_dr7(struct vmcb *b) { b->dr7 |= 1ull << 32; }
static void refuse_pae(struct vmcb *b) { b->cr4 &= ~(1ull << 5); }
static void refuse_cs(struct vmcb *b) { b->cs.attr |= 1 << 10; }
static void refuse_event(struct vmcb *b) { b->event_inj = INJ_VALID | 1 << 8; }

static void refused(void)
{
#define HOW(fn) { #fn, fn }
	static const struct {
		const char *name;
		void (*fn)(struct vmcb *b);
	} how[] = {
		HOW(refuse_efer), HOW(refuse_asid), HOW(refuse_vmrun),
		HOW(refuse_cr0), HOW(refuse_nw), HOW(refuse_cr4), HOW(refuse_dr7),
		HOW(refuse_pae), HOW(refuse_cs), HOW(refuse_event),
	};
	struct vmcb good;
	unsigned int i;

	L2_START(g_vmmcall);
	intercept(EXIT_VMMCALL);
	good = *vmcb();
	for (i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		/* Linux's KVM lets the hardware judge of it, and TCG takes it. */
		if (is_stock() && how[i].fn == refuse_event)
			continue;
		*vmcb() = good;
		test_row = how[i].name;
		how[i].fn(vmcb());
		l2_until(EXIT_INVALID);
	}
	*vmcb() = good;
	l2_until(EXIT_VMMCALL);
}

/* ---- nested paging ---- */

GUEST(64, g_npf, "mov $0x40000, %ebx\n mov (%rbx), %eax\n mov %eax, (%rbx)\n vmmcall\n");

/* The 2 MiB from 0 on in small pages, so that one can be missing. */
static void npt_small(uint64_t gpa, uint64_t flags)
{
	uint64_t a;

	for (a = 0; a < 512; a++)
		pt_map(&npt, 0x200000 * 4 + a * 4096, a * 4096, 1,
		       PTE_P | PTE_W | PTE_U);
	*vm_u64(&vm, pt_get(&npt, 0, 3) & ~0xfffull) =
		pt_get(&npt, 0x200000 * 4, 2);
	pt_map(&npt, 0x200000 * 4 + gpa, gpa, 1, flags);
}

static void npt_entry(uint64_t gpa, uint64_t to, uint64_t flags)
{
	pt_map(&npt, 0x200000 * 4 + gpa, to, 1, flags);
}

static void npt_fault(void)
{
	L2_START(g_npf);
	intercept(EXIT_VMMCALL);
	/* 8 MiB on: a table to borrow. */
	*vm_u64(&vm, (pt_get(&npt, 0, 3) & ~0xfffull) + 4 * 8) = 0;
	npt_small(0x40000, 0);
	l2_until(EXIT_NPF);
	CHECK_EQ(vmcb()->info2, 0x40000);
	CHECK_EQ(vmcb()->info1 & 0x1f, 4);
	CHECK_EQ(vmcb()->info1 >> 32, 1);
	CHECK_EQ(vmcb()->rip, GPA_CODE2 + 5);
	/* Supervisor's pages are none. */
	npt_entry(0x40000, 0x60000, PTE_P | PTE_W);
	l2_until(EXIT_NPF);
	CHECK_EQ(vmcb()->info1 & 0x1f, 5);
	/* Read only, and elsewhere. */
	*vm_u64(&vm, 0x50000) = 0x99;
	npt_entry(0x40000, 0x50000, PTE_P | PTE_U);
	l2_until(EXIT_NPF);
	CHECK_EQ(vcpu_regs(&v).rax, GPA_VMCB);
	CHECK_EQ(vmcb()->rax, 0x99);
	CHECK_EQ(vmcb()->info1 & 0x1f, 7);
	CHECK_EQ(vmcb()->rip, GPA_CODE2 + 7);
	npt_entry(0x40000, 0x60000, PTE_P | PTE_W | PTE_U);
	vmcb()->tlb = 1;
	l2_until(EXIT_VMMCALL);
	CHECK_EQ(*vm_u64(&vm, 0x60000), 0x99);
	CHECK_EQ(*vm_u64(&vm, 0x50000), 0x99);
}

/* ---- what is optional (APM vol. 3, E.4.9) ---- */

GUEST(64, g_read_twice, "mov $0x40000, %ebx\n mov (%rbx), %eax\n vmmcall\n"
      "mov (%rbx), %eax\n vmmcall\n");

/* Flushes of TLB_CONTROL by ASID: 3 all of it, 7 but for what is global (15.16.2). */
static void flush_by_asid_npt(void)
{
	static const uint8_t how[] = { 3, 7 };
	unsigned int i;

	skip_without_feature(6);
	with_npt = true;
	for (i = 0; i < sizeof(how); i++) {
		L2_START(g_read_twice);
		intercept(EXIT_VMMCALL);
		*vm_u64(&vm, (pt_get(&npt, 0, 3) & ~0xfffull) + 4 * 8) = 0;
		npt_small(0x40000, PTE_P | PTE_U);
		l2_until(EXIT_VMMCALL);
		l1_store((pt_get(&npt, 0, 2) & ~0xfffull) + 0x40 * 8, 0);
		vmcb()->tlb = how[i];
		l2_next(3, EXIT_NPF);
		CHECK_EQ(vmcb()->info2, 0x40000);
		vm_close(&vm);
	}
}

/* What is said to have changed, has; what is said to be as it was, is. */
static void clean_bits(void)
{
	skip_without_feature(5);
	L2_START(g_cpuid);
	intercept(EXIT_CPUID);
	l2_until(EXIT_CPUID);
	vmcb()->clean = 0x3ff;
	l2_next(INSN_CPUID, EXIT_CPUID);
	CHECK_EQ(vmcb()->clean, 0x3ff);
	intercept_none(EXIT_CPUID);
	intercept(EXIT_EXC + PF);
	vmcb()->cr3 = 0x7f000;
	vmcb()->clean = 0x3ff & ~(1 << 0 | 1 << 5);
	l2_until(EXIT_EXC + PF);
}

/* L2's own GIF (15.33.2): L1 sees what L2 has made of it, and has its own. */
GUEST(64, g_gif2, "clgi\n cpuid\n stgi\n cpuid\n clgi\n vmmcall\n");

static void virtual_gif(void)
{
	skip_without_feature(16);
	L2_START(g_gif2);
	intercept(EXIT_VMMCALL);
	intercept(EXIT_CPUID);
	vmcb()->int_ctl = V_GIF_ENABLE | V_GIF;
	l2_until(EXIT_CPUID);
	CHECK_EQ(vmcb()->int_ctl & (V_GIF | V_GIF_ENABLE), V_GIF_ENABLE);
	l2_next(INSN_CPUID, EXIT_CPUID);
	CHECK_EQ(vmcb()->int_ctl & (V_GIF | V_GIF_ENABLE), V_GIF_ENABLE | V_GIF);
	/* Of those that L1 takes L2 has nothing. */
	intercept(EXIT_CLGI);
	l2_next(INSN_CPUID, EXIT_CLGI);
	CHECK_EQ(vmcb()->int_ctl & V_GIF, V_GIF);
	intercept_none(EXIT_CLGI);
	l2_until(EXIT_VMMCALL);
	CHECK_EQ(vmcb()->int_ctl & V_GIF, 0);
}

/* L2's own table is missing: a fault of the walk. */
static void npt_fault_table(void)
{
	L2_START(g_npf);
	intercept(EXIT_VMMCALL);
	*vm_u64(&vm, (pt_get(&npt, 0, 3) & ~0xfffull) + 4 * 8) = 0;
	npt_small(0x40000, PTE_P | PTE_W | PTE_U);
	vmcb()->cr3 = 0x70000;
	npt_entry(0x70000, 0x70000, 0);
	l2_until(EXIT_NPF);
	CHECK_EQ(vmcb()->info2 & ~0xfffull, 0x70000);
	CHECK_EQ(vmcb()->info1 >> 32, 2);
}

/* What L0 reads for L2, an instruction's bytes, it reads through L1's table. */
GUEST(64, g_fetch, "cpuid\n vmmcall\n");

static void npt_fetch(void)
{
	L2_START(g_fetch);
	intercept(EXIT_VMMCALL);
	*vm_u64(&vm, (pt_get(&npt, 0, 3) & ~0xfffull) + 4 * 8) = 0;
	npt_small(0x31000, PTE_P | PTE_W | PTE_U);
	vm_load(&vm, 0x7f000, g_fetch, g_fetch_end);
	npt_entry(0x31000, 0x7f000, PTE_P | PTE_U);
	memset(vm.mem + 0x31000, 0xcc, 16);
	l2_until(EXIT_VMMCALL);
	CHECK_EQ(vmcb()->rip, GPA_CODE2 + 2);
}

/* MMIO of L2 is L1's by its address. */
GUEST(64, g_mmio, "mov $0x20000000, %ebx\n mov %eax, 8(%rbx)\n vmmcall\n");

static void mmio(void)
{
	L2_START(g_mmio);
	intercept(EXIT_VMMCALL);
	vcpu_expect(&v, KVM_EXIT_MMIO);
	CHECK_EQ(v.run->mmio.phys_addr, 0x20000008);
	CHECK_EQ(v.run->mmio.len, 4);
	l2_until(EXIT_VMMCALL);
}

BOTH(exit_cpuid)
BOTH(exit_not_l1s)
BOTH(exit_io)
BOTH(exit_msr_map)
BOTH(exit_many)
BOTH(exc_to_l1)
BOTH(exc_to_l2)
BOTH(exc_page_fault)
BOTH(exc_page_fault_l2)
BOTH(exc_emulated)
BOTH(exc_nested)
BOTH(exc_double_fault)
BOTH(shutdown_l1)
BOTH(registers)
BOTH(refused)
BOTH(mmio)
BOTH(clean_bits)
BOTH(virtual_gif)
BOTH(npt_fault)
BOTH(npt_fault_table)
BOTH(npt_fetch)

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		CASES(exit_cpuid), CASES(exit_not_l1s), CASES(exit_io),
		CASES(exit_msr_map), CASES(exit_many), CASE(exit_svm_insns),
		CASES(exc_to_l1), CASES(exc_to_l2), CASES(exc_page_fault),
		CASES(exc_page_fault_l2), CASES(exc_emulated), CASE(exc_vmmcall),
		CASES(exc_nested), CASES(exc_double_fault), CASES(shutdown_l1),
		CASE(shutdown_all), CASE(insn_faults), CASE(vmsave), CASES(registers),
		CASES(refused), CASES(mmio), CASES(clean_bits), CASES(virtual_gif),
		CASE(flush_by_asid_npt), CASE(npt_fault_npt),
		CASE(npt_fault_table_npt), CASE(npt_fetch_npt), { }
	};

	return test_main(argc, argv, cases);
}
