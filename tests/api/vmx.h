/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine whose guest, L1, runs a guest of its own by VMX.  L1 is a loop of a few
 * instructions around VMLAUNCH and VMRESUME, which stops behind each VM exit: it writes the
 * fields that the test has listed before, and reads those of vmx_reads[] behind.
 */
#ifndef API_VMX_H
#define API_VMX_H

#include "msr.h"

/* Fields by encoding (SDM vol. 3, appendix B). */
enum {
	F_VPID = 0x0, F_POSTED_NV = 0x2, F_INTR_STATUS = 0x810, F_PML_INDEX = 0x812,
	F_ES_SEL = 0x800, F_CS_SEL = 0x802, F_SS_SEL = 0x804, F_DS_SEL = 0x806,
	F_FS_SEL = 0x808, F_GS_SEL = 0x80a, F_LDTR_SEL = 0x80c, F_TR_SEL = 0x80e,
	F_HOST_ES_SEL = 0xc00, F_HOST_CS_SEL = 0xc02, F_HOST_SS_SEL = 0xc04,
	F_HOST_DS_SEL = 0xc06, F_HOST_FS_SEL = 0xc08, F_HOST_GS_SEL = 0xc0a,
	F_HOST_TR_SEL = 0xc0c,
	F_IO_A = 0x2000, F_IO_B = 0x2002, F_MSR_MAP = 0x2004,
	F_STORE_ADDR = 0x2006, F_LOAD_ADDR = 0x2008, F_ENTRY_ADDR = 0x200a,
	F_PML = 0x200e, F_TSC_OFFSET = 0x2010, F_VAPIC = 0x2012, F_APIC_ACCESS = 0x2014,
	F_POSTED_DESC = 0x2016, F_VMFUNC = 0x2018, F_EPTP = 0x201a, F_EOI_MAP = 0x201c,
	F_EPTP_LIST = 0x2024, F_XSS_BITMAP = 0x202c, F_TSC_MULTIPLIER = 0x2032,
	F_GPA = 0x2400,
	F_LINK = 0x2800, F_DEBUGCTL = 0x2802, F_PAT = 0x2804, F_EFER = 0x2806,
	F_PDPTR0 = 0x280a,
	F_HOST_PAT = 0x2c00, F_HOST_EFER = 0x2c02,
	F_PIN = 0x4000, F_CPU = 0x4002, F_EXCEPTIONS = 0x4004, F_PF_MASK = 0x4006,
	F_PF_MATCH = 0x4008, F_CR3_COUNT = 0x400a, F_EXIT = 0x400c,
	F_STORE_COUNT = 0x400e, F_LOAD_COUNT = 0x4010, F_ENTRY = 0x4012,
	F_ENTRY_COUNT = 0x4014, F_ENTRY_INFO = 0x4016, F_ENTRY_ERROR = 0x4018,
	F_ENTRY_LEN = 0x401a, F_THRESHOLD = 0x401c, F_CPU2 = 0x401e,
	F_INSN_ERROR = 0x4400, F_REASON = 0x4402, F_INFO = 0x4404, F_ERROR = 0x4406,
	F_VECTORING = 0x4408, F_VECTORING_ERROR = 0x440a, F_LEN = 0x440c,
	F_INSN_INFO = 0x440e,
	F_ES_LIMIT = 0x4800, F_TR_LIMIT = 0x480e, F_GDTR_LIMIT = 0x4810, F_IDTR_LIMIT = 0x4812,
	F_ES_AR = 0x4814, F_CS_AR = 0x4816, F_SS_AR = 0x4818, F_LDTR_AR = 0x4820,
	F_TR_AR = 0x4822,
	F_INTR = 0x4824, F_ACTIVITY = 0x4826, F_SYSENTER_CS = 0x482a, F_TIMER = 0x482e,
	F_HOST_SYSENTER_CS = 0x4c00,
	F_CR0_MASK = 0x6000, F_CR4_MASK = 0x6002, F_CR0_SHADOW = 0x6004,
	F_CR4_SHADOW = 0x6006,
	F_QUAL = 0x6400, F_LA = 0x640a,
	F_CR0 = 0x6800, F_CR3 = 0x6802, F_CR4 = 0x6804, F_ES_BASE = 0x6806,
	F_TR_BASE = 0x6814, F_GDTR_BASE = 0x6816, F_IDTR_BASE = 0x6818, F_DR7 = 0x681a,
	F_RSP = 0x681c, F_RIP = 0x681e, F_RFLAGS = 0x6820, F_PENDING_DB = 0x6822,
	F_SYSENTER_ESP = 0x6824, F_SYSENTER_EIP = 0x6826,
	F_HOST_CR0 = 0x6c00, F_HOST_CR3 = 0x6c02, F_HOST_CR4 = 0x6c04,
	F_HOST_FS_BASE = 0x6c06, F_HOST_GS_BASE = 0x6c08, F_HOST_TR_BASE = 0x6c0a,
	F_HOST_GDTR_BASE = 0x6c0c, F_HOST_IDTR_BASE = 0x6c0e,
	F_HOST_SYSENTER_ESP = 0x6c10, F_HOST_SYSENTER_EIP = 0x6c12,
	F_HOST_RSP = 0x6c14, F_HOST_RIP = 0x6c16,
};

