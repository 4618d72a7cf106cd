// SPDX-License-Identifier: GPL-2.0-only
/* L1 in VMX operation: what it consists of, and how it is saved (api.rst 4.114, 4.115). */
#include <linux/gfp.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "vmx/cpu.h"
#include "vmx/nested.h"
#include "vmx/nested_parts.h"
#include "vmx/ops.h"

static struct vmx_vcpu *of_mmu(struct mmu_vcpu *mv)
{
	struct kvm_vcpu *vcpu = container_of(mv, struct kvm_vcpu, mmu);

	return to_vmx(to_x86_vcpu(vcpu));
}

static u64 second_root_get(struct mmu_vcpu *mv)
{
	return of_mmu(mv)->nested->c->ept_pointer;
}

static void second_fault(struct mmu_vcpu *mv, const struct mmu_guest_fault *f)
{
	vmx_nested_fault(of_mmu(mv), f);
}

static bool second_dirty(struct mmu_vcpu *mv, gpa_t gpa)
{
	return vmx_nested_dirty(of_mmu(mv), gpa);
}

const struct mmu_ctx_ops vmx_second_ops = {
	.root_get = second_root_get,
	.fault = second_fault,
	.dirty = second_dirty,
};

static_assert(sizeof(struct vmcs12) == VMCS12_BYTES && VMCS12_BYTES == PAGE_SIZE);

int vmx_nested_make(struct vmx_vcpu *s)
{
	struct vmx_nested *n;

	if (s->nested)
		return 0;
	n = kzalloc(sizeof(*n), GFP_KERNEL_ACCOUNT);
	if (!n)
		return -ENOMEM;
	n->c = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!n->c) {
		kfree(n);
		return -ENOMEM;
	}
	n->region = n->current_vmcs = NO_VMCS;
	n->vcpu = s;
	n->vpid = vmx_vpid_alloc();
	vmx_nested_timer_init(n);
	s->nested = n;
	return 0;
}

void vmx_nested_free(struct vmx_vcpu *s)
{
	struct vmx_nested *n = s->nested;

	if (!n)
		return;
	vmx_nested_timer_stop(s);
	vmx_vpid_free(n->vpid);
	free_page((unsigned long)n->c);
	kfree(n);
	s->nested = NULL;
}

void vmx_nested_on(struct vmx_vcpu *s, gpa_t region)
{
	s->nested->region = region;
	s->nested->current_vmcs = NO_VMCS;
	vmx_nested_musts(s);
}

void vmx_nested_off(struct vmx_vcpu *s)
{
	if (!s->nested)
		return;
	vmx_nested_vmcs_flush(s);
	s->nested->region = NO_VMCS;
	s->x86.nested.smm_l2 = false;
	vmx_nested_musts(s);
}

/*
 * What VMLAUNCH would have refused runs no L2.  The mode L1 was in then is not known.
 * L2's own state is checked where it has not run yet: later it is what it has become.
 */
static bool vmcs_is_valid(struct vmx_vcpu *s, bool enters)
{
	const struct vmcs12 *c = s->nested->c;
	struct nested_limits lim;
	u64 qualification;

	vmx_nested_limits(s, &lim);
	lim.host_lma = c->vm_exit_controls & VM_EXIT_HOST_ADDR_SPACE_SIZE;
	return !(c->hdr & VMCS_SHADOW) && !nested_check_control(c, &lim) &&
	       !nested_check_host(c, &lim) &&
	       !(enters && nested_check_guest(c, &lim, &qualification)) &&
	       vmx_nested_ept_ready(s);
}

/* ------------------------------------------------------------------------ */
/*
 * System management mode while L2 runs (34.14): x86 saves L2's registers in SMRAM; that
 * L2 is what goes on afterwards is no memory of L1's, as the processor keeps it.
 */

static void vmx_nested_smm_enter(struct x86_vcpu *v, struct smram_svm *out)
{
	*out = (struct smram_svm){ .guest = 1 };
	v->nested.smm_l2 = true;
	vmx_nested_leave(v);
}

static bool vmx_nested_smm_leave(struct x86_vcpu *v, const struct smram_svm *in)
{
	struct vmx_vcpu *s = to_vmx(v);

	if (!nested_vmx_on(s) || !v->nested.smm_l2 || s->nested->current_vmcs == NO_VMCS ||
	    !vmcs_is_valid(s, false))
		return false;
	vmx_nested_run(s);
	vmx_nested_timer_start(s, &s->nested->deadline);
	return true;
}

/* ------------------------------------------------------------------------ */
/* KVM_GET_NESTED_STATE: where L1's regions are, and the copy of its current VMCS. */

#define STATE_SIZE	(sizeof(struct kvm_nested_state) + \
			 sizeof(struct kvm_vmx_nested_state_data))
#define STATE_SIZE_VMCS	(sizeof(struct kvm_nested_state) + VMCS12_BYTES)

static_assert(KVM_STATE_NESTED_VMX_VMCS_SIZE == VMCS12_BYTES);

static bool has_shadow(const struct vmx_vcpu *s)
{
	return l1_cpu2(s, SECONDARY_EXEC_SHADOW_VMCS) &&
	       s->nested->c->vmcs_link_pointer != NO_VMCS;
}

