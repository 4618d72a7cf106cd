// SPDX-License-Identifier: GPL-2.0-only
/*
 * A time-stamp counter at another rate than the host's (api.rst 4.55): what the guest, the
 * host's counter, kvmclock and Hyper-V's page say of it.  What is to come is computed here,
 * with as many bits as the processors' manuals say (SDM vol. 3, 26.3; APM vol. 2, 15.30.5).
 */
#define _GNU_SOURCE
#include <x86intrin.h>
#include "msr.h"

#define TSC	0x10
#define ADJUST	0x3b

typedef unsigned __int128 u128;

static struct vcpu w;		/* vCPU 1 */
static uint64_t host_khz;

static uint64_t khz(int fd)
{
	return OK(ioctl(fd, KVM_GET_TSC_KHZ, 0ul));
}

static void machine(void)
{
	msr_machine();
	if (!vm_cap(&vm, KVM_CAP_TSC_CONTROL))
		test_skip("no TSC scaling");
	host_khz = khz(vm.fd);
}

static void two(void)
{
	machine();
	vcpu_new(&vm, &w, 1);
	msr_code(&w);
}

static void khz_set(struct vcpu *c, uint64_t rate)
{
	OK(ioctl(c->fd, KVM_SET_TSC_KHZ, rate));
	CHECK_EQ(khz(c->fd), rate);
}

/* The ratio has 32 bits of fraction on AMD, and a few digits more or less are no matter. */
static uint64_t scaled(uint64_t host, uint64_t rate)
{
	return (u128)host * rate / host_khz;
}

/* What the ratio's last bit may make of it. */
static uint64_t slack(uint64_t host)
{
	return 2 + (host >> (cpu_is_amd() ? 31 : 47));
}

static uint64_t attr(struct vcpu *c, unsigned long request, uint64_t value)
{
	struct kvm_device_attr a = { .group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET,
				     .addr = (uintptr_t)&value };

	OK(ioctl(c->fd, request, &a));
	return value;
}

static uint64_t offset(struct vcpu *c)
{
	return attr(c, KVM_GET_DEVICE_ATTR, 0);
}

static void vcpu_msr(struct vcpu *c, uint32_t index, uint64_t value)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} m = { { .nmsrs = 1 }, { .index = index, .data = value } };

	CHECK_EQ(ioctl(c->fd, KVM_SET_MSRS, &m), 1);
}

static bool near(uint64_t a, uint64_t b, uint64_t within)
{
	return a - b <= within || b - a <= within;
}

GUEST(64, g_rdtsc, "rdtsc\n shl $32, %rdx\n or %rdx, %rax\n mov %rax, %rbx\n" DONE);

static uint64_t run(struct vcpu *c)
{
	uint64_t tsc;

	vcpu_code(c, MODE_LONG, g_rdtsc);
	vcpu_until(c, PORT_DONE);
	tsc = vcpu_regs(c).rbx;
	msr_code(c);
	return tsc;
}

static uint64_t guest_rdtsc(void) { return run(&v); }

/* Offset and rate are known: the counter is within what it was before and is afterwards. */
static void reads(uint64_t (*read)(void), uint64_t rate)
{
	uint64_t before = __rdtsc(), tsc = read(), after = __rdtsc(), off = offset(&v);
	uint64_t least = scaled(before, rate) + off - slack(before);
	uint64_t most = scaled(after, rate) + off + slack(after);

	if (tsc < least || tsc > most)
		FAIL("%llu kHz: %#llx is not within %#llx and %#llx", (unsigned long long)rate,
		     (unsigned long long)tsc, (unsigned long long)least,
		     (unsigned long long)most);
}

static uint64_t guest_rdmsr(void) { return guest_msr(TSC); }
static uint64_t host_rdmsr(void) { return host_msr(TSC); }

/* RDTSC, RDMSR and the host's look at it; slow, fast, and as the host again. */
static void rates(void)
{
	static const unsigned int per_mille[] = { 500, 1001, 1500, 7, 16000, 250000, 1000 };
	unsigned int i;

	machine();
	for (i = 0; i < sizeof(per_mille) / sizeof(per_mille[0]); i++) {
		uint64_t rate = host_khz * per_mille[i] / 1000;

		if (rate >> 31)
			continue;
		khz_set(&v, rate);
		attr(&v, KVM_SET_DEVICE_ATTR, 0x123456789abcdull << i % 2 * 12);
		reads(guest_rdtsc, rate);
		reads(guest_rdmsr, rate);
		reads(host_rdmsr, rate);
		usleep(20000);
		reads(guest_rdtsc, rate);
	}
}

