// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model of threads and locks (tests/model/queues.h) beside what queueing theory has in
 * closed form: exact mean value analysis of a closed network with one server, and bounds.
 */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>
#include "tests/model/queues.h"

#define THINK	900.0
#define HOLD	100.0

static struct queues_model one_lock(int threads, bool exclusive)
{
	struct queues_model m = { .classes = 1 };

	m.class[0] = (struct queues_class){ .threads = threads, .think = THINK, .ops = 1 };
	m.class[0].op[0] = (struct queues_op){ .exclusive = exclusive, .per = 1, .hold = HOLD };
	return m;
}

/* Mean value analysis: who arrives finds what one thread less would leave in the queue. */
static double mva_done(int threads)
{
	double queue = 0, rate = 0;

	for (int n = 1; n <= threads; n++) {
		double stay = HOLD * (1 + queue);

		rate = n / (stay + THINK);
		queue = rate * stay;
	}
	return rate / threads * (THINK + HOLD);
}

static void close_to(double got, double want, double part)
{
	if (fabs(got - want) > part * want)
		fail_msg("expected %f, got %f", want, got);
}

static void test_one_at_a_time(void **state)
{
	static const int threads[] = { 1, 2, 5, 10, 20, 50, 416 };

	for (unsigned int i = 0; i < 7; i++) {
		struct queues_model m = one_lock(threads[i], true);

		close_to(queues_play(&m).done, mva_done(threads[i]), 0.02);
	}
}

/* Readers do not wait for each other. */
static void test_shared(void **state)
{
	struct queues_model m = one_lock(400, false);
	struct queues_result r = queues_play(&m);

	close_to(r.done, 1, 0.02);
	assert_true(r.locks == 0 && r.lines == 0);
}

/*
 * A line that is always under way lets one thread take or release at a time: two ways a
 * cycle, however many threads.
 */
static void test_line(void **state)
{
	struct queues_model m = one_lock(400, false);
	struct queues_result r;

	m.line = 50;
	r = queues_play(&m);
	close_to(r.done * 400 / (THINK + HOLD), 1 / (2 * m.line), 0.02);
	/* alone it has the line */
	m.class[0].threads = 1;
	close_to(queues_play(&m).done, 1, 0.02);
}

/*
 * A writer that holds the lock for half of all time: readers that come then wait for what
 * is left of an exponential time, which is the whole mean again (PASTA).
 */
static void test_writer(void **state)
{
	struct queues_model m = one_lock(1, false);
	struct queues_result r;

	m.class[0].think = 1e6;
	m.class[0].op[0].hold = 1;
	m.classes = 2;
	m.class[1] = (struct queues_class){ .threads = 1, .think = 20000, .ops = 1 };
	m.class[1].op[0] = (struct queues_op){ .exclusive = true, .per = 1, .hold = 10000 };
	r = queues_play(&m);
	/* the writer thinks twice a cycle, before and after */
	close_to(r.locks, 10000.0 / 30000 * 10000 / (1e6 + 1.0 / 3 * 10000), 0.05);
	assert_int_equal(r.worst, 0);
}

/* Who comes behind a waiting writer waits, though the lock is shared when he comes. */
static void test_no_overtaking(void **state)
{
	struct queues_model m = one_lock(50, false);

	m.class[0].think = 1;
	m.classes = 2;
	m.class[1] = (struct queues_class){ .threads = 1, .think = 1, .ops = 1 };
	m.class[1].op[0] = (struct queues_op){ .exclusive = true, .per = 1, .hold = 1 };
	/* readers in turn with a writer, which waits for the last of 50 */
	assert_true(queues_play(&m).done < 0.35);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_writer),
		cmocka_unit_test(test_no_overtaking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
