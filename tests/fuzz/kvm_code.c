// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs for guests in 64-bit mode that reach what random bytes seldom do: registers of
 * the interrupt controllers, by port, MMIO and MSR; paravirtual features; hypercalls;
 * instructions on memory that is none; control registers; a hypervisor's.  R15 is where to go on
 * when an instruction faults.
 */
#include "tests/api/hv.h"
#include "tests/fuzz/kvm.h"

#define PICK(array)	(array)[below(sizeof(array) / sizeof((array)[0]))]

#define CODE_MAX	2048

static __thread uint8_t code[CODE_MAX + 64];
static __thread unsigned int n;

static void byte(uint8_t b)
{
	code[n++] = b;
}

static void bytes(const char *b, unsigned int count)
{
	while (count--)
		byte(*b++);
}
#define EMIT(literal)	bytes(literal, sizeof(literal) - 1)

static void number(uint64_t value, unsigned int count)
{
	for (; count--; value >>= 8)
		byte(value);
}

/* MOV to a 32-bit register */
enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };
static void mov32(unsigned int reg, uint32_t value)
{
	byte(0xb8 + reg);
	number(value, 4);
}

static void mov64(unsigned int reg, uint64_t value)
{
	byte(0x48);
	byte(0xb8 + reg);
	number(value, 8);
}

/* ---- ports ---- */

static void port_op(void)
{
	static const uint16_t ports[] = {
		0x20, 0x21, 0xa0, 0xa1, 0x40, 0x41, 0x42, 0x43, 0x43, 0x61, 0x4d0, 0x4d1,
		0x80, 0x81, 0x3f8,
	};
	static const char ops[] = { 0xec, 0xed, 0xee, 0xee, 0xee, 0xef };
	uint16_t port = PICK(ports);

	mov32(RDX, port);
	mov32(RAX, below(4) ? below(256) : odd_number());
	if (!below(8))
		byte(0x66);
	byte(PICK(ops));
	if (!below(6)) {	/* REP INSB to OUTSD */
		mov32(RCX, below(below(4) ? 8 : 5000));
		mov32(RSI, GPA_DATA + below(0x8000));
		mov32(RDI, below(4) ? GPA_DATA + below(0x8000) : GPA_HOLE);
		byte(below(8) ? 0xfc : 0xfd);
		byte(0xf3);
		byte(0x6c + below(4));
		byte(0xfc);
	}
}

/* ICW1 to ICW4, or a counter's mode and count, in their order (8259A, 8254). */
static void chip_op(void)
{
	uint8_t pic = below(2) ? 0x20 : 0xa0, counter = below(3);
	uint8_t words[4] = { 0x10 | below(16), below(32) << 3, 1 << below(8), below(32) };
	unsigned int i;

	if (below(2)) {
		for (i = 0; i < 4; i++) {
			byte(0xb0);
			byte(words[i]);
			byte(0xe6);
			byte(pic + !!i);
		}
		return;
	}
	words[0] = counter << 6 | 0x10 << below(3) | below(8) << 1 | !below(8);
	for (i = 0; i < 3; i++) {
		byte(0xb0);
		byte(i ? below(256) : words[0]);
		byte(0xe6);
		byte(i ? 0x40 + counter : 0x43);
	}
	EMIT("\xb0\xe2\xe6\x43\xe4\x40\xe4\x41");	/* read-back; IN */
}

/* ---- memory-mapped registers ---- */

static void mmio_move(uint64_t at, uint32_t value)
{
	mov32(RDI, at);
	if (below(3)) {
		EMIT("\xc7\x07");
		number(value, 4);
	} else {
		EMIT("\x8b\x07");
	}
}

static void ioapic_op(void)
{
	unsigned int reg = below(4) ? 0x10 + below(48) : below(64);

	mov32(RDI, 0xfec00000);
	EMIT("\xc7\x07");
	number(reg, 4);
	if (below(3)) {
		/* Vector and bits of delivery; an upper half is a destination. */
		EMIT("\xc7\x47\x10");
		number(reg & 1 ? below(4) << 24 :
		       (below(2) ? 0 : below(512) << 8) | (0x20 + below(0xd0)), 4);
	} else {
		EMIT("\x8b\x47\x10");
	}
}

