// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "tests/model/apic.h"

#define BASE_BSP	0x100
#define BASE_X2APIC	0x400
#define BASE_ENABLE	0x800
#define MASKED		0x10000

static bool x2apic(const struct model_apic *a)
{
	return a->base & BASE_X2APIC;
}

/* ---- Reset (11.4.7). */

static void own_ids(struct model_apic *a)
{
	if (x2apic(a)) {
		a->id = a->vcpu_id;
		a->ldr = a->vcpu_id / 16 * 0x10000 + (1 << a->vcpu_id % 16);
	} else {
		a->id = a->vcpu_id % 0x100 * 0x1000000;
		a->ldr = 0;
	}
}

static void reset_registers(struct model_vm *vm, struct model_apic *a)
{
	for (int v = 0; v < 256; v++)
		a->irr[v] = a->isr[v] = a->tmr[v] = a->tell[v] = false;
	for (int i = 0; i < 32; i++)
		a->error[i] = false;
	for (int i = 0; i < MODEL_LVTS; i++)
		a->lvt[i] = MASKED;
	if (a->lint0_extint && a->vcpu_id == vm->bsp_id)
		a->lvt[MODEL_LINT0] = 0x700;
	a->dfr = 0xffffffff;
	a->svr = 0xff;
	a->tpr = a->esr = a->icr = a->icr2 = a->init = a->div = 0;
	a->count.runs = false;
	a->deadline = 0;
}

void model_power_up(struct model_vm *vm, struct model_apic *a)
{
	a->base = 0xfee00000 + BASE_ENABLE;
	if (a->vcpu_id == vm->bsp_id)
		a->base += BASE_BSP;
	own_ids(a);
	reset_registers(vm, a);
}

void model_init(struct model_vm *vm, struct model_apic *a)
{
	if (!x2apic(a))
		a->ldr = 0;
	reset_registers(vm, a);
}

/* ---- IA32_APIC_BASE (figure 11-27). */

enum base_state { DISABLED, XAPIC, X2APIC, INVALID };

static enum base_state base_state(uint64_t base)
{
	if (base & BASE_ENABLE)
		return base & BASE_X2APIC ? X2APIC : XAPIC;
	return base & BASE_X2APIC ? INVALID : DISABLED;
}

bool model_base(struct model_vm *vm, struct model_apic *a, uint64_t value, bool host)
{
	static const bool may[4][4] = {
		[DISABLED] = { [DISABLED] = true, [XAPIC] = true },
		[XAPIC] = { [DISABLED] = true, [XAPIC] = true, [X2APIC] = true },
		[X2APIC] = { [DISABLED] = true, [X2APIC] = true },
	};
	enum base_state from = base_state(a->base), to = base_state(value);

	for (int bit = 0; bit < 64; bit++) {
		bool is_reserved = bit < 8 || bit == 9 || bit >= a->maxphyaddr;

		if (is_reserved && (value & (uint64_t)1 << bit))
			return false;
	}
	if (to == INVALID || (to == X2APIC && !a->has_x2apic))
		return false;
	if (!host && !may[from][to])
		return false;
	a->base = value;
	if (from == to)
		return true;
	own_ids(a);
	if (from == DISABLED || to == DISABLED)
		reset_registers(vm, a);
	if (from == X2APIC && to == XAPIC)
		a->icr2 &= 0xff000000;
	return true;
}

/* ---- Vectors (11.8). */

static int highest(const bool *flags)
{
	for (int v = 255; v >= 0; v--)
		if (flags[v])
			return v;
	return -1;
}

int model_ppr(const struct model_apic *a)
{
	int isr = highest(a->isr);

	if (isr / 16 > (int)a->tpr / 16)
		return isr / 16 * 16;
	return a->tpr;
}

int model_pending(const struct model_apic *a)
{
	int v = highest(a->irr);

	if (v < 0 || !(a->base & BASE_ENABLE) || v / 16 <= model_ppr(a) / 16)
		return -1;
	return v;
}

/* With TPR at 0, would something be taken that is not now? */
int model_threshold(const struct model_apic *a)
{
	struct model_apic without = *a;

	without.tpr = 0;
	if (model_pending(a) >= 0 || model_pending(&without) < 0)
		return 0;
	return highest(a->irr) / 16;
}

void model_ack(struct model_apic *a, int vector)
{
	a->irr[vector] = false;
	a->isr[vector] = true;
}

void model_eoi(struct model_apic *a)
{
	int v = highest(a->isr);
	bool suppressed = a->svr & 0x1000;

	if (v < 0)
		return;
	a->isr[v] = false;
	if ((a->tmr[v] && !suppressed) || a->tell[v])
		a->eois[v]++;
}

/* ---- Registers (table 11-1). */

static uint32_t eight_words(const bool *flags, uint32_t reg)
{
	uint32_t word = 0;

	for (int bit = 0; bit < 32; bit++)
		if (flags[reg / 16 * 32 + bit])
			word += (uint32_t)1 << bit;
	return word;
}

