// SPDX-License-Identifier: GPL-2.0-only
/*
 * core/iobus.c with its two users: who is offered an access and in which order
 * against a naive model; every errno; the ring.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/eventfd.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core/coalesced.h"
#include "core/eventfd.h"
#include "core/iobus.h"

static struct kvm kvm;
static struct kvm_vcpu vcpu = { .kvm = &kvm };

static void up(void)
{
	memset(&kvm, 0, sizeof(kvm));
	memset(shim_eventfd, 0, sizeof(shim_eventfd));
	mutex_init(&kvm.slots_lock);
	shim_live = 0;
	assert_int_equal(vm_step_buses_up(&kvm), 0);
	assert_int_equal(shim_live, 0);
}

static void down(void)
{
	int i;

	shim_fail_odds = 0;
	vm_step_buses_down(&kvm);
	assert_int_equal(shim_live, 0);
	for (i = 0; i < SHIM_EVENTFDS; i++)
		assert_int_equal(shim_eventfd[i].refs, 0);
}

/* ------------------------------------------------------------------------ */
/* The bus. */

#define DEVS	40
#define ADDRS	64

struct fake {
	struct bus_dev dev;
	bool on;
	gpa_t addr;
	unsigned int len;
	bool takes;
};

static struct fake fake[DEVS];
static struct fake *offered[DEVS];
static unsigned int nr_offered;

static int fake_write(struct kvm_vcpu *v, struct bus_dev *dev, gpa_t addr,
		      unsigned int len, const void *val)
{
	struct fake *f = container_of(dev, struct fake, dev);

	assert_true(f->on);
	offered[nr_offered++] = f;
	return f->takes ? 0 : -EOPNOTSUPP;
}

static int fake_read(struct kvm_vcpu *v, struct bus_dev *dev, gpa_t addr,
		     unsigned int len, void *val)
{
	return fake_write(v, dev, addr, len, val);
}

static void fake_destroy(struct bus_dev *dev)
{
	struct fake *f = container_of(dev, struct fake, dev);

	assert_true(f->on);
	f->on = false;
}

static const struct bus_dev_ops fake_ops = {
	.read = fake_read,
	.write = fake_write,
	.destroy = fake_destroy,
};

static bool fake_covers(const struct fake *f, gpa_t addr, unsigned int len)
{
	unsigned int i;

	if (!f->on || !f->len)
		return f->on && f->addr == addr;
	for (i = 0; i < len; i++)
		if (addr + i < f->addr || addr + i >= f->addr + f->len)
			return false;
	return true;
}

/* Nearest start first, then the shorter one; who takes it ends it. */
static void access_check(void)
{
	gpa_t addr = shim_random() % ADDRS;
	unsigned int len = 1u << shim_random() % 4, all = 0, i;
	u64 val = 0;
	bool taken;
	int err;

	nr_offered = 0;
	if (shim_random() % 2)
		err = bus_write(&vcpu, BUS_MMIO, addr, len, &val);
	else
		err = bus_read(&vcpu, BUS_MMIO, addr, len, &val);
	assert_true(!err || err == -EOPNOTSUPP);
	taken = !err;
	for (i = 0; i < DEVS; i++)
		all += fake_covers(&fake[i], addr, len);
	for (i = 0; i < nr_offered; i++) {
		assert_true(fake_covers(offered[i], addr, len));
		assert_int_equal(offered[i]->takes, taken && i == nr_offered - 1);
		if (!i)
			continue;
		assert_true(offered[i - 1]->addr >= offered[i]->addr);
		if (offered[i - 1]->addr == offered[i]->addr)
			assert_true(offered[i - 1]->len <= offered[i]->len);
	}
	assert_true(taken || nr_offered == all);
}

static void random_bus(void **state)
{
	unsigned int step;
	struct fake *f;
	int err;

	up();
	memset(fake, 0, sizeof(fake));
	shim_seed = 7;
	for (step = 0; step < 30000; step++) {
		f = &fake[shim_random() % DEVS];
		shim_fail_odds = step % 3 ? 0 : 4;
		if (f->on) {
			bus_remove(&kvm, BUS_MMIO, &f->dev);
			f->on = false;
		} else {
			f->dev.ops = &fake_ops;
			f->addr = shim_random() % ADDRS;
			f->len = shim_random() % 3 ? shim_random() % 9 :
				 shim_random() % ADDRS;
			f->takes = !(shim_random() % 8);
			err = bus_add(&kvm, BUS_MMIO, f->addr, f->len, &f->dev);
			assert_true(!err || (err == -ENOMEM && shim_fail_odds));
			f->on = !err;
		}
		access_check();
		access_check();
	}
	down();
	for (f = fake; f < fake + DEVS; f++)
		assert_false(f->on);
}

