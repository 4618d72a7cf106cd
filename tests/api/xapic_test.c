// SPDX-License-Identifier: GPL-2.0-only
/*
 * The LAPIC's page (SDM vol. 3, 11.4.4, 11.8.3): TPR read, written and obeyed, EOI, and what
 * becomes of the page's address when the LAPIC moves, is off or in x2APIC mode, or userspace
 * has memory there: that is in front, on stock KVM too.  Where
 * kvm_intel's flexpriority is on, TPR costs no exit (30.1.1, 30.4).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include "lib.h"
#include "stat.h"

#define VECTOR		0x51
#define GPA_ISR		(GPA_CODE + 0x800)
#define APIC_GPA	0xfee00000ul
#define MOVED_GPA	0xfeb00000ul
#define ROUNDS		500
#define SLOT_SIZE	0x200000ul
#define FILL		0x5a5a5a5aul
#define VERSION		0x14		/* of a LAPIC: the lowest byte */
#define BASE_ON		0x900ul		/* enabled, the first CPU */
#define BASE_OFF	0x100ul
#define BASE_X2APIC	0xd00ul

static struct vm vm;
static struct vcpu v, v1;

GUEST(64, g_isr, "inc %rbx\n movl $0, 0xb0(%rsi)\n iretq\n");

/* RDI times: TPR takes a value, and has it.  RBP: how often it had another. */
GUEST(64, g_tpr,
      "1: mov %edi, %eax\n and $0xff, %eax\n mov %eax, 0x80(%rsi)\n"
      "mov 0x80(%rsi), %edx\n cmp %edx, %eax\n je 2f\n inc %rbp\n 2: mov %cr8, %rdx\n"
      "shr $4, %eax\n cmp %edx, %eax\n je 3f\n inc %rbp\n"
      "3: dec %rdi\n jnz 1b\n" DONE);

/*
 * RDI times: an interrupt to itself waits for TPR to fall.  R8: how often it did not wait;
 * RBX: how many came; RBP: how often one did not come then.
 */
GUEST(64, g_held,
      "movl $0x1ff, 0xf0(%rsi)\n sti\n"
      "1: movl $0x60, 0x80(%rsi)\n mov %rbx, %rcx\n"
      "movl $0x44051, 0x300(%rsi)\n nop\n nop\n nop\n"
      "cmp %rcx, %rbx\n je 2f\n inc %r8\n"
      "2: movl $0x40, 0x80(%rsi)\n nop\n inc %rcx\n cmp %rcx, %rbx\n je 3f\n inc %rbp\n"
      "3: dec %rdi\n jnz 1b\n" DONE);

/* A read of the page's version register, at RSI and at R8. */
GUEST(64, g_read, "mov 0x30(%rsi), %eax\n mov 0x30(%r8), %ebx\n" DONE);

static void base_set(struct vcpu *of, uint64_t base)
{
	struct kvm_sregs s = vcpu_sregs(of);

	s.apic_base = base;
	vcpu_set_sregs(of, &s);
}

static void regs(struct vcpu *of, uint64_t rounds, uint64_t page, uint64_t other)
{
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			      .rdi = rounds, .rsi = page, .r8 = other };

	vcpu_set_regs(of, &r);
}

static void machine(const uint8_t *code, const uint8_t *end)
{
	vm_new(&vm, 0);
	OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	vcpu_new(&vm, &v, 0);
	vm_load(&vm, GPA_CODE, code, end);
	vm_load(&vm, GPA_ISR, g_isr, g_isr_end);
	vcpu_mode(&v, MODE_LONG, GPA_CODE);
	exc_setup(&v);
	*vm_u64(&vm, GPA_IDT + VECTOR * 16) = GPA_ISR | SEL_CODE64 << 16 | 0x8eull << 40;
	*vm_u64(&vm, GPA_IDT + VECTOR * 16 + 8) = 0;
	regs(&v, ROUNDS, APIC_GPA, 0);
}

#define MACHINE(name) machine(name, name##_end)

/* Return: how many exits there were. */
static uint64_t tpr_run(struct vcpu *of, uint64_t page)
{
	uint64_t n = stat_get(of->fd, "exits");

	regs(of, ROUNDS, page, 0);
	vcpu_until(of, PORT_DONE);
	CHECK_EQ(vcpu_regs(of).rbp, 0);
	return stat_get(of->fd, "exits") - n;
}

