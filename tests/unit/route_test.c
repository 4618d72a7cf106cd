// SPDX-License-Identifier: GPL-2.0-only
/* GSIs and messages. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/errno.h>
#include <linux/string.h>
#include <linux/slab.h>

#include "tests/unit/chips_world.h"

#define PIC(g, p)	{ .gsi = (g), .kind = IRQ_ROUTE_PIC, .pin = (p) }
#define IOAPIC(g, p)	{ .gsi = (g), .kind = IRQ_ROUTE_IOAPIC, .pin = (p) }
#define SINT(g, v, s)	{ .gsi = (g), .kind = IRQ_ROUTE_SINT, .vcpu = (v), .pin = (s) }
#define MSI(g, a, d)	{ .gsi = (g), .kind = IRQ_ROUTE_MSI, .msi = { (a), (d) } }

static int start(void **state)
{
	chips_start();
	pic_write(chips.vm.pic, 0x20, 0x11);
	pic_write(chips.vm.pic, 0x21, 0x08);
	pic_write(chips.vm.pic, 0x21, 4);
	pic_write(chips.vm.pic, 0x21, 1);
	chips.log.n = 0;
	return 0;
}

static int stop(void **state)
{
	chips_stop();
	return 0;
}

static int set(const struct irq_route *r, unsigned int n)
{
	int err;

	mutex_lock(&chips.vm.lock);
	err = irq_routes_set(&chips.vm, r, n);
	mutex_unlock(&chips.vm.lock);
	return err;
}

static int line(u32 gsi, bool level)
{
	return irq_line(&chips.vm, gsi, IRQ_SOURCE_USER, level);
}

static void unmask(unsigned int pin)
{
	ioapic_write(chips.vm.ioapic, 0, 0x10 + 2 * pin);
	ioapic_write(chips.vm.ioapic, 0x10, 0x30 + pin);
}

static void test_default(void **state)
{
	unmask(5);
	unmask(20);
	/* both have taken it */
	assert_int_equal(line(5, true), 2);
	assert_int_equal(line(5, false), 2);
	pic_write(chips.vm.pic, 0x21, 0xff);
	assert_int_equal(line(5, true), 1);
	assert_int_equal(chips_message().vector, 0x35);
	line(5, false);
	assert_int_equal(line(20, true), 1);
	assert_int_equal(chips_message().vector, 0x30 + 20);
	chips.result = IRQ_REFUSED;
	assert_int_equal(line(5, true), IRQ_REFUSED);
	line(5, false);
	chips.result = IRQ_COALESCED;
	assert_int_equal(line(5, true), IRQ_COALESCED);
	assert_int_equal(line(24, true), IRQ_REFUSED);
	assert_int_equal(line(0xffffffff, true), IRQ_REFUSED);
	for (unsigned int pin = 0; pin < 24; pin++) {
		assert_int_equal(irq_gsi_of_pin(&chips.vm, true, pin), pin);
		if (pin < 16)
			assert_int_equal(irq_gsi_of_pin(&chips.vm, false, pin), pin);
	}
}

static void test_replaced(void **state)
{
	static const struct irq_route routes[] = {
		PIC(0, 0), IOAPIC(0, 2), IOAPIC(9, 23), IOAPIC(4, 23), PIC(7, 7), PIC(8, 7),
		MSI(4095, 0xfee01000, 0x41), MSI(3, 0xfee00000, 0x341),
	};

	assert_int_equal(set(routes, ARRAY_SIZE(routes)), 0);
	assert_int_equal(irq_gsi_of_pin(&chips.vm, true, 2), 0);
	assert_int_equal(irq_gsi_of_pin(&chips.vm, true, 0), -1);
	assert_int_equal(irq_gsi_of_pin(&chips.vm, true, 23), 4);
	assert_int_equal(irq_gsi_of_pin(&chips.vm, false, 7), 7);
	assert_int_equal(line(1, true), IRQ_REFUSED);
	assert_int_equal(line(4095, false), IRQ_REFUSED);
	assert_int_equal(chips_count(CHIPS_MESSAGE), 0);
	chips.result = 2;
	assert_int_equal(line(4095, true), 2);
	assert_int_equal(chips_message().dest, 1);
	assert_int_equal(line(3, true), IRQ_REFUSED);
	assert_int_equal(set(NULL, 0), 0);
	assert_int_equal(line(0, true), IRQ_REFUSED);
	assert_int_equal(irq_gsi_of_pin(&chips.vm, false, 7), -1);
}

/* One GSI, a pin of each chip. */
static void test_three(void **state)
{
	static const struct irq_route routes[] = { PIC(6, 12), IOAPIC(6, 3), PIC(6, 1) };
	struct pic_state primary, secondary;

	unmask(3);
	assert_int_equal(set(routes, ARRAY_SIZE(routes)), 0);
	assert_int_equal(irq_gsi_of_pin(&chips.vm, false, 1), 6);
	assert_int_equal(irq_gsi_of_pin(&chips.vm, false, 12), 6);
	assert_int_equal(irq_gsi_of_pin(&chips.vm, true, 3), 6);
	assert_int_equal(line(6, true), 3);
	assert_int_equal(chips_message().vector, 0x33);
	pic_save(chips.vm.pic, 0, &primary);
	pic_save(chips.vm.pic, 1, &secondary);
	assert_int_equal(primary.irr & BIT(1), BIT(1));
	assert_int_equal(secondary.irr, BIT(4));
	assert_int_equal(line(6, false), 3);
}

