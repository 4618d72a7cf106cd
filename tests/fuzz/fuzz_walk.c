// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes are page tables in one dimension or two, and walks of them by the walker
 * and its model, which must agree.
 *
 * To begin with every address is mapped with all rights.  Then, ten bytes each:
 * an entry changes, or the control registers, or there is another address; and
 * the walk is tried.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/walk_pair.h"
#include "tests/unit/walk_random.h"

#define MODES	7

static struct pair pair;
static u64 va;

static int bits_of(const struct model_paging *p)
{
	return p->mode == MODEL_32 ? 10 : 9;
}

static u64 granted(const struct model_paging *p, int level)
{
	if (p->mode < MODEL_EPT4)
		return p->mode == MODEL_PAE && level == 3 ? 1 : 7;
	return level > 1 ? 7 : 0x37;
}

static void entry_set(int set, int level, int copy, unsigned int index,
		      u64 value)
{
	struct model_paging *p = &pair.cpu[set];
	int size = p->mode == MODEL_32 ? 4 : 8;
	u64 table = walk_table(set, level, copy) << 12;

	if (p->mode == MODEL_PAE && level == 3)
		p->pdpte[index & 3] = value;
	else
		gmem_set(&pair.mem, table + index % (4096 / size) * size, size,
			 value);
}

/* The index of @addr in a table of a level. */
static unsigned int index_of(int set, int level, u64 addr)
{
	int bits = bits_of(&pair.cpu[set]);

	return addr >> (12 + bits * (level - 1)) & ((1u << bits) - 1);
}

static void path_init(int set)
{
	const struct model_paging *p = &pair.cpu[set];
	int level = walk_levels(p->mode);
	unsigned int i;
	u64 next;

	for (; level > 1; level--) {
		next = walk_table(set, level - 1, 0) << 12;
		entry_set(set, level, 0, set ? 0 : index_of(0, level, va),
			  next | granted(p, level));
	}
	if (!p->mode)
		return;
	for (i = 0; i < (set ? GMEM_PAGES : 1u); i++)
		entry_set(set, 1, 0, set ? i : index_of(0, 1, va),
			  (u64)i << 12 | granted(p, 1));
}

static void control(int set, const u8 *b)
{
	struct model_paging *p = &pair.cpu[set];

	p->wp = b[0] & 1;
	p->smep = b[0] & 2;
	p->smap = b[0] & 4;
	p->pse = b[0] & 8;
	p->nxe = b[0] & 16;
	p->pke = b[0] & 32;
	p->pse36 = b[0] & 64;
	p->gib_pages = b[0] & 128;
	p->amd = b[1] & 1;
	p->exec_only = b[1] & 2;
	p->ept_ad = b[1] & 4;
	p->set_ad = p->nested || b[1] & 8;
	p->maxphyaddr = 32 + b[2] % 21;
	p->root = walk_table(set, walk_levels(p->mode), b[3] % WALK_COPIES) << 12;
	if (!p->mode)
		p->root = 0;
	pair_update(&pair);
}

/* @b: set, level and copy; an index where it matters; the value, or its flags. */
static void change(const u8 *b)
{
	int set = b[0] & 1, level = 1 + (b[0] >> 1 & 7) % 5;
	unsigned int index = set ? b[1] : index_of(0, level, va);
	u64 value, next;

	if (level > walk_levels(pair.cpu[set].mode))
		return;
	memcpy(&value, b + 2, 8);
	if (b[0] & 0x40 && level > 1) {
		next = walk_table(set, level - 1, b[1] % WALK_COPIES);
		value = (value & ~0xffffffffff000ull) | next << 12 | 1;
	}
	entry_set(set, level, b[0] >> 4 & 3, set && level > 1 ? 0 : index, value);
	pair_update(&pair);
}

static void walk(u8 b, u32 pkru)
{
	struct model_access a = {
		.write = (b & 3) == 1, .fetch = (b & 3) == 2, .user = b & 4,
		.ac = b & 8, .implicit = !(b & 4) && (b & 16), .pkru = pkru,
	};

	pair_walk(&pair, va, &a);
}

static void one(const u8 *b)
{
	u32 pkru;

	switch (b[0] >> 6) {
	case 0:
	case 1:
		change(b);
		break;
	case 2:
		control(b[0] & 1, b + 1);
		break;
	case 3:
		memcpy(&va, b + 1, 8);
		/* Without paging, of the size that ->next can take. */
		if (pair.cpu[0].mode == MODEL_OFF)
			va &= 0x3fffffffffff;
		path_init(0);
		pair_update(&pair);
		break;
	}
	memcpy(&pkru, b + 4, 4);
	walk(b[9], b[0] & 0x20 ? pkru : 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const u8 all_on[4] = { 0xfd, 0x0f, 14, 0 };
	struct model_paging *p = pair.cpu;

	if (size < 2)
		return 0;
	memset(&pair, 0, sizeof(pair));
	p[0].mode = data[0] % MODES;
	p[1].mode = data[1] % MODES;
	p[0].nested = data[0] & 0x80 && p[0].mode && p[0].mode < MODEL_EPT4;
	p[1].nested = p[1].mode && p[1].mode < MODEL_EPT4;
	p[0].next = p[1].mode && p[0].mode < MODEL_EPT4 && !p[0].nested ? &p[1] :
									 NULL;
	va = 0;
	control(0, all_on);
	control(1, all_on);
	path_init(0);
	path_init(1);
	pair_update(&pair);
	for (data += 2, size -= 2; size >= 10; data += 10, size -= 10)
		one(data);
	return 0;
}
