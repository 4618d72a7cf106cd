// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes are instructions: 19 for each, of which 15 are its code; from the others
 * come the state that it starts in and which callback fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/emul_chaos.h"

#define CODE	15

struct record {
	u8 seed[4];
	u8 code[CODE];
};

static void seed_set(const u8 *seed)
{
	u32 word;

	memcpy(&word, seed, sizeof(word));
	/* Neighbouring seeds, different numbers. */
	random_now = (u64)word * 0x9e3779b97f4a7c15ULL | 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record r;
	int len;

	if (size < sizeof(r))
		return 0;
	memset(&now, 0, sizeof(now));
	seed_set(data);
	random_machine();
	for (; size >= sizeof(r); data += sizeof(r), size -= sizeof(r)) {
		memcpy(&r, data, sizeof(r));
		seed_set(r.seed);
		random_state();
		len = emul_decode(&ctx.insn, ctx.mode, ctx.amd, r.code, CODE);
		if (len < 0)
			continue;
		before = now;
		check(r.code, len, machine_run(r.code, len));
	}
	return 0;
}
