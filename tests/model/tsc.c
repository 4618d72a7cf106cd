// SPDX-License-Identifier: GPL-2.0-only
/* As on paper, with binary digits, the lowest first. */
#include <stddef.h>
#include <string.h>

#include "tests/model/tsc.h"

#define DIGITS	129

struct number {
	uint8_t digit[DIGITS];
};

static void add_shifted(struct number *n, uint64_t value, unsigned int by)
{
	unsigned int i, carry = 0;

	for (i = by; i < DIGITS; i++) {
		unsigned int sum = n->digit[i] + carry;

		if (i - by < 64)
			sum += value >> (i - by) & 1;
		n->digit[i] = sum & 1;
		carry = sum >> 1;
	}
}

static struct number product(uint64_t a, uint64_t b)
{
	struct number n;
	unsigned int i;

	memset(&n, 0, sizeof(n));
	for (i = 0; i < 64; i++)
		if (b >> i & 1)
			add_shifted(&n, a, i);
	return n;
}

uint64_t tsc_model_scale(uint64_t a, uint64_t b, unsigned int shift, bool *over)
{
	struct number n = product(a, b);
	uint64_t value = 0;
	unsigned int i;

	if (over)
		*over = false;
	for (i = shift; i < DIGITS; i++) {
		if (i - shift < 64)
			value |= (uint64_t)n.digit[i] << (i - shift);
		else if (over && n.digit[i])
			*over = true;
	}
	return value;
}

uint64_t tsc_model_mul_div(uint64_t a, uint64_t b, uint64_t div, bool *over)
{
	struct number n = product(a, b);
	uint64_t rest = 0, value = 0;
	int i;

	*over = false;
	for (i = DIGITS - 1; i >= 0; i--) {
		bool carry = rest >> 63, one;

		rest = rest << 1 | n.digit[i];
		one = carry || rest >= div;
		if (one)
			rest -= div;
		if (one && i >= 64)
			*over = true;
		if (i < 64)
			value |= (uint64_t)one << i;
	}
	return value;
}
