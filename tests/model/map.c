// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <asm/io.h>

#include "tests/model/vcpus.h"
#include "tests/unit/env.h"

static void complain(struct env_vm *vm, const char *who,
		     const struct map_entry *m, const char *why)
{
	shim_die("%s: as %d gfn %llx level %d pfn %llx %s%s: %s (changing %d)",
		 who, m->as_id, m->gfn, m->level, m->pfn, m->w ? "w" : "",
		 m->x ? "x" : "", why, vm->changing);
}

/* ------------------------------------------------------------------------ */
/* Entries: NPT by APM vol. 2, 15.25 and 5.3; EPT by SDM vol. 3, 29.3. */

struct bits {
	bool present;
	bool bad;	/* reserved bits, or an EPT misconfiguration */
	bool leaf;
	bool w;
	bool x;
	bool r;
	bool plain;	/* a leaf that is not encrypted */
	u8 type;	/* EPT: of a leaf, and 8: IPAT */
	u64 ad;		/* accessed bit */
	u64 addr;
};

static u64 low_bits(int level)
{
	return level == 3 ? 0x3ffff000ull : level == 2 ? 0x1ff000ull : 0;
}

static void npt_bits(const struct mmu_caps *c, u64 e, int level, struct bits *b)
{
	b->present = e & 1;
	b->w = e & 2;
	b->r = e & 4;		/* a nested walk is a user's access */
	b->x = !(e >> 63);
	b->ad = 1 << 5;
	b->leaf = level == 1 || (level <= 3 && (e & 0x80));
	b->bad = level > 3 && (e & 0x80);
	if (b->leaf)		/* bit 12 is PAT in a large page */
		b->bad |= e & low_bits(level) & ~0x1000ull;
}

static void ept_bits(const struct mmu_caps *c, u64 e, int level, struct bits *b)
{
	u8 type = (e >> 3) & 7;

	b->present = e & 7;
	b->r = e & 1;
	b->w = e & 2;
	b->x = e & 4;
	b->ad = c->ad ? 1 << 8 : 0;
	b->leaf = level == 1 || (level <= 3 && (e & 0x80));
	b->bad = b->w && !b->r;
	b->bad |= b->x && !b->r && !c->exec_only;
	if (b->leaf) {
		b->bad |= e & low_bits(level);
		b->bad |= type == 2 || type == 3 || type == 7;
		b->type = e >> 3 & 15;
	} else {
		b->bad |= !!(e & 0xf8);
	}
}

static struct bits entry_bits(const struct mmu_caps *c, u64 e, int level)
{
	struct bits b = { 0 };
	u64 mask = 0xffffffffff000ull;

	if (c->second == MMU_SECOND_NPT)
		npt_bits(c, e, level, &b);
	else
		ept_bits(c, e, level, &b);
	b.bad |= !!(e & mask & ~((1ull << c->maxphyaddr) - 1) & ~c->enc_mask);
	b.bad &= b.present;
	if (b.present && !b.bad && c->enc_mask && !(e & c->enc_mask)) {
		if (!b.leaf)
			shim_die("entry %llx is not encrypted", e);
		b.plain = true;
	}
	if (b.present && !b.bad && b.leaf && level > c->max_level)
		shim_die("leaf %llx at level %d", e, level);
	b.addr = e & mask & ~c->enc_mask;
	if (b.leaf)
		b.addr &= ~low_bits(level);
	return b;
}

static u64 *entry_at(hpa_t table, gfn_t gfn, int level)
{
	u64 *t = phys_to_virt(table);

	if (!env_table_is_live(table))
		shim_die("the hardware walks a freed table");
	return &t[(gfn >> (9 * (level - 1))) & 511];
}

/* ------------------------------------------------------------------------ */
/* The walker. */

static void psc_add(struct map_tlb *t, const struct map_link *l)
{
	for (int i = 0; i < MAP_PSC; i++)
		if (t->psc[i].valid && t->psc[i].table == l->table &&
		    t->psc[i].gfn == l->gfn)
			return;
	t->psc[t->psc_next++ % MAP_PSC] = *l;
}

