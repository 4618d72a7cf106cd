// SPDX-License-Identifier: GPL-2.0-only
/* Which of L2's exits L1 gets, and what L0 does with the others (SDM vol. 3, 26.1, 26.2). */
#include <asm/processor-flags.h>
#include <asm/traps.h>

#include "emul/opcode.h"
#include "emul/task.h"
#include "vmx/cpu.h"
#include "vmx/nested.h"
#include "vmx/nested_parts.h"
#include "vmx/ops.h"

/* ------------------------------------------------------------------------ */
/* By exit reason. */

enum who {
	WHO_L0 = 0,	/* the host's, or an exit that only L0 has asked for */
	WHO_L1,		/* every processor exits */
	WHO_CPU,	/* L1's, if it has set one of the primary controls */
	WHO_CPU2,	/* likewise of the secondary ones */
	WHO_CODE,	/* reason_is_l1s() */
};

struct reason_row {
	u8 who;
	u32 bits;
};

#define REASONS			(EXIT_REASON_NOTIFY + 1)

static const struct reason_row reason_rows[REASONS] = {
	[EXIT_REASON_EXCEPTION_NMI]	= { WHO_CODE },
	[EXIT_REASON_TRIPLE_FAULT]	= { WHO_L1 },
	[EXIT_REASON_INTERRUPT_WINDOW]	= { WHO_CPU, CPU_BASED_INTR_WINDOW_EXITING },
	[EXIT_REASON_NMI_WINDOW]	= { WHO_CPU, CPU_BASED_NMI_WINDOW_EXITING },
	[EXIT_REASON_TASK_SWITCH]	= { WHO_L1 },
	[EXIT_REASON_CPUID]		= { WHO_L1 },
	[EXIT_REASON_GETSEC]		= { WHO_L1 },
	[EXIT_REASON_HLT]		= { WHO_CPU, CPU_BASED_HLT_EXITING },
	[EXIT_REASON_INVD]		= { WHO_L1 },
	[EXIT_REASON_INVLPG]		= { WHO_CPU, CPU_BASED_INVLPG_EXITING },
	[EXIT_REASON_RDPMC]		= { WHO_CPU, CPU_BASED_RDPMC_EXITING },
	[EXIT_REASON_RDTSC]		= { WHO_CPU, CPU_BASED_RDTSC_EXITING },
	[EXIT_REASON_RSM]		= { WHO_L1 },
	[EXIT_REASON_VMCALL ... EXIT_REASON_VMPTRST] = { WHO_L1 },
	[EXIT_REASON_VMREAD]		= { WHO_CODE },
	[EXIT_REASON_VMRESUME]		= { WHO_L1 },
	[EXIT_REASON_VMWRITE]		= { WHO_CODE },
	[EXIT_REASON_VMOFF ... EXIT_REASON_VMON] = { WHO_L1 },
	[EXIT_REASON_CR_ACCESS]		= { WHO_CODE },
	[EXIT_REASON_DR_ACCESS]		= { WHO_CPU, CPU_BASED_MOV_DR_EXITING },
	[EXIT_REASON_IO_INSTRUCTION]	= { WHO_CODE },
	[EXIT_REASON_MSR_READ]		= { WHO_CODE },
	[EXIT_REASON_MSR_WRITE]		= { WHO_CODE },
	[EXIT_REASON_MWAIT_INSTRUCTION]	= { WHO_CPU, CPU_BASED_MWAIT_EXITING },
	[EXIT_REASON_MONITOR_TRAP_FLAG]	= { WHO_CODE },
	[EXIT_REASON_MONITOR_INSTRUCTION] = { WHO_CPU, CPU_BASED_MONITOR_EXITING },
	[EXIT_REASON_PAUSE_INSTRUCTION]	= { WHO_CPU, CPU_BASED_PAUSE_EXITING },
	[EXIT_REASON_APIC_ACCESS]	= { WHO_CODE },
	[EXIT_REASON_GDTR_IDTR]		= { WHO_CPU2, SECONDARY_EXEC_DESC },
	[EXIT_REASON_LDTR_TR]		= { WHO_CPU2, SECONDARY_EXEC_DESC },
	[EXIT_REASON_INVEPT]		= { WHO_L1 },
	[EXIT_REASON_RDTSCP]		= { WHO_CPU, CPU_BASED_RDTSC_EXITING },
	[EXIT_REASON_INVVPID]		= { WHO_L1 },
	[EXIT_REASON_WBINVD]		= { WHO_CPU2, SECONDARY_EXEC_WBINVD_EXITING },
	[EXIT_REASON_XSETBV]		= { WHO_L1 },
	[EXIT_REASON_INVPCID]		= { WHO_CPU, CPU_BASED_INVLPG_EXITING },
	/* L1's, unless nested_vmfunc.c can do it. */
	[EXIT_REASON_VMFUNC]		= { WHO_L0 },
};

