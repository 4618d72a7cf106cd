// SPDX-License-Identifier: GPL-2.0-only
/*
 * The root, and what the processor caches of it (SDM vol. 3, 29.4).
 *
 * With EPT all that is cached of a guest is tagged with its EPT pointer: one INVEPT
 * drops the translations of guest-physical addresses and those of linear addresses
 * that went through them.  Without EPT a translation is tagged with the VPID, and
 * without that entries and exits drop all.  Each vCPU flushes for itself on the CPU
 * where it enters, also when it was on another CPU before.
 */
#include "vmx/cpu.h"
#include "vmx/nested.h"

void vmx_root_load(struct x86_vcpu *v, hpa_t root)
{
	struct vmx_vcpu *s = to_vmx(v);

	if (!vmx_features.ept) {
		s->shadow_cr3 = root;
		vmcs_write(GUEST_CR3, root);
		return;
	}
	root |= vmx_features.eptp;
	if (v->nested.ctx == MMU_CTX_L2)
		s->nested->eptp = root;
	else
		s->eptp = root;
	vmcs_write(EPT_POINTER, root);
}

void vmx_tlb_flush(struct x86_vcpu *v)
{
	to_vmx(v)->flush = true;
}

static void flush_eptp(u64 eptp)
{
	vmx_invept(vmx_features.invept,
		   vmx_features.invept == VMX_EPT_EXTENT_GLOBAL ? 0 : eptp);
}

static void flush_vpid(u16 vpid)
{
	vmx_invvpid(vmx_features.invvpid,
		    vmx_features.invvpid == VMX_VPID_EXTENT_ALL_CONTEXT ? 0 : vpid);
}

/* Of both levels, where there are two. */
void vmx_tlb_flush_now(struct vmx_vcpu *s)
{
	const struct vmx_nested *n = s->nested;

	s->flush = false;
	if (vmx_features.ept) {
		/* L1 need not have run yet where its state was restored with L2's. */
		if (likely(s->eptp))
			flush_eptp(s->eptp);
		if (unlikely(n) && n->eptp)
			flush_eptp(n->eptp);
	} else if (s->vpid) {
		flush_vpid(s->vpid);
		if (unlikely(n) && n->vpid)
			flush_vpid(n->vpid);
	}
}
