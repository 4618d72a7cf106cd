// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nearly every access to a device is a MOV between a register, or an immediate, and
 * one operand in memory.  After a second-level page fault the processor has checked
 * segments and the guest's tables, and has told where the operand is: what is left to
 * do is the access, and where the processor does not tell whether it was a write, to ask
 * the tables.
 */
#include <linux/mm.h>
#include <linux/string.h>

#include "core/guestmem.h"
#include "core/iobus.h"
#include "core/trace.h"
#include "emul/exec.h"
#include "emul/operand.h"
#include "x86/cpu/apic.h"
#include "x86/cpu/debug.h"
#include "x86/insn/emulate.h"
#include "x86/insn/fetch.h"
#include "x86/insn/usual.h"

/*
 * Does the operand begin where the exit says?  Only in the first bytes of a page can
 * it be the rest of one that began in the page in front.
 */
static bool operand_is_at(struct emul_ctx *ctx, gpa_t gpa)
{
	unsigned int offset = offset_in_page(gpa);

	if (offset + ctx->insn.op_size > PAGE_SIZE)
		return false;
	return likely(offset >= sizeof(u64)) ||
	       offset_in_page(operand_linear(ctx, operand_address(ctx))) ==
	       offset;
}

static void mov_done(struct x86_vcpu *v)
{
	const struct emul_ctx *ctx = &v->emul->ctx;

	debug_insn_skip(v, emul_rip_advance(ctx->mode, ctx->rip,
					    ctx->insn.len));
}

/* As for the emulator: registers are as userspace has left them. */
static enum x86_next load_answered(struct x86_vcpu *v)
{
	struct emul_ctx *ctx = &v->emul->ctx;
	u64 data = 0;

	if (state_get(v, GRP_RIP)->rip != ctx->rip ||
	    emulate_mode(v) != ctx->mode)
		return X86_RESUME;
	memcpy(&data, v->vcpu.run->mmio.data, ctx->insn.op_size);
	trace_kvm_mmio(TRACE_MMIO_READ, ctx->insn.op_size,
		       v->vcpu.run->mmio.phys_addr, &data);
	operand_reg_write(ctx, data);
	mov_done(v);
	return X86_RESUME;
}

static noinline enum x86_next load_ask(struct x86_vcpu *v, gpa_t gpa)
{
	struct mmio_piece p = { .gpa = gpa, .len = v->emul->ctx.insn.op_size };

	mmio_ask_user(v, &p, false, 1);
	v->pending = load_answered;
	return X86_USER;
}

static enum x86_next mov_load(struct x86_vcpu *v, gpa_t gpa, bool apic)
{
	struct emul_ctx *ctx = &v->emul->ctx;
	unsigned int size = ctx->insn.op_size;
	u64 data = 0;

	if (apic)
		apic_page_read(v, gpa, &data, size);
	else if (bus_read(&v->vcpu, BUS_MMIO, gpa, size, &data))
		return load_ask(v, gpa);
	trace_kvm_mmio(TRACE_MMIO_READ, size, gpa, &data);
	operand_reg_write(ctx, data);
	mov_done(v);
	return X86_RESUME;
}

static noinline enum x86_next store_post(struct x86_vcpu *v, gpa_t gpa, u64 data)
{
	struct mmio_piece p = { .gpa = gpa, .len = v->emul->ctx.insn.op_size };

	memcpy(p.data, &data, sizeof(p.data));
	mmio_ask_user(v, &p, true, 1);
	return X86_USER;
}

static enum x86_next mov_store(struct x86_vcpu *v, gpa_t gpa, u64 data, bool apic)
{
	unsigned int size = v->emul->ctx.insn.op_size;
	enum x86_next next = X86_RESUME;

	if (apic)
		apic_page_write(v, gpa, &data, size);
	else if (bus_write(&v->vcpu, BUS_MMIO, gpa, size, &data))
		next = store_post(v, gpa, data);
	if (next == X86_RESUME)
		trace_kvm_mmio(TRACE_MMIO_WRITE, size, gpa, &data);
	mov_done(v);
	return next;
}

/* EPT tells of a device that it knows, and not what the access was. */
static bool mov_writes(const struct emul_insn *insn, u64 error)
{
	return (error & PF_WRITE) ||
	       ((error & PF_RSVD) && (insn->exec == exec_mov_store ||
				      insn->exec == exec_mov_imm));
}

/*
 * What has been translated for an access that may have been a read is no proof of a
 * write: the bytes may be others by now.  Outside 64-bit mode segments have a say too,
 * and that is the emulator's.
 */
static noinline bool store_is_allowed(struct x86_vcpu *v, const struct x86_exit *exit)
{
	struct emul_ctx *ctx = &v->emul->ctx;
	u64 access = state_get(v, GRP_CPL)->cpl == 3 ? PF_WRITE | PF_USER : PF_WRITE;
	struct emul_fault fault;
	gpa_t gpa;
	u64 la;

	if (ctx->mode != EMUL_64)
		return false;
	la = operand_linear(ctx, operand_address(ctx));
	return state_is_canonical(v, la) &&
	       guest_translate(v, la, access, &gpa, &fault) == EMUL_OK &&
	       gpa == exit->page.gpa;
}

bool usual_mmio(struct x86_vcpu *v, const struct x86_exit *exit,
		enum x86_next *next)
{
	struct emul_ctx *ctx = &v->emul->ctx;
	const struct emul_insn *insn = &ctx->insn;
	bool write = mov_writes(insn, exit->page.error);
	gpa_t gpa = exit->page.gpa;
	u64 data = 0;
	bool apic;

	if (write && insn->exec == exec_mov_store)
		data = operand_reg_read(ctx);
	else if (write && insn->exec == exec_mov_imm)
		data = insn->imm;
	else if (write || insn->exec != exec_mov_load)
		return false;
	ctx->rip = state_get(v, GRP_RIP | GRP_RSP)->rip;
	if (insn->lock || !operand_in_memory(insn) || !operand_is_at(ctx, gpa))
		return false;
	if (write && !(exit->page.error & PF_WRITE) && !store_is_allowed(v, exit))
		return false;
	apic = apic_would_be(v, gpa);
	/* Memory comes before devices. */
	if (apic ? !apic_page_is_known(v) :
		   !mmu_is_hole(&v->vcpu.mmu, gpa) &&
		   guest_slot(&v->vcpu, gpa >> PAGE_SHIFT))
		return false;
	*next = write ? mov_store(v, gpa, data, apic) : mov_load(v, gpa, apic);
	return true;
}
