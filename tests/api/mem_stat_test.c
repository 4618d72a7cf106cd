// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM's memory by kind, against what the host says of its own: pages of second-level
 * tables in /proc/meminfo, objects in /proc/slabinfo.  No other VM may run.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "lib.h"
#include "stat.h"

#define GPA_FAR	0x10000000ull
#define DATA_BYTES	(16ull << 20)
#define GVA_ALIAS	(GPA_FAR + DATA_BYTES)	/* the same frames again */
#define GVA_ALIAS_2	(GVA_ALIAS + DATA_BYTES)

static struct vm vm;
static struct vcpu v;

/* Touches each page of RDI bytes at RSI. */
GUEST(64, g_touch, "add %rsi, %rdi\n 1: incl (%rsi)\n add $4096, %rsi\n cmp %rdi, %rsi\n"
      "jb 1b\n" DONE);

static bool shadow(void)
{
	char c = 'Y';
	FILE *f = fopen("/sys/module/kvm_amd/parameters/npt", "r");

	if (!f)
		f = fopen("/sys/module/kvm_intel/parameters/ept", "r");
	if (f) {
		CHECK_EQ(fscanf(f, "%c", &c), 1);
		fclose(f);
	}
	return c == 'N' || c == '0';
}

/* In bytes; what each CPU has counted by itself is added first. */
static uint64_t table_bytes(void)
{
	unsigned long long kib = 0;
	char line[200];
	FILE *f;

	f = fopen("/proc/sys/vm/stat_refresh", "w");
	CHECK(f && fputs("1", f) >= 0 && !fclose(f));
	f = fopen("/proc/meminfo", "r");
	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "SecPageTables: %llu kB", &kib) == 1)
			break;
	fclose(f);
	return kib << 10;
}

static void touch(uint64_t gpa, uint64_t bytes)
{
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			      .rsi = gpa, .rdi = bytes };

	vcpu_set_regs(&v, &r);
	vcpu_until(&v, PORT_DONE);
}

/* 4 KiB pages where the guest's tables have large ones: reverse maps are for such. */
static void map_small(uint64_t gva, uint64_t gpa)
{
	uint64_t pml4 = vcpu_sregs(&v).cr3 & ~0xfffull;
	uint64_t pdpt = *vm_u64(&vm, pml4 + (gva >> 39) % 512 * 8) & ~0xfffull;
	uint64_t pd = *vm_u64(&vm, pdpt + (gva >> 30) % 512 * 8) & ~0xfffull;

	for (uint64_t at = 0; at < DATA_BYTES; at += 2 << 20) {
		uint64_t pt = vm_page(&vm);

		*vm_u64(&vm, pd + ((gva + at) >> 21) % 512 * 8) = pt | 7;
		for (int i = 0; i < 512; i++)
			vm_u64(&vm, pt)[i] = (gpa + at + i * 4096) | 7;
	}
}

static void machine(void)
{
	vm_new(&vm, 0);
	OK(vm_slot(&vm, 7, GPA_FAR, mem_new(DATA_BYTES, MADV_NOHUGEPAGE), DATA_BYTES));
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_touch);
	map_small(GPA_FAR, GPA_FAR);
	map_small(GVA_ALIAS, GPA_FAR);
	map_small(GVA_ALIAS_2, GPA_FAR);
}

static void tables(void)
{
	uint64_t before = table_bytes(), host, ours;

	machine();
	for (uint64_t bytes = 4096; bytes <= DATA_BYTES; bytes *= 16) {
		touch(GPA_FAR, bytes);
		host = table_bytes() - before;
		ours = stat_get(vm.fd, "mem_tables");
		CHECK_EQ(ours % 4096, 0);
		CHECK(ours >= 4 * 4096);
		if (!shadow()) {
			CHECK_EQ(ours + stat_get(vm.fd, "mem_reserve"), host);
			CHECK_EQ(stat_get(vm.fd, "mem_shadow"), 0);
			CHECK_EQ(stat_get(vm.fd, "mem_rmap"), 0);
			CHECK_EQ(stat_get(vm.fd, "mem_desc"), 0);
			continue;
		}
		/* What is beside leaves is in pages of that kind, too, but headers are not. */
		CHECK(ours < host);
		CHECK(host <= ours + stat_get(vm.fd, "mem_shadow") +
			      stat_get(vm.fd, "mem_reserve"));
		/* Frames in a row, mapped once, are at home. */
		CHECK_EQ(stat_get(vm.fd, "mem_rmap"), 0);
	}
	/* One more leaf of a frame is in its head. */
	touch(GVA_ALIAS, DATA_BYTES);
	CHECK_EQ(stat_get(vm.fd, "mem_rmap") > 0, shadow());
	CHECK_EQ(stat_get(vm.fd, "mem_desc"), 0);
	touch(GVA_ALIAS_2, DATA_BYTES);
	CHECK_EQ(stat_get(vm.fd, "mem_desc") > 0, shadow());
	vcpu_close(&v);
	vm_close(&vm);
	CHECK_EQ(table_bytes(), before);
}

/* One vCPU's, n times; and not what it runs. */
static void vcpus(void)
{
	uint64_t one, two;
	struct vcpu w;

	vm_new(&vm, 0);
	CHECK_EQ(stat_get(vm.fd, "mem_vcpu"), 0);
	vcpu_raw(&vm, &v, 0);
	one = stat_get(vm.fd, "mem_vcpu");
	vcpu_raw(&vm, &w, 1);
	two = stat_get(vm.fd, "mem_vcpu");
	CHECK_EQ(two, 2 * one);
	/* three pages at least: shared with userspace, control block, FPU; stock has 217 KiB */
	CHECK(one > 3 * 4096 && one < 40 * 1024);
	OK(ioctl(v.fd, KVM_SET_CPUID2, cpuid_supported(vm.kvm)));
	CHECK_EQ(stat_get(vm.fd, "mem_vcpu") - two,
		 cpuid_supported(vm.kvm)->nent * sizeof(struct kvm_cpuid_entry2));
}

/* Within what docs/costs.md says of VMs that have them. */
static void controllers(void)
{
	struct kvm_pit_config pit = { };
	uint64_t chips, with_pit, lapic, plain;

	vm_new(&vm, 0);
	vcpu_raw(&vm, &v, 0);
	plain = stat_get(vm.fd, "mem_vcpu");
	CHECK_EQ(stat_get(vm.fd, "mem_irqchip"), 0);
	vcpu_close(&v);
	vm_close(&vm);

	vm_new(&vm, 0);
	OK(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0ul));
	chips = stat_get(vm.fd, "mem_irqchip");
	CHECK(chips > 500 && chips < 8192);
	OK(ioctl(vm.fd, KVM_CREATE_PIT2, &pit));
	with_pit = stat_get(vm.fd, "mem_irqchip");
	CHECK(with_pit > chips && with_pit < 8192);
	vcpu_raw(&vm, &v, 0);
	lapic = stat_get(vm.fd, "mem_vcpu");
	/* the LAPIC's page, and what a vCPU that may halt has */
	CHECK(lapic >= plain + 4096 && lapic < plain + 2 * 4096);
	/* the map of destinations */
	CHECK(stat_get(vm.fd, "mem_irqchip") > with_pit);
}

static const struct test_case cases[] = {
	{ "tables", tables, 0 },
	{ "vcpus", vcpus, 0 },
	{ "controllers", controllers, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
