// SPDX-License-Identifier: GPL-2.0-only
/*
 * L2's registers between vmcs12 and the vCPU, and VM exits to L1 (SDM vol. 3, 27.3.2 and
 * chapter 28).
 */
#include <asm/processor-flags.h>
#include <asm/segment.h>

#include "vmx/cpu.h"
#include "vmx/nested.h"
#include "vmx/nested_parts.h"
#include "vmx/vmcs.h"

/* VM entry and exit leave CR0's other bits alone (27.3.2.1, 28.5.1). */
#define CR0_LOADED	((u64)(X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | \
			       X86_CR0_NE | X86_CR0_WP | X86_CR0_AM | X86_CR0_PG))

/* ------------------------------------------------------------------------ */
/* Fields that go to and fro as they are. */

struct raw_field {
	u16 encoding;
	u16 offset;
	u8 bytes;
};

#define RAW(name, member) \
	{ name, offsetof(struct vmcs12, member), sizeof_field(struct vmcs12, member) }
#define RAW_SEG(NAME, name) \
	RAW(GUEST_##NAME##_SELECTOR, guest_##name##_selector), \
	RAW(GUEST_##NAME##_BASE, guest_##name##_base), \
	RAW(GUEST_##NAME##_LIMIT, guest_##name##_limit), \
	RAW(GUEST_##NAME##_AR_BYTES, guest_##name##_ar_bytes)

static const struct raw_field raw_fields[] = {
	RAW_SEG(ES, es), RAW_SEG(CS, cs), RAW_SEG(SS, ss), RAW_SEG(DS, ds),
	RAW_SEG(FS, fs), RAW_SEG(GS, gs), RAW_SEG(LDTR, ldtr), RAW_SEG(TR, tr),
	RAW(GUEST_GDTR_BASE, guest_gdtr_base), RAW(GUEST_GDTR_LIMIT, guest_gdtr_limit),
	RAW(GUEST_IDTR_BASE, guest_idtr_base), RAW(GUEST_IDTR_LIMIT, guest_idtr_limit),
	RAW(GUEST_SYSENTER_CS, guest_sysenter_cs),
	RAW(GUEST_SYSENTER_ESP, guest_sysenter_esp),
	RAW(GUEST_SYSENTER_EIP, guest_sysenter_eip),
	RAW(GUEST_PENDING_DBG_EXCEPTIONS, guest_pending_dbg_exceptions),
};

/* With L1's EPT only (27.3.2.4), and where EPT is the fields are, too. */
static const struct raw_field raw_pdptrs[] = {
	RAW(GUEST_PDPTR0, guest_pdptr0), RAW(GUEST_PDPTR1, guest_pdptr1),
	RAW(GUEST_PDPTR2, guest_pdptr2), RAW(GUEST_PDPTR3, guest_pdptr3),
};

/* What of struct x86_state they are. */
#define GROUPS_RAW	VMCS_GROUPS

static void raw_store(const struct vmcs12 *c, const struct raw_field *f, unsigned int n)
{
	for (; n--; f++) {
		u64 value = 0;

		memcpy(&value, (const void *)c + f->offset, f->bytes);
		vmcs_write(f->encoding, value);
	}
}

static void raw_fetch(struct vmcs12 *c, const struct raw_field *f, unsigned int n)
{
	for (; n--; f++) {
		u64 value = vmcs_read(f->encoding);

		memcpy((void *)c + f->offset, &value, f->bytes);
	}
}

/* ------------------------------------------------------------------------ */
/* L2's registers. */

static bool entry_has(const struct vmcs12 *c, u32 bit)
{
	return c->vm_entry_controls & bit;
}

static bool exit_has(const struct vmcs12 *c, u32 bit)
{
	return c->vm_exit_controls & bit;
}

static u64 efer_of_mode(u64 efer, bool long_mode)
{
	efer &= ~(u64)(EFER_LMA | EFER_LME);
	return long_mode ? efer | EFER_LMA | EFER_LME : efer;
}

/* 27.3.2.1: without the control, only the mode follows; paging may be off. */
static u64 l2_efer(const struct vmcs12 *c, u64 efer)
{
	bool long_mode = entry_has(c, VM_ENTRY_IA32E_MODE);

	if (entry_has(c, VM_ENTRY_LOAD_IA32_EFER))
		return c->guest_ia32_efer;
	if (!(c->guest_cr0 & X86_CR0_PG))
		return (efer & ~(u64)EFER_LMA) | (long_mode ? EFER_LMA : 0);
	return efer_of_mode(efer, long_mode);
}

void vmx_nested_l2_load(struct vmx_vcpu *s)
{
	const struct vmcs12 *c = s->nested->c;
	struct x86_vcpu *v = &s->x86;
	struct x86_state *st = state_set(v, GRP_DR | GRP_CR0);

	if (entry_has(c, VM_ENTRY_LOAD_DEBUG_CONTROLS))
		st->dr7 = (c->guest_dr7 & DR7_BITS) | DR7_ONES;
	state_replace(v, GRP_RIP | GRP_RSP | GRP_RFLAGS | GRP_CR3 | GRP_CR4 | GRP_EFER);
	st->rip = c->guest_rip;
	st->gpr[GPR_RSP] = c->guest_rsp;
	st->rflags = c->guest_rflags;
	st->cr0 = (st->cr0 & ~CR0_LOADED) | (c->guest_cr0 & CR0_LOADED);
	st->cr3 = c->guest_cr3;
	st->cr4 = c->guest_cr4;
	st->efer = l2_efer(c, st->efer);
	raw_store(c, raw_fields, ARRAY_SIZE(raw_fields));
	if (s->nested->ept)
		vmx_nested_pdptrs_load(s);
	if (entry_has(c, VM_ENTRY_LOAD_IA32_PAT))
		vmcs_write(GUEST_IA32_PAT, c->guest_ia32_pat);
	vmx_intr_set(s, c->guest_interruptibility_info & ~GUEST_INTR_STATE_NMI);
	vmx_event_nmi_mask(v, c->guest_interruptibility_info & GUEST_INTR_STATE_NMI);
	st->valid &= ~(GROUPS_RAW | GRP_SHADOW | GRP_CPL);
	st->dirty &= ~(GROUPS_RAW | GRP_SHADOW | GRP_CPL);
}

void vmx_nested_pdptrs_load(struct vmx_vcpu *s)
{
	raw_store(s->nested->c, raw_pdptrs, ARRAY_SIZE(raw_pdptrs));
}

static void l2_save_conditional(struct vmx_vcpu *s, const struct x86_state *st)
{
	struct vmcs12 *c = s->nested->c;

	if (exit_has(c, VM_EXIT_SAVE_DEBUG_CONTROLS))
		c->guest_dr7 = st->dr7;
	if (exit_has(c, VM_EXIT_SAVE_IA32_PAT))
		c->guest_ia32_pat = vmcs_read(GUEST_IA32_PAT);
	if (exit_has(c, VM_EXIT_SAVE_IA32_EFER))
		c->guest_ia32_efer = st->efer;
	vmx_nested_timer_save(s);
	c->vm_entry_controls &= ~VM_ENTRY_IA32E_MODE;
	if (st->efer & EFER_LMA)
		c->vm_entry_controls |= VM_ENTRY_IA32E_MODE;
	if (s->nested->ept)
		raw_fetch(c, raw_pdptrs, ARRAY_SIZE(raw_pdptrs));
}

void vmx_nested_l2_save(struct vmx_vcpu *s)
{
	struct vmcs12 *c = s->nested->c;
	struct x86_vcpu *v = &s->x86;
	u32 dirty = v->state.dirty & (GROUPS_RAW | GRP_SHADOW | GRP_RFLAGS);
	const struct x86_state *st;

	if (dirty)
		vmx_state_store(v, dirty);
	v->state.dirty &= ~dirty;
	raw_fetch(c, raw_fields, ARRAY_SIZE(raw_fields));
	st = state_get(v, GRP_RIP | GRP_RSP | GRP_RFLAGS | GRP_CR0 | GRP_CR3 |
		       GRP_CR4 | GRP_EFER | GRP_DR);
	c->guest_rip = st->rip;
	c->guest_rsp = st->gpr[GPR_RSP];
	c->guest_rflags = st->rflags;
	c->guest_cr0 = st->cr0;
	c->guest_cr3 = st->cr3;
	c->guest_cr4 = st->cr4;
	c->guest_interruptibility_info = vmx_intr_get(s) |
		(s->soft_nmi || vmx_nested_keeps_nmi(s) ? GUEST_INTR_STATE_NMI : 0);
	c->guest_activity_state = v->mp_state == KVM_MP_STATE_HALTED || v->nested.woken ?
				  GUEST_ACTIVITY_HLT : GUEST_ACTIVITY_ACTIVE;
	l2_save_conditional(s, st);
}

/* ------------------------------------------------------------------------ */
/* L1's registers, by the host-state area (28.5). */

static void host_seg(struct x86_seg *seg, u16 sel, u64 base, u16 attr)
{
	*seg = (struct x86_seg){
		.base = base, .limit = U32_MAX, .selector = sel, .attr = attr,
	};
	if (!sel)
		seg->attr = (attr & ~SEG_P) | SEG_UNUSABLE;
}

static void host_segs(struct x86_state *st, const struct vmcs12 *c)
{
	const u16 data = SEG_P | SEG_S | SEG_DB | SEG_G | 3;
	bool wide = exit_has(c, VM_EXIT_HOST_ADDR_SPACE_SIZE);

	st->seg[SEG_CS] = (struct x86_seg){
		.limit = U32_MAX, .selector = c->host_cs_selector,
		.attr = SEG_P | SEG_S | SEG_G | 11 | (wide ? SEG_L : SEG_DB),
	};
	host_seg(&st->seg[SEG_SS], c->host_ss_selector, 0, data);
	host_seg(&st->seg[SEG_DS], c->host_ds_selector, 0, data);
	host_seg(&st->seg[SEG_ES], c->host_es_selector, 0, data);
	host_seg(&st->seg[SEG_FS], c->host_fs_selector, c->host_fs_base, data);
	host_seg(&st->seg[SEG_GS], c->host_gs_selector, c->host_gs_base, data);
	st->seg[SEG_TR] = (struct x86_seg){
		.base = c->host_tr_base, .limit = 0x67, .selector = c->host_tr_selector,
		.attr = SEG_P | 11,
	};
	st->seg[SEG_LDTR] = (struct x86_seg){ .attr = SEG_UNUSABLE | 2 };
	st->gdt = (struct x86_table){ c->host_gdtr_base, 0xffff };
	st->idt = (struct x86_table){ c->host_idtr_base, 0xffff };
}

static void host_crs(struct x86_state *st, const struct vmcs12 *c)
{
	bool wide = exit_has(c, VM_EXIT_HOST_ADDR_SPACE_SIZE);

	st->cr0 = (st->cr0 & ~CR0_LOADED) | (c->host_cr0 & CR0_LOADED);
	st->cr3 = c->host_cr3;
	st->cr4 = c->host_cr4;
	if (wide)
		st->cr4 |= X86_CR4_PAE;
	else
		st->cr4 &= ~(u64)X86_CR4_PCIDE;
	st->efer = exit_has(c, VM_EXIT_LOAD_IA32_EFER) ? c->host_ia32_efer :
		   efer_of_mode(st->efer, wide);
}

#define GRP_HOST \
	(GRP_RIP | GRP_RSP | GRP_RFLAGS | GRP_CR0 | GRP_CR3 | GRP_CR4 | GRP_EFER | \
	 GRP_CSSS | GRP_DATA | GRP_SEGS | GRP_TABLES | GRP_CPL | GRP_SHADOW)

static void host_load(struct vmx_vcpu *s)
{
	const struct vmcs12 *c = s->nested->c;
	struct x86_vcpu *v = &s->x86;
	struct x86_state *st = state_set(v, GRP_DR | GRP_CR0);

	state_replace(v, GRP_HOST);
	host_crs(st, c);
	host_segs(st, c);
	st->rip = c->host_rip;
	st->gpr[GPR_RSP] = c->host_rsp;
	st->rflags = X86_EFLAGS_FIXED;
	st->dr7 = DR7_ONES;
	st->cpl = 0;
	st->shadow = 0;
	vmcs_write(GUEST_SYSENTER_CS, c->host_ia32_sysenter_cs);
	vmcs_write(GUEST_SYSENTER_ESP, c->host_ia32_sysenter_esp);
	vmcs_write(GUEST_SYSENTER_EIP, c->host_ia32_sysenter_eip);
	vmcs_write(GUEST_PENDING_DBG_EXCEPTIONS, 0);
	if (exit_has(c, VM_EXIT_LOAD_IA32_PAT))
		vmcs_write(GUEST_IA32_PAT, c->host_ia32_pat);
}

/* ------------------------------------------------------------------------ */

void vmx_nested_leave(struct x86_vcpu *v)
{
	struct vmx_vcpu *s = to_vmx(v);

	vmx_nested_timer_stop(s);
	s->nested->below = false;
	/* Without a VPID an exit, too, drops what is cached (29.4.3.1). */
	if (!s->nested->vpid12)
		s->flush = true;
	kvm_nested_leave(v);
	vmx_nested_switch(s);
}

/* VMX-abort indicators (28.7). */
enum { ABORT_SAVE_MSRS = 1, ABORT_PDPTES = 2, ABORT_LOAD_MSRS = 4 };

static void vmx_abort(struct vmx_vcpu *s, u32 why)
{
	struct vmx_nested *n = s->nested;

	n->c->abort = why;
	kvm_nested_write(&s->x86, n->current_vmcs + offsetof(struct vmcs12, abort), &why,
			 sizeof(why));
	kvm_nested_shutdown(&s->x86);
}

/* NMIs are masked by the exit of one; else the mask stays, unless it was L1's own (28.3.4). */
static void host_intr(struct vmx_vcpu *s, const struct vmx_nested_exit *e)
{
	bool nmi = e->reason == EXIT_REASON_EXCEPTION_NMI &&
		   (e->info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_NMI_INTR;
	bool masked = s->nested->c->guest_interruptibility_info & GUEST_INTR_STATE_NMI;

	if (!nmi && l1_pin(s, PIN_BASED_VIRTUAL_NMIS))
		masked = false;
	vmx_intr_set(s, 0);
	vmx_event_nmi_mask(&s->x86, nmi || masked);
}

/* L2 has been left, or was not entered: the end that both have. */
static void host_enter(struct vmx_vcpu *s)
{
	const struct vmcs12 *c = s->nested->c;
	struct x86_vcpu *v = &s->x86;

	host_load(s);
	v->mp_state = KVM_MP_STATE_RUNNABLE;
	if (!kvm_nested_pdptrs(v))
		vmx_abort(s, ABORT_PDPTES);
	else if (vmx_nested_msrs_load(s, c->vm_exit_msr_load_addr,
				      c->vm_exit_msr_load_count))
		vmx_abort(s, ABORT_LOAD_MSRS);
}

static void exit_fill(struct vmcs12 *c, const struct vmx_nested_exit *e)
{
	c->vm_exit_reason = e->reason;
	c->exit_qualification = e->qualification;
	c->guest_linear_address = e->la;
	c->guest_physical_address = e->gpa;
	c->vm_exit_intr_info = e->info;
	c->vm_exit_intr_error_code = e->error;
	c->idt_vectoring_info_field = e->vectoring;
	c->idt_vectoring_error_code = e->vectoring_error;
	c->vm_exit_instruction_len = e->insn_len;
	c->vmx_instruction_info = e->insn_info;
	c->vm_entry_intr_info_field &= ~INTR_INFO_VALID_MASK;
}

void vmx_nested_vmexit(struct vmx_vcpu *s, const struct vmx_nested_exit *e)
{
	struct vmcs12 *c = s->nested->c;
	bool saved;

	vmx_nested_l2_save(s);
	exit_fill(c, e);
	saved = vmx_nested_msrs_store(s, c->vm_exit_msr_store_addr,
				      c->vm_exit_msr_store_count);
	vmx_nested_leave(&s->x86);
	host_intr(s, e);
	host_enter(s);
	if (!saved)
		vmx_abort(s, ABORT_SAVE_MSRS);
}

void vmx_nested_entry_failed(struct vmx_vcpu *s, u32 reason, u64 qualification)
{
	struct vmcs12 *c = s->nested->c;

	c->vm_exit_reason = reason | VMX_EXIT_REASONS_FAILED_VMENTRY;
	c->exit_qualification = qualification;
	if (s->x86.nested.l2) {
		vmx_nested_leave(&s->x86);
		/* What was loaded of L2's is gone. */
		vmx_event_nmi_mask(&s->x86, s->nested->l1_nmi);
	} else {
		kvm_nested_switched(&s->x86);
	}
	vmx_intr_set(s, vmx_intr_get(s) & GUEST_INTR_STATE_NMI);
	host_enter(s);
}
