// SPDX-License-Identifier: GPL-2.0-only
/* What a LAPIC does for paravirtual guests: IPIs for many, and EOIs that need no exit. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "tests/unit/irq_env.h"

static struct lapic *a, *b;
static struct irq_cpu *cpu;

static int start(void **state)
{
	irq_world_start();
	cpu = irq_cpu_add(0);
	a = &cpu->a;
	b = &irq_cpu_add(1)->a;
	return 0;
}

static int stop(void **state)
{
	irq_world_stop();
	return 0;
}

static void on(struct lapic *l)
{
	lapic_write(l, APIC_REG_SVR, 0x1ff);
}

static void to_x2apic(struct lapic *l)
{
	assert_int_equal(lapic_base_set(l, 0xfee00c00, false), 0);
}

static int send(struct lapic *l, u8 vector)
{
	const struct irq_msg msg = { .vector = vector };

	return lapic_accept(l, &msg);
}

/* May the guest end it without telling?  By what is in service, and what waits. */
static void eoi_is_free(void **state)
{
	struct irq_msg msg = { .vector = 0x51 };

	on(a);
	assert_false(lapic_eoi_is_free(a));
	send(a, 0x51);
	assert_false(lapic_eoi_is_free(a));	/* it waits, and is not in service */
	lapic_ack(a, 0x51);
	assert_true(lapic_eoi_is_free(a));
	send(a, 0x31);
	assert_false(lapic_eoi_is_free(a));
	lapic_eoi(a);
	lapic_ack(a, 0x31);
	assert_true(lapic_eoi_is_free(a));
	/* the highest one counts, and only it */
	msg.level = true;
	lapic_accept(a, &msg);
	lapic_ack(a, 0x51);
	assert_false(lapic_eoi_is_free(a));
	send(a, 0x61);
	lapic_ack(a, 0x61);
	assert_true(lapic_eoi_is_free(a));
	lapic_eoi(a);
	lapic_eoi(a);
	msg.level = false;
	msg.tell_eoi = true;
	lapic_accept(a, &msg);
	lapic_ack(a, 0x51);
	assert_false(lapic_eoi_is_free(a));
	assert_int_equal(cpu->eois[0x51], 1);
}

/* hypercalls.rst, KVM_HC_SEND_IPI: physical ids, none of which is a broadcast. */
static void send_many(void **state)
{
	unsigned long ids[2] = { 7, 0 };

	on(a);
	on(b);
	assert_int_equal(lapic_send_many(a, ids, 0, 0x40), 2);
	assert_int_equal(lapic_requested(a), 0x40);
	assert_int_equal(lapic_requested(b), 0x40);
	/* pending already, which is as good */
	assert_int_equal(lapic_send_many(a, ids, 0, 0x40), 2);
	assert_int_equal(lapic_send_many(a, ids, 1, 0x42), 1);
	assert_int_equal(lapic_requested(a), 0x40);
	assert_int_equal(lapic_send_many(a, ids, 0, 0x400), 2);
	assert_int_equal(cpu->nmis, 1);
	/* bit 127 is the last one */
	ids[0] = 0;
	ids[1] = 1ul << 63;
	to_x2apic(&irq_cpu_add(128)->a);
	on(&irq_world.cpu[2].a);
	lapic_msr_write(&irq_world.cpu[2].a, 0x80f, 0x1ff);
	assert_int_equal(lapic_send_many(a, ids, 1, 0x44), 1);
	assert_int_equal(lapic_requested(&irq_world.cpu[2].a), 0x44);
	/* neither 0xff nor 0xffffffff is everybody */
	ids[0] = 1;
	ids[1] = 0;
	assert_int_equal(lapic_send_many(a, ids, 0xff, 0x46), 0);
	assert_int_equal(lapic_send_many(a, ids, ~0u, 0x46), 0);
	assert_int_equal(lapic_send_many(a, ids, 1ull << 32, 0x46), 0);
	assert_int_equal(lapic_send_many(a, &(unsigned long[2]){ 2 }[0], ~0ull, 0x46), 0);
	/* no shorthand, no logical mode, no such delivery mode */
	assert_int_equal(lapic_send_many(a, ids, 0, 0x40040), -EINVAL);
	assert_int_equal(lapic_send_many(a, ids, 0, 0x840), -EINVAL);
	assert_int_equal(lapic_send_many(a, ids, 0, 0x740), -EINVAL);
	assert_int_equal(lapic_requested(a), 0x40);
	/* by asking each where two have one id, and where there is no map */
	lapic_write(b, 0x20, 0);
	assert_int_equal(lapic_send_many(a, ids, 0, 0x48), 1);
	assert_int_equal(lapic_send_many(a, ids, 5, 0x48), 0);
	assert_int_equal(lapic_requested(a), 0x48);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(eoi_is_free), TEST(send_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
