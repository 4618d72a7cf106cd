// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMIO exits: every form of MOV, address forms, words of the FPU, page crossings,
 * completion.
 */
#define _GNU_SOURCE
#include "start.h"

static struct vm vm;
static struct vcpu v;

/* What the rows start from. */
#define RAX	0x1122334455667788ull
#define RCX	0x10ull
#define HOLE	GPA_HOLE
#define DATA	0xf1e2d3c4b5a69788ull	/* what reads are given */

struct form {
	const char *name;
	const uint8_t *code, *end;
	uint64_t addr;
	int len;
	bool write;
	uint64_t value;		/* written, or in RAX after a read */
};

/*
 * One row each: X(label, code, offset from HOLE, length, write, value).  RDI
 * is HOLE, R9 is HOLE, RCX is 0x10, FS base HOLE; HOLE is 0x20000000.
 */
#define STORES(X)							\
	X(st8, "mov %al, (%rdi)", 0, 1, 0x88)				\
	X(st16, "mov %ax, (%rdi)", 0, 2, 0x7788)			\
	X(st32, "mov %eax, (%rdi)", 0, 4, 0x55667788)			\
	X(st64, "mov %rax, (%rdi)", 0, 8, RAX)				\
	X(st_ah, "mov %ah, 1(%rdi)", 1, 1, 0x77)			\
	X(st_dil, "mov %dil, (%rdi)", 0, 1, 0)				\
	X(st_r8b, "mov %r8b, (%r9)", 0, 1, 0x99)			\
	X(st_r8w, "mov %r8w, (%r9)", 0, 2, 0x8899)			\
	X(st_r8, "mov %r8, (%r9)", 0, 8, 0x8899)			\
	X(st_imm8, "movb $0x42, (%rdi)", 0, 1, 0x42)			\
	X(st_imm16, "movw $0x4243, (%rdi)", 0, 2, 0x4243)		\
	X(st_imm32, "movl $0x80424344, (%rdi)", 0, 4, 0x80424344)	\
	X(st_imm64, "movq $-2, (%rdi)", 0, 8, -2ull)			\
	X(st_imm_disp8, "movb $0x42, 0x11(%rdi)", 0x11, 1, 0x42)	\
	X(st_imm_disp32, "movw $0x4243, 0x1234(%rdi)", 0x1234, 2, 0x4243) \
	X(st_imm_sib, "movl $7, 4(%rdi,%rcx,2)", 0x24, 4, 7)		\
	X(st_imm_rip, "movl $9, 0x20000000(%rip)", 0x800a, 4, 9)	\
	X(st_abs8, "movabs %al, 0x20000003", 3, 1, 0x88)		\
	X(st_abs16, "movabs %ax, 0x20000002", 2, 2, 0x7788)		\
	X(st_abs32, "movabs %eax, 0x20000010", 0x10, 4, 0x55667788)	\
	X(st_abs64, "movabs %rax, 0x20000018", 0x18, 8, RAX)		\
	X(st_unaligned, "mov %rax, 3(%rdi)", 3, 8, RAX)			\
	X(st_fpu_control, "fninit\n fnstcw 4(%rdi)", 4, 2, 0x37f)	\
	X(st_fpu_status, "fninit\n fincstp\n fnstsw 6(%rdi)", 6, 2, 0x800)

