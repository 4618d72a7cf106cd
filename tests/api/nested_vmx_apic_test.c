// SPDX-License-Identifier: GPL-2.0-only
/*
 * The APIC that L1 virtualizes for its guest by VMX's own means: a page in L1's memory, and
 * what reads and writes of L2's do there (SDM vol. 3, chapter 30).
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "vmx.h"

enum { GP = 13 };

#define INSN_MSR	2
#define FLAGS_IF	0x200
#define VEC		0x40	/* L1's own */

/* Registers of the page. */
#define REG(offset)	(*(uint32_t *)(vm.mem + GPA_VAPIC + (offset)))
enum { VTPR = 0x80, VPPR = 0xa0, VEOI = 0xb0, VISR = 0x100, VIRR = 0x200, SELF_IPI = 0x3f0 };

static bool has_vector(unsigned int set, unsigned int vector)
{
	return REG(set + vector / 32 * 16) >> vector % 32 & 1;
}

static void set_vector(unsigned int set, unsigned int vector)
{
	REG(set + vector / 32 * 16) |= 1u << vector % 32;
}

/* MSRs that L2 reads go to its data, eight bytes each. */
#define READ(msr, n) \
	"mov $" #msr ", %ecx\n rdmsr\n mov %eax, 0x40000 + " #n " * 8\n" \
	"mov %edx, 0x40004 + " #n " * 8\n"
#define WRITE(msr, low) \
	"mov $" #msr ", %ecx\n mov $" #low ", %eax\n xor %edx, %edx\n wrmsr\n"

static uint64_t l2_read(unsigned int n)
{
	return *vm_u64(&vm, GPA_DATA2 + n * 8);
}

#define APIC_START(name, controls)	apic_start(name, name##_end, controls)
static void apic_start(const uint8_t *code, const uint8_t *end, uint32_t controls)
{
	l2_start(code, end);
	need(F_CPU, CPU_TPR | CPU_SECOND);
	need(F_CPU2, controls);
	f_or(F_CPU, CPU_TPR | CPU_SECOND | CPU_MSR_MAP);
	f_or(F_CPU2, controls);
	f_set(F_MSR_MAP, GPA_MAPS + 0x2000);
	f_set(F_VAPIC, GPA_VAPIC);
	f_set(F_THRESHOLD, 0);
}

/* ---- x2APIC registers: 30.5 ---- */

GUEST(64, g_read, READ(0x802, 0) READ(0x808, 1) READ(0x80a, 2) READ(0x8ff, 3) "vmcall\n");

static void msr_read(void)
{
	static const unsigned int offset[] = { 0x20, 0x80, 0xa0, 0xff0 };
	unsigned int i;

	APIC_START(g_read, CPU2_X2APIC | CPU2_APIC_REGS);
	for (i = 0; i < 4; i++)
		*vm_u64(&vm, GPA_VAPIC + offset[i]) = 0x8123456780000001ull * (i + 3);
	l2_until(R_VMCALL);
	for (i = 0; i < 4; i++)
		CHECK_EQ(l2_read(i), 0x8123456780000001ull * (i + 3));
}

/* TPR alone; the ID is that of L1's LAPIC, which is not in that mode. */
GUEST(64, g_read_tpr, READ(0x808, 0) READ(0x802, 1) "vmcall\n");

static void msr_read_tpr(void)
{
	with_lapic = true;
	APIC_START(g_read_tpr, CPU2_X2APIC);
	*vm_u64(&vm, GPA_VAPIC + VTPR) = 0x1122334455667788ull;
	CHECK_EQ(exc_next(&v).vector, GP);
	CHECK_EQ(l2_read(0), 0x1122334455667788ull);
}

/* Without the control neither; and what L1's bitmap denies exits. */
static void msr_not_virtual(void)
{
	with_lapic = true;
	APIC_START(g_read_tpr, CPU2_APIC_REGS);
	CHECK_EQ(exc_next(&v).vector, GP);
	vm_close(&vm);
	APIC_START(g_read_tpr, CPU2_X2APIC | CPU2_APIC_REGS);
	vm.mem[GPA_MAPS + 0x2000 + 0x802 / 8] = 1 << 2;
	l2_until(R_RDMSR);
	CHECK_EQ(l2_rcx(), 0x802);
	l2_next(INSN_MSR, R_VMCALL);
}

