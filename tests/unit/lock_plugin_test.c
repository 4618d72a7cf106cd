// SPDX-License-Identifier: GPL-2.0-only
/*
 * The emulator's plugin that watches locks (bench/lock_plugin.c), fed with a few made-up
 * blocks of code by a QEMU that is only this file: what it counts beside what was played.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "bench/lock_plugin.h"

#define KERNEL		0xffffffff81000000ull
#define SPIN_LOCK	(KERNEL + 0x100)
#define SPIN_UNLOCK	(KERNEL + 0x200)
#define SLOWPATH	(KERNEL + 0x300)
#define TIMER		(KERNEL + 0x400)
#define SWITCH		(KERNEL + 0x500)
#define MUTEX_LOCK	(KERNEL + 0x600)
#define MUTEX_UNLOCK	(KERNEL + 0x700)
#define MUTEX_SLOW	(KERNEL + 0x800)
#define MODULE		0xffffffffc0001000ull
#define LOCK		0xffff888000001234ull
#define USER		0x400000ull
#define PREEMPT		"\x65\xff\x05"	/* incl %gs:disp32(%rip) */
#define PREEMPT_END	"\x65\xff\x0d"
#define NOP		"\x90"
#define BLOCK_MAX	256

struct qemu_plugin_insn {
	uint8_t bytes[16];
	size_t size;
	uint64_t vaddr;
	plugin_exec exec;
	plugin_mem mem;
	void *exec_data, *mem_data;
};

struct qemu_plugin_tb {
	struct qemu_plugin_insn insn[BLOCK_MAX];
	size_t n;
	plugin_exec exec;
	void *data;
};

static void (*translate)(uint64_t id, struct qemu_plugin_tb *tb);
static void (*at_exit)(uint64_t id, void *data);
static char syms[64], rows[64];
static int phases;
/* the plugin's memory of blocks and instructions, which QEMU would keep as long */
static void *kept[1024];
static int kept_n;

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
					   void (*cb)(uint64_t id, struct qemu_plugin_tb *tb))
{
	translate = cb;
}

void qemu_plugin_register_atexit_cb(uint64_t id, void (*cb)(uint64_t id, void *data),
				    void *data)
{
	at_exit = cb;
}

void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, plugin_exec cb, int regs,
					  void *data)
{
	tb->exec = cb;
	tb->data = data;
	kept[kept_n++ % 1024] = data;
}

void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, plugin_exec cb,
					    int regs, void *data)
{
	insn->exec = cb;
	insn->exec_data = data;
	kept[kept_n++ % 1024] = data;
}

void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, plugin_mem cb, int regs,
				      int rw, void *data)
{
	insn->mem = cb;
	insn->mem_data = data;
}

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb)
{
	return tb->n;
}

uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb)
{
	return tb->insn[0].vaddr;
}

struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i)
{
	return (struct qemu_plugin_insn *)&tb->insn[i];
}

const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn)
{
	return insn->bytes;
}

size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn)
{
	return insn->size;
}

uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn)
{
	return insn->vaddr;
}

/* ---- code ---- */

static struct qemu_plugin_tb tb;

static void code(const void *bytes, size_t n)
{
	struct qemu_plugin_insn *i = &tb.insn[tb.n++], *last = tb.n > 1 ? i - 1 : NULL;

	assert_true(tb.n < BLOCK_MAX && n <= sizeof(i->bytes));
	memset(i, 0, sizeof(*i));
	memcpy(i->bytes, bytes, n);
	i->size = n;
	i->vaddr = last ? last->vaddr + last->size : i->vaddr;
}

#define CODE(s) code(s, sizeof(s) - 1)

static void block(uint64_t at, const void *bytes, size_t n)
{
	memset(&tb, 0, sizeof(tb));
	code(bytes, n);
	tb.insn[0].vaddr = at;
}

#define BLOCK(at, s) block(at, s, sizeof(s) - 1)

static void nops(unsigned int n)
{
	while (n--)
		CODE(NOP);
}

/* An access of the preemption count, which lies at its own offset behind GS. */
static void preempt(const char *op)
{
	struct qemu_plugin_insn *i = &tb.insn[tb.n - 1];
	int32_t disp = 0x1fb40 - (int32_t)(i->vaddr + i->size + 7);
	uint8_t b[7];

	memcpy(b, op, 3);
	memcpy(b + 3, &disp, 4);
	code(b, 7);
}

static void run(unsigned int cpu, uint64_t address)
{
	translate(1, &tb);
	tb.exec(cpu, tb.data);
	for (size_t i = 0; i < tb.n; i++) {
		struct qemu_plugin_insn *insn = &tb.insn[i];

		if (insn->exec)
			insn->exec(cpu, insn->exec_data);
		if (insn->mem)
			insn->mem(cpu, 0, address, insn->mem_data);
	}
}

