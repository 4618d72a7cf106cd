/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the processor knows accesses to a LAPIC's page by the page that they reach
 * (x86_caps->apic_access), a VM has one that is never read or written: it is mapped where
 * the LAPIC is, and the vendor is told of it in v->apic.access_page.  TPR is then read and
 * written without an exit, all else is X86_EXIT_APIC.
 *
 * One address for all vCPUs, whose tables are the same: so it is in use as long as each of
 * them has its LAPIC enabled, in xAPIC mode and where it is after a reset.  The first one
 * that has not ends that for ever.  No slot may be at that frame once there is a vCPU.
 */
#ifndef LAMINA_X86_RUN_APIC_ACCESS_H
#define LAMINA_X86_RUN_APIC_ACCESS_H

#include "x86/vcpu/x86.h"

struct irqchip;
struct slot;

/** apic_access_is_in - may that page be in a slot? */
bool apic_access_is_in(struct kvm *kvm, const struct slot *slot);

/**
 * apic_access_update - REQ_POLICY: the vCPU's state may have changed
 * @v: own thread, kvm->srcu held; may sleep
 *
 * Return: the page's physical address for v->apic.access_page, or 0.
 */
u64 apic_access_update(struct x86_vcpu *v);

/**
 * apic_access_map - a fault on the LAPIC's page; with x86_caps->apic_access only
 * @v: own thread, kvm->srcu held; may sleep
 * @gpa: apic_would_be()
 *
 * Return: is the access to be repeated?  Else it is emulated.
 */
bool apic_access_map(struct x86_vcpu *v, gpa_t gpa);

/** apic_access_end - the VM has none any more; as apic_access_update() */
void apic_access_end(struct x86_vcpu *v);

/** apic_access_free - the VM's end */
void apic_access_free(struct irqchip *chip);

#endif