static void tpr(void)
{
	uint64_t n;

	MACHINE(g_tpr);
	tpr_run(&v, APIC_GPA);
	n = tpr_run(&v, APIC_GPA);
	if (intel_param("flexpriority") && kvm_tdp())
		CHECK(n < ROUNDS / 4);
	else
		CHECK(n >= 2 * ROUNDS);
}

static void held(void)
{
	struct kvm_regs r;

	MACHINE(g_held);
	vcpu_until(&v, PORT_DONE);
	r = vcpu_regs(&v);
	CHECK_EQ(r.r8, 0);
	CHECK_EQ(r.rbp, 0);
	CHECK_EQ(r.rbx, ROUNDS);
}

/* The page is where the LAPIC is, and nothing of it where it was. */
static void moved(void)
{
	uint32_t answer = 0x12345678;

	MACHINE(g_tpr);
	tpr_run(&v, APIC_GPA);
	base_set(&v, MOVED_GPA | BASE_ON);
	tpr_run(&v, MOVED_GPA);
	vm_load(&vm, GPA_CODE, g_read, g_read_end);
	regs(&v, 0, MOVED_GPA, APIC_GPA);
	vcpu_expect(&v, KVM_EXIT_MMIO);
	CHECK_EQ(v.run->mmio.phys_addr, APIC_GPA + 0x30);
	memcpy(v.run->mmio.data, &answer, 4);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rbx, answer);
	CHECK_EQ(vcpu_regs(&v).rax & 0xff, VERSION);
	/* Back again. */
	base_set(&v, APIC_GPA | BASE_ON);
	vm_load(&vm, GPA_CODE, g_tpr, g_tpr_end);
	tpr_run(&v, APIC_GPA);
}

/* Without the quirk that leaves a hole, a LAPIC that is off, or x2APIC's, has no page. */
static void gone(void)
{
	static const uint64_t bases[] = { BASE_OFF, BASE_X2APIC };
	struct kvm_enable_cap cap = { .cap = KVM_CAP_DISABLE_QUIRKS,
				      .args = { KVM_X86_QUIRK_LAPIC_MMIO_HOLE } };

	for (unsigned int i = 0; i < 2; i++) {
		MACHINE(g_tpr);
		OK(ioctl(vm.fd, KVM_ENABLE_CAP, &cap));
		tpr_run(&v, APIC_GPA);
		base_set(&v, APIC_GPA | bases[i]);
		vm_load(&vm, GPA_CODE, g_read, g_read_end);
		regs(&v, 0, APIC_GPA, APIC_GPA);
		vcpu_expect(&v, KVM_EXIT_MMIO);
		CHECK_EQ(v.run->mmio.phys_addr, APIC_GPA + 0x30);
		vcpu_close(&v);
		vm_close(&vm);
	}
}

/* Each vCPU has its own, one made late too; one that leaves takes the page from all. */
static void two(void)
{
	struct kvm_mp_state runs = { KVM_MP_STATE_RUNNABLE };

	MACHINE(g_tpr);
	tpr_run(&v, APIC_GPA);
	vcpu_new(&vm, &v1, 1);
	vcpu_mode(&v1, MODE_LONG, GPA_CODE);
	OK(ioctl(v1.fd, KVM_SET_MP_STATE, &runs));
	CHECK(tpr_run(&v1, APIC_GPA) > 0);
	base_set(&v1, MOVED_GPA | BASE_ON);
	tpr_run(&v1, MOVED_GPA);
	CHECK(tpr_run(&v, APIC_GPA) >= 2 * ROUNDS);
	tpr_run(&v1, MOVED_GPA);
}

/* The kernel has a page of its own there, and no slot may be. */
static bool page_is_own(void)
{
	return intel_param("flexpriority") && kvm_tdp();
}

static void read_two(uint64_t page, uint64_t other)
{
	regs(&v, 0, page, other);
	vcpu_until(&v, PORT_DONE);
}

static int slot_over(uint8_t *mem, uint64_t size)
{
	return vm_slot(&vm, 1, APIC_GPA, mem, size);
}

