// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest does with its LAPIC where the processor has APIC-register virtualization and
 * virtual-interrupt delivery (SDM vol. 3, chapter 30), kvm_intel's enable_apicv: the same as
 * elsewhere, without exits.  State goes from a vCPU whose interrupts the processor delivers
 * to one whose software does, which a VMM that wants to hear of TPR has, and back.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include "lib.h"
#include "stat.h"

#define APIC_GPA	0xfee00000ul
#define ROUNDS		300
#define BASE_X2APIC	0xfee00d00ul
#define PIN		11
#define LOW		0x41
#define MIDDLE		0x33
#define HIGH		0x62
#define PORT_ASK	0x99

#define GPA_ISR(vector)	(GPA_CODE + 0x400 + ((vector) >> 4) * 0x100)

static struct vm vm;
static struct vcpu v;

/* ---- the machine ---- */

static void gate(uint8_t vector, const uint8_t *code, const uint8_t *end)
{
	uint64_t at = GPA_ISR(vector);

	vm_load(v.vm, at, code, end);
	*vm_u64(v.vm, GPA_IDT + vector * 16) =
		(at & 0xffff) | SEL_CODE64 << 16 | 0x8eull << 40 | at >> 16 << 48;
	*vm_u64(v.vm, GPA_IDT + vector * 16 + 8) = 0;
}

#define GATE(vector, name)	gate(vector, name, name##_end)

static void machine(const uint8_t *code, const uint8_t *end)
{
	vm_new(&vm, 0);
	OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	vcpu_new(&vm, &v, 0);
	vm_load(&vm, GPA_CODE, code, end);
	vcpu_mode(&v, MODE_LONG, GPA_CODE);
	exc_setup(&v);
}

#define MACHINE(name)	machine(name, name##_end)

static void x2apic(void)
{
	struct kvm_sregs s = vcpu_sregs(&v);

	s.apic_base = BASE_X2APIC;
	vcpu_set_sregs(&v, &s);
}

static void start(uint64_t rounds)
{
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			      .rdi = rounds, .rsi = APIC_GPA };

	vcpu_set_regs(&v, &r);
}

/* Runs twice, the first time for what is set up then.  Return: exits of the second time. */
static uint64_t exits(void)
{
	uint64_t n;

	start(3);
	vcpu_until(&v, PORT_DONE);
	n = stat_get(v.fd, "exits");
	start(ROUNDS);
	vcpu_until(&v, PORT_DONE);
	return stat_get(v.fd, "exits") - n;
}

/* So many exits a round, or none. */
static void exits_expect(unsigned int each)
{
	uint64_t n = exits();

	if (intel_param("enable_apicv"))
		CHECK(n < ROUNDS / 4);
	else
		CHECK(n >= each * ROUNDS);
}

static struct kvm_lapic_state lapic_get(struct vcpu *of)
{
	struct kvm_lapic_state s;

	OK(ioctl(of->fd, KVM_GET_LAPIC, &s));
	return s;
}

static uint32_t reg(const struct kvm_lapic_state *s, uint32_t offset)
{
	uint32_t value;

	memcpy(&value, s->regs + offset, sizeof(value));
	return value;
}

static bool has(const struct kvm_lapic_state *s, uint32_t base, uint8_t vector)
{
	return reg(s, base + vector / 32 * 16) >> vector % 32 & 1;
}

/* ---- what costs nothing ---- */

#define SEND_SELF(vector)	"movl $(0x44000 | " #vector "), 0x300(%rsi)\n"

GUEST(64, g_isr, "inc %rbx\n movl $0, 0xb0(%rsi)\n iretq\n");
GUEST(64, g_self,
      "xor %ebx, %ebx\n movl $0x1ff, 0xf0(%rsi)\n sti\n mov %rdi, %r8\n"
      "1: " SEND_SELF(0x41) "nop\n nop\n dec %rdi\n jnz 1b\n" DONE);

/* An interrupt to itself, and its end. */
static void self_and_eoi(void)
{
	MACHINE(g_self);
	GATE(LOW, g_isr);
	exits_expect(2);
	CHECK_EQ(vcpu_regs(&v).rbx, ROUNDS);
}

