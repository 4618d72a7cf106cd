/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model of the instructions that IOPL, CR4.VME and CR4.PVI decide about, written from
 * the pseudo-code of the SDM (vol. 2: CLI, STI, PUSHF, POPF, IRET, INT n/INTO/INT3; vol. 3,
 * 20.3 and table 20-2) and nothing else.
 */
#ifndef TESTS_MODEL_VME_H
#define TESTS_MODEL_VME_H

#include <stdbool.h>
#include <stdint.h>

enum vme_insn {
	VME_CLI, VME_STI, VME_PUSHF, VME_POPF, VME_IRET,
	/* INT3 and INTO go through an interrupt or trap gate to level 0; not in real mode. */
	VME_INT, VME_INT3, VME_INTO,
	VME_INSNS
};

struct vme_in {
	enum vme_insn insn;
	bool wide;		/* operands of 32 bits */
	bool real;		/* else protected mode, or virtual-8086 by EFLAGS.VM */
	unsigned int cpl;
	bool vme, pvi;		/* CR4 */
	uint32_t flags;
	uint32_t popped;	/* POPF, IRET: within the same level and mode */
	bool map;		/* the vector's redirection bit is within the TSS */
	bool bit;		/* what it is */
	bool trap;		/* INT3, INTO: the gate is a trap gate */
};

struct vme_out {
	bool gp;		/* #GP(0), and nothing has changed */
	bool gate;		/* INT, INT3, INTO: through the IDT; else the program's own table */
	uint32_t flags;
	uint32_t pushed;	/* PUSHF, INT without a gate, INT3, INTO */
};

void vme_model(const struct vme_in *in, struct vme_out *out);

#endif
