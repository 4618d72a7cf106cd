/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptors 0 to SHIM_EVENTFDS - 1 are eventfds, which count what they get and tell
 * who waits in their queue (linux/wait.h), under its lock as the kernel does.  Any
 * other descriptor below SHIM_FILES is a file of another kind.
 */
#ifndef SHIM_LINUX_EVENTFD_H
#define SHIM_LINUX_EVENTFD_H

#include <linux/err.h>
#include <linux/errno.h>
#include <linux/file.h>
#include <linux/kernel.h>
#include <linux/wait.h>

#define SHIM_EVENTFDS	8

struct eventfd_ctx {
	int refs;
	unsigned int signals;
	u64 count;
	wait_queue_head_t wqh;
};

SHIM_WEAK struct eventfd_ctx shim_eventfd[SHIM_EVENTFDS];

static inline struct eventfd_ctx *eventfd_ctx_fileget(struct file *file)
{
	if (file->fd >= SHIM_EVENTFDS)
		return ERR_PTR(-EINVAL);
	shim_eventfd[file->fd].refs++;
	return &shim_eventfd[file->fd];
}

static inline struct eventfd_ctx *eventfd_ctx_fdget(int fd)
{
	struct file *file = fd_file(fdget(fd));

	return file ? eventfd_ctx_fileget(file) : ERR_PTR(-EBADF);
}

static inline void eventfd_ctx_put(struct eventfd_ctx *ctx)
{
	shim_assert(ctx->refs > 0);
	ctx->refs--;
}

static inline void eventfd_signal(struct eventfd_ctx *ctx)
{
	shim_assert(ctx->refs > 0);
	ctx->signals++;
	shim_wait_lock(&ctx->wqh);
	ctx->count++;
	shim_wake(&ctx->wqh, EPOLLIN);
	shim_wait_unlock(&ctx->wqh);
}

static inline void eventfd_ctx_do_read(struct eventfd_ctx *ctx, u64 *count)
{
	shim_assert(ctx->wqh.locked);
	*count = ctx->count;
	ctx->count = 0;
}

static inline int eventfd_ctx_remove_wait_queue(struct eventfd_ctx *ctx,
						wait_queue_entry_t *wait, u64 *count)
{
	shim_wait_lock(&ctx->wqh);
	eventfd_ctx_do_read(ctx, count);
	shim_wait_del(&ctx->wqh, wait);
	shim_wait_unlock(&ctx->wqh);
	return *count ? 0 : -EAGAIN;
}

/* The last close; references to the context stay. */
static inline void shim_eventfd_close(int fd)
{
	struct eventfd_ctx *ctx = &shim_eventfd[fd];

	shim_wait_lock(&ctx->wqh);
	shim_wake(&ctx->wqh, EPOLLHUP);
	shim_wait_unlock(&ctx->wqh);
}

#endif
