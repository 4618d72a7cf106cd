// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults, at the second level or on shadow page tables: the MMU's verdict, and
 * what follows.
 */
#include <linux/export.h>

#include "core/dirty_ring.h"
#include "core/guestmem.h"
#include "core/trace_mmu.h"
#include "x86/cpu/apf.h"
#include "x86/cpu/apic.h"
#include "x86/cpu/caps.h"
#include "x86/insn/emulate.h"
#include "x86/insn/fetch.h"
#include "x86/run/apic_access.h"
#include "x86/run/exits.h"
#include "x86/run/halt.h"
#include "x86/run/identity.h"
#include "x86/vcpu/trace.h"
#include "x86/vcpu/vendor.h"

/*
 * A write to one of the guest's own page tables, by the hardware that walks them
 * (accessed and dirty bits), in memory that cannot be written.
 */
static bool is_table_walk(const struct x86_exit *exit)
{
	return exit->page.error & PF_GUEST_TABLE;
}

/* Code that lies where no memory is cannot be fetched by the emulator either. */
static bool is_fetch(const struct x86_exit *exit)
{
	return exit->page.error & PF_FETCH;
}

/*
 * The access was not the instruction's at RIP but that of an event on its way in:
 * a descriptor table or a stack where no memory is.
 */
static noinline enum x86_next delivery_failed(struct x86_vcpu *v,
				     const struct x86_exit *exit, gpa_t gpa)
{
	const u64 data[] = { v->events.injected.vector, exit->code, gpa };

	return exit_internal_error(v, KVM_INTERNAL_ERROR_DELIVERY_EV,
				   ARRAY_SIZE(data), data);
}

static_assert(KVM_LOG_ROOM * 2 <= DIRTY_RING_RESERVE);

void kvm_log_written(struct x86_vcpu *v, const u64 *gpa, unsigned int n)
{
	while (n--)
		guest_logged(&v->vcpu, *gpa++ >> MMU_PAGE_SHIFT);
}
EXPORT_SYMBOL_GPL(kvm_log_written);

/* The address is no hint for the emulator. */
static noinline enum x86_next page_emulate_plain(struct x86_vcpu *v,
					      const struct x86_exit *exit)
{
	struct x86_exit insn = *exit;

	insn.kind = X86_EXIT_EMULATE;
	return emulate_insn(v, &insn);
}

/* Without a slot it was answered by what is mapped already. */
static __always_inline void page_fixed(struct x86_vcpu *v, const struct mmu_fault *fault)
{
	if (!fault->slot) {
		stat_inc(v->vcpu.stats.pf_fast);
		return;
	}
	stat_inc(v->vcpu.stats.pf_fixed);
	trace_kvm_mmu_spte_requested(fault->gfn, fault->pfn.pfn, fault->level);
}

static noinline enum x86_next page_absent(struct x86_vcpu *v,
					  const struct mmu_fault *fault)
{
	return apf_start(v, fault) ? X86_RESUME : halt_for_page(v);
}

/*
 * Tables in ROM, as firmware has them: the processor insists on writing to them, whatever
 * bits are set.  The emulator's walk does not, and its instruction needs no other.
 */
static noinline enum x86_next table_emulate(struct x86_vcpu *v,
					    const struct x86_exit *exit)
{
	if (v->nested.ctx != MMU_CTX_GUEST ||
	    !guest_slot(&v->vcpu, exit->page.gpa >> PAGE_SHIFT))
		return X86_UNKNOWN;
	return page_emulate_plain(v, exit);
}

static enum x86_next page_emulate(struct x86_vcpu *v, const struct x86_exit *exit)
{
	if (v->events.injected.kind)
		return delivery_failed(v, exit, exit->page.gpa);
	if (is_table_walk(exit))
		return table_emulate(v, exit);
	if (is_fetch(exit))
		return X86_UNKNOWN;
	/* It is one of L2's, and the emulator goes by L1's. */
	if (v->nested.ctx != MMU_CTX_GUEST)
		return page_emulate_plain(v, exit);
	return emulate_insn(v, exit);
}

enum x86_next apic_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	struct x86_exit insn = *exit;

	insn.kind = X86_EXIT_PAGE;
	return page_emulate(v, &insn);
}

/* No memory that the MMU could map, or write to. */
static enum x86_next page_access(struct x86_vcpu *v, const struct x86_exit *exit)
{
	stat_inc(v->vcpu.stats.pf_emulate);
	if (exit->page.error & PF_RSVD)
		trace_handle_mmio_page_fault(exit->page.gpa,
					     exit->page.gpa >> MMU_PAGE_SHIFT, 0);
	return page_emulate(v, exit);
}

/*
 * An instruction that the emulator does not know may write to a frame that only
 * the MMU has write-protected: it stops doing so.
 */
