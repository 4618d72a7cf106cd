// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
/*
 * Instructions that move FPU state, executed by the processor and by the emulator
 * from the same random state: memory and the state afterwards are the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <cpuid.h>
#include <cmocka.h>

#include <asm/processor-flags.h>

#include "emul/emul.h"
#include "emul_hex.h"
#include "emul_random.h"
#include "emul_user.h"

#define CASES	1000
#define MOVE_CASES 1500

#define CODE	0x30000000ULL
#define MXCSR_MASK 0xffff
#define PKRU	9

/* The processor's state before and after, and as the emulator has it. */
static struct emul_fpu initial __attribute__((aligned(64)));
static struct emul_fpu after __attribute__((aligned(64)));
static struct emul_fpu clean __attribute__((aligned(64)));
static struct emul_fpu emulated __attribute__((aligned(64)));
static u64 xcr0, hidden; /* the components that there are; but AMX and others */
static u64 mask, gpr[16];
static sigjmp_buf faulted;
static int vector;

static void xrstor(const struct emul_fpu *f)
{
	asm volatile("xrstor64 %0" : : "m" (*f), "a" (xcr0), "d" (0));
}

/* ---- what the emulator asks ---- */

static struct emul_fpu scratch __attribute__((aligned(64)));

static struct emul_fpu *get_fpu(struct emul_ctx *ctx)
{
	scratch = emulated;
	return &scratch;
}

/* The processor normalizes what it loads. */
static enum emul_result set_fpu(struct emul_ctx *ctx)
{
	xrstor(&scratch);
	asm volatile("xsave64 %0" : "+m" (emulated) : "a" (xcr0), "d" (0));
	xrstor(&clean);
	return EMUL_OK;
}

static void get_part(struct emul_ctx *ctx, unsigned int nr,
		     struct emul_fpu_part *out)
{
	u32 a, b, c, d;

	__cpuid_count(0xd, nr, a, b, c, d);
	*out = (struct emul_fpu_part){ b, a, c & 2 };
}

static void get_cpuid(struct emul_ctx *ctx, u32 regs[4])
{
	__cpuid_count(regs[0], regs[2], regs[0], regs[1], regs[2], regs[3]);
}

static void get_segment(struct emul_ctx *ctx, enum x86_seg_nr seg,
			struct x86_seg *out)
{
	*out = (struct x86_seg){ .limit = ~0u, .attr = 0xcf3 };
}

static enum emul_result get_reg(struct emul_ctx *ctx, enum emul_regs set,
				u32 nr, u64 *val)
{
	enum emul_result ret = user_reg(ctx, set, nr, val);

	if (set == EMUL_XCR)
		*val = xcr0;
	if (set == EMUL_MSR)
		*val = 0;
	return ret;
}

static const struct emul_ops ops = {
	.has = user_has,
	.read = user_read, .write = user_write, .probe = user_probe,
	.exchange = user_cmpxchg, .segment = get_segment, .cpuid = get_cpuid,
	.reg = get_reg, .fpu = get_fpu, .fpu_set = set_fpu,
	.fpu_part = get_part,
};

/* ---- the processor ---- */

static void on_fault(int sig, siginfo_t *info, void *arg)
{
	const greg_t *regs = ((ucontext_t *)arg)->uc_mcontext.gregs;

	vector = regs[REG_TRAPNO];
	siglongjmp(faulted, 1);
}

/* Executes @n bytes at CODE with RDI at the data and EDX:EAX as the mask. */
static void native_run(const u8 *insn, unsigned int n)
{
	static u64 rax, rdx;

	rax = mask;
	rdx = mask >> 32;
	memcpy((void *)CODE, insn, n);
	((u8 *)CODE)[n] = 0xc3;
	vector = -1;
	if (!sigsetjmp(faulted, 1))
		asm volatile("push %%rax; push %%rdx; mov %7, %%eax\n"
			     "xor %%edx, %%edx; xrstor64 (%3)\n"
			     "pop %%rdx; pop %%rax; call *%4; push %%rax\n"
			     "mov %7, %%eax; xor %%edx, %%edx; xsave64 (%5)\n"
			     "xrstor64 (%6); pop %%rax\n"
			     : "+a" (rax), "+d" (rdx)
			     : "D" (USER_DATA), "r" (&initial), "r" (CODE),
			       "r" (&after), "r" (&clean), "r" ((u32)xcr0)
			     : "memory", "cc", "rsi");
	gpr[GPR_RAX] = rax;
	xrstor(&clean);
}

