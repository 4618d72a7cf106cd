// SPDX-License-Identifier: GPL-2.0-only
/* Guest paging modes: control registers to a walker's context. */
#include <linux/string.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "mmu/guest/again.h"
#include "mmu/guest/ctx.h"

/* Where CR3 holds the root: SDM vol. 3, tables 4-3, 4-7 and 4-12. */
#define ROOT_2LEVEL	GENMASK_ULL(31, 12)
#define ROOT_PAE	GENMASK_ULL(31, 5)

const struct pt_format *ctx_format(const struct mmu_cpu *cpu)
{
	if (!(cpu->cr0 & X86_CR0_PG))
		return NULL;
	if (cpu->efer & EFER_LMA)
		return cpu->cr4 & X86_CR4_LA57 ? &pt_format_5level :
					     &pt_format_4level;
	return cpu->cr4 & X86_CR4_PAE ? &pt_format_pae : &pt_format_2level;
}

static enum mmu_role_format role_format(const struct pt_format *fmt, bool ad)
{
	if (!fmt)
		return ROLE_NONE;
	if (fmt->exec)
		return ad ? ROLE_EPT_AD : ROLE_EPT;
	if (fmt->levels == 2)
		return ROLE_2LEVEL;
	return fmt->levels == 3 ? ROLE_PAE : ROLE_LONG;
}

static union mmu_ctx_role ctx_role(const struct pt_format *fmt,
				   const struct perm_bits *bits,
				   const struct pt_features *feat)
{
	union mmu_ctx_role role = { .word = 0 };

	role.format = role_format(fmt, feat->ad);
	if (!fmt)
		return role;
	role.nx = bits->nx;
	role.wp = bits->wp || bits->second;
	role.smep = bits->smep;
	role.strict = bits->smap || bits->pke;
	role.pse = feat->pse && fmt == &pt_format_2level;
	return role;
}

/*
 * A context is what these say from now on; and no walk is to be repeated.
 *
 * Return: false: shadow pages that were made for it are right still.
 */
static bool ctx_set(struct mmu_vcpu *vcpu, enum mmu_ctx_kind kind,
		    const struct pt_format *fmt, const struct perm_bits *bits,
		    const struct pt_features *feat)
{
	struct mmu_ctx *ctx = &vcpu->ctx[kind];
	struct gwalk_ctx *walk = &ctx->walk;
	const struct pt_format *old_fmt = walk->fmt;
	struct pt_rsvd old_rsvd;
	union mmu_ctx_role old_role = ctx->role;

	if (kind == MMU_CTX_GUEST)
		again_forget(vcpu);
	/* CR0.TS and the like change often, and nothing for us. */
	if (fmt && fmt == old_fmt &&
	    !memcmp(bits, &ctx->bits, sizeof(*bits)) &&
	    !memcmp(feat, &ctx->feat, sizeof(*feat)))
		return false;
	old_rsvd = walk->rsvd;
	ctx->bits = *bits;
	ctx->feat = *feat;
	ctx->role = ctx_role(fmt, bits, feat);
	walk->fmt = fmt;
	walk->set_ad = !fmt || !fmt->exec || feat->ad;
	walk->pdptr_mem = !ctx->ops->pdptr_get;
	walk->next = kind == MMU_CTX_L2 ? &vcpu->ctx[MMU_CTX_SECOND].walk :
					  NULL;
	if (!fmt)
		return old_fmt || ctx->role.word != old_role.word;
	pt_rsvd_init(&walk->rsvd, fmt, feat);
	/*
	 * The processor has checked the PDPTEs that it reads from memory, and an
	 * emulated one leaves accessed bits in them.
	 */
	if (fmt == &pt_format_pae && walk->pdptr_mem && !bits->second)
		walk->rsvd.mask[0][3] &= ~PDPTE_RSVD_LOW;
	perm_init(&walk->perm, bits);
	return fmt != old_fmt || ctx->role.word != old_role.word ||
	       memcmp(&old_rsvd, &walk->rsvd, sizeof(old_rsvd));
}

