/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's time-stamp counter: the host's plus an offset, at the host's rate, or times
 * a ratio where the processor can do that (vcpu/tsc_ratio.h).
 *
 * All vCPUs of a VM start with one offset.  What userspace writes to IA32_TSC is
 * matched, so that vCPUs which it restores one after the other stay together:
 *
 *   - The VM has a base: the offset that its vCPUs agree on, without what guests
 *     have added by IA32_TSC_ADJUST.
 *   - A value that differs from the base by less than a second, when the vCPU's
 *     IA32_TSC_ADJUST is taken off, means the base: userspace spent that time
 *     between reading and writing two vCPUs.
 *   - So does a 0 for a vCPU that has not run: that is power-up, and the VM's
 *     counter may have been running for long.
 *   - Any other value is a new base, for this vCPU and those written after it.
 *     What this vCPU is given before it runs is taken as it is, and is the next base:
 *     userspace begins anew.  QEMU writes all vCPUs of a new VM once before a guest is
 *     restored into it, which may be less than a second younger or older.
 *   - The VM's first base was nobody's choice, and nothing else means it: a guest that
 *     is restored may have run for as long as its new VM has been there.
 *
 * The counter never goes back by this: userspace stops all vCPUs before it reads
 * the first, and the base is the first one's.  KVM_VCPU_TSC_OFFSET is not matched.
 *
 * A vCPU whose rate changes has the counter that it would have if it had run at the new
 * rate since it was 0.  So vCPUs that agree still do when all of them have the new rate,
 * whenever each gets it, and so does one that is made later.
 */
#ifndef LAMINA_X86_CPU_TSC_H
#define LAMINA_X86_CPU_TSC_H

#include "core/run_state.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/msr.h"

/** tsc_ratio_one - the ratio of counters that are not scaled */
static inline u64 tsc_ratio_one(void)
{
	return 1ull << x86_caps->tsc_frac_bits;
}

/**
 * tsc_clocks - clocks of a counter of a rate that vCPUs may have
 * @khz: the rate
 * @from, @to: moments of tsc_host_awake(); @to is not before @from
 *
 * As a vCPU reads them: the difference of two scaled values, which may be one more than the
 * scaled difference.
 */
u64 tsc_clocks(u32 khz, u64 from, u64 to);

/** tsc_vcpu_reset - a new vCPU takes its VM's rate and base */
void tsc_vcpu_reset(struct x86_vcpu *v);

/* Clocks that the host's counter has lost by suspends so far. */
extern u64 tsc_host_lost;

/**
 * tsc_vcpu_load - the vCPU comes to a CPU; not preemptible
 * @v: the vCPU
 *
 * After a suspend that restarted the host's counter, what the guest would miss is
 * made up for before its next entry: REQ_TSC.
 */
static inline void tsc_vcpu_load(struct x86_vcpu *v)
{
	/*
	 * The offset belongs to the vCPU's thread, which may have been interrupted in
	 * the middle of a change; so the request does it.
	 */
	if (unlikely(v->tsc.lost != tsc_host_lost))
		request_set(&v->vcpu, REQ_TSC);
}

/** tsc_catch_up - REQ_TSC; own thread */
void tsc_catch_up(struct x86_vcpu *v);

/** tsc_host_awake - the host's counter, as if there were no suspends */
u64 tsc_host_awake(void);
/** tsc_host_awake_at - the same for a value of RDTSC, read since the last suspend */
u64 tsc_host_awake_at(u64 tsc);
/** tsc_host_left_out - changes with each suspend that tsc_host_awake() leaves out, or mends */
u64 tsc_host_left_out(void);
/** tsc_of_host - the guest's counter at a moment of tsc_host_awake() */
u64 tsc_of_host(const struct x86_vcpu *v, u64 awake);

/**
 * tsc_vcpus_agree - do the counters of all vCPUs show the same?  own thread
 *
 * One that changes meanwhile may be seen half changed; its page is written next.
 */
bool tsc_vcpus_agree(struct x86_vcpu *v);

/** tsc_read - the guest's counter now; any context */
u64 tsc_read(const struct x86_vcpu *v);
/** tsc_read_running - the counter of L2 while it runs, else the guest's; own thread */
u64 tsc_read_running(const struct x86_vcpu *v);
/**
 * tsc_host_at - the host's RDTSC at the first moment when the guest's counter has a value
 * @v: the vCPU
 * @tsc: the value, not long from now; in the past: any that is in the past
 */
u64 tsc_host_at(const struct x86_vcpu *v, u64 tsc);

/** tsc_msr_get - IA32_TSC; RDMSR in L2 reads what its RDTSC does (SDM vol. 3, 26.3) */
int tsc_msr_get(struct x86_vcpu *v, struct msr_access *a);
/** tsc_msr_set - the guest's write, L2's too, changes IA32_TSC_ADJUST as well */
int tsc_msr_set(struct x86_vcpu *v, struct msr_access *a);
/** tsc_adjust_get - IA32_TSC_ADJUST */
int tsc_adjust_get(struct x86_vcpu *v, struct msr_access *a);
/** tsc_adjust_set - the guest's write moves the counter as well */
int tsc_adjust_set(struct x86_vcpu *v, struct msr_access *a);

/** tsc_ioctl_get_khz - KVM_GET_TSC_KHZ */
long tsc_ioctl_get_khz(void *vcpu, void *data, unsigned long arg);
/** tsc_ioctl_get_vm_khz - the same on a VM: what a new vCPU has */
long tsc_ioctl_get_vm_khz(void *vm, void *data, unsigned long arg);
/**
 * tsc_ioctl_set_khz - KVM_SET_TSC_KHZ; 0: the host's
 *
 * -EINVAL for a rate that the hardware does not have: see TOLERANCE_PPM.
 */
long tsc_ioctl_set_khz(void *vcpu, void *data, unsigned long arg);
/** tsc_ioctl_set_vm_khz - the same on a VM: for vCPUs to come */
long tsc_ioctl_set_vm_khz(void *vm, void *data, unsigned long arg);

/*
 * KVM_{HAS,GET,SET}_DEVICE_ATTR on a vCPU: KVM_VCPU_TSC_OFFSET.  -ENXIO for
 * anything else, -EINVAL for flags, -EFAULT.
 */
/** vcpu_ioctl_has_attr - is there such an attribute? */
long vcpu_ioctl_has_attr(void *vcpu, void *data, unsigned long arg);
/** vcpu_ioctl_get_attr - read it */
long vcpu_ioctl_get_attr(void *vcpu, void *data, unsigned long arg);
/** vcpu_ioctl_set_attr - write it */
long vcpu_ioctl_set_attr(void *vcpu, void *data, unsigned long arg);

/** module_step_tsc_up - module step: look at the host's counter at suspend and resume */
int module_step_tsc_up(void *unused);
/** module_step_tsc_down - stop that */
void module_step_tsc_down(void *unused);
/** vm_step_tsc_up - VM step: the guest's counter starts now */
int vm_step_tsc_up(void *kvm);

#endif
