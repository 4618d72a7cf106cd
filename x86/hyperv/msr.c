// SPDX-License-Identifier: GPL-2.0-only
/* MSRs, and what userspace is told because of them (TLFS, appendix F). */
#include <linux/kvm.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "core/run_state.h"
#include "x86/cpu/apic.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/msr.h"
#include "x86/cpu/pvclock.h"
#include "x86/hyperv/hv.h"
#include "x86/hyperv/syndbg.h"
#include "x86/hyperv/xen.h"

/* ------------------------------------------------------------------------ */
/* REQ_HV. */

void hv_post(struct hv_vcpu *hv, unsigned int todo)
{
	set_bit(todo, &hv->todo);
	request_one(&hv->v->vcpu, REQ_HV);
}

/* Userspace's debugger has done what CONTROL asked for (api.rst, KVM_EXIT_HYPERV). */
static enum x86_next debug_answered(struct x86_vcpu *v)
{
	WRITE_ONCE(v->hv->vm->debug_status, v->vcpu.run->hyperv.u.syndbg.status);
	return X86_RESUME;
}

static void hv_exit(struct x86_vcpu *v)
{
	struct kvm_run *run = v->vcpu.run;
	const struct kvm_hyperv_exit *exit = &v->hv->exit;

	run->exit_reason = KVM_EXIT_HYPERV;
	run->hyperv = *exit;
	if (exit->type == KVM_EXIT_HYPERV_SYNDBG && exit->u.syndbg.msr == HV_SYNDBG_CONTROL)
		v->pending = debug_answered;
}

static void hv_event_exit(struct x86_vcpu *v, u32 type)
{
	struct kvm_run *run = v->vcpu.run;

	run->exit_reason = KVM_EXIT_SYSTEM_EVENT;
	run->system_event.type = type;
	run->system_event.ndata = 0;
}

enum x86_next hv_requests(struct x86_vcpu *v)
{
	struct hv_vcpu *hv = v->hv;
	unsigned int i;

	for (i = 0; i < HV_SYNIC_STIMER_COUNT; i++)
		if (test_and_clear_bit(HV_TODO_STIMER + i, &hv->todo))
			hv_stimer_due(hv, i);
	if (test_and_clear_bit(HV_TODO_EXIT, &hv->todo))
		hv_exit(v);
	else if (test_and_clear_bit(HV_TODO_CRASH, &hv->todo))
		hv_event_exit(v, KVM_SYSTEM_EVENT_CRASH);
	else if (test_and_clear_bit(HV_TODO_RESET, &hv->todo))
		hv_event_exit(v, KVM_SYSTEM_EVENT_RESET);
	else
		return X86_RESUME;
	/* One at a time. */
	if (READ_ONCE(hv->todo))
		request_set(&v->vcpu, REQ_HV);
	return X86_USER;
}

/* ------------------------------------------------------------------------ */
/* The LAPIC's registers without its page (TLFS 10.2). */

static int apic_get(struct x86_vcpu *v, struct msr_access *a)
{
	if (!apic_in_kernel(v))
		return -EINVAL;
	switch (a->index) {
	case HV_X64_MSR_ICR:
		a->data = apic_reg_get(v, APIC_REG_ICR) |
			  (u64)apic_reg_get(v, APIC_REG_ICR2) << 32;
		return 0;
	case HV_X64_MSR_TPR:
		a->data = apic_reg_get(v, APIC_REG_TPR);
		return 0;
	}
	/* EOI is write only. */
	return -EINVAL;
}

static int apic_set(struct x86_vcpu *v, struct msr_access *a)
{
	if (!apic_in_kernel(v))
		return -EINVAL;
	switch (a->index) {
	case HV_X64_MSR_EOI:
		apic_reg_set(v, APIC_REG_EOI, a->data);
		return 0;
	case HV_X64_MSR_ICR:
		return apic_icr_set(v, a->data);
	case HV_X64_MSR_TPR:
		apic_reg_set(v, APIC_REG_TPR, a->data);
		return 0;
	}
	return -EINVAL;
}