static void full_bus(void **state)
{
	static struct fake many[BUS_DEVS_MAX + 1];
	unsigned int i;

	up();
	for (i = 0; i <= BUS_DEVS_MAX; i++) {
		many[i].dev.ops = &fake_ops;
		many[i].on = true;
		assert_int_equal(bus_add(&kvm, BUS_PIO, i, 1, &many[i].dev),
				 i < BUS_DEVS_MAX ? 0 : -ENOSPC);
	}
	down();
}

/* ------------------------------------------------------------------------ */
/* Coalesced zones (api.rst 4.116). */

static int zone(bool on, u64 addr, u32 size, u32 pio)
{
	struct kvm_coalesced_mmio_zone z = {
		.addr = addr, .size = size, .pio = pio
	};

	return on ? coalesced_register(&kvm, &z) :
		    coalesced_unregister(&kvm, &z);
}

static int out(enum bus_kind kind, gpa_t addr, unsigned int len, u64 val)
{
	return bus_write(&vcpu, kind, addr, len, &val);
}

static void ring_check(unsigned int i, u64 addr, u32 len, u64 val, u32 pio)
{
	struct kvm_coalesced_mmio *e = &kvm.coalesced->coalesced_mmio[i];
	u64 data = 0;

	memcpy(&data, e->data, len);
	assert_int_equal(e->phys_addr, addr);
	assert_int_equal(e->len, len);
	assert_int_equal(data, val);
	assert_int_equal(e->pio, pio);
}

static void zones(void **state)
{
	u32 i, max = (4096 - 8) / 24;
	u64 val;

	up();
	assert_int_equal(zone(true, 0x1000, 0x100, 2), -EINVAL);
	assert_int_equal(zone(true, 0x1000, 0, 0), -EINVAL);
	assert_int_equal(zone(true, -0x80ull, 0x100, 0), -EINVAL);
	assert_int_equal(zone(true, 0xff80, 0x100, 1), -EINVAL);
	assert_int_equal(zone(false, 0x1000, 0x100, 2), -EINVAL);
	assert_null(kvm.coalesced);
	assert_int_equal(zone(true, 0x1000, 0x100, 0), 0);
	assert_int_equal(zone(true, 0x2000, 0x100, 0), 0);
	assert_int_equal(zone(true, 0xff00, 0x100, 1), 0);
	assert_ptr_equal(coalesced_page(&kvm), virt_to_page(kvm.coalesced));

	assert_int_equal(out(BUS_MMIO, 0x1004, 4, 0x12345678), 0);
	assert_int_equal(out(BUS_MMIO, 0x10f8, 8, ~0ull / 3), 0);
	assert_int_equal(out(BUS_PIO, 0xffff, 1, 0x5a), 0);
	assert_int_equal(out(BUS_MMIO, 0x10fd, 4, 1), -EOPNOTSUPP);
	assert_int_equal(out(BUS_MMIO, 0xfff, 2, 1), -EOPNOTSUPP);
	assert_int_equal(out(BUS_PIO, 0x1000, 1, 1), -EOPNOTSUPP);
	assert_int_equal(bus_read(&vcpu, BUS_MMIO, 0x1000, 4, &val),
			 -EOPNOTSUPP);
	assert_int_equal(kvm.coalesced->last, 3);
	ring_check(0, 0x1004, 4, 0x12345678, 0);
	ring_check(1, 0x10f8, 8, ~0ull / 3, 0);
	ring_check(2, 0xffff, 1, 0x5a, 1);

	/* One entry stays free; userspace makes room; it wraps around. */
	for (i = 3; i < max - 1; i++)
		assert_int_equal(out(BUS_MMIO, 0x2000, 1, i), 0);
	assert_int_equal(out(BUS_MMIO, 0x2000, 1, 0), -EOPNOTSUPP);
	kvm.coalesced->first = 1;
	assert_int_equal(out(BUS_MMIO, 0x2000, 2, 0xabcd), 0);
	assert_int_equal(kvm.coalesced->last, 0);
	ring_check(max - 1, 0x2000, 2, 0xabcd, 0);
	/* Nonsense from userspace reaches nothing behind the page. */
	kvm.coalesced->last = max;
	assert_int_equal(out(BUS_MMIO, 0x2000, 1, 0), -EOPNOTSUPP);
	kvm.coalesced->last = ~0u;
	assert_int_equal(out(BUS_MMIO, 0x2000, 1, 0), -EOPNOTSUPP);
	kvm.coalesced->first = kvm.coalesced->last = 0;

	/* Zones that stick out of the range stay. */
	assert_int_equal(zone(false, 0x1000, 0x10ff, 0), 0);
	assert_int_equal(out(BUS_MMIO, 0x1000, 1, 0), -EOPNOTSUPP);
	assert_int_equal(out(BUS_MMIO, 0x2000, 1, 0), 0);
	assert_int_equal(zone(true, 0x1000, 0x100, 0), 0);
	assert_int_equal(zone(false, 0x1001, 0xffff, 0), 0);
	assert_int_equal(out(BUS_MMIO, 0x2000, 1, 0), -EOPNOTSUPP);
	assert_int_equal(out(BUS_MMIO, 0x1000, 1, 0), 0);
	assert_int_equal(zone(false, 0, 0x10000, 0), 0);
	assert_int_equal(out(BUS_MMIO, 0x1000, 1, 0), -EOPNOTSUPP);
	assert_int_equal(out(BUS_PIO, 0xff00, 1, 0), 0);
	down();
}