/* From one to the other rate within a run, and back. */
static void changes(void)
{
	uint64_t t[2], before, after, rate;
	int i;

	machine();
	for (i = 0; i < 4; i++) {
		rate = i % 2 ? host_khz : host_khz * 3;
		khz_set(&v, rate);
		before = __rdtsc();
		t[0] = guest_rdtsc();
		usleep(50000);
		t[1] = guest_rdtsc();
		after = __rdtsc();
		CHECK(t[1] - t[0] <= scaled(after - before, rate) + slack(after));
		CHECK(t[1] - t[0] >= scaled(host_khz * 50, rate));
	}
}

/* Errors, and what is given to vCPUs to come. */
static void vm_rate(void)
{
	machine();
	CHECK_EQ(vm_cap(&vm, KVM_CAP_VM_TSC_CONTROL), 1);
	ERR(ioctl(v.fd, KVM_SET_TSC_KHZ, 1ul << 31), EINVAL);
	ERR(ioctl(vm.fd, KVM_SET_TSC_KHZ, 1ul << 31), EINVAL);
	/* stock KVM looks at half of it */
	if (!is_stock())
		ERR(ioctl(v.fd, KVM_SET_TSC_KHZ, 1ul << 32 | host_khz), EINVAL);
	/* What no ratio tells: 16 bits of VMX's are whole, 8 of SVM's. */
	if (host_khz << (cpu_is_amd() ? 8 : 16) < 1ul << 31)
		ERR(ioctl(v.fd, KVM_SET_TSC_KHZ, host_khz << (cpu_is_amd() ? 8 : 16)), EINVAL);
	CHECK_EQ(khz(v.fd), host_khz);
	CHECK_EQ(khz(vm.fd), host_khz);
	OK(ioctl(vm.fd, KVM_SET_TSC_KHZ, host_khz / 2));
	CHECK_EQ(khz(vm.fd), host_khz / 2);
	CHECK_EQ(khz(v.fd), host_khz);
	vcpu_close(&v);
	vcpu_new(&vm, &v, 1);
	msr_code(&v);
	CHECK_EQ(khz(v.fd), host_khz / 2);
	reads(guest_rdtsc, host_khz / 2);
	OK(ioctl(vm.fd, KVM_SET_TSC_KHZ, 0ul));
	CHECK_EQ(khz(vm.fd), host_khz);
	OK(ioctl(v.fd, KVM_SET_TSC_KHZ, 0ul));
	CHECK_EQ(khz(v.fd), host_khz);
}

/* Whoever gets its rate when, they agree; and the counter has begun with the VM. */
static void agree(void)
{
	uint64_t rate;
	int i;

	two();
	if (is_stock())
		test_skip("stock KVM's counters jump to the new rate");
	for (i = 0; i < 3; i++) {
		rate = i ? host_khz * 5 / 2 : host_khz / 3;
		khz_set(&v, rate);
		usleep(20000);
		khz_set(&w, rate);
		CHECK_EQ(offset(&v), offset(&w));
		CHECK(host_msr(TSC) < 10000 * rate);
	}
	/* A vCPU that is made then, and one that userspace resets. */
	vcpu_close(&w);
	OK(ioctl(vm.fd, KVM_SET_TSC_KHZ, rate));
	vcpu_new(&vm, &w, 2);
	CHECK_EQ(offset(&v), offset(&w));
	vcpu_msr(&w, TSC, 0);
	CHECK_EQ(offset(&v), offset(&w));
}

/* The second by which writes are matched is the guest's. */
static void restored(void)
{
	uint64_t t, rate;

	two();
	rate = host_khz / 8;
	khz_set(&v, rate);
	khz_set(&w, rate);
	t = 1000000 * rate;
	vcpu_msr(&v, TSC, t);
	usleep(20000);
	vcpu_msr(&w, TSC, t + 300 * rate);
	CHECK_EQ(offset(&v), offset(&w));
	CHECK(near(host_msr(TSC), t, 5000 * rate));
	reads(guest_rdtsc, rate);
	/* Half a second of the host's, four of the guest's. */
	vcpu_msr(&w, TSC, t + 500 * host_khz);
	CHECK(near(offset(&w) - offset(&v), 500 * host_khz, 1000 * rate));
}

/* SDM vol. 3, 18.17.3: in the guest's clocks. */
static void adjust(void)
{
	uint64_t rate, before;

	machine();
	rate = host_khz * 4;
	khz_set(&v, rate);
	before = offset(&v);
	CHECK(guest_set(TSC, 100000 * rate));
	CHECK(near(guest_msr(TSC), 100000 * rate, 5000 * rate));
	CHECK_EQ(guest_msr(ADJUST), offset(&v) - before);
	reads(guest_rdtsc, rate);
	CHECK(guest_set(ADJUST, 12345));
	CHECK_EQ(offset(&v), before + 12345);
	reads(guest_rdtsc, rate);
}

