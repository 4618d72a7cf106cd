// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>
#include <linux/spinlock.h>

#include "tests/unit/mmu_ops.h"

#define ALL_MAPPED	(HOST_MAPPED | HOST_VMA_W)
#define ALL_PRESENT	(ALL_MAPPED | HOST_PRESENT | HOST_WRITE)

static unsigned int rnd(unsigned int n)
{
	return shim_random() % n;
}

static u64 rnd_page(u64 n)
{
	return (((u64)shim_random() << 31) | shim_random()) % n;
}

u64 ops_offset(u64 npages)
{
	u64 block = (u64)rnd(3) * 512;

	switch (rnd(8)) {
	case 0:
		return 0;
	case 1:
		return npages - 1;
	case 2:
		return rnd_page(npages);
	case 3:
	case 4:
		return min(block + rnd(4), npages - 1);
	case 5:
		return min(block + 508 + rnd(8), npages - 1);
	default:
		return min((u64)rnd(24), npages - 1);
	}
}

struct env_slot *ops_slot(struct env_vm *vm, int *i)
{
	int at = rnd(2 * ENV_SLOTS);

	for (int n = 0; n < 2 * ENV_SLOTS; n++, at = (at + 1) % (2 * ENV_SLOTS))
		if (vm->slot[at / ENV_SLOTS][at % ENV_SLOTS]) {
			*i = at % ENV_SLOTS;
			return vm->slot[at / ENV_SLOTS][at % ENV_SLOTS];
		}
	return NULL;
}

void ops_host_setup(struct env_vm *vm)
{
	host_make(&vm->host, 0, 3, ALL_PRESENT);
	host_change(&vm->host, 1ull << 18, HOST_PAGES, 0, ALL_MAPPED);
	for (u64 p = 1ull << 18; p < (1ull << 18) + 8192; p += 512)
		host_make(&vm->host, p, 2, ALL_PRESENT);
	for (u64 p = 2ull << 18; p < (2ull << 18) + 700; p++)
		host_make(&vm->host, p, 1, ALL_PRESENT);
	for (u64 p = (3ull << 18) + 64; p < (3ull << 18) + 80; p++)
		host_make(&vm->host, p, 1, ALL_PRESENT | HOST_RAW);
}

/* ------------------------------------------------------------------------ */
/* Userspace. */

static void host_range(struct env_vm *vm, u64 *start, u64 *end)
{
	static const u64 sizes[] = { 1, 1, 1, 2, 16, 64, 512, 700 };
	int i;
	struct env_slot *s = ops_slot(vm, &i);
	u64 n = sizes[rnd(8)];

	*start = rnd_page(HOST_PAGES);
	if (s)
		*start = env_host_page(&s->s, s->s.base_gfn +
				       ops_offset(s->s.npages));
	if (n == 512)
		*start &= ~511ull;
	*end = min(*start + n, HOST_PAGES);
}

static void host_collapse(struct env_vm *vm, u64 page)
{
	struct host_page p;

	host_look(&vm->host, page, &p);
	if (p.flags & HOST_RAW)
		return;
	host_make(&vm->host, page, rnd(8) ? 2 : 3, ALL_PRESENT);
}

static void host_clean(struct env_vm *vm, u64 page)
{
	struct host_page p;
	int level = host_look(&vm->host, page, &p);
	int folio = p.pfn >= HOST_FIRST_1G ? 3 : p.pfn >= HOST_FIRST_2M ? 2 : 1;

	if ((p.flags & HOST_PRESENT) && folio == level)
		host_pfn_set_dirty(&vm->host, p.pfn, false);
}

enum { UNMAP, SWAP, FORK, MPROTECT, MIGRATE, COLLAPSE, CLEAN, POISON, KINDS };

