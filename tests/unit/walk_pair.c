// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/unit/walk_pair.h"

static const struct pt_format *const format_of[] = {
	[MODEL_32] = &pt_format_2level,
	[MODEL_PAE] = &pt_format_pae,
	[MODEL_4LEVEL] = &pt_format_4level,
	[MODEL_5LEVEL] = &pt_format_5level,
	[MODEL_EPT4] = &pt_format_ept4,
	[MODEL_EPT5] = &pt_format_ept5,
};

static void ctx_init(struct gwalk_ctx *ctx, const struct model_paging *p)
{
	const struct pt_features feat = {
		.maxphyaddr = p->maxphyaddr,
		.nx = p->nxe,
		.gib_pages = p->gib_pages,
		.pse = p->pse,
		.pse36 = p->pse36,
		.amd = p->amd,
		.exec_only = p->exec_only,
		.ad = p->ept_ad,
	};
	const bool ept = p->mode >= MODEL_EPT4;
	const struct perm_bits bits = {
		.wp = p->wp,
		.smep = p->smep,
		.smap = p->smap,
		.nx = p->nxe && p->mode != MODEL_32,
		.pke = p->pke && (p->mode == MODEL_4LEVEL ||
				  p->mode == MODEL_5LEVEL),
		.second = p->nested || ept,
	};

	*ctx = (struct gwalk_ctx){
		.fmt = format_of[p->mode],
		.root = p->root,
		.pdptr_mem = p->pdpte_mem,
		.set_ad = ept ? p->ept_ad : p->set_ad,
	};
	for (int i = 0; i < 4; i++)
		ctx->pdptr[i] = p->pdpte[i];
	if (ctx->fmt)
		pt_rsvd_init(&ctx->rsvd, ctx->fmt, &feat);
	perm_init(&ctx->perm, &bits);
}

void pair_update(struct pair *t)
{
	ctx_init(&t->ctx[0], &t->cpu[0]);
	if (t->cpu[0].next) {
		ctx_init(&t->ctx[1], &t->cpu[1]);
		t->ctx[0].next = &t->ctx[1];
	}
}

static struct gwalk_access access_of(const struct model_access *a)
{
	return (struct gwalk_access){
		.pf = (a->write ? PF_WRITE : 0) | (a->user ? PF_USER : 0) |
		      (a->fetch ? PF_FETCH : 0) |
		      (a->implicit ? PF_IMPLICIT : 0),
		.regs = { .ac = a->ac, .pkru = a->pkru },
	};
}

/* Where two walks differ: the first of these is shown. */
#define DIFFERS(what, ours, model) do {					\
	if ((u64)(ours) != (u64)(model)) {				\
		print_error("%s: walker %#llx, model %#llx\n", what,	\
			    (unsigned long long)(ours),			\
			    (unsigned long long)(model));		\
		return true;						\
	}								\
} while (0)

/* One entry at two levels: the lower one's bits came later. */
static bool used_again(const struct model_result *r, int i)
{
	for (int j = i + 1; j < r->used; j++)
		if (r->entry[j].gpa == r->entry[i].gpa)
			return true;
	return false;
}

/* An entry of ->next, too: the bits that are set there may have come later. */
static bool used_below(const struct pair *t, const struct model_entry *e,
		       u64 entry)
{
	const struct gmem *mem = &t->mem;
	u64 was;

	for (int i = 0; i < mem->writes && t->cpu[0].next; i++) {
		was = mem->log[i].old >> 8 * (e->gpa % 8);
		if (mem->log[i].gpa == (e->gpa & ~7ull) &&
		    (e->size == 8 ? was : (u32)was) == entry)
			return true;
	}
	return false;
}

static bool steps_differ(const struct pair *t, const struct gwalk_result *g,
			 const struct model_result *r)
{
	for (int i = 0; i < r->used; i++) {
		const struct model_entry *e = &r->entry[i];

		DIFFERS("step address", g->step[e->level].gpa, e->gpa);
		if (used_again(r, i) || used_below(t, e, g->step[e->level].entry))
			continue;
		/* Memory now is as the walker left it. */
		DIFFERS("step entry", g->step[e->level].entry,
			gmem_get(&t->mem, e->gpa, e->size));
	}
	return false;
}

