// SPDX-License-Identifier: GPL-2.0-only
/* KVM_GET_SREGS2 and KVM_SET_SREGS2 (api.rst 4.131, 4.132). */
#include <linux/build_bug.h>
#include <linux/string.h>

#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "x86/run/regs.h"
#include "x86/vcpu/vendor.h"

/* Both structures begin with the same registers. */
#define COMMON	offsetof(struct kvm_sregs, interrupt_bitmap)
static_assert(offsetof(struct kvm_sregs2, flags) == COMMON);
static_assert(offsetof(struct kvm_sregs2, cr0) ==
	      offsetof(struct kvm_sregs, cr0));

/* Reserved in a PDPTE below the address (APM vol. 2, 5.2.3). */
#define PDPTE_RSVD_LOW	0x1e6ull

static bool pdptrs_exist(u64 cr0, u64 cr4, u64 efer)
{
	return (cr0 & X86_CR0_PG) && (cr4 & X86_CR4_PAE) && !(efer & EFER_LMA);
}

long sregs2_ioctl_get(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);
	struct kvm_sregs2 *r = data;
	struct kvm_sregs s;
	int i, idx, err;

	sregs_get(v, &s);
	memcpy(r, &s, COMMON);
	if (!pdptrs_exist(s.cr0, s.cr4, s.efer))
		return 0;
	/*
	 * They are what lies in memory.  The processor has checked them, and an
	 * emulated one leaves accessed bits in them.
	 */
	idx = srcu_read_lock(&v->vcpu.kvm->srcu);
	err = mmu_env_guest_read(&v->vcpu.mmu, s.cr3 & 0xffffffe0, r->pdptrs,
				 sizeof(r->pdptrs));
	srcu_read_unlock(&v->vcpu.kvm->srcu, idx);
	for (i = 0; i < ARRAY_SIZE(r->pdptrs); i++)
		r->pdptrs[i] = err ? 0 : r->pdptrs[i] & ~PDPTE_RSVD_LOW;
	r->flags = KVM_SREGS2_FLAGS_PDPTRS_VALID;
	return 0;
}

/*
 * PDPTRs are accepted where there are any.  A processor with nested paging reads
 * them from memory whenever it wants to (APM vol. 2, 15.25.10), so none are kept.
 */
long sregs2_ioctl_set(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);
	const struct kvm_sregs2 *r = data;
	struct kvm_sregs s = { };

	if (r->flags & ~(u64)KVM_SREGS2_FLAGS_PDPTRS_VALID)
		return -EINVAL;
	if (r->flags && !pdptrs_exist(r->cr0, r->cr4, r->efer))
		return -EINVAL;
	memcpy(&s, r, COMMON);
	if (!sregs_are_valid(v, &s))
		return -EINVAL;
	sregs_load(v, &s);
	return 0;
}
