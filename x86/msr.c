// SPDX-License-Identifier: GPL-2.0-only
/* MSR access: lookup and the two instructions. */
#include <asm/trapnr.h>

#include "x86/exits.h"
#include "x86/msr.h"
#include "x86/vendor.h"

const struct msr_row *msr_row_find(u32 index)
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

static int access_read(struct x86_vcpu *v, struct msr_access *a)
{
	a->row = msr_row_find(a->index);
	if (a->row && a->row->read)
		return a->row->read(v, a);
	/* Rows without functions, and what only the vendor knows. */
	return vendor(msr_read)(v, a->index, &a->data);
}

int msr_read(struct x86_vcpu *v, u32 index, u64 *data)
{
	struct msr_access a = { .index = index };
	int err = access_read(v, &a);

	*data = a.data;
	return err;
}

int msr_host_read(struct x86_vcpu *v, u32 index, u64 *data)
{
	struct msr_access a = { .index = index, .host = true };
	int err = access_read(v, &a);

	*data = a.data;
	return err;
}

int msr_write(struct x86_vcpu *v, u32 index, u64 data, bool host)
{
	struct msr_access a = { .index = index, .host = host, .data = data };

	a.row = msr_row_find(index);
	if (a.row && a.row->read)
		return a.row->write ? a.row->write(v, &a) : -EINVAL;
	return vendor(msr_write)(v, index, data);
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
