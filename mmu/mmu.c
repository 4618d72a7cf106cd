// SPDX-License-Identifier: GPL-2.0-only
/* Beginning and end of a VM's and a vCPU's MMU, and the root of each entry. */
#include <linux/bug.h>

#include "mmu/mmu_stat.h"
#include "mmu/shadow/cache.h"
#include "mmu/shadow/page.h"

int mmu_vm_init(struct mmu *mmu)
{
	mmu->config = config_get();
	if (!mmu->config)
		return -EIO;
	rwlock_init(&mmu->lock);
	INIT_LIST_HEAD(&mmu->roots);
	mmu->page_limit = MMU_PAGES_MIN;
	return mmu->config->second == MMU_SECOND_NONE ? shadow_activate(mmu) : 0;
}

void mmu_vm_destroy(struct mmu *mmu)
{
	/* No vCPU holds a root: the VM's references are the last ones. */
	mmu_zap_all(mmu);
	shadow_destroy(mmu);
	WARN_ON_ONCE(!list_empty(&mmu->roots));
	WARN_ON_ONCE(atomic_long_read(&mmu->tables));
	WARN_ON_ONCE(atomic_long_read(&mmu->mapped[COUNT_NX_SPLITS]));
	WARN_ON_ONCE(atomic_read(&mmu->unflushed));
}

unsigned long mmu_stat(struct mmu *mmu, enum mmu_stat which)
{
	/* Pairs with the release in shadow_activate(). */
	struct mmu_shadow *s = smp_load_acquire(&mmu->shadow);

	if (!s)
		return 0;
	return which == MMU_STAT_UNSYNC ? READ_ONCE(s->nr_unsync) :
					  READ_ONCE(s->stat[which]);
}

unsigned long mmu_nx_splits(const struct mmu *mmu)
{
	/* One may be counted a moment after it has gone again. */
	return max(atomic_long_read(&mmu->mapped[COUNT_NX_SPLITS]), 0l);
}

unsigned long mmu_memory(struct mmu *mmu, enum mmu_memory which)
{
	struct mmu_shadow *s;

	if (which == MMU_MEM_TABLES)
		return atomic_long_read(&mmu->tables) * MMU_PAGE_SIZE;
	/* Pairs with the release in shadow_activate(). */
	s = smp_load_acquire(&mmu->shadow);
	return s ? shadow_memory(s, which) : 0;
}

unsigned long mmu_vcpu_memory(const struct mmu_vcpu *vcpu)
{
	return READ_ONCE(vcpu->cache.n) * MMU_PAGE_SIZE +
	       (READ_ONCE(vcpu->reserve) ? shadow_reserve_bytes() : 0);
}

void mmu_vcpu_init(struct mmu_vcpu *vcpu, struct mmu *mmu,
		   const struct mmu_ctx_ops *guest_ops)
{
	vcpu->mmu = mmu;
	vcpu->mode = mmu->config->second == MMU_SECOND_NONE ?
		     &mmu_mode_shadow : &mmu_mode_tdp;
	vcpu->ctx[MMU_CTX_GUEST].ops = guest_ops;
	vcpu->hole = NO_HOLE;
	vcpu->near.region = NO_REGION;
}

void mmu_space_set(struct mmu_vcpu *vcpu, int as_id)
{
	vcpu->as_id = as_id;
	vcpu->hole = NO_HOLE;
	mmu_guest_flush(vcpu);
}

bool mmu_can_prefault(const struct mmu_vcpu *vcpu)
{
	return !vcpu->mode->resolve;
}

void mmu_vcpu_trim(struct mmu_vcpu *vcpu)
{
	/* Nearly always there is nothing. */
	if (!vcpu->cache.n && !vcpu->reserve)
		return;
	cache_empty(&vcpu->cache);
	shadow_cache_empty(vcpu);
}

void mmu_vcpu_destroy(struct mmu_vcpu *vcpu)
{
	mmu_vcpu_trim(vcpu);
	vcpu->mode->root_drop(vcpu);
	if (!vcpu->parked)
		return;
	/* The other mode's, L1's or L2's. */
	swap(vcpu->root, vcpu->parked);
	if (vcpu->mode == &mmu_mode_nested)
		mmu_mode_tdp.root_drop(vcpu);
	else
		mmu_mode_nested.root_drop(vcpu);
}

int mmu_root_load(struct mmu_vcpu *vcpu, hpa_t *pa)
{
	if (!mmu_root_is_current(vcpu))
		return vcpu->mode->root_load(vcpu, pa);
	*pa = virt_to_phys(vcpu->root->table);
	return 0;
}
