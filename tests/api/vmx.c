// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <pthread.h>
#include "vmx.h"

struct pt ept;
bool with_ept, with_lapic;

/* Pairs of encoding and value, the last one ~0. */
#define GPA_WRITES	0x20000
#define GPA_READS	0x21000
/* Where an exit leads to; and behind the first instruction, the way in. */
#define GPA_LOOP	0x9000
#define LOOP_ENTER	(GPA_LOOP + 5)

/* CR0.NE, CR4.VMXE, IA32_FEATURE_CONTROL; revisions; VMXON, VMCLEAR, VMPTRLD. */
GUEST(64, g_l1,
      "mov %cr0, %rax\n or $0x20, %eax\n mov %rax, %cr0\n"
      "mov %cr4, %rax\n bts $13, %rax\n mov %rax, %cr4\n"
      "mov $0x3a, %ecx\n rdmsr\n test $1, %al\n jnz 1f\n"
      "mov $5, %eax\n xor %edx, %edx\n wrmsr\n"
      "1: mov $0x480, %ecx\n rdmsr\n mov %eax, 0x22000\n mov %eax, 0x23000\n"
      "vmxon 0x24000\n jna 2f\n vmclear 0x24008\n jna 2f\n vmptrld 0x24008\n jna 2f\n"
      "mov $0x9005, %eax\n jmp *%rax\n"
      "2: out %al, $0x42\n");

GUEST(64, g_loop,
      ".byte 0xe9\n .long 5f - . - 4\n"
      "1: mov $0x20000, %esi\n"
      "2: mov (%rsi), %rax\n cmp $-1, %rax\n je 3f\n"
      "mov 8(%rsi), %rdx\n vmwrite %rdx, %rax\n jna 7f\n add $16, %rsi\n jmp 2b\n"
      "3: cmpb $0, 0x24010\n"
      "mov 0x24100, %rax\n mov 0x24108, %rcx\n mov 0x24110, %rdx\n mov 0x24118, %rsi\n"
      "jne 4f\n vmlaunch\n jmp 7f\n"
      "4: vmresume\n jmp 7f\n"
      /* The exit. */
      "5: mov %rax, 0x24100\n mov %rcx, 0x24108\n mov %rdx, 0x24110\n mov %rsi, 0x24118\n"
      "mov $0x21000, %esi\n"
      "6: mov (%rsi), %rax\n cmp $-1, %rax\n je 8f\n"
      "vmread %rax, %rdx\n mov %rdx, 8(%rsi)\n add $16, %rsi\n jmp 6b\n"
      "8: out %al, $0x40\n jmp 1b\n"
      "7: pushf\n pop %rax\n mov %rax, 0x24018\n mov $0x4400, %eax\n"
      "vmread %rax, %rdx\n mov %rdx, 0x24020\n out %al, $0x41\n jmp 1b\n");

static const uint16_t reads[] = {
	F_REASON, F_QUAL, F_INFO, F_ERROR, F_VECTORING, F_VECTORING_ERROR, F_LEN,
	F_INSN_INFO, F_GPA, F_LA, F_RIP, F_RSP, F_RFLAGS, F_CR0, F_CR3, F_CR4, F_EFER,
	F_PAT, F_DR7, F_INTR, F_ACTIVITY, F_PENDING_DB, F_ENTRY, F_ENTRY_INFO, F_CS_SEL,
	F_CS_AR, F_SS_AR, F_ES_AR, F_LDTR_AR, F_TR_AR, F_IDTR_LIMIT, F_PDPTR0, F_EPTP,
	F_PML_INDEX, F_INTR_STATUS,
};

/* What fields were made or written last, for f_or(); by encoding. */
static uint64_t shadow[0x7000];
static unsigned int writes;

static void pairs_end(uint64_t gpa, unsigned int n)
{
	*vm_u64(&vm, gpa + n * 16) = ~0ull;
}

