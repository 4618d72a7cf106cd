/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AMD-V: the vendor's VM and vCPU, and the ops that main.c puts into its table.
 *
 * What an op has to do is said in x86/vcpu/vendor.h; here is what SVM makes of it.
 */
#ifndef LAMINA_SVM_SVM_H
#define LAMINA_SVM_SVM_H

#include <asm/svm.h>

#include "x86/vcpu/vendor.h"

struct svm_nested;

/*
 * The guest's NMI mask.  Hardware keeps none for injected NMIs, so the IRET that
 * ends the handler is intercepted; the mask goes when that IRET has completed.
 */
enum svm_nmi {
	NMI_OPEN,
	NMI_MASKED,	/* the handler runs; IRET is intercepted */
	NMI_IRET,	/* the IRET at step_rip is about to execute */
};

#define STEP_NMI	BIT(0)	/* over one instruction, up to an NMI window */
#define STEP_USER	BIT(1)	/* over every one, for userspace */

#define ENTRY_DB	BIT(0)	/* DR7 enables breakpoints: load DR0 to DR3 */
#define ENTRY_KICK	BIT(1)	/* exit again right after entry */
#define ENTRY_TSC	BIT(2)	/* MSR_AMD64_TSC_RATIO has another value */
#define ENTRY_LEVEL	BIT(3)	/* another level runs, and L1 has IBRS */

/**
 * struct svm_vcpu - an SVM vCPU
 * @x86: x86's part, first
 * @vmcb: (c) control block, one page
 * @vmcb_pa: (c) its physical address, encryption bit included
 * @serial: (c) number that no other vCPU has had since the module was loaded: predictor.h
 * @asid_generation: pool generation that the ASID belongs to; 0: it has none
 * @cpu: CPU that caches the control block and the ASID's translations
 * @host_saved: this CPU holds the guest's TSC_AUX, and the host's VMSAVE state
 *              of this thread is in the CPU's save area; from the first entry
 *              after load() to put()
 * @entry_work: ENTRY_* to be done at the next entry
 * @nmi: (r) enum svm_nmi
 * @kept: groups that an exit leaves valid: svm_features.kept, or less (dr_store())
 * @soft_rip: where the software interrupt, #BP or #OF injected last returns to
 * @step: (r) STEP_*: the control block's RFLAGS.TF is ours (step.c)
 * @step_tf: (x) the guest's own RFLAGS.TF when the instruction began
 * @step_loads: (x) the instruction at @step_rip is a POPF or IRET
 * @step_rip: (x) that instruction; the IRET of NMI_IRET
 * @window: (r) EVENT_MASK_* asked for by event_window()
 * @exits_off: (r) KVM_X86_DISABLE_EXITS_* that the intercepts obey
 * @tsc_aux: the guest's TSC_AUX
 * @tsc_ratio_loaded: this CPU's MSR_AMD64_TSC_RATIO is the guest's
 * @spec_ctrl: the guest's IA32_SPEC_CTRL, but in the guest (vmenter.S)
 * @spec_switched: where that is, once the guest uses it, or NULL
 * @spec_direct: the guest reaches it without exits
 * @shadow_cr3: with shadow paging: the root, encryption bit included
 * @root: with nested paging: L1's root, encryption bit included
 * @root_l2: L2's, while L1 uses nested paging too
 * @intercepts: what exits for x86 and for us; the control block has L1's beside them
 * @intercepts_l1: L1's, while L2 runs; else 0
 * @msr_exits_l1: likewise: L1 denies L2 an MSR that guests otherwise reach by themselves
 * @virq_own: the virtual interrupt in the control block is our interrupt window
 * @gif_off: L1's global interrupt flag is clear
 * @hsave: L1's VM_HSAVE_PA
 * @vm_cr: L1's VM_CR
 * @nested: L1 while L2 runs (nested.h); NULL before the first VMRUN
 */
struct svm_vcpu {
	struct x86_vcpu x86;
	struct vmcb *vmcb;
	phys_addr_t vmcb_pa;
	u64 serial;
	u64 asid_generation;
	int cpu;
	bool host_saved;
	u8 entry_work;
	u8 nmi;
	u32 kept;
	u64 soft_rip;
	u8 step;
	bool step_tf;
	bool step_loads;
	u64 step_rip;
	u32 window;
	u32 exits_off;
	u32 tsc_aux;
	bool tsc_ratio_loaded;
	u64 spec_ctrl;
	u64 *spec_switched;
	bool spec_direct;
	u64 shadow_cr3;
	u64 root;
	u64 root_l2;
	u32 intercepts[MAX_INTERCEPT];
	u32 intercepts_l1[MAX_INTERCEPT];
	bool msr_exits_l1;
	bool virq_own;
	bool gif_off;
	u64 hsave;
	u64 vm_cr;
	struct svm_nested *nested;
};

/** to_svm - SVM's part of a vCPU */
static inline struct svm_vcpu *to_svm(struct x86_vcpu *v)
{
	return container_of(v, struct svm_vcpu, x86);
}