static bool l1_wants_port(struct vmx_vcpu *s, u16 port, unsigned int size)
{
	const struct vmcs12 *c = s->nested->c;
	u32 last = port + size - 1;
	gpa_t map;
	u8 byte;

	if (!l1_cpu(s, CPU_BASED_USE_IO_BITMAPS))
		return l1_cpu(s, CPU_BASED_UNCOND_IO_EXITING);
	/* Around the end of the ports: always (25.1.3). */
	if (last > 0xffff)
		return true;
	for (; port <= last; port++) {
		map = port & BIT(15) ? c->io_bitmap_b : c->io_bitmap_a;
		/* What cannot be read is not allowed. */
		if (kvm_nested_read(&s->x86, map + (port & 0x7fff) / 8, &byte, 1) ||
		    (byte & BIT(port % 8)))
			return true;
		if (port == 0xffff)
			break;
	}
	return false;
}

/* Table 28-3. */
#define CR_NUMBER(q)	((q) & 15)
#define CR_TYPE(q)	((q) >> 4 & 3)
#define CR_GPR(q)	((q) >> 8 & 15)
#define CR_LMSW(q)	((q) >> 16 & 0xffff)
enum { CR_MOV_TO, CR_MOV_FROM, CR_CLTS_INSN, CR_LMSW_INSN };

#define CR0_LMSW	(X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS)

static u64 cr_operand(struct x86_vcpu *v, u32 q)
{
	u8 nr = CR_GPR(q);
	u64 value = state_get(v, nr == GPR_RSP ? GRP_RSP : 0)->gpr[nr];

	return state_is_64bit_code(v) ? value : (u32)value;
}

/* What an instruction would make of a CR0 or CR4 that is @old. */
static u64 cr_result(struct x86_vcpu *v, u32 q, u64 old)
{
	switch (CR_TYPE(q)) {
	case CR_CLTS_INSN:
		return old & ~X86_CR0_TS;
	case CR_LMSW_INSN:
		/* It does not clear PE. */
		return (old & ~(u64)(CR0_LMSW & ~X86_CR0_PE)) | (CR_LMSW(q) & CR0_LMSW);
	default:
		return cr_operand(v, q);
	}
}

static u64 cr_mask(const struct vmcs12 *c, u32 q)
{
	return CR_NUMBER(q) ? c->cr4_guest_host_mask : c->cr0_guest_host_mask;
}

/* 26.1.3: what differs from the shadow where the mask is. */
static bool l1_wants_cr_write(struct vmx_vcpu *s, u32 q)
{
	const struct vmcs12 *c = s->nested->c;
	u64 shadow = CR_NUMBER(q) ? c->cr4_read_shadow : c->cr0_read_shadow;

	return (cr_result(&s->x86, q, shadow) ^ shadow) & cr_mask(c, q);
}