static uint32_t icr_value(void)
{
	uint32_t value = 0x20 + below(0xd0);

	if (below(2))
		value |= below(8) << 8;
	if (below(2))
		value |= below(4) << 18;
	return value | below(8) << 11 | (below(3) ? 0x4000 : 0);
}

static uint32_t lapic_value(unsigned int reg)
{
	switch (reg) {
	case 0xf0:
		return (below(4) ? 0x100 : 0) | (below(4) ? 0xff : below(4096));
	case 0x300:
		return icr_value();
	case 0x310:
		return below(256) << 24;
	case 0x320 ... 0x370:
		return (below(2) ? 0 : below(8) << 8) | (0x20 + below(0xd0)) | below(4) << 17;
	case 0x380:
		return below(100000);
	case 0x3e0:
		return below(16);
	default:
		return below(2) ? odd_number() : 0;
	}
}

static unsigned int lapic_register(void)
{
	static const uint16_t known[] = {
		0x20, 0x30, 0x80, 0xa0, 0xb0, 0xb0, 0xd0, 0xe0, 0xf0, 0xf0, 0x280, 0x300,
		0x300, 0x310, 0x320, 0x350, 0x360, 0x370, 0x380, 0x390, 0x3e0,
	};

	return below(8) ? PICK(known) : below(0x40) * 16;
}

static void lapic_op(void)
{
	unsigned int reg = lapic_register();

	mmio_move(0xfee00000 + reg + (below(16) ? 0 : below(16)), lapic_value(reg));
}

/* ---- MSRs ---- */

static void msr_do(uint32_t msr, uint64_t value, bool write)
{
	mov32(RCX, msr);
	if (!write) {
		EMIT("\x0f\x32");
		return;
	}
	mov32(RAX, value);
	mov32(RDX, value >> 32);
	EMIT("\x0f\x30");
}

static void x2apic_op(void)
{
	unsigned int reg = lapic_register();
	uint64_t value = lapic_value(reg);

	if (!below(4)) {	/* modes of the APIC (APM vol. 2, 16.9) */
		msr_do(0x1b, 0xfee00000 | below(4) << 10 | below(2) << 8, true);
		return;
	}
	if (reg == 0x300)
		value |= below(CPUS_MAX) << 32;
	msr_do(below(12) ? 0x800 + reg / 16 : 0x83f, value, below(3));
}

static void pv_op(void)
{
	uint64_t page = GPA_DATA + below(16) * 4096;

	msr_do(below(8) ? 0x4b564d00 + below(9) : 0x11 + below(2),
	       page | (below(4) ? 1 | below(2) << 3 : below(64)), below(4));
}

void hv_usual(uint32_t *msr, uint64_t *value)
{
	static const struct { uint32_t msr; uint64_t value; } usual[] = {
		{ HV_OS_ID, LINUX_ID }, { HV_OS_ID, LINUX_ID }, { HV_HYPERCALL, GPA_CALLS | 1 },
		{ HV_TSC_PAGE, GPA_TSC | 1 }, { HV_SCONTROL, 1 }, { HV_SIMP, GPA_MESSAGES | 1 },
		{ HV_SIEFP, GPA_EVENTS | 1 }, { HV_ASSIST, GPA_ASSIST | 1 },
		{ HV_SINT(0), 0x50 }, { HV_SINT(1), 0x51 | SINT_AUTO_EOI },
		{ HV_SINT(2), 0x52 | SINT_MASKED },
		/* on by their counts, periodic, direct, with messages */
		{ HV_CONFIG(0), 9 }, { HV_CONFIG(0), 11 }, { HV_CONFIG(1), 0x1601 },
		{ HV_CONFIG(2), 3 | 1 << 16 }, { HV_CONFIG(3), 1 | 2 << 16 },
		{ HV_COUNT(0), 100 }, { HV_COUNT(0), 1000 }, { HV_COUNT(1), 50 },
		{ HV_COUNT(2), 5000 }, { HV_COUNT(3), ~0ull }, { HV_EOM, 0 }, { HV_EOI, 0 },
		{ HV_TPR, 0x20 }, { HV_ICR, 0x4030 }, { HV_CRASH_CTL, 1ull << 63 },
		{ HV_CRASH(2), 0x1234 }, { HV_EMULATION, 1 }, { HV_VP_INDEX, 0 },
		{ HV_RUNTIME, 0 }, { HV_TIME, 0 }, { HV_TSC_HZ, 0 }, { HV_APIC_HZ, 0 },
		{ HV_SVERSION, 0 }, { HV_RESET, 0 }, { 0x40000118, 0 },
		/* of the debugger */
		{ 0x400000f1, 0 }, { 0x400000f2, GPA_DATA }, { 0x400000f5, 1 },
	};
	unsigned int i = below(sizeof(usual) / sizeof(usual[0]));

	*msr = usual[i].msr;
	*value = below(6) ? usual[i].value : odd_number();
}

