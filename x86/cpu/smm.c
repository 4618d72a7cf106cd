// SPDX-License-Identifier: GPL-2.0-only
/*
 * The saved state's layout depends on whether the processor has long mode: AMD64's
 * (APM vol. 2, table 10-1), or that of 32-bit processors (SDM vol. 3, table 30-1).
 */
#include <linux/string.h>

#include <asm/cpufeatures.h>
#include <asm/processor-flags.h>

#include "core/guestmem.h"
#include "core/run_state.h"
#include "mmu/mmu_setup.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/cpuid.h"
#include "x86/cpu/cr.h"
#include "x86/cpu/debug.h"
#include "x86/cpu/smm.h"
#include "x86/vcpu/vendor.h"

#define SAVE_OFFSET	0xfe00	/* from SMBASE */
#define SAVE_BYTES	0x200
#define HANDLER_OFFSET	0x8000

/* A saved state: offsets are those of the manuals, from SMBASE + 0xfe00. */
struct smm_area {
	u8 byte[SAVE_BYTES];
};

static void area_put(struct smm_area *a, unsigned int at, u64 val,
		     unsigned int size)
{
	memcpy(a->byte + at, &val, size);
}

static u64 area_get(const struct smm_area *a, unsigned int at, unsigned int size)
{
	u64 val = 0;

	memcpy(&val, a->byte + at, size);
	return val;
}

bool smm_supported(void)
{
	return x86_caps->mmu.second != MMU_SECOND_NONE;
}

static bool has_long_mode(const struct x86_vcpu *v)
{
	return cpuid_has(v, X86_FEATURE_LM);
}

/* ------------------------------------------------------------------------ */
/* AMD64. */

enum {
	A_SEG = 0x000, A_GDTR = 0x060, A_LDTR = 0x070, A_IDTR = 0x080,
	A_TR = 0x090, A_EFER = 0x0d0, A_REVISION = 0x0fc, A_SMBASE = 0x100,
	A_CR4 = 0x148, A_CR3 = 0x150, A_CR0 = 0x158, A_DR7 = 0x160,
	A_DR6 = 0x168, A_RFLAGS = 0x170, A_RIP = 0x178, A_R15 = 0x180,
	A_RDI = 0x1c0,
};

#define REVISION_AMD64	0x00020064	/* SMBASE can be moved */
#define REVISION_32	0x00020000

/* From A_RDI on. */
static const u8 low_gpr[] = {
	GPR_RDI, GPR_RSI, GPR_RBP, GPR_RSP, GPR_RBX, GPR_RDX, GPR_RCX, GPR_RAX,
};

static void seg_save_64(struct smm_area *a, unsigned int at,
			const struct x86_seg *s)
{
	area_put(a, at, s->sel, 2);
	area_put(a, at + 2, s->attr & SEG_UNUSABLE ? 0 : s->attr, 2);
	area_put(a, at + 4, s->limit, 4);
	area_put(a, at + 8, s->base, 8);
}

static void seg_load_64(const struct smm_area *a, unsigned int at,
			struct x86_seg *s)
{
	u16 attr = area_get(a, at + 2, 2) & 0xfff;

	*s = (struct x86_seg){
		.sel = area_get(a, at, 2), .limit = area_get(a, at + 4, 4),
		.base = area_get(a, at + 8, 8),
		.attr = attr & SEG_P ? attr : attr | SEG_UNUSABLE,
	};
}

