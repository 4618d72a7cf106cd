// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "tests/model/ioapic.h"

/* How many EOIs of an asserted level make a storm (irq/ioapic.h). */
#define STORM	10000

enum { FIXED, LOWEST, SMI, RESERVED_3, NMI, INIT, RESERVED_6, EXTINT };

static bool takes_level(const struct model_pin *p)
{
	return p->level && (p->mode == FIXED || p->mode == LOWEST);
}

static int send(struct model_ioapic *m, struct model_pin *p)
{
	struct irq_msg msg;
	int taken;

	if (p->mode == RESERVED_3 || p->mode == RESERVED_6)
		return -1;
	memset(&msg, 0, sizeof(msg));
	msg.vector = p->vector;
	msg.mode = p->mode;
	msg.dest = p->dest;
	msg.logical = p->logical;
	msg.level = takes_level(p);
	msg.tell_eoi = p->told && !msg.level;
	taken = m->ops->send(&msg);
	/* Remote IRR: a LAPIC has accepted the level. */
	if (taken >= 0 && takes_level(p))
		p->remote_irr = true;
	return taken;
}

static int offer_level(struct model_ioapic *m, struct model_pin *p)
{
	if (!p->high || p->masked)
		return -1;
	if (p->remote_irr || p->waits)
		return 0;
	return send(m, p);
}

int model_ioapic_line(struct model_ioapic *m, unsigned int pin, unsigned int source,
		      bool on)
{
	struct model_pin *p = &m->pin[pin];
	bool edge = !p->high, any = false;
	int r;

	if (source == IRQ_SOURCE_PIT || source == IRQ_SOURCE_RESAMPLE)
		p->told = true;
	p->by[source] = on;
	for (int i = 0; i < IRQ_SOURCES; i++)
		any |= p->by[i];
	p->high = any;
	if (!any) {
		p->eois = 0;
		p->waits = false;
		return 1;
	}
	if (takes_level(p))
		r = offer_level(m, p);
	else if (p->masked)
		r = -1;
	else if (edge)
		r = send(m, p);
	else
		r = 0;
	return on ? r : 1;
}

static void set_low(struct model_ioapic *m, struct model_pin *p, u32 value)
{
	p->vector = value % 256;
	p->mode = value / 256 % 8;
	p->logical = value >> 11 & 1;
	p->active_low = value >> 13 & 1;
	p->level = value >> 15 & 1;
	p->masked = value >> 16 & 1;
}

static void settled(struct model_ioapic *m, struct model_pin *p)
{
	if (takes_level(p)) {
		offer_level(m, p);
	} else {
		p->remote_irr = false;
		p->waits = false;
	}
}

u64 model_ioapic_entry(const struct model_ioapic *m, unsigned int pin)
{
	const struct model_pin *p = &m->pin[pin];

	return p->vector + p->mode * 256ull + p->logical * 2048ull +
	       p->active_low * 8192ull + p->remote_irr * 16384ull +
	       p->level * 32768ull + p->masked * 65536ull +
	       ((u64)p->dest << 56);
}

u32 model_ioapic_read(struct model_ioapic *m, u32 offset)
{
	unsigned int pin = m->select / 2 - 8;
	u64 entry;

	if (offset == 0)
		return m->select;
	if (offset != 0x10)
		return 0;
	if (m->select == 0 || m->select == 2)
		return m->id << 24;
	if (m->select == 1)
		return 0x00170011;
	if (m->select < 16 || pin >= 24)
		return 0;
	entry = model_ioapic_entry(m, pin) + m->pin[pin].waits * 4096ull;
	return m->select % 2 ? entry / 0x100000000ull : entry % 0x100000000ull;
}

void model_ioapic_write(struct model_ioapic *m, u32 offset, u32 value)
{
	unsigned int pin = m->select / 2 - 8;
	struct model_pin *p = &m->pin[pin];

	if (offset == 0)
		m->select = value % 256;
	if (offset != 0x10)
		return;
	if (m->select == 0)
		m->id = value >> 24 & 15;
	if (m->select < 16 || pin >= 24)
		return;
	if (m->select % 2)
		p->dest = value >> 24;
	else
		set_low(m, p, value);
	settled(m, p);
}

static void again(struct model_ioapic *m, struct model_pin *p)
{
	if (!p->high || p->masked || !takes_level(p))
		return;
	if (p->eois == STORM && !p->remote_irr) {
		p->waits = true;
		m->ops->delay();
		return;
	}
	if (p->eois < STORM)
		p->eois++;
	offer_level(m, p);
}

void model_ioapic_eoi(struct model_ioapic *m, unsigned int vector)
{
	bool told[24], ended[24];

	for (int i = 0; i < 24; i++) {
		struct model_pin *p = &m->pin[i];
		bool mine = p->vector == vector &&
			    (p->mode == FIXED || p->mode == LOWEST);

		ended[i] = mine && p->level && p->remote_irr;
		told[i] = ended[i] || (mine && !p->level && p->told);
		if (ended[i])
			p->remote_irr = false;
	}
	for (int i = 0; i < 24; i++)
		if (told[i])
			m->ops->acked(i);
	for (int i = 0; i < 24; i++)
		if (ended[i])
			again(m, &m->pin[i]);
}

void model_ioapic_time(struct model_ioapic *m)
{
	for (int i = 0; i < 24; i++) {
		struct model_pin *p = &m->pin[i];

		if (!p->waits)
			continue;
		p->waits = false;
		offer_level(m, p);
	}
}

void model_ioapic_reset(struct model_ioapic *m)
{
	m->select = 0;
	m->id = 0;
	for (int i = 0; i < 24; i++) {
		struct model_pin old = m->pin[i], *p = &m->pin[i];

		memset(p, 0, sizeof(*p));
		memcpy(p->by, old.by, sizeof(p->by));
		p->high = old.high;
		p->told = old.told;
		p->masked = true;
	}
}

void model_ioapic_init(struct model_ioapic *m, const struct model_ioapic_ops *ops)
{
	memset(m, 0, sizeof(*m));
	m->ops = ops;
	model_ioapic_reset(m);
}

bool model_ioapic_saves_pin(const struct model_ioapic *m, unsigned int pin)
{
	return m->pin[pin].high && takes_level(&m->pin[pin]);
}

void model_ioapic_restore_pin(struct model_ioapic *m, unsigned int pin, u64 entry,
			      bool asserted)
{
	struct model_pin *p = &m->pin[pin];

	p->eois = 0;
	p->waits = false;
	p->remote_irr = entry >> 14 & 1;
	p->dest = entry >> 56;
	set_low(m, p, entry);
	p->high = asserted;
	for (int i = 0; i < IRQ_SOURCES; i++)
		p->high |= p->by[i];
	settled(m, p);
	if (!takes_level(p) && asserted && !p->masked)
		send(m, p);
}
