// SPDX-License-Identifier: GPL-2.0-only
/* What userspace keeps of a LAPIC (api.rst 4.57, 4.58).  Own thread. */
#include <linux/kernel.h>
#include <linux/string.h>

#include "irq/irq.h"
#include "irq/lapic_priv.h"

#define ESR_BITS	(LAPIC_ESR_SEND_VECTOR | LAPIC_ESR_RECV_VECTOR | LAPIC_ESR_REGISTER)

void lapic_save(struct lapic *a, void *regs)
{
	const u32 *from = a->regs;
	u32 *to = regs;

	if (unlikely(a->posts))
		lapic_irr_collect(a);
	for (u32 i = 0; i < APIC_REGS_SIZE / 4; i += 4)
		to[i] = READ_ONCE(from[i]);
	/* A processor has left there what it wrote. */
	to[APIC_REG_SELF_IPI / 4] = 0;
	to[APIC_REG_PPR / 4] = lapic_ppr(a);
	to[APIC_REG_TIMER_NOW / 4] = lapic_timer_now(a);
	if (lapic_is_x2apic(a) && !READ_ONCE(a->vm->ids_32bit))
		to[APIC_REG_ID / 4] <<= LAPIC_ID_SHIFT;
}

static void lapic_ids_restore(struct lapic *a, const u32 *from)
{
	lapic_reg_set(a, APIC_REG_DFR, from[APIC_REG_DFR / 4] | LAPIC_DFR_ONES);
	if (lapic_is_x2apic(a)) {
		lapic_set_ids(a);
		return;
	}
	lapic_reg_set(a, APIC_REG_ID, from[APIC_REG_ID / 4] & LAPIC_ID_MASK);
	lapic_reg_set(a, APIC_REG_LDR, from[APIC_REG_LDR / 4] & LAPIC_ID_MASK);
}

/*
 * After reset the PICs reach the bootstrap processor through a LAPIC that no software has
 * enabled yet (KVM_X86_QUIRK_LINT0_REENABLED); so they do when that state is restored.
 */
static void lapic_lint0_restore(struct lapic *a, u32 lvt)
{
	if ((lvt & (LAPIC_LVT_MASKED | LAPIC_LVT_EXTINT)) == LAPIC_LVT_EXTINT)
		lapic_reg_set(a, APIC_REG_LVT_LINT0,
			      lapic_reg(a, APIC_REG_LVT_LINT0) & ~LAPIC_LVT_MASKED);
}

static void lapic_regs_restore(struct lapic *a, const u32 *from)
{
	static const u16 plain[] = {
		/* SVR comes first: LVTs are masked where it says so */
		APIC_REG_SVR, APIC_REG_TPR, APIC_REG_LVT_TIMER, APIC_REG_LVT_THERMAL,
		APIC_REG_LVT_PERF, APIC_REG_LVT_LINT0, APIC_REG_LVT_LINT1,
		APIC_REG_LVT_ERROR, APIC_REG_TIMER_INIT, APIC_REG_TIMER_DIV,
	};
	u32 high = from[APIC_REG_ICR2 / 4];

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		lapic_reg_set(a, plain[i],
			      lapic_reg_sane(a, plain[i], from[plain[i] / 4]));
	lapic_lint0_restore(a, from[APIC_REG_LVT_LINT0 / 4]);
	lapic_reg_set(a, APIC_REG_ICR, lapic_reg_sane(a, APIC_REG_ICR,
			from[APIC_REG_ICR / 4]) & ~LAPIC_ICR_BUSY);
	lapic_reg_set(a, APIC_REG_ICR2, lapic_is_x2apic(a) ? high : high & LAPIC_ID_MASK);
	lapic_reg_set(a, APIC_REG_ESR, from[APIC_REG_ESR / 4] & ESR_BITS);
	atomic_set(&a->errors, 0);
}

int lapic_restore(struct lapic *a, const void *regs)
{
	u64 deadline = lapic_deadline(a);
	const u32 *from = regs;

	if (lapic_is_x2apic(a) && READ_ONCE(a->vm->ids_32bit) &&
	    from[APIC_REG_ID / 4] != a->id)
		return -EINVAL;
	lapic_timer_stop(a);
	lapic_ids_restore(a, from);
	lapic_regs_restore(a, from);
	/* Vectors below 16 too: no LAPIC has them, and none is harmed. */
	lapic_vectors_set(a, from);
	lapic_timer_restore(a, from[APIC_REG_TIMER_NOW / 4]);
	lapic_deadline_set(a, deadline);
	lapic_ids_changed(a);
	return 0;
}