static bool l1_wants_cr(struct vmx_vcpu *s, u32 q)
{
	bool from = CR_TYPE(q) == CR_MOV_FROM;

	switch (CR_NUMBER(q)) {
	case 3:
		return l1_cpu(s, from ? CPU_BASED_CR3_STORE_EXITING :
					CPU_BASED_CR3_LOAD_EXITING);
	case 8:
		return l1_cpu(s, from ? CPU_BASED_CR8_STORE_EXITING :
					CPU_BASED_CR8_LOAD_EXITING);
	default:
		return l1_wants_cr_write(s, q);
	}
}

static bool reason_is_l1s(struct vmx_vcpu *s, const struct x86_exit *exit)
{
	switch (s->reason) {
	case EXIT_REASON_EXCEPTION_NMI:
		/* NMIs and machine checks are the host's; shadow tables' faults the MMU's. */
		return exit->kind == X86_EXIT_EXCEPTION &&
		       !kvm_nested_keeps(&s->x86, exit->exc.vector) &&
		       vmx_nested_wants_exception(s, exit->exc.vector, exit->exc.error);
	case EXIT_REASON_MONITOR_TRAP_FLAG:
		/* Or it has injected one. */
		return l1_cpu(s, CPU_BASED_MONITOR_TRAP_FLAG) ||
		       s->nested->soft.type == INTR_TYPE_OTHER_EVENT;
	case EXIT_REASON_CR_ACCESS:
		return l1_wants_cr(s, vmcs_read(EXIT_QUALIFICATION));
	case EXIT_REASON_VMREAD:
	case EXIT_REASON_VMWRITE:
		return !vmx_nested_shadows(s, s->reason);
	case EXIT_REASON_IO_INSTRUCTION:
		return l1_wants_port(s, exit->io.port, exit->io.size);
	case EXIT_REASON_APIC_ACCESS:
		/* Without EPT L2 has L1's addresses, and may come to the LAPIC of L1. */
		return vmx_nested_has_page(s) && vmx_nested_page_exits(s);
	default:
		return vmx_nested_wants_msr(s, s->reason == EXIT_REASON_MSR_WRITE);
	}
}

static bool l1_wants_exit(struct vmx_vcpu *s, const struct x86_exit *exit)
{
	const struct reason_row *row;

	if (s->reason >= REASONS)
		return false;
	row = &reason_rows[s->reason];
	switch (row->who) {
	case WHO_L1:
		return true;
	case WHO_CPU:
		return l1_cpu(s, row->bits);
	case WHO_CPU2:
		return l1_cpu2(s, row->bits);
	case WHO_CODE:
		return reason_is_l1s(s, exit);
	default:
		return false;
	}
}

/* As the processor tells it; our own bookkeeping since then is void. */
static void exit_by_hardware(struct vmx_vcpu *s)
{
	const struct vmx_nested_exit e = {
		.reason = s->reason,
		.qualification = vmcs_read(EXIT_QUALIFICATION),
		.la = vmcs_read(GUEST_LINEAR_ADDRESS),
		.gpa = vmx_features.ept ? vmcs_read(GUEST_PHYSICAL_ADDRESS) : 0,
		.info = vmcs_read(VM_EXIT_INTR_INFO),
		.error = vmcs_read(VM_EXIT_INTR_ERROR_CODE),
		.vectoring = vmcs_read(IDT_VECTORING_INFO_FIELD),
		.vectoring_error = vmcs_read(IDT_VECTORING_ERROR_CODE),
		.insn_len = vmcs_read(VM_EXIT_INSTRUCTION_LEN),
		.insn_info = vmcs_read(VMX_INSTRUCTION_INFO),
	};
	struct x86_state *st = &s->x86.state;

	st->valid &= ~(GRP_RIP | GRP_SHADOW);
	st->dirty &= ~(GRP_RIP | GRP_SHADOW);
	if (vmx_features.vnmi)
		vmx_intr_set(s, vmcs_read(GUEST_INTERRUPTIBILITY_INFO));
	vmx_nested_vmexit(s, &e);
}

/* ------------------------------------------------------------------------ */
/* What L0 does for L2 in another way than for L1. */

