// SPDX-License-Identifier: GPL-2.0-only
/* The 8254's ports, and the ticks of counter 0. */
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "irq/irq.h"
#include "irq/irq_env.h"
#include "irq/pit_access.h"
#include "irq/pit_counter.h"
#include "irq/route.h"

#define PIT_NS_PER_S	1000000000u
#define PIT_GSI		0

#define PIT_PORT_CONTROL	0x43
#define PIT_PORT_SPEAKER	0x61
#define PIT_SPEAKER_COUNTER	2

/* Control word and read-back command (8254, their formats). */
#define PIT_SELECT_SHIFT	6
#define PIT_SELECT_READ_BACK	3
#define PIT_LATCH_MASK		0x30	/* RW: none */
#define PIT_NO_COUNT		BIT(5)
#define PIT_NO_STATUS		BIT(4)
#define PIT_COUNTER_BIT		1	/* of counter 0 */

/* Port 0x61 (82371AB, NMISC): bits 2 and 3 enable NMIs that this machine lacks. */
#define PIT_SPEAKER_GATE	BIT(0)
#define PIT_SPEAKER_DATA	BIT(1)
#define PIT_SPEAKER_REFRESH	BIT(4)
#define PIT_SPEAKER_OUT		BIT(5)
#define PIT_REFRESH_TICKS	18	/* 15 us */

static u64 pit_now(void)
{
	return mul_u64_u32_div(irq_env_now(), PIT_HZ, PIT_NS_PER_S);
}

/* The first nanosecond of a tick, or the one after. */
static u64 pit_tick_time(u64 tick)
{
	return mul_u64_u32_div(tick, PIT_NS_PER_S, PIT_HZ) + 1;
}

/* As many periods as the host allows at once. */
static u64 pit_bounded_period(u32 n)
{
	u64 least = mul_u64_u32_div(irq_env_min_period(), PIT_HZ, PIT_NS_PER_S) + 1;

	return n * DIV_ROUND_UP(least, n);
}

static void pit_arm(struct pit *pit)
{
	if (pit->expiry)
		irq_env_pit_arm(pit->vm, pit_tick_time(pit->expiry));
	else
		irq_env_pit_cancel(pit->vm);
}

/* Counter 0 counts something else from now on. */
static void pit_schedule(struct pit *pit, u64 tick)
{
	struct pit_clock *k = &pit->clock[0];

	pit->expiry = 0;
	pit->period = 0;
	if (!(pit->flags & PIT_STATE_HPET_LEGACY))
		pit->expiry = pit_counter_rise(k, tick);
	if (pit->expiry && pit_counter_is_periodic(&k->c))
		pit->period = pit_bounded_period(pit_counter_period(&k->c));
	pit_arm(pit);
}

void pit_expired(struct pit *pit)
{
	unsigned long flags;
	u64 tick, missed = 0;

	spin_lock_irqsave(&pit->lock, flags);
	tick = pit_now();
	if (!pit->expiry)
		goto unlock;
	/* the counter was written while this was on its way */
	if (tick < pit->expiry) {
		pit_arm(pit);
		goto unlock;
	}
	if (pit->period) {
		missed = (tick - pit->expiry) / pit->period;
		pit->expiry += (missed + 1) * pit->period;
		pit_arm(pit);
	} else {
		pit->expiry = 0;
	}
	if (irq_pulse(pit->vm, PIT_GSI, IRQ_SOURCE_PIT) == IRQ_COALESCED)
		missed++;
	if (pit->reinject)
		pit->pending = min_t(u64, pit->pending + missed, PIT_PENDING_MAX);
unlock:
	spin_unlock_irqrestore(&pit->lock, flags);
}

void pit_acked(struct pit *pit)
{
	unsigned long flags;

	spin_lock_irqsave(&pit->lock, flags);
	if (pit->pending && irq_pulse(pit->vm, PIT_GSI, IRQ_SOURCE_PIT) != IRQ_COALESCED)
		pit->pending--;
	spin_unlock_irqrestore(&pit->lock, flags);
}

void pit_reinject_set(struct pit *pit, bool on)
{
	unsigned long flags;

	spin_lock_irqsave(&pit->lock, flags);
	pit->reinject = on;
	if (!on)
		pit->pending = 0;
	spin_unlock_irqrestore(&pit->lock, flags);
}

/* ---- Ports; @lock held. */

static void pit_read_back(struct pit *pit, u8 command, u64 tick)
{
	unsigned int i;

	for (i = 0; i < PIT_COUNTERS; i++) {
		if (!(command & BIT(i + PIT_COUNTER_BIT)))
			continue;
		if (!(command & PIT_NO_COUNT))
			pit_access_latch(&pit->clock[i], tick);
		if (!(command & PIT_NO_STATUS))
			pit_access_status(&pit->clock[i], tick);
	}
}

