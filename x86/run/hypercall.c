// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls.  VMCALL is 0F 01 C1, VMMCALL 0F 01 D9: rewriting one to the other is a
 * write of a single byte, which other processors see as a whole.
 */
#include <linux/kvm_para.h>

#include <asm/trapnr.h>

#include "compat/kernel.h"
#include "core/guestmem.h"
#include "core/run_state.h"
#include "core/yield.h"
#include "emul/opcode.h"
#include "irq/apic_map.h"
#include "irq/lapic_irq.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/pvclock.h"
#include "x86/cpu/pvfeature.h"
#include "x86/hyperv/hv.h"
#include "x86/hyperv/l2.h"
#include "x86/hyperv/xen.h"
#include "x86/insn/fetch.h"
#include "x86/run/exits.h"
#include "x86/run/hypercall.h"
#include "x86/vcpu/nested.h"
#include "x86/vcpu/trace.h"
#include "x86/vcpu/vendor.h"

#define MODRM_VMCALL	0xc1
#define MODRM_VMMCALL	0xd9

/* RBX, RCX, RDX and RSI have the arguments; outside of 64-bit code, their lower halves. */
static u64 hypercall_arg(const struct x86_vcpu *v, unsigned int reg, u64 mask)
{
	return v->state.gpr[reg] & mask;
}

/* vCPUs stay as long as their VM.  NULL: nobody has this APIC id. */
static struct x86_vcpu *vcpu_by_apic_id(struct x86_vcpu *v, u64 id)
{
	struct lapic *a = NULL;

	rcu_read_lock();
	if (id <= U32_MAX)
		a = apic_by_id(&to_x86_vm(v->vcpu.kvm)->irq, id);
	rcu_read_unlock();
	return a ? x86_vcpu_of_lapic(a) : NULL;
}

/* Pairs with the barrier in the sleep of vcpu_block(), by vcpu_kick(). */
static u64 hypercall_kick(struct x86_vcpu *v, u64 mask)
{
	struct x86_vcpu *target = vcpu_by_apic_id(v, hypercall_arg(v, GPR_RCX, mask));

	if (target) {
		WRITE_ONCE(target->pv.unhalted, true);
		vcpu_kick(&target->vcpu);
	}
	return 0;
}

static noinline u64 hypercall_send_ipi(struct x86_vcpu *v, u64 mask)
{
	unsigned long ids[2] = { hypercall_arg(v, GPR_RBX, mask),
				 hypercall_arg(v, GPR_RCX, mask) };

	if (mask != U64_MAX) {
		ids[0] |= ids[1] << 32;
		ids[1] = 0;
	}
	/* -EINVAL and -KVM_EINVAL are the same number. */
	return (s64)lapic_send_many(&v->apic.lapic, ids, hypercall_arg(v, GPR_RDX, mask),
				    hypercall_arg(v, GPR_RSI, mask));
}

static u64 hypercall_yield(struct x86_vcpu *v, u64 mask)
{
	struct x86_vcpu *target = vcpu_by_apic_id(v, hypercall_arg(v, GPR_RBX, mask));
	struct vcpu_stats *stats = &v->vcpu.stats;

	stat_inc(stats->directed_yield_attempted);
	if (target && target != v && vcpu_yield_to(&target->vcpu) > 0)
		stat_inc(stats->directed_yield_successful);
	return 0;
}

