// SPDX-License-Identifier: GPL-2.0-only
/* EOI through guest memory: MSR_KVM_EOI_EN (msr.rst). */
#define _GNU_SOURCE
#include <asm/kvm_para.h>
#include "pv.h"
#include "stat.h"

#define EOI		(*(uint32_t *)(vm.mem + GPA_DATA))
#define LEVEL		0x8000
#define GPA_HANDLER	(GPA_CODE + 0x400)
#define PORT_IN		0xe2	/* the handler asks whether something else comes */

/* Three chances for interrupts. */
GUEST(64, g_eoi, "sti\n nop\n out %al, $0xe0\n nop\n nop\n out %al, $0xe1\n nop\n"
      DONE);

/*
 * As a guest ends an interrupt: by memory (R8 counts), else by the register (R9).  With
 * EBP set, userspace is asked first, R10 has what the bit was before.
 */
GUEST(64, g_handler, "mov 0x10000, %r10d\n test %ebp, %ebp\n jz 1f\n"
      "out %al, $0xe2\n"
      "1: btrl $0, 0x10000\n jnc 2f\n inc %r8\n iretq\n"
      "2: mov $0xfee000b0, %edx\n movl $0, (%rdx)\n inc %r9\n iretq\n");

static void gate_set(uint8_t vector, uint64_t handler)
{
	uint64_t *gate = vm_u64(&vm, GPA_IDT + vector * 16);

	gate[0] = handler | SEL_CODE64 << 16 | 0x8e0000000000ull;
	gate[1] = 0;
}

static void msi(uint32_t data)
{
	struct kvm_msi m = { .address_lo = 0xfee00000, .data = data };

	CHECK_EQ(OK(ioctl(vm.fd, KVM_SIGNAL_MSI, &m)), 1);
}

static void eoi_start(bool asks)
{
	pv_machine(1);
	vcpu_code(&v, MODE_LONG, g_eoi);
	exc_setup(&v);
	vm_load(&vm, GPA_HANDLER, g_handler, g_handler_end);
	gate_set(0x31, GPA_HANDLER);
	gate_set(0x40, GPA_HANDLER);
	gate_set(0x51, GPA_HANDLER);
	vcpu_set_regs(&v, &(struct kvm_regs){ .rip = GPA_CODE, .rflags = 2,
			      .rsp = GPA_STACK, .rbp = asks });
	CHECK_EQ(host_set(MSR_KVM_PV_EOI_EN, GPA_DATA | 1), 1);
}

/* By memory, by the register. */
static void eoi_counts(uint64_t memory, uint64_t reg)
{
	struct kvm_regs r = vcpu_regs(&v);

	if (r.r8 != memory || r.r9 != reg)
		FAIL("expected %lu EOIs by memory and %lu by register, got %llu and %llu",
		     memory, reg, r.r8, r.r9);
}

/* Nothing is in service any more, and the bit does not stand. */
static void eoi_over(void)
{
	CHECK(!lapic_has(&v, APIC_ISR, 0x31));
	CHECK(!lapic_has(&v, APIC_ISR, 0x40));
	CHECK(!lapic_has(&v, APIC_ISR, 0x51));
	CHECK_EQ(EOI, 0);
}

static void eoi_memory(void)
{
	eoi_start(false);
	msi(0x40);
	vcpu_until(&v, 0xe0);
	eoi_counts(1, 0);
	/* The way is free for a lower one. */
	msi(0x31);
	vcpu_until(&v, 0xe1);
	eoi_counts(2, 0);
	eoi_over();
}

/*
 * Two wait: the one behind has to see the EOI of the other.  That is one in the LAPIC's
 * page, from which on kvm_intel's enable_apicv has no others.
 */
static void eoi_two(void)
{
	eoi_start(false);
	msi(0x40);
	msi(0x31);
	vcpu_until(&v, 0xe0);
	if (intel_param("enable_apicv"))
		eoi_counts(0, 2);
	else
		eoi_counts(1, 1);
	eoi_over();
}

/* A lower one comes meanwhile: what was offered is withdrawn. */
static void eoi_withdrawn(void)
{
	eoi_start(true);
	msi(0x40);
	vcpu_until(&v, PORT_IN);
	CHECK_EQ(vcpu_regs(&v).r10, 1);
	msi(0x31);
	vcpu_until(&v, PORT_IN);
	eoi_counts(0, 1);
	CHECK(!lapic_has(&v, APIC_ISR, 0x40));
	CHECK(lapic_has(&v, APIC_ISR, 0x31));
	vcpu_until(&v, 0xe0);
	eoi_over();
}

/* A higher one in between is ended first: this handler lets it in. */
#define GPA_OPEN	(GPA_CODE + 0x500)
GUEST(64, g_open, "mov 0x10000, %eax\n sti\n nop\n out %al, $0xe3\n nop\n"
      "mov $0x8400, %ecx\n jmp *%rcx\n");

static void eoi_nested(void)
{
	eoi_start(true);
	vm_load(&vm, GPA_OPEN, g_open, g_open_end);
	gate_set(0x40, GPA_OPEN);
	msi(0x40);
	vcpu_until(&v, 0xe3);
	CHECK_EQ((uint32_t)vcpu_regs(&v).rax, 1);
	msi(0x51);
	vcpu_until(&v, PORT_IN);
	CHECK(lapic_has(&v, APIC_ISR, 0x40));
	CHECK(lapic_has(&v, APIC_ISR, 0x51));
	vcpu_until(&v, PORT_IN);
	CHECK(lapic_has(&v, APIC_ISR, 0x40));
	CHECK(!lapic_has(&v, APIC_ISR, 0x51));
	vcpu_until(&v, 0xe0);
	eoi_over();
}

