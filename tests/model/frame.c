// SPDX-License-Identifier: GPL-2.0-only
/* The host's side: what may be mapped, whoever maps it. */
#include <linux/bitops.h>

#include "tests/model/map.h"
#include "tests/unit/env.h"

static bool log_covers(const struct env_slot *s, gfn_t gfn, u64 n)
{
	u64 first = gfn - s->s.base_gfn;

	return !(s->s.flags & MMU_SLOT_DIRTY_LOG) ||
	       find_next_zero_bit(s->dirty, first + n, first) == first + n;
}

bool map_writes_freely(struct env_vm *vm, const struct map_entry *m)
{
	return m->w && (!vm->caps.logs || m->dirty);
}

/* Ours, not the manual's, but for a device's: the guest's choice, or write-back by force. */
static const char *type_wrong(struct env_vm *vm, const struct map_entry *m, u32 page)
{
	if (m->plain != (vm->caps.enc_mask && (page & HOST_RAW)))
		return m->plain ? "a RAM page is not encrypted" : "a device's page is";
	if (vm->caps.second != MMU_SECOND_EPT)
		return NULL;
	if (page & HOST_RAW)
		return m->type ? "a device's page is cached" : NULL;
	if (!__atomic_load_n(&vm->typed, __ATOMIC_ACQUIRE))
		return m->type != 0xe ? "a RAM page has another type" : NULL;
	return m->type != world_type_of(vm, m->gfn, LEVEL_GFNS(m->level)) ?
	       "not of the type that the guest wants" : NULL;
}

const char *map_wrong(struct env_vm *vm, const struct map_entry *m,
		      bool settled)
{
	u64 n = LEVEL_GFNS(m->level);
	struct env_slot *s = env_slot_find(vm, m->as_id, m->gfn);
	struct host_page p;
	const char *why;
	int level;

	if (!s)
		return "outside of every slot";
	if (s->s.base_gfn + s->s.npages - m->gfn < n)
		return "beyond the end of its slot";
	level = host_look(&vm->host, env_host_page(&s->s, m->gfn), &p);
	if (!(p.flags & HOST_PRESENT) || !(p.flags & HOST_MAPPED))
		return "no page is there";
	if (p.flags & HOST_POISON)
		return "the page is poisoned";
	if (p.pfn != m->pfn)
		return "another page is there";
	why = m->typed ? type_wrong(vm, m, p.flags) : NULL;
	if (why)
		return why;
	if (m->level > level)
		return "larger than the host's page";
	if (m->x && m->level > 1 && __atomic_load_n(&vm->nx, __ATOMIC_ACQUIRE))
		return "a large page can be executed";
	if (!m->w)
		return NULL;
	if (s->s.flags & MMU_SLOT_READONLY)
		return "writable in a read-only slot";
	if (!(p.flags & HOST_WRITE))
		return "writable where the host's page is not";
	if (!settled)
		return NULL;
	if (map_writes_freely(vm, m) && !log_covers(s, m->gfn, n))
		return "writable and not in the dirty log";
	if (!(p.flags & HOST_RAW) && !host_pfn_is_dirty(&vm->host, p.pfn))
		return "writable and the host's page is not dirty";
	return NULL;
}
