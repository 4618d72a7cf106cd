// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hyper-V's interface for guests (TLFS; api.rst, KVM_CAP_HYPERV_*): CPUID, MSRs, time.
 * Hypercalls: hyperv_call_test.c; SynIC and timers: hyperv_synic_test.c.
 */
#define _GNU_SOURCE
#include "hv.h"
#include "rnd.h"

/* ---- CPUID ---- */

static void cpuid_is(const struct kvm_cpuid2 *c)
{
	const struct kvm_cpuid_entry2 *e;

	CHECK_EQ(c->nent, 10);
	CHECK_EQ(cpuid_find(c, 0x40000000, 0)->eax, 0x40000082);
	CHECK_EQ(cpuid_find(c, 0x40000001, 0)->eax, 0x31237648);
	e = cpuid_find(c, 0x40000003, 0);
	/* Run time, time, SynIC, timers, APIC, hypercalls, index, reset, TSC, frequencies. */
	CHECK_EQ(e->eax & 0x2aff, 0x2aff);
	CHECK_EQ(e->ebx & 0x30, 0x30);
	CHECK_EQ(e->edx & 0x80510, 0x80510);
	/* Flushes, relaxed timing, IPIs, sets. */
	CHECK_EQ(cpuid_find(c, 0x40000004, 0)->eax & 0xc24, 0xc24);
	CHECK(cpuid_find(c, 0x40000005, 0)->eax >= 64);
}

static void cpuid(void)
{
	struct kvm_cpuid2 *c;

	hv_machine();
	c = hv_supported(vm.kvm);
	cpuid_is(c);
	c->nent = 9;
	ERR(ioctl(vm.kvm, KVM_GET_SUPPORTED_HV_CPUID, c), E2BIG);
	ERR(ioctl(v.fd, KVM_GET_SUPPORTED_HV_CPUID, c), E2BIG);
	cpuid_is(hv_supported(v.fd));
	CHECK_EQ(vm_cap(&vm, KVM_CAP_HYPERV), 1);
	CHECK_EQ(vm_cap(&vm, KVM_CAP_HYPERV_SYNIC2), 1);
	CHECK_EQ(vm_cap(&vm, KVM_CAP_SYS_HYPERV_CPUID), 1);
}

/* Without the identification there is nothing for guests, and userspace may look. */
static void unidentified(void)
{
	pv_machine(1);
	msr_code(&v);
	CHECK(!guest_reads(HV_OS_ID));
	CHECK(!guest_set(HV_OS_ID, LINUX_ID));
	CHECK(!guest_reads(HV_TIME));
	CHECK_EQ(host_msr(HV_VP_INDEX), 0);
	CHECK_EQ(host_msr(HV_OS_ID), 0);
	CHECK_EQ(host_set(HV_OS_ID, 0), 1);
}

/* What CPUID does not name is not there, if userspace says that it counts. */
static void enforced(void)
{
	struct kvm_cpuid2 *c;

	hv_machine();
	OK(hv_enable(&v, KVM_CAP_HYPERV_ENFORCE_CPUID, 1));
	CHECK(guest_reads(HV_VP_INDEX));
	vcpu_close(&v);
	vm_close(&vm);

	hv_machine();
	c = hv_table();
	hv_leaf(c, 0x40000003)->eax = 1 << 5;
	hv_leaf(c, 0x40000004)->eax = 0;
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
	OK(hv_enable(&v, KVM_CAP_HYPERV_ENFORCE_CPUID, 1));
	CHECK(guest_reads(HV_OS_ID));
	CHECK(!guest_reads(HV_VP_INDEX));
	hv_calls();
	CHECK_EQ(hv_call(CALL_FLUSH, GPA_IN, 0), HV_DENIED);
	CHECK_EQ(hv_call(0xbeef, GPA_IN, 0), HV_CODE);
}

/* ---- MSRs ---- */

