// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_PRE_FAULT_MEMORY: the guest's read faults of a range, without the guest.
 */
#include <linux/sched/signal.h>

#include "core/guestmem.h"
#include "x86/cpu/cr.h"
#include "x86/run/prefault.h"

/* Return: bytes from @gpa on that one leaf maps; 0: once more; a negative errno. */
static long prefault_at(struct x86_vcpu *v, gpa_t gpa)
{
	struct mmu_fault fault __uninitialized;
	u64 bytes;
	int err;

	if (!guest_slot(&v->vcpu, gpa >> MMU_PAGE_SHIFT))
		return -ENOENT;
	err = cr_root_ready(v);
	if (err)
		return err;
	mmu_fault_init(&fault, gpa, 0);
	fault.prefault = true;
	switch (mmu_fault(&v->vcpu.mmu, &fault)) {
	case MMU_FIXED:
		bytes = LEVEL_GFNS(fault.level) << MMU_PAGE_SHIFT;
		return bytes - (gpa & (bytes - 1));
	case MMU_RETRY:
		return 0;
	case MMU_EMULATE:
		return -ENOENT;
	default:
		return fault.err;
	}
}

static bool prefault_is_valid(const struct kvm_pre_fault_memory *p)
{
	return !p->flags && p->size &&
	       !((p->gpa | p->size) & (MMU_PAGE_SIZE - 1)) &&
	       p->gpa + p->size > p->gpa;
}

long prefault_ioctl(void *obj, void *data, unsigned long arg)
{
	struct kvm_pre_fault_memory *p = data;
	struct kvm_vcpu *vcpu = obj;
	bool any = false;
	long n = 0;
	int idx;

	if (!prefault_is_valid(p))
		return -EINVAL;
	if (!mmu_can_prefault(&vcpu->mmu))
		return -EOPNOTSUPP;
	while (p->size) {
		if (signal_pending(current)) {
			n = -EINTR;
			break;
		}
		/* Not for long: who changes slots waits for it. */
		idx = srcu_read_lock(&vcpu->kvm->srcu);
		n = prefault_at(to_x86_vcpu(vcpu), p->gpa);
		srcu_read_unlock(&vcpu->kvm->srcu, idx);
		if (n < 0)
			break;
		n = min_t(u64, n, p->size);
		p->gpa += n;
		p->size -= n;
		any |= n;
		cond_resched();
	}
	return any ? 0 : n;
}
