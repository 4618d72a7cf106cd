/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine whose guest, L1, runs a guest of its own by SVM.  L1 is a loop of a few
 * instructions around VMRUN, which stops behind each #VMEXIT; what a hypervisor would do
 * there the test does, in L1's memory.
 */
#ifndef API_SVM_H
#define API_SVM_H

#include "msr.h"
#include "vmcb.h"

/* L1's memory. */
#define GPA_VMCB	0x20000
#define GPA_HSAVE	0x21000
#define GPA_IOPM	0x22000
#define GPA_MSRPM	0x26000
#define GPA_VMCB2	0x28000
#define GPA_STACK2	0x30000		/* top of L2's stack */
#define GPA_CODE2	0x31000
#define GPA_DATA2	0x40000		/* free for the test, to 0x80000 */

#define PORT_L1		0x40		/* L1 says: #VMEXIT */
#define PORT_STORED	0x41

extern struct pt npt;			/* L1's nested page table, by 2 MiB pages */
extern bool with_npt;

/* Machine, L1, and L2's code at GPA_CODE2, in a state like L1's own. */
#define L2_START(name) l2_start(name, name##_end)
void l2_start(const uint8_t *code, const uint8_t *end);
/* The same in a machine and with a vCPU that are there. */
void l2_enter_here(const uint8_t *code, const uint8_t *end);
/* L2's control block, which L1 has. */
struct vmcb *vmcb(void);
void intercept(unsigned int exit_code);
void intercept_none(unsigned int exit_code);

/* L1 enters L2, which exits by this code. */
void l2_until(uint64_t exit_code);
/* L1 enters L2 or goes on in it, and userspace sees OUT to this port by L2. */
void l2_out(uint16_t port);
/* The same once more, behind an instruction of this many bytes that has exited. */
void l2_next(unsigned int bytes, uint64_t exit_code);

/* L1, which has just been exited to, writes this number to its memory. */
void l1_store(uint64_t gpa, uint64_t value);

/* A case, and the same with nested paging in L1. */
#define BOTH(fn)	static void fn##_npt(void) { with_npt = true; fn(); }
#define CASE(fn)	{ .name = #fn, .run = fn }
#define CASES(fn)	{ .name = #fn, .run = fn }, { .name = #fn "_npt", .run = fn##_npt }

void skip_without_svm(void);
/* A bit of EDX of CPUID 0x8000000a. */
void skip_without_feature(int bit);
void event_interrupt(uint32_t vector);

#endif
