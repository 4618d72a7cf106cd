// SPDX-License-Identifier: GPL-2.0-only
/* The page that stands for the LAPICs in a VM's tables: apic_access.h. */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/pfn.h>

#include "core/memslot.h"
#include "core/run_state.h"
#include "x86/cpu/apic.h"
#include "x86/cpu/caps.h"
#include "x86/run/apic_access.h"
#include "x86/run/irqchip.h"

#define APIC_GFN	(APIC_BASE_RESET >> PAGE_SHIFT)

static struct irqchip *chip_of(const struct x86_vcpu *v)
{
	return to_x86_vm(v->vcpu.kvm)->irqchip;
}

bool apic_access_is_in(struct kvm *kvm, const struct slot *slot)
{
	return x86_caps->apic_access && to_x86_vm(kvm)->irqchip &&
	       slot_holds(slot, APIC_GFN);
}

static bool is_usual(const struct x86_vcpu *v)
{
	const struct lapic *a = &v->apic.lapic;

	return lapic_is_xapic(a) && a->base >> PAGE_SHIFT == APIC_GFN &&
	       !v->apic.tpr_reports;
}

static void access_zap(struct mmu *mmu)
{
	int i;

	mmu_invalidate_begin(mmu, APIC_GFN, APIC_GFN + 1);
	for (i = 0; i < AS_COUNT; i++)
		mmu_zap(mmu, i, APIC_GFN, APIC_GFN + 1, true);
	mmu_invalidate_end(mmu);
}

/*
 * The page goes before the controls do: without them it would be memory.  Who is mapping it
 * meanwhile looks again.
 */
static void access_stop(struct kvm *kvm, struct irqchip *chip)
{
	WRITE_ONCE(chip->access_off, true);
	/* Pairs with the barrier in apic_access_map(). */
	smp_mb();
	if (!READ_ONCE(chip->access))
		return;
	access_zap(&kvm->mmu);
	request_all(kvm, REQ_POLICY);
}

void apic_access_end(struct x86_vcpu *v)
{
	struct irqchip *chip = chip_of(v);

	if (x86_caps->apic_access && apic_in_kernel(v) && !READ_ONCE(chip->access_off))
		access_stop(v->vcpu.kvm, chip);
}

u64 apic_access_update(struct x86_vcpu *v)
{
	struct irqchip *chip = chip_of(v);
	struct page *page;

	if (!x86_caps->apic_access || !apic_in_kernel(v))
		return 0;
	if (!READ_ONCE(chip->access_off) && !is_usual(v))
		access_stop(v->vcpu.kvm, chip);
	page = READ_ONCE(chip->access);
	return page && !READ_ONCE(chip->access_off) ? PFN_PHYS(page_to_pfn(page)) : 0;
}

/* Once it is made no vCPU runs guest code before it knows of it. */
static bool access_make(struct kvm *kvm, struct irqchip *chip)
{
	struct page *page;

	if (likely(smp_load_acquire(&chip->access_ready)))
		return true;
	if (!READ_ONCE(chip->access)) {
		page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		if (!page)
			return false;
		if (cmpxchg(&chip->access, NULL, page))
			__free_page(page);
	}
	request_all(kvm, REQ_POLICY);
	smp_store_release(&chip->access_ready, true);
	return true;
}

bool apic_access_map(struct x86_vcpu *v, gpa_t gpa)
{
	struct irqchip *chip = chip_of(v);
	struct kvm *kvm = v->vcpu.kvm;
	bool done;

	if (gpa >> PAGE_SHIFT != APIC_GFN || READ_ONCE(chip->access_off) ||
	    !is_usual(v) || !access_make(kvm, chip))
		return false;
	done = mmu_map_own(&v->vcpu.mmu, APIC_GFN, page_to_pfn(chip->access));
	/* The leaf, then the look; access_stop() has the other half. */
	smp_mb();
	if (likely(!READ_ONCE(chip->access_off)))
		return done;
	access_zap(&kvm->mmu);
	return false;
}

void apic_access_free(struct irqchip *chip)
{
	if (chip->access)
		__free_page(chip->access);
}
