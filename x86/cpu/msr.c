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

static noinline const struct msr_row *msr_row_find(u32 index)
{
	unsigned int low = 0, high = msr_table_rows, mid;

	/* The last row that begins at or before the index. */
	while (high - low > 1) {
		mid = (low + high) / 2;
		if (msr_table[mid].index <= index)
			low = mid;
		else
			high = mid;
	}
	/* In front of the first row the difference wraps. */
	if (index - msr_table[low].index < msr_table[low].count)
		return &msr_table[low];
	return NULL;
}

/* Guests use few of them, and one many times in a row. */
static const struct msr_row *msr_row_of(struct x86_vcpu *v, u32 index)
{
	const struct msr_row *row = v->msr_row;

	if (likely(row && index - row->index < row->count))
		return row;
	row = msr_row_find(index);
	if (row)
		v->msr_row = row;
	return row;
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

int msr_read(struct x86_vcpu *v, struct msr_access *a)
{
	int err;

	if (!a->host && !msr_filter_allows(v, a->index, KVM_MSR_FILTER_READ))
		return -EPERM;
	a->row = msr_row_of(v, a->index);
	/* Rows without functions, and what only the vendor knows, are the vendor's. */
	err = a->row && a->row->read ? a->row->read(v, a) :
				       vendor(msr_read)(v, a->index, &a->data);
	if (unlikely(err == -ENOENT)) {
		a->data = 0;
		err = msr_unknown(a, "read");
	}
	return err;
}

int msr_write(struct x86_vcpu *v, struct msr_access *a)
{
	int err;

	if (!a->host && !msr_filter_allows(v, a->index, KVM_MSR_FILTER_WRITE))
		return -EPERM;
	a->row = msr_row_of(v, a->index);
	if (!a->row || !a->row->read)
		err = vendor(msr_write)(v, a->index, a->data);
	else
		err = a->row->write ? a->row->write(v, a) : -EINVAL;
	if (unlikely(err == -ENOENT))
		err = hv_msr_unknown(v, a);
	return unlikely(err == -ENOENT) ? msr_unknown(a, "write") : err;
}
