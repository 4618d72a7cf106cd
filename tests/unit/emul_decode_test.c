// SPDX-License-Identifier: GPL-2.0-only
/*
 * emul_decode() against encodings with lengths from the manuals, and against
 * the opcodes that binutils knows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <linux/errno.h>

#include "emul/emul.h"
#include "emul_binutils.h"
#include "emul_hex.h"

/*
 * Encodings from the manuals' instruction pages and tables 2-1 to 2-3 of SDM
 * vol. 2; the length is that of the text, or what @len says.  A 0 says: not
 * defined in that mode.
 */
struct sample {
	const char *hex;
	int len16, len32, len64;
};

#define ANY(hex, n) { hex, n, n, n }

static const struct sample samples[] = {
	/* ModRM forms of MOV: SDM vol. 2, tables 2-1 and 2-2. */
	{ "88 06 11 22 33 44", 4, 2, 2 },
	{ "88 05 11 22 33 44", 2, 6, 6 },
	{ "88 04 25 11 22 33 44", 2, 7, 7 },
	{ "88 04 24 11 22 33 44", 2, 3, 3 },
	{ "88 04 05 11 22 33 44", 2, 7, 7 },
	{ "88 44 25 11", 3, 4, 4 },
	ANY("88 41 11", 3),
	{ "88 46 11", 3, 3, 3 },
	{ "88 81 11 22 33 44", 4, 6, 6 },
	{ "88 84 25 11 22 33 44", 4, 7, 7 },
	ANY("88 c1", 2),
	{ "67 88 06 11 22 33 44", 3, 5, 3 },
	{ "67 88 05 11 22 33 44", 7, 3, 7 },
	/* Immediates by operand size. */
	{ "c7 00 11 22 33 44", 4, 6, 6 },
	{ "66 c7 00 11 22 33 44", 7, 5, 5 },
	{ "48 c7 00 11 22 33 44", 1, 1, 7 },
	{ "66 48 c7 00 11 22 33 44", 2, 2, 8 },
	{ "48 66 c7 00 11 22", 1, 1, 6 },
	{ "b8 11 22 33 44", 3, 5, 5 },
	{ "66 b8 11 22 33 44", 6, 4, 4 },
	{ "48 b8 11 22 33 44 55 66 77 88", 1, 1, 10 },
	{ "05 11 22 33 44", 3, 5, 5 },
	ANY("04 11", 2),
	{ "68 11 22 33 44", 3, 5, 5 },
	{ "66 68 11 22 33 44", 6, 4, 4 },
	ANY("6a 11", 2),
	{ "69 c0 11 22 33 44", 4, 6, 6 },
	ANY("6b c0 11", 3),
	ANY("83 c0 11", 3),
	{ "82 c0 11", 3, 3, 0 },
	ANY("c8 11 22 33", 4),
	ANY("c2 11 22", 3),
	ANY("ca 11 22", 3),
	ANY("cd 80", 2),
	ANY("c1 e0 11", 3),
	ANY("d1 e0", 2),
	/* TEST is the one member of group 3 with an immediate. */
	ANY("f6 c0 11", 3),
	ANY("f6 c8 11", 3),
	ANY("f6 d0", 2),
	{ "f7 c0 11 22 33 44", 4, 6, 6 },
	{ "f7 00 11 22 33 44", 4, 6, 6 },
	ANY("f7 d8", 2),
	/* Offsets: by address size. */
	{ "a0 11 22 33 44 55 66 77 88", 3, 5, 9 },
	{ "a3 11 22 33 44 55 66 77 88", 3, 5, 9 },
	{ "67 a1 11 22 33 44 55 66 77 88", 6, 4, 6 },
	{ "66 a1 11 22 33 44 55 66 77 88", 4, 6, 10 },
	/* Branches; near ones with 66 as on AMD. */
	ANY("eb 11", 2),
	ANY("e3 11", 2),
	{ "e8 11 22 33 44", 3, 5, 5 },
	{ "66 e8 11 22 33 44", 6, 4, 4 },
	{ "66 e9 11 22 33 44", 6, 4, 4 },
	{ "66 0f 84 11 22 33 44", 7, 5, 5 },
	{ "48 e9 11 22 33 44", 1, 1, 6 },
	{ "0f 84 11 22 33 44", 4, 6, 6 },
	{ "9a 11 22 33 44 55 66", 5, 7, 0 },
	{ "66 ea 11 22 33 44 55 66", 8, 6, 0 },
	ANY("ff 10", 2),
	ANY("ff 18", 2),
	ANY("ff d0", 2),
	{ "ff d8", 0, 0, 0 },
	{ "ff f8", 0, 0, 0 },
	/* Not in 64-bit mode (SDM vol. 2, table A-2, "i64"). */
	{ "06", 1, 1, 0 }, { "27", 1, 1, 0 }, { "60", 1, 1, 0 },
	{ "ce", 1, 1, 0 }, { "d4 0a", 2, 2, 0 },
	/* REX, or INC. */
	{ "40 90", 1, 1, 2 }, { "4f 90", 1, 1, 2 }, { "40 48 90", 1, 1, 3 },
	/* LES, LDS, BOUND; VEX; EVEX. */
	{ "c4 00", 2, 2, -ENODATA }, { "c5 40 11", 3, 3, -ENODATA },
	{ "62 40 11 11 11 11 11", 3, 3, 0 },
	ANY("c5 f8 77", 3),		/* VZEROUPPER */
	ANY("c5 f8 58 c1", 4),		/* VADDPS */
	ANY("c4 e1 78 58 c1", 5),
	ANY("c4 e2 79 00 c1", 5),	/* VPSHUFB */
	ANY("c4 e3 79 0f c1 11", 6),	/* VPALIGNR */
	ANY("c4 e3 7b f0 c1 11", 6),	/* RORX */
	ANY("62 f1 7c 48 58 c1", 6),	/* VADDPS, 512 bits */
	{ "62 f1 7c 48 58 40 01", 7, 7, 7 },
	ANY("62 f1 75 48 72 c1 11", 7),	/* VPRORD */
	{ "66 c5 f8 58 c1", 0, 0, 0 },
	{ "f0 c5 f8 58 c1", 0, 0, 0 },
	{ "40 c5 f8 58 c1", 1, 1, 0 },
	{ "c4 e0 78 58 c1", 0, 0, 0 },	/* there is no map 0 */
	{ "62 f1 78 48 58 c1", 0, 0, 0 },
	/* 0F maps. */
	ANY("0f 01 c1", 3), ANY("0f 01 d9", 3), ANY("0f 05", 2),
	ANY("0f 0b", 2), ANY("0f a2", 2), ANY("0f 31", 2),
	{ "0f 01 38", 3, 3, 3 },
	ANY("0f 0f c1 9e", 4),		/* PFADD */
	{ "0f 0f 05 11 22 33 44 9e", 4, 8, 8 },
	ANY("0f 20 c0", 3), ANY("0f 20 00", 3), ANY("0f 22 44", 3),
	ANY("0f 23 85", 3),
	{ "0f 20 c8", 0, 0, 0 },	/* CR1 */
	ANY("0f 78 c8", 3),		/* VMREAD */
	ANY("66 0f 78 c0 11 22", 6),	/* EXTRQ */
	ANY("f2 0f 78 c0 11 22", 6),	/* INSERTQ */
	ANY("66 0f 79 c0", 4),
	ANY("0f a4 c1 11", 4), ANY("0f a5 c1", 3), ANY("0f ba e0 11", 4),
	{ "0f ba c0 11", 0, 0, 0 },
	ANY("0f b6 00", 3), ANY("0f c2 c1 11", 4), ANY("0f c3 00", 3),
	{ "0f c3 c0", 0, 0, 0 },
	ANY("0f c7 08", 3), { "0f c7 c8", 0, 0, 0 }, ANY("0f c7 f0", 3),
	ANY("f3 0f b8 c1", 4), { "0f b8 c1", 0, 0, 0 },
	ANY("0f b9 c1", 3), ANY("0f ff c1", 3),	/* UD1, UD0 */
	ANY("0f 38 f0 00", 4), ANY("f2 0f 38 f1 c1", 5),
	ANY("66 0f 3a 0f c1 11", 6), ANY("66 0f 38 82 00", 5),
	ANY("0f ae e8", 3), ANY("f3 0f 1e fa", 4),
	/* Prefixes: any number, REX last. */
	ANY("66 66 66 66 90", 5), ANY("2e 36 3e 26 64 65 90", 7),
	ANY("f0 00 00", 3), ANY("f3 f2 a4", 3),
	{ "8f c8 11 11 11 11", 0, 0, 0 },
};

