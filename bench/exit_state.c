// SPDX-License-Identifier: GPL-2.0-only
/* Round trips of exit_guest that save or restore a vCPU's whole state. */
#define _GNU_SOURCE
#include "bench/exit_guest.h"
#include "bench/state.h"

static struct machine m;

static void all(void (*fn)(struct machine *m, const struct state_part *p))
{
	unsigned int i;

	for (i = 0; i < STATE_PARTS; i++)
		fn(&m, &state_parts[i]);
}

static void start(void)
{
	machine_make(&m);
	machine_start(&m);
	all(state_get);
	marker_print((unsigned long)run_marker);
}

void state_save(void)
{
	start();
	while (run_raw(m.v.fd) >= 0)
		all(state_get);
	FAIL("KVM_RUN failed");
}

void state_restore(void)
{
	start();
	while (run_raw(m.v.fd) >= 0)
		all(state_set);
	FAIL("KVM_RUN failed");
}
