/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IA32_SPEC_CTRL on the edge of entry and exit, for both vendors' vmenter.S.
 *
 * A guest has a value of its own once it has written one that is not 0; up to then it runs
 * with the host's, which restricts speculation no less, and its accesses exit.
 */
#ifndef LAMINA_X86_VCPU_SPEC_SWITCH_H
#define LAMINA_X86_VCPU_SPEC_SWITCH_H

#ifdef __ASSEMBLY__

#include <asm/alternative.h>
#include <asm/cpufeatures.h>
#include <asm/msr-index.h>
#include <asm/percpu.h>

/* @ptr: a register that points to the guest's value, or 0.  RAX, RCX and RDX are lost. */
.macro SPEC_CTRL_ENTER ptr:req
	test	\ptr, \ptr
	jz	.Lspec_entered\@
	mov	(\ptr), %eax
	cmp	PER_CPU_VAR(x86_spec_ctrl_current), %eax
	je	.Lspec_entered\@
	mov	$MSR_IA32_SPEC_CTRL, %ecx
	xor	%edx, %edx
	wrmsr
.Lspec_entered\@:
.endm

/*
 * @slot: where that pointer is on the stack.  Before the first RET or indirect branch; no
 * speculation goes past the LFENCE with the guest's value, however the jumps are predicted.
 * RAX, RCX, RDX, RSI, RDI are lost.
 */
.macro SPEC_CTRL_EXIT slot:req
	ALTERNATIVE "jmp .Lspec_done\@", "", X86_FEATURE_MSR_SPEC_CTRL
	mov	$MSR_IA32_SPEC_CTRL, %ecx
	mov	PER_CPU_VAR(x86_spec_ctrl_current), %edi
	mov	\slot, %rsi
	test	%rsi, %rsi
	jz	.Lspec_host\@
	rdmsr
	mov	%eax, (%rsi)
	cmp	%edi, %eax
	jne	.Lspec_write\@
.Lspec_host\@:
	/* IBRS that was set before the guest ran does not protect after it. */
	ALTERNATIVE "jmp .Lspec_fence\@", "", X86_FEATURE_KERNEL_IBRS
.Lspec_write\@:
	mov	%edi, %eax
	xor	%edx, %edx
	wrmsr
.Lspec_fence\@:
	lfence
.Lspec_done\@:
.endm

#endif
#endif
