// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of a guest that runs a guest of its own by VMX: what L1 injects, interrupts and
 * NMIs that come while L2 runs, windows, the TPR shadow (SDM vol. 3, 26.2, 27.6, 30); and
 * its state, saved and restored.
 */
#define _GNU_SOURCE
#include "vmx.h"

enum { DB = 1, NMI = 2, BP = 3, UD = 6, GP = 13, PF = 14 };

#define VEC		0x40
#define FLAGS_IF	0x200

/* ---- injection ---- */

GUEST(64, g_nops, "nop\n nop\n vmcall\n");

static void inject(void)
{
	static const struct {
		uint32_t info, error, len;
	} row[] = {
		{ INFO_VALID | INFO_INTR | VEC, 0, 0 },
		{ INFO_VALID | INFO_NMI | NMI, 0, 0 },
		{ INFO_VALID | INFO_EXC | UD, 0, 0 },
		{ INFO_VALID | INFO_EXC | INFO_ERROR | GP, 0x18, 0 },
		{ INFO_VALID | INFO_EXC | INFO_ERROR | PF, 2, 0 },
		{ INFO_VALID | INFO_SOFT | VEC, 0, 2 },
		{ INFO_VALID | INFO_SOFT_EXC | BP, 0, 1 },
	};
	struct exc e;
	unsigned int i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		L2_START(g_nops);
		f_set(F_ENTRY_INFO, row[i].info);
		f_set(F_ENTRY_ERROR, row[i].error);
		f_set(F_ENTRY_LEN, row[i].len);
		if ((row[i].info & 0x700) == INFO_INTR)
			f_set(F_RFLAGS, 2 | FLAGS_IF);
		e = exc_next(&v);
		CHECK_EQ(e.vector, row[i].info & 0xff);
		/* Behind the instruction that is made up. */
		CHECK_EQ(e.rip, GPA_CODE2 + row[i].len);
		if (row[i].info & INFO_ERROR)
			CHECK_EQ(e.error, row[i].error);
		l2_until(R_VMCALL);
		CHECK_EQ(f_get(F_ENTRY_INFO) & INFO_VALID, 0);
		CHECK_EQ(f_get(F_VECTORING) & INFO_VALID, 0);
		vm_close(&vm);
	}
}

/* What cannot be delivered comes back. */
static void inject_faults(void)
{
	L2_START(g_nops);
	f_set(F_EXCEPTIONS, 1 << GP);
	f_set(F_IDTR_LIMIT, 0);
	f_set(F_ENTRY_INFO, INFO_VALID | INFO_EXC | UD);
	l2_until(R_EXCEPTION);
	CHECK_EQ(f_get(F_VECTORING), INFO_VALID | INFO_EXC | UD);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2);
	f_set(F_ENTRY_INFO, INFO_VALID | INFO_SOFT | VEC);
	f_set(F_ENTRY_LEN, 2);
	l2_until(R_EXCEPTION);
	CHECK_EQ(f_get(F_VECTORING), INFO_VALID | INFO_SOFT | VEC);
	CHECK_EQ(f_get(F_LEN), 2);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2);
}

/* Through L1's EPT: the stack is missing, L1 brings it and injects again. */
static void inject_violation(void)
{
	uint64_t table, a;
	struct exc e;

	L2_START(g_nops);
	table = vm_page(&vm);
	for (a = 0; a < 512; a++)
		*vm_u64(&vm, table + a * 8) = a << 12 | EPT_RWX | EPT_WB;
	*vm_u64(&vm, table + (GPA_STACK2 - 0x1000) / 0x1000 * 8) = 0;
	*vm_u64(&vm, pt_get(&ept, 0, 3) & ~0xfffull) = table | EPT_RWX;
	f_set(F_ENTRY_INFO, INFO_VALID | INFO_EXC | INFO_ERROR | GP);
	f_set(F_ENTRY_ERROR, 0x18);
	l2_until(R_EPT);
	CHECK_EQ(f_get(F_VECTORING), INFO_VALID | INFO_EXC | INFO_ERROR | GP);
	CHECK_EQ(f_get(F_VECTORING_ERROR), 0x18);
	CHECK_EQ(f_get(F_QUAL) & 7, 2);
	*vm_u64(&vm, table + (GPA_STACK2 - 0x1000) / 0x1000 * 8) =
		(GPA_STACK2 - 0x1000) | EPT_RWX | EPT_WB;
	f_set(F_ENTRY_INFO, INFO_VALID | INFO_EXC | INFO_ERROR | GP);
	e = exc_next(&v);
	CHECK_EQ(e.vector, GP);
	CHECK_EQ(e.error, 0x18);
	l2_until(R_VMCALL);
}