static void pit_control(struct pit *pit, u8 word, u64 tick)
{
	unsigned int select = word >> PIT_SELECT_SHIFT;

	if (select == PIT_SELECT_READ_BACK) {
		pit_read_back(pit, word, tick);
		return;
	}
	if (!(word & PIT_LATCH_MASK)) {
		pit_access_latch(&pit->clock[select], tick);
		return;
	}
	pit_access_control(&pit->clock[select], word, tick);
	if (select)
		return;
	pit->pending = 0;
	pit_schedule(pit, tick);
}

static u8 pit_speaker_read(struct pit *pit, u64 tick)
{
	struct pit_clock *k = &pit->clock[PIT_SPEAKER_COUNTER];
	u8 value = 0;

	if (k->c.gate)
		value |= PIT_SPEAKER_GATE;
	if (pit->flags & PIT_STATE_SPEAKER)
		value |= PIT_SPEAKER_DATA;
	if (tick / PIT_REFRESH_TICKS & 1)
		value |= PIT_SPEAKER_REFRESH;
	if (pit_counter_out(k, tick))
		value |= PIT_SPEAKER_OUT;
	return value;
}

static void pit_speaker_write(struct pit *pit, u8 value, u64 tick)
{
	pit->flags &= ~PIT_STATE_SPEAKER;
	if (value & PIT_SPEAKER_DATA)
		pit->flags |= PIT_STATE_SPEAKER;
	pit_counter_gate(&pit->clock[PIT_SPEAKER_COUNTER],
			 value & PIT_SPEAKER_GATE, tick);
}

u8 pit_read(struct pit *pit, u16 port)
{
	unsigned long flags;
	u8 value;

	spin_lock_irqsave(&pit->lock, flags);
	if (port == PIT_PORT_SPEAKER)
		value = pit_speaker_read(pit, pit_now());
	else if (port == PIT_PORT_CONTROL)
		value = 0xff;	/* not driven (8254, Read operations) */
	else
		value = pit_access_read(&pit->clock[port & 3], pit_now());
	spin_unlock_irqrestore(&pit->lock, flags);
	return value;
}

void pit_write(struct pit *pit, u16 port, u8 value)
{
	unsigned long flags;
	u64 tick;

	spin_lock_irqsave(&pit->lock, flags);
	tick = pit_now();
	if (port == PIT_PORT_SPEAKER)
		pit_speaker_write(pit, value, tick);
	else if (port == PIT_PORT_CONTROL)
		pit_control(pit, value, tick);
	else
		pit_access_write(&pit->clock[port & 3], value, tick);
	/* counter 0's port */
	if (!(port & 3))
		pit_schedule(pit, tick);
	spin_unlock_irqrestore(&pit->lock, flags);
}

/* ---- Creation, save, restore. */

void pit_restore(struct pit *pit, const struct pit_state *s)
{
	unsigned long flags;
	unsigned int i;
	u64 tick;

	spin_lock_irqsave(&pit->lock, flags);
	tick = pit_now();
	for (i = 0; i < PIT_COUNTERS; i++)
		pit_access_restore(&pit->clock[i], &s->counter[i],
				   i != PIT_SPEAKER_COUNTER || s->counter[i].gate,
				   tick);
	pit->flags = s->flags & (PIT_STATE_HPET_LEGACY | PIT_STATE_SPEAKER);
	pit->pending = 0;
	pit_schedule(pit, tick);
	spin_unlock_irqrestore(&pit->lock, flags);
}

void pit_save(struct pit *pit, struct pit_state *s)
{
	unsigned long flags;
	unsigned int i;

	memset(s, 0, sizeof(*s));
	spin_lock_irqsave(&pit->lock, flags);
	for (i = 0; i < PIT_COUNTERS; i++) {
		s->counter[i] = pit->clock[i].c;
		/* Whoever restores it may know no others: Linux's KVM stops a 6 or 7. */
		s->counter[i].mode = pit_counter_mode(&pit->clock[i].c);
	}
	s->flags = pit->flags;
	spin_unlock_irqrestore(&pit->lock, flags);
}

struct pit *pit_create(struct irq_vm *vm)
{
	static const struct pit_state none;
	struct pit *pit = kzalloc(sizeof(*pit), GFP_KERNEL_ACCOUNT);

	if (!pit)
		return NULL;
	pit->vm = vm;
	spin_lock_init(&pit->lock);
	pit->reinject = true;
	pit_restore(pit, &none);
	return pit;
}
