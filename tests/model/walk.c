// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reference walker.  Bit numbers are written out, one line for each row of
 * a manual's table; nothing is clever and nothing is shared with mmu/.
 */
#include <string.h>

#include "tests/model/walk.h"

struct walk {
	const struct model_mem *m;
	const struct model_paging *p;
	const struct model_access *a;
	struct model_result *r;
	bool readable, writable, user, executable;
};

static bool bit(u64 value, int n)
{
	return (value >> n) & 1;
}

static u64 field(u64 value, int high, int low)
{
	u64 result = 0;
	int n;

	for (n = high; n >= low; n--)
		result = result * 2 + bit(value, n);
	return result;
}

static bool is_ept(const struct model_paging *p)
{
	return p->mode == MODEL_EPT4 || p->mode == MODEL_EPT5;
}

static bool is_second_level(const struct model_paging *p)
{
	return p->nested || is_ept(p);
}

/* ------------------------------------------------------------------------ */
/* Reserved bits. */

/* SDM tables 4-4 to 4-6. */
static bool bad_32(const struct model_paging *p, u64 e, int level)
{
	int m = 32;

	if (level == 1 || !p->pse || !bit(e, 7))
		return false;
	if (p->pse36)
		m = p->maxphyaddr < 40 ? p->maxphyaddr : 40;
	return field(e, 21, m - 19) != 0;
}

/* SDM tables 4-8 to 4-11. */
static bool bad_pae(const struct model_paging *p, u64 e, int level)
{
	if (level == 3)
		return (!p->pdpte_lax && (field(e, 2, 1) || field(e, 8, 5))) ||
		       field(e, 63, p->maxphyaddr);
	if (field(e, 62, p->maxphyaddr))
		return true;
	if (bit(e, 63) && !p->nxe)
		return true;
	if (level == 2 && bit(e, 7) && field(e, 20, 13))
		return true;
	return false;
}

/* SDM tables 4-14 to 4-20; for AMD, APM vol. 2, 5.3. */
static bool bad_long(const struct model_paging *p, u64 e, int level)
{
	if (field(e, 51, p->maxphyaddr))
		return true;
	if (bit(e, 63) && !p->nxe)
		return true;
	switch (level) {
	case 5:
	case 4:
		return bit(e, 7) || (p->amd && bit(e, 8));
	case 3:
		if (bit(e, 7))
			return !p->gib_pages || field(e, 29, 13);
		return p->amd && bit(e, 8);
	case 2:
		return bit(e, 7) && field(e, 20, 13);
	}
	return false;
}

static bool bad_ept_memtype(u64 e)
{
	u64 type = field(e, 5, 3);

	return type == 2 || type == 3 || type == 7;
}

/* SDM 29.3.3.1. */
static bool bad_ept(const struct model_paging *p, u64 e, int level)
{
	if (bit(e, 1) && !bit(e, 0))
		return true;
	if (bit(e, 2) && !bit(e, 1) && !bit(e, 0) && !p->exec_only)
		return true;
	if (field(e, 51, p->maxphyaddr))
		return true;
	switch (level) {
	case 5:
	case 4:
		return field(e, 7, 3) != 0;
	case 3:
		if (!bit(e, 7))
			return field(e, 6, 3) != 0;
		return !p->gib_pages || field(e, 29, 12) || bad_ept_memtype(e);
	case 2:
		if (!bit(e, 7))
			return field(e, 6, 3) != 0;
		return field(e, 20, 12) || bad_ept_memtype(e);
	}
	return bad_ept_memtype(e);
}

static bool is_bad(const struct model_paging *p, u64 e, int level)
{
	if (is_ept(p))
		return bad_ept(p, e, level);
	if (p->mode == MODEL_32)
		return bad_32(p, e, level);
	if (p->mode == MODEL_PAE)
		return bad_pae(p, e, level);
	return bad_long(p, e, level);
}

/* ------------------------------------------------------------------------ */
/* Faults, and the stage below. */

/* SDM 4.7; APM 8.4.2, 15.25.6. */
static enum model_end fault(struct walk *w, int level, u64 cause)
{
	const struct model_paging *p = w->p;