/* One that TPR holds back, up to its fall. */
GUEST(64, g_held,
      "xor %ebx, %ebx\n xor %ebp, %ebp\n movl $0x1ff, 0xf0(%rsi)\n sti\n"
      "1: movl $0x60, 0x80(%rsi)\n mov %rbx, %rcx\n" SEND_SELF(0x41) "nop\n nop\n"
      "cmp %rcx, %rbx\n je 2f\n inc %rbp\n"
      "2: xor %eax, %eax\n mov %rax, %cr8\n nop\n inc %rcx\n cmp %rcx, %rbx\n je 3f\n"
      "inc %rbp\n 3: dec %rdi\n jnz 1b\n" DONE);

static void held(void)
{
	MACHINE(g_held);
	GATE(LOW, g_isr);
	exits_expect(2);
	CHECK_EQ(vcpu_regs(&v).rbx, ROUNDS);
	CHECK_EQ(vcpu_regs(&v).rbp, 0);
}

/* Registers read back what was written, and ICR is not busy. */
GUEST(64, g_read,
      "movl $0x1ff, 0xf0(%rsi)\n movl $0x05000000, 0x310(%rsi)\n"
      "movl $0x44041, 0x300(%rsi)\n xor %ebp, %ebp\n"
      "1: mov 0x300(%rsi), %eax\n cmp $0x44041, %eax\n je 2f\n inc %rbp\n"
      "2: mov 0x310(%rsi), %eax\n cmp $0x05000000, %eax\n je 3f\n inc %rbp\n"
      "3: mov 0xf0(%rsi), %eax\n cmp $0x1ff, %eax\n je 4f\n inc %rbp\n"
      "4: mov 0x30(%rsi), %al\n cmp $0x14, %al\n je 5f\n inc %rbp\n"
      "5: mov 0x220(%rsi), %eax\n cmp $2, %eax\n je 6f\n inc %rbp\n"
      "6: dec %rdi\n jnz 1b\n" DONE);

static void reads(void)
{
	MACHINE(g_read);
	exits_expect(5);
	CHECK_EQ(vcpu_regs(&v).rbp, 0);
}

/* ---- x2APIC mode ---- */

#define RDMSR(nr)	"mov $" #nr ", %ecx\n rdmsr\n"
#define WRMSR(nr, low)	"mov $" #nr ", %ecx\n mov $" #low ", %eax\n xor %edx, %edx\n wrmsr\n"

GUEST(64, g_isr_x2,
      "push %rax\n push %rcx\n push %rdx\n inc %rbx\n" WRMSR(0x80b, 0)
      "pop %rdx\n pop %rcx\n pop %rax\n iretq\n");
GUEST(64, g_self_x2,
      "xor %ebx, %ebx\n xor %ebp, %ebp\n" WRMSR(0x80f, 0x1ff) "sti\n"
      "1: " WRMSR(0x808, 0x60) WRMSR(0x83f, 0x41) "nop\n mov %rbx, %r8\n"
      WRMSR(0x808, 0) "nop\n inc %r8\n cmp %r8, %rbx\n je 2f\n inc %rbp\n"
      "2: " RDMSR(0x808) "test %eax, %eax\n jz 3f\n inc %rbp\n"
      "3: " RDMSR(0x80f) "cmp $0x1ff, %eax\n je 4f\n inc %rbp\n"
      "4: dec %rdi\n jnz 1b\n" DONE);

static void x2apic_exits(void)
{
	MACHINE(g_self_x2);
	GATE(LOW, g_isr_x2);
	x2apic();
	exits_expect(4);
	CHECK_EQ(vcpu_regs(&v).rbx, ROUNDS);
	CHECK_EQ(vcpu_regs(&v).rbp, 0);
}

