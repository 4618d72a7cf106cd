// SPDX-License-Identifier: GPL-2.0-only
/* The timer (SDM vol. 3, 11.5.4); a cycle of the bus lasts @bus_ns. */
#include "tests/model/apic.h"

enum { ONE_SHOT, PERIODIC, TSC };

static int mode(const struct model_apic *a)
{
	return (a->lvt[MODEL_TIMER] & 0x60000) >> 17;
}

static bool counts(const struct model_apic *a)
{
	return mode(a) == ONE_SHOT || mode(a) == PERIODIC;
}

/* Figure 11-10. */
static uint64_t cycles(const struct model_apic *a)
{
	switch (a->div) {
	case 0x0: return 2;
	case 0x1: return 4;
	case 0x2: return 8;
	case 0x3: return 16;
	case 0x8: return 32;
	case 0x9: return 64;
	case 0xa: return 128;
	}
	return 1;
}

static uint64_t tick(const struct model_vm *vm, const struct model_apic *a)
{
	return cycles(a) * vm->bus_ns;
}

static uint64_t end(const struct model_count *c)
{
	return c->since + c->count * c->tick;
}

/* A guest's shortest periods: those that cannot interrupt are gone through at once. */
static void skip(struct model_count *c, uint64_t until)
{
	uint64_t period = c->count * c->tick;

	if (end(c) < until)
		c->since += (until - end(c)) / period * period;
}

static void count_ends(struct model_vm *vm, struct model_apic *a)
{
	struct model_count *c = &a->count;

	if (end(c) >= c->quiet) {
		model_lvt_fire(a, MODEL_TIMER);
		c->quiet = end(c) + vm->min_period;
	}
	c->since = end(c);
	c->count = a->init;
	c->tick = tick(vm, a);
	c->runs = mode(a) == PERIODIC;
}

static uint64_t tsc_now(const struct model_vm *vm, const struct model_apic *a)
{
	return vm->now * a->ghz + a->tsc_offset;
}

static void deadline_check(struct model_vm *vm, struct model_apic *a)
{
	if (!a->deadline || tsc_now(vm, a) < a->deadline)
		return;
	a->deadline = 0;
	model_lvt_fire(a, MODEL_TIMER);
}

void model_time(struct model_vm *vm, uint64_t now)
{
	vm->now = now;
	for (int i = 0; i < vm->n; i++) {
		struct model_apic *a = &vm->apic[i];
		struct model_count *c = &a->count;

		while (c->runs && end(c) <= now) {
			count_ends(vm, a);
			if (c->runs)
				skip(c, c->quiet < now ? c->quiet : now);
		}
		deadline_check(vm, a);
	}
}

uint32_t model_count_now(const struct model_vm *vm, const struct model_apic *a)
{
	const struct model_count *c = &a->count;

	if (!counts(a) || !c->runs)
		return 0;
	return c->count - (vm->now - c->since) / c->tick;
}

void model_count_start(struct model_vm *vm, struct model_apic *a, uint64_t count)
{
	a->count = (struct model_count){
		.runs = count != 0, .since = vm->now, .count = count,
		.tick = tick(vm, a),
	};
}

void model_deadline(struct model_vm *vm, struct model_apic *a, uint64_t tsc)
{
	if (mode(a) != TSC)
		return;
	a->deadline = tsc;
	deadline_check(vm, a);
}

void model_tsc_jump(struct model_vm *vm, struct model_apic *a, uint64_t offset)
{
	a->tsc_offset = offset;
	deadline_check(vm, a);
}

static void lvt_write(struct model_apic *a, uint32_t value)
{
	bool counted = counts(a);
	int old = mode(a);

	a->lvt[MODEL_TIMER] = value;
	if (old == mode(a))
		return;
	a->count.quiet = 0;
	if (counted && counts(a))
		return;
	a->count.runs = false;
	a->deadline = 0;
}

void model_timer_write(struct model_vm *vm, struct model_apic *a, uint32_t reg,
		       uint32_t value)
{
	uint32_t left;

	switch (reg) {
	case 0x320:
		lvt_write(a, value);
		break;
	case 0x380:
		if (!counts(a))
			break;
		a->init = value;
		model_count_start(vm, a, value);
		break;
	case 0x3e0:
		left = model_count_now(vm, a);
		a->div = value & 0xb;
		if (left)
			model_count_start(vm, a, left);
		break;
	}
}