static void hypercall_page(void)
{
	const uint8_t *page;

	hv_machine();
	page = vm.mem + GPA_CALLS;
	/* Without a name there is no page. */
	CHECK(guest_set(HV_HYPERCALL, GPA_CALLS | 1));
	CHECK_EQ(guest_msr(HV_HYPERCALL), 0);
	CHECK_EQ(page[0], 0);
	CHECK(guest_set(HV_OS_ID, LINUX_ID));
	CHECK(guest_set(HV_HYPERCALL, GPA_CALLS | 1));
	CHECK_EQ(guest_msr(HV_HYPERCALL), GPA_CALLS | 1);
	CHECK(page[0] == 0x0f && page[1] == 0x01);
	CHECK_EQ(page[2], cpu_is_amd() ? 0xd9 : 0xc1);
	CHECK_EQ(page[3], 0xc3);
	CHECK(!guest_set(HV_HYPERCALL, GPA_HOLE | 1));
	CHECK_EQ(guest_msr(HV_HYPERCALL), GPA_CALLS | 1);
	CHECK(guest_set(HV_OS_ID, 0));
	CHECK_EQ(guest_msr(HV_HYPERCALL), GPA_CALLS);
}

static void vp_index(void)
{
	hv_machine();
	CHECK_EQ(guest_msr(HV_VP_INDEX), 0);
	CHECK(!guest_set(HV_VP_INDEX, 1));
	CHECK_EQ(host_set(HV_VP_INDEX, 70), 1);
	CHECK_EQ(guest_msr(HV_VP_INDEX), 70);
	CHECK_EQ(host_set(HV_VP_INDEX, 1 << 20), 0);
	/* Time that the thread has had; a young one's is counted from the first tick on. */
	for (int i = 0; i < 1000000 && !guest_msr(HV_RUNTIME); i++)
		;
	CHECK(guest_msr(HV_RUNTIME) > 0);
	CHECK_EQ(host_set(HV_RUNTIME, 1ull << 40), 1);
	CHECK(guest_msr(HV_RUNTIME) - (1ull << 40) < 100000000);
	CHECK(!guest_set(HV_RUNTIME, 0));
}

static void frequencies(void)
{
	hv_machine();
	CHECK_EQ(guest_msr(HV_TSC_HZ), OK(ioctl(v.fd, KVM_GET_TSC_KHZ, 0)) * 1000ull);
	CHECK_EQ(guest_msr(HV_APIC_HZ), 1000000000);
	CHECK(!guest_set(HV_TSC_HZ, 1000000000));
	CHECK_EQ(host_set(HV_TSC_HZ, host_msr(HV_TSC_HZ)), 1);
}

static void reset_crash(void)
{
	hv_machine();
	CHECK(guest_set(HV_RESET, 0));
	vcpu_set_regs(&v, &(struct kvm_regs){ .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			      .rcx = HV_RESET, .rsi = 1, .rax = 1 });
	vcpu_expect(&v, KVM_EXIT_SYSTEM_EVENT);
	CHECK_EQ(v.run->system_event.type, KVM_SYSTEM_EVENT_RESET);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(guest_msr(HV_RESET), 0);
	CHECK(guest_set(HV_CRASH(0), 0x1234));
	CHECK(guest_set(HV_CRASH_CTL, 0));
	CHECK_EQ(host_set(HV_CRASH_CTL, 1ull << 63), 1);
	CHECK_EQ(guest_msr(HV_CRASH_CTL), 1ull << 63);
	vcpu_set_regs(&v, &(struct kvm_regs){ .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			      .rcx = HV_CRASH_CTL, .rsi = 1, .rdx = 1u << 31 });
	vcpu_expect(&v, KVM_EXIT_SYSTEM_EVENT);
	CHECK_EQ(v.run->system_event.type, KVM_SYSTEM_EVENT_CRASH);
	CHECK_EQ(host_msr(HV_CRASH(0)), 0x1234);
}

static uint32_t lapic_reg(struct vcpu *c, unsigned int reg)
{
	struct kvm_lapic_state s;
	uint32_t value;

	OK(ioctl(c->fd, KVM_GET_LAPIC, &s));
	memcpy(&value, s.regs + reg, sizeof(value));
	return value;
}

static void apic_msrs(void)
{
	hv_machine();
	CHECK(guest_set(HV_TPR, 0x50));
	CHECK_EQ(lapic_reg(&v, 0x80), 0x50);
	CHECK_EQ(guest_msr(HV_TPR), 0x50);
	CHECK(guest_set(HV_TPR, 0));
	/* Fixed, to the other one. */
	CHECK(guest_set(HV_ICR, 1ull << 56 | 0x47));
	CHECK(lapic_has(&w, APIC_IRR, 0x47));
	CHECK_EQ(guest_msr(HV_ICR) >> 32, 1 << 24);
	CHECK(guest_set(HV_EOI, 0));
	/* A register that can only be written (TLFS 10.2.3); Linux's KVM shows 0. */
	if (!is_stock())
		CHECK(!guest_reads(HV_EOI));
}

