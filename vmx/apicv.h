/* SPDX-License-Identifier: GPL-2.0-only */
/* A vCPU whose LAPIC is the processor's (x86/vcpu/apicv.h). */
#ifndef LAMINA_VMX_APICV_H
#define LAMINA_VMX_APICV_H

#include "vmx/vmx.h"
#include "x86/vcpu/apicv.h"

/* Secondary controls that it has, and L2 has not. */
#define VMX_APICV_CONTROLS \
	(SECONDARY_EXEC_APIC_REGISTER_VIRT | SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY | \
	 SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE)

extern const struct apicv_ops vmx_apicv_ops;

/** vmx_apicv_update - controls as v->apic.apicv says; own thread */
void vmx_apicv_update(struct vmx_vcpu *s);

#endif
