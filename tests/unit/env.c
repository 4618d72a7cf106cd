// SPDX-License-Identifier: GPL-2.0-only
/* The test's answers to mmu/mmu_env.h. */
#include <errno.h>

#include <linux/kernel.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <asm/io.h>

#include "tests/unit/env.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)		memset(p, 0xdb, n)
#define ASAN_UNPOISON_MEMORY_REGION(p, n)	((void)0)
#endif

#define TABLES	(SHIM_ARENA_SIZE / MMU_PAGE_SIZE)

void (*env_gap_hook)(void);
long env_tables;

/* ------------------------------------------------------------------------ */
/* Table pages: freed ones are reused as late as possible, poisoned till then. */

static struct table {
	struct rcu_head rcu;
	struct table *next;
	void *owner;
	int live;
} tables[TABLES];

/* Pages that were never used, then freed ones, oldest first. */
static struct pool {
	unsigned int unused;
	unsigned int end;
	struct table *oldest;
	struct table *newest;
} pools[2] = {
	{ .unused = 1, .end = SHIM_LOW / MMU_PAGE_SIZE },	/* page 0 never */
	{ .unused = SHIM_LOW / MMU_PAGE_SIZE, .end = TABLES },	/* below 4 GiB */
};

static pthread_mutex_t tables_lock = PTHREAD_MUTEX_INITIALIZER;

static void *table_page(struct table *t)
{
	return shim_arena() + (t - tables) * MMU_PAGE_SIZE;
}

static struct table *table_of(const void *page)
{
	return &tables[((const char *)page - shim_arena()) / MMU_PAGE_SIZE];
}

bool env_table_is_live(hpa_t pa)
{
	u64 i = shim_arena_offset(pa) / MMU_PAGE_SIZE;

	return i < TABLES && __atomic_load_n(&tables[i].live, __ATOMIC_ACQUIRE);
}

static void *table_alloc(struct pool *pool)
{
	struct table *t;

	if (shim_alloc_fails())
		return NULL;
	pthread_mutex_lock(&tables_lock);
	if (pool->unused < pool->end) {
		t = &tables[pool->unused++];
	} else {
		t = pool->oldest;
		BUG_ON(!t);
		pool->oldest = t->next;
	}
	env_tables++;
	pthread_mutex_unlock(&tables_lock);
	ASAN_UNPOISON_MEMORY_REGION(table_page(t), MMU_PAGE_SIZE);
	memset(table_page(t), 0, MMU_PAGE_SIZE);
	__atomic_store_n(&t->live, 1, __ATOMIC_RELEASE);
	return table_page(t);
}

void *mmu_env_table_alloc(bool wait)
{
	if (wait)
		might_sleep();
	return table_alloc(&pools[0]);
}

void *mmu_env_table_alloc_low(void)
{
	might_sleep();
	return table_alloc(&pools[1]);
}

void mmu_env_table_own(void *table, void *owner)
{
	BUG_ON(!table_of(table)->live);
	table_of(table)->owner = owner;
}

void *mmu_env_table_owner(const u64 *sptep)
{
	struct table *t = table_of(sptep);

	if (!__atomic_load_n(&t->live, __ATOMIC_ACQUIRE) || !t->owner)
		shim_die("whose table is this?");
	return t->owner;
}

static void pool_give(struct pool *pool, struct table *t)
{
	t->next = NULL;
	if (pool->oldest)
		pool->newest->next = t;
	else
		pool->oldest = t;
	pool->newest = t;
}

void mmu_env_table_free(void *page)
{
	struct table *t = table_of(page);

	if (!__atomic_exchange_n(&t->live, 0, __ATOMIC_ACQ_REL))
		shim_die("table freed twice, or never allocated");
	if (t->owner)
		shim_die("table freed that belongs to something");
	if (map_table_in_use(virt_to_phys(page)))
		shim_die("table freed while a vCPU may still walk it");
	ASAN_POISON_MEMORY_REGION(page, MMU_PAGE_SIZE);
	pthread_mutex_lock(&tables_lock);
	env_tables--;
	pool_give(&pools[t >= &tables[pools[0].end]], t);
	pthread_mutex_unlock(&tables_lock);
}

static void table_free_cb(struct rcu_head *head)
{
	mmu_env_table_free(table_page(container_of(head, struct table, rcu)));
}

void mmu_env_table_free_rcu(void *page)
{
	struct table *t = table_of(page);

	if (!__atomic_load_n(&t->live, __ATOMIC_ACQUIRE))
		shim_die("dead table freed");
	call_rcu(&t->rcu, table_free_cb);
}

/* ------------------------------------------------------------------------ */
/* Slots. */

static __thread int srcu_depth;

void env_srcu_lock(struct env_vm *vm)
{
	if (!srcu_depth++)
		pthread_rwlock_rdlock(&vm->srcu.rw);
}

