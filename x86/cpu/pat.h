/* SPDX-License-Identifier: GPL-2.0-only */
/* IA32_PAT.  Nothing of the kernel is needed here: svm/nested_check.c is tried in tests/unit. */
#ifndef LAMINA_X86_CPU_PAT_H
#define LAMINA_X86_CPU_PAT_H

#include <linux/types.h>

/** pat_is_valid - eight memory types; 2 and 3 are none (APM vol. 2, 7.8.1) */
static inline bool pat_is_valid(u64 pat)
{
	int i;

	for (i = 0; i < 64; i += 8)
		if ((pat >> i & 0xff) > 7 || (pat >> i & 0xfe) == 2)
			return false;
	return true;
}

#endif
