/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walk a guest's page tables: any format, one loop.
 *
 *	va ──► gwalk() ──► gpa, rights, trace of entries
 *	          │
 *	          └ each table address, and the result, go through ->next first:
 *	            NULL (identity), or another context whose addresses these
 *	            are: a two-dimensional walk is composition, and the walker
 *	            does not know that it is nested
 *
 * A walk never sleeps on a lock and changes nothing but accessed and dirty
 * bits in the guest's tables, by compare-exchange, once the access is allowed.
 */
#ifndef LAMINA_MMU_GUEST_GWALK_H
#define LAMINA_MMU_GUEST_GWALK_H

#include "mmu/base/fmt.h"
#include "mmu/guest/perm.h"

struct mmu_vcpu;

/**
 * struct gwalk_ctx - a set of guest tables
 * @fmt: their format; NULL: paging is off, the walk is the identity
 * @rsvd: reserved bits
 * @perm: permission rules
 * @root: guest physical address of the root table (already masked)
 * @pdptr: PAE: the four PDPTEs, loaded when CR3 was
 * @pdptr_mem: PAE: they are read from memory instead, as any other table
 * @set_ad: set accessed and dirty bits as hardware does; always so in an NPT
 *          that the guest runs on, EPTP bit 6 in an EPT
 * @dirty: mmu_ctx_ops.dirty of an EPT with @set_ad, or NULL
 * @next: the tables that translate this context's addresses, or NULL
 */
struct gwalk_ctx {
	const struct pt_format *fmt;
	struct pt_rsvd rsvd;
	struct perm perm;
	gpa_t root;
	u64 pdptr[4];
	bool pdptr_mem;
	bool set_ad;
	bool (*dirty)(struct mmu_vcpu *vcpu, gpa_t gpa);
	const struct gwalk_ctx *next;
};

/**
 * struct gwalk_access - what is about to be done at an address
 * @pf: PF_WRITE, PF_USER, PF_FETCH, PF_IMPLICIT
 * @regs: PKRU and RFLAGS.AC
 * @no_ad: leave accessed and dirty bits as they are, for who only looks
 */
struct gwalk_access {
	u64 pf;
	struct perm_regs regs;
	bool no_ad;
};

enum gwalk_status {
	GWALK_OK,
	GWALK_FAULT,	/* an architectural fault of this context's tables */
	GWALK_NEXT,	/* the tables at ->next faulted */
	GWALK_ABORT,	/* a table lies outside of guest memory */
	GWALK_RETRY,	/* an entry changed while its A or D bit was set, or @dirty said no */
};

/**
 * struct gwalk_step - one entry that a walk read
 * @gpa: where it lies, after ->next; 0 for an entry of @pdptr
 * @entry: what was read (A and D as they are after the walk)
 */
struct gwalk_step {
	gpa_t gpa;
	u64 entry;
};

/**
 * struct gwalk_result - what a walk found
 * @gpa: translated address, GWALK_OK only; offset within the page included
 * @rights: ACC_* of all levels together, without those of ->next; 0 when the
 *          walk did not reach a leaf.  GWALK_NEXT: of the walk at ->next
 * @pkey: protection key of the leaf
 * @level: level of the leaf, or the level at ->next when that is lower; for a
 *         fault, of the entry that faulted (GWALK_NEXT: of the one at ->next);
 *         LEVEL_1G when paging is off
 * @error: PF_* error code, GWALK_FAULT and GWALK_NEXT (with PF_GUEST_FINAL or
 *         PF_GUEST_TABLE for the latter, and the bits an NPT or EPT fault needs)
 * @fault_addr: address whose translation failed: the va, or for GWALK_NEXT
 *              the address given to ->next
 * @misconfig: EPT: the entry was misconfigured, not merely forbidding
 * @step: entries by level, valid from the leaf to the root when all went well
 *        or for GWALK_FAULT, else unspecified
 */
struct gwalk_result {
	gpa_t gpa;
	u32 rights;
	u8 pkey;
	u8 level;
	bool misconfig;
	u64 error;
	u64 fault_addr;
	struct gwalk_step step[LEVEL_MAX + 1];
};

/**
 * gwalk_pkey - the protection key that a context's leaf gives
 * @ctx: the context
 * @entry: the leaf
 *
 * A second level has none: what is there is the hypervisor's own affair.
 */
static inline u32 gwalk_pkey(const struct gwalk_ctx *ctx, u64 entry)
{
	return ctx->perm.second ? 0 : pt_pkey(ctx->fmt, entry);
}

/**
 * gwalk - translate an address by a guest's tables
 * @vcpu: whose memory is read (handed to mmu_env_guest_*)
 * @ctx: the tables
 * @va: address; canonical in formats that know the word (the caller checks)
 * @access: what it is for
 * @res: result
 *
 * Reads guest memory: the caller holds the memslots' SRCU and may sleep.
 *
 * Return: see enum gwalk_status.
 */
enum gwalk_status gwalk(struct mmu_vcpu *vcpu, const struct gwalk_ctx *ctx,
			u64 va, const struct gwalk_access *access,
			struct gwalk_result *res);

#endif
