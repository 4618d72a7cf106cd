/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * L1's second-level tables and L2's own, for hand-written cases.  Included by the
 * test programs after cmocka.
 *
 * Registers, entries and error codes are written as the manuals' numbers: APM vol.
 * 2, 15.25; SDM vol. 3, 25.6.11 and 29.3; error codes P 1, W 2, U 4, RSVD 8, I/D
 * 0x10, bit 32 the final address, bit 33 a table.
 */
#ifndef UNIT_NESTED_WORLD_H
#define UNIT_NESTED_WORLD_H

#include <linux/errno.h>

#include "mmu/mmu_nested.h"
#include "tests/unit/gmem.h"

#define NX	0x8000000000000000ull

/* L1's state by mode: CR0.PG and PE, CR4, EFER. */
#define CR0	0x80000001ull
#define CR0_WP	0x10000ull
#define PSE	0x10ull
#define PAE	0x20ull
#define LA57	0x1000ull
#define LONG	0x500ull	/* EFER.LME and LMA */
#define NXE	0x800ull

/* An EPTP's low bits: write-back, 4 levels; and with A/D bits. */
#define EPTP4	0x1eull
#define EPTP4AD	0x5eull
#define EPTP5	0x26ull
/* Execute-only, 4 and 5 levels, UC and WB, 2 MiB and 1 GiB, A/D. */
#define CAPS	0x2341c1ull

/* L2's tables, in its own physical addresses and where they really are. */
#define L2(level)	((level) * 0x1000ull)
#define L2_AT		0x10000ull
/* L1's tables. */
#define TABLE(level)	(0x20000 + (level) * 0x1000ull)

/* L2's address: indexes 1, 2, 3, 4 from level 4 down. */
#define VA	0x8080604567ull
/* Where it leads, in L2's view and in L1's. */
#define GPA	0x5567ull
#define L1_GPA	0x15567ull

static struct gmem mem;
static struct gwalk_result res;
static struct perm_regs regs;
static u64 ncr3, cr3;
static struct mmu_guest_fault sunk;
static int sinks, injected;

static inline u64 second_root(struct mmu_vcpu *vcpu)
{
	return ncr3;
}

static inline void second_fault(struct mmu_vcpu *vcpu, const struct mmu_guest_fault *f)
{
	assert_ptr_equal(vcpu, &mem.vcpu);
	sunk = *f;
	sinks++;
}

static inline u64 l2_root(struct mmu_vcpu *vcpu)
{
	return cr3;
}

static inline void l2_fault(struct mmu_vcpu *vcpu, const struct mmu_guest_fault *f)
{
	injected++;
}

static const struct mmu_ctx_ops l2_ops = {
	.root_get = l2_root, .fault = l2_fault,
};

static const struct mmu_ctx_ops second_ops = {
	.root_get = second_root, .fault = second_fault,
};

static inline void put(u64 table, int index, u64 entry)
{
	gmem_set(&mem, table + index * 8, 8, entry);
}

static inline void put32(u64 table, int index, u32 entry)
{
	gmem_set(&mem, table + index * 4, 4, entry);
}

static inline u64 get(u64 table, int index)
{
	return gmem_get(&mem, table + index * 8, 8);
}

static inline int start(void **state)
{
	memset(&mem, 0, sizeof(mem));
	sinks = injected = 0;
	regs = (struct perm_regs){ .pkru = 0 };
	gmem_machine(&mem, 5);
	mmu_nested_init(&mem.vcpu, &l2_ops, &second_ops);
	return 0;
}

static inline struct mmu_cpu cpu_of(u64 cr4, u64 efer)
{
	return (struct mmu_cpu){
		.cr0 = CR0, .cr4 = cr4, .efer = efer,
		.feat = { .maxphyaddr = 40, .gib_pages = true, .pse36 = true,
			  .amd = true },
	};
}

