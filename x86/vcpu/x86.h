/* SPDX-License-Identifier: GPL-2.0-only */
/* The x86 VM and vCPU; the vendor embeds them first in its own structs. */
#ifndef LAMINA_X86_VCPU_X86_H
#define LAMINA_X86_VCPU_X86_H

#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "core/kvm.h"
#include "emul/emul.h"
#include "irq/irq.h"
#include "x86/vcpu/event.h"
#include "x86/vcpu/exit.h"
#include "x86/vcpu/parts.h"
#include "x86/vcpu/request.h"
#include "x86/vcpu/state.h"

struct irqchip;
/**
 * struct x86_vm - x86's part of a VM
 * @kvm: core's part, first
 * @event_flags: KVM_VCPUEVENT_VALID_* that userspace has enabled
 * @tsc, @clock: time-stamp counters, kvmclock (tsc.c, pvclock.c)
 * @irq: interrupt controllers (irq/)
 * @irqchip, @hv: what belongs to those in the kernel (irqchip.c), Hyper-V's part
 *	(hyperv/hv.h); or NULL
 * @msr_filter: MSR filter, or NULL; under kvm->srcu, written under kvm->lock
 * @msr_user_reasons: KVM_MSR_EXIT_REASON_* that go to userspace; @map_gpa_to_user:
 *	KVM_HC_MAP_GPA_RANGE does
 * @quirks_off: KVM_X86_QUIRK_*; written under kvm->lock (quirks.c)
 * @platform_info_off: the guest may not read MSR_PLATFORM_INFO; @dma_incoherent: what it
 *	writes back has to be (vm.c)
 * @exits_off: KVM_X86_DISABLE_EXITS_*; @exit_on_failure: of an emulation; likewise
 * @identity: one, with x86_caps->identity (run/identity.h)
 */
struct x86_vm {
	struct kvm kvm;
	struct x86_vm_tsc tsc;
	struct x86_vm_clock clock;
	struct irq_vm irq;
	struct irqchip *irqchip;
	struct hv_vm *hv;
	struct msr_filter __rcu *msr_filter;
	u8 msr_user_reasons, quirks_off, exits_off, event_flags;
	bool platform_info_off, exit_on_failure, map_gpa_to_user, dma_incoherent;
	struct x86_identity { u32 gpa; struct page *page; } identity[];
};

struct msr_row;

/**
 * struct x86_vcpu - x86's part of a vCPU
 * @vcpu: core's part, first
 * @state: registers (state.c)
 * @events: event queue (event.c)
 * @debug: guest debugging (debug.c)
 * @fpu: FPU (fpu.c)
 * @cpuid: CPUID table (cpuid.c)
 * @msrs: MSRs (msr_table.c)
 * @mce: machine checks (mce.c)
 * @tsc, @pvclock: time-stamp counter, kvmclock (tsc.c, pvclock.c)
 * @steal, @apf: steal time, asynchronous page faults (steal.c, apf.c)
 * @pv: paravirtual features (pvfeature.c)
 * @apic: LAPIC (cpu/apic.c)
 * @pveoi, @smm: EOI through guest memory, system management mode (pveoi.c, smm.c)
 * @hv, @emul: Hyper-V's part (hyperv/hv.h), emulator's context: made when first needed
 * @nested: L2 (vcpu/nested.h)
 * @mp_state: KVM_MP_STATE_*
 * @run_err: errno of X86_FAIL
 * @next: (x) what a handler returns whose instruction was not stepped over, or not found
 * @has_run: KVM_RUN was called: the CPUID table is final
 * @reported: the run page tells the state of now: no other ioctl since KVM_RUN ended
 * @mmu_stale: the MMU's context does not match the registers (cr.c); @caches_off: CR0.CD
 * @pio_size: bytes of an IN that userspace is asked for
 * @msr_exits: userspace's filter needs to see every RDMSR and WRMSR
 * @ask_la: state_code_la() when userspace was asked, with @ask_located: exit_rip_stands()
 * @ask_next: where it goes when an instruction that userspace completes is complete
 * @rcu_told: jiffies when RCU was last told that the CPU was quiescent
 * @msr_row: the row of the MSR that was accessed last; where to look first
 * @pending: finishes an exit that userspace has answered, or NULL
 */
struct x86_vcpu {
	struct kvm_vcpu vcpu;
	struct x86_state state;
	struct x86_events events;
	struct x86_debug debug;
	struct x86_fpu fpu;
	struct x86_cpuid cpuid;
	struct x86_msrs msrs;
	struct x86_mce mce;
	struct x86_tsc tsc;
	struct x86_pvclock pvclock;
	struct x86_steal steal;
	struct x86_apf apf;
	struct x86_pv pv;
	struct x86_apic apic;
	struct x86_pveoi pveoi;
	struct x86_nested nested;
	struct hv_vcpu *hv;
	struct x86_emulator *emul;
	struct x86_smm smm;
	u32 mp_state;
	int run_err;
	enum x86_next next;
	bool has_run;
	bool reported, mmu_stale;
	u8 pio_size;
	bool msr_exits, ask_located, caches_off;
	u64 ask_la, ask_next;
	unsigned long rcu_told;
	const struct msr_row *msr_row;
	enum x86_next (*pending)(struct x86_vcpu *v);
};

