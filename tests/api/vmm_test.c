// SPDX-License-Identifier: GPL-2.0-only
/*
 * What VMMs rely on: the capabilities that they cannot do without, the vCPU's mapping as
 * the header has it, attributes of /dev/kvm, input that Linux's KVM takes; hypercalls that
 * are made userspace's; devices of KVM_CREATE_DEVICE.
 */
#define _GNU_SOURCE
#include <linux/kvm_para.h>

#include "msr.h"

#ifndef KVM_CAP_LAST_CPU
#define KVM_CAP_LAST_CPU	184
#endif

#define PAGE	4096ul

/* By the sources of QEMU 7.2, kvmtool, Firecracker and Cloud Hypervisor. */
static const struct { const char *who; uint16_t cap[24]; } needs[] = {
	{ "QEMU", { KVM_CAP_USER_MEMORY, KVM_CAP_DESTROY_MEMORY_REGION_WORKS,
		    KVM_CAP_JOIN_MEMORY_REGIONS_WORKS, KVM_CAP_SET_TSS_ADDR,
		    KVM_CAP_EXT_CPUID, KVM_CAP_MP_STATE, KVM_CAP_SET_IDENTITY_MAP_ADDR,
		    KVM_CAP_INTERNAL_ERROR_DATA, KVM_CAP_IOEVENTFD,
		    KVM_CAP_IOEVENTFD_ANY_LENGTH, KVM_CAP_SIGNAL_MSI, KVM_CAP_IRQ_ROUTING,
		    KVM_CAP_DEBUGREGS, KVM_CAP_XSAVE, KVM_CAP_VCPU_EVENTS,
		    KVM_CAP_X86_ROBUST_SINGLESTEP, KVM_CAP_MCE, KVM_CAP_ADJUST_CLOCK } },
	{ "kvmtool", { KVM_CAP_COALESCED_MMIO, KVM_CAP_SET_TSS_ADDR, KVM_CAP_PIT2,
		       KVM_CAP_USER_MEMORY, KVM_CAP_IRQ_ROUTING, KVM_CAP_IRQCHIP,
		       KVM_CAP_HLT, KVM_CAP_IRQ_INJECT_STATUS, KVM_CAP_EXT_CPUID } },
	{ "Firecracker", { KVM_CAP_IRQCHIP, KVM_CAP_IOEVENTFD, KVM_CAP_IRQFD,
			   KVM_CAP_USER_MEMORY, KVM_CAP_SET_TSS_ADDR, KVM_CAP_PIT2,
			   KVM_CAP_PIT_STATE2, KVM_CAP_ADJUST_CLOCK, KVM_CAP_DEBUGREGS,
			   KVM_CAP_MP_STATE, KVM_CAP_VCPU_EVENTS, KVM_CAP_XCRS,
			   KVM_CAP_XSAVE, KVM_CAP_EXT_CPUID } },
	{ "Cloud Hypervisor", { KVM_CAP_ADJUST_CLOCK, KVM_CAP_EXT_CPUID, KVM_CAP_GET_TSC_KHZ,
				KVM_CAP_IMMEDIATE_EXIT, KVM_CAP_IOEVENTFD, KVM_CAP_IRQCHIP,
				KVM_CAP_IRQFD, KVM_CAP_IRQ_ROUTING, KVM_CAP_MP_STATE,
				KVM_CAP_SET_IDENTITY_MAP_ADDR, KVM_CAP_SET_TSS_ADDR,
				KVM_CAP_SPLIT_IRQCHIP, KVM_CAP_TSC_DEADLINE_TIMER,
				KVM_CAP_USER_MEMORY, KVM_CAP_USER_NMI,
				KVM_CAP_VCPU_EVENTS } },
	{ "older ones", { KVM_CAP_CLOCKSOURCE, KVM_CAP_NOP_IO_DELAY,
			  KVM_CAP_IOAPIC_POLARITY_IGNORED, KVM_CAP_LAST_CPU,
			  KVM_CAP_SYSTEM_EVENT_DATA, KVM_CAP_STEAL_TIME,
			  KVM_CAP_SYS_ATTRIBUTES, KVM_CAP_ENABLE_CAP } },
};

