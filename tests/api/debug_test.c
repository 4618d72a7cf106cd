// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_SET_GUEST_DEBUG (api.rst 4.87): each instruction of a step is told of once,
 * and the guest notices nothing of it.
 */
#define _GNU_SOURCE
#include "debug.h"

static void capabilities(void)
{
	uint32_t mask;

	vm_new(&vm, 0);
	CHECK_EQ(vm_cap(&vm, KVM_CAP_SET_GUEST_DEBUG), 1);
	mask = vm_cap(&vm, KVM_CAP_SET_GUEST_DEBUG2);
	CHECK_EQ(mask & (STEP | SW_BP | HW_BP), STEP | SW_BP | HW_BP);
	CHECK(mask & KVM_GUESTDBG_BLOCKIRQ);
	CHECK_EQ(vm_cap(&vm, KVM_CAP_X86_ROBUST_SINGLESTEP), 1);
}

/* Plain instructions, those that exit, a branch, and then freely on. */
GUEST(64, g_plain, "nop\n mov $1, %eax\n cpuid\n jmp 1f\n nop\n"
      "1: out %al, $0x20\n mov %cr0, %rax\n mov %cr4, %rax\n nop\n" DONE);

static void step(void)
{
	START(MODE_LONG, g_plain);
	debug(STEP);
	step_to(GPA_CODE + 1);
	step_to(GPA_CODE + 6);
	step_to(GPA_CODE + 8);
	step_to(GPA_CODE + 11);
	vcpu_until(&v, 0x20);
	not_linux("loses a step behind OUT");
	step_to(GPA_CODE + 13);
	step_to(GPA_CODE + 16);
	step_to(GPA_CODE + 19);
	step_to(GPA_CODE + 20);
	debug(0);
	vcpu_until(&v, PORT_DONE);
	/* No trace in the guest's DR6. */
	CHECK_EQ(debugregs().dr6 & 0xe00f, 0);
}

/* Memory-mapped I/O and strings end like other instructions. */
GUEST(64, g_mmio, "mov $0x20000000, %ebx\n mov %eax, (%rbx)\n"
      "mov (%rbx), %eax\n nop\n" DONE);

static void step_mmio(void)
{
	START(MODE_LONG, g_mmio);
	debug(STEP);
	step_to(GPA_CODE + 5);
	vcpu_expect(&v, KVM_EXIT_MMIO);
	not_linux("loses a step behind MMIO");
	step_to(GPA_CODE + 7);
	vcpu_expect(&v, KVM_EXIT_MMIO);
	step_to(GPA_CODE + 9);
	step_to(GPA_CODE + 10);
	debug(0);
	vcpu_until(&v, PORT_DONE);
}

GUEST(64, g_hlt, "hlt\n nop\n" DONE);

static void step_hlt(void)
{
	START(MODE_LONG, g_hlt);
	debug(STEP);
	vcpu_expect(&v, KVM_EXIT_HLT);
	not_linux("loses a step behind HLT");
	step_to(GPA_CODE + 1);
	step_to(GPA_CODE + 2);
}

GUEST(32, g_plain32, "nop\n cpuid\n inc %eax\n" DONE);

static void step_modes(void)
{
	static const enum mode modes[] = { MODE_PROT, MODE_32, MODE_PAE };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		START(modes[i], g_plain32);
		debug(STEP);
		step_to(GPA_CODE + 1);
		step_to(GPA_CODE + 3);
		step_to(GPA_CODE + 4);
		debug(0);
		vcpu_until(&v, PORT_DONE);
		vm_close(&vm);
	}
}

/* Behind STI or one further, behind MOV SS or one further: processors differ. */
GUEST(64, g_shadow, "sti\n nop\n mov %ss, %ax\n mov %ax, %ss\n nop\n nop\n" DONE);

