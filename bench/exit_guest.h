/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs of exit_guest share. */
#ifndef BENCH_EXIT_GUEST_H
#define BENCH_EXIT_GUEST_H

#include <sys/eventfd.h>
#include "tests/api/lib.h"

/* Tell exit-profile the instruction that each round trip executes once. */
void marker_print(unsigned long marker);
/* KVM_RUN with nothing around, which executes run_marker once. */
long run_raw(int fd);
extern const char run_marker[];
/* marker_print(), and KVM_RUN for ever. */
void run_for_ever(struct vcpu *v, unsigned long marker);

/* exit_nested.c */
void nested_cpuid(void);
void nested_cpuid_nonpt(void);
void nested_pio(void);
void nested_fault(void);

/* exit_fault.c: 16 pages each */
void fault_4k(void);
void fault_2m(void);
void dirty_write(void);
void ring_write(void);

/* exit_state.c: with KVM_RUN to the next OUT in between */
void state_save(void);
void state_restore(void);

#endif
