// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instructions of L2 that KVM executes itself, or looks at, and L1's say in it (APM vol. 2,
 * 15.8 to 15.10).  L1 is the loop of svm.c.
 */
#define _GNU_SOURCE
#include "svm.h"

#define CR0_CD		(1u << 30)
#define UD		6

/* ---- the selective intercept of CR0 ---- */

GUEST(64, g_cr0, "clts\n mov %cr0, %rax\n xor $8, %rax\n mov %rax, %cr0\n"
      "xor $0x20, %rax\n mov %rax, %cr0\n lmsw %ax\n vmmcall\n");

#define CR0_CHANGE	16	/* offset of the second MOV to CR0 */

/* With CD set in L2 KVM intercepts all writes itself, which come before selective ones. */
static void cr0_selective(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		L2_START(g_cr0);
		vmcb()->cr0 |= i ? CR0_CD : 0;
		intercept(EXIT_CR0_SEL);
		intercept(EXIT_VMMCALL);
		l2_until(EXIT_CR0_SEL);
		CHECK_EQ(vmcb()->rip, GPA_CODE2 + CR0_CHANGE);
		CHECK_EQ(vmcb()->cr0 & 8, 8);
		/*
		 * LMSW exits whatever it writes; by QEMU's TCG itself it does not, but
		 * on shadow page tables KVM intercepts all writes, too.
		 */
		if (i || !cpu_is_tcg() || !kvm_tdp())
			l2_next(3, EXIT_CR0_SEL);
		l2_next(3, EXIT_VMMCALL);
		vm_close(&vm);
	}
}
BOTH(cr0_selective)

/* ---- the counter by RDMSR, which L1 lets through, is the counter that RDTSC reads ---- */

#define MSR_TSC		0x10
#define OFFSET		(1ull << 50)

GUEST(64, g_tsc, "rdtsc\n mov %eax, %esi\n mov %edx, %edi\n mov $0x10, %ecx\n rdmsr\n"
      "vmmcall\n");

static void tsc_by_msr(void)
{
	struct kvm_regs r;
	uint64_t l1;

	L2_START(g_tsc);
	intercept(EXIT_VMMCALL);
	vmcb()->tsc_offset = OFFSET;
	l2_until(EXIT_VMMCALL);
	r = vcpu_regs(&v);
	l1 = host_msr(MSR_TSC);
	CHECK(((r.rsi | r.rdi << 32) - OFFSET) <= l1);
	CHECK(((uint32_t)vmcb()->rax | r.rdx << 32) - OFFSET <= l1);
	CHECK(((uint32_t)vmcb()->rax | r.rdx << 32) >= (r.rsi | r.rdi << 32));
}
BOTH(tsc_by_msr)

/* ---- the bytes at RIP are others than those that have exited ---- */

#define VA		0x200000000ull
#define PAGE_STORE	0x50000
#define PAGE_OTHER	0x51000
#define PORT		0x30

/*
 * RDI: the page table entry of this code, RBX: its new value.  The processor does not
 * look at it before the store to a device has exited; KVM does.
 */
GUEST(64, g_there, "mov $0x200000000, %r8\n jmp *%r8\n");
GUEST(64, g_store, "mov %rbx, (%rdi)\n mov %eax, (%rsi)\n out %al, $0x21\n");
GUEST(64, g_out, "mov %rbx, (%rdi)\n out %al, $0x30\n out %al, $0x20\n");
GUEST(64, g_wrmsr, "mov %rbx, (%rdi)\n wrmsr\n out %al, $0x20\n");
GUEST(64, g_hlt, "mov %rbx, (%rdi)\n hlt\n out %al, $0x20\n");

static uint64_t entry_of(uint64_t va)
{
	uint64_t table = v.pt.root;
	int level;

	for (level = 4; level > 1; level--)
		table = *vm_u64(&vm, table + 8 * (va >> (3 + 9 * level) & 511)) &
			0xffffffffff000;
	return table + 8 * (va >> 12 & 511);
}