/* Where a walk may start: at the root, or at any table that is cached. */
static struct map_link walk_start(struct env_vcpu *v, gfn_t gfn)
{
	struct map_link l = {
		.level = v->vm->caps.levels, .w = true, .x = true,
		.table = v->root,
	};

	for (int i = 0; i < MAP_PSC && shim_random() % 8; i++) {
		struct map_link *c = &v->tlb.psc[i];

		if (c->valid && c->level < l.level &&
		    (gfn & LEVEL_MASK(c->level + 1)) == c->gfn)
			l = *c;
	}
	return l;
}

/* Set A, and D in a leaf that is written, unless the entry changed. */
static bool entry_touch(const struct mmu_caps *c, u64 *p, u64 *e,
			const struct bits *b, bool write)
{
	u64 new = *e | b->ad;

	if (b->leaf && write)
		new |= b->ad << 1;
	return new == *e ||
	       __atomic_compare_exchange_n(p, e, new, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_ACQUIRE);
}

/* Page-modification logging, and what the vendor does with it (SDM vol. 3, 29.3.6). */
static void log_write(struct env_vcpu *v, gfn_t gfn)
{
	struct env_slot *s = env_slot_find(v->vm, v->v.as_id, gfn);

	if (s && s->dirty)
		set_bit(gfn - s->s.base_gfn, s->dirty);
}

/* Returns 0 and a translation, or a PF_* code. */
static u64 walk(struct env_vcpu *v, gfn_t gfn, u64 access, struct map_entry *m)
{
	const struct mmu_caps *c = &v->vm->caps;
	struct map_link l = walk_start(v, gfn);
	u64 e, *p, error = access | PF_USER | PF_GUEST_FINAL;
	struct bits b;

	/* Wider than the tables translate (SDM vol. 3, 29.3.2). */
	if (gfn >> (9 * c->levels))
		return error;
	for (;;) {
		bool w, x;

		p = entry_at(l.table, gfn, l.level);
		e = __atomic_load_n(p, __ATOMIC_ACQUIRE);
again:
		b = entry_bits(c, e, l.level);
		if (!b.present)
			return error;
		if (b.bad)
			return error | PF_PRESENT | PF_RSVD;
		w = l.w && b.w;
		x = l.x && b.x;
		if (!b.r || (b.leaf && (access & PF_WRITE) && !w) ||
		    (b.leaf && (access & PF_FETCH) && !x))
			return error | PF_PRESENT;
		if (!entry_touch(c, p, &e, &b, access & PF_WRITE))
			goto again;
		if (c->logs && b.leaf && (access & PF_WRITE) && !(e & b.ad << 1))
			log_write(v, gfn);
		l.w = w;
		l.x = x;
		if (b.leaf)
			break;
		l.valid = true;
		l.gfn = gfn & LEVEL_MASK(l.level);
		l.level--;
		l.table = b.addr;
		psc_add(&v->tlb, &l);
	}
	*m = (struct map_entry){
		.valid = true, .w = l.w, .x = l.x, .level = l.level,
		.dirty = access & PF_WRITE, .as_id = v->v.as_id, .plain = b.plain,
		.typed = true, .type = b.type,
		.gfn = gfn & LEVEL_MASK(l.level), .pfn = b.addr >> 12,
	};
	return 0;
}

/* ------------------------------------------------------------------------ */
/* The TLB. */

static struct map_entry *tlb_find(struct env_vcpu *v, gfn_t gfn, u64 access)
{
	for (int i = 0; i < MAP_TLB; i++) {
		struct map_entry *m = &v->tlb.e[i];

		if (!m->valid || m->as_id != v->v.as_id ||
		    (gfn & LEVEL_MASK(m->level)) != m->gfn)
			continue;
		if ((access & PF_FETCH) && !m->x)
			continue;
		if ((access & PF_WRITE) && !(m->w && m->dirty))
			continue;
		return m;
	}
	return NULL;
}

/* A fault drops the address's entries. */
static void tlb_drop(struct env_vcpu *v, gfn_t gfn)
{
	for (int i = 0; i < MAP_TLB; i++) {
		struct map_entry *m = &v->tlb.e[i];

		if (m->valid && (gfn & LEVEL_MASK(m->level)) == m->gfn)
			m->valid = false;
	}
}

