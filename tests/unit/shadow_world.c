// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include <linux/bitops.h>
#include <linux/kernel.h>

#include "mmu/check.h"
#include "mmu/shadow/page.h"
#include "tests/unit/fault.h"
#include "tests/unit/shadow_world.h"

long shadow_count[MMU_ERROR + 1];
long shadow_emulated[SHADOW_REASONS];
long shadow_done;

static struct env_vm *the_vm;
static unsigned long gen;	/* changes of memory, and of what leads to it */

int shadow_nr(const struct env_vcpu *v)
{
	int i;

	for (i = 0; i < ENV_VCPUS && v->vm->vcpu[i] != v; i++)
		;
	return i;
}

/* ------------------------------------------------------------------------ */
/* The guest's registers. */

static struct paging_cpu *cpu_of(struct mmu_vcpu *vcpu)
{
	return container_of(vcpu, struct env_vcpu, v)->cpu;
}

static u64 root_get(struct mmu_vcpu *vcpu)
{
	return cpu_of(vcpu)->cr3;
}

static u64 pdptr_get(struct mmu_vcpu *vcpu, int i)
{
	return cpu_of(vcpu)->guest.pdpte[i];
}

static bool fault_is(const struct shadow_try *t, const struct mmu_guest_fault *f)
{
	return t->end == MODEL_FAULT && f->addr == t->va &&
	       f->error == t->r.error && !f->misconfig;
}

/* The guest gets a fault: it must be the one that its tables demand now. */
static void fault_take(struct mmu_vcpu *vcpu, const struct mmu_guest_fault *f)
{
	struct env_vcpu *v = container_of(vcpu, struct env_vcpu, v);
	struct shadow_try *t = v->cpu->try;

	if (!t || t->faults++)
		shim_die("a fault that nobody made");
	if (fault_is(t, f))
		return;
	if (t->gen == gen)
		shim_die("va %llx w %d u %d f %d: the guest gets %llx at %llx; "
			 "model: end %d error %llx",
			 t->va, t->a.write, t->a.user, t->a.fetch, f->error,
			 f->addr, t->end, t->r.error);
}

static const struct mmu_ctx_ops guest_ops = {
	.root_get = root_get,
	.pdptr_get = pdptr_get,
	.fault = fault_take,
};

/* ------------------------------------------------------------------------ */
/* Changes. */

static void mem_changed(u64 page, unsigned int offset, unsigned int size)
{
	gen++;
	trace("  page %llx offset %x: %u bytes now %llx\n", page, offset, size,
	      env_mem_get(page, offset, size));
	past_changed(the_vm, page, offset, size);
}

static void all_changed(struct env_vm *vm)
{
	gen++;
	trace("  slots or userspace's memory changed\n");
	past_all_changed(vm);
}

/* A and D bits: only of the walk that is going on, and only as it may. */
static void table_set(struct env_vcpu *v, gpa_t gpa, u64 old, u64 new)
{
	struct shadow_try *t = v->cpu->try;
	u64 may = 0;

	if (!t)
		shim_die("%llx: a table is changed out of the blue", gpa);
	for (int i = 0; i < t->r.used; i++) {
		const struct model_entry *e = &t->r.entry[i];

		if (e->gpa != gpa)
			continue;
		may |= 1 << 5;
		if (e->level == t->r.level && t->a.write)
			may |= 1 << 6;
	}
	if (t->gen == gen) {
		if (t->end != MODEL_DONE || (old & ~new) || (new & ~old & ~may))
			shim_die("va %llx: entry at %llx is changed from %llx to %llx",
				 t->va, gpa, old, new);
		t->gen++;
	}
}

u64 shadow_mem_get(struct env_vcpu *v, gpa_t gpa, unsigned int size)
{
	const struct model_mem m = past_memory(v);
	u64 value = 0;

	m.read(m.opaque, gpa, size, &value);
	return value;
}

void shadow_mem_set(struct env_vcpu *v, gpa_t gpa, unsigned int size, u64 value)
{
	struct env_slot *s = env_slot_find(v->vm, v->v.as_id, gpa >> 12);

	if (s)
		env_mem_set(env_host_page(&s->s, gpa >> 12), gpa & 4095, size,
			    value);
}

