// SPDX-License-Identifier: GPL-2.0-only
/*
 * CLI, STI, PUSHF, POPF, IRET, INT n, INT3 and INTO against the model in tests/model/vme.c, in
 * real, virtual-8086 and protected mode, whatever CR4, IOPL and the flags are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "emul_machine.h"
#include "emul_random.h"
#include "tests/model/vme.h"

#define CASES	500000

#define VM	0x20000u
#define TSS	0x5000
#define IO_MAP	0x90	/* the redirection map is before it */
#define STACK	0x3000
#define STACK_0	0x4800	/* level 0's, by the TSS */
#define CODE	0x1000	/* where the test's code segment is, by selector */
#define CODE_0	0x10	/* selectors of level 0's */
#define DATA_0	0x18
#define HANDLER	0x6543	/* of INT3 and INTO */
#define VECTOR	0x23
#define OWN_CS	0x123
#define OWN_IP	0x456

static struct machine before;
static unsigned long ended[VME_INSNS][3];

static void put(u64 la, u64 val, unsigned int n)
{
	memcpy(&now.memory[la], &val, n);
}

static u32 get(u64 la, unsigned int n)
{
	u32 val = 0;

	memcpy(&val, &now.memory[la], n);
	return val;
}

static void random_case(struct vme_in *in)
{
	unsigned int kind = below(8);

	*in = (struct vme_in){
		.insn = below(VME_INSNS), .wide = below(2), .real = kind == 0,
		.vme = below(4), .pvi = below(2), .map = below(8),
		.bit = below(2), .trap = below(2), .popped = random64(),
		.flags = (random64() & 0x3d7fd5) | 2,
	};
	in->flags &= ~0x4000u;	/* NT is a task's */
	if (kind > 3)
		in->flags |= VM;
	in->cpl = in->real ? 0 : in->flags & VM ? 3 : below(4);
	/* The same level and mode; INT in real mode is not about IOPL. */
	in->popped = (in->popped & ~(VM | 0x8028u)) | 2;
	if (in->real && in->insn >= VME_INT)
		in->insn = VME_CLI;
}

/* What INT3 and INTO find at level 0. */
static void prepare_gates(const struct vme_in *in)
{
	unsigned int vector;

	for (vector = 3; vector <= 4; vector++)
		put(0x2000 + 8 * vector,
		    (in->trap ? 0xefULL : 0xeeULL) << 40 | CODE_0 << 16 | HANDLER, 8);
	put(CODE + CODE_0, 0x40009b000000ffffULL, 8);
	put(CODE + DATA_0, 0x400093000000ffffULL, 8);
	put(TSS + 4, STACK_0, 4);
	put(TSS + 8, DATA_0, 4);
}

/* Segments of 64 KiB; INT n's gate is absent, which tells that it was asked. */
static void prepare(const struct vme_in *in)
{
	bool flat = !in->real && !(in->flags & VM);
	unsigned int i;

	memset(&now, 0, sizeof(now));
	for (i = 0; i < 6; i++)
		now.seg[i] = (struct x86_seg){
			.limit = 0xffff, .attr = 0x93 | in->cpl << 5,
		};
	now.seg[SEG_CS].selector = flat ? 0x8 | in->cpl : 0;
	now.seg[SEG_CS].attr |= 8;
	now.seg[SEG_TR] = (struct x86_seg){
		.base = TSS, .attr = SEG_P | 11,
		.limit = IO_MAP - 32 + VECTOR / 8 - !in->map,
	};
	put(TSS + 0x66, IO_MAP, 2);
	put(TSS + IO_MAP - 32, below(2) ? 0 : ~0ULL, 8);
	now.memory[TSS + IO_MAP - 32 + VECTOR / 8] &= ~(1 << VECTOR % 8);
	now.memory[TSS + IO_MAP - 32 + VECTOR / 8] |= in->bit << VECTOR % 8;
	prepare_gates(in);
	now.table[0] = (struct x86_table){ CODE, 0x1f };
	now.table[1] = (struct x86_table){ 0x2000, 0x7ff };
	put(CODE + 8, 0x9b000000ffffULL | (u64)in->cpl << 45, 8);
	put(0x2000 + 8 * VECTOR, 0xfULL << 40 | 3ULL << 45, 8);
	put(4 * VECTOR, OWN_CS << 16 | OWN_IP, 4);
	now.cr[4] = in->vme | in->pvi << 1;
	now.gpr[GPR_RSP] = STACK;
	now.rip = 0x100;
	now.rflags = in->flags;
	now.cpl = in->cpl;
}

