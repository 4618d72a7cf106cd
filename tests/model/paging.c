// SPDX-License-Identifier: GPL-2.0-only
/*
 * A processor on shadow tables: AMD's, with CR0.PG, CR0.WP, CR4.PAE and EFER.NXE
 * set whatever the guest thinks (APM vol. 2, 15.18).
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/io.h>

#include "tests/model/paging_hw.h"
#include "tests/unit/env.h"

/* ------------------------------------------------------------------------ */
/* The host's tables as memory. */

/*
 * @enc: address bit that says "encrypted" and is none to the walk (APM vol. 2,
 *       7.10.1); @psc: entries not to be read again.
 */
struct table_mem {
	const struct paging_psc *psc;
	u64 enc;
};

u64 *hw_entry(u64 hpa)
{
	if (!env_table_is_live(hpa & ~0xfffull))
		shim_die("the hardware walks a freed table at %llx", hpa);
	return phys_to_virt(hpa);
}

static bool table_read(void *opaque, u64 hpa, int size, u64 *value)
{
	const struct table_mem *t = opaque;
	const struct paging_psc *psc = t->psc;

	BUG_ON(size != 8);
	for (int i = 0; psc && i < psc->n; i++)
		if (psc->at[i] == hpa) {
			*value = psc->entry[i];
			return true;
		}
	*value = __atomic_load_n(hw_entry(hpa), __ATOMIC_ACQUIRE);
	if ((*value & 1) && (*value & 0x800) && !(*value & t->enc) && t->enc)
		shim_die("entry %llx is not encrypted", *value);
	*value &= ~t->enc;
	return true;
}

static void table_write(void *opaque, u64 hpa, int size, u64 value)
{
	const struct table_mem *t = opaque;
	u64 *p = hw_entry(hpa);

	__atomic_store_n(p, value | (*p & t->enc), __ATOMIC_SEQ_CST);
}

/* ------------------------------------------------------------------------ */
/* Control state. */

/* APM vol. 2, 5.2.3: PDPTEs of a legacy PAE guest; SDM 4.4.1. */
static u64 pdpte_read(hpa_t root, int i, u64 enc)
{
	u64 e = *hw_entry(root + 8 * i);

	if ((e & 1) && !(e & enc) && enc)
		shim_die("PDPTE %llx is not encrypted", e);
	e &= ~enc;
	if ((e & 1) && (e & (0x1e6 | 0xfff0000000000000ull)))
		shim_die("reserved bits in PDPTE %llx", e);
	return e;
}

void paging_load(struct env_vcpu *v)
{
	const struct model_paging *g = &v->cpu->guest;
	struct model_paging *hw = &v->cpu->hw;
	bool paging = g->mode != MODEL_OFF;

	*hw = (struct model_paging){
		.mode = g->mode >= MODEL_4LEVEL ? g->mode : MODEL_PAE,
		.root = v->root,
		.wp = true, .nxe = true,
		.smep = paging && g->smep,
		.smap = paging && g->smap,
		.pke = paging && g->pke,
		.gib_pages = v->vm->caps.max_level >= LEVEL_1G,
		.amd = true,
		.maxphyaddr = v->vm->caps.maxphyaddr,
		.set_ad = true,
	};
	if (v->root & 0xfff || (hw->mode == MODEL_PAE && v->root >> 32))
		shim_die("CR3 cannot hold %llx", v->root);
	for (int i = 0; i < 4 && hw->mode == MODEL_PAE; i++)
		hw->pdpte[i] = pdpte_read(v->root, i,
					   v->vm->caps.enc_mask);
}

/* ------------------------------------------------------------------------ */
/* TLB and paging-structure caches. */

u64 hw_page_size(int level)
{
	return 4096ull << (9 * (level - 1));
}

bool hw_covers(const struct paging_tlb *t, u64 va)
{
	return t->valid && t->va == (va & ~(hw_page_size(t->level) - 1));
}

bool hw_denies(struct env_vcpu *v, const struct model_access *a,
		      const struct model_result *r)
{
	bool key;

	return model_denies(&v->cpu->hw, a, r, &key);
}

static struct paging_tlb *tlb_find(struct env_vcpu *v, u64 va,
				   const struct model_access *a)
{
	for (int i = 0; i < PAGING_TLB; i++) {
		struct paging_tlb *t = &v->cpu->tlb[i];

		if (hw_covers(t, va) && !hw_denies(v, a, &t->leaf) &&
		    (!a->write || t->dirty))
			return t;
	}
	return NULL;
}