/* ------------------------------------------------------------------------ */
/* Modes. */

static struct mmu_cpu registers(const struct model_paging *g)
{
	bool lng = g->mode >= MODEL_4LEVEL;

	return (struct mmu_cpu){
		.cr0 = 1 | (g->mode != MODEL_OFF ? 1ull << 31 : 0) |
		       (g->wp ? 1ull << 16 : 0),
		.cr4 = (g->pse ? 1ull << 4 : 0) |
		       (lng || g->mode == MODEL_PAE ? 1ull << 5 : 0) |
		       (g->mode == MODEL_5LEVEL ? 1ull << 12 : 0) |
		       (g->smep ? 1ull << 20 : 0) |
		       (g->smap ? 1ull << 21 : 0) | (g->pke ? 1ull << 22 : 0),
		/* SCE's neighbours: LME and LMA. */
		.efer = (g->nxe ? 1ull << 11 : 0) | (lng ? 5ull << 8 : 0),
		.feat = {
			.maxphyaddr = g->maxphyaddr,
			.gib_pages = g->gib_pages,
			.pse36 = g->pse36,
			.amd = g->amd,
		},
	};
}

/* SDM vol. 3, 4.4.1: they are loaded with CR3, and must be legal then. */
static bool pdptes_load(struct env_vcpu *v, struct model_paging *g, u64 cr3)
{
	const u64 bad = 0x1e6 | ~((1ull << g->maxphyaddr) - 1);

	if (g->mode != MODEL_PAE)
		return true;
	for (int i = 0; i < 4; i++) {
		g->pdpte[i] = shadow_mem_get(v, (cr3 & 0xffffffe0) + 8 * i, 8);
		if ((g->pdpte[i] & 1) && (g->pdpte[i] & bad))
			return false;
	}
	return true;
}

static u64 root_of(const struct model_paging *g, u64 cr3)
{
	if (g->mode == MODEL_32)
		return cr3 & 0xfffff000;
	if (g->mode == MODEL_PAE)
		return cr3 & 0xffffffe0;
	return cr3 & 0xffffffffff000;
}

bool shadow_mode(struct env_vcpu *v, const struct model_paging *g, u64 cr3,
		 bool flush)
{
	struct model_paging new = *g;
	struct mmu_cpu cpu;

	if (flush && !pdptes_load(v, &new, cr3))
		return false;
	if (!flush)
		memcpy(new.pdpte, v->cpu->guest.pdpte, sizeof(new.pdpte));
	trace("%d: mode %d wp %d smep %d smap %d pke %d nxe %d cr3 %llx flush %d\n",
	      shadow_nr(v), g->mode, g->wp, g->smep, g->smap, g->pke, g->nxe,
	      cr3, flush);
	new.root = root_of(g, cr3);
	new.set_ad = true;
	v->out = true;
	v->cpu->guest = new;
	v->cpu->cr3 = cr3;
	gen++;
	cpu = registers(&new);
	mmu_ctx_update(&v->v, MMU_CTX_GUEST, &cpu);
	if (flush) {
		past_forget(v);
		mmu_guest_flush(&v->v);
	} else {
		past_update(v);
	}
	map_flush_vcpu(v);
	return true;
}

bool shadow_cr3(struct env_vcpu *v, u64 cr3)
{
	struct model_paging *g = &v->cpu->guest, new = *g;

	if (!pdptes_load(v, &new, cr3))
		return false;
	trace("%d: cr3 %llx\n", shadow_nr(v), cr3);
	new.root = root_of(g, cr3);
	v->out = true;
	*g = new;
	v->cpu->cr3 = cr3;
	gen++;
	past_forget(v);
	mmu_guest_flush(&v->v);
	map_flush_vcpu(v);
	return true;
}

