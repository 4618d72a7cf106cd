// SPDX-License-Identifier: GPL-2.0-only
/*
 * The whole FPU state and its parts: FXSAVE, FXRSTOR, LDMXCSR, STMXCSR and the
 * XSAVE family (SDM vol. 1, 10.5 and chapter 13; APM vol. 2, 11.4 and 11.5).
 *
 * struct emul_fpu has the layout that memory has, but for the compacted format.
 */
#include <linux/types.h>
#include <linux/align.h>
#include <linux/bits.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include <asm/msr-index.h>

#include "emul/emul.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "emul/system.h"

#define FCW_INITIAL	0x037f
#define MXCSR_INITIAL	0x1f80
#define MXCSR_OLDEST	0xffbf	/* what a mask of 0 means */
#define XCOMP_COMPACT	BIT_ULL(63)

#define HAS_XSAVES	BIT(3)	/* CPUID.(0xd, 1).EAX */

/* The image: MXCSR and its mask, registers, the header, what follows. */
#define FXSAVE_BYTES	512
#define AT_MXCSR	24
#define AT_ST		32
#define AT_XMM		160
#define AT_HEADER	512
#define HEADER_BYTES	64

/* Beside state components: what of the legacy area moves. */
#define MOVE_MXCSR	BIT_ULL(63)

/* A move of @f's image to or from memory; @allowed: components that XCR0 has. */
struct xmove {
	struct operand_addr at;
	struct emul_fpu *f;
	u64 allowed;
	bool save;
};

static enum emul_result move_bytes(struct emul_ctx *ctx, const struct xmove *m,
				   unsigned int to, unsigned int from,
				   unsigned int size)
{
	if (!size)
		return EMUL_OK;
	return operand_block(ctx, operand_after(ctx, m->at, to),
			     (u8 *)m->f + from, size, m->save);
}

/* Outside 64-bit mode the upper half of the vector registers stays. */
static unsigned int vector_bytes(const struct emul_ctx *ctx, unsigned int size)
{
	return ctx->mode == EMUL_64 ? size : size / 2;
}

static enum emul_result move_legacy(struct emul_ctx *ctx, const struct xmove *m,
				    u64 what)
{
	enum emul_result ret = EMUL_OK;

	if (what & FPU_X87)
		ret = move_bytes(ctx, m, 0, 0, AT_MXCSR);
	if (what & FPU_X87 && ret == EMUL_OK)
		ret = move_bytes(ctx, m, AT_ST, AT_ST, AT_XMM - AT_ST);
	/* The mask is not loaded. */
	if (what & MOVE_MXCSR && ret == EMUL_OK)
		ret = move_bytes(ctx, m, AT_MXCSR, AT_MXCSR, m->save ? 8 : 4);
	if (what & FPU_SSE && ret == EMUL_OK)
		ret = move_bytes(ctx, m, AT_XMM, AT_XMM,
				 vector_bytes(ctx, sizeof(m->f->xmm)));
	return ret;
}

static enum emul_result image_begin(struct emul_ctx *ctx, struct xmove *m,
				    unsigned int align)
{
	m->at = operand_address(ctx);
	if (operand_linear(ctx, m->at) & (align - 1))
		return exec_fault(ctx, X86_TRAP_GP, 0);
	m->f = ctx->ops->fpu(ctx);
	return m->f ? EMUL_OK : EMUL_UNKNOWN;
}

/* Without REX.W pointers have 32 bits, and segments, which are 0 here. */
static void pointers_cut(const struct emul_ctx *ctx, struct emul_fpu *f)
{
	if (ctx->insn.op_size == 8)
		return;
	f->fip = (u32)f->fip;
	f->fdp = (u32)f->fdp;
}

static enum emul_result mxcsr_commit(struct emul_ctx *ctx, struct emul_fpu *f)
{
	if (f->mxcsr & ~(f->mxcsr_mask ? f->mxcsr_mask : MXCSR_OLDEST))
		return exec_fault(ctx, X86_TRAP_GP, 0);
	return ctx->ops->fpu_set(ctx);
}

/* ------------------------------------------------------------------------ */
/* FXSAVE, FXRSTOR, LDMXCSR, STMXCSR. */

