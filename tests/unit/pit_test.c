// SPDX-License-Identifier: GPL-2.0-only
/* The 8254: waveforms of the data sheet's figures, reads, port 0x61. */
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
	pit_write(chips.vm.pit, port, value);
}

static u8 in(u16 port)
{
	return pit_read(chips.vm.pit, port);
}

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

/* Counter 2's low byte and output, now and at the next clocks. */
struct wave {
	u8 count;
	u8 out;
};

static void same_wave(const struct wave *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		u8 status, count;

		out(0x43, 0xc8);
		status = in(0x42);
		count = in(0x42);
		if (status >> 7 != w[i].out || (in(0x61) >> 5 & 1) != w[i].out)
			fail_msg("clock %zu: OUT is not %d", i, w[i].out);
		if (count != w[i].count)
			fail_msg("clock %zu: %#x, not %#x", i, count, w[i].count);
		chips_ticks(1);
	}
}

#define same_as(...) do {						\
	static const struct wave w_[] = { __VA_ARGS__ };		\
	same_wave(w_, ARRAY_SIZE(w_));					\
} while (0)

static void test_mode0(void **state)
{
	out(0x61, 1);
	out(0x43, 0x90);
	assert_int_equal(in(0x61) & 0x20, 0);
	out(0x42, 4);
	same_as({ 4, 0 }, { 3, 0 }, { 2, 0 }, { 1, 0 }, { 0, 1 }, { 0xff, 1 }, { 0xfe, 1 });
	/* a new count while it counts */
	out(0x42, 3);
	same_as({ 3, 0 }, { 2, 0 });
	/* the gate holds it */
	out(0x61, 0);
	same_as({ 1, 0 }, { 1, 0 }, { 1, 0 });
	out(0x61, 1);
	same_as({ 1, 0 }, { 0, 1 });
	/* a count that comes meanwhile starts with the gate */
	out(0x61, 0);
	out(0x42, 2);
	same_as({ 2, 0 }, { 2, 0 });
	out(0x61, 1);
	same_as({ 2, 0 }, { 1, 0 }, { 0, 1 });
}

/* "Writing the first byte disables counting. OUT is set low immediately" */
static void test_mode0_word(void **state)
{
	out(0x61, 1);
	out(0x43, 0xb0);
	out(0x42, 1);
	out(0x42, 0);
	chips_ticks(3);
	assert_int_equal(in(0x61) & 0x20, 0x20);
	out(0x42, 2);
	assert_int_equal(in(0x61) & 0x20, 0);
	chips_ticks(100);
	assert_int_equal(in(0x61) & 0x20, 0);
	out(0x42, 0);
	chips_ticks(1);
	assert_int_equal(in(0x61) & 0x20, 0);
	chips_ticks(1);
	assert_int_equal(in(0x61) & 0x20, 0x20);
}

static void test_mode1(void **state)
{
	out(0x43, 0x92);
	out(0x61, 1);
	assert_int_equal(in(0x61) & 0x20, 0x20);
	out(0x42, 3);
	chips_ticks(10);
	assert_int_equal(in(0x61) & 0x20, 0x20);
	out(0x61, 0);
	out(0x61, 1);
	same_as({ 3, 0 }, { 2, 0 });
	/* gate low does nothing; a trigger begins anew */
	out(0x61, 0);
	same_as({ 1, 0 });
	same_as({ 0, 1 }, { 0xff, 1 });
}

static void test_mode1_again(void **state)
{
	out(0x43, 0x92);
	out(0x42, 3);
	out(0x61, 1);
	same_as({ 3, 0 }, { 2, 0 });
	out(0x61, 0);
	out(0x61, 1);
	same_as({ 3, 0 }, { 2, 0 }, { 1, 0 });
	/* a count written meanwhile waits for the next trigger */
	out(0x42, 2);
	same_as({ 0, 1 }, { 0xff, 1 });
	out(0x61, 0);
	out(0x61, 1);
	same_as({ 2, 0 }, { 1, 0 }, { 0, 1 });
}

