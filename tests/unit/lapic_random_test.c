// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random operations on one to eight LAPICs, compared with the model after each.
 *
 * In the environment SEED=n and OPS=n choose them; a difference says which operation
 * it was, and TRACE=n prints those from number n on.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "tests/model/apic.h"
#include "tests/unit/irq_env.h"

#define WORLD_OPS	400	/* operations before the next world */

static struct model_vm model;
static unsigned long long seed = 1;
static long total_ops = 1000000, op_nr, trace_at = -1;
static const char *op_name = "";

static unsigned int rnd(unsigned int n)
{
	return shim_random() % n;
}

static u32 rnd32(void)
{
	return shim_random() << 16 ^ shim_random();
}

static u64 rnd64(void)
{
	return (u64)rnd32() << 32 | rnd32();
}

#define trace(...) ((void)(trace_at >= 0 && op_nr >= trace_at && printf(__VA_ARGS__)))

static void on_abort(int sig)
{
	fprintf(stderr, "SEED=%llu: operation %ld, %s\n", seed, op_nr, op_name);
	_Exit(134);
}

#define same(what, n, ours, models) do {				\
	u64 ours_ = (ours), models_ = (models);				\
	if (ours_ != models_)						\
		shim_die("%s of %d: %llx, the model has %llx", what, n,	\
			 (unsigned long long)ours_, (unsigned long long)models_); \
} while (0)

/* ---- Comparing. */

static void same_vectors(int n)
{
	static u32 ours[256], models[256];
	struct irq_cpu *c = &irq_world.cpu[n];

	lapic_save(&c->a, ours);
	model_save(&model, &model.apic[n], models);
	for (int i = 0; i < 256; i++)
		if (ours[i] != models[i])
			shim_die("register %x of %d: %x, the model has %x", i * 4, n,
				 ours[i], models[i]);
}

static void same_cpu(int n)
{
	struct irq_cpu *c = &irq_world.cpu[n];
	struct model_apic *m = &model.apic[n];
	int pending = model_pending(m);

	same("pending", n, lapic_pending(&c->a), pending);
	same("threshold", n, lapic_tpr_threshold(&c->a), model_threshold(m));
	same("base", n, c->a.base, m->base);
	same("deadline", n, lapic_deadline(&c->a), m->deadline);
	same("NMIs", n, c->nmis, m->nmis);
	same("SMIs", n, c->smis, m->smis);
	same("events", n, atomic_read(&c->a.events),
	     m->init_came * LAPIC_EVENT_INIT + m->sipi_came * LAPIC_EVENT_SIPI);
	if (m->sipi_came)
		same("SIPI vector", n, c->a.sipi_vector, m->sipi_vector);
	for (int bit = 0; bit < 32; bit++)
		same("error", n, atomic_read(&c->a.errors) >> bit & 1, m->error[bit]);
	same("ExtINT", n, lapic_takes_extint(&c->a),
	     !(m->base & 0x800) || (m->lvt[MODEL_LINT0] & 0x10700) == 0x700);
	if (pending >= 0 && !c->notified)
		shim_die("nobody told %d of %d", n, pending);
}

static void same_all(void)
{
	for (int n = 0; n < model.n; n++) {
		same_cpu(n);
		same_vectors(n);
		for (int v = 0; v < 256; v++)
			same("EOIs", n, irq_world.cpu[n].eois[v], model.apic[n].eois[v]);
	}
}

/* ---- Operations: on the LAPIC, and on the model. */

static int nr;			/* which one */
static struct irq_cpu *cpu;
static struct model_apic *m;

/* A vector: few of them, that they may meet, or any. */
static u8 rnd_vector(void)
{
	static const u8 few[] = { 0x30, 0x31, 0x3f, 0x40, 0x5f, 0x60, 0xfe, 0xff, 15, 16 };

	return rnd(3) ? few[rnd(ARRAY_SIZE(few))] : rnd(256);
}

