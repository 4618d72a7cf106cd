// SPDX-License-Identifier: GPL-2.0-only
/* Hypercalls (TLFS 3). */
#include <linux/bitmap.h>
#include <linux/eventfd.h>
#include <linux/export.h>
#include <linux/string.h>

#include "compat/kernel.h"
#include "core/guestmem.h"
#include "core/run_state.h"
#include "core/vm.h"
#include "core/yield.h"
#include "irq/lapic_irq.h"
#include "mmu/mmu_nested.h"
#include "x86/cpu/fpu.h"
#include "x86/hyperv/hv.h"
#include "x86/hyperv/l2.h"
#include "x86/hyperv/syndbg.h"
#include "x86/hyperv/xen.h"
#include "x86/vcpu/nested.h"

/* Two general registers and six of XMM. */
#define FAST_WORDS	(2 + 2 * HV_HYPERCALL_MAX_XMM_REGISTERS)

/**
 * struct hv_call - one hypercall
 * @value: its input value
 * @c: the same in pieces
 * @in, @out: where the parameters are; with @c.fast the first two words of input
 * @l2: it is L2's, and so are the processors that it names
 * @fast: all input that is in registers
 * @fast_words: how many of @fast
 */
struct hv_call {
	u64 value;
	struct hv_control c;
	u64 in, out;
	bool l2;
	u64 fast[FAST_WORDS];
	unsigned int fast_words;
};

/* ------------------------------------------------------------------------ */
/* Registers (TLFS 3.7). */

static u64 gpr_pair(const struct x86_vcpu *v, unsigned int high, unsigned int low)
{
	return v->state.gpr[high] << 32 | (u32)v->state.gpr[low];
}

static void call_fetch(struct x86_vcpu *v, struct hv_call *call)
{
	const u64 *gpr = v->state.gpr;

	if (state_is_64bit_code(v)) {
		call->value = gpr[GPR_RCX];
		call->in = gpr[GPR_RDX];
		call->out = gpr[GPR_R8];
	} else {
		call->value = gpr_pair(v, GPR_RDX, GPR_RAX);
		if (READ_ONCE(v->hv->vm->xen_calls))
			call->value &= ~(u64)XEN_NOT_XEN;
		call->in = gpr_pair(v, GPR_RBX, GPR_RCX);
		call->out = gpr_pair(v, GPR_RDI, GPR_RSI);
	}
	call->c = hv_control_parse(call->value);
	call->l2 = nested_l2_runs(v);
	call->fast[0] = call->in;
	call->fast[1] = call->out;
	call->fast_words = 2;
}

static void result_set(struct x86_vcpu *v, u64 result)
{
	if (state_is_64bit_code(v)) {
		v->state.gpr[GPR_RAX] = result;
		return;
	}
	v->state.gpr[GPR_RDX] = result >> 32;
	v->state.gpr[GPR_RAX] = (u32)result;
}

static void xmm_fetch(struct x86_vcpu *v, struct hv_call *call)
{
	unsigned int i;

	for (i = 0; i < HV_HYPERCALL_MAX_XMM_REGISTERS; i++)
		fpu_vector_get(v, i, &call->fast[2 + 2 * i], 2 * sizeof(u64));
	call->fast_words = FAST_WORDS;
}

/* Words of the parameters.  Return: HV_STATUS_*. */
static u16 input_read(struct x86_vcpu *v, const struct hv_call *call, unsigned int at,
		      u64 *buf, unsigned int n)
{
	unsigned int i;

	if (!call->c.fast) {
		/* They lie in one page (TLFS 3.7). */
		if (call->in % sizeof(u64))
			return HV_STATUS_INVALID_ALIGNMENT;
		if (call->in % HV_HYP_PAGE_SIZE + (at + n) * sizeof(u64) > HV_HYP_PAGE_SIZE ||
		    guest_read(&v->vcpu, call->in + at * sizeof(u64), buf, n * sizeof(u64)))
			return HV_STATUS_INVALID_HYPERCALL_INPUT;
		return HV_STATUS_SUCCESS;
	}
	if (at + n > call->fast_words)
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	for (i = 0; i < n; i++)
		buf[i] = call->fast[at + i];
	return HV_STATUS_SUCCESS;
}