void env_srcu_unlock(struct env_vm *vm)
{
	BUG_ON(srcu_depth < 1);
	if (!--srcu_depth)
		pthread_rwlock_unlock(&vm->srcu.rw);
}

struct env_slot *env_slot_find(struct env_vm *vm, int as_id, gfn_t gfn)
{
	for (int i = 0; i < ENV_SLOTS; i++) {
		struct env_slot *s = vm->slot[as_id][i];

		if (s && gfn - s->s.base_gfn < s->s.npages)
			return s;
	}
	return NULL;
}

const struct mmu_slot *mmu_env_slot(struct mmu_vcpu *vcpu, gfn_t gfn)
{
	struct env_vcpu *v = container_of(vcpu, struct env_vcpu, v);
	struct env_slot *s;

	BUG_ON(!srcu_depth);
	s = env_slot_find(v->vm, vcpu->as_id, gfn);
	return s ? &s->s : NULL;
}

const struct mmu_slot *mmu_env_slot_after(struct mmu *mmu, int as_id, gfn_t gfn)
{
	struct env_vm *vm = container_of(mmu, struct env_vm, mmu);
	const struct mmu_slot *first = NULL;

	BUG_ON(!srcu_depth);
	for (int i = 0; i < ENV_SLOTS; i++) {
		struct env_slot *s = vm->slot[as_id][i];

		if (s && s->s.base_gfn + s->s.npages > gfn &&
		    (!first || s->s.base_gfn < first->base_gfn))
			first = &s->s;
	}
	return first;
}

static struct env_slot *slot_of(const struct mmu_slot *slot)
{
	return container_of((struct mmu_slot *)slot, struct env_slot, s);
}

void mmu_env_mark_dirty(struct mmu_vcpu *vcpu, const struct mmu_slot *slot,
			gfn_t gfn)
{
	struct env_slot *s = slot_of(slot);

	BUG_ON(!rcu_read_lock_held() && !lockdep_is_held(&vcpu->mmu->lock));
	BUG_ON(&s->vm->mmu != vcpu->mmu);
	BUG_ON(!(slot->flags & MMU_SLOT_DIRTY_LOG));
	BUG_ON(gfn - slot->base_gfn >= slot->npages);
	set_bit(gfn - slot->base_gfn, s->dirty);
}

/* ------------------------------------------------------------------------ */
/* Userspace's pages. */

static void gap(void)
{
	if (env_gap_hook)
		env_gap_hook();
}

/* What is done with the lock and without. */
static void lockless_gap(struct env_vm *vm)
{
	if (!lockdep_is_held(&vm->mmu.lock))
		gap();
}

/*
 * A write to a page that is not writable now.  Its only owner need not copy it;
 * otherwise the host copies, and calls its notifier from within the fault.
 */
static void page_copy(struct env_vm *vm, u64 page)
{
	struct host_page p;
	int level = host_look(&vm->host, page, &p);
	u64 start = page & LEVEL_MASK(level);

	if (!(p.flags & HOST_PRESENT) || !(p.flags & HOST_VMA_W) ||
	    (p.flags & HOST_WRITE))
		return;
	if (shim_random() % 2) {
		host_change(&vm->host, start, start + LEVEL_GFNS(level), 0,
			    HOST_WRITE);
		return;
	}
	world_notify_begin(vm, start, start + LEVEL_GFNS(level), true);
	host_migrate(&vm->host, page, page + 1);
	host_change(&vm->host, page, page + 1, 0, HOST_WRITE);
	world_notify_end(vm, start, start + LEVEL_GFNS(level));
}

int env_page_get(struct env_vm *vm, u64 page, bool write, struct host_page *p)
{
	for (;;) {
		host_look(&vm->host, page, p);
		if (!(p->flags & HOST_MAPPED))
			return -EFAULT;
		if (write && !(p->flags & HOST_VMA_W))
			return -EFAULT;
		if (p->flags & HOST_POISON)
			return -EHWPOISON;
		if (!(p->flags & HOST_PRESENT)) {
			host_fill(&vm->host, page, write, shim_random() % 2);
			continue;
		}
		if (!write || (p->flags & HOST_WRITE))
			return 0;
		if (!world_mm_lock(vm))
			return -EINTR;
		page_copy(vm, page);
		world_mm_unlock(vm);
	}
}

static void page_out(struct env_vm *vm, const struct host_page *p,
		     struct mmu_pfn *out)
{
	out->pfn = p->pfn;
	out->writable = p->flags & HOST_WRITE;
	out->refcounted = !(p->flags & HOST_RAW);
	out->device = p->flags & HOST_RAW;
	if (out->refcounted)
		__atomic_add_fetch(&vm->refs, 1, __ATOMIC_RELAXED);
}

int mmu_env_pfn(const struct mmu_slot *slot, gfn_t gfn, bool write,
		struct mmu_pfn *out)
{
	struct env_vm *vm = slot_of(slot)->vm;
	struct host_page p;
	int r;