static u32 rnd_dest(void)
{
	static const u32 dest[] = {
		0, 1, 2, 3, 0xf, 0x10, 0x11, 0xf1, 0xff, 0xfe, 0xffffffff, 0x10001,
		0x1ffff, 300, 0x120fff, 0xffff, 5, 0x83,
	};

	return rnd(6) ? dest[rnd(ARRAY_SIZE(dest))] : rnd32();
}

/* ICR's low half: mostly legal. */
static u32 rnd_icr(void)
{
	u32 icr = rnd_vector() | rnd(2) * 0x800u | rnd(2) * 0x4000u;

	icr |= (rnd(3) ? rnd(2) : rnd(8)) << 8;
	icr |= (rnd(2) ? 0 : rnd(4)) << 18;
	if (!rnd(4))
		icr |= 0x8000;
	return rnd(10) ? icr : icr ^ 1u << rnd(32);
}

static u32 rnd_lvt(void)
{
	u32 lvt = rnd_vector() | rnd(4) << 17;

	if (!rnd(4))
		lvt |= 0x10000;
	if (!rnd(2))
		lvt |= rnd(8) << 8;
	return rnd(6) ? lvt : lvt ^ 1u << rnd(32);
}

static u32 rnd_value(u32 reg)
{
	switch (rnd(20)) {
	case 0: return rnd32();
	case 1: return 0;
	case 2: return ~0u;
	case 3: return 1u << rnd(32);
	}
	switch (reg) {
	case 0x80: return rnd(3) ? rnd(64) : rnd(256);
	case 0xb0: case 0x280: return 0;
	case 0x20: return rnd(5) << 24;
	case 0xd0: return (rnd(2) ? 1u << rnd(8) : rnd(256)) << 24;
	case 0xe0: return rnd(2) ? ~0u : 0x0fffffff;
	case 0xf0: return 0xff | (rnd(6) ? 0x100 : 0) | (rnd(3) ? 0 : 0x1000);
	case 0x300: return rnd_icr();
	case 0x310: return (rnd(2) ? rnd(8) : rnd_dest()) << 24;
	case 0x380: return rnd(3) ? rnd(100000) : rnd(20);
	case 0x3e0: return rnd(16);
	case 0x3f0: return rnd_vector();
	}
	return reg >= 0x320 && reg <= 0x370 ? rnd_lvt() : rnd32();
}

static u32 rnd_reg(void)
{
	static const u16 often[] = {
		0x80, 0xb0, 0xb0, 0xb0, 0xf0, 0x20, 0xd0, 0xe0, 0x300, 0x300, 0x300, 0x310,
		0x320, 0x350, 0x360, 0x370, 0x380, 0x390, 0x3e0, 0x3f0, 0x280,
	};

	if (rnd(4))
		return often[rnd(ARRAY_SIZE(often))];
	return rnd(8) ? rnd(0x40) * 0x10 : rnd(0x1000);
}

static void op_read(void)
{
	u32 reg = rnd_reg();
	uint64_t models = 0;
	u64 ours = 0;
	int r;

	trace("  %d reads %x\n", nr, reg);
	if (rnd(8) < 7 && !lapic_is_x2apic(&cpu->a)) {
		if (!lapic_is_enabled(&cpu->a))
			return;
		same("read", nr, lapic_read(&cpu->a, reg), model_read(&model, m, reg));
		return;
	}
	r = lapic_msr_read(&cpu->a, 0x800 + reg / 0x10, &ours);
	same("RDMSR", nr, !r, model_msr_read(&model, m, reg & ~0xfu, &models));
	same("value", nr, ours, models);
	shim_assert(!r || r == -EINVAL);
}

