// SPDX-License-Identifier: GPL-2.0-only
/* vCPUs: many, at once, wrong ones, and the end of them in every order. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "lib.h"

static struct vm vm;
static struct vcpu v;

static int vcpu_create(unsigned long id)
{
	return ioctl(vm.fd, KVM_CREATE_VCPU, id);
}

static void ids(void)
{
	unsigned long max, max_id;
	int fd;

	vm_new(&vm, 0);
	max = vm_cap(&vm, KVM_CAP_MAX_VCPUS);
	max_id = vm_cap(&vm, KVM_CAP_MAX_VCPU_ID);
	CHECK(max >= (unsigned long)vm_cap(&vm, KVM_CAP_NR_VCPUS));
	if (!max_id)
		max_id = max;
	fd = OK(vcpu_create(0));
	ERR(vcpu_create(0), EEXIST);
	ERR(vcpu_create(max_id), EINVAL);
	ERR(vcpu_create(0xffffffff), EINVAL);
	OK(vcpu_create(max_id - 1));
	ERR(vcpu_create(max_id - 1), EEXIST);
	OK(vcpu_create(7));
	/* Closing its fd does not take a vCPU out of the VM. */
	close(fd);
	ERR(vcpu_create(0), EEXIST);
}

/* As many as the VM says; each of them can be asked. */
static void most_vcpus(void)
{
	struct rlimit files = { 5000, 5000 };
	struct kvm_regs r;
	int max, i, fd;

	vm_new(&vm, 0);
	max = vm_cap(&vm, KVM_CAP_MAX_VCPUS);
	if (setrlimit(RLIMIT_NOFILE, &files))
		test_skip("cannot open that many files");
	for (i = 0; i < max; i++) {
		fd = vcpu_create(i);
		if (fd < 0)
			FAIL("vCPU %d of %d: %s", i, max,
			     strerrorname_np(errno));
		OK(ioctl(fd, KVM_GET_REGS, &r));
		CHECK_EQ(r.rip, 0xfff0);
	}
	if (vm_cap(&vm, KVM_CAP_MAX_VCPU_ID) > max)
		ERR(vcpu_create(max), EINVAL);
}

/* SDM vol. 3, table 10-1: what INIT and RESET leave. */
static void reset_state(void)
{
	struct kvm_sregs s;
	struct kvm_regs r;
	struct kvm_mp_state mp;

	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	r = vcpu_regs(&v);
	s = vcpu_sregs(&v);
	CHECK_EQ(r.rip, 0xfff0);
	CHECK_EQ(r.rflags, 2);
	CHECK_EQ(r.rax | r.rbx | r.rcx | r.rsi | r.rdi | r.rbp | r.rsp, 0);
	CHECK_EQ(s.cr0, 0x60000010);
	CHECK_EQ(s.cr2 | s.cr3 | s.cr4 | s.cr8 | s.efer, 0);
	CHECK_EQ(s.cs.selector, 0xf000);
	CHECK_EQ(s.cs.base, 0xffff0000);
	CHECK_EQ(s.cs.limit, 0xffff);
	CHECK_EQ(s.ds.selector | s.ds.base, 0);
	CHECK_EQ(s.ds.limit, 0xffff);
	CHECK_EQ(s.gdt.limit, 0xffff);
	CHECK_EQ(s.idt.limit, 0xffff);
	OK(ioctl(v.fd, KVM_GET_MP_STATE, &mp));
	CHECK_EQ(mp.mp_state, KVM_MP_STATE_RUNNABLE);
}

/* RBX: rounds; RSI: shared counter, RDI: a lock and what it guards. */
GUEST(64, g_hammer,
      "1: lock incq (%rsi)\n"
      "2: mov $1, %eax\n xchg %eax, (%rdi)\n test %eax, %eax\n jz 3f\n"
      "pause\n jmp 2b\n"
      "3: mov 8(%rdi), %rcx\n inc %rcx\n mov %rcx, 8(%rdi)\n"
      "movl $0, (%rdi)\n dec %rbx\n jnz 1b\n" DONE);

#define ROUNDS 3000

static void *hammer(void *arg)
{
	vcpu_until(arg, PORT_DONE);
	return NULL;
}

static void atomics(int n)
{
	struct vcpu cpu[8];
	pthread_t t[8];
	int i;

	vm_new(&vm, 0);
	for (i = 0; i < n; i++) {
		vcpu_new(&vm, &cpu[i], i);
		vcpu_code(&cpu[i], MODE_LONG, g_hammer);
		vcpu_set_regs(&cpu[i], &(struct kvm_regs){
			.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			.rbx = ROUNDS, .rsi = 0x800000, .rdi = 0x900000 });
	}
	for (i = 0; i < n; i++)
		OK(-pthread_create(&t[i], NULL, hammer, &cpu[i]));
	for (i = 0; i < n; i++)
		pthread_join(t[i], NULL);
	CHECK_EQ(*vm_u64(&vm, 0x800000), n * ROUNDS);
	CHECK_EQ(*vm_u64(&vm, 0x900008), n * ROUNDS);
}

