// SPDX-License-Identifier: GPL-2.0-only
/* The small world of hand-written cases about shadow pages. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <asm/io.h>

#include "tests/unit/fault.h"
#include "tests/unit/shadow_case.h"

#define CR4_PAE		(1ull << 5)
#define EFER_LONG	0xd00ull	/* LME, LMA, NXE */

static const struct mmu_caps caps = {
	MMU_SECOND_NONE, 4, LEVEL_1G, true, false, 48, 0, false
};

struct env_vm vm;
struct env_vcpu *cpu;
gfn_t next_table;
int faults_due;

/* ------------------------------------------------------------------------ */
/* The guest. */

static u64 guest_root(struct mmu_vcpu *v)
{
	return BASE << 12;
}

static u64 guest_pdptr(struct mmu_vcpu *v, int i)
{
	return 0;
}

static void guest_fault(struct mmu_vcpu *v, const struct mmu_guest_fault *f)
{
	if (!faults_due--)
		shim_die("the guest got a fault");
}

static const struct mmu_ctx_ops guest_ops = {
	.root_get = guest_root,
	.pdptr_get = guest_pdptr,
	.fault = guest_fault,
};

void guest_mode(u64 cr0)
{
	struct mmu_cpu state = {
		.cr0 = CR0_PE | cr0,
		.cr4 = CR4_PAE,
		.efer = EFER_LONG,
		.feat = { .maxphyaddr = 48, .gib_pages = true },
	};

	mmu_ctx_update(&cpu->v, MMU_CTX_GUEST, &state);
}

static u64 entry_get(gfn_t table, unsigned int i)
{
	return env_mem_get(HOST + (table - BASE), i * 8, 8);
}

void entry_set(gfn_t table, unsigned int i, u64 entry)
{
	env_mem_set(HOST + (table - BASE), i * 8, 8, entry);
	mmu_guest_written(&cpu->v, (table << 12) + i * 8, 8);
}

static unsigned int index_at(u64 va, int level)
{
	return va >> (12 + 9 * (level - 1)) & 511;
}

/* Map @va in the guest's tables; returns the frame of the table of the leaf. */
gfn_t guest_map(u64 va, gfn_t gfn, int size, u64 bits)
{
	gfn_t table = BASE;
	u64 entry;
	int level;

	for (level = 4; level > size; level--) {
		entry = entry_get(table, index_at(va, level));
		if (!(entry & P)) {
			entry = next_table++ << 12 | P | W | U | A;
			entry_set(table, index_at(va, level), entry);
		}
		table = (entry & ADDR) >> 12;
	}
	entry_set(table, index_at(va, size),
		  gfn << 12 | P | A | (size > 1 ? LARGE : 0) | bits);
	return table;
}

enum mmu_result fault(u64 va, u64 error)
{
	enum mmu_result r = MMU_RETRY;
	struct mmu_fault f;
	hpa_t root;
	int i;

	env_srcu_lock(&vm);
	for (i = 0; r == MMU_RETRY && i < 20; i++) {
		if (mmu_root_load(&cpu->v, &root) < 0)
			shim_die("no root");
		f = fault_of(va, error);
		r = mmu_fault(&cpu->v, &f);
	}
	env_srcu_unlock(&vm);
	return r;
}

void touch(u64 va, u64 error)
{
	assert_int_equal(fault(va, error), MMU_FIXED);
}

/* ------------------------------------------------------------------------ */
/* The hardware. */

u64 *spte_at(u64 va, int *level)
{
	bool pae = !cpu->v.ctx[MMU_CTX_GUEST].walk.fmt;
	u64 *table = cpu->v.root->table, *sptep;

	for (*level = pae ? 3 : 4; ; (*level)--) {
		sptep = &table[index_at(va, *level)];
		if (!(*sptep & P) || *level == 1 || (*sptep & LARGE))
			return sptep;
		table = phys_to_virt(*sptep & ADDR);
	}
}

int level_of(u64 va)
{
	int level;

	return *spte_at(va, &level) & P ? level : 0;
}

bool can_write(u64 va)
{
	int level;

	return (*spte_at(va, &level) & (P | W)) == (P | W);
}

bool is_accessed(u64 va)
{
	int level;

	return *spte_at(va, &level) & A;
}

void access_set(u64 va)
{
	int level;

	*spte_at(va, &level) |= A;
}

long mapped(int level)
{
	return atomic_long_read(&vm.mmu.mapped[level]);
}