static u64 hypercall_call(struct x86_vcpu *v, u64 nr, u64 mask)
{
	switch (nr) {
	case KVM_HC_VAPIC_POLL_IRQ:
		/* The exit was all that it takes. */
		return 0;
	case KVM_HC_CLOCK_PAIRING:
		return pvclock_pair(v, hypercall_arg(v, GPR_RBX, mask),
				    hypercall_arg(v, GPR_RCX, mask));
	}
	/* Whom they are for is known where the LAPICs are. */
	if (!apic_in_kernel(v))
		return nr == KVM_HC_SEND_IPI ? -KVM_EOPNOTSUPP : -KVM_ENOSYS;
	switch (nr) {
	case KVM_HC_KICK_CPU:
		if (pv_has(v, KVM_FEATURE_PV_UNHALT))
			return hypercall_kick(v, mask);
		break;
	case KVM_HC_SEND_IPI:
		if (pv_has(v, KVM_FEATURE_PV_SEND_IPI))
			return hypercall_send_ipi(v, mask);
		break;
	case KVM_HC_SCHED_YIELD:
		if (pv_has(v, KVM_FEATURE_PV_SCHED_YIELD))
			return hypercall_yield(v, mask);
		break;
	}
	return -KVM_ENOSYS;
}

static noinline void hypercall_trace(struct x86_vcpu *v, u64 nr, u64 mask)
{
	const u64 arg[4] = {
		hypercall_arg(v, GPR_RBX, mask), hypercall_arg(v, GPR_RCX, mask),
		hypercall_arg(v, GPR_RDX, mask), hypercall_arg(v, GPR_RSI, mask),
	};

	trace_kvm_hypercall(nr, arg);
}

static u64 hypercall_mask(struct x86_vcpu *v)
{
	return state_is_64bit_code(v) ? U64_MAX : U32_MAX;
}

static enum x86_next hypercall_answered(struct x86_vcpu *v)
{
	/* Userspace has put the vCPU elsewhere: its registers stand. */
	if (exit_rip_stands(v))
		v->state.gpr[GPR_RAX] = v->vcpu.run->hypercall.ret & hypercall_mask(v);
	return X86_RESUME;
}

static bool hypercall_is_users(struct x86_vcpu *v, u64 nr)
{
	return unlikely(nr == KVM_HC_MAP_GPA_RANGE) &&
	       READ_ONCE(to_x86_vm(v->vcpu.kvm)->map_gpa_to_user) &&
	       pv_has(v, KVM_FEATURE_HC_MAP_GPA_RANGE);
}

/* KVM_HC_MAP_GPA_RANGE: whole pages, within the address space. */
static enum x86_next hypercall_ask(struct x86_vcpu *v, u64 nr, u64 mask)
{
	u64 gpa = hypercall_arg(v, GPR_RBX, mask);
	u64 pages = hypercall_arg(v, GPR_RCX, mask);
	struct kvm_run *run = v->vcpu.run;

	if ((gpa & ~PAGE_MASK) || !pages ||
	    (gpa >> PAGE_SHIFT) + pages <= gpa >> PAGE_SHIFT) {
		v->state.gpr[GPR_RAX] = -KVM_EINVAL & mask;
		return X86_RESUME;
	}
	run->exit_reason = KVM_EXIT_HYPERCALL;
	memset(&run->hypercall, 0, sizeof(run->hypercall));
	run->hypercall.nr = nr;
	run->hypercall.args[0] = gpa;
	run->hypercall.args[1] = pages;
	run->hypercall.args[2] = hypercall_arg(v, GPR_RDX, mask);
	run->hypercall.hypercall_flags = mask == U64_MAX;
	v->ask_located = false;
	v->pending = hypercall_answered;
	return X86_USER;
}

static enum x86_next hypercall_execute(struct x86_vcpu *v)
{
	u64 mask = hypercall_mask(v), ret;
	u64 nr = v->state.gpr[GPR_RAX] & mask;

	stat_inc(v->vcpu.stats.hypercalls);
	if (trace_kvm_hypercall_enabled())
		hypercall_trace(v, nr, mask);
	if (state_get(v, GRP_CPL)->cpl)
		ret = -KVM_EPERM;
	else if (hypercall_is_users(v, nr))
		return hypercall_ask(v, nr, mask);
	else
		ret = hypercall_call(v, nr, mask);
	v->state.gpr[GPR_RAX] = ret & mask;
	return X86_RESUME;
}

static enum x86_next hypercall_raise_ud(struct x86_vcpu *v)
{
	kvm_event_exception(v, X86_TRAP_UD, -1);
	return X86_RESUME;
}

