// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the emulator asks of a vCPU: memory by linear address, ports, segments,
 * tables, and registers that instructions name by number.
 *
 * What changes registers is called when nothing else of the instruction can
 * fail, so it changes them at once.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <asm/cpufeatures.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "core/guestmem.h"
#include "x86/cpu/cpuid.h"
#include "x86/cpu/cr.h"
#include "x86/cpu/debug.h"
#include "x86/cpu/fpu.h"
#include "x86/cpu/msr.h"
#include "x86/cpu/smm.h"
#include "x86/cpu/tsc.h"
#include "x86/insn/emulate.h"
#include "x86/insn/fetch.h"
#include "x86/vcpu/frame.h"
#include "x86/vcpu/nested.h"
#include "x86/vcpu/vendor.h"

/* ------------------------------------------------------------------------ */
/* Memory and ports. */

/* The privilege that paging looks at: PF_USER, PF_IMPLICIT or none. */
static u64 mem_privilege(const struct emul_ctx *ctx)
{
	if (ctx->implicit)
		return PF_IMPLICIT;
	return ctx->cpl == 3 ? PF_USER : 0;
}

/*
 * The processor has translated the operand before the exit, with all checks.  The
 * offset tells whether this is it, or the other page of an operand that crosses.
 */
static bool hint_fits(const struct x86_emulator *em, u64 la, u64 access)
{
	return !((la ^ em->hint) & ~PAGE_MASK) &&
	       (em->hint_access & (access | HINT_NONE)) == access;
}

enum emul_result emul_env_translate(struct emul_ctx *ctx, u64 la, u64 access,
				    gpa_t *gpa)
{
	struct x86_vcpu *v = ctx->priv;

	if (hint_fits(v->emul, la, access)) {
		*gpa = v->emul->hint;
		return EMUL_OK;
	}
	return guest_translate(v, la, access | mem_privilege(ctx), gpa,
			       &ctx->fault);
}

/* The program's own accesses only, not those to tables. */
static void access_seen(struct emul_ctx *ctx, u64 at, unsigned int size,
			enum debug_kind kind)
{
	struct x86_vcpu *v = ctx->priv;

	if (unlikely(v->emul->armed) && !ctx->implicit)
		v->emul->hits |= debug_access(v, at, size, kind);
}

/* Bytes of @len at @la that lie in its page. */
static unsigned int mem_first(u64 la, unsigned int len)
{
	return min_t(u64, len, PAGE_SIZE - offset_in_page(la));
}

static enum emul_result mem_read(struct emul_ctx *ctx, u64 la, void *buf,
				 unsigned int len)
{
	struct x86_vcpu *v = ctx->priv;
	enum emul_result r;
	unsigned int n;
	gpa_t gpa;

	access_seen(ctx, la, len, DEBUG_READ);
	for (; len; la += n, buf += n, len -= n) {
		n = mem_first(la, len);
		r = emul_env_translate(ctx, la, 0, &gpa);
		if (r == EMUL_OK)
			r = mmio_read(v, gpa, buf, n);
		if (r != EMUL_OK)
			return r;
	}
	return EMUL_OK;
}

/* Both pages: nothing is written when the second one faults. */
static enum emul_result mem_translate(struct emul_ctx *ctx, u64 la, unsigned int len,
				      u64 access, gpa_t gpa[2])
{
	unsigned int first = mem_first(la, len);
	enum emul_result r;

	r = emul_env_translate(ctx, la, access, &gpa[0]);
	if (r == EMUL_OK && first < len)
		r = emul_env_translate(ctx, la + first, access, &gpa[1]);
	return r;
}

static enum emul_result mem_write(struct emul_ctx *ctx, u64 la,
				  const void *buf, unsigned int len)
{
	unsigned int first = mem_first(la, len);
	struct x86_vcpu *v = ctx->priv;
	enum emul_result r;
	gpa_t gpa[2];

	access_seen(ctx, la, len, DEBUG_WRITE);
	r = mem_translate(ctx, la, len, PF_WRITE, gpa);
	if (r != EMUL_OK)
		return r;
	r = mmio_write(v, gpa[0], buf, first);
	if (unlikely(first < len) && r == EMUL_OK)
		r = mmio_write(v, gpa[1], buf + first, len - first);
	return r;
}