static void save_64(const struct x86_vcpu *v, struct smm_area *a)
{
	const struct x86_state *s = &v->state;
	unsigned int i;

	for (i = SEG_ES; i <= SEG_GS; i++)
		seg_save_64(a, A_SEG + 16 * i, &s->seg[i]);
	seg_save_64(a, A_LDTR, &s->seg[SEG_LDTR]);
	seg_save_64(a, A_TR, &s->seg[SEG_TR]);
	area_put(a, A_GDTR + 4, s->gdt.limit, 4);
	area_put(a, A_GDTR + 8, s->gdt.base, 8);
	area_put(a, A_IDTR + 4, s->idt.limit, 4);
	area_put(a, A_IDTR + 8, s->idt.base, 8);
	area_put(a, A_EFER, s->efer, 8);
	area_put(a, A_REVISION, REVISION_AMD64, 4);
	area_put(a, A_SMBASE, v->msrs.smbase, 4);
	area_put(a, A_CR4, s->cr4, 8);
	area_put(a, A_CR3, s->cr3, 8);
	area_put(a, A_CR0, s->cr0, 8);
	area_put(a, A_DR7, s->dr7, 8);
	area_put(a, A_DR6, s->dr6, 8);
	area_put(a, A_RFLAGS, s->rflags, 8);
	area_put(a, A_RIP, s->rip, 8);
	for (i = 0; i < 8; i++) {
		area_put(a, A_R15 + 8 * i, s->gpr[GPR_R15 - i], 8);
		area_put(a, A_RDI + 8 * i, s->gpr[low_gpr[i]], 8);
	}
}

static void load_64(struct x86_vcpu *v, const struct smm_area *a)
{
	struct x86_state *s = &v->state;
	unsigned int i;

	for (i = SEG_ES; i <= SEG_GS; i++)
		seg_load_64(a, A_SEG + 16 * i, &s->seg[i]);
	seg_load_64(a, A_LDTR, &s->seg[SEG_LDTR]);
	seg_load_64(a, A_TR, &s->seg[SEG_TR]);
	s->gdt.limit = area_get(a, A_GDTR + 4, 4);
	s->gdt.base = area_get(a, A_GDTR + 8, 8);
	s->idt.limit = area_get(a, A_IDTR + 4, 4);
	s->idt.base = area_get(a, A_IDTR + 8, 8);
	s->efer = area_get(a, A_EFER, 8);
	s->cr4 = area_get(a, A_CR4, 8);
	s->cr3 = area_get(a, A_CR3, 8);
	s->cr0 = area_get(a, A_CR0, 8);
	s->dr7 = area_get(a, A_DR7, 8);
	s->dr6 = area_get(a, A_DR6, 8);
	s->rflags = area_get(a, A_RFLAGS, 8);
	s->rip = area_get(a, A_RIP, 8);
	v->msrs.smbase = area_get(a, A_SMBASE, 4);
	for (i = 0; i < 8; i++) {
		s->gpr[GPR_R15 - i] = area_get(a, A_R15 + 8 * i, 8);
		s->gpr[low_gpr[i]] = area_get(a, A_RDI + 8 * i, 8);
	}
}

/* ------------------------------------------------------------------------ */
/* 32 bits.  Hidden parts of segments are where QEMU's firmware-visible CPUs have them. */

enum {
	L_SMBASE = 0x0f8, L_REVISION = 0x0fc, L_CR4 = 0x114, L_IDTR = 0x154,
	L_TR = 0x15c, L_GDTR = 0x170, L_LDTR = 0x178, L_SELECTOR = 0x1a8,
	L_LDTR_SEL = 0x1c0, L_TR_SEL = 0x1c4, L_DR7 = 0x1c8, L_DR6 = 0x1cc,
	L_EAX = 0x1d0, L_EIP = 0x1f0, L_EFLAGS = 0x1f4, L_CR3 = 0x1f8,
	L_CR0 = 0x1fc,
};

/* Attributes, limit, base. */
static unsigned int hidden_32(unsigned int seg)
{
	return seg < SEG_DS ? 0x184 + 12 * seg : 0x12c + 12 * (seg - SEG_DS);
}

static void seg_save_32(struct smm_area *a, unsigned int at,
			const struct x86_seg *s)
{
	/* As in a descriptor's second dword. */
	u32 attr = (s->attr & 0xff) << 8 | (s->attr & 0xf00) << 12;

	area_put(a, at, s->attr & SEG_UNUSABLE ? 0 : attr, 4);
	area_put(a, at + 4, s->limit, 4);
	area_put(a, at + 8, s->base, 4);
}