/* ------------------------------------------------------------------------ */
/* ioeventfds (api.rst 4.59). */

#define PIO	KVM_IOEVENTFD_FLAG_PIO
#define MATCH	KVM_IOEVENTFD_FLAG_DATAMATCH
#define OFF	KVM_IOEVENTFD_FLAG_DEASSIGN

static int event(u32 flags, u64 addr, u32 len, u64 match, int fd)
{
	struct kvm_ioeventfd e = {
		.datamatch = match, .addr = addr, .len = len, .fd = fd,
		.flags = flags,
	};

	return ioeventfd_set(&kvm, &e);
}

/* As many as the limit, again when one is gone. */
static void zones_full(void **state)
{
	unsigned int i;

	up();
	for (i = 0; i < COALESCED_ZONES_MAX; i++)
		assert_int_equal(zone(true, i * 16, 16, i % 2), 0);
	assert_int_equal(zone(true, 0x8000, 16, 0), -ENOSPC);
	assert_int_equal(zone(true, 0x8000, 16, 1), -ENOSPC);
	assert_int_equal(zone(false, 16, 16, 1), 0);
	assert_int_equal(zone(true, 0x8000, 16, 0), 0);
	assert_int_equal(zone(true, 0x9000, 16, 0), -ENOSPC);
	down();
}

static void eventfd_errors(void **state)
{
	struct kvm_ioeventfd padded = { .len = 4, .pad[35] = 1 };
	u32 len;

	up();
	for (len = 0; len < 20; len++)
		assert_int_equal(event(0, 0x1000 * len, len, 0, 0),
				 len > 8 || (len & (len - 1)) ? -EINVAL : 0);
	assert_int_equal(event(KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY, 0, 4, 0,
			       0), -EINVAL);
	assert_int_equal(event(1u << 4, 0x9000, 4, 0, 0), -EINVAL);
	assert_int_equal(ioeventfd_set(&kvm, &padded), -EINVAL);
	assert_int_equal(event(MATCH, 0x9000, 0, 0, 0), -EINVAL);
	assert_int_equal(event(0, -1ull, 2, 0, 0), -EINVAL);
	assert_int_equal(event(PIO, 0xffff, 2, 0, 0), -EINVAL);
	assert_int_equal(event(PIO, 0x10000, 0, 0, 0), -EINVAL);
	assert_int_equal(event(0, 0x9000, 4, 0, -1), -EBADF);
	/* conflicts: same bus and address, sizes and values that meet */
	assert_int_equal(event(MATCH, 0x9000, 4, 1, 0), 0);
	assert_int_equal(event(MATCH, 0x9000, 4, 2, 0), 0);
	assert_int_equal(event(MATCH, 0x9000, 2, 1, 0), 0);
	assert_int_equal(event(MATCH | PIO, 0x9000, 4, 1, 0), 0);
	assert_int_equal(event(MATCH, 0x9000, 4, 1, 1), -EEXIST);
	assert_int_equal(event(0, 0x9000, 4, 0, 1), -EEXIST);
	assert_int_equal(event(0, 0x9000, 0, 0, 1), -EEXIST);
	assert_int_equal(event(0, 0, 4, 0, 1), -EEXIST);
	/* deassign: everything has to be the same */
	assert_int_equal(event(OFF | MATCH, 0x9000, 4, 3, 0), -ENOENT);
	assert_int_equal(event(OFF | MATCH, 0x9000, 4, 1, 1), -ENOENT);
	assert_int_equal(event(OFF | MATCH, 0x9000, 8, 1, 0), -ENOENT);
	assert_int_equal(event(OFF, 0x9000, 4, 1, 0), -ENOENT);
	assert_int_equal(event(OFF | MATCH, 0x9000, 4, 1, 0), 0);
	assert_int_equal(event(OFF | MATCH, 0x9000, 4, 1, 0), -ENOENT);
	assert_int_equal(event(OFF | MATCH | PIO, 0x9000, 4, 1, 0), 0);
	down();
}

