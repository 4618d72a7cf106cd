// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>
#include <linux/string.h>

#include "tests/unit/shadow_ops.h"

#define PRESENT	(HOST_MAPPED | HOST_VMA_W | HOST_PRESENT | HOST_WRITE)

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

/* ------------------------------------------------------------------------ */
/* What there is. */

static const gfn_t tables[] = {
	16, 17, 18, 19, 20, 21, 22, 23, 512, 513, 515, 1023, 1024, 0x40000,
	0x40001, 0x40203,
};

static const gfn_t frames[] = {
	64, 65, 66, 67, 511, 514, 1025, 2047, 0x40002, 0x40003, 0x401ff,
	0x80000, 0x80001, 0x80003, 0xf0000, 0xf0001, 0x100000, 0x100003,
};

static const gfn_t large[] = {
	0, 512, 1024, 0x40000, 0x40200, 0x80000, 0xf0000, 0x100000,
};

static const u64 short_base[] = {
	0, 0x200000, 0x400000, 0x40000000, 0x7fe00000, 0x80000000, 0xc0000000,
	0xffe00000,
};

/*
 * Two-level tables: even entries only.  The walker's A and D bits in an odd one are
 * address bits of an entry of eight bytes, if another vCPU takes the frame for a
 * table of those; that they are not seen there is known, and no guest does it.
 */
static const u64 even_base[] = {
	0, 0x200000, 0x800000, 0x40000000, 0x7f800000, 0x80000000, 0xc0000000,
	0xffa00000,
};

/* The last two are canonical with five levels only. */
static const u64 long_base[] = {
	0, 0x200000, 0x40000000, 0x8000000000, 0xffff800000000000,
	0xffffffffffe00000, 0x1000000000000, 0xff00000000000000,
};

static const u64 long4_base[] = { 0x40200000, 0xffffff8000000000 };
static const u64 offset[] = { 0, 0x1000, 0x3000, 0x1ff000 };
static const u64 even_offset[] = { 0, 0x2000, 0x6000, 0x1fe000 };

static void vas_set(struct env_vcpu *v, enum model_mode mode)
{
	for (int i = 0; i < PAGING_VAS; i++) {
		u64 base = short_base[i / 4];

		if (mode == MODEL_32) {
			v->cpu->va[i].va = even_base[i / 4] + even_offset[i % 4];
			continue;
		}
		if (mode >= MODEL_4LEVEL)
			base = long_base[i / 4];
		if (mode == MODEL_4LEVEL && i / 4 >= 6)
			base = long4_base[i / 4 - 6];
		v->cpu->va[i].va = base + offset[i % 4];
	}
}

/* Rather one that leads somewhere. */
static u64 some_va(struct env_vcpu *v)
{
	int i = rnd(PAGING_VAS), tries = rnd(8);

	while (!v->cpu->va[i].n && tries--)
		i = rnd(PAGING_VAS);
	return v->cpu->va[i].va;
}

static u64 any_va(struct env_vcpu *v)
{
	return v->cpu->va[rnd(PAGING_VAS)].va;
}

/* ------------------------------------------------------------------------ */
/* Slots.  Address spaces share no page: nothing tracks a write in the other. */

static const struct env_place places[2][ENV_SLOTS] = {
	{
		{ 0, 2048, 1ull << 18, 0 },
		{ 0x40000, 1536, 2ull << 18, 0 },
		{ 0x80000, 64, (2ull << 18) + 4096, MMU_SLOT_READONLY },
		{ 0x100000, 1024, (2ull << 18) + 8192, 0 },
		{ 0x90000, 3, (2ull << 18) + 16384, 0 },
	}, {
		{ 0, 1200, 3ull << 18, 0 },
		{ 0x40000, 700, (3ull << 18) + 4096, 0 },
	},
};

static void host_small(struct env_vm *vm, u64 page, u64 n)
{
	for (; n; n--, page++)
		host_make(&vm->host, page, 1, PRESENT);
}

static void host_large(struct env_vm *vm, u64 page, u64 n)
{
	for (; n; n -= 512, page += 512)
		host_make(&vm->host, page, 2, PRESENT);
}

void shadow_ops_setup(struct env_vm *vm)
{
	host_change(&vm->host, 0, HOST_PAGES, 0, HOST_MAPPED | HOST_VMA_W);
	host_small(vm, 1ull << 18, 512);
	host_large(vm, (1ull << 18) + 512, 512);
	host_small(vm, (1ull << 18) + 1024, 1024);
	host_large(vm, 2ull << 18, 1536);
	host_small(vm, (2ull << 18) + 4096, 64);
	host_large(vm, (2ull << 18) + 8192, 1024);
	host_small(vm, 3ull << 18, 4096 + 1024);
	host_small(vm, (2ull << 18) + 16384, 64);
	for (int i = 0; i < 2 * ENV_SLOTS; i++) {
		const struct env_place *p = &places[i / ENV_SLOTS][i % ENV_SLOTS];

		if (p->n)
			world_slot_place(vm, i / ENV_SLOTS, i % ENV_SLOTS, p);
	}
}

