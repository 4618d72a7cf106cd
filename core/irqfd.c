// SPDX-License-Identifier: GPL-2.0-only
/* irqfd: told in irqfd.h. */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/poll.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "compat/kernel.h"
#include "core/arch.h"
#include "core/irqfd.h"

/**
 * struct irqfds - a VM's irqfds; made with the first one
 * @lock: protects both
 * @all: struct irqfd by link
 * @resamplers: struct resampler by GSI; read under RCU
 */
struct irqfds {
	struct mutex lock;
	struct list_head all;
	struct xarray resamplers;
};

/**
 * struct resampler - a GSI whose line is high until the guest ends the interrupt
 * @rcu: freed after a grace period
 * @irqfds: struct irqfd by resample_link; read under RCU, changed under irqfds.lock
 */
struct resampler {
	struct rcu_head rcu;
	struct list_head irqfds;
};

/**
 * struct irqfd - an eventfd that raises an interrupt
 * @rcu: freed after a grace period, for irqfd_acked()
 * @kvm: (c) the VM
 * @link: in irqfds.all
 * @resample_link: in its resampler's list
 * @ctx: (c) the eventfd
 * @resample: (c) what is signalled when the guest ends the interrupt, or NULL
 * @wait: in the eventfd's queue
 * @poll: (x) puts it there
 * @gsi: (c) the GSI
 * @ended: taken off irqfds.all by somebody who waits for @closed; irqfds.lock
 * @closed: the eventfd was closed for the last time
 */
struct irqfd {
	struct rcu_head rcu;
	struct kvm *kvm;
	struct list_head link;
	struct list_head resample_link;
	struct eventfd_ctx *ctx;
	struct eventfd_ctx *resample;
	wait_queue_entry_t wait;
	poll_table poll;
	u32 gsi;
	bool ended;
	struct work_struct closed;
};

static struct workqueue_struct *irqfd_wq;

int module_step_irqfd_up(void *unused)
{
	irqfd_wq = alloc_workqueue("kvm-irqfd", 0, 0);
	return irqfd_wq ? 0 : -ENOMEM;
}

void module_step_irqfd_down(void *unused)
{
	/* irqfd_rcu() is code of this module. */
	rcu_barrier();
	destroy_workqueue(irqfd_wq);
}

static struct irqfds *irqfds_get(struct kvm *kvm)
{
	/* Pairs with the cmpxchg() in irqfds_make(). */
	return smp_load_acquire(&kvm->irqfds);
}

static struct irqfds *irqfds_make(struct kvm *kvm)
{
	struct irqfds *fds = irqfds_get(kvm), *new;

	if (fds)
		return fds;
	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return NULL;
	mutex_init(&new->lock);
	INIT_LIST_HEAD(&new->all);
	xa_init_flags(&new->resamplers, XA_FLAGS_ACCOUNT);
	fds = cmpxchg(&kvm->irqfds, NULL, new);
	if (!fds)
		return new;
	kfree(new);
	return fds;
}

/* ------------------------------------------------------------------------ */
/* Signals. */

static void irqfd_raise(struct irqfd *irqfd)
{
	if (irqfd->resample) {
		arch_irq_line(irqfd->kvm, irqfd->gsi, IRQ_SOURCE_RESAMPLE, true);
		return;
	}
	arch_irq_pulse(irqfd->kvm, irqfd->gsi);
}

/* The lock of the eventfd's queue is held, interrupts are off. */
static int irqfd_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct irqfd *irqfd = container_of(wait, struct irqfd, wait);
	__poll_t events = key_to_poll(key);
	u64 count;
	int taken = 0;

	if (events & EPOLLIN) {
		eventfd_ctx_do_read(irqfd->ctx, &count);
		irqfd_raise(irqfd);
		taken = 1;
	}
	if (events & EPOLLHUP)
		queue_work(irqfd_wq, &irqfd->closed);
	return taken;
}

static void irqfd_enqueue(struct file *file, wait_queue_head_t *queue, poll_table *poll)
{
	struct irqfd *irqfd = container_of(poll, struct irqfd, poll);

	add_wait_queue_priority(queue, &irqfd->wait);
}

