// SPDX-License-Identifier: GPL-2.0-only
/* Round trips of a guest that is a host: exit_guest.c has the others. */
#include <sys/mman.h>
#include "bench/exit_guest.h"
#include "tests/api/svm.h"

/* L1's loop around VMRUN: L2 goes on behind an instruction of two bytes. */
GUEST(64, loop_vmrun,
      "mov $0xc0000080, %ecx\n rdmsr\n bts $12, %eax\n wrmsr\n"
      "mov $0xc0010117, %ecx\n mov $0x21000, %eax\n xor %edx, %edx\n wrmsr\n"
      "mov $0x20000, %eax\n"
      ".globl vmrun_again\n"
      "vmrun_again: vmrun %rax\n"
      "addq $2, 0x578(%rax)\n"
      "jmp vmrun_again\n");
GUEST(64, loop_l2_cpuid,
      "1: cpuid\n jmp 1b\n");
GUEST(64, loop_l2_out,
      "mov $0x84, %edx\n"
      "1: out %al, %dx\n jmp 1b\n");
/* Blocks of 16 pages, one after the other; userspace makes them absent again. */
GUEST(64, loop_l2_touch,
      "1: mov $0x40000000, %edi\n mov $32, %ecx\n"
      "2: .rept 16\n mov %al, (%rdi)\n add $4096, %rdi\n .endr\n"
      ".globl l2_touched\n"
      "l2_touched: dec %ecx\n jnz 2b\n"
      "out %al, $0x85\n jmp 1b\n");

#define GPA_TOUCHED	0x40000000ul
#define TOUCHED_BYTES	(512ul * 4096)

extern const uint8_t vmrun_again[], l2_touched[];

static void nested_start(const uint8_t *code, const uint8_t *end, bool npt_too)
{
	with_npt = npt_too;
	l2_start(code, end);
	vm_load(&vm, GPA_CODE, loop_vmrun, loop_vmrun_end);
}

static void cpuid_to_l1(bool npt_too)
{
	nested_start(loop_l2_cpuid, loop_l2_cpuid_end, npt_too);
	intercept(EXIT_CPUID);
	run_for_ever(&v, GPA_CODE + (vmrun_again - loop_vmrun));
}

void nested_cpuid(void)
{
	cpuid_to_l1(true);
}

void nested_cpuid_nonpt(void)
{
	cpuid_to_l1(false);
}

/* An exit that L1 does not want. */
void nested_pio(void)
{
	struct kvm_ioeventfd e = {
		.addr = 0x84, .len = 1, .flags = KVM_IOEVENTFD_FLAG_PIO,
	};

	nested_start(loop_l2_out, loop_l2_out_end, true);
	e.fd = OK(eventfd(0, EFD_NONBLOCK));
	OK(ioctl(vm.fd, KVM_IOEVENTFD, &e));
	run_for_ever(&v, GPA_CODE2 + 5);
}

/* L2 touches 16 pages that L1 and the host have. */
void nested_fault(void)
{
	uint8_t *mem = mem_new(TOUCHED_BYTES, MADV_NOHUGEPAGE);

	memset(mem, 1, TOUCHED_BYTES);
	nested_start(loop_l2_touch, loop_l2_touch_end, true);
	pt_map(&npt, GPA_TOUCHED, GPA_TOUCHED, 2, PTE_P | PTE_W | PTE_U);
	marker_print(GPA_CODE2 + (l2_touched - loop_l2_touch));
	for (;;) {
		OK(vm_slot(&vm, 1, GPA_TOUCHED, mem, TOUCHED_BYTES));
		vcpu_until(&v, 0x85);
		OK(vm_slot(&vm, 1, GPA_TOUCHED, mem, 0));
	}
}
