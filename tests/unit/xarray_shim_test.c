// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shim's xarray beside a sorted array: what Documentation/core-api/xarray.rst
 * promises, so that tests which stand on it stand on something.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/xarray.h>

#define MAX	4000

/* The model: sorted by index; a reserved entry is there with no @entry. */
static struct { unsigned long index; void *entry; } model[MAX + 1];
static unsigned int used;
static char things[256][4] __aligned(4);

static unsigned int model_at(unsigned long index)
{
	unsigned int i = 0;

	while (i < used && model[i].index < index)
		i++;
	return i;
}

static bool model_has(unsigned int i, unsigned long index)
{
	return i < used && model[i].index == index;
}

static void *model_load(unsigned long index)
{
	unsigned int i = model_at(index);

	return model_has(i, index) ? model[i].entry : NULL;
}

static void model_drop(unsigned int i)
{
	memmove(&model[i], &model[i + 1], (used - i) * sizeof(model[0]));
	used--;
}

static void model_put(unsigned long index, void *entry)
{
	unsigned int i = model_at(index);

	if (!model_has(i, index)) {
		memmove(&model[i + 1], &model[i], (used - i) * sizeof(model[0]));
		used++;
	}
	model[i].index = index;
	model[i].entry = entry;
}

/* Near each other, around each height's edge, and anywhere. */
static unsigned long pick(void)
{
	unsigned long any = (unsigned long)shim_random() << 33 ^
			    (unsigned long)shim_random() << 12 ^ shim_random();

	switch (shim_random() % 4) {
	case 0:
		return shim_random() % 200;
	case 1:
		return (1ul << (shim_random() % 11 * 6)) + shim_random() % 5 - 2;
	case 2:
		return ULONG_MAX - shim_random() % 100;
	default:
		return any >> shim_random() % 64;
	}
}

static void *pick_entry(void)
{
	void *thing = things[shim_random() % ARRAY_SIZE(things)];

	switch (shim_random() % 3) {
	case 0:
		return xa_mk_value(shim_random());
	case 1:
		return xa_tag_pointer(thing, 1);
	default:
		return thing;
	}
}

static void check_range(struct xarray *xa, unsigned long start,
			unsigned long last)
{
	unsigned int i = model_at(start);
	unsigned long index;
	void *entry;

	xa_for_each_range(xa, index, entry, start, last) {
		while (i < used && !model[i].entry)
			i++;
		assert_true(model_has(i, index));
		assert_ptr_equal(entry, model[i].entry);
		i++;
	}
	for (; i < used && model[i].index <= last; i++)
		assert_null(model[i].entry);
}

/* Nodes that this content takes: one for each part of the keys above it. */
static long model_nodes(void)
{
	unsigned int height = 1;
	long n = 0;

	if (!used)
		return 0;
	while (height < 11 && model[used - 1].index >> (6 * height))
		height++;
	for (unsigned int h = 1; h <= height; h++)
		for (unsigned int i = 0; i < used; i++)
			n += h == 11 ? !i : !i || model[i].index >> (6 * h) !=
				model[i - 1].index >> (6 * h);
	return n;
}

static void check(struct xarray *xa)
{
	unsigned long at = pick();

	check_range(xa, 0, ULONG_MAX);
	check_range(xa, at, at + shim_random() % 5000);
	check_range(xa, pick(), pick());
	assert_int_equal(xa_empty(xa), !used);
	assert_int_equal(shim_live, model_nodes());
}

