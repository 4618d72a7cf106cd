// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which instructions L1 has intercepted of those that x86 executes for L2 (APM vol. 2,
 * 15.8 to 15.14 and table 15-7).  The processor asks before it touches an operand in
 * memory, so it would have exited: an instruction that is found here came to RIP between
 * the exit and the look at its bytes.
 */
#include <linux/kernel.h>

#include <asm/processor-flags.h>

#include "emul/opcode.h"
#include "emul/task.h"
#include "svm/cpu.h"
#include "svm/nested.h"
#include "svm/vmcb.h"

#define MODRM_REG	0x38
#define MODRM_ALL	0xff

/* @mask: bits of ModRM that @modrm must have. */
struct insn_row {
	u8 map;
	u8 opcode;
	u8 mask;
	u8 modrm;
	u8 bit;
};

#define OP(map, opcode, bit)	{ map, opcode, 0, 0, INTERCEPT_##bit }
#define REG(map, opcode, reg, bit) \
	{ map, opcode, MODRM_REG, (reg) << 3, INTERCEPT_##bit }
#define ALL(modrm, bit)		{ 1, 0x01, MODRM_ALL, modrm, INTERCEPT_##bit }

static const struct insn_row insn_rows[] = {
	OP(0, 0x9c, PUSHF), OP(0, 0x9d, POPF), OP(0, 0xcd, INTn),
	OP(0, 0xcf, IRET), OP(0, 0xf4, HLT),
	OP(1, 0x06, CR0_WRITE), OP(1, 0x08, INVD), OP(1, 0x09, WBINVD),
	OP(1, 0x31, RDTSC), OP(1, 0x33, RDPMC), OP(1, 0xa2, CPUID),
	OP(2, 0x82, INVPCID),
	REG(1, 0x00, 0, STORE_LDTR), REG(1, 0x00, 1, STORE_TR),
	REG(1, 0x00, 2, LOAD_LDTR), REG(1, 0x00, 3, LOAD_TR),
	/* SMSW; LMSW, for which the selective intercept is none (15.8.1). */
	REG(1, 0x01, 4, CR0_READ), REG(1, 0x01, 6, CR0_WRITE),
	REG(1, 0x01, 6, SELECTIVE_CR0),
	ALL(0xf9, RDTSCP), ALL(0xc8, MONITOR), ALL(0xc9, MWAIT), ALL(0xd1, XSETBV),
};

/* 0F 01 with an operand in memory, by ModRM.reg. */
static const u8 table_bits[8] = {
	[0] = INTERCEPT_STORE_GDTR, [1] = INTERCEPT_STORE_IDTR,
	[2] = INTERCEPT_LOAD_GDTR, [3] = INTERCEPT_LOAD_IDTR,
	[7] = INTERCEPT_INVLPG,
};

static bool row_fits(const struct insn_row *row, const struct emul_insn *insn)
{
	return row->map == insn->map && row->opcode == insn->opcode &&
	       (insn->modrm & row->mask) == row->modrm;
}

static u8 mov_gpr(const struct emul_insn *insn)
{
	return (insn->modrm & 7) | (insn->rex & 1) << 3;
}

static u64 gpr_operand(struct x86_vcpu *v, u8 gpr)
{
	u64 value = state_get(v, gpr == GPR_RSP ? GRP_RSP : 0)->gpr[gpr];

	return state_is_64bit_code(v) ? value : (u32)value;
}

u64 svm_nested_mov_operand(struct x86_vcpu *v, const struct emul_insn *insn)
{
	return gpr_operand(v, mov_gpr(insn));
}

/* TS and MP may change, and ET never does (15.8.1). */
bool svm_nested_cr0_changes(struct svm_vcpu *s, u8 gpr)
{
	const u64 free = X86_CR0_TS | X86_CR0_MP | X86_CR0_ET;

	return (gpr_operand(&s->x86, gpr) ^ state_get(&s->x86, GRP_CR0)->cr0) & ~free;
}

bool svm_nested_cr0_selective(struct svm_vcpu *s, const struct emul_insn *insn)
{
	if (insn->map != 1 || !l1_intercepts(s, INTERCEPT_SELECTIVE_CR0))
		return false;
	if (insn->opcode == OPCODE_GROUP_7)
		return (insn->modrm & MODRM_REG) == 6 << 3;
	return insn->opcode == OPCODE_MOV_TO_CR &&
	       !(insn->modrm & MODRM_REG) && !insn->lock && !(insn->rex & 4) &&
	       svm_nested_cr0_changes(s, mov_gpr(insn));
}

/* Odd opcodes are those of DRs.  With LOCK it is CR8 (APM vol. 3, MOV CRn). */
static bool mov_is_intercepted(struct svm_vcpu *s, const struct emul_insn *insn)
{
	unsigned int nr = (insn->modrm & MODRM_REG) >> 3 | (insn->rex & 4) << 1;
	unsigned int first = insn->opcode & 1 ? INTERCEPT_DR0_READ :
						INTERCEPT_CR0_READ;

	if (insn->lock)
		nr = 8;
	if (insn->opcode & (OPCODE_MOV_FROM_CR ^ OPCODE_MOV_TO_CR))
		first += INTERCEPT_CR0_WRITE - INTERCEPT_CR0_READ;
	return l1_intercepts(s, first + nr) || svm_nested_cr0_selective(s, insn);
}

static bool port_is_intercepted(struct svm_vcpu *s, const struct emul_insn *insn)
{
	u16 port = insn->opcode & 8 ? s->x86.state.gpr[GPR_RDX] : insn->imm;
	unsigned int size = min_t(unsigned int, insn->op_size, 4);

	return l1_intercepts(s, INTERCEPT_IOIO_PROT) &&
	       svm_nested_wants_port(s, port, size);
}

static bool insn_is_port(const struct emul_insn *insn)
{
	return !insn->map && ((insn->opcode & 0xfc) == 0x6c ||
			      (insn->opcode & 0xf4) == 0xe4);
}

bool svm_nested_intercepts(struct x86_vcpu *v, const struct emul_insn *insn)
{
	struct svm_vcpu *s = to_svm(v);
	unsigned int i;

	if (insn_is_port(insn))
		return port_is_intercepted(s, insn);
	if (insn->map == 1 && (insn->opcode & 0xfc) == OPCODE_MOV_FROM_CR)
		return mov_is_intercepted(s, insn);
	if (insn->map == 1 && (insn->opcode == OPCODE_WRMSR ||
			       insn->opcode == OPCODE_RDMSR))
		return l1_intercepts(s, INTERCEPT_MSR_PROT) &&
		       svm_nested_wants_msr(s, insn->opcode == OPCODE_WRMSR);
	if (insn->map == 1 && insn->opcode == OPCODE_GROUP_7 && insn->modrm < 0xc0 &&
	    table_bits[insn->modrm >> 3 & 7] &&
	    l1_intercepts(s, table_bits[insn->modrm >> 3 & 7]))
		return true;
	for (i = 0; i < ARRAY_SIZE(insn_rows); i++)
		if (row_fits(&insn_rows[i], insn) &&
		    l1_intercepts(s, insn_rows[i].bit))
			return true;
	return false;
}

/* The processor asks when it has checked the new TSS, too, and RIP stays (15.14.1). */
bool svm_nested_task(struct x86_vcpu *v, const struct emul_task *t,
		     const struct emul_insn *insn)
{
	const struct x86_event event = {
		.kind = insn->opcode == OPCODE_INT ? EVENT_SOFT : EVENT_EXCEPTION,
		.vector = t->vector,
	};
	struct svm_vcpu *s = to_svm(v);
	struct svm_nested_vmexit *e = &s->nested->second;

	if (!l1_intercepts(s, INTERCEPT_TASK_SWITCH))
		return false;
	*e = (struct svm_nested_vmexit){
		.code = SVM_EXIT_TASK_SWITCH,
		.info = { t->selector },
	};
	if (t->source == TASK_INT)
		e->int_info = svm_event_form(&event);
	else if (t->source == TASK_IRET)
		e->info[1] = TASK_INFO_IRET;
	else if (t->source == TASK_JMP)
		e->info[1] = TASK_INFO_JMP;
	v->events.to_l1 = (struct x86_event){ .kind = EVENT_SECOND };
	return true;
}
