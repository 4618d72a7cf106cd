/* SPDX-License-Identifier: GPL-2.0-only */
/* An address space: its struct (@count), its memory (@users). */
#ifndef SHIM_LINUX_SCHED_MM_H
#define SHIM_LINUX_SCHED_MM_H

#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/types.h>

struct mm_struct {
	int count, users, readers;
};

#define FAULT_FLAG_WRITE	1

/* The test's. */
int fixup_user_fault(struct mm_struct *mm, unsigned long address,
		     unsigned int flags, bool *unlocked);

static inline void mmgrab(struct mm_struct *mm)
{
	mm->count++;
}

static inline void mmdrop(struct mm_struct *mm)
{
	BUG_ON(mm->count-- <= 0);
}

static inline bool mmget_not_zero(struct mm_struct *mm)
{
	return mm->users && mm->users++;
}

static inline void mmput(struct mm_struct *mm)
{
	might_sleep();
	BUG_ON(mm->users-- <= 0);
}

static inline void mmap_read_lock(struct mm_struct *mm)
{
	might_sleep();
	mm->readers++;
}

static inline void mmap_read_unlock(struct mm_struct *mm)
{
	BUG_ON(mm->readers-- <= 0);
}

#endif
