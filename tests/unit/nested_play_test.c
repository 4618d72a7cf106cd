// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random L1s and L2s on every hardware, in every format: L2's accesses, L1's writes
 * to its tables, flushes, changes of the root; compared with the reference after
 * each operation.  SEED=n and OPS=n in the environment choose the program and its
 * length, CONFIG=name one kind of hardware.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <linux/kernel.h>

#include "mmu/check.h"
#include "tests/unit/mmu_configs.h"
#include "tests/unit/mmu_ops.h"
#include "tests/unit/nested_l2.h"

static unsigned long long seed = 1;
static long total_ops = 600000, op_nr;
static const char *where = "";
static enum model_mode format;
static long ends[L2_GAVE_UP + 1];

static int rnd(unsigned int n)
{
	return shim_random() % n;
}

static bool one_in(unsigned int n)
{
	return !rnd(n);
}

static int levels_of(enum model_mode mode)
{
	static const int levels[] = { 0, 2, 3, 4, 5, 4, 5 };

	return levels[mode];
}

/* ------------------------------------------------------------------------ */
/* L1's entries: mostly right. */

static u64 data_frame(void)
{
	switch (rnd(16)) {
	case 0:
		return L2_ROM + rnd(4);
	case 1:
		return L2_HOLE;
	case 2:
	case 3:
		return L2_BIG + rnd(4) * 512 + rnd(2);
	case 4:
		return l2_table(rnd(2), 1 + rnd(2), rnd(2));
	default:
		return L2_SMALL + rnd(8);
	}
}

static u64 large_frame(int level)
{
	if (level == LEVEL_1G)
		return one_in(4) ? 0 : L2_BIG;
	if (format == MODEL_32)
		return one_in(3) ? 0 : L2_BIG + rnd(2) * 1024;
	return one_in(3) ? L2_SMALL * rnd(2) : L2_BIG + rnd(4) * 512;
}

static u64 flags(bool leaf)
{
	u64 e;

	if (format >= MODEL_EPT4) {
		e = one_in(leaf ? 4 : 24) ? rnd(8) : 7;
		e |= leaf ? (one_in(32) ? rnd(8) : 6) << 3 : 0;
		return e | (u64)rnd(4) << 8;
	}
	e = one_in(24) ? rnd(2) : 1;
	e |= one_in(leaf ? 4 : 24) ? 0 : 2;
	e |= one_in(32) ? 0 : 4;
	e |= rnd(4) << 5 & (leaf ? ~0u : 0x20);
	if (format >= MODEL_4LEVEL)
		e |= (u64)rnd(16) << 59;
	if (format >= MODEL_PAE && one_in(12))
		e |= 1ull << 63;
	return e;
}

static u64 entry(int space, int level)
{
	bool large = level == LEVEL_2M && one_in(5);
	u64 e, frame;

	if (level == LEVEL_1G && format >= MODEL_4LEVEL)
		large = one_in(12);
	if (level == LEVEL_4K)
		frame = data_frame();
	else if (large)
		frame = large_frame(level);
	else
		frame = l2_table(one_in(8) ? rnd(2) : space, level - 1, rnd(2));
	if (format == MODEL_PAE && level == LEVEL_1G)
		return frame << 12 | !one_in(6);
	e = frame << 12 | flags(level == LEVEL_4K || large);
	if (large)
		e |= 0x80;
	if (one_in(200))
		e ^= 1ull << rnd(64);
	return format == MODEL_32 ? (u32)e : e;
}

/* The indexes that L2's addresses have. */
static int index_of(int level)
{
	if (level == LEVEL_4K)
		return rnd(3);
	return format == MODEL_PAE && level == LEVEL_1G ? 3 * rnd(2) : rnd(2);
}

static gpa_t entry_at(int space, int level)
{
	int size = format == MODEL_32 ? 4 : 8;

	return (l2_table(space, level, rnd(2)) << 12) + index_of(level) * size;
}

static void fill(void)
{
	int size = format == MODEL_32 ? 4 : 8;

	for (int space = 0; space < 2; space++)
		for (int level = 1; level <= levels_of(format); level++)
			for (int i = 0; i < 12; i++)
				l2_mem_set(entry_at(space, level), size,
					   entry(space, level));
}

/* ------------------------------------------------------------------------ */
/* Operations. */

/* The vCPU that an operation is about. */
static struct l2 *busy = &l2_world.l2[0];

static struct l2 *any(void)
{
	busy = &l2_world.l2[rnd(2)];
	return busy;
}

static void op_access(void)
{
	static const u64 kinds[] = { 0, 0, PF_WRITE, PF_WRITE, PF_FETCH };
	struct l2 *l2 = any();

	if (!l2->inside || one_in(40))
		l2_enter(l2, one_in(3) ? rnd(3) : l2->space);
	ends[l2_access(l2, rnd(L2_GPAS), kinds[rnd(5)])]++;
}

