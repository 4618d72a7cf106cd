/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers that repeat from a seed, and guest code made of them. */
#ifndef API_RND_H
#define API_RND_H

#include <stddef.h>
#include <stdint.h>

/* Each thread has its own. Start again; part n of a run with one seed has numbers of its own. */
void rnd_start(uint64_t seed, uint64_t n);
uint64_t rnd(void);
uint64_t below(uint64_t n);
/* A number of the kinds that find mistakes. */
uint64_t odd_number(void);
/* Flips a few bytes, one time in three. */
void spoil(void *p, size_t size);

/*
 * An address that instructions may reach for: one of the given places, a little
 * before or after it.
 */
uint64_t rnd_address(void);
/* n bytes of guest code, most of them whole instructions that touch memory. */
void rnd_code(uint8_t *p, size_t n);

#endif
