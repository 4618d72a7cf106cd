// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asynchronous page faults (msr.rst): a guest that is told of a page which userspace has
 * yet to bring (userfaultfd), and goes on; one that cannot be told; one that turns them
 * on and off; and one beside another that waits for as many as it can.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#include <asm/kvm_para.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "pv.h"
#include "uffd.h"

#define GPA_SLOW	RAM_SIZE	/* pages that come late */
#define SLOW_SIZE	0x500000ul
#define GPA_PF		(GPA_CODE + 0x400)
#define GPA_READY	(GPA_CODE + 0x500)
#define GPA_TICK	(GPA_CODE + 0x600)
#define GPA_TOUCH	(GPA_CODE + 0x700)
#define VEC_READY	0x50
#define VEC_TICK	0x51
#define PORT_ABSENT	0xe0
#define PORT_TICK	0xe3

#define APF		(*(struct kvm_vcpu_pv_apf_data *)(vm.mem + GPA_DATA))
#define ON		(KVM_ASYNC_PF_ENABLED | KVM_ASYNC_PF_DELIVERY_AS_INT)
#define ALWAYS		(ON | KVM_ASYNC_PF_SEND_ALWAYS)

#define QUEUE		32		/* docs/caveats.md: pages of a vCPU */
#define ROUNDS		64
#define CROWD		20		/* vCPUs; each wants QUEUE pages */
#define TOKEN_ALL	0xffffffff

/* Two pages are read at RSI, by loads of 3 bytes; then R10 pages have to be ready. */
GUEST(64, g_reader, "sti\n nop\n mov (%rsi), %rax\n out %al, $0xe1\n add $0x1000, %rsi\n"
      "mov (%rsi), %rbx\n out %al, $0xe2\n 1: pause\n cmp %r9, %r10\n jne 1b\n" DONE);

/*
 * The token to R12.  With R13 the load is left out, as if another task ran; else it is
 * done again when a page is ready.
 */
GUEST(64, g_pf, "mov %cr2, %r12\n out %al, $0xe0\n movl $0, 0x10000\n add $8, %rsp\n"
      "test %r13, %r13\n jz 1f\n addq $3, (%rsp)\n iretq\n"
      "1: sti\n 2: pause\n test %r9, %r9\n jz 2b\n cli\n iretq\n");

/* R9 counts, R14 has the last token. */
GUEST(64, g_ready, "push %rax\n push %rcx\n push %rdx\n mov 0x10004, %r14d\n"
      "movl $0, 0x10004\n inc %r9\n mov $0xfee000b0, %edx\n movl $0, (%rdx)\n"
      "mov $0x4b564d07, %ecx\n mov $1, %eax\n xor %edx, %edx\n wrmsr\n"
      "pop %rdx\n pop %rcx\n pop %rax\n iretq\n");

GUEST(64, g_tick, "push %rdx\n mov $0xfee000b0, %edx\n movl $0, (%rdx)\n pop %rdx\n"
      "out %al, $0xe3\n iretq\n");

/* One page at RSI. */
GUEST(64, g_touch, "sti\n nop\n mov (%rsi), %rax\n out %al, $0xe1\n");

/* One of many: RBX pages at RSI, none of which it waits for; R8 has its flags. */
GUEST(64, g_crowd, "wrmsr\n sti\n nop\n 1: mov (%rsi), %rax\n add $0x1000, %rsi\n"
      "dec %ebx\n jnz 1b\n" DONE);
GUEST(64, g_crowd_pf, "movl $0, (%r8)\n add $8, %rsp\n addq $3, (%rsp)\n iretq\n");

static uint8_t *slow;
static int uffd;

static void gate_set(uint8_t vector, uint64_t handler)
{
	uint64_t *gate = vm_u64(&vm, GPA_IDT + vector * 16);

	gate[0] = (handler & 0xffff) | SEL_CODE64 << 16 | 0x8e0000000000ull;
	gate[1] = 0;
}

static void slow_memory(void)
{
	slow = mem_new(SLOW_SIZE, MADV_NOHUGEPAGE);
	OK(madvise(slow, SLOW_SIZE, MADV_DONTNEED));
	uffd = uffd_register(slow, SLOW_SIZE);
	OK(vm_slot(&vm, 1, GPA_SLOW, slow, SLOW_SIZE));
}

