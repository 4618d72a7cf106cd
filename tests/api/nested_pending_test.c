// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is under way where SVM's levels change: events of L1's that L2 has not got when it
 * is saved, single steps and their traps, and what waits for GIF (APM vol. 2, 15.5.1,
 * 15.17, 15.20; api.rst 4.87, 4.114).
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "svm.h"

enum { DB = 1, NMI = 2, UD = 6 };

#define VEC		0x40
#define FLAGS_TF	0x100

struct state {
	struct kvm_nested_state head;
	struct vmcb vmcb;
};

static void debug_step(bool on)
{
	struct kvm_guest_debug d = { 0 };

	if (on)
		d.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP;
	OK(ioctl(v.fd, KVM_SET_GUEST_DEBUG, &d));
}

/* L1 has SVM on, and stands at its VMRUN; L2 will go on behind a VMMCALL. */
static uint64_t vmrun_next(uint64_t flags)
{
	static const uint8_t vmrun[] = { 0x0f, 0x01, 0xd8 };
	struct kvm_regs r;
	uint8_t *at;

	intercept(EXIT_VMMCALL);
	l2_until(EXIT_VMMCALL);
	vmcb()->rip += 3;
	v.run->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	v.run->immediate_exit = 0;
	at = memmem(vm.mem + GPA_CODE, 128, vmrun, sizeof(vmrun));
	CHECK(at);
	r = vcpu_regs(&v);
	r.rip = at - vm.mem;
	r.rax = GPA_VMCB;
	r.rflags |= flags;
	vcpu_set_regs(&v, &r);
	return r.rip + sizeof(vmrun);
}

GUEST(64, g_twice, "vmmcall\n nop\n nop\n vmmcall\n");

/* The trap of L1's RFLAGS.TF comes when VMRUN is over: behind #VMEXIT. */
static void trap(void)
{
	uint64_t behind;
	struct exc e;

	L2_START(g_twice);
	behind = vmrun_next(FLAGS_TF);
	vmcb()->exit_code = 0;
	e = exc_next(&v);
	CHECK_EQ(e.vector, DB);
	CHECK_EQ(e.rip, behind);
	CHECK_EQ(e.flags & FLAGS_TF, FLAGS_TF);
	CHECK_EQ(vmcb()->exit_code, EXIT_VMMCALL);
	CHECK_EQ(vmcb()->rip, GPA_CODE2 + 5);
}

/* Also where VMRUN is refused. */
static void trap_refused(void)
{
	uint64_t behind;
	struct exc e;

	L2_START(g_twice);
	behind = vmrun_next(FLAGS_TF);
	vmcb()->asid = 0;
	e = exc_next(&v);
	CHECK_EQ(e.vector, DB);
	CHECK_EQ(e.rip, behind);
	CHECK_EQ((uint32_t)vmcb()->exit_code, (uint32_t)EXIT_INVALID);
}

static void step_to(uint64_t rip)
{
	vcpu_expect(&v, KVM_EXIT_DEBUG);
	CHECK_EQ(v.run->debug.arch.pc, rip);
}

/* Userspace's steps go on in L2, and in L1 again. */
static void steps(void)
{
	uint64_t behind;

	L2_START(g_twice);
	if (is_stock())
		test_skip("Linux's KVM steps over L2");
	behind = vmrun_next(0);
	debug_step(true);
	step_to(GPA_CODE2 + 3);
	step_to(GPA_CODE2 + 4);
	step_to(GPA_CODE2 + 5);
	vcpu_until(&v, PORT_L1);
	CHECK_EQ(vmcb()->rip, GPA_CODE2 + 5);
	step_to(behind + 2);
	debug_step(false);
	l2_next(0, EXIT_VMMCALL);
}

/* ---- L1's event, saved before L2 has it ---- */

