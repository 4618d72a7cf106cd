/* SPDX-License-Identifier: GPL-2.0-only */
/* struct kvm_vcpu_events: what userspace may know and change of the queue. */
#ifndef LAMINA_X86_RUN_EVENT_IOCTL_H
#define LAMINA_X86_RUN_EVENT_IOCTL_H

#include "x86/vcpu/x86.h"

/** events_know_pending - has userspace asked for KVM_CAP_EXCEPTION_PAYLOAD? */
bool events_know_pending(struct x86_vcpu *v);

/**
 * events_get - what waits and what is on its way
 * @v: loaded, its mutex held
 * @out: result
 */
void events_get(struct x86_vcpu *v, struct kvm_vcpu_events *out);

/**
 * events_are_valid - may events_set() be called?
 * @v: its mutex held
 * @in: from userspace
 */
bool events_are_valid(struct x86_vcpu *v, const struct kvm_vcpu_events *in);

/**
 * events_set - another queue in place of this one
 * @v: loaded, its mutex held
 * @in: valid
 */
void events_set(struct x86_vcpu *v, const struct kvm_vcpu_events *in);

/**
 * events_measure - REQ_INSN_LEN: how long is the INT3 or INTO of userspace's exception?
 * @v: own thread, kvm->srcu held
 *
 * VMMs give #BP and #OF with RIP at the instruction, as those exit.  At any other
 * instruction RIP stays.
 */
void events_measure(struct x86_vcpu *v);

/** events_ioctl_get - KVM_GET_VCPU_EVENTS */
long events_ioctl_get(void *vcpu, void *data, unsigned long arg);
/** events_ioctl_set - KVM_SET_VCPU_EVENTS; -EINVAL, nothing changed */
long events_ioctl_set(void *vcpu, void *data, unsigned long arg);

/**
 * events_enable_cap - KVM_CAP_EXCEPTION_PAYLOAD, KVM_CAP_X86_TRIPLE_FAULT_EVENT
 * @vm: the VM
 * @cap: one of the two; @cap->flags is 0
 *
 * Return: 0 or -EINVAL.
 */
long events_enable_cap(struct x86_vm *vm, const struct kvm_enable_cap *cap);

#endif
