// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whoever closes a descriptor last may be a stranger that it was handed to, or a thread of
 * the kernel's.  Its close() is over soon, whatever the VM's own process does meanwhile.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include "lib.h"
#include "uffd.h"

/* Some hundred times what the slowest machine needs. */
#define SOON_MS		10000
#define PAGE		4096ul

static struct vm vm;

/* ---- the stranger: a child that has a descriptor, and closes it when it is told to ---- */

static int go, done;

static void stranger_make(int fd)
{
	int there[2], back[2];
	char c;

	OK(pipe(there));
	OK(pipe(back));
	go = there[1];
	done = back[0];
	if (OK(fork()))
		return;
	OK(read(there[0], &c, 1));
	close(fd);
	OK(write(back[1], "", 1));
	_exit(0);
}

/* Nobody else has the descriptor any more. */
static void stranger_closes(void)
{
	struct pollfd p = { .fd = done, .events = POLLIN };

	OK(write(go, "", 1));
	if (!OK(poll(&p, 1, SOON_MS)))
		FAIL("close() has not returned");
}

/* ---- cases ---- */

static uint8_t *bitmap;
static volatile int log_result, vcpu_result;
static volatile pid_t vcpu_tid;

static void *log_getter(void *unused)
{
	struct kvm_dirty_log log = { .dirty_bitmap = bitmap };

	log_result = ioctl(vm.fd, KVM_GET_DIRTY_LOG, &log);
	return NULL;
}

static void *vcpu_maker(void *unused)
{
	vcpu_tid = gettid();
	vcpu_result = ioctl(vm.fd, KVM_CREATE_VCPU, 0ul);
	return NULL;
}

/* Where no signal gets it. */
static bool sleeps_deep(pid_t tid)
{
	char path[64], text[512] = "", *state;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	f = fopen(path, "r");
	CHECK(f && fgets(text, sizeof(text), f));
	fclose(f);
	state = strrchr(text, ')');
	return state && state[2] == 'D';
}

/* One ioctl has slots_lock, until userspace has given a page; one kvm->lock, and waits for that. */
static void device_under_ioctls(void)
{
	struct kvm_create_device dev = { .type = KVM_DEV_TYPE_VFIO };
	uint8_t *zeroes = mem_new(PAGE, 0);
	int uffd, tries = 0;
	pthread_t t, u;

	bitmap = mem_new(PAGE, 0);
	vm_new(&vm, -1);
	OK(vm_slot(&vm, SLOT_FLAGS(0, KVM_MEM_LOG_DIRTY_PAGES), 0, mem_new(64 * PAGE, 0),
		   64 * PAGE));
	uffd = uffd_register(bitmap, PAGE);
	OK(ioctl(vm.fd, KVM_CREATE_DEVICE, &dev));
	stranger_make(dev.fd);
	close(dev.fd);
	CHECK(!pthread_create(&t, NULL, log_getter, NULL));
	CHECK(uffd_wait(uffd) == bitmap);
	CHECK(!pthread_create(&u, NULL, vcpu_maker, NULL));
	while (!vcpu_tid || !sleeps_deep(vcpu_tid)) {
		CHECK(tries++ < 1000);
		usleep(10000);
	}
	stranger_closes();
	/* The place is free, and the VM works. */
	OK(ioctl(vm.fd, KVM_CREATE_DEVICE, &dev));
	ERR(ioctl(vm.fd, KVM_CREATE_DEVICE, &dev), EBUSY);
	uffd_give(uffd, bitmap, zeroes);
	CHECK(!pthread_join(t, NULL) && !pthread_join(u, NULL));
	CHECK_EQ(log_result, 0);
	CHECK(vcpu_result >= 0);
}

static const struct test_case cases[] = {
	{ "device_under_ioctls", device_under_ioctls, 0 },
	{ NULL, NULL, 0 }
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