/* Of a write that follows; or of a read that does not, and that breakpoints see here. */
static enum emul_result mem_probe(struct emul_ctx *ctx, u64 la,
				  unsigned int len, bool write)
{
	gpa_t gpa[2];

	if (!write)
		access_seen(ctx, la, len, DEBUG_READ);
	return mem_translate(ctx, la, len, write ? PF_WRITE : 0, gpa);
}

/*
 * Across pages it is a plain write: there are no two pages of the host that one
 * locked access could reach without stopping the machine's bus.
 */
static enum emul_result mem_cmpxchg(struct emul_ctx *ctx, u64 la,
				    const void *old, const void *new,
				    unsigned int len)
{
	struct x86_vcpu *v = ctx->priv;
	enum emul_result r;
	gpa_t gpa[2];

	if (mem_first(la, len) < len)
		return mem_write(ctx, la, new, len);
	access_seen(ctx, la, len, DEBUG_WRITE);
	r = mem_translate(ctx, la, len, PF_WRITE, gpa);
	if (r != EMUL_OK)
		return r;
	if (frame_holds(v, gpa[0]))
		return mmio_write(v, gpa[0], new, len);
	switch (guest_cmpxchg(&v->vcpu, gpa[0], old, new, len)) {
	case 0:
		return EMUL_OK;
	case -EAGAIN:
		return EMUL_RETRY;
	default:
		/* A device, or memory that only userspace writes. */
		return mmio_write(v, gpa[0], new, len);
	}
}

static enum emul_result port_in(struct emul_ctx *ctx, u16 port, void *buf,
				unsigned int size)
{
	access_seen(ctx, port, size, DEBUG_IO);
	return mmio_device_read(ctx->priv, BUS_PIO, port, buf, size);
}

static enum emul_result port_out(struct emul_ctx *ctx, u16 port,
				 const void *buf, unsigned int size)
{
	access_seen(ctx, port, size, DEBUG_IO);
	return mmio_device_write(ctx->priv, BUS_PIO, port, buf, size);
}

/* ------------------------------------------------------------------------ */
/* State that is always there. */

static u32 segment_group(enum x86_seg_nr seg)
{
	if (seg == SEG_CS || seg == SEG_SS)
		return GRP_CSSS;
	return seg == SEG_DS || seg == SEG_ES ? GRP_DATA : GRP_SEGS;
}

static void segment_get(struct emul_ctx *ctx, enum x86_seg_nr seg,
			struct x86_seg *out)
{
	struct x86_vcpu *v = ctx->priv;

	*out = state_get(v, segment_group(seg))->seg[seg];
	out->attr &= ~SEG_UNUSABLE;
}

static void segment_set(struct emul_ctx *ctx, enum x86_seg_nr seg,
			const struct x86_seg *in)
{
	struct x86_seg *s = &state_set(ctx->priv, segment_group(seg))->seg[seg];

	*s = *in;
	if (!(s->attr & SEG_P))
		s->attr |= SEG_UNUSABLE;
}

static void table_get(struct emul_ctx *ctx, bool idt, struct x86_table *out)
{
	const struct x86_state *s = state_get(ctx->priv, GRP_TABLES);
	const struct x86_table *t = idt ? &s->idt : &s->gdt;

	*out = (struct x86_table){ .base = t->base, .limit = t->limit };
}

static void table_set(struct emul_ctx *ctx, bool idt,
		      const struct x86_table *in)
{
	struct x86_state *s = state_set(ctx->priv, GRP_TABLES);
	struct x86_table *t = idt ? &s->idt : &s->gdt;

	*t = (struct x86_table){ .base = in->base, .limit = in->limit };
}

static void vector_get(struct emul_ctx *ctx, unsigned int nr, void *buf,
		       unsigned int len)
{
	fpu_vector_get(ctx->priv, nr, buf, len);
}

static void vector_set(struct emul_ctx *ctx, unsigned int nr, const void *buf,
		       unsigned int len)
{
	fpu_vector_set(ctx->priv, nr, buf, len);
}

static u64 opmask_get(struct emul_ctx *ctx, unsigned int nr)
{
	return fpu_opmask_get(ctx->priv, nr);
}

