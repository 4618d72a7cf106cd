// SPDX-License-Identifier: GPL-2.0-only
/* A program's machine, its threads, and what all calls need. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include "core/uapi.h"
#include "tests/fuzz/kvm.h"

/* A guest that goes in circles is left after so long. */
#define RUN_NS		8000000

struct world world;
__thread uint8_t *scratch;
static __thread timer_t timer;

const struct op ops[] = {
	{ "run", op_run, 30 },
	{ "guest", op_guest, 6 },
	{ "state", op_state, 16 },
	{ "msrs", op_msrs, 5 },
	{ "cpuid", op_cpuid, 2 },
	{ "event", op_event, 6 },
	{ "debug", op_debug, 3 },
	{ "cpu_misc", op_cpu_misc, 6 },
	{ "spoil_run", op_spoil_run, 2 },
	{ "l2", op_l2, 4 },
	{ "slot", op_slot, 6 },
	{ "dirty", op_dirty, 5 },
	{ "ring", op_ring, 3 },
	{ "io", op_io, 4 },
	{ "irqfd", op_irqfd, 4 },
	{ "line", op_line, 4 },
	{ "msi", op_msi, 3 },
	{ "routes", op_routes, 2 },
	{ "cap", op_cap, 2 },
	{ "filter", op_filter, 2 },
	{ "vm_misc", op_vm_misc, 4 },
	{ "cpu_new", op_cpu_new, 1 },
	{ "any", op_any, 3 },
	{ "stats", op_stats, 1 },
	{ "madvise", op_madvise, 6 },
	{ "map", op_map, 3 },
	{ "fork", op_fork, 2 },
	{ "write", op_write, 4 },
	{ "hotplug", op_hotplug, 1 },
	{ "signal", op_signal, 2 },
	{ "witness", op_witness, 6 },
	{ "witness_memory", op_witness_memory, 6 },
	{ "program", op_program, 24 },
	{ "l2_program", op_l2_program, 6 },
	{ "hv", op_hv, 5 },
	{ "smm", op_smm, 4 },
	{ "system", op_system, 2 },
};
const unsigned int ops_nr = sizeof(ops) / sizeof(ops[0]);

void finding(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(finding_text, FINDING_SIZE, fmt, ap);
	va_end(ap);
	_exit(1);
}

struct vcpu *call_cpu(const struct call *c)
{
	unsigned int n = below(4) ? c->thread : c->arg;

	return &world.cpu[n % world.cpus];
}

static void *pointer(void)
{
	switch (below(24)) {
	case 0:
		return NULL;
	case 1:
		return scratch + 8192 - below(64);
	default:
		return scratch;
	}
}

int call_ioctl(int fd, unsigned long req, const void *arg, size_t size)
{
	memcpy(scratch, arg, size);
	spoil(scratch, size);
	return ioctl(fd, req, pointer());
}

static void on_signal(int sig)
{
}

int cpu_run(struct vcpu *cpu)
{
	struct itimerspec t = { .it_value = { 0, RUN_NS }, .it_interval = { 0, RUN_NS } };
	int r;

	timer_settime(timer, 0, &t, NULL);
	r = ioctl(cpu->fd, KVM_RUN, 0ul);
	t = (struct itimerspec){ { 0, 0 }, { 0, 0 } };
	timer_settime(timer, 0, &t, NULL);
	return r;
}

static void thread_prepare(unsigned int nr)
{
	struct sigevent e = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM };

	e._sigev_un._tid = syscall(SYS_gettid);
	if (timer_create(CLOCK_MONOTONIC, &e, &timer))
		_exit(1);
	scratch = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	if (scratch == MAP_FAILED)
		_exit(1);
	munmap(scratch + 8192, 4096);
	cov_start(nr);
}

static void *thread(void *arg)
{
	uintptr_t nr = (uintptr_t)arg;
	const struct prog *p = world.prog;
	const struct call *c;

	if (nr)
		thread_prepare(nr);
	for (c = p->call; c < p->call + p->n; c++) {
		if (world.threads && c->thread != nr)
			continue;
		rnd_start(c->seed, c->arg);
		ops[c->op].fn(c);
	}
	return NULL;
}

/* ---- the machine ---- */

static void chips_make(enum chips kind)
{
	struct kvm_enable_cap split = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } };
	struct kvm_pit_config pit = { .flags = below(2) };

	if (kind == CHIPS_SPLIT)
		ioctl(vm.fd, KVM_ENABLE_CAP, &split);
	if (kind >= CHIPS_ALL)
		ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul);
	if (kind == CHIPS_PIT)
		ioctl(vm.fd, KVM_CREATE_PIT2, &pit);
}

static void rings_make(void)
{
	struct kvm_enable_cap ring = { .cap = KVM_CAP_DIRTY_LOG_RING_ACQ_REL };

	ring.args[0] = 4096 << below(3);
	if (!ioctl(vm.fd, KVM_ENABLE_CAP, &ring))
		world.ring = ring.args[0];
	ring = (struct kvm_enable_cap){ .cap = KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP };
	if (below(2))
		ioctl(vm.fd, KVM_ENABLE_CAP, &ring);
}

static void world_make(const struct setup *s)
{
	unsigned int i;

	rnd_start(s->seed, 3);
	vm_new(&vm, 0);
	memory_make(s->memory % MEM_KINDS);
	world.arena = mem_new(ARENA, below(2) ? MADV_HUGEPAGE : 0);
	chips_make(s->chips % CHIPS_KINDS);
	if (s->flags & WITH_RINGS)
		rings_make();
	if (s->flags & WITH_CAPS)
		caps_random();
	for (i = 0; i < 4; i++)
		world.events[i] = eventfd(0, EFD_NONBLOCK);
	world.cpus = 1 + s->cpus % CPUS_MAX;
	for (i = 0; i < world.cpus; i++) {
		vcpu_new(&vm, &world.cpu[i], i);
		if (s->flags & WITH_HV)
			hv_make(&world.cpu[i]);
	}
	world.threads = s->flags & WITH_THREADS;
	guests_make();
	if (s->flags & WITH_WITNESS)
		witness_make();
}

/* By hand: what a process does while it ends is not noted. */
static void world_end(void)
{
	unsigned int i;

	for (i = 0; i < world.cpus; i++)
		vcpu_close(&world.cpu[i]);
	vm_close(&vm);
}

void prog_run(const struct prog *p)
{
	struct sigaction sa = { .sa_handler = on_signal };
	pthread_t t[THREADS];
	uintptr_t i;

	sigaction(SIGALRM, &sa, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	world.prog = p;
	thread_prepare(0);
	world_make(&p->setup);
	for (i = 1; world.threads && i < THREADS; i++)
		if (pthread_create(&t[i], NULL, thread, (void *)i))
			_exit(1);
	thread(NULL);
	for (i = 1; world.threads && i < THREADS; i++)
		pthread_join(t[i], NULL);
	world_end();
	_exit(0);
}
