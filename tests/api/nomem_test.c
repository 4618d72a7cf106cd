// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory is short.  "each": in each ioctl in turn the first, second, third...
 * allocation or user copy fails (the thread's fail-nth, see
 * Documentation/fault-injection); the call says -ENOMEM or -EFAULT or does
 * without, the same call works then, and so does the machine.  "storm": a guest
 * counts in its memory while slots, dirty log and other machines come and go,
 * under whatever failures the kernel was told to inject; nothing of its memory
 * may be lost.  Each failing alone needs CONFIG_FAULT_INJECTION.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include "lib.h"

#define MB		0x100000ul
#define SLOT_GPA	0x40000000ul
#define SLOT_SIZE	(4 * MB)
#define PAGES		1024u

static struct vm vm;
static struct vcpu v;
static uint8_t *mem;		/* of slot 1 */
static int fail_fd, event_fd, resample_fd;
static struct kvm_cpuid2 *supported;

/* RCX pages from RSI on are counted up, RDX times; then a hole is written. */
GUEST(64, g_count,
      "1: mov %rsi, %rbx\n mov %rcx, %rbp\n"
      "2: incl (%rbx)\n add $4096, %rbx\n dec %rbp\n jnz 2b\n"
      "dec %rdx\n jnz 1b\n mov %eax, (%rdi)\n" DONE);

static void guest_start(unsigned int pages, unsigned int rounds)
{
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			      .rsi = SLOT_GPA, .rdi = GPA_HOLE, .rcx = pages,
			      .rdx = rounds };

	vcpu_code(&v, MODE_LONG, g_count);
	vcpu_set_regs(&v, &r);
}

static void pages_are(uint32_t want, unsigned int pages)
{
	unsigned int i;

	for (i = 0; i < pages; i++)
		CHECK_EQ(*(uint32_t *)(mem + i * 4096ul), want);
}

/* ---- each allocation fails once ---- */

static void nth_arm(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	/* What is left of the last round may make this very copy fail. */
	while (pwrite(fail_fd, text, len, 0) != len)
		CHECK(errno == EFAULT);
}

/* True if it has failed; the file's own copy may have been the one that did. */
static bool nth_disarm(void)
{
	char text[16] = "";
	bool done = pread(fail_fd, text, sizeof(text) - 1, 0) > 0 &&
		    atoi(text) == 0;

	nth_arm(0);
	return done;
}

static int vm_only(unsigned long type)
{
	return ioctl(vm.kvm, KVM_CREATE_VM, type);
}

static void with_kvm(void)
{
	memset(&vm, 0, sizeof(vm));
	vm.kvm = kvm_open();
	vm.fd = -1;
}

static void with_vm(void)
{
	vm_new(&vm, 0);
}

static void with_slot(void)
{
	vm_new(&vm, 0);
	OK(vm_slot(&vm, 1, SLOT_GPA, mem, SLOT_SIZE));
}

static void with_log(void)
{
	vm_new(&vm, 0);
	OK(vm_slot(&vm, SLOT_FLAGS(1, KVM_MEM_LOG_DIRTY_PAGES), SLOT_GPA, mem,
		   SLOT_SIZE));
}

static void with_irqchip(void)
{
	vm_new(&vm, 0);
	OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
}

static void with_vcpu(void)
{
	with_slot();
	vcpu_new(&vm, &v, 0);
	guest_start(64, 1);
}

static void with_chip_vcpu(void)
{
	with_irqchip();
	vcpu_new(&vm, &v, 0);
}

/* What the call itself needs is there before something fails. */
static void with_cpuid(void)
{
	with_chip_vcpu();
	free(supported);
	supported = cpuid_supported(vm.kvm);
}

/* Mapped with large pages if the host has them, and logged from now on. */
static void with_run_log(void)
{
	madvise(mem, SLOT_SIZE, MADV_HUGEPAGE);
	memset(mem, 0, SLOT_SIZE);
	with_vcpu();
	vcpu_expect(&v, KVM_EXIT_MMIO);
	OK(vm_slot(&vm, SLOT_FLAGS(1, KVM_MEM_LOG_DIRTY_PAGES), SLOT_GPA, mem,
		   SLOT_SIZE));
	guest_start(64, 1);
}

static void with_run(void)
{
	with_vcpu();
	vcpu_expect(&v, KVM_EXIT_MMIO);
	vcpu_until(&v, PORT_DONE);
}

static long op_vm(void)
{
	vm.fd = vm_only(0);
	return vm.fd;
}

static long op_irqchip(void)
{
	return ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul);
}

static long op_split(void)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_SPLIT_IRQCHIP,
				      .args = { 24 } };

	return ioctl(vm.fd, KVM_ENABLE_CAP, &cap);
}

