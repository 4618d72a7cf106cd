// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leaf tables that the guest writes freely, rule by rule: what a flush has to find,
 * who may read a table again, and when.  The world's own checks (shadow_world.h)
 * run beside each step.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/shadow_cases.h"

#define PTE(n)	((DATA + (n)) << 12 | P | W | U | A | D)

static unsigned int unsync_pages(void)
{
	return vm.mmu.shadow->nr_unsync;
}

/* The leaf table is mapped at 0x5000, so that the guest writes it itself. */
static void unsync_make(void)
{
	tables_make();
	poke(T1, 0, DATA << 12 | P | W | U | A | D);
	poke(T1, 5, T1 << 12 | P | W | U | A | D);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(unsync_pages(), 0);
	assert_int_equal(store(0x5000, 8, (DATA + 1) << 12 | P | W | U | A | D),
			 SHADOW_DONE);
	assert_int_equal(unsync_pages(), 1);
	/* Nothing was flushed: the old translation may stay. */
	assert_int_equal(frame(0), DATA);
	assert_int_equal(store(0x5008, 8, DATA << 12 | P | W | U | A | D),
			 SHADOW_DONE);
}

static void test_invlpg(void **state)
{
	unsync_make();
	shadow_invlpg(cpu, 0);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(frame(0), DATA + 1);
	assert_int_equal(unsync_pages(), 1);
	assert_int_equal(shadow_emulated[BECAUSE_SHADOWED], 0);
}

static void point_at(unsigned int n)
{
	assert_int_equal(store(0x5000, 8, PTE(n)), SHADOW_DONE);
	shadow_invlpg(cpu, 0);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(frame(0), DATA + n);
}

/* Some frames in turn: the pages are known, until the host moves one. */
static void test_invlpg_recent(void **state)
{
	const u64 page = HOST + DATA + 1;

	unsync_make();
	point_at(1);
	point_at(0);
	point_at(1);
	/* Its page is remembered in the place of frame 1's. */
	point_at(1 + RECENT_PAGES);
	point_at(1);
	point_at(0);
	world_notify_begin(&vm, page, page + 1, false);
	host_migrate(&vm.host, page, page + 1);
	world_notify_end(&vm, page, page + 1);
	point_at(1);
	assert_int_equal(unsync_pages(), 1);
}

static unsigned int tlb_entries(const struct env_vcpu *v)
{
	unsigned int n = 0;

	for (int i = 0; i < PAGING_TLB; i++)
		n += v->cpu->tlb[i].valid;
	return n;
}

/* Another vCPU has what goes: it runs on the same leaf, and may have let it be old. */
static void test_invlpg_other(void **state)
{
	const struct model_access read = { };
	struct env_vcpu *other;

	unsync_make();
	other = shadow_vcpu_add(&vm, 1);
	addresses(other, 0, 0x200000);
	assert_true(shadow_mode(other, &long_mode, T4 << 12, true));
	assert_int_equal(shadow_access(other, 0, &read, NULL), SHADOW_DONE);
	assert_int_equal(store(0x5000, 8, PTE(2)), SHADOW_DONE);
	assert_int_equal(shadow_access(other, 0, &read, NULL), SHADOW_DONE);
	assert_int_equal(unsync_pages(), 1);
	assert_int_not_equal(tlb_entries(other), 0);
	/* Nothing has changed there. */
	shadow_invlpg(cpu, 0x5000);
	assert_int_not_equal(tlb_entries(other), 0);
	shadow_invlpg(cpu, 0);
	assert_int_equal(tlb_entries(other), 0);
	assert_int_equal(frame(0), DATA + 2);
}

static void test_cr3(void **state)
{
	unsync_make();
	assert_true(shadow_cr3(cpu, T4 << 12));
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(frame(0), DATA + 1);
	assert_int_equal(unsync_pages(), 0);
	/* Protected again: the next write is noticed. */
	assert_false(leaf(0x5000).rights & ACC_W);
}

