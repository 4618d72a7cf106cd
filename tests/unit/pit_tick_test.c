// SPDX-License-Identifier: GPL-2.0-only
/* The 8254's counter 0 and GSI 0; save and restore. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/string.h>

#include "tests/unit/chips_world.h"

static void out(u16 port, u8 value)
{
	pit_write(chips.vm.pit, port, value);
}

static u8 in(u16 port)
{
	return pit_read(chips.vm.pit, port);
}

/* GSI 0 leads to the IOAPIC, by an edge. */
static int start(void **state)
{
	chips_start();
	ioapic_write(chips.vm.ioapic, 0, 0x10);
	ioapic_write(chips.vm.ioapic, 0x10, 0x30);
	pic_write(chips.vm.pic, 0x21, 0xff);
	chips.log.n = 0;
	return 0;
}

static int stop(void **state)
{
	chips_stop();
	return 0;
}

static void program(u8 control, u16 count)
{
	out(0x43, control);
	out(0x40, count);
	out(0x40, count >> 8);
}

static unsigned int ticks(void)
{
	unsigned int n = chips_count(CHIPS_MESSAGE);

	chips.log.n = 0;
	return n;
}

static void test_periodic(void **state)
{
	unsigned int n = 0;

	for (u8 control = 0x34; control <= 0x36; control += 2) {
		program(control, 1193);
		chips_ticks(1192);
		assert_int_equal(ticks(), 0);
		chips_ticks(1);
		assert_int_equal(ticks(), 1);
		chips_ticks(1192);
		assert_int_equal(ticks(), 0);
		chips_ticks(1);
		assert_int_equal(ticks(), 1);
	}
	/* nothing drifts: 1193182 Hz are 1000 periods of 1193 clocks, and 182 */
	program(0x34, 1193);
	for (int i = 0; i < 60; i++) {
		chips_time(1000000000, false);
		n += ticks();
	}
	assert_in_range(n, 60 * 1193182 / 1193 - 1, 60 * 1193182 / 1193 + 1);
	out(0x43, 0x34);
	assert_int_equal(chips.pit_when, 0);
}

static void test_once(void **state)
{
	program(0x30, 1000);
	chips_ticks(999);
	assert_int_equal(ticks(), 0);
	chips_ticks(1);
	assert_int_equal(ticks(), 1);
	chips_ticks(200000);
	assert_int_equal(ticks(), 0);
	/* the strobe's end */
	program(0x38, 1000);
	chips_ticks(1000);
	assert_int_equal(ticks(), 0);
	chips_ticks(1);
	assert_int_equal(ticks(), 1);
	chips_ticks(200000);
	/* nobody triggers it */
	program(0x32, 10);
	chips_ticks(100);
	program(0x3a, 10);
	chips_ticks(100);
	assert_int_equal(ticks(), 0);
}

static void test_new_count(void **state)
{
	program(0x34, 1000);
	chips_ticks(1);
	out(0x40, 0xd0);
	out(0x40, 0x07);	/* 2000 */
	chips_ticks(999);
	assert_int_equal(ticks(), 1);
	chips_ticks(1999);
	assert_int_equal(ticks(), 0);
	chips_ticks(1);
	assert_int_equal(ticks(), 1);
	/* mode 3: high for 500, then the new one's low half of 1000 */
	program(0x36, 1000);
	chips_ticks(1);
	out(0x40, 0xd0);
	out(0x40, 0x07);
	chips_ticks(1498);
	assert_int_equal(ticks(), 0);
	chips_ticks(1);
	assert_int_equal(ticks(), 1);
	chips_ticks(2000);
	assert_int_equal(ticks(), 1);
}

/* Ticks that the guest has not taken come later, one for each end. */
static void test_reinject(void **state)
{
	program(0x34, 1193);
	chips_ticks(1193);
	assert_true(chips_message().tell_eoi);
	chips.result = IRQ_COALESCED;
	chips_ticks(3 * 1193);
	assert_int_equal(ticks(), 4);
	pit_acked(chips.vm.pit);
	assert_int_equal(ticks(), 1);
	chips.result = 1;
	for (int i = 0; i < 5; i++) {
		pit_acked(chips.vm.pit);
		assert_int_equal(ticks(), i < 3);
	}
	/* nobody wants it: nothing is kept, and nothing hangs */
	chips.result = IRQ_REFUSED;
	chips_ticks(3 * 1193);
	chips.result = 1;
	ticks();
	pit_acked(chips.vm.pit);
	assert_int_equal(ticks(), 0);
}

static void test_no_reinject(void **state)
{
	program(0x34, 1193);
	chips.result = IRQ_COALESCED;
	chips_ticks(2 * 1193);
	pit_reinject_set(chips.vm.pit, false);
	chips_ticks(2 * 1193);
	chips_time(1000000000, true);
	ticks();
	chips.result = 1;
	pit_acked(chips.vm.pit);
	assert_int_equal(ticks(), 0);
	pit_reinject_set(chips.vm.pit, true);
	chips.result = IRQ_COALESCED;
	chips_ticks(1193);
	chips.result = 1;
	ticks();
	pit_acked(chips.vm.pit);
	assert_int_equal(ticks(), 1);
	/* a control word forgets */
	chips.result = IRQ_COALESCED;
	chips_ticks(1193);
	chips.result = 1;
	out(0x43, 0x34);
	ticks();
	pit_acked(chips.vm.pit);
	assert_int_equal(ticks(), 0);
}

