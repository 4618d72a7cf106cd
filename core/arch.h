/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the core asks of the architecture: one of the ways up (docs/architecture.md).
 *
 * Few functions, linked directly; none is weak, none is optional.
 * Beside them the architecture supplies data: its creation steps, its ioctl
 * tables and its capabilities.
 */
#ifndef LAMINA_CORE_ARCH_H
#define LAMINA_CORE_ARCH_H

#include "core/ioctl.h"
#include "core/kvm.h"
#include "core/steps.h"
#include "irq/irq.h"

struct slot;

/* Creation in order: x86/run/lifecycle.c. */
extern const struct step_array arch_vm_steps;
extern const struct step_array arch_vcpu_steps;

/**
 * struct cap_value - a capability that has the same value everywhere
 * @cap: KVM_CAP_*
 * @value: what KVM_CHECK_EXTENSION answers; 0 ends a table
 */
struct cap_value {
	unsigned int cap;
	unsigned int value;
};

/* The architecture's. */
extern const struct cap_value arch_caps[];

/* The architecture's ioctls, each array ended by an entry with cmd 0. */
extern const struct ioctl_desc arch_dev_ioctls[];
extern const struct ioctl_desc arch_vm_ioctls[];
extern const struct ioctl_desc arch_vcpu_ioctls[];

/** arch_vm_size - bytes of the outermost VM struct */
size_t arch_vm_size(void);

/** arch_vcpu_size - bytes of the outermost vCPU struct */
size_t arch_vcpu_size(void);

/** arch_vcpu_memory - bytes of a vCPU, its struct and what that points to; any thread */
size_t arch_vcpu_memory(struct kvm_vcpu *vcpu);

/** arch_irqchip_memory - bytes of a VM's interrupt controllers, but for LAPICs; any thread */
size_t arch_irqchip_memory(struct kvm *kvm);

/**
 * arch_check_extension - KVM_CHECK_EXTENSION for what no table has
 * @kvm: VM asked, or NULL for /dev/kvm
 * @ext: KVM_CAP_*
 *
 * Return: the capability's value, 0 when it is not there.
 */
long arch_check_extension(struct kvm *kvm, unsigned long ext);

/**
 * arch_vm_enable_cap - KVM_ENABLE_CAP on a VM, for what the core does not know
 * @kvm: the VM; no lock held
 * @cap: flags are 0
 *
 * Return: 0; -EINVAL for an unknown capability or bad arguments.
 */
long arch_vm_enable_cap(struct kvm *kvm, const struct kvm_enable_cap *cap);

/** arch_boot_vcpu - the id of the vCPU that starts first; kvm->lock held */
u32 arch_boot_vcpu(struct kvm *kvm);

/**
 * arch_cpu_on - check this CPU and turn virtualization on (R6)
 *
 * On the CPU concerned, not preemptible.
 *
 * Return: 0; -EBUSY when another hypervisor holds it; -EOPNOTSUPP when the CPU
 * lacks something that the others have.
 */
int arch_cpu_on(void);

/** arch_cpu_off - turn it off; harmless when it is not on.  Any context. */
void arch_cpu_off(void);

/**
 * arch_post_enable - runs once at load, while every CPU is on
 *
 * Room for firmware that wants virtualization on everywhere.
 *
 * Return: 0 or a negative errno, which fails the load.
 */
int arch_post_enable(void);

/**
 * arch_vcpu_run - KVM_RUN, until userspace is needed
 * @vcpu: its mutex held; arch_vcpu_run() loads and puts it itself
 *
 * Return: 0 with vcpu->run->exit_reason filled, or a negative errno.
 */
int arch_vcpu_run(struct kvm_vcpu *vcpu);

/**
 * arch_vcpu_ioctl - an ioctl is about to read the vCPU's state or to write it
 * @vcpu: loaded; not for KVM_RUN
 */
