// SPDX-License-Identifier: GPL-2.0-only
/*
 * create [-s] module|vm|vcpu N: makes one N times, and ends it each time.
 *
 * With -s, of a test build, each step of the creation in turn is made to fail N
 * times: all those attempts must fail with EIO.  A descriptor too many is an
 * error, too.  All in one process, so that nothing else moves the counts of what
 * the kernel has allocated.  Ends with 0, 1, or 3 if each attempt failed with EIO.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cpuid.h>
#include <linux/kvm.h>

#define PARAM	"/sys/module/kvm/parameters/"

static const char *what;
static int kvm = -1, module = -1;

static void fail(const char *name)
{
	fprintf(stderr, "create %s: %s: %s\n", what, name, strerror(errno));
	exit(1);
}

/* The lowest descriptor that is free. */
static int fd_next(void)
{
	int fd = open("/dev/null", O_RDONLY);

	close(fd);
	return fd;
}

static int is_amd(void)
{
	unsigned int a, b = 0, c, d;

	__get_cpuid(0, &a, &b, &c, &d);
	return b == 0x68747541;		/* "Auth" */
}

/* With nested paging and without it, by turns. */
static int module_create(void)
{
	static unsigned int times;
	const char *off = is_amd() ? "npt=0" : "ept=0";

	if (syscall(SYS_finit_module, module, times++ & 1 ? off : "", 0))
		return errno;
	if (syscall(SYS_delete_module, is_amd() ? "kvm_amd" : "kvm_intel",
		    O_NONBLOCK))
		fail("delete_module");
	return 0;
}

/* Returns the errno, or 0. */
static int create(void)
{
	int vm, fd, err = 0;

	if (kvm < 0)
		return module_create();
	vm = ioctl(kvm, KVM_CREATE_VM, 0ul);
	if (!strcmp(what, "vm"))
		err = vm < 0 ? errno : 0;
	else if (vm < 0)
		fail("KVM_CREATE_VM");
	else if ((fd = ioctl(vm, KVM_CREATE_VCPU, 0ul)) < 0)
		err = errno;
	else
		close(fd);
	if (vm >= 0)
		close(vm);
	return err;
}

/* True when all attempts failed, false when none did. */
static int repeat(int n)
{
	int free_fd = fd_next(), failed = 0, i, err;

	for (i = 0; i < n; i++) {
		err = create();
		failed += !!err;
		errno = err;
		if ((err && err != EIO) || (failed && failed != i + 1))
			fail("not as the first");
	}
	errno = 0;
	if (fd_next() != free_fd)
		fail("a descriptor stays open");
	return failed != 0;
}

static FILE *param_open(const char *prefix, const char *mode)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), PARAM "%s_%s", prefix, what);
	f = fopen(path, mode);
	if (!f)
		fail(path);
	return f;
}

static void param_write(int value)
{
	FILE *f = param_open("fail", "w");

	fprintf(f, "%d\n", value);
	if (fclose(f))
		fail("fail_*");
}

static void steps(int n)
{
	FILE *f = param_open("steps", "r");
	int i, count = 0;

	if (fscanf(f, "%d", &count) != 1 || count < 5)
		fail("steps_*");
	fclose(f);
	for (i = 0; i < count; i++) {
		param_write(i);
		if (!repeat(n)) {
			fprintf(stderr, "create %s: step %d does not fail\n", what, i);
			exit(1);
		}
	}
	param_write(-1);
}

int main(int argc, char **argv)
{
	int each = argc > 1 && !strcmp(argv[1], "-s");
	int n = argc == 3 + each ? atoi(argv[2 + each]) : 0;

	if (n < 1)
		return 2;
	what = argv[1 + each];
	if (!strcmp(what, "module")) {
		module = open(is_amd() ? "/mod/test/kvm-amd.ko" :
					 "/mod/test/kvm-intel.ko", O_RDONLY);
		if (module < 0)
			fail("the vendor module");
	} else {
		kvm = open("/dev/kvm", O_RDWR);
		if (kvm < 0)
			fail("/dev/kvm");
	}
	if (!each)
		return repeat(n) ? 3 : 0;
	steps(n);
	return 0;
}
