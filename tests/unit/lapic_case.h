/* SPDX-License-Identifier: GPL-2.0-only */
/* Two LAPICs with all features, for cases that change registers of the first. */
#ifndef UNIT_LAPIC_CASE_H
#define UNIT_LAPIC_CASE_H

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

/* Around each case. */
static inline int lapic_case_start(void **state)
{
	irq_world_start();
	cpu = irq_cpu_add(0);
	a = &cpu->a;
	b = &irq_cpu_add(1)->a;
	return 0;
}

static inline int lapic_case_stop(void **state)
{
	irq_world_stop();
	return 0;
}

/* Enabled by software. */
static inline void on(struct lapic *l)
{
	lapic_write(l, APIC_REG_SVR, 0x1ff);
}

static inline void to_x2apic(struct lapic *l)
{
	assert_int_equal(lapic_base_set(l, 0xfee00c00, false), 0);
}

static inline int send(struct lapic *l, u8 vector)
{
	const struct irq_msg msg = { .vector = vector };

	return lapic_accept(l, &msg);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, lapic_case_start, lapic_case_stop)

#endif