/* The bit says that clearing it will do for an EOI. */
GUEST(64, g_assist, "btrl $0, 0x14000\n adcl $0, 0x17004\n lock incl 0x17000\n iretq\n");

static void assist(void)
{
	volatile uint32_t *word;
	struct kvm_msi m = { .address_lo = 0xfee00000, .data = 0x40 };

	hv_machine();
	word = (void *)(vm.mem + GPA_ASSIST);
	*word = 0xffffffff;
	CHECK(guest_set(HV_ASSIST, GPA_ASSIST | 1));
	CHECK_EQ(*word, 0);
	CHECK(!guest_set(HV_ASSIST, GPA_HOLE | 1));
	hv_handler(0x40, false);
	CHECK_EQ(OK(ioctl(vm.fd, KVM_SIGNAL_MSI, &m)), 1);
	vm_load(&vm, GPA_CODE + 0x400, g_assist, g_assist_end);
	hv_wait(1);
	/* Offered, and given by the guest: nothing is in service then. */
	CHECK_EQ(*(uint32_t *)(vm.mem + GPA_COUNT + 4), 1);
	CHECK(!lapic_has(&v, APIC_ISR, 0x40));
}

/* ---- time ---- */

GUEST(64, g_time, "rdtsc\n shl $32, %rdx\n or %rdx, %rax\n mov %rax, %r8\n"
      "mov $0x40000020, %ecx\n rdmsr\n shl $32, %rdx\n or %rdx, %rax\n mov %rax, %r9\n"
      "rdtsc\n shl $32, %rdx\n or %rdx, %rax\n mov %rax, %r10\n" DONE);

struct tsc_page {
	uint32_t sequence, pad;
	uint64_t scale, offset;
};

static struct tsc_page page_now(void)
{
	struct tsc_page p;

	memcpy(&p, vm.mem + GPA_TSC, sizeof(p));
	return p;
}

static uint64_t page_time(uint64_t tsc)
{
	struct tsc_page p = page_now();

	return (uint64_t)((unsigned __int128)tsc * p.scale >> 64) + p.offset;
}

/* The MSR between two looks at the page. */
static void times_agree(void)
{
	struct kvm_regs r;
	int i;

	for (i = 0; i < 50; i++) {
		vm_load(&vm, GPA_CODE, g_time, g_time_end);
		vcpu_set_regs(&v, &(struct kvm_regs){ .rip = GPA_CODE, .rsp = GPA_STACK,
				      .rflags = 2 });
		vcpu_until(&v, PORT_DONE);
		r = vcpu_regs(&v);
		if (r.r9 < page_time(r.r8) || r.r9 > page_time(r.r10))
			FAIL("%llu is not within %lu and %lu", r.r9, page_time(r.r8),
			     page_time(r.r10));
	}
	msr_code(&v);
}

static void ref_time_is(void)
{
	uint64_t before, after, want;

	before = guest_msr(HV_TIME);
	CHECK(!guest_set(HV_TIME, 0));
	CHECK(guest_set(HV_TSC_PAGE, GPA_TSC));
	CHECK_EQ(page_now().sequence, 0);
	CHECK(guest_set(HV_TSC_PAGE, GPA_TSC | 1));
	if (!page_now().sequence)
		test_skip("the host's TSC is not stable");
	/* 10,000 units a millisecond, to a millionth. */
	want = ((unsigned __int128)10000 << 64) / OK(ioctl(v.fd, KVM_GET_TSC_KHZ, 0));
	CHECK(page_now().scale - want + want / 1000000 < want / 500000);
	after = guest_msr(HV_TIME);
	/* It goes on, and not by leaps: a minute is what the slowest machine takes. */
	CHECK(after >= before && after - before < 600000000);
	times_agree();
}

static void ref_time(void)
{
	hv_machine();
	ref_time_is();
}

static void both_set(unsigned long request, unsigned long value)
{
	OK(ioctl(v.fd, request, value));
	OK(ioctl(w.fd, request, value));
}

