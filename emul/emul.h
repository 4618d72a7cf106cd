/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The x86 instruction decoder and emulator.
 *
 * A library: it knows no vCPU and no VM.  The caller fills a struct emul_ctx
 * with the registers and the mode, points it at its callbacks, and calls
 * emul_decode() and then emul_exec().  Guest memory is reached only through
 * the callbacks, by linear address; the caller translates, and decides what is
 * RAM and what is a device.
 *
 *	bytes ──► emul_decode() ──► struct emul_insn ──► emul_exec()
 *	                │                    │             │
 *	            optable.c ─────────► the row's function, exec_*.c
 *
 * An instruction takes effect as a whole: registers and RIP in the context
 * change only when emul_exec() returns EMUL_OK or EMUL_TRAP.  A device access that only
 * userspace can finish makes a callback return EMUL_USER; the caller later
 * calls emul_exec() again on the same decoded instruction and replays what has
 * been read meanwhile.
 */
#ifndef LAMINA_EMUL_EMUL_H
#define LAMINA_EMUL_EMUL_H

#include <linux/types.h>

#include "emul/emul_ops.h"

/* An instruction is at most 15 bytes long (SDM vol. 2, 2.3.11). */
#define EMUL_INSN_MAX 15

/* Default operand and address size: CS.L = CS.D = 0, CS.D = 1, CS.L = 1. */
enum emul_mode { EMUL_16, EMUL_32, EMUL_64 };

struct emul_fault {
	u8 vector;
	bool has_error;
	u32 error;
	u64 address;	/* CR2, for #PF; #DB: bits that come to DR6 */
};

struct emul_ctx;

#define EVEX_W	0x01	/* in any mode, unlike REX's */
#define EVEX_R	0x02	/* 16 more for a vector register in ModRM.reg */
#define EVEX_X	0x04	/* likewise in ModRM.rm */

/* Executes one instruction; what it may return is said in emul/exec.h. */
typedef enum emul_result emul_exec_fn(struct emul_ctx *ctx);

/**
 * struct emul_insn - one decoded instruction
 * @exec: what executes it, from its row in the opcode table; NULL: nothing does
 * @flags: OP_* of that row (emul/optable.h)
 * @feature: enum emul_feature, of that row
 * @exec_vex: @exec knows VEX forms
 * @len: length in bytes, prefixes included
 * @opcode: last opcode byte
 * @map: 0 one-byte, 1 0F, 2 0F38, 3 0F3A
 * @op_size: operand size in bytes after prefixes (1, 2, 4, 8)
 * @addr_size: address size in bytes after prefixes (2, 4, 8)
 * @seg: segment override, or SEG_NONE
 * @rep: 0, 0xf2 or 0xf3
 * @lock: a LOCK prefix was there
 * @op66: an operand-size prefix was there
 * @rex: the REX byte (also as made from VEX/EVEX bits), 0 without
 * @vex: 0, 2 or 3 for the VEX form, 4 for EVEX
 * @vex_reg: the register in VEX.vvvv, 0 for none; outside 64-bit mode bit 3 is
 *	no part of the number.  Of EVEX with V'
 * @vex_long: VEX.L, vectors of 256 bits
 * @evex: EVEX's last byte: z, L'L, b, V', aaa
 * @evex_bits: EVEX_*
 * @has_modrm: @modrm is valid
 * @modrm: the ModRM byte
 * @sib: the SIB byte, valid when ModRM and address size ask for one
 * @disp: displacement, sign extended
 * @imm: first immediate, sign extended where the instruction does so
 * @imm2: second immediate (ENTER, far pointers: the selector)
 */
struct emul_insn {
	emul_exec_fn *exec;
	u32 flags;
	u8 feature;
	bool exec_vex;
	u8 len;
	u8 opcode;
	u8 map;
	u8 op_size;
	u8 addr_size;
	u8 seg;
	u8 rep;
	bool lock;
	bool op66;
	u8 rex;
	u8 vex;
	u8 vex_reg;
	bool vex_long;
	u8 evex;
	u8 evex_bits;
	bool has_modrm;
	u8 modrm;
	u8 sib;
	s32 disp;
	u64 imm;
	u16 imm2;
};

/**
 * struct emul_ctx - one emulation
 * @ops: callbacks (in)
 * @priv: for the callbacks (in)
 * @mode: code segment's default size (in)
 * @protected: CR0.PE is 1 and RFLAGS.VM is 0: segment checks apply (in)
 * @la57: CR4.LA57 is 1: linear addresses have 57 bits, not 48 (in)
 * @long_mode: EFER.LMA is 1: descriptors of system segments have 16 bytes (in)
 * @amd: where the vendors differ, do as AMD's processors do (in)
 * @cpl: current privilege level (in, out on EMUL_OK)
 * @align: CR0.AM and RFLAGS.AC are 1 and CPL is 3: #AC unless aligned (in)
 * @implicit: the access in progress is the processor's own (the emulator sets it)
 * @stack: the stack that a transfer changes to, or NULL (the emulator sets it)
 * @gpr: general registers in encoding order, RAX..R15 (in, out on EMUL_OK)
 * @rip: address of the instruction, then of the next one (in, out)
 * @rflags: flags (in, out)
 * @insn: filled by emul_decode()
 * @fault: valid after EMUL_FAULT and EMUL_TRAP
 */
struct emul_ctx {
	const struct emul_ops *ops;
	void *priv;
	enum emul_mode mode;
	bool protected;
	bool la57;
	bool long_mode;
	bool amd;
	bool align;
	bool implicit;
	u8 cpl;
	const struct x86_seg *stack;
	u64 *gpr;
	u64 rip;
	u64 rflags;
	struct emul_insn insn;
	struct emul_fault fault;
};

/**
 * emul_canonical - is a linear address one that 64-bit mode allows?
 * @la: the address
 * @la57: CR4.LA57 is 1: addresses have 57 bits, not 48
 */
static inline bool emul_canonical(u64 la, bool la57)
{
	unsigned int unused = la57 ? 64 - 57 : 64 - 48;

	return (u64)((s64)(la << unused) >> unused) == la;
}

/**
 * emul_rip_advance - the address of what follows an instruction
 * @mode: code segment's default size
 * @rip: address of the instruction
 * @len: its length
 *
 * RIP in 64-bit mode, else EIP, which has 32 bits with CS.D = 0 too, and in real
 * mode: only a transfer with an operand size of 16 bits clears its upper half (SDM
 * vol. 1, 3.5 and 6.3.1; APM vol. 1, 3.7.1).  The code segment's limit is checked
 * by whoever fetches there.
 *
 * Return: the address.
 */
static inline u64 emul_rip_advance(enum emul_mode mode, u64 rip,
				   unsigned int len)
{
	return mode == EMUL_64 ? rip + len : (u32)(rip + len);
}

/**
 * emul_decode - decode one instruction
 * @insn: result
 * @mode: code segment's default size
 * @amd: as in struct emul_ctx
 * @bytes: instruction bytes
 * @n: how many are there; more than EMUL_INSN_MAX are not looked at
 *
 * Pure.  Knows the length of every instruction of the one-byte, 0F, 0F38 and
 * 0F3A maps with legacy, REX, VEX and EVEX encodings, executed here or not.
 *
 * Return: the length (1 to 15); -ENODATA when @n bytes are too few; -EINVAL
 * for an undefined opcode or more than 15 bytes (the CPU raises #UD or #GP).
 */
int emul_decode(struct emul_insn *insn, enum emul_mode mode, bool amd,
		const u8 *bytes, unsigned int n);

/**
 * emul_exec - execute the instruction in @ctx->insn
 * @ctx: see struct emul_ctx
 *
 * Instructions whose execution is not implemented return EMUL_UNKNOWN with
 * nothing changed.  A LOCK prefix that is not allowed is #UD.
 *
 * Return: see enum emul_result.
 */
enum emul_result emul_exec(struct emul_ctx *ctx);

/**
 * emul_interrupt_real - deliver an interrupt or exception in real mode
 * @ctx: the emulation, as for emul_exec(), but for @insn
 * @vector: 0 to 255; no error code is pushed (SDM vol. 3, 21.1.4)
 *
 * Return: as emul_exec().
 */
enum emul_result emul_interrupt_real(struct emul_ctx *ctx, u8 vector);

#endif
