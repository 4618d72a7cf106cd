// SPDX-License-Identifier: GPL-2.0-only
/* MSR access: lookup, and who answers. */
#include "x86/cpu/msr.h"
#include "x86/cpu/msr_filter.h"
#include "x86/vcpu/vendor.h"

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

int msr_read(struct x86_vcpu *v, struct msr_access *a)
{
	if (!a->host && !msr_filter_allows(v, a->index, KVM_MSR_FILTER_READ))
		return -EPERM;
	a->row = msr_row_of(v, a->index);
	if (a->row && a->row->read)
		return a->row->read(v, a);
	/* Rows without functions, and what only the vendor knows. */
	return vendor(msr_read)(v, a->index, &a->data);
}

int msr_write(struct x86_vcpu *v, struct msr_access *a)
{
	if (!a->host && !msr_filter_allows(v, a->index, KVM_MSR_FILTER_WRITE))
		return -EPERM;
	a->row = msr_row_of(v, a->index);
	if (a->row && a->row->read)
		return a->row->write ? a->row->write(v, a) : -EINVAL;
	return vendor(msr_write)(v, a->index, a->data);
}
