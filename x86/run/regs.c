// SPDX-License-Identifier: GPL-2.0-only
/* Userspace's view of the registers. */
#include <linux/string.h>

#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "core/run_state.h"
#include "core/vm.h"
#include "x86/cpu/apic.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/cr.h"
#include "x86/cpu/debug.h"
#include "x86/cpu/msr.h"
#include "x86/run/regs.h"
#include "x86/vcpu/vendor.h"

/* R8 to R15 lie in the same order on both sides. */
static void gpr_copy_high(u64 *to, const u64 *from)
{
	int i;

	for (i = 0; i < 8; i++)
		to[i] = from[i];
}

void regs_get(struct x86_vcpu *v, struct kvm_regs *r)
{
	const struct x86_state *s = state_get(v, GRP_RIP | GRP_RSP |
					      GRP_RFLAGS);

	r->rax = s->gpr[GPR_RAX];
	r->rbx = s->gpr[GPR_RBX];
	r->rcx = s->gpr[GPR_RCX];
	r->rdx = s->gpr[GPR_RDX];
	r->rsi = s->gpr[GPR_RSI];
	r->rdi = s->gpr[GPR_RDI];
	r->rsp = s->gpr[GPR_RSP];
	r->rbp = s->gpr[GPR_RBP];
	gpr_copy_high(&r->r8, &s->gpr[GPR_R8]);
	r->rip = s->rip;
	r->rflags = s->rflags;
}

/*
 * Real mode has no level but 0, virtual-8086 mode none but 3 (APM vol. 2, 15.5.1).
 * Otherwise SS.DPL carries it: see regs.h.
 */
static void cpl_derive(struct x86_vcpu *v)
{
	struct x86_state *s = state_set(v, GRP_CPL | GRP_CSSS);

	state_get(v, GRP_CR0 | GRP_RFLAGS);
	if (!(s->cr0 & X86_CR0_PE))
		s->cpl = 0;
	else if (s->rflags & X86_EFLAGS_VM)
		s->cpl = 3;
	else
		s->cpl = (s->seg[SEG_SS].attr >> SEG_DPL_SHIFT) & 3;
}

void regs_set(struct x86_vcpu *v, const struct kvm_regs *r)
{
	struct x86_state *s;
	u64 changed;

	s = state_set(v, GRP_RIP | GRP_RSP | GRP_RFLAGS);
	changed = s->rflags ^ r->rflags;
	s->gpr[GPR_RAX] = r->rax;
	s->gpr[GPR_RBX] = r->rbx;
	s->gpr[GPR_RCX] = r->rcx;
	s->gpr[GPR_RDX] = r->rdx;
	s->gpr[GPR_RSI] = r->rsi;
	s->gpr[GPR_RDI] = r->rdi;
	s->gpr[GPR_RSP] = r->rsp;
	s->gpr[GPR_RBP] = r->rbp;
	gpr_copy_high(&s->gpr[GPR_R8], &r->r8);
	s->rip = r->rip;
	s->rflags = r->rflags | X86_EFLAGS_FIXED;
	if (changed & X86_EFLAGS_VM)
		cpl_derive(v);
	/* New registers: what was about to be raised belonged to the old ones. */
	event_forget_exceptions(v);
}

static void seg_get(const struct x86_seg *s, struct kvm_segment *out)
{
	*out = (struct kvm_segment) {
		.base = s->base,
		.limit = s->limit,
		.selector = s->selector,
		.type = s->attr & SEG_TYPE,
		.s = !!(s->attr & SEG_S),
		.dpl = (s->attr >> SEG_DPL_SHIFT) & 3,
		.present = !!(s->attr & SEG_P),
		.avl = !!(s->attr & SEG_AVL),
		.l = !!(s->attr & SEG_L),
		.db = !!(s->attr & SEG_DB),
		.g = !!(s->attr & SEG_G),
		.unusable = (s->attr & SEG_UNUSABLE) || !(s->attr & SEG_P),
	};
}

static void seg_set(struct x86_seg *s, const struct kvm_segment *in)
{
	u16 attr = (in->type & SEG_TYPE) | (in->dpl & 3) << SEG_DPL_SHIFT;

	attr |= in->s ? SEG_S : 0;
	attr |= in->present && !in->unusable ? SEG_P : 0;
	attr |= in->avl ? SEG_AVL : 0;
	attr |= in->l ? SEG_L : 0;
	attr |= in->db ? SEG_DB : 0;
	attr |= in->g ? SEG_G : 0;
	attr |= in->unusable ? SEG_UNUSABLE : 0;
	*s = (struct x86_seg) {
		.base = in->base,
		.limit = in->limit,
		.selector = in->selector,
		.attr = attr,
	};
}

/* Acknowledged, and not in the guest yet: on its way, or waiting. */
static void sregs_get_interrupt(const struct x86_events *ev, struct kvm_sregs *r)
{
	unsigned long *bitmap = (unsigned long *)r->interrupt_bitmap;
	u8 vector;

	memset(bitmap, 0, sizeof(r->interrupt_bitmap));
	if (event_interrupt_waiting(ev, &vector))
		__set_bit(vector, bitmap);
}

