// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whom a message reaches: SDM vol. 3, 11.6.2 and 11.12.10, api.rst 7.7.  Each case is
 * sent with a map, and once more without.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "irq/apic_map.h"
#include "tests/unit/irq_env.h"

static int start(void **state)
{
	irq_world_start();
	return 0;
}

static int stop(void **state)
{
	shim_fail_odds = 0;
	irq_world_stop();
	return 0;
}

static struct lapic *lapic(int n)
{
	return &irq_world.cpu[n].a;
}

/* A vCPU that accepts messages. */
static struct lapic *add(u32 id, bool x2apic)
{
	struct lapic *a = &irq_cpu_add(id)->a;

	if (x2apic) {
		assert_int_equal(lapic_base_set(a, 0xfee00c00, false), 0);
		assert_int_equal(lapic_msr_write(a, 0x80f, 0x1ff), 0);
	} else {
		lapic_write(a, APIC_REG_SVR, 0x1ff);
	}
	return a;
}

static void logical(int n, u32 ldr, u32 dfr)
{
	lapic_write(lapic(n), APIC_REG_LDR, ldr << 24);
	lapic_write(lapic(n), APIC_REG_DFR, dfr << 28);
}

/* Who has it?  A bit for each vCPU; it is taken and ended. */
static u32 who(void)
{
	u32 set = 0;

	for (int n = 0; n < irq_world.n; n++) {
		int v = lapic_pending(lapic(n));

		if (v < 0)
			continue;
		assert_int_equal(v, 0x40);
		lapic_ack(lapic(n), 0x40);
		lapic_eoi(lapic(n));
		set |= 1u << n;
	}
	return set;
}

static u32 deliver(const struct irq_msg *msg, struct lapic *src)
{
	int sum = irq_deliver(&irq_world.vm, src, msg);
	u32 set = who();

	assert_int_equal(sum, set ? (int)__builtin_popcount(set) : IRQ_REFUSED);
	return set;
}

/* With the map, and by asking each LAPIC. */
static u32 reach(const struct irq_msg *how, u32 dest)
{
	struct irq_vm *vm = &irq_world.vm;
	struct irq_msg msg = *how;
	struct apic_map *map = vm->map;
	u32 set;

	assert_non_null(map);
	msg.dest = dest;
	msg.vector = 0x40;
	set = deliver(&msg, NULL);
	vm->map = NULL;
	assert_int_equal(deliver(&msg, NULL), set);
	vm->map = map;
	return set;
}

static const struct irq_msg physical = { 0 };
static const struct irq_msg physical_wide = { .wide = true };
static const struct irq_msg logical_8 = { .logical = true };
static const struct irq_msg logical_32 = { .logical = true, .wide = true };

static void physical_xapic(void **state)
{
	add(0, false);
	add(1, false);
	add(7, false);
	assert_int_equal(reach(&physical, 0), 1);
	assert_int_equal(reach(&physical, 1), 2);
	assert_int_equal(reach(&physical, 7), 4);
	assert_int_equal(reach(&physical, 2), 0);
	assert_int_equal(reach(&physical, 200), 0);
	assert_int_equal(reach(&physical, 0xff), 7);
	/* the id is software's to change, and the map follows */
	lapic_write(lapic(1), APIC_REG_ID, 0x09000000);
	assert_int_equal(reach(&physical, 1), 0);
	assert_int_equal(reach(&physical, 9), 2);
	assert_int_equal(reach(&physical_wide, 9), 2);
	assert_int_equal(reach(&physical_wide, 0xff), 0);
	assert_int_equal(reach(&physical_wide, 0xffffffff), 7);
	/* two with one id both hear it */
	lapic_write(lapic(2), APIC_REG_ID, 0x09000000);
	assert_int_equal(reach(&physical, 9), 6);
	assert_int_equal(reach(&physical, 0), 1);
	lapic_write(lapic(0), APIC_REG_ID, 0x09000000);
	assert_int_equal(reach(&physical, 9), 7);
}