static void op_write(void)
{
	u32 reg = rnd_reg();
	u64 value = rnd_value(reg);
	int r;

	if (rnd(8) < 7 && !lapic_is_x2apic(&cpu->a)) {
		if (!lapic_is_enabled(&cpu->a))
			return;
		trace("  %d writes %x to %x\n", nr, (u32)value, reg);
		lapic_write(&cpu->a, reg, value);
		model_write(&model, m, reg, value);
		return;
	}
	reg &= ~0xfu;
	if (reg == 0x300)
		value |= (u64)rnd_dest() << 32;
	else if (!rnd(20))
		value |= rnd64();
	/* the bits that software would keep */
	if (reg == 0x300 && rnd(4))
		value &= ~0xfff32000ull;
	if (reg >= 0x320 && reg <= 0x370 && rnd(4))
		value &= reg == 0x320 ? 0x700ff : reg == 0x370 ? 0x100ff : 0x107ff;
	trace("  %d: WRMSR %llx to %x\n", nr, (unsigned long long)value, reg);
	r = lapic_msr_write(&cpu->a, 0x800 + reg / 0x10, value);
	same("WRMSR", nr, !r, model_msr_write(&model, m, reg, value));
	shim_assert(!r || r == -EINVAL);
}

static void op_tpr(void)
{
	u8 tpr = rnd(2) ? rnd(256) : 0;

	lapic_tpr_set(&cpu->a, tpr);
	m->tpr = tpr;
	same("TPR", nr, lapic_tpr(&cpu->a), tpr);
}

static void op_take(void)
{
	int v = lapic_pending(&cpu->a);

	if (v < 0)
		return;
	trace("  %d takes %x\n", nr, v);
	lapic_ack(&cpu->a, v);
	model_ack(m, v);
}

static void op_eoi(void)
{
	trace("  %d: EOI\n", nr);
	lapic_eoi(&cpu->a);
	model_eoi(m);
}

/* A device's message. */
static void op_message(void)
{
	struct irq_msg msg = {
		.dest = rnd_dest(), .vector = rnd_vector(), .logical = rnd(2),
		.mode = rnd(3) ? rnd(2) : rnd(8), .wide = !rnd(3), .level = !rnd(3),
		.lowest = !rnd(4), .tell_eoi = !rnd(8), .deassert = !rnd(8),
		.shorthand = rnd(12) ? IRQ_DEST : rnd(4),
	};
	struct model_msg same_msg;
	int r;

	if (!msg.wide)
		msg.dest &= 0xff;
	same_msg = (struct model_msg){
		.dest = msg.dest, .vector = msg.vector, .logical = msg.logical,
		.mode = msg.mode, .wide = msg.wide, .level = msg.level,
		.hint = msg.lowest, .tell = msg.tell_eoi, .deassert = msg.deassert,
		.shorthand = msg.shorthand,
	};
	trace("  message %x to %x mode %d%s%s\n", msg.vector, msg.dest, msg.mode,
	      msg.logical ? " logical" : "", msg.wide ? " wide" : "");
	shim_self.atomic++;
	r = irq_deliver(&irq_world.vm, NULL, &msg);
	shim_self.atomic--;
	same("sum", nr, r, model_deliver(&model, NULL, &same_msg));
}

static void op_lint(void)
{
	same("LINT0", nr, lapic_lint0(&cpu->a), model_lvt_fire(m, MODEL_LINT0));
}

static void op_time(void)
{
	static const u32 steps[] = { 1, 7, 100, 1000, 30000, 200000, 1000000, 5000000 };
	u64 now = irq_world.now + rnd(steps[rnd(ARRAY_SIZE(steps))] + 1);

	trace("  time is %llu\n", (unsigned long long)now);
	irq_time_to(now);
	model_time(&model, now);
}

static void op_deadline(void)
{
	u64 tsc = m->ghz * irq_world.now + m->tsc_offset;

	switch (rnd(6)) {
	case 0: tsc = 0; break;
	case 1: tsc -= rnd(1000); break;
	case 2: tsc = rnd64(); break;
	default: tsc += rnd(300000);
	}
	trace("  %d: deadline %llx\n", nr, (unsigned long long)tsc);
	lapic_deadline_set(&cpu->a, tsc);
	model_deadline(&model, m, tsc);
}

static void op_tsc_jump(void)
{
	u64 offset = rnd(1000000);

	cpu->tsc_offset = offset;
	lapic_timer_rearm(&cpu->a);
	model_tsc_jump(&model, m, offset);
}

