/* SPDX-License-Identifier: GPL-2.0-only */
/* More rows of emul_test.c: strings, vectors, system, and one mode's own. */
#ifndef EMUL_ROWS_MORE_H
#define EMUL_ROWS_MORE_H

#include "emul_rows.h"
#include "emul_rows_fpu.h"

/* Bits 19:16 are undefined (SDM vol. 2, LAR). */
#define LAR_END	"setz %al\n and $0xfff0ffff, %ebx"

/* The string rows' way to set the source to the operand. */
#define S64	"mov %rdi, %rsi\n"
#define S32	"mov %edi, %esi\n"
#define S16	"mov %di, %si\n mov %es, %ax\n mov %ax, %ds\n"

/* Sources and destinations in RAM and in the operand. */
#define ROWS_STRING(X, S)						\
	X(movsb, 0, "movsb")						\
	X(movsl, 0, "movsl")						\
	X(rep_movsb, 0, "mov $5, %ecx\n rep movsb")			\
	X(rep_movsw, 0, "rep movsw")					\
	X(rep_movsl, 0, "rep movsl")					\
	X(rep_movs_down, 0, "std\n rep movsl\n cld")			\
	X(rep_movs_zero, 0, "xor %ecx, %ecx\n rep movsb")		\
	X(rep_movs_both, 0, S "add $0x40, %di\n rep movsl")		\
	X(rep_stosb, 0, "mov $20, %ecx\n rep stosb")			\
	X(rep_stosw, 0, "rep stosw")					\
	X(rep_stosl, 0, "rep stosl")					\
	X(stosl, 0, "stosl")						\
	X(lodsb, 0, S "lodsb")						\
	X(lodsl, 0, S "lodsl")						\
	X(rep_lodsw, 0, S "rep lodsw")					\
	X(scasb, 0, "scasb")						\
	X(scasl, 0, "scasl")						\
	X(repne_scasb, 0, "mov $0xe5, %al\n mov $200, %ecx\n repne scasb") \
	X(repe_scasw, 0, "repe scasw")					\
	X(cmpsb, 0, "cmpsb")						\
	X(cmpsl, 0, S "cmpsl")						\
	X(repe_cmpsb, 0, S "repe cmpsb")				\
	X(repne_cmpsl, 0, "repne cmpsl")				\
	X(repe_cmps_differ, 0, "mov $20, %ecx\n repe cmpsb")		\
	X(insb, 0, "insb")						\
	X(insl, 0, "insl")						\
	X(rep_insb, 0, "mov $9, %ecx\n rep insb")			\
	X(rep_insw, 0, "rep insw")					\
	X(rep_insl, 0, "rep insl")					\
	X(rep_insw_down, 0, "std\n rep insw\n cld")			\
	X(rep_ins_cross, 0, "add $0xefa, %di\n mov $5, %ecx\n rep insw")	\
	X(outsb, 0, S "outsb")						\
	X(rep_outsb, 0, S "mov $9, %ecx\n rep outsb")			\
	X(rep_outsl, 0, S "rep outsl")					\
	X(rep_outsw_down, 0, S "std\n rep outsw\n cld")

#define ROWS_SSE(X, M)							\
	X(movups_ld, 0, "movups " M(1) ", %xmm3")			\
	X(movups_st, 0, "movups %xmm3, " M(1))				\
	X(movaps_ld, 0, "movaps " M(0) ", %xmm7")			\
	X(movaps_st, 0, "movaps %xmm7, " M(0x10))			\
	X(movupd_ld, 0, "movupd " M(0) ", %xmm0")			\
	X(movapd_st, 0, "movapd %xmm1, " M(0))				\
	X(movdqu_ld, 0, "movdqu " M(3) ", %xmm2")			\
	X(movdqu_st, 0, "movdqu %xmm2, " M(3))				\
	X(movdqa_ld, 0, "movdqa " M(0x20) ", %xmm4")			\
	X(movdqa_st, 0, "movdqa %xmm4, " M(0x20))			\
	X(movntdq, 0, "movntdq %xmm4, " M(0x20))			\
	X(movntps, 0, "movntps %xmm4, " M(0x20))			\
	X(movss_ld, 0, "movss " M(0) ", %xmm1")				\
	X(movss_st, 0, "movss %xmm1, " M(0))				\
	X(movsd_ld, 0, "movsd " M(0) ", %xmm1")				\
	X(movsd_st, 0, "movsd %xmm1, " M(0))				\
	X(movd_ld, 0, "movd " M(0) ", %xmm1")				\
	X(movd_st, 0, "movd %xmm1, " M(0))				\
	X(movq_ld, 0, "movq " M(0) ", %xmm1")				\
	X(movq_st, 0, "movq %xmm1, " M(0))				\
	X(movlps_ld, 0, "movlps " M(0) ", %xmm1")			\
	X(movhps_ld, 0, "movhps " M(0) ", %xmm1")			\
	X(movhps_st, 0, "movhps %xmm1, " M(0))				\
	X(movdqu_page, 0, "movdqu %xmm2, " M(0xef9))

