// SPDX-License-Identifier: GPL-2.0-only
/* L2's accesses: what L1's tables allow, and what the processor does. */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/io.h>

#include "tests/unit/nested_l2.h"

/* ------------------------------------------------------------------------ */
/* The reference. */

bool l2_mem_read(void *opaque, u64 gpa, int size, u64 *value)
{
	struct env_slot *s = env_slot_find(&l2_world.vm, 0, gpa >> 12);

	if (!s)
		return false;
	*value = env_mem_get(env_host_page(&s->s, gpa >> 12), gpa & 4095, size);
	return true;
}

static void mem_write(void *opaque, u64 gpa, int size, u64 value)
{
}

/* What L1's tables say now; nothing is written. */
enum model_end l2_walk_now(int space, u64 gpa, u64 access,
			       struct model_result *r)
{
	const struct model_mem mem = { l2_mem_read, mem_write, NULL };
	const struct model_access a = {
		.write = access & PF_WRITE, .fetch = access & PF_FETCH,
	};

	return model_walk(&mem, &l2_world.second[space], gpa, &a, r);
}

static bool has_ad(const struct model_paging *p)
{
	return p->mode < MODEL_EPT4 || p->ept_ad;
}

static struct l2_past past_of(int space, const struct model_result *r)
{
	const struct model_paging *p = &l2_world.second[space];
	int shift = p->mode < MODEL_EPT4 ? 5 : 8;
	struct l2_past past;

	/* With its padding, to be compared. */
	memset(&past, 0, sizeof(past));
	past.gfn = r->gpa >> 12;
	past.rights = r->rights;
	past.accessed = past.dirty = true;

	for (int i = 0; i < r->used && has_ad(p); i++) {
		/* PAE's PDPTEs have no accessed bit. */
		if (p->mode == MODEL_PAE && r->entry[i].level == 3)
			continue;
		past.accessed &= r->entry[i].value >> shift & 1;
		past.dirty = r->entry[i].value >> (shift + 1) & 1;
	}
	return past;
}

static void past_note(struct l2_gpa *g, int space,
		      const struct model_paging *p, u64 gpa)
{
	const struct model_mem mem = { l2_mem_read, mem_write, NULL };
	const struct model_access a = { .write = false };
	struct model_result r;
	struct l2_past now;
	int i;

	model_walk(&mem, p, gpa, &a, &r);
	/* It reached a leaf, whether the leaf lets it be read or not. */
	if (!r.rights)
		return;
	now = past_of(space, &r);
	for (i = 0; i < g->n; i++)
		if (!memcmp(&g->past[i], &now, sizeof(now)))
			return;
	if (g->n == L2_PAST) {
		g->any = true;
		return;
	}
	g->past[g->n++] = now;
}

static void past_add(struct l2_gpa *g, int space, u64 gpa)
{
	struct model_paging p = l2_world.second[space];
	int at = gpa >> 30 & 3, i;
	u64 now = 0;

	if (p.mode != MODEL_PAE) {
		past_note(g, space, &p, gpa);
		return;
	}
	l2_mem_read(NULL, p.root + at * 8, 8, &now);
	for (i = 0; i < g->pdptes && g->pdpte[i] != now; i++)
		;
	if (i == L2_PDPTES)
		g->any = true;
	else if (i == g->pdptes)
		g->pdpte[g->pdptes++] = now;
	p.pdpte_mem = false;
	for (i = 0; i < g->pdptes; i++) {
		p.pdpte[at] = g->pdpte[i];
		past_note(g, space, &p, gpa);
	}
}

void l2_past_update(struct l2 *l2)
{
	for (int s = 0; s < L2_SPACES; s++)
		for (int i = 0; i < L2_GPAS; i++)
			past_add(&l2->gpa[s][i], s, l2_world.gpa[i]);
}

void l2_past_forget(struct l2 *l2)
{
	memset(l2->gpa, 0, sizeof(l2->gpa));
	l2_past_update(l2);
}

static bool past_allows(const struct l2_gpa *g, u64 gfn, u32 rights)
{
	for (int i = 0; i < g->n; i++) {
		const struct l2_past *p = &g->past[i];

		if (p->gfn == gfn && p->accessed && !(rights & ~p->rights) &&
		    (p->dirty || !(rights & ACC_W)))
			return true;
	}
	return g->any;
}

