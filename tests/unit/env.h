/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world of the MMU under test: table pages, slots, userspace's memory,
 * vCPUs with model TLBs.  env.c and env_mem.c answer mmu_env.h; world.c plays
 * what core/ does around the MMU (slot changes, notifiers, the dirty log).
 */
#ifndef UNIT_ENV_H
#define UNIT_ENV_H

#include <pthread.h>
#include <linux/bitops.h>
#include <linux/slab.h>

#include "mmu/mmu.h"
#include "tests/model/host.h"
#include "tests/model/map.h"
#include "tests/unit/env_types.h"

#define ENV_SLOTS	6
#define ENV_VCPUS	4

/**
 * struct env_slot - a memslot
 * @s: what the MMU sees
 * @dirty: its log, or NULL
 * @written: frames written by the model since their last collection
 */
struct env_slot {
	struct mmu_slot s;
	struct env_vm *vm;
	unsigned long *dirty;
	unsigned long *written;
};

/**
 * struct env_vcpu - a vCPU and its hardware
 * @root: what its root register holds, 0 before the first load
 * @out: out of guest mode and bound to reload: no walks, TLB not in use
 * @busy: in the middle of an access
 * @owes: its TLB has yet to be flushed, by who called the MMU; not in use
 * @tlb_lock: a walk is one step for a flush
 * @cpu: its own paging and what it does on shadow tables; NULL with TDP
 */
struct env_vcpu {
	struct mmu_vcpu v;
	struct env_vm *vm;
	hpa_t root;
	bool out;
	bool busy;
	bool owes;
	pthread_mutex_t tlb_lock;
	struct map_tlb tlb;
	struct paging_cpu *cpu;
};

/**
 * struct env_vm - a VM
 * @caps: the hardware
 * @slot: by address space; published under @srcu
 * @mm: userspace's mmap lock: one change of its memory at a time
 * @srcu: read by vCPUs
 * @changing: changes in progress: rules hold again when it is 0
 * @faults: faults in progress
 * @refs: pages got and not yet put back
 * @crowded: others, real threads or played ones, are at work
 * @eintr_odds: one of n page lookups is interrupted, 0: none
 * @flushes: asked for; @needless: no TLB had anything to drop
 * @types: what the guest's memory is to be, while @typed
 * @apart: with @mmu.frames_used: a frame that needs a leaf of its own
 * @nx: large pages may not be executed; @nx_splits: the first table for a fetch was made
 */
struct env_vm {
	struct mmu mmu;
	struct mmu_caps caps;
	struct host host;
	struct env_slot *slot[2][ENV_SLOTS];
	struct env_vcpu *vcpu[ENV_VCPUS];
	pthread_mutex_t mm;
	rwlock_t srcu;
	int changing;
	int faults;
	long refs;
	bool crowded;
	unsigned int eintr_odds;
	long interrupted;
	long flushes;
	long needless;
	bool nx;
	long nx_splits;
	bool typed;
	struct env_types types;
	gfn_t apart;
};

/* What happens is told on standard error. */
extern bool env_trace;
#define trace(...) (env_trace ? (void)fprintf(stderr, __VA_ARGS__) : (void)0)

/* The thread that is played may not take the MMU's lock for write. */
extern bool env_no_notify;

/* Called in the middle of page lookups: the test plays other threads there. */
extern void (*env_gap_hook)(void);

/* Told of each flush: other translations than those of map.c. */
extern void (*env_flush_hook)(struct env_vm *vm);

/* Page tables: count, and whether a page is one (dead pages are poisoned). */
extern long env_tables;
/* Whose pages mmu_env_pfn_put() gives back: one VM at a time. */
void env_vm_set(struct env_vm *vm);

bool env_table_is_live(hpa_t pa);

/* The host page of a page of userspace's memory, brought in and made writable. */
int env_page_get(struct env_vm *vm, u64 page, bool write, struct host_page *p);

struct env_slot *env_slot_find(struct env_vm *vm, int as_id, gfn_t gfn);
void env_srcu_lock(struct env_vm *vm);
void env_srcu_unlock(struct env_vm *vm);

/* Page of userspace's memory behind a frame. */
static inline u64 env_host_page(const struct mmu_slot *s, gfn_t gfn)
{
	return ((s->hva - HOST_BASE) >> 12) + (gfn - s->base_gfn);
}

/* ---- env_mem.c: what guest memory holds, by page of userspace's. */

u64 env_mem_get(u64 page, unsigned int offset, unsigned int size);
void env_mem_set(u64 page, unsigned int offset, unsigned int size, u64 value);
void env_mem_reset(void);

/* Called after a change of what a page holds. */
extern void (*env_mem_hook)(u64 page, unsigned int offset, unsigned int size);

