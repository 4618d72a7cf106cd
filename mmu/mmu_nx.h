/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MMU's public interface: large pages that guests may not execute.  Included by
 * mmu.h.
 *
 * Where that is the rule a fetch gets a table in place of a large leaf.  Such a table
 * costs the guest the large page for good, whatever it does there afterwards, so it goes
 * now and then, and what comes next decides again.
 */
#ifndef LAMINA_MMU_MMU_NX_H
#define LAMINA_MMU_MMU_NX_H

#include <linux/types.h>

/* No level: the place in mmu.mapped where such tables are counted. */
#define COUNT_NX_SPLITS	0

struct mmu;

/**
 * mmu_nx_huge_set - may large leaves be executed from now on?
 * @mmu: the VM; no other call for it at the same time
 * @on: they may not
 *
 * A change makes every root obsolete, and the caller makes every vCPU reload, as for
 * mmu_zap_all().  May sleep.
 */
void mmu_nx_huge_set(struct mmu *mmu, bool on);

/**
 * mmu_nx_recover - drop tables that fetches have got in place of large leaves
 * @mmu: the VM; memslots' SRCU held; no other call for it at the same time
 * @n: how many at most
 *
 * Goes on where the last call has stopped.  Those where the slot logs stay: large leaves
 * would be split again.  May sleep.
 */
void mmu_nx_recover(struct mmu *mmu, unsigned long n);

#endif