static long op_pit(void)
{
	struct kvm_pit_config c = { 0 };

	return ioctl(vm.fd, KVM_CREATE_PIT2, &c);
}

static long op_slot(void)
{
	return vm_slot(&vm, 1, SLOT_GPA, mem, SLOT_SIZE);
}

static long op_slot_big(void)
{
	return vm_slot(&vm, 2, 1ul << 32, mem_new(1ul << 30, 0), 1ul << 30);
}

static long op_slot_log(void)
{
	return vm_slot(&vm, SLOT_FLAGS(1, KVM_MEM_LOG_DIRTY_PAGES), SLOT_GPA,
		       mem, SLOT_SIZE);
}

static long op_slot_move(void)
{
	return vm_slot(&vm, 1, SLOT_GPA + 64 * MB, mem, SLOT_SIZE);
}

static long op_slot_delete(void)
{
	return vm_slot(&vm, 1, 0, NULL, 0);
}

static long op_vcpu(void)
{
	v.fd = ioctl(vm.fd, KVM_CREATE_VCPU, 0ul);
	return v.fd;
}

static long op_cpuid(void)
{
	return ioctl(v.fd, KVM_SET_CPUID2, supported);
}

static long op_supported(void)
{
	static union {
		struct kvm_cpuid2 c;
		uint8_t space[16384];
	} u;

	u.c.nent = 256;
	return ioctl(vm.kvm, KVM_GET_SUPPORTED_CPUID, &u.c);
}

static long op_run(void)
{
	return ioctl(v.fd, KVM_RUN, 0ul);
}

static long op_log_get(void)
{
	static uint64_t map[PAGES / 64];
	struct kvm_dirty_log d = { .slot = 1 };

	d.dirty_bitmap = map;
	return ioctl(vm.fd, KVM_GET_DIRTY_LOG, &d);
}

static long op_msrs(void)
{
	struct {
		struct kvm_msrs m;
		struct kvm_msr_entry e[2];
	} u = { { .nmsrs = 2 }, { { .index = 0x10 }, { .index = 0x1b } } };

	return ioctl(v.fd, KVM_GET_MSRS, &u);
}

static long op_filter(void)
{
	static uint8_t bits[128];
	struct kvm_msr_filter f = { .flags = KVM_MSR_FILTER_DEFAULT_ALLOW };
	int i;

	for (i = 0; i < 3; i++)
		f.ranges[i] = (struct kvm_msr_filter_range) {
			.flags = KVM_MSR_FILTER_READ, .nmsrs = 64,
			.base = 0x100 + i * 0x1000, .bitmap = bits };
	return ioctl(vm.fd, KVM_X86_SET_MSR_FILTER, &f);
}

static long op_irqfd(void)
{
	struct kvm_irqfd f = { .fd = event_fd, .gsi = 5 };

	return ioctl(vm.fd, KVM_IRQFD, &f);
}

static long op_resample(void)
{
	struct kvm_irqfd f = { .fd = event_fd, .gsi = 5, .resamplefd = resample_fd,
			       .flags = KVM_IRQFD_FLAG_RESAMPLE };

	return ioctl(vm.fd, KVM_IRQFD, &f);
}

static long op_ioeventfd(void)
{
	struct kvm_ioeventfd e = { .addr = 0x80, .len = 1, .fd = event_fd,
				   .flags = KVM_IOEVENTFD_FLAG_PIO };

	return ioctl(vm.fd, KVM_IOEVENTFD, &e);
}

static long op_coalesce(void)
{
	struct kvm_coalesced_mmio_zone z = { .addr = GPA_HOLE, .size = 16 };

	return ioctl(vm.fd, KVM_REGISTER_COALESCED_MMIO, &z);
}

static long op_routes(void)
{
	struct {
		struct kvm_irq_routing r;
		struct kvm_irq_routing_entry e[2];
	} u = { { .nr = 2 }, { { .gsi = 5, .type = KVM_IRQ_ROUTING_IRQCHIP,
				 .u.irqchip = { KVM_IRQCHIP_IOAPIC, 5 } },
			       { .gsi = 40, .type = KVM_IRQ_ROUTING_MSI,
				 .u.msi = { 0xfee00000, 0, 0x30 } } } };

	return ioctl(vm.fd, KVM_SET_GSI_ROUTING, &u);
}

static long op_stats(void)
{
	return ioctl(vm.fd, KVM_GET_STATS_FD, 0ul);
}

static long op_vcpu_stats(void)
{
	return ioctl(v.fd, KVM_GET_STATS_FD, 0ul);
}

static long op_lapic(void)
{
	static struct kvm_lapic_state l;

	return ioctl(v.fd, KVM_GET_LAPIC, &l);
}

static long op_xsave(void)
{
	static struct kvm_xsave x;

	if (ioctl(v.fd, KVM_GET_XSAVE, &x))
		return -1;
	return ioctl(v.fd, KVM_SET_XSAVE, &x);
}

