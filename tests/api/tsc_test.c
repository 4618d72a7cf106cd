// SPDX-License-Identifier: GPL-2.0-only
/*
 * The time-stamp counter: offset, what userspace and the guest write, its rate,
 * and that vCPUs agree on it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/mman.h>
#include <x86intrin.h>
#include "msr.h"

#define TSC	0x10
#define ADJUST	0x3b

static struct vcpu w;		/* vCPU 1 */

/* Cycles of a second. */
static uint64_t second(void)
{
	return 1000ull * OK(ioctl(v.fd, KVM_GET_TSC_KHZ, 0ul));
}

static struct kvm_device_attr offset_attr(uint64_t *value)
{
	return (struct kvm_device_attr){
		.group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)value,
	};
}

static uint64_t offset(struct vcpu *c)
{
	uint64_t value;
	struct kvm_device_attr a = offset_attr(&value);

	OK(ioctl(c->fd, KVM_GET_DEVICE_ATTR, &a));
	return value;
}

static void offset_set(struct vcpu *c, uint64_t value)
{
	struct kvm_device_attr a = offset_attr(&value);

	OK(ioctl(c->fd, KVM_SET_DEVICE_ATTR, &a));
}

static void tsc_set(struct vcpu *c, uint64_t value)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} m = { { .nmsrs = 1 }, { .index = TSC, .data = value } };

	CHECK_EQ(ioctl(c->fd, KVM_SET_MSRS, &m), 1);
}

static void two(void)
{
	msr_machine();
	vcpu_new(&vm, &w, 1);
	msr_code(&w);
}

static bool near(uint64_t a, uint64_t b, uint64_t slack)
{
	return a - b < slack || b - a < slack;
}

/* A guest's counter starts when its VM does; one offset for all. */
static void start(void)
{
	two();
	CHECK(host_msr(TSC) < 5 * second());
	CHECK_EQ(offset(&v), offset(&w));
	CHECK_EQ(host_msr(ADJUST), 0);
}

GUEST(64, g_rdtsc, "rdtsc\n shl $32, %rdx\n or %rax, %rdx\n" DONE);

/* RDTSC, RDMSR and the host's counter plus the offset are one. */
static void follows_host(void)
{
	uint64_t before, now, after;

	two();
	offset_set(&v, 0x123456789abcd);
	CHECK_EQ(offset(&v), 0x123456789abcd);
	before = __rdtsc();
	now = guest_msr(TSC);
	after = __rdtsc();
	CHECK(now >= before + 0x123456789abcd);
	CHECK(now <= after + 0x123456789abcd);
	vcpu_code(&v, MODE_LONG, g_rdtsc);
	before = __rdtsc();
	vcpu_until(&v, PORT_DONE);
	after = __rdtsc();
	now = vcpu_regs(&v).rdx;
	CHECK(now >= before + 0x123456789abcd);
	CHECK(now <= after + 0x123456789abcd);
}

/* Restored one after the other, from values read one after the other. */
static void restored_together(void)
{
	uint64_t t;

	two();
	t = 1000 * second();
	tsc_set(&v, t);
	usleep(20000);
	tsc_set(&w, t + second() / 100);
	CHECK_EQ(offset(&v), offset(&w));
	CHECK(near(host_msr(TSC), t + second() / 50, second()));
	/* again, all of them */
	tsc_set(&v, 2 * t);
	tsc_set(&w, 2 * t);
	CHECK_EQ(offset(&v), offset(&w));
	CHECK(near(host_msr(TSC), 2 * t, second()));
	/* a second time for the one that came last */
	usleep(20000);
	tsc_set(&w, 2 * t);
	CHECK_EQ(offset(&v), offset(&w));
	/* a machine's reset; stock KVM lets the counter run on */
	if (is_stock())
		return;
	guest_msr(TSC);
	tsc_set(&v, 0);
	usleep(20000);
	tsc_set(&w, 0);
	CHECK_EQ(offset(&v), offset(&w));
	CHECK(host_msr(TSC) < second());
}

