// SPDX-License-Identifier: GPL-2.0-only
/* MSR access: lookup, the instructions, and the client's ioctls. */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <asm/trapnr.h>

#include "x86/exits.h"
#include "x86/msr.h"
#include "x86/vendor.h"

/* Entries of one KVM_GET_MSRS or KVM_SET_MSRS call. */
#define MSRS_PER_CALL 256

static const struct msr_row *msr_find(u32 index)
{
	unsigned int i;

	for (i = 0; i < msr_table_rows; i++)
		if (msr_table[i].index == index)
			return &msr_table[i];
	return NULL;
}

int msr_read(struct x86_vcpu *v, u32 index, u64 *data)
{
	const struct msr_row *row = msr_find(index);

	if (row && row->read)
		return row->read(v, data);
	/* Rows without functions, and what only the vendor knows. */
	return vendor(msr_read)(v, index, data) ? -EINVAL : 0;
}

int msr_write(struct x86_vcpu *v, u32 index, u64 data, bool host)
{
	const struct msr_row *row = msr_find(index);

	if (row && row->read)
		return row->write ? row->write(v, data, host) : -EINVAL;
	return vendor(msr_write)(v, index, data) ? -EINVAL : 0;
}

enum x86_next rdmsr_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	enum x86_next next;
	u64 data;

	if (msr_read(v, v->state.gpr[GPR_RCX], &data)) {
		kvm_event_exception(v, X86_TRAP_GP, 0);
		return X86_RESUME;
	}
	if (!exit_skip(v, exit, &next))
		return next;
	v->state.gpr[GPR_RAX] = (u32)data;
	v->state.gpr[GPR_RDX] = data >> 32;
	return X86_RESUME;
}

enum x86_next wrmsr_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	u64 data = (u32)v->state.gpr[GPR_RAX] |
		   (u64)(u32)v->state.gpr[GPR_RDX] << 32;
	enum x86_next next;

	if (msr_write(v, v->state.gpr[GPR_RCX], data, false)) {
		kvm_event_exception(v, X86_TRAP_GP, 0);
		return X86_RESUME;
	}
	return exit_skip(v, exit, &next) ? X86_RESUME : next;
}

long msr_ioctl_index_list(void *unused, void *data, unsigned long arg)
{
	struct kvm_msr_list __user *user = (void __user *)arg;
	unsigned int i;
	u32 room;

	if (get_user(room, &user->nmsrs) ||
	    put_user(msr_table_rows, &user->nmsrs))
		return -EFAULT;
	if (room < msr_table_rows)
		return -E2BIG;
	for (i = 0; i < msr_table_rows; i++)
		if (put_user(msr_table[i].index, &user->indices[i]))
			return -EFAULT;
	return 0;
}

static int msr_entry_get(struct x86_vcpu *v, struct kvm_msr_entry *e)
{
	return msr_read(v, e->index, &e->data);
}

static int msr_entry_set(struct x86_vcpu *v, struct kvm_msr_entry *e)
{
	return msr_write(v, e->index, e->data, true);
}

/* Return: how many entries were done before the first that failed. */
static long msr_ioctl(struct x86_vcpu *v, unsigned long arg, bool copy_back,
		      int (*fn)(struct x86_vcpu *v, struct kvm_msr_entry *e))
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
	for (i = 0; i < head.nmsrs; i++)
		if (fn(v, &e[i]))
			break;
	if (copy_back && copy_to_user(user->entries, e,
				      array_size(head.nmsrs, sizeof(*e))))
		i = -EFAULT;
	kvfree(e);
	return i;
}

long msr_ioctl_get(void *obj, void *data, unsigned long arg)
{
	return msr_ioctl(to_x86_vcpu(obj), arg, true, msr_entry_get);
}

long msr_ioctl_set(void *obj, void *data, unsigned long arg)
{
	return msr_ioctl(to_x86_vcpu(obj), arg, false, msr_entry_set);
}
