/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers and their numbers, as the emulator and everything above it know them.  What
 * the kernel's pure headers define (asm/processor-flags.h, asm/msr-index.h,
 * asm/trapnr.h) comes from there.
 */
#ifndef LAMINA_EMUL_REGS_H
#define LAMINA_EMUL_REGS_H

#include <linux/types.h>

/* In the order of their numbers in instructions, and of emul_ctx.gpr. */
enum x86_gpr {
	GPR_RAX, GPR_RCX, GPR_RDX, GPR_RBX, GPR_RSP, GPR_RBP, GPR_RSI, GPR_RDI,
	GPR_R8, GPR_R9, GPR_R10, GPR_R11, GPR_R12, GPR_R13, GPR_R14, GPR_R15,
	GPR_COUNT
};

/*
 * Flags that there are (APM vol. 2, 3.1.6).  Bit 1, X86_EFLAGS_FIXED, is not among them: it
 * is no flag but a constant, and always one.  Whoever takes these bits of a value that
 * is not the processor's sets it.
 */
#define RFLAGS_BITS	0x3f7fd5ull

/* The first six are the numbers in the ModRM reg field of MOV Sreg. */
enum x86_seg_nr {
	SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_LDTR, SEG_TR,
	SEG_COUNT,
	SEG_NONE = SEG_COUNT
};

/* Attributes in the packed form of a VMCB (APM vol. 2, 15.5.1). */
#define SEG_TYPE	0x000f
#define SEG_S		0x0010
#define SEG_DPL		0x0060
#define SEG_DPL_SHIFT	5
#define SEG_P		0x0080
#define SEG_AVL		0x0100
#define SEG_L		0x0200
#define SEG_DB		0x0400
#define SEG_G		0x0800
#define SEG_UNUSABLE	0x8000	/* ours: not part of a VMCB, unknown to the emulator */

/* SEG_TYPE of code and data (APM vol. 2, tables 4-3 to 4-5). */
#define SEG_ACCESSED	1	/* code and data */
#define SEG_WRITABLE	2	/* data */
#define SEG_READABLE	2	/* code */
#define SEG_EXPAND_DOWN	4	/* data */
#define SEG_CONFORMING	4	/* code */
#define SEG_CODE	8

/**
 * struct x86_seg - a segment register
 * @base: linear base
 * @limit: in bytes (granularity applied)
 * @selector: selector
 * @attr: SEG_*
 */
struct x86_seg {
	u64 base;
	u32 limit;
	u16 selector;
	u16 attr;
};

/** struct x86_table - GDTR or IDTR */
struct x86_table {
	u64 base;
	u16 limit;
};

#endif
