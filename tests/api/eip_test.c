// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where an instruction ends: EIP has 32 bits also in 16-bit code (SDM vol. 1, 3.5;
 * APM vol. 1, 3.7.1), and no code is fetched beyond the code segment's limit (SDM
 * vol. 3, 5.3).
 */
#define _GNU_SOURCE
#include "start.h"

static struct vm vm;
static struct vcpu v;

enum { DB = 1, BP = 3, GP = 13 };

#define AT	0x98000ull	/* more than 16 bits of it */

/*
 * In 16-bit code.  @reason: the exit that it makes, and what @at + @len then is;
 * 0: none, and the OUT behind it tells.  @native: a guest may execute it itself.
 */
static const struct row {
	const char *name;
	uint8_t code[8];
	uint8_t len;
	uint32_t reason;
	bool amd, native;
} rows[] = {
	{ "HLT", { 0xf4 }, 1, KVM_EXIT_HLT, false, false },
	{ "CPUID", { 0x0f, 0xa2 }, 2, 0, false, false },
	{ "RDMSR", { 0x0f, 0x32 }, 2, 0, false, false },
	{ "WRMSR", { 0x0f, 0x30 }, 2, 0, false, false },
	{ "VMMCALL", { 0x0f, 0x01, 0xd9 }, 3, 0, true, false },
	{ "WBINVD", { 0x0f, 0x09 }, 2, 0, false, false },
	{ "INVD", { 0x0f, 0x08 }, 2, 0, false, false },
	{ "prefixed CPUID", { 0x66, 0x3e, 0x0f, 0xa2 }, 4, 0, false, false },
	{ "MOV from CR0", { 0x0f, 0x20, 0xc3 }, 3, 0, false, true },
	{ "MOV from CR4", { 0x0f, 0x20, 0xe3 }, 3, 0, false, true },
	{ "MOV to CR4", { 0x0f, 0x22, 0xe5 }, 3, 0, false, false },
	{ "MOV from DR7", { 0x0f, 0x21, 0xfb }, 3, 0, false, true },
	{ "SMSW", { 0x0f, 0x01, 0xe3 }, 3, 0, false, true },
	{ "INVLPG", { 0x0f, 0x01, 0x3f }, 3, 0, false, true },
	{ "IN", { 0xe4, 0x30 }, 2, KVM_EXIT_IO, false, false },
	{ "OUT", { 0xe6, 0x30 }, 2, KVM_EXIT_IO, false, false },
	{ "OUTSB", { 0x6e }, 1, KVM_EXIT_IO, false, false },
	{ "INSB", { 0x6c }, 1, KVM_EXIT_IO, false, false },
	{ "MOV to a device", { 0x67, 0x66, 0x89, 0x06 }, 4, KVM_EXIT_MMIO, false, false },
	{ "MOV from a device", { 0x67, 0x8a, 0x1e }, 3, KVM_EXIT_MMIO, false, false },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* 16-bit code at EIP, flat; DS, ES and SS have 4 GiB. */
static void machine(uint64_t eip, uint32_t limit)
{
	struct kvm_regs r = {
		.rip = eip, .rsp = GPA_STACK, .rflags = 2, .rsi = GPA_HOLE,
		.rdi = GPA_DATA, .rbx = 0x1000, .rdx = 0x30, .rcx = 0x10,
	};
	struct kvm_sregs s;

	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_mode(&v, MODE_PROT, 0);
	exc_setup(&v);
	s = vcpu_sregs(&v);
	s.cs.db = 0;
	s.cs.limit = limit;
	s.cs.g = limit > 0xfffff;
	r.rbp = s.cr4;
	vcpu_set_sregs(&v, &s);
	vcpu_set_regs(&v, &r);
}

static void not_linux(const char *what)
{
	if (!vm_cap(&vm, KVM_CAP_INTR_SHADOW))
		test_skip("Linux's KVM %s", what);
}

static void put(uint64_t at, const struct row *row)
{
	memcpy(vm.mem + at, row->code, row->len);
	memcpy(vm.mem + at + row->len, "\xe6\xf4", 2);	/* DONE */
}

static void row_start(const struct row *row, uint64_t at)
{
	struct kvm_regs r;

	test_row = row->name;
	machine(at, ~0u);
	put(at, row);
	if (row->code[0] != 0x6e)
		return;
	r = vcpu_regs(&v);
	r.rsi = GPA_DATA;
	vcpu_set_regs(&v, &r);
}

/* At the OUT, or behind it: both are right while userspace answers. */
static void done_at(uint64_t at)
{
	uint64_t rip = vcpu_regs(&v).rip;

	if (rip != at)
		CHECK_EQ(rip, at + 2);
}

/* Where RIP is when userspace sees it, userspace's own exits included. */
static void advance(uint64_t at, bool native)
{
	const struct row *row;

	for (row = rows; row < rows + COUNT(rows); row++) {
		if ((row->amd && !cpu_is_amd()) || (row->native && !native))
			continue;
		row_start(row, at);
		if (row->reason) {
			vcpu_expect(&v, row->reason);
			if (row->reason == KVM_EXIT_HLT)
				CHECK_EQ(vcpu_regs(&v).rip, at + row->len);
		}
		vcpu_until(&v, PORT_DONE);
		done_at(at + row->len);
		vcpu_close(&v);
		vm_close(&vm);
	}
}

static void protected(void)
{
	advance(AT, true);
}

/*
 * 16 bits do not hold what comes behind.  QEMU's TCG cuts them off behind what it
 * executes itself in two pages.
 */
static void across_64k(void)
{
	advance(0xffff, false);
	advance(0x1fffe, false);
}

/* A step ends at the same place. */
static void steps(void)
{
	struct kvm_guest_debug d = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP };
	const struct row *row;

	for (row = rows; row < rows + COUNT(rows); row++) {
		row_start(row, AT);
		not_linux("loses steps");
		OK(ioctl(v.fd, KVM_SET_GUEST_DEBUG, &d));
		if (row->reason)
			vcpu_expect(&v, row->reason);
		vcpu_expect(&v, KVM_EXIT_DEBUG);
		CHECK_EQ(v.run->debug.arch.pc, AT + row->len);
		CHECK_EQ(vcpu_regs(&v).rip, AT + row->len);
		vcpu_close(&v);
		vm_close(&vm);
	}
}

