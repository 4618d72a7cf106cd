// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest that knows of KVM may ask for: hypercalls (hypercalls.rst), EOI and
 * flushes through memory, MSRs (msr.rst), and that CPUID tells (cpuid.rst).
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <time.h>
#include <asm/kvm_para.h>
#include <linux/kvm_para.h>
#include "msr.h"

#define MSR_PLATFORM_INFO	0xce
#define APIC_SVR		0xf0
#define APIC_ISR		0x100
#define APIC_IRR		0x200
#define FLAGS_IF		0x200
#define GP			13

static struct vcpu w;		/* another vCPU */

/* ---- machines ---- */

static void lapic_on(struct vcpu *c)
{
	struct kvm_mp_state mp = { KVM_MP_STATE_RUNNABLE };
	struct kvm_lapic_state s;

	OK(ioctl(c->fd, KVM_GET_LAPIC, &s));
	s.regs[APIC_SVR] = (char)0xff;
	s.regs[APIC_SVR + 1] = 1;
	OK(ioctl(c->fd, KVM_SET_LAPIC, &s));
	OK(ioctl(c->fd, KVM_SET_MP_STATE, &mp));
}

static bool lapic_has(struct vcpu *c, unsigned int reg, uint8_t vector)
{
	struct kvm_lapic_state s;

	OK(ioctl(c->fd, KVM_GET_LAPIC, &s));
	return s.regs[reg + vector / 32 * 16 + vector % 32 / 8] >> vector % 8 & 1;
}

/* All interrupt controllers, vCPU 0, and another one whose id is @id. */
static void machine(unsigned int id)
{
	vm_new(&vm, 0);
	OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	vcpu_new(&vm, &v, 0);
	vcpu_new(&vm, &w, id);
	lapic_on(&v);
	lapic_on(&w);
}

GUEST(64, g_call, "vmmcall\n" DONE);
GUEST(32, g_call32, "vmmcall\n" DONE);

/* RAX after a hypercall of vCPU 0, whose code and mode are set. */
static uint64_t call(uint64_t nr, uint64_t a0, uint64_t a1, uint64_t a2,
		     uint64_t a3)
{
	struct kvm_regs r = {
		.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2, .rax = nr,
		.rbx = a0, .rcx = a1, .rdx = a2, .rsi = a3,
	};

	vcpu_set_regs(&v, &r);
	vcpu_until(&v, PORT_DONE);
	return vcpu_regs(&v).rax;
}

#define CALL_IS(want, ...) CHECK_EQ(call(__VA_ARGS__), (uint64_t)(want))

/* ---- CPUID ---- */

static const unsigned int features[] = {
	KVM_FEATURE_CLOCKSOURCE, KVM_FEATURE_NOP_IO_DELAY, KVM_FEATURE_CLOCKSOURCE2,
	KVM_FEATURE_STEAL_TIME, KVM_FEATURE_PV_EOI, KVM_FEATURE_PV_UNHALT,
	KVM_FEATURE_PV_TLB_FLUSH, KVM_FEATURE_PV_SEND_IPI, KVM_FEATURE_POLL_CONTROL,
	KVM_FEATURE_PV_SCHED_YIELD, KVM_FEATURE_CLOCKSOURCE_STABLE_BIT,
};

