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

#include "emul/exec.h"
#include "emul/optable.h"

#define G(n)	((u32)GROUP_##n << OP_GROUP_SHIFT)

/* A row that is not executed, one that is; then the same for vector instructions. */
#define OP(f)		{ .flags = OP_ANY | (f) }
#define EX(f, fn)	{ .flags = OP_ANY | (f), .exec = (fn) }
#define SSE(f)		{ .flags = OP_MODRM | (f) }
#define VEC(f)		{ .flags = OP_MODRM | (f), .exec = exec_vector, .vex = true }
#define BMI(f, fn)	{ .flags = OP_MODRM | (f), .exec = (fn), .vex = true }
#define HAS(f, what, fn) { .flags = (f), .feature = EMUL_##what, .exec = (fn) }

/* Operand forms of the general instructions. */
#define B	(OP_MODRM | OP_BYTE)
#define V	OP_MODRM
#define N	0
#define ONE	OP_ONE_MEM
#define LK	OP_LOCK

/* Prefix sets and encodings of the vector instructions. */
#define NP66	(OP_NP | OP_66)
#define NP63	(OP_NP | OP_66 | OP_F3)
#define ALL	OP_ANY
#define VX	OP_VEX
#define EV	OP_EVEX
#define VE	(OP_VEX | OP_EVEX)

/* Eb,Gb Ev,Gv Gb,Eb Gv,Ev AL,Ib rAX,Iz. */
#define ARITH(base, lock, rm_reg, reg_rm)				\
	[(base) + 0] = EX(B | ONE | (lock), rm_reg),			\
	[(base) + 1] = EX(V | ONE | (lock), rm_reg),			\
	[(base) + 2] = EX(B | ONE, reg_rm),				\
	[(base) + 3] = EX(V | ONE, reg_rm),				\
	[(base) + 4] = EX(OP_BYTE | IMM_B, exec_alu_ax_imm),		\
	[(base) + 5] = EX(IMM_Z, exec_alu_ax_imm)
#define ARITH_LOCK(base) ARITH(base, LK, exec_alu_rm_reg, exec_alu_reg_rm)

