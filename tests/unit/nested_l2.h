/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A world with L2: vCPUs whose L1 has second-level tables of its own, an L2 that
 * uses a few addresses, and the processor below both.
 *
 *	reference	the naive walker on L1's tables in guest memory: what they
 *			said at any time since L1 last flushed
 *	processor	the same walker on the host's tables, with a TLB and a
 *			paging-structure cache that only flushes empty (L1's own
 *			translations: tests/model/map.h)
 *
 * Guest memory: frames 0 to 1023 in small host pages, L1's tables among them;
 * frames from 1 GiB up in 2 MiB pages; from 2 GiB up read-only.
 */
#ifndef UNIT_NESTED_L2_H
#define UNIT_NESTED_L2_H

#include "mmu/mmu_nested.h"
#include "tests/model/walk.h"
#include "tests/unit/env.h"

#define L2_GPAS		24
#define L2_SPACES	3	/* sets of tables that L1 can name */
#define L2_PAST		64
#define L2_PDPTES	8
#define L2_TLB		32
#define L2_PSC		8

#define L2_SMALL	512ull		/* frames for data: small host pages */
#define L2_BIG		(1ull << 18)	/* 2 MiB host pages */
#define L2_ROM		(2ull << 18)
#define L2_HOLE		(3ull << 18)

/* A translation that was true once. */
struct l2_past {
	u64 gfn;
	u32 rights;
	bool accessed;
	bool dirty;
};

/*
 * Of PAE @pdpte too is what it was once: a processor may have the old one in its
 * paging-structure caches, and read what is below it afresh.  Other entries above a
 * leaf table are seen to change at once, because they are tracked.
 */
struct l2_gpa {
	struct l2_past past[L2_PAST];
	int n;
	u64 pdpte[L2_PDPTES];
	int pdptes;
	bool any;	/* too many: all goes until the next flush */
};

struct l2_tlb {
	bool valid;
	u8 type;
	bool dirty;
	u8 level;
	u64 gpa;
	u64 hpa;
	u32 rights;
};

/* A table that a walk may begin at. */
struct l2_psc {
	bool valid;
	u8 level;
	u64 gpa;
	u64 table;
	u32 rights;
};

/**
 * struct l2 - a vCPU's nested half
 * @inside: L2 runs
 * @out: it has to load its root first
 * @root: what its root register holds, 0 before the first load
 * @space: which of L1's sets of tables L2 runs on
 * @now: the address that it accesses
 * @sunk: what second_ops.fault was told, @sinks times
 * @faults: of L2's accesses, by the MMU's answer
 */
struct l2 {
	struct env_vcpu *v;
	bool inside;
	bool out;
	hpa_t root;
	int space;
	int now;
	struct l2_gpa gpa[L2_SPACES][L2_GPAS];
	struct l2_tlb tlb[L2_TLB];
	struct l2_psc psc[L2_PSC];
	unsigned int next;
	struct mmu_guest_fault sunk;
	int sinks;
	long faults[MMU_ERROR + 1];
};

/**
 * struct l2_world - what its VM's vCPUs share
 * @second: L1's sets of tables; all of one format
 * @gpa: the addresses that L2 uses
 * @gen: changes of memory
 * @crowded: others are played inside of operations
 * @emulated: writes of L1's to tables that were emulated
 * @unsynced: and those that went straight
 */
struct l2_world {
	struct env_vm vm;
	struct l2 l2[2];
	struct model_paging second[L2_SPACES];
	u64 gpa[L2_GPAS];
	unsigned long gen;
	bool crowded;
	long emulated;
	long unsynced;
};

extern struct l2_world l2_world;

/* Frame of one of L1's tables; spaces 0 and 2 have the same ones. */
gfn_t l2_table(int space, int level, int copy);

/* ---- nested_hw.c */

bool l2_mem_read(void *opaque, u64 gpa, int size, u64 *value);

/* What L1's tables say now of an access; nothing is written. */
enum model_end l2_walk_now(int space, u64 gpa, u64 access,
			   struct model_result *r);

/* Memory or slots have changed; L1 has flushed. */
void l2_past_update(struct l2 *l2);
void l2_past_forget(struct l2 *l2);

/* The processor's part of an access, with the error when it faults. */
bool l2_hw_access(struct l2 *l2, int i, u64 access, u64 *error);

/* What its tables say of an address; a flush; all it has against the reference. */
void l2_hw_look(struct l2 *l2, int i, struct model_result *r);
void l2_hw_flush(struct l2 *l2);
void l2_hw_check(struct l2 *l2);

/* ---- nested_l2.c */

/* A world with hardware and a format of L1's tables, all of them empty. */
void l2_start(const struct mmu_caps *caps, enum model_mode mode);
void l2_stop(void);

/* Slot 0, 1 or 2 (small, big, read-only) comes, with flags beside its own. */
void l2_slot_add(int i, u32 flags);

/* Set memory before anybody runs. */
void l2_mem_set(gpa_t gpa, unsigned int size, u64 value);
u64 l2_mem_get(gpa_t gpa, unsigned int size);

/* L1 runs L2 on a set of tables; L1 runs itself; L1 flushes L2's TLB. */
void l2_enter(struct l2 *l2, int space);
void l2_leave(struct l2 *l2);
void l2_flush(struct l2 *l2);

enum l2_end {
	L2_DONE,
	L2_FAULTED,	/* L1 got the fault */
	L2_EMULATED,
	L2_GAVE_UP,
};

/* An access of L2's (it is inside) to an address by number; 0, PF_WRITE, PF_FETCH. */
enum l2_end l2_access(struct l2 *l2, int i, u64 access);

/* A write by L1: straight, or emulated where a table is tracked. */
void l2_l1_write(struct l2 *l2, gpa_t gpa, unsigned int size, u64 value);

/* What is mapped for an address: 0: nothing; its level. */
int l2_mapped(struct l2 *l2, int i, u32 *rights);

/* The last entry of that walk. */
u64 l2_leaf(struct l2 *l2, int i);

/* All translations, cached or not, against the reference. */
void l2_check(void);

#endif