	w->r->level = level;
	w->r->error = cause;
	if (w->a->write)
		w->r->error |= 1 << 1;
	if (w->a->user)
		w->r->error |= 1 << 2;
	if (w->a->fetch && ((p->nxe && p->mode != MODEL_32) || p->smep ||
			    is_second_level(p)))
		w->r->error |= 1 << 4;
	return MODEL_FAULT;
}

/* Through ->next, if there is one; @bit_no: 32 final address, 33 table. */
static enum model_end below(struct walk *w, u64 addr,
			    const struct model_access *a, int bit_no,
			    struct model_result *n)
{
	enum model_end end;

	memset(n, 0, sizeof(*n));
	n->gpa = addr;
	n->level = 5;
	if (!w->p->next)
		return MODEL_DONE;
	end = model_walk(w->m, w->p->next, addr, a, n);
	if (end == MODEL_DONE || end == MODEL_NOWHERE)
		return end;
	w->r->fault_addr = addr;
	w->r->level = n->level;
	w->r->rights = n->rights;
	w->r->misconfig = n->misconfig;
	w->r->error = n->error | 1ull << bit_no;
	return MODEL_NEXT;
}

/*
 * APM 15.25.6: table walks are always data writes.  SDM 29.3.3.2: below an EPT they
 * are with bit 6 of the EPTP.
 */
static bool reads_are_writes(const struct model_paging *next)
{
	return next && (!is_ept(next) || next->ept_ad);
}

static enum model_end table_below(struct walk *w, u64 addr, bool to_write,
				  u64 *gpa)
{
	struct model_access a = {
		.user = true,
		.write = to_write || reads_are_writes(w->p->next),
	};
	struct model_result n;
	enum model_end end;

	end = below(w, addr, &a, 33, &n);
	*gpa = n.gpa;
	return end;
}

/* ------------------------------------------------------------------------ */
/* One entry. */

static void take_rights(struct walk *w, u64 e, int level)
{
	/* SDM table 4-8: a PDPTE of PAE paging has none. */
	if (w->p->mode == MODEL_PAE && level == 3)
		return;
	if (is_ept(w->p)) {
		w->readable = w->readable && bit(e, 0);
		w->writable = w->writable && bit(e, 1);
		w->executable = w->executable && bit(e, 2);
		return;
	}
	w->writable = w->writable && bit(e, 1);
	w->user = w->user && bit(e, 2);
	w->executable = w->executable && !bit(e, 63);
}

static enum model_end take(struct walk *w, u64 addr, int size, int level,
			   u64 *e)
{
	struct model_entry *used = &w->r->entry[w->r->used];
	enum model_end end;

	end = table_below(w, addr, false, &used->gpa);
	if (end != MODEL_DONE)
		return end;
	if (!w->m->read(w->m->opaque, used->gpa, size, e))
		return MODEL_NOWHERE;
	used->addr = addr;
	used->value = *e;
	used->size = size;
	used->level = level;
	w->r->used++;
	if (is_ept(w->p) ? field(*e, 2, 0) == 0 : !bit(*e, 0))
		return fault(w, level, 0);
	if (is_bad(w->p, *e, level)) {
		w->r->misconfig = is_ept(w->p);
		return fault(w, level, 1 | 1 << 3);
	}
	take_rights(w, *e, level);
	return MODEL_DONE;
}

static enum model_end page(struct walk *w, int level, u64 frame, u64 offset)
{
	w->r->level = level;
	w->r->gpa = frame + offset;
	return MODEL_DONE;
}

/* ------------------------------------------------------------------------ */
/* The walks, one for each figure of the manual. */

/* SDM figures 4-2 and 4-3. */
static enum model_end walk_32(struct walk *w, u64 va)
{
	enum model_end end;
	u64 pde, pte;

	end = take(w, w->p->root + 4 * field(va, 31, 22), 4, 2, &pde);
	if (end != MODEL_DONE)
		return end;
	if (w->p->pse && bit(pde, 7))
		return page(w, 2, (field(pde, 31, 22) << 22) +
			    (field(pde, 20, 13) << 32), field(va, 21, 0));
	end = take(w, (field(pde, 31, 12) << 12) + 4 * field(va, 21, 12), 4, 1,
		   &pte);
	if (end != MODEL_DONE)
		return end;
	return page(w, 1, field(pte, 31, 12) << 12, field(va, 11, 0));
}

