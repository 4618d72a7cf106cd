// SPDX-License-Identifier: GPL-2.0-only
/* The pair of 8259A, by examples from the data sheet. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/string.h>
#include <linux/slab.h>

#include "tests/unit/chips_world.h"

static void out(u16 port, u8 value)
{
	pic_write(chips.vm.pic, port, value);
}

static u8 in(u16 port)
{
	return pic_read(chips.vm.pic, port);
}

static int drive(unsigned int pin, bool level)
{
	return pic_set(chips.vm.pic, pin, IRQ_SOURCE_USER, level);
}

static void pulse(unsigned int pin)
{
	drive(pin, true);
	drive(pin, false);
}

static u8 inta(void)
{
	return pic_ack(chips.vm.pic);
}

static bool intr(void)
{
	return pic_is_high(chips.vm.pic);
}

static void icws(u16 port, u8 base, u8 icw4)
{
	out(port, 0x11);
	out(port + 1, base);
	out(port + 1, port == 0x20 ? 4 : 2);
	out(port + 1, icw4);
}

/* As a BIOS leaves them. */
static int start(void **state)
{
	chips_start();
	icws(0x20, 0x08, 1);
	icws(0xa0, 0x70, 1);
	chips.log.n = 0;
	return 0;
}

static int stop(void **state)
{
	chips_stop();
	return 0;
}

static u8 isr(u16 port)
{
	out(port, 0x0b);
	return in(port);
}

static u8 irr(u16 port)
{
	out(port, 0x0a);
	return in(port);
}

static unsigned int acked(void)
{
	unsigned int n = chips_count(CHIPS_ACKED);

	chips.log.n = 0;
	return n;
}

static void test_edge(void **state)
{
	assert_int_equal(drive(1, true), 1);
	assert_true(intr());
	assert_int_equal(chips_count(CHIPS_OUTPUT), 1);
	assert_int_equal(drive(1, true), IRQ_COALESCED);
	assert_int_equal(irr(0x20), 2);
	assert_int_equal(inta(), 0x09);
	assert_false(intr());
	assert_int_equal(irr(0x20), 0);
	assert_int_equal(isr(0x20), 2);
	/* the line is still high: no new edge */
	assert_int_equal(drive(1, true), IRQ_COALESCED);
	drive(1, false);
	assert_int_equal(drive(1, true), 1);
	assert_int_equal(drive(1, false), 1);
	assert_false(intr());
	assert_int_equal(acked(), 0);
	out(0x20, 0x20);
	assert_true(intr());
	assert_int_equal(acked(), 1);
	assert_int_equal(inta(), 0x09);
}

/* "IR0 has the highest priority and IR7 the lowest" */
static void test_priority(void **state)
{
	pulse(6);
	pulse(3);
	assert_int_equal(inta(), 0x0b);
	assert_false(intr());
	pulse(4);
	assert_false(intr());
	pulse(1);
	assert_true(intr());
	assert_int_equal(inta(), 0x09);
	assert_int_equal(isr(0x20), 0x0a);
	out(0x20, 0x20);
	assert_int_equal(isr(0x20), 0x08);
	assert_false(intr());
	out(0x20, 0x20);
	assert_int_equal(inta(), 0x0c);
	out(0x20, 0x64);
	assert_int_equal(inta(), 0x0e);
	assert_int_equal(acked(), 3);
	/* neither in service, nor wrong */
	out(0x20, 0x63);
	assert_int_equal(acked(), 0);
	assert_int_equal(isr(0x20), 0x40);
}

static void test_mask(void **state)
{
	out(0x21, 0x08);
	assert_int_equal(in(0x21), 0x08);
	assert_int_equal(drive(3, true), IRQ_REFUSED);
	assert_false(intr());
	assert_int_equal(irr(0x20), 8);
	out(0x21, 0);
	assert_true(intr());
}

static void test_cascade(void **state)
{
	assert_int_equal(drive(2, true), IRQ_REFUSED);
	assert_int_equal(drive(2, false), IRQ_REFUSED);
	assert_false(intr());
	pulse(12);
	assert_int_equal(irr(0x20), 4);
	assert_int_equal(irr(0xa0), 0x10);
	pulse(3);
	assert_int_equal(inta(), 0x74);
	assert_int_equal(isr(0x20), 4);
	assert_int_equal(isr(0xa0), 0x10);
	assert_false(intr());
	/* fully nested: higher on the secondary waits for both EOIs */
	pulse(8);
	assert_false(intr());
	out(0xa0, 0x20);
	assert_int_equal(acked(), 1);
	assert_false(intr());
	out(0x20, 0x20);
	assert_int_equal(chips_count(CHIPS_ACKED), 0);
	assert_int_equal(inta(), 0x70);
}

static void test_special_fully_nested(void **state)
{
	icws(0x20, 0x08, 0x11);
	pulse(12);
	assert_int_equal(inta(), 0x74);
	pulse(3);
	assert_false(intr());
	pulse(14);
	assert_false(intr());
	pulse(8);
	assert_true(intr());
	assert_int_equal(inta(), 0x70);
	/* of the primary only: the secondary's pin 2 is no cascade */
	icws(0xa0, 0x70, 0x11);
	pulse(10);
	assert_int_equal(inta(), 0x72);
	pulse(10);
	assert_false(intr());
}

