// SPDX-License-Identifier: GPL-2.0-only
/* L2's control block: random within what VMRUN takes, and now and then beyond. */
#include "l1.h"

#define CR0_BITS	0x80000033u	/* PG, NE, ET, MP, PE */
#define CR0_WP		(1u << 16)
#define CR0_TS		(1u << 3)
#define CR4_PAE		(1u << 5)
#define ATTR_CODE64	0xa9b
#define ATTR_CODE32	0xc9b
#define ATTR_DATA	0xc93
#define ATTR_USER	(3 << 5)
#define RFLAGS_IF	(1u << 9)

static const uint16_t attrs[KINDS] = {
	[LONG0] = ATTR_CODE64, [LONG3] = ATTR_CODE64 | ATTR_USER, [COMPAT] = ATTR_CODE32,
	[PAE] = ATTR_CODE32, [LEGACY] = ATTR_CODE32, [FLAT] = ATTR_CODE32,
};
static const uint16_t selectors[KINDS] = {
	[LONG0] = 0x08, [LONG3] = 0x23, [COMPAT] = 0x18, [PAE] = 0x18, [LEGACY] = 0x18,
	[FLAT] = 0x18,
};

void block_segs(void)
{
	bool user = prog.kind == LONG3;
	const struct vmcb_segment data = {
		.selector = user ? 0x2b : 0x10, .limit = 0xffffffff,
		.attr = ATTR_DATA | (user ? ATTR_USER : 0),
	};

	l2.cs = (struct vmcb_segment){
		.selector = selectors[prog.kind], .attr = attrs[prog.kind],
		.limit = 0xffffffff,
	};
	l2.es = l2.ss = l2.ds = data;
	l2.cpl = user ? 3 : 0;
}

static void set(unsigned int code, bool on)
{
	uint32_t bit = 1u << (code % 32);

	l2.intercept[code / 32] = (l2.intercept[code / 32] & ~bit) | (on ? bit : 0);
}

/* Without these a guest would see more of its machine than L1 has made. */
static const uint8_t always[] = {
	EXIT_CPUID, EXIT_HLT, EXIT_RDTSC, EXIT_RDTSC + 1 /* RDPMC */, EXIT_SHUTDOWN,
	EXIT_VMRUN, EXIT_VMMCALL, EXIT_VMLOAD, EXIT_VMLOAD + 1, EXIT_INVLPGA,
	0x86 /* SKINIT */, 0x87 /* RDTSCP */, 0x8a, 0x8b, 0x8c /* MONITOR, MWAIT */,
	EXIT_INTR, EXIT_NMI, EXIT_SMI, EXIT_INIT, 0x7d /* task switch */, 0x73 /* RSM */,
};

/*
 * What the lab's processor has no intercept of, or not as the manual says it: PAUSE,
 * FERR_FREEZE, ICEBP, XSETBV; #DF, in place of which it shuts down.
 */
static const uint8_t never[] = { EXIT_PAUSE, 0x7e, 0x88, 0x8d, EXIT_EXC + 8 };

void intercept_off(unsigned int code)
{
	unsigned int i;

	for (i = 0; i < sizeof(always); i++)
		if (code == always[i])
			return;
	set(code, false);
}

void block_intercepts(void)
{
	unsigned int i;

	l2.intercept[0] = rnd() & rnd() & rnd();
	l2.intercept[1] = rnd() & rnd() & rnd();
	l2.intercept[2] = rnd() & rnd();
	l2.intercept[3] = rnd() & rnd();
	l2.intercept[4] = rnd() & 0xff;
	for (i = 0; i < sizeof(always); i++)
		set(always[i], true);
	for (i = 0; i < sizeof(never); i++)
		set(never[i], false);
}

void block_event(void)
{
	uint32_t vector = below(256);

	switch (below(4)) {
	case 0:
		l2.event_inj = INJ_VALID | INJ_INTR | vector;
		break;
	case 1:
		l2.event_inj = INJ_VALID | INJ_NMI | 2;
		break;
	case 2:
		vector = below(20);
		/* Not exceptions: NMI, 9, 15, and BOUND and INTO of 32-bit code. */
		if (vector == 2 || vector == 4 || vector == 5 || vector == 9 || vector == 15)
			vector = 6;
		l2.event_inj = INJ_VALID | INJ_EXC | vector;
		l2.event_inj_err = below(65536);
		if (WITH_ERROR >> vector & 1)
			l2.event_inj |= INJ_ERROR;
		break;
	case 3:
		l2.event_inj = INJ_VALID | INJ_SOFT | vector;
		break;
	}
}

static uint64_t cr0_make(void)
{
	uint64_t cr0 = CR0_BITS | (one_in(2) ? CR0_WP : 0) | (one_in(4) ? CR0_TS : 0);

	return prog.kind == FLAT ? cr0 & 0x7fffffff : cr0;
}

