// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmx/nested_apic_rules.h against a model of SDM vol. 3, chapter 30: random programs, and
 * some steps by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/model/vapic.h"
#include "tests/unit/rnd.h"
#include "vmx/nested_apic_rules.h"

static struct nested_apic real;
static struct vapic model;
static bool waits;	/* as the real one's user keeps it */

static void same_set(const u32 *words, const bool *set)
{
	int i;

	for (i = 0; i < 256; i++)
		assert_int_equal(words[i / 32] >> i % 32 & 1, set[i]);
}

static void same(void)
{
	assert_int_equal(real.vtpr, model.vtpr);
	assert_int_equal(real.vppr, model.vppr);
	assert_int_equal(real.rvi, model.rvi);
	assert_int_equal(real.svi, model.svi);
	same_set(real.visr, model.visr);
	same_set(real.virr, model.virr);
}

static void begin(void)
{
	real = (struct nested_apic){ };
	model = (struct vapic){ };
	waits = false;
}

/* What may be in L1's memory: anything, and it need not fit the status. */
static void begin_wild(void)
{
	int i;

	begin();
	for (i = 0; i < 256; i++) {
		model.visr[i] = rnd() % 64 == 0;
		model.virr[i] = rnd() % 64 == 0;
		real.visr[i / 32] |= (u32)model.visr[i] << i % 32;
		real.virr[i / 32] |= (u32)model.virr[i] << i % 32;
	}
	real.vtpr = model.vtpr = rnd();
	real.vppr = model.vppr = rnd();
	real.rvi = model.rvi = rnd();
	real.svi = model.svi = rnd();
	vapic_vmentry(&model);
	nested_apic_ppr(&real);
	waits = nested_apic_pending(&real);
}

static void post(void)
{
	u32 pir[NESTED_APIC_WORDS] = { };
	bool set[256] = { };
	unsigned int n;
	u8 vector;

	for (n = rnd() % 4; n; n--) {
		vector = rnd();
		set[vector] = true;
		pir[vector / 32] |= 1u << vector % 32;
	}
	vapic_posted(&model, set);
	nested_apic_post(&real, pir);
}

static void step(void)
{
	u8 byte = rnd();

	switch (rnd() % 6) {
	case 0:
		vapic_tpr(&model, byte);
		real.vtpr = byte;
		nested_apic_ppr(&real);
		break;
	case 1:
		byte = model.svi;
		vapic_eoi(&model);
		assert_int_equal(nested_apic_eoi(&real), byte);
		break;
	case 2:
		vapic_self_ipi(&model, byte);
		nested_apic_request(&real, byte);
		break;
	case 3:
		post();
		break;
	default:
		if (!model.recognized)
			return;
		assert_int_equal(nested_apic_deliver(&real), vapic_deliver(&model));
		waits = false;
		return;
	}
	waits = nested_apic_pending(&real);
}

static void random_programs(void **state)
{
	unsigned int i, n, delivered = 0;

	for (i = 0; i < 20000; i++) {
		if (i % 2)
			begin_wild();
		else
			begin();
		for (n = 0; n < 60; n++) {
			step();
			same();
			assert_int_equal(waits, model.recognized);
			delivered += model.recognized;
		}
	}
	print_message("%u steps with one that waits\n", delivered);
	assert_true(delivered > 10000);
}

/* Two that wait; the lower one comes when the upper one ends. */
static void by_hand(void **state)
{
	begin();
	nested_apic_request(&real, 0x31);
	nested_apic_request(&real, 0x52);
	nested_apic_request(&real, 0x41);
	assert_int_equal(real.rvi, 0x52);
	assert_true(nested_apic_pending(&real));
	assert_int_equal(nested_apic_deliver(&real), 0x52);
	assert_int_equal(real.vppr, 0x50);
	assert_int_equal(real.svi, 0x52);
	assert_int_equal(real.rvi, 0x41);
	assert_false(nested_apic_pending(&real));
	real.vtpr = 0x4f;
	assert_int_equal(nested_apic_eoi(&real), 0x52);
	assert_int_equal(real.svi, 0);
	assert_int_equal(real.vppr, 0x4f);
	assert_false(nested_apic_pending(&real));
	real.vtpr = 0x3f;
	nested_apic_ppr(&real);
	assert_true(nested_apic_pending(&real));
	assert_int_equal(nested_apic_deliver(&real), 0x41);
	assert_int_equal(real.rvi, 0x31);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),
		cmocka_unit_test(random_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
