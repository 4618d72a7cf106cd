/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU's reserve of zeroed tables, filled before a lock is taken so that
 * nothing has to be allocated under it.  Only the vCPU's own thread touches it.
 */
#ifndef LAMINA_MMU_CACHE_H
#define LAMINA_MMU_CACHE_H

#include "mmu/mmu.h"

/**
 * cache_fill - make sure that the reserve holds @n tables
 * @vcpu: the vCPU
 * @n: how many the next fault may need, at most MMU_CACHE_TABLES
 *
 * May sleep.
 *
 * Return: 0, or -ENOMEM; what was allocated until then stays in reserve.
 */
int cache_fill(struct mmu_vcpu *vcpu, unsigned int n);

/**
 * cache_take - take a table out
 * @vcpu: the vCPU
 *
 * Return: a zeroed table, or NULL when the reserve is empty.
 */
void *cache_take(struct mmu_vcpu *vcpu);

/**
 * cache_give - put a table back that nobody else saw
 * @vcpu: the vCPU
 * @table: from cache_take(), zeroed
 */
void cache_give(struct mmu_vcpu *vcpu, void *table);

/**
 * cache_empty - free the reserve
 * @vcpu: the vCPU
 */
void cache_empty(struct mmu_vcpu *vcpu);

#endif