static void step_shadow(void)
{
	START(MODE_LONG, g_shadow);
	debug(STEP);
	vcpu_expect(&v, KVM_EXIT_DEBUG);
	if (v.run->debug.arch.pc == GPA_CODE + 1)
		vcpu_expect(&v, KVM_EXIT_DEBUG);
	CHECK_EQ(v.run->debug.arch.pc, GPA_CODE + 2);
	step_to(GPA_CODE + 5);
	vcpu_expect(&v, KVM_EXIT_DEBUG);
	if (v.run->debug.arch.pc == GPA_CODE + 7)
		vcpu_expect(&v, KVM_EXIT_DEBUG);
	CHECK_EQ(v.run->debug.arch.pc, GPA_CODE + 8);
}

GUEST(64, g_nops, "nop\n nop\n nop\n nop\n" DONE);

/* Flags that no processor has are not its: it runs, by steps too. */
static void step_reserved(void)
{
	struct kvm_regs r;

	START(MODE_LONG, g_nops);
	r = vcpu_regs(&v);
	r.rflags |= 1 << 22;
	vcpu_set_regs(&v, &r);
	debug(STEP);
	not_linux("hands them to VM entry, which fails");
	step_to(GPA_CODE + 1);
	r.rip = GPA_CODE;
	vcpu_set_regs(&v, &r);
	step_to(GPA_CODE + 1);
	step_to(GPA_CODE + 2);
	debug(0);
	vcpu_until(&v, PORT_DONE);
}

/*
 * An interrupt that comes in a step: the stop is in its handler, or behind it.
 * What the handler finds on its stack has no TF.
 */
static void step_interrupt(void)
{
	struct kvm_interrupt irq = { VEC };
	struct kvm_regs r;
	struct exc e;

	START(MODE_LONG, g_nops);
	r = vcpu_regs(&v);
	r.rflags |= FLAGS_IF;
	vcpu_set_regs(&v, &r);
	debug(STEP);
	step_to(GPA_CODE + 1);
	OK(ioctl(v.fd, KVM_INTERRUPT, &irq));
	not_linux("steps over whole handlers");
	vcpu_expect(&v, KVM_EXIT_DEBUG);
	CHECK(v.run->debug.arch.pc >= GPA_STUBS &&
	      v.run->debug.arch.pc < GPA_STUBS + 0x1000);
	debug(0);
	e = exc_next(&v);
	CHECK_EQ(e.vector, VEC);
	CHECK_EQ(e.rip, GPA_CODE + 1);
	CHECK_EQ(e.flags & (FLAGS_TF | FLAGS_IF), FLAGS_IF);
	vcpu_until(&v, PORT_DONE);
}

/* The same for an exception of the stepped instruction, and its IRET. */
GUEST(64, g_ud, "nop\n ud2\n nop\n" DONE);
GUEST(64, g_ud_handler, "addq $2, (%rsp)\n iretq\n");

static void step_exception(void)
{
	START(MODE_LONG, g_ud);
	vm_load(&vm, GPA_STUBS + UD * 16, g_ud_handler, g_ud_handler_end);
	debug(STEP);
	step_to(GPA_CODE + 1);
	not_linux("steps over whole handlers");
	vcpu_expect(&v, KVM_EXIT_DEBUG);
	CHECK_EQ(v.run->debug.arch.pc, GPA_STUBS + UD * 16 + 5);
	step_to(GPA_CODE + 3);
	step_to(GPA_CODE + 4);
	debug(0);
	vcpu_until(&v, PORT_DONE);
}

/* PUSHF shows the guest's TF; POPF brings the one it wants. */
GUEST(64, g_flags, "pushf\n pop %rbx\n push %rbx\n popf\n nop\n nop\n" DONE);