static void host_change_kind(struct env_vm *vm, int kind, u64 start, u64 end)
{
	switch (kind) {
	case UNMAP:
		host_change(&vm->host, start, end, ~0u, 0);
		break;
	case SWAP:
		host_change(&vm->host, start, end, HOST_PRESENT, 0);
		break;
	case FORK:
		host_change(&vm->host, start, end, HOST_WRITE, 0);
		break;
	case MPROTECT:
		host_change(&vm->host, start, end, HOST_WRITE | HOST_VMA_W, 0);
		break;
	case MIGRATE:
		host_migrate(&vm->host, start, end);
		break;
	case COLLAPSE:
		host_collapse(vm, start);
		break;
	case CLEAN:
		host_clean(vm, start);
		break;
	case POISON:
		host_change(&vm->host, start, start + 1, 0, HOST_POISON);
		break;
	}
}

void ops_host_notified(struct env_vm *vm)
{
	static const u8 odds[] = { UNMAP, SWAP, SWAP, SWAP, FORK, FORK, FORK,
		MPROTECT, MIGRATE, MIGRATE, COLLAPSE, COLLAPSE, COLLAPSE,
		CLEAN, CLEAN, POISON };
	int kind = odds[rnd(sizeof(odds))];
	u64 start, end, from, to, big;

	if (!world_mm_lock(vm))
		return;
	host_range(vm, &start, &end);
	big = LEVEL_GFNS(kind == COLLAPSE ? 3 : host_size(&vm->host, start));
	/*
	 * The host notifies for the whole of a page that it splits or joins, a
	 * page that appears just now included.
	 */
	from = start & ~(big - 1);
	to = max(end, from + big);
	big = LEVEL_GFNS(host_size(&vm->host, end - 1));
	to = max(to, ((end - 1) | (big - 1)) + 1);
	world_notify_begin(vm, from, to, rnd(2));
	if (!vm->crowded && vm->vcpu[0])
		ops_access(vm->vcpu[0]);
	host_change_kind(vm, kind, start, end);
	world_notify_end(vm, from, to);
	world_mm_unlock(vm);
}

void ops_host_quiet(struct env_vm *vm)
{
	u64 start, end;
	struct host_page p;

	if (!world_mm_lock(vm))
		return;
	host_range(vm, &start, &end);
	end = min(end, start + 64);
	for (; start < end; start++) {
		u64 size = LEVEL_GFNS(host_size(&vm->host, start));
		u64 first = start & ~(size - 1);

		/* It may become present meanwhile: nothing is taken away. */
		host_look(&vm->host, start, &p);
		if (!(p.flags & HOST_MAPPED))
			host_change(&vm->host, start, start + 1, ~0u, ALL_MAPPED);
		else if (!(p.flags & HOST_PRESENT))
			host_change(&vm->host, first, first + size,
				    HOST_POISON, HOST_VMA_W);
		else if (!(p.flags & HOST_POISON))
			host_change(&vm->host, first, first + size, 0,
				    HOST_VMA_W | HOST_WRITE);
	}
	if (env_changed_hook)
		env_changed_hook(vm);
	world_mm_unlock(vm);
}

/* ------------------------------------------------------------------------ */
/* Slots. */

static gfn_t pick_base(struct env_vm *vm)
{
	static const gfn_t bases[] = { 0, 1ull << 18, 1ull << 20,
		(1ull << 27) - 512, 3ull << 27, 1ull << 35, 1ull << 37, 1ull << 44 };
	static const gfn_t offsets[] = { 0, 0, 0, 0, 1, 511, 512, 0x1234 };
	int n = vm->caps.levels == 5 ? 8 : 6;

	return bases[rnd(n)] + offsets[rnd(8)];
}

static bool is_free(struct env_vm *vm, int as, gfn_t base, u64 n)
{
	for (int i = 0; i < ENV_SLOTS; i++) {
		struct env_slot *s = vm->slot[as][i];

		if (s && base < s->s.base_gfn + s->s.npages &&
		    s->s.base_gfn < base + n)
			return false;
	}
	return true;
}

static bool has_big(struct env_vm *vm)
{
	for (int i = 0; i < 2 * ENV_SLOTS; i++) {
		struct env_slot *s = vm->slot[i / ENV_SLOTS][i % ENV_SLOTS];

		if (s && s->s.npages >= 1ull << 18)
			return true;
	}
	return false;
}

