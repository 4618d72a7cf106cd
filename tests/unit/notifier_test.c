// SPDX-License-Identifier: GPL-2.0-only
/*
 * core/notifier.c: a VM leaves its process while walks are in it, of which one begins
 * before the other one ends, for ever.  A walk is a thread that stops inside the VM; one
 * runs at a time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <cmocka.h>

#include <linux/srcu.h>

/* Slots stay what they are. */
#define srcu_read_lock(s)		((void)(s), 0)
#define srcu_read_unlock(s, idx)	((void)(s), (void)(idx))

#include "core/notifier.c"

static struct mm_struct mm = { .users = 1, .count = 1 };
static struct kvm vm[2];
static struct slot slot = { .mmu = { .base_gfn = 0x100, .npages = 1, .hva = 0x700000 } };
static union {
	struct slots set;
	char room[sizeof(struct slots) + sizeof(struct slot *)];
} one, none;

static struct walk {
	pthread_t thread;
	sem_t go, stopped;
	bool ended;
	int visits[2];
} walks[2];
static __thread struct walk *walking;
static int rounds, begun[2];

static int vm_of(const struct mmu *mmu)
{
	return container_of(mmu, struct kvm, mmu) - vm;
}

void mmu_invalidate_begin(struct mmu *mmu, gfn_t start, gfn_t end)
{
	begun[vm_of(mmu)]++;
}

void mmu_invalidate_end(struct mmu *mmu)
{
	begun[vm_of(mmu)]--;
}

void arch_frames_change(struct kvm *kvm, gfn_t start, gfn_t end)
{
}

/* Inside of VM 0 a walk stops, and goes on when it is told to. */
void mmu_zap(struct mmu *mmu, int as_id, gfn_t start, gfn_t end, bool may_yield)
{
	shim_assert(start == 0x100 && end == 0x101);
	walking->visits[vm_of(mmu)]++;
	if (vm_of(mmu))
		return;
	sem_post(&walking->stopped);
	sem_wait(&walking->go);
}

bool mmu_age(struct mmu *mmu, int as_id, gfn_t start, gfn_t end)
{
	return false;
}

bool mmu_is_young(struct mmu *mmu, int as_id, gfn_t start, gfn_t end)
{
	return false;
}

static void *walk_fn(void *walk)
{
	static const struct mmu_notifier_range range = { 0x700000, 0x701000 };

	walking = walk;
	notifier_start(shim_notifier, &range);
	notifier_end(shim_notifier, &range);
	walking->ended = true;
	sem_post(&walking->stopped);
	return NULL;
}

/* To where it is inside of VM 0, or to its end. */
static void walk_begin(struct walk *w)
{
	memset(w, 0, sizeof(*w));
	sem_init(&w->go, 0, 0);
	sem_init(&w->stopped, 0, 0);
	assert_int_equal(pthread_create(&w->thread, NULL, walk_fn, w), 0);
	sem_wait(&w->stopped);
}

static void walk_end(struct walk *w)
{
	if (!w->ended) {
		sem_post(&w->go);
		sem_wait(&w->stopped);
	}
	assert_true(w->ended);
	pthread_join(w->thread, NULL);
}

/* The next one begins, then the one before ends. */
static void next_walk(void)
{
	assert_true(rounds < 5);
	walk_begin(&walks[++rounds % 2]);
	walk_end(&walks[(rounds - 1) % 2]);
}

static void vm_make(struct kvm *kvm)
{
	memset(kvm, 0, sizeof(*kvm));
	kvm->mm = &mm;
	rcu_assign_pointer(kvm->slots[0], &one.set);
	rcu_assign_pointer(kvm->slots[1], &none.set);
	assert_int_equal(vm_step_notifier_up(kvm), 0);
}

static int start(void **state)
{
	one.set.n = 1;
	one.set.slot[0] = &slot;
	vm_make(&vm[1]);
	vm_make(&vm[0]);
	rounds = 0;
	shim_wait_round = next_walk;
	return 0;
}

static int stop(void **state)
{
	vm_step_notifier_down(&vm[1]);
	assert_null(shim_notifier);
	assert_int_equal(begun[1], 0);
	return 0;
}

/* It waits for the one walk that is inside; who comes later finds the other VM alone. */
static void test_leaves(void **state)
{
	walk_begin(&walks[0]);
	assert_false(walks[0].ended);
	vm_step_notifier_down(&vm[0]);
	assert_int_equal(rounds, 1);
	assert_int_equal(walks[0].visits[0], 1);
	assert_int_equal(walks[0].visits[1], 1);
	assert_int_equal(walks[1].visits[0], 0);
	assert_int_equal(walks[1].visits[1], 1);
	walk_end(&walks[1]);
}

/* Nobody inside, nothing to wait for. */
static void test_leaves_at_once(void **state)
{
	vm_step_notifier_down(&vm[0]);
	assert_int_equal(rounds, 0);
	assert_int_equal(begun[0], 0);
}

/* Whose slots have changed waits until nobody is inside, and stays. */
static void test_stays(void **state)
{
	walk_begin(&walks[0]);
	assert_int_equal(vm[0].notifier_pins, 1);
	shim_wait_round = NULL;
	walk_end(&walks[0]);
	notifier_wait(&vm[0]);
	walk_begin(&walks[1]);
	assert_int_equal(walks[1].visits[0], 1);
	walk_end(&walks[1]);
	assert_int_equal(begun[0], 0);
	vm_step_notifier_down(&vm[0]);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_leaves),
		CASE(test_leaves_at_once),
		CASE(test_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