static void insn_done(struct x86_vcpu *v, const struct x86_exit *exit, int err)
{
	if (err)
		kvm_event_exception(v, X86_TRAP_GP, 0);
	else
		kvm_nested_skip_to(v, exit->next_rip);
}

/* Bits of the mask keep what they are. */
static void cr_write(struct vmx_vcpu *s, const struct x86_exit *exit, u32 q)
{
	struct x86_vcpu *v = &s->x86;
	u64 old = CR_NUMBER(q) ? state_get(v, GRP_CR4)->cr4 : state_get(v, GRP_CR0)->cr0;
	u64 mask = cr_mask(s->nested->c, q);

	insn_done(v, exit, kvm_nested_cr(v, CR_NUMBER(q), (old & mask) |
					 (cr_result(v, q, old) & ~mask)));
}

/* MOV to and from CR8, with L1's TPR shadow. */
static void tpr_access(struct vmx_vcpu *s, const struct x86_exit *exit, u32 q)
{
	struct x86_vcpu *v = &s->x86;
	u64 value;

	if (CR_TYPE(q) == CR_MOV_FROM) {
		state_set(v, CR_GPR(q) == GPR_RSP ? GRP_RSP : 0)->gpr[CR_GPR(q)] =
			vmx_nested_cr8_get(s);
		insn_done(v, exit, 0);
		return;
	}
	value = cr_operand(v, q);
	insn_done(v, exit, value > 15 ? -EINVAL : 0);
	if (value <= 15)
		vmx_nested_cr8_set(s, value);
}

/* Return: true: it is done. */
static bool cr_exit_l2(struct vmx_vcpu *s, const struct x86_exit *exit)
{
	u32 q = vmcs_read(EXIT_QUALIFICATION);

	if (CR_NUMBER(q) == 8 && l1_cpu(s, CPU_BASED_TPR_SHADOW))
		tpr_access(s, exit, q);
	else if ((CR_NUMBER(q) == 0 || CR_NUMBER(q) == 4) && CR_TYPE(q) != CR_MOV_FROM)
		cr_write(s, exit, q);
	else
		return false;
	return true;
}

/* Windows that are open in HLT, too, NMIs' before interrupts' (27.7.5, 27.7.6). */
static u32 halted_window(struct vmx_vcpu *s)
{
	if (l1_cpu(s, CPU_BASED_NMI_WINDOW_EXITING) &&
	    !(vmx_intr_get(s) & GUEST_INTR_STATE_NMI))
		return EXIT_REASON_NMI_WINDOW;
	if (l1_cpu(s, CPU_BASED_INTR_WINDOW_EXITING) &&
	    (state_get(&s->x86, GRP_RFLAGS)->rflags & X86_EFLAGS_IF))
		return EXIT_REASON_INTERRUPT_WINDOW;
	return 0;
}

bool vmx_nested_halt_ends(struct vmx_vcpu *s)
{
	const struct vmx_nested_exit e = { .reason = halted_window(s) };

	if (!e.reason || s->x86.nested.due)
		return false;
	s->x86.nested.woken = true;
	vmx_nested_vmexit(s, &e);
	return true;
}

/* A step's trap would come before the window. */
static bool hlt_exit_l2(struct vmx_vcpu *s, const struct x86_exit *exit)
{
	struct x86_vcpu *v = &s->x86;

	if (!halted_window(s) || debug_steps(v) ||
	    (state_get(v, GRP_RFLAGS)->rflags & X86_EFLAGS_TF))
		return false;
	kvm_nested_skip_to(v, exit->next_rip);
	return vmx_nested_halt_ends(s);
}

/* The processor does not take L2's state: L1's fault at once, userspace's later. */
static void entry_refused(struct vmx_vcpu *s)
{
	const struct vmx_nested_exit dead = { .reason = EXIT_REASON_TRIPLE_FAULT };
	struct vmx_nested *n = s->nested;

	if (n->entering == ENTERING_NOT) {
		vmx_nested_vmexit(s, &dead);
		return;
	}
	if (n->entering == ENTERING_FIRST)
		n->c->launch_state = VMCS12_CLEAR;
	vmx_nested_entry_failed(s, EXIT_REASON_INVALID_STATE, vmcs_read(EXIT_QUALIFICATION));
}

