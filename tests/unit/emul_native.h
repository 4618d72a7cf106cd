/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Executes one instruction on the processor that runs the test, in 64-bit
 * mode, with all registers and the flags chosen by the caller, and tells how
 * it ended.
 */
#ifndef TESTS_UNIT_EMUL_NATIVE_H
#define TESTS_UNIT_EMUL_NATIVE_H

#include <linux/types.h>

#define NATIVE_CODE 0x30000000ULL

struct native_state {
	u64 gpr[16];
	u64 ymm[16][4];	/* only the lower half without AVX */
	u64 flags;
	int vector;	/* of the fault that ended it, or -1 */
	u64 address;	/* CR2, for vector 14 */
};

/* Save and load all of YMM, not only XMM: the caller says. */
extern u8 native_avx;

/* In each test: cmocka installs its own handlers before. */
void native_init(void);

/* Executes @len bytes at @insn; @state is both before and after. */
void native_run(const u8 *insn, unsigned int len, struct native_state *state);

#endif
