/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What VMRUN refuses, written from the manual's lists a second time, and naively: it looks
 * at the control block's bytes and names everything that is wrong.
 */
#ifndef MODEL_VMRUN_H
#define MODEL_VMRUN_H

#include <stdbool.h>
#include <stdint.h>

#define VMRUN_BYTES	0x700

/* Offsets of appendix B. */
enum vmrun_offset {
	AT_INTERCEPT4 = 0x010, AT_IOPM = 0x040, AT_MSRPM = 0x048, AT_ASID = 0x058,
	AT_NP = 0x090, AT_EVENTINJ = 0x0a8, AT_NCR3 = 0x0b0, AT_CS_ATTR = 0x412,
	AT_EFER = 0x4d0, AT_CR4 = 0x548, AT_CR3 = 0x550, AT_CR0 = 0x558,
	AT_DR7 = 0x560, AT_DR6 = 0x568, AT_PAT = 0x668,
};

/* In the manual's order: 15.5.1, then 15.20, 15.25.3 and 15.25.4. */
enum vmrun_wrong {
	WRONG_SVME, WRONG_NW, WRONG_CR0, WRONG_CR3, WRONG_CR4, WRONG_DR6, WRONG_DR7,
	WRONG_EFER, WRONG_NO_LONG, WRONG_PAE, WRONG_PE, WRONG_CS, WRONG_VMRUN,
	WRONG_IOPM, WRONG_MSRPM, WRONG_EVENT_TYPE, WRONG_EVENT_VECTOR,
	WRONG_EVENT_BOUND, WRONG_ASID, WRONG_NO_NP,
	WRONG_NP_HOST, WRONG_NCR3, WRONG_PAT, WRONG_COUNT
};

/**
 * struct vmrun_cpu - the processor and the host
 * @phys_bits: physical address width
 * @cr4: bits of CR4 that exist
 * @efer: bits of EFER that exist
 * @has_long: long mode
 * @has_np: nested paging
 * @host_pg: the host's CR0.PG
 */
struct vmrun_cpu {
	int phys_bits;
	uint64_t cr4, efer;
	bool has_long, has_np, host_pg;
};

uint64_t vmrun_field(const uint8_t *vmcb, int at, int bytes);

/* A bit for each enum vmrun_wrong. */
uint32_t vmrun_wrongs(const uint8_t *vmcb, const struct vmrun_cpu *cpu);

#endif
