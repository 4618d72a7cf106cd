// SPDX-License-Identifier: GPL-2.0-only
/*
 * The LAPIC's timer (SDM vol. 3, 11.5.4) of a guest that spins, halts, and waits in
 * userspace: no interrupt comes early, none is lost.  Where kvm_intel's preemption_timer is
 * on, one that expires while the guest runs costs the host no interrupt.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include "core/uapi.h"
#include "lib.h"
#include "stat.h"

#define VECTOR		0x51
#define GPA_ISR		(GPA_CODE + 0x800)
#define ROUNDS		150
#define CLOCKS		25000	/* half a millisecond of the Intel lab's processor */
#define COUNT		500000	/* the same of the LAPIC's clock, in ns */
#define APIC_SVR	0xf0
#define APIC_IRR	0x200
#define APIC_LVT_TIMER	0x320
#define APIC_TIMER_INIT	0x380
#define APIC_TIMER_NOW	0x390
#define APIC_TIMER_DIV	0x3e0

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
/* Set up by userspace. */
GUEST(64, g_wait, "mov %rbx, %r8\n sti\n 1: cmp %rbx, %r8\n je 1b\n cli\n" DONE);

static void cpuid_deadline(void)
{
	struct kvm_cpuid2 *c = cpuid_supported(vm.kvm);

	for (unsigned int i = 0; i < c->nent; i++)
		if (c->entries[i].function == 1)
			c->entries[i].ecx |= 1u << 24;
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
}

/* api.rst 7.36 */
static int bus_set(uint64_t ns)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_X86_APIC_BUS_CYCLES_NS, .args = { ns } };

	return ioctl(vm.fd, KVM_ENABLE_CAP, &cap);
}

/* In x2APIC mode, with a gate for the timer's vector. */
static void machine_by(const uint8_t *code, const uint8_t *end, uint32_t lvt, uint64_t step,
		       uint64_t bus_ns)
{
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2 };
	struct kvm_sregs s;

	vm_new(&vm, 0);
	OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	if (bus_ns)
		OK(bus_set(bus_ns));
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

#define MACHINE(name, lvt, step) machine_by(name, name##_end, lvt, step, 0)

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

/* Is there a timer of the kernel's that expires in so many nanoseconds, or a little less? */
static bool timer_waits(uint64_t ns)
{
	FILE *f = fopen("/proc/timer_list", "r");
	uint64_t in;
	char line[256];
	bool found = false;

	if (!f)
		test_skip("no /proc/timer_list");
	while (fgets(line, sizeof(line), f)) {
		const char *p = strstr(line, "[in ");

		if (p && sscanf(p, "[in %" SCNu64, &in) == 1)
			found |= in <= ns && in > ns - ns / 100;
	}
	fclose(f);
	return found;
}

GUEST(64, g_arm, START ARM DONE);

/* In hours, which an idle guest may well ask for. */
static void far(void)
{
	const uint64_t clocks = 1ull << 46;
	unsigned int tries = 10;
	uint64_t khz, ns;

	MACHINE(g_arm, DEADLINE, clocks);
	vcpu_until(&v, PORT_DONE);
	khz = OK(ioctl(v.fd, KVM_GET_TSC_KHZ, 0ul));
	ns = (unsigned __int128)clocks * 1000000 / khz;
	/* The file goes by a timer's number: when one goes meanwhile, it leaves out another. */
	while (!timer_waits(ns))
		CHECK(--tries);
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

static uint64_t ns_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/*
 * At another rate than the host's, two milliseconds are two, as the host's clock has it too:
 * not early, which the guest counts, and not late.
 */
static void scaled_by(const uint8_t *code, const uint8_t *end, unsigned int per_mille)
{
	const unsigned int rounds = 40;
	struct kvm_regs r;
	uint64_t khz, ns;

	machine_by(code, end, DEADLINE, 0, 0);
	if (!vm_cap(&vm, KVM_CAP_TSC_CONTROL))
		test_skip("no TSC scaling");
	khz = OK(ioctl(v.fd, KVM_GET_TSC_KHZ, 0ul)) * per_mille / 1000;
	OK(ioctl(v.fd, KVM_SET_TSC_KHZ, khz));
	r = vcpu_regs(&v);
	r.rdi = rounds;
	r.rsi = 2 * khz;
	vcpu_set_regs(&v, &r);
	ns = ns_now();
	done(rounds);
	ns = ns_now() - ns;
	if (ns < rounds * 2000000ull || ns > rounds * 5000000ull)
		FAIL("%llu ns at %llu kHz", (unsigned long long)ns, (unsigned long long)khz);
	vcpu_close(&v);
	vm_close(&vm);
}

static void scaled(void)
{
	static const unsigned int per_mille[] = { 125, 1500, 8000 };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		scaled_by(g_spin, g_spin_end, per_mille[i]);
		scaled_by(g_halt, g_halt_end, per_mille[i]);
	}
}

/* ---- the rate of the bus ---- */

/* What Hyper-V's guests are told. */
static uint64_t apic_hz(void)
{
	struct { struct kvm_msrs head; struct kvm_msr_entry entry; } m = {
		{ .nmsrs = 1 }, { .index = 0x40000023 } };

	CHECK_EQ(OK(ioctl(v.fd, KVM_GET_MSRS, &m)), 1);
	return m.entry.data;
}

