// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VFIO device with a group of a real device: tests/lab/vfio says which, and whether
 * its DMA looks into caches. What needs no group is in vmm_test.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/vfio.h>

#include "msr.h"

static int container, group, dev;

GUEST(64, g_wbinvd, "wbinvd\n invd\n" DONE);

static const char *given(const char *name)
{
	const char *value = getenv(name);

	if (!value)
		test_skip("no %s", name);
	return value;
}

static int group_open(void)
{
	return open(given("VFIO_GROUP"), O_RDWR);
}

static int file_do(uint64_t what, int fd)
{
	int32_t file = fd;
	struct kvm_device_attr a = { .group = KVM_DEV_VFIO_GROUP, .attr = what,
				     .addr = (uintptr_t)&file };

	return ioctl(dev, KVM_SET_DEVICE_ATTR, &a);
}

static int add(void)
{
	return file_do(KVM_DEV_VFIO_GROUP_ADD, group);
}

static int del(void)
{
	return file_do(KVM_DEV_VFIO_GROUP_DEL, group);
}

static void device_new(void)
{
	struct kvm_create_device d = { .type = KVM_DEV_TYPE_VFIO };

	OK(ioctl(vm.fd, KVM_CREATE_DEVICE, &d));
	dev = d.fd;
}

/* A VM with the device, and a group that has its container. */
static void machine(void)
{
	msr_machine();
	device_new();
	container = OK(open("/dev/vfio/vfio", O_RDWR));
	group = OK(group_open());
	OK(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container));
	OK(ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU));
}

/* What the group's coherency means is up to the processor. */
static bool refused(void)
{
	return !strcmp(given("VFIO_COHERENT"), "off") && !is_stock() && !kvm_tdp();
}

static void group_added(void)
{
	machine();
	CHECK_EQ(ioctl(container, VFIO_CHECK_EXTENSION, VFIO_DMA_CC_IOMMU),
		 !strcmp(given("VFIO_COHERENT"), "on"));
	ERR(del(), ENOENT);
	if (refused()) {
		ERR(add(), EOPNOTSUPP);
		ERR(del(), ENOENT);
		return;
	}
	OK(add());
	ERR(add(), EEXIST);
	ERR(file_do(KVM_DEV_VFIO_GROUP_ADD, container), EINVAL);
	vcpu_code(&v, MODE_LONG, g_wbinvd);
	vcpu_until(&v, PORT_DONE);
	OK(del());
	ERR(del(), ENOENT);
	OK(add());
}

/* The device has the group as long as it is there: a group is opened once at a time. */
static void group_held(void)
{
	machine();
	if (refused())
		test_skip("refused");
	OK(add());
	close(group);
	ERR(group_open(), EBUSY);
	vm_close(&vm);
	vcpu_close(&v);
	ERR(group_open(), EBUSY);
	close(dev);
	close(container);
	OK(group_open());
}

/* How often one CPU has called another, by /proc/interrupts. */
static unsigned long calls(void)
{
	FILE *f = fopen("/proc/interrupts", "r");
	unsigned long sum = 0, n;
	char line[4096], *p;
	int used;

	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		p = strstr(line, "CAL:");
		for (p = p ? p + 4 : line; p != line && sscanf(p, "%lu%n", &n, &used) == 1;
		     p += used)
			sum += n;
	}
	fclose(f);
	return sum;
}

#define ROUNDS	1000
GUEST(64, g_rounds, "mov $1000, %ecx\n 1: wbinvd\n dec %ecx\n jnz 1b\n" DONE);

/* The guest's WBINVD is every CPU's where DMA would miss it, and nobody's elsewhere. */
static void write_back(void)
{
	const bool off = !strcmp(given("VFIO_COHERENT"), "off");
	unsigned long n;
	int added;

	machine();
	if (is_stock() || refused() || sysconf(_SC_NPROCESSORS_ONLN) < 2)
		test_skip("another CPU need not know");
	for (added = 0; added < 3; added++) {
		if (added == 1)
			OK(add());
		if (added == 2)
			OK(del());
		vcpu_code(&v, MODE_LONG, g_rounds);
		n = calls();
		vcpu_until(&v, PORT_DONE);
		n = calls() - n;
		/* A call that finds another one waiting interrupts nobody. */
		if (off && added == 1 ? n < ROUNDS / 2 : n > ROUNDS / 4)
			FAIL("%lu calls, %d", n, added);
	}
}

static void two_machines(void)
{
	machine();
	if (refused())
		test_skip("refused");
	OK(add());
	vm_new(&vm, 0);
	device_new();
	OK(add());
	OK(del());
	ERR(del(), ENOENT);
}

#define CASE(name) { #name, name, 20 }

static const struct test_case cases[] = {
	CASE(group_added), CASE(group_held), CASE(write_back), CASE(two_machines),
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