/* Not as it is meant to be: away, moved, short, of other rights. */
static bool is_odd(const struct env_slot *s, const struct env_place *p)
{
	return !s || s->s.base_gfn != p->base || s->s.npages != p->n ||
	       (s->s.flags & MMU_SLOT_READONLY) != p->flags;
}

void shadow_ops_slot(struct env_vm *vm)
{
	int tries = rnd(20), as, i;
	struct env_place p;
	struct env_slot *s;

	do {
		as = !rnd(4);
		i = rnd(as ? 2 : 5);
		p = places[as][i];
		s = vm->slot[as][i];
	} while (tries-- && !is_odd(s, &p));
	if (!s) {
		p.flags |= rnd(6) ? 0 : MMU_SLOT_DIRTY_LOG;
		p.flags ^= rnd(16) ? 0 : MMU_SLOT_READONLY;
		if (!rnd(8) && p.n > 600)
			p.n -= 1 + rnd(500);
		world_slot_place(vm, as, i, &p);
	} else if (rnd(2)) {
		world_slot_del(vm, as, i);
	} else {
		/* Back, or to where nothing is. */
		if (s->s.base_gfn == p.base)
			p.base += 0x20000;
		world_slot_move(vm, as, i, p.base);
	}
}

void shadow_ops_repair(struct env_vm *vm)
{
	int i = rnd(2 * ENV_SLOTS);
	struct env_slot *s = vm->slot[i / ENV_SLOTS][i % ENV_SLOTS];
	u64 start, end;

	if (!s || !world_mm_lock(vm))
		return;
	start = env_host_page(&s->s, s->s.base_gfn);
	end = start + s->s.npages;
	world_notify_begin(vm, start, end, rnd(2));
	host_change(&vm->host, start, end, HOST_POISON, HOST_MAPPED | HOST_VMA_W);
	world_notify_end(vm, start, end);
	world_mm_unlock(vm);
}

/* ------------------------------------------------------------------------ */
/* Modes. */

static struct model_paging some_mode(void)
{
	static const enum model_mode modes[] = {
		MODEL_OFF, MODEL_32, MODEL_32, MODEL_PAE, MODEL_PAE,
		MODEL_4LEVEL, MODEL_4LEVEL, MODEL_4LEVEL, MODEL_5LEVEL,
		MODEL_5LEVEL,
	};
	struct model_paging g = {
		.mode = PICK(modes),
		.wp = rnd(3), .smep = rnd(2), .smap = !rnd(3), .pse = rnd(4),
		.nxe = rnd(4), .pke = !rnd(3),
		/* The model of a CPU: the same for all. */
		.pse36 = true, .gib_pages = true, .amd = true, .maxphyaddr = 40,
	};

	return g;
}

static u64 some_root(void)
{
	return tables[rnd(6)] << 12 | (rnd(3) ? 0 : rnd(128) << 5);
}

void shadow_ops_mode(struct env_vcpu *v)
{
	struct model_paging g = some_mode();
	u64 old[PAGING_VAS];

	for (int i = 0; i < PAGING_VAS; i++)
		old[i] = v->cpu->va[i].va;
	v->out = true;
	vas_set(v, g.mode);
	if (!shadow_mode(v, &g, some_root(), true))
		for (int i = 0; i < PAGING_VAS; i++)
			v->cpu->va[i].va = old[i];
}

/* What a guest may change without losing its translations. */
static void op_toggle(struct env_vcpu *v)
{
	struct model_paging g = v->cpu->guest;
	bool flush = rnd(2);

	switch (rnd(6)) {
	case 0:
	case 1:
		g.wp ^= 1;
		break;
	case 2:
		g.smap ^= 1;
		break;
	case 3:
		g.pke ^= 1;
		break;
	case 4:
		g.smep ^= 1;
		flush |= g.smep;
		break;
	case 5:
		g.nxe ^= 1;
		break;
	}
	shadow_mode(v, &g, v->cpu->cr3, flush);
}

/* ------------------------------------------------------------------------ */
/* Accesses. */

static struct model_access some_access(void)
{
	struct model_access a = {
		.user = rnd(2),
		.ac = rnd(2),
		.pkru = rnd(3) ? 0 : shim_random() << 1 ^ shim_random(),
	};

