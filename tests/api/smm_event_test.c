// SPDX-License-Identifier: GPL-2.0-only
/*
 * When an SMI comes, and what waits in system management mode (APM vol. 2, 10.3, 10.3.3;
 * api.rst 4.31): SMI, NMI, INIT, HLT; and while L1 runs L2 (15.13.3).
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/time.h>
#include "smm.h"
#include "svm.h"

#define NMI	2
#define PORT_LOOP 0x50		/* no port of a PIC */

static uint8_t *smram;

GUEST(64, g_loop, "1: out %al, $0x50\n jmp 1b\n");

static void start(bool irqchip)
{
	skip_without_smm();
	vm_new(&vm, 0);
	if (irqchip)
		OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	vcpu_new(&vm, &v, 0);
	smram = smram_new(&vm, 0, SMBASE);
	vcpu_code(&v, MODE_LONG, g_loop);
	exc_setup(&v);
	vcpu_until(&v, PORT_LOOP);
	complete(&v);
}

static void events_set(struct kvm_vcpu_events *e)
{
	OK(ioctl(v.fd, KVM_SET_VCPU_EVENTS, e));
}

static void skip_with_nmi_mask(void)
{
	if (cpu_keeps_nmi_mask())
		test_skip("no entry unmasks virtual NMIs (Bochs)");
}

/* What userspace reads it can write, and the machine goes on. */
static void round_trip(void)
{
	struct kvm_vcpu_events e;

	skip_with_nmi_mask();
	start(false);
	e = events(&v);
	CHECK(!e.smi.pending && !e.smi.smm && !e.smi.smm_inside_nmi &&
	      !e.smi.latched_init);
	smi(&v);
	e = events(&v);
	CHECK_EQ(e.smi.pending, 1);
	CHECK_EQ(e.smi.smm, 0);
	e.smi.pending = 0;
	events_set(&e);
	vcpu_until(&v, PORT_LOOP);
	/* One that userspace brings. */
	e.smi.pending = 1;
	/* Not transferred: */
	e.flags &= ~KVM_VCPUEVENT_VALID_SMM;
	events_set(&e);
	CHECK_EQ(events(&v).smi.pending, 0);
	e.flags |= KVM_VCPUEVENT_VALID_SMM;
	events_set(&e);
	vcpu_until(&v, PORT_SMM);
	complete(&v);
	e = events(&v);
	CHECK_EQ(e.smi.smm, 1);
	CHECK_EQ(e.smi.pending, 0);
	CHECK_EQ(e.nmi.masked, 1);
	CHECK_EQ(e.smi.smm_inside_nmi, 0);
	/* Out of the mode and in again, without RSM. */
	e.smi.smm = 0;
	events_set(&e);
	CHECK(!in_smm(&v));
	e.smi.smm = 1;
	events_set(&e);
	CHECK(in_smm(&v));
	vcpu_until(&v, PORT_LOOP);
	CHECK(!in_smm(&v));
	CHECK_EQ(events(&v).nmi.masked, 0);
}

/* Out of the handler, into an exception's; its vector.  Not exc_next(): another mode. */
static unsigned int vector_behind(void)
{
	vcpu_until(&v, PORT_EXC);
	CHECK(!in_smm(&v));
	return *vm_u64(&vm, vcpu_regs(&v).rsp + 8);
}

/* One SMI waits for RSM; more are one. */
static void smi_in_smm(void)
{
	start(false);
	smi_enter(&v);
	smi(&v);
	smi(&v);
	complete(&v);
	CHECK_EQ(events(&v).smi.pending, 1);
	vcpu_until(&v, PORT_SMM);
	complete(&v);
	CHECK_EQ(events(&v).smi.pending, 0);
	CHECK(in_smm(&v));
	vcpu_until(&v, PORT_LOOP);
}

static void nmi_in_smm(void)
{
	skip_with_nmi_mask();
	start(false);
	smi_enter(&v);
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	complete(&v);
	CHECK_EQ(events(&v).nmi.pending, 1);
	CHECK(in_smm(&v));
	CHECK_EQ(vector_behind(), NMI);
	vcpu_until(&v, PORT_LOOP);
}

/* From an NMI's handler RSM leads back there, with NMIs masked. */
static void smi_in_nmi(void)
{
	struct kvm_vcpu_events e;

	skip_with_nmi_mask();
	start(false);
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	CHECK_EQ(exc_next(&v).vector, NMI);
	complete(&v);
	CHECK_EQ(events(&v).nmi.masked, 1);
	smi_enter(&v);
	e = events(&v);
	CHECK_EQ(e.smi.smm_inside_nmi, 1);
	CHECK_EQ(e.nmi.masked, 1);
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	vcpu_expect(&v, KVM_EXIT_IO);
	CHECK_EQ(v.run->io.port, PORT_EXC);
	CHECK(!in_smm(&v));
}

