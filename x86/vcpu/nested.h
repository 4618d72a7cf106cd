/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest that is a host itself: L1, the guest, runs L2, its own guest.
 *
 * While L2 runs (v->nested.l2) the registers and the event queue are L2's, and a vendor
 * without nesting never gets there.  The vendor is asked
 *
 *	in run/run.c	between decoding and dispatching an exit	exit
 *	in insn/emulate.c	before x86 executes an instruction		intercepts
 *	in insn/emul_env.c	before such an instruction switches tasks	task
 *	in insn/mmio.c	memory that only L1's vendor knows		page
 *	in event.c	before an exception merges into #DF, and
 *			when something is picked			wants
 *	in event.c	an event that L1 gets, L2's virtual one		exit_event, interrupt
 *	in run/vcpu.c	INIT, reset					leave
 *
 * How L1 enters L2 is the vendor's: an exit of kind X86_EXIT_VENDOR, and kvm_nested_*() below.
 */
#ifndef LAMINA_X86_VCPU_NESTED_H
#define LAMINA_X86_VCPU_NESTED_H

#include "emul/smram.h"
#include "x86/vcpu/x86.h"

struct emul_task;

/**
 * struct nested_ops - nesting, in a vendor that has it; all with own thread, L2 running
 *                     unless said otherwise
 * @state_size: bytes that @state_get() may fill
 * @exit_sets_dr6: a #DB that L1 gets has changed DR6 before
 * @exit: does L1 take this exit?  True: it has it, and L1 runs now.  False: it is x86's;
 *        @exit may have become another kind.  kvm->srcu held
 * @intercepts: does L1 intercept an instruction that x86 is about to execute?  Then the
 *              processor is to come to it, which exits.  Changes nothing.  kvm->srcu held
 * @task: does L1 take a task switch that the emulator is about to make for L2's instruction?
 *        True: L1 has an exit (to_l1), and nothing has been done.  kvm->srcu held
 * @wants: does L1 take an event before L2 gets it?  Exceptions, NMI, interrupt, and the
 *         kinds that only L1 gets.  Whether it is blocked is event_blocked()'s.  Changes nothing
 * @exit_event: exit to L1 because of an event that @wants() or the vendor itself has named;
 *         what was being injected goes with it.  Or it takes an interrupt by itself, and L2
 *         goes on.  kvm->srcu held
 * @interrupt: L2 gets its virtual interrupt (events.virtual_irq) now: the vector, or -1 if
 *         there is none after all.  kvm->srcu held
 * @page: the emulator reads or writes a page of L1's that is L2's frame_holds(): EMUL_OK;
 *        EMUL_RETRY: L1 has an exit (to_l1), the access was not made.  kvm->srcu held
 * @page_found: nested.frame is what backs that page now.  kvm->srcu held
 * @page_failed: an instruction cannot be executed: if it came to such a page L1 has its exit
 * @leave: L1 runs again, without an exit: its registers are void
 * @smm_enter: an SMI that L1 does not take: L2 stops where it is, and L1's half goes to
 *             where L1 has told the processor to save it; @out is for SMRAM.  L1 runs now,
 *             and its registers are void.  kvm->srcu held
 * @smm_leave: L2 goes on by what @smm_enter has left in @in; its registers are the
 *             caller's to load.  L2 does not run.  False: that cannot be, and nothing has
 *             changed.  kvm->srcu held
 * @tsc: L2's time-stamp counter when L1's is @tsc
 * @tsc_moved: L1's counter has jumped: by @own where the guest itself has written it, which
 *             a timer that counts its clocks does not see; 0: userspace has
 * @state_get: KVM_GET_NESTED_STATE: fill @out, of @state_size zeroed bytes, @out->size as
 *         well.  L2 need not run.  kvm->srcu held
 * @state_set: KVM_SET_NESTED_STATE: @in has @in->size bytes, at least its header.  0;
 *         -EINVAL, -ENOMEM: nothing has changed.  Either level may run:
 *         L2 is left
 */
