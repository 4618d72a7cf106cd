/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmcs12: L1's VMCS, as L1 keeps it in its memory and KVM_GET_NESTED_STATE carries it.
 *
 * The layout is that of stock KVM (revision VMCS12_REVISION), so that a nested guest can
 * move between the two.  Bytes without a name are zero.  Fields of natural width have 64
 * bits.  Nothing of the kernel is needed here, so that tests/unit can use it.
 */
#ifndef LAMINA_VMX_VMCS12_H
#define LAMINA_VMX_VMCS12_H

#include <linux/types.h>

#define VMCS12_REVISION	0x11e57ed0
#define VMCS12_BYTES	4096

/* launch_state */
#define VMCS12_CLEAR	0
#define VMCS12_LAUNCHED	1

struct vmcs12 {
	u32 hdr;
	u32 abort;
	u32 launch_state;
	u8 reserved0[28];
	u64 io_bitmap_a;
	u64 io_bitmap_b;
	u64 msr_bitmap;
	u64 vm_exit_msr_store_addr;
	u64 vm_exit_msr_load_addr;
	u64 vm_entry_msr_load_addr;
	u64 tsc_offset;
	u64 virtual_apic_page_addr;
	u64 apic_access_addr;
	u64 posted_intr_desc_addr;
	u64 ept_pointer;
	u64 eoi_exit_bitmap0;
	u64 eoi_exit_bitmap1;
	u64 eoi_exit_bitmap2;
	u64 eoi_exit_bitmap3;
	u64 xss_exit_bitmap;
	u64 guest_physical_address;
	u64 vmcs_link_pointer;
	u64 guest_ia32_debugctl;
	u64 guest_ia32_pat;
	u64 guest_ia32_efer;
	u64 guest_ia32_perf_global_ctrl;
	u64 guest_pdptr0;
	u64 guest_pdptr1;
	u64 guest_pdptr2;
	u64 guest_pdptr3;
	u64 guest_bndcfgs;
	u64 host_ia32_pat;
	u64 host_ia32_efer;
	u64 host_ia32_perf_global_ctrl;
	u64 vmread_bitmap;
	u64 vmwrite_bitmap;
	u64 vm_function_control;
	u64 eptp_list_address;
	u64 pml_address;
	u64 encls_exiting_bitmap;
	u64 tsc_multiplier;
	u8 reserved1[8];
	u64 cr0_guest_host_mask;
	u64 cr4_guest_host_mask;
	u64 cr0_read_shadow;
	u64 cr4_read_shadow;
	u8 reserved2[32];
	u64 exit_qualification;
	u64 guest_linear_address;
	u64 guest_cr0;
	u64 guest_cr3;
	u64 guest_cr4;
	u64 guest_es_base;
	u64 guest_cs_base;
	u64 guest_ss_base;
	u64 guest_ds_base;
	u64 guest_fs_base;
	u64 guest_gs_base;
	u64 guest_ldtr_base;
	u64 guest_tr_base;
	u64 guest_gdtr_base;
	u64 guest_idtr_base;
	u64 guest_dr7;
	u64 guest_rsp;
	u64 guest_rip;
	u64 guest_rflags;
	u64 guest_pending_dbg_exceptions;
	u64 guest_sysenter_esp;
	u64 guest_sysenter_eip;
	u64 host_cr0;
	u64 host_cr3;
	u64 host_cr4;
	u64 host_fs_base;
	u64 host_gs_base;
	u64 host_tr_base;
	u64 host_gdtr_base;
	u64 host_idtr_base;
	u64 host_ia32_sysenter_esp;
	u64 host_ia32_sysenter_eip;
	u64 host_rsp;
	u64 host_rip;
	u8 reserved3[64];
	u32 pin_based_vm_exec_control;
	u32 cpu_based_vm_exec_control;
	u32 exception_bitmap;
	u32 page_fault_error_code_mask;
	u32 page_fault_error_code_match;
	u32 cr3_target_count;
	u32 vm_exit_controls;
	u32 vm_exit_msr_store_count;
	u32 vm_exit_msr_load_count;
	u32 vm_entry_controls;
	u32 vm_entry_msr_load_count;
	u32 vm_entry_intr_info_field;
	u32 vm_entry_exception_error_code;
	u32 vm_entry_instruction_len;
	u32 tpr_threshold;
	u32 secondary_vm_exec_control;
	u32 vm_instruction_error;
	u32 vm_exit_reason;
	u32 vm_exit_intr_info;
	u32 vm_exit_intr_error_code;
	u32 idt_vectoring_info_field;
	u32 idt_vectoring_error_code;
	u32 vm_exit_instruction_len;
	u32 vmx_instruction_info;
	u32 guest_es_limit;
	u32 guest_cs_limit;
	u32 guest_ss_limit;
	u32 guest_ds_limit;
	u32 guest_fs_limit;
	u32 guest_gs_limit;
	u32 guest_ldtr_limit;
	u32 guest_tr_limit;
	u32 guest_gdtr_limit;
	u32 guest_idtr_limit;
	u32 guest_es_ar_bytes;
	u32 guest_cs_ar_bytes;
	u32 guest_ss_ar_bytes;
	u32 guest_ds_ar_bytes;
	u32 guest_fs_ar_bytes;
	u32 guest_gs_ar_bytes;
	u32 guest_ldtr_ar_bytes;
	u32 guest_tr_ar_bytes;
	u32 guest_interruptibility_info;
	u32 guest_activity_state;
	u32 guest_sysenter_cs;
	u32 host_ia32_sysenter_cs;
	u32 vmx_preemption_timer_value;
	u8 reserved4[28];
	u16 virtual_processor_id;
	u16 posted_intr_nv;
	u16 guest_es_selector;
	u16 guest_cs_selector;
	u16 guest_ss_selector;
	u16 guest_ds_selector;
	u16 guest_fs_selector;
	u16 guest_gs_selector;
	u16 guest_ldtr_selector;
	u16 guest_tr_selector;
	u16 guest_intr_status;
	u16 host_es_selector;
	u16 host_cs_selector;
	u16 host_ss_selector;
	u16 host_ds_selector;
	u16 host_fs_selector;
	u16 host_gs_selector;
	u16 host_tr_selector;
	u16 guest_pml_index;
	u8 reserved5[3098];
} __attribute__((packed, aligned(8)));

