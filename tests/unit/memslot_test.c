// SPDX-License-Identifier: GPL-2.0-only
/*
 * core/memslot.c and core/dirty.c: every errno, who waits for whom, and random
 * programs against a naive model (slot_world.h).
 */
#include "slot_world.h"

#include "core/dirty.h"

#define STEPS	2000
#define PG	0x1000ull
#define TOP	(1ull << 40)	/* frames of the tables' tests */
#define USER	0x10000000ull

/* ------------------------------------------------------------------------ */
/* Errors (api.rst 4.8, 4.35, 4.117).  Slot 1 is 16 pages at 16, 3 is read-only. */

static int set(u32 slot, u32 flags, u64 gfn, u64 npages, u64 user)
{
	struct kvm_userspace_memory_region r = {
		slot, flags, gfn * PG, npages * PG, user
	};

	return slot_set(&world_kvm, &r);
}

static void errors_up(void)
{
	world_up(TOP - 1);
	assert_int_equal(set(1, 0, 16, 16, USER), 0);
	assert_int_equal(set(3, KVM_MEM_READONLY, 64, 16, USER), 0);
}

static const struct {
	u32 slot, flags;
	u64 gpa, size, user;
	int err;
} set_row[] = {
	{ 0, 0, 0, 16 * PG, USER, 0 },
	{ 2, 0, 32 * PG, 32 * PG, USER, 0 },
	{ SLOTS_MAX - 1, 0, 1000 * PG, PG, USER, 0 },
	{ SLOTS_MAX, 0, 2000 * PG, PG, USER, -EINVAL },
	{ 0xffff, 0, 2000 * PG, PG, USER, -EINVAL },
	{ 0x10000, 0, 16 * PG, 16 * PG, USER, 0 },
	{ 0x20000, 0, 2000 * PG, PG, USER, -EINVAL },
	{ 0x80000001, 0, 2000 * PG, PG, USER, -EINVAL },
	{ 4, 4, 2000 * PG, PG, USER, -EINVAL },
	{ 4, 1u << 31, 2000 * PG, PG, USER, -EINVAL },
	{ 4, 0, 2000 * PG + 1, PG, USER, -EINVAL },
	{ 4, 0, 2000 * PG, PG + 512, USER, -EINVAL },
	{ 4, 0, 2000 * PG, 1, USER, -EINVAL },
	{ 4, 0, 2000 * PG, PG, USER + 8, -EINVAL },
	{ 4, 0, 2000 * PG, PG, 0x7ffffffff000, -EINVAL },
	{ 4, 0, 2000 * PG, PG, 0x7fffffffe000, 0 },
	{ 5, 0, 3000 * PG, PG, 0xffff800000000000, -EINVAL },
	{ 5, 0, 3000 * PG, PG, -PG, -EINVAL },
	{ 5, 0, 3000 * PG, PG << 31, 0, -EINVAL },
	{ 5, 0, (TOP - 1) * PG, PG, USER, 0 },
	{ 6, 0, (TOP - 1) * PG, 2 * PG, USER, -EINVAL },
	{ 6, 0, TOP * PG, PG, USER, -EINVAL },
	{ 6, 0, -PG, PG, USER, -EINVAL },
	{ 6, 0, -PG, 2 * PG, USER, -EINVAL },
	{ 6, 0, 0, -PG, USER, -EINVAL },
	/* overlaps */
	{ 6, 0, 16 * PG, PG, USER, -EEXIST },
	{ 6, 0, 31 * PG, PG, USER, -EEXIST },
	{ 6, 0, 15 * PG, 100 * PG, USER, -EEXIST },
	{ 6, 0, 79 * PG, 2 * PG, USER, -EEXIST },
	{ 6, 0, 80 * PG, PG, USER, 0 },
	/* what exists */
	{ 1, 0, 16 * PG, 16 * PG, USER, 0 },
	{ 1, 0, 16 * PG, 15 * PG, USER, -EINVAL },
	{ 1, 0, 16 * PG, 17 * PG, USER, -EINVAL },
	{ 1, 0, 16 * PG, 16 * PG, USER + PG, -EINVAL },
	{ 1, KVM_MEM_READONLY, 16 * PG, 16 * PG, USER, -EINVAL },
	{ 3, 0, 64 * PG, 16 * PG, USER, -EINVAL },
	{ 1, 0, 64 * PG, 16 * PG, USER, -EEXIST },
	{ 1, 0, 4096 * PG, 16 * PG, USER, 0 },
	{ 1, 0, 4100 * PG, 16 * PG, USER, 0 },
	{ 1, KVM_MEM_LOG_DIRTY_PAGES, 16 * PG, 16 * PG, USER, 0 },
	{ 3, KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY,
	  64 * PG, 16 * PG, USER, 0 },
	/* deletions */
	{ 7, 0, 0, 0, 0, -EINVAL },
	{ 0x10001, 0, 0, 0, 0, -EINVAL },
	{ 1, 4, 0, 0, 0, -EINVAL },
	{ 1, 0, 0, 0, 0, 0 },
	{ 1, 0, 0, 0, 0, -EINVAL },
	{ 1, KVM_MEM_READONLY, 16 * PG, 16 * PG, USER + PG, 0 },
	/* the largest slot */
	{ 8, 0, 1ull << 40, 0x7fffffff * PG, 0, 0 },
	{ 9, 0, 1ull << 44, 0x80000000 * PG, 0, -EINVAL },
};

