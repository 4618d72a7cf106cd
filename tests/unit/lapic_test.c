// SPDX-License-Identifier: GPL-2.0-only
/* Registers, priorities, EOI, sending: values from SDM vol. 3, ch. 11. */
#include "tests/unit/lapic_case.h"

static u64 msr(u32 nr)
{
	u64 value = 0x5555;

	assert_int_equal(lapic_msr_read(a, nr, &value), 0);
	return value;
}

static void reset_values(void **state)
{
	static const struct { u16 reg; u32 value; } want[] = {
		{ 0x020, 0x01000000 }, { 0x030, 0x01050014 }, { 0x080, 0 }, { 0x0a0, 0 },
		{ 0x0d0, 0 }, { 0x0e0, 0xffffffff }, { 0x0f0, 0xff }, { 0x280, 0 },
		{ 0x300, 0 }, { 0x310, 0 }, { 0x320, 0x10000 }, { 0x330, 0x10000 },
		{ 0x340, 0x10000 }, { 0x350, 0x10000 }, { 0x360, 0x10000 },
		{ 0x370, 0x10000 }, { 0x380, 0 }, { 0x390, 0 }, { 0x3e0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		assert_int_equal(lapic_read(b, want[i].reg), want[i].value);
	for (u32 reg = 0x100; reg < 0x280; reg += 0x10)
		assert_int_equal(lapic_read(b, reg), 0);
	assert_int_equal(b->base, 0xfee00800);
	assert_int_equal(a->base, 0xfee00900);
	assert_int_equal(a->base & ~0xfffull, 0xfee00000);
}

/* api.rst 7.31: only where it is asked for, and only the bootstrap processor. */
static void lint0_after_reset(void **state)
{
	a->lint0_reenabled = b->lint0_reenabled = true;
	lapic_reset(a, false);
	lapic_reset(b, false);
	assert_int_equal(lapic_read(a, 0x350), 0x700);
	assert_int_equal(lapic_read(b, 0x350), 0x10000);
	assert_true(lapic_takes_extint(a));
	assert_false(lapic_takes_extint(b));
	lapic_write(a, 0x350, 0x700);
	assert_false(lapic_takes_extint(a));	/* masked by software disable */
	assert_int_equal(lapic_base_set(b, 0xfee00000, false), 0);
	assert_true(lapic_takes_extint(b));
}

/* What an xAPIC keeps of all ones. */
static void xapic_bits(void **state)
{
	static const struct { u16 reg; u32 value; } want[] = {
		{ 0x020, 0xff000000 }, { 0x080, 0xff }, { 0x0d0, 0xff000000 },
		{ 0x0e0, 0xffffffff }, { 0x0f0, 0x13ff }, { 0x310, 0xff000000 },
		{ 0x320, 0x700ff }, { 0x330, 0x107ff }, { 0x340, 0x107ff },
		{ 0x350, 0x1a7ff }, { 0x360, 0x1a7ff }, { 0x370, 0x100ff },
		{ 0x3e0, 0xb },
	};

	on(a);
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		lapic_write(a, want[i].reg, ~0u);
		assert_int_equal(lapic_read(a, want[i].reg), want[i].value);
	}
	lapic_write(a, 0x0e0, 0);
	assert_int_equal(lapic_read(a, 0x0e0), 0x0fffffff);
	/* all but the delivery status, as KVM's selftest xapic_state_test has it */
	lapic_write(a, 0x300, 0xfff7f8ff);
	assert_int_equal(lapic_read(a, 0x300), 0xfff7e8ff);
	assert_int_equal(lapic_read(a, 0x0b0), 0);
	lapic_write(a, 0x0a0, 0xff);
	assert_int_equal(lapic_read(a, 0x0a0), 0xff);	/* TPR's */
	lapic_write(a, 0x200, 0xff);
	assert_int_equal(lapic_read(a, 0x200), 0);
}

static void features_decide(void **state)
{
	const struct lapic_features none = { .maxphyaddr = 36 };

	on(a);
	lapic_features_set(a, &none);
	assert_int_equal(lapic_read(a, 0x030), 0x00050014);
	lapic_write(a, 0x0f0, ~0u);
	assert_int_equal(lapic_read(a, 0x0f0), 0x3ff);
	lapic_write(a, 0x320, ~0u);
	assert_int_equal(lapic_read(a, 0x320), 0x300ff);
	assert_int_equal(lapic_base_set(a, 0xfee00c00, true), -EINVAL);
	assert_int_equal(lapic_base_set(a, 0x1fee00800, true), 0);
	assert_int_equal(lapic_base_set(a, 0x10fee00800, true), -EINVAL);
}

/* ESR: table 11-1, figure 11-9. */
static void reserved_registers(void **state)
{
	static const u16 reserved[] = {
		0x000, 0x010, 0x040, 0x070, 0x290, 0x2f0, 0x3a0, 0x3d0, 0x3f0, 0x400,
		0xff0, 0x024, 0x0b4, 0x301,
	};

	on(a);
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
		assert_int_equal(lapic_read(a, reserved[i]), 0);
		lapic_write(a, 0x280, 0);
		assert_int_equal(lapic_read(a, 0x280), 0x80);
		lapic_write(a, 0x280, 0);
		assert_int_equal(lapic_read(a, 0x280), 0);
		lapic_write(a, reserved[i], ~0u);
		lapic_write(a, 0x280, 0);
		assert_int_equal(lapic_read(a, 0x280), 0x80);
	}
	/* there, though they do nothing */
	lapic_write(a, 0x280, 0);
	lapic_read(a, 0x090);
	lapic_read(a, 0x0c0);
	lapic_write(a, 0x280, 0);
	assert_int_equal(lapic_read(a, 0x280), 0);
}

