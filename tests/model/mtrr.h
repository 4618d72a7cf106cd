/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model of the memory-type range registers: the type of one address, written from the
 * SDM (vol. 3, 12.11.2 and 12.11.4.1) and nothing else.
 */
#ifndef TESTS_MODEL_MTRR_H
#define TESTS_MODEL_MTRR_H

#include <stdbool.h>
#include <stdint.h>

#define MTRR_MODEL_RANGES	8

struct mtrr_model {
	bool e, fe;
	uint8_t type;			/* the default */
	uint8_t fix64k[8];		/* from 0 */
	uint8_t fix16k[16];		/* from 0x80000 */
	uint8_t fix4k[64];		/* from 0xc0000 */
	struct {
		bool v;
		uint8_t type;
		uint64_t base, mask;	/* bits of an address */
	} range[MTRR_MODEL_RANGES];
};

#define MTRR_MODEL_UNDEFINED	0xff	/* "the behavior of the processor is undefined" */

/* Does a range match an address? */
bool mtrr_model_match(const struct mtrr_model *m, int range, uint64_t addr);

uint8_t mtrr_model_type(const struct mtrr_model *m, uint64_t addr);

#endif
