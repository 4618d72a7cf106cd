/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the MMU asks of the world: one of the four ways up.
 *
 * In the kernel core/mmu_env.c answers, and core/guestmem.c; in the unit tests tests/unit/env.c
 * does, with memory and faults of its own.  Nothing else of the world is
 * visible to mmu/ apart from a few kernel headers (types, lists, rwlocks, RCU,
 * atomics, slab) that tests/unit/shim stands in for.
 */
#ifndef LAMINA_MMU_MMU_ENV_H
#define LAMINA_MMU_MMU_ENV_H

#include "mmu/mmu_env_guest.h"

struct mmu;
struct mmu_vcpu;

#define MMU_SLOT_READONLY	(1u << 0)	/* guest writes go to userspace */
#define MMU_SLOT_DIRTY_LOG	(1u << 1)	/* writes are logged, by 4 KiB page */

/**
 * struct mmu_slot - what the MMU sees of a memslot; it never changes one
 * @base_gfn: first guest frame
 * @npages: number of frames, at least 1
 * @hva: userspace's address of the first frame, page aligned
 * @flags: MMU_SLOT_*
 * @as_id: address space, 0 or 1
 */
struct mmu_slot {
	gfn_t base_gfn;
	u64 npages;
	hva_t hva;
	u32 flags;
	u16 as_id;
};

/**
 * struct mmu_pfn - a host page looked up for a guest frame
 * @pfn: host frame
 * @writable: the host lets it be written
 * @refcounted: it has a struct page whose reference mmu_env_pfn_put() drops
 * @device: it is no RAM, and must not be cached
 */
struct mmu_pfn {
	kvm_pfn_t pfn;
	bool writable;
	bool refcounted;
	bool device;
};

/**
 * mmu_env_table_alloc - allocate a zeroed page for a page table
 * @wait: may sleep and reclaim; otherwise called under a spinning lock
 *
 * Charged to the current task's memory cgroup and to SecPageTables.
 *
 * Return: the page, or NULL.
 */
void *mmu_env_table_alloc(bool wait);

/**
 * mmu_env_table_alloc_low - allocate a zeroed page below 4 GiB
 *
 * For a PAE root, whose address has 32 bits (APM vol. 2, 5.2.1).  May sleep;
 * charged and freed as mmu_env_table_alloc()'s.
 *
 * Return: the page, or NULL.
 */
void *mmu_env_table_alloc_low(void);

/**
 * mmu_env_table_own - note what a table belongs to
 * @table: from mmu_env_table_alloc()
 * @owner: what mmu_env_table_owner() shall say; NULL before it is freed
 */
void mmu_env_table_own(void *table, void *owner);

/**
 * mmu_env_table_owner - what does the table of an entry belong to?
 * @sptep: any entry of a table with an owner
 */
void *mmu_env_table_owner(const u64 *sptep);

/** mmu_env_table_free - free a page that no walker or CPU can reach */
void mmu_env_table_free(void *table);

/**
 * mmu_env_table_free_rcu - free a page once every RCU reader has left
 * @table: from mmu_env_table_alloc(); unlinked from its tree, TLBs flushed or
 *         about to be flushed before the lock is dropped
 *
 * Never sleeps, cannot fail, needs no memory.
 */
void mmu_env_table_free_rcu(void *table);

/**
 * mmu_env_slot - look up the slot that holds a frame
 * @vcpu: whose address space (&mmu_vcpu.as_id) is searched
 * @gfn: the frame
 *
 * The caller holds the memslots' SRCU, which keeps the slot valid.
 *
 * Return: the slot, or NULL when none holds @gfn.
 */
const struct mmu_slot *mmu_env_slot(struct mmu_vcpu *vcpu, gfn_t gfn);

/**
 * mmu_env_slot_after - the first slot that reaches beyond a frame
 * @mmu: the VM
 * @as_id: address space
 * @gfn: the frame; the slot holds it, or lies above
 *
 * As mmu_env_slot().
 */
const struct mmu_slot *mmu_env_slot_after(struct mmu *mmu, int as_id, gfn_t gfn);

/**
 * mmu_env_pfn - find, or bring in, the host page of a guest frame
 * @slot: slot of the frame
 * @gfn: the frame
 * @write: the page has to be writable; otherwise it is looked up for reading,
 *         and @out->writable says whether it may be written all the same
 * @out: result
 *
 * May sleep and swap in; called without the MMU lock.
 *
 * Return: 0; -EFAULT when userspace has nothing mapped there, or not with
 * this right; -EHWPOISON; -EINTR when a signal is pending; -ENOMEM.
 */
