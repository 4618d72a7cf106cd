/* SPDX-License-Identifier: GPL-2.0-only */
/* Random operations on a world; shared by the random and the thread tests. */
#ifndef UNIT_MMU_OPS_H
#define UNIT_MMU_OPS_H

#include "tests/unit/env.h"

/* A page of a slot that is picked often enough to be met again. */
u64 ops_offset(u64 npages);

/* A random slot of either address space, or NULL. */
struct env_slot *ops_slot(struct env_vm *vm, int *i);

/* A random address, mostly inside of a slot of the address space. */
gpa_t ops_gpa(struct env_vm *vm, int as_id);

/* Fill userspace's memory: one GiB page, 2 MiB pages, small ones, nothing. */
void ops_host_setup(struct env_vm *vm);

/* One access by a vCPU. */
void ops_access(struct env_vcpu *v);

/* A change of userspace's memory that notifies. */
void ops_host_notified(struct env_vm *vm);

/* One that need not: pages that appear. */
void ops_host_quiet(struct env_vm *vm);

void ops_slot_add(struct env_vm *vm);
void ops_slot_del(struct env_vm *vm);
void ops_slot_move(struct env_vm *vm);
void ops_log_on(struct env_vm *vm);
void ops_log_off(struct env_vm *vm);
void ops_log_take(struct env_vm *vm);
void ops_age(struct env_vm *vm);
void ops_young(struct env_vm *vm);

/* Obsolete roots are in use until their vCPUs are kicked: changes reach them. */
void ops_zap_all(struct env_vm *vm);

/* The rule about large pages changes, or does not. */
void ops_nx_set(struct env_vm *vm);

/* Some of the pages that fetches have split are recovered. */
void ops_nx_recover(struct env_vm *vm);

/* The guest has a say in memory types, or another one, or none. */
void ops_types_set(struct env_vm *vm);

/* By any vCPU of a second-level world. */
void ops_vcpu_access(struct env_vm *vm);

/* One comes or goes. */
void ops_vcpu(struct env_vm *vm);

/* Into or out of SMM: the next entry loads another root. */
void ops_switch(struct env_vm *vm);

/* One gives its reserve back. */
void ops_trim(struct env_vm *vm);

/* An access by hardware alone: no fault is handled. */
void ops_hardware(struct env_vm *vm);

/*
 * Other threads, played inside of the operation that runs: what its locks
 * leave room for, one of them now (false: inside of another), and at random at
 * 1 of @odds steps.
 */
enum play_room { PLAY_HARDWARE, PLAY_READERS, PLAY_ANYTHING };

enum play_room ops_play_room(struct env_vm *vm);
bool ops_play(struct env_vm *vm, void (*fn)(struct env_vm *vm));
void ops_play_start(struct env_vm *vm, unsigned int odds);
void ops_play_stop(void);

/* How many were played. */
extern long ops_played;

#endif
