// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls.  VMCALL is 0F 01 C1, VMMCALL 0F 01 D9: rewriting one to the other is a
 * write of a single byte, which other processors see as a whole.
 */
#include <linux/kvm_para.h>

#include "core/guestmem.h"
#include "core/run_state.h"
#include "core/yield.h"
#include "irq/apic_map.h"
#include "irq/lapic_irq.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/pvclock.h"
#include "x86/cpu/pvfeature.h"
#include "x86/insn/fetch.h"
#include "x86/run/exits.h"
#include "x86/run/hypercall.h"
#include "x86/vcpu/trace.h"
#include "x86/vcpu/vendor.h"

#define MODRM_VMCALL	0xc1
#define MODRM_VMMCALL	0xd9

/* RAX, and RBX, RCX, RDX, RSI; their lower halves outside 64-bit code. */
struct hypercall {
	u64 nr;
	u64 arg[4];
	bool wide;
};

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
static u64 hypercall_kick(struct x86_vcpu *v, const struct hypercall *call)
{
	struct x86_vcpu *target = vcpu_by_apic_id(v, call->arg[1]);

	if (target) {
		WRITE_ONCE(target->pv.unhalted, true);
		vcpu_kick(&target->vcpu);
	}
	return 0;
}

static u64 hypercall_send_ipi(struct x86_vcpu *v, const struct hypercall *call)
{
	unsigned long ids[2] = { call->arg[0], call->arg[1] };

	if (!call->wide) {
		ids[0] |= ids[1] << 32;
		ids[1] = 0;
	}
	/* -EINVAL and -KVM_EINVAL are the same number. */
	return (s64)lapic_send_many(&v->apic.lapic, ids, call->arg[2],
				    call->arg[3]);
}

static u64 hypercall_yield(struct x86_vcpu *v, const struct hypercall *call)
{
	struct x86_vcpu *target = vcpu_by_apic_id(v, call->arg[0]);
	struct vcpu_stats *stats = &v->vcpu.stats;

	stat_inc(stats->directed_yield_attempted);
	if (target && target != v && vcpu_yield_to(&target->vcpu) > 0)
		stat_inc(stats->directed_yield_successful);
	return 0;
}

static u64 hypercall_call(struct x86_vcpu *v, const struct hypercall *call)
{
	switch (call->nr) {
	case KVM_HC_VAPIC_POLL_IRQ:
		/* The exit was all that it takes. */
		return 0;
	case KVM_HC_CLOCK_PAIRING:
		return pvclock_pair(v, call->arg[0], call->arg[1]);
	}
	/* Whom they are for is known where the LAPICs are. */
	if (!apic_in_kernel(v))
		return call->nr == KVM_HC_SEND_IPI ? -KVM_EOPNOTSUPP : -KVM_ENOSYS;
	switch (call->nr) {
	case KVM_HC_KICK_CPU:
		if (pv_has(v, KVM_FEATURE_PV_UNHALT))
			return hypercall_kick(v, call);
		break;
	case KVM_HC_SEND_IPI:
		if (pv_has(v, KVM_FEATURE_PV_SEND_IPI))
			return hypercall_send_ipi(v, call);
		break;
	case KVM_HC_SCHED_YIELD:
		if (pv_has(v, KVM_FEATURE_PV_SCHED_YIELD))
			return hypercall_yield(v, call);
		break;
	}
	return -KVM_ENOSYS;
}

static void hypercall_execute(struct x86_vcpu *v)
{
	bool wide = state_is_64bit_code(v);
	u64 mask = wide ? U64_MAX : U32_MAX, ret;
	const u64 *gpr = v->state.gpr;
	const struct hypercall call = {
		.nr = gpr[GPR_RAX] & mask,
		.arg = { gpr[GPR_RBX] & mask, gpr[GPR_RCX] & mask,
			 gpr[GPR_RDX] & mask, gpr[GPR_RSI] & mask },
		.wide = wide,
	};

	stat_inc(v->vcpu.stats.hypercalls);
	trace_kvm_hypercall(call.nr, call.arg);
	ret = state_get(v, GRP_CPL)->cpl ? -KVM_EPERM : hypercall_call(v, &call);
	v->state.gpr[GPR_RAX] = ret & mask;
}

enum x86_next hypercall_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	enum x86_next next;

	if (!exit_skip(v, exit, &next))
		return next;
	hypercall_execute(v);
	return X86_RESUME;
}

static u8 modrm_foreign(void)
{
	return x86_caps->hypercall_modrm ^ MODRM_VMCALL ^ MODRM_VMMCALL;
}

static bool insn_is_foreign(const struct emul_insn *insn)
{
	return insn->map == 1 && insn->opcode == 0x01 && !insn->op66 &&
	       !insn->rep && !insn->lock && insn->modrm == modrm_foreign();
}

/* At @la is its last byte.  What cannot be written stays. */
static void hypercall_rewrite(struct x86_vcpu *v, u64 la)
{
	u64 access = state_get(v, GRP_CPL)->cpl == 3 ? PF_WRITE | PF_USER :
						       PF_WRITE;
	u8 old = modrm_foreign();
	struct emul_fault fault;
	gpa_t gpa;

	if (guest_translate(v, la, access, &gpa, &fault) == EMUL_OK)
		guest_cmpxchg(&v->vcpu, gpa, &old, &x86_caps->hypercall_modrm,
			      1);
}

bool hypercall_undefined(struct x86_vcpu *v)
{
	struct emul_fault fault;
	struct emul_insn insn;
	struct insn_code c;
	int len;

	if (!quirk_is_on(v, KVM_X86_QUIRK_FIX_HYPERCALL_INSN))
		return false;
	insn_code_start(v, &c);
	len = insn_code_decode(v, &c, &insn, &fault);
	if (len < 0 || !insn_is_foreign(&insn))
		return false;
	hypercall_rewrite(v, c.mode == EMUL_64 ? c.la + len - 1 :
						 (u32)(c.la + len - 1));
	exit_skip_to(v, emul_rip_advance(c.mode, v->state.rip, len));
	hypercall_execute(v);
	return true;
}
