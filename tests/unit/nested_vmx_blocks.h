/* SPDX-License-Identifier: GPL-2.0-only */
/* Control blocks that VM entry takes, of every kind of guest, and the processor for them. */
#ifndef UNIT_NESTED_VMX_BLOCKS_H
#define UNIT_NESTED_VMX_BLOCKS_H

#include "tests/model/vmentry.h"
#include "vmx/vmcs12.h"

#define GOOD_PHYS_BITS	39

/* Functions that make a block from zeros; and the processor another, where it must be. */
typedef void good_block(struct vmcs12 *c, struct vmentry_cpu *cpu);

extern good_block *const good_blocks[];
extern const unsigned int good_blocks_nr;

/* A processor that has all that there is. */
void good_cpu(struct vmentry_cpu *cpu);

#endif
