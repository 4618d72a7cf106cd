// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest page-table walker: one loop for every format.
 *
 * The walk has two parts.  The first reads entries from the root to the leaf
 * and decides; the second, once nothing forbids the access, sets accessed and
 * dirty bits and sends the result through ->next.
 */
#include <linux/kernel.h>

#include "mmu/guest/gwalk.h"
#include "mmu/mmu_env.h"
#include "mmu/mmu_trace.h"

/* What a walk is about; constant while it lasts. */
struct gwalk_state {
	struct mmu_vcpu *vcpu;
	const struct gwalk_ctx *ctx;
	const struct gwalk_access *asked;
	u64 va;
	u64 access;	/* PF_* bits; PF_USER always set for a second level */
};

static enum gwalk_status walk_fault(const struct gwalk_state *w, u64 cause,
				    struct gwalk_result *res)
{
	res->error = cause | (w->access & w->ctx->perm.reported);
	return GWALK_FAULT;
}

/*
 * Translate one of this context's addresses by ->next.  @access holds
 * PF_GUEST_TABLE or PF_GUEST_FINAL beside what the access does; @level is
 * lowered to that of the translation.
 */
static noinline enum gwalk_status walk_below(const struct gwalk_state *w, u64 addr,
					     u64 access,
					     struct gwalk_result *res,
					     gpa_t *gpa)
{
	const struct gwalk_access below = {
		.pf = access & (PF_WRITE | PF_FETCH),
		.regs = w->asked->regs,
		.no_ad = w->asked->no_ad,
	};
	u64 stage = access & (PF_GUEST_TABLE | PF_GUEST_FINAL);
	struct gwalk_result next;
	enum gwalk_status status;

	status = gwalk(w->vcpu, w->ctx->next, addr, &below, &next);
	if (status == GWALK_OK) {
		*gpa = next.gpa;
		if (stage == PF_GUEST_FINAL)
			res->level = min(res->level, next.level);
		return GWALK_OK;
	}
	if (status != GWALK_FAULT && status != GWALK_NEXT)
		return status;
	res->error = next.error | stage;
	res->fault_addr = addr;
	res->level = next.level;
	res->rights = next.rights;
	res->misconfig = next.misconfig;
	return GWALK_NEXT;
}

/* The same, where mostly nothing is below: not a call for each entry. */
static inline enum gwalk_status walk_next(const struct gwalk_state *w, u64 addr,
					  u64 access,
					  struct gwalk_result *res, gpa_t *gpa)
{
	if (w->ctx->next)
		return walk_below(w, addr, access, res, gpa);
	*gpa = addr;
	return GWALK_OK;
}

/*
 * How reading a guest's table looks to the tables below it: as a write where
 * those have accessed and dirty bits.  That is APM 15.25.6 (an NPT always has
 * them, and host walks for guest tables are always data writes) and SDM
 * 29.3.3.2 (EPT: the same when bit 6 of the EPTP is set) in one.
 */
static u64 table_access(const struct gwalk_ctx *ctx)
{
	return PF_GUEST_TABLE | (ctx->next && ctx->next->set_ad ? PF_WRITE : 0);
}

static enum gwalk_status entry_read(const struct gwalk_state *w, gpa_t table,
				    int level, struct gwalk_result *res)
{
	const struct pt_format *fmt = w->ctx->fmt;
	struct gwalk_step *step = &res->step[level];
	unsigned int index = pt_index(fmt, w->va, level);
	enum gwalk_status status;

	/*
	 * SDM 4.4.1: PAE's root is not in memory once CR3 has been loaded; it is
	 * where nested paging is on (APM 15.25.10).
	 */
	if (fmt == &pt_format_pae && level == fmt->levels &&
	    !w->ctx->pdptr_mem) {
		*step = (struct gwalk_step){ .entry = w->ctx->pdptr[index] };
		return GWALK_OK;
	}
	status = walk_next(w, table + index * fmt->entry_size,
			   table_access(w->ctx), res, &step->gpa);
	if (status != GWALK_OK)
		return status;
	/* The upper half of a short entry is zero. */
	step->entry = 0;
	if (mmu_env_guest_read(w->vcpu, step->gpa, &step->entry,
			       fmt->entry_size))
		return GWALK_ABORT;
	return GWALK_OK;
}

/*
 * Read entries down to the leaf.  What comes first in the walk decides: an
 * absent entry or reserved bits at any level go before all permissions.
 *
 * @common collects what the entries that carry rights have in common, NX
 * inverted so that every right is a bit that all of them must have.
 */
static enum gwalk_status walk_down(const struct gwalk_state *w,
				   struct gwalk_result *res, u64 *common)
{
	const struct gwalk_ctx *ctx = w->ctx;
	const struct pt_format *fmt = ctx->fmt;
	enum gwalk_status status;
	gpa_t table = ctx->root;
	int level = fmt->levels;
	u64 entry, all = ~0ull;
	bool large;

	for (;; level--) {
		status = entry_read(w, table, level, res);
		if (status != GWALK_OK)
			return status;
		res->level = level;
		entry = res->step[level].entry;
		if (!(entry & fmt->present))
			return walk_fault(w, 0, res);
		large = pt_is_large(&ctx->rsvd, fmt, entry, level);
		if (pt_rsvd_bad(&ctx->rsvd, fmt, entry, level)) {
			res->misconfig = fmt->exec;
			return walk_fault(w, PF_PRESENT | PF_RSVD, res);
		}
		if (fmt->rights_mask & BIT(level))
			all &= entry ^ fmt->nx;
		if (level == LEVEL_4K || large)
			break;
		table = entry & fmt->addr;
	}
	*common = all ^ fmt->nx;
	res->rights = pt_rights(fmt, *common, level);
	res->pkey = gwalk_pkey(ctx, entry);
	return GWALK_OK;
}