#define ROWS_SYSTEM(X, M)						\
	X(sgdt, 0, "sgdt " M(0))					\
	X(sidt, 0, "sidt " M(0))					\
	X(lgdt, NOSTEP, "lgdt " M(0x160))					\
	X(lidt, NOSTEP, "lidt " M(0x160))					\
	X(smsw, 0, "smsw " M(0))					\
	X(lmsw, 0, "smsw " M(0x180) "\n orw $8, " M(0x180)		\
	  "\n lmsw " M(0x180) "\n clts")				\
	X(invlpg, 0, "invlpg " M(0))					\
	X(clflush, 0, "clflush " M(0))					\
	X(prefetch, 0, "prefetcht0 " M(0))				\
	X(nop, 0, "nopl " M(0))

/*
 * Near and far transfers, and what depends on the mode.  LSS does not delay traps
 * (SDM vol. 3, 6.8.3); QEMU's processors do so.
 */
#define ROWS_ONLY64(X)							\
	ROWS_FPU_FAULTS(X, M64) ROWS_XSAVE(X, M64, "rax")		\
	X(st64, 0, "mov %rax, (%rdi)")					\
	X(ld64, 0, "mov 4(%rdi), %rbx")					\
	X(movslq, 0, "movslq 4(%rdi), %rbx")				\
	X(moffs_st, 0, "movabs %rax, 0x1000100")			\
	X(moffs_ld, 0, "movabs 0x1000103, %eax")			\
	X(add64, 0, "add %rax, (%rdi)")					\
	X(imm64, 0, "addq $-5, (%rdi)")					\
	X(xchg64, 0, "xchg %rax, (%rdi)")				\
	X(bts64, BITF, "bts %rcx, (%rdi)")				\
	X(mul64, MULF, "mulq (%rdi)")					\
	X(div64, DIVF, "xor %edx, %edx\n divq (%rdi)")			\
	X(div_zero, DIVF, "divl 0x180(%rdi)")				\
	X(cmpxchg64, 0, "lock cmpxchg %rcx, (%rdi)")			\
	X(cmpxchg64_eq, 0, "lock cmpxchg %rcx, 0x1b0(%rdi)")		\
	X(cmpxchg16b, 0, "lock cmpxchg16b (%rdi)")			\
	X(cmpxchg16b_eq, 0, "lock cmpxchg16b 0x1b0(%rdi)")		\
	X(cmpxchg16b_odd, 0, "lock cmpxchg16b 8(%rdi)")			\
	X(movaps_odd, 0, "movaps 8(%rdi), %xmm1")			\
	X(movups_high, 0, "movups (%rdi), %xmm12")			\
	X(movq_gpr, 0, "movq (%rdi), %xmm9\n movq %xmm9, 8(%rdi)")	\
	X(movnti, 0, "movnti %eax, (%rdi)\n movnti %rax, 8(%rdi)")	\
	X(movbe_ld, 0, "movbe (%rdi), %ebx")				\
	X(movbe_st, 0, "movbe %ax, (%rdi)")				\
	X(push64, 0, "pushq (%rdi)")					\
	X(pop64, 0, "push %rax\n popq (%rdi)")				\
	X(pop_rsp, NOSTEP, "mov %rsp, %rbx\n lea 0x300(%rdi), %rsp\n"		\
	  "push %rax\n popq 0x10(%rsp)\n mov %rbx, %rsp")		\
	X(call, 0, "call *0x100(%rdi)")					\
	X(jmp, 0, "jmp *0x100(%rdi)")					\
	X(ljmp, 0, "ljmp *0x130(%rdi)")					\
	X(lcall, 0, "lcall *0x130(%rdi)")				\
	X(lss, NOSTEP, "lss 0x140(%rdi), %ecx")				\
	X(lfs, 0, "lfs 0x140(%rdi), %ecx")				\
	X(stack, NOSTEP, "mov %rsp, %rbx\n mov %rdi, %rsp\n push %rax\n"	\
	  "pushw %dx\n pushf\n push $-2\n pop %r11\n popf\n popw %r12w\n" \
	  "pop %r13\n mov %rbx, %rsp")					\
	X(enter_leave, NOSTEP, "mov %rsp, %rbx\n mov %rdi, %rsp\n"		\
	  "enter $0x20, $0\n push %rbp\n leave\n mov %rbx, %rsp")	\
	X(stack_call, NOSTEP, "mov %rsp, %rbx\n mov %rdi, %rsp\n call 1f\n"	\
	  "jmp 2f\n 1: ret $8\n 2: mov %rbx, %rsp")	\
	X(rep_movs_load, 0, "xchg %rdi, %rsi\n rep movsq")		\
	X(iret, NOSTEP, "mov %ss, %eax\n mov %cs, %ecx\n lea 0x100(%rdi), %rsp\n" \
	  "push %rax\n push %rdi\n pushf\n push %rcx\n lea 1f(%rip), %rdx\n" \
	  "push %rdx\n iretq\n 1: nop")					\
	X(str, 0, "str (%rdi)")						\
	X(sldt, 0, "sldt (%rdi)")					\
	X(lldt, 0, "lldt 0x180(%rdi)")					\
	X(verr, 0, "verr 0x170(%rdi)")					\
	X(lar, AF, "lar 0x170(%rdi), %ebx\n" LAR_END)				\
	X(lsl, 0, "lsl 0x170(%rdi), %ebx")