void f_set(uint32_t field, uint64_t value)
{
	shadow[field] = value;
	CHECK(writes < 250);
	*vm_u64(&vm, GPA_WRITES + writes * 16) = field;
	*vm_u64(&vm, GPA_WRITES + writes * 16 + 8) = value;
	pairs_end(GPA_WRITES, ++writes);
}

uint64_t f_made(uint32_t field)
{
	return shadow[field];
}

void f_or(uint32_t field, uint64_t bits)
{
	f_set(field, shadow[field] | bits);
}

uint64_t f_get(uint32_t field)
{
	unsigned int i;

	for (i = 0; i < sizeof(reads) / sizeof(reads[0]); i++)
		if (reads[i] == field)
			return *vm_u64(&vm, GPA_READS + i * 16 + 8);
	FAIL("field %#x is not read", field);
}

void skip_without_vmx(void)
{
	struct kvm_cpuid2 *c;
	int kvm = kvm_open();

	c = cpuid_supported(kvm);
	if (!(cpuid_find(c, 1, 0)->ecx & 1 << 5))
		test_skip("no VMX for guests");
	if (with_ept && !kvm_tdp())
		test_skip("no EPT for guests");
	free(c);
	close(kvm);
}

/* Capability MSRs: what must be one below, what may be one above. */
static uint32_t caps_msr(uint32_t field)
{
	switch (field) {
	case F_PIN:
		return 0x48d;
	case F_CPU:
		return 0x48e;
	case F_EXIT:
		return 0x48f;
	case F_ENTRY:
		return 0x490;
	default:
		return 0x48b;
	}
}

bool vmx_may(uint32_t field, uint32_t bits)
{
	return !(bits & ~(host_msr(caps_msr(field)) >> 32));
}

void need(uint32_t field, uint32_t bits)
{
	if (!vmx_may(field, bits))
		test_skip("a control is missing: field %#x, %#x", field, bits);
}

static void control_set(uint32_t field, uint32_t bits)
{
	CHECK(vmx_may(field, bits));
	f_set(field, bits | (uint32_t)host_msr(caps_msr(field)));
}

static uint32_t rights(const struct kvm_segment *s)
{
	return s->type | s->s << 4 | s->dpl << 5 | s->present << 7 | s->avl << 12 |
	       s->l << 13 | s->db << 14 | s->g << 15 |
	       (s->unusable || !s->present) << 16;
}

/* @i: as in the encodings: ES, CS, SS, DS, FS, GS, LDTR, TR. */
static void segment_set(unsigned int i, const struct kvm_segment *s)
{
	f_set(F_ES_SEL + 2 * i, s->selector);
	f_set(F_ES_LIMIT + 2 * i, s->limit);
	f_set(F_ES_AR + 2 * i, rights(s));
	f_set(F_ES_BASE + 2 * i, s->base);
}

static void guest_set_fields(const struct kvm_sregs *s)
{
	segment_set(0, &s->es);
	segment_set(1, &s->cs);
	segment_set(2, &s->ss);
	segment_set(3, &s->ds);
	segment_set(4, &s->fs);
	segment_set(5, &s->gs);
	segment_set(6, &s->ldt);
	segment_set(7, &s->tr);
	f_set(F_GDTR_BASE, s->gdt.base);
	f_set(F_GDTR_LIMIT, s->gdt.limit);
	f_set(F_IDTR_BASE, s->idt.base);
	f_set(F_IDTR_LIMIT, s->idt.limit);
	f_set(F_CR0, s->cr0 | 0x20);
	f_set(F_CR3, s->cr3);
	f_set(F_CR4, s->cr4 | 1 << 13);
	f_set(F_EFER, s->efer);
	f_set(F_PAT, 0x0007040600070406ull);
	f_set(F_DR7, 0x400);
	f_set(F_RSP, GPA_STACK2);
	f_set(F_RIP, GPA_CODE2);
	f_set(F_RFLAGS, 2);
	f_set(F_LINK, ~0ull);
}

