// SPDX-License-Identifier: GPL-2.0-only
/*
 * The opcode maps (SDM vol. 2 appendix A, APM vol. 3 appendix A).
 *
 * VEX and EVEX share the rows of the legacy maps: an opcode takes the same
 * immediate in all its encodings.  Which values of pp, W and L are defined is
 * not recorded, nor which encodings of the x87 escapes are: neither changes an
 * instruction's length.
 */
#include <linux/types.h>
#include <linux/kernel.h>

#include "emul/optable.h"

#define G(n)	((u32)GROUP_##n << OP_GROUP_SHIFT)
#define OP(f)	{ OP_ANY | (f) }
#define SSE(f)	{ OP_MODRM | (f) }

/* Operand forms of the general instructions. */
#define B	(OP_MODRM | OP_BYTE)
#define V	OP_MODRM
#define N	0

/* Prefix sets and encodings of the vector instructions. */
#define NP66	(OP_NP | OP_66)
#define NP63	(OP_NP | OP_66 | OP_F3)
#define ALL	OP_ANY
#define VX	OP_VEX
#define EV	OP_EVEX
#define VE	(OP_VEX | OP_EVEX)

/* The eight arithmetic instructions: Eb,Gb Ev,Gv Gb,Eb Gv,Ev AL,Ib rAX,Iz. */
#define ARITH(base, lock)			\
	[(base) + 0] = OP(B | (lock)),		\
	[(base) + 1] = OP(V | (lock)),		\
	[(base) + 2] = OP(B),			\
	[(base) + 3] = OP(V),			\
	[(base) + 4] = OP(OP_BYTE | IMM_B),	\
	[(base) + 5] = OP(IMM_Z)

