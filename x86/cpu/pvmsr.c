// SPDX-License-Identifier: GPL-2.0-only
#include <asm/kvm_para.h>

#include "core/block.h"
#include "x86/cpu/pvfeature.h"
#include "x86/cpu/pvmsr.h"
#include "x86/vcpu/pveoi.h"

/* Userspace's to announce, with or without enforcement (msr.rst, hypercalls.rst 8). */
static bool has_migration_control(const struct x86_vcpu *v)
{
	return v->pv.features & BIT(KVM_FEATURE_MIGRATION_CONTROL);
}

static bool pv_msr_is_offered(const struct x86_vcpu *v,
			      const struct msr_access *a)
{
	if (a->host)
		return true;
	switch (a->index) {
	case MSR_KVM_PV_EOI_EN:
		return pv_has(v, KVM_FEATURE_PV_EOI);
	case MSR_KVM_POLL_CONTROL:
		return pv_has(v, KVM_FEATURE_POLL_CONTROL);
	default:
		return has_migration_control(v);
	}
}

int pv_msr_get(struct x86_vcpu *v, struct msr_access *a)
{
	if (!pv_msr_is_offered(v, a))
		return -ENOENT;
	switch (a->index) {
	case MSR_KVM_PV_EOI_EN:
		a->data = v->pveoi.msr;
		return 0;
	case MSR_KVM_POLL_CONTROL:
		a->data = !v->pv.poll_off;
		return 0;
	default:
		/* No guest's memory is encrypted: it may migrate at once. */
		a->data = v->pv.migration_off ? 0 : KVM_MIGRATION_READY;
		return 0;
	}
}

int pv_msr_set(struct x86_vcpu *v, struct msr_access *a)
{
	bool off = !(a->data & 1);

	if (!pv_msr_is_offered(v, a))
		return -ENOENT;
	if (a->index == MSR_KVM_PV_EOI_EN) {
		if (a->data & 2)
			return -EINVAL;
		pveoi_set(v, a->data);
		return 0;
	}
	if (a->data & ~1ull)
		return -EINVAL;
	if (a->index == MSR_KVM_POLL_CONTROL) {
		v->pv.poll_off = off;
		/* Without a LAPIC in the kernel nobody polls. */
		if (v->vcpu.halt)
			v->vcpu.halt->poll_off = off;
	} else {
		v->pv.migration_off = off;
	}
	return 0;
}
