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

/* enum x86_gpr; run.c asserts it. */
#define GPR(n)	((n) * 8)
#define RCX	GPR(1)
#define RDX	GPR(2)
#define RBX	GPR(3)
#define RBP	GPR(5)
#define RSI	GPR(6)
#define RDI	GPR(7)
#define R8	GPR(8)
#define R9	GPR(9)
#define R10	GPR(10)
#define R11	GPR(11)
#define R12	GPR(12)
#define R13	GPR(13)
#define R14	GPR(14)
#define R15	GPR(15)

/* On the stack while the guest runs. */
#define STACK_GPR	0
#define STACK_HOST	8

.section .noinstr.text, "ax"

/* bool svm_vmenter(u64 *gpr, phys_addr_t vmcb_pa, phys_addr_t host_pa) */
SYM_FUNC_START(svm_vmenter)
	push	%rbp
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%rbx
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
	mov	%rsi, %rax
	vmload	%rax

	mov	R15(%rdi), %r15
	mov	R14(%rdi), %r14
	mov	R13(%rdi), %r13
	mov	R12(%rdi), %r12
	mov	R11(%rdi), %r11
	mov	R10(%rdi), %r10
	mov	R9(%rdi), %r9
	mov	R8(%rdi), %r8
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
	mov	%r15, R15(%rax)
	mov	%r14, R14(%rax)
	mov	%r13, R13(%rax)
	mov	%r12, R12(%rax)
	mov	%r11, R11(%rax)
	mov	%r10, R10(%rax)
	mov	%r9, R9(%rax)
	mov	%r8, R8(%rax)
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
	FILL_RETURN_BUFFER %rax, RSB_CLEAR_LOOPS, X86_FEATURE_RSB_VMEXIT
	UNTRAIN_RET

	/* VMRUN put the host's RFLAGS back as STI left them. */
	cli
	stgi
	mov	$1, %eax
.Lout:
	pop	%rdi
	pop	%rdx
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
