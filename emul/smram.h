/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state-save area of system management mode: what an SMI leaves in SMRAM, and RSM
 * finds there.
 *
 *	SMBASE + 0x8000		the handler's first instruction
 *	SMBASE + 0xfe00		the area, up to SMBASE + 0xffff
 *
 * Two layouts: of processors with long mode (APM vol. 2, table 10-1), and of those
 * without (SDM vol. 3, table 31-1).  The manuals leave some places reserved that every
 * processor uses; there it is Linux's layout, from which machines may come here.
 */
#ifndef LAMINA_EMUL_SMRAM_H
#define LAMINA_EMUL_SMRAM_H

#include "emul/emul.h"

#define SMRAM_AREA	0xfe00	/* from SMBASE */
#define SMRAM_BYTES	0x200
#define SMRAM_ENTRY	0x8000	/* RIP of the handler */
#define SMBASE_RESET	0x30000

/**
 * struct smram_svm - the SMI came while L2 ran (APM vol. 2, table 10-1)
 * @guest: bit 0: it did
 * @vmcb: L1's control block
 * @virq: its interrupt control word
 * @pat: L2's PAT
 * @host_efer, @host_cr4, @ncr3, @host_cr0: L1's; written, and not read
 */
struct smram_svm {
	u64 guest;
	u64 vmcb;
	u64 virq;
	u64 pat;
	u64 host_efer;
	u64 host_cr4;
	u64 ncr3;
	u64 host_cr0;
};

/**
 * struct smram_state - what the area holds
 * @seg: by enum x86_seg_nr
 * @efer: kept by processors with long mode only
 * @smbase: where the area is, when an SMI comes next
 * @halted: the SMI ended a HLT, to which RSM returns
 * @shadow: interrupts waited for one more instruction
 * @svm: with long mode only
 */
struct smram_state {
	u64 gpr[GPR_COUNT];
	u64 rip;
	u64 rflags;
	u64 cr0;
	u64 cr3;
	u64 cr4;
	u64 efer;
	u64 dr6;
	u64 dr7;
	struct x86_seg seg[SEG_COUNT];
	struct x86_table gdt;
	struct x86_table idt;
	u32 smbase;
	bool halted;
	bool shadow;
	struct smram_svm svm;
};

/**
 * smram_save - the area of a state
 * @area: SMRAM_BYTES, all written; what is reserved is 0
 * @s: the state
 * @wide: the processor has long mode
 */
void smram_save(u8 *area, const struct smram_state *s, bool wide);

/**
 * smram_load - the state of an area
 * @area: SMRAM_BYTES
 * @s: all written; what the layout does not have is 0
 * @wide: the processor has long mode
 *
 * EFER.LMA is what the rest says, reserved flags are as they always are.
 *
 * Return: false: no processor can be in that state, whatever it has: RSM shuts down
 * (APM vol. 2, 10.4).
 */
bool smram_load(const u8 *area, struct smram_state *s, bool wide);

#endif