/* ---- interrupts ---- */

/* Not 0x20: the PIC is in the kernel where the LAPIC is. */
GUEST(64, g_out, "out %al, $0x30\n nop\n 1: jmp 1b\n");

/* L1 gets it whatever IF of L2 says; its own is clear, so it stays. */
static void intr(void)
{
	struct exc e;
	struct kvm_regs r;

	with_lapic = true;
	L2_START(g_out);
	f_or(F_PIN, PIN_INTR);
	l2_out(0x30);
	l1_interrupt(VEC);
	l2_until(R_INTERRUPT);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 2);
	CHECK_EQ(f_get(F_INFO) & INFO_VALID, 0);
	r = vcpu_regs(&v);
	CHECK_EQ(r.rflags & FLAGS_IF, 0);
	r.rflags |= FLAGS_IF;
	vcpu_set_regs(&v, &r);
	e = exc_next(&v);
	CHECK_EQ(e.vector, VEC);
	CHECK(e.rip < GPA_CODE2);
}

/* Acknowledged by the exit: L1 learns the vector, and nothing is left. */
static void intr_ack(void)
{
	with_lapic = true;
	L2_START(g_out);
	f_or(F_PIN, PIN_INTR);
	f_or(F_EXIT, EXIT_ACK);
	l2_out(0x30);
	l1_interrupt(VEC);
	l2_until(R_INTERRUPT);
	CHECK_EQ(f_get(F_INFO), INFO_VALID | INFO_INTR | VEC);
	/* The next one is of a higher class. */
	l1_interrupt(VEC + 16);
	l2_until(R_INTERRUPT);
	CHECK_EQ(f_get(F_INFO), INFO_VALID | INFO_INTR | (VEC + 16));
}

/* L2 halts, by itself or from the start, and is still halted when L1 gets the event. */
GUEST(64, g_hlt, "hlt\n nop\n vmcall\n");

static void intr_halted(void)
{
	with_lapic = true;
	L2_START(g_hlt);
	f_or(F_PIN, PIN_INTR);
	f_or(F_EXIT, EXIT_ACK);
	l1_interrupt_later(VEC);
	l2_until(R_INTERRUPT);
	CHECK_EQ(f_get(F_INFO), INFO_VALID | INFO_INTR | VEC);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 1);
	CHECK_EQ(f_get(F_ACTIVITY), 1);
	l1_interrupt_later(VEC + 16);
	l2_until(R_INTERRUPT);
	CHECK_EQ(f_get(F_ACTIVITY), 1);
	f_set(F_ACTIVITY, 0);
	l2_until(R_VMCALL);
}

/* Nobody intercepts it: L2's, when its IF lets it in. */
GUEST(64, g_intr_l2, "out %al, $0x30\n nop\n sti\n nop\n nop\n vmcall\n");

static void intr_l2(void)
{
	struct exc e;

	with_lapic = true;
	L2_START(g_intr_l2);
	l2_out(0x30);
	l1_interrupt(VEC);
	e = exc_next(&v);
	CHECK_EQ(e.vector, VEC);
	CHECK_EQ(e.rip, GPA_CODE2 + 5);
	l2_until(R_VMCALL);
}

GUEST(64, g_sti, "nop\n sti\n nop\n nop\n vmcall\n");

static void intr_window(void)
{
	L2_START(g_sti);
	f_or(F_CPU, CPU_INTR_WINDOW);
	l2_until(R_INTR_WINDOW);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 3);
	CHECK_EQ(f_get(F_RFLAGS) & FLAGS_IF, FLAGS_IF);
	f_set(F_CPU, (uint32_t)host_msr(0x48e) | (with_ept ? CPU_SECOND : 0));
	l2_until(R_VMCALL);
}

