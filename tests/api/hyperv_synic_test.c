// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hyper-V's synthetic interrupt controller and timers (TLFS 11 and 12.3; api.rst 8.5,
 * KVM_CAP_HYPERV_SYNIC, _SYNIC2).
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/eventfd.h>
#include "hv.h"

#define ENABLE		1ull
#define PERIODIC	2ull
#define AUTO_ENABLE	8ull
#define VECTOR(n)	((uint64_t)(n) << 4)
#define DIRECT		(1ull << 12)
#define SOURCE(n)	((uint64_t)(n) << 16)

#define MILLISECOND	10000ull	/* of reference time */

#define TIMER_EXPIRED	0x80000010

struct message {
	uint32_t type;
	uint8_t size, flags, pad[2];
	uint64_t sender;
	uint32_t index, pad2;
	uint64_t expires, delivered;
};

static volatile struct message *slot(unsigned int n)
{
	return (void *)(vm.mem + GPA_MESSAGES + n * 256);
}

static void synic_machine(uint32_t cap)
{
	hv_machine();
	OK(hv_enable(&v, cap, 0));
}

/* A guest's write of which userspace is told. */
static void told_set(uint32_t msr, uint64_t value)
{
	const struct kvm_hyperv_exit *e = &v.run->hyperv;

	vcpu_set_regs(&v, &(struct kvm_regs){ .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			      .rcx = msr, .rsi = 1, .rax = (uint32_t)value,
			      .rdx = value >> 32 });
	vcpu_expect(&v, KVM_EXIT_HYPERV);
	CHECK_EQ(e->type, KVM_EXIT_HYPERV_SYNIC);
	CHECK_EQ(e->u.synic.msr, msr);
	CHECK_EQ(e->u.synic.control, host_msr(HV_SCONTROL));
	CHECK_EQ(e->u.synic.evt_page, host_msr(HV_SIEFP));
	CHECK_EQ(e->u.synic.msg_page, host_msr(HV_SIMP));
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(guest_msr(msr), value);
}

static void enabling(void)
{
	msr_machine();
	ERR(hv_enable(&v, KVM_CAP_HYPERV_SYNIC, 0), EINVAL);
	ERR(hv_enable(&v, KVM_CAP_HYPERV_SYNIC2, 0), EINVAL);
	vcpu_close(&v);
	vm_close(&vm);
	hv_machine();
	CHECK(!guest_reads(HV_SCONTROL));
	CHECK(!guest_set(HV_SINT(2), 0x50));
	CHECK(!guest_set(HV_CONFIG(0), DIRECT | VECTOR(0x60)));
	OK(hv_enable(&v, KVM_CAP_HYPERV_SYNIC2, 0));
	CHECK_EQ(guest_msr(HV_SVERSION), 1);
	CHECK(!guest_set(HV_SVERSION, 1));
	CHECK_EQ(guest_msr(HV_SINT(2)), SINT_MASKED);
	CHECK(guest_set(HV_EOM, 0));
}

static void pages(void)
{
	uint8_t *page;

	synic_machine(KVM_CAP_HYPERV_SYNIC2);
	page = vm.mem + GPA_MESSAGES;
	page[5] = vm.mem[GPA_EVENTS] = 7;
	told_set(HV_SCONTROL, 1);
	told_set(HV_SIMP, GPA_MESSAGES | 1);
	told_set(HV_SIEFP, GPA_EVENTS | 1);
	CHECK(page[5] == 7 && vm.mem[GPA_EVENTS] == 7);
	vcpu_close(&v);
	vm_close(&vm);
	synic_machine(KVM_CAP_HYPERV_SYNIC);
	page = vm.mem + GPA_MESSAGES;
	page[5] = vm.mem[GPA_EVENTS] = 7;
	told_set(HV_SIMP, GPA_MESSAGES);
	CHECK_EQ(page[5], 7);
	told_set(HV_SIMP, GPA_MESSAGES | 1);
	told_set(HV_SIEFP, GPA_EVENTS | 1);
	CHECK(page[5] == 0 && vm.mem[GPA_EVENTS] == 0);
	CHECK(!guest_set(HV_SIMP, GPA_HOLE | 1));
	CHECK_EQ(guest_msr(HV_SIMP), GPA_MESSAGES | 1);
}