/* One interrupt, until ESR is written. */
static void error_interrupt(void **state)
{
	on(a);
	lapic_write(a, 0x370, 0x33);
	lapic_read(a, 0x010);
	assert_int_equal(lapic_pending(a), 0x33);
	lapic_ack(a, 0x33);
	lapic_eoi(a);
	lapic_read(a, 0x010);
	lapic_write(a, 0x300, 0x0004400f);	/* itself, vector 15 */
	assert_int_equal(lapic_pending(a), -1);
	lapic_write(a, 0x280, 0);
	assert_int_equal(lapic_read(a, 0x280), 0xe0);
	lapic_write(a, 0x300, 0x0004400f);
	assert_int_equal(lapic_pending(a), 0x33);
	/* illegal itself: an error, and no end of them */
	lapic_ack(a, 0x33);
	lapic_eoi(a);
	lapic_write(a, 0x370, 0x0f);
	lapic_write(a, 0x280, 0);
	lapic_read(a, 0x010);
	lapic_write(a, 0x280, 0);
	assert_int_equal(lapic_read(a, 0x280), 0xc0);
	assert_int_equal(lapic_pending(a), -1);
}

static void x2apic_access(void **state)
{
	u64 value;

	assert_int_equal(lapic_msr_read(a, 0x802, &value), -EINVAL);
	assert_int_equal(lapic_msr_write(a, 0x808, 0), -EINVAL);
	to_x2apic(a);
	/* absent, write only */
	static const u16 no_read[] = {
		0x800, 0x809, 0x80b, 0x80c, 0x80e, 0x82f, 0x831, 0x83f, 0x840, 0x8ff,
	};
	static const u16 no_write[] = {
		0x802, 0x803, 0x80a, 0x80d, 0x80e, 0x810, 0x818, 0x820, 0x831, 0x839,
		0x840, 0x8ff,
	};
	for (size_t i = 0; i < ARRAY_SIZE(no_read); i++)
		assert_int_equal(lapic_msr_read(a, no_read[i], &value), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(no_write); i++)
		assert_int_equal(lapic_msr_write(a, no_write[i], 0), -EINVAL);
	assert_int_equal(atomic_read(&a->errors), 0);
}

static void x2apic_reserved_bits(void **state)
{
	static const struct { u16 msr; u64 allowed; } want[] = {
		{ 0x808, 0xff }, { 0x80b, 0 }, { 0x80f, 0x13ff }, { 0x828, 0 },
		{ 0x830, 0xffffffff000cdfff }, { 0x832, 0x710ff }, { 0x833, 0x117ff },
		{ 0x834, 0x117ff }, { 0x835, 0x1f7ff }, { 0x836, 0x1f7ff },
		{ 0x837, 0x110ff }, { 0x838, 0xffffffff }, { 0x83e, 0xb },
		{ 0x83f, 0xff },
	};

	to_x2apic(a);
	assert_int_equal(lapic_msr_write(a, 0x80f, 0x1ff), 0);
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		for (int bit = 0; bit < 64; bit++)
			assert_int_equal(lapic_msr_write(a, want[i].msr, 1ull << bit),
					 want[i].allowed >> bit & 1 ? 0 : -EINVAL);
	assert_int_equal(lapic_msr_write(a, 0x80f, 0x1ff), 0);
	assert_int_equal(lapic_msr_write(a, 0x835, 0x1f7ff), 0);
	assert_int_equal(msr(0x835), 0x1a7ff);
	assert_int_equal(lapic_msr_write(a, 0x830, 0x12345678000c1733), 0);
	assert_int_equal(msr(0x830), 0x12345678000c0733);
}

