// SPDX-License-Identifier: GPL-2.0-only
/* Eventfds on ports and addresses; coalesced MMIO and PIO. */
#define _GNU_SOURCE
#include <sys/eventfd.h>
#include "lib.h"

static struct vm vm;
static struct vcpu v;

#define PORT		0x80
#define ADDR		GPA_HOLE
#define PIO		KVM_IOEVENTFD_FLAG_PIO
#define MATCH		KVM_IOEVENTFD_FLAG_DATAMATCH
#define DEASSIGN	KVM_IOEVENTFD_FLAG_DEASSIGN

static int event_new(void)
{
	return OK(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

/* How often it was signalled since the last time. */
static uint64_t event_count(int fd)
{
	uint64_t n = 0;

	if (read(fd, &n, 8) < 0)
		CHECK_EQ(errno, EAGAIN);
	return n;
}

static int ioevent(uint32_t flags, uint64_t addr, uint32_t len, int fd,
		   uint64_t match)
{
	struct kvm_ioeventfd e = { .flags = flags, .addr = addr, .len = len,
				   .fd = fd, .datamatch = match };

	return ioctl(vm.fd, KVM_IOEVENTFD, &e);
}

/* Each OUT by one pass: AL, AX, EAX to DX; the guest stops in between. */
GUEST(64, g_outs,
      "1: out %al, %dx\n out %al, $0xf4\n out %ax, %dx\n out %al, $0xf4\n"
      "out %eax, %dx\n out %al, $0xf4\n jmp 1b\n");
GUEST(64, g_stores,
      "1: mov %al, (%rdi)\n out %al, $0xf4\n mov %ax, (%rdi)\n"
      "out %al, $0xf4\n mov %eax, (%rdi)\n out %al, $0xf4\n"
      "mov %rax, (%rdi)\n out %al, $0xf4\n jmp 1b\n");

static void machine(const uint8_t *code, const uint8_t *end)
{
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vm_load(&vm, GPA_CODE, code, end);
	vcpu_mode(&v, MODE_LONG, GPA_CODE);
}

static void value(uint64_t rax)
{
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			      .rax = rax, .rdx = PORT, .rdi = ADDR };

	vcpu_set_regs(&v, &r);
}

/* The next access: an event on fd, or (fd -1) an exit to us. */
static void step(int fd, uint32_t exit)
{
	if (fd < 0) {
		vcpu_expect(&v, exit);
		if (exit == KVM_EXIT_IO)
			CHECK_EQ(v.run->io.port, PORT);
		else
			CHECK_EQ(v.run->mmio.phys_addr, ADDR);
	}
	vcpu_until(&v, PORT_DONE);
	if (fd >= 0)
		CHECK_EQ(event_count(fd), 1);
}

static void pio_lengths(void)
{
	int fd[3], i;

	machine(g_outs, g_outs_end);
	for (i = 0; i < 3; i++) {
		fd[i] = event_new();
		OK(ioevent(PIO, PORT, 1 << i, fd[i], 0));
	}
	value(0x11223344);
	for (i = 0; i < 6; i++)
		step(fd[i % 3], 0);
	OK(ioevent(PIO | DEASSIGN, PORT, 2, fd[1], 0));
	step(fd[0], 0);
	step(-1, KVM_EXIT_IO);
	step(fd[2], 0);
	for (i = 0; i < 3; i++)
		CHECK_EQ(event_count(fd[i]), 0);
	/* Another port, and reading, are not theirs. */
	value(0x11223344);
	vcpu_set_regs(&v, &(struct kvm_regs){ .rip = GPA_CODE, .rflags = 2,
					      .rdx = PORT + 1 });
	vcpu_until(&v, PORT + 1);
}

static void pio_datamatch(void)
{
	int one = event_new(), two = event_new(), byte = event_new();

	machine(g_outs, g_outs_end);
	OK(ioevent(PIO | MATCH, PORT, 2, one, 0x1111));
	OK(ioevent(PIO | MATCH, PORT, 2, two, 0x2222));
	OK(ioevent(PIO | MATCH, PORT, 1, byte, 0x22));
	value(0x55551111);
	step(-1, KVM_EXIT_IO);		/* 0x11 */
	step(one, 0);
	step(-1, KVM_EXIT_IO);
	value(0x2222);
	step(byte, 0);
	step(two, 0);
	step(-1, KVM_EXIT_IO);
	value(0x3333);
	step(-1, KVM_EXIT_IO);
	step(-1, KVM_EXIT_IO);
	OK(ioevent(PIO | MATCH | DEASSIGN, PORT, 2, one, 0x1111));
	value(0x2222);
	step(byte, 0);
	step(two, 0);
}

static void pio_any_length(void)
{
	int fd = event_new();

	machine(g_outs, g_outs_end);
	if (!vm_cap(&vm, KVM_CAP_IOEVENTFD_ANY_LENGTH))
		test_skip("no KVM_CAP_IOEVENTFD_ANY_LENGTH");
	OK(ioevent(PIO, PORT, 0, fd, 0));
	value(1);
	step(fd, 0);
	step(fd, 0);
	step(fd, 0);
	OK(ioevent(PIO | DEASSIGN, PORT, 0, fd, 0));
	step(-1, KVM_EXIT_IO);
}

static void mmio_events(void)
{
	int quad = event_new(), any = event_new(), match = event_new();

	machine(g_stores, g_stores_end);
	OK(ioevent(0, ADDR, 8, quad, 0));
	OK(ioevent(MATCH, ADDR, 4, match, 0x33445566));
	value(0x1122334433445566);
	step(-1, KVM_EXIT_MMIO);
	step(-1, KVM_EXIT_MMIO);
	step(match, 0);
	step(quad, 0);
	value(0x1122334400000000);
	step(-1, KVM_EXIT_MMIO);
	step(-1, KVM_EXIT_MMIO);
	step(-1, KVM_EXIT_MMIO);
	step(quad, 0);
	OK(ioevent(DEASSIGN, ADDR, 8, quad, 0));
	OK(ioevent(MATCH | DEASSIGN, ADDR, 4, match, 0x33445566));
	if (!vm_cap(&vm, KVM_CAP_IOEVENTFD_ANY_LENGTH))
		return;
	OK(ioevent(0, ADDR, 0, any, 0));
	value(0);
	step(any, 0);
	step(any, 0);
	step(any, 0);
	step(any, 0);
}

static void event_refused(void)
{
	int fd = event_new(), other = event_new();

	machine(g_outs, g_outs_end);
	OK(ioevent(PIO, PORT, 2, fd, 0));
	ERR(ioevent(PIO, PORT, 2, other, 0), EEXIST);
	ERR(ioevent(PIO, PORT, 2, fd, 0), EEXIST);
	/* one that matches all data leaves nothing for one that matches some */
	ERR(ioevent(PIO | MATCH, PORT, 2, other, 5), EEXIST);
	ERR(ioevent(PIO, PORT, 3, other, 0), EINVAL);
	ERR(ioevent(PIO, PORT, 16, other, 0), EINVAL);
	ERR(ioevent(PIO | MATCH, PORT, 0, other, 0), EINVAL);
	ERR(ioevent(PIO | 1u << 31, PORT, 1, other, 0), EINVAL);
	ERR(ioevent(0, ~0ull, 8, other, 0), EINVAL);
	ERR(ioevent(PIO, PORT, 1, -1, 0), EBADF);
	ERR(ioevent(PIO, PORT, 1, vm.fd, 0), EINVAL);
	/* what was never there cannot go */
	ERR(ioevent(PIO | DEASSIGN, PORT, 2, other, 0), ENOENT);
	ERR(ioevent(PIO | DEASSIGN, PORT, 4, fd, 0), ENOENT);
	ERR(ioevent(PIO | DEASSIGN, PORT + 1, 2, fd, 0), ENOENT);
	ERR(ioevent(PIO | MATCH | DEASSIGN, PORT, 2, fd, 0), ENOENT);
	ERR(ioevent(DEASSIGN, PORT, 2, fd, 0), ENOENT);
	value(0);
	step(-1, KVM_EXIT_IO);
	step(fd, 0);
	CHECK_EQ(event_count(other), 0);
}

/* The eventfd closed: KVM's own reference goes too, and the port is free. */
static void event_closed(void)
{
	int fd, i;

	machine(g_outs, g_outs_end);
	for (i = 0; i < 50; i++) {
		fd = event_new();
		OK(ioevent(PIO, PORT, 1, fd, 0));
		OK(ioevent(PIO | DEASSIGN, PORT, 1, fd, 0));
		close(fd);
	}
	value(0);
	step(-1, KVM_EXIT_IO);
}

/* ---- RIP while userspace has the exit ---- */

#define NEXT(n)		(GPA_CODE + 2 * (n))

GUEST(64, g_rip,
      "out %al, $0x80\n in $0x81, %al\n out %al, $0x82\n" DONE);

static void rip_machine(void)
{
	machine(g_rip, g_rip_end);
	value(0x5a);
}

static void rip_is(uint64_t rip)
{
	CHECK_EQ(vcpu_regs(&v).rip, rip);
}

static void rip_set(uint64_t rip)
{
	struct kvm_regs r = vcpu_regs(&v);

	r.rip = rip;
	vcpu_set_regs(&v, &r);
}

static void in_give(uint8_t value)
{
	*(uint8_t *)vcpu_pio_data(&v) = value;
}

/* What is pending is completed, and nothing else. */
static void complete(void)
{
	v.run->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	v.run->immediate_exit = 0;
}

/*
 * At the instruction (api.rst 7.31: all but port 0x7e, which quirks_test has): it is
 * complete when userspace has re-entered (5, struct kvm_run).
 */
static void rip_waits(void)
{
	rip_machine();
	vcpu_until(&v, 0x80);
	rip_is(NEXT(0));
	/* The same registers again change nothing. */
	rip_set(NEXT(0));
	vcpu_expect(&v, KVM_EXIT_IO);
	CHECK_EQ(v.run->io.port, 0x81);
	rip_is(NEXT(1));
	in_give(0x77);
	complete();
	rip_is(NEXT(2));
	CHECK_EQ(vcpu_regs(&v).rax, 0x77);
	complete();
	rip_is(NEXT(2));
	vcpu_until(&v, 0x82);
	CHECK_EQ(*(uint8_t *)vcpu_pio_data(&v), 0x77);
	complete();
	rip_is(NEXT(3));
	vcpu_until(&v, PORT_DONE);
}

/* Userspace puts the vCPU elsewhere: that stands, as do its registers. */
static void rip_moved(void)
{
	rip_machine();
	vcpu_until(&v, 0x80);
	rip_set(NEXT(2));
	complete();
	rip_is(NEXT(2));
	vcpu_until(&v, 0x82);
	rip_set(NEXT(1));
	vcpu_expect(&v, KVM_EXIT_IO);
	CHECK_EQ(v.run->io.port, 0x81);
	in_give(0x77);
	rip_set(NEXT(0));
	vcpu_until(&v, 0x80);
	CHECK_EQ(vcpu_regs(&v).rax, 0x5a);
	rip_is(NEXT(0));
}

/* The same by the run page (api.rst 6.74), with no ioctl in between. */
static void rip_synced(void)
{
	rip_machine();
	v.run->kvm_valid_regs = KVM_SYNC_X86_REGS;
	vcpu_until(&v, 0x80);
	CHECK_EQ(v.run->s.regs.regs.rip, NEXT(0));
	v.run->s.regs.regs.rip = NEXT(2);
	v.run->kvm_dirty_regs = KVM_SYNC_X86_REGS;
	complete();
	rip_is(NEXT(2));
}

GUEST(16, g_reset, "out %al, $0x80\n hlt\n");

/* The same RIP in another segment is elsewhere: a reset is, asked for at its own offset. */
static void rip_reset(void)
{
	struct kvm_sregs s;

	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vm_load(&vm, GPA_CODE, g_reset, g_reset_end);
	vcpu_mode(&v, MODE_REAL, GPA_CODE);
	vcpu_until(&v, 0x80);
	s = vcpu_sregs(&v);
	s.cs.base += 0x100;
	s.cs.selector += 0x10;
	vcpu_set_sregs(&v, &s);
	rip_set(vcpu_regs(&v).rip);
	complete();
	CHECK_EQ(vcpu_regs(&v).rip + vcpu_sregs(&v).cs.base, GPA_CODE + 0x100);
}

/* A vCPU that is saved before the completion executes the instruction again elsewhere. */
static void rip_saved(void)
{
	struct vcpu other;
	struct kvm_sregs s;
	struct kvm_regs r;

	rip_machine();
	vcpu_until(&v, 0x80);
	r = vcpu_regs(&v);
	s = vcpu_sregs(&v);
	vcpu_new(&vm, &other, 1);
	vcpu_set_sregs(&other, &s);
	vcpu_set_regs(&other, &r);
	vcpu_until(&other, 0x80);
	/* Behind it, it has been completed. */
	complete();
	r = vcpu_regs(&v);
	vcpu_set_regs(&other, &r);
	vcpu_expect(&other, KVM_EXIT_IO);
	CHECK_EQ(other.run->io.port, 0x81);
}

/* Who steps is told behind the instruction, when it is complete. */
static void rip_stepped(void)
{
	struct kvm_guest_debug d = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP,
	};

	rip_machine();
	OK(ioctl(v.fd, KVM_SET_GUEST_DEBUG, &d));
	vcpu_until(&v, 0x80);
	rip_is(NEXT(0));
	vcpu_expect(&v, KVM_EXIT_DEBUG);
	rip_is(NEXT(1));
	CHECK_EQ(v.run->debug.arch.pc, NEXT(1));
}

