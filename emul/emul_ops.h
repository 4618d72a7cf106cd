/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the emulator asks of its caller: guest memory, ports, segments, tables,
 * and registers beyond the general ones.
 */
#ifndef LAMINA_EMUL_EMUL_OPS_H
#define LAMINA_EMUL_EMUL_OPS_H

#include <linux/types.h>

#include "emul/fpu.h"
#include "emul/regs.h"

enum emul_result {
	EMUL_OK,	/* done; registers and RIP are the new ones */
	EMUL_FAULT,	/* the guest faults: ctx->fault says how */
	EMUL_TRAP,	/* done as with EMUL_OK, and then the guest faults */
	EMUL_USER,	/* userspace has to finish an access; call again */
	EMUL_RETRY,	/* let the guest execute the instruction again */
	EMUL_UNKNOWN,	/* not an instruction that we execute */
	EMUL_SHUTDOWN,	/* the processor shuts down; nothing has changed */
	EMUL_JUMP,	/* never returned by emul_exec(): see emul/exec.h */
};

/* Registers that instructions name by number. */
enum emul_regs {
	EMUL_CR,	/* control register 0, 2, 3, 4 or 8 */
	EMUL_DR,	/* debug register 0 to 7 */
	EMUL_MSR,
	EMUL_XCR,
	EMUL_TSC,	/* what RDTSC reads; not written */
};

/* What not every processor has, and the guest's may lack. */
enum emul_feature {
	EMUL_ALWAYS,
	EMUL_MMX, EMUL_SSE, EMUL_SSE2, EMUL_SSE3, EMUL_SSE41, EMUL_SSE42,
	EMUL_AVX, EMUL_AVX2, EMUL_AVX512F, EMUL_AVX512BW, EMUL_AVX512VL,
	EMUL_CX16, EMUL_MOVBE, EMUL_POPCNT, EMUL_LZCNT,
	EMUL_BMI1, EMUL_BMI2, EMUL_ADX, EMUL_RDTSCP, EMUL_RDPID, EMUL_SMAP,
	EMUL_INVPCID, EMUL_CLFLUSH, EMUL_CLFLUSHOPT, EMUL_CLWB,
	EMUL_FEATURES
};

struct emul_ctx;
struct emul_task;
struct smram_state;

/**
 * struct emul_ops - what the emulator asks of its caller
 *
 * Guest memory and ports, which can fail:
 * @read: read @len (1 to 64) bytes at linear address @la
 * @write: write @len (1 to 64) bytes at linear address @la
 * @probe: would @write be allowed, or @read?  Changes nothing, and no device is read
 * @exchange: if the @len (1, 2, 4, 8, 16) bytes at @la are still @old, write
 *	@new, atomically towards other processors; EMUL_RETRY if they are not.
 *	A device just sees a write
 * @in: read @size (1, 2, 4) bytes from a port
 * @out: write @size (1, 2, 4) bytes to a port
 *
 * Their checks: paging, for the privilege in @cpl, or for the processor's own
 * accesses (supervisor, whatever the privilege) while @implicit is set; on
 * EMUL_FAULT they have filled ctx->fault.  A range may cross a page.
 *
 * Processor state, which cannot fail:
 * @segment: read a segment register, hidden part included
 * @segment_set: write one, hidden part included; nothing is checked
 * @table: read GDTR (@idt false) or IDTR
 * @table_set: write one
 * @vector: read 16 (XMM), 32 (YMM) or 64 (ZMM) bytes of vector register @nr, which is
 *	less than 16, of ZMM less than 32
 * @vector_set: write them; an XMM write leaves the rest of the register alone
 * @opmask: mask register @nr (0 to 7)
 * @cpuid: EAX, EBX, ECX, EDX for the leaf in EAX and ECX
 * @has: does the guest's processor have a feature?
 * @invlpg: forget translations of @la, which is canonical
 * @flush: forget all translations, whatever the address space
 * @halt: the processor waits for an event after this instruction
 * @shadow: interrupts wait for one more instruction (STI, MOV SS)
 * @task_taken: is a task switch, whose TSS has been checked, for somebody else to do?  Then
 *	nothing of it is done here
 * @task: another task begins: CR0.TS becomes 1, DR7's local breakpoints go
 *
 * System management mode:
 * @smram: read the state-save area, and whether the processor has long mode; false:
 *	it is not in that mode.  Where no memory is, all bits are 1
 * @rsm: leave the mode with this state, but for general registers, RIP, RFLAGS and
 *	CPL, which are the context's; false: the processor cannot be in it, and
 *	nothing has changed
 *
 * FPU state, beyond single vector registers:
 * @fpu: the guest's; NULL when there is no memory for it.  Stays valid until the
 *	next call; what is changed in it means nothing without @fpu_set
 * @fpu_set: what is in there now becomes the guest's state
 * @fpu_part: where component @nr (2 to 63) lies
 *
 * Numbered registers, whose values are checked by the caller:
 * @reg: read register @nr of @set; EMUL_FAULT: it does not exist, or not now
 * @reg_set: write it, side effects included; EMUL_FAULT: the value is refused
 * For both ctx->fault is #GP(0) already; the callback changes it for another.
 *
 * What writes state is called last, when nothing else of the instruction can
 * fail: an instruction may be executed several times up to that point.
 */
