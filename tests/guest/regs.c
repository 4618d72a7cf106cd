// SPDX-License-Identifier: GPL-2.0-only
/*
 * Puts known values into the general and vector registers and stays there, for
 * someone outside to compare. It runs in the guest of a QEMU in the lab.
 */
#include <stdio.h>

#define R(name, number) "movabs $0x1122334455667700 + " #number ", %" #name "\n"
#define X(number)						\
	"movabs $0x2233445566778800 + " #number ", %rax\n"	\
	"movq %rax, %xmm" #number "\n"				\
	"movabs $0x3344556677889900 + " #number ", %rax\n"	\
	"movq %rax, %xmm15\n"					\
	"punpcklqdq %xmm15, %xmm" #number "\n"		\
	"movabs $0x4455667788990000 + " #number ", %rax\n"	\
	"vmovq %rax, %xmm15\n"					\
	"vinsertf128 $1, %xmm15, %ymm" #number ", %ymm" #number "\n"

extern const char regs_stay[];

asm(".globl regs_load, regs_stay\n"
    "regs_load:\n"
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
    X(8) X(9) X(10) X(11) X(12) X(13) X(14)
    R(rax, 0) R(rcx, 1) R(rdx, 2) R(rbx, 3) R(rsp, 4) R(rbp, 5) R(rsi, 6)
    R(rdi, 7) R(r8, 8) R(r9, 9) R(r10, 10) R(r11, 11) R(r12, 12) R(r13, 13)
    R(r14, 14) R(r15, 15)
    "regs_stay: jmp regs_stay\n");

void regs_load(void);

int main(void)
{
	printf("guest: registers are set at %016lx\n", (long)regs_stay);
	fflush(stdout);
	regs_load();
	return 1;
}