#define LOADS(X)							\
	X(ld8, "mov (%rdi), %al", 0, 1, 0x1122334455667788)		\
	X(ld16, "mov 2(%rdi), %ax", 2, 2, 0x1122334455669788)		\
	X(ld32, "mov (%rdi), %eax", 0, 4, 0xb5a69788)			\
	X(ld64, "mov (%rdi), %rax", 0, 8, DATA)				\
	X(ld_ah, "mov (%rdi), %ah", 0, 1, 0x1122334455668888)		\
	X(ld_rdi, "mov (%rdi), %rdi\n mov %rdi, %rax", 0, 8, DATA)	\
	X(ld_r15, "mov (%r9), %r15\n mov %r15, %rax", 0, 8, DATA)	\
	X(ld_r15d, "mov (%r9), %r15d\n mov %r15, %rax", 0, 4, 0xb5a69788) \
	X(ld_spl, "mov %rsp, %rbx\n mov (%rdi), %bpl\n mov %rbp, %rax\n"	\
	  "mov %rbx, %rsp", 0, 1, 0x88)					\
	X(movzbw, "movzbw (%rdi), %ax", 0, 1, 0x1122334455660088)	\
	X(movzbl, "movzbl (%rdi), %eax", 0, 1, 0x88)			\
	X(movzbq, "movzbq (%rdi), %rax", 0, 1, 0x88)			\
	X(movzwl, "movzwl (%rdi), %eax", 0, 2, 0x9788)			\
	X(movzwq, "movzwq (%rdi), %rax", 0, 2, 0x9788)			\
	X(movsbw, "movsbw (%rdi), %ax", 0, 1, 0x112233445566ff88)	\
	X(movsbl, "movsbl (%rdi), %eax", 0, 1, 0xffffff88)		\
	X(movsbq, "movsbq (%rdi), %rax", 0, 1, 0xffffffffffffff88)	\
	X(movswl, "movswl (%rdi), %eax", 0, 2, 0xffff9788)		\
	X(movswq, "movswq (%rdi), %rax", 0, 2, 0xffffffffffff9788)	\
	X(movslq, "movslq (%rdi), %rax", 0, 4, 0xffffffffb5a69788)	\
	X(ld_fs, "mov %fs:0x10, %eax", 0x10, 4, 0xb5a69788)		\
	X(ld_ds, ".byte 0x3e\n mov (%rdi), %eax", 0, 4, 0xb5a69788)	\
	X(ld_rip, "mov 0x20000000(%rip), %eax", 0x8006, 4, 0xb5a69788)	\
	X(ld_disp8, "mov 0x7f(%rdi), %al", 0x7f, 1, RAX)		\
	X(ld_disp8_neg, "add $0x100, %rdi\n mov -0x80(%rdi), %al", 0x80, 1, \
	  RAX)								\
	X(ld_disp32, "mov 0x12345(%rdi), %al", 0x12345, 1, RAX)		\
	X(ld_sib, "mov (%rdi,%rcx,8), %al", 0x80, 1, RAX)		\
	X(ld_sib_disp8, "mov 5(%rdi,%rcx,4), %al", 0x45, 1, RAX)	\
	X(ld_sib_disp32, "mov 0x400(%rcx,%rdi,1), %al", 0x410, 1, RAX)	\
	X(ld_sib_nobase, "mov 0x20000000(,%rcx,4), %al", 0x40, 1, RAX)	\
	X(ld_sib_r13, "mov %rdi, %r13\n mov (%r13,%rcx,2), %al", 0x20, 1, RAX) \
	X(ld_sib_r12, "mov %rdi, %r12\n mov 8(%r12), %al", 8, 1, RAX)	\
	X(ld_rbp, "mov %rdi, %rbp\n mov 8(%rbp), %al", 8, 1, RAX)	\
	X(ld_rsp, "mov %rsp, %rbx\n mov %rdi, %rsp\n mov 8(%rsp), %al\n" \
	  "mov %rbx, %rsp", 8, 1, RAX)					\
	X(ld_disp_only, "mov 0x20000020, %al", 0x20, 1, RAX)		\
	X(ld_addr32, "bts $40, %rdi\n mov (%edi), %al", 0, 1, RAX)	\
	X(ld_abs8, "movabs 0x20000003, %al", 3, 1, RAX)			\
	X(ld_abs32, "movabs 0x20000010, %eax", 0x10, 4, 0xb5a69788)	\
	X(ld_abs64, "movabs 0x20000018, %rax", 0x18, 8, DATA)		\
	X(ld_66_rexw, ".byte 0x66\n mov (%rdi), %rax", 0, 8, DATA)

