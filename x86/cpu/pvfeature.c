// SPDX-License-Identifier: GPL-2.0-only
#include <linux/sched/stat.h>

#include <asm/kvm_para.h>

#include "x86/cpu/cpuid.h"
#include "x86/cpu/pvfeature.h"

u32 pv_offered(void)
{
	u32 features = BIT(KVM_FEATURE_CLOCKSOURCE) |
		       BIT(KVM_FEATURE_ASYNC_PF) |
		       BIT(KVM_FEATURE_ASYNC_PF_INT) |
		       BIT(KVM_FEATURE_NOP_IO_DELAY) |
		       BIT(KVM_FEATURE_CLOCKSOURCE2) |
		       BIT(KVM_FEATURE_PV_EOI) |
		       BIT(KVM_FEATURE_PV_UNHALT) |
		       BIT(KVM_FEATURE_PV_SEND_IPI) |
		       BIT(KVM_FEATURE_POLL_CONTROL) |
		       BIT(KVM_FEATURE_PV_SCHED_YIELD) |
		       BIT(KVM_FEATURE_CLOCKSOURCE_STABLE_BIT);

	/* A flush is asked for in the page of steal time. */
	if (sched_info_on())
		features |= BIT(KVM_FEATURE_STEAL_TIME) |
			    BIT(KVM_FEATURE_PV_TLB_FLUSH);
	return features;
}

/*
 * The leaves begin where the signature is, in steps of 0x100 (cpuid.rst): a VMM that
 * offers another hypervisor's, too, has those first.
 */
static bool pv_is_base(const struct kvm_cpuid_entry2 *e)
{
	return (e->function & 0xffff00ff) == KVM_CPUID_SIGNATURE &&
	       !memcmp(&e->ebx, "KVMKVMKVM\0\0\0", 12);
}

static u32 pv_base(const struct kvm_cpuid_entry2 *e, u32 n)
{
	u32 i, base = 0;

	for (i = 0; i < n; i++)
		if (pv_is_base(&e[i]) && (!base || e[i].function < base))
			base = e[i].function;
	return base;
}

void pv_cpuid_adjust(struct x86_vcpu *v, struct kvm_cpuid_entry2 *e, u32 n)
{
	u32 i, base = pv_base(e, n);

	if (!base || !(READ_ONCE(to_x86_vm(v->vcpu.kvm)->exits_off) &
		       KVM_X86_DISABLE_EXITS_HLT))
		return;
	for (i = 0; i < n; i++)
		if (e[i].function == (base | KVM_CPUID_FEATURES))
			e[i].eax &= ~BIT(KVM_FEATURE_PV_UNHALT);
}

void pv_cpuid_update(struct x86_vcpu *v)
{
	const struct kvm_cpuid_entry2 *e = NULL;
	u32 base = pv_base(v->cpuid.entry, v->cpuid.n);

	if (base)
		e = cpuid_find(v, base | KVM_CPUID_FEATURES, 0);
	v->pv.features = e ? e->eax : 0;
}
