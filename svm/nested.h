/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * L2 on SVM (APM vol. 2, chapter 15), with x86/vcpu/nested.h.
 *
 * There is one control block for both levels: while L2 runs it holds L2's state, and L1's
 * is in struct svm_nested.  What VMRUN does not switch (FS, GS, TR, LDTR and the MSRs of
 * VMLOAD and VMSAVE) stays where it is.  Each level has an ASID and a root of its own,
 * which change places with the rest.
 *
 * Maps.  The I/O map by which guests run denies every port, so it is L2's as well, and
 * L1's is read when a port exits.  Of MSRs a guest reaches ten by itself: L2 does too if L1
 * lets it have all ten, else each MSR exits and L1's map is read then.  So nothing is
 * merged, and L1 may change its maps whenever it wants to, unless it is a Hyper-V that says
 * when it has.
 */
#ifndef LAMINA_SVM_NESTED_H
#define LAMINA_SVM_NESTED_H

#include "svm/svm.h"
#include "x86/vcpu/nested.h"

/**
 * struct svm_tag - a level's ASID
 * @asid: the number
 * @generation: pool generation that it belongs to; 0: it has none
 */
struct svm_tag {
	u32 asid;
	u64 generation;
};

/**
 * struct svm_nested_vmexit - #VMEXIT as L1 sees it
 * @code: EXITCODE
 * @info: EXITINFO1 and EXITINFO2
 * @int_info: EXITINTINFO and its error code
 */
struct svm_nested_vmexit {
	u64 code;
	u64 info[2];
	u32 int_info;
	u32 int_info_err;
};

/**
 * struct svm_nested - L1 while L2 runs, made for the first VMRUN
 * @vmcb12: where L1's control block is
 * @control: L1's control area, copied once by VMRUN
 * @save: buffer for L1's save area; they lie to each other as in a control block
 * @host: L1's registers that #VMEXIT loads
 * @host_pat: L1's PAT
 * @second: EVENT_SECOND: the exit that it becomes
 * @other: the ASID of the level that does not run
 * @asid12: the ASID that L1 has given L2 last
 * @npt: L2 runs, or ran last, on L1's nested page table
 * @msrpm: copy of L1's MSR map, or NULL; it counts with @msrpm_kept (nested_msrpm.c)
 */
struct svm_nested {
	gpa_t vmcb12;
	struct vmcb_control_area control;
	struct vmcb_save_area save;
	struct x86_state host;
	u64 host_pat;
	struct svm_nested_vmexit second;
	struct svm_tag other;
	u32 asid12;
	bool npt;
	bool msrpm_kept;
	struct svm_msrpm_copy *msrpm;
};

static_assert(offsetof(struct svm_nested, save) -
	      offsetof(struct svm_nested, control) == offsetof(struct vmcb, save));

struct nested_limits;
struct nested_vmrun;

/** l1_intercepts - an intercept bit of L1's; L2 runs */
static inline bool l1_intercepts(const struct svm_vcpu *s, unsigned int bit)
{
	return s->intercepts_l1[bit / 32] & BIT(bit % 32);
}

/* nested_state.c */

extern const struct nested_ops svm_nested_ops;
extern const struct mmu_ctx_ops svm_second_ops;

/** svm_nested_make - make sure that there is a struct svm_nested; 0 or -ENOMEM */
int svm_nested_make(struct svm_vcpu *s);

/** svm_nested_free - the vCPU goes */
void svm_nested_free(struct svm_vcpu *s);

/** svm_nested_limits - L1's processor, for nested_check(); L1's registers are @host */
void svm_nested_limits(struct svm_vcpu *s, const struct x86_state *host,
		       struct nested_limits *lim);

/** svm_nested_fields - what nested_check() looks at */
void svm_nested_fields(const struct svm_nested *n, struct nested_vmrun *r);

/**
 * svm_nested_switch - the control block becomes the other level's
 * @s: the vCPU; v->nested.l2 is still what it was
 *
 * ASID and root change places; the registers are the caller's to store.
 */
void svm_nested_switch(struct svm_vcpu *s);

/** svm_nested_controls - intercepts, maps and the virtual interrupt of the level that runs */
void svm_nested_controls(struct svm_vcpu *s);

/** svm_nested_regs_store - EFER, CR0, CR3, CR4, RFLAGS, RIP, RSP, RAX */
void svm_nested_regs_store(struct vmcb_save_area *save, const struct x86_state *st);

/** svm_nested_regs_fetch - the same, and back */
void svm_nested_regs_fetch(struct x86_state *st, const struct vmcb_save_area *save);

/** svm_nested_host_load - L1's registers again; the control block is L1's */
void svm_nested_host_load(struct svm_vcpu *s);

/* L1's half of a vCPU, as a page: L2's control area, and L1's save area. */
#define HALF_BYTES	PAGE_SIZE
#define HALF_SAVE	0x400

/**
 * svm_nested_half - L1's half, to be saved
 * @s: the vCPU, L2 runs
 * @half: HALF_BYTES; what is reserved is not written
 */
void svm_nested_half(struct svm_vcpu *s, u8 *half);

/**
 * svm_nested_resume - L2 goes on, or runs by another half
 * @s: the vCPU; L2's registers are there already, or will be
 * @half: HALF_BYTES
 * @vmcb12: L1's control block
 *
 * Return: 0; -EINVAL, -ENOMEM: nothing has changed.
 */
int svm_nested_resume(struct svm_vcpu *s, const u8 *half, gpa_t vmcb12);

