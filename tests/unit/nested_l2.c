// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "mmu/base/tracked.h"
#include "tests/unit/fault.h"
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
/* Changes. */

static void mem_changed(u64 page, unsigned int offset, unsigned int size)
{
	l2_world.gen++;
	l2_past_update(&l2_world.l2[0]);
	l2_past_update(&l2_world.l2[1]);
}

static void all_changed(struct env_vm *vm)
{
	mem_changed(0, 0, 0);
}

static void flushed(struct env_vm *vm)
{
	l2_hw_flush(&l2_world.l2[0]);
	l2_hw_flush(&l2_world.l2[1]);
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
	l2_past_forget(l2);
	l2_hw_flush(l2);
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
			l2_hw_flush(l2);
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
	tracked = mmu->tracked && tracked_any(mmu->tracked, gfn, 1);
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

/* What L1's tables said of an access, and which of memory's states that was. */
struct reference {
	enum model_end end;
	struct model_result r;
	unsigned long gen;
};

static void sink_check(struct l2 *l2, u64 gpa, u64 error, enum model_end end,
		       const struct model_result *r)
{
	const struct mmu_guest_fault *f = &l2->sunk;

	if (l2->sinks != 1 || end != MODEL_FAULT)
		shim_die("gpa %llx: L1 was told %d times; reference: %d", gpa,
			 l2->sinks, end);
	if (f->addr != gpa || f->error != (r->error | PF_GUEST_FINAL) ||
	    f->rights != r->rights || f->misconfig != r->misconfig || f->has_la)
		shim_die("gpa %llx error %llx: L1 is told %llx at %llx rights %x "
			 "misconfig %d; reference: %llx rights %x misconfig %d",
			 gpa, error, f->error, f->addr, f->rights,
			 f->misconfig, r->error, r->rights, r->misconfig);
}

/* True: run L2 again. */
static bool judge(struct l2 *l2, const struct mmu_fault *f, enum mmu_result res,
		  const struct reference *ref)
{
	enum model_end end = ref->end;
	const struct model_result *r = &ref->r;
	/* Others may have written what the reference read. */
	bool same = !l2_world.crowded || ref->gen == l2_world.gen;

	l2->faults[res]++;
	if ((res == MMU_INJECT) != (l2->sinks > 0))
		shim_die("answer %d and %d faults for L1", res, l2->sinks);
	switch (res) {
	case MMU_RETRY:
	case MMU_FIXED:
		return true;
	case MMU_INJECT:
		if (same)
			sink_check(l2, f->addr, f->error, end, r);
		return false;
	case MMU_EMULATE:
		if (same && !may_emulate(end, r, f->error))
			shim_die("gpa %llx error %llx: emulated without a reason: "
				 "%d at %llx", f->addr, f->error, end, r->gpa);
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
	struct mmu_fault f = fault_of(l2_world.gpa[i], error);
	struct reference ref;
	enum mmu_result res;
	bool again;

	env_srcu_lock(&l2_world.vm);
	l2_world.vm.faults++;
	ref.gen = l2_world.gen;
	ref.end = l2_walk_now(l2->space, f.addr, error, &ref.r);
	l2->sinks = 0;
	res = mmu_fault(&l2->v->v, &f);
	again = judge(l2, &f, res, &ref);
	*how = end_of(res);
	l2_world.vm.faults--;
	env_srcu_unlock(&l2_world.vm);
	return again;
}

enum l2_end l2_access(struct l2 *l2, int i, u64 access)
{
	enum l2_end how = L2_GAVE_UP;
	u64 error;
	int tries;

	l2->now = i;
	for (tries = 0; tries < 8; tries++) {
		if (!l2_load(l2))
			return L2_GAVE_UP;
		if (l2_hw_access(l2, i, access, &error))
			return L2_DONE;
		if (!l2_fault(l2, i, error, &how))
			return how;
	}
	if (!shim_fail_odds && !shim_fail_at && !l2_world.crowded)
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

static void emulated(struct l2 *l2, gpa_t gpa, unsigned int size, u64 value)
{
	struct env_slot *s = env_slot_find(&l2_world.vm, 0, gpa >> 12);

	if (!s || (s->s.flags & MMU_SLOT_READONLY))
		return;
	if (!is_tracked(gpa >> 12) && !l2_world.crowded)
		shim_die("L1 gpa %llx: emulated without a reason", gpa);
	store(l2, gpa, size, value, true);
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
		f = fault_of(gpa, error);
		l2_world.vm.faults++;
		r = mmu_fault(&l2->v->v, &f);
		l2_world.vm.faults--;
		if (r == MMU_EMULATE) {
			emulated(l2, gpa, size, value);
			break;
		}
		if (r != MMU_FIXED && r != MMU_RETRY && !shim_fail_odds &&
		    !shim_fail_at && !l2_world.crowded)
			shim_die("L1 gpa %llx: answer %d", gpa, r);
	}
	env_srcu_unlock(&l2_world.vm);
	if (tries == 8 && !shim_fail_odds && !shim_fail_at &&
	    !l2_world.crowded)
		shim_die("L1 gpa %llx: no progress", gpa);
}

/* ------------------------------------------------------------------------ */

int l2_mapped(struct l2 *l2, int i, u32 *rights)
{
	struct model_result r;

	if (!l2_load(l2))
		return 0;
	l2_hw_look(l2, i, &r);
	*rights = r.rights;
	return r.rights ? r.level : 0;
}

u64 l2_leaf(struct l2 *l2, int i)
{
	struct model_result r;

	l2_hw_look(l2, i, &r);
	return r.entry[r.used - 1].value;
}

void l2_check(void)
{
	if (l2_world.vm.refs)
		shim_die("%ld pages not put back", l2_world.vm.refs);
	l2_hw_check(&l2_world.l2[0]);
	l2_hw_check(&l2_world.l2[1]);
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

	l2_mem_read(NULL, gpa, size, &value);
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

void l2_slot_add(int i, u32 flags)
{
	static const struct env_place place[] = {
		{ 0, 1024, HOST, 0 },
		{ L2_BIG, 2048, HOST + 2048, 0 },
		{ L2_ROM, 16, HOST + 1024, MMU_SLOT_READONLY },
	};
	struct env_place p = place[i];

	p.flags |= flags;
	world_slot_place(&l2_world.vm, 0, i, &p);
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
	for (i = 0; i < 3; i++)
		l2_slot_add(i, 0);
	for (i = 0; i < L2_SPACES; i++)
		second_init(i, mode);
	for (i = 0; i < L2_GPAS; i++)
		l2_world.gpa[i] = gpa_number(mode, i);
	for (i = 0; i < 2; i++) {
		l2_world.l2[i].v = world_vcpu_add(vm, i);
		mmu_nested_init(&l2_world.l2[i].v->v, &l2_ops, &second_ops);
	}
	env_mem_hook = mem_changed;
	env_changed_hook = all_changed;
	env_flush_hook = flushed;
}

void l2_stop(void)
{
	l2_check();
	env_mem_hook = NULL;
	env_changed_hook = NULL;
	env_flush_hook = NULL;
	world_stop(&l2_world.vm);
}
