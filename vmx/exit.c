// SPDX-License-Identifier: GPL-2.0-only
/* Why the guest was left (SDM vol. 3, 28.2 and appendix C). */
#include <linux/kernel.h>

#include <asm/processor-flags.h>
#include <asm/traps.h>

#include "vmx/cpu.h"
#include "vmx/nested.h"
#include "vmx/vmcs.h"
#include "x86/vcpu/interrupt.h"

#define EXIT_REASONS	(EXIT_REASON_NOTIFY + 1)

/*
 * Kinds by exit reason.  A reason without a row is not asked for; should it come all
 * the same, it is unknown.
 */
static const u8 exit_kinds[EXIT_REASONS] = {
	[0 ... EXIT_REASONS - 1]	= X86_EXIT_UNKNOWN,
	[EXIT_REASON_EXCEPTION_NMI]	= X86_EXIT_EXCEPTION,
	/* The host takes it when x86 lets interrupts in. */
	[EXIT_REASON_EXTERNAL_INTERRUPT] = X86_EXIT_NONE,
	[EXIT_REASON_TRIPLE_FAULT]	= X86_EXIT_SHUTDOWN,
	[EXIT_REASON_INIT_SIGNAL]	= X86_EXIT_NONE,
	[EXIT_REASON_SIPI_SIGNAL]	= X86_EXIT_NONE,
	[EXIT_REASON_INTERRUPT_WINDOW]	= X86_EXIT_INTR_WINDOW,
	[EXIT_REASON_NMI_WINDOW]	= X86_EXIT_NMI_WINDOW,
	[EXIT_REASON_TASK_SWITCH]	= X86_EXIT_TASK_SWITCH,
	[EXIT_REASON_CPUID]		= X86_EXIT_CPUID,
	[EXIT_REASON_GETSEC]		= X86_EXIT_UNDEFINED,
	[EXIT_REASON_HLT]		= X86_EXIT_HLT,
	/* Caches are written back where a device of the guest's bypasses them. */
	[EXIT_REASON_INVD]		= X86_EXIT_SKIP,
	[EXIT_REASON_WBINVD]		= X86_EXIT_SKIP,
	[EXIT_REASON_INVLPG]		= X86_EXIT_INVLPG,
	[EXIT_REASON_RDPMC]		= X86_EXIT_VENDOR,
	[EXIT_REASON_RSM]		= X86_EXIT_UNDEFINED,
	[EXIT_REASON_VMCALL]		= X86_EXIT_HYPERCALL,
	[EXIT_REASON_VMCLEAR ... EXIT_REASON_VMON] = X86_EXIT_VENDOR,
	[EXIT_REASON_INVEPT]		= X86_EXIT_VENDOR,
	[EXIT_REASON_INVVPID]		= X86_EXIT_VENDOR,
	[EXIT_REASON_VMFUNC]		= X86_EXIT_VENDOR,
	[EXIT_REASON_CR_ACCESS]		= X86_EXIT_CR,
	[EXIT_REASON_DR_ACCESS]		= X86_EXIT_DR,
	[EXIT_REASON_IO_INSTRUCTION]	= X86_EXIT_IO,
	[EXIT_REASON_MSR_READ]		= X86_EXIT_RDMSR,
	[EXIT_REASON_MSR_WRITE]		= X86_EXIT_WRMSR,
	[EXIT_REASON_MWAIT_INSTRUCTION]	= X86_EXIT_MWAIT,
	[EXIT_REASON_MONITOR_TRAP_FLAG]	= X86_EXIT_EXCEPTION,
	[EXIT_REASON_MONITOR_INSTRUCTION] = X86_EXIT_MONITOR,
	[EXIT_REASON_PAUSE_INSTRUCTION]	= X86_EXIT_PAUSE,
	[EXIT_REASON_TPR_BELOW_THRESHOLD] = X86_EXIT_NONE,
	[EXIT_REASON_APIC_ACCESS]	= X86_EXIT_APIC,
	[EXIT_REASON_EOI_INDUCED]	= X86_EXIT_EOI,
	[EXIT_REASON_APIC_WRITE]	= X86_EXIT_APIC_WRITE,
	[EXIT_REASON_EPT_VIOLATION]	= X86_EXIT_PAGE,
	[EXIT_REASON_EPT_MISCONFIG]	= X86_EXIT_PAGE,
	[EXIT_REASON_PREEMPTION_TIMER]	= X86_EXIT_TIMER,
	[EXIT_REASON_XSETBV]		= X86_EXIT_XSETBV,
	[EXIT_REASON_PML_FULL]		= X86_EXIT_NONE,
	[EXIT_REASON_INVPCID]		= X86_EXIT_INVPCID,
	[EXIT_REASON_ENCLS]		= X86_EXIT_UNDEFINED,
};