static void step_flags(void)
{
	START(MODE_LONG, g_flags);
	debug(STEP);
	step_to(GPA_CODE + 1);
	step_to(GPA_CODE + 2);
	not_linux("shows its TF to PUSHF");
	not_by_flag("PUSHF shows TF");
	CHECK_EQ(vcpu_regs(&v).rbx & FLAGS_TF, 0);
	step_to(GPA_CODE + 3);
	step_to(GPA_CODE + 4);
	step_to(GPA_CODE + 5);
	debug(0);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rflags & FLAGS_TF, 0);
}

/*
 * INT n, the same bytes in every mode: the stop is at the handler, whose frame has
 * no TF.
 */
GUEST(64, g_int, "nop\n int $0x40\n nop\n" DONE);
GUEST(16, g_int_handler, "nop\n iret\n");

static void step_int_mode(enum mode mode, unsigned int size)
{
	uint64_t handler = GPA_STUBS + VEC * 16, rsp, word[3] = { 0 };
	int i;

	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, mode, g_int);
	if (mode == MODE_REAL) {
		vm_load(&vm, handler, g_int_handler, g_int_handler_end);
		*vm_u64(&vm, 4 * VEC) = handler;
	} else {
		exc_setup(&v);
	}
	debug(STEP);
	step_to(GPA_CODE + 1);
	not_linux("shows its TF to INT");
	step_to(handler);
	rsp = vcpu_regs(&v).rsp;
	for (i = 0; i < 3; i++)
		memcpy(&word[i], vm.mem + rsp + i * size, size);
	CHECK_EQ(word[0], GPA_CODE + 3);
	CHECK_EQ(word[2], 2);
	debug(0);
	vcpu_until(&v, mode == MODE_REAL ? PORT_DONE : PORT_EXC);
	vcpu_until(&v, PORT_DONE);
	vm_close(&vm);
}

static void step_int(void)
{
	not_by_flag("INT n clears TF");
	step_int_mode(MODE_REAL, 2);
	step_int_mode(MODE_PROT, 4);
	step_int_mode(MODE_PAE, 4);
	step_int_mode(MODE_LONG, 8);
}

/* A guest that steps itself has no trap behind INT n: its TF is on the stack. */
GUEST(64, g_own_int, "pushf\n orl $0x100, (%rsp)\n popf\n int $0x40\n nop\n"
      DONE);

static void own_int_reports(void)
{
	struct exc e = exc_next(&v);

	CHECK_EQ(e.vector, VEC);
	CHECK_EQ(e.rip, GPA_CODE + 11);
	CHECK_EQ(e.flags & FLAGS_TF, FLAGS_TF);
	e = exc_next(&v);
	CHECK_EQ(e.vector, DB);
	CHECK_EQ(e.rip, GPA_CODE + 12);
}

static void step_own_int(void)
{
	START(MODE_LONG, g_own_int);
	own_int_reports();
	not_by_flag("INT n clears TF");
	START(MODE_LONG, g_own_int);
	debug(STEP);
	step_to(GPA_CODE + 1);
	step_to(GPA_CODE + 8);
	vcpu_expect(&v, KVM_EXIT_DEBUG);
	not_linux("takes the guest's TF for its own");
	step_to(GPA_STUBS + VEC * 16);
	debug(0);
	own_int_reports();
}

GUEST(64, g_own_tf, "pushf\n orl $0x100, (%rsp)\n popf\n nop\n nop\n" DONE);

/* A guest that steps itself gets its traps, whoever else steps it. */
static void step_own_trap(void)
{
	struct exc e;

	not_by_flag("POPF loads TF");
	START(MODE_LONG, g_own_tf);
	debug(STEP);
	step_to(GPA_CODE + 1);
	step_to(GPA_CODE + 8);
	vcpu_expect(&v, KVM_EXIT_DEBUG);	/* popf: TF is the guest's now */
	CHECK_EQ(v.run->debug.arch.pc, GPA_CODE + 9);
	not_linux("takes the guest's TF for its own");
	CHECK(vcpu_regs(&v).rflags & FLAGS_TF);
	vcpu_expect(&v, KVM_EXIT_DEBUG);	/* nop */
	CHECK_EQ(v.run->debug.arch.pc, GPA_CODE + 10);
	debug(0);
	e = exc_next(&v);
	CHECK_EQ(e.vector, DB);
	CHECK_EQ(e.rip, GPA_CODE + 10);
	CHECK_EQ(e.flags & FLAGS_TF, FLAGS_TF);
	CHECK_EQ(debugregs().dr6 & (DR6_BS | 15), DR6_BS);
}

