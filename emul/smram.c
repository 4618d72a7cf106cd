// SPDX-License-Identifier: GPL-2.0-only
/* The two layouts of a state-save area, as tables. */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include <asm/msr-index.h>

#include "emul/smram.h"
#include "emul/system.h"

/**
 * struct smram_field - one field, little endian as everything
 * @at: where the area has it
 * @size: bytes there
 * @offset: where struct smram_state has it
 * @room: bytes there; what is more is 0
 */
struct smram_field {
	u16 at;
	u16 size;
	u16 offset;
	u16 room;
};

#define FIELD(where, bytes, name)					\
	{ .at = (where) - SMRAM_AREA, .size = bytes,			\
	  .offset = offsetof(struct smram_state, name),			\
	  .room = sizeof(((struct smram_state *)0)->name) }

/* Offsets from SMBASE, as in the manuals. */
static const struct smram_field fields_wide[] = {
	FIELD(0xfe64, 4, gdt.limit), FIELD(0xfe68, 8, gdt.base),
	FIELD(0xfe84, 4, idt.limit), FIELD(0xfe88, 8, idt.base),
	FIELD(0xfec9, 1, halted), FIELD(0xfecb, 1, shadow),
	FIELD(0xfed0, 8, efer),
	FIELD(0xfed8, 8, svm.guest), FIELD(0xfee0, 8, svm.vmcb),
	FIELD(0xfee8, 8, svm.virq), FIELD(0xff00, 4, smbase),
	FIELD(0xff20, 8, svm.pat), FIELD(0xff28, 8, svm.host_efer),
	FIELD(0xff30, 8, svm.host_cr4), FIELD(0xff38, 8, svm.ncr3),
	FIELD(0xff40, 8, svm.host_cr0),
	FIELD(0xff48, 8, cr4), FIELD(0xff50, 8, cr3), FIELD(0xff58, 8, cr0),
	FIELD(0xff60, 8, dr7), FIELD(0xff68, 8, dr6),
	FIELD(0xff70, 8, rflags), FIELD(0xff78, 8, rip),
	FIELD(0xff80, 8, gpr[15]), FIELD(0xff88, 8, gpr[14]),
	FIELD(0xff90, 8, gpr[13]), FIELD(0xff98, 8, gpr[12]),
	FIELD(0xffa0, 8, gpr[11]), FIELD(0xffa8, 8, gpr[10]),
	FIELD(0xffb0, 8, gpr[9]), FIELD(0xffb8, 8, gpr[8]),
	FIELD(0xffc0, 8, gpr[GPR_RDI]), FIELD(0xffc8, 8, gpr[GPR_RSI]),
	FIELD(0xffd0, 8, gpr[GPR_RBP]), FIELD(0xffd8, 8, gpr[GPR_RSP]),
	FIELD(0xffe0, 8, gpr[GPR_RBX]), FIELD(0xffe8, 8, gpr[GPR_RDX]),
	FIELD(0xfff0, 8, gpr[GPR_RCX]), FIELD(0xfff8, 8, gpr[GPR_RAX]),
};

static const struct smram_field fields_narrow[] = {
	FIELD(0xfef8, 4, smbase), FIELD(0xff02, 1, halted),
	FIELD(0xff14, 4, cr4), FIELD(0xff1a, 1, shadow),
	FIELD(0xff54, 4, idt.limit), FIELD(0xff58, 4, idt.base),
	FIELD(0xff70, 4, gdt.limit), FIELD(0xff74, 4, gdt.base),
	FIELD(0xffc8, 4, dr7), FIELD(0xffcc, 4, dr6),
	FIELD(0xffd0, 4, gpr[GPR_RAX]), FIELD(0xffd4, 4, gpr[GPR_RCX]),
	FIELD(0xffd8, 4, gpr[GPR_RDX]), FIELD(0xffdc, 4, gpr[GPR_RBX]),
	FIELD(0xffe0, 4, gpr[GPR_RSP]), FIELD(0xffe4, 4, gpr[GPR_RBP]),
	FIELD(0xffe8, 4, gpr[GPR_RSI]), FIELD(0xffec, 4, gpr[GPR_RDI]),
	FIELD(0xfff0, 4, rip), FIELD(0xfff4, 4, rflags),
	FIELD(0xfff8, 4, cr3), FIELD(0xfffc, 4, cr0),
};

/* Where a segment's parts are; in the wide layout they lie side by side. */
struct smram_place {
	u16 selector;
	u16 attr;
	u16 limit;
	u16 base;
};

#define WIDE(at) \
	{ (at) - SMRAM_AREA, (at) + 2 - SMRAM_AREA, (at) + 4 - SMRAM_AREA, \
	  (at) + 8 - SMRAM_AREA }
#define NARROW(sel, at) \
	{ (sel) - SMRAM_AREA, (at) - SMRAM_AREA, (at) + 4 - SMRAM_AREA, \
	  (at) + 8 - SMRAM_AREA }

static const struct smram_place places_wide[SEG_COUNT] = {
	[SEG_ES] = WIDE(0xfe00), [SEG_CS] = WIDE(0xfe10),
	[SEG_SS] = WIDE(0xfe20), [SEG_DS] = WIDE(0xfe30),
	[SEG_FS] = WIDE(0xfe40), [SEG_GS] = WIDE(0xfe50),
	[SEG_LDTR] = WIDE(0xfe70), [SEG_TR] = WIDE(0xfe90),
};

