/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine for system instructions: memory, segments, tables and registers
 * behind the emulator's callbacks, any of which can be told to fail.  To be
 * included once.
 */
#ifndef TESTS_UNIT_EMUL_MACHINE_H
#define TESTS_UNIT_EMUL_MACHINE_H

#include <stdio.h>
#include <string.h>

#include "emul/emul.h"
#include "emul/smram.h"
#include "emul/task.h"

#define MEMORY 0x8000	/* linear addresses wrap here */

struct machine {
	u64 gpr[16];
	u64 rip, rflags;
	u8 cpl;
	struct x86_seg seg[8];
	struct x86_table table[2];
	u64 cr[16], dr[8], xcr[2];
	struct {
		u32 nr;
		u64 val;
	} msr[12];
	u8 vector[32][64];
	u64 opmask[8];
	struct emul_fpu fpu;
	unsigned int halted, shadow, flushed, flushed_all;
	u64 flushed_la;
	u8 memory[MEMORY];
};

static struct machine now;
static struct emul_ctx ctx;

/* The @fail_after th callback that can fail does so, @fail_with. */
static unsigned int fail_after, implicit_reads, privilege_reads[4];
static enum emul_result fail_with;
static u16 in_port, out_port;
static u32 out_val;

static enum emul_result cb_fails(struct emul_ctx *c)
{
	if (!fail_after || --fail_after)
		return EMUL_OK;
	c->fault = (struct emul_fault){ 14, true, 2, 0x1234 };
	return fail_with;
}

static enum emul_result cb_read(struct emul_ctx *c, u64 la, void *buf,
				unsigned int len)
{
	unsigned int i;

	implicit_reads += c->implicit;
	privilege_reads[c->cpl]++;
	for (i = 0; i < len; i++)
		((u8 *)buf)[i] = now.memory[(la + i) % MEMORY];
	return cb_fails(c);
}

/* What the instruction has probed so far, and how many bytes. */
static u8 probed[MEMORY];
static unsigned int probes;

static bool is_probed(u64 la, unsigned int len)
{
	unsigned int i;

	for (i = 0; i < len && probed[(la + i) % MEMORY]; i++)
		;
	return i == len;
}

/* What has been probed does not fault. */
static enum emul_result cb_write(struct emul_ctx *c, u64 la, const void *buf,
				 unsigned int len)
{
	enum emul_result ret = is_probed(la, len) ? EMUL_OK : cb_fails(c);
	unsigned int i;

	if (ret != EMUL_OK)
		return ret;
	for (i = 0; i < len; i++)
		now.memory[(la + i) % MEMORY] = ((u8 *)buf)[i];
	return EMUL_OK;
}

static enum emul_result cb_probe(struct emul_ctx *c, u64 la, unsigned int len,
				 bool write)
{
	unsigned int i;

	for (i = 0; i < len && write; i++)
		probed[(la + i) % MEMORY] = 1;
	probes += len;
	return cb_fails(c);
}

static enum emul_result cb_cmpxchg(struct emul_ctx *c, u64 la, const void *old,
				   const void *new, unsigned int len)
{
	bool safe = fail_with == EMUL_FAULT && is_probed(la, len);
	enum emul_result ret = safe ? EMUL_OK : cb_fails(c);
	unsigned int i;

	if (ret != EMUL_OK)
		return ret;
	for (i = 0; i < len; i++)
		if (now.memory[(la + i) % MEMORY] != ((const u8 *)old)[i])
			return EMUL_RETRY;
	return cb_write(c, la, new, len);
}

static enum emul_result cb_in(struct emul_ctx *c, u16 port, void *buf,
			      unsigned int size)
{
	in_port = port;
	memcpy(buf, "\x11\x22\x33\x44", size);
	return cb_fails(c);
}

static enum emul_result cb_out(struct emul_ctx *c, u16 port, const void *buf,
			       unsigned int size)
{
	out_port = port;
	out_val = 0;
	memcpy(&out_val, buf, size);
	return cb_fails(c);
}

