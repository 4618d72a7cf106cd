// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moves in their EVEX form, as the processor that runs the test has them: random
 * prefixes, masks, lengths and operands, right and wrong ones.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <cmocka.h>

#include "emul_random.h"
#include "emul_user.h"

#define CODE	0x30000000ULL
#define LEAVE	64	/* offset of the way out */
#define CASES	400000

struct evex_state {
	u64 gpr[16];
	u8 zmm[32][64];
	u64 mask[8];
	int vector;
};

/* Used by the assembly below. */
struct evex_state evex_now;
u64 evex_stack, evex_code = CODE;
void evex_enter(void);
extern char evex_leave[];

#define LOW	"0, 1, 2, 3, 4, 5, 6, 7"
#define ALL	LOW ", 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, " \
		"24, 25, 26, 27, 28, 29, 30, 31"

asm(".pushsection .text\n"
    "evex_enter:\n"
    USER_PUSH
    "	mov %rsp, evex_stack(%rip)\n"
    ".irp n, " ALL "\n vmovdqu64 evex_now+128+64*\\n(%rip), %zmm\\n\n .endr\n"
    ".irp n, " LOW "\n kmovq evex_now+2176+8*\\n(%rip), %k\\n\n .endr\n"
    USER_LOAD("evex_now")
    "	jmp *evex_code(%rip)\n"
    "evex_leave:\n"
    "	mov %rax, evex_now+0(%rip); mov %rcx, evex_now+8(%rip)\n"
    "	mov %rdx, evex_now+16(%rip); mov %rbx, evex_now+24(%rip)\n"
    "	mov %rsp, evex_now+32(%rip); mov %rbp, evex_now+40(%rip)\n"
    "	mov %rsi, evex_now+48(%rip); mov %rdi, evex_now+56(%rip)\n"
    "	mov %r8, evex_now+64(%rip); mov %r9, evex_now+72(%rip)\n"
    "	mov %r10, evex_now+80(%rip); mov %r11, evex_now+88(%rip)\n"
    "	mov %r12, evex_now+96(%rip); mov %r13, evex_now+104(%rip)\n"
    "	mov %r14, evex_now+112(%rip); mov %r15, evex_now+120(%rip)\n"
    "	mov evex_stack(%rip), %rsp\n"
    ".irp n, " ALL "\n vmovdqu64 %zmm\\n, evex_now+128+64*\\n(%rip)\n .endr\n"
    ".irp n, " LOW "\n kmovq %k\\n, evex_now+2176+8*\\n(%rip)\n .endr\n"
    "	vzeroupper\n"
    USER_POP_RET
    ".popsection\n");

_Static_assert(offsetof(struct evex_state, zmm) == 128, "");
_Static_assert(offsetof(struct evex_state, mask) == 2176, "");

static volatile int caught;

/* A fault in the tested instruction ends it; any other is a real crash. */
static void evex_signal(int sig, siginfo_t *info, void *arg)
{
	greg_t *regs = ((ucontext_t *)arg)->uc_mcontext.gregs;

	if ((u64)regs[REG_RIP] - CODE >= 16) {
		signal(sig, SIG_DFL);
		return;
	}
	caught = regs[REG_TRAPNO];
	regs[REG_RIP] = (greg_t)evex_leave;
}

static void native(const u8 *code, unsigned int len, struct evex_state *state)
{
	const u8 jump[] = { 0xff, 0x25, LEAVE - 6 - len, 0, 0, 0 };
	u64 leave = (u64)evex_leave;

	memcpy((u8 *)CODE, code, len);
	memcpy((u8 *)CODE + len, jump, sizeof(jump));
	memcpy((u8 *)CODE + LEAVE, &leave, sizeof(leave));
	evex_now = *state;
	caught = -1;
	evex_enter();
	*state = evex_now;
	state->vector = caught;
}

/* ------------------------------------------------------------------------ */

static void cb_vector(struct emul_ctx *ctx, unsigned int nr, void *buf,
		      unsigned int len)
{
	memcpy(buf, ((struct evex_state *)ctx->priv)->zmm[nr], len);
}

static void cb_vector_set(struct emul_ctx *ctx, unsigned int nr, const void *buf,
			  unsigned int len)
{
	memcpy(((struct evex_state *)ctx->priv)->zmm[nr], buf, len);
}

static u64 cb_opmask(struct emul_ctx *ctx, unsigned int nr)
{
	return ((struct evex_state *)ctx->priv)->mask[nr];
}

