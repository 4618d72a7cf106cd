// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty logging: every write seen, nothing else reported, in both protocols;
 * on 4 KiB pages and huge ones, and while the guest goes on writing.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include "lib.h"

static struct vm vm;
static struct vcpu v;

#define SLOT_GPA	0x40000000ul
#define PAGES		1088ul		/* 4 MiB, and 64 pages more */
#define SIZE		(PAGES * 4096)
#define WORDS		(PAGES / 64)
#define LOG_FLAG	KVM_MEM_LOG_DIRTY_PAGES

static uint8_t *mem;
static uint64_t slot_gpa = SLOT_GPA;

/* RSI: array of RCX addresses; each is written (RDX 1) or read (RDX 0). */
GUEST(64, g_touch,
      "1: mov (%rsi), %rdi\n test %rdx, %rdx\n jz 2f\n"
      "incb (%rdi)\n jmp 3f\n 2: mov (%rdi), %al\n"
      "3: add $8, %rsi\n dec %rcx\n jnz 1b\n" DONE);

/* RSI: first page, RCX: pages, RBX: rounds; a counter at each page's start. */
GUEST(64, g_counters,
      "1: mov %rsi, %rdi\n mov %rcx, %rdx\n"
      "2: incq (%rdi)\n add $4096, %rdi\n dec %rdx\n jnz 2b\n"
      "dec %rbx\n jnz 1b\n" DONE);

static void machine(int advice)
{
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_touch);
	mem = mem_new(SIZE, advice);
	memset(mem, 1, SIZE);
}

static void slot(uint32_t flags)
{
	OK(vm_slot(&vm, SLOT_FLAGS(1, flags), SLOT_GPA, mem, SIZE));
}

static void touch(const unsigned int *pages, int n, bool write)
{
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			      .rsi = GPA_DATA, .rcx = n, .rdx = write };
	int i;

	for (i = 0; i < n; i++)
		*vm_u64(&vm, GPA_DATA + i * 8) =
			slot_gpa + pages[i] * 4096ul + i % 4096;
	vcpu_set_regs(&v, &r);
	vcpu_until(&v, PORT_DONE);
}

static int log_get(uint32_t slot_id, void *bitmap)
{
	struct kvm_dirty_log d = { .slot = slot_id };

	d.dirty_bitmap = bitmap;
	return ioctl(vm.fd, KVM_GET_DIRTY_LOG, &d);
}

static int log_clear(uint64_t first, uint32_t n, void *bitmap)
{
	struct kvm_clear_dirty_log d = { .slot = 1, .num_pages = n,
					 .first_page = first };

	d.dirty_bitmap = bitmap;
	return ioctl(vm.fd, KVM_CLEAR_DIRTY_LOG, &d);
}

static void cap_manual(uint64_t bits)
{
	struct kvm_enable_cap c = { .cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
				    .args = { bits } };

	if ((vm_cap(&vm, c.cap) & bits) != bits)
		test_skip("no KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2");
	OK(ioctl(vm.fd, KVM_ENABLE_CAP, &c));
}

/* The log must hold these pages and no others. */
static void log_expect(const unsigned int *pages, int n)
{
	uint64_t want[WORDS] = { 0 }, got[WORDS + 1];
	unsigned int i, bad;

	for (i = 0; i < (unsigned int)n; i++)
		want[pages[i] / 64] |= 1ull << pages[i] % 64;
	memset(got, 0x5a, sizeof(got));
	OK(log_get(1, got));
	for (i = 0; i < WORDS; i++) {
		if (got[i] == want[i])
			continue;
		bad = i * 64 + __builtin_ctzll(got[i] ^ want[i]);
		FAIL("page %u: expected %s, got the other", bad,
		     want[i] >> bad % 64 & 1 ? "dirty" : "clean");
	}
	CHECK_EQ(got[WORDS], 0x5a5a5a5a5a5a5a5a);
}

static const unsigned int some[] = { 0, 1, 5, 63, 64, 65, 200, 511, 512, 513,
				     1023, 1024, 1087 };
static const unsigned int others[] = { 2, 3, 64, 511, 700, 1086 };
#define N(a) ((int)(sizeof(a) / sizeof((a)[0])))

