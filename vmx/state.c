// SPDX-License-Identifier: GPL-2.0-only
/*
 * Register groups between v->state and the VMCS.
 *
 * CR4, EFER, the debug registers and the TSC offset change through x86 only, so
 * v->state always has them; CR8 too without a TPR shadow (SDM vol. 3, 30.3), with it
 * it is in the LAPIC's page; CR2 is copied at every exit, because no VMCS has it.  Of
 * CR0 the guest owns TS and MP, which no exit tells of; the rest is x86's too.
 *
 * On shadow page tables the guest always runs with paging, PAE and NXE, whatever it
 * thinks, and CR3 is the root of those: its own CR3 is x86's.
 */
#include <asm/processor-flags.h>
#include <asm/tlbflush.h>

#include "irq/lapic_irq.h"
#include "vmx/cpu.h"
#include "vmx/nested.h"
#include "vmx/vmcs.h"
#include "x86/cpu/cr.h"

/* What a guest changes without an exit. */
#define CR0_OWNED	(X86_CR0_TS | X86_CR0_MP)

/* VM entry leaves CD and NW alone (SDM vol. 3, 27.3.2.1): the host's memory types rule. */
#define CR0_HIDDEN	(X86_CR0_CD | X86_CR0_NW)

/* The shadow tables say what WP=0 allows. */
#define CR0_SHADOW	(X86_CR0_PG | X86_CR0_WP)

/* L1 may keep from L2 what guests own. */
static u64 cr0_owned(const struct vmx_vcpu *s)
{
	return nested_l2_runs(&s->x86) ?
	       CR0_OWNED & ~s->nested->c->cr0_guest_host_mask : CR0_OWNED;
}

/* Of L2 L1 has set what the mode is, or the processor refuses what userspace has set. */
static u64 cr0_fixed(const struct vmx_vcpu *s)
{
	return nested_l2_runs(&s->x86) ?
	       vmx_features.cr0_fixed & ~(u64)(X86_CR0_PE | X86_CR0_PG) :
	       vmx_features.cr0_fixed;
}

static void cr0_store(struct vmx_vcpu *s)
{
	u64 cr0 = s->x86.state.cr0;
	u64 real = (cr0 & ~CR0_HIDDEN) | cr0_fixed(s);

	if (!vmx_features.ept)
		real |= CR0_SHADOW;
	if (s->vm86)
		real &= ~(u64)X86_CR0_AM;
	vmcs_write(CR0_GUEST_HOST_MASK, ~cr0_owned(s));
	vmcs_write(CR0_READ_SHADOW, nested_l2_runs(&s->x86) ?
				    vmx_nested_cr0_shadow(s) : cr0);
	vmcs_write(GUEST_CR0, real);
}

/* A machine check with CR4.MCE clear would shut the host down. */
static void cr4_store(struct vmx_vcpu *s)
{
	const struct x86_state *state = &s->x86.state;
	u64 cr4 = vmx_features.ept ? state->cr4 : cr4_shadow(state);

	vmcs_write(CR4_READ_SHADOW, nested_l2_runs(&s->x86) ?
				    vmx_nested_cr4_shadow(s) : state->cr4);
	vmcs_write(GUEST_CR4, vmx_form_cr4(s, cr4) | X86_CR4_VMXE |
		   (cr4_read_shadow() & X86_CR4_MCE));
}

/* VM entry wants LME to be LMA when paging is on, and no bit that is not Intel's. */
static void efer_store(struct vmx_vcpu *s)
{
	u64 efer = s->x86.state.efer &
		   (EFER_SCE | EFER_LME | EFER_LMA | EFER_NX);
	bool lma = efer & EFER_LMA;

	if (!vmx_features.ept)
		efer |= EFER_NX;
	if ((!vmx_features.ept || s->unpaged) && !lma)
		efer &= ~(u64)EFER_LME;
	vmcs_write(GUEST_IA32_EFER, efer);
	vmcs_control(s, WORD_ENTRY, VM_ENTRY_IA32E_MODE, lma);
	if (efer & EFER_SCE)
		vmx_syscall_msrs_load(s);
}

static u64 cr3_real(const struct vmx_vcpu *s)
{
	if (!vmx_features.ept)
		return s->shadow_cr3;
	return unlikely(s->unpaged) ? to_x86_vm(s->x86.vcpu.kvm)->identity->gpa :
				      s->x86.state.cr3;
}

