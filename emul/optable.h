/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The opcode maps as constant tables: what the decoder must know about an
 * instruction to find its length and to tell whether it exists.
 */
#ifndef LAMINA_EMUL_OPTABLE_H
#define LAMINA_EMUL_OPTABLE_H

#include <linux/types.h>

/* What follows ModRM, SIB and displacement. */
enum op_imm {
	IMM_NONE,
	IMM_B,		/* one byte, zero extended */
	IMM_SB,		/* one byte, sign extended */
	IMM_W,		/* two bytes */
	IMM_Z,		/* two or four bytes by operand size, sign extended */
	IMM_V,		/* two, four or eight bytes by operand size */
	IMM_MOFFS,	/* an offset of address size */
	IMM_FAR,	/* offset of two or four bytes, then a selector */
	IMM_ENTER,	/* two bytes, then one */
	IMM_BB,		/* two bytes, each its own, with 66 or F2 only */
};

/* Opcodes extended by ModRM; numbers as in the manuals (SDM vol. 2, A.4). */
enum op_group {
	GROUP_NONE, GROUP_1, GROUP_1A, GROUP_3, GROUP_4, GROUP_5, GROUP_6,
	GROUP_7, GROUP_8, GROUP_9, GROUP_11, GROUP_12, GROUP_14, GROUP_17,
	GROUP_SREG_READ, GROUP_SREG_WRITE, GROUP_CR, GROUP_COUNT
};

#define OP_IMM		0x0000000f	/* enum op_imm */
#define OP_GROUP	0x00000ff0	/* enum op_group */
#define OP_GROUP_SHIFT	4

/*
 * The prefixes that select a defined instruction: none, 66, F3, F2.  F2 and
 * F3 win over 66.  All four where the prefix does not select.
 */
#define OP_NP		0x00001000
#define OP_66		0x00002000
#define OP_F3		0x00004000
#define OP_F2		0x00008000
#define OP_ANY		(OP_NP | OP_66 | OP_F3 | OP_F2)
#define OP_VEX		0x00010000	/* there is a VEX form */
#define OP_EVEX		0x00020000	/* there is an EVEX form */

#define OP_MODRM	0x00040000
#define OP_MEM		0x00080000	/* the register form is undefined */
#define OP_REG		0x00100000	/* the memory form is undefined */
#define OP_MODREG	0x00200000	/* register form whatever ModRM.mod says */
#define OP_BYTE		0x00400000	/* byte operand */
#define OP_D64		0x00800000	/* 64-bit mode: 64 bits, 66 makes it 16 */
#define OP_F64		0x01000000	/* 32 bits, 64 in 64-bit mode */
#define OP_NO64		0x02000000	/* undefined in 64-bit mode */
#define OP_LOCK		0x04000000	/* LOCK allowed on a memory operand */

/**
 * struct emul_opcode - one opcode
 * @flags: OP_*
 */
struct emul_opcode {
	u32 flags;
};

/**
 * struct op_group_row - what depends on ModRM.reg
 * @mem: bit n: /n is defined with a memory operand
 * @reg: bit n: /n is defined with a register operand
 * @lock: bit n: /n may have a LOCK prefix on a memory operand
 * @d64: bit n: /n has a 64-bit operand by default, as OP_D64
 * @noimm: bit n: /n does not have the opcode's immediate
 * @rm: for the register form, the defined values of ModRM.rm for each /n as a
 *	mask; NULL when all are
 */
struct op_group_row {
	u8 mem;
	u8 reg;
	u8 lock;
	u8 d64;
	u8 noimm;
	const u8 *rm;
};

/**
 * optable_find - the row of an opcode
 * @map: 0 one-byte, 1 0F, 2 0F38, 3 0F3A
 * @opcode: last opcode byte
 *
 * Return: never NULL; a row with no flag set is undefined in every form.
 */
const struct emul_opcode *optable_find(unsigned int map, u8 opcode);

/**
 * optable_group - the group of an opcode
 * @op: a row
 *
 * Return: the group's row; for an opcode without one, a row in which all is
 * defined.
 */
const struct op_group_row *optable_group(const struct emul_opcode *op);

#endif