/** to_x86_vm - x86's part of a VM */
static inline struct x86_vm *to_x86_vm(struct kvm *kvm)
{
	return container_of(kvm, struct x86_vm, kvm);
}

/** to_x86_vcpu - x86's part of a vCPU */
static inline struct x86_vcpu *to_x86_vcpu(struct kvm_vcpu *vcpu)
{
	return container_of(vcpu, struct x86_vcpu, vcpu);
}

/** apic_in_kernel - is the vCPU's LAPIC in the kernel? */
static inline bool apic_in_kernel(const struct x86_vcpu *v)
{
	return v->apic.lapic.regs;
}

/** x86_vcpu_of_lapic - whose LAPIC it is */
static inline struct x86_vcpu *x86_vcpu_of_lapic(struct lapic *a)
{
	return container_of(a, struct x86_vcpu, apic.lapic);
}

/** quirk_is_on - has userspace left a quirk (KVM_X86_QUIRK_*) as it is by default? */
static inline bool quirk_is_on(const struct x86_vcpu *v, u32 quirk)
{
	return !(READ_ONCE(to_x86_vm(v->vcpu.kvm)->quirks_off) & quirk);
}

/* Register groups: x86/vcpu/state.h.  Inline, because each exit asks often. */

/**
 * state_get - make groups valid
 * @v: the vCPU, loaded
 * @groups: GRP_*
 *
 * Return: the state.
 */
static inline struct x86_state *state_get(struct x86_vcpu *v, u32 groups)
{
	u32 missing = groups & ~v->state.valid;

	if (missing)
		kvm_state_fetch(v, missing);
	return &v->state;
}

/**
 * state_set - make groups valid, and dirty: the caller writes them now
 * @v: the vCPU, loaded
 * @groups: GRP_*
 *
 * Fetches first, so that a caller may change a part of a group.
 */
static inline struct x86_state *state_set(struct x86_vcpu *v, u32 groups)
{
	state_get(v, groups);
	v->state.dirty |= groups;
	return &v->state;
}

/**
 * state_replace - the same for a caller that writes all of the groups
 * @v: the vCPU, loaded
 * @groups: GRP_*; what they held is not fetched
 */
static inline struct x86_state *state_replace(struct x86_vcpu *v, u32 groups)
{
	v->state.valid |= groups;
	v->state.dirty |= groups;
	return &v->state;
}

/** state_is_long_mode - EFER.LMA (64-bit or compatibility mode) */
static inline bool state_is_long_mode(struct x86_vcpu *v)
{
	return state_get(v, GRP_EFER)->efer & EFER_LMA;
}

/** state_is_64bit_code - long mode with a 64-bit code segment */
static inline bool state_is_64bit_code(struct x86_vcpu *v)
{
	const struct x86_state *s = state_get(v, GRP_EFER | GRP_CSSS);

	return (s->efer & EFER_LMA) && (s->seg[SEG_CS].attr & SEG_L);
}

/** state_code_la - linear address of the instruction at RIP */
u64 state_code_la(struct x86_vcpu *v);

/** state_is_canonical - is a linear address one that 64-bit mode allows? */
static inline bool state_is_canonical(struct x86_vcpu *v, u64 la)
{
	return emul_canonical(la, state_get(v, GRP_CR4)->cr4 & X86_CR4_LA57);
}

/* Guest debugging: what userspace has asked for (x86/run/guest_debug.c). */

/** debug_steps - does userspace want to hear of every instruction? */
static inline bool debug_steps(const struct x86_vcpu *v)
{
	return v->debug.control & KVM_GUESTDBG_SINGLESTEP;
}

/** debug_has_breakpoints - are userspace's breakpoints in the debug registers? */
static inline bool debug_has_breakpoints(const struct x86_vcpu *v)
{
	return v->debug.control & KVM_GUESTDBG_USE_HW_BP;
}

/** debug_takes_int3 - does INT3 go to userspace? */
static inline bool debug_takes_int3(const struct x86_vcpu *v)
{
	return v->debug.control & KVM_GUESTDBG_USE_SW_BP;
}

/** debug_blocks_events - does userspace keep interrupts and NMIs out? */
static inline bool debug_blocks_events(const struct x86_vcpu *v)
{
	return v->debug.control & KVM_GUESTDBG_BLOCKIRQ;
}

/** debug_db - DR0 to DR3 for the processor; GRP_DR is valid */
static inline const u64 *debug_db(const struct x86_vcpu *v)
{
	return debug_has_breakpoints(v) ? v->debug.db : v->state.db;
}

/** debug_dr7 - DR7 for the processor; GRP_DR is valid */
static inline u64 debug_dr7(const struct x86_vcpu *v)
{
	return debug_has_breakpoints(v) ? v->debug.dr7 : v->state.dr7;
}

#endif
