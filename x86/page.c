// SPDX-License-Identifier: GPL-2.0-only
/* Second-level page faults: the MMU's verdict, and what follows. */
#include "x86/emulate.h"
#include "x86/exits.h"
#include "x86/run.h"
#include "x86/vendor.h"

/*
 * A write to one of the guest's own page tables, by the hardware that walks them
 * (accessed and dirty bits), in memory that cannot be written: no instruction
 * could be emulated to do it.
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
static enum x86_next delivery_failed(struct x86_vcpu *v,
				     const struct x86_exit *exit)
{
	const u64 data[] = {
		v->events.injected.vector, exit->code, exit->page.gpa,
	};

	return exit_internal_error(v, KVM_INTERNAL_ERROR_DELIVERY_EV,
				   ARRAY_SIZE(data), data);
}

enum x86_next page_exit(struct x86_vcpu *v, const struct x86_exit *exit)
{
	struct mmu_fault fault = {
		.addr = exit->page.gpa,
		.error = exit->page.error,
	};

	switch (mmu_fault(&v->vcpu.mmu, &fault)) {
	case MMU_RETRY:
	case MMU_FIXED:
		return X86_RESUME;
	case MMU_EMULATE:
		if (v->events.injected.kind)
			return delivery_failed(v, exit);
		if (is_table_walk(exit) || is_fetch(exit))
			return emulate_failed(v);
		return emulate_insn(v, exit);
	default:
		return run_fail(v, fault.err);
	}
}
