// SPDX-License-Identifier: GPL-2.0-only
/*
 * The APIC-access page that L1 gives its guest: which accesses exit, which come to the
 * virtual-APIC page, and what follows a write (SDM vol. 3, 30.4).
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "vmx.h"

#define GPA_ACCESS	(GPA_DATA2 + 0x2000)
#define ACCESS(offset)	(*(uint32_t *)(vm.mem + GPA_ACCESS + (offset)))
#define REG(offset)	(*(uint32_t *)(vm.mem + GPA_VAPIC + (offset)))
enum { VTPR = 0x80, VEOI = 0xb0, VISR = 0x100, VIRR = 0x200, ICR = 0x300, ICR2 = 0x310 };

#define FLAGS_IF	0x200

/* Of an exit: the type (table 28-6), by bits 15:12. */
enum { READ = 0, WRITE = 1, EVENT = 3 };
#define QUAL(type, offset) ((type) << 12 | (offset))

#define VALUE	0x11223344u

static uint64_t l2_read(unsigned int n)
{
	return *vm_u64(&vm, GPA_DATA2 + n * 8);
}

/* The page by 4 KiB: with larger ones the control need not act (30.4.5). */
static void ept_small(void)
{
	uint64_t table = vm_page(&vm), a;

	for (a = 0; a < 512; a++)
		*vm_u64(&vm, table + a * 8) = a << 12 | EPT_RWX | EPT_WB;
	*vm_u64(&vm, pt_get(&ept, 0, 3) & ~0xfffull) = table | EPT_RWX;
}

/* @controls: secondary ones; @shadow: with a TPR shadow. */
#define PAGE_START(name, controls, shadow) page_start(name, name##_end, controls, shadow)
static void page_start(const uint8_t *code, const uint8_t *end, uint32_t controls, bool shadow)
{
	unsigned int i;

	l2_start(code, end);
	if (with_ept)
		ept_small();
	need(F_CPU, CPU_SECOND | (shadow ? CPU_TPR : 0));
	need(F_CPU2, controls | CPU2_APIC_ACCESS);
	f_or(F_CPU, CPU_SECOND | (shadow ? CPU_TPR : 0));
	f_or(F_CPU2, controls | CPU2_APIC_ACCESS);
	f_set(F_APIC_ACCESS, GPA_ACCESS);
	f_set(F_VAPIC, GPA_VAPIC);
	f_set(F_THRESHOLD, 0);
	if (controls & CPU2_VINTR) {
		f_or(F_PIN, PIN_INTR);
		f_set(F_INTR_STATUS, 0);
		for (i = 0; i < 4; i++)
			f_set(F_EOI_MAP + 2 * i, 0);
	}
	for (i = 0; i < 0x1000; i += 4) {
		ACCESS(i) = 0xdeadbeef;
		REG(i) = VALUE + i;
	}
}

/* What L2 has accessed is never the page itself. */
static void page_is_whole(void)
{
	unsigned int i;

	for (i = 0; i < 0x1000; i += 4)
		CHECK_EQ(ACCESS(i), 0xdeadbeef);
}

static void access_exits(unsigned int type, unsigned int offset, unsigned int at)
{
	l2_until(R_APIC_ACCESS);
	CHECK_EQ(f_get(F_QUAL), QUAL(type, offset));
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + at);
	CHECK_EQ(f_get(F_VECTORING) & INFO_VALID, 0);
}

/* ---- exits ---- */

/* 7 bytes each.  No fetch: it ends the lab's emulated processor. */
GUEST(64, g_accesses, "mov 0x42080, %eax\n mov %eax, 0x42080\n mov 0x42ffc, %eax\n"
      "mov %eax, 0x42300\n vmcall\n");