static void crs_store(struct vmx_vcpu *s, u32 groups)
{
	if (groups & GRP_CR0)
		cr0_store(s);
	if (groups & GRP_CR3)
		vmcs_write(GUEST_CR3, cr3_real(s));
	/* With shadow paging it depends on the others. */
	if (groups & (GRP_CR0 | GRP_CR4 | GRP_EFER))
		cr4_store(s);
	if (groups & GRP_EFER)
		efer_store(s);
}

static void dr_store(struct vmx_vcpu *s)
{
	u64 dr7 = debug_dr7(&s->x86);

	vmcs_write(GUEST_DR7, dr7);
	if (dr7 & DR7_ENABLED)
		s->entry_work |= ENTRY_DB;
	else
		s->entry_work &= ~ENTRY_DB;
}

/* The level is SS.DPL (SDM vol. 3, 25.4.1). */
static void csss_store(struct vmx_vcpu *s)
{
	struct x86_state *state = &s->x86.state;
	u16 *attr;

	state_get(&s->x86, GRP_CPL | GRP_CSSS);
	attr = &state->seg[SEG_SS].attr;
	*attr = (*attr & ~(3 << SEG_DPL_SHIFT)) | state->cpl << SEG_DPL_SHIFT;
	vmcs_groups_store(s, GRP_CSSS);
}

#define INTR_SHADOWS	(GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS)

/*
 * With an interrupt shadow VM entry wants the trap of a TF that is set to be pending
 * (SDM vol. 3, 27.3.1.5; its bit is DR6's), and STI's shadow to be that of an IF that is set.
 */
static void shadow_of_rflags(struct vmx_vcpu *s, u32 intr, u64 rflags)
{
	u64 bs = 0;

	if ((intr & GUEST_INTR_STATE_STI) && !(rflags & X86_EFLAGS_IF))
		intr &= ~GUEST_INTR_STATE_STI;
	if ((intr & INTR_SHADOWS) && (rflags & X86_EFLAGS_TF))
		bs = DR6_BS;
	/* A breakpoint that MOV SS has met is not forgotten. */
	vmcs_write(GUEST_PENDING_DBG_EXCEPTIONS,
		   (vmcs_read(GUEST_PENDING_DBG_EXCEPTIONS) & ~DR6_BS) | bs);
	vmx_intr_set(s, intr);
}

static void shadow_store(struct vmx_vcpu *s)
{
	u64 rflags = state_get(&s->x86, GRP_RFLAGS)->rflags;
	u8 shadow = s->x86.state.shadow;
	u32 old = vmx_intr_get(s), intr = old & ~INTR_SHADOWS;

	if (shadow)
		intr |= (shadow & SHADOW_STI) && (rflags & X86_EFLAGS_IF) ?
			GUEST_INTR_STATE_STI : GUEST_INTR_STATE_MOV_SS;
	if (unlikely((old | intr) & INTR_SHADOWS))
		shadow_of_rflags(s, intr, rflags);
}

/* ------------------------------------------------------------------------ */
/* The two ops.  Those groups first that nearly every exit has. */

#define GROUPS_CR	(GRP_CR0 | GRP_CR3 | GRP_CR4 | GRP_EFER)

/* Where the guest finds it: whoever changes TPR changes CR8, not the reverse. */
static void cr8_store(struct vmx_vcpu *s)
{
	struct lapic *a = &s->x86.apic.lapic;
	u8 cr8 = s->x86.state.cr8;

	if (s->tpr_shadow && lapic_tpr(a) >> 4 != cr8)
		lapic_tpr_set(a, cr8 << 4);
}

static void tsc_store(struct vmx_vcpu *s)
{
	u64 ratio = s->x86.state.tsc_ratio, offset = s->x86.state.tsc_offset;
	bool scaled;

	if (nested_l2_runs(&s->x86))
		vmx_nested_tsc_merge(s, &ratio, &offset);
	vmcs_write(TSC_OFFSET, offset);
	/* Where the processor cannot all ratios are one. */
	scaled = (vmx_features.may[WORD_CPU2] & SECONDARY_EXEC_TSC_SCALING) &&
		 ratio != 1ull << VMX_TSC_BITS;
	vmcs_control(s, WORD_CPU2, SECONDARY_EXEC_TSC_SCALING, scaled);
	if (scaled)
		vmcs_write(TSC_MULTIPLIER, ratio);
}