/* ------------------------------------------------------------------------ */
/* A vCPU's own. */

/* What the LAPIC's timer counts; 1 GHz is the VM's default. */
static u64 apic_hz(const struct x86_vcpu *v)
{
	return NSEC_PER_SEC / (v->apic.lapic.bus_ns ?: 1);
}

static u64 thread_time(void)
{
	return div_u64(current->se.sum_exec_runtime, 100);
}

u32 hv_vp_index(const struct x86_vcpu *v)
{
	const struct hv_vcpu *hv = smp_load_acquire(&v->hv);

	return hv ? READ_ONCE(hv->vp_index) : v->vcpu.idx;
}

static int vp_index_set(struct hv_vcpu *hv, u64 data)
{
	if (data >= HV_BANKS * 64)
		return -EINVAL;
	WRITE_ONCE(hv->vp_index, data);
	return 0;
}

/* What only tells is read only; userspace may write back what it has read. */
static int told_set(const struct msr_access *a)
{
	return a->host ? 0 : -EINVAL;
}

static int vcpu_get_msr(struct x86_vcpu *v, struct msr_access *a)
{
	struct hv_vcpu *hv = v->hv;

	switch (a->index) {
	case HV_X64_MSR_VP_INDEX:
		a->data = hv->vp_index;
		return 0;
	case HV_X64_MSR_RESET:
		a->data = 0;
		return 0;
	case HV_X64_MSR_VP_RUNTIME:
		a->data = thread_time() + hv->runtime;
		return 0;
	case HV_X64_MSR_TIME_REF_COUNT:
		a->data = hv_ref_time(v);
		return 0;
	case HV_X64_MSR_TSC_FREQUENCY:
		a->data = v->tsc.khz * 1000ull;
		return 0;
	case HV_X64_MSR_APIC_FREQUENCY:
		a->data = apic_hz(v);
		return 0;
	case HV_X64_MSR_VP_ASSIST_PAGE:
		a->data = hv->assist_page;
		return 0;
	}
	return -EINVAL;
}

static int vcpu_set_msr(struct x86_vcpu *v, struct msr_access *a)
{
	struct hv_vcpu *hv = v->hv;

	switch (a->index) {
	case HV_X64_MSR_VP_INDEX:
		return a->host ? vp_index_set(hv, a->data) : -EINVAL;
	case HV_X64_MSR_RESET:
		if (!a->host && (a->data & 1))
			hv_post(hv, HV_TODO_RESET);
		return 0;
	case HV_X64_MSR_VP_RUNTIME:
		if (a->host)
			hv->runtime = a->data - thread_time();
		return told_set(a);
	case HV_X64_MSR_TIME_REF_COUNT:
	case HV_X64_MSR_TSC_FREQUENCY:
	case HV_X64_MSR_APIC_FREQUENCY:
		return told_set(a);
	case HV_X64_MSR_VP_ASSIST_PAGE:
		return hv_assist_page_set(v, a->data, a->host);
	}
	return -EINVAL;
}

/* ------------------------------------------------------------------------ */
/* Those of the VM. */

