// SPDX-License-Identifier: GPL-2.0-only
/* The guest's side of a world with TDP: accesses, faults, and all checks. */
#include <errno.h>

#include <linux/kernel.h>

#include "mmu/check.h"
#include "tests/unit/env.h"
#include "tests/unit/fault.h"

/* True: run the guest again.  @changing: a change was in progress before. */
static bool judge(struct env_vcpu *v, const struct mmu_fault *f,
		  enum mmu_result r, bool changing)
{
	struct env_vm *vm = v->vm;
	gfn_t gfn = f->addr >> 12;
	bool write = f->error & PF_WRITE;
	struct env_slot *s = env_slot_find(vm, v->v.as_id, gfn);

	switch (r) {
	case MMU_RETRY:
	case MMU_FIXED:
		return true;
	case MMU_EMULATE:
		/* A slot that is just being added may come too late. */
		if (s && !changing && !(write && (s->s.flags & MMU_SLOT_READONLY)))
			shim_die("emulated, but there is memory: %llx", gfn);
		return false;
	case MMU_USER:
	case MMU_ERROR:
		if (f->err == -EINTR && vm->interrupted)
			return false;
		if (r == MMU_ERROR && f->err == -ENOMEM && env_memory_may_fail())
			return false;
		if (r == MMU_USER && (changing || vm->crowded ||
				      env_refuses(vm, s, gfn, write, f->err)))
			return false;
		fallthrough;
	default:
		shim_die("gfn %llx error %llx: answer %d, err %d", gfn,
			 f->error, r, f->err);
	}
}

static bool fault(struct env_vcpu *v, gpa_t gpa, u64 error)
{
	struct mmu_fault f = fault_of(gpa, error);
	enum mmu_result r;
	bool again, changing;

	__atomic_add_fetch(&v->vm->faults, 1, __ATOMIC_SEQ_CST);
	env_srcu_lock(v->vm);
	changing = __atomic_load_n(&v->vm->changing, __ATOMIC_SEQ_CST);
	r = mmu_fault(&v->v, &f);
	again = judge(v, &f, r, changing);
	env_srcu_unlock(v->vm);
	__atomic_sub_fetch(&v->vm->faults, 1, __ATOMIC_SEQ_CST);
	return again;
}

bool world_access(struct env_vcpu *v, gpa_t gpa, u64 access)
{
	bool quiet, ok = false, again = true;
	u64 error = 0;
	int tries;

	v->busy = true;
	for (tries = 0; again; tries++) {
		quiet = !v->vm->crowded && !v->vm->changing;
		if (quiet && tries > 3 && !env_memory_may_fail())
			shim_die("gpa %llx error %llx: no progress", gpa, error);
		if (!quiet && tries > 20)
			break;
		if (world_enter(v))
			break;
		env_srcu_lock(v->vm);	/* the model looks at slots */
		ok = map_access(v, gpa, access, &error);
		env_srcu_unlock(v->vm);
		if (ok)
			break;
		if (error)
			again = fault(v, gpa, error);
	}
	v->busy = false;
	return ok;
}

/* ------------------------------------------------------------------------ */

#ifdef LAMINA_MMU_CHECK
struct leaf_ctx {
	struct env_vm *vm;
	int as_id;
};

/* Also sees leaves that hardware does not, for lack of an accessed bit. */
static void leaf_check(void *arg, const struct mmu_leaf *leaf)
{
	struct leaf_ctx *c = arg;
	struct map_entry m = {
		.valid = true, .as_id = c->as_id, .gfn = leaf->gfn,
		.level = leaf->level, .pfn = leaf->pfn, .w = leaf->acc & ACC_W,
		.x = leaf->acc & ACC_X, .dirty = leaf->dirty || leaf->level > 1,
	};
	const char *why = map_wrong(c->vm, &m, true);

	if (why)
		shim_die("leaf: as %d gfn %llx level %d: %s", c->as_id, m.gfn,
			 m.level, why);
}

/* Where a fetch was refused a large page there could be one. */
static void split_check(void *arg, const struct mmu_leaf *split)
{
	struct leaf_ctx *c = arg;
	struct env_slot *s = env_slot_find(c->vm, c->as_id, split->gfn);
	u64 n = LEVEL_GFNS(split->level);

	if (!s || s->s.base_gfn + s->s.npages - split->gfn < n || split->gfn % n ||
	    (s->s.base_gfn ^ s->s.hva >> 12) % n || !c->vm->nx)
		shim_die("as %d gfn %llx level %d: no fetch was refused a page",
			 c->as_id, split->gfn, split->level);
}
#endif

static void tables_check(struct env_vm *vm)
{
	map_check_tables(vm);
	env_logs_check(vm);
#ifdef LAMINA_MMU_CHECK
	mmu_check(&vm->mmu);
	for (int as = 0; as < 2; as++)
		mmu_check_leaves(&vm->mmu, as, leaf_check,
				 &(struct leaf_ctx){ vm, as });
	for (int as = 0; as < 2; as++)
		mmu_check_splits(&vm->mmu, as, split_check,
				 &(struct leaf_ctx){ vm, as });
#endif
}

void world_check(struct env_vm *vm, bool tables)
{
	void (*hook)(void) = shim_step_hook;

	if (vm->changing || vm->faults)
		shim_die("checked in the middle of a change");
	if (vm->refs)
		shim_die("%ld pages not put back", vm->refs);
	shim_step_hook = NULL;	/* nobody plays meanwhile */
	map_check_tlbs(vm);
	if (tables)
		tables_check(vm);
	shim_step_hook = hook;
}
