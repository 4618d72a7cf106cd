// SPDX-License-Identifier: GPL-2.0-only
/* Hyper-V's hypercalls (TLFS 3, 9.4, 10.5, 11.10): what they do, and hostile input. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/eventfd.h>
#include "hv.h"
#include "rnd.h"

static uint64_t *in(void)
{
	return vm_u64(&vm, GPA_IN);
}

/* Words of input. */
#define IN(...) memcpy(in(), (uint64_t[]){ __VA_ARGS__ }, sizeof((uint64_t[]){ __VA_ARGS__ }))

static void statuses(void)
{
	hv_machine();
	hv_calls();
	CHECK_EQ(hv_call(0xbeef, GPA_IN, 0), HV_CODE);
	CHECK_EQ(hv_call(CALL_SPIN, GPA_IN, 0), HV_OK);
	CHECK_EQ(hv_call(CALL_SPIN | CALL_FAST, 0, 0), HV_OK);
	IN(0, 0, 3);
	CHECK_EQ(hv_call(CALL_FLUSH, GPA_IN, 0), HV_OK);
	CHECK(hv_call(CALL_FLUSH, GPA_HOLE, 0) != HV_OK);
	CHECK(hv_call(CALL_FLUSH, ~7ull, 0) != HV_OK);
	CHECK(hv_call(CALL_FLUSH | CALL_REPS(1), GPA_IN, 0) != HV_OK);
	CHECK_EQ(hv_call(CALL_FLUSH_LIST | CALL_REPS(4), GPA_IN, 0), CALL_REPS(4));
	CHECK_EQ(hv_call(CALL_FLUSH_LIST, GPA_IN, 0), HV_INPUT);
	CHECK_EQ(hv_call(CALL_FLUSH_LIST | CALL_REPS(4) | CALL_START(4), GPA_IN, 0), HV_INPUT);
	/* What is reserved, input that is not aligned or in two pages. */
	if (is_stock())
		return;
	CHECK_EQ(hv_call(CALL_FLUSH | 1ull << 27, GPA_IN, 0), HV_INPUT);
	CHECK_EQ(hv_call(CALL_FLUSH | 1ull << 63, GPA_IN, 0), HV_INPUT);
	CHECK_EQ(hv_call(CALL_FLUSH, GPA_IN + 4, 0), HV_ALIGNMENT);
	CHECK_EQ(hv_call(CALL_FLUSH, GPA_IN + 0xff0, 0), HV_INPUT);
	CHECK_EQ(hv_call(CALL_FLUSH, GPA_IN + 0xfe8, 0), HV_OK);
}

/* Above CPL 0 it is no instruction. */
static void not_for_users(void)
{
	struct kvm_sregs s;

	hv_machine();
	hv_calls();
	exc_setup(&v);
	s = vcpu_sregs(&v);
	s.cs.selector = SEL_UCODE64;
	s.ss.selector = SEL_UDATA;
	s.cs.dpl = s.ss.dpl = 3;
	vcpu_set_sregs(&v, &s);
	vcpu_set_regs(&v, &(struct kvm_regs){ .rip = GPA_CODE, .rflags = 0x3002,
			      .rsp = GPA_USTACK, .rbx = GPA_CALLS, .rcx = CALL_SPIN });
	CHECK_EQ(exc_next(&v).vector, 6);
}

static bool w_has(uint8_t vector)
{
	return lapic_has(&w, APIC_IRR, vector);
}

