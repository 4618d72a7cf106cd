// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmx/vmcs12.c: encodings against a table of where stock KVM keeps the fields
 * in what KVM_GET_NESTED_STATE returns, written by encoding (SDM vol. 3, appendix B).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vmx/vmcs12.h"

#define PAGE	4096

struct row {
	uint32_t encoding;
	int at, bytes;
};

static const struct row rows[] = {
	/* 16 bits */
	{ 0x0000, 960, 2 },	/* virtual_processor_id */
	{ 0x0002, 962, 2 },	/* posted_intr_nv */
	{ 0x0800, 964, 2 },	/* guest_es_selector */
	{ 0x0802, 966, 2 },	/* guest_cs_selector */
	{ 0x0804, 968, 2 },	/* guest_ss_selector */
	{ 0x0806, 970, 2 },	/* guest_ds_selector */
	{ 0x0808, 972, 2 },	/* guest_fs_selector */
	{ 0x080a, 974, 2 },	/* guest_gs_selector */
	{ 0x080c, 976, 2 },	/* guest_ldtr_selector */
	{ 0x080e, 978, 2 },	/* guest_tr_selector */
	{ 0x0810, 980, 2 },	/* guest_intr_status */
	{ 0x0812, 996, 2 },	/* guest_pml_index */
	{ 0x0c00, 982, 2 },	/* host_es_selector */
	{ 0x0c02, 984, 2 },	/* host_cs_selector */
	{ 0x0c04, 986, 2 },	/* host_ss_selector */
	{ 0x0c06, 988, 2 },	/* host_ds_selector */
	{ 0x0c08, 990, 2 },	/* host_fs_selector */
	{ 0x0c0a, 992, 2 },	/* host_gs_selector */
	{ 0x0c0c, 994, 2 },	/* host_tr_selector */
	/* 64 bits */
	{ 0x2000, 40, 8 },	/* io_bitmap_a */
	{ 0x2002, 48, 8 },	/* io_bitmap_b */
	{ 0x2004, 56, 8 },	/* msr_bitmap */
	{ 0x2006, 64, 8 },	/* vm_exit_msr_store_addr */
	{ 0x2008, 72, 8 },	/* vm_exit_msr_load_addr */
	{ 0x200a, 80, 8 },	/* vm_entry_msr_load_addr */
	{ 0x200e, 312, 8 },	/* pml_address */
	{ 0x2010, 88, 8 },	/* tsc_offset */
	{ 0x2012, 96, 8 },	/* virtual_apic_page_addr */
	{ 0x2014, 104, 8 },	/* apic_access_addr */
	{ 0x2016, 112, 8 },	/* posted_intr_desc_addr */
	{ 0x2018, 296, 8 },	/* vm_function_control */
	{ 0x201a, 120, 8 },	/* ept_pointer */
	{ 0x201c, 128, 8 },	/* eoi_exit_bitmap0 */
	{ 0x201e, 136, 8 },	/* eoi_exit_bitmap1 */
	{ 0x2020, 144, 8 },	/* eoi_exit_bitmap2 */
	{ 0x2022, 152, 8 },	/* eoi_exit_bitmap3 */
	{ 0x2024, 304, 8 },	/* eptp_list_address */
	{ 0x2026, 280, 8 },	/* vmread_bitmap */
	{ 0x2028, 288, 8 },	/* vmwrite_bitmap */
	{ 0x202c, 160, 8 },	/* xss_exit_bitmap */
	{ 0x202e, 320, 8 },	/* encls_exiting_bitmap */
	{ 0x2032, 328, 8 },	/* tsc_multiplier */
	{ 0x2400, 168, 8 },	/* guest_physical_address */
	{ 0x2800, 176, 8 },	/* vmcs_link_pointer */
	{ 0x2802, 184, 8 },	/* guest_ia32_debugctl */
	{ 0x2804, 192, 8 },	/* guest_ia32_pat */
	{ 0x2806, 200, 8 },	/* guest_ia32_efer */
	{ 0x2808, 208, 8 },	/* guest_ia32_perf_global_ctrl */
	{ 0x280a, 216, 8 },	/* guest_pdptr0 */
	{ 0x280c, 224, 8 },	/* guest_pdptr1 */
	{ 0x280e, 232, 8 },	/* guest_pdptr2 */
	{ 0x2810, 240, 8 },	/* guest_pdptr3 */
	{ 0x2812, 248, 8 },	/* guest_bndcfgs */
	{ 0x2c00, 256, 8 },	/* host_ia32_pat */
	{ 0x2c02, 264, 8 },	/* host_ia32_efer */
	{ 0x2c04, 272, 8 },	/* host_ia32_perf_global_ctrl */
	/* 32 bits */
	{ 0x4000, 744, 4 },	/* pin_based_vm_exec_control */
	{ 0x4002, 748, 4 },	/* cpu_based_vm_exec_control */
	{ 0x4004, 752, 4 },	/* exception_bitmap */
	{ 0x4006, 756, 4 },	/* page_fault_error_code_mask */
	{ 0x4008, 760, 4 },	/* page_fault_error_code_match */
	{ 0x400a, 764, 4 },	/* cr3_target_count */
	{ 0x400c, 768, 4 },	/* vm_exit_controls */
	{ 0x400e, 772, 4 },	/* vm_exit_msr_store_count */
	{ 0x4010, 776, 4 },	/* vm_exit_msr_load_count */
	{ 0x4012, 780, 4 },	/* vm_entry_controls */
	{ 0x4014, 784, 4 },	/* vm_entry_msr_load_count */
	{ 0x4016, 788, 4 },	/* vm_entry_intr_info_field */
	{ 0x4018, 792, 4 },	/* vm_entry_exception_error_code */
	{ 0x401a, 796, 4 },	/* vm_entry_instruction_len */
	{ 0x401c, 800, 4 },	/* tpr_threshold */
	{ 0x401e, 804, 4 },	/* secondary_vm_exec_control */
	{ 0x4400, 808, 4 },	/* vm_instruction_error */
	{ 0x4402, 812, 4 },	/* vm_exit_reason */
	{ 0x4404, 816, 4 },	/* vm_exit_intr_info */
	{ 0x4406, 820, 4 },	/* vm_exit_intr_error_code */
	{ 0x4408, 824, 4 },	/* idt_vectoring_info_field */
	{ 0x440a, 828, 4 },	/* idt_vectoring_error_code */
	{ 0x440c, 832, 4 },	/* vm_exit_instruction_len */
	{ 0x440e, 836, 4 },	/* vmx_instruction_info */
	{ 0x4800, 840, 4 },	/* guest_es_limit */
	{ 0x4802, 844, 4 },	/* guest_cs_limit */
	{ 0x4804, 848, 4 },	/* guest_ss_limit */
	{ 0x4806, 852, 4 },	/* guest_ds_limit */
	{ 0x4808, 856, 4 },	/* guest_fs_limit */
	{ 0x480a, 860, 4 },	/* guest_gs_limit */
	{ 0x480c, 864, 4 },	/* guest_ldtr_limit */
	{ 0x480e, 868, 4 },	/* guest_tr_limit */
	{ 0x4810, 872, 4 },	/* guest_gdtr_limit */
	{ 0x4812, 876, 4 },	/* guest_idtr_limit */
	{ 0x4814, 880, 4 },	/* guest_es_ar_bytes */
	{ 0x4816, 884, 4 },	/* guest_cs_ar_bytes */
	{ 0x4818, 888, 4 },	/* guest_ss_ar_bytes */
	{ 0x481a, 892, 4 },	/* guest_ds_ar_bytes */
	{ 0x481c, 896, 4 },	/* guest_fs_ar_bytes */
	{ 0x481e, 900, 4 },	/* guest_gs_ar_bytes */
	{ 0x4820, 904, 4 },	/* guest_ldtr_ar_bytes */
	{ 0x4822, 908, 4 },	/* guest_tr_ar_bytes */
	{ 0x4824, 912, 4 },	/* guest_interruptibility_info */
	{ 0x4826, 916, 4 },	/* guest_activity_state */
	{ 0x482a, 920, 4 },	/* guest_sysenter_cs */
	{ 0x482e, 928, 4 },	/* vmx_preemption_timer_value */
	{ 0x4c00, 924, 4 },	/* host_ia32_sysenter_cs */
	/* natural width */
	{ 0x6000, 344, 8 },	/* cr0_guest_host_mask */
	{ 0x6002, 352, 8 },	/* cr4_guest_host_mask */
	{ 0x6004, 360, 8 },	/* cr0_read_shadow */
	{ 0x6006, 368, 8 },	/* cr4_read_shadow */
	{ 0x6400, 408, 8 },	/* exit_qualification */
	{ 0x640a, 416, 8 },	/* guest_linear_address */
	{ 0x6800, 424, 8 },	/* guest_cr0 */
	{ 0x6802, 432, 8 },	/* guest_cr3 */
	{ 0x6804, 440, 8 },	/* guest_cr4 */
	{ 0x6806, 448, 8 },	/* guest_es_base */
	{ 0x6808, 456, 8 },	/* guest_cs_base */
	{ 0x680a, 464, 8 },	/* guest_ss_base */
	{ 0x680c, 472, 8 },	/* guest_ds_base */
	{ 0x680e, 480, 8 },	/* guest_fs_base */
	{ 0x6810, 488, 8 },	/* guest_gs_base */
	{ 0x6812, 496, 8 },	/* guest_ldtr_base */
	{ 0x6814, 504, 8 },	/* guest_tr_base */
	{ 0x6816, 512, 8 },	/* guest_gdtr_base */
	{ 0x6818, 520, 8 },	/* guest_idtr_base */
	{ 0x681a, 528, 8 },	/* guest_dr7 */
	{ 0x681c, 536, 8 },	/* guest_rsp */
	{ 0x681e, 544, 8 },	/* guest_rip */
	{ 0x6820, 552, 8 },	/* guest_rflags */
	{ 0x6822, 560, 8 },	/* guest_pending_dbg_exceptions */
	{ 0x6824, 568, 8 },	/* guest_sysenter_esp */
	{ 0x6826, 576, 8 },	/* guest_sysenter_eip */
	{ 0x6c00, 584, 8 },	/* host_cr0 */
	{ 0x6c02, 592, 8 },	/* host_cr3 */
	{ 0x6c04, 600, 8 },	/* host_cr4 */
	{ 0x6c06, 608, 8 },	/* host_fs_base */
	{ 0x6c08, 616, 8 },	/* host_gs_base */
	{ 0x6c0a, 624, 8 },	/* host_tr_base */
	{ 0x6c0c, 632, 8 },	/* host_gdtr_base */
	{ 0x6c0e, 640, 8 },	/* host_idtr_base */
	{ 0x6c10, 648, 8 },	/* host_ia32_sysenter_esp */
	{ 0x6c12, 656, 8 },	/* host_ia32_sysenter_eip */
	{ 0x6c14, 664, 8 },	/* host_rsp */
	{ 0x6c16, 672, 8 },	/* host_rip */
};