/* Sources of a SynIC: told when it is high, and found again. */
static void test_sint(void **state)
{
	static const struct irq_route routes[] = {
		SINT(7, 70, 15), SINT(30, 0, 2), SINT(31, 0, 2), IOAPIC(9, 9),
	};

	assert_int_equal(irq_gsi_of_sint(&chips.vm, 0, 0), -1);
	assert_int_equal(set(routes, ARRAY_SIZE(routes)), 0);
	chips.result = 3;
	assert_int_equal(line(7, true), 3);
	assert_int_equal(line(7, false), IRQ_REFUSED);
	assert_int_equal(chips_count(CHIPS_SINT), 1);
	assert_int_equal(chips.log.at[chips.log.n - 1].arg, 70 << 8 | 15);
	assert_int_equal(irq_pulse(&chips.vm, 31, IRQ_SOURCE_USER), 3);
	assert_int_equal(chips_count(CHIPS_SINT), 2);
	assert_int_equal(chips.log.at[chips.log.n - 1].arg, 2);
	assert_int_equal(irq_gsi_of_sint(&chips.vm, 70, 15), 7);
	assert_int_equal(irq_gsi_of_sint(&chips.vm, 0, 2), 30);
	assert_int_equal(irq_gsi_of_sint(&chips.vm, 0, 15), -1);
	assert_int_equal(irq_gsi_of_sint(&chips.vm, 1, 2), -1);
}

/* An edge each time; a message once. */
static void test_pulse(void **state)
{
	static const struct irq_route routes[] = {
		IOAPIC(5, 5), MSI(9, 0xfee01000, 0x41),
	};
	u32 gsi;

	unmask(5);
	assert_int_equal(set(routes, ARRAY_SIZE(routes)), 0);
	for (gsi = 0; gsi < 12; gsi++)
		irq_pulse(&chips.vm, gsi, IRQ_SOURCE_USER);
	assert_int_equal(chips_count(CHIPS_MESSAGE), 2);
	assert_int_equal(chips_message().vector, 0x41);
	irq_pulse(&chips.vm, 5, IRQ_SOURCE_USER);
	assert_int_equal(chips_count(CHIPS_MESSAGE), 3);
	assert_int_equal(chips_message().vector, 0x35);
}

static void test_none(void **state)
{
	kvfree(chips.vm.routes);
	chips.vm.routes = NULL;
	assert_int_equal(line(0, true), IRQ_REFUSED);
	assert_int_equal(irq_gsi_of_pin(&chips.vm, true, 0), -1);
}

/* Whoever looks at a table that goes has it until the end of its section. */
static void test_dropped(void **state)
{
	struct irq_routes *r;
	size_t bytes;

	mutex_lock(&chips.vm.lock);
	rcu_read_lock();
	r = rcu_dereference(chips.vm.routes);
	bytes = irq_routes_bytes(&chips.vm);
	assert_true(bytes > IRQ_IOAPIC_PINS);
	irq_routes_drop(&chips.vm);
	assert_int_equal(irq_routes_bytes(&chips.vm), 0);
	assert_int_equal(line(0, true), IRQ_REFUSED);
	/* the sanitizer's affair */
	((volatile char *)r)[bytes - 1];
	rcu_read_unlock();
	irq_routes_drop(&chips.vm);
	assert_int_equal(irq_routes_default(&chips.vm), 0);
	mutex_unlock(&chips.vm.lock);
	assert_int_equal(irq_gsi_of_pin(&chips.vm, true, 23), 23);
}