/* ICR has 64 bits, PPR and the timer's count are there; of the rest nothing may be. */
GUEST(64, g_x2_values,
      WRMSR(0x80f, 0x1ff)
      "mov $0x830, %ecx\n mov $0x4041, %eax\n mov $0x12345678, %edx\n wrmsr\n"
      RDMSR(0x830) "mov %eax, %r8d\n mov %edx, %r9d\n"
      WRMSR(0x808, 0x35) RDMSR(0x80a) "mov %eax, %r10d\n"
      WRMSR(0x832, 0x10041) WRMSR(0x83e, 0xb) WRMSR(0x838, 0xfffffff)
      RDMSR(0x839) "mov %eax, %r11d\n nop\n nop\n" RDMSR(0x839) "sub %eax, %r11d\n"
      RDMSR(0x802) "mov %eax, %r12d\n" RDMSR(0x80d) "mov %eax, %r13d\n" DONE);

static void x2apic_values(void)
{
	struct kvm_regs r;

	MACHINE(g_x2_values);
	x2apic();
	start(0);
	vcpu_until(&v, PORT_DONE);
	r = vcpu_regs(&v);
	CHECK_EQ(r.r8, 0x4041);
	CHECK_EQ(r.r9, 0x12345678);
	CHECK_EQ(r.r10, 0x35);
	CHECK(r.r11 && r.r11 < 0xfffffff);
	CHECK_EQ(r.r12, 0);
	CHECK_EQ(r.r13, 1);
}

/*
 * The mode changes while an interrupt waits: it comes when it may, and the guest reads of
 * ICR what userspace does.  What becomes of its upper half is open (SDM vol. 3, 11.12.5.1).
 */
GUEST(64, g_to_x2,
      "xor %ebx, %ebx\n movl $0x1ff, 0xf0(%rsi)\n movl $0x05000000, 0x310(%rsi)\n sti\n"
      "movl $0x60, 0x80(%rsi)\n" SEND_SELF(0x41) "nop\n mov %rbx, %rbp\n"
      RDMSR(0x1b) "or $0x400, %eax\n wrmsr\n" RDMSR(0x830) "mov %edx, %r8d\n"
      RDMSR(0x808) "mov %eax, %r9d\n" WRMSR(0x808, 0) "nop\n" DONE);

static void to_x2apic(void)
{
	struct kvm_lapic_state s;
	struct kvm_regs r;

	MACHINE(g_to_x2);
	GATE(LOW, g_isr_x2);
	start(0);
	vcpu_until(&v, PORT_DONE);
	r = vcpu_regs(&v);
	s = lapic_get(&v);
	CHECK_EQ(vcpu_sregs(&v).apic_base, BASE_X2APIC);
	CHECK_EQ(r.rbp, 0);
	CHECK_EQ(r.r9, 0x60);
	CHECK_EQ(r.rbx, 1);
	CHECK_EQ(r.r8, reg(&s, 0x310));
}

/* Every register of the range: RAX is 1 where RDMSR, and then WRMSR of RDX:RAX, raises #GP. */
GUEST(64, g_rdmsr, "rdmsr\n" DONE);
GUEST(64, g_wrmsr, "wrmsr\n" DONE);

static bool faults(const uint8_t *code, const uint8_t *end, uint32_t msr, uint64_t value)
{
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2, .rcx = msr,
			      .rax = (uint32_t)value, .rdx = value >> 32 };

	vm_load(&vm, GPA_CODE, code, end);
	vcpu_set_regs(&v, &r);
	vcpu_expect(&v, KVM_EXIT_IO);
	if (v.run->io.port == PORT_DONE)
		return false;
	CHECK_EQ(v.run->io.port, PORT_EXC);
	return true;
}

/* SDM vol. 3, table 11-6. */
static bool may_read(uint32_t n)
{
	return n == 2 || n == 3 || n == 8 || n == 0xa || n == 0xd ||
	       (n >= 0xf && n <= 0x28) || n == 0x30 || (n >= 0x32 && n <= 0x39) || n == 0x3e;
}