#define CODE(label, body, ...) GUEST(64, g_##label, body "\n" DONE);
STORES(CODE)
LOADS(CODE)

#define STORE_ROW(label, body, off, len, value) \
	{ #label, g_##label, g_##label##_end, HOLE + (off), len, true, value },
#define LOAD_ROW(label, body, off, len, value) \
	{ #label, g_##label, g_##label##_end, HOLE + (off), len, false, value },

static const struct form stores[] = { STORES(STORE_ROW) };
static const struct form loads[] = { LOADS(LOAD_ROW) };

static void long_vm(void)
{
	struct kvm_sregs s;

	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_mode(&v, MODE_LONG, GPA_CODE);
	s = vcpu_sregs(&v);
	s.fs.base = HOLE;
	vcpu_set_sregs(&v, &s);
}

static void form_run(const struct form *f)
{
	struct kvm_regs r = {
		.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2, .rax = RAX,
		.rcx = RCX, .rdi = HOLE, .r8 = 0x8899, .r9 = HOLE,
	};
	uint64_t data = DATA, got = 0;

	test_row = f->name;
	vm_load(&vm, GPA_CODE, f->code, f->end);
	vcpu_set_regs(&v, &r);
	vcpu_expect(&v, KVM_EXIT_MMIO);
	CHECK_EQ(v.run->mmio.phys_addr, f->addr);
	CHECK_EQ(v.run->mmio.len, f->len);
	CHECK_EQ(v.run->mmio.is_write, f->write);
	if (f->write) {
		memcpy(&got, v.run->mmio.data, f->len);
		CHECK_EQ(got, f->value);
	} else {
		memcpy(v.run->mmio.data, &data, 8);
	}
	vcpu_until(&v, PORT_DONE);
	if (!f->write)
		CHECK_EQ(vcpu_regs(&v).rax, f->value);
}

static void mmio_stores(void)
{
	unsigned int i;

	long_vm();
	for (i = 0; i < sizeof(stores) / sizeof(stores[0]); i++)
		form_run(&stores[i]);
}

static void mmio_loads(void)
{
	unsigned int i;

	long_vm();
	for (i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		form_run(&loads[i]);
}

/* Collects (or gives) n bytes from addr on, in however many exits. */
static void pieces(uint64_t addr, int n, bool write, uint8_t *data)
{
	uint64_t off;
	int seen = 0;

	while (seen < n) {
		vcpu_expect(&v, KVM_EXIT_MMIO);
		off = v.run->mmio.phys_addr - addr;
		CHECK_EQ(v.run->mmio.is_write, write);
		CHECK(off + v.run->mmio.len <= (uint64_t)n);
		if (write)
			memcpy(data + off, v.run->mmio.data, v.run->mmio.len);
		else
			memcpy(v.run->mmio.data, data + off, v.run->mmio.len);
		seen += v.run->mmio.len;
	}
}

GUEST(64, g_cross,
      "mov %rax, 0xffc(%rdi)\n mov 0xffb(%rdi), %rbx\n"
      "mov %rax, (%rsi)\n mov (%rsi), %rdx\n" DONE);

/* The last access has its first four bytes in RAM, the others in the hole. */
static void mmio_crossing(void)
{
	struct kvm_regs r = {
		.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2, .rax = RAX,
		.rdi = HOLE, .rsi = RAM_SIZE - 4,
	};
	uint64_t got = 0, data = DATA;
	uint32_t low;

	long_vm();
	vm_load(&vm, GPA_CODE, g_cross, g_cross_end);
	vcpu_set_regs(&v, &r);
	pieces(HOLE + 0xffc, 8, true, (uint8_t *)&got);
	CHECK_EQ(got, RAX);
	pieces(HOLE + 0xffb, 8, false, (uint8_t *)&data);
	got = 0;
	pieces(RAM_SIZE, 4, true, (uint8_t *)&got);
	CHECK_EQ(got, RAX >> 32);
	memcpy(&low, vm.mem + RAM_SIZE - 4, 4);
	CHECK_EQ(low, (uint32_t)RAX);
	pieces(RAM_SIZE, 4, false, (uint8_t *)&data);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rbx, DATA);
	CHECK_EQ(vcpu_regs(&v).rdx, (DATA << 32) | (uint32_t)RAX);
}

/*
 * <linux/kvm.h>: flags, then the size and bytes that they tell of, two words; behind that
 * KVM tells of the exit in five words of its own.
 */
static void failure_has_bytes(void)
{
	CHECK_EQ(v.run->emulation_failure.suberror, KVM_INTERNAL_ERROR_EMULATION);
	CHECK_EQ(v.run->emulation_failure.flags,
		 KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES);
	CHECK_EQ(v.run->emulation_failure.ndata, 3 + 5);
}

/* An access to a page that is nowhere: APM vol. 2, 15.25.6; SDM vol. 3, app. C. */
static void exit_is_page_fault(const volatile __u64 *data)
{
	if (cpu_is_amd() && kvm_tdp()) {
		CHECK_EQ(data[0], 0x400);
		CHECK_EQ(data[2] & ~0xfffull, HOLE);
	} else if (kvm_tdp()) {
		CHECK(data[0] == 48 || data[0] == 49);
	}
}

GUEST(64, g_sse, "paddb (%rdi), %xmm0\n" DONE);

/* Legal, but far from a plain move: KVM says so, or does it right. */
static void mmio_undecodable(void)
{
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			      .rdi = HOLE };

	long_vm();
	vm_load(&vm, GPA_CODE, g_sse, g_sse_end);
	vcpu_set_regs(&v, &r);
	if (vcpu_run(&v) == KVM_EXIT_MMIO)
		test_skip("this KVM emulates PADDB");
	CHECK_EQ(v.run->exit_reason, KVM_EXIT_INTERNAL_ERROR);
	failure_has_bytes();
	exit_is_page_fault(&v.run->internal.data[3]);
	CHECK_EQ(vcpu_regs(&v).rip, GPA_CODE);
}

/* To CPL 3, and the same there. */
GUEST(64, g_user_sse, "push $0x3b\n push $0xc000\n push $0x3002\n push $0x43\n"
      "lea 1f(%rip), %rax\n push %rax\n iretq\n"
      "1: paddb (%rdi), %xmm0\n" DONE);

static void user_sse(bool exits)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_EXIT_ON_EMULATION_FAILURE, .args[0] = exits,
	};
	struct kvm_regs r;

	START(MODE_LONG, g_user_sse);
	if (!vm_cap(&vm, KVM_CAP_EXIT_ON_EMULATION_FAILURE))
		test_skip("no KVM_CAP_EXIT_ON_EMULATION_FAILURE");
	OK(ioctl(vm.fd, KVM_ENABLE_CAP, &cap));
	r = vcpu_regs(&v);
	r.rdi = HOLE;
	vcpu_set_regs(&v, &r);
}

