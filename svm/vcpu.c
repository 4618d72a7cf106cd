// SPDX-License-Identifier: GPL-2.0-only
/* A vCPU's control block from creation to destruction, and its CPU. */
#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/mem_encrypt.h>

#include <asm/msr.h>

#include "svm/cpu.h"
#include "svm/nested.h"
#include "svm/vmcb.h"
#include "x86/vcpu/predictor.h"

static atomic64_t serials;

int svm_vcpu_create(struct x86_vcpu *v)
{
	struct svm_vcpu *s = to_svm(v);

	s->vmcb = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!s->vmcb)
		return -ENOMEM;
	s->vmcb_pa = __sme_pa(s->vmcb);
	s->serial = atomic64_add_return(PREDICTOR_LEVELS, &serials);
	s->cpu = -1;
	vmcb_init(s);
	if (svm_features.npt && svm_nested_offered())
		kvm_nested_init(v, &svm_second_ops);
	return 0;
}

void svm_vcpu_destroy(struct x86_vcpu *v)
{
	struct svm_vcpu *s = to_svm(v);

	svm_nested_free(s);
	free_page((unsigned long)s->vmcb);
	s->vmcb = NULL;
}

size_t svm_vcpu_memory(struct x86_vcpu *v)
{
	/* Without the copy of L1's MSR map, which goes and comes. */
	return PAGE_SIZE + (READ_ONCE(to_svm(v)->nested) ? sizeof(struct svm_nested) : 0);
}

void svm_vcpu_reset(struct x86_vcpu *v)
{
	struct svm_vcpu *s = to_svm(v);
	struct vmcb_control_area *control = &s->vmcb->control;

	s->nmi = NMI_OPEN;
	s->step = 0;
	s->step_loads = false;
	s->entry_work &= ENTRY_LEVEL;
	s->window = 0;
	s->virq_own = false;
	s->gif_off = false;
	control->event_inj = 0;
	control->exit_int_info = 0;
	/*
	 * CR8 is V_TPR, and the host's RFLAGS.IF, not the guest's, decides
	 * whether a physical interrupt leaves the guest (APM vol. 2, 15.21.1).
	 */
	control->int_ctl = V_INTR_MASKING_MASK;
	control->clean = 0;
	vmcb_intercepts_reset(s);
	s->exits_off = 0;
	svm_policy_update(v);
	svm_tlb_flush(v);
}

void svm_load(struct x86_vcpu *v, int cpu)
{
	struct svm_vcpu *s = to_svm(v);

	if (s->cpu == cpu)
		return;
	s->cpu = cpu;
	s->vmcb->control.clean = 0;
	svm_tlb_flush(v);
}

void svm_put(struct x86_vcpu *v)
{
	struct svm_vcpu *s = to_svm(v);

	if (!s->host_saved)
		return;
	s->host_saved = false;
	stat_inc(v->vcpu.stats.host_state_reload);
	if (svm_features.tsc_aux)
		native_wrmsrl(MSR_TSC_AUX, this_cpu_read(svm_cpu.tsc_aux));
	if (unlikely(s->tsc_ratio_loaded))
		native_wrmsrl(MSR_AMD64_TSC_RATIO, SVM_TSC_RATIO_DEFAULT);
	s->tsc_ratio_loaded = false;
}

void svm_root_load(struct x86_vcpu *v, hpa_t root)
{
	struct svm_vcpu *s = to_svm(v);

	if (!svm_features.npt) {
		s->shadow_cr3 = __sme_set(root);
		s->vmcb->save.cr3 = s->shadow_cr3;
		vmcb_changed(s, CLEAN_CR);
		return;
	}
	if (v->nested.ctx == MMU_CTX_L2)
		s->root_l2 = __sme_set(root);
	else
		s->root = __sme_set(root);
	s->vmcb->control.nested_cr3 = __sme_set(root);
	vmcb_changed(s, CLEAN_NP);
}

/* What userspace's guest may do without an exit (api.rst 7.13). */
static void exits_update(struct svm_vcpu *s, u32 off)
{
	bool mwait = !(off & KVM_X86_DISABLE_EXITS_MWAIT);

	s->exits_off = off;
	vmcb_intercept(s, INTERCEPT_HLT, !(off & KVM_X86_DISABLE_EXITS_HLT));
	vmcb_intercept(s, INTERCEPT_PAUSE, svm_features.pause_count &&
		       !(off & KVM_X86_DISABLE_EXITS_PAUSE));
	vmcb_intercept(s, INTERCEPT_MONITOR, mwait);
	vmcb_intercept(s, INTERCEPT_MWAIT, mwait);
}

void svm_policy_update(struct x86_vcpu *v)
{
	u32 off = READ_ONCE(to_x86_vm(v->vcpu.kvm)->exits_off);
	struct svm_vcpu *s = to_svm(v);

	/* No intercept depends on CPUID yet. */
	vmcb_msr_exits(s, v->msr_exits);
	svm_event_cr8_update(s);
	if (unlikely(off != s->exits_off))
		exits_update(s, off);
	state_set(v, GRP_DR);
	svm_step_intercepts(s);
	if (debug_steps(v))
		svm_step_start(s, STEP_USER);
	else
		svm_step_stop(s, STEP_USER);
}
