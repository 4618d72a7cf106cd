// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dirty ring (api.rst 8.29): every write is in the ring of the vCPU that did it, and
 * is again after a reset; a full ring comes to userspace; what a vCPU's mapping shows,
 * and when rings are refused.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/mman.h>
#include "lib.h"

#ifndef KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP
#define KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP 225
#endif

static struct vm vm;
static struct vcpu v, w;

#define SLOT_GPA	0x40000000ul
#define PAGES		1088ul		/* 4 MiB, and 64 pages more */
#define SIZE		(PAGES * 4096)
#define LOG_FLAG	KVM_MEM_LOG_DIRTY_PAGES
#define ENTRIES		4096u
#define BYTES(n)	((n) * sizeof(struct kvm_dirty_gfn))
#define RING_OFFSET	(KVM_DIRTY_LOG_PAGE_OFFSET * 4096)

struct ring {
	struct kvm_dirty_gfn *entry;
	unsigned int n, next;
};

static uint8_t *mem;
static struct ring ring, other;

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

static int cap_set(uint32_t cap, uint64_t arg)
{
	struct kvm_enable_cap c = { .cap = cap, .args = { arg } };

	return ioctl(vm.fd, KVM_ENABLE_CAP, &c);
}

static void ring_map(struct vcpu *of, struct ring *r, unsigned int n)
{
	r->n = n;
	r->next = 0;
	r->entry = mmap(NULL, BYTES(n), PROT_READ | PROT_WRITE, MAP_SHARED, of->fd,
			RING_OFFSET);
	CHECK(r->entry != MAP_FAILED);
}

static void machine(int advice, unsigned int n)
{
	vm_new(&vm, 0);
	OK(cap_set(KVM_CAP_DIRTY_LOG_RING, BYTES(n)));
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_touch);
	ring_map(&v, &ring, n);
	mem = mem_new(SIZE, advice);
	memset(mem, 1, SIZE);
}

static void slot(uint32_t flags)
{
	OK(vm_slot(&vm, SLOT_FLAGS(1, flags), SLOT_GPA, mem, SIZE));
}

static void touch_start(struct vcpu *of, const unsigned int *pages, int n, bool write)
{
	int i;

	for (i = 0; i < n; i++)
		*vm_u64(&vm, GPA_DATA + i * 8) = SLOT_GPA + pages[i] * 4096ul + i % 4096;
	vcpu_set_regs(of, &(struct kvm_regs){
		.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
		.rsi = GPA_DATA, .rcx = n, .rdx = write });
}

static void touch(const unsigned int *pages, int n, bool write)
{
	touch_start(&v, pages, n, write);
	vcpu_until(&v, PORT_DONE);
}

/* All that is there: marks pages of slot 1; how many entries it was. */
static int harvest(struct ring *r, uint32_t id, uint8_t *seen)
{
	struct kvm_dirty_gfn *e;
	int n = 0;

	for (;; r->next++, n++) {
		e = &r->entry[r->next % r->n];
		if (__atomic_load_n(&e->flags, __ATOMIC_ACQUIRE) != KVM_DIRTY_GFN_F_DIRTY)
			return n;
		CHECK_EQ(e->slot, id);
		CHECK(e->offset < PAGES);
		seen[e->offset] = 1;
		__atomic_store_n(&e->flags, KVM_DIRTY_GFN_F_RESET, __ATOMIC_RELEASE);
	}
}

/* The ring must hold these pages and no others, and all of it is reset. */
static void ring_expect(const unsigned int *pages, int n)
{
	uint8_t seen[PAGES] = { 0 }, want[PAGES] = { 0 };
	unsigned int i;
	int entries;

	for (i = 0; i < (unsigned int)n; i++)
		want[pages[i]] = 1;
	entries = harvest(&ring, 1, seen);
	for (i = 0; i < PAGES; i++)
		if (seen[i] != want[i])
			FAIL("page %u: expected %s, got the other", i,
			     want[i] ? "dirty" : "clean");
	CHECK_EQ(ioctl(vm.fd, KVM_RESET_DIRTY_RINGS), entries);
	CHECK_EQ(ioctl(vm.fd, KVM_RESET_DIRTY_RINGS), 0);
	for (i = 0; i < (unsigned int)entries; i++)
		CHECK_EQ(ring.entry[(ring.next - 1 - i) % ring.n].flags, 0);
}

static const unsigned int some[] = { 0, 1, 5, 63, 64, 65, 200, 511, 512, 513,
				     1023, 1024, 1087 };
static const unsigned int others[] = { 2, 3, 64, 511, 700, 1086 };
#define N(a) ((int)(sizeof(a) / sizeof((a)[0])))