static void all_exit(void)
{
	static const struct { unsigned int type, offset; } want[] = {
		{ READ, 0x80 }, { WRITE, 0x80 }, { READ, 0xffc }, { WRITE, 0x300 },
	};
	unsigned int i;

	PAGE_START(g_accesses, 0, false);
	for (i = 0; i < 4; i++) {
		access_exits(want[i].type, want[i].offset, 7 * i);
		f_set(F_RIP, GPA_CODE2 + 7 * (i + 1));
	}
	l2_until(R_VMCALL);
	page_is_whole();
}

/* Without the control it is memory. */
GUEST(64, g_memory, "mov 0x42080, %eax\n mov %eax, 0x40000\n movl $5, 0x42300\n vmcall\n");

static void no_control(void)
{
	PAGE_START(g_memory, 0, true);
	f_set(F_CPU2, f_made(F_CPU2) & ~(uint64_t)CPU2_APIC_ACCESS);
	l2_until(R_VMCALL);
	CHECK_EQ(l2_read(0), 0xdeadbeef);
	CHECK_EQ(ACCESS(0x300), 5);
	/* And then it is not. */
	f_or(F_CPU2, CPU2_APIC_ACCESS);
	f_set(F_RIP, GPA_CODE2 + 14);
	access_exits(WRITE, 0x300, 14);
	f_set(F_CPU2, f_made(F_CPU2) & ~(uint64_t)CPU2_APIC_ACCESS);
	ACCESS(0x300) = 6;
	l2_until(R_VMCALL);
	CHECK_EQ(ACCESS(0x300), 5);
}

/* L2's stack lies there, and INT needs it. */
GUEST(64, g_int, "mov $0x42800, %esp\n int $0x20\n vmcall\n");

static void in_delivery(void)
{
	PAGE_START(g_int, 0, false);
	l2_until(R_APIC_ACCESS);
	CHECK_EQ(f_get(F_QUAL) & 0xf000, QUAL(EVENT, 0));
	CHECK_EQ(f_get(F_VECTORING), INFO_VALID | INFO_SOFT | 0x20);
	CHECK_EQ(f_get(F_LEN), 2);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 5);
	page_is_whole();
}

/* ---- TPR shadow: 0x80 alone ---- */

/* 8 bytes; L0 may not know the instruction, and that is not L1's end. */
GUEST(64, g_unknown, "paddb 0x42080, %mm0\n");
/* The processor reads before it finds out that L1 has a mask for CR0: no loop. */
GUEST(64, g_lmsw, "lmsw 0x42080\n vmcall\n");

static void unknown(void)
{
	PAGE_START(g_unknown, 0, true);
	access_exits(READ, 0x80, 0);
	vm_close(&vm);
	PAGE_START(g_lmsw, 0, true);
	f_set(F_CR0_MASK, 1 << 1);
	access_exits(READ, 0x80, 0);
}

GUEST(64, g_tpr, "mov 0x42080, %eax\n mov %rax, 0x40000\n mov 0x42081, %al\n vmcall\n"
      "movl $0x12345657, 0x42080\n mov 0x42080, %eax\n mov %rax, 0x40008\n"
      "mov 0x42080, %rax\n vmcall\n movl $0x2f, 0x42080\n nop\n vmcall\n"
      "mov 0x420b0, %eax\n vmcall\n mov %eax, 0x420b0\n");

static void tpr(void)
{
	PAGE_START(g_tpr, 0, true);
	f_set(F_THRESHOLD, 3);
	access_exits(READ, 0x81, 15);
	CHECK_EQ(l2_read(0), VALUE + VTPR);
	l2_next(7, R_VMCALL);
	f_set(F_RIP, GPA_CODE2 + 25);
	l2_until(R_APIC_ACCESS);
	/* A write clears the other bytes, and 8 bytes are not virtualized. */
	CHECK_EQ(f_get(F_QUAL), QUAL(READ, 0x80));
	CHECK_EQ(l2_read(1), 0x57);
	CHECK_EQ(REG(VTPR), 0x57);
	CHECK_EQ(REG(VTPR + 4), VALUE + VTPR + 4);
	l2_next(8, R_VMCALL);
	l2_next(3, R_TPR);
	CHECK_EQ(REG(VTPR), 0x2f);
	f_set(F_THRESHOLD, 2);
	l2_until(R_VMCALL);
	l2_next(3, R_APIC_ACCESS);
	CHECK_EQ(f_get(F_QUAL), QUAL(READ, 0xb0));
	l2_next(7, R_VMCALL);
	l2_next(3, R_APIC_ACCESS);
	CHECK_EQ(f_get(F_QUAL), QUAL(WRITE, 0xb0));
	page_is_whole();
}