static void hv_msr_op(void)
{
	uint64_t value;
	uint32_t msr;

	hv_usual(&msr, &value);
	msr_do(msr, value, below(4));
}

static void any_msr_op(void)
{
	static const uint32_t msrs[] = {
		0x10, 0x1b, 0x3b, 0x48, 0x49, 0x8b, 0x9e, 0xce, 0xfe, 0x10a, 0x10b,
		0x140, 0x174, 0x175, 0x176, 0x179, 0x17a, 0x186, 0x198, 0x1a0, 0x1d9,
		0x1db, 0x200, 0x201, 0x250, 0x258, 0x268, 0x277, 0x2ff, 0x345, 0x400,
		0x401, 0x402, 0x403, 0x6e0, 0xda0, 0xc0000080, 0xc0000081, 0xc0000082,
		0xc0000083, 0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103,
		0xc0000104, 0xc0010000, 0xc0010004, 0xc0010010, 0xc0010015, 0xc001001f,
		0xc0010055, 0xc0010058, 0xc0010063, 0xc0010111, 0xc0010112, 0xc0010114,
		0xc0010115, 0xc0010117, 0xc0010140, 0xc0011020, 0xc0011022, 0xc0011029,
		0xc001102a,
	};
	uint32_t msr = PICK(msrs);

	mov32(RCX, msr);
	EMIT("\x0f\x32");
	if (below(2)) {		/* what it is, but for a bit; SVME is one of EFER's */
		if (below(3)) {
			byte(0x35);
			number(msr == 0xc0000080 ? 1 << 12 : 1u << below(32), 4);
		}
		EMIT("\x0f\x30");
	} else if (below(2) && msr != 0xc0000080) {
		msr_do(msr, odd_number(), true);
	}
}

/* ---- hypercalls ---- */

static void call_do(void)
{
	byte(0x0f);
	byte(0x01);
	byte(below(8) ? 0xd9 : 0xc1);
}

static void hypercall_op(void)
{
	mov32(RAX, below(14));
	mov32(RBX, below(2) ? below(4) : odd_number());
	mov32(RCX, below(2) ? below(16) : odd_number());
	mov32(RDX, below(4));
	mov32(RSI, below(2) ? icr_value() : below(4096));
	call_do();
}

static void hv_call_op(void)
{
	static const uint16_t calls[] = {
		CALL_FLUSH, CALL_FLUSH_LIST, CALL_SPIN, CALL_IPI, CALL_FLUSH_EX, 0x14,
		CALL_IPI_EX, CALL_POST, CALL_SIGNAL, 0x41, 0x69,
	};
	uint64_t control = PICK(calls);

	if (below(2))
		control |= CALL_FAST;
	if (!below(3))
		control |= CALL_VAR(below(4));
	if (!below(3))
		control |= CALL_REPS(below(8)) | CALL_START(below(4));
	mov64(RCX, control);
	mov64(RDX, below(2) ? GPA_IN + below(2) * 0x800 : 0x20 + below(0xd0));
	EMIT("\x41\xb8");				/* r8d */
	number(below(2) ? below(16) : GPA_IN, 4);
	EMIT("\x66\x48\x0f\x6e\xc2");			/* movq xmm0, rdx */
	call_do();
}

/* ---- instructions ---- */

