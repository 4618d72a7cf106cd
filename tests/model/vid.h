/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A processor with APIC-register virtualization and virtual-interrupt delivery, on its
 * virtual-APIC page (SDM vol. 3, 30.1 and 30.2), step by step.
 */
#ifndef MODEL_VID_H
#define MODEL_VID_H

#include <stdbool.h>
#include <stdint.h>

struct model_vid {
	uint32_t *page;
	int rvi, svi;
	unsigned long long eoi_exit[4];
};

/* VM entry with a guest interrupt status. */
void vid_enter(struct model_vid *p, uint16_t status);

/* The vector of the interrupt that it delivers now, or -1. */
int vid_deliver(struct model_vid *p);

/* EOI; *vector: what was ended.  Return: it exits. */
bool vid_eoi(struct model_vid *p, int *vector);

void vid_self_ipi(struct model_vid *p, int vector);
void vid_tpr(struct model_vid *p, uint32_t tpr);

#endif