static void state_store_slow(struct vmx_vcpu *s, u32 groups)
{
	if (groups & GROUPS_CR)
		crs_store(s, groups);
	if (groups & (GRP_CSSS | GRP_CPL))
		csss_store(s);
	if (groups & VMCS_GROUPS & ~GRP_CSSS)
		vmcs_groups_store(s, groups & VMCS_GROUPS & ~GRP_CSSS);
	if (groups & GRP_DR)
		dr_store(s);
	if (groups & GRP_CR8)
		cr8_store(s);
	if (groups & GRP_TSC)
		tsc_store(s);
}

/* VM entry refuses more than 32 bits where the code has no more (27.3.1.4). */
static void rip_store(struct x86_vcpu *v)
{
	u64 rip = v->state.rip;

	if (unlikely(rip >> 32) && !state_is_64bit_code(v))
		rip = (u32)rip;
	vmcs_write(GUEST_RIP, rip);
	vmx_event_unhalt(to_vmx(v));
}

static void rflags_store(struct vmx_vcpu *s)
{
	u64 rflags = s->x86.state.rflags;

	vmcs_write(GUEST_RFLAGS, vmx_form_rflags(s, rflags));
	if (unlikely(vmx_intr_get(s) & INTR_SHADOWS))
		shadow_of_rflags(s, vmx_intr_get(s), rflags);
}

void vmx_state_store(struct x86_vcpu *v, u32 groups)
{
	const u32 frequent = GRP_RIP | GRP_RSP | GRP_RFLAGS | GRP_SHADOW;
	struct vmx_vcpu *s = to_vmx(v);

	if (groups & GRP_RIP)
		rip_store(v);
	if (groups & GRP_RFLAGS)
		rflags_store(s);
	if (groups & GRP_RSP)
		vmcs_write(GUEST_RSP, v->state.gpr[GPR_RSP]);
	if (groups & GRP_SHADOW)
		shadow_store(s);
	if (groups & ~frequent)
		state_store_slow(s, groups);
}

/* CR4 and the like are always valid. */
static void state_fetch_slow(struct vmx_vcpu *s, u32 groups)
{
	struct x86_state *state = &s->x86.state;
	u32 intr;

	if (groups & GRP_CR0)
		state->cr0 = (state->cr0 & ~cr0_owned(s)) |
			     (vmcs_read(GUEST_CR0) & cr0_owned(s));
	/* Without paging writes of it exit. */
	if ((groups & GRP_CR3) && !s->unpaged)
		state->cr3 = vmcs_read(GUEST_CR3);
	if (groups & VMCS_GROUPS)
		vmcs_groups_fetch(s, groups & VMCS_GROUPS);
	if ((groups & GRP_CR8) && s->tpr_shadow)
		state->cr8 = lapic_tpr(&s->x86.apic.lapic) >> 4;
	if (groups & GRP_SHADOW) {
		intr = vmx_intr_get(s);
		state->shadow = (intr & GUEST_INTR_STATE_MOV_SS ?
				 SHADOW_MOV_SS : 0) |
				(intr & GUEST_INTR_STATE_STI ? SHADOW_STI : 0);
	}
}

static u64 rflags_fetch(const struct vmx_vcpu *s)
{
	return vmx_step_hide(s, vmx_form_rflags_hide(s, vmcs_read(GUEST_RFLAGS)));
}

static u8 cpl_fetch(const struct vmx_vcpu *s)
{
	return s->vm86 ? 0 : VMX_AR_DPL(vmcs_read(GUEST_SS_AR_BYTES));
}

void vmx_state_fetch(struct x86_vcpu *v, u32 groups)
{
	const u32 frequent = GRP_RIP | GRP_RSP | GRP_RFLAGS | GRP_CPL;
	struct x86_state *state = &v->state;

	if (groups & GRP_RIP)
		state->rip = vmcs_read(GUEST_RIP);
	if (groups & GRP_RFLAGS)
		state->rflags = rflags_fetch(to_vmx(v));
	if (groups & GRP_RSP)
		state->gpr[GPR_RSP] = vmcs_read(GUEST_RSP);
	if (groups & GRP_CPL)
		state->cpl = cpl_fetch(to_vmx(v));
	if (groups & ~frequent)
		state_fetch_slow(to_vmx(v), groups);
	state->valid |= groups;
}