/* From a page directory on: PAE, 4 levels, 5 levels and EPT alike. */
static enum model_end walk_pd(struct walk *w, u64 va, u64 table)
{
	enum model_end end;
	u64 pde, pte;

	end = take(w, table + 8 * field(va, 29, 21), 8, 2, &pde);
	if (end != MODEL_DONE)
		return end;
	if (bit(pde, 7))
		return page(w, 2, field(pde, 51, 21) << 21, field(va, 20, 0));
	end = take(w, (field(pde, 51, 12) << 12) + 8 * field(va, 20, 12), 8, 1,
		   &pte);
	if (end != MODEL_DONE)
		return end;
	return page(w, 1, field(pte, 51, 12) << 12, field(va, 11, 0));
}

/* SDM figures 4-5 and 4-6. */
static enum model_end walk_pae(struct walk *w, u64 va)
{
	u64 pdpte = w->p->pdpte[field(va, 31, 30)];
	enum model_end end;

	if (w->p->pdpte_mem) {
		end = take(w, w->p->root + 8 * field(va, 31, 30), 8, 3, &pdpte);
		if (end != MODEL_DONE)
			return end;
	}
	if (!bit(pdpte, 0))
		return fault(w, 3, 0);
	if (is_bad(w->p, pdpte, 3))
		return fault(w, 3, 1 | 1 << 3);
	return walk_pd(w, va, field(pdpte, 51, 12) << 12);
}

/* SDM figures 4-8 to 4-10. */
static enum model_end walk_long(struct walk *w, u64 va, bool five)
{
	u64 table = w->p->root;
	enum model_end end;
	u64 e;

	if (five) {
		end = take(w, table + 8 * field(va, 56, 48), 8, 5, &e);
		if (end != MODEL_DONE)
			return end;
		table = field(e, 51, 12) << 12;
	}
	end = take(w, table + 8 * field(va, 47, 39), 8, 4, &e);
	if (end != MODEL_DONE)
		return end;
	table = field(e, 51, 12) << 12;
	end = take(w, table + 8 * field(va, 38, 30), 8, 3, &e);
	if (end != MODEL_DONE)
		return end;
	if (bit(e, 7))
		return page(w, 3, field(e, 51, 30) << 30, field(va, 29, 0));
	return walk_pd(w, va, field(e, 51, 12) << 12);
}

static enum model_end walk_tables(struct walk *w, u64 va)
{
	bool second = is_second_level(w->p);

	switch (w->p->mode) {
	case MODEL_32:
		if (second && va >> 32)
			return fault(w, 2, 0);
		return walk_32(w, va);
	case MODEL_PAE:
		if (second && va >> 32)
			return fault(w, 3, 0);
		return walk_pae(w, va);
	case MODEL_4LEVEL:
	case MODEL_EPT4:
		if (second && va >> 48)
			return fault(w, 4, 0);
		return walk_long(w, va, false);
	default:
		if (second && va >> 57)
			return fault(w, 5, 0);
		return walk_long(w, va, true);
	}
}

/* ------------------------------------------------------------------------ */
/* Permissions, SDM 4.6. */

static bool key_denies(const struct model_paging *p,
		       const struct model_access *a,
		       const struct model_result *r)
{
	if (!p->pke || (p->mode != MODEL_4LEVEL && p->mode != MODEL_5LEVEL))
		return false;
	if (a->fetch || !(r->rights & ACC_U))
		return false;
	if (bit(a->pkru, 2 * r->pkey))
		return true;
	if (!bit(a->pkru, 2 * r->pkey + 1) || !a->write)
		return false;
	return a->user || p->wp;
}

/* Supervisor-mode accesses, SDM 4.6.1.1. */
static bool supervisor_denied(const struct model_paging *p,
			      const struct model_access *a, u32 rights)
{
	bool user_page = rights & ACC_U;

	if (a->fetch) {
		if (user_page && p->smep)
			return true;
		return p->nxe && !(rights & ACC_X);
	}
	if (user_page && p->smap && (a->implicit || !a->ac))
		return true;
	if (a->write && p->wp)
		return !(rights & ACC_W);
	return false;
}