static void vmms(void)
{
	msr_machine();
	for (unsigned int i = 0; i < sizeof(needs) / sizeof(*needs); i++)
		for (const uint16_t *cap = needs[i].cap; *cap; cap++)
			if (vm_cap(&vm, *cap) <= 0 ||
			    ioctl(vm.kvm, KVM_CHECK_EXTENSION, (long)*cap) <= 0)
				FAIL("%s: no capability %u", needs[i].who, *cap);
}

/* asm/kvm.h says where pages are; some VMMs do not ask for more. */
static void mapping(void)
{
	struct kvm_coalesced_mmio_zone zone = { .addr = GPA_HOLE, .size = PAGE };
	volatile uint8_t *map;
	unsigned long page;

	msr_machine();
	map = (volatile uint8_t *)v.run;
	CHECK_EQ(vm_cap(&vm, KVM_CAP_COALESCED_MMIO), KVM_COALESCED_MMIO_PAGE_OFFSET);
	CHECK_EQ(v.run_size, (KVM_COALESCED_MMIO_PAGE_OFFSET + 1) * PAGE);
	OK(ioctl(vm.fd, KVM_REGISTER_COALESCED_MMIO, &zone));
	for (page = 0; page < v.run_size / PAGE; page++)
		(void)map[page * PAGE];
}

/* Of a vCPU that there can be; Linux's KVM looks since 6.10. */
static void boot_cpu_id(void)
{
	long ids;

	vm_new(&vm, 0);
	if (is_stock())
		test_skip("Linux 6.1 takes any");
	ids = vm_cap(&vm, KVM_CAP_MAX_VCPU_ID);
	ERR(ioctl(vm.fd, KVM_SET_BOOT_CPU_ID, ids), EINVAL);
	ERR(ioctl(vm.fd, KVM_SET_BOOT_CPU_ID, 1ul << 32), EINVAL);
	OK(ioctl(vm.fd, KVM_SET_BOOT_CPU_ID, 4095ul));
}

GUEST(64, g_in, "1: in $0x80, %al\n out %al, $0x81\n jmp 1b\n");

/* The header gives the data of port I/O a page: who writes one writes nothing else. */
static void port_page(void)
{
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_in);
	for (int i = 0; i < 3; i++) {
		vcpu_expect(&v, KVM_EXIT_IO);
		CHECK_EQ(v.run->io.port, 0x80);
		memset(vcpu_pio_data(&v), 0xa0 + i, PAGE);
		vcpu_until(&v, 0x81);
		CHECK_EQ(*(uint8_t *)vcpu_pio_data(&v), 0xa0 + i);
	}
}

static struct kvm_device_attr attr(uint32_t group, uint64_t nr, void *to)
{
	return (struct kvm_device_attr){ .group = group, .attr = nr, .addr = (uintptr_t)to };
}

/* api.rst 4.80, 4.81: the features of XSAVE that guests may have. */
static void sys_attributes(void)
{
	const struct kvm_cpuid_entry2 *e;
	uint64_t features = 0;
	struct kvm_device_attr a = attr(0, KVM_X86_XCOMP_GUEST_SUPP, &features);
	int kvm = kvm_open();

	CHECK(ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_SYS_ATTRIBUTES) > 0);
	OK(ioctl(kvm, KVM_HAS_DEVICE_ATTR, &a));
	OK(ioctl(kvm, KVM_GET_DEVICE_ATTR, &a));
	e = cpuid_find(cpuid_supported(kvm), 0xd, 0);
	if (e)
		CHECK_EQ(features, e->eax | (uint64_t)e->edx << 32);
	a = attr(0, KVM_X86_XCOMP_GUEST_SUPP + 1, &features);
	ERR(ioctl(kvm, KVM_HAS_DEVICE_ATTR, &a), ENXIO);
	ERR(ioctl(kvm, KVM_GET_DEVICE_ATTR, &a), ENXIO);
	a = attr(1, KVM_X86_XCOMP_GUEST_SUPP, &features);
	ERR(ioctl(kvm, KVM_HAS_DEVICE_ATTR, &a), ENXIO);
	a = attr(0, KVM_X86_XCOMP_GUEST_SUPP, (void *)16);
	ERR(ioctl(kvm, KVM_GET_DEVICE_ATTR, &a), EFAULT);
	ERR(ioctl(kvm, KVM_SET_DEVICE_ATTR, &a), EINVAL);
}

/* ---- what Linux's KVM takes ---- */

