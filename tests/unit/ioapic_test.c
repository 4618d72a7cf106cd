// SPDX-License-Identifier: GPL-2.0-only
/* The I/O APIC, by examples from the 82093AA data sheet. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/string.h>
#include <linux/slab.h>

#include "tests/unit/chips_world.h"

#define MASKED	0x10000u
#define LEVEL	0x8000u
#define REMOTE	0x4000u

static int start(void **state)
{
	chips_start();
	return 0;
}

static int stop(void **state)
{
	chips_stop();
	return 0;
}

static u32 reg(unsigned int index)
{
	ioapic_write(chips.vm.ioapic, 0, index);
	return ioapic_read(chips.vm.ioapic, 0x10);
}

static void reg_set(unsigned int index, u32 value)
{
	ioapic_write(chips.vm.ioapic, 0, index);
	ioapic_write(chips.vm.ioapic, 0x10, value);
}

static void entry(unsigned int pin, u32 high, u32 low)
{
	reg_set(0x10 + 2 * pin, MASKED);
	reg_set(0x11 + 2 * pin, high);
	reg_set(0x10 + 2 * pin, low);
}

static int drive(unsigned int pin, bool level)
{
	return ioapic_set(chips.vm.ioapic, pin, IRQ_SOURCE_USER, level);
}

static void eoi(u8 vector)
{
	ioapic_eoi(chips.vm.ioapic, vector);
}

static unsigned int messages(void)
{
	unsigned int n = chips_count(CHIPS_MESSAGE);

	chips.log.n = 0;
	return n;
}

static void test_registers(void **state)
{
	assert_int_equal(reg(1), 0x00170011);
	assert_int_equal(reg(0), 0);
	reg_set(0, 0xffffffff);
	assert_int_equal(reg(0), 0x0f000000);
	assert_int_equal(reg(2), 0x0f000000);
	reg_set(1, 0);
	reg_set(2, 0x01000000);
	assert_int_equal(reg(1), 0x00170011);
	assert_int_equal(reg(2), 0x0f000000);
	for (unsigned int i = 3; i < 0x100; i++)
		if (i < 0x10 || i >= 0x40) {
			reg_set(i, 0xffffffff);
			assert_int_equal(reg(i), 0);
		}
	assert_int_equal(reg(0x3e), MASKED);
	assert_int_equal(reg(0x3f), 0);
	ioapic_write(chips.vm.ioapic, 0, 0x12345601);
	assert_int_equal(ioapic_read(chips.vm.ioapic, 0), 1);
	assert_int_equal(ioapic_read(chips.vm.ioapic, 0x40), 0);
	ioapic_write(chips.vm.ioapic, 0x40, 1);
}

static void test_entry_bits(void **state)
{
	reg_set(0x10, 0xffffffff);
	reg_set(0x11, 0xffffffff);
	assert_int_equal(reg(0x10), 0x1afff);
	assert_int_equal(reg(0x11), 0xff000000);
	reg_set(0x10, 0);
	assert_int_equal(reg(0x10), 0);
	assert_int_equal(reg(0x11), 0xff000000);
	reg_set(0x3f, 0x12000000);
	assert_int_equal(reg(0x3f), 0x12000000);
	assert_int_equal(messages(), 0);
}

static void test_edge(void **state)
{
	struct irq_msg m;

	entry(3, 0x5a000000, 0x0931);
	assert_int_equal(drive(3, true), 1);
	m = chips_message();
	assert_int_equal(m.vector, 0x31);
	assert_int_equal(m.dest, 0x5a);
	assert_int_equal(m.mode, IRQ_LOWEST);
	assert_true(m.logical);
	assert_false(m.level || m.wide || m.tell_eoi || m.lowest || m.deassert);
	assert_int_equal(m.shorthand, IRQ_DEST);
	assert_int_equal(messages(), 1);
	/* no second edge, by whomever */
	assert_int_equal(drive(3, true), IRQ_COALESCED);
	assert_int_equal(ioapic_set(chips.vm.ioapic, 3, IRQ_SOURCE_RESAMPLE, true),
			 IRQ_COALESCED);
	assert_int_equal(drive(3, false), 1);
	assert_int_equal(drive(3, true), IRQ_COALESCED);
	assert_int_equal(drive(3, false), 1);
	assert_int_equal(messages(), 0);
	ioapic_set(chips.vm.ioapic, 3, IRQ_SOURCE_RESAMPLE, false);
	chips.result = 3;
	assert_int_equal(drive(3, true), 3);
	assert_int_equal(reg(0x16), 0x0931);
	/* A resampler has driven it, and waits for the end; not for ever. */
	eoi(0x31);
	assert_int_equal(chips_count(CHIPS_ACKED), 1);
	ioapic_tell(chips.vm.ioapic, 3, false);
	chips.log.n = 0;
	eoi(0x31);
	assert_int_equal(chips_count(CHIPS_ACKED), 0);
	ioapic_set(chips.vm.ioapic, 3, IRQ_SOURCE_RESAMPLE, true);
	ioapic_tell(chips.vm.ioapic, 3, false);
	eoi(0x31);
	assert_int_equal(chips_count(CHIPS_ACKED), 1);
}