/* CR4.OSFXSR, and AMD's EFER.FFXSR, decide on SSE's part (APM vol. 2, 11.4.4). */
static enum emul_result fxsr_begin(struct emul_ctx *ctx, struct xmove *m,
				   u64 *what)
{
	u64 cr0, cr4 = 0, efer = 0;
	enum emul_result ret;

	ret = exec_reg(ctx, EMUL_CR, 0, &cr0);
	if (ret == EMUL_OK && cr0 & (X86_CR0_EM | X86_CR0_TS))
		ret = exec_fault(ctx, X86_TRAP_NM, 0);
	if (ret == EMUL_OK)
		ret = exec_reg(ctx, EMUL_CR, 4, &cr4);
	if (ret == EMUL_OK && ctx->amd && ctx->mode == EMUL_64 && !ctx->cpl)
		ret = exec_reg(ctx, EMUL_MSR, MSR_EFER, &efer);
	*what = FPU_X87;
	if (cr4 & X86_CR4_OSFXSR)
		*what |= efer & EFER_FFXSR ? MOVE_MXCSR : MOVE_MXCSR | FPU_SSE;
	return ret == EMUL_OK ? image_begin(ctx, m, 16) : ret;
}

/** exec_fxsave - FXSAVE */
enum emul_result exec_fxsave(struct emul_ctx *ctx)
{
	struct xmove m = { .save = true };
	enum emul_result ret;
	u64 what;

	ret = fxsr_begin(ctx, &m, &what);
	if (ret == EMUL_OK)
		ret = operand_block(ctx, m.at, NULL, FXSAVE_BYTES, true);
	if (ret != EMUL_OK)
		return ret;
	pointers_cut(ctx, m.f);
	return move_legacy(ctx, &m, what);
}

/** exec_fxrstor - FXRSTOR */
enum emul_result exec_fxrstor(struct emul_ctx *ctx)
{
	struct xmove m = { .save = false };
	enum emul_result ret;
	u64 what;

	ret = fxsr_begin(ctx, &m, &what);
	if (ret == EMUL_OK)
		ret = move_legacy(ctx, &m, what);
	if (ret != EMUL_OK)
		return ret;
	pointers_cut(ctx, m.f);
	m.f->xstate_bv |= FPU_X87 | FPU_SSE;
	return mxcsr_commit(ctx, m.f);
}

/* #UD and #NM as for any legacy SSE instruction. */
static enum emul_result mxcsr_begin(struct emul_ctx *ctx, struct emul_fpu **f)
{
	enum emul_result ret = exec_sse_usable(ctx);

	if (ret != EMUL_OK)
		return ret;
	*f = ctx->ops->fpu(ctx);
	return *f ? EMUL_OK : EMUL_UNKNOWN;
}

/** exec_ldmxcsr - LDMXCSR */
enum emul_result exec_ldmxcsr(struct emul_ctx *ctx)
{
	enum emul_result ret;
	struct emul_fpu *f;
	u64 val;

	ret = mxcsr_begin(ctx, &f);
	if (ret == EMUL_OK)
		ret = operand_rm_get(ctx, 4, &val);
	if (ret != EMUL_OK)
		return ret;
	f->mxcsr = val;
	f->xstate_bv |= FPU_SSE;
	return mxcsr_commit(ctx, f);
}

/** exec_stmxcsr - STMXCSR */
enum emul_result exec_stmxcsr(struct emul_ctx *ctx)
{
	enum emul_result ret;
	struct emul_fpu *f;

	ret = mxcsr_begin(ctx, &f);
	return ret == EMUL_OK ? operand_rm_set(ctx, 4, f->mxcsr) : ret;
}

/* ------------------------------------------------------------------------ */
/* The XSAVE family. */

/*
 * @rfbm becomes the mask of the components that the instruction is about.  Of the
 * family CPUID decides on XSAVES and XRSTORS only, which are the @supervisor's.
 */
static enum emul_result xsave_begin(struct emul_ctx *ctx, bool supervisor,
				    struct xmove *m, u64 *rfbm)
{
	u64 cr0, cr4, xcr0 = 0, xss = 0;
	u32 cpuid[4] = { 0xd, 0, 1, 0 };
	enum emul_result ret;

	ret = exec_reg(ctx, EMUL_CR, 4, &cr4);
	if (ret != EMUL_OK)
		return ret;
	if (supervisor)
		ctx->ops->cpuid(ctx, cpuid);
	if (!(cr4 & X86_CR4_OSXSAVE) ||
	    (supervisor && !(cpuid[0] & HAS_XSAVES)))
		return exec_fault(ctx, X86_TRAP_UD, 0);
	ret = exec_reg(ctx, EMUL_CR, 0, &cr0);
	if (ret == EMUL_OK && cr0 & X86_CR0_TS)
		ret = exec_fault(ctx, X86_TRAP_NM, 0);
	if (ret == EMUL_OK && supervisor)
		ret = exec_privileged(ctx);
	if (ret == EMUL_OK)
		ret = exec_reg(ctx, EMUL_XCR, 0, &xcr0);
	if (ret == EMUL_OK && supervisor)
		ret = exec_reg(ctx, EMUL_MSR, MSR_IA32_XSS, &xss);
	if (ret != EMUL_OK)
		return ret;
	m->allowed = xcr0 | xss;
	*rfbm = m->allowed & ((u32)ctx->gpr[GPR_RAX] | ctx->gpr[GPR_RDX] << 32);
	return image_begin(ctx, m, 64);
}