/* HLT does not keep a window shut: at the entry, and behind STI (27.7.5, 27.7.6). */
GUEST(64, g_sti_hlt, "nop\n sti\n hlt\n nop\n vmcall\n");

static void halt_window(void)
{
	L2_START(g_nops);
	f_or(F_CPU, CPU_INTR_WINDOW);
	f_set(F_RFLAGS, 2 | FLAGS_IF);
	f_set(F_ACTIVITY, 1);
	l2_until(R_INTR_WINDOW);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2);
	CHECK_EQ(f_get(F_ACTIVITY), 1);
	vm_close(&vm);
	L2_START(g_sti_hlt);
	f_or(F_CPU, CPU_INTR_WINDOW);
	l2_until(R_INTR_WINDOW);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 3);
	CHECK_EQ(f_get(F_ACTIVITY), 1);
	CHECK_EQ(f_get(F_INTR), 0);
	vm_close(&vm);
	L2_START(g_nops);
	need(F_PIN, PIN_VNMI);
	need(F_CPU, CPU_NMI_WINDOW);
	f_or(F_PIN, PIN_NMI | PIN_VNMI);
	f_or(F_CPU, CPU_NMI_WINDOW);
	f_set(F_ACTIVITY, 1);
	l2_until(R_NMI_WINDOW);
	CHECK_EQ(f_get(F_ACTIVITY), 1);
}

static struct kvm_vcpu_events events_get(void)
{
	struct kvm_vcpu_events e;

	OK(ioctl(v.fd, KVM_GET_VCPU_EVENTS, &e));
	return e;
}

static int vcpu_events_masked(void)
{
	return events_get().nmi.masked;
}

/* L1's IRET; else another guest may find NMIs masked: cpu_keeps_nmi_mask(). */
GUEST(64, g_nmi_end, "mov %rsp, %rax\n mov %ss, %ecx\n push %rcx\n push %rax\n pushf\n"
      "mov %cs, %ecx\n push %rcx\n lea 1f(%rip), %rax\n push %rax\n iretq\n"
      "1: out %al, $0xf4\n");

static void nmi_end(void)
{
	vm_load(&vm, GPA_CODE + 0xc00, g_nmi_end, g_nmi_end_end);
	vcpu_set_regs(&v, &(struct kvm_regs){ .rip = GPA_CODE + 0xc00,
					      .rsp = GPA_STACK, .rflags = 2 });
	vcpu_until(&v, PORT_DONE);
}

static void nmi(void)
{
	L2_START(g_out);
	f_or(F_PIN, PIN_NMI);
	l2_out(0x30);
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	l2_until(R_EXCEPTION);
	CHECK_EQ(f_get(F_INFO), INFO_VALID | INFO_NMI | NMI);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 2);
	/* The exit has masked them, up to an IRET of L1's. */
	CHECK_EQ(vcpu_events_masked(), 1);
	nmi_end();
	CHECK_EQ(vcpu_events_masked(), 0);
}

/* Masked at the entry, without virtual NMIs: an IRET of L2's does not end it (26.3). */
GUEST(64, g_iret_out, "mov %rsp, %rax\n mov %ss, %ecx\n push %rcx\n push %rax\n pushf\n"
      "mov %cs, %ecx\n push %rcx\n lea 1f(%rip), %rax\n push %rax\n iretq\n"
      "1: out %al, $0x30\n nop\n vmcall\n");

static void nmi_mask_stays(void)
{
	L2_START(g_iret_out);
	f_or(F_PIN, PIN_NMI);
	f_set(F_INTR, 8);
	l2_out(0x30);
	CHECK_EQ(vcpu_events_masked(), 1);
	OK(ioctl(v.fd, KVM_NMI, 0ul));
	l2_until(R_VMCALL);
	CHECK_EQ(f_get(F_INTR) & 8, 8);
	CHECK_EQ(vcpu_events_masked(), 1);
	vm_load(&vm, GPA_CODE + 0xc00, g_nmi_end, g_nmi_end_end);
	vcpu_set_regs(&v, &(struct kvm_regs){ .rip = GPA_CODE + 0xc00,
					      .rsp = GPA_STACK, .rflags = 2 });
	CHECK_EQ(exc_next(&v).vector, NMI);
	vcpu_until(&v, PORT_DONE);
}