struct emul_ops {
	enum emul_result (*read)(struct emul_ctx *ctx, u64 la, void *buf,
				 unsigned int len);
	enum emul_result (*write)(struct emul_ctx *ctx, u64 la,
				  const void *buf, unsigned int len);
	enum emul_result (*probe)(struct emul_ctx *ctx, u64 la,
				  unsigned int len, bool write);
	enum emul_result (*exchange)(struct emul_ctx *ctx, u64 la,
				     const void *old, const void *new,
				     unsigned int len);
	enum emul_result (*in)(struct emul_ctx *ctx, u16 port, void *buf,
			       unsigned int size);
	enum emul_result (*out)(struct emul_ctx *ctx, u16 port,
				const void *buf, unsigned int size);

	void (*segment)(struct emul_ctx *ctx, enum x86_seg_nr seg,
			struct x86_seg *out);
	void (*segment_set)(struct emul_ctx *ctx, enum x86_seg_nr seg,
			    const struct x86_seg *in);
	void (*table)(struct emul_ctx *ctx, bool idt, struct x86_table *out);
	void (*table_set)(struct emul_ctx *ctx, bool idt,
			  const struct x86_table *in);
	void (*vector)(struct emul_ctx *ctx, unsigned int nr, void *buf,
		       unsigned int len);
	void (*vector_set)(struct emul_ctx *ctx, unsigned int nr,
			   const void *buf, unsigned int len);
	u64 (*opmask)(struct emul_ctx *ctx, unsigned int nr);
	void (*cpuid)(struct emul_ctx *ctx, u32 regs[4]);
	bool (*has)(struct emul_ctx *ctx, enum emul_feature feature);
	void (*invlpg)(struct emul_ctx *ctx, u64 la);
	void (*flush)(struct emul_ctx *ctx);
	void (*halt)(struct emul_ctx *ctx);
	void (*shadow)(struct emul_ctx *ctx);
	bool (*task_taken)(struct emul_ctx *ctx, const struct emul_task *t);
	void (*task)(struct emul_ctx *ctx);

	bool (*smram)(struct emul_ctx *ctx, u8 *area, bool *wide);
	bool (*rsm)(struct emul_ctx *ctx, const struct smram_state *state);

	struct emul_fpu *(*fpu)(struct emul_ctx *ctx);
	enum emul_result (*fpu_set)(struct emul_ctx *ctx);
	void (*fpu_part)(struct emul_ctx *ctx, unsigned int nr,
			 struct emul_fpu_part *out);

	enum emul_result (*reg)(struct emul_ctx *ctx, enum emul_regs set,
				u32 nr, u64 *val);
	enum emul_result (*reg_set)(struct emul_ctx *ctx, enum emul_regs set,
				    u32 nr, u64 val);
};

#endif
