/* SPDX-License-Identifier: GPL-2.0-only */
/* One notifier, which the test calls; the host has no address spaces. */
#ifndef SHIM_LINUX_MMU_NOTIFIER_H
#define SHIM_LINUX_MMU_NOTIFIER_H

#include <linux/err.h>
#include <linux/sched/mm.h>

struct mmu_notifier_range {
	unsigned long start, end;
};

struct mmu_notifier {
	const struct mmu_notifier_ops *ops;
	int users;
};

struct mmu_notifier_ops {
	void (*release)(struct mmu_notifier *mn, struct mm_struct *mm);
	int (*clear_flush_young)(struct mmu_notifier *mn, struct mm_struct *mm,
				 unsigned long start, unsigned long end);
	int (*clear_young)(struct mmu_notifier *mn, struct mm_struct *mm,
			   unsigned long start, unsigned long end);
	int (*test_young)(struct mmu_notifier *mn, struct mm_struct *mm,
			  unsigned long address);
	int (*invalidate_range_start)(struct mmu_notifier *mn,
				      const struct mmu_notifier_range *range);
	void (*invalidate_range_end)(struct mmu_notifier *mn,
				     const struct mmu_notifier_range *range);
	struct mmu_notifier *(*alloc_notifier)(struct mm_struct *mm);
	void (*free_notifier)(struct mmu_notifier *mn);
};

SHIM_WEAK struct mmu_notifier *shim_notifier;

static inline struct mmu_notifier *mmu_notifier_get(const struct mmu_notifier_ops *ops,
						    struct mm_struct *mm)
{
	if (!shim_notifier) {
		shim_notifier = ops->alloc_notifier(mm);
		if (IS_ERR(shim_notifier))
			return shim_notifier;
		shim_notifier->ops = ops;
	}
	shim_notifier->users++;
	return shim_notifier;
}

static inline void mmu_notifier_put(struct mmu_notifier *mn)
{
	if (--mn->users)
		return;
	shim_notifier = NULL;
	mn->ops->free_notifier(mn);
}

#define mmu_notifier_range_blockable(range)	((void)(range), true)
#define mmu_notifier_synchronize()		((void)0)

#endif
