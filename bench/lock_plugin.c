// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin for QEMU's TCG that watches a kernel's locks from outside, so that the kernel
 * and its modules are as they were built: who takes a lock (the address after the call),
 * how often, how often somebody else had it, for how many executed instructions it was
 * held; and the longest times with preemption off, with interrupts off, and with either.
 *
 *   -plugin FILE.so,syms=SYMBOLS,out=FILE
 *
 * Only between the two markers of bench/lock_load.c, a phase for each pair. A CPU's time
 * is the instructions that it has executed, but for those of guests, those that spin for
 * another CPU, which our host may have taken off its own, and, for locks and where preemption
 * was off before, those of interrupts.
 *
 * Of a time with something off that part counts which lies between the first and the last
 * code of a module in it. It ends where another task gets the CPU, and at VMRUN: who
 * interrupts the guest ends that. It begins again at #VMEXIT, where GIF is 0 (APM 2, 15.17).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/lock_plugin.h"

#define MARK_START	0x4c4b0001u	/* NOPL of this displacement */
#define MARK_STOP	0x4c4b0002u

PLUGIN_EXPORT int qemu_plugin_version = 1;

/* An instruction that changes what is off: VMRUN, ...; delta: of the preemption count. */
enum change { CH_PREEMPT, CH_BH, CH_CLI, CH_STI, CH_CLGI, CH_STGI, CH_VMRUN, CH_IRET };
struct insn {
	enum change change;
	unsigned int i, n;
	int delta;
	uint64_t pc;
};

struct cpu cpus[CPUS_MAX];
volatile int phase, active;
static const char *out = "locks.out";

/* ---- times with something off ---- */

static void section_end(struct cpu *c, enum off o)
{
	struct section *s = &c->off[o];

	if (s->on && s->first && active)
		row_add(row_get(c, 'S', o, s->start, s->first),
			s->upto > s->since ? s->upto - s->since : 0);
	s->on = false;
}

static bool is_module(uint64_t pc)
{
	return pc >= MODULES && pc < MODULES_END;
}

/* Code of a module; in an interrupt it is no part of what was off before. */
static void section_module(const struct cpu *c, struct section *s, uint64_t pc, unsigned int n)
{
	uint64_t now = s->irq ? c->own : c->quiet;

	if (!s->on || (c->irqs && !s->irq))
		return;
	if (!s->first) {
		s->first = pc;
		s->since = now - n;
	}
	s->upto = now;
}

/* sections_update: after a change by the instruction at pc */
static void sections_update(struct cpu *c, uint64_t pc)
{
	bool irq = c->if_off || c->gif_off;
	bool off[OFFS] = { irq, c->preempt != 0, irq || c->preempt };

	for (int o = 0; o < OFFS; o++) {
		struct section *s = &c->off[o];
		bool on = off[o] && !c->in_guest;

		if (on == s->on)
			continue;
		if (on)
			*s = (struct section){ .on = true, .start = pc, .irq = c->irqs != 0 };
		if (is_module(pc))
			section_module(c, s, pc, 0);
		if (!on)
			section_end(c, o);
	}
}

static void state_reset(struct cpu *c)
{
	c->preempt = c->depth = c->irqs = 0;
	c->if_off = c->gif_off = c->in_guest = false;
	c->pends = c->helds = 0;
	sections_update(c, 0);
}

static void frame_push(struct cpu *c, const struct block *b)
{
	if (c->depth < FRAMES_MAX) {
		c->frame_if[c->depth] = c->if_off;
		c->frame[c->depth++] = b->fn->what;
		c->irqs += b->fn->what == FN_IRQ;
	}
	c->if_off = true;
	sections_update(c, b->pc);
}

/* IRET; where its task has slept meanwhile, interrupts were on. */
static void frame_pop(struct cpu *c)
{
	if (!c->depth) {
		c->if_off = false;
		return;
	}
	c->if_off = c->frame_if[--c->depth];
	c->irqs -= c->frame[c->depth] == FN_IRQ;
}

static void insn_exec(unsigned int cpu, void *data)
{
	struct cpu *c = &cpus[cpu % CPUS_MAX];
	const struct insn *i = data;
	uint64_t rest = c->last && c->last->spin ? 0 : i->n - i->i;
	uint64_t quiet = c->irqs ? 0 : rest;

	if (c->in_guest)
		return;
	/* the whole block was counted when it began */
	c->own -= rest;
	c->quiet -= quiet;
	switch (i->change) {
	case CH_PREEMPT:
		c->preempt += i->delta;
		break;
	case CH_BH:
		c->preempt -= c->bh;
		break;
	case CH_CLI:
	case CH_STI:
		c->if_off = i->change == CH_CLI;
		break;
	case CH_CLGI:
	case CH_STGI:
		c->gif_off = i->change == CH_CLGI;
		break;
	case CH_VMRUN:
		c->in_guest = true;
		c->gif_off = true;
		c->vmrun_next = i->pc + 3;
		break;
	case CH_IRET:
		frame_pop(c);
		break;
	}
	sections_update(c, i->pc);
	c->own += rest;
	c->quiet += quiet;
}

