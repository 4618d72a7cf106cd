// SPDX-License-Identifier: GPL-2.0-only
/* What core/ does around the MMU, in the order that mmu/mmu.h prescribes. */
#include <stdlib.h>

#include <linux/kernel.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include "tests/unit/env.h"

static u64 no_root(struct mmu_vcpu *v)
{
	return 0;
}

static u64 no_pdptr(struct mmu_vcpu *v, int i)
{
	return 0;
}

static const struct mmu_ctx_ops no_guest = {
	.root_get = no_root,
	.pdptr_get = no_pdptr,
};

const struct mmu_ctx_ops *env_guest_ops = &no_guest;
void (*env_changed_hook)(struct env_vm *vm);

static void change_begin(struct env_vm *vm)
{
	__atomic_add_fetch(&vm->changing, 1, __ATOMIC_SEQ_CST);
}

static void change_end(struct env_vm *vm)
{
	if (env_changed_hook)
		env_changed_hook(vm);
	__atomic_sub_fetch(&vm->changing, 1, __ATOMIC_SEQ_CST);
}

/* ------------------------------------------------------------------------ */

void world_start(struct env_vm *vm, const struct mmu_caps *caps)
{
	int r;

	memset(vm, 0, sizeof(*vm));
	vm->caps = *caps;
	host_init(&vm->host);
	pthread_mutex_init(&vm->mm, NULL);
	rwlock_init(&vm->srcu);
	mmu_setup_reset();
	r = mmu_setup(caps);
	if (r)
		shim_die("mmu_setup: %d", r);
	r = mmu_vm_init(&vm->mmu);
	if (r)
		shim_die("mmu_vm_init: %d", r);
	env_vm_set(vm);
}

static void slot_free(struct env_slot *s, bool logs)
{
	if (logs) {
		free(s->dirty);
		free(s->written);
	}
	free(s);
}

void world_stop(struct env_vm *vm)
{
	for (int i = 0; i < ENV_VCPUS; i++)
		world_vcpu_del(vm, i);
	mmu_vm_destroy(&vm->mmu);
	mmu_teardown();
	rcu_barrier();
	if (vm->refs || env_tables || shim_live)
		shim_die("left over: %ld pages, %ld tables, %ld objects",
			 vm->refs, env_tables, shim_live);
	for (int i = 0; i < 2 * ENV_SLOTS; i++)
		if (vm->slot[i / ENV_SLOTS][i % ENV_SLOTS])
			slot_free(vm->slot[i / ENV_SLOTS][i % ENV_SLOTS], true);
	host_destroy(&vm->host);
	env_mem_reset();
	env_vm_set(NULL);
}

struct env_vcpu *world_vcpu_add(struct env_vm *vm, int i)
{
	struct env_vcpu *v = calloc(1, sizeof(*v));

	BUG_ON(vm->vcpu[i]);
	v->vm = vm;
	v->out = true;
	pthread_mutex_init(&v->tlb_lock, NULL);
	mmu_vcpu_init(&v->v, &vm->mmu, env_guest_ops);
	vm->vcpu[i] = v;
	return v;
}

void world_vcpu_del(struct env_vm *vm, int i)
{
	struct env_vcpu *v = vm->vcpu[i];

	if (!v)
		return;
	vm->vcpu[i] = NULL;
	mmu_vcpu_destroy(&v->v);
	free(v);
}

/* ------------------------------------------------------------------------ */
/* Slots. */

/* Make a slot visible, wait until nobody uses the old one, and free that. */
static void publish(struct env_vm *vm, int as_id, int i, struct env_slot *new,
		    bool logs)
{
	struct env_slot *old = vm->slot[as_id][i];

	BUG_ON(shim_nested);
	pthread_rwlock_wrlock(&vm->srcu.rw);
	vm->slot[as_id][i] = new;
	pthread_rwlock_unlock(&vm->srcu.rw);
	if (old)
		slot_free(old, logs);
}

static void logs_make(struct env_slot *s, bool all)
{
	size_t bytes = BITS_TO_LONGS(s->s.npages) * 8;

	s->dirty = calloc(1, bytes);
	s->written = calloc(1, bytes);
	if (all)
		memset(s->dirty, 0xff, bytes);
}

void world_slot_place(struct env_vm *vm, int as_id, int i,
		      const struct env_place *p)
{
	struct env_slot *s = calloc(1, sizeof(*s));

	BUG_ON(vm->slot[as_id][i] || p->host_page + p->n > HOST_PAGES);
	s->vm = vm;
	s->s.base_gfn = p->base;
	s->s.npages = p->n;
	s->s.hva = HOST_BASE + (p->host_page << 12);
	s->s.flags = p->flags;
	s->s.as_id = as_id;
	if (p->flags & MMU_SLOT_DIRTY_LOG)
		logs_make(s, false);
	change_begin(vm);
	publish(vm, as_id, i, s, true);
	mmu_slots_changed(&vm->mmu);
	change_end(vm);
}

