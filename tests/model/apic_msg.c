// SPDX-License-Identifier: GPL-2.0-only
/* Messages: who they are for, what they do there (SDM vol. 3, 11.5.3, 11.6, 11.12). */
#include <stddef.h>

#include "tests/model/apic.h"

enum { FIXED, LOWEST, SMI, REMOTE_READ, NMI, INIT, SIPI, EXTINT };
enum { DEST, SELF, ALL, OTHERS };

static bool enabled(const struct model_apic *a)
{
	return a->base & 0x800;
}

static bool x2apic(const struct model_apic *a)
{
	return a->base & 0x400;
}

static bool on(const struct model_apic *a)
{
	return a->svr & 0x100;
}

void model_error(struct model_apic *a, int bit)
{
	bool first = true;

	for (int i = 0; i < 32; i++)
		if (a->error[i])
			first = false;
	a->error[bit] = true;
	if (first)
		model_lvt_fire(a, MODEL_ERROR);
}

static int accept_vector(struct model_apic *a, const struct model_msg *msg)
{
	bool there;

	if (!on(a))
		return MODEL_REFUSED;
	if (msg->vector < 16) {
		model_error(a, 6);
		return MODEL_REFUSED;
	}
	there = a->irr[msg->vector];
	a->irr[msg->vector] = true;
	a->tmr[msg->vector] = msg->level;
	if (msg->tell)
		a->tell[msg->vector] = true;
	return there ? 0 : 1;
}

int model_accept(struct model_apic *a, const struct model_msg *msg)
{
	if (!enabled(a))
		return MODEL_REFUSED;
	switch (msg->mode) {
	case FIXED:
	case LOWEST:
		return accept_vector(a, msg);
	case SMI:
		a->smis++;
		return 1;
	case NMI:
		a->nmis++;
		return 1;
	case INIT:
		if (msg->deassert)
			return MODEL_REFUSED;
		/* what came before is moot */
		a->init_came = true;
		a->sipi_came = false;
		return 1;
	case SIPI:
		if (a->sipi_came)
			return 0;
		a->sipi_came = true;
		a->sipi_vector = msg->vector;
		return 1;
	}
	return MODEL_REFUSED;
}

int model_lvt_fire(struct model_apic *a, enum model_lvt entry)
{
	uint32_t lvt = a->lvt[entry];
	struct model_msg msg = { .vector = lvt & 0xff, .mode = (lvt & 0x700) >> 8 };

	if (lvt & 0x10000)
		return MODEL_REFUSED;
	if (entry == MODEL_TIMER || entry == MODEL_ERROR)
		msg.mode = FIXED;
	if (msg.mode == FIXED && entry == MODEL_LINT0 && (lvt & 0x8000))
		msg.level = true;
	if (msg.mode == FIXED || msg.mode == SMI || msg.mode == NMI || msg.mode == INIT)
		return model_accept(a, &msg);
	return MODEL_REFUSED;
}

static bool logical_match(const struct model_apic *a, uint32_t dest)
{
	uint32_t ldr = a->ldr >> 24;

	/* the x2APIC's: cluster in the upper half, a bit for each of 16 */
	if (x2apic(a))
		return dest / 0x10000 == a->vcpu_id / 16 &&
		       (dest % 0x10000 & 1 << a->vcpu_id % 16);
	if (dest > 0xff)
		return false;
	if (a->dfr >> 28 == 0xf)
		return (ldr & dest) != 0;
	if (a->dfr >> 28 == 0)
		return ldr / 16 == dest / 16 && (ldr % 16 & dest % 16) != 0;
	return false;
}

static bool matches(const struct model_vm *vm, const struct model_apic *a,
		    const struct model_msg *msg)
{
	if (msg->wide && msg->dest == 0xffffffff)
		return true;
	if (!msg->wide && msg->dest == 0xff && !(x2apic(a) && vm->no_quirk))
		return true;
	if (msg->logical)
		return logical_match(a, msg->dest);
	if (x2apic(a) || a->vcpu_id > 0xff)
		return msg->dest == a->vcpu_id;
	return msg->dest == a->id >> 24;
}

static uint32_t hash(uint32_t id, uint32_t vector)
{
	uint64_t x = ((uint64_t)(id + 1) * 0x9e3779b1 ^
		      (uint64_t)vector * 0x85ebca6b) % 0x100000000;

	x = (x ^ x / 0x8000) * 0xc2b2ae35 % 0x100000000;
	return x ^ x / 0x10000;
}

static bool better(const struct model_vm *vm, const struct model_apic *a,
		   const struct model_apic *b, int vector)
{
	if (vm->by_priority && model_ppr(a) != model_ppr(b))
		return model_ppr(a) < model_ppr(b);
	return hash(a->vcpu_id, vector) > hash(b->vcpu_id, vector);
}

int model_deliver(struct model_vm *vm, struct model_apic *src,
		  const struct model_msg *msg)
{
	bool one = msg->mode == LOWEST || (msg->mode == FIXED && msg->hint);
	struct model_apic *best = NULL;
	int sum = 0, took = 0, r;

	/* to itself there is nothing to choose */
	if (msg->shorthand == SELF)
		return src ? model_accept(src, msg) : MODEL_REFUSED;
	for (int i = 0; i < vm->n; i++) {
		struct model_apic *a = &vm->apic[i];

		if (msg->shorthand == OTHERS && a == src)
			continue;
		if (msg->shorthand == DEST && !matches(vm, a, msg))
			continue;
		if (one) {
			if (enabled(a) && on(a) &&
			    (!best || better(vm, a, best, msg->vector)))
				best = a;
			continue;
		}
		r = model_accept(a, msg);
		if (r == MODEL_REFUSED)
			continue;
		took++;
		sum += r;
	}
	if (best)
		return model_accept(best, msg);
	return took ? sum : MODEL_REFUSED;
}

/* Tables 11-3 and 11-4; an NMI or SMI is sent to itself as well. */
void model_icr(struct model_vm *vm, struct model_apic *a, uint32_t value)
{
	struct model_msg msg = {
		.vector = value & 0xff,
		.mode = value >> 8 & 7,
		.logical = value & 0x800,
		.shorthand = value >> 18 & 3,
		.wide = x2apic(a),
	};
	bool level = value & 0x8000, assert = value & 0x4000;

	a->icr = value & ~0x1000u;
	msg.dest = msg.wide ? a->icr2 : a->icr2 >> 24;
	if (msg.mode == REMOTE_READ || msg.mode == EXTINT)
		return;
	if (msg.shorthand == SELF || msg.shorthand == ALL)
		if (msg.mode != FIXED && msg.mode != NMI && msg.mode != SMI)
			return;
	if (msg.mode == INIT && level && !assert)
		msg.deassert = true;
	if ((msg.mode == FIXED || msg.mode == LOWEST) && msg.vector < 16)
		model_error(a, 5);
	model_deliver(vm, a, &msg);
}
