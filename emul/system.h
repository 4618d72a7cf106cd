/* SPDX-License-Identifier: GPL-2.0-only */
/* What the system instructions have in common: faults, registers, segments. */
#ifndef LAMINA_EMUL_SYSTEM_H
#define LAMINA_EMUL_SYSTEM_H

#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "emul/emul.h"

/* Types of system segments and gates (APM vol. 2, table 4-6). */
enum {
	SYSTEM_TSS16 = 1, SYSTEM_LDT = 2, SYSTEM_TSS16_BUSY = 3,
	SYSTEM_CALL16 = 4, SYSTEM_TASK = 5, SYSTEM_INT16 = 6, SYSTEM_TRAP16 = 7,
	SYSTEM_TSS = 9, SYSTEM_TSS_BUSY = 11, SYSTEM_CALL = 12,
	SYSTEM_INT = 14, SYSTEM_TRAP = 15, SYSTEM_BUSY = 2,
};

/**
 * exec_fault - make the instruction fault
 * @ctx: the emulation
 * @vector: X86_TRAP_*
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
	return ctx->rflags & X86_EFLAGS_VM;
}

/**
 * exec_iopl - the I/O privilege level
 * @ctx: the emulation
 */
static inline unsigned int exec_iopl(const struct emul_ctx *ctx)
{
	return (ctx->rflags & X86_EFLAGS_IOPL) >> 12;
}

/**
 * exec_flag - set or clear a flag
 * @ctx: the emulation; nothing can fail any more
 * @mask: the flag
 * @set: to which value
 *
 * Return: EMUL_OK.
 */
static inline enum emul_result exec_flag(struct emul_ctx *ctx, u64 mask,
					 bool set)
{
	ctx->rflags = set ? ctx->rflags | mask : ctx->rflags & ~mask;
	return EMUL_OK;
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
 * Return: EMUL_JUMP.
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
			     const struct x86_seg *cs, u64 rip);

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
 * exec_io_map - read from the I/O bitmap in the TSS, or what lies in front of it
 * @ctx: the emulation
 * @offset: from the bitmap's beginning
 * @buf: where to
 * @len: in bytes
 *
 * Return: EMUL_OK, EMUL_FAULT (#GP(0): not within a 32-bit TSS), or what reading
 * the TSS says.
 */
enum emul_result exec_io_map(struct emul_ctx *ctx, int offset, void *buf,
			     unsigned int len);

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
 * exec_sse_usable - #UD or #NM unless vector instructions can execute
 * @ctx: the emulation, of a legacy or VEX form
 *
 * Return: EMUL_OK, EMUL_FAULT, or what reading a register says.
 */
enum emul_result exec_sse_usable(struct emul_ctx *ctx);

/**
 * exec_selector - the selector in a segment register
 * @ctx: the emulation
 * @seg: which
 */
u16 exec_selector(struct emul_ctx *ctx, enum x86_seg_nr seg);

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

#endif
