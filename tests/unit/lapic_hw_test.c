// SPDX-License-Identifier: GPL-2.0-only
/*
 * A LAPIC whose page a processor works on: random operations of a guest that runs on the
 * model of that processor, of others meanwhile, and of software between two runs; after
 * each run all that software sees is what the model of a LAPIC has.
 *
 * In the environment SEED=n and OPS=n choose them; a difference says in which run.
 */
#include <stdlib.h>
#include <stdio.h>

#include "tests/model/apic.h"
#include "tests/model/vid.h"
#include "tests/unit/lapic_case.h"
#include "irq/lapic_hw.h"

static struct model_vm model;
static struct model_apic *m;
static struct model_vid vid;
static u32 gen;
static long run_nr;

static unsigned int rnd(unsigned int n)
{
	return shim_random() % n;
}

#define same(what, ours, models) do {					\
	u64 ours_ = (ours), models_ = (models);				\
	if (ours_ != models_)						\
		shim_die("run %ld: %s: %llx, the model has %llx", run_nr, what, \
			 (unsigned long long)ours_, (unsigned long long)models_); \
} while (0)

/* ---- A guest enters. */

/* As apicv_enter(): where there is nothing new the processor is told nothing. */
static void give(void)
{
	if (lapic_hw_is_given(a)) {
		vid_enter(&vid, vid.rvi | vid.svi << 8);
		return;
	}
	vid_enter(&vid, lapic_hw_give(a));
	if (gen != lapic_hw_eoi_gen(a))
		gen = lapic_hw_eoi_vectors(a, vid.eoi_exit);
}

static void enter(void)
{
	give();
	/* one that came while another was on its way to IRR waits for it */
	same("PPR", a->regs[0xa0 / 4], model_ppr(m));
}

static u8 rnd_vector(void)
{
	static const u8 few[] = { 0x30, 0x31, 0x3f, 0x40, 0x5f, 0x60, 0xfe, 0xff, 16, 17 };

	return rnd(3) ? few[rnd(ARRAY_SIZE(few))] : 16 + rnd(240);
}

/* ---- What it does without software. */

static void guest_takes(void)
{
	int vector = vid_deliver(&vid);

	same("delivered", vector, model_pending(m));
	if (vector >= 0)
		model_ack(m, vector);
}

static void guest_ends(void)
{
	int vector;

	if (vid_eoi(&vid, &vector))
		lapic_hw_ended(a, vector);
	model_eoi(m);
}

/* TMR a processor leaves alone; so such a vector is no test. */
static void guest_sends_itself(void)
{
	struct model_msg self = { .vector = rnd_vector(), .shorthand = 1 };

	if (m->tmr[self.vector] || !(m->svr & 0x100))
		return;
	if (m->base & 0x400)
		a->regs[0x3f0 / 4] = self.vector;
	else
		m->icr = a->regs[0x300 / 4] = 0x40000 | self.vector;
	vid_self_ipi(&vid, self.vector);
	model_deliver(&model, m, &self);
}

static void guest_tpr(void)
{
	u32 tpr = rnd(2) ? rnd(256) : rnd(32);

	vid_tpr(&vid, tpr);
	m->tpr = tpr;
}

/* ---- What it begins, and software ends. */

static u32 rnd_value(u32 reg)
{
	u32 any = shim_random() << 16 ^ shim_random();

	switch (rnd(8) ? reg : 0) {
	case 0x20: return rnd(3) << 24;
	case 0xd0: return 1u << (24 + rnd(3));
	case 0xe0: return rnd(2) ? ~0u : 0x0fffffff;
	case 0xf0: return 0xff | (rnd(6) ? 0x100 : 0) | (rnd(3) ? 0 : 0x1000);
	/* not to itself alone */
	case 0x300: return rnd_vector() | 0x4000 | rnd(2) * 0x80000u;
	case 0x320: return rnd_vector() | rnd(4) << 17 | rnd(2) * 0x10000u;
	case 0x380: return rnd(3) ? rnd(100000) : rnd(20);
	case 0x3e0: return rnd(16);
	}
	return any & ~0x40000u;
}

/* 30.4.3: as the access has left the page. */
static void guest_writes(void)
{
	static const u16 regs[] = {
		0x20, 0xd0, 0xe0, 0xf0, 0xf0, 0x280, 0x300, 0x300, 0x320, 0x320, 0x320, 0x330,
		0x340, 0x350, 0x360, 0x370, 0x380, 0x380, 0x3e0, 0x3e0,
	};
	u32 reg = regs[rnd(ARRAY_SIZE(regs))], value = rnd_value(reg);

	if (m->base & 0x400)
		return;
	a->regs[reg / 4] = value;
	lapic_hw_written(a, reg);
	model_write(&model, m, reg, value);
}

