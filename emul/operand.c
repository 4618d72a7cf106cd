// SPDX-License-Identifier: GPL-2.0-only
#include <linux/types.h>
#include <linux/bits.h>
#include <linux/kernel.h>

#include "emul/descriptor.h"
#include "emul/operand.h"
#include "emul/system.h"

static bool reg_is_high(const struct emul_ctx *ctx, unsigned int reg,
			unsigned int size)
{
	return size == 1 && !ctx->insn.rex && reg >= 4;
}

u64 operand_reg_get(const struct emul_ctx *ctx, unsigned int reg,
		    unsigned int size)
{
	if (reg_is_high(ctx, reg, size))
		return (ctx->gpr[reg & 3] >> 8) & 0xff;
	return ctx->gpr[reg] & operand_mask(size);
}

void operand_reg_set(struct emul_ctx *ctx, unsigned int reg,
		     unsigned int size, u64 val)
{
	u64 mask = operand_mask(size), *gpr = &ctx->gpr[reg];

	if (reg_is_high(ctx, reg, size)) {
		gpr = &ctx->gpr[reg & 3];
		mask <<= 8;
		val <<= 8;
	}
	if (size == 4)
		*gpr = val & mask;
	else
		*gpr = (*gpr & ~mask) | (val & mask);
}

enum x86_seg_nr operand_seg(const struct emul_insn *insn, enum x86_seg_nr seg)
{
	return insn->seg == SEG_NONE ? seg : insn->seg;
}

/* SDM vol. 2, table 2-1. */
static struct operand_addr address_16(const struct emul_ctx *ctx)
{
	static const u8 base[] = {
		GPR_RBX, GPR_RBX, GPR_RBP, GPR_RBP,
		GPR_RSI, GPR_RDI, GPR_RBP, GPR_RBX,
	};
	static const u8 index[] = { GPR_RSI, GPR_RDI, GPR_RSI, GPR_RDI };
	const struct emul_insn *insn = &ctx->insn;
	unsigned int rm = insn->modrm & 7;
	struct operand_addr at = { SEG_DS, (s64)insn->disp };

	if (rm == 6 && insn->modrm < 0x40)
		return at;
	at.offset += ctx->gpr[base[rm]];
	if (rm < 4)
		at.offset += ctx->gpr[index[rm]];
	if (base[rm] == GPR_RBP)
		at.seg = SEG_SS;
	return at;
}

/* SDM vol. 2, tables 2-2, 2-3 and 2-7. */
static struct operand_addr address_32(const struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int base = operand_rm(insn), index;
	struct operand_addr at = { SEG_DS, (s64)insn->disp };

	if ((base & 7) == 4) {
		index = ((insn->sib >> 3) & 7) | ((insn->rex & 2) << 2);
		if (index != GPR_RSP)
			at.offset += ctx->gpr[index] << (insn->sib >> 6);
		base = (insn->sib & 7) | ((insn->rex & 1) << 3);
		if ((base & 7) == GPR_RBP && insn->modrm < 0x40)
			return at;
	} else if ((base & 7) == GPR_RBP && insn->modrm < 0x40) {
		if (ctx->mode == EMUL_64)
			at.offset += ctx->rip + insn->len;
		return at;
	}
	at.offset += ctx->gpr[base];
	if (base == GPR_RSP || base == GPR_RBP)
		at.seg = SEG_SS;
	return at;
}

struct operand_addr operand_address(const struct emul_ctx *ctx)
{
	const struct emul_insn *insn = &ctx->insn;
	struct operand_addr at;

	at = insn->addr_size == 2 ? address_16(ctx) : address_32(ctx);
	at.seg = operand_seg(insn, at.seg);
	at.offset &= operand_mask(insn->addr_size);
	return at;
}

/* The vector of a limit, presence or canonicality violation in @seg. */
static u8 limit_vector(enum x86_seg_nr seg)
{
	return seg == SEG_SS ? X86_TRAP_SS : X86_TRAP_GP;
}

