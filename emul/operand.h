/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operands of the decoded instruction: registers, effective addresses, and
 * memory with the checks of segmentation.
 */
#ifndef LAMINA_EMUL_OPERAND_H
#define LAMINA_EMUL_OPERAND_H

#include "emul/emul.h"

/* A logical address; the offset is within the address size. */
struct operand_addr {
	enum x86_seg_nr seg;
	u64 offset;
};

/**
 * operand_mask - the bits of an operand
 * @size: in bytes (1, 2, 4, 8)
 */
static inline u64 operand_mask(unsigned int size)
{
	return ~0ULL >> (64 - 8 * size);
}

/** operand_digit - ModRM.reg without REX: of a group, or a segment register */
static inline unsigned int operand_digit(const struct emul_insn *insn)
{
	return (insn->modrm >> 3) & 7;
}

/** operand_reg - the register that ModRM.reg names */
static inline unsigned int operand_reg(const struct emul_insn *insn)
{
	return operand_digit(insn) | ((insn->rex & 4) << 1);
}

/** operand_opcode_reg - the register that the opcode names */
static inline unsigned int operand_opcode_reg(const struct emul_insn *insn)
{
	return (insn->opcode & 7) | ((insn->rex & 1) << 3);
}

/**
 * operand_rm - the register that ModRM.rm names
 * @insn: the instruction; operand_in_memory() is false
 */
static inline unsigned int operand_rm(const struct emul_insn *insn)
{
	return (insn->modrm & 7) | ((insn->rex & 1) << 3);
}

/** operand_in_memory - does ModRM name a memory operand? */
static inline bool operand_in_memory(const struct emul_insn *insn)
{
	return insn->modrm < 0xc0;
}

/**
 * operand_reg_get - read a general register
 * @ctx: the emulation
 * @reg: its number; 4 to 7 of size 1 without REX are AH, CH, DH, BH
 * @size: in bytes (1, 2, 4, 8)
 *
 * Return: the value, zero extended.
 */
u64 operand_reg_get(const struct emul_ctx *ctx, unsigned int reg,
		    unsigned int size);

/**
 * operand_reg_set - write a general register
 * @ctx: the emulation
 * @reg: as for operand_reg_get()
 * @size: in bytes; 4 clears the upper half, 1 and 2 leave the rest alone
 * @val: the value; bits beyond @size are ignored
 */
void operand_reg_set(struct emul_ctx *ctx, unsigned int reg,
		     unsigned int size, u64 val);

/** operand_reg_read - operand_reg_get() for ModRM.reg, of operand size */
static inline u64 operand_reg_read(const struct emul_ctx *ctx)
{
	return operand_reg_get(ctx, operand_reg(&ctx->insn), ctx->insn.op_size);
}

/** operand_reg_write - operand_reg_set() for ModRM.reg, of operand size */
static inline void operand_reg_write(struct emul_ctx *ctx, u64 val)
{
	operand_reg_set(ctx, operand_reg(&ctx->insn), ctx->insn.op_size, val);
}

/**
 * operand_seg - the segment of an operand that allows an override
 * @insn: the instruction
 * @seg: the default
 */
enum x86_seg_nr operand_seg(const struct emul_insn *insn, enum x86_seg_nr seg);

/**
 * operand_address - the address of the ModRM memory operand
 * @ctx: the emulation; ModRM must have a memory form
 */
struct operand_addr operand_address(const struct emul_ctx *ctx);

/** operand_rm_address - the same, for an instruction with a register form too */
static inline struct operand_addr operand_rm_address(const struct emul_ctx *ctx)
{
	struct operand_addr none = { SEG_NONE, 0 };

	return operand_in_memory(&ctx->insn) ? operand_address(ctx) : none;
}

/** operand_after - the address of what follows @size bytes at @at */
static inline struct operand_addr operand_after(const struct emul_ctx *ctx,
						struct operand_addr at,
						unsigned int size)
{
	at.offset = (at.offset + size) & operand_mask(ctx->insn.addr_size);
	return at;
}

/** operand_linear - the linear address of a logical one, unchecked */
u64 operand_linear(struct emul_ctx *ctx, struct operand_addr at);