/* Kinds of exits that instructions cause, which then have a length. */
#define KINDS_OF_INSNS \
	(BIT(X86_EXIT_IO) | BIT(X86_EXIT_CPUID) | BIT(X86_EXIT_RDMSR) | \
	 BIT(X86_EXIT_WRMSR) | BIT(X86_EXIT_CR) | BIT(X86_EXIT_DR) | \
	 BIT(X86_EXIT_HLT) | BIT(X86_EXIT_HYPERCALL) | \
	 BIT(X86_EXIT_XSETBV) | BIT(X86_EXIT_MONITOR) | BIT(X86_EXIT_MWAIT) | \
	 BIT(X86_EXIT_SKIP) | BIT(X86_EXIT_PAUSE) | BIT(X86_EXIT_INVLPG) | \
	 BIT(X86_EXIT_INVPCID) | BIT(X86_EXIT_VENDOR))
static_assert(X86_EXIT_KINDS <= BITS_PER_LONG);

/*
 * Kinds whose handling touches nothing but the vCPU's own state: what the L1 data cache
 * holds after them the guest may know.
 */
#define KINDS_TIGHT \
	(BIT(X86_EXIT_NONE) | BIT(X86_EXIT_TIMER) | BIT(X86_EXIT_CPUID) | \
	 BIT(X86_EXIT_RDMSR) | \
	 BIT(X86_EXIT_WRMSR) | BIT(X86_EXIT_CR) | BIT(X86_EXIT_DR) | \
	 BIT(X86_EXIT_INTR_WINDOW) | BIT(X86_EXIT_NMI_WINDOW))

/* Only at the end of the address space does the size of the code segment matter. */
static u64 next_rip(struct x86_vcpu *v)
{
	u64 rip = state_get(v, GRP_RIP)->rip;
	u32 len = vmcs_read(VM_EXIT_INSTRUCTION_LEN);

	if (likely(!(((rip + len) ^ rip) >> 32)))
		return rip + len;
	return emul_rip_advance(state_is_64bit_code(v) ? EMUL_64 : EMUL_32, rip, len);
}

/*
 * The IRET that was interrupted has unmasked NMIs, and will come again.  In the middle of a
 * delivery, be it of INT n, what says so is undefined (28.2.3).
 */
static void nmi_mask_again(struct x86_vcpu *v)
{
	if (vmx_features.vnmi && !vmx_event_on_its_way())
		vmx_event_nmi_mask(v, true);
}

/* Bits of an EPT violation's qualification (SDM vol. 3, table 28-7). */
#define VIOLATION_NMI_UNBLOCKED	BIT(12)

static void decode_violation(struct x86_vcpu *v, struct x86_exit *exit)
{
	u64 q = vmcs_read(EXIT_QUALIFICATION);
	u64 error = 0;

	if (q & EPT_VIOLATION_ACC_WRITE)
		error |= PF_WRITE;
	if (q & EPT_VIOLATION_ACC_INSTR)
		error |= PF_FETCH;
	if (q & EPT_VIOLATION_RWX_MASK)
		error |= PF_PRESENT;
	if (q & EPT_VIOLATION_GVA_IS_VALID)
		error |= q & EPT_VIOLATION_GVA_TRANSLATED ? PF_GUEST_FINAL :
							    PF_GUEST_TABLE;
	exit->page.error = error;
	if (unlikely(q & VIOLATION_NMI_UNBLOCKED))
		nmi_mask_again(v);
}