/*
 * Where component @nr lies in memory.  In the compacted format components, those
 * of @all, follow each other (SDM vol. 1, 13.4.3).
 */
static unsigned int part_place(struct emul_ctx *ctx, u64 all, bool compact,
			       unsigned int nr, struct emul_fpu_part *part)
{
	unsigned int i, to = AT_HEADER + HEADER_BYTES;

	for (i = 2; compact && i < nr; i++) {
		if (!(all >> i & 1))
			continue;
		ctx->ops->fpu_part(ctx, i, part);
		to = (part->aligned ? ALIGN(to, 64) : to) + part->size;
	}
	ctx->ops->fpu_part(ctx, nr, part);
	if (!compact)
		return part->offset;
	return part->aligned ? ALIGN(to, 64) : to;
}

/*
 * What of a component there is in this mode: YMM, ZMM's upper halves; ZMM16 and up.
 * PKRU has 4 bytes, the rest of its 8 is not touched.
 */
static unsigned int part_bytes(const struct emul_ctx *ctx, unsigned int nr,
			       const struct emul_fpu_part *part)
{
	if (nr == 2 || nr == 6)
		return vector_bytes(ctx, part->size);
	if (nr == 9)
		return 4;
	return nr == 7 && ctx->mode != EMUL_64 ? 0 : part->size;
}

/* An image in memory: its components, their layout. */
struct ximage {
	u64 all;
	bool compact;
};

static enum emul_result move_parts(struct emul_ctx *ctx, const struct xmove *m,
				   const struct ximage *image, u64 what)
{
	enum emul_result ret = EMUL_OK;
	struct emul_fpu_part part;
	unsigned int nr, to;

	for (nr = 2; nr < FPU_PARTS && ret == EMUL_OK; nr++) {
		if (!(what >> nr & 1))
			continue;
		to = part_place(ctx, image->all, image->compact, nr, &part);
		ret = move_bytes(ctx, m, to, part.offset,
				 part_bytes(ctx, nr, &part));
	}
	return ret;
}

/* The whole image must be writable before any of it is written. */
static enum emul_result image_probe(struct emul_ctx *ctx, const struct xmove *m,
				    const struct ximage *image)
{
	unsigned int nr, end, max = AT_HEADER + HEADER_BYTES;
	struct emul_fpu_part part;

	for (nr = 2; nr < FPU_PARTS; nr++) {
		if (!(image->all >> nr & 1))
			continue;
		end = part_place(ctx, image->all, image->compact, nr, &part);
		max = max(max, end + part_bytes(ctx, nr, &part));
	}
	return operand_block(ctx, m->at, NULL, max, true);
}

/* The parts that @what names, then the header (SDM vol. 1, 13.7 to 13.11). */
static enum emul_result xsave_parts(struct emul_ctx *ctx, const struct xmove *m,
				    const struct ximage *image, u64 what)
{
	u64 rfbm = image->all, header[2] = { 0, rfbm | XCOMP_COMPACT };
	struct operand_addr at = operand_after(ctx, m->at, AT_HEADER);
	u64 legacy = what & (FPU_X87 | FPU_SSE);
	enum emul_result ret;

	if (image->compact ? what & FPU_SSE : rfbm & (FPU_SSE | FPU_AVX))
		legacy |= MOVE_MXCSR;
	ret = image_probe(ctx, m, image);
	if (ret == EMUL_OK && !image->compact)
		ret = operand_load(ctx, at, 8, header);
	if (ret == EMUL_OK)
		ret = move_legacy(ctx, m, legacy);
	if (ret == EMUL_OK)
		ret = move_parts(ctx, m, image, what & ~(FPU_X87 | FPU_SSE));
	if (ret != EMUL_OK)
		return ret;
	header[0] = (header[0] & ~rfbm) | (m->f->xstate_bv & rfbm);
	return operand_write(ctx, at, header, image->compact ? 16 : 8);
}

