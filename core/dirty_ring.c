// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dirty log, as a ring of each vCPU: the vCPU's thread pushes, and
 * KVM_RESET_DIRTY_RINGS follows behind what userspace has harvested.
 */
#include <linux/bitmap.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "core/dirty_ring.h"
#include "core/run_state.h"
#include "core/trace.h"
#include "core/vm.h"

/* Entries that are reset before others get slots_lock. */
#define RESET_STEP	1024

/* Pages that are protected by one walk at most. */
#define WINDOW_PAGES	4096

/* ------------------------------------------------------------------------ */
/* Enable. */

int dirty_ring_enable(struct kvm *kvm, u64 bytes)
{
	int err = -EINVAL;

	if (!is_power_of_2(bytes) || bytes < PAGE_SIZE)
		return -EINVAL;
	if (bytes > DIRTY_RING_BYTES_MAX)
		return -E2BIG;
	mutex_lock(&kvm->lock);
	if (!kvm->nr_vcpus && !kvm->ring_bytes) {
		/* The slots' bitmaps depend on it. */
		mutex_lock(&kvm->slots_lock);
		kvm->ring_bytes = bytes;
		mutex_unlock(&kvm->slots_lock);
		err = 0;
	}
	mutex_unlock(&kvm->lock);
	return err;
}

int dirty_ring_enable_bitmap(struct kvm *kvm)
{
	int err = -EINVAL, i;
	unsigned int n = 0;

	mutex_lock(&kvm->slots_lock);
	for (i = 0; i < AS_COUNT; i++)
		n += slots_get(kvm, i)->n;
	if (kvm->ring_bytes && !n) {
		kvm->ring_bitmap = true;
		err = 0;
	}
	mutex_unlock(&kvm->slots_lock);
	return err;
}

/* ------------------------------------------------------------------------ */
/* Push. */

static u32 ring_used(const struct dirty_ring *ring)
{
	/* Entries are empty before they count as reset: pairs with ring_take(). */
	return ring->pushed - smp_load_acquire(&ring->reset);
}

static bool ring_is_nearly_full(const struct dirty_ring *ring)
{
	return ring_used(ring) + DIRTY_RING_RESERVE > ring->mask;
}

/* Is the frame the last entry's, and nobody has harvested that yet? */
static bool ring_repeats(const struct dirty_ring *ring, u32 slot, u64 offset)
{
	const struct kvm_dirty_gfn *e;

	if (ring->slot != slot || ring->offset != offset)
		return false;
	e = &ring->entry[(ring->pushed - 1) & ring->mask];
	/*
	 * The write to the frame, then the look at the entry: who harvests it
	 * afterwards copies the frame later still.
	 */
	smp_mb();
	return READ_ONCE(e->flags) == KVM_DIRTY_GFN_F_DIRTY;
}

static bool ring_push(struct kvm_vcpu *vcpu, const struct slot *slot, gfn_t gfn)
{
	u32 id = (u32)slot->mmu.as_id << 16 | slot->id;
	u64 offset = gfn - slot->mmu.base_gfn;
	struct dirty_ring *ring = vcpu->ring;
	struct kvm_dirty_gfn *e;

	if (ring_repeats(ring, id, offset))
		return true;
	if (ring_used(ring) > ring->mask)
		return false;
	e = &ring->entry[ring->pushed & ring->mask];
	WRITE_ONCE(e->slot, id);
	WRITE_ONCE(e->offset, offset);
	ring->slot = id;
	ring->offset = offset;
	WRITE_ONCE(ring->pushed, ring->pushed + 1);
	/*
	 * The entry before the flag: userspace reads them so.  The count too: who
	 * sees the flag, harvests, and resets finds it counted.
	 */
	smp_store_release(&e->flags, KVM_DIRTY_GFN_F_DIRTY);
	trace_kvm_dirty_ring_push(vcpu->idx, ring->pushed, ring->reset, id, offset);
	if (unlikely(ring_is_nearly_full(ring)))
		request_set(vcpu, REQ_DIRTY_RING);
	return true;
}