static void bus_refused(void)
{
	vm_new(&vm, 0);
	if (!vm_cap(&vm, KVM_CAP_X86_APIC_BUS_CYCLES_NS))
		test_skip("the bus has one rate");
	CHECK_EQ(vm_cap(&vm, KVM_CAP_X86_APIC_BUS_CYCLES_NS), 1);
	ERR(bus_set(40), ENXIO);
	OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	ERR(bus_set(0), EINVAL);
	ERR(bus_set(~0ull), EINVAL);
	ERR(bus_set(1ull << 32), EINVAL);
	OK(bus_set(1 << 24));
	OK(bus_set(40));
	vcpu_raw(&vm, &v, 0);
	ERR(bus_set(40), EINVAL);
	ERR(bus_set(1), EINVAL);
	CHECK_EQ(apic_hz(), 25000000);
}

/* By 4; the initial count that is in ESI, and what is left of it. */
GUEST(64, g_count,
      "mov $1, %eax\n xor %edx, %edx\n mov $0x83e, %ecx\n wrmsr\n"
      "mov $0x10051, %eax\n mov $0x832, %ecx\n wrmsr\n"
      "mov %esi, %eax\n mov $0x838, %ecx\n wrmsr\n out %al, $0x99\n"
      "1: mov $0x839, %ecx\n rdmsr\n mov %eax, %ebx\n out %al, $0x99\n jmp 1b\n");

/* The count has gone on for what has passed since a moment between @from and @to. */
static void counted(uint64_t tick, uint64_t from, uint64_t to)
{
	const struct timespec nap = { .tv_nsec = 5000000 };
	uint64_t least, gone;

	nanosleep(&nap, NULL);
	least = (ns_now() - to) / tick;
	vcpu_until(&v, 0x99);
	gone = (uint32_t)~vcpu_regs(&v).rbx;
	if (gone < least || gone > (ns_now() - from) / tick + 1)
		FAIL("%llu ticks of %llu ns, at least %llu", (unsigned long long)gone,
		     (unsigned long long)tick, (unsigned long long)least);
}

static void bus_counts(uint64_t ns)
{
	struct kvm_lapic_state s;
	uint64_t from, to, saved;
	uint32_t left;

	machine_by(g_count, g_count_end, 0, ~0u, ns);
	from = ns_now();
	vcpu_until(&v, 0x99);
	to = ns_now();
	counted(4 * ns, from, to);
	/* What is saved is a count, and goes on from there. */
	OK(ioctl(v.fd, KVM_GET_LAPIC, &s));
	memcpy(&left, s.regs + 0x390, sizeof(left));
	saved = (uint64_t)~left * 4 * ns;
	from = ns_now();
	OK(ioctl(v.fd, KVM_SET_LAPIC, &s));
	counted(4 * ns, from - saved, ns_now() - saved);
	vcpu_close(&v);
	vm_close(&vm);
}

static void bus_cycle(void)
{
	vm_new(&vm, 0);
	if (!vm_cap(&vm, KVM_CAP_X86_APIC_BUS_CYCLES_NS))
		test_skip("the bus has one rate");
	vm_close(&vm);
	bus_counts(1);
	bus_counts(40);
	bus_counts(12345);
}

/* Expiries come at that rate, too: none early, and all. */
static void bus_expires(void)
{
	uint64_t from;

	vm_new(&vm, 0);
	if (!vm_cap(&vm, KVM_CAP_X86_APIC_BUS_CYCLES_NS))
		test_skip("the bus has one rate");
	vm_close(&vm);
	machine_by(g_oneshot, g_oneshot_end, ONESHOT, COUNT / 1000, 1000);
	from = ns_now();
	done(ROUNDS);
	CHECK(ns_now() - from >= ROUNDS * (uint64_t)COUNT);
}

static void reg_put(struct kvm_lapic_state *s, unsigned int offset, uint32_t value)
{
	memcpy(s->regs + offset, &value, 4);
}

/*
 * A state as QEMU restores it, without the count: the one-shot of four seconds may be over,
 * and comes at once, as on Linux's KVM.
 */
static void restored(void)
{
	struct kvm_lapic_state s;
	uint64_t from;

	MACHINE(g_wait, ONESHOT, 0);
	OK(ioctl(v.fd, KVM_GET_LAPIC, &s));
	reg_put(&s, APIC_SVR, 0x1ff);
	reg_put(&s, APIC_LVT_TIMER, ONESHOT);
	reg_put(&s, APIC_TIMER_DIV, 0xb);
	reg_put(&s, APIC_TIMER_INIT, ~0u);
	reg_put(&s, APIC_TIMER_NOW, 0);
	OK(ioctl(v.fd, KVM_SET_LAPIC, &s));
	from = ns_now();
	done(1);
	CHECK(ns_now() - from < 3000000000ull);
}

static const struct test_case cases[] = {
	{ "deadline", deadline, 0 },
	{ "far", far, 0 },
	{ "oneshot", oneshot, 0 },
	{ "periodic", periodic, 0 },
	{ "halted", halted, 0 },
	{ "passed", passed, 0 },
	{ "in_userspace", in_userspace, 0 },
	{ "scaled", scaled, 0 },
	{ "restored", restored, 0 },
	{ "bus_refused", bus_refused, 0 },
	{ "bus_cycle", bus_cycle, 0 },
	{ "bus_expires", bus_expires, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