static void tracks(int advice)
{
	unsigned int all[PAGES], i;

	for (i = 0; i < PAGES; i++)
		all[i] = i;
	machine(advice, ENTRIES);
	slot(0);
	touch(all, PAGES, true);	/* so that huge mappings exist */
	ring_expect(NULL, 0);
	slot(LOG_FLAG);
	touch(all, PAGES, false);
	ring_expect(NULL, 0);
	touch(some, N(some), true);
	ring_expect(some, N(some));
	/* what was reset is written again */
	touch(some, N(some), true);
	touch(others, N(others), false);
	ring_expect(some, N(some));
	touch(others, N(others), true);
	ring_expect(others, N(others));
	for (i = 0; i < 5; i++) {	/* around the ring's end */
		touch(all, PAGES, true);
		ring_expect(all, PAGES);
	}
	slot(0);
	touch(some, N(some), true);
	ring_expect(NULL, 0);
	slot(LOG_FLAG);
	OK(madvise(mem, SIZE, MADV_DONTNEED));
	touch(others, N(others), true);
	ring_expect(others, N(others));
}

static void tracks_4k(void)
{
	tracks(MADV_NOHUGEPAGE);
}

static void tracks_huge(void)
{
	tracks(MADV_HUGEPAGE);
}

/* Until entries are reset KVM_RUN says so, and the guest makes no progress. */
static void full(void)
{
	unsigned int all[PAGES], i, seen_n = 0, exits = 0;
	uint8_t seen[PAGES] = { 0 };
	struct kvm_regs r;

	for (i = 0; i < PAGES; i++)
		all[i] = i;
	machine(MADV_NOHUGEPAGE, 1024);
	slot(LOG_FLAG);
	touch_start(&v, all, PAGES, true);
	while (vcpu_run(&v) == KVM_EXIT_DIRTY_RING_FULL) {
		exits++;
		r = vcpu_regs(&v);
		for (i = 0; i < 3; i++)
			CHECK_EQ(vcpu_run(&v), KVM_EXIT_DIRTY_RING_FULL);
		CHECK_EQ(vcpu_regs(&v).rip, r.rip);
		CHECK_EQ(vcpu_regs(&v).rsi, r.rsi);
		/* harvested is not reset */
		i = harvest(&ring, 1, seen);
		CHECK(i >= 256 && i < 1024);
		CHECK_EQ(vcpu_run(&v), KVM_EXIT_DIRTY_RING_FULL);
		CHECK_EQ(ioctl(vm.fd, KVM_RESET_DIRTY_RINGS), i);
	}
	CHECK_EQ(v.run->exit_reason, KVM_EXIT_IO);
	CHECK(exits);
	harvest(&ring, 1, seen);
	for (i = 0; i < PAGES; i++)
		seen_n += seen[i];
	CHECK_EQ(seen_n, PAGES);
}

/* Each write is in its own vCPU's ring. */
static void two_vcpus(void)
{
	uint8_t seen[PAGES] = { 0 };
	int n;

	machine(0, ENTRIES);
	vcpu_new(&vm, &w, 1);
	vcpu_mode(&w, MODE_LONG, GPA_CODE);
	ring_map(&w, &other, ENTRIES);
	slot(LOG_FLAG);
	touch(some, N(some), true);
	touch_start(&w, others, N(others), true);
	vcpu_until(&w, PORT_DONE);
	/* 64 and 511 could be written already */
	n = harvest(&other, 1, seen);
	CHECK(n >= N(others) - 2 && n <= N(others));
	CHECK(seen[2] && seen[3] && seen[700] && seen[1086] && !seen[0]);
	memset(seen, 0, sizeof(seen));
	CHECK_EQ(harvest(&ring, 1, seen), N(some));
	CHECK(seen[0] && seen[1087] && !seen[2]);
	CHECK_EQ(ioctl(vm.fd, KVM_RESET_DIRTY_RINGS), n + N(some));
}

/* Migration in small: a copy kept up by the ring equals the memory at last. */
static uint8_t *copy;
static volatile bool guest_done;

static void copy_dirty(void)
{
	uint8_t seen[PAGES] = { 0 };
	unsigned int i;
	int n = harvest(&ring, 1, seen);

	/* Reset first, copied then: a write in between is seen again. */
	CHECK_EQ(ioctl(vm.fd, KVM_RESET_DIRTY_RINGS), n);
	for (i = 0; i < PAGES; i++)
		if (seen[i])
			memcpy(copy + i * 4096, mem + i * 4096, 4096);
}

static void *counting(void *arg)
{
	uint32_t reason;

	(void)arg;
	do
		reason = vcpu_run(&v);
	while (reason == KVM_EXIT_DIRTY_RING_FULL);
	if (reason != KVM_EXIT_IO)
		FAIL("expected exit %u, got %s", KVM_EXIT_IO, vcpu_describe(&v));
	guest_done = true;
	return NULL;
}

