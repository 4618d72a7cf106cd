// SPDX-License-Identifier: GPL-2.0-only
/* What is done to all vCPUs' hardware; a walk is one step for it. */
#include "tests/model/vcpus.h"
#include "tests/unit/env.h"

static struct env_vcpu *lock_next(struct env_vm *vm, int *i)
{
	if (*i >= 0)
		pthread_mutex_unlock(&vm->vcpu[*i]->tlb_lock);
	while (++*i < ENV_VCPUS)
		if (vm->vcpu[*i]) {
			pthread_mutex_lock(&vm->vcpu[*i]->tlb_lock);
			return vm->vcpu[*i];
		}
	return NULL;
}

/* To the end: the lock of the last one is dropped there. */
#define for_each_locked(v, vm)						\
	for (int i_ = -1; (v = lock_next(vm, &i_)) != NULL; )

/* Is what its TLB has in use? */
static bool in_guest(const struct env_vcpu *v)
{
	return !v->out && !v->owes;
}

bool map_flush(struct env_vm *vm, gfn_t start, u64 n)
{
	struct env_vcpu *v;
	bool any = false;

	for_each_locked(v, vm)
		any |= hw_flush(v, start, n);
	return any;
}

bool map_flush_others(struct env_vcpu *own)
{
	struct env_vcpu *v;
	bool any = false;

	for_each_locked(v, own->vm)
		if (v == own)
			v->owes = true;
		else
			any |= hw_flush(v, 0, ~0ull);
	return any;
}

void map_flush_vcpu(struct env_vcpu *v)
{
	pthread_mutex_lock(&v->tlb_lock);
	hw_flush(v, 0, ~0ull);
	v->owes = false;
	pthread_mutex_unlock(&v->tlb_lock);
}

void map_barrier(struct env_vm *vm)
{
	struct env_vcpu *v;

	for_each_locked(v, vm)
		;
}

bool map_vm_uses_table(struct env_vm *vm, hpa_t pa)
{
	struct env_vcpu *v;
	bool used = false;

	for_each_locked(v, vm)
		used |= in_guest(v) && hw_uses_table(v, pa);
	return used;
}

void map_check_tlbs(struct env_vm *vm)
{
	struct env_vcpu *v;

	for_each_locked(v, vm)
		if (in_guest(v))
			hw_check_tlb(v);
}

void map_check_gone(struct env_vm *vm, int as_id, gfn_t start, gfn_t end)
{
	struct env_vcpu *v;

	for_each_locked(v, vm)
		if (in_guest(v))
			hw_check_gone(v, as_id, start, end);
}

void map_check_protected(struct env_vm *vm, const struct mmu_slot *s, u64 first,
			 const unsigned long *bits, u64 n)
{
	struct env_vcpu *v;

	for_each_locked(v, vm)
		if (in_guest(v))
			hw_check_protected(v, s->as_id, s->base_gfn + first,
					   bits, n);
}
