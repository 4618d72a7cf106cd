/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flush hypercalls of L2's that a Hyper-V in L1 leaves to L0 (TLFS, direct virtual flush);
 * in hypercall.c, with those of L1's.
 */
#ifndef LAMINA_X86_HYPERV_L2_H
#define LAMINA_X86_HYPERV_L2_H

#include <linux/types.h>

struct x86_vcpu;

/**
 * kvm_hv_takes_l2 - is a hypercall of L2's L0's to answer, and not L1's?
 * @v: own thread, kvm->srcu held; L2 runs
 *
 * A flush is, where L1 has said so in L2's control block and in its VP assist page, and
 * CPUID, if that counts, lets it.
 */
bool kvm_hv_takes_l2(struct x86_vcpu *v);

/**
 * hv_hypercall_l2 - that instruction, but for RIP
 * @v: own thread, kvm->srcu held; kvm_hv_takes_l2()
 *
 * Return: false: L2 comes to it again; L1 may have to make its input accessible first.
 */
bool hv_hypercall_l2(struct x86_vcpu *v);

/**
 * hv_l1_waits_for_flush - does L1 want an exit behind a flush of L2's?
 * @v: own thread, kvm->srcu held; the flush is done
 *
 * It does as long as it uses translations of that VM's itself: TlbLockCount.
 */
bool hv_l1_waits_for_flush(struct x86_vcpu *v);

#endif
