// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvm.ko's nx_huge_pages: whether a fetch splits the large page that it meets, and what
 * comes back of that, by the statistics of the VM's pages; the parameters, while guests
 * run; KVM_CAP_VM_DISABLE_NX_HUGE_PAGES.
 */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "lib.h"
#include "stat.h"

#define BIG	0x40000000ul	/* two large pages */
#define LARGE	0x200000ul

#define PARAM(name)	"/sys/module/kvm/parameters/nx_huge_pages" name
#define RULE		PARAM("")
#define RATIO		PARAM("_recovery_ratio")
#define PERIOD		PARAM("_recovery_period_ms")
#define BUG_FILE	"/sys/devices/system/cpu/vulnerabilities/itlb_multihit"

/* So long that it does not come in a test. */
#define NEVER		"3600000"

/* Ports of the guest. */
#define TOUCHED		0x20
#define FETCHED		0x21

static struct vm vm;
static struct vcpu v;

/* ------------------------------------------------------------------------ */
/* Parameters. */

/* 0 or the errno. */
static int file_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	int err;

	if (!f)
		return errno;
	errno = 0;
	fputs(text, f);
	fflush(f);
	err = errno;
	fclose(f);
	return err;
}

static void param_set(const char *path, const char *text)
{
	CHECK_EQ(file_write(path, text), 0);
}

static bool splits(void)
{
	return !strcmp(file_line(RULE), "Y");
}

static uint64_t splits_now(void)
{
	return stat_get(vm.fd, "nx_lpage_splits");
}

/* As kernel-parameters.txt has them; reading shows what holds. */
static void values(void)
{
	static const struct {
		const char *text;
		int err;
		const char *shows;
	} row[] = {
		{ "off", 0, "N" }, { "force", 0, "Y" }, { "0", 0, "N" }, { "1", 0, "Y" },
		{ "N", 0, "N" }, { "Y", 0, "Y" }, { "n\n", 0, "N" }, { "force\n", 0, "Y" },
		{ "maybe", EINVAL, "Y" }, { "2", EINVAL, "Y" }, { "auto", 0, NULL },
	};
	bool bug;

	/* Without a VM virtualization is off, and so says that file. */
	vm_new(&vm, 0);
	bug = strstr(file_line(BUG_FILE), "KVM");
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		test_row = row[i].text;
		CHECK_EQ(file_write(RULE, row[i].text), row[i].err);
		CHECK(!strcmp(file_line(RULE), row[i].shows ?: bug ? "Y" : "N"));
		if (bug)
			CHECK_EQ(!!strstr(file_line(BUG_FILE), "Split huge pages"),
				 splits());
	}
	test_row = NULL;
	CHECK_EQ(file_write(RATIO, "x"), EINVAL);
	CHECK_EQ(file_write(PERIOD, "-1"), EINVAL);
	CHECK(!strcmp(file_line(RATIO), "60") && !strcmp(file_line(PERIOD), "0"));
}

/* ------------------------------------------------------------------------ */
/* One VM: a guest that touches both pages, and its stack, and then executes in the first one. */

GUEST(64, g_touch, "mov $0x40000000, %ebx\n push %rbx\n pop %rbx\n"
      "1: movl $1, 0x800(%rbx)\n movl $1, 0x200800(%rbx)\n out %al, $0x20\n"
      "lea 0x1000(%rbx), %rax\n call *%rax\n out %al, $0x21\n"
      "movl $2, 0x1800(%rbx)\n mov 0x1ff000(%rbx), %ecx\n jmp 1b\n");

struct sizes {
	uint64_t large, small, splits;
};

static struct sizes sizes_now(void)
{
	return (struct sizes){
		.large = stat_get(vm.fd, "pages_2m"),
		.small = stat_get(vm.fd, "pages_4k"),
		.splits = splits_now(),
	};
}

static void sizes_are(uint64_t large, uint64_t splits)
{
	struct sizes s = sizes_now();

	CHECK_EQ(s.large, large);
	CHECK_EQ(s.splits, splits);
}

static uint8_t *box_new(void)
{
	uint8_t *mem = mem_new(2 * LARGE, MADV_HUGEPAGE);

	memset(mem, 0, 2 * LARGE);
	mem[0x1000] = 0xc3;	/* RET */
	vm_new(&vm, 0);
	OK(vm_slot(&vm, 1, BIG, mem, 2 * LARGE));
	return mem;
}

/* With its vCPU, when it has touched both pages. */
static uint8_t *box_touched(void)
{
	uint8_t *mem = box_new();

	if (!kvm_tdp())
		test_skip("shadow pages have no large leaves then");
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_touch);
	vcpu_until(&v, TOUCHED);
	if (sizes_now().large < 2)
		test_skip("no two large pages");
	return mem;
}

static void box_free(uint8_t *mem)
{
	vcpu_close(&v);
	vm_close(&vm);
	munmap(mem, 2 * LARGE);
}

