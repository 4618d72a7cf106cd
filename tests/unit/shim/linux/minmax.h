/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_MINMAX_H
#define SHIM_LINUX_MINMAX_H

/* The pointer comparison rejects operands of different types, as the kernel. */
#define SHIM_PICK(a, b, op) ({						\
	__typeof__(a) pa_ = (a);					\
	__typeof__(b) pb_ = (b);					\
	(void)(&pa_ == &pb_);						\
	pa_ op pb_ ? pa_ : pb_;						\
})
#define min(a, b)	SHIM_PICK(a, b, <)
#define max(a, b)	SHIM_PICK(a, b, >)
#define min_t(t, a, b)	({ t ma_ = (a); t mb_ = (b); ma_ < mb_ ? ma_ : mb_; })
#define max_t(t, a, b)	({ t ma_ = (a); t mb_ = (b); ma_ > mb_ ? ma_ : mb_; })
#define min3(a, b, c)	min(min(a, b), c)
#define max3(a, b, c)	max(max(a, b), c)
#define clamp(v, lo, hi)	min(max(v, lo), hi)
#define clamp_t(t, v, lo, hi)	min_t(t, max_t(t, v, lo), hi)
#define swap(a, b) do {							\
	__typeof__(a) swap_ = (a);					\
	(a) = (b);							\
	(b) = swap_;							\
} while (0)

#endif
