/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The small parts of a vCPU: one struct a module, which alone writes it.  What a
 * module offers is in its own header.
 */
#ifndef LAMINA_X86_VCPU_PARTS_H
#define LAMINA_X86_VCPU_PARTS_H

#include <linux/hrtimer.h>
#include <linux/kvm.h>
#include <linux/types.h>

#include <asm/fpu/api.h>

#include "irq/lapic.h"

#define CPUID_BUCKETS 64

/**
 * struct x86_cpuid - a guest's CPUID table and what follows from it: cpuid.h
 * @entry: userspace's entries, then one link of a hash chain for each
 * @n: how many
 * @first: by hash of the function, the first entry's number + 1, or 0
 * @xcr0: XCR0 bits that the guest may set
 * @cr4_allowed: CR4 bits that the guest may set
 */
struct x86_cpuid {
	struct kvm_cpuid_entry2 *entry;
	u32 n;
	u16 first[CPUID_BUCKETS];
	u8 maxphyaddr;
	bool has_nx;
	bool has_lm;
	bool has_gib_pages;
	bool has_ffxsr;
	bool amd;
	u64 xcr0;
	u64 cr4_allowed;
};

/**
 * struct x86_fpu - FPU state: fpu.h
 * @guest: the registers
 * @xcr0: XCR0
 * @pkru: PKRU, while it is not in the CPU
 * @host_pkru: the thread's PKRU, while the guest's is in the CPU
 * @loaded: FPU_* that the CPU has of the guest
 */
struct x86_fpu {
	struct fpu_guest guest;
	u64 xcr0;
	u32 pkru;
	u32 host_pkru;
	u8 loaded;
};

/**
 * struct x86_debug - userspace debugs the guest: debug.h
 * @control: KVM_GUESTDBG_*; 0: it does not
 * @db: with USE_HW_BP: DR0 to DR3
 * @dr7: with USE_HW_BP: DR7
 */
struct x86_debug {
	u32 control;
	u64 db[4];
	u64 dr7;
};

/**
 * struct x86_apic - the LAPIC, where it is in the kernel: cpu/apic.h
 * @lapic: the library's; its @regs are NULL where there is none
 * @timer: its timer
 * @nmis: with REQ_NMI: how many came
 * @eoi_vector: with REQ_EOI: the vector that userspace's IOAPIC is told of
 */
struct x86_apic {
	struct lapic lapic;
	struct hrtimer timer;
	atomic_t nmis;
	u8 eoi_vector;
};

#endif
