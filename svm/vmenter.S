/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world switch (APM vol. 2, 15.5).
 *
 * From CLGI to STGI nothing interrupts: no interrupt, NMI, SMI or INIT.  Hence
 * EFER.SVME, once CLGI has worked, stays on until STGI, and CLGI is the only
 * instruction here that can meet a CPU where a reboot has turned SVM off.
 */
#include <linux/linkage.h>

#include <asm/asm.h>
#include <asm/cpufeatures.h>
#include <asm/nospec-branch.h>

#include "x86/vcpu/spec_switch.h"

/* enum x86_gpr; run.c asserts it. */
#define GPR(n)	((n) * 8)
#define RCX	GPR(1)
#define RDX	GPR(2)
#define RBX	GPR(3)
#define RBP	GPR(5)
#define RSI	GPR(6)
#define RDI	GPR(7)

/* On the stack while the guest runs. */
#define STACK_GPR	0
#define STACK_HOST	8
#define STACK_SPEC	16

/*
 * The kernel's FILL_RETURN_BUFFER without its loop, which takes three instructions more for
 * two calls, and an LFENCE, because its branch may be mispredicted.
 */
.macro FILL_RETURNS
	ALTERNATIVE "jmp .Lreturns_filled", "", X86_FEATURE_RSB_VMEXIT
	.rept	RSB_CLEAR_LOOPS
	__FILL_RETURN_SLOT
	.endr
	add	$(RSB_CLEAR_LOOPS * 8), %rsp
.Lreturns_filled:
.endm

.section .noinstr.text, "ax"

/* bool svm_vmenter(u64 *gpr, phys_addr_t vmcb_pa, phys_addr_t host_pa, u64 *spec_ctrl) */
SYM_FUNC_START(svm_vmenter)
	push	%rbp
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%rbx
	push	%rcx
	push	%rdx
	push	%rdi

.Lclgi:
	clgi
	/*
	 * With V_INTR_MASKING the host's RFLAGS.IF decides whether a physical
	 * interrupt ends the guest's turn (15.21.1).  STI is not the instruction
	 * before VMRUN, so its shadow does not reach the guest.
	 */
	sti
	/* While GS is the host's. */
	SPEC_CTRL_ENTER %rcx
	mov	%rsi, %rax
	vmload	%rax

	.irp	nr, 8, 9, 10, 11, 12, 13, 14, 15
	mov	GPR(\nr)(%rdi), %r\nr
	.endr
	mov	RSI(%rdi), %rsi
	mov	RBP(%rdi), %rbp
	mov	RBX(%rdi), %rbx
	mov	RDX(%rdi), %rdx
	mov	RCX(%rdi), %rcx
	mov	RDI(%rdi), %rdi
	VM_CLEAR_CPU_BUFFERS

	vmrun	%rax

	/* RAX and RSP are the host's again, FS, GS, TR and LDTR the guest's. */
	vmsave	%rax
	mov	STACK_GPR(%rsp), %rax
	.irp	nr, 8, 9, 10, 11, 12, 13, 14, 15
	mov	%r\nr, GPR(\nr)(%rax)
	.endr
	mov	%rdi, RDI(%rax)
	mov	%rsi, RSI(%rax)
	mov	%rbp, RBP(%rax)
	mov	%rbx, RBX(%rax)
	mov	%rdx, RDX(%rax)
	mov	%rcx, RCX(%rax)
	mov	STACK_HOST(%rsp), %rax
	vmload	%rax

	/* Nothing that the guest chose stays for speculation to find. */
	.irp	reg, ecx, edx, ebx, ebp, esi, edi, r8d, r9d, r10d, r11d, r12d, r13d, r14d, r15d
	xor	%\reg, %\reg
	.endr
	/* Before STGI lets an NMI in, and before the first RET. */
	ALTERNATIVE "", "call entry_ibpb", X86_FEATURE_IBPB_ON_VMEXIT
	FILL_RETURNS
	SPEC_CTRL_EXIT STACK_SPEC(%rsp)
	UNTRAIN_RET

	/* VMRUN put the host's RFLAGS back as STI left them. */
	cli
	stgi
	mov	$1, %eax
.Lout:
	add	$24, %rsp
	pop	%rbx
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%r15
	pop	%rbp
	RET

.Loff:
	xor	%eax, %eax
	jmp	.Lout

	_ASM_EXTABLE(.Lclgi, .Loff)
SYM_FUNC_END(svm_vmenter)

/* void svm_vmsave(phys_addr_t pa) */
SYM_FUNC_START(svm_vmsave)
	mov	%rdi, %rax
.Lvmsave:
	vmsave	%rax
.Lvmsave_end:
	RET
	_ASM_EXTABLE(.Lvmsave, .Lvmsave_end)
SYM_FUNC_END(svm_vmsave)
