// SPDX-License-Identifier: GPL-2.0-only
/* Guests that are hosts, by SVM: the L2 of kvm.h. */
#define _GNU_SOURCE
#include "tests/api/svm.h"
#include "tests/fuzz/kvm.h"

/* L2: what exits, and what need not. */
GUEST(64, g_l2_busy,
      "1: cpuid\n rdtsc\n out %al, $0x80\n mov %cr0, %rax\n mov %cr3, %rbx\n mov %rbx, %cr3\n"
      "mov $0x174, %ecx\n rdmsr\n wrmsr\n mov $0x20000000, %edi\n mov %eax, (%rdi)\n"
      "mov $0x300000, %edi\n mov $0x3000, %ecx\n rep stosb\n vmmcall\n pause\n hlt\n"
      "int3\n jmp 1b\n");

const uint32_t l2_operand = GPA_VMCB;

unsigned int l2_insn(uint8_t *insn)
{
	insn[0] = 0x0f;
	insn[1] = 0x01;
	insn[2] = 0xd8 + below(8);
	return 3;
}

bool l2_make(void)
{
	if (!vcpu_has(&world.cpu[0], 0x80000001, 2, 2))
		return false;
	v = world.cpu[0];
	v.vm = &vm;
	with_npt = below(2);
	l2_enter_here(g_l2_busy, g_l2_busy_end);
	vmcb()->intercept[3] = rnd() | 1u << (EXIT_HLT % 32);
	vmcb()->intercept[2] = below(2) ? rnd() : 0;
	vmcb()->intercept[0] = below(2) ? rnd() : 0;
	world.cpu[0] = v;
	return true;
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