/* An exception on its way goes in first, and the handler's RIP is saved. */
static void after_exception(void)
{
	struct kvm_vcpu_events e;

	start(false);
	e = events(&v);
	e.exception.injected = 1;
	e.exception.nr = 6;
	e.smi.pending = 1;
	events_set(&e);
	vcpu_until(&v, PORT_SMM);
	CHECK(area_get(smram, 0xff78, 8) != GPA_CODE);
	CHECK_EQ(vector_behind(), 6);
}

/* A message of this delivery mode for APIC 0. */
static void message(unsigned int mode)
{
	struct kvm_msi msi = { .address_lo = 0xfee00000, .data = mode << 8 };

	OK(ioctl(vm.fd, KVM_SIGNAL_MSI, &msi));
}

enum { MODE_SMI = 2, MODE_NMI = 4, MODE_INIT = 5 };

static void by_message(void)
{
	skip_with_nmi_mask();
	start(true);
	if (is_stock())
		test_skip("Linux's KVM 6.1 drops it");
	message(MODE_SMI);
	/* Linux's KVM looks when the vCPU runs. */
	CHECK(events(&v).smi.pending || is_stock());
	vcpu_until(&v, PORT_SMM);
	message(MODE_NMI);
	CHECK_EQ(vector_behind(), NMI);
}

GUEST(64, g_self, "mov $0x1b, %ecx\n rdmsr\n or $0xc00, %eax\n wrmsr\n"
      "mov $0x830, %ecx\n xor %edx, %edx\n mov $0x40200, %eax\n wrmsr\n" DONE);

static void by_self_ipi(void)
{
	start(true);
	vcpu_code(&v, MODE_LONG, g_self);
	vcpu_until(&v, PORT_SMM);
	vcpu_until(&v, PORT_DONE);
}

GUEST(16, g_reset, "out %al, $0x31\n");

static void init_in_smm(void)
{
	struct kvm_vcpu_events e;
	uint8_t *rom;

	start(true);
	rom = mem_new(0x1000, 0);
	memcpy(rom + 0xff0, g_reset, g_reset_end - g_reset);
	OK(vm_slot(&vm, 5, 0xfffff000, rom, 0x1000));
	smi_enter(&v);
	message(MODE_INIT);
	complete(&v);
	e = events(&v);
	CHECK(e.smi.latched_init || is_stock());
	CHECK_EQ(e.smi.smm, 1);
	/* Userspace takes it back, and brings it again. */
	e.smi.latched_init = 0;
	events_set(&e);
	CHECK_EQ(events(&v).smi.latched_init, 0);
	e.smi.latched_init = 1;
	events_set(&e);
	vcpu_until(&v, 0x31);
	CHECK(!in_smm(&v));
	CHECK_EQ(vcpu_sregs(&v).cs.selector, 0xf000);
	CHECK_EQ(events(&v).smi.latched_init, 0);
}

static unsigned int mp_state(void)
{
	struct kvm_mp_state mp;

	OK(ioctl(v.fd, KVM_GET_MP_STATE, &mp));
	return mp.mp_state;
}

static void on_alarm(int sig)
{
	v.run->immediate_exit = 1;
}

GUEST(64, g_hlt, "hlt\n out %al, $0x51\n");

/* Runs for a tenth of a second in which userspace sees nothing. */
static void idle(void)
{
	const struct itimerval tick = { { 0, 0 }, { 0, 100000 } };

	signal(SIGALRM, on_alarm);
	OK(setitimer(ITIMER_REAL, &tick, NULL));
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	v.run->immediate_exit = 0;
}

/* An SMI ends HLT; RSM goes back to it, unless the handler says otherwise (10.3.4). */
static void smi_in_hlt(void)
{
	unsigned int i;

	start(true);
	vcpu_code(&v, MODE_LONG, g_hlt);
	idle();
	CHECK_EQ(mp_state(), KVM_MP_STATE_HALTED);
	if (is_stock()) {
		smi_enter(&v);
		vcpu_until(&v, 0x51);
		return;
	}
	for (i = 0; i < 2; i++) {
		smi_enter(&v);
		CHECK_EQ(mp_state(), KVM_MP_STATE_RUNNABLE);
		CHECK_EQ(area_get(smram, 0xfec9, 1), 1);
		CHECK_EQ(area_get(smram, 0xff78, 8), GPA_CODE + 1);
		idle();
		CHECK(!in_smm(&v));
		CHECK_EQ(mp_state(), KVM_MP_STATE_HALTED);
	}
	smi_enter(&v);
	area_set(smram, 0xfec9, 1, 0);
	vcpu_until(&v, 0x51);
}

