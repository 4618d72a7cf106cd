/* SPDX-License-Identifier: GPL-2.0-only */
/* A machine with random code, registers, tables and descriptors. */
#ifndef API_RANDGUEST_H
#define API_RANDGUEST_H

#include "lib.h"

/* A slot for reading only, between the end of slot 0 and a hole. */
#define GPA_RO		RAM_SIZE
#define RO_SIZE		0x4000ul

#define CR0_PE		1ull
#define CR0_PG		(1ull << 31)
#define EFER_LMA	(1ull << 10)
#define EFER_LME	(1ull << 8)
#define FLAG_IF		(1ull << 9)
#define FLAG_VM		(1ull << 17)

enum kind {
	KIND_REAL, KIND_PROT, KIND_PROT16, KIND_32, KIND_PAE, KIND_LONG,
	KIND_LONG5, KIND_COMPAT, KIND_COMPAT16, KIND_V86, KIND_COUNT
};

extern const char *const kind_names[];

/* There is one at a time. */
extern struct vm guest_vm;
extern struct vcpu guest_cpu;
extern uint64_t guest_tables;	/* where its page tables begin */
extern bool spoiled;		/* sregs are not what a CPU could have */

void guest_new(void);
/* What is in guest_vm and guest_cpu gets what else a guest needs: before any runs. */
void guest_adopt(void);
/* A new guest in the same machine.  Return: its CPU mode. */
enum kind guest_start(void);
/* The same guest elsewhere, for one that cannot go on or goes in circles. */
void guest_again(void);
/* KVM_SET_SREGS of a state that the lab's emulator can stand. */
int sregs_try(struct kvm_sregs *s);

#endif