GUEST(64, g_write_tpr, WRITE(0x808, 0x57) READ(0x808, 0) WRITE(0x808, 0x2f) "nop\n vmcall\n");

static void msr_write_tpr(void)
{
	APIC_START(g_write_tpr, CPU2_X2APIC);
	f_set(F_THRESHOLD, 3);
	*vm_u64(&vm, GPA_VAPIC + VTPR) = ~0ull;
	l2_until(R_TPR);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 14 + 21 + 14);
	CHECK_EQ(l2_read(0), 0x57);
	CHECK_EQ(*vm_u64(&vm, GPA_VAPIC + VTPR), 0x2f);
	f_set(F_THRESHOLD, 2);
	l2_until(R_VMCALL);
}

/* Reserved bits; and EOI, which is L1's where interrupts are not virtualized. */
GUEST(64, g_write_high, WRITE(0x808, 0x100) "vmcall\n");
GUEST(64, g_write_edx, "mov $0x808, %ecx\n mov $1, %edx\n xor %eax, %eax\n wrmsr\n vmcall\n");
GUEST(64, g_write_eoi, WRITE(0x80b, 0) "vmcall\n");

static void msr_write_refused(void)
{
	with_lapic = true;
	APIC_START(g_write_high, CPU2_X2APIC | CPU2_APIC_REGS);
	REG(VTPR) = 0x33;
	CHECK_EQ(exc_next(&v).vector, GP);
	CHECK_EQ(REG(VTPR), 0x33);
	vm_close(&vm);
	APIC_START(g_write_edx, CPU2_X2APIC | CPU2_APIC_REGS);
	CHECK_EQ(exc_next(&v).vector, GP);
	vm_close(&vm);
	APIC_START(g_write_eoi, CPU2_X2APIC | CPU2_APIC_REGS);
	CHECK_EQ(exc_next(&v).vector, GP);
}

/* ---- virtual-interrupt delivery: 30.2 ---- */

#define VIRQ_CONTROLS	(CPU2_X2APIC | CPU2_APIC_REGS | CPU2_VINTR)
#define STATUS(rvi, svi) ((rvi) | (svi) << 8)

/* A vector waits, by the status and by the page. */
#define VIRQ_START(name, rvi, flags)	virq_start(name, name##_end, rvi, flags)
static void virq_start(const uint8_t *code, const uint8_t *end, unsigned int rvi,
		       uint64_t flags)
{
	unsigned int i;

	apic_start(code, end, VIRQ_CONTROLS);
	f_or(F_PIN, PIN_INTR);
	f_set(F_RFLAGS, 2 | flags);
	f_set(F_INTR_STATUS, STATUS(rvi, 0));
	for (i = 0; i < 4; i++)
		f_set(F_EOI_MAP + 2 * i, 0);
	if (rvi)
		set_vector(VIRR, rvi);
}

static void virq_comes(unsigned int vector, unsigned int at)
{
	struct exc e = exc_next(&v);

	CHECK_EQ(e.vector, vector);
	CHECK_EQ(e.rip, GPA_CODE2 + at);
	CHECK_EQ(has_vector(VIRR, vector), 0);
	CHECK_EQ(has_vector(VISR, vector), 1);
	CHECK_EQ(REG(VPPR), vector & 0xf0);
}

GUEST(64, g_nops, "nop\n nop\n vmcall\n");
GUEST(64, g_eoi, "nop\n" WRITE(0x80b, 0) "nop\n vmcall\n");

/* At the entry; the one of a lower class when the first one ends. */
static void virq_entry(void)
{
	VIRQ_START(g_eoi, 0x51, FLAGS_IF);
	set_vector(VIRR, 0x31);
	REG(VEOI) = ~0u;
	virq_comes(0x51, 0);
	virq_comes(0x31, 15);
	CHECK_EQ(REG(VEOI), 0);
	CHECK_EQ(has_vector(VISR, 0x51), 0);
	l2_until(R_VMCALL);
	CHECK_EQ(f_get(F_INTR_STATUS), STATUS(0, 0x31));
}

