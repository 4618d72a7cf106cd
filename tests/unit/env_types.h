/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory types that a VM's guest wants; world.c.  Included by env.h. */
#ifndef UNIT_ENV_TYPES_H
#define UNIT_ENV_TYPES_H

#include "mmu/base/types.h"

struct env_vm;

#define ENV_TYPES	6

/**
 * struct env_types - memory types by frame
 * @edge: where another begins: ascending
 * @type: of what is below the edge, and behind the last one; 8: whatever the PAT says
 */
struct env_types {
	gfn_t edge[ENV_TYPES - 1];
	u8 type[ENV_TYPES];
};

/* Has the guest a say in memory types from now on?  @types: what it says. */
void world_types_set(struct env_vm *vm, bool on, const struct env_types *types);

/* The type of frames; negative: there are several. */
int world_type_of(const struct env_vm *vm, gfn_t gfn, u64 n);

#endif