/* ------------------------------------------------------------------------ */
/* The processor. */

static u64 *host_entry(u64 hpa)
{
	if (!env_table_is_live(hpa & ~0xfffull))
		shim_die("the hardware walks a freed table at %llx", hpa);
	return phys_to_virt(hpa);
}

static bool host_read(void *opaque, u64 hpa, int size, u64 *value)
{
	*value = __atomic_load_n(host_entry(hpa), __ATOMIC_ACQUIRE);
	*value &= ~l2_world.vm.caps.enc_mask;
	return true;
}

static void host_write(void *opaque, u64 hpa, int size, u64 value)
{
	u64 *p = host_entry(hpa);

	__atomic_store_n(p, value | (*p & l2_world.vm.caps.enc_mask),
			 __ATOMIC_SEQ_CST);
}

static enum model_end hw_walk(struct l2 *l2, u64 gpa, u64 access, bool look,
			      struct model_result *r)
{
	const struct model_mem mem = {
		host_read, look ? mem_write : host_write, NULL
	};
	const struct model_access a = {
		.write = access & PF_WRITE, .fetch = access & PF_FETCH,
	};
	const struct mmu_caps *c = &l2_world.vm.caps;
	bool npt = c->second == MMU_SECOND_NPT, five = c->levels == 5;
	const struct model_paging p = {
		.mode = npt ? five ? MODEL_5LEVEL : MODEL_4LEVEL :
			      five ? MODEL_EPT5 : MODEL_EPT4,
		.nested = npt, .root = l2->root, .nxe = true, .amd = true,
		.gib_pages = c->max_level >= LEVEL_1G, .set_ad = true,
		.maxphyaddr = c->maxphyaddr, .exec_only = c->exec_only,
		.ept_ad = c->ad,
	};

	return model_walk(&mem, &p, gpa, &a, r);
}

static u64 page_mask(int level)
{
	return ~((4096ull << (9 * (level - 1))) - 1);
}

/* From a host frame to L1's. */
static gfn_t gfn_of(u64 hpa)
{
	u64 page = host_pfn_page(&l2_world.vm.host, hpa >> 12);

	for (int i = 0; i < ENV_SLOTS; i++) {
		struct env_slot *s = l2_world.vm.slot[0][i];

		if (s && page - env_host_page(&s->s, s->s.base_gfn) <
			 s->s.npages)
			return s->s.base_gfn + page -
			       env_host_page(&s->s, s->s.base_gfn);
	}
	shim_die("L2 reaches host frame %llx, which no slot shows", hpa >> 12);
}

/* Rights that are used: all that a leaf grants, or those of one access. */
static void use_check(struct l2 *l2, const char *who, int i,
		      const struct l2_tlb *t, u32 rights)
{
	u64 gpa = l2_world.gpa[i], hpa = t->hpa | (gpa & ~page_mask(t->level));
	struct map_entry m = {
		.valid = true, .level = t->level, .pfn = t->hpa >> 12,
		.w = t->rights & ACC_W, .dirty = true, .type = t->type,
		.typed = l2_world.vm.caps.second == MMU_SECOND_EPT,
	};
	const char *why;
	gfn_t gfn;

	/* Played in the middle of a change: a rule is on its way to hold. */
	if (l2_world.vm.changing)
		return;
	gfn = gfn_of(hpa);
	m.gfn = gfn & (page_mask(t->level) >> 12);
	why = map_wrong(&l2_world.vm, &m, !l2_world.vm.faults);
	if (why)
		shim_die("%s: gpa %llx level %d hpa %llx: %s", who, gpa,
			 t->level, t->hpa, why);
	if (past_allows(&l2->gpa[l2->space][i], gfn, rights))
		return;
	for (int n = 0; n < l2->gpa[l2->space][i].n; n++) {
		const struct l2_past *p = &l2->gpa[l2->space][i].past[n];

		fprintf(stderr, "past: gfn %llx rights %x%s%s\n", p->gfn,
			p->rights, p->accessed ? " A" : "", p->dirty ? " D" : "");
	}
	shim_die("%s: gpa %llx leads to frame %llx (level %d) with rights %x, "
		 "which L1's tables never allowed", who, gpa,
		 gfn, t->level, rights);
}

