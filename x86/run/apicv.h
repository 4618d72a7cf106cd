/* SPDX-License-Identifier: GPL-2.0-only */
/* When a vCPU's LAPIC is the processor's, and what is left to software: x86/vcpu/apicv.h. */
#ifndef LAMINA_X86_RUN_APICV_H
#define LAMINA_X86_RUN_APICV_H

#include "irq/lapic_hw.h"
#include "x86/vcpu/apicv.h"
#include "x86/vcpu/exit.h"

/** apicv_update - REQ_POLICY: v->apic.apicv, and what changes with it; own thread */
void apicv_update(struct x86_vcpu *v);

/** apicv_give - the slow half of apicv_enter() */
void apicv_give(struct x86_vcpu *v);

/** apicv_enter - before an entry: what the LAPIC has, the processor knows; own thread */
static inline void apicv_enter(struct x86_vcpu *v)
{
	if (apicv_is_active(v) && !lapic_hw_is_given(&v->apic.lapic))
		apicv_give(v);
}

/** apicv_eoi_exit - X86_EXIT_EOI */
enum x86_next apicv_eoi_exit(struct x86_vcpu *v, const struct x86_exit *exit);

/** apicv_write_exit - X86_EXIT_APIC_WRITE */
enum x86_next apicv_write_exit(struct x86_vcpu *v, const struct x86_exit *exit);

#endif
