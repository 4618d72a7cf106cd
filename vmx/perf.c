// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's performance counters while a guest runs: perf says which registers differ
 * then, because events leave the guest out, or count in guests alone, or write records to
 * addresses of the host (PEBS).  IA32_PERF_GLOBAL_CTRL is switched by entry and exit, where
 * the processor can; the others are written before and behind, interrupts off.
 *
 * perf changes them in interrupts and NMIs, so they are looked at before each entry.
 */
#include <linux/perf_event.h>
#include <linux/preempt.h>

#include <asm/msr.h>
#include <asm/perf_event.h>

#include "vmx/cpu.h"
#include "vmx/vmcs.h"

/* By VMCS; false: the processor cannot. */
static bool global_ctrl_switch(struct vmx_vcpu *s, const struct perf_guest_switch_msr *m)
{
	if (!vmx_features.perf_ctrl || m->msr != MSR_CORE_PERF_GLOBAL_CTRL)
		return false;
	if (s->perf.guest_ctrl != m->guest)
		vmcs_write(GUEST_IA32_PERF_GLOBAL_CTRL, m->guest);
	if (s->perf.host_ctrl != m->host)
		vmcs_write(HOST_IA32_PERF_GLOBAL_CTRL, m->host);
	s->perf.guest_ctrl = m->guest;
	s->perf.host_ctrl = m->host;
	return true;
}

static void perf_controls(struct vmx_vcpu *s, bool on)
{
	vmcs_control(s, WORD_ENTRY, VM_ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL, on);
	vmcs_control(s, WORD_EXIT, VM_EXIT_LOAD_IA32_PERF_GLOBAL_CTRL, on);
	s->perf.switched = on;
}

bool vmx_perf_exists(void)
{
	int n = 0;

	preempt_disable();
	perf_guest_get_msrs(&n, NULL);
	preempt_enable();
	return n;
}

void vmx_perf_enter(struct vmx_vcpu *s)
{
	const struct perf_guest_switch_msr *m;
	bool by_vmcs = false;
	int i, n = 0;

	m = perf_guest_get_msrs(&n, NULL);
	for (i = 0; i < n; i++) {
		if (likely(m[i].host == m[i].guest))
			continue;
		if (global_ctrl_switch(s, &m[i])) {
			by_vmcs = true;
			continue;
		}
		wrmsrl(m[i].msr, m[i].guest);
		s->perf.msrs = m;
		s->perf.n = n;
	}
	if (unlikely(by_vmcs != s->perf.switched))
		perf_controls(s, by_vmcs);
}

void vmx_perf_exit(struct vmx_vcpu *s)
{
	const struct perf_guest_switch_msr *m = s->perf.msrs;
	int i;

	for (i = 0; i < s->perf.n; i++)
		if (m[i].host != m[i].guest && (m[i].msr != MSR_CORE_PERF_GLOBAL_CTRL ||
						!vmx_features.perf_ctrl))
			wrmsrl(m[i].msr, m[i].host);
	s->perf.n = 0;
}
