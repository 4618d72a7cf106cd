// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "tests/model/segload.h"

enum { NP = 11, SS = 12, GP = 13 };

/*
 * What each of the 32 combinations of S and type is (SDM vol. 3, tables 3-1
 * and 3-2): r and w data and code, c conforming; l LDT, t and b 16-bit TSS
 * free and busy, T and B 32-bit or 64-bit TSS; g and k call and task gate, G
 * 32-bit or 64-bit call gate; - the rest.
 */
static const char *const kinds[32] = {
	"-", "t", "l", "b", "g", "k", "-", "-",
	"-", "T", "-", "B", "G", "-", "-", "-",
	"dr", "dr", "drw", "drw", "dr", "dr", "drw", "drw",
	"x", "x", "xr", "xr", "xc", "xc", "xcr", "xcr",
};

struct view {
	const char *kind;
	unsigned int dpl, rpl;
	bool present;
};

static bool is(const struct view *v, char c)
{
	return strchr(v->kind, c);
}

static void fault(struct segload_out *out, int vector, unsigned int selector)
{
	out->vector = vector;
	out->error = selector & ~3u;
}

static void hidden_part(const struct segload_in *in, struct segload_out *out)
{
	uint32_t limit = (in->low & 0xffff) | (in->high & 0xf0000);

	out->base = (in->low >> 16) | (in->high & 0xff) << 16 |
		    (in->high & 0xff000000);
	out->limit = in->high & 0x800000 ? limit * 4096 + 4095 : limit;
	out->attr = (in->high >> 8 & 0xff) | (in->high >> 20 & 0xf) << 8;
}

static void load_ss(const struct segload_in *in, const struct view *v,
		    struct segload_out *out)
{
	if (in->selector < 4) {
		if (in->mode64 && in->cpl < 3 && v->rpl == in->cpl)
			out->null = true;
		else
			fault(out, GP, 0);
		return;
	}
	if (!in->inside || v->rpl != in->cpl || !is(v, 'w') ||
	    v->dpl != in->cpl)
		fault(out, GP, in->selector);
	else if (!v->present)
		fault(out, SS, in->selector);
	else
		out->high |= 0x100;
}

static void load_data(const struct segload_in *in, const struct view *v,
		      struct segload_out *out)
{
	if (in->selector < 4) {
		out->null = true;
		return;
	}
	if (!in->inside || !is(v, 'r') ||
	    (!is(v, 'c') && (v->rpl > v->dpl || in->cpl > v->dpl)))
		fault(out, GP, in->selector);
	else if (!v->present)
		fault(out, NP, in->selector);
	else
		out->high |= 0x100;
}

static void load_system(const struct segload_in *in, const struct view *v,
			struct segload_out *out)
{
	bool task = in->what == LOAD_TR, fits;

	if (in->cpl) {
		fault(out, GP, 0);
		return;
	}
	if (in->selector < 4) {
		if (task)
			fault(out, GP, 0);
		out->null = !task;
		return;
	}
	fits = is(v, task ? 'T' : 'l') ||
	       (task && !in->long_mode && is(v, 't'));
	if (in->selector & 4 || !in->inside || !fits)
		fault(out, GP, in->selector);
	else if (!v->present)
		fault(out, NP, in->selector);
	else if (in->long_mode && (!in->second || in->top & 0x1f00))
		fault(out, GP, in->selector);
	else if (in->long_mode && (int32_t)in->upper >> 15 != 0 &&
		 (int32_t)in->upper >> 15 != -1)
		fault(out, GP, in->selector);
	else if (task)
		out->high |= 0x200;
}

/* LAR and LSL take these; VERR and VERW look for 'r' and 'w'. */
static bool looked_for(const struct segload_in *in, const struct view *v)
{
	static const char *const wanted[2][2] = {
		{ "dxlTBtbGgk", "dxlTBtb" }, { "dxlTBG", "dxlTB" },
	};

	if (in->what == LOOK_VERR)
		return is(v, 'r');
	if (in->what == LOOK_VERW)
		return is(v, 'w');
	return strchr(wanted[in->long_mode][in->what == LOOK_LSL], *v->kind);
}

static void look(const struct segload_in *in, const struct view *v,
		 struct segload_out *out)
{
	if (in->selector < 4 || !in->inside)
		return;
	if (!is(v, 'c') && (in->cpl > v->dpl || v->rpl > v->dpl))
		return;
	if (*v->kind == '-' || !looked_for(in, v))
		return;
	out->zf = true;
	out->result = in->what == LOOK_LAR ? in->high & 0xffff00 : out->limit;
}

void segload_model(const struct segload_in *in, struct segload_out *out)
{
	struct view v = {
		.kind = kinds[in->high >> 8 & 31], .dpl = in->high >> 13 & 3,
		.rpl = in->selector & 3, .present = in->high & 0x8000,
	};

	memset(out, 0, sizeof(*out));
	out->vector = -1;
	out->high = in->high;
	hidden_part(in, out);
	if (in->what == LOAD_DATA)
		load_data(in, &v, out);
	else if (in->what == LOAD_SS)
		load_ss(in, &v, out);
	else if (in->what == LOAD_LDTR || in->what == LOAD_TR)
		load_system(in, &v, out);
	else
		look(in, &v, out);
	if (in->what == LOAD_LDTR || in->what == LOAD_TR)
		out->base |= in->long_mode ? (uint64_t)in->upper << 32 : 0;
	/* The register has the bits that memory has. */
	out->attr |= out->high >> 8 & 0xf;
}
