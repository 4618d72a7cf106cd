/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What bench/lock_plugin.c uses of QEMU's interface for TCG plugins (version 1, QEMU 7.2,
 * whose header no package of Debian has), and what its two files share.
 */
#ifndef BENCH_LOCK_PLUGIN_H
#define BENCH_LOCK_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- QEMU's ---- */

/* What QEMU looks for; all else is hidden, for QEMU has a "cpus" of its own. */
#define PLUGIN_EXPORT	__attribute__((visibility("default")))
int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { PLUGIN_NO_REGS = 0, PLUGIN_MEM_RW = 3 };

typedef void (*plugin_exec)(unsigned int cpu, void *data);
typedef void (*plugin_mem)(unsigned int cpu, uint32_t info, uint64_t vaddr, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
					   void (*cb)(uint64_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, plugin_exec cb, int regs,
					  void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, plugin_exec cb,
					    int regs, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, plugin_mem cb, int regs,
				      int rw, void *data);
void qemu_plugin_register_atexit_cb(uint64_t id, void (*cb)(uint64_t id, void *data),
				    void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

/* ---- the kernel's functions that matter: lock_plugin_syms.c ---- */

enum fn_what { FN_ACQUIRE = 1, FN_RELEASE, FN_COUNT, FN_WAIT, FN_SPIN, FN_SLEEP, FN_IRQ,
	       FN_EXC, FN_SYSCALL, FN_SCHEDULE, FN_SWITCH, FN_BH };
enum kind { SPIN, READ, WRITE, MUTEX, SRCU, SYNC, KINDS };

struct fn {
	uint64_t start, end;
	enum fn_what what;
	enum kind kind;
};

/* Reads "address name" lines, sorted by address; 0, or -1 where something is missing. */
int syms_read(const char *path);
/* The function that has this address, if it is one that matters. */
const struct fn *syms_find(uint64_t pc);
/* Offset of __preempt_count in a CPU's area; text of the spinlocks. */
extern uint64_t sym_preempt_count, sym_lock_text, sym_lock_text_end;

/* ---- what a CPU is about ---- */

#define CPUS_MAX	32
#define PHASES_MAX	16
#define PEND_MAX	8
#define HELD_MAX	16
#define FRAMES_MAX	8
#define ROWS		4096		/* of a CPU's table, a power of two */
#define MODULES		0xffffffffc0000000ull
#define MODULES_END	0xffffffffff000000ull

/* what is off; the third: any of both */
enum off { OFF_IRQ, OFF_PREEMPT, OFF_ANY, OFFS };

/* Translated code: first and last instruction, what follows, how many. */
struct block {
	uint64_t pc, last, end;
	unsigned int n;
	bool module, user, spin, pause, call, entry;
	const struct fn *fn;
};

/* A lock that was asked for: until its function returns to ret. */
struct pend {
	const struct fn *fn;
	uint64_t ret, caller, addr, asked, ns;
	bool contended;
};

struct held {
	uint64_t addr, caller, since;
	enum kind kind;
};

struct section {
	uint64_t start, first, since, upto;
	bool on, irq;
};

/* A row of results: a lock's taker, a function waited for, or a section. */
struct row {
	char what;
	uint8_t phase, kind;
	uint64_t a, b, count, contended, sum, max, wait, wait_max;
};

/*
 * Instructions: raw: all but the guests'; own: without those that spin; quiet: without those of
 * interrupts too.  A stack of interrupts and exceptions, irqs of which are interrupts; bh:
 * what __local_bh_enable_ip() is to subtract.
 */
struct cpu {
	uint64_t raw, own, quiet, guest;
	const struct block *last;
	uint64_t vmrun_next;
	bool in_guest, gif_off, if_off, frame_if[FRAMES_MAX];
	enum fn_what frame[FRAMES_MAX];
	int preempt, depth, irqs, bh;
	struct pend pend[PEND_MAX];
	int pends;
	struct held held[HELD_MAX];
	int helds;
	struct section off[OFFS];
	struct row rows[ROWS];
	uint64_t start[2], total[PHASES_MAX][2];
};

extern struct cpu cpus[CPUS_MAX];
/* the phase that runs, or ran last; whether one does */
extern volatile int phase, active;

/* ---- lock_plugin_locks.c ---- */

/* A row of the CPU's, for this phase; a value that is added to it. */
struct row *row_get(struct cpu *c, char what, int kind, uint64_t a, uint64_t b);
void row_add(struct row *r, uint64_t value);
/* Code of the kernel begins, after @from on the same CPU: locks taken, released, waited for. */
void locks_follow(struct cpu *c, const struct block *b, const struct block *from);
/* A memory access of a function (@data) that takes or releases: where the lock is. */
void lock_mem(unsigned int cpu, uint32_t info, uint64_t vaddr, void *data);

#endif
