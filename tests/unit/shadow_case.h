/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small world for hand-written cases about shadow pages: three slots, one vCPU,
 * a guest with 4 levels of tables in slot 0.  What hardware would make of ours
 * is read here, bit by bit.
 */
#ifndef UNIT_SHADOW_CASE_H
#define UNIT_SHADOW_CASE_H

#include "mmu/shadow/page.h"
#include "mmu/shadow/range.h"
#include "mmu/shadow/track.h"
#include "tests/unit/env.h"

#define PRESENT	(HOST_MAPPED | HOST_VMA_W | HOST_PRESENT | HOST_WRITE)
#define BASE	(1ull << 18)	/* slot 0: 4 KiB pages */
#define BIG	(2ull << 18)	/* slot 1: 2 MiB pages */
#define GIB	(3ull << 18)	/* slot 2: a 1 GiB page */
#define HOST	(1ull << 18)	/* page of userspace's where slot 0 begins */
#define DATA	(BASE + 512)	/* frames of slot 0 that are no tables */

/* Bits of the guest's entries and of ours (APM vol. 2, 5.4). */
#define P	1ull
#define W	2ull
#define U	4ull
#define A	0x20ull
#define D	0x40ull
#define LARGE	0x80ull
#define ADDR	0x000ffffffffff000ull

#define RW	(W | U | D)

#define CR0_PE	1ull
#define CR0_WP	(1ull << 16)
#define CR0_PG	(1ull << 31)

#define VA	0x4000000000ull		/* where tests map things */
#define ALIAS	0x8000000000ull		/* ... and map them again */
#define SIZE_2M	(1ull << 21)
#define SIZE_1G	(1ull << 30)
#define PAGE(n)	((u64)(n) << 12)

extern struct env_vm vm;
extern struct env_vcpu *cpu;

/* Frame of the guest's next table; the root is the first frame of slot 0. */
extern gfn_t next_table;

/* A test's set-up: paging is on, CR0.WP is set; and its end, with checks. */
int start(void **state);
int stop(void **state);

/* The same where no large page may be executed (nx_huge_pages). */
int start_nx_huge(void **state);

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
#define CASE_NX(name) cmocka_unit_test_setup_teardown(name, start_nx_huge, stop)

/* Change CR0; without CR0_PG the tables are not used. */
void guest_mode(u64 cr0);

/* Write an entry of a guest's table, and tell the MMU. */
void entry_set(gfn_t table, unsigned int i, u64 entry);

/* Map @gfn at @va by a leaf of level @size; returns the frame of its table. */
gfn_t guest_map(u64 va, gfn_t gfn, int size, u64 bits);

/* A page fault; touch() asserts that it ends with a mapping. */
enum mmu_result fault(u64 va, u64 error);
void touch(u64 va, u64 error);

/* The entry at which the processor's walk ends; its level or 0. */
u64 *spte_at(u64 va, int *level);
int level_of(u64 va);
bool can_write(u64 va);
bool is_accessed(u64 va);
void access_set(u64 va);

/* How many faults the guest may still get; stop() wants none left. */
extern int faults_due;

/* Leaves of a level that there are. */
long mapped(int level);

/* Leaves and reverse maps are the same thing from two sides. */
void check(void);

void zap(gfn_t first, gfn_t end, bool may_yield);

#endif
