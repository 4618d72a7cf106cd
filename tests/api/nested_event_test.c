// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of a guest that runs a guest of its own by SVM: what L1 injects, its virtual
 * interrupts, interrupts and NMIs that come while L2 runs, GIF (APM vol. 2, 15.17, 15.20,
 * 15.21).
 */
#define _GNU_SOURCE
#include "svm.h"

enum { DB = 1, NMI = 2, UD = 6, GP = 13, PF = 14 };

#define VEC		0x40
#define FLAGS_IF	0x200

/* ---- injection ---- */

GUEST(64, g_nops, "nop\n nop\n vmmcall\n");

static void inject(void)
{
	static const struct {
		uint32_t info, error;
	} row[] = {
		{ INJ_VALID | INJ_INTR | VEC, 0 },
		{ INJ_VALID | INJ_NMI | NMI, 0 },
		{ INJ_VALID | INJ_EXC | UD, 0 },
		{ INJ_VALID | INJ_EXC | INJ_ERROR | GP, 0x18 },
		{ INJ_VALID | INJ_EXC | INJ_ERROR | PF, 2 },
	};
	struct exc e;
	unsigned int i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		L2_START(g_nops);
		intercept(EXIT_VMMCALL);
		vmcb()->event_inj = row[i].info;
		vmcb()->event_inj_err = row[i].error;
		vmcb()->cr2 = 0x5678;
		e = exc_next(&v);
		CHECK_EQ(e.vector, row[i].info & 0xff);
		CHECK_EQ(e.rip, GPA_CODE2);
		if (row[i].info & INJ_ERROR)
			CHECK_EQ(e.error, row[i].error);
		CHECK_EQ(e.cr2, 0x5678);
		l2_until(EXIT_VMMCALL);
		CHECK_EQ(vmcb()->event_inj & INJ_VALID, 0);
		CHECK_EQ(vmcb()->int_info, 0);
		vm_close(&vm);
	}
}

/* What cannot be delivered comes back. */
static void inject_faults(void)
{
	L2_START(g_nops);
	intercept(EXIT_EXC + GP);
	vmcb()->idtr.limit = 0;
	vmcb()->event_inj = INJ_VALID | INJ_INTR | VEC;
	l2_until(EXIT_EXC + GP);
	CHECK_EQ(vmcb()->int_info, INJ_VALID | INJ_INTR | VEC);
	CHECK_EQ(vmcb()->rip, GPA_CODE2);
}

/* An INT n that finds no stack was on its way in (15.7.2). */
GUEST(64, g_soft, "int $0x40\n vmmcall\n");

static void soft_faults(void)
{
	uint64_t nowhere = 1ull << 40;

	L2_START(g_soft);
	intercept(EXIT_EXC + PF);
	vmcb()->rsp = nowhere;
	l2_until(EXIT_EXC + PF);
	CHECK_EQ(vmcb()->int_info, INJ_VALID | INJ_SOFT | VEC);
	CHECK_EQ(vmcb()->rip, GPA_CODE2);
	CHECK_EQ(vmcb()->info1, 2);
	CHECK_EQ(vmcb()->info2, nowhere - 8);
}

/* ---- interrupts ---- */

GUEST(64, g_virq, "nop\n sti\n nop\n nop\n vmmcall\n");

static void virq(void)
{
	struct exc e;

	L2_START(g_virq);
	/* It makes an exception of one that faults on its way. */
	if (cpu_is_tcg() && is_stock())
		test_skip("QEMU's TCG names the interrupt wrongly");
	intercept(EXIT_VMMCALL);
	vmcb()->int_ctl = V_INTR_MASKING | V_IRQ | V_IGN_TPR | V_PRIO_MAX;
	vmcb()->int_vector = VEC;
	e = exc_next(&v);
	CHECK_EQ(e.vector, VEC);
	CHECK(is_behind_nop(e.rip, GPA_CODE2 + 3));
	l2_until(EXIT_VMMCALL);
	CHECK_EQ(vmcb()->int_ctl & V_IRQ, 0);
}

