// SPDX-License-Identifier: GPL-2.0-only
/*
 * core/vcpu_map.c: vCPUs that come with ids in any order, and are given up before
 * they are published, against two arrays; each allocation fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <linux/errno.h>
#include <linux/slab.h>

#include "core/vcpu_map.h"
#include "core/vm.h"

static struct kvm kvm;
static struct kvm_vcpu vcpus[VCPUS_MAX];
static struct kvm_vcpu *by_id[VCPU_IDS_MAX];

static void up(void)
{
	memset(&kvm, 0, sizeof(kvm));
	memset(by_id, 0, sizeof(by_id));
	xa_init_flags(&kvm.vcpus, XA_FLAGS_ACCOUNT);
	shim_live = 0;
}

static void down(void)
{
	while (kvm.nr_vcpus)
		vcpu_map_drop(&vcpus[--kvm.nr_vcpus]);
	assert_int_equal(shim_live, 0);
	xa_destroy(&kvm.vcpus);
}

static void check(void)
{
	u32 id;
	int i;

	for (i = -1; i <= VCPUS_MAX; i++)
		assert_ptr_equal(vcpu_get(&kvm, i),
				 i >= 0 && i < kvm.nr_vcpus ? &vcpus[i] : NULL);
	for (id = 0; id < VCPU_IDS_MAX; id++)
		assert_ptr_equal(vcpu_by_id(&kvm, id), by_id[id]);
	for (id = 1; id; id <<= 1)
		assert_ptr_equal(vcpu_by_id(&kvm, id), id < VCPU_IDS_MAX ? by_id[id] : NULL);
	assert_null(vcpu_by_id(&kvm, ~0u));
	/* What would be index 0 if a sum wrapped. */
	assert_null(vcpu_by_id(&kvm, -(u32)VCPUS_MAX));
}

static struct kvm_vcpu *next(u32 id)
{
	struct kvm_vcpu *vcpu = &vcpus[kvm.nr_vcpus];

	memset(vcpu, 0, sizeof(*vcpu));
	vcpu->kvm = &kvm;
	vcpu->id = id;
	vcpu->idx = kvm.nr_vcpus;
	return vcpu;
}

static void add(u32 id)
{
	struct kvm_vcpu *vcpu = next(id);

	assert_null(vcpu_by_id(&kvm, id));
	assert_int_equal(vcpu_map_reserve(vcpu), 0);
	assert_null(vcpu_by_id(&kvm, id));
	if (shim_random() % 4 == 0) {
		vcpu_map_drop(vcpu);
		assert_null(vcpu_by_id(&kvm, id));
		assert_int_equal(vcpu_map_reserve(vcpu), 0);
	}
	vcpu_map_publish(vcpu);
	by_id[id] = vcpu;
}

static void in_order(void **state)
{
	long one;

	up();
	add(0);
	one = shim_live;
	for (u32 id = 1; id < VCPUS_MAX; id++)
		add(id);
	check();
	/* 64 entries to a node: no second entries. */
	assert_int_equal(one, 1);
	assert_true(shim_live <= VCPUS_MAX / 64 + 1);
	down();
}

static void any_order(void **state)
{
	u32 id;

	for (shim_seed = 1; shim_seed <= 20; shim_seed++) {
		up();
		for (int i = 0; i < (int)shim_seed * 50; i++) {
			do
				id = shim_random() % (i % 2 ? VCPUS_MAX : VCPU_IDS_MAX);
			while (by_id[id]);
			add(id);
		}
		check();
		down();
	}
}

/* An id that is a later index of another vCPU, and the reverse. */
static void crossed(void **state)
{
	up();
	add(1);
	add(0);
	add(3);
	add(2);
	add(4095);
	add(5);
	check();
	down();
}

static void no_memory(void **state)
{
	struct kvm_vcpu *vcpu;
	long live;
	int n, err = -ENOMEM;

	/* The next index needs a node of its own. */
	up();
	for (u32 id = 0; id < 64; id++)
		add(id);
	live = shim_live;
	for (n = 1; err; n++) {
		vcpu = next(4000);
		shim_fail_at = shim_allocs + n;
		err = vcpu_map_reserve(vcpu);
		shim_fail_at = 0;
		assert_true(!err || err == -ENOMEM);
		assert_null(vcpu_by_id(&kvm, 4000));
		if (err)
			assert_int_equal(shim_live, live);
	}
	assert_true(n > 2);
	vcpu_map_publish(vcpu);
	by_id[4000] = vcpu;
	check();
	down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(any_order),
		cmocka_unit_test(crossed),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
