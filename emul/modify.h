/* SPDX-License-Identifier: GPL-2.0-only */
/* Operands that an instruction reads and then writes. */
#ifndef LAMINA_EMUL_MODIFY_H
#define LAMINA_EMUL_MODIFY_H

#include "emul/operand.h"

/**
 * modify_fetch - read what is going to be written by modify_update()
 * @ctx: the emulation
 * @at: where
 * @size: in bytes (1, 2, 4, 8)
 * @val: what was read, zero extended
 *
 * That it may be written is checked first: a device is not read in vain.
 *
 * Return: EMUL_OK, or what the check or the callbacks say.
 */
enum emul_result modify_fetch(struct emul_ctx *ctx, struct operand_addr at,
			       unsigned int size, u64 *val);

/**
 * modify_update - write back, atomically when there is a LOCK prefix
 * @ctx: the emulation
 * @at: where
 * @size: in bytes (1, 2, 4, 8)
 * @old: what modify_fetch() read
 * @new: what to write
 *
 * Return: EMUL_OK, or what the callback says.
 */
enum emul_result modify_update(struct emul_ctx *ctx, struct operand_addr at,
				unsigned int size, u64 old, u64 new);

/**
 * modify_rm_fetch - modify_fetch() for the ModRM operand, register or memory
 * @ctx: the emulation
 * @size: in bytes (1, 2, 4, 8)
 * @val: the value, zero extended
 *
 * Return: EMUL_OK, or what modify_fetch() says.
 */
enum emul_result modify_rm_fetch(struct emul_ctx *ctx, unsigned int size,
				  u64 *val);

/**
 * modify_rm_update - modify_update() for the ModRM operand
 * @ctx: the emulation
 * @size: in bytes (1, 2, 4, 8)
 * @old: what modify_rm_fetch() read
 * @new: what to write
 *
 * Return: EMUL_OK, or what modify_update() says.
 */
enum emul_result modify_rm_update(struct emul_ctx *ctx, unsigned int size,
				   u64 old, u64 new);

#endif