static void cb_segment(struct emul_ctx *c, enum x86_seg_nr seg,
		       struct x86_seg *out)
{
	*out = now.seg[seg];
}

static void cb_segment_set(struct emul_ctx *c, enum x86_seg_nr seg,
			   const struct x86_seg *in)
{
	now.seg[seg] = *in;
}

static void cb_table(struct emul_ctx *c, bool idt, struct x86_table *out)
{
	*out = now.table[idt];
}

static void cb_table_set(struct emul_ctx *c, bool idt,
			 const struct x86_table *in)
{
	/* Not the padding: machines are compared byte by byte. */
	now.table[idt].base = in->base;
	now.table[idt].limit = in->limit;
}

#include "emul_machine_cpu.h"
#include "emul_machine_fpu.h"
static u64 *reg_place(enum emul_regs set, u32 nr)
{
	unsigned int i;

	if (set == EMUL_CR)
		return nr < 16 ? &now.cr[nr] : NULL;
	if (set == EMUL_DR)
		return nr < 8 ? &now.dr[nr] : NULL;
	if (set == EMUL_XCR)
		return nr < 2 ? &now.xcr[nr] : NULL;
	if (set == EMUL_TSC)
		nr = 0x10;
	for (i = 0; i < 12 && now.msr[i].nr; i++)
		if (now.msr[i].nr == nr)
			return &now.msr[i].val;
	return NULL;
}

static enum emul_result cb_reg(struct emul_ctx *c, enum emul_regs set, u32 nr,
			       u64 *val)
{
	const u64 *p = reg_place(set, nr);

	*val = p ? *p : 0;
	return p ? cb_fails(c) : EMUL_FAULT;
}

/* Bit 63 of a value is refused, without a fault of the callback's own. */
static enum emul_result cb_reg_set(struct emul_ctx *c, enum emul_regs set,
				   u32 nr, u64 val)
{
	enum emul_result ret = cb_fails(c);
	u64 *p = reg_place(set, nr);

	if (ret != EMUL_OK)
		return ret;
	if (!p || (set != EMUL_MSR && val >> 63))
		return EMUL_FAULT;
	*p = val;
	return EMUL_OK;
}

static const struct emul_ops machine_ops = {
	.read = cb_read, .write = cb_write, .probe = cb_probe,
	.exchange = cb_cmpxchg, .in = cb_in, .out = cb_out,
	.segment = cb_segment, .segment_set = cb_segment_set,
	.table = cb_table, .table_set = cb_table_set, .cpuid = cb_cpuid,
	.has = cb_has,
	.invlpg = cb_invlpg, .flush = cb_flush, .halt = cb_halt, .shadow = cb_shadow,
	.task_taken = cb_task_taken, .task = cb_task, .smram = cb_smram, .rsm = cb_rsm,
	.vector = cb_vector, .vector_set = cb_vector_set, .opmask = cb_opmask,
	.fpu = cb_fpu, .fpu_set = cb_fpu_set, .fpu_part = cb_fpu_part,
	.reg = cb_reg, .reg_set = cb_reg_set,
};

/* Executes @n bytes; @now is brought up to date whatever the result. */
static enum emul_result machine_run(const u8 *bytes, unsigned int n)
{
	enum emul_result ret;

	if (probes)
		memset(probed, 0, sizeof(probed));
	probes = 0;
	ctx.ops = &machine_ops;
	ctx.gpr = now.gpr;
	ctx.rip = now.rip;
	ctx.rflags = now.rflags;
	ctx.cpl = now.cpl;
	if (emul_decode(&ctx.insn, ctx.mode, ctx.amd, bytes, n) != (int)n)
		return EMUL_UNKNOWN;
	ret = emul_exec(&ctx);
	now.rip = ctx.rip;
	now.rflags = ctx.rflags;
	now.cpl = ctx.cpl;
	return ret;
}

#endif