/* ---- random states ---- */

static void random_bytes(void *p, unsigned int n)
{
	u8 *b = p;

	while (n--)
		*b++ = random64() >> 24;
}

/* As the processor has it, once loaded: reserved bits of FCW, ES, the rest of ST. */
static void random_initial(void)
{
	static const u16 exps[] = { 0, 0x7fff, 0x3fff, 0x8000, 0xffff };
	struct emul_fpu_part part;
	unsigned int i;
	u64 mantissa;

	memset(&initial, 0, sizeof(initial));
	initial.fcw = random64();
	initial.fsw = random64();
	/* An exception that waits is rare here: it ends most instructions. */
	if (below(8))
		initial.fcw |= 0x3f;
	initial.ftw = random64();
	initial.fop = random64() & 0x7ff;
	initial.fip = random64() >> 17;
	initial.fdp = random64() >> 17;
	initial.mxcsr = random64() & MXCSR_MASK;
	for (i = 0; i < 8; i++) {
		mantissa = below(3) ? random64() : (u64)below(2) << 63;
		memcpy(initial.st[i], &mantissa, 8);
		memcpy(initial.st[i] + 8, below(2) ? &exps[below(5)] :
		       (u16 *)&mantissa, 2);
	}
	random_bytes(initial.xmm, sizeof(initial.xmm));
	for (i = 2; i < 10; i++) {
		if (!(xcr0 >> i & 1))
			continue;
		get_part(NULL, i, &part);
		random_bytes((u8 *)&initial + part.offset, part.size);
		/* PKRU: our own pages stay accessible, and it is in use. */
		if (i == PKRU)
			memcpy((u8 *)&initial + part.offset,
			       &(u64){ 0x55555550 }, 8);
	}
	initial.xstate_bv = below(2) ? xcr0 : random64() & xcr0;
	initial.xstate_bv |= xcr0 & 1 << PKRU;
	xrstor(&initial);
	asm volatile("xsave64 %0" : "+m" (initial) : "a" (xcr0), "d" (0));
	xrstor(&clean);
}

/* An image that can be loaded, most of the time. */
static void random_memory(void)
{
	struct emul_fpu *f = (struct emul_fpu *)USER_DATA;

	random_bytes(f, USER_SIZE);
	if (!below(20))
		return;
	f->mxcsr &= MXCSR_MASK;
	memset(&f->xstate_bv, 0, 64);
	f->xstate_bv = random64() & xcr0;
	if (below(3) == 0)
		f->xcomp_bv = 1ULL << 63 | f->xstate_bv | (random64() & xcr0);
	if (!below(20))
		((u8 *)&f->xstate_bv)[below(64)] ^= 1 << below(8);
	/* PKRU's random value would take our own pages away. */
	f->xstate_bv &= ~hidden & ~(1ULL << PKRU);
	f->xcomp_bv &= ~hidden;
}

/* ---- comparison ---- */

static void fail_at(const char *what, const char *hex, unsigned int at,
		    u8 want, u8 have)
{
	fail_msg("%s: %s at %#x: processor %02x, emulator %02x (mask %llx)", hex,
		 what, at, want, have, (unsigned long long)mask);
}

static void same_bytes(const char *what, const char *hex, const void *want,
		       const void *have, unsigned int n)
{
	unsigned int i;

	if (!memcmp(want, have, n))
		return;
	for (i = 0; i < n; i++)
		if (((const u8 *)want)[i] != ((const u8 *)have)[i])
			fail_at(what, hex, i, ((const u8 *)want)[i],
				((const u8 *)have)[i]);
}

