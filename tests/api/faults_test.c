// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exceptions of every kind, raised by the guest and delivered through its own
 * IDT: vector, error code, CR2, the saved RIP.  KVM must keep out of their way
 * and lose none of them while it handles faults of its own underneath.
 */
#define _GNU_SOURCE
#include "lib.h"

static struct vm vm;
static struct vcpu v;

enum { DE, DB, NMI, BP, OF, BR, UD, NM, DF, TS = 10, NP, SS, GP, PF, AC = 17 };

/* Page-fault error code, SDM vol. 3, figure 4-12. */
enum { P = 1, W = 2, U = 4, RSVD = 8, I = 16 };

#define CR4_SMEP	(1 << 20)
#define CR4_SMAP	(1 << 21)

/* Where the rows find their pages; each is a single 4 KiB page. */
#define VA		0x7f0000000000ull
#define VA_ABSENT	(VA + 0x0000)
#define VA_RO		(VA + 0x1000)	/* supervisor, read-only */
#define VA_KERNEL	(VA + 0x2000)	/* supervisor, writable */
#define VA_USER		(VA + 0x3000)	/* user, writable, executable */
#define VA_RSVD		(VA + 0x4000)	/* an address bit too many */
#define VA_NX		(VA + 0x5000)	/* user, no execute */
#define VA_URO		(VA + 0x6000)	/* user, read-only */

struct fault {
	const char *name;
	const uint8_t *code, *end;
	int vector;
	uint32_t error;
	uint64_t cr2;		/* of #PF */
	bool user;		/* at CPL 3 */
	uint32_t cr4;		/* bits to set, if the CPU has them */
	int after;		/* saved RIP, as offset in the code; -1: elsewhere */
};

#define ROWS(X)								\
	X(divide, "xor %ecx, %ecx\n div %ecx", DE, 0, 0, 0, 0, 2)	\
	X(breakpoint, "int3", BP, 0, 0, 0, 0, 1)				\
	X(int3_long, ".byte 0xcd, 3", BP, 0, 0, 0, 0, 2)			\
	X(invalid_opcode, "ud2", UD, 0, 0, 0, 0, 0)			\
	X(user_invalid_opcode, "ud2", UD, 0, 0, 1, 0, 0)		\
	X(single_step, "pushf\n orl $0x100, (%rsp)\n popf\n nop\n nop", \
	  DB, 0, 0, 0, 0, 10)						\
	X(noncanonical, "mov $0x8000000000000000, %rax\n mov (%rax), %al", \
	  GP, 0, 0, 0, 0, 10)						\
	X(selector_beyond, "mov $0x1238, %eax\n mov %eax, %ds",	\
	  GP, 0x1238, 0, 0, 0, 5)					\
	X(selector_absent, "mov $0x48, %eax\n mov %eax, %ds",		\
	  NP, SEL_ABSENT, 0, 0, 0, 5)					\
	X(stack_absent, "mov $0x48, %eax\n mov %eax, %ss",		\
	  SS, SEL_ABSENT, 0, 0, 0, 5)					\
	X(stack_null, "push $0x2b\n push $0x8000\n push $2\n push $0x43\n" \
	  "push $0x9000\n iretq", GP, 0x28, 0, 0, 0, -1)		\
	X(user_hlt, "hlt", GP, 0, 0, 1, 0, 0)				\
	X(user_out, "out %al, $0x10", GP, 0, 0, 1, 0, 0)		\
	X(user_mov_cr, "mov %cr0, %rax", GP, 0, 0, 1, 0, 0)		\
	X(user_rdmsr, "rdmsr", GP, 0, 0, 1, 0, 0)			\
	X(user_lgdt, "lgdt (%rsp)", GP, 0, 0, 1, 0, 0)			\
	X(cr4_reserved, "mov $0x80000000, %eax\n mov %rax, %cr4",	\
	  GP, 0, 0, 0, 0, 5)						\
	X(cr0_pg_without_pe, "mov $0x80000000, %eax\n mov %rax, %cr0",	\
	  GP, 0, 0, 0, 0, 5)						\
	X(efer_reserved, "mov $0xc0000080, %ecx\n mov $2, %eax\n"	\
	  "xor %edx, %edx\n wrmsr", GP, 0, 0, 0, 0, 12)			\
	X(fpu_off, "mov %cr0, %rax\n or $8, %al\n mov %rax, %cr0\n fld1", \
	  NM, 0, 0, 0, 0, 8)						\
	X(pf_read, "movabs 0x7f0000000ff8, %al",			\
	  PF, 0, VA_ABSENT + 0xff8, 0, 0, 0)				\
	X(pf_write, "movabs %al, 0x7f0000000007", PF, W, VA_ABSENT + 7,	\
	  0, 0, 0)							\
	X(pf_fetch, "mov $0x7f0000000010, %rax\n jmp *%rax",		\
	  PF, I, VA_ABSENT + 0x10, 0, 0, -1)				\
	X(pf_write_ro, "mov $0x7f0000001020, %rdi\n movb $1, (%rdi)",	\
	  PF, P | W, VA_RO + 0x20, 0, 0, 10)				\
	X(pf_rsvd, "movabs 0x7f0000004000, %al", PF, P | RSVD, VA_RSVD,	\
	  0, 0, 0)							\
	X(pf_nx, "mov $0x7f0000005008, %rax\n jmp *%rax", PF, P | I,	\
	  VA_NX + 8, 0, 0, -1)						\
	X(pf_user_read, "movabs 0x7f0000002000, %al", PF, P | U,	\
	  VA_KERNEL, 1, 0, 0)						\
	X(pf_user_write, "movabs %al, 0x7f0000006001", PF, P | U | W,	\
	  VA_URO + 1, 1, 0, 0)						\
	X(pf_user_absent, "movabs %al, 0x7f0000000001", PF, U | W,	\
	  VA_ABSENT + 1, 1, 0, 0)					\
	X(pf_user_nx, "mov $0x7f0000005008, %rax\n jmp *%rax",		\
	  PF, P | U | I, VA_NX + 8, 1, 0, -1)				\
	X(pf_user_fetch_kernel, "mov $0x7f0000002008, %rax\n jmp *%rax", \
	  PF, P | U | I, VA_KERNEL + 8, 1, 0, -1)			\
	X(pf_smep, "mov $0x7f0000003008, %rax\n jmp *%rax", PF, P | I,	\
	  VA_USER + 8, 0, CR4_SMEP, -1)					\
	X(pf_smap_read, "mov $0x7f0000003008, %rdi\n mov (%rdi), %al",	\
	  PF, P, VA_USER + 8, 0, CR4_SMAP, 10)				\
	X(pf_smap_write, "mov $0x7f0000003008, %rdi\n mov %al, (%rdi)",	\
	  PF, P | W, VA_USER + 8, 0, CR4_SMAP, 10)

