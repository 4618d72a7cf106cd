// SPDX-License-Identifier: GPL-2.0-only
/*
 * emul_decode() against capstone on random bytes, in the three modes: the same
 * length, and nothing refused that capstone knows.  Where capstone 4.0.2 is
 * wrong is listed opcode by opcode, with the manual's place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <capstone/capstone.h>
#include <cmocka.h>
#include <linux/errno.h>

#include "emul/emul.h"
#include "emul_binutils.h"
#include "emul_random.h"

#define PEER_CASES	1500000	/* that capstone knows */
#define SHORT_CASES	100000

static csh capstone[3];
static cs_insn *peer[3];

static unsigned int put_escape(u8 *p, unsigned int map)
{
	static const u8 escape[][2] = { { 0 }, { 0x0f }, { 0x0f, 0x38 },
					{ 0x0f, 0x3a } };
	unsigned int n = map > 1 ? 2 : map;

	memcpy(p, escape[map], n);
	return n;
}

/* Bytes that are often an instruction: prefixes, an opcode of any map. */
static void random_bytes(u8 *b, enum emul_mode mode)
{
	static const u8 prefix[] = { 0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x26, 0x2e,
				     0x36, 0x3e, 0x64, 0x65, 0x66, 0x67 };
	unsigned int i, form = below(8), vex = form >= 6 ? 1 + below(3) : 0;
	u8 mod = mode == EMUL_64 ? 0 : 0xc0;

	for (i = 0; i < 16; i++)
		b[i] = random64() >> 40;
	if (!form)
		return;
	for (i = below(4); i; i--)
		*b++ = prefix[vex ? 5 + below(6) : below(sizeof(prefix))];
	if (!vex && mode == EMUL_64 && below(2))
		*b++ = 0x40 | below(16);
	if (vex == 1) {
		b[0] = 0xc5;
		b[1] |= mod;
	} else if (vex) {
		b[0] = vex == 2 ? 0xc4 : 0x62;
		b[1] = (b[1] & (vex == 2 ? 0xe0 : 0xf0)) | mod | (1 + below(3));
		b[2] |= vex == 2 ? 0 : 4;
	} else {
		put_escape(b, below(4));
	}
}

/*
 * EVEX arithmetic that has a form with rounding control: on registers capstone
 * takes one byte more in some combinations of pp, W and L'L (SDM vol. 2, 2.7.8:
 * the bits L'L are the control, there is no immediate).
 */
static bool wrong_rounding(const struct emul_insn *insn)
{
	switch (insn->map << 8 | insn->opcode) {
	case 0x158 ... 0x15c:
	case 0x15e:
	case 0x179:
	case 0x17a:
	case 0x1e6:
	case 0x2a6 ... 0x2af:
		return insn->modrm >= 0xc0;
	default:
		return false;
	}
}

/*
 * Lengths that capstone gets wrong.
 *
 * UD0, UD1: have a ModRM byte (SDM vol. 2, UD).  EXTRQ, INSERTQ: have two
 * immediates where capstone sees VMREAD (APM vol. 4, EXTRQ).  CALL near with
 * 66 in 64-bit mode: 16 bits on AMD, which capstone does for JMP only (APM
 * vol. 3, CALL near).  CALL near and PUSH Iz with 66 and also F2 or F3: the
 * latter do not undo 66 (SDM vol. 2, 2.1.1).  67 with REX.W in front of CALL
 * or RET, 67 in front of EVEX: 67 touches the address size alone (SDM vol. 2,
 * 2.2.1.3, 2.7.5).  RET with REX.W and 66: an immediate of two bytes always
 * (SDM vol. 2, RET).
 */
static bool wrong_length(const struct emul_insn *insn, enum emul_mode mode)
{
	bool addr = insn->addr_size != (2 << mode);
	bool wide = insn->rex & 8;

	if (insn->vex)
		return insn->vex == 4 && (addr || wrong_rounding(insn));
	switch (insn->map << 8 | insn->opcode) {
	case 0x0e8:
		return (insn->op66 && (mode == EMUL_64 || insn->rep)) ||
		       (addr && wide);
	case 0x068:
		return insn->op66 && insn->rep;
	case 0x0c2:
		return (addr || insn->op66) && wide;
	case 0x178:
		return insn->op66 || insn->rep || (addr && wide);
	case 0x1b9:
	case 0x1ff:
		return true;
	default:
		return false;
	}
}

