/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recovery of large pages when the dirty log is off, which goes by rounds: note
 * regions that a large leaf could map, under the lock; ask the host about each,
 * without it; zap what is in those where it agrees, under the lock again, so that
 * the next fault maps large.  What is noted and zapped: tdp/log.c, shadow/log.c.
 */
#ifndef LAMINA_MMU_BASE_RECOVER_H
#define LAMINA_MMU_BASE_RECOVER_H

#include "mmu/mmu_env.h"

/* Regions of a round. */
#define RECOVER_ROUND	32

/**
 * struct recover_region - a page that could be large
 * @gfn: its first frame
 * @level: the level of its leaf
 */
struct recover_region {
	gfn_t gfn;
	int level;
};

/**
 * struct recover_round - the regions of a round
 * @n: how many
 * @region: ascending as they were noted
 */
struct recover_round {
	unsigned int n;
	struct recover_region region[RECOVER_ROUND];
};

/** recover_note - note a region; the round is not full */
static inline void recover_note(struct recover_round *round, gfn_t gfn,
				int level)
{
	round->region[round->n++] = (struct recover_region){ gfn, level };
}

/**
 * recover_ask - keep those regions where the host's page is large
 * @round: the regions
 * @slot: their slot; lock not held
 */
void recover_ask(struct recover_round *round, const struct mmu_slot *slot);

#endif