static void op_base(void)
{
	static const u16 bits[] = { 0x000, 0x400, 0x800, 0x800, 0xc00, 0xc00 };
	u64 base = 0xfee00000 | bits[rnd(ARRAY_SIZE(bits))] | rnd(2) * 0x100u;
	bool host = !rnd(4);
	int r;

	if (!rnd(6))
		base ^= 1ull << rnd(64);
	trace("  %d: base %llx%s\n", nr, (unsigned long long)base, host ? " (host)" : "");
	r = lapic_base_set(&cpu->a, base, host);
	same("base written", nr, !r, model_base(&model, m, base, host));
	shim_assert(!r || r == -EINVAL);
}

static void op_events(void)
{
	u32 mask = rnd(4), got = lapic_events_take(&cpu->a, mask);

	same("INIT", nr, !!(got & LAPIC_EVENT_INIT), m->init_came && mask & 1);
	same("SIPI", nr, !!(got & LAPIC_EVENT_SIPI), m->sipi_came && mask & 2);
	if (mask & LAPIC_EVENT_INIT)
		m->init_came = false;
	if (mask & LAPIC_EVENT_SIPI)
		m->sipi_came = false;
	if (!(got & LAPIC_EVENT_INIT))
		return;
	trace("  %d: INIT\n", nr);
	lapic_reset(&cpu->a, true);
	model_init(&model, m);
}

static void op_reset(void)
{
	lapic_reset(&cpu->a, false);
	model_power_up(&model, m);
}

static void op_restore(void)
{
	static u32 regs[256];
	int from = rnd(model.n), r;

	lapic_save(&irq_world.cpu[from].a, regs);
	for (int n = rnd(3) ? 0 : rnd(40); n; n--)
		regs[rnd(256)] = rnd(2) ? rnd32() : 1u << rnd(32);
	if (!rnd(50))
		for (int i = 0; i < 256; i++)
			regs[i] = rnd32();
	trace("  %d restores %d\n", nr, from);
	r = lapic_restore(&cpu->a, regs);
	same("restored", nr, !r, model_restore(&model, m, regs));
	shim_assert(!r || r == -EINVAL);
	cpu->notified++;	/* it knows */
}

static void op_features(void)
{
	struct lapic_features f = {
		.x2apic = rnd(4), .tsc_deadline = rnd(4), .eoi_suppress = rnd(2),
		.maxphyaddr = 36 + rnd(17),
	};

	lapic_features_set(&cpu->a, &f);
	m->has_x2apic = f.x2apic;
	m->has_deadline = f.tsc_deadline;
	m->has_suppress = f.eoi_suppress;
	m->maxphyaddr = f.maxphyaddr;
}

static void op_vm(void)
{
	irq_world.vm.no_x2apic_quirk = model.no_quirk = rnd(2);
	irq_world.vm.by_priority = model.by_priority = rnd(2);
	irq_world.vm.ids_32bit = model.ids_32bit = rnd(2);
	irq_world.min_period = model.min_period = rnd(2) ? rnd(300000) : 0;
}

/* Memory lacks for a while, or there is enough again. */
static void op_memory(void)
{
	shim_fail_odds = rnd(3) ? 0 : 1 + rnd(3);
}

static const struct {
	void (*fn)(void);
	int odds;
	const char *name;
} ops[] = {
	{ op_write, 300, "write" }, { op_read, 80, "read" }, { op_tpr, 20, "TPR" },
	{ op_take, 150, "take" }, { op_eoi, 70, "EOI" },
	{ op_message, 150, "message" }, { op_lint, 15, "LINT" },
	{ op_time, 80, "time" }, { op_deadline, 30, "deadline" },
	{ op_tsc_jump, 5, "TSC" }, { op_base, 40, "base" },
	{ op_events, 30, "events" }, { op_reset, 2, "reset" },
	{ op_restore, 10, "restore" }, { op_features, 3, "features" },
	{ op_vm, 5, "VM" }, { op_memory, 5, "memory" },
};

/* ---- Worlds. */

