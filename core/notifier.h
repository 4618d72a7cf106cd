/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's MMU tells us that it takes pages away.
 *
 * One mmu_notifier per process (mmu_notifier_get()), with a list of the VMs
 * that live in that process.
 */
#ifndef LAMINA_CORE_NOTIFIER_H
#define LAMINA_CORE_NOTIFIER_H

struct kvm;

/**
 * notifier_wait - wait until no notifier reads a VM's slots any more
 * @kvm: the VM; its new slots are published
 *
 * Hardly ever sleeps.  synchronize_srcu(&kvm->srcu) waits for notifiers too.
 */
void notifier_wait(struct kvm *kvm);

/**
 * vm_step_notifier_up - VM step: join the process's notifier
 * @kvm: the VM; current->mm is its mm
 *
 * Return: 0, -ENOMEM, -EINTR.
 */
int vm_step_notifier_up(void *kvm);

/** vm_step_notifier_down - VM step: leave it; waits for walks that are inside, and no others */
void vm_step_notifier_down(void *kvm);

/** module_step_notifier_down - module step: wait until the last one is freed */
void module_step_notifier_down(void *unused);

#endif
