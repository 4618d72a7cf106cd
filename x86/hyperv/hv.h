/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hyper-V's interface for guests, as the Hypervisor Top Level Functional Specification
 * (TLFS) has it.
 *
 * A VM and a vCPU have a pointer each, NULL before the first use: KVM_SET_CPUID2 with
 * Hyper-V's identification, KVM_ENABLE_CAP, KVM_HYPERV_EVENTFD, or an MSR that userspace
 * sets to something else than it reads.  All of those are userspace's calls, which may
 * fail for lack of memory; nothing that a guest does allocates.  Guests without the
 * identification get #GP.
 *
 * "Own thread" holds vcpu->mutex.  hv_vm.lock, a mutex inside kvm->srcu, is for what the
 * vCPUs share.  Others reach a vCPU by REQ_HV and @todo, and by lapic_accept().
 */
#ifndef LAMINA_X86_HYPERV_HV_H
#define LAMINA_X86_HYPERV_HV_H

#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/seqlock.h>
#include <linux/xarray.h>

#include <asm/hyperv-tlfs.h>

#include "x86/hyperv/rules.h"
#include "x86/vcpu/hv_env.h"
#include "x86/vcpu/x86.h"

/**
 * struct hv_vm - what the vCPUs of a VM share
 * @lock: protects the rest for writing
 * @os_id, @hypercall, @tsc_page: MSRs
 * @reenlightenment, @emulation, @emulation_status: MSRs of a change of the TSC's rate
 * @clock_seq: of @clock and @clock_is_set
 * @clock: what the TSC page says, with @clock_is_set
 * @clock_is_set: the page is in use
 * @crash_ctl, @crash: MSRs
 * @debug_*: the synthetic debugger's MSRs
 * @conns: by connection id, eventfds; looked up under kvm->srcu; @nr_conns, at least
 * @xen, @xen_calls: xen.h; written under kvm->lock, the former read under kvm->srcu
 */
struct hv_vm {
	struct mutex lock;
	u64 os_id, hypercall, tsc_page;
	u64 reenlightenment, emulation, emulation_status;
	seqcount_mutex_t clock_seq;
	struct hv_clock clock;
	bool clock_is_set;
	u64 crash_ctl;
	u64 crash[HV_X64_MSR_CRASH_PARAMS];
	u64 debug_control, debug_status, debug_send, debug_recv, debug_pending;
	u64 debug_options;
	struct xarray conns;
	atomic_t nr_conns;
	struct kvm_xen_hvm_config __rcu *xen;
	bool xen_calls;
};

/**
 * struct hv_stimer - a synthetic timer (TLFS 12.3)
 * @timer: calls at @expires
 * @v: whose
 * @config, @count: MSRs
 * @expires: when, in reference time
 * @index: which of the vCPU's
 * @waits: it has expired, and its message has found no room
 */
struct hv_stimer {
	struct hrtimer timer;
	struct x86_vcpu *v;
	u64 config;
	u64 count;
	u64 expires;
	u8 index;
	bool waits;
};

/**
 * struct hv_synic - synthetic interrupt controller (TLFS 11); own thread writes
 * @active: userspace has enabled it
 * @keeps_pages: pages that the guest enables are not cleared (KVM_CAP_HYPERV_SYNIC2)
 * @control, @events, @messages: SCONTROL, SIEFP, SIMP
 * @sint: SINT0 to SINT15; others read
 * @auto_eoi: vectors that end when they are taken
 */
struct hv_synic {
	bool active, keeps_pages;
	u64 control, events, messages;
	u64 sint[HV_SYNIC_SINT_COUNT];
	DECLARE_BITMAP(auto_eoi, 256);
};

/* What REQ_HV is for: bits of @todo. */
enum hv_todo {
	HV_TODO_EXIT,		/* KVM_EXIT_HYPERV with @exit */
	HV_TODO_RESET,
	HV_TODO_CRASH,
	HV_TODO_STIMER,		/* to HV_TODO_STIMER + 3: a timer's time has come */
};

/**
 * struct hv_vcpu - a vCPU's part
 * @v: whose
 * @vm: its VM's part
 * @todo: bits of enum hv_todo; any context sets them
 * @on: the guest's CPUID identifies Hyper-V
 * @rights: what else it says
 * @vp_index: VP_INDEX; others read
 * @assist_page: VP_ASSIST_PAGE
 * @runtime: VP_RUNTIME less the thread's time, in units of 100 ns
 * @exit: what userspace is told with HV_TODO_EXIT
 * @set: (x) of a hypercall
 */
struct hv_vcpu {
	struct x86_vcpu *v;
	struct hv_vm *vm;
	unsigned long todo;
	bool on;
	struct hv_rights rights;
	u32 vp_index;
	u64 assist_page;
	u64 runtime;
	struct kvm_hyperv_exit exit;
	struct hv_synic synic;
	struct hv_stimer stimer[HV_SYNIC_STIMER_COUNT];
	struct hv_set set;
};

/* ---- life: cpuid.c */

/** hv_make - v->hv, and the VM's; own thread; 0 or -ENOMEM */
int hv_make(struct x86_vcpu *v);
/** hv_vm_make - vm->hv; NULL: no memory */
struct hv_vm *hv_vm_make(struct x86_vm *vm);
/** vcpu_step_hv_down - stop timers, free */
void vcpu_step_hv_down(void *vcpu);
/** vm_step_hv_down - free; no vCPU is left */
void vm_step_hv_down(void *kvm);