struct nested_ops {
	u32 state_size;
	bool exit_sets_dr6;
	bool (*exit)(struct x86_vcpu *v, struct x86_exit *exit);
	bool (*intercepts)(struct x86_vcpu *v, const struct emul_insn *insn);
	bool (*task)(struct x86_vcpu *v, const struct emul_task *t, const struct emul_insn *insn);
	bool (*wants)(struct x86_vcpu *v, const struct x86_event *ev);
	void (*exit_event)(struct x86_vcpu *v, const struct x86_event *ev);
	int (*interrupt)(struct x86_vcpu *v);
	enum emul_result (*page)(struct x86_vcpu *v, gpa_t gpa, void *buf, u32 len, bool write);
	void (*page_found)(struct x86_vcpu *v);
	bool (*page_failed)(struct x86_vcpu *v);
	void (*leave)(struct x86_vcpu *v);
	void (*smm_enter)(struct x86_vcpu *v, struct smram_svm *out);
	bool (*smm_leave)(struct x86_vcpu *v, const struct smram_svm *in);
	u64 (*tsc)(const struct x86_vcpu *v, u64 tsc);
	void (*tsc_moved)(struct x86_vcpu *v, u64 own);
	void (*state_get)(struct x86_vcpu *v, struct kvm_nested_state *out);
	int (*state_set)(struct x86_vcpu *v, const struct kvm_nested_state *in);
};

/* The loaded vendor's, or NULL (vendor.c). */
extern const struct nested_ops *nested_ops;

/** nested_l2_runs - is it L2 that the vCPU runs? */
static inline bool nested_l2_runs(const struct x86_vcpu *v)
{
	return unlikely(v->nested.l2);
}

/** nested_keeps_init - in VMX operation INIT waits; while L2 runs L1 gets it (SDM vol. 3, 24.8) */
static inline bool nested_keeps_init(const struct x86_vcpu *v)
{
	return v->nested.cr4_must && !v->nested.l2;
}

/** nested_reset - L1's state after INIT is all that is left; own thread */
static inline void nested_reset(struct x86_vcpu *v)
{
	if (nested_l2_runs(v))
		nested_ops->leave(v);
}

/* ------------------------------------------------------------------------ */
/* For vendors: x86/run/nested.c.  Own thread, kvm->srcu held. */

/** kvm_nested_init - L1 may have second-level tables, with these constants; vCPU creation */
void kvm_nested_init(struct x86_vcpu *v, const struct mmu_ctx_ops *second);

/** kvm_nested_skip - exit_skip() (run/exits.h) */
bool kvm_nested_skip(struct x86_vcpu *v, const struct x86_exit *exit);

/**
 * kvm_nested_rax - rAX as an address: as many bits as the instruction's address size
 * @v: the vCPU
 * @exit: of an instruction of 0F 01
 * @rax: result
 * @next_rip: result: where the instruction ends
 *
 * Return: as exit_skip().
 */
bool kvm_nested_rax(struct x86_vcpu *v, const struct x86_exit *exit, u64 *rax, u64 *next_rip);

/** kvm_nested_decode - the instruction at RIP; false: there is none, the handler finds out */
bool kvm_nested_decode(struct x86_vcpu *v, struct emul_insn *insn);

/** kvm_nested_read - guest_read() (core/guestmem.h): 0 or -EFAULT */
int kvm_nested_read(struct x86_vcpu *v, gpa_t gpa, void *buf, unsigned int len);

/** kvm_nested_write - guest_write() (core/guestmem.h): 0 or -EFAULT */
int kvm_nested_write(struct x86_vcpu *v, gpa_t gpa, const void *buf, unsigned int len);

/** kvm_nested_cmpxchg - guest_cmpxchg() (core/guestmem.h) of 8 bytes: 0, -EAGAIN, -EFAULT */
int kvm_nested_cmpxchg(struct x86_vcpu *v, gpa_t gpa, u64 old, u64 new);

/** kvm_nested_page - guest_page_user() (core/guestmem.h): L1's control block */
void __user *kvm_nested_page(struct x86_vcpu *v, gpa_t gpa, bool write);

/** kvm_nested_page_written - guest_page_written() (core/guestmem.h) */
void kvm_nested_page_written(struct x86_vcpu *v, gpa_t gpa);

/**
 * kvm_nested_npt - L1's second level has the format of L1's own tables, and those are
 *                  what L1 comes back to
 * @v: the vCPU
 * @s: L1's registers: CR0, CR4 and EFER
 *
 * Return: 0; -EINVAL: there is no such format (mmu_nested_npt()).
 */
int kvm_nested_npt(struct x86_vcpu *v, const struct x86_state *s);

/**
 * kvm_nested_ept - L1's second level is EPT
 * @v: the vCPU
 * @eptp: EPT pointer, which the vendor's root_get() returns
 * @cap: IA32_VMX_EPT_VPID_CAP as L1 reads it
 *
 * Return: 0; -EINVAL: VM entry refuses it (mmu_nested_ept()).
 */
