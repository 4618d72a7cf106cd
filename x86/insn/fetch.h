/* SPDX-License-Identifier: GPL-2.0-only */
/* Translating guest addresses; fetching and decoding the instruction at RIP. */
#ifndef LAMINA_X86_INSN_FETCH_H
#define LAMINA_X86_INSN_FETCH_H

#include <linux/mm.h>
#include <linux/string.h>

#include "x86/vcpu/x86.h"

/** guest_perm_regs - the registers that decide on accesses besides the tables */
struct perm_regs guest_perm_regs(struct x86_vcpu *v);

/**
 * guest_translate - linear address to gpa by the guest's tables (fetch.c)
 * @v: own thread, kvm->srcu held
 * @la: linear address
 * @access: PF_WRITE, PF_FETCH, PF_USER, PF_IMPLICIT
 * @gpa: result
 * @fault: filled for EMUL_FAULT
 *
 * Return: EMUL_OK, EMUL_FAULT, EMUL_RETRY, or EMUL_UNKNOWN when the guest's
 * tables lie outside of its memory.
 */
enum emul_result guest_translate(struct x86_vcpu *v, u64 la, u64 access,
				 gpa_t *gpa, struct emul_fault *fault);

/** emulate_raise - give the guest a fault; returns X86_RESUME */
enum x86_next emulate_raise(struct x86_vcpu *v, const struct emul_fault *fault);

/**
 * emulate_give_up - X86_UNKNOWN, and nobody has another way out
 * @v: own thread, kvm->srcu held
 *
 * Return: what the run loop does next: programs and L2 have #UD, userspace
 * KVM_EXIT_INTERNAL_ERROR with the bytes at RIP.
 */
enum x86_next emulate_give_up(struct x86_vcpu *v);

/**
 * emulate_decode - fetch and decode the instruction at RIP
 * @v: own thread, kvm->srcu held
 * @exit: may carry the instruction's bytes
 * @insn: result
 * @next: what to return from the handler when false is returned
 *
 * Return: true when @insn is valid.
 */
bool emulate_decode(struct x86_vcpu *v, const struct x86_exit *exit,
		    struct emul_insn *insn, enum x86_next *next);

/**
 * emulate_soft_len - bytes of the INT3 or INTO at RIP
 * @v: own thread, kvm->srcu held
 * @vector: X86_TRAP_BP for INT3, X86_TRAP_OF for INTO
 *
 * Return: 0 when another instruction is there, or none can be fetched.
 */
unsigned int emulate_soft_len(struct x86_vcpu *v, u8 vector);

/** emulate_is_rsm - is it RSM what is at RIP?  Own thread, kvm->srcu held */
bool emulate_is_rsm(struct x86_vcpu *v);

/**
 * emulate_is_forced - kvm.ko's force_emulation_prefix: is UD2 and "kvm" at RIP?
 * @v: own thread, kvm->srcu held
 *
 * Return: true when it was, and RIP is behind it now, at what is to be emulated.
 */
bool emulate_is_forced(struct x86_vcpu *v);

/**
 * emulate_fetch - as emulate_decode(), but into the emulator's context, with the mode
 * @v: own thread, kvm->srcu held; v->emul is there
 * @exit: may carry the instruction's bytes
 * @next: what to return from the handler when false is returned
 *
 * Return: true when v->emul->ctx.insn is valid.
 */
bool emulate_fetch(struct x86_vcpu *v, const struct x86_exit *exit,
		   enum x86_next *next);

/* ------------------------------------------------------------------------ */
/* The bytes themselves.  Inline what nearly every exit does. */

/* Copied at once; few instructions that exit are longer. */
#define CODE_FIRST	8

/**
 * struct insn_code - the bytes at RIP, as far as they have been fetched
 * @mode: of the code segment
 * @amd: as in struct emul_ctx
 * @la: linear address of the first byte
 * @gpa: of byte @n, unless that begins a page
 * @room: bytes from the first one to the code segment's limit; 0: it is beyond
 * @n: how many of @bytes there are
 */
struct insn_code {
	enum emul_mode mode;
	bool amd;
	u64 la;
	gpa_t gpa;
	u32 room;
	unsigned int n;
	u8 bytes[EMUL_INSN_MAX];
};

static_assert(CODE_FIRST == sizeof(u64));	/* mmu_code_again() */

/** state_mode - size of the code segment; GRP_CSSS and GRP_EFER are valid */
static __always_inline enum emul_mode state_mode(const struct x86_state *s)
{
	u16 attr = s->seg[SEG_CS].attr;

	if ((s->efer & EFER_LMA) && attr & SEG_L)
		return EMUL_64;
	return attr & SEG_DB ? EMUL_32 : EMUL_16;
}

