// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens where events, and instructions that exit, meet: pairs of exceptions
 * (APM vol. 2, 8.2.9), priorities (8.5), and what an exit must not leave behind.
 */
#define _GNU_SOURCE
#include "start.h"

static struct vm vm;
static struct vcpu v;

enum { DE, DB, NMI, UD = 6, DF = 8, TS = 10, NP, SS, GP, PF };

#define VEC		0x40
#define FLAGS_IF	0x200
#define FLAGS_RF	0x10000

static void raise(unsigned int vector, bool error)
{
	struct kvm_vcpu_events e;

	OK(ioctl(v.fd, KVM_GET_VCPU_EVENTS, &e));
	e.flags = 0;
	e.exception.injected = 1;
	e.exception.nr = vector;
	e.exception.has_error_code = error;
	e.exception.error_code = 0;
	OK(ioctl(v.fd, KVM_SET_VCPU_EVENTS, &e));
}

/* A gate that is not present: its delivery raises #NP. */
static void gate_present(unsigned int vector, bool present)
{
	uint8_t *attr = &vm.mem[GPA_IDT + vector * 16 + 5];

	*attr = present ? *attr | 0x80 : *attr & 0x7f;
}

/* APM vol. 2, table 8-3: the first exception, and what it makes with #NP. */
GUEST(64, g_nops, "nop\n nop\n nop\n" DONE);

static void pairs(void)
{
	static const struct {
		uint8_t first, error, makes;
	} rows[] = {
		{ DE, 0, DF }, { TS, 1, DF }, { SS, 1, DF }, { GP, 1, DF },
		{ PF, 1, DF }, { UD, 0, NP }, { DB, 0, NP },
	};
	unsigned int i;
	struct exc e;

	START(MODE_LONG, g_nops);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		vcpu_restart(&v, 0);
		gate_present(rows[i].first, false);
		raise(rows[i].first, rows[i].error);
		e = exc_next(&v);
		CHECK_EQ(e.rip, GPA_CODE);
		/* QEMU 7.2's VMRUN forgets that what it injects is an exception. */
		CHECK(e.vector == rows[i].makes || e.vector == NP);
		gate_present(rows[i].first, true);
	}
	/* An interrupt is no exception: #NP is delivered by itself. */
	vcpu_restart(&v, FLAGS_IF);
	gate_present(VEC, false);
	OK(ioctl(v.fd, KVM_INTERRUPT, &(struct kvm_interrupt){ VEC }));
	exc_expect(&v, NP, 0);
	/* Nothing is left of it. */
	gate_present(VEC, true);
	vcpu_restart(&v, FLAGS_IF);
	vcpu_until(&v, PORT_DONE);
}

/* RF is over with the instruction, also if that exits (APM vol. 2, 3.1.6). */
GUEST(64, g_exits, "cpuid\n out %al, $0x20\n mov %cr4, %rax\n" DONE);

static void resume_flag(void)
{
	START(MODE_LONG, g_exits);
	vcpu_restart(&v, FLAGS_RF);
	CHECK_EQ(vcpu_regs(&v).rflags & FLAGS_RF, FLAGS_RF);
	vcpu_until(&v, 0x20);
	CHECK_EQ(vcpu_regs(&v).rflags & FLAGS_RF, 0);
	vcpu_until(&v, PORT_DONE);
	/* A fault that KVM raises pushes it: VMLOAD, which the guest has not. */
	vcpu_restart(&v, 0);
	memcpy(&vm.mem[GPA_CODE], "\x0f\x01\xda", 3);
	CHECK_EQ(exc_expect(&v, UD, 0).flags & FLAGS_RF, FLAGS_RF);
}

/* Its table is at GPA_HOLE. */
#define LA_NOWHERE	(1ull << 39)

/* Where no memory is, no event can go (Linux's KVM tries for ever, or drops it). */
static void delivery_failed(uint64_t idt, uint64_t rsp)
{
	struct kvm_sregs s;
	struct kvm_regs r;

	START(MODE_LONG, g_nops);
	if (!vm_cap(&vm, KVM_CAP_INTR_SHADOW))
		test_skip("Linux's KVM tries for ever");
	s = vcpu_sregs(&v);
	*(uint64_t *)&vm.mem[s.cr3 + 8] = GPA_HOLE | PTE_P | PTE_W | PTE_U;
	s.idt.base = idt;
	vcpu_set_sregs(&v, &s);
	vcpu_restart(&v, FLAGS_IF);
	r = vcpu_regs(&v);
	r.rsp = rsp;
	vcpu_set_regs(&v, &r);
	OK(ioctl(v.fd, KVM_INTERRUPT, &(struct kvm_interrupt){ VEC }));
	vcpu_expect(&v, KVM_EXIT_INTERNAL_ERROR);
	CHECK_EQ(v.run->internal.suberror, KVM_INTERNAL_ERROR_DELIVERY_EV);
	CHECK(v.run->internal.ndata >= 3);
	CHECK_EQ(v.run->internal.data[0], VEC);
	/* Where it was; on shadow page tables nothing tells of a table that is not there. */
	CHECK(!v.run->internal.data[2] || v.run->internal.data[2] >> 14 == GPA_HOLE >> 14);
	/* The interrupt is not lost: with memory there it arrives. */
	s.idt.base = GPA_IDT;
	memset(s.interrupt_bitmap, 0, sizeof(s.interrupt_bitmap));
	s.interrupt_bitmap[VEC / 64] = 1ull << VEC % 64;
	CHECK_EQ(vcpu_sregs(&v).interrupt_bitmap[VEC / 64],
		 s.interrupt_bitmap[VEC / 64]);
	vcpu_set_sregs(&v, &s);
	vcpu_restart(&v, FLAGS_IF);
	exc_expect(&v, VEC, 0);
	vcpu_until(&v, PORT_DONE);
}