static void seg_load_32(const struct smm_area *a, unsigned int at, u16 sel,
			struct x86_seg *s)
{
	u32 high = area_get(a, at, 4);
	u16 attr = (high >> 8 & 0xff) | (high >> 12 & 0xf00);

	*s = (struct x86_seg){
		.sel = sel, .limit = area_get(a, at + 4, 4),
		.base = area_get(a, at + 8, 4),
		.attr = attr & SEG_P ? attr : attr | SEG_UNUSABLE,
	};
}

static void save_32(const struct x86_vcpu *v, struct smm_area *a)
{
	const struct x86_state *s = &v->state;
	unsigned int i;

	for (i = SEG_ES; i <= SEG_GS; i++) {
		seg_save_32(a, hidden_32(i), &s->seg[i]);
		area_put(a, L_SELECTOR + 4 * i, s->seg[i].sel, 4);
	}
	seg_save_32(a, L_TR, &s->seg[SEG_TR]);
	seg_save_32(a, L_LDTR, &s->seg[SEG_LDTR]);
	area_put(a, L_TR_SEL, s->seg[SEG_TR].sel, 4);
	area_put(a, L_LDTR_SEL, s->seg[SEG_LDTR].sel, 4);
	area_put(a, L_GDTR, s->gdt.limit, 4);
	area_put(a, L_GDTR + 4, s->gdt.base, 4);
	area_put(a, L_IDTR, s->idt.limit, 4);
	area_put(a, L_IDTR + 4, s->idt.base, 4);
	area_put(a, L_SMBASE, v->msrs.smbase, 4);
	area_put(a, L_REVISION, REVISION_32, 4);
	area_put(a, L_CR4, s->cr4, 4);
	area_put(a, L_DR7, s->dr7, 4);
	area_put(a, L_DR6, s->dr6, 4);
	for (i = 0; i < 8; i++)
		area_put(a, L_EAX + 4 * i, s->gpr[i], 4);
	area_put(a, L_EIP, s->rip, 4);
	area_put(a, L_EFLAGS, s->rflags, 4);
	area_put(a, L_CR3, s->cr3, 4);
	area_put(a, L_CR0, s->cr0, 4);
}

static void load_32(struct x86_vcpu *v, const struct smm_area *a)
{
	struct x86_state *s = &v->state;
	unsigned int i;

	for (i = SEG_ES; i <= SEG_GS; i++)
		seg_load_32(a, hidden_32(i), area_get(a, L_SELECTOR + 4 * i, 2),
			    &s->seg[i]);
	seg_load_32(a, L_TR, area_get(a, L_TR_SEL, 2), &s->seg[SEG_TR]);
	seg_load_32(a, L_LDTR, area_get(a, L_LDTR_SEL, 2), &s->seg[SEG_LDTR]);
	s->gdt.limit = area_get(a, L_GDTR, 4);
	s->gdt.base = area_get(a, L_GDTR + 4, 4);
	s->idt.limit = area_get(a, L_IDTR, 4);
	s->idt.base = area_get(a, L_IDTR + 4, 4);
	s->efer = 0;
	s->cr4 = area_get(a, L_CR4, 4);
	s->dr7 = area_get(a, L_DR7, 4);
	s->dr6 = area_get(a, L_DR6, 4);
	for (i = 0; i < 8; i++)
		s->gpr[i] = area_get(a, L_EAX + 4 * i, 4);
	s->rip = area_get(a, L_EIP, 4);
	s->rflags = area_get(a, L_EFLAGS, 4);
	s->cr3 = area_get(a, L_CR3, 4);
	s->cr0 = area_get(a, L_CR0, 4);
	v->msrs.smbase = area_get(a, L_SMBASE, 4);
}

/* ------------------------------------------------------------------------ */

void smm_set(struct x86_vcpu *v, bool active)
{
	if (v->smm.active == active)
		return;
	v->smm.active = active;
	/* Another root, at the next entry; walks that were kept are void. */
	v->vcpu.mmu.as_id = active;
	cr_changed(v);
	cr_flush(v);
}

