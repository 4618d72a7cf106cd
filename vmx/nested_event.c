// SPDX-License-Identifier: GPL-2.0-only
/* Which of L2's events L1 gets, and faults of its EPT, with what it is told (SDM vol. 3, 28.2). */
#include <asm/processor-flags.h>
#include <asm/traps.h>

#include "vmx/cpu.h"
#include "vmx/nested.h"
#include "vmx/nested_parts.h"
#include "vmx/ops.h"

/* 25.6.3 */
bool vmx_nested_wants_exception(const struct vmx_vcpu *s, u8 vector, u32 error)
{
	const struct vmcs12 *c = s->nested->c;
	bool bit = c->exception_bitmap & BIT(vector);

	if (vector != X86_TRAP_PF)
		return bit;
	return bit == ((error & c->page_fault_error_code_mask) ==
		       c->page_fault_error_code_match);
}

bool vmx_nested_wants(struct x86_vcpu *v, const struct x86_event *ev)
{
	const struct vmx_vcpu *s = to_vmx(v);

	switch (ev->kind) {
	case EVENT_EXCEPTION:
		return vmx_nested_wants_exception(s, ev->vector, ev->error);
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

/* No processor's error code has more; userspace's may. */
#define ERROR_CODE	0xffff

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
		/* A monitor trap is not delivered by the IDT. */
		if (type == INTR_TYPE_OTHER_EVENT)
			return;
		e->insn_len = s->nested->soft.len;
		break;
	default:
		return;
	}
	e->vectoring = VECTORING_INFO_VALID_MASK | type | ev->vector;
	if (ev->has_error) {
		e->vectoring |= VECTORING_INFO_DELIVER_CODE_MASK;
		e->vectoring_error = ev->error & ERROR_CODE;
	}
}

/* RFLAGS are saved as a fault's delivery would push them (28.3.3). */
static void fault_flags(struct x86_vcpu *v)
{
	state_set(v, GRP_RFLAGS)->rflags |= X86_EFLAGS_RF;
}

static void exception_fill(struct vmx_vcpu *s, const struct x86_event *ev,
			   struct vmx_nested_exit *e)
{
	const struct x86_events *events = &s->x86.events;
	u32 type = INTR_TYPE_HARD_EXCEPTION;

	if (ev->vector == X86_TRAP_BP || ev->vector == X86_TRAP_OF) {
		type = INTR_TYPE_SOFT_EXCEPTION;
		e->insn_len = ev->insn_len;
	} else if (ev->vector != X86_TRAP_DB) {
		fault_flags(&s->x86);
	}
	e->reason = EXIT_REASON_EXCEPTION_NMI;
	e->info = INTR_INFO_VALID_MASK | type | ev->vector;
	if (ev->has_error) {
		e->info |= INTR_INFO_DELIVER_CODE_MASK;
		e->error = ev->error & ERROR_CODE;
	}
	if (ev->vector == X86_TRAP_PF)
		e->qualification = events->has_payload ? events->payload :
				   state_get(&s->x86, GRP_CR2)->cr2;
	else if (ev->vector == X86_TRAP_DB && events->has_payload)
		e->qualification = events->payload;
}

/* Return: false: a notification, and L2 goes on. */
static bool interrupt_fill(struct vmx_vcpu *s, struct vmx_nested_exit *e)
{
	int vector;

	e->reason = EXIT_REASON_EXTERNAL_INTERRUPT;
	if (!(s->nested->c->vm_exit_controls & VM_EXIT_ACK_INTR_ON_EXIT))
		return true;
	vector = kvm_nested_interrupt(&s->x86);
	if (vector >= 0 && vmx_nested_is_posted(s, vector)) {
		vmx_nested_posted(s);
		return false;
	}
	if (vector >= 0)
		e->info = INTR_INFO_VALID_MASK | INTR_TYPE_EXT_INTR | vector;
	return true;
}

/* Of table 28-7: an IRET had unblocked NMIs, which L1 is to do again. */
#define QUALIFICATION_NMI	BIT(12)

static u64 unblocked_by_iret(const struct vmx_vcpu *s)
{
	return s->reason == EXIT_REASON_EPT_VIOLATION && !vmx_event_on_its_way() ?
	       vmcs_read(EXIT_QUALIFICATION) & QUALIFICATION_NMI : 0;
}