static void no_memory(void)
{
	delivery_failed(GPA_IDT, GPA_HOLE + 0x1000);
	delivery_failed(GPA_HOLE, GPA_STACK);
	delivery_failed(LA_NOWHERE, GPA_STACK);
}

/* With CR0.CD set KVM may have to intercept SMSW. */
GUEST(64, g_smsw, "mov $-1, %rax\n mov %rax, %rbx\n mov %rax, %rcx\n"
      "smsw %ax\n smsw %ebx\n smsw %rcx\n" DONE);

static void smsw(void)
{
	struct kvm_sregs s;
	struct kvm_regs r;

	START(MODE_LONG, g_smsw);
	s = vcpu_sregs(&v);
	s.cr0 |= 1u << 30;
	vcpu_set_sregs(&v, &s);
	vcpu_until(&v, PORT_DONE);
	r = vcpu_regs(&v);
	CHECK_EQ(r.rax, 0xffffffffffff0000 | (s.cr0 & 0xffff));
	CHECK_EQ(r.rbx & 0xffff, s.cr0 & 0xffff);
	CHECK_EQ(r.rcx & 0xffff, s.cr0 & 0xffff);
}

/* APM vol. 4, XSETBV: #UD without OSXSAVE, #GP for a bad value. */
GUEST(64, g_xsetbv, "xsetbv\n" DONE);

static void xsetbv(void)
{
	struct kvm_sregs s;

	START(MODE_LONG, g_xsetbv);
	if (!vcpu_has(&v, 1, 2, 26))
		test_skip("no XSAVE");
	vcpu_restart(&v, 0);
	exc_expect(&v, UD, 0);
	s = vcpu_sregs(&v);
	s.cr4 |= 1 << 18;
	vcpu_set_sregs(&v, &s);
	vcpu_restart(&v, 0);			/* XCR0 = 0: x87 is missing */
	exc_expect(&v, GP, 0);
}

/*
 * An NMI and an interrupt wait while an instruction exits that is stepped over:
 * both come, behind it.
 */
GUEST(64, g_sti_cpuid, "out %al, $0x20\n sti\n cpuid\n nop\n nop\n" DONE);

static void behind_exit(void)
{
	uint64_t first, second;
	struct exc e;

	START(MODE_LONG, g_sti_cpuid);
	vcpu_until(&v, 0x20);
	v.run->request_interrupt_window = 1;
	vcpu_expect(&v, KVM_EXIT_IRQ_WINDOW_OPEN);
	v.run->request_interrupt_window = 0;
	OK(ioctl(v.fd, KVM_INTERRUPT, &(struct kvm_interrupt){ VEC }));
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	e = exc_next(&v);
	first = e.vector;
	second = exc_next(&v).vector;
	CHECK((first == NMI && second == VEC) ||
	      (first == VEC && second == NMI));
	vcpu_until(&v, PORT_DONE);
}

/* With controllers in the kernel userspace has no use for a window, and gets none. */
static void no_window(void)
{
	vm_new(&vm, 0);
	OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_nops);
	vcpu_restart(&v, FLAGS_IF);
	v.run->request_interrupt_window = 1;
	vcpu_until(&v, PORT_DONE);
}

/*
 * APM vol. 2, table 14-1: INIT leaves CD and NW alone, and RDX has what CPUID 1 says in
 * EAX.  The vector of a SIPI that userspace gives is where the vCPU starts.
 */
GUEST(16, g_started, DONE);

static void init(void)
{
	struct kvm_msi msi = { .address_lo = 0xfee00000, .data = 0x4500 };
	struct kvm_mp_state mp = { KVM_MP_STATE_SIPI_RECEIVED };
	struct kvm_vcpu_events e = { .flags = KVM_VCPUEVENT_VALID_SIPI_VECTOR,
				     .sipi_vector = 0x10 };
	static struct kvm_lapic_state lapic;

	vm_new(&vm, 0);
	OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	vcpu_new(&vm, &v, 0);
	OK(ioctl(v.fd, KVM_GET_LAPIC, &lapic));
	*(uint32_t *)(lapic.regs + 0xf0) = 0x1ff;
	OK(ioctl(v.fd, KVM_SET_LAPIC, &lapic));
	vcpu_code(&v, MODE_LONG, g_nops);
	CHECK_EQ(vcpu_sregs(&v).cr0 & 0x60000000, 0);
	OK(ioctl(vm.fd, KVM_SIGNAL_MSI, &msi));
	v.run->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	OK(ioctl(v.fd, KVM_GET_MP_STATE, &(struct kvm_mp_state){ 0 }));
	CHECK_EQ(vcpu_sregs(&v).cs.base, 0xffff0000);
	CHECK_EQ(vcpu_sregs(&v).cr0, 0x10);
	CHECK_EQ(vcpu_regs(&v).rdx, cpuid_find(cpuid_supported(vm.kvm), 1, 0)->eax);
	OK(ioctl(v.fd, KVM_SET_VCPU_EVENTS, &e));
	OK(ioctl(v.fd, KVM_SET_MP_STATE, &mp));
	vm_load(&vm, 0x10000, g_started, g_started_end);
	v.run->immediate_exit = 0;
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_sregs(&v).cs.base, 0x10000);
}

#define CASE(name) { #name, name, 20 }

static const struct test_case cases[] = {
	CASE(pairs), CASE(resume_flag), CASE(no_memory),
	CASE(smsw), CASE(xsetbv), CASE(behind_exit),
	CASE(no_window), CASE(init),
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
