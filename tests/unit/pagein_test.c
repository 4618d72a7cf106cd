// SPDX-License-Identifier: GPL-2.0-only
/*
 * core/pagein.c: who is told, in which order pages come, a queue that is full, works
 * that become few, and a queue that is dropped while works are on their way.  Works run
 * when the test says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/pagein.c"

static struct mm_struct mm;
#define NVCPUS	1024

static struct kvm kvm;
static struct kvm_vcpu vcpu;
static struct pagein *queues[NVCPUS];
static struct module owner;
static struct mmu_slot slot = { .base_gfn = 0x100, .npages = 0x100, .hva = 0x700000 };
static struct mmu_slot alias = { .base_gfn = 0x200, .npages = 0x100, .hva = 0x700000 };
static unsigned long asked[PAGEIN_MAX];
static unsigned int flags_asked, nasked, kicks;

int fixup_user_fault(struct mm_struct *m, unsigned long address,
		     unsigned int flags, bool *unlocked)
{
	assert_ptr_equal(m, &mm);
	assert_int_equal(m->readers, 1);
	assert_true(m->users > 1);
	/* It may drop the lock to wait. */
	assert_non_null(unlocked);
	flags_asked = flags;
	asked[nasked++ % PAGEIN_MAX] = address;
	return 0;
}

void vcpu_kick(struct kvm_vcpu *v)
{
	assert_ptr_equal(v, &vcpu);
	kicks++;
}

static int up(void **state)
{
	shim_live = 0;
	mm = (struct mm_struct){ .count = 1, .users = 1 };
	memset(&vcpu, 0, sizeof(vcpu));
	vcpu.kvm = &kvm;
	kvm.mm = &mm;
	nasked = kicks = 0;
	owner.refs = 0;
	pagein_set_owner(&owner);
	assert_int_equal(module_step_pagein_up(NULL), 0);
	return 0;
}

static int down(void **state)
{
	module_step_pagein_down(NULL);
	assert_int_equal(shim_live, 0);
	assert_int_equal(mm.count, 1);
	assert_int_equal(mm.users, mm.users ? 1 : 0);
	assert_int_equal(owner.refs, 0);
	assert_int_equal(atomic_read(&pagein_works), 0);
	return 0;
}

/* With a token. */
static void start(struct pagein *p, gfn_t gfn, bool write, u32 token)
{
	int i = pagein_start(p, &slot, gfn, write);

	assert_in_range(i, 0, PAGEIN_MAX - 1);
	assert_int_equal(pagein_token(p, i), 0);
	pagein_set_token(p, i, token);
}

static void test_one(void **state)
{
	struct pagein *p = pagein_make(&vcpu, REQ_ARCH);

	start(p, 0x123, true, 77);
	assert_true(pagein_has(p, &slot, 0x123));
	assert_false(pagein_has(p, &slot, 0x124));
	/* The page counts, not where the guest has it. */
	assert_true(pagein_has(p, &alias, 0x223));
	assert_false(pagein_has(p, &alias, 0x123));
	assert_int_equal(pagein_done(p, 0), -1);
	assert_int_equal(owner.refs, 1);
	flush_workqueue(pagein_wq);
	assert_int_equal(asked[0], 0x723000);
	assert_int_equal(flags_asked, FAULT_FLAG_WRITE);
	assert_int_equal(kicks, 1);
	assert_true(request_take(&vcpu, REQ_ARCH));
	assert_int_equal(pagein_done(p, 0), 0);
	assert_int_equal(pagein_done(p, 1), -1);
	assert_int_equal(pagein_token(p, 0), 77);
	/* Not taken yet, so it is not asked for again. */
	assert_true(pagein_has(p, &slot, 0x123));
	pagein_take(p, 0);
	assert_false(pagein_has(p, &slot, 0x123));
	assert_int_equal(pagein_done(p, 0), -1);
	start(p, 0x124, false, 78);
	flush_workqueue(pagein_wq);
	assert_int_equal(flags_asked, 0);
	pagein_drop(p);
}

static void test_full(void **state)
{
	struct pagein *p = pagein_make(&vcpu, REQ_ARCH);
	int i;

	for (i = 0; i < PAGEIN_MAX; i++) {
		assert_false(pagein_is_full(p));
		start(p, 0x100 + i, true, i);
	}
	assert_true(pagein_is_full(p));
	flush_workqueue(pagein_wq);
	assert_true(pagein_is_full(p));
	for (i = pagein_done(p, 0); i >= 0; i = pagein_done(p, i + 1)) {
		assert_int_equal(pagein_token(p, i), i);
		if (i % 2)
			pagein_take(p, i);
	}
	assert_false(pagein_is_full(p));
	start(p, 0x1ff, true, 99);
	assert_true(pagein_has(p, &slot, 0x1ff));
	assert_true(pagein_has(p, &slot, 0x100));
	assert_false(pagein_has(p, &slot, 0x101));
	flush_workqueue(pagein_wq);
	pagein_drop(p);
}

