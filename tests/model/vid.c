// SPDX-License-Identifier: GPL-2.0-only
#include "tests/model/vid.h"

#define TPR	0x080
#define PPR	0x0a0
#define ISR	0x100
#define IRR	0x200

static uint32_t *word(struct model_vid *p, int reg, int vector)
{
	return &p->page[(reg + vector / 32 * 16) / 4];
}

static bool has(struct model_vid *p, int reg, int vector)
{
	return *word(p, reg, vector) >> vector % 32 & 1;
}

/* The highest one, or 0. */
static int top(struct model_vid *p, int reg)
{
	int vector = 255;

	while (vector && !has(p, reg, vector))
		vector--;
	return vector;
}

/* 30.1.3 */
static void ppr(struct model_vid *p)
{
	uint32_t tpr = p->page[TPR / 4] & 0xff;

	if (tpr >> 4 >= (uint32_t)p->svi >> 4)
		p->page[PPR / 4] = tpr;
	else
		p->page[PPR / 4] = p->svi & 0xf0;
}

void vid_enter(struct model_vid *p, uint16_t status)
{
	p->rvi = status & 0xff;
	p->svi = status >> 8;
	ppr(p);
}

/* 30.2.1, 30.2.2 */
int vid_deliver(struct model_vid *p)
{
	int vector = p->rvi;

	if (vector >> 4 <= (int)(p->page[PPR / 4] >> 4))
		return -1;
	*word(p, ISR, vector) |= 1u << vector % 32;
	p->svi = vector;
	p->page[PPR / 4] = vector & 0xf0;
	*word(p, IRR, vector) &= ~(1u << vector % 32);
	p->rvi = top(p, IRR);
	return vector;
}

/* 30.1.4 */
bool vid_eoi(struct model_vid *p, int *vector)
{
	*vector = p->svi;
	*word(p, ISR, p->svi) &= ~(1u << p->svi % 32);
	p->svi = top(p, ISR);
	ppr(p);
	return p->eoi_exit[*vector / 64] >> *vector % 64 & 1;
}

/* 30.1.5 */
void vid_self_ipi(struct model_vid *p, int vector)
{
	*word(p, IRR, vector) |= 1u << vector % 32;
	if (vector > p->rvi)
		p->rvi = vector;
}

/* 30.1.2 */
void vid_tpr(struct model_vid *p, uint32_t tpr)
{
	p->page[TPR / 4] = tpr & 0xff;
	ppr(p);
}
