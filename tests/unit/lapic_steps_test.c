// SPDX-License-Identifier: GPL-2.0-only
/*
 * What others do to a LAPIC, at each step of what its own vCPU does, and the other way
 * round: one operation is played as a whole at the n-th atomic access, or call of the
 * environment, of another one, for every n.  No interrupt is lost or comes twice.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <linux/kernel.h>
#include <linux/string.h>

#include "tests/model/vid.h"
#include "tests/unit/irq_env.h"

#define TIMER_VECTOR	0x50

/* What an operation may do; the two that are interleaved are judged by both. */
enum {
	WIPES = 1,	/* pending interrupts may go */
	LOCKS = 2,	/* takes irq_vm.lock */
	TIMER = 4,	/* cancels a timer that runs */
	DISABLES = 8,	/* nothing is pending afterwards */
};

struct op {
	const char *name;
	void (*fn)(void);
	int flags;
};

static struct irq_cpu *cpu;
static struct lapic *a;
static const struct op *first, *second;
static const char *state_name;
static long steps, play_at, worlds;
static bool expiring, played, shared;

/* What happened to each vector. */
static long sent[256], taken[256], ended[256];
static bool sent_by_level[256];
static long inits, sipis;

/* ---- The vCPU's own thread. */

static int take(void)
{
	int v = lapic_pending(a);

	if (v >= 0) {
		lapic_ack(a, v);
		taken[v]++;
	}
	return v;
}

static void end(void)
{
	int v = a->isr_top;

	if (v >= 0)
		ended[v]++;
	lapic_eoi(a);
}

static void own_take(void)
{
	take();
}

static void own_take_all(void)
{
	while (take() >= 0)
		end();
}

static void own_end(void)
{
	end();
}

/* A guest runs, and takes and ends what comes without software. */
static void own_run(void)
{
	struct model_vid vid = { .page = a->regs };
	int v;

	do {
		vid_enter(&vid, lapic_hw_give(a));
		lapic_hw_eoi_vectors(a, vid.eoi_exit);
		while ((v = vid_deliver(&vid)) >= 0) {
			taken[v]++;
			ended[v]++;
			if (vid_eoi(&vid, &v))
				lapic_hw_ended(a, v);
		}
	} while (!lapic_hw_is_given(a));
}

/* It is entered, and nobody asks what became of it. */
static void own_give(void)
{
	lapic_hw_give(a);
}

static void own_threshold(void)
{
	lapic_tpr_set(a, 0xf0);
	lapic_tpr_threshold(a);
	lapic_tpr_set(a, 0);
}

static void own_events(void)
{
	u32 got = lapic_events_take(a, LAPIC_EVENT_INIT | LAPIC_EVENT_SIPI);

	if (got & LAPIC_EVENT_INIT) {
		lapic_reset(a, true);
		inits++;
		sipis = 0;
	}
	if (got & LAPIC_EVENT_SIPI) {
		sipis++;
		shim_assert(a->sipi_vector == 0x12);
	}
}

static void own_reset(void)
{
	lapic_reset(a, true);
}

static void own_disable(void)
{
	lapic_base_set(a, 0xfee00000, true);
}

static void own_disable_enable(void)
{
	lapic_base_set(a, 0xfee00000, true);
	lapic_base_set(a, 0xfee00800, true);
	lapic_write(a, APIC_REG_SVR, 0x1ff);
}

static void own_x2apic(void)
{
	lapic_base_set(a, 0xfee00c00, true);
}

static void own_off(void)
{
	lapic_write(a, APIC_REG_SVR, 0xff);
}

static void own_id(void)
{
	lapic_write(a, APIC_REG_ID, 0x07000000);
}

static void own_restore(void)
{
	static u32 regs[256];

	lapic_save(a, regs);
	memset(&regs[APIC_REG_IRR / 4], 0, 0x80);
	lapic_restore(a, regs);
}

static void own_esr(void)
{
	lapic_write(a, APIC_REG_ESR, 0);
}

static void own_count(void)
{
	lapic_write(a, APIC_REG_TIMER_INIT, 1000);
}

static void own_count_stop(void)
{
	lapic_write(a, APIC_REG_TIMER_INIT, 0);
}

static void own_mask_timer(void)
{
	u32 lvt = lapic_read(a, APIC_REG_LVT_TIMER);

	lapic_write(a, APIC_REG_LVT_TIMER, lvt | 0x10000);
}

static void own_divider(void)
{
	lapic_write(a, APIC_REG_TIMER_DIV, 0xb);
}

static void own_deadline_mode(void)
{
	lapic_write(a, APIC_REG_LVT_TIMER, 0x40000 | TIMER_VECTOR);
}

static void own_deadline(void)
{
	lapic_deadline_set(a, irq_world.now + 1000);
}

static void own_tsc(void)
{
	lapic_timer_rearm(a);
}

