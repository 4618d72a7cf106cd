// SPDX-License-Identifier: GPL-2.0-only
#include <linux/rcupdate.h>

#include "mmu/fault_tracked.h"
#include "mmu/shadow/page.h"
#include "mmu/tdp/map.h"

enum mmu_result fault_write_tracked(struct mmu_vcpu *vcpu,
				    struct mmu_fault *fault)
{
	struct mmu *mmu = vcpu->mmu;
	enum mmu_result r = MMU_RETRY;
	struct shadow_batch b = SHADOW_BATCH_INIT(b, mmu);
	struct tdp_place place;

	write_lock(&mmu->lock);
	rcu_read_lock();
	if (!inv_is_stale(&mmu->inv, fault->seq, fault->gfn, fault->gfn + 1))
		r = track_write(mmu->shadow, vcpu->as_id, fault, false, &b);
	fault->tracked = false;
	if (r == MMU_FIXED)
		r = tdp_map(vcpu, fault, &place);
	shadow_batch_commit(&b);
	rcu_read_unlock();
	write_unlock(&mmu->lock);
	return r;
}