void shadow_invlpg(struct env_vcpu *v, u64 va)
{
	bool was = v->busy;

	trace("%d: invlpg %llx\n", shadow_nr(v), va);
	v->busy = true;
	past_forget_va(v, va);
	env_srcu_lock(v->vm);
	mmu_guest_invlpg(&v->v, va);
	env_srcu_unlock(v->vm);
	/* At other addresses the same entry may have led to the page. */
	if (v->owes)
		map_flush_vcpu(v);
	paging_invlpg(v, va);
	v->busy = was;
}

/* ------------------------------------------------------------------------ */
/* The world. */

void shadow_start(struct env_vm *vm, const struct mmu_caps *caps)
{
	the_vm = vm;
	env_guest_ops = &guest_ops;
	env_mem_hook = mem_changed;
	env_changed_hook = all_changed;
	env_cmpxchg_hook = table_set;
	env_root_hook = paging_load;
	world_start(vm, caps);
}

void shadow_stop(struct env_vm *vm)
{
	for (int i = 0; i < ENV_VCPUS; i++)
		shadow_vcpu_del(vm, i);
	env_mem_hook = NULL;
	world_stop(vm);
}

struct env_vcpu *shadow_vcpu_add(struct env_vm *vm, int i)
{
	struct paging_cpu *cpu = calloc(1, sizeof(*cpu));
	const struct model_paging off = {
		.mode = MODEL_OFF, .maxphyaddr = 40, .gib_pages = true,
		.pse36 = true, .amd = true,
	};
	struct env_vcpu *v;

	/* Complete before the others' changes see it. */
	v = world_vcpu_add(vm, i);
	v->cpu = cpu;
	shadow_mode(v, &off, 0, true);
	return v;
}

void shadow_vcpu_del(struct env_vm *vm, int i)
{
	struct paging_cpu *cpu;

	if (!vm->vcpu[i])
		return;
	cpu = vm->vcpu[i]->cpu;
	world_vcpu_del(vm, i);
	free(cpu);
}

/* ------------------------------------------------------------------------ */
/* Accesses. */

static void try_begin(struct env_vcpu *v, struct shadow_try *t, u64 va,
		      const struct model_access *a)
{
	*t = (struct shadow_try){
		.va = va, .a = *a, .gen = gen, .changing = v->vm->changing,
	};
	t->end = past_now(v, va, a, &t->r);
	v->cpu->try = t;
}

static struct perm_regs regs_of(const struct model_access *a)
{
	return (struct perm_regs){ .pkru = a->pkru, .ac = a->ac };
}

bool shadow_emulate(struct env_vcpu *v, gpa_t gpa,
		    const struct paging_store *store)
{
	struct env_slot *s;
	struct host_page p;
	bool ok;

	env_srcu_lock(v->vm);
	s = env_slot_find(v->vm, v->v.as_id, gpa >> 12);
	ok = s && !(s->s.flags & MMU_SLOT_READONLY) &&
	     !env_page_get(v->vm, env_host_page(&s->s, gpa >> 12), true, &p);
	trace("%d: emulated write gpa %llx: %d\n", shadow_nr(v), gpa, ok);
	if (ok) {
		env_mem_set(env_host_page(&s->s, gpa >> 12), gpa & 4095,
			    store->size, store->value);
		if (s->dirty)
			set_bit((gpa >> 12) - s->s.base_gfn, s->dirty);
		mmu_guest_written(&v->v, gpa, store->size);
	}
	env_srcu_unlock(v->vm);
	return ok;
}

/* As the emulator does it: translate, then write. */
static void emulate(struct env_vcpu *v, u64 va, const struct model_access *a,
		    const struct paging_store *store)
{
	const struct gwalk_access access = {
		.pf = (a->write ? PF_WRITE : 0) | (a->user ? PF_USER : 0) |
		      (a->fetch ? PF_FETCH : 0) |
		      (a->implicit ? PF_IMPLICIT : 0),
		.regs = regs_of(a),
	};
	struct gwalk_result res;
	struct shadow_try t;
	enum gwalk_status status;

	try_begin(v, &t, va, a);
	env_srcu_lock(v->vm);
	status = mmu_translate(&v->v, MMU_CTX_GUEST, va, &access, &res);
	env_srcu_unlock(v->vm);
	v->cpu->try = NULL;
	if (status == GWALK_OK && t.gen == gen &&
	    (t.end != MODEL_DONE || res.gpa != t.r.gpa))
		shim_die("va %llx: emulated at %llx; model: end %d at %llx", va,
			 res.gpa, t.end, t.r.gpa);
	if (status == GWALK_OK && a->write && store)
		shadow_emulate(v, res.gpa, store);
}