/* The access comes again; of it nothing else is to be known (29.3.6). */
static void decode_pml_full(struct vmx_vcpu *s)
{
	if (unlikely(vmcs_read(EXIT_QUALIFICATION) & VIOLATION_NMI_UNBLOCKED))
		nmi_mask_again(&s->x86);
}

/* A misconfiguration is a device that the tables know: it tells no more. */
static void decode_page(struct vmx_vcpu *s, struct x86_exit *exit)
{
	exit->page.gpa = vmcs_read(GUEST_PHYSICAL_ADDRESS);
	if (s->reason == EXIT_REASON_EPT_MISCONFIG)
		exit->page.error = PF_PRESENT | PF_RSVD;
	else
		decode_violation(&s->x86, exit);
}

/* Table 28-6.  How long the instruction is, the processor does not tell (28.2.5). */
static void decode_apic(struct x86_exit *exit)
{
	u32 q = vmcs_read(EXIT_QUALIFICATION);

	exit->page.gpa = APIC_BASE_RESET | (q & APIC_ACCESS_OFFSET);
	switch (q & APIC_ACCESS_TYPE) {
	case TYPE_LINEAR_APIC_INST_READ:
		exit->page.error = PF_PRESENT;
		break;
	case TYPE_LINEAR_APIC_INST_WRITE:
		exit->page.error = PF_PRESENT | PF_WRITE;
		break;
	case TYPE_LINEAR_APIC_INST_FETCH:
		exit->page.error = PF_PRESENT | PF_FETCH;
		break;
	default:
		/* An event's, which is told as one, or the processor's own. */
		exit->page.error = PF_PRESENT | PF_GUEST_TABLE;
		break;
	}
}

/* Both behind the instruction: qualifications of 28.2.1. */
static void decode_apicv(struct x86_exit *exit)
{
	u32 q = vmcs_read(EXIT_QUALIFICATION);

	if (exit->kind == X86_EXIT_EOI)
		exit->apic.vector = q;
	else
		exit->apic.offset = q & 0xff0;
}

/* Table 28-5. */
static void decode_io(struct x86_exit *exit)
{
	u32 q = vmcs_read(EXIT_QUALIFICATION);

	exit->io.port = q >> 16;
	exit->io.size = (q & 7) + 1;
	exit->io.in = q & BIT(3);
	exit->io.string = q & BIT(4);
}

/* Table 28-3.  CLTS and LMSW are writes of CR0 that name no register. */
static void decode_cr(struct x86_exit *exit)
{
	u32 q = vmcs_read(EXIT_QUALIFICATION);
	u32 type = (q & CONTROL_REG_ACCESS_TYPE) >> 4;

	exit->cr.nr = q & 0xf;
	exit->cr.write = type != 1;
	exit->cr.gpr = (q & CONTROL_REG_ACCESS_REG) >> 8;
	exit->cr.decode = type > 1;
}

/* Table 28-4. */
static void decode_dr(struct x86_exit *exit)
{
	u32 q = vmcs_read(EXIT_QUALIFICATION);

	exit->dr.nr = q & DEBUG_REG_ACCESS_NUM;
	exit->dr.write = !(q & TYPE_MOV_FROM_DR);
	exit->dr.gpr = DEBUG_REG_ACCESS_REG(q);
	exit->dr.decode = false;
}

/* A #PF on shadow page tables is no exception yet. */
static void decode_fault(struct x86_exit *exit)
{
	exit->kind = X86_EXIT_FAULT;
	exit->fault.la = vmcs_read(EXIT_QUALIFICATION);
	exit->fault.error = vmcs_read(VM_EXIT_INTR_ERROR_CODE);
}

