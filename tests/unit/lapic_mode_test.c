// SPDX-License-Identifier: GPL-2.0-only
/* Modes of a LAPIC, and its state as userspace keeps it (SDM vol. 3, 11.4, 11.12). */
#include "tests/unit/lapic_case.h"

static void ids_by_mode(void **state)
{
	struct irq_cpu *c = irq_cpu_add(0x123);

	assert_int_equal(lapic_read(&c->a, 0x020), 0x23000000);
	lapic_write(&c->a, 0x020, 0x77000000);
	lapic_write(&c->a, 0x0d0, 0x04000000);
	lapic_reset(&c->a, true);
	assert_int_equal(lapic_read(&c->a, 0x020), 0x77000000);
	assert_int_equal(lapic_read(&c->a, 0x0d0), 0);
	to_x2apic(&c->a);
	assert_int_equal(c->a.regs[0x20 / 4], 0x123);
	assert_int_equal(c->a.regs[0xd0 / 4], 0x00120008);
	lapic_reset(&c->a, true);
	assert_int_equal(c->a.base, 0xfee00c00);
	assert_int_equal(c->a.regs[0xd0 / 4], 0x00120008);
	/* xapic_state_test: userspace may, and the id is the vCPU's again */
	assert_int_equal(lapic_msr_write(&c->a, 0x830, 0x1234567800000700), 0);
	assert_int_equal(lapic_base_set(&c->a, 0xfee00800, true), 0);
	assert_int_equal(lapic_read(&c->a, 0x020), 0x23000000);
	assert_int_equal(lapic_read(&c->a, 0x0d0), 0);
	assert_int_equal(lapic_read(&c->a, 0x310), 0x12000000);
	lapic_reset(&c->a, false);
	assert_int_equal(c->a.base, 0xfee00800);
}

/* Figure 11-27. */
static void transitions(void **state)
{
	static const u16 to[4] = { 0x000, 0x400, 0x800, 0xc00 };
	static const bool may[4][4] = {
		{ true, false, true, false },
		{ false, false, false, false },
		{ true, false, true, true },
		{ true, false, false, true },
	};

	for (int i = 0; i < 16; i++) {
		if (i / 4 == 1)
			continue;
		assert_int_equal(lapic_base_set(a, 0xfee00000 + to[i / 4], true), 0);
		assert_int_equal(lapic_base_set(a, 0xfee00000 + to[i % 4], false),
				 may[i / 4][i % 4] ? 0 : -EINVAL);
		assert_int_equal(a->base, 0xfee00000 +
				 to[may[i / 4][i % 4] ? i % 4 : i / 4]);
	}
	assert_int_equal(lapic_base_set(a, 0xfee00400, true), -EINVAL);
	for (int bit = 0; bit < 8; bit++)
		assert_int_equal(lapic_base_set(a, 0xfee00800 | 1 << bit, true), -EINVAL);
	assert_int_equal(lapic_base_set(a, 0xfee00a00, true), -EINVAL);
	assert_int_equal(lapic_base_set(a, 0xfed01d00, false), 0);
	assert_int_equal(a->base & ~0xfffull, 0xfed01000);
}

/* 11.4.3: nothing arrives, and it comes back as after power-up. */
static void disabled(void **state)
{
	on(a);
	assert_int_equal(send(a, 0x40), 1);
	lapic_write(a, 0x350, 0x431);
	assert_int_equal(lapic_base_set(a, 0xfee00000, false), 0);
	assert_int_equal(send(a, 0x41), IRQ_REFUSED);
	assert_int_equal(lapic_pending(a), -1);
	assert_int_equal(lapic_tpr_threshold(a), 0);
	for (int mode = 0; mode < 8; mode++) {
		const struct irq_msg msg = { .vector = 0x50, .mode = mode };

		assert_int_equal(lapic_accept(a, &msg), IRQ_REFUSED);
	}
	assert_int_equal(cpu->nmis + cpu->smis, 0);
	assert_int_equal(lapic_lint0(a), IRQ_REFUSED);
	assert_int_equal(lapic_base_set(a, 0xfee00800, false), 0);
	assert_int_equal(lapic_read(a, 0x0f0), 0xff);
	assert_int_equal(lapic_read(a, 0x350), 0x10000);
	assert_int_equal(lapic_pending(a), -1);
}