GUEST(64, g_tpr_or, "orb $0x20, 0x42080\n mov %cr8, %rax\n mov %rax, 0x40000\n vmcall\n");

static void tpr_modify(void)
{
	PAGE_START(g_tpr_or, 0, true);
	REG(VTPR) = 0x57;
	l2_until(R_VMCALL);
	CHECK_EQ(REG(VTPR), 0x77);
	CHECK_EQ(l2_read(0), 7);
}

/* Behind the entry, which is not refused (27.7.7). */
GUEST(64, g_nops, "nop\n nop\n vmcall\n");

static void threshold(void)
{
	PAGE_START(g_nops, 0, true);
	REG(VTPR) = 0x2f;
	f_set(F_THRESHOLD, 3);
	l2_until(R_TPR);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2);
	f_set(F_THRESHOLD, 2);
	l2_until(R_VMCALL);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 2);
	vm_close(&vm);
	PAGE_START(g_nops, 0, false);
	REG(VTPR) = 0x2f;
	f_set(F_THRESHOLD, 3);
	l2_until(R_VMCALL);
}

GUEST(64, g_out_vmcall, "out %al, $0x30\n vmcall\n");

/* Userspace sets what acts on every level while L2 has its page: L1's memory is left alone. */
static void threshold_stopped(void)
{
	struct kvm_guest_debug debug = { .control = KVM_GUESTDBG_ENABLE };
	struct kvm_debugregs regs;

	PAGE_START(g_out_vmcall, 0, true);
	REG(VTPR) = 0x2f;
	f_set(F_THRESHOLD, 2);
	l2_out(0x30);
	OK(ioctl(v.fd, KVM_GET_DEBUGREGS, &regs));
	OK(ioctl(v.fd, KVM_SET_DEBUGREGS, &regs));
	OK(ioctl(v.fd, KVM_SET_GUEST_DEBUG, &debug));
	l2_until(R_VMCALL);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 2);
}

/* A byte is virtualized and the next is not, also for a string that userspace could have whole. */
GUEST(64, g_outs, "mov $0x42080, %esi\n mov $4, %ecx\n mov $0x30, %edx\n rep outsb\n");

static void string(void)
{
	PAGE_START(g_outs, 0, true);
	vcpu_expect(&v, KVM_EXIT_IO);
	CHECK_EQ(v.run->io.count, 1);
	CHECK_EQ(*((uint8_t *)v.run + v.run->io.data_offset), (uint8_t)(VALUE + VTPR));
	access_exits(READ, 0x81, 15);
	page_is_whole();
}

/* ---- APIC-register virtualization ---- */

GUEST(64, g_regs, "mov 0x42020, %eax\n mov %rax, 0x40000\n mov 0x42030, %eax\n mov %rax, 0x40008\n"
      "movzwl 0x42372, %eax\n mov %rax, 0x40010\n movl $7, 0x42310\n movb $9, 0x42301\n nop\n"
      "movl $1, 0x420f0\n nop\n movl $1, 0x42030\n");