/* By the parameter as it is. */
static void fetch_splits(void)
{
	uint8_t *mem = box_touched();
	struct sizes s = sizes_now();

	vcpu_until(&v, FETCHED);
	if (splits()) {
		s.large--;
		s.small += 512;
		s.splits++;
	} else {
		CHECK_EQ(s.splits, 0);
	}
	sizes_are(s.large, s.splits);
	/* All pieces are there at once.  Writes and reads change nothing about that. */
	CHECK_EQ(sizes_now().small, s.small);
	vcpu_until(&v, TOUCHED);
	sizes_are(s.large, s.splits);
	CHECK_EQ(sizes_now().small, s.small);
	CHECK_EQ(*(uint32_t *)(mem + 0x1800), 2);
	CHECK(atoll(file_line("/sys/kernel/debug/kvm/nx_lpage_splits")) >=
	      (long long)s.splits);
}

/* ------------------------------------------------------------------------ */
/* Recovery. */

static void recover_often(const char *period)
{
	param_set(RATIO, "1");
	param_set(PERIOD, period);
}

/* How many are split, when that is so or a few seconds have passed. */
static uint64_t splits_reach(uint64_t n)
{
	int i;

	for (i = 0; i < 500 && splits_now() != n; i++)
		usleep(10000);
	return splits_now();
}

/* What is split goes, in all VMs; what comes next may be large again. */
static void recovered(void)
{
	struct vm other;
	struct sizes s;
	uint8_t *mem;

	param_set(RULE, "force");
	param_set(PERIOD, NEVER);
	mem = box_touched();
	vcpu_until(&v, FETCHED);
	other = vm;
	box_touched();
	s = sizes_now();
	vcpu_until(&v, FETCHED);
	CHECK_EQ(splits_now(), s.splits + 1);
	recover_often("20");
	CHECK_EQ(splits_reach(0), 0);
	param_set(PERIOD, NEVER);
	CHECK_EQ(stat_get(vm.fd, "pages_2m"), s.large - 1);
	vcpu_until(&v, TOUCHED);
	CHECK_EQ(stat_get(vm.fd, "pages_2m"), s.large);
	CHECK_EQ(splits_now(), s.splits);
	vcpu_until(&v, FETCHED);
	CHECK_EQ(splits_now(), s.splits + 1);
	vm = other;
	CHECK_EQ(splits_reach(0), 0);
	CHECK_EQ(*(uint32_t *)(mem + 0x800), 1);
}

/* A ratio of 0 is never; of 60, a table is one sixtieth of one, rounded up. */
static void ratio(void)
{
	uint64_t n;

	param_set(RULE, "force");
	recover_often("20");
	param_set(RATIO, "0");
	box_touched();
	vcpu_until(&v, FETCHED);
	n = splits_now();
	CHECK(n >= 1);
	usleep(300000);
	CHECK_EQ(splits_now(), n);
	param_set(RATIO, "60");
	CHECK_EQ(splits_reach(0), 0);
}

/* As long as the log is on the pieces stay: all of both pages (docs/caveats.md). */
static void logged(void)
{
	uint8_t *mem;

	param_set(RULE, "force");
	param_set(PERIOD, NEVER);
	mem = box_touched();
	vcpu_until(&v, FETCHED);
	OK(vm_slot(&vm, SLOT_FLAGS(1, KVM_MEM_LOG_DIRTY_PAGES), BIG, mem, 2 * LARGE));
	vcpu_until(&v, TOUCHED);
	CHECK(stat_get(vm.fd, "pages_4k") >= 2 * 512);
	recover_often("20");
	/* That of the code, if there is one, goes. */
	splits_reach(1);
	usleep(200000);
	CHECK(stat_get(vm.fd, "pages_4k") >= 2 * 512);
	param_set(PERIOD, NEVER);
	OK(vm_slot(&vm, 1, BIG, mem, 2 * LARGE));
	CHECK_EQ(splits_now(), 0);
	vcpu_until(&v, FETCHED);
	vcpu_until(&v, TOUCHED);
	CHECK(splits_now() >= 1);
}

/* VMs go while the work may be in them. */
static void short_lives(void)
{
	int i;

	param_set(RULE, "force");
	recover_often("1");
	for (i = 0; i < 12; i++) {
		uint8_t *mem = box_touched();

		vcpu_until(&v, FETCHED);
		usleep(i * 250);
		box_free(mem);
	}
}

/* ------------------------------------------------------------------------ */
/* The rule changes while the guest runs. */

GUEST(64, g_run, "mov $0x40000000, %ebx\n sti\n"
      "1: incq 0x800(%rbx)\n lea 0x1000(%rbx), %rax\n call *%rax\n jmp 1b\n");

static void *runner(void *arg)
{
	ioctl(v.fd, KVM_RUN, 0);
	return NULL;
}