/* On a device's memory, or on memory that may be read only. */
static void emulated_op(void)
{
	static const uint8_t one[] = {
		0x00, 0x01, 0x02, 0x03, 0x09, 0x0b, 0x11, 0x19, 0x21, 0x29, 0x31, 0x39, 0x3b, 0x63,
		0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0xd0, 0xd1, 0xd3, 0xf6, 0xf7,
		0xfe, 0xff, 0x8f, 0xa4, 0xa5, 0xa6, 0xaa, 0xab, 0xac, 0xae, 0x8e, 0x8c, 0xdd, 0xd9,
	};
	static const uint8_t two[] = {
		0x10, 0x11, 0x28, 0x29, 0x40, 0x44, 0x6e, 0x6f, 0x7e, 0x7f, 0x90, 0x95,
		0xa3, 0xab, 0xaf, 0xb0, 0xb1, 0xb3, 0xb6, 0xb7, 0xbb, 0xbc, 0xbd, 0xbe,
		0xbf, 0xc0, 0xc1, 0xc3, 0xc7, 0xae, 0xd6, 0xe7, 0xb8, 0x0d, 0x18,
	};
	static const uint8_t prefixes[] = { 0x66, 0x48, 0xf0, 0xf3, 0xf2, 0x67, 0x64 };
	static const uint32_t at[] = {
		GPA_HOLE, GPA_HOLE + 0xffc, RAM_SIZE + 0x10, 0xfee00020, 0xfec00010, RAM_SIZE - 4,
		0xfed00000, RAM_SIZE + 0x3ffd,
	};
	uint32_t where = PICK(at);

	mov32(RDI, where);
	mov32(RSI, below(2) ? GPA_DATA : where);
	mov32(RCX, below(8));
	if (below(2))
		byte(PICK(prefixes));
	if (below(3)) {
		byte(PICK(one));
	} else {
		byte(0x0f);
		byte(PICK(two));
	}
	byte(below(8) << 3 | 7);
	EMIT("\x90\x90\x90\x90\x90\x90");
}

/* A control or debug register: what it is, but for a bit, for a while. */
static void register_op(void)
{
	static const uint8_t crs[] = { 0, 0, 2, 3, 4, 4, 8 };
	static const uint8_t cr0_bits[] = { 1, 2, 3, 16, 18, 30 };
	uint8_t reg = PICK(crs), rex = reg == 8 ? 0x44 : 0x40, which = (reg & 7) << 3;

	if (!below(3)) {
		byte(0x0f);
		byte(0x21);
		byte(0xc0 | (which = below(8) << 3));
		mov32(RAX, GPA_CODE + below(4096));
		byte(0x0f);
		byte(0x23);
		byte(0xc0 | which);
		return;
	}
	byte(rex);
	byte(0x0f);
	byte(0x20);
	byte(0xc0 | which);		/* to rax */
	EMIT("\x48\x89\xc3");		/* kept in rbx */
	EMIT("\x48\x0f\xba\xf8");	/* btc */
	byte(reg == 0 ? PICK(cr0_bits) : below(reg == 3 ? 12 : 24));
	byte(rex);
	byte(0x0f);
	byte(0x22);
	byte(0xc0 | which);
	EMIT("\x89\x07");
	byte(rex);
	byte(0x0f);
	byte(0x22);
	byte(0xc3 | which);
}

