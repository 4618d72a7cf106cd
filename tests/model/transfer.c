// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "tests/model/transfer.h"

enum { NP = 11, GP = 13 };

struct code {
	bool is_code, conforming, present, l, d;
	unsigned int dpl, rpl;
};

static void fault(struct transfer_out *out, int vector, unsigned int error)
{
	out->vector = vector;
	out->error = error;
}

static struct code view(const struct transfer_in *in)
{
	return (struct code){
		.is_code = (in->code >> 11 & 3) == 3,
		.conforming = in->code >> 10 & 1,
		.present = in->code >> 15 & 1,
		.l = in->code >> 21 & 1, .d = in->code >> 22 & 1,
		.dpl = in->code >> 13 & 3, .rpl = in->selector & 3,
	};
}

/* JMP and CALL without a gate. */
static bool direct(const struct transfer_in *in, const struct code *c)
{
	if (in->long_mode && c->l && c->d)
		return false;
	if (c->conforming)
		return c->dpl <= in->cpl;
	return c->rpl <= in->cpl && c->dpl == in->cpl;
}

/* Through a gate; in long mode to 64-bit code only. */
static bool gated(const struct transfer_in *in, const struct code *c,
		  struct transfer_out *out)
{
	if (in->long_mode && (!c->l || c->d))
		return false;
	if (c->dpl > in->cpl)
		return false;
	if (c->conforming || c->dpl == in->cpl)
		return true;
	out->cpl = c->dpl;
	return in->kind != TRANSFER_JMP;
}

static bool back(const struct transfer_in *in, const struct code *c,
		 struct transfer_out *out)
{
	if (in->long_mode && c->l && c->d)
		return false;
	if (c->rpl < in->cpl)
		return false;
	out->cpl = c->rpl;
	return c->conforming ? c->dpl <= c->rpl : c->dpl == c->rpl;
}

/* false: it ends here. */
static bool call_gate(const struct transfer_in *in, struct transfer_out *out)
{
	unsigned int type = in->gate >> 8 & 31, dpl = in->gate >> 13 & 3;

	out->size = in->long_mode ? 8 : type == 12 ? 4 : 2;
	if (!in->long_mode && (type == 1 || type == 5 || type == 9)) {
		out->task = true;
		return false;
	}
	if ((type != 12 && (type != 4 || in->long_mode)) ||
	    dpl < in->cpl || (in->gate_selector & 3u) > dpl) {
		fault(out, GP, in->gate_selector & ~3u);
		return false;
	}
	if (!(in->gate & 0x8000)) {
		fault(out, NP, in->gate_selector & ~3u);
		return false;
	}
	return true;
}

static bool int_gate(const struct transfer_in *in, struct transfer_out *out)
{
	unsigned int type = in->gate >> 8 & 31, dpl = in->gate >> 13 & 3;
	static const char legacy[] = { 5, 6, 7, 14, 15 };

	out->size = in->long_mode ? 8 : type >= 14 ? 4 : 2;
	out->clears_if = type == 6 || type == 14;
	if (!memchr(in->long_mode ? legacy + 3 : legacy, type,
		    in->long_mode ? 2 : 5) || dpl < in->cpl) {
		fault(out, GP, in->gate_selector);
		return false;
	}
	if (!(in->gate & 0x8000)) {
		fault(out, NP, in->gate_selector);
		return false;
	}
	out->task = type == 5;
	return !out->task;
}

void transfer_model(const struct transfer_in *in, struct transfer_out *out)
{
	struct code c = view(in);
	bool allowed;

	memset(out, 0, sizeof(*out));
	out->vector = -1;
	out->cpl = in->cpl;
	if (in->kind == TRANSFER_INT && !int_gate(in, out))
		return;
	if (in->kind < TRANSFER_RET && in->by_gate && !call_gate(in, out))
		return;
	if (in->selector < 4) {
		fault(out, GP, 0);
		return;
	}
	if (in->kind == TRANSFER_RET || in->kind == TRANSFER_IRET)
		allowed = back(in, &c, out);
	else if (in->by_gate)
		allowed = gated(in, &c, out);
	else
		allowed = direct(in, &c);
	if (!in->inside || !c.is_code || !allowed)
		fault(out, GP, in->selector & ~3u);
	else if (!c.present)
		fault(out, NP, in->selector & ~3u);
}
