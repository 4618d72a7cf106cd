// SPDX-License-Identifier: GPL-2.0-only
/*
 * System management mode while L2 runs (APM vol. 2, 10.3 and 15.30.4).  The processor
 * keeps L1's registers in the page of VM_HSAVE_PA and the rest in SMRAM; so does this, and
 * whoever saves the vCPU in that mode saves all of it with the guest's memory.
 */
#include <linux/slab.h>

#include "svm/cpu.h"
#include "svm/nested.h"
#include "x86/cpu/pat.h"

/*
 * L2's registers are saved already.  The half page that is written is ours to lay out;
 * without it there is no way back.
 */
void svm_nested_smm_enter(struct x86_vcpu *v, struct smram_svm *out)
{
	u8 *half = kzalloc(HALF_BYTES, GFP_KERNEL_ACCOUNT);
	struct svm_vcpu *s = to_svm(v);
	struct svm_nested *n = s->nested;

	*out = (struct smram_svm){
		.guest = 1,
		.vmcb = n->vmcb12,
		.virq = s->vmcb->control.int_ctl,
		.pat = s->vmcb->save.g_pat,
		.host_efer = n->host.efer,
		.host_cr4 = n->host.cr4,
		.ncr3 = n->control.nested_cr3,
		.host_cr0 = n->host.cr0,
	};
	if (half)
		svm_nested_half(s, half);
	/* The area of a processor without long mode has no room for @out. */
	if (!v->cpuid.has_lm || !half || kvm_nested_write(v, s->hsave, half, HALF_BYTES))
		kvm_nested_shutdown(v);
	kfree(half);
	svm_nested_ops.leave(v);
	s->gif_off = true;
}

bool svm_nested_smm_leave(struct x86_vcpu *v, const struct smram_svm *in)
{
	struct svm_vcpu *s = to_svm(v);
	bool ok = false;
	u8 *half;

	if ((in->vmcb & ~PAGE_MASK) || in->vmcb >> v->cpuid.maxphyaddr ||
	    !pat_is_valid(in->pat))
		return false;
	half = kmalloc(HALF_BYTES, GFP_KERNEL_ACCOUNT);
	if (half && !kvm_nested_read(v, s->hsave, half, HALF_BYTES))
		ok = !svm_nested_resume(s, half, in->vmcb);
	kfree(half);
	if (!ok)
		return false;
	s->nested->save.g_pat = in->pat;
	if (s->nested->npt)
		s->vmcb->save.g_pat = in->pat;
	return true;
}
