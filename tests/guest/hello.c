// SPDX-License-Identifier: GPL-2.0-only
/*
 * hello [-n VCPUS]: runs a small guest and prints what it says.
 *
 * The guest starts in real mode, builds page tables of its own, climbs to long
 * mode and reports what it finds.  What it must have found is known here, so a
 * wrong word, a wrong exit or silence ends with status 1.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/kvm.h>
#include "tests/guest/hello_guest.h"

#define SERIAL		0x3f8
#define PORT_START	0xf1	/* out: let the other vCPUs run */
#define PORT_CPUS	0xf2	/* in: how many there are */
#define PORT_END	0xf4	/* out: 0, or what went wrong */
#define DEVICE		0xd0000000ull
#define MEMORY		(64ul << 20)
#define LOAD		0x8000
#define CPUS_MAX	64
#define SECONDS		120

struct cpu {
	int id, fd;
	struct kvm_run *run;
	char line[128];
	size_t used;
	pthread_t thread;
};

static int kvm, vm, cpus = 1;
static uint8_t *memory;
static struct cpu cpu[CPUS_MAX];
static uint32_t device;
static char said[8192];			/* all that was printed */
static pthread_mutex_t said_lock = PTHREAD_MUTEX_INITIALIZER;

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "hello: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	_exit(1);
}

static int need(int r, const char *what)
{
	if (r < 0)
		die("%s: expected success, got %s", what, strerror(errno));
	return r;
}

static void on_alarm(int sig)
{
	static const char text[] = "hello: the guest is not done in time\n";

	(void)sig;
	if (write(2, text, sizeof(text) - 1) < 0)
		_exit(1);
	_exit(1);
}

static void line_end(struct cpu *c)
{
	size_t n;

	c->line[c->used] = 0;
	pthread_mutex_lock(&said_lock);
	n = strlen(said);
	snprintf(said + n, sizeof(said) - n, "%s\n", c->line);
	printf("  %s\n", c->line);
	fflush(stdout);
	pthread_mutex_unlock(&said_lock);
	c->used = 0;
}

static void serial_put(struct cpu *c, char ch)
{
	if (ch != '\n' && c->used < sizeof(c->line) - 1)
		c->line[c->used++] = ch;
	else
		line_end(c);
}

static void cpu_create(struct cpu *c, int id)
{
	struct kvm_cpuid2 *table;
	long size;

	table = calloc(1, sizeof(*table) + 256 * sizeof(table->entries[0]));
	if (!table)
		die("out of memory");
	table->nent = 256;
	c->id = id;
	c->fd = need(ioctl(vm, KVM_CREATE_VCPU, (unsigned long)id),
		     "KVM_CREATE_VCPU");
	size = need(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0ul),
		    "KVM_GET_VCPU_MMAP_SIZE");
	c->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd,
		      0);
	if (c->run == MAP_FAILED)
		die("mmap of kvm_run: %s", strerror(errno));
	need(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, table),
	     "KVM_GET_SUPPORTED_CPUID");
	need(ioctl(c->fd, KVM_SET_CPUID2, table), "KVM_SET_CPUID2");
	free(table);
}

/* The first vCPU is as after a reset, but for where it begins. */
static void boot_state(struct cpu *c)
{
	struct kvm_regs r = { .rip = LOAD, .rflags = 2 };
	struct kvm_sregs s;

	need(ioctl(c->fd, KVM_GET_SREGS, &s), "KVM_GET_SREGS");
	s.cs.base = 0;
	s.cs.selector = 0;
	need(ioctl(c->fd, KVM_SET_SREGS, &s), "KVM_SET_SREGS");
	need(ioctl(c->fd, KVM_SET_REGS, &r), "KVM_SET_REGS");
}

static void *cpu_loop(void *arg);

/* The others get the mode and the tables that the first one made. */
static void others_start(void)
{
	struct kvm_sregs s;
	int i;

	need(ioctl(cpu[0].fd, KVM_GET_SREGS, &s), "KVM_GET_SREGS");
	for (i = 1; i < cpus; i++) {
		struct kvm_regs r = {
			.rip = LOAD + (g_ap - g_begin), .rflags = 2,
			.rsp = 0x20000 + 0x400 * i, .rbp = i,
		};

		cpu_create(&cpu[i], i);
		need(ioctl(cpu[i].fd, KVM_SET_SREGS, &s), "KVM_SET_SREGS");
		need(ioctl(cpu[i].fd, KVM_SET_REGS, &r), "KVM_SET_REGS");
		if (pthread_create(&cpu[i].thread, NULL, cpu_loop, &cpu[i]))
			die("pthread_create failed");
	}
}

/* True when the guest says it is done. */
static int port_handle(struct cpu *c)
{
	struct kvm_run *run = c->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	int out = run->io.direction == KVM_EXIT_IO_OUT;

	if (run->io.size != 1 || run->io.count != 1)
		die("port %#x: expected one byte, got %u of %u", run->io.port,
		    run->io.count, run->io.size);
	if (out && run->io.port == SERIAL)
		serial_put(c, *data);
	else if (out && run->io.port == PORT_START)
		others_start();
	else if (!out && run->io.port == PORT_CPUS)
		*data = cpus;
	else if (out && run->io.port == PORT_END && *data == 0)
		return 1;
	else
		die("unexpected %s port %#x, value %#x",
		    out ? "write to" : "read of", run->io.port, *data);
	return 0;
}

