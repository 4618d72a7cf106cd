// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exits by RDMSR and WRMSR, and accesses that userspace completes (api.rst 7.21): the
 * instruction ends, or raises #GP, when KVM_RUN is called again.
 */
#include <linux/string.h>

#include <asm/trapnr.h>

#include "x86/cpu/msr.h"
#include "x86/run/exits.h"
#include "x86/vcpu/trace.h"

static u64 msr_operand_get(const struct x86_vcpu *v)
{
	return (u32)v->state.gpr[GPR_RAX] | v->state.gpr[GPR_RDX] << 32;
}

static void msr_operand_set(struct x86_vcpu *v, u64 data)
{
	v->state.gpr[GPR_RAX] = (u32)data;
	v->state.gpr[GPR_RDX] = data >> 32;
}

/* Its bytes may be others by now: only RIP counts.  Moved, the registers stand. */
static enum x86_next msr_user_done(struct x86_vcpu *v, bool read)
{
	const struct kvm_run *run = v->vcpu.run;

	if (!exit_rip_stands(v))
		return X86_RESUME;
	if (run->msr.error) {
		kvm_event_exception(v, X86_TRAP_GP, 0);
		return X86_RESUME;
	}
	exit_skip_to(v, v->ask_next);
	if (read)
		msr_operand_set(v, run->msr.data);
	return X86_RESUME;
}

static enum x86_next msr_user_read(struct x86_vcpu *v)
{
	return msr_user_done(v, true);
}

static enum x86_next msr_user_written(struct x86_vcpu *v)
{
	return msr_user_done(v, false);
}

static enum x86_next msr_user_ask(struct x86_vcpu *v, bool write, u64 next_rip,
				  u32 reason)
{
	struct kvm_run *run = v->vcpu.run;

	run->exit_reason = write ? KVM_EXIT_X86_WRMSR : KVM_EXIT_X86_RDMSR;
	run->msr.error = 0;
	memset(run->msr.pad, 0, sizeof(run->msr.pad));
	run->msr.reason = reason;
	run->msr.index = v->state.gpr[GPR_RCX];
	run->msr.data = write ? msr_operand_get(v) : 0;
	return exit_ask(v, next_rip, write ? msr_user_written : msr_user_read);
}

/* #GP, unless userspace wants to know. */
static enum x86_next msr_access_failed(struct x86_vcpu *v, bool write,
				       u64 next_rip, int err)
{
	u32 reason = err == -EPERM ? KVM_MSR_EXIT_REASON_FILTER :
		     err == -ENOENT ? KVM_MSR_EXIT_REASON_UNKNOWN :
				      KVM_MSR_EXIT_REASON_INVAL;

	if (reason & READ_ONCE(to_x86_vm(v->vcpu.kvm)->msr_user_reasons))
		return msr_user_ask(v, write, next_rip, reason);
	kvm_event_exception(v, X86_TRAP_GP, 0);
	return X86_RESUME;
}

enum x86_next rdmsr_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	struct msr_access a = { .index = v->state.gpr[GPR_RCX] };
	u64 rip;
	int err;

	if (!exit_next_rip(v, exit, &rip))
		return v->next;
	err = msr_read(v, &a);
	trace_kvm_msr(TRACE_READ, a.index, err ? 0 : a.data, err);
	if (err)
		return msr_access_failed(v, false, rip, err);
	exit_skip_to(v, rip);
	msr_operand_set(v, a.data);
	return X86_RESUME;
}

enum x86_next wrmsr_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	struct msr_access a = { .index = v->state.gpr[GPR_RCX],
				.data = msr_operand_get(v) };
	u64 rip;
	int err;

	if (!exit_next_rip(v, exit, &rip))
		return v->next;
	err = msr_write(v, &a);
	trace_kvm_msr(TRACE_WRITE, a.index, a.data, err);
	if (err)
		return msr_access_failed(v, true, rip, err);
	exit_skip_to(v, rip);
	return X86_RESUME;
}