void arch_vcpu_ioctl(struct kvm_vcpu *vcpu);

/**
 * arch_vcpu_load - the vCPU's thread is on a CPU
 * @vcpu: the vCPU
 * @cpu: this CPU; not preemptible
 */
void arch_vcpu_load(struct kvm_vcpu *vcpu, int cpu);

/**
 * arch_vcpu_put - the vCPU's thread leaves its CPU; not preemptible
 * @vcpu: the vCPU
 */
void arch_vcpu_put(struct kvm_vcpu *vcpu);

/**
 * arch_slot_is_refused - is there a page of the kernel's own at one of a slot's frames?
 * @kvm: the VM, with a vCPU, or its first being made; slots_lock held
 * @slot: the slot, in whatever address space
 */
bool arch_slot_is_refused(struct kvm *kvm, const struct slot *slot);

/**
 * arch_user_cmpxchg16 - compare and exchange 16 bytes of userspace's memory
 * @p: address, aligned
 * @old: what memory must hold
 * @new: what is written then
 *
 * Return: 0; -EAGAIN when memory held something else; -EFAULT; -EOPNOTSUPP when the
 * processor cannot do it.
 */
int arch_user_cmpxchg16(u64 __user *p, const u64 *old, const u64 *new);

/**
 * arch_vcpu_wakes - is there anything that ends the vCPU's HLT, or its wait for SIPI?
 * @vcpu: its own thread, loaded; must not sleep
 *
 * Looked at again after each vcpu_kick().  May look at requests, too, but need not.
 */
bool arch_vcpu_wakes(struct kvm_vcpu *vcpu);

/**
 * arch_irq_chips - which interrupt controllers are in the kernel
 * @kvm: the VM
 *
 * Constant from the first vCPU on.
 */
enum irq_chips arch_irq_chips(struct kvm *kvm);

/**
 * arch_irq_line - a source drives a GSI
 * @kvm: the VM, with interrupt controllers in the kernel
 * @gsi: the GSI; any number: one without a route leads nowhere
 * @source: who
 * @level: high or low
 *
 * Any context; allocates nothing.
 */
void arch_irq_line(struct kvm *kvm, u32 gsi, enum irq_source source, bool level);

/** arch_irq_pulse - arch_irq_line(), high and low, of IRQ_SOURCE_USER */
void arch_irq_pulse(struct kvm *kvm, u32 gsi);

/**
 * arch_dma_coherent - does all DMA of the VM's devices see what is in caches?
 * @kvm: the VM
 * @yes: it does, as it has until now; or some of it does not
 *
 * May sleep; one call at a time.
 *
 * Return: 0, always for @yes; -EOPNOTSUPP where that would take the guest's memory types.
 */
int arch_dma_coherent(struct kvm *kvm, bool yes);

/**
 * arch_memtype - of what type the guest wants its memory to be: mmu_env_memtype()
 * @vcpu: its own thread
 * @gfn: first frame, a multiple of @n
 * @n: number of frames, a power of two
 *
 * Does not sleep.
 */
int arch_memtype(struct kvm_vcpu *vcpu, u64 gfn, u64 n);

/**
 * arch_frames_change - what backs frames changes: an invalidation has begun
 * @kvm: the VM; its slots or its userspace's memory
 * @start: first frame, of any address space
 * @end: frame after the last one
 *
 * What was looked up under mmu->lock before is used no more when it returns.  As
 * mmu_invalidate_begin() it does not sleep.
 */
void arch_frames_change(struct kvm *kvm, u64 start, u64 end);

/** arch_frames_used - is a frame of this range one that a vCPU knows the host's of? */
bool arch_frames_used(struct kvm *kvm, u64 start, u64 end);

/**
 * arch_irq_stop - stop what raises interrupts by itself; its vCPUs go next
 * @kvm: the VM, that nobody uses any more
 */
void arch_irq_stop(struct kvm *kvm);

#endif
