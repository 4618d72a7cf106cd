// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access rights: SDM vol. 3, 4.6; APM vol. 2, 5.6.
 */
#include "mmu/guest/perm.h"

/* An access packed as an index of struct perm's table. */
#define ACCESS_WRITE	1u
#define ACCESS_USER	2u
#define ACCESS_FETCH	4u
#define ACCESS_SMAP	8u	/* CR4.SMAP, if set, forbids user pages */
#define ACCESSES	16u

/* Second level: the entries' rights and nothing else, as for a user. */
static bool second_denies(u32 access, u32 rights)
{
	if (!(rights & ACC_U))
		return true;
	if (access & ACCESS_FETCH)
		return !(rights & ACC_X);
	if (access & ACCESS_WRITE)
		return !(rights & ACC_W);
	return !(rights & ACC_R);
}

static bool fetch_denied(const struct perm_bits *bits, u32 access, u32 rights)
{
	if (bits->nx && !(rights & ACC_X))
		return true;
	if (access & ACCESS_USER)
		return !(rights & ACC_U);
	return bits->smep && (rights & ACC_U);
}

static bool data_denied(const struct perm_bits *bits, u32 access, u32 rights)
{
	bool write = access & ACCESS_WRITE;

	if (access & ACCESS_USER)
		return !(rights & ACC_U) || (write && !(rights & ACC_W));
	if (bits->smap && (access & ACCESS_SMAP) && (rights & ACC_U))
		return true;
	return write && bits->wp && !(rights & ACC_W);
}

static bool access_denied(const struct perm_bits *bits, u32 access, u32 rights)
{
	if (bits->second)
		return second_denies(access, rights);
	if (access & ACCESS_FETCH)
		return fetch_denied(bits, access, rights);
	return data_denied(bits, access, rights);
}

void perm_init(struct perm *p, const struct perm_bits *bits)
{
	u32 access, rights;

	for (access = 0; access < ACCESSES; access++) {
		p->denied[access] = 0;
		for (rights = 0; rights <= ACC_ALL; rights++)
			if (access_denied(bits, access, rights))
				p->denied[access] |= 1u << rights;
	}
	p->second = bits->second;
	p->wp = bits->wp;
	p->pke = bits->pke && !bits->second;
	p->reported = PF_WRITE | PF_USER;
	/* SDM 4.7; the second level always tells (APM 15.25.6). */
	if (bits->nx || bits->smep || bits->second)
		p->reported |= PF_FETCH;
}

/* SDM 4.6.2: data accesses to user pages only. */
static bool key_denies(const struct perm *p, u32 pkey, u64 access, u32 pkru)
{
	bool access_disable = pkru >> (2 * pkey) & 1;
	bool write_disable = pkru >> (2 * pkey + 1) & 1;

	if (access_disable)
		return true;
	return write_disable && (access & PF_WRITE) &&
	       ((access & PF_USER) || p->wp);
}

u64 perm_check(const struct perm *p, u32 rights, u32 pkey, u64 access,
	       const struct perm_regs *regs)
{
	u32 index = 0;
	u64 error;

	if (access & PF_WRITE)
		index |= ACCESS_WRITE;
	if (access & PF_FETCH)
		index |= ACCESS_FETCH;
	if (access & PF_USER)
		index |= ACCESS_USER;
	else if ((access & PF_IMPLICIT) || !regs->ac)
		index |= ACCESS_SMAP;

	error = p->denied[index] & (1u << rights) ? PF_PRESENT : 0;
	if (p->pke && (rights & ACC_U) && !(access & PF_FETCH) &&
	    key_denies(p, pkey, access, regs->pkru))
		error = PF_PRESENT | PF_PK;
	return error;
}