static void virq_intercepted(void)
{
	L2_START(g_virq);
	if (cpu_is_tcg())
		test_skip("QEMU's TCG aborts, on Linux's KVM too");
	intercept(EXIT_VINTR);
	vmcb()->int_ctl = V_INTR_MASKING | V_IRQ | V_IGN_TPR | V_PRIO_MAX;
	l2_until(EXIT_VINTR);
	CHECK_EQ(vmcb()->rip, GPA_CODE2 + 3);
	CHECK_EQ(vmcb()->int_ctl & V_IRQ, V_IRQ);
}

/* A HLT waits for what can come: neither IF nor CR8 lets L2's virtual interrupt in. */
GUEST(64, g_cli_hlt, "hlt\n sti\n hlt\n out %al, $0x20\n");

static void virq_hlt(void)
{
	L2_START(g_cli_hlt);
	vmcb()->int_ctl = V_INTR_MASKING | V_IRQ | 4u << 16 | 9;
	vmcb()->int_vector = VEC;
	vcpu_expect(&v, KVM_EXIT_HLT);
	CHECK_EQ(vcpu_regs(&v).rip, GPA_CODE2 + 1);
	vcpu_expect(&v, KVM_EXIT_HLT);
	CHECK_EQ(vcpu_regs(&v).rip, GPA_CODE2 + 3);
}

/* CR8 of L2 is its own, and holds its virtual interrupt back. */
GUEST(64, g_cr8, "sti\n mov $5, %eax\n mov %rax, %cr8\n nop\n mov %cr8, %rbx\n"
      "xor %eax, %eax\n mov %rax, %cr8\n nop\n vmmcall\n");

static void virq_tpr(void)
{
	struct exc e;

	if (cpu_is_tcg())
		test_skip("QEMU's TCG aborts");
	L2_START(g_cr8);
	intercept(EXIT_VMMCALL);
	vmcb()->int_ctl = V_INTR_MASKING | V_IRQ | 4u << 16 | 9;
	vmcb()->int_vector = VEC;
	e = exc_next(&v);
	CHECK_EQ(e.vector, VEC);
	CHECK_EQ(vcpu_regs(&v).rbx, 5);
	CHECK_EQ(vcpu_sregs(&v).cr8, 0);
	l2_until(EXIT_VMMCALL);
	CHECK_EQ(vmcb()->int_ctl & 0xf, 0);
}

/*
 * With CR8 the LAPIC's, V_TPR is what VMRUN loads, and what L2 writes to CR8 (15.21.2).
 * Reads are of CR8.
 */
GUEST(64, g_cr8_shared, "mov %cr8, %rbx\n cpuid\n mov $3, %eax\n mov %rax, %cr8\n"
      "nop\n vmmcall\n");

static void virq_tpr_shared(void)
{
	struct kvm_sregs s;
	struct exc e;

	L2_START(g_cr8_shared);
	intercept(EXIT_VMMCALL);
	intercept(EXIT_CPUID);
	s = vcpu_sregs(&v);
	s.cr8 = 5;
	v.run->cr8 = 5;
	vcpu_set_sregs(&v, &s);
	vmcb()->rflags = FLAGS_IF | 2;
	vmcb()->int_ctl = V_IRQ | 4u << 16 | 9;
	vmcb()->int_vector = VEC;
	l2_until(EXIT_CPUID);
	CHECK_EQ(vcpu_regs(&v).rbx, 5);
	CHECK_EQ(vmcb()->int_ctl & (V_IRQ | 0xf), V_IRQ | 9);
	vmcb()->rip += 2;
	vcpu_expect(&v, KVM_EXIT_SET_TPR);
	CHECK_EQ(v.run->cr8, 3);
	e = exc_next(&v);
	CHECK_EQ(e.vector, VEC);
	l2_until(EXIT_VMMCALL);
	CHECK_EQ(vmcb()->int_ctl & (V_IRQ | 0xf), 3);
	CHECK_EQ(vcpu_sregs(&v).cr8, 3);
}

