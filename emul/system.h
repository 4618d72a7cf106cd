/* SPDX-License-Identifier: GPL-2.0-only */
/* Vectors, flags and registers of the system instructions. */
#ifndef LAMINA_EMUL_SYSTEM_H
#define LAMINA_EMUL_SYSTEM_H

#include <linux/bits.h>

#include "emul/emul.h"

enum {
	VECTOR_DE = 0, VECTOR_BP = 3, VECTOR_OF = 4, VECTOR_BR = 5,
	VECTOR_UD = 6, VECTOR_NM = 7, VECTOR_TS = 10, VECTOR_NP = 11,
	VECTOR_SS = 12, VECTOR_GP = 13,
};

#define RFLAGS_CF	BIT(0)
#define RFLAGS_PF	BIT(2)
#define RFLAGS_AF	BIT(4)
#define RFLAGS_ZF	BIT(6)
#define RFLAGS_SF	BIT(7)
#define RFLAGS_TF	BIT(8)
#define RFLAGS_IF	BIT(9)
#define RFLAGS_DF	BIT(10)
#define RFLAGS_OF	BIT(11)
#define RFLAGS_IOPL	(BIT(12) | BIT(13))
#define RFLAGS_NT	BIT(14)
#define RFLAGS_RF	BIT(16)
#define RFLAGS_VM	BIT(17)
#define RFLAGS_AC	BIT(18)
#define RFLAGS_VIF	BIT(19)
#define RFLAGS_VIP	BIT(20)
#define RFLAGS_ID	BIT(21)
#define RFLAGS_FIXED	BIT(1)

#define CR0_PE		BIT(0)
#define CR0_EM		BIT(2)
#define CR0_TS		BIT(3)
#define CR4_TSD		BIT(2)
#define CR4_DE		BIT(3)
#define CR4_OSFXSR	BIT(9)
#define CR4_UMIP	BIT(11)
#define CR4_FSGSBASE	BIT(16)
#define CR4_PCIDE	BIT(17)
#define CR4_OSXSAVE	BIT(18)

/* Segment types (APM vol. 2, tables 4-3 to 4-6). */
#define TYPE_ACCESSED	1	/* code and data */
#define TYPE_WRITABLE	2	/* data */
#define TYPE_READABLE	2	/* code */
#define TYPE_EXPAND_DOWN 4	/* data */
#define TYPE_CONFORMING	4	/* code */
#define TYPE_CODE	8

/* Types of system segments and gates. */
enum {
	SYSTEM_TSS16 = 1, SYSTEM_LDT = 2, SYSTEM_TSS16_BUSY = 3,
	SYSTEM_CALL16 = 4, SYSTEM_TASK = 5, SYSTEM_INT16 = 6, SYSTEM_TRAP16 = 7,
	SYSTEM_TSS = 9, SYSTEM_TSS_BUSY = 11, SYSTEM_CALL = 12,
	SYSTEM_INT = 14, SYSTEM_TRAP = 15, SYSTEM_BUSY = 2,
};

/**
 * exec_fault - make the instruction fault
 * @ctx: the emulation
 * @vector: VECTOR_*
 * @error: error code, for the vectors that have one; real mode has none
 *
 * Return: EMUL_FAULT.
 */
enum emul_result exec_fault(struct emul_ctx *ctx, u8 vector, u32 error);

/**
 * exec_virtual - is the processor in virtual-8086 mode?
 * @ctx: the emulation
 */
static inline bool exec_virtual(const struct emul_ctx *ctx)
{
	return ctx->rflags & RFLAGS_VM;
}

/**
 * exec_iopl - the I/O privilege level
 * @ctx: the emulation
 */
static inline unsigned int exec_iopl(const struct emul_ctx *ctx)
{
	return (ctx->rflags & RFLAGS_IOPL) >> 12;
}

/**
 * exec_privileged - #GP(0) unless the privilege level is 0
 * @ctx: the emulation; real mode has level 0, virtual-8086 mode level 3
 *
 * Return: EMUL_OK or EMUL_FAULT.
 */
enum emul_result exec_privileged(struct emul_ctx *ctx);

/**
 * exec_after - the address of the next instruction
 * @ctx: the emulation
 */
u64 exec_after(const struct emul_ctx *ctx);