int mmu_env_pfn(const struct mmu_slot *slot, gfn_t gfn, bool write,
		struct mmu_pfn *out);

/** mmu_env_pfn_nowait - the same, or -EBUSY where it would wait for a device or userspace */
int mmu_env_pfn_nowait(const struct mmu_slot *slot, gfn_t gfn, bool write,
		       struct mmu_pfn *out);

/**
 * mmu_env_pfn_present - look up host pages that are there already
 * @slot: slot of the frames
 * @gfn: first frame
 * @n: number of frames, all inside @slot
 * @write: wanted writable
 * @out: results; filled from @gfn upward until the first that is absent
 *
 * Looks, never waits and never faults anything in.  Those it finds are refcounted RAM.
 *
 * Return: how many entries of @out are valid, 0 to @n.
 */
unsigned int mmu_env_pfn_present(const struct mmu_slot *slot, gfn_t gfn,
				 unsigned int n, bool write,
				 struct mmu_pfn *out);

/**
 * mmu_env_pfn_put - give back what mmu_env_pfn() or _present() returned
 * @p: the page
 * @dirty: a writable SPTE may exist now: the page is marked dirty here, once,
 *         because whatever cleans it removes the SPTE first
 *
 * Called after the SPTE is installed or given up.  Never sleeps.  Whether the guest uses
 * the page, aging finds out.
 */
void mmu_env_pfn_put(const struct mmu_pfn *p, bool dirty);

/**
 * mmu_env_host_level - the largest size by which the host maps a page
 * @slot: slot of the frame
 * @gfn: the frame
 *
 * A look at userspace's page tables, valid only as long as
 * inv_is_stale() says so.  Called without the MMU lock.
 *
 * Return: LEVEL_4K, LEVEL_2M or LEVEL_1G.
 */
int mmu_env_host_level(const struct mmu_slot *slot, gfn_t gfn);

/* A memory type, as MTRRs have it (SDM vol. 3, table 12-8), whatever the guest's PAT says. */
#define MMU_TYPE_FORCED		(1 << 3)

/**
 * mmu_env_memtype - of what type the guest wants a block of its memory to be
 * @vcpu: the one that faults, called by its own thread
 * @gfn: first frame, a multiple of @n
 * @n: number of frames, a power of two
 *
 * Asked only while mmu->typed.  Does not sleep.
 *
 * Return: the type, perhaps with MMU_TYPE_FORCED; negative: the frames may be of more
 * than one, but never for a single frame.
 */
int mmu_env_memtype(struct mmu_vcpu *vcpu, gfn_t gfn, u64 n);

/**
 * mmu_env_is_apart - has a block a frame that needs a leaf of its own?
 * @mmu: the VM
 * @gfn: first frame, a multiple of @n
 * @n: number of frames, a power of two
 *
 * Asked only while mmu->frames_used; an answer that changes is followed by a zap of the
 * frame.  Does not sleep.
 */
bool mmu_env_is_apart(struct mmu *mmu, gfn_t gfn, u64 n);

/**
 * mmu_env_mark_dirty - a frame of a dirty-logged slot became writable
 * @vcpu: who is about to write it; called by its own thread
 * @slot: its slot, with MMU_SLOT_DIRTY_LOG
 * @gfn: the frame
 *
 * Puts the frame into the log.  Called with the MMU lock held for read at
 * least, or from the lockless fast path; after the entry became writable.  A
 * collection takes the bits first and write-protects then: a bit set before the
 * entry is writable could be taken, and the entry made writable behind its back.
 */
void mmu_env_mark_dirty(struct mmu_vcpu *vcpu, const struct mmu_slot *slot,
			gfn_t gfn);

/**
 * mmu_env_nx_split - there is something for mmu_nx_recover() to do, and was not before
 * @mmu: the VM; its lock is held for read
 */
void mmu_env_nx_split(struct mmu *mmu);

/**
 * mmu_env_flush - drop translations of a range of frames from every TLB
 * @mmu: the VM
 * @start: first frame
 * @n: number of frames; ~0ull: everything
 *
 * Returns when no vCPU can use an old translation any more.  May be called
 * under the MMU lock.
 */
void mmu_env_flush(struct mmu *mmu, gfn_t start, u64 n);

/**
 * mmu_env_flush_others - drop everything from the TLBs of all vCPUs but one
 * @vcpu: that one, whose own thread calls and flushes by itself
 *
 * As mmu_env_flush().
 */
void mmu_env_flush_others(struct mmu_vcpu *vcpu);

#endif