void irqfd_acked(struct kvm *kvm, u32 gsi)
{
	struct irqfds *fds = irqfds_get(kvm);
	struct resampler *r;
	struct irqfd *irqfd;

	if (!fds)
		return;
	rcu_read_lock();
	r = xa_load(&fds->resamplers, gsi);
	if (r) {
		/* Down first: whoever is told may raise it again at once. */
		arch_irq_line(kvm, gsi, IRQ_SOURCE_RESAMPLE, false);
		list_for_each_entry_rcu(irqfd, &r->irqfds, resample_link)
			eventfd_signal(irqfd->resample);
	}
	rcu_read_unlock();
}

/* ------------------------------------------------------------------------ */
/* Resamplers; irqfds.lock held. */

static int resampler_join(struct irqfds *fds, struct irqfd *irqfd)
{
	struct resampler *r = xa_load(&fds->resamplers, irqfd->gsi);
	int err;

	if (!r) {
		r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);
		if (!r)
			return -ENOMEM;
		INIT_LIST_HEAD(&r->irqfds);
		err = xa_err(xa_store(&fds->resamplers, irqfd->gsi, r, GFP_KERNEL_ACCOUNT));
		if (err) {
			kfree(r);
			return err;
		}
	}
	list_add_rcu(&irqfd->resample_link, &r->irqfds);
	return 0;
}

/* The last one takes the line down: nobody else would. */
static void resampler_leave(struct irqfds *fds, struct irqfd *irqfd)
{
	struct resampler *r = xa_load(&fds->resamplers, irqfd->gsi);

	list_del_rcu(&irqfd->resample_link);
	if (!list_empty(&r->irqfds))
		return;
	xa_erase(&fds->resamplers, irqfd->gsi);
	kfree_rcu(r, rcu);
	arch_irq_line(irqfd->kvm, irqfd->gsi, IRQ_SOURCE_RESAMPLE, false);
}

/* ------------------------------------------------------------------------ */
/* Removal. */

static void irqfd_rcu(struct rcu_head *head)
{
	struct irqfd *irqfd = container_of(head, struct irqfd, rcu);

	if (irqfd->resample)
		eventfd_ctx_put(irqfd->resample);
	kfree(irqfd);
}

/* Taken off the list by the caller, who holds irqfds.lock. */
static void irqfd_end(struct irqfds *fds, struct irqfd *irqfd)
{
	u64 count;

	/* No signal comes through afterwards, nor the last close. */
	eventfd_ctx_remove_wait_queue(irqfd->ctx, &irqfd->wait, &count);
	if (irqfd->resample)
		resampler_leave(fds, irqfd);
}

static void irqfd_free(struct irqfd *irqfd)
{
	eventfd_ctx_put(irqfd->ctx);
	call_rcu(&irqfd->rcu, irqfd_rcu);
}

/* On the workqueue.  If somebody else took it off the list, that one waits for us. */
static void irqfd_closed(struct work_struct *work)
{
	struct irqfd *irqfd = container_of(work, struct irqfd, closed);
	struct irqfds *fds = irqfd->kvm->irqfds;
	bool ours;

	mutex_lock(&fds->lock);
	ours = !irqfd->ended;
	if (ours) {
		list_del(&irqfd->link);
		irqfd_end(fds, irqfd);
	}
	mutex_unlock(&fds->lock);
	if (ours)
		irqfd_free(irqfd);
}

/* @ctx: NULL: all. */
static void irqfds_remove(struct irqfds *fds, const struct eventfd_ctx *ctx, u32 gsi)
{
	struct irqfd *irqfd, *next;
	LIST_HEAD(ended);

	mutex_lock(&fds->lock);
	list_for_each_entry_safe(irqfd, next, &fds->all, link) {
		if (ctx && (irqfd->ctx != ctx || irqfd->gsi != gsi))
			continue;
		irqfd->ended = true;
		list_move(&irqfd->link, &ended);
		irqfd_end(fds, irqfd);
	}
	mutex_unlock(&fds->lock);
	/* Waits for the work, which may wait for irqfds.lock: not under it. */
	list_for_each_entry_safe(irqfd, next, &ended, link) {
		cancel_work_sync(&irqfd->closed);
		irqfd_free(irqfd);
	}
}

static int irqfd_deassign(struct kvm *kvm, const struct kvm_irqfd *args)
{
	struct irqfds *fds = irqfds_get(kvm);
	struct eventfd_ctx *ctx = eventfd_ctx_fdget(args->fd);

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	if (fds)
		irqfds_remove(fds, ctx, args->gsi);
	eventfd_ctx_put(ctx);
	return 0;
}

