// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interrupt controllers as userspace makes, reads, writes and feeds them: which call
 * may come when, what it refuses, what is in a controller at first.  Documentation/virt/
 * kvm/api.rst, 4.24 to 4.27, 4.41, 4.52, 4.57, 4.58, 4.71 to 4.75, 4.99, 7.5; errors that
 * it leaves open are those of Linux 6.1.  What the guest sees of it is tested elsewhere.
 */
#define _GNU_SOURCE
#include <sys/eventfd.h>
#include "msr.h"
#include "start.h"

#define PINS		24
#define ROUTES_MAX	4096
#define APIC_BASE	0xfee00000u
#define IOAPIC_BASE	0xfec00000u
#define VECTOR		0x51

#define APIC_ID		0x20
#define APIC_VERSION	0x30
#define APIC_TPR	0x80
#define APIC_DFR	0xe0
#define APIC_SVR	0xf0
#define APIC_IRR	0x200
#define APIC_LVTT	0x320
#define APIC_LINT0	0x350
#define APIC_LINT1	0x360
#define APIC_LVTERR	0x370
#define LVT_MASKED	0x10000u
#define SVR_ENABLED	0x1ffu

static struct vcpu v1;

static struct kvm_irqchip chip;
static struct kvm_pit_state2 pit;
static struct kvm_lapic_state lapic;
static struct {
	struct kvm_irq_routing head;
	struct kvm_irq_routing_entry entry[ROUTES_MAX + 1];
} routes;

/* ---- making them ---- */

static int create(void)
{
	return ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul);
}

static int create_pit(uint32_t flags)
{
	struct kvm_pit_config config = { .flags = flags };

	return ioctl(vm.fd, KVM_CREATE_PIT2, &config);
}

static int split(uint64_t pins)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { pins } };

	return ioctl(vm.fd, KVM_ENABLE_CAP, &cap);
}

static int line_set(uint32_t gsi, uint32_t level)
{
	struct kvm_irq_level l = { .irq = gsi, .level = level };

	return ioctl(vm.fd, KVM_IRQ_LINE, &l);
}

static int chip_get(uint32_t id)
{
	memset(&chip, 0, sizeof(chip));
	chip.chip_id = id;
	return ioctl(vm.fd, KVM_GET_IRQCHIP, &chip);
}

static int chip_set(uint32_t id)
{
	chip.chip_id = id;
	return ioctl(vm.fd, KVM_SET_IRQCHIP, &chip);
}

static int msi_send(uint32_t low, uint32_t data)
{
	struct kvm_msi msi = { .address_lo = low, .data = data };

	return ioctl(vm.fd, KVM_SIGNAL_MSI, &msi);
}

static int irqfd(int fd, uint32_t gsi, uint32_t flags)
{
	struct kvm_irqfd f = { .fd = fd, .gsi = gsi, .flags = flags };

	return ioctl(vm.fd, KVM_IRQFD, &f);
}

static int routes_set(uint32_t nr, uint32_t flags)
{
	routes.head.nr = nr;
	routes.head.flags = flags;
	return ioctl(vm.fd, KVM_SET_GSI_ROUTING, &routes);
}

static void vm_with_irqchip(void)
{
	vm_new(&vm, 0);
	OK(create());
}

static void create_once(void)
{
	vm_with_irqchip();
	ERR(create(), EEXIST);
	ERR(split(PINS), EEXIST);
	OK(create_pit(0));
	ERR(create_pit(0), EEXIST);
}

/* api.rst has it valid only after KVM_CREATE_IRQCHIP; 6.1 takes it, later ones do not. */
static void pit_without_irqchip(void)
{
	if (create_pit(0))
		CHECK_EQ(errno, ENOENT);
}

static void create_after_vcpu(void)
{
	vm_new(&vm, 0);
	vcpu_raw(&vm, &v, 0);
	ERR(create(), EINVAL);
	ERR(split(PINS), EEXIST);
	pit_without_irqchip();
}