/* An entry that fails leaves L1's mask as it was. */
static void nmi_mask_failed_entry(void)
{
	L2_START(g_out);
	vm_u64(&vm, GPA_AREA)[0] = 0xc0000100;
	f_set(F_ENTRY_ADDR, GPA_AREA);
	f_set(F_ENTRY_COUNT, 1);
	f_set(F_INTR, 8);
	l2_until(R_BAD_MSR | R_FAILED);
	CHECK_EQ(vcpu_events_masked(), 0);
}

/* Virtual NMIs: L2's mask is one that L1 sees, and its end makes a window. */
GUEST(64, g_iret, "nop\n vmcall\n");

static void nmi_window(void)
{
	struct exc e;

	L2_START(g_iret);
	need(F_PIN, PIN_VNMI);
	need(F_CPU, CPU_NMI_WINDOW);
	f_or(F_PIN, PIN_NMI | PIN_VNMI);
	f_or(F_CPU, CPU_NMI_WINDOW);
	f_set(F_ENTRY_INFO, INFO_VALID | INFO_NMI | NMI);
	e = exc_next(&v);
	CHECK_EQ(e.vector, NMI);
	l2_until(R_NMI_WINDOW);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2);
	CHECK_EQ(f_get(F_INTR) & 8, 0);
}

/* The mask that L1 makes up for L2 is L2's state, which userspace reads and writes back. */
GUEST(64, g_masked, "out %al, $0x22\n vmcall\n");

static void nmi_mask_saved(void)
{
	struct kvm_vcpu_events e;

	L2_START(g_masked);
	need(F_PIN, PIN_VNMI);
	f_or(F_PIN, PIN_NMI | PIN_VNMI);
	f_set(F_INTR, 8);
	l2_out(0x22);
	e = events_get();
	CHECK_EQ(e.nmi.masked, 1);
	OK(ioctl(v.fd, KVM_SET_VCPU_EVENTS, &e));
	l2_until(R_VMCALL);
	CHECK_EQ(f_get(F_INTR) & 8, 8);
	nmi_end();
}

/* ---- userspace's exceptions, which L1 gets when L2 would (api.rst 7.19) ---- */

enum { SS = 12 };

static void user_run_nothing(void)
{
	v.run->immediate_exit = 1;
	ERR(ioctl(v.fd, KVM_RUN, 0), EINTR);
	v.run->immediate_exit = 0;
}

static void user_exception(uint8_t vector, int64_t error, uint64_t payload)
{
	struct kvm_vcpu_events e = events_get();

	e.exception.pending = 1;
	e.exception.nr = vector;
	e.exception.has_error_code = error >= 0;
	e.exception.error_code = error;
	e.exception_has_payload = payload != 0;
	e.exception_payload = payload;
	OK(ioctl(v.fd, KVM_SET_VCPU_EVENTS, &e));
	user_run_nothing();
	e = events_get();
	CHECK_EQ(e.exception.pending, 1);
	CHECK_EQ(e.exception.nr, vector);
	if (error >= 0)
		CHECK_EQ(e.exception.error_code, (uint32_t)error);
	CHECK_EQ(e.exception_has_payload, payload != 0);
	CHECK_EQ(e.exception_payload, payload);
}

static void user_start(void)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_EXCEPTION_PAYLOAD, .args = { 1 } };

	L2_START(g_out);
	OK(ioctl(vm.fd, KVM_ENABLE_CAP, &cap));
	f_set(F_EXCEPTIONS, 1 << SS | 1 << PF | 1 << DB);
	l2_out(0x30);
}