/* Somebody waits for a page; it gets one that begins with a word. */
static void slow_bring(unsigned int page, uint64_t word)
{
	static uint64_t data[512] __attribute__((aligned(4096)));

	CHECK(uffd_wait(uffd) == slow + page * 4096);
	data[0] = word;
	uffd_give(uffd, slow + page * 4096, data);
}

static void regs_start(uint64_t flags, bool leave, uint64_t ready)
{
	vcpu_set_regs(&v, &(struct kvm_regs){ .rip = GPA_CODE, .rsp = GPA_STACK,
			      .rflags = flags, .rsi = GPA_SLOW, .r13 = leave,
			      .r10 = ready });
}

static void handlers(void)
{
	vm_load(&vm, GPA_PF, g_pf, g_pf_end);
	vm_load(&vm, GPA_READY, g_ready, g_ready_end);
	vm_load(&vm, GPA_TICK, g_tick, g_tick_end);
	gate_set(14, GPA_PF);
	gate_set(VEC_READY, GPA_READY);
	gate_set(VEC_TICK, GPA_TICK);
}

/* @bits: the guest enables it, by WRMSR, which restores nothing; 0: it does not. */
static void machine(uint64_t bits)
{
	pv_machine(1);
	msr_code(&v);
	if (bits) {
		CHECK(guest_set(MSR_KVM_ASYNC_PF_INT, VEC_READY));
		CHECK(guest_set(MSR_KVM_ASYNC_PF_EN, GPA_DATA | bits));
	}
	vcpu_code(&v, MODE_LONG, g_reader);
	exc_setup(&v);
	handlers();
	slow_memory();
}

static void msi(uint8_t vector)
{
	struct kvm_msi m = { .address_lo = 0xfee00000, .data = vector };

	OK(ioctl(vm.fd, KVM_SIGNAL_MSI, &m));
}

static void absent(void)
{
	vcpu_until(&v, PORT_ABSENT);
	CHECK_EQ(APF.flags, KVM_PV_REASON_PAGE_NOT_PRESENT);
	CHECK(vcpu_regs(&v).r12);
}

static void expect(uint64_t rax, uint64_t rbx, uint64_t ready)
{
	struct kvm_regs r = vcpu_regs(&v);

	CHECK_EQ(r.rax, rax);
	CHECK_EQ(r.rbx, rbx);
	CHECK_EQ(r.r9, ready);
}

/* The second page is there from the start. */
static void present(void)
{
	static uint64_t data[512] __attribute__((aligned(4096))) = { 0x222 };

	uffd_give(uffd, slow + 4096, data);
}

static void registers(void)
{
	pv_machine(1);
	CHECK_EQ(vm_cap(&vm, KVM_CAP_ASYNC_PF), 1);
	CHECK_EQ(vm_cap(&vm, KVM_CAP_ASYNC_PF_INT), 1);
	msr_code(&v);
	CHECK(guest_set(MSR_KVM_ASYNC_PF_INT, 0xff));
	CHECK(!guest_set(MSR_KVM_ASYNC_PF_INT, 0x100));
	CHECK_EQ(host_msr(MSR_KVM_ASYNC_PF_INT), 0xff);
	CHECK(guest_set(MSR_KVM_ASYNC_PF_ACK, 1));
	CHECK_EQ(guest_msr(MSR_KVM_ASYNC_PF_ACK), 0);
	CHECK(!guest_set(MSR_KVM_ASYNC_PF_EN, GPA_DATA | 0x11));
	CHECK(!guest_set(MSR_KVM_ASYNC_PF_EN, GPA_DATA | 0x21));
	CHECK_EQ(host_set(MSR_KVM_ASYNC_PF_EN, GPA_DATA | 0x21), 0);
	CHECK(guest_set(MSR_KVM_ASYNC_PF_EN, GPA_DATA | ALWAYS));
	CHECK_EQ(host_msr(MSR_KVM_ASYNC_PF_EN), GPA_DATA | ALWAYS);
	CHECK_EQ(host_set(MSR_KVM_ASYNC_PF_EN, 0), 1);
	CHECK_EQ(guest_msr(MSR_KVM_ASYNC_PF_EN), 0);
}

