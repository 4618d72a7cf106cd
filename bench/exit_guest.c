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

/* Pages that the guest maps itself: above what vcpu_mode() maps. */
#define VA_PAGES	0x100000000ull
#define NR_PAGES	16	/* both loops in one log */
#define GPA_PAGES	0x800000
#define STR(x)		#x
#define XSTR(x)		STR(x)

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

/* rdi: first entry, rdx: its page, r8: its value: make and use each, drop each. */
GUEST(64, loop_pte,
      "2: mov %rdi, %r9\n"
      "mov %rdx, %r10\n"
      "mov %r8, %r11\n"
      "mov $" XSTR(NR_PAGES) ", %ecx\n"
      ".globl pte_map\n"
      "pte_map: mov %r11, (%r9)\n"
      "mov (%r10), %al\n"
      "add $8, %r9\n"
      "add $4096, %r10\n"
      "add $4096, %r11\n"
      "dec %ecx\n"
      "jnz pte_map\n"
      "mov %rdi, %r9\n"
      "mov %rdx, %r10\n"
      "mov $" XSTR(NR_PAGES) ", %ecx\n"
      ".globl pte_unmap\n"
      "pte_unmap: movq $0, (%r9)\n"
      "invlpg (%r10)\n"
      "add $8, %r9\n"
      "add $4096, %r10\n"
      "dec %ecx\n"
      "jnz pte_unmap\n"
      "jmp 2b\n");
/* An entry for one page and another in turn; without and with use of it. */
GUEST(64, loop_toggle,
      "1: mov %r8, (%rdi)\n"
      "invlpg (%rdx)\n"
      "mov (%rdx), %al\n"
      "xchg %r8, %rsi\n"
      "jmp 1b\n");
GUEST(64, loop_invlpg,
      "1: invlpg (%rdx)\n"
      "jmp 1b\n");
GUEST(64, loop_cr3,
      "1: mov %rsi, %cr3\n"
      "mov (%rdx), %al\n"
      "xchg %rdi, %rsi\n"
      "jmp 1b\n");

extern const uint8_t pte_map[], pte_unmap[];

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

static void with_vmm(const uint8_t *code, const uint8_t *end, bool immediate)
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
	with_vmm(loop_out, loop_out_end, false);
}

static void mmio_user(void)
{
	with_vmm(loop_write, loop_write_end, false);
}

static void immediate(void)
{
	with_vmm(loop_out, loop_out_end, true);
}

/* ---- what the guest does to its tables: exits with shadow paging only ---- */

static void start_paging(struct vm *vm, struct vcpu *v, const uint8_t *code,
			 const uint8_t *end, bool roots)
{
	struct kvm_regs regs;

	start(vm, v, code, end);
	pt_map(&v->pt, VA_PAGES, GPA_PAGES, 1, 0);
	regs = vcpu_regs(v);
	regs.rdx = VA_PAGES;
	regs.rdi = pt_get(&v->pt, VA_PAGES, 2) & ~0xfffull;
	regs.r8 = GPA_PAGES | PTE_P | PTE_W | PTE_A | PTE_D;
	regs.rsi = regs.r8 + 0x1000;
	if (roots) {
		pt_map(&v->pt, VA_PAGES, GPA_PAGES, 1, PTE_P | PTE_A);
		regs.rdi = v->pt.root;
		regs.rsi = vm_page(vm);
		memcpy(vm->mem + regs.rsi, vm->mem + regs.rdi, 4096);
	}
	vcpu_set_regs(v, &regs);
}

static void paging(const uint8_t *code, const uint8_t *end, bool roots)
{
	struct vcpu v;
	struct vm vm;

	start_paging(&vm, &v, code, end, roots);
	run_for_ever(&v, GPA_CODE);
}

static void with_entries(const uint8_t *marker)
{
	struct vcpu v;
	struct vm vm;

	start_paging(&vm, &v, loop_pte, loop_pte_end, false);
	run_for_ever(&v, GPA_CODE + (marker - loop_pte));
}

static void map_touch(void)
{
	with_entries(pte_map);
}

static void unmap_flush(void)
{
	with_entries(pte_unmap);
}

static void pte_toggle(void)
{
	paging(loop_toggle, loop_toggle_end, false);
}

static void invlpg(void)
{
	paging(loop_invlpg, loop_invlpg_end, false);
}

static void cr3(void)
{
	paging(loop_cr3, loop_cr3_end, true);
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
		{ "map_touch", map_touch, LOOP_SECONDS },
		{ "unmap_flush", unmap_flush, LOOP_SECONDS },
		{ "pte_toggle", pte_toggle, LOOP_SECONDS },
		{ "invlpg", invlpg, LOOP_SECONDS },
		{ "cr3", cr3, LOOP_SECONDS },
		{ }
	};

	return test_main(argc, argv, cases);
}
