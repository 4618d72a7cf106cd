// SPDX-License-Identifier: GPL-2.0-only
/* KVM_GET_SREGS2 and KVM_SET_SREGS2 (api.rst 4.131, 4.132). */
#include <linux/build_bug.h>
#include <linux/string.h>

#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "core/run_state.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/cr.h"
#include "x86/run/regs.h"
#include "x86/vcpu/vendor.h"

/* Both structures begin with the same registers. */
static_assert(offsetof(struct kvm_sregs2, flags) ==
	      offsetof(struct kvm_sregs, interrupt_bitmap));
static_assert(offsetof(struct kvm_sregs2, cr0) ==
	      offsetof(struct kvm_sregs, cr0));

/*
 * The processor has checked them, and an emulated one leaves accessed bits in
 * them.
 */
static void pdptrs_of_memory(struct x86_vcpu *v, u64 cr3, struct kvm_sregs2 *r)
{
	int i, idx, err;

	idx = srcu_read_lock(&v->vcpu.kvm->srcu);
	err = mmu_env_guest_read(&v->vcpu.mmu, cr3 & 0xffffffe0, r->pdptrs,
				 sizeof(r->pdptrs));
	srcu_read_unlock(&v->vcpu.kvm->srcu, idx);
	for (i = 0; i < ARRAY_SIZE(r->pdptrs); i++)
		r->pdptrs[i] = err ? 0 : r->pdptrs[i] & ~PDPTE_RSVD_LOW;
}

static void pdptrs_of_registers(struct x86_vcpu *v, struct kvm_sregs2 *r)
{
	int idx;

	if (request_take(&v->vcpu, REQ_PDPTRS)) {
		idx = srcu_read_lock(&v->vcpu.kvm->srcu);
		cr_pdptrs_refresh(v);
		srcu_read_unlock(&v->vcpu.kvm->srcu, idx);
	}
	memcpy(r->pdptrs, state_get(v, GRP_PDPTR)->pdptr, sizeof(r->pdptrs));
}

long sregs2_ioctl_get(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);
	struct kvm_sregs2 *r = data;

	sregs_get_registers(v, data);
	if (!cr_has_pdptrs(r->cr0, r->cr4, r->efer))
		return 0;
	if (x86_caps->pdptrs)
		pdptrs_of_registers(v, r);
	else
		pdptrs_of_memory(v, r->cr3, r);
	r->flags = KVM_SREGS2_FLAGS_PDPTRS_VALID;
	return 0;
}

/*
 * PDPTRs are accepted where there are any.  An AMD processor with nested paging reads
 * them from memory whenever it wants to (APM vol. 2, 15.25.10), and keeps none.
 */
long sregs2_ioctl_set(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);
	const struct kvm_sregs2 *r = data;

	if (r->flags & ~(u64)KVM_SREGS2_FLAGS_PDPTRS_VALID)
		return -EINVAL;
	if (r->flags && !cr_has_pdptrs(r->cr0, r->cr4, r->efer))
		return -EINVAL;
	if (!sregs_are_valid(v, data))
		return -EINVAL;
	sregs_load(v, data);
	if (r->flags && x86_caps->pdptrs) {
		request_take(&v->vcpu, REQ_PDPTRS);
		memcpy(state_replace(v, GRP_PDPTR)->pdptr, r->pdptrs,
		       sizeof(r->pdptrs));
	}
	return 0;
}