static noinline enum x86_next page_unprotect(struct x86_vcpu *v, struct mmu_fault *fault)
{
	fault->no_emulate = true;
	fault->nowait = false;
	switch (mmu_fault(&v->vcpu.mmu, fault)) {
	case MMU_RETRY:
	case MMU_FIXED:
	case MMU_INJECT:
		return X86_RESUME;
	case MMU_EMULATE:
		return X86_UNKNOWN;
	default:
		return exit_fail(v, fault->err);
	}
}

static noinline enum x86_next page_fault(struct x86_vcpu *v,
					 const struct x86_exit *exit)
{
	struct mmu_fault fault __uninitialized;
	enum x86_next next;

	mmu_fault_init(&fault, exit->page.gpa, exit->page.error);
	fault.no_emulate = v->events.injected.kind;
	/* L2 knows nothing of pages that are on their way. */
	fault.nowait = apf_is_possible(v) && !v->nested.l2;
	switch (mmu_fault(&v->vcpu.mmu, &fault)) {
	case MMU_FIXED:
		page_fixed(v, &fault);
		return X86_RESUME;
	case MMU_RETRY:
	case MMU_INJECT:
		return X86_RESUME;
	case MMU_EMULATE:
		next = page_access(v, exit);
		return likely(next != X86_UNKNOWN) ? next : page_unprotect(v, &fault);
	case MMU_ABSENT:
		return page_absent(v, &fault);
	default:
		return exit_fail(v, fault.err);
	}
}

static noinline enum x86_next apic_page_look_exit(struct x86_vcpu *v,
						 const struct x86_exit *exit)
{
	return apic_page_look(v) ? page_access(v, exit) : page_fault(v, exit);
}

/* The page of a LAPIC in the kernel (SDM vol. 3, 11.4.4), unless there is memory. */
static enum x86_next apic_page_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	if (x86_caps->apic_access && apic_access_map(v, exit->page.gpa)) {
		stat_inc(v->vcpu.stats.pf_fixed);
		return X86_RESUME;
	}
	return apic_page_is_known(v) ? page_access(v, exit) : apic_page_look_exit(v, exit);
}

/* Calls come last: what is to be mapped takes a frame, what is known to be a device none. */
enum x86_next page_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	stat_inc(v->vcpu.stats.pf_taken);
	if (trace_kvm_page_fault_enabled())
		trace_kvm_page_fault(v->vcpu.id, v->state.rip, exit->page.gpa,
				     exit->page.error);
	/* L2's addresses are none of L1's. */
	if (v->nested.ctx != MMU_CTX_GUEST)
		return page_fault(v, exit);
	if (identity_is_page(v, exit->page.gpa))
		return identity_exit(v);
	if (apic_would_be(v, exit->page.gpa))
		return apic_page_exit(v, exit);
	return mmu_is_hole(&v->vcpu.mmu, exit->page.gpa) ? page_access(v, exit) :
							   page_fault(v, exit);
}

/* ------------------------------------------------------------------------ */
/* Shadow paging. */

/* A supervisor's access by a program's code is the processor's own. */
static u64 fault_error(struct x86_vcpu *v, u64 error)
{
	if (!(error & PF_USER) && state_get(v, GRP_CPL)->cpl == 3)
		error |= PF_IMPLICIT;
	return error;
}

static enum mmu_result fault_handle(struct x86_vcpu *v,
				    const struct x86_exit *exit, bool no_emulate,
				    struct mmu_fault *fault)
{
	mmu_fault_init(fault, exit->fault.la, fault_error(v, exit->fault.error));
	fault->regs = guest_perm_regs(v);
	fault->no_emulate = no_emulate;
	fault->nowait = !no_emulate && apf_is_possible(v);
	return mmu_fault(&v->vcpu.mmu, fault);
}

/* MMU_INJECT: the guest's #PF waits; an event that was on its way merges with it. */
enum x86_next fault_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	bool in_delivery = v->events.injected.kind;
	struct mmu_fault fault __uninitialized;
	enum x86_next next;

	stat_inc(v->vcpu.stats.pf_taken);
	if (trace_kvm_page_fault_enabled())
		trace_kvm_page_fault(v->vcpu.id, v->state.rip, exit->fault.la,
				     exit->fault.error);
	switch (fault_handle(v, exit, in_delivery, &fault)) {
	case MMU_FIXED:
		page_fixed(v, &fault);
		return X86_RESUME;
	case MMU_RETRY:
	case MMU_INJECT:
		return X86_RESUME;
	case MMU_EMULATE:
		stat_inc(v->vcpu.stats.pf_emulate);
		if (in_delivery)
			return delivery_failed(v, exit,
					       fault.gfn << MMU_PAGE_SHIFT);
		if (exit->fault.error & PF_FETCH)
			return X86_UNKNOWN;
		next = emulate_insn(v, exit);
		return likely(next != X86_UNKNOWN) ? next : page_unprotect(v, &fault);
	case MMU_ABSENT:
		return page_absent(v, &fault);
	default:
		return exit_fail(v, fault.err);
	}
}