GUEST(64, g_out, "out %al, $0x20\n nop\n 1: jmp 1b\n");

/* Userspace's interrupt while L2 runs: L1 gets it if its own IF was set. */
static void intr(void)
{
	struct kvm_regs r;
	struct exc e;

	L2_START(g_out);
	r = vcpu_regs(&v);
	r.rflags |= FLAGS_IF;
	vcpu_set_regs(&v, &r);
	intercept(EXIT_INTR);
	vmcb()->int_ctl = V_INTR_MASKING;
	l2_out(0x20);
	event_interrupt(VEC);
	l2_until(EXIT_INTR);
	CHECK_EQ(vmcb()->rip, GPA_CODE2 + 2);
	CHECK_EQ(vmcb()->int_info, 0);
	/* Behind STGI. */
	e = exc_next(&v);
	CHECK_EQ(e.vector, VEC);
	CHECK(e.rip < GPA_CODE2);
}

/* With IF of L2 in place of L1's, and nobody who intercepts it. */
GUEST(64, g_intr_l2, "out %al, $0x20\n nop\n sti\n nop\n nop\n vmmcall\n");

static void intr_l2(void)
{
	struct exc e;

	L2_START(g_intr_l2);
	intercept(EXIT_VMMCALL);
	l2_out(0x20);
	event_interrupt(VEC);
	e = exc_next(&v);
	CHECK_EQ(e.vector, VEC);
	CHECK(is_behind_nop(e.rip, GPA_CODE2 + 5));
	l2_until(EXIT_VMMCALL);
}

/* What L1 injects goes first. */
static void intr_behind_injection(void)
{
	struct kvm_regs r;
	struct exc e;

	L2_START(g_out);
	r = vcpu_regs(&v);
	r.rflags |= FLAGS_IF;
	vcpu_set_regs(&v, &r);
	intercept(EXIT_INTR);
	intercept(EXIT_CPUID);
	vmcb()->int_ctl = V_INTR_MASKING;
	l2_out(0x20);
	event_interrupt(VEC);
	l2_until(EXIT_INTR);
	e = exc_next(&v);
	CHECK_EQ(e.vector, VEC);
	/* L1's loop is interrupted again, right behind its entry. */
	event_interrupt(VEC + 1);
	vmcb()->event_inj = INJ_VALID | INJ_EXC | UD;
	e = exc_next(&v);
	if (e.vector == VEC + 1)
		e = exc_next(&v);
	CHECK_EQ(e.vector, UD);
	CHECK_EQ(e.rip, GPA_CODE2 + 2);
}

static void nmi(void)
{
	struct exc e;

	L2_START(g_out);
	intercept(EXIT_NMI);
	l2_out(0x20);
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	l2_until(EXIT_NMI);
	CHECK_EQ(vmcb()->rip, GPA_CODE2 + 2);
	e = exc_next(&v);
	CHECK_EQ(e.vector, NMI);
	CHECK(e.rip < GPA_CODE2);
}

/* ---- userspace's exceptions, which L1 gets when L2 would (api.rst 7.19) ---- */

enum { SS = 12 };

static void user_exception(struct kvm_vcpu_events set)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_EXCEPTION_PAYLOAD, .args = { 1 } };
	struct kvm_vcpu_events e;

	L2_START(g_out);
	OK(ioctl(vm.fd, KVM_ENABLE_CAP, &cap));
	intercept(EXIT_EXC + set.exception.nr);
	l2_out(0x20);
	OK(ioctl(v.fd, KVM_GET_VCPU_EVENTS, &e));
	e.exception = set.exception;
	e.exception.pending = 1;
	e.exception_has_payload = set.exception_has_payload;
	e.exception_payload = set.exception_payload;
	OK(ioctl(v.fd, KVM_SET_VCPU_EVENTS, &e));
	v.run->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0), EINTR);
	v.run->immediate_exit = 0;
	OK(ioctl(v.fd, KVM_GET_VCPU_EVENTS, &set));
	CHECK_EQ(memcmp(&set.exception, &e.exception, sizeof(e.exception)), 0);
	CHECK_EQ(set.exception_has_payload, e.exception_has_payload);
	CHECK_EQ(set.exception_payload, e.exception_payload);
	l2_until(EXIT_EXC + e.exception.nr);
	CHECK_EQ(vmcb()->rip, GPA_CODE2 + 2);
}