/* What waits is in the status of the exit. */
static void virq_waits(void)
{
	VIRQ_START(g_nops, 0x51, FLAGS_IF);
	set_vector(VIRR, 0x31);
	virq_comes(0x51, 0);
	l2_until(R_VMCALL);
	CHECK_EQ(f_get(F_INTR_STATUS), STATUS(0x31, 0x51));
	CHECK_EQ(f_get(F_VECTORING) & INFO_VALID, 0);
}

/* RFLAGS.IF, and the shadow of STI. */
GUEST(64, g_sti, "nop\n sti\n nop\n nop\n vmcall\n");

static void virq_masked(void)
{
	VIRQ_START(g_sti, 0x51, 0);
	virq_comes(0x51, 3);
	l2_until(R_VMCALL);
}

/* VPPR by VTPR (30.1.3), whose class holds the vector back. */
GUEST(64, g_priority, READ(0x80a, 0) WRITE(0x808, 0x5f) READ(0x80a, 1) WRITE(0x808, 0x4f)
      "nop\n vmcall\n");
GUEST(64, g_cr8, "mov $5, %eax\n mov %rax, %cr8\n mov $4, %eax\n mov %rax, %cr8\n"
      "nop\n vmcall\n");

static void virq_priority(void)
{
	VIRQ_START(g_priority, 0x51, FLAGS_IF);
	REG(VTPR) = 0x60;
	REG(VPPR) = ~0u;
	virq_comes(0x51, 21 + 14 + 21 + 14);
	CHECK_EQ(l2_read(0), 0x60);
	CHECK_EQ(l2_read(1), 0x5f);
	l2_until(R_VMCALL);
	vm_close(&vm);
	VIRQ_START(g_cr8, 0x51, FLAGS_IF);
	REG(VTPR) = 0x60;
	virq_comes(0x51, 18);
	l2_until(R_VMCALL);
}

/* VPPR by SVI. */
static void virq_in_service(void)
{
	VIRQ_START(g_nops, 0x51, FLAGS_IF);
	f_set(F_INTR_STATUS, STATUS(0x51, 0x52));
	REG(VTPR) = 0x4f;
	l2_until(R_VMCALL);
	CHECK_EQ(REG(VPPR), 0x50);
	CHECK_EQ(f_get(F_INTR_STATUS), STATUS(0x51, 0x52));
}

/* ---- EOI and self-IPI: 30.1.4, 30.1.5 ---- */

GUEST(64, g_eois, WRITE(0x80b, 0) WRITE(0x80b, 0) "vmcall\n");

static void eoi_exits(void)
{
	VIRQ_START(g_eois, 0, 0);
	f_set(F_INTR_STATUS, STATUS(0, 0x51));
	f_set(F_EOI_MAP + 2, 1ull << (0x51 - 64));
	set_vector(VISR, 0x51);
	set_vector(VISR, 0x42);
	l2_until(R_EOI);
	CHECK_EQ(f_get(F_QUAL), 0x51);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 14);
	CHECK_EQ(f_get(F_INTR_STATUS), STATUS(0, 0x42));
	CHECK_EQ(has_vector(VISR, 0x51), 0);
	CHECK_EQ(has_vector(VISR, 0x42), 1);
	CHECK_EQ(REG(VPPR), 0x40);
	l2_until(R_VMCALL);
	CHECK_EQ(f_get(F_INTR_STATUS), 0);
	CHECK_EQ(has_vector(VISR, 0x42), 0);
	CHECK_EQ(REG(VPPR), 0);
}

GUEST(64, g_eoi_1, WRITE(0x80b, 1) "vmcall\n");
GUEST(64, g_ipi, WRITE(0x83f, 0x51) "nop\n vmcall\n");
GUEST(64, g_ipi_low, WRITE(0x83f, 0x0f) "nop\n vmcall\n");
GUEST(64, g_ipi_high, WRITE(0x83f, 0x151) "nop\n vmcall\n");