static struct emul_fpu *fpu_get(struct emul_ctx *ctx)
{
	struct x86_vcpu *v = ctx->priv;
	struct x86_emulator *em = v->emul;

	if (!em->fpu)
		em->fpu = kzalloc(sizeof(*em->fpu), GFP_KERNEL_ACCOUNT);
	if (em->fpu)
		fpu_image_get(v, em->fpu);
	return em->fpu;
}

static enum emul_result fpu_set(struct emul_ctx *ctx)
{
	struct x86_vcpu *v = ctx->priv;

	return fpu_image_set(v, v->emul->fpu) ? EMUL_UNKNOWN : EMUL_OK;
}

static void fpu_part(struct emul_ctx *ctx, unsigned int nr,
		     struct emul_fpu_part *out)
{
	fpu_image_part(nr, out);
}

static void cpuid_get(struct emul_ctx *ctx, u32 regs[4])
{
	cpuid_query(ctx->priv, regs);
}

static const u16 features[EMUL_FEATURES] = {
	[EMUL_MMX]	= X86_FEATURE_MMX,
	[EMUL_SSE]	= X86_FEATURE_XMM,
	[EMUL_SSE2]	= X86_FEATURE_XMM2,
	[EMUL_SSE3]	= X86_FEATURE_XMM3,
	[EMUL_SSE41]	= X86_FEATURE_XMM4_1,
	[EMUL_SSE42]	= X86_FEATURE_XMM4_2,
	[EMUL_AVX]	= X86_FEATURE_AVX,
	[EMUL_AVX2]	= X86_FEATURE_AVX2,
	[EMUL_AVX512F]	= X86_FEATURE_AVX512F,
	[EMUL_AVX512BW]	= X86_FEATURE_AVX512BW,
	[EMUL_AVX512VL]	= X86_FEATURE_AVX512VL,
	[EMUL_CX16]	= X86_FEATURE_CX16,
	[EMUL_MOVBE]	= X86_FEATURE_MOVBE,
	[EMUL_POPCNT]	= X86_FEATURE_POPCNT,
	[EMUL_LZCNT]	= X86_FEATURE_ABM,
	[EMUL_BMI1]	= X86_FEATURE_BMI1,
	[EMUL_BMI2]	= X86_FEATURE_BMI2,
	[EMUL_ADX]	= X86_FEATURE_ADX,
	[EMUL_RDTSCP]	= X86_FEATURE_RDTSCP,
	[EMUL_RDPID]	= X86_FEATURE_RDPID,
	[EMUL_SMAP]	= X86_FEATURE_SMAP,
	[EMUL_INVPCID]	= X86_FEATURE_INVPCID,
	[EMUL_CLFLUSH]	= X86_FEATURE_CLFLUSH,
	[EMUL_CLFLUSHOPT] = X86_FEATURE_CLFLUSHOPT,
	[EMUL_CLWB]	= X86_FEATURE_CLWB,
};

/* Without a table the guest has what the host has. */
static bool feature_there(struct emul_ctx *ctx, enum emul_feature feature)
{
	struct x86_vcpu *v = ctx->priv;

	return !v->cpuid.n || cpuid_has(v, features[feature]);
}

static void tlb_drop(struct emul_ctx *ctx, u64 la)
{
	cr_flush_page(ctx->priv, la);
}

static void tlb_flush(struct emul_ctx *ctx)
{
	cr_flush(ctx->priv);
}

static void halt_after(struct emul_ctx *ctx)
{
	struct x86_vcpu *v = ctx->priv;

	v->emul->halt = true;
}

static void shadow_begin(struct emul_ctx *ctx)
{
	struct x86_vcpu *v = ctx->priv;

	v->emul->shadow = true;
}

/* By an instruction of L2's.  The processor's own exits have been asked about. */
static bool task_taken(struct emul_ctx *ctx, const struct emul_task *t)
{
	struct x86_vcpu *v = ctx->priv;

	return nested_l2_runs(v) && nested_ops->task(v, t, &ctx->insn);
}

/* Local breakpoints are the old task's (SDM vol. 3, 17.2.4). */
static void task_begin(struct emul_ctx *ctx)
{
	struct x86_vcpu *v = ctx->priv;

	v->emul->task = true;
	cr_set(v, 0, cr_get(v, 0) | X86_CR0_TS);
	dr_set(v, 7, dr_get(v, 7) & ~DR7_LOCAL);
}

static bool smram_read(struct emul_ctx *ctx, u8 *area, bool *wide)
{
	struct x86_vcpu *v = ctx->priv;

	*wide = v->cpuid.has_lm;
	return smm_area_read(v, area);
}

static bool rsm_leave(struct emul_ctx *ctx, const struct smram_state *state)
{
	return smm_leave(ctx->priv, state);
}

/* ------------------------------------------------------------------------ */
/* Numbered registers. */

static enum emul_result reg_refuse(struct emul_ctx *ctx, u8 vector)
{
	ctx->fault = (struct emul_fault) {
		.vector = vector,
		.has_error = vector == X86_TRAP_GP,
	};
	return EMUL_FAULT;
}

static bool has_xcr(struct x86_vcpu *v)
{
	return state_get(v, GRP_CR4)->cr4 & X86_CR4_OSXSAVE;
}

static enum emul_result reg_get(struct emul_ctx *ctx, enum emul_regs set,
				u32 nr, u64 *val)
{
	struct msr_access msr = { .index = nr };
	struct x86_vcpu *v = ctx->priv;
	int vector;

	switch (set) {
	case EMUL_CR:
		if (!cr_exists(nr))
			return reg_refuse(ctx, X86_TRAP_UD);
		*val = cr_get(v, nr);
		return EMUL_OK;
	case EMUL_DR:
		vector = dr_refused(v, nr);
		if (vector >= 0)
			return reg_refuse(ctx, vector);
		*val = dr_get(v, nr);
		return EMUL_OK;
	case EMUL_MSR:
		if (msr_read(v, &msr))
			return reg_refuse(ctx, X86_TRAP_GP);
		*val = msr.data;
		return EMUL_OK;
	case EMUL_TSC:
		*val = tsc_read_running(v);
		return EMUL_OK;
	default:
		if (!has_xcr(v))
			return reg_refuse(ctx, X86_TRAP_UD);
		if (nr)
			return reg_refuse(ctx, X86_TRAP_GP);
		*val = v->fpu.xcr0;
		return EMUL_OK;
	}
}

static enum emul_result reg_set(struct emul_ctx *ctx, enum emul_regs set,
				u32 nr, u64 val)
{
	struct msr_access msr = { .index = nr, .data = val };
	struct x86_vcpu *v = ctx->priv;
	int vector, err;

	switch (set) {
	case EMUL_CR:
		if (!cr_exists(nr))
			return reg_refuse(ctx, X86_TRAP_UD);
		err = cr_set(v, nr, val);
		break;
	case EMUL_DR:
		vector = dr_refused(v, nr);
		if (vector >= 0)
			return reg_refuse(ctx, vector);
		err = dr_set(v, nr, val);
		break;
	case EMUL_MSR:
		err = msr_write(v, &msr);
		break;
	default:
		if (!has_xcr(v))
			return reg_refuse(ctx, X86_TRAP_UD);
		err = fpu_set_xcr0(v, nr, val);
		break;
	}
	return err ? reg_refuse(ctx, X86_TRAP_GP) : EMUL_OK;
}

const struct emul_ops emul_env_ops = {
	.read = mem_read,
	.write = mem_write,
	.probe = mem_probe,
	.exchange = mem_cmpxchg,
	.in = port_in,
	.out = port_out,
	.segment = segment_get,
	.segment_set = segment_set,
	.table = table_get,
	.table_set = table_set,
	.vector = vector_get,
	.vector_set = vector_set,
	.opmask = opmask_get,
	.cpuid = cpuid_get,
	.has = feature_there,
	.invlpg = tlb_drop,
	.flush = tlb_flush,
	.halt = halt_after,
	.shadow = shadow_begin,
	.task_taken = task_taken,
	.task = task_begin,
	.smram = smram_read,
	.rsm = rsm_leave,
	.fpu = fpu_get,
	.fpu_set = fpu_set,
	.fpu_part = fpu_part,
	.reg = reg_get,
	.reg_set = reg_set,
};