static void tlb_add(struct env_vcpu *v, const struct paging_tlb *t)
{
	for (int i = 0; i < PAGING_TLB; i++) {
		struct paging_tlb *old = &v->cpu->tlb[i];

		/* The CPU may fail badly when it finds both. */
		if (old->valid && old->level < t->level && hw_covers(t, old->va))
			shim_die("va %llx: large, while a small one is cached",
				 old->va);
	}
	v->cpu->tlb[v->cpu->next++ % PAGING_TLB] = *t;
}

/* Keep some of the entries above a leaf. */
static void psc_add(struct env_vcpu *v, u64 va, const struct model_result *r)
{
	struct paging_psc *c = &v->cpu->psc[shim_random() % PAGING_PSC];

	if (r->used < 2)
		return;
	c->n = 1 + shim_random() % (r->used - 1);
	c->shift = 12 + 9 * (r->entry[c->n - 1].level - 1);
	c->va = va >> c->shift;
	c->valid = true;
	for (int i = 0; i < c->n; i++) {
		c->at[i] = r->entry[i].gpa;
		c->entry[i] = r->entry[i].value | 1 << 5;
	}
}

static const struct paging_psc *psc_find(struct env_vcpu *v, u64 va)
{
	const struct paging_psc *c;

	if (!(shim_random() % 4))
		return NULL;
	for (int i = 0; i < PAGING_PSC; i++) {
		c = &v->cpu->psc[i];
		if (c->valid && c->va == va >> c->shift)
			return c;
	}
	return NULL;
}

static enum model_end hw_walk(struct env_vcpu *v, u64 va,
			      const struct model_access *a,
			      struct model_result *r)
{
	struct table_mem t = { psc_find(v, va), v->vm->caps.enc_mask };
	const struct model_mem mem = { table_read, table_write, &t };

	return model_walk(&mem, &v->cpu->hw, va, a, r);
}

void hw_look(struct env_vcpu *v, u64 va, struct model_result *r)
{
	static const struct model_access look = { .ac = true };
	struct table_mem t = { NULL, v->vm->caps.enc_mask };
	const struct model_mem mem = { table_read, table_write, &t };
	struct model_paging p = v->cpu->hw;

	p.set_ad = false;
	model_walk(&mem, &p, va, &look, r);
}

void paging_invlpg(struct env_vcpu *v, u64 va)
{
	pthread_mutex_lock(&v->tlb_lock);
	for (int i = 0; i < PAGING_TLB; i++)
		if (hw_covers(&v->cpu->tlb[i], va))
			v->cpu->tlb[i].valid = false;
	for (int i = 0; i < PAGING_PSC; i++)
		v->cpu->psc[i].valid = false;
	pthread_mutex_unlock(&v->tlb_lock);
}

/* ------------------------------------------------------------------------ */
/* From a host's frame to the guest's. */

bool hw_leaf_gfn(struct env_vm *vm, int as, u64 hpa, gfn_t *gfn)
{
	u64 page = host_pfn_page(&vm->host, hpa >> 12);

	for (int i = 0; i < ENV_SLOTS; i++) {
		struct env_slot *s = vm->slot[as][i];
		u64 first;

		if (!s)
			continue;
		first = env_host_page(&s->s, s->s.base_gfn);
		if (page - first < s->s.npages) {
			*gfn = s->s.base_gfn + (page - first);
			return true;
		}
	}
	return false;
}

void hw_complain(struct env_vcpu *v, const char *who, u64 va,
		     const struct model_result *r, const char *why)
{
	int i;

	for (i = 0; i < ENV_VCPUS && v->vm->vcpu[i] != v; i++)
		;
	shim_die("%s: vCPU %d as %d mode %d va %llx level %d hpa %llx rights %x: %s",
		 who, i, v->v.as_id, v->cpu->guest.mode, va, r->level, r->gpa,
		 r->rights, why);
}

/* The host's rules for a leaf; @leaf->gpa is that of its first byte. */
const char *hw_host_wrong(struct env_vcpu *v, int as,
			      const struct model_result *leaf, bool settled)
{
	struct map_entry m = {
		.valid = true, .as_id = as, .level = leaf->level,
		.pfn = leaf->gpa >> 12, .w = leaf->rights & ACC_W,
	};

	if (!hw_leaf_gfn(v->vm, as, leaf->gpa, &m.gfn))
		return "no slot shows this page";
	return map_wrong(v->vm, &m, settled);
}

/* A leaf as it covers an address: from its first byte, and the frame there. */
struct model_result hw_leaf_of(const struct model_result *r)
{
	struct model_result leaf = *r;

	leaf.gpa &= ~(hw_page_size(r->level) - 1);
	return leaf;
}

/* ------------------------------------------------------------------------ */
/* Accesses. */