/* The LAPIC's page first, or another; and when the slot has gone, and is there again. */
static void memory_reads(int advice, uint64_t first, uint64_t second)
{
	uint8_t *mem = mem_new(SLOT_SIZE, advice);

	MACHINE(g_read);
	memset(mem, FILL & 0xff, SLOT_SIZE);
	for (unsigned int i = 0; i < 2; i++) {
		read_two(APIC_GPA, APIC_GPA);
		CHECK_EQ(vcpu_regs(&v).rax & 0xff, VERSION);
		OK(slot_over(mem, SLOT_SIZE));
		for (unsigned int j = 0; j < 2; j++) {
			read_two(first, second);
			CHECK_EQ(vcpu_regs(&v).rax, FILL);
			CHECK_EQ(vcpu_regs(&v).rbx, FILL);
		}
		OK(slot_over(mem, 0));
	}
	vcpu_close(&v);
	vm_close(&vm);
}

static void memory(void)
{
	if (page_is_own())
		test_skip("no slot may be there");
	memory_reads(MADV_NOHUGEPAGE, APIC_GPA, APIC_GPA + 0x1000);
	memory_reads(MADV_NOHUGEPAGE, APIC_GPA + 0x1000, APIC_GPA);
	memory_reads(MADV_HUGEPAGE, APIC_GPA, APIC_GPA + 0x1000);
	memory_reads(MADV_HUGEPAGE, APIC_GPA + 0x1000, APIC_GPA);
}

/* What the emulator reads is the same; not on stock KVM, whose emulator knows the address. */
GUEST(64, g_outs, "mov %r8, %rbx\n mov $0x99, %dx\n outsl\n" DONE);

static void memory_emulated(void)
{
	uint8_t *mem = mem_new(SLOT_SIZE, MADV_NOHUGEPAGE);

	if (page_is_own())
		test_skip("no slot may be there");
	MACHINE(g_outs);
	memset(mem, FILL & 0xff, SLOT_SIZE);
	OK(slot_over(mem, SLOT_SIZE));
	vcpu_until(&v, 0x99);
	CHECK_EQ(*(uint32_t *)vcpu_pio_data(&v), FILL);
}

/* A LAPIC that moves to where memory is does not show. */
static void memory_moved(void)
{
	MACHINE(g_read);
	*vm_u64(&vm, GPA_DATA + 0x30) = FILL;
	for (unsigned int i = 0; i < 2; i++) {
		base_set(&v, (i ? GPA_DATA : GPA_DATA + 0x1000) | BASE_ON);
		read_two(GPA_DATA, GPA_DATA + 0x1000);
		CHECK_EQ(vcpu_regs(&v).rax, FILL);
		CHECK_EQ(vcpu_regs(&v).rbx, 0);
	}
	base_set(&v, MOVED_GPA | BASE_ON);
	read_two(MOVED_GPA, GPA_DATA);
	CHECK_EQ(vcpu_regs(&v).rax & 0xff, VERSION);
	CHECK_EQ(vcpu_regs(&v).rbx, FILL);
}

static void reserved(void)
{
	uint8_t *mem = mem_new(SLOT_SIZE, MADV_NOHUGEPAGE);

	if (!page_is_own())
		test_skip("needs flexpriority");
	vm_new(&vm, 0);
	OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	OK(slot_over(mem, SLOT_SIZE));
	ERR(ioctl(vm.fd, KVM_CREATE_VCPU, 0ul), EEXIST);
	OK(slot_over(mem, 0));
	vcpu_new(&vm, &v, 0);
	ERR(slot_over(mem, SLOT_SIZE), EEXIST);
	ERR(vm_slot(&vm, 1, APIC_GPA - 0x1000, mem, 0x2000), EEXIST);
	OK(vm_slot(&vm, 1, APIC_GPA + 0x1000, mem, SLOT_SIZE));
	OK(vm_slot(&vm, 2, APIC_GPA - SLOT_SIZE, mem, SLOT_SIZE));
	/* Another's LAPICs are userspace's. */
	vm_new(&vm, 0);
	vcpu_new(&vm, &v1, 0);
	OK(slot_over(mem, SLOT_SIZE));
}

static const struct test_case cases[] = {
	{ "tpr", tpr, 0 },
	{ "held", held, 0 },
	{ "moved", moved, 0 },
	{ "gone", gone, 0 },
	{ "two", two, 0 },
	{ "memory", memory, 0 },
	{ "memory_emulated", memory_emulated, 0 },
	{ "memory_moved", memory_moved, 0 },
	{ "reserved", reserved, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
