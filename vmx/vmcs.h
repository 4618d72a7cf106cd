/* SPDX-License-Identifier: GPL-2.0-only */
/* The VMCS: its fields, controls, the MSR bitmap. */
#ifndef LAMINA_VMX_VMCS_H
#define LAMINA_VMX_VMCS_H

#include "vmx/ops.h"

/**
 * vmcs_groups_fetch - fields that are copies of a part of struct x86_state
 * @s: the vCPU; its VMCS is current
 * @groups: some of VMCS_GROUPS
 */
void vmcs_groups_fetch(struct vmx_vcpu *s, u32 groups);

/** vmcs_groups_store - the reverse */
void vmcs_groups_store(struct vmx_vcpu *s, u32 groups);

/* Groups whose fields the table in vmcs.c copies. */
#define VMCS_GROUPS	(GRP_CSSS | GRP_DATA | GRP_SEGS | GRP_TABLES | GRP_PDPTR)

/* Access rights of a segment in virtual-8086 mode (SDM vol. 3, 27.3.1.2). */
#define VMCS_VM86_RIGHTS	0xf3

/**
 * vmcs_fill - write what never changes, and what state and controls do not cover
 * @s: the vCPU; its VMCS is current and was never used
 */
void vmcs_fill(struct vmx_vcpu *s);

/**
 * vmcs_host_fill - the host's fields that belong to this CPU
 * @s: the vCPU; its VMCS is current; not preemptible
 */
void vmcs_host_fill(struct vmx_vcpu *s);

/**
 * vmcs_control - turn controls on or off
 * @s: the vCPU
 * @word: which word
 * @bits: which bits
 * @on: which
 */
static inline void vmcs_control(struct vmx_vcpu *s, enum vmx_word word, u32 bits,
				bool on)
{
	u32 old = s->control[word];

	s->control[word] = on ? old | bits : old & ~bits;
	if (s->control[word] != old)
		s->stale |= BIT(word);
}

/** vmcs_words_stale - the other level runs now: words that nested.h merges are written */
void vmcs_words_stale(struct vmx_vcpu *s);

/** vmcs_sync - write control words that have changed; the VMCS is current */
void vmcs_sync(struct vmx_vcpu *s);

/**
 * vmcs_controls_reset - the controls that every guest has, and no others
 * @s: the vCPU; its VMCS need not be current
 */
void vmcs_controls_reset(struct vmx_vcpu *s);

/**
 * vmcs_exceptions - which exceptions exit, besides those that always do
 * @s: the vCPU
 * @vectors: a bit for each
 */
void vmcs_exceptions(struct vmx_vcpu *s, u32 vectors);

/** vmcs_bitmap_create - the MSR bitmaps that guests share; 0 or -ENOMEM */
int vmcs_bitmap_create(void);

/** vmcs_bitmap_update - the one for controls and @s->spec_switched; the VMCS is current */
void vmcs_bitmap_update(struct vmx_vcpu *s);

/** vmcs_bitmap_destroy - free it */
void vmcs_bitmap_destroy(void);

#endif
