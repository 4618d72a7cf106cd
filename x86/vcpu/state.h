/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU's register state, by groups.
 *
 * Generic code owns struct x86_state.  A group is @valid when the struct holds
 * the guest's value, and @dirty when the struct holds a newer one than the
 * hardware's control block.  The vendor's state_fetch() fills invalid groups,
 * state_store() writes dirty ones; both happen only when somebody asks, so an
 * exit costs no more than what its handler looks at.
 *
 * General registers other than RSP are always valid.
 */
#ifndef LAMINA_X86_VCPU_STATE_H
#define LAMINA_X86_VCPU_STATE_H

#include <linux/bits.h>
#include <linux/types.h>

#include "emul/regs.h"

#define GRP_RIP		BIT(0)
#define GRP_RSP		BIT(1)
#define GRP_RFLAGS	BIT(2)
#define GRP_CR0		BIT(3)
#define GRP_CR2		BIT(4)
#define GRP_CR3		BIT(5)
#define GRP_CR4		BIT(6)
#define GRP_CR8		BIT(7)
#define GRP_EFER	BIT(8)
#define GRP_CSSS	BIT(9)	/* CS, SS */
#define GRP_SEGS	BIT(10)	/* FS, GS, LDTR, TR */
#define GRP_TABLES	BIT(11)	/* GDTR, IDTR */
#define GRP_DR		BIT(12)	/* DR0-DR3, DR6, DR7 */
#define GRP_SHADOW	BIT(13)	/* interrupt shadow of STI and MOV SS */
#define GRP_TSC		BIT(14)	/* tsc_offset, tsc_ratio */
#define GRP_CPL		BIT(15)
#define GRP_PDPTR	BIT(16)	/* pdptr[]; see struct x86_caps */
#define GRP_DATA	BIT(17)	/* DS, ES */
#define GRP_ALL		GENMASK(17, 0)

/* Values of @shadow (as in KVM_GET_VCPU_EVENTS). */
#define SHADOW_MOV_SS	1
#define SHADOW_STI	2

/* DR6 (APM vol. 2, 13.1.1.3) and DR7 (13.1.1.4). */
#define DR6_BREAKPOINTS	0xfull		/* B0 to B3 */
#define DR6_BD		BIT_ULL(13)
#define DR6_BS		BIT_ULL(14)
#define DR6_BITS	0x0000e00full	/* all that are no constants */
#define DR6_ONES	0xffff0ff0ull	/* read as one */
#define DR7_ENABLED	0xffull		/* L0 to L3, G0 to G3 */
#define DR7_LOCAL	0x155ull	/* L0 to L3, LE */
#define DR7_GD		BIT_ULL(13)
#define DR7_BITS	0xffff2bffull
#define DR7_ONES	0x00000400ull

/** struct x86_state - see the head of this file; registers as the guest sees them */
struct x86_state {
	u64 gpr[GPR_COUNT];
	u64 rip;
	u64 rflags;
	u64 cr0;
	u64 cr2;
	u64 cr3;
	u64 cr4;
	u64 cr8;
	u64 efer;
	struct x86_seg seg[SEG_COUNT];
	u8 cpl;
	u8 shadow;
	struct x86_table gdt;
	struct x86_table idt;
	u64 db[4];
	u64 dr6;
	u64 dr7;
	u64 tsc_offset;
	u64 tsc_ratio;		/* tsc_ratio.h; tsc_ratio_one(): not scaled */
	u64 pdptr[4];
	u32 valid;
	u32 dirty;
};

/**
 * struct x86_l2_hv - what a Hyper-V in L1 has told of the guest that it ran last
 * @flushes: L2's flush hypercalls are L0's to do (hyperv/hypercall.c)
 * @vp: its virtual processor's number; others read
 * @vm: its VM's; others read
 * @assist: the VM's partition assist page
 */
struct x86_l2_hv {
	bool flushes;
	u32 vp;
	u64 vm;
	u64 assist;
};

/**
 * struct x86_nested - the guest's own guest: vcpu/nested.h
 * @l2: it runs
 * @masks_if: it runs, and L1's RFLAGS.IF, @if_flag, decides on interrupts in place of
 *            its own
 * @if_flag: see there
 * @off: the guest's firmware has disabled it
 * @due: it runs, and a timer of its host's has expired; any context
 * @woken: something has ended its HLT, and it has not run since
 * @smm_l2: in system management mode, on Intel's: it goes on when that ends
 * @l1_waits: MMU_CTX_GUEST is what L1 comes back to
 * @ctx: enum mmu_ctx_kind: whose tables translate what runs now
 * @page, @frame: a frame of L1's and what backs it: vcpu/frame.h
 * @apart: L1's own tables have a leaf for it alone
 * @hv: see there
 * @cr0_must, @cr4_must: bits that cannot be cleared now (VMX operation)
 */
struct x86_nested {
	u64 cr0_must;
	u64 cr4_must;
	bool l2;
	bool masks_if;
	bool if_flag;
	bool due;
	bool woken;
	bool off;
	bool smm_l2;
	bool l1_waits;
	bool apart;
	u8 ctx;
	u64 page;
	u64 frame;
	struct x86_l2_hv hv;
};

/**
 * struct x86_smm - system management mode: cpu/smm.h
 * @smbase: where the handler is
 * @pending: an SMI waits
 * @inside: the vCPU is in the mode
 * @inside_nmi: it came there from an NMI's handler
 */
struct x86_smm {
	u32 smbase;
	bool pending;
	bool inside;
	bool inside_nmi;
};

struct x86_vcpu;

/**
 * kvm_state_fetch - fetch groups from the hardware's control block
 * @v: the vCPU, loaded
 * @groups: GRP_*, all invalid
 *
 * The slow path of state_get(), which is in x86.h.
 */
void kvm_state_fetch(struct x86_vcpu *v, u32 groups);

#endif
