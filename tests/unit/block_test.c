// SPDX-License-Identifier: GPL-2.0-only
/*
 * core/block.c and core/run_state.c against kicks, requests and signals, in every
 * interleaving of their accesses to memory (tso.h): no wake-up is lost.  Without the
 * barrier of either side one is.  Then halt polling, by its documentation.
 *
 * The scheduler is the model's: a thread that calls schedule() stops unless its state
 * is TASK_RUNNING or a signal is pending; whoever wakes it sets the former.  A CPU in
 * the guest leaves it when it gets an interrupt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/percpu.h>
#include <linux/rcuwait.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/xarray.h>

#include "tests/unit/tso.h"

struct task_struct {
	int state;
	int sigpending;
};

/* ------------------------------------------------------------------------ */
/* Accesses of the code under test. */

/* Barriers that are left out. */
static bool no_fence, no_state_barrier;
/* In the second half of the tests there are no threads. */
static bool threads_play;

#define PUN(type, x) ({							\
	union { type v; u64 raw; } pun_ = { .raw = (x) };		\
	pun_.v;								\
})
#define RAW(x) ({							\
	union { __typeof__(x) v; u64 raw; } raw_ = { .raw = 0 };	\
	raw_.v = (x);							\
	raw_.raw;							\
})

/* What others look at, too. */
static bool is_shared(const void *p);

static u64 model_load(const void *p, size_t size)
{
	u64 v = 0;

	if (threads_play && is_shared(p))
		return tso_load(p, size);
	memcpy(&v, p, size);
	return v;
}

static void model_store(void *p, size_t size, u64 v)
{
	if (threads_play && is_shared(p))
		tso_store(p, size, v);
	else
		memcpy(p, &v, size);
}

#undef READ_ONCE
#define READ_ONCE(x)	PUN(__typeof__(x), model_load(&(x), sizeof(x)))
#undef WRITE_ONCE
#define WRITE_ONCE(x, v) do {						\
	__typeof__(x) new_ = (v);					\
	model_store((void *)&(x), sizeof(x), RAW(new_));		\
} while (0)
#undef smp_mb
#define smp_mb()	((void)(no_fence || !threads_play || (tso_fence(), 0)))
#undef smp_wmb
#define smp_wmb()	barrier()
/* A locked instruction is a full barrier. */
#undef smp_mb__after_atomic
#define smp_mb__after_atomic()	barrier()
#undef smp_load_acquire
#define smp_load_acquire(p)	READ_ONCE(*(p))
#undef smp_store_release
#define smp_store_release(p, v)	WRITE_ONCE(*(p), v)
#undef smp_store_mb
#define smp_store_mb(var, v) do {					\
	WRITE_ONCE(var, v);						\
	if (threads_play)						\
		tso_fence();						\
} while (0)
#undef set_bit
#define set_bit(n, p)	((void)tso_or(p, 8, 1ull << (n)))
#undef test_and_clear_bit
#define test_and_clear_bit(n, p) (!!(tso_and(p, 8, ~(1ull << (n))) & 1ull << (n)))
#undef cmpxchg
#define cmpxchg(p, old, new) \
	PUN(__typeof__(*(p)), tso_swap(p, sizeof(*(p)), ~0ull >> (64 - 8 * sizeof(*(p))), old, new))
#undef signal_pending
#define signal_pending(task)	(READ_ONCE((task)->sigpending) != 0)
#define signal_pending_state(state, task) signal_pending(task)
#undef current
#define current		(&task)
#define __set_current_state(s)	WRITE_ONCE(task.state, s)
#define set_current_state(s) do {					\
	WRITE_ONCE(task.state, s);					\
	if (threads_play && !no_state_barrier)				\
		tso_fence();						\
} while (0)

static struct task_struct task;		/* the vCPU's thread, on CPU 0 */

/* State and signal are looked at under the run queue's lock. */
static struct { int ipi; } cpu[SHIM_CPUS];

static void wake_up_process(struct task_struct *t)
{
	tso_swap(&t->state, sizeof(t->state), 0xffffffff, TASK_INTERRUPTIBLE, TASK_RUNNING);
}

static long fake_sleeps;
static u64 fake_now, fake_wake_at;

static void schedule(void)
{
	if (!threads_play) {
		fake_sleeps++;
		fake_now = fake_wake_at;
		return;
	}
	tso_fence();
	tso_await(&task.state, sizeof(task.state), ~0ull, TASK_RUNNING);
}

