// SPDX-License-Identifier: GPL-2.0-only
/*
 * L1TF (docs/security.md): with EPT a guest could read what the L1 data cache holds of
 * the host, so it is flushed before entries, as the host's mitigation says: always,
 * or if something that the guest must not see may have been there since the last
 * entry.
 */
#include <linux/gfp.h>
#include <linux/hardirq.h>
#include <linux/mm.h>

#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/processor.h>

#include "vmx/cpu.h"

/* Twice the largest L1 data cache of processors without IA32_FLUSH_CMD. */
#define FLUSH_ORDER	4
#define FLUSH_BYTES	(PAGE_SIZE << FLUSH_ORDER)
#define LINE_BYTES	64

static u8 *flush_pages;

static enum vmx_l1d_flush_state flush_wanted(void)
{
	u64 arch = 0;

	if (!boot_cpu_has_bug(X86_BUG_L1TF))
		return VMENTER_L1D_FLUSH_NOT_REQUIRED;
	if (!vmx_features.ept)
		return VMENTER_L1D_FLUSH_EPT_DISABLED;
	if (boot_cpu_has(X86_FEATURE_ARCH_CAPABILITIES))
		rdmsrl(MSR_IA32_ARCH_CAPABILITIES, arch);
	if (arch & ARCH_CAP_SKIP_VMENTRY_L1DFLUSH)
		return VMENTER_L1D_FLUSH_NOT_REQUIRED;
	switch (l1tf_mitigation) {
	case L1TF_MITIGATION_OFF:
		return VMENTER_L1D_FLUSH_NEVER;
	case L1TF_MITIGATION_FULL:
	case L1TF_MITIGATION_FULL_FORCE:
		return VMENTER_L1D_FLUSH_ALWAYS;
	default:
		return VMENTER_L1D_FLUSH_COND;
	}
}

int vmx_l1d_setup(void)
{
	enum vmx_l1d_flush_state state = flush_wanted();

	bool flushes = state == VMENTER_L1D_FLUSH_COND ||
		       state == VMENTER_L1D_FLUSH_ALWAYS;

	vmx_features.l1d_flush = state;
	if (flushes && !boot_cpu_has(X86_FEATURE_FLUSH_L1D)) {
		flush_pages = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO,
						       FLUSH_ORDER);
		if (!flush_pages)
			return -ENOMEM;
	}
	/* /sys/devices/system/cpu/vulnerabilities/l1tf tells it. */
	l1tf_vmx_mitigation = state;
	return 0;
}

void vmx_l1d_teardown(void)
{
	l1tf_vmx_mitigation = VMENTER_L1D_FLUSH_AUTO;
	free_pages((unsigned long)flush_pages, FLUSH_ORDER);
	flush_pages = NULL;
}

/* Translations first, so that the loads that replace the cache's lines do not wait. */
static noinstr void flush_by_loads(void)
{
	unsigned int i;

	for (i = 0; i < FLUSH_BYTES; i += PAGE_SIZE)
		READ_ONCE(flush_pages[i]);
	asm volatile("lfence" : : : "memory");
	for (i = 0; i < FLUSH_BYTES; i += LINE_BYTES)
		READ_ONCE(flush_pages[i]);
	asm volatile("lfence" : : : "memory");
}

noinstr void vmx_l1d_flush(struct vmx_vcpu *s)
{
	if (vmx_features.l1d_flush == VMENTER_L1D_FLUSH_COND) {
		/* The kernel's interrupt entry tells of what interrupts have left. */
		bool leaky = s->leaky || kvm_get_cpu_l1tf_flush_l1d();

		s->leaky = false;
		kvm_clear_cpu_l1tf_flush_l1d();
		if (!leaky)
			return;
	}
	if (static_cpu_has(X86_FEATURE_FLUSH_L1D))
		native_wrmsrl(MSR_IA32_FLUSH_CMD, L1D_FLUSH);
	else
		flush_by_loads();
}
