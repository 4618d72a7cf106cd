// SPDX-License-Identifier: GPL-2.0-only
/* Guests that are hosts, by VMX: the L2 of kvm.h. */
#define _GNU_SOURCE
#include "tests/api/vmx.h"
#include "tests/fuzz/kvm.h"

/* L2: what exits, and what need not. */
GUEST(64, g_l2_busy,
      "1: cpuid\n rdtsc\n out %al, $0x80\n mov %cr0, %rax\n mov %cr3, %rbx\n mov %rbx, %cr3\n"
      "mov $0x174, %ecx\n rdmsr\n wrmsr\n mov $0x20000000, %edi\n mov %eax, (%rdi)\n"
      "mov $0x300000, %edi\n mov $0x3000, %ecx\n rep stosb\n vmcall\n pause\n hlt\n"
      "int3\n jmp 1b\n");

const uint32_t l2_operand = GPA_OPERANDS;

/* A field's encoding, of those that there may be: width, type, index (SDM vol. 3, B). */
static uint32_t field_any(void)
{
	return below(4) << 13 | below(4) << 10 | below(26) << 1;
}

unsigned int l2_insn(uint8_t *insn)
{
	/* At [RAX], or with RAX; the field is RCX. */
	static const struct {
		uint8_t length, b[5];
	} insns[] = {
		{ 4, { 0xf3, 0x0f, 0xc7, 0x30 } },	/* VMXON */
		{ 4, { 0x66, 0x0f, 0xc7, 0x30 } },	/* VMCLEAR */
		{ 3, { 0x0f, 0xc7, 0x30 } },		/* VMPTRLD */
		{ 3, { 0x0f, 0xc7, 0x38 } },		/* VMPTRST */
		{ 3, { 0x0f, 0x78, 0x08 } },		/* VMREAD */
		{ 3, { 0x0f, 0x78, 0xc8 } },
		{ 3, { 0x0f, 0x79, 0x08 } },		/* VMWRITE */
		{ 3, { 0x0f, 0x79, 0xc8 } },
		{ 5, { 0x66, 0x0f, 0x38, 0x80, 0x08 } },	/* INVEPT */
		{ 5, { 0x66, 0x0f, 0x38, 0x81, 0x08 } },	/* INVVPID */
		{ 3, { 0x0f, 0x01, 0xc1 } },		/* VMCALL */
		{ 3, { 0x0f, 0x01, 0xc2 } },		/* VMLAUNCH */
		{ 3, { 0x0f, 0x01, 0xc3 } },		/* VMRESUME */
		{ 3, { 0x0f, 0x01, 0xc4 } },		/* VMXOFF */
		{ 3, { 0x0f, 0x01, 0xd4 } },		/* VMFUNC */
	};
	unsigned int i = below(sizeof(insns) / sizeof(insns[0]));

	memcpy(insn, insns[i].b, insns[i].length);
	return insns[i].length;
}

/* Runs L1 and L2; behind an exit by an instruction L2 goes on behind that. */
static void l2_go(unsigned int runs)
{
	struct vcpu *cpu = &world.cpu[0];

	for (; runs; runs--) {
		if (cpu_run(cpu) && errno != EINTR)
			break;
		if (cpu->run->exit_reason != KVM_EXIT_IO)
			continue;
		if (cpu->run->io.port == PORT_FAIL)
			l2_written();
		if (cpu->run->io.port != PORT_L1)
			continue;
		l2_exited();
		if (f_get(F_REASON) >= R_CPUID && f_get(F_REASON) != R_EPT)
			f_set(F_RIP, f_get(F_RIP) + (f_get(F_LEN) & 15));
	}
}

/* Controls that there are, some of them on. */
static void controls_any(void)
{
	static const uint16_t fields[] = { F_PIN, F_CPU, F_CPU2, F_EXIT, F_ENTRY };
	uint32_t field = fields[below(5)], bits = rnd() & rnd(), bit;

	for (bit = 1; bit; bit <<= 1)
		if (!vmx_may(field, bit))
			bits &= ~bit;
	f_or(field, bits);
	if (field == F_CPU2)
		f_or(F_CPU, CPU_SECOND);
}

