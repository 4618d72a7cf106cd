// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading and writing registers, in both modes from one table (SDM vol. 3, table 11-1
 * for xAPIC, 11-6 for x2APIC).  Own thread.
 */
#include <linux/kernel.h>

#include "irq/lapic_priv.h"

/* In which mode a register may be read and written. */
#define RX	BIT(0)	/* xAPIC */
#define WX	BIT(1)
#define R2	BIT(2)	/* x2APIC */
#define W2	BIT(3)
#define RW	(RX | WX | R2 | W2)
#define RO	(RX | R2)
#define WO	(WX | W2)

/**
 * struct lapic_reg - a register's rules
 * @access: see above; 0: reserved
 * @keep: bits that a write sets
 * @drop: read-only bits: no #GP in x2APIC mode, unlike those in neither mask
 * @read: NULL: what the page says
 * @write: takes the bits that are kept; NULL: into the page
 * @is_id: whom a message is for depends on it
 */
struct lapic_reg {
	u8 access;
	u32 keep;
	u32 drop;
	u32 (*read)(const struct lapic *a);
	void (*write)(struct lapic *a, u32 value);
	bool is_id;
};

static void dfr_write(struct lapic *a, u32 value)
{
	lapic_reg_set(a, APIC_REG_DFR, value | LAPIC_DFR_ONES);
	lapic_ids_changed(a);
}

static void svr_write(struct lapic *a, u32 value)
{
	lapic_reg_set(a, APIC_REG_SVR, value);
	if (!(value & LAPIC_SVR_ENABLE))
		lapic_lvts_mask(a);
}

/* A write shows the errors since the last one (SDM vol. 3, 11.5.3). */
static void esr_write(struct lapic *a, u32 value)
{
	lapic_reg_set(a, APIC_REG_ESR, atomic_xchg(&a->errors, 0));
}

/* LVT entries are masked while the LAPIC is disabled by software (SDM vol. 3, 11.4.7.2). */
static u32 lvt_value(const struct lapic *a, u32 offset, u32 value)
{
	bool lvt = offset >= APIC_REG_LVT_TIMER && offset <= APIC_REG_LVT_ERROR;

	return lvt && !lapic_is_on(a) ? value | LAPIC_LVT_MASKED : value;
}

#define AT(offset)	[(offset) / 0x10]
#define EIGHT(reg)	[(reg) / 0x10 ... (reg) / 0x10 + 7]
#define LVT_BITS	0x100ffu	/* vector, mask */
#define LVT_MODE	0x700u
#define LINT_BITS	(LVT_BITS | LVT_MODE | 0xa000u)	/* polarity, trigger */
#define LINT_DROP	(LAPIC_LVT_BUSY | LAPIC_LVT_REMOTE_IRR)

static const struct lapic_reg lapic_regs[APIC_REGS_SIZE / 0x10] = {
	AT(APIC_REG_ID) = { RX | WX | R2, LAPIC_ID_MASK, .is_id = true },
	AT(APIC_REG_VERSION) = { RO },
	AT(APIC_REG_TPR) = { RW, 0xff },
	/* APR, RRD: 0, not there since the Pentium 4 (SDM vol. 3, 11.6.2.4) */
	AT(APIC_REG_APR) = { RX },
	AT(APIC_REG_PPR) = { RO, .read = lapic_ppr },
	AT(APIC_REG_EOI) = { WO },	/* lapic_write() and lapic_msr_write() know it */
	AT(APIC_REG_RRD) = { RX },
	AT(APIC_REG_LDR) = { RX | WX | R2, LAPIC_ID_MASK, .is_id = true },
	AT(APIC_REG_DFR) = { RX | WX, ~LAPIC_DFR_ONES, .write = dfr_write },
	/* bit 9, focus checking, is a bit of AMD's (APM vol. 2, 16.4.7) */
	AT(APIC_REG_SVR) = { RW, 0x3ff, .write = svr_write },
	EIGHT(APIC_REG_ISR) = { RO },
	EIGHT(APIC_REG_TMR) = { RO },
	EIGHT(APIC_REG_IRR) = { RO },
	AT(APIC_REG_ESR) = { RW, .write = esr_write },
	AT(APIC_REG_ICR) = { RW, .write = lapic_icr_write },	/* see lapic_reg_keep() */
	AT(APIC_REG_ICR2) = { RX | WX, LAPIC_ID_MASK },
	AT(APIC_REG_LVT_TIMER) = { RW, LVT_BITS | BIT(LAPIC_TIMER_SHIFT), LAPIC_LVT_BUSY,
				   .write = lapic_timer_lvt },
	AT(APIC_REG_LVT_THERMAL) = { RW, LVT_BITS | LVT_MODE, LAPIC_LVT_BUSY },
	AT(APIC_REG_LVT_PERF) = { RW, LVT_BITS | LVT_MODE, LAPIC_LVT_BUSY },
	AT(APIC_REG_LVT_LINT0) = { RW, LINT_BITS, LINT_DROP },
	AT(APIC_REG_LVT_LINT1) = { RW, LINT_BITS, LINT_DROP },
	AT(APIC_REG_LVT_ERROR) = { RW, LVT_BITS, LAPIC_LVT_BUSY },
	AT(APIC_REG_TIMER_INIT) = { RW, ~0u, .write = lapic_timer_start },
	AT(APIC_REG_TIMER_NOW) = { RO, .read = lapic_timer_now },
	AT(APIC_REG_TIMER_DIV) = { RW, 0xb, .write = lapic_timer_divider },
	AT(APIC_REG_SELF_IPI) = { W2, 0xff, .write = lapic_self_ipi },
};