#define ROWS	(sizeof(rows) / sizeof(rows[0]))

static const struct row *row_of(uint64_t encoding)
{
	unsigned int i;

	for (i = 0; i < ROWS; i++)
		if (rows[i].encoding == (encoding & ~1ull))
			return &rows[i];
	return NULL;
}

/* Bits 14:13 of an encoding are 1 for fields of 64 bits alone. */
static bool has_high(const struct row *row)
{
	return row->encoding / 0x2000 == 1;
}

static void expect(uint64_t encoding)
{
	const struct vmcs12_field *f = vmcs12_field(encoding);
	const struct row *row = row_of(encoding);

	if (!row || ((encoding & 1) && !has_high(row))) {
		assert_null(f);
		return;
	}
	assert_non_null(f);
	assert_int_equal(f->encoding, row->encoding);
	assert_int_equal(f->offset, row->at);
	assert_int_equal(f->bytes, row->bytes);
}

static void encodings(void **state)
{
	uint64_t e;
	unsigned int i;

	for (e = 0; e < 0x20000; e++)
		expect(e);
	for (i = 0; i < ROWS; i++)
		for (e = 0x8000; e; e <<= 1)
			assert_null(vmcs12_field(rows[i].encoding | e));
	for (i = 0; i < ROWS; i++)
		assert_true(vmcs12_high(rows[i].encoding | 1) && !vmcs12_high(rows[i].encoding));
}

