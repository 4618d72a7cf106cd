/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of mmu_env.h that is about guest memory, which includes it. */
#ifndef LAMINA_MMU_MMU_ENV_GUEST_H
#define LAMINA_MMU_MMU_ENV_GUEST_H

#include "mmu/base/types.h"

struct mmu_vcpu;

/**
 * mmu_env_guest_read - read guest physical memory
 * @vcpu: whose address space
 * @gpa: address; the range does not cross a page
 * @buf: destination
 * @len: bytes, 1 to 4096
 *
 * Return: 0, or -EFAULT when no slot is there or userspace unmapped it.
 */
int mmu_env_guest_read(struct mmu_vcpu *vcpu, gpa_t gpa, void *buf,
		       unsigned int len);

/**
 * mmu_env_guest_peek - read entries of a guest's table without sleeping
 * @vcpu: whose address space; memslots' SRCU is held
 * @gpa: address; the range does not cross a page
 * @buf: destination
 * @len: bytes, a multiple of 4 up to 4096
 *
 * May be called under the MMU lock.
 *
 * Return: 0; -EFAULT when mmu_env_guest_read() would fail or would have to
 * bring the page in first.
 */
int mmu_env_guest_peek(struct mmu_vcpu *vcpu, gpa_t gpa, void *buf,
		       unsigned int len);

struct gwalk_step;
struct mmu_walk;

/**
 * mmu_env_guest_hva - where userspace has guest memory
 * @vcpu: whose address space; memslots' SRCU is held
 * @gpa: address
 *
 * Return: userspace's address; 0: no slot is there.
 */
hva_t mmu_env_guest_hva(struct mmu_vcpu *vcpu, gpa_t gpa);

/**
 * mmu_env_guest_slots - what number the slots have
 * @vcpu: whose address space; memslots' SRCU is held
 *
 * Return: a number, never 0, that they have until one of them changes; read before
 * mmu_env_guest_hva(), whose answer is right as long as it is the same.
 */
u64 mmu_env_guest_slots(struct mmu_vcpu *vcpu);

enum mmu_again {
	AGAIN_SAME,		/* all entries are what they were */
	AGAIN_CHANGED,		/* one is not, or cannot be read */
	AGAIN_MOVED,		/* the slots changed: userspace's addresses may be others */
};

/* No code is wanted. */
#define AGAIN_NO_CODE	UINT_MAX

/**
 * mmu_env_guest_again - do the entries of a walk still have their values?  Pays only where
 *                       the hardware lacks decode assists: see guest/again.c
 * @vcpu: whose address space; memslots' SRCU is held
 * @walk: the walk, with userspace's addresses
 * @code: AGAIN_NO_CODE, or where in the walk's page &mmu_walk.code is to be read from,
 *        eight bytes
 */
enum mmu_again mmu_env_guest_again(struct mmu_vcpu *vcpu, struct mmu_walk *walk,
				   unsigned int code);

/**
 * mmu_env_guest_same_now - do entries of a walk still have their values?
 * @vcpu: whose address space; memslots' SRCU is held
 * @step: the entries
 * @n: how many, at least 1
 * @size: bytes of an entry, 4 or 8
 *
 * Does not sleep, so that it may be called under the MMU lock.
 *
 * Return: false when one differs, or cannot be read.
 */
bool mmu_env_guest_same_now(struct mmu_vcpu *vcpu,
			    const struct gwalk_step *step, unsigned int n,
			    unsigned int size);

/**
 * mmu_env_guest_cmpxchg - compare and exchange in guest physical memory
 * @vcpu: whose address space
 * @gpa: address, aligned to @size
 * @size: 4 or 8
 * @old: expected value
 * @new: new value; the page is marked dirty in the log when it was stored
 *
 * Return: 0 when exchanged; -EAGAIN when memory held another value; -EFAULT
 * when no slot is there, it is read-only, or userspace unmapped it.
 */
int mmu_env_guest_cmpxchg(struct mmu_vcpu *vcpu, gpa_t gpa, unsigned int size,
			  u64 old, u64 new);

#endif
