/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who has virtualization on, on which CPU, and why (R6).
 *
 * At load: on everywhere, arch_post_enable(), off everywhere; one CPU that
 * refuses fails the load with every CPU off.  Then the first VM turns it on and
 * the last one off, by a count, or the parameter enable_virt_at_load holds one
 * count.  CPU hotplug, suspend, reboot and kexec are handled here.
 */
#ifndef LAMINA_CORE_HWENABLE_H
#define LAMINA_CORE_HWENABLE_H

#include <linux/types.h>

/** module_step_hw_up - hotplug states, PM and reboot hooks, the trial run */
int module_step_hw_up(void *unused);
/** module_step_hw_down - the reverse */
void module_step_hw_down(void *unused);

/** vm_step_hw_up - take a count; the first one turns virtualization on */
int vm_step_hw_up(void *unused);
/** vm_step_hw_down - give it back */
void vm_step_hw_down(void *unused);

/**
 * kvm_hw_is_rebooting - virtualization was turned off because the machine goes down
 *
 * An instruction of the extension that faults is then expected.
 */
bool kvm_hw_is_rebooting(void);

#endif
