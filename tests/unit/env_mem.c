// SPDX-License-Identifier: GPL-2.0-only
/* What guest memory holds, and the MMU's ways to read and change it. */
#include <errno.h>

#include <linux/kernel.h>

#include "tests/unit/env.h"

static u64 *content[HOST_PAGES];
static u64 used[4096];
static unsigned int nr_used;

void (*env_mem_hook)(u64 page, unsigned int offset, unsigned int size);
void (*env_cmpxchg_hook)(struct env_vcpu *v, gpa_t gpa, u64 old, u64 new);
unsigned int env_peek_odds;
void (*env_peek_hook)(void);

u64 env_mem_get(u64 page, unsigned int offset, unsigned int size)
{
	u64 value = 0;

	BUG_ON(page >= HOST_PAGES || offset + size > 4096);
	if (content[page])
		memcpy(&value, (char *)content[page] + offset, size);
	return value;
}

void env_mem_set(u64 page, unsigned int offset, unsigned int size, u64 value)
{
	BUG_ON(page >= HOST_PAGES || offset + size > 4096 || size > 8);
	if (!content[page]) {
		BUG_ON(nr_used == ARRAY_SIZE(used));
		used[nr_used++] = page;
		content[page] = calloc(1, 4096);
	}
	memcpy((char *)content[page] + offset, &value, size);
	if (env_mem_hook)
		env_mem_hook(page, offset, size);
}

void env_mem_reset(void)
{
	while (nr_used) {
		free(content[used[--nr_used]]);
		content[used[nr_used]] = NULL;
	}
}

static struct env_slot *slot_at(struct mmu_vcpu *vcpu, gpa_t gpa)
{
	struct env_vcpu *v = container_of(vcpu, struct env_vcpu, v);

	return env_slot_find(v->vm, vcpu->as_id, gpa >> 12);
}

static void read_out(u64 page, gpa_t gpa, void *buf, unsigned int len)
{
	unsigned int offset = gpa & 4095;

	BUG_ON(offset + len > 4096);
	if (content[page])
		memcpy(buf, (char *)content[page] + offset, len);
	else
		memset(buf, 0, len);
}

int mmu_env_guest_read(struct mmu_vcpu *vcpu, gpa_t gpa, void *buf,
		       unsigned int len)
{
	struct env_slot *s = slot_at(vcpu, gpa);
	struct host_page p;

	might_sleep();
	if (!s || env_page_get(s->vm, env_host_page(&s->s, gpa >> 12), false, &p))
		return -EFAULT;
	if (env_gap_hook)
		env_gap_hook();
	read_out(env_host_page(&s->s, gpa >> 12), gpa, buf, len);
	return 0;
}

int mmu_env_guest_peek(struct mmu_vcpu *vcpu, gpa_t gpa, void *buf,
		       unsigned int len)
{
	struct env_slot *s = slot_at(vcpu, gpa);
	struct host_page p;

	if (!s || (env_peek_odds && !(shim_random() % env_peek_odds)))
		return -EFAULT;
	host_look(&s->vm->host, env_host_page(&s->s, gpa >> 12), &p);
	if (!(p.flags & HOST_PRESENT) || (p.flags & HOST_POISON))
		return -EFAULT;
	read_out(env_host_page(&s->s, gpa >> 12), gpa, buf, len);
	if (env_peek_hook)
		env_peek_hook();
	return 0;
}

/* No slot changes between two walks here that would matter to a walk that is repeated. */
u64 mmu_env_guest_slots(struct mmu_vcpu *vcpu)
{
	return 1;
}

hva_t mmu_env_guest_hva(struct mmu_vcpu *vcpu, gpa_t gpa)
{
	struct env_slot *s = slot_at(vcpu, gpa);

	return s ? s->s.hva + (gpa - (s->s.base_gfn << 12)) : 0;
}

/* By guest address, which is as good. */
enum mmu_again mmu_env_guest_again(struct mmu_vcpu *vcpu, struct mmu_walk *walk,
				   unsigned int code)
{
	gpa_t at = (walk->gfn << 12) + code;

	if (!walk->slots)
		return AGAIN_MOVED;
	if (!mmu_env_guest_same_now(vcpu, walk->step, walk->n, walk->wide ? 8 : 4))
		return AGAIN_CHANGED;
	return code != AGAIN_NO_CODE && mmu_env_guest_peek(vcpu, at, &walk->code, 8) ?
	       AGAIN_CHANGED : AGAIN_SAME;
}

bool mmu_env_guest_same_now(struct mmu_vcpu *vcpu,
			    const struct gwalk_step *step, unsigned int n,
			    unsigned int size)
{
	u64 now;

	BUG_ON(!n);
	for (; n; n--, step++) {
		now = 0;
		if (mmu_env_guest_peek(vcpu, step->gpa, &now, size) ||
		    now != step->entry)
			return false;
	}
	return true;
}

int mmu_env_guest_cmpxchg(struct mmu_vcpu *vcpu, gpa_t gpa, unsigned int size,
			  u64 old, u64 new)
{
	struct env_vcpu *v = container_of(vcpu, struct env_vcpu, v);
	struct env_slot *s = slot_at(vcpu, gpa);
	struct host_page p;
	gfn_t gfn = gpa >> 12;
	int r;

	might_sleep();
	BUG_ON(gpa % size);
	if (!s || (s->s.flags & MMU_SLOT_READONLY))
		return -EFAULT;
	r = env_page_get(s->vm, env_host_page(&s->s, gfn), true, &p);
	/* It would wait for a change that this thread is played inside of. */
	if (r)
		return r == -EINTR ? -EAGAIN : -EFAULT;
	if (env_gap_hook)
		env_gap_hook();
	if (env_mem_get(env_host_page(&s->s, gfn), gpa & 4095, size) != old)
		return -EAGAIN;
	if (env_cmpxchg_hook)
		env_cmpxchg_hook(v, gpa, old, new);
	env_mem_set(env_host_page(&s->s, gfn), gpa & 4095, size, new);
	if (s->dirty)
		set_bit(gfn - s->s.base_gfn, s->dirty);
	return 0;
}