/* Nobody could be told that a page is ready. */
static void without_lapic(void)
{
	msr_machine();
	CHECK(!guest_set(MSR_KVM_ASYNC_PF_EN, GPA_DATA | ON));
	CHECK(guest_set(MSR_KVM_ASYNC_PF_EN, 0));
	CHECK_EQ(host_set(MSR_KVM_ASYNC_PF_EN, GPA_DATA | ON), 0);
}

static void told(void)
{
	uint64_t token;

	machine(ALWAYS);
	present();
	regs_start(2, false, 1);
	absent();
	token = vcpu_regs(&v).r12;
	slow_bring(0, 0x111);
	vcpu_until(&v, 0xe1);
	CHECK_EQ(vcpu_regs(&v).r14, token);
	vcpu_until(&v, 0xe2);
	vcpu_until(&v, PORT_DONE);
	expect(0x111, 0x222, 1);
	CHECK_EQ(APF.token, 0);
}

/* Both loads are left out; the guest hears of one page after the other. */
static void two_pages(void)
{
	uint64_t token[2];

	machine(ALWAYS);
	regs_start(2, true, 2);
	absent();
	token[0] = vcpu_regs(&v).r12;
	vcpu_until(&v, 0xe1);
	absent();
	token[1] = vcpu_regs(&v).r12;
	CHECK(token[0] != token[1]);
	slow_bring(0, 0x111);
	slow_bring(1, 0x222);
	vcpu_until(&v, 0xe2);
	vcpu_until(&v, PORT_DONE);
	expect(0, 0, 2);
	CHECK(vcpu_regs(&v).r14 == token[0] || vcpu_regs(&v).r14 == token[1]);
}

/* Without SEND_ALWAYS a program is told, ... */
static void told_user(void)
{
	struct kvm_sregs s;

	machine(ON);
	present();
	s = vcpu_sregs(&v);
	s.cs.selector = SEL_UCODE64;
	s.ss.selector = SEL_UDATA;
	s.cs.dpl = s.ss.dpl = 3;
	vcpu_set_sregs(&v, &s);
	regs_start(0x3002, false, 1);
	absent();
	slow_bring(0, 0x111);
	vcpu_until(&v, 0xe1);
	vcpu_until(&v, 0xe2);
	vcpu_until(&v, PORT_DONE);
	expect(0x111, 0x222, 1);
}

/* An interrupt, once somebody waits for a page. */
static void *late(void *arg)
{
	struct pollfd p = { .fd = uffd, .events = POLLIN };

	CHECK_EQ(poll(&p, 1, 20000), 1);
	msi(VEC_TICK);
	return NULL;
}

static void waits(void)
{
	pthread_t thread;

	CHECK(!pthread_create(&thread, NULL, late, NULL));
	vcpu_until(&v, PORT_TICK);
	CHECK(!pthread_join(thread, NULL));
	slow_bring(0, 0x111);
	vcpu_until(&v, 0xe1);
}

/* ... and a kernel waits, but for interrupts. */
static void kernel_waits(void)
{
	machine(ON);
	present();
	regs_start(2, false, 0);
	waits();
	vcpu_until(&v, 0xe2);
	vcpu_until(&v, PORT_DONE);
	expect(0x111, 0x222, 0);
}

/* While the last "not present" is not taken note of, the guest is told of no other. */
static void flags_busy(void)
{
	machine(ALWAYS);
	APF.flags = KVM_PV_REASON_PAGE_NOT_PRESENT;
	present();
	regs_start(2, false, 0);
	waits();
	expect(0x111, 0, 0);
}

/* A guest that comes from elsewhere: all its tasks are woken. */
static void restored(void)
{
	machine(0);
	CHECK_EQ(host_set(MSR_KVM_ASYNC_PF_EN, GPA_DATA | ALWAYS), 1);
	CHECK_EQ(host_set(MSR_KVM_ASYNC_PF_INT, VEC_READY), 1);
	present();
	regs_start(2, true, 1);
	/* Not before it has been told that all are awake: then as ever. */
	absent();
	expect(0, 0, 1);
	CHECK_EQ(vcpu_regs(&v).r14, TOKEN_ALL);
}

