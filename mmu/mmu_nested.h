/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MMU's public interface: nested paging.  For vendors that offer it.
 *
 *	vCPU creation	mmu_nested_init()
 *	VMRUN, VMLAUNCH	mmu_nested_npt() or mmu_nested_ept(), mmu_ctx_update() of
 *			MMU_CTX_L2, mmu_nested_enter()
 *	INVEPT, ASIDs	mmu_nested_flush()
 *	L2's exit	mmu_fault(): L1 gets its share by second_ops->fault
 *	emulation	mmu_translate() of MMU_CTX_L2; mmu_nested_fault() when
 *			it returns GWALK_NEXT
 *	exit to L1	mmu_nested_leave()
 *
 * Where L1 does not use nested paging L2's tables are L1's for the MMU: all of
 * this is left out, and MMU_CTX_GUEST reads L2's registers.
 */
#ifndef LAMINA_MMU_MMU_NESTED_H
#define LAMINA_MMU_MMU_NESTED_H

#include "mmu/mmu.h"

/**
 * mmu_nested_init - a vCPU can have L1's second-level tables (R5)
 * @vcpu: after mmu_vcpu_init(); not running yet
 * @l2_ops: constants of L2's own tables: the root register, the PDPTEs where
 *          they are registers (VMX), who receives L2's #PF
 * @second_ops: constants of L1's tables: nCR3 or the EPTP, and who receives their
 *              faults; no PDPTEs
 *
 * Nothing writes them, or which ones they are, ever after.
 */
void mmu_nested_init(struct mmu_vcpu *vcpu, const struct mmu_ctx_ops *l2_ops,
		     const struct mmu_ctx_ops *second_ops);

/**
 * mmu_nested_npt - MMU_CTX_SECOND is L1's nested page table
 * @vcpu: the vCPU; called by its own thread
 * @cpu: L1's registers as VMRUN finds them, and its CPU
 *
 * They decide the format (APM vol. 2, 15.25.3): the nested tables are in the
 * mode that L1 is in.  Of nCR3 only the bits are used that L1's CR3 would have.
 *
 * Return: 0; -EINVAL when L1's paging is off, which VMRUN refuses (15.25.3), or when
 * L1 is in 5-level mode and our own second level has 4 levels.
 */
int mmu_nested_npt(struct mmu_vcpu *vcpu, const struct mmu_cpu *cpu);

/**
 * mmu_nested_ept - MMU_CTX_SECOND is L1's EPT
 * @vcpu: the vCPU; called by its own thread
 * @eptp: the EPTP, which second_ops->root_get() will return
 * @cap: IA32_VMX_EPT_VPID_CAP as L1 reads it
 * @maxphyaddr: L1's physical address width
 *
 * Return: 0; -EINVAL for an EPTP that VM entry refuses (SDM vol. 3, 27.2.1.1).
 */
int mmu_nested_ept(struct mmu_vcpu *vcpu, u64 eptp, u64 cap, u8 maxphyaddr);

/**
 * mmu_nested_enter - from now on L2 runs
 * @vcpu: the vCPU; called by its own thread, not on shadow paging; the two contexts
 *        are set up and second_ops->root_get() answers for L2
 *
 * Each mode has a root of its own, which is kept: the caller loads what
 * mmu_root_load() says, even if that is what was in use before, and has L2's
 * translations under another TLB tag than L1's, or flushes.  A flush of the VM's
 * (mmu_env_flush) is one of both tags.
 */
void mmu_nested_enter(struct mmu_vcpu *vcpu);

/**
 * mmu_nested_leave - L1 runs again
 * @vcpu: the vCPU; called by its own thread
 *
 * Of the root: see mmu_nested_enter().
 */
void mmu_nested_leave(struct mmu_vcpu *vcpu);

/**
 * mmu_nested_flush - L1 asked for L2's translations to be forgotten
 * @vcpu: the vCPU; called by its own thread, whichever of the two is running
 *
 * INVEPT; VMRUN with TLB_CONTROL or another ASID, INVLPGA.  The next root of L2's
 * brings up to date what L1 has written into its tables.
 */
void mmu_nested_flush(struct mmu_vcpu *vcpu);

/**
 * mmu_nested_fault - tell L1 of a fault of its tables that no processor saw
 * @vcpu: the vCPU; called by its own thread
 * @la: address that was to be translated
 * @res: from mmu_translate() of MMU_CTX_L2, which returned GWALK_NEXT
 */
void mmu_nested_fault(struct mmu_vcpu *vcpu, u64 la,
		      const struct gwalk_result *res);

#endif