static void x2apic_faults(void)
{
	static const struct { uint32_t msr; uint64_t value; bool fault; } writes[] = {
		{ 0x808, 0xff, false }, { 0x808, 0x100, true }, { 0x808, 1ull << 32, true },
		{ 0x80b, 0, false }, { 0x80b, 1, true }, { 0x80b, 1ull << 32, true },
		{ 0x83f, 0xff, false }, { 0x83f, 0x100, true }, { 0x83f, 1ull << 32, true },
		{ 0x802, 0, true }, { 0x80a, 0, true }, { 0x80e, 0, true }, { 0x831, 0, true },
		{ 0x839, 0, true },
	};

	MACHINE(g_self_x2);
	x2apic();
	start(3);
	GATE(LOW, g_isr_x2);
	vcpu_until(&v, PORT_DONE);
	for (uint32_t n = 0; n < 0x100; n++)
		if (faults(g_rdmsr, g_rdmsr_end, 0x800 + n, 0) == may_read(n))
			FAIL("RDMSR %#x: %s", 0x800 + n, may_read(n) ? "#GP" : "no #GP");
	for (unsigned int i = 0; i < sizeof(writes) / sizeof(*writes); i++)
		if (faults(g_wrmsr, g_wrmsr_end, writes[i].msr, writes[i].value) !=
		    writes[i].fault)
			FAIL("WRMSR %#x, %#llx: expected %s", writes[i].msr,
			     (unsigned long long)writes[i].value,
			     writes[i].fault ? "#GP" : "none");
}

/* An illegal vector is an error, and no interrupt (11.5.3): also of what exits for nothing else. */
GUEST(64, g_illegal,
      "movl $0x1ff, 0xf0(%rsi)\n movl $0, 0x280(%rsi)\n movl $0x44005, 0x300(%rsi)\n"
      "movl $0, 0x280(%rsi)\n mov 0x280(%rsi), %eax\n" DONE);
GUEST(64, g_illegal_x2,
      WRMSR(0x80f, 0x1ff) WRMSR(0x828, 0) WRMSR(0x83f, 5) WRMSR(0x828, 0) RDMSR(0x828) DONE);

static void illegal(void)
{
	for (unsigned int x2 = 0; x2 < 2; x2++) {
		machine(x2 ? g_illegal_x2 : g_illegal, x2 ? g_illegal_x2_end : g_illegal_end);
		if (x2)
			x2apic();
		for (unsigned int i = 0; i < 2; i++) {
			start(0);
			vcpu_until(&v, PORT_DONE);
			CHECK_EQ((uint32_t)vcpu_regs(&v).rax, 0x60);
		}
		vcpu_close(&v);
		vm_close(&vm);
	}
}

/* ---- what software has to see ---- */

static void line(int level)
{
	struct kvm_irq_level l = { .irq = PIN, .level = level };

	OK(ioctl(vm.fd, KVM_IRQ_LINE, &l));
}

static void pin_route(uint64_t entry)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };

	OK(ioctl(vm.fd, KVM_GET_IRQCHIP, &chip));
	chip.chip.ioapic.redirtbl[PIN].bits = entry;
	OK(ioctl(vm.fd, KVM_SET_IRQCHIP, &chip));
}

/* The fourth handler asks for the line to fall. */
GUEST(64, g_isr_level,
      "inc %rbx\n cmp $4, %rbx\n jne 1f\n out %al, $0x99\n"
      "1: movl $0, 0xb0(%rsi)\n iretq\n");
GUEST(64, g_wait,
      "xor %ebx, %ebx\n movl $0x1ff, 0xf0(%rsi)\n movl $0x10000, 0x350(%rsi)\n"
      "sti\n 1: pause\n dec %rdi\n jnz 1b\n" DONE);

/* A level-triggered pin that is still high interrupts again when its interrupt ends. */
static void level(void)
{
	MACHINE(g_wait);
	GATE(HIGH, g_isr_level);
	start(3);
	vcpu_until(&v, PORT_DONE);
	pin_route(HIGH | 0x8000);
	line(1);
	start(20000);
	vcpu_until(&v, PORT_ASK);
	line(0);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rbx, 4);
	/* The same vector by edge: nobody needs to know. */
	pin_route(HIGH);
	for (unsigned int i = 0; i < 2; i++) {
		line(1);
		start(100);
		vcpu_until(&v, PORT_DONE);
		CHECK_EQ(vcpu_regs(&v).rbx, 1);
		line(0);
	}
}

