// SPDX-License-Identifier: GPL-2.0-only
/* Large pages that may not be executed: the rule changes, and what fetches split comes back. */
#include <linux/kernel.h>

#include "mmu/check.h"
#include "mmu/mmu_stat.h"
#include "tests/unit/mmu_ops.h"

static unsigned int rnd(unsigned int n)
{
	return shim_random() % n;
}

void ops_nx_set(struct env_vm *vm)
{
	world_nx_set(vm, rnd(3));
}

#ifdef LAMINA_MMU_CHECK
struct due {
	struct env_vm *vm;
	int as_id;
	long n;
};

static void due_count(void *arg, const struct mmu_leaf *split)
{
	struct due *d = arg;
	struct env_slot *s = env_slot_find(d->vm, d->as_id, split->gfn);

	/* Without a slot: world_check() complains. */
	if (s && split->level == LEVEL_2M && !(s->s.flags & MMU_SLOT_DIRTY_LOG))
		d->n++;
}

/* How many of the pages of 2 MiB may be recovered? */
static long splits_due(struct env_vm *vm)
{
	struct due d = { .vm = vm };

	for (d.as_id = 0; d.as_id < 2; d.as_id++)
		mmu_check_splits(&vm->mmu, d.as_id, due_count, &d);
	return d.n;
}

static void recover_checked(struct env_vm *vm, unsigned long n)
{
	unsigned long before = mmu_nx_splits(&vm->mmu), left;
	unsigned long due = splits_due(vm);

	mmu_nx_recover(&vm->mmu, n);
	left = mmu_nx_splits(&vm->mmu);
	if (left + n < before)
		shim_die("recovered %lu of %lu, not %lu", before - left, before, n);
	if (left + min(n, due) > before || (n >= before && splits_due(vm)))
		shim_die("%lu of %lu are left, %lu of them due, after %lu", left,
			 before, due, n);
}
#else
#define recover_checked(vm, n)	mmu_nx_recover(&(vm)->mmu, n)
#endif

/* One at a time. */
void ops_nx_recover(struct env_vm *vm)
{
	static bool busy;
	unsigned long n = rnd(3) ? rnd(4) : mmu_nx_splits(&vm->mmu);

	if (busy)
		return;
	busy = true;
	env_srcu_lock(vm);
	if (vm->crowded)
		mmu_nx_recover(&vm->mmu, n);
	else
		recover_checked(vm, n);
	env_srcu_unlock(vm);
	busy = false;
}