/* ------------------------------------------------------------------------ */
/* Sets of processors. */

static void set_of_mask(struct hv_set *s, u64 mask)
{
	s->all = false;
	s->valid = 1;
	s->bank[0] = mask;
}

/* Format, bank mask, and the banks from word @at on. */
static u16 set_read(struct x86_vcpu *v, const struct hv_call *call, unsigned int at,
		    struct hv_set *s)
{
	u64 head[2];
	u16 status = input_read(v, call, at, head, 2);
	unsigned int n;

	if (status)
		return status;
	s->all = head[0] == HV_GENERIC_SET_ALL;
	s->valid = head[1];
	if (s->all)
		return HV_STATUS_SUCCESS;
	n = hweight64(s->valid);
	if (head[0] != HV_GENERIC_SET_SPARSE_4K || n != call->c.var)
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	return input_read(v, call, at + 2, s->bank, n);
}

/* ------------------------------------------------------------------------ */
/* Flushes (TLFS 9.4.6). */

/*
 * Of L2's processors a vCPU has translations of the one that it ran last; those of others
 * went when L1 gave this one its ASID.
 */
static bool flush_is_for(const struct x86_vcpu *v, const struct hv_call *call,
			 const struct hv_set *s, const struct x86_vcpu *other)
{
	const struct x86_l2_hv *l2 = &other->nested.hv;

	if (!call->l2)
		return hv_set_has(s, hv_vp_index(other));
	return READ_ONCE(l2->vm) == v->nested.hv.vm && hv_set_has(s, READ_ONCE(l2->vp));
}

/* All of a vCPU's translations in place of those of some pages or spaces. */
static void flush_vcpus(struct x86_vcpu *v, const struct hv_call *call,
			const struct hv_set *s)
{
	DECLARE_BITMAP(which, VCPUS_MAX);
	struct kvm_vcpu *vcpu;
	int i;

	if (s->all && !call->l2) {
		request_all(v->vcpu.kvm, REQ_GUEST_FLUSH);
		return;
	}
	/*
	 * The guest's tables have changed before the look at who runs what: whoever is found
	 * with something else sees that when it begins with this.  Pairs with
	 * vcpu_enter_check().
	 */
	smp_mb();
	bitmap_zero(which, VCPUS_MAX);
	vcpu_for_each(i, vcpu, v->vcpu.kvm)
		if (flush_is_for(v, call, s, to_x86_vcpu(vcpu)))
			__set_bit(i, which);
	request_some(v->vcpu.kvm, REQ_GUEST_FLUSH, which);
}

/* Address space, flags, and processors. */
static u16 call_flush(struct x86_vcpu *v, const struct hv_call *call, bool ex)
{
	struct hv_set *s = &v->hv->set;
	u64 head[2], mask;
	u16 status = input_read(v, call, 0, head, 2);

	if (status)
		return status;
	if (ex)
		status = set_read(v, call, 2, s);
	else
		status = input_read(v, call, 2, &mask, 1);
	if (status)
		return status;
	if (!ex)
		set_of_mask(s, mask);
	/* Windows Server 2012 names nobody and means all. */
	if ((head[1] & HV_FLUSH_ALL_PROCESSORS) || (!ex && !mask))
		s->all = true;
	flush_vcpus(v, call, s);
	return HV_STATUS_SUCCESS;
}

/* ------------------------------------------------------------------------ */
/* Interrupts (TLFS 10.5). */

static void ipi_vcpus(struct x86_vcpu *v, u8 vector, const struct hv_set *s)
{
	const struct irq_msg msg = { .vector = vector };
	struct kvm_vcpu *vcpu;
	int i;

	vcpu_for_each(i, vcpu, v->vcpu.kvm)
		if (hv_set_has(s, hv_vp_index(to_x86_vcpu(vcpu))))
			lapic_accept(&to_x86_vcpu(vcpu)->apic.lapic, &msg);
}