static u64 xcr0 = 0xe7, cr0 = 0x80050033;

static enum emul_result cb_reg(struct emul_ctx *ctx, enum emul_regs set, u32 nr, u64 *val)
{
	*val = set == EMUL_XCR ? xcr0 : nr ? 0x40620 : cr0;
	return EMUL_OK;
}

static int lacking = -1;

static bool cb_has(struct emul_ctx *ctx, enum emul_feature feature)
{
	return (int)feature != lacking;
}

static const struct emul_ops ops = {
	.has = cb_has,
	.read = user_read, .write = user_write, .probe = user_probe,
	.reg = cb_reg, .vector = cb_vector, .vector_set = cb_vector_set,
	.opmask = cb_opmask,
};

/* EMUL_OK or EMUL_FAULT, or EMUL_UNKNOWN; @len: what it takes. */
static enum emul_result emulate(const u8 *code, unsigned int *len,
				struct evex_state *state)
{
	struct emul_ctx ctx = {
		.ops = &ops, .priv = state, .mode = EMUL_64, .protected = true,
		.la57 = user_la57, .amd = user_amd, .cpl = 3, .gpr = state->gpr,
		.rip = CODE, .rflags = 2,
	};
	enum emul_result ret;
	int n = emul_decode(&ctx.insn, EMUL_64, user_amd, code, 15);

	state->vector = 6;
	if (n < 0)
		return EMUL_FAULT;
	*len = n;
	ret = emul_exec(&ctx);
	state->vector = ret == EMUL_FAULT ? ctx.fault.vector : -1;
	return ret;
}

/* ------------------------------------------------------------------------ */

struct evex_case {
	u8 code[16];
	unsigned int len;
	struct evex_state before;
};

/* Memory by RBX, perhaps with RCX, or a register. */
static void operands_choose(struct evex_case *c, u8 *modrm)
{
	unsigned int mod = below(4), rm = mod == 3 ? below(8) : below(4) ? 3 : 4;
	u8 *at = modrm + 1;
	s32 disp = (s32)below(64) - 32;

	*modrm = mod << 6 | below(8) << 3 | rm;
	if (mod != 3 && rm == 4)
		*at++ = below(4) << 6 | 1 << 3 | 3;
	if (mod == 1)
		*at++ = disp;
	if (mod == 2) {
		memcpy(at, &disp, 4);
		at += 4;
	}
	c->len = at - c->code;
	c->before.gpr[3] = USER_DATA + (below(8) ? 0x1000 : below(2) * 0x2000) +
			   (below(4) ? below(8) * 64 : below(512)) - 256;
	c->before.gpr[1] = below(4) * 64;
}

static void case_make(struct evex_case *c)
{
	static const u8 opcodes[] = {
		0x10, 0x11, 0x12, 0x13, 0x16, 0x17, 0x28, 0x29, 0x2b, 0x6e, 0x6f,
		0x7e, 0x7f, 0xd6, 0xe7, 0x2a,
	};
	unsigned int i;

	for (i = 0; i < sizeof(c->before) / 8; i++)
		((u64 *)&c->before)[i] = random64();
	for (i = 0; i < 8; i++)
		if (!below(4))
			c->before.mask[i] = below(2) ? 0 : ~0ull >> below(64);
	c->code[0] = 0x62;
	c->code[4] = opcodes[below(sizeof(opcodes))];
	c->code[1] = 0xf0 | (c->code[4] == 0x2a ? 2 : 1);
	c->code[2] = below(4) | 0x04 | below(2) << 7 | (below(4) ? 15 : below(16)) << 3;
	c->code[3] = below(4) << 5 | (below(4) ? 8 : below(2) * 8) |
		     (below(2) ? below(8) : 0) | (below(4) ? 0 : 0x80) |
		     (below(16) ? 0 : 0x10);
	operands_choose(c, c->code + 5);
	/* Registers above 7; bases and the index stay. */
	c->code[1] ^= (below(2) << 7 | below(2) << 4) |
		      (c->code[5] >= 0xc0 ? below(4) << 5 : 0);
	if (!below(64))
		c->code[2] &= ~0x04;
}