/* "if the IR goes low before the first INTA": level 7, not in service */
static void test_spurious(void **state)
{
	out(0x4d0, 0x08);
	drive(3, true);
	drive(3, false);
	assert_false(intr());
	assert_int_equal(inta(), 0x0f);
	assert_int_equal(isr(0x20), 0);
	out(0x4d1, 0x08);
	drive(11, true);
	drive(11, false);
	assert_true(intr());
	assert_int_equal(inta(), 0x77);
	assert_int_equal(isr(0xa0), 0);
	assert_int_equal(isr(0x20), 4);
}

static void test_elcr(void **state)
{
	out(0x4d0, 0xff);
	out(0x4d1, 0xff);
	assert_int_equal(in(0x4d0), 0xf8);
	assert_int_equal(in(0x4d1), 0xde);
	assert_int_equal(drive(11, true), 1);
	assert_int_equal(drive(11, true), IRQ_COALESCED);
	assert_int_equal(pic_set(chips.vm.pic, 11, IRQ_SOURCE_RESAMPLE, true),
			 IRQ_COALESCED);
	assert_int_equal(inta(), 0x73);
	assert_int_equal(irr(0xa0), 8);
	out(0xa0, 0x20);
	out(0x20, 0x20);
	/* it is still there */
	assert_true(intr());
	drive(11, false);
	assert_int_equal(irr(0xa0), 8);
	pic_set(chips.vm.pic, 11, IRQ_SOURCE_RESAMPLE, false);
	assert_int_equal(irr(0xa0), 0);
	/* a line that is high when its pin becomes a level */
	out(0x4d0, 0);
	out(0x21, 0x20);
	drive(5, true);
	out(0x20, 0x11);
	assert_int_equal(irr(0x20), 0);
	out(0x4d0, 0x20);
	assert_int_equal(irr(0x20), 0x20);
}

static void lower(bool ioapic, unsigned int pin)
{
	assert_false(ioapic);
	assert_int_equal(pin, 11);
	drive(11, false);
}

static void test_acked_first(void **state)
{
	out(0x4d1, 0x08);
	drive(11, true);
	inta();
	out(0x20, 0x20);
	chips.acked = lower;
	chips.log.n = 0;
	out(0xa0, 0x20);
	assert_false(intr());
	assert_int_equal(chips_count(CHIPS_OUTPUT), 0);
}

static void test_auto_eoi(void **state)
{
	icws(0x20, 0x08, 3);
	pulse(3);
	pulse(3);
	chips.log.n = 0;
	assert_int_equal(inta(), 0x0b);
	assert_int_equal(isr(0x20), 0);
	assert_int_equal(acked(), 1);
	/* rotating: the one served has the lowest priority */
	out(0x20, 0x80);
	pulse(3);
	pulse(4);
	assert_int_equal(inta(), 0x0b);
	pulse(3);
	assert_int_equal(inta(), 0x0c);
	out(0x20, 0x00);
	assert_int_equal(inta(), 0x0b);
	pulse(5);
	pulse(3);
	assert_int_equal(inta(), 0x0d);
	acked();
	pulse(9);
	inta();
	assert_int_equal(acked(), 0);
}

static void test_rotation(void **state)
{
	/* figure "Automatic Rotation": IR4 is served, and is lowest then */
	pulse(4);
	inta();
	out(0x20, 0xa0);
	assert_int_equal(acked(), 1);
	pulse(4);
	pulse(6);
	assert_int_equal(inta(), 0x0e);
	out(0x20, 0xe6);
	assert_int_equal(inta(), 0x0c);
	out(0x20, 0x20);
	/* set priority: IR5 lowest, 6 highest */
	out(0x20, 0xc5);
	pulse(0);
	pulse(6);
	assert_int_equal(inta(), 0x0e);
	out(0x20, 0x66);
	/* nothing in service, nothing rotated; 010 is no command */
	inta();
	out(0x20, 0x20);
	out(0x20, 0xa0);
	out(0x20, 0x43);
	pulse(0);
	pulse(6);
	assert_int_equal(inta(), 0x0e);
}

static void test_special_mask(void **state)
{
	pulse(3);
	inta();
	out(0x21, 0x08);
	pulse(5);
	assert_false(intr());
	out(0x20, 0x68);
	assert_true(intr());
	/* SMM alone changes nothing; ESMM without SMM ends it */
	out(0x20, 0x28);
	assert_true(intr());
	/* "a masked IS bit is not cleared by a non-specific EOI" */
	out(0x20, 0x20);
	assert_int_equal(isr(0x20), 8);
	assert_int_equal(inta(), 0x0d);
	out(0x20, 0x20);
	assert_int_equal(isr(0x20), 8);
	pulse(5);
	out(0x20, 0x48);
	assert_false(intr());
	out(0x20, 0x63);
	assert_int_equal(inta(), 0x0d);
}