static void flat(void **state)
{
	for (int n = 0; n < 4; n++)
		add(n, false);
	assert_int_equal(reach(&logical_8, 0xfe), 0);	/* LDR is 0 after reset */
	logical(0, 0x01, 0xf);
	logical(1, 0x02, 0xf);
	logical(2, 0x84, 0xf);
	logical(3, 0x40, 0x3);			/* no model */
	assert_int_equal(reach(&logical_8, 0x01), 1);
	assert_int_equal(reach(&logical_8, 0x03), 3);
	assert_int_equal(reach(&logical_8, 0x80), 4);
	assert_int_equal(reach(&logical_8, 0x86), 6);	/* once, though by two bits */
	assert_int_equal(reach(&logical_8, 0x78), 0);
	assert_int_equal(reach(&logical_8, 0x00), 0);
	assert_int_equal(reach(&logical_8, 0xff), 15);
	assert_int_equal(reach(&logical_32, 0x03), 3);
	assert_int_equal(reach(&logical_32, 0xff), 7);
	assert_int_equal(reach(&logical_32, 0x103), 0);
	logical(3, 0x01, 0xf);			/* shared with the first one */
	assert_int_equal(reach(&logical_8, 0x01), 9);
	assert_int_equal(reach(&logical_8, 0x02), 2);
	assert_int_equal(reach(&logical_8, 0x03), 11);
}

static void cluster(void **state)
{
	for (int n = 0; n < 6; n++)
		add(n, false);
	logical(0, 0x01, 0);
	logical(1, 0x02, 0);
	logical(2, 0x11, 0);
	logical(3, 0x1c, 0);
	logical(4, 0xe1, 0);
	logical(5, 0xf1, 0);
	assert_int_equal(reach(&logical_8, 0x03), 3);
	assert_int_equal(reach(&logical_8, 0x13), 4);
	assert_int_equal(reach(&logical_8, 0x1f), 12);
	assert_int_equal(reach(&logical_8, 0x21), 0);
	assert_int_equal(reach(&logical_8, 0xe1), 16);
	assert_int_equal(reach(&logical_8, 0xf1), 32);
	assert_int_equal(reach(&logical_8, 0xff), 63);
	logical(0, 0x11, 0);
	assert_int_equal(reach(&logical_8, 0x11), 5);
	/* both models at once */
	logical(1, 0x10, 0xf);
	assert_int_equal(reach(&logical_8, 0x18), 10);
}

static void x2apic(void **state)
{
	static const u32 ids[] = { 0, 1, 15, 16, 0x123, 0x12f };

	irq_world.vm.no_x2apic_quirk = true;
	for (size_t n = 0; n < ARRAY_SIZE(ids); n++)
		add(ids[n], true);
	for (size_t n = 0; n < ARRAY_SIZE(ids); n++)
		assert_int_equal(reach(&physical_wide, ids[n]), 1 << n);
	assert_int_equal(reach(&physical_wide, 2), 0);
	assert_int_equal(reach(&physical_wide, 0x130), 0);
	assert_int_equal(reach(&physical_wide, 0xffffffff), 63);
	assert_int_equal(reach(&logical_32, 0xffffffff), 63);
	assert_int_equal(reach(&logical_32, 0x00008003), 7);
	assert_int_equal(reach(&logical_32, 0x0001ffff), 8);
	assert_int_equal(reach(&logical_32, 0x00120008), 16);
	assert_int_equal(reach(&logical_32, 0x0012ffff), 48);
	assert_int_equal(reach(&logical_32, 0x0013ffff), 0);
	assert_int_equal(reach(&logical_32, 0xfffff000), 0);
	/* api.rst 7.7: CPUs 0 to 7 of cluster 0; nobody */
	assert_int_equal(reach(&logical_8, 0xff), 3);
	assert_int_equal(reach(&physical, 0xff), 0);
	irq_world.vm.no_x2apic_quirk = false;
	assert_int_equal(reach(&logical_8, 0xff), 63);
	assert_int_equal(reach(&physical, 0xff), 63);
	assert_int_equal(reach(&physical_wide, 0xff), 0);
}

static void mixed_modes(void **state)
{
	irq_world.vm.no_x2apic_quirk = true;
	add(0, true);
	add(1, false);
	add(0x123, false);		/* its whole id, in whatever mode */
	add(0x23, false);
	logical(1, 0x01, 0xf);
	assert_int_equal(reach(&logical_8, 0x01), 3);
	assert_int_equal(reach(&logical_32, 0x02), 0);	/* 1 is in xAPIC mode */
	assert_int_equal(reach(&physical, 0xff), 14);
	assert_int_equal(reach(&physical_wide, 0x123), 4);
	assert_int_equal(reach(&physical, 0x23), 8);
	assert_int_equal(reach(&physical, 1), 2);
	/* an xAPIC with an x2APIC's id */
	lapic_write(lapic(1), APIC_REG_ID, 0);
	assert_int_equal(reach(&physical, 0), 3);
	assert_int_equal(reach(&logical_32, 0x00000001), 3);
	/* disabled, nobody's */
	assert_int_equal(lapic_base_set(lapic(3), 0xfee00000, true), 0);
	assert_int_equal(reach(&physical, 0x23), 0);
	assert_int_equal(reach(&physical, 0xff), 6);
	assert_int_equal(lapic_base_set(lapic(3), 0xfee00c00, true), 0);
	assert_int_equal(lapic_msr_write(lapic(3), 0x80f, 0x1ff), 0);
	assert_int_equal(reach(&logical_32, 0x00020008), 8);
}