/* Registers that both modes can read. */
static bool read_both(struct model_vm *vm, struct model_apic *a, uint32_t reg,
		      uint32_t *value)
{
	switch (reg) {
	case 0x20: *value = a->id; return true;
	case 0x30: *value = a->has_suppress ? 0x01050014 : 0x00050014; return true;
	case 0x80: *value = a->tpr; return true;
	case 0xa0: *value = model_ppr(a); return true;
	case 0xd0: *value = a->ldr; return true;
	case 0xf0: *value = a->svr; return true;
	case 0x280: *value = a->esr; return true;
	case 0x300: *value = a->icr; return true;
	case 0x380: *value = a->init; return true;
	case 0x390: *value = model_count_now(vm, a); return true;
	case 0x3e0: *value = a->div; return true;
	}
	if (reg % 16)
		return false;
	if (reg >= 0x100 && reg < 0x180)
		*value = eight_words(a->isr, reg - 0x100);
	else if (reg >= 0x180 && reg < 0x200)
		*value = eight_words(a->tmr, reg - 0x180);
	else if (reg >= 0x200 && reg < 0x280)
		*value = eight_words(a->irr, reg - 0x200);
	else if (reg >= 0x320 && reg < 0x380)
		*value = a->lvt[(reg - 0x320) / 16];
	else
		return false;
	return true;
}

uint32_t model_read(struct model_vm *vm, struct model_apic *a, uint32_t reg)
{
	uint32_t value;

	if (read_both(vm, a, reg, &value))
		return value;
	switch (reg) {
	case 0xe0: return a->dfr;
	case 0x310: return a->icr2;
	case 0x90: case 0xb0: case 0xc0: return 0;
	}
	model_error(a, 7);
	return 0;
}

bool model_msr_read(struct model_vm *vm, struct model_apic *a, uint32_t reg,
		    uint64_t *value)
{
	uint32_t low;

	if (base_state(a->base) != X2APIC || !read_both(vm, a, reg, &low))
		return false;
	*value = low;
	if (reg == 0x300)
		*value += (uint64_t)a->icr2 * 0x100000000;
	return true;
}

static void software_disable(struct model_apic *a)
{
	for (int i = 0; i < MODEL_LVTS; i++)
		a->lvt[i] |= MASKED;
}

/* Bits of an LVT entry that software may set (figure 11-8). */
static uint32_t lvt_bits(const struct model_apic *a, int entry)
{
	switch (entry) {
	case MODEL_TIMER: return a->has_deadline ? 0x700ff : 0x300ff;
	case MODEL_LINT0:
	case MODEL_LINT1: return 0x1a7ff;
	case MODEL_ERROR: return 0x100ff;
	}
	return 0x107ff;
}

static void lvt_write(struct model_vm *vm, struct model_apic *a, int entry,
		      uint32_t value)
{
	value &= lvt_bits(a, entry);
	if (!(a->svr & 0x100))
		value |= MASKED;
	if (entry == MODEL_TIMER)
		model_timer_write(vm, a, 0x320, value);
	else
		a->lvt[entry] = value;
}

/* Registers that both modes can write, after their reserved bits were looked at. */
static void write_both(struct model_vm *vm, struct model_apic *a, uint32_t reg,
		       uint32_t value)
{
	switch (reg) {
	case 0x80:
		a->tpr = value & 0xff;
		break;
	case 0xb0:
		model_eoi(a);
		break;
	case 0xf0:
		a->svr = value & (a->has_suppress ? 0x13ff : 0x3ff);
		if (!(a->svr & 0x100))
			software_disable(a);
		break;
	case 0x280:
		a->esr = 0;
		for (int i = 0; i < 32; i++) {
			a->esr += a->error[i] ? 1 << i : 0;
			a->error[i] = false;
		}
		break;
	case 0x300:
		model_icr(vm, a, value);
		break;
	case 0x380: case 0x3e0:
		model_timer_write(vm, a, reg, value);
		break;
	default:
		lvt_write(vm, a, (reg - 0x320) / 16, value);
	}
}

static bool writable_in_both(uint32_t reg)
{
	switch (reg) {
	case 0x80: case 0xb0: case 0xf0: case 0x280: case 0x300: case 0x320:
	case 0x330: case 0x340: case 0x350: case 0x360: case 0x370: case 0x380:
	case 0x3e0:
		return true;
	}
	return false;
}

void model_write(struct model_vm *vm, struct model_apic *a, uint32_t reg,
		 uint32_t value)
{
	uint32_t before;

	if (writable_in_both(reg)) {
		write_both(vm, a, reg, value);
		return;
	}
	switch (reg) {
	case 0x20: a->id = value & 0xff000000; return;
	case 0xd0: a->ldr = value & 0xff000000; return;
	case 0xe0: a->dfr = value | 0x0fffffff; return;
	case 0x310: a->icr2 = value & 0xff000000; return;
	case 0x90: case 0xc0: return;
	}
	/* read-only: nothing happens */
	if (!read_both(vm, a, reg, &before))
		model_error(a, 7);
}