static bool results_differ(const struct gwalk_result *g, enum model_end end,
			   const struct model_result *r)
{
	if (end == MODEL_NOWHERE)
		return false;
	DIFFERS("error", g->error, r->error);
	DIFFERS("fault address", g->fault_addr, r->fault_addr);
	DIFFERS("level", g->level, r->level);
	DIFFERS("rights", g->rights, r->rights);
	DIFFERS("misconfig", g->misconfig, r->misconfig);
	if (end != MODEL_DONE)
		return false;
	DIFFERS("gpa", g->gpa, r->gpa);
	DIFFERS("key", g->pkey, r->pkey);
	return false;
}

/* What @log left at @gpa; @was when it says nothing. */
static u64 log_value(const struct gmem_write *log, int n, u64 gpa, u64 was)
{
	for (int i = 0; i < n; i++)
		if (log[i].gpa == gpa)
			return log[i].now;
	return was;
}

/* Each word that either walk wrote holds the same now and at @log's end. */
static bool writes_differ(const struct gmem *mem, const struct gmem_write *log,
			  int n)
{
	int i;

	for (i = 0; i < n; i++)
		DIFFERS("A/D bits of the model", mem->word[log[i].gpa / 8],
			log[i].now);
	for (i = 0; i < mem->writes; i++) {
		const struct gmem_write *w = &mem->log[i];
		u64 now = mem->word[w->gpa / 8];

		DIFFERS("A/D bits", now, log_value(log, n, w->gpa, w->old));
	}
	return false;
}

static void show(const struct pair *t, u64 va, const struct model_access *a,
		 const struct model_result *r)
{
	const struct model_paging *p = &t->cpu[0];

	for (; p; p = p->next)
		print_error("mode %d nested %d wp %d smep %d smap %d pse %d nxe %d pke %d "
			    "pse36 %d gib %d amd %d width %d xo %d ad %d/%d root %#llx\n",
			    p->mode, p->nested, p->wp, p->smep, p->smap, p->pse,
			    p->nxe, p->pke, p->pse36, p->gib_pages, p->amd,
			    p->maxphyaddr, p->exec_only, p->ept_ad, p->set_ad,
			    (unsigned long long)p->root);
	print_error("va %#llx w %d u %d f %d implicit %d ac %d pkru %#x\n",
		    (unsigned long long)va, a->write, a->user, a->fetch,
		    a->implicit, a->ac, a->pkru);
	for (int i = 0; i < r->used; i++)
		print_error("level %d at %#llx: %#llx\n", r->entry[i].level,
			    (unsigned long long)r->entry[i].gpa,
			    (unsigned long long)r->entry[i].value);
}

void pair_walk(struct pair *t, u64 va, const struct model_access *a)
{
	static const enum gwalk_status status_of[] = {
		[MODEL_DONE] = GWALK_OK, [MODEL_FAULT] = GWALK_FAULT,
		[MODEL_NEXT] = GWALK_NEXT, [MODEL_NOWHERE] = GWALK_ABORT,
	};
	const struct model_mem mem = gmem_model(&t->mem);
	const struct gwalk_access access = access_of(a);
	struct gmem_write log[GMEM_LOG];
	struct gwalk_result g;
	struct model_result r;
	enum gwalk_status status;
	enum model_end end;
	bool bad = false;
	int n;

	gmem_mark(&t->mem);
	/* The model first: its steps are checked against the walker's memory. */
	end = model_walk(&mem, &t->cpu[0], va, a, &r);
	n = gmem_take(&t->mem, log);
	status = t->walk ? t->walk(t, va, &access, &g) :
		 gwalk(gmem_vcpu(&t->mem), &t->ctx[0], va, &access, &g);
	if (status == GWALK_RETRY) {
		t->retries++;
		gmem_take(&t->mem, log);
		return;
	}
	t->ended[end]++;
	if (status != status_of[end]) {
		print_error("status: walker %d, model %d\n", status, end);
		bad = true;
	}
	bad = bad || results_differ(&g, end, &r) ||
	      writes_differ(&t->mem, log, n) || t->mem.overflow ||
	      (end == MODEL_DONE && steps_differ(t, &g, &r));
	gmem_take(&t->mem, log);
	if (bad)
		show(t, va, a, &r);
	assert_false(bad);
}
