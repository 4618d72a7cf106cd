// SPDX-License-Identifier: GPL-2.0-only
/* The host's capabilities, gathered in three module steps. */
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/smp.h>

#include <asm/cpufeature.h>
#include <asm/tsc.h>

#include "x86/cpu/caps.h"
#include "x86/cpu/cpuid.h"
#include "x86/cpu/fpu.h"
#include "x86/cpu/spec.h"
#include "x86/vcpu/vendor.h"

static struct x86_caps caps_record;
const struct x86_caps *const x86_caps = &caps_record;

struct caps_probe {
	const struct kvm_vendor *ven;
	atomic_t err;
	atomic_t cpu;
};

static void probe_cpu(void *arg)
{
	struct caps_probe *p = arg;
	int err = p->ven->probe();

	if (err && !atomic_cmpxchg(&p->err, 0, err))
		atomic_set(&p->cpu, smp_processor_id());
}

static const char *probe_reason(int err)
{
	switch (err) {
	case -EOPNOTSUPP:
		return "the processor has no hardware virtualization";
	case -EACCES:
		return "the firmware has disabled it";
	default:
		return "it cannot be used";
	}
}

int caps_step_probe(void *obj)
{
	struct caps_probe p = { .ven = obj };
	int err;

	on_each_cpu(probe_cpu, &p, 1);
	err = atomic_read(&p.err);
	if (err)
		pr_err("kvm: %s: CPU %d: %s (%d)\n", p.ven->name,
		       atomic_read(&p.cpu), probe_reason(err), err);
	return err;
}

int caps_step_setup(void *obj)
{
	const struct kvm_vendor *ven = obj;

	/* An earlier vendor may have left its answers (R2). */
	mmu_setup_reset();
	caps_record = (struct x86_caps){ };
	if (!tsc_khz) {
		pr_err("no frequency of the TSC is known, and guests' clocks go by it\n");
		return -EOPNOTSUPP;
	}
	caps_record.tsc_khz = tsc_khz;
	fpu_host_init(&caps_record);
	cpuid_host_init();
	spec_host_init();
	return ven->setup(&caps_record);
}

void caps_step_teardown(void *obj)
{
	const struct kvm_vendor *ven = obj;

	ven->teardown();
}

int caps_step_mmu(void *obj)
{
	return mmu_setup(&caps_record.mmu);
}

void caps_step_mmu_down(void *obj)
{
	mmu_teardown();
}