/* Behind STI and MOV SS; the shadow is there again after RSM. */
static void in_shadow(void)
{
	struct kvm_vcpu_events e;

	start(false);
	e = events(&v);
	e.interrupt.shadow = 1;
	e.smi.pending = 1;
	e.flags |= KVM_VCPUEVENT_VALID_SHADOW;
	events_set(&e);
	vcpu_until(&v, PORT_SMM);
	CHECK_EQ(events(&v).interrupt.shadow, 0);
	complete(&v);
	vcpu_until(&v, PORT_LOOP);
}

/* Nobody waits for a start-up IPI there. */
static void no_sipi(void)
{
	struct kvm_mp_state mp = { KVM_MP_STATE_INIT_RECEIVED };
	struct kvm_vcpu_events e;

	start(true);
	smi_enter(&v);
	ERR(ioctl(v.fd, KVM_SET_MP_STATE, &mp), EINVAL);
	vcpu_until(&v, PORT_LOOP);
	OK(ioctl(v.fd, KVM_SET_MP_STATE, &mp));
	e = events(&v);
	e.smi.pending = 1;
	ERR(ioctl(v.fd, KVM_SET_VCPU_EVENTS, &e), EINVAL);
}

/* ---- L2 ---- */

GUEST(64, g_l2, "mov $0x1234, %ebx\n 1: out %al, $0x22\n inc %ebx\n jmp 1b\n");

static void l2(unsigned int code)
{
	skip_without_smm();
	L2_START(g_l2);
	smram = smram_new(&vm, 0, SMBASE);
	intercept(EXIT_NMI);
	intercept(code);
	l2_out(0x22);
	complete(&v);
}

/* L1 does not know of it: L2 stops for the handler, and goes on. */
static void l2_smi(void)
{
	struct kvm_sregs was, s;
	unsigned int i;

	l2(EXIT_INTR);
	was = vcpu_sregs(&v);
	for (i = 1; i < 4; i++) {
		smi_enter(&v);
		CHECK_EQ(area_get(smram, 0xfed8, 8) & 1, 1);
		CHECK_EQ(area_get(smram, 0xfee0, 8), GPA_VMCB);
		CHECK_EQ(area_get(smram, 0xff50, 8), was.cr3);
		l2_out(0x22);
		CHECK_EQ(vcpu_regs(&v).rbx, 0x1234 + i);
		complete(&v);
		s = vcpu_sregs(&v);
		CHECK_EQ(s.cr3, was.cr3);
		CHECK_EQ(s.efer, was.efer);
	}
	/* L1 is there still, and takes what it intercepts. */
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	l2_until(EXIT_NMI);
}

/* Saved and restored in the handler: all of it is in guest memory. */
static void l2_smi_move(void)
{
	struct {
		struct kvm_nested_state head;
		uint8_t vmcb[4096];
	} n = { .head.size = sizeof(n) };
	struct one { struct kvm_msrs head; struct kvm_msr_entry e; } hsave = {
		.head.nmsrs = 1, .e.index = 0xc0010117,
	};
	struct kvm_vcpu_events e;
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	struct vcpu old;

	l2(EXIT_INTR);
	smi_enter(&v);
	complete(&v);
	OK(ioctl(v.fd, KVM_GET_NESTED_STATE, &n));
	CHECK(!(n.head.flags & KVM_STATE_NESTED_GUEST_MODE));
	sregs = vcpu_sregs(&v);
	regs = vcpu_regs(&v);
	e = events(&v);
	CHECK_EQ(OK(ioctl(v.fd, KVM_GET_MSRS, &hsave)), 1);
	old = v;
	vcpu_new(&vm, &v, 1);
	vcpu_set_sregs(&v, &sregs);
	CHECK_EQ(OK(ioctl(v.fd, KVM_SET_MSRS, &hsave)), 1);
	events_set(&e);
	vcpu_set_regs(&v, &regs);
	OK(ioctl(v.fd, KVM_SET_NESTED_STATE, &n));
	l2_out(0x22);
	CHECK_EQ(vcpu_regs(&v).rbx, 0x1235);
	vcpu_close(&old);
}

/* L1 intercepts it, and takes it when GIF is set again. */
static void l2_smi_exit(void)
{
	l2(EXIT_SMI);
	smi(&v);
	l2_until(EXIT_SMI);
	CHECK(!in_smm(&v));
	/* Behind STGI. */
	vcpu_until(&v, PORT_SMM);
	l2_out(0x22);
}

BOTH(l2_smi)
BOTH(l2_smi_move)
BOTH(l2_smi_exit)

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		CASE(round_trip), CASE(smi_in_smm), CASE(nmi_in_smm),
		CASE(smi_in_nmi), CASE(after_exception), CASE(by_message),
		CASE(by_self_ipi), CASE(init_in_smm), CASE(smi_in_hlt),
		CASE(in_shadow), CASE(no_sipi), CASES(l2_smi), CASES(l2_smi_move),
		CASES(l2_smi_exit), { }
	};

	return test_main(argc, argv, cases);
}
