// SPDX-License-Identifier: GPL-2.0-only
/* The page between software and a processor: lapic_hw.h.  Own thread. */
#include <linux/kernel.h>

#include "irq/irq_env.h"
#include "irq/lapic_priv.h"

/* Whose old values count when they are written, by place in @kept. */
static const u16 kept_regs[LAPIC_KEPT] = {
	APIC_REG_LVT_TIMER, APIC_REG_TIMER_INIT, APIC_REG_TIMER_DIV,
};

/* Bits 63:32 of ICR as a processor reads it in x2APIC mode (SDM vol. 3, 30.5). */
#define ICR_HIGH	(APIC_REG_ICR + 4)

void lapic_regs_note(struct lapic *a)
{
	for (int i = 0; i < LAPIC_KEPT; i++)
		a->kept[i] = lapic_reg(a, kept_regs[i]);
	lapic_reg_set(a, ICR_HIGH,
		      lapic_is_x2apic(a) ? lapic_reg(a, APIC_REG_ICR2) : 0);
}

void lapic_hw_share(struct lapic *a)
{
	a->posts = true;
}

u16 lapic_hw_give(struct lapic *a)
{
	int requested;

	lapic_irr_collect(a);
	requested = lapic_requested(a);
	lapic_irr_forget(a);
	lapic_regs_note(a);
	/* Whose page it is, then whose EOI is told: irr_set() asks the other way round. */
	smp_store_mb(a->hw, true);
	return max(requested, 0) | max_t(int, a->isr_top, 0) << 8;
}

void lapic_hw_take(struct lapic *a)
{
	WRITE_ONCE(a->hw, false);
	lapic_vectors_look(a);
}

/* A vector that no LAPIC has would be ended by an EOI while none is in service. */
u32 lapic_hw_eoi_vectors(const struct lapic *a, u64 vectors[4])
{
	u32 gen = lapic_hw_eoi_gen(a);

	/* The number, then the bits; senders do it the other way round. */
	smp_rmb();
	for (int i = 0; i < 8; i++) {
		u64 bits = lapic_reg(a, APIC_REG_TMR + i * 0x10);

		bits |= (u32)(READ_ONCE(a->tell_eoi[i * 32 / BITS_PER_LONG]) >>
			      i * 32 % BITS_PER_LONG);
		if (i % 2)
			vectors[i / 2] |= bits << 32;
		else
			vectors[i / 2] = bits;
	}
	vectors[0] &= ~GENMASK_ULL(LAPIC_VECTOR_MIN - 1, 0);
	return gen;
}

void lapic_hw_ended(struct lapic *a, u8 vector)
{
	if (tracepoint_enabled(kvm_eoi))
		irq_env_trace_eoi(a, vector);
	lapic_eoi_tell(a, vector);
}

void lapic_hw_written(struct lapic *a, u32 offset)
{
	u32 value = lapic_reg(a, offset);

	for (int i = 0; i < LAPIC_KEPT; i++)
		if (offset == kept_regs[i])
			lapic_reg_set(a, offset, a->kept[i]);
	/* All others exit before they are written there. */
	if (lapic_is_x2apic(a))
		lapic_msr_write(a, APIC_MSR_FIRST + offset / 0x10, (u8)value);
	else
		lapic_write(a, offset, value);
}
