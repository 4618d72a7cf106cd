// SPDX-License-Identifier: GPL-2.0-only
/*
 * core/pagein.c: who is told, in which order pages come, a queue that is full, and one
 * that is dropped while works are on their way.  Works run when the test says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/pagein.c"

static struct mm_struct mm;
static struct kvm kvm;
static struct kvm_vcpu vcpu;
static struct module owner;
static struct mmu_slot slot = { .base_gfn = 0x100, .npages = 0x100, .hva = 0x700000 };
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
	return 0;
}

static void test_one(void **state)
{
	struct pagein *p = pagein_make(&vcpu, REQ_ARCH);

	pagein_start(p, &slot, 0x123, true, 77);
	assert_true(pagein_has(p, 0x123));
	assert_false(pagein_has(p, 0x124));
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
	assert_true(pagein_has(p, 0x123));
	pagein_take(p, 0);
	assert_false(pagein_has(p, 0x123));
	assert_int_equal(pagein_done(p, 0), -1);
	pagein_start(p, &slot, 0x124, false, 78);
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
		pagein_start(p, &slot, 0x100 + i, true, i);
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
	pagein_start(p, &slot, 0x1ff, true, 99);
	assert_true(pagein_has(p, 0x1ff));
	assert_true(pagein_has(p, 0x100));
	assert_false(pagein_has(p, 0x101));
	flush_workqueue(pagein_wq);
	pagein_drop(p);
}

/* Nobody is told, and the last work frees it. */
static void test_dropped(void **state)
{
	struct pagein *p = pagein_make(&vcpu, REQ_ARCH);

	pagein_start(p, &slot, 0x100, true, 1);
	pagein_start(p, &slot, 0x101, true, 2);
	pagein_drop(p);
	pagein_drop(NULL);
	assert_int_equal(mm.count, 2);
	flush_workqueue(pagein_wq);
	assert_int_equal(nasked, 2);
	assert_int_equal(kicks, 0);
	assert_int_equal(vcpu.requests, 0);
	assert_int_equal(mm.count, 1);
}

/* The process is gone: nothing is brought in. */
static void test_exited(void **state)
{
	struct pagein *p = pagein_make(&vcpu, REQ_ARCH);

	pagein_start(p, &slot, 0x100, true, 1);
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
		CASE(test_dropped),
		CASE(test_exited),
		CASE(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