static void eventfd_signals(void **state)
{
	up();
	assert_int_equal(zone(true, 0x8000, 0x2000, 0), 0);
	assert_int_equal(event(MATCH, 0x9000, 4, 0x80000001, 0), 0);
	assert_int_equal(event(MATCH, 0x9000, 4, 2, 1), 0);
	assert_int_equal(event(0, 0x9004, 0, 0, 2), 0);
	assert_int_equal(event(PIO, 0x70, 1, 0, 3), 0);

	assert_int_equal(out(BUS_MMIO, 0x9000, 4, 2), 0);
	assert_int_equal(shim_eventfd[1].signals, 1);
	/* Bits that are not written do not count; a zone takes what is left. */
	assert_int_equal(out(BUS_MMIO, 0x9000, 4, 0xff80000001), 0);
	assert_int_equal(shim_eventfd[0].signals, 1);
	assert_int_equal(kvm.coalesced->last, 0);
	assert_int_equal(out(BUS_MMIO, 0x9000, 4, 3), 0);
	assert_int_equal(out(BUS_MMIO, 0x9000, 2, 2), 0);
	assert_int_equal(out(BUS_MMIO, 0x9002, 2, 2), 0);
	assert_int_equal(kvm.coalesced->last, 3);
	assert_int_equal(shim_eventfd[0].signals + shim_eventfd[1].signals, 2);

	assert_int_equal(out(BUS_MMIO, 0x9004, 8, 0), 0);
	assert_int_equal(out(BUS_MMIO, 0x9004, 1, 0), 0);
	assert_int_equal(shim_eventfd[2].signals, 2);
	assert_int_equal(out(BUS_PIO, 0x70, 1, 9), 0);
	assert_int_equal(out(BUS_PIO, 0x70, 2, 9), -EOPNOTSUPP);
	assert_int_equal(shim_eventfd[3].signals, 1);

	/* Without memory a device goes all the same. */
	shim_fail_odds = 1;
	assert_int_equal(event(OFF, 0x9004, 0, 0, 2), -ENOMEM);
	shim_fail_odds = 0;
	shim_fail_at = shim_allocs + 2;
	assert_int_equal(event(OFF, 0x9004, 0, 0, 2), 0);
	shim_fail_at = 0;
	assert_int_equal(out(BUS_MMIO, 0x9004, 4, 0), 0);
	assert_int_equal(kvm.coalesced->last, 4);
	assert_int_equal(shim_eventfd[2].signals, 2);
	assert_int_equal(shim_eventfd[2].refs, 0);
	down();
}

/* Each allocation fails once: nothing is left of what did not work. */
static void eventfd_memory(void **state)
{
	int err = -ENOMEM, n;

	for (n = 1; err; n++) {
		up();
		shim_fail_at = shim_allocs + n;
		err = event(0, 0x9004, 0, 0, 2);
		shim_fail_at = 0;
		assert_true(!err || err == -ENOMEM);
		assert_int_equal(out(BUS_MMIO, 0x9004, 4, 0),
				 err ? -EOPNOTSUPP : 0);
		assert_int_equal(shim_eventfd[2].refs, !err);
		down();
	}
	assert_int_equal(n, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_bus),
		cmocka_unit_test(full_bus),
		cmocka_unit_test(zones),
		cmocka_unit_test(zones_full),
		cmocka_unit_test(eventfd_errors),
		cmocka_unit_test(eventfd_signals),
		cmocka_unit_test(eventfd_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
