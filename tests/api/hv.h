/* SPDX-License-Identifier: GPL-2.0-only */
/* Guests that know Hyper-V: the machine of pv.h with its CPUID, numbers of the TLFS. */
#ifndef API_HV_H
#define API_HV_H

#include "pv.h"

/* Pages of the guest's; GPA_IN is free for parameters, and the one behind it. */
#define GPA_CALLS	GPA_DATA
#define GPA_TSC		(GPA_DATA + 0x1000)
#define GPA_MESSAGES	(GPA_DATA + 0x2000)
#define GPA_EVENTS	(GPA_DATA + 0x3000)
#define GPA_ASSIST	(GPA_DATA + 0x4000)
#define GPA_IN		(GPA_DATA + 0x5000)
#define GPA_COUNT	(GPA_DATA + 0x7000)	/* of interrupts */

/* MSRs */
#define HV_OS_ID	0x40000000
#define HV_HYPERCALL	0x40000001
#define HV_VP_INDEX	0x40000002
#define HV_RESET	0x40000003
#define HV_RUNTIME	0x40000010
#define HV_TIME		0x40000020
#define HV_TSC_PAGE	0x40000021
#define HV_TSC_HZ	0x40000022
#define HV_APIC_HZ	0x40000023
#define HV_EOI		0x40000070
#define HV_ICR		0x40000071
#define HV_TPR		0x40000072
#define HV_ASSIST	0x40000073
#define HV_SCONTROL	0x40000080
#define HV_SVERSION	0x40000081
#define HV_SIEFP	0x40000082
#define HV_SIMP		0x40000083
#define HV_EOM		0x40000084
#define HV_SINT(n)	(0x40000090 + (n))
#define HV_CONFIG(n)	(0x400000b0 + 2 * (n))
#define HV_COUNT(n)	(0x400000b1 + 2 * (n))
#define HV_CRASH(n)	(0x40000100 + (n))
#define HV_CRASH_CTL	0x40000105
#define HV_EMULATION	0x40000107

#define LINUX_ID	(0x8100ull << 48)

#define SINT_MASKED	(1ull << 16)
#define SINT_AUTO_EOI	(1ull << 17)

/* Hypercalls, their flags and results */
#define CALL_FLUSH	0x0002
#define CALL_FLUSH_LIST	0x0003
#define CALL_SPIN	0x0008
#define CALL_IPI	0x000b
#define CALL_FLUSH_EX	0x0013
#define CALL_IPI_EX	0x0015
#define CALL_POST	0x005c
#define CALL_SIGNAL	0x005d
#define CALL_EXT	0x8001
#define CALL_FAST	(1ull << 16)
#define CALL_VAR(n)	((uint64_t)(n) << 17)
#define CALL_REPS(n)	((uint64_t)(n) << 32)
#define CALL_START(n)	((uint64_t)(n) << 48)

enum { HV_OK, HV_CODE = 2, HV_INPUT, HV_ALIGNMENT, HV_PARAMETER, HV_DENIED };

/* The offer of KVM_GET_SUPPORTED_HV_CPUID on a descriptor. */
struct kvm_cpuid2 *hv_supported(int fd);
/* What KVM supports, its own leaves replaced by Hyper-V's; one leaf of it. */
struct kvm_cpuid2 *hv_table(void);
struct kvm_cpuid_entry2 *hv_leaf(struct kvm_cpuid2 *c, uint32_t function);
/* pv_machine(1), both vCPUs with Hyper-V's CPUID; the code is msr.h's. */
void hv_machine(void);
/* KVM_ENABLE_CAP of a vCPU; the result */
int hv_enable(struct vcpu *c, uint32_t cap, uint64_t arg);

/* The hypercall page is filled: hypercalls can be made. */
void hv_calls(void);
/* One of v's: code and mode are set up for that, and stay so. */
uint64_t hv_call(uint64_t control, uint64_t in, uint64_t out);

/* A handler that counts at GPA_COUNT, and writes EOI or does not. */
void hv_handler(uint8_t vector, bool eoi);
/* Waits with interrupts enabled until so many have come. */
void hv_wait(uint32_t count);
uint32_t hv_count(void);

#endif
