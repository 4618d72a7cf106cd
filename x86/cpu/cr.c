// SPDX-License-Identifier: GPL-2.0-only
/* Control registers and EFER: checks first, then the change. */
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/special_insns.h>

#include "x86/cpu/apic.h"
#include "core/run_state.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/cpuid.h"
#include "x86/cpu/cr.h"
#include "x86/cpu/mtrr.h"
#include "x86/vcpu/vendor.h"

#define CR0_BITS (X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS |	\
		  X86_CR0_ET | X86_CR0_NE | X86_CR0_WP | X86_CR0_AM |	\
		  X86_CR0_NW | X86_CR0_CD | X86_CR0_PG)

/* Changes of these end the validity of cached translations (APM vol. 2, 5.5.2). */
#define CR4_FLUSH_BITS (X86_CR4_PGE | X86_CR4_PAE | X86_CR4_PSE |	\
			X86_CR4_PCIDE | X86_CR4_SMEP | X86_CR4_SMAP |	\
			X86_CR4_PKE | X86_CR4_LA57)

/* Changes of these load the PDPTEs (SDM vol. 3, 4.4.1). */
#define CR0_PDPTR_BITS	(X86_CR0_CD | X86_CR0_NW | X86_CR0_PG)
#define CR4_PDPTR_BITS	(X86_CR4_PAE | X86_CR4_PGE | X86_CR4_PSE | X86_CR4_SMEP)

void cr_changed(struct x86_vcpu *v)
{
	v->mmu_stale = true;
}

struct mmu_cpu cr_mmu_cpu(const struct x86_vcpu *v, const struct x86_state *s)
{
	return (struct mmu_cpu) {
		.cr0 = s->cr0,
		.cr4 = s->cr4,
		.efer = s->efer,
		.feat = {
			.maxphyaddr = v->cpuid.maxphyaddr,
			.gib_pages = v->cpuid.has_gib_pages,
			.pse36 = true,
			.amd = v->cpuid.amd,
		},
	};
}

void cr_update_mmu(struct x86_vcpu *v)
{
	const struct x86_state *s;
	struct mmu_cpu cpu;

	if (likely(!v->mmu_stale))
		return;
	s = state_get(v, GRP_CR0 | GRP_CR4 | GRP_EFER);
	cpu = cr_mmu_cpu(v, s);
	mmu_ctx_update(&v->vcpu.mmu, v->nested.ctx, &cpu);
	v->mmu_stale = false;
	if (unlikely(v->caches_off != !!(s->cr0 & X86_CR0_CD)))
		memtype_cr0_set(v, s->cr0);
}

void cr_flush_tlb(struct x86_vcpu *v)
{
	stat_inc(v->vcpu.stats.tlb_flush);
	vendor(tlb_flush)(v);
}

void cr_flush(struct x86_vcpu *v)
{
	mmu_guest_flush(&v->vcpu.mmu);
	cr_flush_tlb(v);
}

/* One address takes the processor as long as all of them. */
void cr_flush_page(struct x86_vcpu *v, u64 la)
{
	stat_inc(v->vcpu.stats.invlpg);
	mmu_guest_invlpg(&v->vcpu.mmu, la);
	cr_flush_tlb(v);
}

/* Of a bit that VMX operation keeps (SDM vol. 3, 24.8); in system management there is none. */
static bool cr_clears(const struct x86_vcpu *v, u64 value, u64 must)
{
	return unlikely(must & ~value) && !v->smm.inside;
}

static bool cr0_is_valid(u64 cr0)
{
	if (cr0 & ~CR0_BITS)
		return false;
	if ((cr0 & X86_CR0_PG) && !(cr0 & X86_CR0_PE))
		return false;
	return !(cr0 & X86_CR0_NW) || (cr0 & X86_CR0_CD);
}

u64 efer_allowed(const struct x86_vcpu *v)
{
	u64 bits = EFER_SCE;

	if (v->cpuid.has_lm)
		bits |= EFER_LME | EFER_LMA;
	if (v->cpuid.has_nx)
		bits |= EFER_NX;
	if (v->cpuid.has_ffxsr)
		bits |= EFER_FFXSR;
	if (v->cpuid.has_svm && !v->nested.off)
		bits |= EFER_SVME;
	return bits;
}

bool cr_state_is_valid(struct x86_vcpu *v, u64 cr0, u64 cr4, u64 efer)
{
	bool lma = (efer & EFER_LME) && (cr0 & X86_CR0_PG);

	if (!cr0_is_valid(cr0) || (cr4 & ~v->cpuid.cr4_allowed) ||
	    (efer & ~efer_allowed(v)))
		return false;
	if (lma != !!(efer & EFER_LMA))
		return false;
	if (lma && !(cr4 & X86_CR4_PAE))
		return false;
	return lma || !(cr4 & X86_CR4_PCIDE);
}

