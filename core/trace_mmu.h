/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of the MMU, group "kvmmmu".  Names and fields are what tools read: they
 * do not change.
 */
#if !defined(LAMINA_CORE_TRACE_MMU_H) || defined(TRACE_HEADER_MULTI_READ)
#define LAMINA_CORE_TRACE_MMU_H

#include <linux/tracepoint.h>

#include "mmu/base/types.h"

#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvmmmu

/* ---- faults ---- */

TRACE_EVENT(kvm_mmu_spte_requested,
	TP_PROTO(u64 gfn, u64 pfn, u8 level),
	TP_ARGS(gfn, pfn, level),
	TP_STRUCT__entry(
		__field(u64, gfn)
		__field(u64, pfn)
		__field(u8, level)
	),
	TP_fast_assign(
		__entry->gfn = gfn;
		__entry->pfn = pfn;
		__entry->level = level;
	),
	TP_printk("gfn %llx pfn %llx level %d", __entry->gfn, __entry->pfn,
		  __entry->level)
);

TRACE_EVENT(fast_page_fault,
	TP_PROTO(int vcpu_id, gpa_t gpa, u32 error, u64 *sptep, u64 old, u64 new),
	TP_ARGS(vcpu_id, gpa, error, sptep, old, new),
	TP_STRUCT__entry(
		__field(int, vcpu_id)
		__field(gpa_t, cr2_or_gpa)
		__field(u32, error_code)
		__field(u64 *, sptep)
		__field(u64, old_spte)
		__field(u64, new_spte)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->cr2_or_gpa = gpa;
		__entry->error_code = error;
		__entry->sptep = sptep;
		__entry->old_spte = old;
		__entry->new_spte = new;
		__entry->ret = 0;
	),
	TP_printk("vcpu %d gva %llx error_code 0x%x sptep %p old %#llx new %#llx",
		  __entry->vcpu_id, __entry->cr2_or_gpa, __entry->error_code,
		  __entry->sptep, __entry->old_spte, __entry->new_spte)
);

TRACE_EVENT(mark_mmio_spte,
	TP_PROTO(void *sptep, gfn_t gfn, unsigned int access, unsigned int gen),
	TP_ARGS(sptep, gfn, access, gen),
	TP_STRUCT__entry(
		__field(void *, sptep)
		__field(gfn_t, gfn)
		__field(unsigned, access)
		__field(unsigned int, gen)
	),
	TP_fast_assign(
		__entry->sptep = sptep;
		__entry->gfn = gfn;
		__entry->access = access;
		__entry->gen = gen;
	),
	TP_printk("sptep:%p gfn %llx access %x gen %x", __entry->sptep,
		  __entry->gfn, __entry->access, __entry->gen)
);

TRACE_EVENT(handle_mmio_page_fault,
	TP_PROTO(u64 addr, gfn_t gfn, unsigned int access),
	TP_ARGS(addr, gfn, access),
	TP_STRUCT__entry(
		__field(u64, addr)
		__field(gfn_t, gfn)
		__field(unsigned, access)
	),
	TP_fast_assign(
		__entry->addr = addr;
		__entry->gfn = gfn;
		__entry->access = access;
	),
	TP_printk("addr:%llx gfn %llx access %x", __entry->addr, __entry->gfn,
		  __entry->access)
);

/* ---- walks of the guest's tables ---- */

TRACE_EVENT(kvm_mmu_pagetable_walk,
	TP_PROTO(u64 addr, u32 pferr),
	TP_ARGS(addr, pferr),
	TP_STRUCT__entry(
		__field(__u64, addr)
		__field(__u32, pferr)
	),
	TP_fast_assign(
		__entry->addr = addr;
		__entry->pferr = pferr;
	),
	TP_printk("addr %llx pferr %x", __entry->addr, __entry->pferr)
);

TRACE_EVENT(kvm_mmu_paging_element,
	TP_PROTO(u64 pte, u32 level),
	TP_ARGS(pte, level),
	TP_STRUCT__entry(
		__field(__u64, pte)
		__field(__u32, level)
	),
	TP_fast_assign(
		__entry->pte = pte;
		__entry->level = level;
	),
	TP_printk("pte %llx level %u", __entry->pte, __entry->level)
);

TRACE_EVENT(kvm_mmu_walker_error,
	TP_PROTO(u32 pferr),
	TP_ARGS(pferr),
	TP_STRUCT__entry(
		__field(__u32, pferr)
	),
	TP_fast_assign(
		__entry->pferr = pferr;
	),
	TP_printk("pferr %x", __entry->pferr)
);

/* ---- shadow pages; @role as Linux's KVM packs it (core/mmu_trace.c) ---- */

TRACE_EVENT(kvm_mmu_get_page,
	TP_PROTO(u64 gfn, u32 role, u32 roots, bool unsync),
	TP_ARGS(gfn, role, roots, unsync),
	TP_STRUCT__entry(
		__field(__u8, mmu_valid_gen)
		__field(__u64, gfn)
		__field(__u32, role)
		__field(__u32, root_count)
		__field(bool, unsync)
		__field(bool, created)
	),
	TP_fast_assign(
		__entry->mmu_valid_gen = 0;
		__entry->gfn = gfn;
		__entry->role = role;
		__entry->root_count = roots;
		__entry->unsync = unsync;
		__entry->created = true;
	),
	TP_printk("sp gfn %llx level %u role %x root %u %s new", __entry->gfn,
		  __entry->role & 15, __entry->role, __entry->root_count,
		  __entry->unsync ? "unsync" : "sync")
);

DECLARE_EVENT_CLASS(kvm_mmu_page_class,
	TP_PROTO(u64 gfn, u32 role, u32 roots, bool unsync),
	TP_ARGS(gfn, role, roots, unsync),
	TP_STRUCT__entry(
		__field(__u8, mmu_valid_gen)
		__field(__u64, gfn)
		__field(__u32, role)
		__field(__u32, root_count)
		__field(bool, unsync)
	),
	TP_fast_assign(
		__entry->mmu_valid_gen = 0;
		__entry->gfn = gfn;
		__entry->role = role;
		__entry->root_count = roots;
		__entry->unsync = unsync;
	),
	TP_printk("sp gfn %llx level %u role %x root %u %s", __entry->gfn,
		  __entry->role & 15, __entry->role, __entry->root_count,
		  __entry->unsync ? "unsync" : "sync")
);

DEFINE_EVENT(kvm_mmu_page_class, kvm_mmu_sync_page,
	TP_PROTO(u64 gfn, u32 role, u32 roots, bool unsync),
	TP_ARGS(gfn, role, roots, unsync));
DEFINE_EVENT(kvm_mmu_page_class, kvm_mmu_unsync_page,
	TP_PROTO(u64 gfn, u32 role, u32 roots, bool unsync),
	TP_ARGS(gfn, role, roots, unsync));
DEFINE_EVENT(kvm_mmu_page_class, kvm_mmu_prepare_zap_page,
	TP_PROTO(u64 gfn, u32 role, u32 roots, bool unsync),
	TP_ARGS(gfn, role, roots, unsync));

TRACE_EVENT(kvm_mmu_zap_all_fast,
	TP_PROTO(unsigned int pages),
	TP_ARGS(pages),
	TP_STRUCT__entry(
		__field(__u8, mmu_valid_gen)
		__field(unsigned int, mmu_used_pages)
	),
	TP_fast_assign(
		__entry->mmu_valid_gen = 0;
		__entry->mmu_used_pages = pages;
	),
	TP_printk("used_pages %x", __entry->mmu_used_pages)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH core
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace_mmu
#include <trace/define_trace.h>