static void priorities(void **state)
{
	on(a);
	assert_int_equal(lapic_pending(a), -1);
	assert_int_equal(send(a, 0x21), 1);
	lapic_ack(a, 0x21);
	lapic_eoi(a);
	assert_int_equal(atomic_read(&a->irr_words), 0);	/* no word to look at */
	assert_int_equal(send(a, 0x41), 1);
	assert_int_equal(cpu->notified, 2);
	assert_int_equal(send(a, 0x41), IRQ_COALESCED);
	assert_int_equal(send(a, 0x73), 1);
	assert_int_equal(send(a, 0x75), 1);
	assert_int_equal(cpu->notified, 4);
	assert_int_equal(lapic_pending(a), 0x75);
	lapic_tpr_set(a, 0x7f);
	assert_int_equal(lapic_pending(a), -1);
	assert_int_equal(lapic_tpr_threshold(a), 7);
	lapic_tpr_set(a, 0x6f);
	assert_int_equal(lapic_pending(a), 0x75);
	assert_int_equal(lapic_tpr_threshold(a), 0);
	assert_int_equal(lapic_read(a, 0x0a0), 0x6f);
	lapic_ack(a, 0x75);
	assert_int_equal(lapic_read(a, 0x0a0), 0x70);
	assert_int_equal(lapic_pending(a), -1);
	/* it is ISR that holds 0x73 back */
	lapic_tpr_set(a, 0x7f);
	assert_int_equal(lapic_tpr_threshold(a), 0);
	lapic_tpr_set(a, 0x71);
	assert_int_equal(lapic_read(a, 0x0a0), 0x71);
	send(a, 0x80);
	assert_int_equal(lapic_pending(a), 0x80);
	lapic_ack(a, 0x80);
	lapic_eoi(a);
	assert_int_equal(lapic_read(a, 0x140), 0);
	assert_int_equal(lapic_read(a, 0x130), 0x00200000);
	lapic_tpr_set(a, 0);
	lapic_eoi(a);
	assert_int_equal(lapic_pending(a), 0x73);
	assert_int_equal(lapic_read(a, 0x220), 0x2);
	assert_int_equal(lapic_read(a, 0x230), 0x00080000);
	lapic_eoi(a);
	assert_int_equal(lapic_tpr(a), 0);
}

/* Who is told of an EOI. */
static void eoi_told(void **state)
{
	struct irq_msg level = { .vector = 0x40, .level = true };
	struct irq_msg told = { .vector = 0x50, .tell_eoi = true };

	on(a);
	lapic_accept(a, &level);
	lapic_ack(a, 0x40);
	assert_int_equal(lapic_read(a, 0x1a0), 1);
	lapic_eoi(a);
	assert_int_equal(cpu->eois[0x40], 1);
	send(a, 0x40);			/* by an edge: TMR is clear again */
	lapic_ack(a, 0x40);
	assert_int_equal(lapic_read(a, 0x1a0), 0);
	lapic_eoi(a);
	assert_int_equal(cpu->eois[0x40], 1);
	lapic_accept(a, &told);
	lapic_ack(a, 0x50);
	lapic_eoi(a);
	assert_int_equal(cpu->eois[0x50], 1);
	/* suppressed: the guest tells the IOAPIC itself */
	lapic_write(a, 0x0f0, 0x11ff);
	lapic_accept(a, &level);
	lapic_ack(a, 0x40);
	lapic_write(a, 0x0b0, 0);
	assert_int_equal(cpu->eois[0x40], 1);
	lapic_accept(a, &told);
	lapic_ack(a, 0x50);
	lapic_eoi(a);
	assert_int_equal(cpu->eois[0x50], 2);
	send(a, 0x51);
	lapic_reset(a, true);
	assert_int_equal(atomic_read(&a->irr_words), 0);
	on(a);
	send(a, 0x50);
	lapic_ack(a, 0x50);
	lapic_eoi(a);
	assert_int_equal(cpu->eois[0x50], 2);
}

/* INIT and SIPI: what is taken, in which order. */
static void init_and_sipi(void **state)
{
	struct irq_msg init = { .mode = IRQ_INIT }, sipi = { .mode = IRQ_STARTUP };

	init.deassert = true;
	assert_int_equal(lapic_accept(a, &init), IRQ_REFUSED);
	assert_int_equal(lapic_events_take(a, 3), 0);
	init.deassert = false;
	sipi.vector = 0x12;
	assert_int_equal(lapic_accept(a, &sipi), 1);
	assert_int_equal(lapic_accept(a, &init), 1);	/* nobody waited for the SIPI */
	assert_int_equal(atomic_read(&a->events), LAPIC_EVENT_INIT);
	sipi.vector = 0x9a;
	assert_int_equal(lapic_accept(a, &sipi), 1);
	sipi.vector = 0x11;
	assert_int_equal(lapic_accept(a, &sipi), IRQ_COALESCED);
	assert_int_equal(cpu->notified, 3);
	assert_int_equal(lapic_events_take(a, LAPIC_EVENT_INIT), LAPIC_EVENT_INIT);
	lapic_reset(a, true);
	assert_int_equal(lapic_events_take(a, 3), LAPIC_EVENT_SIPI);
	assert_int_equal(a->sipi_vector, 0x9a);
	assert_int_equal(lapic_events_take(a, 3), 0);
}