/* The VM did not run for a while. */
static void test_late(void **state)
{
	unsigned int n;

	program(0x34, 1193);
	chips_time(100000000, true);
	assert_int_equal(ticks(), 1);
	for (n = 0; n < 200; n++) {
		pit_acked(chips.vm.pit);
		if (!ticks())
			break;
	}
	assert_int_equal(n, 99);
	/* no more than so many */
	chips_time(3600ull * 1000000000, true);
	assert_int_equal(ticks(), 1);
	for (n = 0; n < 20000; n++) {
		pit_acked(chips.vm.pit);
		if (!ticks())
			break;
	}
	assert_int_equal(n, PIT_PENDING_MAX);
	/* and the next one is in time */
	assert_in_range(chips.pit_when, chips.now, chips.now + 1000000);
}

/* A guest cannot keep the host busy. */
static void test_fast(void **state)
{
	for (u16 count = 1; count < 240; count += 17) {
		program(0x34, count);
		ticks();
		chips_time(100000000, false);
		assert_in_range(ticks(), 1, 501);
		assert_int_equal(chips.vm.pit->pending, 0);
	}
	chips.min_period = 0;
	program(0x34, 3);
	chips_time(1000000, false);
	assert_int_equal(ticks(), 397);
}

static void test_early(void **state)
{
	u64 when;

	program(0x34, 1193);
	when = chips.pit_when;
	chips.pit_when = 0;
	pit_expired(chips.vm.pit);
	assert_int_equal(chips.pit_when, when);
	out(0x43, 0x34);
	pit_expired(chips.vm.pit);
	assert_int_equal(ticks(), 0);
}

static void test_save(void **state)
{
	struct pit_state s;

	program(0x34, 1000);
	out(0x61, 2);
	out(0x43, 0xb6);
	out(0x42, 0x11);
	out(0x43, 0x80);
	pit_save(chips.vm.pit, &s);
	assert_int_equal(s.counter[0].count, 1000);
	assert_int_equal(s.counter[0].mode, 2);
	assert_int_equal(s.counter[0].rw_mode, 3);
	assert_int_equal(s.counter[0].gate, 1);
	assert_int_equal(s.counter[0].load_time, 1000000000);
	assert_int_equal(s.counter[2].count, 0);
	assert_int_equal(s.counter[2].gate, 0);
	assert_int_equal(s.counter[2].write_state, 4);
	assert_int_equal(s.counter[2].count_latched, 3);
	assert_int_equal(s.flags, PIT_STATE_SPEAKER);
	chips_ticks(100);
	pit_restore(chips.vm.pit, &s);
	chips_ticks(999);
	assert_int_equal(ticks(), 0);
	chips_ticks(1);
	assert_int_equal(ticks(), 1);
	out(0x42, 0x22);
	pit_save(chips.vm.pit, &s);
	assert_int_equal(s.counter[2].count, 0x2211);
	/* M2 does not count: others know modes 0 to 5 */
	out(0x43, 0xbe);
	pit_save(chips.vm.pit, &s);
	assert_int_equal(s.counter[2].mode, 3);
	/* where an HPET drives GSI 0 */
	s.flags |= PIT_STATE_HPET_LEGACY;
	pit_restore(chips.vm.pit, &s);
	chips_ticks(5000);
	assert_int_equal(ticks(), 0);
	assert_int_equal(chips.pit_when, 0);
	program(0x34, 100);
	assert_int_equal(chips.pit_when, 0);
	/* counters that count as they may: at once with the gate, held without it */
	s.flags = 0;
	s.counter[0].mode = 0;
	s.counter[2].mode = 0;
	s.counter[2].gate = 1;
	s.counter[2].count = 3;
	pit_restore(chips.vm.pit, &s);
	chips_ticks(3);
	assert_int_equal(in(0x61) & 0x20, 0x20);
}

static void test_restore_hostile(void **state)
{
	struct pit_state s;

	memset(&s, 0xff, sizeof(s));
	pit_restore(chips.vm.pit, &s);
	assert_int_equal(chips.pit_when, 0);
	pit_save(chips.vm.pit, &s);
	assert_int_equal(s.counter[0].count, 0);
	assert_int_equal(s.counter[0].mode, 0);
	assert_int_equal(s.counter[0].read_state, 3);
	assert_int_equal(s.counter[1].gate, 1);
	assert_int_equal(s.flags, 3);
	assert_int_equal(s.reserved[8], 0);
	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 5; j++)
			in(0x40 + i);
	/* counts beyond what there is */
	for (int i = 0; i < 3; i++) {
		s.counter[i].count = 0xffffffff;
		s.counter[i].mode = 2;
		s.counter[i].bcd = i == 0;
		s.counter[i].gate = 0;
		s.counter[i].rw_mode = 1 + i % 2;
		s.counter[i].read_state = 9;
	}
	s.flags = 0;
	pit_restore(chips.vm.pit, &s);
	pit_save(chips.vm.pit, &s);
	assert_int_equal(s.counter[0].count, 10000);
	assert_int_equal(s.counter[1].count, 65536);
	assert_int_equal(s.counter[0].gate, 1);
	assert_int_equal(s.counter[0].read_state, 1);
	assert_int_equal(s.counter[1].read_state, 2);
	chips_ticks(9999);
	assert_int_equal(ticks(), 0);
	chips_ticks(1);
	assert_int_equal(ticks(), 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_periodic),
		CASE(test_once),
		CASE(test_new_count),
		CASE(test_reinject),
		CASE(test_no_reinject),
		CASE(test_late),
		CASE(test_fast),
		CASE(test_early),
		CASE(test_save),
		CASE(test_restore_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