/* Areas of MSRs, of some that there are and some that there are not. */
static void areas_any(void)
{
	static const uint32_t msrs[] = {
		0x10, 0x174, 0x277, 0x48, 0x1d9, 0xc0000080, 0xc0000081, 0xc0000100, 0x808, 0x3a,
	};
	static const uint16_t counts[] = { F_STORE_COUNT, F_LOAD_COUNT, F_ENTRY_COUNT };
	static const uint16_t places[] = { F_STORE_ADDR, F_LOAD_ADDR, F_ENTRY_ADDR };
	unsigned int i, which = below(3);

	for (i = 0; i < 8; i++) {
		*vm_u64(&vm, GPA_AREA + i * 16) =
			below(8) ? msrs[below(sizeof(msrs) / sizeof(msrs[0]))] : rnd();
		*vm_u64(&vm, GPA_AREA + i * 16 + 8) = below(2) ? 0 : odd_number();
	}
	f_set(places[which], below(8) ? GPA_AREA : odd_number());
	f_set(counts[which], below(16) ? below(8) : rnd());
}

/* The virtual-APIC page, and what says what of it L2 has. */
static void apic_any(void)
{
	f_set(F_VAPIC, below(8) ? GPA_VAPIC : odd_number());
	f_set(F_APIC_ACCESS, below(8) ? 0xfee00000 : rnd_address());
	f_set(F_THRESHOLD, below(16));
	f_or(F_CPU, CPU_SECOND | CPU_TPR);
	f_or(F_CPU2, below(2) ? CPU2_APIC_ACCESS : CPU2_X2APIC);
	memset(vm.mem + GPA_VAPIC, below(2) ? 0 : rnd(), 4096);
}

/* What L1 writes to one field is tried, and mostly taken back. */
static void field_spoil(void)
{
	uint32_t field = field_any();
	uint64_t before = f_made(field), value = before;

	if (below(2))
		value = odd_number();
	else
		spoil(&value, sizeof(value));
	f_set(field, value);
	l2_go(2);
	if (below(4))
		f_set(field, before);
}

/* L1's control block, its permission maps or its tables change, in use or not. */
void op_l2(const struct call *c)
{
	if (!(world.prog->setup.flags & WITH_L2))
		return;
	l2_written();
	switch (c->arg % 8) {
	case 0:
	case 1:
		field_spoil();
		break;
	case 2:
		f_set(F_ENTRY_ERROR, rnd());
		f_set(F_ENTRY_LEN, below(16));
		f_set(F_ENTRY_INFO, INFO_VALID | below(8) << 8 | below(2) << 11 | below(256));
		break;
	case 3:
		controls_any();
		break;
	case 4:
		memset(vm.mem + GPA_MAPS, rnd(), 0x3000);
		break;
	case 5:
		areas_any();
		break;
	case 6:
		apic_any();
		break;
	default:
		spoil(vm.mem + GPA_VMCS, 4096);
	}
	if (below(2))
		f_set(F_RIP, GPA_CODE2 + below(32));
	l2_go(1 + below(8));
}

/* A program for L2. */
void op_l2_program(const struct call *c)
{
	unsigned int n;
	const uint8_t *code = code_make(&n);

	if (!(world.prog->setup.flags & WITH_L2))
		return;
	l2_written();
	memcpy(vm.mem + GPA_CODE2, code, n);
	f_set(F_RIP, GPA_CODE2);
	code_catch(&world.cpu[0]);
	l2_go(4 + c->arg % 32u);
}

bool l2_make(void)
{
	if (!vcpu_has(&world.cpu[0], 1, 2, 5))
		return false;
	v = world.cpu[0];
	v.vm = &vm;
	with_ept = below(2);
	l2_enter_here(g_l2_busy, g_l2_busy_end);
	f_or(F_CPU, CPU_HLT);
	world.cpu[0] = v;
	l2_go(3);
	return true;
}