/* Where a register lies that keeps what is written; NULL: elsewhere. */
static u64 *kept_msr(struct hv_vm *vm, u32 index)
{
	switch (index) {
	case HV_X64_MSR_GUEST_OS_ID:
		return &vm->os_id;
	case HV_X64_MSR_HYPERCALL:
		return &vm->hypercall;
	case HV_X64_MSR_REFERENCE_TSC:
		return &vm->tsc_page;
	case HV_X64_MSR_CRASH_P0 ... HV_X64_MSR_CRASH_P4:
		index = array_index_nospec(index - HV_X64_MSR_CRASH_P0,
					   HV_X64_MSR_CRASH_PARAMS);
		return &vm->crash[index];
	case HV_X64_MSR_CRASH_CTL:
		return &vm->crash_ctl;
	case HV_X64_MSR_REENLIGHTENMENT_CONTROL:
		return &vm->reenlightenment;
	case HV_X64_MSR_TSC_EMULATION_CONTROL:
		return &vm->emulation;
	case HV_X64_MSR_TSC_EMULATION_STATUS:
		return &vm->emulation_status;
	case HV_SYNDBG_CONTROL:
		return &vm->debug_control;
	case HV_SYNDBG_STATUS:
		return &vm->debug_status;
	case HV_SYNDBG_SEND:
		return &vm->debug_send;
	case HV_SYNDBG_RECV:
		return &vm->debug_recv;
	case HV_SYNDBG_PENDING:
		return &vm->debug_pending;
	case HV_SYNDBG_OPTIONS:
		return &vm->debug_options;
	}
	return NULL;
}

/* The page is the guest's that has told its name (TLFS 3.13). */
static int hypercall_set(struct x86_vcpu *v, struct msr_access *a)
{
	struct hv_vm *vm = v->hv->vm;

	if (!vm->os_id && !a->host)
		return 0;
	if ((a->data & HV_X64_MSR_HYPERCALL_ENABLE) && hv_hypercall_page(v, a->data))
		return -EINVAL;
	vm->hypercall = a->data;
	return 0;
}

/* Userspace says what the guest may do; the guest, that it dies. */
static void crash_ctl_set(struct x86_vcpu *v, struct msr_access *a)
{
	if (a->host)
		v->hv->vm->crash_ctl = a->data & HV_CRASH_CTL_CRASH_NOTIFY;
	else if (a->data & HV_CRASH_CTL_CRASH_NOTIFY)
		hv_post(v->hv, HV_TODO_CRASH);
}

static void debug_tell(struct hv_vcpu *hv, u32 msr)
{
	struct kvm_hyperv_exit *e = &hv->exit;
	const struct hv_vm *vm = hv->vm;

	memset(e, 0, sizeof(*e));
	e->type = KVM_EXIT_HYPERV_SYNDBG;
	e->u.syndbg.msr = msr;
	e->u.syndbg.control = vm->debug_control;
	e->u.syndbg.status = vm->debug_status;
	e->u.syndbg.send_page = vm->debug_send;
	e->u.syndbg.recv_page = vm->debug_recv;
	e->u.syndbg.pending_page = vm->debug_pending;
	hv_post(hv, HV_TODO_EXIT);
}

/* Lock held. */
static int vm_set_msr(struct x86_vcpu *v, struct msr_access *a)
{
	struct hv_vm *vm = v->hv->vm;

	switch (a->index) {
	case HV_X64_MSR_GUEST_OS_ID:
		WRITE_ONCE(vm->os_id, a->data);
		/* Without a name no hypercalls. */
		if (!a->data)
			vm->hypercall &= ~(u64)HV_X64_MSR_HYPERCALL_ENABLE;
		return 0;
	case HV_X64_MSR_HYPERCALL:
		return hypercall_set(v, a);
	case HV_X64_MSR_REFERENCE_TSC:
		hv_tsc_page_set(v, a->data);
		return 0;
	case HV_X64_MSR_CRASH_CTL:
		crash_ctl_set(v, a);
		return 0;
	case HV_X64_MSR_TSC_EMULATION_STATUS:
		if (a->data && !a->host)
			return -EINVAL;
		break;
	}
	*kept_msr(vm, a->index) = a->data;
	if (!a->host && (a->index == HV_SYNDBG_CONTROL || a->index == HV_SYNDBG_PENDING))
		debug_tell(v->hv, a->index);
	return 0;
}

/* ------------------------------------------------------------------------ */
/* All of them. */

