/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_FIND_H
#define SHIM_LINUX_FIND_H

/* Words that other threads may set bits in: atomic loads. */
static inline unsigned long shim_find(const unsigned long *map,
				      unsigned long size, unsigned long from,
				      unsigned long flip)
{
	while (from < size) {
		unsigned long w = __atomic_load_n(&map[from / 64],
						  __ATOMIC_RELAXED) ^ flip;

		w &= ~0ul << (from % 64);
		if (w) {
			from = from / 64 * 64 + __builtin_ctzl(w);
			break;
		}
		from = (from / 64 + 1) * 64;
	}
	return from < size ? from : size;
}

#define find_next_bit(map, size, from)		shim_find(map, size, from, 0)
#define find_first_bit(map, size)		shim_find(map, size, 0, 0)
#define find_next_zero_bit(map, size, from)	shim_find(map, size, from, ~0ul)
#define find_first_zero_bit(map, size)		shim_find(map, size, 0, ~0ul)

#define for_each_set_bit(bit, map, size)				\
	for ((bit) = find_first_bit(map, size); (bit) < (size);		\
	     (bit) = find_next_bit(map, size, (bit) + 1))

#endif
