/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_BITMAP_H
#define SHIM_LINUX_BITMAP_H

#include <string.h>
#include <linux/bitops.h>

#define DECLARE_BITMAP(name, n)	unsigned long name[BITS_TO_LONGS(n)]
#define bitmap_zero(p, n)	memset(p, 0, BITS_TO_LONGS(n) * 8)
#define bitmap_fill(p, n)	memset(p, 0xff, BITS_TO_LONGS(n) * 8)
#define bitmap_set(p, from, n) do {					\
	for (size_t set_ = (from); set_ < (size_t)(from) + (n); set_++)	\
		__set_bit(set_, p);					\
} while (0)
#define bitmap_empty(p, n)	(find_first_bit(p, n) >= (n))

#endif
