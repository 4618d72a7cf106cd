// SPDX-License-Identifier: GPL-2.0-only
/* Repeating a walk: only when every entry says the same, and then to the same end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <linux/bits.h>
#include <linux/errno.h>

#include "mmu/mmu.h"

#define WORDS	(16 * 512)
#define TABLE(level)	((level) * 0x1000ull)
#define RIGHTS	7ull		/* present, writable, user */

/* Indexes 1, 2, 3, 4 from level 4 down. */
#define VA	0x8080604567ull
#define GPA	0x9567ull

static u64 word[WORDS];
static u64 root;
static int reads, writes;
static struct mmu_vcpu vcpu;

void mmu_guest_flush(struct mmu_vcpu *v)
{
}

int mmu_env_guest_read(struct mmu_vcpu *v, gpa_t gpa, void *buf,
		       unsigned int len)
{
	reads++;
	if (gpa + len > sizeof(word))
		return -EFAULT;
	memcpy(buf, (char *)word + gpa, len);
	return 0;
}

/* Userspace's addresses: a slot change moves all of them. */
static u64 slots = 1;
#define HVA(gpa)	((slots << 32) + (gpa))

u64 mmu_env_guest_slots(struct mmu_vcpu *v)
{
	return slots;
}

hva_t mmu_env_guest_hva(struct mmu_vcpu *v, gpa_t gpa)
{
	return gpa < sizeof(word) ? HVA(gpa) : 0;
}

enum mmu_again mmu_env_guest_again(struct mmu_vcpu *v, struct mmu_walk *w,
				   unsigned int code)
{
	unsigned int i, size = w->wide ? 8 : 4;
	u64 entry;

	if (w->slots != slots)
		return AGAIN_MOVED;
	for (i = 0; i < w->n; i++) {
		assert_true(w->at[i] == HVA(w->step[i].gpa));
		entry = 0;
		if (mmu_env_guest_read(v, w->at[i] - HVA(0), &entry, size) ||
		    entry != w->step[i].entry)
			return AGAIN_CHANGED;
	}
	if (code == AGAIN_NO_CODE)
		return AGAIN_SAME;
	if (!w->hva || mmu_env_guest_read(v, w->hva - HVA(0) + code, &w->code, 8))
		return AGAIN_CHANGED;
	return AGAIN_SAME;
}

int mmu_env_guest_cmpxchg(struct mmu_vcpu *v, gpa_t gpa, unsigned int size,
			  u64 old, u64 new)
{
	writes++;
	memcpy((char *)word + gpa, &new, size);
	return 0;
}

static u64 root_get(struct mmu_vcpu *v)
{
	return root;
}

static u64 pdptr_get(struct mmu_vcpu *v, int i)
{
	return word[root / 8 + i];
}

static u64 *entry_at(int level)
{
	static const int index[] = { 0, 4, 3, 2, 1 };

	return &word[(TABLE(level) >> 3) + index[level]];
}

static void mode_set(u64 cr4, u64 efer)
{
	const struct mmu_cpu cpu = {
		.cr0 = BIT_ULL(31) | BIT_ULL(16) | 1, .cr4 = cr4, .efer = efer,
		.feat = { .maxphyaddr = 40, .gib_pages = true, .pse36 = true },
	};

	mmu_ctx_update(&vcpu, MMU_CTX_GUEST, &cpu);
}

static int setup(void **state)
{
	static const struct mmu_ctx_ops ops = {
		.root_get = root_get, .pdptr_get = pdptr_get,
	};
	int level;

	memset(word, 0, sizeof(word));
	memset(&vcpu, 0, sizeof(vcpu));
	vcpu.ctx[MMU_CTX_GUEST].ops = &ops;
	root = TABLE(4);
	mode_set(BIT_ULL(5), BIT_ULL(8) | BIT_ULL(10));
	for (level = 4; level > 1; level--)
		*entry_at(level) = TABLE(level - 1) | RIGHTS;
	*entry_at(1) = (GPA & ~0xfffull) | RIGHTS;
	return 0;
}

static bool full(u64 va, u64 pf, gpa_t *gpa)
{
	const struct gwalk_access access = { .pf = pf };
	struct gwalk_result res;

	if (mmu_translate(&vcpu, MMU_CTX_GUEST, va, &access, &res) != GWALK_OK)
		return false;
	*gpa = res.gpa;
	return true;
}

static bool again(u64 va, u64 pf, gpa_t *gpa)
{
	const struct gwalk_access access = { .pf = pf };

	return mmu_translate_again(&vcpu, root, va, &access, gpa);
}

