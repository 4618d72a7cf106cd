// SPDX-License-Identifier: GPL-2.0-only
/*
 * churn_test [rounds]: machines made, used and closed, 200 unless told
 * otherwise.  What the kernel does not give back is a leak: more than 4 KiB a
 * machine fails, as does any object left in a slab cache named after KVM.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include "lib.h"

#define LEAK_MAX_KIB	4.0

static int rounds = 200;

static char text[1 << 18];

static const char *slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = 0, r;

	while (fd >= 0 && (r = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += r;
	if (fd >= 0)
		close(fd);
	text[n] = 0;
	return text;
}

static long meminfo(const char *key)
{
	const char *p = strstr(slurp("/proc/meminfo"), key);

	return p ? atol(p + strlen(key)) : 0;
}

/*
 * KiB free, the pages on per-CPU lists included; what the page cache holds is
 * dropped first.
 */
static long free_kib(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	const char *p;
	long sum = 0;

	if (fd >= 0) {
		if (write(fd, "3", 1) != 1)
			perror("drop_caches");
		close(fd);
	}
	slurp("/proc/sys/vm/stat_refresh");
	p = slurp("/proc/zoneinfo");
	while ((p = strstr(p, "count:")) != NULL) {
		p += 6;
		sum += atol(p) * 4;
	}
	return sum + meminfo("MemFree:");
}

/* Objects in use in caches whose name says KVM or that only KVM has. */
static long kvm_objects(void)
{
	const char *p = slurp("/proc/slabinfo");
	long sum = 0, n;
	char name[64];

	for (; p && *p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (sscanf(p, "%63s %ld", name, &n) != 2)
			continue;
		if (strstr(name, "kvm") || strstr(name, "x86_emulator") ||
		    strstr(name, "pte_list_desc") || strstr(name, "lamina"))
			sum += n;
	}
	return sum;
}

/* Long mode, a hole, memory that is written, ports with and without event */
GUEST(64, g_busy,
      "mov $64, %ecx\n mov $0x40000000, %esi\n"
      "1: mov %rsi, (%rsi)\n add $4096, %rsi\n loop 1b\n"
      "mov $0x20000000, %edi\n mov %eax, (%rdi)\n out %al, $0x80\n" DONE);

static void machine_use(void)
{
	struct kvm_coalesced_mmio_zone z = { .addr = GPA_HOLE, .size = 16 };
	struct kvm_ioeventfd e = { .addr = 0x80, .len = 1,
				   .flags = KVM_IOEVENTFD_FLAG_PIO };
	uint64_t map[8] = { 0 };
	struct kvm_dirty_log d = { .slot = 1 };
	uint8_t *m = mem_new(2ul << 20, 0);
	struct vcpu a, b;
	struct vm vm;

	vm_new(&vm, 0);
	d.dirty_bitmap = map;
	OK(vm_slot(&vm, SLOT_FLAGS(1, KVM_MEM_LOG_DIRTY_PAGES), 0x40000000, m,
		   2ul << 20));
	e.fd = OK(eventfd(0, EFD_NONBLOCK));
	OK(ioctl(vm.fd, KVM_IOEVENTFD, &e));
	OK(ioctl(vm.fd, KVM_REGISTER_COALESCED_MMIO, &z));
	vcpu_new(&vm, &a, 0);
	vcpu_new(&vm, &b, 1);
	vcpu_code(&a, MODE_LONG, g_busy);
	vcpu_mode(&b, MODE_LONG, GPA_CODE);
	vcpu_until(&a, PORT_DONE);
	vcpu_until(&b, PORT_DONE);
	OK(ioctl(vm.fd, KVM_GET_DIRTY_LOG, &d));
	CHECK_EQ(map[0], ~0ull);
	vcpu_close(&a);
	vcpu_close(&b);
	vm_close(&vm);
	close(e.fd);
}

/* In a child, so that only the kernel's memory counts. */
static void machines_use(int n)
{
	int status, i;
	pid_t pid = OK(fork());

	if (pid == 0) {
		for (i = 0; i < n; i++)
			machine_use();
		_exit(0);
	}
	OK(waitpid(pid, &status, 0));
	if (status)
		_exit(1);
}

static void churn(void)
{
	long before, objects, now = 0, tries;
	double leak = 0;

	machines_use(20);		/* caches that stay are made here */
	usleep(1000000);
	objects = kvm_objects();
	before = free_kib();
	machines_use(rounds);
	/* Deferred frees may take a while. */
	for (tries = 0; tries < 10; tries++) {
		usleep(500000);
		now = free_kib();
		leak = (double)(before - now) / rounds;
		if (leak <= LEAK_MAX_KIB && kvm_objects() <= objects)
			break;
	}
	printf("churn: %d machines, %.2f KiB each not given back, "
	       "%+ld slab objects\n", rounds, leak, kvm_objects() - objects);
	if (leak > LEAK_MAX_KIB)
		FAIL("expected at most %.1f KiB per machine, got %.2f",
		     LEAK_MAX_KIB, leak);
	CHECK(kvm_objects() <= objects);
}

/* ---- a timer that interrupts up to a VM's end ---- */

#define CLOCK_VCPUS	16
#define CLOCK_ROUNDS	200
#define CLOCK_PIN	2	/* where GSI 0 goes (KVM's default routes) */
#define CLOCK_TICKS	240	/* of 838 ns: KVM's shortest period is 200 us */
#define CLOCK_VECTOR	0x51
#define CLOCK_LOGICAL	(1ull << 11 | 0xffull << 56)

/*
 * Every 200 us an interrupt for all vCPUs, none of which runs.  One that came for a
 * vCPU that is gone already would use freed memory: slub_debug=FZP shows it.
 */
static void clock_machine(void)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };
	struct kvm_pit_config config = { 0 };
	struct kvm_pit_state2 pit = { 0 };
	struct vcpu v[CLOCK_VCPUS];
	struct vm vm;
	int i;

	vm_new(&vm, 0);
	OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	OK(ioctl(vm.fd, KVM_CREATE_PIT2, &config));
	for (i = 0; i < CLOCK_VCPUS; i++)
		vcpu_new(&vm, &v[i], i);
	OK(ioctl(vm.fd, KVM_GET_IRQCHIP, &chip));
	chip.chip.ioapic.redirtbl[CLOCK_PIN].bits = CLOCK_VECTOR | CLOCK_LOGICAL;
	OK(ioctl(vm.fd, KVM_SET_IRQCHIP, &chip));
	pit.channels[0] = (struct kvm_pit_channel_state){
		.count = CLOCK_TICKS, .mode = 2, .rw_mode = 3, .gate = 1 };
	OK(ioctl(vm.fd, KVM_SET_PIT2, &pit));
	for (i = 0; i < CLOCK_VCPUS; i++)
		vcpu_close(&v[i]);
	vm_close(&vm);
}

static void clock_ends(void)
{
	int i;

	for (i = 0; i < CLOCK_ROUNDS; i++)
		clock_machine();
}

static const struct test_case cases[] = {
	{ "churn", churn, 400 },
	{ "clock_ends", clock_ends, 200 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	if (argc > 1 && atoi(argv[1]) > 0) {
		rounds = atoi(argv[1]);
		argc = 1;
	}
	return test_main(argc, argv, cases);
}