static void check_sample(const struct sample *s, enum emul_mode mode, int want)
{
	struct emul_insn insn;
	u8 bytes[16];
	unsigned int n = hex_bytes(s->hex, bytes);
	int len = emul_decode(&insn, mode, true, bytes, n);

	if (len != (want ? want : -EINVAL))
		fail_msg("%s: mode %u: %d, not %d", s->hex, mode, len, want);
}

static void test_samples(void **unused)
{
	unsigned int i;

	for (i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		check_sample(&samples[i], EMUL_16, samples[i].len16);
		check_sample(&samples[i], EMUL_32, samples[i].len32);
		check_sample(&samples[i], EMUL_64, samples[i].len64);
	}
}

static void test_fields(void **unused)
{
	struct emul_insn insn;
	u8 b[16];

#define DECODE(mode, hex) \
	assert_true(emul_decode(&insn, mode, true, b, hex_bytes(hex, b)) > 0)

	DECODE(EMUL_64, "64 2e 66 48 8b 84 8d f0 ff ff ff");
	assert_int_equal(insn.seg, SEG_FS);
	assert_int_equal(insn.op_size, 8);
	assert_int_equal(insn.addr_size, 8);
	assert_int_equal(insn.sib, 0x8d);
	assert_int_equal(insn.disp, -16);
	assert_true(insn.op66);

	DECODE(EMUL_32, "26 3e 67 66 c7 46 80 34 f2");
	assert_int_equal(insn.seg, SEG_DS);
	assert_int_equal(insn.op_size, 2);
	assert_int_equal(insn.addr_size, 2);
	assert_int_equal(insn.disp, -128);
	assert_int_equal(insn.imm, (u64)-0x0dcc);

	DECODE(EMUL_64, "48 f2 8b 00");		/* REX does not count */
	assert_int_equal(insn.rex, 0);
	assert_int_equal(insn.op_size, 4);
	assert_int_equal(insn.rep, 0xf2);

	DECODE(EMUL_64, "ff 30");		/* PUSH */
	assert_int_equal(insn.op_size, 8);
	DECODE(EMUL_64, "66 50");
	assert_int_equal(insn.op_size, 2);
	DECODE(EMUL_16, "0f 20 c0");
	assert_int_equal(insn.op_size, 4);
	DECODE(EMUL_64, "66 0f 20 c0");
	assert_int_equal(insn.op_size, 8);
	DECODE(EMUL_64, "c4 62 f9 00 c1");	/* VEX: R and W set */
	assert_int_equal(insn.rex, 0x4c);
	assert_int_equal(insn.vex, 3);
	assert_int_equal(insn.map, 2);
	assert_int_equal(insn.opcode, 0);
	DECODE(EMUL_16, "66 9a 78 56 34 12 bc 9a");
	assert_int_equal(insn.imm, 0x12345678);
	assert_int_equal(insn.imm2, 0x9abc);
	DECODE(EMUL_64, "a1 88 77 66 55 44 33 22 11");
	assert_true(insn.imm == 0x1122334455667788ULL);
	DECODE(EMUL_64, "83 c0 ff");
	assert_true(insn.imm == ~0ULL);
}

