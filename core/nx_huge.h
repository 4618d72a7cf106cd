/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Large pages that guests may not execute (mmu/mmu_nx.h): one rule for all VMs, and one
 * work that gives back what fetches have split.
 *
 * The architecture says what the rule is.  The work runs while a VM has such pages, a
 * part of each VM's each time: nx_huge_pages_recovery_ratio, _period_ms.
 */
#ifndef LAMINA_CORE_NX_HUGE_H
#define LAMINA_CORE_NX_HUGE_H

#include "core/kvm.h"

/**
 * nx_huge_set - the rule from now on
 * @on: large pages may not be executed, but by VMs with KVM_CAP_VM_DISABLE_NX_HUGE_PAGES
 *
 * When it returns no vCPU runs on what was mapped by another one.  May sleep.
 */
void nx_huge_set(bool on);

/**
 * nx_huge_exempt - KVM_CAP_VM_DISABLE_NX_HUGE_PAGES (api.rst 8.38)
 * @kvm: the VM
 *
 * Return: 0; -EPERM without CAP_SYS_BOOT; -EINVAL when there are vCPUs.
 */
int nx_huge_exempt(struct kvm *kvm);

/** nx_huge_vm_up - the VM is in the list and follows the rule; vm_list_lock held */
void nx_huge_vm_up(struct kvm *kvm);

/** nx_huge_vm_down - the work is not in the VM; vm_list_lock held, and let go meanwhile */
void nx_huge_vm_down(struct kvm *kvm);

/** module_step_nx_down - module step: the work has ended; there are no VMs */
void module_step_nx_down(void *unused);

#endif