/* Prefixes and escapes are never looked up: their rows stay empty. */
static const struct emul_opcode map_one_byte[256] = {
	ARITH_LOCK(0x00),				/* ADD */
	[0x06] = EX(OP_NO64, exec_push_seg),		/* ES */
	[0x07] = EX(OP_NO64, exec_pop_seg),
	ARITH_LOCK(0x08),				/* OR */
	[0x0e] = EX(OP_NO64, exec_push_seg),		/* CS */
	ARITH_LOCK(0x10),				/* ADC */
	[0x16] = EX(OP_NO64, exec_push_seg),		/* SS */
	[0x17] = EX(OP_NO64, exec_pop_seg),
	ARITH_LOCK(0x18),				/* SBB */
	[0x1e] = EX(OP_NO64, exec_push_seg),		/* DS */
	[0x1f] = EX(OP_NO64, exec_pop_seg),
	ARITH_LOCK(0x20),				/* AND */
	[0x27] = EX(OP_NO64, exec_daa),
	ARITH_LOCK(0x28),				/* SUB */
	[0x2f] = EX(OP_NO64, exec_daa),			/* DAS */
	ARITH_LOCK(0x30),				/* XOR */
	[0x37] = EX(OP_NO64, exec_aaa),
	ARITH(0x38, 0, exec_cmp_rm_reg, exec_cmp_reg_rm),	/* CMP */
	[0x3f] = EX(OP_NO64, exec_aaa),			/* AAS */

	[0x40 ... 0x47] = EX(OP_NO64, exec_inc_reg),	/* REX in 64-bit mode */
	[0x48 ... 0x4f] = EX(OP_NO64, exec_inc_reg),	/* DEC */
	[0x50 ... 0x57] = EX(OP_D64, exec_push_reg),
	[0x58 ... 0x5f] = EX(OP_D64, exec_pop_reg),

	[0x60] = EX(OP_NO64, exec_pusha),
	[0x61] = EX(OP_NO64, exec_popa),
	[0x62] = EX(V | OP_MEM | OP_NO64, exec_bound),	/* EVEX */
	[0x63] = EX(V, exec_movsxd),			/* ARPL */
	[0x68] = EX(IMM_Z | OP_D64, exec_push_imm),
	[0x69] = EX(V | IMM_Z, exec_imul),
	[0x6a] = EX(IMM_SB | OP_D64, exec_push_imm),
	[0x6b] = EX(V | IMM_SB, exec_imul),
	[0x6c] = EX(OP_BYTE | OP_STRING, exec_ins),
	[0x6d] = EX(OP_STRING, exec_ins),
	[0x6e] = EX(OP_BYTE | OP_STRING, exec_outs),
	[0x6f] = EX(OP_STRING, exec_outs),

	[0x70 ... 0x7f] = EX(IMM_SB | OP_NEAR, exec_jcc),

	[0x80] = OP(B | IMM_B | ONE | G(1)),
	[0x81] = OP(V | IMM_Z | ONE | G(1)),
	[0x82] = OP(B | IMM_B | OP_NO64 | ONE | G(1)),
	[0x83] = OP(V | IMM_SB | ONE | G(1)),
	[0x84] = EX(B | ONE, exec_test_rm_reg),
	[0x85] = EX(V | ONE, exec_test_rm_reg),
	[0x86] = EX(B | ONE | LK, exec_xchg),
	[0x87] = EX(V | ONE | LK, exec_xchg),
	[0x88] = EX(B | ONE, exec_mov_store),
	[0x89] = EX(V | ONE, exec_mov_store),
	[0x8a] = EX(B | ONE, exec_mov_load),
	[0x8b] = EX(V | ONE, exec_mov_load),
	[0x8c] = OP(V | G(SREG_READ)),
	[0x8d] = EX(V | OP_MEM, exec_lea),
	[0x8e] = OP(V | G(SREG_WRITE)),
	[0x8f] = OP(V | G(1A)),				/* POP */

	[0x90 ... 0x97] = EX(N, exec_xchg_ax),		/* NOP */
	[0x98] = EX(N, exec_cbw),
	[0x99] = EX(N, exec_cwd),
	[0x9a] = EX(IMM_FAR | OP_NO64, exec_call_far),
	[0x9b] = OP(N),					/* WAIT */
	[0x9c] = EX(OP_D64 | OP_VM_IOPL, exec_pushf),
	[0x9d] = EX(OP_D64 | OP_VM_IOPL, exec_popf),
	[0x9e] = EX(N, exec_sahf),
	[0x9f] = EX(N, exec_lahf),

	[0xa0] = EX(OP_BYTE | ONE | IMM_MOFFS, exec_mov_offset),
	[0xa1] = EX(ONE | IMM_MOFFS, exec_mov_offset),
	[0xa2] = EX(OP_BYTE | ONE | IMM_MOFFS, exec_mov_offset),
	[0xa3] = EX(ONE | IMM_MOFFS, exec_mov_offset),
	[0xa4] = EX(OP_BYTE | OP_STRING, exec_movs),
	[0xa5] = EX(OP_STRING, exec_movs),
	[0xa6] = EX(OP_BYTE | OP_STRING, exec_cmps),
	[0xa7] = EX(OP_STRING, exec_cmps),
	[0xa8] = EX(OP_BYTE | IMM_B, exec_test_ax_imm),
	[0xa9] = EX(IMM_Z, exec_test_ax_imm),
	[0xaa] = EX(OP_BYTE | OP_STRING, exec_stos),
	[0xab] = EX(OP_STRING, exec_stos),
	[0xac] = EX(OP_BYTE | OP_STRING, exec_lods),
	[0xad] = EX(OP_STRING, exec_lods),
	[0xae] = EX(OP_BYTE | OP_STRING, exec_cmps),	/* SCAS */
	[0xaf] = EX(OP_STRING, exec_cmps),

	[0xb0 ... 0xb7] = EX(OP_BYTE | IMM_B, exec_mov_reg_imm),
	[0xb8 ... 0xbf] = EX(IMM_V, exec_mov_reg_imm),

	[0xc0] = OP(B | IMM_B | G(2)),
	[0xc1] = OP(V | IMM_B | G(2)),
	[0xc2] = EX(IMM_W | OP_NEAR, exec_ret),
	[0xc3] = EX(OP_NEAR, exec_ret),
	[0xc4] = EX(V | OP_MEM | OP_NO64, exec_les),	/* VEX */
	[0xc5] = EX(V | OP_MEM | OP_NO64, exec_lds),	/* VEX */
	[0xc6] = OP(B | IMM_B | ONE | G(11)),
	[0xc7] = OP(V | IMM_Z | ONE | G(11)),
	[0xc8] = EX(IMM_ENTER | OP_D64, exec_enter),
	[0xc9] = EX(OP_D64, exec_leave),
	[0xca] = EX(IMM_W, exec_ret_far),
	[0xcb] = EX(N, exec_ret_far),
	[0xcc] = EX(N, exec_int3),
	[0xcd] = EX(IMM_B | OP_VM_IOPL, exec_int),
	[0xce] = EX(OP_NO64, exec_into),
	[0xcf] = EX(OP_VM_IOPL, exec_iret),

	[0xd0] = OP(B | G(2)),
	[0xd1] = OP(V | G(2)),
	[0xd2] = OP(B | G(2)),
	[0xd3] = OP(V | G(2)),
	[0xd4] = EX(IMM_B | OP_NO64, exec_aam),
	[0xd5] = EX(IMM_B | OP_NO64, exec_aam),		/* AAD */
	[0xd6] = EX(OP_BYTE | OP_NO64, exec_salc),
	[0xd7] = EX(OP_BYTE, exec_xlat),
	[0xd8] = OP(V),					/* x87 */
	[0xd9] = OP(V | G(D9)),
	[0xda] = OP(V),
	[0xdb] = OP(V | G(DB)),
	[0xdc] = OP(V),
	[0xdd] = OP(V | G(DD)),
	[0xde] = OP(V),
	[0xdf] = OP(V | G(DF)),

	[0xe0 ... 0xe2] = EX(IMM_SB | OP_NEAR, exec_loop),
	[0xe3] = EX(IMM_SB | OP_NEAR, exec_jcxz),
	[0xe4] = EX(OP_BYTE | IMM_B, exec_in),
	[0xe5] = EX(IMM_B, exec_in),
	[0xe6] = EX(OP_BYTE | IMM_B, exec_out),
	[0xe7] = EX(IMM_B, exec_out),
	[0xe8] = EX(IMM_Z | OP_NEAR, exec_call),
	[0xe9] = EX(IMM_Z | OP_NEAR, exec_jmp),
	[0xea] = EX(IMM_FAR | OP_NO64, exec_jmp_far),
	[0xeb] = EX(IMM_SB | OP_NEAR, exec_jmp),
	[0xec] = EX(OP_BYTE, exec_in),
	[0xed] = EX(N, exec_in),
	[0xee] = EX(OP_BYTE, exec_out),
	[0xef] = EX(N, exec_out),

	[0xf1] = OP(N),					/* INT1 */
	[0xf4] = EX(OP_PRIVILEGED, exec_hlt),
	[0xf5] = EX(N, exec_cmc),
	[0xf6] = OP(B | IMM_B | G(3)),
	[0xf7] = OP(V | IMM_Z | G(3)),
	[0xf8] = EX(N, exec_clc),
	[0xf9] = EX(N, exec_clc),			/* STC */
	[0xfa] = EX(N, exec_cli),
	[0xfb] = EX(N, exec_cli),			/* STI */
	[0xfc] = EX(N, exec_cld),
	[0xfd] = EX(N, exec_cld),			/* STD */
	[0xfe] = OP(B | G(4)),
	[0xff] = OP(V | G(5)),
};