static void atomics_two(void)
{
	atomics(2);
}

static void atomics_eight(void)
{
	atomics(8);
}

/* RSI: from, RCX: pages; each page's first word counted up once. */
GUEST(64, g_sweep,
      "1: lock incq (%rsi)\n add $4096, %rsi\n dec %rcx\n jnz 1b\n" DONE);

/* All fault on the same fresh pages at the same time. */
static void faults_at_once(void)
{
	struct vcpu cpu[4];
	pthread_t t[4];
	uint64_t off;
	int i;

	vm_new(&vm, 0);
	for (i = 0; i < 4; i++) {
		vcpu_new(&vm, &cpu[i], i);
		vcpu_code(&cpu[i], MODE_LONG, g_sweep);
		vcpu_set_regs(&cpu[i], &(struct kvm_regs){
			.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			.rcx = 2048, .rsi = 0x800000 });
	}
	for (i = 0; i < 4; i++)
		OK(-pthread_create(&t[i], NULL, hammer, &cpu[i]));
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	for (off = 0; off < 2048 * 4096; off += 4096)
		CHECK_EQ(*vm_u64(&vm, 0x800000 + off), 4);
}

/* Bochs lets no interrupt end a guest that runs with IF clear. */
GUEST(64, g_spin, "sti\n 1: jmp 1b\n");

static volatile bool stop;

static void on_signal(int sig)
{
	(void)sig;
}

static void *spinner(void *arg)
{
	struct vcpu *c = arg;

	while (!stop)
		if (ioctl(c->fd, KVM_RUN, 0ul) < 0 && errno != EINTR)
			FAIL("KVM_RUN: %s", strerrorname_np(errno));
	return NULL;
}

/* vCPUs made and closed while another runs and is kicked all the time. */
static void create_under_kicks(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct vcpu other;
	pthread_t t;
	int i;

	OK(sigaction(SIGUSR1, &sa, NULL));
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_spin);
	OK(-pthread_create(&t, NULL, spinner, &v));
	for (i = 1; i <= 40; i++) {
		vcpu_raw(&vm, &other, i);
		pthread_kill(t, SIGUSR1);
		vcpu_regs(&other);
		vcpu_close(&other);
	}
	stop = true;
	v.run->immediate_exit = 1;
	pthread_kill(t, SIGUSR1);
	pthread_join(t, NULL);
}

static void *creator(void *arg)
{
	long made = 0, fd, id;

	(void)arg;
	for (id = 1; id < 60; id++) {
		fd = vcpu_create(id);
		if (fd >= 0) {
			made++;
			close(fd);
		} else {
			CHECK_EQ(errno, EEXIST);
		}
	}
	return (void *)made;
}

/* Threads race for the same ids: each is made by exactly one of them. */
static void create_race(void)
{
	pthread_t t[4];
	void *made;
	long sum = 0;
	int i;

	vm_new(&vm, 0);
	for (i = 0; i < 4; i++)
		OK(-pthread_create(&t[i], NULL, creator, NULL));
	for (i = 0; i < 4; i++) {
		pthread_join(t[i], &made);
		sum += (long)made;
	}
	CHECK_EQ(sum, 59);
}

/* One thread runs it: another gets its turn only behind an exit. */
static void run_while_running(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct kvm_regs r;
	pthread_t t;

	OK(sigaction(SIGUSR1, &sa, NULL));
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_spin);
	OK(-pthread_create(&t, NULL, spinner, &v));
	usleep(20000);
	stop = true;
	v.run->immediate_exit = 1;
	pthread_kill(t, SIGUSR1);
	r = vcpu_regs(&v);
	/* At STI, or in the loop behind it. */
	CHECK(r.rip - GPA_CODE <= 1);
	pthread_join(t, NULL);
}

/* Another process has the fds, but not the memory: EIO. */
static void other_process(void)
{
	struct kvm_userspace_memory_region slot = { .slot = 5 };
	struct kvm_regs r;
	int status;
	pid_t pid;

	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	pid = OK(fork());
	if (pid == 0) {
		ERR(ioctl(v.fd, KVM_RUN, 0ul), EIO);
		ERR(ioctl(v.fd, KVM_GET_REGS, &r), EIO);
		ERR(ioctl(vm.fd, KVM_CREATE_VCPU, 1ul), EIO);
		ERR(ioctl(vm.fd, KVM_SET_USER_MEMORY_REGION, &slot), EIO);
		ERR(ioctl(vm.fd, KVM_CHECK_EXTENSION, KVM_CAP_NR_MEMSLOTS),
		    EIO);
		_exit(0);
	}
	OK(waitpid(pid, &status, 0));
	if (status)
		_exit(1);
	vcpu_regs(&v);
}

