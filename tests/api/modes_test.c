// SPDX-License-Identifier: GPL-2.0-only
/* The guest at work in every CPU mode, and on its way from one to another. */
#define _GNU_SOURCE
#include <linux/kvm_para.h>
#include "start.h"

static struct vm vm;
static struct vcpu v;

/* Sums 1 to 100 with calls, a stack, an interrupt and two far jumps. */
GUEST(16, g_real,
      "xor %ax, %ax\n mov $100, %cx\n"
      "1: call 2f\n loop 1b\n"
      "ljmp $0x900, $0x0\n"
      "2: push %cx\n add %cx, %ax\n pop %dx\n ret\n");
GUEST(16, g_real_far,
      "mov %cs, %bx\n push %bx\n pop %ds\n"
      "mov %ax, 0x100\n int $0x21\n" DONE);
GUEST(16, g_real_int, "mov %sp, %si\n mov $0x7777, %di\n iret\n");

static void real(void)
{
	static const uint16_t vector21[2] = { 0, 0xa00 };
	struct kvm_regs r;
	uint16_t sum;

	START_BARE(MODE_REAL, g_real);
	vm_load(&vm, 0x9000, g_real_far, g_real_far_end);
	vm_load(&vm, 0xa000, g_real_int, g_real_int_end);
	memcpy(vm.mem + 0x21 * 4, vector21, 4);
	vcpu_until(&v, PORT_DONE);
	r = vcpu_regs(&v);
	CHECK_EQ(r.rax & 0xffff, 5050);
	CHECK_EQ(r.rbx & 0xffff, 0x900);
	CHECK_EQ(r.rdi & 0xffff, 0x7777);
	CHECK_EQ(r.rsi & 0xffff, GPA_STACK - 6);
	CHECK_EQ(r.rsp & 0xffff, GPA_STACK);
	memcpy(&sum, vm.mem + 0x9100, 2);
	CHECK_EQ(sum, 5050);
	CHECK_EQ(vcpu_sregs(&v).cs.base, 0x9000);
	CHECK_EQ(vcpu_sregs(&v).ds.base, 0x9000);
}

/* Recursion: 12 factorial; then a 16-bit segment and back (0x8100, 0x8000). */
GUEST(32, g_prot,
      "mov $12, %ecx\n call 1f\n mov %eax, 0x10000\n"
      "ljmp $0x20, $0x9000\n"
      "1: cmp $1, %ecx\n ja 2f\n mov $1, %eax\n ret\n"
      "2: push %ecx\n dec %ecx\n call 1b\n pop %ecx\n mul %ecx\n ret\n");
GUEST(16, g_prot16, "mov %cs, %bx\n mov $0xffff, %dx\n inc %dx\n"
      "ljmpl $0x08, $0xa000\n");
GUEST(32, g_prot_tail, "mov %cs, %esi\n" DONE);

static void prot_code(void)
{
	vm_load(&vm, 0x9000, g_prot16, g_prot16_end);
	vm_load(&vm, 0xa000, g_prot_tail, g_prot_tail_end);
}

static void prot_check(void)
{
	struct kvm_regs r;

	vcpu_until(&v, PORT_DONE);
	r = vcpu_regs(&v);
	CHECK_EQ(*(uint32_t *)(vm.mem + GPA_DATA), 479001600);
	CHECK_EQ(r.rbx & 0xffff, SEL_CODE16);
	CHECK_EQ(r.rdx & 0xffff, 0);
	CHECK_EQ(r.rsi & 0xffff, SEL_CODE32);
	CHECK_EQ(r.rsp, GPA_STACK);
}

static void protected_flat(void)
{
	START_BARE(MODE_PROT, g_prot);
	prot_code();
	prot_check();
}

/* Reads one page, writes the other; both are mapped elsewhere. */
GUEST(32, g_map32,
      "mov $0x3ffff000, %esi\n mov $0x30000000, %edi\n"
      "mov (%esi), %eax\n not %eax\n mov %eax, 0x123450(%edi)\n" DONE);