/* What a flush has to find: another key, and an accessed bit that was cleared. */
static void test_key(void **state)
{
	struct model_paging g = long_mode;

	g.pke = true;
	unsync_make();
	mode(&g, T4);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(store(0x5000, 8, (DATA + 1) << 12 | P | W | U | A | D |
					  KEY(9)), SHADOW_DONE);
	assert_int_equal(leaf(0).pkey, 0);
	assert_true(shadow_cr3(cpu, T4 << 12));
	assert_int_equal(touch(0x5000, 0), SHADOW_DONE);
	assert_int_not_equal(leaf(0).rights && !leaf(0).pkey, 1);
	assert_int_equal(touch_key(0, USER, 1u << 2 * 9), SHADOW_FAULTED);
	assert_int_equal(touch_key(0, USER, 0), SHADOW_DONE);
	assert_int_equal(leaf(0).pkey, 9);
}

static void test_accessed(void **state)
{
	unsync_make();
	shadow_invlpg(cpu, 0);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(store(0x5000, 8, (DATA + 1) << 12 | P | W | U),
			 SHADOW_DONE);
	assert_true(shadow_cr3(cpu, T4 << 12));
	assert_int_equal(touch(0x5000, 0), SHADOW_DONE);
	assert_int_equal(leaf(0).rights, 0);
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_int_equal(peek(T1, 0) & (A | D), A);
}

/*
 * A leaf that is made again with fewer rights: what a processor has cached goes at
 * once, though the guest has flushed nothing.  The dirty log flushes only where it
 * finds a leaf that may be written.
 */
static void test_fewer_rights(void **state)
{
	long before;

	unsync_make();
	assert_int_equal(store(0x5000, 8, (DATA + 1) << 12 | P | W | U | A | D | NX),
			 SHADOW_DONE);
	shadow_invlpg(cpu, 0);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_true(leaf(0).rights & ACC_W);
	assert_int_equal(store(0x5000, 8, (DATA + 1) << 12 | P | U | A | D),
			 SHADOW_DONE);
	assert_true(leaf(0).rights & ACC_W);
	before = vm.flushes;
	assert_int_equal(touch(0, FETCH), SHADOW_DONE);
	assert_int_equal(frame(0), DATA + 1);
	assert_false(leaf(0).rights & ACC_W);
	assert_true(vm.flushes > before);
}

/* Another vCPU of another mode has the frame for a table, too. */
static void test_other_vcpu(void **state)
{
	struct env_vcpu *first = cpu;
	struct model_paging g = long_mode;

	unsync_make();
	cpu = shadow_vcpu_add(&vm, 1);
	g.wp = false;
	addresses(cpu, 0, 0x200000);
	mode(&g, T4);
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_int_equal(frame(0), DATA + 1);
	cpu = first;
	shadow_check(&vm, true);
}

/*
 * What is linked anew joins addresses that never had what an unsync table below
 * still says.
 */
static void test_linked(void **state)
{
	tables_make();
	poke(T1, 0, DATA << 12 | P | W | U | A | D);
	poke(T1, 5, T1 << 12 | P | W | U | A | D);
	/* A second way to the same directory, not used yet. */
	poke(T4, 1, T3 << 12 | P | W | U);
	addresses(cpu, 0, 1ull << 39);
	mode(&long_mode, T4);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(store(0x5000, 8, (DATA + 1) << 12 | P | W | U | A | D),
			 SHADOW_DONE);
	shadow_invlpg(cpu, 1ull << 39);
	assert_int_equal(touch((1ull << 39) + 0x5000, 0), SHADOW_DONE);
	assert_int_equal(touch(1ull << 39, 0), SHADOW_DONE);
	assert_int_equal(frame(1ull << 39), DATA + 1);
}

/* A supervisor's page becomes a user's, which SMAP keeps the supervisor from. */
static void test_user(void **state)
{
	struct model_paging g = long_mode;

	g.smap = true;
	tables_make();
	poke(T1, 0, PTE(0) & ~U);
	poke(T1, 5, T1 << 12 | P | W | A | D);
	mode(&g, T4);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	assert_int_equal(store(0x5000, 8, PTE(0)), SHADOW_DONE);
	assert_int_equal(unsync_pages(), 1);
	assert_true(shadow_cr3(cpu, T4 << 12));
	assert_int_equal(touch(0, 0), SHADOW_FAULTED);
	assert_int_equal(touch(0, AC), SHADOW_DONE);
}

