// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's time-stamp counter: the host's plus an offset.
 *
 * IA32_TSC and IA32_TSC_ADJUST move together when the guest writes one of them
 * (SDM vol. 3, 18.17.3); the client, which restores both, sets each by itself.
 */
#include <asm/msr.h>

#include "x86/tsc.h"

static u64 tsc_now(struct x86_vcpu *v)
{
	return rdtsc() + state_get(v, GRP_TSC)->tsc_offset;
}

static void tsc_move(struct x86_vcpu *v, u64 delta)
{
	state_set(v, GRP_TSC)->tsc_offset += delta;
}

int tsc_msr_get(struct x86_vcpu *v, struct msr_access *a)
{
	a->data = tsc_now(v);
	return 0;
}

int tsc_msr_set(struct x86_vcpu *v, struct msr_access *a)
{
	u64 delta = a->data - tsc_now(v);

	tsc_move(v, delta);
	if (!a->host)
		v->tsc.adjust += delta;
	return 0;
}

int tsc_adjust_get(struct x86_vcpu *v, struct msr_access *a)
{
	a->data = v->tsc.adjust;
	return 0;
}

int tsc_adjust_set(struct x86_vcpu *v, struct msr_access *a)
{
	if (!a->host)
		tsc_move(v, a->data - v->tsc.adjust);
	v->tsc.adjust = a->data;
	return 0;
}
