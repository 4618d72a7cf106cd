/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KCOV: the blocks that threads execute in the modules, in their order.  The buffers are
 * the process's that opens them; its children and their threads may use them, and what
 * they wrote outlives them.
 */
#ifndef API_KCOV_H
#define API_KCOV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KCOV_BUFFERS	32

/* So many buffers of so many words.  False: this kernel has no KCOV. */
bool kcov_open(unsigned int n, size_t words);

/* What the calling thread executes is noted in this buffer; false if another uses it. */
bool kcov_start(unsigned int buffer);

/* A block: the address behind the call that noted it. */
typedef void kcov_fn(unsigned int buffer, uint64_t block);
/*
 * What was noted since the last call.  The threads may go on: a buffer is emptied if it is
 * more than half full, or if nobody runs (idle).
 */
void kcov_drain(kcov_fn *fn, bool idle);

/* True if the block is new, which kcov_print() will say. */
bool kcov_block_note(uint64_t block);

/* The modules of the blocks: a small number, its name. */
#define KCOV_MODULES	3
unsigned int kcov_module(uint64_t block);
extern const char *const kcov_modules[KCOV_MODULES];

/*
 * The new blocks, a line for each: c, module, section, and the place of the call's
 * relocation, for tests/lab/fuzz-cover.
 */
void kcov_print(int fd);

#endif
