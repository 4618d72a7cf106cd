// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest that knows of KVM may ask for: hypercalls (hypercalls.rst), flushes
 * through memory, MSRs (msr.rst), and that CPUID tells (cpuid.rst).  EOI: pveoi_test.c.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <time.h>
#include <asm/kvm_para.h>
#include <linux/kvm_para.h>
#include "pv.h"

#define MSR_PLATFORM_INFO	0xce

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
	KVM_FEATURE_ASYNC_PF, KVM_FEATURE_ASYNC_PF_INT,
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

	pv_machine(1);
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
	pv_machine(1);
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

	pv_machine(1);
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
	pv_machine(1);
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
	pv_machine(64);
	vcpu_code(&v, MODE_LONG, g_call);
	CALL_IS(1, KVM_HC_SEND_IPI, 0, 1, 0, 0x40);
	CHECK(lapic_has(&w, APIC_IRR, 0x40));
	vm_close(&vm);
	pv_machine(32);
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
	pv_machine(1);
	vcpu_code(&v, MODE_LONG, g_call);
	CALL_IS(0, KVM_HC_SCHED_YIELD, 0, 0, 0, 0);
	CALL_IS(0, KVM_HC_SCHED_YIELD, 1, 0, 0, 0);
	CALL_IS(0, KVM_HC_SCHED_YIELD, 99, 0, 0, 0);
	CALL_IS(0, KVM_HC_SCHED_YIELD, 1ull << 40, 0, 0, 0);
}

static void clock_pairing(void)
{
	uint64_t *pair, now = time(NULL), got;

	pv_machine(1);
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
	pv_machine(1);
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

static void kick_saved_in(uint32_t state)
{
	struct kvm_mp_state mp = { state };

	halt_machine();
	OK(ioctl(w.fd, KVM_SET_MP_STATE, &mp));
	CHECK_EQ(mp_state(&w), state);
	CALL_IS(0, KVM_HC_KICK_CPU, 0, 0, 0, 0);
	CALL_IS(0, KVM_HC_KICK_CPU, 0, 99, 0, 0);
	CHECK_EQ(mp_state(&w), state);
	CALL_IS(0, KVM_HC_KICK_CPU, 0, 1, 0, 0);
	CHECK_EQ(mp_state(&w), KVM_MP_STATE_RUNNABLE);
}

static void kick_saved(void)
{
	kick_saved_in(KVM_MP_STATE_HALTED);
	kick_saved_in(KVM_MP_STATE_AP_RESET_HOLD);
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
	pv_machine(1);
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

	pv_machine(1);
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

	pv_machine(1);
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

static uint32_t features_kept(void)
{
	struct kvm_cpuid2 *c = cpuid_supported(vm.kvm);

	vcpu_raw(&vm, &v, 0);
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
	OK(ioctl(v.fd, KVM_GET_CPUID2, c));
	return cpuid_find(c, KVM_CPUID_FEATURES, 0)->eax;
}

/* A kick ends no HLT that does not exit. */
static void halt_unkicked(void)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_X86_DISABLE_EXITS, .args = { KVM_X86_DISABLE_EXITS_HLT } };

	vm_new(&vm, 0);
	CHECK(features_kept() >> KVM_FEATURE_PV_UNHALT & 1);
	vm_new(&vm, 0);
	OK(ioctl(vm.fd, KVM_ENABLE_CAP, &cap));
	CHECK(!(features_kept() >> KVM_FEATURE_PV_UNHALT & 1));
}

/* Where Windows' patched TPR accesses have it: in memory that is there. */
static void vapic_addr(void)
{
	uint64_t good[] = { 0x1000, 0xffc, 0 }, bad[4], i;

	pv_machine(1);
	bad[0] = vm.size;
	bad[1] = vm.size - 1;
	bad[2] = 0xfffffffc;
	bad[3] = ~0ull;
	for (i = 0; i < 3; i++)
		OK(ioctl(v.fd, KVM_SET_VAPIC_ADDR, &(struct kvm_vapic_addr){ good[i] }));
	for (i = 0; i < 4; i++)
		ERR(ioctl(v.fd, KVM_SET_VAPIC_ADDR, &(struct kvm_vapic_addr){ bad[i] }),
		    EINVAL);
}

#define CASE(name) { #name, name, 20 }

static const struct test_case cases[] = {
	CASE(announced), CASE(enforced), CASE(numbers), CASE(not_for_users),
	CASE(send_ipi), CASE(send_ipi_far), CASE(without_lapic), CASE(yield),
	CASE(clock_pairing), CASE(kick_early), CASE(kick_saved), CASE(kick_asleep),
	CASE(tlb_flush), CASE(halt_unkicked), CASE(vapic_addr),
	CASE(poll_control), CASE(migration_control), CASE(platform_info),
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
