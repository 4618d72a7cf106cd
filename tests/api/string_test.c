// SPDX-License-Identifier: GPL-2.0-only
/* String instructions that repeat on ports and devices: batches, interruptions. */
#define _GNU_SOURCE
#include <sys/eventfd.h>
#include <sys/mman.h>
#include "lib.h"

static struct vm vm;
static struct vcpu v;

#define PORT	0x1f0
#define SECTOR	512
#define BUF	0x20000
#define SEEN	0x8000

static uint8_t seen[SEEN];	/* what went to the port, or came from it */

GUEST(64, g_insw, "rep insw\n" DONE);
GUEST(64, g_outsw, "rep outsw\n" DONE);
GUEST(64, g_outsb, "rep outsb\n" DONE);
GUEST(64, g_stosb, "rep stosb\n" DONE);
GUEST(32, g_insl32, "rep insl\n" DONE);

static void machine(enum mode mode, const uint8_t *code, const uint8_t *end)
{
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vm_load(&vm, GPA_CODE, code, end);
	vcpu_mode(&v, mode, GPA_CODE);
}

#define MACHINE(mode, code) machine(mode, code, code##_end)

static void start(uint64_t address, uint64_t count)
{
	struct kvm_regs r = {
		.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2, .rax = 0x5a,
		.rdx = PORT, .rcx = count, .rsi = address, .rdi = address,
	};

	vcpu_set_regs(&v, &r);
}

/* Serves one exit of the port.  Return: bytes; 0 when it is DONE's or an error's. */
static unsigned int serve(unsigned int at)
{
	struct kvm_run *run = v.run;
	unsigned int n = run->io.count * run->io.size, i;
	uint8_t *data = vcpu_pio_data(&v);

	if (run->exit_reason != KVM_EXIT_IO || run->io.port != PORT)
		return 0;
	CHECK(n && at + n <= SEEN);
	CHECK(run->io.data_offset + n <= v.run_size);
	if (run->io.direction == KVM_EXIT_IO_IN)
		for (i = 0; i < n; i++)
			data[i] = (at + i) * 31 + (at + i) / 256;
	memcpy(seen + at, data, n);
	return n;
}

/* Serves the port to the end of the program.  Return: the number of exits. */
static unsigned int serve_all(unsigned int bytes)
{
	unsigned int at = 0, exits = 0, n;

	while (vcpu_run(&v), (n = serve(at))) {
		at += n;
		exits++;
	}
	CHECK_EQ(v.run->exit_reason, KVM_EXIT_IO);
	CHECK_EQ(v.run->io.port, PORT_DONE);
	CHECK_EQ(at, bytes);
	CHECK_EQ(vcpu_regs(&v).rcx, 0);
	return exits;
}

/* A sector is what disks and firmware move at once. */
static void sector_in(void)
{
	MACHINE(MODE_LONG, g_insw);
	start(BUF, SECTOR / 2);
	CHECK(serve_all(SECTOR) < SECTOR / 2);
	CHECK(!memcmp(vm.mem + BUF, seen, SECTOR));
	CHECK_EQ(vcpu_regs(&v).rdi, BUF + SECTOR);
	CHECK_EQ(*vm_u64(&vm, BUF + SECTOR), 0);
}

static void fill(uint64_t gpa, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		vm.mem[gpa + i] = i * 7 + i / 256;
}

static void sector_out(void)
{
	MACHINE(MODE_LONG, g_outsw);
	fill(BUF, 2 * SECTOR);
	start(BUF, SECTOR / 2);
	serve_all(SECTOR);
	CHECK(!memcmp(vm.mem + BUF, seen, SECTOR));
	CHECK_EQ(vcpu_regs(&v).rsi, BUF + SECTOR);
}

/* Several pages, at odd addresses: an element crosses each boundary. */
static void pages_in(void)
{
	MACHINE(MODE_LONG, g_insw);
	start(BUF + 0xfff, 0x1801);
	serve_all(0x3002);
	CHECK(!memcmp(vm.mem + BUF + 0xfff, seen, 0x3002));
	CHECK_EQ(vm.mem[BUF + 0xfff + 0x3002], 0);
}

static void pages_out(void)
{
	MACHINE(MODE_LONG, g_outsw);
	fill(BUF, 0x5000);
	start(BUF + 0xfff, 0x1801);
	serve_all(0x3002);
	CHECK(!memcmp(vm.mem + BUF + 0xfff, seen, 0x3002));
}

/*
 * The element that is beyond the limit faults; those before it have arrived, and the
 * port was read for no other.  (Stock KVM reads ahead: what it has read is lost.)
 */