static struct l2_tlb tlb_of(u64 gpa, const struct model_result *r, bool dirty)
{
	return (struct l2_tlb){
		.valid = true, .dirty = dirty, .level = r->level,
		.gpa = gpa & page_mask(r->level),
		.hpa = r->gpa & page_mask(r->level), .rights = r->rights,
		.type = r->entry[r->used - 1].value >> 3 & 15,
	};
}

static u32 right_of(u64 access)
{
	return access & PF_WRITE ? ACC_W : access & PF_FETCH ? ACC_X : ACC_R;
}

static struct l2_tlb *tlb_find(struct l2 *l2, u64 gpa, u64 access)
{
	for (int i = 0; i < L2_TLB; i++) {
		struct l2_tlb *t = &l2->tlb[i];

		if (t->valid && t->gpa == (gpa & page_mask(t->level)) &&
		    (t->rights & right_of(access)) &&
		    (t->dirty || !(access & PF_WRITE)))
			return t;
	}
	return NULL;
}

static void tlb_drop(struct l2 *l2, u64 gpa)
{
	for (int i = 0; i < L2_TLB; i++)
		if (l2->tlb[i].valid &&
		    l2->tlb[i].gpa == (gpa & page_mask(l2->tlb[i].level)))
			l2->tlb[i].valid = false;
}

void l2_hw_flush(struct l2 *l2)
{
	memset(l2->tlb, 0, sizeof(l2->tlb));
	memset(l2->psc, 0, sizeof(l2->psc));
}

/* Tables are remembered, and must live as long as nobody flushes. */
static void psc_add(struct l2 *l2, u64 gpa, const struct model_result *r)
{
	int n = shim_random() % r->used;

	l2->psc[shim_random() % L2_PSC] = (struct l2_psc){
		.valid = true, .table = r->entry[n].gpa & ~0xfffull,
	};
}

/* For the dirty log's reference. */
static void note_write(u64 hpa)
{
	struct env_slot *s;
	gfn_t gfn;

	if (l2_world.vm.changing)
		return;
	gfn = gfn_of(hpa);
	s = env_slot_find(&l2_world.vm, 0, gfn);
	if (s->written)
		set_bit(gfn - s->s.base_gfn, s->written);
}

bool l2_hw_access(struct l2 *l2, int i, u64 access, u64 *error)
{
	u64 gpa = l2_world.gpa[i];
	struct l2_tlb *t = tlb_find(l2, gpa, access);
	struct model_result r;

	*error = 0;
	if (!t && hw_walk(l2, gpa, access, false, &r) != MODEL_DONE) {
		tlb_drop(l2, gpa);
		*error = r.error | PF_GUEST_FINAL;
		return false;
	}
	if (!t) {
		psc_add(l2, gpa, &r);
		t = &l2->tlb[l2->next++ % L2_TLB];
		*t = tlb_of(gpa, &r, access & PF_WRITE);
	}
	use_check(l2, "access", i, t, right_of(access));
	if (access & PF_WRITE)
		note_write(t->hpa | (gpa & ~page_mask(t->level)));
	return true;
}

static void tlb_check(struct l2 *l2, int i)
{
	for (int n = 0; n < L2_TLB; n++) {
		const struct l2_tlb *t = &l2->tlb[n];

		if (t->valid && t->gpa == (l2_world.gpa[i] & page_mask(t->level)))
			use_check(l2, "TLB", i, t,
				  t->dirty ? t->rights : t->rights & ~ACC_W);
	}
}

void l2_hw_look(struct l2 *l2, int i, struct model_result *r)
{
	hw_walk(l2, l2_world.gpa[i], 0, true, r);
}

void l2_hw_check(struct l2 *l2)
{
	struct model_result r;
	struct l2_tlb t;

	if (!l2->inside || l2->out || !mmu_root_is_current(&l2->v->v))
		return;
	for (int i = 0; i < L2_PSC; i++)
		if (l2->psc[i].valid && !env_table_is_live(l2->psc[i].table))
			shim_die("a freed table is cached");
	for (int i = 0; i < L2_GPAS; i++) {
		tlb_check(l2, i);
		hw_walk(l2, l2_world.gpa[i], 0, true, &r);
		if (!r.rights)
			continue;
		t = tlb_of(l2_world.gpa[i], &r, false);
		use_check(l2, "table", i, &t, r.rights);
	}
}
