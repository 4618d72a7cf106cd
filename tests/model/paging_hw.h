/* SPDX-License-Identifier: GPL-2.0-only */
/* Between paging.c and paging_check.c. */
#ifndef MODEL_PAGING_HW_H
#define MODEL_PAGING_HW_H

#include "tests/model/paging.h"
#include "tests/model/vcpus.h"
#include "tests/unit/env.h"

#define ENTRY_ADDR	0xffffffffff000ull

u64 hw_page_size(int level);

/* An entry of a host's table, which must not be freed. */
u64 *hw_entry(u64 hpa);

/* The leaf for an address, by the tables alone: @r->rights is 0 when there is none. */
void hw_look(struct env_vcpu *v, u64 va, struct model_result *r);

/* The same leaf, with the address of its page's first byte. */
struct model_result hw_leaf_of(const struct model_result *r);

bool hw_denies(struct env_vcpu *v, const struct model_access *a,
	       const struct model_result *r);

bool hw_covers(const struct paging_tlb *t, u64 va);

/* Does a TLB entry lead into a range of frames? */
bool hw_overlaps(struct env_vm *vm, const struct paging_tlb *t, gfn_t start,
		 u64 n);

/* The frame of a host address; false: no slot shows that page. */
bool hw_leaf_gfn(struct env_vm *vm, int as, u64 hpa, gfn_t *gfn);

/* The host's rules for a leaf whose @gpa is that of its first byte. */
const char *hw_host_wrong(struct env_vcpu *v, int as,
			  const struct model_result *leaf, bool settled);

void hw_complain(struct env_vcpu *v, const char *who, u64 va,
		 const struct model_result *r, const char *why)
	__attribute__((noreturn));

#endif
