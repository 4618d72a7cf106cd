// SPDX-License-Identifier: GPL-2.0-only
/* Entry into the guest, and what TDP and shadow worlds judge alike. */
#include <errno.h>

#include <linux/kernel.h>

#include "tests/unit/env.h"

bool env_memory_may_fail(void)
{
	return shim_fail_at || shim_fail_odds;
}

void (*env_root_hook)(struct env_vcpu *v);

static void root_set(struct env_vcpu *v, hpa_t root, bool out)
{
	pthread_mutex_lock(&v->tlb_lock);
	v->root = root;
	if (!out && env_root_hook)
		env_root_hook(v);
	__atomic_store_n(&v->out, out, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&v->tlb_lock);
}

static bool has_entered(const struct env_vcpu *v)
{
	return !__atomic_load_n(&v->out, __ATOMIC_ACQUIRE) &&
	       mmu_root_is_current(&v->v);
}

static int root_load(struct env_vcpu *v)
{
	hpa_t root = 0;
	int r;

	root_set(v, v->root, true);
	r = mmu_root_load(&v->v, &root);
	if (r < 0) {
		if (r != -ENOMEM || !env_memory_may_fail())
			shim_die("mmu_root_load: %d", r);
		return r;
	}
	if (r)
		map_flush_vcpu(v);
	else if (root != v->root)
		shim_die("another root, and nobody said so");
	root_set(v, root, false);
	return 0;
}

/* Once more when a root became obsolete while it was loaded. */
int world_enter(struct env_vcpu *v)
{
	int r = 0, tries = 0;

	while (!r && !has_entered(v)) {
		if (++tries > 1000)
			shim_die("no root ever becomes current");
		r = root_load(v);
	}
	return r;
}

/* Is USER with -EFAULT or -EHWPOISON what userspace's memory deserves? */
bool env_refuses(struct env_vm *vm, struct env_slot *s, gfn_t gfn, bool write,
		 int err)
{
	struct host_page p;

	if (!s)
		return false;
	host_look(&vm->host, env_host_page(&s->s, gfn), &p);
	if (err == -EHWPOISON)
		return p.flags & HOST_POISON;
	return err == -EFAULT && (!(p.flags & HOST_MAPPED) ||
				  (write && !(p.flags & HOST_VMA_W)));
}

static void slot_log_check(const struct env_slot *s)
{
	if (!s || !s->dirty)
		return;
	for (u64 w = 0; w < BITS_TO_LONGS(s->s.npages); w++)
		if (s->written[w] & ~s->dirty[w])
			shim_die("writes that the log lacks: slot at %llx, word %llu",
				 s->s.base_gfn, w);
}

void env_logs_check(struct env_vm *vm)
{
	for (int i = 0; i < 2 * ENV_SLOTS; i++)
		slot_log_check(vm->slot[i / ENV_SLOTS][i % ENV_SLOTS]);
}
