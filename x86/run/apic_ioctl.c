// SPDX-License-Identifier: GPL-2.0-only
/* Userspace's view of a vCPU's LAPIC (api.rst 4.57, 4.58). */
#include "x86/cpu/apic.h"
#include "x86/run/apic_ioctl.h"
#include "x86/vcpu/interrupt.h"
#include "x86/vcpu/pveoi.h"

static_assert(APIC_REGS_SIZE == sizeof(struct kvm_lapic_state));

long apic_ioctl_get(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);
	struct kvm_lapic_state *s = data;

	if (!apic_in_kernel(v))
		return -EINVAL;
	interrupt_tpr_sync(v);
	pveoi_withdraw(v);
	lapic_save(&v->apic.lapic, s->regs);
	return 0;
}

long apic_ioctl_set(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);
	const struct kvm_lapic_state *s = data;
	long err;

	if (!apic_in_kernel(v))
		return -EINVAL;
	pveoi_withdraw(v);
	err = lapic_restore(&v->apic.lapic, s->regs);
	apic_tpr_load(v, lapic_tpr(&v->apic.lapic));
	apicv_recheck(v);
	return err;
}