bool vmx_nested_exit(struct x86_vcpu *v, struct x86_exit *exit)
{
	struct vmx_vcpu *s = to_vmx(v);

	v->nested.woken = false;
	if (unlikely(vmx_entry_failed(s))) {
		if (s->reason == VMX_REFUSED || (u16)s->reason != EXIT_REASON_INVALID_STATE)
			return false;
		entry_refused(s);
		return true;
	}
	s->nested->entering = ENTERING_NOT;
	if (l1_wants_exit(s, exit)) {
		exit_by_hardware(s);
		return true;
	}
	switch (s->reason) {
	case EXIT_REASON_HLT:
		return hlt_exit_l2(s, exit);
	case EXIT_REASON_VMFUNC:
		if (!vmx_nested_vmfunc(s, exit))
			exit_by_hardware(s);
		return true;
	case EXIT_REASON_VMREAD:
	case EXIT_REASON_VMWRITE:
		vmx_nested_shadow_insn(s, exit);
		return true;
	case EXIT_REASON_CR_ACCESS:
		return cr_exit_l2(s, exit);
	case EXIT_REASON_APIC_ACCESS:
		/* What L2's address is for L1 is found out by the walk. */
		if (vmx_nested_has_page(s))
			exit->kind = X86_EXIT_EMULATE;
		return false;
	case EXIT_REASON_MSR_READ:
		return vmx_nested_apic_rdmsr(s, exit);
	case EXIT_REASON_MSR_WRITE:
		return vmx_nested_apic_wrmsr(s, exit);
	default:
		return false;
	}
}

/* ------------------------------------------------------------------------ */
/* Instructions that x86 executes for L2: those whose exits could be L1's. */

#define MODRM_MOD(insn)	((insn)->modrm >> 6)
#define MODRM_REG(insn)	((insn)->modrm >> 3 & 7)

static bool wants_io(struct vmx_vcpu *s, const struct emul_insn *insn)
{
	bool string = (insn->opcode & 0xfc) == 0x6c;
	u16 port = string || (insn->opcode & 8) ? s->x86.state.gpr[GPR_RDX] : insn->imm;

	return l1_wants_port(s, port, min_t(unsigned int, insn->op_size, 4));
}

static bool wants_one_byte(struct vmx_vcpu *s, const struct emul_insn *insn)
{
	if ((insn->opcode & 0xfc) == 0x6c || (insn->opcode & 0xf4) == 0xe4)
		return wants_io(s, insn);
	if (insn->opcode == 0x90)
		return insn->rep == 0xf3 && l1_cpu(s, CPU_BASED_PAUSE_EXITING);
	return insn->opcode == 0xf4 && l1_cpu(s, CPU_BASED_HLT_EXITING);
}

/* MOV to and from CRs by what the exit would tell; CR2 is L2's.  A TPR shadow is not x86's. */
static bool wants_mov_cr(struct vmx_vcpu *s, const struct emul_insn *insn)
{
	u32 nr = MODRM_REG(insn) | (insn->rex & 4 ? 8 : 0);
	u32 gpr = (insn->modrm & 7) | (insn->rex & 1 ? 8 : 0);

	if (nr == 8 && l1_cpu(s, CPU_BASED_TPR_SHADOW))
		return true;
	if (insn->opcode == OPCODE_MOV_FROM_CR)
		return (nr == 3 || nr == 8) && l1_wants_cr(s, nr | CR_MOV_FROM << 4);
	return nr != 2 && l1_wants_cr(s, nr | gpr << 8);
}

