/* SPDX-License-Identifier: GPL-2.0-only */
/* MSRs from both sides: a machine whose guest reads and writes one at a time. */
#ifndef API_MSR_H
#define API_MSR_H

#include "lib.h"

/* The machine that all of this is about: a VM, and vCPU 0 in long mode. */
extern struct vm vm;
extern struct vcpu v;

/* The code of guest_access(); it is at GPA_CODE. */
extern const uint8_t g_access[], g_access_end[];

/* Makes the machine; msr_code() loads a vCPU that was made otherwise. */
void msr_machine(void);
void msr_code(struct vcpu *cpu);

/* Userspace's access: 1 if it was done. */
int host_get(uint32_t index, uint64_t *value);
int host_set(uint32_t index, uint64_t value);
/* Userspace's read, which must succeed. */
uint64_t host_msr(uint32_t index);

/* Runs one instruction in the guest.  True when it raised no #GP(0). */
bool guest_access(uint32_t index, uint64_t *value, bool write);
bool guest_set(uint32_t index, uint64_t value);
bool guest_reads(uint32_t index);
/* The guest's read, which must succeed. */
uint64_t guest_msr(uint32_t index);

/* Is it the kernel's own KVM?  Where that and the manuals differ. */
bool is_stock(void);

#endif
