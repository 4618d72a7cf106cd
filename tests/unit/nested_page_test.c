// SPDX-License-Identifier: GPL-2.0-only
/* vmx/nested_page_rules.h against a model of SDM vol. 3, 30.4: all that there is of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/model/apic_page.h"
#include "tests/unit/rnd.h"
#include "vmx/nested_page_rules.h"

static struct page_controls model_controls(u32 controls)
{
	return (struct page_controls){
		.tpr_shadow = controls & PAGE_TPR,
		.register_virtualization = controls & PAGE_REGS,
		.interrupt_delivery = controls & PAGE_IRQS,
	};
}

#define EACH_CONTROLS(c) for (c = 0; c < 8; c++)

static void accesses(void **state)
{
	u32 controls, offset, len, reads = 0, writes = 0;
	struct page_controls c;

	EACH_CONTROLS(controls) {
		c = model_controls(controls);
		for (offset = 0; offset < 0x1000; offset++) {
			for (len = 1; len <= 64 && offset + len <= 0x1000; len++) {
				bool r = nested_page_reads(controls, offset, len);
				bool w = nested_page_writes(controls, offset, len);

				assert_int_equal(r, apic_page_read_is_virtual(&c, offset, len));
				assert_int_equal(w, apic_page_write_is_virtual(&c, offset, len));
				reads += r;
				writes += w;
			}
		}
	}
	print_message("%u reads, %u writes are virtual\n", reads, writes);
	assert_true(reads > writes && writes > 100);
}

static enum page_effect effect_of(enum nested_page_act act)
{
	static const enum page_effect effect[] = {
		[PAGE_ACT_EXIT] = EFFECT_WRITE_EXIT, [PAGE_ACT_TPR] = EFFECT_TPR,
		[PAGE_ACT_EOI] = EFFECT_EOI, [PAGE_ACT_IPI] = EFFECT_SELF_IPI,
		[PAGE_ACT_HIGH] = EFFECT_ICR_HIGH,
	};

	return effect[act];
}

static void effect_is_same(u32 controls, u32 offset, u32 icr)
{
	struct page_controls c = model_controls(controls);

	assert_int_equal(effect_of(nested_page_act(controls, offset, icr)),
			 apic_page_effect(&c, offset, icr));
}

/* Each bit of ICR's alone, and random ones. */
static void effects(void **state)
{
	u32 controls, offset, i, selves = 0;

	EACH_CONTROLS(controls) {
		for (offset = 0; offset < 0x1000; offset++)
			if (nested_page_writes(controls, offset, 1))
				effect_is_same(controls, offset, 0x40051);
		if (!(controls & PAGE_TPR))
			continue;
		for (i = 0; i < 32; i++)
			effect_is_same(controls, 0x300, 0x40051 ^ 1u << i);
		for (i = 0; i < 0x100; i++)
			effect_is_same(controls, 0x300, 0x40000 | i);
		for (i = 0; i < 100000; i++)
			effect_is_same(controls, 0x300, rnd());
		for (i = 0; i < 0x100; i++)
			selves += nested_page_act(controls, 0x300, 0x40000 | i) ==
				  PAGE_ACT_IPI;
	}
	assert_int_equal(selves, 2 * 0xf0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accesses),
		cmocka_unit_test(effects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
