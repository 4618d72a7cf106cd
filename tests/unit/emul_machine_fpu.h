/* SPDX-License-Identifier: GPL-2.0-only */
/* FPU state and vector registers of emul_machine.h, which includes this. */
#ifndef TESTS_UNIT_EMUL_MACHINE_FPU_H
#define TESTS_UNIT_EMUL_MACHINE_FPU_H

static void cb_vector(struct emul_ctx *c, unsigned int nr, void *buf,
		      unsigned int len)
{
	memcpy(buf, now.vector[nr], len);
}

static void cb_vector_set(struct emul_ctx *c, unsigned int nr, const void *buf,
			  unsigned int len)
{
	memcpy(now.vector[nr], buf, len);
}

static u64 cb_opmask(struct emul_ctx *c, unsigned int nr)
{
	return now.opmask[nr];
}

/* A copy: what is changed in it is the state with fpu_set() only. */
static struct emul_fpu fpu_copy;

static struct emul_fpu *cb_fpu(struct emul_ctx *c)
{
	fpu_copy = now.fpu;
	return cb_fails(c) == EMUL_OK ? &fpu_copy : NULL;
}

static enum emul_result cb_fpu_set(struct emul_ctx *c)
{
	now.fpu = fpu_copy;
	return EMUL_OK;
}

/* YMM, and a part that is aligned (SDM vol. 1, 13.4.3). */
static void cb_fpu_part(struct emul_ctx *c, unsigned int nr,
			struct emul_fpu_part *out)
{
	*out = (struct emul_fpu_part){ 0 };
	if (nr == 2)
		*out = (struct emul_fpu_part){ 576, 256, false };
	if (nr == 9)
		*out = (struct emul_fpu_part){ 2688, 8, true };
}

#endif