/* ---- kvmclock: asm/pvclock-abi.h ---- */

#define GPA_CLOCK	0x800000

struct page {
	uint32_t version, pad;
	uint64_t tsc, ns;
	uint32_t mul;
	int8_t shift;
	uint8_t flags, pad2[2];
};

static uint64_t page_ns(uint64_t tsc)
{
	struct page p;
	uint64_t ticks;

	memcpy(&p, vm.mem + GPA_CLOCK, sizeof(p));
	ticks = tsc - p.tsc;
	ticks = p.shift < 0 ? ticks >> -p.shift : ticks << p.shift;
	return p.ns + (uint64_t)((u128)ticks * p.mul >> 32);
}

static void clock_enable(struct vcpu *c, uint64_t gpa)
{
	vcpu_msr(c, 0x4b564d01, gpa | 1);
}

static uint64_t clock_ns(void)
{
	struct kvm_clock_data c = { };

	OK(ioctl(vm.fd, KVM_GET_CLOCK, &c));
	if (!(c.flags & KVM_CLOCK_TSC_STABLE))
		test_skip("the host's TSC is not stable");
	return c.clock;
}

/* The guest's time is userspace's, to the nanosecond. */
static void clock_agrees(void)
{
	uint64_t before, now, after;

	guest_rdtsc();
	before = clock_ns();
	now = guest_rdtsc();
	after = clock_ns();
	now = page_ns(now);
	if (is_stock() ? now + 1000 < before || now > after + 1000 :
			 now + 1 < before || now > after + 1)
		FAIL("%llu is not within %llu and %llu", (unsigned long long)now,
		     (unsigned long long)before, (unsigned long long)after);
}

static void kvmclock(void)
{
	static const unsigned int per_mille[] = { 500, 1500, 30000 };
	unsigned int i;
	uint64_t ns;

	machine();
	clock_enable(&v, GPA_CLOCK);
	for (i = 0; i < 3; i++) {
		ns = clock_ns();
		khz_set(&v, host_khz * per_mille[i] / 1000);
		clock_agrees();
		usleep(100000);
		clock_agrees();
		attr(&v, KVM_SET_DEVICE_ATTR, 0x1234567890);
		clock_agrees();
		/* It goes on, and not by leaps. */
		CHECK(clock_ns() - ns >= 100000000 && clock_ns() - ns < 60000000000ull);
	}
}

/*
 * What userspace is told is what the guest reads at that moment, to the nanosecond: a guest
 * that goes on from there in another VM finds no clock that went back.
 */
static void clock_told(void)
{
	unsigned int bits = cpu_is_amd() ? 32 : 48, i;
	struct kvm_clock_data c;
	uint64_t rate, ratio;

	machine();
	if (is_stock())
		test_skip("stock KVM scales the difference");
	rate = host_khz * 3 / 7;
	ratio = ((u128)rate << bits) / host_khz;
	khz_set(&v, rate);
	clock_enable(&v, GPA_CLOCK);
	guest_rdtsc();
	for (i = 0; i < 100; i++) {
		c = (struct kvm_clock_data){ };
		OK(ioctl(vm.fd, KVM_GET_CLOCK, &c));
		if (!(c.flags & KVM_CLOCK_HOST_TSC))
			test_skip("the host's TSC is not stable");
		CHECK_EQ(c.clock, page_ns(((u128)c.host_tsc * ratio >> bits) + offset(&v)));
	}
}

/* The clock is one as long as all counters are. */
static void clock_stable(void)
{
	const uint8_t *flags;
	int i;

	two();
	clock_ns();
	clock_enable(&v, GPA_CLOCK);
	clock_enable(&w, GPA_CLOCK + 0x1000);
	flags = vm.mem + GPA_CLOCK + offsetof(struct page, flags);
	for (i = 0; i < 2; i++) {
		khz_set(i ? &w : &v, host_khz * 2);
		run(&v);
		run(&w);
		run(&v);
		if (!is_stock())
			CHECK_EQ(*flags & 1, i);
	}
}

static const struct test_case cases[] = {
	{ "rates", rates, 0 },
	{ "changes", changes, 0 },
	{ "vm_rate", vm_rate, 0 },
	{ "agree", agree, 0 },
	{ "restored", restored, 0 },
	{ "adjust", adjust, 0 },
	{ "kvmclock", kvmclock, 0 },
	{ "clock_told", clock_told, 0 },
	{ "clock_stable", clock_stable, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
