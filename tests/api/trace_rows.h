/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints and their fields, read off stock 6.1.192: C type, name, bytes. */
#ifndef API_TRACE_ROWS_H
#define API_TRACE_ROWS_H

static const struct {
	const char *name, *fields;
} rows[] = {
	{ "kvm/kvm_ack_irq",
	  "unsigned int irqchip (4), unsigned int pin (4)" },
	{ "kvm/kvm_age_hva",
	  "unsigned long start (8), unsigned long end (8)" },
	{ "kvm/kvm_async_pf_completed",
	  "unsigned long address (8), u64 gva (8)" },
	{ "kvm/kvm_async_pf_not_present",
	  "__u64 token (8), __u64 gva (8)" },
	{ "kvm/kvm_async_pf_ready",
	  "__u64 token (8), __u64 gva (8)" },
	{ "kvm/kvm_async_pf_repeated_fault",
	  "__u64 gva (8), u64 gfn (8)" },
	{ "kvm/kvm_fpu",
	  "u32 load (4)" },
	{ "kvm/kvm_halt_poll_ns",
	  "bool grow (1), unsigned int vcpu_id (4), unsigned int new (4), "
	  "unsigned int old (4)" },
	{ "kvm/kvm_mmio",
	  "u32 type (4), u32 len (4), u64 gpa (8), u64 val (8)" },
	{ "kvm/kvm_set_irq",
	  "unsigned int gsi (4), int level (4), int irq_source_id (4)" },
	{ "kvm/kvm_test_age_hva",
	  "unsigned long hva (8)" },
	{ "kvm/kvm_try_async_get_page",
	  "__u64 gva (8), u64 gfn (8)" },
	{ "kvm/kvm_unmap_hva_range",
	  "unsigned long start (8), unsigned long end (8)" },
	{ "kvm/kvm_userspace_exit",
	  "__u32 reason (4), int errno (4)" },
	{ "kvm/kvm_vcpu_wakeup",
	  "__u64 ns (8), bool waited (1), bool valid (1)" },
	{ "kvm/kvm_apic",
	  "unsigned int rw (4), unsigned int reg (4), u64 val (8)" },
	{ "kvm/kvm_apic_accept_irq",
	  "__u32 apicid (4), __u16 dm (2), __u16 tm (2), __u8 vec (1)" },
	{ "kvm/kvm_apic_ipi",
	  "__u32 icr_low (4), __u32 dest_id (4)" },
	{ "kvm/kvm_cpuid",
	  "unsigned int function (4), unsigned int index (4), "
	  "unsigned long rax (8), unsigned long rbx (8), unsigned long rcx (8), "
	  "unsigned long rdx (8), bool found (1), bool used_max_basic (1)" },
	{ "kvm/kvm_cr",
	  "unsigned int rw (4), unsigned int cr (4), unsigned long val (8)" },
	{ "kvm/kvm_emulate_insn",
	  "__u64 rip (8), __u32 csbase (4), __u8 len (1), __u8 insn[15] (15), "
	  "__u8 flags (1), __u8 failed (1)" },
	{ "kvm/kvm_entry",
	  "unsigned int vcpu_id (4), unsigned long rip (8), "
	  "bool immediate_exit (1)" },
	{ "kvm/kvm_eoi",
	  "__u32 apicid (4), int vector (4)" },
	{ "kvm/kvm_exit",
	  "unsigned int exit_reason (4), unsigned long guest_rip (8), "
	  "u32 isa (4), u64 info1 (8), u64 info2 (8), u32 intr_info (4), "
	  "u32 error_code (4), unsigned int vcpu_id (4)" },
	{ "kvm/kvm_hypercall",
	  "unsigned long nr (8), unsigned long a0 (8), unsigned long a1 (8), "
	  "unsigned long a2 (8), unsigned long a3 (8)" },
	{ "kvm/kvm_inj_exception",
	  "u8 exception (1), u8 has_error (1), u32 error_code (4), "
	  "bool reinjected (1)" },
	{ "kvm/kvm_inj_virq",
	  "unsigned int vector (4), bool soft (1), bool reinjected (1)" },
	{ "kvm/kvm_ioapic_set_irq",
	  "__u64 e (8), int pin (4), bool coalesced (1)" },
	{ "kvm/kvm_msi_set_irq",
	  "__u64 address (8), __u64 data (8)" },
	{ "kvm/kvm_msr",
	  "unsigned write (4), u32 ecx (4), u64 data (8), u8 exception (1)" },
	{ "kvm/kvm_page_fault",
	  "unsigned int vcpu_id (4), unsigned long guest_rip (8), "
	  "u64 fault_address (8), u64 error_code (8)" },
	{ "kvm/kvm_pic_set_irq",
	  "__u8 chip (1), __u8 pin (1), __u8 elcr (1), __u8 imr (1), "
	  "bool coalesced (1)" },
	{ "kvm/kvm_pio",
	  "unsigned int rw (4), unsigned int port (4), unsigned int size (4), "
	  "unsigned int count (4), unsigned int val (4)" },
	{ "kvm/kvm_pv_eoi",
	  "__u32 apicid (4), int vector (4)" },
	{ "kvm/kvm_pvclock_update",
	  "unsigned int vcpu_id (4), __u32 version (4), __u64 tsc_timestamp (8), "
	  "__u64 system_time (8), __u32 tsc_to_system_mul (4), "
	  "__s8 tsc_shift (1), __u8 flags (1)" },
	{ "kvm/kvm_smm_transition",
	  "unsigned int vcpu_id (4), u64 smbase (8), bool entering (1)" },
	{ "kvm/kvm_write_tsc_offset",
	  "unsigned int vcpu_id (4), __u64 previous_tsc_offset (8), "
	  "__u64 next_tsc_offset (8)" },
	{ "kvmmmu/fast_page_fault",
	  "int vcpu_id (4), gpa_t cr2_or_gpa (8), u32 error_code (4), "
	  "u64 * sptep (8), u64 old_spte (8), u64 new_spte (8), int ret (4)" },
	{ "kvmmmu/handle_mmio_page_fault",
	  "u64 addr (8), gfn_t gfn (8), unsigned access (4)" },
	{ "kvmmmu/kvm_mmu_get_page",
	  "__u8 mmu_valid_gen (1), __u64 gfn (8), __u32 role (4), "
	  "__u32 root_count (4), bool unsync (1), bool created (1)" },
	{ "kvmmmu/kvm_mmu_pagetable_walk",
	  "__u64 addr (8), __u32 pferr (4)" },
	{ "kvmmmu/kvm_mmu_paging_element",
	  "__u64 pte (8), __u32 level (4)" },
	{ "kvmmmu/kvm_mmu_prepare_zap_page",
	  "__u8 mmu_valid_gen (1), __u64 gfn (8), __u32 role (4), "
	  "__u32 root_count (4), bool unsync (1)" },
	{ "kvmmmu/kvm_mmu_spte_requested",
	  "u64 gfn (8), u64 pfn (8), u8 level (1)" },
	{ "kvmmmu/kvm_mmu_sync_page",
	  "__u8 mmu_valid_gen (1), __u64 gfn (8), __u32 role (4), "
	  "__u32 root_count (4), bool unsync (1)" },
	{ "kvmmmu/kvm_mmu_unsync_page",
	  "__u8 mmu_valid_gen (1), __u64 gfn (8), __u32 role (4), "
	  "__u32 root_count (4), bool unsync (1)" },
	{ "kvmmmu/kvm_mmu_walker_error",
	  "__u32 pferr (4)" },
	{ "kvmmmu/kvm_mmu_zap_all_fast",
	  "__u8 mmu_valid_gen (1), unsigned int mmu_used_pages (4)" },
	{ "kvmmmu/mark_mmio_spte",
	  "void * sptep (8), gfn_t gfn (8), unsigned access (4), "
	  "unsigned int gen (4)" },
};

#endif