static void announced(void)
{
	struct kvm_cpuid2 *c = cpuid_supported(kvm_open());
	const struct kvm_cpuid_entry2 *e = cpuid_find(c, KVM_CPUID_FEATURES, 0);
	unsigned int i;

	CHECK(e);
	for (i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		if (!(e->eax >> features[i] & 1))
			FAIL("feature %u is missing in %#x", features[i], e->eax);
	/* A hint is userspace's. */
	CHECK_EQ(e->edx, 0);
}

/* Without the CPUID bits, and userspace says that they count (api.rst 4.140). */
static void enforced(void)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_ENFORCE_PV_FEATURE_CPUID, .args = { 1 } };
	static const uint32_t msrs[] = {
		MSR_KVM_PV_EOI_EN, MSR_KVM_POLL_CONTROL, MSR_KVM_MIGRATION_CONTROL };
	struct kvm_cpuid2 *c;
	unsigned int i;

	machine(1);
	c = cpuid_supported(vm.kvm);
	((struct kvm_cpuid_entry2 *)cpuid_find(c, KVM_CPUID_FEATURES, 0))->eax = 0;
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
	OK(ioctl(v.fd, KVM_ENABLE_CAP, &cap));
	msr_code(&v);
	for (i = 0; i < 3; i++) {
		CHECK(!guest_reads(msrs[i]));
		CHECK(!guest_set(msrs[i], 0));
	}
	vcpu_code(&v, MODE_LONG, g_call);
	CALL_IS(-KVM_ENOSYS, KVM_HC_KICK_CPU, 0, 1, 0, 0);
	CALL_IS(-KVM_ENOSYS, KVM_HC_SEND_IPI, 1, 0, 0, 0x40);
	CALL_IS(-KVM_ENOSYS, KVM_HC_SCHED_YIELD, 1, 0, 0, 0);
}

/* ---- hypercalls ---- */

static void numbers(void)
{
	machine(1);
	vcpu_code(&v, MODE_LONG, g_call);
	CALL_IS(0, KVM_HC_VAPIC_POLL_IRQ, 0, 0, 0, 0);
	CALL_IS(-KVM_ENOSYS, 0, 0, 0, 0, 0);
	CALL_IS(-KVM_ENOSYS, KVM_HC_MMU_OP, 0, 0, 0, 0);
	CALL_IS(-KVM_ENOSYS, KVM_HC_VAPIC_POLL_IRQ | 1ull << 32, 0, 0, 0, 0);
	/* Outside 64-bit code only lower halves count, for numbers and results. */
	vcpu_code(&v, MODE_PAE, g_call32);
	CALL_IS(0, KVM_HC_VAPIC_POLL_IRQ | 1ull << 32, 0, 0, 0, 0);
	CALL_IS((uint32_t)-KVM_ENOSYS, 1000, 0, 0, 0, 0);
}

static void not_for_users(void)
{
	struct kvm_sregs s;

	machine(1);
	vcpu_code(&v, MODE_LONG, g_call);
	s = vcpu_sregs(&v);
	s.cs.selector = SEL_UCODE64;
	s.ss.selector = SEL_UDATA;
	s.cs.dpl = s.ss.dpl = 3;
	vcpu_set_sregs(&v, &s);
	vcpu_set_regs(&v, &(struct kvm_regs){ .rip = GPA_CODE, .rflags = 0x3002,
					      .rax = KVM_HC_VAPIC_POLL_IRQ });
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rax, -KVM_EPERM);
}

static void send_ipi(void)
{
	machine(1);
	vcpu_code(&v, MODE_LONG, g_call);
	CALL_IS(2, KVM_HC_SEND_IPI, 3, 0, 0, 0x40);
	CHECK(lapic_has(&v, APIC_IRR, 0x40));
	CHECK(lapic_has(&w, APIC_IRR, 0x40));
	/* Who has it already counts, ids that nobody has do not. */
	CALL_IS(2, KVM_HC_SEND_IPI, 3, 0, 0, 0x40);
	CALL_IS(1, KVM_HC_SEND_IPI, 1, 0, 1, 0x41);
	CHECK(!lapic_has(&v, APIC_IRR, 0x41));
	CHECK(lapic_has(&w, APIC_IRR, 0x41));
	CALL_IS(0, KVM_HC_SEND_IPI, 1, 0, 0xff, 0x42);
	CALL_IS(0, KVM_HC_SEND_IPI, 1, 0, 0xffffffff, 0x42);
	/* The bitmap says for whom. */
	CALL_IS(-KVM_EINVAL, KVM_HC_SEND_IPI, 3, 0, 0, 0x40042);
	CALL_IS(-KVM_EINVAL, KVM_HC_SEND_IPI, 3, 0, 0, 0x842);
	CHECK(!lapic_has(&w, APIC_IRR, 0x42));
	/* NMI */
	CALL_IS(1, KVM_HC_SEND_IPI, 2, 0, 0, 0x400);
}

