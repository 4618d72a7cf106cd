/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MMU's public interface: the guest's own tables, and translation by them.
 * Included by mmu.h.
 */
#ifndef LAMINA_MMU_MMU_CTX_H
#define LAMINA_MMU_MMU_CTX_H

#include "mmu/guest/gwalk.h"

/* Reserved in a PDPTE that is present, below the address (SDM vol. 3, table 4-8). */
#define PDPTE_RSVD_LOW	0x1e6ull

struct mmu_vcpu;

/**
 * struct mmu_guest_fault - a fault that the guest's own tables demand
 * @addr: the linear address, or L2's physical address for a second level
 * @error: PF_* error code as the architecture wants it; of a second level with
 *         PF_GUEST_FINAL or PF_GUEST_TABLE (SDM table 29-7: bit 8)
 * @rights: ACC_* that the walk granted, 0 when it did not reach a leaf (SDM table
 *          29-7: bits 5:3)
 * @misconfig: EPT: the entry was misconfigured
 * @has_la: second level: the fault was met while @la was translated, not by the
 *          processor (whose exit tells)
 * @la: L2's linear address
 */
struct mmu_guest_fault {
	u64 addr;
	u64 error;
	u32 rights;
	bool misconfig;
	bool has_la;
	u64 la;
};

/**
 * struct mmu_ctx_ops - what is constant by kind of context (R5)
 * @root_get: the guest's root register (CR3, nCR3, EPTP)
 * @pdptr_get: PDPTE @i of a PAE guest; NULL where there are no such registers:
 *             nested EPT has none, and with nested paging of AMD's kind walks read
 *             them from memory (APM vol. 2, 15.25.10), as they do here without
 *             nested paging (docs/mmu.md)
 * @fault: receives the guest's faults: #PF into the guest, or an exit to L1.
 *         Called by mmu_fault() before it returns MMU_INJECT, no lock held
 * @dirty: an EPT's leaf is about to become dirty by a write to @gpa (SDM vol. 3, 29.3.6).
 *         False: not now, and the walk is to be tried again.  NULL: nobody asks.  May
 *         sleep, no lock held
 */
struct mmu_ctx_ops {
	u64 (*root_get)(struct mmu_vcpu *vcpu);
	u64 (*pdptr_get)(struct mmu_vcpu *vcpu, int i);
	void (*fault)(struct mmu_vcpu *vcpu, const struct mmu_guest_fault *f);
	bool (*dirty)(struct mmu_vcpu *vcpu, gpa_t gpa);
};

/**
 * struct mmu_cpu - control state that decides how a guest's tables are read
 * @cr0: CR0
 * @cr4: CR4
 * @efer: EFER
 * @feat: from guest CPUID: maxphyaddr, gib_pages, pse36, amd (the rest is
 *        derived from the registers)
 */
struct mmu_cpu {
	u64 cr0;
	u64 cr4;
	u64 efer;
	struct pt_features feat;
};

/**
 * struct mmu_walk - the last walk that went well, for one kind of access
 * @pf: what it was for: PF_*
 * @regs: the same
 * @page: number of the page at its address
 * @gfn: where that page is
 * @root: the guest's root register then
 * @slots: mmu_env_guest_slots() of @at and @hva; 0: not
 *         known yet
 * @hva: where userspace has that page; 0: nowhere
 * @n: how many entries it read; 0: there was no such walk
 * @wide: they have 8 bytes, and not 4
 * @step: the entries, from the leaf to the root
 * @at: where userspace has them
 * @code: (x) what mmu_code_again() has read
 */
struct mmu_walk {
	u64 pf;
	struct perm_regs regs;
	u64 page;
	gfn_t gfn;
	u64 root;
	u64 slots;
	hva_t hva;
	u8 n;
	bool wide;
	struct gwalk_step step[LEVEL_MAX];
	hva_t at[LEVEL_MAX];
	u64 code;
};

