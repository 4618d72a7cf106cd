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

/* enum x86_gpr; run.c asserts it. */
#define GPR(n)	((n) * 8)
#define RAX	GPR(0)
#define RCX	GPR(1)
#define RDX	GPR(2)
#define RBX	GPR(3)
#define RBP	GPR(5)
#define RSI	GPR(6)
#define RDI	GPR(7)

/* The VMCS's field HOST_RSP. */
#define FIELD_HOST_RSP	0x6c14

.section .noinstr.text, "ax"

/* bool vmx_vmenter(u64 *gpr, u64 *host_rsp, bool launched) */
SYM_FUNC_START(vmx_vmenter)
	push	%rbp
	push	%r15
	push	%r14
	push	%r13
	push	%r12
	push	%rbx
	push	%rdi

	cmp	%rsp, (%rsi)
	je	.Lrsp
	mov	%rsp, (%rsi)
	mov	$FIELD_HOST_RSP, %eax
.Lvmwrite:
	vmwrite	%rsp, %rax
.Lrsp:
	/* CF: VERW changes ZF, and nothing below either of them. */
	bt	$0, %edx
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
	/* Before the first RET, and before any indirect branch. */
	FILL_RETURN_BUFFER %rax, RSB_CLEAR_LOOPS, X86_FEATURE_RSB_VMEXIT, X86_FEATURE_RSB_VMEXIT_LITE
	ALTERNATIVE "jmp .Librs", "", X86_FEATURE_KERNEL_IBRS
	/* IBRS that was set before the guest ran does not protect after it. */
	mov	$MSR_IA32_SPEC_CTRL, %ecx
	mov	PER_CPU_VAR(x86_spec_ctrl_current), %eax
	xor	%edx, %edx
	wrmsr
.Librs:
	CLEAR_BRANCH_HISTORY_VMEXIT
	mov	$1, %eax
.Lout:
	pop	%rdi
	pop	%rbx
	pop	%r12
	pop	%r13
	pop	%r14
	pop	%r15
	pop	%rbp
	RET

.Lfailed:
	xor	%eax, %eax
	jmp	.Lout

	/* A reboot has turned VMX off: all three are #UD. */
	_ASM_EXTABLE(.Lvmwrite, .Lfailed)
	_ASM_EXTABLE(.Lvmresume, .Lfailed)
	_ASM_EXTABLE(.Lvmlaunch, .Lfailed)
SYM_FUNC_END(vmx_vmenter)