/* Bits that a write sets: @keep, and what depends on mode and CPUID. */
static u32 lapic_reg_keep(const struct lapic *a, u32 offset)
{
	u32 keep = lapic_regs[offset / 0x10].keep;

	if (offset == APIC_REG_SVR && a->features.eoi_suppress)
		keep |= LAPIC_SVR_EOI;
	if (offset == APIC_REG_LVT_TIMER && a->features.tsc_deadline)
		keep |= LAPIC_TIMER_DEADLINE;
	/* All bits of an xAPIC's ICR read back: that is what KVM's own selftest wants. */
	if (offset == APIC_REG_ICR)
		keep = lapic_is_x2apic(a) ? LAPIC_ICR_X2APIC : ~0u;
	return keep;
}

/* ISR, TMR, IRR and PPR: not all of them need be in the page now. */
static bool lapic_reg_is_shared(u32 offset)
{
	return offset == APIC_REG_PPR ||
	       (offset >= APIC_REG_ISR && offset < APIC_REG_ESR);
}

static u32 lapic_reg_get(struct lapic *a, u32 offset)
{
	const struct lapic_reg *r = &lapic_regs[offset / 0x10];

	if (unlikely(a->posts) && lapic_reg_is_shared(offset))
		lapic_irr_collect(a);
	return r->read ? r->read(a) : lapic_reg(a, offset);
}

static void lapic_reg_put(struct lapic *a, u32 offset, u32 value)
{
	const struct lapic_reg *r = &lapic_regs[offset / 0x10];

	value = lvt_value(a, offset, value);
	if (r->write)
		r->write(a, value);
	else
		lapic_reg_set(a, offset, value);
	if (r->is_id)
		lapic_ids_changed(a);
	if (unlikely(a->posts))
		lapic_regs_note(a);
}

/* Is it a register of the page? */
static bool lapic_offset_exists(u32 offset)
{
	return offset < APIC_REGS_SIZE && !(offset % 0x10) &&
	       lapic_regs[offset / 0x10].access & (RX | WX);
}

u32 lapic_read(struct lapic *a, u32 offset)
{
	if (unlikely(!lapic_offset_exists(offset))) {
		lapic_error(a, LAPIC_ESR_REGISTER);
		return 0;
	}
	if (unlikely(!(lapic_regs[offset / 0x10].access & RX)))
		return 0;
	return lapic_reg_get(a, offset);
}

void lapic_write(struct lapic *a, u32 offset, u32 value)
{
	/* the most frequent write by far */
	if (likely(offset == APIC_REG_EOI)) {
		lapic_eoi(a);
		return;
	}
	if (unlikely(!lapic_offset_exists(offset))) {
		lapic_error(a, LAPIC_ESR_REGISTER);
		return;
	}
	if (lapic_regs[offset / 0x10].access & WX)
		lapic_reg_put(a, offset, value & lapic_reg_keep(a, offset));
}

/* The offset of an x2APIC register that may be accessed so; -1: #GP. */
static int lapic_msr_offset(const struct lapic *a, u32 msr, u8 access)
{
	u32 nr = msr - APIC_MSR_FIRST;

	if (unlikely(!lapic_is_x2apic(a) || nr >= ARRAY_SIZE(lapic_regs) ||
		     !(lapic_regs[nr].access & access)))
		return -1;
	return nr * 0x10;
}

int lapic_msr_read(struct lapic *a, u32 msr, u64 *value)
{
	int offset = lapic_msr_offset(a, msr, R2);

	if (unlikely(offset < 0))
		return -EINVAL;
	*value = lapic_reg_get(a, offset);
	if (offset == APIC_REG_ICR)
		*value |= (u64)lapic_reg(a, APIC_REG_ICR2) << 32;
	return 0;
}

int lapic_msr_write(struct lapic *a, u32 msr, u64 value)
{
	int offset = lapic_msr_offset(a, msr, W2);
	u32 keep, high = upper_32_bits(value);

	if (unlikely(offset < 0))
		return -EINVAL;
	/* the most frequent write by far */
	if (likely(offset == APIC_REG_EOI && !value)) {
		lapic_eoi(a);
		return 0;
	}
	keep = lapic_reg_keep(a, offset);
	if (lower_32_bits(value) & ~(keep | lapic_regs[offset / 0x10].drop))
		return -EINVAL;
	if (offset == APIC_REG_ICR)
		lapic_reg_set(a, APIC_REG_ICR2, high);
	else if (high)
		return -EINVAL;
	lapic_reg_put(a, offset, value & keep);
	return 0;
}

u32 lapic_reg_sane(const struct lapic *a, u32 offset, u32 value)
{
	const struct lapic_reg *r = &lapic_regs[offset / 0x10];

	value = lvt_value(a, offset, value & lapic_reg_keep(a, offset));
	return r->access & (WX | W2) ? value : 0;
}
