// SPDX-License-Identifier: GPL-2.0-only
/* Vector registers of the guest, for the instruction emulator. */
#include <linux/string.h>

#include <asm/cpufeature.h>
#include <asm/fpu/api.h>

#include "x86/cpu/fpu.h"

#define XMM_BYTES 16
#define YMM_BYTES 32

/* One instruction for each register: its number is part of the encoding. */
#define VECTOR_CASE(n, insn, reg, operands)				\
	case n:								\
		asm volatile(insn " " operands(reg #n) : : "r" (buf) : "memory"); \
		break;

#define VECTOR_SWITCH(nr, insn, reg, operands)				\
	switch (nr) {							\
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
	VECTOR_CASE(15, insn, reg, operands)				\
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
	if (ymm)
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
	if (ymm)
		ymm_write(nr & 15, buf);
	else
		xmm_write(nr & 15, buf);
	registers_release();
}