static inline void npt_mode(u64 root, u64 cr4, u64 efer)
{
	const struct mmu_cpu cpu = cpu_of(cr4, efer);

	ncr3 = root;
	assert_int_equal(mmu_nested_npt(&mem.vcpu, &cpu), 0);
}

static inline int ept_mode(u64 eptp, u64 cap)
{
	ncr3 = eptp;
	return mmu_nested_ept(&mem.vcpu, eptp, cap, 40);
}

/* The first 2 MiB of L2 at L1's 0x10000 and up, by tables of 4 levels. */
static inline void second_tables(u64 rights)
{
	int i;

	put(TABLE(4), 0, TABLE(3) | rights);
	put(TABLE(3), 0, TABLE(2) | rights);
	put(TABLE(2), 0, TABLE(1) | rights);
	for (i = 0; i < 16; i++)
		put(TABLE(1), i, L2_AT + i * 0x1000ull + rights);
}

static inline void l2_tables(void)
{
	const struct mmu_cpu cpu = cpu_of(PAE, LONG | NXE);

	mmu_ctx_update(&mem.vcpu, MMU_CTX_L2, &cpu);
	cr3 = L2(4);
	put(L2_AT + L2(4), 1, L2(3) | 7);
	put(L2_AT + L2(3), 2, L2(2) | 7);
	put(L2_AT + L2(2), 3, L2(1) | 7);
	put(L2_AT + L2(1), 4, (GPA & ~0xfffull) | 7);
}

static inline int npt(void **state)
{
	start(state);
	second_tables(7);
	npt_mode(TABLE(4), PAE, LONG | NXE);
	l2_tables();
	return 0;
}

/* Read, write, execute; bits 5:3 of the leaves: write-back. */
static inline int ept(void **state)
{
	int i;

	start(state);
	second_tables(7);
	for (i = 0; i < 16; i++)
		put(TABLE(1), i, get(TABLE(1), i) | 6 << 3);
	assert_int_equal(ept_mode(TABLE(4) | EPTP4, CAPS), 0);
	l2_tables();
	return 0;
}

static inline enum gwalk_status walk(enum mmu_ctx_kind kind, u64 addr, u64 pf)
{
	const struct gwalk_access access = { .pf = pf, .regs = regs };

	return mmu_translate(&mem.vcpu, kind, addr, &access, &res);
}

static inline void second_is(u64 gpa, u64 pf, u64 l1_gpa)
{
	assert_int_equal(walk(MMU_CTX_SECOND, gpa, pf), GWALK_OK);
	assert_true(res.gpa == l1_gpa);
}

static inline void second_faults(u64 gpa, u64 pf, u64 error)
{
	assert_int_equal(walk(MMU_CTX_SECOND, gpa, pf), GWALK_FAULT);
	assert_true(res.error == error);
	assert_true(res.fault_addr == gpa);
}

/* A leaf of each size by tables of 4 levels; @large: low bits of the large ones. */
static inline void second_sizes(u64 large)
{
	second_is(GPA, PF_WRITE, L1_GPA);
	assert_int_equal(res.level, LEVEL_4K);
	assert_int_equal(res.rights, ACC_ALL);
	put(TABLE(2), 1, 0x40400000 | large);
	second_is(0x212345, 0, 0x40412345);
	assert_int_equal(res.level, LEVEL_2M);
	put(TABLE(3), 1, 0x80000000 | large);
	second_is(0x40123456, 0, 0x80123456);
	assert_int_equal(res.level, LEVEL_1G);
	/* Beyond 48 bits nothing can be mapped; P is 0. */
	second_faults(1ull << 48, 0, 4);
	assert_int_equal(res.level, 4);
}

static inline void next_faults(u64 pf, u64 error, u64 gpa)
{
	assert_int_equal(walk(MMU_CTX_L2, VA, pf), GWALK_NEXT);
	assert_true(res.error == error);
	assert_true(res.fault_addr == gpa);
}

#define CASE(name, setup) cmocka_unit_test_setup(name, setup)

#endif