bool operand_canonical(const struct emul_ctx *ctx, u64 la)
{
	return emul_canonical(la, ctx->la57);
}

static noinline u64 linear_by_segment(struct emul_ctx *ctx, struct operand_addr at)
{
	struct x86_seg seg = { 0 };

	ctx->ops->segment(ctx, at.seg, &seg);
	seg.base += at.offset;
	return ctx->mode == EMUL_64 ? seg.base : (u32)seg.base;
}

/* In 64-bit mode only FS and GS have bases (SDM vol. 1, 3.3.7.1). */
u64 operand_linear(struct emul_ctx *ctx, struct operand_addr at)
{
	if (ctx->mode != EMUL_64 || at.seg == SEG_FS || at.seg == SEG_GS)
		return linear_by_segment(ctx, at);
	return at.offset;
}

/*
 * Processors differ in what they make of vectors and of what is moved in parts: there
 * nothing is asked (SDM vol. 3, table 6-7).
 */
static enum emul_result check_alignment(struct emul_ctx *ctx, u64 la,
					unsigned int size)
{
	bool number = size <= 8 && !(size & (size - 1));

	return ctx->align && number && la & (size - 1) ? exec_fault(ctx, X86_TRAP_AC, 0) : EMUL_OK;
}

/* No limits, no types. */
static enum emul_result check_64(struct emul_ctx *ctx, struct operand_addr at,
				 unsigned int size, u64 *la)
{
	u64 last;

	*la = operand_linear(ctx, at);
	last = *la + size - 1;
	if (!operand_canonical(ctx, *la) || !operand_canonical(ctx, last))
		return exec_fault(ctx, limit_vector(at.seg), 0);
	return check_alignment(ctx, *la, size);
}

/*
 * SDM vol. 3, 5.3.  With a limit of 4 GiB an access that wraps may fault or
 * not: here it does.
 */
static bool limit_allows(const struct emul_ctx *ctx,
			 const struct x86_seg *seg, u64 offset,
			 unsigned int size)
{
	u64 last = offset + size - 1;
	u64 top = seg->attr & SEG_DB ? 0xffffffff : 0xffff;

	if (ctx->protected && !(seg->attr & SEG_CODE) &&
	    seg->attr & SEG_EXPAND_DOWN)
		return offset > seg->limit && last <= top;
	return last <= seg->limit;
}

static enum emul_result check_segment(struct emul_ctx *ctx, struct operand_addr at,
				      unsigned int size, bool write, u64 *la)
{
	struct x86_seg seg;

	if (at.seg == SEG_SS && ctx->stack)
		seg = *ctx->stack;
	else
		ctx->ops->segment(ctx, at.seg, &seg);
	if (ctx->protected) {
		if (!(seg.attr & SEG_P))
			return exec_fault(ctx, limit_vector(at.seg), 0);
		if (!type_allows(seg.attr, write))
			return exec_fault(ctx, X86_TRAP_GP, 0);
	}
	if (!limit_allows(ctx, &seg, at.offset, size))
		return exec_fault(ctx, limit_vector(at.seg), 0);
	*la = (u32)(seg.base + at.offset);
	return check_alignment(ctx, *la, size);
}

enum emul_result operand_check(struct emul_ctx *ctx, struct operand_addr at,
			       unsigned int size, bool write, u64 *la)
{
	return ctx->mode == EMUL_64 ? check_64(ctx, at, size, la) :
				      check_segment(ctx, at, size, write, la);
}

/*
 * How many of @size bytes at @la come before linear address 0 follows 4 GiB:
 * outside 64-bit mode addresses have 32 bits.
 */
static unsigned int bytes_before_wrap(const struct emul_ctx *ctx, u64 la,
				      unsigned int size)
{
	if (ctx->mode != EMUL_64 && la + size > BIT_ULL(32))
		return BIT_ULL(32) - la;
	return size;
}

