/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A LAPIC whose interrupts the processor delivers, and whose registers it reads and writes,
 * in the LAPIC's own page (SDM vol. 3, chapter 30; irq/lapic_hw.h has software's half).
 *
 * For each vCPU it is decided by REQ_POLICY: x86/run/apicv.c.  While it is active an
 * interrupt of the LAPIC is no event of the queue's: who brings one posts it and notifies,
 * as always, and before the next entry the page is given away with it.
 */
#ifndef LAMINA_X86_VCPU_APICV_H
#define LAMINA_X86_VCPU_APICV_H

#include "x86/vcpu/nested.h"
#include "x86/vcpu/x86.h"

/* v->apic.apicv */
enum apicv_mode {
	APICV_OFF,
	APICV_XAPIC,	/* the page is where v->apic.access_page says */
	APICV_X2APIC,	/* MSRs */
};

/**
 * struct apicv_ops - in a vendor that has it (x86_caps->apicv); own thread, not in the guest
 * @status: the next entry begins with this vector requested (bits 7:0), and this one in
 *	service (bits 15:8)
 * @eoi_exits: EOIs of these vectors are X86_EXIT_EOI; 256 bits
 *
 * The mode itself is looked at in policy_update().
 */
struct apicv_ops {
	void (*status)(struct x86_vcpu *v, u16 status);
	void (*eoi_exits)(struct x86_vcpu *v, const u64 *vectors);
};

/* The loaded vendor's, or NULL (vendor.c). */
extern const struct apicv_ops *apicv_ops;

/** apicv_is_active - does the processor deliver what the LAPIC has?  L2 has no part in it */
static inline bool apicv_is_active(const struct x86_vcpu *v)
{
	return unlikely(v->apic.apicv) && !nested_l2_runs(v);
}

#endif
