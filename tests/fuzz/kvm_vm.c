// SPDX-License-Identifier: GPL-2.0-only
/* Calls on a VM. */
#define _GNU_SOURCE
#include <sys/eventfd.h>
#include "tests/fuzz/kvm.h"

#define PICK(array)	(array)[below(sizeof(array) / sizeof((array)[0]))]

void op_slot(const struct call *c)
{
	struct kvm_userspace_memory_region r = {
		.slot = 1 + c->arg % 6 + (below(6) ? 0 : 1 << 16),
		.flags = below(4) ? below(2) : below(4),
		.guest_phys_addr = (32 + below(16)) << 20,
		.memory_size = below(5) << (12 + below(9)),
		.userspace_addr = (uintptr_t)world.arena + (below(8) << 20),
	};

	if (!below(4)) {	/* over or under slot 0, which RAM is in */
		r.slot = below(3) << 16;
		r.guest_phys_addr = 0;
		r.memory_size = below(3) ? vm.size : 0;
		r.userspace_addr = (uintptr_t)vm.mem;
	}
	call_ioctl(vm.fd, KVM_SET_USER_MEMORY_REGION, &r, sizeof(r));
}

void op_dirty(const struct call *c)
{
	uint32_t slot = below(2) ? c->arg % 7 : below(2) << 16;
	struct kvm_clear_dirty_log clear = {
		.slot = slot, .num_pages = below(66) * 64, .first_page = below(4) * 64,
	};
	struct kvm_dirty_log log = { .slot = slot };

	clear.dirty_bitmap = log.dirty_bitmap = scratch + 4096;
	memset(scratch + 4096, rnd(), 512);
	if (below(2)) {		/* now or from now on */
		vm_slot(&vm, SLOT_FLAGS(0, !!below(4)), 0, vm.mem, vm.size);
		log.slot = clear.slot = 0;
		if (below(2))
			cpu_run(call_cpu(c));
	}
	switch (below(3)) {
	case 0:
		call_ioctl(vm.fd, KVM_CLEAR_DIRTY_LOG, &clear, sizeof(clear));
		break;
	default:
		call_ioctl(vm.fd, KVM_GET_DIRTY_LOG, &log, sizeof(log));
	}
}

void op_io(const struct call *c)
{
	struct kvm_coalesced_mmio_zone z = {
		.addr = below(2) ? GPA_HOLE : 0x80, .size = 1 + below(64), .pio = below(2),
	};
	struct kvm_ioeventfd e = {
		.datamatch = below(4), .fd = world.events[below(4)],
		.len = below(2) ? 0 : 1 << below(4),
		.flags = below(3) ? below(4) : below(8),
	};

	/* Where g_busy writes, or a little beside it. */
	if (!below(3))
		z.addr += below(32);
	e.addr = z.addr;

	if (c->arg & 1)
		call_ioctl(vm.fd, KVM_IOEVENTFD, &e, sizeof(e));
	else
		call_ioctl(vm.fd, c->arg & 2 ? KVM_REGISTER_COALESCED_MMIO :
			   KVM_UNREGISTER_COALESCED_MMIO, &z, sizeof(z));
}

void op_irqfd(const struct call *c)
{
	struct kvm_irqfd f = {
		.fd = world.events[below(4)], .gsi = below(26), .flags = below(4),
		.resamplefd = world.events[below(4)],
	};
	unsigned int i = c->arg % 4;
	uint64_t one = 1;

	if (below(2)) {
		f.flags = below(4) ? 0 : f.flags;
		f.fd = world.events[i];
		call_ioctl(vm.fd, KVM_IRQFD, &f, sizeof(f));
	}
	if (below(3) && write(world.events[i], &one, sizeof(one)) < 0)
		errno = 0;
	if (!below(4)) {
		close(world.events[i]);
		world.events[i] = eventfd(0, EFD_NONBLOCK);
	}
}

void op_line(const struct call *c)
{
	struct kvm_irq_level l = { .irq = below(28), .level = c->arg & 1 };

	call_ioctl(vm.fd, c->arg & 2 ? KVM_IRQ_LINE : KVM_IRQ_LINE_STATUS, &l, sizeof(l));
}

/* An address and data that mean something to LAPICs (APM vol. 2, 16.5). */
static void message(uint32_t *lo, uint32_t *hi, uint32_t *data)
{
	static const uint8_t modes[] = { 0, 0, 1, 2, 4, 5, 7 };
	uint32_t dest = below(2) ? below(CPUS_MAX) : below(256);

	*lo = 0xfee00000 | dest << 12 | below(4) << 2;
	*hi = below(8) ? 0 : below(4) << 8;
	*data = (below(4) ? 0x20 + below(0xe0) : below(256)) | PICK(modes) << 8 |
		below(4) << 14;
}

void op_msi(const struct call *c)
{
	struct kvm_msi m = { .flags = 0 };

	message(&m.address_lo, &m.address_hi, &m.data);
	call_ioctl(vm.fd, KVM_SIGNAL_MSI, &m, sizeof(m));
}

void op_routes(const struct call *c)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry e[16];
	} r = { .head.nr = c->arg % 17 };
	struct kvm_irq_routing_entry *e;

	for (e = r.e; e < r.e + 16; e++) {
		e->gsi = below(26);
		e->type = below(8) ? 1 + below(2) : below(6);
		if (e->type == KVM_IRQ_ROUTING_MSI) {
			message(&e->u.msi.address_lo, &e->u.msi.address_hi,
				&e->u.msi.data);
			continue;
		}
		e->u.irqchip.irqchip = below(3);
		e->u.irqchip.pin = below(26);
	}
	call_ioctl(vm.fd, KVM_SET_GSI_ROUTING, &r, sizeof(r));
}

