// SPDX-License-Identifier: GPL-2.0-only
/*
 * One kind of round trip for ever, for bench/exit-profile to look at.  The case
 * is the round trip; "marker <address>" is the instruction that each of them
 * executes once.
 */
#include <asm/unistd.h>
#include "bench/exit_guest.h"

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
GUEST(64, loop_hlt,
      "1: hlt\n"
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
__attribute__((noinline, noclone)) long run_raw(int fd)
{
	long r = __NR_ioctl;

	asm volatile(".globl run_marker\nrun_marker: syscall"
		     : "+a" (r)
		     : "D" (fd), "S" (KVM_RUN), "d" (0)
		     : "rcx", "r11", "memory");
	return r;
}

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

void marker_print(unsigned long marker)
{
	printf("marker %lx\n", marker);
	fflush(stdout);
}

void run_for_ever(struct vcpu *v, unsigned long marker)
{
	marker_print(marker);
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

static void hlt_user(void)
{
	with_vmm(loop_hlt, loop_hlt_end, false);
}

static void immediate(void)
{
	with_vmm(loop_out, loop_out_end, true);
}

/* ---- interrupt controllers in the kernel ---- */

#define APIC_GPA	0xfee00000u
#define IRQ_VECTOR	0x50

/* In x2APIC mode, enabled by software. */
#define X2APIC_ON					\
	"push %rcx\n push %rdx\n"			\
	"mov $0x1b, %ecx\n rdmsr\n"			\
	"or $0xc00, %eax\n wrmsr\n"			\
	"mov $0x80f, %ecx\n mov $0x1ff, %eax\n"		\
	"xor %edx, %edx\n wrmsr\n"			\
	"pop %rdx\n pop %rcx\n"

GUEST(64, loop_apic_read,
      "1: mov (%rdi), %eax\n"
      "jmp 1b\n");
GUEST(64, loop_x2apic_self,
      X2APIC_ON
      "sti\n"
      "mov $0x83f, %ecx\n"
      ".globl x2apic_self_marker\n"
      "x2apic_self_marker: mov $0x50, %eax\n"
      "xor %edx, %edx\n"
      "wrmsr\n"
      "jmp x2apic_self_marker\n");
GUEST(64, loop_out_irq,
      X2APIC_ON
      "sti\n"
      ".globl out_irq_marker\n"
      "out_irq_marker: out %al, %dx\n"
      "jmp out_irq_marker\n");
GUEST(64, loop_take,
      X2APIC_ON
      "1: sti\n"
      "nop\n"
      "cli\n"
      "out %al, $0xf4\n"
      "jmp 1b\n");
GUEST(64, handler_x2apic,
      "push %rax\n push %rcx\n push %rdx\n"
      "mov $0x80b, %ecx\n"
      "xor %eax, %eax\n"
      "xor %edx, %edx\n"
      "wrmsr\n"
      "pop %rdx\n pop %rcx\n pop %rax\n"
      "iretq\n");

extern const uint8_t x2apic_self_marker[], out_irq_marker[];

/* The guest's code runs in long mode with interrupts, and with a handler for ours. */
static void start_irq(struct vm *vm, struct vcpu *v, const uint8_t *code,
		      const uint8_t *end)
{
	struct kvm_cpuid2 *c;
	struct kvm_sregs s;
	struct kvm_regs r;
	uint64_t page;
	unsigned int i;

	vm_new(vm, 0);
	OK(ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0ul));
	c = cpuid_supported(vm->kvm);
	for (i = 0; i < c->nent; i++)
		if (c->entries[i].function == 1)
			c->entries[i].ecx |= 1u << 21;	/* x2APIC */
	vcpu_raw(vm, v, 0);
	OK(ioctl(v->fd, KVM_SET_CPUID2, c));
	vm_load(vm, GPA_CODE, code, end);
	vcpu_mode(v, MODE_LONG, GPA_CODE);
	pt_map(&v->pt, VA_PAGES, APIC_GPA, 1, PTE_P | PTE_W | PTE_A | PTE_D);
	page = vm_page(vm);
	vm_load(vm, page, handler_x2apic, handler_x2apic_end);
	*vm_u64(vm, GPA_IDT + IRQ_VECTOR * 16) = (page & 0xffff) |
		(uint64_t)SEL_CODE64 << 16 | 0x8eull << 40 |
		(page & 0xffff0000) << 32;
	s = vcpu_sregs(v);
	s.idt.base = GPA_IDT;
	s.idt.limit = 0xfff;
	vcpu_set_sregs(v, &s);
	r = vcpu_regs(v);
	r.rdi = VA_PAGES + 0x30;
	r.rdx = PORT_EVENT;
	vcpu_set_regs(v, &r);
}

static void apic_read(void)
{
	struct vcpu v;
	struct vm vm;

	start_irq(&vm, &v, loop_apic_read, loop_apic_read_end);
	run_for_ever(&v, GPA_CODE);
}

static void x2apic_self(void)
{
	struct vcpu v;
	struct vm vm;

	start_irq(&vm, &v, loop_x2apic_self, loop_x2apic_self_end);
	run_for_ever(&v, GPA_CODE + (x2apic_self_marker - loop_x2apic_self));
}

/* A port that signals an eventfd that raises an MSI. */
static void ioeventfd_irqfd(void)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entry[1];
	} r = { .head.nr = 1, .entry[0] = {
		.gsi = 24, .type = KVM_IRQ_ROUTING_MSI,
		.u.msi = { .address_lo = APIC_GPA, .data = IRQ_VECTOR },
	} };
	struct kvm_ioeventfd e = {
		.addr = PORT_EVENT, .len = 1, .flags = KVM_IOEVENTFD_FLAG_PIO,
	};
	struct kvm_irqfd f = { .gsi = 24 };
	struct vcpu v;
	struct vm vm;

	start_irq(&vm, &v, loop_out_irq, loop_out_irq_end);
	OK(ioctl(vm.fd, KVM_SET_GSI_ROUTING, &r));
	f.fd = e.fd = OK(eventfd(0, 0));
	OK(ioctl(vm.fd, KVM_IRQFD, &f));
	OK(ioctl(vm.fd, KVM_IOEVENTFD, &e));
	run_for_ever(&v, GPA_CODE + (out_irq_marker - loop_out_irq));
}

