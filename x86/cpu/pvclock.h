/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kvmclock: a clock that the guest computes from its TSC (msr.rst; asm/pvclock-abi.h).
 *
 * A VM has one clock.  As long as the host's TSCs agree it is a function of the TSC
 * alone: @ns_ref at @tsc_ref, and on from there at the rate that the vCPUs' TSCs have,
 * with the same rounding that the guest has.  Every vCPU's page
 * names that same pair, in the vCPU's own TSC, so the clocks of all vCPUs are one to the
 * nanosecond, and a page is written only when the guest asks for it, when the vCPU's TSC
 * moves or stability changes, when userspace sets the clock, and after a suspend of the host.
 *
 * The pages say that the clock is stable as long as the vCPUs' TSCs show the same, too.
 *
 * Where the host's do not agree the clock is CLOCK_BOOTTIME plus an offset, and a page is
 * written anew whenever the vCPU comes to another CPU.
 *
 * Lock: x86_vm_clock.lock, innermost, spinning.
 */
#ifndef LAMINA_X86_CPU_PVCLOCK_H
#define LAMINA_X86_CPU_PVCLOCK_H

#include "x86/cpu/msr.h"

/** vm_step_pvclock_up - the VM's clock starts at 0 */
int vm_step_pvclock_up(void *kvm);

/**
 * pvclock_rate_set - a vCPU's TSC has got its rate: the clock goes by it from now on
 * @v: own thread, or not published yet
 *
 * Where vCPUs' rates differ it goes by the one that was set last.
 */
void pvclock_rate_set(struct x86_vcpu *v);

/**
 * pvclock_update - REQ_CLOCK: write the vCPU's page; without one: is the others' right?
 * @v: own thread, kvm->srcu held
 */
void pvclock_update(struct x86_vcpu *v);

/**
 * pvclock_publish - the same where userspace has changed what the page goes by
 * @v: own thread
 *
 * Not left to the next entry: Linux's vDSO reads the first vCPU's page wherever it runs, and
 * another vCPU may run first, with what a saved guest's memory has there.  It is left to the
 * next entry where the page is not present: nothing here waits for userspace.
 */
void pvclock_publish(struct x86_vcpu *v);

/**
 * pvclock_pair - KVM_HC_CLOCK_PAIRING
 * @v: own thread, kvm->srcu held
 * @gpa: where struct kvm_clock_pairing goes
 * @clock: KVM_CLOCK_PAIRING_*
 *
 * Return: 0; -KVM_EOPNOTSUPP: no such clock, or the host's is not its TSC; -KVM_EFAULT.
 */
u64 pvclock_pair(struct x86_vcpu *v, gpa_t gpa, u64 clock);

/**
 * struct pvclock_ref - what the VM's clock said at a moment
 * @tsc: the moment, by the vCPU's TSC; may be before its counter's start
 * @ns: what it said
 * @stable: from there on it follows the TSC, of whatever vCPU
 */
struct pvclock_ref {
	s64 tsc;
	u64 ns;
	bool stable;
};

/** pvclock_ref - the pair that all pages name; own thread */
void pvclock_ref(struct x86_vcpu *v, struct pvclock_ref *ref);

/** pvclock_now - the VM's clock, in nanoseconds */
u64 pvclock_now(struct kvm *kvm);

/** pvclock_vcpu_moved - pvclock_vcpu_load() of a vCPU whose guest goes by the clock */
void pvclock_vcpu_moved(struct x86_vcpu *v, int cpu);

/** pvclock_vcpu_load - the vCPU comes to a CPU; not preemptible */
static inline void pvclock_vcpu_load(struct x86_vcpu *v, int cpu)
{
	/* Hyper-V's TSC page goes by the same clock. */
	if ((v->pvclock.system_time & PVCLOCK_ENABLED) || v->hv)
		pvclock_vcpu_moved(v, cpu);
}

/* MSR rows: MSR_KVM_WALL_CLOCK(_NEW), MSR_KVM_SYSTEM_TIME(_NEW). */
/** pvclock_msr_get - what was written */
int pvclock_msr_get(struct x86_vcpu *v, struct msr_access *a);
/** pvclock_msr_set - -ENOENT: not in CPUID; the guest answers for the alignment (msr.rst) */
int pvclock_msr_set(struct x86_vcpu *v, struct msr_access *a);

/** pvclock_ioctl_get - KVM_GET_CLOCK */
long pvclock_ioctl_get(void *kvm, void *data, unsigned long arg);
/** pvclock_ioctl_set - KVM_SET_CLOCK; -EINVAL for unknown flags */
long pvclock_ioctl_set(void *kvm, void *data, unsigned long arg);
/** pvclock_ioctl_paused - KVM_KVMCLOCK_CTRL; -EINVAL while the guest has no page */
long pvclock_ioctl_paused(void *vcpu, void *data, unsigned long arg);

#endif