static void registers(void)
{
	PAGE_START(g_regs, CPU2_APIC_REGS, true);
	l2_until(R_APIC_WRITE);
	CHECK_EQ(f_get(F_QUAL), 0x301);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 15 + 15 + 16 + 11 + 8);
	CHECK_EQ(f_get(F_RFLAGS) & 1 << 16, 0);
	CHECK_EQ(l2_read(0), VALUE + 0x20);
	CHECK_EQ(l2_read(1), VALUE + 0x30);
	CHECK_EQ(l2_read(2), (VALUE + 0x370) >> 16);
	CHECK_EQ(REG(ICR), ((VALUE + ICR) & ~0xff00u) | 0x900);
	CHECK_EQ(REG(ICR2), 0);
	l2_until(R_APIC_WRITE);
	CHECK_EQ(f_get(F_QUAL), 0xf0);
	CHECK_EQ(REG(0xf0), 1);
	access_exits(WRITE, 0x30, 15 + 15 + 16 + 11 + 8 + 1 + 11 + 1);
	CHECK_EQ(REG(0x30), VALUE + 0x30);
	page_is_whole();
}

/*
 * Its trap waits until L1 has seen the write (28.3.4).  The pages are there by then: what
 * an EPT violation interrupts has trapped already, if one asks the lab's processor.
 */
GUEST(64, g_step, "mov 0x420f0, %eax\n vmcall\n movl $1, 0x420f0\n nop\n vmcall\n");

static void stepped(void)
{
	struct exc e;

	PAGE_START(g_step, CPU2_APIC_REGS, true);
	l2_until(R_VMCALL);
	f_set(F_RIP, GPA_CODE2 + 10);
	f_set(F_RFLAGS, 2 | 1 << 8);
	l2_until(R_APIC_WRITE);
	CHECK_EQ(f_get(F_PENDING_DB), 1 << 14);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 21);
	e = exc_next(&v);
	CHECK_EQ(e.vector, 1);
	CHECK_EQ(e.rip, GPA_CODE2 + 21);
}

/* What is read may be no register that can be written: the instruction does nothing. */
GUEST(64, g_modify, "mov $5, %ebx\n xadd %ebx, 0x42030\n vmcall\n");
GUEST(64, g_xchg, "mov $5, %ebx\n xchg %ebx, 0x420f0\n mov %rbx, 0x40000\n vmcall\n");

static void modify(void)
{
	PAGE_START(g_modify, CPU2_APIC_REGS, true);
	l2_until(R_APIC_ACCESS);
	CHECK_EQ(f_get(F_QUAL) & 0xfff, 0x30);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 5);
	CHECK_EQ(REG(0x30), VALUE + 0x30);
	vm_close(&vm);
	PAGE_START(g_xchg, CPU2_APIC_REGS, true);
	l2_until(R_APIC_WRITE);
	CHECK_EQ(f_get(F_QUAL), 0xf0);
	CHECK_EQ(REG(0xf0), 5);
	l2_until(R_VMCALL);
	CHECK_EQ(l2_read(0), VALUE + 0xf0);
}

/* 8 bytes are not virtualized; L2 is in the handler of an NMI, and stays there. */
GUEST(64, g_wide, "mov %rax, 0x42080\n");

static void wide_write(void)
{
	PAGE_START(g_wide, 0, true);
	f_set(F_INTR, 1 << 3);
	access_exits(WRITE, 0x80, 0);
	CHECK_EQ(f_get(F_INTR), 1 << 3);
}

/* ---- virtual-interrupt delivery ---- */

#define IRQ_CONTROLS	(CPU2_APIC_REGS | CPU2_VINTR)
#define STATUS(rvi, svi) ((rvi) | (svi) << 8)

static void sets_clear(void)
{
	unsigned int i;

	for (i = 0; i < 0x80; i += 16)
		REG(VISR + i) = REG(VIRR + i) = 0;
	REG(VTPR) = 0;
}

GUEST(64, g_eoi, "movl $0, 0x420b0\n nop\n vmcall\n");

