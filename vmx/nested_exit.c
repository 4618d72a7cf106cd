// SPDX-License-Identifier: GPL-2.0-only
/* Which of L2's exits and events L1 gets (SDM vol. 3, 26.1, 26.2). */
#include <asm/msr.h>
#include <asm/processor-flags.h>
#include <asm/traps.h>

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

#define EXIT_REASON_GETSEC	11
#define EXIT_REASON_RSM		17
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
	[EXIT_REASON_GDTR_IDTR]		= { WHO_CPU2, SECONDARY_EXEC_DESC },
	[EXIT_REASON_LDTR_TR]		= { WHO_CPU2, SECONDARY_EXEC_DESC },
	[EXIT_REASON_INVEPT]		= { WHO_L1 },
	[EXIT_REASON_RDTSCP]		= { WHO_CPU, CPU_BASED_RDTSC_EXITING },
	[EXIT_REASON_INVVPID]		= { WHO_L1 },
	[EXIT_REASON_WBINVD]		= { WHO_CPU2, SECONDARY_EXEC_WBINVD_EXITING },
	[EXIT_REASON_XSETBV]		= { WHO_L1 },
	[EXIT_REASON_INVPCID]		= { WHO_CPU, CPU_BASED_INVLPG_EXITING },
	[EXIT_REASON_VMFUNC]		= { WHO_L1 },
};

/* 25.6.3 */
static bool l1_wants_exception(const struct vmx_vcpu *s, u8 vector, u32 error)
{
	const struct vmcs12 *c = s->nested->c;
	bool bit = c->exception_bitmap & BIT(vector);

	if (vector != X86_TRAP_PF)
		return bit;
	return bit == ((error & c->page_fault_error_code_mask) ==
		       c->page_fault_error_code_match);
}

/* A #DB or INT3 that userspace's debugging of the vCPU is about. */
static bool is_debugging(const struct x86_vcpu *v, const struct x86_exit *exit)
{
	u8 vector = exit->exc.vector;

	return (vector == X86_TRAP_DB && (debug_steps(v) || debug_has_breakpoints(v))) ||
	       (vector == X86_TRAP_BP && debug_takes_int3(v));
}

