// SPDX-License-Identifier: GPL-2.0-only
/*
 * The LAPIC's timer (SDM vol. 3, 11.5.4) of a guest that spins, halts, and waits in
 * userspace: no interrupt comes early, none is lost.  Where kvm_intel's preemption_timer is
 * on, one that expires while the guest runs costs the host no interrupt.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <time.h>
#include "lib.h"
#include "stat.h"

#define VECTOR		0x51
#define GPA_ISR		(GPA_CODE + 0x800)
#define ROUNDS		150
#define CLOCKS		25000	/* half a millisecond of the Intel lab's processor */
#define COUNT		500000	/* the same of the LAPIC's clock, in ns */
#define APIC_IRR	0x200

enum { ONESHOT = VECTOR, PERIODIC = 0x20000 | VECTOR, DEADLINE = 0x40000 | VECTOR };

static struct vm vm;
static struct vcpu v;

/*
 * Counts in RBX; in R11 those before the deadline in R9.  An interrupt between STI and HLT
 * is the lab's (docs/caveats.md: VMRUN forgets the shadow); the HLT would have no end.
 */
GUEST(64, g_isr,
      "push %rax\n push %rcx\n push %rdx\n"
      "mov 24(%rsp), %rax\n cmpb $0xf4, (%rax)\n jne 1f\n incq 24(%rsp)\n 1:"
      "rdtsc\n shl $32, %rdx\n or %rdx, %rax\n"
      "cmp %r9, %rax\n jae 1f\n inc %r11\n 1: inc %rbx\n"
      "xor %eax, %eax\n xor %edx, %edx\n mov $0x80b, %ecx\n wrmsr\n"
      "pop %rdx\n pop %rcx\n pop %rax\n iretq\n");

#define START								\
	"mov $0x1ff, %eax\n xor %edx, %edx\n mov $0x80f, %ecx\n wrmsr\n" \
	"mov $0xb, %eax\n mov $0x83e, %ecx\n wrmsr\n"			\
	"mov %r12d, %eax\n mov $0x832, %ecx\n wrmsr\n"

/* RSI clocks from now: R9; after CLI, so that the interrupt comes where it is waited for. */
#define ARM								\
	"cli\n rdtsc\n shl $32, %rdx\n or %rdx, %rax\n add %rsi, %rax\n" \
	"mov %rax, %r9\n mov %rax, %rdx\n shr $32, %rdx\n"		\
	"mov $0x6e0, %ecx\n wrmsr\n mov %rbx, %r8\n"

/* RDI times. */
GUEST(64, g_spin, START "1:" ARM "sti\n 2: cmp %rbx, %r8\n je 2b\n dec %rdi\n jnz 1b\n" DONE);
GUEST(64, g_halt, START "1:" ARM "sti\n hlt\n cmp %rbx, %r8\n je 3f\n dec %rdi\n jnz 1b\n"
      "3:" DONE);
GUEST(64, g_user, START "1:" ARM "out %al, $0x99\n sti\n nop\n cli\n dec %rdi\n jnz 1b\n" DONE);

/* By a count in ESI: each time, or once. */
#define ARM_COUNT "mov %rbx, %r8\n mov %esi, %eax\n xor %edx, %edx\n mov $0x838, %ecx\n wrmsr\n"

GUEST(64, g_oneshot, START "sti\n 1:" ARM_COUNT "2: cmp %rbx, %r8\n je 2b\n dec %rdi\n"
      "jnz 1b\n" DONE);
GUEST(64, g_periodic, START "sti\n" ARM_COUNT "2: cmp %rdi, %rbx\n jb 2b\n cli\n" DONE);

static void cpuid_deadline(void)
{
	struct kvm_cpuid2 *c = cpuid_supported(vm.kvm);

	for (unsigned int i = 0; i < c->nent; i++)
		if (c->entries[i].function == 1)
			c->entries[i].ecx |= 1u << 24;
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
}

