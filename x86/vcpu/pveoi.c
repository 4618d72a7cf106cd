// SPDX-License-Identifier: GPL-2.0-only
#include <asm/kvm_para.h>

#include "core/guestmem.h"
#include "irq/lapic_irq.h"
#include "x86/vcpu/apicv.h"
#include "x86/vcpu/pveoi.h"
#include "x86/vcpu/trace.h"

/* Four bytes, aligned, of which only the lowest bit is ours. */
static gpa_t pveoi_gpa(const struct x86_vcpu *v)
{
	return v->pveoi.msr & ~3ull;
}

static bool pveoi_read(struct x86_vcpu *v, u8 *byte)
{
	u16 as_id = guest_os_begin(&v->vcpu);
	int err = guest_read(&v->vcpu, pveoi_gpa(v), byte, sizeof(*byte));

	guest_os_end(&v->vcpu, as_id);
	return !err;
}

static bool pveoi_write(struct x86_vcpu *v, u8 byte)
{
	u16 as_id = guest_os_begin(&v->vcpu);
	int err = guest_write(&v->vcpu, pveoi_gpa(v), &byte, sizeof(byte));

	guest_os_end(&v->vcpu, as_id);
	return !err;
}

void pveoi_offer(struct x86_vcpu *v)
{
	u8 byte;

	if (v->pveoi.offered || !apic_in_kernel(v) || apicv_is_active(v) ||
	    !lapic_eoi_is_free(&v->apic.lapic))
		return;
	v->pveoi.offered = pveoi_read(v, &byte) &&
			   pveoi_write(v, byte | KVM_PV_EOI_MASK);
}

/* Userspace's ioctls come here, too, without kvm->srcu. */
void pveoi_collect(struct x86_vcpu *v, bool take)
{
	struct kvm *kvm = v->vcpu.kvm;
	int idx = srcu_read_lock(&kvm->srcu);
	u8 byte;

	if (!pveoi_read(v, &byte)) {
		/* Where there is no memory the guest cannot have cleared it. */
		v->pveoi.offered = !take;
	} else if (!(byte & KVM_PV_EOI_MASK)) {
		v->pveoi.offered = false;
		trace_kvm_pv_eoi(v->apic.lapic.id, v->apic.lapic.isr_top);
		lapic_eoi(&v->apic.lapic);
	} else if (take) {
		v->pveoi.offered = false;
		pveoi_write(v, byte & ~KVM_PV_EOI_MASK);
	}
	srcu_read_unlock(&kvm->srcu, idx);
}

void pveoi_set(struct x86_vcpu *v, u64 msr)
{
	int idx;
	u8 byte;

	pveoi_withdraw(v);
	v->pveoi.msr = msr & KVM_MSR_ENABLED ? msr : 0;
	if (!v->pveoi.msr || !apic_in_kernel(v))
		return;
	idx = srcu_read_lock(&v->vcpu.kvm->srcu);
	v->pveoi.offered = pveoi_read(v, &byte) && (byte & KVM_PV_EOI_MASK);
	srcu_read_unlock(&v->vcpu.kvm->srcu, idx);
	if (v->apic.apicv)
		pveoi_withdraw(v);
}