/* Hyper-V's; behind it is @rip. */
static enum x86_next hypercall_hv(struct x86_vcpu *v, u64 rip)
{
	enum hv_call_end end = hv_hypercall(v);

	if (end == HV_CALL_UNDEFINED)
		return hypercall_raise_ud(v);
	exit_skip_to(v, rip);
	if (end == HV_CALL_DONE)
		return X86_RESUME;
	v->ask_located = false;
	v->pending = hv_hypercall_answered;
	return X86_USER;
}

/* L2's, which L1 does not want to see; at most that it is done. */
static enum x86_next hypercall_l2(struct x86_vcpu *v, u64 rip)
{
	if (!hv_hypercall_l2(v))
		return X86_RESUME;
	exit_skip_to(v, rip);
	if (hv_l1_waits_for_flush(v))
		v->events.to_l1 = (struct x86_event){ .kind = EVENT_FLUSHED };
	return X86_RESUME;
}

static enum x86_next hypercall_xen(struct x86_vcpu *v, u64 rip)
{
	exit_skip_to(v, rip);
	xen_ask(v);
	v->ask_located = false;
	v->pending = xen_answered;
	return X86_USER;
}

enum x86_next hypercall_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	u64 rip;

	if (nested_l2_runs(v))
		return exit_next_rip(v, exit, &rip) ? hypercall_l2(v, rip) : v->next;
	if (xen_takes(v))
		return exit_next_rip(v, exit, &rip) ? hypercall_xen(v, rip) : v->next;
	if (unlikely(hv_takes_hypercalls(v)))
		return exit_next_rip(v, exit, &rip) ? hypercall_hv(v, rip) : v->next;
	if (!exit_skip(v, exit))
		return v->next;
	return hypercall_execute(v);
}

static u8 modrm_foreign(void)
{
	return x86_caps->hypercall_modrm ^ MODRM_VMCALL ^ MODRM_VMMCALL;
}

static bool insn_is_foreign(const struct emul_insn *insn)
{
	return insn->map == 1 && insn->opcode == OPCODE_GROUP_7 && !insn->op66 &&
	       !insn->rep && !insn->lock && insn->modrm == modrm_foreign();
}

/* At @la is its last byte.  What cannot be written stays. */
static bool hypercall_rewrite(struct x86_vcpu *v, u64 la)
{
	u64 access = state_get(v, GRP_CPL)->cpl == 3 ? PF_WRITE | PF_USER :
						       PF_WRITE;
	u8 old = modrm_foreign();
	struct emul_fault fault;
	gpa_t gpa;

	return guest_translate(v, la, access, &gpa, &fault) == EMUL_OK &&
	       !guest_cmpxchg(&v->vcpu, gpa, &old, &x86_caps->hypercall_modrm, 1);
}

enum x86_next hypercall_undefined(struct x86_vcpu *v)
{
	struct emul_fault fault;
	struct emul_insn insn;
	struct insn_code c;
	bool rewritten;
	u64 rip;
	int len;

	if (!quirk_is_on(v, KVM_X86_QUIRK_FIX_HYPERCALL_INSN))
		return hypercall_raise_ud(v);
	insn_code_start(v, &c);
	len = insn_code_decode(v, &c, &insn, &fault);
	if (len < 0 || !insn_is_foreign(&insn))
		return hypercall_raise_ud(v);
	rewritten = hypercall_rewrite(v, c.mode == EMUL_64 ? c.la + len - 1 :
						     (u32)(c.la + len - 1));
	/* L2's is executed again, and L1's to answer. */
	if (v->nested.l2)
		return rewritten ? X86_RESUME : hypercall_raise_ud(v);
	rip = emul_rip_advance(c.mode, v->state.rip, len);
	if (xen_takes(v))
		return hypercall_xen(v, rip);
	if (unlikely(hv_takes_hypercalls(v)))
		return hypercall_hv(v, rip);
	exit_skip_to(v, rip);
	return hypercall_execute(v);
}
