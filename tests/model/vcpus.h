/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the hardware of a world, map.c or with shadow paging paging.c and
 * paging_check.c, does for one vCPU whose tlb_lock is held.  vcpus.c makes of it
 * what map.h promises of all.
 */
#ifndef MODEL_VCPUS_H
#define MODEL_VCPUS_H

#include "tests/model/map.h"

#define for_each_vcpu(v, vm, i)						\
	for (i = 0; i < ENV_VCPUS; i++)					\
		if ((v = (vm)->vcpu[i]) != NULL)

/* Drop what overlaps the range, all of it for ~0; true if there was anything. */
bool hw_flush(struct env_vcpu *v, gfn_t start, u64 n);

/* Here and below the vCPU is not out. */
bool hw_uses_table(struct env_vcpu *v, hpa_t pa);
void hw_check_tlb(struct env_vcpu *v);
void hw_check_gone(struct env_vcpu *v, int as_id, gfn_t start, gfn_t end);

/* Frames from @base on; @bits say which of @n. */
void hw_check_protected(struct env_vcpu *v, int as_id, gfn_t base,
			const unsigned long *bits, u64 n);

#endif