static void paged32(enum mode mode, uint64_t large)
{
	START_BARE(mode, g_map32);
	pt_map(&v.pt, 0x30000000, 0, 2, PTE_P | PTE_W);
	/* The table of the last 4 MiB (or 2): 4 KiB pages instead. */
	pt_map(&v.pt, 0x3ffff000 & ~(large - 1), 0, 2, 0);
	pt_map(&v.pt, 0x3ffff000, 0x20000, 1, PTE_P);
	*vm_u64(&vm, 0x20000) = 0x12345678;
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(*(uint32_t *)(vm.mem + 0x123450), ~0x12345678u);
	CHECK(pt_get(&v.pt, 0x3ffff000, 1) & PTE_A);
	CHECK(!(pt_get(&v.pt, 0x3ffff000, 1) & PTE_D));
	CHECK((pt_get(&v.pt, 0x30000000, 2) & (PTE_A | PTE_D)) ==
	      (PTE_A | PTE_D));
	vcpu_code(&v, mode, g_prot);
	prot_code();
	prot_check();
}

static void paging_2level(void)
{
	paged32(MODE_32, 4 << 20);
}

static void paging_pae(void)
{
	paged32(MODE_PAE, 2 << 20);
}

/*
 * Four addresses in RSI.. are read and, plus one, written at +8; the pages
 * are of 4 KiB, 2 MiB and 1 GiB.
 */
GUEST(64, g_map64,
      "mov $3, %ecx\n"
      "1: mov (%rdi), %rsi\n mov (%rsi), %rax\n inc %rax\n"
      "mov %rax, 8(%rsi)\n push %rsi\n pop %rbx\n add $8, %rdi\n"
      "loop 1b\n" DONE);

static void paged64(enum mode mode)
{
	static const uint64_t va5[] = { 0x00aa000000001000,
					0xff00000000200000,
					0x0000008040000000 };
	static const uint64_t va4[] = { 0x00007f0000001000,
					0xffff800000200000,
					0x0000008040000000 };
	const uint64_t *va = mode == MODE_LONG5 ? va5 : va4, *q;
	struct kvm_regs r;
	int i;

	START_BARE(mode, g_map64);
	/* RAM is 16 MiB: within it 2 MiB at 0x400000 and 1 GiB at 0. */
	pt_map(&v.pt, va[0], 0x20000, 1, PTE_P | PTE_W);
	pt_map(&v.pt, va[1], 0x400000, 2, PTE_P | PTE_W);
	pt_map(&v.pt, va[2], 0, 3, PTE_P | PTE_W);
	for (i = 0; i < 3; i++)
		*vm_u64(&vm, GPA_DATA + i * 8) = va[i] + (i == 2) * 0x30000;
	r = vcpu_regs(&v);
	r.rdi = GPA_DATA;
	vcpu_set_regs(&v, &r);
	*vm_u64(&vm, 0x20000) = 1000;
	*vm_u64(&vm, 0x400000) = 2000;
	*vm_u64(&vm, 0x30000) = 3000;
	vcpu_until(&v, PORT_DONE);
	q = vm_u64(&vm, 0x20000);
	CHECK_EQ(q[1], 1001);
	CHECK_EQ(*vm_u64(&vm, 0x400008), 2001);
	CHECK_EQ(*vm_u64(&vm, 0x30008), 3001);
	for (i = 0; i < 3; i++)
		CHECK((pt_get(&v.pt, va[i], i + 1) & (PTE_A | PTE_D)) ==
		      (PTE_A | PTE_D));
}

static void paging_4level(void)
{
	paged64(MODE_LONG);
}

static void need_5level(void)
{
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	if (!vcpu_has(&v, 7, 2, 16))
		test_skip("no LA57");
	vcpu_close(&v);
	vm_close(&vm);
}

static void paging_5level(void)
{
	need_5level();
	paged64(MODE_LONG5);
}

/* The page of (R11) changes at (RDI); RSI is any address. */
GUEST(64, g_invlpg,
      "mov (%r11), %r8\n mov %r12, (%rdi)\n invlpg (%rsi)\n"
      "invlpg (%r11)\n mov (%r11), %r9\n" DONE);

/* INVLPG of @va, and of @strange, which need not be canonical. */
static void invalidated(enum mode mode, uint64_t va, uint64_t strange)
{
	struct kvm_regs r;
	uint64_t table;
	int i;

	START_BARE(mode, g_invlpg);
	pt_map(&v.pt, va, 0, 1, PTE_P);
	table = pt_get(&v.pt, va, 2) & 0x000ffffffffff000;
	for (i = 0; i < 8; i++) {
		*vm_u64(&vm, 0x20000 + i * 0x1000) = i;
		r = vcpu_regs(&v);
		r.rip = GPA_CODE;
		r.r11 = va;
		r.rdi = table + (va >> 12 & 511) * 8;
		r.rsi = strange;
		r.r12 = (0x20000 + i * 0x1000) | PTE_P | PTE_W | PTE_A | PTE_D;
		if (!i)
			*vm_u64(&vm, r.rdi) = r.r12;
		vcpu_set_regs(&v, &r);
		vcpu_until(&v, PORT_DONE);
		r = vcpu_regs(&v);
		CHECK_EQ(r.r8, i ? i - 1 : 0);
		CHECK_EQ(r.r9, i);
	}
	vcpu_close(&v);
	vm_close(&vm);
}

