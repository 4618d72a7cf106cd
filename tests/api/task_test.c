// SPDX-License-Identifier: GPL-2.0-only
/*
 * Task switches: the same far JMP, CALL and INT once as the processor does them and once
 * by KVM's emulator, which has to because the far pointer is in a device, or because
 * userspace takes INT3.  Registers and memory must come out the same.
 */
#define _GNU_SOURCE
#include "start.h"

#define OLD_TSS		0xb000ul
#define NEW_TSS		0xc000ul
#define TARGET		0xa000ul
#define POINTER		0xd000ul
#define SEL_OLD		0x80
#define SEL_NEW		0x88
#define SEL_GATE	0x90
#define VECTOR		0x40
#define MEMORY		0x10000	/* what is compared */

#define CR0_TS		8
#define FLAG_NT		0x4000

static struct vm vm;
static struct vcpu v;

struct outcome {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	uint64_t dr7;
	uint8_t memory[MEMORY];
};

static struct outcome native, emulated;

/* EDI is the far pointer. */
GUEST(32, g_jmp, "mov $0x1234, %ebx\n ljmp *(%edi)\n" DONE);
GUEST(32, g_call, "mov $0x1234, %ebx\n lcall *(%edi)\n mov $0x99, %eax\n" DONE);
GUEST(32, g_int, "mov $0x1234, %ebx\n int $0x40\n mov $0x99, %eax\n" DONE);
/* The new task; after a CALL or INT its IRET goes back. */
GUEST(32, g_stay, "mov $0x77, %ecx\n" DONE);
GUEST(32, g_back, "mov $0x77, %ecx\n mov %ecx, 0xe000\n iret\n" DONE);

static void put(uint64_t at, uint64_t value, unsigned int n)
{
	memcpy(vm.mem + at, &value, n);
}

static void tss_fill(uint64_t tss)
{
	unsigned int i;

	put(tss + 0x20, TARGET, 4);
	put(tss + 0x24, 2, 4);
	for (i = 0; i < 8; i++)
		put(tss + 0x28 + 4 * i, 0x1010101 * (i + 1), 4);
	put(tss + 0x38, 0x7000, 4);
	for (i = 0; i < 6; i++)
		put(tss + 0x48 + 4 * i, i == 1 ? SEL_CODE32 : SEL_DATA, 2);
	put(tss + 0x66, 0x68, 2);
}

static void tasks_make(uint16_t selector)
{
	struct kvm_sregs s = vcpu_sregs(&v);

	put(GPA_GDT + SEL_OLD, 0x00008b0000000067ull | OLD_TSS << 16, 8);
	put(GPA_GDT + SEL_NEW, 0x0000890000000067ull | NEW_TSS << 16, 8);
	put(GPA_GDT + SEL_GATE, 0x0000850000000000ull | SEL_NEW << 16, 8);
	put(GPA_IDT + 8 * VECTOR, 0x0000e50000000000ull | SEL_NEW << 16, 8);
	tss_fill(NEW_TSS);
	put(POINTER, 0x999, 4);
	put(POINTER + 4, selector, 2);
	s.gdt.limit = 0xff;
	s.idt.limit = 0x7ff;
	s.tr = (struct kvm_segment){
		.base = OLD_TSS, .limit = 0x67, .selector = SEL_OLD, .type = 11,
		.present = 1,
	};
	vcpu_set_sregs(&v, &s);
}

static void pointer_serve(void)
{
	uint64_t off = v.run->mmio.phys_addr - GPA_HOLE;

	CHECK(!v.run->mmio.is_write && off + v.run->mmio.len <= 6);
	memcpy(v.run->mmio.data, vm.mem + POINTER + off, v.run->mmio.len);
}

static void run_to_port(uint16_t port)
{
	while (vcpu_run(&v) == KVM_EXIT_MMIO)
		pointer_serve();
	if (v.run->exit_reason != KVM_EXIT_IO || v.run->io.port != port)
		FAIL("%s", vcpu_describe(&v));
}

/* Local and one global, where nothing is. */
static void breakpoints_set(void)
{
	struct kvm_debugregs d = {
		.db = { 0xf000, 0xf100, 0xf200, 0xf300 },
		.dr6 = 0xffff0ff0, .dr7 = 0x457,
	};

	OK(ioctl(v.fd, KVM_SET_DEBUGREGS, &d));
}

static void outcome_take(struct outcome *o)
{
	struct kvm_debugregs d;

	run_to_port(PORT_DONE);
	o->regs = vcpu_regs(&v);
	o->sregs = vcpu_sregs(&v);
	OK(ioctl(v.fd, KVM_GET_DEBUGREGS, &d));
	o->dr7 = d.dr7;
	memcpy(o->memory, vm.mem, MEMORY);
}

