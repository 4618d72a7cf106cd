// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "emul_native.h"
#include "emul_user.h"

/* Used by the assembly below. */
u64 native_gpr[16], native_ymm[16][4], native_flags, native_stack;
u64 native_code = NATIVE_CODE;
u8 native_avx;
void native_enter(void);
extern char native_leave[];

#define EACH ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"

/* Changes flags. */
#define VECTORS(avx, sse) \
    "	cmpb $0, native_avx(%rip); je 1f\n" \
    EACH "vmovups " avx "\n .endr; jmp 2f\n" \
    "1:\n" EACH "movups " sse "\n .endr; 2:\n"

asm(".pushsection .text\n"
    "native_enter:\n"
    USER_PUSH
    "	mov %rsp, native_stack(%rip)\n"
    VECTORS("native_ymm+32*\\n(%rip), %ymm\\n",
	    "native_ymm+32*\\n(%rip), %xmm\\n")
    "	pushq native_flags(%rip); popf\n"
    USER_LOAD("native_gpr")
    "	jmp *native_code(%rip)\n"
    "native_leave:\n"
    "	mov %rax, native_gpr+0(%rip); mov %rcx, native_gpr+8(%rip)\n"
    "	mov %rdx, native_gpr+16(%rip); mov %rbx, native_gpr+24(%rip)\n"
    "	mov %rsp, native_gpr+32(%rip); mov %rbp, native_gpr+40(%rip)\n"
    "	mov %rsi, native_gpr+48(%rip); mov %rdi, native_gpr+56(%rip)\n"
    "	mov %r8, native_gpr+64(%rip); mov %r9, native_gpr+72(%rip)\n"
    "	mov %r10, native_gpr+80(%rip); mov %r11, native_gpr+88(%rip)\n"
    "	mov %r12, native_gpr+96(%rip); mov %r13, native_gpr+104(%rip)\n"
    "	mov %r14, native_gpr+112(%rip); mov %r15, native_gpr+120(%rip)\n"
    "	mov native_stack(%rip), %rsp\n"
    "	pushf; popq native_flags(%rip); pushq $2; popf\n"
    VECTORS("%ymm\\n, native_ymm+32*\\n(%rip)",
	    "%xmm\\n, native_ymm+32*\\n(%rip)")
    USER_POP_RET
    ".popsection\n");

static volatile int native_vector;
static volatile u64 native_address;

/* A fault in the tested instruction ends it; any other is a real crash. */
static void native_signal(int sig, siginfo_t *info, void *arg)
{
	greg_t *regs = ((ucontext_t *)arg)->uc_mcontext.gregs;

	if ((u64)regs[REG_RIP] - NATIVE_CODE >= 16) {
		signal(sig, SIG_DFL);
		return;
	}
	native_vector = regs[REG_TRAPNO];
	native_address = regs[REG_CR2];
	regs[REG_RIP] = (greg_t)native_leave;
}

void native_init(void)
{
	static bool mapped;

	mapped = mapped || user_map(NATIVE_CODE, 4096,
				    PROT_READ | PROT_WRITE | PROT_EXEC);
	if (!mapped)
		abort();
	user_catch(native_signal);
}

#define LEAVE 64	/* offset of the way out */

void native_run(const u8 *insn, unsigned int len,
		struct native_state *state)
{
	/* The pointer is aligned: a case may ask the processor to check that. */
	const u8 jump[] = { 0xff, 0x25, LEAVE - 6 - len, 0, 0, 0 };
	u8 *code = (u8 *)NATIVE_CODE;
	u64 leave = (u64)native_leave;

	memcpy(code, insn, len);
	memcpy(code + len, jump, sizeof(jump));
	memcpy(code + LEAVE, &leave, sizeof(leave));

	memcpy(native_gpr, state->gpr, sizeof(native_gpr));
	memcpy(native_ymm, state->ymm, sizeof(native_ymm));
	native_flags = state->flags;
	native_vector = -1;
	native_enter();
	memcpy(state->gpr, native_gpr, sizeof(native_gpr));
	memcpy(state->ymm, native_ymm, sizeof(native_ymm));
	state->flags = native_flags;
	state->vector = native_vector;
	state->address = native_address;
}
