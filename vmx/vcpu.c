// SPDX-License-Identifier: GPL-2.0-only
/* A vCPU's VMCS from creation to destruction, and its CPU. */
#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/idr.h>
#include <linux/irqflags.h>
#include <linux/smp.h>

#include <asm/desc.h>
#include <asm/fsgsbase.h>
#include <asm/mmu_context.h>
#include <asm/msr.h>

#include "compat/kernel.h"
#include "vmx/apicv.h"
#include "vmx/cpu.h"
#include "vmx/nested_parts.h"
#include "vmx/vmcs.h"
#include "x86/vcpu/frame.h"
#include "x86/vcpu/predictor.h"

static atomic64_t serials;

/* 0 is the host.  A vCPU that gets none runs without. */
static DEFINE_IDA(vpids);

u16 vmx_vpid_alloc(void)
{
	int vpid = 0;

	if (vmx_features.vpid)
		vpid = ida_alloc_range(&vpids, 1, VMX_NR_VPIDS - 1, GFP_KERNEL);
	return vpid > 0 ? vpid : 0;
}

void vmx_vpid_free(u16 vpid)
{
	if (vpid)
		ida_free(&vpids, vpid);
}

int vmx_vcpu_create(struct x86_vcpu *v)
{
	struct vmx_vcpu *s = to_vmx(v);

	s->vmcs = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!s->vmcs)
		return -ENOMEM;
	*(u32 *)s->vmcs = vmx_features.revision;
	s->vmcs_pa = __pa(s->vmcs);
	s->serial = atomic64_add_return(PREDICTOR_LEVELS, &serials);
	s->cpu = -1;
	s->vpid = vmx_vpid_alloc();
	/* A LAPIC in userspace is told of each write. */
	s->tpr_shadow = vmx_features.tpr_shadow && apic_in_kernel(v);
	if (!vmx_nested_offered())
		return 0;
	nested_caps_init(&s->caps, &vmx_nested_host);
	if (vmx_features.ept)
		kvm_nested_init(v, &vmx_second_ops);
	return 0;
}

/* On the CPU where the VMCS is active, interrupts off. */
static void vcpu_clear(void *arg)
{
	struct vmx_cpu *c = this_cpu_ptr(&vmx_cpu);
	struct vmx_vcpu *s = arg;

	if (s->cpu != smp_processor_id())
		return;
	vmcs_clear(s->vmcs_pa);
	list_del(&s->list);
	if (c->current_vmcs == s)
		c->current_vmcs = NULL;
	s->launched = false;
	s->cpu = -1;
}

/* A CPU that went offline has cleared what was active there. */
static void vcpu_deactivate(struct vmx_vcpu *s)
{
	int cpu = READ_ONCE(s->cpu);

	if (cpu >= 0)
		smp_call_function_single(cpu, vcpu_clear, s, 1);
}

void vmx_vcpu_destroy(struct x86_vcpu *v)
{
	struct vmx_vcpu *s = to_vmx(v);

	vcpu_deactivate(s);
	vmx_nested_free(s);
	vmx_pml_free(s);
	vmx_vpid_free(s->vpid);
	free_page((unsigned long)s->vmcs);
	s->vmcs = NULL;
}

size_t vmx_vcpu_memory(struct x86_vcpu *v)
{
	const struct vmx_vcpu *s = to_vmx(v);

	return PAGE_SIZE + (READ_ONCE(s->pml) ? PAGE_SIZE : 0) +
	       (READ_ONCE(s->nested) ? sizeof(struct vmx_nested) + PAGE_SIZE : 0);
}

void vmx_vcpu_reset(struct x86_vcpu *v)
{
	struct vmx_vcpu *s = to_vmx(v);

	vmx_nested_off(s);
	s->entry_work &= ENTRY_LEVEL;
	s->window = 0;
	s->soft_nmi = false;
	vmcs_controls_reset(s);
	vmx_form_controls(s);
	s->exits_off = 0;
	vmx_policy_update(v);
	vmx_tlb_flush(v);
}

/* ------------------------------------------------------------------------ */
/* Load and put. */

static void vcpu_activate(struct vmx_vcpu *s, int cpu)
{
	struct vmx_cpu *c = this_cpu_ptr(&vmx_cpu);
	unsigned long flags;

	vcpu_deactivate(s);
	local_irq_save(flags);
	/* Whatever the page held: now it is what VMCLEAR makes of it. */
	vmcs_clear(s->vmcs_pa);
	list_add(&s->list, &c->list);
	s->cpu = cpu;
	c->current_vmcs = s;
	vmcs_load(s->vmcs_pa);
	local_irq_restore(flags);
	if (!s->filled)
		vmcs_fill(s);
	vmcs_host_fill(s);
	s->flush = true;
}