static void mark(unsigned int which)
{
	uint8_t b[7] = { 0x0f, 0x1f, 0x80, which, 0, 0x4b, 0x4c };

	block(USER, b, 7);
	run(0, 0);
	phases += which == 1;
}

/* A block at @at with @n NOPs and a call, whose return address is the value. */
static uint64_t call_at(unsigned int cpu, uint64_t at, unsigned int n)
{
	BLOCK(at, NOP);
	nops(n);
	CODE("\xe8\0\0\0\0");
	run(cpu, 0);
	return at + n + 1 + 5;
}

static void plain(unsigned int cpu, uint64_t at, unsigned int n)
{
	BLOCK(at, NOP);
	nops(n - 1);
	run(cpu, 0);
}

static void spin_lock(unsigned int cpu)
{
	BLOCK(SPIN_LOCK, NOP);
	preempt(PREEMPT);
	CODE("\xf0\x0f\xb1\x17");	/* lock cmpxchg %edx, (%rdi) */
	run(cpu, LOCK);
}

static void spin_unlock(unsigned int cpu)
{
	BLOCK(SPIN_UNLOCK, NOP);
	CODE("\xc6\x07\x00");		/* movb $0, (%rdi) */
	preempt(PREEMPT_END);
	run(cpu, LOCK);
}

enum { COUNT, CONTENDED, SUM, MAX, WAIT };

/* Rows of this phase with these words: how many; the last of those with the longest time. */
static int row_find(const char *what, uint64_t v[6])
{
	unsigned long long a, b, n[6];
	char line[256], want[32];
	int found = 0;
	FILE *f;

	snprintf(want, sizeof(want), "%c %d %s ", *what, phases, what + 2);
	at_exit(1, NULL);
	f = fopen(rows, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, want, strlen(want)) ||
		    sscanf(line + strlen(want), "%llx %llx %llu %llu %llu %llu %llu %llu", &a, &b,
			   n, n + 1, n + 2, n + 3, n + 4, n + 5) != 8)
			continue;
		if (!found++ || n[MAX] >= v[MAX])
			for (int i = 0; i < 6; i++)
				v[i] = n[i];
	}
	fclose(f);
	return found;
}

/* ---- cases ---- */

static void test_held(void **state)
{
	uint64_t v[6];

	mark(1);
	call_at(0, MODULE, 5);
	spin_lock(0);
	plain(0, MODULE + 11, 20);
	call_at(0, MODULE + 31, 3);
	spin_unlock(0);
	mark(2);
	assert_int_equal(row_find("L spin", v), 1);
	assert_int_equal(v[COUNT], 1);
	assert_int_equal(v[CONTENDED], 0);
	/* from its return to the release: 20 and 5 of the module's, 3 of the unlock's block */
	assert_int_equal(v[SUM], 20 + 5 + 3 - 20);
}

/* Time with preemption off, as far as it is the module's: not the lock's own code. */
static void test_preempt(void **state)
{
	uint64_t v[6];

	mark(1);
	call_at(0, MODULE, 5);
	spin_lock(0);
	plain(0, MODULE + 11, 20);
	plain(0, KERNEL + 0x2000, 100);
	call_at(0, MODULE + 31, 3);
	spin_unlock(0);
	mark(2);
	assert_int_equal(row_find("S preempt", v), 1);
	assert_int_equal(v[MAX], 20 + 100 + 5);
	assert_int_equal(row_find("S irq", v), 0);
	assert_int_equal(row_find("S any", v), 1);
}

/* Another CPU has it: who spins gets no older, but has waited. */
static void test_contended(void **state)
{
	uint64_t v[6];

	mark(1);
	call_at(1, MODULE, 5);
	spin_lock(1);
	plain(1, SLOWPATH, 30);
	plain(1, SLOWPATH, 30);
	plain(1, MODULE + 11, 7);
	call_at(1, MODULE + 31, 3);
	spin_unlock(1);
	mark(2);
	assert_int_equal(row_find("L spin", v), 1);
	assert_int_equal(v[CONTENDED], 1);
	assert_true(v[WAIT] >= 60);
	assert_int_equal(row_find("S preempt", v), 1);
	assert_int_equal(v[MAX], 7 + 5);
}

/* An interrupt belongs neither to the lock nor to what was off before. */
static void test_interrupt(void **state)
{
	uint64_t v[6];

	mark(1);
	call_at(0, MODULE, 5);
	spin_lock(0);
	plain(0, MODULE + 11, 20);
	plain(0, TIMER, 40);
	plain(0, MODULE + 0x800, 9);
	BLOCK(KERNEL + 0x3000, "\x48\xcf");
	run(0, 0);
	call_at(0, MODULE + 31, 3);
	spin_unlock(0);
	mark(2);
	assert_int_equal(row_find("S preempt", v), 1);
	/* IRET itself is still the interrupt's */
	assert_int_equal(v[MAX], 20 + 5);
	assert_int_equal(row_find("S irq", v), 1);
	assert_int_equal(v[MAX], 9);
}

