// SPDX-License-Identifier: GPL-2.0-only
/* The VMCS: what is written when (SDM vol. 3, chapter 25). */
#include <linux/gfp.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include <asm/cpufeature.h>
#include <asm/desc.h>
#include <asm/msr.h>
#include <asm/special_insns.h>
#include <asm/traps.h>

#include "compat/kernel.h"
#include "vmx/apicv.h"
#include "vmx/cpu.h"
#include "vmx/nested.h"
#include "vmx/vmcs.h"
#include "x86/vcpu/frame.h"

/**
 * struct vmcs_copy - a field that is a copy of a part of struct x86_state
 * @encoding: of the field; bits 14:13 are its width (SDM vol. 3, 25.11.2)
 * @offset: in struct x86_state
 * @size: bytes there; 0: access rights, which have another layout there
 * @group: GRP_* that it belongs to
 */
struct vmcs_copy {
	u16 encoding;
	u16 offset;
	u8 size;
	u32 group;
};

#define FIELD(group, name, member)					\
	{ name, offsetof(struct x86_state, member),			\
	  sizeof_field(struct x86_state, member), group }
#define RIGHTS(group, name, member)					\
	{ name, offsetof(struct x86_state, member), 0, group }
#define SEGMENT(group, name)						\
	FIELD(group, GUEST_##name##_SELECTOR, seg[SEG_##name].selector),	\
	FIELD(group, GUEST_##name##_BASE, seg[SEG_##name].base),	\
	FIELD(group, GUEST_##name##_LIMIT, seg[SEG_##name].limit),	\
	RIGHTS(group, GUEST_##name##_AR_BYTES, seg[SEG_##name].attr)
#define PDPTE(i)	FIELD(GRP_PDPTR, GUEST_PDPTR##i, pdptr[i])

static const struct vmcs_copy vmcs_copies[] = {
	SEGMENT(GRP_CSSS, CS),
	SEGMENT(GRP_CSSS, SS),
	SEGMENT(GRP_DATA, DS),
	SEGMENT(GRP_DATA, ES),
	SEGMENT(GRP_SEGS, FS),
	SEGMENT(GRP_SEGS, GS),
	SEGMENT(GRP_SEGS, LDTR),
	SEGMENT(GRP_SEGS, TR),
	FIELD(GRP_TABLES, GUEST_GDTR_BASE, gdt.base),
	FIELD(GRP_TABLES, GUEST_GDTR_LIMIT, gdt.limit),
	FIELD(GRP_TABLES, GUEST_IDTR_BASE, idt.base),
	FIELD(GRP_TABLES, GUEST_IDTR_LIMIT, idt.limit),
	PDPTE(0), PDPTE(1), PDPTE(2), PDPTE(3),
};

/* ------------------------------------------------------------------------ */
/* Access rights: AVL, L, D and G are four bits further up, and "unusable" is there. */

#define RIGHTS_LOW	0x00ffu
#define RIGHTS_HIGH	0x0f00u
#define RIGHTS_SHIFT	4

/* Bits of an unusable segment mean nothing, but SS.DPL, which is the CPL. */
static u16 rights_fetch(u32 rights)
{
	u16 attr = (rights & RIGHTS_LOW) |
		   ((rights >> RIGHTS_SHIFT) & RIGHTS_HIGH);

	if (rights & VMX_AR_UNUSABLE_MASK)
		attr = (attr & ~SEG_P) | SEG_UNUSABLE;
	return attr;
}

/*
 * What VM entry insists on (SDM vol. 3, 27.3.1.2) and other vendors' processors do
 * not: accessed code and data, a busy TSS, G as the limit implies it.
 */
static u32 rights_store(const struct x86_seg *seg, bool is_tr)
{
	u32 rights = (seg->attr & RIGHTS_LOW) |
		     (seg->attr & RIGHTS_HIGH) << RIGHTS_SHIFT;

	if (is_tr)
		return (rights & ~VMX_AR_G_MASK) | VMX_AR_P_MASK | 3 |
		       (seg->limit > 0xfffff ? VMX_AR_G_MASK : 0);
	if ((seg->attr & SEG_UNUSABLE) || !(seg->attr & SEG_P))
		return rights | VMX_AR_UNUSABLE_MASK;
	if (rights & VMX_AR_S_MASK)
		rights |= VMX_AR_TYPE_ACCESSES_MASK;
	if (seg->limit > 0xfffff)
		rights |= VMX_AR_G_MASK;
	else if ((seg->limit & 0xfff) != 0xfff)
		rights &= ~VMX_AR_G_MASK;
	return rights;
}

/*
 * In place of real mode (form.c) access rights are the form's, and LDTR and TR, which no
 * instruction looks at, are the form's too.
 */
static bool is_form_field(const struct vmcs_copy *f)
{
	return !f->size ||
	       (f->group == GRP_SEGS &&
		f->offset >= offsetof(struct x86_state, seg[SEG_LDTR]));
}

static void field_fetch(struct vmx_vcpu *s, const struct vmcs_copy *f)
{
	void *to = (void *)&s->x86.state + f->offset;
	u64 value;

	if (unlikely(s->vm86) && is_form_field(f))
		return;
	value = vmcs_read(f->encoding);
	if (f->size)
		memcpy(to, &value, f->size);
	else
		*(u16 *)to = rights_fetch(value);
}

/* L2's TR is not made up: without one VM entry fails, and L2 has come to its end. */
static u32 seg_rights(const struct vmx_vcpu *s, const struct x86_seg *seg, bool is_tr)
{
	if (nested_l2_runs(&s->x86) && (seg->attr & SEG_UNUSABLE))
		is_tr = false;
	return rights_store(seg, is_tr);
}

/* A segment of virtual-8086 mode, a busy TSS that ends before its map, no LDT. */
static u32 form_value(const struct vmcs_copy *f)
{
	switch (f->encoding) {
	case GUEST_TR_AR_BYTES:
		return VMX_AR_P_MASK | VMX_AR_TYPE_BUSY_32_TSS;
	case GUEST_LDTR_AR_BYTES:
		return VMX_AR_UNUSABLE_MASK;
	default:
		return f->size ? 0 : VMCS_VM86_RIGHTS;
	}
}

static void field_store(const struct vmx_vcpu *s, const struct vmcs_copy *f)
{
	const void *from = (const void *)&s->x86.state + f->offset;
	u64 value = 0;

	if (unlikely(s->vm86) && is_form_field(f))
		value = form_value(f);
	else if (f->size)
		memcpy(&value, from, f->size);
	else
		value = seg_rights(s, container_of(from, struct x86_seg, attr),
				   f->encoding == GUEST_TR_AR_BYTES);
	vmcs_write(f->encoding, value);
}

/* Fields of PDPTEs exist where EPT does, and nobody asks without (SDM vol. 3, B.2.3). */
static u32 groups_there(u32 groups)
{
	return vmx_features.ept ? groups : groups & ~GRP_PDPTR;
}

void vmcs_groups_fetch(struct vmx_vcpu *s, u32 groups)
{
	int i;

	groups = groups_there(groups);
	for (i = 0; i < ARRAY_SIZE(vmcs_copies); i++)
		if (vmcs_copies[i].group & groups)
			field_fetch(s, &vmcs_copies[i]);
}

void vmcs_groups_store(struct vmx_vcpu *s, u32 groups)
{
	int i;

	groups = groups_there(groups);
	for (i = 0; i < ARRAY_SIZE(vmcs_copies); i++)
		if (vmcs_copies[i].group & groups)
			field_store(s, &vmcs_copies[i]);
}

/* ------------------------------------------------------------------------ */
/* Controls. */

/*
 * Exceptions that always exit: a machine check is the host's.  #AC and #DB can
 * raise themselves again and again while they are delivered, with no boundary at
 * which an interrupt would end it: a guest could hang the CPU.  #UD may be that of
 * the other vendor's hypercall.
 */
#define EXCEPTIONS_ALWAYS \
	(BIT(X86_TRAP_MC) | BIT(X86_TRAP_AC) | BIT(X86_TRAP_DB) | \
	 BIT(X86_TRAP_UD))

static const u16 word_fields[WORD_COUNT] = {
	[WORD_PIN]		= PIN_BASED_VM_EXEC_CONTROL,
	[WORD_CPU]		= CPU_BASED_VM_EXEC_CONTROL,
	[WORD_CPU2]		= SECONDARY_VM_EXEC_CONTROL,
	[WORD_EXIT]		= VM_EXIT_CONTROLS,
	[WORD_ENTRY]		= VM_ENTRY_CONTROLS,
	[WORD_EXCEPTIONS]	= EXCEPTION_BITMAP,
	[WORD_INTR]		= GUEST_INTERRUPTIBILITY_INFO,
	[WORD_TPR]		= TPR_THRESHOLD,
};

static u32 word_value(const struct vmx_vcpu *s, int i)
{
	const struct vmx_nested *n = s->nested;

	u32 value = s->control[i];

	if (likely(!nested_l2_runs(&s->x86)) || i >= ARRAY_SIZE(n->set))
		return value;
	if (i == WORD_CPU2)
		value &= ~VMX_APICV_CONTROLS;
	/* Addresses of L2 are none of a slot's; its tables are write-protected. */
	if (i == WORD_CPU2 && n->ept)
		value &= ~SECONDARY_EXEC_ENABLE_PML;
	return (value & ~n->clear[i]) | n->set[i];
}

static u64 access_page(const struct vmx_vcpu *s)
{
	const struct x86_vcpu *v = &s->x86;

	return nested_l2_runs(v) && v->nested.page != FRAME_NONE ? v->nested.frame :
								   v->apic.access_page;
}

void vmcs_sync(struct vmx_vcpu *s)
{
	int i;

	for (i = 0; i < WORD_COUNT; i++)
		if (s->stale & BIT(i))
			vmcs_write(word_fields[i], word_value(s, i));
	if (s->stale & BIT(WORD_CPU2))
		vmcs_bitmap_update(s);
	if (s->stale & BIT(WORDS_RESET)) {
		vmcs_write(GUEST_PENDING_DBG_EXCEPTIONS, 0);
		vmcs_write(GUEST_ACTIVITY_STATE, GUEST_ACTIVITY_ACTIVE);
	}
	if (s->stale & BIT(WORDS_APIC))
		vmcs_write(APIC_ACCESS_ADDR, access_page(s));
	if (s->stale & BIT(WORDS_PML))
		vmx_pml_fill(s);
	s->stale = 0;
}

void vmcs_exceptions(struct vmx_vcpu *s, u32 vectors)
{
	vectors |= s->vm86 ? ~0u : EXCEPTIONS_ALWAYS;
	if (!vmx_features.ept)
		vectors |= BIT(X86_TRAP_PF);
	vmcs_control(s, WORD_EXCEPTIONS, vectors, true);
	vmcs_control(s, WORD_EXCEPTIONS, ~vectors, false);
}

/* There is no field of this number on a CPU without secondary controls. */
static bool has_secondary(void)
{
	return vmx_features.control[WORD_CPU] &
	       CPU_BASED_ACTIVATE_SECONDARY_CONTROLS;
}

void vmcs_words_stale(struct vmx_vcpu *s)
{
	s->stale |= GENMASK(WORD_EXCEPTIONS, 0);
	if (!has_secondary())
		s->stale &= ~BIT(WORD_CPU2);
}

/* Exits of CR8, which all guests begin with, or none. */
#define CR8_CONTROLS \
	(CPU_BASED_CR8_LOAD_EXITING | CPU_BASED_CR8_STORE_EXITING | \
	 CPU_BASED_TPR_SHADOW)

void vmcs_controls_reset(struct vmx_vcpu *s)
{
	memcpy(s->control, vmx_features.control, sizeof(vmx_features.control));
	if (!s->vpid)
		s->control[WORD_CPU2] &= ~SECONDARY_EXEC_ENABLE_VPID;
	if (s->tpr_shadow)
		s->control[WORD_CPU] ^= CR8_CONTROLS;
	s->perf.switched = false;
	vmcs_exceptions(s, 0);
	s->control[WORD_INTR] = s->control[WORD_TPR] = 0;
	s->intr_valid = true;
	s->stale |= GENMASK(WORDS_RESET, 0);
	if (!has_secondary())
		s->stale &= ~BIT(WORD_CPU2);
	if (!s->tpr_shadow)
		s->stale &= ~BIT(WORD_TPR);
}

/* ------------------------------------------------------------------------ */
/*
 * The MSR bitmaps (25.6.9): shared by all guests, and they never change.  By what a guest
 * reaches without an exit besides: IA32_SPEC_CTRL, and registers of its x2APIC, which are
 * the host's but for the control that goes with that bitmap.
 */

#define BITMAP_SPEC	BIT(0)
#define BITMAP_X2APIC	BIT(1)
#define BITMAPS		4

static u8 *msr_bitmaps[BITMAPS];

/* Reads of the low range, of the high one, writes of both: 1 KiB each. */
#define BITMAP_RANGE	1024
#define BITMAP_WRITES	2048

static void bitmap_pass_half(u8 *bitmap, u32 index, u32 half)
{
	u32 byte = (index >= 0xc0000000 ? BITMAP_RANGE : 0) +
		   (index & 0x1fff) / 8;

	bitmap[half + byte] &= ~BIT(index % 8);
}

static void bitmap_pass(u8 *bitmap, u32 index)
{
	bitmap_pass_half(bitmap, index, 0);
	bitmap_pass_half(bitmap, index, BITMAP_WRITES);
}

/* Those that VM entry and exit switch, and KERNEL_GS_BASE: see run.c. */
static const u32 msrs_passed[] = {
	MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE,
	MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP,
};

/*
 * 30.5: registers that are what the page says, and PPR, which is the processor's: not the
 * timer's count.  A reserved one would be read there, too.
 */
static const struct { u16 first, last; } x2apic_reads[] = {
	{ 0x802, 0x803 }, { 0x808, 0x808 }, { 0x80a, 0x80a }, { 0x80d, 0x80d },
	{ 0x80f, 0x828 }, { 0x830, 0x830 }, { 0x832, 0x838 }, { 0x83e, 0x83e },
};

/* TPR, EOI, SELF_IPI. */
static const u16 x2apic_writes[] = { 0x808, 0x80b, 0x83f };

static void bitmap_pass_x2apic(u8 *bitmap)
{
	u32 i, index;

	for (i = 0; i < ARRAY_SIZE(x2apic_reads); i++)
		for (index = x2apic_reads[i].first; index <= x2apic_reads[i].last; index++)
			bitmap_pass_half(bitmap, index, 0);
	for (i = 0; i < ARRAY_SIZE(x2apic_writes); i++)
		bitmap_pass_half(bitmap, x2apic_writes[i], BITMAP_WRITES);
}

static u8 *bitmap_new(u32 passes)
{
	u8 *bitmap = (void *)__get_free_page(GFP_KERNEL);
	int i;

	if (!bitmap)
		return NULL;
	memset(bitmap, 0xff, PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(msrs_passed); i++)
		bitmap_pass(bitmap, msrs_passed[i]);
	if (passes & BITMAP_SPEC)
		bitmap_pass(bitmap, MSR_IA32_SPEC_CTRL);
	if (passes & BITMAP_X2APIC)
		bitmap_pass_x2apic(bitmap);
	return bitmap;
}

int vmcs_bitmap_create(void)
{
	u32 i;

	for (i = 0; i < BITMAPS; i++) {
		msr_bitmaps[i] = bitmap_new(i);
		if (!msr_bitmaps[i]) {
			vmcs_bitmap_destroy();
			return -ENOMEM;
		}
	}
	return 0;
}

void vmcs_bitmap_update(struct vmx_vcpu *s)
{
	u32 passes = s->spec_switched ? BITMAP_SPEC : 0;

	if (word_value(s, WORD_CPU2) & SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE)
		passes |= BITMAP_X2APIC;
	if (s->bitmap == passes)
		return;
	s->bitmap = passes;
	vmcs_write(MSR_BITMAP, __pa(msr_bitmaps[passes]));
}

void vmcs_bitmap_destroy(void)
{
	int i;

	for (i = 0; i < BITMAPS; i++) {
		free_page((unsigned long)msr_bitmaps[i]);
		msr_bitmaps[i] = NULL;
	}
}

/* ------------------------------------------------------------------------ */
/* What is written once. */

/* IA32_PAT after reset (SDM vol. 3, 12.12.4). */
#define PAT_RESET	0x0007040600070406ull

static void host_fill(void)
{
	struct desc_ptr idt;
	u64 efer, pat;

	rdmsrl(MSR_EFER, efer);
	rdmsrl(MSR_IA32_CR_PAT, pat);
	store_idt(&idt);
	vmcs_write(HOST_CR0, read_cr0() & ~X86_CR0_TS);
	vmcs_write(HOST_IA32_EFER, efer);
	vmcs_write(HOST_IA32_PAT, pat);
	vmcs_write(HOST_CS_SELECTOR, __KERNEL_CS);
	vmcs_write(HOST_SS_SELECTOR, __KERNEL_DS);
	/* The thread's own, where it has any, are put()'s. */
	vmcs_write(HOST_DS_SELECTOR, 0);
	vmcs_write(HOST_ES_SELECTOR, 0);
	vmcs_write(HOST_FS_SELECTOR, 0);
	vmcs_write(HOST_GS_SELECTOR, 0);
	vmcs_write(HOST_TR_SELECTOR, GDT_ENTRY_TSS * 8);
	vmcs_write(HOST_IDTR_BASE, idt.address);
	vmcs_write(HOST_RIP, (unsigned long)vmx_vmexit);
}

static void control_fill(struct vmx_vcpu *s)
{
	vmcs_write(MSR_BITMAP, __pa(msr_bitmaps[s->bitmap]));
	vmcs_write(VMCS_LINK_POINTER, U64_MAX);
	vmcs_write(CR3_TARGET_COUNT, 0);
	vmcs_write(VM_EXIT_MSR_STORE_COUNT, 0);
	vmcs_write(VM_EXIT_MSR_LOAD_COUNT, 0);
	vmcs_write(VM_ENTRY_MSR_LOAD_COUNT, 0);
	vmcs_write(VM_ENTRY_INTR_INFO_FIELD, 0);
	vmcs_write(PAGE_FAULT_ERROR_CODE_MASK, 0);
	vmcs_write(PAGE_FAULT_ERROR_CODE_MATCH, 0);
	vmcs_write(CR4_GUEST_HOST_MASK, ~0ull);
	if (s->tpr_shadow)
		vmcs_write(VIRTUAL_APIC_PAGE_ADDR, __pa(s->x86.apic.lapic.regs));
	if (s->vpid)
		vmcs_write(VIRTUAL_PROCESSOR_ID, s->vpid);
	/* SDM vol. 3, 25.6.13. */
	if (vmx_features.control[WORD_CPU2] & SECONDARY_EXEC_PAUSE_LOOP_EXITING) {
		vmcs_write(PLE_GAP, vmx_features.ple_gap);
		vmcs_write(PLE_WINDOW, vmx_features.ple_window);
	}
	if (vmx_features.may[WORD_CPU2] & SECONDARY_EXEC_ENABLE_VMFUNC)
		vmcs_write(VM_FUNCTION_CONTROL, 0);
	if (vmx_features.control[WORD_CPU2] & SECONDARY_EXEC_ENCLS_EXITING)
		vmcs_write(ENCLS_EXITING_BITMAP, ~0ull);
	/* IA32_XSS is 0: whatever the map of L1's, no XSAVES exits. */
	if (vmx_features.may[WORD_CPU2] & SECONDARY_EXEC_ENABLE_XSAVES)
		vmcs_write(XSS_EXIT_BITMAP, 0);
}

static void guest_fill(void)
{
	vmcs_write(GUEST_IA32_DEBUGCTL, 0);
	vmcs_write(GUEST_IA32_PAT, PAT_RESET);
	vmcs_write(GUEST_SYSENTER_CS, 0);
	vmcs_write(GUEST_SYSENTER_ESP, 0);
	vmcs_write(GUEST_SYSENTER_EIP, 0);
}

void vmcs_fill(struct vmx_vcpu *s)
{
	host_fill();
	control_fill(s);
	guest_fill();
	s->perf.guest_ctrl = s->perf.host_ctrl = U64_MAX;
	s->host.cr3 = s->host.cr4 = s->host.rsp = s->host.fs_base = U64_MAX;
	s->filled = true;
}

/* The TSS's base, in its descriptor of two entries. */
static u64 tss_base(unsigned long gdt)
{
	const struct ldttss_desc *d =
		(void *)(gdt + GDT_ENTRY_TSS * sizeof(struct desc_struct));

	return d->base0 | (u64)d->base1 << 16 | (u64)d->base2 << 24 |
	       (u64)d->base3 << 32;
}

void vmcs_host_fill(struct vmx_vcpu *s)
{
	struct desc_ptr gdt;
	u64 value;

	native_store_gdt(&gdt);
	vmcs_write(HOST_GDTR_BASE, gdt.address);
	vmcs_write(HOST_TR_BASE, tss_base(gdt.address));
	rdmsrl(MSR_GS_BASE, value);
	vmcs_write(HOST_GS_BASE, value);
	rdmsrl(MSR_IA32_SYSENTER_CS, value);
	vmcs_write(HOST_IA32_SYSENTER_CS, value);
	rdmsrl(MSR_IA32_SYSENTER_ESP, value);
	vmcs_write(HOST_IA32_SYSENTER_ESP, value);
	rdmsrl(MSR_IA32_SYSENTER_EIP, value);
	vmcs_write(HOST_IA32_SYSENTER_EIP, value);
}