/* ---- coalesced I/O ---- */

static struct kvm_coalesced_mmio_ring *ring_find(void)
{
	int page = vm_cap(&vm, KVM_CAP_COALESCED_MMIO);

	if (page <= 0)
		test_skip("no KVM_CAP_COALESCED_MMIO");
	CHECK((page + 1) * 4096ul <= v.run_size);
	return (void *)((uint8_t *)v.run + page * 4096ul);
}

#define RING_MAX ((4096 - sizeof(struct kvm_coalesced_mmio_ring)) /	\
		  sizeof(struct kvm_coalesced_mmio))

static int zone(unsigned long request, uint64_t addr, uint32_t size,
		uint32_t pio)
{
	struct kvm_coalesced_mmio_zone z = { .addr = addr, .size = size,
					     .pio = pio };

	return ioctl(vm.fd, request, &z);
}

static void entry_take(struct kvm_coalesced_mmio_ring *ring, uint64_t addr,
		       uint32_t len, uint64_t data)
{
	struct kvm_coalesced_mmio *e = &ring->coalesced_mmio[ring->first];
	uint64_t got = 0;

	CHECK(ring->first != ring->last);
	CHECK_EQ(e->phys_addr, addr);
	CHECK_EQ(e->len, len);
	memcpy(&got, e->data, len);
	CHECK_EQ(got, data);
	ring->first = (ring->first + 1) % RING_MAX;
}