/* What is on its way when it is disabled is never told. */
static void disabled(void)
{
	machine(ALWAYS);
	present();
	regs_start(2, true, 0);
	absent();
	CHECK_EQ(host_set(MSR_KVM_ASYNC_PF_EN, 0), 1);
	slow_bring(0, 0x111);
	vcpu_until(&v, 0xe1);
	vcpu_until(&v, 0xe2);
	vcpu_until(&v, PORT_DONE);
	expect(0, 0x222, 0);
	CHECK_EQ(APF.token, 0);
}

/* The VM goes, and with the process all else; the page never comes. */
static void never(void)
{
	machine(ALWAYS);
	regs_start(2, true, 0);
	absent();
	vcpu_close(&v);
	vcpu_close(&w);
	vm_close(&vm);
}

/* ---- on and off ---- */

static void machine_touch(void)
{
	machine(0);
	msr_code(&v);
	handlers();
	vm_load(&vm, GPA_TOUCH, g_touch, g_touch_end);
}

static struct kvm_regs touch(unsigned int page)
{
	vcpu_set_regs(&v, &(struct kvm_regs){ .rip = GPA_TOUCH, .rsp = GPA_STACK,
			      .rflags = 2, .rsi = GPA_SLOW + page * 4096, .r13 = 1 });
	do
		vcpu_expect(&v, KVM_EXIT_IO);
	while (v.run->io.port == PORT_ABSENT);
	CHECK_EQ(v.run->io.port, 0xe1);
	return vcpu_regs(&v);
}

static void guest_on(void)
{
	CHECK(guest_set(MSR_KVM_ASYNC_PF_INT, VEC_READY));
	CHECK(guest_set(MSR_KVM_ASYNC_PF_EN, GPA_DATA | ALWAYS));
}

static void guest_off(void)
{
	CHECK(guest_set(MSR_KVM_ASYNC_PF_EN, 0));
}

static void host_on(void)
{
	CHECK_EQ(host_set(MSR_KVM_ASYNC_PF_EN, GPA_DATA | ALWAYS), 1);
	CHECK_EQ(host_set(MSR_KVM_ASYNC_PF_INT, VEC_READY), 1);
}

static void host_off(void)
{
	CHECK_EQ(host_set(MSR_KVM_ASYNC_PF_EN, 0), 1);
}

/* INIT; and on with what was before. */
static void init_off(void)
{
	struct kvm_msi init = { .address_lo = 0xfee00000, .data = 0x4500 };
	struct kvm_sregs s = vcpu_sregs(&v);
	struct kvm_mp_state mp;

	OK(ioctl(vm.fd, KVM_SIGNAL_MSI, &init));
	OK(ioctl(v.fd, KVM_GET_MP_STATE, &mp));
	CHECK_EQ(host_msr(MSR_KVM_ASYNC_PF_EN), 0);
	vcpu_set_sregs(&v, &s);
	lapic_on(&v);
}

/* Whoever was told of a page hears of all when it is on again, and only then. */
static void off_on(void)
{
	struct kvm_regs r;

	machine_touch();
	guest_on();
	CHECK(touch(0).r12);
	guest_off();
	slow_bring(0, 0x111);
	r = touch(0);
	CHECK_EQ(r.rax, 0x111);
	CHECK_EQ(r.r9, 0);
	CHECK_EQ(APF.token, 0);
	guest_on();
	r = touch(0);
	CHECK_EQ(r.r9, 1);
	CHECK_EQ(r.r14, TOKEN_ALL);
	guest_off();
	guest_on();
	CHECK_EQ(touch(0).r9, 0);
}

static struct way {
	void (*on)(void), (*off)(void);
} guest_way = { guest_on, guest_off }, host_way = { host_on, host_off },
  init_way = { guest_on, init_off };
static volatile bool stop;

/* Each time the guest is told of another page that is absent, and later of all. */
static void *toggle(void *arg)
{
	const struct way *way = arg;
	struct kvm_regs r;
	unsigned int i;

	for (i = 0; i < ROUNDS && !stop; i++) {
		way->on();
		r = touch(i);
		CHECK(stop || r.r12);
		CHECK(!i || r.r9 == 1);
		CHECK(!i || r.r14 == TOKEN_ALL);
		way->off();
	}
	return NULL;
}