/* The one write that software hears nothing of. */
static void guest_icr2(void)
{
	u32 value = rnd(4) << 24;

	if (m->base & 0x400)
		return;
	a->regs[0x310 / 4] = value;
	model_write(&model, m, 0x310, value);
}

/* In x2APIC mode: 30.5. */
static void guest_msr(void)
{
	u64 icr = (u64)rnd(3) << 32 | rnd_vector() | 0x4000;
	u32 illegal = rnd(16);

	if (!(m->base & 0x400))
		return;
	if (rnd(2)) {
		lapic_msr_write(a, 0x830, icr);
		model_msr_write(&model, m, 0x300, icr);
		same("ICR in the page", *(u64 *)&a->regs[0x300 / 4], icr);
		return;
	}
	a->regs[0x3f0 / 4] = illegal;
	lapic_hw_written(a, 0x3f0);
	model_msr_write(&model, m, 0x3f0, illegal);
}

/* ---- Meanwhile. */

/*
 * Has a processor the request, and would have to tell now of an EOI that it need not have
 * told of?  Then it comes twice: told_of() has that.
 */
static bool begins_to_matter(int nr, const struct irq_msg *msg)
{
	const struct model_apic *to = &model.apic[nr];
	const struct lapic *l = &irq_world.cpu[nr].a;
	u8 v = msg->vector;

	return l->hw && l->regs[(0x200 + v / 32 * 16) / 4] >> v % 32 & 1 &&
	       ((msg->level && !to->tmr[v]) || (msg->tell_eoi && !to->tell[v]));
}

static void message(void)
{
	struct irq_msg msg = {
		.vector = rnd_vector(), .level = !rnd(3), .tell_eoi = !rnd(8),
		.mode = rnd(8) ? IRQ_FIXED : rnd(8), .dest = rnd(2),
	};
	struct model_msg same_msg = {
		.vector = msg.vector, .level = msg.level, .tell = msg.tell_eoi,
		.mode = msg.mode, .dest = msg.dest,
	};

	if (begins_to_matter(0, &msg) || begins_to_matter(1, &msg))
		return;
	same("sum", irq_deliver(&irq_world.vm, NULL, &msg),
	     model_deliver(&model, NULL, &same_msg));
}

static void time_goes_on(void)
{
	u64 now = irq_world.now + rnd(rnd(2) ? 1000 : 200000);

	irq_time_to(now);
	model_time(&model, now);
}

/* ---- Software, between two runs. */

static void soft_takes(void)
{
	int v = lapic_pending(a);

	same("pending", v, model_pending(m));
	if (v < 0)
		return;
	lapic_ack(a, v);
	model_ack(m, v);
}

static void soft_ends(void)
{
	lapic_eoi(a);
	model_eoi(m);
}

static void soft_asks(void)
{
	int top = -1, isr = -1;

	for (int v = 0; v < 256; v++) {
		top = m->irr[v] ? v : top;
		isr = m->isr[v] ? v : isr;
	}
	same("free", lapic_eoi_is_free(a),
	     isr >= 0 && top < 0 && !m->tell[isr] && !m->tmr[isr]);
	same("requested", lapic_requested(a), top);
	same("threshold", lapic_tpr_threshold(a), model_threshold(m));
}

static void soft_reads(void)
{
	u32 reg = 0x100 + rnd(24) * 0x10;
	uint64_t models;
	u64 ours = 0;

	if (!rnd(4))
		reg = 0xa0;
	if (m->base & 0x400) {
		assert_int_equal(lapic_msr_read(a, 0x800 + reg / 0x10, &ours), 0);
		assert_true(model_msr_read(&model, m, reg, &models));
		same("RDMSR", ours, models);
	} else {
		same("read", lapic_read(a, reg), model_read(&model, m, reg));
	}
}

static void soft_restores(void)
{
	static u32 regs[256];

	lapic_save(a, regs);
	regs[(0x100 + rnd(24) * 0x10) / 4] = shim_random();
	regs[(rnd(2) ? 0x380 : 0x3e0) / 4] = rnd(100000);
	regs[0x320 / 4] = rnd_value(0x320);
	/* No LAPIC has those, and a processor tells of no EOI of theirs. */
	regs[0x100 / 4] &= ~0xffffu;
	regs[0x180 / 4] &= ~0xffffu;
	assert_int_equal(lapic_restore(a, regs), 0);
	assert_true(model_restore(&model, m, regs));
}

