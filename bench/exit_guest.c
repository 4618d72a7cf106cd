// SPDX-License-Identifier: GPL-2.0-only
/*
 * One kind of round trip for ever, for bench/exit-profile to look at.  The case
 * is the round trip; "marker <address>" is the instruction that each of them
 * executes once.
 */
#include <asm/unistd.h>
#include <sys/eventfd.h>
#include "tests/api/lib.h"

#define PORT_EVENT	0x84
#define LOOP_SECONDS	3600

GUEST(64, loop_cpuid,
      "1: xor %eax, %eax\n"
      "xor %ecx, %ecx\n"
      "cpuid\n"
      "jmp 1b\n");
GUEST(64, loop_rdmsr,
      "1: rdmsr\n"
      "jmp 1b\n");
GUEST(64, loop_hypercall,
      "1: mov $1, %eax\n"
      "vmmcall\n"
      "jmp 1b\n");
GUEST(64, loop_out,
      "1: out %al, %dx\n"
      "jmp 1b\n");
GUEST(64, loop_write,
      "1: mov %eax, (%rdi)\n"
      "jmp 1b\n");

/* RDI: a table, RDX: what its first entry maps, R8: the first entry. */
GUEST(64, loop_pte_map,
      "1: mov %r8, (%rdi,%rcx,8)\n"
      "mov (%rdx), %al\n"
      "add $4096, %rdx\n"
      "add $4096, %r8\n"
      "inc %ecx\n"
      "cmp $512, %ecx\n"
      "jb 1b\n"
      "sub $(512 * 4096), %rdx\n"
      "sub $(512 * 4096), %r8\n"
      "2: dec %ecx\n"
      "movq $0, (%rdi,%rcx,8)\n"
      "jnz 2b\n"
      "mov %cr3, %rax\n"
      "mov %rax, %cr3\n"
      "jmp 1b\n");
GUEST(64, loop_pte_unmap,
      "1: mov %r8, (%rdi)\n"
      "mov (%rdx), %al\n"
      "movq $0, (%rdi)\n"
      "invlpg (%rdx)\n"
      "jmp 1b\n");
/* RSI, R8: two roots. */
GUEST(64, loop_cr3,
      "1: mov %rsi, %cr3\n"
      "mov (%rdx), %al\n"
      "xchg %rsi, %r8\n"
      "jmp 1b\n");

/* KVM_RUN with nothing of the C library around; the label is the marker. */
__attribute__((noinline, noclone)) static long run_raw(int fd)
{
	long r = __NR_ioctl;

	asm volatile(".globl run_marker\nrun_marker: syscall"
		     : "+a" (r)
		     : "D" (fd), "S" (KVM_RUN), "d" (0)
		     : "rcx", "r11", "memory");
	return r;
}

extern const char run_marker[];

static void start(struct vm *vm, struct vcpu *v, const uint8_t *code,
		  const uint8_t *end)
{
	struct kvm_regs regs;

	vm_new(vm, 0);
	vcpu_new(vm, v, 0);
	vm_load(vm, GPA_CODE, code, end);
	vcpu_mode(v, MODE_LONG, GPA_CODE);
	regs = vcpu_regs(v);
	regs.rcx = 0x10;			/* TSC */
	regs.rdx = PORT_EVENT;
	regs.rdi = GPA_HOLE;
	vcpu_set_regs(v, &regs);
}

static void run_for_ever(struct vcpu *v, unsigned long marker)
{
	printf("marker %lx\n", marker);
	fflush(stdout);
	while (run_raw(v->fd) >= 0 || v->run->immediate_exit)
		;
	FAIL("KVM_RUN failed");
}

/* Round trips that the kernel handles alone: the guest's loop is the marker. */
static void in_kernel(const uint8_t *code, const uint8_t *end)
{
	struct vcpu v;
	struct vm vm;

	start(&vm, &v, code, end);
	run_for_ever(&v, GPA_CODE);
}

static void with_eventfd(const uint8_t *code, const uint8_t *end, uint64_t addr,
			 uint32_t len, uint32_t flags)
{
	struct kvm_ioeventfd e = {
		.addr = addr, .len = len, .flags = flags,
	};
	struct vcpu v;
	struct vm vm;

	start(&vm, &v, code, end);
	e.fd = OK(eventfd(0, EFD_NONBLOCK));
	OK(ioctl(vm.fd, KVM_IOEVENTFD, &e));
	run_for_ever(&v, GPA_CODE);
}

