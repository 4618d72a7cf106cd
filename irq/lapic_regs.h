/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers of a local APIC and their bits (SDM vol. 3, table 11-1 and figures of
 * ch. 11).  Offset in the page: 16 times the x2APIC MSR's number less 0x800.
 */
#ifndef LAMINA_IRQ_LAPIC_REGS_H
#define LAMINA_IRQ_LAPIC_REGS_H

#include <linux/bits.h>

#define APIC_REG_ID		0x020
#define APIC_REG_VERSION	0x030
#define APIC_REG_TPR		0x080
#define APIC_REG_APR		0x090
#define APIC_REG_PPR		0x0a0
#define APIC_REG_EOI		0x0b0
#define APIC_REG_RRD		0x0c0
#define APIC_REG_LDR		0x0d0
#define APIC_REG_DFR		0x0e0
#define APIC_REG_SVR		0x0f0
#define APIC_REG_ISR		0x100
#define APIC_REG_TMR		0x180
#define APIC_REG_IRR		0x200
#define APIC_REG_ESR		0x280
#define APIC_REG_ICR		0x300
#define APIC_REG_ICR2		0x310
#define APIC_REG_LVT_TIMER	0x320
#define APIC_REG_LVT_THERMAL	0x330
#define APIC_REG_LVT_PERF	0x340
#define APIC_REG_LVT_LINT0	0x350
#define APIC_REG_LVT_LINT1	0x360
#define APIC_REG_LVT_ERROR	0x370
#define APIC_REG_TIMER_INIT	0x380
#define APIC_REG_TIMER_NOW	0x390
#define APIC_REG_TIMER_DIV	0x3e0
#define APIC_REG_SELF_IPI	0x3f0
#define APIC_REGS_SIZE		0x400	/* what is saved */

/* IA32_APIC_BASE (SDM vol. 3, 11.4.4 and 11.12.1). */
#define APIC_BASE_BSP		BIT_ULL(8)
#define APIC_BASE_X2APIC	BIT_ULL(10)
#define APIC_BASE_ENABLE	BIT_ULL(11)
#define APIC_BASE_MODE		(APIC_BASE_ENABLE | APIC_BASE_X2APIC)
#define APIC_BASE_RESERVED	0x2ffull	/* and those from MAXPHYADDR on */
#define APIC_BASE_RESET		0xfee00000ull
#define APIC_MSR_FIRST		0x800
#define APIC_MSR_LAST		0x8ff

/* Version: that of a processor's own APIC, six LVT entries (11.4.8). */
#define LAPIC_VERSION		0x00050014u
#define LAPIC_VERSION_EOI	BIT(24)	/* EOI broadcasts can be suppressed */

#define LAPIC_ID_SHIFT		24	/* ID, LDR, ICR2 of an xAPIC */
#define LAPIC_ID_MASK		0xff000000u
#define LAPIC_DFR_FLAT		0xf
#define LAPIC_DFR_CLUSTER	0x0
#define LAPIC_DFR_SHIFT		28
#define LAPIC_DFR_ONES		0x0fffffffu	/* bits that are always set */

#define LAPIC_SVR_ENABLE		BIT(8)
#define LAPIC_SVR_EOI		BIT(12)	/* no EOI broadcast */
#define LAPIC_SVR_RESET		0xffu

#define LAPIC_ESR_SEND_VECTOR	BIT(5)
#define LAPIC_ESR_RECV_VECTOR	BIT(6)
#define LAPIC_ESR_REGISTER	BIT(7)
#define LAPIC_VECTOR_MIN		16	/* those below are illegal (11.5.2) */

#define LAPIC_ICR_LOGICAL	BIT(11)
#define LAPIC_ICR_BUSY		BIT(12)
#define LAPIC_ICR_ASSERT		BIT(14)
#define LAPIC_ICR_LEVEL		BIT(15)
#define LAPIC_ICR_X2APIC		0x000cdfffu	/* others are reserved there */

#define LAPIC_MODE_SHIFT		8	/* delivery mode in LVTs and ICR */
#define LAPIC_MODE_MASK		7

#define LAPIC_LVT_BUSY		BIT(12)
#define LAPIC_LVT_REMOTE_IRR	BIT(14)
#define LAPIC_LVT_LEVEL		BIT(15)
#define LAPIC_LVT_MASKED		BIT(16)
#define LAPIC_LVT_EXTINT		(7u << LAPIC_MODE_SHIFT)

/* LVT_TIMER bits 18:17 (11.5.4). */
#define LAPIC_TIMER_SHIFT	17
#define LAPIC_TIMER_DEADLINE	BIT(18)
enum apic_timer_mode {
	LAPIC_TIMER_ONE_SHOT,
	LAPIC_TIMER_PERIODIC,
	LAPIC_TIMER_TSC,
	LAPIC_TIMER_RESERVED,	/* nothing counts */
};

#endif