bool dirty_ring_push(struct kvm_vcpu *vcpu, const struct slot *slot, gfn_t gfn)
{
	bool pushed;

	/* vcpu_sched_out() pushes, too: the frame of a preempted vCPU's steal time. */
	preempt_disable();
	pushed = ring_push(vcpu, slot, gfn);
	preempt_enable();
	return pushed;
}

bool dirty_ring_exit(struct kvm_vcpu *vcpu)
{
	if (!ring_is_nearly_full(vcpu->ring))
		return false;
	/* The next KVM_RUN asks again. */
	request_set(vcpu, REQ_DIRTY_RING);
	vcpu->run->exit_reason = KVM_EXIT_DIRTY_RING_FULL;
	trace_kvm_dirty_ring_exit(vcpu->id);
	return true;
}

/* ------------------------------------------------------------------------ */
/* Reset. */

/**
 * struct reset_window - frames of one slot that are write-protected by one walk
 * @kvm: the VM
 * @slot: the slot; NULL: none, or it does not log
 * @id: its address space and number, as entries have it
 * @first: offset of the frame of bit 0, a multiple of WINDOW_PAGES
 * @lo: first word of @bits with a bit set
 * @hi: last one; below @lo: there is none
 * @bits: the frames
 */
struct reset_window {
	struct kvm *kvm;
	struct slot *slot;
	u32 id;
	u64 first;
	int lo;
	int hi;
	unsigned long bits[BITS_TO_LONGS(WINDOW_PAGES)];
};

static void window_empty(struct reset_window *w)
{
	w->lo = ARRAY_SIZE(w->bits);
	w->hi = -1;
}

static void window_protect(struct reset_window *w)
{
	u64 first = w->first + (u64)w->lo * BITS_PER_LONG, n;

	if (w->hi < w->lo)
		return;
	n = min_t(u64, (w->hi + 1 - w->lo) * BITS_PER_LONG,
		  w->slot->mmu.npages - first);
	mmu_wrprot_part(&w->kvm->mmu, &w->slot->mmu, first, &w->bits[w->lo], n);
	memset(&w->bits[w->lo], 0, (w->hi + 1 - w->lo) * sizeof(long));
	window_empty(w);
}

/* Entries may name slots that are gone, or what userspace likes. */
static struct slot *entry_slot(struct kvm *kvm, u32 id)
{
	struct slot *slot;

	if (id >> 16 >= AS_COUNT)
		return NULL;
	slot = slot_by_id(slots_get(kvm, id >> 16), id);
	return slot && (slot->flags & KVM_MEM_LOG_DIRTY_PAGES) ? slot : NULL;
}

static void window_add(struct reset_window *w, u32 id, u64 offset)
{
	u64 first = round_down(offset, WINDOW_PAGES);
	int word;

	if (id != w->id || first != w->first) {
		window_protect(w);
		if (id != w->id)
			w->slot = entry_slot(w->kvm, id);
		w->id = id;
		w->first = first;
	}
	if (!w->slot || offset >= w->slot->mmu.npages)
		return;
	offset -= first;
	word = offset / BITS_PER_LONG;
	__set_bit(offset % BITS_PER_LONG, &w->bits[word]);
	w->lo = min(w->lo, word);
	w->hi = max(w->hi, word);
}

/* The next entry, if it was harvested. */
static bool ring_take(struct dirty_ring *ring, struct reset_window *w)
{
	u32 reset = ring->reset, id;
	struct kvm_dirty_gfn *e = &ring->entry[reset & ring->mask];
	u64 offset;

	/* Userspace may set flags where nothing was pushed. */
	if (!(smp_load_acquire(&e->flags) & KVM_DIRTY_GFN_F_RESET) ||
	    reset == READ_ONCE(ring->pushed))
		return false;
	id = READ_ONCE(e->slot);
	offset = READ_ONCE(e->offset);
	smp_store_release(&e->flags, 0);
	/* Pairs with ring_used(). */
	smp_store_release(&ring->reset, reset + 1);
	window_add(w, id, offset);
	return true;
}

