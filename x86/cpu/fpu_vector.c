// SPDX-License-Identifier: GPL-2.0-only
/* Vector registers of the guest, for the instruction emulator. */
#include <linux/string.h>

#include <asm/cpufeature.h>
#include <asm/fpu/api.h>

#include "x86/cpu/fpu.h"

#define YMM_BYTES 32
#define ZMM_BYTES 64

/* One instruction for each register: its number is part of the encoding. */
#define VECTOR_CASE(n, insn, reg, operands)				\
	case n:								\
		asm volatile(insn " " operands(reg #n) : : "r" (buf) : "memory"); \
		break;

#define VECTOR_LOW(insn, reg, operands)					\
	VECTOR_CASE(0, insn, reg, operands)				\
	VECTOR_CASE(1, insn, reg, operands)				\
	VECTOR_CASE(2, insn, reg, operands)				\
	VECTOR_CASE(3, insn, reg, operands)				\
	VECTOR_CASE(4, insn, reg, operands)				\
	VECTOR_CASE(5, insn, reg, operands)				\
	VECTOR_CASE(6, insn, reg, operands)				\
	VECTOR_CASE(7, insn, reg, operands)				\
	VECTOR_CASE(8, insn, reg, operands)				\
	VECTOR_CASE(9, insn, reg, operands)				\
	VECTOR_CASE(10, insn, reg, operands)				\
	VECTOR_CASE(11, insn, reg, operands)				\
	VECTOR_CASE(12, insn, reg, operands)				\
	VECTOR_CASE(13, insn, reg, operands)				\
	VECTOR_CASE(14, insn, reg, operands)				\
	VECTOR_CASE(15, insn, reg, operands)

#define VECTOR_HIGH(insn, reg, operands)				\
	VECTOR_CASE(16, insn, reg, operands)				\
	VECTOR_CASE(17, insn, reg, operands)				\
	VECTOR_CASE(18, insn, reg, operands)				\
	VECTOR_CASE(19, insn, reg, operands)				\
	VECTOR_CASE(20, insn, reg, operands)				\
	VECTOR_CASE(21, insn, reg, operands)				\
	VECTOR_CASE(22, insn, reg, operands)				\
	VECTOR_CASE(23, insn, reg, operands)				\
	VECTOR_CASE(24, insn, reg, operands)				\
	VECTOR_CASE(25, insn, reg, operands)				\
	VECTOR_CASE(26, insn, reg, operands)				\
	VECTOR_CASE(27, insn, reg, operands)				\
	VECTOR_CASE(28, insn, reg, operands)				\
	VECTOR_CASE(29, insn, reg, operands)				\
	VECTOR_CASE(30, insn, reg, operands)				\
	VECTOR_CASE(31, insn, reg, operands)

#define VECTOR_SWITCH(nr, insn, reg, operands)				\
	switch (nr) {							\
	VECTOR_LOW(insn, reg, operands)					\
	}

#define ZMM_SWITCH(nr, operands)					\
	switch (nr) {							\
	VECTOR_LOW("vmovdqu64", "zmm", operands)			\
	VECTOR_HIGH("vmovdqu64", "zmm", operands)			\
	}

#define TO_MEMORY(reg)		"%%" reg ", (%0)"
#define FROM_MEMORY(reg)	"(%0), %%" reg

static void xmm_read(unsigned int nr, void *buf)
{
	VECTOR_SWITCH(nr, "movdqu", "xmm", TO_MEMORY)
}

static void xmm_write(unsigned int nr, const void *buf)
{
	VECTOR_SWITCH(nr, "movdqu", "xmm", FROM_MEMORY)
}

static void ymm_read(unsigned int nr, void *buf)
{
	VECTOR_SWITCH(nr, "vmovdqu", "ymm", TO_MEMORY)
}

static void ymm_write(unsigned int nr, const void *buf)
{
	VECTOR_SWITCH(nr, "vmovdqu", "ymm", FROM_MEMORY)
}

static void zmm_read(unsigned int nr, void *buf)
{
	ZMM_SWITCH(nr, TO_MEMORY)
}

static void zmm_write(unsigned int nr, const void *buf)
{
	ZMM_SWITCH(nr, FROM_MEMORY)
}

#define MASK_CASE(n)							\
	case n:								\
		if (boot_cpu_has(X86_FEATURE_AVX512BW))			\
			asm volatile("kmovq %%k" #n ", %0" : "=r" (mask));	\
		else							\
			asm volatile("kmovw %%k" #n ", %k0" : "=r" (mask));	\
		break;

static u64 mask_read(unsigned int nr)
{
	u64 mask = 0;

	switch (nr) {
	MASK_CASE(0)
	MASK_CASE(1)
	MASK_CASE(2)
	MASK_CASE(3)
	MASK_CASE(4)
	MASK_CASE(5)
	MASK_CASE(6)
	MASK_CASE(7)
	}
	return mask;
}

/*
 * The guest's registers are the thread's as long as KVM_RUN lasts, and they are
 * in the CPU unless the thread was scheduled out, or a softirq used the FPU.
 * Until registers_release() neither can happen.
 */
static void registers_hold(void)
{
	fpregs_lock();
	if (test_thread_flag(TIF_NEED_FPU_LOAD))
		switch_fpu_return();
}

static void registers_release(void)
{
	fpregs_unlock();
}

static bool has_ymm(unsigned int len)
{
	return len == YMM_BYTES && boot_cpu_has(X86_FEATURE_AVX);
}

void fpu_vector_get(struct x86_vcpu *v, unsigned int nr, void *buf,
		    unsigned int len)
{
	bool ymm = has_ymm(len);

	memset(buf, 0, len);
	registers_hold();
	if (len == ZMM_BYTES)
		zmm_read(nr & 31, buf);
	else if (ymm)
		ymm_read(nr & 15, buf);
	else
		xmm_read(nr & 15, buf);
	registers_release();
}

void fpu_vector_set(struct x86_vcpu *v, unsigned int nr, const void *buf,
		    unsigned int len)
{
	bool ymm = has_ymm(len);

	registers_hold();
	if (len == ZMM_BYTES)
		zmm_write(nr & 31, buf);
	else if (ymm)
		ymm_write(nr & 15, buf);
	else
		xmm_write(nr & 15, buf);
	registers_release();
}

u64 fpu_opmask_get(struct x86_vcpu *v, unsigned int nr)
{
	u64 mask;

	registers_hold();
	mask = mask_read(nr & 7);
	registers_release();
	return mask;
}
