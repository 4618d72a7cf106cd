/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walker and its model side by side: both walk the same memory, and what
 * they found and left behind has to be the same.
 */
#ifndef TESTS_UNIT_WALK_PAIR_H
#define TESTS_UNIT_WALK_PAIR_H

#include "mmu/guest/gwalk.h"
#include "tests/unit/gmem.h"

/**
 * struct pair - a memory and up to two sets of tables in it
 * @cpu: the tables, as the model wants them; [1] is what [0]'s ->next may be
 * @ctx: the same for the walker, from pair_update()
 * @walk: the walker: gwalk() of @ctx when NULL
 * @ended: walks by how they ended, for the statistics
 * @retries: walks not compared: tables that contain themselves change while
 *           their A and D bits are set
 */
struct pair {
	struct gmem mem;
	struct model_paging cpu[2];
	struct gwalk_ctx ctx[2];
	enum gwalk_status (*walk)(struct pair *t, u64 va,
				  const struct gwalk_access *access,
				  struct gwalk_result *res);
	unsigned long ended[4];
	unsigned long retries;
};

/* Compute @ctx from @cpu; @ctx[1] is used when cpu[0].next is set. */
void pair_update(struct pair *t);

/*
 * Walk with both and compare: fails the test when they differ, and leaves
 * memory as it was.
 */
void pair_walk(struct pair *t, u64 va, const struct model_access *a);

#endif