static unsigned int make_code(const struct vme_in *in, u8 *code)
{
	static const u8 opcodes[] = { 0xfa, 0xfb, 0x9c, 0x9d, 0xcf, 0xcd, 0xcc, 0xce };
	unsigned int n = 0, unit = in->wide ? 4 : 2, i = 0;

	if (in->wide)
		code[n++] = 0x66;
	code[n++] = opcodes[in->insn];
	if (in->insn == VME_INT)
		code[n++] = VECTOR;
	if (in->insn == VME_IRET) {
		put(STACK, OWN_IP, unit);
		put(STACK + unit, now.seg[SEG_CS].selector, unit);
		i = 2;
	}
	if (in->insn == VME_IRET || in->insn == VME_POPF)
		put(STACK + i * unit, in->popped, unit);
	return n;
}

static void fail_case(const char *what, const struct vme_in *in,
		      enum emul_result ret)
{
	fail_msg("%s: insn %d wide %d real %d cpl %u vme %d pvi %d flags %x "
		 "popped %x map %d bit %d: %d vector %u flags %llx", what,
		 in->insn, in->wide, in->real, in->cpl, in->vme, in->pvi,
		 in->flags, in->popped, in->map, in->bit, ret,
		 ctx.fault.vector, (unsigned long long)now.rflags);
}

/* EFLAGS, CS and EIP at level 0, behind what a change of level and mode pushes. */
static bool pushed_0(const struct vme_in *in, const struct vme_out *out, u64 len)
{
	u64 sp = in->flags & VM ? STACK_0 - 36 : in->cpl ? STACK_0 - 20 : STACK - 12;

	return now.gpr[GPR_RSP] == sp && get(sp + 8, 4) == out->pushed &&
	       get(sp + 4, 4) == before.seg[SEG_CS].selector &&
	       get(sp, 4) == 0x100 + len && now.rip == HANDLER && !now.cpl;
}

/* Flags, CS and IP that INT has pushed, or PUSHF's flags. */
static bool pushed(const struct vme_in *in, const struct vme_out *out, u64 len)
{
	unsigned int n = in->wide ? 4 : 2;

	if (in->insn == VME_PUSHF)
		return now.gpr[GPR_RSP] == STACK - n && get(STACK - n, n) == out->pushed;
	if (in->insn != VME_INT)
		return !out->gate || pushed_0(in, out, len);
	return now.gpr[GPR_RSP] == STACK - 6 && get(STACK - 2, 2) == out->pushed &&
	       get(STACK - 4, 2) == 0 && get(STACK - 6, 2) == 0x100 + len &&
	       now.rip == OWN_IP && now.seg[SEG_CS].selector == OWN_CS &&
	       now.seg[SEG_CS].base == OWN_CS << 4;
}

static void compare(const struct vme_in *in, enum emul_result ret, u64 len)
{
	u32 error = 0, vector = 13;
	struct vme_out out;

	vme_model(in, &out);
	if (in->insn == VME_INT && out.gate && !out.gp) {
		error = 8 * VECTOR + 2;
		vector = 11;
	}
	ended[in->insn][out.gp ? 0 : out.gate ? 1 : 2]++;
	if (!out.gp && vector == 13) {
		if (ret != EMUL_OK || now.rflags != out.flags)
			fail_case("flags", in, ret);
		if (!pushed(in, &out, len))
			fail_case("pushed", in, ret);
		return;
	}
	if (ret != EMUL_FAULT || ctx.fault.vector != vector ||
	    ctx.fault.error != error)
		fail_case("fault", in, ret);
	if (memcmp(&now, &before, sizeof(now)))
		fail_case("changed", in, ret);
}

static void test_model(void **unused)
{
	unsigned int i, n;
	struct vme_in in;
	u8 code[4];

	for (i = 0; i < CASES; i++) {
		random_case(&in);
		prepare(&in);
		n = make_code(&in, code);
		ctx = (struct emul_ctx){
			.mode = EMUL_16, .amd = below(2),
			.protected = !in.real && !(in.flags & VM),
		};
		before = now;
		compare(&in, machine_run(code, n), n);
	}
	for (i = 0; i <= VME_INT; i++)
		assert_true(ended[i][0] > 1000 && ended[i][2] > 1000);
	for (i = VME_INT; i < VME_INSNS; i++)
		assert_true(ended[i][1] > 1000);
	assert_true(ended[VME_INTO][2] > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
