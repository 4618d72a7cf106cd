// SPDX-License-Identifier: GPL-2.0-only
/*
 * core/irqfd.c: every errno; edges; levels that several irqfds share; and whoever may
 * remove an irqfd, in every order, with each allocation failing.  The lines are the
 * test's.  Freed memory is the sanitizer's affair.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <linux/xarray.h>

#include "core/irqfd.c"

#define GSIS	8

static struct kvm kvm;
static enum irq_chips chips;
static struct { bool high; int edges; } line[GSIS][IRQ_SOURCES];

enum irq_chips arch_irq_chips(struct kvm *k)
{
	return chips;
}

void arch_irq_line(struct kvm *k, u32 gsi, enum irq_source source, bool level)
{
	assert_ptr_equal(k, &kvm);
	line[gsi][source].edges += level && !line[gsi][source].high;
	line[gsi][source].high = level;
}

void arch_irq_pulse(struct kvm *k, u32 gsi)
{
	arch_irq_line(k, gsi, IRQ_SOURCE_USER, true);
	arch_irq_line(k, gsi, IRQ_SOURCE_USER, false);
}

static void up(void)
{
	memset(&kvm, 0, sizeof(kvm));
	memset(line, 0, sizeof(line));
	memset(shim_eventfd, 0, sizeof(shim_eventfd));
	shim_live = 0;
	chips = IRQ_CHIPS_FULL;
	assert_int_equal(module_step_irqfd_up(NULL), 0);
	shim_wq = irqfd_wq;
}

static void down(void)
{
	int i;

	if (kvm.irqfds)
		irqfds_destroy(&kvm);
	module_step_irqfd_down(NULL);
	assert_int_equal(shim_live, 0);
	for (i = 0; i < SHIM_EVENTFDS; i++) {
		assert_int_equal(shim_eventfd[i].refs, 0);
		assert_null(shim_eventfd[i].wqh.first);
	}
	for (i = 0; i < GSIS; i++)
		assert_false(line[i][IRQ_SOURCE_RESAMPLE].high);
}

static int set(u32 fd, u32 gsi, u32 flags, u32 resamplefd)
{
	struct kvm_irqfd args = {
		.fd = fd, .gsi = gsi, .flags = flags, .resamplefd = resamplefd,
	};

	return irqfd_set(&kvm, &args);
}

static int edge(u32 fd, u32 gsi)
{
	return set(fd, gsi, 0, 0);
}

static int level(u32 fd, u32 gsi, u32 resamplefd)
{
	return set(fd, gsi, KVM_IRQFD_FLAG_RESAMPLE, resamplefd);
}

static int off(u32 fd, u32 gsi)
{
	return set(fd, gsi, KVM_IRQFD_FLAG_DEASSIGN, 0);
}

/* What stock answers in the same cases. */
static void errors(void **state)
{
	up();
	chips = IRQ_CHIPS_NONE;
	assert_int_equal(edge(0, 1), -EINVAL);
	assert_int_equal(edge(100, 1), -EINVAL);
	assert_int_equal(off(0, 1), 0);
	assert_int_equal(off(100, 1), -EBADF);
	assert_int_equal(off(SHIM_EVENTFDS, 1), -EINVAL);
	chips = IRQ_CHIPS_SPLIT;
	assert_int_equal(level(0, 1, 1), -EINVAL);
	assert_int_equal(edge(0, 1), 0);
	assert_int_equal(edge(0, 1), -EBUSY);
	assert_int_equal(edge(0, 2), -EBUSY);
	assert_int_equal(off(0, 2), 0);
	assert_int_equal(edge(0, 1), -EBUSY);
	assert_int_equal(off(0, 1), 0);
	assert_int_equal(off(0, 1), 0);
	chips = IRQ_CHIPS_FULL;
	assert_int_equal(edge(100, 1), -EBADF);
	assert_int_equal(edge(SHIM_EVENTFDS, 1), -EINVAL);
	assert_int_equal(level(0, 1, 100), -EBADF);
	assert_int_equal(level(0, 1, SHIM_EVENTFDS), -EINVAL);
	assert_int_equal(set(0, 1, 4, 0), -EINVAL);
	assert_int_equal(level(0, 1, 1), 0);
	assert_int_equal(level(0, 1, 1), -EBUSY);
	assert_int_equal(set(0, 1, KVM_IRQFD_FLAG_DEASSIGN | KVM_IRQFD_FLAG_RESAMPLE, 100), 0);
	assert_int_equal(edge(0, 1), 0);
	down();
}

