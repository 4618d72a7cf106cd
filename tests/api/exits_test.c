// SPDX-License-Identifier: GPL-2.0-only
/* Every exit reason but MMIO (mmio_test.c), and what re-entry does with it. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include "start.h"

static struct vm vm;
static struct vcpu v;

static void io_expect(int dir, uint16_t port, int size)
{
	vcpu_expect(&v, KVM_EXIT_IO);
	CHECK_EQ(v.run->io.direction, dir);
	CHECK_EQ(v.run->io.port, port);
	CHECK_EQ(v.run->io.size, size);
	CHECK_EQ(v.run->io.count, 1);
}

GUEST(64, g_out,
      "mov $0x1122334455667788, %rax\n"
      "mov $0xabcd, %edx\n"
      "out %al, $0x10\n out %ax, $0x11\n out %eax, $0x12\n"
      "out %al, %dx\n out %ax, %dx\n out %eax, %dx\n" DONE);

static void io_out(void)
{
	static const uint16_t port[] = { 0x10, 0x11, 0x12, 0xabcd, 0xabcd,
					 0xabcd };
	static const uint32_t want[] = { 0x88, 0x7788, 0x55667788 };
	uint32_t got;
	int i;

	START_BARE(MODE_LONG, g_out);
	for (i = 0; i < 6; i++) {
		io_expect(KVM_EXIT_IO_OUT, port[i], 1 << i % 3);
		got = 0;
		memcpy(&got, vcpu_pio_data(&v), 1 << i % 3);
		CHECK_EQ(got, want[i % 3]);
	}
	vcpu_until(&v, PORT_DONE);
}

/* APM vol. 3, IN: AL and AX leave the rest of RAX, EAX clears the upper half */
GUEST(64, g_in,
      "mov $-1, %rax\n in $0x20, %al\n mov %rax, %rbx\n"
      "mov $-1, %rax\n in $0x20, %ax\n mov %rax, %rcx\n"
      "mov $-1, %rax\n mov $0x1234, %edx\n in %dx, %eax\n"
      "mov %rax, %rsi\n" DONE);

static void io_in(void)
{
	uint32_t data = 0x87654321;
	struct kvm_regs r;
	int i;

	START_BARE(MODE_LONG, g_in);
	for (i = 0; i < 3; i++) {
		io_expect(KVM_EXIT_IO_IN, i == 2 ? 0x1234 : 0x20, 1 << i);
		memcpy(vcpu_pio_data(&v), &data, 1 << i);
	}
	vcpu_until(&v, PORT_DONE);
	r = vcpu_regs(&v);
	CHECK_EQ(r.rbx, 0xffffffffffffff21);
	CHECK_EQ(r.rcx, 0xffffffffffff4321);
	CHECK_EQ(r.rsi, 0x87654321);
}

GUEST(64, g_strings,
      "mov $0x30, %edx\n"
      "mov $0x10000, %esi\n mov $5, %ecx\n cld\n rep outsb\n"
      "mov $0x10001, %edi\n mov $3, %ecx\n rep insw\n"
      "mov $0x10100, %edi\n insl\n" DONE);

/* KVM may pass any number of elements in one exit. */
static void string_exits(int dir, int size, uint8_t *data, unsigned int n)
{
	unsigned int i, count;

	for (i = 0; i < n; i += count) {
		vcpu_expect(&v, KVM_EXIT_IO);
		CHECK_EQ(v.run->io.direction, dir);
		CHECK_EQ(v.run->io.port, 0x30);
		CHECK_EQ(v.run->io.size, size);
		count = v.run->io.count;
		CHECK(count && i + count <= n);
		if (dir == KVM_EXIT_IO_OUT)
			CHECK(!memcmp(vcpu_pio_data(&v), data + i * size,
				      count * size));
		else
			memcpy(vcpu_pio_data(&v), data + i * size,
			       count * size);
	}
}

