/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random tables to walk, and accesses: neither all wrong nor all right.
 *
 * Memory: four tables for each level; the first set's in pages 0 to 19, the
 * second one's, which the first one's ->next may be, in pages 20 to 39.
 */
#ifndef TESTS_UNIT_WALK_RANDOM_H
#define TESTS_UNIT_WALK_RANDOM_H

#include "tests/unit/gmem.h"

#define WALK_COPIES	4
#define WALK_SET	(LEVEL_MAX * WALK_COPIES)	/* pages of a set */

void walk_seed(u64 seed);
u64 walk_rnd(void);
bool walk_one_in(unsigned int n);

int walk_levels(enum model_mode mode);

/* The page of one of the tables. */
u64 walk_table(int set, int level, int copy);

/* Fill a set's tables, as @p's mode wants them. */
void walk_fill_tables(struct gmem *mem, const struct model_paging *p, int set);

/* Everything of a CPU but its mode, ->nested, ->next and where PDPTEs are. */
void walk_random_control(struct model_paging *p, int set);

u64 walk_random_va(const struct model_paging *p);
struct model_access walk_random_access(void);

#endif