/* Controls (25.6 to 25.8). */
#define PIN_INTR	(1u << 0)
#define PIN_NMI		(1u << 3)
#define PIN_VNMI	(1u << 5)
#define PIN_TIMER	(1u << 6)
#define PIN_POSTED	(1u << 7)
#define CPU_INTR_WINDOW	(1u << 2)
#define CPU_TSC_OFFSET	(1u << 3)
#define CPU_HLT		(1u << 7)
#define CPU_INVLPG	(1u << 9)
#define CPU_RDPMC	(1u << 11)
#define CPU_RDTSC	(1u << 12)
#define CPU_CR3_LOAD	(1u << 15)
#define CPU_CR3_STORE	(1u << 16)
#define CPU_CR8_LOAD	(1u << 19)
#define CPU_CR8_STORE	(1u << 20)
#define CPU_TPR		(1u << 21)
#define CPU_NMI_WINDOW	(1u << 22)
#define CPU_DR		(1u << 23)
#define CPU_IO		(1u << 24)
#define CPU_IO_MAP	(1u << 25)
#define CPU_MTF		(1u << 27)
#define CPU_MSR_MAP	(1u << 28)
#define CPU_PAUSE	(1u << 30)
#define CPU_SECOND	(1u << 31)
#define CPU2_APIC_ACCESS (1u << 0)
#define CPU2_EPT	(1u << 1)
#define CPU2_DESC	(1u << 2)
#define CPU2_X2APIC	(1u << 4)
#define CPU2_VPID	(1u << 5)
#define CPU2_WBINVD	(1u << 6)
#define CPU2_UNRESTRICTED (1u << 7)
#define CPU2_APIC_REGS	(1u << 8)
#define CPU2_VINTR	(1u << 9)
#define CPU2_VMFUNC	(1u << 13)
#define CPU2_PML	(1u << 17)
#define CPU2_XSAVES	(1u << 20)
#define CPU2_TSC_SCALING (1u << 25)
#define EXIT_64		(1u << 9)
#define EXIT_ACK	(1u << 15)
#define EXIT_SAVE_PAT	(1u << 18)
#define EXIT_LOAD_PAT	(1u << 19)
#define EXIT_SAVE_EFER	(1u << 20)
#define EXIT_LOAD_EFER	(1u << 21)
#define EXIT_SAVE_DEBUG	(1u << 2)
#define ENTRY_LOAD_DEBUG (1u << 2)
#define ENTRY_64	(1u << 9)
#define ENTRY_PAT	(1u << 14)
#define ENTRY_EFER	(1u << 15)

/* Exit reasons (appendix C). */
enum {
	R_EXCEPTION = 0, R_INTERRUPT = 1, R_TRIPLE = 2, R_INIT = 3, R_INTR_WINDOW = 7,
	R_NMI_WINDOW = 8, R_TASK = 9, R_CPUID = 10, R_HLT = 12, R_INVD = 13, R_INVLPG = 14,
	R_RDPMC = 15, R_RDTSC = 16, R_VMCALL = 18, R_VMCLEAR = 19, R_VMPTRLD = 21,
	R_VMXOFF = 26, R_CR = 28, R_DR = 29, R_IO = 30, R_RDMSR = 31, R_WRMSR = 32,
	R_BAD_GUEST = 33, R_BAD_MSR = 34, R_MTF = 37, R_PAUSE = 40, R_TPR = 43,
	R_APIC_ACCESS = 44, R_EOI = 45, R_EPT = 48, R_MISCONFIG = 49, R_TIMER = 52, R_WBINVD = 54,
	R_APIC_WRITE = 56, R_VMFUNC = 59,
};
#define R_FAILED	(1u << 31)

