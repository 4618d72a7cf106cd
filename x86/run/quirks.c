// SPDX-License-Identifier: GPL-2.0-only
/* Quirks and exits: per VM, written under kvm->lock, read by vCPUs without. */
#include <asm/cpufeature.h>

#include "core/run_state.h"
#include "x86/cpu/mtrr.h"
#include "x86/run/apic_access.h"
#include "x86/run/apicv.h"
#include "x86/run/quirks.h"
#include "x86/vcpu/vendor.h"

long quirks_enable_cap(struct x86_vm *vm, const struct kvm_enable_cap *cap)
{
	u64 off = cap->args[0];

	/* The older capability does not say which there are, and takes any. */
	if (cap->cap == KVM_CAP_DISABLE_QUIRKS2 && (off & ~(u64)QUIRKS_KNOWN))
		return -EINVAL;
	mutex_lock(&vm->kvm.lock);
	WRITE_ONCE(vm->quirks_off, off & QUIRKS_KNOWN);
	request_all(&vm->kvm, REQ_POLICY);
	memtypes_changed(&vm->kvm);
	mutex_unlock(&vm->kvm.lock);
	return 0;
}

/*
 * A guest that waits in MWAIT must be woken by the host's timer, which takes one that
 * runs in every C-state, and an interrupt that ends MWAIT.
 */
static bool host_can_mwait(void)
{
	return boot_cpu_has(X86_FEATURE_MWAIT) && boot_cpu_has(X86_FEATURE_ARAT) &&
	       !boot_cpu_has_bug(X86_BUG_MONITOR);
}

/* PAUSE exits in loops only.  C-state MSRs do not exist here. */
u32 exits_off_supported(void)
{
	return KVM_X86_DISABLE_EXITS_HLT | KVM_X86_DISABLE_EXITS_PAUSE |
	       (host_can_mwait() ? KVM_X86_DISABLE_EXITS_MWAIT : 0);
}

long exits_enable_cap(struct x86_vm *vm, const struct kvm_enable_cap *cap)
{
	u64 off = cap->args[0];

	if (off & ~(u64)exits_off_supported())
		return -EINVAL;
	mutex_lock(&vm->kvm.lock);
	WRITE_ONCE(vm->exits_off, vm->exits_off | off);
	request_all(&vm->kvm, REQ_POLICY);
	mutex_unlock(&vm->kvm.lock);
	return 0;
}

void quirks_apply(struct x86_vcpu *v)
{
	/* Its value for the hardware depends on a quirk. */
	state_set(v, GRP_CR0);
	v->apic.lapic.lint0_reenabled =
		quirk_is_on(v, KVM_X86_QUIRK_LINT0_REENABLED);
	v->apic.access_page = apic_access_update(v);
	apicv_update(v);
	vendor(policy_update)(v);
}