/* A CR8 with reserved bits stays what it was, and all else is loaded. */
static void sregs_cr8(void)
{
	struct kvm_sregs s;

	msr_machine();
	s = vcpu_sregs(&v);
	s.cr8 = 5;
	vcpu_set_sregs(&v, &s);
	for (int i = 4; i < 64; i += 9) {
		s.cr8 = 1ull << i;
		s.cr2 = 0x1000 + i;
		vcpu_set_sregs(&v, &s);
		CHECK_EQ(vcpu_sregs(&v).cr8, 5);
		CHECK_EQ(vcpu_sregs(&v).cr2, 0x1000 + i);
	}
}

static void pit_flags(void)
{
	struct kvm_pit_config config = { .flags = ~0u };
	struct kvm_pit_state2 state;

	memset(config.pad, 0xff, sizeof(config.pad));
	vm_new(&vm, 0);
	OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	OK(ioctl(vm.fd, KVM_CREATE_PIT2, &config));
	OK(ioctl(vm.fd, KVM_GET_PIT2, &state));
	CHECK_EQ(state.flags, 0);
}

/* Also where the host's TSC is not stable. */
static void tsc_khz(void)
{
	msr_machine();
	CHECK(ioctl(v.fd, KVM_GET_TSC_KHZ, 0ul) > 10000);
	CHECK_EQ(ioctl(vm.fd, KVM_GET_TSC_KHZ, 0ul), ioctl(v.fd, KVM_GET_TSC_KHZ, 0ul));
}

/* ---- the order of KVM_SET_MSRS and KVM_SET_LAPIC ---- */

#define DEADLINE	0x6e0
#define FAR		(1ull << 62)

static void timer_mode(uint32_t lvt)
{
	struct kvm_lapic_state lapic;
	uint32_t svr = 0x1ff;

	OK(ioctl(v.fd, KVM_GET_LAPIC, &lapic));
	memcpy(lapic.regs + 0xf0, &svr, sizeof(svr));
	memcpy(lapic.regs + 0x320, &lvt, sizeof(lvt));
	OK(ioctl(v.fd, KVM_SET_LAPIC, &lapic));
}

GUEST(64, g_polled, "1: out %al, $0xf4\n jmp 1b\n");

/* Linux's KVM has it seen when the vCPU runs. */
static bool timer_pending(void)
{
	struct kvm_lapic_state lapic;

	vcpu_until(&v, PORT_DONE);
	OK(ioctl(v.fd, KVM_GET_LAPIC, &lapic));
	return lapic.regs[0x200 + 0x51 / 32 * 16 + 0x51 % 32 / 8] & 1 << 0x51 % 8;
}

static void deadline_kept(void)
{
	struct kvm_cpuid2 *c;

	vm_new(&vm, 0);
	OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	vcpu_raw(&vm, &v, 0);
	c = cpuid_supported(vm.kvm);
	for (uint32_t i = 0; i < c->nent; i++)
		if (c->entries[i].function == 1)
			c->entries[i].ecx |= 1u << 24;
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
	vcpu_code(&v, MODE_LONG, g_polled);
	/* no timer for deadlines: no deadline */
	timer_mode(0x51);
	CHECK_EQ(host_set(DEADLINE, FAR), 1);
	CHECK_EQ(host_msr(DEADLINE), 0);
	timer_mode(0x40051);
	CHECK_EQ(host_msr(DEADLINE), 0);
	/* the same registers once more */
	CHECK_EQ(host_set(DEADLINE, FAR), 1);
	timer_mode(0x40051);
	CHECK_EQ(host_msr(DEADLINE), FAR);
	CHECK(!timer_pending());
	/* and it is armed */
	CHECK_EQ(host_set(DEADLINE, host_msr(0x10) + 30000000), 1);
	timer_mode(0x40051);
	for (int i = 0; i < 10000 && !timer_pending(); i++)
		usleep(1000);
	CHECK(timer_pending());
	CHECK_EQ(host_msr(DEADLINE), 0);
	/* another mode, and back */
	CHECK_EQ(host_set(DEADLINE, FAR), 1);
	timer_mode(0x51);
	timer_mode(0x40051);
	CHECK_EQ(host_msr(DEADLINE), 0);
}

/* ---- IA32_APIC_BASE ---- */