static void signal_send(void)
{
	tso_or(&task.sigpending, sizeof(task.sigpending), 1);
	tso_swap(&task.state, sizeof(task.state), 0xffffffff, TASK_INTERRUPTIBLE, TASK_RUNNING);
	tso_or(&cpu[0].ipi, sizeof(cpu[0].ipi), 1);
}

int smp_processor_id(void)
{
	return threads_play ? tso_self() : 0;
}

void smp_send_reschedule(int to)
{
	tso_or(&cpu[to].ipi, sizeof(cpu[to].ipi), 1);
}

/* request_all() is not played. */
void smp_call_function_many(const struct cpumask *mask, void (*fn)(void *),
			    void *arg, bool wait)
{
	fail();
}

#include "core/run_state.c"
#include "core/block.c"

/* ------------------------------------------------------------------------ */
/* The world: one vCPU, and what ends its HLT. */

static struct kvm kvm;
static struct kvm_vcpu vcpu;
static struct vcpu_halt halt;
static int irr;

#define IS_IN(p, obj)	((const char *)(p) >= (const char *)&(obj) &&	\
			 (const char *)(p) < (const char *)(&(obj) + 1))

static bool is_shared(const void *p)
{
	return IS_IN(p, vcpu) || IS_IN(p, task) || IS_IN(p, irr) || IS_IN(p, cpu);
}

bool arch_vcpu_wakes(struct kvm_vcpu *v)
{
	return threads_play ? READ_ONCE(irr) : fake_now >= fake_wake_at;
}

enum irq_chips arch_irq_chips(struct kvm *k)
{
	return k == &kvm ? IRQ_CHIPS_FULL : IRQ_CHIPS_NONE;
}

struct kvm_vcpu *vcpu_get(struct kvm *k, int i)
{
	return i ? NULL : &vcpu;
}

bool single_task_running(void)
{
	return true;
}

u64 ktime_get_ns(void)
{
	/* With threads a poll of 1,000 looks twice. */
	return fake_now += threads_play ? 600 : 100;
}

static void world(u32 poll)
{
	memset(&vcpu, 0, sizeof(vcpu));
	memset(&halt, 0, sizeof(halt));
	memset(&task, 0, sizeof(task));
	memset(cpu, 0, sizeof(cpu));
	vcpu.kvm = &kvm;
	vcpu.halt = &halt;
	halt.poll_ns = poll;
	irr = 0;
	fake_now = 0;
}

static void world_sleep(void)
{
	world(0);
}

static void world_poll(void)
{
	world(1000);
}

static void waits_for_irr(void)
{
	vcpu_block(&vcpu);
}

/* Blocks until it got both. */
static void waits_for_both(void)
{
	bool request = false, interrupt = false;

	while (!request || !interrupt) {
		vcpu_block(&vcpu);
		request |= request_take(&vcpu, REQ_TLB_FLUSH);
		interrupt |= tso_swap(&irr, sizeof(irr), ~0u, 1, 0);
	}
}

/* In the guest until an interrupt comes. */
static void runs(void)
{
	while (!request_take(&vcpu, REQ_ARCH) && !signal_pending(current)) {
		if (vcpu_enter_check(&vcpu)) {
			tso_await(&cpu[0].ipi, sizeof(cpu[0].ipi), 1, 1);
			vcpu_exit_mark(&vcpu);
			tso_and(&cpu[0].ipi, sizeof(cpu[0].ipi), 0);
		}
	}
}

static void runs_then_blocks(void)
{
	runs();
	vcpu_block(&vcpu);
}

/* A plain store, as the contract allows. */
static void kicks(void)
{
	WRITE_ONCE(irr, 1);
	vcpu_kick(&vcpu);
}

static void kicks_from_here(void)
{
	WRITE_ONCE(irr, 1);
	vcpu_kick(&vcpu);
	vcpu_block(&vcpu);
}

static void requests(void)
{
	request_one(&vcpu, REQ_TLB_FLUSH);
}

static void requests_to_leave(void)
{
	request_one(&vcpu, REQ_ARCH);
}

static bool all_end(unsigned int ended)
{
	return ended == 3;
}

static bool all_three_end(unsigned int ended)
{
	return ended == 7;
}

typedef void (*thread_fn)(void);

struct row {
	const char *name;
	void (*make)(void);
	thread_fn thread[3];
	int n;
};

