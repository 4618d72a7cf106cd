// SPDX-License-Identifier: GPL-2.0-only
/* Features of the processor that L1 gives to L2 by a control of its own (SDM vol. 3, 25.6.2). */
#define _GNU_SOURCE
#include <x86intrin.h>
#include "vmx.h"

#define INSN_VMCALL	3

/* ---- L2's counter at another rate than L1's, which may have another than the host's ---- */

GUEST(64, g_scaled, "rdtsc\n vmcall\n mov $0x10, %ecx\n rdmsr\n vmcall\n out %al, $0x20\n"
      "rdtsc\n vmcall\n");

#define L2_OFFSET	0x123456789abcull

/* L1's counter with so many bits of fraction in each ratio, and then L2's (26.3). */
static uint64_t l1_offset;

static uint64_t l2_tsc(uint64_t host, uint64_t khz, uint64_t host_khz, uint64_t ratio)
{
	uint64_t l1 = (unsigned __int128)host * khz / host_khz + l1_offset;

	return ((unsigned __int128)l1 * ratio >> 48) + L2_OFFSET;
}

/* Rates as the host's and L1's: what L2 has read is between what it was before and after. */
static void scaled_is(uint64_t before, uint64_t khz, uint64_t host_khz, uint64_t ratio)
{
	uint64_t tsc = (uint32_t)l2_rax() | l2_rdx() << 32, after = __rdtsc();
	uint64_t slack = 4 + (ratio >> 47);

	before = l2_tsc(before, khz, host_khz, ratio);
	after = l2_tsc(after, khz, host_khz, ratio);
	if (tsc - before + slack > after - before + 2 * slack)
		FAIL("%#llx at %llu kHz, ratio %#llx", (unsigned long long)tsc,
		     (unsigned long long)khz, (unsigned long long)ratio);
}

static void scaled_by(uint64_t offset, unsigned int per_mille, uint64_t ratio)
{
	struct { struct kvm_nested_state head; uint8_t space[8192]; } state;
	uint64_t host_khz, khz, before;
	struct kvm_device_attr a = { .group = KVM_VCPU_TSC_CTRL, .addr = (uintptr_t)&l1_offset };

	L2_START(g_scaled);
	need(F_CPU2, CPU2_TSC_SCALING);
	host_khz = OK(ioctl(v.fd, KVM_GET_TSC_KHZ, 0ul));
	khz = host_khz * per_mille / 1000;
	OK(ioctl(v.fd, KVM_SET_TSC_KHZ, khz));
	l1_offset = offset;
	OK(ioctl(v.fd, KVM_SET_DEVICE_ATTR, &a));
	f_or(F_CPU, CPU_SECOND | CPU_TSC_OFFSET | CPU_MSR_MAP);
	f_or(F_CPU2, CPU2_TSC_SCALING);
	f_set(F_MSR_MAP, GPA_MAPS + 0x2000);
	f_set(F_TSC_OFFSET, L2_OFFSET);
	f_set(F_TSC_MULTIPLIER, ratio);
	before = __rdtsc();
	l2_until(R_VMCALL);
	scaled_is(before, khz, host_khz, ratio);
	before = __rdtsc();
	l2_next(INSN_VMCALL, R_VMCALL);
	scaled_is(before, khz, host_khz, ratio);
	f_set(F_RIP, f_get(F_RIP) + INSN_VMCALL);
	l2_out(0x20);
	v.run->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0), EINTR);
	v.run->immediate_exit = 0;
	state.head = (struct kvm_nested_state){ .size = sizeof(state) };
	OK(ioctl(v.fd, KVM_GET_NESTED_STATE, &state));
	OK(ioctl(v.fd, KVM_SET_NESTED_STATE, &state));
	before = __rdtsc();
	l2_until(R_VMCALL);
	scaled_is(before, khz, host_khz, ratio);
	/* Scaling without offsetting is none, but the rule about the ratio holds. */
	f_set(F_TSC_MULTIPLIER, 0);
	l2_refused(7);
	vcpu_close(&v);
	vm_close(&vm);
}

static void tsc_scaled(void)
{
	scaled_by(5000000000, 1000, 3ull << 47);
	scaled_by(-__rdtsc() / 2, 1000, 3ull << 46);
	scaled_by(0, 1000, 1);
	scaled_by(-__rdtsc() / 4, 500, 5ull << 48);
	scaled_by(1ull << 63, 4000, 1ull << 46);
	scaled_by(5000, 1500, 1ull << 48);
}

/* ---- L1's preemption timer, where L1's counter jumps (26.5.1) ---- */

/* At the second OUT L2 has moved the counter itself. */
GUEST(64, g_timer, "out %al, $0x90\n mov $0x10, %ecx\n rdtsc\n add $0x1000, %edx\n wrmsr\n"
      "out %al, $0x91\n out %al, $0x92\n");

/* L1's counter is so many clocks further than it would be. */
static void l1_jumps(uint64_t clocks)
{
	uint64_t offset;
	struct kvm_device_attr a = { .group = KVM_VCPU_TSC_CTRL, .addr = (uintptr_t)&offset };

	OK(ioctl(v.fd, KVM_GET_DEVICE_ATTR, &a));
	offset += clocks;
	OK(ioctl(v.fd, KVM_SET_DEVICE_ATTR, &a));
}