static void create_split(void)
{
	vm_new(&vm, 0);
	ERR(split(ROUTES_MAX + 1), EINVAL);
	OK(split(PINS));
	ERR(split(PINS), EEXIST);
	ERR(create(), EEXIST);
	pit_without_irqchip();
	ERR(chip_get(KVM_IRQCHIP_IOAPIC), ENXIO);
	vcpu_raw(&vm, &v, 0);
	OK(ioctl(v.fd, KVM_GET_LAPIC, &lapic));
}

static void boot_cpu(void)
{
	struct kvm_mp_state state;

	vm_with_irqchip();
	OK(ioctl(vm.fd, KVM_SET_BOOT_CPU_ID, 1ul));
	vcpu_raw(&vm, &v, 0);
	vcpu_raw(&vm, &v1, 1);
	ERR(ioctl(vm.fd, KVM_SET_BOOT_CPU_ID, 0ul), EBUSY);
	OK(ioctl(v.fd, KVM_GET_MP_STATE, &state));
	CHECK_EQ(state.mp_state, KVM_MP_STATE_UNINITIALIZED);
	OK(ioctl(v1.fd, KVM_GET_MP_STATE, &state));
	CHECK_EQ(state.mp_state, KVM_MP_STATE_RUNNABLE);
}

/* Without a controller in the kernel. */
static void none(void)
{
	struct kvm_reinject_control reinject = { };

	vm_new(&vm, 0);
	vcpu_raw(&vm, &v, 0);
	ERR(line_set(4, 1), ENXIO);
	ERR(chip_get(KVM_IRQCHIP_PIC_MASTER), ENXIO);
	ERR(chip_set(KVM_IRQCHIP_IOAPIC), ENXIO);
	ERR(ioctl(vm.fd, KVM_GET_PIT2, &pit), ENXIO);
	ERR(ioctl(vm.fd, KVM_SET_PIT2, &pit), ENXIO);
	ERR(ioctl(vm.fd, KVM_REINJECT_CONTROL, &reinject), ENXIO);
	ERR(ioctl(v.fd, KVM_GET_LAPIC, &lapic), EINVAL);
	ERR(ioctl(v.fd, KVM_SET_LAPIC, &lapic), EINVAL);
	ERR(msi_send(APIC_BASE, VECTOR), EINVAL);
	ERR(routes_set(0, 0), EINVAL);
	ERR(irqfd(OK(eventfd(0, 0)), 4, 0), EINVAL);
}

/* ---- their state ---- */

/* Intel 82093AA, 3.2.4: all pins are masked; the 8259s' ELCR masks are an ISA bus's. */
static void chips_at_first(void)
{
	int pin;

	vm_with_irqchip();
	OK(chip_get(KVM_IRQCHIP_IOAPIC));
	CHECK_EQ(chip.chip.ioapic.base_address, IOAPIC_BASE);
	CHECK_EQ(chip.chip.ioapic.irr, 0);
	for (pin = 0; pin < PINS; pin++)
		CHECK_EQ(chip.chip.ioapic.redirtbl[pin].bits, LVT_MASKED);
	OK(chip_get(KVM_IRQCHIP_PIC_MASTER));
	CHECK_EQ(chip.chip.pic.elcr_mask, 0xf8);
	CHECK_EQ(chip.chip.pic.irr, 0);
	OK(chip_get(KVM_IRQCHIP_PIC_SLAVE));
	CHECK_EQ(chip.chip.pic.elcr_mask, 0xde);
	ERR(chip_get(3), EINVAL);
	ERR(chip_set(3), EINVAL);
}

static void chips_restored(void)
{
	vm_with_irqchip();
	OK(chip_get(KVM_IRQCHIP_IOAPIC));
	chip.chip.ioapic.redirtbl[7].bits = LVT_MASKED | VECTOR | 1ull << 56;
	chip.chip.ioapic.ioregsel = 0x1e;
	OK(chip_set(KVM_IRQCHIP_IOAPIC));
	OK(chip_get(KVM_IRQCHIP_IOAPIC));
	CHECK_EQ(chip.chip.ioapic.redirtbl[7].bits, LVT_MASKED | VECTOR | 1ull << 56);
	CHECK_EQ(chip.chip.ioapic.ioregsel, 0x1e);
	OK(chip_get(KVM_IRQCHIP_PIC_SLAVE));
	chip.chip.pic.imr = 0xa5;
	chip.chip.pic.irq_base = 0x70;
	OK(chip_set(KVM_IRQCHIP_PIC_SLAVE));
	OK(chip_get(KVM_IRQCHIP_PIC_SLAVE));
	CHECK_EQ(chip.chip.pic.imr, 0xa5);
	CHECK_EQ(chip.chip.pic.irq_base, 0x70);
}

