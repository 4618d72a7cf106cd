/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The arithmetic of scaled time-stamp counters, as the processors have it (SDM vol. 3, 26.3;
 * APM vol. 2, 15.30.5):
 *
 *	guest = (host * ratio >> bits) + offset
 *
 * The product has 128 bits, the counter 64.  @bits is how many of a ratio are its fraction:
 * x86_caps->tsc_frac_bits.
 */
#ifndef LAMINA_X86_VCPU_TSC_RATIO_H
#define LAMINA_X86_VCPU_TSC_RATIO_H

#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/types.h>

/** tsc_scale - the guest's clocks in @host clocks, whole ones */
static inline u64 tsc_scale(u64 host, u64 ratio, u8 bits)
{
	return mul_u64_u64_shr(host, ratio, bits);
}

/** tsc_mul_div - @a times @mul by @div, rounded down; U64_MAX when it is more than that */
static inline u64 tsc_mul_div(u64 a, u64 mul, u64 div)
{
	/* Division by the processor's instruction would fault. */
	if (mul_u64_u64_shr(a, mul, 64) >= div)
		return U64_MAX;
	return mul_u64_u64_div_u64(a, mul, div);
}

/**
 * tsc_unscale - when is it that the guest's counter has gone on by so much?
 * @guest: clocks of the guest's
 * @ratio: not 0
 * @bits: more than 0
 *
 * Return: the least number of the host's clocks with tsc_scale() >= @guest; U64_MAX if that
 * is more.
 */
static inline u64 tsc_unscale(u64 guest, u64 ratio, u8 bits)
{
	u64 host = tsc_mul_div(guest, 1ull << bits, ratio);

	return host + (host != U64_MAX && tsc_scale(host, ratio, bits) < guest);
}

/**
 * tsc_ratio - of two rates
 * @khz: the guest's, not 0
 * @host_khz: the host's, not 0
 * @bits: of the fraction
 * @max: the greatest ratio that there is
 *
 * Return: 0: there is none.
 */
static inline u64 tsc_ratio(u32 khz, u32 host_khz, u8 bits, u64 max)
{
	u64 ratio = tsc_mul_div(khz, 1ull << bits, host_khz);

	return ratio == U64_MAX || ratio > max ? 0 : ratio;
}

/**
 * tsc_offset_at - an offset, for a counter of another rate that is 0 at the same moment
 * @offset: of a counter at rate @from; signed
 * @from: not 0
 * @to: the other rate
 */
static inline u64 tsc_offset_at(u64 offset, u32 from, u32 to)
{
	return (s64)offset < 0 ? -tsc_mul_div(-offset, to, from) :
				 tsc_mul_div(offset, to, from);
}

/**
 * tsc_nest_ratio - a guest's guest's ratio to the host
 * @l1, @l2: that of the guest, and that to the guest of its own; not 0
 * @bits: of all three's fractions
 *
 * Return: never 0, which the processors do not take.
 */
static inline u64 tsc_nest_ratio(u64 l1, u64 l2, u8 bits)
{
	return tsc_scale(l1, l2, bits) ?: 1;
}

/**
 * tsc_nest_offset - the guest's offset to the host, as its guest sees it
 * @offset: the guest's
 * @tsc: the guest's counter; less than @offset: that is negative
 * @l2: the ratio of the guest's guest
 * @bits: of its fraction
 */
static inline u64 tsc_nest_offset(u64 offset, u64 tsc, u64 l2, u8 bits)
{
	return tsc < offset ? -tsc_scale(-offset, l2, bits) : tsc_scale(offset, l2, bits);
}

#endif