/* The guest has come round since now. */
static void goes_on(uint8_t *mem)
{
	volatile uint64_t *count = (uint64_t *)(mem + 0x800);
	uint64_t before = *count;
	int i;

	for (i = 0; i < 2000 && *count - before < 2; i++)
		usleep(1000);
	CHECK(*count - before >= 2);
}

static void rule_changes(void)
{
	uint8_t *mem;
	pthread_t t;
	int i;

	param_set(RULE, "off");
	param_set(PERIOD, NEVER);
	mem = box_new();
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_run);
	OK(-pthread_create(&t, NULL, runner, NULL));
	goes_on(mem);
	if (!stat_get(vm.fd, "pages_2m"))
		test_skip("no large page");
	for (i = 0; i < 6; i++) {
		CHECK_EQ(splits_now(), 0);
		param_set(RULE, "force");
		goes_on(mem);
		CHECK(!kvm_tdp() || splits_now() >= 1);
		CHECK_EQ(stat_get(vm.fd, "pages_2m"), 0);
		param_set(RULE, "off");
		goes_on(mem);
		CHECK(stat_get(vm.fd, "pages_2m") >= 1);
	}
}

/* And while it is in userspace; what it has been is gone with the next entry. */
static void rule_changes_outside(void)
{
	struct sizes s;

	param_set(RULE, "force");
	param_set(PERIOD, NEVER);
	box_touched();
	vcpu_until(&v, FETCHED);
	param_set(RULE, "off");
	vcpu_until(&v, TOUCHED);
	s = sizes_now();
	CHECK_EQ(s.splits, 0);
	CHECK(s.large >= 2);
	vcpu_until(&v, FETCHED);
	sizes_are(s.large, 0);
	param_set(RULE, "force");
	vcpu_until(&v, TOUCHED);
	s = sizes_now();
	vcpu_until(&v, FETCHED);
	sizes_are(s.large - 1, s.splits + 1);
}

/* ------------------------------------------------------------------------ */
/* KVM_CAP_VM_DISABLE_NX_HUGE_PAGES (api.rst 8.38). */

static int exempt(uint64_t arg)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_VM_DISABLE_NX_HUGE_PAGES, .args = { arg }
	};

	return ioctl(vm.fd, KVM_ENABLE_CAP, &cap);
}

static void never_splits(void)
{
	struct sizes s = sizes_now();

	CHECK_EQ(s.splits, 0);
	vcpu_until(&v, FETCHED);
	sizes_are(s.large, 0);
	vcpu_until(&v, TOUCHED);
}

static void exempted(void)
{
	param_set(RULE, "force");
	box_new();
	CHECK_EQ(vm_cap(&vm, KVM_CAP_VM_DISABLE_NX_HUGE_PAGES), 1);
	ERR(exempt(1), EINVAL);
	OK(exempt(0));
	OK(exempt(0));
	vcpu_new(&vm, &v, 0);
	ERR(exempt(0), EINVAL);
	vcpu_code(&v, MODE_LONG, g_touch);
	vcpu_until(&v, TOUCHED);
	if (sizes_now().large < 2)
		test_skip("no two large pages");
	never_splits();
	/* Whatever the parameter does. */
	param_set(RULE, "off");
	param_set(RULE, "force");
	vcpu_until(&v, FETCHED);
	vcpu_until(&v, TOUCHED);
	never_splits();
}

/* The last thing that this process does. */
static void boot_drop(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	OK(syscall(SYS_capget, &head, data));
	data[0].effective &= ~(1u << CAP_SYS_BOOT);
	OK(syscall(SYS_capset, &head, data));
}

static void exempted_by_nobody(void)
{
	param_set(RULE, "force");
	vm_new(&vm, 0);
	boot_drop();
	ERR(exempt(0), EPERM);
}

/* ------------------------------------------------------------------------ */

static const struct test_case cases[] = {
	{ "fetch_splits", fetch_splits, 0 },
	{ "values", values, 0 },
	{ "recovered", recovered, 0 },
	{ "ratio", ratio, 0 },
	{ "logged", logged, 0 },
	{ "short_lives", short_lives, 0 },
	{ "rule_changes", rule_changes, 0 },
	{ "rule_changes_outside", rule_changes_outside, 0 },
	{ "exempted", exempted, 0 },
	{ "exempted_by_nobody", exempted_by_nobody, 0 },
	{ NULL, NULL, 0 },
};

/* The parameters are as they were, whatever became of the cases. */
int main(int argc, char **argv)
{
	static const char *const path[] = { RULE, RATIO, PERIOD };
	char was[3][16];
	int i, status;

	for (i = 0; i < 3; i++)
		snprintf(was[i], sizeof(was[i]), "%s", file_line(path[i]));
	status = test_main(argc, argv, cases);
	for (i = 0; i < 3; i++)
		file_write(path[i], was[i]);
	return status;
}