static void eoi(void)
{
	PAGE_START(g_eoi, IRQ_CONTROLS, true);
	sets_clear();
	f_set(F_INTR_STATUS, STATUS(0, 0x61));
	REG(VISR + 0x30) = 1 << 1;
	f_set(F_EOI_MAP + 2, 1ull << (0x61 - 64));
	l2_until(R_EOI);
	CHECK_EQ(f_get(F_QUAL), 0x61);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 11);
	CHECK_EQ(REG(VEOI), 0);
	CHECK_EQ(REG(VISR + 0x30), 0);
	CHECK_EQ(f_get(F_INTR_STATUS), 0);
	l2_until(R_VMCALL);
	page_is_whole();
}

GUEST(64, g_ipi, "movl $0x40051, 0x42300\n nop\n sti\n nop\n nop\n vmcall\n"
      "movl $0x40f51, 0x42300\n nop\n vmcall\n");

static void self_ipi(void)
{
	struct exc e;

	PAGE_START(g_ipi, IRQ_CONTROLS, true);
	sets_clear();
	e = exc_next(&v);
	CHECK_EQ(e.vector, 0x51);
	CHECK_EQ(e.rip, GPA_CODE2 + 11 + 1 + 2);
	CHECK_EQ(REG(ICR), 0x40051);
	l2_until(R_VMCALL);
	CHECK_EQ(f_get(F_INTR_STATUS), STATUS(0, 0x51));
	/* Another delivery mode is L1's to send. */
	l2_next(3, R_APIC_WRITE);
	CHECK_EQ(f_get(F_QUAL), ICR);
	CHECK_EQ(REG(ICR), 0x40f51);
	CHECK_EQ(f_get(F_INTR_STATUS), STATUS(0, 0x51));
	page_is_whole();
}

/* Without the other control it is writes of three registers, and reads of one. */
GUEST(64, g_three, "movl $0x20, 0x42080\n mov 0x42080, %eax\n mov %rax, 0x40000\n"
      "movl $0x40f51, 0x42300\n vmcall\n movl $0, 0x420b0\n mov 0x420b0, %eax\n vmcall\n"
      "movl $1, 0x42310\n");

static void three(void)
{
	PAGE_START(g_three, CPU2_VINTR, true);
	sets_clear();
	l2_until(R_APIC_WRITE);
	CHECK_EQ(f_get(F_QUAL), ICR);
	CHECK_EQ(l2_read(0), 0x20);
	l2_until(R_VMCALL);
	l2_next(3, R_APIC_ACCESS);
	CHECK_EQ(f_get(F_QUAL), QUAL(READ, 0xb0));
	CHECK_EQ(REG(VEOI), 0);
	l2_next(7, R_VMCALL);
	l2_next(3, R_APIC_ACCESS);
	CHECK_EQ(f_get(F_QUAL), QUAL(WRITE, 0x310));
}

/* ---- the frame ---- */

GUEST(64, g_out, "out %al, $0x30\n 1: mov 0x42ffc, %eax\n vmcall\n out %al, $0x30\n jmp 1b\n");

static void again(void)
{
	access_exits(READ, 0xffc, 2);
	f_set(F_RIP, GPA_CODE2 + 9);
	l2_until(R_VMCALL);
	f_set(F_RIP, GPA_CODE2);
}