/*
 * L1's event that is not in L2 yet is what an entry injects: KVM_GET_VCPU_EVENTS does not
 * tell of it, nor of a virtual interrupt.  One that has no form there is told here also
 * where a first delivery has failed.
 */
static u32 entry_get(const struct vmx_vcpu *s, struct vmcs12 *c)
{
	const struct x86_event *ev = &s->x86.events.injected;

	if (ev->kind == EVENT_SOFT_NEXT) {
		c->vm_entry_intr_info_field = INTR_INFO_VALID_MASK | s->nested->soft.type |
					      ev->vector;
		c->vm_entry_instruction_len = s->nested->soft.len;
		return KVM_STATE_NESTED_RUN_PENDING;
	}
	if (ev->kind == EVENT_INTERRUPT && ev->by_l1)
		c->vm_entry_intr_info_field = INTR_INFO_VALID_MASK | INTR_TYPE_EXT_INTR |
					      ev->vector;
	return ev->kind && ev->by_l1 ? KVM_STATE_NESTED_RUN_PENDING : 0;
}

static void vmx_nested_state_get(struct x86_vcpu *v, struct kvm_nested_state *out)
{
	struct kvm_vmx_nested_state_hdr *hdr = &out->hdr.vmx;
	struct vmx_vcpu *s = to_vmx(v);
	const struct vmx_nested *n = s->nested;

	out->format = KVM_STATE_NESTED_FORMAT_VMX;
	out->size = sizeof(*out);
	hdr->vmxon_pa = hdr->vmcs12_pa = NO_VMCS;
	if (!nested_vmx_on(s))
		return;
	hdr->vmxon_pa = n->region;
	hdr->vmcs12_pa = n->current_vmcs;
	if (v->smm.inside)
		hdr->smm.flags = KVM_STATE_NESTED_SMM_VMXON |
				 (v->nested.smm_l2 ? KVM_STATE_NESTED_SMM_GUEST_MODE : 0);
	if (n->current_vmcs == NO_VMCS)
		return;
	if (v->nested.l2)
		vmx_nested_l2_save(s);
	if ((v->nested.l2 || v->nested.smm_l2) && l1_pin(s, PIN_BASED_VMX_PREEMPTION_TIMER)) {
		hdr->flags = KVM_STATE_VMX_PREEMPTION_TIMER_DEADLINE;
		hdr->preemption_timer_deadline = n->deadline;
	}
	out->size = STATE_SIZE_VMCS;
	memcpy(out->data.vmx[0].vmcs12, n->c, VMCS12_BYTES);
	if (v->nested.l2)
		out->flags = KVM_STATE_NESTED_GUEST_MODE |
			     entry_get(s, (void *)out->data.vmx[0].vmcs12);
	/* Ours is L1's memory; others keep a copy of it, too. */
	if (has_shadow(s) &&
	    !kvm_nested_read(v, n->c->vmcs_link_pointer, out->data.vmx[0].shadow_vmcs12,
			     VMCS12_BYTES))
		out->size = STATE_SIZE;
}

#define SMM_FLAGS	(KVM_STATE_NESTED_SMM_GUEST_MODE | KVM_STATE_NESTED_SMM_VMXON)

/* Which level runs, and whether in system management mode. */
static bool flags_are_valid(const struct x86_vcpu *v, const struct kvm_nested_state *in)
{
	const u32 runs = KVM_STATE_NESTED_GUEST_MODE | KVM_STATE_NESTED_RUN_PENDING;
	u16 smm = in->hdr.vmx.smm.flags;

	if ((in->flags & ~runs) || (smm & ~SMM_FLAGS) ||
	    (in->hdr.vmx.flags & ~KVM_STATE_VMX_PREEMPTION_TIMER_DEADLINE))
		return false;
	if ((in->flags & KVM_STATE_NESTED_RUN_PENDING) &&
	    !(in->flags & KVM_STATE_NESTED_GUEST_MODE))
		return false;
	if ((smm & KVM_STATE_NESTED_SMM_GUEST_MODE) &&
	    !(smm & KVM_STATE_NESTED_SMM_VMXON))
		return false;
	return v->smm.inside ? !in->flags : !smm;
}

static bool header_is_valid(const struct x86_vcpu *v, const struct kvm_nested_state *in)
{
	const struct kvm_vmx_nested_state_hdr *hdr = &in->hdr.vmx;
	const struct vmcs12 *c = (const void *)in->data.vmx[0].vmcs12;
	bool runs = in->flags || hdr->smm.flags & KVM_STATE_NESTED_SMM_GUEST_MODE;

	if (in->format != KVM_STATE_NESTED_FORMAT_VMX || !flags_are_valid(v, in))
		return false;
	if (hdr->vmxon_pa == NO_VMCS)
		return !in->flags && !hdr->smm.flags && hdr->vmcs12_pa == NO_VMCS;
	if (!v->cpuid.has_vmx || !l1_page_is_valid(v, hdr->vmxon_pa))
		return false;
	if (hdr->vmcs12_pa == NO_VMCS)
		return !runs;
	return hdr->vmcs12_pa != hdr->vmxon_pa && l1_page_is_valid(v, hdr->vmcs12_pa) &&
	       in->size >= STATE_SIZE_VMCS && (c->hdr & ~VMCS_SHADOW) == VMCS12_REVISION;
}

