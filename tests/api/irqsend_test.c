// SPDX-License-Identifier: GPL-2.0-only
/*
 * What userspace sends: INIT and start-up IPI to a processor that waits for them, and an
 * interrupt to a pin of each chip.
 */
#define _GNU_SOURCE
#include "msr.h"
#include "start.h"

#define APIC_BASE	0xfee00000u
#define VECTOR		0x51
#define APIC_SVR	0xf0
#define APIC_IRR	0x200
#define APIC_LVT0	0x350
#define GPA_CODE2	0x31000

static struct vcpu v1;
static struct kvm_irqchip chip;

static void irqchip(void)
{
	vm_new(&vm, 0);
	OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	vcpu_new(&vm, &v, 0);
}

static void lapic_enable(void)
{
	struct kvm_lapic_state lapic;

	OK(ioctl(v.fd, KVM_GET_LAPIC, &lapic));
	*(uint32_t *)(lapic.regs + APIC_SVR) = 0x1ff;
	OK(ioctl(v.fd, KVM_SET_LAPIC, &lapic));
}

static int msi_send(uint32_t low, uint32_t data)
{
	struct kvm_msi msi = { .address_lo = low, .data = data };

	return ioctl(vm.fd, KVM_SIGNAL_MSI, &msi);
}

static uint32_t mp_state(struct vcpu *c)
{
	struct kvm_mp_state mp;

	OK(ioctl(c->fd, KVM_GET_MP_STATE, &mp));
	return mp.mp_state;
}

/* ---- starting a processor ---- */

#define TO_AP		(APIC_BASE | 1 << 12)
#define MSI_NMI		0x400
#define MSI_INIT	0x500
#define MSI_SIPI	0x600

GUEST(16, g_ap, "mov %cs, %ax\n out %al, $0xf4\n");

static void two_cpus(void)
{
	irqchip();
	vcpu_new(&vm, &v1, 1);
	/* Until some LAPIC changes, Linux's KVM does not find those that came last. */
	lapic_enable();
	vm_load(&vm, GPA_CODE, g_ap, g_ap_end);
}

static void ap_runs(void)
{
	CHECK_EQ(mp_state(&v1), KVM_MP_STATE_RUNNABLE);
	vcpu_until(&v1, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v1).rax & 0xffff, GPA_CODE >> 4);
}

/* INIT and start-up IPI as messages (SDM 3A, 9.4.4.1). */
static void msi_startup(void)
{
	two_cpus();
	CHECK_EQ(mp_state(&v1), KVM_MP_STATE_UNINITIALIZED);
	/* nobody waits for it yet */
	OK(msi_send(TO_AP, MSI_SIPI | GPA_CODE >> 12));
	CHECK_EQ(mp_state(&v1), KVM_MP_STATE_UNINITIALIZED);
	CHECK_EQ(OK(msi_send(TO_AP, MSI_INIT)), 1);
	CHECK_EQ(mp_state(&v1), KVM_MP_STATE_INIT_RECEIVED);
	CHECK_EQ(OK(msi_send(TO_AP, MSI_SIPI | GPA_CODE >> 12)), 1);
	ap_runs();
}

static void set_mp_state(uint32_t state, int err)
{
	struct kvm_mp_state mp = { state };

	if (err)
		ERR(ioctl(v1.fd, KVM_SET_MP_STATE, &mp), err);
	else
		OK(ioctl(v1.fd, KVM_SET_MP_STATE, &mp));
}

/* SEV-ES's name for a processor that waits to be started again; any guest may have it. */
static void reset_hold(void)
{
	two_cpus();
	set_mp_state(KVM_MP_STATE_AP_RESET_HOLD, 0);
	CHECK_EQ(mp_state(&v1), KVM_MP_STATE_AP_RESET_HOLD);
	set_mp_state(KVM_MP_STATE_AP_RESET_HOLD + 1, EINVAL);
	set_mp_state(KVM_MP_STATE_STOPPED, EINVAL);
	CHECK_EQ(mp_state(&v1), KVM_MP_STATE_AP_RESET_HOLD);
	/* without an INIT nobody waits for a SIPI */
	OK(msi_send(TO_AP, MSI_SIPI | GPA_CODE >> 12));
	CHECK_EQ(mp_state(&v1), KVM_MP_STATE_AP_RESET_HOLD);
	OK(msi_send(TO_AP, MSI_INIT));
	CHECK_EQ(mp_state(&v1), KVM_MP_STATE_INIT_RECEIVED);
	OK(msi_send(TO_AP, MSI_SIPI | GPA_CODE >> 12));
	ap_runs();
	/* what ends a HLT ends it, too: an NMI, whose handler the code is */
	two_cpus();
	vcpu_mode(&v1, MODE_REAL, GPA_CODE);
	set_mp_state(KVM_MP_STATE_AP_RESET_HOLD, 0);
	memcpy(vm.mem + 2 * 4, &(uint32_t){ GPA_CODE >> 4 << 16 }, 4);
	CHECK_EQ(OK(msi_send(TO_AP, MSI_NMI)), 1);
	vcpu_until(&v1, PORT_DONE);
	CHECK_EQ(mp_state(&v1), KVM_MP_STATE_RUNNABLE);
	CHECK_EQ(vcpu_regs(&v1).rax & 0xffff, GPA_CODE >> 4);
	vm_new(&vm, 0);
	vcpu_new(&vm, &v1, 0);
	set_mp_state(KVM_MP_STATE_AP_RESET_HOLD, EINVAL);
}

