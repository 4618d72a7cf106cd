// SPDX-License-Identifier: GPL-2.0-only
/* Sending: ICR and SELF_IPI (SDM vol. 3, 11.6 and 11.12.9).  Own thread. */
#include <linux/bitops.h>

#include "irq/apic_map.h"
#include "irq/irq.h"
#include "irq/irq_env.h"
#include "irq/lapic_priv.h"

/*
 * Is there such an IPI?  (SDM vol. 3, tables 11-3 and 11-4.)  To itself, and to all
 * with itself, only fixed ones and, though the tables do not have it, NMIs and SMIs:
 * processors send them, and guests rely on it.
 */
static bool icr_is_valid(const struct irq_msg *msg)
{
	bool self = msg->shorthand == IRQ_SELF || msg->shorthand == IRQ_ALL;

	switch (msg->mode) {
	case IRQ_FIXED:
	case IRQ_NMI:
	case IRQ_SMI:
		return true;
	case IRQ_LOWEST:
	case IRQ_INIT:
	case IRQ_STARTUP:
		return !self;
	}
	return false;
}

static bool icr_has_bad_vector(const struct irq_msg *msg)
{
	return (msg->mode == IRQ_FIXED || msg->mode == IRQ_LOWEST) &&
	       msg->vector < LAPIC_VECTOR_MIN;
}

static void icr_send(struct lapic *a, const struct irq_msg *msg)
{
	/* It goes out all the same: those who get it have an error, too. */
	if (unlikely(icr_has_bad_vector(msg)))
		lapic_error(a, LAPIC_ESR_SEND_VECTOR);
	if (msg->shorthand == IRQ_SELF)
		lapic_accept(a, msg);
	else
		irq_deliver(a->vm, a, msg);
}

/* All but the destination. */
static struct irq_msg icr_msg(u32 value)
{
	return (struct irq_msg){
		.vector = value,
		.mode = value >> LAPIC_MODE_SHIFT & LAPIC_MODE_MASK,
		.shorthand = value >> 18 & 3,
		.logical = value & LAPIC_ICR_LOGICAL,
		.deassert = (value & (LAPIC_ICR_LEVEL | LAPIC_ICR_ASSERT)) == LAPIC_ICR_LEVEL,
	};
}

void lapic_icr_write(struct lapic *a, u32 value)
{
	u32 high = lapic_reg(a, APIC_REG_ICR2);
	struct irq_msg msg = icr_msg(value);

	msg.wide = lapic_is_x2apic(a);
	msg.dest = msg.wide ? high : high >> LAPIC_ID_SHIFT;

	/* sent at once: never busy; all of them by edge (11.6.1, notes of table 11-3) */
	lapic_reg_set(a, APIC_REG_ICR, value & ~LAPIC_ICR_BUSY);
	if (tracepoint_enabled(kvm_apic_ipi))
		irq_env_trace_ipi(value, msg.dest);
	if (icr_is_valid(&msg))
		icr_send(a, &msg);
}

void lapic_self_ipi(struct lapic *a, u32 vector)
{
	const struct irq_msg msg = { .vector = vector, .shorthand = IRQ_SELF };

	icr_send(a, &msg);
}

int lapic_send_many(struct lapic *a, const unsigned long *ids, u64 first, u32 icr)
{
	const struct irq_msg msg = icr_msg(icr);
	unsigned int bit;
	struct lapic *to;
	int taken = 0;

	if (msg.logical || msg.shorthand || !icr_is_valid(&msg))
		return -EINVAL;
	/* no id has more bits */
	if (first > U32_MAX)
		return 0;
	rcu_read_lock();
	for_each_set_bit(bit, ids, 128) {
		to = first + bit <= U32_MAX ? apic_by_id(a->vm, first + bit) : NULL;
		if (to && lapic_accept(to, &msg) != IRQ_REFUSED)
			taken++;
	}
	rcu_read_unlock();
	return taken;
}