static void vectors(void)
{
	synic_machine(KVM_CAP_HYPERV_SYNIC2);
	CHECK(guest_set(HV_SINT(0), 0x10));
	CHECK(!guest_set(HV_SINT(0), 0x0f));
	CHECK_EQ(guest_msr(HV_SINT(0)), 0x10);
	CHECK(guest_set(HV_SINT(15), SINT_MASKED | 0x0f));
	CHECK_EQ(guest_msr(HV_SINT(15)), SINT_MASKED | 0x0f);
}

/* ---- timers ---- */

/* Source 2 has a vector and an enabled page. */
static void source_on(uint64_t sint)
{
	CHECK_EQ(host_set(HV_SCONTROL, 1), 1);
	CHECK_EQ(host_set(HV_SIMP, GPA_MESSAGES | 1), 1);
	CHECK_EQ(host_set(HV_SINT(2), sint), 1);
}

static void direct(void)
{
	uint64_t now;

	synic_machine(KVM_CAP_HYPERV_SYNIC2);
	now = guest_msr(HV_TIME);
	CHECK(guest_set(HV_CONFIG(1), DIRECT | VECTOR(0x60) | ENABLE));
	CHECK(guest_set(HV_COUNT(1), now + 20 * MILLISECOND));
	hv_handler(0x60, true);
	hv_wait(1);
	/* Not before its time, and once. */
	CHECK(host_msr(HV_TIME) >= now + 20 * MILLISECOND);
	CHECK_EQ(host_msr(HV_CONFIG(1)), DIRECT | VECTOR(0x60));
	CHECK_EQ(host_msr(HV_COUNT(1)), now + 20 * MILLISECOND);
	usleep(50000);
	CHECK_EQ(hv_count(), 1);
	/* What is past is due at once. */
	CHECK_EQ(host_set(HV_CONFIG(1), DIRECT | VECTOR(0x60) | ENABLE), 1);
	hv_wait(2);
}

static void periodic(void)
{
	uint64_t from, period = 5 * MILLISECOND;

	synic_machine(KVM_CAP_HYPERV_SYNIC2);
	from = host_msr(HV_TIME);
	CHECK(guest_set(HV_CONFIG(0), DIRECT | VECTOR(0x60) | PERIODIC | AUTO_ENABLE));
	CHECK_EQ(host_msr(HV_CONFIG(0)) & ENABLE, 0);
	/* COUNT starts it. */
	CHECK(guest_set(HV_COUNT(0), period));
	CHECK_EQ(host_msr(HV_CONFIG(0)) & ENABLE, ENABLE);
	hv_handler(0x60, true);
	hv_wait(5);
	CHECK(host_msr(HV_TIME) - from >= 5 * period);
	/* 0 stops it; and what userspace restores is what was. */
	msr_code(&v);
	CHECK(guest_set(HV_COUNT(0), 0));
	CHECK_EQ(host_msr(HV_CONFIG(0)) & ENABLE, 0);
	CHECK_EQ(host_set(HV_COUNT(0), period), 1);
	CHECK_EQ(host_msr(HV_CONFIG(0)) & ENABLE, 0);
}

/* The time of the VM is set again and again, to what it is. */
static void *clock_setter(void *unused)
{
	struct kvm_clock_data c;

	for (;; usleep(1000)) {
		memset(&c, 0, sizeof(c));
		OK(ioctl(vm.fd, KVM_GET_CLOCK, &c));
		c.flags = 0;
		OK(ioctl(vm.fd, KVM_SET_CLOCK, &c));
	}
	return NULL;
}

/* That is no reason for a timer to begin its period anew. */
static void periodic_goes_on(void)
{
	uint64_t period = 100 * MILLISECOND;
	pthread_t t;

	synic_machine(KVM_CAP_HYPERV_SYNIC2);
	CHECK(guest_set(HV_CONFIG(0), DIRECT | VECTOR(0x60) | PERIODIC | AUTO_ENABLE));
	CHECK(guest_set(HV_COUNT(0), period));
	hv_handler(0x60, true);
	CHECK_EQ(pthread_create(&t, NULL, clock_setter, NULL), 0);
	hv_wait(3);
}