static void ipi(void)
{
	hv_machine();
	hv_calls();
	CHECK_EQ(hv_call(CALL_IPI | CALL_FAST, 0x51, 1 << 1), HV_OK);
	CHECK(w_has(0x51) && !lapic_has(&v, APIC_IRR, 0x51));
	IN(0x52, 1 << 1);
	CHECK_EQ(hv_call(CALL_IPI, GPA_IN, 0), HV_OK);
	CHECK(w_has(0x52));
	CHECK_EQ(hv_call(CALL_IPI | CALL_FAST, 0x0f, 1 << 1), HV_INPUT);
	CHECK_EQ(hv_call(CALL_IPI | CALL_FAST, 0x100, 1 << 1), HV_INPUT);
	/* Nobody. */
	CHECK_EQ(hv_call(CALL_IPI | CALL_FAST, 0x53, 1ull << 63), HV_OK);
	CHECK(!w_has(0x53));
	/* Vector, sparse, bank 0, its contents. */
	IN(0x54, 0, 1, 1 << 1);
	CHECK_EQ(hv_call(CALL_IPI_EX | CALL_VAR(1), GPA_IN, 0), HV_OK);
	CHECK(w_has(0x54));
	/* All. */
	IN(0x55, 1, 0);
	CHECK_EQ(hv_call(CALL_IPI_EX, GPA_IN, 0), HV_OK);
	CHECK(w_has(0x55) && lapic_has(&v, APIC_IRR, 0x55));
	/* No processor; other banks than the header says; no such format. */
	IN(0x56, 0, 0);
	CHECK_EQ(hv_call(CALL_IPI_EX, GPA_IN, 0), HV_OK);
	IN(0x56, 0, 3, ~0ull, ~0ull);
	CHECK_EQ(hv_call(CALL_IPI_EX | CALL_VAR(1), GPA_IN, 0), HV_INPUT);
	CHECK(!w_has(0x56));
	/* Linux's KVM takes it for all. */
	IN(0x57, 2, 1, ~0ull);
	if (!is_stock())
		CHECK_EQ(hv_call(CALL_IPI_EX | CALL_VAR(1), GPA_IN, 0), HV_INPUT);
}

/* By VP_INDEX, in a bank of its own behind an empty one. */
static void ipi_index(void)
{
	struct { struct kvm_msrs head; struct kvm_msr_entry entry; } m = {
		{ .nmsrs = 1 }, { .index = HV_VP_INDEX, .data = 70 } };

	hv_machine();
	CHECK_EQ(OK(ioctl(w.fd, KVM_SET_MSRS, &m)), 1);
	hv_calls();
	CHECK_EQ(hv_call(CALL_IPI | CALL_FAST, 0x51, 1 << 1), HV_OK);
	CHECK(!w_has(0x51));
	IN(0x52, 0, 3, 0, 1 << 6);
	CHECK_EQ(hv_call(CALL_IPI_EX | CALL_VAR(2), GPA_IN, 0), HV_OK);
	CHECK(w_has(0x52));
}

/* ---- flushes: w reads through one address for ever and says what it sees ---- */

#define VA_PAGE		0x8000000000ul
#define GPA_OLD		0x80000ul
#define GPA_NEW		0x81000ul
#define SEEN		(*(volatile uint64_t *)(vm.mem + GPA_IN + 0x1000))
#define ROUNDS		(*(volatile uint64_t *)(vm.mem + GPA_IN + 0x1008))

GUEST(64, g_look, "1: movabs 0x8000000000, %rax\n mov %rax, 0x16000\n incq 0x16008\n jmp 1b\n");

static void *look(void *arg)
{
	ioctl(w.fd, KVM_RUN, 0);
	return NULL;
}

static void rounds_wait(void)
{
	uint64_t from = ROUNDS;

	while (ROUNDS < from + 3)
		usleep(1000);
}

static void flush_by(uint64_t control, uint64_t gpa)
{
	pt_map(&w.pt, VA_PAGE, GPA_OLD, 1, PTE_P | PTE_W | PTE_A);
	/* What was there before is forgotten by all. */
	IN(0, 3, 0);
	CHECK_EQ(hv_call(CALL_FLUSH, GPA_IN, 0), HV_OK);
	rounds_wait();
	CHECK_EQ(SEEN, 1);
	pt_map(&w.pt, VA_PAGE, GPA_NEW, 1, PTE_P | PTE_W | PTE_A);
	CHECK_EQ(hv_call(control, gpa, 0), control >> 32 << 32);
	rounds_wait();
	CHECK_EQ(SEEN, 2);
}