static void set_errors(void **state)
{
	struct kvm_userspace_memory_region r;
	unsigned int i;

	errors_up();
	for (i = 0; i < ARRAY_SIZE(set_row); i++) {
		r = (struct kvm_userspace_memory_region) {
			set_row[i].slot, set_row[i].flags, set_row[i].gpa,
			set_row[i].size, set_row[i].user
		};
		if (slot_set(&world_kvm, &r) != set_row[i].err)
			fail_msg("row %u: not %d", i, set_row[i].err);
	}
	world_down();
}

/* Where a page of the kernel's own is, in either address space, once there is a vCPU. */
static void refused(void **state)
{
	errors_up();
	world_own = 32;
	assert_int_equal(set(4, 0, 32, 1, USER), 0);
	assert_int_equal(vcpu_step_slots_up(&world_vcpu), -EEXIST);
	assert_int_equal(set(4, 0, 0, 0, 0), 0);
	assert_int_equal(set(0x10004, 0, 20, 20, USER), 0);
	assert_int_equal(vcpu_step_slots_up(&world_vcpu), -EEXIST);
	assert_int_equal(set(0x10004, 0, 33, 20, USER), 0);
	assert_int_equal(vcpu_step_slots_up(&world_vcpu), 0);
	/* from its first step on */
	assert_int_equal(xa_err(xa_store(&world_kvm.vcpus, 0, &world_vcpu, GFP_KERNEL)), 0);
	assert_int_equal(set(4, 0, 32, 1, USER), -EEXIST);
	assert_int_equal(set(0x10005, 0, 32, 1, USER), -EEXIST);
	assert_int_equal(set(1, 0, 17, 16, USER), -EEXIST);
	assert_int_equal(set(4, 0, 33, 1, USER), 0);
	assert_int_equal(set(1, KVM_MEM_LOG_DIRTY_PAGES, 16, 16, USER), 0);
	assert_int_equal(set(1, 0, 15, 16, USER), 0);
	xa_erase(&world_kvm.vcpus, 0);
	world_down();
}

static int get(u32 slot, u32 pad, void *user)
{
	struct kvm_dirty_log log = { slot, pad, { user } };

	return dirty_get(&world_kvm, &log);
}