static void other_bytes(const uint8_t *code, const uint8_t *end, uint64_t exit_code)
{
	struct kvm_regs r;

	L2_START(g_there);
	pt_map(&v.pt, VA, PAGE_STORE, 1, PTE_P | PTE_W);
	vm_load(&vm, PAGE_STORE, g_store, g_store_end);
	vm_load(&vm, PAGE_OTHER, code, end);
	intercept(exit_code);
	vm.mem[GPA_IOPM + PORT / 8] = 1 << PORT % 8;
	memset(vm.mem + GPA_MSRPM, 0xff, 0x2000);
	r = vcpu_regs(&v);
	r.rdi = entry_of(VA);
	r.rbx = PAGE_OTHER | PTE_P | PTE_W;
	r.rsi = GPA_HOLE;
	vcpu_set_regs(&v, &r);
	l2_until(exit_code);
	CHECK_EQ(vmcb()->rip, VA + 3);
	vm_close(&vm);
}

static void other_port(void)
{
	other_bytes(g_out, g_out_end, EXIT_IO);
}
BOTH(other_port)

static void other_msr(void)
{
	other_bytes(g_wrmsr, g_wrmsr_end, EXIT_MSR);
}
BOTH(other_msr)

static void other_halt(void)
{
	other_bytes(g_hlt, g_hlt_end, EXIT_HLT);
}
BOTH(other_halt)

/* ---- what L0 does not execute is #UD, and not the end of L1 ---- */

/* Code where no memory is; an instruction of those that it does not know. */
GUEST(64, g_jump, "jmp *%rsi\n");
GUEST(64, g_unknown, "paddb (%rsi), %mm0\n");

static void unknown_start(const uint8_t *code, const uint8_t *end)
{
	struct kvm_regs r;

	l2_start(code, end);
	r = vcpu_regs(&v);
	r.rsi = GPA_HOLE;
	vcpu_set_regs(&v, &r);
}

static void not_executed(void)
{
	unknown_start(g_jump, g_jump_end);
	intercept(EXIT_EXC + UD);
	l2_until(EXIT_EXC + UD);
	CHECK_EQ(vmcb()->rip, GPA_HOLE);
	vm_close(&vm);
	unknown_start(g_unknown, g_unknown_end);
	intercept(EXIT_EXC + UD);
	l2_until(EXIT_EXC + UD);
	CHECK_EQ(vmcb()->rip, GPA_CODE2);
	/* L2's own, where L1 does not want it. */
	intercept_none(EXIT_EXC + UD);
	CHECK_EQ(exc_next(&v).vector, UD);
}
BOTH(not_executed)

/* Userspace wants to hear of it. */
static void not_executed_told(void)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_EXIT_ON_EMULATION_FAILURE, .args[0] = 1,
	};

	unknown_start(g_unknown, g_unknown_end);
	OK(ioctl(vm.fd, KVM_ENABLE_CAP, &cap));
	vcpu_expect(&v, KVM_EXIT_INTERNAL_ERROR);
	CHECK_EQ(v.run->internal.suberror, KVM_INTERNAL_ERROR_EMULATION);
	CHECK_EQ(vcpu_regs(&v).rip, GPA_CODE2);
}
BOTH(not_executed_told)

/* ---- task switches: the far pointer is in a device, so KVM makes them ---- */

#define GDT2		GPA_DATA2
#define OLD_TSS		(GPA_DATA2 + 0x1000)
#define NEW_TSS		(GPA_DATA2 + 0x2000)
#define SEL_OLD_TSS	0x18
#define SEL_NEW_TSS	0x20
#define TASK_JMP	(1ull << 38)

/* ESI is where the far pointer is, which leads behind both. */
GUEST(32, g_far, "ljmp *(%esi)\n lcall *(%esi)\n vmmcall\n");
#define FAR_BYTES	2

static void tss_descriptor(unsigned int selector, uint64_t tss, uint64_t type)
{
	*vm_u64(&vm, GDT2 + selector) = 0x67 | (tss & 0xffff) << 16 |
					(tss >> 16 & 0xff) << 32 | type << 40;
}

