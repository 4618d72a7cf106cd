/* SPDX-License-Identifier: GPL-2.0-only */
/* What a VMM changes of how its VM behaves: quirks, and exits that it does without. */
#ifndef LAMINA_X86_RUN_QUIRKS_H
#define LAMINA_X86_RUN_QUIRKS_H

#include "x86/vcpu/x86.h"

/* Quirks that can be turned off (api.rst 7.31). */
#define QUIRKS_KNOWN \
	(KVM_X86_QUIRK_LINT0_REENABLED | KVM_X86_QUIRK_CD_NW_CLEARED | \
	 KVM_X86_QUIRK_LAPIC_MMIO_HOLE | KVM_X86_QUIRK_OUT_7E_INC_RIP | \
	 KVM_X86_QUIRK_MISC_ENABLE_NO_MWAIT | \
	 KVM_X86_QUIRK_FIX_HYPERCALL_INSN | KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS)

/**
 * quirks_enable_cap - KVM_CAP_DISABLE_QUIRKS, KVM_CAP_DISABLE_QUIRKS2
 * @vm: the VM, at any time; vCPUs take it over before they enter again
 * @cap: which quirks are off, in place of those that were; @cap->flags is 0
 *
 * Return: 0; -EINVAL for DISABLE_QUIRKS2 and what is not in QUIRKS_KNOWN.
 */
long quirks_enable_cap(struct x86_vm *vm, const struct kvm_enable_cap *cap);

/** exits_off_supported - value of KVM_CAP_X86_DISABLE_EXITS */
u32 exits_off_supported(void);

/**
 * exits_enable_cap - KVM_CAP_X86_DISABLE_EXITS (api.rst 7.13)
 * @vm: the VM, at any time; vCPUs take it over before they enter again
 * @cap: exits to do without, beside those named before; @cap->flags is 0
 *
 * Return: 0; -EINVAL beyond exits_off_supported().
 */
long exits_enable_cap(struct x86_vm *vm, const struct kvm_enable_cap *cap);

/**
 * quirks_apply - the VM's policy has changed: REQ_POLICY
 * @v: own thread
 */
void quirks_apply(struct x86_vcpu *v);

#endif