/* Prefixes and escapes are never looked up: their rows stay empty. */
static const struct emul_opcode map_one_byte[256] = {
	ARITH(0x00, OP_LOCK),				/* ADD */
	[0x06 ... 0x07] = OP(OP_NO64),			/* PUSH, POP ES */
	ARITH(0x08, OP_LOCK),				/* OR */
	[0x0e] = OP(OP_NO64),				/* PUSH CS */
	ARITH(0x10, OP_LOCK),				/* ADC */
	[0x16 ... 0x17] = OP(OP_NO64),			/* PUSH, POP SS */
	ARITH(0x18, OP_LOCK),				/* SBB */
	[0x1e ... 0x1f] = OP(OP_NO64),			/* PUSH, POP DS */
	ARITH(0x20, OP_LOCK),				/* AND */
	[0x27] = OP(OP_NO64),				/* DAA */
	ARITH(0x28, OP_LOCK),				/* SUB */
	[0x2f] = OP(OP_NO64),				/* DAS */
	ARITH(0x30, OP_LOCK),				/* XOR */
	[0x37] = OP(OP_NO64),				/* AAA */
	ARITH(0x38, 0),					/* CMP */
	[0x3f] = OP(OP_NO64),				/* AAS */

	[0x40 ... 0x4f] = OP(OP_NO64),			/* INC, DEC; REX */
	[0x50 ... 0x5f] = OP(OP_D64),			/* PUSH, POP */

	[0x60 ... 0x61] = OP(OP_NO64),			/* PUSHA, POPA */
	[0x62] = OP(V | OP_MEM | OP_NO64),		/* BOUND; EVEX */
	[0x63] = OP(V),					/* ARPL, MOVSXD */
	[0x68] = OP(IMM_Z | OP_D64),			/* PUSH */
	[0x69] = OP(V | IMM_Z),				/* IMUL */
	[0x6a] = OP(IMM_SB | OP_D64),			/* PUSH */
	[0x6b] = OP(V | IMM_SB),			/* IMUL */
	[0x6c] = OP(OP_BYTE),				/* INS */
	[0x6d] = OP(N),
	[0x6e] = OP(OP_BYTE),				/* OUTS */
	[0x6f] = OP(N),

	[0x70 ... 0x7f] = OP(IMM_SB | OP_D64),		/* Jcc */

	[0x80] = OP(B | IMM_B | G(1)),
	[0x81] = OP(V | IMM_Z | G(1)),
	[0x82] = OP(B | IMM_B | G(1) | OP_NO64),
	[0x83] = OP(V | IMM_SB | G(1)),
	[0x84] = OP(B),					/* TEST */
	[0x85] = OP(V),
	[0x86] = OP(B | OP_LOCK),			/* XCHG */
	[0x87] = OP(V | OP_LOCK),
	[0x88] = OP(B),					/* MOV */
	[0x89] = OP(V),
	[0x8a] = OP(B),
	[0x8b] = OP(V),
	[0x8c] = OP(V | G(SREG_READ)),
	[0x8d] = OP(V | OP_MEM),			/* LEA */
	[0x8e] = OP(V | G(SREG_WRITE)),
	[0x8f] = OP(V | G(1A)),				/* POP */

	[0x90 ... 0x99] = OP(N),			/* XCHG, CBW, CWD */
	[0x9a] = OP(IMM_FAR | OP_NO64),			/* CALL */
	[0x9b] = OP(N),					/* WAIT */
	[0x9c ... 0x9d] = OP(OP_D64),			/* PUSHF, POPF */
	[0x9e ... 0x9f] = OP(N),			/* SAHF, LAHF */

	[0xa0] = OP(OP_BYTE | IMM_MOFFS),		/* MOV */
	[0xa1] = OP(IMM_MOFFS),
	[0xa2] = OP(OP_BYTE | IMM_MOFFS),
	[0xa3] = OP(IMM_MOFFS),
	[0xa4] = OP(OP_BYTE),				/* MOVS */
	[0xa5] = OP(N),
	[0xa6] = OP(OP_BYTE),				/* CMPS */
	[0xa7] = OP(N),
	[0xa8] = OP(OP_BYTE | IMM_B),			/* TEST */
	[0xa9] = OP(IMM_Z),
	[0xaa] = OP(OP_BYTE),				/* STOS */
	[0xab] = OP(N),
	[0xac] = OP(OP_BYTE),				/* LODS */
	[0xad] = OP(N),
	[0xae] = OP(OP_BYTE),				/* SCAS */
	[0xaf] = OP(N),

	[0xb0 ... 0xb7] = OP(OP_BYTE | IMM_B),		/* MOV */
	[0xb8 ... 0xbf] = OP(IMM_V),

	[0xc0] = OP(B | IMM_B),				/* shifts */
	[0xc1] = OP(V | IMM_B),
	[0xc2] = OP(IMM_W | OP_D64),			/* RET */
	[0xc3] = OP(OP_D64),
	[0xc4 ... 0xc5] = OP(V | OP_MEM | OP_NO64),	/* LES, LDS; VEX */
	[0xc6] = OP(B | IMM_B | G(11)),			/* MOV */
	[0xc7] = OP(V | IMM_Z | G(11)),
	[0xc8] = OP(IMM_ENTER | OP_D64),		/* ENTER */
	[0xc9] = OP(OP_D64),				/* LEAVE */
	[0xca] = OP(IMM_W),				/* RETF */
	[0xcb] = OP(N),
	[0xcc] = OP(N),					/* INT3 */
	[0xcd] = OP(IMM_B),				/* INT */
	[0xce] = OP(OP_NO64),				/* INTO */
	[0xcf] = OP(N),					/* IRET */

	[0xd0] = OP(B),					/* shifts */
	[0xd1] = OP(V),
	[0xd2] = OP(B),
	[0xd3] = OP(V),
	[0xd4 ... 0xd5] = OP(IMM_B | OP_NO64),		/* AAM, AAD */
	[0xd6] = OP(OP_BYTE | OP_NO64),			/* SALC */
	[0xd7] = OP(OP_BYTE),				/* XLAT */
	[0xd8 ... 0xdf] = OP(V),			/* x87 */

	[0xe0 ... 0xe3] = OP(IMM_SB | OP_D64),		/* LOOP, JCXZ */
	[0xe4] = OP(OP_BYTE | IMM_B),			/* IN */
	[0xe5] = OP(IMM_B),
	[0xe6] = OP(OP_BYTE | IMM_B),			/* OUT */
	[0xe7] = OP(IMM_B),
	[0xe8 ... 0xe9] = OP(IMM_Z | OP_D64),		/* CALL, JMP */
	[0xea] = OP(IMM_FAR | OP_NO64),			/* JMP */
	[0xeb] = OP(IMM_SB | OP_D64),			/* JMP */
	[0xec] = OP(OP_BYTE),				/* IN */
	[0xed] = OP(N),
	[0xee] = OP(OP_BYTE),				/* OUT */
	[0xef] = OP(N),

	[0xf1] = OP(N),					/* INT1 */
	[0xf4 ... 0xf5] = OP(N),			/* HLT, CMC */
	[0xf6] = OP(B | IMM_B | G(3)),
	[0xf7] = OP(V | IMM_Z | G(3)),
	[0xf8 ... 0xfd] = OP(N),			/* CLC to STD */
	[0xfe] = OP(B | G(4)),
	[0xff] = OP(V | G(5)),
};