static void classic(int advice)
{
	unsigned int all[PAGES], i;

	for (i = 0; i < PAGES; i++)
		all[i] = i;
	machine(advice);
	slot(0);
	touch(all, PAGES, true);	/* so that huge mappings exist */
	slot(LOG_FLAG);
	log_expect(NULL, 0);
	touch(all, PAGES, false);
	log_expect(NULL, 0);
	touch(some, N(some), true);
	log_expect(some, N(some));
	log_expect(NULL, 0);
	touch(some, N(some), true);
	touch(others, N(others), false);
	log_expect(some, N(some));
	touch(others, N(others), true);
	log_expect(others, N(others));
	/* off and on again: what came between does not count */
	slot(0);
	touch(some, N(some), true);
	ERR(log_get(1, all), ENOENT);
	slot(LOG_FLAG);
	log_expect(NULL, 0);
	touch(all, PAGES, true);
	log_expect(all, PAGES);
}

static void classic_4k(void)
{
	classic(MADV_NOHUGEPAGE);
}

static void classic_huge(void)
{
	classic(MADV_HUGEPAGE);
}

/* A slot born with logging, and memory nobody has touched. */
static void fresh_slot(void)
{
	uint64_t map[WORDS];

	machine(MADV_NOHUGEPAGE);
	OK(madvise(mem, SIZE, MADV_DONTNEED));
	slot(LOG_FLAG);
	touch(others, N(others), false);
	log_expect(NULL, 0);
	touch(some, N(some), true);
	log_expect(some, N(some));
	OK(madvise(mem, SIZE, MADV_DONTNEED));
	touch(others, N(others), true);
	log_expect(others, N(others));
	/* moved: whatever becomes of the old log, the new place is tracked */
	slot_gpa += 8ul << 20;
	OK(vm_slot(&vm, SLOT_FLAGS(1, LOG_FLAG), slot_gpa, mem, SIZE));
	OK(log_get(1, map));
	touch(some, N(some), true);
	log_expect(some, N(some));
}

static void manual(int advice)
{
	uint64_t map[WORDS];
	unsigned int left[] = { 64, 700, 1086 };

	machine(advice);
	cap_manual(KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE);
	slot(LOG_FLAG);
	touch(some, N(some), true);
	log_expect(some, N(some));
	log_expect(some, N(some));	/* getting does not clear */
	memset(map, 0xff, sizeof(map));
	OK(log_clear(0, PAGES, map));
	log_expect(NULL, 0);
	touch(others, N(others), true);
	log_expect(others, N(others));
	/* the first word, then the word of 511 but not 511's bit alone */
	OK(log_clear(0, 64, map));
	memset(map, 0, sizeof(map));
	OK(log_clear(0, PAGES, map));
	map[0] = 1ull << 63;
	OK(log_clear(448, 64, map));
	log_expect(left, 3);
	/* what is cleared is tracked again */
	touch(others, N(others), true);
	log_expect(others, N(others));
}

static void manual_4k(void)
{
	manual(MADV_NOHUGEPAGE);
}

static void manual_huge(void)
{
	manual(MADV_HUGEPAGE);
}

static void initially_set(int advice)
{
	unsigned int all[PAGES], i;
	uint64_t map[WORDS];

	for (i = 0; i < PAGES; i++)
		all[i] = i;
	machine(advice);
	cap_manual(KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE |
		   KVM_DIRTY_LOG_INITIALLY_SET);
	slot(0);
	touch(all, PAGES, true);
	slot(LOG_FLAG);
	log_expect(all, PAGES);
	memset(map, 0xff, sizeof(map));
	OK(log_clear(0, 1024, map));
	log_expect(all + 1024, 64);
	OK(log_clear(1024, 64, map));
	log_expect(NULL, 0);
	touch(some, N(some), true);
	log_expect(some, N(some));
}

static void initially_set_4k(void)
{
	initially_set(MADV_NOHUGEPAGE);
}

static void initially_set_huge(void)
{
	initially_set(MADV_HUGEPAGE);
}

/* Migration in small: a copy kept up by the log equals the memory at last. */
static uint8_t *copy;

static void copy_dirty(bool manually)
{
	uint64_t map[WORDS];
	unsigned int i;

	OK(log_get(1, map));
	/* Cleared first, copied then: a write in between is seen again. */
	if (manually)
		OK(log_clear(0, PAGES, map));
	for (i = 0; i < PAGES; i++)
		if (map[i / 64] >> i % 64 & 1)
			memcpy(copy + i * 4096, mem + i * 4096, 4096);
}

static volatile bool guest_done;

static void *counting(void *arg)
{
	(void)arg;
	vcpu_until(&v, PORT_DONE);
	guest_done = true;
	return NULL;
}

