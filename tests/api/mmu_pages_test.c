// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many shadow pages there may be: the ioctls, and guests whose page tables
 * are far more than that.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include "lib.h"

#define MB		0x100000ul
#define AREA		0x800000ul	/* data pages */
#define PAGES		400u
#define LIMIT_MIN	64

static struct vm vm;
static struct vcpu v;

/* From RSI, RCX times RDI bytes on: count there; all that RDX times. */
GUEST(64, g_count64,
      "1: mov %rsi, %rbx\n mov %rcx, %rbp\n"
      "2: incl (%rbx)\n add %rdi, %rbx\n dec %rbp\n jnz 2b\n"
      "dec %rdx\n jnz 1b\n" DONE);
GUEST(32, g_count32,
      "1: mov %esi, %ebx\n mov %ecx, %ebp\n"
      "2: incl (%ebx)\n add %edi, %ebx\n dec %ebp\n jnz 2b\n"
      "dec %edx\n jnz 1b\n" DONE);

static long set_limit(unsigned long n)
{
	return ioctl(vm.fd, KVM_SET_NR_MMU_PAGES, n);
}

static long get_limit(void)
{
	return OK(ioctl(vm.fd, KVM_GET_NR_MMU_PAGES, 0ul));
}

static void limits(void)
{
	vm_new(&vm, 0);
	CHECK_EQ(vm_cap(&vm, KVM_CAP_MMU_SHADOW_CACHE_CONTROL), 1);
	OK(set_limit(500));
	ERR(set_limit(0), EINVAL);
	ERR(set_limit(LIMIT_MIN - 1), EINVAL);
	CHECK_EQ(get_limit(), 500);
	OK(set_limit(LIMIT_MIN));
	CHECK_EQ(get_limit(), LIMIT_MIN);
	OK(set_limit(INT_MAX));
	CHECK_EQ(get_limit(), INT_MAX);
}

/* 2 % of the frames in slots, until userspace knows better. */
static void follows_slots(void)
{
	uint8_t *m = mem_new(64 * MB, 0);

	vm_new(&vm, 16 * MB);
	CHECK_EQ(get_limit(), 81);
	OK(vm_slot(&vm, 1, 1024 * MB, m, 64 * MB));
	CHECK_EQ(get_limit(), 409);
	/* a move is no change, nor is a slot that is refused */
	OK(vm_slot(&vm, 1, 2048 * MB, m, 64 * MB));
	ERR(vm_slot(&vm, 2, 0, m, 64 * MB), EEXIST);
	CHECK_EQ(get_limit(), 409);
	OK(vm_slot(&vm, 1, 0, NULL, 0));
	CHECK_EQ(get_limit(), 81);
	/* the other address space counts */
	if (vm_cap(&vm, KVM_CAP_MULTI_ADDRESS_SPACE) > 1) {
		OK(vm_slot(&vm, 1 << 16, 0, m, 64 * MB));
		CHECK_EQ(get_limit(), 409);
	}
	OK(set_limit(100));
	OK(vm_slot(&vm, 1, 1024 * MB, m, 64 * MB));
	CHECK_EQ(get_limit(), 100);
}

/* ------------------------------------------------------------------------ */

/* Each page in a table of its own, in parts that nothing else maps. */
static void spread(enum mode mode, unsigned int n, unsigned int rounds)
{
	uint64_t base = mode == MODE_LONG ? 1ul << 39 : 0x80000000ul;
	uint64_t step = 1ul << (12 + v.pt.bits);
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			      .rsi = base, .rdi = step, .rcx = n,
			      .rdx = rounds };
	struct kvm_sregs s = vcpu_sregs(&v);
	unsigned int i;

	for (i = 0; i < n; i++)
		pt_map(&v.pt, base + i * step, AREA + i * 4096ul, 1,
		       PTE_P | PTE_W);
	/* PDPTEs are read when CR3 is loaded (SDM vol. 3, 4.4.1). */
	vcpu_set_sregs(&v, &s);
	vcpu_set_regs(&v, &r);
}

static void launch(enum mode mode)
{
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	if (mode == MODE_LONG)
		vcpu_code(&v, mode, g_count64);
	else
		vcpu_code(&v, mode, g_count32);
}

static void counted(unsigned int n, uint32_t want)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		CHECK_EQ(*(uint32_t *)(vm.mem + AREA + i * 4096ul), want);
}

static void run_mode(enum mode mode)
{
	unsigned int n = 250;

	launch(mode);
	OK(set_limit(LIMIT_MIN));
	spread(mode, n, 4);
	vcpu_until(&v, PORT_DONE);
	counted(n, 4);
}

static void few_2level(void)
{
	run_mode(MODE_32);
}

static void few_pae(void)
{
	run_mode(MODE_PAE);
}

static void few_long(void)
{
	run_mode(MODE_LONG);
}

static volatile bool stop;

static void *limit_changer(void *arg)
{
	unsigned int i;

	(void)arg;
	for (i = 0; !stop; i++)
		OK(set_limit(i % 2 ? LIMIT_MIN : 1000));
	return NULL;
}

/* The limit changes while the guest runs. */
static void changing(void)
{
	unsigned int rounds = 100 / test_patience();
	pthread_t t;

	launch(MODE_LONG);
	spread(MODE_LONG, PAGES, rounds);
	OK(-pthread_create(&t, NULL, limit_changer, NULL));
	vcpu_until(&v, PORT_DONE);
	stop = true;
	OK(-pthread_join(t, NULL));
	counted(PAGES, rounds);
}

/* ------------------------------------------------------------------------ */

static char text[1 << 16];

static const char *slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	return text;
}

/* KiB of page tables that belong to guests. */
static long tables_kib(void)
{
	const char *p;

	slurp("/proc/sys/vm/stat_refresh");
	p = strstr(slurp("/proc/meminfo"), "SecPageTables:");
	return p ? atol(p + strlen("SecPageTables:")) : -1;
}

/* What the limit is for: memory. */
static void memory(void)
{
	/* A shadow page takes two pages at most. */
	const long most = (LIMIT_MIN + 8) * 2 * 4;
	long before = tables_kib(), many;

	if (kvm_tdp() || before < 0)
		test_skip("no shadow pages that could be counted");
	launch(MODE_LONG);
	spread(MODE_LONG, PAGES, 1);
	OK(set_limit(10000));
	vcpu_until(&v, PORT_DONE);
	many = tables_kib() - before;
	if (many < (long)PAGES * 4)
		FAIL("%ld KiB of tables, expected %u", many, PAGES * 4);
	/* at once when the limit is lowered, and for ever */
	OK(set_limit(LIMIT_MIN));
	many = tables_kib() - before;
	if (many > most)
		FAIL("%ld KiB after the limit was lowered, limit %ld", many, most);
	spread(MODE_LONG, PAGES, 2);
	vcpu_until(&v, PORT_DONE);
	many = tables_kib() - before;
	if (many > most)
		FAIL("%ld KiB of tables, limit %ld", many, most);
	counted(PAGES, 3);
}

static const struct test_case cases[] = {
	{ "limits", limits, 0 },
	{ "follows_slots", follows_slots, 0 },
	{ "few_2level", few_2level, 0 },
	{ "few_pae", few_pae, 0 },
	{ "few_long", few_long, 0 },
	{ "changing", changing, 0 },
	{ "memory", memory, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
