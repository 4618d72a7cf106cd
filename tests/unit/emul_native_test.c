// SPDX-License-Identifier: GPL-2.0-only
/*
 * emul_exec() against the processor that runs the test: random instructions
 * with random registers, in 64-bit mode.  Each is executed natively and, on a
 * copy of the memory, emulated; registers, flags, memory and faults must be
 * the same.
 *
 * Capstone tells what the memory operand is made of, so that registers can be
 * chosen which let it fall where a case wants it.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <asm/prctl.h>
#include <capstone/capstone.h>
#include <cmocka.h>

#include "emul/emul.h"
#include "emul_native.h"
#include "emul_random.h"

#define CASES		1500000
#define DATA		0x20000000ULL	/* below 2 GiB: any displacement */
#define DATA_SIZE	0x2000ULL	/* with unmapped pages around */
#define GS_BASE		0x12345678ULL
#define FLAGS		0xcd5ULL	/* OF, DF, SF, ZF, AF, PF, CF */
#define FLAG_AF		0x10ULL

enum { CX = 1, SI = 6, DI = 7 };

static u8 copy[DATA_SIZE];
static u64 fs_base;
static bool la57;
static csh capstone;
static cs_insn *peer;

/* The callbacks know the copy of the data pages and nothing else. */
static void cb_segment(struct emul_ctx *ctx, enum emul_seg seg,
		       struct emul_segment *out)
{
	memset(out, 0, sizeof(*out));
	out->base = seg == EMUL_FS ? fs_base : seg == EMUL_GS ? GS_BASE : 0;
}

static u8 *cb_locate(struct emul_ctx *ctx, u64 la, unsigned int len)
{
	if (la - DATA < DATA_SIZE && la - DATA + len <= DATA_SIZE)
		return &copy[la - DATA];
	ctx->fault = (struct emul_fault){ .vector = 14, .address = la };
	if (la - DATA < DATA_SIZE)
		ctx->fault.address = DATA + DATA_SIZE;
	return NULL;
}

static enum emul_result cb_read(struct emul_ctx *ctx, u64 la, void *buf,
				unsigned int len)
{
	u8 *p = cb_locate(ctx, la, len);

	if (p)
		memcpy(buf, p, len);
	return p ? EMUL_OK : EMUL_FAULT;
}

static enum emul_result cb_write(struct emul_ctx *ctx, u64 la,
				 const void *buf, unsigned int len)
{
	u8 *p = cb_locate(ctx, la, len);

	if (p)
		memcpy(p, buf, len);
	return p ? EMUL_OK : EMUL_FAULT;
}

static const struct emul_ops ops = {
	.segment = cb_segment, .read = cb_read, .write = cb_write,
};

/* Until the instruction is over: a repeated one takes several calls. */
static bool emul_run(const u8 *code, struct native_state *state)
{
	struct emul_ctx ctx = {
		.ops = &ops, .mode = EMUL_64, .protected = true, .la57 = la57,
		.cpl = 3, .gpr = state->gpr, .rip = NATIVE_CODE,
		.rflags = state->flags,
	};
	enum emul_result ret = EMUL_OK;
	u64 end = NATIVE_CODE + peer->size;

	if (emul_decode(&ctx.insn, EMUL_64, code, 15) != peer->size)
		return false;
	while (ret == EMUL_OK && ctx.rip == NATIVE_CODE)
		ret = emul_exec(&ctx);
	if (ret != EMUL_OK && ret != EMUL_FAULT)
		return false;
	if (ctx.rip != (ret == EMUL_OK ? end : NATIVE_CODE))
		return false;
	state->flags = ctx.rflags;
	state->vector = ret == EMUL_FAULT ? ctx.fault.vector : -1;
	state->address = ctx.fault.address;
	return true;
}

enum {
	P66 = 1,	/* 66 may be in front */
	REP = 2,	/* F2 or F3 may */
	LOCK = 4,	/* LOCK may, or is implied: aligned operands only */
	MEM = 8,	/* no register form */
	NO_AF = 16,	/* AF is undefined afterwards, for some of them */
	NO_MODRM = 32,
	MOFFS = 64,
};

struct form {
	u8 map, first, last;
	u8 groups;	/* /0 to /groups-1; 0: ModRM.reg is a register */
	unsigned int flags;
};