static void expect_same(const struct evex_case *c, const struct evex_state *want,
			const struct evex_state *got)
{
	char text[64] = "";
	unsigned int i;

	if (want->vector == got->vector &&
	    !memcmp(want, got, offsetof(struct evex_state, vector)) &&
	    !memcmp((u8 *)USER_DATA, user_copy, USER_SIZE))
		return;
	for (i = 0; i < c->len; i++)
		sprintf(text + 3 * i, "%02x ", c->code[i]);
	fail_msg("%s: processor: vector %d, emulator: %d; registers %s, memory %s", text,
		 want->vector, got->vector,
		 memcmp(want, got, offsetof(struct evex_state, vector)) ? "differ" : "same",
		 memcmp((u8 *)USER_DATA, user_copy, USER_SIZE) ? "differs" : "same");
}

static bool processor_has(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512vl");
}

static int setup(void **state)
{
	unsigned int i;

	if (user_setup(state) || !user_map(CODE, 4096, PROT_READ | PROT_WRITE | PROT_EXEC))
		return -1;
	for (i = 0; i < USER_SIZE; i++)
		user_copy[i] = random64();
	memcpy((u8 *)USER_DATA, user_copy, USER_SIZE);
	return 0;
}

static void test_random(void **unused)
{
	unsigned int i, done = 0, faults = 0;
	struct evex_state want, got;
	struct evex_case c;

	if (!processor_has())
		skip();
	user_catch(evex_signal);
	for (i = 0; i < CASES; i++) {
		unsigned int len = 0;

		case_make(&c);
		got = want = c.before;
		if (emulate(c.code, &len, &got) == EMUL_UNKNOWN)
			continue;
		if (len)
			assert_int_equal(len, c.len);
		native(c.code, c.len, &want);
		expect_same(&c, &want, &got);
		done++;
		faults += want.vector >= 0;
	}
	/* Both kinds are many. */
	assert_in_range(done, CASES / 4, CASES);
	assert_in_range(faults, CASES / 20, done * 9 / 10);
}

/* VMOVDQU64 with 512 and 256 bits, VMOVDQU8: what must be there and be on. */
static void test_absent(void **unused)
{
	static const u8 wide[] = { 0x62, 0xf1, 0xfe, 0x48, 0x6f, 0xc1 };
	static const u8 half[] = { 0x62, 0xf1, 0xfe, 0x28, 0x6f, 0xc1 };
	static const u8 bytes[] = { 0x62, 0xf1, 0x7f, 0x48, 0x6f, 0xc1 };
	static struct evex_state s;
	unsigned int len;

#define VECTOR(code) (emulate(code, &len, &s), s.vector)
	assert_int_equal(VECTOR(wide), -1);
	assert_int_equal(VECTOR(half), -1);
	assert_int_equal(VECTOR(bytes), -1);
	lacking = EMUL_AVX512VL;
	assert_int_equal(VECTOR(wide), -1);
	assert_int_equal(VECTOR(half), 6);
	lacking = EMUL_AVX512BW;
	assert_int_equal(VECTOR(half), -1);
	assert_int_equal(VECTOR(bytes), 6);
	lacking = EMUL_AVX512F;
	assert_int_equal(VECTOR(wide), 6);
	lacking = -1;
	for (xcr0 = 1; xcr0 < 0x100; xcr0 += 2)
		assert_int_equal(VECTOR(wide), (xcr0 & 0xe6) == 0xe6 ? -1 : 6);
	xcr0 = 0xe7;
	cr0 |= 8;
	assert_int_equal(VECTOR(wide), 7);
	cr0 &= ~8ull;
}

/* Outside 64-bit mode: eight registers, V' is 1, W counts for the element's size only. */
static void test_narrow(void **unused)
{
	static const u8 v_prime[] = { 0x62, 0xf1, 0xfe, 0x40, 0x6f, 0xc1 };
	static const u8 general[] = { 0x62, 0xf1, 0xfd, 0x08, 0x6e, 0xc1 };
	static struct evex_state s;
	struct emul_ctx ctx = {
		.ops = &ops, .priv = &s, .mode = EMUL_32, .protected = true,
		.gpr = s.gpr, .rflags = 2,
	};
	u64 low;

	assert_int_equal(emul_decode(&ctx.insn, EMUL_32, false, v_prime, 6), -22);
	assert_int_equal(emul_decode(&ctx.insn, EMUL_32, false, general, 6), 6);
	s.gpr[1] = ~0ull;
	assert_int_equal(emul_exec(&ctx), EMUL_OK);
	memcpy(&low, s.zmm[0], 8);
	assert_int_equal(low, 0xffffffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_narrow),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
