/* SPDX-License-Identifier: GPL-2.0-only */
/* A control block of SVM's, and what is in it. */
#ifndef API_VMCB_H
#define API_VMCB_H

#include <stddef.h>
#include <stdint.h>

/* APM vol. 2, appendix B. */
struct vmcb_segment {
	uint16_t selector, attr;
	uint32_t limit;
	uint64_t base;
};

struct vmcb {
	uint32_t intercept[6];		/* 0x000 */
	uint8_t pad0[0x40 - 0x18];
	uint64_t iopm, msrpm, tsc_offset;
	uint32_t asid;			/* 0x058 */
	uint8_t tlb, pad1[3];
	uint32_t int_ctl, int_vector;	/* 0x060 */
	uint64_t int_state;
	uint64_t exit_code;		/* 0x070 */
	uint64_t info1, info2;
	uint32_t int_info, int_info_err;
	uint64_t np;			/* 0x090 */
	uint64_t pad2[2];
	uint32_t event_inj, event_inj_err;
	uint64_t ncr3;			/* 0x0b0 */
	uint64_t virt_ext, clean, next_rip;
	uint8_t pad3[0x3e0 - 0xd0];
	uint32_t hv_control, hv_vp;	/* 0x3e0: software's, here Hyper-V's (TLFS) */
	uint64_t hv_vm, hv_assist, hv_pad;
	struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	uint8_t pad4[0x4cb - 0x4a0];
	uint8_t cpl, pad5[4];
	uint64_t efer;			/* 0x4d0 */
	uint8_t pad6[0x548 - 0x4d8];
	uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
	uint8_t pad7[0x5d8 - 0x580];
	uint64_t rsp, pad8[3], rax, star, lstar, cstar, sfmask, kernel_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip, cr2;
	uint8_t pad9[0x668 - 0x648];
	uint64_t pat;
	uint8_t pad10[0x1000 - 0x670];
} __attribute__((packed));

_Static_assert(offsetof(struct vmcb, np) == 0x90, "control area");
_Static_assert(offsetof(struct vmcb, hv_control) == 0x3e0, "control area");
_Static_assert(offsetof(struct vmcb, cpl) == 0x4cb, "save area");
_Static_assert(offsetof(struct vmcb, rax) == 0x5f8, "save area");
_Static_assert(offsetof(struct vmcb, cr2) == 0x640, "save area");
_Static_assert(sizeof(struct vmcb) == 0x1000, "VMCB");

/* Exit codes, which up to 0xbf are numbers of intercept bits: appendix C. */
enum {
	EXIT_CR3_READ = 0x03, EXIT_CR0_WRITE = 0x10, EXIT_CR3_WRITE = 0x13,
	EXIT_DR0_READ = 0x20, EXIT_EXC = 0x40, EXIT_INTR = 0x60, EXIT_NMI, EXIT_SMI,
	EXIT_INIT, EXIT_VINTR, EXIT_CR0_SEL, EXIT_RDTSC = 0x6e, EXIT_PUSHF = 0x70,
	EXIT_CPUID = 0x72, EXIT_IRET = 0x74, EXIT_INTN = 0x75, EXIT_PAUSE = 0x77,
	EXIT_HLT = 0x78, EXIT_INVLPG = 0x79, EXIT_INVLPGA = 0x7a, EXIT_IO = 0x7b,
	EXIT_MSR = 0x7c, EXIT_TASK = 0x7d, EXIT_SHUTDOWN = 0x7f, EXIT_VMRUN = 0x80,
	EXIT_VMMCALL = 0x81, EXIT_VMLOAD = 0x82, EXIT_STGI = 0x84, EXIT_CLGI = 0x85,
	EXIT_WBINVD = 0x89,
	EXIT_NPF = 0x400,
};
#define EXIT_INVALID	(~0ull)

/* Hyper-V's, of which no processor knows */
#define EXIT_HV		0xf0000000ull

#define INJ_VALID	(1u << 31)
#define INJ_ERROR	(1u << 11)
#define INJ_INTR	(0u << 8)
#define INJ_NMI		(2u << 8)
#define INJ_EXC		(3u << 8)
#define INJ_SOFT	(4u << 8)

#define V_IRQ		(1u << 8)
#define V_GIF		(1u << 9)
#define V_PRIO_MAX	(15u << 16)
#define V_IGN_TPR	(1u << 20)
#define V_INTR_MASKING	(1u << 24)
#define V_GIF_ENABLE	(1u << 25)

#endif
