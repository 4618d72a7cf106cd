// SPDX-License-Identifier: GPL-2.0-only
#include "tests/model/vmentry_look.h"

/* 26.3.1.1 */
static void registers(const struct look *l)
{
	uint64_t cr0 = W8(CR0), cr4 = W8(CR4), efer = W8(EFER);
	bool guest64 = on_entry(l, 9), pg = bit(cr0, 31), *w = l->wrong;
	uint64_t skip = NW_CD | (cpu2(l, 7) ? 1ull << 0 | 1ull << 31 : 0);

	w[WRONG_GUEST_CR0] = !cr_ok(l, 0x486, cr0, skip);
	w[WRONG_GUEST_PG_PE] = pg && !bit(cr0, 0);
	w[WRONG_GUEST_CR4] = !cr_ok(l, 0x488, cr4, 0) || (cr4 | l->cpu->cr4) != l->cpu->cr4;
	w[WRONG_GUEST_CR3] = too_wide(l, W8(CR3));
	if (guest64) {
		w[WRONG_GUEST_LONG_PG] = !pg;
		w[WRONG_GUEST_LONG_PAE] = !bit(cr4, 5);
	} else {
		w[WRONG_GUEST_PCIDE] = bit(cr4, 17);
	}
	if (on_entry(l, 2)) {
		w[WRONG_GUEST_DEBUGCTL] = (W8(DEBUGCTL) | l->cpu->debugctl) != l->cpu->debugctl;
		w[WRONG_GUEST_DR7] = bits(W8(DR7), 63, 32) != 0;
	}
	w[WRONG_GUEST_SYSENTER_ESP] = !canonical(l, W8(SYSENTER_ESP));
	w[WRONG_GUEST_SYSENTER_EIP] = !canonical(l, W8(SYSENTER_EIP));
	w[WRONG_GUEST_PAT] = on_entry(l, 14) && !pat_ok(W8(PAT));
	if (!on_entry(l, 15))
		return;
	w[WRONG_GUEST_EFER] = (efer | l->cpu->efer) != l->cpu->efer;
	w[WRONG_GUEST_LMA] = bit(efer, 10) != guest64;
	w[WRONG_GUEST_LME] = pg && bit(efer, 10) != bit(efer, 8);
}

/* A segment register, taken apart. */
struct seg {
	uint32_t selector, limit, rights;
	uint64_t base;
	int rpl, ti, type, s, dpl, p, l, db, g;
	bool usable;
};

static struct seg seg(const struct look *l, int reg)
{
	uint32_t rights = W4(RIGHTS + 4 * reg), selector = W2(SELECTOR + 2 * reg);

	return (struct seg){
		.selector = selector, .rights = rights,
		.limit = W4(LIMIT + 4 * reg), .base = W8(BASE + 8 * reg),
		.rpl = bits(selector, 1, 0), .ti = bit(selector, 2),
		.type = bits(rights, 3, 0), .s = bit(rights, 4), .dpl = bits(rights, 6, 5),
		.p = bit(rights, 7), .l = bit(rights, 13), .db = bit(rights, 14),
		.g = bit(rights, 15), .usable = !bit(rights, 16),
	};
}

static bool reserved_set(const struct seg *s)
{
	return bits(s->rights, 11, 8) != 0 || bits(s->rights, 31, 17) != 0;
}

/* A limit in pages ends with 12 ones; one in bytes has 20 bits. */
static bool g_is_wrong(const struct seg *s)
{
	bool some_zero = bits(s->limit, 11, 0) != 0xfff, some_high = bits(s->limit, 31, 20) != 0;

	return (some_zero && s->g) || (some_high && !s->g);
}

static void vm86_segment(const struct look *l, int reg, enum vmentry_wrong base)
{
	struct seg s = seg(l, reg);

	l->wrong[base + WRONG_ES_VM86_BASE - WRONG_ES_BASE] = s.base != s.selector * 16;
	l->wrong[base + WRONG_ES_VM86_LIMIT - WRONG_ES_BASE] = s.limit != 65535;
	l->wrong[base + WRONG_ES_VM86_AR - WRONG_ES_BASE] = s.rights != 0xf3;
}

/* Type and DPL of CS, of SS, and of the others. */
static void code(const struct look *l, struct seg *cs, bool unrestricted)
{
	struct seg ss = seg(l, SS);
	bool *w = l->wrong;

	switch (cs->type) {
	case 3:
		w[WRONG_CS_TYPE] = !unrestricted;
		w[WRONG_CS_DPL] = cs->dpl != 0;
		break;
	case 9:
	case 11:
		w[WRONG_CS_DPL] = cs->dpl != ss.dpl;
		break;
	case 13:
	case 15:
		w[WRONG_CS_DPL] = cs->dpl > ss.dpl;
		break;
	default:
		w[WRONG_CS_TYPE] = true;
	}
	w[WRONG_CS_L_D] = on_entry(l, 9) && cs->l && cs->db;
}