/* The vector, and processors. */
static u16 call_ipi(struct x86_vcpu *v, const struct hv_call *call, bool ex)
{
	struct hv_set *s = &v->hv->set;
	u64 head, mask;
	u16 status = input_read(v, call, 0, &head, 1);
	u32 vector = head;

	if (!apic_in_kernel(v))
		return HV_STATUS_INVALID_HYPERCALL_CODE;
	if (status)
		return status;
	if (ex)
		status = set_read(v, call, 1, s);
	else
		status = input_read(v, call, 1, &mask, 1);
	if (status)
		return status;
	if (!ex)
		set_of_mask(s, mask);
	/* For nobody, whatever it is. */
	if (ex && !s->all && !s->valid)
		return HV_STATUS_SUCCESS;
	if (vector < HV_IPI_LOW_VECTOR || vector > HV_IPI_HIGH_VECTOR)
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	ipi_vcpus(v, vector, s);
	return HV_STATUS_SUCCESS;
}

/* ------------------------------------------------------------------------ */
/* Events (TLFS 11.10): by an eventfd, or to userspace. */

/* As many as a bus has ioeventfds. */
#define CONNS_MAX	4096

/* An eventfd that is kept here lives without a descriptor, which would count for somebody. */
static int conn_insert(struct hv_vm *vm, u32 id, struct eventfd_ctx *ctx)
{
	int err = -ENOSPC;

	if (atomic_inc_return(&vm->nr_conns) <= CONNS_MAX)
		err = xa_insert(&vm->conns, id, ctx, GFP_KERNEL_ACCOUNT);
	if (err)
		atomic_dec(&vm->nr_conns);
	return err == -EBUSY ? -EEXIST : err;
}

