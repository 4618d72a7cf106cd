// SPDX-License-Identifier: GPL-2.0-only
/*
 * Synthetic timers (TLFS 12.3).
 *
 * The kernel's timer says only that the time has come; the vCPU's own thread does the
 * rest, as a message is written to guest memory.
 */
#include "irq/irq_env.h"
#include "irq/lapic_irq.h"
#include "x86/cpu/msr.h"
#include "x86/hyperv/hv.h"

#define CONFIG_ENABLE		BIT_ULL(0)
#define CONFIG_PERIODIC		BIT_ULL(1)
#define CONFIG_AUTO_ENABLE	BIT_ULL(3)
#define CONFIG_VECTOR(config)	((u8)((config) >> 4))
#define CONFIG_DIRECT		BIT_ULL(12)
#define CONFIG_SINT(config)	((u32)((config) >> 16) & 0xf)

/* Reference time has units of 100 ns. */
#define UNIT_NS			100

static enum hrtimer_restart stimer_called(struct hrtimer *timer)
{
	struct hv_stimer *t = container_of(timer, struct hv_stimer, timer);

	hv_post(t->v->hv, HV_TODO_STIMER + t->index);
	return HRTIMER_NORESTART;
}

void hv_stimers_init(struct hv_vcpu *hv)
{
	struct hv_stimer *t;
	unsigned int i;

	for (i = 0; i < HV_SYNIC_STIMER_COUNT; i++) {
		t = &hv->stimer[i];
		hrtimer_init(&t->timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
		t->timer.function = stimer_called;
		t->v = hv->v;
		t->index = i;
	}
}

void hv_stimers_stop(struct hv_vcpu *hv)
{
	unsigned int i;

	for (i = 0; i < HV_SYNIC_STIMER_COUNT; i++)
		hrtimer_cancel(&hv->stimer[i].timer);
}

/* A guest must not keep the host's CPU busy with its timer. */
static u64 period_of(const struct hv_stimer *t)
{
	return max(t->count, irq_env_min_period() / UNIT_NS);
}

/* The kernel's timer calls when reference time is @t->expires; ktime_t is signed. */
static void stimer_arm(struct hv_stimer *t, u64 now)
{
	u64 wait = t->expires > now ? t->expires - now : 0;

	wait = min_t(u64, wait, KTIME_MAX / UNIT_NS) * UNIT_NS;
	hrtimer_start(&t->timer, ktime_add_safe(ktime_get(), ns_to_ktime(wait)),
		      HRTIMER_MODE_ABS_HARD);
}

static void stimer_stop(struct hv_stimer *t)
{
	hrtimer_cancel(&t->timer);
	clear_bit(HV_TODO_STIMER + t->index, &t->v->hv->todo);
	t->waits = false;
}

/* As the registers say now. */
static void stimer_start(struct hv_stimer *t)
{
	u64 now;

	if (!(t->config & CONFIG_ENABLE) || !t->count)
		return;
	now = hv_ref_time(t->v);
	t->expires = t->config & CONFIG_PERIODIC ? hv_next_period(now, period_of(t), now) :
						   t->count;
	stimer_arm(t, now);
}

/*
 * The clock may have another time, or go on as before.  What is due within a period stays
 * due, or a timer of a clock that is set more often would never expire.
 */
static void stimer_restart(struct hv_stimer *t)
{
	u64 now = hv_ref_time(t->v), period = period_of(t);

	if ((t->config & CONFIG_PERIODIC) && t->expires > now && t->expires - now > period)
		t->expires = hv_next_period(now, period, now);
	stimer_arm(t, now);
}

void hv_stimers_restart(struct hv_vcpu *hv)
{
	struct hv_stimer *t;
	unsigned int i;

	for (i = 0; i < HV_SYNIC_STIMER_COUNT; i++) {
		t = &hv->stimer[i];
		if (!t->waits && (t->config & CONFIG_ENABLE) && t->count)
			stimer_restart(t);
	}
}

void hv_stimers_retry(struct hv_vcpu *hv)
{
	unsigned int i;

	for (i = 0; i < HV_SYNIC_STIMER_COUNT; i++)
		if (hv->stimer[i].waits)
			hv_post(hv, HV_TODO_STIMER + i);
}

/* ------------------------------------------------------------------------ */
/* Expiry. */

static void stimer_interrupt(struct hv_stimer *t)
{
	const struct irq_msg msg = { .vector = CONFIG_VECTOR(t->config) };

	if (apic_in_kernel(t->v))
		lapic_accept(&t->v->apic.lapic, &msg);
}

static int stimer_message(struct hv_stimer *t, u64 now)
{
	struct hv_message m = { .header = {
		.message_type = HVMSG_TIMER_EXPIRED,
		.payload_size = sizeof(struct hv_timer_message_payload),
	} };
	struct hv_timer_message_payload *payload = (void *)m.u.payload;

	payload->timer_index = t->index;
	payload->expiration_time = t->expires;
	payload->delivery_time = now;
	return hv_synic_message(t->v->hv, CONFIG_SINT(t->config), &m);
}

void hv_stimer_due(struct hv_vcpu *hv, unsigned int i)
{
	struct hv_stimer *t = &hv->stimer[i];
	u64 now = hv_ref_time(hv->v);

	if (!(t->config & CONFIG_ENABLE) || !t->count)
		return;
	/* The two clocks need not go alike to the last digit. */
	if (now < t->expires) {
		stimer_arm(t, now);
		return;
	}
	if (t->config & CONFIG_DIRECT)
		stimer_interrupt(t);
	else if ((t->waits = stimer_message(t, now)))
		return;
	if (t->config & CONFIG_PERIODIC) {
		t->expires = hv_next_period(t->expires, period_of(t), now);
		stimer_arm(t, now);
	} else {
		t->config &= ~CONFIG_ENABLE;
	}
}

/* ------------------------------------------------------------------------ */
/* MSRs: CONFIG and COUNT of each. */

static struct hv_stimer *stimer_of(struct hv_vcpu *hv, u32 index)
{
	return &hv->stimer[(index - HV_X64_MSR_STIMER0_CONFIG) / 2];
}

static bool is_count(u32 index)
{
	return (index - HV_X64_MSR_STIMER0_CONFIG) % 2;
}

int hv_stimer_get(struct hv_vcpu *hv, struct msr_access *a)
{
	const struct hv_stimer *t = stimer_of(hv, a->index);

	a->data = is_count(a->index) ? t->count : t->config;
	return 0;
}

/* Source 0 is the hypervisor's own: nobody would hear of such a timer. */
static void config_set(struct hv_stimer *t, u64 config)
{
	if (!(config & CONFIG_DIRECT) && !CONFIG_SINT(config))
		config &= ~CONFIG_ENABLE;
	t->config = config;
}

/*
 * The guest's 0 stops; anything else starts a timer that is to be started so.  Userspace
 * restores what was, and a timer that has expired has kept its count.
 */
static void count_set(struct hv_stimer *t, u64 count, bool host)
{
	t->count = count;
	if (host)
		return;
	if (!count)
		t->config &= ~CONFIG_ENABLE;
	else if (t->config & CONFIG_AUTO_ENABLE)
		t->config |= CONFIG_ENABLE;
}

int hv_stimer_set(struct hv_vcpu *hv, struct msr_access *a)
{
	struct hv_stimer *t = stimer_of(hv, a->index);
	bool count = is_count(a->index);

	if (!a->host && a->data && !hv->synic.active)
		return -EINVAL;
	if (!a->host && !count && (a->data & CONFIG_DIRECT) &&
	    !hv_may_time_directly(&hv->rights))
		return -EINVAL;
	stimer_stop(t);
	if (count)
		count_set(t, a->data, a->host);
	else
		config_set(t, a->data);
	stimer_start(t);
	return 0;
}