static const struct row rows[] = {
	{ "sleep, kick", world_sleep, { waits_for_irr, kicks }, 2 },
	{ "poll, kick", world_poll, { waits_for_irr, kicks }, 2 },
	{ "sleep, request", world_sleep, { waits_for_irr, requests }, 2 },
	{ "poll, request", world_poll, { waits_for_irr, requests }, 2 },
	{ "sleep, signal", world_sleep, { waits_for_irr, signal_send }, 2 },
	{ "poll, signal", world_poll, { waits_for_irr, signal_send }, 2 },
	{ "sleep, kick and kick", world_sleep, { waits_for_irr, kicks, kicks }, 3 },
	{ "sleep, kick and request", world_sleep, { waits_for_both, kicks, requests }, 3 },
	{ "poll, kick and request", world_poll, { waits_for_both, kicks, requests }, 3 },
	{ "sleep, kick and signal", world_sleep, { waits_for_irr, kicks, signal_send }, 3 },
	{ "sleep, own kick and signal", world_sleep, { kicks_from_here, signal_send }, 2 },
	{ "guest, request", world_sleep, { runs, requests_to_leave }, 2 },
	{ "guest, signal", world_sleep, { runs, signal_send }, 2 },
	{ "guest, two requests", world_sleep, { runs, requests_to_leave, requests_to_leave }, 3 },
	{ "guest, request and kick", world_sleep, { runs, requests_to_leave, kicks }, 3 },
	{ "guest then sleep, request and kick", world_sleep,
	  { runs_then_blocks, requests_to_leave, kicks }, 3 },
};

static void explore(const struct row *row, bool first, struct tso_result *r)
{
	struct tso_model m = {
		.make = row->make,
		.thread = row->thread,
		.nthreads = row->n,
		.stuck = row->n == 3 ? all_three_end : all_end,
	};

	threads_play = true;
	tso_explore(&m, first, r);
	threads_play = false;
}

static void nothing_is_lost(void **state)
{
	struct tso_result r;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		explore(&rows[i], true, &r);
		printf("%s: %ld states, %ld ends\n", rows[i].name, r.states, r.ends);
		if (r.bad)
			fail_msg("%s: lost in the order %s", rows[i].name, r.trace);
		assert_true(r.ends > 1);
	}
}

/* The model sees what a missing barrier does: otherwise it proves nothing. */
static void barriers_are_needed(void **state)
{
	struct tso_result r;

	no_fence = true;
	explore(&rows[0], true, &r);
	assert_true(r.bad > 0);
	explore(&rows[6], true, &r);
	assert_true(r.bad > 0);
	no_fence = false;
	no_state_barrier = true;
	explore(&rows[0], true, &r);
	assert_true(r.bad > 0);
	/* The request is seen by a load that nothing orders after the state's store. */
	explore(&rows[2], true, &r);
	assert_true(r.bad > 0);
	no_state_barrier = false;
}

/* ------------------------------------------------------------------------ */
/* Halt polling. */

/* Blocks for about @ns; returns how long it was, to the clock's last reading. */
static u64 block_for(u64 ns)
{
	u64 start = fake_now + 100;

	fake_wake_at = start + ns;
	fake_sleeps = 0;
	vcpu_block(&vcpu);
	return fake_now - start;
}

/* halt-polling.rst, "Halt Polling Interval". */
static u64 interval_after(u64 interval, u64 max, u64 ns)
{
	if (ns <= interval)
		return interval;
	if (ns > max)
		return halt_poll_ns_shrink ? interval / halt_poll_ns_shrink : 0;
	if (interval < max && ns < max && halt_poll_ns_grow) {
		interval *= halt_poll_ns_grow;
		if (interval < halt_poll_ns_grow_start)
			interval = halt_poll_ns_grow_start;
		return interval < max ? interval : max;
	}
	return interval;
}

static void defaults(void **state)
{
	assert_int_equal(halt_poll_ns, 200000);
	assert_int_equal(halt_poll_ns_grow, 2);
	assert_int_equal(halt_poll_ns_grow_start, 10000);
	assert_int_equal(halt_poll_ns_shrink, 0);
}