static void shorthands(void **state)
{
	struct irq_msg msg = { .vector = 0x40, .dest = 1 };

	for (int n = 0; n < 3; n++)
		add(n, false);
	msg.shorthand = IRQ_SELF;
	assert_int_equal(deliver(&msg, lapic(2)), 4);
	assert_int_equal(deliver(&msg, NULL), 0);
	msg.shorthand = IRQ_ALL;
	assert_int_equal(deliver(&msg, lapic(2)), 7);
	assert_int_equal(deliver(&msg, NULL), 7);
	msg.shorthand = IRQ_OTHERS;
	assert_int_equal(deliver(&msg, lapic(2)), 3);
	msg.mode = IRQ_LOWEST;
	for (int i = 0; i < 10; i++)
		assert_in_range(deliver(&msg, lapic(2)), 1, 2);
}

/* From ICR, in both modes, and with 8 bits out of 32. */
static void from_icr(void **state)
{
	add(0, false);
	add(1, false);
	add(2, true);
	lapic_write(lapic(0), APIC_REG_ICR2, 0x01000000);
	lapic_write(lapic(0), APIC_REG_ICR, 0x4040);
	assert_int_equal(who(), 2);
	logical(0, 0x10, 0xf);
	lapic_write(lapic(1), APIC_REG_ICR2, 0x10000000);
	lapic_write(lapic(1), APIC_REG_ICR, 0x4840);
	assert_int_equal(who(), 1);
	assert_int_equal(lapic_msr_write(lapic(2), 0x830, 0x0000000100004040), 0);
	assert_int_equal(who(), 2);
	assert_int_equal(lapic_msr_write(lapic(2), 0x830, 0xffffffff00004040), 0);
	assert_int_equal(who(), 7);
	assert_int_equal(lapic_msr_write(lapic(2), 0x830, 0x0000010100004040), 0);
	assert_int_equal(who(), 0);
	assert_int_equal(lapic_msr_write(lapic(2), 0x830, 0x0000000000104040), -EINVAL);
	assert_int_equal(lapic_msr_write(lapic(2), 0x830, 0x00000000000c4040), 0);
	assert_int_equal(who(), 3);
}

/* The one of @n vCPUs that has a vector; it is taken and ended. */
static int only(int n, int v)
{
	int found = -1;

	for (int i = 0; i < n; i++) {
		if (lapic_pending(lapic(i)) < 0)
			continue;
		assert_int_equal(found, -1);
		found = i;
		lapic_ack(lapic(i), v);
		lapic_eoi(lapic(i));
	}
	assert_true(found >= 0);
	return found;
}

/* One target for each vector, all of them used about as often. */
static void lowest_by_hash(void **state)
{
	struct irq_msg msg = { .mode = IRQ_LOWEST, .wide = true, .dest = 0xffffffff };

	for (int n = 0; n < IRQ_CPUS; n++) {
		long got[IRQ_CPUS] = { 0 };

		add(n, true);
		for (int v = 32; v < 256; v++) {
			int first;

			msg.vector = v;
			assert_int_equal(irq_deliver(&irq_world.vm, NULL, &msg), 1);
			first = only(n + 1, v);
			got[first]++;
			assert_int_equal(irq_deliver(&irq_world.vm, NULL, &msg), 1);
			assert_int_equal(only(n + 1, v), first);
		}
		for (int i = 0; i <= n; i++)
			assert_in_range(got[i], 224 / (n + 1) / 2, 224 / (n + 1) * 3 / 2 + 1);
	}
}

