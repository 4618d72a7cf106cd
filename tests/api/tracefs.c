// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mount.h>
#include "tracefs.h"

char trace_text[1 << 20];

void trace_read(const char *path)
{
	ssize_t n, len = 0;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		FAIL("%s: %s", path, strerrorname_np(errno));
	while ((n = OK(read(fd, trace_text + len, sizeof(trace_text) - 1 - len))) > 0)
		len += n;
	trace_text[len] = 0;
	close(fd);
}

void trace_write(const char *path, const char *what)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	if (fd < 0)
		FAIL("%s: %s", path, strerrorname_np(errno));
	CHECK_EQ(write(fd, what, strlen(what)), strlen(what));
	close(fd);
}

void tracefs(void)
{
	if (access(TRACING "events", X_OK))
		mount("nodev", "/sys/kernel/tracing", "tracefs", 0, NULL);
	if (access(TRACING "events/kvm", X_OK))
		test_skip("no tracefs, or no tracepoints in it");
}