static void repeats(void **state)
{
	gpa_t gpa;

	assert_false(again(VA, 0, &gpa));
	assert_true(full(VA, 0, &gpa) && gpa == GPA);
	gpa = 0;
	assert_true(again(VA, 0, &gpa) && gpa == GPA);
	assert_true(again(VA + 1, 0, &gpa) && gpa == GPA + 1);
	assert_false(again(VA + 0x1000, 0, &gpa));
	/* One walk for data, one for code. */
	assert_false(again(VA, PF_FETCH, &gpa));
	assert_true(full(VA, PF_FETCH, &gpa));
	assert_true(again(VA, PF_FETCH, &gpa) && gpa == GPA);
	assert_true(again(VA, 0, &gpa) && gpa == GPA);
}

#define NOWHERE	(~0ull)

static gpa_t code_again(u64 va, u64 pf, u64 *code)
{
	const struct mmu_walk *w = mmu_code_again(&vcpu, root, va, pf);

	if (!w)
		return NOWHERE;
	*code = w->code;
	return (w->gfn << 12) + (va & 0xfff);
}

/* Code comes along, as it is now, and as long as it is all in the page. */
static void code(void **state)
{
	u64 va = VA & ~0xfffull, at = GPA & ~0xfffull, seen;
	gpa_t gpa;

	assert_true(code_again(va + 8, PF_FETCH, &seen) == NOWHERE);
	assert_true(full(va, PF_FETCH, &gpa));
	word[at / 8 + 1] = 0x1122334455667788;
	assert_true(code_again(va + 8, PF_FETCH, &seen) == at + 8);
	assert_true(seen == 0x1122334455667788);
	word[at / 8 + 1] = 0x99;
	assert_true(code_again(va + 8, PF_FETCH, &seen) == at + 8 && seen == 0x99);
	assert_true(code_again(va + 8, PF_FETCH | PF_USER, &seen) == NOWHERE);
	assert_true(code_again(va + 4088, PF_FETCH, &seen) == at + 4088);
	assert_true(code_again(va + 4089, PF_FETCH, &seen) == NOWHERE);
	/* Where no slot is there is no code, though the walk may be repeated. */
	*entry_at(1) = 0x100000 | RIGHTS;
	assert_true(code_again(va, PF_FETCH, &seen) == NOWHERE);
	assert_true(full(va, PF_FETCH, &gpa));
	assert_true(again(va, PF_FETCH, &gpa) && gpa == 0x100000);
	assert_true(code_again(va, PF_FETCH, &seen) == NOWHERE);
}

/* Userspace has memory elsewhere, or the root in another place. */
static void moves(void **state)
{
	gpa_t gpa;

	assert_true(full(VA, 0, &gpa));
	assert_true(again(VA, 0, &gpa));
	slots++;
	assert_true(again(VA, 0, &gpa) && gpa == GPA);
	word[0x8000 / 8 + 1] = *entry_at(4);
	root = 0x8000;
	slots++;
	assert_true(again(VA, 0, &gpa) && gpa == GPA);
	root = TABLE(4);
	assert_true(again(VA, 0, &gpa) && gpa == GPA);
	/* What memory lacks is no table. */
	root = sizeof(word);
	assert_false(again(VA, 0, &gpa));
	root = TABLE(4);
	assert_true(again(VA, 0, &gpa) && gpa == GPA);
}

/* Another right, another privilege, another reason to ignore SMAP. */
static void other_access(void **state)
{
	struct gwalk_access access = { .pf = 0 };
	gpa_t gpa;

	assert_true(full(VA, 0, &gpa));
	assert_false(again(VA, PF_WRITE, &gpa));
	assert_false(again(VA, PF_USER, &gpa));
	assert_false(again(VA, PF_IMPLICIT, &gpa));
	access.regs.ac = true;
	assert_false(mmu_translate_again(&vcpu, root, VA, &access, &gpa));
	access.regs.ac = false;
	access.regs.pkru = 4;
	assert_false(mmu_translate_again(&vcpu, root, VA, &access, &gpa));
	assert_true(again(VA, 0, &gpa));
}

static void any_entry(void **state)
{
	gpa_t gpa;
	int level;

	for (level = 4; level > 0; level--) {
		assert_true(full(VA, 0, &gpa));
		*entry_at(level) ^= BIT_ULL(9);	/* available to software */
		assert_false(again(VA, 0, &gpa));
		assert_true(full(VA, 0, &gpa));
		assert_true(again(VA, 0, &gpa));
		*entry_at(level) ^= RIGHTS;
		assert_false(again(VA, 0, &gpa));
		*entry_at(level) ^= RIGHTS;
	}
}