/* SDM vol. 4: bit 8 can be written, and changes nothing but itself. */
static void apic_base_bsp(void)
{
	const uint64_t bsp = 0xfee00900, other = 0xfee00800;
	struct kvm_mp_state mp;

	vm_new(&vm, 0);
	OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	vcpu_new(&vm, &v, 0);
	msr_code(&v);
	CHECK_EQ(guest_msr(0x1b), bsp);
	CHECK(guest_set(0x1b, other));
	CHECK_EQ(guest_msr(0x1b), other);
	CHECK_EQ(host_msr(0x1b), other);
	OK(ioctl(v.fd, KVM_GET_MP_STATE, &mp));
	CHECK_EQ(mp.mp_state, KVM_MP_STATE_RUNNABLE);
	CHECK(guest_set(0x1b, bsp));
	CHECK_EQ(host_msr(0x1b), bsp);
	CHECK(!guest_set(0x1b, bsp | 1 << 9));
}

/* ---- KVM_CAP_EXIT_HYPERCALL (api.rst 8.34, hypercalls.rst) ---- */

#define CALL(insn)	insn "\n" DONE "1: jmp 1b\n"
GUEST(64, g_vmcall, CALL("vmcall"));
GUEST(64, g_vmmcall, CALL("vmmcall"));
GUEST(32, g_vmcall32, CALL("vmcall"));
GUEST(32, g_vmmcall32, CALL("vmmcall"));

static int enable(uint64_t calls)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_EXIT_HYPERCALL, .args = { calls } };

	return ioctl(vm.fd, KVM_ENABLE_CAP, &cap);
}

static void call_prepare(enum mode mode, uint64_t gpa, uint64_t pages, uint64_t attributes)
{
	struct kvm_regs r;

	if (cpu_is_amd() && mode == MODE_LONG)
		vcpu_code(&v, mode, g_vmmcall);
	else if (cpu_is_amd())
		vcpu_code(&v, mode, g_vmmcall32);
	else if (mode == MODE_LONG)
		vcpu_code(&v, mode, g_vmcall);
	else
		vcpu_code(&v, mode, g_vmcall32);
	r = vcpu_regs(&v);
	r.rax = KVM_HC_MAP_GPA_RANGE;
	r.rbx = gpa;
	r.rcx = pages;
	r.rdx = attributes;
	vcpu_set_regs(&v, &r);
}

/* Answered without userspace. */
static void call_returns(uint64_t gpa, uint64_t pages, int64_t want)
{
	call_prepare(MODE_LONG, gpa, pages, 0);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rax, want);
}

static void call_exits(enum mode mode, uint64_t answer)
{
	const uint64_t mask = mode == MODE_LONG ? ~0ull : ~0u;

	call_prepare(mode, 0x12345000, 7, 0x11);
	vcpu_expect(&v, KVM_EXIT_HYPERCALL);
	CHECK_EQ(v.run->hypercall.nr, KVM_HC_MAP_GPA_RANGE);
	CHECK_EQ(v.run->hypercall.args[0], 0x12345000);
	CHECK_EQ(v.run->hypercall.args[1], 7);
	CHECK_EQ(v.run->hypercall.args[2], 0x11);
	CHECK_EQ(v.run->hypercall.longmode, mode == MODE_LONG);
	v.run->hypercall.ret = answer;
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(vcpu_regs(&v).rax & mask, answer & mask);
}

static void hypercalls(void)
{
	uint64_t all = 1ull << KVM_HC_MAP_GPA_RANGE;

	msr_machine();
	CHECK_EQ(vm_cap(&vm, KVM_CAP_EXIT_HYPERCALL), all);
	ERR(enable(all | 1), EINVAL);
	ERR(enable(all << 1), EINVAL);
	call_returns(0x10000, 1, -KVM_ENOSYS);
	OK(enable(all));
	call_exits(MODE_LONG, 0);
	call_exits(MODE_LONG, -22ull);
	call_exits(MODE_PROT, 0x87654321);
	/* no page, none at all, beyond the end */
	call_returns(0x10001, 1, -KVM_EINVAL);
	call_returns(0x10000, 0, -KVM_EINVAL);
	call_returns(0x1000, ~0ull, -KVM_EINVAL);
	OK(enable(0));
	call_returns(0x10000, 1, -KVM_ENOSYS);
}

/* A guest without the bit, on a VMM that insists, has no such hypercall. */
static void hypercalls_enforced(void)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_ENFORCE_PV_FEATURE_CPUID, .args = { 1 } };

	msr_machine();
	OK(enable(1ull << KVM_HC_MAP_GPA_RANGE));
	OK(ioctl(v.fd, KVM_ENABLE_CAP, &cap));
	if (is_stock())
		test_skip("userspace is asked all the same");
	call_returns(0x10000, 1, -KVM_ENOSYS);
}

