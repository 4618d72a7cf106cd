// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page-modification logging (SDM vol. 3, 29.3.6), where the processor and kvm_intel's pml
 * have it: the log holds all that was written, and a page that was collected is written
 * again without a fault.  Elsewhere each costs one.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include "lib.h"
#include "stat.h"

#define SLOT_GPA	0x40000000ul
#define PAGES		1100ul		/* more than twice what the processor's page holds */
#define SIZE		(PAGES * 4096)
#define WORDS		((PAGES + 63) / 64)

static struct vm vm;
static struct vcpu v;
static uint8_t *mem;

/* RSI: first page, RCX: how many are written. */
GUEST(64, g_write,
      "1: incb (%rsi)\n add $4096, %rsi\n dec %rcx\n jnz 1b\n" DONE);

static void pages_write(unsigned int first, unsigned int n)
{
	struct kvm_regs r = { .rip = GPA_CODE, .rsp = GPA_STACK, .rflags = 2,
			      .rsi = SLOT_GPA + first * 4096ul, .rcx = n };

	vcpu_set_regs(&v, &r);
	vcpu_until(&v, PORT_DONE);
}

static void log_expect(unsigned int first, unsigned int n)
{
	uint64_t map[WORDS] = { 0 };
	struct kvm_dirty_log d = { .slot = 1, .dirty_bitmap = map };

	OK(ioctl(vm.fd, KVM_GET_DIRTY_LOG, &d));
	for (unsigned int i = 0; i < PAGES; i++)
		if ((map[i / 64] >> i % 64 & 1) != (i >= first && i < first + n))
			FAIL("page %u: expected %s, got the other", i,
			     i >= first && i < first + n ? "dirty" : "clean");
}

static void slot(uint32_t flags)
{
	OK(vm_slot(&vm, SLOT_FLAGS(1, flags), SLOT_GPA, mem, SIZE));
}

static void machine(int advice)
{
	vm_new(&vm, 0);
	vcpu_new(&vm, &v, 0);
	vcpu_code(&v, MODE_LONG, g_write);
	mem = mem_new(SIZE, advice);
	memset(mem, 1, SIZE);
	slot(0);
	pages_write(0, PAGES);
}

/* What was collected is written again: faults, and exits as the page fills up. */
static void again(int advice)
{
	uint64_t faults, exits;

	machine(advice);
	slot(KVM_MEM_LOG_DIRTY_PAGES);
	log_expect(0, 0);
	for (int round = 0; round < 3; round++) {
		faults = stat_get(v.fd, "pf_taken");
		exits = stat_get(v.fd, "exits");
		pages_write(0, PAGES);
		faults = stat_get(v.fd, "pf_taken") - faults;
		exits = stat_get(v.fd, "exits") - exits;
		if (intel_param("pml")) {
			CHECK_EQ(faults, 0);
			/* twice 512 pages, the last OUT, and the host's interrupts */
			CHECK(exits >= 3 && exits < PAGES / 8);
		} else {
			CHECK(faults >= PAGES);
		}
		log_expect(0, PAGES);
		log_expect(0, 0);
		pages_write(700, 3);
		log_expect(700, 3);
	}
}

static void again_4k(void)
{
	again(MADV_NOHUGEPAGE);
}

static void again_huge(void)
{
	again(MADV_HUGEPAGE);
}

/* Off and on: what was written in between does not count, what comes after does. */
static void off_and_on(void)
{
	machine(MADV_NOHUGEPAGE);
	for (int round = 0; round < 3; round++) {
		slot(KVM_MEM_LOG_DIRTY_PAGES);
		log_expect(0, 0);
		pages_write(10, 20);
		log_expect(10, 20);
		pages_write(0, PAGES);
		slot(0);
		pages_write(5, 7);
	}
}

/* A vCPU that is made while the log is on. */
static void late_vcpu(void)
{
	machine(MADV_NOHUGEPAGE);
	slot(KVM_MEM_LOG_DIRTY_PAGES);
	vcpu_new(&vm, &v, 1);
	vcpu_mode(&v, MODE_LONG, GPA_CODE);
	pages_write(0, PAGES);
	log_expect(0, PAGES);
	pages_write(600, 500);
	log_expect(600, 500);
}

/* Two slots, one of which logs, then the other. */
static void one_of_two(void)
{
	uint8_t *other;

	machine(MADV_NOHUGEPAGE);
	other = mem_new(SIZE, MADV_NOHUGEPAGE);
	OK(vm_slot(&vm, SLOT_FLAGS(2, KVM_MEM_LOG_DIRTY_PAGES), SLOT_GPA + (16ul << 20),
		   other, SIZE));
	pages_write(0, PAGES);
	slot(KVM_MEM_LOG_DIRTY_PAGES);
	log_expect(0, 0);
	OK(vm_slot(&vm, 2, SLOT_GPA + (16ul << 20), other, 0));
	pages_write(3, 5);
	log_expect(3, 5);
	pages_write(3, 5);
	log_expect(3, 5);
}

static const struct test_case cases[] = {
	{ "again_4k", again_4k, 0 },
	{ "again_huge", again_huge, 0 },
	{ "off_and_on", off_and_on, 0 },
	{ "late_vcpu", late_vcpu, 0 },
	{ "one_of_two", one_of_two, 0 },
	{ NULL, NULL, 0 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, cases);
}
