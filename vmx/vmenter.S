/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world switch (SDM vol. 3, chapters 27 and 28).
 *
 * The VMCS switches RSP, RIP, RFLAGS, segments and control registers; what is left
 * are the general registers.  An exit goes on at vmx_vmexit with the stack as it was
 * at the entry.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>

#include <asm/asm.h>
#include <asm/cpufeatures.h>
#include <asm/msr-index.h>
#include <asm/nospec-branch.h>
#include <asm/percpu.h>

#include "x86/vcpu/spec_switch.h"

/* enum x86_gpr; run.c asserts it. */
#define GPR(n)	((n) * 8)
#define RAX	GPR(0)
#define RCX	GPR(1)
#define RDX	GPR(2)
#define RBX	GPR(3)
#define RBP	GPR(5)
#define RSI	GPR(6)
#define RDI	GPR(7)

/* On the stack while the guest runs, behind the registers' address. */
#define STACK_SPEC	8

/* The VMCS's field HOST_RSP. */
#define FIELD_HOST_RSP	0x6c14

.section .noinstr.text, "ax"

/* bool vmx_vmenter(u64 *gpr, u64 *host_rsp, bool launched, u64 *spec_ctrl) */
SYM_FUNC_START(vmx_vmenter)
	push	%rbp
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%rbx
	push	%rcx
	push	%rdi

	cmp	%rsp, (%rsi)
	je	.Lrsp
	mov	%rsp, (%rsi)
	mov	$FIELD_HOST_RSP, %eax
.Lvmwrite:
	vmwrite	%rsp, %rax
.Lrsp:
	mov	%edx, %esi
	SPEC_CTRL_ENTER %rcx
	/* CF: VERW changes ZF, and nothing below either of them. */
	bt	$0, %esi
	.irp	nr, 8, 9, 10, 11, 12, 13, 14, 15
	mov	GPR(\nr)(%rdi), %r\nr
	.endr
	mov	RAX(%rdi), %rax
	mov	RSI(%rdi), %rsi
	mov	RBP(%rdi), %rbp
	mov	RBX(%rdi), %rbx
	mov	RDX(%rdi), %rdx
	mov	RCX(%rdi), %rcx
	mov	RDI(%rdi), %rdi
	VM_CLEAR_CPU_BUFFERS
	jnc	.Lvmlaunch
.Lvmresume:
	vmresume
	jmp	.Lrefused
.Lvmlaunch:
	vmlaunch
.Lrefused:
	/* Both tell of a failure by CF or ZF, and of nothing else. */
	jbe	.Lfailed

SYM_INNER_LABEL(vmx_vmexit, SYM_L_GLOBAL)
	/* An exit is no indirect branch. */
	ANNOTATE_NOENDBR
	push	%rax
	mov	8(%rsp), %rax
	pop	RAX(%rax)
	.irp	nr, 8, 9, 10, 11, 12, 13, 14, 15
	mov	%r\nr, GPR(\nr)(%rax)
	.endr
	mov	%rdi, RDI(%rax)
	mov	%rsi, RSI(%rax)
	mov	%rbp, RBP(%rax)
	mov	%rbx, RBX(%rax)
	mov	%rdx, RDX(%rax)
	mov	%rcx, RCX(%rax)

	/* Nothing that the guest chose stays for speculation to find. */
	.irp	reg, ecx, edx, ebx, ebp, esi, edi, r8d, r9d, r10d, r11d, r12d, r13d, r14d, r15d
	xor	%\reg, %\reg
	.endr
	mov	$1, %ebx
	/* Before the first RET, and before any indirect branch. */
	FILL_RETURN_BUFFER %rax, RSB_CLEAR_LOOPS, X86_FEATURE_RSB_VMEXIT, X86_FEATURE_RSB_VMEXIT_LITE
.Lback:
	SPEC_CTRL_EXIT STACK_SPEC(%rsp)
	CLEAR_BRANCH_HISTORY_VMEXIT
	mov	%ebx, %eax
	pop	%rdi
	pop	%rcx
	pop	%rbx
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%r15
	pop	%rbp
	RET

.Lfailed:
	xor	%ebx, %ebx
	jmp	.Lback

	/* A reboot has turned VMX off: all three are #UD. */
	_ASM_EXTABLE(.Lvmwrite, .Lfailed)
	_ASM_EXTABLE(.Lvmresume, .Lfailed)
	_ASM_EXTABLE(.Lvmlaunch, .Lfailed)
SYM_FUNC_END(vmx_vmenter)
