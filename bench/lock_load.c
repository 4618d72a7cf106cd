// SPDX-License-Identifier: GPL-2.0-only
/*
 * lock_load VCPUS...: for each number, a VM whose vCPUs all do what takes locks, and threads
 * beside them that do what takes the others, for bench/lock_plugin.c to watch:
 *
 *   vCPUs    write to their own PART of memory, page by page; a part is taken away
 *            (MADV_DONTNEED) when it is through; every so many pages an IPI to the next
 *   log      dirty log on, read a few times, off, and a slot that comes and goes
 *   ageing   MADV_PAGEOUT without swap: the host looks which pages were used
 *   messages KVM_SIGNAL_MSI, an irqfd, and routes that change, to all vCPUs by turns
 *
 * Each vCPU's thread has a CPU of its own, the last two CPUs are the other threads'.  The
 * instructions at mark() tell the plugin when the vCPUs begin and when they have ended.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include "tests/api/lib.h"

#define VCPUS_MAX	16
#define MEM_GPA		0x40000000ul
#define PAGES		512ul		/* of a part */
#define PART		(PAGES * 4096)
#define ROUNDS		4
#define SPARE_GPA	0x80000000ul
#define SPARE_SIZE	(4ul << 20)
#define STACKS		0x20000ul	/* a page for each vCPU */
#define HANDLER		0x18000ul
#define VECTOR		0x50
#define GSI		24
#define NAP_US		300

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT	21
#endif

/* RBX: the first page, R8: their number, R9: the next vCPU's APIC id */
GUEST(64, g_load,
      "mov $0x80f, %ecx\n mov $0x1ff, %eax\n xor %edx, %edx\n wrmsr\n"
      "sti\n"
      "1: mov %r8, (%rbx)\n"
      "add $4096, %rbx\n"
      "test $0x3f, %r8b\n jnz 2f\n"
      "mov $0x830, %ecx\n mov $0x4050, %eax\n mov %r9d, %edx\n wrmsr\n"
      "2: dec %r8\n jnz 1b\n"
      DONE);
GUEST(64, g_handler,
      "push %rax\n push %rcx\n push %rdx\n"
      "mov $0x80b, %ecx\n xor %eax, %eax\n xor %edx, %edx\n wrmsr\n"
      "pop %rdx\n pop %rcx\n pop %rax\n"
      "iretq\n");

static struct vm vm;
static struct vcpu v[VCPUS_MAX];
static unsigned int vcpus, cpus;
static uint8_t *mem, *spare;
static pthread_barrier_t start;
static volatile bool over;
/* what has been done, to be told */
static unsigned long logs, aged, messages;

static inline void mark(bool begin)
{
	if (begin)
		asm volatile(".byte 0x0f, 0x1f, 0x80\n.long 0x4c4b0001" ::: "memory");
	else
		asm volatile(".byte 0x0f, 0x1f, 0x80\n.long 0x4c4b0002" ::: "memory");
}

static void cpu_take(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu % cpus, &set);
	OK(sched_setaffinity(0, sizeof(set), &set));
}

static void *vcpu_thread(void *arg)
{
	unsigned long i = (unsigned long)arg;
	int round;

	cpu_take(i);
	pthread_barrier_wait(&start);
	for (round = 0; round < ROUNDS; round++) {
		vcpu_set_regs(&v[i], &(struct kvm_regs){
			.rip = GPA_CODE, .rsp = STACKS + (i + 1) * 4096, .rflags = 2,
			.rbx = MEM_GPA + i * PART, .r8 = PAGES, .r9 = (i + 1) % vcpus });
		vcpu_until(&v[i], PORT_DONE);
		/* the other rounds find their pages, and write where the log wants to know */
		if (round % 2)
			OK(madvise(mem + i * PART, PART, MADV_DONTNEED));
	}
	return NULL;
}

static void *log_thread(void *arg)
{
	static uint8_t bitmap[VCPUS_MAX * PAGES / 8];
	struct kvm_dirty_log log = { .slot = 1, .dirty_bitmap = bitmap };
	int i;

	(void)arg;
	cpu_take(cpus - 2);
	pthread_barrier_wait(&start);
	for (; !over; logs++) {
		OK(vm_slot(&vm, SLOT_FLAGS(1, KVM_MEM_LOG_DIRTY_PAGES), MEM_GPA, mem,
			   vcpus * PART));
		for (i = 0; i < 6; i++) {
			OK(ioctl(vm.fd, KVM_GET_DIRTY_LOG, &log));
			usleep(NAP_US);
		}
		OK(vm_slot(&vm, 1, MEM_GPA, mem, vcpus * PART));
		OK(vm_slot(&vm, 2, SPARE_GPA, spare, SPARE_SIZE));
		usleep(NAP_US);
		OK(vm_slot(&vm, 2, 0, NULL, 0));
	}
	return NULL;
}

