// SPDX-License-Identifier: GPL-2.0-only
/*
 * hold [-r VCPUS]: keeps a VM, so that virtualization stays on, until SIGTERM.
 *
 * With -r its vCPUs run: each counts in a word of its own and tells every ROUND
 * counts; a count lost or made twice, or another exit, ends with status 1.
 * SIGUSR1: says "alive" once every vCPU has finished another two rounds.
 * SIGTERM: ends with status 0.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/kvm.h>

#define MEMORY		0x10000ul
#define CODE		0x1000
#define WORDS		0x2000
#define ROUND		20000u
#define CPUS_MAX	16
/* A round takes some ms; a suspended machine's clock stands still. */
#define SECONDS		60

extern const uint8_t g_count[], g_count_end[];

/* BX: the word; ESI: ROUND.  What survives an exit is what the next round needs. */
asm(".pushsection .rodata\n.code16\n"
    "g_count:\n"
    "	mov %esi, %ecx\n"
    "1:	incl (%bx)\n	dec %ecx\n	jnz 1b\n"
    "	out %al, $0x10\n"
    "	jmp g_count\n"
    "g_count_end:\n.code64\n.popsection\n");

struct cpu {
	int id, fd;
	struct kvm_run *run;
	pthread_t thread;
	volatile uint32_t rounds;
};

static struct cpu cpu[CPUS_MAX];
static uint8_t *memory;
static volatile int stop;

static void fail(const char *what)
{
	fprintf(stderr, "hold: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int need(int ret, const char *what)
{
	if (ret < 0)
		fail(what);
	return ret;
}

/* Not the exit or not the count that belongs here: tell where the guest is. */
static void lost(const struct cpu *c, int ret, uint32_t word)
{
	struct kvm_regs r = { };

	ioctl(c->fd, KVM_GET_REGS, &r);
	fprintf(stderr, "hold: vCPU %d: KVM_RUN %d, exit %u, expected count %u, "
		"has %u; rip %llx ecx %llx esi %llx rflags %llx\n",
		c->id, ret, c->run->exit_reason, (c->rounds + 1) * ROUND, word,
		r.rip, r.rcx, r.rsi, r.rflags);
	exit(1);
}

static void *count(void *arg)
{
	struct cpu *c = arg;
	uint32_t *word = (uint32_t *)(memory + WORDS + 64 * c->id);

	while (!stop) {
		int ret = ioctl(c->fd, KVM_RUN, 0ul);

		/* a frozen task's signal */
		if (ret < 0 && errno == EINTR)
			continue;
		need(ret, "KVM_RUN");
		if (c->run->exit_reason != KVM_EXIT_IO ||
		    *word != (c->rounds + 1) * ROUND)
			lost(c, ret, *word);
		c->rounds++;
	}
	return NULL;
}

static void cpu_start(struct cpu *c, int kvm)
{
	int size = need(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0ul), "mmap size");
	struct kvm_regs r = {
		.rip = CODE, .rflags = 2, .rsi = ROUND, .rbx = WORDS + 64 * c->id,
	};
	struct kvm_sregs s;

	c->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
	if (c->run == MAP_FAILED)
		fail("mmap");
	need(ioctl(c->fd, KVM_GET_SREGS, &s), "KVM_GET_SREGS");
	s.cs.base = s.cs.selector = 0;
	need(ioctl(c->fd, KVM_SET_SREGS, &s), "KVM_SET_SREGS");
	need(ioctl(c->fd, KVM_SET_REGS, &r), "KVM_SET_REGS");
	if (pthread_create(&c->thread, NULL, count, c))
		fail("pthread_create");
}

static void progress(int cpus)
{
	uint32_t before[CPUS_MAX];
	int i;

	for (i = 0; i < cpus; i++)
		before[i] = cpu[i].rounds;
	alarm(SECONDS);
	for (i = 0; i < cpus; i++)
		while (cpu[i].rounds - before[i] < 2)
			usleep(1000);
	alarm(0);
	puts("alive");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	int run = argc == 3 && !strcmp(argv[1], "-r") ? atoi(argv[2]) : 0;
	struct kvm_userspace_memory_region slot = { .memory_size = MEMORY };
	int kvm = need(open("/dev/kvm", O_RDWR), "/dev/kvm");
	int vm = need(ioctl(kvm, KVM_CREATE_VM, 0ul), "KVM_CREATE_VM");
	int i, sig, cpus = run ? run : 1;
	sigset_t set;

	if (run < 0 || run > CPUS_MAX)
		return 2;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	slot.userspace_addr = (uintptr_t)memory;
	memcpy(memory + CODE, g_count, g_count_end - g_count);
	need(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot), "memory");
	for (i = 0; i < cpus; i++) {
		cpu[i].id = i;
		cpu[i].fd = need(ioctl(vm, KVM_CREATE_VCPU, i), "KVM_CREATE_VCPU");
		if (run)
			cpu_start(&cpu[i], kvm);
	}
	puts("holding");
	fflush(stdout);
	while (!sigwait(&set, &sig) && sig == SIGUSR1)
		progress(run);
	stop = 1;
	for (i = 0; i < run; i++)
		pthread_join(cpu[i].thread, NULL);
	return 0;
}