void world_slot_del(struct env_vm *vm, int as_id, int i)
{
	struct mmu_slot s = vm->slot[as_id][i]->s;

	change_begin(vm);
	mmu_invalidate_begin(&vm->mmu, s.base_gfn, s.base_gfn + s.npages);
	mmu_zap(&vm->mmu, as_id, s.base_gfn, s.base_gfn + s.npages, true);
	map_check_gone(vm, as_id, s.base_gfn, s.base_gfn + s.npages);
	publish(vm, as_id, i, NULL, true);
	mmu_invalidate_end(&vm->mmu);
	change_end(vm);
}

void world_slot_move(struct env_vm *vm, int as_id, int i, gfn_t base)
{
	struct env_slot *old = vm->slot[as_id][i];
	struct env_slot *s = calloc(1, sizeof(*s));
	gfn_t start = old->s.base_gfn, end = start + old->s.npages;

	*s = *old;
	s->s.base_gfn = base;
	if (s->dirty)
		logs_make(s, false);
	change_begin(vm);
	mmu_invalidate_begin(&vm->mmu, start, end);
	mmu_zap(&vm->mmu, as_id, start, end, true);
	map_check_gone(vm, as_id, start, end);
	publish(vm, as_id, i, s, true);
	mmu_invalidate_end(&vm->mmu);
	mmu_slots_changed(&vm->mmu);
	change_end(vm);
}

void world_log_on(struct env_vm *vm, int as_id, int i, bool all)
{
	struct env_slot *s = calloc(1, sizeof(*s));

	*s = *vm->slot[as_id][i];
	s->s.flags |= MMU_SLOT_DIRTY_LOG;
	logs_make(s, all);
	change_begin(vm);
	publish(vm, as_id, i, s, false);
	if (!all)
		mmu_wrprot_slot(&vm->mmu, &s->s);
	change_end(vm);
}

void world_log_off(struct env_vm *vm, int as_id, int i, bool recover)
{
	struct env_slot *s = calloc(1, sizeof(*s));

	*s = *vm->slot[as_id][i];
	s->s.flags &= ~MMU_SLOT_DIRTY_LOG;
	s->dirty = NULL;
	s->written = NULL;
	change_begin(vm);
	publish(vm, as_id, i, s, true);
	if (recover)
		mmu_recover_slot(&vm->mmu, &s->s);
	change_end(vm);
}

/*
 * Move a word's bits out of a map; the writes seen must be among them.  While
 * a fault is in progress its leaf may be in use and not yet in the log: such a
 * write has to be found by a later collection, or by world_check().
 */
static unsigned long word_take(struct env_slot *s, u64 w, unsigned long mask)
{
	bool settled = !__atomic_load_n(&s->vm->faults, __ATOMIC_SEQ_CST);
	unsigned long seen, bits;

	seen = __atomic_fetch_and(&s->written[w], ~mask, __ATOMIC_SEQ_CST);
	bits = __atomic_fetch_and(&s->dirty[w], ~mask, __ATOMIC_SEQ_CST);
	if (!settled)
		__atomic_fetch_or(&s->written[w], seen & mask & ~bits,
				  __ATOMIC_SEQ_CST);
	else if (seen & mask & ~bits)
		shim_die("writes that the log lacks: slot at %llx, word %llu: %lx",
			 s->s.base_gfn, w, seen & mask & ~bits);
	return bits & mask;
}

u64 world_log_take(struct env_slot *s, u64 first, u64 n,
		   const unsigned long *mask)
{
	struct env_vm *vm = s->vm;
	unsigned long *bits;
	u64 count = 0, words;

	if (!s->dirty || first >= s->s.npages)
		return 0;
	env_srcu_lock(vm);
	n = min(n, s->s.npages - first);
	words = BITS_TO_LONGS(n);
	bits = calloc(words, 8);
	change_begin(vm);
	map_barrier(vm);
	for (u64 w = 0; w < words; w++) {
		unsigned long m = mask ? mask[w] : ~0ul;

		if (w == words - 1 && n % 64)
			m &= ~0ul >> (64 - n % 64);
		bits[w] = word_take(s, first / 64 + w, m);
		count += hweight64(bits[w]);
	}
	if (count)
		mmu_wrprot_bitmap(&vm->mmu, &s->s, first, bits, n);
	/* Unless others ran meanwhile: they may have let new writes in. */
	if (shim_nested || !vm->crowded)
		map_check_protected(vm, &s->s, first, bits, n);
	change_end(vm);
	free(bits);
	env_srcu_unlock(vm);
	return count;
}