static const struct emul_opcode map_0f[256] = {
	[0x00] = OP(V | G(6)),
	[0x01] = OP(V | G(7)),
	[0x02] = EX(V | OP_PROTECTED, exec_lar),
	[0x03] = EX(V | OP_PROTECTED, exec_lsl),
	[0x05] = EX(N, exec_syscall),
	[0x06] = EX(OP_PRIVILEGED, exec_clts),
	[0x07] = EX(N, exec_sysret),
	[0x08 ... 0x09] = EX(OP_PRIVILEGED, exec_nop),	/* INVD, WBINVD */
	[0x0b] = EX(N, exec_ud),			/* UD2 */
	[0x0d] = EX(V, exec_nop),			/* PREFETCH */
	[0x0e] = OP(N),					/* FEMMS */
	[0x0f] = OP(V | IMM_B),				/* 3DNow!: opcode last */

	[0x10 ... 0x12] = VEC(ALL | VE),		/* MOVUPS, MOVLPS */
	[0x13] = VEC(NP66 | VE | OP_MEM),
	[0x14 ... 0x15] = SSE(NP66 | VE),		/* UNPCKx */
	[0x16] = VEC(NP63 | VE),			/* MOVHPS */
	[0x17] = VEC(NP66 | VE | OP_MEM),
	[0x18 ... 0x1f] = EX(V, exec_nop),		/* hints, NOP */

	[0x20] = OP(V | OP_MODREG | OP_F64 | G(CR)),
	[0x21] = EX(V | OP_MODREG | OP_F64, exec_mov_dr),
	[0x22] = OP(V | OP_MODREG | OP_F64 | G(CR)),
	[0x23] = EX(V | OP_MODREG | OP_F64, exec_mov_dr),
	[0x28 ... 0x29] = VEC(NP66 | VE),		/* MOVAPS */
	[0x2a] = SSE(ALL | VE),				/* CVTPI2PS */
	[0x2b] = VEC(ALL | VE | OP_MEM),		/* MOVNTPS, SSE4a too */
	[0x2c ... 0x2d] = SSE(ALL | VE),		/* CVTPS2PI */
	[0x2e ... 0x2f] = SSE(NP66 | VE),		/* COMISS */

	[0x30] = EX(OP_PRIVILEGED, exec_wrmsr),
	[0x31] = EX(N, exec_rdtsc),
	[0x32] = EX(OP_PRIVILEGED, exec_rdmsr),
	[0x33] = OP(N),					/* RDPMC */
	[0x34] = EX(N, exec_sysenter),
	[0x35] = EX(N, exec_sysexit),
	[0x37] = OP(N),					/* GETSEC */

	[0x40] = EX(V, exec_cmovcc),
	[0x41 ... 0x42] = EX(V | VX, exec_cmovcc),	/* KAND and others */
	[0x43] = EX(V, exec_cmovcc),
	[0x44 ... 0x47] = EX(V | VX, exec_cmovcc),
	[0x48 ... 0x49] = EX(V, exec_cmovcc),
	[0x4a ... 0x4b] = EX(V | VX, exec_cmovcc),
	[0x4c ... 0x4f] = EX(V, exec_cmovcc),

	[0x50] = SSE(NP66 | VX | OP_REG),		/* MOVMSKPS */
	[0x51] = SSE(ALL | VE),				/* SQRTPS */
	[0x52 ... 0x53] = SSE(OP_NP | OP_F3 | VX),	/* RSQRTPS, RCPPS */
	[0x54 ... 0x57] = SSE(NP66 | VE),		/* ANDPS to XORPS */
	[0x58 ... 0x5a] = SSE(ALL | VE),		/* ADDPS, MULPS, CVT */
	[0x5b] = SSE(NP63 | VE),			/* CVTDQ2PS */
	[0x5c ... 0x5f] = SSE(ALL | VE),		/* SUBPS to MAXPS */

	[0x60 ... 0x6b] = SSE(NP66 | VE),		/* PUNPCKx, PACKx */
	[0x6c ... 0x6d] = SSE(OP_66 | VE),
	[0x6e] = VEC(NP66 | VE),			/* MOVD */
	[0x6f] = VEC(NP63 | VE),			/* MOVQ, MOVDQA */

	[0x70] = SSE(ALL | VE | IMM_B),			/* PSHUFx */
	[0x71 ... 0x72] = SSE(NP66 | VE | OP_REG | IMM_B | G(12)),
	[0x73] = SSE(NP66 | VE | OP_REG | IMM_B | G(14)),
	[0x74 ... 0x76] = SSE(NP66 | VE),		/* PCMPEQx */
	[0x77] = { .flags = OP_NP | VX },		/* EMMS */
	[0x78] = SSE(NP66 | OP_F2 | EV | IMM_BB),	/* VMREAD, EXTRQ */
	[0x79] = SSE(NP66 | OP_F2 | EV),		/* VMWRITE, INSERTQ */
	[0x7a ... 0x7b] = SSE(EV),
	[0x7c ... 0x7d] = SSE(OP_66 | OP_F2 | VX),	/* HADDPS, HSUBPS */
	[0x7e ... 0x7f] = VEC(NP63 | VE),		/* MOVD, MOVQ */

	[0x80 ... 0x8f] = EX(IMM_Z | OP_NEAR, exec_jcc),

	[0x90 ... 0x93] = EX(B | VX, exec_setcc),	/* KMOV */
	[0x94 ... 0x97] = EX(B, exec_setcc),
	[0x98 ... 0x99] = EX(B | VX, exec_setcc),	/* KORTEST */
	[0x9a ... 0x9f] = EX(B, exec_setcc),

	[0xa0] = EX(OP_D64, exec_push_seg),		/* FS */
	[0xa1] = EX(OP_D64, exec_pop_seg),
	[0xa2] = EX(N, exec_cpuid),
	[0xa3] = EX(V, exec_bt),
	[0xa4] = EX(V | IMM_B, exec_shld),
	[0xa5] = EX(V, exec_shld),
	[0xa8] = EX(OP_D64, exec_push_seg),		/* GS */
	[0xa9] = EX(OP_D64, exec_pop_seg),
	[0xaa] = EX(N, exec_rsm),
	[0xab] = EX(V | LK, exec_bts),
	[0xac] = EX(V | IMM_B, exec_shld),		/* SHRD */
	[0xad] = EX(V, exec_shld),
	[0xae] = OP(V | VX | G(15)),
	[0xaf] = EX(V, exec_imul),

	[0xb0] = EX(B | LK, exec_cmpxchg),
	[0xb1] = EX(V | LK, exec_cmpxchg),
	[0xb2] = EX(V | OP_MEM, exec_lss),
	[0xb3] = EX(V | LK, exec_bts),			/* BTR */
	[0xb4 ... 0xb5] = EX(V | OP_MEM, exec_lss),	/* LFS, LGS */
	[0xb6 ... 0xb7] = EX(V | ONE, exec_movzx),
	[0xb8] = HAS(OP_MODRM | OP_F3, POPCNT, exec_popcnt),
	[0xb9] = EX(V, exec_ud),			/* UD1 */
	[0xba] = OP(V | IMM_B | G(8)),
	[0xbb] = EX(V | LK, exec_bts),			/* BTC */
	[0xbc] = EX(V, exec_bsf),			/* TZCNT */
	[0xbd] = EX(V, exec_bsf),			/* LZCNT */
	[0xbe ... 0xbf] = EX(V | ONE, exec_movsx),

	[0xc0] = EX(B | LK, exec_xadd),
	[0xc1] = EX(V | LK, exec_xadd),
	[0xc2] = SSE(ALL | VE | IMM_B),			/* CMPPS */
	[0xc3] = HAS(OP_MODRM | OP_NP | OP_MEM, SSE2, exec_movnti),
	[0xc4] = SSE(NP66 | VE | IMM_B),		/* PINSRW */
	[0xc5] = SSE(NP66 | VE | IMM_B | OP_REG),	/* PEXTRW */
	[0xc6] = SSE(NP66 | VE | IMM_B),		/* SHUFPS */
	[0xc7] = OP(V | G(9)),
	[0xc8 ... 0xcf] = EX(N, exec_bswap),

	[0xd0] = SSE(OP_66 | OP_F2 | VX),		/* ADDSUBPS */
	[0xd1 ... 0xd5] = SSE(NP66 | VE),
	[0xd6] = VEC(OP_66 | OP_F3 | OP_F2 | VE),	/* MOVQ */
	[0xd7] = SSE(NP66 | VX | OP_REG),		/* PMOVMSKB */
	[0xd8 ... 0xe5] = SSE(NP66 | VE),
	[0xe6] = SSE(OP_66 | OP_F3 | OP_F2 | VE),	/* CVTDQ2PD */
	[0xe7] = VEC(NP66 | VE | OP_MEM),		/* MOVNTQ */
	[0xe8 ... 0xef] = SSE(NP66 | VE),
	[0xf0] = VEC(OP_F2 | VX | OP_MEM),		/* LDDQU */
	[0xf1 ... 0xf6] = SSE(NP66 | VE),
	[0xf7] = SSE(NP66 | VX | OP_REG),		/* MASKMOVQ */
	[0xf8 ... 0xfe] = SSE(NP66 | VE),
	[0xff] = EX(V, exec_ud),			/* UD0 */
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
	[0x2a] = VEC(OP_66 | VE | OP_MEM),		/* MOVNTDQA */
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
	[0x80 ... 0x81] = SSE(OP_66 | OP_MEM),		/* INVEPT, INVVPID */
	[0x82] = HAS(V | OP_66 | OP_MEM | OP_PRIVILEGED, INVPCID, exec_invpcid),
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
	[0xf0 ... 0xf1] = {
		.flags = V | NP66 | OP_F2, .exec = exec_movbe_crc32,
	},
	[0xf2] = BMI(VX, exec_andn),
	[0xf3] = SSE(VX | G(17)),
	[0xf5] = BMI(OP_66 | VX, exec_bzhi),
	[0xf6] = BMI(NP63 | VX, exec_adx),
	[0xf7] = BMI(VX, exec_bextr),
	[0xf8] = SSE(OP_66 | OP_F3 | OP_F2 | OP_MEM),	/* MOVDIR64B */
	[0xf9] = SSE(OP_NP | OP_MEM),			/* MOVDIRI */
	[0xfa ... 0xfb] = SSE(OP_F3 | OP_REG),
	[0xfc] = SSE(ALL | OP_MEM),			/* AADD */
};