/* INIT opens the bootstrap processor's LINT0, where the PIC's INTR is high already. */
GUEST(16, g_reset, "sti\n hlt\n");
GUEST(16, g_irq0, "out %al, $0xf4\n");
GUEST(64, g_waits, "1: out %al, $0xe0\n jmp 1b\n");

static void init_intr(void)
{
	struct kvm_irqchip pic = { .chip_id = KVM_IRQCHIP_PIC_MASTER };
	struct kvm_irq_level line = { .irq = 0, .level = 1 };
	uint8_t *top = mem_new(4096, 0);
	struct kvm_lapic_state lapic;

	irqchip();
	OK(vm_slot(&vm, 1, 0xfffff000, top, 4096));
	memcpy(top + 0xff0, g_reset, g_reset_end - g_reset);
	lapic_enable();
	OK(ioctl(v.fd, KVM_GET_LAPIC, &lapic));
	*(uint32_t *)(lapic.regs + APIC_LVT0) = 0x10700;
	OK(ioctl(v.fd, KVM_SET_LAPIC, &lapic));
	OK(ioctl(vm.fd, KVM_GET_IRQCHIP, &pic));
	pic.chip.pic.irq_base = 8;
	pic.chip.pic.imr = 0;
	OK(ioctl(vm.fd, KVM_SET_IRQCHIP, &pic));
	OK(ioctl(vm.fd, KVM_IRQ_LINE, &line));
	/* The vCPU has seen that, and that LINT0 is shut. */
	vcpu_code(&v, MODE_LONG, g_waits);
	vcpu_until(&v, 0xe0);
	vcpu_until(&v, 0xe0);
	memcpy(vm.mem + 8 * 4, &(uint32_t){ GPA_CODE2 >> 4 << 16 }, 4);
	vm_load(&vm, GPA_CODE2, g_irq0, g_irq0_end);
	CHECK_EQ(OK(msi_send(APIC_BASE, MSI_INIT)), 1);
	vcpu_until(&v, PORT_DONE);
}

/* ---- a pin of each chip ---- */

static struct {
	struct kvm_irq_routing head;
	struct kvm_irq_routing_entry entry[4];
} routes;

static void chip_get(uint32_t id)
{
	chip.chip_id = id;
	OK(ioctl(vm.fd, KVM_GET_IRQCHIP, &chip));
}

static uint8_t pic_irr(uint32_t id)
{
	chip_get(id);
	return chip.chip.pic.irr;
}

/* Its LAPIC takes interrupts, and the IOAPIC sends what comes to a pin. */
static void pin_open(int pin)
{
	lapic_enable();
	chip_get(KVM_IRQCHIP_IOAPIC);
	chip.chip.ioapic.redirtbl[pin].bits = VECTOR;
	OK(ioctl(vm.fd, KVM_SET_IRQCHIP, &chip));
}

static bool irr_has(int vector)
{
	struct kvm_lapic_state lapic;

	OK(ioctl(v.fd, KVM_GET_LAPIC, &lapic));
	return lapic.regs[APIC_IRR + vector / 32 * 16 + vector % 32 / 8] >> vector % 8 & 1;
}

static void route(int i, uint32_t to, uint32_t pin)
{
	routes.entry[i] = (struct kvm_irq_routing_entry){
		.gsi = 30, .type = KVM_IRQ_ROUTING_IRQCHIP,
		.u.irqchip = { .irqchip = to, .pin = pin },
	};
}

static int routes_set(uint32_t nr)
{
	routes.head.nr = nr;
	return ioctl(vm.fd, KVM_SET_GSI_ROUTING, &routes);
}

/* In any order; api.rst 4.52 has no limit, Linux takes one pin of each of the three. */
static void routes_three(void)
{
	irqchip();
	pin_open(3);
	route(0, KVM_IRQCHIP_IOAPIC, 3);
	route(1, KVM_IRQCHIP_PIC_SLAVE, 4);
	route(2, KVM_IRQCHIP_PIC_MASTER, 1);
	OK(routes_set(3));
	OK(ioctl(vm.fd, KVM_IRQ_LINE, &(struct kvm_irq_level){ { 30 }, 1 }));
	CHECK(irr_has(VECTOR));
	CHECK_EQ(pic_irr(KVM_IRQCHIP_PIC_MASTER) & 1 << 1, 1 << 1);
	CHECK_EQ(pic_irr(KVM_IRQCHIP_PIC_SLAVE), 1 << 4);
	/* a second pin of one of them; a pin that it does not have */
	route(3, KVM_IRQCHIP_PIC_SLAVE, 5);
	ERR(routes_set(4), EINVAL);
	route(2, KVM_IRQCHIP_PIC_SLAVE, 5);
	ERR(routes_set(3), EINVAL);
	route(2, KVM_IRQCHIP_PIC_MASTER, 9);
	ERR(routes_set(3), EINVAL);
}

/* ---- what became of it ---- */

static int line(uint32_t level)
{
	struct kvm_irq_level l = { .irq = 8, .level = level };

	OK(ioctl(vm.fd, KVM_IRQ_LINE_STATUS, &l));
	return (int)l.status;
}

/* QEMU sends a clock's tick again that has met its forerunner. */
static void line_coalesced(void)
{
	irqchip();
	pin_open(8);
	CHECK(line(1) > 0);
	line(0);
	CHECK_EQ(line(1), 0);
	line(0);
	CHECK(irr_has(VECTOR));
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "msi_startup", msi_startup, 0 },
		{ "init_intr", init_intr, 20 },
		{ "reset_hold", reset_hold, 0 },
		{ "routes_three", routes_three, 0 },
		{ "line_coalesced", line_coalesced, 0 },
		{ }
	};

	return test_main(argc, argv, cases);
}