static void host_set_fields(const struct kvm_sregs *s)
{
	unsigned int i;

	for (i = 0; i < 6; i++)
		f_set(F_HOST_ES_SEL + 2 * i, i == 1 ? SEL_CODE64 : SEL_DATA);
	f_set(F_HOST_TR_SEL, SEL_TSS);
	f_set(F_HOST_TR_BASE, s->tr.base);
	f_set(F_HOST_GDTR_BASE, s->gdt.base);
	f_set(F_HOST_IDTR_BASE, s->idt.base);
	f_set(F_HOST_CR0, s->cr0 | 0x20);
	f_set(F_HOST_CR3, s->cr3);
	f_set(F_HOST_CR4, s->cr4 | 1 << 13);
	f_set(F_HOST_EFER, s->efer);
	f_set(F_HOST_PAT, 0x0007040600070406ull);
	f_set(F_HOST_RSP, GPA_STACK);
	f_set(F_HOST_RIP, GPA_LOOP);
}

static void ept_init(void)
{
	uint64_t a;

	need(F_CPU2, CPU2_EPT);
	pt_init(&ept, &vm, MODE_LONG);
	for (a = 0; a < 1ull << 30; a += 2ul << 20)
		pt_map(&ept, a, a, 2, EPT_RWX | EPT_WB);
	f_or(F_CPU, CPU_SECOND);
	f_or(F_CPU2, CPU2_EPT);
	f_set(F_EPTP, ept.root | 6 | 3 << 3);
}

/* Zero where nothing else is said: a VMCS that was never written need not be. */
static void vmcs_init(void)
{
	static const uint16_t zero[] = {
		F_EXCEPTIONS, F_PF_MASK, F_PF_MATCH, F_CR3_COUNT, F_STORE_COUNT,
		F_LOAD_COUNT, F_ENTRY_COUNT, F_ENTRY_INFO, F_INTR, F_ACTIVITY,
		F_CR0_MASK, F_CR4_MASK, F_PENDING_DB, F_DEBUGCTL, F_SYSENTER_CS,
		F_SYSENTER_ESP, F_SYSENTER_EIP, F_HOST_SYSENTER_CS,
		F_HOST_SYSENTER_ESP, F_HOST_SYSENTER_EIP, F_HOST_FS_BASE,
		F_HOST_GS_BASE, F_TSC_OFFSET, F_CR0_SHADOW, F_CR4_SHADOW,
	};
	struct kvm_sregs s = vcpu_sregs(&v);
	unsigned int i;

	for (i = 0; i < sizeof(zero) / sizeof(zero[0]); i++)
		f_set(zero[i], 0);
	control_set(F_PIN, 0);
	/* All 64-bit processors let these two be zero only by the true MSRs. */
	control_set(F_CPU, 0);
	control_set(F_CPU2, 0);
	control_set(F_EXIT, EXIT_64 | EXIT_SAVE_EFER | EXIT_LOAD_EFER);
	control_set(F_ENTRY, ENTRY_64 | ENTRY_EFER);
	guest_set_fields(&s);
	host_set_fields(&s);
}

/* Spurious-interrupt vector register, bit 8 (11.9). */
static void lapic_on(void)
{
	struct kvm_lapic_state a;

	OK(ioctl(v.fd, KVM_GET_LAPIC, &a));
	a.regs[0xf0] = 0xff;
	a.regs[0xf1] |= 1;
	OK(ioctl(v.fd, KVM_SET_LAPIC, &a));
}

void l2_enter_here(const uint8_t *code, const uint8_t *end)
{
	unsigned int i;

	vcpu_code(&v, MODE_LONG, g_l1);
	exc_setup(&v);
	vm_load(&vm, GPA_LOOP, g_loop, g_loop_end);
	vm_load(&vm, GPA_CODE2, code, end);
	*vm_u64(&vm, GPA_OPERANDS) = GPA_VMXON;
	*vm_u64(&vm, GPA_OPERANDS + 8) = GPA_VMCS;
	for (i = 0; i < sizeof(reads) / sizeof(reads[0]); i++)
		*vm_u64(&vm, GPA_READS + i * 16) = reads[i];
	pairs_end(GPA_READS, i);
	writes = 0;
	vmcs_init();
	if (with_ept)
		ept_init();
}