void sregs_get_registers(struct x86_vcpu *v, struct kvm_sregs *r)
{
	const struct x86_state *s = state_get(v, GRP_ALL);

	seg_get(&s->seg[SEG_CS], &r->cs);
	seg_get(&s->seg[SEG_DS], &r->ds);
	seg_get(&s->seg[SEG_ES], &r->es);
	seg_get(&s->seg[SEG_FS], &r->fs);
	seg_get(&s->seg[SEG_GS], &r->gs);
	seg_get(&s->seg[SEG_SS], &r->ss);
	r->ss.dpl = s->cpl;
	seg_get(&s->seg[SEG_TR], &r->tr);
	seg_get(&s->seg[SEG_LDTR], &r->ldt);
	r->gdt.base = s->gdt.base;
	r->gdt.limit = s->gdt.limit;
	r->idt.base = s->idt.base;
	r->idt.limit = s->idt.limit;
	r->cr0 = s->cr0;
	r->cr2 = s->cr2;
	r->cr3 = s->cr3;
	r->cr4 = s->cr4;
	r->cr8 = s->cr8;
	r->efer = s->efer;
	r->apic_base = apic_base(v);
}

void sregs_get(struct x86_vcpu *v, struct kvm_sregs *r)
{
	sregs_get_registers(v, r);
	sregs_get_interrupt(&v->events, r);
}

bool sregs_are_valid(struct x86_vcpu *v, const struct kvm_sregs *r)
{
	if (!cr_state_is_valid(v, r->cr0 | X86_CR0_ET, r->cr4, r->efer))
		return false;
	if (!apic_base_is_valid(v, r->apic_base))
		return false;
	if (r->cr3 >> v->cpuid.maxphyaddr)
		return false;
	/* Code that is both 64-bit and 32-bit does not exist. */
	return !(r->efer & EFER_LMA) || !r->cs.l || !r->cs.db;
}

static void registers_load(struct x86_vcpu *v, const struct kvm_sregs *r)
{
	struct x86_state *s = state_set(v, GRP_CR0 | GRP_CR2 | GRP_CR3 |
					GRP_CR4 | GRP_EFER |
					GRP_CSSS | GRP_DATA | GRP_SEGS | GRP_TABLES);

	seg_set(&s->seg[SEG_CS], &r->cs);
	seg_set(&s->seg[SEG_DS], &r->ds);
	seg_set(&s->seg[SEG_ES], &r->es);
	seg_set(&s->seg[SEG_FS], &r->fs);
	seg_set(&s->seg[SEG_GS], &r->gs);
	seg_set(&s->seg[SEG_SS], &r->ss);
	seg_set(&s->seg[SEG_TR], &r->tr);
	seg_set(&s->seg[SEG_LDTR], &r->ldt);
	s->gdt = (struct x86_table){ r->gdt.base, r->gdt.limit };
	s->idt = (struct x86_table){ r->idt.base, r->idt.limit };
	s->cr0 = r->cr0 | X86_CR0_ET;
	s->cr2 = r->cr2;
	s->cr3 = r->cr3;
	s->cr4 = r->cr4;
	s->efer = r->efer;
	cpl_derive(v);
}

/* A CR8 that no processor has is not loaded, and the rest is: KVM's ABI. */
static void cr8_load(struct x86_vcpu *v, u64 cr8)
{
	if (cr8 > 15)
		return;
	apic_tpr_set(v, cr8);
	v->vcpu.run->cr8 = cr8;
}

void sregs_load(struct x86_vcpu *v, const struct kvm_sregs *r)
{
	apic_base_load(v, r->apic_base);
	registers_load(v, r);
	cr8_load(v, r->cr8);
	request_take(&v->vcpu, REQ_TPR);
	cr_changed(v);
	cr_flush(v);
	if (x86_caps->pdptrs)
		request_set(&v->vcpu, REQ_PDPTRS);
}

/* The bitmap names at most one interrupt that waits, or none (api.rst 4.13). */
static void sregs_load_interrupt(struct x86_vcpu *v, const struct kvm_sregs *r)
{
	unsigned int vector = find_first_bit(
		(const unsigned long *)r->interrupt_bitmap,
		KVM_NR_INTERRUPTS);

	event_interrupt_set(v, vector < KVM_NR_INTERRUPTS, vector);
}

void sregs_set(struct x86_vcpu *v, const struct kvm_sregs *r)
{
	sregs_load(v, r);
	sregs_load_interrupt(v, r);
}

long regs_ioctl_get(void *obj, void *data, unsigned long arg)
{
	regs_get(to_x86_vcpu(obj), data);
	return 0;
}

long regs_ioctl_set(void *obj, void *data, unsigned long arg)
{
	regs_set(to_x86_vcpu(obj), data);
	return 0;
}

long sregs_ioctl_get(void *obj, void *data, unsigned long arg)
{
	sregs_get(to_x86_vcpu(obj), data);
	return 0;
}

long sregs_ioctl_set(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);

	if (!sregs_are_valid(v, data))
		return -EINVAL;
	sregs_set(v, data);
	return 0;
}

long debugregs_ioctl_get(void *obj, void *data, unsigned long arg)
{
	const struct x86_state *s = state_get(to_x86_vcpu(obj), GRP_DR);
	struct kvm_debugregs *r = data;

	memcpy(r->db, s->db, sizeof(r->db));
	r->dr6 = s->dr6;
	r->dr7 = s->dr7;
	return 0;
}

long debugregs_ioctl_set(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);
	const struct kvm_debugregs *r = data;
	struct x86_state *s;

	if (r->flags || (r->dr6 >> 32) || (r->dr7 >> 32))
		return -EINVAL;
	s = state_set(v, GRP_DR);
	memcpy(s->db, r->db, sizeof(s->db));
	s->dr6 = dr6_fixed(r->dr6);
	s->dr7 = dr7_fixed(r->dr7);
	vendor(policy_update)(v);
	return 0;
}