/* ------------------------------------------------------------------------ */
/* The host's notifier, for each slot that shows the pages. */

static bool slot_range(const struct env_slot *s, u64 start, u64 end,
		       gfn_t *from, gfn_t *to)
{
	u64 first, last;

	if (!s)
		return false;
	first = env_host_page(&s->s, s->s.base_gfn);
	last = first + s->s.npages;
	if (end <= first || start >= last)
		return false;
	*from = s->s.base_gfn + (max(start, first) - first);
	*to = s->s.base_gfn + (min(end, last) - first);
	return true;
}

bool env_no_notify;
bool env_trace;

static __thread bool mm_is_mine;

bool world_mm_lock(struct env_vm *vm)
{
	if (env_no_notify || mm_is_mine)
		return false;
	pthread_mutex_lock(&vm->mm);
	mm_is_mine = true;
	return true;
}

void world_mm_unlock(struct env_vm *vm)
{
	mm_is_mine = false;
	pthread_mutex_unlock(&vm->mm);
}

void world_notify_begin(struct env_vm *vm, u64 start, u64 end, bool may_yield)
{
	gfn_t from, to;

	env_srcu_lock(vm);
	change_begin(vm);
	for (int i = 0; i < 2 * ENV_SLOTS; i++) {
		int as = i / ENV_SLOTS;

		if (!slot_range(vm->slot[as][i % ENV_SLOTS], start, end, &from, &to))
			continue;
		mmu_invalidate_begin(&vm->mmu, from, to);
		mmu_zap(&vm->mmu, as, from, to, may_yield);
		map_check_gone(vm, as, from, to);
	}
}

void world_notify_end(struct env_vm *vm, u64 start, u64 end)
{
	gfn_t from, to;

	for (int i = 0; i < 2 * ENV_SLOTS; i++)
		if (slot_range(vm->slot[i / ENV_SLOTS][i % ENV_SLOTS], start,
			       end, &from, &to))
			mmu_invalidate_end(&vm->mmu);
	change_end(vm);
	env_srcu_unlock(vm);
}

void world_host_fill(struct env_vm *vm, u64 at, int small)
{
	const u32 flags = HOST_MAPPED | HOST_VMA_W | HOST_PRESENT | HOST_WRITE;

	for (int i = 0; i < small; i++)
		host_make(&vm->host, at + i, 1, flags);
	for (int i = 0; i < 4; i++)
		host_make(&vm->host, at + 2048 + i * 512, 2, flags);
}

bool world_change_begin(struct env_vm *vm, u64 start, u64 end, bool may_yield)
{
	if (!world_mm_lock(vm))
		return false;
	world_notify_begin(vm, start, end, may_yield);
	return true;
}

void world_change_end(struct env_vm *vm, u64 start, u64 end)
{
	world_notify_end(vm, start, end);
	world_mm_unlock(vm);
}

static void vcpus_kick(struct env_vm *vm)
{
	for (int i = 0; i < ENV_VCPUS; i++) {
		struct env_vcpu *v = vm->vcpu[i];

		if (!v)
			continue;
		pthread_mutex_lock(&v->tlb_lock);
		__atomic_store_n(&v->out, true, __ATOMIC_RELEASE);
		pthread_mutex_unlock(&v->tlb_lock);
	}
}

void world_zap_all(struct env_vm *vm, void (*before_kick)(struct env_vm *vm))
{
	mmu_zap_all(&vm->mmu);
	if (before_kick)
		before_kick(vm);
	vcpus_kick(vm);
}

void world_nx_set(struct env_vm *vm, bool on)
{
	change_begin(vm);
	mmu_nx_huge_set(&vm->mmu, on);
	vcpus_kick(vm);
	__atomic_store_n(&vm->nx, on, __ATOMIC_RELEASE);
	change_end(vm);
}

int world_type_of(const struct env_vm *vm, gfn_t gfn, u64 n)
{
	const struct env_types *t = &vm->types;
	int i = 0;

	while (i < ENV_TYPES - 1 && gfn >= t->edge[i])
		i++;
	return i < ENV_TYPES - 1 && gfn + n > t->edge[i] ? -1 : t->type[i];
}

void world_types_set(struct env_vm *vm, bool on, const struct env_types *types)
{
	change_begin(vm);
	vm->types = *types;
	if (on && vm->mmu.typed)
		mmu_memtypes_changed(&vm->mmu);
	else
		mmu_memtypes_set(&vm->mmu, on);
	vcpus_kick(vm);
	__atomic_store_n(&vm->typed, on, __ATOMIC_RELEASE);
	change_end(vm);
}
