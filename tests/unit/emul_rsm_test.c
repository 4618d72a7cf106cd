// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSM against the model in tests/model/rsm.c: random areas in both layouts; and areas as
 * an SMI makes them, which the model reads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "emul/smram.h"
#include "emul_machine.h"
#include "emul_random.h"
#include "tests/model/rsm.h"

#define CASES	300000

static u8 smram[0x10000];
static unsigned int shutdowns, done, refusals, outside;

static void area_random(bool wide)
{
	u64 word;
	unsigned int i;

	for (i = SMRAM_AREA; i < sizeof(smram); i += 8) {
		word = random64();
		memcpy(&smram[i], &word, 8);
	}
	/* Mostly states that can be. */
	if (below(8)) {
		i = wide ? 0xff58 : 0xfffc;
		smram[i] |= 1;
		smram[i + 3] |= 0x40;
	}
	if (wide && below(8)) {
		smram[0xff48] |= 0x20;
		smram[0xfe13] &= ~0x40;
		memset(&smram[0xff5c], 0, 4);
		memset(&smram[0xff64], 0, 4);
		memset(&smram[0xff6c], 0, 4);
	}
}

static void check_segment(const struct x86_seg *got,
			  const struct rsm_segment *want)
{
	assert_int_equal(got->selector, want->selector);
	assert_int_equal(got->base, want->base);
	assert_int_equal(got->limit, want->limit);
	assert_int_equal(got->attr, want->type | want->s << 4 | want->dpl << 5 |
			 want->p << 7 | want->avl << 8 | want->l << 9 |
			 want->db << 10 | want->g << 11);
}

static void check_state(const struct smram_state *got,
			const struct rsm_state *want)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		check_segment(&got->seg[i], &want->seg[i]);
	assert_int_equal(got->gdt.base, want->gdt_base);
	assert_int_equal(got->gdt.limit, want->gdt_limit);
	assert_int_equal(got->idt.base, want->idt_base);
	assert_int_equal(got->idt.limit, want->idt_limit);
	assert_int_equal(got->cr0, want->cr0);
	assert_int_equal(got->cr3, want->cr3);
	assert_int_equal(got->cr4, want->cr4);
	assert_int_equal(got->efer, want->efer);
	assert_int_equal(got->dr6, want->dr6);
	assert_int_equal(got->dr7, want->dr7);
	assert_int_equal(got->smbase, want->smbase);
	assert_int_equal(got->svm.vmcb, want->vmcb);
	assert_int_equal(got->svm.guest & 1, want->l2);
}

/* In any mode but SMM it is undefined; there the caller has a last word, too. */
static void rsm_random(void **state)
{
	static const u8 code[] = { 0x0f, 0xaa };
	struct rsm_state want;
	struct machine before;
	enum emul_result ret;
	unsigned int i, n;
	bool wide;

	for (n = 0; n < CASES; n++) {
		wide = below(2);
		area_random(wide);
		rsm_model(smram, wide, &want);
		memset(&now, 0, sizeof(now));
		for (i = 0; i < 16; i++)
			now.gpr[i] = random64();
		now.rip = 0x8000;
		ctx.mode = EMUL_16;
		ctx.protected = below(2);
		machine_smm = (struct machine_smm){
			.inside = below(16), .wide = wide,
			.area = &smram[SMRAM_AREA], .refuses = !below(16),
		};
		before = now;
		ret = machine_run(code, sizeof(code));
		if (!machine_smm.inside) {
			assert_int_equal(ret, EMUL_FAULT);
			assert_int_equal(ctx.fault.vector, 6);
			assert_memory_equal(&now, &before, sizeof(now));
			outside++;
			continue;
		}
		if (want.shutdown || machine_smm.refuses) {
			assert_int_equal(ret, EMUL_SHUTDOWN);
			assert_memory_equal(&now, &before, sizeof(now));
			assert_false(machine_smm.left);
			shutdowns += want.shutdown;
			refusals += !want.shutdown;
			continue;
		}
		assert_int_equal(ret, EMUL_OK);
		assert_true(machine_smm.left);
		check_state(&machine_smm.state, &want);
		for (i = 0; i < 16; i++)
			assert_int_equal(now.gpr[i], wide || i < 8 ?
					 want.gpr[i] : before.gpr[i]);
		assert_int_equal(now.rip, want.rip);
		assert_int_equal(now.rflags, want.rflags);
		assert_int_equal(now.cpl, want.cpl);
		assert_int_equal(now.halted, want.halted);
		done++;
	}
	/* Each kind of end was seen often. */
	assert_true(done > CASES / 4 && shutdowns > CASES / 100 &&
		    refusals > CASES / 100 && outside > CASES / 100);
}