static void stack(const struct look *l, struct seg *ss, bool unrestricted)
{
	struct seg cs = seg(l, CS);
	bool *w = l->wrong;

	w[WRONG_SS_TYPE] = ss->usable && ss->type != 3 && ss->type != 7;
	w[WRONG_SS_DPL] = ss->dpl != 0 && (cs.type == 3 || !bit(W8(CR0), 0));
	w[WRONG_SS_RPL] = !unrestricted && ss->rpl != cs.rpl;
	w[WRONG_SS_DPL_RPL] = !unrestricted && ss->dpl != ss->rpl;
}

static void data(const struct look *l, struct seg *s, enum vmentry_wrong base, bool unrestricted)
{
	bool readable = !bit(s->type, 3) || bit(s->type, 1);

	if (!s->usable)
		return;
	l->wrong[base + WRONG_ES_TYPE - WRONG_ES_BASE] = !bit(s->type, 0) || !readable;
	if (!unrestricted && s->type <= 11)
		l->wrong[base + WRONG_ES_DPL - WRONG_ES_BASE] = s->dpl < s->rpl;
}

static void segment(const struct look *l, int reg)
{
	enum vmentry_wrong base = WRONG_ES_BASE + reg * (WRONG_CS_BASE - WRONG_ES_BASE);
	struct seg s = seg(l, reg);
	bool unrestricted = cpu2(l, 7), *w = l->wrong + base;

	if (reg == FS || reg == GS)
		w[0] = !canonical(l, s.base);
	else
		w[0] = (reg == CS || s.usable) && bits(s.base, 63, 32) != 0;
	if (bit(W8(RFLAGS), 17)) {
		vm86_segment(l, reg, base);
		return;
	}
	if (reg == CS)
		code(l, &s, unrestricted);
	else if (reg == SS)
		stack(l, &s, unrestricted);
	else
		data(l, &s, base, unrestricted);
	if (reg != CS && !s.usable)
		return;
	w[WRONG_ES_S - WRONG_ES_BASE] = !s.s;
	w[WRONG_ES_P - WRONG_ES_BASE] = !s.p;
	w[WRONG_ES_RESERVED - WRONG_ES_BASE] = reserved_set(&s);
	w[WRONG_ES_G - WRONG_ES_BASE] = g_is_wrong(&s);
}

static void system_segment(const struct look *l, int reg, enum vmentry_wrong base)
{
	struct seg s = seg(l, reg);
	bool *w = l->wrong + base;

	if (reg == LDTR && !s.usable)
		return;
	if (reg == LDTR)
		w[WRONG_TR_TYPE - WRONG_TR_BASE] = s.type != 2;
	else
		w[WRONG_TR_TYPE - WRONG_TR_BASE] =
			on_entry(l, 9) ? s.type != 11 : s.type != 3 && s.type != 11;
	w[0] = !canonical(l, s.base);
	w[WRONG_TR_S - WRONG_TR_BASE] = s.s;
	w[WRONG_TR_TI - WRONG_TR_BASE] = s.ti;
	w[WRONG_TR_P - WRONG_TR_BASE] = !s.p;
	w[WRONG_TR_RESERVED - WRONG_TR_BASE] = reserved_set(&s);
	w[WRONG_TR_G - WRONG_TR_BASE] = g_is_wrong(&s);
}

/* 26.3.1.2 */
static void segments(const struct look *l)
{
	int reg;

	for (reg = ES; reg <= GS; reg++)
		segment(l, reg);
	system_segment(l, LDTR, WRONG_LDTR_BASE);
	system_segment(l, TR, WRONG_TR_BASE);
	l->wrong[WRONG_TR_UNUSABLE] = !seg(l, TR).usable;
}

/* 26.3.1.3, 26.3.1.4 */
static void tables_and_flow(const struct look *l)
{
	uint64_t flags = W8(RFLAGS), rip = W8(RIP);
	bool long_code = on_entry(l, 9) && bit(W4(RIGHTS + 4 * CS), 13), *w = l->wrong;

	w[WRONG_GDTR_BASE] = !canonical(l, W8(GDTR_BASE));
	w[WRONG_IDTR_BASE] = !canonical(l, W8(IDTR_BASE));
	w[WRONG_GDTR_LIMIT] = W4(GDTR_LIMIT) > 65535;
	w[WRONG_IDTR_LIMIT] = W4(IDTR_LIMIT) > 65535;
	if (long_code)
		w[WRONG_RIP_64] = !same_bits(rip, l->cpu->linear_bits);
	else
		w[WRONG_RIP_32] = bits(rip, 63, 32) != 0;
	w[WRONG_RFLAGS_RESERVED] = bits(flags, 63, 22) || bit(flags, 15) || bit(flags, 5) ||
				   bit(flags, 3);
	w[WRONG_RFLAGS_FIXED] = !bit(flags, 1);
	w[WRONG_RFLAGS_VM] = bit(flags, 17) && (on_entry(l, 9) || !bit(W8(CR0), 0));
	w[WRONG_RFLAGS_IF] = event_type(l) == TYPE_INTR && !bit(flags, 9);
}