/** svm_nmi_resolve - an IRET that began at one RIP, and is at another, is over */
static inline void svm_nmi_resolve(struct svm_vcpu *s)
{
	if (s->nmi == NMI_IRET && s->x86.state.rip != s->step_rip)
		s->nmi = NMI_OPEN;
}

/* vcpu.c */

/** svm_vcpu_create - the control block: one page */
int svm_vcpu_create(struct x86_vcpu *v);
/** svm_vcpu_destroy - free the control block */
void svm_vcpu_destroy(struct x86_vcpu *v);
/** svm_vcpu_reset - intercepts, no event, no NMI mask; MSRs survive an INIT */
void svm_vcpu_reset(struct x86_vcpu *v);
/** svm_vcpu_memory - control block, and L1's state once it was a host */
size_t svm_vcpu_memory(struct x86_vcpu *v);
/** svm_load - another CPU than before: nothing is cached there */
void svm_load(struct x86_vcpu *v, int cpu);
/** svm_put - the host's TSC_AUX again, if the guest's was loaded */
void svm_put(struct x86_vcpu *v);
/** svm_root_load - nested CR3; with shadow paging CR3 */
void svm_root_load(struct x86_vcpu *v, hpa_t root);
/** svm_policy_update - intercepts from scratch */
void svm_policy_update(struct x86_vcpu *v);

/* run.c */

/** svm_can_enter - every state can be run */
enum x86_entry svm_can_enter(struct x86_vcpu *v);
/** svm_enter - the world switch and what surrounds it */
void svm_enter(struct x86_vcpu *v);

/* vmenter.S */

/**
 * svm_vmenter - switch to the guest and back
 * @gpr: general registers by enum x86_gpr; RAX and RSP are the control block's
 * @vmcb_pa: control block
 * @host_pa: area with the host's VMSAVE state
 * @spec_ctrl: the guest's IA32_SPEC_CTRL; NULL: as the host's
 *
 * Interrupts off, before and after.
 *
 * Return: false when SVM is off on this CPU: nothing happened.
 */
bool svm_vmenter(u64 *gpr, phys_addr_t vmcb_pa, phys_addr_t host_pa, u64 *spec_ctrl);

/**
 * svm_vmsave - save what VMSAVE saves of this CPU
 * @pa: where
 *
 * Does nothing when SVM is off on this CPU.
 */
void svm_vmsave(phys_addr_t pa);

/* exit.c */

/** svm_exit_decode - one table by exit code, then the fields of the kind */
void svm_exit_decode(struct x86_vcpu *v, struct x86_exit *exit);
/** svm_exit_info - EXITINFO1 and 2, EXITINTINFO */
void svm_exit_info(struct x86_vcpu *v, struct x86_exit_info *info);
/** svm_exit_handle - RDPMC, IRET of an NMI handler, POPF in a step, SVM itself */
enum x86_next svm_exit_handle(struct x86_vcpu *v, const struct x86_exit *exit);

/* state.c */

/** svm_state_fetch - control block to v->state */
void svm_state_fetch(struct x86_vcpu *v, u32 groups);
/** svm_state_store - v->state to control block, and its clean bits */
void svm_state_store(struct x86_vcpu *v, u32 groups);

/*
 * Groups that change while the guest runs, CR3 only on nested paging, and those that
 * every exit copies: see svm_enter().
 */
#define SVM_GROUPS_LIVE \
	(GRP_CR0 | GRP_CR2 | GRP_CR8 | GRP_CSSS | GRP_DATA | GRP_SEGS | \
	 GRP_TABLES | GRP_SHADOW)
#define SVM_GROUPS_COPIED	(GRP_RIP | GRP_RSP | GRP_RFLAGS | GRP_CPL)

/* Those that VMRUN and #VMEXIT switch without a look at them. */
#define SVM_GROUPS_RAW	(GRP_CSSS | GRP_DATA | GRP_TABLES)

/** svm_state_forget - groups are what the control block has of them */
static inline void svm_state_forget(struct svm_vcpu *s, u32 groups)
{
	s->x86.state.valid &= ~groups;
	s->x86.state.dirty &= ~groups;
}

/* msr.c */

/** svm_msr_read - MSRs of the control block, TSC_AUX, and SVM's own (#GP) */
int svm_msr_read(struct x86_vcpu *v, u32 index, u64 *data);
/** svm_msr_write - see svm_msr_read() */
int svm_msr_write(struct x86_vcpu *v, u32 index, u64 data);


/**
 * svm_msrpm_bit - where an MSR's two bits are in a permission map
 * @index: the MSR
 *
 * Return: number of the lower bit, that for reads; -1: the map does not cover it.
 */
int svm_msrpm_bit(u32 index);

/**
 * svm_msrpm_fill - let guests reach the MSRs that VMLOAD and VMSAVE switch
 * @map: permission map, every bit set
 * @spec_ctrl: and IA32_SPEC_CTRL
 */
void svm_msrpm_fill(u8 *map, bool spec_ctrl);

#include "svm/event.h"

#endif
