/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model of the checks of a task switch, written from the SDM (vol. 2: JMP, CALL, INT n,
 * IRET; vol. 3, 7.2, 7.3 and table 7-1) and, for the order of segments, from the
 * table of the 80386 Programmer's Reference Manual (7-1), and nothing else.
 */
#ifndef TESTS_MODEL_TASK_H
#define TESTS_MODEL_TASK_H

#include <stdbool.h>
#include <stdint.h>

enum task_kind { KIND_JMP, KIND_CALL, KIND_IRET, KIND_INT, KIND_EVENT, KINDS };

/* In the order of their numbers, then the LDT. */
enum { TASK_ES, TASK_CS, TASK_SS, TASK_DS, TASK_FS, TASK_GS, TASK_LDT, TASK_SEGS };

/* A selector, and the second dword of its descriptor. */
struct task_segment {
	uint16_t selector;
	bool inside;		/* within its table */
	uint32_t high;
};

struct task_in {
	enum task_kind kind;	/* KIND_EVENT: an exception, its gate is behind it */
	unsigned int cpl;
	bool by_gate;		/* JMP, CALL; always so for INT */
	struct task_segment gate;	/* INT: the selector is the error code */
	struct task_segment tss;
	uint32_t limit;		/* of the new TSS */
	struct task_segment seg[TASK_SEGS];
	bool wide;		/* the new TSS is a 32-bit one */
	uint32_t eflags;	/* there */
	bool eip_fits;		/* within the code segment */
	bool trap;		/* T */
};

struct task_out {
	bool switched;		/* the fault, if there is one, is the new task's */
	int vector;		/* -1: no fault */
	uint16_t error;
	bool loaded[TASK_SEGS];	/* with its descriptor */
	unsigned int cpl;
};

void task_model(const struct task_in *in, struct task_out *out);

#endif