/* An MSI from userspace to a vCPU that does not run, and its handler. */
static void msi(void)
{
	struct kvm_msi m = { .address_lo = APIC_GPA, .data = IRQ_VECTOR };
	struct vcpu v;
	struct vm vm;

	start_irq(&vm, &v, loop_take, loop_take_end);
	printf("marker %lx\n", (unsigned long)run_marker);
	fflush(stdout);
	while (run_raw(v.fd) >= 0)
		OK(ioctl(vm.fd, KVM_SIGNAL_MSI, &m));
	FAIL("KVM_RUN failed");
}

/* A vCPU's life, with its VM's; KVM_RUN fails at once and is only the marker. */
static void life(bool irqchip)
{
	int kvm = kvm_open(), vm, vcpu;

	printf("marker %lx\n", (unsigned long)run_marker);
	fflush(stdout);
	for (;;) {
		vm = OK(ioctl(kvm, KVM_CREATE_VM, 0ul));
		if (irqchip)
			OK(ioctl(vm, KVM_CREATE_IRQCHIP, 0ul));
		run_raw(-1);
		vcpu = OK(ioctl(vm, KVM_CREATE_VCPU, 0ul));
		close(vcpu);
		close(vm);
	}
}

static void vcpu_life(void)
{
	life(false);
}

static void vcpu_lapic_life(void)
{
	life(true);
}

/* ---- what the guest does to its tables: exits with shadow paging only ---- */

static void start_paging(struct vm *vm, struct vcpu *v, const uint8_t *code,
			 const uint8_t *end, bool roots)
{
	struct kvm_sregs s;
	struct kvm_regs regs;

	start(vm, v, code, end);
	/* As kernels have it: CR0.WP. And the host has the pages, to be written. */
	s = vcpu_sregs(v);
	s.cr0 |= 1 << 16;
	vcpu_set_sregs(v, &s);
	memset(vm->mem + GPA_PAGES, 1, NR_PAGES * 4096);
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
		{ "hlt_user", hlt_user, LOOP_SECONDS },
		{ "immediate", immediate, LOOP_SECONDS },
		{ "fault_4k", fault_4k, LOOP_SECONDS },
		{ "fault_2m", fault_2m, LOOP_SECONDS },
		{ "dirty_write", dirty_write, LOOP_SECONDS },
		{ "ring_write", ring_write, LOOP_SECONDS },
		{ "apic_read", apic_read, LOOP_SECONDS },
		{ "x2apic_self", x2apic_self, LOOP_SECONDS },
		{ "ioeventfd_irqfd", ioeventfd_irqfd, LOOP_SECONDS },
		{ "msi", msi, LOOP_SECONDS },
		{ "vcpu_life", vcpu_life, LOOP_SECONDS },
		{ "vcpu_lapic_life", vcpu_lapic_life, LOOP_SECONDS },
		{ "map_touch", map_touch, LOOP_SECONDS },
		{ "unmap_flush", unmap_flush, LOOP_SECONDS },
		{ "pte_toggle", pte_toggle, LOOP_SECONDS },
		{ "invlpg", invlpg, LOOP_SECONDS },
		{ "cr3", cr3, LOOP_SECONDS },
		{ "nested_cpuid", nested_cpuid, LOOP_SECONDS },
		{ "nested_cpuid_nonpt", nested_cpuid_nonpt, LOOP_SECONDS },
		{ "nested_pio", nested_pio, LOOP_SECONDS },
		{ "nested_fault", nested_fault, LOOP_SECONDS },
		{ "state_save", state_save, LOOP_SECONDS },
		{ "state_restore", state_restore, LOOP_SECONDS },
		{ }
	};

	return test_main(argc, argv, cases);
}
