// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers in the run page.
 *
 * Userspace can write there at any time, so all that is checked is copied first.
 */
#include <linux/build_bug.h>
#include <linux/string.h>

#include "x86/run/event_ioctl.h"
#include "x86/run/regs.h"
#include "x86/run/sync.h"

/* It is on the stack. */
static_assert(sizeof(struct kvm_sync_regs) <= 640);

int sync_from_run(struct x86_vcpu *v)
{
	struct kvm_run *run = v->vcpu.run;
	u64 dirty = READ_ONCE(run->kvm_dirty_regs);
	struct kvm_sync_regs in;

	if ((dirty | READ_ONCE(run->kvm_valid_regs)) &
	    ~(u64)KVM_SYNC_X86_VALID_FIELDS)
		return -EINVAL;
	if (!dirty)
		return 0;
	memcpy(&in, &run->s.regs, sizeof(in));
	/* What is in memory can change between two looks at it. */
	barrier();
	exit_ask_locate(v);
	if ((dirty & KVM_SYNC_X86_SREGS) && !sregs_are_valid(v, &in.sregs))
		return -EINVAL;
	if ((dirty & KVM_SYNC_X86_EVENTS) && !events_are_valid(v, &in.events))
		return -EINVAL;
	if (dirty & KVM_SYNC_X86_REGS)
		regs_set(v, &in.regs);
	if (dirty & KVM_SYNC_X86_SREGS)
		sregs_set(v, &in.sregs);
	if (dirty & KVM_SYNC_X86_EVENTS)
		events_set(v, &in.events);
	run->kvm_dirty_regs = 0;
	return 0;
}

void sync_to_run(struct x86_vcpu *v)
{
	struct kvm_run *run = v->vcpu.run;
	u64 valid = READ_ONCE(run->kvm_valid_regs);

	/* First: an INIT that comes now moves the registers, and what userspace answers is void. */
	if (valid & KVM_SYNC_X86_EVENTS) {
		exit_ask_locate(v);
		events_get(v, &run->s.regs.events);
	}
	if (valid & KVM_SYNC_X86_REGS)
		regs_get(v, &run->s.regs.regs);
	if (valid & KVM_SYNC_X86_SREGS)
		sregs_get(v, &run->s.regs.sregs);
}