int kvm_nested_ept(struct x86_vcpu *v, u64 eptp, u64 cap);

/** kvm_nested_load - read an operand at linear address @la, at most a page; false: the guest
 *  gets a fault, and the handler returns v->next */
bool kvm_nested_load(struct x86_vcpu *v, u64 la, void *buf, unsigned int len);

/** kvm_nested_store - write one; likewise */
bool kvm_nested_store(struct x86_vcpu *v, u64 la, const void *buf, unsigned int len);

/** kvm_nested_skip_to - exit_skip_to() (run/exits.h) */
void kvm_nested_skip_to(struct x86_vcpu *v, u64 rip);

/** kvm_nested_cr - MOV to a control register, checks and all; -EINVAL: #GP */
int kvm_nested_cr(struct x86_vcpu *v, u32 nr, u64 value);

/** kvm_nested_interrupt - acknowledge the interrupt that waits; its vector, or -1 */
int kvm_nested_interrupt(struct x86_vcpu *v);

/** kvm_nested_eoi - a write to the EOI register of a LAPIC in the kernel */
void kvm_nested_eoi(struct x86_vcpu *v);

/** kvm_nested_timer_due - L1's timer has expired while L2 runs: EVENT_TIMER; any context */
void kvm_nested_timer_due(struct x86_vcpu *v);

/** kvm_nested_init_taken - the INIT that waits has come to L1 by an exit */
void kvm_nested_init_taken(struct x86_vcpu *v);

/** kvm_nested_pdptrs - load PAE's PDPTEs, by the registers of the level that begins; false:
 *  one of them is not valid, or not to be read */
bool kvm_nested_pdptrs(struct x86_vcpu *v);

/** kvm_nested_halt - as if HLT had completed */
enum x86_next kvm_nested_halt(struct x86_vcpu *v);

/** kvm_nested_rdmsr - a register for an area of L1's, IA32_TSC as L1 has it; else msr_read() */
int kvm_nested_rdmsr(struct x86_vcpu *v, u32 index, u64 *data);

/** kvm_nested_wrmsr - WRMSR; likewise */
int kvm_nested_wrmsr(struct x86_vcpu *v, u32 index, u64 data);

/** kvm_nested_tsc - L1's time-stamp counter, whatever userspace's filter says; any context */
u64 kvm_nested_tsc(const struct x86_vcpu *v);

/**
 * kvm_nested_enter - from now on the registers are L2's
 * @v: the vCPU
 * @second: L1 uses nested paging: kvm_nested_npt() has succeeded
 *
 * Roots stay loaded: without @second L2 is on L1's.
 */
void kvm_nested_enter(struct x86_vcpu *v, bool second);

/** kvm_nested_leave - from now on the registers are L1's; the reverse; L2's events are gone */
void kvm_nested_leave(struct x86_vcpu *v);

/** kvm_nested_switched - control registers are others, as if there were another level */
void kvm_nested_switched(struct x86_vcpu *v);

/** kvm_nested_flush - L1 wants L2's translations in the MMU forgotten; no kvm->srcu needed */
void kvm_nested_flush(struct x86_vcpu *v);

/** kvm_nested_guest_flush - cr_flush(): those of the level that runs, the hardware's too */
void kvm_nested_guest_flush(struct x86_vcpu *v);

/** kvm_nested_keeps - L2's exception is userspace's that debugs it, or the host's: not L1's */
bool kvm_nested_keeps(struct x86_vcpu *v, u8 vector);

/** kvm_nested_trap - what has entered L2 ends, and by L1's RFLAGS.TF with a single-step trap */
void kvm_nested_trap(struct x86_vcpu *v);

/** kvm_nested_shutdown - the guest shuts down: L1's control block is gone */
void kvm_nested_shutdown(struct x86_vcpu *v);

/** kvm_nested_recheck - L1 takes events again that it held back by its vendor's means */
void kvm_nested_recheck(struct x86_vcpu *v);

/** kvm_nested_efer - EFER bits that L1 may set */
u64 kvm_nested_efer(const struct x86_vcpu *v);

/** kvm_nested_regs_valid - may L1's CR0, CR3, CR4, EFER be these when L2 exits? */
bool kvm_nested_regs_valid(struct x86_vcpu *v, const struct x86_state *s);

#endif