/* A guest that writes EOI all the same: once, not twice. */
GUEST(64, g_writes, "mov 0x10000, %r10d\n mov $0xfee000b0, %edx\n movl $0, (%rdx)\n"
      "iretq\n");

static void eoi_written(void)
{
	eoi_start(false);
	vm_load(&vm, GPA_HANDLER, g_writes, g_writes_end);
	msi(0x40);
	vcpu_until(&v, 0xe0);
	CHECK_EQ(vcpu_regs(&v).r10, 1);
	/* Before KVM_GET_LAPIC, which takes it back, too. */
	CHECK_EQ(EOI, 0);
	eoi_over();
}

static void line(unsigned int pin, unsigned int level)
{
	struct kvm_irq_level l = { .irq = pin, .level = level };

	OK(ioctl(vm.fd, KVM_IRQ_LINE, &l));
}

/* The IOAPIC waits for the EOI of a level. */
static void eoi_level(void)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };

	eoi_start(true);
	OK(ioctl(vm.fd, KVM_GET_IRQCHIP, &chip));
	chip.chip.ioapic.redirtbl[20].bits = 0x40 | LEVEL;
	OK(ioctl(vm.fd, KVM_SET_IRQCHIP, &chip));
	line(20, 1);
	vcpu_until(&v, PORT_IN);
	CHECK_EQ(vcpu_regs(&v).r10, 0);
	line(20, 0);
	vcpu_until(&v, 0xe0);
	eoi_counts(0, 1);
	eoi_over();
	OK(ioctl(vm.fd, KVM_GET_IRQCHIP, &chip));
	CHECK(!chip.chip.ioapic.redirtbl[20].fields.remote_irr);
}

/* One whose EOI the IOAPIC waits for comes in between: it has no use of the other's offer. */
static void eoi_nested_level(void)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_IOAPIC };

	eoi_start(true);
	OK(ioctl(vm.fd, KVM_GET_IRQCHIP, &chip));
	chip.chip.ioapic.redirtbl[20].bits = 0x51 | LEVEL;
	OK(ioctl(vm.fd, KVM_SET_IRQCHIP, &chip));
	vm_load(&vm, GPA_OPEN, g_open, g_open_end);
	gate_set(0x40, GPA_OPEN);
	msi(0x40);
	vcpu_until(&v, 0xe3);
	line(20, 1);
	vcpu_until(&v, PORT_IN);
	CHECK_EQ(vcpu_regs(&v).r10, 0);
	line(20, 0);
	vcpu_until(&v, PORT_IN);
	OK(ioctl(vm.fd, KVM_GET_IRQCHIP, &chip));
	CHECK(!chip.chip.ioapic.redirtbl[20].fields.remote_irr);
	vcpu_until(&v, 0xe0);
	eoi_over();
}

/*
 * A vCPU comes from elsewhere while the bit stands, because its memory was saved before
 * its LAPIC; either order of its parts.
 */
static void eoi_moved(void)
{
	struct kvm_lapic_state s;
	struct kvm_regs r;
	int i;

	for (i = 0; i < 2; i++) {
		eoi_start(false);
		if (is_stock())
			test_skip("in Linux's KVM it never stands in userspace");
		host_set(MSR_KVM_PV_EOI_EN, 0);
		OK(ioctl(v.fd, KVM_GET_LAPIC, &s));
		s.regs[APIC_ISR + 0x20] = 1;	/* 0x40 */
		EOI = 1;
		if (i)
			CHECK_EQ(host_set(MSR_KVM_PV_EOI_EN, GPA_DATA | 1), 1);
		OK(ioctl(v.fd, KVM_SET_LAPIC, &s));
		if (!i)
			CHECK_EQ(host_set(MSR_KVM_PV_EOI_EN, GPA_DATA | 1), 1);
		/* In the handler, with an IRET to the beginning. */
		r = vcpu_regs(&v);
		r.rip = GPA_HANDLER;
		r.rsp = GPA_STACK - 40;
		memcpy(vm.mem + GPA_STACK - 40,
		       (uint64_t[5]){ GPA_CODE, SEL_CODE64, 2, GPA_STACK, SEL_DATA }, 40);
		vcpu_set_regs(&v, &r);
		vcpu_until(&v, 0xe0);
		eoi_over();
		vm_close(&vm);
	}
}

static void eoi_msr(void)
{
	pv_machine(1);
	msr_code(&v);
	CHECK_EQ(host_msr(MSR_KVM_PV_EOI_EN), 0);
	CHECK(!guest_set(MSR_KVM_PV_EOI_EN, GPA_DATA | 3));
	CHECK(guest_set(MSR_KVM_PV_EOI_EN, GPA_DATA | 1));
	CHECK_EQ(guest_msr(MSR_KVM_PV_EOI_EN), GPA_DATA | 1);
	CHECK(guest_set(MSR_KVM_PV_EOI_EN, 0));
	CHECK_EQ(host_msr(MSR_KVM_PV_EOI_EN), 0);
}

#define CASE(name) { #name, name, 20 }

static const struct test_case cases[] = {
	CASE(eoi_memory), CASE(eoi_two), CASE(eoi_withdrawn), CASE(eoi_nested), CASE(eoi_written),
	CASE(eoi_level), CASE(eoi_nested_level), CASE(eoi_moved), CASE(eoi_msr),
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
