/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptors below SHIM_FILES are open; how often each is in use is counted. */
#ifndef SHIM_LINUX_FILE_H
#define SHIM_LINUX_FILE_H

#include <linux/kernel.h>

#define SHIM_FILES	10

struct file {
	unsigned int fd;
	int users;
};

struct fd {
	struct file *file;
};

#define fd_file(f)	((f).file)

SHIM_WEAK struct file shim_file[SHIM_FILES];

static inline struct fd fdget(unsigned int fd)
{
	if (fd >= SHIM_FILES)
		return (struct fd){ NULL };
	shim_file[fd].fd = fd;
	shim_file[fd].users++;
	return (struct fd){ &shim_file[fd] };
}

static inline void fdput(struct fd f)
{
	shim_assert(f.file->users > 0);
	f.file->users--;
}

#endif