/* 0F 01: LMSW of a word in memory comes to the processor where L1 has a mask. */
static bool wants_group_7(struct vmx_vcpu *s, const struct emul_insn *insn)
{
	u64 mask = s->nested->c->cr0_guest_host_mask & CR0_LMSW;
	bool memory = MODRM_MOD(insn) != 3;

	if (MODRM_REG(insn) == 6)
		return mask;
	if (memory)
		return MODRM_REG(insn) == 7 ? l1_cpu(s, CPU_BASED_INVLPG_EXITING) :
		       MODRM_REG(insn) < 4 && l1_cpu2(s, SECONDARY_EXEC_DESC);
	switch (insn->modrm) {
	case 0xc8:
		return l1_cpu(s, CPU_BASED_MONITOR_EXITING);
	case 0xc9:
		return l1_cpu(s, CPU_BASED_MWAIT_EXITING);
	case 0xd1:	/* XSETBV */
		return true;
	case 0xf9:	/* RDTSCP */
		return l1_cpu(s, CPU_BASED_RDTSC_EXITING);
	default:
		return false;
	}
}

bool vmx_nested_intercepts(struct x86_vcpu *v, const struct emul_insn *insn)
{
	struct vmx_vcpu *s = to_vmx(v);

	if (!insn->map)
		return wants_one_byte(s, insn);
	if (insn->map == 2)	/* INVPCID */
		return insn->opcode == 0x82 && l1_cpu(s, CPU_BASED_INVLPG_EXITING);
	if (insn->map != 1)
		return false;
	switch (insn->opcode) {
	case 0x00:	/* SLDT, STR, LLDT, LTR */
		return MODRM_REG(insn) < 4 && l1_cpu2(s, SECONDARY_EXEC_DESC);
	case OPCODE_GROUP_7:
		return wants_group_7(s, insn);
	case 0x06:
		return l1_wants_cr(s, CR_CLTS_INSN << 4);
	case 0x08: case 0xa2:	/* INVD, CPUID */
		return true;
	case 0x09:
		return l1_cpu2(s, SECONDARY_EXEC_WBINVD_EXITING);
	case OPCODE_MOV_FROM_CR: case OPCODE_MOV_TO_CR:
		return wants_mov_cr(s, insn);
	case OPCODE_WRMSR: case OPCODE_RDMSR:
		return vmx_nested_apic_has_msr(s, insn->opcode == OPCODE_WRMSR) ||
		       vmx_nested_wants_msr(s, insn->opcode == OPCODE_WRMSR);
	case 0x31:
		return l1_cpu(s, CPU_BASED_RDTSC_EXITING);
	case 0x33:
		return l1_cpu(s, CPU_BASED_RDPMC_EXITING);
	case OPCODE_MOV_FROM_DR: case OPCODE_MOV_TO_DR:
		return l1_cpu(s, CPU_BASED_MOV_DR_EXITING);
	default:
		return false;
	}
}

/*
 * Whatever L1 has asked for, and when the new TSS has been checked, with RIP at the
 * instruction (26.1.2, 26.4.2).  What goes through the IDT is told as an event whose
 * delivery was interrupted (28.2.4).
 */
bool vmx_nested_task(struct x86_vcpu *v, const struct emul_task *t,
		     const struct emul_insn *insn)
{
	static const u8 sources[] = {
		[TASK_CALL] = 0, [TASK_IRET] = 1, [TASK_JMP] = 2, [TASK_INT] = 3,
	};
	struct vmx_nested_exit *e = &to_vmx(v)->nested->second;

	*e = (struct vmx_nested_exit){
		.reason = EXIT_REASON_TASK_SWITCH,
		.qualification = t->selector |
				 (u32)sources[t->source] << VMX_TASK_SOURCE_SHIFT,
		.insn_len = insn->len,
	};
	if (t->source == TASK_INT)
		e->vectoring = VECTORING_INFO_VALID_MASK | t->vector |
			       (insn->opcode == OPCODE_INT ? INTR_TYPE_SOFT_INTR :
							     INTR_TYPE_SOFT_EXCEPTION);
	v->events.to_l1 = (struct x86_event){ .kind = EVENT_SECOND };
	return true;
}