static void test_mode2(void **state)
{
	out(0x61, 1);
	out(0x43, 0x94);
	out(0x42, 3);
	same_as({ 3, 1 }, { 2, 1 }, { 1, 0 }, { 3, 1 }, { 2, 1 }, { 1, 0 }, { 3, 1 });
	/* a new count waits for the period's end */
	out(0x42, 5);
	out(0x42, 4);
	same_as({ 2, 1 }, { 1, 0 }, { 4, 1 }, { 3, 1 }, { 2, 1 });
	/* gate low: OUT high, count held; high: reload */
	out(0x61, 0);
	same_as({ 1, 1 }, { 1, 1 });
	out(0x61, 1);
	same_as({ 4, 1 }, { 3, 1 });
	/* 6 is 2, and 1 is taken as 2 */
	out(0x43, 0x9c);
	out(0x42, 1);
	same_as({ 2, 1 }, { 1, 0 }, { 2, 1 }, { 1, 0 });
}

static void test_mode3(void **state)
{
	out(0x61, 1);
	out(0x43, 0x96);
	out(0x42, 4);
	same_as({ 4, 1 }, { 2, 1 }, { 4, 0 }, { 2, 0 }, { 4, 1 }, { 2, 1 });
	out(0x43, 0x9e);
	out(0x42, 5);
	same_as({ 4, 1 }, { 2, 1 }, { 0, 1 }, { 4, 0 }, { 2, 0 }, { 4, 1 }, { 2, 1 });
	/* a new count waits for the end of the half */
	out(0x42, 2);
	same_as({ 0, 1 }, { 2, 0 }, { 2, 1 }, { 2, 0 });
	out(0x42, 6);
	chips_ticks(1);
	out(0x42, 2);
	same_as({ 6, 0 }, { 4, 0 }, { 2, 0 }, { 2, 1 }, { 2, 0 });
	out(0x61, 0);
	same_as({ 2, 1 }, { 2, 1 });
}

static void test_mode4(void **state)
{
	out(0x61, 1);
	out(0x43, 0x98);
	out(0x42, 3);
	same_as({ 3, 1 }, { 2, 1 }, { 1, 1 }, { 0, 0 }, { 0xff, 1 }, { 0xfe, 1 });
	out(0x42, 2);
	same_as({ 2, 1 });
	out(0x61, 0);
	same_as({ 1, 1 }, { 1, 1 });
	out(0x61, 1);
	same_as({ 1, 1 }, { 0, 0 }, { 0xff, 1 });
	/* the gate cuts a strobe off */
	out(0x42, 2);
	chips_ticks(2);
	out(0x61, 0);
	same_as({ 0, 1 }, { 0, 1 });
	out(0x61, 1);
	same_as({ 0, 0 }, { 0xff, 1 }, { 0xfe, 1 });
	/* once, though it goes on round and round */
	chips_ticks(65533);
	same_as({ 0, 1 }, { 0xff, 1 });
}

static void test_mode5(void **state)
{
	out(0x43, 0x9a);
	out(0x61, 1);
	out(0x42, 3);
	chips_ticks(7);
	assert_int_equal(in(0x61) & 0x20, 0x20);
	out(0x61, 0);
	out(0x61, 1);
	same_as({ 3, 1 }, { 2, 1 });
	out(0x61, 0);
	same_as({ 1, 1 }, { 0, 0 }, { 0xff, 1 });
}

static u16 word(u16 port)
{
	u16 low = in(port);

	return low | in(port) << 8;
}

static void test_bcd(void **state)
{
	out(0x61, 1);
	out(0x43, 0xb1);
	out(0x42, 0x00);
	out(0x42, 0x10);
	chips_ticks(1);
	assert_int_equal(word(0x42), 0x0999);
	chips_ticks(1000);
	assert_int_equal(word(0x42), 0x9999);
	/* 0 is 10,000 */
	out(0x42, 0);
	out(0x42, 0);
	chips_ticks(9999);
	assert_int_equal(word(0x42), 1);
	assert_int_equal(in(0x61) & 0x20, 0);
	chips_ticks(1);
	assert_int_equal(in(0x61) & 0x20, 0x20);
	/* and in binary 65,536 */
	out(0x43, 0xb0);
	out(0x42, 0);
	out(0x42, 0);
	chips_ticks(65535);
	assert_int_equal(word(0x42), 1);
	assert_int_equal(in(0x61) & 0x20, 0);
}