/* #BP returns behind INT3, whoever raises it. */
static void breakpoint(void)
{
	struct kvm_guest_debug d = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP };
	struct exc e;

	machine(AT, ~0u);
	vm.mem[AT] = 0xcc;
	e = exc_next(&v);
	CHECK_EQ(e.vector, BP);
	CHECK_EQ(e.rip, AT + 1);

	machine(AT, ~0u);
	not_linux("does not take INT3 on QEMU's TCG");
	vm.mem[AT] = 0xcc;
	OK(ioctl(v.fd, KVM_SET_GUEST_DEBUG, &d));
	vcpu_expect(&v, KVM_EXIT_DEBUG);
	CHECK_EQ(v.run->debug.arch.pc, AT);
	d.control |= KVM_GUESTDBG_INJECT_BP;
	OK(ioctl(v.fd, KVM_SET_GUEST_DEBUG, &d));
	e = exc_next(&v);
	CHECK_EQ(e.vector, BP);
	CHECK_EQ(e.rip, AT + 1);
}

/* The trap of the guest's own TF, behind what is executed in its place. */
static void trap_flag(void)
{
	static const struct row cpuid = { "TF", { 0x0f, 0xa2 }, 2, 0, false, false };
	struct kvm_regs r;
	struct exc e;

	if (cpu_is_bochs())
		test_skip("an exit leaves a trap pending here (Bochs)");
	row_start(&cpuid, AT);
	r = vcpu_regs(&v);
	r.rflags |= 0x100;
	vcpu_set_regs(&v, &r);
	e = exc_next(&v);
	CHECK_EQ(e.vector, DB);
	CHECK_EQ(e.rip, AT + 2);
}

/* Real mode, with a limit that lets code go on behind 64 KiB. */
static void real(void)
{
	static const struct row cpuid = { "CPUID", { 0x0f, 0xa2 }, 2, 0, false, false };
	struct kvm_sregs s;

	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_mode(&v, MODE_REAL, 0xfffe);
	s = vcpu_sregs(&v);
	s.cs.limit = ~0u;
	s.cs.g = 1;
	vcpu_set_sregs(&v, &s);
	put(0xfffe, &cpuid);
	vcpu_until(&v, PORT_DONE);
	done_at(0x10000);
}

/*
 * The last byte within the limit: executed; beyond it: #GP(0), and nothing of it
 * has happened.  QEMU's TCG looks at no limit: these exit there, and it is KVM's
 * fetch that meets it.
 */
static void limit(void)
{
	const struct row *row;
	struct exc e;

	for (row = rows; row < rows + COUNT(rows); row++) {
		/* Where hardware tells all, or executes it, nobody fetches. */
		if (row->len < 2 || row->native || row->code[0] >> 4 == 0xe ||
		    (row->amd && !cpu_is_amd()))
			continue;
		test_row = row->name;
		machine(AT, AT + row->len - 2);
		not_linux("ends in an internal error");
		put(AT, row);
		e = exc_next(&v);
		CHECK_EQ(e.vector, GP);
		CHECK_EQ(e.error, 0);
		CHECK_EQ(e.rip, AT);
		vcpu_close(&v);
		vm_close(&vm);
		machine(AT, AT + row->len - 1);
		put(AT, row);
		if (row->reason)
			vcpu_expect(&v, row->reason);
		CHECK_EQ(vcpu_regs(&v).rip & ~0xfull, AT);
		vcpu_close(&v);
		vm_close(&vm);
	}
}

/* RIP itself beyond the limit, in real mode with 64 KiB of it. */
static void limit_real(void)
{
	struct kvm_sregs s;

	vm_new(&vm, 0);
	not_linux("knows no limit here");
	vcpu_new(&vm, &v, 0);
	vcpu_mode(&v, MODE_REAL, 0x10000);
	/* #GP's vector: 0000:9000 */
	*(uint32_t *)(vm.mem + 4 * GP) = 0x9000;
	memcpy(vm.mem + 0x9000, "\xe6\xf5", 2);
	memcpy(vm.mem + 0x10000, "\x0f\xa2\xe6\xf4", 4);
	s = vcpu_sregs(&v);
	s.ss.base = 0;
	vcpu_set_sregs(&v, &s);
	vcpu_until(&v, PORT_EXC);
	/* FLAGS, CS, IP: of the IP 16 bits are pushed. */
	CHECK_EQ(*(uint16_t *)(vm.mem + GPA_STACK - 6), 0);
}

#define CASE(name) { #name, name, 60 }

static const struct test_case cases[] = {
	CASE(protected), CASE(across_64k), CASE(steps), CASE(breakpoint),
	CASE(trap_flag), CASE(real), CASE(limit), CASE(limit_real),
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