static void message_is(unsigned int timer, uint64_t expires)
{
	volatile struct message *m = slot(2);

	CHECK_EQ(m->type, TIMER_EXPIRED);
	CHECK_EQ(m->size, 24);
	CHECK_EQ(m->index, timer);
	CHECK_EQ(m->expires, expires);
	CHECK(m->delivered >= expires && m->delivered <= host_msr(HV_TIME));
}

/* A second message finds the slot full, says so, and comes when EOM says that it is not. */
static void message(void)
{
	uint64_t now;

	synic_machine(KVM_CAP_HYPERV_SYNIC2);
	source_on(0x61);
	now = guest_msr(HV_TIME);
	hv_handler(0x61, true);
	CHECK_EQ(host_set(HV_COUNT(0), now + MILLISECOND), 1);
	CHECK_EQ(host_set(HV_CONFIG(0), SOURCE(2) | ENABLE), 1);
	hv_wait(1);
	message_is(0, now + MILLISECOND);
	CHECK_EQ(slot(2)->flags, 0);
	CHECK_EQ(host_set(HV_COUNT(3), now + 2 * MILLISECOND), 1);
	CHECK_EQ(host_set(HV_CONFIG(3), SOURCE(2) | ENABLE), 1);
	/* The guest runs, and looks at its MSRs meanwhile. */
	msr_code(&v);
	while (!(slot(2)->flags & 1))
		guest_msr(HV_TIME);
	message_is(0, now + MILLISECOND);
	CHECK_EQ(hv_count(), 1);
	slot(2)->type = 0;
	CHECK(guest_set(HV_EOM, 0));
	hv_handler(0x61, true);
	hv_wait(2);
	message_is(3, now + 2 * MILLISECOND);
	CHECK_EQ(host_msr(HV_CONFIG(3)), SOURCE(2));
}

/* Source 0 is not for timers; a masked one has its message, and no interrupt. */
static void masked(void)
{
	synic_machine(KVM_CAP_HYPERV_SYNIC2);
	CHECK(guest_set(HV_COUNT(0), 1));
	CHECK(guest_set(HV_CONFIG(0), SOURCE(0) | ENABLE));
	/* Linux's KVM clears it in a timer that has been enabled before. */
	if (!is_stock())
		CHECK_EQ(guest_msr(HV_CONFIG(0)), 0);
	CHECK(guest_set(HV_CONFIG(0), 0));
	source_on(SINT_MASKED | 0x61);
	CHECK(guest_set(HV_CONFIG(0), SOURCE(2) | ENABLE));
	while (!slot(2)->type)
		guest_msr(HV_TIME);
	message_is(0, 1);
	CHECK(!lapic_has(&v, APIC_IRR, 0x61));
}

/* Nobody writes EOI, and yet nothing is in service. */
static void auto_eoi(void)
{
	uint64_t now;

	synic_machine(KVM_CAP_HYPERV_SYNIC2);
	source_on(SINT_AUTO_EOI | 0x61);
	now = guest_msr(HV_TIME);
	hv_handler(0x61, false);
	CHECK_EQ(host_set(HV_COUNT(0), now), 1);
	CHECK_EQ(host_set(HV_CONFIG(0), SOURCE(2) | ENABLE), 1);
	hv_wait(1);
	CHECK(!lapic_has(&v, APIC_ISR, 0x61));
	slot(2)->type = 0;
	CHECK_EQ(host_set(HV_CONFIG(0), SOURCE(2) | ENABLE), 1);
	hv_wait(2);
	/* An ordinary source is as any other. */
	slot(2)->type = 0;
	CHECK_EQ(host_set(HV_SINT(2), 0x61), 1);
	CHECK_EQ(host_set(HV_CONFIG(0), SOURCE(2) | ENABLE), 1);
	hv_wait(3);
	CHECK(lapic_has(&v, APIC_ISR, 0x61));
}

/* ---- devices: a GSI that leads to a source; who waits for its EOI is told ---- */

static void route_set(uint32_t sint)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry e;
	} r = { { .nr = 1 }, { .gsi = 40, .type = KVM_IRQ_ROUTING_HV_SINT,
			       .u.hv_sint = { 0, sint } } };

	OK(ioctl(vm.fd, KVM_SET_GSI_ROUTING, &r));
}