/* In x2APIC mode, with a gate for the timer's vector. */
static void machine(const uint8_t *code, const uint8_t *end, uint32_t lvt, uint64_t step)
{
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2 };
	struct kvm_sregs s;

	vm_new(&vm, 0);
	OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	vcpu_raw(&vm, &v, 0);
	cpuid_deadline();
	vm_load(&vm, GPA_CODE, code, end);
	vm_load(&vm, GPA_ISR, g_isr, g_isr_end);
	vcpu_mode(&v, MODE_LONG, GPA_CODE);
	exc_setup(&v);
	*vm_u64(&vm, GPA_IDT + VECTOR * 16) = GPA_ISR | SEL_CODE64 << 16 | 0x8eull << 40;
	*vm_u64(&vm, GPA_IDT + VECTOR * 16 + 8) = 0;
	s = vcpu_sregs(&v);
	s.apic_base |= 0xc00;
	vcpu_set_sregs(&v, &s);
	r.rdi = ROUNDS;
	r.rsi = step;
	r.r12 = lvt;
	vcpu_set_regs(&v, &r);
}

#define MACHINE(name, lvt, step) machine(name, name##_end, lvt, step)

static void done(uint64_t rounds)
{
	struct kvm_regs r;

	vcpu_until(&v, PORT_DONE);
	r = vcpu_regs(&v);
	CHECK_EQ(r.rbx, rounds);
	CHECK_EQ(r.r11, 0);
}

/* Interrupts of the host, while the guest's timer expires in the guest. */
static void spins(void)
{
	uint64_t exits = stat_get(v.fd, "irq_exits");

	done(ROUNDS);
	exits = stat_get(v.fd, "irq_exits") - exits;
	if (intel_param("preemption_timer") && exits >= ROUNDS)
		FAIL("%d expiries, %llu interrupts of the host", ROUNDS,
		     (unsigned long long)exits);
	/* On the AMD lab a deadline may be over before the guest is back. */
	if (!intel_param("preemption_timer") && !cpu_is_amd())
		CHECK(exits >= ROUNDS);
}

static void deadline(void)
{
	MACHINE(g_spin, DEADLINE, CLOCKS);
	spins();
}

static void oneshot(void)
{
	MACHINE(g_oneshot, ONESHOT, COUNT);
	spins();
}

static void periodic(void)
{
	MACHINE(g_periodic, PERIODIC, COUNT);
	vcpu_until(&v, PORT_DONE);
	CHECK(vcpu_regs(&v).rbx >= ROUNDS);
}

/* The same with HLT: the thread sleeps, and something has to wake it. */
static void halted(void)
{
	MACHINE(g_halt, DEADLINE, CLOCKS);
	done(ROUNDS);
}

/* It has passed before the guest could wait for it. */
static void passed(void)
{
	MACHINE(g_spin, DEADLINE, 1);
	done(ROUNDS);
}

static bool requested(void)
{
	struct kvm_lapic_state s;
	uint32_t reg;

	OK(ioctl(v.fd, KVM_GET_LAPIC, &s));
	memcpy(&reg, s.regs + APIC_IRR + VECTOR / 32 * 16, 4);
	return reg >> VECTOR % 32 & 1;
}

/* It expires while userspace has the vCPU, which sees the interrupt wait. */
static void in_userspace(void)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	struct kvm_regs r;
	int n;

	MACHINE(g_user, DEADLINE, CLOCKS);
	r = vcpu_regs(&v);
	r.rdi = 5;
	vcpu_set_regs(&v, &r);
	for (int round = 0; round < 5; round++) {
		vcpu_until(&v, 0x99);
		for (n = 0; n < 2000 && !requested(); n++)
			nanosleep(&nap, NULL);
		CHECK(requested());
	}
	done(5);
}

static const struct test_case cases[] = {
	{ "deadline", deadline, 0 },
	{ "oneshot", oneshot, 0 },
	{ "periodic", periodic, 0 },
	{ "halted", halted, 0 },
	{ "passed", passed, 0 },
	{ "in_userspace", in_userspace, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
