/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reference: what may be mapped, from slots, userspace's memory, rights
 * and the dirty log; and the hardware: a page walker that knows the bits of
 * NPT and EPT by heart (nothing of mmu/ is used), and a TLB for each vCPU
 * that only flushes empty.  frame.c is the reference.
 */
#ifndef MODEL_MAP_H
#define MODEL_MAP_H

#include "mmu/base/types.h"

struct env_vm;
struct env_vcpu;
struct mmu_slot;

#define MAP_TLB		64
#define MAP_PSC		48

/* A cached translation. */
struct map_entry {
	bool valid;
	bool w;
	bool x;
	bool dirty;
	bool typed;	/* @plain and @type are known */
	bool plain;	/* not encrypted, where the host's memory is */
	u8 type;	/* EPT: memory type, and 8: the guest's PAT is ignored */
	u8 level;
	u16 as_id;
	gfn_t gfn;
	kvm_pfn_t pfn;
};

/* A cached pointer to a table, with the rights of the levels above it. */
struct map_link {
	bool valid;
	u8 level;
	bool w;
	bool x;
	gfn_t gfn;
	hpa_t table;
};

struct map_tlb {
	struct map_entry e[MAP_TLB];
	struct map_link psc[MAP_PSC];
	unsigned int next;
	unsigned int psc_next;
};

/**
 * map_wrong - what is wrong with a mapping, by the model
 * @vm: the VM
 * @m: the mapping
 * @settled: no fault is in progress: logs and dirty marks are complete
 *
 * Return: NULL when it may exist; otherwise the reason why not.
 */
const char *map_wrong(struct env_vm *vm, const struct map_entry *m,
		      bool settled);

/**
 * map_writes_freely - does a mapping let frames be written that the log does not hear of?
 * @vm: the VM
 * @m: the mapping.  A leaf that is not dirty tells the log when it becomes so, but a large
 *     one of a single frame: in tables it counts as dirty.  Where a TLB has it not dirty,
 *     the tables are walked for a write
 */
bool map_writes_freely(struct env_vm *vm, const struct map_entry *m);

/* ---- map.c; with shadow paging: paging.c; vcpus.c for all vCPUs */

/**
 * map_access - the hardware's part of a guest's access
 * @v: the vCPU
 * @gpa: address
 * @access: 0, PF_WRITE or PF_FETCH
 * @error: PF_* code when it faults; 0 when the vCPU has to enter first
 *
 * Sets A and D bits as hardware does, fills the TLB, notes writes.
 *
 * Return: true when the access went through.
 */
bool map_access(struct env_vcpu *v, gpa_t gpa, u64 access, u64 *error);

/* Drop what overlaps the range from all TLBs; true if there was anything. */
bool map_flush(struct env_vm *vm, gfn_t start, u64 n);

/* Drop everything from those of the others; it owes the same to its own. */
bool map_flush_others(struct env_vcpu *own);

/* Drop all of one vCPU's. */
void map_flush_vcpu(struct env_vcpu *v);

/* Wait until no vCPU is in the middle of an access. */
void map_barrier(struct env_vm *vm);

/* Can any vCPU reach a table page by its root register or its caches? */
bool map_vm_uses_table(struct env_vm *vm, hpa_t pa);
bool map_table_in_use(hpa_t pa);	/* in env.c: for the VM that runs */

/* Fail the test if any TLB entry is stale, or if any table maps too much. */
void map_check_tlbs(struct env_vm *vm);
void map_check_tables(struct env_vm *vm);

/* Fail if a TLB has any translation of a range whose invalidation runs. */
void map_check_gone(struct env_vm *vm, int as_id, gfn_t start, gfn_t end);

/* Fail if one lets a frame be written whose bit is set, from @first on. */
void map_check_protected(struct env_vm *vm, const struct mmu_slot *s, u64 first,
			 const unsigned long *bits, u64 n);

/* The leaf that the tables of a vCPU hold for a frame; false: none. */
bool map_look(struct env_vcpu *v, gfn_t gfn, struct map_entry *out);

#endif