static const struct op own[] = {
	{ "take", own_take, 0 },
	{ "take all", own_take_all, 0 },
	{ "end", own_end, 0 }, { "threshold", own_threshold, 0 },
	{ "events", own_events, WIPES | LOCKS | TIMER },
	{ "reset", own_reset, WIPES | LOCKS | TIMER },
	{ "disable", own_disable, WIPES | LOCKS | TIMER | DISABLES },
	{ "disable, enable", own_disable_enable, WIPES | LOCKS | TIMER },
	{ "x2APIC", own_x2apic, LOCKS }, { "off", own_off, 0 },
	{ "id", own_id, LOCKS }, { "restore", own_restore, WIPES | LOCKS | TIMER },
	{ "ESR", own_esr, 0 },
};

static const struct op own_shared[] = {
	{ "run", own_run, 0 }, { "give", own_give, 0 }, { "take", own_take, 0 },
	{ "take all", own_take_all, 0 }, { "end", own_end, 0 },
	{ "threshold", own_threshold, 0 },
	{ "events", own_events, WIPES | LOCKS | TIMER },
	{ "disable, enable", own_disable_enable, WIPES | LOCKS | TIMER },
	{ "restore", own_restore, WIPES | LOCKS | TIMER },
};

#include "tests/unit/lapic_steps_others.h"

static void expire(void)
{
	expiring = true;
	irq_cpu_expire(cpu);
	expiring = false;
}

static const struct op expiry[] = { { "expiry", expire, 0 } };

static const struct op timer_own[] = {
	{ "count", own_count, TIMER }, { "stop", own_count_stop, TIMER },
	{ "mask", own_mask_timer, TIMER }, { "divider", own_divider, TIMER },
	{ "to deadline mode", own_deadline_mode, TIMER },
	{ "deadline", own_deadline, TIMER }, { "TSC", own_tsc, TIMER },
	{ "take all", own_take_all, 0 },
};

/* ---- What it starts from. */

static void nothing(void)
{
}

static void pending(void)
{
	send_one();
}

static void in_service(void)
{
	send_one();
	take();
}

static void pending_and_in_service(void)
{
	send(0x40, false);
	take();
	send(0x41, false);
	send(0x9f, false);
}

static const struct { const char *name; void (*fn)(void); } states[] = {
	{ "nothing", nothing }, { "pending", pending }, { "in service", in_service },
	{ "both", pending_and_in_service },
};

/* A count of each kind that is due, and has not expired. */
static void due_one_shot(void)
{
	lapic_write(a, APIC_REG_LVT_TIMER, TIMER_VECTOR);
	lapic_write(a, APIC_REG_TIMER_INIT, 500);
	irq_time(500);
}

static void due_deadline(void)
{
	lapic_write(a, APIC_REG_LVT_TIMER, 0x40000 | TIMER_VECTOR);
	lapic_deadline_set(a, irq_world.now + 500);
	irq_time(500);
}

/* ---- Playing. */

static void step(void)
{
	struct shim_thread self;

	if (shim_nested || played)
		return;
	if (second->flags & LOCKS && shim_lock_find(&irq_world.vm.lock) >= 0)
		return;
	/* the cancellation waits for the expiry that runs */
	if (second->flags & TIMER && expiring && a->timer.expiry)
		return;
	if (++steps != play_at)
		return;
	played = true;
	self = shim_self;
	shim_self = (struct shim_thread){ .rng = 1 };
	shim_nested++;
	second->fn();
	shim_nested--;
	shim_self = self;
}

static void hooks_set(bool on)
{
	shim_step_any_size = on;
	shim_step_hook = on ? step : NULL;
	irq_env_step = on ? step : NULL;
}

static void world_make(void (*state)(void))
{
	irq_world_start();
	irq_world.hold = true;
	irq_world.share = shared;
	cpu = irq_cpu_add(0);
	a = &cpu->a;
	irq_cpu_add(1);
	lapic_write(a, APIC_REG_SVR, 0x1ff);
	lapic_write(a, APIC_REG_TIMER_DIV, 0xb);
	memset(sent, 0, sizeof(sent));
	memset(taken, 0, sizeof(taken));
	memset(ended, 0, sizeof(ended));
	memset(sent_by_level, 0, sizeof(sent_by_level));
	inits = sipis = steps = 0;
	played = false;
	state();
}

static bool flag(int bit)
{
	return (first->flags | second->flags) & bit;
}

/* What is to be in IRR. */
static u32 requests(int word)
{
	return a->regs[(APIC_REG_IRR + word * 0x10) / 4] | atomic_read(&a->posted[word]);
}

/* Bits, summaries, the highest of each. */
static void check_words(void)
{
	int top = -1, words = 0;

	if (a->hw)
		lapic_hw_take(a);

	for (int i = 0; i < 8; i++) {
		u32 isr = a->regs[(APIC_REG_ISR + i * 0x10) / 4];

		if (requests(i))
			shim_assert(atomic_read(&a->irr_words) & 1 << i);
		for (int bit = 0; bit < 32; bit++)
			if (isr >> bit & 1)
				top = i * 32 + bit;
		words |= (isr != 0) << i;
	}
	shim_assert(a->isr_top == top && a->isr_words == words);
	for (int v = 255; v >= 16; v--) {
		if (!(requests(v / 32) >> v % 32 & 1))
			continue;
		if (v / 16 > max(top, 0) / 16 && a->base & 0x800)
			shim_assert(lapic_pending(a) == v);
		break;
	}
}