static void decode_db(struct vmx_vcpu *s, struct x86_exit *exit)
{
	exit->exc.dr6 = vmcs_read(EXIT_QUALIFICATION) & DR6_BITS;
	exit->exc.dr6_guest = exit->exc.dr6;
	/* It ends the shadow, and VM entry wants no TF in one without a trap. */
	vmx_intr_set(s, vmx_intr_get(s) & ~(u32)(GUEST_INTR_STATE_STI |
						 GUEST_INTR_STATE_MOV_SS));
	if (s->step)
		vmx_step_db(s, exit);
	/* INT1 is a trap: what follows it comes next. */
	if ((s->info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_PRIV_SW_EXCEPTION) {
		exit->next_rip = next_rip(&s->x86);
		state_set(&s->x86, GRP_RIP)->rip = exit->next_rip;
	}
}

static void decode_exception(struct vmx_vcpu *s, struct x86_exit *exit)
{
	u8 vector = s->info & INTR_INFO_VECTOR_MASK;

	/* Both were raised in vmx_enter(). */
	if ((s->info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_NMI_INTR ||
	    vector == X86_TRAP_MC) {
		exit->kind = X86_EXIT_NONE;
		return;
	}
	if (unlikely(s->info & INTR_INFO_UNBLOCK_NMI) && vector != X86_TRAP_DF)
		nmi_mask_again(&s->x86);
	if (vector == X86_TRAP_PF && !vmx_features.ept) {
		decode_fault(exit);
		return;
	}
	if (vector == X86_TRAP_GP && s->vm86)
		exit->kind = X86_EXIT_REFUSED;
	exit->exc.vector = vector;
	exit->exc.has_error = s->info & INTR_INFO_DELIVER_CODE_MASK;
	exit->exc.error = exit->exc.has_error ?
			  vmcs_read(VM_EXIT_INTR_ERROR_CODE) : 0;
	exit->exc.stepped = false;
	if (vector == X86_TRAP_PF)
		exit->exc.address = vmcs_read(EXIT_QUALIFICATION);
	else if (vector == X86_TRAP_DB)
		decode_db(s, exit);
	else if (vector == X86_TRAP_BP || vector == X86_TRAP_OF)
		exit->next_rip = next_rip(&s->x86);
}

/*
 * An event through a task gate is told as one whose delivery was interrupted; those of
 * instructions have a length.  RFLAGS are what the old task's TSS is to have (28.3.3).
 */
static void decode_task(struct x86_vcpu *v, struct x86_exit *exit)
{
	static const u8 sources[] = { TASK_CALL, TASK_IRET, TASK_JMP, TASK_INT };
	u32 q = vmcs_read(EXIT_QUALIFICATION);
	u8 source = sources[q >> VMX_TASK_SOURCE_SHIFT];
	u32 event = source == TASK_INT ? vmcs_read(IDT_VECTORING_INFO_FIELD) : 0;
	u32 type = event & VECTORING_INFO_TYPE_MASK;

	exit->task.skip = source != TASK_INT || type == INTR_TYPE_SOFT_INTR ||
			  type == INTR_TYPE_SOFT_EXCEPTION ||
			  type == INTR_TYPE_PRIV_SW_EXCEPTION;
	exit->task.how = (struct emul_task){
		.source = source,
		.selector = q,
		.external = !exit->task.skip,
		.resume = state_get(v, GRP_RFLAGS)->rflags & X86_EFLAGS_RF,
		.has_error = event & VECTORING_INFO_DELIVER_CODE_MASK,
	};
	if (exit->task.how.has_error)
		exit->task.how.error = vmcs_read(IDT_VECTORING_ERROR_CODE);
	if (exit->task.skip)
		exit->next_rip = next_rip(v);
}

/* Of an entry that was refused: why. */
static u64 exit_code(const struct vmx_vcpu *s)
{
	return s->reason == VMX_REFUSED ? s->info : s->reason;
}

static void decode_failed_entry(struct vmx_vcpu *s, struct x86_exit *exit)
{
	exit->code = exit_code(s);
	exit->kind = X86_EXIT_FAIL_ENTRY;
	if ((u16)s->reason == EXIT_REASON_MCE_DURING_VMENTRY)
		exit->kind = X86_EXIT_NONE;
}

static void decode_kind(struct vmx_vcpu *s, struct x86_exit *exit)
{
	switch (exit->kind) {
	case X86_EXIT_NONE:
		/* What TPR has held back may be due now. */
		if (s->reason == EXIT_REASON_TPR_BELOW_THRESHOLD)
			interrupt_recheck(&s->x86);
		else if (s->reason == EXIT_REASON_PML_FULL)
			decode_pml_full(s);
		break;
	case X86_EXIT_PAGE:
		decode_page(s, exit);
		break;
	case X86_EXIT_APIC:
		decode_apic(exit);
		break;
	case X86_EXIT_APIC_WRITE:
	case X86_EXIT_EOI:
		decode_apicv(exit);
		break;
	case X86_EXIT_IO:
		decode_io(exit);
		break;
	case X86_EXIT_TASK_SWITCH:
		decode_task(&s->x86, exit);
		break;
	case X86_EXIT_CR:
		decode_cr(exit);
		break;
	case X86_EXIT_DR:
		decode_dr(exit);
		break;
	case X86_EXIT_INTR_WINDOW:
		vmx_event_soft_window(s);
		break;
	case X86_EXIT_EXCEPTION:
		if (s->reason == EXIT_REASON_MONITOR_TRAP_FLAG)
			vmx_step_exit(s, exit);
		else
			decode_exception(s, exit);
		break;
	default:
		break;
	}
}

void vmx_exit_decode(struct x86_vcpu *v, struct x86_exit *exit)
{
	struct vmx_vcpu *s = to_vmx(v);

	vmx_event_reclaim(v, &v->events.injected);
	if (unlikely(s->pml))
		vmx_pml_drain(s);
	exit->code = s->reason;
	exit->insn_len = 0;
	exit->next_rip = 0;
	if (unlikely(vmx_entry_failed(s))) {
		decode_failed_entry(s, exit);
		return;
	}
	exit->kind = s->reason < EXIT_REASONS ? exit_kinds[s->reason] :
						X86_EXIT_UNKNOWN;
	if (BIT(exit->kind) & KINDS_OF_INSNS)
		exit->next_rip = next_rip(v);
	decode_kind(s, exit);
	/* Not to mask the host's NMIs for longer: event.c. */
	if (unlikely(!vmx_features.vnmi && s->injected))
		vmx_intr_get(s);
	if (!(BIT(exit->kind) & KINDS_TIGHT))
		s->leaky = true;
}

void vmx_exit_info(struct x86_vcpu *v, struct x86_exit_info *info)
{
	u32 event = vmcs_read(VM_EXIT_INTR_INFO);

	*info = (struct x86_exit_info) {
		.isa = X86_ISA_VMX,
		.code = exit_code(to_vmx(v)),
		.event = event,
		.info1 = vmcs_read(EXIT_QUALIFICATION),
		.info2 = vmcs_read(IDT_VECTORING_INFO_FIELD),
	};
	if (event & INTR_INFO_DELIVER_CODE_MASK)
		info->error = vmcs_read(VM_EXIT_INTR_ERROR_CODE);
}

/* RDPMC: guests have no counters.  The others are VMX's. */
enum x86_next vmx_exit_handle(struct x86_vcpu *v, const struct x86_exit *exit)
{
	if (exit->code != EXIT_REASON_RDPMC)
		return vmx_nested_insn(v, exit);
	kvm_event_exception(v, X86_TRAP_GP, 0);
	return X86_RESUME;
}