static void cpu_add(void)
{
	static const u32 ids[] = { 0, 1, 2, 3, 5, 16, 17, 44, 255, 257, 300, 1023 };
	u32 id = model.n ? ids[rnd(ARRAY_SIZE(ids))] : 0;
	struct irq_cpu *c;

	for (int i = 0; i < model.n; i++)
		if (model.apic[i].vcpu_id == id)
			return;
	irq_world.share = rnd(2);
	c = irq_cpu_add(id);
	shim_assert(c);
	c->a.lint0_reenabled = rnd(2);
	c->tsc_khz = (1 + rnd(3)) * 1000000;
	c->tsc_offset = rnd(1000);
	lapic_reset(&c->a, false);
	m = &model.apic[model.n++];
	*m = (struct model_apic){
		.vcpu_id = id, .has_x2apic = true, .has_deadline = true,
		.has_suppress = true, .maxphyaddr = 40,
		.lint0_extint = c->a.lint0_reenabled, .ghz = c->tsc_khz / 1000000,
		.tsc_offset = c->tsc_offset,
	};
	model_power_up(&model, m);
}

/* As firmware and a guest would leave them, so that messages arrive. */
static void cpu_enable(int n)
{
	static const u16 mode[] = { 0x800, 0x800, 0xc00 };
	u64 base = 0xfee00000 | mode[rnd(3)];

	lapic_base_set(&irq_world.cpu[n].a, base, true);
	model_base(&model, &model.apic[n], base, true);
	if (base & 0x400) {
		lapic_msr_write(&irq_world.cpu[n].a, 0x80f, 0x1ff);
		model_msr_write(&model, &model.apic[n], 0xf0, 0x1ff);
		return;
	}
	lapic_write(&irq_world.cpu[n].a, 0xf0, 0x1ff);
	model_write(&model, &model.apic[n], 0xf0, 0x1ff);
	lapic_write(&irq_world.cpu[n].a, 0xd0, 1u << (24 + n));
	model_write(&model, &model.apic[n], 0xd0, 1u << (24 + n));
}

static void world_start(void)
{
	int want = 1 + rnd(IRQ_CPUS);

	irq_world_start();
	irq_world.bus_ns = rnd(2) ? 1 : 1 + rnd(100);
	model = (struct model_vm){ .now = irq_world.now, .min_period = IRQ_MIN_PERIOD,
				   .bus_ns = irq_world.bus_ns };
	for (int i = 0; i < want; i++)
		cpu_add();
	for (int i = 0; i < model.n; i++)
		if (rnd(8))
			cpu_enable(i);
	same_all();
}

static void world_run(long n)
{
	while (n--) {
		int pick = rnd(1000), i = 0;

		nr = rnd(model.n);
		cpu = &irq_world.cpu[nr];
		m = &model.apic[nr];
		while (i < (int)ARRAY_SIZE(ops) - 1 && (pick -= ops[i].odds) >= 0)
			i++;
		op_name = ops[i].name;
		trace("%ld: %s\n", op_nr, op_name);
		ops[i].fn();
		same_cpu(nr);
		same_vectors(nr);
		if (ops[i].fn == op_message || ops[i].fn == op_write)
			same_cpu(rnd(model.n));
		if (!(op_nr++ % 16))
			same_all();
	}
	same_all();
}

static void random_operations(void **state)
{
	for (long left = total_ops; left > 0; left -= WORLD_OPS) {
		shim_fail_odds = 0;
		world_start();
		world_run(min(left, (long)WORLD_OPS));
		shim_fail_odds = 0;
		irq_world_stop();
	}
	printf("%ld operations\n", op_nr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations),
	};

	if (getenv("SEED"))
		seed = strtoull(getenv("SEED"), NULL, 0);
	if (getenv("OPS"))
		total_ops = strtol(getenv("OPS"), NULL, 0);
	if (getenv("TRACE"))
		trace_at = strtol(getenv("TRACE"), NULL, 0);
	shim_seed = seed;
	signal(SIGABRT, on_abort);
	printf("SEED=%llu OPS=%ld\n", seed, total_ops);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