static void soft_mode(void)
{
	static const u16 mode[] = { 0x900, 0x900, 0x900, 0xd00, 0xd00, 0x100 };
	u64 base = 0xfee00000 | mode[rnd(ARRAY_SIZE(mode))];

	lapic_base_set(a, base, true);
	model_base(&model, m, base, true);
	if ((base & 0xc00) == 0x800) {
		lapic_write(a, 0xf0, 0x1ff);
		model_write(&model, m, 0xf0, 0x1ff);
	} else if (base & 0x400) {
		lapic_msr_write(a, 0x80f, 0x1ff);
		model_msr_write(&model, m, 0xf0, 0x1ff);
	}
}

static void soft_reset(void)
{
	lapic_reset(a, true);
	model_init(&model, m);
}

struct op {
	void (*fn)(void);
	int odds;
};

static const struct op guest_ops[] = {
	{ guest_takes, 30 }, { guest_ends, 16 }, { guest_sends_itself, 14 },
	{ guest_tpr, 8 }, { guest_writes, 14 }, { guest_icr2, 3 }, { guest_msr, 6 },
	{ message, 20 }, { time_goes_on, 8 },
};

static const struct op soft_ops[] = {
	{ soft_takes, 20 }, { soft_ends, 15 }, { soft_asks, 20 }, { soft_reads, 15 },
	{ message, 20 }, { soft_restores, 4 }, { soft_mode, 4 }, { soft_reset, 1 },
	{ time_goes_on, 8 },
};

static void one_of(const struct op *ops, int n)
{
	int sum = 0, pick;

	for (int i = 0; i < n; i++)
		sum += ops[i].odds;
	pick = rnd(sum);
	while ((pick -= ops->odds) >= 0)
		ops++;
	ops->fn();
}

static void same_all(void)
{
	static u32 ours[256], models[256];

	lapic_save(a, ours);
	model_save(&model, m, models);
	for (int i = 0; i < 256; i++)
		if (ours[i] != models[i])
			shim_die("run %ld: register %x: %x, the model has %x", run_nr, i * 4,
				 ours[i], models[i]);
	same("pending", lapic_pending(a), model_pending(m));
	for (int v = 0; v < 256; v++)
		same("EOIs", cpu->eois[v], m->eois[v]);
}

static void run(void)
{
	for (int n = 1 + rnd(10); n && m->base & 0x800; n--) {
		enter();
		one_of(guest_ops, ARRAY_SIZE(guest_ops));
	}
	/* mostly nobody asks */
	if (rnd(3))
		return;
	for (int n = rnd(4); n; n--)
		one_of(soft_ops, ARRAY_SIZE(soft_ops));
	if (rnd(2))
		same_all();
}

static void world_start(void)
{
	irq_world_start();
	irq_world.share = true;
	model = (struct model_vm){ .n = 2, .now = irq_world.now, .bus_ns = 1,
				   .min_period = IRQ_MIN_PERIOD };
	for (int i = 0; i < 2; i++) {
		irq_cpu_add(i);
		model.apic[i] = (struct model_apic){
			.vcpu_id = i, .has_x2apic = true, .has_deadline = true,
			.has_suppress = true, .maxphyaddr = 40, .ghz = 1,
		};
		model_power_up(&model, &model.apic[i]);
	}
	cpu = &irq_world.cpu[0];
	a = &cpu->a;
	m = &model.apic[0];
	vid = (struct model_vid){ .page = a->regs };
	gen = lapic_hw_eoi_vectors(a, vid.eoi_exit);
	soft_mode();
}

static void random_runs(void **state)
{
	const char *ops = getenv("OPS"), *seed = getenv("SEED");
	long total = ops ? atol(ops) : 300000;

	shim_seed = seed ? strtoull(seed, NULL, 0) : 1;
	for (run_nr = 0; run_nr < total; run_nr++) {
		if (!(run_nr % 100))
			world_start();
		run();
		if (run_nr % 100 == 99)
			irq_world_stop();
	}
	if (total % 100)
		irq_world_stop();
}

/* ---- By hand. */

static int shared_start(void **state)
{
	irq_world_start();
	irq_world.share = true;
	cpu = irq_cpu_add(0);
	a = &cpu->a;
	on(a);
	return 0;
}