static void pit_state(void)
{
	struct kvm_reinject_control reinject = { .pit_reinject = 0 };

	vm_with_irqchip();
	ERR(ioctl(vm.fd, KVM_GET_PIT2, &pit), ENXIO);
	OK(create_pit(KVM_PIT_SPEAKER_DUMMY));
	OK(ioctl(vm.fd, KVM_GET_PIT2, &pit));
	CHECK_EQ(pit.flags, 0);
	pit.channels[0].count = 0x1234;
	pit.channels[0].mode = 2;
	pit.flags = KVM_PIT_FLAGS_HPET_LEGACY;
	OK(ioctl(vm.fd, KVM_SET_PIT2, &pit));
	OK(ioctl(vm.fd, KVM_GET_PIT2, &pit));
	CHECK_EQ(pit.channels[0].count, 0x1234);
	CHECK_EQ(pit.channels[0].mode, 2);
	CHECK_EQ(pit.flags, KVM_PIT_FLAGS_HPET_LEGACY);
	OK(ioctl(vm.fd, KVM_REINJECT_CONTROL, &reinject));
}

static uint32_t reg(int offset)
{
	uint32_t value;

	memcpy(&value, lapic.regs + offset, 4);
	return value;
}

static void reg_set(int offset, uint32_t value)
{
	memcpy(lapic.regs + offset, &value, 4);
}

/* SDM 3A, 12.4.7.1: after power-up.  A BSP's LINT0 takes the 8259s' interrupts at once. */
static void lapic_at_first(void)
{
	vm_with_irqchip();
	vcpu_raw(&vm, &v, 0);
	vcpu_raw(&vm, &v1, 3);
	OK(ioctl(v1.fd, KVM_GET_LAPIC, &lapic));
	CHECK_EQ(reg(APIC_ID), 3u << 24);
	CHECK_EQ(reg(APIC_VERSION) & 0xff, 0x14);
	CHECK_EQ(reg(APIC_TPR), 0);
	CHECK_EQ(reg(APIC_DFR), ~0u);
	CHECK_EQ(reg(APIC_SVR), 0xff);
	CHECK_EQ(reg(APIC_LVTT), LVT_MASKED);
	CHECK_EQ(reg(APIC_LINT1), LVT_MASKED);
	CHECK_EQ(reg(APIC_LVTERR), LVT_MASKED);
	OK(ioctl(v.fd, KVM_GET_LAPIC, &lapic));
	CHECK_EQ(reg(APIC_ID), 0);
	CHECK_EQ(reg(APIC_LINT0), 0x700);
}

static int irr_has(int vector)
{
	OK(ioctl(v.fd, KVM_GET_LAPIC, &lapic));
	return reg(APIC_IRR + vector / 32 * 16) >> vector % 32 & 1;
}

/* One vCPU, never run, whose LAPIC takes interrupts. */
static void lapic_on(void)
{
	vm_with_irqchip();
	vcpu_new(&vm, &v, 0);
	OK(ioctl(v.fd, KVM_GET_LAPIC, &lapic));
	reg_set(APIC_SVR, SVR_ENABLED);
	OK(ioctl(v.fd, KVM_SET_LAPIC, &lapic));
}

static void lapic_restored(void)
{
	struct kvm_sregs s;

	lapic_on();
	reg_set(APIC_TPR, 0x70);
	reg_set(APIC_IRR + VECTOR / 32 * 16, 1u << VECTOR % 32);
	OK(ioctl(v.fd, KVM_SET_LAPIC, &lapic));
	CHECK(irr_has(VECTOR));
	CHECK_EQ(reg(APIC_TPR), 0x70);
	CHECK_EQ(reg(APIC_SVR), SVR_ENABLED);
	s = vcpu_sregs(&v);
	CHECK_EQ(s.cr8, 7);
}

