// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flush hypercalls of L2's that a Hyper-V in L1 leaves to L0 (TLFS, direct virtual flush),
 * by SVM: who answers them, whose translations go, and what L1 is told.
 */
#define _GNU_SOURCE
#include "hv.h"
#include "stat.h"
#include "svm.h"

#define DIRECT_FLUSH	(1u << 17)	/* leaf 0x4000000a, EAX */
#define PORT_L2		0x9a

/* What Hyper-V in L1 has: its assist page's word, and the partition's page. */
#define ASSIST_DIRECT	(*(volatile uint32_t *)(vm.mem + GPA_ASSIST + 32))
#define GPA_PARTITION	(GPA_IN + 0x1000)
#define LOCKS		(*(volatile uint32_t *)(vm.mem + GPA_PARTITION))

/* What L2 calls, and what it gets. */
#define WORD(n)		(*(volatile uint64_t *)(vm.mem + GPA_DATA2 + 8 * (n)))
#define INSN_VMMCALL	3
#define RIP_VMMCALL	(GPA_CODE2 + 31)

GUEST(64, g_calls,
      "1: mov 0x40000, %rcx\n mov 0x40008, %rdx\n mov 0x40010, %r8\n mov $-1, %rax\n"
      "vmmcall\n mov %rax, 0x40018\n out %al, $0x9a\n jmp 1b\n");

/* VM 7's processor 3. */
static void says_direct(struct vmcb *b)
{
	b->hv_control = 1;
	b->hv_vm = 7;
	b->hv_vp = 3;
	b->hv_assist = GPA_PARTITION;
}

static void start(void)
{
	skip_without_svm();
	hv_machine();
	if (!(hv_leaf(hv_supported(vm.kvm), 0x4000000a)->eax & DIRECT_FLUSH))
		test_skip("no direct flushes");
	l2_enter_here(g_calls, g_calls_end);
	intercept(EXIT_VMMCALL);
	CHECK_EQ(host_set(HV_OS_ID, LINUX_ID), 1);
	CHECK_EQ(host_set(HV_ASSIST, GPA_ASSIST | 1), 1);
	ASSIST_DIRECT = 1;
	says_direct(vmcb());
}

static void calls(uint64_t control, uint64_t input, uint64_t output)
{
	WORD(0) = control;
	WORD(1) = input;
	WORD(2) = output;
	WORD(3) = ~0ull;
}

/* By L0: L1 sees nothing of it. */
static void direct(uint64_t control, uint64_t input, uint64_t output, uint64_t result)
{
	calls(control, input, output);
	vcpu_until(&v, PORT_L2);
	CHECK_EQ(WORD(3), result);
}

/* By L1, which has done nothing yet. */
static void by_l1(uint64_t control)
{
	calls(control, 0, 3);
	l2_until(EXIT_VMMCALL);
	CHECK_EQ(vmcb()->rip, RIP_VMMCALL);
	CHECK_EQ(vmcb()->rax, ~0ull);
	CHECK_EQ(vcpu_regs(&v).rcx, control);
	vmcb()->rip = GPA_CODE2;
}

static void answered(void)
{
	start();
	direct(CALL_FLUSH | CALL_FAST, 0, 3, HV_OK);
	direct(CALL_FLUSH | CALL_FAST, 0, 3, HV_OK);
	/* Whether L1 intercepts it or not. */
	by_l1(CALL_SPIN | CALL_FAST);
	intercept_none(EXIT_VMMCALL);
	direct(CALL_FLUSH | CALL_FAST, 0, 3, HV_OK);
}
BOTH(answered)

static void not_enough(void)
{
	start();
	vmcb()->hv_control = 0;
	by_l1(CALL_FLUSH | CALL_FAST);
	vmcb()->hv_control = 1;
	ASSIST_DIRECT = 0;
	by_l1(CALL_FLUSH | CALL_FAST);
	ASSIST_DIRECT = 1;
	CHECK_EQ(host_set(HV_ASSIST, GPA_ASSIST), 1);
	by_l1(CALL_FLUSH | CALL_FAST);
	CHECK_EQ(host_set(HV_ASSIST, GPA_ASSIST | 1), 1);
	/* Of the others each is L1's. */
	by_l1(CALL_SPIN | CALL_FAST);
	by_l1(CALL_IPI | CALL_FAST);
	by_l1(CALL_IPI_EX | CALL_FAST);
	by_l1(CALL_POST);
	by_l1(0xbeef);
	direct(CALL_FLUSH | CALL_FAST, 0, 3, HV_OK);
}
BOTH(not_enough)