static void concurrent(int advice, bool manually)
{
	/* Where a fault takes long, there are enough of them in fewer rounds. */
	unsigned int i, rounds = 400 / test_patience();
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			      .rsi = SLOT_GPA, .rcx = PAGES, .rbx = rounds };
	pthread_t t;

	machine(advice);
	memset(mem, 0, SIZE);
	copy = calloc(1, SIZE);
	if (manually)
		cap_manual(KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE);
	slot(LOG_FLAG);
	vm_load(&vm, GPA_CODE, g_counters, g_counters_end);
	vcpu_set_regs(&v, &r);
	OK(-pthread_create(&t, NULL, counting, NULL));
	while (!guest_done)
		copy_dirty(manually);
	pthread_join(t, NULL);
	copy_dirty(manually);
	for (i = 0; i < PAGES; i++) {
		CHECK_EQ(*(uint64_t *)(mem + i * 4096), rounds);
		if (*(uint64_t *)(copy + i * 4096) != rounds)
			FAIL("page %u: a write was lost", i);
	}
	log_expect(NULL, 0);
}

static void concurrent_classic(void)
{
	concurrent(MADV_NOHUGEPAGE, false);
}

static void concurrent_manual(void)
{
	concurrent(MADV_HUGEPAGE, true);
}

/* The tables the guest's CPU walks are written by the walk. */
static void page_tables(void)
{
	uint64_t map[RAM_SIZE / 4096 / 64], table, page;

	if (cpu_is_bochs() && !kvm_eptad())
		test_skip("Bochs walks past what EPT allows");
	machine(0);
	slot(0);
	pt_map(&v.pt, 0x7f0000000000, GPA_DATA, 1, PTE_P | PTE_W);
	table = pt_get(&v.pt, 0x7f0000000000, 2) & ~0xfffull;
	OK(vm_slot(&vm, SLOT_FLAGS(0, LOG_FLAG), 0, vm.mem, RAM_SIZE));
	OK(log_get(0, map));
	*vm_u64(&vm, GPA_DATA) = 0x7f0000000100;
	vcpu_set_regs(&v, &(struct kvm_regs){
		.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
		.rsi = GPA_DATA, .rcx = 1, .rdx = 1 });
	vcpu_until(&v, PORT_DONE);
	CHECK(pt_get(&v.pt, 0x7f0000000000, 1) & PTE_D);
	OK(log_get(0, map));
	page = table / 4096;
	CHECK(map[page / 64] >> page % 64 & 1);
	page = GPA_DATA / 4096;
	CHECK(map[page / 64] >> page % 64 & 1);
}

static void bad_arguments(void)
{
	uint64_t map[WORDS + 1];
	struct kvm_enable_cap c = { .cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
				    .args = { 4 } };

	machine(0);
	ERR(ioctl(vm.fd, KVM_ENABLE_CAP, &c), EINVAL);
	c.args[0] = KVM_DIRTY_LOG_INITIALLY_SET;
	ERR(ioctl(vm.fd, KVM_ENABLE_CAP, &c), EINVAL);
	c.args[0] = 1;
	c.flags = 1;
	ERR(ioctl(vm.fd, KVM_ENABLE_CAP, &c), EINVAL);
	cap_manual(KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE);
	memset(map, 0xff, sizeof(map));
	ERR(log_get(1, map), ENOENT);
	slot(0);
	ERR(log_get(1, map), ENOENT);
	ERR(log_clear(0, PAGES, map), ENOENT);
	slot(LOG_FLAG);
	touch(some, N(some), true);
	ERR(log_get(0xffff, map), EINVAL);
	ERR(log_get(0xffff0001, map), EINVAL);
	ERR(log_get(1, (void *)8), EFAULT);
	ERR(log_clear(1, 64, map), EINVAL);
	ERR(log_clear(0, 63, map), EINVAL);
	ERR(log_clear(0, PAGES + 64, map), EINVAL);
	ERR(log_clear(PAGES, 64, map), EINVAL);
	ERR(log_clear(~63ull, 128, map), EINVAL);
	ERR(log_clear(0, PAGES, (void *)8), EFAULT);
	log_expect(some, N(some));
}

static const struct test_case cases[] = {
	{ "classic_4k", classic_4k, 0 },
	{ "classic_huge", classic_huge, 0 },
	{ "fresh_slot", fresh_slot, 0 },
	{ "manual_4k", manual_4k, 0 },
	{ "manual_huge", manual_huge, 0 },
	{ "initially_set_4k", initially_set_4k, 0 },
	{ "initially_set_huge", initially_set_huge, 0 },
	{ "concurrent_classic", concurrent_classic, 240 },
	{ "concurrent_manual", concurrent_manual, 240 },
	{ "page_tables", page_tables, 0 },
	{ "bad_arguments", bad_arguments, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