/* SDM vol. 2, A.2.5, "f64": what 66 does to a near branch of AMD's only. */
static void test_vendor(void **unused)
{
	static const struct {
		const char *hex;
		int amd, intel;
	} rows[] = {
		{ "66 e8 11 22 33 44", 4, 6 }, { "66 e9 11 22 33 44", 4, 6 },
		{ "66 0f 84 11 22 33 44", 5, 7 }, { "66 eb 11", 3, 3 },
		{ "66 48 e8 11 22 33 44", 7, 7 }, { "66 c2 11 22", 4, 4 },
		/* No branches: the same. */
		{ "66 68 11 22", 4, 4 }, { "66 81 c0 11 22", 5, 5 },
	};
	struct emul_insn insn;
	unsigned int i, n;
	u8 b[16];

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		n = hex_bytes(rows[i].hex, b);
		assert_int_equal(emul_decode(&insn, EMUL_64, true, b, n),
				 rows[i].amd);
		assert_int_equal(emul_decode(&insn, EMUL_64, false, b, n),
				 rows[i].intel);
		/* Elsewhere the vendors agree. */
		assert_int_equal(emul_decode(&insn, EMUL_32, false, b, n),
				 emul_decode(&insn, EMUL_32, true, b, n));
	}
}

/* Fifteen bytes are allowed, sixteen are not. */
static void test_longest(void **unused)
{
	struct emul_insn insn;
	u8 b[20];

	memset(b, 0x66, sizeof(b));
	b[14] = 0x90;
	assert_int_equal(emul_decode(&insn, EMUL_64, true, b, 20), 15);
	assert_int_equal(emul_decode(&insn, EMUL_64, true, b, 14), -ENODATA);
	b[14] = 0x66;
	b[15] = 0x90;
	assert_int_equal(emul_decode(&insn, EMUL_64, true, b, 20), -EINVAL);
	assert_int_equal(emul_decode(&insn, EMUL_64, true, b, 15), -EINVAL);
	b[12] = 0x81;	/* ModRM, and four more bytes */
	assert_int_equal(emul_decode(&insn, EMUL_32, true, b, 20), -EINVAL);
}