static void io_string(void)
{
	uint8_t hello[] = "hello";
	uint8_t words[] = { 1, 2, 3, 4, 5, 6 }, dword[] = { 7, 8, 9, 10 };

	START_BARE(MODE_LONG, g_strings);
	memcpy(vm.mem + GPA_DATA, hello, 5);
	string_exits(KVM_EXIT_IO_OUT, 1, hello, 5);
	string_exits(KVM_EXIT_IO_IN, 2, words, 3);
	string_exits(KVM_EXIT_IO_IN, 4, dword, 1);
	vcpu_until(&v, PORT_DONE);
	CHECK(!memcmp(vm.mem + GPA_DATA, "h\1\2\3\4\5\6", 7));
	CHECK(!memcmp(vm.mem + GPA_DATA + 0x100, dword, 4));
	CHECK_EQ(vcpu_regs(&v).rdi, GPA_DATA + 0x104);
}

GUEST(64, g_hlt, "hlt\n inc %eax\n hlt\n inc %eax\n" DONE);

static void hlt(void)
{
	START_BARE(MODE_LONG, g_hlt);
	vcpu_expect(&v, KVM_EXIT_HLT);
	CHECK_EQ(vcpu_regs(&v).rip, GPA_CODE + 1);
	vcpu_expect(&v, KVM_EXIT_HLT);
	CHECK_EQ(vcpu_regs(&v).rax, 1);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rax, 2);
}

/* No IDT: the exception, #GP, #DF and then nothing is left. */
GUEST(64, g_triple, "ud2\n");

static void shutdown_exit(void)
{
	START_BARE(MODE_LONG, g_triple);
	vcpu_expect(&v, KVM_EXIT_SHUTDOWN);
}

/*
 * APM vol. 2, 15.5.1: long mode with CS.L and CS.D both set is an illegal
 * state of VMRUN.
 */
static void fail_entry(void)
{
	struct kvm_sregs s;

	if (!cpu_is_amd())
		test_skip("the illegal state is one of AMD");
	START_BARE(MODE_LONG, g_hlt);
	s = vcpu_sregs(&v);
	s.cs.db = 1;
	if (ioctl(v.fd, KVM_SET_SREGS, &s) < 0)
		test_skip("KVM_SET_SREGS refuses the state");
	vcpu_expect(&v, KVM_EXIT_FAIL_ENTRY);
	/* VMEXIT_INVALID is -1; how wide it is reported is left open. */
	CHECK_EQ((uint32_t)v.run->fail_entry.hardware_entry_failure_reason,
		 ~0u);
}

/* rsi: pairs of leaf and subleaf, rdi: where the answers go, rbp: how many */
GUEST(64, g_cpuid,
      "1: mov (%rsi), %eax\n mov 4(%rsi), %ecx\n cpuid\n"
      "mov %eax, (%rdi)\n mov %ebx, 4(%rdi)\n"
      "mov %ecx, 8(%rdi)\n mov %edx, 12(%rdi)\n"
      "add $8, %rsi\n add $16, %rdi\n dec %rbp\n jnz 1b\n" DONE);

static void cpuid_add(struct kvm_cpuid2 *c, uint32_t fn, uint32_t index,
		      uint32_t flags)
{
	c->entries[c->nent++] = (struct kvm_cpuid_entry2){
		.function = fn, .index = index, .flags = flags,
		.eax = fn ^ 0x1111 ^ index, .ebx = fn + index * 7,
		.ecx = 0xc0ffee00 + index, .edx = ~fn,
	};
}

/* Invented leaves and one with two subleaves: the guest must see exactly them */
static void cpuid(void)
{
	uint32_t sub = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			      .rsi = GPA_DATA, .rdi = GPA_DATA + 0x1000,
			      .rbp = 4 };
	struct kvm_cpuid2 *c;
	unsigned int i, first;

	vm_new(&vm, 0);
	vcpu_raw(&vm, &v, 0);
	c = cpuid_supported(vm.kvm);
	c = realloc(c, sizeof(*c) + (c->nent + 8) * sizeof(c->entries[0]));
	first = c->nent;
	cpuid_add(c, 0x40000100, 0, 0);
	cpuid_add(c, 0x40000101, 0, sub);
	cpuid_add(c, 0x40000101, 3, sub);
	c->entries[c->nent++] = *cpuid_find(c, 0, 0);
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
	c->nent--;			/* the guest sees leaf 0 once anyway */
	vcpu_code(&v, MODE_LONG, g_cpuid);
	vcpu_set_regs(&v, &r);
	for (i = 0; i < 4; i++) {
		uint32_t q[2] = { c->entries[first + i].function,
				  c->entries[first + i].index };

		memcpy(vm.mem + GPA_DATA + i * 8, q, 8);
	}
	vcpu_until(&v, PORT_DONE);
	for (i = 0; i < 4; i++)
		if (memcmp(vm.mem + GPA_DATA + 0x1000 + i * 16,
			   &c->entries[first + i].eax, 16))
			FAIL("leaf %#x.%u differs",
			     c->entries[first + i].function,
			     c->entries[first + i].index);
}