static void with_client(const uint8_t *code, const uint8_t *end, bool immediate)
{
	struct vcpu v;
	struct vm vm;

	start(&vm, &v, code, end);
	v.run->immediate_exit = immediate;
	run_for_ever(&v, (unsigned long)run_marker);
}

static void cpuid(void)
{
	in_kernel(loop_cpuid, loop_cpuid_end);
}

static void rdmsr(void)
{
	in_kernel(loop_rdmsr, loop_rdmsr_end);
}

static void hypercall(void)
{
	in_kernel(loop_hypercall, loop_hypercall_end);
}

static void pio_eventfd(void)
{
	with_eventfd(loop_out, loop_out_end, PORT_EVENT, 1,
		     KVM_IOEVENTFD_FLAG_PIO);
}

static void mmio_eventfd(void)
{
	with_eventfd(loop_write, loop_write_end, GPA_HOLE, 4, 0);
}

static void pio_user(void)
{
	with_client(loop_out, loop_out_end, false);
}

static void mmio_user(void)
{
	with_client(loop_write, loop_write_end, false);
}

static void immediate(void)
{
	with_client(loop_out, loop_out_end, true);
}

/* ------------------------------------------------------------------------ */
/* The guest's own paging: a table of 4 KiB pages behind the second PML4 entry. */

#define PAGED		(1ul << 39)
#define PAGED_ROOT	GPA_DATA	/* the other root */
#define PAGED_TABLE	(GPA_DATA + 0x3000)
#define PTE(gpa)	((gpa) | 0x67)	/* present, writable, user, A, D */

static void with_tables(const uint8_t *code, const uint8_t *end)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	struct vcpu v;
	struct vm vm;

	start(&vm, &v, code, end);
	sregs = vcpu_sregs(&v);
	*vm_u64(&vm, sregs.cr3 + 8) = PTE(GPA_DATA + 0x1000);
	*vm_u64(&vm, GPA_DATA + 0x1000) = PTE(GPA_DATA + 0x2000);
	*vm_u64(&vm, GPA_DATA + 0x2000) = PTE(PAGED_TABLE);
	memcpy(vm.mem + PAGED_ROOT, vm.mem + sregs.cr3, 4096);
	regs = vcpu_regs(&v);
	regs.rsi = sregs.cr3;
	regs.rdi = PAGED_TABLE;
	regs.rdx = PAGED;
	regs.rcx = 0;
	regs.r8 = PTE(GPA_DATA + 0x8000);
	vcpu_set_regs(&v, &regs);
	run_for_ever(&v, GPA_CODE);
}

static void pte_map(void)
{
	with_tables(loop_pte_map, loop_pte_map_end);
}

static void pte_unmap(void)
{
	with_tables(loop_pte_unmap, loop_pte_unmap_end);
}

static void cr3(void)
{
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct vcpu v;
	struct vm vm;

	start(&vm, &v, loop_cr3, loop_cr3_end);
	sregs = vcpu_sregs(&v);
	memcpy(vm.mem + PAGED_ROOT, vm.mem + sregs.cr3, 4096);
	regs = vcpu_regs(&v);
	regs.rsi = sregs.cr3;
	regs.r8 = PAGED_ROOT;
	regs.rdx = GPA_DATA + 0x8000;
	vcpu_set_regs(&v, &regs);
	run_for_ever(&v, GPA_CODE);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "cpuid", cpuid, LOOP_SECONDS },
		{ "rdmsr", rdmsr, LOOP_SECONDS },
		{ "hypercall", hypercall, LOOP_SECONDS },
		{ "pio_eventfd", pio_eventfd, LOOP_SECONDS },
		{ "mmio_eventfd", mmio_eventfd, LOOP_SECONDS },
		{ "pio_user", pio_user, LOOP_SECONDS },
		{ "mmio_user", mmio_user, LOOP_SECONDS },
		{ "immediate", immediate, LOOP_SECONDS },
		{ "pte_map", pte_map, LOOP_SECONDS },
		{ "pte_unmap", pte_unmap, LOOP_SECONDS },
		{ "cr3", cr3, LOOP_SECONDS },
		{ }
	};

	return test_main(argc, argv, cases);
}