static void privileged_op(void)
{
	static const struct { uint8_t length, b[4]; } ops[] = {
		{ 2, { 0x0f, 0x09 } }, { 2, { 0x0f, 0x08 } }, { 2, { 0x0f, 0xa2 } },
		{ 2, { 0x0f, 0x31 } }, { 2, { 0x0f, 0x33 } }, { 3, { 0x0f, 0x01, 0xf9 } },
		{ 3, { 0x0f, 0x01, 0xd1 } }, { 3, { 0x0f, 0x01, 0xd0 } },
		{ 3, { 0x0f, 0x01, 0xc8 } },
		{ 3, { 0x0f, 0x01, 0xc9 } }, { 3, { 0x0f, 0x01, 0x3f } }, { 2, { 0xf3, 0x90 } },
		{ 2, { 0x0f, 0x06 } }, { 3, { 0x0f, 0x01, 0x27 } }, { 3, { 0x0f, 0x01, 0x07 } },
		{ 3, { 0x0f, 0x01, 0x0f } }, { 3, { 0x0f, 0x00, 0xc8 } }, { 2, { 0xcd, 0x40 } },
		{ 1, { 0xcc } }, { 1, { 0xf1 } }, { 2, { 0x0f, 0xaa } },
		{ 2, { 0x0f, 0x0b } }, { 3, { 0x0f, 0x01, 0xe0 } }, { 2, { 0x0f, 0x05 } },
		{ 4, { 0x66, 0x0f, 0x38, 0x82 } }, { 3, { 0x0f, 0x01, 0xca } },
	};
	unsigned int i = below(sizeof(ops) / sizeof(ops[0]));

	mov32(RAX, below(2) ? below(32) : below(2) << 31 | below(2) << 30 | below(32));
	mov32(RCX, below(4));
	mov32(RDX, 0);
	mov32(RDI, rnd_address() & 0xffffff);
	bytes((const char *)ops[i].b, ops[i].length);
	byte(0x90);
	byte(0x90);
}

/* A hypervisor's, in a guest that is one. */
static void l2_op(void)
{
	mov32(RAX, below(8) ? l2_operand : rnd_address());
	mov32(RCX, below(2) ? below(4) : rnd());
	mov32(RDX, rnd());
	n += l2_insn(code + n);
}

/* Interrupts may come, or are waited for. */
static void wait_op(void)
{
	if (below(2))
		EMIT("\xfb\xf4\xfa");
	else
		EMIT("\xfb\x90\x90\xfa");
}

static void (*const makers[])(void) = {
	port_op, chip_op, ioapic_op, lapic_op, lapic_op, x2apic_op, pv_op, hv_msr_op, hv_msr_op,
	any_msr_op, hypercall_op, hv_call_op, emulated_op, emulated_op, register_op,
	privileged_op, l2_op, wait_op, wait_op,
};
#define MAKERS	(sizeof(makers) / sizeof(makers[0]))

/* LEA to R15 of what is behind the instruction that may fault. */
static void one_make(void (*maker)(void))
{
	unsigned int at = n + 3;

	EMIT("\x4c\x8d\x3d");
	n += 4;
	maker();
	memcpy(code + at, &(uint32_t){ n - at - 4 }, 4);
}

const uint8_t *code_make(unsigned int *length)
{
	unsigned int i, some = below(3) ? MAKERS : 1 + below(5), first = below(MAKERS);

	n = 0;
	/* Of all kinds, or of a few. */
	for (i = 5 + below(60); i && n < CODE_MAX - 128; i--)
		one_make(makers[(first + below(some)) % MAKERS]);
	/* An exit, then again. */
	EMIT("\xfb\x90\xfa\xe6\xf4\xe9");
	number(-(uint64_t)(n + 4), 4);
	*length = n;
	return code;
}

/* ---- what catches faults and interrupts ---- */

#define GPA_SKIP	(GPA_COMMON + 0x800)
#define GPA_INTR	(GPA_COMMON + 0x840)

GUEST(64, g_skip, "mov $0x8000, %esp\n jmp *%r15\n");
GUEST(64, g_intr,
      "push %rax\n mov $0x20, %al\n out %al, $0xa0\n out %al, $0x20\n push %rdi\n"
      "mov $0xfee000b0, %edi\n movl $0, (%rdi)\n pop %rdi\n pop %rax\n iretq\n");

static void gate(unsigned int vector, uint64_t to)
{
	uint64_t *g = vm_u64(&vm, GPA_IDT + vector * 16);

	g[0] = (to & 0xffff) | SEL_CODE64 << 16 | 0x8e0000000000ull | (to >> 16) << 48;
	g[1] = 0;
}

void code_catch(struct vcpu *cpu)
{
	unsigned int i;

	exc_setup(cpu);
	vm_load(&vm, GPA_SKIP, g_skip, g_skip_end);
	vm_load(&vm, GPA_INTR, g_intr, g_intr_end);
	for (i = 0; i < 256; i++)
		gate(i, i < 32 && i != 2 ? GPA_SKIP : GPA_INTR);
}
