/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics: counters, the binary descriptors (api.rst 4.133), debugfs.
 *
 * A vCPU's counters are written by its own thread and read by anybody; a VM's by
 * whoever has something to count, so that one may be lost.  Counters of halts are in
 * struct vcpu_halt, which a vCPU without interrupt controllers does not have.
 * Names, units and buckets are those that tools know.
 */
#ifndef LAMINA_CORE_STATS_H
#define LAMINA_CORE_STATS_H

#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/minmax.h>
#include <linux/types.h>

#include "mmu/mmu_stat.h"

struct kvm;
struct kvm_vcpu;
struct module;

/* Values of a logarithmic histogram. */
#define STAT_BUCKETS	32

/* struct vm_stats - pages by size are counted by the MMU. */
struct vm_stats {
	u64 remote_tlb_flush;
	u64 remote_tlb_flush_requests;
};

/* Most of them; "blocking" is what vcpu->wait tells. */
#define VCPU_COUNTERS(X)						\
	X(pf_taken) X(pf_fixed) X(pf_emulate) X(pf_spurious) X(pf_fast)	\
	X(pf_mmio_spte_created) X(pf_guest) X(tlb_flush) X(invlpg)	\
	X(exits) X(io_exits) X(mmio_exits) X(signal_exits)		\
	X(irq_window_exits) X(nmi_window_exits) X(l1d_flush)		\
	X(halt_exits) X(request_irq_exits) X(irq_exits)			\
	X(host_state_reload) X(fpu_reload) X(insn_emulation)		\
	X(insn_emulation_fail) X(hypercalls) X(irq_injections)		\
	X(nmi_injections) X(req_event) X(nested_run)			\
	X(directed_yield_attempted) X(directed_yield_successful)	\
	X(preemption_reported) X(preemption_other)

#define STAT_FIELD(name)	u64 name;

/**
 * struct vcpu_stats - a vCPU's counters
 * @guest_mode: 1 while it runs an L2; the others count up
 */
struct vcpu_stats {
	VCPU_COUNTERS(STAT_FIELD)
	u64 guest_mode;
	u64 notify_window_exits;
};

/* struct halt_stats - what vcpu_block() counts; times are in nanoseconds. */
struct halt_stats {
	u64 halt_successful_poll;
	u64 halt_attempted_poll;
	u64 halt_poll_invalid;
	u64 halt_wakeup;
	u64 halt_poll_success_ns;
	u64 halt_poll_fail_ns;
	u64 halt_wait_ns;
	u64 halt_poll_success_hist[STAT_BUCKETS];
	u64 halt_poll_fail_hist[STAT_BUCKETS];
	u64 halt_wait_hist[STAT_BUCKETS];
};

/* Count; by the one thread that writes. */
#define stat_add(counter, n)	WRITE_ONCE(counter, READ_ONCE(counter) + (n))
/* One instruction, of which no reader sees a half. */
#define stat_inc(counter)	((void)(counter)++)

/**
 * stat_log - count a value in a logarithmic histogram of STAT_BUCKETS values
 * @hist: the histogram
 * @value: bucket 0 is for 0, bucket n for [2^(n-1), 2^n), the last one for the rest
 */
static inline void stat_log(u64 *hist, u64 value)
{
	stat_inc(hist[min_t(unsigned int, fls64(value), STAT_BUCKETS - 1)]);
}

/* Which table of descriptors. */
enum stat_owner { STAT_VM, STAT_VCPU };

/* Where a statistic's value is. */
enum stat_place {
	AT_NOTHING,	/* nobody counts it */
	AT_VM,		/* struct kvm */
	AT_MAPPED,	/* kvm->mmu.mapped */
	AT_MMU,		/* mmu_stat() */
	AT_NX_SPLITS,	/* mmu_nx_splits() */
	AT_MEMORY,	/* memory_of() */
	AT_VCPU,	/* struct kvm_vcpu */
	AT_HALT,	/* struct vcpu_halt */
	AT_WAIT,	/* vcpu->wait */
};

/*
 * A VM's memory by kind, in bytes; what the host gives it for its guest's memory, and the
 * books of slots, are none of it.
 */
enum stat_memory {
	MEMORY_TABLES = MMU_MEM_TABLES,
	MEMORY_SHADOW = MMU_MEM_SHADOW,
	MEMORY_RMAP = MMU_MEM_RMAP,
	MEMORY_DESC = MMU_MEM_DESC,
	MEMORY_RESERVE,		/* vCPUs', for their next faults */
	MEMORY_VCPU,		/* vCPUs themselves */
	MEMORY_IRQCHIP,		/* interrupt controllers, but for LAPICs */
};

/**
 * struct stat_desc - a statistic
 * @name: as tools know it
 * @flags: KVM_STATS_*
 * @exponent: of the unit
 * @size: how many values
 * @place: enum stat_place
 * @at: offset there, or index
 */
struct stat_desc {
	const char *name;
	u32 flags;
	s16 exponent;
	u16 size;
	u16 place;
	u16 at;
};

/**
 * stat_table - the descriptors of VMs or vCPUs
 * @owner: whose
 * @n: how many
 */
const struct stat_desc *stat_table(enum stat_owner owner, unsigned int *n);

/**
 * stat_value - what a statistic has counted
 * @s: of the VM's table, or the vCPU's
 * @kvm: the VM
 * @vcpu: a vCPU's statistic: whose
 * @i: of a histogram: the bucket; else 0
 */
u64 stat_value(const struct stat_desc *s, struct kvm *kvm, struct kvm_vcpu *vcpu,
	       unsigned int i);

/**
 * stats_fd - KVM_GET_STATS_FD (api.rst 4.133)
 * @kvm: the VM, which the descriptor keeps
 * @vcpu: one of its vCPUs, whose statistics they are; NULL: the VM's own
 *
 * Return: the descriptor, -EMFILE, -ENOMEM.
 */
int stats_fd(struct kvm *kvm, struct kvm_vcpu *vcpu);

/** stats_set_owner - the module that open descriptors keep loaded */
void stats_set_owner(struct module *owner);

/** stats_vm_up - the VM is in the list, and is to have a directory; vm_list_lock held */
void stats_vm_up(struct kvm *kvm);
/** stats_vm_leave - the VM is about to leave the list; vm_list_lock held */
void stats_vm_leave(struct kvm *kvm);
/** stats_vm_down - it has left it: nobody looks at its vCPUs afterwards */
void stats_vm_down(struct kvm *kvm);

/** module_step_stats_up - the files of debugfs, where there is one */
int module_step_stats_up(void *unused);
/** module_step_stats_down - remove them */
void module_step_stats_down(void *unused);

#endif
