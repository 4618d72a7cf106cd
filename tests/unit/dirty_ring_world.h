/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What core/dirty_ring.c lives in for its test: an MMU that keeps one leaf per frame,
 * and vCPUs that write.
 */
#ifndef DIRTY_RING_WORLD_H
#define DIRTY_RING_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>

#include <linux/mm.h>

#include "core/dirty.h"
#include "core/dirty_ring.h"
#include "core/run_state.h"
#include "core/vcpu_map.h"
#include "core/vm.h"

#define PG		0x1000ull
#define RING		4096		/* bytes of a ring */
#define ENTRIES		(RING / 16)
#define VCPUS		2
#define FRAMES		9000		/* more than two windows */
#define LOG		KVM_MEM_LOG_DIRTY_PAGES

/**
 * struct frame - a frame of the guest's
 * @writable: its leaf is
 * @cached: a TLB has it as writable
 * @version: writes so far
 * @copied: the same when userspace took its copy
 * @entries: that stand for it, reset or not
 * @named: by an entry that is being reset
 */
struct frame {
	bool writable;
	bool cached;
	u32 version, copied;
	u32 entries;
	bool named;
};

extern struct kvm kvm;
extern struct kvm_vcpu vcpu[VCPUS];
extern struct kvm_run run[VCPUS];
extern struct frame frame[AS_COUNT][FRAMES];
extern void (*in_reset)(void);	/* runs whenever frames are protected */
extern bool exact;		/* only frames that are named may be protected */

/** slot_put - KVM_SET_USER_MEMORY_REGION, in frames */
int slot_put(u32 id, u32 flags, u64 gfn, u64 npages);

/** slot_of - the slot that holds a frame, or NULL */
struct slot *slot_of(int as_id, gfn_t gfn);

/** write_frame - vCPU @i writes; by emulation it is logged in any case */
void write_frame(int i, int as_id, gfn_t gfn, bool emulated);

/** vm_up - a VM without slots, vCPUs and rings */
void vm_up(void);

/** vcpus_up - its vCPUs, with rings if they are enabled */
void vcpus_up(void);

/** ring_up - a VM with vCPUs and rings of RING bytes; @bitmap: and with bitmaps */
void ring_up(bool bitmap);

/** vm_down - destroy it; nothing may be left */
void vm_down(void);

#endif