static const struct emul_opcode map_0f[256] = {
	[0x00] = OP(V | G(6)),
	[0x01] = OP(V | G(7)),
	[0x02 ... 0x03] = OP(V),			/* LAR, LSL */
	[0x05 ... 0x09] = OP(N),			/* SYSCALL to WBINVD */
	[0x0b] = OP(N),					/* UD2 */
	[0x0d] = OP(V),					/* PREFETCH */
	[0x0e] = OP(N),					/* FEMMS */
	[0x0f] = OP(V | IMM_B),				/* 3DNow!: opcode last */

	[0x10 ... 0x12] = SSE(ALL | VE),		/* MOVUPS, MOVLPS */
	[0x13] = SSE(NP66 | VE | OP_MEM),
	[0x14 ... 0x15] = SSE(NP66 | VE),		/* UNPCKx */
	[0x16] = SSE(NP63 | VE),			/* MOVHPS */
	[0x17] = SSE(NP66 | VE | OP_MEM),
	[0x18 ... 0x1f] = OP(V),			/* hints, NOP */

	[0x20] = OP(V | OP_MODREG | OP_F64 | G(CR)),	/* MOV CR, DR */
	[0x21] = OP(V | OP_MODREG | OP_F64),
	[0x22] = OP(V | OP_MODREG | OP_F64 | G(CR)),
	[0x23] = OP(V | OP_MODREG | OP_F64),
	[0x28 ... 0x29] = SSE(NP66 | VE),		/* MOVAPS */
	[0x2a] = SSE(ALL | VE),				/* CVTPI2PS */
	[0x2b] = SSE(ALL | VE | OP_MEM),		/* MOVNTPS, SSE4a too */
	[0x2c ... 0x2d] = SSE(ALL | VE),		/* CVTPS2PI */
	[0x2e ... 0x2f] = SSE(NP66 | VE),		/* COMISS */

	[0x30 ... 0x35] = OP(N),			/* WRMSR to SYSEXIT */
	[0x37] = OP(N),					/* GETSEC */

	[0x40] = OP(V),					/* CMOVcc; mask ops */
	[0x41 ... 0x42] = OP(V | VX),
	[0x43] = OP(V),
	[0x44 ... 0x47] = OP(V | VX),
	[0x48 ... 0x49] = OP(V),
	[0x4a ... 0x4b] = OP(V | VX),
	[0x4c ... 0x4f] = OP(V),

	[0x50] = SSE(NP66 | VX | OP_REG),		/* MOVMSKPS */
	[0x51] = SSE(ALL | VE),				/* SQRTPS */
	[0x52 ... 0x53] = SSE(OP_NP | OP_F3 | VX),	/* RSQRTPS, RCPPS */
	[0x54 ... 0x57] = SSE(NP66 | VE),		/* ANDPS to XORPS */
	[0x58 ... 0x5a] = SSE(ALL | VE),		/* ADDPS, MULPS, CVT */
	[0x5b] = SSE(NP63 | VE),			/* CVTDQ2PS */
	[0x5c ... 0x5f] = SSE(ALL | VE),		/* SUBPS to MAXPS */

	[0x60 ... 0x6b] = SSE(NP66 | VE),		/* PUNPCKx, PACKx */
	[0x6c ... 0x6d] = SSE(OP_66 | VE),
	[0x6e] = SSE(NP66 | VE),			/* MOVD */
	[0x6f] = SSE(NP63 | VE),			/* MOVQ, MOVDQA */

	[0x70] = SSE(ALL | VE | IMM_B),			/* PSHUFx */
	[0x71 ... 0x72] = SSE(NP66 | VE | OP_REG | IMM_B | G(12)),
	[0x73] = SSE(NP66 | VE | OP_REG | IMM_B | G(14)),
	[0x74 ... 0x76] = SSE(NP66 | VE),		/* PCMPEQx */
	[0x77] = { OP_NP | VX },			/* EMMS */
	[0x78] = SSE(NP66 | OP_F2 | EV | IMM_BB),	/* VMREAD, EXTRQ */
	[0x79] = SSE(NP66 | OP_F2 | EV),		/* VMWRITE, INSERTQ */
	[0x7a ... 0x7b] = SSE(EV),
	[0x7c ... 0x7d] = SSE(OP_66 | OP_F2 | VX),	/* HADDPS, HSUBPS */
	[0x7e ... 0x7f] = SSE(NP63 | VE),		/* MOVD, MOVQ */

	[0x80 ... 0x8f] = OP(IMM_Z | OP_D64),		/* Jcc */

	[0x90 ... 0x93] = OP(B | VX),			/* SETcc; KMOV */
	[0x94 ... 0x97] = OP(B),
	[0x98 ... 0x99] = OP(B | VX),
	[0x9a ... 0x9f] = OP(B),

	[0xa0 ... 0xa1] = OP(OP_D64),			/* PUSH, POP FS */
	[0xa2] = OP(N),					/* CPUID */
	[0xa3] = OP(V),					/* BT */
	[0xa4] = OP(V | IMM_B),				/* SHLD */
	[0xa5] = OP(V),
	[0xa8 ... 0xa9] = OP(OP_D64),			/* PUSH, POP GS */
	[0xaa] = OP(N),					/* RSM */
	[0xab] = OP(V | OP_LOCK),			/* BTS */
	[0xac] = OP(V | IMM_B),				/* SHRD */
	[0xad] = OP(V),
	[0xae] = OP(V | VX),				/* group 15, all defined */
	[0xaf] = OP(V),					/* IMUL */

	[0xb0] = OP(B | OP_LOCK),			/* CMPXCHG */
	[0xb1] = OP(V | OP_LOCK),
	[0xb2] = OP(V | OP_MEM),			/* LSS */
	[0xb3] = OP(V | OP_LOCK),			/* BTR */
	[0xb4 ... 0xb5] = OP(V | OP_MEM),		/* LFS, LGS */
	[0xb6 ... 0xb7] = OP(V),			/* MOVZX */
	[0xb8] = SSE(OP_F3),				/* POPCNT */
	[0xb9] = OP(V),					/* UD1 */
	[0xba] = OP(V | IMM_B | G(8)),
	[0xbb] = OP(V | OP_LOCK),			/* BTC */
	[0xbc ... 0xbf] = OP(V),			/* BSF, BSR, MOVSX */

	[0xc0] = OP(B | OP_LOCK),			/* XADD */
	[0xc1] = OP(V | OP_LOCK),
	[0xc2] = SSE(ALL | VE | IMM_B),			/* CMPPS */
	[0xc3] = SSE(OP_NP | OP_MEM),			/* MOVNTI */
	[0xc4] = SSE(NP66 | VE | IMM_B),		/* PINSRW */
	[0xc5] = SSE(NP66 | VE | IMM_B | OP_REG),	/* PEXTRW */
	[0xc6] = SSE(NP66 | VE | IMM_B),		/* SHUFPS */
	[0xc7] = OP(V | G(9)),
	[0xc8 ... 0xcf] = OP(N),			/* BSWAP */

	[0xd0] = SSE(OP_66 | OP_F2 | VX),		/* ADDSUBPS */
	[0xd1 ... 0xd5] = SSE(NP66 | VE),
	[0xd6] = SSE(OP_66 | OP_F3 | OP_F2 | VE),	/* MOVQ */
	[0xd7] = SSE(NP66 | VX | OP_REG),		/* PMOVMSKB */
	[0xd8 ... 0xe5] = SSE(NP66 | VE),
	[0xe6] = SSE(OP_66 | OP_F3 | OP_F2 | VE),	/* CVTDQ2PD */
	[0xe7] = SSE(NP66 | VE | OP_MEM),		/* MOVNTQ */
	[0xe8 ... 0xef] = SSE(NP66 | VE),
	[0xf0] = SSE(OP_F2 | VX | OP_MEM),		/* LDDQU */
	[0xf1 ... 0xf6] = SSE(NP66 | VE),
	[0xf7] = SSE(NP66 | VX | OP_REG),		/* MASKMOVQ */
	[0xf8 ... 0xfe] = SSE(NP66 | VE),
	[0xff] = OP(V),					/* UD0 */
};

