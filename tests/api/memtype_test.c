// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory types with EPT, where a device of the VM's does not look into caches: vfio-fake.ko
 * plays VFIO. A page that is written while its slot logs shows its SPTE in the tracepoint
 * fast_page_fault, where it was only read before: the type in bits 5:3, and in bit 6
 * "whatever the guest's PAT says" (SDM vol. 3, table 29-6).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>

#include "msr.h"
#include "stat.h"
#include "tracefs.h"

enum { UC = 0, WC = 1, WT = 4, WP = 5, WB = 6, IPAT = 8 };

#define DEF_TYPE	0x2ffu
#define DEF_E		0x800u
#define DEF_FE		0x400u
#define CR0_CD		(1ull << 30)

#define EVENT		TRACING "events/kvmmmu/fast_page_fault/enable"
#define READ_DONE	0x20		/* port */
#define PAGE		0x400000ul	/* of slot 0 */
#define BIG		0x40000000ul	/* two large pages */
#define LARGE		0x200000ul

GUEST(64, g_touch, "mov (%rdi), %eax\n out %al, $0x20\n mov %eax, (%rdi)\n" DONE);
GUEST(64, g_cd, "mov %cr0, %rax\n btc $30, %rax\n mov %rax, %cr0\n" DONE);
GUEST(64, g_wbinvd, "wbinvd\n" DONE);

/* ---- the device ---- */

static int dev;

static int file_do(uint64_t what, int fd)
{
	int32_t file = fd;
	struct kvm_device_attr a = { .group = KVM_DEV_VFIO_GROUP, .attr = what,
				     .addr = (uintptr_t)&file };

	return ioctl(dev, KVM_SET_DEVICE_ATTR, &a);
}

static int group(bool coherent)
{
	int fd = open("/dev/vfio-fake", coherent ? O_RDONLY : O_RDWR);

	if (fd < 0)
		test_skip("no vfio-fake");
	return fd;
}

static int add(int fd)
{
	return file_do(KVM_DEV_VFIO_GROUP_ADD, fd);
}

static int del(int fd)
{
	return file_do(KVM_DEV_VFIO_GROUP_DEL, fd);
}

/* A VM with the VFIO device; its first slot logs, and has pages of its own. */
static void machine(void)
{
	struct kvm_create_device d = { .type = KVM_DEV_TYPE_VFIO };

	msr_machine();
	for (volatile uint8_t *p = vm.mem; p < vm.mem + vm.size; p += 4096)
		*p = *p;
	OK(ioctl(vm.fd, KVM_CREATE_DEVICE, &d));
	dev = d.fd;
	OK(vm_slot(&vm, SLOT_FLAGS(0, KVM_MEM_LOG_DIRTY_PAGES), 0, vm.mem, vm.size));
	vcpu_code(&v, MODE_LONG, g_touch);
}

/* And one whose guest has a say in types. */
static void typed_machine(void)
{
	if (cpu_is_amd() || !kvm_tdp())
		test_skip("no EPT");
	tracefs();
	machine();
	OK(add(group(false)));
}

/* ---- types ---- */

/* Until the next write is to be logged. */
static void log_take(void)
{
	static uint8_t bits[RAM_SIZE / 4096 / 8];
	struct kvm_dirty_log log = { .slot = 0, .dirty_bitmap = bits };

	OK(ioctl(vm.fd, KVM_GET_DIRTY_LOG, &log));
}

static void touch(uint64_t gpa)
{
	struct kvm_regs r;

	vcpu_restart(&v, 2);
	r = vcpu_regs(&v);
	r.rdi = gpa;
	vcpu_set_regs(&v, &r);
	vcpu_until(&v, READ_DONE);
	log_take();
	vcpu_until(&v, PORT_DONE);
}

/* The type of a page's SPTE, when the guest has read it and now writes it. */
static int type_at(uint64_t gpa)
{
	char gva[40];
	char *line, *new;

	trace_write(TRACING "trace", "");
	trace_write(TRACING "tracing_on", "1");
	trace_write(EVENT, "1");
	touch(gpa);
	trace_write(EVENT, "0");
	trace_read(TRACING "trace");
	snprintf(gva, sizeof(gva), " gva %lx ", gpa);
	line = strstr(trace_text, gva);
	new = line ? strstr(line, " new ") : NULL;
	if (!new)
		FAIL("gpa %#lx: no fast_page_fault", gpa);
	return strtoull(new + 5, NULL, 16) >> 3 & 15;
}

/* A page that has another type now.  The kernel's own may let be what is mapped. */
static uint64_t changed(uint64_t gpa)
{
	static unsigned int pages;

	return is_stock() ? gpa + ++pages * 0x1000 : gpa;
}

