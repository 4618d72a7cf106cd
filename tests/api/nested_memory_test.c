// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a guest's guest, L2, that writes counters into many pages while L0's userspace
 * takes those pages away, moves them and reads their dirty log, and while L1 maps them
 * elsewhere.  No write is lost, and each is in the log.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/mman.h>
#include "svm.h"
#include "uffd.h"

#define SLOT_GPA	0x10000000ul
#define PAGES		512ul
#define SIZE		(PAGES * 4096)
#define ROUNDS		120
#define PORT_ROUND	0x20

/* A counter at each page's start; a word to userspace at the end of each round. */
GUEST(64, g_count,
      "1: mov $0x10000000, %edi\n mov $512, %ecx\n"
      "2: incq (%rdi)\n add $4096, %rdi\n dec %ecx\n jnz 2b\n"
      "out %al, $0x20\n jmp 1b\n");

static uint8_t *mem;

/* Shared memory: what is taken away comes back as it was. */
static void machine(uint32_t flags)
{
	int fd = OK(memfd_create("slot", 0));

	OK(ftruncate(fd, 2 * SIZE));
	mem = mmap(NULL, 2 * SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(mem != MAP_FAILED);
	L2_START(g_count);
	intercept(EXIT_VMMCALL);
	OK(vm_slot(&vm, SLOT_FLAGS(1, flags), SLOT_GPA, mem, 2 * SIZE));
}

static void counters_check(uint64_t want)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		if (*(uint64_t *)(mem + i * 4096) != want)
			FAIL("page %u: expected %lu, got %lu", i, want,
			     *(uint64_t *)(mem + i * 4096));
}

/* ---- L0's userspace ---- */

static volatile bool guest_done;

static void *counting(void *arg)
{
	unsigned int i;

	(void)arg;
	for (i = 0; i < ROUNDS; i++)
		vcpu_until(&v, PORT_ROUND);
	guest_done = true;
	return NULL;
}

static void page_away(unsigned int page, unsigned int pages)
{
	if (page + pages > PAGES)
		pages = PAGES - page;
	OK(madvise(mem + page * 4096, pages * 4096, MADV_DONTNEED));
}

/* Pages go while L2 writes to them. */
static void taken_away(void)
{
	unsigned int n = 0;
	pthread_t t;

	guest_done = false;
	machine(0);
	OK(-pthread_create(&t, NULL, counting, NULL));
	while (!guest_done) {
		page_away(n % PAGES, 1 + n % 40);
		n += 37;
	}
	pthread_join(t, NULL);
	counters_check(ROUNDS);
}

/* They go elsewhere, and others come in their place, between two rounds. */
static void moved(void)
{
	unsigned int i;
	void *away = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	machine(0);
	for (i = 0; i < ROUNDS; i++) {
		vcpu_until(&v, PORT_ROUND);
		counters_check(i + 1);
		CHECK(mremap(mem, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, away) == away);
		CHECK(mremap(away, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, mem) == mem);
	}
}

static uint8_t copy[SIZE];

static void log_copy(void)
{
	uint64_t map[2 * PAGES / 64];
	struct kvm_dirty_log d = { .slot = 1 };
	unsigned int i;

	d.dirty_bitmap = map;
	OK(ioctl(vm.fd, KVM_GET_DIRTY_LOG, &d));
	for (i = 0; i < PAGES; i++)
		if (map[i / 64] >> i % 64 & 1)
			memcpy(copy + i * 4096, mem + i * 4096, 4096);
}

/* A migration in small, some pages away meanwhile. */
static void dirty_log(void)
{
	unsigned int i, n = 0;
	pthread_t t;

	guest_done = false;
	memset(copy, 0, sizeof(copy));
	machine(KVM_MEM_LOG_DIRTY_PAGES);
	OK(-pthread_create(&t, NULL, counting, NULL));
	while (!guest_done) {
		log_copy();
		page_away(n++ * 61 % PAGES, 8);
	}
	pthread_join(t, NULL);
	log_copy();
	counters_check(ROUNDS);
	for (i = 0; i < PAGES; i++)
		if (memcmp(copy + i * 4096, mem + i * 4096, 4096))
			FAIL("page %u: a write was lost", i);
}

/* ---- L1 ---- */

static uint64_t npt_small;