static void limit_in(void)
{
	struct kvm_sregs s;
	unsigned int at = 0, n;
	struct exc e;

	MACHINE(MODE_PROT, g_insl32);
	exc_setup(&v);
	s = vcpu_sregs(&v);
	s.es.limit = BUF + 21;
	s.es.g = 0;
	vcpu_set_sregs(&v, &s);
	start(BUF, 100);
	while (at < 20) {
		vcpu_run(&v);
		n = serve(at);
		CHECK(n);
		at += n;
	}
	CHECK_EQ(at, 20);
	e = exc_next(&v);
	CHECK_EQ(e.vector, 13);
	CHECK_EQ(e.rip, GPA_CODE);
	CHECK_EQ(vcpu_regs(&v).rcx, 95);
	CHECK_EQ(vcpu_regs(&v).rdi, BUF + 20);
	CHECK(!memcmp(vm.mem + BUF, seen, 20));
	CHECK_EQ(vm.mem[BUF + 20], 0);
}

/* A page that the guest cannot write: the elements before it, then #PF. */
static void fault_in(void)
{
	unsigned int at = 0, n;
	struct kvm_sregs s;
	struct exc e;

	MACHINE(MODE_LONG, g_insw);
	exc_setup(&v);
	s = vcpu_sregs(&v);
	s.cr0 |= 1 << 16;		/* WP */
	vcpu_set_sregs(&v, &s);
	pt_map(&v.pt, 0x7f0000000000, BUF, 1, PTE_P | PTE_W);
	pt_map(&v.pt, 0x7f0000001000, BUF + 0x1000, 1, PTE_P);
	start(0x7f0000000ff0, 20);
	while (at < 16) {
		vcpu_run(&v);
		n = serve(at);
		CHECK(n);
		at += n;
	}
	CHECK_EQ(at, 16);
	e = exc_next(&v);
	CHECK_EQ(e.vector, 14);
	CHECK_EQ(e.cr2, 0x7f0000001000);
	CHECK_EQ(vcpu_regs(&v).rcx, 12);
	CHECK(!memcmp(vm.mem + BUF + 0xff0, seen, 16));
}

/* What a kernel device takes never reaches userspace, element by element. */
static void eventfd_out(void)
{
	struct kvm_ioeventfd e = { .flags = KVM_IOEVENTFD_FLAG_PIO,
				   .addr = PORT, .len = 1 };
	uint64_t n = 0;

	MACHINE(MODE_LONG, g_outsb);
	e.fd = OK(eventfd(0, EFD_NONBLOCK));
	OK(ioctl(vm.fd, KVM_IOEVENTFD, &e));
	start(BUF, 1000);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(read(e.fd, &n, 8), 8);
	CHECK_EQ(n, 1000);
	CHECK_EQ(vcpu_regs(&v).rsi, BUF + 1000);
}

/*
 * Between two exits the state is that of a whole number of iterations, and
 * completing one starts no other (api.rst, immediate_exit).
 */
static void stos_stops(void)
{
	uint64_t left;
	int i;

	MACHINE(MODE_LONG, g_stosb);
	start(GPA_HOLE, 100);
	for (i = 0; i < 100; i++) {
		vcpu_expect(&v, KVM_EXIT_MMIO);
		CHECK_EQ(v.run->mmio.phys_addr, GPA_HOLE + i);
		CHECK_EQ(v.run->mmio.data[0], 0x5a);
		if (i % 3)
			continue;
		v.run->immediate_exit = 1;
		ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
		v.run->immediate_exit = 0;
		left = vcpu_regs(&v).rcx;
		CHECK_EQ(left, 99 - i);
		CHECK_EQ(vcpu_regs(&v).rdi, GPA_HOLE + i + 1);
	}
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rcx, 0);
}

/* Memory that userspace has not got is a device's: what came from the port is not lost. */
static void protected_in(void)
{
	uint8_t *m = mem_new(4096, 0);
	unsigned int at = 0;

	MACHINE(MODE_LONG, g_insw);
	OK(vm_slot(&vm, 1, RAM_SIZE, m, 4096));
	OK(mprotect(m, 4096, PROT_READ));
	start(RAM_SIZE + 0x102, 10);
	vcpu_expect(&v, KVM_EXIT_IO);
	CHECK_EQ(serve(0), 20);
	while (vcpu_run(&v), v.run->exit_reason == KVM_EXIT_MMIO) {
		CHECK_EQ(v.run->mmio.is_write, 1);
		CHECK_EQ(v.run->mmio.phys_addr, RAM_SIZE + 0x102 + at);
		CHECK(!memcmp(v.run->mmio.data, seen + at, v.run->mmio.len));
		at += v.run->mmio.len;
	}
	CHECK_EQ(v.run->exit_reason, KVM_EXIT_IO);
	CHECK_EQ(v.run->io.port, PORT_DONE);
	CHECK_EQ(at, 20);
	CHECK_EQ(vcpu_regs(&v).rcx, 0);
	CHECK_EQ(vcpu_regs(&v).rdi, RAM_SIZE + 0x102 + 20);
}

static const struct test_case cases[] = {
	{ "sector_in", sector_in, 0 },
	{ "sector_out", sector_out, 0 },
	{ "pages_in", pages_in, 0 },
	{ "pages_out", pages_out, 0 },
	{ "limit_in", limit_in, 0 },
	{ "fault_in", fault_in, 0 },
	{ "protected_in", protected_in, 0 },
	{ "eventfd_out", eventfd_out, 0 },
	{ "stos_stops", stos_stops, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
