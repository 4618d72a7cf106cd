/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model of what a selector and a descriptor do when a segment register is
 * loaded or a descriptor is looked at, written from the pseudo-code of the
 * SDM (vol. 2: MOV, LLDT, LTR, LAR, LSL, VERR) and nothing else.
 */
#ifndef TESTS_MODEL_SEGLOAD_H
#define TESTS_MODEL_SEGLOAD_H

#include <stdbool.h>
#include <stdint.h>

enum segload_what {
	LOAD_DATA, LOAD_SS, LOAD_LDTR, LOAD_TR,
	LOOK_LAR, LOOK_LSL, LOOK_VERR, LOOK_VERW,
};

struct segload_in {
	enum segload_what what;
	bool long_mode;		/* IA32_EFER.LMA */
	bool mode64;		/* CS.L as well */
	unsigned int cpl;
	uint16_t selector;
	bool inside;		/* within the limit of its table */
	bool second;		/* so is the second half, if there is one */
	uint32_t low, high;	/* the descriptor */
	uint32_t upper, top;	/* its second half */
};

struct segload_out {
	int vector;		/* -1: no fault */
	uint16_t error;
	bool zf;		/* of LAR to VERW */
	bool null;		/* loaded, as unusable */
	uint32_t high;		/* the descriptor's, as memory has it after */
	uint64_t base;
	uint32_t limit;
	uint16_t attr;		/* bits 55-52 and 47-40 of the descriptor */
	uint32_t result;	/* of LAR and LSL, when ZF is set */
};

void segload_model(const struct segload_in *in, struct segload_out *out);

#endif
