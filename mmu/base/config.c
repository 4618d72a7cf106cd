// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's MMU configuration: built once from the vendor's capabilities,
 * read-only until the vendor module leaves.
 */
#include <linux/string.h>

#include "mmu/base/config.h"
#include "mmu/base/spte.h"

/* EPT leaves, SDM vol. 3, 29.3.7: memory type in bits 5:3, IPAT in bit 6. */
#define EPT_TYPES	(0xfull << SPTE_TYPE_SHIFT)
#define EPT_WB_IPAT	(0xeull << SPTE_TYPE_SHIFT)

/* Without @fmt there is none. */
static struct mmu_config config;

const struct mmu_config *config_get(void)
{
	return config.fmt ? &config : NULL;
}

bool mmu_logs_late(void)
{
	return config.logged != config.write;
}

void mmu_setup_reset(void)
{
	memset(&config, 0, sizeof(config));
}

static bool caps_are_sane(const struct mmu_caps *caps)
{
	u64 width = BIT_ULL(caps->maxphyaddr) - 1;

	if (caps->levels != 4 && caps->levels != 5)
		return false;
	if (caps->max_level < LEVEL_4K || caps->max_level > LEVEL_1G)
		return false;
	if (caps->maxphyaddr < 32 || caps->maxphyaddr > 52)
		return false;
	if (caps->second != MMU_SECOND_EPT && (!caps->ad || caps->exec_only))
		return false;
	if (caps->logs && (!caps->ad || caps->second == MMU_SECOND_NONE))
		return false;
	return !(caps->enc_mask & ~(GENMASK_ULL(51, 32) | width));
}

static const struct pt_format *format_pick(const struct mmu_caps *caps)
{
	if (caps->second == MMU_SECOND_EPT)
		return caps->levels == 5 ? &pt_format_ept5 : &pt_format_ept4;
	return caps->levels == 5 ? &pt_format_5level : &pt_format_4level;
}

/*
 * Shadow tables have NPT's bits: both are x86's.  What a leaf grants there is
 * spte_shadow_leaf()'s affair; @leaf and @table are the most there can be.
 */
static void masks_init(const struct mmu_caps *caps)
{
	const struct pt_format *fmt = config.fmt;
	u64 rights = (fmt->read ? fmt->read : fmt->present) | fmt->user |
		     fmt->exec;

	config.addr = fmt->addr & (BIT_ULL(caps->maxphyaddr) - 1) &
		      ~caps->enc_mask;
	config.accessed = caps->ad ? fmt->accessed : 0;
	config.dirty = caps->ad ? fmt->dirty : 0;
	config.large = fmt->large;
	/* A format has one of the two. */
	config.exec = fmt->exec | fmt->nx;
	config.write = fmt->write;
	config.logged = caps->logs ? fmt->dirty : fmt->write;
	config.leaf = SPTE_PRESENT | rights | caps->enc_mask;
	config.table = config.leaf | fmt->write | config.accessed;
	config.ram = caps->enc_mask;
	if (caps->second == MMU_SECOND_EPT) {
		config.ram |= EPT_WB_IPAT;
		config.types = EPT_TYPES;
	}
	config.leaf |= config.ram;
}

/*
 * Shadow tables: none; the walk of the guest's tables finds it anyway.
 *
 * NPT: a reserved address bit makes every access fault with PF_RSVD (APM vol. 2,
 * 15.25.6); the generation takes the place of the address.  AMD's CPUs do not
 * read ahead through such an entry.
 *
 * EPT: "writable, not readable" is a misconfiguration (SDM vol. 3, 29.3.3.1).
 * The address is all ones, where no RAM is: CPUs with L1TF use it nevertheless.
 */
static void mmio_init(const struct mmu_caps *caps)
{
	u64 rsvd = GENMASK_ULL(51, 0) & ~(BIT_ULL(caps->maxphyaddr) - 1) &
		   ~caps->enc_mask;

	if (caps->second == MMU_SECOND_NONE)
		return;
	if (caps->second == MMU_SECOND_EPT) {
		config.mmio_mask = config.fmt->present | SPTE_PRESENT;
		config.mmio_value = config.fmt->write | config.fmt->exec;
		config.mmio_fill = config.addr;
		config.mmio_gen_shift = 52;
		config.mmio_gen_mask = GENMASK_ULL(10, 0);
		return;
	}
	if (!rsvd)
		return;
	while (rsvd & (rsvd - 1))
		rsvd &= rsvd - 1;
	config.mmio_mask = config.fmt->present | SPTE_PRESENT | rsvd;
	config.mmio_value = config.fmt->present | rsvd;
	config.mmio_gen_shift = MMU_PAGE_SHIFT;
	config.mmio_gen_mask = GENMASK_ULL(min_t(int, caps->maxphyaddr, 44) - 13, 0);
}

/* Shadow tables translate linear addresses: leaves can name any frame. */
static gfn_t gfn_end(const struct mmu_caps *caps)
{
	if (caps->second == MMU_SECOND_NONE)
		return 1ull << (caps->maxphyaddr - MMU_PAGE_SHIFT);
	return 1ull << (caps->levels * PT_INDEX_BITS);
}

int config_make(const struct mmu_caps *caps)
{
	if (config.fmt)
		return -EIO;
	if (!caps_are_sane(caps))
		return -EINVAL;

	config.fmt = format_pick(caps);
	config.second = caps->second;
	config.levels = caps->levels;
	config.max_level = caps->max_level;
	config.ad = caps->ad;
	config.end = gfn_end(caps);
	masks_init(caps);
	mmio_init(caps);
	return 0;
}