/* Tables 11-3 and 11-4, and SMIs as NMIs; from a to itself, to b, to both. */
static void icr_combinations(void **state)
{
	struct irq_cpu *other = container_of(b, struct irq_cpu, a);

	for (u32 i = 0; i < 128; i++) {
		u32 mode = i & 7, to = i >> 3 & 3, level = i >> 5 & 1, assert = i >> 6;
		bool self = to == 1 || to == 2, others = to != 1;
		bool sent = mode == 0 || mode == 2 || mode == 4;

		if (mode == 1 || mode == 5 || mode == 6)
			sent = !self;
		if (mode == 5 && level && !assert)
			sent = false;
		lapic_reset(a, false);
		lapic_reset(b, false);
		on(a);
		on(b);
		cpu->nmis = cpu->smis = other->nmis = other->smis = 0;
		lapic_write(a, 0x310, 0x01000000);
		lapic_write(a, 0x300, 0x33 | mode << 8 | to << 18 | level << 15 | assert << 14);
		assert_int_equal((lapic_pending(a) == 0x33) + cpu->nmis + cpu->smis +
				 !!lapic_events_take(a, 3), sent && self);
		assert_int_equal((lapic_pending(b) == 0x33) + other->nmis + other->smis +
				 !!lapic_events_take(b, 3), sent && others);
		assert_int_equal(lapic_read(b, 0x190), 0);	/* never by level */
	}
}

static void illegal_vectors(void **state)
{
	on(a);
	on(b);
	lapic_write(a, 0x310, 0x01000000);
	lapic_write(a, 0x300, 0x410f);
	lapic_write(a, 0x280, 0);
	lapic_write(b, 0x280, 0);
	assert_int_equal(lapic_read(a, 0x280), 0x20);
	assert_int_equal(lapic_read(b, 0x280), 0x40);
	assert_int_equal(lapic_pending(b), -1);
	lapic_write(a, 0x300, 0x4410);		/* an NMI has no vector */
	lapic_write(a, 0x300, 0x4400);
	lapic_write(a, 0x280, 0);
	assert_int_equal(lapic_read(a, 0x280), 0);
	to_x2apic(a);
	assert_int_equal(lapic_msr_write(a, 0x83f, 0x0f), 0);
	assert_int_equal(lapic_msr_write(a, 0x828, 0), 0);
	assert_int_equal(msr(0x828), 0x60);
	assert_int_equal(lapic_msr_write(a, 0x83f, 0x10), 0);
	assert_int_equal(msr(0x820), 0x10000);
}

static void lint0(void **state)
{
	static const u32 nothing[] = { 0x140, 0x340, 0x640, 0x740, 0x10040 };

	assert_int_equal(lapic_lint0(a), IRQ_REFUSED);
	on(a);
	lapic_write(a, 0x350, 0x8040);
	assert_int_equal(lapic_lint0(a), 1);
	assert_int_equal(lapic_lint0(a), IRQ_COALESCED);
	assert_int_equal(lapic_read(a, 0x1a0), 1);
	lapic_write(a, 0x350, 0x41);
	assert_int_equal(lapic_lint0(a), 1);
	assert_int_equal(lapic_read(a, 0x220), 3);
	assert_int_equal(lapic_read(a, 0x1a0), 1);
	lapic_write(a, 0x350, 0x8400);
	assert_int_equal(lapic_lint0(a), 1);
	assert_int_equal(cpu->nmis, 1);
	lapic_write(a, 0x350, 0x200);
	assert_int_equal(lapic_lint0(a), 1);
	assert_int_equal(cpu->smis, 1);
	lapic_write(a, 0x350, 0x500);
	assert_int_equal(lapic_lint0(a), 1);
	assert_int_equal(lapic_events_take(a, 3), LAPIC_EVENT_INIT);
	for (size_t i = 0; i < ARRAY_SIZE(nothing); i++) {
		lapic_write(a, 0x350, nothing[i]);
		assert_int_equal(lapic_lint0(a), IRQ_REFUSED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reset_values), TEST(lint0_after_reset), TEST(xapic_bits),
		TEST(features_decide), TEST(reserved_registers),
		TEST(error_interrupt), TEST(x2apic_access),
		TEST(x2apic_reserved_bits), TEST(priorities),
		TEST(eoi_told), TEST(init_and_sipi), TEST(icr_combinations),
		TEST(illegal_vectors), TEST(lint0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