/* At most @max entries; slots_lock held. */
static u32 ring_reset_step(struct kvm_vcpu *vcpu, u32 max)
{
	struct reset_window w = { .kvm = vcpu->kvm, .id = ~0u };
	struct dirty_ring *ring = vcpu->ring;
	u32 n = 0;

	window_empty(&w);
	mmu_wrprot_begin(&vcpu->kvm->mmu);
	while (n < max && ring_take(ring, &w))
		n++;
	window_protect(&w);
	mmu_wrprot_end(&vcpu->kvm->mmu);
	trace_kvm_dirty_ring_reset(vcpu->idx, ring->pushed, ring->reset);
	return n;
}

/* Not more than it holds: userspace may harvest as fast as we reset. */
static u32 ring_reset(struct kvm_vcpu *vcpu)
{
	u32 left = vcpu->ring->mask + 1, step, n;

	do {
		step = min_t(u32, left, RESET_STEP);
		mutex_lock(&vcpu->kvm->slots_lock);
		n = ring_reset_step(vcpu, step);
		mutex_unlock(&vcpu->kvm->slots_lock);
		left -= n;
		cond_resched();
	} while (n == step && left);
	return vcpu->ring->mask + 1 - left;
}

static bool ring_is_harvested(const struct dirty_ring *ring)
{
	u32 reset = READ_ONCE(ring->reset);

	return READ_ONCE(ring->entry[reset & ring->mask].flags) &
	       KVM_DIRTY_GFN_F_RESET;
}

long dirty_ring_reset(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	long n = 0;
	int i;

	if (!kvm->ring_bytes)
		return -EINVAL;
	vcpu_for_each(i, vcpu, kvm)
		if (ring_is_harvested(vcpu->ring))
			n += ring_reset(vcpu);
	return n;
}

/* ------------------------------------------------------------------------ */
/* A vCPU's ring, and its place in the mapping. */

static unsigned long ring_pages(const struct kvm_vcpu *vcpu)
{
	return vcpu->ring ? vcpu->kvm->ring_bytes >> PAGE_SHIFT : 0;
}

struct page *dirty_ring_page(struct kvm_vcpu *vcpu, unsigned long pgoff)
{
	unsigned long i = pgoff - KVM_DIRTY_LOG_PAGE_OFFSET;

	if (i >= ring_pages(vcpu))
		return NULL;
	return vmalloc_to_page((void *)vcpu->ring->entry + i * PAGE_SIZE);
}

int dirty_ring_mmap(struct kvm_vcpu *vcpu, struct vm_area_struct *vma)
{
	unsigned long end = KVM_DIRTY_LOG_PAGE_OFFSET + ring_pages(vcpu);

	if (!vcpu->ring || vma->vm_pgoff >= end ||
	    vma->vm_pgoff + vma_pages(vma) <= KVM_DIRTY_LOG_PAGE_OFFSET)
		return 0;
	/* A copy would never be harvested; nobody runs code from a ring. */
	if ((vma->vm_flags & VM_EXEC) || !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	return 0;
}

int vcpu_step_ring_up(void *obj)
{
	struct kvm_vcpu *vcpu = obj;
	u32 bytes = vcpu->kvm->ring_bytes;
	struct dirty_ring *ring;

	if (!bytes)
		return 0;
	ring = kzalloc(sizeof(*ring), GFP_KERNEL_ACCOUNT);
	if (!ring)
		return -ENOMEM;
	ring->entry = __vmalloc(bytes, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!ring->entry) {
		kfree(ring);
		return -ENOMEM;
	}
	ring->mask = bytes / sizeof(*ring->entry) - 1;
	ring->slot = ~0u;
	vcpu->ring = ring;
	return 0;
}

void vcpu_step_ring_down(void *obj)
{
	struct kvm_vcpu *vcpu = obj;

	if (!vcpu->ring)
		return;
	vfree(vcpu->ring->entry);
	kfree(vcpu->ring);
}