static long op_sregs(void)
{
	struct kvm_sregs s;

	if (ioctl(v.fd, KVM_GET_SREGS, &s))
		return -1;
	return ioctl(v.fd, KVM_SET_SREGS, &s);
}

static long op_mmap(void)
{
	void *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, v.fd, 0);

	if (p == MAP_FAILED)
		return -1;
	munmap(p, 4096);
	return 0;
}

/* After the call: the machine works. */
static void after_vm(void)
{
	if (!vm.mem) {
		vm.next = GPA_TABLES;
		vm.size = RAM_SIZE;
		vm.mem = mem_new(vm.size, 0);
		OK(vm_slot(&vm, 0, 0, vm.mem, vm.size));
	}
	OK(vm_slot(&vm, 1, SLOT_GPA, mem, SLOT_SIZE));
	memset(mem, 0, 64 * 4096);
	vcpu_new(&vm, &v, 0);
	guest_start(64, 2);
	vcpu_expect(&v, KVM_EXIT_MMIO);
	vcpu_until(&v, PORT_DONE);
	pages_are(2, 64);
}

/* The vCPU has not run yet, or the slot has gone: no word of memory. */
static void after_vcpu(void)
{
	struct kvm_regs r;

	OK(ioctl(v.fd, KVM_GET_REGS, &r));
}

static void after_run(void)
{
	CHECK_EQ(v.run->exit_reason, KVM_EXIT_MMIO);
	vcpu_until(&v, PORT_DONE);
}

static const struct {
	const char *name;
	void (*setup)(void);
	long (*call)(void);
	void (*after)(void);
} ops[] = {
	{ "VM", with_kvm, op_vm, after_vm },
	{ "irqchip", with_vm, op_irqchip, after_vm },
	{ "split irqchip", with_vm, op_split, after_vm },
	{ "PIT", with_irqchip, op_pit, after_vm },
	{ "slot", with_vm, op_slot, after_vm },
	{ "slot of 1 GiB", with_vm, op_slot_big, after_vm },
	{ "slot logs", with_slot, op_slot_log, NULL },
	{ "used slot logs", with_run, op_slot_log, after_vcpu },
	{ "slot moves", with_slot, op_slot_move, NULL },
	{ "used slot moves", with_run, op_slot_move, after_vcpu },
	{ "slot goes", with_slot, op_slot_delete, after_vm },
	{ "used slot goes", with_run, op_slot_delete, after_vcpu },
	{ "vCPU", with_vm, op_vcpu, after_vcpu },
	{ "vCPU, irqchip", with_irqchip, op_vcpu, after_vcpu },
	{ "CPUID", with_cpuid, op_cpuid, after_vcpu },
	{ "supported CPUID", with_kvm, op_supported, NULL },
	{ "run", with_vcpu, op_run, after_run },
	{ "run, logging", with_run_log, op_run, after_run },
	{ "dirty log", with_log, op_log_get, after_vm },
	{ "dirty log, used", with_run_log, op_log_get, after_vcpu },
	{ "MSRs", with_chip_vcpu, op_msrs, after_vcpu },
	{ "MSR filter", with_vm, op_filter, after_vm },
	{ "irqfd", with_irqchip, op_irqfd, after_vm },
	{ "irqfd, resample", with_irqchip, op_resample, after_vm },
	{ "ioeventfd", with_vm, op_ioeventfd, after_vm },
	{ "coalesced", with_vm, op_coalesce, NULL },
	{ "routes", with_irqchip, op_routes, after_vm },
	{ "stats", with_vm, op_stats, after_vm },
	{ "vCPU's stats", with_chip_vcpu, op_vcpu_stats, after_vcpu },
	{ "LAPIC", with_chip_vcpu, op_lapic, after_vcpu },
	{ "XSAVE", with_chip_vcpu, op_xsave, after_vcpu },
	{ "SREGS", with_chip_vcpu, op_sregs, after_vcpu },
	{ "mmap", with_chip_vcpu, op_mmap, after_vcpu },
};

static void machine_close(void)
{
	if (v.run)
		munmap(v.run, v.run_size);
	if (v.fd > 0)
		close(v.fd);
	if (vm.fd >= 0)
		close(vm.fd);
	close(vm.kvm);
	if (vm.mem)
		munmap(vm.mem, vm.size);
	madvise(mem, SLOT_SIZE, MADV_DONTNEED);
	memset(&v, 0, sizeof(v));
}

/* The n-th allocation of this call fails; false: there are not so many. */
static bool nth_fails(unsigned int op, unsigned int n)
{
	bool injected;
	long ret;
	int err;

	ops[op].setup();
	nth_arm(n);
	ret = ops[op].call();
	err = errno;
	injected = nth_disarm();
	if (ret < 0 && !(injected && (err == ENOMEM || err == EFAULT)))
		FAIL("%s, allocation %u: %s", ops[op].name, n,
		     strerrorname_np(err));
	if (ret < 0)
		OK(ops[op].call());
	if (ops[op].after)
		ops[op].after();
	machine_close();
	return injected;
}

