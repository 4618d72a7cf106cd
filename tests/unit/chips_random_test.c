// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random programs on IOAPIC, PICs and PIT, wired as in a PC, compared with the models after
 * each operation.  In the environment SEED=n and OPS=n; a failure says which operation.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <signal.h>
#include <cmocka.h>

#include <linux/kernel.h>
#include <linux/string.h>

#include "tests/unit/chips_pair.h"

static unsigned long seed = 1;
static long total_ops = 1000000, op_nr;

static unsigned int rnd(unsigned int n)
{
	return shim_random() % n;
}

static u32 rnd32(void)
{
	return shim_random() << 16 ^ shim_random();
}

/* Few vectors, so that they meet. */
static u8 vector(void)
{
	return rnd(8) ? 0x30 + rnd(4) : rnd(256);
}

static void op_pic_command(void)
{
	static const u16 ports[] = { 0x20, 0xa0 };
	u16 port = ports[rnd(2)];

	switch (rnd(12)) {
	case 0:		/* ICWs */
		pair_out(port, 0x10 | rnd(16));
		pair_out(port + 1, rnd(256));
		pair_out(port + 1, rnd(256));
		pair_out(port + 1, rnd(32));
		break;
	case 1:
		pair_out(port, 0x10 | rnd(16));
		break;
	case 2:
		pair_out(port, 8 | rnd(128));
		break;
	case 3:
		pair_out(port, rnd(256) & ~0x18);
		break;
	case 4:
		pair_out(port, 0x60 | rnd(8));
		break;
	case 5:
		pair_out(port, 0x0c);
		pair_in(port + rnd(2));
		break;
	default:
		pair_out(port, 0x20);
	}
}

static void op_pic_data(void)
{
	static const u16 ports[] = { 0x21, 0xa1, 0x4d0, 0x4d1 };

	pair_out(ports[rnd(16) ? rnd(2) : rnd(4)], rnd(2) ? rnd(256) & rnd(256) : 0);
}

static void op_pic_read(void)
{
	static const u16 ports[] = { 0x20, 0xa0, 0x21, 0xa1, 0x4d0, 0x4d1 };

	pair_in(ports[rnd(6)]);
}

static void op_inta(void)
{
	if (pic_is_high(chips.vm.pic) || !rnd(8))
		pair_ack();
}

static void op_line(void)
{
	pair_line(rnd(8) ? rnd(26) : rnd(4100),
		  rnd(3) ? IRQ_SOURCE_USER : IRQ_SOURCE_RESAMPLE, rnd(2));
}

static void op_ioapic_entry(void)
{
	unsigned int pin = rnd(3) ? rnd(4) : rnd(24);
	u32 low = vector() | rnd(2) << 15;

	if (!rnd(4))
		low |= rnd(8) << 8;
	if (!rnd(4))
		low |= 0x10000;
	if (!rnd(4))
		low ^= rnd32();
	pair_ioapic_write(0, 0x10 + 2 * pin + !rnd(4));
	pair_ioapic_write(0x10, rnd(4) ? low : rnd32());
}

static void op_ioapic_other(void)
{
	static const u32 offsets[] = { 0, 0x10, 0x10, 0x10, 0x20, 0x40 };

	if (rnd(2))
		pair_ioapic_write(0, rnd(4) ? rnd(0x42) : rnd32());
	if (rnd(4))
		pair_ioapic_read(offsets[rnd(6)]);
	else if (!rnd(4))
		pair_ioapic_write(offsets[rnd(6)], rnd32());
}

static void op_eoi(void)
{
	pair_eoi(vector());
}

/* A count that is over soon, mostly. */
static u8 count_byte(void)
{
	return rnd(4) ? rnd(6) : rnd(256);
}

static void op_pit_program(void)
{
	unsigned int i = rnd(2) ? 0 : rnd(3);
	u8 word = i << 6 | (1 + rnd(3)) << 4 | rnd(16);

	pair_out(0x43, word);
	if (rnd(8))
		pair_out(0x40 + i, count_byte());
	if (rnd(8))
		pair_out(0x40 + i, rnd(4) ? rnd(2) : rnd(256));
}

static void op_pit_other(void)
{
	switch (rnd(6)) {
	case 0:
		pair_out(0x40 + rnd(3), count_byte());
		break;
	case 1:
		pair_out(0x43, 0xc0 | rnd(64));
		break;
	case 2:
		pair_out(0x43, rnd(3) << 6 | rnd(16));
		break;
	case 3:
		pair_out(0x61, rnd(256));
		break;
	default:
		pair_out(0x43, rnd(256));
	}
}

static void op_pit_read(void)
{
	static const u16 ports[] = { 0x40, 0x41, 0x42, 0x42, 0x61, 0x43 };

	pair_in(ports[rnd(6)]);
}

static void op_time(void)
{
	unsigned int kind = rnd(100);
	u64 ticks = rnd(4);

	if (kind >= 60)
		ticks = rnd(300);
	if (kind >= 90)
		ticks = rnd(4000);
	if (kind == 99 && !rnd(8))
		ticks = rnd(200000);
	pair_time(ticks * 838 + rnd(900), !rnd(8));
}

static void op_msi(void)
{
	struct irq_msi msi = {
		.address = 0xfee00000 ^ (rnd32() & 0xfffff),
		.data = vector() | rnd(256) << 8,
	};

	if (!rnd(4))
		msi.address |= (u64)rnd32() << 40;
	if (!rnd(8))
		msi.address ^= (u64)rnd32() << rnd(33);
	pair_msi(&msi);
}