void irqfds_destroy(struct kvm *kvm)
{
	struct irqfds *fds = kvm->irqfds;

	irqfds_remove(fds, NULL, 0);
	/* Works that took themselves off the list may still be at its lock. */
	flush_workqueue(irqfd_wq);
	xa_destroy(&fds->resamplers);
	kfree(fds);
}

/* ------------------------------------------------------------------------ */
/* Assignment. */

/* Before its eventfd's queue knows it. */
static void irqfd_drop(struct irqfd *irqfd)
{
	if (!IS_ERR_OR_NULL(irqfd->ctx))
		eventfd_ctx_put(irqfd->ctx);
	if (!IS_ERR_OR_NULL(irqfd->resample))
		eventfd_ctx_put(irqfd->resample);
	kfree(irqfd);
}

static struct irqfd *irqfd_make(struct kvm *kvm, const struct kvm_irqfd *args,
				struct file *file)
{
	struct irqfd *irqfd = kzalloc(sizeof(*irqfd), GFP_KERNEL_ACCOUNT);
	int err;

	if (!irqfd)
		return ERR_PTR(-ENOMEM);
	irqfd->kvm = kvm;
	irqfd->gsi = args->gsi;
	INIT_WORK(&irqfd->closed, irqfd_closed);
	init_waitqueue_func_entry(&irqfd->wait, irqfd_wake);
	init_poll_funcptr(&irqfd->poll, irqfd_enqueue);
	irqfd->ctx = eventfd_ctx_fileget(file);
	if (args->flags & KVM_IRQFD_FLAG_RESAMPLE)
		irqfd->resample = eventfd_ctx_fdget(args->resamplefd);
	err = PTR_ERR_OR_ZERO(irqfd->ctx) ?: PTR_ERR_OR_ZERO(irqfd->resample);
	if (!err)
		return irqfd;
	irqfd_drop(irqfd);
	return ERR_PTR(err);
}

/* irqfds.lock held. */
static int irqfd_add(struct irqfds *fds, struct irqfd *irqfd, struct file *file)
{
	struct irqfd *other;
	int err = 0;

	list_for_each_entry(other, &fds->all, link)
		if (other->ctx == irqfd->ctx)
			return -EBUSY;
	if (irqfd->resample)
		err = resampler_join(fds, irqfd);
	if (err)
		return err;
	list_add(&irqfd->link, &fds->all);
	/* From here on signals come.  One may have come before. */
	if (vfs_poll(file, &irqfd->poll) & EPOLLIN)
		irqfd_raise(irqfd);
	return 0;
}

static int irqfd_assign_file(struct kvm *kvm, const struct kvm_irqfd *args,
			     struct file *file)
{
	struct irqfds *fds = irqfds_make(kvm);
	struct irqfd *irqfd;
	int err;

	if (!fds)
		return -ENOMEM;
	irqfd = irqfd_make(kvm, args, file);
	if (IS_ERR(irqfd))
		return PTR_ERR(irqfd);
	mutex_lock(&fds->lock);
	err = irqfd_add(fds, irqfd, file);
	mutex_unlock(&fds->lock);
	if (err)
		irqfd_drop(irqfd);
	return err;
}

/* The file stays open meanwhile: its last close finds the irqfd in the list. */
static int irqfd_assign(struct kvm *kvm, const struct kvm_irqfd *args)
{
	enum irq_chips chips = arch_irq_chips(kvm);
	struct fd f;
	int err;

	if (chips == IRQ_CHIPS_NONE)
		return -EINVAL;
	/* Only an IOAPIC or a PIC of the kernel tells when a level has ended. */
	if ((args->flags & KVM_IRQFD_FLAG_RESAMPLE) && chips != IRQ_CHIPS_FULL)
		return -EINVAL;
	f = fdget(args->fd);
	if (!fd_file(f))
		return -EBADF;
	err = irqfd_assign_file(kvm, args, fd_file(f));
	fdput(f);
	return err;
}

int irqfd_set(struct kvm *kvm, const struct kvm_irqfd *args)
{
	if (args->flags & ~(KVM_IRQFD_FLAG_DEASSIGN | KVM_IRQFD_FLAG_RESAMPLE))
		return -EINVAL;
	if (args->flags & KVM_IRQFD_FLAG_DEASSIGN)
		return irqfd_deassign(kvm, args);
	return irqfd_assign(kvm, args);
}