static void flush(void)
{
	static const uint64_t by_mask[] = { 0, 2, 1 << 1 };
	static const uint64_t by_set[] = { 0, 2, 0, 1, 1 << 1 };
	pthread_t thread;

	/* Userspace's writes into tables are not followed there (caveats.md). */
	if (!kvm_tdp())
		test_skip("shadow paging: the tables change by userspace's hand");
	hv_machine();
	hv_calls();
	*vm_u64(&vm, GPA_OLD) = 1;
	*vm_u64(&vm, GPA_NEW) = 2;
	vm_load(&vm, GPA_CODE + 0x800, g_look, g_look_end);
	vcpu_mode(&w, MODE_LONG, GPA_CODE + 0x800);
	vcpu_set_regs(&w, &(struct kvm_regs){ .rip = GPA_CODE + 0x800, .rflags = 0x202 });
	pt_map(&w.pt, VA_PAGE, GPA_OLD, 1, PTE_P | PTE_W | PTE_A);
	CHECK(!pthread_create(&thread, NULL, look, NULL));
	memcpy(vm_u64(&vm, GPA_IN + 0x100), by_mask, sizeof(by_mask));
	memcpy(vm_u64(&vm, GPA_IN + 0x200), by_set, sizeof(by_set));
	flush_by(CALL_FLUSH, GPA_IN + 0x100);
	flush_by(CALL_FLUSH_LIST | CALL_REPS(1), GPA_IN + 0x100);
	flush_by(CALL_FLUSH_EX | CALL_VAR(1), GPA_IN + 0x200);
}

/* ---- messages and events ---- */

static void user_exit(uint64_t control, uint64_t gpa)
{
	const struct kvm_hyperv_exit *e = &v.run->hyperv;

	vcpu_set_regs(&v, &(struct kvm_regs){ .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			      .rbx = GPA_CALLS, .rcx = control, .rdx = gpa, .r8 = 0x77 });
	vcpu_expect(&v, KVM_EXIT_HYPERV);
	CHECK_EQ(e->type, KVM_EXIT_HYPERV_HCALL);
	CHECK_EQ(e->u.hcall.input, control);
	/* Linux's KVM shows the event that it has read there. */
	if (!is_stock() || (uint16_t)control != CALL_SIGNAL)
		CHECK_EQ(e->u.hcall.params[0], gpa);
	CHECK_EQ(e->u.hcall.params[1], 0x77);
	v.run->hyperv.u.hcall.result = 0x12;
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rax, 0x12);
}

static void messages(void)
{
	struct kvm_hyperv_eventfd conn = { .conn_id = 5 };
	uint64_t count;
	int fd = OK(eventfd(0, EFD_NONBLOCK));

	hv_machine();
	hv_calls();
	IN(5);
	/* The SynIC is userspace's to enable. */
	CHECK_EQ(hv_call(CALL_POST, GPA_IN, 0), HV_INPUT);
	CHECK_EQ(hv_call(CALL_SIGNAL, GPA_IN, 0), HV_INPUT);
	OK(hv_enable(&v, KVM_CAP_HYPERV_SYNIC2, 0));
	user_exit(CALL_POST, GPA_IN);
	user_exit(CALL_SIGNAL, GPA_IN);
	/* Since 6.3; a fast one cannot be answered in memory. */
	if (!is_stock()) {
		user_exit(CALL_EXT, GPA_IN);
		CHECK_EQ(hv_call(CALL_EXT | CALL_FAST, 0, 0), HV_PARAMETER);
	}
	conn.fd = fd;
	OK(ioctl(vm.fd, KVM_HYPERV_EVENTFD, &conn));
	ERR(ioctl(vm.fd, KVM_HYPERV_EVENTFD, &conn), EEXIST);
	CHECK_EQ(hv_call(CALL_SIGNAL, GPA_IN, 0), HV_OK);
	CHECK_EQ(hv_call(CALL_SIGNAL | CALL_FAST, 5, 0), HV_OK);
	CHECK_EQ(OK(read(fd, &count, 8)), 8);
	CHECK_EQ(count, 2);
	/* Another event, another connection: userspace's. */
	IN(5 | 1ull << 32);
	user_exit(CALL_SIGNAL, GPA_IN);
	IN(6);
	user_exit(CALL_SIGNAL, GPA_IN);
	conn.flags = KVM_HYPERV_EVENTFD_DEASSIGN;
	OK(ioctl(vm.fd, KVM_HYPERV_EVENTFD, &conn));
	ERR(ioctl(vm.fd, KVM_HYPERV_EVENTFD, &conn), ENOENT);
	IN(5);
	user_exit(CALL_SIGNAL, GPA_IN);
	conn.flags = 2;
	ERR(ioctl(vm.fd, KVM_HYPERV_EVENTFD, &conn), EINVAL);
	conn = (struct kvm_hyperv_eventfd){ .conn_id = 1 << 24, .fd = fd };
	ERR(ioctl(vm.fd, KVM_HYPERV_EVENTFD, &conn), EINVAL);
	conn = (struct kvm_hyperv_eventfd){ .conn_id = 7, .fd = -1 };
	ERR(ioctl(vm.fd, KVM_HYPERV_EVENTFD, &conn), EBADF);
}