static const struct emul_opcode map_0f38[256] = {
	[0x00] = SSE(NP66 | VE),			/* PSHUFB */
	[0x01 ... 0x03] = SSE(NP66 | VX),
	[0x04] = SSE(NP66 | VE),
	[0x05 ... 0x0a] = SSE(NP66 | VX),
	[0x0b] = SSE(NP66 | VE),
	[0x0c ... 0x0d] = SSE(VE),
	[0x0e ... 0x0f] = SSE(VX),
	[0x10] = SSE(OP_66 | EV),			/* PBLENDVB */
	[0x11 ... 0x12] = SSE(EV),
	[0x13] = SSE(VE),
	[0x14 ... 0x15] = SSE(OP_66 | EV),
	[0x16] = SSE(VE),
	[0x17] = SSE(OP_66 | VX),			/* PTEST */
	[0x18 ... 0x1a] = SSE(VE),
	[0x1b] = SSE(EV),
	[0x1c ... 0x1e] = SSE(NP66 | VE),
	[0x1f] = SSE(EV),
	[0x20 ... 0x25] = SSE(OP_66 | VE),		/* PMOVSXx */
	[0x26 ... 0x27] = SSE(EV),
	[0x28 ... 0x29] = SSE(OP_66 | VE),
	[0x2a] = SSE(OP_66 | VE | OP_MEM),		/* MOVNTDQA */
	[0x2b] = SSE(OP_66 | VE),
	[0x2c ... 0x2d] = SSE(VE),
	[0x2e ... 0x2f] = SSE(VX | OP_MEM),
	[0x30 ... 0x35] = SSE(OP_66 | VE),		/* PMOVZXx */
	[0x36] = SSE(VE),
	[0x37 ... 0x40] = SSE(OP_66 | VE),
	[0x41] = SSE(OP_66 | VX),
	[0x42 ... 0x44] = SSE(EV),
	[0x45 ... 0x47] = SSE(VE),
	[0x49] = SSE(VX),
	[0x4b] = SSE(VX),
	[0x4c ... 0x4f] = SSE(EV),
	[0x50 ... 0x53] = SSE(VE),
	[0x54 ... 0x55] = SSE(EV),
	[0x58 ... 0x5a] = SSE(VE),
	[0x5b] = SSE(EV),
	[0x5c] = SSE(VX),
	[0x5e] = SSE(VX),
	[0x62 ... 0x66] = SSE(EV),
	[0x68] = SSE(EV),
	[0x70 ... 0x71] = SSE(EV),
	[0x72] = SSE(VE),
	[0x73] = SSE(EV),
	[0x75 ... 0x77] = SSE(EV),
	[0x78 ... 0x79] = SSE(VE),
	[0x7a ... 0x7f] = SSE(EV),
	[0x80 ... 0x82] = SSE(OP_66 | OP_MEM),		/* INVEPT to INVPCID */
	[0x83] = SSE(EV),
	[0x88 ... 0x8b] = SSE(EV),
	[0x8c] = SSE(VX | OP_MEM),
	[0x8d] = SSE(EV),
	[0x8e] = SSE(VX | OP_MEM),
	[0x8f] = SSE(EV),
	[0x90 ... 0x93] = SSE(VE | OP_MEM),
	[0x96 ... 0x9f] = SSE(VE),			/* FMA */
	[0xa0 ... 0xa3] = SSE(EV),
	[0xa6 ... 0xaf] = SSE(VE),
	[0xb0 ... 0xb1] = SSE(VX | OP_MEM),
	[0xb4 ... 0xbf] = SSE(VE),
	[0xc4] = SSE(EV),
	[0xc6 ... 0xc7] = SSE(EV),
	[0xc8] = SSE(OP_NP | EV),			/* SHA */
	[0xc9] = SSE(OP_NP),
	[0xca ... 0xcd] = SSE(OP_NP | EV),
	[0xcf] = SSE(OP_66 | VE),
	[0xd8] = SSE(OP_F3 | OP_MEM),
	[0xdb] = SSE(OP_66 | VX),			/* AES */
	[0xdc ... 0xdf] = SSE(OP_66 | OP_F3 | VE),
	[0xe0 ... 0xef] = SSE(VX | OP_MEM),		/* CMPccXADD */
	[0xf0 ... 0xf1] = SSE(NP66 | OP_F2),		/* MOVBE, CRC32 */
	[0xf2] = SSE(VX),
	[0xf3] = SSE(VX | G(17)),
	[0xf5] = SSE(OP_66 | VX),
	[0xf6] = SSE(NP63 | VX),			/* ADCX, ADOX */
	[0xf7] = SSE(VX),
	[0xf8] = SSE(OP_66 | OP_F3 | OP_F2 | OP_MEM),	/* MOVDIR64B */
	[0xf9] = SSE(OP_NP | OP_MEM),			/* MOVDIRI */
	[0xfa ... 0xfb] = SSE(OP_F3 | OP_REG),
	[0xfc] = SSE(ALL | OP_MEM),			/* AADD */
};

