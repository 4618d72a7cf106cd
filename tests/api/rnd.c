// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random numbers and random guest code.
 *
 * Bytes without any order are nearly all short arithmetic on registers, or #UD.
 * So most of the code is made of instructions by opcode group (SDM vol. 2,
 * appendix A), and most of those have a memory operand, whose address leads to
 * devices, read-only memory, tables or an edge between them.
 */
#include <string.h>
#include "lib.h"
#include "randguest.h"
#include "rnd.h"

static __thread uint64_t state;

uint64_t rnd(void)
{
	/* Marsaglia's xorshift64 */
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

void rnd_start(uint64_t seed, uint64_t n)
{
	state = (seed + n) * 0x9e3779b97f4a7c15ull | 1;
	rnd();
}

uint64_t below(uint64_t n)
{
	return rnd() % n;
}

uint64_t odd_number(void)
{
	switch (below(6)) {
	case 0:
		return below(16);
	case 1:
		return 1ull << below(64);
	case 2:
		return -(1ull << below(64));
	case 3:
		return below(1ul << 32) & ~0xfffull;
	case 4:
		return rnd();
	default:
		return below(4) << 12;
	}
}

void spoil(void *p, size_t size)
{
	unsigned int n = below(3) ? 0 : 1 + below(4);

	while (n--)
		((uint8_t *)p)[below(size)] = below(2) ? rnd() : 0;
}

uint64_t rnd_address(void)
{
	static const uint64_t places[] = {
		GPA_HOLE, GPA_HOLE, GPA_HOLE + 0x1000, GPA_RO, GPA_RO + RO_SIZE,
		GPA_DATA, GPA_DATA, GPA_CODE, GPA_STACK, GPA_TABLES, GPA_GDT,
		GPA_IDT, GPA_TSS, 1ull << 32,
	};
	uint64_t at = places[below(sizeof(places) / sizeof(places[0]))];

	switch (below(3)) {
	case 0:
		return at - below(16);
	case 1:
		return at + below(4) * 8;
	default:
		return at + below(4096);
	}
}

/* What follows the opcode. */
enum form {
	F_NONE,		/* nothing */
	F_IMM8,
	F_IMM,		/* as wide as the operand, or an offset or far pointer */
	F_MODRM,
	F_MODRM8,	/* ModRM and an 8-bit immediate */
	F_MODRM_IMM,	/* ModRM and a full immediate */
};

struct group {
	uint8_t weight;
	uint8_t escape;		/* 0x0f: the two-byte table */
	uint8_t first, last;
	enum form form;
};

static const struct group groups[] = {
	{ 12, 0, 0x88, 0x8b, F_MODRM },		/* MOV */
	{ 8, 0, 0x00, 0x3b, F_MODRM },		/* arithmetic, and what lies between */
	{ 6, 0, 0xc6, 0xc7, F_MODRM_IMM },
	{ 5, 0, 0x80, 0x83, F_MODRM8 },
	{ 4, 0, 0x84, 0x87, F_MODRM },		/* TEST, XCHG */
	{ 4, 0, 0xf6, 0xf7, F_MODRM },
	{ 6, 0, 0xfe, 0xff, F_MODRM },		/* INC, CALL, JMP, PUSH */
	{ 3, 0, 0xc0, 0xc1, F_MODRM8 },
	{ 3, 0, 0xd0, 0xd3, F_MODRM },
	{ 3, 0, 0xd8, 0xdf, F_MODRM },		/* x87 */
	{ 3, 0, 0x8c, 0x8f, F_MODRM },		/* segment registers, LEA, POP */
	{ 3, 0, 0xc4, 0xc5, F_MODRM },		/* LES, LDS, VEX */
	{ 2, 0, 0x62, 0x63, F_MODRM },
	{ 2, 0, 0x69, 0x6b, F_MODRM8 },
	{ 8, 0, 0xa4, 0xaf, F_NONE },		/* strings */
	{ 4, 0, 0x6c, 0x6f, F_NONE },		/* strings to and from ports */
	{ 3, 0, 0xa0, 0xa3, F_IMM },
	{ 3, 0, 0xe4, 0xe7, F_IMM8 },		/* ports */
	{ 3, 0, 0xec, 0xef, F_NONE },
	{ 3, 0, 0x50, 0x61, F_NONE },		/* PUSH, POP */
	{ 2, 0, 0x68, 0x6a, F_IMM },
	{ 3, 0, 0x70, 0x7f, F_IMM8 },		/* jumps */
	{ 2, 0, 0xe0, 0xe3, F_IMM8 },
	{ 1, 0, 0xe8, 0xeb, F_IMM },
	{ 1, 0, 0x9a, 0x9f, F_IMM },
	{ 2, 0, 0xc2, 0xcf, F_IMM8 },		/* RET, ENTER, INT, IRET */
	{ 1, 0, 0xf1, 0xfd, F_NONE },		/* flags, HLT */
	{ 6, 0x0f, 0x00, 0x01, F_MODRM },	/* descriptor tables, system */
	{ 4, 0x0f, 0x20, 0x23, F_MODRM },	/* control and debug registers */
	{ 3, 0x0f, 0x30, 0x35, F_NONE },	/* MSRs, SYSENTER */
	{ 3, 0x0f, 0x02, 0x0d, F_MODRM },
	{ 5, 0x0f, 0xb0, 0xbf, F_MODRM8 },	/* CMPXCHG, bits, MOVZX */
	{ 4, 0x0f, 0xa0, 0xaf, F_MODRM },
	{ 3, 0x0f, 0xc0, 0xc7, F_MODRM8 },
	{ 3, 0x0f, 0x40, 0x4f, F_MODRM },
	{ 2, 0x0f, 0x90, 0x9f, F_MODRM },
	{ 4, 0x0f, 0x10, 0x2f, F_MODRM },	/* vectors */
	{ 3, 0x0f, 0x60, 0x7f, F_MODRM },
	{ 2, 0x0f, 0xd0, 0xff, F_MODRM },
};

static const struct group *group_pick(void)
{
	static unsigned int total;
	const struct group *g;
	unsigned int n;

	if (!total)
		for (g = groups; g < groups + sizeof(groups) / sizeof(*g); g++)
			total += g->weight;
	n = below(total);
	for (g = groups; n >= g->weight; g++)
		n -= g->weight;
	return g;
}

static uint8_t *put(uint8_t *p, uint64_t v, unsigned int n)
{
	memcpy(p, &v, n);
	return p + n;
}

static uint8_t *put_prefixes(uint8_t *p)
{
	static const uint8_t prefixes[] = {
		0x66, 0x67, 0xf2, 0xf3, 0xf3, 0xf0, 0x2e, 0x3e, 0x26, 0x64, 0x65,
		0x36, 0x66, 0x66,
	};

	int i;

	for (i = 0; i < 4 && !below(4); i++)
		*p++ = prefixes[below(sizeof(prefixes))];
	if (!below(3))
		*p++ = 0x40 | below(16);
	return p;
}

/* A ModRM byte with what belongs to it; absolute addresses lead somewhere. */
static uint8_t *put_modrm(uint8_t *p)
{
	uint8_t reg = below(8) << 3;

	switch (below(8)) {
	case 0:				/* disp32, or relative to RIP */
		*p++ = reg | 5;
		return put(p, rnd_address(), 4);
	case 1:				/* disp32 by SIB */
		*p++ = reg | 4;
		*p++ = 0x25;
		return put(p, rnd_address(), 4);
	case 2:				/* disp16 */
		*p++ = reg | 6;
		return put(p, rnd_address(), 2);
	case 3:				/* registers */
		*p++ = 0xc0 | reg | below(8);
		return p;
	case 4:				/* base, index and disp8 */
		*p++ = 0x44 | reg;
		*p++ = rnd();
		return put(p, below(16), 1);
	case 5:
		*p++ = 0x40 | reg | below(8);
		return put(p, below(16), 1);
	default:
		*p++ = reg | below(8);
		return p;
	}
}

static uint8_t *put_insn(uint8_t *p)
{
	const struct group *g = group_pick();

	p = put_prefixes(p);
	if (g->escape)
		*p++ = g->escape;
	*p++ = g->first + below(g->last - g->first + 1u);
	if (g->form >= F_MODRM)
		p = put_modrm(p);
	if (g->form == F_IMM8 || g->form == F_MODRM8)
		p = put(p, below(2) ? below(16) : rnd(), 1);
	if (g->form == F_IMM || g->form == F_MODRM_IMM)
		p = put(p, below(2) ? rnd_address() : odd_number(), 4);
	return p;
}

/*
 * QEMU's TCG takes a null selector for LTR, and aborts later when it needs a TSS:
 * STR instead.
 */
static void tame(uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i + 2 < n; i++)
		if (p[i] == 0x0f && p[i + 1] == 0 && (p[i + 2] >> 3 & 7) == 3)
			p[i + 2] ^= 2 << 3;
}

void rnd_code(uint8_t *p, size_t n)
{
	uint8_t insn[64], *end;
	size_t at = 0, len;

	while (at < n) {
		end = put_insn(insn);
		if (!below(8))
			spoil(insn, end - insn);
		len = (size_t)(end - insn) < n - at ? (size_t)(end - insn) :
						      n - at;
		memcpy(p + at, insn, len);
		at += len;
	}
	tame(p, n);
}