static void self_ipi(void)
{
	VIRQ_START(g_ipi, 0, FLAGS_IF);
	virq_comes(0x51, 14);
	CHECK_EQ(REG(SELF_IPI), 0x51);
	l2_until(R_VMCALL);
	vm_close(&vm);
	/* No vector that can be virtual: L1 is told. */
	VIRQ_START(g_ipi_low, 0, FLAGS_IF);
	l2_until(R_APIC_WRITE);
	CHECK_EQ(f_get(F_QUAL), SELF_IPI);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 14);
	CHECK_EQ(REG(SELF_IPI), 0x0f);
	CHECK_EQ(f_get(F_INTR_STATUS), 0);
	l2_until(R_VMCALL);
}

static void writes_refused(void)
{
	VIRQ_START(g_eoi_1, 0, 0);
	set_vector(VISR, 0x51);
	f_set(F_INTR_STATUS, STATUS(0, 0x51));
	CHECK_EQ(exc_next(&v).vector, GP);
	CHECK_EQ(has_vector(VISR, 0x51), 1);
	vm_close(&vm);
	VIRQ_START(g_ipi_high, 0, 0);
	CHECK_EQ(exc_next(&v).vector, GP);
	CHECK_EQ(REG(SELF_IPI), 0);
}

/* ---- beside other events ---- */

/* L1's window in place of any virtual interrupt. */
static void virq_window(void)
{
	VIRQ_START(g_nops, 0x51, FLAGS_IF);
	f_or(F_CPU, CPU_INTR_WINDOW);
	l2_until(R_INTR_WINDOW);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2);
	CHECK_EQ(f_get(F_INTR_STATUS), STATUS(0x51, 0));
	CHECK_EQ(has_vector(VIRR, 0x51), 1);
}

/* There is no threshold then, at the entry or at a write. */
static void virq_threshold(void)
{
	VIRQ_START(g_write_tpr, 0, 0);
	f_set(F_THRESHOLD, 0xff);
	l2_until(R_VMCALL);
}

/* It ends a HLT, in which L2 begins or which it executes. */
GUEST(64, g_sti_hlt, "nop\n sti\n hlt\n nop\n vmcall\n");

static void virq_halted(void)
{
	with_lapic = true;
	VIRQ_START(g_nops, 0x51, FLAGS_IF);
	f_set(F_ACTIVITY, 1);
	virq_comes(0x51, 0);
	l2_until(R_VMCALL);
	CHECK_EQ(f_get(F_ACTIVITY), 0);
	vm_close(&vm);
	VIRQ_START(g_sti_hlt, 0x51, 0);
	virq_comes(0x51, 3);
	l2_until(R_VMCALL);
}

/* L1's interrupt comes behind it, at the handler's first instruction. */
static void virq_first(void)
{
	with_lapic = true;
	VIRQ_START(g_nops, 0x51, FLAGS_IF);
	f_or(F_EXIT, EXIT_ACK);
	l1_interrupt(VEC);
	l2_until(R_INTERRUPT);
	CHECK_EQ(f_get(F_INFO), INFO_VALID | INFO_INTR | VEC);
	CHECK(f_get(F_RIP) < GPA_CODE2);
	CHECK(f_get(F_RSP) < GPA_STACK2);
	CHECK_EQ(f_get(F_INTR_STATUS), STATUS(0, 0x51));
	CHECK_EQ(f_get(F_VECTORING) & INFO_VALID, 0);
}

/* While its own flag holds it back L1's is not held back. */
static void virq_held_back(void)
{
	with_lapic = true;
	VIRQ_START(g_nops, 0x51, 0);
	f_or(F_EXIT, EXIT_ACK);
	l1_interrupt(VEC);
	l2_until(R_INTERRUPT);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2);
	CHECK_EQ(f_get(F_INTR_STATUS), STATUS(0x51, 0));
}

/* What L1's EPT stops on its way in is L1's to bring there. */
static void virq_violation(void)
{
	uint64_t table, a;

	VIRQ_START(g_nops, 0x51, FLAGS_IF);
	table = vm_page(&vm);
	for (a = 0; a < 512; a++)
		*vm_u64(&vm, table + a * 8) = a << 12 | EPT_RWX | EPT_WB;
	*vm_u64(&vm, table + (GPA_STACK2 - 0x1000) / 0x1000 * 8) = 0;
	*vm_u64(&vm, pt_get(&ept, 0, 3) & ~0xfffull) = table | EPT_RWX;
	l2_until(R_EPT);
	CHECK_EQ(f_get(F_VECTORING), INFO_VALID | INFO_INTR | 0x51);
	CHECK_EQ(f_get(F_INTR_STATUS), STATUS(0, 0x51));
	CHECK_EQ(has_vector(VISR, 0x51), 1);
}

