// SPDX-License-Identifier: GPL-2.0-only
/* What the controllers and their models keep: compared, saved and restored. */
#include <linux/minmax.h>

#include "tests/unit/chips_pair.h"

static u8 bits(const bool *b)
{
	u8 v = 0;

	for (int i = 0; i < 8; i++)
		v |= b[i] << i;
	return v;
}

static void check_pic(unsigned int i)
{
	const struct model_8259 *c = &model.pic.chip[i];
	struct pic_state s;

	pic_save(chips.vm.pic, i, &s);
	same(s.irr, bits(c->request));
	same(s.imr, bits(c->masked));
	same(s.isr, bits(c->service));
	same(s.last_irr, bits(c->high));
	same(s.elcr, bits(c->level));
	same(s.elcr_mask, i ? 0xde : 0xf8);
	same(s.priority_add, c->order[0]);
	same(s.irq_base, c->base);
	same(s.read_reg_select, c->read_isr);
	same(s.poll, c->poll);
	same(s.special_mask, c->smm);
	same(s.init_state, c->icw ? c->icw - 1 : 0);
	same(s.auto_eoi, c->aeoi);
	same(s.rotate_on_auto_eoi, c->aeoi_rotates);
	same(s.special_fully_nested_mode, c->sfnm);
	same(s.init4, c->ic4);
	same(pic_is_high(chips.vm.pic), model.pic.output);
}

static void check_ioapic(void)
{
	struct ioapic_state s;

	ioapic_save(chips.vm.ioapic, &s);
	same(s.base, 0xfec00000);
	same(s.select, model.ioapic.select);
	same(s.id, model.ioapic.id);
	same(s.pad, 0);
	for (int i = 0; i < 24; i++) {
		same(s.entry[i], model_ioapic_entry(&model.ioapic, i));
		same(s.irr >> i & 1, model_ioapic_saves_pin(&model.ioapic, i));
	}
	same(s.irr >> 24, 0);
}

/* Which bytes are to come, in the saved encoding. */
static u8 byte_state(const struct model_8254 *c, int second)
{
	if (c->rw == 1 || c->rw == 2)
		return c->rw;
	return second ? 4 : 3;
}

static u32 count_of(const struct model_8254 *c)
{
	u32 r = c->count_register;

	if (!c->written)
		return 0;
	if (!c->bcd)
		return r ? r : 65536;
	r = (r >> 12) * 1000 + (r >> 8 & 15) * 100 + (r >> 4 & 15) * 10 + (r & 15);
	return r % 10000 ? r % 10000 : 10000;
}

static void check_counter(const struct pit_counter *s, const struct model_8254 *c)
{
	same(s->count, count_of(c));
	same(s->mode, c->mode);
	same(s->rw_mode, c->rw);
	same(s->bcd, c->bcd);
	same(s->gate, c->gate);
	same(s->read_state, byte_state(c, c->next_read));
	same(s->write_state, byte_state(c, c->next_write));
	same(!!s->count_latched, c->latched > 0);
	same(s->status_latched, c->status_latched);
	if (s->status_latched)
		same(s->status, c->status);
}

static void check_pit(void)
{
	struct pit_state s;

	pit_save(chips.vm.pit, &s);
	same(s.flags, model.pit.hpet + 2 * model.pit.speaker);
	for (int i = 0; i < 3; i++)
		check_counter(&s.counter[i], &model.pit.counter[i]);
	same(chips.vm.pit->pending, model.pending);
}

void pair_check(void)
{
	check_pic(0);
	check_pic(1);
	check_ioapic();
	check_pit();
}

void pair_ioapic_restore(void (*spoil)(void *state, size_t size))
{
	struct ioapic_state s;

	ioapic_save(chips.vm.ioapic, &s);
	if (spoil)
		spoil(&s, sizeof(s));
	ioapic_restore(chips.vm.ioapic, &s);
	model.ioapic.select = s.select % 256;
	model.ioapic.id = s.id % 16;
	for (int i = 0; i < 24; i++)
		model_ioapic_restore_pin(&model.ioapic, i, s.entry[i], s.irr >> i & 1);
	pair_compare_logs();
}

static void spread(bool *b, u8 v)
{
	for (int i = 0; i < 8; i++)
		b[i] = v >> i & 1;
}

void pair_pic_restore(unsigned int chip, void (*spoil)(void *state, size_t size))
{
	struct model_8259 *c = &model.pic.chip[chip];
	struct pic_state s;

	pic_save(chips.vm.pic, chip, &s);
	if (spoil)
		spoil(&s, sizeof(s));
	pic_restore(chips.vm.pic, chip, &s);
	spread(c->request, s.irr);
	spread(c->high, s.last_irr);
	spread(c->masked, s.imr);
	spread(c->service, s.isr);
	spread(c->level, s.elcr & (chip ? 0xde : 0xf8));
	model_pic_first(c, s.priority_add % 8);
	c->base = s.irq_base / 8 * 8;
	c->read_isr = s.read_reg_select;
	c->poll = s.poll;
	c->smm = s.special_mask;
	c->icw = s.init_state > 0 && s.init_state < 4 ? s.init_state + 1 : 0;
	c->aeoi = s.auto_eoi;
	c->aeoi_rotates = s.rotate_on_auto_eoi;
	c->sfnm = s.special_fully_nested_mode;
	c->ic4 = s.init4;
	model_pic_settle(&model.pic);
	pair_compare_logs();
}

static void restore_counter(struct model_8254 *c, const struct pit_counter *s)
{
	u32 most = s->bcd ? 10000 : 65536;

	c->bcd = s->bcd;
	c->mode_bits = s->mode > 7 ? 0 : s->mode;
	c->mode = c->mode_bits >= 6 ? c->mode_bits - 4 : c->mode_bits;
	c->rw = s->rw_mode % 4;
	c->next_read = s->read_state == 4;
	c->next_write = s->write_state == 4;
	if (c->rw == 1 || c->rw == 2)
		c->next_read = c->next_write = 0;
	c->low = s->write_latch;
	c->latched = (s->count_latched % 4 + 1) / 2;
	c->latch_at = s->count_latched % 4 == 2;
	c->latch[0] = s->latched_count % 256;
	c->latch[1] = s->latched_count / 256;
	c->status_latched = s->status_latched;
	c->status = s->status;
	model_pit_restart(c, s->mode > 7 ? 0 : min(s->count, most));
}

void pair_pit_restore(void (*spoil)(void *state, size_t size))
{
	struct pit_state s;

	pit_save(chips.vm.pit, &s);
	if (spoil)
		spoil(&s, sizeof(s));
	pit_restore(chips.vm.pit, &s);
	model.pit.counter[2].gate = s.counter[2].gate;
	for (int i = 0; i < 3; i++)
		restore_counter(&model.pit.counter[i], &s.counter[i]);
	model.pit.hpet = s.flags & 1;
	model.pit.speaker = s.flags & 2;
	model.pit.rises = 0;
	model.pit.quiet = 0;
	model.pending = 0;
	pair_compare_logs();
}