static void concurrent(int advice)
{
	/* Where a fault takes long, there are enough of them in fewer rounds. */
	unsigned int i, rounds = 100 / test_patience();
	pthread_t t;

	machine(advice, 1024);
	memset(mem, 0, SIZE);
	copy = calloc(1, SIZE);
	slot(LOG_FLAG);
	vm_load(&vm, GPA_CODE, g_counters, g_counters_end);
	vcpu_set_regs(&v, &(struct kvm_regs){
		.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
		.rsi = SLOT_GPA, .rcx = PAGES, .rbx = rounds });
	OK(-pthread_create(&t, NULL, counting, NULL));
	while (!guest_done)
		copy_dirty();
	pthread_join(t, NULL);
	copy_dirty();
	for (i = 0; i < PAGES; i++) {
		CHECK_EQ(*(uint64_t *)(mem + i * 4096), rounds);
		if (*(uint64_t *)(copy + i * 4096) != rounds)
			FAIL("page %u: a write was lost", i);
	}
}

static void concurrent_4k(void)
{
	concurrent(MADV_NOHUGEPAGE);
}

static void concurrent_huge(void)
{
	concurrent(MADV_HUGEPAGE);
}

/* What KVM writes for a vCPU, here its clock, is in its ring. */
static void kvm_writes(void)
{
	struct { struct kvm_msrs h; struct kvm_msr_entry e; } m = {
		{ .nmsrs = 1 }, { .index = 0x4b564d01, .data = (SLOT_GPA + 77 * 4096) | 1 }
	};
	uint8_t seen[PAGES] = { 0 };

	machine(0, ENTRIES);
	slot(LOG_FLAG);
	CHECK_EQ(ioctl(v.fd, KVM_SET_MSRS, &m), 1);
	touch(some, 1, false);
	CHECK(harvest(&ring, 1, seen) >= 1);
	CHECK(seen[77]);
}

/* The tables the guest's CPU walks are written by the walk. */
static void page_tables(void)
{
	uint64_t table;
	struct kvm_dirty_gfn *e;
	bool found = false;

	if (cpu_is_bochs() && !kvm_eptad())
		test_skip("Bochs walks past what EPT allows");
	machine(0, ENTRIES);
	pt_map(&v.pt, 0x7f0000000000, GPA_DATA, 1, PTE_P | PTE_W);
	table = pt_get(&v.pt, 0x7f0000000000, 2) & ~0xfffull;
	OK(vm_slot(&vm, SLOT_FLAGS(0, LOG_FLAG), 0, vm.mem, RAM_SIZE));
	*vm_u64(&vm, GPA_DATA) = 0x7f0000000100;
	vcpu_set_regs(&v, &(struct kvm_regs){
		.rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
		.rsi = GPA_DATA, .rcx = 1, .rdx = 1 });
	vcpu_until(&v, PORT_DONE);
	CHECK(pt_get(&v.pt, 0x7f0000000000, 1) & PTE_D);
	for (e = ring.entry; e->flags; e++)
		found |= e->slot == 0 && e->offset == table / 4096;
	CHECK(found);
}

/* Entries that userspace made up, or whose slot is gone. */
static void nonsense(void)
{
	unsigned int i;

	machine(0, 1024);
	slot(LOG_FLAG);
	touch(some, N(some), true);
	for (i = 0; i < ring.n; i++) {
		ring.entry[i].slot = i & 1 ? 0xffffffff - i : i & 2 ? 1 : 0x10001 * i;
		ring.entry[i].offset = i & 1 ? i << 3 : ~0ull >> (i % 64);
		ring.entry[i].flags = 0xfffffffe;
	}
	CHECK(ioctl(vm.fd, KVM_RESET_DIRTY_RINGS) <= (int)ring.n);
	OK(vm_slot(&vm, 1, 0, NULL, 0));
	CHECK(ioctl(vm.fd, KVM_RESET_DIRTY_RINGS) <= (int)ring.n);
}

