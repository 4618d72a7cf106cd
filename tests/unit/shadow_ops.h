/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random guests on shadow tables: few addresses, few tables, few frames, so that
 * what one operation leaves meets the next one.
 *
 *	frames	0x000 - 0x7ff	tables in some of them; small host pages, large ones
 *	      0x40000 (1 GiB)	large host pages; tables in some
 *	      0x80000		read-only
 *	      0xf0000		nothing
 *	     0x100000 (4 GiB)	for PSE-36 and wider
 */
#ifndef UNIT_SHADOW_OPS_H
#define UNIT_SHADOW_OPS_H

#include "tests/unit/mmu_ops.h"
#include "tests/unit/shadow_world.h"

/* Fill userspace's memory and both address spaces. */
void shadow_ops_setup(struct env_vm *vm);

/* A slot comes, goes or moves. */
void shadow_ops_slot(struct env_vm *vm);

/* Userspace mends its memory, where guests have tables. */
void shadow_ops_repair(struct env_vm *vm);

/* Give a vCPU a mode of its own, and the addresses that go with it. */
void shadow_ops_mode(struct env_vcpu *v);

/* One of the guest's addresses; rather one that leads somewhere. */
u64 shadow_any_va(struct env_vcpu *v);
u64 shadow_some_va(struct env_vcpu *v);

/* ---- shadow_tables.c: frames with tables, the first ones mostly roots. */
gfn_t shadow_table_frame(unsigned int i);
void shadow_ops_map(struct env_vcpu *v);
void shadow_ops_change(struct env_vcpu *v);

/* Anything, into a frame that may be a table. */
void shadow_ops_scribble(struct env_vcpu *v);

/* Change an entry that another vCPU's fault has just read. */
void shadow_ops_race(struct env_vcpu *v);

/* ---- shadow_ops.c again: one thing that a guest does, by a vCPU that is not busy. */
void shadow_ops_guest(struct env_vcpu *v);

#endif