/* The device at DEVICE; elsewhere nothing is, and all ones are read. */
static void mmio_handle(struct kvm_run *run)
{
	uint32_t answer = ~device;

	if (run->mmio.is_write) {
		if (run->mmio.phys_addr == DEVICE)
			memcpy(&device, run->mmio.data, 4);
	} else {
		memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
		if (run->mmio.phys_addr == DEVICE + 4)
			memcpy(run->mmio.data, &answer, 4);
	}
}

static void unexpected(struct cpu *c)
{
	struct kvm_run *run = c->run;
	struct kvm_regs r = { 0 };

	ioctl(c->fd, KVM_GET_REGS, &r);
	die("vcpu %d: expected I/O, MMIO or its end, got exit %u (%#x) at "
	    "rip %#llx", c->id, run->exit_reason,
	    run->exit_reason == KVM_EXIT_INTERNAL_ERROR ?
	    run->internal.suberror : 0, r.rip);
}

/* True when this vCPU has nothing more to do. */
static int exit_handle(struct cpu *c)
{
	switch (c->run->exit_reason) {
	case KVM_EXIT_IO:
		return port_handle(c);
	case KVM_EXIT_MMIO:
		mmio_handle(c->run);
		return 0;
	case KVM_EXIT_HLT:
		if (c->id)
			return 1;
		/* fall through */
	default:
		unexpected(c);
		return 1;
	}
}

static void *cpu_loop(void *arg)
{
	struct cpu *c = arg;

	do {
		while (ioctl(c->fd, KVM_RUN, 0ul) < 0)
			if (errno != EINTR && errno != EAGAIN)
				die("vcpu %d: KVM_RUN: %s", c->id,
				    strerror(errno));
	} while (!exit_handle(c));
	return NULL;
}

static void must_have_said(const char *fmt, ...)
{
	char line[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (!strstr(said, line))
		die("expected the guest to say \"%s\", got:\n%s", line, said);
}

static void transcript_check(void)
{
	struct kvm_cpuid2 *t;
	uint32_t vendor[3] = { 0 };
	unsigned int i;

	t = calloc(1, sizeof(*t) + 256 * sizeof(t->entries[0]));
	if (!t)
		die("out of memory");
	t->nent = 256;
	need(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, t),
	     "KVM_GET_SUPPORTED_CPUID");
	for (i = 0; i < t->nent; i++) {
		if (t->entries[i].function)
			continue;
		vendor[0] = t->entries[i].ebx;
		vendor[1] = t->entries[i].edx;
		vendor[2] = t->entries[i].ecx;
	}
	free(t);
	must_have_said("hello from real mode");
	must_have_said("hello from protected mode");
	must_have_said("hello from long mode");
	must_have_said("cpu: %.12s\n", (char *)vendor);
	must_have_said("memory: %lu MiB\n", MEMORY >> 20);
	must_have_said("device: answers");
	for (i = 1; i < (unsigned int)cpus; i++)
		must_have_said("vcpu %u: here", i);
	must_have_said("all is well");
}

static void machine_create(void)
{
	struct kvm_userspace_memory_region slot = { .memory_size = MEMORY };

	kvm = need(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	if (ioctl(kvm, KVM_GET_API_VERSION, 0ul) != 12)
		die("KVM_GET_API_VERSION: expected 12");
	vm = need(ioctl(kvm, KVM_CREATE_VM, 0ul), "KVM_CREATE_VM");
	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		die("mmap of guest memory: %s", strerror(errno));
	memcpy(memory + LOAD, g_begin, g_finish - g_begin);
	slot.userspace_addr = (uintptr_t)memory;
	need(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot),
	     "KVM_SET_USER_MEMORY_REGION");
}

int main(int argc, char **argv)
{
	struct timespec a, b;
	int i, opt;

	while ((opt = getopt(argc, argv, "n:")) != -1) {
		cpus = opt == 'n' ? atoi(optarg) : 0;
		if (cpus < 1 || cpus > CPUS_MAX) {
			fprintf(stderr, "usage: hello [-n 1..%d]\n", CPUS_MAX);
			return 2;
		}
	}
	signal(SIGALRM, on_alarm);
	alarm(SECONDS);
	clock_gettime(CLOCK_MONOTONIC, &a);
	machine_create();
	cpu_create(&cpu[0], 0);
	boot_state(&cpu[0]);
	cpu_loop(&cpu[0]);
	for (i = 1; i < cpus; i++)
		pthread_join(cpu[i].thread, NULL);
	clock_gettime(CLOCK_MONOTONIC, &b);
	transcript_check();
	printf("guest: up (%d vCPU, %.2f s)\n", cpus,
	       b.tv_sec - a.tv_sec + (b.tv_nsec - a.tv_nsec) / 1e9);
	return 0;
}
