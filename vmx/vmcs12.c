// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmcs12's fields by their encodings (SDM vol. 3, appendix B): width in bits 14:13, type in
 * 11:10, index in 9:1.
 */
#include <linux/build_bug.h>
#include <linux/string.h>

#include <asm/vmx.h>

#include "vmx/vmcs12.h"

#define WIDTH(e)	((e) >> 13 & 3)
#define WIDTH_64	1
#define TYPE(e)		((e) >> 10 & 3)
#define INDEX(e)	((e) >> 1 & 0x1ff)
/* Bit 12 and those above 14. */
#define ENCODING_MBZ	(~0x6fffull)

/* One more than the highest index. */
#define INDICES	(INDEX(TSC_MULTIPLIER) + 1)

#define FIELD(enc, name)						\
	[WIDTH(enc)][TYPE(enc)][INDEX(enc)] = {				\
		enc, offsetof(struct vmcs12, name),			\
		sizeof(((struct vmcs12 *)NULL)->name),			\
	}

/* Where there is none, @bytes is 0. */
static const struct vmcs12_field fields[4][4][INDICES] = {
	/* 16 bits: control */
	FIELD(VIRTUAL_PROCESSOR_ID, virtual_processor_id),
	FIELD(POSTED_INTR_NV, posted_intr_nv),

	/* 16 bits: guest state */
	FIELD(GUEST_ES_SELECTOR, guest_es_selector),
	FIELD(GUEST_CS_SELECTOR, guest_cs_selector),
	FIELD(GUEST_SS_SELECTOR, guest_ss_selector),
	FIELD(GUEST_DS_SELECTOR, guest_ds_selector),
	FIELD(GUEST_FS_SELECTOR, guest_fs_selector),
	FIELD(GUEST_GS_SELECTOR, guest_gs_selector),
	FIELD(GUEST_LDTR_SELECTOR, guest_ldtr_selector),
	FIELD(GUEST_TR_SELECTOR, guest_tr_selector),
	FIELD(GUEST_INTR_STATUS, guest_intr_status),
	FIELD(GUEST_PML_INDEX, guest_pml_index),

	/* 16 bits: host state */
	FIELD(HOST_ES_SELECTOR, host_es_selector),
	FIELD(HOST_CS_SELECTOR, host_cs_selector),
	FIELD(HOST_SS_SELECTOR, host_ss_selector),
	FIELD(HOST_DS_SELECTOR, host_ds_selector),
	FIELD(HOST_FS_SELECTOR, host_fs_selector),
	FIELD(HOST_GS_SELECTOR, host_gs_selector),
	FIELD(HOST_TR_SELECTOR, host_tr_selector),

	/* 64 bits: control */
	FIELD(IO_BITMAP_A, io_bitmap_a),
	FIELD(IO_BITMAP_B, io_bitmap_b),
	FIELD(MSR_BITMAP, msr_bitmap),
	FIELD(VM_EXIT_MSR_STORE_ADDR, vm_exit_msr_store_addr),
	FIELD(VM_EXIT_MSR_LOAD_ADDR, vm_exit_msr_load_addr),
	FIELD(VM_ENTRY_MSR_LOAD_ADDR, vm_entry_msr_load_addr),
	FIELD(PML_ADDRESS, pml_address),
	FIELD(TSC_OFFSET, tsc_offset),
	FIELD(VIRTUAL_APIC_PAGE_ADDR, virtual_apic_page_addr),
	FIELD(APIC_ACCESS_ADDR, apic_access_addr),
	FIELD(POSTED_INTR_DESC_ADDR, posted_intr_desc_addr),
	FIELD(VM_FUNCTION_CONTROL, vm_function_control),
	FIELD(EPT_POINTER, ept_pointer),
	FIELD(EOI_EXIT_BITMAP0, eoi_exit_bitmap0),
	FIELD(EOI_EXIT_BITMAP1, eoi_exit_bitmap1),
	FIELD(EOI_EXIT_BITMAP2, eoi_exit_bitmap2),
	FIELD(EOI_EXIT_BITMAP3, eoi_exit_bitmap3),
	FIELD(EPTP_LIST_ADDRESS, eptp_list_address),
	FIELD(VMREAD_BITMAP, vmread_bitmap),
	FIELD(VMWRITE_BITMAP, vmwrite_bitmap),
	FIELD(XSS_EXIT_BITMAP, xss_exit_bitmap),
	FIELD(ENCLS_EXITING_BITMAP, encls_exiting_bitmap),
	FIELD(TSC_MULTIPLIER, tsc_multiplier),

	/* 64 bits: exit information */
	FIELD(GUEST_PHYSICAL_ADDRESS, guest_physical_address),

	/* 64 bits: guest state */
	FIELD(VMCS_LINK_POINTER, vmcs_link_pointer),
	FIELD(GUEST_IA32_DEBUGCTL, guest_ia32_debugctl),
	FIELD(GUEST_IA32_PAT, guest_ia32_pat),
	FIELD(GUEST_IA32_EFER, guest_ia32_efer),
	FIELD(GUEST_IA32_PERF_GLOBAL_CTRL, guest_ia32_perf_global_ctrl),
	FIELD(GUEST_PDPTR0, guest_pdptr0),
	FIELD(GUEST_PDPTR1, guest_pdptr1),
	FIELD(GUEST_PDPTR2, guest_pdptr2),
	FIELD(GUEST_PDPTR3, guest_pdptr3),
	FIELD(GUEST_BNDCFGS, guest_bndcfgs),

	/* 64 bits: host state */
	FIELD(HOST_IA32_PAT, host_ia32_pat),
	FIELD(HOST_IA32_EFER, host_ia32_efer),
	FIELD(HOST_IA32_PERF_GLOBAL_CTRL, host_ia32_perf_global_ctrl),

	/* 32 bits: control */
	FIELD(PIN_BASED_VM_EXEC_CONTROL, pin_based_vm_exec_control),
	FIELD(CPU_BASED_VM_EXEC_CONTROL, cpu_based_vm_exec_control),
	FIELD(EXCEPTION_BITMAP, exception_bitmap),
	FIELD(PAGE_FAULT_ERROR_CODE_MASK, page_fault_error_code_mask),
	FIELD(PAGE_FAULT_ERROR_CODE_MATCH, page_fault_error_code_match),
	FIELD(CR3_TARGET_COUNT, cr3_target_count),
	FIELD(VM_EXIT_CONTROLS, vm_exit_controls),
	FIELD(VM_EXIT_MSR_STORE_COUNT, vm_exit_msr_store_count),
	FIELD(VM_EXIT_MSR_LOAD_COUNT, vm_exit_msr_load_count),
	FIELD(VM_ENTRY_CONTROLS, vm_entry_controls),
	FIELD(VM_ENTRY_MSR_LOAD_COUNT, vm_entry_msr_load_count),
	FIELD(VM_ENTRY_INTR_INFO_FIELD, vm_entry_intr_info_field),
	FIELD(VM_ENTRY_EXCEPTION_ERROR_CODE, vm_entry_exception_error_code),
	FIELD(VM_ENTRY_INSTRUCTION_LEN, vm_entry_instruction_len),
	FIELD(TPR_THRESHOLD, tpr_threshold),
	FIELD(SECONDARY_VM_EXEC_CONTROL, secondary_vm_exec_control),

	/* 32 bits: exit information */
	FIELD(VM_INSTRUCTION_ERROR, vm_instruction_error),
	FIELD(VM_EXIT_REASON, vm_exit_reason),
	FIELD(VM_EXIT_INTR_INFO, vm_exit_intr_info),
	FIELD(VM_EXIT_INTR_ERROR_CODE, vm_exit_intr_error_code),
	FIELD(IDT_VECTORING_INFO_FIELD, idt_vectoring_info_field),
	FIELD(IDT_VECTORING_ERROR_CODE, idt_vectoring_error_code),
	FIELD(VM_EXIT_INSTRUCTION_LEN, vm_exit_instruction_len),
	FIELD(VMX_INSTRUCTION_INFO, vmx_instruction_info),

	/* 32 bits: guest state */
	FIELD(GUEST_ES_LIMIT, guest_es_limit),
	FIELD(GUEST_CS_LIMIT, guest_cs_limit),
	FIELD(GUEST_SS_LIMIT, guest_ss_limit),
	FIELD(GUEST_DS_LIMIT, guest_ds_limit),
	FIELD(GUEST_FS_LIMIT, guest_fs_limit),
	FIELD(GUEST_GS_LIMIT, guest_gs_limit),
	FIELD(GUEST_LDTR_LIMIT, guest_ldtr_limit),
	FIELD(GUEST_TR_LIMIT, guest_tr_limit),
	FIELD(GUEST_GDTR_LIMIT, guest_gdtr_limit),
	FIELD(GUEST_IDTR_LIMIT, guest_idtr_limit),
	FIELD(GUEST_ES_AR_BYTES, guest_es_ar_bytes),
	FIELD(GUEST_CS_AR_BYTES, guest_cs_ar_bytes),
	FIELD(GUEST_SS_AR_BYTES, guest_ss_ar_bytes),
	FIELD(GUEST_DS_AR_BYTES, guest_ds_ar_bytes),
	FIELD(GUEST_FS_AR_BYTES, guest_fs_ar_bytes),
	FIELD(GUEST_GS_AR_BYTES, guest_gs_ar_bytes),
	FIELD(GUEST_LDTR_AR_BYTES, guest_ldtr_ar_bytes),
	FIELD(GUEST_TR_AR_BYTES, guest_tr_ar_bytes),
	FIELD(GUEST_INTERRUPTIBILITY_INFO, guest_interruptibility_info),
	FIELD(GUEST_ACTIVITY_STATE, guest_activity_state),
	FIELD(GUEST_SYSENTER_CS, guest_sysenter_cs),
	FIELD(VMX_PREEMPTION_TIMER_VALUE, vmx_preemption_timer_value),

	/* 32 bits: host state */
	FIELD(HOST_IA32_SYSENTER_CS, host_ia32_sysenter_cs),

	/* natural width: control */
	FIELD(CR0_GUEST_HOST_MASK, cr0_guest_host_mask),
	FIELD(CR4_GUEST_HOST_MASK, cr4_guest_host_mask),
	FIELD(CR0_READ_SHADOW, cr0_read_shadow),
	FIELD(CR4_READ_SHADOW, cr4_read_shadow),

	/* natural width: exit information */
	FIELD(EXIT_QUALIFICATION, exit_qualification),
	FIELD(GUEST_LINEAR_ADDRESS, guest_linear_address),

	/* natural width: guest state */
	FIELD(GUEST_CR0, guest_cr0),
	FIELD(GUEST_CR3, guest_cr3),
	FIELD(GUEST_CR4, guest_cr4),
	FIELD(GUEST_ES_BASE, guest_es_base),
	FIELD(GUEST_CS_BASE, guest_cs_base),
	FIELD(GUEST_SS_BASE, guest_ss_base),
	FIELD(GUEST_DS_BASE, guest_ds_base),
	FIELD(GUEST_FS_BASE, guest_fs_base),
	FIELD(GUEST_GS_BASE, guest_gs_base),
	FIELD(GUEST_LDTR_BASE, guest_ldtr_base),
	FIELD(GUEST_TR_BASE, guest_tr_base),
	FIELD(GUEST_GDTR_BASE, guest_gdtr_base),
	FIELD(GUEST_IDTR_BASE, guest_idtr_base),
	FIELD(GUEST_DR7, guest_dr7),
	FIELD(GUEST_RSP, guest_rsp),
	FIELD(GUEST_RIP, guest_rip),
	FIELD(GUEST_RFLAGS, guest_rflags),
	FIELD(GUEST_PENDING_DBG_EXCEPTIONS, guest_pending_dbg_exceptions),
	FIELD(GUEST_SYSENTER_ESP, guest_sysenter_esp),
	FIELD(GUEST_SYSENTER_EIP, guest_sysenter_eip),

	/* natural width: host state */
	FIELD(HOST_CR0, host_cr0),
	FIELD(HOST_CR3, host_cr3),
	FIELD(HOST_CR4, host_cr4),
	FIELD(HOST_FS_BASE, host_fs_base),
	FIELD(HOST_GS_BASE, host_gs_base),
	FIELD(HOST_TR_BASE, host_tr_base),
	FIELD(HOST_GDTR_BASE, host_gdtr_base),
	FIELD(HOST_IDTR_BASE, host_idtr_base),
	FIELD(HOST_IA32_SYSENTER_ESP, host_ia32_sysenter_esp),
	FIELD(HOST_IA32_SYSENTER_EIP, host_ia32_sysenter_eip),
	FIELD(HOST_RSP, host_rsp),
	FIELD(HOST_RIP, host_rip),
};