/** emulate_mode - size of the current code segment */
static inline enum emul_mode emulate_mode(struct x86_vcpu *v)
{
	return state_mode(state_get(v, GRP_CSSS | GRP_EFER));
}

/* More than any instruction has. */
#define CODE_ROOM	64

/** insn_code_room - no code is fetched beyond CS's limit (APM vol. 2, 4.12) */
static inline u32 insn_code_room(const struct x86_seg *cs, u32 eip)
{
	if (eip > cs->limit)
		return 0;
	return min_t(u32, cs->limit - eip, CODE_ROOM) + 1;
}

/** insn_code_start - no byte has been fetched yet */
static inline void insn_code_start(struct x86_vcpu *v, struct insn_code *c)
{
	/* CR3 too: it is wanted next, and one fetch costs less than two. */
	const struct x86_state *s = state_get(v, GRP_RIP | GRP_CSSS | GRP_CR3);

	c->mode = emulate_mode(v);
	c->amd = v->cpuid.as_amd;
	c->la = s->rip;
	c->room = CODE_ROOM;
	if (c->mode != EMUL_64) {
		c->la = (u32)(s->seg[SEG_CS].base + s->rip);
		c->room = insn_code_room(&s->seg[SEG_CS], s->rip);
	}
	c->n = 0;
}

/**
 * insn_code_again - the first bytes at RIP, by repeating the last walk for code
 * @v: own thread, kvm->srcu held; GRP_RIP and what state_mode() wants is valid afterwards
 *
 * What nearly every exit needs whose instruction the hardware does not tell.
 *
 * Return: the walk, with CODE_FIRST bytes, up to the next call; NULL when it takes
 * insn_code_fetch().
 */
static __always_inline const struct mmu_walk *insn_code_again(struct x86_vcpu *v)
{
	/* In one go: more fetches cost more. */
	const struct x86_state *s = state_get(v, GRP_RIP | GRP_CSSS | GRP_CR3 |
					      GRP_CPL | GRP_EFER);
	u64 access = s->cpl == 3 ? PF_FETCH | PF_USER : PF_FETCH;
	u64 la = s->rip;

	if (unlikely(v->mmu_stale || v->nested.ctx != MMU_CTX_GUEST))
		return NULL;
	if (unlikely(state_mode(s) != EMUL_64)) {
		la = (u32)(s->seg[SEG_CS].base + la);
		if (insn_code_room(&s->seg[SEG_CS], s->rip) < CODE_FIRST)
			return NULL;
	}
	return mmu_code_again(&v->vcpu.mmu, s->cr3, la, access);
}

/**
 * insn_code_first - the first bytes at RIP
 * @v: own thread, kvm->srcu held
 * @c: result
 * @walk: what insn_code_again() has returned
 * @fault: see insn_code_fetch()
 *
 * Return: see insn_code_fetch().
 */
int insn_code_first(struct x86_vcpu *v, struct insn_code *c,
		    const struct mmu_walk *walk, struct emul_fault *fault);

/**
 * insn_code_fetch - a few bytes more
 * @v: own thread, kvm->srcu held
 * @c: the code
 * @fault: filled for -EFAULT
 *
 * A second page is read only when the first one's bytes do not suffice.
 *
 * Return: 0; -EFAULT: #PF, or #GP beyond the segment's limit; -EAGAIN: the guest's
 * tables change; -ENOENT: no memory there.
 */
int insn_code_fetch(struct x86_vcpu *v, struct insn_code *c,
		    struct emul_fault *fault);

/**
 * insn_code_decode - fetch as much as one instruction takes
 * @v: own thread, kvm->srcu held
 * @c: the code
 * @insn: result
 * @fault: filled for -EFAULT
 *
 * Return: the length; -EINVAL for no instruction, or what insn_code_fetch() returns.
 */
int insn_code_decode(struct x86_vcpu *v, struct insn_code *c,
		     struct emul_insn *insn, struct emul_fault *fault);

/**
 * insn_code_failed - what comes of fetching or decoding that failed
 * @v: own thread
 * @c: the code
 * @err: what it returned
 * @fault: for -EFAULT
 *
 * Return: what the run loop does next: the guest gets the fault, or X86_UNKNOWN.
 */
enum x86_next insn_code_failed(struct x86_vcpu *v, const struct insn_code *c,
			       int err, const struct emul_fault *fault);

#endif
