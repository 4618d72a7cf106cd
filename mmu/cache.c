// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bug.h>
#include <linux/errno.h>

#include "mmu/cache.h"

int cache_fill(struct mmu_vcpu *vcpu, unsigned int n)
{
	void *table;

	while (vcpu->cached < n) {
		table = mmu_env_table_alloc(true);
		if (!table)
			return -ENOMEM;
		vcpu->cache[vcpu->cached++] = table;
	}
	return 0;
}

void *cache_take(struct mmu_vcpu *vcpu)
{
	return vcpu->cached ? vcpu->cache[--vcpu->cached] : NULL;
}

void cache_give(struct mmu_vcpu *vcpu, void *table)
{
	if (WARN_ON_ONCE(vcpu->cached == MMU_CACHE_TABLES)) {
		mmu_env_table_free(table);
		return;
	}
	vcpu->cache[vcpu->cached++] = table;
}

void cache_empty(struct mmu_vcpu *vcpu)
{
	while (vcpu->cached)
		mmu_env_table_free(vcpu->cache[--vcpu->cached]);
}