static void tss_put(unsigned int offset, uint32_t value)
{
	memcpy(vm.mem + NEW_TSS + offset, &value, 4);
}

/* L2 in protected mode of 32 bits, without paging; its new task goes on behind both. */
static void tasks_start(uint64_t offset)
{
	struct vmcb_segment code = { 0x08, 0xc9b, ~0u, 0 }, data = { 0x10, 0xc93, ~0u, 0 };
	struct kvm_sregs s;
	struct kvm_regs r;
	unsigned int i;

	L2_START(g_far);
	*vm_u64(&vm, GDT2 + 0x08) = 0xcf9b000000ffff;
	*vm_u64(&vm, GDT2 + 0x10) = 0xcf93000000ffff;
	tss_descriptor(SEL_OLD_TSS, OLD_TSS, 0x8b);
	tss_descriptor(SEL_NEW_TSS, NEW_TSS, 0x89);
	tss_put(0x20, GPA_CODE2 + 2 * FAR_BYTES);
	tss_put(0x24, 2);
	for (i = 0; i < 6; i++)
		tss_put(0x48 + 4 * i, i == 1 ? 0x08 : 0x10);
	vmcb()->cs = code;
	vmcb()->ss = vmcb()->ds = vmcb()->es = data;
	vmcb()->gdtr = (struct vmcb_segment){ .base = GDT2, .limit = 0x27 };
	/* VMRUN and #VMEXIT leave TR alone. */
	s = vcpu_sregs(&v);
	s.tr = (struct kvm_segment){
		.base = OLD_TSS, .limit = 0x67, .selector = SEL_OLD_TSS, .type = 11,
		.present = 1,
	};
	vcpu_set_sregs(&v, &s);
	vmcb()->cr0 = 0x11;
	vmcb()->efer = 1 << 12;
	vmcb()->rip += offset;
	intercept(EXIT_VMMCALL);
	r = vcpu_regs(&v);
	r.rsi = GPA_HOLE;
	vcpu_set_regs(&v, &r);
}

/* The device's answer; then L1 has this exit. */
static void far_until(uint16_t selector, uint64_t exit_code)
{
	const uint8_t pointer[6] = {
		4 + (GPA_CODE2 & 0xff), GPA_CODE2 >> 8 & 0xff, GPA_CODE2 >> 16, 0,
		selector, 0,
	};
	uint64_t off, reads = 0;

	while (vcpu_run(&v) == KVM_EXIT_MMIO && reads++ < 8) {
		off = v.run->mmio.phys_addr - GPA_HOLE;
		CHECK(!v.run->mmio.is_write && off + v.run->mmio.len <= 6);
		memcpy(v.run->mmio.data, pointer + off, v.run->mmio.len);
	}
	CHECK_EQ(v.run->exit_reason, KVM_EXIT_IO);
	CHECK_EQ(v.run->io.port, PORT_L1);
	CHECK_EQ(vmcb()->exit_code, exit_code);
}

/* L1 takes them: its control block has L2 at the instruction (15.14.1). */
static void task_intercepted(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		tasks_start(i * FAR_BYTES);
		intercept(EXIT_TASK);
		far_until(SEL_NEW_TSS, EXIT_TASK);
		CHECK_EQ(vmcb()->info1, SEL_NEW_TSS);
		CHECK_EQ(vmcb()->info2, i ? 0 : TASK_JMP);
		CHECK_EQ(vmcb()->int_info, 0);
		CHECK_EQ(vmcb()->rip, GPA_CODE2 + i * FAR_BYTES);
		CHECK_EQ(vcpu_sregs(&v).tr.selector, SEL_OLD_TSS);
		CHECK_EQ(vmcb()->cr0, 0x11);
		CHECK_EQ(vm.mem[GDT2 + SEL_NEW_TSS + 5], 0x89);
		vm_close(&vm);
	}
}
BOTH(task_intercepted)