/* Nobody is told, and the last work frees it. */
static void test_dropped(void **state)
{
	struct pagein *p = pagein_make(&vcpu, REQ_ARCH);

	start(p, 0x100, true, 1);
	start(p, 0x101, true, 2);
	pagein_drop(p);
	pagein_drop(NULL);
	assert_int_equal(mm.count, 2);
	flush_workqueue(pagein_wq);
	assert_int_equal(nasked, 2);
	assert_int_equal(kicks, 0);
	assert_int_equal(vcpu.requests, 0);
	assert_int_equal(mm.count, 1);
}

/* What is on its way stays so, and keeps its place. */
static void test_forget(void **state)
{
	struct pagein *p = pagein_make(&vcpu, REQ_ARCH);
	int i;

	assert_false(pagein_forget(p));
	start(p, 0x100, true, 0);
	assert_false(pagein_forget(p));
	start(p, 0x101, true, 5);
	flush_workqueue(pagein_wq);
	start(p, 0x102, true, 6);
	assert_true(pagein_forget(p));
	assert_false(pagein_forget(p));
	for (i = 0; i < 3; i++) {
		assert_int_equal(pagein_token(p, i), 0);
		assert_true(pagein_has(p, &slot, 0x100 + i));
	}
	flush_workqueue(pagein_wq);
	assert_int_equal(pagein_done(p, 2), 2);
	pagein_drop(p);
}

/* As many as it gets. */
static int fill(struct pagein *p)
{
	int n;

	for (n = 0; !pagein_is_full(p); n++)
		start(p, 0x100 + n, true, 1);
	return n;
}

/* One after the other takes all it gets: each the whole room, then a share of the rest. */
static void test_shares(void **state)
{
	int i, n, last = PAGEIN_MAX, left = PAGEIN_WORKS_MAX;

	for (i = 0; left; i++) {
		queues[i] = pagein_make(&vcpu, REQ_ARCH);
		n = fill(queues[i]);
		/* The first number of which a PAGEIN_LEFT-fold is not left, or all. */
		assert_in_range(n, 1, last);
		assert_true(n == PAGEIN_MAX || left - n <= PAGEIN_LEFT * n);
		assert_true(left - (n - 1) > PAGEIN_LEFT * (n - 1));
		last = n;
		left -= n;
		/* 20 that take what they get leave some to the next. */
		assert_true(i >= 20 || left >= 32);
	}
	while (i--)
		pagein_drop(queues[i]);
	/* What is left on its way counts. */
	assert_int_equal(atomic_read(&pagein_works), PAGEIN_WORKS_MAX);
	flush_workqueue(pagein_wq);
}

/* Others take the last work after a look: no work is queued. */
static void test_no_work(void **state)
{
	struct pagein *p = pagein_make(&vcpu, REQ_ARCH);
	int i, n;

	for (i = 0, n = 0; n < PAGEIN_WORKS_MAX; i++) {
		queues[i] = pagein_make(&vcpu, REQ_ARCH);
		n += fill(queues[i]);
	}
	assert_true(pagein_is_full(p));
	assert_int_equal(pagein_start(p, &slot, 0x100, true), -1);
	assert_false(pagein_has(p, &slot, 0x100));
	assert_int_equal(owner.refs, PAGEIN_WORKS_MAX);
	flush_workqueue(pagein_wq);
	assert_false(pagein_is_full(p));
	assert_int_equal(fill(p), PAGEIN_MAX);
	flush_workqueue(pagein_wq);
	assert_int_equal(nasked, PAGEIN_WORKS_MAX + PAGEIN_MAX);
	while (i--)
		pagein_drop(queues[i]);
	pagein_drop(p);
}

/* The process is gone: nothing is brought in. */
static void test_exited(void **state)
{
	struct pagein *p = pagein_make(&vcpu, REQ_ARCH);

	start(p, 0x100, true, 1);
	mm.users = 0;
	flush_workqueue(pagein_wq);
	assert_int_equal(nasked, 0);
	assert_int_equal(pagein_done(p, 0), 0);
	pagein_drop(p);
}

static void test_no_memory(void **state)
{
	shim_fail_at = shim_allocs + 1;
	assert_null(pagein_make(&vcpu, REQ_ARCH));
	shim_fail_at = 0;
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, up, down)
	const struct CMUnitTest tests[] = {
		CASE(test_one),
		CASE(test_full),
		CASE(test_forget),
		CASE(test_shares),
		CASE(test_no_work),
		CASE(test_dropped),
		CASE(test_exited),
		CASE(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