/* The log's index goes down, and from 0 to what is no entry's. */
bool vmx_nested_dirty(struct vmx_vcpu *s, gpa_t gpa)
{
	struct vmcs12 *c = s->nested->c;
	u64 page = gpa & PAGE_MASK;

	if (!l1_cpu2(s, SECONDARY_EXEC_ENABLE_PML))
		return true;
	if (c->guest_pml_index >= PML_ENTRIES) {
		s->nested->second = (struct vmx_nested_exit){
			.reason = EXIT_REASON_PML_FULL,
			.qualification = unblocked_by_iret(s),
		};
		s->x86.events.to_l1 = (struct x86_event){ .kind = EVENT_SECOND };
		return false;
	}
	kvm_nested_write(&s->x86, c->pml_address + c->guest_pml_index * sizeof(page),
			 &page, sizeof(page));
	c->guest_pml_index--;
	return true;
}

static void second_fill(struct vmx_vcpu *s, struct vmx_nested_exit *e)
{
	*e = s->nested->second;
	/* A task switch is no fault. */
	if (!s->x86.events.injected.kind && e->reason != EXIT_REASON_TASK_SWITCH)
		fault_flags(&s->x86);
	/* So they are not blocked where it is saved, whatever L0 has done since. */
	if ((e->reason == EXIT_REASON_EPT_VIOLATION || e->reason == EXIT_REASON_PML_FULL) &&
	    (e->qualification & QUALIFICATION_NMI))
		vmx_event_nmi_mask(&s->x86, false);
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
		if (!interrupt_fill(s, &e))
			return;
		break;
	case EVENT_INIT:
		e.reason = EXIT_REASON_INIT_SIGNAL;
		kvm_nested_init_taken(v);
		break;
	case EVENT_TIMER:
		e.reason = s->nested->below ? EXIT_REASON_TPR_BELOW_THRESHOLD :
					      EXIT_REASON_PREEMPTION_TIMER;
		break;
	case EVENT_WRITTEN:
		vmx_nested_page_written(s);
		return;
	case EVENT_SHUTDOWN:
		e.reason = EXIT_REASON_TRIPLE_FAULT;
		break;
	case EVENT_SECOND:
		second_fill(s, &e);
		break;
	}
	vectoring_fill(s, &e);
	vmx_nested_vmexit(s, &e);
}

/* ------------------------------------------------------------------------ */
/* L1's EPT: table 28-7. */

#define QUALIFICATION_HW	(EPT_VIOLATION_GVA_IS_VALID | EPT_VIOLATION_GVA_TRANSLATED)

static u64 nested_access(const struct vmx_vcpu *s, u32 error, u64 where)
{
	/* With accessed and dirty flags walks of L2's tables write, too (29.3.3.2). */
	if ((s->nested->c->ept_pointer & VMX_EPTP_AD_ENABLE_BIT) &&
	    (where & QUALIFICATION_HW) == EPT_VIOLATION_GVA_IS_VALID)
		return EPT_VIOLATION_ACC_READ | EPT_VIOLATION_ACC_WRITE;
	if (error & PF_WRITE)
		return EPT_VIOLATION_ACC_WRITE;
	return error & PF_FETCH ? EPT_VIOLATION_ACC_INSTR : EPT_VIOLATION_ACC_READ;
}

static u64 nested_violation(const struct vmx_vcpu *s, const struct mmu_guest_fault *f)
{
	bool by_hardware = !f->has_la && s->reason == EXIT_REASON_EPT_VIOLATION;
	u64 where = 0;

	if (by_hardware)
		where = (vmcs_read(EXIT_QUALIFICATION) & QUALIFICATION_HW) |
			unblocked_by_iret(s);
	if (f->has_la)
		where |= EPT_VIOLATION_GVA_IS_VALID;
	if (!by_hardware && (f->error & PF_GUEST_FINAL))
		where |= EPT_VIOLATION_GVA_TRANSLATED;
	return where | nested_access(s, f->error, where) | (f->rights & 7) << 3;
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
		e->qualification = nested_violation(s, f);
		if (e->qualification & EPT_VIOLATION_GVA_IS_VALID)
			e->la = f->has_la ? f->la : vmcs_read(GUEST_LINEAR_ADDRESS);
	}
	s->x86.events.to_l1 = (struct x86_event){ .kind = EVENT_SECOND };
}