/* NMIs: masked in the handler as long as without the steps. */
GUEST(64, g_nmi_handler, "nop\n out %al, $0x21\n nop\n iretq\n");

static void step_nmi(void)
{
	const uint64_t handler = GPA_STUBS + NMI * 16;
	struct kvm_vcpu_events e;

	START(MODE_LONG, g_nops);
	vm_load(&vm, handler, g_nmi_handler, g_nmi_handler_end);
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	vcpu_until(&v, 0x21);
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	debug(STEP);
	not_linux("loses a step behind OUT");
	/* the OUT is complete; the next one */
	step_to(handler + 3);
	step_to(handler + 4);
	OK(ioctl(v.fd, KVM_GET_VCPU_EVENTS, &e));
	CHECK_EQ(e.nmi.masked, 1);
	CHECK(e.nmi.pending);
	debug(0);
	vcpu_until(&v, 0x21);
	CHECK_EQ(vcpu_regs(&v).rsp, GPA_STACK - 40);
	vcpu_until(&v, PORT_DONE);
}

/* BLOCKIRQ: neither interrupts nor NMIs before it is off. */
static void block(void)
{
	struct kvm_interrupt irq = { VEC };
	struct kvm_regs r;

	START(MODE_LONG, g_nops);
	r = vcpu_regs(&v);
	r.rflags |= FLAGS_IF;
	vcpu_set_regs(&v, &r);
	debug(STEP | KVM_GUESTDBG_BLOCKIRQ);
	step_to(GPA_CODE + 1);
	OK(ioctl(v.fd, KVM_INTERRUPT, &irq));
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	not_linux("does not hold what was queued");
	step_to(GPA_CODE + 2);
	step_to(GPA_CODE + 3);
	debug(0);
	expect(NMI, 3);
	expect(VEC, 3);
	vcpu_until(&v, PORT_DONE);
}

static void bad_input(void)
{
	struct kvm_guest_debug d = { .control = KVM_GUESTDBG_ENABLE | 1u << 31 };
	struct kvm_guest_debug two = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_INJECT_DB,
	};

	START(MODE_LONG, g_nops);
	OK(ioctl(v.fd, KVM_SET_GUEST_DEBUG, &two));
	ERR(ioctl(v.fd, KVM_SET_GUEST_DEBUG, &two), EBUSY);
	expect(DB, 0);
	ERR(ioctl(v.fd, KVM_SET_GUEST_DEBUG, (void *)16), EFAULT);
	not_linux("takes unknown control bits");
	ERR(ioctl(v.fd, KVM_SET_GUEST_DEBUG, &d), EINVAL);
	d.control = HW_BP;
	d.arch.debugreg[7] = 1ull << 32;
	ERR(ioctl(v.fd, KVM_SET_GUEST_DEBUG, &d), EINVAL);
	vcpu_until(&v, PORT_DONE);
}

#define CASE(name) { #name, name, 20 }

static const struct test_case cases[] = {
	CASE(capabilities), CASE(step), CASE(step_mmio), CASE(step_hlt),
	CASE(step_modes), CASE(step_shadow), CASE(step_interrupt),
	CASE(step_exception), CASE(step_flags), CASE(step_reserved), CASE(step_own_trap),
	CASE(step_int), CASE(step_own_int), CASE(step_nmi), CASE(block),
	CASE(bad_input), { NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