/**
 * exec_jump - end the instruction with a transfer of control
 * @ctx: the emulation; all its other effects are in place
 * @rip: where to, checked already
 *
 * Return: EMUL_OK.
 */
enum emul_result exec_jump(struct emul_ctx *ctx, u64 rip);

/**
 * exec_target - check the target of a transfer
 * @ctx: the emulation; its mode says whether limits or canonical form count
 * @cs: the code segment the target is in
 * @rip: the target
 *
 * Return: EMUL_OK or EMUL_FAULT (#GP(0)).
 */
enum emul_result exec_target(struct emul_ctx *ctx,
			     const struct emul_segment *cs, u64 rip);

/**
 * exec_flags_writable - the flags that POPF and IRET change
 * @ctx: the emulation
 * @size: operand size in bytes
 *
 * VM, VIF and VIP never, RF not here (APM vol. 3, POPF and IRET).
 *
 * Return: a mask.
 */
u64 exec_flags_writable(const struct emul_ctx *ctx, unsigned int size);

/**
 * exec_port - may the program access these ports?
 * @ctx: the emulation
 * @port: the first one
 * @size: how many (1, 2, 4)
 *
 * IOPL, then the bitmap in the TSS (APM vol. 2, 12.2.4; SDM vol. 1, 19.5).
 *
 * Return: EMUL_OK, EMUL_FAULT (#GP(0)), or what reading the TSS says.
 */
enum emul_result exec_port(struct emul_ctx *ctx, u16 port, unsigned int size);

/**
 * exec_reg - read a numbered register
 * @ctx: the emulation
 * @set: which ones
 * @nr: its number
 * @val: the value
 *
 * Return: as the callback says; #GP(0) when it refuses without a fault.
 */
enum emul_result exec_reg(struct emul_ctx *ctx, enum emul_regs set, u32 nr,
			  u64 *val);

/**
 * exec_reg_set - write a numbered register; as exec_reg()
 * @ctx: the emulation
 * @set: which ones
 * @nr: its number
 * @val: the value
 *
 * Return: as for exec_reg().
 */
enum emul_result exec_reg_set(struct emul_ctx *ctx, enum emul_regs set, u32 nr,
			      u64 val);

/**
 * exec_umip - #GP(0) for a program when CR4.UMIP forbids the instruction
 * @ctx: the emulation
 *
 * Return: EMUL_OK, EMUL_FAULT, or what reading CR4 says.
 */
enum emul_result exec_umip(struct emul_ctx *ctx);

/**
 * exec_selector - the selector in a segment register
 * @ctx: the emulation
 * @seg: which
 */
u16 exec_selector(struct emul_ctx *ctx, enum emul_seg seg);

/**
 * exec_push - push one value of operand size, and end
 * @ctx: the emulation
 * @val: the value
 *
 * Return: EMUL_OK, or what the push says.
 */
enum emul_result exec_push(struct emul_ctx *ctx, u64 val);

/**
 * exec_store_word - store to ModRM and end: 16 bits in memory, all in a register
 * @ctx: the emulation
 * @val: the value
 *
 * Return: EMUL_OK, or what the store says.
 */
enum emul_result exec_store_word(struct emul_ctx *ctx, u64 val);

/**
 * exec_pointer_size - the size of a far pointer's offset
 * @ctx: the emulation; AMD has no 64-bit one (APM vol. 3, JMP far, LFS)
 *
 * Return: 2, 4 or 8 bytes.
 */
unsigned int exec_pointer_size(const struct emul_ctx *ctx);

/**
 * exec_load_pointer - read a far pointer from the ModRM operand
 * @ctx: the emulation; ModRM must have a memory form
 * @offset: the offset, zero extended
 * @selector: the selector
 *
 * Return: EMUL_OK, or what operand_load() says.
 */
enum emul_result exec_load_pointer(struct emul_ctx *ctx, u64 *offset,
				   u16 *selector);

/**
 * exec_table_store - SGDT, SIDT
 * @ctx: the emulation
 * @idt: SIDT
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_table_store(struct emul_ctx *ctx, bool idt);

/**
 * exec_table_load - LGDT, LIDT
 * @ctx: the emulation
 * @idt: LIDT
 *
 * Return: see enum emul_result.
 */
enum emul_result exec_table_load(struct emul_ctx *ctx, bool idt);

#endif
