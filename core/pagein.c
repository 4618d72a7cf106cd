// SPDX-License-Identifier: GPL-2.0-only
/* Told in pagein.h. */
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/refcount.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "core/pagein.h"
#include "core/run_state.h"
#include "core/trace.h"

/**
 * struct pagein_item - a page
 * @work: brings it in
 * @gfn: its frame, for the trace
 * @hva: its address
 * @token: the caller's; own thread
 * @nr: (c) its number in the queue
 * @write: it has to be writable
 */
struct pagein_item {
	struct work_struct work;
	gfn_t gfn;
	hva_t hva;
	u32 token;
	u8 nr;
	bool write;
};

/**
 * struct pagein - a queue
 * @users: the vCPU, and each work
 * @lock: @vcpu stays as long as it is held
 * @vcpu: who is told; NULL when nobody is
 * @req: (c) how
 * @mm: (c) userspace's memory
 * @used: items by number; own thread
 * @done: those of them that are there
 * @item: the pages
 */
struct pagein {
	refcount_t users;
	spinlock_t lock;
	struct kvm_vcpu *vcpu;
	unsigned int req;
	struct mm_struct *mm;
	unsigned long used;
	unsigned long done;
	struct pagein_item item[PAGEIN_MAX];
};

static struct workqueue_struct *pagein_wq;
static struct module *pagein_owner;
/* Works of all VMs, those of VMs that are gone among them. */
static atomic_t pagein_works;

void pagein_set_owner(struct module *owner)
{
	pagein_owner = owner;
}

/*
 * Works sleep for long, and none may wait for the end of another, which may never come:
 * there are no more of them than may run.  That limit is one of each CPU; an unbound
 * workqueue's is shared out to the nodes, and a node may have few.
 */
int module_step_pagein_up(void *unused)
{
	static_assert(PAGEIN_WORKS_MAX <= WQ_MAX_ACTIVE);

	pagein_wq = alloc_workqueue("kvm-pagein", WQ_CPU_INTENSIVE, PAGEIN_WORKS_MAX);
	return pagein_wq ? 0 : -ENOMEM;
}

void module_step_pagein_down(void *unused)
{
	destroy_workqueue(pagein_wq);
}

static void pagein_put(struct pagein *p)
{
	if (!refcount_dec_and_test(&p->users))
		return;
	mmdrop(p->mm);
	kfree(p);
}

/* A process that is gone needs its pages no more. */
static void pagein_fault(struct mm_struct *mm, const struct pagein_item *item)
{
	bool unlocked = false;

	if (!mmget_not_zero(mm))
		return;
	mmap_read_lock(mm);
	fixup_user_fault(mm, item->hva, item->write ? FAULT_FLAG_WRITE : 0,
			 &unlocked);
	mmap_read_unlock(mm);
	mmput(mm);
}

static void pagein_work(struct work_struct *work)
{
	struct pagein_item *item = container_of(work, struct pagein_item, work);
	struct pagein *p = container_of(item - item->nr, struct pagein, item[0]);

	pagein_fault(p->mm, item);
	trace_kvm_async_pf_completed(item->hva, item->gfn << MMU_PAGE_SHIFT);
	spin_lock(&p->lock);
	if (p->vcpu) {
		/* Its own thread may use the item anew at once. */
		set_bit(item->nr, &p->done);
		request_one(p->vcpu, p->req);
	}
	spin_unlock(&p->lock);
	atomic_dec(&pagein_works);
	pagein_put(p);
	/* This code stays: module_step_pagein_down() waits for it. */
	module_put(pagein_owner);
}

struct pagein *pagein_make(struct kvm_vcpu *vcpu, unsigned int req)
{
	struct pagein *p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	int i;

	if (!p)
		return NULL;
	refcount_set(&p->users, 1);
	spin_lock_init(&p->lock);
	p->vcpu = vcpu;
	p->req = req;
	p->mm = vcpu->kvm->mm;
	mmgrab(p->mm);
	for (i = 0; i < PAGEIN_MAX; i++)
		p->item[i].nr = i;
	return p;
}

void pagein_drop(struct pagein *p)
{
	if (!p)
		return;
	spin_lock(&p->lock);
	p->vcpu = NULL;
	spin_unlock(&p->lock);
	pagein_put(p);
}

/* Who has much gets no more while there is little left for who has nothing. */
static bool works_are_short(const struct pagein *p)
{
	int left = PAGEIN_WORKS_MAX - atomic_read(&pagein_works);

	return left <= PAGEIN_LEFT * (int)hweight_long(p->used);
}

bool pagein_is_full(const struct pagein *p)
{
	return p->used == GENMASK(PAGEIN_MAX - 1, 0) || works_are_short(p);
}

static hva_t pagein_hva(const struct mmu_slot *slot, gfn_t gfn)
{
	return slot->hva + ((gfn - slot->base_gfn) << MMU_PAGE_SHIFT);
}

bool pagein_has(const struct pagein *p, const struct mmu_slot *slot, gfn_t gfn)
{
	int i;

	for_each_set_bit(i, &p->used, PAGEIN_MAX)
		if (p->item[i].hva == pagein_hva(slot, gfn))
			return true;
	return false;
}

int pagein_start(struct pagein *p, const struct mmu_slot *slot, gfn_t gfn,
		 bool write)
{
	struct pagein_item *item = &p->item[ffz(p->used)];

	if (!atomic_add_unless(&pagein_works, 1, PAGEIN_WORKS_MAX))
		return -1;
	p->used |= BIT(item->nr);
	item->gfn = gfn;
	item->hva = pagein_hva(slot, gfn);
	item->write = write;
	item->token = 0;
	INIT_WORK(&item->work, pagein_work);
	refcount_inc(&p->users);
	/* Whoever calls holds a descriptor, which keeps it loaded until now. */
	__module_get(pagein_owner);
	queue_work(pagein_wq, &item->work);
	return item->nr;
}

void pagein_set_token(struct pagein *p, int i, u32 token)
{
	p->item[i].token = token;
}

bool pagein_forget(struct pagein *p)
{
	bool any = false;
	int i;

	for_each_set_bit(i, &p->used, PAGEIN_MAX) {
		any |= p->item[i].token;
		p->item[i].token = 0;
	}
	return any;
}

int pagein_done(const struct pagein *p, int from)
{
	unsigned long done = READ_ONCE(p->done);
	int i = find_next_bit(&done, PAGEIN_MAX, from);

	return i < PAGEIN_MAX ? i : -1;
}

u32 pagein_token(const struct pagein *p, int i)
{
	return p->item[i].token;
}

void pagein_take(struct pagein *p, int i)
{
	/* The work's own use of the item ended with its bit. */
	clear_bit(i, &p->done);
	p->used &= ~BIT(i);
}
