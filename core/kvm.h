/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two objects of the generic core: a VM and a vCPU.
 *
 * x86 embeds them first in its own structs, and the vendor embeds those:
 *
 *	struct svm_vcpu { struct x86_vcpu { struct kvm_vcpu ... } ... }
 *
 * The innermost size comes from arch_vm_size() and arch_vcpu_size(); core
 * allocates, zeroed.
 *
 * Lock order: kvm->lock > vcpu->mutex (never both by one path unless in that
 * order) > slots_lock > notifier's range > mmu->lock.  docs/locking.md.
 *
 * Letters on fields: (c) set at creation, (r) reset with the vCPU, (x) scratch.
 */
#ifndef LAMINA_CORE_KVM_H
#define LAMINA_CORE_KVM_H

#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rcuwait.h>
#include <linux/srcu.h>
#include <linux/xarray.h>

#include "core/stats.h"
#include "core/uapi.h"
#include "mmu/mmu.h"

struct dentry;
struct dirty_ring;
struct file;
struct irqfds;
struct vcpu_halt;
struct slots;
struct bus;
struct mm_notifier;
struct task_struct;

/* Address spaces: 0 outside of SMM, 1 in SMM. */
#define AS_COUNT	2

/* Limits, as KVM_CHECK_EXTENSION reports them. */
#define VCPUS_MAX	1024
#define VCPU_IDS_MAX	4096
#define SLOTS_MAX	32764	/* per address space */

enum bus_kind { BUS_PIO, BUS_MMIO, BUS_KINDS };

/**
 * struct new_fd - the descriptor of an object that is being created
 * @nr: reserved number
 * @file: its file; NULL: there is none, or it is userspace's by now
 */
struct new_fd {
	int nr;
	struct file *file;
};

/**
 * struct kvm - one VM
 * @users: the VM fd, each vCPU fd, and whoever looks at it meanwhile
 * @mm: (c) address space of userspace; its ioctls come from no other
 * @lock: serialises vCPU creation; protects @vcpus for writing
 * @vcpus: vCPUs by index 0 .. @nr_vcpus - 1, and by id (vcpu_map.h); a lookup sees
 *         published ones only
 * @nr_vcpus: published vCPUs; release-store by the publisher, acquire by readers
 * @ids_differ: a vCPU has another id than index; @lock
 * @vcpu_ids: ids are below it (KVM_CAP_MAX_VCPU_ID); 0: not set; @lock
 * @yielded_to: index of the vCPU that was yielded to last; a hint, no lock
 * @halt_poll: longest halt poll in ns, with HALT_POLL_OWN; 0: the module's
 * @irqfds: eventfds that raise interrupts, or NULL before the first (irqfd.h)
 * @vfio: the VFIO device, or NULL (vfio.h); by compare-exchange, and nobody looks into it
 * @link: in the list of VMs (vm.h)
 * @nx_exempt: its guest may execute large pages whatever the rule is (nx_huge.h);
 *             vm_list_lock
 * @stats_dir: its directory in debugfs, or NULL; vm_list_lock
 * @stats_due: the next work makes it; vm_list_lock
 * @stats_pid: (c) who created it
 * @stats: counters
 * @slots_lock: serialises slot changes, dirty log calls and bus changes
 * @slots: current slot set of each address space; under @srcu, written under
 *         @slots_lock
 * @stale_sets: old slot sets that no grace period has passed for, a chain; @slots_lock
 * @srcu: readers of @slots and @buses
 * @buses: device buses; under @srcu, written under @slots_lock
 * @ioeventfds: eventfds on the buses; @slots_lock
 * @coalesced: ring page that vCPU mmaps show, or NULL before its first use
 * @coalesced_zones: what is written to it; @slots_lock
 * @coalesced_lock: protects the ring's writing end
 * @dirty_manual: KVM_DIRTY_LOG_* flags enabled by KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2
 * @ring_bytes: of each vCPU's dirty ring; 0: there are bitmaps instead.  Written
 *              under @lock and @slots_lock before the first vCPU
 * @ring_bitmap: slots have bitmaps beside the rings; @slots_lock
 * @mmu: second-level tables
 * @notifier: (c) this process's MMU notifier
 * @notifier_link: link in the notifier's list of VMs
 * @notifier_pins: walks of the notifier that are inside the VM; its lock
 * @notifier_leaves: no walk goes into it any more; the same
 * @fd: (x) its descriptor while being created
 */
