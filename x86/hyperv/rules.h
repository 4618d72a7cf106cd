/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules of the Hypervisor Top Level Functional Specification (TLFS) that are functions of
 * numbers alone.
 *
 * Nothing of the kernel is needed here, so that tests/unit can try them.
 */
#ifndef LAMINA_X86_HYPERV_RULES_H
#define LAMINA_X86_HYPERV_RULES_H

#include <linux/types.h>

#define HV_BANKS	64	/* of a set of virtual processors, 64 in each */

/**
 * struct hv_rights - what the guest's CPUID lets it use
 * @a, @b, @d: leaf 0x40000003, EAX, EBX, EDX
 * @advice, @spins: leaf 0x40000004, EAX, EBX
 * @nested: leaf 0x4000000a, EAX
 * @debug: leaf 0x40000082, EAX
 * @enforced: what is not there is refused; else all works but the debugger's part, which
 *	is there for those who announce it (KVM_CAP_HYPERV_ENFORCE_CPUID)
 */
struct hv_rights {
	u32 a, b, d;
	u32 advice, spins;
	u32 nested;
	u32 debug;
	bool enforced;
};

/** hv_may_access - may the guest access a Hyper-V MSR? */
bool hv_may_access(const struct hv_rights *r, u32 msr);

/** hv_may_debug - is the synthetic debugger announced? */
bool hv_may_debug(const struct hv_rights *r);

/*
 * Extended hypercalls (TLFS 3.13): what the first one tells has a bit for each of 64
 * that follow it.
 */
#define HV_EXT_CALL_FIRST	HV_EXT_CALL_QUERY_CAPABILITIES
#define HV_EXT_CALL_LAST	(HV_EXT_CALL_FIRST + 64)

/** hv_may_call - may the guest make a hypercall?  Codes that nobody knows: yes */
bool hv_may_call(const struct hv_rights *r, u16 code);

/** hv_may_use_xmm - may a fast hypercall have more input than two registers? */
bool hv_may_use_xmm(const struct hv_rights *r);

/** hv_may_flush_directly - may the guest leave flushes of its own guest to us? */
bool hv_may_flush_directly(const struct hv_rights *r);

/** hv_may_time_directly - may a synthetic timer raise an interrupt without a message? */
bool hv_may_time_directly(const struct hv_rights *r);

/**
 * struct hv_control - a hypercall's input value (TLFS 3.8)
 * @code: which
 * @fast: input is in registers
 * @var: 8-byte words of a variable header
 * @reps: how many elements; @start: the first one to do
 * @reserved: bits are set that must not be
 */
struct hv_control {
	u16 code;
	bool fast;
	u16 var;
	u16 reps, start;
	bool reserved;
};

/** hv_control_parse - take it to pieces */
struct hv_control hv_control_parse(u64 value);

/**
 * hv_control_fits - has it the shape that a hypercall's kind asks for?
 * @c: the value
 * @rep: elements must be there; else must not
 * @var: there may be a variable header
 */
bool hv_control_fits(const struct hv_control *c, bool rep, bool var);

/**
 * struct hv_set - virtual processors, by their index (TLFS 7.8.7.3)
 * @all: each of them; else those in banks
 * @valid: which banks follow
 * @bank: those, without gaps
 */
struct hv_set {
	bool all;
	u64 valid;
	u64 bank[HV_BANKS];
};

/** hv_set_has - is a virtual processor in it? */
bool hv_set_has(const struct hv_set *s, u32 index);

/**
 * struct hv_clock - reference time as a function of the TSC: the TSC page's (TLFS 12.7)
 * @scale: units of 100 ns for each tick, 64 bits behind the point
 * @offset: what comes on top
 */
struct hv_clock {
	u64 scale;
	u64 offset;
};

/* The lowest rate of a TSC whose scale there is. */
#define HV_CLOCK_KHZ_MIN	10001

/**
 * hv_clock_of - the clock that shows a time at a moment
 * @khz: rate of the TSC, HV_CLOCK_KHZ_MIN at least
 * @tsc: the moment; negative: before the counter started
 * @ns: the time
 */
struct hv_clock hv_clock_of(u32 khz, s64 tsc, u64 ns);

/** hv_clock_read - the time at a moment, in units of 100 ns */
u64 hv_clock_read(const struct hv_clock *c, u64 tsc);

/**
 * hv_next_period - when a periodic timer expires next
 * @last: when it was due last
 * @period: not 0
 * @now: the time now
 *
 * Return: the first of its times after @now, U64_MAX at most; what was missed is missed.
 */
u64 hv_next_period(u64 last, u64 period, u64 now);

#endif
