// SPDX-License-Identifier: GPL-2.0-only
/* Memory types of the guest's choice: they come, change and go. */
#include <linux/kernel.h>

#include "tests/unit/mmu_ops.h"

static unsigned int rnd(unsigned int n)
{
	return shim_random() % n;
}

/* At a place of a slot, or at the boundary of a large page there. */
static gfn_t edge_any(struct env_vm *vm)
{
	int i;
	struct env_slot *s = ops_slot(vm, &i);
	gfn_t gfn = s ? s->s.base_gfn + ops_offset(s->s.npages) : rnd(4096);

	return rnd(2) ? gfn : gfn & LEVEL_MASK(LEVEL_2M);
}

void ops_types_set(struct env_vm *vm)
{
	static const u8 type[] = { 0, 1, 4, 5, 6, 6, 6, 6, 8, 14 };
	struct env_types t = { };

	for (int i = 0; i < ENV_TYPES; i++)
		t.type[i] = type[rnd(sizeof(type))];
	for (int i = 0; i < ENV_TYPES - 1; i++) {
		gfn_t edge = edge_any(vm);
		int at = i;

		for (; at && t.edge[at - 1] > edge; at--)
			t.edge[at] = t.edge[at - 1];
		t.edge[at] = edge;
	}
	world_types_set(vm, rnd(4), &t);
}
