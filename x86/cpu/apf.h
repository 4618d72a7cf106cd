/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asynchronous page faults (msr.rst, MSR_KVM_ASYNC_PF_EN, _INT, _ACK): a guest's page
 * that the host has to bring in first does not hold up the vCPU.
 *
 *	page_exit() ─► apf_start(): pagein_start(), and
 *		told:	#PF with a token in CR2; the guest runs another task
 *		not:	halt_for_page(): only an interrupt brings the guest on
 *	REQ_APF ─► apf_ready(): the token, and an interrupt
 *
 * Told is who is in userspace, or whoever has set KVM_ASYNC_PF_SEND_ALWAYS, once the
 * guest has taken note of the last one.
 *
 * Who disables it while a page is on its way, INIT too, is not told of that (msr.rst), and
 * when it is enabled again of all pages at once (token ~0).
 */
#ifndef LAMINA_X86_CPU_APF_H
#define LAMINA_X86_CPU_APF_H

#include "x86/cpu/msr.h"

struct mmu_fault;

/** apf_can_start - the slow half of apf_is_possible() */
bool apf_can_start(struct x86_vcpu *v);

/**
 * apf_is_possible - can the guest do without a page for now?
 * @v: own thread; after an exit by a fault
 *
 * It has asked for it, no event was on its way in, and it takes interrupts.
 */
static inline bool apf_is_possible(struct x86_vcpu *v)
{
	return unlikely(v->apf.on) && apf_can_start(v);
}

/**
 * apf_start - bring in a page
 * @v: own thread, kvm->srcu held; apf_is_possible()
 * @fault: the fault that was MMU_ABSENT
 *
 * Return: true: the guest has been told, and goes on; or there is no room any more, and
 * its next fault waits.
 */
bool apf_start(struct x86_vcpu *v, const struct mmu_fault *fault);

/** apf_ready - REQ_APF: the guest is told of a page that is there; kvm->srcu held */
void apf_ready(struct x86_vcpu *v);

/** apf_reset - as after INIT: disabled; own thread */
void apf_reset(struct x86_vcpu *v);

/** vcpu_step_apf_down - nobody is told any more */
void vcpu_step_apf_down(void *vcpu);

/* MSR rows: MSR_KVM_ASYNC_PF_EN, MSR_KVM_ASYNC_PF_INT and _ACK. */
/** apf_msr_get - -ENOENT: not in CPUID */
int apf_msr_get(struct x86_vcpu *v, struct msr_access *a);
/**
 * apf_msr_set - -EINVAL: reserved bits, no LAPIC in the kernel; -ENOENT; -ENOMEM
 *
 * Userspace that enables it restores a guest: its tasks that still wait for pages are
 * all woken (token ~0), because what they waited for stayed behind.
 */
int apf_msr_set(struct x86_vcpu *v, struct msr_access *a);

#endif
