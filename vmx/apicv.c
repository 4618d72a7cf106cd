// SPDX-License-Identifier: GPL-2.0-only
/*
 * APIC virtualization (SDM vol. 3, chapter 30): the controls, the guest interrupt status,
 * the EOI-exit bitmap.  The virtual-APIC page is the LAPIC's own, as with the TPR shadow.
 */
#include "vmx/apicv.h"
#include "vmx/cpu.h"
#include "vmx/vmcs.h"

void vmx_apicv_update(struct vmx_vcpu *s)
{
	u32 bits = 0;

	if (!vmx_features.apicv)
		return;
	if (s->x86.apic.apicv)
		bits = SECONDARY_EXEC_APIC_REGISTER_VIRT |
		       SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY;
	if (s->x86.apic.apicv == APICV_X2APIC)
		bits |= SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE;
	vmcs_control(s, WORD_CPU2, VMX_APICV_CONTROLS & ~bits, false);
	vmcs_control(s, WORD_CPU2, bits, true);
}

/* 25.4.2 */
static void apicv_status(struct x86_vcpu *v, u16 status)
{
	vmcs_write(GUEST_INTR_STATUS, status);
}

/* 25.6.8 */
static void apicv_eoi_exits(struct x86_vcpu *v, const u64 *vectors)
{
	vmcs_write(EOI_EXIT_BITMAP0, vectors[0]);
	vmcs_write(EOI_EXIT_BITMAP1, vectors[1]);
	vmcs_write(EOI_EXIT_BITMAP2, vectors[2]);
	vmcs_write(EOI_EXIT_BITMAP3, vectors[3]);
}

const struct apicv_ops vmx_apicv_ops = {
	.status		= apicv_status,
	.eoi_exits	= apicv_eoi_exits,
};