/* So many pages are on their way, and the vCPU waits for the next one; then for none. */
static void toggled(struct way *way)
{
	struct pollfd p = { .fd = uffd, .events = POLLIN };
	static uint64_t data[512] __attribute__((aligned(4096)));
	static uint8_t *page[QUEUE + 1];
	struct kvm_regs r;
	pthread_t thread;
	uint64_t token;
	int i;

	CHECK(!pthread_create(&thread, NULL, toggle, way));
	for (i = 0; i <= QUEUE; i++)
		page[i] = uffd_wait(uffd);
	CHECK_EQ(poll(&p, 1, 2000), 0);
	stop = true;
	for (i = 0; i <= QUEUE; i++)
		uffd_give(uffd, page[i], data);
	CHECK(!pthread_join(thread, NULL));
	usleep(500000);
	way->on();
	token = touch(ROUNDS).r12;
	CHECK(token);
	slow_bring(ROUNDS, 0);
	do
		r = touch(ROUNDS);
	while (!r.r9);
	CHECK_EQ(r.r14, token);
}

static void toggled_guest(void)
{
	machine_touch();
	toggled(&guest_way);
}

static void toggled_host(void)
{
	machine_touch();
	toggled(&host_way);
}

static void toggled_init(void)
{
	machine_touch();
	toggled(&init_way);
}

/* ---- many ---- */

static void *crowd_run(void *arg)
{
	vcpu_run(arg);
	return NULL;
}

/* Each vCPU has its own flags and stack. */
static void crowd_cpu(struct vcpu *c, unsigned int i)
{
	uint64_t flags = GPA_DATA + i * 64;

	vcpu_new(&vm, c, i);
	lapic_on(c);
	vcpu_code(c, MODE_LONG, g_crowd);
	exc_setup(c);
	vcpu_set_regs(c, &(struct kvm_regs){ .rip = GPA_CODE, .rflags = 2,
			      .rsp = GPA_DATA + (i + 2) * 4096,
			      .rsi = GPA_SLOW + i * QUEUE * 4096, .rbx = QUEUE,
			      .rcx = MSR_KVM_ASYNC_PF_EN, .rax = flags | ALWAYS,
			      .r8 = flags });
}

/* Says when it has, or waits for, all the pages that it can have on their way. */
static void crowd(int say)
{
	static struct vcpu cpus[CROWD];
	struct pollfd p = { .events = POLLIN };
	pthread_t thread;
	unsigned int i;

	OK(prctl(PR_SET_PDEATHSIG, SIGKILL));
	vm_new(&vm, 0);
	OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	for (i = 0; i < CROWD; i++)
		crowd_cpu(&cpus[i], i);
	vm_load(&vm, GPA_PF, g_crowd_pf, g_crowd_pf_end);
	gate_set(14, GPA_PF);
	slow_memory();
	for (i = 0; i < CROWD; i++)
		CHECK(!pthread_create(&thread, NULL, crowd_run, &cpus[i]));
	p.fd = uffd;
	for (i = 0; i < CROWD * QUEUE / 2; i++)
		uffd_wait(uffd);
	for (; poll(&p, 1, 2000) == 1; i++)
		uffd_wait(uffd);
	printf("# %u pages are waited for\n", i);
	fflush(stdout);
	OK(write(say, "", 1));
	pause();
}

/* One VM brings in as much as it can, for ever; another's guest is told all the same. */
static void crowded(void)
{
	int status, pipes[2];
	pid_t pid;
	char c;

	OK(pipe(pipes));
	pid = OK(fork());
	if (!pid)
		crowd(pipes[1]);
	close(pipes[1]);
	CHECK_EQ(read(pipes[0], &c, 1), 1);
	told();
	OK(kill(pid, SIGKILL));
	OK(waitpid(pid, &status, 0));
	CHECK(WIFSIGNALED(status));
}

static const struct test_case cases[] = {
	{ "registers", registers, 0 },
	{ "without_lapic", without_lapic, 0 },
	{ "told", told, 0 },
	{ "two_pages", two_pages, 0 },
	{ "told_user", told_user, 0 },
	{ "kernel_waits", kernel_waits, 0 },
	{ "flags_busy", flags_busy, 0 },
	{ "restored", restored, 0 },
	{ "disabled", disabled, 0 },
	{ "never", never, 0 },
	{ "off_on", off_on, 0 },
	{ "toggled_guest", toggled_guest, 0 },
	{ "toggled_host", toggled_host, 0 },
	{ "toggled_init", toggled_init, 0 },
	{ "crowded", crowded, 120 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
