/* SPDX-License-Identifier: GPL-2.0-only */
/* Walks to be repeated by mmu_translate_again() and mmu_code_again(). */
#ifndef LAMINA_MMU_GUEST_AGAIN_H
#define LAMINA_MMU_GUEST_AGAIN_H

#include "mmu/mmu.h"

/** again_forget - no walk is to be repeated */
void again_forget(struct mmu_vcpu *vcpu);

/**
 * again_remember - a walk of MMU_CTX_GUEST may be repeated
 * @vcpu: the vCPU
 * @va: the address
 * @access: what it was for
 * @res: how it ended: GWALK_OK
 */
void again_remember(struct mmu_vcpu *vcpu, u64 va,
		    const struct gwalk_access *access,
		    const struct gwalk_result *res);

#endif
