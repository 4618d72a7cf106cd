// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random bytes as instructions on a machine in a random state, any callback
 * failing.  The sanitizers see the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "emul_chaos.h"

#define CASES		1000000

/* Half of the instructions are those of the system. */
static unsigned int random_code(u8 *code)
{
	static const u8 one[] = {
		0x06, 0x07, 0x0e, 0x16, 0x17, 0x60, 0x61, 0x63, 0x8c, 0x8e,
		0x8f, 0x9a, 0x9c, 0x9d, 0xc2, 0xc4, 0xc5, 0xc8, 0xc9, 0xca,
		0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xe0, 0xe3, 0xe4, 0xe8, 0xea,
		0xec, 0xef, 0xf4, 0xfa, 0xfb, 0xff, 0x6c, 0x6f,
	};
	static const u8 two[] = {
		0x00, 0x01, 0x02, 0x03, 0x05, 0x06, 0x07, 0x08, 0x20, 0x21,
		0x22, 0x23, 0x30, 0x31, 0x32, 0x34, 0x35, 0xa0, 0xa1, 0xa2,
		0xa8, 0xa9, 0xb2, 0xb4, 0xb5,
	};
	unsigned int i, n = 0;
	int len;

	for (i = 0; i < 15; i++)
		code[i] = random64() >> 40;
	if (!below(4))
		code[n++] = 0x66 + below(2);
	if (ctx.mode == EMUL_64 && below(2))
		code[n++] = 0x40 | below(16);
	if (below(2)) {
		code[n++] = one[below(sizeof(one))];
	} else if (below(2)) {
		code[n++] = 0x0f;
		code[n++] = two[below(sizeof(two))];
	}
	len = emul_decode(&ctx.insn, ctx.mode, ctx.amd, code, 15);
	return len < 0 ? 0 : len;
}

static void test_chaos(void **unused)
{
	unsigned int done = 0, len;
	u8 code[16];

	while (done < CASES) {
		if (done % 64 == 0)
			random_machine();
		random_state();
		len = random_code(code);
		if (!len)
			continue;
		before = now;
		check(code, len, machine_run(code, len));
		done++;
	}
	print_message("%lu executed, %lu faults (%lu #UD, %lu #TS, %lu #NP, "
		      "%lu #SS, %lu #GP), %lu unknown\n", ended[EMUL_OK],
		      ended[EMUL_FAULT], vectors[6], vectors[10], vectors[11],
		      vectors[12], vectors[13], ended[EMUL_UNKNOWN]);
	assert_true(ended[EMUL_OK] > CASES / 8 && vectors[10] && vectors[11]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chaos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