/* The VM lives as long as one of its vCPUs. */
static void vcpu_outlives_vm(void)
{
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_hammer);
	vcpu_set_regs(&v, &(struct kvm_regs){
		.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2, .rbx = 10,
		.rsi = 0x800000, .rdi = 0x900000 });
	close(vm.fd);
	close(vm.kvm);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(*vm_u64(&vm, 0x800000), 10);
	close(v.fd);
	/* The run page is mapped still. */
	CHECK_EQ(v.run->exit_reason, KVM_EXIT_IO);
	munmap(v.run, v.run_size);
}

/* A process killed in the middle of it. */
static void killed(void)
{
	int i, status;
	pid_t pid;

	for (i = 0; i < 10; i++) {
		pid = OK(fork());
		if (pid == 0) {
			struct vcpu second;
			pthread_t t;

			vm_new(&vm, 0);
			vcpu_new(&vm, &v, 0);
			vcpu_new(&vm, &second, 1);
			vcpu_code(&v, MODE_LONG, g_spin);
			vcpu_code(&second, MODE_LONG, g_spin);
			pthread_create(&t, NULL, spinner, &second);
			spinner(&v);
		}
		usleep(10000 + i * 5000);
		OK(kill(pid, SIGKILL));
		OK(waitpid(pid, &status, 0));
		CHECK(WIFSIGNALED(status));
	}
}

static void mp_state(void)
{
	struct kvm_mp_state mp = { .mp_state = KVM_MP_STATE_HALTED };

	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	/* Without an irqchip in the kernel only "runnable" has a meaning. */
	ERR(ioctl(v.fd, KVM_SET_MP_STATE, &mp), EINVAL);
	mp.mp_state = 4711;
	ERR(ioctl(v.fd, KVM_SET_MP_STATE, &mp), EINVAL);
	mp.mp_state = KVM_MP_STATE_RUNNABLE;
	OK(ioctl(v.fd, KVM_SET_MP_STATE, &mp));
	OK(ioctl(v.fd, KVM_GET_MP_STATE, &mp));
	CHECK_EQ(mp.mp_state, KVM_MP_STATE_RUNNABLE);
}

/*
 * VMMs that keep their interrupt controllers to themselves ask for routing
 * all the same.  There is nothing to route to before a controller is made.
 */
static void gsi_routing(void)
{
	struct {
		struct kvm_irq_routing table;
		struct kvm_irq_routing_entry entry[2];
	} r = { };

	vm_new(&vm, 0);
	CHECK_EQ(ioctl(vm.kvm, KVM_CHECK_EXTENSION, KVM_CAP_IRQ_ROUTING), 4096);
	ERR(ioctl(vm.fd, KVM_SET_GSI_ROUTING, &r), EINVAL);
	r.table.nr = 1;
	r.entry[0].type = KVM_IRQ_ROUTING_MSI;
	ERR(ioctl(vm.fd, KVM_SET_GSI_ROUTING, &r), EINVAL);
	r.entry[0].type = KVM_IRQ_ROUTING_IRQCHIP;
	ERR(ioctl(vm.fd, KVM_SET_GSI_ROUTING, &r), EINVAL);
	r.table.nr = 4097;
	ERR(ioctl(vm.fd, KVM_SET_GSI_ROUTING, &r), EINVAL);
	r.table.flags = 1;
	ERR(ioctl(vm.fd, KVM_SET_GSI_ROUTING, &r), EINVAL);
	ERR(ioctl(vm.fd, KVM_SET_GSI_ROUTING, (void *)16), EFAULT);
}

static const struct test_case cases[] = {
	{ "ids", ids, 0 },
	{ "most_vcpus", most_vcpus, 120 },
	{ "reset_state", reset_state, 0 },
	{ "atomics_two", atomics_two, 120 },
	{ "atomics_eight", atomics_eight, 120 },
	{ "faults_at_once", faults_at_once, 120 },
	{ "create_under_kicks", create_under_kicks, 120 },
	{ "create_race", create_race, 0 },
	{ "run_while_running", run_while_running, 0 },
	{ "other_process", other_process, 0 },
	{ "vcpu_outlives_vm", vcpu_outlives_vm, 0 },
	{ "killed", killed, 120 },
	{ "mp_state", mp_state, 0 },
	{ "gsi_routing", gsi_routing, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
