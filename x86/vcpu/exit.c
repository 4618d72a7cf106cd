// SPDX-License-Identifier: GPL-2.0-only
/* Ways for an exit to end that handlers of every storey have in common. */
#include <linux/string.h>

#include "x86/vcpu/x86.h"

enum x86_next exit_fail(struct x86_vcpu *v, int err)
{
	v->run_err = err;
	return X86_FAIL;
}

enum x86_next exit_internal_error(struct x86_vcpu *v, u32 suberror, u32 ndata,
				  const u64 *data)
{
	struct kvm_run *run = v->vcpu.run;

	run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	run->internal.suberror = suberror;
	run->internal.ndata = ndata;
	memcpy(run->internal.data, data, ndata * sizeof(*data));
	return X86_USER;
}

bool exit_rip_stands(struct x86_vcpu *v)
{
	return !v->ask_located || state_code_la(v) == v->ask_la;
}

void exit_ask_locate(struct x86_vcpu *v)
{
	if (!v->pending || v->ask_located)
		return;
	v->ask_la = state_code_la(v);
	v->ask_located = true;
}

/* Without a LAPIC in the kernel waiting is userspace's business. */
enum x86_next exit_halt(struct x86_vcpu *v)
{
	stat_inc(v->vcpu.stats.halt_exits);
	if (event_wakes(v)) {
		v->nested.woken = v->nested.l2;
		return X86_RESUME;
	}
	if (apic_in_kernel(v)) {
		v->mp_state = KVM_MP_STATE_HALTED;
		return X86_RESUME;
	}
	/* It may sleep for long. */
	mmu_vcpu_trim(&v->vcpu.mmu);
	v->vcpu.run->exit_reason = KVM_EXIT_HLT;
	return X86_USER;
}