struct kvm {
	refcount_t users;
	int nr_vcpus;
	struct mm_struct *mm;
	struct mutex lock;
	struct xarray vcpus;
	bool ids_differ;
	bool stats_due:1, nx_exempt:1;
	u16 vcpu_ids;
	u16 yielded_to;
	u8 dirty_manual;
	bool ring_bitmap;

	struct mutex slots_lock;
	struct slots __rcu *slots[AS_COUNT];
	struct slots *stale_sets;
	struct srcu_struct srcu;

	struct bus __rcu *buses[BUS_KINDS];
	struct hlist_head ioeventfds;
	struct kvm_coalesced_mmio_ring *coalesced;
	struct hlist_head coalesced_zones;
	spinlock_t coalesced_lock;

	u32 ring_bytes;
	pid_t stats_pid;
	unsigned int notifier_pins:31, notifier_leaves:1;
	u64 halt_poll;
	struct irqfds *irqfds;
	struct vfio_dev *vfio;
	struct list_head link;
	struct dentry *stats_dir;
	struct vm_stats stats;

	struct mmu mmu;
	struct mm_notifier *notifier;
	struct list_head notifier_link;

	struct new_fd fd;
};

/* What a vCPU is doing; see run_state.h for the protocol. */
enum vcpu_mode { VCPU_OUTSIDE, VCPU_IN_GUEST, VCPU_EXITING };

/* Requests of the core; x86 has those from REQ_ARCH up. */
enum vcpu_request {
	REQ_TLB_FLUSH,		/* drop the vCPU's translations */
	REQ_DIRTY_RING,		/* dirty_ring_exit() */
	REQ_LOG,		/* @mmu.logs has changed, or the log is wanted */
	REQ_ARCH,
	REQ_MAX = 32
};

/**
 * struct kvm_vcpu - one vCPU
 * @kvm: (c) its VM; the vCPU's fd holds a reference
 * @id: (c) id given by userspace (APIC id)
 * @idx: (c) index, order of publication
 * @mutex: held by every vCPU ioctl; the thread that holds it is "its own thread"
 * @run: (c) page shared with userspace
 * @thread: the thread that has it loaded, or NULL
 * @cpu: physical CPU whose hardware state is the vCPU's, or -1
 * @mode: enum vcpu_mode
 * @requests: bits of enum vcpu_request
 * @preempt: tells when the thread is scheduled out and in
 * @wait: the thread while it sleeps in vcpu_block()
 * @off_cpu: the thread while it is scheduled out, runnable or not; under RCU
 * @spinning: the guest waits for another vCPU in a loop of PAUSE, see yield.h
 * @srcu_idx: index of the read section that KVM_RUN is in
 * @slot_hint: index of the slot that was found last; own thread.  @slot_other: of the
 *             one before that was another
 * @sigset: KVM_SET_SIGNAL_MASK, valid when @sigset_active
 * @halt: (c) what vcpu_block() needs, or NULL where HLT goes to userspace
 * @ring: (c) its dirty ring, or NULL where the VM has none
 * @stats: counters; written by its own thread
 * @mmu: MMU state
 * @fd: (x) its descriptor while being created
 */
struct kvm_vcpu {
	struct kvm *kvm;
	u32 id;
	int idx;
	struct mutex mutex;
	struct kvm_run *run;

	struct task_struct *thread;
	int cpu;
	int mode;
	unsigned long requests;
	struct preempt_notifier preempt;
	struct rcuwait wait;
	struct task_struct __rcu *off_cpu;
	int srcu_idx;
	unsigned int slot_hint;
	unsigned int slot_other;
	bool spinning;
	bool sigset_active;
	sigset_t sigset;

	struct vcpu_halt *halt;
	struct dirty_ring *ring;
	struct vcpu_stats stats;

	struct mmu_vcpu mmu;

	struct new_fd fd;
};

#endif