/* A function that changes what is off, or whose time it is. */
static void entry_follow(struct cpu *c, const struct block *b, const struct block *from)
{
	int o;

	switch (b->fn->what) {
	case FN_IRQ:
	case FN_EXC:
		frame_push(c, b);
		break;
	case FN_SYSCALL:
		c->if_off = true;
		sections_update(c, b->pc);
		break;
	case FN_SCHEDULE:
		c->irqs = c->depth = 0;
		break;
	case FN_SWITCH:
		for (o = 0; o < OFFS; o++)
			section_end(c, o);
		sections_update(c, b->pc);
		break;
	case FN_BH:
		/* SOFTIRQ_LOCK_OFFSET or SOFTIRQ_DISABLE_OFFSET, of which one stays */
		c->bh = from && from->last >= sym_lock_text && from->last < sym_lock_text_end ?
			0x200 : 0x1ff;
		break;
	default:
		break;
	}
}

static void block_exec(unsigned int cpu, void *data)
{
	struct cpu *c = &cpus[cpu % CPUS_MAX];
	const struct block *b = data, *from = c->last;

	if (c->in_guest) {
		if (b->pc != c->vmrun_next) {
			c->guest += b->n;
			return;
		}
		c->in_guest = false;
		sections_update(c, b->pc);
	}
	if (b->user) {
		if (c->preempt || c->if_off || c->depth || c->gif_off)
			state_reset(c);
	} else if (b->entry) {
		entry_follow(c, b, from);
	}
	c->last = b;
	c->raw += b->n;
	if (!b->spin) {
		c->own += b->n;
		c->quiet += c->irqs ? 0 : b->n;
	} else if (b->pause && from && !from->spin && !from->user) {
		/* what was looked at before is a part of the loop */
		c->own -= from->n;
		c->quiet -= c->irqs ? 0 : from->n;
	}
	for (int o = 0; b->module && o < OFFS; o++)
		section_module(c, &c->off[o], b->pc, b->n);
	if (!b->user)
		locks_follow(c, b, from);
}

/* ---- phases and results ---- */

static void row_print(FILE *f, const struct row *r, int cpu)
{
	static const char *const kinds[] = { "spin", "read", "write", "mutex", "srcu", "wait" };
	static const char *const offs[] = { "irq", "preempt", "any" };

	fprintf(f, "%c %d %s %016llx %016llx %llu %llu %llu %llu %llu %llu %d\n", r->what, r->phase,
		r->what == 'S' ? offs[r->kind] : kinds[r->kind], (unsigned long long)r->a,
		(unsigned long long)r->b, (unsigned long long)r->count,
		(unsigned long long)r->contended, (unsigned long long)r->sum,
		(unsigned long long)r->max, (unsigned long long)r->wait,
		(unsigned long long)r->wait_max, cpu);
}

static void results(uint64_t id, void *data)
{
	FILE *f = fopen(out, "w");

	(void)id, (void)data;
	if (!f)
		return;
	for (struct cpu *c = cpus; c < cpus + CPUS_MAX; c++) {
		for (int i = 0; i < ROWS; i++)
			if (c->rows[i].what)
				row_print(f, &c->rows[i], c - cpus);
		for (int p = 1; p < PHASES_MAX; p++)
			if (c->total[p][0])
				fprintf(f, "T %d %d %llu %llu\n", p, (int)(c - cpus),
					(unsigned long long)c->total[p][0],
					(unsigned long long)c->total[p][1]);
	}
	fclose(f);
}

static void mark_exec(unsigned int cpu, void *data)
{
	bool start = data != NULL;

	(void)cpu;
	if (start && phase < PHASES_MAX - 1)
		phase++;
	active = start;
	for (struct cpu *c = cpus; c < cpus + CPUS_MAX; c++) {
		if (start) {
			c->start[0] = c->own;
			c->start[1] = c->guest;
		} else {
			c->total[phase][0] = c->own - c->start[0];
			c->total[phase][1] = c->guest - c->start[1];
		}
	}
}

/* ---- translation ---- */

/* The preemption count's change: INC, DEC, ADD, SUB of %gs:__preempt_count; 0: another. */
static int preempt_delta(const uint8_t *d, size_t n, uint64_t next)
{
	unsigned int op = n > 2 ? d[1] : 0, reg = n > 2 ? d[2] >> 3 & 7 : 0;
	size_t at = 3;
	int32_t disp, imm = 1;
	uint64_t addr;

	if (n < 7 || d[0] != 0x65 || (op != 0xff && op != 0x83 && op != 0x81))
		return 0;
	if ((d[2] & 0xc7) == 0x04 && d[3] == 0x25)
		at = 4;
	else if ((d[2] & 0xc7) != 0x05)
		return 0;
	memcpy(&disp, d + at, 4);
	addr = at == 3 ? next + disp : (uint64_t)disp;
	if (addr != sym_preempt_count)
		return 0;
	if (op == 0x83)
		imm = (int8_t)d[at + 4];
	else if (op == 0x81)
		memcpy(&imm, d + at + 4, 4);
	if (op == 0xff)
		return reg == 0 ? 1 : reg == 1 ? -1 : 0;
	return reg == 0 ? imm : reg == 5 ? -imm : 0;
}