/* A loop with PAUSE waits for another CPU: neither it nor what it looks at counts. */
static void test_pause(void **state)
{
	uint64_t v[6];

	mark(1);
	BLOCK(MODULE, "\xfa");
	nops(6);
	run(0, 0);
	for (int i = 0; i < 3; i++) {
		plain(0, MODULE + 7, 4);
		BLOCK(MODULE + 11, "\xf3\x90");
		run(0, 0);
	}
	plain(0, MODULE + 7, 4);
	BLOCK(MODULE + 13, "\xfb");
	run(0, 0);
	mark(2);
	assert_int_equal(row_find("S irq", v), 1);
	assert_int_equal(v[MAX], 7 + 4);
}

/* VMRUN ends it, #VMEXIT begins another with GIF 0, STGI that; a guest's code is nobody's. */
static void test_vmrun(void **state)
{
	uint64_t v[6];

	mark(1);
	plain(0, MODULE, 5);
	BLOCK(MODULE + 5, "\x0f\x01\xdd");
	nops(10);
	CODE("\x0f\x01\xd8");
	run(0, 0);
	plain(0, 0x8000, 50);
	BLOCK(MODULE + 5 + 16, NOP);
	nops(29);
	CODE("\x0f\x01\xdc");
	run(0, 0);
	mark(2);
	assert_int_equal(row_find("S irq", v), 2);
	assert_int_equal(v[MAX], 30);
	assert_int_equal(cpus[0].guest, 50);
}

/* Another task gets the CPU: what was off for the first is over. */
static void test_switch(void **state)
{
	uint64_t v[6];

	mark(1);
	plain(0, MODULE, 5);
	BLOCK(MODULE + 5, NOP);
	preempt(PREEMPT);
	run(0, 0);
	plain(0, MODULE + 0x20, 11);
	plain(0, SWITCH, 5);
	plain(0, MODULE + 0x40, 13);
	mark(2);
	plain(0, USER, 1);
	assert_true(row_find("S preempt", v) >= 1);
	assert_true(v[MAX] <= 13);
}

/* A mutex that was waited for: from the return to the release on the same CPU. */
static void test_mutex(void **state)
{
	uint64_t v[6], ret;

	mark(1);
	ret = call_at(2, MODULE, 5);
	BLOCK(MUTEX_LOCK, "\xf0\x48\x0f\xb1\x17");
	run(2, LOCK);
	plain(2, MUTEX_SLOW, 10);
	plain(2, KERNEL + 0x4000, 200);	/* others */
	plain(2, ret, 50);
	call_at(2, MODULE + 0x100, 4);
	BLOCK(MUTEX_UNLOCK, "\xf0\x48\x0f\xb1\x17");
	run(2, LOCK);
	mark(2);
	assert_int_equal(row_find("L mutex", v), 1);
	assert_int_equal(v[COUNT], 1);
	assert_int_equal(v[CONTENDED], 1);
	assert_int_equal(v[SUM], 6 + 1);
	/* not between the markers */
	call_at(2, MODULE, 5);
	spin_lock(2);
	plain(2, MODULE + 11, 20);
	spin_unlock(2);
	assert_int_equal(row_find("L spin", v), 0);
}

static int setup(void **state)
{
	static const char *const names[] = { "_raw_spin_lock", "_raw_spin_unlock",
		"native_queued_spin_lock_slowpath", "asm_sysvec_apic_timer_interrupt",
		"__switch_to", "mutex_lock", "mutex_unlock", "__mutex_lock.constprop.0" };
	char arg[2][80], *argv[2] = { arg[0], arg[1] };
	FILE *f;

	snprintf(syms, sizeof(syms), "/tmp/lock-syms.%d", getpid());
	snprintf(rows, sizeof(rows), "/tmp/lock-rows.%d", getpid());
	snprintf(arg[0], sizeof(arg[0]), "syms=%s", syms);
	snprintf(arg[1], sizeof(arg[1]), "out=%s", rows);
	f = fopen(syms, "w");
	fprintf(f, "1fb40 __preempt_count\n%llx __lock_text_start\n", KERNEL);
	for (int i = 0; i < 8; i++)
		fprintf(f, "%llx %s\n", KERNEL + 0x100 * (i + 1), names[i]);
	fprintf(f, "%llx __lock_text_end\n", KERNEL + 0x900);
	for (int i = 0; i < 16; i++)
		fprintf(f, "%llx asm_exc_%d\n", KERNEL + 0x10000 + 16 * i, i);
	fclose(f);
	return qemu_plugin_install(1, NULL, 2, argv);
}

static int teardown(void **state)
{
	unlink(syms);
	return unlink(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_preempt),
		cmocka_unit_test(test_contended),
		cmocka_unit_test(test_interrupt),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_vmrun),
		cmocka_unit_test(test_switch),
		cmocka_unit_test(test_mutex),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
