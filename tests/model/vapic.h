/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model of a virtual-APIC page's interrupts, written from SDM vol. 3, chapter 30 and nothing
 * else: one flag for each vector, and the pseudo-code line by line.
 */
#ifndef TESTS_MODEL_VAPIC_H
#define TESTS_MODEL_VAPIC_H

#include <stdbool.h>
#include <stdint.h>

struct vapic {
	uint32_t vtpr, vppr;
	bool visr[256], virr[256];
	uint8_t rvi, svi;
	bool window_exiting;	/* interrupt-window exiting */
	bool recognized;	/* a pending virtual interrupt */
};

void vapic_vmentry(struct vapic *a);
void vapic_tpr(struct vapic *a, uint8_t value);
/* One without an EOI-induced exit. */
void vapic_eoi(struct vapic *a);
void vapic_self_ipi(struct vapic *a, uint8_t vector);
/* PIR: 30.6, steps 5 to 7. */
void vapic_posted(struct vapic *a, const bool *pir);
/* One that is recognized. */
uint8_t vapic_deliver(struct vapic *a);

#endif