/* Reported where nothing else is. */
#define NOTHING 0x7f
#define CODE(label, body, ...) GUEST(64, f_##label, body "\n int $0x7f\n");
ROWS(CODE)
#define ROW(label, body, vec, err, cr2, usr, cr4, after) \
	{ #label, f_##label, f_##label##_end, vec, err, cr2, usr, cr4, after },
static const struct fault faults[] = { ROWS(ROW) };

static struct pt user_pt, kernel_pt;

static void rows_map(struct pt *pt, unsigned int address_bits)
{
	pt_map(pt, VA_RO, 0x20000, 1, PTE_P);
	pt_map(pt, VA_KERNEL, 0x21000, 1, PTE_P | PTE_W);
	pt_map(pt, VA_USER, 0x22000, 1, PTE_P | PTE_W | PTE_U);
	/* Bit 51 is the last of an address; above the CPU's width reserved. */
	pt_map(pt, VA_RSVD, address_bits < 52 ? 1ull << 51 : 0, 1, PTE_P);
	pt_map(pt, VA_NX, 0x23000, 1, PTE_P | PTE_W | PTE_U | PTE_NX);
	pt_map(pt, VA_URO, 0x24000, 1, PTE_P | PTE_U);
}

/* Two sets of tables: SMEP and SMAP forbid code and stack in user pages. */
static void fault_vm(void)
{
	struct kvm_cpuid2 *c;
	unsigned int bits;

	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	c = cpuid_supported(vm.kvm);
	bits = cpuid_find(c, 0x80000008, 0)->eax & 255;
	free(c);
	vcpu_mode(&v, MODE_LONG, GPA_CODE);
	user_pt = v.pt;
	rows_map(&user_pt, bits);
	vcpu_mode(&v, MODE_LONG, GPA_CODE);
	kernel_pt = v.pt;
	pt_map(&kernel_pt, 0, 0, 2, PTE_P | PTE_W);
	rows_map(&kernel_pt, bits);
	exc_setup(&v);
}

/* CPL 3 by way of the segments. */
static void cpl3(struct kvm_sregs *s, struct kvm_regs *r)
{
	s->cs.selector = SEL_UCODE64;
	s->cs.dpl = 3;
	s->ss.selector = SEL_UDATA;
	s->ss.dpl = 3;
	s->ds = s->es = s->ss;
	s->cr3 = user_pt.root;
	r->rsp = GPA_USTACK;
}

static void fault_check(const struct fault *f, const struct exc *e)
{
	CHECK_EQ(e->vector, f->vector);
	/* QEMU 7.2's TCG leaves P clear beside RSVD. */
	if (f->error == (P | RSVD))
		CHECK_EQ(e->error | P, f->error);
	else
		CHECK_EQ(e->error, f->error);
	if (f->after >= 0)
		CHECK_EQ(e->rip, GPA_CODE + f->after);
	else
		CHECK(e->vector == GP || e->rip == e->cr2);
	CHECK_EQ(e->cs, f->user ? SEL_UCODE64 : SEL_CODE64);
	CHECK_EQ(e->ss, f->user ? SEL_UDATA : SEL_DATA);
	if (f->vector == PF) {
		CHECK_EQ(e->cr2, f->cr2);
		CHECK_EQ(vcpu_sregs(&v).cr2, f->cr2);
	}
}

static void fault_run(const struct fault *f, const struct kvm_sregs *base)
{
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2 };
	struct kvm_sregs s = *base;
	struct exc e;

	test_row = f->name;
	if (f->user)
		cpl3(&s, &r);
	s.cr0 |= 1 << 16;		/* WP */
	s.cr4 |= f->cr4;
	vm_load(&vm, GPA_CODE, f->code, f->end);
	vcpu_set_sregs(&v, &s);
	vcpu_set_regs(&v, &r);
	e = exc_next(&v);
	fault_check(f, &e);
	test_row = NULL;
}