static void send_ipi_far(void)
{
	machine(64);
	vcpu_code(&v, MODE_LONG, g_call);
	CALL_IS(1, KVM_HC_SEND_IPI, 0, 1, 0, 0x40);
	CHECK(lapic_has(&w, APIC_IRR, 0x40));
	vm_close(&vm);
	machine(32);
	vcpu_code(&v, MODE_PAE, g_call32);
	CALL_IS(1, KVM_HC_SEND_IPI, 1ull << 32, 1, 0, 0x40);
	CHECK(lapic_has(&w, APIC_IRR, 0x40));
}

/* Whoever waits is not in the kernel. */
static void without_lapic(void)
{
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_call);
	CALL_IS(-KVM_EOPNOTSUPP, KVM_HC_SEND_IPI, 1, 0, 0, 0x40);
}

static void yield(void)
{
	machine(1);
	vcpu_code(&v, MODE_LONG, g_call);
	CALL_IS(0, KVM_HC_SCHED_YIELD, 0, 0, 0, 0);
	CALL_IS(0, KVM_HC_SCHED_YIELD, 1, 0, 0, 0);
	CALL_IS(0, KVM_HC_SCHED_YIELD, 99, 0, 0, 0);
	CALL_IS(0, KVM_HC_SCHED_YIELD, 1ull << 40, 0, 0, 0);
}

static void clock_pairing(void)
{
	uint64_t *pair, now = time(NULL), got;

	machine(1);
	vcpu_code(&v, MODE_LONG, g_call);
	CALL_IS(-KVM_EOPNOTSUPP, KVM_HC_CLOCK_PAIRING, GPA_DATA, 1, 0, 0);
	got = call(KVM_HC_CLOCK_PAIRING, GPA_DATA, 0, 0, 0);
	if (got == (uint64_t)-KVM_EOPNOTSUPP)
		test_skip("the host's clock is not its TSC");
	CHECK_EQ(got, 0);
	pair = vm_u64(&vm, GPA_DATA);
	CHECK(pair[0] >= now && pair[0] < now + 10);
	CHECK(pair[1] < 1000000000);
	CHECK(pair[2]);
	CHECK_EQ(pair[3], 0);
	CALL_IS(-KVM_EFAULT, KVM_HC_CLOCK_PAIRING, GPA_HOLE, 0, 0, 0);
}

/* ---- KVM_HC_KICK_CPU ---- */

GUEST(64, g_halt, "cli\n hlt\n" DONE);

#define GPA_HALT	(GPA_CODE + 0x100)

static void halt_machine(void)
{
	machine(1);
	vcpu_code(&v, MODE_LONG, g_call);
	vm_load(&vm, GPA_HALT, g_halt, g_halt_end);
	vcpu_mode(&w, MODE_LONG, GPA_HALT);
}

static uint32_t mp_state(struct vcpu *c)
{
	struct kvm_mp_state mp;

	OK(ioctl(c->fd, KVM_GET_MP_STATE, &mp));
	return mp.mp_state;
}

/* A kick that comes before the HLT is not lost. */
static void kick_early(void)
{
	halt_machine();
	CALL_IS(0, KVM_HC_KICK_CPU, 0, 1, 0, 0);
	vcpu_until(&w, PORT_DONE);
	CHECK_EQ(mp_state(&w), KVM_MP_STATE_RUNNABLE);
}

static void kick_saved(void)
{
	struct kvm_mp_state mp = { KVM_MP_STATE_HALTED };

	halt_machine();
	OK(ioctl(w.fd, KVM_SET_MP_STATE, &mp));
	CHECK_EQ(mp_state(&w), KVM_MP_STATE_HALTED);
	CALL_IS(0, KVM_HC_KICK_CPU, 0, 0, 0, 0);
	CALL_IS(0, KVM_HC_KICK_CPU, 0, 99, 0, 0);
	CHECK_EQ(mp_state(&w), KVM_MP_STATE_HALTED);
	CALL_IS(0, KVM_HC_KICK_CPU, 0, 1, 0, 0);
	CHECK_EQ(mp_state(&w), KVM_MP_STATE_RUNNABLE);
}