/* Table B: which of the four types an encoding is, in bits 11:10. */
static void read_only(void **state)
{
	unsigned int i, n = 0;

	for (i = 0; i < ROWS; i++) {
		bool exit_info = rows[i].encoding / 0x400 % 4 == 1;

		assert_int_equal(vmcs12_read_only(vmcs12_field(rows[i].encoding)), exit_info);
		n += exit_info;
	}
	/* Guest-physical address, eight words, qualification and linear address. */
	assert_int_equal(n, 11);
}

static void highest_index(void **state)
{
	unsigned int i, max = 0;

	for (i = 0; i < ROWS; i++)
		if (rows[i].encoding / 2 % 512 > max)
			max = rows[i].encoding / 2 % 512;
	assert_int_equal(vmcs12_max_index(), max);
}

/* A page of bytes that differ, and what it must be after a write. */
static unsigned char want[PAGE];
static struct vmcs12 c;

static void fill(void)
{
	int i;

	for (i = 0; i < PAGE; i++)
		want[i] = i * 7 + i / 256 + 1;
	memcpy(&c, want, PAGE);
}

static uint64_t bytes_at(int at, int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | want[at + bytes];
	return value;
}

static void write_bytes(int at, int bytes, uint64_t value)
{
	for (; bytes--; value >>= 8)
		want[at++] = value & 0xff;
}

static void get_and_set(void **state)
{
	const uint64_t value = 0x8123456789abcdefull;
	unsigned int i;

	for (i = 0; i < ROWS; i++) {
		const struct row *r = &rows[i];
		const struct vmcs12_field *f = vmcs12_field(r->encoding);

		fill();
		assert_true(vmcs12_get(&c, f, false) == bytes_at(r->at, r->bytes));
		vmcs12_set(&c, f, false, value);
		write_bytes(r->at, r->bytes, value);
		assert_memory_equal(&c, want, PAGE);
		if (!has_high(r))
			continue;
		fill();
		assert_true(vmcs12_get(&c, f, true) == bytes_at(r->at + 4, 4));
		vmcs12_set(&c, f, true, value);
		write_bytes(r->at + 4, 4, value);
		assert_memory_equal(&c, want, PAGE);
	}
}

/* What no encoding names: before the fields. */
static void header(void **state)
{
	assert_int_equal(sizeof(c), PAGE);
	assert_int_equal(offsetof(struct vmcs12, hdr), 0);
	assert_int_equal(offsetof(struct vmcs12, abort), 4);
	assert_int_equal(offsetof(struct vmcs12, launch_state), 8);
	assert_int_equal(VMCS12_REVISION, 0x11e57ed0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodings),
		cmocka_unit_test(read_only),
		cmocka_unit_test(highest_index),
		cmocka_unit_test(get_and_set),
		cmocka_unit_test(header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