/**
 * struct vmcs12_field - where a field is
 * @encoding: as VMREAD and VMWRITE name it (SDM vol. 3, appendix B), bit 0 clear
 * @offset: in struct vmcs12
 * @bytes: 2, 4 or 8
 */
struct vmcs12_field {
	u32 encoding;
	u16 offset;
	u8 bytes;
};

/**
 * vmcs12_field - the field with an encoding
 * @encoding: operand of VMREAD or VMWRITE; bit 0, the upper half of a field of 64 bits,
 *            is the caller's: vmcs12_high()
 *
 * Return: NULL: no such field is supported (VM-instruction error 12).
 */
const struct vmcs12_field *vmcs12_field(u64 encoding);

/** vmcs12_high - does an encoding mean the upper half of a field of 64 bits? */
static inline bool vmcs12_high(u64 encoding)
{
	return encoding & 1;
}

/** vmcs12_read_only - exit information: VMWRITE only where IA32_VMX_MISC allows it */
static inline bool vmcs12_read_only(const struct vmcs12_field *f)
{
	return (f->encoding >> 10 & 3) == 1;
}

/** vmcs12_get - a field's value, zero-extended; @high: its upper half */
u64 vmcs12_get(const struct vmcs12 *c, const struct vmcs12_field *f, bool high);

/** vmcs12_set - write it; bits beyond its width are dropped; @high: only its upper half */
void vmcs12_set(struct vmcs12 *c, const struct vmcs12_field *f, bool high, u64 value);

/** vmcs12_max_index - highest index of an encoding, for IA32_VMX_VMCS_ENUM */
u32 vmcs12_max_index(void);

#endif