static void *halt_thread(void *done)
{
	vcpu_until(&w, PORT_DONE);
	__atomic_store_n((int *)done, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* IF is clear: no interrupt would end it. */
static void kick_asleep(void)
{
	struct timespec nap = { 0, 100000000 };
	pthread_t thread;
	int done = 0;

	halt_machine();
	CHECK(!pthread_create(&thread, NULL, halt_thread, &done));
	nanosleep(&nap, NULL);
	CHECK(!__atomic_load_n(&done, __ATOMIC_ACQUIRE));
	CALL_IS(0, KVM_HC_KICK_CPU, 0, 1, 0, 0);
	CHECK(!pthread_join(thread, NULL));
	CHECK_EQ(done, 1);
}

/* ---- EOI ---- */

#define EOI		(*(uint32_t *)(vm.mem + GPA_DATA))
#define LEVEL		0x8000
#define GPA_HANDLER	(GPA_CODE + 0x400)
#define PORT_IN		0xe2	/* the handler asks whether something else comes */

/* Three chances for interrupts. */
GUEST(64, g_eoi, "sti\n nop\n out %al, $0xe0\n nop\n nop\n out %al, $0xe1\n nop\n"
      DONE);

/*
 * As a guest ends an interrupt: by memory (R8 counts), else by the register (R9).  With
 * EBP set, userspace is asked first, R10 has what the bit was before.
 */
GUEST(64, g_handler, "mov 0x10000, %r10d\n test %ebp, %ebp\n jz 1f\n"
      "out %al, $0xe2\n"
      "1: btrl $0, 0x10000\n jnc 2f\n inc %r8\n iretq\n"
      "2: mov $0xfee000b0, %edx\n movl $0, (%rdx)\n inc %r9\n iretq\n");

static void gate_set(uint8_t vector, uint64_t handler)
{
	uint64_t *gate = vm_u64(&vm, GPA_IDT + vector * 16);

	gate[0] = handler | SEL_CODE64 << 16 | 0x8e0000000000ull;
	gate[1] = 0;
}

static void msi(uint32_t data)
{
	struct kvm_msi m = { .address_lo = 0xfee00000, .data = data };

	CHECK_EQ(OK(ioctl(vm.fd, KVM_SIGNAL_MSI, &m)), 1);
}

static void eoi_start(bool asks)
{
	machine(1);
	vcpu_code(&v, MODE_LONG, g_eoi);
	exc_setup(&v);
	vm_load(&vm, GPA_HANDLER, g_handler, g_handler_end);
	gate_set(0x31, GPA_HANDLER);
	gate_set(0x40, GPA_HANDLER);
	gate_set(0x51, GPA_HANDLER);
	vcpu_set_regs(&v, &(struct kvm_regs){ .rip = GPA_CODE, .rflags = 2,
			      .rsp = GPA_STACK, .rbp = asks });
	CHECK_EQ(host_set(MSR_KVM_PV_EOI_EN, GPA_DATA | 1), 1);
}

/* By memory, by the register. */
static void eoi_counts(uint64_t memory, uint64_t reg)
{
	struct kvm_regs r = vcpu_regs(&v);

	if (r.r8 != memory || r.r9 != reg)
		FAIL("expected %lu EOIs by memory and %lu by register, got %llu and %llu",
		     memory, reg, r.r8, r.r9);
}

/* Nothing is in service any more, and the bit does not stand. */
static void eoi_over(void)
{
	CHECK(!lapic_has(&v, APIC_ISR, 0x31));
	CHECK(!lapic_has(&v, APIC_ISR, 0x40));
	CHECK(!lapic_has(&v, APIC_ISR, 0x51));
	CHECK_EQ(EOI, 0);
}

static void eoi_memory(void)
{
	eoi_start(false);
	msi(0x40);
	vcpu_until(&v, 0xe0);
	eoi_counts(1, 0);
	/* The way is free for a lower one. */
	msi(0x31);
	vcpu_until(&v, 0xe1);
	eoi_counts(2, 0);
	eoi_over();
}

/* Two wait: the one behind has to see the EOI of the other. */
static void eoi_two(void)
{
	eoi_start(false);
	msi(0x40);
	msi(0x31);
	vcpu_until(&v, 0xe0);
	eoi_counts(1, 1);
	eoi_over();
}

/* A lower one comes meanwhile: what was offered is withdrawn. */
static void eoi_withdrawn(void)
{
	eoi_start(true);
	msi(0x40);
	vcpu_until(&v, PORT_IN);
	CHECK_EQ(vcpu_regs(&v).r10, 1);
	msi(0x31);
	vcpu_until(&v, PORT_IN);
	eoi_counts(0, 1);
	CHECK(!lapic_has(&v, APIC_ISR, 0x40));
	CHECK(lapic_has(&v, APIC_ISR, 0x31));
	vcpu_until(&v, 0xe0);
	eoi_over();
}

/* A higher one in between is ended first: this handler lets it in. */
#define GPA_OPEN	(GPA_CODE + 0x500)
GUEST(64, g_open, "mov 0x10000, %eax\n sti\n nop\n out %al, $0xe3\n nop\n"
      "mov $0x8400, %ecx\n jmp *%rcx\n");

static void eoi_nested(void)
{
	eoi_start(true);
	vm_load(&vm, GPA_OPEN, g_open, g_open_end);
	gate_set(0x40, GPA_OPEN);
	msi(0x40);
	vcpu_until(&v, 0xe3);
	CHECK_EQ((uint32_t)vcpu_regs(&v).rax, 1);
	msi(0x51);
	vcpu_until(&v, PORT_IN);
	CHECK(lapic_has(&v, APIC_ISR, 0x40));
	CHECK(lapic_has(&v, APIC_ISR, 0x51));
	vcpu_until(&v, PORT_IN);
	CHECK(lapic_has(&v, APIC_ISR, 0x40));
	CHECK(!lapic_has(&v, APIC_ISR, 0x51));
	vcpu_until(&v, 0xe0);
	eoi_over();
}

/* A guest that writes EOI all the same: once, not twice. */
GUEST(64, g_writes, "mov 0x10000, %r10d\n mov $0xfee000b0, %edx\n movl $0, (%rdx)\n"
      "iretq\n");

static void eoi_written(void)
{
	eoi_start(false);
	vm_load(&vm, GPA_HANDLER, g_writes, g_writes_end);
	msi(0x40);
	vcpu_until(&v, 0xe0);
	CHECK_EQ(vcpu_regs(&v).r10, 1);
	eoi_over();
}

static void line(unsigned int pin, unsigned int level)
{
	struct kvm_irq_level l = { .irq = pin, .level = level };

	OK(ioctl(vm.fd, KVM_IRQ_LINE, &l));
}

/* The IOAPIC waits for the EOI of a level. */
static void eoi_level(void)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };

	eoi_start(true);
	OK(ioctl(vm.fd, KVM_GET_IRQCHIP, &chip));
	chip.chip.ioapic.redirtbl[20].bits = 0x40 | LEVEL;
	OK(ioctl(vm.fd, KVM_SET_IRQCHIP, &chip));
	line(20, 1);
	vcpu_until(&v, PORT_IN);
	CHECK_EQ(vcpu_regs(&v).r10, 0);
	line(20, 0);
	vcpu_until(&v, 0xe0);
	eoi_counts(0, 1);
	eoi_over();
	OK(ioctl(vm.fd, KVM_GET_IRQCHIP, &chip));
	CHECK(!chip.chip.ioapic.redirtbl[20].fields.remote_irr);
}