/* ------------------------------------------------------------------------ */
/* PDPTEs, where the processor keeps them in registers: struct x86_caps. */

#define PDPTES		4

static bool pdpte_is_valid(const struct x86_vcpu *v, u64 pdpte)
{
	u64 high = ~(BIT_ULL(v->cpuid.maxphyaddr) - 1);

	return !(pdpte & 1) || !(pdpte & (PDPTE_RSVD_LOW | high));
}

/* L2's are behind L1's second level.  Return: false: not there, which L1 is not told. */
static bool pdptrs_find(struct x86_vcpu *v, u64 cr3, gpa_t *gpa)
{
	const struct gwalk_access access = { };
	struct gwalk_result res;

	*gpa = cr3 & 0xffffffe0;
	if (likely(v->nested.ctx == MMU_CTX_GUEST))
		return true;
	if (mmu_translate(&v->vcpu.mmu, MMU_CTX_SECOND, *gpa, &access, &res) != GWALK_OK)
		return false;
	*gpa = res.gpa;
	return true;
}

static bool pdptrs_read(struct x86_vcpu *v, u64 cr3, u64 pdptr[PDPTES])
{
	gpa_t gpa;
	int i;

	if (!pdptrs_find(v, cr3, &gpa) ||
	    mmu_env_guest_read(&v->vcpu.mmu, gpa, pdptr, PDPTES * sizeof(*pdptr)))
		return false;
	for (i = 0; i < PDPTES; i++)
		if (!pdpte_is_valid(v, pdptr[i]))
			return false;
	return true;
}

/*
 * A control register was written.  The registers are as before it, but for those
 * given (SDM vol. 3, 4.4.1).
 */
static int pdptrs_load(struct x86_vcpu *v, u64 cr0, u64 cr4, u64 cr3)
{
	u64 pdptr[PDPTES];

	if (!x86_caps->pdptrs ||
	    !cr_has_pdptrs(cr0, cr4, state_get(v, GRP_EFER)->efer))
		return 0;
	if (!pdptrs_read(v, cr3, pdptr))
		return -EINVAL;
	memcpy(state_replace(v, GRP_PDPTR)->pdptr, pdptr, sizeof(pdptr));
	return 0;
}

bool cr_pdptrs_load(struct x86_vcpu *v)
{
	const struct x86_state *s = state_get(v, GRP_CR0 | GRP_CR3 | GRP_CR4);

	return !pdptrs_load(v, s->cr0, s->cr4, s->cr3);
}

void cr_pdptrs_refresh(struct x86_vcpu *v)
{
	struct x86_state *s = state_get(v, GRP_CR0 | GRP_CR3 | GRP_CR4 | GRP_EFER);

	if (!x86_caps->pdptrs || !cr_has_pdptrs(s->cr0, s->cr4, s->efer))
		return;
	state_replace(v, GRP_PDPTR);
	if (!pdptrs_read(v, s->cr3, s->pdptr))
		memset(s->pdptr, 0, sizeof(s->pdptr));
}

/* ------------------------------------------------------------------------ */

/* Turning paging on or off in a CPU with EFER.LME enters or leaves long mode. */
static int cr0_switch_paging(struct x86_vcpu *v, bool on)
{
	const struct x86_state *s = state_get(v, GRP_CR4 | GRP_EFER | GRP_CSSS);
	bool code64 = s->seg[SEG_CS].attr & SEG_L;
	struct x86_state *w;

	if (!on && (s->cr4 & X86_CR4_PCIDE))
		return -EINVAL;
	if (!on && (s->efer & EFER_LMA) && code64)
		return -EINVAL;
	if (!(s->efer & EFER_LME))
		return 0;
	if (on && (!(s->cr4 & X86_CR4_PAE) || code64))
		return -EINVAL;
	w = state_set(v, GRP_EFER);
	w->efer = on ? w->efer | EFER_LMA : w->efer & ~EFER_LMA;
	return 0;
}

int cr0_write(struct x86_vcpu *v, u64 value)
{
	u64 changed;

	/* The upper half must be zero; reserved bits below are ignored (3.1.1). */
	if (value >> 32)
		return -EINVAL;
	value = (value & CR0_BITS) | X86_CR0_ET;
	if (!cr0_is_valid(value) || cr_clears(v, value, v->nested.cr0_must))
		return -EINVAL;
	changed = state_get(v, GRP_CR0)->cr0 ^ value;
	if ((changed & X86_CR0_PG) &&
	    cr0_switch_paging(v, value & X86_CR0_PG))
		return -EINVAL;
	if ((changed & CR0_PDPTR_BITS) &&
	    pdptrs_load(v, value, state_get(v, GRP_CR4)->cr4,
			state_get(v, GRP_CR3)->cr3))
		return -EINVAL;
	state_set(v, GRP_CR0)->cr0 = value;
	if (changed & X86_CR0_PG)
		cr_flush(v);
	cr_changed(v);
	return 0;
}

