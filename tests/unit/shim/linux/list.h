/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_LIST_H
#define SHIM_LINUX_LIST_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/container_of.h>

#define SHIM_LIST_DEAD	((struct list_head *)0xdead000000000100ul)

#define LIST_HEAD_INIT(name)	{ &(name), &(name) }
#define LIST_HEAD(name)		struct list_head name = LIST_HEAD_INIT(name)

static inline void INIT_LIST_HEAD(struct list_head *h)
{
	h->next = h;
	h->prev = h;
}

static inline bool list_empty(const struct list_head *h)
{
	return __atomic_load_n(&h->next, __ATOMIC_ACQUIRE) == h;
}

static inline bool list_is_singular(const struct list_head *h)
{
	return h->next != h && h->next == h->prev;
}

/* The store to ->next publishes: every insertion is fit for RCU readers. */
static inline void shim_list_insert(struct list_head *n, struct list_head *prev,
				    struct list_head *next)
{
	shim_assert(prev->next == next && next->prev == prev);
	n->next = next;
	n->prev = prev;
	next->prev = n;
	__atomic_store_n(&prev->next, n, __ATOMIC_RELEASE);
}

static inline void list_add(struct list_head *n, struct list_head *h)
{
	shim_list_insert(n, h, h->next);
}

static inline void list_add_tail(struct list_head *n, struct list_head *h)
{
	shim_list_insert(n, h->prev, h);
}

static inline void shim_list_unlink(struct list_head *n)
{
	shim_assert(n->next->prev == n && n->prev->next == n);
	n->next->prev = n->prev;
	__atomic_store_n(&n->prev->next, n->next, __ATOMIC_RELEASE);
}

static inline void list_del(struct list_head *n)
{
	shim_list_unlink(n);
	n->next = SHIM_LIST_DEAD;
	n->prev = SHIM_LIST_DEAD;
}

static inline void list_del_init(struct list_head *n)
{
	shim_list_unlink(n);
	INIT_LIST_HEAD(n);
}

static inline void list_move(struct list_head *n, struct list_head *h)
{
	shim_list_unlink(n);
	list_add(n, h);
}

static inline void list_move_tail(struct list_head *n, struct list_head *h)
{
	shim_list_unlink(n);
	list_add_tail(n, h);
}

static inline void list_splice_init(struct list_head *from, struct list_head *h)
{
	while (!list_empty(from))
		list_move(from->prev, h);
}

#define list_entry(p, type, m)		container_of(p, type, m)
#define list_first_entry(h, type, m)	list_entry((h)->next, type, m)
#define list_last_entry(h, type, m)	list_entry((h)->prev, type, m)
#define list_next_entry(p, m)		list_entry((p)->m.next, __typeof__(*(p)), m)
#define list_prev_entry(p, m)		list_entry((p)->m.prev, __typeof__(*(p)), m)
#define list_entry_is_head(p, h, m)	(&(p)->m == (h))
#define list_first_entry_or_null(h, type, m)				\
	(list_empty(h) ? NULL : list_first_entry(h, type, m))

#define list_for_each(p, h)						\
	for (p = (h)->next; p != (h); p = p->next)
#define list_for_each_entry(p, h, m)					\
	for (p = list_first_entry(h, __typeof__(*p), m);		\
	     !list_entry_is_head(p, h, m); p = list_next_entry(p, m))
#define list_for_each_entry_continue(p, h, m)				\
	for (p = list_next_entry(p, m); !list_entry_is_head(p, h, m);	\
	     p = list_next_entry(p, m))
#define list_for_each_entry_reverse(p, h, m)				\
	for (p = list_last_entry(h, __typeof__(*p), m);			\
	     !list_entry_is_head(p, h, m); p = list_prev_entry(p, m))
#define list_for_each_entry_safe(p, n, h, m)				\
	for (p = list_first_entry(h, __typeof__(*p), m),		\
	     n = list_next_entry(p, m); !list_entry_is_head(p, h, m);	\
	     p = n, n = list_next_entry(n, m))

static inline void hlist_add_head(struct hlist_node *n, struct hlist_head *h)
{
	n->next = h->first;
	if (n->next)
		n->next->pprev = &n->next;
	h->first = n;
	n->pprev = &h->first;
}

static inline void hlist_del(struct hlist_node *n)
{
	shim_assert(*n->pprev == n);
	*n->pprev = n->next;
	if (n->next)
		n->next->pprev = n->pprev;
	n->pprev = (struct hlist_node **)SHIM_LIST_DEAD;
}

#define shim_hlist_entry(node, type, member)				\
	({ struct hlist_node *__n = (node);				\
	   __n ? container_of(__n, type, member) : NULL; })

#define hlist_for_each_entry(pos, head, member)				\
	for (pos = shim_hlist_entry((head)->first, typeof(*pos), member); \
	     pos; pos = shim_hlist_entry(pos->member.next, typeof(*pos), member))

#define hlist_for_each_entry_safe(pos, n, head, member)			\
	for (pos = shim_hlist_entry((head)->first, typeof(*pos), member); \
	     pos && ({ n = pos->member.next; 1; });			\
	     pos = shim_hlist_entry(n, typeof(*pos), member))

#endif