/*
 * Small translations become a large one only after they were flushed: CPUs
 * may fail badly when they find both (the other way round is a split, which
 * changes nothing).
 */
static void tlb_add(struct env_vcpu *v, const struct map_entry *m)
{
	for (int i = 0; i < MAP_TLB; i++) {
		struct map_entry *e = &v->tlb.e[i];

		if (e->valid && e->level < m->level &&
		    (e->gfn & LEVEL_MASK(m->level)) == m->gfn)
			complain(v->vm, "made before broken", m, "smaller ones are cached");
	}
	v->tlb.e[v->tlb.next++ % MAP_TLB] = *m;
}

static void written(struct env_vcpu *v, gfn_t gfn)
{
	struct env_slot *s = env_slot_find(v->vm, v->v.as_id, gfn);

	if (s && s->written)
		set_bit(gfn - s->s.base_gfn, s->written);
}

/* Played inside a change or a fault, a rule may be on its way to hold. */
static void use_check(struct env_vcpu *v, const struct map_entry *m)
{
	const char *why;

	if (__atomic_load_n(&v->vm->changing, __ATOMIC_ACQUIRE))
		return;
	why = map_wrong(v->vm, m,
			!__atomic_load_n(&v->vm->faults, __ATOMIC_ACQUIRE));
	if (why && !__atomic_load_n(&v->vm->changing, __ATOMIC_ACQUIRE))
		complain(v->vm, "access", m, why);
}

bool map_access(struct env_vcpu *v, gpa_t gpa, u64 access, u64 *error)
{
	gfn_t gfn = gpa >> 12;
	struct map_entry *m, fresh;

	*error = 0;
	pthread_mutex_lock(&v->tlb_lock);
	if (v->out) {
		pthread_mutex_unlock(&v->tlb_lock);
		return false;
	}
	m = tlb_find(v, gfn, access);
	if (!m) {
		*error = walk(v, gfn, access, &fresh);
		if (*error) {
			tlb_drop(v, gfn);
			pthread_mutex_unlock(&v->tlb_lock);
			return false;
		}
		tlb_add(v, &fresh);
		m = &fresh;
	}
	use_check(v, m);
	if (access & PF_WRITE &&
	    !__atomic_load_n(&v->vm->changing, __ATOMIC_ACQUIRE))
		written(v, gfn);
	pthread_mutex_unlock(&v->tlb_lock);
	return true;
}

static bool overlaps(gfn_t gfn, int level, gfn_t start, u64 n)
{
	return n == ~0ull || (gfn < start + n && start < gfn + LEVEL_GFNS(level));
}

bool hw_flush(struct env_vcpu *v, gfn_t start, u64 n)
{
	struct map_tlb *t = &v->tlb;
	bool any = false;

	for (int i = 0; i < MAP_TLB; i++)
		if (t->e[i].valid &&
		    overlaps(t->e[i].gfn, t->e[i].level, start, n)) {
			t->e[i].valid = false;
			any = true;
		}
	for (int i = 0; i < MAP_PSC; i++)
		if (t->psc[i].valid &&
		    overlaps(t->psc[i].gfn, t->psc[i].level + 1, start, n)) {
			t->psc[i].valid = false;
			any = true;
		}
	return any;
}

bool hw_uses_table(struct env_vcpu *v, hpa_t pa)
{
	bool used = v->root == pa;

	for (int i = 0; i < MAP_PSC; i++)
		used |= v->tlb.psc[i].valid && v->tlb.psc[i].table == pa;
	return used;
}

/* ------------------------------------------------------------------------ */
/* Checks of everything. */

void hw_check_tlb(struct env_vcpu *v)
{
	const struct map_tlb *t = &v->tlb;
	const char *why;

	for (int i = 0; i < MAP_TLB; i++) {
		why = t->e[i].valid ? map_wrong(v->vm, &t->e[i], true) : NULL;
		if (why)
			complain(v->vm, "stale TLB", &t->e[i], why);
	}
	for (int i = 0; i < MAP_PSC; i++)
		if (t->psc[i].valid && !env_table_is_live(t->psc[i].table))
			shim_die("a freed table is cached");
}