static void interval(void **state)
{
	const struct halt_stats *s = &halt.stats;
	long polled = 0, slept = 0, hits = 0;
	u64 want = 0, max, ns;
	bool hit;

	world(0);
	kvm.halt_poll = 0;
	for (int i = 0; i < 200000; i++) {
		if (i % 500 == 0) {
			halt_poll_ns = 1u << shim_random() % 20;
			halt_poll_ns_grow = shim_random() % 4;
			halt_poll_ns_grow_start = shim_random() % 20000;
			halt_poll_ns_shrink = shim_random() % 4;
		}
		max = halt_poll_ns;
		if (i % 1000 >= 700) {
			max = i % 1000 < 750 ? 0 : 50000;
			assert_int_equal(halt_poll_set(&kvm, max), 0);
		} else {
			kvm.halt_poll = 0;
		}
		want = want < max ? want : max;
		polled += want > 0;
		ns = block_for(1ull << shim_random() % 21);
		slept += fake_sleeps;
		hit = s->halt_successful_poll > (u64)hits;
		hits += hit;
		/* The clock is read once more after the look. */
		assert_true(hit ? !fake_sleeps && ns <= want + 200 : ns > want);
		assert_true(fake_sleeps <= 1);
		if (!hit)
			want = interval_after(want, max, ns);
		assert_int_equal(halt.poll_ns, want);
	}
	assert_int_equal(s->halt_attempted_poll, polled);
	assert_int_equal(s->halt_successful_poll, hits);
	assert_int_equal(s->halt_wakeup, slept);
	assert_true(hits > 1000 && slept > 1000 && polled - hits > 1000);
}

static void limit_of_the_vm(void **state)
{
	assert_int_equal(halt_poll_set(&kvm, 1ull << 32), -EINVAL);
	assert_int_equal(halt_poll_set(&kvm, 0xffffffff), 0);
	assert_int_equal(poll_limit(&kvm), 0xffffffff);
	assert_int_equal(halt_poll_set(&kvm, 0), 0);
	assert_int_equal(poll_limit(&kvm), 0);
	kvm.halt_poll = 0;
}

/* api.rst 4.133: the first bucket is [0, 1), the Nth [2^(N-2), 2^(N-1)). */
static void histograms(void **state)
{
	u64 hist[STAT_BUCKETS], low;
	int bucket;

	for (int bit = 0; bit < 64; bit++) {
		for (int delta = -1; delta < 2; delta++) {
			u64 value = (1ull << bit) + delta;

			memset(hist, 0, sizeof(hist));
			stat_log(hist, value);
			bucket = 0;
			for (low = 1; bucket < 31 && value >= low; low *= 2)
				bucket++;
			assert_int_equal(hist[bucket], 1);
		}
	}
}

static void times_are_counted(void **state)
{
	const struct halt_stats *s = &halt.stats;
	u64 ns, first;

	halt_poll_ns = 200000;
	halt_poll_ns_grow = 2;
	halt_poll_ns_grow_start = 10000;
	halt_poll_ns_shrink = 0;
	world(0);
	first = block_for(5000);
	assert_int_equal(s->halt_wait_ns, first);
	assert_int_equal(s->halt_wait_hist[fls64(first)], 1);
	assert_int_equal(halt.poll_ns, 10000);
	ns = block_for(5000);
	assert_int_equal(s->halt_poll_success_ns, ns);
	assert_int_equal(s->halt_poll_success_hist[fls64(ns)], 1);
	ns = block_for(15000);
	assert_int_equal(s->halt_poll_fail_ns + s->halt_wait_ns, first + ns);
	assert_int_equal(s->halt_poll_fail_hist[fls64(s->halt_poll_fail_ns)], 1);
	assert_int_equal(halt.poll_ns, 20000);
}

static void memory(void **state)
{
	struct kvm other = { };

	vcpu.halt = NULL;
	shim_fail_at = shim_allocs + 1;
	assert_int_equal(vcpu_halt_make(&vcpu), -ENOMEM);
	shim_fail_at = 0;
	assert_int_equal(vcpu_halt_make(&vcpu), 0);
	assert_non_null(vcpu.halt);
	kfree(vcpu.halt);
	vcpu.halt = NULL;
	vcpu.kvm = &other;
	assert_int_equal(vcpu_halt_make(&vcpu), 0);
	assert_null(vcpu.halt);
	assert_int_equal(shim_live, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(nothing_is_lost),
		cmocka_unit_test(barriers_are_needed),
		cmocka_unit_test(interval),
		cmocka_unit_test(limit_of_the_vm),
		cmocka_unit_test(histograms),
		cmocka_unit_test(times_are_counted),
		cmocka_unit_test(memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
