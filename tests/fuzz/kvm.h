/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fuzzer of /dev/kvm.  A program is a few bytes: what machine to make, and calls, each
 * of which draws all its numbers from its own seed, so that the same bytes are the same
 * calls.  kvm.c keeps a corpus of programs that reached something new; a child runs one.
 */
#ifndef TESTS_FUZZ_KVM_H
#define TESTS_FUZZ_KVM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "tests/api/lib.h"
#include "tests/api/msr.h"
#include "tests/api/rnd.h"

#define CALLS_MAX	40
#define CPUS_MAX	4
/* One for each vCPU, and one more. */
#define THREADS		(CPUS_MAX + 1)

/**
 * struct setup - the machine of a program
 * @chips: interrupt controllers: enum chips
 * @cpus: vCPUs, modulo CPUS_MAX, less one
 * @memory: what is behind slot 0: enum memory
 * @flags: WITH_*
 * @seed: of the rest
 */
struct setup {
	uint8_t chips, cpus, memory, flags;
	uint32_t seed;
};

enum chips { CHIPS_NONE, CHIPS_SPLIT, CHIPS_ALL, CHIPS_PIT, CHIPS_KINDS };
enum memory { MEM_PRIVATE, MEM_HUGE, MEM_SHARED, MEM_USERFAULT, MEM_KINDS };

#define WITH_THREADS	1	/* calls run beside each other; else in their order */
#define WITH_RINGS	2	/* dirty rings */
#define WITH_L2		4	/* vCPU 0 is a hypervisor */
#define WITH_WITNESS	8	/* another VM, whose memory is looked after */
#define WITH_CAPS	16	/* random capabilities */
#define WITH_HV		32	/* Hyper-V's CPUID, and what takes it */
#define FLAGS		6

struct call {
	uint8_t op, thread;
	uint16_t arg;		/* a small number of the call's own */
	uint32_t seed;
};

struct prog {
	uint32_t n;
	struct setup setup;
	struct call call[CALLS_MAX];
};

/* ---- kvm_prog.c ---- */

void prog_make(struct prog *p, uint64_t seed);
/* With parts of another program. */
void prog_mutate(struct prog *p, const struct prog *other, uint64_t seed);
/* One line of hexadecimal digits. */
void prog_print(const struct prog *p, char mark);
bool prog_parse(struct prog *p, const char *line);
/* For people. */
void prog_show(const struct prog *p);

/* ---- kvm_cov.c ---- */

bool cov_open(void);
/* In a child's thread: what it executes in the modules is noted from now on. */
void cov_start(unsigned int thread);
/* What the last child reached: the number of edges that were new. */
unsigned int cov_collect(void);
/* Blocks that are new since the last call, one line each; and sums by module. */
void cov_print(void);
void cov_sums(FILE *f);

/* ---- kvm_run.c: in the child ---- */

struct world {
	const struct prog *prog;
	struct vcpu cpu[CPUS_MAX];
	unsigned int cpus;
	unsigned int ring;		/* bytes of a dirty ring, or 0 */
	bool threads;
	int events[4];
	uint8_t *arena;			/* for slots beside slot 0 */
};

#define ARENA		(8ul << 20)

extern struct world world;
/* Each thread's own: two pages, nothing behind them. */
extern __thread uint8_t *scratch;

/* Runs the program and ends the process. */
void prog_run(const struct prog *p) __attribute__((noreturn));
/* A finding that no kernel complains of; ends the process, which may be a child's child. */
void finding(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
extern char *finding_text;	/* shared with the parent */
#define FINDING_SIZE	512

/* The vCPU that a call is about: mostly its thread's. */
struct vcpu *call_cpu(const struct call *c);
/* An ioctl with an argument that may be spoilt, and be anywhere. */
int call_ioctl(int fd, unsigned long req, const void *arg, size_t size);
/* KVM_RUN, which a signal ends after a moment. */
int cpu_run(struct vcpu *cpu);

typedef void op_fn(const struct call *c);

struct op {
	const char *name;
	op_fn *fn;
	uint8_t weight;
};

extern const struct op ops[];
extern const unsigned int ops_nr;

/* ---- kvm_vm.c ---- */

op_fn op_slot, op_dirty, op_io, op_irqfd, op_line, op_msi, op_routes, op_cap,
	op_filter, op_vm_misc, op_cpu_new, op_any, op_stats;
void caps_random(void);

/* ---- kvm_cpu.c, kvm_state.c, kvm_guest.c ---- */

op_fn op_run, op_guest, op_msrs, op_cpuid, op_event, op_debug, op_cpu_misc,
	op_spoil_run, op_program;
op_fn op_state;
void guests_make(void);

/* ---- kvm_l2_svm.c, or kvm_l2_vmx.c: fuzz-kvm's, and fuzz-kvm-intel's ---- */

op_fn op_l2, op_l2_program;
/* vCPU 0 becomes a hypervisor; false if it cannot. */
bool l2_make(void);
/* An instruction of a hypervisor's, of at most 8 bytes; RAX has mostly this for it. */
unsigned int l2_insn(uint8_t *insn);
extern const uint32_t l2_operand;

/* ---- kvm_code.c ---- */

/* A program for a guest in 64-bit mode; it is its thread's. */
const uint8_t *code_make(unsigned int *length);
/* Handlers for it: faults are skipped, interrupts are ended. */
void code_catch(struct vcpu *cpu);
/* One of Hyper-V's MSRs and what it is mostly set to. */
void hv_usual(uint32_t *msr, uint64_t *value);

/* ---- kvm_hv.c ---- */

op_fn op_hv, op_smm, op_system;
void hv_make(struct vcpu *cpu);

/* ---- kvm_mem.c ---- */

op_fn op_madvise, op_map, op_fork, op_write, op_hotplug, op_signal, op_ring;
void memory_make(enum memory kind);
/* A file of the kernel's gets these words. */
void file_write(const char *path, const char *words);

/* ---- kvm_witness.c ---- */

op_fn op_witness, op_witness_memory;
void witness_make(void);

#endif
