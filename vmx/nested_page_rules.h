/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which accesses to the APIC-access page are virtualized, and what a write does when it is
 * complete: SDM vol. 3, 30.4.2 and 30.4.3.  Nothing of the kernel is needed here, so that
 * tests/unit can try it.
 */
#ifndef LAMINA_VMX_NESTED_PAGE_RULES_H
#define LAMINA_VMX_NESTED_PAGE_RULES_H

#include <linux/bits.h>
#include <linux/types.h>

/* L1's controls that count. */
#define PAGE_TPR	BIT(0)	/* use TPR shadow */
#define PAGE_REGS	BIT(1)	/* APIC-register virtualization */
#define PAGE_IRQS	BIT(2)	/* virtual-interrupt delivery */

/* Registers, by their offsets in a page: one has 4 bytes of 16. */
#define PAGE_REG_TPR		0x080
#define PAGE_REG_EOI		0x0b0
#define PAGE_REG_ICR		0x300
#define PAGE_REG_ICR_HIGH	0x310

/* A bit for each register, by bits 9:4 of the offset. */
#define PAGE_BIT(offset)	BIT_ULL((offset) >> 4)
#define PAGE_BITS(first, last)	GENMASK_ULL((last) >> 4, (first) >> 4)

/* ID, TPR, EOI, LDR to SVR, ESR, ICR, LVTs, initial count, divide configuration. */
#define PAGE_WRITABLE \
	(PAGE_BIT(0x020) | PAGE_BIT(0x080) | PAGE_BIT(0x0b0) | PAGE_BITS(0x0d0, 0x0f0) | \
	 PAGE_BIT(0x280) | PAGE_BITS(0x300, 0x310) | PAGE_BITS(0x320, 0x380) | \
	 PAGE_BIT(0x3e0))
/* And the version, ISR, TMR, IRR. */
#define PAGE_READABLE	(PAGE_WRITABLE | PAGE_BIT(0x030) | PAGE_BITS(0x100, 0x270))

/** page_is_one - is it an access to a register's 4 bytes, and to nothing behind them? */
static inline bool page_is_one(u32 offset, u32 len)
{
	return len <= 4 && (offset & 15) + len <= 4;
}

/** page_register - is a byte's register one of these? */
static inline bool page_register(u64 registers, u32 offset)
{
	return offset < 0x400 && (registers >> (offset >> 4) & 1);
}

/** page_virtual - is an access virtualized, by what both sections say? */
static inline bool page_virtual(u32 controls, u64 registers, u32 offset, u32 len)
{
	if (!(controls & PAGE_TPR) || !page_is_one(offset, len))
		return false;
	if (controls & PAGE_REGS)
		return page_register(registers, offset);
	return offset == PAGE_REG_TPR;
}

/**
 * nested_page_reads - is a read virtualized?  30.4.2
 * @controls: PAGE_TPR, PAGE_REGS, PAGE_IRQS
 * @offset: in the page
 * @len: bytes
 */
static inline bool nested_page_reads(u32 controls, u32 offset, u32 len)
{
	return page_virtual(controls, PAGE_READABLE, offset, len);
}

/** nested_page_writes - is a write virtualized?  30.4.3.1: two more with virtual interrupts */
static inline bool nested_page_writes(u32 controls, u32 offset, u32 len)
{
	bool few = (controls & PAGE_TPR) && (controls & PAGE_IRQS) && page_is_one(offset, len) &&
		   (offset == PAGE_REG_EOI || offset == PAGE_REG_ICR);

	return few || page_virtual(controls, PAGE_WRITABLE, offset, len);
}

/* APIC-write emulation: 30.4.3.2. */
enum nested_page_act {
	PAGE_ACT_EXIT,		/* APIC-write VM exit */
	PAGE_ACT_TPR,		/* bytes 3:1 are cleared, TPR virtualization */
	PAGE_ACT_EOI,		/* the register is cleared, EOI virtualization */
	PAGE_ACT_IPI,		/* self-IPI virtualization */
	PAGE_ACT_HIGH,		/* bytes 2:0 are cleared */
};

/*
 * Of ICR's low half: reserved bits, delivery status, shorthand, trigger mode, delivery mode:
 * a fixed interrupt to oneself, by its edge.
 */
#define PAGE_ICR_MASK	0xffffb700u
#define PAGE_ICR_SELF	0x00040000u

/** page_is_self_ipi - can that be virtualized? */
static inline bool page_is_self_ipi(u32 icr)
{
	return (icr & PAGE_ICR_MASK) == PAGE_ICR_SELF && (icr & 0xf0);
}

/**
 * nested_page_act - what a write does that was virtualized
 * @controls: see nested_page_reads()
 * @offset: of the write
 * @icr: ICR's low half in the virtual-APIC page by now
 */
static inline enum nested_page_act nested_page_act(u32 controls, u32 offset, u32 icr)
{
	bool irqs = controls & PAGE_IRQS;

	if (offset == PAGE_REG_TPR)
		return PAGE_ACT_TPR;
	if (offset == PAGE_REG_EOI && irqs)
		return PAGE_ACT_EOI;
	if (offset == PAGE_REG_ICR && irqs && page_is_self_ipi(icr))
		return PAGE_ACT_IPI;
	return (offset & ~3u) == PAGE_REG_ICR_HIGH ? PAGE_ACT_HIGH : PAGE_ACT_EXIT;
}

#endif
