/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reference page-table walker: slow, plain, and written from the manuals alone.
 *
 * It shares no code and no constant with mmu/ apart from the address types and
 * the names of rights and error bits (mmu/base/types.h), so that an agreement of
 * both says something.
 */
#ifndef TESTS_MODEL_WALK_H
#define TESTS_MODEL_WALK_H

#include "mmu/base/types.h"

enum model_mode {
	MODEL_OFF,	/* no paging */
	MODEL_32,	/* SDM vol. 3, 4.3 */
	MODEL_PAE,	/* 4.4 */
	MODEL_4LEVEL,	/* 4.5 */
	MODEL_5LEVEL,
	MODEL_EPT4,	/* 29.3 */
	MODEL_EPT5,
};

/**
 * struct model_mem - physical memory as the model sees it
 * @read: @size bytes at @gpa into @value, upper bits zero; false: none there
 * @write: the reverse; a write to read-only memory may be dropped
 * @opaque: for the two
 */
struct model_mem {
	bool (*read)(void *opaque, u64 gpa, int size, u64 *value);
	void (*write)(void *opaque, u64 gpa, int size, u64 value);
	void *opaque;
};

/**
 * struct model_paging - a CPU's state, as far as paging asks for it
 * @nested: these are tables of nested paging (NPT); the EPT modes imply it
 * @pdpte: PAE: the four registers
 * @pdpte_mem: PAE: no registers, they are read from memory (APM 15.25.10)
 * @pdpte_lax: their low reserved bits are the processor's business
 * @ept_ad: bit 6 of the EPTP
 * @set_ad: outside of EPT: A and D bits are set
 * @next: what translates the addresses in these tables, or NULL
 */
struct model_paging {
	enum model_mode mode;
	bool nested;
	u64 root;
	u64 pdpte[4];
	bool pdpte_mem, pdpte_lax;
	bool wp, smep, smap, pse, nxe, pke;
	bool pse36, gib_pages, amd;
	int maxphyaddr;
	bool exec_only, ept_ad, set_ad;
	const struct model_paging *next;
};

struct model_access {
	bool write, user, fetch, implicit;
	bool ac;
	u32 pkru;
};

enum model_end {
	MODEL_DONE,
	MODEL_FAULT,	/* of these tables */
	MODEL_NEXT,	/* of the tables at ->next */
	MODEL_NOWHERE,	/* a table outside of memory */
};

/**
 * struct model_entry - an entry that was used
 * @gpa: where it lies in the end
 * @addr: its address before ->next
 * @value: as it was read
 */
struct model_entry {
	u64 gpa;
	u64 addr;
	u64 value;
	int size;
	int level;
};

/**
 * struct model_result - as struct gwalk_result, found in another way
 */
struct model_result {
	u64 gpa;
	u32 rights;
	int pkey;
	int level;
	u64 error;
	u64 fault_addr;
	bool misconfig;
	int used;
	struct model_entry entry[5];
};

/**
 * model_walk - translate an address, and set A and D bits on the way
 * @m: memory
 * @p: the CPU
 * @va: the address
 * @a: the access
 * @r: result
 */
enum model_end model_walk(const struct model_mem *m,
			  const struct model_paging *p, u64 va,
			  const struct model_access *a, struct model_result *r);

/**
 * model_denies - SDM vol. 3, 4.6 for a page of the rights @r->rights, @r->pkey
 * @p: the CPU
 * @a: the access
 * @r: rights and key
 * @key: result: a protection key forbids the access
 *
 * Return: is the access forbidden?
 */
bool model_denies(const struct model_paging *p, const struct model_access *a,
		  const struct model_result *r, bool *key);

#endif