void smm_reset(struct x86_vcpu *v)
{
	v->smm = (struct x86_smm){ };
	v->vcpu.mmu.as_id = 0;
}

void smm_request(struct x86_vcpu *v)
{
	v->smm.pending = true;
}

/* APM vol. 2, 10.3.3: real mode with segments of 4 GiB, and nothing comes in. */
static void smm_registers(struct x86_vcpu *v)
{
	struct x86_state *s = &v->state;
	u32 base = v->msrs.smbase;
	unsigned int i;

	for (i = SEG_ES; i <= SEG_GS; i++)
		s->seg[i] = (struct x86_seg){
			.limit = U32_MAX, .attr = SEG_G | SEG_P | SEG_S | 3,
		};
	s->seg[SEG_CS].sel = base >> 4;
	s->seg[SEG_CS].base = base;
	s->seg[SEG_CS].attr |= 0xb;
	s->idt = (struct x86_table){ };
	s->cr0 &= ~(u64)(X86_CR0_PE | X86_CR0_EM | X86_CR0_TS | X86_CR0_PG);
	s->cr4 = 0;
	s->efer = 0;
	s->dr7 = DR7_ONES;
	s->rflags = X86_EFLAGS_FIXED;
	s->rip = HANDLER_OFFSET;
	s->shadow = 0;
	s->cpl = 0;
}

static void smm_enter(struct x86_vcpu *v)
{
	bool masked = event_blocked(v) & EVENT_NMI_HANDLER;
	struct smm_area a = { };

	state_set(v, GRP_ALL);
	if (has_long_mode(v))
		save_64(v, &a);
	else
		save_32(v, &a);
	smm_set(v, true);
	v->smm.pending = false;
	v->smm.nmi_masked = masked;
	v->msrs.smi_count++;
	/* Where there is no SMRAM the handler is as lost as the state is. */
	guest_write(&v->vcpu, v->msrs.smbase + SAVE_OFFSET, &a, sizeof(a));
	smm_registers(v);
	vendor(event_nmi_mask)(v, true);
	vendor(policy_update)(v);
	if (v->mp_state == KVM_MP_STATE_HALTED)
		v->mp_state = KVM_MP_STATE_RUNNABLE;
}

void smm_take(struct x86_vcpu *v)
{
	struct x86_events *ev = &v->events;

	if (v->smm.active || ev->exception.kind ||
	    ev->injected.kind == EVENT_EXCEPTION ||
	    ev->injected.kind == EVENT_SOFT || state_get(v, GRP_SHADOW)->shadow ||
	    (v->mp_state != KVM_MP_STATE_RUNNABLE &&
	     v->mp_state != KVM_MP_STATE_HALTED))
		return;
	event_postpone(v);
	smm_enter(v);
}

static bool state_can_be(struct x86_vcpu *v)
{
	const struct x86_state *s = &v->state;

	return cr_state_is_valid(v, s->cr0, s->cr4, s->efer) &&
	       !(s->dr6 >> 32) && !(s->dr7 >> 32);
}

void smm_leave(struct x86_vcpu *v)
{
	struct smm_area a;

	if (guest_read(&v->vcpu, v->msrs.smbase + SAVE_OFFSET, &a, sizeof(a))) {
		request_set(&v->vcpu, REQ_TRIPLE_FAULT);
		return;
	}
	state_set(v, GRP_ALL);
	if (has_long_mode(v))
		load_64(v, &a);
	else
		load_32(v, &a);
	cpl_derive(v);
	v->state.rflags |= X86_EFLAGS_FIXED;
	v->state.dr6 = dr6_fixed(v->state.dr6);
	v->state.dr7 = dr7_fixed(v->state.dr7);
	vendor(event_nmi_mask)(v, v->smm.nmi_masked);
	smm_set(v, false);
	vendor(policy_update)(v);
	if (!state_can_be(v))
		request_set(&v->vcpu, REQ_TRIPLE_FAULT);
}
