// SPDX-License-Identifier: GPL-2.0-only
/* What a guest's tables said, and what they say now. */
#include <linux/kernel.h>
#include <linux/string.h>

#include "tests/model/paging.h"
#include "tests/unit/env.h"

/* ------------------------------------------------------------------------ */
/* Memory. */

static struct env_slot *readable(struct env_vcpu *v, u64 gpa)
{
	struct env_slot *s = env_slot_find(v->vm, v->v.as_id, gpa >> 12);
	struct host_page p;

	if (!s)
		return NULL;
	host_look(&v->vm->host, env_host_page(&s->s, gpa >> 12), &p);
	return (p.flags & HOST_MAPPED) && !(p.flags & HOST_POISON) ? s : NULL;
}

/*
 * A table in memory that cannot be written: A and D bits are lost on the way.  What
 * was mapped without them then stays when it can be written again.
 */
static u8 was_rom[HOST_PAGES];

static bool is_rom(struct env_vcpu *v, u64 gpa)
{
	struct env_slot *s = readable(v, gpa);
	struct host_page p;
	u64 page;

	if (!s || (s->s.flags & MMU_SLOT_READONLY))
		return true;
	page = env_host_page(&s->s, gpa >> 12);
	host_look(&v->vm->host, page, &p);
	was_rom[page] |= !(p.flags & HOST_VMA_W);
	return was_rom[page];
}

static bool mem_read(void *opaque, u64 gpa, int size, u64 *value)
{
	struct env_slot *s = readable(opaque, gpa);

	if (!s)
		return false;
	*value = env_mem_get(env_host_page(&s->s, gpa >> 12), gpa & 4095, size);
	return true;
}

static void mem_write(void *opaque, u64 gpa, int size, u64 value)
{
	shim_die("the reference writes guest memory");
}

struct model_mem past_memory(struct env_vcpu *v)
{
	return (struct model_mem){
		.read = mem_read, .write = mem_write, .opaque = v
	};
}

enum model_end past_now(struct env_vcpu *v, u64 va,
			const struct model_access *a, struct model_result *r)
{
	const struct model_mem mem = past_memory(v);
	struct model_paging p = v->cpu->guest;

	p.set_ad = false;
	return model_walk(&mem, &p, va, a, r);
}

/* ------------------------------------------------------------------------ */

struct paging_va *past_find(struct env_vcpu *v, u64 va)
{
	for (int i = 0; i < PAGING_VAS; i++)
		if (v->cpu->va[i].va >> 12 == va >> 12)
			return &v->cpu->va[i];
	return NULL;
}

static bool past_equal(const struct past *a, const struct past *b)
{
	return a->gfn == b->gfn && a->rights == b->rights &&
	       a->pkey == b->pkey && a->level == b->level &&
	       a->accessed == b->accessed && a->dirty == b->dirty;
}

static void past_add(struct paging_va *va, const struct past *p)
{
	for (int i = 0; i < va->n; i++)
		if (past_equal(&va->past[i], p))
			return;
	if (va->n == PAGING_PAST)
		va->any = true;
	else
		va->past[va->n++] = *p;
}

/* Walk again; what is found joins the past. */
static void va_update(struct env_vcpu *v, struct paging_va *va)
{
	/* Allowed wherever anything is: the rights are what counts. */
	static const struct model_access look = { .ac = true };
	struct past p = { .accessed = true, .dirty = true };
	struct model_result r;
	struct env_slot *s;

	past_now(v, va->va, &look, &r);
	va->used = 0;
	for (int i = 0; i < r.used; i++) {
		u64 gpa = r.entry[i].gpa;
		bool rom = is_rom(v, gpa);

		s = env_slot_find(v->vm, v->v.as_id, gpa >> 12);
		va->at[va->used++] = (env_host_page(&s->s, gpa >> 12) << 12) |
				     (gpa & 4095);
		p.accessed &= rom || (r.entry[i].value >> 5 & 1);
		p.dirty = rom || (r.entry[i].value >> 6 & 1);
	}
	/* 0 when no leaf was reached. */
	if (!r.rights)
		return;
	p.gfn = r.gpa >> 12;
	p.rights = r.rights;
	p.pkey = r.pkey;
	p.level = r.level;
	past_add(va, &p);
}

void past_update(struct env_vcpu *v)
{
	for (int i = 0; i < PAGING_VAS; i++)
		va_update(v, &v->cpu->va[i]);
}

void past_all_changed(struct env_vm *vm)
{
	for (int i = 0; i < ENV_VCPUS; i++)
		if (vm->vcpu[i])
			past_update(vm->vcpu[i]);
}

static bool va_read(const struct paging_va *va, u64 at, unsigned int size)
{
	for (int i = 0; i < va->used; i++)
		if (va->at[i] < at + size && at < va->at[i] + 8)
			return true;
	return false;
}

void past_changed(struct env_vm *vm, u64 page, unsigned int offset,
		  unsigned int size)
{
	u64 at = page << 12 | offset;

	for (int i = 0; i < ENV_VCPUS; i++)
		for (int n = 0; vm->vcpu[i] && n < PAGING_VAS; n++) {
			struct paging_va *va = &vm->vcpu[i]->cpu->va[n];

			if (va_read(va, at, size))
				va_update(vm->vcpu[i], va);
		}
}

static void va_forget(struct env_vcpu *v, struct paging_va *va)
{
	va->n = 0;
	va->any = false;
	va_update(v, va);
}

void past_forget(struct env_vcpu *v)
{
	for (int i = 0; i < PAGING_VAS; i++)
		va_forget(v, &v->cpu->va[i]);
}

void past_forget_va(struct env_vcpu *v, u64 va)
{
	struct paging_va *p = past_find(v, va);

	if (p)
		va_forget(v, p);
}

static bool one_allows(struct env_vcpu *v, const struct past *p,
		       const struct model_access *a)
{
	const struct model_result r = { .rights = p->rights, .pkey = p->pkey };
	const struct model_paging *g = &v->cpu->guest;
	bool key;

	if (g->mode == MODEL_OFF)
		return true;
	/* Cached with A set, and written with D set (SDM 4.8, 4.10.2.3). */
	if (!p->accessed || (a->write && !p->dirty))
		return false;
	return !model_denies(g, a, &r, &key);
}

bool past_allows(struct env_vcpu *v, u64 va, const struct model_access *a,
		 gfn_t gfn)
{
	struct paging_va *p = past_find(v, va);

	BUG_ON(!p);
	for (int i = 0; i < p->n; i++)
		if (p->past[i].gfn == gfn && one_allows(v, &p->past[i], a))
			return true;
	return p->any;
}

void past_show(struct env_vcpu *v, u64 va)
{
	const struct paging_va *p = past_find(v, va);

	for (int i = 0; i < p->n; i++)
		fprintf(stderr, "past: frame %llx rights %x key %d level %d%s%s\n",
			p->past[i].gfn, p->past[i].rights, p->past[i].pkey,
			p->past[i].level, p->past[i].accessed ? " A" : "",
			p->past[i].dirty ? " D" : "");
}