/* Before there is any of this. */
static __always_inline u64 absent_value(struct x86_vcpu *v, u32 index)
{
	switch (index) {
	case HV_X64_MSR_VP_INDEX:
		return v->vcpu.idx;
	case HV_X64_MSR_TIME_REF_COUNT:
		return pvclock_now(v->vcpu.kvm) / 100;
	case HV_X64_MSR_TSC_FREQUENCY:
		return v->tsc.khz * 1000ull;
	case HV_X64_MSR_APIC_FREQUENCY:
		return apic_hz(v);
	case HV_X64_MSR_SVERSION:
		return HV_SYNIC_VERSION_1;
	case HV_X64_MSR_SINT0 ... HV_X64_MSR_SINT15:
		return HV_SYNIC_SINT_MASKED;
	default:
		return 0;
	}
}

/* Does userspace write what a vCPU without any of this has? */
static bool is_absent(struct x86_vcpu *v, const struct msr_access *a)
{
	return a->index == HV_X64_MSR_TIME_REF_COUNT ||
	       a->data == absent_value(v, a->index);
}

static bool is_allowed(const struct x86_vcpu *v, const struct msr_access *a)
{
	return a->host || (v->hv && v->hv->on && hv_may_access(&v->hv->rights, a->index));
}

static noinline int present_get(struct x86_vcpu *v, struct msr_access *a)
{
	const u64 *kept;

	switch (a->index) {
	case HV_X64_MSR_EOI ... HV_X64_MSR_TPR:
		return apic_get(v, a);
	case HV_X64_MSR_SCONTROL ... HV_X64_MSR_EOM:
	case HV_X64_MSR_SINT0 ... HV_X64_MSR_SINT15:
		return hv_synic_get(v->hv, a);
	case HV_X64_MSR_STIMER0_CONFIG ... HV_X64_MSR_STIMER3_COUNT:
		return hv_stimer_get(v->hv, a);
	}
	kept = kept_msr(v->hv->vm, a->index);
	if (!kept)
		return vcpu_get_msr(v, a);
	a->data = READ_ONCE(*kept);
	return 0;
}

static noinline int present_set(struct x86_vcpu *v, struct msr_access *a)
{
	int err;

	switch (a->index) {
	case HV_X64_MSR_EOI ... HV_X64_MSR_TPR:
		return apic_set(v, a);
	case HV_X64_MSR_SCONTROL ... HV_X64_MSR_EOM:
	case HV_X64_MSR_SINT0 ... HV_X64_MSR_SINT15:
		return hv_synic_set(v->hv, a);
	case HV_X64_MSR_STIMER0_CONFIG ... HV_X64_MSR_STIMER3_COUNT:
		return hv_stimer_set(v->hv, a);
	}
	if (!kept_msr(v->hv->vm, a->index))
		return vcpu_set_msr(v, a);
	mutex_lock(&v->hv->vm->lock);
	err = vm_set_msr(v, a);
	mutex_unlock(&v->hv->vm->lock);
	return err;
}

/* A VMM saves and restores them all, of guests that have none of this, too. */
int hv_msr_get(struct x86_vcpu *v, struct msr_access *a)
{
	if (a->host && !v->hv) {
		a->data = absent_value(v, a->index);
		return 0;
	}
	return is_allowed(v, a) ? present_get(v, a) : -EINVAL;
}

static noinline int hv_msr_change(struct x86_vcpu *v, struct msr_access *a)
{
	int err = xen_msr_set(v, a);

	if (unlikely(err != -ENOENT))
		return err;
	if (!is_allowed(v, a))
		return -EINVAL;
	return hv_make(v) ? -ENOMEM : present_set(v, a);
}

int hv_msr_set(struct x86_vcpu *v, struct msr_access *a)
{
	if (a->host && !v->hv && is_absent(v, a))
		return 0;
	return hv_msr_change(v, a);
}

int hv_msr_unknown(struct x86_vcpu *v, struct msr_access *a)
{
	return xen_msr_set(v, a);
}