static void timer_start(uint64_t clocks)
{
	L2_START(g_timer);
	need(F_PIN, PIN_TIMER);
	f_or(F_PIN, PIN_TIMER);
	f_or(F_CPU, CPU_MSR_MAP);
	f_set(F_MSR_MAP, GPA_MAPS + 0x2000);
	f_set(F_TIMER, clocks >> 5);
	l2_out(0x90);
}

/*
 * Userspace restores the counter behind the nested state, whose deadline is a value of that
 * counter (api.rst 4.114).
 */
static void timer_moves(void)
{
	const uint64_t far = 1ull << 36;
	uint64_t second;

	timer_start(far);
	l1_jumps(far / 2);
	l2_out(0x91);
	l1_jumps(far);
	l2_until(R_TIMER);
	vcpu_close(&v);
	vm_close(&vm);
	/* It was to expire soon, and is not. */
	timer_start(1 << 20);
	second = 1000ull * OK(ioctl(v.fd, KVM_GET_TSC_KHZ, 0ul));
	l1_jumps(-1000 * second);
	usleep(100000 + 2000ull * (1 << 20) * 1000 / second);
	l2_out(0x91);
	l2_out(0x92);
}

static void timer_moves_lapic(void) { with_lapic = true; timer_moves(); }

GUEST(64, g_timer_again, "vmcall\n out %al, $0x91\n");

/* The counter is loaded by an entry, and the timer of the one before is over by then. */
static void timer_loads(void)
{
	L2_START(g_timer_again);
	need(F_PIN, PIN_TIMER);
	f_or(F_PIN, PIN_TIMER);
	f_set(F_TIMER, 1 << 15);
	l2_until(R_VMCALL);
	usleep(200000);
	*vm_u64(&vm, GPA_AREA) = 0x10;
	*vm_u64(&vm, GPA_AREA + 8) = 1ull << 50;
	f_set(F_ENTRY_ADDR, GPA_AREA);
	f_set(F_ENTRY_COUNT, 1);
	f_set(F_TIMER, 1 << 30);
	f_set(F_RIP, f_get(F_RIP) + INSN_VMCALL);
	l2_out(0x91);
	CHECK(host_msr(0x10) >= 1ull << 50);
}

GUEST(64, g_timer_halt, "out %al, $0x90\n hlt\n");

/* L2 waits for nothing else. */
static void timer_halted(void)
{
	with_lapic = true;
	L2_START(g_timer_halt);
	need(F_PIN, PIN_TIMER);
	f_or(F_PIN, PIN_TIMER);
	f_set(F_TIMER, 1 << 15);
	l2_out(0x90);
	l2_until(R_TIMER);
}

/* ---- instructions ---- */

/* Of states that there are none; R8 and L2's RAX say how it went. */
GUEST(64, g_xsaves, "mov $0x40000, %edi\n xor %eax, %eax\n xor %edx, %edx\n"
      "xsaves (%rdi)\n mov $7, %eax\n vmcall\n");

/* L2 has XSAVES if L1 says so; no bit of IA32_XSS is one, so none makes it exit. */
static void xsaves(void)
{
	struct kvm_xcrs x = { .nr_xcrs = 1, .xcrs[0].value = 7 };
	struct kvm_sregs s;
	int on;

	for (on = 0; on < 2; on++) {
		L2_START(g_xsaves);
		need(F_CPU2, CPU2_XSAVES);
		s = vcpu_sregs(&v);
		s.cr4 |= 1 << 18;
		vcpu_set_sregs(&v, &s);
		OK(ioctl(v.fd, KVM_SET_XCRS, &x));
		f_or(F_CR4, 1 << 18);
		f_or(F_HOST_CR4, 1 << 18);
		f_or(F_EXCEPTIONS, 1 << 6);
		f_or(F_CPU, CPU_SECOND);
		f_set(F_XSS_BITMAP, ~0ull);
		if (on)
			f_or(F_CPU2, CPU2_XSAVES);
		l2_until(on ? R_VMCALL : R_EXCEPTION);
		if (on)
			CHECK_EQ(l2_rax(), 7);
		else
			CHECK_EQ(f_get(F_INFO), INFO_VALID | INFO_EXC | 6);
		vcpu_close(&v);
		vm_close(&vm);
	}
}

/* What L1 may write to IA32_DEBUGCTL it may load for L2, and no reserved bit (27.3.1.1). */
GUEST(64, g_vmcall, "vmcall\n");

static void debugctl(void)
{
	L2_START(g_vmcall);
	f_or(F_ENTRY, ENTRY_LOAD_DEBUG);
	f_set(F_DEBUGCTL, 3);
	l2_until(R_VMCALL);
	f_set(F_DEBUGCTL, 8);
	l2_until(R_FAILED | R_BAD_GUEST);
}

/* A breakpoint that MOV SS has met, which comes behind the instruction that follows. */
GUEST(64, g_nop, "nop\n vmcall\n");

static void pending_breakpoint(void)
{
	L2_START(g_nop);
	f_set(F_EXCEPTIONS, 1 << 1);
	f_set(F_INTR, 2);
	f_set(F_PENDING_DB, 0x1001);
	l2_until(R_EXCEPTION);
	CHECK_EQ(f_get(F_INFO), INFO_VALID | INFO_EXC | 1);
	CHECK_EQ(f_get(F_QUAL) & 0xf, 1);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 1);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		CASE(tsc_scaled), CASE(timer_moves), CASE(timer_moves_lapic),
		CASE(timer_loads), CASE(timer_halted), CASE(xsaves), CASE(debugctl),
		CASE(pending_breakpoint), { }
	};

	return test_main(argc, argv, cases);
}
