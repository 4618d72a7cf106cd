// SPDX-License-Identifier: GPL-2.0-only
/*
 * What pays only where the hardware lacks NRIP save or decode assists: it does not say
 * how long the instruction is that exited, or which register it names.  The bytes say
 * it, and nearly always they are in a form that needs no decoder.
 */
#include <linux/string.h>

#include "emul/opcode.h"
#include "x86/cpu/debug.h"
#include "x86/insn/fetch.h"
#include "x86/insn/usual.h"
#include "x86/vcpu/vendor.h"

/*
 * Instructions that exit, as they are nearly always encoded: without prefixes.
 * These bytes are complete, and the same in every mode.
 */
static const struct {
	u8 len;
	u8 bytes[3];
	u8 any;		/* bits of the last byte that may be anything */
} usual_form[X86_EXIT_KINDS] = {
	[X86_EXIT_CPUID]	= { 2, { 0x0f, 0xa2 } },
	[X86_EXIT_RDMSR]	= { 2, { 0x0f, 0x32 } },
	[X86_EXIT_WRMSR]	= { 2, { 0x0f, 0x30 } },
	[X86_EXIT_HLT]		= { 1, { 0xf4 } },
	[X86_EXIT_HYPERCALL]	= { 3, { 0x0f, 0x01, 0xd9 } },
	/* SVM's: VMRUN to INVLPGA. */
	[X86_EXIT_VENDOR]	= { 3, { 0x0f, 0x01, 0xd8 }, .any = 7 },
};

/* Return: the length, or 0 when it takes decoding.  Of @code there are @n bytes. */
static __always_inline unsigned int usual_len(enum x86_exit_kind kind, const u8 *code,
					      unsigned int n)
{
	unsigned int len = usual_form[kind].len, i;

	if (!len || len > n)
		return 0;
	for (i = 0; i < len - 1; i++)
		if (code[i] != usual_form[kind].bytes[i])
			return 0;
	return (code[i] ^ usual_form[kind].bytes[i]) & ~usual_form[kind].any ?
	       0 : len;
}

/* Not in the usual form, or not to be had by repeating a walk. */
static noinline int unusual_len(struct x86_vcpu *v, enum x86_exit_kind kind,
				const struct mmu_walk *walk)
{
	struct emul_fault fault;
	struct emul_insn insn;
	struct insn_code c;
	int len;

	len = insn_code_first(v, &c, walk, &fault);
	if (!len && !walk)
		len = usual_len(kind, c.bytes, c.n);
	if (!len)
		len = insn_code_decode(v, &c, &insn, &fault);
	if (len < 0)
		v->next = insn_code_failed(v, &c, len, &fault);
	return len;
}

/* Return: false with v->next set, as for exit_skip(). */
static __always_inline bool next_rip_find(struct x86_vcpu *v, const struct x86_exit *exit,
					  u64 *next_rip)
{
	const struct mmu_walk *walk = insn_code_again(v);
	int len = 0;

	if (likely(walk))
		len = usual_len(exit->kind, (const u8 *)&walk->code, CODE_FIRST);

	if (unlikely(!len))
		len = unusual_len(v, exit->kind, walk);
	if (unlikely(len < 0))
		return false;
	*next_rip = emul_rip_advance(state_mode(&v->state), v->state.rip, len);
	return true;
}

bool emulate_next_rip(struct x86_vcpu *v, const struct x86_exit *exit, u64 *next_rip)
{
	return next_rip_find(v, exit, next_rip);
}

bool emulate_skip(struct x86_vcpu *v, const struct x86_exit *exit)
{
	u64 rip;

	if (!next_rip_find(v, exit, &rip))
		return false;
	debug_insn_skip(v, rip);
	return true;
}

#define REX_B		0x41
#define REX_B_BIT	1

/*
 * The register that an instruction names which has no prefixes but REX.B.  @opcode is what
 * follows 0F, @modrm the ModRM byte but for the register in its low bits.
 *
 * Return: the length; 0: it is another instruction.
 */
static __always_inline unsigned int gpr_named(const u8 *code, u8 opcode, u8 modrm, u8 *gpr)
{
	const unsigned int rex = *code == REX_B;

	code += rex;
	if (code[0] != 0x0f || code[1] != opcode || (code[2] & ~7) != modrm)
		return 0;
	*gpr = rex << 3 | (code[2] & 7);
	return rex + 3;
}

/* The same where the last walk for code is not to be repeated. */
static noinline unsigned int gpr_walked(struct x86_vcpu *v, u8 opcode, u8 modrm, u8 *gpr)
{
	struct emul_fault fault;
	struct insn_code c;

	insn_code_start(v, &c);
	if (insn_code_fetch(v, &c, &fault) || c.n != CODE_FIRST)
		return 0;
	return gpr_named(c.bytes, opcode, modrm, gpr);
}

/* In 64-bit code. */
static __always_inline bool usual_gpr(struct x86_vcpu *v, u8 opcode, u8 modrm, u8 *gpr,
		      u64 *next_rip)
{
	const struct mmu_walk *walk = insn_code_again(v);
	unsigned int len;

	if (state_mode(&v->state) != EMUL_64)
		return false;
	len = likely(walk) ? gpr_named((const u8 *)&walk->code, opcode, modrm, gpr) :
			     gpr_walked(v, opcode, modrm, gpr);
	*next_rip = v->state.rip + len;
	return len;
}

/*
 * CR8 takes a prefix, REX or LOCK (APM vol. 3, MOV CRn), and which, the exit's code has
 * told: the register is all that is left to know.
 */
static noinline bool cr8_gpr(struct x86_vcpu *v, u8 *gpr, u64 *next_rip)
{
	struct emul_fault fault;
	struct emul_insn insn;
	struct insn_code c;
	int len;

	insn_code_start(v, &c);
	len = insn_code_decode(v, &c, &insn, &fault);
	if (len < 0)
		return false;
	*gpr = (insn.modrm & 7) | (insn.rex & REX_B_BIT) << 3;
	*next_rip = emul_rip_advance(c.mode, state_get(v, GRP_RIP)->rip, len);
	return true;
}

/* What hardware with decode assists would have said. */
bool usual_cr(struct x86_vcpu *v, const struct x86_exit *exit, u8 *gpr, u64 *next_rip)
{
	u8 opcode = exit->cr.write ? OPCODE_MOV_TO_CR : OPCODE_MOV_FROM_CR;

	if (exit->cr.nr == 8)
		return cr8_gpr(v, gpr, next_rip);
	return usual_gpr(v, opcode, 0xc0 | exit->cr.nr << 3, gpr, next_rip);
}

/* Without displacement or index: else RSP or RIP in the place of the register. */
static bool is_plain(u8 gpr)
{
	return (gpr & 7) != GPR_RSP && (gpr & 7) != GPR_RBP;
}

bool usual_invlpg(struct x86_vcpu *v, u64 *la, u64 *next_rip)
{
	u8 gpr;

	if (!usual_gpr(v, OPCODE_GROUP_7, 7 << 3, &gpr, next_rip) ||
	    !is_plain(gpr))
		return false;
	*la = v->state.gpr[gpr];
	return state_is_canonical(v, *la);
}
