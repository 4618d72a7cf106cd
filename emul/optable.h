/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The opcode maps as constant tables: what the decoder must know about an
 * instruction to find its length and to tell whether it exists, the conditions
 * under which it executes, and the function that executes it.
 */
#ifndef LAMINA_EMUL_OPTABLE_H
#define LAMINA_EMUL_OPTABLE_H

#include <linux/types.h>

#include "emul/emul.h"

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

/*
 * Opcodes extended by ModRM; numbers as in the manuals (SDM vol. 2, A.4).  From
 * GROUP_RM on these are rows of other groups, extended by ModRM.rm.
 */
enum op_group {
	GROUP_NONE, GROUP_1, GROUP_1A, GROUP_2, GROUP_3, GROUP_4, GROUP_5,
	GROUP_6, GROUP_7, GROUP_8, GROUP_9, GROUP_11, GROUP_12, GROUP_14,
	GROUP_15, GROUP_17, GROUP_SREG_READ, GROUP_SREG_WRITE, GROUP_CR,
	GROUP_D9, GROUP_DB, GROUP_DD, GROUP_DF,
	GROUP_RM, GROUP_7_0 = GROUP_RM, GROUP_7_1, GROUP_7_2, GROUP_7_5,
	GROUP_7_7, GROUP_11_7, GROUP_DB_4, GROUP_DF_4, GROUP_COUNT
};

#define OP_IMM		0x0000000f	/* enum op_imm */
#define OP_GROUP	0x000003f0	/* enum op_group */
#define OP_GROUP_SHIFT	4

#define OP_STRING	0x00000400	/* REP repeats it */
/* In virtual-8086 mode #GP(0) unless IOPL is 3, or CR4.VME says otherwise. */
#define OP_VM_IOPL	0x00000800

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
/* Near branches: 66 makes them 16 bits wide in 64-bit mode on AMD, not on Intel. */
#define OP_NEAR		(OP_D64 | OP_F64)
#define OP_NO64		0x02000000	/* undefined in 64-bit mode */
#define OP_LOCK		0x04000000	/* LOCK allowed on a memory operand */

/* One member of a group, or also its opcode, has these. */
#define OP_NOIMM	0x08000000	/* without the opcode's immediate */
#define OP_ONE_MEM	0x10000000	/* for emul_one_operand() */
#define OP_PROTECTED	0x20000000	/* #UD outside protected mode */
#define OP_PRIVILEGED	0x40000000	/* #GP(0) unless CPL is 0 */
#define OP_UMIP		0x80000000	/* #GP(0) where CR4.UMIP says so */

/**
 * struct emul_opcode - one opcode, or one member of its group
 * @flags: OP_*; 0: undefined in every form
 * @feature: #UD without it
 * @vex: @exec knows the VEX forms
 * @exec: what executes it; NULL: nothing does
 */
struct emul_opcode {
	u32 flags;
	u8 feature;
	bool vex;
	emul_exec_fn *exec;
};

/**
 * emul_one_operand - is the operand in memory all that an instruction accesses?
 * @insn: the instruction
 *
 * Return: true only for instructions that have one and reach devices often.
 */
static inline bool emul_one_operand(const struct emul_insn *insn)
{
	return insn->flags & OP_ONE_MEM && insn->modrm < 0xc0;
}

/**
 * optable_find - the row of an opcode
 * @map: 0 one-byte, 1 0F, 2 0F38, 3 0F3A
 * @opcode: last opcode byte
 *
 * Return: never NULL.
 */
const struct emul_opcode *optable_find(unsigned int map, u8 opcode);

/**
 * optable_member - the row that ModRM chooses in a row's group
 * @flags: of the row
 * @modrm: the ModRM byte
 *
 * Its flags come in addition.  With a prefix that they do not have there is an
 * instruction, as far as the opcode's row says so, but another one than @exec
 * executes.
 *
 * Return: the row, which may have a group in turn; NULL when @flags name none.
 */
const struct emul_opcode *optable_member(u32 flags, u8 modrm);

#endif
