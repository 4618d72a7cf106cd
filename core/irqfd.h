/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * irqfd: a signal of an eventfd raises an interrupt (api.rst 4.75).
 *
 * Without resampling a signal is an edge: the GSI goes up and down again.  With it the
 * GSI goes up and stays so until the guest ends the interrupt; then it goes down and
 * the irqfd's other eventfd is signalled.  All irqfds that resample one GSI share its
 * line.
 *
 * An irqfd lives in the list until somebody takes it off: KVM_IRQFD with DEASSIGN, the
 * last close of its eventfd (on a workqueue), or the end of the VM.  Whoever took it
 * off takes it off the eventfd's queue, waits for the work if that is somebody else's,
 * and frees it.
 */
#ifndef LAMINA_CORE_IRQFD_H
#define LAMINA_CORE_IRQFD_H

#include "core/kvm.h"

/**
 * irqfd_set - KVM_IRQFD
 * @kvm: the VM
 * @args: userspace's structure
 *
 * When a removal returns, no signal raises the interrupt any more.  What is not there
 * is removed with success.
 *
 * Return: 0; -EINVAL: unknown flags, no interrupt controllers in the kernel, to resample
 * without an IOAPIC, no eventfd; -EBADF; -EBUSY: the eventfd is used already; -ENOMEM.
 */
int irqfd_set(struct kvm *kvm, const struct kvm_irqfd *args);

/**
 * irqfd_acked - the guest has ended an interrupt of a GSI
 * @kvm: the VM; any context, no lock of the controllers held
 * @gsi: the GSI
 *
 * Constant time where nobody resamples the GSI.
 */
void irqfd_acked(struct kvm *kvm, u32 gsi);

/**
 * irqfds_destroy - the VM ends: remove all
 * @kvm: the VM, whose irqfds is not NULL; its vCPUs and controllers are still there
 */
void irqfds_destroy(struct kvm *kvm);

/** module_step_irqfd_up - the workqueue on which irqfds of closed eventfds end */
int module_step_irqfd_up(void *unused);
/** module_step_irqfd_down - its end */
void module_step_irqfd_down(void *unused);

#endif