static bool tracked;

/* XSTATE_BV may tell more than there is; components say the rest. */
static void same_state(const char *hex)
{
	/* When they are kept differs from processor to processor. */
	if (tracked) {
		after.fop = emulated.fop = 0;
		after.fip = emulated.fip = 0;
		after.fdp = emulated.fdp = 0;
	}
	after.xstate_bv = emulated.xstate_bv = 0;
	after.xcomp_bv = emulated.xcomp_bv = 0;
	same_bytes("state", hex, &after, &emulated, sizeof(after));
}

/* Numbers of every kind in both the operand and the top of the stack. */
static void random_operand(void)
{
	u64 m = random64() | (below(8) ? 1ULL << 63 : 0);
	u16 exp = 0x3fff - 70 + below(140);
	unsigned int lowest;

	random_bytes((void *)USER_DATA, 16);
	switch (below(6)) {
	case 0:
		memset((void *)USER_DATA, below(2) ? 0xff : 0, 16);
		((u8 *)USER_DATA)[below(10)] = random64();
		break;
	case 1:
		((u8 *)USER_DATA)[3] = below(2) ? 0x7f : 0x80;
		((u8 *)USER_DATA)[2] &= 0x80 | below(128);
		((u8 *)USER_DATA)[7] = ((u8 *)USER_DATA)[3];
		((u8 *)USER_DATA)[6] &= 0x1f;
		break;
	}
	/* Also what is in the middle of two numbers of 64 or 32 bits. */
	if (below(3) == 0) {
		lowest = below(4) ? below(64) : below(2) ? 10 : 39;
		m = (m >> lowest | 1) << lowest;
	}
	if (below(2))
		exp = below(2) ? 0x3fff - 150 + below(280) : 0x3fff - 1080 + below(2110);
	/* The end of the integers of 16, 32 and 64 bits. */
	if (below(8) == 0) {
		m = 1ULL << 63 | (below(2) ? random64() >> 1 >> below(63) : 0);
		exp = 0x3fff + (16 << below(3)) - 1;
	}
	/* About the least exponents of numbers of 32 and 64 bits. */
	if (below(8) == 0) {
		m = below(2) ? ~0ULL << below(64) : 3ULL << 62;
		exp = 0x3fff - (below(2) ? 126 : 1022) + 1 - below(4);
	}
	if (below(2))
		exp |= 0x8000;
	if (below(4)) {
		memcpy(initial.st[0], &m, 8);
		memcpy(initial.st[0] + 8, &exp, 2);
	}
	initial.xstate_bv |= 1;
	xrstor(&initial);
	asm volatile("xsave64 %0" : "+m" (initial) : "a" (xcr0), "d" (0));
	xrstor(&clean);
}

/*
 * A processor may count a component as in use that has its initial value, or may not
 * (SDM vol. 1, 13.6), and say another thing after a change of threads: just before the
 * instruction, or between the state's making and that.  It is rare.
 */
static bool disturbed(void)
{
	u64 have = ((struct emul_fpu *)user_copy)->xstate_bv;
	u64 want = ((struct emul_fpu *)USER_DATA)->xstate_bv;
	static unsigned int n;

	if (want == have || (want | have) & ~xcr0)
		return false;
	assert_true(++n < 20);
	return true;
}

