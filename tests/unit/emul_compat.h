/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Executes one instruction on the processor that runs the test, in a code
 * segment of 32 or 16 bits.  With 16 bits, DS and ES are segments of 16 bits
 * with a base and a limit; the others are flat.  To be included once.
 */
#ifndef TESTS_UNIT_EMUL_COMPAT_H
#define TESTS_UNIT_EMUL_COMPAT_H

#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include <asm/ldt.h>

#include "emul_user.h"

#define COMPAT_CODE	0x30000000U
#define COMPAT_EXIT	(COMPAT_CODE + 0x800)
#define COMPAT_DATA	((u32)USER_DATA)
#define COMPAT_SIZE	((u32)USER_SIZE)

/* Selectors of Linux' GDT; entries 0 and 1 of the LDT. */
#define COMPAT_CS64	0x33
#define COMPAT_CS32	0x23
#define COMPAT_DS	0x2b
#define COMPAT_CS16	0x07
#define COMPAT_DS16	0x0f

struct compat_state {
	u32 gpr[8];
	u32 flags;
	int vector;	/* of the fault that ended it, or -1 */
	u32 address;	/* CR2, for vector 14 */
};

/* Used by the assembly below. */
u32 compat_gpr[8];
u16 compat_data;
struct {
	u32 offset;
	u16 selector;
} __attribute__((packed)) compat_far;
u64 compat_flags, compat_stack;
void compat_enter(void);
extern char compat_leave[];

asm(".pushsection .text\n"
    "compat_enter:\n"
    USER_PUSH
    "	mov %rsp, compat_stack(%rip)\n"
    "	mov compat_data(%rip), %ds; mov compat_data(%rip), %es\n"
    "	pushq compat_flags(%rip); popf\n"
    "	mov compat_gpr+0(%rip), %eax; mov compat_gpr+4(%rip), %ecx\n"
    "	mov compat_gpr+8(%rip), %edx; mov compat_gpr+12(%rip), %ebx\n"
    "	mov compat_gpr+16(%rip), %esp; mov compat_gpr+20(%rip), %ebp\n"
    "	mov compat_gpr+24(%rip), %esi; mov compat_gpr+28(%rip), %edi\n"
    "	ljmpl *compat_far(%rip)\n"
    "compat_leave:\n"
    "	mov %eax, compat_gpr+0(%rip); mov %ecx, compat_gpr+4(%rip)\n"
    "	mov %edx, compat_gpr+8(%rip); mov %ebx, compat_gpr+12(%rip)\n"
    "	mov %esp, compat_gpr+16(%rip); mov %ebp, compat_gpr+20(%rip)\n"
    "	mov %esi, compat_gpr+24(%rip); mov %edi, compat_gpr+28(%rip)\n"
    "	mov compat_stack(%rip), %rsp\n"
    "	pushf; popq compat_flags(%rip); cld\n"
    "	xor %eax, %eax; mov %eax, %ds; mov %eax, %es\n"
    USER_POP_RET
    ".popsection\n");

static volatile int compat_vector;
static volatile u64 compat_address;

/* A fault in the tested instruction ends it; any other is a real crash. */
static void compat_signal(int sig, siginfo_t *info, void *arg)
{
	greg_t *regs = ((ucontext_t *)arg)->uc_mcontext.gregs;
	u16 cs = regs[REG_CSGSFS];

	if (cs == COMPAT_CS64) {
		signal(sig, SIG_DFL);
		return;
	}
	compat_vector = regs[REG_TRAPNO];
	compat_address = regs[REG_CR2];
	regs[REG_RIP] = (greg_t)compat_leave;
	regs[REG_CSGSFS] = (greg_t)COMPAT_DS << 48 |
			   (regs[REG_CSGSFS] & 0xffffffff0000) | COMPAT_CS64;
}

static bool compat_segment(unsigned int entry, u32 base, u32 limit, bool code)
{
	struct user_desc desc = {
		.entry_number = entry, .base_addr = base, .limit = limit,
		.contents = code ? MODIFY_LDT_CONTENTS_CODE :
				   MODIFY_LDT_CONTENTS_DATA,
	};

	return syscall(SYS_modify_ldt, 1, &desc, sizeof(desc)) == 0;
}

/* false: this system has no such segments.  In each test, as user_catch(). */
static bool compat_init(void)
{
	static const u8 jump[] = { 0xff, 0x25, 0, 0, 0, 0 };
	u8 *out = (u8 *)(u64)COMPAT_EXIT;
	u64 leave = (u64)compat_leave;
	static bool mapped;

	mapped = mapped || user_map(COMPAT_CODE, 4096,
				    PROT_READ | PROT_WRITE | PROT_EXEC);
	if (!mapped ||
	    !compat_segment(0, COMPAT_CODE, 0xfff, true) ||
	    !compat_segment(1, COMPAT_DATA, COMPAT_SIZE - 1, false))
		return false;
	memcpy(out, jump, sizeof(jump));
	memcpy(out + sizeof(jump), &leave, sizeof(leave));
	user_catch(compat_signal);
	return true;
}

/* Executes @len bytes at @insn; @state is both before and after. */
static void compat_run(bool wide, const u8 *insn, unsigned int len,
		       struct compat_state *state)
{
	u8 *code = (u8 *)(u64)COMPAT_CODE;
	u32 out = COMPAT_EXIT;

	memcpy(code, insn, len);
	code += len;
	if (!wide)
		*code++ = 0x66;
	*code++ = 0xea;		/* JMP far */
	memcpy(code, &out, 4);
	code[4] = COMPAT_CS64;
	code[5] = 0;

	compat_far.offset = wide ? COMPAT_CODE : 0;
	compat_far.selector = wide ? COMPAT_CS32 : COMPAT_CS16;
	compat_data = wide ? COMPAT_DS : COMPAT_DS16;
	memcpy(compat_gpr, state->gpr, sizeof(compat_gpr));
	compat_flags = state->flags;
	compat_vector = -1;
	compat_enter();
	memcpy(state->gpr, compat_gpr, sizeof(compat_gpr));
	state->flags = compat_flags;
	state->vector = compat_vector;
	state->address = compat_address;
}

#endif
