// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random tables of L2 by random tables of L1, in every mode of both, against the
 * composition of two naive walks: the contexts are made from registers as vendors
 * do it, and each fault of L1's tables goes through the sink.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mmu/mmu_nested.h"
#include "tests/unit/walk_pair.h"
#include "tests/unit/walk_random.h"

static struct pair pair;
static u64 root[2], pdptr[4];
static struct mmu_guest_fault sunk;
static int sinks;

static u64 l2_root(struct mmu_vcpu *vcpu)
{
	return root[0];
}

static u64 l2_pdptr(struct mmu_vcpu *vcpu, int i)
{
	return pdptr[i];
}

static u64 second_root(struct mmu_vcpu *vcpu)
{
	return root[1];
}

static void second_fault(struct mmu_vcpu *vcpu, const struct mmu_guest_fault *f)
{
	sunk = *f;
	sinks++;
}

/* VMX has registers for L2's PDPTEs (SDM vol. 3, 25.4.2), SVM has none. */
static const struct mmu_ctx_ops l2_vmx_ops = {
	.root_get = l2_root, .pdptr_get = l2_pdptr,
};

static const struct mmu_ctx_ops l2_svm_ops = {
	.root_get = l2_root,
};

static const struct mmu_ctx_ops second_ops = {
	.root_get = second_root, .fault = second_fault,
};

/* Bits of CR0, CR4 and EFER that are none of paging's business are random. */
static struct mmu_cpu cpu_of(const struct model_paging *p)
{
	struct mmu_cpu cpu = {
		.cr0 = walk_rnd() & 0x6006003e,
		.cr4 = walk_rnd() & 0x000407cf,
		.efer = walk_rnd() & 0x5001,
		.feat = { .maxphyaddr = p->maxphyaddr, .amd = p->amd,
			  .gib_pages = p->gib_pages, .pse36 = p->pse36 },
	};

	cpu.cr0 |= (p->mode != MODEL_OFF ? 0x80000001 : 0) | p->wp << 16;
	cpu.cr4 |= p->pse << 4 | p->smep << 20 | p->smap << 21 | p->pke << 22;
	cpu.efer |= p->nxe << 11;
	if (p->mode >= MODEL_PAE)
		cpu.cr4 |= 1 << 5;
	if (p->mode >= MODEL_4LEVEL)
		cpu.efer |= 0x500;
	if (p->mode == MODEL_5LEVEL)
		cpu.cr4 |= 1 << 12;
	return cpu;
}

/* What a root register may hold beside the root: SDM tables 4-3, 4-7, 4-12. */
static u64 root_of(struct model_paging *p)
{
	u64 noise = walk_rnd();

	switch (p->mode) {
	case MODEL_32:
		return p->root | (noise & 0xffffffff00000fff);
	case MODEL_PAE:
		/* Anywhere in the page, 32 bytes aligned. */
		p->root |= noise & 0xfe0;
		return p->root | (noise & 0xffffffff0000001f);
	case MODEL_OFF:
		return noise;
	default:
		return p->root | (noise & 0xfff0000000000fff);
	}
}

static void second_set(struct model_paging *p)
{
	u64 cap = 0x106140 | p->exec_only | 1 << 7 | p->gib_pages << 17 |
		  (p->ept_ad ? 1 << 21 : 0);
	u64 eptp = p->root | (walk_one_in(2) ? 6 : 0) |
		   (walk_levels(p->mode) - 1) << 3 | p->ept_ad << 6;
	struct mmu_cpu cpu;

	if (p->mode >= MODEL_EPT4) {
		root[1] = eptp;
		assert_int_equal(mmu_nested_ept(&pair.mem.vcpu, eptp, cap,
						p->maxphyaddr), 0);
		return;
	}
	root[1] = root_of(p);
	cpu = cpu_of(p);
	assert_int_equal(mmu_nested_npt(&pair.mem.vcpu, &cpu), 0);
}

static void control(void)
{
	struct model_paging *p = pair.cpu;
	struct mmu_cpu cpu;

	walk_random_control(&p[0], 0);
	walk_random_control(&p[1], 1);
	/* The contexts of a CPU set them always; EPT: bit 6 of the EPTP. */
	p[0].set_ad = p[1].set_ad = true;
	root[0] = root_of(&p[0]);
	memcpy(pdptr, p[0].pdpte, sizeof(pdptr));
	second_set(&p[1]);
	cpu = cpu_of(&p[0]);
	mmu_ctx_update(&pair.mem.vcpu, MMU_CTX_L2, &cpu);
}

