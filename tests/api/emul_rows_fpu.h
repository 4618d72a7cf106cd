/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rows of emul_test.c that move FPU state, for all modes.
 *
 * The lab's processor leaves pointers, and what is reserved in words of 32 bits, as
 * it likes: these bytes are cleared in the operand behind the instruction.  It does
 * not check MXCSR's reserved bits: emul_fpu_test does.
 */
#ifndef EMUL_ROWS_FPU_H
#define EMUL_ROWS_FPU_H

#include "emul_rows.h"

/* Something on the stack, in memory of the program and without faults. */
#define LOAD	"fninit\n fld1\n fldpi\n fldz\n fdiv %st(1), %st\n "
#define ENV16(M) "\n movl $0, " M(6) "\n movl $0, " M(10)

#define ZERO6(M, at) "\n movl $0, " M(at) "\n movw $0, " M(at + 4)
/* Behind FXSAVE at @b: FOP, pointers, what is behind each register. */
#define FX(M, b)							\
	"\n movw $0, " M(b + 6) "\n movl $0, " M(b + 8)			\
	"\n movl $0, " M(b + 12) "\n movl $0, " M(b + 16)		\
	"\n movl $0, " M(b + 20)						\
	ZERO6(M, b + 0x2a) ZERO6(M, b + 0x3a) ZERO6(M, b + 0x4a)	\
	ZERO6(M, b + 0x5a) ZERO6(M, b + 0x6a) ZERO6(M, b + 0x7a)	\
	ZERO6(M, b + 0x8a) ZERO6(M, b + 0x9a)

#define ROWS_FPU(X, M)							\
	X(fnstcw, 0, "fninit\n fnstcw " M(0))				\
	X(fnstcw_page, 0, "fninit\n fnstcw " M(0xeff))			\
	X(fnstsw, 0, LOAD "fnstsw " M(2))				\
	X(fldcw, 0, "fninit\n movw $0x27f, " M(8) "\n fldcw " M(8)	\
	  "\n fnstcw " M(0))						\
	X(fnstenv16, 0, LOAD "fnstenvs " M(0) ENV16(M))		\
	X(fldenv16, 0, LOAD "fnstenvs " M(0)			\
	  "\n movw $0x1b7f, " M(0) "\n fninit\n fldenvs " M(0)	\
	  "\n fnstcw " M(0x40) "\n fnstsw " M(0x42) ENV16(M))		\
	X(fnsave16, 0, LOAD "fnsaves " M(0) ENV16(M))		\
	X(frstor16, 0, LOAD "fnsaves " M(0) "\n frstors " M(0) \
	  "\n fstpt 0xb100\n fstpt 0xb110\n fnsaves " M(0) ENV16(M)) \
	X(stmxcsr, 0, "stmxcsr " M(4))					\
	X(ldmxcsr, 0, "movl $0x1f9f, " M(0) "\n ldmxcsr " M(0)		\
	  "\n movl $0, " M(0) "\n stmxcsr " M(0))			\
	X(fxsave, 0, LOAD "fxsave " M(0) FX(M, 0))			\
	X(fxsave_page, 0, LOAD "fxsave " M(0xe00) FX(M, 0xe00))		\
	X(fxrstor, 0, LOAD "fxsave " M(0) "\n movl $0x1fbf, " M(24)	\
	  "\n notl " M(0xa0) "\n notl " M(0x110) "\n fninit\n fxrstor " M(0) \
	  "\n fnstsw " M(0x200) "\n fnstcw " M(0x202) "\n stmxcsr " M(0x204) \
	  FX(M, 0))

/* CR4.OSXSAVE on, XCR0 and the mask 3. */
#define OSXSAVE(reg)							\
	"mov %cr4, %" reg "\n or $0x40000, %eax\n mov %" reg ", %cr4\n" \
	"xor %ecx, %ecx\n xor %edx, %edx\n mov $3, %eax\n xsetbv\n"

#define ROWS_XSAVE(X, M, reg)						\
	X(xsave, 0, OSXSAVE(reg) LOAD "xsave " M(0) FX(M, 0))		\
	X(xsaveopt, 0, OSXSAVE(reg) LOAD "xsaveopt " M(0) FX(M, 0))	\
	X(xsave_mask, 0, OSXSAVE(reg) LOAD "mov $2, %eax\n xsave " M(0)	\
	  FX(M, 0))							\
	X(xrstor, 0, OSXSAVE(reg) LOAD "movl $0, " M(0x208)		\
	  "\n movl $0, " M(0x20c) "\n movl $0, " M(0x210)		\
	  "\n movl $0, " M(0x214) "\n movl $0, " M(0x200)		\
	  "\n movl $0, " M(0x204) "\n xsave " M(0) "\n fninit"		\
	  "\n notl " M(0xa0) "\n xrstor " M(0)				\
	  "\n fnstsw " M(0x240) "\n fnstcw " M(0x242) FX(M, 0))		\
	X(xrstor_init, 0, OSXSAVE(reg) LOAD "movl $0, " M(0x208)	\
	  "\n movl $0, " M(0x20c) "\n movl $0, " M(0x210)		\
	  "\n movl $0, " M(0x214) "\n movl $0, " M(0x204)		\
	  "\n movl $0, " M(0x200) "\n movl $0x1fa0, " M(24)		\
	  "\n xrstor " M(0) "\n fnstsw " M(0x240)			\
	  "\n fnstcw " M(0x242) "\n stmxcsr " M(0x244))

/* These fault: not in real mode, where the tests have no handlers. */
#define ROWS_FPU_FAULTS(X, M)						\
	X(fxsave_misaligned, 0, "fxsave " M(8))				\
	X(fnstcw_ts, NOSTEP, "smsw %ax\n or $8, %ax\n lmsw %ax\n fnstcw " M(0))	\
	X(fxsave_ts, NOSTEP, "smsw %ax\n or $8, %ax\n lmsw %ax\n fxsave " M(0))	\
	X(xsave_off, 0, "xsave " M(0))

#endif
