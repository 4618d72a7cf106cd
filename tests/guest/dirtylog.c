// SPDX-License-Identifier: GPL-2.0-only
/*
 * dirtylog.so: preloaded into a VMM. Counts by which of KVM's ways that looks for what its
 * guest has written, and tells at its end, on standard error: "dirtylog: N got, N cleared,
 * N reset". With DIRTYLOG=classic in the environment KVM seems to have no
 * KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2: who gets a log has cleared it, as before Linux 5.0.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

static atomic_ulong got, cleared, reset;

static bool classic(void)
{
	const char *wanted = getenv("DIRTYLOG");

	return wanted && !strcmp(wanted, "classic");
}

static void count(unsigned int request)
{
	switch (request) {
	case KVM_GET_DIRTY_LOG:
		got++;
		break;
	case KVM_CLEAR_DIRTY_LOG:
		cleared++;
		break;
	case KVM_RESET_DIRTY_RINGS:
		reset++;
		break;
	}
}

/* QEMU's request is an int, and so may come with a sign. */
int ioctl(int fd, unsigned long word, ...)
{
	unsigned int request = word;
	const struct kvm_enable_cap *cap;
	va_list args;
	void *arg;

	va_start(args, word);
	arg = va_arg(args, void *);
	va_end(args);
	count(request);
	if (request == KVM_CHECK_EXTENSION && classic() &&
	    (unsigned long)arg == KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2)
		return 0;
	cap = arg;
	if (request == KVM_ENABLE_CAP && classic() &&
	    cap->cap == KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_ioctl, fd, word, arg);
}

__attribute__((destructor)) static void tell(void)
{
	fprintf(stderr, "dirtylog: %lu got, %lu cleared, %lu reset\n", got, cleared, reset);
}