static void invlpg_4level(void)
{
	invalidated(MODE_LONG, 0x00005a0000003000, 0x00aa000000003000);
	invalidated(MODE_LONG, 0xffff800000003000, 0x0000800000003000);
}

static void invlpg_5level(void)
{
	need_5level();
	invalidated(MODE_LONG5, 0x00005a0000003000, 0x01aa000000003000);
	invalidated(MODE_LONG5, 0x00aa000000003000, 0x0100000000003000);
	invalidated(MODE_LONG5, 0xff00000000003000, 0x7f00000000003000);
}

/*
 * PAE: on with CR3 in EAX, work, off again, and the same a second time.  With
 * nested paging QEMU's TCG sets the accessed bit of a PDPTE, where it is
 * reserved for the next load of CR0: so the guest clears it.
 */
GUEST(32, g_onoff,
      "mov $2, %esi\n"
      "1: mov %cr4, %ebx\n or $0x20, %ebx\n mov %ebx, %cr4\n"
      "mov %eax, %cr3\n"
      "mov %cr0, %ebx\n or $0x80000000, %ebx\n mov %ebx, %cr0\n"
      "jmp 2f\n 2: incl 0x30000000\n"
      "mov %cr0, %ebx\n and $0x7fffffff, %ebx\n mov %ebx, %cr0\n"
      "jmp 3f\n 3: incl 0x20000\n andb $0xdf, (%eax)\n dec %esi\n jnz 1b\n" DONE);

static void paging_on_off(void)
{
	struct kvm_sregs s;
	struct kvm_regs r;
	uint64_t root;

	START_BARE(MODE_PAE, g_onoff);
	root = v.pt.root;
	pt_map(&v.pt, 0x30000000, 0, 2, 0);
	pt_map(&v.pt, 0x30000000, 0x21000, 1, PTE_P | PTE_W);
	s = vcpu_sregs(&v);
	s.cr0 &= ~(1ull << 31);
	s.cr3 = 0;
	s.cr4 &= ~0x20ull;
	s.efer = 0;
	vcpu_set_sregs(&v, &s);
	r = vcpu_regs(&v);
	r.rax = root;
	vcpu_set_regs(&v, &r);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(*vm_u64(&vm, 0x20000), 2);
	CHECK_EQ(*vm_u64(&vm, 0x21000), 2);
	CHECK(!(vcpu_sregs(&v).cr0 >> 31));
}

/* From real mode to long mode; the GDT is at 0x1000, the CR3 value in EBX. */
GUEST(16, g_climb,
      "cli\n lgdtl 0\n"
      "mov %cr0, %eax\n or $1, %al\n mov %eax, %cr0\n"
      "ljmpl $0x08, $0x9000\n");
GUEST(32, g_climb32,
      "mov $0x10, %eax\n mov %eax, %ds\n mov %eax, %ss\n mov %eax, %es\n"
      "mov $0x8000, %esp\n push %ebx\n"
      "mov %cr4, %eax\n or $0x20, %eax\n mov %eax, %cr4\n"
      "pop %eax\n mov %eax, %cr3\n"
      "mov $0xc0000080, %ecx\n rdmsr\n or $0x100, %eax\n wrmsr\n"
      "mov %cr0, %eax\n or $0x80000000, %eax\n mov %eax, %cr0\n"
      "ljmp $0x18, $0xa000\n");
GUEST(64, g_climb64,
      "mov $0x123456789abcdef0, %r15\n push %r15\n pop %r14\n"
      "mov $0xc0000080, %ecx\n rdmsr\n mov %eax, %esi\n mov %cs, %edi\n"
      DONE
      /* And down: compatibility mode, paging off. */
      "push $0x08\n push $0xb000\n lretq\n");
GUEST(32, g_climb_down,
      "mov $0x55aa, %edi\n"
      "mov %cr0, %eax\n and $0x7fffffff, %eax\n mov %eax, %cr0\n"
      "mov $0xc0000080, %ecx\n rdmsr\n and $~0x100, %eax\n wrmsr\n"
      "rdmsr\n mov %eax, %esi\n" DONE);