/* The rows that need this bit of CR4 (0: none). */
static void rows_run(uint32_t cr4)
{
	const struct fault *f;
	struct kvm_sregs base = vcpu_sregs(&v);

	for (f = faults; f < faults + sizeof(faults) / sizeof(*f); f++) {
		if (f->cr4 != cr4)
			continue;
		if (f->cr2 == VA_RSVD && !(pt_get(&user_pt, VA_RSVD, 1) >> 51))
			continue;
		fault_run(f, &base);
	}
}

static void all(void)
{
	fault_vm();
	rows_run(0);
}

static void smep(void)
{
	fault_vm();
	if (!vcpu_has(&v, 7, 1, 7))
		test_skip("the CPU has no SMEP");
	rows_run(CR4_SMEP);
}

static void smap(void)
{
	fault_vm();
	if (!vcpu_has(&v, 7, 1, 20))
		test_skip("the CPU has no SMAP");
	rows_run(CR4_SMAP);
}

GUEST(64, g_align, "pushf\n orl $0x40000, (%rsp)\n popf\n"
      "mov 1(%rsp), %eax\n int $0x7f\n");

static void alignment(void)
{
	struct kvm_regs r = { .rip = GPA_CODE, .rflags = 2 };
	struct kvm_sregs s;
	struct exc e;

	fault_vm();
	vm_load(&vm, GPA_CODE, g_align, g_align_end);
	s = vcpu_sregs(&v);
	s.cr0 |= 1 << 18;		/* AM */
	cpl3(&s, &r);
	vcpu_set_sregs(&v, &s);
	vcpu_set_regs(&v, &r);
	e = exc_next(&v);
	if (e.vector == NOTHING)
		test_skip("this CPU does not check (QEMU's TCG)");
	CHECK_EQ(e.vector, AC);
	CHECK_EQ(e.error, 0);
	CHECK_EQ(e.rip, GPA_CODE + 9);
}

/* The handler repairs nothing: every return faults again, none is lost. */
GUEST(64, g_pf_loop, "movabs %al, 0x7f0000000000\n" DONE);

static void fault_repeated(void)
{
	int i;

	fault_vm();
	vm_load(&vm, GPA_CODE, g_pf_loop, g_pf_loop_end);
	for (i = 0; i < 20; i++)
		CHECK_EQ(exc_next(&v).vector, PF);
	pt_map(&kernel_pt, VA_ABSENT, 0x25000, 1, PTE_P | PTE_W);
	vcpu_until(&v, PORT_DONE);
}

