/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Model of RSM, written from the tables of the state-save area (APM vol. 2, table 10-1;
 * SDM vol. 3, table 31-1) and from what both say of a state that is none.
 */
#ifndef TESTS_MODEL_RSM_H
#define TESTS_MODEL_RSM_H

#include <stdbool.h>
#include <stdint.h>

struct rsm_segment {
	uint16_t selector;
	uint8_t type, s, dpl, p, avl, l, db, g;
	uint32_t limit;
	uint64_t base;
};

/* Registers in the order of their numbers; ES, CS, SS, DS, FS, GS, LDTR, TR. */
struct rsm_state {
	bool shutdown;
	uint64_t gpr[16];
	uint64_t rip, rflags, cr0, cr3, cr4, efer, dr6, dr7;
	struct rsm_segment seg[8];
	uint64_t gdt_base, idt_base;
	uint16_t gdt_limit, idt_limit;
	uint32_t smbase;
	bool halted;
	unsigned int cpl;
	uint64_t vmcb;
	bool l2;
};

/* @smram: from SMBASE; only the last 512 of its 65536 bytes count. */
void rsm_model(const uint8_t *smram, bool long_mode, struct rsm_state *out);

#endif