/* The first field of each width, and the last: where stock KVM has them. */
static_assert(offsetof(struct vmcs12, launch_state) == 8);
static_assert(offsetof(struct vmcs12, io_bitmap_a) == 40);
static_assert(offsetof(struct vmcs12, tsc_multiplier) == 328);
static_assert(offsetof(struct vmcs12, cr0_guest_host_mask) == 344);
static_assert(offsetof(struct vmcs12, exit_qualification) == 408);
static_assert(offsetof(struct vmcs12, host_rip) == 672);
static_assert(offsetof(struct vmcs12, pin_based_vm_exec_control) == 744);
static_assert(offsetof(struct vmcs12, vmx_preemption_timer_value) == 928);
static_assert(offsetof(struct vmcs12, virtual_processor_id) == 960);
static_assert(offsetof(struct vmcs12, guest_pml_index) == 996);
static_assert(sizeof(struct vmcs12) == VMCS12_BYTES);

const struct vmcs12_field *vmcs12_field(u64 encoding)
{
	const struct vmcs12_field *f;
	u32 width = WIDTH(encoding), type = TYPE(encoding), index = INDEX(encoding);

	if ((encoding & ENCODING_MBZ) || index >= INDICES)
		return NULL;
	/* Only fields of 64 bits have a name for the upper half. */
	if (vmcs12_high(encoding) && width != WIDTH_64)
		return NULL;
	f = &fields[width][type][index];
	return f->bytes ? f : NULL;
}

u64 vmcs12_get(const struct vmcs12 *c, const struct vmcs12_field *f, bool high)
{
	u64 value = 0;

	memcpy(&value, (const u8 *)c + f->offset, f->bytes);
	return high ? value >> 32 : value;
}

void vmcs12_set(struct vmcs12 *c, const struct vmcs12_field *f, bool high, u64 value)
{
	if (high)
		value = value << 32 | (u32)vmcs12_get(c, f, false);
	memcpy((u8 *)c + f->offset, &value, f->bytes);
}

u32 vmcs12_max_index(void)
{
	return INDICES - 1;
}
