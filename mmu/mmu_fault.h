/* SPDX-License-Identifier: GPL-2.0-only */
/* The MMU's public interface: page faults.  Included by mmu.h. */
#ifndef LAMINA_MMU_MMU_FAULT_H
#define LAMINA_MMU_MMU_FAULT_H

#include "mmu/guest/perm.h"
#include "mmu/mmu_env.h"

struct gwalk_result;

enum mmu_result {
	MMU_RETRY,	/* something changed meanwhile: run the guest again */
	MMU_FIXED,	/* mapped: run the guest again */
	MMU_EMULATE,	/* no memory there, or not writable: emulate */
	MMU_ABSENT,	/* the page has to be waited for; only with @nowait */
	MMU_USER,	/* userspace must act: KVM_RUN fails with fault->err */
	MMU_INJECT,	/* the guest got a fault, by mmu_ctx_ops.fault (never with TDP) */
	MMU_ERROR,	/* out of memory or a bug: KVM_RUN fails with ->err */
};

/**
 * struct mmu_fault - one fault, written in stages; each reads earlier ones only
 * @addr: input: gpa that faulted (TDP), linear address (shadow), L2's gpa (nested)
 * @error: input: PF_* bits as the hardware or its vendor module gives them
 * @regs: input: PKRU and RFLAGS.AC, where the guest's tables are walked
 * @no_emulate: input: the access cannot be emulated (an event was on its way): tables
 *              in its frame stop being shadowed instead, and the answer is MMU_RETRY;
 *              MMU_EMULATE where they would be back at once: its own walk or root has
 *              one
 * @nowait: input: the guest can do without the page for now: MMU_ABSENT where it would
 *          have to be waited for
 * @prefault: input: nobody accesses the page yet: what is made does not say so
 * @tables: guest: how many may have to be made; TDP only
 * @empty_below: guest: frames in a row below @gfn where nothing is mapped, to be
 *               prefetched; TDP only
 * @empty_above: guest: the same above it
 * @gfn: guest: the frame; 0 with MMU_EMULATE where its tables are not in memory
 * @walk: guest: how its tables led there; NULL with TDP
 * @mmio_gen: guest: generation of cached MMIO entries, read before the slot is looked
 *            up; TDP only
 * @slot: host: its slot; NULL: none, an MMIO access
 * @pfn: host: the page
 * @seq: host: the sequence, read before the slot was looked up: the slot may be
 *       replaced by an invalidation that ends before the page is found
 * @level: decision: level to map at; result: with TDP and MMU_FIXED that of the leaf
 * @refused: decision: the level that a fetch does not get, since large leaves may not be
 *           executed; at most LEVEL_4K: nothing is refused; TDP only
 * @map_write: decision: the SPTE may be writable
 * @typed: decision: the leaf's memory type is @type, not the configuration's
 * @type: decision: as of mmu_env_memtype(); 0 of a device's frame
 * @tracked: decision: L1's tables lie in the frame; TDP only
 * @clash: decision: another page, or one of another type, is mapped there, which must go
 *         first; TDP only
 * @err: result: negative errno for MMU_USER and MMU_ERROR
 */
struct mmu_fault {
	u64 addr;
	u64 error;
	struct perm_regs regs;
	bool no_emulate;
	bool nowait;
	bool prefault;
	/* guest */
	u8 tables;
	u8 empty_below;
	u8 empty_above;
	gfn_t gfn;
	const struct gwalk_result *walk;
	u64 mmio_gen;
	/* host */
	const struct mmu_slot *slot;
	struct mmu_pfn pfn;
	unsigned long seq;
	/* decision */
	u8 level;
	u8 refused;
	bool map_write;
	bool typed;
	u8 type;
	bool tracked;
	bool clash;
	/* result */
	int err;
};

/** mmu_fault_init - set the input: @addr and @error, the rest of it zero; no more than that */
static inline void mmu_fault_init(struct mmu_fault *fault, u64 addr, u64 error)
{
	fault->addr = addr;
	fault->error = error;
	fault->regs = (struct perm_regs){ };
	fault->no_emulate = false;
	fault->nowait = false;
	fault->prefault = false;
}

/**
 * struct mmu_near - the table of the last level that a vCPU's fault ended in
 * @table: the table, of its root's tree; not held: freed after RCU
 * @region: which frames: their number >> PT_INDEX_BITS; NO_REGION: there is none
 * @removed: mmu_root.removed when it was found: as long as that is the same the table is linked
 */
struct mmu_near {
	u64 *table;
	u64 region;
	s64 removed;
};

#define NO_REGION	(~0ull)

/**
 * mmu_can_prefault - can pages be mapped by their frames alone?
 * @vcpu: the vCPU; called by its own thread
 *
 * Not where tables that the guest makes decide where a page is seen.
 */
bool mmu_can_prefault(const struct mmu_vcpu *vcpu);

/**
 * mmu_fault - handle a second-level page fault
 * @vcpu: the vCPU; called by its own thread, memslots' SRCU held, may sleep
 * @fault: its input; the rest is written here, as far as what is returned needs it, and @slot
 *
 * PF_RSVD in @error on an entry that we made means a cached MMIO access:
 * answered without looking up the slot when the generation is right.
 *
 * Return: see enum mmu_result.
 */
enum mmu_result mmu_fault(struct mmu_vcpu *vcpu, struct mmu_fault *fault);

/**
 * mmu_map_own - map a page of the host's own where no slot is, to be written
 * @vcpu: the vCPU, with a root; called by its own thread, may sleep
 * @gfn: the frame
 * @pfn: the page's; it stays until mmu_zap() of the frame, or the VM's end
 *
 * Return: is it mapped?  Not without second-level tables, nor without memory for them.
 */
bool mmu_map_own(struct mmu_vcpu *vcpu, gfn_t gfn, kvm_pfn_t pfn);

#endif
