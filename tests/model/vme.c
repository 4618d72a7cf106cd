// SPDX-License-Identifier: GPL-2.0-only
#include "tests/model/vme.h"

#define TF	0x100u
#define IF	0x200u
#define OF	0x800u
#define IOPL	0x3000u
#define NT	0x4000u
#define RF	0x10000u
#define VM	0x20000u
#define VIF	0x80000u
#define VIP	0x100000u

#define ALWAYS	0x4dd5u		/* CF PF AF ZF SF TF DF OF NT */
#define HIGH	0x240000u	/* AC, ID */

static uint32_t with(uint32_t flags, uint32_t bit, bool on)
{
	return on ? flags | bit : flags & ~bit;
}

static void set_if(const struct vme_in *in, struct vme_out *out, bool on)
{
	unsigned int iopl = in->flags >> 12 & 3;
	bool virtual = in->flags & VM ? in->vme : in->pvi && in->cpl == 3;

	if (in->real || iopl >= in->cpl)
		out->flags = with(in->flags, IF, on);
	else if (virtual && !(on && in->flags & VIP))
		out->flags = with(in->flags, VIF, on);
	else
		out->gp = true;
}

/* In virtual-8086 mode below IOPL 3: what is pushed. */
static uint32_t image(uint32_t flags)
{
	return with(flags | IOPL, IF, flags & VIF);
}

static void pushf(const struct vme_in *in, struct vme_out *out)
{
	bool guarded = in->flags & VM && (in->flags & IOPL) != IOPL;

	out->gp = guarded && (!in->vme || in->wide);
	out->pushed = guarded ? image(in->flags) : in->flags;
	out->pushed &= in->wide ? ~(RF | VM) : 0xffff;
}

static void pop(const struct vme_in *in, struct vme_out *out)
{
	unsigned int iopl = in->flags >> 12 & 3;
	uint32_t mask = ALWAYS | (in->wide ? HIGH : 0);

	if (in->flags & VM && iopl < 3) {
		out->gp = !in->vme || in->wide || in->popped & TF ||
			  (in->flags & VIP && in->popped & IF);
		out->flags = (in->flags & ~mask) | (in->popped & mask);
		out->flags = with(out->flags, VIF, in->popped & IF);
		return;
	}
	if (in->real || iopl >= in->cpl)
		mask |= IF;
	if (in->real || (!in->cpl && !(in->flags & VM)))
		mask |= IOPL;
	if (in->insn == VME_IRET && in->wide) {
		mask |= RF;
		if (!in->real && !in->cpl)
			mask |= VIF | VIP;
	}
	out->flags = (in->flags & ~mask) | (in->popped & mask);
}

static void interrupt(const struct vme_in *in, struct vme_out *out)
{
	bool low = (in->flags & IOPL) != IOPL;

	out->gate = true;
	if (!(in->flags & VM))
		return;
	if (!in->vme) {
		out->gp = low;
		return;
	}
	out->gate = in->bit;
	out->gp = !in->map || (in->bit && low);
	out->pushed = (low ? image(in->flags) : in->flags) & 0xffff;
	out->flags = in->flags & ~(TF | (low ? VIF : IF));
}

/* Neither IOPL nor the redirection map is asked, and EFLAGS are pushed whole. */
static void breakpoint(const struct vme_in *in, struct vme_out *out)
{
	if (in->insn == VME_INTO && !(in->flags & OF))
		return;
	out->gate = true;
	out->pushed = in->flags & ~RF;
	out->flags = in->flags & ~(TF | NT | VM | (in->trap ? 0 : IF));
}

void vme_model(const struct vme_in *in, struct vme_out *out)
{
	*out = (struct vme_out){ .flags = in->flags };
	if (in->insn == VME_CLI || in->insn == VME_STI)
		set_if(in, out, in->insn == VME_STI);
	else if (in->insn == VME_PUSHF)
		pushf(in, out);
	else if (in->insn == VME_INT)
		interrupt(in, out);
	else if (in->insn == VME_INT3 || in->insn == VME_INTO)
		breakpoint(in, out);
	else
		pop(in, out);
	/* RF ends with the instruction. */
	if (in->insn != VME_IRET)
		out->flags &= ~RF;
	else if (!in->wide)
		out->flags &= ~RF;
}
