/* SPDX-License-Identifier: GPL-2.0-only */
/* x86's own requests: core/run_state.h has the protocol, run/run.c looks at them. */
#ifndef LAMINA_X86_VCPU_REQUEST_H
#define LAMINA_X86_VCPU_REQUEST_H

#include "core/kvm.h"

enum x86_request {
	REQ_TRIPLE_FAULT = REQ_ARCH,	/* the guest shuts down */
	REQ_DEBUG_STEP,			/* userspace is told of a step */
	REQ_TSC,			/* tsc_catch_up() */
	REQ_MSR_FILTER,			/* the MSR filter is another one */
	REQ_INSN_LEN,			/* events_measure() */
	REQ_CLOCK,			/* pvclock_update() */
	REQ_STEAL,			/* steal_update() */
	REQ_EVENT,			/* the LAPIC or the PICs have something new */
	REQ_NMI,			/* NMIs came from another thread: apic.nmis */
	REQ_EOI,			/* userspace's IOAPIC is told of an EOI */
	REQ_TPR_ACCESS,			/* userspace is told of an access to TPR */
	REQ_TPR,			/* userspace is told of a lower TPR */
	REQ_APF,			/* apf_ready() */
	REQ_POLICY,			/* quirks_apply() */
	REQ_PDPTRS,			/* cr_pdptrs_refresh() */
	REQ_SMI,			/* an SMI came from another thread */
	REQ_GUEST_FLUSH,		/* cr_flush(), for another vCPU */
	REQ_HV,				/* hv_requests() */
	REQ_FRAME,			/* frame_find() */
};

#endif
