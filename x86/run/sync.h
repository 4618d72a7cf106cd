/* SPDX-License-Identifier: GPL-2.0-only */
/* Registers in the run page: KVM_CAP_SYNC_REGS (api.rst 6.74). */
#ifndef LAMINA_X86_RUN_SYNC_H
#define LAMINA_X86_RUN_SYNC_H

#include "x86/vcpu/x86.h"

/**
 * sync_wanted - does userspace use registers in the run page?
 * @run: its run page
 */
static inline bool sync_wanted(const struct kvm_run *run)
{
	return READ_ONCE(run->kvm_valid_regs) | READ_ONCE(run->kvm_dirty_regs);
}

/**
 * sync_from_run - take the registers that userspace has changed
 * @v: own thread, loaded
 *
 * Return: 0; -EINVAL for unknown classes or impossible values, nothing changed.
 */
int sync_from_run(struct x86_vcpu *v);

/**
 * sync_to_run - show the classes of registers that userspace has asked for
 * @v: own thread, loaded
 */
void sync_to_run(struct x86_vcpu *v);

#endif