/*
 * The breakpoint registers, set from outside, read and written by the guest.
 * That they break is not tested: QEMU's TCG does not arm what VMRUN loads.
 */
GUEST(64, g_dr, "mov %dr2, %rsi\n mov %dr7, %rdi\n mov %rdi, %dr3\n"
      "mov %dr6, %rbx\n mov $0xffff0ff1, %eax\n mov %rax, %dr6\n" DONE);

static void debug_registers(void)
{
	struct kvm_debugregs d = { 0 };
	struct kvm_regs r;

	fault_vm();
	vm_load(&vm, GPA_CODE, g_dr, g_dr_end);
	d.db[2] = 0x123456789000;
	d.dr6 = 0xffff4ff0;
	d.dr7 = 0x400 | 1 << 4;		/* L2: execute */
	if (ioctl(v.fd, KVM_SET_DEBUGREGS, &d) < 0)
		test_skip("KVM_SET_DEBUGREGS: %s", strerrorname_np(errno));
	vcpu_until(&v, PORT_DONE);
	r = vcpu_regs(&v);
	CHECK_EQ(r.rsi, 0x123456789000);
	CHECK_EQ(r.rdi, 0x410);
	CHECK_EQ(r.rbx, 0xffff4ff0);
	OK(ioctl(v.fd, KVM_GET_DEBUGREGS, &d));
	CHECK_EQ(d.db[2], 0x123456789000);
	CHECK_EQ(d.db[3], 0x410);
	CHECK_EQ(d.dr6 & 0xf00f, 1);
	CHECK_EQ(d.dr7, 0x410);
}

/* A #PF whose stack is absent ends in #DF, on the stack of its own. */
GUEST(64, g_df, "mov $0x7f0000000800, %rsp\n push %rax\n");

static void double_fault(void)
{
	struct exc e;

	fault_vm();
	vm_load(&vm, GPA_CODE, g_df, g_df_end);
	e = exc_next(&v);
	CHECK_EQ(e.vector, DF);
	CHECK_EQ(e.error, 0);
	CHECK_EQ(e.rsp, VA_ABSENT + 0x800);
	CHECK((vcpu_regs(&v).rsp & ~0xfffull) == GPA_IST - 0x1000);
}

/*
 * #TS: a gate leads from CPL 3 to CPL 1, whose stack in the TSS has a segment
 * of CPL 0.
 */
GUEST(32, g_user32,
      "mov $0x50, %eax\n ltr %ax\n"
      "push $0x3b\n push $0xc000\n push $0x202\n push $0x33\n push $0x9000\n"
      "iret\n");
GUEST(32, g_int80, "int $0x80\n jmp .\n");

static void invalid_tss(void)
{
	struct kvm_sregs s;
	struct exc e;

	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_PAE, g_user32);
	vm_load(&vm, 0x9000, g_int80, g_int80_end);
	exc_setup(&v);
	/* The TSS not busy, so that LTR takes it; a code segment of CPL 1. */
	*vm_u64(&vm, GPA_GDT + SEL_TSS) &= ~(2ull << 40);
	*vm_u64(&vm, GPA_GDT + 0x60) = 0x00cfbb000000ffff;
	vm.mem[GPA_IDT + 0x80 * 8 + 2] = 0x60;
	*(uint32_t *)(vm.mem + GPA_TSS + 12) = GPA_IST;
	vm.mem[GPA_TSS + 16] = SEL_DATA;
	s = vcpu_sregs(&v);
	s.gdt.limit = 0x67;
	vcpu_set_sregs(&v, &s);
	e = exc_next(&v);
	CHECK_EQ(e.vector, TS);
	CHECK_EQ(e.error, SEL_DATA);
	CHECK_EQ(e.rip, 0x9000);
	CHECK_EQ(e.cs, SEL_UCODE32);
}

static const struct test_case cases[] = {
	{ "all", all, 0 },
	{ "smep", smep, 0 },
	{ "smap", smap, 0 },
	{ "alignment", alignment, 0 },
	{ "fault_repeated", fault_repeated, 0 },
	{ "debug_registers", debug_registers, 0 },
	{ "double_fault", double_fault, 0 },
	{ "invalid_tss", invalid_tss, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