static void route(void)
{
	struct kvm_irq_level line = { .irq = 40, .level = 1 };
	struct kvm_irqfd irqfd = { .gsi = 40, .flags = KVM_IRQFD_FLAG_RESAMPLE };
	uint64_t one = 1;

	synic_machine(KVM_CAP_HYPERV_SYNIC2);
	route_set(3);
	OK(ioctl(vm.fd, KVM_IRQ_LINE, &line));
	CHECK(!lapic_has(&v, APIC_IRR, 0x55));
	CHECK_EQ(host_set(HV_SINT(3), 0x55), 1);
	OK(ioctl(vm.fd, KVM_IRQ_LINE, &line));
	CHECK(lapic_has(&v, APIC_IRR, 0x55));
	hv_handler(0x55, true);
	hv_wait(1);
	irqfd.fd = OK(eventfd(0, EFD_NONBLOCK));
	irqfd.resamplefd = OK(eventfd(0, EFD_NONBLOCK));
	OK(ioctl(vm.fd, KVM_IRQFD, &irqfd));
	OK(write(irqfd.fd, &one, 8));
	ERR(read(irqfd.resamplefd, &one, 8), EAGAIN);
	hv_wait(2);
	CHECK_EQ(OK(read(irqfd.resamplefd, &one, 8)), 8);
	/* Nor is there another EOI behind the message that made the next one wait. */
	msr_code(&v);
	CHECK(guest_set(HV_EOM, 0));
	CHECK_EQ(OK(read(irqfd.resamplefd, &one, 8)), 8);
}

/* ---- save and restore: the list has it all, and the timer goes on ---- */

static struct kvm_msrs *msrs_of(const struct kvm_msr_list *l)
{
	struct kvm_msrs *m = calloc(1, sizeof(*m) + l->nmsrs * sizeof(m->entries[0]));
	unsigned int i;

	for (i = 0; i < l->nmsrs; i++)
		if (l->indices[i] >> 12 == 0x40000)
			m->entries[m->nmsrs++].index = l->indices[i];
	return m;
}

static void saved(void)
{
	struct kvm_msr_list *l = calloc(1, sizeof(*l) + 1000 * sizeof(uint32_t));
	struct kvm_msrs *m;
	uint64_t now;

	synic_machine(KVM_CAP_HYPERV_SYNIC2);
	/* Linux's KVM lists one SINT and one timer for all of them. */
	if (is_stock())
		test_skip("not all are in the list");
	l->nmsrs = 1000;
	OK(ioctl(vm.kvm, KVM_GET_MSR_INDEX_LIST, l));
	source_on(0x61);
	CHECK_EQ(host_set(HV_OS_ID, LINUX_ID), 1);
	now = guest_msr(HV_TIME);
	CHECK_EQ(host_set(HV_COUNT(2), now + MILLISECOND), 1);
	CHECK_EQ(host_set(HV_CONFIG(2), SOURCE(2) | ENABLE), 1);
	m = msrs_of(l);
	CHECK_EQ(OK(ioctl(v.fd, KVM_GET_MSRS, m)), m->nmsrs);
	vcpu_close(&v);
	vm_close(&vm);
	synic_machine(KVM_CAP_HYPERV_SYNIC2);
	CHECK_EQ(OK(ioctl(v.fd, KVM_SET_MSRS, m)), m->nmsrs);
	CHECK_EQ(host_msr(HV_SIMP), GPA_MESSAGES | 1);
	CHECK_EQ(host_msr(HV_SINT(2)), 0x61);
	CHECK_EQ(host_msr(HV_OS_ID), LINUX_ID);
	hv_handler(0x61, true);
	hv_wait(1);
	message_is(2, now + MILLISECOND);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ .name = "enabling", .run = enabling },
		{ .name = "pages", .run = pages },
		{ .name = "vectors", .run = vectors },
		{ .name = "direct", .run = direct },
		{ .name = "periodic", .run = periodic },
		{ .name = "periodic_goes_on", .run = periodic_goes_on, .seconds = 20 },
		{ .name = "message", .run = message },
		{ .name = "masked", .run = masked },
		{ .name = "auto_eoi", .run = auto_eoi },
		{ .name = "route", .run = route },
		{ .name = "saved", .run = saved },
		{ }
	};

	return test_main(argc, argv, cases);
}