	switch (rnd(5)) {
	case 0:
		a.fetch = true;
		break;
	case 1:
		a.write = true;
		a.implicit = !a.user;
		break;
	case 2:
		a.write = true;
		break;
	}
	return a;
}

static void op_access(struct env_vcpu *v)
{
	struct model_access a = some_access();

	shadow_access(v, some_va(v) + rnd(4096), &a, NULL);
}

void ops_access(struct env_vcpu *v)
{
	shadow_ops_guest(v);
}

void ops_hardware(struct env_vm *vm)
{
	struct env_vcpu *v = vm->vcpu[rnd(ENV_VCPUS)];
	struct model_access a = some_access();
	u64 error;

	if (v && !v->out && !v->busy)
		paging_access(v, some_va(v) + rnd(4096), &a, NULL, &error);
}

/* ------------------------------------------------------------------------ */
/* Guest tables. */

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
	switch (rnd(10)) {
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

/*
 * Follow an address; entries that are absent are made, one at some level is
 * changed (@change) as well.
 */
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

static void tables_edit(struct env_vcpu *v, u64 va, bool change)
{
	const struct model_paging *g = &v->cpu->guest;
	struct format f = format_of(g);
	int level = f.levels, at = change ? 1 + rnd(rnd(2) ? f.levels : 1) : 0;
	u64 table = g->root, e;
	gpa_t gpa;

	for (; level; level--) {
		gpa = entry_gpa(&f, table, va, level);
		e = shadow_mem_get(v, gpa, f.size);
		if (g->mode == MODEL_PAE && level == 3 && !change)
			e = g->pdpte[va >> 30 & 3];
		if (level == at) {
			guest_write(v, gpa, f.size, changed_entry(g, e, level));
			return;
		}
		if (change && !(e & PTE_P))
			return;
		if (!change && is_useless(g, e, level)) {
			e = some_entry(g, level);
			guest_write(v, gpa, f.size, e);
			if (g->mode == MODEL_PAE && level == 3 &&
			    !shadow_cr3(v, v->cpu->cr3))
				return;
		}
		if (level > 1 && level <= 3 && (e & PTE_PS) &&
		    !(g->mode == MODEL_PAE && level == 3))
			return;
		table = e & (g->mode == MODEL_32 ? 0xfffff000ull :
						   0xfffffff000ull);
	}
}

static void op_map(struct env_vcpu *v)
{
	if (v->cpu->guest.mode != MODEL_OFF)
		tables_edit(v, any_va(v), false);
}

static void op_change(struct env_vcpu *v)
{
	u64 va = some_va(v);

	if (v->cpu->guest.mode == MODEL_OFF)
		return;
	tables_edit(v, va, true);
	if (rnd(2))
		shadow_invlpg(v, va);
}

/* Anything into a frame that may be a table: data, as far as the guest cares. */
static void op_scribble(struct env_vcpu *v)
{
	gpa_t gpa = PICK(tables) << 12 | (rnd(3) ? rnd(8) : rnd(512)) << 3;
	struct paging_store s = { 8, rnd(4) ? 0 : shim_random() };

	for (int n = 1 + rnd(6); n; n--, gpa += 8)
		if ((gpa & 4095) <= 4088)
			guest_store(v, gpa, &s);
}

static void op_invlpg(struct env_vcpu *v)
{
	shadow_invlpg(v, some_va(v));
}

static void op_cr3(struct env_vcpu *v)
{
	shadow_cr3(v, rnd(3) ? v->cpu->cr3 : some_root());
}

/* Into or out of SMM. */
static void op_smm(struct env_vcpu *v)
{
	v->out = true;
	v->v.as_id ^= 1;
	past_forget(v);
	mmu_guest_flush(&v->v);
	map_flush_vcpu(v);
}

static void op_trim(struct env_vcpu *v)
{
	mmu_vcpu_trim(&v->v);
}

/* Of 1000; the rest are accesses. */
static const struct {
	void (*fn)(struct env_vcpu *v);
	int odds;
} guest_ops[] = {
	{ op_map, 200 },
	{ op_change, 120 },
	{ op_invlpg, 40 },
	{ op_cr3, 30 },
	{ shadow_ops_mode, 4 },
	{ op_toggle, 10 },
	{ op_scribble, 4 },
	{ op_smm, 3 },
	{ op_trim, 2 },
};

void shadow_ops_guest(struct env_vcpu *v)
{
	int n = rnd(1000);

	if (v->busy)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(guest_ops); i++) {
		n -= guest_ops[i].odds;
		if (n >= 0)
			continue;
		v->busy = true;
		guest_ops[i].fn(v);
		v->busy = false;
		return;
	}
	op_access(v);
}
