// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/slab.h>

#include "tests/unit/chips_pair.h"

#define SECOND		1000000000ull
#define PENDING_MAX	10000	/* irq/pit.h */

long pair_messages, pair_acks, pair_outputs, pair_ticks;

struct pair_model model;

/* ---- The models' wires. */

static int add(int sum, int r)
{
	if (r < 0)
		return sum;
	return sum < 0 ? r : sum + r;
}

static int model_msi(const struct irq_msi *msi)
{
	struct irq_msg m = { .vector = msi->data % 256 };
	u32 low = msi->address, high = msi->address >> 32;

	m.mode = msi->data / 256 % 8;
	if (m.mode == 3)
		return -1;
	if (!chips.vm.ids_32bit)
		high = 0;
	if (high % 256)
		return -1;
	m.dest = high + low / 4096 % 256;
	m.wide = high != 0;
	m.lowest = low / 8 % 2;
	m.logical = low / 4 % 2;
	m.level = msi->data / 32768 % 2;
	chips_tell(&model.log, CHIPS_MESSAGE, chips_pack(&m));
	return chips.result;
}

static int model_route(const struct irq_route *r, unsigned int source, bool level)
{
	if (r->kind == IRQ_ROUTE_PIC)
		return model_pic_line(&model.pic, r->pin, source, level);
	if (r->kind == IRQ_ROUTE_IOAPIC)
		return model_ioapic_line(&model.ioapic, r->pin, source, level);
	return level ? model_msi(&r->msi) : -1;
}

/* By chip: the primary PIC, the secondary one, the IOAPIC; a message. */
static int route_place(const struct irq_route *r)
{
	if (r->kind == IRQ_ROUTE_PIC)
		return r->pin > 7;
	return r->kind == IRQ_ROUTE_IOAPIC ? 2 : 3;
}

/* All routes, PICs first. */
static int model_line(u32 gsi, unsigned int source, bool level)
{
	int sum = -1;

	for (int place = 0; place < 4; place++)
		for (unsigned int i = 0; i < model.routes; i++)
			if (model.route[i].gsi == gsi && route_place(&model.route[i]) == place)
				sum = add(sum, model_route(&model.route[i], source, level));
	return sum;
}

static int model_gsi(bool ioapic, unsigned int pin)
{
	int gsi = -1;

	for (unsigned int i = 0; i < model.routes; i++) {
		const struct irq_route *r = &model.route[i];

		if (r->kind == (ioapic ? IRQ_ROUTE_IOAPIC : IRQ_ROUTE_PIC) &&
		    r->pin == pin && (gsi < 0 || (int)r->gsi < gsi))
			gsi = r->gsi;
	}
	return gsi;
}

static int model_pulse(void)
{
	int r = model_line(0, IRQ_SOURCE_PIT, true);

	model_line(0, IRQ_SOURCE_PIT, false);
	return r;
}

static void model_acked(bool ioapic, unsigned int pin)
{
	int gsi = model_gsi(ioapic, pin);

	chips_tell(&model.log, CHIPS_ACKED, pin + (ioapic ? 100 : 0));
	if (gsi == 0 && model.pending && model_pulse() != 0)
		model.pending--;
	if (gsi >= 0 && gsi < 32 && model.resample >> gsi & 1)
		model_line(gsi, IRQ_SOURCE_RESAMPLE, false);
}

static void real_acked(bool ioapic, unsigned int pin)
{
	int gsi = irq_gsi_of_pin(&chips.vm, ioapic, pin);

	if (gsi == 0)
		pit_acked(chips.vm.pit);
	if (gsi >= 0 && gsi < 32 && model.resample >> gsi & 1)
		irq_line(&chips.vm, gsi, IRQ_SOURCE_RESAMPLE, false);
}

static int ioapic_sends(const struct irq_msg *msg)
{
	chips_tell(&model.log, CHIPS_MESSAGE, chips_pack(msg));
	return chips.result;
}

static void ioapic_acked(unsigned int pin)
{
	model_acked(true, pin);
}

static void ioapic_delays(void)
{
	chips_tell(&model.log, CHIPS_DELAY, 0);
}