/* Of 1024 entries those of the second half, where the first says what was true. */
static void test_second_half(void **state)
{
	struct model_paging g = long_mode;
	const u32 old = DATA << 12 | P | W | U | A | D;

	g.mode = MODEL_32;
	addresses(cpu, 0, 0x200000);
	poke_short(T2, 0, T1 << 12 | P | W | U);
	poke_short(T1, 3, old);
	poke_short(T1, 5, T1 << 12 | P | W | U | A | D);
	poke_short(T1, 512 + 3, old);
	mode(&g, T2);
	assert_int_equal(touch(0x203000, WRITE), SHADOW_DONE);
	assert_int_equal(store(0x5000 + 4 * (512 + 3), 4, old + 0x1000),
			 SHADOW_DONE);
	assert_true(shadow_cr3(cpu, T2 << 12));
	assert_int_equal(touch(0x203000, WRITE), SHADOW_DONE);
	assert_int_equal(frame(0x203000), DATA + 1);
}

/* A refill that is a table's frame: the guest's next write to it has to fault. */
static void test_refill_table(void **state)
{
	tables_make();
	poke(T1, 5, T1 << 12 | P | W | U | A | D);
	poke(T1, 6, PTE(0));
	mode(&long_mode, T4);
	assert_int_equal(touch(0x6000, WRITE), SHADOW_DONE);
	assert_int_equal(store(0x5030, 8, T2 << 12 | P | W | U | A | D),
			 SHADOW_DONE);
	shadow_invlpg(cpu, 0x6000);
	assert_int_equal(frame(0x6000), T2);
	assert_false(leaf(0x6000).rights & ACC_W);
	assert_int_equal(store(0x6000, 8, 0), SHADOW_EMULATED);
	assert_int_equal(leaf(0x6000).rights, 0);
}

/* An address is flushed before the vCPU ever ran, or after its root went. */
static void test_invlpg_no_root(void **state)
{
	tables_make();
	poke(T1, 0, PTE(0));
	mode(&long_mode, T4);
	shadow_invlpg(cpu, 0);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
	mmu_zap_all(&vm.mmu);
	assert_false(mmu_root_is_current(&cpu->v));
	shadow_invlpg(cpu, 0);
	assert_int_equal(touch(0, WRITE), SHADOW_DONE);
}

/* ------------------------------------------------------------------------ */
/* Two vCPUs. */

static struct env_vcpu *second_make(const struct model_paging *g, u64 root)
{
	struct env_vcpu *first = cpu, *v = shadow_vcpu_add(&vm, 1);

	addresses(v, 0, 0x200000);
	cpu = v;
	mode(g, root);
	cpu = first;
	return v;
}

static enum shadow_end read_by(struct env_vcpu *v, u64 va)
{
	return shadow_access(v, va, &(struct model_access){ 0 }, NULL);
}

/*
 * One without a key in the entries reads no table of one that has: the first four
 * bytes of the first entry say the same to both.
 */
static void test_other_format(void **state)
{
	struct model_paging g = long_mode, narrow = long_mode;
	struct env_vcpu *other;

	narrow.mode = MODEL_32;
	narrow.nxe = false;
	g.nxe = false;
	g.pke = true;
	unsync_make();
	mode(&g, T4);
	assert_int_equal(store(0x5000, 8, PTE(0)), SHADOW_DONE);
	shadow_invlpg(cpu, 0);
	assert_int_equal(touch_key(0, USER | WRITE, 0), SHADOW_DONE);
	assert_int_equal(store(0x5000, 8, PTE(0) | KEY(9)), SHADOW_DONE);
	other = second_make(&narrow, 24);
	assert_int_equal(read_by(other, 0), SHADOW_FAULTED);
	assert_true(shadow_cr3(cpu, T4 << 12));
	assert_int_equal(touch_key(0, USER, 1u << 2 * 9), SHADOW_FAULTED);
	assert_int_equal(touch_key(0, USER, 0), SHADOW_DONE);
}

