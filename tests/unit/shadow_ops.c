// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>
#include <linux/string.h>

#include "tests/unit/shadow_ops.h"

#define PRESENT	(HOST_MAPPED | HOST_VMA_W | HOST_PRESENT | HOST_WRITE)

static unsigned int rnd(unsigned int n)
{
	return shim_random() % n;
}

#define PICK(array) ((array)[rnd(ARRAY_SIZE(array))])

/* ------------------------------------------------------------------------ */
/* What there is. */

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
u64 shadow_some_va(struct env_vcpu *v)
{
	int i = rnd(PAGING_VAS), tries = rnd(8);

	while (!v->cpu->va[i].n && tries--)
		i = rnd(PAGING_VAS);
	return v->cpu->va[i].va;
}

u64 shadow_any_va(struct env_vcpu *v)
{
	return v->cpu->va[rnd(PAGING_VAS)].va;
}

/* ------------------------------------------------------------------------ */
/* Slots.  What both address spaces have they have at the same place. */

static const struct env_place places[2][ENV_SLOTS] = {
	{
		{ 0, 2048, 1ull << 18, 0 },
		{ 0x40000, 1536, 2ull << 18, 0 },
		{ 0x80000, 64, (2ull << 18) + 4096, MMU_SLOT_READONLY },
		{ 0x100000, 1024, (2ull << 18) + 8192, 0 },
		{ 0x90000, 3, (2ull << 18) + 16384, 0 },
	}, {
		{ 0, 1200, 1ull << 18, 0 },
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
	int tries = 20, as, i;
	struct env_place p;
	struct env_slot *s;

	do {
		as = !rnd(4);
		i = rnd(as ? 2 : 5);
		p = places[as][i];
		s = vm->slot[as][i];
	} while (tries-- && !is_odd(s, &p));
	/* One that is as it should be stays mostly so. */
	if (!is_odd(s, &p) && rnd(6))
		return;
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
	int as = !rnd(3);
	struct env_slot *s = vm->slot[as][rnd(as ? 2 : 5)];
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
	return shadow_table_frame(rnd(6)) << 12 | (rnd(3) ? 0 : rnd(128) << 5);
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

/* A fresh translation: what made it has left its mark. */
static void young_check(struct env_vcpu *v, u64 va,
			const struct model_access *a)
{
	struct mmu *mmu = &v->vm->mmu;
	struct model_result r;
	gfn_t gfn;

	if (past_now(v, va, a, &r) != MODEL_DONE)
		return;
	gfn = r.gpa >> 12;
	mmu_age(mmu, v->v.as_id, gfn, gfn + 1);
	map_flush_vcpu(v);
	if (shadow_access(v, va, a, NULL) != SHADOW_DONE)
		return;
	/* It may be an old translation that was used, or the table is elsewhere now. */
	if (past_find(v, va)->n == 1 &&
	    !mmu_is_young(mmu, v->v.as_id, gfn, gfn + 1))
		shim_die("va %llx frame %llx: accessed, and not young", va, gfn);
}

static void op_access(struct env_vcpu *v)
{
	struct model_access a = some_access();
	u64 va = shadow_some_va(v) + rnd(4096);

	if (shadow_access(v, va, &a, NULL) == SHADOW_DONE &&
	    !v->vm->crowded && !v->vm->changing && !rnd(16))
		young_check(v, va, &a);
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
		paging_access(v, shadow_some_va(v) + rnd(4096), &a, NULL, &error);
}

static void op_invlpg(struct env_vcpu *v)
{
	shadow_invlpg(v, shadow_some_va(v));
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
	{ shadow_ops_map, 200 },
	{ shadow_ops_change, 120 },
	{ op_invlpg, 40 },
	{ op_cr3, 30 },
	{ shadow_ops_mode, 4 },
	{ op_toggle, 10 },
	{ shadow_ops_scribble, 4 },
	{ op_smm, 3 },
	{ op_trim, 2 },
};

void shadow_ops_guest(struct env_vcpu *v)
{
	int n = rnd(1000);

	if (v->busy)
		return;
	if (shim_nested && rnd(2)) {
		v->busy = true;
		shadow_ops_race(v);
		v->busy = false;
		return;
	}
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