enum emul_result operand_probe(struct emul_ctx *ctx, struct operand_addr at,
			       unsigned int size)
{
	enum emul_result ret;
	unsigned int n;
	u64 la;

	ret = operand_check(ctx, at, size, true, &la);
	if (ret != EMUL_OK)
		return ret;
	n = bytes_before_wrap(ctx, la, size);
	ret = ctx->ops->probe(ctx, la, n, true);
	if (ret == EMUL_OK && n < size)
		ret = ctx->ops->probe(ctx, 0, size - n, true);
	return ret;
}

enum emul_result operand_read(struct emul_ctx *ctx, struct operand_addr at,
			      void *buf, unsigned int size)
{
	enum emul_result ret;
	unsigned int n;
	u64 la;

	ret = operand_check(ctx, at, size, false, &la);
	if (ret != EMUL_OK)
		return ret;
	n = bytes_before_wrap(ctx, la, size);
	ret = ctx->ops->read(ctx, la, buf, n);
	if (ret == EMUL_OK && n < size)
		ret = ctx->ops->read(ctx, 0, buf + n, size - n);
	return ret;
}

enum emul_result operand_write(struct emul_ctx *ctx, struct operand_addr at,
			       const void *buf, unsigned int size)
{
	enum emul_result ret;
	unsigned int n;
	u64 la;

	ret = operand_check(ctx, at, size, true, &la);
	if (ret != EMUL_OK)
		return ret;
	n = bytes_before_wrap(ctx, la, size);
	if (n == size)
		return ctx->ops->write(ctx, la, buf, n);
	ret = ctx->ops->probe(ctx, 0, size - n, true);
	if (ret == EMUL_OK)
		ret = ctx->ops->write(ctx, la, buf, n);
	if (ret == EMUL_OK)
		ret = ctx->ops->write(ctx, 0, buf + n, size - n);
	return ret;
}

enum emul_result operand_block(struct emul_ctx *ctx, struct operand_addr at,
			       void *buf, unsigned int size, bool write)
{
	enum emul_result ret = EMUL_OK;
	unsigned int n;

	for (; size && ret == EMUL_OK; size -= n) {
		n = size < 64 ? size : 64;
		if (!buf)
			ret = operand_probe(ctx, at, n);
		else if (write)
			ret = operand_write(ctx, at, buf, n);
		else
			ret = operand_read(ctx, at, buf, n);
		at = operand_after(ctx, at, n);
		if (buf)
			buf += n;
	}
	return ret;
}

/* An operand around the end of 4 GiB is not locked: nobody has one. */
enum emul_result operand_cmpxchg(struct emul_ctx *ctx, struct operand_addr at,
				 const void *old, const void *new,
				 unsigned int size)
{
	enum emul_result ret;
	u64 la;

	ret = operand_check(ctx, at, size, true, &la);
	if (ret != EMUL_OK)
		return ret;
	if (bytes_before_wrap(ctx, la, size) < size)
		return operand_write(ctx, at, new, size);
	return ctx->ops->exchange(ctx, la, old, new, size);
}

enum emul_result operand_load(struct emul_ctx *ctx, struct operand_addr at,
			      unsigned int size, u64 *val)
{
	*val = 0;
	return operand_read(ctx, at, val, size);
}

enum emul_result operand_store(struct emul_ctx *ctx, struct operand_addr at,
			       unsigned int size, u64 val)
{
	return operand_write(ctx, at, &val, size);
}

enum emul_result operand_rm_get(struct emul_ctx *ctx, unsigned int size,
				u64 *val)
{
	const struct emul_insn *insn = &ctx->insn;

	if (operand_in_memory(insn))
		return operand_load(ctx, operand_address(ctx), size, val);
	*val = operand_reg_get(ctx, operand_rm(insn), size);
	return EMUL_OK;
}

enum emul_result operand_rm_set(struct emul_ctx *ctx, unsigned int size,
				u64 val)
{
	const struct emul_insn *insn = &ctx->insn;

	if (operand_in_memory(insn))
		return operand_store(ctx, operand_address(ctx), size, val);
	operand_reg_set(ctx, operand_rm(insn), size, val);
	return EMUL_OK;
}