static int change_of(const uint8_t *d, size_t n, uint64_t next, int *delta)
{
	if (n == 1 && (d[0] == 0xfa || d[0] == 0xfb))
		return d[0] == 0xfa ? CH_CLI : CH_STI;
	if (n == 2 && d[0] == 0x48 && d[1] == 0xcf)
		return CH_IRET;
	if (n == 3 && d[0] == 0x0f && d[1] == 0x01 && d[2] >= 0xd8 && d[2] <= 0xdd)
		return d[2] == 0xd8 ? CH_VMRUN : d[2] == 0xdc ? CH_STGI :
		       d[2] == 0xdd ? CH_CLGI : -1;
	*delta = preempt_delta(d, n, next);
	return *delta ? CH_PREEMPT : -1;
}

/* ADD or SUB of a register, which only __local_bh_enable_ip() has */
static bool is_bh(const struct block *b, const uint8_t *d, size_t n)
{
	return b->fn && b->fn->what == FN_BH && n > 6 && d[0] == 0x65 &&
	       (d[1] == 0x01 || d[1] == 0x29);
}

static void insn_watch(struct qemu_plugin_insn *insn, const struct block *b, unsigned int i)
{
	const uint8_t *d = qemu_plugin_insn_data(insn);
	size_t n = qemu_plugin_insn_size(insn);
	uint64_t pc = qemu_plugin_insn_vaddr(insn);
	int delta = 0, change;
	struct insn *w;

	if (b->user) {
		uint32_t mark = 0;

		if (n == 7 && d[0] == 0x0f && d[1] == 0x1f && d[2] == 0x80)
			memcpy(&mark, d + 3, 4);
		if (mark == MARK_START || mark == MARK_STOP)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, mark_exec, PLUGIN_NO_REGS,
				mark == MARK_START ? (void *)cpus : NULL);
		return;
	}
	if (b->fn && (b->fn->what == FN_ACQUIRE || b->fn->what == FN_RELEASE) &&
	    (d[0] == 0xf0 || (n == 3 && d[0] == 0xc6)))
		qemu_plugin_register_vcpu_mem_cb(insn, lock_mem, PLUGIN_NO_REGS, PLUGIN_MEM_RW,
						 (void *)b->fn);
	change = is_bh(b, d, n) ? CH_BH : change_of(d, n, pc + n, &delta);
	if (change < 0)
		return;
	w = malloc(sizeof(*w));
	*w = (struct insn){ change, i, b->n, delta, pc };
	qemu_plugin_register_vcpu_insn_exec_cb(insn, insn_exec, PLUGIN_NO_REGS, w);
}

static bool is_pause(const struct qemu_plugin_insn *insn)
{
	return qemu_plugin_insn_size(insn) == 2 &&
	       !memcmp(qemu_plugin_insn_data(insn), "\xf3\x90", 2);
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	struct block *b = calloc(1, sizeof(*b));
	struct qemu_plugin_insn *last;
	const uint8_t *d;

	(void)id;
	b->n = qemu_plugin_tb_n_insns(tb);
	b->pc = qemu_plugin_tb_vaddr(tb);
	last = qemu_plugin_tb_get_insn(tb, b->n - 1);
	b->last = qemu_plugin_insn_vaddr(last);
	b->end = b->last + qemu_plugin_insn_size(last);
	d = qemu_plugin_insn_data(last);
	b->call = d[0] == 0xe8 || (d[0] == 0xff && (d[1] >> 3 & 7) == 2);
	b->user = b->pc < 1ull << 47;
	b->module = is_module(b->pc);
	b->fn = b->user || b->module ? NULL : syms_find(b->pc);
	b->entry = b->fn && b->fn->start == b->pc;
	for (unsigned int i = 0; i < b->n && !b->user; i++)
		b->pause |= is_pause(qemu_plugin_tb_get_insn(tb, i));
	b->spin = b->pause || (b->fn && b->fn->what == FN_SPIN);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, block_exec, PLUGIN_NO_REGS, b);
	for (unsigned int i = 0; i < b->n; i++)
		insn_watch(qemu_plugin_tb_get_insn(tb, i), b, i);
}

PLUGIN_EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	const char *syms = NULL;

	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "syms=", 5))
			syms = argv[i] + 5;
		else if (!strncmp(argv[i], "out=", 4))
			out = strdup(argv[i] + 4);
	}
	if (!syms || syms_read(syms)) {
		fprintf(stderr, "lock_plugin: no symbols\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, results, NULL);
	return 0;
}
