// SPDX-License-Identifier: GPL-2.0-only
/* What guests execute: random code in each mode. */
#define _GNU_SOURCE
#include <pthread.h>
#include "tests/api/randguest.h"
#include "tests/fuzz/kvm.h"

/* Exits of many kinds, in a loop. */
GUEST(64, g_busy,
      "1: mov $0x20000000, %edi\n mov %al, (%rdi)\n mov 4(%rdi), %ebx\n"
      "out %al, $0x80\n in $0x61, %al\n cpuid\n rdtsc\n mov %cr0, %rax\n mov %rax, %cr0\n"
      "mov %cr8, %rax\n xor $1, %eax\n mov %rax, %cr8\n"
      "mov $0xfee00000, %edi\n mov 0x20(%rdi), %eax\n movl $0x1ff, 0xf0(%rdi)\n"
      "movl $0x40030, 0x300(%rdi)\n movl $0xa0, 0x380(%rdi)\n movl $0, 0xb0(%rdi)\n"
      "mov $0xc0000080, %ecx\n rdmsr\n wrmsr\n"
      "mov $0x200000, %edi\n mov $0x4000, %ecx\n rep stosb\n"
      "vmmcall\n sti\n hlt\n cli\n wbinvd\n invlpg (%rdi)\n pause\n jmp 1b\n");

/* The PICs, the PIT and the IOAPIC, as a firmware sets them up. */
GUEST(64, g_chips,
      "mov $0x11, %al\n out %al, $0x20\n out %al, $0xa0\n mov $0x20, %al\n out %al, $0x21\n"
      "mov $0x28, %al\n out %al, $0xa1\n mov $4, %al\n out %al, $0x21\n mov $2, %al\n"
      "out %al, $0xa1\n mov $1, %al\n out %al, $0x21\n out %al, $0xa1\n xor %eax, %eax\n"
      "out %al, $0x21\n out %al, $0xa1\n mov $0x34, %al\n out %al, $0x43\n"
      "mov $0x10, %al\n out %al, $0x40\n out %al, $0x40\n"
      "mov $0xfec00000, %edi\n mov $0x10, %ebx\n"
      "1: mov %ebx, (%rdi)\n mov 0x10(%rdi), %eax\n mov %ebx, %eax\n or $0x30, %eax\n"
      "mov %eax, 0x10(%rdi)\n inc %ebx\n cmp $0x40, %ebx\n jne 1b\n"
      "2: sti\n nop\n in $0x40, %al\n mov $0x0a, %al\n out %al, $0x20\n in $0x20, %al\n"
      "mov $0x20, %al\n out %al, $0xa0\n out %al, $0x20\n hlt\n jmp 2b\n");

static const uint8_t *const codes[][2] = {
	{ g_busy, g_busy_end }, { g_chips, g_chips_end },
};

#define TABLES_SIZE	0x40000		/* of one vCPU */
#define GPA_PROGRAMS	0x400000	/* a page for each vCPU */

/* There is one state in randguest.c. */
static pthread_mutex_t guest_lock = PTHREAD_MUTEX_INITIALIZER;

static void guest_give(struct vcpu *cpu)
{
	unsigned int i = below(4);

	guest_tables = GPA_TABLES + (cpu - world.cpu) * TABLES_SIZE;
	guest_cpu = *cpu;
	guest_cpu.vm = &guest_vm;
	if (i < 2) {
		guest_vm.next = guest_tables;
		vcpu_mode(&guest_cpu, MODE_LONG, GPA_CODE);
		vm_load(&vm, GPA_CODE, codes[i][0], codes[i][1]);
		if (below(4))
			exc_setup(&guest_cpu);
	} else {
		guest_start();
	}
	*cpu = guest_cpu;
}

/* A new guest for a vCPU; the others go on, in the same memory. */
void op_guest(const struct call *c)
{
	pthread_mutex_lock(&guest_lock);
	guest_cpu = *call_cpu(c);
	if (c->arg & 1)
		guest_again();
	else
		guest_give(call_cpu(c));
	pthread_mutex_unlock(&guest_lock);
}

/* A new program for a vCPU, which it begins. */
void op_program(const struct call *c)
{
	struct vcpu *cpu = call_cpu(c);
	unsigned int nr = cpu - world.cpu, n;
	const uint8_t *code = code_make(&n);

	pthread_mutex_lock(&guest_lock);
	memcpy(vm.mem + GPA_PROGRAMS + nr * 4096, code, n);
	guest_vm.next = guest_tables = GPA_TABLES + nr * TABLES_SIZE;
	guest_cpu = *cpu;
	guest_cpu.vm = &guest_vm;
	vcpu_mode(&guest_cpu, MODE_LONG, GPA_PROGRAMS + nr * 4096);
	code_catch(&guest_cpu);
	*cpu = guest_cpu;
	pthread_mutex_unlock(&guest_lock);
	op_run(c);
}

void guests_make(void)
{
	unsigned int i;

	guest_vm = vm;
	guest_cpu = world.cpu[0];
	guest_adopt();
	for (i = world.prog->setup.flags & WITH_L2 && l2_make(); i < world.cpus; i++)
		guest_give(&world.cpu[i]);
}