static void coalesced_mmio(void)
{
	struct kvm_coalesced_mmio_ring *ring;

	machine(g_stores, g_stores_end);
	ring = ring_find();
	OK(zone(KVM_REGISTER_COALESCED_MMIO, ADDR, 4, 0));
	value(0x1122334455667788);
	vcpu_until(&v, PORT_DONE);
	vcpu_until(&v, PORT_DONE);
	vcpu_until(&v, PORT_DONE);
	/* eight bytes do not fit the zone */
	vcpu_expect(&v, KVM_EXIT_MMIO);
	vcpu_until(&v, PORT_DONE);
	entry_take(ring, ADDR, 1, 0x88);
	entry_take(ring, ADDR, 2, 0x7788);
	entry_take(ring, ADDR, 4, 0x55667788);
	CHECK_EQ(ring->first, ring->last);
	OK(zone(KVM_UNREGISTER_COALESCED_MMIO, ADDR, 4, 0));
	vcpu_expect(&v, KVM_EXIT_MMIO);
	CHECK_EQ(ring->first, ring->last);
}

GUEST(64, g_fill, "1: mov %cl, (%rdi,%rcx)\n inc %rcx\n and $0xff, %ecx\n"
      "jmp 1b\n");

/* A full ring loses nothing: the write comes as an exit, in its turn. */
static void coalesced_overflow(void)
{
	struct kvm_coalesced_mmio_ring *ring;
	unsigned int round, n, next = 0;

	machine(g_fill, g_fill_end);
	ring = ring_find();
	OK(zone(KVM_REGISTER_COALESCED_MMIO, ADDR, 4096, 0));
	value(0);
	for (round = 0; round < 5; round++) {
		vcpu_expect(&v, KVM_EXIT_MMIO);
		n = 0;
		while (ring->first != ring->last) {
			entry_take(ring, ADDR + next, 1, next);
			next = (next + 1) & 0xff;
			n++;
		}
		CHECK(n >= 16 && n < RING_MAX);
		CHECK_EQ(v.run->mmio.phys_addr, ADDR + next);
		CHECK_EQ(v.run->mmio.data[0], next);
		next = (next + 1) & 0xff;
	}
}

/* Indices no honest VMM writes: nothing outside the ring is touched. */
static void coalesced_hostile(void)
{
	struct kvm_coalesced_mmio_ring *ring;
	uint32_t bad[] = { RING_MAX, RING_MAX + 1, 0xffff, 0x7fffffff, ~0u };
	unsigned int i;

	machine(g_fill, g_fill_end);
	ring = ring_find();
	OK(zone(KVM_REGISTER_COALESCED_MMIO, ADDR, 4096, 0));
	value(0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ring->first = 3;
		ring->last = bad[i];
		vcpu_expect(&v, KVM_EXIT_MMIO);
	}
	ring->first = ring->last = 0;
	vcpu_expect(&v, KVM_EXIT_MMIO);
	CHECK(ring->last > 0 && ring->last < RING_MAX);
}

static void coalesced_pio(void)
{
	struct kvm_coalesced_mmio_ring *ring;

	machine(g_outs, g_outs_end);
	if (!vm_cap(&vm, KVM_CAP_COALESCED_PIO))
		test_skip("no KVM_CAP_COALESCED_PIO");
	ring = ring_find();
	OK(zone(KVM_REGISTER_COALESCED_MMIO, PORT, 2, 1));
	value(0x11223344);
	vcpu_until(&v, PORT_DONE);
	vcpu_until(&v, PORT_DONE);
	vcpu_until(&v, PORT);		/* four bytes: not inside */
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(ring->coalesced_mmio[ring->first].pio, 1);
	entry_take(ring, PORT, 1, 0x44);
	entry_take(ring, PORT, 2, 0x3344);
	CHECK_EQ(ring->first, ring->last);
	/* MMIO at the same number is something else */
	OK(zone(KVM_UNREGISTER_COALESCED_MMIO, PORT, 2, 1));
	OK(zone(KVM_REGISTER_COALESCED_MMIO, PORT, 2, 0));
	vcpu_until(&v, PORT);
	ERR(zone(KVM_REGISTER_COALESCED_MMIO, PORT, 2, 2), EINVAL);
}

static const struct test_case cases[] = {
	{ "pio_lengths", pio_lengths, 0 },
	{ "pio_datamatch", pio_datamatch, 0 },
	{ "pio_any_length", pio_any_length, 0 },
	{ "mmio_events", mmio_events, 0 },
	{ "event_refused", event_refused, 0 },
	{ "event_closed", event_closed, 0 },
	{ "rip_waits", rip_waits, 0 },
	{ "rip_moved", rip_moved, 0 },
	{ "rip_synced", rip_synced, 0 },
	{ "rip_reset", rip_reset, 0 },
	{ "rip_saved", rip_saved, 0 },
	{ "rip_stepped", rip_stepped, 0 },
	{ "coalesced_mmio", coalesced_mmio, 0 },
	{ "coalesced_overflow", coalesced_overflow, 0 },
	{ "coalesced_hostile", coalesced_hostile, 0 },
	{ "coalesced_pio", coalesced_pio, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