/* The 2 MiB of the counters by pages of 4 KiB. */
static void npt_split(void)
{
	unsigned int i;

	npt_small = vm_page(&vm);
	for (i = 0; i < PAGES; i++)
		vm_u64(&vm, npt_small)[i] = (SLOT_GPA + i * 4096) | PTE_P | PTE_W | PTE_U;
	*vm_u64(&vm, (pt_get(&npt, 0, 3) & ~0xfffull) + SLOT_GPA / 0x200000 * 8) =
		npt_small | PTE_P | PTE_W | PTE_U;
}

/* L1 moves a page's content to its place's other half, or back, and maps it there at once. */
static void l1_moves(unsigned int page)
{
	uint64_t from = (vm_u64(&vm, npt_small)[page] & ~0xfffull) - SLOT_GPA;
	uint64_t to = from ^ SIZE;

	memcpy(mem + to, mem + from, 4096);
	memset(mem + from, 0xaa, 4096);
	l1_store(npt_small + page * 8, (SLOT_GPA + to) | PTE_P | PTE_W | PTE_U);
}

/*
 * L1 under pressure: some pages are absent, which a fault brings back, at another address;
 * at the same time L0's userspace takes pages away.
 */
static void l1_pressure_npt(void)
{
	unsigned int round = 0, faults = 0, n = 0, i;
	uint64_t gfn;

	with_npt = true;
	machine(0);
	npt_split();
	vmcb()->intercept[EXIT_IO / 32] |= 1u << EXIT_IO % 32;
	vm.mem[GPA_IOPM + PORT_ROUND / 8] |= 1;
	while (round < ROUNDS / 4) {
		vcpu_until(&v, PORT_L1);
		if (vmcb()->exit_code == EXIT_NPF) {
			gfn = (vmcb()->info2 - SLOT_GPA) / 4096;
			CHECK(gfn < PAGES);
			l1_moves(gfn);
			faults++;
			continue;
		}
		CHECK_EQ(vmcb()->exit_code, EXIT_IO);
		vmcb()->rip = vmcb()->info2;
		vmcb()->tlb = 1;
		round++;
		for (i = 0; i < 40; i++, n += 29)
			l1_store(npt_small + n % PAGES * 8,
				 vm_u64(&vm, npt_small)[n % PAGES] & ~PTE_P);
		page_away(n % PAGES, 16);
	}
	/* The last 40 were not missed any more. */
	CHECK_EQ(faults, 40 * (round - 1));
	for (i = 0; i < PAGES; i++) {
		gfn = vm_u64(&vm, npt_small)[i] & ~0xfffull;
		CHECK_EQ(*(uint64_t *)(mem + (gfn - SLOT_GPA)), round);
	}
}

/* The slot of what VMSAVE writes goes while the write waits for its page. */
GUEST(64, g_vmsave, "mov $0x10000000, %eax\n vmsave\n" DONE);

static void *slot_delete(void *arg)
{
	OK(vm_slot(&vm, 1, SLOT_GPA, NULL, 0));
	return arg;
}

static void *vmsave(void *arg)
{
	vcpu_until(&v, PORT_DONE);
	return arg;
}

static void vmsave_slot_gone(void)
{
	static uint8_t page[4096] __attribute__((aligned(4096)));
	uint8_t *m = mem_new(4096, MADV_NOHUGEPAGE);
	struct kvm_sregs s;
	pthread_t saver, deleter;
	int fd;

	OK(madvise(m, 4096, MADV_DONTNEED));
	fd = uffd_register(m, 4096);
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	if (!cpu_is_amd())
		test_skip("no SVM");
	vcpu_code(&v, MODE_LONG, g_vmsave);
	s = vcpu_sregs(&v);
	s.efer |= 1 << 12;
	vcpu_set_sregs(&v, &s);
	vcpu_set_regs(&v, &(struct kvm_regs){ .rip = GPA_CODE, .rflags = 2 });
	OK(vm_slot(&vm, 1, SLOT_GPA, m, 4096));
	OK(-pthread_create(&saver, NULL, vmsave, NULL));
	CHECK(uffd_wait(fd) == m);
	OK(-pthread_create(&deleter, NULL, slot_delete, NULL));
	/* It is out of sight at once, and waits for who may still use it. */
	usleep(200000);
	uffd_give(fd, m, page);
	pthread_join(deleter, NULL);
	pthread_join(saver, NULL);
}

BOTH(taken_away)
BOTH(moved)
BOTH(dirty_log)

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		CASES(taken_away), CASES(moved), CASES(dirty_log), CASE(l1_pressure_npt),
		CASE(vmsave_slot_gone),
		{ }
	};

	return test_main(argc, argv, cases);
}