/* What firmware finds after reset: the PICs' interrupts come, LAPIC or not. */
static void lint0_restored(void)
{
	struct kvm_lapic_state first;

	vm_with_irqchip();
	vcpu_new(&vm, &v, 0);
	OK(ioctl(v.fd, KVM_GET_LAPIC, &first));
	OK(ioctl(v.fd, KVM_SET_LAPIC, &first));
	OK(ioctl(v.fd, KVM_GET_LAPIC, &lapic));
	CHECK_EQ(reg(APIC_LINT0), 0x700);
	CHECK(!memcmp(&lapic, &first, sizeof(first)));
}

/* ---- feeding them ---- */

static void msi(void)
{
	vm_with_irqchip();
	vcpu_new(&vm, &v, 0);
	/* software-disabled: it takes nothing */
	OK(msi_send(APIC_BASE, VECTOR));
	CHECK(!irr_has(VECTOR));
	reg_set(APIC_SVR, SVR_ENABLED);
	OK(ioctl(v.fd, KVM_SET_LAPIC, &lapic));
	CHECK_EQ(OK(msi_send(APIC_BASE, VECTOR)), 1);
	CHECK(irr_has(VECTOR));
	/* "0 if guest blocked the MSI": it has not, that one is pending */
	CHECK_EQ(OK(msi_send(APIC_BASE, VECTOR)), 1);
	/* QEMU leaves out where the page is */
	CHECK_EQ(OK(msi_send(0, VECTOR + 2)), 1);
	CHECK(irr_has(VECTOR + 2));
	/* nobody has that ID */
	CHECK_EQ(OK(msi_send(APIC_BASE | 9 << 12, VECTOR + 1)), 0);
	CHECK(!irr_has(VECTOR + 1));
}

static void line(void)
{
	struct kvm_irq_level status = { .irq = 5, .level = 1 };

	lapic_on();
	OK(chip_get(KVM_IRQCHIP_IOAPIC));
	chip.chip.ioapic.redirtbl[5].bits = VECTOR;
	OK(chip_set(KVM_IRQCHIP_IOAPIC));
	OK(ioctl(vm.fd, KVM_IRQ_LINE_STATUS, &status));
	CHECK(status.status > 0);
	CHECK(irr_has(VECTOR));
	/* a GSI without a route leads nowhere */
	OK(line_set(ROUTES_MAX - 1, 1));
}

static void lint0_is(uint32_t lvt)
{
	lapic_on();
	reg_set(APIC_LINT0, lvt);
	OK(ioctl(v.fd, KVM_SET_LAPIC, &lapic));
	OK(chip_get(KVM_IRQCHIP_PIC_MASTER));
	chip.chip.pic.imr = 0;
	OK(chip_set(KVM_IRQCHIP_PIC_MASTER));
	OK(line_set(5, 1));
}

/* SDM 3A, 12.5.1: what the 8259s' output does is LINT0's entry to say. */
static void lint0(void)
{
	struct kvm_vcpu_events events;

	vm_with_irqchip();
	if (is_stock())
		test_skip("stock's LINT0 is for ExtINT");
	lint0_is(VECTOR);
	CHECK(irr_has(VECTOR));
	lint0_is(LVT_MASKED | VECTOR);
	CHECK(!irr_has(VECTOR));
	lint0_is(0x700);
	CHECK(!irr_has(VECTOR));
	lint0_is(0x400);
	OK(ioctl(v.fd, KVM_GET_VCPU_EVENTS, &events));
	CHECK(events.nmi.pending);
}

static struct kvm_irq_routing_entry *route_msi(int i, uint32_t gsi)
{
	routes.entry[i] = (struct kvm_irq_routing_entry){
		.gsi = gsi, .type = KVM_IRQ_ROUTING_MSI,
		.u.msi = { .address_lo = APIC_BASE, .data = VECTOR },
	};
	return &routes.entry[i];
}