static const struct form forms[] = {
	{ 0, 0x88, 0x8b, 0, P66 | REP },
	{ 0, 0x88, 0x8b, 0, P66 },
	{ 0, 0xa0, 0xa3, 0, P66 | NO_MODRM | MOFFS },
	{ 0, 0xc6, 0xc7, 1, P66 },
	{ 0, 0x63, 0x63, 0, 0 },
	{ 1, 0xb6, 0xb7, 0, P66 },
	{ 1, 0xbe, 0xbf, 0, P66 },
	{ 0, 0xa4, 0xa5, 0, P66 | REP | NO_MODRM },
	{ 0, 0xaa, 0xad, 0, P66 | REP | NO_MODRM },
	{ 2, 0xf0, 0xf1, 0, P66 | MEM },
	{ 1, 0xc3, 0xc3, 0, MEM },
	{ 0, 0x86, 0x87, 0, P66 | LOCK },
	{ 0, 0x00, 0x03, 0, P66 },
	{ 0, 0x08, 0x0b, 0, P66 | NO_AF },
	{ 0, 0x10, 0x13, 0, P66 },
	{ 0, 0x18, 0x1b, 0, P66 },
	{ 0, 0x20, 0x23, 0, P66 | NO_AF },
	{ 0, 0x28, 0x2b, 0, P66 },
	{ 0, 0x30, 0x33, 0, P66 | NO_AF },
	{ 0, 0x38, 0x3b, 0, P66 },
	{ 0, 0x80, 0x81, 8, P66 | NO_AF },
	{ 0, 0x83, 0x83, 8, P66 | NO_AF },
	{ 0, 0x84, 0x85, 0, P66 | NO_AF },
	{ 0, 0xf6, 0xf7, 4, P66 | NO_AF },
	{ 0, 0xfe, 0xff, 2, P66 },
};

static unsigned int put_prefixes(u8 *p, unsigned int flags)
{
	static const u8 segments[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 };
	unsigned int n = 0, i;

	for (i = below(4); i; i--)
		switch (below(8)) {
		case 0 ... 2:
			p[n++] = segments[below(6)];
			break;
		case 3:
			p[n++] = 0x67;
			break;
		case 4:
			if (flags & P66)
				p[n++] = 0x66;
			break;
		case 5 ... 6:
			if (flags & REP)
				p[n++] = 0xf2 + below(2);
		}
	if (below(2))
		p[n++] = 0x40 | below(16);
	return n;
}

/* A random instruction of @form; the tail is random, immediate included. */
static void make_code(u8 *code, const struct form *form)
{
	unsigned int n, i;
	u8 *p = code;

	for (i = 0; i < 16; i++)
		code[i] = random64() >> 40;
	p += put_prefixes(p, form->flags);
	if (form->map)
		*p++ = 0x0f;
	if (form->map == 2)
		*p++ = 0x38;
	*p++ = form->first + below(form->last - form->first + 1);
	if (form->groups) {
		n = below(form->groups);
		*p = (*p & 0xc7) | n << 3;
	}
	/* Registers only in one case of eight. */
	if (!(form->flags & NO_MODRM) && *p >= 0xc0 &&
	    (form->flags & MEM || below(2)))
		*p -= 0x40 * (1 + below(3));
}

/* Where the operand shall be: data, its borders, or where nothing can be. */
static u64 choose_target(bool narrow, bool aligned)
{
	u64 edge = 1ULL << (la57 ? 56 : 47), at;

	switch (below(narrow ? 30 : 36)) {
	case 30 ... 31:
		at = edge - below(12);
		break;
	case 32 ... 33:
		at = -edge - below(12);
		break;
	case 34:
		at = edge + random64() % (edge << 1);
		break;
	case 35:
		at = -edge + below(4096);
		break;
	case 0:
		at = DATA - 12 + below(24);
		break;
	case 1:
		at = DATA + DATA_SIZE - 12 + below(24);
		break;
	default:
		at = DATA + 64 + below(DATA_SIZE - 128);
	}
	return aligned ? at & ~7ULL : at;
}