/* A program of the guest gets #UD, unless userspace wants to hear of it. */
static void mmio_failure_user(void)
{
	uint64_t at = g_user_sse_end - g_user_sse - 6;

	user_sse(false);
	CHECK_EQ(exc_expect(&v, 6, at).cs, 0x43);
	user_sse(true);
	vcpu_expect(&v, KVM_EXIT_INTERNAL_ERROR);
	CHECK_EQ(v.run->emulation_failure.suberror, KVM_INTERNAL_ERROR_EMULATION);
	failure_has_bytes();
	CHECK(v.run->emulation_failure.insn_size >= 4);
	CHECK(!memcmp(v.run->emulation_failure.insn_bytes, g_user_sse + at, 4));
	CHECK_EQ(vcpu_regs(&v).rip, GPA_CODE + at);
}

static void mmio_failure_args(void)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_EXIT_ON_EMULATION_FAILURE, .args[0] = 2,
	};

	vm_new(&vm, 0);
	ERR(ioctl(vm.fd, KVM_ENABLE_CAP, &cap), EINVAL);
}

/* Code fetched from where no memory is. */
static void mmio_fetch(void)
{
	long_vm();
	vcpu_mode(&v, MODE_LONG, HOLE);
	vcpu_expect(&v, KVM_EXIT_INTERNAL_ERROR);
	CHECK_EQ(v.run->internal.suberror, KVM_INTERNAL_ERROR_EMULATION);
	CHECK_EQ(v.run->emulation_failure.flags, 0);
	CHECK_EQ(v.run->internal.ndata, 1 + 5);
	exit_is_page_fault(&v.run->internal.data[1]);
}