#define INFO_VALID	(1u << 31)
#define INFO_ERROR	(1u << 11)
#define INFO_INTR	(0u << 8)
#define INFO_NMI	(2u << 8)
#define INFO_EXC	(3u << 8)
#define INFO_SOFT	(4u << 8)
#define INFO_SOFT_EXC	(6u << 8)

/* L1's memory. */
#define GPA_VMXON	0x22000
#define GPA_VMCS	0x23000
#define GPA_VMCS2	0x27000
/* Operands: the VMXON region, the VMCS; has it been launched?  Flags of a failure. */
#define GPA_OPERANDS	0x24000
#define GPA_MAPS	0x28000		/* I/O bitmaps A and B, MSR bitmap */
#define GPA_AREA	0x2b000		/* MSR areas */
#define GPA_VAPIC	0x2c000
#define GPA_STACK2	0x30000		/* top of L2's stack */
#define GPA_CODE2	0x31000
#define GPA_DATA2	0x40000		/* free for the test, to 0x80000 */

/* RAX, RCX, RDX, RSI of L2: at its last exit, and what it begins with. */
#define GPA_REGS	0x24100

#define PORT_L1		0x40		/* L1 says: VM exit */
#define PORT_FAIL	0x41		/* VMLAUNCH or VMRESUME has failed */

extern struct pt ept;			/* L1's EPT, by 2 MiB pages */
extern bool with_ept;
#define EPT_RWX		7ull
#define EPT_WB		(6ull << 3)

void skip_without_vmx(void);

/* Machine, L1, and L2's code at GPA_CODE2, in a state like L1's own. */
#define L2_START(name) l2_start(name, name##_end)
void l2_start(const uint8_t *code, const uint8_t *end);
/* The same in a machine and with a vCPU that are there. */
void l2_enter_here(const uint8_t *code, const uint8_t *end);
/* Userspace has seen PORT_L1; PORT_FAIL: L1 has written all fields. */
void l2_exited(void);
void l2_written(void);

/* A field that L1 writes before the next entry; what it was made or written last. */
void f_set(uint32_t field, uint64_t value);
void f_or(uint32_t field, uint64_t bits);
uint64_t f_made(uint32_t field);
/* What L1 has read behind the last exit. */
uint64_t f_get(uint32_t field);

/* L1 enters L2, which exits by this reason. */
void l2_until(uint32_t reason);
/* L1 enters L2 or goes on in it, and userspace sees OUT to this port by L2. */
void l2_out(uint16_t port);
/* l2_until() once more, behind an instruction of this many bytes that has exited. */
void l2_next(unsigned int bytes, uint32_t reason);
/* The entry fails: VMfailValid with this error. */
void l2_refused(uint32_t error);
/* A general register of L2 at the last exit: RAX, RCX, RDX, RSI; others are L1's too. */
uint64_t l2_rax(void), l2_rcx(void), l2_rdx(void);

/* KVM_GET_NESTED_STATE. */
struct l2_state {
	struct kvm_nested_state head;
	uint8_t data[8192];
};
void l2_state_get(struct l2_state *s);
/* L2 has stopped at an OUT, and goes on in another VM, with its memory and no LAPIC. */
void l2_moves(void);

/* May a control be one? */
bool vmx_may(uint32_t field, uint32_t bits);
void need(uint32_t field, uint32_t bits);

/* A case, and the same with EPT in L1. */
#define BOTH(fn)	static void fn##_ept(void) { with_ept = true; fn(); }
#define CASE(fn)	{ .name = #fn, .run = fn }
#define CASES(fn)	{ .name = #fn, .run = fn }, { .name = #fn "_ept", .run = fn##_ept }

/* With a LAPIC in the kernel, which L1 has turned on. */
extern bool with_lapic;
/* A message to that LAPIC. */
void l1_interrupt(uint32_t vector);
/* The same by another thread, after some time. */
void l1_interrupt_after(uint32_t vector, uint32_t ms);
/* After 100 ms: while the vCPU halts. */
void l1_interrupt_later(uint32_t vector);

#endif