static void *age_thread(void *arg)
{
	const size_t step = 64 * 4096;
	size_t at = 0;

	(void)arg;
	cpu_take(cpus - 1);
	pthread_barrier_wait(&start);
	for (; !over; aged++) {
		OK(madvise(mem + at, step, MADV_PAGEOUT));
		at = (at + step) % (vcpus * PART);
		usleep(NAP_US);
	}
	return NULL;
}

static void routes_set(unsigned int to)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entry[1];
	} r = { .head.nr = 1, .entry[0] = {
		.gsi = GSI, .type = KVM_IRQ_ROUTING_MSI,
		.u.msi = { .address_lo = 0xfee00000 | to << 12, .data = VECTOR },
	} };

	OK(ioctl(vm.fd, KVM_SET_GSI_ROUTING, &r));
}

static void *message_thread(void *arg)
{
	struct kvm_irqfd f = { .gsi = GSI };
	struct kvm_msi m = { .data = VECTOR };

	(void)arg;
	cpu_take(cpus - 1);
	routes_set(0);
	f.fd = OK(eventfd(0, 0));
	OK(ioctl(vm.fd, KVM_IRQFD, &f));
	pthread_barrier_wait(&start);
	for (; !over; messages++) {
		m.address_lo = 0xfee00000 | (messages % vcpus) << 12;
		OK(ioctl(vm.fd, KVM_SIGNAL_MSI, &m));
		OK(eventfd_write(f.fd, 1));
		if (messages % 16 == 15)
			routes_set(messages / 16 % vcpus);
		usleep(NAP_US);
	}
	close(f.fd);
	return NULL;
}

static void vcpu_make(unsigned int i)
{
	struct kvm_cpuid2 *c = cpuid_supported(vm.kvm);
	struct kvm_mp_state run = { KVM_MP_STATE_RUNNABLE };
	struct kvm_sregs s;

	for (unsigned int n = 0; n < c->nent; n++)
		if (c->entries[n].function == 1)
			c->entries[n].ecx |= 1u << 21;	/* x2APIC */
	vcpu_raw(&vm, &v[i], i);
	OK(ioctl(v[i].fd, KVM_SET_CPUID2, c));
	vcpu_code(&v[i], MODE_LONG, g_load);
	s = vcpu_sregs(&v[i]);
	s.apic_base |= 0xc00;
	s.idt.base = GPA_IDT;
	s.idt.limit = 0xfff;
	vcpu_set_sregs(&v[i], &s);
	OK(ioctl(v[i].fd, KVM_SET_MP_STATE, &run));
	free(c);
}

static void vm_make(void)
{
	unsigned int i;

	vm_new(&vm, 0);
	OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	vm_load(&vm, HANDLER, g_handler, g_handler_end);
	*vm_u64(&vm, GPA_IDT + VECTOR * 16) = (HANDLER & 0xffff) |
		(uint64_t)SEL_CODE64 << 16 | 0x8eull << 40 | (HANDLER & 0xffff0000) << 32;
	mem = mem_new(VCPUS_MAX * PART, MADV_NOHUGEPAGE);
	spare = mem_new(SPARE_SIZE, MADV_NOHUGEPAGE);
	OK(vm_slot(&vm, 1, MEM_GPA, mem, vcpus * PART));
	for (i = 0; i < vcpus; i++)
		vcpu_make(i);
}

static void load(void)
{
	static void *(*const others[])(void *) = { log_thread, age_thread, message_thread };
	pthread_t thread[VCPUS_MAX], other[3];
	unsigned long i;

	cpu_take(cpus - 1);
	vm_make();
	OK(pthread_barrier_init(&start, NULL, vcpus + 4));
	for (i = 0; i < vcpus; i++)
		CHECK_EQ(pthread_create(&thread[i], NULL, vcpu_thread, (void *)i), 0);
	for (i = 0; i < 3; i++)
		CHECK_EQ(pthread_create(&other[i], NULL, others[i], NULL), 0);
	usleep(100000);
	mark(true);
	pthread_barrier_wait(&start);
	for (i = 0; i < vcpus; i++)
		pthread_join(thread[i], NULL);
	mark(false);
	over = true;
	for (i = 0; i < 3; i++)
		pthread_join(other[i], NULL);
	printf("load %u vcpus, %lu pages, %lu logs, %lu aged, %lu messages\n", vcpus,
	       vcpus * ROUNDS * PAGES, logs, aged, messages);
	CHECK(logs && aged && messages);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = { { "load", load, 500 }, { NULL, NULL, 0 } };
	int i, bad = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	for (i = 1; i < argc; i++) {
		vcpus = atoi(argv[i]);
		if (!vcpus || vcpus > VCPUS_MAX || vcpus + 2 > cpus)
			return 2;
		bad |= test_main(1, argv, cases);
	}
	return bad;
}