/* L1's VMCS is the one given.  0; -EINVAL, -ENOMEM: nothing has changed. */
static int vmcs_take(struct vmx_vcpu *s, const struct kvm_nested_state *in)
{
	struct vmcs12 *c = (void *)__get_free_page(GFP_KERNEL_ACCOUNT);
	struct vmx_nested *n = s->nested;
	bool enters = in->flags & KVM_STATE_NESTED_RUN_PENDING;
	bool l2 = (in->flags & KVM_STATE_NESTED_GUEST_MODE) ||
		  (in->hdr.vmx.smm.flags & KVM_STATE_NESTED_SMM_GUEST_MODE);

	if (!c)
		return -ENOMEM;
	memcpy(c, in->data.vmx[0].vmcs12, VMCS12_BYTES);
	/* What an entry has injected is not for a second time. */
	if (!enters)
		c->vm_entry_intr_info_field &= ~INTR_INFO_VALID_MASK;
	swap(n->c, c);
	if (l2 && !vmcs_is_valid(s, enters)) {
		swap(n->c, c);
		/* The MMU has looked at the other's EPT pointer. */
		if (s->x86.nested.l2)
			vmx_nested_ept_ready(s);
		free_page((unsigned long)c);
		return -EINVAL;
	}
	if (s->x86.nested.l2)
		vmx_nested_leave(&s->x86);
	free_page((unsigned long)c);
	return 0;
}

static void l2_resume(struct vmx_vcpu *s, const struct kvm_nested_state *in)
{
	const struct kvm_vmx_nested_state_hdr *hdr = &in->hdr.vmx;
	const u64 *deadline = hdr->flags & KVM_STATE_VMX_PREEMPTION_TIMER_DEADLINE ?
			      &hdr->preemption_timer_deadline : NULL;

	s->nested->entering = in->flags & KVM_STATE_NESTED_RUN_PENDING ? ENTERING_AGAIN :
									 ENTERING_NOT;
	s->nested->l1_nmi = false;
	vmx_nested_run(s);
	if (s->nested->ept)
		vmx_nested_pdptrs_load(s);
	vmcs_write(GUEST_PENDING_DBG_EXCEPTIONS,
		   s->nested->c->guest_pending_dbg_exceptions);
	/* Userspace has set L2's registers, or will. */
	s->x86.state.dirty |= GRP_ALL & s->x86.state.valid;
	if (in->flags & KVM_STATE_NESTED_RUN_PENDING)
		vmx_nested_inject(s);
	vmx_nested_timer_start(s, deadline);
}

static int vmx_nested_state_set(struct x86_vcpu *v, const struct kvm_nested_state *in)
{
	const struct kvm_vmx_nested_state_hdr *hdr = &in->hdr.vmx;
	struct vmx_vcpu *s = to_vmx(v);
	int err;

	if (!header_is_valid(v, in))
		return -EINVAL;
	if (hdr->vmxon_pa != NO_VMCS) {
		err = vmx_nested_make(s);
		if (!err && hdr->vmcs12_pa != NO_VMCS)
			err = vmcs_take(s, in);
		if (err)
			return err;
	}
	if (v->nested.l2)
		vmx_nested_leave(v);
	if (!s->nested)
		return 0;
	s->nested->current_vmcs = NO_VMCS;
	vmx_nested_on(s, hdr->vmxon_pa);
	s->nested->current_vmcs = hdr->vmcs12_pa;
	v->nested.smm_l2 = hdr->smm.flags & KVM_STATE_NESTED_SMM_GUEST_MODE;
	s->nested->deadline = hdr->preemption_timer_deadline;
	if (in->flags && in->size >= STATE_SIZE && has_shadow(s))
		kvm_nested_write(v, s->nested->c->vmcs_link_pointer,
				 in->data.vmx[0].shadow_vmcs12, VMCS12_BYTES);
	if (in->flags & KVM_STATE_NESTED_GUEST_MODE)
		l2_resume(s, in);
	return 0;
}

const struct nested_ops vmx_nested_ops = {
	.state_size	= STATE_SIZE,
	.exit		= vmx_nested_exit,
	.intercepts	= vmx_nested_intercepts,
	.task		= vmx_nested_task,
	.wants		= vmx_nested_wants,
	.exit_event	= vmx_nested_exit_event,
	.interrupt	= vmx_nested_interrupt,
	.page		= vmx_nested_page,
	.page_found	= vmx_nested_apic_threshold,
	.page_failed	= vmx_nested_page_failed,
	.leave		= vmx_nested_leave,
	.smm_enter	= vmx_nested_smm_enter,
	.smm_leave	= vmx_nested_smm_leave,
	.tsc		= vmx_nested_tsc,
	.tsc_moved	= vmx_nested_timer_moved,
	.state_get	= vmx_nested_state_get,
	.state_set	= vmx_nested_state_set,
};
