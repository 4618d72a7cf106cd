/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program's machine, twice: for the processor, which executes one
 * instruction among real pages of data and is caught where that ends, and for
 * the emulator, whose callbacks know a copy of these pages and nothing else.
 */
#ifndef TESTS_UNIT_EMUL_USER_H
#define TESTS_UNIT_EMUL_USER_H

#include <signal.h>
#include <sys/mman.h>

#include "emul/emul.h"

#define USER_DATA	0x20000000ULL	/* below 2 GiB: any displacement */
#define USER_SIZE	0x2000ULL	/* with unmapped pages around */

/* What the processor is. */
extern bool user_la57, user_amd;

/* The emulator's copy of the data pages. */
extern u8 user_copy[USER_SIZE];

/* For cmocka: asks what the processor is and maps the data pages. */
int user_setup(void **unused);

/*
 * CMPS or SCAS with REP?  Where one faults after some iterations, Intel's processors give
 * the flags back that were there before the instruction (SDM vol. 2, REP), AMD's those of
 * the last iteration.
 */
bool user_rep_compares(const u8 *code, unsigned int len);

/* Maps @size bytes at @at, where nothing is yet; false when that fails. */
bool user_map(u64 at, u64 size, int prot);

/*
 * Has @handler called for any fault, on a stack of its own: the instruction
 * may have made RSP anything.  In each test: cmocka installs its own handlers
 * before.
 */
void user_catch(void (*handler)(int sig, siginfo_t *info, void *arg));

/* The callbacks; a fault is #PF without an error code. */
enum emul_result user_read(struct emul_ctx *ctx, u64 la, void *buf,
			   unsigned int len);
enum emul_result user_write(struct emul_ctx *ctx, u64 la, const void *buf,
			    unsigned int len);
enum emul_result user_probe(struct emul_ctx *ctx, u64 la, unsigned int len, bool write);
enum emul_result user_cmpxchg(struct emul_ctx *ctx, u64 la, const void *old,
			      const void *new, unsigned int len);

/* No CR0.EM, no CR0.TS; CR4.OSFXSR, CR4.OSXSAVE, AVX in XCR0. */
enum emul_result user_reg(struct emul_ctx *ctx, enum emul_regs set, u32 nr,
			  u64 *val);

/* All features. */
bool user_has(struct emul_ctx *ctx, enum emul_feature feature);

/* Assembly: from a C function into a 64-bit instruction, and back out. */
#define USER_PUSH \
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14\n" \
	"	push %r15\n"
#define USER_POP_RET \
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n" \
	"	ret\n"
/* All registers, from the array @gpr. */
#define USER_LOAD(gpr) \
	"	mov " gpr "+0(%rip), %rax; mov " gpr "+8(%rip), %rcx\n" \
	"	mov " gpr "+16(%rip), %rdx; mov " gpr "+24(%rip), %rbx\n" \
	"	mov " gpr "+32(%rip), %rsp; mov " gpr "+40(%rip), %rbp\n" \
	"	mov " gpr "+48(%rip), %rsi; mov " gpr "+56(%rip), %rdi\n" \
	"	mov " gpr "+64(%rip), %r8; mov " gpr "+72(%rip), %r9\n" \
	"	mov " gpr "+80(%rip), %r10; mov " gpr "+88(%rip), %r11\n" \
	"	mov " gpr "+96(%rip), %r12; mov " gpr "+104(%rip), %r13\n" \
	"	mov " gpr "+112(%rip), %r14; mov " gpr "+120(%rip), %r15\n"

#endif