void vmx_load(struct x86_vcpu *v, int cpu)
{
	struct vmx_cpu *c = this_cpu_ptr(&vmx_cpu);
	struct vmx_vcpu *s = to_vmx(v);

	s->leaky = true;
	if (s->cpu != cpu) {
		vcpu_activate(s, cpu);
	} else if (c->current_vmcs != s) {
		c->current_vmcs = s;
		vmcs_load(s->vmcs_pa);
	}
}

/* Without FSGSBASE the kernel keeps no base that comes from a descriptor. */
static bool base_is_descriptors(u16 selector)
{
	return selector > 3 && !boot_cpu_has(X86_FEATURE_FSGSBASE);
}

static void host_selectors_restore(const struct vmx_host *host)
{
	/* The others may lie in it. */
	if (host->ldt)
		asm volatile("lldt %w0" : : "q" (host->ldt));
	if (host->ds)
		loadsegment(ds, host->ds);
	if (host->es)
		loadsegment(es, host->es);
	if (host->fs) {
		loadsegment(fs, host->fs);
		if (!base_is_descriptors(host->fs))
			x86_fsbase_write_cpu(host->fs_base);
	}
	if (host->gs)
		load_gs_index(host->gs);
}

static void host_msrs_restore(struct vmx_vcpu *s, const struct vmx_cpu *c)
{
	static const u32 msrs[] = { MSR_STAR, MSR_LSTAR, MSR_CSTAR,
				    MSR_SYSCALL_MASK };
	int i;

	/* A selector has loaded another base. */
	if ((s->msrs.kernel_gs_base != s->host.kernel_gs_base || s->host.gs) &&
	    !base_is_descriptors(s->host.gs))
		wrmsrl(MSR_KERNEL_GS_BASE, s->host.kernel_gs_base);
	for (i = 0; s->host.syscall && i < ARRAY_SIZE(msrs); i++)
		if (s->msrs.syscall[i] != c->syscall[i])
			wrmsrl(msrs[i], c->syscall[i]);
	s->host.syscall = false;
	if (vmx_features.tsc_aux && s->msrs.tsc_aux != c->tsc_aux)
		wrmsrl(MSR_TSC_AUX, c->tsc_aux);
}

void vmx_put(struct x86_vcpu *v)
{
	struct vmx_vcpu *s = to_vmx(v);

	if (!s->host_saved)
		return;
	s->host_saved = false;
	stat_inc(v->vcpu.stats.host_state_reload);
	rdmsrl(MSR_KERNEL_GS_BASE, s->msrs.kernel_gs_base);
	host_selectors_restore(&s->host);
	host_msrs_restore(s, this_cpu_ptr(&vmx_cpu));
	/* An exit leaves limits of 64 KiB, and of the TSS without its I/O map. */
	load_fixmap_gdt(raw_smp_processor_id());
	invalidate_tss_limit();
}

/* ------------------------------------------------------------------------ */

/* What userspace's guest may do without an exit (api.rst 7.13). */
static void exits_update(struct vmx_vcpu *s, u32 off)
{
	s->exits_off = off;
	vmcs_control(s, WORD_CPU, CPU_BASED_HLT_EXITING,
		     !(off & KVM_X86_DISABLE_EXITS_HLT));
	vmcs_control(s, WORD_CPU, CPU_BASED_MWAIT_EXITING |
		     CPU_BASED_MONITOR_EXITING,
		     !(off & KVM_X86_DISABLE_EXITS_MWAIT));
	if (vmx_features.control[WORD_CPU2] & SECONDARY_EXEC_PAUSE_LOOP_EXITING)
		vmcs_control(s, WORD_CPU2, SECONDARY_EXEC_PAUSE_LOOP_EXITING,
			     !(off & KVM_X86_DISABLE_EXITS_PAUSE));
}

static void apic_access_update(struct vmx_vcpu *s)
{
	bool on = s->x86.apic.access_page && s->tpr_shadow;

	vmcs_control(s, WORD_CPU2, SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES, on);
	if (on)
		s->stale |= BIT(WORDS_APIC);
	/* Or L1's has just been found: what is cached does not know of it (30.4.5). */
	if (nested_l2_runs(&s->x86) && s->x86.nested.page != FRAME_NONE) {
		s->stale |= BIT(WORDS_APIC);
		s->flush = true;
	}
}

void vmx_policy_update(struct x86_vcpu *v)
{
	u32 off = READ_ONCE(to_x86_vm(v->vcpu.kvm)->exits_off);
	struct vmx_vcpu *s = to_vmx(v);

	/* Without it the instructions are #UD (SDM vol. 3, 26.3). */
	vmcs_control(s, WORD_CPU2, SECONDARY_EXEC_ENABLE_XSAVES, v->cpuid.has_xsaves);
	vmcs_control(s, WORD_CPU, CPU_BASED_USE_MSR_BITMAPS, !v->msr_exits);
	if (unlikely(off != s->exits_off))
		exits_update(s, off);
	state_set(v, GRP_DR);
	apic_access_update(s);
	vmx_apicv_update(s);
	vmx_step_update(s);
	vmx_pml_update(s);
}
