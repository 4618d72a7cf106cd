// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an unprivileged opener makes the kernel allocate is charged to its memory cgroup:
 * beside what the machine's free memory loses, by kind; and an opener that makes one
 * thing after the other is stopped by its cgroup's limit, and the host lives.  For a
 * quiet machine with one CPU.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "core/uapi.h"
#include "lib.h"

#define GROUPS	"/tmp/groups"
#define GROUP	GROUPS "/opener"
#define NOBODY	65534
#define KIB	1024l
#define MIB	(KIB * KIB)

/* Of what the machine lost, so much is charged at least: the rest is in per-CPU lists. */
#define CHARGED	0.8

static void put(const char *path, const char *words)
{
	int fd = OK(open(path, O_WRONLY));

	OK(write(fd, words, strlen(words)));
	close(fd);
}

static long number(const char *path, const char *key)
{
	static char text[1 << 16];
	int fd = OK(open(path, O_RDONLY));
	ssize_t n, len = 0;
	const char *p = text;

	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	close(fd);
	text[len] = 0;
	if (*key)
		p = strstr(text, key);
	CHECK(p);
	return atol(p + strlen(key));
}

/* Once, by root; GROUP has the next opener. */
static void groups_make(void)
{
	mkdir(GROUPS, 0755);
	if (mount("none", GROUPS, "cgroup2", 0, NULL) && errno != EBUSY)
		test_skip("no cgroups");
	put(GROUPS "/cgroup.subtree_control", "+memory");
	mkdir(GROUP, 0755);
	OK(chmod("/dev/kvm", 0666));
}

static long group_now(void)
{
	return number(GROUP "/memory.current", "");
}

/* The machine's free memory, with the pages that CPUs keep at hand. */
static long free_now(void)
{
	static char text[1 << 16];
	long kib = number("/proc/meminfo", "MemFree:");
	FILE *f = fopen("/proc/zoneinfo", "r");
	char *p;

	CHECK(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = 0;
	fclose(f);
	for (p = text; (p = strstr(p, "count:")); p += 6)
		kib += atol(p + 6) * 4;
	return kib * KIB;
}

/* ---- what the opener makes: number n of a kind; false when it is refused ---- */

static struct vm machine;
static int event;

static void machine_new(bool rings)
{
	struct kvm_enable_cap ring = { .cap = KVM_CAP_DIRTY_LOG_RING_ACQ_REL,
				       .args = { 1 << 20 } };

	vm_new(&machine, 0);
	ioctl(machine.fd, KVM_CREATE_IRQCHIP, 0ul);
	if (rings)
		ioctl(machine.fd, KVM_ENABLE_CAP, &ring);
	event = eventfd(0, 0);
}

/* A VM with controllers, filters and routes. */
static bool make_vm(unsigned int n)
{
	static uint8_t bitmap[KVM_MSR_FILTER_MAX_BITMAP_SIZE];
	static struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry e[1024];
	} routes = { .head.nr = 1024 };
	struct kvm_pit_config pit = { 0 };
	struct kvm_msr_filter filter = { 0 };
	int kvm = open("/dev/kvm", O_RDWR), fd = ioctl(kvm, KVM_CREATE_VM, 0ul);
	unsigned int i;

	close(kvm);
	if (fd < 0)
		return false;
	for (i = 0; i < KVM_MSR_FILTER_MAX_RANGES; i++)
		filter.ranges[i] = (struct kvm_msr_filter_range){
			.flags = KVM_MSR_FILTER_READ, .base = 0x20000000 + (i << 16),
			.nmsrs = sizeof(bitmap) * 8, .bitmap = bitmap,
		};
	for (i = 0; i < 1024; i++)
		routes.e[i] = (struct kvm_irq_routing_entry){
			.gsi = i, .type = KVM_IRQ_ROUTING_MSI,
		};
	ioctl(fd, KVM_X86_SET_MSR_FILTER, &filter);
	return !ioctl(fd, KVM_CREATE_IRQCHIP, 0ul) && !ioctl(fd, KVM_CREATE_PIT2, &pit) &&
	       !ioctl(fd, KVM_SET_GSI_ROUTING, &routes);
}

static bool make_bare_vm(unsigned int n)
{
	return ioctl(machine.kvm, KVM_CREATE_VM, 0ul) >= 0;
}

/* With its CPUID table and its dirty ring of 1 MiB. */
static bool make_cpu(unsigned int n)
{
	struct kvm_cpuid2 *table = cpuid_supported(machine.kvm);
	int fd = ioctl(machine.fd, KVM_CREATE_VCPU, (unsigned long)n);
	bool made = fd >= 0 && !ioctl(fd, KVM_SET_CPUID2, table);

	free(table);
	return made;
}

static bool make_slot(unsigned int n)
{
	return !vm_slot(&machine, SLOT_FLAGS(1 + n, KVM_MEM_LOG_DIRTY_PAGES),
			(1ul << 32) + ((uint64_t)n << 24), machine.mem, 16 << 20);
}

static bool make_zone(unsigned int n)
{
	struct kvm_coalesced_mmio_zone z = { .addr = GPA_HOLE + n * 16ul, .size = 16 };

	return !ioctl(machine.fd, KVM_REGISTER_COALESCED_MMIO, &z);
}

