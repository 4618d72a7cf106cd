/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opcodes that somebody compares with by number.  What an opcode does is said in optable.c
 * alone.
 */
#ifndef LAMINA_EMUL_OPCODE_H
#define LAMINA_EMUL_OPCODE_H

/* One byte.  INT n is between INT3 and INTO. */
#define OPCODE_INT3		0xcc
#define OPCODE_INT		0xcd
#define OPCODE_INTO		0xce
#define OPCODE_STI		0xfb

/* Behind 0F.  Group 7 is INVLPG and others, by ModRM. */
#define OPCODE_GROUP_7		0x01
#define OPCODE_MOV_FROM_CR	0x20
#define OPCODE_MOV_FROM_DR	0x21
#define OPCODE_MOV_TO_CR	0x22
#define OPCODE_MOV_TO_DR	0x23
#define OPCODE_WRMSR		0x30
#define OPCODE_RDMSR		0x32
#define OPCODE_GROUP_8		0xba	/* BT and its kin with an immediate */

#endif