/* ---- KVM_CREATE_DEVICE (api.rst 4.79 to 4.81; devices/vfio.rst) ---- */

static int device(uint32_t type, uint32_t flags)
{
	struct kvm_create_device d = { .type = type, .flags = flags, .fd = -1 };

	return ioctl(vm.fd, KVM_CREATE_DEVICE, &d) ? -1 : (int)d.fd;
}

static void devices(void)
{
	unsigned int type;

	vm_new(&vm, 0);
	for (type = 0; type < 12; type++) {
		if (type == KVM_DEV_TYPE_VFIO)
			continue;
		ERR(device(type, 0), ENODEV);
		ERR(device(type, KVM_CREATE_DEVICE_TEST), ENODEV);
	}
	ERR(device(~0u, 0), ENODEV);
	/* a test makes none */
	for (int i = 0; i < 3; i++) {
		struct kvm_create_device d = { .type = KVM_DEV_TYPE_VFIO, .fd = 77,
					       .flags = KVM_CREATE_DEVICE_TEST };

		OK(ioctl(vm.fd, KVM_CREATE_DEVICE, &d));
		CHECK_EQ(d.fd, 77);
	}
	OK(device(KVM_DEV_TYPE_VFIO, 0));
	ERR(device(KVM_DEV_TYPE_VFIO, 0), EBUSY);
	ERR(ioctl(vm.fd, KVM_CREATE_DEVICE, NULL), EFAULT);
}

/* No file here is VFIO's. */
static void vfio_attributes(void)
{
	int32_t fd = -1;
	int dev;
	struct kvm_device_attr a = attr(KVM_DEV_VFIO_GROUP, KVM_DEV_VFIO_GROUP_ADD, &fd);

	vm_new(&vm, 0);
	dev = OK(device(KVM_DEV_TYPE_VFIO, 0));
	OK(ioctl(dev, KVM_HAS_DEVICE_ATTR, &a));
	ERR(ioctl(dev, KVM_GET_DEVICE_ATTR, &a), EPERM);
	ERR(ioctl(dev, KVM_SET_DEVICE_ATTR, &a), EBADF);
	fd = vm.fd;
	ERR(ioctl(dev, KVM_SET_DEVICE_ATTR, &a), EINVAL);
	a.attr = KVM_DEV_VFIO_GROUP_DEL;
	OK(ioctl(dev, KVM_HAS_DEVICE_ATTR, &a));
	ERR(ioctl(dev, KVM_SET_DEVICE_ATTR, &a), ENOENT);
	a.addr = 16;
	ERR(ioctl(dev, KVM_SET_DEVICE_ATTR, &a), EFAULT);
	a.attr = KVM_DEV_VFIO_GROUP_SET_SPAPR_TCE;
	ERR(ioctl(dev, KVM_HAS_DEVICE_ATTR, &a), ENXIO);
	ERR(ioctl(dev, KVM_SET_DEVICE_ATTR, &a), ENXIO);
	a = attr(0, KVM_DEV_VFIO_GROUP_ADD, &fd);
	ERR(ioctl(dev, KVM_HAS_DEVICE_ATTR, &a), ENXIO);
	ERR(ioctl(dev, KVM_HAS_DEVICE_ATTR, NULL), EFAULT);
	ERR(ioctl(dev, KVM_CREATE_VCPU, 0ul), ENOTTY);
	/* It keeps the VM, which nobody else has any more. */
	vm_close(&vm);
	a = attr(KVM_DEV_VFIO_GROUP, KVM_DEV_VFIO_GROUP_ADD, &fd);
	OK(ioctl(dev, KVM_HAS_DEVICE_ATTR, &a));
	close(dev);
}

#define CASE(name) { #name, name, 20 }

static const struct test_case cases[] = {
	CASE(vmms), CASE(mapping), CASE(port_page), CASE(sys_attributes), CASE(sregs_cr8),
	CASE(pit_flags), CASE(tsc_khz), CASE(deadline_kept), CASE(apic_base_bsp), CASE(hypercalls),
	CASE(hypercalls_enforced), CASE(boot_cpu_id), CASE(devices), CASE(vfio_attributes),
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
