/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest that hello.c runs: real mode, protected mode, long mode. */
#ifndef HELLO_GUEST_H
#define HELLO_GUEST_H

#include <stdint.h>

/*
 * The guest, linked as if at 0x8000: AT() is an address there.  Tables at
 * 0x10000: PML4, PDPT, four page directories, 4 GiB one to one in 2 MiB pages.
 */
#define AT(label) "(" #label " - g_begin + 0x8000)"

asm(".pushsection .rodata\n.code16\n"
    "g_begin:\n"
    "	cli\n	cld\n	xor %ax, %ax\n	mov %ax, %ds\n	mov %ax, %ss\n"
    "	mov $0x7000, %sp\n"
    "	mov $" AT(s_real) ", %si\n	call g_puts16\n"
    "	mov $0x1000, %ax\n	mov %ax, %es\n"
    "	xor %di, %di\n	xor %eax, %eax\n	mov $0x1800, %ecx\n"
    "	rep stosl\n"
    "	movl $0x11003, %es:0\n"
    "	movl $0x12003, %es:0x1000\n	movl $0x13003, %es:0x1008\n"
    "	movl $0x14003, %es:0x1010\n	movl $0x15003, %es:0x1018\n"
    "	mov $0x2000, %di\n	mov $0x83, %eax\n"
    "1:	mov %eax, %es:(%di)\n	add $8, %di\n"
    "	add $0x200000, %eax\n	jnc 1b\n"
    "	lgdtl " AT(g_gdtr) "\n"
    "	mov %cr0, %eax\n	or $1, %al\n	mov %eax, %cr0\n"
    "	ljmpl $0x08, $" AT(g_prot) "\n"
    "g_puts16:\n	mov $0x3f8, %dx\n"
    "1:	lodsb\n	test %al, %al\n	jz 2f\n	out %al, %dx\n	jmp 1b\n"
    "2:	ret\n"
    ".code32\n"
    "g_prot:\n"
    "	mov $0x10, %eax\n	mov %eax, %ds\n	mov %eax, %es\n"
    "	mov %eax, %ss\n	mov $0x7000, %esp\n"
    "	mov $" AT(s_prot) ", %esi\n	call g_puts\n"
    "	mov %cr4, %eax\n	or $0x20, %eax\n	mov %eax, %cr4\n"
    "	mov $0x10000, %eax\n	mov %eax, %cr3\n"
    "	mov $0xc0000080, %ecx\n	rdmsr\n	or $0x100, %eax\n	wrmsr\n"
    "	mov %cr0, %eax\n	or $0x80000000, %eax\n	mov %eax, %cr0\n"
    "	ljmp $0x18, $" AT(g_long) "\n"
    /* These bytes mean the same in 32 and 64 bits. */
    "g_puts:\n	mov $0x3f8, %edx\n"
    "1:	lodsb\n	test %al, %al\n	jz 2f\n	out %al, %dx\n	jmp 1b\n"
    "2:	ret\n"
    ".code64\n"
    "g_long:\n"
    "	mov $" AT(s_long) ", %esi\n	call g_puts\n"
    /* who made the CPU */
    "	xor %eax, %eax\n	cpuid\n"
    "	mov %ebx, g_vendor(%rip)\n	mov %edx, g_vendor + 4(%rip)\n"
    "	mov %ecx, g_vendor + 8(%rip)\n"
    "	mov $" AT(s_cpu) ", %esi\n	call g_puts\n"
    /* memory ends where it forgets; what was there is put back */
    "	mov $0x100000, %edi\n"
    "1:	mov %rdi, %rax\n	not %rax\n	mov (%rdi), %rbx\n"
    "	mov %rax, (%rdi)\n	mov (%rdi), %rcx\n	mov %rbx, (%rdi)\n"
    "	cmp %rcx, %rax\n	jne 2f\n"
    "	add $0x100000, %rdi\n	cmp $0x40000000, %rdi\n	jb 1b\n"
    "2:	mov $" AT(s_memory) ", %esi\n	call g_puts\n"
    "	mov %rdi, %rax\n	shr $20, %rax\n	call g_number\n"
    "	mov $" AT(s_mib) ", %esi\n	call g_puts\n"
    /* a device: +0 keeps what is written, +4 gives its complement */
    "	mov $0xd0000000, %ebx\n	mov $0x12345678, %ebp\n"
    "	mov %ebp, (%rbx)\n	mov 4(%rbx), %ecx\n	not %ecx\n"
    "	mov $2, %al\n	cmp %ecx, %ebp\n	jne g_end\n"
    "	mov $" AT(s_mmio) ", %esi\n	call g_puts\n"
    /* the others */
    "	in $0xf2, %al\n	movzbl %al, %ebp\n"
    "	cmp $1, %ebp\n	je 4f\n"
    "	out %al, $0xf1\n"
    "3:	pause\n	mov g_awake(%rip), %eax\n	inc %eax\n"
    "	cmp %eax, %ebp\n	jne 3b\n"
    "4:	mov $" AT(s_bye) ", %esi\n	call g_puts\n"
    "	xor %eax, %eax\n"
    "g_end:	out %al, $0xf4\n	hlt\n	jmp g_end\n"
    /* RAX in decimal */
    "g_number:\n	mov $10, %ecx\n	mov %rsp, %r8\n	push $0\n"
    "1:	xor %edx, %edx\n	div %rcx\n	add $0x30, %dl\n"
    "	dec %rsp\n	mov %dl, (%rsp)\n	test %rax, %rax\n	jnz 1b\n"
    "	mov %rsp, %rsi\n	call g_puts\n	mov %r8, %rsp\n	ret\n"
    /* another vCPU: EBP is its number */
    "g_ap:\n	mov $" AT(s_ap) ", %esi\n	call g_puts\n"
    "	mov %ebp, %eax\n	call g_number\n"
    "	mov $" AT(s_here) ", %esi\n	call g_puts\n"
    "	lock incl g_awake(%rip)\n"
    "1:	hlt\n	jmp 1b\n"
    "	.balign 8\n"
    "g_gdt:	.quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff\n"
    "	.quad 0x00af9b000000ffff\n"
    "g_gdtr: .word 0x1f\n	.long " AT(g_gdt) "\n"
    "g_awake: .long 0\n"
    "s_real: .asciz \"hello from real mode\\n\"\n"
    "s_prot: .asciz \"hello from protected mode\\n\"\n"
    "s_long: .asciz \"hello from long mode, on page tables of my own\\n\"\n"
    "s_cpu:	.ascii \"cpu: \"\n"
    "g_vendor: .asciz \"............\\n\"\n"
    "s_memory: .asciz \"memory: \"\n"
    "s_mib:	.asciz \" MiB\\n\"\n"
    "s_mmio: .asciz \"device: answers as it should\\n\"\n"
    "s_ap:	.asciz \"vcpu \"\n"
    "s_here: .asciz \": here, in long mode\\n\"\n"
    "s_bye:	.asciz \"all is well\\n\"\n"
    "g_finish:\n"
    ".popsection\n");

/* First byte; entry of the other vCPUs; the end. */
extern const uint8_t g_begin[], g_ap[], g_finish[];

#endif
