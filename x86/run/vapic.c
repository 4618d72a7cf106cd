// SPDX-License-Identifier: GPL-2.0-only
#include <linux/minmax.h>

#include "core/guestmem.h"
#include "core/run_state.h"
#include "irq/lapic_irq.h"
#include "x86/cpu/apic.h"
#include "x86/run/vapic.h"

void vapic_enter(struct x86_vcpu *v)
{
	struct lapic *a = &v->apic.lapic;
	u8 bytes[4] = { };
	u16 as_id;

	bytes[0] = lapic_tpr(a);
	bytes[1] = a->isr_top < 0 ? 0 : a->isr_top & 0xf0;
	bytes[3] = max(lapic_requested(a), 0);
	as_id = guest_os_begin(&v->vcpu);
	guest_write(&v->vcpu, v->apic.vapic, bytes, sizeof(bytes));
	guest_os_end(&v->vcpu, as_id);
}

void vapic_exit(struct x86_vcpu *v)
{
	u16 as_id = guest_os_begin(&v->vcpu);
	u8 tpr;
	int err = guest_read(&v->vcpu, v->apic.vapic, &tpr, sizeof(tpr));

	guest_os_end(&v->vcpu, as_id);
	if (!err && tpr != lapic_tpr(&v->apic.lapic))
		apic_tpr_load(v, tpr);
}

/* Memory for four bytes, now; 0 is no address. */
static bool vapic_is_there(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	int idx = srcu_read_lock(&vcpu->kvm->srcu);
	u16 as_id = guest_os_begin(vcpu);
	bool yes = !gpa || (guest_slot(vcpu, gpa >> PAGE_SHIFT) &&
			    guest_slot(vcpu, (gpa + 3) >> PAGE_SHIFT));

	guest_os_end(vcpu, as_id);
	srcu_read_unlock(&vcpu->kvm->srcu, idx);
	return yes;
}

long vapic_ioctl_addr(void *obj, void *data, unsigned long arg)
{
	const struct kvm_vapic_addr *va = data;
	struct x86_vcpu *v = to_x86_vcpu(obj);

	if (!apic_in_kernel(v) || !vapic_is_there(&v->vcpu, va->vapic_addr))
		return -EINVAL;
	v->apic.vapic = va->vapic_addr;
	apicv_recheck(v);
	return 0;
}

long vapic_ioctl_report(void *obj, void *data, unsigned long arg)
{
	const struct kvm_tpr_access_ctl *ctl = data;
	struct x86_vcpu *v = to_x86_vcpu(obj);

	if (ctl->flags)
		return -EINVAL;
	v->apic.tpr_reports = ctl->enabled;
	/* The page that knows no reports goes: apic_access_update(). */
	request_set(&v->vcpu, REQ_POLICY);
	return 0;
}
