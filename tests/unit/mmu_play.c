// SPDX-License-Identifier: GPL-2.0-only
/*
 * Other threads, played at the steps of the one that runs: at each atomic
 * access of eight bytes, when a lock is dropped and in the middle of page
 * lookups.  What is played runs to its end inside of that step, with a thread
 * context of its own, and only if a real thread could run there: no writer
 * while the lock is held, nothing but hardware under a writer.
 */
#include <linux/kernel.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "mmu/base/config.h"
#include "tests/unit/mmu_ops.h"

long ops_played;

static unsigned int rnd(unsigned int n)
{
	return shim_random() % n;
}

static struct env_vm *play_vm;
static unsigned int play_odds;

static struct env_vcpu *idle_vcpu(struct env_vm *vm, bool entered)
{
	struct env_vcpu *v = vm->vcpu[rnd(ENV_VCPUS)];

	if (!v || v->busy)
		return NULL;
	if (entered && (v->out || !mmu_root_is_current(&v->v)))
		return NULL;
	return v;
}

static void play_free(struct env_vm *vm)
{
	struct env_vcpu *v;

	if (!rnd(3))
		ops_host_notified(vm);
	else if (!rnd(40))
		ops_zap_all(vm);
	else if ((v = idle_vcpu(vm, false)) != NULL)
		ops_access(v);
}

/* The thread that runs holds the lock for read: what a reader may do. */
static void play_reader(struct env_vm *vm)
{
	struct env_slot *s;
	struct env_vcpu *v;
	int i;

	switch (rnd(7)) {
	case 0:
		ops_age(vm);
		break;
	case 6:
		ops_nx_recover(vm);
		break;
	case 1:
		ops_log_take(vm);
		break;
	case 2:
		/* Zaps tables with no invalidation in progress. */
		s = ops_slot(vm, &i);
		if (s && !s->dirty)
			mmu_recover_slot(&vm->mmu, &s->s);
		break;
	default:
		v = idle_vcpu(vm, true);
		if (v)
			ops_access(v);
	}
}

enum play_room ops_play_room(struct env_vm *vm)
{
	if (!shim_self.nheld && !shim_self.atomic)
		return PLAY_ANYTHING;
	if (shim_self.nheld == 1 && shim_held_read(&vm->mmu.lock))
		return PLAY_READERS;
	return PLAY_HARDWARE;
}

bool ops_play(struct env_vm *vm, void (*fn)(struct env_vm *vm))
{
	struct shim_thread self = shim_self;

	if (shim_nested)
		return false;
	shim_nested++;
	ops_played++;
	env_no_notify = ops_play_room(vm) != PLAY_ANYTHING;
	self.rng += 2;
	memset(&shim_self, 0, sizeof(shim_self));
	shim_self.rng = self.rng ^ 0x5555555555555554ull;
	fn(vm);
	shim_assert(!shim_self.nheld && !shim_self.rcu && !shim_self.reader);
	shim_self = self;
	env_no_notify = false;
	shim_nested--;
	return true;
}

static void play(void)
{
	enum play_room room = ops_play_room(play_vm);

	/* Without a second level nobody changes anything as a reader. */
	if (room == PLAY_READERS && play_vm->mmu.config->second == MMU_SECOND_NONE)
		room = PLAY_HARDWARE;
	if (room == PLAY_ANYTHING)
		ops_play(play_vm, play_free);
	else if (room == PLAY_READERS && rnd(4))
		ops_play(play_vm, play_reader);
	else
		ops_play(play_vm, ops_hardware);
}

static void play_step(void)
{
	if (!rnd(play_odds))
		play();
}

/* Gaps are rarer, and more can happen in them. */
static void play_gap(void)
{
	if (!rnd(4))
		play();
}

void ops_play_start(struct env_vm *vm, unsigned int odds)
{
	play_vm = vm;
	play_odds = odds;
	vm->crowded = true;
	shim_yield_odds = 8;
	shim_step_hook = play_step;
	shim_yield_hook = play_gap;
	env_gap_hook = play_gap;
}

void ops_play_stop(void)
{
	shim_yield_odds = 0;
	shim_step_hook = NULL;
	shim_yield_hook = NULL;
	env_gap_hook = NULL;
	if (play_vm)
		play_vm->crowded = false;
}
