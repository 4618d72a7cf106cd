/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions as text: "66 0f 01 d0". */
#ifndef TESTS_UNIT_EMUL_HEX_H
#define TESTS_UNIT_EMUL_HEX_H

#include <stdio.h>

#include <linux/types.h>

/* The number of bytes; @bytes has room for all of them. */
static inline unsigned int hex_bytes(const char *hex, u8 *bytes)
{
	unsigned int n = 0, byte;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2 + (hex[2] == ' '))
		bytes[n++] = byte;
	return n;
}

#endif