/* May the event be injected in an activity state? */
static bool injection_ok(const struct look *l, int state)
{
	int type = event_type(l), vector = event_vector(l);

	if (type < 0 || state == 0)
		return true;
	if (state == 2)
		return type == TYPE_NMI || (type == TYPE_EXCEPTION && vector == 18);
	if (state != 1)
		return false;
	switch (type) {
	case TYPE_INTR:
	case TYPE_NMI:
		return true;
	case TYPE_EXCEPTION:
		return vector == 1 || vector == 18;
	case TYPE_OTHER:
		return vector == 0;
	default:
		return false;
	}
}

static void pending_debug(const struct look *l, bool sti, bool mov_ss)
{
	uint64_t pending = W8(PENDING), flags = W8(RFLAGS);
	bool *w = l->wrong, halted = W4(ACTIVITY) == 1;
	bool step = bit(flags, 8) && !bit(W8(DEBUGCTL), 1);

	w[WRONG_PENDING_RESERVED] = bits(pending, 11, 4) || bit(pending, 13) ||
				    bit(pending, 15) || bits(pending, 63, 17);
	if (sti || mov_ss || halted)
		w[WRONG_PENDING_STEP] = bit(pending, 14) != step;
	if (!bit(pending, 16))
		return;
	w[WRONG_PENDING_RTM_BITS] = bits(pending, 11, 0) || bits(pending, 15, 13) ||
				    bits(pending, 63, 17) || !bit(pending, 12);
	/* A processor with RTM has the bit for it in IA32_DEBUGCTL. */
	w[WRONG_PENDING_NO_RTM] = !bit(l->cpu->debugctl, 15);
	w[WRONG_PENDING_RTM_SS] = mov_ss;
}

/* 26.3.1.5 */
static void no_registers(const struct look *l)
{
	uint64_t blocking = W4(BLOCKING), state = W4(ACTIVITY), link = W8(LINK);
	bool sti = bit(blocking, 0), mov_ss = bit(blocking, 1), *w = l->wrong;
	int type = event_type(l);

	w[WRONG_ACTIVITY] = state > 3 || (state > 0 && !bit(msr(l, 0x485), 5 + state));
	w[WRONG_ACTIVITY_DPL] = state == 1 && seg(l, SS).dpl != 0;
	w[WRONG_ACTIVITY_BLOCKED] = state != 0 && (sti || mov_ss);
	w[WRONG_ACTIVITY_EVENT] = !injection_ok(l, state > 3 ? 3 : state);
	/* Bit 4 is for SGX, which this processor has not. */
	w[WRONG_BLOCK_RESERVED] = bits(blocking, 31, 4) != 0;
	w[WRONG_BLOCK_BOTH] = sti && mov_ss;
	w[WRONG_BLOCK_STI_IF] = sti && !bit(W8(RFLAGS), 9);
	w[WRONG_BLOCK_INTR] = type == TYPE_INTR && (sti || mov_ss);
	w[WRONG_BLOCK_NMI_SS] = type == TYPE_NMI && mov_ss;
	w[WRONG_BLOCK_NMI_STI] = type == TYPE_NMI && sti;
	w[WRONG_BLOCK_SMI] = bit(blocking, 2) && !l->cpu->smm;
	w[WRONG_BLOCK_NMI] = type == TYPE_NMI && bit(blocking, 3) && pin(l, 5);
	pending_debug(l, sti, mov_ss);
	page(l, WRONG_LINK_LOW, bits(link, 63, 32) != 0xffffffff || bits(link, 31, 0) != 0xffffffff,
	     link);
}

/* 26.3.1.6; those in memory are not looked at. */
static void pdptes(const struct look *l)
{
	bool pae = bit(W8(CR0), 31) && bit(W8(CR4), 5) && !on_entry(l, 9);
	uint64_t p;
	int i;

	for (i = 0; i < 4 && pae && cpu2(l, 1); i++) {
		p = W8(PDPTR + 8 * i);
		if (bit(p, 0))
			l->wrong[WRONG_PDPTE0 + i] = bits(p, 2, 1) || bits(p, 8, 5) ||
						     too_wide(l, p);
	}
}

void vmentry_guest(const struct look *l)
{
	registers(l);
	segments(l);
	tables_and_flow(l);
	no_registers(l);
	pdptes(l);
}
