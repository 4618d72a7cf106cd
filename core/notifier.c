// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host MMU notifier to guest frames.
 *
 * No stale page gets in: from the start of an invalidation to its end no fault
 * may install a page of the range, whatever happens to the slots meanwhile.
 *
 * - The start first counts itself in every VM of the process, with an empty
 *   range (from ~0 to 0, which adds nothing to a union); the end uncounts it.
 *   While a VM's count is not 0 the union of its ranges only grows.
 * - Then the start reads the slots and adds the frames that it finds, zapping
 *   them, by a pair of begin and end of its own for each.
 * - A slot that appears is published between the begin and the end of its
 *   frames (core/memslot.c).
 *
 * So for a slot that appears while an invalidation of its memory runs: either
 * the count came before the slot's end, and its frames belong to the union
 * until the invalidation is over; or it came after, and the start, which reads
 * slots after counting, sees the slot.  mmu->lock, taken by begin and end,
 * orders the two.
 *
 * A VM that joins between a start and its end is given the counts that are to
 * be taken away from it: mm_notifier.active of them.  It has no slots yet.
 *
 * Walks may sleep in the middle of a VM, so they pin it rather than hold the
 * list's lock; a VM leaves the list when it is not pinned.  Walks that begin
 * from when it is about to leave pass it by, or a process whose threads walk
 * one after the other could keep whoever closes the VM waiting for ever.  They
 * miss nothing: no vCPU runs any more, and tables are freed without a look at
 * the frames that they map.
 */
#include <linux/err.h>
#include <linux/mmu_notifier.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "core/arch.h"
#include "core/memslot.h"
#include "core/notifier.h"
#include "core/trace.h"

/**
 * struct mm_notifier - one per process
 * @mn: registration
 * @lock: protects @vms, @active, and pins and notifier_leaves of the VMs in @vms
 * @wait: who waits for a VM's pins to go
 * @vms: VMs of the process
 * @active: invalidations between start and end
 */
struct mm_notifier {
	struct mmu_notifier mn;
	spinlock_t lock;
	wait_queue_head_t wait;
	struct list_head vms;
	unsigned int active;
};

static struct mm_notifier *to_mm_notifier(struct mmu_notifier *mn)
{
	return container_of(mn, struct mm_notifier, mn);
}

/* ------------------------------------------------------------------------ */
/* One visitor for each frame range that a range of userspace addresses holds. */

struct hva_walk {
	hva_t start;
	hva_t end;
	bool may_yield;
	bool (*visit)(struct mmu *mmu, int as_id, gfn_t start, gfn_t end,
		      bool may_yield);
};

static bool hva_walk_slot(struct kvm *kvm, const struct mmu_slot *m,
			  const struct hva_walk *w)
{
	hva_t start = max(w->start, m->hva);
	hva_t end = min_t(hva_t, w->end, m->hva + (m->npages << MMU_PAGE_SHIFT));

	if (start >= end)
		return false;
	return w->visit(&kvm->mmu, m->as_id,
			m->base_gfn + ((start - m->hva) >> MMU_PAGE_SHIFT),
			m->base_gfn + ((end - m->hva + MMU_PAGE_SIZE - 1) >>
				       MMU_PAGE_SHIFT),
			w->may_yield);
}

static bool hva_walk_vm(struct kvm *kvm, const struct hva_walk *w)
{
	struct slots *slots;
	bool ret = false;
	unsigned int i;
	int as_id, idx;

	idx = srcu_read_lock(&kvm->srcu);
	for (as_id = 0; as_id < AS_COUNT; as_id++) {
		slots = slots_get(kvm, as_id);
		for (i = 0; i < slots->n; i++)
			ret |= hva_walk_slot(kvm, &slots->slot[i]->mmu, w);
	}
	srcu_read_unlock(&kvm->srcu, idx);
	return ret;
}

static bool hva_walk(struct mmu_notifier *mn, const struct hva_walk *w)
{
	struct mm_notifier *n = to_mm_notifier(mn);
	bool ret = false;
	struct kvm *kvm;

	spin_lock(&n->lock);
	list_for_each_entry(kvm, &n->vms, notifier_link) {
		if (kvm->notifier_leaves)
			continue;
		kvm->notifier_pins++;
		spin_unlock(&n->lock);
		ret |= hva_walk_vm(kvm, w);
		spin_lock(&n->lock);
		if (!--kvm->notifier_pins)
			wake_up(&n->wait);
	}
	spin_unlock(&n->lock);
	return ret;
}

/* n->lock held and dropped while sleeping. */
static void notifier_wait_locked(struct mm_notifier *n, struct kvm *kvm)
{
	wait_event_cmd(n->wait, !kvm->notifier_pins,
		       spin_unlock(&n->lock), spin_lock(&n->lock));
}

void notifier_wait(struct kvm *kvm)
{
	struct mm_notifier *n = kvm->notifier;

	/* Who pins the VM after this lock sees what was published before. */
	spin_lock(&n->lock);
	notifier_wait_locked(n, kvm);
	spin_unlock(&n->lock);
}

/* ------------------------------------------------------------------------ */
/* Notifier operations. */