/* Guest formats, as far as a role has to tell them apart. */
enum mmu_role_format {
	ROLE_NONE,		/* direct: paging is off, or below a large page */
	ROLE_2LEVEL,
	ROLE_PAE,
	ROLE_LONG,		/* 4 or 5 levels: the same entries */
	ROLE_EPT,		/* 4 or 5 levels, without accessed and dirty bits */
	ROLE_EPT_AD,		/* and with them */
};

/**
 * union mmu_ctx_role - what of a context decides what its tables' entries mean
 * @word: all of it, to compare
 * @format: enum mmu_role_format
 * @nx: EFER.NXE: bit 63 is not reserved
 * @wp: CR0.WP
 * @smep: CR4.SMEP
 * @pse: CR4.PSE of a 2-level guest
 * @strict: CR4.SMAP or CR4.PKE: a user page may not be mapped as a supervisor's
 */
union mmu_ctx_role {
	u8 word;
	struct {
		u8 format:3;
		u8 nx:1;
		u8 wp:1;
		u8 smep:1;
		u8 pse:1;
		u8 strict:1;
	};
};

/**
 * struct mmu_ctx - one set of guest tables, and how to walk it
 * @ops: (c) constants of its kind
 * @walk: format, reserved bits and permissions, from mmu_ctx_update()
 * @cpu: what @walk was made from, and @bits and @feat of it
 * @bits: rights
 * @feat: format
 * @role: what all shadow pages of it have in common
 */
struct mmu_ctx {
	const struct mmu_ctx_ops *ops;
	struct gwalk_ctx walk;
	struct mmu_cpu cpu;
	struct perm_bits bits;
	struct pt_features feat;
	union mmu_ctx_role role;
};

enum mmu_ctx_kind {
	MMU_CTX_GUEST,		/* L1's own tables */
	MMU_CTX_L2,		/* L2's own tables, whose addresses SECOND translates */
	MMU_CTX_SECOND,		/* L1's NPT or EPT */
	MMU_CTX_KINDS
};

/**
 * mmu_ctx_update - CR0, CR4, EFER or CPUID changed
 * @vcpu: the vCPU; called by its own thread
 * @kind: which context
 * @cpu: the new state
 */
void mmu_ctx_update(struct mmu_vcpu *vcpu, enum mmu_ctx_kind kind,
		    const struct mmu_cpu *cpu);

/**
 * mmu_translate - translate a guest virtual address by the guest's tables
 * @vcpu: the vCPU; called by its own thread, memslots' SRCU held
 * @kind: which context
 * @va: the address
 * @access: what it is for
 * @res: result
 *
 * Return: see enum gwalk_status.
 */
enum gwalk_status mmu_translate(struct mmu_vcpu *vcpu, enum mmu_ctx_kind kind,
				u64 va, const struct gwalk_access *access,
				struct gwalk_result *res);

/**
 * mmu_translate_again - translate in MMU_CTX_GUEST as the last time, if that is right
 *                       again
 * @vcpu: the vCPU; called by its own thread, memslots' SRCU held
 * @root: the guest's root register now: what &mmu_ctx_ops.root_get would say
 * @va: the address
 * @access: what it is for
 * @gpa: result, when true is returned
 *
 * Reads the entries that the last walk has read, as that walk would: when all of
 * them are what they were, so is the result (guest/again.c).
 *
 * Return: false when it takes mmu_translate().
 */
bool mmu_translate_again(struct mmu_vcpu *vcpu, u64 root, u64 va,
			 const struct gwalk_access *access, gpa_t *gpa);

/**
 * mmu_code_again - the same for code; and read it
 * @vcpu: the vCPU; called by its own thread, memslots' SRCU held
 * @root: the guest's root register now
 * @va: the address
 * @pf: PF_FETCH, and PF_USER or not
 *
 * PKRU and RFLAGS.AC have no say in it (APM vol. 2, 5.6.7; SDM vol. 3, 4.6.1).
 *
 * Return: the walk, which has the page's @gfn and eight bytes of @code; NULL when it
 * takes mmu_translate(), or the bytes are not all in one page.
 */
const struct mmu_walk *mmu_code_again(struct mmu_vcpu *vcpu, u64 root, u64 va, u64 pf);

#endif