static void lowest_by_priority(void **state)
{
	struct irq_msg lowest = { .logical = true, .mode = IRQ_LOWEST };
	struct irq_msg hint = { .logical = true, .lowest = true };
	u32 one;

	irq_world.vm.by_priority = true;
	for (int n = 0; n < 4; n++) {
		add(n, false);
		logical(n, 1 << n, 0xf);
		lapic_tpr_set(lapic(n), 0x30 - n * 8);
	}
	assert_int_equal(reach(&lowest, 0x0f), 8);
	assert_int_equal(reach(&hint, 0x0f), 8);
	assert_int_equal(reach(&hint, 0x07), 4);
	assert_int_equal(reach(&lowest, 0xff), 8);
	/* what is in service counts */
	lapic_tpr_set(lapic(3), 0);
	lapic_accept(lapic(3), &(struct irq_msg){ .vector = 0x31 });
	lapic_ack(lapic(3), 0x31);
	assert_int_equal(reach(&lowest, 0x0f), 4);
	/* among equals the hash */
	lapic_tpr_set(lapic(2), 0x28);
	lapic_tpr_set(lapic(1), 0x28);
	one = reach(&lowest, 0x06);
	assert_true(one == 2 || one == 4);
	/* not one that is disabled by software */
	lapic_write(lapic(__builtin_ctz(one)), APIC_REG_SVR, 0xff);
	assert_int_equal(reach(&lowest, 0x06), 6 - one);
	assert_int_equal(reach(&logical_8, 0x06), 6 - one);
	lapic_write(lapic(__builtin_ctz(6 - one)), APIC_REG_SVR, 0xff);
	assert_int_equal(reach(&lowest, 0x06), 0);
	/* an NMI has no lowest priority */
	hint.mode = IRQ_NMI;
	hint.dest = 0x0f;
	assert_int_equal(irq_deliver(&irq_world.vm, NULL, &hint), 4);
}

/* 1 of those that took it, 0 where it was there already. */
static void sums(void **state)
{
	struct irq_msg msg = { .dest = 0xff, .vector = 0x40 };

	add(0, false);
	add(1, false);
	add(2, false);
	lapic_write(lapic(2), APIC_REG_SVR, 0xff);
	assert_int_equal(irq_deliver(&irq_world.vm, NULL, &msg), 2);
	assert_int_equal(irq_deliver(&irq_world.vm, NULL, &msg), IRQ_COALESCED);
	lapic_ack(lapic(0), 0x40);
	assert_int_equal(irq_deliver(&irq_world.vm, NULL, &msg), 1);
	msg.dest = 2;
	assert_int_equal(irq_deliver(&irq_world.vm, NULL, &msg), IRQ_REFUSED);
	msg.dest = 9;
	assert_int_equal(irq_deliver(&irq_world.vm, NULL, &msg), IRQ_REFUSED);
}

/* Slower without memory, not wrong; and there is a map again after the next change. */
static void no_memory(void **state)
{
	for (int n = 0; n < 3; n++)
		add(n, false);
	assert_non_null(irq_world.vm.map);
	shim_fail_odds = 1;
	lapic_write(lapic(1), APIC_REG_ID, 0x05000000);
	shim_fail_odds = 0;
	assert_null(irq_world.vm.map);
	assert_int_equal(deliver(&(struct irq_msg){ .dest = 5, .vector = 0x40 }, NULL), 2);
	lapic_write(lapic(1), APIC_REG_ID, 0x06000000);
	assert_non_null(irq_world.vm.map);
	assert_int_equal(reach(&physical, 6), 2);
}

/* A message takes no lock, allocates nothing, looks at none it is not for. */
static void costs_of_a_message(void **state)
{
	struct irq_msg msg = { .dest = 3, .vector = 0x40 };
	long allocs;

	for (int n = 0; n < 4; n++)
		add(n, false);
	for (int n = 0; n < 4; n++)
		logical(n, 1 << n, 0xf);
	/* one that is disabled is nobody's twin */
	add(5, false);
	assert_int_equal(lapic_base_set(lapic(4), 0xfee00000, true), 0);
	lapic_write(lapic(0), APIC_REG_ID, 0x05000000);
	/* as if the others were gone: only the map knows who is left */
	struct list_head all = irq_world.vm.lapics;

	INIT_LIST_HEAD(&irq_world.vm.lapics);
	allocs = shim_allocs;
	shim_self.atomic++;
	assert_int_equal(irq_deliver(&irq_world.vm, NULL, &msg), 1);
	msg.dest = 5;
	assert_int_equal(irq_deliver(&irq_world.vm, NULL, &msg), 1);
	msg.dest = 0x0a;
	msg.logical = true;
	assert_int_equal(irq_deliver(&irq_world.vm, NULL, &msg), 1);
	shim_self.atomic--;
	assert_int_equal(shim_allocs, allocs);
	irq_world.vm.lapics = all;
	assert_int_equal(who(), 11);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(physical_xapic), TEST(flat), TEST(cluster), TEST(x2apic),
		TEST(mixed_modes), TEST(shorthands), TEST(from_icr),
		TEST(lowest_by_hash), TEST(lowest_by_priority), TEST(sums),
		TEST(no_memory), TEST(costs_of_a_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