static void pic_acked(unsigned int pin)
{
	model_acked(false, pin);
}

static void pic_output(bool high)
{
	chips_tell(&model.log, CHIPS_OUTPUT, high);
}

static const struct model_ioapic_ops ioapic_ops = {
	ioapic_sends, ioapic_acked, ioapic_delays,
};
static const struct model_pic_ops pic_ops = { pic_acked, pic_output };

static u64 clock_at(u64 ns)
{
	return (unsigned __int128)ns * 1193182 / SECOND;
}

static void model_clock(void)
{
	while (model.pit.clock < clock_at(chips.now))
		model_pit_clock(&model.pit);
}

/* The PIT's timer. */
static void model_ticks(void)
{
	u64 n = model.pit.rises;

	model.pit.rises = 0;
	if (!n)
		return;
	pair_ticks += n;
	if (model_pulse() != 0)
		n--;
	if (model.reinject)
		model.pending = min_t(u64, model.pending + n, PENDING_MAX);
}

/* ---- Comparing. */

void pair_compare_logs(void)
{
	struct chips_log *a = &chips.log, *b = &model.log;
	bool ok = a->n == b->n;

	for (unsigned int i = 0; ok && i < a->n; i++)
		ok = a->at[i].what == b->at[i].what && a->at[i].arg == b->at[i].arg;
	if (!ok) {
		printf("told:\n");
		chips_print(a);
		printf("the model told:\n");
		chips_print(b);
		shim_die("not the same was told");
	}
	for (unsigned int i = 0; i < a->n; i++) {
		pair_messages += a->at[i].what == CHIPS_MESSAGE;
		pair_acks += a->at[i].what == CHIPS_ACKED;
		pair_outputs += a->at[i].what == CHIPS_OUTPUT;
	}
	a->n = b->n = 0;
}

/* ---- Calls. */

static bool is_pit(u16 port)
{
	return port == 0x61 || (port & ~3) == 0x40;
}

u32 pair_in(u16 port)
{
	u8 real;

	if (is_pit(port)) {
		real = pit_read(chips.vm.pit, port);
		same(real, model_pit_read(&model.pit, port));
	} else {
		real = pic_read(chips.vm.pic, port);
		same(real, model_pic_read(&model.pic, port));
	}
	pair_compare_logs();
	return real;
}

void pair_out(u16 port, u8 value)
{
	if (is_pit(port)) {
		pit_write(chips.vm.pit, port, value);
		if (model_pit_write(&model.pit, port, value))
			model.pending = 0;
	} else {
		pic_write(chips.vm.pic, port, value);
		model_pic_write(&model.pic, port, value);
	}
	pair_compare_logs();
}

void pair_ack(void)
{
	same(pic_ack(chips.vm.pic), (u8)model_pic_inta(&model.pic));
	pair_compare_logs();
}

int pair_line(u32 gsi, enum irq_source source, bool level)
{
	int r = irq_line(&chips.vm, gsi, source, level);

	same(r, model_line(gsi, source, level));
	pair_compare_logs();
	return r;
}

void pair_msi(const struct irq_msi *msi)
{
	same(irq_msi(&chips.vm, msi), model_msi(msi));
	pair_compare_logs();
}

u32 pair_ioapic_read(u32 offset)
{
	u32 v = ioapic_read(chips.vm.ioapic, offset);

	same(v, model_ioapic_read(&model.ioapic, offset));
	return v;
}

void pair_ioapic_write(u32 offset, u32 value)
{
	ioapic_write(chips.vm.ioapic, offset, value);
	model_ioapic_write(&model.ioapic, offset, value);
	pair_compare_logs();
}

void pair_eoi(u8 vector)
{
	ioapic_eoi(chips.vm.ioapic, vector);
	model_ioapic_eoi(&model.ioapic, vector);
	pair_compare_logs();
}

void pair_delayed(void)
{
	chips.delay = false;
	ioapic_delayed(chips.vm.ioapic);
	model_ioapic_time(&model.ioapic);
	pair_compare_logs();
}

