/* SPDX-License-Identifier: GPL-2.0-only */
/* A decoded exit, the same for both vendors, and what comes after it. */
#ifndef LAMINA_X86_VCPU_EXIT_H
#define LAMINA_X86_VCPU_EXIT_H

#include <linux/types.h>

#include "emul/task.h"

enum x86_exit_kind {
	X86_EXIT_NONE,		/* a host interrupt or NMI: nothing to do */
	X86_EXIT_TIMER,		/* v->apic.timer_tsc may have come */
	X86_EXIT_PAGE,		/* second-level page fault */
	X86_EXIT_APIC,		/* access to v->apic.access_page, told as PAGE */
	X86_EXIT_APIC_WRITE,	/* done by the processor, what it means is not */
	X86_EXIT_EOI,		/* likewise: who waits for it is told */
	X86_EXIT_FAULT,		/* #PF of a guest on shadow page tables */
	X86_EXIT_IO,
	X86_EXIT_CPUID,
	X86_EXIT_RDMSR,
	X86_EXIT_WRMSR,
	X86_EXIT_CR,
	X86_EXIT_DR,
	X86_EXIT_HLT,
	X86_EXIT_HYPERCALL,
	X86_EXIT_EXCEPTION,
	X86_EXIT_INTR_WINDOW,
	X86_EXIT_NMI_WINDOW,
	X86_EXIT_SHUTDOWN,
	X86_EXIT_XSETBV,
	X86_EXIT_UNDEFINED,	/* an instruction that the guest's CPU lacks: #UD */
	X86_EXIT_MONITOR,
	X86_EXIT_MWAIT,
	X86_EXIT_SOFT_INT,	/* INT n, and INT3 and INTO where they are no exceptions */
	X86_EXIT_SKIP,		/* an instruction without effect (WBINVD) */
	X86_EXIT_PAUSE,		/* the guest spins */
	X86_EXIT_TASK_SWITCH,	/* the hardware leaves it to x86 */
	X86_EXIT_INVLPG,
	X86_EXIT_INVPCID,
	X86_EXIT_EMULATE,	/* an instruction that x86 executes instead */
	X86_EXIT_REFUSED,	/* @exc: one that the guest's processor may not refuse */
	X86_EXIT_FAIL_ENTRY,	/* the hardware refused the state */
	X86_EXIT_VENDOR,	/* exit_handle() deals with it */
	X86_EXIT_UNKNOWN,	/* a code that nobody knows */
	X86_EXIT_KINDS
};

/**
 * struct x86_exit - one exit
 * @kind: which member of the union is valid
 * @code: hardware's exit code, for tracing, messages and KVM_EXIT_UNKNOWN
 * @next_rip: address of the next instruction if the hardware tells; 0: decode
 * @insn_len: bytes of the instruction that the hardware supplied in @insn
 * @insn: those bytes (decode assists)
 * @page: gpa and PF_* error code
 * @apic: APIC_WRITE: the register's offset in its page; EOI: the vector
 * @fault: linear address and PF_* error code
 * @io: port, size in bytes (1, 2, 4); string forms: by decoding
 * @msr: none; ECX, EDX:EAX are in the registers
 * @cr: number 0, 2, 3, 4 or 8; @gpr: source or target; CLTS and LMSW: @decode
 * @dr: number and register
 * @exc: vector, error code, and CR2-like address for #PF; #DB: @dr6, its reasons
 *       as DR6 bits, and those among them that are the guest's own.  @stepped: it
 *       ends a step that the vendor was asked for, or that it needs itself
 * @task: what is known of the switch but @after; @skip: RIP is at the instruction that
 *        the old task goes on behind
 */
struct x86_exit {
	enum x86_exit_kind kind;
	u64 code;
	u64 next_rip;
	u8 insn_len;
	u8 insn[15];
	union {
		struct {
			u64 gpa;
			u64 error;
		} page;
		struct {
			u16 offset;
			u8 vector;
		} apic;
		struct {
			u64 la;
			u64 error;
		} fault;
		struct {
			u16 port;
			u8 size;
			bool in;
			bool string;
		} io;
		struct {
			u8 nr;
			u8 gpr;
			bool write;
			bool decode;	/* hardware does not say which register */
		} cr;
		struct {
			u8 nr;
			u8 gpr;
			bool write;
			bool decode;
		} dr;
		struct {
			u8 vector;
			bool has_error;
			u32 error;
			bool stepped;
			u64 address;
			u64 dr6;
			u64 dr6_guest;
		} exc;
		struct {
			struct emul_task how;
			bool skip;
		} task;
	};
};

/* Whose exit codes they are, by the numbers that tools know. */
enum x86_isa { X86_ISA_VMX = 1, X86_ISA_SVM };

/* For tracing and messages: what the hardware says of the last exit. */
struct x86_exit_info {
	enum x86_isa isa;
	u64 code;	/* as struct x86_exit's */
	u32 event;	/* AMD-V: one whose delivery it interrupted; VT-x: the exit's own */
	u32 error;	/* its error code */
	u64 info1;	/* AMD-V: EXITINFO1; VT-x: exit qualification */
	u64 info2;	/* AMD-V: EXITINFO2; VT-x: an event whose delivery it interrupted */
};

/* What the hardware can do with a state: can_enter(). */
enum x86_entry {
	X86_ENTRY_NONE,		/* nothing */
	X86_ENTRY_BARE,		/* run it, but deliver no event */
	X86_ENTRY_FULL,
};

/* What the run loop does next. */
enum x86_next {
	X86_RESUME,	/* enter the guest again */
	X86_USER,	/* KVM_RUN returns 0; run->exit_reason is filled */
	X86_FAIL,	/* KVM_RUN fails with v->run_err */
	X86_UNKNOWN,	/* an instruction that cannot be executed: emulate_give_up() */
};

struct x86_vcpu;

/**
 * exit_fail - end KVM_RUN with an error
 * @v: own thread
 * @err: negative errno
 *
 * Return: X86_FAIL, for the handler to return.
 */
enum x86_next exit_fail(struct x86_vcpu *v, int err);

/**
 * exit_internal_error - KVM_EXIT_INTERNAL_ERROR
 * @v: own thread
 * @suberror: KVM_INTERNAL_ERROR_*
 * @ndata: how many of @data
 * @data: numbers for userspace's message
 *
 * Return: X86_USER.
 */
enum x86_next exit_internal_error(struct x86_vcpu *v, u32 suberror, u32 ndata,
				  const u64 *data);

/**
 * exit_rip_stands - are CS and RIP where they were when userspace was asked?
 * @v: own thread
 *
 * False: it has put the vCPU elsewhere, whose registers stand.  RIP alone would not tell:
 * a reset sets CS, and code that asks for one may be at the reset vector's offset.
 */
bool exit_rip_stands(struct x86_vcpu *v);

/**
 * exit_ask_locate - userspace may write to the registers from now on
 * @v: own thread, loaded
 *
 * Where they are is noted for exit_rip_stands(), which has nothing to look at if nobody
 * wrote there.
 */
void exit_ask_locate(struct x86_vcpu *v);

/**
 * exit_halt - HLT has completed
 * @v: own thread
 *
 * Return: X86_USER with KVM_EXIT_HLT, or X86_RESUME when an event waits.
 */
enum x86_next exit_halt(struct x86_vcpu *v);

#endif