/* The tables near the leaves more often, as guests do. */
static void op_write(void)
{
	int space = rnd(2), level = 1;
	struct l2 *l2 = any();
	gpa_t at;
	u64 e;

	while (level < levels_of(format) && one_in(3))
		level++;
	at = entry_at(space, level);
	e = entry(space, level);
	if (format == MODEL_32) {
		l2_l1_write(l2, at, 4, e);
	} else if (format == MODEL_PAE && one_in(3)) {
		l2_l1_write(l2, at, 4, (u32)e);
		l2_l1_write(l2, at + 4, 4, e >> 32);
	} else if (one_in(50)) {
		l2_l1_write(l2, at + rnd(4), 1 + rnd(4), e);
	} else {
		l2_l1_write(l2, at, 8, e);
	}
}

static void op_flush(void)
{
	l2_flush(any());
}

static void op_l1(void)
{
	struct l2 *l2 = any();

	l2_leave(l2);
	world_access(l2->v, data_frame() << 12, 0);
}

static void op_trim(void)
{
	mmu_vcpu_trim(&any()->v->v);
}

static void op_zap_all(void)
{
	l2_leave(&l2_world.l2[0]);
	l2_leave(&l2_world.l2[1]);
	world_zap_all(&l2_world.vm, NULL);
}

static void op_types(void)
{
	l2_leave(&l2_world.l2[0]);
	l2_leave(&l2_world.l2[1]);
	ops_types_set(&l2_world.vm);
}

/* ------------------------------------------------------------------------ */
/* The host, slots and the dirty log; slot 0 has the tables. */

static struct env_slot *slot(int i)
{
	return l2_world.vm.slot[0][i];
}

static u64 host_page(void)
{
	struct env_slot *s = slot(rnd(2));
	static const u16 first[] = { 32, 32, 512 };

	if (!s)
		return 1ull << 18;
	return env_host_page(&s->s, s->s.base_gfn) + first[rnd(3)] + rnd(40);
}

static void op_host(void)
{
	struct env_vm *vm = &l2_world.vm;
	u64 start = host_page(), end = start + 1 + rnd(8) * rnd(8);
	u64 big = LEVEL_GFNS(host_size(&vm->host, start)), from, to;

	from = start & ~(big - 1);
	to = max(end, from + big);
	big = LEVEL_GFNS(host_size(&vm->host, end - 1));
	to = max(to, ((end - 1) | (big - 1)) + 1);
	if (!world_mm_lock(vm))
		return;
	world_notify_begin(vm, from, to, rnd(2));
	switch (rnd(3)) {
	case 0:
		host_change(&vm->host, start, end, HOST_PRESENT, 0);
		break;
	case 1:
		host_change(&vm->host, start, end, HOST_WRITE, 0);
		break;
	case 2:
		host_migrate(&vm->host, start, end);
		break;
	}
	world_notify_end(vm, from, to);
	world_mm_unlock(vm);
}

static void op_slot(void)
{
	int i = one_in(4) ? 0 : 1 + rnd(2);

	if (slot(i))
		world_slot_del(&l2_world.vm, 0, i);
	else
		l2_slot_add(i, one_in(4) ? MMU_SLOT_DIRTY_LOG : 0);
}

static void op_log(void)
{
	int i = rnd(2);

	if (!slot(i))
		return;
	if (slot(i)->dirty)
		world_log_off(&l2_world.vm, 0, i, rnd(2));
	else
		world_log_on(&l2_world.vm, 0, i, one_in(3));
}

static void op_log_take(void)
{
	int i = rnd(2);

	if (slot(i))
		world_log_take(slot(i), rnd(2) * 512, 64 + rnd(1000), NULL);
}

static void op_age(void)
{
	gfn_t gfn = data_frame();

	mmu_age(&l2_world.vm.mmu, 0, gfn, gfn + 1 + rnd(8));
	mmu_is_young(&l2_world.vm.mmu, 0, gfn, gfn + 1 + rnd(8));
}

/* The page limit: pages of either L1 go. */
static void op_limit(void)
{
	mmu_page_limit_set(&l2_world.vm.mmu, rnd(2) ? 64 : 1000);
}

/* Of 1000; the rest are accesses. */
static const struct {
	void (*fn)(void);
	int odds;
} ops[] = {
	{ op_write, 180 },
	{ op_flush, 60 },
	{ op_l1, 40 },
	{ op_trim, 5 },
	{ op_zap_all, 2 },
	{ op_types, 2 },
	{ op_host, 20 },
	{ op_slot, 6 },
	{ op_log, 6 },
	{ op_log_take, 12 },
	{ op_age, 10 },
	{ op_limit, 2 },
};

/* ------------------------------------------------------------------------ */
/* The other vCPU, inside of an operation: what hardware does without a fault. */

#define PLAY_ODDS 12

static long played;

/* L1's kernel on its own processor, writing a table while L2 is faulting. */
static void play_write(struct l2 *l2)
{
	int level = one_in(3) ? 1 + rnd(levels_of(format)) : 1, space = rnd(2);
	gpa_t at = entry_at(space, level);
	struct model_result r;
	u64 error;

	/* Mostly what the other one's fault is about. */
	if (busy->inside && !one_in(4)) {
		l2_walk_now(busy->space, l2_world.gpa[busy->now], 0, &r);
		level = r.used ? r.entry[rnd(r.used)].level : level;
		for (int i = 0; i < r.used; i++)
			if (r.entry[i].level == level)
				at = r.entry[i].gpa;
	}
	if (!map_access(l2->v, at, PF_WRITE, &error) || l2_world.vm.changing)
		return;
	l2_mem_set(at, format == MODEL_32 ? 4 : 8, entry(space, level));
	played++;
}