static void refusals(void)
{
	long max;
	struct kvm_dirty_log d = { .slot = 1 };
	struct kvm_clear_dirty_log c = { .slot = 1, .num_pages = PAGES };
	uint64_t map[PAGES / 64];

	vm_new(&vm, 0);
	max = vm_cap(&vm, KVM_CAP_DIRTY_LOG_RING);
	CHECK(max >= (long)BYTES(ENTRIES));
	CHECK_EQ(ioctl(vm.kvm, KVM_CHECK_EXTENSION, KVM_CAP_DIRTY_LOG_RING), max);
	CHECK_EQ(vm_cap(&vm, KVM_CAP_DIRTY_LOG_RING_ACQ_REL), max);
	ERR(ioctl(vm.fd, KVM_RESET_DIRTY_RINGS), EINVAL);
	ERR(cap_set(KVM_CAP_DIRTY_LOG_RING, 0), EINVAL);
	ERR(cap_set(KVM_CAP_DIRTY_LOG_RING, BYTES(ENTRIES) + 16), EINVAL);
	ERR(cap_set(KVM_CAP_DIRTY_LOG_RING, BYTES(ENTRIES) * 3), EINVAL);
	ERR(cap_set(KVM_CAP_DIRTY_LOG_RING, 16), EINVAL);
	ERR(cap_set(KVM_CAP_DIRTY_LOG_RING, max * 2), E2BIG);
	OK(cap_set(KVM_CAP_DIRTY_LOG_RING_ACQ_REL, max));
	ERR(cap_set(KVM_CAP_DIRTY_LOG_RING, max), EINVAL);
	ERR(cap_set(KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP, 0), EINVAL);
	CHECK_EQ(ioctl(vm.fd, KVM_RESET_DIRTY_RINGS), 0);
	mem = mem_new(SIZE, 0);
	slot(LOG_FLAG);
	d.dirty_bitmap = map;
	c.dirty_bitmap = map;
	ERR(ioctl(vm.fd, KVM_GET_DIRTY_LOG, &d), ENXIO);
	ERR(ioctl(vm.fd, KVM_CLEAR_DIRTY_LOG, &c), ENXIO);
	vm_close(&vm);
	/* too late */
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	ERR(cap_set(KVM_CAP_DIRTY_LOG_RING, BYTES(ENTRIES)), EINVAL);
}

static void mapping(void)
{
	const int rw = PROT_READ | PROT_WRITE;
	uint8_t seen[PAGES] = { 0 };
	struct kvm_dirty_gfn *half;

	machine(0, ENTRIES);
	CHECK(mmap(NULL, BYTES(ENTRIES), PROT_READ, MAP_PRIVATE, v.fd, RING_OFFSET) ==
	      MAP_FAILED);
	CHECK(mmap(NULL, BYTES(ENTRIES), PROT_READ | PROT_EXEC, MAP_SHARED, v.fd,
		   RING_OFFSET) == MAP_FAILED);
	half = mmap(NULL, BYTES(ENTRIES / 2), rw, MAP_SHARED, v.fd,
		    RING_OFFSET + BYTES(ENTRIES / 2));
	CHECK(half != MAP_FAILED);
	half[5].offset = 1234;
	CHECK_EQ(ring.entry[ENTRIES / 2 + 5].offset, 1234);
	/* it stays when the vCPU's descriptor is closed */
	slot(LOG_FLAG);
	touch(some, N(some), true);
	close(v.fd);
	vm_close(&vm);
	CHECK_EQ(harvest(&ring, 1, seen), N(some));
}

/* A bitmap beside the ring, for what the ring has no room for: nothing here. */
static void with_bitmap(void)
{
	struct kvm_clear_dirty_log c = { .slot = 1, .num_pages = PAGES };
	struct kvm_dirty_log d = { .slot = 1 };
	uint64_t map[PAGES / 64];
	unsigned int i;

	vm_new(&vm, -1);
	if (!vm_cap(&vm, KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP))
		test_skip("no KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP");
	ERR(cap_set(KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP, 0), EINVAL);
	OK(cap_set(KVM_CAP_DIRTY_LOG_RING_ACQ_REL, BYTES(ENTRIES)));
	OK(cap_set(KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP, 0));
	vm.size = RAM_SIZE;
	vm.mem = mem_new(vm.size, 0);
	OK(vm_slot(&vm, 0, 0, vm.mem, vm.size));
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_touch);
	ring_map(&v, &ring, ENTRIES);
	mem = mem_new(SIZE, 0);
	slot(LOG_FLAG);
	touch(some, N(some), true);
	d.dirty_bitmap = map;
	OK(ioctl(vm.fd, KVM_GET_DIRTY_LOG, &d));
	for (i = 0; i < PAGES / 64; i++)
		CHECK_EQ(map[i], 0);
	c.dirty_bitmap = map;
	OK(ioctl(vm.fd, KVM_CLEAR_DIRTY_LOG, &c));
	ring_expect(some, N(some));
}

static const struct test_case cases[] = {
	{ "tracks_4k", tracks_4k, 0 },
	{ "tracks_huge", tracks_huge, 0 },
	{ "full", full, 0 },
	{ "two_vcpus", two_vcpus, 0 },
	{ "concurrent_4k", concurrent_4k, 240 },
	{ "concurrent_huge", concurrent_huge, 240 },
	{ "kvm_writes", kvm_writes, 0 },
	{ "page_tables", page_tables, 0 },
	{ "nonsense", nonsense, 0 },
	{ "refusals", refusals, 0 },
	{ "mapping", mapping, 0 },
	{ "with_bitmap", with_bitmap, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