static bool cpu_is_same(const struct mmu_cpu *a, const struct mmu_cpu *b)
{
	return a->cr0 == b->cr0 && a->cr4 == b->cr4 && a->efer == b->efer &&
	       !memcmp(&a->feat, &b->feat, sizeof(a->feat));
}

static noinline bool ctx_remake(struct mmu_vcpu *vcpu, enum mmu_ctx_kind kind,
				const struct mmu_cpu *cpu)
{
	const struct pt_format *fmt = ctx_format(cpu);
	bool lma = cpu->efer & EFER_LMA;
	struct pt_features feat = cpu->feat;
	struct perm_bits bits = {
		.wp = cpu->cr0 & X86_CR0_WP,
		.smep = cpu->cr4 & X86_CR4_SMEP,
		.smap = cpu->cr4 & X86_CR4_SMAP,
		.nx = cpu->efer & EFER_NX,
		.pke = lma && (cpu->cr4 & X86_CR4_PKE),
	};

	vcpu->ctx[kind].cpu = *cpu;
	feat.nx = bits.nx;
	feat.pse = cpu->cr4 & X86_CR4_PSE;
	/* 2-level tables have no NX bit, whatever EFER says. */
	if (fmt == &pt_format_2level)
		bits.nx = false;
	/* APM 15.25.5: of the rules for L1 itself only NX is one for L2. */
	if (kind == MMU_CTX_SECOND)
		bits = (struct perm_bits){ .nx = bits.nx, .second = true };
	return ctx_set(vcpu, kind, fmt, &bits, &feat);
}

bool ctx_update(struct mmu_vcpu *vcpu, enum mmu_ctx_kind kind,
		const struct mmu_cpu *cpu)
{
	const struct mmu_ctx *ctx = &vcpu->ctx[kind];

	/* VMRUN and #VMEXIT say the same each time. */
	if (likely(ctx->walk.fmt && cpu_is_same(&ctx->cpu, cpu)))
		return false;
	return ctx_remake(vcpu, kind, cpu);
}

void ctx_update_ept(struct mmu_vcpu *vcpu, const struct pt_format *fmt,
		    const struct pt_features *feat)
{
	const struct perm_bits bits = { .nx = true, .second = true };

	struct mmu_ctx *ctx = &vcpu->ctx[MMU_CTX_SECOND];

	ctx->cpu = (struct mmu_cpu){ };
	ctx_set(vcpu, MMU_CTX_SECOND, fmt, &bits, feat);
	ctx->walk.dirty = feat->ad ? ctx->ops->dirty : NULL;
}

gpa_t ctx_root(const struct pt_format *fmt, u64 root)
{
	if (fmt == &pt_format_2level)
		return root & ROOT_2LEVEL;
	return root & (fmt == &pt_format_pae ? ROOT_PAE : fmt->addr);
}

void ctx_root_read(struct mmu_vcpu *vcpu, struct mmu_ctx *ctx)
{
	struct gwalk_ctx *walk = &ctx->walk;
	int i;

	walk->root = ctx_root(walk->fmt, ctx->ops->root_get(vcpu));
	if (walk->fmt != &pt_format_pae)
		return;
	for (i = 0; !walk->pdptr_mem && i < 4; i++)
		walk->pdptr[i] = ctx->ops->pdptr_get(vcpu, i);
}

enum gwalk_status mmu_translate(struct mmu_vcpu *vcpu, enum mmu_ctx_kind kind,
				u64 va, const struct gwalk_access *access,
				struct gwalk_result *res)
{
	struct mmu_ctx *ctx = &vcpu->ctx[kind];
	enum gwalk_status status;

	if (ctx->walk.fmt)
		ctx_root_read(vcpu, ctx);
	if (ctx->walk.next)
		ctx_root_read(vcpu, &vcpu->ctx[MMU_CTX_SECOND]);
	status = gwalk(vcpu, &ctx->walk, va, access, res);
	if (status == GWALK_OK && kind == MMU_CTX_GUEST)
		again_remember(vcpu, va, access, res);
	return status;
}
