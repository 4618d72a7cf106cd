// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "svm.h"

struct pt npt;
bool with_npt;

/* EFER.SVME, VM_HSAVE_PA; then VMRUN.  GIF is clear until STGI. */
GUEST(64, g_l1,
      "mov $0xc0000080, %ecx\n rdmsr\n bts $12, %eax\n wrmsr\n"
      "mov $0xc0010117, %ecx\n mov $0x21000, %eax\n xor %edx, %edx\n wrmsr\n"
      "1: mov $0x20000, %eax\n vmrun %rax\n out %al, $0x40\n"
      "stgi\n nop\n jmp 1b\n");

struct vmcb *vmcb(void)
{
	return (struct vmcb *)(vm.mem + GPA_VMCB);
}

void intercept(unsigned int code)
{
	vmcb()->intercept[code / 32] |= 1u << (code % 32);
}

void intercept_none(unsigned int code)
{
	vmcb()->intercept[code / 32] &= ~(1u << (code % 32));
}

void skip_without_svm(void)
{
	struct kvm_cpuid2 *c;
	int kvm = kvm_open();

	c = cpuid_supported(kvm);
	if (!(cpuid_find(c, 0x80000001, 0)->ecx & 4))
		test_skip("no SVM for guests");
	if (with_npt && !(cpuid_find(c, 0x8000000a, 0)->edx & 1))
		test_skip("no nested paging for guests");
	free(c);
	close(kvm);
}

void skip_without_feature(int bit)
{
	struct kvm_cpuid2 *c;
	int kvm = kvm_open();

	c = cpuid_supported(kvm);
	if (!(cpuid_find(c, 0x8000000a, 0)->edx >> bit & 1))
		test_skip("no feature %d of SVM's for guests", bit);
	free(c);
	close(kvm);
}

static struct vmcb_segment pack(const struct kvm_segment *s)
{
	return (struct vmcb_segment) {
		.selector = s->selector, .limit = s->limit, .base = s->base,
		.attr = s->type | s->s << 4 | s->dpl << 5 | s->present << 7 |
			s->avl << 8 | s->l << 9 | s->db << 10 | s->g << 11,
	};
}

static void vmcb_init(void)
{
	struct kvm_sregs s = vcpu_sregs(&v);
	struct vmcb *b = vmcb();

	memset(b, 0, sizeof(*b));
	intercept(EXIT_VMRUN);
	b->asid = 1;
	b->iopm = GPA_IOPM;
	b->msrpm = GPA_MSRPM;
	b->es = pack(&s.es);
	b->cs = pack(&s.cs);
	b->ss = pack(&s.ss);
	b->ds = pack(&s.ds);
	b->gdtr.base = s.gdt.base;
	b->gdtr.limit = s.gdt.limit;
	b->idtr.base = s.idt.base;
	b->idtr.limit = s.idt.limit;
	b->cr0 = s.cr0;
	b->cr3 = s.cr3;
	b->cr4 = s.cr4;
	b->efer = s.efer | 1 << 12;
	b->dr6 = 0xffff0ff0;
	b->dr7 = 0x400;
	b->rflags = 2;
	b->rip = GPA_CODE2;
	b->rsp = GPA_STACK2;
	b->pat = 0x0007040600070406ull;
}

static void npt_init(void)
{
	uint64_t a;

	pt_init(&npt, &vm, MODE_LONG);
	for (a = 0; a < 1ull << 30; a += 2ul << 20)
		pt_map(&npt, a, a, 2, PTE_P | PTE_W | PTE_U);
	vmcb()->np = 1;
	vmcb()->ncr3 = npt.root;
}

void l2_start(const uint8_t *code, const uint8_t *end)
{
	skip_without_svm();
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	l2_enter_here(code, end);
}

void l2_enter_here(const uint8_t *code, const uint8_t *end)
{
	vcpu_code(&v, MODE_LONG, g_l1);
	exc_setup(&v);
	vm_load(&vm, GPA_CODE2, code, end);
	vmcb_init();
	if (with_npt)
		npt_init();
}

void l2_until(uint64_t code)
{
	vcpu_until(&v, PORT_L1);
	/* Linux's KVM gives 32 bits of VMEXIT_INVALID. */
	if (vmcb()->exit_code != code &&
	    (code != EXIT_INVALID || (uint32_t)vmcb()->exit_code != (uint32_t)code))
		FAIL("expected exit code %#llx, got %#llx, info %#llx %#llx, L2's rip %#llx",
		     (unsigned long long)code,
		     (unsigned long long)vmcb()->exit_code,
		     (unsigned long long)vmcb()->info1,
		     (unsigned long long)vmcb()->info2,
		     (unsigned long long)vmcb()->rip);
}

void l2_out(uint16_t port)
{
	vcpu_until(&v, port);
}

void l2_next(unsigned int bytes, uint64_t code)
{
	vmcb()->rip += bytes;
	l2_until(code);
}

#define GPA_L1_STORE	0x32000
GUEST(64, g_l1_store, "mov %rsi, (%rdi)\n out %al, $0x41\n");

void l1_store(uint64_t gpa, uint64_t value)
{
	struct kvm_regs regs, r;

	/* The OUT that L1 stands at is complete when userspace has been back. */
	v.run->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	v.run->immediate_exit = 0;
	r = regs = vcpu_regs(&v);
	vm_load(&vm, GPA_L1_STORE, g_l1_store, g_l1_store_end);
	r.rip = GPA_L1_STORE;
	r.rdi = gpa;
	r.rsi = value;
	vcpu_set_regs(&v, &r);
	vcpu_until(&v, PORT_STORED);
	vcpu_set_regs(&v, &regs);
}

void event_interrupt(uint32_t vector)
{
	struct kvm_interrupt irq = { vector };

	OK(ioctl(v.fd, KVM_INTERRUPT, &irq));
}
