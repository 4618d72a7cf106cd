// SPDX-License-Identifier: GPL-2.0-only
#include "tests/model/rsm.h"

static uint64_t get(const uint8_t *smram, unsigned int at, unsigned int n)
{
	uint64_t value = 0;

	while (n--)
		value = value << 8 | smram[at + n];
	return value;
}

/* Bits 8 to 23 of a descriptor's upper half, the limit's four left out. */
static void attributes(struct rsm_segment *s, unsigned int bits)
{
	s->type = bits % 16;
	s->s = bits / 0x10 % 2;
	s->dpl = bits / 0x20 % 4;
	s->p = bits / 0x80 % 2;
	s->avl = bits / 0x1000 % 2;
	s->l = bits / 0x2000 % 2;
	s->db = bits / 0x4000 % 2;
	s->g = bits / 0x8000 % 2;
}

static void wide(const uint8_t *m, struct rsm_state *out)
{
	static const unsigned int seg[8] = {
		0xfe00, 0xfe10, 0xfe20, 0xfe30, 0xfe40, 0xfe50, 0xfe70, 0xfe90,
	};
	unsigned int i;

	for (i = 0; i < 8; i++) {
		out->seg[i].selector = get(m, seg[i], 2);
		attributes(&out->seg[i], get(m, seg[i] + 2, 2));
		out->seg[i].limit = get(m, seg[i] + 4, 4);
		out->seg[i].base = get(m, seg[i] + 8, 8);
	}
	/* RAX is the last one, and R15 lowest. */
	for (i = 0; i < 16; i++)
		out->gpr[i] = get(m, 0xfff8 - 8 * i, 8);
	out->gdt_limit = get(m, 0xfe64, 2);
	out->gdt_base = get(m, 0xfe68, 8);
	out->idt_limit = get(m, 0xfe84, 2);
	out->idt_base = get(m, 0xfe88, 8);
	out->halted = m[0xfec9] % 2;
	out->efer = get(m, 0xfed0, 8);
	out->l2 = m[0xfed8] % 2;
	out->vmcb = get(m, 0xfee0, 8);
	out->smbase = get(m, 0xff00, 4);
	out->cr4 = get(m, 0xff48, 8);
	out->cr3 = get(m, 0xff50, 8);
	out->cr0 = get(m, 0xff58, 8);
	out->dr7 = get(m, 0xff60, 8);
	out->dr6 = get(m, 0xff68, 8);
	out->rflags = get(m, 0xff70, 8);
	out->rip = get(m, 0xff78, 8);
}

static void narrow(const uint8_t *m, struct rsm_state *out)
{
	static const unsigned int selector[8] = {
		0xffa8, 0xffac, 0xffb0, 0xffb4, 0xffb8, 0xffbc, 0xffc0, 0xffc4,
	}, hidden[8] = {
		0xff84, 0xff90, 0xff9c, 0xff2c, 0xff38, 0xff44, 0xff78, 0xff5c,
	};
	unsigned int i;

	for (i = 0; i < 8; i++) {
		out->seg[i].selector = get(m, selector[i], 2);
		/* The descriptor's upper half as a whole. */
		attributes(&out->seg[i], get(m, hidden[i] + 1, 2));
		out->seg[i].limit = get(m, hidden[i] + 4, 4);
		out->seg[i].base = get(m, hidden[i] + 8, 4);
		/* EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI upwards. */
		out->gpr[i] = get(m, 0xffd0 + 4 * i, 4);
	}
	out->smbase = get(m, 0xfef8, 4);
	out->halted = m[0xff02] % 2;
	out->cr4 = get(m, 0xff14, 4);
	out->idt_limit = get(m, 0xff54, 2);
	out->idt_base = get(m, 0xff58, 4);
	out->gdt_limit = get(m, 0xff70, 2);
	out->gdt_base = get(m, 0xff74, 4);
	out->dr7 = get(m, 0xffc8, 4);
	out->dr6 = get(m, 0xffcc, 4);
	out->rip = get(m, 0xfff0, 4);
	out->rflags = get(m, 0xfff4, 4);
	out->cr3 = get(m, 0xfff8, 4);
	out->cr0 = get(m, 0xfffc, 4);
}

void rsm_model(const uint8_t *smram, bool long_mode, struct rsm_state *out)
{
	bool pe, pg, nw, cd, pae, lme;

	*out = (struct rsm_state){ 0 };
	if (long_mode)
		wide(smram, out);
	else
		narrow(smram, out);
	pe = out->cr0 & 1;
	nw = out->cr0 & 0x20000000;
	cd = out->cr0 & 0x40000000;
	pg = out->cr0 & 0x80000000;
	pae = out->cr4 & 0x20;
	lme = out->efer & 0x100;
	/* LMA is nobody's to choose. */
	out->efer &= ~0x400ull;
	if (lme && pg)
		out->efer |= 0x400;
	/* CF, PF, AF, ZF, SF, TF, IF, DF, OF, IOPL, NT, RF, VM, AC, VIF, VIP, ID. */
	out->rflags &= 0x3f7fd5;
	out->rflags |= 2;
	out->shutdown = (pg && !pe) || (nw && !cd) || (lme && pg && !pae) ||
			(lme && pg && out->seg[1].l && out->seg[1].db) ||
			out->cr0 > 0xffffffff || out->dr6 > 0xffffffff ||
			out->dr7 > 0xffffffff;
	out->cpl = !pe ? 0 : out->rflags & 0x20000 ? 3 : out->seg[2].dpl;
}