static void play(void)
{
	static bool playing;
	struct l2 *l2 = &l2_world.l2[busy == &l2_world.l2[0]];
	u64 error;

	if (playing || !one_in(PLAY_ODDS))
		return;
	playing = true;
	if (!l2->inside)
		play_write(l2);
	else if (!l2->out)
		l2_hw_access(l2, rnd(L2_GPAS), one_in(2) ? PF_WRITE : 0, &error);
	playing = false;
}

/* Where no lock is held: a notifier too. */
static void play_gap(void)
{
	play();
	if (one_in(20) && !l2_world.vm.changing)
		op_host();
}

static void play_start(bool on)
{
	l2_world.crowded = l2_world.vm.crowded = on;
	shim_step_hook = on ? play : NULL;
	env_gap_hook = on ? play_gap : NULL;
}

/* ------------------------------------------------------------------------ */

static void one_op(void)
{
	int n = rnd(1000);

	/* Without tables there is little to see. */
	if (!slot(0) && one_in(10))
		l2_slot_add(0, 0);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		n -= ops[i].odds;
		if (n < 0) {
			ops[i].fn();
			return;
		}
	}
	op_access();
}

static void run(const struct mmu_test_config *c, enum model_mode mode, long n,
		unsigned int fail_odds, bool crowd)
{
	where = c->name;
	format = mode;
	l2_start(&c->caps, mode);
	fill();
	l2_flush(&l2_world.l2[0]);
	l2_flush(&l2_world.l2[1]);
	for (op_nr = 0; op_nr < n; op_nr++) {
		shim_fail_odds = fail_odds;
		play_start(crowd);
		one_op();
		play_start(false);
		shim_fail_odds = 0;
		l2_check();
		if (one_in(64))
			mmu_check(&l2_world.vm.mmu);
	}
	mmu_check(&l2_world.vm.mmu);
	printf("%-12s format %d: %ld emulated, %ld written while unsync, %ld tables, %ld flushes\n",
	       c->name, mode, l2_world.emulated, l2_world.unsynced, env_tables,
	       l2_world.vm.flushes);
	l2_stop();
}

static bool has_format(const struct mmu_caps *c, enum model_mode mode)
{
	if (c->second == MMU_SECOND_NONE || levels_of(mode) > c->levels)
		return false;
	return (mode >= MODEL_EPT4) == (c->second == MMU_SECOND_EPT);
}

/* Number @n of all hardware and formats; false: there is no such combination. */
static bool pick(int n, const struct mmu_test_config **c, enum model_mode *mode)
{
	const char *only = getenv("CONFIG");

	*c = &mmu_test_configs[n / (MODEL_EPT5 + 1)];
	*mode = n % (MODEL_EPT5 + 1);
	return *mode != MODEL_OFF && has_format(&(*c)->caps, *mode) &&
	       (!only || !strcmp(only, (*c)->name));
}

static void programs(unsigned int fail_odds, bool crowd)
{
	const int all = ARRAY_SIZE(mmu_test_configs) * (MODEL_EPT5 + 1);
	const struct mmu_test_config *c;
	enum model_mode mode;
	int runs = 0, n;

	for (n = 0; n < all; n++)
		runs += pick(n, &c, &mode);
	for (n = 0; n < all; n++) {
		if (!pick(n, &c, &mode))
			continue;
		shim_self.rng = seed * 1000003 + n;
		run(c, mode, total_ops / 3 / runs, fail_odds, crowd);
	}
}

static void plenty(void **state)
{
	programs(0, false);
	printf("%ld done, %ld faults for L1, %ld emulated\n", ends[L2_DONE],
	       ends[L2_FAULTED], ends[L2_EMULATED]);
	assert_true(ends[L2_DONE] > total_ops / 16);
	assert_true(ends[L2_FAULTED] > total_ops / 16);
	assert_true(ends[L2_EMULATED] > total_ops / 200);
	assert_int_equal(ends[L2_GAVE_UP], 0);
}

static void short_of_memory(void **state)
{
	programs(20, false);
}

static void crowded(void **state)
{
	programs(0, true);
	printf("%ld writes to tables inside of operations\n", played);
	assert_true(played > total_ops / 100);
}

static void on_abort(int sig)
{
	fprintf(stderr, "SEED=%llu CONFIG=%s format %d: operation %ld\n", seed,
		where, format, op_nr);
	_Exit(134);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plenty),
		cmocka_unit_test(short_of_memory),
		cmocka_unit_test(crowded),
	};

	signal(SIGABRT, on_abort);
	if (getenv("SEED"))
		seed = strtoull(getenv("SEED"), NULL, 0);
	if (getenv("OPS"))
		total_ops = strtol(getenv("OPS"), NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