/* ------------------------------------------------------------------------ */
/* Leaves and reverse maps are the same thing from two sides. */

static bool is_listed(const struct shadow_page *sp, u64 *sptep)
{
	struct mmu_shadow *s = vm.mmu.shadow;
	const struct shadow_page *direct;
	struct rmap_head head;
	struct rmap_iter it;
	u64 *other;

	if (!sp->role.direct && !(sp->side && sp->side[sptep - sp->spt]))
		return xa_load(&s->home[sp->role.as_id][sp->role.level - 1],
			       shadow_leaf_gfn(sptep) >> 9 * sp->role.level) == sp;
	if (sp->role.direct) {
		direct = shadow_direct(s, sp->role.as_id, sp->role.level,
				       shadow_leaf_gfn(sptep));
		while (direct && direct != sp)
			direct = direct->same;
		return direct;
	}
	head = shadow_rmap_get(s, sp->role.as_id, sp->role.level,
			       shadow_leaf_gfn(sptep));

	rmap_for_each(other, &it, &head)
		if (other == sptep)
			return true;
	return false;
}

/* In an indirect page that is its region's home. */
static long at_home(int level)
{
	struct shadow_page *sp;
	unsigned long i;
	long n = 0;

	xa_for_each(&vm.mmu.shadow->home[0][level - 1], i, sp)
		for (int at = 0; at < 512; at++)
			n += (sp->spt[at] & P) && (level == 1 || (sp->spt[at] & LARGE)) &&
			     !(sp->side && sp->side[at]);
	return n;
}

static long listed(int level)
{
	struct rmap_chunk *c;
	struct rmap_iter it;
	unsigned long at;
	u64 *sptep;
	long n = 0;

	rmap_chunk_for_each(&vm.mmu.shadow->rmap[0][level - 1], at, c, 0, LONG_MAX) {
		for (int i = 0; i < 64; i++)
			rmap_for_each(sptep, &it, &c->head[i])
				n += *sptep & P;
	}
	return n;
}

static long leaves_in(const struct shadow_page *sp)
{
	long n = 0;

	for (int i = 0; i < 512; i++) {
		if (!(sp->spt[i] & P) ||
		    (sp->role.level > 1 && !(sp->spt[i] & LARGE)))
			continue;
		assert_true(is_listed(sp, &sp->spt[i]));
		n++;
	}
	return n;
}

void check(void)
{
	long direct[LEVEL_MAX + 1] = { }, leaves[LEVEL_MAX + 1] = { };
	struct shadow_page *sp;

	list_for_each_entry(sp, &vm.mmu.shadow->pages, link)
		*(sp->role.direct ? &direct[sp->role.level] : &leaves[sp->role.level]) +=
			leaves_in(sp);
	for (int level = 1; level <= 3; level++) {
		assert_int_equal(leaves[level], listed(level) + at_home(level));
		assert_int_equal(leaves[level] + direct[level], mapped(level));
	}
}

/* ------------------------------------------------------------------------ */

void zap(gfn_t start, gfn_t end, bool may_yield)
{
	mmu_invalidate_begin(&vm.mmu, start, end);
	mmu_zap(&vm.mmu, 0, start, end, may_yield);
	mmu_invalidate_end(&vm.mmu);
}

static int start_with(const struct mmu_caps *with)
{
	world_start(&vm, with);
	vm.mmu.page_limit = 1000000;
	host_make(&vm.host, 0, 3, PRESENT);
	world_host_fill(&vm, HOST, 1024);
	world_slot_add(&vm, 0, 0, BASE, 1024, HOST, 0);
	world_slot_add(&vm, 0, 1, BIG, 2048, HOST + 2048, 0);
	world_slot_add(&vm, 0, 2, GIB, 1 << 18, 0, 0);
	env_guest_ops = &guest_ops;
	cpu = world_vcpu_add(&vm, 0);
	next_table = BASE + 1;
	env_srcu_lock(&vm);
	guest_mode(CR0_PG | CR0_WP);
	env_srcu_unlock(&vm);
	return 0;
}

int start(void **state)
{
	return start_with(&caps);
}

int start_nx_huge(void **state)
{
	int r = start_with(&caps);

	world_nx_set(&vm, true);
	return r;
}

int stop(void **state)
{
	shim_yield_odds = 0;
	assert_int_equal(faults_due, 0);
	check();
	world_stop(&vm);
	env_mem_reset();
	env_guest_ops = NULL;
	return 0;
}