static void sink_check(u64 va, const struct gwalk_result *res)
{
	sinks = 0;
	mmu_nested_fault(&pair.mem.vcpu, va, res);
	assert_int_equal(sinks, 1);
	assert_true(sunk.addr == res->fault_addr && sunk.error == res->error &&
		    sunk.rights == res->rights && sunk.has_la &&
		    sunk.misconfig == res->misconfig && sunk.la == va);
}

static enum gwalk_status walk(struct pair *t, u64 va,
			      const struct gwalk_access *access,
			      struct gwalk_result *res)
{
	enum gwalk_status status;

	status = mmu_translate(&t->mem.vcpu, MMU_CTX_L2, va, access, res);
	if (status == GWALK_NEXT)
		sink_check(va, res);
	return status;
}

/* L1's tables alone, as a fault of the processor in L2 has them walked. */
static enum gwalk_status walk_second(struct pair *t, u64 gpa,
				     const struct gwalk_access *access,
				     struct gwalk_result *res)
{
	return mmu_translate(&t->mem.vcpu, MMU_CTX_SECOND, gpa, access, res);
}

static void second_alone(void)
{
	struct model_access a = walk_random_access();
	struct pair *t = &pair;
	struct model_paging l2 = t->cpu[0];
	u64 width = 1ull << (t->cpu[1].mode <= MODEL_PAE ? 32 : 48);

	t->cpu[0] = t->cpu[1];
	t->walk = walk_second;
	pair_walk(t, walk_rnd() & (width - 1), &a);
	t->cpu[0] = l2;
	t->walk = walk;
}

static void walk_modes(enum model_mode mode, enum model_mode next, int walks)
{
	const bool ept = next >= MODEL_EPT4;
	struct model_paging *p = pair.cpu;
	struct model_access a;
	int i;

	p[1] = (struct model_paging){
		.mode = next, .nested = !ept, .pdpte_mem = true,
	};
	p[0] = (struct model_paging){
		.mode = mode, .next = &p[1], .pdpte_mem = !ept,
		.pdpte_lax = !ept,
	};
	mmu_nested_init(&pair.mem.vcpu, ept ? &l2_vmx_ops : &l2_svm_ops,
			&second_ops);
	for (i = 0; i < walks; i++) {
		if (i % 32 == 0)
			control();
		if (i % 4096 == 0) {
			walk_fill_tables(&pair.mem, &p[0], 0);
			walk_fill_tables(&pair.mem, &p[1], 1);
		}
		a = walk_random_access();
		pair_walk(&pair, walk_random_va(&p[0]), &a);
		if (i % 4 == 0)
			second_alone();
	}
}

static void report(unsigned long walks)
{
	print_message("%lu walks: %lu done, %lu L2's faults, %lu L1's, "
		      "%lu outside; %lu self-changing\n",
		      walks, pair.ended[MODEL_DONE], pair.ended[MODEL_FAULT],
		      pair.ended[MODEL_NEXT], pair.ended[MODEL_NOWHERE],
		      pair.retries);
	assert_true(pair.ended[MODEL_DONE] > walks / 10);
	assert_true(pair.ended[MODEL_FAULT] > walks / 10);
	assert_true(pair.ended[MODEL_NEXT] > walks / 10);
	assert_true(pair.retries < walks / 100);
}

static void every_mode(void **state)
{
	const int walks = 16384;
	unsigned long n = 0;
	int mode, next;

	for (mode = MODEL_OFF; mode <= MODEL_5LEVEL; mode++)
		for (next = MODEL_32; next <= MODEL_EPT5; next++, n += walks)
			walk_modes(mode, next, walks);
	report(n + n / 4);
}

static int start(void **state)
{
	const char *seed = getenv("LAMINA_SEED");

	memset(&pair, 0, sizeof(pair));
	pair.walk = walk;
	gmem_machine(&pair.mem, 5);
	walk_seed(seed ? strtoull(seed, NULL, 0) : 1);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_mode, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
