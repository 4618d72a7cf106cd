/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions that execute instructions.  A row of the opcode table names one;
 * it serves all opcodes whose rows do, and finds its operands in ctx->insn.  What
 * the row's flags demand has been checked.
 *
 * Each returns EMUL_OK when the next instruction follows, EMUL_JUMP when RIP is
 * what it is to be, or as emul_exec() does; but for these two and EMUL_TRAP it has
 * changed no register.  EMUL_UNKNOWN: the row is also that of other instructions.
 */
#ifndef LAMINA_EMUL_EXEC_H
#define LAMINA_EMUL_EXEC_H

#include "emul/emul.h"

/* exec_mov.c */
emul_exec_fn exec_mov_store, exec_mov_load, exec_mov_imm, exec_mov_reg_imm;
emul_exec_fn exec_mov_offset, exec_movzx, exec_movsx, exec_movsxd, exec_movnti;
emul_exec_fn exec_lea;

/* exec_alu.c */
emul_exec_fn exec_alu_rm_reg, exec_alu_reg_rm, exec_alu_ax_imm, exec_alu_rm_imm;
emul_exec_fn exec_cmp_rm_reg, exec_cmp_reg_rm, exec_cmp_rm_imm;
emul_exec_fn exec_test_rm_reg, exec_test_ax_imm, exec_test_rm_imm;
emul_exec_fn exec_not, exec_neg, exec_inc, exec_inc_reg, exec_shift, exec_shld;
emul_exec_fn exec_bound;

/* exec_bits.c */
emul_exec_fn exec_bt, exec_bts, exec_bsf, exec_popcnt, exec_movbe_crc32;
emul_exec_fn exec_bswap;

/* exec_bmi.c */
emul_exec_fn exec_andn, exec_blsr, exec_bzhi, exec_bextr, exec_rorx, exec_adx;

/* exec_mul.c */
emul_exec_fn exec_mul, exec_imul, exec_div, exec_idiv;

/* exec_decimal.c */
emul_exec_fn exec_daa, exec_aaa, exec_aam;

/* exec_swap.c */
emul_exec_fn exec_xchg, exec_xchg_ax, exec_xadd, exec_cmpxchg, exec_cmpxchg_wide;

/* exec_flags.c */
emul_exec_fn exec_clc, exec_cmc, exec_cld, exec_sahf, exec_lahf, exec_salc;
emul_exec_fn exec_setcc, exec_cmovcc, exec_cbw, exec_cwd, exec_xlat;

/* exec_string.c; exec_repeat() is one iteration of the instruction, with REP */
emul_exec_fn exec_ins, exec_outs, exec_movs, exec_cmps, exec_stos, exec_lods;
emul_exec_fn exec_repeat;

/* exec_hint.c */
emul_exec_fn exec_nop, exec_ud, exec_clflush, exec_clwb;

/* exec_sse.c; exec_evex.c is called by exec_vector() */
emul_exec_fn exec_vector, exec_evex;

/* exec_x87.c */
emul_exec_fn exec_fnstenv, exec_fnsave, exec_fldenv, exec_frstor, exec_fnstcw;
emul_exec_fn exec_fnstsw, exec_fldcw, exec_fninit;

/* exec_x87_move.c; exec_mmx() is called by exec_vector() */
emul_exec_fn exec_fld, exec_fst, exec_fild, exec_fist, exec_mmx;

/* exec_xsave.c */
emul_exec_fn exec_fxsave, exec_fxrstor, exec_ldmxcsr, exec_stmxcsr, exec_xsave;
emul_exec_fn exec_xsaveopt, exec_xsavec, exec_xsaves, exec_xrstor, exec_xrstors;

/* exec_stack.c */
emul_exec_fn exec_push_reg, exec_push_imm, exec_push_rm, exec_pop_reg;
emul_exec_fn exec_pop_rm, exec_pusha, exec_popa, exec_pushf, exec_popf;
emul_exec_fn exec_enter, exec_leave;

/* exec_flow.c */
emul_exec_fn exec_jcc, exec_jcxz, exec_loop, exec_jmp, exec_jmp_rm, exec_call;
emul_exec_fn exec_call_rm, exec_ret;

/* exec_seg.c */
emul_exec_fn exec_mov_from_seg, exec_mov_to_seg, exec_push_seg, exec_pop_seg;
emul_exec_fn exec_les, exec_lds, exec_lss;

/* exec_desc.c */
emul_exec_fn exec_sldt, exec_lldt, exec_verr, exec_lar, exec_lsl, exec_arpl;
emul_exec_fn exec_sgdt, exec_lgdt;

/* exec_sys.c */
emul_exec_fn exec_mov_cr, exec_mov_dr, exec_clts, exec_smsw, exec_lmsw;
emul_exec_fn exec_rdmsr, exec_wrmsr, exec_xgetbv, exec_rdtsc, exec_rdtscp;
emul_exec_fn exec_cpuid, exec_invlpg, exec_invpcid, exec_swapgs, exec_fsgsbase;
emul_exec_fn exec_rdpid, exec_clac;

/* exec_rsm.c */
emul_exec_fn exec_rsm;

/* exec_port.c */
emul_exec_fn exec_in, exec_out, exec_cli, exec_hlt;

/* exec_fast.c */
emul_exec_fn exec_syscall, exec_sysret, exec_sysenter, exec_sysexit;

/* exec_far.c */
emul_exec_fn exec_jmp_far, exec_call_far, exec_ret_far;

/* exec_int.c */
emul_exec_fn exec_int3, exec_int, exec_into, exec_iret;

/**
 * exec_next - end an instruction that the next one follows
 * @ctx: the emulation; all its effects are in place
 *
 * Moves RIP behind the instruction and clears RF (SDM vol. 3, 17.3.1.1).
 */
void exec_next(struct emul_ctx *ctx);

#endif
