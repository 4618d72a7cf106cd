/* SPDX-License-Identifier: GPL-2.0-only */
/* Iteration asserts a read section, unless the caller names another lock. */
#ifndef SHIM_LINUX_RCULIST_H
#define SHIM_LINUX_RCULIST_H

#include <linux/list.h>
#include <linux/rcupdate.h>

#define INIT_LIST_HEAD_RCU(h)	INIT_LIST_HEAD(h)
#define list_add_rcu(n, h)	list_add(n, h)
#define list_add_tail_rcu(n, h)	list_add_tail(n, h)

/* ->next stays: a reader that is on the entry walks on. */
static inline void list_del_rcu(struct list_head *n)
{
	shim_list_unlink(n);
	n->prev = SHIM_LIST_DEAD;
}

#define list_entry_rcu(p, type, m)					\
	container_of(__atomic_load_n(&(p), __ATOMIC_ACQUIRE), type, m)

#define SHIM_RCU_CHECK(...)						\
	shim_assert(shim_self.rcu || (__VA_OPT__((__VA_ARGS__) ||) false))

#define list_for_each_entry_rcu(p, h, m, ...)				\
	for (SHIM_RCU_CHECK(__VA_ARGS__),				\
	     p = list_entry_rcu((h)->next, __typeof__(*p), m);		\
	     &p->m != (h);						\
	     p = list_entry_rcu(p->m.next, __typeof__(*p), m))

#define list_for_each_entry_continue_rcu(p, h, m)			\
	for (SHIM_RCU_CHECK(),						\
	     p = list_entry_rcu(p->m.next, __typeof__(*p), m);		\
	     &p->m != (h);						\
	     p = list_entry_rcu(p->m.next, __typeof__(*p), m))

#define list_first_or_null_rcu(h, type, m) ({				\
	struct list_head *first_ = __atomic_load_n(&(h)->next, __ATOMIC_ACQUIRE); \
	first_ == (h) ? NULL : container_of(first_, type, m);		\
})

#endif