static struct kvm_irq_routing_entry *route_pin(int i, uint32_t gsi, uint32_t pin)
{
	routes.entry[i] = (struct kvm_irq_routing_entry){
		.gsi = gsi, .type = KVM_IRQ_ROUTING_IRQCHIP,
		.u.irqchip = { .irqchip = KVM_IRQCHIP_IOAPIC, .pin = pin },
	};
	return &routes.entry[i];
}

static void routes_refused(void)
{
	int i;

	vm_with_irqchip();
	route_msi(0, 30);
	ERR(routes_set(1, 1), EINVAL);
	for (i = 0; i <= ROUTES_MAX; i++)
		route_msi(i, i % ROUTES_MAX);
	ERR(routes_set(ROUTES_MAX + 1, 0), EINVAL);
	OK(routes_set(ROUTES_MAX, 0));
	route_msi(0, ROUTES_MAX);
	ERR(routes_set(1, 0), EINVAL);
	route_msi(0, 30)->type = 77;
	ERR(routes_set(1, 0), EINVAL);
	route_pin(0, 3, PINS);
	ERR(routes_set(1, 0), EINVAL);
	route_pin(0, 3, 3)->u.irqchip.irqchip = 9;
	ERR(routes_set(1, 0), EINVAL);
	/* one GSI cannot go to one chip twice, nor to an MSI and elsewhere */
	route_pin(0, 3, 3);
	route_pin(1, 3, 4);
	ERR(routes_set(2, 0), EINVAL);
	route_msi(1, 3);
	ERR(routes_set(2, 0), EINVAL);
	OK(routes_set(0, 0));
}

/* What replaces the routes replaces all: no GSI leads anywhere that is not named. */
static void routes_used(void)
{
	lapic_on();
	route_msi(0, 30);
	OK(routes_set(1, 0));
	OK(line_set(30, 1));
	CHECK(irr_has(VECTOR));
	OK(chip_get(KVM_IRQCHIP_IOAPIC));
	chip.chip.ioapic.redirtbl[5].bits = VECTOR + 1;
	OK(chip_set(KVM_IRQCHIP_IOAPIC));
	OK(line_set(5, 1));
	CHECK(!irr_has(VECTOR + 1));
	route_pin(0, 30, 5);
	OK(routes_set(1, 0));
	OK(line_set(30, 1));
	CHECK(irr_has(VECTOR + 1));
}

static void irqfd_refused(void)
{
	int fd, pipes[2];
	struct kvm_irqfd f;

	vm_with_irqchip();
	fd = OK(eventfd(0, 0));
	OK(pipe(pipes));
	ERR(irqfd(-1, 4, 0), EBADF);
	ERR(irqfd(pipes[0], 4, 0), EINVAL);
	ERR(irqfd(fd, 4, 1 << 7), EINVAL);
	OK(irqfd(fd, 4, 0));
	ERR(irqfd(fd, 5, 0), EBUSY);
	OK(irqfd(fd, 5, KVM_IRQFD_FLAG_DEASSIGN));
	OK(irqfd(fd, 4, KVM_IRQFD_FLAG_DEASSIGN));
	OK(irqfd(fd, 4, KVM_IRQFD_FLAG_DEASSIGN));
	f = (struct kvm_irqfd){
		.fd = fd, .gsi = 4, .flags = KVM_IRQFD_FLAG_RESAMPLE, .resamplefd = -1,
	};
	ERR(ioctl(vm.fd, KVM_IRQFD, &f), EBADF);
	f.resamplefd = OK(eventfd(0, 0));
	OK(ioctl(vm.fd, KVM_IRQFD, &f));
}

static int irr_waits(int vector)
{
	int i;

	for (i = 0; i < 2000 && !irr_has(vector); i++)
		usleep(1000);
	return irr_has(vector);
}

static void irqfd_used(void)
{
	int fd = OK(eventfd(0, 0));

	lapic_on();
	route_msi(0, 30);
	OK(routes_set(1, 0));
	OK(irqfd(fd, 30, 0));
	OK(eventfd_write(fd, 1));
	CHECK(irr_waits(VECTOR));
	/* a route that changes under it is followed */
	route_msi(0, 30)->u.msi.data = VECTOR + 1;
	OK(routes_set(1, 0));
	OK(eventfd_write(fd, 1));
	CHECK(irr_waits(VECTOR + 1));
	OK(irqfd(fd, 30, KVM_IRQFD_FLAG_DEASSIGN));
	route_msi(0, 30)->u.msi.data = VECTOR + 2;
	OK(routes_set(1, 0));
	OK(eventfd_write(fd, 1));
	usleep(20000);
	CHECK(!irr_has(VECTOR + 2));
}