/* A LAPIC that software has disabled takes nothing, from itself either (11.4.7.2). */
GUEST(64, g_off,
      "xor %ebx, %ebx\n sti\n movl $0x1ff, 0xf0(%rsi)\n" SEND_SELF(0x41) "nop\n"
      "movl $0xff, 0xf0(%rsi)\n" SEND_SELF(0x41) "nop\n nop\n mov %rbx, %rcx\n"
      "mov 0x320(%rsi), %eax\n movl $0x1ff, 0xf0(%rsi)\n nop\n" DONE);

static void off(void)
{
	MACHINE(g_off);
	GATE(LOW, g_isr);
	for (unsigned int i = 0; i < 3; i++) {
		start(0);
		vcpu_until(&v, PORT_DONE);
		CHECK_EQ(vcpu_regs(&v).rcx, 1);
		CHECK_EQ(vcpu_regs(&v).rbx, 1);
		CHECK_EQ((uint32_t)vcpu_regs(&v).rax, 0x10000);
	}
}

/* ---- interrupts from elsewhere ---- */

static bool msi_taken(uint8_t vector)
{
	struct kvm_msi m = { .address_lo = APIC_GPA, .data = vector };

	return OK(ioctl(vm.fd, KVM_SIGNAL_MSI, &m)) == 1;
}

#define msi(vector) CHECK(msi_taken(vector))

/* What came while the guest has IF clear, or does not run, is there for userspace to see. */
GUEST(64, g_closed,
      "xor %ebx, %ebx\n movl $0x1ff, 0xf0(%rsi)\n out %al, $0x99\n nop\n out %al, $0x99\n"
      "sti\n nop\n nop\n nop\n cli\n" DONE);

static void pending(void)
{
	struct kvm_lapic_state s;

	MACHINE(g_closed);
	GATE(LOW, g_isr);
	GATE(HIGH, g_isr);
	start(0);
	vcpu_until(&v, PORT_ASK);
	msi(LOW);
	s = lapic_get(&v);
	CHECK(has(&s, 0x200, LOW));
	vcpu_until(&v, PORT_ASK);
	msi(HIGH);
	s = lapic_get(&v);
	CHECK(has(&s, 0x200, LOW) && has(&s, 0x200, HIGH));
	CHECK_EQ(reg(&s, 0xa0), 0);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rbx, 2);
	s = lapic_get(&v);
	CHECK(!has(&s, 0x200, LOW) && !has(&s, 0x100, LOW));
}

/* Not while the one before still waits, on a host that is slow. */
static void *msi_later(void *arg)
{
	for (int i = 0; i < 3; i += msi_taken(LOW))
		usleep(20000);
	return NULL;
}

GUEST(64, g_halt,
      "xor %ebx, %ebx\n movl $0x1ff, 0xf0(%rsi)\n"
      "1: sti\n hlt\n cli\n cmp $3, %rbx\n jne 1b\n" DONE);

/* They end a HLT. */
static void halted(void)
{
	pthread_t t;

	MACHINE(g_halt);
	GATE(LOW, g_isr);
	for (unsigned int i = 0; i < 2; i++) {
		start(0);
		CHECK(!pthread_create(&t, NULL, msi_later, NULL));
		vcpu_until(&v, PORT_DONE);
		pthread_join(t, NULL);
		CHECK_EQ(vcpu_regs(&v).rbx, 3);
	}
}

/* ---- two at a time ---- */

/* RBX: a byte for each step, the last one lowest. */
#define STEP(n)		"shl $8, %rbx\n or $" #n ", %rbx\n"

GUEST(64, g_isr_low,
      STEP(1) "sti\n" SEND_SELF(0x62) "nop\n nop\n cli\n" STEP(2)
      "movl $0, 0xb0(%rsi)\n iretq\n");
GUEST(64, g_isr_high,
      STEP(3) SEND_SELF(0x33) "sti\n nop\n nop\n out %al, $0x99\n" STEP(4)
      "cli\n movl $0, 0xb0(%rsi)\n iretq\n");
GUEST(64, g_isr_middle, STEP(5) "movl $0, 0xb0(%rsi)\n iretq\n");
GUEST(64, g_nested,
      "xor %ebx, %ebx\n movl $0x1ff, 0xf0(%rsi)\n sti\n" SEND_SELF(0x41)
      "nop\n nop\n nop\n" DONE);

