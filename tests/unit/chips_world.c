// SPDX-License-Identifier: GPL-2.0-only
#include <linux/string.h>
#include <linux/lockdep.h>
#include <linux/rcupdate.h>

#include "irq/irq_env.h"
#include "tests/unit/chips_world.h"

#define SECOND	1000000000ull

struct chips_world chips;

void chips_tell(struct chips_log *log, enum chips_told what, u64 arg)
{
	shim_assert(log->n < CHIPS_LOG);
	log->at[log->n].what = what;
	log->at[log->n++].arg = arg;
}

u64 chips_pack(const struct irq_msg *m)
{
	return m->dest | (u64)m->vector << 32 | (u64)m->mode << 40 |
	       (u64)m->shorthand << 44 | (u64)m->logical << 48 |
	       (u64)m->wide << 49 | (u64)m->level << 50 |
	       (u64)m->deassert << 51 | (u64)m->lowest << 52 |
	       (u64)m->tell_eoi << 53;
}

struct irq_msg chips_message(void)
{
	struct irq_msg m = { .mode = 0xff };

	for (unsigned int i = 0; i < chips.log.n; i++) {
		u64 v = chips.log.at[i].arg;

		if (chips.log.at[i].what != CHIPS_MESSAGE)
			continue;
		m = (struct irq_msg) {
			.dest = v, .vector = v >> 32, .mode = v >> 40 & 15,
			.shorthand = v >> 44 & 3, .logical = v >> 48 & 1,
			.wide = v >> 49 & 1, .level = v >> 50 & 1,
			.deassert = v >> 51 & 1, .lowest = v >> 52 & 1,
			.tell_eoi = v >> 53 & 1,
		};
	}
	return m;
}

unsigned int chips_count(enum chips_told what)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < chips.log.n; i++)
		n += chips.log.at[i].what == what;
	return n;
}

void chips_print(const struct chips_log *log)
{
	static const char *const words[] = { "message", "acked", "output", "delay", "sint" };

	for (unsigned int i = 0; i < log->n; i++)
		printf("    %s %#llx\n", words[log->at[i].what], log->at[i].arg);
}

/* ---- What irq/ asks for. */

int irq_deliver(struct irq_vm *vm, struct lapic *src, const struct irq_msg *msg)
{
	shim_assert(vm == &chips.vm && !src);
	chips_tell(&chips.log, CHIPS_MESSAGE, chips_pack(msg));
	return chips.result;
}

u64 irq_env_now(void)
{
	return chips.now;
}

u64 irq_env_min_period(void)
{
	return chips.min_period;
}

int irq_env_sint(struct irq_vm *vm, u32 vcpu, u8 sint)
{
	shim_assert(vm == &chips.vm && sint < IRQ_SINTS);
	chips_tell(&chips.log, CHIPS_SINT, vcpu << 8 | sint);
	return chips.result;
}

void irq_env_acked(struct irq_vm *vm, bool ioapic, unsigned int pin)
{
	shim_assert(vm == &chips.vm && !shim_self.nheld);
	chips_tell(&chips.log, CHIPS_ACKED, pin + (ioapic ? 100 : 0));
	if (chips.acked)
		chips.acked(ioapic, pin);
}

void irq_env_pic_output(struct irq_vm *vm, bool high)
{
	shim_assert(!lockdep_is_held(&vm->pic->lock));
	shim_assert(pic_is_high(vm->pic) == high);
	chips_tell(&chips.log, CHIPS_OUTPUT, high);
}

void irq_env_pit_arm(struct irq_vm *vm, u64 when)
{
	shim_assert(when);
	chips.pit_when = when;
}

void irq_env_pit_cancel(struct irq_vm *vm)
{
	chips.pit_when = 0;
}

void irq_env_ioapic_delay(struct irq_vm *vm)
{
	chips.delay = true;
	chips_tell(&chips.log, CHIPS_DELAY, 0);
}

/* ---- The world. */

void chips_start(void)
{
	memset(&chips, 0, sizeof(chips));
	chips.now = SECOND;
	chips.min_period = 200000;
	chips.result = 1;
	mutex_init(&chips.vm.lock);
	chips.vm.chips = IRQ_CHIPS_FULL;
	chips.vm.pic = pic_create(&chips.vm);
	chips.vm.ioapic = ioapic_create(&chips.vm);
	chips.vm.pit = pit_create(&chips.vm);
	shim_assert(chips.vm.pic && chips.vm.ioapic && chips.vm.pit);
	mutex_lock(&chips.vm.lock);
	shim_assert(!irq_routes_default(&chips.vm));
	mutex_unlock(&chips.vm.lock);
}

void chips_stop(void)
{
	rcu_barrier();
	kvfree(chips.vm.routes);
	kfree(chips.vm.pic);
	kfree(chips.vm.ioapic);
	kfree(chips.vm.pit);
	shim_assert(!shim_live);
}

void chips_time(u64 ns, bool late)
{
	u64 end = chips.now + ns;

	if (late)
		chips.now = end;
	while (chips.pit_when && chips.pit_when <= end) {
		if (!late)
			chips.now = max(chips.now, chips.pit_when);
		/* it expires once */
		chips.pit_when = 0;
		pit_expired(chips.vm.pit);
	}
	chips.now = end;
}

void chips_ticks(u64 n)
{
	u64 tick = (unsigned __int128)chips.now * PIT_HZ / SECOND + n;
	u64 ns = ((unsigned __int128)tick * SECOND + PIT_HZ - 1) / PIT_HZ;

	chips_time(ns - chips.now, false);
}
