/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_STRING_H
#define SHIM_LINUX_STRING_H

#include <string.h>

#define memset64(p, v, n) do {						\
	__u64 *p_ = (p);						\
	for (size_t i_ = 0; i_ < (size_t)(n); i_++)			\
		p_[i_] = (v);						\
} while (0)

static inline void *memchr_inv(const void *p, int c, size_t n)
{
	for (const unsigned char *b = p; n--; b++)
		if (*b != (unsigned char)c)
			return (void *)b;
	return NULL;
}

#endif
