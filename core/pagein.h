/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of userspace's memory that are brought in behind a vCPU's back: the guest goes
 * on with something else, or waits where it can be interrupted.
 *
 * A vCPU has one queue, from the first use to its end, with room for PAGEIN_MAX pages.
 * Nothing is allocated for a page.  Work in progress keeps the queue, not the vCPU, and
 * nobody waits for it but the unloading of the module: what it waits for (userfaultfd)
 * may come only after the vCPU is gone.
 *
 * For the same reason no work waits for another: there are PAGEIN_WORKS_MAX at most, of
 * all VMs and of those that are gone, and so many run at once.  A queue gets the next one
 * only while more than PAGEIN_LEFT are left for each that it has, so that those that ask
 * later find some.  Who finds none waits for its page itself.
 *
 * "Own thread" is the vCPU's.
 */
#ifndef LAMINA_CORE_PAGEIN_H
#define LAMINA_CORE_PAGEIN_H

#include "mmu/mmu_env.h"

struct kvm_vcpu;
struct module;
struct pagein;

#define PAGEIN_MAX	32
#define PAGEIN_WORKS_MAX	512
#define PAGEIN_LEFT	8

/**
 * pagein_make - a queue
 * @vcpu: who is told
 * @req: the request by which it is told that a page is there
 *
 * Return: the queue, or NULL.
 */
struct pagein *pagein_make(struct kvm_vcpu *vcpu, unsigned int req);

/**
 * pagein_drop - nobody is told any more
 * @p: the queue, or NULL; the vCPU is being destroyed
 */
void pagein_drop(struct pagein *p);

/** pagein_is_full - is there no room for another page, or no work to spare? own thread */
bool pagein_is_full(const struct pagein *p);

/** pagein_has - is a frame's page being brought in, or there and not taken yet? own thread */
bool pagein_has(const struct pagein *p, const struct mmu_slot *slot, gfn_t gfn);

/**
 * pagein_start - bring a page in
 * @p: the queue, which was not full; own thread
 * @slot: the frame's slot
 * @gfn: the frame
 * @write: it has to be writable
 *
 * When it cannot be brought in, it counts as there: whoever uses it is told why.
 *
 * Return: its number, or -1: others have taken the last work.
 */
int pagein_start(struct pagein *p, const struct mmu_slot *slot, gfn_t gfn,
		 bool write);

/** pagein_set_token - the caller's name for page @i, 0 unless it has one; own thread */
void pagein_set_token(struct pagein *p, int i, u32 token);

/**
 * pagein_forget - no page has a token any more
 * @p: the queue; own thread
 *
 * Return: true: one had.
 */
bool pagein_forget(struct pagein *p);

/**
 * pagein_done - a page that is there
 * @p: the queue; own thread
 * @from: 0; or 1 + what was returned last, to go through all of them
 *
 * Return: its number, or -1.
 */
int pagein_done(const struct pagein *p, int from);

/** pagein_token - the token of page @i, from pagein_done() */
u32 pagein_token(const struct pagein *p, int i);

/** pagein_take - page @i, from pagein_done(), leaves the queue; own thread */
void pagein_take(struct pagein *p, int i);

/** pagein_set_owner - the module that pages on their way keep loaded */
void pagein_set_owner(struct module *owner);

/** module_step_pagein_up - who brings them in */
int module_step_pagein_up(void *unused);
/** module_step_pagein_down - no work is left */
void module_step_pagein_down(void *unused);

#endif