static int reg_number(x86_reg reg, bool *narrow)
{
	static const x86_reg wide[] = {
		X86_REG_RAX, X86_REG_RCX, X86_REG_RDX, X86_REG_RBX,
		X86_REG_RSP, X86_REG_RBP, X86_REG_RSI, X86_REG_RDI,
		X86_REG_R8, X86_REG_R9, X86_REG_R10, X86_REG_R11,
		X86_REG_R12, X86_REG_R13, X86_REG_R14, X86_REG_R15,
	};
	static const x86_reg half[] = {
		X86_REG_EAX, X86_REG_ECX, X86_REG_EDX, X86_REG_EBX,
		X86_REG_ESP, X86_REG_EBP, X86_REG_ESI, X86_REG_EDI,
		X86_REG_R8D, X86_REG_R9D, X86_REG_R10D, X86_REG_R11D,
		X86_REG_R12D, X86_REG_R13D, X86_REG_R14D, X86_REG_R15D,
	};
	int i;

	for (i = 0; i < 16; i++) {
		if (wide[i] == reg)
			return i;
		if (half[i] == reg) {
			*narrow = true;
			return i;
		}
	}
	return -1;
}

/* Change a base register, or else the displacement, to reach @want. */
static void steer_modrm(u8 *code, const x86_op_mem *mem, u64 want, u64 *gpr)
{
	const cs_x86 *x86 = &peer->detail->x86;
	bool narrow = false;
	int base = reg_number(mem->base, &narrow);
	int index = reg_number(mem->index, &narrow);
	u64 mask = x86->addr_size == 4 ? 0xffffffff : ~0ULL;
	s32 disp;

	if (base >= 0 && base != index) {
		want -= mem->disp;
		if (index >= 0)
			want -= gpr[index] * mem->scale;
		gpr[base] = (gpr[base] & ~mask) | (want & mask);
	} else if (base >= 0) {
		want = ((want - mem->disp) & mask) / (mem->scale + 1);
		gpr[base] = (gpr[base] & ~mask) | want;
	} else {
		/* RIP, an index alone, or nothing but the displacement. */
		if (mem->base == X86_REG_RIP || mem->base == X86_REG_EIP)
			want -= NATIVE_CODE + peer->size;
		if (index >= 0) {
			gpr[index] = (gpr[index] & ~mask) | below(1000);
			want -= (gpr[index] & mask) * mem->scale;
		}
		disp = want;
		memcpy(code + x86->encoding.disp_offset, &disp, 4);
	}
}

/*
 * The last FS or GS override counts, also with one of the four others behind
 * it, which do nothing (APM vol. 3, 1.2.4); capstone believes otherwise.
 */
static u64 segment_base(const u8 *code, const struct form *form, int reg)
{
	static const char prefixes[] = "\x26\x2e\x36\x3e\x64\x65\x66\x67\xf2\xf3";
	u64 base = 0;

	if (form->flags & NO_MODRM && reg == DI)
		return 0;
	for (; memchr(prefixes, *code, sizeof(prefixes) - 1); code++)
		if (*code == 0x64 || *code == 0x65)
			base = *code == 0x64 ? fs_base : GS_BASE;
	return base;
}

static bool canonical(u64 la)
{
	unsigned int unused = la57 ? 7 : 16;

	return (u64)((s64)(la << unused) >> unused) == la;
}

/*
 * false when the operand cannot be brought where it is harmless, or where
 * processors differ: some want the effective address to be canonical even
 * when FS.base or GS.base makes the linear address so.
 */
static bool steer(u8 *code, const struct form *form, u64 *gpr)
{
	const cs_x86 *x86 = &peer->detail->x86;
	bool narrow = x86->addr_size == 4;
	const x86_op_mem *mem;
	unsigned int i, n;
	u64 want, base;
	int reg;

	for (i = 0; i < x86->op_count; i++) {
		if (x86->operands[i].type != X86_OP_MEM)
			continue;
		mem = &x86->operands[i].mem;
		reg = reg_number(mem->base, &narrow);
		/* A displacement of 32 bits does not reach everywhere. */
		want = choose_target(narrow || reg < 0, form->flags & LOCK);
		base = segment_base(code, form, reg);
		want -= base;
		if (base == fs_base && (narrow || reg < 0))
			return false;
		if (base && !canonical(want))
			return false;
		if (form->flags & MOFFS) {
			n = x86->addr_size;
			memcpy(code + peer->size - n, &want, n);
		} else {
			steer_modrm(code, mem, want, gpr);
		}
	}
	if (form->flags & REP && form->flags & NO_MODRM)
		gpr[CX] = narrow ? gpr[CX] << 32 | below(6) : below(6);
	return true;
}