static const struct smram_place places_narrow[SEG_COUNT] = {
	[SEG_ES] = NARROW(0xffa8, 0xff84), [SEG_CS] = NARROW(0xffac, 0xff90),
	[SEG_SS] = NARROW(0xffb0, 0xff9c), [SEG_DS] = NARROW(0xffb4, 0xff2c),
	[SEG_FS] = NARROW(0xffb8, 0xff38), [SEG_GS] = NARROW(0xffbc, 0xff44),
	[SEG_LDTR] = NARROW(0xffc0, 0xff78), [SEG_TR] = NARROW(0xffc4, 0xff5c),
};

/* What the handler finds out about the area: SMBASE can be changed; no I/O restart. */
#define REVISION_AT		(0xfefc - SMRAM_AREA)	/* in both */
#define REVISION_WIDE		0x00020064u
#define REVISION_NARROW		0x00020000u

/* ------------------------------------------------------------------------ */

/* As in a descriptor: AVL, L, D and G are four bits above the limit's. */
static u16 attr_pack(u16 attr)
{
	return (attr & 0xff) | (attr & 0xf00) << 4;
}

static u16 attr_unpack(u16 packed)
{
	return (packed & 0xff) | (packed >> 4 & 0xf00);
}

static void seg_save(u8 *area, const struct smram_place *p,
		     const struct x86_seg *seg, bool wide)
{
	u32 attr = attr_pack(seg->attr);

	memcpy(area + p->selector, &seg->selector, 2);
	/* Two bytes, or a descriptor's upper half. */
	attr <<= wide ? 0 : 8;
	memcpy(area + p->attr, &attr, wide ? 2 : 4);
	memcpy(area + p->limit, &seg->limit, 4);
	memcpy(area + p->base, &seg->base, wide ? 8 : 4);
}

static void seg_load(const u8 *area, const struct smram_place *p,
		     struct x86_seg *seg, bool wide)
{
	u32 attr = 0;

	memcpy(&seg->selector, area + p->selector, 2);
	memcpy(&attr, area + p->attr, wide ? 2 : 4);
	memcpy(&seg->limit, area + p->limit, 4);
	memcpy(&seg->base, area + p->base, wide ? 8 : 4);
	seg->attr = attr_unpack(wide ? attr : attr >> 8);
}

static const struct smram_field *fields_of(bool wide, unsigned int *n)
{
	*n = wide ? ARRAY_SIZE(fields_wide) : ARRAY_SIZE(fields_narrow);
	return wide ? fields_wide : fields_narrow;
}

void smram_save(u8 *area, const struct smram_state *s, bool wide)
{
	const struct smram_place *p = wide ? places_wide : places_narrow;
	const u32 revision = wide ? REVISION_WIDE : REVISION_NARROW;
	const struct smram_field *f;
	unsigned int n, i;

	memset(area, 0, SMRAM_BYTES);
	f = fields_of(wide, &n);
	for (i = 0; i < n; i++, f++)
		memcpy(area + f->at, (const u8 *)s + f->offset,
		       min(f->size, f->room));
	for (i = 0; i < SEG_COUNT; i++)
		seg_save(area, &p[i], &s->seg[i], wide);
	memcpy(area + REVISION_AT, &revision, sizeof(revision));
}

/* ------------------------------------------------------------------------ */

/* What a MOV to these registers would refuse, and long mode without its conditions. */
static bool state_is_possible(const struct smram_state *s)
{
	u16 cs = s->seg[SEG_CS].attr;

	if (s->cr0 >> 32 || s->dr6 >> 32 || s->dr7 >> 32)
		return false;
	if ((s->cr0 & X86_CR0_PG) && !(s->cr0 & X86_CR0_PE))
		return false;
	if ((s->cr0 & X86_CR0_NW) && !(s->cr0 & X86_CR0_CD))
		return false;
	if (!(s->efer & EFER_LMA))
		return true;
	return (s->cr4 & X86_CR4_PAE) &&
	       !((cs & SEG_L) && (cs & SEG_DB));
}

bool smram_load(const u8 *area, struct smram_state *s, bool wide)
{
	const struct smram_place *p = wide ? places_wide : places_narrow;
	const struct smram_field *f;
	unsigned int n, i;
	u8 byte;

	memset(s, 0, sizeof(*s));
	f = fields_of(wide, &n);
	for (i = 0; i < n; i++, f++) {
		/* Of a flag bit 0 counts. */
		byte = area[f->at] & 1;
		memcpy((u8 *)s + f->offset, f->room == 1 ? &byte : area + f->at,
		       min(f->size, f->room));
	}
	for (i = 0; i < SEG_COUNT; i++)
		seg_load(area, &p[i], &s->seg[i], wide);
	s->efer &= ~(u64)EFER_LMA;
	if ((s->efer & EFER_LME) && (s->cr0 & X86_CR0_PG))
		s->efer |= EFER_LMA;
	s->rflags = (s->rflags & RFLAGS_BITS) | X86_EFLAGS_FIXED;
	return state_is_possible(s);
}