void ops_slot_add(struct env_vm *vm)
{
	static const u64 sizes[] = { 1, 3, 65, 512, 1024, 1029, 2048, 4096 };
	int as = !rnd(4), i = rnd(ENV_SLOTS);
	u64 n = sizes[rnd(8)], page = (u64)rnd(HOST_GIGS) << 18;
	gfn_t base = pick_base(vm);

	if (vm->slot[as][i])
		return;
	if (!rnd(8) && !has_big(vm))
		n = (1ull << 18) + rnd(3) * 512;
	if (rnd(4))
		page += base & 511;
	else
		page += rnd(1000);
	if (page + n > HOST_PAGES)
		page = (base & 511) + (1ull << 18);
	if (is_free(vm, as, base, n))
		world_slot_add(vm, as, i, base, n, page,
			       (rnd(6) ? 0 : MMU_SLOT_READONLY) |
			       (rnd(6) ? 0 : MMU_SLOT_DIRTY_LOG));
}

void ops_slot_del(struct env_vm *vm)
{
	int i;
	struct env_slot *s = ops_slot(vm, &i);

	if (s)
		world_slot_del(vm, s->s.as_id, i);
}

void ops_slot_move(struct env_vm *vm)
{
	int i;
	struct env_slot *s = ops_slot(vm, &i);
	gfn_t base = pick_base(vm);

	if (s && is_free(vm, s->s.as_id, base, s->s.npages))
		world_slot_move(vm, s->s.as_id, i, base);
}

static struct env_vcpu *vcpu_in(struct env_vm *vm, int as)
{
	for (int i = 0; i < ENV_VCPUS; i++)
		if (vm->vcpu[i] && vm->vcpu[i]->v.as_id == as &&
		    !vm->vcpu[i]->out && mmu_root_is_current(&vm->vcpu[i]->v))
			return vm->vcpu[i];
	return NULL;
}

/* The largest size that everything but the log allows. */
static int level_allowed(struct env_vm *vm, const struct mmu_slot *s, gfn_t gfn)
{
	struct host_page p;
	int level = host_look(&vm->host, env_host_page(s, gfn), &p);

	for (level = min(level, (int)vm->caps.max_level); level > 1; level--) {
		gfn_t from = gfn & LEVEL_MASK(level);

		if (from >= s->base_gfn && !(p.pfn % LEVEL_GFNS(level) !=
					     gfn % LEVEL_GFNS(level)) &&
		    from + LEVEL_GFNS(level) <= s->base_gfn + s->npages)
			break;
	}
	return level;
}

/* All alone and with memory, sizes must be what the header promises. */
static struct env_vcpu *strict_vcpu(struct env_vm *vm, int as)
{
	if (vm->crowded || shim_fail_odds || shim_fail_at)
		return NULL;
	return vcpu_in(vm, as);
}

static void recovered_check(struct env_vm *vm, const struct mmu_slot *s)
{
	struct env_vcpu *v = strict_vcpu(vm, s->as_id);
	struct map_entry m;

	for (int n = 0; v && n < 8; n++) {
		gfn_t gfn = s->base_gfn + ops_offset(s->npages);

		if (map_look(v, gfn, &m) && m.level == 1 &&
		    level_allowed(vm, s, gfn) > 1)
			shim_die("gfn %llx: small after the log went off", gfn);
	}
}

/* A frame of a slot, and what there is of it before the log changes. */
struct sample {
	struct env_vcpu *v;
	gfn_t gfn;
	struct map_entry before;
};

static struct sample sample(struct env_vm *vm, const struct mmu_slot *s)
{
	struct sample p = {
		.gfn = s->base_gfn + ops_offset(s->npages),
		.v = strict_vcpu(vm, s->as_id),
	};

	if (p.v)
		map_look(p.v, p.gfn, &p.before);
	return p;
}