/* "Edge-sensitive interrupts signaled on a masked interrupt pin are ignored" */
static void test_edge_masked(void **state)
{
	entry(3, 0, MASKED | 0x31);
	assert_int_equal(drive(3, true), IRQ_REFUSED);
	reg_set(0x16, 0x31);
	assert_int_equal(messages(), 0);
	drive(3, false);
	assert_int_equal(drive(3, true), 1);
	assert_int_equal(messages(), 1);
}

static void test_level(void **state)
{
	entry(23, 0, LEVEL | 0x41);
	assert_int_equal(drive(23, true), 1);
	assert_true(chips_message().level);
	assert_int_equal(messages(), 1);
	assert_int_equal(reg(0x3e), LEVEL | REMOTE | 0x41);
	reg_set(0x3e, LEVEL | 0x41);
	assert_int_equal(reg(0x3e), LEVEL | REMOTE | 0x41);
	assert_int_equal(drive(23, true), IRQ_COALESCED);
	eoi(0x42);
	assert_int_equal(reg(0x3e), LEVEL | REMOTE | 0x41);
	assert_int_equal(messages(), 0);
	eoi(0x41);
	assert_int_equal(chips_count(CHIPS_ACKED), 1);
	assert_int_equal(messages(), 1);
	drive(23, false);
	eoi(0x41);
	assert_int_equal(messages(), 0);
	assert_int_equal(reg(0x3e), LEVEL | 0x41);
	eoi(0x41);
	assert_int_equal(chips.log.n, 0);
}

static void test_level_masked(void **state)
{
	entry(5, 0, MASKED | LEVEL | 0x41);
	assert_int_equal(drive(5, true), IRQ_REFUSED);
	assert_int_equal(messages(), 0);
	reg_set(0x1a, LEVEL | 0x41);
	assert_int_equal(messages(), 1);
	/* masked between message and EOI: accepted is accepted */
	reg_set(0x1a, MASKED | LEVEL | 0x41);
	eoi(0x41);
	assert_int_equal(messages(), 0);
	assert_int_equal(reg(0x1a), MASKED | LEVEL | 0x41);
	reg_set(0x1a, LEVEL | 0x41);
	assert_int_equal(messages(), 1);
}

/* Whoever has no EOI register makes a pin edge triggered for a moment. */
static void test_remote_irr_cleared(void **state)
{
	entry(5, 0, LEVEL | 0x41);
	drive(5, true);
	drive(5, false);
	reg_set(0x1a, MASKED | 0x41);
	reg_set(0x1a, MASKED | LEVEL | 0x41);
	assert_int_equal(reg(0x1a), MASKED | LEVEL | 0x41);
}