static void test_refused(void **state)
{
	static const struct irq_route bad[][2] = {
		{ PIC(0, 0), PIC(0, 1) },
		{ PIC(0, 8), PIC(0, 15) },
		{ IOAPIC(0, 0), IOAPIC(0, 1) },
		{ MSI(0, 0, 0), MSI(0, 0, 0) },
		{ MSI(0, 0, 0), PIC(0, 1) },
		{ MSI(0, 0, 0), IOAPIC(0, 1) },
		{ PIC(0, 1), MSI(0, 0, 0) },
		{ IOAPIC(0, 1), MSI(0, 0, 0) },
		{ PIC(0, 0), PIC(1, 16) },
		{ PIC(0, 0), IOAPIC(1, 24) },
		{ PIC(0, 0), PIC(4096, 0) },
		{ PIC(0, 0), PIC(0xffffffff, 0) },
		{ PIC(0, 0), { .gsi = 1, .kind = 4 } },
		{ SINT(0, 1, 2), PIC(0, 1) },
		{ PIC(0, 1), SINT(0, 1, 2) },
		{ MSI(0, 0, 0), SINT(0, 1, 2) },
		{ SINT(0, 1, 2), MSI(0, 0, 0) },
		{ SINT(0, 1, 2), SINT(0, 1, 2) },
		{ PIC(0, 0), SINT(1, 0, 16) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(set(bad[i], 2), -EINVAL);
	shim_fail_at = shim_allocs + 1;
	assert_int_equal(set(bad[0], 1), -ENOMEM);
	shim_fail_at = shim_allocs + 1;
	assert_int_equal(irq_routes_default(&chips.vm), -ENOMEM);
	shim_fail_at = 0;
	/* the old ones are in place */
	assert_int_equal(irq_gsi_of_pin(&chips.vm, true, 23), 23);
}

/* LAPICs in the kernel only: no pins. */
static void test_split(void **state)
{
	static const struct irq_route pic = PIC(0, 0), ioapic = IOAPIC(0, 0),
		msi = MSI(0, 0xfee00000, 0x31), level = MSI(3, 0xfee00000, 0x8032),
		startup = MSI(3, 0xfee00000, 0x8632);
	struct pic *p = chips.vm.pic;
	struct ioapic *io = chips.vm.ioapic;

	chips.vm.pic = NULL;
	chips.vm.ioapic = NULL;
	assert_int_equal(set(&pic, 1), -EINVAL);
	assert_int_equal(set(&ioapic, 1), -EINVAL);
	assert_int_equal(set(&msi, 1), 0);
	assert_int_equal(line(0, true), 1);
	/* whose EOI userspace's IOAPIC waits for: a level, and a pin of its own */
	assert_false(irq_level_routed(&chips.vm, 24, 0x31));
	assert_int_equal(set(&level, 1), 0);
	assert_true(irq_level_routed(&chips.vm, 24, 0x32));
	assert_true(irq_level_routed(&chips.vm, 4, 0x32));
	assert_false(irq_level_routed(&chips.vm, 3, 0x32));
	assert_false(irq_level_routed(&chips.vm, 24, 0x31));
	/* a page, and no vector */
	assert_int_equal(set(&startup, 1), 0);
	assert_false(irq_level_routed(&chips.vm, 24, 0x32));
	chips.vm.pic = p;
	chips.vm.ioapic = io;
}

static bool decode(u64 address, u32 data, struct irq_msg *m)
{
	struct irq_msi msi = { address, data };

	return irq_msi_decode(&chips.vm, &msi, m);
}

static void test_decode(void **state)
{
	struct irq_msg m;

	assert_true(decode(0xfee5a000, 0x31, &m));
	assert_int_equal(chips_pack(&m), 0x310000005aull);
	assert_true(decode(0xfeeff00c, 0x41ff, &m));
	assert_int_equal(m.dest, 0xff);
	assert_int_equal(m.vector, 0xff);
	assert_int_equal(m.mode, IRQ_LOWEST);
	assert_true(m.logical && m.lowest);
	assert_false(m.level || m.deassert || m.wide || m.tell_eoi);
	assert_true(decode(0xfee00004, 0xc031, &m));
	assert_true(m.logical && m.level && !m.lowest && !m.deassert);
	/* an I/O APIC in userspace sends a level like that */
	assert_true(decode(0xfee00008, 0x8031, &m));
	assert_true(!m.logical && m.level && m.lowest && !m.deassert);
	/* what QEMU makes of a device's write: the place in the page */
	assert_true(decode(0x0005a000, 0x31, &m));
	assert_int_equal(chips_pack(&m), 0x310000005aull);
	for (unsigned int mode = 0; mode < 8; mode++)
		assert_int_equal(decode(0xfee00000, mode << 8, &m), mode != 3);
}

/* api.rst 4.52: "address_hi bits 31-8 provide bits 31-8 of the destination id" */
static void test_extended(void **state)
{
	static const struct irq_route good = MSI(0, 0x12345600fee9a000ull, 0x31),
		bad = MSI(0, 0x12345601fee9a000ull, 0x31);
	struct irq_msg m;

	assert_true(decode(bad.msi.address, 0x31, &m));
	assert_int_equal(m.dest, 0x9a);
	assert_false(m.wide);
	assert_int_equal(set(&bad, 1), 0);
	chips.vm.ids_32bit = true;
	assert_true(decode(good.msi.address, 0x31, &m));
	assert_int_equal(m.dest, 0x1234569a);
	assert_true(m.wide);
	assert_true(decode(0xfee9a000, 0x31, &m));
	assert_false(m.wide);
	assert_false(decode(bad.msi.address, 0x31, &m));
	assert_int_equal(irq_msi(&chips.vm, &bad.msi), IRQ_REFUSED);
	assert_int_equal(set(&bad, 1), -EINVAL);
	assert_int_equal(set(&good, 1), 0);
	assert_int_equal(line(0, true), 1);
	assert_int_equal(chips_message().dest, 0x1234569a);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_default),
		CASE(test_replaced),
		CASE(test_three),
		CASE(test_sint),
		CASE(test_pulse),
		CASE(test_none),
		CASE(test_dropped),
		CASE(test_refused),
		CASE(test_split),
		CASE(test_decode),
		CASE(test_extended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