/* A state with a few bytes changed, or all of them. */
static void spoil(void *state, size_t size)
{
	u8 *byte = state;
	unsigned int n = rnd(3) ? rnd(4) : 1000;

	while (n--)
		byte[rnd(size)] = rnd(2) ? rnd(256) : rnd(8);
}

static void op_restore(void)
{
	void (*change)(void *, size_t) = rnd(2) ? spoil : NULL;

	switch (rnd(4)) {
	case 0:
		pair_ioapic_restore(change);
		break;
	case 1:
		pair_pic_restore(rnd(2), change);
		break;
	case 2:
		pair_pit_restore(change);
		break;
	default:	/* all of them */
		pair_ioapic_restore(NULL);
		pair_pic_restore(0, NULL);
		pair_pic_restore(1, NULL);
		pair_pit_restore(NULL);
	}
}

static void route_random(struct irq_route *r)
{
	r->gsi = rnd(8) ? rnd(26) : rnd(4100);
	r->kind = rnd(40) ? rnd(3) : rnd(256);
	r->pin = rnd(40) ? rnd(16) : rnd(30);
	r->msi.address = 0xfee00000 | rnd(256) << 12;
	if (!rnd(20))
		r->msi.address |= (u64)rnd32() << 32;
	r->msi.data = vector();
}

static void op_routes(void)
{
	struct irq_route route[PAIR_ROUTES];
	unsigned int n = 0, wild = rnd(4) ? 0 : 1 + rnd(6);

	memset(route, 0, sizeof(route));
	for (unsigned int pin = 0; pin < 24 && rnd(60); pin++) {
		/* the timer is on another pin of the IOAPIC, in a PC */
		route[n++] = (struct irq_route){ .kind = IRQ_ROUTE_IOAPIC,
			.gsi = pin == 2 ? 0 : pin ? pin : 2, .pin = pin };
		if (pin < 16)
			route[n++] = (struct irq_route){ .kind = IRQ_ROUTE_PIC,
				.gsi = pin, .pin = pin };
	}
	while (wild--)
		route_random(&route[n++]);
	shim_fail_at = rnd(8) ? 0 : shim_allocs + 1;
	pair_routes(route, n);
	shim_fail_at = 0;
}

static void op_settings(void)
{
	switch (rnd(6)) {
	case 0:
		pair_reinject(rnd(4));
		break;
	case 1:
		pair_tell(rnd(24), rnd(2));
		break;
	case 2:
		pair_resample(rnd32());
		break;
	case 3:
		chips.vm.ids_32bit = rnd(2);
		break;
	case 4:
		pair_early();
		break;
	default:
		if (!rnd(8))
			pair_reset();
	}
}

/* A level that nobody lowers. */
static void op_storm(void)
{
	unsigned int pin = rnd(24);
	u8 at = vector();

	if (rnd(400))
		return;
	chips.result = 1;
	pair_ioapic_write(0, 0x10 + 2 * pin);
	pair_ioapic_write(0x10, at | 0x8000);
	for (int i = 0; i < 10010; i++)
		pair_eoi(at);
}

static void op_delayed(void)
{
	if (chips.delay)
		pair_delayed();
}

static const struct {
	void (*fn)(void);
	int odds;	/* of 1000 */
} ops[] = {
	{ op_pic_command, 120 },
	{ op_pic_data, 50 },
	{ op_pic_read, 40 },
	{ op_inta, 120 },
	{ op_line, 150 },
	{ op_ioapic_entry, 80 },
	{ op_ioapic_other, 40 },
	{ op_eoi, 100 },
	{ op_pit_program, 25 },
	{ op_pit_other, 20 },
	{ op_pit_read, 50 },
	{ op_time, 120 },
	{ op_msi, 20 },
	{ op_restore, 10 },
	{ op_routes, 4 },
	{ op_settings, 20 },
	{ op_storm, 11 },
	{ op_delayed, 20 },
};

static void one_op(void)
{
	int odds = rnd(1000);
	size_t i = 0;

	chips.result = (int)rnd(8) - 1;
	if (chips.result > 2)
		chips.result = 1;
	while (odds >= ops[i].odds)
		odds -= ops[i++].odds;
	ops[i].fn();
	pair_check();
}

static void where(void)
{
	if (op_nr < total_ops)
		fprintf(stderr, "SEED=%lu OPS=%ld: operation %ld\n", seed, total_ops, op_nr);
}

static void at_abort(int sig)
{
	where();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void test_random(void **state)
{
	int odds = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		odds += ops[i].odds;
	assert_int_equal(odds, 1000);
	shim_self.rng = seed * 1000003 + 1;
	pair_start();
	for (op_nr = 0; op_nr < total_ops; op_nr++)
		one_op();
	pair_stop();
	printf("%ld operations: %ld messages, %ld acks, %ld changes of INTR, %ld ticks\n",
	       total_ops, pair_messages, pair_acks, pair_outputs, pair_ticks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	if (getenv("SEED"))
		seed = strtoul(getenv("SEED"), NULL, 0);
	if (getenv("OPS"))
		total_ops = strtol(getenv("OPS"), NULL, 0);
	signal(SIGABRT, at_abort);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
