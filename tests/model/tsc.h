/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model of scaled time-stamp counters: the numbers of SDM vol. 3, 26.3, and APM vol. 2,
 * 15.30.5, digit by digit.
 */
#ifndef TESTS_MODEL_TSC_H
#define TESTS_MODEL_TSC_H

#include <stdbool.h>
#include <stdint.h>

/* Bits @shift and up of @a times @b, 64 of them; @over: there are more, or NULL. */
uint64_t tsc_model_scale(uint64_t a, uint64_t b, unsigned int shift, bool *over);

/* @a times @b by @div, rounded down; @over: that has more than 64 bits. */
uint64_t tsc_model_mul_div(uint64_t a, uint64_t b, uint64_t div, bool *over);

#endif