/* Every instruction of this map has one immediate byte. */
#define IB(f)	{ .flags = OP_MODRM | IMM_B | (f) }

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
	[0xf0] = BMI(OP_F3 | VX | IMM_B, exec_rorx),	/* HRESET */
};

/* Members by form and ModRM.reg; those by ModRM.rm have rows 0 to 7. */
#define MEM(n, f, fn)	[n] = EX(f, fn)
#define REG(n, f, fn)	[8 + (n)] = EX(f, fn)
#define BOTH(n, f, fn)	MEM(n, f, fn), REG(n, f, fn)
#define WITH(pp, fn)	{ .flags = (pp), .exec = (fn) }	/* with these prefixes */

static const struct emul_opcode groups[GROUP_COUNT][16] = {
	[GROUP_1] = {
		[0 ... 6] = EX(LK, exec_alu_rm_imm),
		[8 ... 14] = EX(LK, exec_alu_rm_imm),
		BOTH(7, N, exec_cmp_rm_imm),
	},
	[GROUP_1A] = { BOTH(0, OP_D64, exec_pop_rm) },
	[GROUP_2] = { [0 ... 15] = EX(N, exec_shift) },
	[GROUP_3] = {
		BOTH(0, N, exec_test_rm_imm),
		BOTH(1, N, exec_test_rm_imm),
		BOTH(2, OP_NOIMM | LK, exec_not),
		BOTH(3, OP_NOIMM | LK, exec_neg),
		BOTH(4, OP_NOIMM, exec_mul),
		BOTH(5, OP_NOIMM, exec_mul),
		BOTH(6, OP_NOIMM, exec_div),
		BOTH(7, OP_NOIMM, exec_idiv),
	},
	[GROUP_4] = {
		BOTH(0, LK, exec_inc),
		BOTH(1, LK, exec_inc),
	},
	[GROUP_5] = {
		BOTH(0, LK, exec_inc),
		BOTH(1, LK, exec_inc),
		BOTH(2, OP_NEAR, exec_call_rm),
		MEM(3, N, exec_call_far),
		BOTH(4, OP_NEAR, exec_jmp_rm),
		MEM(5, N, exec_jmp_far),
		BOTH(6, OP_D64, exec_push_rm),
	},
	[GROUP_6] = {
		BOTH(0, OP_PROTECTED | OP_UMIP, exec_sldt),
		BOTH(1, OP_PROTECTED | OP_UMIP, exec_sldt),
		BOTH(2, OP_PROTECTED | OP_PRIVILEGED, exec_lldt),
		BOTH(3, OP_PROTECTED | OP_PRIVILEGED, exec_lldt),
		BOTH(4, OP_PROTECTED, exec_verr),
		BOTH(5, OP_PROTECTED, exec_verr),
	},
	/* With a register: VMX, SVM, XSAVE and others (APM vol. 3, A.1.3). */
	[GROUP_7] = {
		MEM(0, OP_UMIP, exec_sgdt),
		MEM(1, OP_UMIP, exec_sgdt),		/* SIDT */
		MEM(2, OP_PRIVILEGED, exec_lgdt),
		MEM(3, OP_PRIVILEGED, exec_lgdt),	/* LIDT */
		BOTH(4, OP_UMIP, exec_smsw),
		[5] = OP(N),				/* RSTORSSP */
		BOTH(6, OP_PRIVILEGED, exec_lmsw),
		MEM(7, OP_PRIVILEGED, exec_invlpg),
		[8 + 0] = OP(G(7_0)),
		[8 + 1] = OP(G(7_1)),
		[8 + 2] = OP(G(7_2)),
		[8 + 3] = OP(N),
		[8 + 5] = OP(G(7_5)),
		[8 + 7] = OP(G(7_7)),
	},
	[GROUP_7_0] = { [0 ... 6] = OP(N) },
	[GROUP_7_1] = {
		[0 ... 1] = OP(N),
		[2 ... 3] = HAS(OP_NP, SMAP, exec_clac),	/* STAC */
		[7] = OP(N),
	},
	[GROUP_7_2] = {
		[0 ... 1] = WITH(OP_NP, exec_xgetbv),	/* XSETBV */
		[4 ... 7] = OP(N),
	},
	[GROUP_7_5] = {
		[0 ... 2] = OP(N),
		[4 ... 7] = OP(N),
	},
	[GROUP_7_7] = {
		[0] = EX(N, exec_swapgs),
		[1] = HAS(ALL, RDTSCP, exec_rdtscp),
		[2 ... 7] = OP(N),
	},
	[GROUP_8] = {
		BOTH(4, N, exec_bt),
		BOTH(5, LK, exec_bts),
		BOTH(6, LK, exec_bts),			/* BTR */
		BOTH(7, LK, exec_bts),			/* BTC */
	},
	[GROUP_9] = {
		MEM(1, LK, exec_cmpxchg_wide),
		[3] = WITH(OP_NP, exec_xrstors),
		[4] = WITH(OP_NP, exec_xsavec),
		[5] = WITH(OP_NP, exec_xsaves),
		[6 ... 7] = OP(N),			/* VMPTRLD, VMPTRST */
		[8 + 6] = OP(N),			/* RDRAND */
		[8 + 7] = HAS(OP_F3, RDPID, exec_rdpid),	/* RDSEED */
	},
	[GROUP_11] = {
		BOTH(0, N, exec_mov_imm),
		[8 + 7] = OP(G(11_7)),
	},
	[GROUP_11_7] = { [0] = OP(N) },			/* XABORT, XBEGIN */
	[GROUP_12] = { [8 + 2] = OP(N), [8 + 4] = OP(N), [8 + 6] = OP(N) },
	[GROUP_14] = { [8 + 2 ... 8 + 3] = OP(N), [8 + 6 ... 8 + 7] = OP(N) },
	[GROUP_15] = {
		[0] = WITH(OP_NP, exec_fxsave),
		[1] = WITH(OP_NP, exec_fxrstor),
		[2] = WITH(OP_NP, exec_ldmxcsr),
		[3] = WITH(OP_NP, exec_stmxcsr),
		[4] = WITH(OP_NP, exec_xsave),
		[5] = WITH(OP_NP, exec_xrstor),
		[6] = WITH(NP66, exec_clwb),		/* XSAVEOPT */
		[7] = WITH(NP66, exec_clflush),
		[8 + 0 ... 8 + 3] = WITH(OP_F3, exec_fsgsbase),
		[8 + 4] = OP(N),
		[8 + 5 ... 8 + 7] = WITH(OP_NP, exec_nop), /* fences */
	},
	[GROUP_17] = {
		[1 ... 3] = BMI(ALL, exec_blsr),
		[8 + 1 ... 8 + 3] = BMI(ALL, exec_blsr),
	},
	[GROUP_SREG_READ] = {
		[0 ... 5] = EX(N, exec_mov_from_seg),
		[8 ... 8 + 5] = EX(N, exec_mov_from_seg),
	},
	[GROUP_SREG_WRITE] = {
		BOTH(0, N, exec_mov_to_seg),
		[2 ... 5] = EX(N, exec_mov_to_seg),
		[8 + 2 ... 8 + 5] = EX(N, exec_mov_to_seg),
	},
	/* The escapes of x87: only what moves its state and registers is executed. */
	[GROUP_D9] = {
		MEM(0, N, exec_fld),
		[1] = OP(N),
		[2 ... 3] = EX(N, exec_fst),
		MEM(4, N, exec_fldenv),
		MEM(5, ONE, exec_fldcw),
		MEM(6, N, exec_fnstenv),
		MEM(7, ONE, exec_fnstcw),
		[8 ... 15] = OP(N),
	},
	[GROUP_DB] = {
		MEM(0, N, exec_fild),
		[1 ... 3] = EX(N, exec_fist),
		[4] = OP(N),
		MEM(5, N, exec_fld),
		[6] = OP(N),
		MEM(7, N, exec_fst),
		[8 ... 11] = OP(N),
		[8 + 4] = OP(G(DB_4)),
		[13 ... 15] = OP(N),
	},
	[GROUP_DB_4] = {
		[0 ... 1] = OP(N),
		[2 ... 3] = EX(N, exec_fninit),		/* FNCLEX, FNINIT */
		[4 ... 7] = OP(N),
	},
	[GROUP_DD] = {
		MEM(0, N, exec_fld),
		MEM(1, N, exec_fist),
		[2 ... 3] = EX(N, exec_fst),
		MEM(4, N, exec_frstor),
		[5] = OP(N),
		MEM(6, N, exec_fnsave),
		MEM(7, ONE, exec_fnstsw),
		[8 ... 15] = OP(N),
	},
	[GROUP_DF] = {
		MEM(0, N, exec_fild),
		[1 ... 3] = EX(N, exec_fist),
		[4] = OP(N),				/* FBLD */
		MEM(5, N, exec_fild),
		[6] = OP(N),				/* FBSTP */
		MEM(7, N, exec_fist),
		[8 ... 11] = OP(N),
		[8 + 4] = OP(G(DF_4)),
		[13 ... 15] = OP(N),
	},
	[GROUP_DF_4] = {
		[0] = EX(N, exec_fnstsw),
		[1 ... 7] = OP(N),
	},
	[GROUP_CR] = {
		REG(0, N, exec_mov_cr),
		[8 + 2 ... 8 + 4] = EX(N, exec_mov_cr),
	},
};

const struct emul_opcode *optable_find(unsigned int map, u8 opcode)
{
	static const struct emul_opcode *const maps[] = {
		map_one_byte, map_0f, map_0f38, map_0f3a
	};

	return &maps[map][opcode];
}

const struct emul_opcode *optable_member(u32 flags, u8 modrm)
{
	enum op_group group = (flags & OP_GROUP) >> OP_GROUP_SHIFT;

	if (group == GROUP_NONE)
		return NULL;
	if (group >= GROUP_RM)
		return &groups[group][modrm & 7];
	return &groups[group][(modrm >> 3 & 7) + (modrm < 0xc0 ? 0 : 8)];
}