static void real_to_long(void)
{
	static const struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) gdtr = { 0x5f, GPA_GDT };
	struct kvm_sregs s;
	struct kvm_regs r;

	START_BARE(MODE_LONG, g_climb);	/* for its page tables and its GDT */
	vm_load(&vm, 0x9000, g_climb32, g_climb32_end);
	vm_load(&vm, 0xa000, g_climb64, g_climb64_end);
	vm_load(&vm, 0xb000, g_climb_down, g_climb_down_end);
	memcpy(vm.mem + GPA_DATA, &gdtr, sizeof(gdtr));
	r = vcpu_regs(&v);
	r.rbx = v.pt.root;
	vcpu_mode(&v, MODE_REAL, GPA_CODE);
	/* lgdt in real mode reaches 64 KiB only: DS points behind them */
	s = vcpu_sregs(&v);
	s.ds.base = GPA_DATA;
	s.ds.selector = GPA_DATA >> 4;
	vcpu_set_sregs(&v, &s);
	vcpu_set_regs(&v, &r);
	vcpu_until(&v, PORT_DONE);
	r = vcpu_regs(&v);
	CHECK_EQ(r.r14, 0x123456789abcdef0);
	CHECK_EQ(r.rsi & 0xd00, 0x500);		/* LME, LMA, no NXE */
	CHECK_EQ(r.rdi, SEL_CODE64);
	CHECK_EQ(vcpu_sregs(&v).cs.l, 1);
	vcpu_until(&v, PORT_DONE);
	r = vcpu_regs(&v);
	CHECK_EQ(r.rdi, 0x55aa);
	CHECK_EQ(r.rsi & 0x500, 0);
	CHECK_EQ(vcpu_sregs(&v).efer & 0x500, 0);
}

/* To CPL 3 with IRET, back with INT 0x80; the handler's OUT is at CPL 0. */
GUEST(64, g_to_user,
      "mov $0x3b, %eax\n mov %eax, %ds\n"
      "push $0x3b\n push $0xc000\n push $0x202\n push $0x43\n push $0x9000\n"
      "iretq\n");
GUEST(64, g_user, "mov %cs, %ebx\n push %rbx\n int $0x80\n"
      "pop %rcx\n mov $100, %eax\n vmmcall\n mov %rax, %rsi\n"
      "int $0x81\n jmp .\n");

static void user_mode(void)
{
	struct exc e;

	START_BARE(MODE_LONG, g_to_user);
	exc_setup(&v);
	vm_load(&vm, 0x9000, g_user, g_user_end);
	e = exc_next(&v);
	CHECK_EQ(e.vector, 0x80);
	CHECK_EQ(e.cs, SEL_UCODE64);
	CHECK_EQ(e.ss, SEL_UDATA);
	CHECK_EQ(e.rsp, GPA_USTACK - 8);
	CHECK_EQ(e.rip, 0x9000 + 5);
	CHECK_EQ(vcpu_sregs(&v).cs.selector, SEL_CODE64);
	CHECK_EQ(vcpu_sregs(&v).ss.dpl, 0);
	e = exc_next(&v);
	CHECK_EQ(e.vector, 0x81);
	CHECK_EQ(vcpu_regs(&v).rcx, SEL_UCODE64);
	/* Programs make no hypercalls. */
	CHECK_EQ(vcpu_regs(&v).rsi, -KVM_EPERM);
}

/* SYSCALL and SYSRET: STAR, LSTAR and FMASK as the guest wrote them. */
GUEST(64, g_syscall,
      "mov $0xc0000081, %ecx\n xor %eax, %eax\n mov $0x00330018, %edx\n wrmsr\n"
      "mov $0xc0000082, %ecx\n mov $0xa000, %eax\n xor %edx, %edx\n wrmsr\n"
      "mov $0xc0000084, %ecx\n mov $0x400, %eax\n wrmsr\n"
      "mov $0xc0000080, %ecx\n rdmsr\n or $1, %eax\n wrmsr\n"
      "mov $0x9000, %ecx\n mov $0x602, %r11d\n sysretq\n");
GUEST(64, g_sys_user, "mov %cs, %ebx\n syscall\n jmp .\n");
GUEST(64, g_sys_entry, "pushf\n pop %rdx\n" DONE);