/* The guest's counter at another rate than the host's: the time is the same. */
static void ref_time_scaled(void)
{
	uint64_t khz;

	hv_machine();
	if (!vm_cap(&vm, KVM_CAP_TSC_CONTROL))
		test_skip("no TSC scaling");
	khz = OK(ioctl(v.fd, KVM_GET_TSC_KHZ, 0));
	both_set(KVM_SET_TSC_KHZ, khz * 5 / 2);
	CHECK_EQ(guest_msr(HV_TSC_HZ), khz * 5 / 2 * 1000);
	ref_time_is();
	both_set(KVM_SET_TSC_KHZ, khz / 3);
	guest_msr(HV_TIME);
	times_agree();
	/* 64 bits behind the point are all of the scale. */
	both_set(KVM_SET_TSC_KHZ, 10000);
	khz = guest_msr(HV_TIME);
	CHECK_EQ(page_now().sequence, 0);
	CHECK(guest_msr(HV_TIME) - khz < 600000000);
	both_set(KVM_SET_TSC_KHZ, 10001);
	guest_msr(HV_TIME);
	times_agree();
}

static void clock_set(uint64_t ns)
{
	struct kvm_clock_data clock = { .clock = ns };

	OK(ioctl(vm.fd, KVM_SET_CLOCK, &clock));
}

static void set_clock(void)
{
	const uint64_t year = 365ull * 86400 * 10000000;
	struct tsc_page p;

	hv_machine();
	CHECK(guest_set(HV_TSC_PAGE, GPA_TSC | 1));
	p = page_now();
	if (!p.sequence)
		test_skip("the host's TSC is not stable");
	clock_set(year * 100);
	CHECK(guest_msr(HV_TIME) - year < 600000000);
	CHECK(page_now().sequence != p.sequence && page_now().sequence);
	CHECK(page_now().offset != p.offset);
	times_agree();
	/* The guest asks that it stays what it is. */
	CHECK(guest_set(HV_EMULATION, 1));
	p = page_now();
	clock_set(2 * year * 100);
	CHECK(guest_msr(HV_TIME) - year < 600000000);
	CHECK_EQ(page_now().offset, p.offset);
	times_agree();
	/* Nothing is written to a page that is none any more. */
	CHECK(guest_set(HV_TSC_PAGE, 0));
	memset(vm.mem + GPA_TSC, 0, sizeof(p));
	clock_set(0);
	CHECK(guest_msr(HV_TIME) < 600000000);
	CHECK(!page_now().sequence && !page_now().offset);
	/* Out of memory: no page, and the MSR goes on. */
	guest_set(HV_TSC_PAGE, GPA_HOLE | 1);
	CHECK(guest_msr(HV_TIME) < 1200000000);
}

/* ---- anything ---- */

/* Any value in any register, from both sides; the guest still runs, and is destroyed. */
static void random_msrs(void)
{
	uint64_t value, next;
	uint32_t index;
	int i;

	rnd_start(2, 0);
	hv_machine();
	next = vm.next;
	OK(hv_enable(&v, KVM_CAP_HYPERV_SYNIC, 0));
	for (i = 0; i < 2000; i++) {
		index = 0x40000000 + below(0x120);
		value = below(2) ? rnd() : GPA_DATA + below(0x5000);
		/* INIT, SMI and their kin would do what they do. */
		if (index == HV_ICR)
			continue;
		if (below(2)) {
			host_set(index, value);
			host_get(index, &value);
			continue;
		}
		vcpu_set_regs(&v, &(struct kvm_regs){
			      .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2, .rcx = index,
			      .rsi = below(2), .rax = (uint32_t)value,
			      .rdx = value >> 32 });
		while (vcpu_run(&v) != KVM_EXIT_IO)
			if (v.run->exit_reason != KVM_EXIT_HYPERV &&
			    v.run->exit_reason != KVM_EXIT_SYSTEM_EVENT)
				FAIL("%#x: %s", index, vcpu_describe(&v));
		/* The code may have been overwritten by a page, and so may page tables. */
		vm.next = next;
		msr_code(&v);
	}
	vcpu_close(&v);
	vm_close(&vm);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ .name = "cpuid", .run = cpuid },
		{ .name = "unidentified", .run = unidentified },
		{ .name = "enforced", .run = enforced },
		{ .name = "hypercall_page", .run = hypercall_page },
		{ .name = "vp_index", .run = vp_index },
		{ .name = "frequencies", .run = frequencies },
		{ .name = "reset_crash", .run = reset_crash },
		{ .name = "apic_msrs", .run = apic_msrs },
		{ .name = "assist", .run = assist },
		{ .name = "ref_time", .run = ref_time },
		{ .name = "ref_time_scaled", .run = ref_time_scaled },
		{ .name = "set_clock", .run = set_clock },
		{ .name = "random_msrs", .run = random_msrs, .seconds = 120 },
		{ }
	};

	return test_main(argc, argv, cases);
}