/* A guest that has run for not much longer than the VM that it is restored in. */
static void restored_young(void)
{
	uint64_t t;

	two();
	if (is_stock())
		test_skip("stock KVM 6.1 takes it for what it began with");
	t = host_msr(TSC) + second() / 2;
	tsc_set(&v, t);
	tsc_set(&w, t);
	CHECK(host_msr(TSC) >= t);
	CHECK_EQ(offset(&v), offset(&w));
}

/* The same in a VM that QEMU has reset before: it writes what it has read a while ago. */
static void restored_reset(void)
{
	uint64_t t;

	two();
	if (is_stock())
		test_skip("stock KVM 6.1 takes it for what it was reset to");
	tsc_set(&v, 0);
	tsc_set(&w, 0);
	t = host_msr(TSC);
	usleep(20000);
	tsc_set(&v, t);
	tsc_set(&w, t);
	CHECK_EQ(offset(&v), offset(&w));
	t += second() / 2;
	tsc_set(&v, t);
	CHECK(host_msr(TSC) >= t);
	usleep(20000);
	tsc_set(&w, t);
	CHECK_EQ(offset(&v), offset(&w));
}

/* Seconds apart: they are meant to differ. */
static void restored_apart(void)
{
	uint64_t t;

	two();
	t = 1000 * second();
	tsc_set(&v, t);
	tsc_set(&w, t + 10 * second());
	CHECK(near(offset(&w) - offset(&v), 10 * second(), second()));
}

/* Nobody else to agree with: what is written is what is read. */
static void alone(void)
{
	msr_machine();
	if (is_stock())
		test_skip("stock KVM matches a vCPU with itself");
	CHECK_EQ(host_set(TSC, 1000 * second()), 1);
	CHECK_EQ(host_set(TSC, 1000 * second() - second() / 2), 1);
	CHECK(host_msr(TSC) < 1000 * second() - second() / 4);
}

/* A vCPU that comes later joins, also when userspace resets it. */
static void hotplug(void)
{
	uint64_t t;
	int i;

	msr_machine();
	CHECK_EQ(host_set(TSC, 5000 * second()), 1);
	guest_msr(TSC);
	vcpu_new(&vm, &w, 1);
	CHECK_EQ(offset(&v), offset(&w));
	tsc_set(&w, 0);
	CHECK_EQ(offset(&v), offset(&w));
	t = host_msr(TSC);
	CHECK(near(t, 5000 * second(), 10 * second()));
	/* QEMU writes what it has read a while ago, twice; stock KVM 6.1 compares it with the 0 */
	if (is_stock())
		return;
	for (i = 0; i < 2; i++) {
		usleep(20000);
		tsc_set(&w, t);
		CHECK_EQ(offset(&v), offset(&w));
	}
}

/* SDM vol. 3, 18.17.3. */
static void adjust(void)
{
	uint64_t other, before;

	two();
	other = offset(&w);
	before = offset(&v);
	CHECK(guest_set(TSC, 100 * second()));
	CHECK(guest_msr(ADJUST) == offset(&v) - before);
	CHECK(near(guest_msr(TSC), 100 * second(), second()));
	CHECK(guest_set(ADJUST, 12345));
	CHECK_EQ(offset(&v), before + 12345);
	CHECK_EQ(guest_msr(ADJUST), 12345);
	CHECK(guest_set(ADJUST, 0));
	CHECK_EQ(offset(&v), before);
	CHECK_EQ(offset(&w), other);
	/* userspace restores it: nothing moves */
	CHECK_EQ(host_set(ADJUST, 777), 1);
	CHECK_EQ(offset(&v), before);
	CHECK_EQ(guest_msr(ADJUST), 777);
}

