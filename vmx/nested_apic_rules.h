/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a processor does with a virtual-APIC page's interrupts: the pseudo-code of SDM vol. 3,
 * chapter 30, by its names.  Nothing of the kernel is needed here, so that tests/unit can try
 * it; what exits, and when, is nested_apic.c's.
 */
#ifndef LAMINA_VMX_NESTED_APIC_RULES_H
#define LAMINA_VMX_NESTED_APIC_RULES_H

#include <linux/bitops.h>
#include <linux/types.h>

#define NESTED_APIC_WORDS	8	/* of 32 vectors each */
#define NESTED_APIC_CLASS	0xf0	/* of a vector, or of a priority */

/**
 * struct nested_apic - registers of a virtual-APIC page, and the guest interrupt status
 * @vtpr, @vppr: priorities
 * @visr, @virr: vectors in service, and requested
 * @rvi: requesting virtual interrupt, the highest one that waits
 * @svi: servicing virtual interrupt, the highest one in service
 */
struct nested_apic {
	u32 vtpr;
	u32 vppr;
	u32 visr[NESTED_APIC_WORDS];
	u32 virr[NESTED_APIC_WORDS];
	u8 rvi;
	u8 svi;
};

/** nested_apic_highest - the highest vector of a register, 0 if there is none */
static inline u8 nested_apic_highest(const u32 *words)
{
	int i;

	for (i = NESTED_APIC_WORDS - 1; i >= 0; i--)
		if (words[i])
			return 32 * i + fls(words[i]) - 1;
	return 0;
}

/** nested_apic_set - a vector's bit is one */
static inline void nested_apic_set(u32 *words, u8 vector)
{
	words[vector / 32] |= 1u << vector % 32;
}

/** nested_apic_clear - it is zero */
static inline void nested_apic_clear(u32 *words, u8 vector)
{
	words[vector / 32] &= ~(1u << vector % 32);
}

/** nested_apic_ppr - PPR virtualization: 30.1.3 */
static inline void nested_apic_ppr(struct nested_apic *a)
{
	if ((a->vtpr & NESTED_APIC_CLASS) >= (a->svi & NESTED_APIC_CLASS))
		a->vppr = a->vtpr & 0xff;
	else
		a->vppr = a->svi & NESTED_APIC_CLASS;
}

/** nested_apic_eoi - EOI virtualization without what follows: 30.1.4; the vector that ends */
static inline u8 nested_apic_eoi(struct nested_apic *a)
{
	u8 vector = a->svi;

	nested_apic_clear(a->visr, vector);
	a->svi = nested_apic_highest(a->visr);
	nested_apic_ppr(a);
	return vector;
}

/** nested_apic_request - self-IPI virtualization without the evaluation: 30.1.5 */
static inline void nested_apic_request(struct nested_apic *a, u8 vector)
{
	nested_apic_set(a->virr, vector);
	if (vector > a->rvi)
		a->rvi = vector;
}

/** nested_apic_post - posted-interrupt requests, without the evaluation: 30.6 */
static inline void nested_apic_post(struct nested_apic *a, const u32 *pir)
{
	u8 highest = nested_apic_highest(pir);
	int i;

	for (i = 0; i < NESTED_APIC_WORDS; i++)
		a->virr[i] |= pir[i];
	if (highest > a->rvi)
		a->rvi = highest;
}

/** nested_apic_pending - evaluation of pending virtual interrupts: 30.2.1 */
static inline bool nested_apic_pending(const struct nested_apic *a)
{
	return (a->rvi & NESTED_APIC_CLASS) > (a->vppr & NESTED_APIC_CLASS);
}

/** nested_apic_deliver - virtual-interrupt delivery: 30.2.2; the vector for the IDT */
static inline u8 nested_apic_deliver(struct nested_apic *a)
{
	u8 vector = a->rvi;

	nested_apic_set(a->visr, vector);
	a->svi = vector;
	a->vppr = vector & NESTED_APIC_CLASS;
	nested_apic_clear(a->virr, vector);
	a->rvi = nested_apic_highest(a->virr);
	return vector;
}

#endif