/*
 * A vCPU comes from elsewhere while the bit stands, because its memory was saved before
 * its LAPIC; either order of its parts.
 */
static void eoi_moved(void)
{
	struct kvm_lapic_state s;
	struct kvm_regs r;
	int i;

	for (i = 0; i < 2; i++) {
		eoi_start(false);
		if (is_stock())
			test_skip("in Linux's KVM it never stands in userspace");
		host_set(MSR_KVM_PV_EOI_EN, 0);
		OK(ioctl(v.fd, KVM_GET_LAPIC, &s));
		s.regs[APIC_ISR + 0x20] = 1;	/* 0x40 */
		EOI = 1;
		if (i)
			CHECK_EQ(host_set(MSR_KVM_PV_EOI_EN, GPA_DATA | 1), 1);
		OK(ioctl(v.fd, KVM_SET_LAPIC, &s));
		if (!i)
			CHECK_EQ(host_set(MSR_KVM_PV_EOI_EN, GPA_DATA | 1), 1);
		/* In the handler, with an IRET to the beginning. */
		r = vcpu_regs(&v);
		r.rip = GPA_HANDLER;
		r.rsp = GPA_STACK - 40;
		memcpy(vm.mem + GPA_STACK - 40,
		       (uint64_t[5]){ GPA_CODE, SEL_CODE64, 2, GPA_STACK, SEL_DATA }, 40);
		vcpu_set_regs(&v, &r);
		vcpu_until(&v, 0xe0);
		eoi_over();
		vm_close(&vm);
	}
}

