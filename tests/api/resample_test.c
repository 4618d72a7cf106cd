// SPDX-License-Identifier: GPL-2.0-only
/*
 * Irqfds with KVM_IRQFD_FLAG_RESAMPLE (api.rst 4.75): the guest's EOI lowers the line and
 * tells the resamplefd, of level and of edge triggered pins, whatever happens to the routes.
 */
#define _GNU_SOURCE
#include <sys/eventfd.h>
#include "lib.h"

#define VECTOR		0x52
#define GSI		10
#define GPA_ISR		(GPA_CODE + 0x800)
#define LEVEL		(1ull << 15)

static struct vm vm;
static struct vcpu v;
static struct kvm_irqfd f;

GUEST(64, g_loop, "mov $0xfee000f0, %edx\n movl $0x1ff, (%rdx)\n sti\n"
      "1: out %al, $0x80\n jmp 1b\n");
GUEST(64, g_isr, "mov $0xfee000b0, %edx\n movl $0, (%rdx)\n out %al, $0x81\n iretq\n");

static void machine(uint64_t entry)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };
	uint64_t *gate;

	vm_new(&vm, 0);
	OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	OK(ioctl(vm.fd, KVM_GET_IRQCHIP, &chip));
	chip.chip.ioapic.redirtbl[GSI].bits = VECTOR | entry;
	OK(ioctl(vm.fd, KVM_SET_IRQCHIP, &chip));
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_loop);
	exc_setup(&v);
	vm_load(&vm, GPA_ISR, g_isr, g_isr_end);
	gate = vm_u64(&vm, GPA_IDT + VECTOR * 16);
	gate[0] = GPA_ISR | SEL_CODE64 << 16 | 0x8eull << 40;
	gate[1] = 0;
	f = (struct kvm_irqfd){
		.fd = OK(eventfd(0, 0)), .gsi = GSI, .flags = KVM_IRQFD_FLAG_RESAMPLE,
		.resamplefd = OK(eventfd(0, EFD_NONBLOCK)),
	};
	OK(ioctl(vm.fd, KVM_IRQFD, &f));
	vcpu_until(&v, 0x80);
}

/* How many interrupts the guest ends in a hundred of its rounds. */
static int ends(void)
{
	int n = 0;

	for (int i = 0; i < 100; i++) {
		vcpu_expect(&v, KVM_EXIT_IO);
		n += v.run->io.port == 0x81;
	}
	return n;
}

static uint64_t told(void)
{
	uint64_t n = 0;

	if (read(f.resamplefd, &n, 8) < 0)
		CHECK_EQ(errno, EAGAIN);
	return n;
}

static void rounds(uint64_t entry)
{
	machine(entry);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(told(), 0);
		OK(eventfd_write(f.fd, 1));
		CHECK_EQ(ends(), 1);
		CHECK_EQ(told(), 1);
	}
}

static void level(void)
{
	rounds(LEVEL);
}

static void edge(void)
{
	rounds(0);
}

/* The same routes again, while the guest has an interrupt and has not ended it. */
static void edge_and_routes(void)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry e;
	} t = {
		.head.nr = 1,
		.e = { .gsi = GSI, .type = KVM_IRQ_ROUTING_IRQCHIP,
		       .u.irqchip = { KVM_IRQCHIP_IOAPIC, GSI } },
	};

	machine(0);
	OK(ioctl(vm.fd, KVM_SET_GSI_ROUTING, &t));
	OK(eventfd_write(f.fd, 1));
	OK(ioctl(vm.fd, KVM_SET_GSI_ROUTING, &t));
	CHECK_EQ(ends(), 1);
	CHECK_EQ(told(), 1);
}

static const struct test_case cases[] = {
	{ "level", level, 0 },
	{ "edge", edge, 0 },
	{ "edge_and_routes", edge_and_routes, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