static bool visit_zap(struct mmu *mmu, int as_id, gfn_t start, gfn_t end,
		      bool may_yield)
{
	mmu_invalidate_begin(mmu, start, end);
	arch_frames_change(container_of(mmu, struct kvm, mmu), start, end);
	mmu_zap(mmu, as_id, start, end, may_yield);
	mmu_invalidate_end(mmu);
	return false;
}

static bool visit_age(struct mmu *mmu, int as_id, gfn_t start, gfn_t end,
		      bool may_yield)
{
	return mmu_age(mmu, as_id, start, end);
}

static bool visit_young(struct mmu *mmu, int as_id, gfn_t start, gfn_t end,
			bool may_yield)
{
	return mmu_is_young(mmu, as_id, start, end);
}

static int notifier_start(struct mmu_notifier *mn,
			  const struct mmu_notifier_range *range)
{
	struct hva_walk walk = {
		.start = range->start,
		.end = range->end,
		.may_yield = mmu_notifier_range_blockable(range),
		.visit = visit_zap,
	};
	struct mm_notifier *n = to_mm_notifier(mn);
	struct kvm *kvm;

	trace_kvm_unmap_hva_range(range->start, range->end);
	spin_lock(&n->lock);
	n->active++;
	list_for_each_entry(kvm, &n->vms, notifier_link)
		mmu_invalidate_begin(&kvm->mmu, ~0ull, 0);
	spin_unlock(&n->lock);

	hva_walk(mn, &walk);
	return 0;
}

static void notifier_end(struct mmu_notifier *mn,
			 const struct mmu_notifier_range *range)
{
	struct mm_notifier *n = to_mm_notifier(mn);
	struct kvm *kvm;

	spin_lock(&n->lock);
	n->active--;
	list_for_each_entry(kvm, &n->vms, notifier_link)
		mmu_invalidate_end(&kvm->mmu);
	spin_unlock(&n->lock);
}

/* Called under a page table's spinlock, like the other two about age. */
static int notifier_clear_young(struct mmu_notifier *mn, struct mm_struct *mm,
				unsigned long start, unsigned long end)
{
	struct hva_walk walk = {
		.start = start,
		.end = end,
		.visit = visit_age,
	};

	trace_kvm_age_hva(start, end);
	return hva_walk(mn, &walk);
}

static int notifier_test_young(struct mmu_notifier *mn, struct mm_struct *mm,
			       unsigned long address)
{
	struct hva_walk walk = {
		.start = address,
		.end = address + MMU_PAGE_SIZE,
		.visit = visit_young,
	};

	trace_kvm_test_age_hva(address);
	return hva_walk(mn, &walk);
}

/* Userspace is gone: its VMs never run again, whoever has their descriptors. */
static void notifier_release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	struct hva_walk walk = {
		.end = ~0ul,
		.may_yield = true,
		.visit = visit_zap,
	};

	hva_walk(mn, &walk);
}

static struct mmu_notifier *notifier_alloc(struct mm_struct *mm)
{
	struct mm_notifier *n = kzalloc(sizeof(*n), GFP_KERNEL_ACCOUNT);

	if (!n)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&n->lock);
	init_waitqueue_head(&n->wait);
	INIT_LIST_HEAD(&n->vms);
	return &n->mn;
}

static void notifier_free(struct mmu_notifier *mn)
{
	kfree(to_mm_notifier(mn));
}

/*
 * No change_pte: whoever changes an entry in place does so between a start and
 * an end, which is enough.
 */
static const struct mmu_notifier_ops notifier_ops = {
	.release = notifier_release,
	.clear_flush_young = notifier_clear_young,
	.clear_young = notifier_clear_young,
	.test_young = notifier_test_young,
	.invalidate_range_start = notifier_start,
	.invalidate_range_end = notifier_end,
	.alloc_notifier = notifier_alloc,
	.free_notifier = notifier_free,
};

/* ------------------------------------------------------------------------ */
/* Steps. */

int vm_step_notifier_up(void *obj)
{
	struct kvm *kvm = obj;
	struct mmu_notifier *mn;
	struct mm_notifier *n;
	unsigned int i;

	mn = mmu_notifier_get(&notifier_ops, kvm->mm);
	if (IS_ERR(mn))
		return PTR_ERR(mn);
	n = to_mm_notifier(mn);
	kvm->notifier = n;

	spin_lock(&n->lock);
	for (i = 0; i < n->active; i++)
		mmu_invalidate_begin(&kvm->mmu, ~0ull, 0);
	list_add(&kvm->notifier_link, &n->vms);
	spin_unlock(&n->lock);
	return 0;
}

void vm_step_notifier_down(void *obj)
{
	struct kvm *kvm = obj;
	struct mm_notifier *n = kvm->notifier;

	spin_lock(&n->lock);
	kvm->notifier_leaves = true;
	notifier_wait_locked(n, kvm);
	list_del(&kvm->notifier_link);
	spin_unlock(&n->lock);
	/* Freed when the host's walks that may still be in it are over. */
	mmu_notifier_put(&n->mn);
}

void module_step_notifier_down(void *unused)
{
	mmu_notifier_synchronize();
}
