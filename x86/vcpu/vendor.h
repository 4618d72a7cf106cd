/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The vendor contract: the only indirect boundary, one of the ways up.
 *
 * A vendor module is one const struct kvm_vendor and one call:
 *
 *	module_init: kvm_vendor_load(&svm_vendor)
 *	module_exit: kvm_vendor_unload(&svm_vendor)
 *
 * The table is complete (no NULL), never edited, and reached through
 * static_call.  What the hardware can do is a value in struct x86_caps.
 *
 * Contexts: "own thread" means the thread that holds vcpu->mutex with the vCPU
 * loaded and, but for enter(), preemption and interrupts on.
 */
#ifndef LAMINA_X86_VCPU_VENDOR_H
#define LAMINA_X86_VCPU_VENDOR_H

#include <linux/static_call.h>

#include "x86/vcpu/event.h"
#include "x86/vcpu/exit.h"
#include "x86/vcpu/state.h"
#include "x86/vcpu/x86.h"

struct module;
struct apicv_ops;
struct nested_ops;
struct x86_caps;

/**
 * struct kvm_vendor - a vendor module
 * @name: "kvm_amd" or "kvm_intel", for messages
 * @owner: THIS_MODULE
 * @vcpu_size: bytes of its vCPU struct, struct x86_vcpu first
 * @nested: guests may be hosts (nested.h), if the capability record says so
 * @apicv: the processor delivers a LAPIC's interrupts (apicv.h), likewise; or NULL
 *
 * @probe: on each CPU at load, interrupts off: can this CPU run guests?
 *         0; -EOPNOTSUPP (no SVM/VMX); -EACCES (the firmware disabled it)
 * @setup: once at load, after probe: fill the record, make the module's own
 *         tables; undone by @teardown, also when a later step fails
 * @cpu_on: this CPU, interrupts off: turn virtualization on; 0; -EBUSY when it is
 *          on already, which means that somebody else holds it; -EIO
 * @cpu_off: this CPU, any context: off; harmless when it is off
 *
 * @vcpu_create: control block, bitmaps; 0 or -ENOMEM with nothing left behind
 * @vcpu_reset: control block as after INIT; the state groups are set by x86
 *              and stored through state_store() before the first entry
 * @vcpu_memory: bytes that it has beside its struct; any thread, so that what may be
 *               freed meanwhile is not looked into
 * @load: not preemptible: the thread is on @cpu; the first call has cpu != the
 *        CPU of the last one, then what is cached per CPU (TLB tag, VMCS) is void
 * @put: not preemptible: the thread leaves its CPU
 *
 * @can_enter: with x86_caps->partial: can the hardware run the state as it is?  What it
 *         cannot do x86 does: execute the next instruction, or deliver the next event.
 *         Own thread
 * @enter: run the guest once, with x86_caps->timer up to the host's TSC of
 *         v->apic.timer_tsc unless that is 0.  Interrupts off.  On return they are still off
 *         and host state is complete; guest_begin() and guest_end() (enter.h) are
 *         around the time in the guest and nothing else; general registers are in v->state, the
 *         groups that the hardware keeps are marked invalid in v->state.valid.
 *         Never fails: a refused entry shows in exit_decode()
 * @exit_decode: interrupts on: what happened, all of @exit that its kind has; fetches
 *         what it needs.  v->events.injected is what was to be injected, and was not,
 *         because of the exit; kind NONE if nothing
 * @exit_info: for tracing and messages: all that it knows of the last exit.  Own thread
 * @exit_handle: X86_EXIT_VENDOR only
 *
 * @state_fetch: fill @groups (all invalid) in v->state and mark them valid
 * @state_store: write @groups (all dirty) to the control block; x86 clears the
 *               dirty bits.  Own thread
 * @msr_read, @msr_write: MSRs that hardware blocks hold; 0; -EINVAL: #GP;
 *         -ENOENT: not the vendor's.  Own thread
 *
 * @event_blocked: EVENT_MASK_* of what cannot be injected now (RFLAGS.IF is
 *         looked at by x86; the vendor answers for shadow, NMI masking, GIF),
 *         EVENT_NMI_HANDLER and EVENT_MASK_INIT
 * @event_inject: the next entry delivers @ev; NULL: it delivers nothing
 * @event_window: exit as soon as one of EVENT_MASK_* can be injected, and where CR8 may
 *         have fallen for EVENT_MASK_TPR, which comes with EVENT_TPR_CLASS(); 0: never
 * @event_nmi_mask: NMIs are masked up to the guest's next IRET, or are not
 *
 * @root_load: the second-level root to use from the next entry on
 * @tlb_flush: drop all of the guest's translations at the next entry.  Own
 *         thread, or before the first entry
 *
 * @policy_update: CPUID, MSR filter, guest debugging or the debug registers
 *         changed, or whether there are slots that log: recompute intercepts
 */