/* What the guest has set apart stays so when userspace restores it. */
static void adjust_restored(void)
{
	uint64_t t, apart;

	two();
	if (is_stock())
		test_skip("stock KVM does not look at TSC_ADJUST");
	t = 1000 * second();
	CHECK(guest_set(ADJUST, second() / 4));
	apart = host_msr(ADJUST);
	vcpu_close(&v);
	vcpu_close(&w);
	vm_close(&vm);
	two();
	CHECK_EQ(host_set(ADJUST, apart), 1);
	tsc_set(&w, t);
	CHECK_EQ(host_set(TSC, t + apart), 1);
	CHECK_EQ(offset(&v) - offset(&w), apart);
}

/* asm/pvclock-abi.h: where a vCPU's page has its flags. */
#define CLOCK_FLAGS	29
#define CLOCK_PAGE(i)	(0x800000 + 0x1000 * (i))

/* Both vCPUs run, one after the other, as often as it takes to tell each other. */
static void run_both(void)
{
	int i;

	for (i = 0; i < 4; i++) {
		struct vcpu *c = i % 2 ? &w : &v;

		vcpu_code(c, MODE_LONG, g_rdtsc);
		vcpu_until(c, PORT_DONE);
	}
}

static void clock_enable(struct vcpu *c, uint64_t gpa)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} m = { { .nmsrs = 1 }, { .index = 0x4b564d01, .data = gpa | 1 } };

	CHECK_EQ(ioctl(c->fd, KVM_SET_MSRS, &m), 1);
}

/*
 * A clock is stable if what one vCPU computes from another's page is right (msr.rst).
 * With counters seconds apart it is not.
 */
static void clock_stable(void)
{
	uint64_t same;
	int i;

	two();
	same = offset(&v);
	for (i = 0; i < 2; i++)
		clock_enable(i ? &w : &v, CLOCK_PAGE(i));
	run_both();
	for (i = 0; i < 2; i++)
		CHECK_EQ(vm.mem[CLOCK_PAGE(i) + CLOCK_FLAGS] & 1, 1);
	offset_set(&w, same + 10 * second());
	run_both();
	for (i = 0; i < 2; i++)
		CHECK_EQ(vm.mem[CLOCK_PAGE(i) + CLOCK_FLAGS] & 1, 0);
	offset_set(&w, same);
	/* stock KVM counts generations: all have to be written */
	if (is_stock())
		return;
	run_both();
	for (i = 0; i < 2; i++)
		CHECK_EQ(vm.mem[CLOCK_PAGE(i) + CLOCK_FLAGS] & 1, 1);
}

/* What a vCPU's page says the time is (asm/pvclock.h). */
static uint64_t clock_of(int i, uint64_t tsc)
{
	const uint8_t *page = vm.mem + CLOCK_PAGE(i);
	uint64_t delta = tsc - *(const uint64_t *)(page + 8);
	int8_t shift = page[28];

	delta = shift < 0 ? delta >> -shift : delta << shift;
	return *(const uint64_t *)(page + 16) +
	       ((unsigned __int128)delta * *(const uint32_t *)(page + 24) >> 32);
}

static void clock_set(uint64_t s)
{
	struct kvm_clock_data c = { .clock = s * 1000000000 };

	OK(ioctl(vm.fd, KVM_SET_CLOCK, &c));
}

/*
 * A guest is restored, and before the first vCPU runs another one looks at that one's page:
 * userspace sets the clock last, as QEMU does, or first.
 */
static void clock_restored(void)
{
	uint64_t now;
	int i;

	two();
	if (is_stock())
		test_skip("stock KVM 6.1 writes a page when its vCPU runs");
	for (i = 0; i < 2; i++)
		clock_enable(i ? &w : &v, CLOCK_PAGE(i));
	run_both();
	tsc_set(&v, 1000 * second());
	tsc_set(&w, 1000 * second());
	clock_set(50);
	for (i = 0; i < 2; i++) {
		now = clock_of(i, host_msr(TSC));
		CHECK(now >= 50000000000 && now < 55000000000);
	}
	clock_set(70);
	tsc_set(&v, 2000 * second());
	tsc_set(&w, 2000 * second());
	for (i = 0; i < 2; i++) {
		now = clock_of(i, host_msr(TSC));
		CHECK(now >= 70000000000 && now < 75000000000);
	}
}