/**
 * operand_check - check an access against segmentation
 * @ctx: the emulation
 * @at: where
 * @size: in bytes, not 0
 * @write: a write (or a read with a write after it), not a read
 * @la: the linear address, when the return value is EMUL_OK
 *
 * Return: EMUL_OK or EMUL_FAULT (#GP, #SS in ctx->fault).
 */
enum emul_result operand_check(struct emul_ctx *ctx, struct operand_addr at,
			       unsigned int size, bool write, u64 *la);

/** operand_canonical - is a linear address one that 64-bit mode allows? */
bool operand_canonical(const struct emul_ctx *ctx, u64 la);

/**
 * operand_probe - check a write, without doing it
 * @ctx: the emulation
 * @at: where
 * @size: in bytes, not 0
 *
 * Return: EMUL_OK, or what the check or the callback says.
 */
enum emul_result operand_probe(struct emul_ctx *ctx, struct operand_addr at,
			       unsigned int size);

/**
 * operand_read - read from guest memory, any number of bytes
 * @ctx: the emulation
 * @at: where
 * @buf: where to
 * @size: in bytes, 1 to 64
 *
 * Return: EMUL_OK, or what the check or the callback says.
 */
enum emul_result operand_read(struct emul_ctx *ctx, struct operand_addr at,
			      void *buf, unsigned int size);

/**
 * operand_write - write to guest memory, any number of bytes
 * @ctx: the emulation
 * @at: where
 * @buf: what
 * @size: in bytes, 1 to 64
 *
 * Return: EMUL_OK, or what the check or the callback says.
 */
enum emul_result operand_write(struct emul_ctx *ctx, struct operand_addr at,
			       const void *buf, unsigned int size);

/**
 * operand_block - operand_read(), operand_write() or operand_probe() of any size
 * @ctx: the emulation
 * @at: where
 * @buf: what or where to; NULL: the write is only checked
 * @size: in bytes
 * @write: a write, not a read
 *
 * Return: EMUL_OK, or what the first piece of 64 bytes says that fails.
 */
enum emul_result operand_block(struct emul_ctx *ctx, struct operand_addr at,
			       void *buf, unsigned int size, bool write);

/**
 * operand_cmpxchg - write to guest memory, unless it has changed
 * @ctx: the emulation
 * @at: where
 * @old: what was read
 * @new: what to write
 * @size: in bytes (1, 2, 4, 8, 16)
 *
 * Return: EMUL_OK, EMUL_RETRY when memory is not @old any more, or what the
 * check or the callback says.
 */
enum emul_result operand_cmpxchg(struct emul_ctx *ctx, struct operand_addr at,
				 const void *old, const void *new,
				 unsigned int size);

/**
 * operand_load - read from guest memory
 * @ctx: the emulation
 * @at: where
 * @size: in bytes (1, 2, 4, 8)
 * @val: what was read, zero extended
 *
 * Return: EMUL_OK, or what the check or the callback says.
 */
enum emul_result operand_load(struct emul_ctx *ctx, struct operand_addr at,
			      unsigned int size, u64 *val);

/**
 * operand_store - write to guest memory
 * @ctx: the emulation
 * @at: where
 * @size: in bytes (1, 2, 4, 8)
 * @val: what to write
 *
 * Return: EMUL_OK, or what the check or the callback says.
 */
enum emul_result operand_store(struct emul_ctx *ctx, struct operand_addr at,
			       unsigned int size, u64 val);

/**
 * operand_rm_get - read the register or memory operand of ModRM
 * @ctx: the emulation
 * @size: in bytes (1, 2, 4, 8)
 * @val: the value, zero extended
 *
 * Return: EMUL_OK, or what operand_load() says.
 */
enum emul_result operand_rm_get(struct emul_ctx *ctx, unsigned int size,
				u64 *val);

/**
 * operand_rm_set - write the register or memory operand of ModRM
 * @ctx: the emulation
 * @size: in bytes (1, 2, 4, 8)
 * @val: the value
 *
 * Return: EMUL_OK, or what operand_store() says.
 */
enum emul_result operand_rm_set(struct emul_ctx *ctx, unsigned int size,
				u64 val);

#endif
