/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MMU's public interface.
 *
 *	module load   mmu_setup_reset() ─► vendor's setup() ─► mmu_setup(caps)
 *	VM            mmu_vm_init() ... mmu_vm_destroy()
 *	vCPU          mmu_vcpu_init() ... mmu_vcpu_destroy()
 *	exit          mmu_fault()
 *	before entry  mmu_root_load()
 *	slot change   mmu_invalidate_begin(), mmu_zap(), publish the slots,
 *	              mmu_invalidate_end()
 *
 * Without a second level in hardware (MMU_SECOND_NONE) the guest runs on shadow
 * page tables, and the caller tells what the processor does not:
 *
 *	CR3 load, global flush			mmu_guest_flush()
 *	INVLPG, and a write by emulation	mmu_guest_invlpg(), mmu_guest_written()
 *
 * The MMU pulls slots and pages through mmu_env.h and never changes a slot.
 * Locking: mmu->lock is taken inside; callers hold none of the MMU's locks.
 * TDP: faults, aging, write protection, splitting, recovery and notifier zaps run
 * under its read side and RCU; the write side is for bounded work only.  What
 * changes shadow pages runs under the write side, in bounded steps.
 */
#ifndef LAMINA_MMU_MMU_H
#define LAMINA_MMU_MMU_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/atomic.h>

#include "mmu/base/cache.h"
#include "mmu/base/inv.h"
#include "mmu/mmu_ctx.h"
#include "mmu/mmu_fault.h"
#include "mmu/mmu_guest.h"
#include "mmu/mmu_memtype.h"
#include "mmu/mmu_nx.h"
#include "mmu/mmu_range.h"
#include "mmu/mmu_setup.h"

/* VM. */

struct mmu_config;
struct mmu_shadow;
struct mmu_tracked;

/**
 * struct mmu - a VM's MMU; embedded in struct kvm
 * @config: (c) the module's configuration
 * @lock: protects @roots, @inv, and, held for write, every SPTE
 * @roots: live roots; changed under @lock for write, walked under it or RCU
 * @inv: invalidations
 * @mmio_gen: generation that cached MMIO entries must carry to be believed
 * @nx_huge: large leaves may not be executed; @nx_space: where mmu_nx_recover() goes on
 * @unflushed: operations that took translations away and have not flushed yet:
 *             whoever finds an entry gone must flush too while it is above 0
 * @hole_tables: tables made for cached MMIO entries since mmu_zap_all()
 * @logs: slots log; core's, under its lock, read without.  @typed: mmu_memtype.h
 * @shadow: shadow pages and reverse maps; NULL until the first shadow root is made
 *          (R4).  Published with release under @lock, read with acquire
 * @tracked: frames with tables that shadow pages stand for; NULL as long as @shadow
 * @page_limit: shadow pages that may exist; READ_ONCE() outside of @lock
 * @page_limit_set: by userspace, so that slots do not change it
 * @frames_used: a vCPU has, or had, a frame whose host's it knows: arch_frames_change(),
 *               mmu_env_is_apart()
 * @tables: page tables that exist, roots included
 * @mapped: leaves by level, for the statistics; COUNT_NX_SPLITS: tables with SPTE_NX_SPLIT
 */
struct mmu {
	const struct mmu_config *config;
	rwlock_t lock;
	struct list_head roots;
	struct mmu_inv inv;
	u64 mmio_gen;
	atomic_t unflushed;
	bool logs, nx_huge, typed;
	u8 nx_space;
	struct mmu_shadow *shadow;
	struct mmu_tracked *tracked;
	u32 page_limit;
	bool page_limit_set, frames_used;
	u16 hole_tables;
	atomic_long_t tables;
	atomic_long_t mapped[LEVEL_1G + 1];
};

/**
 * mmu_max_gfn - the last frame that second-level tables can map
 *
 * Slots beyond it are refused.
 */
gfn_t mmu_max_gfn(void);

/**
 * mmu_vm_init - make a VM's MMU ready
 * @mmu: zeroed
 *
 * Allocates nothing with TDP; without it the VM is born with reverse maps.
 *
 * Return: 0; -EIO when no vendor is loaded (mmu_setup() did not run); -ENOMEM.
 */
int mmu_vm_init(struct mmu *mmu);

/**
 * mmu_vm_destroy - free every table
 * @mmu: the VM; all vCPUs are destroyed
 */
void mmu_vm_destroy(struct mmu *mmu);

/* vCPU. */

/**
 * struct mmu_root - a root: a TDP tree's (tdp/root.h), or part of a shadow root
 * @link: in mmu->roots, until @refs is 0; shadow roots: in mmu_shadow.roots
 * @table: (c) its table
 * @refs: TDP: references
 * @gone: TDP: chains the roots that one mmu_zap_all() makes obsolete
 * @nx_next: TDP: the frame from which on the next recovery looks (tdp/nx.c)
 * @removed: TDP: counts tables that were taken out of its tree, for whatever reason; no lock.
 *	A vCPU believes in a table as long as it is the same: 32 bits would come round
 * @as_id: (c) address space
 * @obsolete: no vCPU may enter with it any more; set under mmu->lock for write
 */
