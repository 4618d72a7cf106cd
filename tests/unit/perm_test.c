// SPDX-License-Identifier: GPL-2.0-only
/*
 * Permissions: lines from the manuals by hand, then every combination against
 * the reference model.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "mmu/guest/perm.h"
#include "tests/model/walk.h"

#define R	ACC_R
#define W	ACC_W
#define X	ACC_X
#define U	ACC_U

enum op { READ = 0, WRITE = PF_WRITE, FETCH = PF_FETCH };

struct line {
	const char *name;
	struct perm_bits bits;
	bool ac;
	u32 rights;
	u64 access;
	bool allowed;
};

/* SDM vol. 3, 4.6.1, sentence by sentence. */
static const struct line lines[] = {
	/* Supervisor mode, data reads. */
	{ "read, supervisor page", {}, 0, R, READ, true },
	{ "read, user page, SMAP off", {}, 0, R | U, READ, true },
	{ "read, user page, SMAP, AC 0", { .smap = 1 }, 0, R | U, READ, false },
	{ "read, user page, SMAP, AC 1", { .smap = 1 }, 1, R | U, READ, true },
	{ "implicit read, SMAP, AC 1", { .smap = 1 }, 1, R | U, PF_IMPLICIT, false },
	{ "implicit read, SMAP off", {}, 1, R | U, PF_IMPLICIT, true },
	{ "read, supervisor page, SMAP", { .smap = 1 }, 0, R, READ, true },
	/* Data writes. */
	{ "write, WP 0", {}, 0, R, WRITE, true },
	{ "write, WP 1, read-only", { .wp = 1 }, 0, R, WRITE, false },
	{ "write, WP 1", { .wp = 1 }, 0, R | W, WRITE, true },
	{ "write, user page, WP 0", {}, 0, R | U, WRITE, true },
	{ "write, user page, WP 1", { .wp = 1 }, 0, R | U, WRITE, false },
	{ "write, SMAP, WP 0, AC 0", { .smap = 1 }, 0, R | W | U, WRITE, false },
	{ "write, SMAP, WP 0, AC 1", { .smap = 1 }, 1, R | U, WRITE, true },
	{ "write, SMAP, WP 1, AC 1", { .smap = 1, .wp = 1 }, 1, R | U, WRITE, false },
	{ "write, SMAP, WP 1, AC 1", { .smap = 1, .wp = 1 }, 1, R | W | U, WRITE, true },
	/* Instruction fetches. */
	{ "fetch, NXE 0", {}, 0, R, FETCH, true },
	{ "fetch, NXE 1, XD", { .nx = 1 }, 0, R, FETCH, false },
	{ "fetch, NXE 1", { .nx = 1 }, 0, R | X, FETCH, true },
	{ "fetch, user page, SMEP 0", { .nx = 1 }, 0, R | X | U, FETCH, true },
	{ "fetch, user page, SMEP 0, XD", { .nx = 1 }, 0, R | U, FETCH, false },
	{ "fetch, user page, SMEP 1", { .smep = 1 }, 0, R | X | U, FETCH, false },
	{ "fetch, SMEP, AC 1", { .smep = 1 }, 1, R | X | U, FETCH, false },
	{ "fetch, supervisor page, SMEP", { .smep = 1 }, 0, R | X, FETCH, true },
	{ "fetch, SMAP is not asked", { .smap = 1 }, 0, R | X | U, FETCH, true },
	/* User mode. */
	{ "user read", {}, 0, R | U, PF_USER | READ, true },
	{ "user read, SMAP", { .smap = 1 }, 0, R | U, PF_USER | READ, true },
	{ "user read, supervisor page", {}, 0, R | W | X, PF_USER | READ, false },
	{ "user write, WP 0", {}, 0, R | U, PF_USER | WRITE, false },
	{ "user write", { .wp = 1 }, 0, R | W | U, PF_USER | WRITE, true },
	{ "user write, supervisor page", {}, 0, R | W, PF_USER | WRITE, false },
	{ "user fetch, NXE 0", {}, 0, R | U, PF_USER | FETCH, true },
	{ "user fetch, XD", { .nx = 1 }, 0, R | U, PF_USER | FETCH, false },
	{ "user fetch, SMEP", { .smep = 1 }, 0, R | X | U, PF_USER | FETCH, true },
	{ "user fetch, supervisor page", {}, 0, R | X, PF_USER | FETCH, false },
	/* EPT (29.3.3.2) and NPT (APM 15.25.5). */
	{ "EPT, execute-only read", { .second = 1 }, 0, X | U, READ, false },
	{ "EPT, execute-only fetch", { .second = 1 }, 0, X | U, FETCH, true },
	{ "EPT, read-only write", { .second = 1 }, 0, R | U, WRITE, false },
	{ "EPT, read-only fetch", { .second = 1 }, 0, R | U, FETCH, false },
	{ "NPT, supervisor page", { .second = 1 }, 1, R | W | X, READ, false },
	{ "NPT, all", { .second = 1, .smep = 1, .smap = 1 }, 0, R | W | X | U,
	  WRITE, true },
};

