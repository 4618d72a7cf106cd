// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmm [-c VCPUS] [-m MIB] KERNEL INITRD WORDS: boots Linux by its boot protocol.
 *
 * The machine: KVM's own interrupt controllers and PIT with their default routes, ACPI
 * tables that name them and the vCPUs and can power off, a serial port at 0x3f8 whose
 * output is ours, the keyboard controller's reset line, nothing else: no firmware, no
 * PCI.  For where QEMU is too heavy.
 *
 * Status: 0 after a reset or power-off, 1 after a triple fault, 2 if it could not go on; what the
 * guest writes to port 0xf4, if it does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include "tests/guest/vmm.h"

#define CPUID_MAX	256
#define LARGE_PAGE	(2ul << 20)
#define INTEL_TSS	0xfffbd000ul	/* three pages that Intel's real mode needs */

struct cpu {
	int id, fd;
	struct kvm_run *run;
	pthread_t thread;
};

static struct machine machine = { .cpus = 1, .size = 256ul << 20 };
static struct cpu cpu[CPUS_MAX];

void die(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "vmm: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	_exit(2);
}

int need(int r, const char *what)
{
	if (r < 0)
		die("%s: %s", what, strerror(errno));
	return r;
}

/* Aligned so that large pages of ours can be large pages of the guest. */
static uint8_t *memory_new(size_t size)
{
	uint8_t *at = mmap(NULL, size + LARGE_PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		die("%zu bytes of memory: %s", size, strerror(errno));
	return (uint8_t *)(((uintptr_t)at + LARGE_PAGE - 1) & -LARGE_PAGE);
}

static void machine_create(struct machine *m)
{
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
	struct kvm_userspace_memory_region slot = { .memory_size = m->size };

	m->kvm = need(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	m->vm = need(ioctl(m->kvm, KVM_CREATE_VM, 0ul), "KVM_CREATE_VM");
	m->memory = memory_new(m->size);
	slot.userspace_addr = (uintptr_t)m->memory;
	need(ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &slot), "memory");
	need(ioctl(m->vm, KVM_SET_TSS_ADDR, INTEL_TSS), "KVM_SET_TSS_ADDR");
	need(ioctl(m->vm, KVM_CREATE_IRQCHIP, 0ul), "KVM_CREATE_IRQCHIP");
	need(ioctl(m->vm, KVM_CREATE_PIT2, &pit), "KVM_CREATE_PIT2");
}

/* One package of as many cores as there are vCPUs, APIC ids counted from 0. */
static void cpuid_place(struct kvm_cpuid_entry2 *e, int id)
{
	switch (e->function) {
	case 1:
		e->ebx = (e->ebx & 0xffff) | machine.cpus << 16 | (uint32_t)id << 24;
		if (machine.cpus > 1)
			e->edx |= 1u << 28;	/* HTT: the count is valid */
		e->ecx |= 1u << 31;		/* a hypervisor: look at 0x40000000 */
		/* that bit KVM_GET_SUPPORTED_CPUID leaves to its capability */
		if (ioctl(machine.vm, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0)
			e->ecx |= 1u << 24;
		break;
	case 0xb:
		e->eax = e->ebx = 0;
		e->edx = id;
		break;
	case 0x80000008:
		e->ecx = (e->ecx & ~0xf0ffu) | (machine.cpus - 1);
		break;
	case 0x8000001e:
		e->eax = e->ebx = id;
		e->ecx = 0;
		break;
	}
}

static void cpu_create(struct cpu *c, int id)
{
	struct kvm_cpuid2 *table;
	int size = need(ioctl(machine.kvm, KVM_GET_VCPU_MMAP_SIZE, 0ul), "mmap size");
	uint32_t i;

	table = calloc(1, sizeof(*table) + CPUID_MAX * sizeof(table->entries[0]));
	if (!table)
		die("out of memory");
	table->nent = CPUID_MAX;
	c->id = id;
	c->fd = need(ioctl(machine.vm, KVM_CREATE_VCPU, (long)id), "KVM_CREATE_VCPU");
	c->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
	if (c->run == MAP_FAILED)
		die("kvm_run: %s", strerror(errno));
	need(ioctl(machine.kvm, KVM_GET_SUPPORTED_CPUID, table), "KVM_GET_SUPPORTED_CPUID");
	for (i = 0; i < table->nent; i++)
		cpuid_place(&table->entries[i], id);
	need(ioctl(c->fd, KVM_SET_CPUID2, table), "KVM_SET_CPUID2");
	free(table);
}

/* Nothing is in memory's holes: reads are all ones. */
static void exit_mmio(struct kvm_run *run)
{
	if (!run->mmio.is_write)
		memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
}

static void exit_port(struct kvm_run *run)
{
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	uint32_t i;

	for (i = 0; i < run->io.count; i++, data += run->io.size)
		dev_port(&machine, run->io.port, data, run->io.size,
			 run->io.direction == KVM_EXIT_IO_OUT);
}

static void __attribute__((noreturn)) exit_unexpected(struct cpu *c)
{
	struct kvm_regs r = { };

	ioctl(c->fd, KVM_GET_REGS, &r);
	die("vCPU %d: exit %u (%#x) at rip %#llx", c->id, c->run->exit_reason,
	    c->run->exit_reason == KVM_EXIT_INTERNAL_ERROR ?
	    c->run->internal.suberror : 0, r.rip);
}

static void *cpu_loop(void *arg)
{
	struct cpu *c = arg;

	for (;;) {
		if (ioctl(c->fd, KVM_RUN, 0ul) < 0) {
			if (errno != EINTR && errno != EAGAIN)
				die("vCPU %d: KVM_RUN: %s", c->id, strerror(errno));
			continue;
		}
		switch (c->run->exit_reason) {
		case KVM_EXIT_IO:
			exit_port(c->run);
			break;
		case KVM_EXIT_MMIO:
			exit_mmio(c->run);
			break;
		case KVM_EXIT_SHUTDOWN:
			fprintf(stderr, "vmm: vCPU %d: triple fault\n", c->id);
			_exit(1);
		default:
			exit_unexpected(c);
		}
	}
	return NULL;
}

static void usage(void)
{
	fprintf(stderr, "usage: vmm [-c VCPUS] [-m MIB] KERNEL INITRD WORDS\n");
	exit(2);
}

int main(int argc, char **argv)
{
	int i, opt;

	while ((opt = getopt(argc, argv, "c:m:")) != -1) {
		if (opt == 'c')
			machine.cpus = atoi(optarg);
		else if (opt == 'm')
			machine.size = strtoul(optarg, NULL, 0) << 20;
		else
			usage();
	}
	if (argc - optind != 3 || machine.cpus < 1 || machine.cpus > CPUS_MAX ||
	    machine.size < 64ul << 20 || machine.size > 3072ul << 20)
		usage();
	setvbuf(stdout, NULL, _IONBF, 0);
	machine_create(&machine);
	boot_load(&machine, argv[optind], argv[optind + 1], argv[optind + 2]);
	for (i = 0; i < machine.cpus; i++)
		cpu_create(&cpu[i], i);
	boot_enter(&machine, cpu[0].fd);
	/* the others wait for INIT and SIPI inside of KVM_RUN */
	for (i = 1; i < machine.cpus; i++)
		if (pthread_create(&cpu[i].thread, NULL, cpu_loop, &cpu[i]))
			die("no thread for vCPU %d", i);
	cpu_loop(&cpu[0]);
	return 2;
}
