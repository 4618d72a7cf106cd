// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <asm/io.h>

#include "mmu/track.h"
#include "tests/unit/nested_l2.h"

#define PRESENT	(HOST_MAPPED | HOST_VMA_W | HOST_PRESENT | HOST_WRITE)
#define HOST	(1ull << 18)
#define TABLES	32	/* first frame of L1's tables */

struct l2_world l2_world;

static struct l2 *l2_of(struct mmu_vcpu *vcpu)
{
	struct env_vcpu *v = container_of(vcpu, struct env_vcpu, v);

	return v == l2_world.l2[0].v ? &l2_world.l2[0] : &l2_world.l2[1];
}

gfn_t l2_table(int space, int level, int copy)
{
	return TABLES + ((space % 2) * LEVEL_MAX + level - 1) * 4 + copy;
}

/* ------------------------------------------------------------------------ */
/* The reference. */

static bool mem_read(void *opaque, u64 gpa, int size, u64 *value)
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
static enum model_end walk_now(int space, u64 gpa, u64 access,
			       struct model_result *r)
{
	const struct model_mem mem = { mem_read, mem_write, NULL };
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
	const struct model_mem mem = { mem_read, mem_write, NULL };
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
	mem_read(NULL, p.root + at * 8, 8, &now);
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

static void past_update(struct l2 *l2)
{
	for (int s = 0; s < L2_SPACES; s++)
		for (int i = 0; i < L2_GPAS; i++)
			past_add(&l2->gpa[s][i], s, l2_world.gpa[i]);
}

static void past_forget(struct l2 *l2)
{
	memset(l2->gpa, 0, sizeof(l2->gpa));
	past_update(l2);
}

static void mem_changed(u64 page, unsigned int offset, unsigned int size)
{
	l2_world.gen++;
	past_update(&l2_world.l2[0]);
	past_update(&l2_world.l2[1]);
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
		.w = t->rights & ACC_W,
	};
	gfn_t gfn = gfn_of(hpa);
	const char *why;

	m.gfn = gfn & (page_mask(t->level) >> 12);
	why = map_wrong(&l2_world.vm, &m, true);
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
	shim_die("%s: gpa %llx leads to frame %llx (level %d) with rights %x, which L1's tables never allowed",
		 who, gpa, gfn, t->level, rights);
}

