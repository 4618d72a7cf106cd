// SPDX-License-Identifier: GPL-2.0-only
/* MSR access: lookup, and who answers. */
#include <linux/module.h>
#include <linux/printk.h>

#include "x86/cpu/msr.h"
#include "x86/cpu/msr_filter.h"
#include "x86/vcpu/hv_env.h"
#include "x86/vcpu/vendor.h"

/* Guests that read what only their own hardware has, and do not expect #GP. */
static bool ignore_msrs;
module_param(ignore_msrs, bool, 0644);
MODULE_PARM_DESC(ignore_msrs, "registers that are unknown read 0 and take any value");

static bool report_ignored_msrs = true;
module_param(report_ignored_msrs, bool, 0644);
MODULE_PARM_DESC(report_ignored_msrs, "say which, in the kernel's log");

/* Rows behind the last one that are tried first: userspace's lists are sorted, as ours. */
#define ROWS_NEAR	4

static bool row_covers(const struct msr_row *row, u32 index)
{
	/* In front of the row the difference wraps. */
	return index - row->index < row->count;
}

static noinline const struct msr_row *msr_row_find(const struct msr_row *last, u32 index)
{
	const struct msr_row *row, *end = msr_table + msr_table_rows;
	unsigned int low = 0, high = msr_table_rows, mid;

	for (row = last + 1; row < end && row <= last + ROWS_NEAR; row++)
		if (row_covers(row, index))
			return row;
	/* The last row that begins at or before the index. */
	while (high - low > 1) {
		mid = (low + high) / 2;
		if (msr_table[mid].index <= index)
			low = mid;
		else
			high = mid;
	}
	return row_covers(&msr_table[low], index) ? &msr_table[low] : msr_table;
}

/* Guests use few of them, and one many times in a row. */
static __always_inline const struct msr_row *msr_row_after(const struct msr_row *last,
							   u32 index)
{
	return likely(row_covers(last, index)) ? last : msr_row_find(last, index);
}

/* Nobody knows the register: 0 where that is to be no fault. */
static noinline int msr_unknown(const struct msr_access *a, const char *what)
{
	if (!READ_ONCE(ignore_msrs))
		return -ENOENT;
	if (READ_ONCE(report_ignored_msrs))
		pr_info_ratelimited("kvm: %s of unknown MSR %#x (%#llx) ignored\n",
				    what, a->index, a->data);
	return 0;
}

static noinline int read_failed(struct msr_access *a, int err)
{
	if (err != -ENOENT)
		return err;
	a->data = 0;
	return msr_unknown(a, "read");
}

/* Rows without functions, and what only the vendor knows, are the vendor's. */
static __always_inline int row_read(struct x86_vcpu *v, struct msr_access *a)
{
	int err = a->row->read ? a->row->read(v, a) :
				 vendor(msr_read)(v, a->index, &a->data);

	return unlikely(err) ? read_failed(a, err) : 0;
}

static noinline int write_failed(struct x86_vcpu *v, struct msr_access *a, int err)
{
	if (err == -ENOENT)
		err = hv_msr_unknown(v, a);
	return err == -ENOENT ? msr_unknown(a, "write") : err;
}

static __always_inline int row_write(struct x86_vcpu *v, struct msr_access *a)
{
	int err;

	if (!a->row->read)
		err = vendor(msr_write)(v, a->index, a->data);
	else
		err = a->row->write ? a->row->write(v, a) : -EINVAL;
	return unlikely(err) ? write_failed(v, a, err) : 0;
}

int msr_read(struct x86_vcpu *v, struct msr_access *a)
{
	if (!a->host && !msr_filter_allows(v, a->index, KVM_MSR_FILTER_READ))
		return -EPERM;
	a->row = v->msr_row = msr_row_after(v->msr_row, a->index);
	return row_read(v, a);
}

int msr_write(struct x86_vcpu *v, struct msr_access *a)
{
	if (!a->host && !msr_filter_allows(v, a->index, KVM_MSR_FILTER_WRITE))
		return -EPERM;
	a->row = v->msr_row = msr_row_after(v->msr_row, a->index);
	return row_write(v, a);
}

u32 msrs_read(struct x86_vcpu *v, struct kvm_msr_entry *e, u32 n)
{
	struct msr_access a = { .row = msr_table, .host = true };
	u32 i;

	for (i = 0; i < n; i++) {
		a.index = e[i].index;
		a.data = 0;
		a.row = msr_row_after(a.row, a.index);
		if (row_read(v, &a))
			break;
		e[i].data = a.data;
	}
	return i;
}

u32 msrs_write(struct x86_vcpu *v, const struct kvm_msr_entry *e, u32 n)
{
	struct msr_access a = { .row = msr_table, .host = true };
	u32 i;

	for (i = 0; i < n; i++) {
		a.index = e[i].index;
		a.data = e[i].data;
		a.row = msr_row_after(a.row, a.index);
		if (row_write(v, &a))
			break;
	}
	return i;
}