static struct kvm_enable_cap some_cap(void)
{
	static const struct kvm_enable_cap caps[] = {
		{ .cap = KVM_CAP_EXCEPTION_PAYLOAD, .args = { 1 } },
		{ .cap = KVM_CAP_X86_TRIPLE_FAULT_EVENT, .args = { 1 } },
		{ .cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, .args = { 3 } },
		{ .cap = KVM_CAP_X86_USER_SPACE_MSR, .args = { 7 } },
		{ .cap = KVM_CAP_EXIT_ON_EMULATION_FAILURE, .args = { 1 } },
		{ .cap = KVM_CAP_X86_DISABLE_EXITS, .args = { 7 } },
		{ .cap = KVM_CAP_DISABLE_QUIRKS2, .args = { 0x7f } },
		{ .cap = KVM_CAP_X2APIC_API, .args = { 3 } },
		{ .cap = KVM_CAP_HALT_POLL, .args = { 1000000 } },
		{ .cap = KVM_CAP_MSR_PLATFORM_INFO, .args = { 1 } },
		{ .cap = KVM_CAP_MAX_VCPU_ID, .args = { 8 } },
		{ .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } },
	};
	struct kvm_enable_cap cap = PICK(caps);

	cap.args[0] &= below(4) ? rnd() : ~0ull;
	return cap;
}

void caps_random(void)
{
	struct kvm_enable_cap cap;
	unsigned int n;

	for (n = below(5); n; n--) {
		cap = some_cap();
		ioctl(vm.fd, KVM_ENABLE_CAP, &cap);
	}
}

void op_cap(const struct call *c)
{
	struct kvm_enable_cap cap = some_cap();

	call_ioctl(vm.fd, KVM_ENABLE_CAP, &cap, sizeof(cap));
}

void op_filter(const struct call *c)
{
	static const uint32_t bases[] = {
		0, 0x10, 0x174, 0x800, 0xc0000080, 0xc0000100, 0xc0010000,
	};
	struct kvm_msr_filter f = { .flags = c->arg & 1 };
	unsigned int i;

	memset(scratch + 4096, rnd(), 256);
	for (i = 0; i < below(5); i++)
		f.ranges[i] = (struct kvm_msr_filter_range){
			.flags = 1 + below(3), .nmsrs = below(512), .base = PICK(bases),
			.bitmap = scratch + 4096,
		};
	call_ioctl(vm.fd, KVM_X86_SET_MSR_FILTER, &f, sizeof(f));
}

static void clock_set(void)
{
	struct kvm_clock_data d = { 0 };

	ioctl(vm.fd, KVM_GET_CLOCK, &d);
	call_ioctl(vm.fd, KVM_SET_CLOCK, &d, sizeof(d));
}

void op_vm_misc(const struct call *c)
{
	struct kvm_reinject_control rc = { .pit_reinject = below(2) };
	uint64_t addr = 0xfffbc000;

	switch (c->arg % 10) {
	case 0 ... 2:
		ioctl(vm.fd, KVM_SET_NR_MMU_PAGES, 64 + below(64));
		break;
	case 3:
		ioctl(vm.fd, KVM_GET_NR_MMU_PAGES, 0);
		break;
	case 4:
		clock_set();
		break;
	case 5:
		ioctl(vm.fd, KVM_SET_BOOT_CPU_ID, below(4));
		break;
	case 6:
		ioctl(vm.fd, KVM_SET_TSS_ADDR, 0xfffbd000ul);
		break;
	case 7:
		call_ioctl(vm.fd, KVM_SET_IDENTITY_MAP_ADDR, &addr, sizeof(addr));
		break;
	case 8:
		call_ioctl(vm.fd, KVM_REINJECT_CONTROL, &rc, sizeof(rc));
		break;
	default:
		ioctl(vm.fd, KVM_CHECK_EXTENSION, below(240));
	}
}

/* A vCPU that lives for a moment beside the others, or in the place of one. */
void op_cpu_new(const struct call *c)
{
	int fd = ioctl(vm.fd, KVM_CREATE_VCPU, below(2) ? 4 + below(8) : odd_number());

	if (fd >= 0 && below(2))
		ioctl(fd, KVM_RUN, 0ul);
	if (fd >= 0)
		close(fd);
}

/* Any number, size and direction, to any descriptor. */
void op_any(const struct call *c)
{
	int fds[] = { vm.kvm, vm.fd, call_cpu(c)->fd, call_cpu(c)->fd };
	uint64_t *words = (uint64_t *)scratch;
	unsigned long req;
	unsigned int i;

	req = _IOC(below(4), KVMIO, c->arg % 256, below(2) ? below(4096) : below(8) * 8);
	memset(scratch, 0, 4096);
	for (i = 0; i < below(64); i++)
		words[i] = odd_number();
	ioctl(PICK(fds), req, below(4) ? (void *)scratch : (void *)odd_number());
}

void op_stats(const struct call *c)
{
	int fd = ioctl(c->arg & 1 ? vm.fd : call_cpu(c)->fd, KVM_GET_STATS_FD, 0ul);
	unsigned int i;

	if (fd < 0)
		return;
	for (i = 0; i < 4; i++)
		if (pread(fd, scratch, below(8192), below(2) ? 0 : odd_number()) < 0)
			errno = 0;
	close(fd);
}