void ops_log_on(struct env_vm *vm)
{
	int i;
	struct env_slot *s = ops_slot(vm, &i);
	bool all = rnd(2);
	struct map_entry m;
	struct sample p;

	if (!s || (s->s.flags & MMU_SLOT_DIRTY_LOG))
		return;
	p = sample(vm, &s->s);
	world_log_on(vm, s->s.as_id, i, all);
	/* What could not be written need not be split. */
	if (!all && p.before.valid && p.before.w &&
	    (!map_look(p.v, p.gfn, &m) || m.level > 1 ||
	     map_writes_freely(vm, &m)))
		shim_die("gfn %llx: not split and protected", p.gfn);
}

void ops_log_off(struct env_vm *vm)
{
	int i;
	struct env_slot *s = ops_slot(vm, &i);
	struct map_entry m;
	struct sample p;
	int as;

	if (!s || !(s->s.flags & MMU_SLOT_DIRTY_LOG))
		return;
	as = s->s.as_id;
	p = sample(vm, &s->s);
	world_log_off(vm, as, i, !vm->crowded || rnd(2));
	recovered_check(vm, &vm->slot[as][i]->s);
	/* Where nothing larger can come, nothing goes. */
	if (p.before.valid && !map_look(p.v, p.gfn, &m) &&
	    level_allowed(vm, &vm->slot[as][i]->s, p.gfn) == p.before.level)
		shim_die("gfn %llx: gone after the log went off", p.gfn);
}

void ops_log_take(struct env_vm *vm)
{
	int i;
	struct env_slot *s = ops_slot(vm, &i);
	unsigned long mask[8];
	u64 first, n;

	if (!s || !s->dirty)
		return;
	if (rnd(2)) {
		world_log_take(s, 0, s->s.npages, NULL);
		return;
	}
	for (int w = 0; w < 8; w++)
		mask[w] = rnd(2) ? 0 : rnd(2) ? ~0ul :
			  (unsigned long)shim_random() << rnd(32);
	first = ops_offset(s->s.npages) & ~63ull;
	n = min_t(u64, 1 + rnd(512), s->s.npages - first);
	world_log_take(s, first, n, mask);
}

static bool gfn_range(struct env_vm *vm, int *as, gfn_t *start, gfn_t *end)
{
	int i;
	struct env_slot *s = ops_slot(vm, &i);

	if (!s)
		return false;
	*as = s->s.as_id;
	*start = s->s.base_gfn + ops_offset(s->s.npages);
	*end = s->s.base_gfn + s->s.npages;
	if (rnd(4))
		*end = min(*end, *start + 1 + rnd(600));
	return true;
}

void ops_age(struct env_vm *vm)
{
	gfn_t start, end;
	bool young, was;
	int as;

	if (!gfn_range(vm, &as, &start, &end))
		return;
	young = mmu_is_young(&vm->mmu, as, start, end);
	was = mmu_age(&vm->mmu, as, start, end);
	if (!vm->crowded && (was != young || mmu_is_young(&vm->mmu, as, start, end)))
		shim_die("aging %llx to %llx: young %d, was %d", start, end,
			 young, was);
}

void ops_young(struct env_vm *vm)
{
	gfn_t start, end;
	int as;

	if (gfn_range(vm, &as, &start, &end))
		mmu_is_young(&vm->mmu, as, start, end);
}

static void before_kick(struct env_vm *vm)
{
	/* A shadow root without any page is as good as a new one. */
	bool all = !vm->crowded && vm->caps.second != MMU_SECOND_NONE;

	for (int i = 0; i < ENV_VCPUS && all; i++)
		if (vm->vcpu[i] && mmu_root_is_current(&vm->vcpu[i]->v))
			shim_die("a root survives mmu_zap_all()");
	for (int i = rnd(6); i > 0; i--) {
		ops_hardware(vm);
		if (!rnd(3))
			ops_host_notified(vm);
		if (!vm->crowded)
			map_check_tlbs(vm);
	}
}

void ops_zap_all(struct env_vm *vm)
{
	world_zap_all(vm, before_kick);
}
