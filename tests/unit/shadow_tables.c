// SPDX-License-Identifier: GPL-2.0-only
/* Guest tables: made, changed and ruined, by the guest's own writes. */
#include <linux/kernel.h>

#include "tests/unit/shadow_ops.h"

#define PTE_P	(1ull << 0)
#define PTE_W	(1ull << 1)
#define PTE_U	(1ull << 2)
#define PTE_A	(1ull << 5)
#define PTE_D	(1ull << 6)
#define PTE_PS	(1ull << 7)
#define PTE_G	(1ull << 8)
#define PTE_NX	(1ull << 63)

static unsigned int rnd(unsigned int n)
{
	return shim_random() % n;
}

#define PICK(array) ((array)[rnd(ARRAY_SIZE(array))])

static const gfn_t tables[] = {
	16, 17, 18, 19, 20, 21, 22, 23, 512, 513, 515, 1023, 1024, 0x40000,
	0x40001, 0x40203,
};

static const gfn_t frames[] = {
	64, 65, 66, 67, 511, 514, 1025, 2047, 0x40002, 0x40003, 0x401ff,
	0x80000, 0x80001, 0x80003, 0xf0000, 0xf0001, 0x100000, 0x100003,
};

static const gfn_t large[] = {
	0, 512, 1024, 0x40000, 0x40000, 0x40200, 0x40200, 0x40200, 0x80000,
	0xf0000, 0x100000,
};

gfn_t shadow_table_frame(unsigned int i)
{
	return tables[i];
}

/* An address that lets the frame be written now, if there is one. */
static bool writable_va(struct env_vcpu *v, gfn_t gfn, u64 *va)
{
	int at = rnd(PAGING_VAS);

	for (int i = 0; i < PAGING_VAS; i++) {
		struct paging_va *p = &v->cpu->va[(at + i) % PAGING_VAS];

		if (p->n && p->past[p->n - 1].gfn == gfn) {
			*va = p->va;
			return true;
		}
	}
	return false;
}

/* A store by an instruction if there is a way, else by the emulator. */
static void guest_store(struct env_vcpu *v, gpa_t gpa,
			const struct paging_store *store)
{
	const struct model_access a = { .write = true, .ac = true };
	u64 va;

	if (rnd(4) && writable_va(v, gpa >> 12, &va) &&
	    shadow_access(v, va | (gpa & 4095), &a, store) != SHADOW_GAVE_UP)
		return;
	shadow_emulate(v, gpa, store);
}

/* Whole, by halves as PAE kernels do, or in some odd way. */
static void guest_write(struct env_vcpu *v, gpa_t gpa, unsigned int size,
			u64 value)
{
	if (size == 8 && !rnd(6)) {
		guest_store(v, gpa + 4, &(struct paging_store){ 4, value >> 32 });
		guest_store(v, gpa, &(struct paging_store){ 4, (u32)value });
	} else if (!rnd(40)) {
		guest_store(v, gpa + rnd(size),
			    &(struct paging_store){ 1, value & 0xff });
	} else {
		guest_store(v, gpa, &(struct paging_store){ size, value });
	}
}

struct format {
	int levels;
	unsigned int size;
};

static struct format format_of(const struct model_paging *g)
{
	switch (g->mode) {
	case MODEL_32:
		return (struct format){ 2, 4 };
	case MODEL_PAE:
		return (struct format){ 3, 8 };
	default:
		return (struct format){ g->mode == MODEL_4LEVEL ? 4 : 5, 8 };
	}
}

static gpa_t entry_gpa(const struct format *f, u64 table, u64 va, int level)
{
	if (f->size == 4)
		return table + 4 * (va >> (level == 2 ? 22 : 12) & 1023);
	return table + 8 * (va >> (12 + 9 * (level - 1)) &
			    (f->levels == 3 && level == 3 ? 3 : 511));
}

static bool one_of(unsigned int n)
{
	return !rnd(n);
}

/* Tables that mostly keep their level. */
static gfn_t some_table(int level)
{
	if (rnd(12))
		return tables[(rnd(3) * 5 + level) % ARRAY_SIZE(tables)];
	return PICK(tables);
}

static u64 some_flags(const struct model_paging *g, bool leaf)
{
	u64 e = PTE_P;

	if (!one_of(leaf ? 4 : 12))
		e |= PTE_W;
	if (!one_of(leaf ? 3 : 12))
		e |= PTE_U;
	if (one_of(4))
		e |= PTE_A;
	if (leaf && one_of(4))
		e |= PTE_A | PTE_D;
	if (leaf && one_of(8))
		e |= PTE_G;
	if (g->mode != MODEL_32 && one_of(leaf ? 6 : 20) && (g->nxe || one_of(8)))
		e |= PTE_NX;
	if (g->mode >= MODEL_4LEVEL && leaf && one_of(3))
		e |= (u64)rnd(16) << 59;
	return e;
}

static u64 large_entry(const struct model_paging *g, int level)
{
	gfn_t gfn = PICK(large);
	u64 e = some_flags(g, true) | PTE_PS;

	if (level == 3)
		return e | (gfn & ~0x3ffffull) << 12;
	if (g->mode != MODEL_32)
		return e | gfn << 12 | (one_of(40) ? 1 << (13 + rnd(8)) : 0);
	gfn &= ~1023ull;
	/* PSE-36: address bits 39:32 in 20:13. */
	return e | (gfn << 12 & 0xffc00000) | gfn >> 20 << 13;
}