/** hv_enable_cap - KVM_ENABLE_CAP on a vCPU: SYNIC, SYNIC2, ENFORCE_CPUID */
long hv_enable_cap(struct x86_vcpu *v, const struct kvm_enable_cap *cap);
/** hv_ioctl_supported - KVM_GET_SUPPORTED_HV_CPUID on /dev/kvm; -E2BIG without room */
long hv_ioctl_supported(void *unused, void *data, unsigned long arg);
/** hv_ioctl_eventfd - KVM_HYPERV_EVENTFD (hypercall.c); -EINVAL, -EEXIST, -ENOENT */
long hv_ioctl_eventfd(void *kvm, void *data, unsigned long arg);

/* ---- for the run loop */

/** hv_post - ask a vCPU to look at something; any context */
void hv_post(struct hv_vcpu *hv, unsigned int todo);

/**
 * hv_requests - REQ_HV (msr.c)
 * @v: own thread, kvm->srcu held
 *
 * Return: X86_USER with an exit for userspace, else X86_RESUME.
 */
enum x86_next hv_requests(struct x86_vcpu *v);

/** hv_clock_changed - REQ_CLOCK: the TSC page and timers follow; own thread, srcu held */
void hv_clock_changed(struct x86_vcpu *v);

/** hv_takes_hypercalls - are the guest's hypercalls Hyper-V's?  Once it has told its name */
static inline bool hv_takes_hypercalls(const struct x86_vcpu *v)
{
	return unlikely(v->hv) && v->hv->on && READ_ONCE(v->hv->vm->os_id);
}

enum hv_call_end {
	HV_CALL_DONE,		/* its result is in the registers */
	HV_CALL_USER,		/* userspace is to be asked: hv_hypercall_answered() */
	HV_CALL_UNDEFINED,	/* #UD */
};

/**
 * hv_hypercall - the instruction, but for RIP (hypercall.c)
 * @v: own thread, kvm->srcu held; hv_takes_hypercalls()
 */
enum hv_call_end hv_hypercall(struct x86_vcpu *v);

/** hv_hypercall_answered - userspace has: its result is the guest's; X86_RESUME */
enum x86_next hv_hypercall_answered(struct x86_vcpu *v);

/* ---- inside */

/** hv_vp_index - a vCPU's VP_INDEX; any thread */
u32 hv_vp_index(const struct x86_vcpu *v);

/** hv_ref_time - reference time now, in units of 100 ns; own thread */
u64 hv_ref_time(struct x86_vcpu *v);

/* Pages (page.c).  Own thread, hv_vm.lock held for those of the VM. */
/** hv_hypercall_page - fill it; -EFAULT */
int hv_hypercall_page(struct x86_vcpu *v, u64 msr);
/** hv_tsc_page_set - REFERENCE_TSC is written */
void hv_tsc_page_set(struct x86_vcpu *v, u64 msr);
/** hv_assist_page_set - VP_ASSIST_PAGE is written; -EINVAL */
int hv_assist_page_set(struct x86_vcpu *v, u64 msr, bool host);
/** hv_assist_flushes - does VP_ASSIST_PAGE say that flushes of L2's are L0's?  srcu held */
bool hv_assist_flushes(struct x86_vcpu *v);
/** hv_page_clear - the page that an MSR names; -EFAULT */
int hv_page_clear(struct x86_vcpu *v, u64 msr);

/* SynIC (synic.c). */
/** hv_synic_get - its MSRs; own thread; -EINVAL: #GP */
int hv_synic_get(struct hv_vcpu *hv, struct msr_access *a);
/** hv_synic_set - likewise */
int hv_synic_set(struct hv_vcpu *hv, struct msr_access *a);
/** hv_synic_init - registers after power-up */
void hv_synic_init(struct hv_synic *s);

/**
 * hv_synic_irq - raise a source's interrupt
 * @v: the vCPU; any context
 * @n: 0 to 15
 *
 * Return: as lapic_accept(); IRQ_REFUSED: not enabled by userspace, masked, or polled.
 */
int hv_synic_irq(struct x86_vcpu *v, u32 n);

/**
 * hv_synic_message - put a message into a source's slot
 * @hv: own thread, kvm->srcu held
 * @n: 0 to 15
 * @m: the message
 *
 * Return: 0; -EAGAIN: there is no room, or no page, now; the guest is to say when (EOM).
 */
int hv_synic_message(struct hv_vcpu *hv, u32 n, const struct hv_message *m);

/** hv_synic_eoi - an interrupt with this vector has ended; own thread */
void hv_synic_eoi(struct hv_vcpu *hv, u8 vector);

/* Timers (stimer.c). */
/** hv_stimer_get - their MSRs; own thread */
int hv_stimer_get(struct hv_vcpu *hv, struct msr_access *a);
/** hv_stimer_set - likewise; -EINVAL: #GP */
int hv_stimer_set(struct hv_vcpu *hv, struct msr_access *a);
/** hv_stimers_init - none runs */
void hv_stimers_init(struct hv_vcpu *hv);
/** hv_stimers_stop - none will call any more */
void hv_stimers_stop(struct hv_vcpu *hv);
/** hv_stimer_due - HV_TODO_STIMER + @i was set; own thread, kvm->srcu held */
void hv_stimer_due(struct hv_vcpu *hv, unsigned int i);
/** hv_stimers_retry - messages that wait may find room now; own thread */
void hv_stimers_retry(struct hv_vcpu *hv);
/** hv_stimers_restart - reference time has jumped; own thread */
void hv_stimers_restart(struct hv_vcpu *hv);

#endif