static void syscall_return(void)
{
	struct kvm_regs r;

	START_BARE(MODE_LONG, g_syscall);
	vm_load(&vm, 0x9000, g_sys_user, g_sys_user_end);
	vm_load(&vm, 0xa000, g_sys_entry, g_sys_entry_end);
	vcpu_until(&v, PORT_DONE);
	r = vcpu_regs(&v);
	CHECK_EQ(r.rcx, 0x9004);
	/* STAR 63:48 is 0x33: SYSRET loads it plus 16, with RPL 3. */
	CHECK_EQ(r.rbx, SEL_UCODE64);
	CHECK_EQ(r.r11 & 0x600, 0x600);
	CHECK_EQ(r.rdx & 0x400, 0);
}

/* What the guest does with the FPU survives exits, and we can read it. */
GUEST(64, g_fpu,
      "mov $0x1234567890abcdef, %rax\n movq %rax, %xmm0\n"
      "pshufd $0x4e, %xmm0, %xmm15\n fld1\n out %al, $0x10\n"
      "movq %xmm1, %rbx\n movq %xmm0, %rcx\n" DONE);

static void fpu_state(void)
{
	static const uint8_t want0[16] = { 0xef, 0xcd, 0xab, 0x90, 0x78, 0x56,
					   0x34, 0x12 };
	static const uint8_t one[10] = { [7] = 0x80, [8] = 0xff, [9] = 0x3f };
	struct kvm_fpu f;

	START_BARE(MODE_LONG, g_fpu);
	vcpu_until(&v, 0x10);
	OK(ioctl(v.fd, KVM_GET_FPU, &f));
	CHECK(!memcmp(f.xmm[0], want0, 16));
	CHECK(!memcmp(f.xmm[15] + 8, want0, 8));
	CHECK(!memcmp(f.fpr[0], one, 10));
	memset(f.xmm[1], 0x5a, 16);
	OK(ioctl(v.fd, KVM_SET_FPU, &f));
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rbx, 0x5a5a5a5a5a5a5a5a);
	CHECK_EQ(vcpu_regs(&v).rcx, 0x1234567890abcdef);
}

/* The same registers through the XSAVE image, and XCR0. */
static void xsave_state(void)
{
	static const uint8_t want0[8] = { 0xef, 0xcd, 0xab, 0x90, 0x78, 0x56,
					  0x34, 0x12 };
	struct kvm_xcrs xcrs = { 0 };
	static struct kvm_xsave x;
	uint8_t *image = (uint8_t *)x.region;

	START_BARE(MODE_LONG, g_fpu);
	vcpu_until(&v, 0x10);
	OK(ioctl(v.fd, KVM_GET_XSAVE, &x));
	/* XMM0 and XMM1 of the FXSAVE area; its header's XSTATE_BV. */
	CHECK(!memcmp(image + 160, want0, sizeof(want0)));
	memset(image + 176, 0x5a, 16);
	image[512] |= 3;
	OK(ioctl(v.fd, KVM_SET_XSAVE, &x));
	image[512 + 7] = 0x80;
	ERR(ioctl(v.fd, KVM_SET_XSAVE, &x), EINVAL);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rbx, 0x5a5a5a5a5a5a5a5a);

	OK(ioctl(v.fd, KVM_GET_XCRS, &xcrs));
	CHECK_EQ(xcrs.nr_xcrs, 1);
	CHECK_EQ(xcrs.xcrs[0].value, 1);
	xcrs.xcrs[0].value = 3;
	OK(ioctl(v.fd, KVM_SET_XCRS, &xcrs));
	memset(&xcrs, 0, sizeof(xcrs));
	OK(ioctl(v.fd, KVM_GET_XCRS, &xcrs));
	CHECK_EQ(xcrs.xcrs[0].value, 3);
	xcrs.xcrs[0].value = 2;
	ERR(ioctl(v.fd, KVM_SET_XCRS, &xcrs), EINVAL);
	xcrs.xcrs[0].value = 5;
	ERR(ioctl(v.fd, KVM_SET_XCRS, &xcrs), EINVAL);
}

static const struct test_case cases[] = {
	{ "real", real, 0 },
	{ "protected_flat", protected_flat, 0 },
	{ "paging_2level", paging_2level, 0 },
	{ "paging_pae", paging_pae, 0 },
	{ "paging_4level", paging_4level, 0 },
	{ "paging_5level", paging_5level, 0 },
	{ "invlpg_4level", invlpg_4level, 0 },
	{ "invlpg_5level", invlpg_5level, 0 },
	{ "paging_on_off", paging_on_off, 0 },
	{ "real_to_long", real_to_long, 0 },
	{ "user_mode", user_mode, 0 },
	{ "syscall_return", syscall_return, 0 },
	{ "fpu_state", fpu_state, 0 },
	{ "xsave_state", xsave_state, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