int cr3_write(struct x86_vcpu *v, u64 value)
{
	bool pcid = state_get(v, GRP_CR4)->cr4 & X86_CR4_PCIDE;

	/* Bit 63: keep the translations of the new PCID; we flush all the same. */
	if (pcid)
		value &= ~BIT_ULL(63);
	if (state_is_long_mode(v)) {
		if (value >> v->cpuid.maxphyaddr)
			return -EINVAL;
	} else {
		value = (u32)value;
		if (pdptrs_load(v, state_get(v, GRP_CR0)->cr0,
				state_get(v, GRP_CR4)->cr4, value))
			return -EINVAL;
	}
	state_set(v, GRP_CR3)->cr3 = value;
	cr_flush(v);
	return 0;
}

int cr4_write(struct x86_vcpu *v, u64 value)
{
	const struct x86_state *s = state_get(v, GRP_CR3 | GRP_CR4);
	bool long_mode = state_is_long_mode(v);
	u64 changed = s->cr4 ^ value;

	if ((value & ~v->cpuid.cr4_allowed) ||
	    cr_clears(v, value, v->nested.cr4_must))
		return -EINVAL;
	if (long_mode && (!(value & X86_CR4_PAE) || (changed & X86_CR4_LA57)))
		return -EINVAL;
	if ((value & changed & X86_CR4_PCIDE) &&
	    (!long_mode || (s->cr3 & 0xfff)))
		return -EINVAL;
	if ((changed & CR4_PDPTR_BITS) &&
	    pdptrs_load(v, state_get(v, GRP_CR0)->cr0, value, s->cr3))
		return -EINVAL;
	state_set(v, GRP_CR4)->cr4 = value;
	if (changed & CR4_FLUSH_BITS)
		cr_flush(v);
	cr_changed(v);
	return 0;
}

int cr8_write(struct x86_vcpu *v, u64 value)
{
	struct x86_state *s;

	if (value > 15)
		return -EINVAL;
	s = state_get(v, GRP_CR8);
	/* An interrupt that userspace holds back may be due now. */
	if (!apic_in_kernel(v) && value < s->cr8)
		request_set(&v->vcpu, REQ_TPR);
	apic_tpr_set(v, value);
	return 0;
}

int cr_set(struct x86_vcpu *v, u32 nr, u64 value)
{
	switch (nr) {
	case 0:
		return cr0_write(v, value);
	case 2:
		state_set(v, GRP_CR2)->cr2 = value;
		return 0;
	case 3:
		return cr3_write(v, value);
	case 4:
		return cr4_write(v, value);
	default:
		return cr8_write(v, value);
	}
}

u64 cr_get(struct x86_vcpu *v, u32 nr)
{
	switch (nr) {
	case 0:
		return state_get(v, GRP_CR0)->cr0;
	case 2:
		return state_get(v, GRP_CR2)->cr2;
	case 3:
		return state_get(v, GRP_CR3)->cr3;
	case 4:
		return state_get(v, GRP_CR4)->cr4;
	default:
		return state_get(v, GRP_CR8)->cr8;
	}
}

int cr_root_ready(struct x86_vcpu *v)
{
	hpa_t root;
	int ret;

	/* On shadow page tables the registers decide which root it is. */
	if (v->mmu_stale)
		cr_update_mmu(v);
	if (mmu_root_is_current(&v->vcpu.mmu))
		return 0;
	ret = mmu_root_load(&v->vcpu.mmu, &root);
	if (ret < 0)
		return ret;
	if (ret) {
		vendor(root_load)(v, root);
		cr_flush_tlb(v);
	}
	return 0;
}

int efer_write(struct x86_vcpu *v, u64 value)
{
	const struct x86_state *s = state_get(v, GRP_CR0 | GRP_EFER);
	u64 changed = (s->efer ^ value) & ~(u64)EFER_LMA;

	if (value & ~efer_allowed(v))
		return -EINVAL;
	if ((changed & EFER_LME) && (s->cr0 & X86_CR0_PG))
		return -EINVAL;
	/* LMA is the processor's: what is written there does not count. */
	value = (value & ~(u64)EFER_LMA) | (s->efer & EFER_LMA);
	state_set(v, GRP_EFER)->efer = value;
	if (changed & EFER_NX)
		cr_flush(v);
	cr_changed(v);
	return 0;
}
