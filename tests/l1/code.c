// SPDX-License-Identifier: GPL-2.0-only
/* L2's code: whole instructions of a few dozen kinds. */
#include "l1.h"

static uint8_t *at;

static void op1(uint8_t a) { *at++ = a; }
static void op2(uint8_t a, uint8_t b) { op1(a); op1(b); }
static void op3(uint8_t a, uint8_t b, uint8_t c) { op2(a, b); op1(c); }

static void imm32(uint32_t value)
{
	*(uint32_t *)at = value;
	at += 4;
}

/* Any but RSP. */
static unsigned int reg(void)
{
	unsigned int r = below(7);

	return r < 4 ? r : r + 1;
}

static void rex(void)
{
	if (is_64bit() && one_in(2))
		op1(0x48);
}

/* ModRM for a place in L2's data; some numbers lie across two pages. */
static void mem(unsigned int r)
{
	uint32_t to = AT(P_DATA) + below(4) * PAGE;

	to += one_in(8) ? PAGE - below(8) : below(64);
	op1(r << 3 | (is_64bit() ? 4 : 5));
	if (is_64bit())
		op1(0x25);
	imm32(to);
}

static void mov_imm(unsigned int r, uint32_t value)
{
	op1(0xb8 + r);
	imm32(value);
}

/* ---- what any program does ---- */

static void i_mov(void) { mov_imm(reg(), rnd()); }

static void i_alu(void)
{
	rex();
	op2(below(8) << 3 | 1 | (one_in(2) ? 2 : 0), 0xc0 | reg() << 3 | reg());
}

static void i_load(void) { rex(); op1(0x8b); mem(reg()); }
static void i_store(void) { rex(); op1(0x89); mem(reg()); }
static void i_alu_mem(void) { rex(); op1(below(8) << 3 | 1); mem(reg()); }
static void i_xchg(void) { rex(); op1(0x87); mem(reg()); }

static void i_locked(void)
{
	op1(0xf0);
	rex();
	op1(0x01);
	mem(reg());
}

static void i_push(void) { op1(0x50 + reg()); }
static void i_pop(void) { op1(0x58 + reg()); }

static void i_string(void)
{
	static const uint8_t ops[] = { 0xa4, 0xa5, 0xaa, 0xab, 0xa6, 0xae, 0xac };

	mov_imm(6, AT(P_DATA) + below(4) * PAGE + below(32));
	mov_imm(7, AT(P_DATA) + below(4) * PAGE + below(32));
	mov_imm(1, below(16));
	op2(0xf3, ops[below(sizeof(ops))]);
}

static void i_jump(void)
{
	op2(0x70 + below(16), 2);
	op2(0x90, 0x90);
}

static void i_sse(void)
{
	if (one_in(2))
		op3(0x0f, 0x28, 0xc0 | below(8) << 3);
	else
		op2(0xdb, 0xe3);
}

/* ---- what may exit ---- */

static void i_cpuid(void) { op2(0x0f, 0xa2); }
static void i_rdtsc(void) { op2(0x0f, 0x31); }
static void i_hlt(void) { op1(0xf4); }
static void i_invd(void) { op2(0x0f, 0x08 + below(2)); }
static void i_invlpg(void) { op2(0x0f, 0x01); mem(7); }
static void i_ud(void) { op2(0x0f, 0x0b); }
static void i_int(void) { op2(0xcd, below(256)); }
static void i_int3(void) { op1(0xcc); }
static void i_clts(void) { op2(0x0f, 0x06); }
static void i_smsw(void) { op3(0x0f, 0x01, 0xe0 | reg()); }
static void i_pause(void) { op2(0xf3, 0x90); }
static void i_vmmcall(void) { op3(0x0f, 0x01, 0xd9); }
static void i_svm(void) { op3(0x0f, 0x01, 0xd8 + below(8)); }
static void i_sgdt(void) { op2(0x0f, 0x01); mem(below(2)); }
static void i_sldt(void) { op3(0x0f, 0x00, 0xc0 | below(2) << 3 | reg()); }

static void i_divide(void)
{
	mov_imm(1, below(2));
	op2(0xf7, 0xf1);
}

static void i_swapgs(void)
{
	op3(0x0f, 0x01, is_64bit() ? 0xf8 : 0xe0);
}

static void i_syscall(void)
{
	op2(0x0f, is_64bit() ? 0x05 : 0x06);
}

static void store_imm(uint32_t offset, uint32_t value)
{
	op2(0xc7, is_64bit() ? 4 : 5);
	if (is_64bit())
		op1(0x25);
	imm32(AT(P_DATA) + offset);
	imm32(value);
}

/* The same tables again. */
static void i_lgdt(void)
{
	bool idt = one_in(2);
	uint32_t base = idt ? AT(P_IDT) : AT(P_GDT);

	store_imm(0, base << 16 | (idt ? is_long() ? 0xfff : 0x7ff : 0x3f));
	store_imm(4, base >> 16);
	store_imm(8, 0);
	op3(0x0f, 0x01, (idt ? 3 : 2) << 3 | (is_64bit() ? 4 : 5));
	if (is_64bit())
		op1(0x25);
	imm32(AT(P_DATA));
}

/* A null selector that is used is #GP outside 64-bit mode, but not in the lab. */
static void i_seg(void)
{
	static const uint8_t segs[] = { 0, 3, 4, 5 };

	mov_imm(0, is_64bit() && one_in(4) ? 0 : prog.kind == LONG3 ? 0x2b : 0x10);
	op2(0x8e, 0xc0 | segs[below(4)] << 3);
}