void pair_tell(unsigned int pin, bool on)
{
	ioapic_tell(chips.vm.ioapic, pin, on);
	model.ioapic.pin[pin].told = on || model.ioapic.pin[pin].by[IRQ_SOURCE_RESAMPLE];
}

void pair_reset(void)
{
	ioapic_reset(chips.vm.ioapic);
	model_ioapic_reset(&model.ioapic);
	pair_compare_logs();
}

void pair_reinject(bool on)
{
	pit_reinject_set(chips.vm.pit, on);
	model.reinject = on;
	if (!on)
		model.pending = 0;
}

/* Up to each expiry, so that the models do the same in the same order. */
void pair_time(u64 ns, bool late)
{
	u64 end = chips.now + ns;

	while (!late && chips.pit_when && chips.pit_when <= end) {
		chips_time(max(chips.pit_when, chips.now) - chips.now, false);
		model_clock();
		model_ticks();
		pair_compare_logs();
	}
	chips_time(end - chips.now, late);
	model_clock();
	if (late)
		model_ticks();
	pair_compare_logs();
}

void pair_early(void)
{
	u64 when = chips.pit_when;

	if (when > chips.now) {
		chips.pit_when = 0;
		pit_expired(chips.vm.pit);
		if (clock_at(chips.now) < clock_at(when))
			same(chips.pit_when, when);
		else
			model_ticks();
	} else if (!when) {
		pit_expired(chips.vm.pit);
	}
	pair_compare_logs();
}

void pair_resample(u32 gsis)
{
	model.resample = gsis;
}

/* May they be in one table? */
static bool routes_agree(const struct irq_route *a, const struct irq_route *b)
{
	return a->gsi != b->gsi ||
	       (route_place(a) != route_place(b) && a->kind != IRQ_ROUTE_MSI &&
		b->kind != IRQ_ROUTE_MSI);
}

static bool route_is_good(const struct irq_route *r)
{
	switch (r->kind) {
	case IRQ_ROUTE_PIC:
		return r->gsi <= 4095 && r->pin <= 15;
	case IRQ_ROUTE_IOAPIC:
		return r->gsi <= 4095 && r->pin <= 23;
	case IRQ_ROUTE_MSI:
		return r->gsi <= 4095 &&
		       (!chips.vm.ids_32bit || (r->msi.address >> 32) % 256 == 0);
	}
	return false;
}

/* By comparing each with all others. */
static bool routes_are_good(const struct irq_route *route, unsigned int n)
{
	bool good = true;

	for (unsigned int i = 0; i < n; i++) {
		good &= route_is_good(&route[i]);
		for (unsigned int j = 0; j < i; j++)
			good &= routes_agree(&route[i], &route[j]);
	}
	return good;
}

void pair_routes(const struct irq_route *route, unsigned int n)
{
	long allocs = shim_allocs;
	int r;

	mutex_lock(&chips.vm.lock);
	r = irq_routes_set(&chips.vm, route, n);
	mutex_unlock(&chips.vm.lock);
	if (shim_fail_at && shim_fail_at <= shim_allocs && shim_allocs > allocs) {
		same(r, -ENOMEM);
		return;
	}
	same(r, routes_are_good(route, n) ? 0 : -EINVAL);
	if (r)
		return;
	memcpy(model.route, route, n * sizeof(*route));
	model.routes = n;
}

void pair_start(void)
{
	u64 spacing = 0;

	chips_start();
	memset(&model, 0, sizeof(model));
	model_ioapic_init(&model.ioapic, &ioapic_ops);
	model_pic_init(&model.pic, &pic_ops);
	/* so many clocks are more than the shortest period */
	while (clock_at(chips.min_period) >= spacing)
		spacing++;
	model_pit_init(&model.pit, clock_at(chips.now), spacing);
	model.reinject = true;
	for (unsigned int i = 0; i < 40; i++) {
		model.route[i].gsi = i < 16 ? i : i - 16;
		model.route[i].pin = model.route[i].gsi;
		model.route[i].kind = i < 16 ? IRQ_ROUTE_PIC : IRQ_ROUTE_IOAPIC;
	}
	model.routes = 40;
	chips.acked = real_acked;
}

void pair_stop(void)
{
	chips_stop();
}