static void each(void)
{
	unsigned int op, n;

	fail_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_fd < 0)
		test_skip("no CONFIG_FAULT_INJECTION");
	mem = mem_new(SLOT_SIZE, 0);
	for (op = 0; op < sizeof(ops) / sizeof(ops[0]); op++) {
		event_fd = OK(eventfd(0, EFD_NONBLOCK));
	resample_fd = OK(eventfd(0, EFD_NONBLOCK));
		test_row = ops[op].name;
		n = 1;
		while (nth_fails(op, n))
			n++;
		printf("%s: %u failures\n", ops[op].name, n - 1);
		close(event_fd);
	}
}

/* ---- storm ---- */

static unsigned int seconds = 15;
static volatile bool over;
static volatile unsigned int failures, rounds;

/* An attempt in the storm: what may fail, and is counted. */
#define TRY(call)							\
	({								\
		long t_ = (long)(call);					\
									\
		if (t_ < 0) {						\
			if (errno != ENOMEM && errno != EFAULT)		\
				FAIL("%s: %s", #call,			\
				     strerrorname_np(errno));		\
			__sync_fetch_and_add(&failures, 1);		\
		}							\
		t_;							\
	})

static void *runner(void *arg)
{
	uint64_t tables = vm.next;

	(void)arg;
	while (!over) {
		/* the same page tables each time: memory ends */
		vm.next = tables;
		guest_start(PAGES, 1);
		while (TRY(ioctl(v.fd, KVM_RUN, 0ul)) < 0)
			;
		if (v.run->exit_reason != KVM_EXIT_MMIO)
			FAIL("unexpected %s", vcpu_describe(&v));
		while (TRY(ioctl(v.fd, KVM_RUN, 0ul)) < 0)
			;
		CHECK_EQ(v.run->exit_reason, KVM_EXIT_IO);
		rounds++;
	}
	return NULL;
}

/* Machines that live for a moment, as far as memory reaches. */
static void *creator(void *arg)
{
	int kvm = kvm_open(), fd, cpu;

	(void)arg;
	while (!over) {
		fd = TRY(ioctl(kvm, KVM_CREATE_VM, 0ul));
		if (fd < 0)
			continue;
		TRY(ioctl(fd, KVM_CREATE_IRQCHIP, 0ul));
		cpu = TRY(ioctl(fd, KVM_CREATE_VCPU, 0ul));
		if (cpu >= 0)
			close(cpu);
		close(fd);
	}
	return NULL;
}

/* The guest's own slot logs and does not; another comes, moves and goes. */
static void *changer(void *arg)
{
	static uint64_t map[PAGES / 64];
	uint8_t *other = mem_new(SLOT_SIZE, 0);
	struct kvm_dirty_log d = { .slot = 1 };

	(void)arg;
	d.dirty_bitmap = map;
	while (!over) {
		while (TRY(vm_slot(&vm, SLOT_FLAGS(1, KVM_MEM_LOG_DIRTY_PAGES),
				   SLOT_GPA, mem, SLOT_SIZE)) < 0)
			;
		TRY(ioctl(vm.fd, KVM_GET_DIRTY_LOG, &d));
		if (TRY(vm_slot(&vm, 2, 1ul << 32, other, SLOT_SIZE)) >= 0) {
			TRY(vm_slot(&vm, 2, 2ul << 32, other, SLOT_SIZE));
			while (TRY(vm_slot(&vm, 2, 0, NULL, 0)) < 0)
				;
		}
		TRY(ioctl(vm.fd, KVM_GET_DIRTY_LOG, &d));
		while (TRY(vm_slot(&vm, 1, SLOT_GPA, mem, SLOT_SIZE)) < 0)
			;
		madvise(mem, SLOT_SIZE, MADV_PAGEOUT);
		usleep(1000);
	}
	return NULL;
}

static void storm(void)
{
	void *(*const bodies[])(void *) = { runner, creator, changer };
	pthread_t t[3];
	int i;

	mem = mem_new(SLOT_SIZE, MADV_HUGEPAGE);
	with_slot();
	vcpu_new(&vm, &v, 0);
	for (i = 0; i < 3; i++)
		OK(-pthread_create(&t[i], NULL, bodies[i], NULL));
	sleep(seconds);
	over = true;
	for (i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	CHECK(rounds > 0);
	pages_are(rounds, PAGES);
	printf("storm: %u rounds, %u calls failed\n", rounds, failures);
}

static const struct test_case cases[] = {
	{ "each", each, 900 },
	{ "storm", storm, 300 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
