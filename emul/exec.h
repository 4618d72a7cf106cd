/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The units that execute instructions.  Each looks at the decoded instruction
 * and returns EMUL_UNKNOWN, with nothing changed, when it is not one of its
 * own.  Only exec_sse() is called for VEX and EVEX forms.
 */
#ifndef LAMINA_EMUL_EXEC_H
#define LAMINA_EMUL_EXEC_H

#include "emul/emul.h"

/**
 * exec_key - map and opcode in one number, for switch statements
 * @insn: the instruction
 *
 * Return: for example 0x1b6 for 0F B6.
 */
static inline unsigned int exec_key(const struct emul_insn *insn)
{
	return insn->map << 8 | insn->opcode;
}

/**
 * exec_next - end the instruction
 * @ctx: the emulation; all its effects are in place
 *
 * Moves RIP behind the instruction and clears RF (SDM vol. 3, 17.3.1.1).
 *
 * Return: EMUL_OK.
 */
enum emul_result exec_next(struct emul_ctx *ctx);

/**
 * exec_mov - MOV, MOVZX, MOVSX, MOVSXD, MOVNTI, LEA
 * @ctx: the emulation
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_mov(struct emul_ctx *ctx);

/**
 * exec_alu - ADD to CMP, TEST, NOT, NEG, INC, DEC, BOUND
 * @ctx: the emulation
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_alu(struct emul_ctx *ctx);

/**
 * exec_string - MOVS, STOS, LODS, CMPS, SCAS, INS, OUTS
 * @ctx: the emulation
 *
 * With REP one iteration a call; RIP stays until the last one is done.
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_string(struct emul_ctx *ctx);

/**
 * exec_shift - rotates and shifts, SHLD, SHRD
 * @ctx: the emulation
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_shift(struct emul_ctx *ctx);

/**
 * exec_bits - BT to BTC, BSF, BSR, TZCNT, LZCNT, POPCNT, CRC32
 * @ctx: the emulation
 *
 * TZCNT and LZCNT exist, whatever CPUID says.
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_bits(struct emul_ctx *ctx);

/**
 * exec_swap - XCHG, XADD, CMPXCHG, CMPXCHG8B, CMPXCHG16B, BSWAP, MOVBE
 * @ctx: the emulation
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_swap(struct emul_ctx *ctx);

/**
 * exec_flags - CLC to STD, LAHF, SAHF, SETcc, CMOVcc, CBW, CWD, XLAT, SALC
 * @ctx: the emulation
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_flags(struct emul_ctx *ctx);

/**
 * exec_mul - MUL, IMUL, DIV, IDIV
 * @ctx: the emulation
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_mul(struct emul_ctx *ctx);

/**
 * exec_hint - NOP, PREFETCH, CLFLUSH, CLWB, fences, UD0 to UD2
 * @ctx: the emulation
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_hint(struct emul_ctx *ctx);

/**
 * exec_sse - moves of vector registers
 * @ctx: the emulation
 *
 * MOVxPS, MOVxPD, MOVDQx, MOVNTx, MOVSS, MOVSD, MOVD, MOVQ, LDDQU and their VEX
 * forms; nothing of MMX, no EVEX form.
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_sse(struct emul_ctx *ctx);

/**
 * exec_decimal - DAA, DAS, AAA, AAS, AAM, AAD
 * @ctx: the emulation
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_decimal(struct emul_ctx *ctx);

/**
 * exec_system - the instructions of stack, flow, segments and system registers
 * @ctx: the emulation
 *
 * All the units below.
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_system(struct emul_ctx *ctx);

/**
 * exec_stack - PUSH, POP, PUSHA, POPA, PUSHF, POPF, ENTER, LEAVE
 * @ctx: the emulation
 *
 * The extensions that CR4.VME switches on are not there.
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_stack(struct emul_ctx *ctx);

/**
 * exec_flow - near Jcc, JMP, CALL, RET, LOOP, JCXZ
 * @ctx: the emulation
 *
 * For Intel, in 64-bit mode, Jcc, JMP and CALL with an operand-size prefix and
 * a displacement of more than one byte are unknown: emul_decode() is AMD's.
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_flow(struct emul_ctx *ctx);

/**
 * exec_seg - MOV, PUSH and POP of segment registers, LDS to LGS
 * @ctx: the emulation
 *
 * A null selector clears the hidden part of a data segment register.
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_seg(struct emul_ctx *ctx);

/**
 * exec_desc - SLDT, STR, LLDT, LTR, VERR, VERW, LAR, LSL, ARPL
 * @ctx: the emulation
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_desc(struct emul_ctx *ctx);

/**
 * exec_sys - MOV CR and DR, MSRs, XCRs, RDTSC, CPUID, tables, INVLPG, SWAPGS
 * @ctx: the emulation
 *
 * MOV CR with LOCK is not CR8, as it is on AMD.  RDPMC and RSM are unknown.
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_sys(struct emul_ctx *ctx);

/**
 * exec_io - IN, OUT, CLI, STI, HLT
 * @ctx: the emulation
 *
 * The extensions that CR4.VME and CR4.PVI switch on are not there.
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_io(struct emul_ctx *ctx);

/**
 * exec_fast - SYSCALL, SYSRET, SYSENTER, SYSEXIT
 * @ctx: the emulation
 *
 * The first two are unknown outside protected mode.
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_fast(struct emul_ctx *ctx);

/**
 * exec_far - far JMP, CALL and RET
 * @ctx: the emulation
 *
 * Task gates and TSS descriptors as targets are unknown.
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_far(struct emul_ctx *ctx);

/**
 * exec_int - INT n, INT3, INTO, IRET
 * @ctx: the emulation
 *
 * Task gates, the return from a nested task, and INT1 are unknown; CR4.VME is
 * not looked at.
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_int(struct emul_ctx *ctx);

/**
 * exec_base - RDFSBASE, RDGSBASE, WRFSBASE, WRGSBASE, RDPID, CLAC, STAC
 * @ctx: the emulation
 *
 * RDPID, CLAC and STAC exist, whatever CPUID says.
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_base(struct emul_ctx *ctx);

#endif