static unsigned int put_escape(u8 *p, unsigned int map)
{
	static const u8 escape[][2] = { { 0 }, { 0x0f }, { 0x0f, 0x38 },
					{ 0x0f, 0x3a } };

	memcpy(p, escape[map], 2);
	return map > 1 ? 2 : map;
}

/* Is there any form of the opcode behind @n bytes already at @b? */
static bool any_form(enum emul_mode mode, u8 *b, unsigned int n)
{
	struct emul_insn insn;
	unsigned int modrm;

	for (modrm = 0; modrm < 256; modrm++) {
		b[n] = modrm;
		if (emul_decode(&insn, mode, true, b, 15) > 0)
			return true;
	}
	return false;
}

/*
 * Opcodes for which the manuals say otherwise than binutils: SALC; prefixes
 * that WBINVD, BSF and BSR ignore; 3DNow!, of which binutils looks at the last
 * byte too; VIA's opcodes; PMOVMSKB with a prefix (SDM vol. 2, table A-3).
 */
static bool binutils_differs(enum emul_mode mode, unsigned int map, u8 op)
{
	if (map == 0)
		return op == 0xd6 && mode != EMUL_64;
	return map == 1 && (op == 0x09 || op == 0x0f || op == 0xa6 ||
			    op == 0xa7 || op == 0xbc || op == 0xbd ||
			    op == 0xd7);
}