GUEST(32, g_mmio32,
      "mov $0x20000000, %edi\n mov $0x12345678, %eax\n"
      "mov %eax, (%edi)\n mov %ax, 6(%edi)\n movzbl 8(%edi), %ebx\n"
      "mov %al, 0x20000004\n mov 0x2000000c, %eax\n"
      "movw $0x55, %es:(%edi)\n" DONE);

struct access {
	uint32_t off, len, write, data;
};

static void accesses_run(const struct access *a, uint64_t base)
{
	uint32_t got;

	for (; a->len; a++) {
		vcpu_expect(&v, KVM_EXIT_MMIO);
		CHECK_EQ(v.run->mmio.phys_addr, base + a->off);
		CHECK_EQ(v.run->mmio.len, a->len);
		CHECK_EQ(v.run->mmio.is_write, a->write);
		got = 0;
		memcpy(&got, v.run->mmio.data, a->len);
		if (a->write)
			CHECK_EQ(got, a->data);
		memcpy(v.run->mmio.data, &a->data, 4);
	}
	vcpu_until(&v, PORT_DONE);
}

static void mmio_32bit(void)
{
	static const struct access want[] = {
		{ 0, 4, 1, 0x12345678 }, { 6, 2, 1, 0x5678 },
		{ 8, 1, 0, 0x99 }, { 4, 1, 1, 0x78 },
		{ 12, 4, 0, 0xcafebabe }, { 0, 2, 1, 0x55 }, { 0 },
	};
	static const enum mode modes[] = { MODE_PROT, MODE_32, MODE_PAE };
	static const char *const names[] = { "protected", "2-level", "PAE" };
	int i;

	for (i = 0; i < 3; i++) {
		test_row = names[i];
		vm_new(&vm, 0);
		vcpu_new(&vm, &v, 0);
		vcpu_code(&v, modes[i], g_mmio32);
		accesses_run(want, HOLE);
		CHECK_EQ(vcpu_regs(&v).rbx, 0x99);
		CHECK_EQ(vcpu_regs(&v).rax, 0xcafebabe);
		vcpu_close(&v);
		vm_close(&vm);
	}
}

GUEST(16, g_mmio16,
      "mov $0xa000, %ax\n mov %ax, %es\n mov $0x1234, %ax\n"
      "mov $0x20, %bx\n mov $3, %si\n mov $0x100, %di\n"
      "mov %ax, %es:(%bx,%si)\n mov %al, %es:5(%di)\n"
      "mov %eax, %es:0x1000(%bx)\n mov %es:0x8000, %ax\n"
      "movb $7, %es:(%si)\n"
      "mov $0xb000, %cx\n mov %cx, %ds\n mov (%si), %dx\n" DONE);

