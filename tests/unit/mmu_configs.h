/* SPDX-License-Identifier: GPL-2.0-only */
/* The hardware that the MMU's tests run on. */
#ifndef UNIT_MMU_CONFIGS_H
#define UNIT_MMU_CONFIGS_H

#include <linux/kernel.h>

#include "mmu/mmu.h"

/* @nx: large pages may not be executed, at first. */
struct mmu_test_config {
	const char *name;
	struct mmu_caps caps;
	bool nx;
};

static const struct mmu_test_config mmu_test_configs[] = {
	{ "npt4-1g", { MMU_SECOND_NPT, 4, LEVEL_1G, true, false, 48, 0, false }, false },
	{ "npt4-2m-enc",
	  { MMU_SECOND_NPT, 4, LEVEL_2M, true, false, 48, 1ull << 51, false }, false },
	{ "npt5-1g", { MMU_SECOND_NPT, 5, LEVEL_1G, true, false, 48, 0, false }, false },
	{ "npt4-4k", { MMU_SECOND_NPT, 4, LEVEL_4K, true, false, 48, 0, false }, false },
	{ "npt4-52", { MMU_SECOND_NPT, 4, LEVEL_2M, true, false, 52, 0, false }, false },
	{ "ept4-ad-1g", { MMU_SECOND_EPT, 4, LEVEL_1G, true, true, 48, 0, false }, false },
	{ "ept4-1g", { MMU_SECOND_EPT, 4, LEVEL_1G, false, true, 48, 0, false }, false },
	{ "ept5-2m", { MMU_SECOND_EPT, 5, LEVEL_2M, false, false, 48, 0, false }, false },
	{ "ept4-nx", { MMU_SECOND_EPT, 4, LEVEL_1G, true, true, 48, 0, false }, true },
	{ "ept4-pml", { MMU_SECOND_EPT, 4, LEVEL_1G, true, true, 48, 0, true }, false },
	{ "npt4-nx", { MMU_SECOND_NPT, 4, LEVEL_1G, true, false, 48, 0, false }, true },
};

/* Without second-level tables. */
static const struct mmu_test_config shadow_test_configs[] = {
	{ "1g", { MMU_SECOND_NONE, 4, LEVEL_1G, true, false, 48, 0, false }, false },
	{ "2m-enc", { MMU_SECOND_NONE, 4, LEVEL_2M, true, false, 48, 1ull << 47, false }, false },
	{ "4k-52", { MMU_SECOND_NONE, 4, LEVEL_4K, true, false, 52, 0, false }, false },
	{ "1g-nx", { MMU_SECOND_NONE, 4, LEVEL_1G, true, false, 48, 0, false }, true },
};

#endif
