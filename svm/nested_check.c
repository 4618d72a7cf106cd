// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMRUN's checks, one row each.
 *
 * What the manual leaves to the processor (bits of CR3 that are ignored, #OF in 64-bit
 * mode) is left to it here too: it sees the same state when L2 is entered, and what it
 * refuses, L1 is told of.
 */
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "emul/regs.h"
#include "svm/nested_check.h"
#include "x86/cpu/pat.h"

#define NP_ENABLE	(1ull << 0)

/* EVENTINJ: 15.20. */
#define INJ_VECTOR(e)	((e) & 0xff)
#define INJ_TYPE(e)	((e) >> 8 & 7)
#define INJ_VALID(e)	((e) >> 31)
#define INJ_INTR	0
#define INJ_NMI		2
#define INJ_EXCEPTION	3
#define INJ_SOFT	4

#define IOPM_BYTES	(3 * 4096)
#define MSRPM_BYTES	(2 * 4096)

static inline bool memory_is_beyond(u64 address, u64 bytes, u8 maxphyaddr)
{
	u64 end = 1ull << maxphyaddr;

	return address >= end || end - address < bytes;
}

/* In long mode all of CR3 is an address; elsewhere the upper half does not exist. */
static inline bool long_mode(const struct nested_vmrun *r)
{
	return (r->efer & EFER_LME) && (r->cr0 & X86_CR0_PG);
}

static inline bool event_type_is_bad(u32 e)
{
	u32 type = INJ_TYPE(e);

	return INJ_VALID(e) && type != INJ_INTR && type != INJ_NMI &&
	       type != INJ_EXCEPTION && type != INJ_SOFT;
}

static inline bool is_exception(u32 e)
{
	return INJ_VALID(e) && INJ_TYPE(e) == INJ_EXCEPTION;
}

static inline bool event_vector_is_bad(u32 e)
{
	return is_exception(e) && (INJ_VECTOR(e) > 31 || INJ_VECTOR(e) == X86_TRAP_NMI);
}

/* What the guest's mode has no instruction for. */
static inline bool event_is_bound(const struct nested_vmrun *r)
{
	return is_exception(r->event_inj) && INJ_VECTOR(r->event_inj) == X86_TRAP_BR &&
	       long_mode(r) && (r->cs_attr & SEG_L);
}

/* RULE(name, what breaks it). */
#define CONTROL_RULES(RULE)						\
	RULE(VMRUN_INTERCEPT,	!r->vmrun)				\
	RULE(ASID,		!r->asid)				\
	RULE(IOPM, memory_is_beyond(r->iopm & ~0xfffull, IOPM_BYTES, lim->maxphyaddr)) \
	RULE(MSRPM, memory_is_beyond(r->msrpm & ~0xfffull, MSRPM_BYTES, lim->maxphyaddr)) \
	RULE(EVENT_TYPE,	event_type_is_bad(r->event_inj))	\
	RULE(EVENT_VECTOR,	event_vector_is_bad(r->event_inj))	\
	RULE(NO_NPT,		(r->nested_ctl & NP_ENABLE) && !lim->npt) \
	RULE(NPT_PAGING,	(r->nested_ctl & NP_ENABLE) && !lim->paging) \
	RULE(NPT_CR3,		(r->nested_ctl & NP_ENABLE) &&		\
				memory_is_beyond(r->nested_cr3, 1, lim->maxphyaddr))

#define SAVE_RULES(RULE)						\
	RULE(SVME,		!(r->efer & EFER_SVME))			\
	RULE(CR0_NW,		(r->cr0 & (X86_CR0_CD | X86_CR0_NW)) ==	\
				X86_CR0_NW)				\
	RULE(CR0_HIGH,		r->cr0 >> 32)				\
	RULE(CR3_MBZ,		long_mode(r) && r->cr3 >> lim->maxphyaddr) \
	RULE(CR4_MBZ,		r->cr4 & ~lim->cr4)			\
	RULE(DR6_HIGH,		r->dr6 >> 32)				\
	RULE(DR7_HIGH,		r->dr7 >> 32)				\
	RULE(EFER_MBZ,		r->efer & ~(lim->efer | EFER_LME | EFER_LMA)) \
	RULE(NO_LONG_MODE,	!lim->long_mode &&			\
				(r->efer & (EFER_LME | EFER_LMA)))	\
	RULE(LONG_NO_PAE,	long_mode(r) && !(r->cr4 & X86_CR4_PAE)) \
	RULE(LONG_NO_PE,	long_mode(r) && !(r->cr0 & X86_CR0_PE))	\
	RULE(LONG_CS,		long_mode(r) && (r->cr4 & X86_CR4_PAE) &&	\
				(r->cs_attr & SEG_L) && (r->cs_attr & SEG_DB)) \
	RULE(EVENT_VECTOR,	event_is_bound(r))			\
	RULE(NPT_PAT,		(r->nested_ctl & NP_ENABLE) && !pat_is_valid(r->g_pat))

#define RULE(name, broken)						\
	if (broken)							\
		return NESTED_##name;

enum nested_rule nested_check_control(const struct nested_vmrun *r,
				      const struct nested_limits *lim)
{
	CONTROL_RULES(RULE)
	return NESTED_OK;
}

enum nested_rule nested_check(const struct nested_vmrun *r,
			      const struct nested_limits *lim)
{
	CONTROL_RULES(RULE)
	SAVE_RULES(RULE)
	return NESTED_OK;
}
