/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instructions, given as text, one after the other on the machine of
 * emul_machine.h.  To be included once, behind cmocka.h.
 */
#ifndef TESTS_UNIT_EMUL_TRY_H
#define TESTS_UNIT_EMUL_TRY_H

#include "emul_hex.h"
#include "emul_machine.h"

static struct machine before;	/* the last instruction */

/* 32-bit code of level 0, flat segments, all else 0. */
static void machine_reset(void)
{
	unsigned int i;

	memset(&now, 0, sizeof(now));
	for (i = 0; i < 6; i++)
		now.seg[i] = (struct x86_seg){
			.limit = 0xffffffff, .attr = 0xc93, .selector = 0x18,
		};
	now.rip = 0x100;
	now.rflags = 0x202;
	ctx = (struct emul_ctx){
		.mode = EMUL_32, .protected = true, .amd = true,
	};
	fail_after = 0;
}

static enum emul_result run(const char *hex)
{
	u8 bytes[16];
	unsigned int n = hex_bytes(hex, bytes);

	before = now;
	return machine_run(bytes, n);
}

static void ok(const char *hex)
{
	enum emul_result ret = run(hex);

	if (ret != EMUL_OK)
		fail_msg("%s: %d, vector %u error %x", hex, ret,
			 ctx.fault.vector, ctx.fault.error);
}

/* The fault, and nothing else: the machine is what it was. */
static void faults(const char *hex, u8 vector, u32 error)
{
	enum emul_result ret = run(hex);

	if (ret != EMUL_FAULT || ctx.fault.vector != vector ||
	    ctx.fault.error != error)
		fail_msg("%s: %d, vector %u error %x", hex, ret,
			 ctx.fault.vector, ctx.fault.error);
	assert_memory_equal(&before, &now, sizeof(now));
}

#endif