struct mmu_root {
	struct list_head link;
	u64 *table;
	refcount_t refs;
	struct mmu_root *gone;
	gfn_t nx_next;
	atomic64_t removed;
	u16 as_id;
	bool obsolete;
};

/* mmu_vcpu.hole; no address has this frame. */
#define NO_HOLE		(~(gfn_t)0)

/**
 * struct mmu_vcpu - a vCPU's MMU state; embedded in struct kvm_vcpu
 * @mmu: (c) its VM
 * @as_id: (x) address space in use: 1 in SMM, else 0
 * @by_entry: (x) shadow/fast.c might have answered the last fault that was mapped
 * @ctx: contexts by kind; only the vCPU's own thread touches them
 * @hole: the frame where no slot was found last; @hole_gen: by which mmu->mmio_gen
 * @near: for the next fault; mode TDP
 * @last: walks of MMU_CTX_GUEST to repeat: [0] for data, [1] for code
 * @mode: how faults are resolved and mapped, and roots found: by kind, const
 * @root: root in use, with a reference, or NULL
 * @parked: the same of the mode not in use, L1's or L2's
 * @kept: shadow roots that it has left and may come back to, newest first
 * @cache: zeroed tables in reserve for the next fault
 * @reserve: page headers and descriptors for a shadow fault; NULL until one
 */
struct mmu_vcpu {
	struct mmu *mmu;
	u16 as_id;
	bool by_entry;
	struct mmu_ctx ctx[MMU_CTX_KINDS];
	gfn_t hole;
	u64 hole_gen;
	struct mmu_near near;
	struct mmu_walk last[2];
	const struct mmu_mode *mode;
	struct mmu_root *root;
	struct mmu_root *parked;
	struct shadow_root *kept;
	struct mmu_cache cache;
	struct mmu_reserve *reserve;
};

/**
 * mmu_vcpu_init - make a vCPU's MMU ready; allocates nothing
 * @vcpu: zeroed
 * @mmu: its VM
 * @guest_ops: constants of the guest's own context
 */
void mmu_vcpu_init(struct mmu_vcpu *vcpu, struct mmu *mmu,
		   const struct mmu_ctx_ops *guest_ops);

/**
 * mmu_vcpu_destroy - drop the root and the reserve
 * @vcpu: the vCPU; it never runs again
 */
void mmu_vcpu_destroy(struct mmu_vcpu *vcpu);

/**
 * mmu_space_set - the vCPU's memory is another address space from now on
 * @vcpu: the vCPU; called by its own thread
 * @as_id: 0, or 1 in SMM
 *
 * As mmu_guest_flush(); the next mmu_root_load() finds a root of that address space.
 */
void mmu_space_set(struct mmu_vcpu *vcpu, int as_id);

/**
 * mmu_vcpu_trim - give the reserve back, for a vCPU that blocks for long
 * @vcpu: the vCPU; called by its own thread
 */
void mmu_vcpu_trim(struct mmu_vcpu *vcpu);

/* Roots. */

/**
 * mmu_root_load - make sure that a valid root is in use
 * @vcpu: the vCPU; called by its own thread, memslots' SRCU held, may sleep
 * @root: result: physical address of the root table
 *
 * Finds the VM's root for the vCPU's role (address space; with shadow paging the
 * root register and mode too) or makes it.  A shadow root for a guest outside of
 * long mode is a page directory pointer table below 4 GiB.
 *
 * Return: 0 when @root is the one that was in use before; 1 when it is another
 * (the caller loads it and flushes its own TLB tag); -ENOMEM.
 */
int mmu_root_load(struct mmu_vcpu *vcpu, hpa_t *root);

/**
 * mmu_root_is_current - is the root still the one to run on?
 * @vcpu: the vCPU
 *
 * Cheap, for every entry: false after mmu_zap_all() or a change of as_id.
 */
static inline bool mmu_root_is_current(const struct mmu_vcpu *vcpu)
{
	const struct mmu_root *root = vcpu->root;

	return root && !READ_ONCE(root->obsolete) &&
	       root->as_id == vcpu->as_id;
}

/**
 * mmu_is_hole - is it known that no slot is there?
 * @vcpu: the vCPU; called by its own thread, memslots' SRCU held
 * @addr: a gpa of MMU_CTX_GUEST
 *
 * Of the frame that mmu_fault() has found without a slot last, as long as no slot has
 * changed: an access to a device needs neither a walk nor a look at the slots again.
 *
 * Return: false: there may be one.
 */
static inline bool mmu_is_hole(const struct mmu_vcpu *vcpu, u64 addr)
{
	/* Pairs with mmu_slots_changed(). */
	return vcpu->hole == addr >> MMU_PAGE_SHIFT &&
	       vcpu->hole_gen == smp_load_acquire(&vcpu->mmu->mmio_gen);
}

#endif