#define ROWS_ONLY32(X)							\
	ROWS_FPU_FAULTS(X, M32) ROWS_XSAVE(X, M32, "eax")		\
	X(moffs_st, 0, "mov %eax, 0x1000100")				\
	X(movnti, 0, "movnti %eax, (%edi)")				\
	X(movbe_ld, 0, "movbe (%edi), %bx")				\
	X(movbe_st, 0, "movbe %eax, (%edi)")				\
	X(push32, 0, "pushl (%edi)")					\
	X(pop32, 0, "push %eax\n popl (%edi)")				\
	X(call, 0, "call *0x100(%edi)")					\
	X(jmp, 0, "jmp *0x100(%edi)")					\
	X(ljmp, 0, "ljmp *0x130(%edi)")					\
	X(lcall, 0, "lcall *0x130(%edi)")				\
	X(lds, 0, "lds 0x140(%edi), %ecx")				\
	X(les, 0, "les 0x140(%edi), %ecx")				\
	X(lss16, 0, "lss 0x150(%edi), %cx")				\
	X(arpl, 0, "mov $3, %ax\n arpl %ax, 0x170(%edi)")		\
	X(div_zero, DIVF, "divl 0x180(%edi)")				\
	X(stack, NOSTEP, "mov %esp, %ebx\n mov %edi, %esp\n pusha\n pushf\n"	\
	  "push %es\n push $-2\n pop %ecx\n pop %es\n popf\n popa\n"	\
	  "mov %edi, %esp")						\
	X(rep_movs_load, 0, "xchg %edi, %esi\n rep movsl")		\
	X(str, 0, "str (%edi)")						\
	X(sldt, 0, "sldt (%edi)")					\
	X(lldt, 0, "lldt 0x180(%edi)")					\
	X(verw, 0, "verw 0x170(%edi)")					\
	X(lar, AF, "lar 0x170(%edi), %ebx\n" LAR_END)				\
	X(lsl, 0, "lsl 0x170(%edi), %ebx")

#define ROWS_ONLY16(X)							\
	X(moffs_st, 0, "mov %ax, %es:0x100")				\
	X(push32, 0, "pushl %es:(%di)")					\
	X(pop32, 0, "push %eax\n popl %es:(%di)")			\
	X(call, 0, "call *%es:0x100(%di)")				\
	X(jmp, 0, "jmp *%es:0x100(%di)")				\
	X(ljmp, 0, "ljmp *%es:0x120(%di)")				\
	X(ljmp32, 0, "ljmpl *%es:0x130(%di)")				\
	X(lcall, 0, "lcall *%es:0x120(%di)")				\
	X(lds, 0, "lds %es:0x150(%di), %cx")				\
	X(les, 0, "les %es:0x150(%di), %cx")				\
	X(stack, NOSTEP, "mov %es, %bx\n mov %bx, %ss\n mov %di, %sp\n"	\
	  "pusha\n pushf\n push %es\n pushl %eax\n popl %ecx\n pop %gs\n" \
	  "popf\n popa")						\
	X(rep_movs_load, 0, "mov %es, %ax\n mov %ax, %ds\n xor %ax, %ax\n" \
	  "mov %ax, %es\n xchg %si, %di\n rep movsl")			\
	X(addr32, 0, "movzwl %di, %edi\n addr32 mov %es:4(%edi), %eax")

#endif