/* Nobody took it: no EOI will come. */
static void test_refused(void **state)
{
	entry(5, 0, LEVEL | 0x41);
	chips.result = IRQ_REFUSED;
	assert_int_equal(drive(5, true), IRQ_REFUSED);
	assert_int_equal(reg(0x1a), LEVEL | 0x41);
	chips.result = IRQ_COALESCED;
	assert_int_equal(drive(5, true), IRQ_COALESCED);
	assert_int_equal(reg(0x1a), LEVEL | REMOTE | 0x41);
	assert_int_equal(messages(), 2);
}

static void test_modes(void **state)
{
	static const u8 modes[] = { IRQ_SMI, IRQ_NMI, IRQ_INIT, IRQ_EXTINT };

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		entry(7, 0, LEVEL | modes[i] << 8);
		drive(7, true);
		assert_int_equal(chips_message().mode, modes[i]);
		assert_false(chips_message().level);
		assert_int_equal(messages(), 1);
		assert_int_equal(reg(0x1e), LEVEL | modes[i] << 8);
		eoi(0);
		assert_int_equal(chips.log.n, 0);
		drive(7, false);
	}
	entry(7, 0, 0x330);
	assert_int_equal(drive(7, true), IRQ_REFUSED);
	drive(7, false);
	entry(7, 0, 0x630);
	assert_int_equal(drive(7, true), IRQ_REFUSED);
	assert_int_equal(messages(), 0);
}

/* All pins with the vector. */
static void test_shared_vector(void **state)
{
	entry(1, 0, LEVEL | 0x41);
	entry(2, 0, LEVEL | 0x141);
	entry(4, 0, 0x41);
	drive(1, true);
	drive(2, true);
	ioapic_tell(chips.vm.ioapic, 4, true);
	drive(4, true);
	assert_true(chips_message().tell_eoi);
	ioapic_tell(chips.vm.ioapic, 1, true);
	chips.log.n = 0;
	drive(1, false);
	eoi(0x41);
	assert_int_equal(chips_count(CHIPS_ACKED), 3);
	assert_int_equal(chips_count(CHIPS_MESSAGE), 1);
	chips.log.n = 0;
	ioapic_tell(chips.vm.ioapic, 4, false);
	drive(1, true);
	assert_false(chips_message().tell_eoi);
	drive(4, false);
	drive(4, true);
	assert_false(chips_message().tell_eoi);
	/* an edge that the PIT sends is told */
	drive(4, false);
	ioapic_set(chips.vm.ioapic, 4, IRQ_SOURCE_PIT, true);
	assert_true(chips_message().tell_eoi);
}

static void lower(bool ioapic, unsigned int pin)
{
	assert_true(ioapic);
	drive(pin, false);
}

/* Who hears of the EOI may lower the line before it counts. */
static void test_acked_first(void **state)
{
	entry(9, 0, LEVEL | 0x41);
	drive(9, true);
	chips.acked = lower;
	chips.log.n = 0;
	eoi(0x41);
	assert_int_equal(messages(), 0);
}

static void test_storm(void **state)
{
	entry(9, 0, LEVEL | 0x41);
	drive(9, true);
	for (int i = 0; i < 10000; i++) {
		messages();
		eoi(0x41);
		assert_int_equal(chips_count(CHIPS_MESSAGE), 1);
	}
	assert_false(chips.delay);
	messages();
	eoi(0x41);
	assert_true(chips.delay);
	assert_int_equal(messages(), 0);
	assert_int_equal(reg(0x22), LEVEL | 0x1000 | 0x41);
	assert_int_equal(drive(9, true), IRQ_COALESCED);
	reg_set(0x22, LEVEL | 0x41);
	assert_int_equal(messages(), 0);
	ioapic_delayed(chips.vm.ioapic);
	assert_int_equal(messages(), 1);
	ioapic_delayed(chips.vm.ioapic);
	assert_int_equal(messages(), 0);
	/* it is still one */
	eoi(0x41);
	assert_int_equal(messages(), 0);
	/* and not any more */
	drive(9, false);
	drive(9, true);
	assert_int_equal(messages(), 1);
	eoi(0x41);
	assert_int_equal(messages(), 1);
	ioapic_delayed(chips.vm.ioapic);
	assert_int_equal(messages(), 0);
}

