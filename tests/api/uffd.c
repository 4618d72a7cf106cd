// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <linux/userfaultfd.h>
#include <sys/syscall.h>
#include "lib.h"
#include "uffd.h"

int uffd_register(void *mem, unsigned long len)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (unsigned long)mem, .len = len },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	/* poll() waits only for one that does not block. */
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		test_skip("no userfaultfd");
	OK(ioctl(fd, UFFDIO_API, &api));
	OK(ioctl(fd, UFFDIO_REGISTER, &reg));
	return fd;
}

void *uffd_wait(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct uffd_msg msg;

	CHECK_EQ(poll(&p, 1, 20000), 1);
	CHECK_EQ(read(fd, &msg, sizeof(msg)), sizeof(msg));
	CHECK_EQ(msg.event, UFFD_EVENT_PAGEFAULT);
	return (void *)(msg.arg.pagefault.address & ~0xfffull);
}

void uffd_give(int fd, void *page, const void *from)
{
	struct uffdio_copy copy = {
		.dst = (unsigned long)page, .src = (unsigned long)from, .len = 4096,
	};

	OK(ioctl(fd, UFFDIO_COPY, &copy));
}
