// SPDX-License-Identifier: GPL-2.0-only
/* What processors on shadow tables have cached, and could use, against the model. */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <asm/io.h>

#include "tests/model/paging_hw.h"

/* Any access that a leaf would let through is one that the past allows. */
static void leaf_check(struct env_vcpu *v, const char *who, u64 va,
		       const struct model_result *leaf)
{
	u64 hpa = leaf->gpa | (va & (hw_page_size(leaf->level) - 1));
	u32 pkru = shim_random() << 1;
	struct model_access a;
	gfn_t gfn;
	int i;

	if (!hw_leaf_gfn(v->vm, v->v.as_id, hpa, &gfn))
		hw_complain(v, who, va, leaf, "no slot shows this page");
	for (i = 0; i < 16; i++) {
		a = (struct model_access){
			.write = i & 1, .fetch = i & 2, .user = i & 4,
			.ac = i & 8, .pkru = i & 8 ? pkru : 0,
		};
		if ((a.write && a.fetch) || hw_denies(v, &a, leaf))
			continue;
		if (past_allows(v, va, &a, gfn))
			continue;
		past_show(v, va);
		shim_die("%s: vCPU mode %d va %llx frame %llx level %d rights %x: "
			 "lets through w %d u %d f %d ac %d, which the guest's tables never did",
			 who, v->cpu->guest.mode, va, gfn, leaf->level,
			 leaf->rights, a.write, a.user, a.fetch, a.ac);
	}
}

static void tlb_check(struct env_vcpu *v, const struct paging_tlb *t)
{
	const char *why = hw_host_wrong(v, t->as_id, &t->leaf, true);

	if (why)
		hw_complain(v, "stale TLB", t->va, &t->leaf, why);
	if (t->as_id != v->v.as_id)
		hw_complain(v, "stale TLB", t->va, &t->leaf, "other address space");
	for (int i = 0; i < PAGING_VAS; i++) {
		/* Writes that it does not know to be dirty walk again. */
		struct model_result leaf = t->leaf;

		if (!t->dirty)
			leaf.rights &= ~ACC_W;
		if (hw_covers(t, v->cpu->va[i].va))
			leaf_check(v, "stale TLB", v->cpu->va[i].va, &leaf);
	}
}

void hw_check_tlb(struct env_vcpu *v)
{
	const struct paging_cpu *c = v->cpu;
	int i, n;

	for (i = 0; i < PAGING_TLB; i++)
		if (c->tlb[i].valid)
			tlb_check(v, &c->tlb[i]);
	for (i = 0; i < PAGING_PSC; i++)
		for (n = 0; c->psc[i].valid && n < c->psc[i].n; n++)
			hw_entry(c->psc[i].entry[n] & ENTRY_ADDR);
}

/* Tables that many ways lead to are looked at once. */
static unsigned int seen[SHIM_ARENA_SIZE / 4096], seen_now;

static void table_check(struct env_vcpu *v, hpa_t table, u64 va, int level)
{
	unsigned int *stamp = &seen[shim_arena_offset(table) / 4096];
	struct model_result leaf = { .level = level };
	const char *why;

	if (*stamp == seen_now)
		return;
	*stamp = seen_now;
	for (int i = 0; i < 512; i++) {
		u64 e = __atomic_load_n(hw_entry(table + 8 * i), __ATOMIC_ACQUIRE);
		u64 at = va + i * hw_page_size(level);

		e &= ~v->vm->caps.enc_mask;
		if (!(e & 1) || (e & ENTRY_ADDR) >> v->vm->caps.maxphyaddr)
			continue;
		if (level > LEVEL_4K && !(e & 0x80)) {
			table_check(v, e & ENTRY_ADDR, at, level - 1);
			continue;
		}
		leaf.gpa = e & ENTRY_ADDR & ~(hw_page_size(level) - 1);
		leaf.rights = ACC_R | (e & 2 ? ACC_W : 0) | (e & 4 ? ACC_U : 0) |
			      (e >> 63 ? 0 : ACC_X);
		why = hw_host_wrong(v, v->v.as_id, &leaf, true);
		if (why)
			hw_complain(v, "table", at, &leaf, why);
	}
}

/* The addresses of the guest, by the tables as they are. */
static void vas_check(struct env_vcpu *v)
{
	struct model_result r;

	for (int i = 0; i < PAGING_VAS; i++) {
		u64 va = v->cpu->va[i].va;

		hw_look(v, va, &r);
		if (!r.rights)
			continue;
		r = hw_leaf_of(&r);
		leaf_check(v, "table", va, &r);
	}
}

void map_check_tables(struct env_vm *vm)
{
	struct env_vcpu *v;
	int i, n;

	seen_now++;
	for_each_vcpu(v, vm, i) {
		if (v->out || !v->root)
			continue;
		vas_check(v);
		if (v->cpu->hw.mode != MODEL_PAE) {
			table_check(v, v->root, 0,
				    v->cpu->hw.mode == MODEL_4LEVEL ? 4 : 5);
			continue;
		}
		for (n = 0; n < 4; n++)
			if (v->cpu->hw.pdpte[n] & 1)
				table_check(v, v->cpu->hw.pdpte[n] & ENTRY_ADDR,
					    (u64)n << 30, LEVEL_2M);
	}
}

void hw_check_gone(struct env_vcpu *v, int as_id, gfn_t start, gfn_t end)
{
	for (int i = 0; i < PAGING_TLB; i++) {
		struct paging_tlb *t = &v->cpu->tlb[i];

		if (t->valid && t->as_id == as_id &&
		    hw_overlaps(v->vm, t, start, end - start))
			hw_complain(v, "TLB", t->va, &t->leaf, "should be gone");
	}
}

static void protected_check(struct env_vcpu *v, const struct paging_tlb *t,
			    gfn_t base, const unsigned long *bits, u64 n)
{
	gfn_t gfn, end;

	if (!t->valid || !(t->leaf.rights & ACC_W) || !t->dirty ||
	    !hw_leaf_gfn(v->vm, t->as_id, t->leaf.gpa, &gfn))
		return;
	for (end = gfn + LEVEL_GFNS(t->level); gfn < end; gfn++)
		if (gfn - base < n && test_bit(gfn - base, bits))
			hw_complain(v, "TLB", t->va, &t->leaf,
				 "should be protected");
}

void hw_check_protected(struct env_vcpu *v, int as_id, gfn_t base,
			const unsigned long *bits, u64 n)
{
	for (int i = 0; i < PAGING_TLB; i++)
		if (v->cpu->tlb[i].as_id == as_id)
			protected_check(v, &v->cpu->tlb[i], base, bits, n);
}

/* Sizes are not promised by frame here. */
bool map_look(struct env_vcpu *v, gfn_t gfn, struct map_entry *out)
{
	*out = (struct map_entry){ 0 };
	return false;
}
