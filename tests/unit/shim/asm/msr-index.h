/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers of the MSRs that instructions use (SDM vol. 4; APM vol. 2, A). */
#ifndef SHIM_ASM_MSR_INDEX_H
#define SHIM_ASM_MSR_INDEX_H

#define MSR_IA32_TSC		0x10
#define MSR_IA32_SYSENTER_CS	0x174
#define MSR_IA32_SYSENTER_ESP	0x175
#define MSR_IA32_SYSENTER_EIP	0x176
#define MSR_IA32_XSS		0xda0
#define MSR_EFER		0xc0000080
#define MSR_STAR		0xc0000081
#define MSR_LSTAR		0xc0000082
#define MSR_CSTAR		0xc0000083
#define MSR_SYSCALL_MASK	0xc0000084
#define MSR_KERNEL_GS_BASE	0xc0000102
#define MSR_TSC_AUX		0xc0000103

#define EFER_SCE		(1 << 0)
#define EFER_FFXSR		(1 << 14)

#endif