/*
 * Nobody answers there; the tests' programs say all ones as the machine does, but for
 * accesses that are not aligned.
 */
static void mov_port(unsigned int bytes)
{
	mov_imm(2, 0x300 + (below(12) & -bytes));
}

static void i_port(void)
{
	static const uint8_t bytes[] = { 1, 2, 4 };
	unsigned int size = bytes[below(3)];

	if (one_in(4)) {
		op2(0xe4 | below(2) << 1, 0x80);
		return;
	}
	mov_port(size);
	if (size == 2)
		op1(0x66);
	op1(0xec | below(2) << 1 | (size > 1));
}

static void i_port_string(void)
{
	bool wide = one_in(2);

	mov_port(wide ? 4 : 1);
	mov_imm(6, AT(P_DATA) + below(4) * PAGE + below(32));
	mov_imm(7, AT(P_DATA) + below(4) * PAGE + below(32));
	mov_imm(1, below(9));
	if (one_in(2))
		op1(0xf3);
	op1(0x6c | below(2) << 1 | wide);
}

/* SYSENTER's, SYSCALL's, the bases: what is written is canonical. */
static void i_msr(void)
{
	static const uint32_t msrs[] = {
		0x174, 0x175, 0x176, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084,
		0xc0000100, 0xc0000101, 0xc0000102,
	};

	mov_imm(1, msrs[below(10)]);
	if (one_in(2)) {
		op2(0x0f, 0x32);
		return;
	}
	mov_imm(2, 0);
	mov_imm(0, below(0x10000));
	op2(0x0f, 0x30);
}

static void i_cr_read(void)
{
	static const uint8_t crs[] = { 0, 2, 3, 4 };

	op3(0x0f, 0x20, 0xc0 | crs[below(4)] << 3 | reg());
}

/* A bit of CR0 or CR4 that changes nothing that the next instructions need. */
static void i_cr_change(void)
{
	static const uint32_t cr0[] = { 1 << 1, 1 << 3, 1 << 16, 0 };
	static const uint32_t cr4[] = { 1 << 3, 1 << 7, 1 << 9, 0 };
	bool four = one_in(2);

	op3(0x0f, 0x20, 0xc0 | (four ? 4 << 3 : 0));
	if (is_64bit())
		op1(0x48);
	op1(0x35);
	imm32((four ? cr4 : cr0)[below(4)]);
	op3(0x0f, 0x22, 0xc0 | (four ? 4 << 3 : 0));
}

static void i_cr3(void)
{
	op3(0x0f, 0x20, 0xd8);
	op3(0x0f, 0x22, 0xd8);
}

static void i_cr2(void) { op3(0x0f, 0x22, 0xd0 | reg()); }

/* With a virtual interrupt the lab's processor aborts at a write. */
static void i_cr8(void)
{
	if (!is_64bit() || prog.virq)
		return;
	mov_imm(0, below(16));
	op2(0x44, 0x0f);
	op2(one_in(2) ? 0x22 : 0x20, 0xc0);
}

/*
 * The selective intercept of CR0 takes each (APM vol. 2, 15.8.1), the lab's processor only
 * what a MOV would have to change: where L0 executes it, on shadow page tables, that shows.
 */
static void i_lmsw(void)
{
	if (no_npt)
		return;
	mov_imm(0, 1 | below(16));
	op3(0x0f, 0x01, 0xf0);
}

static void i_dr(void)
{
	static const uint8_t drs[] = { 0, 1, 2, 3, 6, 7 };
	unsigned int i = below(6);

	if (one_in(2)) {
		op3(0x0f, 0x21, 0xc0 | drs[i] << 3 | reg());
		return;
	}
	mov_imm(0, i == 4 ? 0xffff0ff0 | below(16) : i == 5 ? 0x400 : AT(P_DATA));
	op3(0x0f, 0x23, 0xc0 | drs[i] << 3);
}

static void i_if(void)
{
	if (!prog.virq)
		op1(0xfa + below(2));
}

static void i_flags(void)
{
	if (prog.virq || one_in(2)) {
		op1(0x9c);
		return;
	}
	op1(0x68);
	imm32(2 | (rnd() & 0x8d5) | (rnd() & 0x200));
	op1(0x9d);
}

static void (*const kinds[])(void) = {
	i_mov, i_alu, i_load, i_store, i_alu_mem, i_xchg, i_locked, i_push, i_pop, i_string,
	i_jump, i_sse, i_cpuid, i_rdtsc, i_hlt, i_invd, i_invlpg, i_ud, i_int, i_int3, i_clts,
	i_smsw, i_pause, i_vmmcall, i_svm, i_sgdt, i_sldt, i_divide, i_swapgs, i_syscall,
	i_lgdt, i_seg, i_port, i_port_string, i_msr, i_msr, i_cr_read, i_cr_change, i_cr3,
	i_cr2, i_cr8, i_lmsw, i_dr, i_if, i_flags, i_load, i_store,
};

void code_make(void)
{
	unsigned int n = 4 + below(24), i;

	at = page_u8(P_CODE);
	prog.starts = 0;
	while (n--) {
		prog.start[prog.starts++] = at - page_u8(P_CODE);
		kinds[below(sizeof(kinds) / sizeof(kinds[0]))]();
	}
	prog.end = at - page_u8(P_CODE);
	prog.start[prog.starts++] = prog.end;
	for (i = 0; i < 8; i++)
		i_vmmcall();
}
