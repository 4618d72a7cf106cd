/* SPDX-License-Identifier: GPL-2.0-only */
/* Physical CPUs: what they have in common, what each of them keeps, ASIDs. */
#ifndef LAMINA_SVM_CPU_H
#define LAMINA_SVM_CPU_H

#include <linux/percpu.h>

#include "svm/svm.h"

/**
 * struct svm_cpu - a physical CPU
 * @host_pa: area that VMSAVE puts the host's state into
 * @hsave: page that VMRUN saves the host in; the VMSAVE area follows it
 * @asid_generation: grows whenever all ASIDs were used up; never 0 in use
 * @asid_next: next ASID to hand out; more than @asid_max: start over
 * @asid_max: last ASID of this CPU
 * @tsc_aux: the host's TSC_AUX
 * @serial: who ran here last: x86/vcpu/predictor.h
 */
struct svm_cpu {
	phys_addr_t host_pa;
	void *hsave;
	u64 asid_generation;
	u32 asid_next;
	u32 asid_max;
	u32 tsc_aux;
	u64 serial;
};

DECLARE_PER_CPU(struct svm_cpu, svm_cpu);

/**
 * struct svm_features - what the CPUs have, fixed after setup()
 * @cpuid: EDX of leaf SVM_CPUID_FUNC, as far as it is used
 * @npt: guests run on nested paging, else on shadow page tables
 * @nrips: the next RIP is saved
 * @decode_assists: instruction bytes and registers are supplied
 * @tsc_aux: TSC_AUX exists
 * @spec_ctrl: the control block has the guest's IA32_SPEC_CTRL, which VMRUN adds to the host's
 * @pause_count, @pause_thresh: a loop of so many PAUSEs, with no more clocks between them,
 *	exits; 0: PAUSE never does
 * @kept: groups that an exit leaves valid, mostly: not SVM_GROUPS_LIVE, CR3 without @npt
 * @host_mce: CR4.MCE if the host has it set, else 0
 */
struct svm_features {
	u32 cpuid;
	bool npt;
	bool nrips;
	bool decode_assists;
	bool tsc_aux;
	bool spec_ctrl;
	u16 pause_count;
	u16 pause_thresh;
	u32 kept;
	u64 host_mce;
};

extern struct svm_features svm_features;

/* Leaf SVM_CPUID_FUNC, EDX (APM vol. 3, E.4.9). */
#define SVM_FEATURE_NPT			BIT(0)
#define SVM_FEATURE_NRIPS		BIT(3)
#define SVM_FEATURE_TSC_RATIO		BIT(4)
#define SVM_FEATURE_CLEAN_BITS		BIT(5)
#define SVM_FEATURE_FLUSH_BY_ASID	BIT(6)
#define SVM_FEATURE_DECODE_ASSISTS	BIT(7)
#define SVM_FEATURE_PAUSE_FILTER	BIT(10)
#define SVM_FEATURE_PAUSE_THRESHOLD	BIT(12)
/* Without the threshold PAUSEs count that are in no loop. */
#define SVM_FEATURES_PAUSE		(SVM_FEATURE_PAUSE_FILTER | SVM_FEATURE_PAUSE_THRESHOLD)
#define SVM_FEATURE_VGIF		BIT(16)

/* Fraction bits of a TSC ratio (APM vol. 2, 15.30.5). */
#define SVM_TSC_BITS			32

/* What the code can use; a CPU that lacks one that others have is refused. */
#define SVM_FEATURES_USED \
	(SVM_FEATURE_NPT | SVM_FEATURE_NRIPS | SVM_FEATURE_DECODE_ASSISTS | \
	 SVM_FEATURES_PAUSE | SVM_FEATURE_TSC_RATIO)

/** svm_tsc_is_scaled - does the guest's TSC run at another rate than the host's? */
static inline bool svm_tsc_is_scaled(const struct svm_vcpu *s)
{
	return (svm_features.cpuid & SVM_FEATURE_TSC_RATIO) &&
	       s->x86.state.tsc_ratio != SVM_TSC_RATIO_DEFAULT;
}

/* caps.c */

/** svm_nested_offered - may guests be hosts? */
bool svm_nested_offered(void);

/** svm_probe - CPUID and VM_CR.SVMDIS */
int svm_probe(void);
/** svm_setup - features, permission maps, two pages per possible CPU */
int svm_setup(struct x86_caps *caps);
/** svm_teardown - give back what svm_setup() took */
void svm_teardown(void);
/** svm_cpu_on - EFER.SVME, VM_HSAVE_PA, ASIDs from the start */
int svm_cpu_on(void);
/** svm_cpu_off - the reverse; GIF is set first */
void svm_cpu_off(void);

/* asid.c */

/**
 * svm_asid_reset - hand out from the start on this CPU, after a flush of all
 * @c: this CPU
 */
void svm_asid_reset(struct svm_cpu *c);

/**
 * svm_asid_assign - a new ASID, so that no old translation is found
 * @s: the vCPU; interrupts off
 * @c: this CPU
 */
void svm_asid_assign(struct svm_vcpu *s, struct svm_cpu *c);

/** svm_tlb_flush - the next entry takes a new ASID */
void svm_tlb_flush(struct x86_vcpu *v);

#endif
