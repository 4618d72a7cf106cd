/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * EOI without an exit (msr.rst, MSR_KVM_EOI_EN): a bit in guest memory says that clearing
 * it will do.
 *
 * The bit is offered when an interrupt is injected whose EOI is free: nobody is told of
 * it, nothing waits for it.  So nobody needs to know when the guest clears it, and exits
 * do not look.  Looked for it is before the LAPIC's priorities matter: whenever something
 * new has come, when its registers are accessed, before the vCPU sleeps.  What has come
 * in the meantime needs an exit at the EOI, so that the offer is withdrawn then.
 *
 * Where the processor does EOIs itself (apicv.h) there is no offer.
 */
#ifndef LAMINA_X86_VCPU_PVEOI_H
#define LAMINA_X86_VCPU_PVEOI_H

#include "x86/vcpu/x86.h"

/** pveoi_is_offered - may the guest have ended an interrupt that the LAPIC has in service? */
static inline bool pveoi_is_offered(const struct x86_vcpu *v)
{
	return v->pveoi.offered;
}

/**
 * pveoi_offer - set the bit, if the EOI of what is in service is free
 * @v: own thread, kvm->srcu held
 */
void pveoi_offer(struct x86_vcpu *v);

/** pveoi_collect - the slow half of the two below; @take: the bit goes if it stands */
void pveoi_collect(struct x86_vcpu *v, bool take);

/**
 * pveoi_look - end the interrupt if the guest has cleared the bit
 * @v: own thread, may sleep
 */
static inline void pveoi_look(struct x86_vcpu *v)
{
	if (unlikely(pveoi_is_offered(v)))
		pveoi_collect(v, false);
}

/** pveoi_withdraw - the same, and from now on the guest's EOI is an exit */
static inline void pveoi_withdraw(struct x86_vcpu *v)
{
	if (unlikely(pveoi_is_offered(v)))
		pveoi_collect(v, true);
}

/**
 * pveoi_set - MSR_KVM_EOI_EN
 * @v: own thread, may sleep
 * @msr: value; bit 1 is clear
 *
 * A bit that stands already is an offer: the vCPU has migrated.
 */
void pveoi_set(struct x86_vcpu *v, u64 msr);

#endif
