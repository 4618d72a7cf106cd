/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world that core/memslot.c and core/dirty.c live in for their tests: an
 * MMU that keeps one leaf per frame, a model of the slots, and another vCPU that
 * runs at each call to the MMU, at each wait and, if the test asks for it, at
 * each 8-byte atomic access, with slots that it looked up just now or long ago.
 */
#ifndef SLOT_WORLD_H
#define SLOT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>

#include <linux/bitmap.h>
#include <linux/uaccess.h>

#include "core/memslot.h"

#define FRAMES	400
#define IDS	5
#define PAGES_MAX 150	/* of a slot in the random programs */

/**
 * struct model - a slot as it has to be
 * @must: pages that the log has to show
 * @may: pages that it may show
 * @late: pages written while an ioctl ran; the test empties it afterwards
 */
struct model {
	bool used;
	gfn_t base;
	u64 n;
	hva_t hva;
	u32 flags;
	bool must[PAGES_MAX];
	bool may[PAGES_MAX];
	bool late[PAGES_MAX];
};

extern struct kvm world_kvm;
extern struct kvm_vcpu world_vcpu;	/* the other one */
extern struct model world_model[AS_COUNT][IDS];
extern bool world_busy;		/* an ioctl runs */
extern gfn_t world_own;		/* the frame of a page of the kernel's own */
extern unsigned int world_waits;	/* waits for readers so far */

static inline unsigned int pick(unsigned int n)
{
	return shim_random() % n;
}

/** world_up - a VM without slots; mmu_max_gfn() is @max */
void world_up(gfn_t max);

/** world_down - destroy it; nothing may be left */
void world_down(void);

/** world_owner - the model's slot that has a frame, or NULL */
const struct model *world_owner(int as_id, gfn_t gfn);

/** world_run - the other vCPU does some things */
void world_run(unsigned int times);

/** world_step - a shim_step_hook that lets it run inside ioctls */
void world_step(void);

/** world_call - one random ioctl, its answer and all checks (slot_calls.c) */
void world_call(void);

/** world_check - model, slots and MMU agree; what is writable is in the log */
void world_check(void);

#endif
