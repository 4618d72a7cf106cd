// SPDX-License-Identifier: GPL-2.0-only
/* What guests execute: random code in each mode, and guests that are hosts. */
#define _GNU_SOURCE
#include <pthread.h>
#include "tests/api/randguest.h"
#include "tests/api/svm.h"
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

/* L2: what exits, and what need not. */
GUEST(64, g_l2_busy,
      "1: cpuid\n rdtsc\n out %al, $0x80\n mov %cr0, %rax\n mov %cr3, %rbx\n mov %rbx, %cr3\n"
      "mov $0x174, %ecx\n rdmsr\n wrmsr\n mov $0x20000000, %edi\n mov %eax, (%rdi)\n"
      "mov $0x300000, %edi\n mov $0x3000, %ecx\n rep stosb\n vmmcall\n pause\n hlt\n"
      "int3\n jmp 1b\n");

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

static void l2_make(void)
{
	v = world.cpu[0];
	v.vm = &vm;
	with_npt = below(2);
	l2_enter_here(g_l2_busy, g_l2_busy_end);
	vmcb()->intercept[3] = rnd() | 1u << (EXIT_HLT % 32);
	vmcb()->intercept[2] = below(2) ? rnd() : 0;
	vmcb()->intercept[0] = below(2) ? rnd() : 0;
	world.cpu[0] = v;
}

/* L1's control block, its permission maps or its tables change, in use or not. */
void op_l2(const struct call *c)
{
	uint8_t *b = vm.mem + GPA_VMCB;

	if (!(world.prog->setup.flags & WITH_L2))
		return;
	switch (c->arg % 8) {
	case 0:
		spoil(b, 0x100);
		break;
	case 1:
		spoil(b + 0x400, 0x270);
		break;
	case 2:
		vmcb()->event_inj = INJ_VALID | below(5) << 8 | below(256);
		break;
	case 3:
		vmcb()->int_ctl = rnd();
		break;
	case 4:
		memset(vm.mem + GPA_IOPM, rnd(), 0x6000);
		break;
	case 5:
		vmcb()->asid = below(4);
		vmcb()->tlb = below(8);
		break;
	case 6:
		vmcb()->intercept[below(6)] = odd_number();
		break;
	default:
		vmcb()->rip = GPA_CODE2 + below(32);
	}
	cpu_run(&world.cpu[0]);
}

/* The same for L2; when it has exited to L1 it goes on behind what did that. */
void op_l2_program(const struct call *c)
{
	struct vcpu *cpu = &world.cpu[0];
	struct kvm_regs r;
	unsigned int n, i;
	const uint8_t *code = code_make(&n);

	if (!(world.prog->setup.flags & WITH_L2))
		return;
	memcpy(vm.mem + GPA_CODE2, code, n);
	vmcb()->rip = GPA_CODE2;
	for (i = 0; i < 6; i++)
		vmcb()->intercept[i] = below(3) ? vmcb()->intercept[i] : rnd() & rnd();
	vmcb()->intercept[3] |= 1u << (EXIT_HLT % 32);
	code_catch(cpu);
	for (i = 0; i < 4 + c->arg % 32u; i++) {
		if (cpu_run(cpu) && errno != EINTR)
			break;
		if (cpu->run->exit_reason != KVM_EXIT_IO || cpu->run->io.port != PORT_L1 ||
		    ioctl(cpu->fd, KVM_GET_REGS, &r))
			continue;
		vmcb()->rip = r.r15;
		if (!below(8))
			vmcb()->event_inj = INJ_VALID | below(5) << 8 | below(256);
	}
}

void guests_make(void)
{
	unsigned int i = 0;

	guest_vm = vm;
	guest_cpu = world.cpu[0];
	guest_adopt();
	if (world.prog->setup.flags & WITH_L2 && vcpu_has(&world.cpu[0], 0x80000001, 2, 2)) {
		l2_make();
		i = 1;
	}
	for (; i < world.cpus; i++)
		guest_give(&world.cpu[i]);
}