static enum gwalk_status entry_set(const struct gwalk_state *w, int level, u64 bits,
				   struct gwalk_result *res)
{
	struct gwalk_step *step = &res->step[level];
	const struct gwalk_ctx *ctx = w->ctx;
	enum gwalk_status status;
	u64 addr;
	int err;

	if ((step->entry & bits) == bits)
		return GWALK_OK;
	/* Without A/D bits below, it was read as a read; this is a write. */
	if (ctx->next && !ctx->next->set_ad) {
		addr = level == ctx->fmt->levels ? ctx->root :
			res->step[level + 1].entry & ctx->fmt->addr;
		addr += pt_index(ctx->fmt, w->va, level) * ctx->fmt->entry_size;
		status = walk_next(w, addr, PF_GUEST_TABLE | PF_WRITE, res,
				   &step->gpa);
		if (status != GWALK_OK)
			return status;
	}
	err = mmu_env_guest_cmpxchg(w->vcpu, step->gpa, ctx->fmt->entry_size,
				    step->entry, step->entry | bits);
	if (err == -EAGAIN)
		return GWALK_RETRY;
	/* A table in read-only memory: the bus drops the write, no more. */
	if (!err)
		step->entry |= bits;
	return GWALK_OK;
}

/* @bits: what an entry is to get. */
static bool dirty_is_allowed(const struct gwalk_state *w, u64 bits)
{
	const struct gwalk_ctx *ctx = w->ctx;

	return !ctx->dirty || !(bits & ctx->fmt->dirty) || ctx->dirty(w->vcpu, w->va);
}

/* SDM 4.8, 29.3.5; APM 5.4.2: A in each entry used, D in the leaf written. */
static noinline enum gwalk_status walk_set_ad(const struct gwalk_state *w,
					      struct gwalk_result *res)
{
	const struct pt_format *fmt = w->ctx->fmt;
	enum gwalk_status status;
	int leaf = res->level;
	int level;
	u64 bits;

	for (level = fmt->levels; level >= leaf; level--) {
		if (!(fmt->rights_mask & BIT(level)))
			continue;
		bits = fmt->accessed;
		if (level == leaf && (w->access & PF_WRITE))
			bits |= fmt->dirty;
		if (!dirty_is_allowed(w, bits & ~res->step[level].entry))
			return GWALK_RETRY;
		status = entry_set(w, level, bits, res);
		if (status != GWALK_OK)
			return status;
	}
	return GWALK_OK;
}

/* Are the bits that walk_set_ad() would set there already? */
static bool ad_is_set(const struct gwalk_state *w, const struct gwalk_result *res,
		      u64 common)
{
	const struct pt_format *fmt = w->ctx->fmt;

	if (fmt->accessed & ~common)
		return false;
	return !(w->access & PF_WRITE) ||
	       !(fmt->dirty & ~res->step[res->level].entry);
}

/* Second level: an address that the tables cannot express is not mapped. */
static bool out_of_reach(const struct gwalk_ctx *ctx, u64 addr)
{
	const struct pt_format *fmt = ctx->fmt;

	return ctx->perm.second &&
	       addr >> (fmt->shift[fmt->levels] + fmt->index_bits[fmt->levels]);
}

static enum gwalk_status walk_tables(const struct gwalk_state *w,
				     struct gwalk_result *res, u64 *addr)
{
	const struct gwalk_ctx *ctx = w->ctx;
	enum gwalk_status status;
	u64 offset, error, common;

	if (out_of_reach(ctx, w->va)) {
		res->level = ctx->fmt->levels;
		res->step[res->level] = (struct gwalk_step){ 0 };
		return walk_fault(w, 0, res);
	}
	status = walk_down(w, res, &common);
	if (status != GWALK_OK)
		return status;
	offset = w->va & ((1ull << ctx->fmt->shift[res->level]) - 1);
	*addr = offset | pt_leaf_addr(ctx->fmt, res->step[res->level].entry,
				      res->level);
	error = perm_check(&ctx->perm, res->rights, res->pkey, w->access,
			   &w->asked->regs);
	if (error)
		return walk_fault(w, error, res);
	if (!ctx->set_ad || likely(ad_is_set(w, res, common)) || w->asked->no_ad)
		return GWALK_OK;
	return walk_set_ad(w, res);
}

enum gwalk_status gwalk(struct mmu_vcpu *vcpu, const struct gwalk_ctx *ctx,
			u64 va, const struct gwalk_access *access,
			struct gwalk_result *res)
{
	const struct gwalk_state w = {
		.vcpu = vcpu,
		.ctx = ctx,
		.asked = access,
		.va = va,
		/* APM 15.25.5: nested tables see nothing but user accesses. */
		.access = access->pf | (ctx->perm.second ? PF_USER : 0),
	};
	enum gwalk_status status = GWALK_OK;
	u64 addr = va;

	/* All but @step, which the walk fills as far as it gets. */
	res->gpa = 0;
	res->rights = ACC_ALL;
	res->pkey = 0;
	res->level = LEVEL_1G;
	res->misconfig = false;
	res->error = 0;
	res->fault_addr = va;
	if (ctx->fmt) {
		res->rights = 0;
		status = walk_tables(&w, res, &addr);
		if (MMU_WALK_IS_TRACED && status <= GWALK_FAULT)
			mmu_env_trace_walk(ctx, va, w.access, res,
					   status == GWALK_FAULT);
	}
	if (status != GWALK_OK)
		return status;
	return walk_next(&w, addr, access->pf | PF_GUEST_FINAL, res, &res->gpa);
}
