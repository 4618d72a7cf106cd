/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the vendor's hardware decides about host page tables, as one record
 * that nobody changes while a VM exists.
 */
#ifndef LAMINA_MMU_BASE_CONFIG_H
#define LAMINA_MMU_BASE_CONFIG_H

#include "mmu/base/fmt.h"
#include "mmu/mmu_setup.h"

/**
 * struct mmu_config - the host's page-table format for guests, ready to use
 * @fmt: the format
 * @second: NPT or EPT; NONE: shadow tables, with NPT's bits
 * @levels: level of the root table; NONE: the most there can be
 * @max_level: largest leaf
 * @ad: the hardware sets @accessed and @dirty
 * @addr: address bits of an entry
 * @table: bits of every table entry: all rights, accessed, encryption
 * @leaf: bits of every leaf: all rights but write, memory type, encryption
 * @ram: of those, what a leaf of a device's frame lacks: memory type, encryption
 * @types: where a leaf has its memory type; 0: nowhere
 * @write: the right to write
 * @accessed: accessed bit; 0 when the hardware keeps none
 * @dirty: dirty bit; 0 when the hardware keeps none
 * @logged: what the dirty log takes from leaves of 4 KiB, so that it hears of the next
 *          write: @write, or @dirty where the hardware tells
 * @large: makes an entry above level 1 a leaf
 * @exec: what distinguishes a leaf that nobody executes from @leaf
 * @mmio_mask: bits that tell a cached MMIO entry; 0: none can be made
 * @mmio_value: their value in one
 * @mmio_fill: other bits of one
 * @mmio_gen_shift: lowest bit of the generation in one
 * @mmio_gen_mask: the generation's bits, not shifted
 * @end: first guest frame that the tables cannot lead to
 *
 * EPT: @leaf carries the memory type: write-back, guest's PAT ignored, which is right for
 * RAM unless the guest has a say (spte_typed()).  Without @ram it is uncached, and
 * write-combining where the guest's PAT says so (SDM vol. 3, 29.3.7.2).  NPT and shadow
 * tables: the host's MTRRs have a say.
 */
struct mmu_config {
	const struct pt_format *fmt;
	enum mmu_second_level second;
	u8 levels;
	u8 max_level;
	bool ad;
	u64 addr;
	u64 table;
	u64 leaf;
	u64 ram;
	u64 types;
	u64 write;
	u64 accessed;
	u64 dirty;
	u64 logged;
	u64 large;
	u64 exec;
	u64 mmio_mask;
	u64 mmio_value;
	u64 mmio_fill;
	u8 mmio_gen_shift;
	u64 mmio_gen_mask;
	gfn_t end;
};

/**
 * config_make - build the module's configuration
 * @caps: the vendor's answer
 *
 * Return: 0; -EIO when there is one; -EINVAL: see mmu_setup().
 */
int config_make(const struct mmu_caps *caps);

/**
 * config_get - the module's configuration
 *
 * Return: NULL when there is none.
 */
const struct mmu_config *config_get(void);

#endif
