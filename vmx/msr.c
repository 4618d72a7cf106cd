// SPDX-License-Identifier: GPL-2.0-only
/* MSRs that VMX switches, or that the guest's thread switches for it (run.c). */
#include <linux/errno.h>
#include <linux/preempt.h>

#include <asm/msr-index.h>
#include <asm/msr.h>

#include "vmx/cpu.h"
#include "vmx/nested.h"
#include "vmx/vmcs.h"
#include "x86/cpu/msr.h"
#include "x86/cpu/pat.h"

/* ------------------------------------------------------------------------ */
/* Fields of the VMCS. */

/* Return: the field that holds an MSR, or 0. */
static u32 msr_field(u32 index)
{
	switch (index) {
	case MSR_IA32_SYSENTER_CS:
		return GUEST_SYSENTER_CS;
	case MSR_IA32_SYSENTER_ESP:
		return GUEST_SYSENTER_ESP;
	case MSR_IA32_SYSENTER_EIP:
		return GUEST_SYSENTER_EIP;
	case MSR_IA32_CR_PAT:
		return GUEST_IA32_PAT;
	default:
		return 0;
	}
}

/* The VMCS's own is the form's while there is one (form.c). */
static bool is_form_msr(const struct vmx_vcpu *s, u32 index)
{
	return index == MSR_IA32_SYSENTER_CS && s->vm86;
}

static void field_write(struct vmx_vcpu *s, u32 index, u64 data)
{
	if (unlikely(is_form_msr(s, index)))
		s->sysenter_cs = data;
	else
		vmcs_write(msr_field(index), data);
}

static bool field_takes(u32 index, u64 data)
{
	switch (index) {
	case MSR_IA32_SYSENTER_CS:
		return !(data >> 32);
	case MSR_IA32_CR_PAT:
		return pat_is_valid(data);
	default:
		return msr_is_canonical(data);
	}
}

/* ------------------------------------------------------------------------ */
/* Those that are in the CPU from the first entry after load() to put(). */

static u64 kernel_gs_base_read(struct vmx_vcpu *s)
{
	preempt_disable();
	if (s->host_saved)
		rdmsrl(MSR_KERNEL_GS_BASE, s->msrs.kernel_gs_base);
	preempt_enable();
	return s->msrs.kernel_gs_base;
}

/* @live: does the CPU have the guest's value now? */
static int switched_write(u64 *to, bool canonical, const bool *live, u32 index,
			  u64 data)
{
	if (canonical && !msr_is_canonical(data))
		return -EINVAL;
	preempt_disable();
	*to = data;
	if (*live)
		wrmsrl(index, data);
	preempt_enable();
	return 0;
}

static int tsc_aux_write(struct vmx_vcpu *s, u64 data)
{
	if (!vmx_features.tsc_aux || data >> 32)
		return -EINVAL;
	return switched_write(&s->msrs.tsc_aux, false, &s->host_saved,
			      MSR_TSC_AUX, data);
}

/* From the first value that is not 0 on it does not exit. */
static void spec_ctrl_write(struct vmx_vcpu *s, u64 data)
{
	s->msrs.spec_ctrl = data;
	if (!data || s->spec_switched)
		return;
	s->spec_switched = &s->msrs.spec_ctrl;
	vmcs_bitmap_update(s);
	/* L1's bitmap decides for L2, without ours: kvm->srcu need not be held, none is read. */
	if (nested_l2_runs(&s->x86)) {
		vmx_nested_merge(s);
		s->stale |= BIT(WORD_CPU);
	}
}

/* STAR, LSTAR, CSTAR, FMASK are neighbours. */
static bool is_syscall_msr(u32 index)
{
	return index >= MSR_STAR && index <= MSR_SYSCALL_MASK;
}

static int syscall_write(struct vmx_vcpu *s, u32 index, u64 data)
{
	if (index == MSR_SYSCALL_MASK && data >> 32)
		return -EINVAL;
	return switched_write(&s->msrs.syscall[index - MSR_STAR],
			      index == MSR_LSTAR || index == MSR_CSTAR,
			      &s->host.syscall, index, data);
}

/* ------------------------------------------------------------------------ */

/* IA32_VMX_*: x86 asks for them only where there is VMX for guests. */
static bool is_vmx_msr(u32 index)
{
	return index - NESTED_MSR_FIRST < NESTED_MSRS && vmx_nested_offered();
}

/* Of CR4 L1 has what its CPUID has (A.8). */
static u64 vmx_caps_read(struct vmx_vcpu *s, u32 index)
{
	u64 value = nested_caps_read(&s->caps, index);

	if (index == MSR_IA32_VMX_CR4_FIXED1)
		value &= s->x86.cpuid.cr4_allowed |
			 nested_caps_read(&s->caps, MSR_IA32_VMX_CR4_FIXED0);
	return value;
}

/* In VMX operation L1 goes by what it has read. */
static int vmx_caps_write(struct vmx_vcpu *s, u32 index, u64 data)
{
	if (data == vmx_caps_read(s, index))
		return 0;
	return nested_vmx_on(s) ? -EINVAL :
	       nested_caps_write(&s->caps, &vmx_nested_host, index, data);
}

int vmx_msr_read(struct x86_vcpu *v, u32 index, u64 *data)
{
	struct vmx_vcpu *s = to_vmx(v);

	if (msr_field(index)) {
		*data = is_form_msr(s, index) ? s->sysenter_cs :
						vmcs_read(msr_field(index));
		return 0;
	}
	if (is_syscall_msr(index)) {
		*data = s->msrs.syscall[index - MSR_STAR];
		return 0;
	}
	if (is_vmx_msr(index)) {
		*data = vmx_caps_read(s, index);
		return 0;
	}
	switch (index) {
	case MSR_KERNEL_GS_BASE:
		*data = kernel_gs_base_read(s);
		return 0;
	case MSR_TSC_AUX:
		*data = s->msrs.tsc_aux;
		return vmx_features.tsc_aux ? 0 : -EINVAL;
	case MSR_IA32_SPEC_CTRL:
		*data = s->msrs.spec_ctrl;
		return 0;
	case MSR_IA32_DEBUGCTLMSR:
		*data = 0;
		return 0;
	default:
		return -ENOENT;
	}
}

int vmx_msr_write(struct x86_vcpu *v, u32 index, u64 data)
{
	struct vmx_vcpu *s = to_vmx(v);

	if (msr_field(index)) {
		if (!field_takes(index, data))
			return -EINVAL;
		field_write(s, index, data);
		return 0;
	}
	if (is_syscall_msr(index))
		return syscall_write(s, index, data);
	if (is_vmx_msr(index))
		return vmx_caps_write(s, index, data);
	switch (index) {
	case MSR_KERNEL_GS_BASE:
		return switched_write(&s->msrs.kernel_gs_base, true,
				      &s->host_saved, index, data);
	case MSR_TSC_AUX:
		return tsc_aux_write(s, data);
	case MSR_IA32_SPEC_CTRL:
		spec_ctrl_write(s, data);
		return 0;
	case MSR_IA32_DEBUGCTLMSR:
		/* Kernels set them unasked (BTF: PTRACE_SINGLEBLOCK): no effect, no #GP. */
		return data & ~VMX_DEBUGCTL_BITS ? -EINVAL : 0;
	default:
		return -ENOENT;
	}
}