static void manual_lines(void **state)
{
	const struct line *l;
	struct perm p;

	for (l = lines; l < lines + sizeof(lines) / sizeof(*lines); l++) {
		const struct perm_regs regs = { .ac = l->ac };
		u64 expected = l->allowed ? 0 : PF_PRESENT;

		perm_init(&p, &l->bits);
		if (perm_check(&p, l->rights, 0, l->access, &regs) != expected)
			fail_msg("%s", l->name);
	}
}

/* SDM 4.7: a fetch is told apart only when something may forbid fetches. */
static void fetch_reported(void **state)
{
	struct perm p;

	perm_init(&p, &(struct perm_bits){ .wp = 1, .smap = 1 });
	assert_true(p.reported == 6);
	perm_init(&p, &(struct perm_bits){ .nx = 1 });
	assert_true(p.reported == 0x16);
	perm_init(&p, &(struct perm_bits){ .smep = 1 });
	assert_true(p.reported == 0x16);
	perm_init(&p, &(struct perm_bits){ .second = 1 });
	assert_true(p.reported == 0x16);
}

/* SDM 4.6.2; PKRU bit 2i is ADi, bit 2i+1 WDi. */
static void protection_keys(void **state)
{
	const struct perm_bits on = { .pke = 1, .wp = 1, .nx = 1 };
	struct perm_bits bits = on;
	struct perm_regs ad5 = { .pkru = 1 << 10 }, wd5 = { .pkru = 1 << 11 };
	u32 all = R | W | X | U;
	struct perm p;

	perm_init(&p, &bits);
	assert_true(perm_check(&p, all, 5, PF_USER, &ad5) == 0x21);
	assert_true(perm_check(&p, all, 5, READ, &ad5) == 0x21);
	assert_true(perm_check(&p, all, 5, PF_USER | FETCH, &ad5) == 0);
	assert_true(perm_check(&p, all, 4, PF_USER, &ad5) == 0);
	assert_true(perm_check(&p, all & ~U, 5, READ, &ad5) == 0);
	assert_true(perm_check(&p, all, 5, PF_USER, &wd5) == 0);
	assert_true(perm_check(&p, all, 5, PF_USER | WRITE, &wd5) == 0x21);
	assert_true(perm_check(&p, all, 5, WRITE, &wd5) == 0x21);
	/* Read-only as well: the key is still named. */
	assert_true(perm_check(&p, R | U, 5, PF_USER | WRITE, &wd5) == 0x21);
	bits.wp = 0;
	perm_init(&p, &bits);
	assert_true(perm_check(&p, all, 5, WRITE, &wd5) == 0);
	assert_true(perm_check(&p, all, 5, PF_USER | WRITE, &wd5) == 0x21);
	bits = on;
	bits.pke = 0;
	perm_init(&p, &bits);
	assert_true(perm_check(&p, all, 5, PF_USER, &ad5) == 0);
	bits = on;
	bits.second = 1;
	perm_init(&p, &bits);
	assert_true(perm_check(&p, all, 5, PF_USER, &ad5) == 0);
}

static void compare(const struct model_paging *cpu, const struct perm *p,
		    u32 rights, int access)
{
	const struct model_access a = {
		.write = access % 3 == 1, .fetch = access % 3 == 2,
		.user = access & 4, .ac = access & 8, .implicit = access & 16,
		.pkru = access >> 5 << 2,
	};
	const struct perm_regs regs = { .pkru = a.pkru, .ac = a.ac };
	const struct model_result r = { .rights = rights, .pkey = 1 };
	u64 pf = (a.write ? PF_WRITE : 0) | (a.fetch ? PF_FETCH : 0) |
		 (a.user ? PF_USER : 0) | (a.implicit ? PF_IMPLICIT : 0);
	u64 expected = 0;
	bool key;

	if (model_denies(cpu, &a, &r, &key))
		expected = PF_PRESENT | (key ? PF_PK : 0);
	if (perm_check(p, rights, 1, pf, &regs) != expected)
		fail_msg("wp %d smep %d smap %d nx %d pke %d second %d, rights %#x, "
			 "access %#llx ac %d pkru %#x: model says %#llx",
			 cpu->wp, cpu->smep, cpu->smap, cpu->nxe, cpu->pke,
			 cpu->nested, rights, (unsigned long long)pf, a.ac,
			 a.pkru, (unsigned long long)expected);
}

static void every_combination(void **state)
{
	int control, access;
	struct perm p;
	u32 rights;

	for (control = 0; control < 64; control++) {
		const struct perm_bits bits = {
			.wp = control & 1, .smep = control & 2,
			.smap = control & 4, .nx = control & 8,
			.pke = control & 16, .second = control & 32,
		};
		const struct model_paging cpu = {
			.mode = MODEL_4LEVEL, .wp = bits.wp, .smep = bits.smep,
			.smap = bits.smap, .nxe = bits.nx, .pke = bits.pke,
			.nested = bits.second,
		};

		perm_init(&p, &bits);
		for (rights = 0; rights <= ACC_ALL; rights++)
			for (access = 0; access < 128; access++)
				compare(&cpu, &p, rights, access);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(manual_lines),
		cmocka_unit_test(fetch_reported),
		cmocka_unit_test(protection_keys),
		cmocka_unit_test(every_combination),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
