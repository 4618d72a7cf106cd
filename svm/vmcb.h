/* SPDX-License-Identifier: GPL-2.0-only */
/* The control block: clean bits, intercepts, permission maps. */
#ifndef LAMINA_SVM_VMCB_H
#define LAMINA_SVM_VMCB_H

#include "svm/svm.h"

/* VMCB clean field (APM vol. 2, 15.15.3): set: unchanged since the last VMRUN. */
#define CLEAN_INTERCEPTS	BIT(0)	/* and TSC offset */
#define CLEAN_MAPS		BIT(1)
#define CLEAN_TPR		BIT(3)	/* all of the virtual interrupt field */
#define CLEAN_NP		BIT(4)	/* nested CR3, G_PAT */
#define CLEAN_CR		BIT(5)	/* CR0, CR3, CR4, EFER */
#define CLEAN_DR		BIT(6)	/* DR6, DR7 */
#define CLEAN_TABLES		BIT(7)	/* GDTR, IDTR */
#define CLEAN_SEGS		BIT(8)	/* CS, DS, SS, ES, CPL */
#define CLEAN_CR2		BIT(9)
#define CLEAN_ALL		GENMASK(10, 0)	/* with ASID (2) and LBR (10) */

/* Exit code of a VMRUN that refused the state (APM vol. 2, appendix C). */
#define EXIT_CODE_INVALID	((u32)SVM_EXIT_ERR)

/**
 * vmcb_changed - the hardware must read a part of the control block again
 * @s: the vCPU
 * @clean: CLEAN_* of the part
 */
static inline void vmcb_changed(struct svm_vcpu *s, u32 clean)
{
	s->vmcb->control.clean &= ~clean;
}

/** vmcb_intercept_flip - vmcb_intercept(), where it is not as it should be */
void vmcb_intercept_flip(struct svm_vcpu *s, unsigned int bit);

/**
 * vmcb_intercept - turn an intercept on or off
 * @s: the vCPU
 * @bit: INTERCEPT_*
 * @on: which
 */
static inline void vmcb_intercept(struct svm_vcpu *s, unsigned int bit, bool on)
{
	if (!(s->intercepts[bit / 32] & BIT(bit % 32)) == on)
		vmcb_intercept_flip(s, bit);
}

/**
 * vmcb_intercept_exceptions - which exceptions exit, besides those that always do
 * @s: the vCPU
 * @vectors: a bit for each
 */
void vmcb_intercept_exceptions(struct svm_vcpu *s, u32 vectors);

/**
 * vmcb_intercepts_l1 - L1's intercepts beside ours
 * @s: the vCPU
 * @words: L1's; NULL: none
 */
void vmcb_intercepts_l1(struct svm_vcpu *s, const u32 *words);

/** vmcb_intercepts_prepare - once the features are known */
void vmcb_intercepts_prepare(void);

/**
 * vmcb_intercepts_reset - the intercepts that every guest has, and no others
 * @s: the vCPU
 */
void vmcb_intercepts_reset(struct svm_vcpu *s);

/**
 * vmcb_msr_exits - which accesses to MSRs exit
 * @s: the vCPU
 * @all: all of them; else those that VMLOAD and VMSAVE do not switch
 */
void vmcb_msr_exits(struct svm_vcpu *s, bool all);

/**
 * vmcb_init - a control block as it is before the first reset
 * @s: the vCPU; its control block is zeroed
 */
void vmcb_init(struct svm_vcpu *s);

/**
 * vmcb_maps_create - the permission maps that all VMs share
 *
 * Return: 0 or -ENOMEM.
 */
int vmcb_maps_create(void);

/** vmcb_maps_destroy - free them */
void vmcb_maps_destroy(void);

/**
 * svm_seg_fetch - a segment of a control block
 * @to: where to
 * @from: where from
 *
 * G is as the limit implies it: hardware keeps limits in bytes (APM vol. 2, 15.5.1).
 */
static __always_inline void svm_seg_fetch(struct x86_seg *to,
					  const struct vmcb_seg *from)
{
	u32 limit = from->limit;
	u16 attr = from->attrib & 0xfff & ~SEG_G;

	if (limit > 0xfffff)
		attr |= SEG_G;
	if (!(attr & SEG_P))
		attr |= SEG_UNUSABLE;
	*to = (struct x86_seg){ from->base, limit, from->selector, attr };
}

/** svm_seg_store - the reverse */
static __always_inline void svm_seg_store(struct vmcb_seg *to,
					  const struct x86_seg *from)
{
	u16 attr = from->attr & 0xfff;

	if (from->attr & SEG_UNUSABLE)
		attr &= ~SEG_P;
	to->base = from->base;
	to->limit = from->limit;
	to->selector = from->selector;
	to->attrib = attr;
}

/* EXITINFO2 of a task switch; its selector is EXITINFO1 (APM vol. 2, 15.14.1). */
#define TASK_INFO_IRET	BIT_ULL(36)
#define TASK_INFO_JMP	BIT_ULL(38)
#define TASK_INFO_ERROR	BIT_ULL(44)
#define TASK_INFO_RF	BIT_ULL(48)

#endif
