// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitops.h>
#include <linux/kernel.h>

#include <asm/hyperv-tlfs.h>

#include "x86/hyperv/rules.h"
#include "x86/hyperv/syndbg.h"

/* ------------------------------------------------------------------------ */
/* What CPUID lets the guest use (TLFS 2.4). */

/* The bit of EAX that announces a register; 0: another register does. */
static u32 msr_privilege(u32 msr)
{
	switch (msr) {
	case HV_X64_MSR_GUEST_OS_ID:
	case HV_X64_MSR_HYPERCALL:
		return HV_MSR_HYPERCALL_AVAILABLE;
	case HV_X64_MSR_VP_INDEX:
		return HV_MSR_VP_INDEX_AVAILABLE;
	case HV_X64_MSR_RESET:
		return HV_MSR_RESET_AVAILABLE;
	case HV_X64_MSR_VP_RUNTIME:
		return HV_MSR_VP_RUNTIME_AVAILABLE;
	case HV_X64_MSR_TIME_REF_COUNT:
		return HV_MSR_TIME_REF_COUNT_AVAILABLE;
	case HV_X64_MSR_REFERENCE_TSC:
		return HV_MSR_REFERENCE_TSC_AVAILABLE;
	case HV_X64_MSR_TSC_FREQUENCY:
	case HV_X64_MSR_APIC_FREQUENCY:
		return HV_ACCESS_FREQUENCY_MSRS;
	case HV_X64_MSR_EOI ... HV_X64_MSR_VP_ASSIST_PAGE:
		return HV_MSR_APIC_ACCESS_AVAILABLE;
	case HV_X64_MSR_SCONTROL ... HV_X64_MSR_EOM:
	case HV_X64_MSR_SINT0 ... HV_X64_MSR_SINT15:
		return HV_MSR_SYNIC_AVAILABLE;
	case HV_X64_MSR_STIMER0_CONFIG ... HV_X64_MSR_STIMER3_COUNT:
		return HV_MSR_SYNTIMER_AVAILABLE;
	case HV_X64_MSR_REENLIGHTENMENT_CONTROL ... HV_X64_MSR_TSC_EMULATION_STATUS:
		return HV_ACCESS_REENLIGHTENMENT;
	}
	return 0;
}

static bool msr_debugs(u32 msr)
{
	return (msr >= HV_SYNDBG_CONTROL && msr <= HV_SYNDBG_PENDING) ||
	       msr == HV_SYNDBG_OPTIONS;
}

bool hv_may_debug(const struct hv_rights *r)
{
	return r->debug & HV_SYNDBG_ALLOWED;
}

bool hv_may_access(const struct hv_rights *r, u32 msr)
{
	u32 bit = msr_privilege(msr);

	if (msr_debugs(msr))
		return hv_may_debug(r) &&
		       (!r->enforced || (r->d & HV_FEATURE_DEBUG_MSRS_AVAILABLE));
	if (!r->enforced)
		return true;
	if (bit)
		return r->a & bit;
	if (msr >= HV_X64_MSR_CRASH_P0 && msr <= HV_X64_MSR_CRASH_CTL)
		return r->d & HV_FEATURE_GUEST_CRASH_MSR_AVAILABLE;
	return false;
}

/* The forms with sets of processors need both bits. */
#define ADVICE_EX	HV_X64_EX_PROCESSOR_MASKS_RECOMMENDED

static bool call_is_advised(const struct hv_rights *r, u32 bits)
{
	return (r->advice & bits) == bits;
}

