// SPDX-License-Identifier: GPL-2.0-only
/* VMX on and off, CPU by CPU (SDM vol. 3, 24.7). */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/smp.h>
#include <linux/topology.h>

#include <asm/asm.h>
#include <asm/intel_pt.h>
#include <asm/msr.h>
#include <asm/perf_event.h>
#include <asm/tlbflush.h>

#include "core/hwenable.h"
#include "vmx/cpu.h"

DEFINE_PER_CPU(struct vmx_cpu, vmx_cpu);

void vmx_insn_failed(const char *name, u64 a, u64 b)
{
	if (!kvm_hw_is_rebooting())
		WARN_ONCE(1, "kvm_intel: %s(%#llx, %#llx) failed\n", name, a, b);
}

void vmx_regions_free(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		free_page((unsigned long)per_cpu(vmx_cpu, cpu).region);
		per_cpu(vmx_cpu, cpu).region = NULL;
	}
}

int vmx_regions_alloc(void)
{
	struct vmx_cpu *c;
	struct page *page;
	int cpu;

	for_each_possible_cpu(cpu) {
		page = alloc_pages_node(cpu_to_node(cpu), GFP_KERNEL | __GFP_ZERO,
					0);
		if (!page) {
			vmx_regions_free();
			return -ENOMEM;
		}
		c = per_cpu_ptr(&vmx_cpu, cpu);
		c->region = page_address(page);
		*(u32 *)c->region = vmx_features.revision;
		INIT_LIST_HEAD(&c->list);
	}
	return 0;
}

/* R6: what every vCPU may have been made for. */
static int cpu_compare(void)
{
	u64 caps = 0;

	if (vmx_probe())
		return -EOPNOTSUPP;
	if (vmx_features.vpid_caps)
		rdmsrl(MSR_IA32_VMX_EPT_VPID_CAP, caps);
	if (vmx_features.vpid_caps & ~caps) {
		pr_err("kvm_intel: CPU %d: EPT or VPID lacks %#llx\n",
		       smp_processor_id(), vmx_features.vpid_caps & ~caps);
		return -EOPNOTSUPP;
	}
	return vmx_controls_compare();
}

static void host_msrs_read(struct vmx_cpu *c)
{
	rdmsrl(MSR_STAR, c->syscall[0]);
	rdmsrl(MSR_LSTAR, c->syscall[1]);
	rdmsrl(MSR_CSTAR, c->syscall[2]);
	rdmsrl(MSR_SYSCALL_MASK, c->syscall[3]);
	if (vmx_features.tsc_aux)
		rdmsrl(MSR_TSC_AUX, c->tsc_aux);
}

int vmx_cpu_on(void)
{
	struct vmx_cpu *c = this_cpu_ptr(&vmx_cpu);
	int err = cpu_compare();

	if (err)
		return err;
	if (__read_cr4() & X86_CR4_VMXE)
		return -EBUSY;
	intel_pt_handle_vmx(1);
	cr4_set_bits(X86_CR4_VMXE);
	if (!vmx_on(__pa(c->region))) {
		pr_err("kvm_intel: CPU %d: VMXON was refused\n",
		       smp_processor_id());
		cr4_clear_bits(X86_CR4_VMXE);
		intel_pt_handle_vmx(0);
		return -EIO;
	}
	/* Somebody else may have run guests meanwhile. */
	if (vmx_features.ept)
		vmx_invept(VMX_EPT_EXTENT_GLOBAL, 0);
	if (vmx_features.vpid_caps >> 32 & VMX_VPID_EXTENT_GLOBAL_CONTEXT_BIT)
		vmx_invvpid(VMX_VPID_EXTENT_ALL_CONTEXT, 0);
	c->serial = 0;
	host_msrs_read(c);
	return 0;
}

/* Only memory has them from now on. */
static void active_clear(struct vmx_cpu *c)
{
	struct vmx_vcpu *s, *next;

	list_for_each_entry_safe(s, next, &c->list, list) {
		vmcs_clear(s->vmcs_pa);
		list_del(&s->list);
		s->launched = false;
		s->cpu = -1;
	}
	c->current_vmcs = NULL;
}

/* VMXOFF; an exception in VMX operation is a failure, outside of it #UD. */
static bool vmx_off(void)
{
	bool off = true;

	asm goto("1:	vmxoff\n" _ASM_EXTABLE(1b, %l[fault])
		 : : : "cc", "memory" : fault);
	goto out;
fault:
	off = false;
out:
	cr4_clear_bits(X86_CR4_VMXE);
	return off;
}

void vmx_cpu_off(void)
{
	if (!(__read_cr4() & X86_CR4_VMXE))
		return;
	active_clear(this_cpu_ptr(&vmx_cpu));
	if (!vmx_off())
		vmx_insn_failed("VMXOFF", 0, 0);
	intel_pt_handle_vmx(0);
}

/*
 * Whoever was interrupted may be changing the list.  What is being added to it was
 * cleared before, and what is being removed too, so the order of the two pointers'
 * change does not matter.
 */
void vmx_emergency(void)
{
	struct vmx_cpu *c = this_cpu_ptr(&vmx_cpu);
	struct vmx_vcpu *s;

	if (!(__read_cr4() & X86_CR4_VMXE))
		return;
	list_for_each_entry(s, &c->list, list)
		vmcs_clear(s->vmcs_pa);
	vmx_off();
}