/* Another host page, while L2 has stopped and while L1 runs; and L2's first access there. */
static void moved(void)
{
	void *page;
	int i;

	PAGE_START(g_out, 0, false);
	page = vm.mem + GPA_ACCESS;
	l2_out(0x30);
	again();
	for (i = 0; i < 4; i++) {
		if (i & 1)
			l2_out(0x30);
		if (i & 2)
			CHECK(mmap(page, 0x1000, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page);
		else
			OK(madvise(page, 0x1000, MADV_DONTNEED));
		if (!(i & 1))
			l2_out(0x30);
		/* The frame that it had is another's now. */
		memset(vm.mem + GPA_DATA2 + 0x10000, 1, 0x10000);
		again();
	}
}

/* Slots: nothing there, then something, and something else. */
static void slots(void)
{
	void *pages = mmap(NULL, 0x2000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	uint64_t table;

	PAGE_START(g_out, 0, false);
	if (with_ept) {
		table = *vm_u64(&vm, pt_get(&ept, 0, 3) & ~0xfffull) & ~0xfffull;
		*vm_u64(&vm, table + GPA_ACCESS / 0x1000 * 8) = GPA_HOLE | EPT_RWX | EPT_WB;
	}
	f_set(F_APIC_ACCESS, GPA_HOLE);
	vcpu_expect(&v, KVM_EXIT_INTERNAL_ERROR);
	CHECK_EQ(v.run->internal.suberror, KVM_INTERNAL_ERROR_EMULATION);
	vcpu_expect(&v, KVM_EXIT_INTERNAL_ERROR);
	OK(vm_slot(&vm, 1, GPA_HOLE, pages, 0x1000));
	l2_out(0x30);
	if (!with_ept)
		return;
	again();
	l2_out(0x30);
	OK(vm_slot(&vm, 1, GPA_HOLE, pages, 0));
	OK(vm_slot(&vm, 1, GPA_HOLE, pages + 0x1000, 0x1000));
	again();
	l2_out(0x30);
	OK(vm_slot(&vm, 1, GPA_HOLE, pages, 0));
	vcpu_expect(&v, KVM_EXIT_INTERNAL_ERROR);
	OK(vm_slot(&vm, 1, GPA_HOLE, pages, 0x1000));
	again();
}

/* L2 goes on elsewhere. */
static void state_moves(void)
{
	PAGE_START(g_out, 0, true);
	l2_out(0x30);
	l2_moves();
	again();
	l2_out(0x30);
	again();
}

/* Without EPT L2 has L1's addresses, and finds L1's LAPIC where that is. */
GUEST(64, g_lapic, "mov $0xfee000f0, %ebx\n mov (%rbx), %eax\n mov %rax, 0x40000\n vmcall\n"
      "mov 0x42030, %eax\n");

static void lapic_is_l1s(void)
{
	with_lapic = true;
	PAGE_START(g_lapic, 0, true);
	l2_until(R_VMCALL);
	CHECK_EQ(l2_read(0), 0x1ff);
	f_set(F_RIP, GPA_CODE2 + 18);
	access_exits(READ, 0x30, 18);
}

/* The same page, but on tables that nobody has looked at. */
GUEST(64, g_both, "mov 0x42030, %eax\n mov $0xfee000f0, %ebx\n mov (%rbx), %eax\n"
      "mov %rax, 0x40000\n vmcall\n mov 0x42030, %eax\n");

static void ept_ends(void)
{
	with_lapic = with_ept = true;
	PAGE_START(g_both, 0, true);
	access_exits(READ, 0x30, 0);
	f_set(F_CPU2, f_made(F_CPU2) & ~(uint64_t)CPU2_EPT);
	l2_next(7, R_VMCALL);
	CHECK_EQ(l2_read(0), 0x1ff);
	l2_next(3, R_APIC_ACCESS);
	CHECK_EQ(f_get(F_QUAL), QUAL(READ, 0x30));
}

BOTH(all_exit)
BOTH(no_control)
BOTH(in_delivery)
BOTH(unknown)
BOTH(tpr)
BOTH(tpr_modify)
BOTH(threshold)
BOTH(threshold_stopped)
BOTH(registers)
BOTH(stepped)
BOTH(modify)
BOTH(wide_write)
BOTH(eoi)
BOTH(self_ipi)
BOTH(moved)
BOTH(slots)
BOTH(state_moves)

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		CASES(all_exit), CASES(no_control), CASES(in_delivery),
		CASES(unknown), CASES(tpr), CASES(tpr_modify),
		CASES(threshold), CASES(threshold_stopped), CASES(registers), CASES(stepped),
		CASES(modify), CASES(wide_write), CASES(eoi), CASES(self_ipi), CASE(three),
		CASES(moved), CASES(slots), CASES(state_moves), CASE(lapic_is_l1s), CASE(string),
		CASE(ept_ends), { }
	};

	return test_main(argc, argv, cases);
}
