/* SPDX-License-Identifier: GPL-2.0-only */
/* Paravirtual guests: the machine of msr.h, with the interrupt controllers in the kernel. */
#ifndef API_PV_H
#define API_PV_H

#include "msr.h"

#define APIC_ISR	0x100
#define APIC_IRR	0x200

/* Another vCPU beside v. */
extern struct vcpu w;

/* The LAPIC is enabled, and the vCPU runnable. */
void lapic_on(struct vcpu *c);
/* Is a vector's bit set in ISR, IRR or TMR, whose first word is at reg? */
bool lapic_has(struct vcpu *c, unsigned int reg, uint8_t vector);
/* All interrupt controllers; v, vCPU 0; and w, whose id is given. */
void pv_machine(unsigned int id);

#endif