/* Every instruction of this map has one immediate byte. */
#define IB(f)	{ OP_MODRM | IMM_B | (f) }

static const struct emul_opcode map_0f3a[256] = {
	[0x00 ... 0x01] = IB(VE),
	[0x02] = IB(VX),
	[0x03] = IB(EV),
	[0x04 ... 0x05] = IB(VE),
	[0x06] = IB(VX),
	[0x08 ... 0x0b] = IB(OP_66 | VE),		/* ROUNDx */
	[0x0c ... 0x0e] = IB(OP_66 | VX),		/* BLENDx */
	[0x0f] = IB(NP66 | VE),				/* PALIGNR */
	[0x14 ... 0x17] = IB(OP_66 | VE),		/* PEXTRx */
	[0x18 ... 0x19] = IB(VE),
	[0x1a ... 0x1b] = IB(EV),
	[0x1d] = IB(VE),
	[0x1e ... 0x1f] = IB(EV),
	[0x20 ... 0x22] = IB(OP_66 | VE),		/* PINSRx */
	[0x23] = IB(EV),
	[0x25 ... 0x27] = IB(EV),
	[0x30 ... 0x33] = IB(VX | OP_REG),
	[0x38 ... 0x39] = IB(VE),
	[0x3a ... 0x3b] = IB(EV),
	[0x3e ... 0x3f] = IB(EV),
	[0x40 ... 0x41] = IB(OP_66 | VX),		/* DPPS, DPPD */
	[0x42] = IB(OP_66 | VE),
	[0x43] = IB(EV),
	[0x44] = IB(OP_66 | VE),			/* PCLMULQDQ */
	[0x46] = IB(VX),
	[0x48 ... 0x4c] = IB(VX),
	[0x50 ... 0x51] = IB(EV),
	[0x54 ... 0x57] = IB(EV),
	[0x5c ... 0x5f] = IB(VX),			/* FMA4 */
	[0x60 ... 0x63] = IB(OP_66 | VX),		/* PCMPxSTRx */
	[0x66 ... 0x67] = IB(EV),
	[0x68 ... 0x6f] = IB(VX),
	[0x70 ... 0x73] = IB(EV),
	[0x78 ... 0x7f] = IB(VX),
	[0xc2] = IB(EV),
	[0xcc] = IB(OP_NP),				/* SHA1RNDS4 */
	[0xce ... 0xcf] = IB(OP_66 | VE),
	[0xdf] = IB(OP_66 | VX),			/* AESKEYGENASSIST */
	[0xf0] = IB(OP_F3 | VX),			/* HRESET, RORX */
};