static bool l1_wants_port(struct vmx_vcpu *s, u16 port, unsigned int size)
{
	const struct vmcs12 *c = s->nested->c;
	gpa_t map = port & BIT(15) ? c->io_bitmap_b : c->io_bitmap_a;
	u32 last = port + size - 1;
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

static bool l1_wants_cr(struct vmx_vcpu *s)
{
	u32 q = vmcs_read(EXIT_QUALIFICATION);
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
		return exit->kind == X86_EXIT_EXCEPTION && !is_debugging(&s->x86, exit) &&
		       l1_wants_exception(s, exit->exc.vector, exit->exc.error);
	case EXIT_REASON_MONITOR_TRAP_FLAG:
		/* Or it has injected one. */
		return l1_cpu(s, CPU_BASED_MONITOR_TRAP_FLAG) ||
		       s->nested->soft.type == INTR_TYPE_OTHER_EVENT;
	case EXIT_REASON_CR_ACCESS:
		return l1_wants_cr(s);
	case EXIT_REASON_VMREAD:
	case EXIT_REASON_VMWRITE:
		return !vmx_nested_shadows(s, s->reason);
	case EXIT_REASON_IO_INSTRUCTION:
		return l1_wants_port(s, exit->io.port, exit->io.size);
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

#define VTPR	0x80	/* in a virtual-APIC page */

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

static void tpr_below(struct vmx_vcpu *s)
{
	const struct vmx_nested_exit e = { .reason = EXIT_REASON_TPR_BELOW_THRESHOLD };

	vmx_nested_vmexit(s, &e);
}

/* 30.3: MOV to and from CR8 in L1's virtual-APIC page. */
static void tpr_access(struct vmx_vcpu *s, const struct x86_exit *exit, u32 q)
{
	const struct vmcs12 *c = s->nested->c;
	struct x86_vcpu *v = &s->x86;
	gpa_t at = c->virtual_apic_page_addr + VTPR;
	u8 tpr = 0;
	u64 value;

	if (CR_TYPE(q) == CR_MOV_FROM) {
		kvm_nested_read(v, at, &tpr, 1);
		state_set(v, CR_GPR(q) == GPR_RSP ? GRP_RSP : 0)->gpr[CR_GPR(q)] = tpr >> 4;
		insn_done(v, exit, 0);
		return;
	}
	value = cr_operand(v, q);
	if (value > 15) {
		insn_done(v, exit, -EINVAL);
		return;
	}
	tpr = value << 4;
	kvm_nested_write(v, at, &tpr, 1);
	insn_done(v, exit, 0);
	if (value < (c->tpr_threshold & 15))
		tpr_below(s);
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

/* RDMSR of the counter obeys L1's offset, WRMSR does not (26.3). */
static bool tsc_exit_l2(struct vmx_vcpu *s, const struct x86_exit *exit)
{
	u64 tsc = rdtsc() + s->x86.state.tsc_offset + vmx_nested_tsc_offset(s);
	u64 *gpr = s->x86.state.gpr;

	if ((u32)gpr[GPR_RCX] != MSR_IA32_TSC || state_get(&s->x86, GRP_CPL)->cpl)
		return false;
	gpr[GPR_RAX] = (u32)tsc;
	gpr[GPR_RDX] = tsc >> 32;
	kvm_nested_skip_to(&s->x86, exit->next_rip);
	return true;
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
	case EXIT_REASON_VMREAD:
	case EXIT_REASON_VMWRITE:
		vmx_nested_shadow_insn(s, exit);
		return true;
	case EXIT_REASON_CR_ACCESS:
		return cr_exit_l2(s, exit);
	case EXIT_REASON_MSR_READ:
		return tsc_exit_l2(s, exit);
	default:
		return false;
	}
}

/* ------------------------------------------------------------------------ */
/* Instructions that x86 executes for L2: those whose exits could be L1's. */

bool vmx_nested_intercepts(struct x86_vcpu *v, const struct emul_insn *insn)
{
	struct vmx_vcpu *s = to_vmx(v);
	u16 port = insn->opcode & 8 ? v->state.gpr[GPR_RDX] : insn->imm;

	if (!insn->map && ((insn->opcode & 0xfc) == 0x6c || (insn->opcode & 0xf4) == 0xe4))
		return l1_wants_port(s, (insn->opcode & 0xfc) == 0x6c ?
				     v->state.gpr[GPR_RDX] : port,
				     min_t(unsigned int, insn->op_size, 4));
	if (!insn->map)
		return insn->opcode == 0xf4 && l1_cpu(s, CPU_BASED_HLT_EXITING);
	if (insn->map != 1)
		return false;
	switch (insn->opcode) {
	case 0x08: case 0xa2:	/* INVD, CPUID */
		return true;
	case 0x09:
		return l1_cpu2(s, SECONDARY_EXEC_WBINVD_EXITING);
	case 0x30: case 0x32:
		return vmx_nested_wants_msr(s, insn->opcode == 0x30);
	case 0x31:
		return l1_cpu(s, CPU_BASED_RDTSC_EXITING);
	case 0x33:
		return l1_cpu(s, CPU_BASED_RDPMC_EXITING);
	case 0x21: case 0x23:
		return l1_cpu(s, CPU_BASED_MOV_DR_EXITING);
	default:
		return false;
	}
}

/* ------------------------------------------------------------------------ */
/* Events. */

bool vmx_nested_wants(struct x86_vcpu *v, const struct x86_event *ev)
{
	const struct vmx_vcpu *s = to_vmx(v);

	switch (ev->kind) {
	case EVENT_EXCEPTION:
		return l1_wants_exception(s, ev->vector, ev->error);
	case EVENT_NMI:
		return l1_pin(s, PIN_BASED_NMI_EXITING);
	case EVENT_INTERRUPT:
		return l1_pin(s, PIN_BASED_EXT_INTR_MASK);
	case EVENT_INIT:
	case EVENT_SHUTDOWN:
	case EVENT_TIMER:
		return true;
	default:
		return false;
	}
}

/* IDT-vectoring information: an event was on its way in, and is L1's to bring there. */
static void vectoring_fill(struct vmx_vcpu *s, struct vmx_nested_exit *e)
{
	const struct x86_event *ev = &s->x86.events.injected;
	u32 type;

	switch (ev->kind) {
	case EVENT_EXCEPTION:
		type = INTR_TYPE_HARD_EXCEPTION;
		break;
	case EVENT_NMI:
		type = INTR_TYPE_NMI_INTR;
		break;
	case EVENT_INTERRUPT:
		type = INTR_TYPE_EXT_INTR;
		break;
	case EVENT_SOFT_NEXT:
		type = s->nested->soft.type;
		e->insn_len = s->nested->soft.len;
		break;
	default:
		return;
	}
	e->vectoring = VECTORING_INFO_VALID_MASK | type | ev->vector;
	if (ev->has_error) {
		e->vectoring |= VECTORING_INFO_DELIVER_CODE_MASK;
		e->vectoring_error = ev->error;
	}
}

static void exception_fill(struct vmx_vcpu *s, const struct x86_event *ev,
			   struct vmx_nested_exit *e)
{
	const struct x86_events *events = &s->x86.events;
	u32 type = INTR_TYPE_HARD_EXCEPTION;

	if (ev->vector == X86_TRAP_BP || ev->vector == X86_TRAP_OF) {
		type = INTR_TYPE_SOFT_EXCEPTION;
		e->insn_len = ev->insn_len;
	}
	e->reason = EXIT_REASON_EXCEPTION_NMI;
	e->info = INTR_INFO_VALID_MASK | type | ev->vector;
	if (ev->has_error) {
		e->info |= INTR_INFO_DELIVER_CODE_MASK;
		e->error = ev->error;
	}
	if (ev->vector == X86_TRAP_PF)
		e->qualification = events->has_payload ? events->payload :
				   state_get(&s->x86, GRP_CR2)->cr2;
	else if (ev->vector == X86_TRAP_DB && events->has_payload)
		e->qualification = events->payload;
}

static void interrupt_fill(struct vmx_vcpu *s, struct vmx_nested_exit *e)
{
	int vector;

	e->reason = EXIT_REASON_EXTERNAL_INTERRUPT;
	if (!(s->nested->c->vm_exit_controls & VM_EXIT_ACK_INTR_ON_EXIT))
		return;
	vector = kvm_nested_interrupt(&s->x86);
	if (vector >= 0)
		e->info = INTR_INFO_VALID_MASK | INTR_TYPE_EXT_INTR | vector;
}

void vmx_nested_exit_event(struct x86_vcpu *v, const struct x86_event *ev)
{
	struct vmx_vcpu *s = to_vmx(v);
	struct vmx_nested_exit e = { };

	switch (ev->kind) {
	case EVENT_EXCEPTION:
		exception_fill(s, ev, &e);
		break;
	case EVENT_NMI:
		e.reason = EXIT_REASON_EXCEPTION_NMI;
		e.info = INTR_INFO_VALID_MASK | INTR_TYPE_NMI_INTR | X86_TRAP_NMI;
		v->events.nmi_pending--;
		break;
	case EVENT_INTERRUPT:
		interrupt_fill(s, &e);
		break;
	case EVENT_INIT:
		e.reason = EXIT_REASON_INIT_SIGNAL;
		kvm_nested_init_taken(v);
		break;
	case EVENT_TIMER:
		e.reason = EXIT_REASON_PREEMPTION_TIMER;
		break;
	case EVENT_SHUTDOWN:
		e.reason = EXIT_REASON_TRIPLE_FAULT;
		break;
	case EVENT_SECOND:
		e = s->nested->second;
		break;
	}
	vectoring_fill(s, &e);
	vmx_nested_vmexit(s, &e);
}

/* ------------------------------------------------------------------------ */
/* L1's EPT: table 28-7. */

#define QUALIFICATION_NMI	BIT(12)
#define QUALIFICATION_HW	(EPT_VIOLATION_GVA_IS_VALID | EPT_VIOLATION_GVA_TRANSLATED)

static u64 violation(const struct vmx_vcpu *s, const struct mmu_guest_fault *f)
{
	bool by_hardware = !f->has_la && s->reason == EXIT_REASON_EPT_VIOLATION;
	u64 q = (f->rights & 7) << 3;

	if (f->error & PF_WRITE)
		q |= EPT_VIOLATION_ACC_WRITE;
	if (f->error & PF_FETCH)
		q |= EPT_VIOLATION_ACC_INSTR;
	if (!(q & (EPT_VIOLATION_ACC_WRITE | EPT_VIOLATION_ACC_INSTR)))
		q |= EPT_VIOLATION_ACC_READ;
	if (by_hardware)
		return q | (vmcs_read(EXIT_QUALIFICATION) &
			    (QUALIFICATION_HW | QUALIFICATION_NMI));
	if (f->has_la)
		q |= EPT_VIOLATION_GVA_IS_VALID;
	if (f->error & PF_GUEST_FINAL)
		q |= EPT_VIOLATION_GVA_TRANSLATED;
	return q;
}

/* The exit has to wait until nobody is in the middle of something of L2's. */
void vmx_nested_fault(struct vmx_vcpu *s, const struct mmu_guest_fault *f)
{
	struct vmx_nested_exit *e = &s->nested->second;

	*e = (struct vmx_nested_exit){ .gpa = f->addr };
	if (f->misconfig) {
		e->reason = EXIT_REASON_EPT_MISCONFIG;
	} else {
		e->reason = EXIT_REASON_EPT_VIOLATION;
		e->qualification = violation(s, f);
		if (e->qualification & EPT_VIOLATION_GVA_IS_VALID)
			e->la = f->has_la ? f->la : vmcs_read(GUEST_LINEAR_ADDRESS);
	}
	s->x86.events.to_l1 = (struct x86_event){ .kind = EVENT_SECOND };
}