/* A bit that came in just then is not taken. */
static void disabled_too_late(void **state)
{
	assert_int_equal(lapic_base_set(a, 0xfee00000, false), 0);
	a->regs[0x210 / 4] = 1;
	atomic_set(&a->irr_words, 2);
	assert_int_equal(lapic_pending(a), -1);
	assert_int_equal(lapic_tpr_threshold(a), 0);
}

/* 11.4.7.2. */
static void software_disabled(void **state)
{
	const struct irq_msg nmi = { .mode = IRQ_NMI };

	on(a);
	send(a, 0x40);
	lapic_write(a, 0x350, 0x31);
	lapic_write(a, 0x360, 0x400);
	lapic_write(a, 0x0f0, 0xff);
	assert_int_equal(lapic_read(a, 0x350), 0x10031);
	assert_int_equal(lapic_read(a, 0x360), 0x10400);
	lapic_write(a, 0x350, 0x31);
	assert_int_equal(lapic_read(a, 0x350), 0x10031);
	assert_int_equal(send(a, 0x41), IRQ_REFUSED);
	assert_int_equal(lapic_pending(a), 0x40);
	assert_int_equal(lapic_accept(a, &nmi), 1);
	/* it can still send */
	on(b);
	lapic_write(a, 0x300, 0x000c4055);
	assert_int_equal(lapic_pending(b), 0x55);
	on(a);
	assert_int_equal(lapic_read(a, 0x350), 0x10031);
}

static void saved_id(void **state)
{
	static u32 regs[256];

	to_x2apic(b = &irq_cpu_add(0x42)->a);
	lapic_save(b, regs);
	assert_int_equal(regs[8], 0x42000000);
	regs[8] = 0x99000000;
	assert_int_equal(lapic_restore(b, regs), 0);
	irq_world.vm.ids_32bit = true;
	lapic_save(b, regs);
	assert_int_equal(regs[8], 0x42);
	assert_int_equal(lapic_restore(b, regs), 0);
	regs[8] = 0x43;
	assert_int_equal(lapic_restore(b, regs), -EINVAL);
	lapic_save(a, regs);
	assert_int_equal(regs[8], 0);
	regs[8] = 0x07123456;
	assert_int_equal(lapic_restore(a, regs), 0);
	assert_int_equal(lapic_read(a, 0x20), 0x07000000);
}

/* Any bytes at all: nothing is out of range, and what is pending is found. */
static void hostile_bytes(void **state)
{
	static u32 regs[256], back[256];

	for (int n = 0; n < 2000; n++) {
		for (int i = 0; i < 256; i++)
			regs[i] = n ? shim_random() << 16 ^ shim_random() : ~0u;
		assert_int_equal(lapic_base_set(a, n % 2 ? 0xfee00c00 : 0xfee00800, true), 0);
		assert_int_equal(lapic_restore(a, regs), 0);
		lapic_save(a, back);
		assert_memory_equal(&back[0x200 / 4], &(u32[]){ regs[0x200 / 4] }, 4);
		assert_int_equal(back[0x30 / 4], 0x01050014);
		assert_int_equal(back[1], 0);
		assert_int_equal(lapic_restore(a, back), 0);
		while (a->isr_top >= 0)
			lapic_eoi(a);
		lapic_tpr_set(a, 0);
		for (int v; (v = lapic_pending(a)) >= 0; lapic_eoi(a))
			lapic_ack(a, v);
		irq_time(1000000);
	}
}

static void memory(void **state)
{
	struct lapic none = { 0 };

	lapic_destroy(&none);
	shim_fail_at = shim_allocs + 1;
	assert_null(irq_cpu_add(5));
	lapic_destroy(&irq_world.cpu[irq_world.n].a);
	shim_fail_at = 0;
	/* made, and never published */
	assert_int_equal(lapic_create(&none, &irq_world.vm, 9), 0);
	assert_int_equal(lapic_base_set(&none, 0xfee00000, false), 0);
	lapic_destroy(&none);
	assert_null(none.regs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ids_by_mode), TEST(transitions), TEST(disabled),
		TEST(disabled_too_late), TEST(software_disabled), TEST(saved_id),
		TEST(hostile_bytes), TEST(memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