/* Bits that raise #GP where they are set (table 11-6 and the figures). */
static uint64_t msr_reserved(const struct model_apic *a, uint32_t reg)
{
	switch (reg) {
	case 0x80: case 0x3f0: return ~(uint64_t)0xff;
	case 0xb0: case 0x280: return ~(uint64_t)0;
	case 0xf0: return ~(uint64_t)(a->has_suppress ? 0x13ff : 0x3ff);
	case 0x300: return 0xfff32000;
	case 0x320: return ~(uint64_t)(lvt_bits(a, MODEL_TIMER) | 0x1000);
	case 0x330: case 0x340: return ~(uint64_t)0x117ff;
	case 0x350: case 0x360: return ~(uint64_t)0x1f7ff;
	case 0x370: return ~(uint64_t)0x110ff;
	case 0x380: return ~(uint64_t)0xffffffff;
	}
	return ~(uint64_t)0xb;
}

bool model_msr_write(struct model_vm *vm, struct model_apic *a, uint32_t reg,
		     uint64_t value)
{
	if (base_state(a->base) != X2APIC)
		return false;
	if (!writable_in_both(reg) && reg != 0x3f0)
		return false;
	if (value & msr_reserved(a, reg))
		return false;
	if (reg == 0x300)
		a->icr2 = value >> 32;
	if (reg == 0x3f0) {
		struct model_msg self = { .vector = value, .shorthand = 1 };

		if (value < 16)
			model_error(a, 5);
		model_deliver(vm, a, &self);
		return true;
	}
	write_both(vm, a, reg, value);
	return true;
}

/* ---- Saved state. */

void model_save(struct model_vm *vm, struct model_apic *a, uint32_t *regs)
{
	uint32_t value;

	memset(regs, 0, 1024);
	for (uint32_t reg = 0; reg < 0x400; reg += 16)
		if (read_both(vm, a, reg, &value))
			regs[reg / 4] = value;
	regs[0xe0 / 4] = a->dfr;
	regs[0x310 / 4] = a->icr2;
	if (x2apic(a) && !vm->ids_32bit)
		regs[0x20 / 4] = a->vcpu_id << 24;
}

static void flags_restore(bool *flags, const uint32_t *regs)
{
	for (int v = 0; v < 256; v++)
		flags[v] = regs[v / 32 * 4] >> v % 32 & 1;
}

bool model_restore(struct model_vm *vm, struct model_apic *a, const uint32_t *regs)
{
	uint32_t count = regs[0x390 / 4];
	uint32_t mode;

	if (x2apic(a) && vm->ids_32bit && regs[0x20 / 4] != a->vcpu_id)
		return false;
	if (x2apic(a)) {
		own_ids(a);
		a->icr2 = regs[0x310 / 4];
	} else {
		a->id = regs[0x20 / 4] & 0xff000000;
		a->ldr = regs[0xd0 / 4] & 0xff000000;
		a->icr2 = regs[0x310 / 4] & 0xff000000;
	}
	a->icr = regs[0x300 / 4] & (x2apic(a) ? 0x000ccfff : 0xffffefff);
	a->dfr = regs[0xe0 / 4] | 0x0fffffff;
	a->tpr = regs[0x80 / 4] & 0xff;
	a->svr = regs[0xf0 / 4] & (a->has_suppress ? 0x13ff : 0x3ff);
	a->esr = regs[0x280 / 4] & 0xe0;
	for (int i = 0; i < 32; i++)
		a->error[i] = false;
	flags_restore(a->isr, regs + 0x100 / 4);
	flags_restore(a->tmr, regs + 0x180 / 4);
	flags_restore(a->irr, regs + 0x200 / 4);
	for (int i = 0; i < MODEL_LVTS; i++) {
		a->lvt[i] = regs[(0x320 + i * 16) / 4] & lvt_bits(a, i);
		/* but for LINT0 as it is after reset */
		if (!(a->svr & 0x100) &&
		    (i != MODEL_LINT0 || (a->lvt[i] & 0x700) != 0x700))
			a->lvt[i] |= MASKED;
	}
	a->init = regs[0x380 / 4];
	a->div = regs[0x3e0 / 4] & 0xb;
	a->count.runs = false;
	mode = a->lvt[MODEL_TIMER] >> 17 & 3;
	/* a register of its own, which other modes do not have */
	if (mode != 2)
		a->deadline = 0;
	/* unknown: a one-shot may be over, and comes now */
	if (!count)
		count = mode == 1 ? a->init : 1;
	if (mode < 2)
		model_count_start(vm, a, count <= a->init ? count : a->init);
	return true;
}
