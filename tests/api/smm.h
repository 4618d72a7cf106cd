/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU with SMRAM: 64 KiB of address space 1, whose handler tells userspace that it runs.
 */
#ifndef API_SMM_H
#define API_SMM_H

#include "lib.h"

#define PORT_SMM	0x30		/* written by the handler */
#define SMBASE		0x30000u	/* after power-up */
#define SMRAM_SIZE	0x10000u
#define AREA		0xfe00u		/* from SMBASE */
#define SPACE1		(1ul << 16)	/* in a slot's number */
#define MSR_SMBASE	0x9e

/*
 * SMRAM at @base in address space 1, as slot @id there, with the handler OUT, RSM.
 * Returns where userspace has it.
 */
uint8_t *smram_new(struct vm *vm, unsigned int id, uint64_t base);
/* A field of the state-save area, by its offset from SMBASE, as in the manuals. */
uint64_t area_get(const uint8_t *smram, unsigned int at, unsigned int size);
void area_set(uint8_t *smram, unsigned int at, unsigned int size, uint64_t value);

/* KVM_SMI; then the handler, which must say that it runs. */
void smi(struct vcpu *v);
void smi_enter(struct vcpu *v);
/* Completes the OUT that userspace has seen, and runs nothing. */
void complete(struct vcpu *v);

/* MSR_SMBASE, which userspace has. */
uint64_t smbase_get(struct vcpu *v);
void smbase_set(struct vcpu *v, uint64_t base);

struct kvm_vcpu_events events(struct vcpu *v);
bool in_smm(struct vcpu *v);
void skip_without_smm(void);

#endif
