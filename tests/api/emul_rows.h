/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rows of emul_test.c: X(name, flags left undefined, code).
 *
 * At the start: RDI is the operand, ES:DI in real mode, where FS is ES; RSI is
 * memory; RCX is 3.  M(d) is the operand with displacement d.
 */
#ifndef EMUL_ROWS_H
#define EMUL_ROWS_H

#define OPER		RAM_SIZE
#define OPER16		0xa0000ul
#define DATA		0xb000
#define TARGET		0xa000ul
#define REG_RAX		0x1122334455667788ull
#define REG_RDX		0x0fedcba900000321ull

#define FLAG_TF		0x100
#define FLAG_RF		0x10000

#define CF	0x001
#define PF	0x004
#define AF	0x010
#define ZF	0x040
#define SF	0x080
#define OF	0x800
#define AFOF	(AF | OF)
#define BITF	(AF | OF | SF | PF)	/* SDM vol. 2, BT */
#define SCANF	(AF | OF | SF | PF | CF)	/* BSF */
#define MULF	(AF | SF | ZF | PF)
#define DIVF	(AF | SF | ZF | PF | CF | OF)

#define M64(d)	#d "(%rdi)"
#define M32(d)	#d "(%edi)"
#define M16(d)	"%fs:" #d "(%di)"

/* Not with single steps: the trap needs what the row takes away. */
#define NOSTEP	(1u << 31)

#define ROWS_MOVE(X, M)							\
	X(st8, 0, "mov %al, " M(0))					\
	X(st16, 0, "mov %ax, " M(0))					\
	X(st32, 0, "mov %eax, " M(0))					\
	X(ld8, 0, "mov " M(1) ", %ah")					\
	X(ld16, 0, "mov " M(2) ", %bx")					\
	X(ld32, 0, "mov " M(4) ", %ebx")				\
	X(imm8, 0, "movb $0x81, " M(0))					\
	X(imm16, 0, "movw $0x8182, " M(0))				\
	X(imm32, 0, "movl $0x81828384, " M(0))				\
	X(unaligned, 0, "mov %eax, " M(3) "\n mov " M(1) ", %edx")	\
	X(page_cross, 0, "mov %eax, " M(0xefe) "\n mov " M(0xefd) ", %ebx") \
	X(movzbw, 0, "movzbw " M(0) ", %bx")				\
	X(movzbl, 0, "movzbl " M(0) ", %ebx")				\
	X(movzwl, 0, "movzwl " M(0) ", %ebx")				\
	X(movsbw, 0, "movsbw " M(4) ", %bx")				\
	X(movsbl, 0, "movsbl " M(4) ", %ebx")				\
	X(movswl, 0, "movswl " M(4) ", %ebx")				\
	X(xchg8, 0, "xchg %al, " M(0))					\
	X(xchg16, 0, "xchg %ax, " M(0))					\
	X(xchg32, 0, "xchg %eax, " M(0))				\
	X(cmovc, 0, "stc\n cmovc " M(0) ", %ebx")			\
	X(cmovc_not, 0, "clc\n cmovc " M(0) ", %ebx")			\
	X(cmovnz16, 0, "cmovnz " M(0) ", %bx")				\
	X(setc, 0, "stc\n setc " M(0))					\
	X(setz, 0, "setz " M(0))					\
	X(setl, 0, "setl " M(0))					\
	X(seg_store, 0, "mov %es, " M(0))				\
	X(seg_load, 0, "mov " M(0x170) ", %ds")				\
	X(seg_load_null, 0, "mov " M(0x180) ", %gs")			\
	X(push16, 0, "pushw " M(0))					\
	X(pop16, 0, "pushw %ax\n popw " M(0))