/* It does not, and another task begins, with CR0.TS. */
static void task_not_intercepted(void)
{
	tasks_start(0);
	far_until(SEL_NEW_TSS, EXIT_VMMCALL);
	CHECK_EQ(vmcb()->rip, GPA_CODE2 + 2 * FAR_BYTES);
	CHECK_EQ(vmcb()->cr0, 0x19);
	CHECK_EQ(vcpu_sregs(&v).tr.selector, SEL_NEW_TSS);
	CHECK_EQ(vm.mem[GDT2 + SEL_NEW_TSS + 5], 0x8b);
	CHECK_EQ(vm.mem[GDT2 + SEL_OLD_TSS + 5], 0x89);
}
BOTH(task_not_intercepted)

/* It does, and what L2 jumps to is code. */
static void far_to_code(void)
{
	tasks_start(0);
	intercept(EXIT_TASK);
	far_until(0x08, EXIT_VMMCALL);
	CHECK_EQ(vmcb()->rip, GPA_CODE2 + 2 * FAR_BYTES);
}
BOTH(far_to_code)

/* ---- rAX by address size ---- */

/* A prefix 67: EAX is where the control block is. */
GUEST(64, g_vmload, "mov $0x100020000, %rax\n .byte 0x67\n vmload %rax\n"
      ".byte 0x67\n vmsave %rax\n vmmcall\n");

static void address_size(void)
{
	L2_START(g_vmload);
	intercept(EXIT_VMMCALL);
	vmcb()->star = 0x1122334455667788;
	l2_until(EXIT_VMMCALL);
	CHECK_EQ(vmcb()->rax, 0x100020000);
	CHECK_EQ(vmcb()->star, 0x1122334455667788);
}

/* ---- the level has two bits ---- */

GUEST(64, g_nop, "nop\n vmmcall\n");

static void cpl_bits(void)
{
	L2_START(g_nop);
	intercept(EXIT_INTR);
	vmcb()->rflags = 0x202;
	vmcb()->cpl = 4;
	event_interrupt(0x40);
	l2_until(EXIT_INTR);
	CHECK_EQ(vmcb()->rip, GPA_CODE2);
	CHECK_EQ(vmcb()->cpl, 0);
}
BOTH(cpl_bits)

/* ---- the last bytes of the address space ---- */

GUEST(64, g_last_vmload, "vmload %rax\n");
GUEST(64, g_last_vmsave, "vmsave %rax\n");
GUEST(64, g_last_vmrun, "vmrun %rax\n");
GUEST(64, g_first, "out %al, $0x21\n");
GUEST(64, g_vmmcall, "vmmcall\n");

/* L1's instruction ends where addresses begin again. */
static void last_bytes(void)
{
	static const struct {
		const uint8_t *code, *end;
		uint64_t exit_code;
	} last[] = {
		{ g_last_vmload, g_last_vmload_end, 0 },
		{ g_last_vmsave, g_last_vmsave_end, 0 },
		{ g_last_vmrun, g_last_vmrun_end, EXIT_VMMCALL },
	};
	struct kvm_regs r;
	unsigned int i;

	for (i = 0; i < sizeof(last) / sizeof(*last); i++) {
		L2_START(g_vmmcall);
		intercept(EXIT_VMMCALL);
		l2_until(EXIT_VMMCALL);
		vmcb()->exit_code = 0;
		pt_map(&v.pt, -0x1000ull, PAGE_STORE, 1, PTE_P | PTE_W);
		vm_load(&vm, PAGE_STORE + 0xffd, last[i].code, last[i].end);
		vm_load(&vm, 0, g_first, g_first_end);
		r = vcpu_regs(&v);
		r.rip = -3ull;
		r.rax = GPA_VMCB;
		vcpu_set_regs(&v, &r);
		vcpu_until(&v, 0x21);
		CHECK_EQ(vmcb()->exit_code, last[i].exit_code);
		vm_close(&vm);
	}
}

/* ---- L1 uses the frame of a table of its own for something else ---- */

#define GPA_L1_CODE	0x32000
#define VEC		0x41

