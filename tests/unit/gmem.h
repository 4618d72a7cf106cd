/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small guest memory for tests of the walker: answers mmu_env_guest_read()
 * and mmu_env_guest_cmpxchg(), logs what is written and can take it back.
 */
#ifndef TESTS_UNIT_GMEM_H
#define TESTS_UNIT_GMEM_H

#include <linux/container_of.h>

#include "mmu/mmu.h"
#include "tests/model/walk.h"

#define GMEM_PAGES	64
#define GMEM_LOG	128

struct gmem_write {
	u64 gpa;	/* of the eight bytes that hold what was written */
	u64 old;
	u64 now;	/* gmem_take(): what they were in the end */
};

/**
 * struct gmem - guest memory, from address 0
 * @vcpu: whose memory it is; of a walk alone it is nothing but a name
 * @mmu: its VM, from gmem_machine()
 * @word: its contents
 * @readonly: bit n: page n drops writes
 * @lose: another CPU changes the entry at the compare-exchange that counts
 *        this down from 1
 * @writes: writes logged
 * @overflow: the log was too short
 */
struct gmem {
	struct mmu_vcpu vcpu;
	struct mmu mmu;
	u64 word[GMEM_PAGES * 512];
	u64 readonly;
	int lose;
	int writes;
	bool overflow;
	struct gmem_write log[GMEM_LOG];
};

static inline struct mmu_vcpu *gmem_vcpu(struct gmem *mem)
{
	return &mem->vcpu;
}

static inline struct gmem *gmem_of(struct mmu_vcpu *vcpu)
{
	return container_of(vcpu, struct gmem, vcpu);
}

/* Tables of our own of 4 or 5 levels, where L1's need a place. */
void gmem_machine(struct gmem *mem, int levels);

void gmem_set(struct gmem *mem, u64 gpa, int size, u64 value);
u64 gmem_get(const struct gmem *mem, u64 gpa, int size);

/* Forget the log. */
void gmem_mark(struct gmem *mem);

/* Copy the log with final values to @log, undo it all; returns its length. */
int gmem_take(struct gmem *mem, struct gmem_write *log);

/* Memory through the eyes of the model. */
struct model_mem gmem_model(struct gmem *mem);

#endif