static void fail_case(const char *what, const u8 *code,
		      const struct native_state *before,
		      const struct native_state *cpu,
		      const struct native_state *emul)
{
	unsigned int i;

	print_error("%s: %s %s:", what, peer->mnemonic, peer->op_str);
	for (i = 0; i < peer->size; i++)
		print_error(" %02x", code[i]);
	print_error("\nvector %d/%d at %llx/%llx, flags %llx: %llx/%llx\n",
		    cpu->vector, emul->vector, cpu->address, emul->address,
		    before->flags, cpu->flags, emul->flags);
	for (i = 0; i < 16; i++)
		print_error("r%-2u %016llx: %016llx/%016llx\n", i,
			    before->gpr[i], cpu->gpr[i], emul->gpr[i]);
	fail();
}

static unsigned long ended[33];	/* cases by vector, the last one: none */

static void run_case(const u8 *code, const struct form *form,
		     const struct native_state *before)
{
	struct native_state cpu = *before, emul = *before;
	u64 flags = FLAGS;

	if (form->flags & NO_AF)
		flags &= ~FLAG_AF;
	native_run(code, peer->size, &cpu);
	if (!emul_run(code, &emul))
		fail_case("not emulated", code, before, &cpu, &emul);
	if (cpu.vector != emul.vector ||
	    (cpu.vector == 14 && cpu.address != emul.address))
		fail_case("fault", code, before, &cpu, &emul);
	if (memcmp(cpu.gpr, emul.gpr, sizeof(cpu.gpr)))
		fail_case("registers", code, before, &cpu, &emul);
	if ((cpu.flags ^ emul.flags) & flags)
		fail_case("flags", code, before, &cpu, &emul);
	if (memcmp((void *)DATA, copy, DATA_SIZE))
		fail_case("memory", code, before, &cpu, &emul);
	ended[cpu.vector < 0 ? 32 : cpu.vector]++;
}

static bool disassemble(const u8 *code)
{
	const uint8_t *p = code;
	size_t size = 15;
	uint64_t at = NATIVE_CODE;

	return cs_disasm_iter(capstone, &p, &size, &at, peer);
}

static void fill_memory(void)
{
	u64 i, v;

	for (i = 0; i < DATA_SIZE; i += 8) {
		v = random64();
		memcpy(copy + i, &v, 8);
	}
	memcpy((void *)DATA, copy, DATA_SIZE);
}

static void test_random(void **unused)
{
	unsigned int done = 0, i;
	const struct form *form;
	struct native_state before;
	u8 code[16];

	/* Here, not in setup(): cmocka installs its own handlers before. */
	native_init();
	while (done < CASES) {
		if (done % 4096 == 0)
			fill_memory();
		form = &forms[below(sizeof(forms) / sizeof(*forms))];
		make_code(code, form);
		for (i = 0; i < 16; i++)
			before.gpr[i] = random64();
		before.flags = 0x202 | (random64() & FLAGS);
		if (!disassemble(code) || !steer(code, form, before.gpr))
			continue;
		run_case(code, form, &before);
		done++;
	}
	print_message("%u cases: %lu executed, %lu #SS, %lu #GP, %lu #PF\n",
		      done, ended[32], ended[12], ended[13], ended[14]);
	assert_true(ended[32] > CASES / 2 && ended[12] && ended[13] &&
		    ended[14]);
}

static int setup(void **unused)
{
	char line[4096];
	FILE *f = fopen("/proc/cpuinfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "flags", 5) && strstr(line, " la57"))
			la57 = true;
	if (f)
		fclose(f);
	if (mmap((void *)DATA, DATA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		 MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != (void *)DATA)
		return -1;
	syscall(SYS_arch_prctl, ARCH_GET_FS, &fs_base);
	syscall(SYS_arch_prctl, ARCH_SET_GS, GS_BASE);
	if (cs_open(CS_ARCH_X86, CS_MODE_64, &capstone))
		return -1;
	cs_option(capstone, CS_OPT_DETAIL, CS_OPT_ON);
	peer = cs_malloc(capstone);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
