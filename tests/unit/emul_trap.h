/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Executes one instruction on the processor that runs the test, in 64-bit
 * mode, wherever it jumps to: all code around it is INT3, and what is not code
 * cannot be executed.  The signal's context tells the state afterwards.  To be
 * included once.
 */
#ifndef TESTS_UNIT_EMUL_TRAP_H
#define TESTS_UNIT_EMUL_TRAP_H

#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "emul_user.h"

#define TRAP_PAGES	0x30000000ULL
#define TRAP_SIZE	0x2000
#define TRAP_CODE	(TRAP_PAGES + 0x1000)

struct trap_state {
	u64 gpr[16];
	u64 flags;
	u64 rip;
	int vector;	/* of the fault that ended it, or -1 */
	u32 error;	/* and its error code */
	u64 address;	/* CR2, for vector 14 */
	u16 cs, ss, gs, ds, es;
};

/* Used by the assembly below. */
u64 trap_gpr[16], trap_flags, trap_stack, trap_code = TRAP_CODE;
void trap_enter(void);
extern char trap_leave[];

asm(".pushsection .text\n"
    "trap_enter:\n"
    USER_PUSH
    "	mov %rsp, trap_stack(%rip)\n"
    "	pushq trap_flags(%rip); popf\n"
    USER_LOAD("trap_gpr")
    "	jmp *trap_code(%rip)\n"
    "trap_leave:\n"
    "	mov trap_stack(%rip), %rsp\n"
    "	cld\n"
    USER_POP_RET
    ".popsection\n");

static struct trap_state *trap_result;

static void trap_registers(const greg_t *regs)
{
	static const int order[16] = {
		REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI,
		REG_RDI, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13,
		REG_R14, REG_R15,
	};
	unsigned int i;

	for (i = 0; i < 16; i++)
		trap_result->gpr[i] = regs[order[i]];
}

/* DS, ES and GS are still the instruction's: the kernel leaves them alone. */
static void trap_segments(greg_t *regs)
{
	u64 all = regs[REG_CSGSFS];
	u16 ds, es, gs;

	asm volatile("mov %%ds, %0; mov %%es, %1; mov %%gs, %2"
		     : "=r"(ds), "=r"(es), "=r"(gs));
	trap_result->cs = all;
	trap_result->gs = gs;
	trap_result->ss = all >> 48;
	trap_result->ds = ds;
	trap_result->es = es;
	regs[REG_CSGSFS] = 0x2bULL << 48 | (all & 0xffff00000000) | 0x33;
	asm volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%gs" : : "r"(0));
}

/* INT3, or a fetch from where no code is: the end of the instruction. */
static void trap_signal(int sig, siginfo_t *info, void *arg)
{
	greg_t *regs = ((ucontext_t *)arg)->uc_mcontext.gregs;
	bool fetch = regs[REG_TRAPNO] == 14 && regs[REG_ERR] & 0x10;

	if (!trap_result) {
		signal(sig, SIG_DFL);
		return;
	}
	trap_registers(regs);
	trap_result->flags = regs[REG_EFL];
	trap_result->rip = regs[REG_RIP] - (regs[REG_TRAPNO] == 3);
	trap_result->vector = -1;
	if (regs[REG_TRAPNO] != 3 && !fetch)
		trap_result->vector = regs[REG_TRAPNO];
	trap_result->error = regs[REG_ERR];
	trap_result->address = regs[REG_CR2];
	trap_segments(regs);
	trap_result = NULL;
	regs[REG_EFL] = 0x202;
	regs[REG_RIP] = (greg_t)trap_leave;
	regs[REG_RSP] = (greg_t)trap_stack;
}

/* In each test, as user_catch(). */
static void trap_init(void)
{
	if (!user_map(TRAP_PAGES, TRAP_SIZE,
		      PROT_READ | PROT_WRITE | PROT_EXEC))
		abort();
	memset((void *)TRAP_PAGES, 0xcc, TRAP_SIZE);
	user_catch(trap_signal);
}

/* Executes @len bytes at @insn; @state is both before and after. */
static void trap_run(const u8 *insn, unsigned int len,
		     struct trap_state *state)
{
	u8 *code = (u8 *)TRAP_CODE;

	memcpy(code, insn, len);
	memcpy(trap_gpr, state->gpr, sizeof(trap_gpr));
	trap_flags = state->flags;
	trap_result = state;
	trap_enter();
	memset(code, 0xcc, len);
}

#endif