/* nested_smm.c */

/** svm_nested_smm_enter - nested_ops.smm_enter */
void svm_nested_smm_enter(struct x86_vcpu *v, struct smram_svm *out);
/** svm_nested_smm_leave - nested_ops.smm_leave */
bool svm_nested_smm_leave(struct x86_vcpu *v, const struct smram_svm *in);

/* nested_vmcb.c: L1's control block, in its memory; all 0 or -EFAULT */

/** svm_nested_vmcb_read - what VMRUN looks at, to @n->control and @n->save */
int svm_nested_vmcb_read(struct x86_vcpu *v, gpa_t gpa, struct svm_nested *n);

/** svm_nested_vmcb_write - what #VMEXIT writes, from @n->control and @n->save */
int svm_nested_vmcb_write(struct x86_vcpu *v, gpa_t gpa, const struct svm_nested *n);

/** svm_nested_vmload_read - what VMLOAD loads; the rest of @save is not touched */
int svm_nested_vmload_read(struct x86_vcpu *v, gpa_t gpa, struct vmcb_save_area *save);

/** svm_nested_vmsave_write - what VMSAVE saves */
int svm_nested_vmsave_write(struct x86_vcpu *v, gpa_t gpa,
			    const struct vmcb_save_area *save);

/* nested_enter.c */

/** svm_nested_vmrun - VMRUN at @gpa, which ends at @next_rip; the instruction's checks are done */
enum x86_next svm_nested_vmrun(struct x86_vcpu *v, u64 next_rip, gpa_t gpa);

/** svm_nested_run - L2 runs by nested->control; its registers are the caller's to load */
void svm_nested_run(struct svm_vcpu *s);

/** svm_nested_inject - L1's EVENTINJ, checked, becomes what L2 gets first */
void svm_nested_inject(struct svm_vcpu *s);

/* nested_msrpm.c */

/**
 * svm_msrpm_denies - does L1's map deny L2 an MSR that guests reach by themselves?
 * @s: the vCPU; L2 is about to run
 *
 * Decides, too, whether a copy of the map serves until the next time.
 */
bool svm_msrpm_denies(struct svm_vcpu *s);

/** svm_nested_wants_msr - does L1's map deny L2 the MSR that RCX names? */
bool svm_nested_wants_msr(struct svm_vcpu *s, bool write);

/* nested_virq.c */
/**
 * svm_nested_int_ctl - of the interrupt control word what L1 has for L2
 * @s: the vCPU, L2 runs or will
 *
 * Return: bits for our control block: a virtual interrupt, and V_TPR if it is apart from CR8.
 */
u32 svm_nested_int_ctl(const struct svm_vcpu *s);
/** svm_nested_virq_comes - would L2's virtual interrupt end a HLT at once?  Own thread, L2 runs */
bool svm_nested_virq_comes(struct svm_vcpu *s);

/** svm_nested_virq_get - the virtual interrupt, TPR and shadow that L2 has now, to @c */
void svm_nested_virq_get(struct svm_vcpu *s, struct vmcb_control_area *c);

/** svm_nested_gif_set - STGI or CLGI; false: it is about L1's own GIF */
bool svm_nested_gif_set(struct svm_vcpu *s, bool on);

/** svm_nested_cr8_write - L2 is about to write CR8: it is V_TPR, too */
void svm_nested_cr8_write(struct svm_vcpu *s);

/* nested_exit.c */

/** svm_nested_vmexit - #VMEXIT, because of @e; L2 runs */
void svm_nested_vmexit(struct svm_vcpu *s, const struct svm_nested_vmexit *e);

/** svm_nested_wants_port - does L1's map deny L2 one of these @size ports? */
bool svm_nested_wants_port(struct svm_vcpu *s, u16 port, unsigned int size);

/** svm_nested_exit - nested_ops.exit */
bool svm_nested_exit(struct x86_vcpu *v, struct x86_exit *exit);
/** svm_nested_wants - nested_ops.wants */
bool svm_nested_wants(struct x86_vcpu *v, const struct x86_event *ev);
/** svm_nested_exit_event - nested_ops.exit_event */
void svm_nested_exit_event(struct x86_vcpu *v, const struct x86_event *ev);

/* nested_intercept.c */

/** svm_nested_mov_operand - the general register of a MOV to or from a control register */
u64 svm_nested_mov_operand(struct x86_vcpu *v, const struct emul_insn *insn);

/** svm_nested_cr0_changes - would CR0 become another one, in bits that L1 intercepts? */
bool svm_nested_cr0_changes(struct svm_vcpu *s, u8 gpr);

/** svm_nested_cr0_selective - does L1's selective intercept of CR0 take this instruction? */
bool svm_nested_cr0_selective(struct svm_vcpu *s, const struct emul_insn *insn);
/** svm_nested_intercepts - nested_ops.intercepts */
bool svm_nested_intercepts(struct x86_vcpu *v, const struct emul_insn *insn);
/** svm_nested_task - nested_ops.task */
bool svm_nested_task(struct x86_vcpu *v, const struct emul_task *t,
		     const struct emul_insn *insn);

/* nested_insn.c */

/** svm_nested_insn - an instruction of SVM's has exited; #UD and #GP by its rules */
enum x86_next svm_nested_insn(struct x86_vcpu *v, const struct x86_exit *exit);

/** svm_nested_window - of event_window()'s mask, what is not for L1; L2 runs */
u32 svm_nested_window(struct svm_vcpu *s, u32 mask);

#endif
