/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The registers by which software controls speculation: who has them, what they take
 * (SDM vol. 4; AMD's "Indirect Branch Control Extension" and "Speculative Store Bypass
 * Disable").  IA32_SPEC_CTRL itself is the vendor's to keep and to switch.
 */
#ifndef LAMINA_X86_CPU_SPEC_H
#define LAMINA_X86_CPU_SPEC_H

#include "x86/vcpu/x86.h"

struct msr_access;

/* Predictive store forwarding disable: Linux 6.1 has no name for it. */
#define FEATURE_AMD_PSFD	(13 * 32 + 28)

/** spec_host_init - what this host has; after cpuid_host_init() */
void spec_host_init(void);

/** spec_ctrl_exists - may guests have IA32_SPEC_CTRL on this host? */
bool spec_ctrl_exists(void);
/** spec_has_ibrs - has the guest IBRS, by its CPUID? */
bool spec_has_ibrs(const struct x86_vcpu *v);
/** spec_virt_exists - likewise VIRT_SPEC_CTRL */
bool spec_virt_exists(void);
/** spec_caps_exists - likewise IA32_ARCH_CAPABILITIES */
bool spec_caps_exists(void);

/** spec_caps_offered - IA32_ARCH_CAPABILITIES as vCPUs begin with it */
u64 spec_caps_offered(void);

/** spec_ctrl_get - IA32_SPEC_CTRL; see struct msr_row */
int spec_ctrl_get(struct x86_vcpu *v, struct msr_access *a);
/** spec_ctrl_set - bits that the guest's CPUID, or for userspace the host, does not have: #GP */
int spec_ctrl_set(struct x86_vcpu *v, struct msr_access *a);

/** spec_cmd_get - IA32_PRED_CMD and IA32_FLUSH_CMD cannot be read */
int spec_cmd_get(struct x86_vcpu *v, struct msr_access *a);
/** spec_cmd_set - a barrier, or a flush of the L1 data cache, on this CPU */
int spec_cmd_set(struct x86_vcpu *v, struct msr_access *a);

/** spec_caps_get - IA32_ARCH_CAPABILITIES, as userspace has set it */
int spec_caps_get(struct x86_vcpu *v, struct msr_access *a);
/** spec_caps_set - userspace's only */
int spec_caps_set(struct x86_vcpu *v, struct msr_access *a);

/** spec_virt_get - AMD's VIRT_SPEC_CTRL */
int spec_virt_get(struct x86_vcpu *v, struct msr_access *a);
/** spec_virt_set - SSBD alone */
int spec_virt_set(struct x86_vcpu *v, struct msr_access *a);

#endif