/* Whoever has no such device has memory that is cached, whatever its MTRRs say. */
static void cached(void)
{
	if (cpu_is_amd() || !kvm_tdp())
		test_skip("no EPT");
	tracefs();
	machine();
	CHECK_EQ(type_at(PAGE), WB | IPAT);
	CHECK_EQ(host_set(DEF_TYPE, DEF_E | UC), 1);
	CHECK_EQ(type_at(PAGE + 0x1000), WB | IPAT);
	OK(add(group(true)));
	CHECK_EQ(type_at(PAGE + 0x2000), WB | IPAT);
	CHECK_EQ(host_set(DEF_TYPE, DEF_E | WC), 1);
	CHECK_EQ(type_at(PAGE + 0x3000), WB | IPAT);
}

static void types(void)
{
	static const uint8_t all[] = { UC, WC, WT, WP, WB };

	typed_machine();
	/* After reset all are disabled. */
	CHECK_EQ(type_at(PAGE), UC);
	for (size_t i = 0; i < sizeof(all); i++) {
		CHECK_EQ(host_set(DEF_TYPE, DEF_E | all[i]), 1);
		CHECK_EQ(type_at(PAGE), all[i]);
	}
	msr_code(&v);
	CHECK(guest_set(DEF_TYPE, DEF_E | WT));
	vcpu_code(&v, MODE_LONG, g_touch);
	CHECK_EQ(type_at(PAGE), WT);
	CHECK_EQ(host_set(DEF_TYPE, WB), 1);
	CHECK_EQ(type_at(PAGE), UC);
}

/* Bits of an address that the guest has. */
static uint64_t addr_mask(void)
{
	struct kvm_cpuid2 *c = cpuid_supported(vm.kvm);
	const struct kvm_cpuid_entry2 *e = cpuid_find(c, 0x80000008, 0);

	return (1ull << (e->eax & 0xff)) - 0x1000;
}

static void range_set(int i, uint64_t base, uint64_t size, uint8_t type)
{
	CHECK_EQ(host_set(0x200 + 2 * i, base | type), 1);
	CHECK_EQ(host_set(0x201 + 2 * i, (addr_mask() & ~(size - 1)) | 0x800), 1);
}

static void ranges(void)
{
	typed_machine();
	CHECK_EQ(host_set(DEF_TYPE, DEF_E | WB), 1);
	range_set(0, 0x500000, 0x100000, UC);
	CHECK_EQ(type_at(0x4ff000), WB);
	CHECK_EQ(type_at(0x500000), UC);
	CHECK_EQ(type_at(0x5ff000), UC);
	CHECK_EQ(type_at(0x600000), WB);
	/* WT wins over WB, UC over all; and the range is not what it was. */
	range_set(0, 0x600000, 0x200000, WB);
	range_set(1, 0x600000, 0x100000, WT);
	range_set(2, 0x680000, 0x1000, UC);
	CHECK_EQ(type_at(changed(0x500000)), WB);
	CHECK_EQ(type_at(changed(0x600000)), WT);
	/* The kernel's own says WB. */
	if (!is_stock())
		CHECK_EQ(type_at(0x680000), UC);
	CHECK_EQ(type_at(0x690000), WT);
	CHECK_EQ(type_at(0x700000), WB);
	CHECK_EQ(host_set(0x203, 0), 1);
	CHECK_EQ(type_at(changed(0x600000)), WB);
}

static void fixed_ranges(void)
{
	const uint64_t wb = 0x0606060606060606;

	typed_machine();
	for (uint32_t i = 0x268; i <= 0x26f; i++)
		CHECK_EQ(host_set(i, wb), 1);
	CHECK_EQ(host_set(0x250, (wb & ~0xff0000ull) | WT << 16), 1);
	CHECK_EQ(host_set(0x258, (wb & ~0xffull) | WP), 1);
	CHECK_EQ(host_set(0x259, 0), 1);
	CHECK_EQ(host_set(0x268, (wb & ~(0xffull << 56)) | (uint64_t)WC << 56), 1);
	CHECK_EQ(host_set(DEF_TYPE, DEF_E | WB), 1);
	CHECK_EQ(type_at(0x20000), WB);
	CHECK_EQ(host_set(DEF_TYPE, DEF_E | DEF_FE | UC), 1);
	CHECK_EQ(type_at(GPA_DATA), WB);
	CHECK_EQ(type_at(0x20000), WT);
	CHECK_EQ(type_at(0x2f000), WT);
	CHECK_EQ(type_at(0x30000), WB);
	CHECK_EQ(type_at(0x83000), WP);
	CHECK_EQ(type_at(0xa0000), UC);
	CHECK_EQ(type_at(0xc6000), WB);
	CHECK_EQ(type_at(0xc7000), WC);
	CHECK_EQ(type_at(0xff000), WB);
	CHECK_EQ(type_at(0x400000), UC);
}