static void eoi_msr(void)
{
	machine(1);
	msr_code(&v);
	CHECK_EQ(host_msr(MSR_KVM_PV_EOI_EN), 0);
	CHECK(!guest_set(MSR_KVM_PV_EOI_EN, GPA_DATA | 3));
	CHECK(guest_set(MSR_KVM_PV_EOI_EN, GPA_DATA | 1));
	CHECK_EQ(guest_msr(MSR_KVM_PV_EOI_EN), GPA_DATA | 1);
	CHECK(guest_set(MSR_KVM_PV_EOI_EN, 0));
	CHECK_EQ(host_msr(MSR_KVM_PV_EOI_EN), 0);
}

/* ---- flushes ---- */

#define VA		0x200000000ul
#define STEAL		(*(struct kvm_steal_time *)(vm.mem + GPA_DATA))

/* What a page has, and whether the vCPU calls itself preempted. */
GUEST(64, g_flush, "movabs $0x200000000, %rdi\n1: mov (%rdi), %ebx\n mov 0x10010, %cl\n"
      "out %al, $0xf4\n jmp 1b\n");

/* Another vCPU changes the table, as with shadow page tables only a guest may. */
GUEST(64, g_store, "mov %rax, (%rbx)\n" DONE);

static void store(uint64_t gpa, uint64_t value)
{
	struct kvm_sregs s = vcpu_sregs(&v), old = vcpu_sregs(&w);

	old.cr3 = s.cr3;
	vcpu_set_sregs(&w, &old);
	vcpu_set_regs(&w, &(struct kvm_regs){ .rip = GPA_HALT, .rflags = 2,
					      .rax = value, .rbx = gpa });
	vcpu_until(&w, PORT_DONE);
}

static void tlb_flush(void)
{
	const uint64_t flags = PTE_P | PTE_W | PTE_A | PTE_D;
	uint64_t page[2], table;
	int i;

	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_new(&vm, &w, 1);
	vcpu_code(&v, MODE_LONG, g_flush);
	vm_load(&vm, GPA_HALT, g_store, g_store_end);
	vcpu_mode(&w, MODE_LONG, GPA_HALT);
	for (i = 0; i < 2; i++) {
		page[i] = vm_page(&vm);
		*vm_u64(&vm, page[i]) = 0x100 + i;
	}
	pt_map(&v.pt, VA, page[0], 1, flags);
	table = pt_get(&v.pt, VA, 2) & 0xffffffffff000ull;
	CHECK_EQ(host_set(MSR_KVM_STEAL_TIME, GPA_DATA | 1), 1);
	for (i = 0; i < 6; i++) {
		vcpu_until(&v, PORT_DONE);
		CHECK_EQ(vcpu_regs(&v).rbx, 0x100 + i % 2);
		CHECK_EQ(vcpu_regs(&v).rcx & 0xff, 0);
		store(table, page[1 - i % 2] | flags);
		STEAL.preempted = KVM_VCPU_PREEMPTED | KVM_VCPU_FLUSH_TLB;
	}
}