/* OSFXSR and OSXMMEXCPT; DE, PGE; SMEP and SMAP, of which nothing here is user's. */
static uint64_t cr4_make(void)
{
	uint64_t cr4 = (rnd() & 0x688) | (is_long() || prog.kind == PAE ? CR4_PAE : 0);

	return cr4 | (prog.kind <= PAE ? rnd() & 0x300000 : 0);
}

static void save_make(void)
{
	block_segs();
	l2.gdtr = (struct vmcb_segment){ .base = AT(P_GDT), .limit = 0x3f };
	l2.idtr = (struct vmcb_segment){ .base = AT(P_IDT), .limit = is_long() ? 0xfff : 0x7ff };
	l2.ldtr = (struct vmcb_segment){ .attr = 0x82 };
	l2.tr = (struct vmcb_segment){
		.selector = 0x30, .attr = 0x8b, .limit = 0x67, .base = AT(P_GDT) + 0x800,
	};
	l2.fs = l2.gs = l2.ds;
	l2.fs.base = AT(P_DATA) + below(64);
	l2.gs.base = is_long() ? rnd() >> 17 : AT(P_DATA);
	l2.kernel_gs_base = rnd() >> 17;
	l2.efer = is_long() ? 0x1d01 : prog.kind == PAE ? 0x1800 : 0x1000;
	l2.cr0 = cr0_make();
	l2.cr4 = cr4_make();
	l2.cr3 = AT(P_ROOT);
	l2.cr2 = rnd();
	l2.dr6 = 0xffff0ff0;
	l2.dr7 = 0x400;
	l2.rflags = 2 | (rnd() & 0x8d5) | (one_in(2) ? RFLAGS_IF : 0);
	l2.rip = AT(P_CODE);
	l2.rsp = AT(P_STACK) + PAGE - 64;
	l2.rax = rnd();
	l2.pat = 0x0007040600070406ull;
	l2.star = 0x0018000800000000ull | below(65536);
	l2.lstar = l2.cstar = AT(P_HANDLERS) + HANDLER_BYTES * below(256);
	l2.sfmask = rnd() & 0x6d5;
	l2.sysenter_cs = 0x8;
	l2.sysenter_esp = rnd() >> 17;
	l2.sysenter_eip = AT(P_HANDLERS);
}

/* The ports of random_port() and the MSRs of code.c. */
static void maps_make(void)
{
	unsigned int i;

	iopm[0x80 / 8] = rnd();
	iopm[0x300 / 8] = rnd();
	iopm[0x308 / 8] = rnd();
	for (i = 0x174 / 4; i <= 0x177 / 4; i++)
		msrpm[i] = rnd() & rnd();
	for (i = 0x800 + 0x80 / 4; i <= 0x800 + 0x87 / 4; i++)
		msrpm[i] = rnd() & rnd();
	msrpm[0x800 + 0x100 / 4] = rnd() & rnd();
	/* Half of them deny nothing. */
	if (one_in(2))
		return;
	msrpm[0x174 / 4] = msrpm[0x800 + 0x80 / 4] = msrpm[0x800 + 0x84 / 4] = 0;
	msrpm[0x800 + 0x100 / 4] = 0;
}

/* One of the rules that the lab's processor has, too. */
static void block_spoil(void)
{
	switch (below(7)) {
	case 0: l2.asid = 0; break;
	case 1: set(EXIT_VMRUN, false); break;
	case 2: l2.cr0 = (l2.cr0 | 1 << 29) & ~(1ull << 30); break;
	case 3: l2.cr0 |= 1ull << 40; break;
	case 4: l2.efer &= ~0x1000ull; break;
	case 5: l2.dr6 |= 1ull << 32; break;
	case 6: l2.dr7 |= 1ull << 32; break;
	}
}

void block_make(void)
{
	l2.iopm = (uintptr_t)iopm;
	l2.msrpm = (uintptr_t)msrpm;
	l2.asid = 1 + below(4);
	l2.tlb = 1;
	l2.int_ctl = below(16) | (one_in(2) ? V_INTR_MASKING : 0);
	if (one_in(3))
		l2.int_ctl |= V_GIF_ENABLE | (one_in(2) ? V_GIF : 0);
	l2.int_vector = 0;
	l2.int_state = one_in(8);
	l2.event_inj = 0;
	l2.exit_code = 0;
	save_make();
	maps_make();
	block_intercepts();
	if (prog.virq) {
		/* Of the TPR's own priority is none: the lab's processor takes it. */
		l2.int_ctl |= V_IRQ | (((l2.int_ctl & 15) + 1 + below(15)) & 15) << 16 |
			      (one_in(2) ? V_IGN_TPR : 0);
		l2.int_vector = 32 + below(224);
	}
	if (one_in(4))
		block_event();
	if (one_in(50))
		block_spoil();
}
