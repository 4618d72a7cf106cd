/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A frame of L1's that the processor knows by the host's frame: while L2 runs, its accesses
 * to that frame exit.  Nothing keeps the host's frame where it is:
 *
 *	the vCPU				an invalidation (core)
 *	nested.page				mmu_invalidate_begin()
 *	guest_frame(): under mmu->lock		arch_frames_change(): whose page is it?
 *	it is not stale				REQ_FRAME, and the guest is left
 *	looks at requests, enters		it ends
 *
 * So an entry whose look-up came before is followed by a request, and one that came later
 * waits for the end.  A host's frame that is another's by then only makes that one exit.
 */
#ifndef LAMINA_X86_VCPU_FRAME_H
#define LAMINA_X86_VCPU_FRAME_H

#include "x86/vcpu/x86.h"

/* x86_nested.page: L2 has none. */
#define FRAME_NONE	(~0ull)

/** frame_holds - does L2 access that frame of L1's?  False while L1 runs */
static inline bool frame_holds(const struct x86_vcpu *v, gpa_t gpa)
{
	return unlikely(v->nested.l2) && v->nested.page == gpa >> MMU_PAGE_SHIFT;
}

/**
 * kvm_frame_use - from now on L2 has this one; own thread, kvm->srcu held
 * @v: the vCPU; behind kvm_nested_enter()
 * @gfn: the frame, or FRAME_NONE
 *
 * Before the next entry nested.frame is what backs it, and policy_update() was called
 * since; or KVM_RUN ends with an internal error.
 */
void kvm_frame_use(struct x86_vcpu *v, gfn_t gfn);

/**
 * frame_failed - an instruction of the guest's cannot be executed
 * @v: the vCPU; own thread, kvm->srcu held
 *
 * Return: true: it is L2's, which has accessed its frame, and L1 has that exit (to_l1).
 */
bool frame_failed(struct x86_vcpu *v);

/** frame_reset - there is none; vCPU creation */
static inline void frame_reset(struct x86_vcpu *v)
{
	v->nested.page = FRAME_NONE;
}

/** frame_find - REQ_FRAME: look it up; own thread, kvm->srcu held; what KVM_RUN does next */
enum x86_next frame_find(struct x86_vcpu *v);

#endif