/* The guest changes the bit. */
static void cd_switch(bool on)
{
	vm_load(&vm, GPA_CODE, g_cd, g_cd_end);
	vcpu_restart(&v, 2);
	vcpu_until(&v, PORT_DONE);
	CHECK_EQ(!!(vcpu_sregs(&v).cr0 & CR0_CD), on);
	vm_load(&vm, GPA_CODE, g_touch, g_touch_end);
}

/* Userspace does. */
static void cd_set(void)
{
	struct kvm_sregs s = vcpu_sregs(&v);

	s.cr0 |= CR0_CD;
	vcpu_set_sregs(&v, &s);
}

/* api.rst 7.31. */
static void cache_disable(void)
{
	struct kvm_enable_cap c = { .cap = KVM_CAP_DISABLE_QUIRKS2,
				    .args = { KVM_X86_QUIRK_CD_NW_CLEARED } };

	typed_machine();
	CHECK_EQ(host_set(DEF_TYPE, DEF_E | WT), 1);
	CHECK_EQ(type_at(PAGE), WT);
	cd_switch(true);
	CHECK_EQ(type_at(changed(PAGE)), WB | IPAT);
	cd_switch(false);
	CHECK_EQ(type_at(changed(PAGE)), WT);
	cd_set();
	CHECK_EQ(type_at(changed(PAGE)), WB | IPAT);
	OK(ioctl(vm.fd, KVM_ENABLE_CAP, &c));
	CHECK_EQ(type_at(changed(PAGE)), UC | IPAT);
	cd_switch(false);
	CHECK_EQ(type_at(PAGE), WT);
	cd_switch(true);
	CHECK_EQ(type_at(PAGE), UC | IPAT);
}

/* ---- groups come and go ---- */

static void comes_and_goes(void)
{
	int on, off, other;

	typed_machine();
	CHECK_EQ(type_at(PAGE), UC);
	close(dev);
	CHECK_EQ(type_at(changed(PAGE)), WB | IPAT);
	machine();
	on = group(true);
	off = group(false);
	other = group(false);
	CHECK_EQ(type_at(PAGE), WB | IPAT);
	OK(add(off));
	CHECK_EQ(type_at(changed(PAGE)), UC);
	/* Those that change nothing: what is mapped stays. */
	OK(add(on));
	CHECK_EQ(type_at(PAGE + 0x21000), UC);
	OK(add(other));
	OK(del(off));
	CHECK_EQ(type_at(PAGE + 0x22000), UC);
	OK(del(other));
	CHECK_EQ(type_at(changed(PAGE)), WB | IPAT);
	OK(del(on));
	CHECK_EQ(type_at(changed(PAGE + 0x21000)), WB | IPAT);
	CHECK_EQ(type_at(PAGE + 0x43000), WB | IPAT);
}

/* Shadow page tables have no place for types. */
static void refused(void)
{
	machine();
	OK(add(group(true)));
	if (kvm_tdp() || is_stock()) {
		OK(add(group(false)));
		vcpu_code(&v, MODE_LONG, g_wbinvd);
		vcpu_until(&v, PORT_DONE);
		return;
	}
	ERR(add(group(false)), EOPNOTSUPP);
}

/* ---- large pages ---- */

static uint64_t large_pages(void)
{
	return stat_get(vm.fd, "pages_2m");
}

/* Pages of one type are large, others are not. */
static void levels(void)
{
	uint8_t *mem = mem_new(2 * LARGE, MADV_HUGEPAGE);
	uint64_t before;

	typed_machine();
	memset(mem, 1, 2 * LARGE);
	OK(vm_slot(&vm, 1, BIG, mem, 2 * LARGE));
	CHECK_EQ(host_set(DEF_TYPE, DEF_E | WB), 1);
	touch(PAGE);
	before = large_pages();
	touch(BIG);
	touch(BIG + LARGE);
	if (large_pages() != before + 2)
		test_skip("no large pages: %llu", (unsigned long long)large_pages());
	range_set(0, BIG + 0x3000, 0x1000, UC);
	touch(BIG);
	touch(BIG + LARGE);
	CHECK_EQ(large_pages(), before + 1);
	CHECK_EQ(host_set(0x201, 0), 1);
	touch(BIG);
	touch(BIG + LARGE);
	if (!is_stock())
		CHECK_EQ(large_pages(), before + 2);
}

#define CASE(name) { #name, name, 60 }

static const struct test_case cases[] = {
	CASE(cached), CASE(types), CASE(ranges), CASE(fixed_ranges), CASE(cache_disable),
	CASE(comes_and_goes), CASE(refused), CASE(levels),
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