/* A page that is said to lie over the end of a slot: what is behind the slot is userspace's. */
static void clock_edge(void)
{
	const uint64_t gpa = 0x10000000;
	uint8_t *mem;
	unsigned int at;

	two();
	mem = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(mem != MAP_FAILED);
	OK(vm_slot(&vm, 1, gpa, mem, 4096));
	for (at = 4094; at >= 4096 - 32; at -= 2) {
		memset(mem, 0xff, 8192);
		clock_enable(&v, gpa + at);
		clock_set(50);
		offset_set(&v, at);
		CHECK_EQ(*(uint64_t *)(mem + 4096), ~0ull);
	}
}

/* The same, of a counter that userspace restores by its offset (api.rst, KVM_VCPU_TSC_OFFSET). */
static void clock_offset(void)
{
	uint64_t now;

	two();
	if (is_stock())
		test_skip("stock KVM 6.1 writes a page when its vCPU runs");
	clock_enable(&v, CLOCK_PAGE(0));
	run_both();
	clock_set(90);
	offset_set(&v, offset(&v) + 1000 * second());
	now = clock_of(0, host_msr(TSC));
	CHECK(now >= 90000000000 && now < 95000000000);
}

/* A counter that goes apart makes the others' clock unstable, also where it has no page. */
static void clock_no_page(void)
{
	two();
	clock_enable(&v, CLOCK_PAGE(0));
	run_both();
	CHECK_EQ(vm.mem[CLOCK_PAGE(0) + CLOCK_FLAGS] & 1, 1);
	offset_set(&w, offset(&v) + 10 * second());
	run_both();
	CHECK_EQ(vm.mem[CLOCK_PAGE(0) + CLOCK_FLAGS] & 1, 0);
}

static void khz(void)
{
	unsigned long f;

	msr_machine();
	f = OK(ioctl(v.fd, KVM_GET_TSC_KHZ, 0ul));
	/* Bochs: 50 MHz. */
	CHECK(f > 10000 && f < 10000000);
	CHECK_EQ(OK(ioctl(vm.fd, KVM_GET_TSC_KHZ, 0ul)), f);
	OK(ioctl(v.fd, KVM_SET_TSC_KHZ, f));
	CHECK_EQ(ioctl(v.fd, KVM_GET_TSC_KHZ, 0ul), f);
	OK(ioctl(v.fd, KVM_SET_TSC_KHZ, f + f / 10000));
	CHECK_EQ(ioctl(v.fd, KVM_GET_TSC_KHZ, 0ul), f + f / 10000);
	OK(ioctl(v.fd, KVM_SET_TSC_KHZ, 0ul));
	CHECK_EQ(ioctl(v.fd, KVM_GET_TSC_KHZ, 0ul), f);
	/* tsc_scale_test has what there is then */
	if (vm_cap(&vm, KVM_CAP_TSC_CONTROL))
		return;
	ERR(ioctl(v.fd, KVM_SET_TSC_KHZ, f / 2), EINVAL);
	/* stock KVM makes up for a faster clock by jumps, and forgets the old one */
	if (is_stock())
		return;
	ERR(ioctl(v.fd, KVM_SET_TSC_KHZ, 2 * f), EINVAL);
	ERR(ioctl(v.fd, KVM_SET_TSC_KHZ, f + f / 1000), EINVAL);
	ERR(ioctl(v.fd, KVM_SET_TSC_KHZ, 1ul << 63), EINVAL);
	CHECK_EQ(ioctl(v.fd, KVM_GET_TSC_KHZ, 0ul), f);
}