static void virq_refused(void)
{
	VIRQ_START(g_nops, 0, 0);
	f_set(F_PIN, (uint32_t)host_msr(0x48d));
	l2_refused(7);
}

/* ---- posted interrupts: 30.6 ---- */

#define GPA_POSTED	(GPA_DATA2 + 0x1000)	/* 256 bits of requests, then ON and others */
#define NOTIFY		0xe3

static uint64_t *posted(unsigned int word)
{
	return vm_u64(&vm, GPA_POSTED + word * 8);
}

#define POSTED_START(name, flags)	posted_start(name, name##_end, flags)
static void posted_start(const uint8_t *code, const uint8_t *end, uint64_t flags)
{
	with_lapic = true;
	virq_start(code, end, 0, flags);
	need(F_PIN, PIN_POSTED);
	f_or(F_PIN, PIN_POSTED);
	f_or(F_EXIT, EXIT_ACK);
	f_set(F_POSTED_DESC, GPA_POSTED);
	f_set(F_POSTED_NV, NOTIFY);
}

/* Two vectors, and a bit that is software's. */
static void post_two(void)
{
	*posted(1) = 1ull << (0x61 - 0x40);
	*posted(0) = 1ull << 0x31;
	*posted(4) = 1ull << 40 | 1;
}

static bool l1_has(unsigned int set, unsigned int vector)
{
	struct kvm_lapic_state a;

	OK(ioctl(v.fd, KVM_GET_LAPIC, &a));
	return a.regs[set + vector / 32 * 16 + vector % 32 / 8] >> vector % 8 & 1;
}

/* Not 0x20: the PIC is in the kernel where the LAPIC is. */
GUEST(64, g_out_eoi, "out %al, $0x30\n nop\n" WRITE(0x80b, 0) "nop\n out %al, $0x31\n"
      "1: jmp 1b\n");

static void posted_comes(void)
{
	POSTED_START(g_out_eoi, FLAGS_IF);
	l2_out(0x30);
	post_two();
	l1_interrupt(NOTIFY);
	virq_comes(0x61, 2);
	CHECK_EQ(*posted(0), 0);
	CHECK_EQ(*posted(1), 0);
	CHECK_EQ(*posted(4), 1ull << 40);
	CHECK_EQ(has_vector(VIRR, 0x31), 1);
	CHECK_EQ(l1_has(VIRR, NOTIFY), 0);
	CHECK_EQ(l1_has(VISR, NOTIFY), 0);
	virq_comes(0x31, 3 + 14);
	l2_out(0x31);
	/* Any other is L1's. */
	l1_interrupt(VEC);
	l2_until(R_INTERRUPT);
	CHECK_EQ(f_get(F_INFO), INFO_VALID | INFO_INTR | VEC);
	CHECK_EQ(f_get(F_INTR_STATUS), STATUS(0, 0x31));
}

/* As long as L2 runs: before that it is an interrupt as any other. */
static void posted_before(void)
{
	struct kvm_regs r;

	POSTED_START(g_nops, FLAGS_IF);
	post_two();
	l2_until(R_VMCALL);
	l1_interrupt(NOTIFY);
	r = vcpu_regs(&v);
	r.rflags |= FLAGS_IF;
	vcpu_set_regs(&v, &r);
	CHECK_EQ(exc_next(&v).vector, NOTIFY);
	CHECK_EQ(*posted(4), 1ull << 40 | 1);
	CHECK_EQ(has_vector(VIRR, 0x61), 0);
}

/* In HLT: it ends that, or not. */
GUEST(64, g_hlt, "hlt\n nop\n vmcall\n");

