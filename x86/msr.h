/* SPDX-License-Identifier: GPL-2.0-only */
/* Model-specific registers: one row each. */
#ifndef LAMINA_X86_MSR_H
#define LAMINA_X86_MSR_H

#include "x86/x86.h"

/**
 * struct msr_row - one MSR
 * @index: its number
 * @read: fill @data; 0, or -EINVAL for #GP
 * @write: take @data; @host: the client writes, not the guest; NULL: read only
 *
 * With both NULL the register lies in a block of the vendor's hardware.
 */
struct msr_row {
	u32 index;
	int (*read)(struct x86_vcpu *v, u64 *data);
	int (*write)(struct x86_vcpu *v, u64 data, bool host);
};

/* All rows, those that a client saves and restores. */
extern const struct msr_row msr_table[];
extern const unsigned int msr_table_rows;

/**
 * msr_read - RDMSR, or the client's KVM_GET_MSRS
 * @v: own thread
 * @index: which
 * @data: result
 *
 * Return: 0, or -EINVAL: unknown, or not readable now.
 */
int msr_read(struct x86_vcpu *v, u32 index, u64 *data);

/**
 * msr_write - WRMSR, or the client's KVM_SET_MSRS
 * @v: own thread
 * @index: which
 * @data: value
 * @host: the client writes
 *
 * Return: 0, or -EINVAL: unknown, read only or a value that raises #GP.
 */
int msr_write(struct x86_vcpu *v, u32 index, u64 data, bool host);

/** apic_base_is_valid - may IA32_APIC_BASE have this value? */
bool apic_base_is_valid(const struct x86_vcpu *v, u64 data);

/** msr_reset - values after power-up */
void msr_reset(struct x86_vcpu *v);

/** msr_ioctl_index_list - KVM_GET_MSR_INDEX_LIST; -E2BIG without room */
long msr_ioctl_index_list(void *unused, void *data, unsigned long arg);
/** msr_ioctl_get - KVM_GET_MSRS; returns how many were read */
long msr_ioctl_get(void *vcpu, void *data, unsigned long arg);
/** msr_ioctl_set - KVM_SET_MSRS; returns how many were written */
long msr_ioctl_set(void *vcpu, void *data, unsigned long arg);

#endif
