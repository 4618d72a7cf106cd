// SPDX-License-Identifier: GPL-2.0-only
/* The current VMCS of L1's, between its memory and ours (SDM vol. 3, 25.1). */
#include "vmx/nested.h"
#include "vmx/nested_parts.h"

int vmx_nested_vmcs_load(struct vmx_vcpu *s, gpa_t gpa)
{
	struct vmx_nested *n = s->nested;
	u32 hdr;

	/* Before the other one goes. */
	if (kvm_nested_read(&s->x86, gpa, &hdr, sizeof(hdr)))
		return -EFAULT;
	vmx_nested_vmcs_flush(s);
	if (kvm_nested_read(&s->x86, gpa, n->c, VMCS12_BYTES))
		return -EFAULT;
	n->current_vmcs = gpa;
	return 0;
}

/* Where no memory is any more nothing can be kept. */
void vmx_nested_vmcs_flush(struct vmx_vcpu *s)
{
	struct vmx_nested *n = s->nested;

	if (n->current_vmcs == NO_VMCS)
		return;
	kvm_nested_write(&s->x86, n->current_vmcs, n->c, VMCS12_BYTES);
	n->current_vmcs = NO_VMCS;
}