static void state_random(struct smram_state *s, bool wide)
{
	u64 mask = wide ? ~0ULL : ~0U;
	unsigned int i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < (wide ? 16 : 8); i++)
		s->gpr[i] = random64() & mask;
	for (i = 0; i < SEG_COUNT; i++)
		s->seg[i] = (struct x86_seg){
			.base = random64() & mask, .limit = random64(),
			.selector = random64(), .attr = random64() & 0xfff,
		};
	s->gdt = (struct x86_table){ random64() & mask, random64() };
	s->idt = (struct x86_table){ random64() & mask, random64() };
	s->rip = random64() & mask;
	s->rflags = (random64() & 0x3f7fd5) | 2;
	s->cr0 = (u32)random64();
	s->cr3 = random64() & mask;
	s->cr4 = random64() & mask;
	s->dr6 = (u32)random64();
	s->dr7 = (u32)random64();
	s->smbase = random64();
	s->halted = below(2);
	s->shadow = below(2);
	if (!wide)
		return;
	s->efer = random64() & ~0x400ULL;
	if (s->efer & 0x100 && s->cr0 >> 31)
		s->efer |= 0x400;
	s->svm.guest = below(2);
	s->svm.vmcb = random64();
}

static void save_random(void **state)
{
	struct smram_state s, back;
	struct rsm_state seen;
	unsigned int i, n;
	u32 revision;
	bool wide;

	for (n = 0; n < CASES / 4; n++) {
		wide = below(2);
		state_random(&s, wide);
		memset(smram, 0xee, sizeof(smram));
		smram_save(&smram[SMRAM_AREA], &s, wide);
		assert_int_equal(smram[SMRAM_AREA - 1], 0xee);
		rsm_model(smram, wide, &seen);
		check_state(&s, &seen);
		for (i = 0; i < 16; i++)
			assert_int_equal(s.gpr[i], seen.gpr[i]);
		assert_int_equal(s.rip, seen.rip);
		assert_int_equal(s.rflags, seen.rflags);
		assert_int_equal(s.halted, seen.halted);
		memcpy(&revision, &smram[0xfefc], 4);
		assert_int_equal(revision, wide ? 0x20064 : 0x20000);
		/* What no manual has a place for comes back as well. */
		assert_int_equal(smram_load(&smram[SMRAM_AREA], &back, wide),
				 !seen.shutdown);
		assert_int_equal(back.shadow, s.shadow);
		/* No I/O restart. */
		assert_int_equal(smram[wide ? 0xfec8 : 0xff00], 0);
	}
}

/* CR0, DR7, DR6: upper halves alone make a state that no processor can be in. */
static void upper_halves(void **state)
{
	static const unsigned int at[] = { 0xff58, 0xff60, 0xff68 };
	struct smram_state s = { .rflags = 2 }, back;
	unsigned int i, bit;

	for (i = 0; i < sizeof(at) / sizeof(*at); i++)
		for (bit = 32; bit < 64; bit++) {
			memset(smram, 0, sizeof(smram));
			smram_save(&smram[SMRAM_AREA], &s, true);
			assert_true(smram_load(&smram[SMRAM_AREA], &back, true));
			smram[at[i] + bit / 8] |= 1 << bit % 8;
			assert_false(smram_load(&smram[SMRAM_AREA], &back, true));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rsm_random),
		cmocka_unit_test(save_random),
		cmocka_unit_test(upper_halves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
