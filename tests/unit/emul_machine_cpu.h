/* SPDX-License-Identifier: GPL-2.0-only */
/* What the processor of emul_machine.h is and does, which includes this. */
#ifndef TESTS_UNIT_EMUL_MACHINE_CPU_H
#define TESTS_UNIT_EMUL_MACHINE_CPU_H

static void cb_cpuid(struct emul_ctx *c, u32 regs[4])
{
	regs[0] += 0x100;
	regs[1] = 0xb;
	regs[2] += 0x200;
	regs[3] = 0xd;
}

/* Features that the processor lacks, by number. */
static u64 missing;

static bool cb_has(struct emul_ctx *c, enum emul_feature feature)
{
	return !(missing >> feature & 1);
}

static void cb_invlpg(struct emul_ctx *c, u64 la)
{
	now.flushed++;
	now.flushed_la = la;
}

static void cb_flush(struct emul_ctx *c)
{
	now.flushed_all++;
}

static void cb_halt(struct emul_ctx *c)
{
	now.halted++;
}

static void cb_shadow(struct emul_ctx *c)
{
	now.shadow++;
}

/* Somebody else makes task switches; the last one that was asked about. */
static bool tasks_taken;
static unsigned int tasks_asked;
static struct emul_task task_asked;

static bool cb_task_taken(struct emul_ctx *c, const struct emul_task *t)
{
	tasks_asked++;
	task_asked = *t;
	return tasks_taken;
}

/* CR0.TS; L0 to L3 and LE of DR7. */
static void cb_task(struct emul_ctx *c)
{
	now.cr[0] |= 8;
	now.dr[7] &= ~0x155ULL;
}

/* Whether the machine is in SMM is no part of what instructions change. */
struct machine_smm {
	bool inside, wide, refuses, left;
	const u8 *area;
	struct smram_state state;
};

static struct machine_smm machine_smm;

static bool cb_smram(struct emul_ctx *c, u8 *area, bool *wide)
{
	if (!machine_smm.inside)
		return false;
	memcpy(area, machine_smm.area, SMRAM_BYTES);
	*wide = machine_smm.wide;
	return true;
}

static bool cb_rsm(struct emul_ctx *c, const struct smram_state *state)
{
	if (machine_smm.refuses)
		return false;
	machine_smm.left = true;
	machine_smm.state = *state;
	return true;
}

#endif