/* Prefixes in front of an opcode of maps 1 to 3 that binutils refuses too. */
static bool binutils_refuses(const struct emul_insn *insn)
{
	static const char *const known[] = {
		NULL, binutils_legacy_1, binutils_legacy_2, binutils_legacy_3
	};
	unsigned int digit, p = insn->rep == 0xf2 ? 3 : insn->rep ? 2 :
				insn->op66 ? 1 : 0;

	if (!insn->map || insn->vex)
		return false;
	digit = known[insn->map][insn->opcode];
	digit -= digit <= '9' ? '0' : 'a' - 10;
	return !(digit >> p & 1);
}

/*
 * What capstone takes for an instruction and is none.  MOV to CS (SDM vol. 2,
 * MOV); XOP, which left AMD's processors with Zen (APM vol. 3 has its maps,
 * CPUID says no); CR1, CR5 to CR7, CR9 to CR15 (SDM vol. 2, MOV CR); VIA's
 * opcodes; PMOVMSKB with F2 or F3 (SDM vol. 2, table A-3); LOCK, 66, F2 or F3
 * in front of VEX or EVEX (SDM vol. 2, 2.3.2 and 2.3.3); EVEX without V' outside 64-bit
 * mode (processors raise #UD).
 */
static bool wrong_opcode(const struct emul_insn *insn)
{
	unsigned int reg = insn->modrm >> 3 & 7;

	if (insn->vex == 4 && !(insn->evex & 8))
		return true;
	switch (insn->map << 8 | insn->opcode) {
	case 0x08e:
		return reg == 1;
	case 0x08f:
		return reg;
	case 0x062:
	case 0x0c4:
	case 0x0c5:
		return insn->lock || insn->op66 || insn->rep || insn->rex;
	case 0x120:
	case 0x122:
		return !(0x1d >> reg & 1);
	case 0x1a6:
	case 0x1a7:
		return true;
	case 0x1d7:
		return insn->rep;
	default:
		return binutils_refuses(insn);
	}
}

static void fail_bytes(const char *what, enum emul_mode mode, const u8 *b,
		       int len, int want)
{
	unsigned int i;

	print_error("%s: mode %u:", what, mode);
	for (i = 0; i < 15; i++)
		print_error(" %02x", b[i]);
	fail_msg("%s %s: %d, not %d", peer[mode]->mnemonic, peer[mode]->op_str,
		 len, want);
}

static void test_peer(void **unused)
{
	unsigned long same = 0, refused = 0;
	struct emul_insn insn;
	unsigned int known = 0, mode;
	u8 b[24];

	while (known < PEER_CASES) {
		const uint8_t *p = b;
		uint64_t at = 0;
		size_t size = 15;
		int len;

		mode = below(3);
		random_bytes(b, mode);
		if (!cs_disasm_iter(capstone[mode], &p, &size, &at, peer[mode]))
			continue;
		known++;
		len = emul_decode(&insn, mode, true, b, 15);
		if (len == peer[mode]->size)
			same++;
		else if (len < 0 && wrong_opcode(&insn))
			refused++;
		else if (len < 0 || !wrong_length(&insn, mode))
			fail_bytes("length", mode, b, len, peer[mode]->size);
	}
	print_message("%u cases: %lu the same, %lu refused for cause\n",
		      PEER_CASES, same, refused);
	assert_true(same > PEER_CASES / 10 * 9);
}

/*
 * Never a look behind what is there (the sanitizer sees the end of the block),
 * and what is too short says so.
 */
static void test_short(void **unused)
{
	struct emul_insn insn;
	unsigned int i, mode;
	int len, n, ret;
	u8 b[24], *exact;
	bool amd;

	for (i = 0; i < SHORT_CASES; i++) {
		mode = i % 3;
		amd = i & 4;
		random_bytes(b, mode);
		len = emul_decode(&insn, mode, amd, b, 15);
		assert_int_not_equal(len, -ENODATA);
		for (n = 0; n <= 15; n++) {
			exact = malloc(n);
			memcpy(exact, b, n);
			ret = emul_decode(&insn, mode, amd, exact, n);
			free(exact);
			if (len > 0 && ret != (n < len ? -ENODATA : len))
				fail_bytes("short", mode, b, ret, len);
			if (len < 0 && ret != -ENODATA && ret != -EINVAL)
				fail_bytes("short", mode, b, ret, len);
		}
	}
}

static int setup(void **unused)
{
	static const cs_mode modes[] = { CS_MODE_16, CS_MODE_32, CS_MODE_64 };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		if (cs_open(CS_ARCH_X86, modes[i], &capstone[i]))
			return -1;
		peer[i] = cs_malloc(capstone[i]);
	}
	return 0;
}

static int teardown(void **unused)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		cs_free(peer[i], 1);
		cs_close(&capstone[i]);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_peer),
		cmocka_unit_test(test_short),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
