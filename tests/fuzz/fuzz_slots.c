// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes are memslot and dirty log ioctls, and what another vCPU does inside of
 * them.  The first byte: the dirty log's mode, vCPUs, and whether memory is short.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/slot_world.h"

#define CALLS_MAX	300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const u32 modes[] = { 0, 1, 3, 3 };
	int i;

	if (!size)
		return 0;
	shim_self.rng = 1;
	world_up(FRAMES - 1);
	shim_step_hook = world_step;
	world_kvm.dirty_manual = modes[data[0] & 3];
	world_kvm.nr_vcpus = !(data[0] & 4);
	shim_fail_odds = data[0] & 8 ? 20 : 0;
	shim_input = data + 1;
	shim_input_left = (size - 1) & ~1ul;
	for (i = 0; i < CALLS_MAX && shim_input_left; i++)
		world_call();
	shim_input_left = 0;
	world_down();
	return 0;
}