/* Its CPUID counts if userspace says so. */
static void enforced(void)
{
	struct kvm_cpuid2 *c;

	start();
	c = hv_table();
	OK(hv_enable(&v, KVM_CAP_HYPERV_ENFORCE_CPUID, 1));
	direct(CALL_FLUSH | CALL_FAST, 0, 3, HV_OK);
	vcpu_close(&v);
	vm_close(&vm);

	start();
	hv_leaf(c, 0x4000000a)->eax &= ~DIRECT_FLUSH;
	OK(ioctl(v.fd, KVM_SET_CPUID2, c));
	OK(hv_enable(&v, KVM_CAP_HYPERV_ENFORCE_CPUID, 1));
	by_l1(CALL_FLUSH | CALL_FAST);
}

/* L2's user programs make no hypercalls of L0's: what becomes of them is up to L1. */
static void above_cpl_0(void)
{
	start();
	if (is_stock())
		test_skip("Linux's KVM raises #UD in L2");
	vmcb()->cpl = 3;
	vmcb()->cs.attr |= 3 << 5;
	vmcb()->ss.attr |= 3 << 5;
	vmcb()->cs.selector = SEL_UCODE64;
	vmcb()->ss.selector = SEL_UDATA;
	by_l1(CALL_FLUSH | CALL_FAST);
}
BOTH(above_cpl_0)

/* L1 uses translations of L2's, and waits for L2 to be behind the flush. */
static void locked(void)
{
	start();
	LOCKS = 2;
	calls(CALL_FLUSH | CALL_FAST, 0, 3);
	l2_until(EXIT_HV);
	CHECK_EQ(vmcb()->info1, 1);
	CHECK_EQ(vmcb()->rip, RIP_VMMCALL + INSN_VMMCALL);
	CHECK_EQ(vmcb()->rax, HV_OK);
	CHECK_EQ(vmcb()->int_info, 0);
	LOCKS = 0;
	vcpu_until(&v, PORT_L2);
	CHECK_EQ(WORD(3), HV_OK);
	direct(CALL_FLUSH | CALL_FAST, 0, 3, HV_OK);
	/* It is the page that this VM's control block names. */
	LOCKS = 1;
	calls(CALL_FLUSH | CALL_FAST, 0, 3);
	l2_until(EXIT_HV);
	vmcb()->rip = GPA_CODE2;
	vmcb()->hv_assist = GPA_PARTITION + 0x100;
	direct(CALL_FLUSH | CALL_FAST, 0, 3, HV_OK);
}
BOTH(locked)

/* A page that is not there may be locked. */
static void locked_nowhere(void)
{
	start();
	if (is_stock())
		test_skip("Linux's KVM has L2 go on");
	vmcb()->hv_assist = GPA_HOLE;
	calls(CALL_FLUSH | CALL_FAST, 0, 3);
	l2_until(EXIT_HV);
	CHECK_EQ(vmcb()->info1, 1);
}
BOTH(locked_nowhere)

/* ---- input in memory ---- */

#define L2_PAGE		0x50000000ul	/* L1 has no such memory, and maps none there */
#define GPA_INPUT	(GPA_DATA2 + 0x1000)

static const uint64_t all[] = { 0, 3, 0 };
static const uint64_t by_set[] = { 0, 0, 0, 1, 1 << 3 };
static const uint64_t no_format[] = { 0, 0, 2, 1, 1 << 3 };

static void input(uint64_t gpa, const uint64_t *words, size_t bytes)
{
	memcpy(vm.mem + gpa, words, bytes);
}

