/* SPDX-License-Identifier: GPL-2.0-only */
/* SMIs: where they come from, and when one is taken. */
#ifndef LAMINA_X86_RUN_SMI_H
#define LAMINA_X86_RUN_SMI_H

#include "x86/vcpu/x86.h"

/**
 * smi_deliver - take the SMI that waits, if nothing goes first
 * @v: own thread, kvm->srcu held; before an entry, halted or not
 *
 * L1 may get it in place of L2: then event_prepare() exits to it, and the SMI waits on.
 */
void smi_deliver(struct x86_vcpu *v);

/** smi_events_get - KVM_GET_VCPU_EVENTS: fill @out->smi */
void smi_events_get(struct x86_vcpu *v, struct kvm_vcpu_events *out);

/** smi_events_are_valid - in this mode a vCPU does not wait for its start-up IPI */
bool smi_events_are_valid(const struct x86_vcpu *v,
			  const struct kvm_vcpu_events *in);

/** smi_events_set - KVM_SET_VCPU_EVENTS: take @in->smi, if it is valid */
void smi_events_set(struct x86_vcpu *v, const struct kvm_vcpu_events *in);

/** smi_ioctl - KVM_SMI */
long smi_ioctl(void *vcpu, void *data, unsigned long arg);

#endif