void l2_start(const uint8_t *code, const uint8_t *end)
{
	skip_without_vmx();
	vm_new(&vm, 0);
	if (with_lapic)
		OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	vcpu_new(&vm, &v, 0);
	if (with_lapic)
		lapic_on();
	l2_enter_here(code, end);
}

void l2_written(void)
{
	writes = 0;
	pairs_end(GPA_WRITES, 0);
}

void l2_exited(void)
{
	l2_written();
	if (!(f_get(F_REASON) & R_FAILED))
		*vm_u64(&vm, GPA_OPERANDS + 16) = 1;
}

void l2_until(uint32_t reason)
{
	vcpu_until(&v, PORT_L1);
	l2_exited();
	if (f_get(F_REASON) != reason)
		FAIL("expected exit reason %#x, got %#llx, qual. %#llx, info %#llx at %#llx",
		     reason, (unsigned long long)f_get(F_REASON),
		     (unsigned long long)f_get(F_QUAL),
		     (unsigned long long)f_get(F_INFO),
		     (unsigned long long)f_get(F_RIP));
}

void l2_out(uint16_t port)
{
	vcpu_until(&v, port);
}

void l2_next(unsigned int bytes, uint32_t reason)
{
	f_set(F_RIP, f_get(F_RIP) + bytes);
	l2_until(reason);
}

void l2_refused(uint32_t error)
{
	vcpu_until(&v, PORT_FAIL);
	l2_written();
	CHECK_EQ(*vm_u64(&vm, GPA_OPERANDS + 24) & 0x8d5, 0x40);
	CHECK_EQ(*vm_u64(&vm, GPA_OPERANDS + 32), error);
}

uint64_t l2_rax(void) { return *vm_u64(&vm, GPA_REGS); }
uint64_t l2_rcx(void) { return *vm_u64(&vm, GPA_REGS + 8); }
uint64_t l2_rdx(void) { return *vm_u64(&vm, GPA_REGS + 16); }

void l2_state_get(struct l2_state *s)
{
	memset(s, 0, sizeof(*s));
	s->head.size = sizeof(*s);
	OK(ioctl(v.fd, KVM_GET_NESTED_STATE, s));
}

void l2_moves(void)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	struct l2_state s;
	uint64_t control;
	uint8_t *mem;

	/* The OUT is complete when userspace has been back. */
	v.run->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0), EINTR);
	l2_state_get(&s);
	sregs = vcpu_sregs(&v);
	regs = vcpu_regs(&v);
	control = host_msr(0x3a);
	mem = malloc(vm.size);
	memcpy(mem, vm.mem, vm.size);
	vm_close(&vm);
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	memcpy(vm.mem, mem, vm.size);
	free(mem);
	CHECK_EQ(host_set(0x3a, control), 1);
	vcpu_set_sregs(&v, &sregs);
	vcpu_set_regs(&v, &regs);
	OK(ioctl(v.fd, KVM_SET_NESTED_STATE, &s));
}

/* The vector, and milliseconds above it. */
static void *interrupt_thread(void *what)
{
	usleep(((uintptr_t)what >> 8) * 1000);
	l1_interrupt((uintptr_t)what & 0xff);
	return NULL;
}

void l1_interrupt_after(uint32_t vector, uint32_t ms)
{
	void *what = (void *)(uintptr_t)(vector | ms << 8);
	pthread_t t;

	CHECK_EQ(pthread_create(&t, NULL, interrupt_thread, what), 0);
	CHECK_EQ(pthread_detach(t), 0);
}

void l1_interrupt_later(uint32_t vector)
{
	l1_interrupt_after(vector, 100);
}

void l1_interrupt(uint32_t vector)
{
	struct kvm_msi msi = { .address_lo = 0xfee00000, .data = vector };

	CHECK_EQ(OK(ioctl(vm.fd, KVM_SIGNAL_MSI, &msi)), 1);
}