static struct l2_tlb tlb_of(u64 gpa, const struct model_result *r, bool dirty)
{
	return (struct l2_tlb){
		.valid = true, .dirty = dirty, .level = r->level,
		.gpa = gpa & page_mask(r->level),
		.hpa = r->gpa & page_mask(r->level), .rights = r->rights,
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

static void tlb_empty(struct l2 *l2)
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

static bool hw_access(struct l2 *l2, int i, u64 access, u64 *error)
{
	u64 gpa = l2_world.gpa[i];
	struct l2_tlb *t = tlb_find(l2, gpa, access);
	struct model_result r;

	*error = 0;
	if (!t) {
		if (hw_walk(l2, gpa, access, false, &r) != MODEL_DONE) {
			tlb_drop(l2, gpa);
			*error = r.error | PF_GUEST_FINAL;
			return false;
		}
		psc_add(l2, gpa, &r);
		t = &l2->tlb[l2->next++ % L2_TLB];
		*t = tlb_of(gpa, &r, access & PF_WRITE);
	}
	use_check(l2, "access", i, t, right_of(access));
	return true;
}

static void flushed(struct env_vm *vm)
{
	tlb_empty(&l2_world.l2[0]);
	tlb_empty(&l2_world.l2[1]);
}

/* ------------------------------------------------------------------------ */
/* L1's registers. */

static u64 second_root(struct mmu_vcpu *vcpu)
{
	const struct model_paging *p = &l2_world.second[l2_of(vcpu)->space];
	int levels = p->mode == MODEL_EPT5 ? 5 : 4;

	if (p->mode < MODEL_EPT4)
		return p->root;
	return p->root | 6 | (levels - 1) << 3 | p->ept_ad << 6;
}

static void second_fault(struct mmu_vcpu *vcpu, const struct mmu_guest_fault *f)
{
	l2_of(vcpu)->sunk = *f;
	l2_of(vcpu)->sinks++;
}

static u64 l2_root(struct mmu_vcpu *vcpu)
{
	return 0;
}

static const struct mmu_ctx_ops l2_ops = { .root_get = l2_root };

static const struct mmu_ctx_ops second_ops = {
	.root_get = second_root, .fault = second_fault,
};

static void second_set(struct l2 *l2)
{
	const struct model_paging *p = &l2_world.second[l2->space];
	struct mmu_cpu cpu = {
		.cr0 = 0x80000001,
		.cr4 = (p->mode >= MODEL_PAE ? 0x20 : 0) | p->pse << 4 |
		       (p->mode == MODEL_5LEVEL ? 0x1000 : 0),
		.efer = p->nxe << 11 | (p->mode >= MODEL_4LEVEL ? 0x500 : 0),
		.feat = { .maxphyaddr = p->maxphyaddr, .amd = true,
			  .gib_pages = p->gib_pages, .pse36 = p->pse36 },
	};
	int r;

	if (p->mode < MODEL_EPT4)
		r = mmu_nested_npt(&l2->v->v, &cpu);
	else
		r = mmu_nested_ept(&l2->v->v, second_root(&l2->v->v),
				   0x2341c0 | p->exec_only, p->maxphyaddr);
	if (r)
		shim_die("L1's registers are refused: %d", r);
}

void l2_leave(struct l2 *l2)
{
	if (!l2->inside)
		return;
	mmu_nested_leave(&l2->v->v);
	l2->inside = false;
}

void l2_enter(struct l2 *l2, int space)
{
	l2_leave(l2);
	l2->space = space;
	second_set(l2);
	/* L1's translations wait under their own tag. */
	l2->v->out = true;
	mmu_nested_enter(&l2->v->v);
	l2->inside = true;
	l2->out = true;
}

void l2_flush(struct l2 *l2)
{
	bool inside = l2->inside;

	/* It is L1 that flushes. */
	l2_leave(l2);
	mmu_nested_flush(&l2->v->v);
	past_forget(l2);
	tlb_empty(l2);
	if (inside)
		l2_enter(l2, l2->space);
}

static bool l2_load(struct l2 *l2)
{
	hpa_t root = 0;
	int r;

	while (l2->out || !mmu_root_is_current(&l2->v->v)) {
		env_srcu_lock(&l2_world.vm);
		r = mmu_root_load(&l2->v->v, &root);
		env_srcu_unlock(&l2_world.vm);
		if (r < 0) {
			if (!shim_fail_odds && !shim_fail_at)
				shim_die("L2's root: %d", r);
			return false;
		}
		if (r)
			tlb_empty(l2);
		else if (root != l2->root)
			shim_die("another root, and nobody said so");
		l2->root = root;
		l2->out = false;
	}
	return true;
}

/* ------------------------------------------------------------------------ */
/* Accesses. */

static bool is_tracked(gfn_t gfn)
{
	struct mmu *mmu = &l2_world.vm.mmu;
	bool tracked;

	write_lock(&mmu->lock);
	tracked = mmu->shadow && track_has_table(mmu->shadow, 0, gfn, 1);
	write_unlock(&mmu->lock);
	return tracked;
}

/* Is there a reason not to map it? */
static bool may_emulate(enum model_end end, const struct model_result *r,
			u64 access)
{
	struct env_slot *s = env_slot_find(&l2_world.vm, 0, r->gpa >> 12);

	if (end != MODEL_DONE)
		return end == MODEL_NOWHERE;
	if (!s)
		return true;
	return (access & PF_WRITE) && ((s->s.flags & MMU_SLOT_READONLY) ||
				       is_tracked(r->gpa >> 12));
}

static void sink_check(struct l2 *l2, u64 gpa, u64 error, enum model_end end,
		       const struct model_result *r)
{
	const struct mmu_guest_fault *f = &l2->sunk;

	if (l2->sinks != 1 || end != MODEL_FAULT)
		shim_die("gpa %llx: L1 was told %d times; reference: %d", gpa,
			 l2->sinks, end);
	if (f->addr != gpa || f->error != (r->error | PF_GUEST_FINAL) ||
	    f->rights != r->rights || f->misconfig != r->misconfig || f->has_la)
		shim_die("gpa %llx error %llx: L1 is told %llx at %llx rights %x misconfig %d; reference: %llx rights %x misconfig %d",
			 gpa, error, f->error, f->addr, f->rights,
			 f->misconfig, r->error, r->rights, r->misconfig);
}

/* True: run L2 again. */
static bool judge(struct l2 *l2, struct mmu_fault *f, enum mmu_result res,
		  enum model_end end, const struct model_result *r)
{
	l2->faults[res]++;
	if ((res == MMU_INJECT) != (l2->sinks > 0))
		shim_die("answer %d and %d faults for L1", res, l2->sinks);
	switch (res) {
	case MMU_RETRY:
	case MMU_FIXED:
		return true;
	case MMU_INJECT:
		sink_check(l2, f->addr, f->error, end, r);
		return false;
	case MMU_EMULATE:
		if (!may_emulate(end, r, f->error))
			shim_die("gpa %llx error %llx: emulated without a reason: %d at %llx",
				 f->addr, f->error, end, r->gpa);
		return false;
	default:
		if (res == MMU_ERROR && f->err == -ENOMEM &&
		    (shim_fail_odds || shim_fail_at))
			return false;
		shim_die("gpa %llx error %llx: answer %d, err %d", f->addr,
			 f->error, res, f->err);
	}
}

static enum l2_end end_of(enum mmu_result res)
{
	return res == MMU_INJECT ? L2_FAULTED :
	       res == MMU_EMULATE ? L2_EMULATED : L2_GAVE_UP;
}

static bool l2_fault(struct l2 *l2, int i, u64 error, enum l2_end *how)
{
	struct mmu_fault f = { .addr = l2_world.gpa[i], .error = error };
	struct model_result r;
	enum mmu_result res;
	enum model_end end;
	bool again;

	env_srcu_lock(&l2_world.vm);
	end = walk_now(l2->space, f.addr, error, &r);
	l2->sinks = 0;
	res = mmu_fault(&l2->v->v, &f);
	again = judge(l2, &f, res, end, &r);
	*how = end_of(res);
	env_srcu_unlock(&l2_world.vm);
	return again;
}

enum l2_end l2_access(struct l2 *l2, int i, u64 access)
{
	enum l2_end how = L2_GAVE_UP;
	u64 error;
	int tries;

	for (tries = 0; tries < 8; tries++) {
		if (!l2_load(l2))
			return L2_GAVE_UP;
		if (hw_access(l2, i, access, &error))
			return L2_DONE;
		if (!l2_fault(l2, i, error, &how))
			return how;
	}
	if (!shim_fail_odds && !shim_fail_at)
		shim_die("gpa %llx access %llx: no progress", l2_world.gpa[i],
			 access);
	return L2_GAVE_UP;
}

static void store(struct l2 *l2, gpa_t gpa, unsigned int size, u64 value,
		  bool emulated)
{
	struct env_slot *s = env_slot_find(&l2_world.vm, 0, gpa >> 12);

	env_mem_set(env_host_page(&s->s, gpa >> 12), gpa & 4095, size, value);
	if (!emulated)
		return;
	l2_world.emulated++;
	if (s->dirty)
		set_bit((gpa >> 12) - s->s.base_gfn, s->dirty);
	mmu_guest_written(&l2->v->v, gpa, size);
}

void l2_l1_write(struct l2 *l2, gpa_t gpa, unsigned int size, u64 value)
{
	struct mmu_fault f;
	enum mmu_result r;
	u64 error;
	int tries;

	l2_leave(l2);
	env_srcu_lock(&l2_world.vm);
	for (tries = 0; tries < 8; tries++) {
		if (world_enter(l2->v))
			break;
		if (map_access(l2->v, gpa, PF_WRITE, &error)) {
			l2_world.unsynced += is_tracked(gpa >> 12);
			store(l2, gpa, size, value, false);
			break;
		}
		f = (struct mmu_fault){ .addr = gpa, .error = error };
		r = mmu_fault(&l2->v->v, &f);
		if (r == MMU_EMULATE) {
			if (!is_tracked(gpa >> 12))
				shim_die("L1 gpa %llx: emulated without a reason",
					 gpa);
			store(l2, gpa, size, value, true);
			break;
		}
		if (r != MMU_FIXED && r != MMU_RETRY && !shim_fail_odds &&
		    !shim_fail_at)
			shim_die("L1 gpa %llx: answer %d", gpa, r);
	}
	env_srcu_unlock(&l2_world.vm);
	if (tries == 8 && !shim_fail_odds && !shim_fail_at)
		shim_die("L1 gpa %llx: no progress", gpa);
}

/* ------------------------------------------------------------------------ */

int l2_mapped(struct l2 *l2, int i, u32 *rights)
{
	struct model_result r;

	if (!l2_load(l2))
		return 0;
	hw_walk(l2, l2_world.gpa[i], 0, true, &r);
	*rights = r.rights;
	return r.rights ? r.level : 0;
}

u64 l2_leaf(struct l2 *l2, int i)
{
	struct model_result r;

	hw_walk(l2, l2_world.gpa[i], 0, true, &r);
	return r.entry[r.used - 1].value;
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

static void l2_check_one(struct l2 *l2)
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

void l2_check(void)
{
	if (l2_world.vm.refs)
		shim_die("%ld pages not put back", l2_world.vm.refs);
	l2_check_one(&l2_world.l2[0]);
	l2_check_one(&l2_world.l2[1]);
	map_check_tlbs(&l2_world.vm);
}

/* ------------------------------------------------------------------------ */

void l2_mem_set(gpa_t gpa, unsigned int size, u64 value)
{
	struct env_slot *s = env_slot_find(&l2_world.vm, 0, gpa >> 12);

	env_mem_set(env_host_page(&s->s, gpa >> 12), gpa & 4095, size, value);
}

u64 l2_mem_get(gpa_t gpa, unsigned int size)
{
	u64 value = 0;

	mem_read(NULL, gpa, size, &value);
	return value;
}

static int levels_of(enum model_mode mode)
{
	static const int levels[] = { 0, 2, 3, 4, 5, 4, 5 };

	return levels[mode];
}

/*
 * Indexes 0 and 1 at each level but the last, where they are 0 to 2; a PDPT of PAE
 * has 0 and 3.
 */
static u64 gpa_number(enum model_mode mode, int i)
{
	int bits = mode == MODEL_32 ? 10 : 9, level;
	u64 gpa = (u64)(i % 3) << 12 | i * 8, at;

	for (i /= 3, level = 2; level <= levels_of(mode); level++, i /= 2) {
		at = i % 2;
		if (mode == MODEL_PAE && level == 3)
			at *= 3;
		gpa |= at << (12 + bits * (level - 1));
	}
	return gpa;
}

static void second_init(int space, enum model_mode mode)
{
	const struct mmu_caps *c = &l2_world.vm.caps;
	bool ept = mode >= MODEL_EPT4, first = space != 2;

	l2_world.second[space] = (struct model_paging){
		.mode = mode, .nested = !ept, .pdpte_mem = true,
		.root = l2_table(space, levels_of(mode), 0) << 12,
		.nxe = first, .pse = true, .pse36 = true, .gib_pages = true,
		.amd = true, .maxphyaddr = 40, .set_ad = true,
		.exec_only = c->exec_only, .ept_ad = ept && first,
	};
}

void l2_start(const struct mmu_caps *caps, enum model_mode mode)
{
	struct env_vm *vm = &l2_world.vm;
	int i;

	memset(&l2_world, 0, sizeof(l2_world));
	world_start(vm, caps);
	for (i = 0; i < 1024 + 16; i++)
		host_make(&vm->host, HOST + i, 1, PRESENT);
	for (i = 0; i < 4; i++)
		host_make(&vm->host, HOST + 2048 + i * 512, 2, PRESENT);
	world_slot_add(vm, 0, 0, 0, 1024, HOST, 0);
	world_slot_add(vm, 0, 1, L2_BIG, 2048, HOST + 2048, 0);
	world_slot_add(vm, 0, 2, L2_ROM, 16, HOST + 1024,
		       MMU_SLOT_READONLY);
	for (i = 0; i < L2_SPACES; i++)
		second_init(i, mode);
	for (i = 0; i < L2_GPAS; i++)
		l2_world.gpa[i] = gpa_number(mode, i);
	for (i = 0; i < 2; i++) {
		l2_world.l2[i].v = world_vcpu_add(vm, i);
		mmu_nested_init(&l2_world.l2[i].v->v, &l2_ops, &second_ops);
	}
	env_mem_hook = mem_changed;
	env_flush_hook = flushed;
}

void l2_stop(void)
{
	l2_check();
	env_mem_hook = NULL;
	env_flush_hook = NULL;
	world_stop(&l2_world.vm);
}
