// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's answers to mmu/mmu_env.h, but for guest memory (guestmem.c).
 *
 * Look-ups run in userspace's address space (current->mm == kvm->mm).
 */
#include <linux/gfp.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/swap.h>

#include "compat/kernel.h"
#include "core/arch.h"
#include "core/dirty.h"
#include "core/run_state.h"
#include "mmu/mmu_env.h"

/* Neighbours that are looked up in one go. */
#define PFN_BATCH	16

/* Faults that may be needed until a raw mapping stays in place for a look. */
#define RAW_TRIES	8

static struct slot *env_slot(const struct mmu_slot *slot)
{
	return container_of(slot, struct slot, mmu);
}

static hva_t env_hva(const struct mmu_slot *slot, gfn_t gfn)
{
	return slot->hva + ((gfn - slot->base_gfn) << MMU_PAGE_SHIFT);
}

/* ------------------------------------------------------------------------ */
/* Tables. */

static void table_account(struct page *page, int n)
{
	mod_lruvec_page_state(page, NR_SECONDARY_PAGETABLE, n);
}

static void *table_alloc(gfp_t gfp)
{
	struct page *page = alloc_page(gfp | __GFP_ZERO);

	if (!page)
		return NULL;
	table_account(page, 1);
	return page_address(page);
}

void *mmu_env_table_alloc(bool wait)
{
	return table_alloc(wait ? GFP_KERNEL_ACCOUNT :
				  GFP_NOWAIT | __GFP_ACCOUNT | __GFP_NOWARN);
}

void *mmu_env_table_alloc_low(void)
{
	return table_alloc(GFP_KERNEL_ACCOUNT | GFP_DMA32);
}

void mmu_env_table_own(void *table, void *owner)
{
	set_page_private(virt_to_page(table), (unsigned long)owner);
}

void *mmu_env_table_owner(const u64 *sptep)
{
	return (void *)page_private(virt_to_page(sptep));
}

static void table_page_free(struct page *page)
{
	table_account(page, -1);
	__free_page(page);
}

void mmu_env_table_free(void *table)
{
	table_page_free(virt_to_page(table));
}

static void table_rcu(struct rcu_head *head)
{
	table_page_free(container_of(head, struct page, rcu_head));
}

void mmu_env_table_free_rcu(void *table)
{
	call_rcu(&virt_to_page(table)->rcu_head, table_rcu);
}

/* ------------------------------------------------------------------------ */
/* Host pages. */

static void pfn_set(struct mmu_pfn *out, struct page *page, bool writable)
{
	out->pfn = page_to_pfn(page);
	out->writable = writable;
	out->refcounted = true;
	out->device = false;
}

/* Pages that are mapped with the right already. */
static bool pfn_fast(hva_t hva, bool write, struct mmu_pfn *out)
{
	struct page *page;

	if (!get_user_page_fast_only(hva, write ? FOLL_WRITE : 0, &page))
		return false;
	pfn_set(out, page, write);
	return true;
}

/*
 * A look at a mapping without struct pages; mmap_lock held.  What it shows holds until
 * follow_pfnmap_end(); afterwards the notifier's sequence protects the result.
 *
 * Return: -EAGAIN when the entry has to be faulted in first.
 */
static int pfn_raw_look(hva_t hva, bool write, struct mmu_pfn *out)
{
	struct follow_pfnmap_args at = {
		.vma = vma_lookup(current->mm, hva),
		.address = hva,
	};

	if (!at.vma || !(at.vma->vm_flags & (VM_IO | VM_PFNMAP)))
		return -EFAULT;
	if (follow_pfnmap_start(&at))
		return -EAGAIN;
	out->pfn = at.pfn;
	out->writable = at.writable;
	out->refcounted = false;
	out->device = !page_is_ram(at.pfn);
	follow_pfnmap_end(&at);
	if (write && !out->writable)
		return -EAGAIN;
	return 0;
}

static int pfn_raw(hva_t hva, bool write, struct mmu_pfn *out)
{
	unsigned int flags = write ? FAULT_FLAG_WRITE : 0;
	struct mm_struct *mm = current->mm;
	bool unlocked = false;
	int err = -EFAULT, i;

	mmap_read_lock(mm);
	for (i = 0; i < RAW_TRIES; i++) {
		err = pfn_raw_look(hva, write, out);
		if (err != -EAGAIN)
			break;
		/* May drop the lock for a while, but comes back with it. */
		err = fixup_user_fault(mm, hva, flags, &unlocked);
		if (err)
			break;
		err = -EFAULT;
	}
	mmap_read_unlock(mm);
	return err;
}

/* @wait: FOLL_NOWAIT or 0.  Return: -EBUSY only with the former. */
static int pfn_find(const struct mmu_slot *slot, gfn_t gfn, bool write,
		    unsigned int wait, struct mmu_pfn *out)
{
	bool may_write = !(slot->flags & MMU_SLOT_READONLY);
	unsigned int flags = FOLL_HWPOISON | wait | (write ? FOLL_WRITE : 0);
	hva_t hva = env_hva(slot, gfn);
	struct page *page;
	long n;

	if ((may_write && pfn_fast(hva, true, out)) ||
	    (!write && pfn_fast(hva, false, out)))
		return 0;
	might_sleep();
	n = get_user_pages_unlocked(hva, 1, &page, flags);
	if (n == 1) {
		/* Brought in for reading, but perhaps writable now. */
		if (!write && may_write && pfn_fast(hva, true, out))
			put_page(page);
		else
			pfn_set(out, page, write);
		return 0;
	}
	if (n == -EHWPOISON || n == -EINTR || n == -ENOMEM)
		return n;
	/* 0: what was started goes on by itself. */
	if (wait && (!n || n == -EAGAIN))
		return -EBUSY;
	return pfn_raw(hva, write, out);
}