/* Each of them, and the CPU, counts. */
static void what_makes_a_context(void **state)
{
	static const struct mmu_cpu base = {
		.cr0 = BIT_ULL(31) | BIT_ULL(16) | 1, .cr4 = BIT_ULL(5),
		.efer = BIT_ULL(8) | BIT_ULL(10),
		.feat = { .maxphyaddr = 40, .gib_pages = true, .pse36 = true },
	};
	const struct mmu_ctx *ctx = &vcpu.ctx[MMU_CTX_GUEST];
	struct mmu_cpu cpu = base;

	cpu.cr0 &= ~BIT_ULL(16);
	mmu_ctx_update(&vcpu, MMU_CTX_GUEST, &cpu);
	assert_false(ctx->bits.wp);
	mmu_ctx_update(&vcpu, MMU_CTX_GUEST, &base);
	assert_true(ctx->bits.wp);
	cpu = base;
	cpu.cr4 |= BIT_ULL(20);
	mmu_ctx_update(&vcpu, MMU_CTX_GUEST, &cpu);
	assert_true(ctx->bits.smep);
	cpu = base;
	cpu.efer |= BIT_ULL(11);
	mmu_ctx_update(&vcpu, MMU_CTX_GUEST, &cpu);
	assert_true(ctx->bits.nx && !ctx->bits.smep);
	cpu = base;
	cpu.feat.maxphyaddr = 36;
	mmu_ctx_update(&vcpu, MMU_CTX_GUEST, &cpu);
	assert_int_equal(ctx->feat.maxphyaddr, 36);
	cpu.cr0 &= ~BIT_ULL(31);
	mmu_ctx_update(&vcpu, MMU_CTX_GUEST, &cpu);
	assert_null(ctx->walk.fmt);
	cpu = base;
	mmu_ctx_update(&vcpu, MMU_CTX_GUEST, &cpu);
	assert_non_null(ctx->walk.fmt);
}

static void registers(void **state)
{
	gpa_t gpa;

	assert_true(full(VA, 0, &gpa));
	root = 0x8000;
	assert_false(again(VA, 0, &gpa));
	root = TABLE(4);
	assert_true(again(VA, 0, &gpa));
	/* As VMRUN and #VMEXIT load them: the same each time. */
	mode_set(BIT_ULL(5), BIT_ULL(8) | BIT_ULL(10));
	assert_true(again(VA, 0, &gpa));
	mode_set(BIT_ULL(5) | BIT_ULL(20), BIT_ULL(8) | BIT_ULL(10));
	assert_false(again(VA, 0, &gpa));
	/* PAE is not remembered: its first entries lie elsewhere. */
	mode_set(BIT_ULL(5), 0);
	root = TABLE(3);
	*entry_at(3) = 0;
	word[TABLE(3) / 8] = TABLE(2) | 1;
	assert_true(full(0x604567, 0, &gpa) && gpa == GPA);
	assert_false(again(0x604567, 0, &gpa));
}

/*
 * Who only looks leaves accessed and dirty bits alone; what is walked then is no walk
 * to be repeated for somebody who would set them.
 */
static void looks(void **state)
{
	const struct gwalk_access look = { .no_ad = true };
	const u64 accessed = BIT_ULL(5);
	struct gwalk_result res;
	gpa_t gpa;
	int level;

	writes = 0;
	assert_int_equal(mmu_translate(&vcpu, MMU_CTX_GUEST, VA, &look, &res),
			 GWALK_OK);
	assert_true(res.gpa == GPA && !writes);
	assert_false(again(VA, 0, &gpa));
	assert_true(full(VA, 0, &gpa) && gpa == GPA);
	for (level = 1; level <= 4; level++)
		assert_true(*entry_at(level) & accessed);
	/* They are there: a look may repeat it. */
	writes = 0;
	assert_true(mmu_translate_again(&vcpu, root, VA, &look, &gpa));
	assert_true(gpa == GPA && !writes);
}

/* Without PDPTE registers a walk reads the one that it wants, where it lies. */
static void pdptes_in_memory(void **state)
{
	static const struct mmu_ctx_ops ops = { .root_get = root_get };
	gpa_t gpa;

	vcpu.ctx[MMU_CTX_GUEST].ops = &ops;
	mode_set(BIT_ULL(5), 0);
	root = TABLE(3);
	*entry_at(3) = 0;
	/* The processor has checked it; an emulated one leaves an accessed bit. */
	word[TABLE(3) / 8] = TABLE(2) | 1 | BIT_ULL(5);
	reads = 0;
	assert_true(full(0x604567, 0, &gpa) && gpa == GPA);
	assert_int_equal(reads, 3);
	assert_true(word[TABLE(3) / 8] == (TABLE(2) | 1 | BIT_ULL(5)));
}