/* SMAP and keys cannot be had with a CR0.WP that is not the guest's. */
static bool wp_is_hard(const struct model_paging *g, const struct shadow_try *t)
{
	if (g->mode == MODEL_OFF || g->wp || t->a.user || !(t->r.rights & ACC_U))
		return false;
	if (t->r.rights & ACC_W)
		return g->pke && (t->a.pkru >> (2 * t->r.pkey + 1) & 1);
	return g->smap || g->pke;
}

/* Is there a reason why no leaf may let this access through? */
static enum shadow_reason emulate_reason(struct env_vcpu *v,
					 const struct shadow_try *t)
{
	gfn_t gfn = t->r.gpa >> 12;
	struct env_slot *s = env_slot_find(v->vm, v->v.as_id, gfn);

	if (t->end == MODEL_NOWHERE)
		return BECAUSE_TABLE_NOWHERE;
	if (t->end != MODEL_DONE)
		return BECAUSE_NOT;
	if (!s)
		return BECAUSE_NO_SLOT;
	if (!t->a.write)
		return BECAUSE_NOT;
	if (s->s.flags & MMU_SLOT_READONLY)
		return BECAUSE_READONLY;
	if (wp_is_hard(&v->cpu->guest, t))
		return BECAUSE_WP;
	if (tracked_any(v->vm->mmu.tracked, gfn, 1))
		return BECAUSE_SHADOWED;
	return BECAUSE_NOT;
}

/* Has the access's own walk, or a register, a table in the frame that it leads to? */
static bool frame_is_needed(const struct env_vcpu *v,
			    const struct shadow_try *t)
{
	const struct model_paging *g = &v->cpu->guest;
	gfn_t gfn = t->r.gpa >> 12;
	int i;

	for (i = 0; i < t->r.used; i++)
		if (t->r.entry[i].gpa >> 12 == gfn)
			return true;
	for (i = 0; i < 4 && g->mode == MODEL_PAE; i++)
		if ((g->pdpte[i] & 1) && g->pdpte[i] >> 12 == gfn)
			return true;
	return false;
}

/* A VMM's refusal of the page, or of a table on the way. */
static bool may_refuse(struct env_vcpu *v, const struct shadow_try *t, int err)
{
	struct env_vm *vm = v->vm;
	gfn_t gfn = t->r.gpa >> 12;

	return env_refuses(vm, env_slot_find(vm, v->v.as_id, gfn), gfn,
			   t->a.write, err);
}

/* True: run the guest again. */
static bool judge(struct env_vcpu *v, const struct mmu_fault *f,
		  enum mmu_result r, const struct shadow_try *t,
		  enum shadow_end *end)
{
	bool same = t->gen == gen && !t->changing;
	enum shadow_reason why;

	shadow_count[r]++;
	*end = SHADOW_GAVE_UP;
	if ((r == MMU_INJECT) != t->faults)
		shim_die("answer %d, and the guest got %d faults", r, t->faults);
	switch (r) {
	case MMU_RETRY:
	case MMU_FIXED:
		return true;
	case MMU_INJECT:
		*end = SHADOW_FAULTED;
		return false;
	case MMU_EMULATE:
		why = emulate_reason(v, t);
		if (same && why == BECAUSE_SHADOWED && f->no_emulate &&
		    !frame_is_needed(v, t))
			shim_die("va %llx: a table was to make room", t->va);
		/* A VMM is told where an event did not get to. */
		if (same && f->no_emulate &&
		    f->gfn != (why == BECAUSE_TABLE_NOWHERE ? 0 : t->r.gpa >> 12))
			shim_die("va %llx: in frame %llx", t->va, f->gfn);
		if (why != BECAUSE_NOT)
			shadow_emulated[why]++;
		else if (same)
			shim_die("va %llx: emulated without a reason: end %d gpa %llx rights %x",
				 t->va, t->end, t->r.gpa, t->r.rights);
		*end = SHADOW_EMULATED;
		return false;
	case MMU_USER:
	case MMU_ERROR:
		if (f->err == -EINTR && v->vm->interrupted)
			return false;
		if (r == MMU_ERROR && f->err == -ENOMEM && env_memory_may_fail())
			return false;
		if (r == MMU_USER && (!same || v->vm->crowded ||
				      may_refuse(v, t, f->err)))
			return false;
		break;
	case MMU_ABSENT:
		break;
	}
	shim_die("va %llx error %llx: answer %d, err %d (model: end %d)", t->va,
		 f->error, r, f->err, t->end);
}

