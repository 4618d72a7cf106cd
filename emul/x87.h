/* SPDX-License-Identifier: GPL-2.0-only */
/* What the instructions on x87 and MMX registers have in common. */
#ifndef LAMINA_EMUL_X87_H
#define LAMINA_EMUL_X87_H

#include "emul/emul.h"

/* Exceptions, as in the status and the control word (SDM vol. 1, 8.1.3 and 8.1.5). */
#define X87_INVALID	0x01
#define X87_DENORMAL	0x02
#define X87_OVERFLOW	0x08
#define X87_UNDERFLOW	0x10
#define X87_PRECISION	0x20
#define X87_ERRORS	0x3f
/* Status word alone. */
#define X87_STACK	0x40
#define X87_C1		0x200
#define X87_TOP		0x3800

/**
 * x87_begin - the guest's state, if the instruction may have it
 * @ctx: the emulation
 * @wait: an unmasked exception of before comes first
 * @f: the state
 *
 * Return: EMUL_OK; EMUL_FAULT (#NM, #MF), EMUL_UNKNOWN, or what a callback says.
 */
enum emul_result x87_begin(struct emul_ctx *ctx, bool wait, struct emul_fpu **f);

/**
 * x87_commit - the state becomes the guest's
 * @ctx: the emulation
 * @f: what x87_begin() gave, changed; ES follows from it
 *
 * Return: as fpu_set() of the callbacks.
 */
enum emul_result x87_commit(struct emul_ctx *ctx, struct emul_fpu *f);

/** x87_set_status - a new status word; registers stay where they are, but TOP moves */
void x87_set_status(struct emul_fpu *f, u16 fsw);

/** x87_top - number of the register that is the top of the stack */
static inline unsigned int x87_top(const struct emul_fpu *f)
{
	return f->fsw >> 11 & 7;
}

#endif