static void test_bytes(void **state)
{
	out(0x61, 1);
	out(0x43, 0xa8);	/* high byte */
	out(0x42, 3);
	assert_int_equal(in(0x42), 3);
	assert_int_equal(in(0x42), 3);
	chips_ticks(1);
	assert_int_equal(in(0x42), 2);
	out(0x43, 0x80);
	chips_ticks(300);
	assert_int_equal(in(0x42), 2);
	assert_int_equal(in(0x42), 1);
	out(0x43, 0x98);	/* low */
	out(0x42, 9);
	assert_int_equal(in(0x42), 9);
	chips_ticks(1);
	assert_int_equal(in(0x42), 8);
	assert_int_equal(in(0x43), 0xff);
}

static void test_latch(void **state)
{
	out(0x61, 1);
	out(0x43, 0xb8);
	out(0x42, 0x34);
	out(0x42, 0x12);
	out(0x43, 0x80);
	chips_ticks(4);
	/* a second command is ignored until the first is read */
	out(0x43, 0x80);
	assert_int_equal(word(0x42), 0x1234);
	assert_int_equal(word(0x42), 0x1230);
	/* and a control word ends it */
	out(0x43, 0x80);
	out(0x43, 0xb8);
	out(0x42, 2);
	out(0x42, 0);
	assert_int_equal(word(0x42), 2);
}

/* The data sheet's example of the read-back command, on counter 2. */
static void test_read_back(void **state)
{
	out(0x61, 1);
	out(0x43, 0xb4);
	out(0x43, 0xe8);
	assert_int_equal(in(0x42), 0xf4);	/* OUT, no count yet */
	out(0x42, 5);
	out(0x42, 0);
	out(0x43, 0xe8);
	chips_ticks(4);
	out(0x43, 0xe8);
	assert_int_equal(in(0x42), 0xb4);
	out(0x43, 0xe8);
	assert_int_equal(in(0x42), 0x34);
	/* both: status comes first */
	out(0x43, 0xc8);
	chips_ticks(1);
	assert_int_equal(in(0x42), 0x34);
	assert_int_equal(word(0x42), 1);
	assert_int_equal(word(0x42), 5);
	/* a count that is not loaded yet is null */
	out(0x42, 7);
	out(0x42, 0);
	out(0x43, 0xe8);
	assert_int_equal(in(0x42), 0xf4);
	chips_ticks(5);
	out(0x43, 0xe8);
	assert_int_equal(in(0x42), 0xb4);
	/* of counter 0, which has seen no control word; and of counter 2 */
	out(0x43, 0xc2);
	out(0x43, 0xd8);
	assert_int_equal(word(0x42), 7);
	assert_int_equal(in(0x40), 0x40);
}

static void test_speaker(void **state)
{
	u8 before;

	out(0x61, 0xff);
	assert_int_equal(in(0x61) & 0xcf, 0x03);
	out(0x61, 0xfc);
	assert_int_equal(in(0x61) & 0xcf, 0);
	before = in(0x61) & 0x10;
	chips_ticks(18);
	assert_int_equal(in(0x61) & 0x10, before ^ 0x10);
	chips_ticks(18);
	assert_int_equal(in(0x61) & 0x10, before);
}

static void test_no_memory(void **state)
{
	shim_fail_at = shim_allocs + 1;
	assert_null(pit_create(&chips.vm));
	shim_fail_at = 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_mode0),
		CASE(test_mode0_word),
		CASE(test_mode1),
		CASE(test_mode1_again),
		CASE(test_mode2),
		CASE(test_mode3),
		CASE(test_mode4),
		CASE(test_mode5),
		CASE(test_bcd),
		CASE(test_bytes),
		CASE(test_latch),
		CASE(test_read_back),
		CASE(test_speaker),
		CASE(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
