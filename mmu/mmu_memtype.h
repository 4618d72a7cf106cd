/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MMU's public interface: memory types of the guest's own choice.  Included by mmu.h.
 *
 * The guest has none as long as all that accesses its memory looks into caches: leaves are
 * write-back then, and its PAT is ignored.  With NPT its PAT counts always, and its MTRRs
 * do not: nested entries of other types could imitate them (APM vol. 2, 15.25.8).  Shadow
 * tables have no place for either.
 */
#ifndef LAMINA_MMU_MMU_MEMTYPE_H
#define LAMINA_MMU_MMU_MEMTYPE_H

#include <linux/types.h>

struct mmu;

/**
 * mmu_memtypes_set - do the guest's memory types act from now on?
 * @mmu: the VM; no other call for it at the same time
 * @on: they do: mmu_env_memtype() is asked, and the guest's PAT counts
 *
 * May sleep.
 *
 * Return: is anything different now?  Then every root is obsolete, and the caller makes
 * every vCPU reload, as for mmu_zap_all().
 */
bool mmu_memtypes_set(struct mmu *mmu, bool on);

/**
 * mmu_memtypes_changed - what mmu_env_memtype() answers is something else now
 * @mmu: the VM
 *
 * After the change, of whichever vCPU's answers.  May sleep.
 *
 * Return: as mmu_memtypes_set().
 */
bool mmu_memtypes_changed(struct mmu *mmu);

#endif