static struct env_vcpu *writer;
static bool written;
static int peeks;

/* The processor of @writer, which takes no locks, by what it has cached. */
static void write_now(void)
{
	const struct model_access a = { .write = true };
	u64 error;

	if (!lockdep_is_held(&vm.mmu.lock))
		return;
	peeks++;
	env_peek_hook = NULL;
	written = paging_access(writer, 0x5000, &a,
				&(struct paging_store){ 8, PTE(3) }, &error);
}

/* Another vCPU may write the table, with no fault any more. */
static void writer_make(void)
{
	unsync_make();
	writer = second_make(&long_mode, T4);
	assert_int_equal(shadow_access(writer, 0x5000,
				       &(struct model_access){ .write = true },
				       &(struct paging_store){ 8, PTE(2) }),
			 SHADOW_DONE);
	assert_int_equal(unsync_pages(), 1);
	written = false;
	peeks = 0;
}

/* What counts as read could not be written any more. */
static void read_once(void)
{
	assert_int_equal(peeks, 1);
	assert_false(written);
	assert_int_equal(unsync_pages(), 0);
	assert_false(leaf(0x5000).rights & ACC_W);
}

static void test_flush_race(void **state)
{
	writer_make();
	env_peek_hook = write_now;
	assert_true(shadow_cr3(cpu, T4 << 12));
	assert_int_equal(touch(0x1000, 0), SHADOW_DONE);
	read_once();
	assert_int_equal(touch(0, 0), SHADOW_DONE);
	assert_int_equal(frame(0), DATA + 2);
}

static void test_link_race(void **state)
{
	poke(T2, 1, T1 << 12 | P | W | U | A);
	writer_make();
	env_peek_hook = write_now;
	assert_int_equal(touch(0x201000, 0), SHADOW_DONE);
	read_once();
	assert_int_equal(frame(0x200000), DATA + 2);
}

/* ------------------------------------------------------------------------ */

static enum shadow_end go(u64 va, const struct paging_store *store)
{
	const struct model_access a = { .write = store };

	cpu->cpu->va[0].va = va & ~0xfffull;
	past_forget(cpu);
	return shadow_access(cpu, va, &a, store);
}

/* 64 tables at most; a write to one more is emulated. */
static void test_limit(void **state)
{
	const struct paging_store none = { 8, 0 };
	int i;

	mmu_page_limit_set(&vm.mmu, 1000);
	tables_make();
	for (i = 0; i < 65; i++) {
		poke(T2, 1 + i, (100ull + i) << 12 | P | W | U | A);
		poke(T1, 1 + i, (100ull + i) << 12 | P | W | U | A | D);
		poke(100 + i, 0, PTE(i));
	}
	mode(&long_mode, T4);
	for (i = 0; i < 65; i++)
		assert_int_equal(go((1ull + i) << 21, NULL), SHADOW_DONE);
	for (i = 0; i < 64; i++)
		assert_int_equal(go((1ull + i) << 12 | 8, &none), SHADOW_DONE);
	assert_int_equal(unsync_pages(), 64);
	assert_int_equal(go(65ull << 12 | 8, &none), SHADOW_EMULATED);
	assert_int_equal(unsync_pages(), 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_invlpg),
		CASE(test_invlpg_recent),
		CASE(test_invlpg_other),
		CASE(test_cr3),
		CASE(test_key),
		CASE(test_accessed),
		CASE(test_fewer_rights),
		CASE(test_other_vcpu),
		CASE(test_linked),
		CASE(test_user),
		CASE(test_second_half),
		CASE(test_refill_table),
		CASE(test_invlpg_no_root),
		CASE(test_other_format),
		CASE(test_flush_race),
		CASE(test_link_race),
		CASE(test_limit),
	};

	shim_seed = 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
