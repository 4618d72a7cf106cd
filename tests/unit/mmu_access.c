// SPDX-License-Identifier: GPL-2.0-only
/* Random accesses of guests that run on second-level tables. */
#include <linux/kernel.h>

#include "tests/unit/mmu_ops.h"

static unsigned int rnd(unsigned int n)
{
	return shim_random() % n;
}

gpa_t ops_gpa(struct env_vm *vm, int as_id)
{
	struct env_slot *s = vm->slot[as_id][rnd(ENV_SLOTS)];
	/* No slot there, or beyond what any tables can translate. */
	gfn_t gfn = rnd(8) ? (gfn_t)rnd(4) << 18 : 1ull << 45;

	if (s)
		gfn = rnd(30) ? s->s.base_gfn + ops_offset(s->s.npages) :
				s->s.base_gfn + s->s.npages;
	return (gfn << 12) + rnd(4096);
}

void ops_access(struct env_vcpu *v)
{
	static const u64 kinds[] = { 0, 0, PF_WRITE, PF_WRITE, PF_FETCH };
	gpa_t gpa = ops_gpa(v->vm, v->v.as_id);
	bool ok = world_access(v, gpa, kinds[rnd(5)]);

	/* A fresh translation: what made it has left its mark. */
	if (ok && !v->vm->crowded && !rnd(16)) {
		gfn_t gfn = gpa >> 12;

		mmu_age(&v->vm->mmu, v->v.as_id, gfn, gfn + 1);
		map_flush_vcpu(v);
		if (world_access(v, gpa, 0) &&
		    !mmu_is_young(&v->vm->mmu, v->v.as_id, gfn, gfn + 1))
			shim_die("gfn %llx: accessed, and not young", gfn);
	}
}

void ops_hardware(struct env_vm *vm)
{
	struct env_vcpu *v = vm->vcpu[rnd(ENV_VCPUS)];
	u64 error;

	if (v && !v->out)
		map_access(v, ops_gpa(vm, v->v.as_id), rnd(2) ? PF_WRITE : 0,
			   &error);
}

void ops_vcpu_access(struct env_vm *vm)
{
	struct env_vcpu *v = vm->vcpu[rnd(ENV_VCPUS)];

	if (v)
		ops_access(v);
}

void ops_vcpu(struct env_vm *vm)
{
	int i = rnd(ENV_VCPUS);

	if (vm->vcpu[i])
		world_vcpu_del(vm, i);
	else
		world_vcpu_add(vm, i);
}

void ops_switch(struct env_vm *vm)
{
	struct env_vcpu *v = vm->vcpu[rnd(ENV_VCPUS)];

	if (!v)
		return;
	v->v.as_id ^= 1;
	if (!v->out && mmu_root_is_current(&v->v))
		shim_die("a root of another address space is current");
	v->out = true;
}

void ops_trim(struct env_vm *vm)
{
	struct env_vcpu *v = vm->vcpu[rnd(ENV_VCPUS)];

	if (v)
		mmu_vcpu_trim(&v->v);
}