static void one_case(const char *hex)
{
	struct emul_ctx ctx = {
		.ops = &ops, .mode = EMUL_64, .protected = true,
		.long_mode = true, .cpl = 3, .gpr = gpr, .rip = CODE,
		.rflags = 2, .amd = user_amd, .la57 = user_la57,
	};
	enum emul_result ret;
	u8 code[16];
	unsigned int n = hex_bytes(hex, code);

	mask = (below(2) ? ~0ULL : random64()) & xcr0;
	random_initial();
	if (tracked)
		random_operand();
	else
		random_memory();
	memcpy(user_copy, (void *)USER_DATA, USER_SIZE);
	emulated = initial;
	memset(&after, 0, sizeof(after));
	gpr[GPR_RAX] = mask;
	gpr[GPR_RDX] = mask >> 32;
	gpr[GPR_RDI] = USER_DATA;
	assert_int_equal(emul_decode(&ctx.insn, EMUL_64, user_amd, code, n), n);
	ret = emul_exec(&ctx);
	native_run(code, n);
	if (vector >= 0) {
		if (ret != EMUL_FAULT || ctx.fault.vector != vector)
			fail_msg("%s: processor vector %d, emulator %d, %u",
				 hex, vector, ret, ctx.fault.vector);
		return;
	}
	if (ret != EMUL_OK)
		fail_msg("%s: emulator %d, vector %u", hex, ret,
			 ctx.fault.vector);
	if (disturbed())
		return;
	same_bytes("memory", hex, (void *)USER_DATA, user_copy, USER_SIZE);
	same_state(hex);
}

/* In 64-bit code; RDI is the operand. */
static const char *const insns[] = {
	"d9 3f", "d9 2f", "dd 3f",		/* FNSTCW, FLDCW, FNSTSW */
	"d9 37", "66 d9 37", "d9 27", "66 d9 27",	/* FNSTENV, FLDENV */
	"dd 37", "66 dd 37", "dd 27", "66 dd 27",	/* FNSAVE, FRSTOR */
	"db e2", "db e3",			/* FNCLEX, FNINIT */
	"0f ae 07", "48 0f ae 07",		/* FXSAVE */
	"0f ae 0f", "48 0f ae 0f",		/* FXRSTOR */
	"0f ae 17", "0f ae 1f",			/* LDMXCSR, STMXCSR */
	"0f ae 27", "48 0f ae 27",		/* XSAVE */
	"0f ae 37", "48 0f ae 37",		/* XSAVEOPT */
	"0f c7 27", "48 0f c7 27",		/* XSAVEC */
	"0f ae 2f", "48 0f ae 2f",		/* XRSTOR */
	"0f ae 47 08", "0f ae 67 20",		/* misaligned */
};

/* Loads and stores of registers, which keep track of themselves in FOP, FIP and FDP. */
static const char *const moves[] = {
	"d9 07", "dd 07", "db 2f",		/* FLD */
	"d9 17", "d9 1f", "dd 17", "dd 1f", "db 3f",	/* FST, FSTP */
	"df 07", "db 07", "df 2f",		/* FILD */
	"df 17", "df 1f", "db 17", "db 1f", "df 3f",	/* FIST, FISTP */
	"df 0f", "db 0f", "dd 0f",		/* FISTTP */
	"0f 6e 07", "48 0f 6e 07", "0f 6f 1f", "0f 6f d3",	/* MOVD, MOVQ */
	"0f 7e 0f", "48 0f 7e 0f", "0f 7f 1f", "0f 7f d3", "0f e7 17",
};

static void test_moves(void **unused)
{
	unsigned int i, j;

	user_catch(on_fault);
	tracked = true;
	for (i = 0; i < sizeof(moves) / sizeof(*moves); i++)
		for (j = 0; j < MOVE_CASES; j++)
			one_case(moves[i]);
	tracked = false;
}

static void test_native(void **unused)
{
	unsigned int i, j;

	user_catch(on_fault);
	for (i = 0; i < sizeof(insns) / sizeof(*insns); i++)
		for (j = 0; j < CASES; j++)
			one_case(insns[i]);
}

static int setup(void **unused)
{
	u32 a, b, c, d;

	__cpuid(1, a, b, c, d);
	if (!(c >> 27 & 1) || user_setup(unused))
		return -1;
	asm volatile("xgetbv" : "=a" (a), "=d" (d) : "c" (0));
	xcr0 = (a | (u64)d << 32) & 0x2e7;
	hidden = (a | (u64)d << 32) & ~0x2e7ULL;
	asm volatile("xsave64 %0" : "+m" (clean) : "a" (xcr0), "d" (0));
	return user_map(CODE, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_native),
		cmocka_unit_test(test_moves),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
