// SPDX-License-Identifier: GPL-2.0-only
/*
 * Port I/O that goes to userspace: its data lies in the run page behind struct
 * kvm_run.
 *
 * REP INS and REP OUTS: as many elements as one KVM_EXIT_IO can carry.  The emulator
 * executes one element, with all checks and whatever device takes it.  Only when that
 * one is for userspace, those after it in the same page of RAM go along, upward only.
 */
#include <linux/mm.h>
#include <linux/string.h>

#include <asm/processor-flags.h>

#include "core/guestmem.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "x86/insn/emulate.h"
#include "x86/insn/pio.h"
#include "x86/vcpu/frame.h"

/* ------------------------------------------------------------------------ */
/* Strings. */

static unsigned int string_element_size(const struct emul_insn *insn)
{
	return min_t(unsigned int, insn->op_size, 4);
}

/* INS writes to ES:RDI, OUTS reads from DS:RSI or another segment. */
static struct operand_addr string_element_address(const struct emul_ctx *ctx,
						  bool in)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int reg = in ? GPR_RDI : GPR_RSI;

	return (struct operand_addr) {
		.seg = in ? SEG_ES : operand_seg(insn, SEG_DS),
		.offset = operand_reg_get(ctx, reg, insn->addr_size),
	};
}

/* Elements from the next one on, at most @max, that lie together at @gpa. */
static unsigned int string_elements(struct x86_vcpu *v, bool in, unsigned int max,
				    gpa_t *gpa)
{
	struct emul_ctx *ctx = &v->emul->ctx;
	const struct emul_insn *insn = &ctx->insn;
	struct operand_addr at = string_element_address(ctx, in);
	unsigned int size = string_element_size(insn), n;
	u64 count = operand_reg_get(ctx, GPR_RCX, insn->addr_size);
	u64 room = operand_mask(insn->addr_size) - at.offset, la;

	if (!insn->rep || !count || (ctx->rflags & X86_EFLAGS_DF))
		return 0;
	if (operand_check(ctx, at, size, in, &la) != EMUL_OK)
		return 0;
	n = min_t(u64, count, (PAGE_SIZE - offset_in_page(la)) / size);
	n = min_t(u64, n, room / size);
	n = min(n, max / size);
	if (!n || operand_check(ctx, at, n * size, in, &la) != EMUL_OK)
		return 0;
	if (emul_env_translate(ctx, la, in ? PF_WRITE : 0, gpa) != EMUL_OK)
		return 0;
	/* There each has its own effect. */
	return frame_holds(v, *gpa) ? 0 : n;
}

static void string_advance(struct emul_ctx *ctx, bool in, unsigned int n)
{
	const struct emul_insn *insn = &ctx->insn;
	unsigned int reg = in ? GPR_RDI : GPR_RSI, size = insn->addr_size;
	u64 count = operand_reg_get(ctx, GPR_RCX, size) - n;

	operand_reg_set(ctx, reg, size,
			ctx->gpr[reg] + n * string_element_size(insn));
	operand_reg_set(ctx, GPR_RCX, size, count);
	if (!count)
		exec_next(ctx);
}

static bool is_string(const struct emul_insn *insn, u8 opcode)
{
	return !insn->map && (insn->opcode & ~1) == opcode;
}

unsigned int pio_string_in(struct x86_vcpu *v)
{
	struct x86_emulator *em = v->emul;
	unsigned int n;
	gpa_t gpa;

	if (em->single_step || em->armed || !is_string(&em->ctx.insn, 0x6c))
		return 1;
	n = string_elements(v, true, PIO_DATA_BYTES, &gpa);
	return n && guest_page_user(&v->vcpu, gpa, true) ? n : 1;
}

bool pio_string_in_finish(struct x86_vcpu *v, unsigned int n)
{
	struct emul_ctx *ctx = &v->emul->ctx;
	gpa_t gpa;

	n = min(n, string_elements(v, true, PIO_DATA_BYTES, &gpa));
	if (!n || mmio_write(v, gpa, pio_data(v), n * string_element_size(&ctx->insn)) != EMUL_OK)
		return false;
	string_advance(ctx, true, n);
	return true;
}

unsigned int pio_string_out(struct x86_vcpu *v)
{
	struct x86_emulator *em = v->emul;
	struct emul_ctx *ctx = &em->ctx;
	unsigned int size = string_element_size(&ctx->insn), n;
	gpa_t gpa;

	if (em->single_step || em->armed || ctx->rip != em->rip ||
	    !is_string(&ctx->insn, 0x6e))
		return 0;
	n = string_elements(v, false, PIO_DATA_BYTES - size, &gpa);
	if (!n || guest_read(&v->vcpu, gpa, pio_data(v) + size, n * size))
		return 0;
	string_advance(ctx, false, n);
	return n;
}