static void event_moves(uint32_t info)
{
	struct kvm_vcpu_events events;
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	struct vcpu old = v;
	struct state s = { .head.size = sizeof(s) };
	struct exc e;

	OK(ioctl(v.fd, KVM_GET_NESTED_STATE, &s));
	OK(ioctl(v.fd, KVM_GET_VCPU_EVENTS, &events));
	CHECK_EQ(events.interrupt.injected | events.nmi.injected | events.exception.injected, 0);
	CHECK_EQ(s.head.flags & KVM_STATE_NESTED_RUN_PENDING, KVM_STATE_NESTED_RUN_PENDING);
	CHECK_EQ(s.vmcb.event_inj, info);
	sregs = vcpu_sregs(&v);
	regs = vcpu_regs(&v);
	vcpu_new(&vm, &v, 1);
	vcpu_set_sregs(&v, &sregs);
	vcpu_set_regs(&v, &regs);
	OK(ioctl(v.fd, KVM_SET_NESTED_STATE, &s));
	OK(ioctl(v.fd, KVM_SET_VCPU_EVENTS, &events));
	e = exc_next(&v);
	CHECK_EQ(e.vector, info & 0xff);
	CHECK_EQ(e.rip, GPA_CODE2 + 3);
	OK(ioctl(v.fd, KVM_GET_NESTED_STATE, &s));
	CHECK_EQ(s.head.flags & KVM_STATE_NESTED_RUN_PENDING, 0);
	CHECK_EQ(s.vmcb.event_inj & INJ_VALID, 0);
	l2_until(EXIT_VMMCALL);
	CHECK_EQ(vmcb()->rip, GPA_CODE2 + 5);
	vcpu_close(&old);
}

static void event_saved(void)
{
	static const uint32_t infos[] = {
		INJ_VALID | INJ_INTR | VEC, INJ_VALID | INJ_NMI | NMI,
		INJ_VALID | INJ_EXC | UD, INJ_VALID | INJ_SOFT | VEC,
	};
	unsigned int i;

	for (i = 0; i < sizeof(infos) / sizeof(infos[0]); i++) {
		L2_START(g_twice);
		if (is_stock())
			test_skip("Linux's KVM steps over L2");
		vmrun_next(0);
		intercept(EXIT_INTR);
		vmcb()->int_ctl = V_INTR_MASKING;
		vmcb()->event_inj = infos[i];
		/* A step is complete where L2 has been entered by x86, and not run. */
		debug_step(true);
		step_to(GPA_CODE2 + 3);
		debug_step(false);
		event_moves(infos[i]);
		vm_close(&vm);
	}
}

/* Of an exception only some vectors exist, also in what comes from elsewhere. */
static void vector_hostile(void)
{
	struct state s = { .head.size = sizeof(s) };

	L2_START(g_twice);
	vmcb()->rip += 3;
	intercept(EXIT_VMMCALL);
	vm.mem[GPA_CODE2 + 3] = 0xe6;
	vm.mem[GPA_CODE2 + 4] = 0x20;
	l2_out(0x20);
	OK(ioctl(v.fd, KVM_GET_NESTED_STATE, &s));
	s.head.flags |= KVM_STATE_NESTED_RUN_PENDING;
	s.vmcb.event_inj = INJ_VALID | INJ_EXC | 0xff;
	if (!is_stock())
		ERR(ioctl(v.fd, KVM_SET_NESTED_STATE, &s), EINVAL);
	l2_until(EXIT_VMMCALL);
}

/* ---- one that L1 has injected, and one of L2's own ---- */

GUEST(64, g_soft, "nop\n nop\n out %al, $0x20\n int $0x41\n vmmcall\n");

/* The second comes to an exit of L0's on its way, and once. */
static void soft_again(void)
{
	struct exc e;

	L2_START(g_soft);
	intercept(EXIT_VMMCALL);
	vmcb()->event_inj = INJ_VALID | INJ_SOFT | VEC;
	e = exc_next(&v);
	CHECK_EQ(e.vector, VEC);
	CHECK_EQ(e.rip, GPA_CODE2);
	l2_out(0x20);
	OK(madvise(vm.mem + GPA_STACK2 - 4096, 4096, MADV_DONTNEED));
	e = exc_next(&v);
	CHECK_EQ(e.vector, VEC + 1);
	CHECK_EQ(e.rip, GPA_CODE2 + 6);
	l2_until(EXIT_VMMCALL);
}

/* ---- GIF ---- */

/* Without SVM there is no GIF that could be clear, and an NMI does not wait on. */
GUEST(64, g_gif, "mov $0xc0000080, %ecx\n rdmsr\n bts $12, %eax\n wrmsr\n"
      "clgi\n out %al, $0x20\n nop\n btr $12, %eax\n wrmsr\n"
      "mov $1000, %ecx\n 1: loop 1b\n" DONE);

static void gif_ends(void)
{
	skip_without_svm();
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_gif);
	exc_setup(&v);
	vcpu_until(&v, 0x20);
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	CHECK_EQ(exc_next(&v).vector, NMI);
}

BOTH(trap)
BOTH(trap_refused)
BOTH(steps)
BOTH(event_saved)
BOTH(vector_hostile)
BOTH(soft_again)

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		CASES(trap), CASES(trap_refused), CASES(steps), CASES(event_saved),
		CASES(vector_hostile), CASES(soft_again), CASE(gif_ends), { }
	};

	return test_main(argc, argv, cases);
}