static void test_poll(void **state)
{
	out(0x20, 0x0c);
	assert_int_equal(in(0x20), 0);
	pulse(3);
	out(0x20, 0x0c);
	assert_int_equal(in(0x20), 0x83);
	assert_false(intr());
	assert_int_equal(isr(0x20), 8);
	out(0x20, 0x20);
	pulse(9);
	out(0x20, 0x0c);
	assert_int_equal(in(0x21), 0x82);
	out(0xa0, 0x0c);
	assert_int_equal(in(0xa0), 0x81);
	out(0xa0, 0x20);
	assert_int_equal(acked(), 2);
	/* that was all: no spurious interrupt is left */
	out(0x20, 0x20);
	assert_false(intr());
	/* but what the secondary still asks for is an edge of its own */
	pulse(9);
	pulse(8);
	out(0x20, 0x0c);
	assert_int_equal(in(0x20), 0x82);
	out(0xa0, 0x0c);
	assert_int_equal(in(0xa0), 0x80);
	out(0x20, 0x20);
	assert_false(intr());
	out(0xa0, 0x20);
	assert_true(intr());
	assert_int_equal(inta(), 0x71);
	out(0xa0, 0x20);
	out(0x20, 0x20);
	acked();
	/* auto EOI is told of the pin that was polled */
	icws(0xa0, 0x70, 3);
	pulse(9);
	out(0xa0, 0x0c);
	assert_int_equal(in(0xa0), 0x81);
	assert_int_equal(chips.log.at[chips.log.n - 1].arg, 9);
}

static void test_init(void **state)
{
	drive(6, true);
	pulse(3);
	inta();
	out(0x21, 0xf0);
	out(0x20, 0xc2);
	out(0x20, 0x68);
	out(0x20, 0x0b);
	chips.log.n = 0;
	out(0x20, 0x11);
	assert_int_equal(acked(), 1);
	assert_int_equal(in(0x20), 0);
	out(0x20, 0x0b);
	assert_int_equal(in(0x20), 0);
	/* an edge meanwhile is kept, and raises nothing */
	pulse(4);
	assert_false(intr());
	out(0x21, 0x2f);
	assert_false(intr());
	out(0x21, 4);
	assert_false(intr());
	out(0x21, 1);
	assert_true(intr());
	assert_int_equal(in(0x21), 0);
	assert_int_equal(inta(), 0x2c);
	/* the line that was high must fall first */
	out(0x20, 0x20);
	assert_false(intr());
	drive(6, false);
	drive(6, true);
	assert_int_equal(inta(), 0x2e);
	/* without ICW4: all of it is off */
	icws(0x20, 0x08, 0x13);
	out(0x20, 0x10);
	out(0x21, 0x40);
	out(0x21, 4);
	out(0x21, 0x5a);
	assert_int_equal(in(0x21), 0x5a);
	pulse(0);
	assert_int_equal(inta(), 0x40);
	assert_int_equal(isr(0x20), 1);
}

static void test_save(void **state)
{
	struct pic_state s;

	pulse(3);
	drive(6, true);
	inta();
	pic_save(chips.vm.pic, 0, &s);
	assert_int_equal(s.isr, 8);
	assert_int_equal(s.irr, 0x40);
	assert_int_equal(s.last_irr, 0x40);
	assert_int_equal(s.irq_base, 8);
	icws(0x20, 0x50, 1);
	pic_restore(chips.vm.pic, 0, &s);
	assert_false(intr());
	out(0x20, 0x20);
	assert_int_equal(inta(), 0x0e);
	/* one that asks raises INTR */
	s.isr = 0;
	pic_restore(chips.vm.pic, 0, &s);
	assert_true(intr());
}

static void test_restore_hostile(void **state)
{
	struct pic_state s;

	for (unsigned int chip = 0; chip < 2; chip++) {
		memset(&s, 0xff, sizeof(s));
		pic_restore(chips.vm.pic, chip, &s);
		pic_save(chips.vm.pic, chip, &s);
		assert_int_equal(s.priority_add, 7);
		assert_int_equal(s.irq_base, 0xf8);
		assert_int_equal(s.init_state, 0);
		assert_int_equal(s.elcr, chip ? 0xde : 0xf8);
		assert_int_equal(s.elcr_mask, chip ? 0xde : 0xf8);
		assert_int_equal(s.auto_eoi, 1);
		assert_int_equal(s.poll, 1);
	}
	inta();
	in(0x20);
	in(0xa0);
}

static void test_no_memory(void **state)
{
	shim_fail_at = shim_allocs + 1;
	assert_null(pic_create(&chips.vm));
	shim_fail_at = 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_edge),
		CASE(test_priority),
		CASE(test_mask),
		CASE(test_cascade),
		CASE(test_special_fully_nested),
		CASE(test_spurious),
		CASE(test_elcr),
		CASE(test_acked_first),
		CASE(test_auto_eoi),
		CASE(test_rotation),
		CASE(test_special_mask),
		CASE(test_poll),
		CASE(test_init),
		CASE(test_save),
		CASE(test_restore_hostile),
		CASE(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