/* 16-bit address forms; memory ends where the old video memory begins. */
static void mmio_real(void)
{
	static const struct access want[] = {
		{ 0x23, 2, 1, 0x1234 }, { 0x105, 1, 1, 0x34 },
		{ 0x1020, 4, 1, 0x1234 }, { 0x8000, 2, 0, 0xbeef },
		{ 3, 1, 1, 7 }, { 0x10003, 2, 0, 0x5678 }, { 0 },
	};

	vm_new(&vm, 0xa0000);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_REAL, g_mmio16);
	accesses_run(want, 0xa0000);
	CHECK_EQ(vcpu_regs(&v).rax, 0xbeef);
	CHECK_EQ(vcpu_regs(&v).rdx, 0x5678);
}

GUEST(64, g_alias, "mov %eax, (%rdi)\n mov (%rsi), %ebx\n" DONE);

/* The address in the exit is the guest-physical one. */
static void mmio_virtual(void)
{
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			      .rax = 0x77, .rdi = 0x7f0000000010,
			      .rsi = 0xffff800000000ff8 };
	static const uint32_t data = 0x1234;

	long_vm();
	vm_load(&vm, GPA_CODE, g_alias, g_alias_end);
	pt_map(&v.pt, 0x7f0000000000, HOLE + 0x5000, 1, PTE_P | PTE_W);
	pt_map(&v.pt, 0xffff800000000000, HOLE + 0x6000, 1, PTE_P);
	vcpu_set_regs(&v, &r);
	vcpu_expect(&v, KVM_EXIT_MMIO);
	CHECK_EQ(v.run->mmio.phys_addr, HOLE + 0x5010);
	CHECK_EQ(v.run->mmio.is_write, 1);
	vcpu_expect(&v, KVM_EXIT_MMIO);
	CHECK_EQ(v.run->mmio.phys_addr, HOLE + 0x6ff8);
	memcpy(v.run->mmio.data, &data, 4);
	v.run->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	CHECK_EQ(vcpu_regs(&v).rbx, data);
	v.run->immediate_exit = 0;
	vcpu_until(&v, PORT_DONE);
	CHECK(pt_get(&v.pt, 0x7f0000000000, 1) & PTE_A);
}

/* All 52 (or fewer) bits of the guest-physical address reach the exit. */
static void mmio_high(void)
{
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			      .rdi = 0x7f0000000010, .rsi = 0x7f0000000020 };
	struct kvm_cpuid2 *c;
	uint64_t top;

	long_vm();
	c = cpuid_supported(vm.kvm);
	top = 1ull << ((cpuid_find(c, 0x80000008, 0)->eax & 255) - 1);
	vm_load(&vm, GPA_CODE, g_alias, g_alias_end);
	pt_map(&v.pt, 0x7f0000000000, top + 0x3000, 1, PTE_P | PTE_W);
	vcpu_set_regs(&v, &r);
	vcpu_expect(&v, KVM_EXIT_MMIO);
	CHECK_EQ(v.run->mmio.phys_addr, top + 0x3010);
	vcpu_expect(&v, KVM_EXIT_MMIO);
	CHECK_EQ(v.run->mmio.phys_addr, top + 0x3020);
	vcpu_until(&v, PORT_DONE);
}

GUEST(64, g_read, "mov (%rdi), %rax\n" DONE);
GUEST(64, g_elsewhere, "mov $1, %ebx\n" DONE);

/* A VMM changes registers while it owes the answer to a read. */
static struct kvm_regs read_pending(void)
{
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			      .rdi = HOLE };
	uint64_t data = DATA;

	long_vm();
	vm_load(&vm, GPA_CODE, g_read, g_read_end);
	vm_load(&vm, GPA_DATA, g_elsewhere, g_elsewhere_end);
	vcpu_set_regs(&v, &r);
	vcpu_expect(&v, KVM_EXIT_MMIO);
	memcpy(v.run->mmio.data, &data, 8);
	return vcpu_regs(&v);
}

