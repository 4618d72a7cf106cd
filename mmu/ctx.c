// SPDX-License-Identifier: GPL-2.0-only
/* Guest paging modes: control registers to a walker's context. */
#include <linux/bits.h>

#include "mmu/mmu.h"

/* Control registers: SDM vol. 3, 2.5; EFER: APM vol. 2, 3.1.7. */
#define CR0_WP		BIT_ULL(16)
#define CR0_PG		BIT_ULL(31)
#define CR4_PSE		BIT_ULL(4)
#define CR4_PAE		BIT_ULL(5)
#define CR4_LA57	BIT_ULL(12)
#define CR4_SMEP	BIT_ULL(20)
#define CR4_SMAP	BIT_ULL(21)
#define CR4_PKE		BIT_ULL(22)
#define EFER_NXE	BIT_ULL(11)
#define EFER_LMA_BIT	BIT_ULL(10)

/* Where CR3 holds the root: SDM vol. 3, tables 4-3, 4-7 and 4-12. */
#define ROOT_2LEVEL	GENMASK_ULL(31, 12)
#define ROOT_PAE	GENMASK_ULL(31, 5)

static const struct pt_format *format_pick(const struct mmu_cpu *cpu)
{
	if (!(cpu->cr0 & CR0_PG))
		return NULL;
	if (cpu->efer & EFER_LMA_BIT)
		return cpu->cr4 & CR4_LA57 ? &pt_format_5level :
					     &pt_format_4level;
	return cpu->cr4 & CR4_PAE ? &pt_format_pae : &pt_format_2level;
}

void mmu_ctx_update(struct mmu_vcpu *vcpu, enum mmu_ctx_kind kind,
		    const struct mmu_cpu *cpu)
{
	struct gwalk_ctx *walk = &vcpu->ctx[kind].walk;
	bool lma = cpu->efer & EFER_LMA_BIT;
	struct pt_features feat = cpu->feat;
	struct perm_bits bits = {
		.wp = cpu->cr0 & CR0_WP,
		.smep = cpu->cr4 & CR4_SMEP,
		.smap = cpu->cr4 & CR4_SMAP,
		.nx = cpu->efer & EFER_NXE,
		.pke = lma && (cpu->cr4 & CR4_PKE),
	};

	walk->fmt = format_pick(cpu);
	walk->next = NULL;
	walk->set_ad = true;
	if (!walk->fmt)
		return;
	feat.nx = bits.nx;
	feat.pse = cpu->cr4 & CR4_PSE;
	/* 2-level tables have no NX bit, whatever EFER says. */
	if (walk->fmt == &pt_format_2level)
		bits.nx = false;
	pt_rsvd_init(&walk->rsvd, walk->fmt, &feat);
	perm_init(&walk->perm, &bits);
}

static void root_read(struct mmu_vcpu *vcpu, struct mmu_ctx *ctx)
{
	struct gwalk_ctx *walk = &ctx->walk;
	u64 root = ctx->ops->root_get(vcpu);
	int i;

	if (walk->fmt == &pt_format_2level) {
		walk->root = root & ROOT_2LEVEL;
	} else if (walk->fmt == &pt_format_pae) {
		walk->root = root & ROOT_PAE;
		for (i = 0; i < 4; i++)
			walk->pdptr[i] = ctx->ops->pdptr_get(vcpu, i);
	} else {
		walk->root = root & walk->fmt->addr;
	}
}

enum gwalk_status mmu_translate(struct mmu_vcpu *vcpu, enum mmu_ctx_kind kind,
				u64 va, const struct gwalk_access *access,
				struct gwalk_result *res)
{
	struct mmu_ctx *ctx = &vcpu->ctx[kind];

	if (ctx->walk.fmt)
		root_read(vcpu, ctx);
	return gwalk(vcpu, &ctx->walk, va, access, res);
}
