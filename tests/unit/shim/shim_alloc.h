/* SPDX-License-Identifier: GPL-2.0-only */
/* Allocations: counted, and failing on demand. */
#ifndef SHIM_ALLOC_H
#define SHIM_ALLOC_H

#include "shim.h"

SHIM_WEAK long shim_live;		/* objects allocated and not freed */
SHIM_WEAK long shim_allocs;		/* allocations asked for so far */
SHIM_WEAK long shim_fail_at;		/* the number of the one to fail, or 0 */
SHIM_WEAK unsigned int shim_fail_odds;	/* fail 1 of n; 0: none */

static inline bool shim_alloc_fails(void)
{
	long n = __atomic_add_fetch(&shim_allocs, 1, __ATOMIC_RELAXED);

	return n == shim_fail_at ||
	       (shim_fail_odds && !(shim_random() % shim_fail_odds));
}

#endif
