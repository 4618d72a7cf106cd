/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A world whose guests run on shadow page tables: vCPUs with modes, accesses by
 * linear address, and what a processor and its emulator would do on the way.
 */
#ifndef UNIT_SHADOW_WORLD_H
#define UNIT_SHADOW_WORLD_H

#include "tests/model/paging.h"
#include "tests/unit/env.h"

enum shadow_end {
	SHADOW_DONE,		/* went through */
	SHADOW_FAULTED,		/* the guest got the fault that its tables demand */
	SHADOW_EMULATED,	/* done by the emulator, as far as there is memory */
	SHADOW_GAVE_UP,		/* for a reason that the test caused */
};

/**
 * struct shadow_try - an access that the MMU handles a fault of
 * @va: address
 * @a: the access
 * @end: what the guest's tables said of it when the fault came
 * @r: the details
 * @gen: generation of guest memory then, and changes that are the MMU's own
 * @changing: slots or userspace's memory change meanwhile
 * @faults: told to the guest
 */
struct shadow_try {
	u64 va;
	struct model_access a;
	enum model_end end;
	struct model_result r;
	unsigned long gen;
	bool changing;
	int faults;
};

/* Faults handled, and how they ended; accesses that went through. */
extern long shadow_count[MMU_ERROR + 1];
extern long shadow_done;

/* Why an access was emulated. */
enum shadow_reason {
	BECAUSE_TABLE_NOWHERE, BECAUSE_NO_SLOT, BECAUSE_READONLY,
	BECAUSE_SHADOWED, BECAUSE_WP, BECAUSE_NOT, SHADOW_REASONS = BECAUSE_NOT
};

extern long shadow_emulated[SHADOW_REASONS];

/* Number of a vCPU. */
int shadow_nr(const struct env_vcpu *v);

void shadow_start(struct env_vm *vm, const struct mmu_caps *caps);
void shadow_stop(struct env_vm *vm);

struct env_vcpu *shadow_vcpu_add(struct env_vm *vm, int i);
void shadow_vcpu_del(struct env_vm *vm, int i);

/* The guest's memory behind a frame of the vCPU's. */
u64 shadow_mem_get(struct env_vcpu *v, gpa_t gpa, unsigned int size);

/* Set memory before anything shadows it (or behind everybody's back). */
void shadow_mem_set(struct env_vcpu *v, gpa_t gpa, unsigned int size, u64 value);

/**
 * shadow_mode - change control registers
 * @v: the vCPU
 * @g: the new state, PDPTEs excepted
 * @cr3: new root register
 * @flush: the change is one that flushes, or CR3 is loaded
 *
 * Return: false when the PDPTEs are such that the processor refuses.
 */
bool shadow_mode(struct env_vcpu *v, const struct model_paging *g, u64 cr3,
		 bool flush);

/* MOV to CR3, and INVLPG. */
bool shadow_cr3(struct env_vcpu *v, u64 cr3);
void shadow_invlpg(struct env_vcpu *v, u64 va);

/* An access with as many faults as it takes; asserts that all is right. */
enum shadow_end shadow_access(struct env_vcpu *v, u64 va,
			      const struct model_access *a,
			      const struct paging_store *store);

/* A write by the emulator: false when there is no memory to write. */
bool shadow_emulate(struct env_vcpu *v, gpa_t gpa,
		    const struct paging_store *store);

/* Everything against the model; @tables: every table too. */
void shadow_check(struct env_vm *vm, bool tables);

#endif
