/* SPDX-License-Identifier: GPL-2.0-only */
/* The MMU's public interface: module configuration.  Included by mmu.h. */
#ifndef LAMINA_MMU_MMU_SETUP_H
#define LAMINA_MMU_MMU_SETUP_H

#include "mmu/base/types.h"

enum mmu_second_level { MMU_SECOND_NONE, MMU_SECOND_NPT, MMU_SECOND_EPT };

/**
 * struct mmu_caps - what a vendor's hardware can do; filled by its setup()
 * @second: nested page-table format in use, NONE: shadow paging
 * @levels: levels of the second-level tables: 4 or 5
 * @max_level: largest leaf, LEVEL_4K to LEVEL_1G
 * @ad: the hardware keeps accessed and dirty bits in those tables
 * @exec_only: EPT: execute-only translations are supported
 * @maxphyaddr: host physical address width
 * @enc_mask: memory encryption bit to set in every entry, 0 if none
 * @logs: with @ad: where it sets a dirty bit the hardware tells (PML), and the vendor
 *        brings the frame to the log while there is a slot that logs
 */
struct mmu_caps {
	enum mmu_second_level second;
	u8 levels;
	u8 max_level;
	bool ad;
	bool exec_only;
	u8 maxphyaddr;
	u64 enc_mask;
	bool logs;
};

/**
 * mmu_setup_reset - forget what an earlier vendor configured (R2, step one)
 *
 * Called every time a vendor module loads, before its setup().
 */
void mmu_setup_reset(void);

/**
 * mmu_setup - build the immutable configuration and the caches (R2, step two)
 * @caps: the vendor's answer
 *
 * Return: 0; -EINVAL for caps that contradict each other; -EIO when there is one
 * already; -ENOMEM with nothing left behind.
 */
int mmu_setup(const struct mmu_caps *caps);

/**
 * mmu_logs_late - does what a guest writes come to the dirty log with the vCPU's next
 * exit, and not before the write?  mmu_caps.logs
 */
bool mmu_logs_late(void);

/**
 * mmu_teardown - the exact reverse of mmu_setup()
 *
 * Waits for tables that are still to be freed after RCU.
 */
void mmu_teardown(void);

#endif