/* PEXTRQ is not emulated. */
GUEST(64, g_vmmcalls, "1: vmmcall\n jmp 1b\n");
GUEST(64, g_l1_pextrq, "movq %rsi, %xmm0\n pextrq $0, %xmm0, (%rdi)\n out %al, $0x41\n");
GUEST(64, g_l1_ud, "ud2\n");
GUEST(64, g_l1_irq, "stgi\n sti\n nop\n nop\n nop\n cli\n clgi\n out %al, $0x41\n");

/* L2 has run on the table.  Return: its frame, the half that maps nothing. */
static uint64_t table_used(struct kvm_regs *l1)
{
	vmcb()->rip = GPA_CODE2;
	l2_until(EXIT_VMMCALL);
	/* The OUT that L1 stands at is complete when userspace has been back. */
	v.run->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	v.run->immediate_exit = 0;
	*l1 = vcpu_regs(&v);
	return (pt_get(&npt, 0, 3) & ~0xfffull) + 0x800;
}

static void l1_at(const uint8_t *code, const uint8_t *end, uint64_t rsp, uint64_t rdi)
{
	/* IOPL 3, for the port. */
	struct kvm_regs r = {
		.rip = GPA_L1_CODE, .rsp = rsp, .rflags = 0x3002, .rdi = rdi,
		.rsi = 0x1234,
	};

	vm_load(&vm, GPA_L1_CODE, code, end);
	vcpu_set_regs(&v, &r);
}

static void table_written_by(unsigned int cpl)
{
	struct kvm_sregs old, s;
	struct kvm_regs l1;
	uint64_t gpa;

	gpa = table_used(&l1);
	s = old = vcpu_sregs(&v);
	if (cpl) {
		s.ss.dpl = s.cs.dpl = 3;
		s.ss.selector = SEL_UDATA;
		s.cs.selector = SEL_UCODE64;
		vcpu_set_sregs(&v, &s);
	}
	*vm_u64(&vm, gpa) = 0;
	l1_at(g_l1_pextrq, g_l1_pextrq_end, GPA_STACK, gpa);
	vcpu_until(&v, PORT_STORED);
	CHECK_EQ(*vm_u64(&vm, gpa), 0x1234);
	if (cpl)
		vcpu_set_sregs(&v, &old);
	vcpu_set_regs(&v, &l1);
}

static void table_reused(void)
{
	struct kvm_regs l1;

	with_npt = true;
	L2_START(g_vmmcalls);
	intercept(EXIT_VMMCALL);
	table_written_by(0);
	table_written_by(3);
	table_used(&l1);
}

/* Events are delivered on it. */
static void table_is_stack(void)
{
	struct kvm_regs l1;
	struct exc e;
	uint64_t gpa;

	with_npt = true;
	L2_START(g_vmmcalls);
	intercept(EXIT_VMMCALL);
	gpa = table_used(&l1);
	l1_at(g_l1_ud, g_l1_ud_end, gpa, 0);
	e = exc_next(&v);
	CHECK_EQ(e.vector, UD);
	CHECK_EQ(e.rsp, gpa);
	vcpu_set_regs(&v, &l1);
	gpa = table_used(&l1);
	l1_at(g_l1_irq, g_l1_irq_end, gpa, 0);
	event_interrupt(VEC);
	e = exc_next(&v);
	CHECK_EQ(e.vector, VEC);
	CHECK_EQ(e.rsp, gpa);
	vcpu_until(&v, PORT_STORED);
	vcpu_set_regs(&v, &l1);
	table_used(&l1);
}

static const struct test_case cases[] = {
	CASE(table_reused), CASE(table_is_stack),
	CASE(last_bytes), CASES(cr0_selective), CASES(tsc_by_msr), CASES(other_port),
	CASES(other_msr), CASES(other_halt), CASE(address_size), CASES(cpl_bits),
	CASES(not_executed), CASES(not_executed_told), CASES(task_intercepted),
	CASES(task_not_intercepted), CASES(far_to_code),
	{ }
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
