// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "tests/model/task.h"

enum { DB = 1, TS = 10, NP = 11, SS = 12, GP = 13 };

#define VM	0x20000u
#define P	0x8000u

static bool fault(struct task_out *out, int vector, unsigned int error)
{
	out->vector = vector;
	out->error = error;
	return false;
}

static unsigned int dpl(const struct task_segment *s)
{
	return s->high >> 13 & 3;
}

/* S and type. */
static unsigned int type(const struct task_segment *s)
{
	return s->high >> 8 & 31;
}

static bool privileged(const struct task_in *in, const struct task_segment *s)
{
	return dpl(s) >= in->cpl && dpl(s) >= (s->selector & 3u);
}

/* The instruction's own checks, before the TSS is looked at for what it is. */
static bool source(const struct task_in *in, struct task_out *out)
{
	unsigned int error = in->gate.selector & ~3u;

	if (in->kind == KIND_IRET || in->kind == KIND_EVENT)
		return true;
	if (in->kind == KIND_INT) {
		if (dpl(&in->gate) < in->cpl)
			return fault(out, GP, in->gate.selector);
		return in->gate.high & P || fault(out, NP, in->gate.selector);
	}
	if (!in->by_gate) {
		error = in->tss.selector & ~3u;
		return privileged(in, &in->tss) || fault(out, GP, error);
	}
	if (!privileged(in, &in->gate))
		return fault(out, GP, error);
	return in->gate.high & P || fault(out, NP, error);
}

static bool target(const struct task_in *in, struct task_out *out)
{
	bool back = in->kind == KIND_IRET;
	unsigned int error = in->tss.selector & ~3u, t = type(&in->tss);

	if (in->tss.selector & 4 || !in->tss.inside ||
	    (t != (back ? 3 : 1) && t != (back ? 11 : 9)))
		return fault(out, back ? TS : GP, error);
	if (!(in->tss.high & P))
		return fault(out, NP, error);
	return in->limit >= (in->wide ? 0x67 : 0x2b) || fault(out, TS, error);
}

static bool load_ldt(const struct task_in *in, struct task_out *out)
{
	const struct task_segment *s = &in->seg[TASK_LDT];

	if (s->selector < 4)
		return true;
	if (s->selector & 4 || !s->inside || type(s) != 2 || !(s->high & P))
		return fault(out, TS, s->selector & ~3u);
	out->loaded[TASK_LDT] = true;
	return true;
}

static bool load_cs(const struct task_in *in, struct task_out *out)
{
	const struct task_segment *s = &in->seg[TASK_CS];
	unsigned int rpl = s->selector & 3;
	bool fits = (type(s) & 4) ? dpl(s) <= rpl : dpl(s) == rpl;

	if (s->selector < 4 || !s->inside || (type(s) & 0x18) != 0x18 || !fits)
		return fault(out, TS, s->selector & ~3u);
	if (!(s->high & P))
		return fault(out, NP, s->selector & ~3u);
	out->loaded[TASK_CS] = true;
	return true;
}

static bool load_ss(const struct task_in *in, struct task_out *out)
{
	const struct task_segment *s = &in->seg[TASK_SS];
	bool writable = (type(s) & 0x1a) == 0x12;

	if (s->selector < 4 || !s->inside || !writable ||
	    dpl(s) != out->cpl || (s->selector & 3u) != out->cpl)
		return fault(out, TS, s->selector & ~3u);
	if (!(s->high & P))
		return fault(out, SS, s->selector & ~3u);
	out->loaded[TASK_SS] = true;
	return true;
}

static bool load_data(const struct task_in *in, struct task_out *out,
		      unsigned int nr)
{
	const struct task_segment *s = &in->seg[nr];
	bool code = type(s) & 8, conforming = code && type(s) & 4;

	if (s->selector < 4)
		return true;
	if (!s->inside || type(s) < 16 || (code && !(type(s) & 2)) ||
	    (!conforming && (dpl(s) < out->cpl || dpl(s) < (s->selector & 3u))))
		return fault(out, TS, s->selector & ~3u);
	if (!(s->high & P))
		return fault(out, NP, s->selector & ~3u);
	out->loaded[nr] = true;
	return true;
}

static bool segments(const struct task_in *in, struct task_out *out)
{
	static const unsigned int data[] = { TASK_DS, TASK_ES, TASK_FS, TASK_GS };
	unsigned int i;

	if (!load_ldt(in, out))
		return false;
	if (in->wide && in->eflags & VM) {
		for (i = 0; i < TASK_LDT; i++)
			out->loaded[i] = true;
		return true;
	}
	if (!load_cs(in, out) || !load_ss(in, out))
		return false;
	for (i = 0; i < (in->wide ? 4 : 2); i++)
		if (!load_data(in, out, data[i]))
			return false;
	return true;
}

void task_model(const struct task_in *in, struct task_out *out)
{
	memset(out, 0, sizeof(*out));
	out->vector = -1;
	if (source(in, out) && target(in, out)) {
		out->switched = true;
		out->cpl = in->wide && in->eflags & VM ? 3 :
			   in->seg[TASK_CS].selector & 3;
		if (segments(in, out) && !in->eip_fits)
			fault(out, GP, 0);
		else if (out->vector < 0 && in->wide && in->trap)
			fault(out, DB, 0);
	}
	/* EXT: no instruction asked for it. */
	if (in->kind == KIND_EVENT && out->vector > DB)
		out->error |= 1;
}
