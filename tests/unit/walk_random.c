// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/walk_random.h"

static u64 state;

void walk_seed(u64 seed)
{
	state = seed;
}

u64 walk_rnd(void)
{
	u64 z = state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

bool walk_one_in(unsigned int n)
{
	return walk_rnd() % n == 0;
}

int walk_levels(enum model_mode mode)
{
	static const int levels[] = { 0, 2, 3, 4, 5, 4, 5 };

	return levels[mode];
}

u64 walk_table(int set, int level, int copy)
{
	return set * WALK_SET + (level - 1) * WALK_COPIES + copy;
}

/* ------------------------------------------------------------------------ */
/* Random tables. */

static u64 random_address(const struct model_paging *p, int set, int level,
			  bool leaf)
{
	int shift = 12 + (p->mode == MODEL_32 ? 10 : 9) * (level - 1);
	u64 page;

	if (!leaf) {
		page = walk_table(set, level - 1, walk_rnd() % WALK_COPIES);
		/* Through ->next: aliases that a level 1 leaf maps back. */
		if (!set && p->next) {
			page += walk_one_in(8) ? walk_rnd() % 23 * WALK_SET : 0;
			page |= walk_rnd() << 10;
		}
		page <<= 12;
	} else if (set) {
		page = level == 1 ? walk_rnd() % WALK_SET << 12 : 0;
	} else {
		page = walk_rnd() & ~((1ull << shift) - 1);
	}
	if (walk_one_in(set ? 2048 : 256))
		page = walk_rnd() & ~0xfffull;
	return page & ((1ull << p->maxphyaddr) - 1) & 0xffffffffff000ull;
}

static u64 x86_entry(const struct model_paging *p, int set, int level)
{
	bool large = (level == 2 || level == 3) && walk_one_in(4);
	bool leaf = level == 1 || large;
	u64 e;

	e = random_address(p, set, level, leaf) | 1 | (large ? 0x80 : 0);
	e |= walk_one_in(set ? 64 : 8) ? 0 : 2;
	e |= walk_one_in(set ? 64 : 8) ? 0 : 4;
	e |= walk_rnd() & 0xe78;
	if (leaf || walk_one_in(set ? 64 : 8))
		e |= walk_rnd() & 0x100;
	if (p->mode >= MODEL_4LEVEL)
		e |= walk_rnd() & 0x7ff0000000000000ull;
	if (p->nxe && walk_one_in(8))
		e |= 1ull << 63;
	if (p->mode == MODEL_32)
		e = (e & 0xffffffff) | (large && walk_one_in(2) ? walk_rnd() & 0x3fe000 : 0);
	return e;
}

/* Of PAE: few bits that are not reserved. */
static u64 pdpte(const struct model_paging *p, int set)
{
	u64 e = random_address(p, set, 3, false) | 1;

	if (walk_one_in(16))
		e ^= 1ull << walk_rnd() % 64;
	return e | (p->pdpte_lax ? walk_rnd() & 0x1e6 : 0);
}

static u64 ept_entry(const struct model_paging *p, int set, int level)
{
	bool large = (level == 2 || level == 3) && walk_one_in(4);
	bool leaf = level == 1 || large;
	u64 e = random_address(p, set, level, leaf);

	e |= walk_one_in(set ? 32 : 8) ? walk_rnd() & 7 : 7;
	e |= large ? 0x80 : 0;
	if (leaf)
		e |= (walk_one_in(set ? 64 : 8) ? walk_rnd() & 7 : 6) << 3 | (walk_rnd() & 0x40);
	return e | (walk_rnd() & 0xfff0000000000f00ull);
}

/* The first tables of a level are made tidier than the last. */
static u64 random_entry(const struct model_paging *p, int set, int level,
			int copy)
{
	u64 e;

	if (p->mode == MODEL_PAE && level == 3)
		return pdpte(p, set);
	e = p->mode >= MODEL_EPT4 ? ept_entry(p, set, level) :
		x86_entry(p, set, level);

	/* A walk in two dimensions uses many more of the second set. */
	if (walk_one_in((set ? 4096 : 256) >> 2 * copy))
		e ^= 1ull << walk_rnd() % 64;
	return p->mode == MODEL_32 ? (u32)e : e;
}

static void fill_table(struct gmem *mem, const struct model_paging *p, int set,
		       int level, int copy)
{
	int size = p->mode == MODEL_32 ? 4 : 8;
	u64 gpa = walk_table(set, level, copy) << 12;
	u64 end = gpa + 4096;

	for (; gpa < end; gpa += size)
		gmem_set(mem, gpa, size,
			 random_entry(p, set, level, copy));
}

void walk_fill_tables(struct gmem *mem, const struct model_paging *p, int set)
{
	int level, copy;

	for (level = 1; level <= walk_levels(p->mode); level++)
		for (copy = 0; copy < WALK_COPIES; copy++)
			fill_table(mem, p, set, level, copy);
}

void walk_random_control(struct model_paging *p, int set)
{
	u64 r = walk_rnd();
	int i;

	p->wp = r & 1;
	p->smep = r & 2;
	p->smap = (r & 12) == 12;
	p->pse = r & 0x30;
	p->nxe = r & 0xc0;
	p->pke = r & 0x100;
	p->pse36 = r & 0x200;
	p->gib_pages = r & 0xc00;
	p->amd = r & 0x1000;
	p->exec_only = r & 0x2000;
	p->ept_ad = r & 0x4000;
	/* Nested paging of AMD's kind always keeps them. */
	p->set_ad = p->nested || r & 0x38000;
	p->maxphyaddr = walk_one_in(4) ? 32 + (int)(walk_rnd() % 21) : 46;
	p->root = walk_table(set, walk_levels(p->mode), walk_rnd() % WALK_COPIES) << 12;
	for (i = 0; i < 4; i++)
		p->pdpte[i] = pdpte(p, set);
}

u64 walk_random_va(const struct model_paging *p)
{
	static const int width[] = { 64, 32, 32, 48, 57, 48, 57 };
	u64 va = walk_rnd();

	if (p->nested || p->mode >= MODEL_EPT4)
		return walk_one_in(32) ? va : va & ((1ull << width[p->mode]) - 1);
	if (p->mode == MODEL_OFF && p->next)
		return va & 0x3fffffffffff;
	return va;
}

struct model_access walk_random_access(void)
{
	struct model_access a = {
		.user = walk_rnd() & 1, .ac = walk_rnd() & 1,
		.pkru = walk_one_in(2) ? walk_rnd() & walk_rnd() & walk_rnd() : 0,
	};
	unsigned int op = walk_rnd() % 4;

	a.write = op & 1;
	a.fetch = op == 2;
	a.implicit = !a.user && walk_one_in(4);
	return a;
}
