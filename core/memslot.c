// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memslots: validate, prepare, publish, retire.
 *
 * Three kinds of change:
 *
 * - A slot appears (created, or the new place of a moved one).  Its frames are
 *   under invalidation while it is published; see core/notifier.c for why.
 * - A slot disappears (deleted, or the old place of a moved one).  Its frames
 *   are under invalidation from before the zap until after the publication, so
 *   that a fault which saw the old slot either installed before the zap, or
 *   finds itself stale.
 * - Only flags change.  Faults with the old version need no stopping: before
 *   the MMU is told, the wait for SRCU readers has seen the last of them.
 *
 * Whoever is inside kvm->srcu must not take slots_lock: its holder waits for
 * SRCU readers.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "core/arch.h"
#include "core/dirty.h"
#include "core/memslot.h"
#include "core/notifier.h"
#include "core/run_state.h"

/* Bits of a dirty log call's u32 num_pages, and of a bitmap's int index. */
#define SLOT_PAGES_MAX	((1ul << 31) - 1)

/* Replaced sets that may wait for a grace period on the side. */
#define STALE_SETS_MAX	8

/* What every VM starts with; never freed. */
static struct slots slots_none = { .number = 1 };

static atomic64_t set_numbers = ATOMIC64_INIT(1);

/* Place of the first slot that does not lie below a frame. */
static unsigned int set_place(const struct slots *set, gfn_t gfn)
{
	unsigned int lo = 0, hi = set->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (set->slot[mid]->mmu.base_gfn < gfn)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

unsigned int slot_index(const struct slots *slots, gfn_t gfn)
{
	unsigned int i = set_place(slots, gfn + 1);

	return i && slot_holds(slots->slot[i - 1], gfn) ? i - 1 : slots->n;
}

struct slot *slot_after(const struct slots *slots, gfn_t gfn)
{
	unsigned int i = set_place(slots, gfn + 1);

	if (i && slot_holds(slots->slot[i - 1], gfn))
		i--;
	return i < slots->n ? slots->slot[i] : NULL;
}

struct slot *slot_by_id(const struct slots *slots, u16 id)
{
	unsigned int i;

	for (i = 0; i < slots->n; i++)
		if (slots->slot[i]->id == id)
			return slots->slot[i];
	return NULL;
}

/* ------------------------------------------------------------------------ */
/* Validate: everything that can be said without looking at other slots. */

static int slot_parse(const struct kvm_userspace_memory_region *r,
		      struct slot *want)
{
	const void __user *user = (const void __user *)r->userspace_addr;
	u64 npages = r->memory_size >> MMU_PAGE_SHIFT;
	gfn_t gfn = r->guest_phys_addr >> MMU_PAGE_SHIFT;
	u64 all = r->guest_phys_addr | r->memory_size | r->userspace_addr;

	if (r->slot >> 16 >= AS_COUNT || (u16)r->slot >= SLOTS_MAX)
		return -EINVAL;
	if (r->flags & ~(KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY))
		return -EINVAL;
	if (all & (MMU_PAGE_SIZE - 1))
		return -EINVAL;
	if (untagged_addr(r->userspace_addr) != r->userspace_addr ||
	    !access_ok(user, r->memory_size))
		return -EINVAL;
	if (npages > SLOT_PAGES_MAX ||
	    (npages && gfn + npages - 1 > mmu_max_gfn()))
		return -EINVAL;

	*want = (struct slot) {
		.mmu.base_gfn = gfn,
		.mmu.npages = npages,
		.mmu.hva = r->userspace_addr,
		.mmu.as_id = r->slot >> 16,
		.id = r->slot,
		.flags = r->flags,
	};
	if (r->flags & KVM_MEM_READONLY)
		want->mmu.flags |= MMU_SLOT_READONLY;
	if (r->flags & KVM_MEM_LOG_DIRTY_PAGES)
		want->mmu.flags |= MMU_SLOT_DIRTY_LOG;
	return 0;
}

static bool slots_overlap(const struct slots *slots, const struct slot *skip,
			  const struct slot *want)
{
	gfn_t start = want->mmu.base_gfn, end = start + want->mmu.npages;
	unsigned int place = set_place(slots, start), i;
	const struct slot *below;

	for (i = place; i < slots->n && slots->slot[i]->mmu.base_gfn < end; i++)
		if (slots->slot[i] != skip)
			return true;
	/* They do not overlap each other: the next one below decides. */
	for (i = place; i; i--) {
		below = slots->slot[i - 1];
		if (below != skip)
			return below->mmu.base_gfn + below->mmu.npages > start;
	}
	return false;
}

/* From the moment that a vCPU is being made: vcpu_step_slots_up() comes later. */
static bool slot_is_refused(struct kvm *kvm, const struct slot *want)
{
	return !xa_empty(&kvm->vcpus) && arch_slot_is_refused(kvm, want);
}

/* The rest: what depends on the slots that exist, and on vCPUs. */
static int slot_check(struct kvm *kvm, const struct slots *slots,
		      const struct slot *old, const struct slot *want)
{
	if (!want->mmu.npages)
		return old ? 0 : -EINVAL;
	if (old && (old->mmu.npages != want->mmu.npages ||
		    old->mmu.hva != want->mmu.hva ||
		    ((old->flags ^ want->flags) & KVM_MEM_READONLY)))
		return -EINVAL;
	return slots_overlap(slots, old, want) || slot_is_refused(kvm, want) ?
	       -EEXIST : 0;
}

/* ------------------------------------------------------------------------ */
/* Prepare: a new version of the slot, and of the set.                      */

/* Free a slot, with its bitmaps unless its other version has the same ones. */
static void slot_free(struct slot *slot, const struct slot *other)
{
	if (!slot)
		return;
	if (slot->dirty && !(other && other->dirty == slot->dirty))
		dirty_free(slot);
	kfree(slot);
}

static struct slot *slot_make(struct kvm *kvm, const struct slot *old,
			      const struct slot *want)
{
	bool all_set = kvm->dirty_manual & KVM_DIRTY_LOG_INITIALLY_SET;
	struct slot *new;

	new = kmalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return NULL;
	*new = *want;
	if (!(new->flags & KVM_MEM_LOG_DIRTY_PAGES) || !dirty_has_bitmaps(kvm))
		return new;
	if (old && old->dirty) {
		new->dirty = old->dirty;
		new->snapshot = old->snapshot;
	} else if (dirty_alloc(new, all_set)) {
		kfree(new);
		return NULL;
	}
	return new;
}

static void set_remove(struct slots *set, const struct slot *slot)
{
	unsigned int i = set_place(set, slot->mmu.base_gfn);

	set->n--;
	memmove(&set->slot[i], &set->slot[i + 1],
		(set->n - i) * sizeof(*set->slot));
	set->npages -= slot->mmu.npages;
}

static void set_insert(struct slots *set, struct slot *slot)
{
	unsigned int i = set_place(set, slot->mmu.base_gfn);

	memmove(&set->slot[i + 1], &set->slot[i],
		(set->n - i) * sizeof(*set->slot));
	set->slot[i] = slot;
	set->n++;
	set->npages += slot->mmu.npages;
}

/* A copy of a set without @old and with @new, either of which may be NULL. */
static struct slots *set_make(const struct slots *cur, const struct slot *old,
			      struct slot *new)
{
	struct slots *set;

	set = kvmalloc(struct_size(set, slot, cur->n + !!new),
		       GFP_KERNEL_ACCOUNT);
	if (!set)
		return NULL;
	*set = (struct slots){
		.n = cur->n,
		.npages = cur->npages,
		.number = atomic64_inc_return(&set_numbers),
	};
	memcpy(set->slot, cur->slot, cur->n * sizeof(*set->slot));
	if (old)
		set_remove(set, old);
	if (new)
		set_insert(set, new);
	return set;
}

/* ------------------------------------------------------------------------ */
/* Publish and retire: nothing here fails. */

/* Wait until no reader can still use what was replaced. */
static void slots_wait(struct kvm *kvm)
{
	/*
	 * The publication comes before this look at the vCPUs; pairs with the
	 * barrier in a vCPU's srcu_read_lock(): one that is published after
	 * the look finds the new set.  Without any, notifiers alone read.
	 */
	smp_mb();
	if (READ_ONCE(kvm->nr_vcpus))
		synchronize_srcu_expedited(&kvm->srcu);
	else
		notifier_wait(kvm);
}

static void stale_sets_free(struct kvm *kvm)
{
	struct slots *set;

	while ((set = kvm->stale_sets)) {
		kvm->stale_sets = set->stale;
		kvfree(set);
	}
}

/* A replaced set goes at once, or with the next wait for readers. */
static void set_retire(struct kvm *kvm, struct slots *set, bool wait)
{
	const struct slots *old;
	unsigned int n = 0;

	if (set != &slots_none) {
		set->stale = kvm->stale_sets;
		kvm->stale_sets = set;
	}
	for (old = kvm->stale_sets; old; old = old->stale)
		n++;
	if (wait || n > STALE_SETS_MAX || !READ_ONCE(kvm->nr_vcpus)) {
		slots_wait(kvm);
		stale_sets_free(kvm);
	}
}

static void slot_invalidate_begin(struct kvm *kvm, const struct mmu_slot *m)
{
	mmu_invalidate_begin(&kvm->mmu, m->base_gfn, m->base_gfn + m->npages);
	arch_frames_change(kvm, m->base_gfn, m->base_gfn + m->npages);
}

/* Create, delete, move. */
static void set_publish_moved(struct kvm *kvm, struct slots *set,
			      const struct slot *old, const struct slot *new)
{
	const struct mmu_slot *gone = old ? &old->mmu : NULL;
	int as_id = (old ? old : new)->mmu.as_id;

	if (gone) {
		slot_invalidate_begin(kvm, gone);
		mmu_zap(&kvm->mmu, as_id, gone->base_gfn,
			gone->base_gfn + gone->npages, true);
	}
	if (new)
		slot_invalidate_begin(kvm, &new->mmu);
	rcu_assign_pointer(kvm->slots[as_id], set);
	if (new)
		mmu_invalidate_end(&kvm->mmu);
	if (gone)
		mmu_invalidate_end(&kvm->mmu);
	if (new)
		mmu_slots_changed(&kvm->mmu);
}

/*
 * Dirty logging was turned on or off, and nobody uses the old version any
 * more: what it made writable is there to be seen by the walk.
 */
static void slot_log_switched(struct kvm *kvm, const struct slot *new)
{
	if (!(new->flags & KVM_MEM_LOG_DIRTY_PAGES))
		mmu_recover_slot(&kvm->mmu, &new->mmu);
	else if (!new->dirty ||
		 !(kvm->dirty_manual & KVM_DIRTY_LOG_INITIALLY_SET))
		mmu_wrprot_slot(&kvm->mmu, &new->mmu);
}

static bool set_logs(const struct slots *set)
{
	unsigned int i;

	for (i = 0; i < set->n; i++)
		if (set->slot[i]->flags & KVM_MEM_LOG_DIRTY_PAGES)
			return true;
	return false;
}

/*
 * Where the hardware tells of dirty bits that it sets, vCPUs turn that on before a slot
 * that logs loses the first one.
 */
static void logs_update(struct kvm *kvm)
{
	bool logs = set_logs(slots_get(kvm, 0)) || set_logs(slots_get(kvm, 1));

	if (!mmu_logs_late() || logs == kvm->mmu.logs)
		return;
	WRITE_ONCE(kvm->mmu.logs, logs);
	request_all(kvm, REQ_LOG);
}

static void pages_counted(struct kvm *kvm)
{
	u64 npages = 0;
	int i;

	for (i = 0; i < AS_COUNT; i++)
		npages += slots_get(kvm, i)->npages;
	mmu_page_limit_default(&kvm->mmu, npages);
}

static void slot_commit(struct kvm *kvm, struct slots *set, struct slot *old,
			struct slot *new)
{
	bool moved = !old || !new || old->mmu.base_gfn != new->mmu.base_gfn;
	int as_id = (old ? old : new)->mmu.as_id;
	struct slots *cur = slots_get(kvm, as_id);

	if (moved)
		set_publish_moved(kvm, set, old, new);
	else
		rcu_assign_pointer(kvm->slots[as_id], set);
	set_retire(kvm, cur, old != NULL);
	if (!old || !new)
		pages_counted(kvm);
	logs_update(kvm);
	if (!moved)
		slot_log_switched(kvm, new);
	slot_free(old, new);
}

static int slot_change(struct kvm *kvm, const struct slot *want)
{
	struct slots *cur = slots_get(kvm, want->mmu.as_id), *set;
	struct slot *old = slot_by_id(cur, want->id), *new = NULL;
	int err;

	err = slot_check(kvm, cur, old, want);
	if (err)
		return err;
	if (old && old->mmu.npages == want->mmu.npages &&
	    old->mmu.base_gfn == want->mmu.base_gfn &&
	    old->flags == want->flags)
		return 0;
	if (want->mmu.npages) {
		new = slot_make(kvm, old, want);
		if (!new)
			return -ENOMEM;
	}
	set = set_make(cur, old, new);
	if (!set) {
		slot_free(new, old);
		return -ENOMEM;
	}
	slot_commit(kvm, set, old, new);
	return 0;
}

int slot_set(struct kvm *kvm, const struct kvm_userspace_memory_region *r)
{
	struct slot want;
	int err;

	err = slot_parse(r, &want);
	if (err)
		return err;
	mutex_lock(&kvm->slots_lock);
	err = slot_change(kvm, &want);
	mutex_unlock(&kvm->slots_lock);
	return err;
}

int vcpu_step_slots_up(void *obj)
{
	struct kvm *kvm = ((struct kvm_vcpu *)obj)->kvm;
	const struct slots *set;
	int err = 0, as_id;
	unsigned int i;

	/* Not for those that come later: there has been no such slot since. */
	if (kvm->nr_vcpus)
		return 0;
	mutex_lock(&kvm->slots_lock);
	for (as_id = 0; as_id < AS_COUNT; as_id++) {
		set = slots_get(kvm, as_id);
		for (i = 0; i < set->n; i++)
			if (arch_slot_is_refused(kvm, set->slot[i]))
				err = -EEXIST;
	}
	mutex_unlock(&kvm->slots_lock);
	return err;
}

int vm_step_slots_up(void *obj)
{
	struct kvm *kvm = obj;
	int i;

	for (i = 0; i < AS_COUNT; i++)
		RCU_INIT_POINTER(kvm->slots[i], &slots_none);
	return 0;
}

/* No vCPU and no notifier is left that could read. */
void vm_step_slots_down(void *obj)
{
	struct kvm *kvm = obj;
	struct slots *set;
	unsigned int j;
	int i;

	for (i = 0; i < AS_COUNT; i++) {
		set = rcu_dereference_protected(kvm->slots[i], true);
		for (j = 0; j < set->n; j++)
			slot_free(set->slot[j], NULL);
		if (set != &slots_none)
			kvfree(set);
	}
	stale_sets_free(kvm);
}
