/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The controllers and their models side by side, wired in the same way: each call goes to
 * both, and what they answer, tell and keep must be the same.
 */
#ifndef UNIT_CHIPS_PAIR_H
#define UNIT_CHIPS_PAIR_H

#include "tests/model/ioapic.h"
#include "tests/model/pic.h"
#include "tests/model/pit.h"
#include "tests/unit/chips_world.h"

#define PAIR_ROUTES	64

/* The models, and what their wires know. */
extern struct pair_model {
	struct model_ioapic ioapic;
	struct model_pic pic;
	struct model_pit pit;
	struct chips_log log;
	struct irq_route route[PAIR_ROUTES];
	unsigned int routes;
	bool reinject;
	unsigned int pending;	/* ticks of the PIT */
	u32 resample;		/* GSIs */
} model;

/* What both told must be the same; it is forgotten then. */
void pair_compare_logs(void);

#define same(a, b) do {							\
	unsigned long long a_ = (a), b_ = (b);				\
	if (a_ != b_)							\
		shim_die("%s is %#llx, the model's %s is %#llx", #a, a_, #b, b_); \
} while (0)

void pair_start(void);
void pair_stop(void);

/* Everything that is kept. */
void pair_check(void);

u32 pair_in(u16 port);
void pair_out(u16 port, u8 value);
void pair_ack(void);
int pair_line(u32 gsi, enum irq_source source, bool level);
void pair_msi(const struct irq_msi *msi);
u32 pair_ioapic_read(u32 offset);
void pair_ioapic_write(u32 offset, u32 value);
void pair_eoi(u8 vector);
void pair_delayed(void);
void pair_tell(unsigned int pin, bool on);
void pair_reset(void);
void pair_reinject(bool on);
void pair_time(u64 ns, bool late);
void pair_early(void);

/* GSIs whose RESAMPLE line falls when their interrupt was ended, below 32. */
void pair_resample(u32 gsis);

/* Save, and restore what was saved, or what came of it. */
void pair_ioapic_restore(void (*spoil)(void *state, size_t size));
void pair_pic_restore(unsigned int chip, void (*spoil)(void *state, size_t size));
void pair_pit_restore(void (*spoil)(void *state, size_t size));

/* Replace the routes; nothing changes when that fails. */
void pair_routes(const struct irq_route *route, unsigned int n);

extern long pair_messages, pair_acks, pair_outputs, pair_ticks;

#endif