int mmu_env_pfn(const struct mmu_slot *slot, gfn_t gfn, bool write,
		struct mmu_pfn *out)
{
	return pfn_find(slot, gfn, write, 0, out);
}

int mmu_env_pfn_nowait(const struct mmu_slot *slot, gfn_t gfn, bool write,
		       struct mmu_pfn *out)
{
	return pfn_find(slot, gfn, write, FOLL_NOWAIT, out);
}

static noinline unsigned int pfn_batch(const struct mmu_slot *slot, gfn_t gfn,
				       unsigned int n, bool write,
				       struct mmu_pfn *out)
{
	unsigned int flags = write ? FOLL_WRITE : 0;
	struct page *page[PFN_BATCH] __uninitialized;
	unsigned int done = 0;
	int want, got, i;

	do {
		want = min_t(unsigned int, n - done, PFN_BATCH);
		got = get_user_pages_fast_only(env_hva(slot, gfn + done), want,
					       flags, page);
		for (i = 0; i < got; i++)
			pfn_set(&out[done++], page[i], write);
	} while (got == want && done < n);
	return done;
}

unsigned int mmu_env_pfn_present(const struct mmu_slot *slot, gfn_t gfn,
				 unsigned int n, bool write,
				 struct mmu_pfn *out)
{
	/* Shadow faults ask for one: half of the cost would be the loop's. */
	if (n == 1)
		return pfn_fast(env_hva(slot, gfn), write, out);
	return pfn_batch(slot, gfn, n, write, out);
}

void mmu_env_pfn_put(const struct mmu_pfn *p, bool dirty)
{
	struct folio *folio;

	if (!p->refcounted)
		return;
	folio = page_folio(pfn_to_page(p->pfn));
	/*
	 * Memory that is written to swap when it is dirty may have a writable
	 * clean host entry.  File systems dirty a page themselves when the
	 * host's entry becomes writable, and take the right away (with our
	 * SPTE) before they clean it: marking their pages from here could only
	 * come too late.
	 */
	if (dirty && (folio_test_anon(folio) || folio_test_swapbacked(folio)) &&
	    !folio_test_dirty(folio))
		folio_set_dirty(folio);
	folio_put(folio);
}

/*
 * Interrupts off keep the tables: whoever frees one sends an IPI first, or
 * waits for a grace period (as for get_user_pages_fast()).
 */
static int host_level_walk(struct mm_struct *mm, hva_t hva)
{
	pgd_t *pgdp = pgd_offset(mm, hva), pgd = READ_ONCE(*pgdp);
	p4d_t *p4dp, p4d;
	pud_t *pudp, pud;
	pmd_t pmd;

	if (pgd_none(pgd))
		return LEVEL_4K;
	p4dp = p4d_offset_lockless(pgdp, pgd, hva);
	p4d = READ_ONCE(*p4dp);
	if (p4d_none(p4d) || !p4d_present(p4d))
		return LEVEL_4K;
	pudp = pud_offset_lockless(p4dp, p4d, hva);
	pud = READ_ONCE(*pudp);
	if (pud_none(pud) || !pud_present(pud))
		return LEVEL_4K;
	if (pud_leaf(pud))
		return LEVEL_1G;
	pmd = READ_ONCE(*pmd_offset_lockless(pudp, pud, hva));
	if (pmd_none(pmd) || !pmd_present(pmd))
		return LEVEL_4K;
	return pmd_leaf(pmd) ? LEVEL_2M : LEVEL_4K;
}

int mmu_env_host_level(const struct mmu_slot *slot, gfn_t gfn)
{
	unsigned long flags;
	int level;

	local_irq_save(flags);
	level = host_level_walk(current->mm, env_hva(slot, gfn));
	local_irq_restore(flags);
	return level;
}

/* ------------------------------------------------------------------------ */
/* Memory types, log and TLBs. */

int mmu_env_memtype(struct mmu_vcpu *vcpu, gfn_t gfn, u64 n)
{
	return arch_memtype(container_of(vcpu, struct kvm_vcpu, mmu), gfn, n);
}

bool mmu_env_is_apart(struct mmu *mmu, gfn_t gfn, u64 n)
{
	return arch_frames_used(container_of(mmu, struct kvm, mmu), gfn, gfn + n);
}

void mmu_env_mark_dirty(struct mmu_vcpu *vcpu, const struct mmu_slot *slot,
			gfn_t gfn)
{
	dirty_mark(container_of(vcpu, struct kvm_vcpu, mmu), env_slot(slot), gfn);
}

/* Hardware can drop one translation or all; a request drops all. */
void mmu_env_flush(struct mmu *mmu, gfn_t start, u64 n)
{
	struct kvm *kvm = container_of(mmu, struct kvm, mmu);

	stat_inc(kvm->stats.remote_tlb_flush_requests);
	if (request_all(kvm, REQ_TLB_FLUSH))
		stat_inc(kvm->stats.remote_tlb_flush);
}

void mmu_env_flush_others(struct mmu_vcpu *vcpu)
{
	struct kvm_vcpu *own = container_of(vcpu, struct kvm_vcpu, mmu);

	stat_inc(own->kvm->stats.remote_tlb_flush_requests);
	if (request_others(own, REQ_TLB_FLUSH))
		stat_inc(own->kvm->stats.remote_tlb_flush);
}