static bool fault(struct env_vcpu *v, u64 va, const struct model_access *a,
		  u64 error, enum shadow_end *end)
{
	struct mmu_fault f = fault_of(va, error | (a->implicit ? PF_IMPLICIT : 0));
	struct shadow_try t;
	enum mmu_result r;
	bool again;

	f.regs = regs_of(a);
	f.no_emulate = !(shim_random() % 16);
	v->vm->faults++;
	env_srcu_lock(v->vm);
	try_begin(v, &t, va, a);
	r = mmu_fault(&v->v, &f);
	v->cpu->try = NULL;
	trace("%d: va %llx error %llx: end %d gpa %llx: answer %d\n", shadow_nr(v),
	      va, error, t.end, t.r.gpa, r);
	again = judge(v, &f, r, &t, end);
	env_srcu_unlock(v->vm);
	v->vm->faults--;
	return again;
}

static int enter(struct env_vcpu *v)
{
	int r;

	env_srcu_lock(v->vm);
	r = world_enter(v);
	/* VMRUN may read the PDPTEs each time. */
	if (!r && shim_random() % 2)
		paging_load(v);
	env_srcu_unlock(v->vm);
	return r;
}

/* How many faults an access may take when nobody is in the way. */
#define TRIES	6

enum shadow_end shadow_access(struct env_vcpu *v, u64 va,
			      const struct model_access *a,
			      const struct paging_store *store)
{
	enum shadow_end end = SHADOW_GAVE_UP;
	bool again = true, ok, quiet;
	u64 error = 0;
	int tries;

	v->busy = true;
	for (tries = 0; again; tries++) {
		end = SHADOW_GAVE_UP;
		quiet = !v->vm->crowded && !v->vm->changing && !env_peek_odds &&
			!env_memory_may_fail();
		if (quiet && tries > TRIES)
			shim_die("va %llx error %llx: no progress", va, error);
		if (!quiet && tries > 30)
			break;
		if (enter(v))
			break;
		env_srcu_lock(v->vm);
		ok = paging_access(v, va, a, store, &error);
		env_srcu_unlock(v->vm);
		if (ok) {
			trace("%d: va %llx w %d u %d f %d store %d\n", shadow_nr(v),
			      va, a->write, a->user, a->fetch,
			      store ? store->size : 0);
			shadow_done++;
			end = SHADOW_DONE;
			break;
		}
		if (error || !v->out)
			again = fault(v, va, a, error, &end);
	}
	if (end == SHADOW_EMULATED)
		emulate(v, va, a, store);
	v->busy = false;
	return end;
}

/* ------------------------------------------------------------------------ */

void shadow_check(struct env_vm *vm, bool tables)
{
	void (*hook)(void) = shim_step_hook;

	if (vm->changing || vm->faults)
		shim_die("checked in the middle of a change");
	if (vm->refs)
		shim_die("%ld pages not put back", vm->refs);
	shim_step_hook = NULL;
	map_check_tlbs(vm);
	if (tables) {
		map_check_tables(vm);
		env_logs_check(vm);
#ifdef LAMINA_MMU_CHECK
		mmu_check(&vm->mmu);
#endif
	}
	shim_step_hook = hook;
}