/* What comes while the processor has the page is not written there. */
static void posted(void **state)
{
	send(a, 0x51);
	assert_int_equal(lapic_hw_give(a), 0x51);
	assert_true(lapic_hw_is_given(a));
	assert_int_equal(a->regs[(0x200 + 2 * 16) / 4], 1 << 17);
	assert_int_equal(send(a, 0x51), IRQ_COALESCED);
	assert_true(lapic_hw_is_given(a));
	assert_int_equal(send(a, 0x61), 1);
	assert_int_equal(send(a, 0x61), IRQ_COALESCED);
	assert_false(lapic_hw_is_given(a));
	assert_int_equal(a->regs[(0x200 + 3 * 16) / 4], 0);
	assert_int_equal(lapic_hw_give(a), 0x61);
	assert_int_equal(a->regs[(0x200 + 3 * 16) / 4], 2);
	assert_int_equal(lapic_pending(a), 0x61);
}

/*
 * An edge that the processor has, and then a level of the same vector, or one whose EOI
 * somebody waits for: that is told of, whatever the processor has ended before it knows.
 */
static void told_of(const struct irq_msg *msg)
{
	int vector;

	vid = (struct model_vid){ .page = a->regs };
	gen = lapic_hw_eoi_gen(a) - 1;
	send(a, 0x51);
	give();
	assert_int_equal(lapic_accept(a, msg), 1);
	assert_int_equal(vid_deliver(&vid), 0x51);
	assert_false(vid_eoi(&vid, &vector));
	/* The kick, only now. */
	assert_false(lapic_hw_is_given(a));
	give();
	assert_int_equal(lapic_accept(a, msg), IRQ_COALESCED);
	assert_int_equal(vid_deliver(&vid), 0x51);
	assert_true(vid_eoi(&vid, &vector));
	lapic_hw_ended(a, vector);
	assert_int_equal(cpu->eois[0x51], 1);
	assert_int_equal(vid_deliver(&vid), -1);
}

static void told_of_level(void **state)
{
	told_of(&(struct irq_msg){ .vector = 0x51, .level = true });
}

static void told_of_edge(void **state)
{
	told_of(&(struct irq_msg){ .vector = 0x51, .tell_eoi = true });
}

/* Nested by the processor: read, ended and asked for in software. */
static void nested(void **state)
{
	static u32 regs[256];

	vid = (struct model_vid){ .page = a->regs };
	send(a, 0x41);
	vid_enter(&vid, lapic_hw_give(a));
	assert_int_equal(vid_deliver(&vid), 0x41);
	send(a, 0x62);
	vid_enter(&vid, lapic_hw_give(a));
	assert_int_equal(vid_deliver(&vid), 0x62);
	assert_int_equal(vid_deliver(&vid), -1);
	vid_self_ipi(&vid, 0x33);
	lapic_save(a, regs);
	assert_int_equal(regs[0x120 / 4], 2);
	assert_int_equal(regs[0x130 / 4], 4);
	assert_int_equal(regs[0x210 / 4], 1 << 19);
	assert_int_equal(regs[0xa0 / 4], 0x60);
	assert_int_equal(lapic_hw_give(a), 0x6233);
	lapic_eoi(a);
	assert_int_equal(a->isr_top, 0x41);
	assert_int_equal(lapic_hw_give(a), 0x4133);
}

/* SDM vol. 3, 11.9: the mode's arbitration by priority looks at what the processor has. */
static void priority(void **state)
{
	struct irq_msg msg = { .dest = 0xff, .mode = IRQ_LOWEST };

	irq_world.vm.by_priority = true;
	b = &irq_cpu_add(1)->a;
	on(b);
	vid = (struct model_vid){ .page = a->regs };
	send(a, 0x41);
	vid_enter(&vid, lapic_hw_give(a));
	vid_deliver(&vid);
	/* it would be the other's turn with some of them */
	for (msg.vector = 0x50; msg.vector < 0x70; msg.vector++) {
		assert_int_equal(irq_deliver(&irq_world.vm, NULL, &msg), 1);
		assert_int_equal(lapic_requested(b), msg.vector);
	}
}

static int shared_stop(void **state)
{
	irq_world_stop();
	return 0;
}

#define SHARED(fn)	cmocka_unit_test_setup_teardown(fn, shared_start, shared_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SHARED(posted), SHARED(told_of_level), SHARED(told_of_edge), SHARED(nested),
		SHARED(priority),
		cmocka_unit_test(random_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