static void get_errors(void **state)
{
	u64 bits[2] = { 0, 5 };

	errors_up();
	assert_int_equal(get(1, 0, bits), -ENOENT);
	assert_int_equal(get(2, 0, bits), -ENOENT);
	assert_int_equal(get(0x10001, 0, bits), -ENOENT);
	assert_int_equal(get(0x20001, 0, bits), -EINVAL);
	assert_int_equal(get(SLOTS_MAX, 0, bits), -EINVAL);
	assert_int_equal(set(1, KVM_MEM_LOG_DIRTY_PAGES, 16, 16, USER), 0);
	/* what api.rst calls padding is not looked at */
	assert_int_equal(get(1, 1, bits), 0);
	dirty_mark(&world_vcpu, slot_by_id(slots_get(&world_kvm, 0), 1), 16 + 3);
	shim_user_fault = true;
	assert_int_equal(get(1, 0, bits), -EFAULT);
	shim_user_fault = false;
	assert_int_equal(get(1, 0, bits), 0);
	assert_int_equal(bits[0], 1 << 3);
	assert_int_equal(bits[1], 5);
	assert_int_equal(get(1, 0, bits), 0);
	assert_int_equal(bits[0], 0);
	world_down();
}

static int clear(u32 slot, u64 first, u32 n)
{
	u64 bits[4] = { ~0ull, ~0ull, ~0ull, ~0ull };
	struct kvm_clear_dirty_log log = { slot, n, first, { bits } };

	return dirty_clear(&world_kvm, &log);
}

static void clear_errors(void **state)
{
	errors_up();
	assert_int_equal(clear(1, 0, 16), -ENOENT);
	assert_int_equal(set(5, KVM_MEM_LOG_DIRTY_PAGES, 4096, 200, USER), 0);
	assert_int_equal(clear(0x20005, 0, 200), -EINVAL);
	assert_int_equal(clear(SLOTS_MAX, 0, 200), -EINVAL);
	assert_int_equal(clear(5, 0, 200), 0);
	assert_int_equal(clear(5, 0, 0), 0);
	assert_int_equal(clear(5, 0, 64), 0);
	assert_int_equal(clear(5, 0, 63), -EINVAL);
	assert_int_equal(clear(5, 32, 64), -EINVAL);
	assert_int_equal(clear(5, 192, 8), 0);
	assert_int_equal(clear(5, 192, 7), -EINVAL);
	assert_int_equal(clear(5, 192, 64), -EINVAL);
	assert_int_equal(clear(5, 256, 0), -EINVAL);
	assert_int_equal(clear(5, -64ull, 64), -EINVAL);
	shim_user_fault = true;
	assert_int_equal(clear(5, 0, 200), -EFAULT);
	shim_user_fault = false;
	world_down();
}

/* ------------------------------------------------------------------------ */
/* Creation waits for nobody, until too much has piled up. */

static void creation_does_not_wait(void **state)
{
	unsigned int i;

	world_up(TOP - 1);
	world_kvm.nr_vcpus = 1;
	/* The first set is static, so nine go before the ninth waits. */
	for (i = 0; i < 9; i++)
		assert_int_equal(set(i, 0, i, 1, USER), 0);
	assert_int_equal(world_waits, 0);
	assert_int_equal(set(9, 0, 9, 1, USER), 0);
	assert_int_equal(world_waits, 1);
	assert_int_equal(set(10, 0, 10, 1, USER), 0);
	assert_int_equal(world_waits, 1);
	assert_int_equal(set(10, 0, 0, 0, 0), 0);
	assert_int_equal(world_waits, 2);
	world_down();
}

/* ------------------------------------------------------------------------ */
/* Random programs. */

static void program(unsigned int seed)
{
	static const u32 modes[] = { 0, 1, 3 };
	int i;

	world_up(FRAMES - 1);
	shim_seed = seed;
	shim_self.rng = 0;
	shim_step_hook = world_step;
	shim_fail_odds = seed % 2 ? 20 : 0;
	world_kvm.dirty_manual = modes[pick(3)];
	for (i = 0; i < STEPS; i++) {
		if (i == STEPS / 10)
			world_kvm.nr_vcpus = 1;
		world_call();
	}
	world_down();
}

static void random_programs(void **state)
{
	unsigned int seed;

	for (seed = 1; seed <= 60; seed++)
		program(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_errors),
		cmocka_unit_test(refused),
		cmocka_unit_test(get_errors),
		cmocka_unit_test(clear_errors),
		cmocka_unit_test(creation_does_not_wait),
		cmocka_unit_test(random_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