static void edges(void **state)
{
	up();
	assert_int_equal(edge(0, 3), 0);
	for (int i = 1; i <= 3; i++) {
		eventfd_signal(&shim_eventfd[0]);
		assert_int_equal(line[3][IRQ_SOURCE_USER].edges, i);
		assert_false(line[3][IRQ_SOURCE_USER].high);
		/* It is read. */
		assert_int_equal(shim_eventfd[0].count, 0);
	}
	irqfd_acked(&kvm, 3);
	assert_int_equal(off(0, 3), 0);
	shim_eventfd[0].refs++;
	eventfd_signal(&shim_eventfd[0]);
	shim_eventfd[0].refs--;
	assert_int_equal(line[3][IRQ_SOURCE_USER].edges, 3);
	down();
}

static void signalled_before(void **state)
{
	up();
	shim_eventfd[1].count = 1;
	assert_int_equal(edge(1, 2), 0);
	assert_int_equal(line[2][IRQ_SOURCE_USER].edges, 1);
	shim_eventfd[2].count = 1;
	assert_int_equal(level(2, 4, 3), 0);
	assert_true(line[4][IRQ_SOURCE_RESAMPLE].high);
	down();
}

static void levels(void **state)
{
	up();
	assert_int_equal(level(0, 5, 4), 0);
	assert_int_equal(level(1, 5, 5), 0);
	assert_int_equal(level(2, 6, 6), 0);
	eventfd_signal(&shim_eventfd[0]);
	eventfd_signal(&shim_eventfd[1]);
	assert_true(line[5][IRQ_SOURCE_RESAMPLE].high);
	assert_int_equal(line[5][IRQ_SOURCE_RESAMPLE].edges, 1);
	irqfd_acked(&kvm, 7);
	irqfd_acked(&kvm, 6);
	assert_int_equal(shim_eventfd[6].signals, 1);
	assert_true(line[5][IRQ_SOURCE_RESAMPLE].high);
	irqfd_acked(&kvm, 5);
	assert_false(line[5][IRQ_SOURCE_RESAMPLE].high);
	assert_int_equal(shim_eventfd[4].signals, 1);
	assert_int_equal(shim_eventfd[5].signals, 1);
	assert_int_equal(shim_eventfd[6].signals, 1);
	/* One goes: the line is still the other's. */
	eventfd_signal(&shim_eventfd[1]);
	assert_int_equal(off(0, 5), 0);
	assert_true(line[5][IRQ_SOURCE_RESAMPLE].high);
	irqfd_acked(&kvm, 5);
	assert_int_equal(shim_eventfd[4].signals, 1);
	assert_int_equal(shim_eventfd[5].signals, 2);
	/* The last one takes it down. */
	eventfd_signal(&shim_eventfd[1]);
	assert_int_equal(off(1, 5), 0);
	assert_false(line[5][IRQ_SOURCE_RESAMPLE].high);
	down();
}

/* A device that still wants service raises the line again when it is told. */
static int raise_again(wait_queue_entry_t *wait, unsigned int mode, int flags, void *key)
{
	assert_false(line[5][IRQ_SOURCE_RESAMPLE].high);
	eventfd_signal(&shim_eventfd[0]);
	return 0;
}

