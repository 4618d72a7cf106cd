// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm.ko's nx_huge_pages: whether a fetch splits the large page that it meets, by the
 * statistics of the VM's pages.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "lib.h"
#include "stat.h"

#define BIG	0x40000000ul	/* two large pages */
#define LARGE	0x200000ul

static struct vm vm;
static struct vcpu v;

/* The first line of a file. */
static bool file_says(const char *path, const char *word)
{
	char line[128] = "";
	FILE *f = fopen(path, "r");

	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f))
		line[0] = 0;
	fclose(f);
	return strstr(line, word);
}

/* What the parameter means on this processor. */
static bool splits(void)
{
	static const char param[] = "/sys/module/kvm/parameters/nx_huge_pages";
	static const char bug[] = "/sys/devices/system/cpu/vulnerabilities/itlb_multihit";

	if (file_says(param, "auto"))
		return file_says(bug, "KVM: Mitigation: Split huge pages");
	return file_says(param, "force") || file_says(param, "Y");
}

GUEST(64, g_touch, "out %al, $0x1f\n push %rax\n mov $0x40000000, %eax\n movl $1, 0x800(%rax)\n"
      "movl $1, 0x200800(%rax)\n out %al, $0x20\n"
      "add $0x1000, %eax\n call *%rax\n out %al, $0x21\n"
      "movl $2, 0x800(%rax)\n mov 0x1ff000(%rax), %ebx\n" DONE);

static void pages_are(uint64_t large, uint64_t small)
{
	CHECK_EQ(stat_get(vm.fd, "pages_2m"), large);
	CHECK_EQ(stat_get(vm.fd, "pages_4k"), small);
}

static void fetch_splits(void)
{
	uint8_t *mem = mem_new(2 * LARGE, MADV_HUGEPAGE);
	uint64_t large, small;

	memset(mem, 0, 2 * LARGE);
	mem[0x1000] = 0xc3;	/* RET */
	vm_new(&vm, 0);
	OK(vm_slot(&vm, 1, BIG, mem, 2 * LARGE));
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_touch);
	/* What the code itself lies in. */
	vcpu_until(&v, 0x1f);
	large = stat_get(vm.fd, "pages_2m");
	vcpu_until(&v, 0x20);
	small = stat_get(vm.fd, "pages_4k");
	if (!kvm_tdp() || stat_get(vm.fd, "pages_2m") != large + 2)
		test_skip("no two large pages");
	if (splits()) {
		CHECK_EQ(large, 0);
		large--;
		small += 512;
	}
	vcpu_until(&v, 0x21);
	pages_are(large + 2, small);
	/* Writes and reads change nothing about that. */
	vcpu_until(&v, PORT_DONE);
	pages_are(large + 2, small);
	CHECK_EQ(*(uint32_t *)(mem + 0x1800), 2);
}

static const struct test_case cases[] = {
	{ "fetch_splits", fetch_splits, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