static void user_pending(void)
{
	struct kvm_debugregs d;

	user_start();
	user_exception(SS, 0xdeadbeef, 0);
	l2_until(R_EXCEPTION);
	CHECK_EQ(f_get(F_INFO), INFO_VALID | INFO_ERROR | INFO_EXC | SS);
	CHECK_EQ(f_get(F_ERROR), 0xbeef);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 2);
	/* As the fault's delivery would push them (28.3.3). */
	CHECK_EQ(f_get(F_RFLAGS) >> 16 & 1, 1);
	vm_close(&vm);
	user_start();
	user_exception(PF, 2, 0x123456789000);
	l2_until(R_EXCEPTION);
	CHECK_EQ(f_get(F_QUAL), 0x123456789000);
	CHECK_EQ(vcpu_sregs(&v).cr2, 0);
	vm_close(&vm);
	user_start();
	user_exception(DB, -1, 0x4000);
	l2_until(R_EXCEPTION);
	CHECK_EQ(f_get(F_INFO), INFO_VALID | INFO_EXC | DB);
	CHECK_EQ(f_get(F_QUAL), 0x4000);
	OK(ioctl(v.fd, KVM_GET_DEBUGREGS, &d));
	CHECK_EQ(d.dr6 & 0x4000, 0);
}

/* ---- the TPR shadow ---- */

GUEST(64, g_tpr, "mov $5, %eax\n mov %rax, %cr8\n mov %cr8, %rbx\n mov $1, %eax\n"
      "mov %rax, %cr8\n nop\n vmcall\n");

static void tpr_shadow(void)
{
	with_lapic = true;
	L2_START(g_tpr);
	need(F_CPU, CPU_TPR);
	f_or(F_CPU, CPU_TPR);
	f_set(F_VAPIC, GPA_VAPIC);
	f_set(F_THRESHOLD, 2);
	vm.mem[GPA_VAPIC + 0x80] = 0x20;
	vm.mem[GPA_VAPIC + 0x83] = 0xff;
	l2_until(R_TPR);
	CHECK_EQ(vm.mem[GPA_VAPIC + 0x83], 0);
	CHECK_EQ(vcpu_regs(&v).rbx, 5);
	CHECK_EQ(vm.mem[GPA_VAPIC + 0x80], 0x10);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 5 + 4 + 4 + 5 + 4);
	CHECK_EQ(vcpu_sregs(&v).cr8, 0);
	f_set(F_THRESHOLD, 0);
	l2_until(R_VMCALL);
}

/* ---- state ---- */

GUEST(64, g_state, "mov $0x66, %ebx\n out %al, $0x30\n nop\n vmcall\n vmcall\n");

static void state_moves(void)
{
	struct l2_state s;

	L2_START(g_state);
	l2_out(0x30);
	user_run_nothing();
	l2_state_get(&s);
	CHECK_EQ(s.head.format, KVM_STATE_NESTED_FORMAT_VMX);
	CHECK(s.head.flags & KVM_STATE_NESTED_GUEST_MODE);
	CHECK_EQ(s.head.hdr.vmx.vmxon_pa, GPA_VMXON);
	CHECK_EQ(s.head.hdr.vmx.vmcs12_pa, GPA_VMCS);
	CHECK_EQ(s.head.size, 128 + 4096);
	l2_moves();
	l2_until(R_VMCALL);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 8);
	CHECK_EQ(vcpu_regs(&v).rbx, 0x66);
	CHECK_EQ(vcpu_regs(&v).rsp, GPA_STACK);
}

