/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model of the checks of a far transfer, written from the pseudo-code of the
 * SDM (vol. 2: JMP, CALL, RET, IRET, INT n) and nothing else.  Offsets are
 * always in order, and so is every stack.
 */
#ifndef TESTS_MODEL_TRANSFER_H
#define TESTS_MODEL_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

enum transfer_kind {
	TRANSFER_JMP, TRANSFER_CALL, TRANSFER_RET, TRANSFER_IRET, TRANSFER_INT,
};

struct transfer_in {
	enum transfer_kind kind;
	bool long_mode;
	unsigned int cpl;
	bool by_gate;		/* always so for INT */
	uint16_t gate_selector;	/* of INT: the error code */
	uint32_t gate;		/* second dword of the gate */
	uint16_t selector;	/* of code */
	bool inside;		/* the code's descriptor, within its table */
	uint32_t code;		/* second dword of the descriptor */
};

struct transfer_out {
	bool task;		/* there is a task switch, or what forbids it */
	int vector;		/* -1: no fault */
	uint16_t error;
	unsigned int cpl;	/* the new one */
	unsigned int size;	/* of what a gate pushes, in bytes */
	bool clears_if;
};

void transfer_model(const struct transfer_in *in, struct transfer_out *out);

#endif
