/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a walk's rights and an access to a verdict.
 *
 * Nothing here knows page tables: CR0.WP, SMEP, SMAP, NX and protection keys
 * only (SDM vol. 3, 4.6; APM vol. 2, 5.6).
 */
#ifndef LAMINA_MMU_GUEST_PERM_H
#define LAMINA_MMU_GUEST_PERM_H

#include "mmu/base/types.h"

/**
 * struct perm_bits - control-register bits that decide
 * @wp: CR0.WP
 * @smep: CR4.SMEP
 * @smap: CR4.SMAP
 * @nx: EFER.NXE, and CR4.PAE (2-level tables have no NX), or an EPT
 * @pke: CR4.PKE and a 64-bit format
 * @second: a second-level table: no WP, SMEP, SMAP or keys; rights as they are
 */
struct perm_bits {
	bool wp;
	bool smep;
	bool smap;
	bool nx;
	bool pke;
	bool second;
};

/**
 * struct perm - a table computed from struct perm_bits
 * @denied: by access (PF_WRITE, PF_USER, PF_FETCH and "SMAP applies" packed
 *          in four bits): a mask of the 16 right combinations refused
 * @reported: PF_* bits of an access that its error code repeats
 * @pke: protection keys apply
 * @wp: CR0.WP, for the keys' write-disable bit
 * @second: a second-level table: every access is a user's
 */
struct perm {
	u16 denied[16];
	u64 reported;
	bool pke;
	bool wp;
	bool second;
};

/**
 * perm_init - compute the table
 * @p: result
 * @bits: the bits that decide
 */
void perm_init(struct perm *p, const struct perm_bits *bits);

/**
 * struct perm_regs - registers that decide at the moment of the access
 * @pkru: PKRU
 * @ac: RFLAGS.AC (an explicit supervisor access then ignores SMAP)
 */
struct perm_regs {
	u32 pkru;
	bool ac;
};

/**
 * perm_check - may this access use this page?
 * @p: the table
 * @rights: ACC_* of the whole walk
 * @pkey: protection key of the leaf, 0 to 15
 * @access: PF_WRITE, PF_USER, PF_FETCH, PF_IMPLICIT
 * @regs: registers at the moment of the access
 *
 * Return: 0 when allowed, otherwise PF_PRESENT, with PF_PK if the protection
 * key forbids it, whatever else does too.  The access's own bits are not
 * repeated: &perm.reported says which of them belong in the error code.
 */
u64 perm_check(const struct perm *p, u32 rights, u32 pkey, u64 access,
	       const struct perm_regs *regs);

#endif