/* L1's event that L2 has not had yet: in the state, and in no other call. */
static void state_pending(void)
{
	static const struct {
		uint32_t info, len;
	} row[] = {
		{ INFO_VALID | INFO_EXC | UD, 0 }, { INFO_VALID | INFO_SOFT | VEC, 2 },
		{ INFO_VALID | INFO_NMI | NMI, 0 },
	};
	struct kvm_vcpu_events none, e;
	struct l2_state s, again;
	struct exc got;
	unsigned int i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		L2_START(g_state);
		l2_out(0x30);
		user_run_nothing();
		none = events_get();
		l2_state_get(&s);
		CHECK_EQ(s.head.flags, KVM_STATE_NESTED_GUEST_MODE);
		s.head.flags |= KVM_STATE_NESTED_RUN_PENDING;
		memcpy(s.data + 788, &row[i].info, 4);
		memcpy(s.data + 796, &row[i].len, 4);
		OK(ioctl(v.fd, KVM_SET_NESTED_STATE, &s));
		l2_state_get(&again);
		CHECK_EQ(again.head.flags, s.head.flags);
		CHECK_EQ(memcmp(again.data + 788, &row[i].info, 4), 0);
		CHECK_EQ(memcmp(again.data + 796, &row[i].len, 4), 0);
		e = events_get();
		CHECK_EQ(memcmp(&e, &none, sizeof(e)), 0);
		OK(ioctl(v.fd, KVM_SET_VCPU_EVENTS, &none));
		got = exc_next(&v);
		CHECK_EQ(got.vector, row[i].info & 0xff);
		CHECK_EQ(got.rip, GPA_CODE2 + 5 + 2 + row[i].len);
		l2_state_get(&again);
		CHECK_EQ(again.head.flags, KVM_STATE_NESTED_GUEST_MODE);
		l2_until(R_VMCALL);
		vm_close(&vm);
	}
}

/* What is no state is refused, and L2 goes on. */
static void state_hostile(void)
{
	static const char *const rows[] = {
		"format", "size of the head", "size", "VMXON's region",
		"VMXON's region as VMCS", "revision", "system management",
	};
	struct l2_state s, bad;
	unsigned int i;

	L2_START(g_state);
	l2_out(0x30);
	l2_state_get(&s);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		test_row = rows[i];
		bad = s;
		switch (i) {
		case 0: bad.head.format = 1; break;
		case 1: bad.head.size = 127; break;
		case 2: bad.head.size = 128 + 4095; break;
		case 3: bad.head.hdr.vmx.vmxon_pa |= 1; break;
		case 4: bad.head.hdr.vmx.vmcs12_pa = GPA_VMXON; break;
		case 5: bad.data[0] ^= 1; break;
		case 6: bad.head.hdr.vmx.smm.flags = 1; break;
		}
		ERR(ioctl(v.fd, KVM_SET_NESTED_STATE, &bad), EINVAL);
	}
	l2_until(R_VMCALL);
}

/* L1's own state: with a VMCS, and with VMX off again. */
static void state_l1(void)
{
	struct l2_state s;

	L2_START(g_state);
	l2_state_get(&s);
	CHECK_EQ(s.head.size, 128);
	CHECK_EQ(s.head.hdr.vmx.vmxon_pa, ~0ull);
	CHECK_EQ(s.head.hdr.vmx.vmcs12_pa, ~0ull);
	l2_out(0x30);
	l2_until(R_VMCALL);
	l2_state_get(&s);
	CHECK_EQ(s.head.flags, 0);
	CHECK_EQ(s.head.hdr.vmx.vmcs12_pa, GPA_VMCS);
	OK(ioctl(v.fd, KVM_SET_NESTED_STATE, &s));
	l2_next(3, R_VMCALL);
}

BOTH(inject)
BOTH(inject_faults)
BOTH(inject_violation)
BOTH(intr)
BOTH(intr_ack)
BOTH(intr_halted)
BOTH(intr_l2)
BOTH(intr_window)
BOTH(nmi)
BOTH(nmi_window)
BOTH(nmi_mask_saved)
BOTH(halt_window)
BOTH(nmi_mask_stays)
BOTH(user_pending)
BOTH(tpr_shadow)
BOTH(state_pending)
BOTH(state_moves)

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		CASES(inject), CASES(inject_faults), CASE(inject_violation_ept),
		CASES(intr), CASES(intr_ack), CASES(intr_halted),
		CASES(intr_l2), CASES(intr_window),
		CASES(nmi), CASES(nmi_window), CASES(halt_window), CASES(nmi_mask_stays),
		CASES(nmi_mask_saved),
		CASE(nmi_mask_failed_entry), CASES(user_pending), CASES(tpr_shadow),
		CASES(state_moves), CASES(state_pending),
		CASE(state_hostile), CASE(state_l1), { }
	};

	return test_main(argc, argv, cases);
}