static void nested_machine(bool reports)
{
	struct kvm_tpr_access_ctl ctl = { .enabled = reports };

	MACHINE(g_nested);
	GATE(LOW, g_isr_low);
	GATE(HIGH, g_isr_high);
	GATE(MIDDLE, g_isr_middle);
	OK(ioctl(v.fd, KVM_TPR_ACCESS_REPORTING, &ctl));
}

/* In the inner handler, with one more requested. */
static void nested_check(void)
{
	struct kvm_lapic_state s = lapic_get(&v);

	for (int vector = 16; vector < 256; vector++) {
		CHECK_EQ(has(&s, 0x100, vector), vector == LOW || vector == HIGH);
		CHECK_EQ(has(&s, 0x200, vector), vector == MIDDLE);
	}
	CHECK_EQ(reg(&s, 0xa0), HIGH & 0xf0);
	CHECK_EQ(reg(&s, 0x80), 0);
}

static void nested_finish(void)
{
	struct kvm_lapic_state s;

	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rbx, 0x0103040205);
	s = lapic_get(&v);
	for (int vector = 16; vector < 256; vector++)
		CHECK(!has(&s, 0x100, vector) && !has(&s, 0x200, vector));
}

static void nested(void)
{
	for (unsigned int i = 0; i < 3; i++) {
		if (!i)
			nested_machine(false);
		start(0);
		vcpu_until(&v, PORT_ASK);
		nested_check();
		nested_finish();
	}
}

/* Saved there, restored in another machine whose software delivers, and the reverse. */
static void moves(bool from, bool to)
{
	static uint8_t memory[GPA_TABLES];
	struct kvm_lapic_state lapic, again;
	struct kvm_vcpu_events events;
	struct kvm_sregs sregs;
	struct kvm_regs r;

	nested_machine(from);
	start(0);
	vcpu_until(&v, PORT_ASK);
	nested_check();
	/* the OUT is behind it then */
	v.run->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0), EINTR);
	v.run->immediate_exit = 0;
	r = vcpu_regs(&v);
	sregs = vcpu_sregs(&v);
	lapic = lapic_get(&v);
	OK(ioctl(v.fd, KVM_GET_VCPU_EVENTS, &events));
	CHECK(!events.interrupt.injected);
	memcpy(memory, vm.mem, sizeof(memory));
	vcpu_close(&v);
	vm_close(&vm);

	nested_machine(to);
	memcpy(vm.mem, memory, sizeof(memory));
	vcpu_set_sregs(&v, &sregs);
	vcpu_set_regs(&v, &r);
	OK(ioctl(v.fd, KVM_SET_LAPIC, &lapic));
	OK(ioctl(v.fd, KVM_SET_VCPU_EVENTS, &events));
	again = lapic_get(&v);
	CHECK(!memcmp(&lapic, &again, sizeof(lapic)));
	nested_check();
	nested_finish();
	vcpu_close(&v);
	vm_close(&vm);
}

static void moved(void)
{
	for (unsigned int i = 0; i < 4; i++)
		moves(i & 1, i & 2);
}

/* Who delivers changes in the middle, at each stop: nothing is lost. */
static void changes(void)
{
	struct kvm_tpr_access_ctl ctl = { 0 };

	nested_machine(false);
	for (unsigned int i = 0; i < 8; i++) {
		start(0);
		ctl.enabled = i & 1;
		OK(ioctl(v.fd, KVM_TPR_ACCESS_REPORTING, &ctl));
		vcpu_until(&v, PORT_ASK);
		nested_check();
		ctl.enabled = i >> 1 & 1;
		OK(ioctl(v.fd, KVM_TPR_ACCESS_REPORTING, &ctl));
		nested_check();
		nested_finish();
	}
}

#define CASE(name) { #name, name, 0 }

static const struct test_case cases[] = {
	CASE(self_and_eoi), CASE(held), CASE(reads), CASE(x2apic_exits),
	CASE(x2apic_values), CASE(to_x2apic), CASE(x2apic_faults), CASE(illegal),
	CASE(level), CASE(off), CASE(pending), CASE(halted), CASE(nested),
	CASE(moved), CASE(changes),
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