/* @all: components in their initial form too; @compact: the image's format. */
static enum emul_result xsave_image(struct emul_ctx *ctx, bool all, bool compact,
				    bool supervisor)
{
	struct ximage image = { .compact = compact };
	struct xmove m = { .save = true };
	enum emul_result ret;

	ret = xsave_begin(ctx, supervisor, &m, &image.all);
	if (ret != EMUL_OK)
		return ret;
	pointers_cut(ctx, m.f);
	/* MXCSR is SSE's here, though no part of what is in use. */
	if (compact && m.f->mxcsr != MXCSR_INITIAL)
		m.f->xstate_bv |= FPU_SSE;
	return xsave_parts(ctx, &m, &image,
			   all ? image.all : image.all & m.f->xstate_bv);
}

/** exec_xsave - XSAVE */
enum emul_result exec_xsave(struct emul_ctx *ctx)
{
	return xsave_image(ctx, true, false, false);
}

/** exec_xsaveopt - XSAVEOPT; all that is in use is written, modified or not */
enum emul_result exec_xsaveopt(struct emul_ctx *ctx)
{
	return xsave_image(ctx, false, false, false);
}

/** exec_xsavec - XSAVEC */
enum emul_result exec_xsavec(struct emul_ctx *ctx)
{
	return xsave_image(ctx, false, true, false);
}

/** exec_xsaves - XSAVES */
enum emul_result exec_xsaves(struct emul_ctx *ctx)
{
	return xsave_image(ctx, false, true, true);
}

/* #GP for a header that is not in order (SDM vol. 1, 13.8 and 13.12). */
static bool header_valid(const u64 *header, u64 allowed, bool supervisor)
{
	u64 bv = header[0], comp = header[1];
	unsigned int i;

	for (i = 2; i < HEADER_BYTES / 8; i++)
		/* Of the standard form bytes 63 to 24 are not looked at. */
		if (header[i] && (i == 2 || comp & XCOMP_COMPACT))
			return false;
	if (!(comp & XCOMP_COMPACT))
		return !supervisor && !comp && !(bv & ~allowed);
	comp &= ~XCOMP_COMPACT;
	return !(comp & ~allowed) && !(bv & ~comp);
}

/* Components in their initial form; MXCSR is the caller's. */
static void parts_init(struct emul_ctx *ctx, struct emul_fpu *f, u64 what)
{
	struct emul_fpu_part part;
	unsigned int nr;

	if (what & FPU_X87) {
		memset(f, 0, AT_MXCSR);
		memset(f->st, 0, sizeof(f->st));
		f->fcw = FCW_INITIAL;
	}
	if (what & FPU_SSE)
		memset(f->xmm, 0, vector_bytes(ctx, sizeof(f->xmm)));
	for (nr = 2; nr < FPU_PARTS; nr++) {
		if (!(what >> nr & 1))
			continue;
		ctx->ops->fpu_part(ctx, nr, &part);
		memset((u8 *)f + part.offset, 0, part_bytes(ctx, nr, &part));
	}
}

static enum emul_result xrstor_image(struct emul_ctx *ctx, bool supervisor)
{
	u64 header[HEADER_BYTES / 8], rfbm, load, legacy;
	struct xmove m = { .save = false };
	struct ximage image;
	enum emul_result ret;

	ret = xsave_begin(ctx, supervisor, &m, &rfbm);
	if (ret == EMUL_OK)
		ret = operand_read(ctx, operand_after(ctx, m.at, AT_HEADER),
				   header, HEADER_BYTES);
	if (ret != EMUL_OK)
		return ret;
	if (!header_valid(header, m.allowed, supervisor))
		return exec_fault(ctx, X86_TRAP_GP, 0);
	image.compact = header[1] & XCOMP_COMPACT;
	image.all = header[1] & ~XCOMP_COMPACT;
	load = rfbm & header[0];
	legacy = load & (FPU_X87 | FPU_SSE);
	if (image.compact ? load & FPU_SSE : rfbm & (FPU_SSE | FPU_AVX))
		legacy |= MOVE_MXCSR;
	else if (rfbm & FPU_SSE)
		m.f->mxcsr = MXCSR_INITIAL;
	parts_init(ctx, m.f, rfbm & ~load);
	ret = move_legacy(ctx, &m, legacy);
	if (ret == EMUL_OK)
		ret = move_parts(ctx, &m, &image, load & ~legacy);
	if (ret != EMUL_OK)
		return ret;
	if (load & FPU_X87)
		pointers_cut(ctx, m.f);
	m.f->xstate_bv |= rfbm;
	return mxcsr_commit(ctx, m.f);
}

/** exec_xrstor - XRSTOR */
enum emul_result exec_xrstor(struct emul_ctx *ctx)
{
	return xrstor_image(ctx, false);
}

/** exec_xrstors - XRSTORS */
enum emul_result exec_xrstors(struct emul_ctx *ctx)
{
	return xrstor_image(ctx, true);
}