static bool make_ioeventfd(unsigned int n)
{
	struct kvm_ioeventfd e = { .addr = GPA_HOLE + n * 16ul, .len = 4, .fd = event };

	return !ioctl(machine.fd, KVM_IOEVENTFD, &e);
}

static bool make_irqfd(unsigned int n)
{
	struct kvm_irqfd f = { .fd = eventfd(0, 0), .gsi = n % 24 };

	return (int)f.fd >= 0 && !ioctl(machine.fd, KVM_IRQFD, &f);
}

static const struct maker {
	const char *name;
	bool (*make)(unsigned int n);
	unsigned int many, at_least;
	bool rings;
} makers[] = {
	{ "VMs", make_vm, 64, 64, false },
	{ "vCPUs with rings", make_cpu, 16, 16, true },
	{ "slots with logs", make_slot, 4000, 4000, false },
	{ "irqfds", make_irqfd, 8000, 8000, false },
	{ "ioeventfds", make_ioeventfd, 4000, 4000, false },
	/* They have a limit of their own. */
	{ "zones", make_zone, 4000, 16, false },
};
#define MAKERS	(sizeof(makers) / sizeof(makers[0]))

/* Into the group, and nobody from now on. */
static void become_opener(const char *limit)
{
	struct rlimit files = { 65536, 65536 };
	char pid[16];

	OK(setrlimit(RLIMIT_NOFILE, &files));
	put(GROUP "/memory.max", limit);
	snprintf(pid, sizeof(pid), "%d", getpid());
	put(GROUP "/cgroup.procs", pid);
	OK(setresgid(NOBODY, NOBODY, NOBODY));
	OK(setresuid(NOBODY, NOBODY, NOBODY));
}

/* ---- cases ---- */

/* Slabs and what grace periods hold back have come to rest. */
static void rest(void)
{
	usleep(300000);
}

static void charged_child(const struct maker *m)
{
	long lost, charged;
	unsigned int n;

	become_opener("max");
	machine_new(m->rings);
	rest();
	lost = free_now();
	charged = group_now();
	for (n = 0; n < m->many && m->make(n); n++)
		;
	rest();
	lost -= free_now();
	charged = group_now() - charged;
	printf("# %u %s: %ld KiB, charged %ld KiB\n", n, m->name, lost / KIB, charged / KIB);
	fflush(stdout);
	CHECK(n >= m->at_least && n <= m->many);
	/* Charges are taken 256 KiB at a time. */
	if (charged < CHARGED * lost - 512 * KIB)
		FAIL("%ld bytes of the machine, %ld charged", lost, charged);
	_exit(0);
}

static void charged(void)
{
	const struct maker *m;
	int status;
	pid_t pid;

	groups_make();
	for (m = makers; m < makers + MAKERS; m++) {
		test_row = m->name;
		pid = OK(fork());
		if (!pid)
			charged_child(m);
		OK(waitpid(pid, &status, 0));
		if (status)
			_exit(1);	/* which has said why */
	}
}

#define BARE_VMS	2000
/* Of the directories that VMs have in debugfs; nobody is charged for them, so they are few. */
#define DIRS_MIB	80

static void dirs_child(void)
{
	long lost, charged;
	unsigned int n;

	become_opener("max");
	machine_new(false);
	rest();
	lost = free_now();
	charged = group_now();
	for (n = 0; n < BARE_VMS; n++)
		CHECK(make_bare_vm(n));
	/* They come from 2 s on, one after the other. */
	for (n = 0; n < 40; n++)
		rest();
	lost -= free_now();
	charged = group_now() - charged;
	printf("# %u VMs: %ld KiB, charged %ld KiB\n", BARE_VMS, lost / KIB, charged / KIB);
	fflush(stdout);
	CHECK(lost - charged < DIRS_MIB * MIB);
	_exit(0);
}

static void directories(void)
{
	int status;
	pid_t pid;

	groups_make();
	pid = OK(fork());
	if (!pid)
		dirs_child();
	OK(waitpid(pid, &status, 0));
	if (status)
		_exit(1);	/* which has said why */
}

/* Makes all there is until nothing is to be had. */
static void greedy_child(void)
{
	unsigned int n, made = 1;
	const struct maker *m;
	bool rings;

	become_opener("24M");
	for (rings = false; made; rings = !rings) {
		made = 0;
		machine_new(rings);
		for (m = makers; m < makers + MAKERS; m++)
			for (n = 0; n < m->many && m->make(n); n++)
				made++;
	}
	_exit(0);
}

static void greedy(void)
{
	long before, tries;
	int status;
	pid_t pid;

	groups_make();
	before = free_now();
	pid = OK(fork());
	if (!pid)
		greedy_child();
	OK(waitpid(pid, &status, 0));
	printf("# the opener %s, %ld times out of memory\n",
	       WIFSIGNALED(status) ? "was killed" : "gave up",
	       number(GROUP "/memory.events", "oom "));
	CHECK(number(GROUP "/memory.events", "max ") > 0);
	CHECK(WIFEXITED(status) || WTERMSIG(status) == SIGKILL);
	/* All of it comes back. */
	for (tries = 0; tries < 50 && group_now() > MIB; tries++)
		usleep(200000);
	CHECK(group_now() <= MIB);
	CHECK(before - free_now() < 8 * MIB);
}

static const struct test_case cases[] = {
	{ "charged", charged, 200 },
	{ "directories", directories, 200 },
	{ "greedy", greedy, 200 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
