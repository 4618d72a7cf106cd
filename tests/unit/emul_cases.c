// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each instruction is executed natively and, on a copy of the memory, emulated;
 * registers, flags, memory and faults must be the same.
 *
 * Capstone tells what the memory operand is made of, so that registers can be
 * chosen which let it fall where a case wants it.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <asm/prctl.h>
#include <cmocka.h>

#include "emul_cases.h"
#include "emul_random.h"

#define DATA		USER_DATA
#define DATA_SIZE	USER_SIZE
#define GS_BASE		0x12345678ULL

static u64 fs_base;
static csh capstone;
static cs_insn *peer;

static void cb_segment(struct emul_ctx *ctx, enum x86_seg_nr seg,
		       struct x86_seg *out)
{
	memset(out, 0, sizeof(*out));
	out->base = seg == SEG_FS ? fs_base : seg == SEG_GS ? GS_BASE : 0;
}

static void cb_vector(struct emul_ctx *ctx, unsigned int nr, void *buf,
		      unsigned int len)
{
	struct native_state *state = ctx->priv;

	memcpy(buf, state->ymm[nr], len);
}

static void cb_vector_set(struct emul_ctx *ctx, unsigned int nr,
			  const void *buf, unsigned int len)
{
	struct native_state *state = ctx->priv;

	memcpy(state->ymm[nr], buf, len);
}

static const struct emul_ops ops = {
	.has = user_has,
	.segment = cb_segment,
	.read = user_read, .write = user_write, .probe = user_probe,
	.exchange = user_cmpxchg, .reg = user_reg,
	.vector = cb_vector, .vector_set = cb_vector_set,
};

