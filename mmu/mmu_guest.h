/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MMU's public interface: shadow paging, where the caller tells what the
 * processor does not.  Included by mmu.h.
 */
#ifndef LAMINA_MMU_MMU_GUEST_H
#define LAMINA_MMU_MMU_GUEST_H

#include "mmu/base/types.h"

struct mmu;
struct mmu_vcpu;

/* ------------------------------------------------------------------------ */
/* What the guest does to its translations; shadow paging only, else nothing. */

/**
 * mmu_guest_flush - the guest asked for all its translations to be forgotten
 * @vcpu: the vCPU; called by its own thread
 *
 * Loads of CR3, changes of CR0, CR4 and EFER that flush, INVPCID of a context or
 * of all.  The next mmu_root_load() reads the root register and the PDPTEs again
 * and brings what went out of sync up to date.  The caller flushes its own TLB.
 */
void mmu_guest_flush(struct mmu_vcpu *vcpu);

/**
 * mmu_guest_invlpg - the guest asked for one translation to be forgotten
 * @vcpu: the vCPU; called by its own thread, memslots' SRCU held
 * @la: linear address, canonical
 *
 * The caller flushes its own TLB, all of it, before it runs the guest again: of a
 * translation that goes, which may be in use at other addresses, only other vCPUs
 * are told.
 */
void mmu_guest_invlpg(struct mmu_vcpu *vcpu, u64 la);

/**
 * mmu_guest_written - guest memory was written in the guest's name
 * @vcpu: the vCPU; called by its own thread, memslots' SRCU held
 * @gpa: first byte
 * @len: bytes, at least 1; within a page
 *
 * After the write.  What shadows a table there is brought up to date.
 */
void mmu_guest_written(struct mmu_vcpu *vcpu, gpa_t gpa, unsigned int len);

/* ------------------------------------------------------------------------ */
/* How many shadow pages there may be. */

/* KVM_SET_NR_MMU_PAGES: fewer make no sense.  The API's own minimum. */
#define MMU_PAGES_MIN	64

/**
 * mmu_page_limit_set - userspace says how many shadow pages there may be
 * @mmu: the VM
 * @n: how many, raised to MMU_PAGES_MIN, at most 2^32 - 1
 *
 * The oldest go if there are more; may sleep.
 */
void mmu_page_limit_set(struct mmu *mmu, unsigned long n);

/**
 * mmu_page_limit_default - the size of guest memory has changed
 * @mmu: the VM
 * @npages: frames of all slots
 *
 * 2 % of them, unless userspace has said something else.
 */
void mmu_page_limit_default(struct mmu *mmu, u64 npages);

#endif