/* User-mode accesses, SDM 4.6.1.2. */
static bool user_denied(const struct model_paging *p,
			const struct model_access *a, u32 rights)
{
	if (!(rights & ACC_U))
		return true;
	if (a->fetch)
		return p->nxe && !(rights & ACC_X);
	if (a->write)
		return !(rights & ACC_W);
	return false;
}

/* SDM 29.3.3.2; an NPT says the same with its own bits (APM 15.25.5). */
static bool second_denied(const struct model_access *a, u32 rights)
{
	if (!(rights & ACC_U))
		return true;
	if (a->fetch)
		return !(rights & ACC_X);
	if (a->write)
		return !(rights & ACC_W);
	return !(rights & ACC_R);
}

bool model_denies(const struct model_paging *p, const struct model_access *a,
		  const struct model_result *r, bool *key)
{
	*key = false;
	if (is_second_level(p))
		return second_denied(a, r->rights);
	*key = key_denies(p, a, r);
	if (*key)
		return true;
	if (a->user)
		return user_denied(p, a, r->rights);
	return supervisor_denied(p, a, r->rights);
}

/* ------------------------------------------------------------------------ */
/* The end of a walk that found a page. */

/* SDM 4.8; EPT: 29.3.5. */
static enum model_end set_ad(struct walk *w)
{
	int accessed = is_ept(w->p) ? 8 : 5;
	int dirty = is_ept(w->p) ? 9 : 6;
	bool on = is_ept(w->p) ? w->p->ept_ad : w->p->set_ad;
	enum model_end end = MODEL_DONE;
	int i;

	for (i = 0; on && i < w->r->used; i++) {
		struct model_entry *e = &w->r->entry[i];
		u64 bits = 1ull << accessed, now;

		/* SDM table 4-8: a PDPTE of PAE paging has neither bit. */
		if (w->p->mode == MODEL_PAE && e->level == 3)
			continue;
		if (e->level == w->r->level && w->a->write)
			bits |= 1ull << dirty;
		if ((e->value & bits) == bits)
			continue;
		/* Where it was read as if to write, that was the way to it. */
		if (!reads_are_writes(w->p->next))
			end = table_below(w, e->addr, true, &e->gpa);
		if (end != MODEL_DONE)
			return end;
		w->m->read(w->m->opaque, e->gpa, e->size, &now);
		w->m->write(w->m->opaque, e->gpa, e->size, now | bits);
	}
	return MODEL_DONE;
}

static enum model_end finish(struct walk *w)
{
	struct model_result *r = w->r;
	bool key;

	if (w->readable)
		r->rights |= ACC_R;
	if (w->writable)
		r->rights |= ACC_W;
	if (w->executable)
		r->rights |= ACC_X;
	if (w->user)
		r->rights |= ACC_U;
	if ((w->p->mode == MODEL_4LEVEL || w->p->mode == MODEL_5LEVEL) &&
	    !w->p->nested)
		r->pkey = field(r->entry[r->used - 1].value, 62, 59);
	if (model_denies(w->p, w->a, r, &key))
		return fault(w, r->level, key ? 1 | 1 << 5 : 1);
	return set_ad(w);
}

enum model_end model_walk(const struct model_mem *m,
			  const struct model_paging *p, u64 va,
			  const struct model_access *a, struct model_result *r)
{
	struct model_access own = *a, final = { .user = true };
	struct walk w = { m, p, &own, r, true, true, true, true };
	struct model_result n;
	enum model_end end;

	memset(r, 0, sizeof(*r));
	r->fault_addr = va;
	r->gpa = va;
	r->level = 3;
	r->rights = ACC_R | ACC_W | ACC_X | ACC_U;
	/* APM 15.25.5: all that nested paging sees is a user's. */
	if (is_second_level(p))
		own.user = true;
	if (p->mode != MODEL_OFF) {
		r->rights = 0;
		end = walk_tables(&w, va);
		if (end == MODEL_DONE)
			end = finish(&w);
		if (end != MODEL_DONE)
			return end;
	}
	final.write = a->write;
	final.fetch = a->fetch;
	end = below(&w, r->gpa, &final, 32, &n);
	if (end != MODEL_DONE)
		return end;
	r->gpa = n.gpa;
	if (n.level < r->level)
		r->level = n.level;
	return MODEL_DONE;
}