static void table_check(struct env_vcpu *v, struct map_link l)
{
	struct map_entry m = { .valid = true, .as_id = v->v.as_id, .typed = true };
	u64 *t = entry_at(l.table, 0, l.level);
	const char *why;
	struct bits b;

	for (int i = 0; i < 512; i++) {
		u64 e = __atomic_load_n(&t[i], __ATOMIC_ACQUIRE);
		gfn_t gfn = l.gfn + i * LEVEL_GFNS(l.level);

		if (!e)
			continue;
		b = entry_bits(&v->vm->caps, e, l.level);
		if (!b.present || b.bad)
			continue;
		if (!b.leaf) {
			table_check(v, (struct map_link){
				.level = l.level - 1, .w = l.w && b.w,
				.x = l.x && b.x, .gfn = gfn, .table = b.addr });
			continue;
		}
		m.plain = b.plain;
		m.type = b.type;
		m.w = l.w && b.w;
		m.x = l.x && b.x;
		m.dirty = (e & b.ad << 1) || l.level > 1;
		m.level = l.level;
		m.gfn = gfn;
		m.pfn = b.addr >> 12;
		why = map_wrong(v->vm, &m, true);
		if (why)
			complain(v->vm, "table", &m, why);
	}
}

void hw_check_gone(struct env_vcpu *v, int as_id, gfn_t start, gfn_t end)
{
	for (int i = 0; i < MAP_TLB; i++) {
		struct map_entry *m = &v->tlb.e[i];

		if (m->valid && m->as_id == as_id &&
		    overlaps(m->gfn, m->level, start, end - start))
			complain(v->vm, "TLB", m, "should be gone");
	}
}

/* Does a translation let any frame whose bit is set be written? */
static bool writes_any(struct env_vm *vm, const struct map_entry *m, gfn_t base,
		       const unsigned long *bits, u64 n)
{
	u64 from, to;

	if (!m->valid || !map_writes_freely(vm, m) ||
	    !overlaps(m->gfn, m->level, base, n))
		return false;
	from = max(m->gfn, base) - base;
	to = min(m->gfn + LEVEL_GFNS(m->level), base + n) - base;
	return find_next_bit(bits, to, from) < to;
}

void hw_check_protected(struct env_vcpu *v, int as_id, gfn_t base,
			const unsigned long *bits, u64 n)
{
	for (int i = 0; i < MAP_TLB; i++)
		if (v->tlb.e[i].as_id == as_id &&
		    writes_any(v->vm, &v->tlb.e[i], base, bits, n))
			complain(v->vm, "TLB", &v->tlb.e[i],
				 "should be protected");
}

static bool has_root(const struct env_vcpu *v, hpa_t root)
{
	return v && !v->out && v->root == root;
}

/* Vcpus that share a root are checked once. */
void map_check_tables(struct env_vm *vm)
{
	struct env_vcpu *v;
	int i, j;

	for_each_vcpu(v, vm, i) {
		if (v->out || !v->root)
			continue;
		for (j = 0; j < i && !has_root(vm->vcpu[j], v->root); j++)
			;
		if (j == i)
			table_check(v, (struct map_link){
				.level = vm->caps.levels, .w = true, .x = true,
				.table = v->root });
	}
}

bool map_look(struct env_vcpu *v, gfn_t gfn, struct map_entry *out)
{
	hpa_t table = v->root;
	struct bits b;

	*out = (struct map_entry){ .as_id = v->v.as_id, .w = true, .x = true };
	for (int level = v->vm->caps.levels; ; level--) {
		u64 e = __atomic_load_n(entry_at(table, gfn, level),
					__ATOMIC_ACQUIRE);

		b = entry_bits(&v->vm->caps, e, level);
		if (!b.present || b.bad)
			return false;
		out->w &= b.w;
		out->x &= b.x;
		out->level = level;
		out->dirty = (e & b.ad << 1) || level > 1;
		table = b.addr;
		if (b.leaf)
			break;
	}
	out->valid = out->typed = true;
	out->plain = b.plain;
	out->type = b.type;
	out->gfn = gfn & LEVEL_MASK(out->level);
	out->pfn = table >> 12;
	return true;
}
