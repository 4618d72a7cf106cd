/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU whose guest runs on shadow tables.
 *
 *	past.c		the reference: which translations of an address were true
 *			at any time since the guest last flushed it, by the naive
 *			walker (walk.h) on guest memory
 *	paging.c	the hardware: the same walker on the host's tables, a TLB
 *			and paging-structure caches that only flushes empty
 *	paging_check.c	what it has cached, and could use, against the reference
 *
 * The architecture lets a processor use a translation until it is flushed (SDM
 * vol. 3, 4.10.2 to 4.10.4; APM vol. 2, 5.5), so an access that succeeds must
 * be allowed by one of the past; an access that fails must fail by the present.
 */
#ifndef MODEL_PAGING_H
#define MODEL_PAGING_H

#include "tests/model/map.h"
#include "tests/model/walk.h"

#define PAGING_VAS	32	/* addresses that a guest uses */
#define PAGING_PAST	64
#define PAGING_TLB	64
#define PAGING_PSC	24

/**
 * struct past - a translation that was true once
 * @gfn: frame
 * @rights: ACC_* of all levels
 * @pkey: protection key
 * @level: of the leaf
 * @accessed: all entries that it takes had A set
 * @dirty: the leaf had D set
 */
struct past {
	u64 gfn;
	u32 rights;
	u8 pkey;
	u8 level;
	bool accessed;
	bool dirty;
};

/**
 * struct paging_va - an address of the guest's
 * @va: the address
 * @past: what it led to
 * @n: number of @past
 * @any: too many: anything goes until the next flush
 * @at: what the walk read: page of userspace's memory << 12 | offset
 * @used: number of @at
 */
struct paging_va {
	u64 va;
	struct past past[PAGING_PAST];
	int n;
	bool any;
	u64 at[LEVEL_MAX];
	int used;
};

/* A cached translation: rights as the entries grant them. */
struct paging_tlb {
	bool valid;
	bool dirty;
	u8 level;
	u16 as_id;
	struct model_result leaf;	/* @gpa: host address of the page */
	u64 va;
};

/* Entries above a leaf that a walk need not read again (SDM 4.10.3). */
struct paging_psc {
	bool valid;
	u64 va;
	int shift;
	int n;
	u64 at[LEVEL_MAX];
	u64 entry[LEVEL_MAX];
};

/**
 * struct paging_cpu - see above
 * @guest: the guest's paging state; its PDPTEs are those of the last CR3 load
 * @cr3: its root register
 * @hw: the hardware's while the guest runs
 * @try: the access whose fault the MMU handles now
 */
struct paging_cpu {
	struct model_paging guest;
	u64 cr3;
	struct model_paging hw;
	struct paging_tlb tlb[PAGING_TLB];
	struct paging_psc psc[PAGING_PSC];
	unsigned int next;
	struct paging_va va[PAGING_VAS];
	struct shadow_try *try;
};

/* What a write stores. */
struct paging_store {
	unsigned int size;
	u64 value;
};

/* ---- past.c */

/* Guest memory as the vCPU's walks see it: through slots and userspace's memory. */
struct model_mem past_memory(struct env_vcpu *v);

/* Guest memory changed at a place: the walks that read it go on from now. */
void past_changed(struct env_vm *vm, u64 page, unsigned int offset,
		  unsigned int size);

/* Anything may lead elsewhere now. */
void past_all_changed(struct env_vm *vm);
void past_update(struct env_vcpu *v);

/* The guest flushed: all, or what INVLPG of an address drops. */
void past_forget(struct env_vcpu *v);
void past_forget_va(struct env_vcpu *v, u64 va);

/* Does the past allow an access to end at a frame? */
bool past_allows(struct env_vcpu *v, u64 va, const struct model_access *a,
		 gfn_t gfn);

/* What the guest's tables say now; nothing is changed. */
enum model_end past_now(struct env_vcpu *v, u64 va,
			const struct model_access *a, struct model_result *r);

/* To standard error. */
void past_show(struct env_vcpu *v, u64 va);

struct paging_va *past_find(struct env_vcpu *v, u64 va);

/* ---- paging.c */

/* The vCPU enters with a new root, or reloads its PDPTEs. */
void paging_load(struct env_vcpu *v);

/* INVLPG in hardware, as the MMU's caller does it. */
void paging_invlpg(struct env_vcpu *v, u64 va);

/**
 * paging_access - the hardware's part of a guest's access
 * @v: the vCPU
 * @va: address, in a page of the guest's addresses
 * @a: the access
 * @store: what is written, or NULL
 * @error: PF_* code when it faults; 0 when the vCPU has to enter first
 *
 * Return: true when the access went through.
 */
bool paging_access(struct env_vcpu *v, u64 va, const struct model_access *a,
		   const struct paging_store *store, u64 *error);

#endif