/* One of n looks that may not sleep fails; 0: none but those that must. */
extern unsigned int env_peek_odds;

/* Called after each such look that succeeds. */
extern void (*env_peek_hook)(void);

/* Told of each exchange in a guest's table, before it is made. */
extern void (*env_cmpxchg_hook)(struct env_vcpu *v, gpa_t gpa, u64 old, u64 new);

/* ---- world.c; enter.c: world_enter(); guest.c: what follows ---- */

/* mmu_setup() and mmu_vm_init(); asserts that both succeed. */
void world_start(struct env_vm *vm, const struct mmu_caps *caps);

/* Take it all down; asserts that nothing is left. */
void world_stop(struct env_vm *vm);

/* @small pages from page @at of userspace's on, and 4 large ones from @at + 2048 on. */
void world_host_fill(struct env_vm *vm, u64 at, int small);

/* Who reads the guest's root, and is told of its faults. */
extern const struct mmu_ctx_ops *env_guest_ops;

/* Called when slots or userspace's memory have changed. */
extern void (*env_changed_hook)(struct env_vm *vm);

struct env_vcpu *world_vcpu_add(struct env_vm *vm, int i);
void world_vcpu_del(struct env_vm *vm, int i);

/* Slot changes in the order that mmu.h prescribes. */
struct env_place {
	gfn_t base;
	u64 n;
	u64 host_page;
	u32 flags;
};

void world_slot_place(struct env_vm *vm, int as_id, int i,
		      const struct env_place *p);
#define world_slot_add(vm, as_id, i, ...)				\
	world_slot_place(vm, as_id, i, &(struct env_place){ __VA_ARGS__ })
void world_slot_del(struct env_vm *vm, int as_id, int i);
void world_slot_move(struct env_vm *vm, int as_id, int i, gfn_t base);

/*
 * Turn the log on (@all: every bit set, nothing protected yet) or off (without
 * @recover the test recovers huge mappings later).
 */
void world_log_on(struct env_vm *vm, int as_id, int i, bool all);
void world_log_off(struct env_vm *vm, int as_id, int i, bool recover);

/*
 * Take the bits of @n frames from offset @first (a multiple of 64) that @mask
 * selects (all for NULL), and protect those frames.  Asserts that the log has
 * every frame the model saw written.  Returns the number of bits, 0 without a
 * log.  The caller keeps the slot from being replaced.
 */
u64 world_log_take(struct env_slot *s, u64 first, u64 n,
		   const unsigned long *mask);

/*
 * Userspace's mmap lock.  False when this thread has it (an access is played
 * inside of a change), or is played where a notifier could not run.
 */
bool world_mm_lock(struct env_vm *vm);
void world_mm_unlock(struct env_vm *vm);

/* A notifier: from the first call to the second one no page may be mapped. */
void world_notify_begin(struct env_vm *vm, u64 start, u64 end, bool may_yield);
void world_notify_end(struct env_vm *vm, u64 start, u64 end);

/* Both, for a change of userspace's memory made in between; false as above. */
bool world_change_begin(struct env_vm *vm, u64 start, u64 end, bool may_yield);
void world_change_end(struct env_vm *vm, u64 start, u64 end);

/* @before_kick (or NULL): what happens while vCPUs still run on old roots. */
void world_zap_all(struct env_vm *vm, void (*before_kick)(struct env_vm *vm));

/* May large pages be executed from now on?  @on: no. */
void world_nx_set(struct env_vm *vm, bool on);

/* The vCPU has a root and is about to run on it. */
extern void (*env_root_hook)(struct env_vcpu *v);

bool env_memory_may_fail(void);

/* Is USER with -EFAULT or -EHWPOISON what userspace's memory deserves? */
bool env_refuses(struct env_vm *vm, struct env_slot *s, gfn_t gfn, bool write,
		 int err);

/* Fail the test if a log lacks writes that the model saw. */
void env_logs_check(struct env_vm *vm);

/* Enter the guest: load the root when it is not current.  0 or -ENOMEM. */
int world_enter(struct env_vcpu *v);

/**
 * world_access - a guest's access, with as many faults as it takes
 * @v: the vCPU
 * @gpa: address
 * @access: 0, PF_WRITE or PF_FETCH
 *
 * Asserts that the answer is the model's.  Return: true when it went through;
 * false: emulated, refused by userspace's memory, or given up for a reason
 * that the test caused (memory shortage, a change in progress).
 */
bool world_access(struct env_vcpu *v, gpa_t gpa, u64 access);

/* Compare everything with the model: TLBs, and with @tables every table. */
void world_check(struct env_vm *vm, bool tables);

#endif