static void in_memory(void)
{
	start();
	input(GPA_INPUT, all, sizeof(all));
	input(GPA_INPUT + 0x100, by_set, sizeof(by_set));
	input(GPA_INPUT + 0x200, no_format, sizeof(no_format));
	direct(CALL_FLUSH, GPA_INPUT, 0, HV_OK);
	direct(CALL_FLUSH_LIST | CALL_REPS(4), GPA_INPUT, 0, CALL_REPS(4));
	direct(CALL_FLUSH_EX | CALL_VAR(1), GPA_INPUT + 0x100, 0, HV_OK);
	if (is_stock())
		return;
	direct(CALL_FLUSH_EX | CALL_VAR(1), GPA_INPUT + 0x200, 0, HV_INPUT);
	direct(CALL_FLUSH | CALL_REPS(1), GPA_INPUT, 0, HV_INPUT);
	direct(CALL_FLUSH | 1ull << 63, GPA_INPUT, 0, HV_INPUT);
	direct(CALL_FLUSH, GPA_INPUT + 4, 0, HV_ALIGNMENT);
	direct(CALL_FLUSH, GPA_INPUT + 0xff0, 0, HV_INPUT);
	if (!with_npt)
		direct(CALL_FLUSH, L2_PAGE, 0, HV_INPUT);
}
BOTH(in_memory)

/* Where L2 has it, by L1's tables; which come to it first where they have nothing there. */
static void translated(void)
{
	with_npt = true;
	start();
	if (is_stock())
		test_skip("Linux's KVM refuses what L1 does not map");
	input(GPA_INPUT, by_set, sizeof(by_set));
	calls(CALL_FLUSH_EX | CALL_VAR(1), L2_PAGE, 0);
	l2_until(EXIT_NPF);
	CHECK_EQ(vmcb()->info2, L2_PAGE);
	/* A read, as by a user, in the translation of the address itself (APM 15.25.6). */
	CHECK_EQ(vmcb()->info1, 1ull << 32 | 4);
	CHECK_EQ(vmcb()->rip, RIP_VMMCALL);
	CHECK_EQ(vmcb()->rax, ~0ull);
	pt_map(&npt, L2_PAGE, GPA_INPUT, 1, PTE_P | PTE_W | PTE_U);
	vcpu_until(&v, PORT_L2);
	CHECK_EQ(WORD(3), HV_OK);
	/* To where there is no memory. */
	pt_map(&npt, L2_PAGE + 0x1000, GPA_HOLE, 1, PTE_P | PTE_W | PTE_U);
	direct(CALL_FLUSH_EX | CALL_VAR(1), L2_PAGE + 0x1000, 0, HV_INPUT);
	/* To where no table leads. */
	direct(CALL_FLUSH_EX | CALL_VAR(1), 1ull << 60, 0, HV_INPUT);
}

/* ---- whose translations go: v's L2 is VM 7's processor 3, w's is another ---- */

#define GPA_HSAVE2	0x2a000
#define GPA_L1_W	(GPA_CODE + 0x800)
#define GPA_L2_W	(GPA_CODE2 + 0x800)

/* As svm.c's, with the other control block. */
GUEST(64, g_l1_w,
      "mov $0xc0000080, %ecx\n rdmsr\n bts $12, %eax\n wrmsr\n"
      "mov $0xc0010117, %ecx\n mov $0x2a000, %eax\n xor %edx, %edx\n wrmsr\n"
      "1: mov $0x28000, %eax\n vmrun %rax\n out %al, $0x40\n stgi\n nop\n jmp 1b\n");
GUEST(64, g_idle, "1: out %al, $0x9a\n vmmcall\n jmp 1b\n");

static struct vmcb *vmcb_w(void)
{
	return (struct vmcb *)(vm.mem + GPA_VMCB2);
}

static void w_start(uint64_t hv_vm, uint32_t hv_vp)
{
	vm_load(&vm, GPA_L1_W, g_l1_w, g_l1_w_end);
	vm_load(&vm, GPA_L2_W, g_idle, g_idle_end);
	vcpu_mode(&w, MODE_LONG, GPA_L1_W);
	memcpy(vmcb_w(), vmcb(), sizeof(struct vmcb));
	vmcb_w()->hv_vm = hv_vm;
	vmcb_w()->hv_vp = hv_vp;
	vmcb_w()->rip = GPA_L2_W;
	vmcb_w()->rsp = GPA_STACK2 - 0x800;
}

/* Of w's next entry, which goes on to this port: did it flush? */
static bool w_flushes(uint16_t port)
{
	uint64_t before = stat_get(w.fd, "tlb_flush");

	vcpu_until(&w, port);
	return stat_get(w.fd, "tlb_flush") != before;
}