/* Until the instruction is over: a repeated one takes several calls. */
static bool emul_run(const u8 *code, struct native_state *state)
{
	struct emul_ctx ctx = {
		.ops = &ops, .priv = state, .mode = EMUL_64, .protected = true,
		.la57 = user_la57, .amd = user_amd, .cpl = 3, .gpr = state->gpr,
		.align = state->flags & CASES_AC,
		.rip = NATIVE_CODE, .rflags = state->flags,
	};
	enum emul_result ret = EMUL_OK;
	u64 end = NATIVE_CODE + peer->size;

	if (emul_decode(&ctx.insn, EMUL_64, user_amd, code, 15) != peer->size)
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

/* Where the operand shall be: data, its borders, or where nothing can be. */
static u64 choose_target(bool narrow, unsigned int align)
{
	u64 edge = 1ULL << (user_la57 ? 56 : 47), at;

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
	return at & -(u64)align;
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
static void steer_modrm(struct native_case *c, const x86_op_mem *mem, u64 want)
{
	const cs_x86 *x86 = &peer->detail->x86;
	u64 *gpr = c->before.gpr;
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
		memcpy(c->code + x86->encoding.disp_offset, &disp, 4);
	}
}

/*
 * The last FS or GS override counts, also with one of the four others behind
 * it, which do nothing (APM vol. 3, 1.2.4); capstone believes otherwise.
 */
u64 cases_segment_base(const struct native_case *c)
{
	static const char prefixes[] =
		"\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3";
	const u8 *code = c->code;
	u64 base = 0;

	for (; memchr(prefixes, *code, sizeof(prefixes) - 1); code++)
		if (*code == 0x64 || *code == 0x65)
			base = *code == 0x64 ? fs_base : GS_BASE;
	return base;
}

static bool canonical(u64 la)
{
	unsigned int unused = user_la57 ? 7 : 16;

	return (u64)((s64)(la << unused) >> unused) == la;
}

/* Locked operands are aligned: a split lock is slow, or not allowed. */
static unsigned int case_align(const struct native_case *c, const cs_x86 *x86)
{
	if (!(c->form->flags & LOCKED) && x86->prefix[0] != X86_PREFIX_LOCK)
		return 1;
	return c->size >= 16 ? c->size : 8;
}

/*
 * false when the operand cannot be brought where it is harmless, or where
 * processors differ: some want the effective address to be canonical even
 * when FS.base or GS.base makes the linear address so.
 */
static bool steer_operand(struct native_case *c, const x86_op_mem *mem)
{
	const cs_x86 *x86 = &peer->detail->x86;
	bool narrow = x86->addr_size == 4;
	unsigned int flags = c->form->flags, n = x86->addr_size;
	u64 want, base = 0;
	int reg = reg_number(mem->base, &narrow);

	if (!(flags & NO_MODRM && reg == GPR_RDI))
		base = cases_segment_base(c);
	/* A displacement of 32 bits does not reach everywhere. */
	c->target = choose_target(narrow || reg < 0, case_align(c, x86));
	want = c->target - base;
	if (base == fs_base && (narrow || reg < 0))
		return false;
	if (base && !canonical(want))
		return false;
	if (flags & MOFFS)
		memcpy(c->code + peer->size - n, &want, n);
	else
		steer_modrm(c, mem, want);
	return true;
}

static bool steer(struct native_case *c)
{
	const cs_x86 *x86 = &peer->detail->x86;
	u64 *count = &c->before.gpr[GPR_RCX];
	unsigned int i;

	for (i = 0; i < x86->op_count; i++) {
		if (x86->operands[i].type != X86_OP_MEM)
			continue;
		c->memory = true;
		if (!steer_operand(c, &x86->operands[i].mem))
			return false;
	}
	if (c->form->flags & REP && c->form->flags & NO_MODRM)
		*count = x86->addr_size == 4 ? *count << 32 | below(6) :
					       below(6);
	return true;
}

bool cases_reg_free(const struct native_case *c, unsigned int reg)
{
	const cs_x86 *x86 = &peer->detail->x86;
	unsigned int i;
	bool narrow;

	for (i = 0; i < x86->op_count; i++)
		if (x86->operands[i].type == X86_OP_MEM &&
		    (reg_number(x86->operands[i].mem.base, &narrow) ==
		     (int)reg ||
		     reg_number(x86->operands[i].mem.index, &narrow) ==
		     (int)reg))
			return false;
	return true;
}

bool cases_data_get(u64 la, void *buf, unsigned int len)
{
	if (la - DATA >= DATA_SIZE || la - DATA + len > DATA_SIZE)
		return false;
	memcpy(buf, &user_copy[la - DATA], len);
	return true;
}

bool cases_data_set(u64 la, const void *buf, unsigned int len)
{
	if (la - DATA >= DATA_SIZE || la - DATA + len > DATA_SIZE)
		return false;
	memcpy(&user_copy[la - DATA], buf, len);
	memcpy((void *)la, buf, len);
	return true;
}

static void fail_case(const char *what, const struct native_case *c,
		      const struct native_state *cpu,
		      const struct native_state *emul)
{
	const struct native_state *before = &c->before;
	unsigned int i;

	print_error("%s: %s %s:", what, peer->mnemonic, peer->op_str);
	for (i = 0; i < peer->size; i++)
		print_error(" %02x", c->code[i]);
	print_error("\nvector %d/%d at %llx/%llx, flags %llx: %llx/%llx\n",
		    cpu->vector, emul->vector, cpu->address, emul->address,
		    before->flags, cpu->flags, emul->flags);
	for (i = 0; i < 16; i++)
		print_error("r%-2u %016llx: %016llx/%016llx\n", i,
			    before->gpr[i], cpu->gpr[i], emul->gpr[i]);
	for (i = 0; i < 64; i++)
		if (cpu->ymm[i / 4][i % 4] != emul->ymm[i / 4][i % 4])
			print_error("ymm%u.%u %016llx: %016llx/%016llx\n",
				    i / 4, i % 4, before->ymm[i / 4][i % 4],
				    cpu->ymm[i / 4][i % 4],
				    emul->ymm[i / 4][i % 4]);
	fail();
}

static unsigned long ended[33];	/* cases by vector, the last one: none */

/*
 * A string with REP and 32-bit addresses: Intel's processors clear the upper halves of the
 * count and the pointers even when it does nothing or faults.
 */
static bool string_32bit(const struct native_case *c)
{
	u8 opcode = c->code[peer->size - 1];

	return ((opcode & 0xfc) == 0xa4 || (opcode & 0xfe) == 0xaa ||
		(opcode & 0xfc) == 0xac) &&
	       memchr(c->code, 0x67, peer->size);
}

/* Did it execute, without a fault? */
static bool run_case(const struct native_case *c)
{
	struct native_state cpu = c->before, emul = c->before;
	u64 flags = CASES_FLAGS & ~c->undefined;

	native_run(c->code, peer->size, &cpu);
	if (!emul_run(c->code, &emul))
		fail_case("not emulated", c, &cpu, &emul);
	if (cpu.vector != emul.vector ||
	    (cpu.vector == 14 && cpu.address != emul.address))
		fail_case("fault", c, &cpu, &emul);
	/* A fault changes no flag at all. */
	if (cpu.vector >= 0)
		flags = CASES_FLAGS;
	if (!user_amd && string_32bit(c))
		for (unsigned int i = 0; i < 8; i++)
			if (cpu.gpr[i] == (u32)emul.gpr[i])
				emul.gpr[i] = cpu.gpr[i];
	if (memcmp(cpu.gpr, emul.gpr, sizeof(cpu.gpr)) ||
	    memcmp(cpu.ymm, emul.ymm, sizeof(cpu.ymm)))
		fail_case("registers", c, &cpu, &emul);
	if (((cpu.flags ^ emul.flags) & flags) &&
	    !(cpu.vector >= 0 && cpu.flags == c->before.flags &&
	      user_rep_compares(c->code, peer->size)))
		fail_case("flags", c, &cpu, &emul);
	if (memcmp((void *)DATA, user_copy, DATA_SIZE))
		fail_case("memory", c, &cpu, &emul);
	ended[cpu.vector < 0 ? 32 : cpu.vector]++;
	return cpu.vector < 0;
}

static bool disassemble(struct native_case *c)
{
	const uint8_t *p = c->code;
	size_t size = 15;
	uint64_t at = NATIVE_CODE;

	if (!cs_disasm_iter(capstone, &p, &size, &at, peer))
		return false;
	c->len = peer->size;
	if (peer->detail->x86.op_count)
		c->size = peer->detail->x86.operands[0].size;
	return true;
}

/* Now and then mostly zeroes, so that comparisons meet equal bytes. */
static void fill_memory(void)
{
	bool sparse = below(3) == 0;
	u64 i, v;

	for (i = 0; i < DATA_SIZE; i += 8) {
		v = random64();
		if (sparse)
			v &= v << 8 & v << 16 & v << 24 & 0x01010101010101;
		memcpy(user_copy + i, &v, 8);
	}
	memcpy((void *)DATA, user_copy, DATA_SIZE);
}

static void choose_registers(struct native_state *state)
{
	unsigned int i;

	for (i = 0; i < 16; i++) {
		state->gpr[i] = random64();
		state->ymm[i][0] = random64();
		state->ymm[i][1] = random64();
		state->ymm[i][2] = native_avx ? random64() : 0;
		state->ymm[i][3] = native_avx ? random64() : 0;
	}
	state->flags = 0x202 | (random64() & CASES_FLAGS);
}

static bool choose_case(struct native_case *c, const struct native_form *form)
{
	memset(c, 0, sizeof(*c));
	c->form = form;
	c->undefined = form->undefined;
	cases_make_code(c);
	choose_registers(&c->before);
	return disassemble(c) && steer(c) && (!form->shape || form->shape(c));
}

bool cases_one(const u8 *code, unsigned int len)
{
	struct native_case c = { .len = len };

	native_init();
	memcpy(c.code, code, len);
	choose_registers(&c.before);
	peer->size = len;
	peer->mnemonic[0] = peer->op_str[0] = 0;
	return run_case(&c);
}

void cases_run(const struct native_form *forms, unsigned int n,
	       unsigned int cases)
{
	unsigned int executed[n], done = 0, i;
	struct native_case c;

	native_init();
	memset(executed, 0, sizeof(executed));
	memset(ended, 0, sizeof(ended));
	while (done < cases) {
		if (done % 4096 == 0)
			fill_memory();
		i = below(n);
		if (!choose_case(&c, &forms[i]))
			continue;
		executed[i] += run_case(&c);
		done++;
	}
	print_message("%u cases: %lu executed, %lu #DE, %lu #UD, %lu #SS, "
		      "%lu #GP, %lu #PF\n", done, ended[32], ended[0],
		      ended[6], ended[12], ended[13], ended[14]);
	for (i = 0; i < n; i++)
		if (executed[i] < cases / n / 32)
			fail_msg("%x %02x: %u only", forms[i].map,
				 forms[i].first, executed[i]);
}

int cases_setup(void **unused)
{
	if (user_setup(NULL))
		return -1;
	native_avx = !!__builtin_cpu_supports("avx");
	syscall(SYS_arch_prctl, ARCH_GET_FS, &fs_base);
	syscall(SYS_arch_prctl, ARCH_SET_GS, GS_BASE);
	if (cs_open(CS_ARCH_X86, CS_MODE_64, &capstone))
		return -1;
	cs_option(capstone, CS_OPT_DETAIL, CS_OPT_ON);
	peer = cs_malloc(capstone);
	return 0;
}