static void two_levels(void **state)
{
	u32 *table = (u32 *)((char *)word + TABLE(2));
	gpa_t gpa;

	mode_set(BIT_ULL(4), 0);
	root = TABLE(2);
	table[1] = 0x00800000 | RIGHTS | BIT(7);	/* 4 MiB */
	table[2] = 0x77777777;				/* its neighbour */
	assert_true(full(0x412345, 0, &gpa) && gpa == 0x812345);
	assert_true(again(0x412345, 0, &gpa) && gpa == 0x812345);
	table[2] = 0;
	assert_true(again(0x412345, 0, &gpa));
	table[1] ^= BIT(9);
	assert_false(again(0x412345, 0, &gpa));
}

static u64 error_of(u64 va, u64 pf, u32 pkru)
{
	const struct gwalk_access access = { .pf = pf, .regs.pkru = pkru };
	struct gwalk_result res;

	if (mmu_translate(&vcpu, MMU_CTX_GUEST, va, &access, &res) == GWALK_OK)
		return 0;
	return res.error;
}

/* SDM vol. 3, 4.1.3 and 4.7: control bits count in some modes only. */
static void bits_of_other_modes(void **state)
{
	const u64 pke = BIT_ULL(22), lma = BIT_ULL(10), nxe = BIT_ULL(11);
	u32 *table = (u32 *)((char *)word + TABLE(2));

	/* Key 0 forbids all: in IA-32e mode. */
	mode_set(BIT_ULL(5) | pke, lma);
	assert_int_equal(error_of(VA, PF_USER, 3),
			 PF_PRESENT | PF_USER | PF_PK);
	mode_set(BIT_ULL(5) | pke, 0);
	root = TABLE(3);
	*entry_at(3) = 0;
	word[TABLE(3) / 8] = TABLE(2) | 1;
	assert_int_equal(error_of(0x604567, PF_USER, 3), 0);
	/* PAE tables have NX; 2-level tables have not, nor do they tell fetches. */
	mode_set(BIT_ULL(5), nxe);
	*entry_at(1) |= BIT_ULL(63);
	assert_int_equal(error_of(0x604567, PF_FETCH, 0),
			 PF_PRESENT | PF_FETCH);
	mode_set(BIT_ULL(5), 0);
	assert_int_equal(error_of(0x604567, PF_FETCH, 0),
			 PF_PRESENT | PF_RSVD);
	mode_set(BIT_ULL(4), nxe);
	root = TABLE(2);
	table[1] = 0x00800000 | 1 | BIT(7);
	assert_int_equal(error_of(0x412345, PF_FETCH, 0), 0);
	assert_int_equal(error_of(0x412345, PF_FETCH | PF_USER, 0),
			 PF_PRESENT | PF_USER);
	/* Without PSE it is a table. */
	mode_set(0, 0);
	table[1] = TABLE(1) | 1 | BIT(7);
	((u32 *)word)[TABLE(1) / 4 + 0x12] = 0x00005000 | 1;
	assert_int_equal(error_of(0x412345, 0, 0), 0);
}

/* Whatever happens to the tables: what it says, the whole walk says too. */
static void random_tables(void **state)
{
	static const u64 access[] = { 0, PF_WRITE, PF_USER, PF_FETCH };
	int i, hits = 0;
	gpa_t gpa, want;
	u64 va, pf;

	srandom(1);
	for (i = 0; i < 200000; i++) {
		va = VA + (random() % 4 << 12);
		pf = access[random() % 4];
		if (!(random() % 8))
			word[random() % 4 + entry_at(1) - word] =
				(u64)(random() % 16) << 12 | random() % 8;
		if (!(random() % 64))
			*entry_at(2 + random() % 3) ^= 1ull << random() % 7;
		if (!again(va, pf, &gpa)) {
			full(va, pf, &gpa);
			continue;
		}
		hits++;
		writes = 0;
		assert_true(full(va, pf, &want));
		assert_true(gpa == want);
		/* Accessed and dirty bits were there. */
		assert_int_equal(writes, 0);
	}
	assert_true(hits > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(repeats, setup),
		cmocka_unit_test_setup(code, setup),
		cmocka_unit_test_setup(moves, setup),
		cmocka_unit_test_setup(other_access, setup),
		cmocka_unit_test_setup(any_entry, setup),
		cmocka_unit_test_setup(registers, setup),
		cmocka_unit_test_setup(what_makes_a_context, setup),
		cmocka_unit_test_setup(looks, setup),
		cmocka_unit_test_setup(pdptes_in_memory, setup),
		cmocka_unit_test_setup(two_levels, setup),
		cmocka_unit_test_setup(bits_of_other_modes, setup),
		cmocka_unit_test_setup(random_tables, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