GUEST(64, g_rdmsr, "rdmsr\n" DONE);
GUEST(64, g_wrmsr, "wrmsr\n" DONE);

static void msr_gp(const uint8_t *code, const uint8_t *end)
{
	struct kvm_regs r;
	struct exc e;

	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vm_load(&vm, GPA_CODE, code, end);
	vcpu_mode(&v, MODE_LONG, GPA_CODE);
	exc_setup(&v);
	r = vcpu_regs(&v);
	r.rcx = 0x12345678;
	vcpu_set_regs(&v, &r);
	e = exc_next(&v);
	CHECK_EQ(e.vector, 13);
	CHECK_EQ(e.error, 0);
	CHECK_EQ(e.rip, GPA_CODE);
}

static void msr_unknown_read(void)
{
	msr_gp(g_rdmsr, g_rdmsr_end);
}

static void msr_unknown_write(void)
{
	msr_gp(g_wrmsr, g_wrmsr_end);
}

/* The guest's EFER and FS base, as RDMSR and WRMSR see them. */
GUEST(64, g_msrs,
      "mov $0xc0000080, %ecx\n rdmsr\n mov %eax, %esi\n"
      "mov $0xc0000100, %ecx\n rdmsr\n shl $32, %rdx\n or %rax, %rdx\n"
      "mov %rdx, %rdi\n mov $0x12345000, %eax\n xor %edx, %edx\n wrmsr\n"
      DONE);

static void msr_known(void)
{
	struct kvm_sregs s;
	struct kvm_regs r;

	START_BARE(MODE_LONG, g_msrs);
	s = vcpu_sregs(&v);
	s.fs.base = 0x7fff12345678;
	vcpu_set_sregs(&v, &s);
	vcpu_until(&v, PORT_DONE);
	r = vcpu_regs(&v);
	CHECK_EQ(r.rsi, 1 << 8 | 1 << 10 | 1 << 11);
	CHECK_EQ(r.rdi, 0x7fff12345678);
	CHECK_EQ(vcpu_sregs(&v).fs.base, 0x12345000);
}

GUEST(64, g_vmmcall, "vmmcall\n" DONE);
GUEST(64, g_vmcall, "vmcall\n" DONE);

/* api.rst and hypercalls.rst: an unknown number returns -KVM_ENOSYS, 1000 */
static void hypercall(void)
{
	struct kvm_regs r;

	START_BARE(MODE_LONG, g_vmmcall);
	if (!cpu_is_amd())
		vm_load(&vm, GPA_CODE, g_vmcall, g_vmcall_end);
	r = vcpu_regs(&v);
	r.rax = 0xdead;
	r.rbx = 77;
	vcpu_set_regs(&v, &r);
	vcpu_until(&v, PORT_DONE);
	r = vcpu_regs(&v);
	CHECK_EQ(r.rax, -1000ull);
	CHECK_EQ(r.rbx, 77);
}

static const struct test_case cases[] = {
	{ "io_out", io_out, 0 },
	{ "io_in", io_in, 0 },
	{ "io_string", io_string, 0 },
	{ "hlt", hlt, 0 },
	{ "shutdown", shutdown_exit, 0 },
	{ "fail_entry", fail_entry, 0 },
	{ "cpuid", cpuid, 0 },
	{ "msr_unknown_read", msr_unknown_read, 0 },
	{ "msr_unknown_write", msr_unknown_write, 0 },
	{ "msr_known", msr_known, 0 },
	{ "hypercall", hypercall, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