static void requeued(void **state)
{
	wait_queue_entry_t device;

	up();
	assert_int_equal(level(0, 5, 4), 0);
	init_waitqueue_func_entry(&device, raise_again);
	add_wait_queue_priority(&shim_eventfd[4].wqh, &device);
	eventfd_signal(&shim_eventfd[0]);
	irqfd_acked(&kvm, 5);
	assert_true(line[5][IRQ_SOURCE_RESAMPLE].high);
	assert_int_equal(line[5][IRQ_SOURCE_RESAMPLE].edges, 2);
	shim_wait_lock(&shim_eventfd[4].wqh);
	shim_wait_del(&shim_eventfd[4].wqh, &device);
	shim_wait_unlock(&shim_eventfd[4].wqh);
	down();
}

/* The eventfd's context may live on: somebody else has it. */
static void closed(void **state)
{
	up();
	shim_eventfd[0].refs++;
	assert_int_equal(level(0, 5, 4), 0);
	eventfd_signal(&shim_eventfd[0]);
	shim_eventfd_close(0);
	flush_workqueue(irqfd_wq);
	rcu_barrier();
	assert_int_equal(shim_eventfd[0].refs, 1);
	assert_int_equal(shim_eventfd[4].refs, 0);
	assert_null(shim_eventfd[0].wqh.first);
	assert_false(line[5][IRQ_SOURCE_RESAMPLE].high);
	shim_eventfd[0].refs--;
	down();
}

/* ------------------------------------------------------------------------ */
/* Who removes it, in which order. */

static void remove_now(void)
{
	assert_int_equal(off(0, 3), 0);
}

static void close_now(void)
{
	shim_eventfd_close(0);
}

static void work_now(void)
{
	flush_workqueue(irqfd_wq);
}

static void vm_ends(void)
{
	if (kvm.irqfds)
		irqfds_destroy(&kvm);
	kvm.irqfds = NULL;
}

static void time_passes(void)
{
	rcu_barrier();
}

static void orders(void **state)
{
	static void (*const act[])(void) = {
		remove_now, close_now, work_now, vm_ends, time_passes,
	};
	const int n = ARRAY_SIZE(act);

	/* all sequences of five */
	for (int s = 0; s < n * n * n * n * n; s++) {
		for (int resample = 0; resample < 2; resample++) {
			up();
			assert_int_equal(resample ? level(0, 3, 1) : edge(0, 3), 0);
			assert_int_equal(level(2, 3, 4), 0);
			eventfd_signal(&shim_eventfd[0]);
			for (int i = 0, rest = s; i < 5; i++, rest /= n)
				act[rest % n]();
			down();
		}
	}
}

/* Somebody takes it off while its work waits for the lock. */
static struct work_struct *late;

static void work_is_late(void **state)
{
	struct irqfd *irqfd;

	up();
	assert_int_equal(edge(0, 3), 0);
	irqfd = list_first_entry(&kvm.irqfds->all, struct irqfd, link);
	irqfd->ended = true;
	late = &irqfd->closed;
	irqfd_closed(late);
	/* nothing happened to it */
	assert_true(irqfd->wait.queued);
	irqfd->ended = false;
	down();
}

static void no_memory(void **state)
{
	int err = -ENOMEM, n;

	for (n = 1; err; n++) {
		up();
		shim_fail_at = shim_allocs + n;
		err = level(0, 3, 1);
		shim_fail_at = 0;
		assert_true(!err || err == -ENOMEM);
		shim_eventfd[0].refs++;
		eventfd_signal(&shim_eventfd[0]);
		shim_eventfd[0].refs--;
		assert_int_equal(line[3][IRQ_SOURCE_RESAMPLE].high, !err);
		down();
	}
	/* The list, the irqfd, the resampler and a node of the map. */
	assert_int_equal(n, 6);
	shim_fail_at = shim_allocs + 1;
	assert_int_equal(module_step_irqfd_up(NULL), -ENOMEM);
	shim_fail_at = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors),
		cmocka_unit_test(edges),
		cmocka_unit_test(signalled_before),
		cmocka_unit_test(levels),
		cmocka_unit_test(requeued),
		cmocka_unit_test(closed),
		cmocka_unit_test(orders),
		cmocka_unit_test(work_is_late),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