static void mmio_regs_changed(void)
{
	struct kvm_regs r = read_pending();

	r.rcx = 5;
	r.rflags |= 1;
	vcpu_set_regs(&v, &r);
	vcpu_until(&v, PORT_DONE);
	r = vcpu_regs(&v);
	CHECK_EQ(r.rax, DATA);
	CHECK_EQ(r.rcx, 5);
	CHECK_EQ(r.rflags & 1, 1);
}

/* The same for one that puts the vCPU elsewhere, as a reset does. */
static void mmio_regs_replaced(void)
{
	struct kvm_regs r = read_pending();

	r.rip = GPA_DATA;
	r.rax = 7;
	vcpu_set_regs(&v, &r);
	vcpu_until(&v, PORT_DONE);
	r = vcpu_regs(&v);
	CHECK_EQ(r.rax, 7);
	CHECK_EQ(r.rbx, 1);
}

/*
 * Near jumps with 66 and far ones with REX.W, through a pointer in a device, which
 * tells how wide it is: 16 and 32 bits (the selector comes apart) on AMD's processors,
 * 64 on Intel's (APM vol. 3, SDM vol. 2, JMP).
 */
GUEST(64, g_wide, "mov $0x20000000, %edi\n .byte 0x66, 0xff, 0x27\n" DONE);
GUEST(64, g_far, "mov $0x20000000, %edi\n .byte 0x48, 0xff, 0x2f\n" DONE);

/* The guest's CPUID with another vendor: the first letters decide. */
static void vendor_vcpu(uint32_t letters)
{
	struct kvm_cpuid2 *c;

	vm_new(&vm, 0);
	vcpu_raw(&vm, &v, 0);
	c = cpuid_supported(vm.kvm);
	((struct kvm_cpuid_entry2 *)cpuid_find(c, 0, 0))->ebx = letters;
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
}

/* Bytes of the first access to the device. */
static unsigned int first_access(void)
{
	vcpu_expect(&v, KVM_EXIT_MMIO);
	CHECK_EQ(v.run->mmio.is_write, 0);
	CHECK_EQ(v.run->mmio.phys_addr, HOLE);
	return v.run->mmio.len;
}

static void mmio_vendor(void)
{
	static const struct {
		const char *name;
		uint32_t letters;
		unsigned int near, far;
	} vendors[] = {
		{ "AuthenticAMD", 0x68747541, 2, 4 },
		{ "HygonGenuine", 0x6f677948, 2, 4 },
		{ "GenuineIntel", 0x756e6547, 8, 8 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(vendors) / sizeof(*vendors); i++) {
		test_row = vendors[i].name;
		vendor_vcpu(vendors[i].letters);
		vcpu_code(&v, MODE_LONG, g_wide);
		CHECK_EQ(first_access(), vendors[i].near);
		vcpu_close(&v);
		vm_close(&vm);
		vendor_vcpu(vendors[i].letters);
		vcpu_code(&v, MODE_LONG, g_far);
		CHECK_EQ(first_access(), vendors[i].far);
		vcpu_close(&v);
		vm_close(&vm);
	}
}

static const struct test_case cases[] = {
	{ "mmio_stores", mmio_stores, 0 },
	{ "mmio_loads", mmio_loads, 0 },
	{ "mmio_crossing", mmio_crossing, 0 },
	{ "mmio_undecodable", mmio_undecodable, 0 },
	{ "mmio_failure_user", mmio_failure_user, 0 },
	{ "mmio_failure_args", mmio_failure_args, 0 },
	{ "mmio_fetch", mmio_fetch, 0 },
	{ "mmio_32bit", mmio_32bit, 0 },
	{ "mmio_real", mmio_real, 0 },
	{ "mmio_virtual", mmio_virtual, 0 },
	{ "mmio_high", mmio_high, 0 },
	{ "mmio_regs_changed", mmio_regs_changed, 0 },
	{ "mmio_regs_replaced", mmio_regs_replaced, 0 },
	{ "mmio_vendor", mmio_vendor, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
