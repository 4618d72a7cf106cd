/* SPDX-License-Identifier: GPL-2.0-only */
/* What others do to a LAPIC, for lapic_steps_test.c, which counts in @sent. */
#ifndef UNIT_LAPIC_STEPS_OTHERS_H
#define UNIT_LAPIC_STEPS_OTHERS_H

static void send_msg(const struct irq_msg *msg)
{
	if (irq_deliver(&irq_world.vm, NULL, msg) == 1 && msg->mode == IRQ_FIXED) {
		sent[msg->vector]++;
		sent_by_level[msg->vector] = msg->level;
	}
}

static void send(u8 vector, bool level)
{
	send_msg(&(struct irq_msg){ .vector = vector, .level = level });
}

static void send_one(void)
{
	send(0x40, false);
}

static void send_same_word(void)
{
	send(0x41, false);
}

static void send_level(void)
{
	send(0x61, true);
}

static void send_three(void)
{
	send(0x40, false);
	send(0x41, false);
	send(0x9f, false);
}

static void send_told(void)
{
	send_msg(&(struct irq_msg){ .vector = 0x62, .tell_eoi = true });
	sent_by_level[0x62] = true;
}

static void send_broadcast(void)
{
	/* the other one refuses: disabled by software */
	send_msg(&(struct irq_msg){ .vector = 0x70, .dest = 0xff });
}

static void send_lowest(void)
{
	send_msg(&(struct irq_msg){ .vector = 0x71, .dest = 0xff, .lowest = true });
}

static void send_init_sipi(void)
{
	send_msg(&(struct irq_msg){ .mode = IRQ_INIT });
	send_msg(&(struct irq_msg){ .mode = IRQ_STARTUP, .vector = 0x12 });
}

static void send_illegal(void)
{
	send(3, false);
}

/* The other LAPIC's id changes. */
static void other_id(void)
{
	lapic_write(&irq_world.cpu[1].a, APIC_REG_ID, 0x05000000);
}

static const struct op others[] = {
	{ "one", send_one, 0 }, { "same word", send_same_word, 0 },
	{ "level", send_level, 0 }, { "three", send_three, 0 },
	{ "told", send_told, 0 }, { "broadcast", send_broadcast, 0 },
	{ "lowest", send_lowest, 0 }, { "INIT and SIPI", send_init_sipi, 0 },
	{ "illegal", send_illegal, 0 }, { "id of another", other_id, LOCKS },
};

#endif