static void use_check(struct env_vcpu *v, u64 va, const struct model_access *a,
		      const struct model_result *leaf, gfn_t gfn)
{
	struct env_vm *vm = v->vm;
	const char *why;

	if (!past_allows(v, va, a, gfn)) {
		past_show(v, va);
		shim_die("vCPU mode %d va %llx w %d u %d f %d: went to frame %llx, "
			 "which the guest's tables never allowed (level %d rights %x)",
			 v->cpu->guest.mode, va, a->write, a->user, a->fetch,
			 gfn, leaf->level, leaf->rights);
	}
	if (vm->changing)
		return;
	why = hw_host_wrong(v, v->v.as_id, leaf, !vm->faults);
	if (why)
		hw_complain(v, "access", va, leaf, why);
}

static void use(struct env_vcpu *v, u64 va, const struct model_access *a,
		const struct model_result *leaf,
		const struct paging_store *store)
{
	u64 hpa = leaf->gpa | (va & (hw_page_size(leaf->level) - 1));
	struct env_slot *s;
	gfn_t gfn;

	if (!hw_leaf_gfn(v->vm, v->v.as_id, hpa, &gfn)) {
		if (!v->vm->changing)
			hw_complain(v, "access", va, leaf, "no slot shows this page");
		return;
	}
	use_check(v, va, a, leaf, gfn);
	s = env_slot_find(v->vm, v->v.as_id, gfn);
	if (a->write && !v->vm->changing && s->written)
		set_bit(gfn - s->s.base_gfn, s->written);
	if (a->write && store)
		env_mem_set(env_host_page(&s->s, gfn), va & 4095, store->size,
			    store->value);
}

static bool tlb_fill(struct env_vcpu *v, u64 va, const struct model_access *a,
		     struct paging_tlb *t, u64 *error)
{
	struct model_result r;
	enum model_end end;

	end = hw_walk(v, va, a, &r);
	if (end == MODEL_FAULT) {
		for (int i = 0; i < PAGING_TLB; i++)
			if (hw_covers(&v->cpu->tlb[i], va))
				v->cpu->tlb[i].valid = false;
		*error = r.error;
		return false;
	}
	BUG_ON(end != MODEL_DONE);
	if (r.level > v->vm->caps.max_level)
		hw_complain(v, "access", va, &r, "too large a page");
	psc_add(v, va, &r);
	*t = (struct paging_tlb){
		.valid = true, .dirty = a->write, .level = r.level,
		.as_id = v->v.as_id, .leaf = hw_leaf_of(&r),
		.va = va & ~(hw_page_size(r.level) - 1),
	};
	tlb_add(v, t);
	return true;
}

bool paging_access(struct env_vcpu *v, u64 va, const struct model_access *a,
		   const struct paging_store *store, u64 *error)
{
	struct paging_tlb *t, fresh;
	bool ok = false;

	*error = 0;
	pthread_mutex_lock(&v->tlb_lock);
	if (!v->out) {
		t = tlb_find(v, va, a);
		ok = t || tlb_fill(v, va, a, &fresh, error);
	}
	if (ok)
		use(v, va, a, t ? &t->leaf : &fresh.leaf, store);
	pthread_mutex_unlock(&v->tlb_lock);
	return ok;
}

/* ------------------------------------------------------------------------ */
/* Flushes. */

bool hw_overlaps(struct env_vm *vm, const struct paging_tlb *t, gfn_t start,
		     u64 n)
{
	gfn_t gfn;

	if (n == ~0ull || !hw_leaf_gfn(vm, t->as_id, t->leaf.gpa, &gfn))
		return true;
	return gfn < start + n && start < gfn + LEVEL_GFNS(t->level);
}

bool hw_flush(struct env_vcpu *v, gfn_t start, u64 n)
{
	bool any = false;
	int i;

	for (i = 0; i < PAGING_TLB; i++) {
		struct paging_tlb *t = &v->cpu->tlb[i];

		if (t->valid && hw_overlaps(v->vm, t, start, n)) {
			t->valid = false;
			any = true;
		}
	}
	for (i = 0; i < PAGING_PSC; i++) {
		any |= v->cpu->psc[i].valid;
		v->cpu->psc[i].valid = false;
	}
	return any;
}

bool hw_uses_table(struct env_vcpu *v, hpa_t pa)
{
	const struct paging_cpu *c = v->cpu;
	bool used = v->root == pa;
	int i, n;

	for (i = 0; i < 4 && c->hw.mode == MODEL_PAE; i++)
		used |= (c->hw.pdpte[i] & 1) &&
			(c->hw.pdpte[i] & ENTRY_ADDR) == pa;
	for (i = 0; i < PAGING_PSC; i++)
		for (n = 0; c->psc[i].valid && n < c->psc[i].n; n++)
			used |= (c->psc[i].entry[n] & ENTRY_ADDR) == pa;
	return used;
}
