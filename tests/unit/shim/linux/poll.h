/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_POLL_H
#define SHIM_LINUX_POLL_H

#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/wait.h>

typedef unsigned int __poll_t;

typedef struct poll_table_struct {
	void (*queue)(struct file *file, wait_queue_head_t *q, struct poll_table_struct *p);
} poll_table;

#define init_poll_funcptr(p, fn)	((void)((p)->queue = (fn)))
#define key_to_poll(key)		((__poll_t)(unsigned long)(key))

/* Of an eventfd. */
static inline __poll_t vfs_poll(struct file *file, poll_table *p)
{
	struct eventfd_ctx *ctx = &shim_eventfd[file->fd];

	shim_assert(file->users > 0 && file->fd < SHIM_EVENTFDS);
	p->queue(file, &ctx->wqh, p);
	return ctx->count ? EPOLLIN : 0;
}

#endif
