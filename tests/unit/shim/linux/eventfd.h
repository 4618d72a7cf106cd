/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptors 0 to SHIM_EVENTFDS - 1 are eventfds, which count what they get. */
#ifndef SHIM_LINUX_EVENTFD_H
#define SHIM_LINUX_EVENTFD_H

#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>

#define SHIM_EVENTFDS	8

struct eventfd_ctx {
	int refs;
	unsigned int signals;
};

SHIM_WEAK struct eventfd_ctx shim_eventfd[SHIM_EVENTFDS];

static inline struct eventfd_ctx *eventfd_ctx_fdget(int fd)
{
	if (fd < 0 || fd >= SHIM_EVENTFDS)
		return ERR_PTR(-EBADF);
	shim_eventfd[fd].refs++;
	return &shim_eventfd[fd];
}

static inline void eventfd_ctx_put(struct eventfd_ctx *ctx)
{
	shim_assert(ctx->refs > 0);
	ctx->refs--;
}

static inline void eventfd_signal(struct eventfd_ctx *ctx, unsigned int n)
{
	shim_assert(ctx->refs > 0);
	ctx->signals += n;
}

#endif
