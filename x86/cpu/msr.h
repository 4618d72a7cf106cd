/* SPDX-License-Identifier: GPL-2.0-only */
/* Model-specific registers: one row each. */
#ifndef LAMINA_X86_CPU_MSR_H
#define LAMINA_X86_CPU_MSR_H

#include <linux/kvm.h>

#include <asm/page.h>
#include <asm/processor.h>

#include "x86/vcpu/x86.h"

struct msr_row;

/**
 * struct msr_access - one RDMSR or WRMSR, or one entry of a VMM's list
 * @row: the row that covers @index, or the first one
 * @index: which register
 * @host: the VMM's, not the guest's
 * @data: value to write, or the value read
 */
struct msr_access {
	const struct msr_row *row;
	u32 index;
	bool host;
	u64 data;
};

#define MSR_SAVED	BIT(0)	/* state that a VMM saves and restores: listed */
#define MSR_USER	BIT(1)	/* userspace sets what it shows; a guest's write: #GP */
#define MSR_IGNORED	BIT(2)	/* a guest's write is taken and has no effect */
#define MSR_FEATURE	BIT(3)	/* tells what the host offers: msr_feature() */
#define MSR_DIRECT	BIT(4)	/* the hardware may let the guest at it without an exit */

/**
 * struct msr_row - one MSR, or several neighbours that work alike
 * @index: its number, the first one's
 * @count: how many
 * @flags: MSR_*
 * @field: of @read and @write that keep a value: a u64 in struct x86_msrs
 * @mask: bits of it that may be one
 * @reset: value after power-up; of a constant: the value
 * @exists: does it exist on this host?  NULL: always
 * @read: fill @data; 0; -EINVAL: #GP; -ENOENT: no such register
 * @write: take @data; the same; NULL: read only
 *
 * With neither function the register lies in a block of the vendor's hardware.
 */
struct msr_row {
	u32 index;
	u16 count;
	u16 flags;
	u16 field;
	u64 mask;
	u64 reset;
	bool (*exists)(void);
	int (*read)(struct x86_vcpu *v, struct msr_access *a);
	int (*write)(struct x86_vcpu *v, struct msr_access *a);
};

/* All rows, sorted by index, without overlap; the first one covers nothing. */
extern const struct msr_row msr_table[];
extern const unsigned int msr_table_rows;

/**
 * msr_read - RDMSR, or userspace's KVM_GET_MSRS
 * @v: own thread; kvm->srcu held unless @a->host
 * @a: index and host; the rest is filled.  For @host, CPUID has no say
 *
 * Return: 0; -EINVAL: not readable now; -ENOENT: unknown, and the parameter ignore_msrs
 * is off; -EPERM: userspace's filter denies it.  All raise #GP unless userspace handles
 * them.
 */
int msr_read(struct x86_vcpu *v, struct msr_access *a);

/**
 * msr_write - WRMSR, or userspace's KVM_SET_MSRS
 * @v: as for msr_read()
 * @a: index, host and data
 *
 * Return: 0; -EINVAL: read only, or a value that the register does not take;
 * -ENOENT, -EPERM: see msr_read().
 */
int msr_write(struct x86_vcpu *v, struct msr_access *a);

/**
 * msrs_read - userspace's entries, one after the other
 * @v: own thread
 * @e: the index of each; its data is filled
 * @n: how many
 *
 * Return: how many were done before the first that failed.
 */
u32 msrs_read(struct x86_vcpu *v, struct kvm_msr_entry *e, u32 n);

/** msrs_write - the same, where the data of each is written */
u32 msrs_write(struct x86_vcpu *v, const struct kvm_msr_entry *e, u32 n);

/**
 * msr_feature - what the host offers in a register of MSR_FEATURE
 * @index: the register
 * @data: result
 *
 * Return: 0, or -EINVAL: no such register.
 */
int msr_feature(u32 index, u64 *data);

/** msr_is_canonical - may a register that holds a linear address have this one? */
static inline bool msr_is_canonical(u64 address)
{
	return __is_canonical_address(address, boot_cpu_data.x86_virt_bits);
}

/** msr_reset - values after power-up */
void msr_reset(struct x86_vcpu *v);

/* ioctls: x86/cpu/msr_ioctl.c */
/** msr_ioctl_index_list - KVM_GET_MSR_INDEX_LIST; -E2BIG without room */
long msr_ioctl_index_list(void *unused, void *data, unsigned long arg);
/** msr_ioctl_feature_list - KVM_GET_MSR_FEATURE_INDEX_LIST; likewise */
long msr_ioctl_feature_list(void *unused, void *data, unsigned long arg);
/** msr_ioctl_features - KVM_GET_MSRS on /dev/kvm; returns how many were read */
long msr_ioctl_features(void *unused, void *data, unsigned long arg);
/** msr_ioctl_get - KVM_GET_MSRS; returns how many were read */
long msr_ioctl_get(void *vcpu, void *data, unsigned long arg);
/** msr_ioctl_set - KVM_SET_MSRS; returns how many were written */
long msr_ioctl_set(void *vcpu, void *data, unsigned long arg);

#endif