bool hv_may_call(const struct hv_rights *r, u16 code)
{
	if (!r->enforced)
		return true;
	switch (code) {
	case HVCALL_NOTIFY_LONG_SPIN_WAIT:
		/* After how many attempts; -1: never. */
		return r->spins && r->spins != U32_MAX;
	case HVCALL_POST_MESSAGE:
		return r->b & HV_POST_MESSAGES;
	case HVCALL_SIGNAL_EVENT:
		return r->b & HV_SIGNAL_EVENTS;
	case HV_CALL_POST_DEBUG_DATA ... HV_CALL_RESET_DEBUG_SESSION:
		/* Without the debugger nobody knows them. */
		return !hv_may_debug(r) || (r->b & HV_DEBUGGING);
	case HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE:
	case HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST:
		return call_is_advised(r, HV_X64_REMOTE_TLB_FLUSH_RECOMMENDED);
	case HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX:
	case HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX:
		return call_is_advised(r, HV_X64_REMOTE_TLB_FLUSH_RECOMMENDED | ADVICE_EX);
	case HVCALL_SEND_IPI:
		return call_is_advised(r, HV_X64_CLUSTER_IPI_RECOMMENDED);
	case HVCALL_SEND_IPI_EX:
		return call_is_advised(r, HV_X64_CLUSTER_IPI_RECOMMENDED | ADVICE_EX);
	case HV_EXT_CALL_FIRST ... HV_EXT_CALL_LAST:
		return r->b & HV_ENABLE_EXTENDED_HYPERCALLS;
	}
	return true;
}

bool hv_may_use_xmm(const struct hv_rights *r)
{
	return !r->enforced || (r->d & HV_X64_HYPERCALL_XMM_INPUT_AVAILABLE);
}

bool hv_may_flush_directly(const struct hv_rights *r)
{
	return !r->enforced || (r->nested & HV_X64_NESTED_DIRECT_FLUSH);
}

bool hv_may_time_directly(const struct hv_rights *r)
{
	return !r->enforced || (r->d & HV_STIMER_DIRECT_MODE_AVAILABLE);
}

/* ------------------------------------------------------------------------ */
/* Hypercalls. */

#define FIELD(value, mask, shift)	(((value) & (mask)) >> (shift))

struct hv_control hv_control_parse(u64 value)
{
	return (struct hv_control){
		.code = value,
		.fast = value & HV_HYPERCALL_FAST_BIT,
		.var = FIELD(value, HV_HYPERCALL_VARHEAD_MASK, HV_HYPERCALL_VARHEAD_OFFSET),
		.reps = FIELD(value, HV_HYPERCALL_REP_COMP_MASK, HV_HYPERCALL_REP_COMP_OFFSET),
		.start = FIELD(value, HV_HYPERCALL_REP_START_MASK,
			       HV_HYPERCALL_REP_START_OFFSET),
		.reserved = value & HV_HYPERCALL_RSVD_MASK,
	};
}

bool hv_control_fits(const struct hv_control *c, bool rep, bool var)
{
	if (c->reserved || (c->var && !var))
		return false;
	return rep ? c->start < c->reps : !c->reps && !c->start;
}

bool hv_set_has(const struct hv_set *s, u32 index)
{
	u32 bank = index / 64;

	if (s->all)
		return true;
	if (bank >= HV_BANKS || !(s->valid & BIT_ULL(bank)))
		return false;
	bank = hweight64(s->valid & (BIT_ULL(bank) - 1));
	return s->bank[bank] & BIT_ULL(index % 64);
}

/* ------------------------------------------------------------------------ */
/* Time. */

static u64 mul_high(u64 a, u64 b)
{
	return (unsigned __int128)a * b >> 64;
}

/* 10,000 units of 100 ns in a millisecond; the quotient by two divisions of 64 bits. */
static u64 scale_of(u32 khz)
{
	u64 num = 10000ull << 32, high = num / khz;

	return high << 32 | ((num % khz) << 32) / khz;
}

struct hv_clock hv_clock_of(u32 khz, s64 tsc, u64 ns)
{
	struct hv_clock c = { .scale = scale_of(khz) };

	/* Of a time before the start the opposite is taken off. */
	if (tsc < 0)
		c.offset = ns / 100 + mul_high(-(u64)tsc, c.scale);
	else
		c.offset = ns / 100 - mul_high(tsc, c.scale);
	return c;
}

u64 hv_clock_read(const struct hv_clock *c, u64 tsc)
{
	return mul_high(tsc, c->scale) + c->offset;
}

u64 hv_next_period(u64 last, u64 period, u64 now)
{
	u64 rest;

	if (now < last)
		return last;
	rest = period - (now - last) % period;
	return now + rest < now ? U64_MAX : now + rest;
}