static void posted_halted(void)
{
	POSTED_START(g_hlt, FLAGS_IF);
	post_two();
	l1_interrupt_later(NOTIFY);
	virq_comes(0x61, 1);
	l2_until(R_VMCALL);
	vm_close(&vm);
	POSTED_START(g_hlt, FLAGS_IF);
	REG(VTPR) = 0x70;
	post_two();
	l1_interrupt_later(NOTIFY);
	l1_interrupt_after(VEC, 300);
	l2_until(R_INTERRUPT);
	CHECK_EQ(f_get(F_INFO), INFO_VALID | INFO_INTR | VEC);
	CHECK_EQ(f_get(F_RIP), GPA_CODE2 + 1);
	CHECK_EQ(f_get(F_ACTIVITY), 1);
	CHECK_EQ(f_get(F_INTR_STATUS), STATUS(0x61, 0));
	CHECK_EQ(has_vector(VIRR, 0x31), 1);
	CHECK_EQ(*posted(1), 0);
}

/* ---- state ---- */

GUEST(64, g_out, "out %al, $0x30\n nop\n sti\n nop\n nop\n vmcall\n");

static void state_moves(void)
{
	VIRQ_START(g_out, 0x51, 0);
	l2_out(0x30);
	l2_moves();
	virq_comes(0x51, 5);
	l2_until(R_VMCALL);
	CHECK_EQ(f_get(F_INTR_STATUS), STATUS(0, 0x51));
}

/* On its way in: in the status it is in service, and in the state an entry injects it. */
static void state_on_its_way(void)
{
	struct kvm_vcpu_events e;
	struct l2_state s;
	uint32_t info;
	void *idt = mmap(NULL, 0x1000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	VIRQ_START(g_nops, 0x51, FLAGS_IF);
	f_set(F_IDTR_BASE, GPA_HOLE);
	vcpu_expect(&v, KVM_EXIT_INTERNAL_ERROR);
	CHECK_EQ(v.run->internal.suberror, KVM_INTERNAL_ERROR_DELIVERY_EV);
	l2_state_get(&s);
	CHECK_EQ(s.head.flags, KVM_STATE_NESTED_GUEST_MODE | KVM_STATE_NESTED_RUN_PENDING);
	memcpy(&info, s.data + 788, 4);
	CHECK_EQ(info, INFO_VALID | INFO_INTR | 0x51);
	OK(ioctl(v.fd, KVM_GET_VCPU_EVENTS, &e));
	CHECK_EQ(e.interrupt.injected, 0);
	memcpy(idt, vm.mem + GPA_IDT, 0x1000);
	OK(vm_slot(&vm, 1, GPA_HOLE, idt, 0x1000));
	OK(ioctl(v.fd, KVM_SET_VCPU_EVENTS, &e));
	OK(ioctl(v.fd, KVM_SET_NESTED_STATE, &s));
	virq_comes(0x51, 0);
	l2_state_get(&s);
	CHECK_EQ(s.head.flags, KVM_STATE_NESTED_GUEST_MODE);
	l2_until(R_VMCALL);
	CHECK_EQ(f_get(F_INTR_STATUS), STATUS(0, 0x51));
}

BOTH(msr_read)
BOTH(msr_write_tpr)
BOTH(virq_entry)
BOTH(virq_masked)
BOTH(virq_priority)
BOTH(eoi_exits)
BOTH(self_ipi)
BOTH(virq_halted)
BOTH(virq_first)
BOTH(virq_violation)
BOTH(posted_comes)
BOTH(posted_halted)
BOTH(state_moves)
BOTH(state_on_its_way)

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		CASES(msr_read), CASE(msr_read_tpr), CASE(msr_not_virtual),
		CASES(msr_write_tpr), CASE(msr_write_refused),
		CASES(virq_entry), CASE(virq_waits), CASES(virq_masked),
		CASES(virq_priority), CASE(virq_in_service), CASES(eoi_exits),
		CASES(self_ipi), CASE(writes_refused), CASE(virq_window),
		CASE(virq_threshold), CASES(virq_halted), CASES(virq_first),
		CASE(virq_held_back), CASE(virq_violation_ept), CASE(virq_refused),
		CASES(posted_comes), CASE(posted_before), CASES(posted_halted),
		CASES(state_moves), CASES(state_on_its_way), { }
	};

	return test_main(argc, argv, cases);
}
