/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's FPU state, as the emulator's caller hands it over: an XSAVE image in
 * the standard format (SDM vol. 1, 13.4), whatever the processor has.
 */
#ifndef LAMINA_EMUL_FPU_H
#define LAMINA_EMUL_FPU_H

#include <linux/types.h>

/* State components; those from 2 on lie behind the header (SDM vol. 1, 13.1). */
#define FPU_X87		(1ULL << 0)
#define FPU_SSE		(1ULL << 1)
#define FPU_AVX		(1ULL << 2)
#define FPU_PARTS	64

#define FPU_IMAGE_BYTES	4096

/**
 * struct emul_fpu - the image
 * @fcw: control word
 * @fsw: status word
 * @ftw: bit n: x87 register n is not empty
 * @fop: last opcode, 11 bits
 * @fip: last instruction pointer; there is no FCS
 * @fdp: last data pointer; there is no FDS
 * @mxcsr: control and status of SSE
 * @mxcsr_mask: the bits that it can have; 0 means 0xffbf
 * @st: x87 registers, from the top of the stack, 10 bytes each
 * @xmm: XMM0 to XMM15
 * @xstate_bv: components that are not in their initial form; always x87 and SSE where
 *	the processor does not tell
 * @xcomp_bv: 0
 * @extended: where the other components begin
 */
struct emul_fpu {
	u16 fcw;
	u16 fsw;
	u8 ftw;
	u8 reserved;
	u16 fop;
	u64 fip;
	u64 fdp;
	u32 mxcsr;
	u32 mxcsr_mask;
	u8 st[8][16];
	u8 xmm[16][16];
	u8 unused[96];
	u64 xstate_bv;
	u64 xcomp_bv;
	u8 header[48];
	u8 extended[FPU_IMAGE_BYTES - 576];
};

/**
 * struct emul_fpu_part - a component
 * @offset: in the standard format, from the image's beginning
 * @size: in bytes; 0: there is no such component
 * @aligned: to 64 bytes in the compacted format
 */
struct emul_fpu_part {
	u32 offset;
	u32 size;
	bool aligned;
};

#endif
