// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dirty log, as a bitmap: collected by words, one walk of the tree and one
 * flush per call.
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "core/dirty.h"
#include "core/dirty_ring.h"
#include "core/run_state.h"

static unsigned long dirty_words(const struct slot *slot)
{
	return BITS_TO_LONGS(slot->mmu.npages);
}

int dirty_alloc(struct slot *slot, bool all_set)
{
	unsigned long words = dirty_words(slot);
	unsigned long *map;

	/* One piece for both: the snapshot is the second half. */
	map = kvcalloc(2 * words, sizeof(*map), GFP_KERNEL_ACCOUNT);
	if (!map)
		return -ENOMEM;
	if (all_set)
		bitmap_set(map, 0, slot->mmu.npages);
	slot->dirty = map;
	slot->snapshot = map + words;
	return 0;
}

void dirty_free(struct slot *slot)
{
	kvfree(slot->dirty);
	slot->dirty = NULL;
	slot->snapshot = NULL;
}

static __always_inline void bitmap_mark(struct slot *slot, gfn_t gfn)
{
	/*
	 * Not preceded by a test: the locked operation orders the write to the
	 * frame before the bit.  Pairs with xchg() in dirty_take(); a bit seen
	 * set without that order may be one that is just being taken.
	 */
	if (slot->dirty)
		set_bit(gfn - slot->mmu.base_gfn, slot->dirty);
}

static noinline void ring_mark(struct kvm_vcpu *vcpu, struct slot *slot, gfn_t gfn)
{
	if (unlikely(!dirty_ring_push(vcpu, slot, gfn)))
		bitmap_mark(slot, gfn);
}

void dirty_mark(struct kvm_vcpu *vcpu, struct slot *slot, gfn_t gfn)
{
	if (vcpu->ring)
		ring_mark(vcpu, slot, gfn);
	else
		bitmap_mark(slot, gfn);
}

static struct slot *dirty_slot(struct kvm *kvm, u32 id)
{
	struct slot *slot;

	if (!dirty_has_bitmaps(kvm))
		return ERR_PTR(-ENXIO);
	if (id >> 16 >= AS_COUNT || (u16)id >= SLOTS_MAX)
		return ERR_PTR(-EINVAL);
	slot = slot_by_id(slots_get(kvm, id >> 16), id);
	if (!slot || !slot->dirty)
		return ERR_PTR(-ENOENT);
	return slot;
}

/* Is there a bit?  Mostly there is none when a slot is asked for again and again. */
static bool dirty_any(const struct slot *slot)
{
	const unsigned long *p = slot->dirty, *end = p + dirty_words(slot);

	for (; end - p >= 8; p += 8)
		if (READ_ONCE(p[0]) | READ_ONCE(p[1]) | READ_ONCE(p[2]) |
		    READ_ONCE(p[3]) | READ_ONCE(p[4]) | READ_ONCE(p[5]) |
		    READ_ONCE(p[6]) | READ_ONCE(p[7]))
			return true;
	for (; p != end; p++)
		if (READ_ONCE(*p))
			return true;
	return false;
}

/* Take all bits into the snapshot. */
static void dirty_take(struct slot *slot)
{
	unsigned long i, words = dirty_words(slot);

	for (i = 0; i < words; i++) {
		slot->snapshot[i] = 0;
		if (READ_ONCE(slot->dirty[i]))
			slot->snapshot[i] = xchg(&slot->dirty[i], 0);
	}
}

static void dirty_give_back(struct slot *slot)
{
	unsigned long i, words = dirty_words(slot);

	for (i = 0; i < words; i++)
		if (slot->snapshot[i])
			atomic_long_or(slot->snapshot[i],
				       (atomic_long_t *)&slot->dirty[i]);
}

static int dirty_get_locked(struct kvm *kvm, const struct kvm_dirty_log *log)
{
	bool manual = kvm->dirty_manual & KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE;
	struct slot *slot = dirty_slot(kvm, log->slot);
	unsigned long bytes;

	if (IS_ERR(slot))
		return PTR_ERR(slot);
	bytes = dirty_words(slot) * sizeof(long);
	if (manual)
		return copy_to_user(log->dirty_bitmap, slot->dirty, bytes) ?
			-EFAULT : 0;

	if (!dirty_any(slot))
		return clear_user(log->dirty_bitmap, bytes) ? -EFAULT : 0;
	dirty_take(slot);
	mmu_wrprot_bitmap(&kvm->mmu, &slot->mmu, 0, slot->snapshot,
			  slot->mmu.npages);
	if (copy_to_user(log->dirty_bitmap, slot->snapshot, bytes)) {
		dirty_give_back(slot);
		return -EFAULT;
	}
	return 0;
}

int dirty_get(struct kvm *kvm, const struct kvm_dirty_log *log)
{
	int err;

	/* They bring what they have as soon as they have left the guest. */
	if (mmu_logs_late())
		request_all(kvm, REQ_LOG);
	mutex_lock(&kvm->slots_lock);
	err = dirty_get_locked(kvm, log);
	mutex_unlock(&kvm->slots_lock);
	return err;
}

/*
 * Take those bits that userspace's bitmap names, which is in the snapshot and
 * ends up as the bits that were taken.  A word that is not full is the slot's
 * last: behind its end the slot has no bit, whatever userspace says.
 */
static bool dirty_take_named(struct slot *slot, u64 first, u64 nbits)
{
	unsigned long *dirty = slot->dirty + BIT_WORD(first);
	unsigned long i, words = BITS_TO_LONGS(nbits), named, any = 0;

	for (i = 0; i < words; i++) {
		named = slot->snapshot[i] & READ_ONCE(dirty[i]);
		if (named)
			named &= atomic_long_fetch_andnot(named,
						(atomic_long_t *)&dirty[i]);
		slot->snapshot[i] = named;
		any |= named;
	}
	return any;
}

static int dirty_clear_locked(struct kvm *kvm,
			      const struct kvm_clear_dirty_log *log)
{
	struct slot *slot = dirty_slot(kvm, log->slot);
	u64 first = log->first_page, n = log->num_pages;

	if (IS_ERR(slot))
		return PTR_ERR(slot);
	if (first > slot->mmu.npages || n > slot->mmu.npages - first ||
	    (n % 64 && first + n != slot->mmu.npages))
		return -EINVAL;
	if (copy_from_user(slot->snapshot, log->dirty_bitmap,
			   BITS_TO_LONGS(n) * sizeof(long)))
		return -EFAULT;
	if (dirty_take_named(slot, first, n))
		mmu_wrprot_bitmap(&kvm->mmu, &slot->mmu, first, slot->snapshot,
				  n);
	return 0;
}

int dirty_clear(struct kvm *kvm, const struct kvm_clear_dirty_log *log)
{
	int err;

	if (log->first_page % 64)
		return -EINVAL;
	mutex_lock(&kvm->slots_lock);
	err = dirty_clear_locked(kvm, log);
	mutex_unlock(&kvm->slots_lock);
	return err;
}
