// SPDX-License-Identifier: GPL-2.0-only
/* Bytes of random instructions. */
#include <stdbool.h>

#include "emul_cases.h"
#include "emul_random.h"

static unsigned int put_prefixes(u8 *p, unsigned int flags)
{
	static const u8 segments[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 };
	unsigned int n = 0, i;

	for (i = below(4); i; i--)
		switch (below(8)) {
		case 0 ... 2:
			p[n++] = segments[below(6)];
			break;
		case 3:
			p[n++] = 0x67;
			break;
		case 4:
			if (flags & P66)
				p[n++] = 0x66;
			break;
		case 5:
			if (flags & LOCK)
				p[n++] = 0xf0;
			break;
		default:
			if (flags & REP)
				p[n++] = 0xf2 + below(2);
		}
	if (flags & VEX)
		return n;
	if (flags & (F2 | F3))
		p[n++] = flags & F2 ? 0xf2 : 0xf3;
	if (flags & M66)
		p[n++] = 0x66;
	if (below(2))
		p[n++] = 0x40 | below(16);
	return n;
}

/* C5 or C4; a register in vvvv often is one too much. */
static unsigned int put_vex(u8 *p, const struct native_form *form)
{
	static const u8 none = 0x78;
	u8 last = below(2) ? none : below(16) << 3;
	bool two = form->map == 1 && below(2);

	last |= below(2) << 2;
	last |= form->flags & F2 ? 3 : form->flags & F3 ? 2 :
		form->flags & M66 ? 1 : 0;
	if (two) {
		p[0] = 0xc5;
		p[1] = last | below(2) << 7;
		return 2;
	}
	p[0] = 0xc4;
	p[1] = below(8) << 5 | form->map;
	p[2] = last | below(2) << 7;
	return 3;
}

static u8 choose_modrm(u8 modrm, const struct native_form *form)
{
	unsigned int n;

	if (form->groups) {
		do
			n = below(8);
		while (!(form->groups >> n & 1));
		modrm = (modrm & 0xc7) | n << 3;
	}
	if (form->flags & REG)
		return modrm | 0xc0;
	/* Registers only in one case of eight. */
	if (modrm >= 0xc0 && (form->flags & MEM || below(2)))
		modrm -= 0x40 * (1 + below(3));
	return modrm;
}

void cases_make_code(struct native_case *c)
{
	const struct native_form *form = c->form;
	u8 *p = c->code;
	unsigned int i;

	for (i = 0; i < 16; i++)
		c->code[i] = random64() >> 40;
	p += put_prefixes(p, form->flags);
	if (form->flags & VEX)
		p += put_vex(p, form);
	else if (form->map)
		*p++ = 0x0f;
	if (form->map == 2 && !(form->flags & VEX))
		*p++ = 0x38;
	*p++ = form->first + below(form->last - form->first + 1);
	if (form->flags & NO_MODRM)
		return;
	*p = choose_modrm(*p, form);
	c->modrm = *p;
}