/* Everything that was accepted is taken in the end, once, and told. */
static void check_vectors(void)
{
	shim_assert(cpu->notified || !(sent[0x40] || sent[0x61]));
	if (flag(DISABLES)) {
		shim_assert(lapic_pending(a) == -1);
		return;
	}
	while (a->isr_top >= 0)
		end();
	own_take_all();
	shim_assert(!atomic_read(&a->irr_words));
	for (int v = 0; v < 256; v++) {
		if (flag(WIPES)) {
			shim_assert(taken[v] <= sent[v]);
			continue;
		}
		shim_assert(taken[v] == sent[v]);
		shim_assert(cpu->eois[v] == (sent_by_level[v] ? ended[v] : 0));
	}
}

static void check_events(void)
{
	bool both = first->fn == own_events || second->fn == own_events;

	if (!both)
		return;
	own_events();
	if (first->fn != send_init_sipi && second->fn != send_init_sipi)
		return;
	shim_assert(inits == 1 && sipis == 1);
}

static void settle(void)
{
	check_words();
	check_vectors();
	check_events();
	/* the one whose id changed is found, and nobody else */
	if (first->fn == own_id || second->fn == own_id) {
		struct irq_msg msg = { .vector = 0x99, .dest = 7 };

		shim_assert(irq_deliver(&irq_world.vm, NULL, &msg) == 1);
		msg.dest = 0;
		shim_assert(irq_deliver(&irq_world.vm, NULL, &msg) == IRQ_REFUSED);
	}
	irq_world_stop();
}

/* Once for what was due, and once for what was started then. */
static void settle_timer(void)
{
	const struct op *o = first->fn == expire ? second : first;
	bool deadline = lapic_read(a, APIC_REG_LVT_TIMER) & 0x40000;
	long want = 1;

	if ((o->fn == own_count && !deadline) || (o->fn == own_deadline && deadline))
		want = 2;
	check_words();
	expire();
	own_take_all();
	shim_assert(taken[TIMER_VECTOR] == 1);
	irq_world.hold = false;
	irq_time(999);
	own_take_all();
	shim_assert(taken[TIMER_VECTOR] == 1);
	irq_time(5000);
	own_take_all();
	shim_assert(taken[TIMER_VECTOR] == want);
	shim_assert(!cpu->armed && !a->timer.expiry && !lapic_deadline(a));
	irq_world_stop();
}

static bool one(void (*state)(void), void (*check)(void), long n)
{
	world_make(state);
	play_at = n;
	hooks_set(true);
	first->fn();
	hooks_set(false);
	if (!played)
		second->fn();
	check();
	worlds++;
	return played;
}

static void pair(void (*state)(void), void (*check)(void))
{
	long n = 0;

	while (one(state, check, ++n))
		;
}

static void on_abort(int sig)
{
	fprintf(stderr, "%s: %s at step %ld of %s\n", state_name, second->name, play_at,
		first->name);
	_Exit(134);
}

#define ALL(f, s)	interleave(f, ARRAY_SIZE(f), s, ARRAY_SIZE(s))

static void interleave(const struct op *f, int nf, const struct op *s, int ns)
{
	worlds = 0;
	for (int i = 0; i < nf * ns * (int)ARRAY_SIZE(states); i++) {
		first = &f[i % nf];
		second = &s[i / nf % ns];
		state_name = states[i / nf / ns].name;
		pair(states[i / nf / ns].fn, settle);
	}
	printf("%ld interleavings\n", worlds);
}

static void others_in_own(void **state)
{
	ALL(own, others);
}

static void own_in_others(void **state)
{
	ALL(others, own);
}

static void others_in_others(void **state)
{
	ALL(others, others);
}

/* A LAPIC whose page a processor may have. */
static void shared_with_others(void **state)
{
	shared = true;
	ALL(own_shared, others);
	ALL(others, own_shared);
	ALL(others, others);
	shared = false;
}

static void timer(void **state)
{
	static void (*const due[])(void) = { due_one_shot, due_deadline };

	worlds = 0;
	for (int i = 0; i < 2 * 2 * (int)ARRAY_SIZE(timer_own); i++) {
		const struct op *o = &timer_own[i / 4];

		state_name = i % 2 ? "deadline" : "one-shot";
		first = i & 2 ? expiry : o;
		second = i & 2 ? o : expiry;
		pair(due[i % 2], settle_timer);
	}
	printf("%ld interleavings\n", worlds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_in_own),
		cmocka_unit_test(own_in_others),
		cmocka_unit_test(others_in_others),
		cmocka_unit_test(shared_with_others),
		cmocka_unit_test(timer),
	};

	signal(SIGABRT, on_abort);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