	might_sleep();
	BUG_ON(!srcu_depth);
	BUG_ON(gfn - slot->base_gfn >= slot->npages);
	gap();
	if (vm->eintr_odds && shim_random() % vm->eintr_odds == 0)
		r = -EINTR;
	else
		r = env_page_get(vm, env_host_page(slot, gfn), write, &p);
	if (r == -EINTR)
		__atomic_add_fetch(&vm->interrupted, 1, __ATOMIC_RELAXED);
	if (!r)
		page_out(vm, &p, out);
	gap();
	return r;
}

int mmu_env_pfn_nowait(const struct mmu_slot *slot, gfn_t gfn, bool write,
		       struct mmu_pfn *out)
{
	struct host_page p;

	host_look(&slot_of(slot)->vm->host, env_host_page(slot, gfn), &p);
	return (p.flags & HOST_MAPPED) && !(p.flags & HOST_PRESENT) ? -EBUSY :
		mmu_env_pfn(slot, gfn, write, out);
}

unsigned int mmu_env_pfn_present(const struct mmu_slot *slot, gfn_t gfn,
				 unsigned int n, bool write,
				 struct mmu_pfn *out)
{
	struct env_vm *vm = slot_of(slot)->vm;
	struct host_page p;
	unsigned int i;

	BUG_ON(!srcu_depth);
	BUG_ON(gfn - slot->base_gfn >= slot->npages ||
	       slot->npages - (gfn - slot->base_gfn) < n);
	lockless_gap(vm);
	for (i = 0; i < n; i++) {
		host_look(&vm->host, env_host_page(slot, gfn + i), &p);
		/* As the kernel's helper, which wants struct pages. */
		if (!(p.flags & HOST_PRESENT) || (p.flags & (HOST_POISON | HOST_RAW)) ||
		    (write && !(p.flags & HOST_WRITE)))
			break;
		page_out(vm, &p, &out[i]);
	}
	lockless_gap(vm);
	return i;
}

/* A page knows its VM here by the one that runs. */
static struct env_vm *the_vm;

void mmu_env_pfn_put(const struct mmu_pfn *p, bool dirty)
{
	if (!p->refcounted)
		return;
	if (__atomic_sub_fetch(&the_vm->refs, 1, __ATOMIC_RELAXED) < 0)
		shim_die("page put back twice");
	if (dirty)
		host_pfn_set_dirty(&the_vm->host, p->pfn, true);
}

void env_vm_set(struct env_vm *vm)
{
	the_vm = vm;
}

int mmu_env_host_level(const struct mmu_slot *slot, gfn_t gfn)
{
	struct env_vm *vm = slot_of(slot)->vm;
	struct host_page p;
	int level;

	BUG_ON(lockdep_is_held(&vm->mmu.lock));
	level = host_look(&vm->host, env_host_page(slot, gfn), &p);
	gap();
	return level;
}

int mmu_env_memtype(struct mmu_vcpu *vcpu, gfn_t gfn, u64 n)
{
	BUG_ON(lockdep_is_held(&vcpu->mmu->lock) || gfn & (n - 1));
	gap();
	return world_type_of(container_of(vcpu, struct env_vcpu, v)->vm, gfn, n);
}

bool mmu_env_is_apart(struct mmu *mmu, gfn_t gfn, u64 n)
{
	gfn_t apart = container_of(mmu, struct env_vm, mmu)->apart;

	BUG_ON(lockdep_is_held(&mmu->lock) || gfn & (n - 1));
	gap();
	return apart >= gfn && apart < gfn + n;
}

void mmu_env_nx_split(struct mmu *mmu)
{
	BUG_ON(!lockdep_is_held(&mmu->lock));
	__atomic_add_fetch(&container_of(mmu, struct env_vm, mmu)->nx_splits, 1,
			   __ATOMIC_RELAXED);
}

void (*env_flush_hook)(struct env_vm *vm);

void mmu_env_flush(struct mmu *mmu, gfn_t start, u64 n)
{
	struct env_vm *vm = container_of(mmu, struct env_vm, mmu);

	BUG_ON(!n);
	__atomic_add_fetch(&vm->flushes, 1, __ATOMIC_RELAXED);
	if (env_flush_hook)
		env_flush_hook(vm);
	if (!map_flush(vm, start, n))
		__atomic_add_fetch(&vm->needless, 1, __ATOMIC_RELAXED);
}

void mmu_env_flush_others(struct mmu_vcpu *vcpu)
{
	struct env_vcpu *own = container_of(vcpu, struct env_vcpu, v);

	__atomic_add_fetch(&own->vm->flushes, 1, __ATOMIC_RELAXED);
	if (!map_flush_others(own))
		__atomic_add_fetch(&own->vm->needless, 1, __ATOMIC_RELAXED);
}

bool map_table_in_use(hpa_t pa)
{
	return the_vm && map_vm_uses_table(the_vm, pa);
}
