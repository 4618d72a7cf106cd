/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From multiboot's state, 32-bit protected mode without paging, to that in which
 * tests/api/nested_peer_test.c starts the blob, which follows.
 */
#define MAGIC	0x1badb002
#define FLAGS	0x00010000

	.code32
	.globl _start
_start:
	jmp enter
	.balign 4
header:	.long MAGIC, FLAGS, -(MAGIC + FLAGS)
	.long header, _start, end, end, enter

enter:
	movl 16(%ebx), %ebp		/* the command line */
	/* 1 GiB one to one, for everybody */
	mov $0x100000, %edi
	xor %eax, %eax
	mov $(3 * 1024), %ecx
	rep stosl
	movl $0x101007, 0x100000
	movl $0x102007, 0x101000
	mov $0x102000, %edi
	mov $0x87, %eax
1:	mov %eax, (%edi)
	add $8, %edi
	add $0x200000, %eax
	cmp $0x103000, %edi
	jne 1b
	mov $0x100000, %eax
	mov %eax, %cr3
	mov $0x20, %eax
	mov %eax, %cr4
	mov $0xc0000080, %ecx
	rdmsr
	or $0x100, %eax
	wrmsr
	mov $0x80000011, %eax
	mov %eax, %cr0
	lgdt gdt_at
	ljmp $8, $1f
	.code64
1:	mov $0x10, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov $0xff, %al			/* no interrupt of the old controllers */
	out %al, $0x21
	out %al, $0xa1
	mov $0x200000, %esp
	/* three numbers of it: the first program, how many, flags */
	mov %ebp, %esi
2:	lodsb				/* behind the image's name */
	cmp $' ', %al
	jne 2b
	call number
	push %rax
	call number
	push %rax
	call number
	mov %rax, %rdx
	pop %rsi
	pop %rdi
	call blob
	hlt

/* number: RAX: the next one at RSI */
number:
	xor %eax, %eax
	xor %ecx, %ecx
1:	movb (%rsi), %cl
	test %cl, %cl
	jz 3f
	inc %esi
	sub $'0', %cl
	cmp $9, %cl
	ja 1b
2:	lea (%rax, %rax, 4), %rax
	lea (%rcx, %rax, 2), %rax
	movb (%rsi), %cl
	sub $'0', %cl
	cmp $9, %cl
	ja 3f
	inc %esi
	jmp 2b
3:	ret

	.balign 8
gdt:	.quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdt_at:	.word . - gdt - 1
	.long gdt
	.balign 0x1000
blob:	.incbin "build/l1/blob"
end:
