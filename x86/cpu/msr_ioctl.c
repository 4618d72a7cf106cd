// SPDX-License-Identifier: GPL-2.0-only
/* Userspace's ioctls for MSRs. */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "core/run_state.h"
#include "x86/cpu/msr.h"
#include "x86/cpu/pvclock.h"
#include "x86/vcpu/request.h"

/* Entries of one KVM_GET_MSRS or KVM_SET_MSRS call. */
#define MSRS_PER_CALL 256

static bool row_is_listed(const struct msr_row *row, u16 flag)
{
	return (row->flags & flag) && (!row->exists || row->exists());
}

static u32 listed_count(u16 flag)
{
	u32 i, n = 0;

	for (i = 0; i < msr_table_rows; i++)
		if (row_is_listed(&msr_table[i], flag))
			n += msr_table[i].count;
	return n;
}

static int row_put(const struct msr_row *row, __u32 __user *to)
{
	u32 i;

	for (i = 0; i < row->count; i++)
		if (put_user(row->index + i, to + i))
			return -EFAULT;
	return 0;
}

/* The indices of all rows with @flag (api.rst 4.3). */
static long list_put(u16 flag, unsigned long arg)
{
	struct kvm_msr_list __user *user = (void __user *)arg;
	u32 room, have = listed_count(flag), n = 0, i;

	if (get_user(room, &user->nmsrs) || put_user(have, &user->nmsrs))
		return -EFAULT;
	if (room < have)
		return -E2BIG;
	for (i = 0; i < msr_table_rows; i++) {
		if (!row_is_listed(&msr_table[i], flag))
			continue;
		if (row_put(&msr_table[i], &user->indices[n]))
			return -EFAULT;
		n += msr_table[i].count;
	}
	return 0;
}

long msr_ioctl_index_list(void *unused, void *data, unsigned long arg)
{
	return list_put(MSR_SAVED, arg);
}

long msr_ioctl_feature_list(void *unused, void *data, unsigned long arg)
{
	return list_put(MSR_FEATURE, arg);
}

static u32 entries_get(void *obj, struct kvm_msr_entry *e, u32 n)
{
	return msrs_read(to_x86_vcpu(obj), e, n);
}

static u32 entries_set(void *obj, struct kvm_msr_entry *e, u32 n)
{
	return msrs_write(to_x86_vcpu(obj), e, n);
}

static u32 entries_feature(void *obj, struct kvm_msr_entry *e, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (msr_feature(e[i].index, &e[i].data))
			break;
	return i;
}

/* Return: how many entries were done before the first that failed. */
static long entries_do(void *obj, unsigned long arg, bool copy_back,
		       u32 (*fn)(void *obj, struct kvm_msr_entry *e, u32 n))
{
	struct kvm_msrs __user *user = (void __user *)arg;
	struct kvm_msr_entry *e;
	struct kvm_msrs head;
	long i;

	if (copy_from_user(&head, user, sizeof(head)))
		return -EFAULT;
	if (head.nmsrs >= MSRS_PER_CALL)
		return -E2BIG;
	if (!head.nmsrs)
		return 0;
	e = vmemdup_user(user->entries, array_size(head.nmsrs, sizeof(*e)));
	if (IS_ERR(e))
		return PTR_ERR(e);
	i = fn(obj, e, head.nmsrs);
	if (copy_back && copy_to_user(user->entries, e,
				      array_size(head.nmsrs, sizeof(*e))))
		i = -EFAULT;
	kvfree(e);
	return i;
}

long msr_ioctl_get(void *obj, void *data, unsigned long arg)
{
	return entries_do(obj, arg, true, entries_get);
}

long msr_ioctl_set(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);
	long done = entries_do(v, arg, false, entries_set);

	if (request_is_set(&v->vcpu, REQ_CLOCK))
		pvclock_publish(v);
	return done;
}

long msr_ioctl_features(void *obj, void *data, unsigned long arg)
{
	return entries_do(obj, arg, true, entries_feature);
}