static void same(void)
{
	struct kvm_segment *n = &native.sregs.cs, *e = &emulated.sregs.cs;
	unsigned int i;

	CHECK_EQ(emulated.regs.rax, native.regs.rax);
	CHECK_EQ(emulated.regs.rbx, native.regs.rbx);
	CHECK_EQ(emulated.regs.rcx, native.regs.rcx);
	CHECK_EQ(emulated.regs.rsp, native.regs.rsp);
	CHECK_EQ(emulated.regs.rbp, native.regs.rbp);
	CHECK_EQ(emulated.regs.rsi, native.regs.rsi);
	CHECK_EQ(emulated.regs.rip, native.regs.rip);
	CHECK_EQ(emulated.regs.rflags, native.regs.rflags);
	CHECK_EQ(emulated.sregs.cr0, native.sregs.cr0);
	CHECK_EQ(emulated.dr7, native.dr7);
	CHECK_EQ(native.dr7, 0x402);
	for (i = 0; i < 8; i++) {
		CHECK_EQ(e[i].selector, n[i].selector);
		CHECK_EQ(e[i].base, n[i].base);
		CHECK_EQ(e[i].limit, n[i].limit);
	}
	for (i = 0; i < MEMORY; i++)
		if (emulated.memory[i] != native.memory[i])
			FAIL("memory at %#x: expected %#x, got %#x", i,
			     native.memory[i], emulated.memory[i]);
}

/* EDI is saved in the old task's TSS. */
static void forget_pointer(struct outcome *o)
{
	memset(o->memory + OLD_TSS + 0x44, 0, 4);
}

/* CR3 comes from the TSS: a switch that nobody tells of leaves shadow page tables behind. */
static void switches_must_exit(void)
{
	if (cpu_is_tcg() && !kvm_tdp())
		test_skip("QEMU 7.2 does not intercept task switches");
}

static void run_both(const uint8_t *code, const uint8_t *end,
		     const uint8_t *task, const uint8_t *task_end, uint16_t sel)
{
	struct kvm_guest_debug debug = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP,
	};
	struct kvm_regs r;
	int i;

	switches_must_exit();
	for (i = 0; i < 2; i++) {
		START(MODE_PROT, g_stay);
		vm_load(&vm, GPA_CODE, code, end);
		vm_load(&vm, TARGET, task, task_end);
		tasks_make(sel);
		r = vcpu_regs(&v);
		r.rdi = i ? GPA_HOLE : POINTER;
		vcpu_set_regs(&v, &r);
		breakpoints_set();
		if (i && !sel)
			OK(ioctl(v.fd, KVM_SET_GUEST_DEBUG, &debug));
		outcome_take(i ? &emulated : &native);
		forget_pointer(i ? &emulated : &native);
		vm_close(&vm);
	}
	same();
	CHECK(emulated.sregs.cr0 & CR0_TS);
}

#define BOTH(code, task, sel) \
	run_both(code, code##_end, task, task##_end, sel)

static void jmp(void)
{
	BOTH(g_jmp, g_stay, SEL_NEW);
	CHECK_EQ(emulated.sregs.tr.selector, SEL_NEW);
	CHECK(!(emulated.regs.rflags & FLAG_NT));
	CHECK_EQ(emulated.regs.rcx, 0x77);
	BOTH(g_jmp, g_stay, SEL_GATE);
	CHECK_EQ(emulated.sregs.tr.selector, SEL_NEW);
}

static void call(void)
{
	BOTH(g_call, g_stay, SEL_NEW);
	CHECK(emulated.regs.rflags & FLAG_NT);
	CHECK_EQ(*(uint16_t *)(emulated.memory + NEW_TSS), SEL_OLD);
}

/* The processor's IRET finds in the TSS what the emulator has put there. */
static void call_and_back(void)
{
	BOTH(g_call, g_back, SEL_GATE);
	CHECK_EQ(emulated.sregs.tr.selector, SEL_OLD);
	CHECK_EQ(emulated.regs.rax, 0x99);
	CHECK_EQ(emulated.regs.rbx, 0x1234);
	CHECK_EQ(emulated.memory[0xe000], 0x77);
}

static void interrupt(void)
{
	BOTH(g_int, g_back, 0);
	CHECK_EQ(emulated.sregs.tr.selector, SEL_OLD);
	CHECK_EQ(emulated.regs.rax, 0x99);
}

/* The new task's stack is not there: it gets the fault, and the old one is saved. */
static void fault_inside(void)
{
	struct kvm_regs r;

	START(MODE_PROT, g_jmp);
	tasks_make(SEL_NEW);
	put(NEW_TSS + 0x5c, 0x70 | 4, 2);	/* GS */
	r = vcpu_regs(&v);
	r.rdi = GPA_HOLE;
	vcpu_set_regs(&v, &r);
	run_to_port(PORT_EXC);
	CHECK_EQ(vcpu_sregs(&v).tr.selector, SEL_NEW);
	CHECK_EQ(*(uint32_t *)(vm.mem + OLD_TSS + 0x34), 0x1234);
}

/* What the emulator refuses leaves the old task as it was. */
static void fault_before(void)
{
	struct kvm_regs r;

	START(MODE_PROT, g_jmp);
	tasks_make(SEL_NEW);
	put(GPA_GDT + SEL_NEW, 0x66, 2);	/* its limit */
	r = vcpu_regs(&v);
	r.rdi = GPA_HOLE;
	vcpu_set_regs(&v, &r);
	run_to_port(PORT_EXC);
	CHECK_EQ(vcpu_sregs(&v).tr.selector, SEL_OLD);
	CHECK_EQ(vcpu_regs(&v).rbx, 0x1234);
}

static const struct test_case cases[] = {
	{ "jmp", jmp, 0 },
	{ "call", call, 0 },
	{ "call_and_back", call_and_back, 0 },
	{ "interrupt", interrupt, 0 },
	{ "fault_inside", fault_inside, 0 },
	{ "fault_before", fault_before, 0 },
	{ }
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
