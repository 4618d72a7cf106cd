// SPDX-License-Identifier: GPL-2.0-only
/* A frame of L1's that the processor knows by the host's frame: vcpu/frame.h. */
#include <linux/export.h>

#include "core/arch.h"
#include "core/guestmem.h"
#include "core/run_state.h"
#include "core/vm.h"
#include "x86/run/apic_access.h"
#include "x86/vcpu/frame.h"
#include "x86/vcpu/nested.h"
#include "x86/vcpu/vendor.h"

static void page_set(struct x86_nested *n, gfn_t gfn)
{
	WRITE_ONCE(n->page, gfn);
	n->apart = false;
}

static bool tables_are_ready(const struct x86_nested *n)
{
	return n->ctx != MMU_CTX_GUEST || n->apart;
}

void kvm_frame_use(struct x86_vcpu *v, gfn_t gfn)
{
	struct x86_nested *n = &v->nested;

	if (n->page == gfn && (gfn == FRAME_NONE || (n->frame && tables_are_ready(n))))
		return;
	/* Seen by arch_frames_change(), as the page is: by mmu->lock. */
	if (gfn != FRAME_NONE)
		WRITE_ONCE(v->vcpu.kvm->mmu.frames_used, true);
	if (n->page != gfn)
		page_set(n, gfn);
	n->frame = 0;
	if (gfn != FRAME_NONE)
		request_set(&v->vcpu, REQ_FRAME);
}
EXPORT_SYMBOL_GPL(kvm_frame_use);

/* As stock KVM has it; userspace may bring memory there and go on. */
static enum x86_next frame_missing(struct x86_vcpu *v)
{
	request_set(&v->vcpu, REQ_FRAME);
	return exit_internal_error(v, KVM_INTERNAL_ERROR_EMULATION, 0, NULL);
}

/*
 * Without a second level of L1's L2 is on L1's tables.  There the processor can know one page
 * only, and it need not see accesses to that through a large leaf (SDM vol. 3, 30.4.5): faults
 * make none (mmu_env_is_apart()), and one that was there goes.  Once for a page: each makes
 * look-ups of other vCPUs stale, who would do the same.
 */
static void tables_prepare(struct x86_vcpu *v)
{
	struct mmu_vcpu *mv = &v->vcpu.mmu;
	gfn_t page = v->nested.page;

	apic_access_end(v);
	mmu_invalidate_begin(mv->mmu, page, page + 1);
	mmu_zap(mv->mmu, mv->as_id, page, page + 1, true);
	mmu_invalidate_end(mv->mmu);
	v->nested.apart = true;
}

enum x86_next frame_find(struct x86_vcpu *v)
{
	struct x86_nested *n = &v->nested;
	hpa_t frame;
	int err;

	n->frame = 0;
	/* The next entry of L2 asks. */
	if (!n->l2)
		page_set(n, FRAME_NONE);
	if (n->page == FRAME_NONE)
		return X86_RESUME;
	if (!tables_are_ready(n))
		tables_prepare(v);
	err = guest_frame(&v->vcpu, n->page, &frame);
	if (err == -EFAULT || err == -EHWPOISON)
		return frame_missing(v);
	if (err) {
		/* No entry, but a look at signals, and then once more. */
		request_set(&v->vcpu, REQ_FRAME);
		return X86_RESUME;
	}
	n->frame = frame;
	vendor(policy_update)(v);
	nested_ops->page_found(v);
	return X86_RESUME;
}

bool frame_failed(struct x86_vcpu *v)
{
	return nested_l2_runs(v) && v->nested.page != FRAME_NONE &&
	       nested_ops->page_failed(v);
}

bool arch_frames_used(struct kvm *kvm, gfn_t start, gfn_t end)
{
	struct kvm_vcpu *vcpu;
	gfn_t page;
	int i;

	vcpu_for_each(i, vcpu, kvm) {
		page = READ_ONCE(to_x86_vcpu(vcpu)->nested.page);
		if (page >= start && page < end)
			return true;
	}
	return false;
}

void arch_frames_change(struct kvm *kvm, gfn_t start, gfn_t end)
{
	if (unlikely(READ_ONCE(kvm->mmu.frames_used)) && arch_frames_used(kvm, start, end))
		request_all(kvm, REQ_FRAME);
}