struct kvm_vendor {
	const char *name;
	struct module *owner;
	size_t vcpu_size;
	const struct nested_ops *nested;
	const struct apicv_ops *apicv;
#define VENDOR_OP(ret, name, args) ret (*name) args;
#include "x86/vcpu/vendor_ops.h"
};

#define VENDOR_OP(ret, name, args) \
	DECLARE_STATIC_CALL(vendor_##name, *((struct kvm_vendor *)NULL)->name);
#include "x86/vcpu/vendor_ops.h"

/* vendor(enter)(v): call an op of the loaded vendor. */
#define vendor(op) static_call(vendor_##op)

/**
 * state_flush - store dirty groups to the hardware's control block
 * @v: the vCPU, loaded; right before entry
 */
static __always_inline void state_flush(struct x86_vcpu *v)
{
	if (!v->state.dirty)
		return;
	vendor(state_store)(v, v->state.dirty);
	v->state.dirty = 0;
}

/**
 * vendor_check - may this vendor be loaded?
 * @ven: its table
 *
 * Return: 0; -EINVAL for a table with a hole; -EBUSY when another one is loaded.
 */
int vendor_check(const struct kvm_vendor *ven);

/** vendor_publish - module step: ops and descriptors belong to this vendor now */
int vendor_publish(void *ven);
/** vendor_withdraw - module step: no vendor is loaded */
void vendor_withdraw(void *ven);

/**
 * kvm_vendor_load - make /dev/kvm from a vendor's table (x86/run/lifecycle.c)
 * @ven: the table
 *
 * Runs the module step array; /dev/kvm appears last.
 *
 * Return: 0; -EINVAL for a table with a hole; -EBUSY when another vendor, another
 * KVM or another hypervisor is there (the log says who); or what a step said.
 */
int kvm_vendor_load(const struct kvm_vendor *ven);

/**
 * kvm_vendor_unload - the exact reverse
 * @ven: the table given to kvm_vendor_load()
 */
void kvm_vendor_unload(const struct kvm_vendor *ven);

/*
 * What a vendor may call; exported to kvm-amd and kvm-intel only by name:
 *	kvm_event_exception()		x86/vcpu/event.h
 *	kvm_nested_*()			x86/vcpu/nested.h
 *	kvm_state_fetch()		x86/vcpu/state.h, by state_get() and state_set()
 *	kvm_hw_is_rebooting()		core/hwenable.h
 *	kvm_log_written()		below
 */

/**
 * kvm_log_written - frames that the processor has logged as written (mmu_caps.logs)
 * @v: own thread, in exit_decode()
 * @gpa: addresses in them
 * @n: how many; not more than KVM_LOG_ROOM where @v->vcpu.ring is
 */
void kvm_log_written(struct x86_vcpu *v, const u64 *gpa, unsigned int n);

/* Half of what a ring keeps for an exit: DIRTY_RING_RESERVE. */
#define KVM_LOG_ROOM	32

#endif