long hv_ioctl_eventfd(void *obj, void *data, unsigned long arg)
{
	const struct kvm_hyperv_eventfd *args = data;
	struct kvm *kvm = obj;
	struct eventfd_ctx *ctx;
	struct hv_vm *vm;
	int err;

	if ((args->flags & ~KVM_HYPERV_EVENTFD_DEASSIGN) ||
	    (args->conn_id & ~KVM_HYPERV_CONN_ID_MASK))
		return -EINVAL;
	vm = hv_vm_make(to_x86_vm(kvm));
	if (!vm)
		return -ENOMEM;
	if (args->flags & KVM_HYPERV_EVENTFD_DEASSIGN) {
		ctx = xa_erase(&vm->conns, args->conn_id);
		if (!ctx)
			return -ENOENT;
		/* Whoever has looked it up has signalled by then. */
		synchronize_srcu(&kvm->srcu);
		eventfd_ctx_put(ctx);
		atomic_dec(&vm->nr_conns);
		return 0;
	}
	ctx = eventfd_ctx_fdget(args->fd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	err = conn_insert(vm, args->conn_id, ctx);
	if (err)
		eventfd_ctx_put(ctx);
	return err;
}

/*
 * Connection id, and above it the event's number: events other than 0 are userspace's
 * (api.rst 4.112).
 */
static bool event_signalled(struct x86_vcpu *v, u64 event)
{
	struct eventfd_ctx *ctx = NULL;

	if (!(event & ~(u64)KVM_HYPERV_CONN_ID_MASK))
		ctx = xa_load(&v->hv->vm->conns, event);
	if (ctx)
		eventfd_signal(ctx);
	return ctx;
}

/* ------------------------------------------------------------------------ */

/* What userspace is asked to do. */
#define STATUS_USER	U16_MAX

/* Whoever has not enabled the SynIC knows of no messages and events. */
static u16 user_status(const struct x86_vcpu *v)
{
	return v->hv->synic.active ? STATUS_USER : HV_STATUS_INVALID_HYPERCALL_INPUT;
}

static u16 call_signal(struct x86_vcpu *v, const struct hv_call *call)
{
	u64 event;
	u16 status = input_read(v, call, 0, &event, 1);

	if (status)
		return status;
	return event_signalled(v, event) ? HV_STATUS_SUCCESS : user_status(v);
}

static u16 call_debug(struct x86_vcpu *v, const struct hv_call *call)
{
	if (!hv_may_debug(&v->hv->rights))
		return HV_STATUS_INVALID_HYPERCALL_CODE;
	if (call->c.fast)
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	return READ_ONCE(v->hv->vm->debug_options) & HV_SYNDBG_USE_HYPERCALLS ?
	       STATUS_USER : HV_STATUS_OPERATION_DENIED;
}

static bool code_is_ex(u16 code)
{
	return code == HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX ||
	       code == HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX || code == HVCALL_SEND_IPI_EX;
}

static bool code_is_rep(u16 code)
{
	return code == HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST ||
	       code == HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX;
}

/* Fast input that two registers do not hold. */
static bool code_takes_xmm(u16 code)
{
	return code == HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE || code_is_rep(code) ||
	       code_is_ex(code);
}

static bool code_is_known(u16 code)
{
	switch (code) {
	case HVCALL_NOTIFY_LONG_SPIN_WAIT:
	case HVCALL_POST_MESSAGE:
	case HVCALL_SIGNAL_EVENT:
	case HVCALL_SEND_IPI:
	case HV_CALL_POST_DEBUG_DATA ... HV_CALL_RESET_DEBUG_SESSION:
	case HV_EXT_CALL_FIRST ... HV_EXT_CALL_LAST:
		return true;
	}
	return code_takes_xmm(code);
}

static u16 call_execute(struct x86_vcpu *v, const struct hv_call *call)
{
	switch (call->c.code) {
	case HVCALL_NOTIFY_LONG_SPIN_WAIT:
		vcpu_yield_to_other(&v->vcpu);
		return HV_STATUS_SUCCESS;
	case HVCALL_POST_MESSAGE:
		return user_status(v);
	case HVCALL_SIGNAL_EVENT:
		return call_signal(v, call);
	case HVCALL_SEND_IPI:
	case HVCALL_SEND_IPI_EX:
		return call_ipi(v, call, code_is_ex(call->c.code));
	case HV_CALL_POST_DEBUG_DATA ... HV_CALL_RESET_DEBUG_SESSION:
		return call_debug(v, call);
	case HV_EXT_CALL_FIRST ... HV_EXT_CALL_LAST:
		/* Userspace's, which finds their input and output in memory. */
		return call->c.fast ? HV_STATUS_INVALID_PARAMETER : STATUS_USER;
	default:
		return call_flush(v, call, code_is_ex(call->c.code));
	}
}

static u16 call_check(struct x86_vcpu *v, const struct hv_call *call)
{
	u16 code = call->c.code;

	if (!code_is_known(code))
		return HV_STATUS_INVALID_HYPERCALL_CODE;
	if (!hv_may_call(&v->hv->rights, code))
		return HV_STATUS_ACCESS_DENIED;
	if (!hv_control_fits(&call->c, code_is_rep(code), code_is_ex(code)))
		return HV_STATUS_INVALID_HYPERCALL_INPUT;
	return HV_STATUS_SUCCESS;
}

static void user_ask(struct x86_vcpu *v, const struct hv_call *call)
{
	struct kvm_run *run = v->vcpu.run;

	run->exit_reason = KVM_EXIT_HYPERV;
	memset(&run->hyperv, 0, sizeof(run->hyperv));
	run->hyperv.type = KVM_EXIT_HYPERV_HCALL;
	run->hyperv.u.hcall.input = call->value;
	run->hyperv.u.hcall.params[0] = call->in;
	run->hyperv.u.hcall.params[1] = call->out;
}

enum x86_next hv_hypercall_answered(struct x86_vcpu *v)
{
	/* Userspace has put the vCPU elsewhere: its registers stand. */
	if (exit_rip_stands(v))
		result_set(v, v->vcpu.run->hyperv.u.hcall.result);
	return X86_RESUME;
}

/* From the kernel of a guest in protected mode only (TLFS 3.9). */
static bool call_is_undefined(struct x86_vcpu *v)
{
	const struct x86_state *s = state_get(v, GRP_CR0 | GRP_CPL);

	return s->cpl || !(s->cr0 & X86_CR0_PE);
}

/* All elements are done at once, or none. */
static void call_end(struct x86_vcpu *v, const struct hv_call *call, u16 status)
{
	result_set(v, status | (status ? 0 : (u64)call->c.reps << HV_HYPERCALL_REP_COMP_OFFSET));
}

enum hv_call_end hv_hypercall(struct x86_vcpu *v)
{
	struct hv_call call;
	u16 status;

	if (call_is_undefined(v))
		return HV_CALL_UNDEFINED;
	stat_inc(v->vcpu.stats.hypercalls);
	call_fetch(v, &call);
	if (call.c.fast && code_takes_xmm(call.c.code)) {
		if (!hv_may_use_xmm(&v->hv->rights))
			return HV_CALL_UNDEFINED;
		xmm_fetch(v, &call);
	}
	status = call_check(v, &call);
	if (!status)
		status = call_execute(v, &call);
	if (status == STATUS_USER) {
		user_ask(v, &call);
		return HV_CALL_USER;
	}
	call_end(v, &call, status);
	return HV_CALL_DONE;
}

/* ------------------------------------------------------------------------ */
/* Flushes of L2's that a Hyper-V in L1 leaves to us (TLFS, direct virtual flush). */

bool kvm_hv_takes_l2(struct x86_vcpu *v)
{
	const struct hv_vcpu *hv = v->hv;
	struct hv_call call;

	if (likely(!v->nested.hv.flushes) || !hv || !hv->on ||
	    !hv_may_flush_directly(&hv->rights) || call_is_undefined(v))
		return false;
	call_fetch(v, &call);
	return code_takes_xmm(call.c.code) && call.c.code != HVCALL_SEND_IPI_EX &&
	       hv_assist_flushes(v);
}
EXPORT_SYMBOL_GPL(kvm_hv_takes_l2);

/* L2's addresses are translated by L1's tables.  False: L1 gets a fault of theirs. */
static bool l2_input_find(struct x86_vcpu *v, struct hv_call *call)
{
	const struct gwalk_access access = { };
	enum gwalk_status status = GWALK_ABORT;
	struct gwalk_result res;

	if (v->nested.ctx != MMU_CTX_L2)
		return true;
	/* Beyond, no table of L2's has anything either. */
	if (!(call->in >> v->cpuid.maxphyaddr))
		status = mmu_translate(&v->vcpu.mmu, MMU_CTX_SECOND, call->in, &access, &res);
	switch (status) {
	case GWALK_OK:
		call->in = res.gpa;
		return true;
	case GWALK_FAULT:
		res.error |= PF_GUEST_FINAL;
		mmu_nested_fault(&v->vcpu.mmu, 0, &res);
		return false;
	case GWALK_RETRY:
		return false;
	default:
		/* Nor if L1's tables are not in its memory. */
		call->in = round_down(U64_MAX, HV_HYP_PAGE_SIZE);
		return true;
	}
}

bool hv_hypercall_l2(struct x86_vcpu *v)
{
	u16 status = HV_STATUS_INVALID_HYPERCALL_INPUT;
	struct hv_call call;
	bool ex;

	call_fetch(v, &call);
	if (call.c.fast)
		xmm_fetch(v, &call);
	else if (!l2_input_find(v, &call))
		return false;
	stat_inc(v->vcpu.stats.hypercalls);
	ex = code_is_ex(call.c.code);
	if (hv_control_fits(&call.c, code_is_rep(call.c.code), ex))
		status = call_flush(v, &call, ex);
	call_end(v, &call, status);
	return true;
}

/* What cannot be read may be one that is locked. */
bool hv_l1_waits_for_flush(struct x86_vcpu *v)
{
	struct hv_partition_assist_pg page;

	return guest_read(&v->vcpu, v->nested.hv.assist, &page, sizeof(page)) ||
	       page.tlb_lock_count;
}