/* ---- the LAPIC's page in x2APIC mode, and of a LAPIC that is off ---- */

#define APIC_ON		(1u << 11)
#define APIC_X2		(1u << 10)

/* Its mode is EBX; then a register that is not all ones, and a write. */
GUEST(64, g_hole, "mov $0x1b, %ecx\n rdmsr\n"
      "and $~0xc00, %eax\n or %ebx, %eax\n wrmsr\n mov $0xfee00000, %edx\n"
      "mov 0x30(%rdx), %esi\n movzwl 0x32(%rdx), %edi\n movl $0x55, 0x80(%rdx)\n"
      DONE);

static void hole_start(uint32_t mode, uint64_t off)
{
	struct kvm_cpuid2 *c;
	struct kvm_enable_cap cap = { .cap = KVM_CAP_DISABLE_QUIRKS2, .args = { off } };

	vm_new(&vm, 0);
	OK(create());
	OK(ioctl(vm.fd, KVM_ENABLE_CAP, &cap));
	vcpu_new(&vm, &v, 0);
	c = cpuid_supported(vm.kvm);
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
	free(c);
	vcpu_code(&v, MODE_LONG, g_hole);
	vcpu_set_regs(&v, &(struct kvm_regs){ .rip = GPA_CODE, .rflags = 2,
			      .rsp = GPA_STACK, .rbx = mode });
}

static void hole_default(uint32_t mode)
{
	hole_start(mode, 0);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rsi, 0xffffffff);
	CHECK_EQ(vcpu_regs(&v).rdi, 0xffff);
	/* The write did nothing. */
	CHECK_EQ(vcpu_sregs(&v).cr8, 0);
}

/* Userspace is asked for what lies there. */
static void hole_closed(uint32_t mode)
{
	hole_start(mode, KVM_X86_QUIRK_LAPIC_MMIO_HOLE);
	vcpu_expect(&v, KVM_EXIT_MMIO);
	CHECK_EQ(v.run->mmio.phys_addr, APIC_BASE + 0x30);
	CHECK_EQ(v.run->mmio.is_write, 0);
}

static void lapic_hole(void)
{
	hole_start(APIC_ON, 0);
	vcpu_until(&v, PORT_DONE);
	CHECK(vcpu_regs(&v).rsi != 0xffffffff);
	CHECK_EQ(vcpu_sregs(&v).cr8, 5);
	hole_start(APIC_ON, KVM_X86_QUIRK_LAPIC_MMIO_HOLE);
	vcpu_until(&v, PORT_DONE);
	CHECK(vcpu_regs(&v).rsi != 0xffffffff);
	hole_default(APIC_ON | APIC_X2);
	hole_closed(APIC_ON | APIC_X2);
	hole_default(0);
	hole_closed(0);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "create_once", create_once, 0 },
		{ "create_after_vcpu", create_after_vcpu, 0 },
		{ "create_split", create_split, 0 },
		{ "boot_cpu", boot_cpu, 0 },
		{ "none", none, 0 },
		{ "chips_at_first", chips_at_first, 0 },
		{ "chips_restored", chips_restored, 0 },
		{ "pit_state", pit_state, 0 },
		{ "lapic_at_first", lapic_at_first, 0 },
		{ "lapic_restored", lapic_restored, 0 },
		{ "lint0_restored", lint0_restored, 0 },
		{ "msi", msi, 0 },
		{ "lapic_hole", lapic_hole, 0 },
		{ "line", line, 0 },
		{ "lint0", lint0, 0 },
		{ "routes_refused", routes_refused, 0 },
		{ "routes_used", routes_used, 0 },
		{ "irqfd_refused", irqfd_refused, 0 },
		{ "irqfd_used", irqfd_used, 0 },
		{ }
	};

	return test_main(argc, argv, cases);
}