/* Each keeps an eventfd that has no descriptor any more: not any number. */
static void connections(void)
{
	struct kvm_hyperv_eventfd conn = { 0 };

	hv_machine();
	if (is_stock())
		test_skip("Linux's KVM has no bound");
	for (; conn.conn_id < 4096; conn.conn_id++) {
		conn.fd = OK(eventfd(0, 0));
		OK(ioctl(vm.fd, KVM_HYPERV_EVENTFD, &conn));
		close(conn.fd);
	}
	conn.fd = OK(eventfd(0, 0));
	ERR(ioctl(vm.fd, KVM_HYPERV_EVENTFD, &conn), ENOSPC);
	conn.flags = KVM_HYPERV_EVENTFD_DEASSIGN;
	conn.conn_id = 7;
	OK(ioctl(vm.fd, KVM_HYPERV_EVENTFD, &conn));
	conn.flags = 0;
	OK(ioctl(vm.fd, KVM_HYPERV_EVENTFD, &conn));
}

/* ---- anything ---- */

/* Codes that exist, most of the time; the rest of the value, and the input, at random. */
static void random_calls(void)
{
	static const uint16_t codes[] = { 0x02, 0x03, 0x08, 0x0b, 0x13, 0x14, 0x15, 0x5c,
					  0x5d, 0x69, 0x6a, 0x6b };
	static const uint64_t places[] = { GPA_IN, GPA_IN + 0xff8, GPA_HOLE, ~7ull, 0, 12 };
	uint64_t control, status;
	int i, j;

	rnd_start(1, 0);
	hv_machine();
	hv_calls();
	for (i = 0; i < 2000; i++) {
		control = codes[below(12)] | (below(2) ? CALL_FAST : 0);
		if (below(4) == 0)
			control = rnd();
		if (below(3) == 0)
			control |= CALL_VAR(below(70)) | CALL_REPS(below(600));
		for (j = 0; j < 70; j++)
			in()[j] = below(3) ? rnd() : below(3);
		status = hv_call(control, below(3) ? places[below(6)] : rnd(),
				 rnd());
		if ((status & 0xffff) > 19)
			FAIL("%#lx: status %#lx", control, status);
	}
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ .name = "statuses", .run = statuses },
		{ .name = "not_for_users", .run = not_for_users },
		{ .name = "ipi", .run = ipi },
		{ .name = "ipi_index", .run = ipi_index },
		{ .name = "flush", .run = flush },
		{ .name = "messages", .run = messages },
		{ .name = "connections", .run = connections },
		{ .name = "random_calls", .run = random_calls, .seconds = 120 },
		{ }
	};

	return test_main(argc, argv, cases);
}