/* ---- other MSRs ---- */

static void poll_control(void)
{
	machine(1);
	msr_code(&v);
	CHECK_EQ(guest_msr(MSR_KVM_POLL_CONTROL), 1);
	CHECK(guest_set(MSR_KVM_POLL_CONTROL, 0));
	CHECK_EQ(host_msr(MSR_KVM_POLL_CONTROL), 0);
	CHECK(!guest_set(MSR_KVM_POLL_CONTROL, 2));
	CHECK_EQ(host_set(MSR_KVM_POLL_CONTROL, 3), 0);
	CHECK_EQ(guest_msr(MSR_KVM_POLL_CONTROL), 0);
	CHECK(guest_set(MSR_KVM_POLL_CONTROL, 1));
}

/* Userspace announces it; it may migrate from the start. */
static void migration_control(void)
{
	struct kvm_cpuid2 *c;

	machine(1);
	msr_code(&v);
	CHECK(!guest_reads(MSR_KVM_MIGRATION_CONTROL));
	if (is_stock())
		test_skip("Linux's KVM leaves it to userspace's MSR filter");
	vcpu_close(&w);
	vcpu_new(&vm, &w, 2);
	c = cpuid_supported(vm.kvm);
	((struct kvm_cpuid_entry2 *)cpuid_find(c, KVM_CPUID_FEATURES, 0))->eax |=
		1u << KVM_FEATURE_MIGRATION_CONTROL;
	OK(ioctl(w.fd, KVM_SET_CPUID2, c));
	lapic_on(&w);
	v = w;
	msr_code(&v);
	CHECK_EQ(guest_msr(MSR_KVM_MIGRATION_CONTROL), 1);
	CHECK(!guest_set(MSR_KVM_MIGRATION_CONTROL, 2));
	CHECK(guest_set(MSR_KVM_MIGRATION_CONTROL, 0));
	CHECK_EQ(host_msr(MSR_KVM_MIGRATION_CONTROL), 0);
}

/* api.rst 7.15 */
static void platform_info(void)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_MSR_PLATFORM_INFO };
	uint64_t value;

	machine(1);
	msr_code(&v);
	CHECK_EQ(vm_cap(&vm, KVM_CAP_MSR_PLATFORM_INFO), 1);
	value = host_msr(MSR_PLATFORM_INFO) | 0xff00;
	CHECK_EQ(host_set(MSR_PLATFORM_INFO, value), 1);
	CHECK_EQ(guest_msr(MSR_PLATFORM_INFO), value);
	CHECK(!guest_set(MSR_PLATFORM_INFO, value));
	OK(ioctl(vm.fd, KVM_ENABLE_CAP, &cap));
	CHECK(!guest_reads(MSR_PLATFORM_INFO));
	CHECK_EQ(host_msr(MSR_PLATFORM_INFO), value);
	cap.args[0] = 1;
	OK(ioctl(vm.fd, KVM_ENABLE_CAP, &cap));
	CHECK_EQ(guest_msr(MSR_PLATFORM_INFO), value);
}

#define CASE(name) { #name, name, 20 }

static const struct test_case cases[] = {
	CASE(announced), CASE(enforced), CASE(numbers), CASE(not_for_users),
	CASE(send_ipi), CASE(send_ipi_far), CASE(without_lapic), CASE(yield),
	CASE(clock_pairing), CASE(kick_early), CASE(kick_saved), CASE(kick_asleep),
	CASE(eoi_memory), CASE(eoi_two), CASE(eoi_withdrawn), CASE(eoi_nested), CASE(eoi_written),
	CASE(eoi_level), CASE(eoi_moved), CASE(eoi_msr), CASE(tlb_flush),
	CASE(poll_control), CASE(migration_control), CASE(platform_info),
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
