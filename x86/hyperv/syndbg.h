/* SPDX-License-Identifier: GPL-2.0-only */
/* Hyper-V's synthetic debugger: numbers that the kernel's header does not have. */
#ifndef LAMINA_X86_HYPERV_SYNDBG_H
#define LAMINA_X86_HYPERV_SYNDBG_H

/* Leaves; those of 0x40000081 and 0x40000082 have names for another purpose. */
#define HV_CPUID_SYNDBG_VENDOR		0x40000080
#define HV_CPUID_SYNDBG_INTERFACE	0x40000081
#define HV_CPUID_SYNDBG_CAPS		0x40000082

/* HV_CPUID_SYNDBG_CAPS, EAX: the kernel may be debugged */
#define HV_SYNDBG_ALLOWED		(1u << 1)

/* MSRs */
#define HV_SYNDBG_CONTROL		0x400000f1
#define HV_SYNDBG_STATUS		0x400000f2
#define HV_SYNDBG_SEND			0x400000f3
#define HV_SYNDBG_RECV			0x400000f4
#define HV_SYNDBG_PENDING		0x400000f5
#define HV_SYNDBG_OPTIONS		0x400000ff

/* HV_SYNDBG_OPTIONS: by hypercalls, not by MSRs */
#define HV_SYNDBG_USE_HYPERCALLS	(1ull << 2)

/* Hypercalls */
#define HV_CALL_POST_DEBUG_DATA		0x0069
#define HV_CALL_RESET_DEBUG_SESSION	0x006b

#endif
