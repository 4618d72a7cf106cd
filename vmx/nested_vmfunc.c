// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMFUNC of L2's (SDM vol. 3, 26.5.6): EPTP switching.  L0's own VM-function controls are
 * zero, so that every function exits.
 */
#include "vmx/nested.h"
#include "vmx/nested_parts.h"

/* Entries of an EPTP list, which is one page. */
#define LIST_ENTRIES	512

/* An entry that VM entry would refuse, or that is not to be read, is an exit (26.5.6.3). */
static bool eptp_switch(struct vmx_vcpu *s, u32 index)
{
	struct vmcs12 *c = s->nested->c;
	u64 eptp;

	if (index >= LIST_ENTRIES ||
	    kvm_nested_read(&s->x86, c->eptp_list_address + index * sizeof(eptp), &eptp,
			    sizeof(eptp)) ||
	    kvm_nested_ept(&s->x86, eptp,
			   nested_caps_read(&s->caps, MSR_IA32_VMX_EPT_VPID_CAP)))
		return false;
	c->ept_pointer = eptp;
	kvm_nested_enter(&s->x86, true);
	s->flush = true;
	return true;
}

bool vmx_nested_vmfunc(struct vmx_vcpu *s, const struct x86_exit *exit)
{
	const u64 *gpr = s->x86.state.gpr;

	if ((u32)gpr[GPR_RAX] ||
	    !(s->nested->c->vm_function_control & VMX_VMFUNC_EPTP_SWITCHING) ||
	    !eptp_switch(s, gpr[GPR_RCX]))
		return false;
	kvm_nested_skip_to(&s->x86, exit->next_rip);
	return true;
}