/* A 64-bit or 32-bit entry that makes some sense at a level. */
static u64 some_entry(const struct model_paging *g, int level)
{
	bool leaf = level == 1;
	u64 e;

	if (g->mode == MODEL_PAE && level == 3)
		return PTE_P | some_table(2) << 12;
	if ((level == 2 && one_of(5)) ||
	    (level == 3 && g->mode >= MODEL_4LEVEL && one_of(12)))
		return large_entry(g, level);
	e = some_flags(g, leaf);
	if (!leaf)
		return e | some_table(level - 1) << 12;
	e |= (one_of(4) ? PICK(tables) : PICK(frames)) << 12;
	if (g->mode == MODEL_32)
		return (u32)e;
	return e | (one_of(50) ? 1ull << (40 + rnd(8)) : 0);
}

/* Changes of what is there, as kernels make them. */
static u64 changed_entry(const struct model_paging *g, u64 e, int level)
{
	switch (rnd(11)) {
	case 10:
		return g->mode >= MODEL_4LEVEL ? e ^ 1ull << (59 + rnd(4)) : e;
	case 0:
		return e ^ PTE_W;
	case 1:
		return e ^ PTE_U;
	case 2:
		return e & ~PTE_A;
	case 3:
		return e & ~PTE_D;
	case 4:
		return e & ~PTE_P;
	case 5:
		return 0;
	case 6:
		return g->mode == MODEL_32 ? e ^ PTE_W : e ^ PTE_NX;
	default:
		return some_entry(g, level);
	}
}

static bool is_table_frame(u64 entry)
{
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		if ((entry >> 12 & 0xffffffffff) == tables[i])
			return true;
	return false;
}

/* Is there an entry that had better be made anew? */
static bool is_useless(const struct model_paging *g, u64 e, int level)
{
	if (!(e & PTE_P))
		return true;
	if (level == 1 || ((e & PTE_PS) && level <= 3))
		return one_of(16);
	return !is_table_frame(g->mode == MODEL_32 ? (u32)e : e & ~PTE_NX) &&
	       rnd(4);
}

/* Where a walk goes on; 0: it ends here. */
static u64 table_of(const struct model_paging *g, u64 e, int level)
{
	if (g->mode == MODEL_PAE && level == 3)
		return e & 0xfffffff000ull;
	if (level == 1 || (level <= 3 && (e & PTE_PS)))
		return 0;
	return e & (g->mode == MODEL_32 ? 0xfffff000ull : 0xfffffff000ull);
}

/* The entry as the walk sees it. */
static u64 entry_now(struct env_vcpu *v, gpa_t gpa, u64 va, int level)
{
	const struct model_paging *g = &v->cpu->guest;

	if (g->mode == MODEL_PAE && level == 3)
		return g->pdpte[va >> 30 & 3];
	return shadow_mem_get(v, gpa, g->mode == MODEL_32 ? 4 : 8);
}

/* Follow an address, and make what is missing. */
static void tables_make(struct env_vcpu *v, u64 va)
{
	const struct model_paging *g = &v->cpu->guest;
	struct format f = format_of(g);
	u64 table = g->root, e;
	int level = f.levels;
	bool is_new = false;
	gpa_t gpa;

	for (; level && (table || level == f.levels); level--) {
		gpa = entry_gpa(&f, table, va, level);
		e = entry_now(v, gpa, va, level);
		if (is_useless(g, e, level)) {
			e = some_entry(g, level);
			guest_write(v, gpa, f.size, e);
			is_new = true;
		}
		/* PDPTEs count when they are loaded. */
		if (is_new && g->mode == MODEL_PAE && level == 3 &&
		    !shadow_cr3(v, v->cpu->cr3))
			return;
		table = table_of(g, e, level);
	}
}

/* Follow an address, and change the entry at some level. */
static void tables_change(struct env_vcpu *v, u64 va)
{
	const struct model_paging *g = &v->cpu->guest;
	struct format f = format_of(g);
	int level = f.levels, at = 1 + rnd(rnd(2) ? f.levels : 1);
	u64 table = g->root, e;
	gpa_t gpa = 0;

	for (; level >= at; level--) {
		gpa = entry_gpa(&f, table, va, level);
		e = entry_now(v, gpa, va, level);
		if (level == at)
			guest_write(v, gpa, f.size, changed_entry(g, e, level));
		table = table_of(g, e, level);
		if (!table || !(e & PTE_P))
			return;
	}
}

void shadow_ops_map(struct env_vcpu *v)
{
	if (v->cpu->guest.mode != MODEL_OFF)
		tables_make(v, shadow_any_va(v));
}

void shadow_ops_change(struct env_vcpu *v)
{
	u64 va = shadow_some_va(v);

	if (v->cpu->guest.mode == MODEL_OFF)
		return;
	tables_change(v, va);
	if (rnd(2))
		shadow_invlpg(v, va);
}

/* Anything into a frame that may be a table: data, as far as the guest cares. */
void shadow_ops_scribble(struct env_vcpu *v)
{
	gpa_t gpa = PICK(tables) << 12 | (rnd(3) ? rnd(8) : rnd(512)) << 3;
	struct paging_store s = { 8, rnd(4) ? 0 : shim_random() };

	for (int n = 1 + rnd(6); n; n--, gpa += 8)
		if ((gpa & 4095) <= 4088)
			guest_store(v, gpa, &s);
}

void shadow_ops_race(struct env_vcpu *v)
{
	struct env_vcpu *w = v->vm->vcpu[rnd(ENV_VCPUS)];
	const struct model_entry *e;
	const struct shadow_try *t;

	if (!w || w == v || w->v.as_id != v->v.as_id)
		return;
	t = w->cpu->try;
	if (!t || !t->r.used)
		return;
	e = &t->r.entry[rnd(t->r.used)];
	guest_write(v, e->gpa, e->size,
		    changed_entry(&w->cpu->guest, e->value, e->level));
}