static void flush_set(uint64_t vp)
{
	uint64_t words[] = { 0, 0, 0, 1ull << vp / 64, 1ull << vp % 64 };

	input(GPA_INPUT, words, sizeof(words));
	direct(CALL_FLUSH_EX | CALL_VAR(1), GPA_INPUT, 0, HV_OK);
}

static void targets(void)
{
	start();
	if (is_stock() || !kvm_tdp())
		test_skip("the statistic counts other flushes, too");
	w_start(7, 70);
	vcpu_until(&w, PORT_L2);
	/* What was asked for while things were set up. */
	direct(CALL_FLUSH | CALL_FAST, 0, 3, HV_OK);
	vcpu_until(&w, PORT_L1);
	vmcb_w()->rip += INSN_VMMCALL;
	vcpu_until(&w, PORT_L2);
	vcpu_until(&w, PORT_L1);
	vmcb_w()->rip += INSN_VMMCALL;
	CHECK(!w_flushes(PORT_L2));
	/* By its number in L2's VM; VP_INDEX has no say. */
	flush_set(70);
	CHECK(w_flushes(PORT_L1));
	vmcb_w()->rip += INSN_VMMCALL;
	flush_set(1);
	CHECK(!w_flushes(PORT_L2));
	flush_set(69);
	CHECK(!w_flushes(PORT_L1));
	vmcb_w()->rip += INSN_VMMCALL;
	/* All of that VM; also while L1 runs, whose L2 may have left something. */
	direct(CALL_FLUSH | CALL_FAST, 0, 3, HV_OK);
	CHECK(w_flushes(PORT_L2));
	direct(CALL_FLUSH | CALL_FAST, 0, 3, HV_OK);
	CHECK(w_flushes(PORT_L1));
	vmcb_w()->rip += INSN_VMMCALL;
	/* Another VM's processor of that number. */
	vmcb_w()->hv_vm = 8;
	vcpu_until(&w, PORT_L2);
	flush_set(70);
	direct(CALL_FLUSH | CALL_FAST, 0, 3, HV_OK);
	CHECK(!w_flushes(PORT_L1));
}
BOTH(targets)

/* ---- what is saved ---- */

static void saved(void)
{
	struct {
		struct kvm_nested_state head;
		struct vmcb half;
	} s = { .head.size = sizeof(s) };
	struct kvm_sregs sregs;
	struct kvm_regs regs;

	start();
	if (is_stock())
		test_skip("Linux's KVM saves none of it");
	direct(CALL_FLUSH | CALL_FAST, 0, 3, HV_OK);
	/* OUT completes. */
	v.run->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0ul), EINTR);
	v.run->immediate_exit = 0;
	OK(ioctl(v.fd, KVM_GET_NESTED_STATE, &s));
	regs = vcpu_regs(&v);
	sregs = vcpu_sregs(&v);
	CHECK_EQ(s.half.hv_control, 1);
	CHECK_EQ(s.half.hv_vp, 3);
	CHECK_EQ(s.half.hv_vm, 7);
	CHECK_EQ(s.half.hv_assist, GPA_PARTITION);
	/* L2 goes on where it was, by what is there. */
	vmcb()->hv_control = 0;
	s.half.hv_control = 0;
	OK(ioctl(v.fd, KVM_SET_NESTED_STATE, &s));
	calls(CALL_FLUSH | CALL_FAST, 0, 3);
	l2_until(EXIT_VMMCALL);
	s.half.hv_control = 1;
	OK(ioctl(v.fd, KVM_SET_NESTED_STATE, &s));
	vcpu_set_regs(&v, &regs);
	OK(ioctl(v.fd, KVM_SET_SREGS, &sregs));
	direct(CALL_FLUSH | CALL_FAST, 0, 3, HV_OK);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		CASES(answered),
		CASES(not_enough),
		CASE(enforced),
		CASES(above_cpl_0),
		CASES(locked),
		CASES(locked_nowhere),
		CASES(in_memory),
		CASE(translated),
		CASES(targets),
		CASE(saved),
		{ }
	};

	return test_main(argc, argv, cases);
}