static void one_op(struct xarray *xa)
{
	bool known = used && shim_random() % 2;
	unsigned long at = known ? model[shim_random() % used].index : pick();
	void *entry = pick_entry(), *old = model_load(at);
	unsigned int i = model_at(at);

	switch (shim_random() % 6) {
	case 0:
	case 1:
		assert_ptr_equal(xa_store(xa, at, entry, GFP_KERNEL), old);
		model_put(at, entry);
		break;
	case 2:
		assert_int_equal(xa_reserve(xa, at, GFP_NOWAIT), 0);
		if (!old)
			model_put(at, NULL);
		break;
	case 3:
		xa_release(xa, at);
		if (model_has(i, at) && !old)
			model_drop(i);
		break;
	default:
		assert_ptr_equal(shim_random() % 2 ? xa_erase(xa, at) :
				 xa_store(xa, at, NULL, GFP_KERNEL), old);
		if (model_has(i, at))
			model_drop(i);
	}
	assert_ptr_equal(xa_load(xa, at), model_load(at));
}

static void test_random(void **state)
{
	DEFINE_XARRAY(xa);

	for (int round = 0; round < 30; round++) {
		for (int n = 0; n < 600; n++) {
			one_op(&xa);
			if (n % 8 == 0)
				check(&xa);
		}
		check(&xa);
		/* Back to nothing, entry by entry or at once. */
		while (round % 2 && used) {
			unsigned int i = shim_random() % used;

			if (model[i].entry)
				xa_erase(&xa, model[i].index);
			else
				xa_release(&xa, model[i].index);
			model_drop(i);
			check(&xa);
		}
		xa_destroy(&xa);
		used = 0;
		check(&xa);
	}
}

/* Each allocation fails once: the error says so, and nothing has changed. */
static void test_no_memory(void **state)
{
	DEFINE_XARRAY(xa);
	void *thing = things[1];
	long fails = 0;

	for (int n = 0; n < 2000; n++) {
		unsigned long at = pick();
		void *old = model_load(at), *entry = pick_entry(), *r;

		shim_fail_at = shim_allocs + 1 + shim_random() % 4;
		r = xa_store(&xa, at, entry, GFP_NOWAIT);
		if (xa_is_err(r)) {
			fails++;
			assert_int_equal(xa_err(r), -ENOMEM);
			assert_ptr_equal(xa_load(&xa, at), old);
		} else {
			assert_ptr_equal(r, old);
			model_put(at, entry);
		}
		if (n % 16 == 0)
			check(&xa);
		if (used > 60)
			while (used) {
				xa_erase(&xa, model[0].index);
				model_drop(0);
			}
	}
	assert_true(fails > 200);
	/* What is reserved can be stored without memory, by whoever comes. */
	shim_fail_at = 0;
	xa_destroy(&xa);
	assert_int_equal(xa_reserve(&xa, 1ul << 40, GFP_KERNEL), 0);
	shim_fail_odds = 1;
	assert_int_equal(xa_reserve(&xa, 1ul << 50, GFP_KERNEL), -ENOMEM);
	assert_int_equal(xa_reserve(&xa, 1ul << 40, GFP_KERNEL), 0);
	assert_null(xa_load(&xa, 1ul << 40));
	assert_null(xa_store(&xa, 1ul << 40, thing, GFP_NOWAIT));
	assert_int_equal(xa_reserve(&xa, 1ul << 40, GFP_KERNEL), 0);
	xa_release(&xa, 1ul << 40);
	assert_ptr_equal(xa_load(&xa, 1ul << 40), thing);
	shim_fail_odds = 0;
	assert_ptr_equal(xa_erase(&xa, 1ul << 40), thing);
	assert_true(xa_empty(&xa));
	used = 0;
	assert_int_equal(shim_live, 0);
}

static void test_entries(void **state)
{
	char *thing = things[0];
	void *tagged = xa_tag_pointer(thing, 1);

	assert_ptr_equal(xa_untag_pointer(tagged), thing);
	assert_int_equal(xa_pointer_tag(tagged), 1);
	assert_int_equal(xa_pointer_tag(thing), 0);
	assert_true(xa_is_value(xa_mk_value(0)) && !xa_is_value(thing));
	assert_int_equal(xa_to_value(xa_mk_value(LONG_MAX)), LONG_MAX);
	assert_false(xa_is_err(thing) || xa_is_err(tagged) || xa_is_err(NULL));
	assert_int_equal(xa_err(thing), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