/* 0F 01 with a register: VMX, SVM, XSAVE and others (APM vol. 3, A.1.3). */
static const u8 rm_group_7[8] = {
	0x7f, 0x8f, 0xf3, 0xff, 0xff, 0xf7, 0xff, 0xff
};

/* XABORT and XBEGIN are /7 with the register form and rm = 0 only. */
static const u8 rm_group_11[8] = { [0] = 0xff, [7] = 0x01 };

static const struct op_group_row groups[GROUP_COUNT] = {
	[GROUP_NONE] = { .mem = 0xff, .reg = 0xff },
	[GROUP_1] = { .mem = 0xff, .reg = 0xff, .lock = 0x7f },
	[GROUP_1A] = { .mem = 0x01, .reg = 0x01, .d64 = 0x01 },
	[GROUP_3] = { .mem = 0xff, .reg = 0xff, .lock = 0x0c, .noimm = 0xfc },
	[GROUP_4] = { .mem = 0x03, .reg = 0x03, .lock = 0x03 },
	[GROUP_5] = { .mem = 0x7f, .reg = 0x57, .lock = 0x03, .d64 = 0x54 },
	[GROUP_6] = { .mem = 0x3f, .reg = 0x3f },
	[GROUP_7] = { .mem = 0xff, .reg = 0xff, .rm = rm_group_7 },
	[GROUP_8] = { .mem = 0xf0, .reg = 0xf0, .lock = 0xe0 },
	[GROUP_9] = { .mem = 0xfa, .reg = 0xc0, .lock = 0x02 },
	[GROUP_11] = { .mem = 0x01, .reg = 0x81, .rm = rm_group_11 },
	[GROUP_12] = { .reg = 0x54 },
	[GROUP_14] = { .reg = 0xcc },
	[GROUP_17] = { .mem = 0x0e, .reg = 0x0e },
	[GROUP_SREG_READ] = { .mem = 0x3f, .reg = 0x3f },
	[GROUP_SREG_WRITE] = { .mem = 0x3d, .reg = 0x3d },
	[GROUP_CR] = { .mem = 0x1d, .reg = 0x1d },
};

const struct emul_opcode *optable_find(unsigned int map, u8 opcode)
{
	static const struct emul_opcode *const maps[] = {
		map_one_byte, map_0f, map_0f38, map_0f3a
	};

	return &maps[map][opcode];
}

const struct op_group_row *optable_group(const struct emul_opcode *op)
{
	return &groups[(op->flags & OP_GROUP) >> OP_GROUP_SHIFT];
}
