/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hypervisor of random guests, L1, that runs on a machine without anything else: on an
 * emulated processor itself, and the same bytes in a virtual machine.  What it tells of its
 * guests, L2, is then the same, or a virtual machine is not what the processor is.
 *
 * A program is a guest from its first VMRUN to its last #VMEXIT.  All of it comes from its
 * number: control block, page tables, code, and what L1 does between the entries.
 */
#ifndef L1_H
#define L1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/api/vmcb.h"

/* L2's memory: pages from here on, in 2 MiB of their own, mapped one to one. */
#define ARENA		0x800000u
#define PAGE		0x1000u
#define AT(n)		(ARENA + (n) * PAGE)

enum {
	P_CODE, P_STACK, P_KSTACK, P_IDT, P_GDT, P_HANDLERS,
	P_DATA, P_DATA_LAST = P_DATA + 3,
	P_SPARE,	/* what is written across the last page's end; or to be mapped elsewhere */
	P_ROOT, P_DIRS, P_DIR, P_TABLE, P_TABLE32,
	P_COUNT		/* behind all of them the program's number */
};

#define PTE_P		1ull
#define PTE_W		2ull
#define PTE_U		4ull
#define PTE_A		0x20ull
#define PTE_D		0x40ull
#define PTE_NX		(1ull << 63)

/* Kinds of L2. */
enum kind { LONG0, LONG3, COMPAT, PAE, LEGACY, FLAT, KINDS };

#define HANDLER_BYTES	16
#define WITH_ERROR	0x227d00u	/* vectors with an error code */
#define RFLAGS_RF	0x10000u
#define STARTS_MAX	64

/**
 * struct program - what L1 knows of its guest
 * @kind: enum kind
 * @npt: it has a nested page table
 * @virq: its control block has a virtual interrupt, and its code leaves IF alone
 * @start, @starts: where its instructions begin, as offsets in P_CODE
 * @end: where its code ends
 */
struct program {
	enum kind kind;
	bool npt, virq;
	unsigned int start[STARTS_MAX], starts, end;
};

struct gprs {
	uint64_t rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
};

extern struct program prog;
extern bool no_npt;		/* of no program */
extern struct gprs l2_gprs;
extern struct vmcb l2, l1_rest;
extern uint8_t iopm[], msrpm[];
extern uint64_t npt_table[512];

static inline bool is_64bit(void) { return prog.kind == LONG0 || prog.kind == LONG3; }
static inline bool is_long(void) { return prog.kind <= COMPAT; }

/* Where a handler finds the flags, from its stack pointer on. */
static inline unsigned int frame_flags(unsigned int vector)
{
	bool error = vector < 32 && (WITH_ERROR >> vector & 1);

	return (error ? 3 : 2) * (is_long() ? 8 : 4);
}

static inline uint64_t *page_u64(unsigned int n) { return (uint64_t *)(uintptr_t)AT(n); }
static inline uint32_t *page_u32(unsigned int n) { return (uint32_t *)(uintptr_t)AT(n); }
static inline uint8_t *page_u8(unsigned int n) { return (uint8_t *)(uintptr_t)AT(n); }

/* Of a refused VMRUN the lab's processor gives 32 bits, as Linux's KVM does. */
static inline bool is_refused(void) { return (uint32_t)l2.exit_code == (uint32_t)EXIT_INVALID; }

/* main.c */
void rnd_start(uint64_t n);
uint64_t rnd(void);
static inline uint32_t below(uint32_t n) { return (rnd() >> 33) % n; }
static inline bool one_in(uint32_t n) { return !below(n); }

/* tables.c: L2's page tables, descriptors and handlers; L1's nested page table */
void tables_prepare(void);
void tables_make(void);
void npt_prepare(void);
void npt_make(void);
void npt_change(void);
/* After a fault at this address: the page is there for everybody. */
void npt_mend(uint64_t gpa);

/* block.c: the control block */
void block_make(void);
/* Segments and privilege of the kind, as the program begins. */
void block_segs(void);
void block_intercepts(void);
void block_event(void);
void intercept_off(unsigned int code);

/* code.c */
void code_make(void);

/* record.c */
void say(const char *text);
void say_hex(uint64_t value);
void say_flush(void);
extern bool verbose;
/* The guest as #VMEXIT has left it; returns a sum of all that was recorded. */
void record_begin(void);
void record_exit(void);
uint64_t record_end(void);

#endif
