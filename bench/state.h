/* SPDX-License-Identifier: GPL-2.0-only */
/* A vCPU's whole state, saved and restored by one ioctl for each part. */
#ifndef BENCH_STATE_H
#define BENCH_STATE_H

#include "tests/api/lib.h"

#define STATE_PARTS	9

struct machine {
	struct vm vm;
	struct vcpu v;
};

struct state_part {
	const char *name;
	unsigned long get, set;
	void *data;
};

extern const struct state_part state_parts[STATE_PARTS];

/* A VM with interrupt controllers, and a vCPU as it is after power-up. */
void machine_make(struct machine *m);
void machine_close(struct machine *m);
/*
 * Runs a guest in it that uses its LAPIC, FPU and breakpoints, to an OUT to PORT_DONE, of
 * which each further KVM_RUN gives one more; then chooses the MSRs that the state has.
 */
void machine_start(struct machine *m);
/* How many of KVM_GET_MSR_INDEX_LIST's those are, and how many it lists. */
void state_msrs(unsigned int *used, unsigned int *listed);
/* One part, which must succeed. */
void state_get(struct machine *m, const struct state_part *p);
void state_set(struct machine *m, const struct state_part *p);

#endif