static void user_pending(void)
{
	user_exception((struct kvm_vcpu_events){
		.exception = { .nr = SS, .has_error_code = 1, .error_code = 0x18 } });
	CHECK_EQ(vmcb()->info1, 0x18);
	vm_close(&vm);
	user_exception((struct kvm_vcpu_events){
		.exception = { .nr = PF, .has_error_code = 1, .error_code = 2 },
		.exception_has_payload = 1, .exception_payload = 0x123456789000 });
	CHECK_EQ(vmcb()->info2, 0x123456789000);
	CHECK_EQ(vcpu_sregs(&v).cr2, 0);
	vm_close(&vm);
	/* Here DR6 tells (APM vol. 2, 15.12.2). */
	user_exception((struct kvm_vcpu_events){
		.exception = { .nr = DB },
		.exception_has_payload = 1, .exception_payload = 0x4000 });
	CHECK_EQ(vmcb()->dr6 & 0x4000, 0x4000);
}

/* ---- GIF, and what else L1 executes ---- */

GUEST(64, g_gif, "mov $0xc0000080, %ecx\n rdmsr\n bts $12, %eax\n wrmsr\n"
      "sti\n clgi\n out %al, $0x20\n nop\n nop\n out %al, $0x21\n stgi\n nop\n" DONE);

static void gif(void)
{
	struct exc e;

	skip_without_svm();
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_gif);
	exc_setup(&v);
	vcpu_until(&v, 0x20);
	event_interrupt(VEC);
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	vcpu_until(&v, 0x21);
	e = exc_next(&v);
	CHECK_EQ(e.vector, NMI);
	e = exc_next(&v);
	CHECK_EQ(e.vector, VEC);
	vcpu_until(&v, PORT_DONE);
}

/* An INIT that comes between #VMEXIT and VMRUN waits for GIF, which VMRUN sets (15.17). */
GUEST(64, g_spins, "vmmcall\n 1: jmp 1b\n");

static void init_waits(void)
{
	static const uint8_t stgi[] = { 0x0f, 0x01, 0xdc };
	struct kvm_msi init = { .address_lo = 0xfee00000, .data = 0x500 };
	uint8_t *l1;

	skip_without_svm();
	vm_new(&vm, 0);
	OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	vcpu_new(&vm, &v, 0);
	l2_enter_here(g_spins, g_spins_end);
	l1 = memmem(vm.mem + GPA_CODE, 128, stgi, sizeof(stgi));
	CHECK(l1);
	memset(l1, 0x90, sizeof(stgi));
	intercept(EXIT_VMMCALL);
	intercept(EXIT_INIT);
	l2_until(EXIT_VMMCALL);
	CHECK_EQ(OK(ioctl(vm.fd, KVM_SIGNAL_MSI, &init)), 1);
	l2_next(3, EXIT_INIT);
	CHECK_EQ(vmcb()->rip, GPA_CODE2 + 3);
}

BOTH(init_waits)
BOTH(inject)
BOTH(inject_faults)
BOTH(soft_faults)
BOTH(virq)
BOTH(virq_tpr)
BOTH(virq_tpr_shared)
BOTH(virq_hlt)
BOTH(intr)
BOTH(intr_l2)
BOTH(nmi)
BOTH(user_pending)

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		CASES(inject), CASES(inject_faults), CASES(soft_faults),
		CASES(virq), CASE(virq_intercepted), CASES(virq_tpr), CASES(virq_tpr_shared),
		CASES(virq_hlt), CASES(intr), CASES(intr_l2),
		CASE(intr_behind_injection), CASES(nmi), CASES(user_pending), CASE(gif),
		CASES(init_waits), { }
	};

	return test_main(argc, argv, cases);
}