static void test_reset(void **state)
{
	entry(9, 0x12000000, LEVEL | 0x41);
	reg_set(0, 0x0f000000);
	drive(9, true);
	ioapic_reset(chips.vm.ioapic);
	assert_int_equal(ioapic_read(chips.vm.ioapic, 0), 0);
	assert_int_equal(reg(0), 0);
	assert_int_equal(reg(0x22), MASKED);
	assert_int_equal(reg(0x23), 0);
	messages();
	/* the line is what it was */
	reg_set(0x22, LEVEL | 0x41);
	assert_int_equal(messages(), 1);
}

static void test_save(void **state)
{
	struct ioapic_state s;

	entry(9, 0, LEVEL | 0x41);
	entry(8, 0, 0x42);
	entry(7, 0, MASKED | LEVEL | 0x43);
	drive(7, true);
	drive(8, true);
	drive(9, true);
	ioapic_save(chips.vm.ioapic, &s);
	assert_int_equal(s.base, 0xfec00000);
	assert_int_equal(s.irr, 1 << 9 | 1 << 7);
	assert_int_equal(s.entry[9], LEVEL | REMOTE | 0x41);
	drive(7, false);
	drive(8, false);
	drive(9, false);
	messages();
	ioapic_restore(chips.vm.ioapic, &s);
	assert_int_equal(messages(), 0);
	/* what is pending: a level, and an edge that another implementation had kept */
	s.entry[9] &= ~(u64)REMOTE;
	s.irr |= 1 << 8;
	ioapic_restore(chips.vm.ioapic, &s);
	assert_int_equal(messages(), 2);
	/* the line that was asserted falls at last */
	drive(9, false);
	eoi(0x41);
	assert_int_equal(messages(), 0);
}

static void test_restore_hostile(void **state)
{
	struct ioapic_state s;

	memset(&s, 0xff, sizeof(s));
	ioapic_restore(chips.vm.ioapic, &s);
	assert_int_equal(messages(), 0);
	ioapic_save(chips.vm.ioapic, &s);
	assert_int_equal(s.base, 0xfec00000);
	assert_int_equal(s.select, 0xff);
	assert_int_equal(s.id, 0xf);
	assert_int_equal(s.pad, 0);
	assert_int_equal(s.irr, 0);
	for (int i = 0; i < 24; i++)
		assert_int_equal(s.entry[i], 0xff0000000001afffull);
	/* a line that is asserted while a state comes is no edge */
	entry(3, 0, 0x31);
	drive(3, true);
	ioapic_save(chips.vm.ioapic, &s);
	messages();
	ioapic_restore(chips.vm.ioapic, &s);
	drive(3, true);
	assert_int_equal(messages(), 0);
}

static void test_no_memory(void **state)
{
	shim_fail_at = shim_allocs + 1;
	assert_null(ioapic_create(&chips.vm));
	shim_fail_at = 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_registers),
		CASE(test_entry_bits),
		CASE(test_edge),
		CASE(test_edge_masked),
		CASE(test_level),
		CASE(test_level_masked),
		CASE(test_remote_irr_cleared),
		CASE(test_refused),
		CASE(test_modes),
		CASE(test_shared_vector),
		CASE(test_acked_first),
		CASE(test_storm),
		CASE(test_reset),
		CASE(test_save),
		CASE(test_restore_hostile),
		CASE(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