#define ROWS_ALU_OP(X, M, op)						\
	X(op##8st, 0, #op " %al, " M(0))				\
	X(op##16st, 0, #op " %ax, " M(0))				\
	X(op##32st, 0, #op " %eax, " M(0))				\
	X(op##8ld, 0, #op " " M(0) ", %al")				\
	X(op##16ld, 0, #op " " M(0) ", %ax")				\
	X(op##32ld, 0, "stc\n " #op " " M(0) ", %eax")			\
	X(op##8imm, 0, #op "b $0x7f, " M(0))				\
	X(op##16imm8, 0, #op "w $-3, " M(0))				\
	X(op##32imm, 0, "stc\n " #op "l $0x81234567, " M(0))

/* AND, OR, XOR and TEST leave AF undefined. */
#define ROWS_LOGIC_OP(X, M, op)						\
	X(op##8st, AF, #op " %al, " M(0))				\
	X(op##16st, AF, #op " %ax, " M(0))				\
	X(op##32st, AF, #op " %eax, " M(0))				\
	X(op##8ld, AF, #op " " M(0) ", %al")				\
	X(op##32ld, AF, #op " " M(0) ", %eax")				\
	X(op##8imm, AF, #op "b $0x7f, " M(0))				\
	X(op##16imm, AF, #op "w $0x8001, " M(0))			\
	X(op##32imm, AF, #op "l $0x81234567, " M(0))

#define ROWS_ALU(X, M)							\
	ROWS_ALU_OP(X, M, add)						\
	ROWS_ALU_OP(X, M, adc)						\
	ROWS_ALU_OP(X, M, sub)						\
	ROWS_ALU_OP(X, M, sbb)						\
	ROWS_ALU_OP(X, M, cmp)						\
	ROWS_LOGIC_OP(X, M, and)					\
	ROWS_LOGIC_OP(X, M, or)						\
	ROWS_LOGIC_OP(X, M, xor)					\
	ROWS_LOGIC_OP(X, M, test)					\
	X(not8, 0, "notb " M(0))					\
	X(not32, 0, "notl " M(0))					\
	X(neg8, 0, "negb " M(0))					\
	X(neg32, 0, "negl " M(0))					\
	X(inc8, 0, "stc\n incb " M(0))					\
	X(inc16, 0, "incw " M(0))					\
	X(dec32, 0, "stc\n decl " M(0))					\
	X(mul8, MULF, "mulb " M(0))					\
	X(mul16, MULF, "mulw " M(0))					\
	X(mul32, MULF, "mull " M(0))					\
	X(imul8, MULF, "imulb " M(0))					\
	X(imul32, MULF, "imull " M(0))					\
	X(imul_reg, MULF, "imul " M(0) ", %ebx")			\
	X(imul_imm, MULF, "imul $-7, " M(0) ", %bx")			\
	X(imul_imm32, MULF, "imul $0x12345, " M(0) ", %ebx")		\
	X(div8, DIVF, "mov $0x0123, %ax\n divb " M(1))			\
	X(div16, DIVF, "xor %edx, %edx\n divw " M(0))			\
	X(div32, DIVF, "xor %edx, %edx\n divl " M(0x1a0))		\
	X(idiv32, DIVF, "mov $-100, %eax\n cltd\n idivl " M(0x1a0))

#define ROWS_SHIFT_OP(X, M, op, undef)					\
	X(op##8one, undef & ~OF, "stc\n " #op "b $1, " M(0))		\
	X(op##16imm, undef, #op "w $3, " M(0))				\
	X(op##32imm, undef, "stc\n " #op "l $7, " M(4))			\
	X(op##32cl, undef, #op "l %cl, " M(0))				\
	X(op##8cl, undef, #op "b %cl, " M(0))				\
	X(op##32zero, 0, "stc\n mov $32, %cl\n " #op "l %cl, " M(0))

#define ROWS_SHIFT(X, M)						\
	ROWS_SHIFT_OP(X, M, shl, AFOF)					\
	ROWS_SHIFT_OP(X, M, shr, AFOF)					\
	ROWS_SHIFT_OP(X, M, sar, AFOF)					\
	ROWS_SHIFT_OP(X, M, rol, OF)					\
	ROWS_SHIFT_OP(X, M, ror, OF)					\
	ROWS_SHIFT_OP(X, M, rcl, OF)					\
	ROWS_SHIFT_OP(X, M, rcr, OF)					\
	X(shld32, AFOF, "shld $5, %eax, " M(0))				\
	X(shld16cl, AFOF, "shld %cl, %ax, " M(0))			\
	X(shrd32, AFOF, "shrd $5, %eax, " M(0))				\
	X(shrd32cl, AFOF, "shrd %cl, %eax, " M(0))

#define ROWS_BIT_OP(X, M, op)						\
	X(op##16, BITF, "mov $11, %ax\n " #op " %ax, " M(0))		\
	X(op##32, BITF, "mov $7, %eax\n " #op " %eax, " M(0))		\
	X(op##32far, BITF, "mov $100, %eax\n " #op " %eax, " M(0))	\
	X(op##32back, BITF, "mov $-70, %eax\n " #op " %eax, " M(0))	\
	X(op##32imm, BITF, #op "l $29, " M(0))				\
	X(op##16imm, BITF, #op "w $35, " M(0))

#define ROWS_BIT(X, M)							\
	ROWS_BIT_OP(X, M, bt)						\
	ROWS_BIT_OP(X, M, bts)						\
	ROWS_BIT_OP(X, M, btr)						\
	ROWS_BIT_OP(X, M, btc)						\
	X(bsf32, SCANF, "bsf " M(0) ", %ebx")				\
	X(bsr16, SCANF, "bsr " M(0) ", %bx")				\
	X(popcnt, 0, "popcnt " M(0) ", %ebx")				\
	X(xlat, 0, "mov $5, %al\n xlat")

#define ROWS_LOCKED(X, M)						\
	X(add32, 0, "lock addl $0x1234567, " M(0))			\
	X(add8, 0, "lock add %al, " M(3))				\
	X(or16, AF, "lock or %ax, " M(0))				\
	X(sbb32, 0, "stc\n lock sbb %eax, " M(0))			\
	X(inc32, 0, "lock incl " M(0))					\
	X(dec8, 0, "lock decb " M(0))					\
	X(lock_not32, 0, "lock notl " M(0))					\
	X(neg16, 0, "lock negw " M(0))					\
	X(bts, BITF, "lock btsl $9, " M(0))				\
	X(btc_far, BITF, "mov $100, %eax\n lock btc %eax, " M(0))	\
	X(xadd8, 0, "xadd %al, " M(0))					\
	X(xadd32, 0, "lock xadd %eax, " M(0))				\
	X(xadd16, 0, "lock xadd %cx, " M(0))				\
	X(cmpxchg8, 0, "cmpxchg %cl, " M(0))				\
	X(cmpxchg32, 0, "lock cmpxchg %ecx, " M(0))			\
	X(cmpxchg32eq, 0, "lock cmpxchg %ecx, " M(0x1b0))		\
	X(cmpxchg16eq, 0, "cmpxchg %cx, " M(0x1b0))			\
	X(cmpxchg8b, 0, "lock cmpxchg8b " M(0))				\
	X(cmpxchg8b_eq, 0, "lock cmpxchg8b " M(0x1c0))			\
	X(xchg_line, 0, "xchg %eax, " M(0x3e))				\
	X(cross_page, 0, "lock addl $0x1234567, " M(0xefe))

#endif