static unsigned int hex_digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static bool skip_opcode(enum emul_mode mode, unsigned int map, u8 op)
{
	if (map == 1)
		return op == 0x38 || op == 0x3a;
	return map == 0 && (!!strchr("\x0f\x26\x2e\x36\x3e\x62\x64\x65\x66\x67"
				     "\xc4\xc5\xf0\xf2\xf3", op) ||
			    (mode == EMUL_64 && (op & 0xf0) == 0x40)) && op;
}

static void check_opcode(enum emul_mode mode, unsigned int map, u8 op,
			 unsigned int known)
{
	static const u8 prefix[] = { 0, 0x66, 0xf3, 0xf2 };
	unsigned int p, n;
	bool want;
	u8 b[16];

	for (p = 0; p < 4; p++) {
		memset(b, 0x11, sizeof(b));
		b[0] = prefix[p];
		n = !!p;
		n += put_escape(b + n, map);
		b[n++] = op;
		want = known >> p & 1;
		if (any_form(mode, b, n) != want)
			fail_msg("mode %u map %u opcode %02x prefix %02x: "
				 "binutils says %d", mode, map, op, prefix[p],
				 want);
	}
}

static void check_map(enum emul_mode mode, unsigned int map, const char *known)
{
	unsigned int op;

	for (op = 0; op < 256; op++)
		if (!skip_opcode(mode, map, op) &&
		    !binutils_differs(mode, map, op))
			check_opcode(mode, map, op, hex_digit(known[op]));
}

static void check_vex(unsigned int map, bool evex, const char *known)
{
	unsigned int op, pp, n;
	bool found;
	u8 b[16];

	for (op = 0; op < 256; op++) {
		found = false;
		for (pp = 0; pp < 4; pp++) {
			memset(b, 0x11, sizeof(b));
			n = 0;
			b[n++] = evex ? 0x62 : 0xc4;
			b[n++] = (evex ? 0xf0 : 0xe0) | map;
			b[n++] = (evex ? 0x7c : 0x78) | pp;
			if (evex)
				b[n++] = 0x48;
			b[n++] = op;
			found |= any_form(EMUL_64, b, n);
		}
		if (found != (known[op] == '1'))
			fail_msg("%s map %u opcode %02x: binutils says %c",
				 evex ? "EVEX" : "VEX", map, op, known[op]);
	}
}

static void test_defined(void **unused)
{
	check_map(EMUL_64, 0, binutils_one_byte_64);
	check_map(EMUL_32, 0, binutils_one_byte_32);
	check_map(EMUL_64, 1, binutils_legacy_1);
	check_map(EMUL_64, 2, binutils_legacy_2);
	check_map(EMUL_64, 3, binutils_legacy_3);
	check_vex(1, false, binutils_vex_1);
	check_vex(2, false, binutils_vex_2);
	check_vex(3, false, binutils_vex_3);
	check_vex(1, true, binutils_evex_1);
	check_vex(2, true, binutils_evex_2);
	check_vex(3, true, binutils_evex_3);
}

/* EIP has 32 bits whatever CS.D is (SDM vol. 1, 3.5); the limit is another matter. */
static void test_rip(void **unused)
{
	assert_true(emul_rip_advance(EMUL_16, 0x98000, 1) == 0x98001);
	assert_true(emul_rip_advance(EMUL_16, 0xfffe, 2) == 0x10000);
	assert_true(emul_rip_advance(EMUL_16, 0xffffffff, 3) == 2);
	assert_true(emul_rip_advance(EMUL_32, 0xfffffff8, 15) == 7);
	assert_true(emul_rip_advance(EMUL_32, 0x1fffffff8ULL, 2) == 0xfffffffa);
	assert_true(emul_rip_advance(EMUL_64, 0xfffffffe, 2) == 0x100000000);
	assert_true(emul_rip_advance(EMUL_64, ~0ULL, 1) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_vendor),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_defined),
		cmocka_unit_test(test_rip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