static void attributes(void)
{
	uint64_t value = 0;
	struct kvm_device_attr a = offset_attr(&value);

	msr_machine();
	CHECK_EQ(vm_cap(&vm, KVM_CAP_VCPU_ATTRIBUTES), 1);
	OK(ioctl(v.fd, KVM_HAS_DEVICE_ATTR, &a));
	a.attr = 1;
	ERR(ioctl(v.fd, KVM_HAS_DEVICE_ATTR, &a), ENXIO);
	ERR(ioctl(v.fd, KVM_GET_DEVICE_ATTR, &a), ENXIO);
	ERR(ioctl(v.fd, KVM_SET_DEVICE_ATTR, &a), ENXIO);
	a = offset_attr(&value);
	a.group = 7;
	ERR(ioctl(v.fd, KVM_HAS_DEVICE_ATTR, &a), ENXIO);
	ERR(ioctl(v.fd, KVM_SET_DEVICE_ATTR, &a), ENXIO);
	a = offset_attr((void *)16);
	ERR(ioctl(v.fd, KVM_GET_DEVICE_ATTR, &a), EFAULT);
	ERR(ioctl(v.fd, KVM_SET_DEVICE_ATTR, &a), EFAULT);
	a = offset_attr((void *)0xffff888000001000ul);
	ERR(ioctl(v.fd, KVM_GET_DEVICE_ATTR, &a), EFAULT);
	ERR(ioctl(v.fd, KVM_SET_DEVICE_ATTR, &a), EFAULT);
	ERR(ioctl(v.fd, KVM_SET_DEVICE_ATTR, NULL), EFAULT);
	if (is_stock())
		return;
	a = offset_attr(&value);
	a.flags = 1;
	ERR(ioctl(v.fd, KVM_SET_DEVICE_ATTR, &a), EINVAL);
	ERR(ioctl(v.fd, KVM_HAS_DEVICE_ATTR, &a), EINVAL);
}

/*
 * RBX: rounds; RDI: a lock, the last value that anybody read, warps.  As Linux's
 * own check does: under a lock the counter never goes back.
 */
GUEST(64, g_warp,
      "1: mov $1, %eax\n xchg %eax, (%rdi)\n test %eax, %eax\n jz 2f\n"
      "pause\n jmp 1b\n"
      "2: lfence\n rdtsc\n shl $32, %rdx\n or %rdx, %rax\n"
      "cmp 8(%rdi), %rax\n jae 3f\n incq 16(%rdi)\n"
      "3: mov %rax, 8(%rdi)\n movl $0, (%rdi)\n"
      "dec %rbx\n jnz 1b\n" DONE);

static void *warper(void *arg)
{
	vcpu_until(arg, PORT_DONE);
	return NULL;
}

static void warp(void)
{
	struct vcpu *both[] = { &v, &w };
	pthread_t t[2];
	int i;

	two();
	tsc_set(&v, 50 * second());
	usleep(1000);
	tsc_set(&w, 50 * second());
	for (i = 0; i < 2; i++) {
		vcpu_code(both[i], MODE_LONG, g_warp);
		vcpu_set_regs(both[i], &(struct kvm_regs){
			.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			.rbx = 3000, .rdi = 0x800000 });
	}
	for (i = 0; i < 2; i++)
		OK(-pthread_create(&t[i], NULL, warper, both[i]));
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	CHECK_EQ(*vm_u64(&vm, 0x800010), 0);
	CHECK(*vm_u64(&vm, 0x800008) > 50 * second());
}

static const struct test_case cases[] = {
	{ "start", start, 0 },
	{ "follows_host", follows_host, 0 },
	{ "restored_together", restored_together, 0 },
	{ "restored_young", restored_young, 0 },
	{ "restored_reset", restored_reset, 0 },
	{ "restored_apart", restored_apart, 0 },
	{ "alone", alone, 0 },
	{ "hotplug", hotplug, 0 },
	{ "adjust", adjust, 0 },
	{ "adjust_restored", adjust_restored, 0 },
	{ "clock_stable", clock_stable, 0 },
	{ "clock_restored", clock_restored, 0 },
	{ "clock_edge", clock_edge, 0 },
	{ "clock_offset", clock_offset, 0 },
	{ "clock_no_page", clock_no_page, 0 },
	{ "khz", khz, 0 },
	{ "attributes", attributes, 0 },
	{ "warp", warp, 120 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
