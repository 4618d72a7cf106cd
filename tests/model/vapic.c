// SPDX-License-Identifier: GPL-2.0-only
#include "tests/model/vapic.h"

static int highest(const bool *set)
{
	int i;

	for (i = 255; i >= 0; i--)
		if (set[i])
			return i;
	return -1;
}

/* 30.1.3 */
static void ppr(struct vapic *a)
{
	int tpr = a->vtpr % 256 / 16, svi = a->svi / 16;

	a->vppr = tpr >= svi ? a->vtpr % 256 : svi * 16u;
}

/* 30.2.1 */
static void evaluate(struct vapic *a)
{
	a->recognized = !a->window_exiting && a->rvi / 16 > a->vppr % 256 / 16;
}

void vapic_vmentry(struct vapic *a)
{
	ppr(a);
	evaluate(a);
}

void vapic_tpr(struct vapic *a, uint8_t value)
{
	a->vtpr = value;
	ppr(a);
	evaluate(a);
}

/* 30.1.4 */
void vapic_eoi(struct vapic *a)
{
	uint8_t vector = a->svi;
	int next;

	a->visr[vector] = false;
	next = highest(a->visr);
	a->svi = next < 0 ? 0 : next;
	ppr(a);
	evaluate(a);
}

/* 30.1.5 */
void vapic_self_ipi(struct vapic *a, uint8_t vector)
{
	a->virr[vector] = true;
	a->rvi = a->rvi > vector ? a->rvi : vector;
	evaluate(a);
}

void vapic_posted(struct vapic *a, const bool *pir)
{
	int i;

	for (i = 0; i < 256; i++) {
		a->virr[i] |= pir[i];
		if (pir[i] && i > a->rvi)
			a->rvi = i;
	}
	evaluate(a);
}

/* 30.2.2 */
uint8_t vapic_deliver(struct vapic *a)
{
	uint8_t vector = a->rvi;
	int next;

	a->visr[vector] = true;
	a->svi = vector;
	a->vppr = vector / 16 * 16;
	a->virr[vector] = false;
	next = highest(a->virr);
	a->rvi = next < 0 ? 0 : next;
	a->recognized = false;
	return vector;
}
