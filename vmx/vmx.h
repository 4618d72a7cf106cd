/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VT-x: the vendor's VM and vCPU, and the ops that main.c puts into its table.
 *
 * What an op has to do is said in x86/vcpu/vendor.h; here is what VMX makes of it.
 * A VMCS can be reached only on the CPU where it is current: from load() to put()
 * it is.  Controls are kept here and written when they differ (vmcs_sync()), so that
 * a reset, which comes before the first load(), needs no VMCS.
 */
#ifndef LAMINA_VMX_VMX_H
#define LAMINA_VMX_VMX_H

#include <linux/list.h>

#include "vmx/insn.h"
#include "x86/vcpu/vendor.h"

/** struct vmx_vm - a VMX VM: nothing beyond what x86 has */
struct vmx_vm {
	struct x86_vm x86;
};

#define ENTRY_DB	BIT(0)	/* DR7 enables breakpoints: load DR0 to DR3 */

/* Fields that are kept here too, by place in struct vmx_vcpu.control. */
enum vmx_word {
	WORD_PIN,
	WORD_CPU,	/* primary processor-based */
	WORD_CPU2,	/* secondary */
	WORD_EXIT,
	WORD_ENTRY,
	WORD_VARYING,
	WORD_EXCEPTIONS = WORD_VARYING,
	WORD_INTR,	/* the guest's interruptibility state, if @intr_valid */
	WORD_COUNT
};

/**
 * struct vmx_msrs - MSRs that no VMCS field holds: loaded from the first entry after
 * load() to put()
 * @kernel_gs_base: IA32_KERNEL_GS_BASE; the guest writes it without an exit
 * @syscall: STAR, LSTAR, CSTAR, FMASK, in the order of their numbers
 * @tsc_aux: IA32_TSC_AUX
 */
struct vmx_msrs {
	u64 kernel_gs_base;
	u64 syscall[4];
	u64 tsc_aux;
};

/**
 * struct vmx_host - what of the host an entry loses, and put() brings back
 * @fs_base: FS.base; the VMCS has it
 * @cr3: CR3 as the VMCS has it
 * @cr4: likewise
 * @rsp: likewise; vmenter.S
 * @debugctl: IA32_DEBUGCTL
 * @kernel_gs_base: the thread's GS base
 * @fs, @gs, @ds, @es, @ldt: selectors
 * @syscall: the guest's STAR and so on are in the CPU
 */
struct vmx_host {
	u64 fs_base;
	u64 cr3;
	u64 cr4;
	u64 rsp;
	u64 debugctl;
	u64 kernel_gs_base;
	u16 fs, gs, ds, es, ldt;
	bool syscall;
};

/**
 * struct vmx_vcpu - a VMX vCPU
 * @x86: x86's part, first
 * @vmcs: (c) one page
 * @vmcs_pa: (c) its physical address
 * @list: while @cpu >= 0: in that CPU's list
 * @serial: (c) number that no other vCPU has had since the module was loaded
 * @vpid: (c) 0: it has none
 * @cpu: where the VMCS is active, or -1
 * @launched: VMRESUME, not VMLAUNCH
 * @filled: the VMCS holds what vmcs_fill() writes
 * @host_saved: the guest's MSRs are in the CPU, @host holds what to restore; from
 *              the first entry after load() to put()
 * @flush: translations are dropped at the next entry
 * @leaky: something that the guest must not read may be in the L1 data cache
 * @entry_work: ENTRY_* to be done at the next entry
 * @stale: a bit for each enum vmx_word to be written
 * @control: what they are to be
 * @window: (r) EVENT_MASK_* asked for by event_window()
 * @exits_off: (r) KVM_X86_DISABLE_EXITS_* that the controls obey
 * @injected: the last entry delivered an event
 * @armed: VM-entry interruption information is valid
 * @intr_valid: @control has the interruptibility state; until the next entry
 * @reason: exit reason; VMX_REFUSED
 * @info_valid: VM-exit interruption information is in @info
 * @info: see there
 * @eptp: EPT pointer
 * @shadow_cr3: with shadow paging: the root
 * @msrs: MSRs
 * @host: the host's state
 */
struct vmx_vcpu {
	struct x86_vcpu x86;
	void *vmcs;
	phys_addr_t vmcs_pa;
	struct list_head list;
	u64 serial;
	u16 vpid;
	int cpu;
	bool launched;
	bool filled;
	bool host_saved;
	bool flush;
	bool leaky;
	u8 entry_work;
	u8 stale;
	u32 control[WORD_COUNT];
	u32 window;
	u32 exits_off;
	bool injected;
	bool armed;
	bool intr_valid;
	bool info_valid;
	u32 reason;
	u32 info;
	u64 eptp;
	u64 shadow_cr3;
	struct vmx_msrs msrs;
	struct vmx_host host;
};

/* @reason when VMLAUNCH or VMRESUME did not begin: no exit has happened. */
#define VMX_REFUSED	U32_MAX

/** to_vmx - VMX's part of a vCPU */
static inline struct vmx_vcpu *to_vmx(struct x86_vcpu *v)
{
	return container_of(v, struct vmx_vcpu, x86);
}

/** vmx_entry_failed - was the entry refused? */
static inline bool vmx_entry_failed(const struct vmx_vcpu *s)
{
	return s->reason & VMX_EXIT_REASONS_FAILED_VMENTRY;
}

/* vcpu.c */

/** vmx_vm_create - nothing to do: the MSR bitmap is the module's */
int vmx_vm_create(struct x86_vm *vm);
/** vmx_vm_destroy - nothing to do */
void vmx_vm_destroy(struct x86_vm *vm);
/** vmx_vcpu_create - one page for the VMCS, and a VPID */
int vmx_vcpu_create(struct x86_vcpu *v);
/** vmx_vcpu_destroy - VMCLEAR where it is active, and free */
void vmx_vcpu_destroy(struct x86_vcpu *v);
/** vmx_vcpu_reset - controls; MSRs survive an INIT */
void vmx_vcpu_reset(struct x86_vcpu *v);
/** vmx_load - VMPTRLD; another CPU than before: VMCLEAR there, host fields here */
void vmx_load(struct x86_vcpu *v, int cpu);
/** vmx_put - the host's MSRs, selectors and tables again, if the guest was entered */
void vmx_put(struct x86_vcpu *v);
/** vmx_policy_update - controls that userspace decides on */
void vmx_policy_update(struct x86_vcpu *v);

/* run.c */

/** vmx_enter - the world switch and what surrounds it */
void vmx_enter(struct x86_vcpu *v);

/**
 * vmx_syscall_msrs_load - EFER.SCE has come on: the guest's STAR and its kin, if the
 * guest's MSRs are in the CPU
 * @s: the vCPU; not preemptible
 */
void vmx_syscall_msrs_load(struct vmx_vcpu *s);

/* vmenter.S */

/**
 * vmx_vmenter - switch to the guest and back
 * @gpr: general registers by enum x86_gpr; RSP is the VMCS's
 * @host_rsp: HOST_RSP as the VMCS has it; written there when it differs
 * @launched: VMRESUME
 *
 * Interrupts off, before and after.
 *
 * Return: false when the instruction failed: VMX is off, or the VMCS was refused.
 */
bool vmx_vmenter(u64 *gpr, u64 *host_rsp, bool launched);

/** vmx_vmexit - where the processor goes on after an exit; no function */
void vmx_vmexit(void);

/* exit.c */

/** vmx_exit_decode - one table by exit reason, then the fields of the kind */
void vmx_exit_decode(struct x86_vcpu *v, struct x86_exit *exit);
/** vmx_exit_handle - RDPMC */
enum x86_next vmx_exit_handle(struct x86_vcpu *v, const struct x86_exit *exit);

/* state.c */

/** vmx_state_fetch - VMCS to v->state */
void vmx_state_fetch(struct x86_vcpu *v, u32 groups);
/** vmx_state_store - v->state to VMCS */
void vmx_state_store(struct x86_vcpu *v, u32 groups);

/*
 * Groups that change while the guest runs; CR3 only with EPT.  CR2 is copied at
 * every exit.
 */
#define VMX_GROUPS_LIVE \
	(GRP_RIP | GRP_RSP | GRP_RFLAGS | GRP_CR0 | GRP_CSSS | GRP_SEGS | \
	 GRP_TABLES | GRP_SHADOW | GRP_CPL | GRP_PDPTR)

/* msr.c */

/** vmx_msr_read - MSRs of the VMCS, of SYSCALL, TSC_AUX */
int vmx_msr_read(struct x86_vcpu *v, u32 index, u64 *data);
/** vmx_msr_write - see vmx_msr_read() */
int vmx_msr_write(struct x86_vcpu *v, u32 index, u64 data);

/* event.c */

/** vmx_event_blocked - interruptibility state */
u32 vmx_event_blocked(struct x86_vcpu *v);
/** vmx_event_inject - VM-entry interruption information */
void vmx_event_inject(struct x86_vcpu *v, const struct x86_event *ev);
/** vmx_event_window - interrupt-window and NMI-window exiting */
void vmx_event_window(struct x86_vcpu *v, u32 mask);
/** vmx_event_nmi_mask - blocking by NMI */
void vmx_event_nmi_mask(struct x86_vcpu *v, bool masked);
/** vmx_event_reclaim - IDT-vectoring information */
void vmx_event_reclaim(struct x86_vcpu *v, struct x86_event *ev);

/**
 * vmx_intr_get - the guest's interruptibility state
 * @s: the vCPU; own thread
 *
 * Return: GUEST_INTR_STATE_*.
 */
u32 vmx_intr_get(struct vmx_vcpu *s);

/** vmx_intr_set - change it; own thread */
void vmx_intr_set(struct vmx_vcpu *s, u32 intr);

/* step.c */

/** vmx_step_update - the monitor trap flag, as userspace asks; own thread */
void vmx_step_update(struct vmx_vcpu *s);

/**
 * vmx_step_exit - an exit by the monitor trap flag
 * @s: the vCPU; own thread
 * @exit: becomes #DB, or NONE when no instruction was executed
 */
void vmx_step_exit(struct vmx_vcpu *s, struct x86_exit *exit);

/* ept.c */

/** vmx_root_load - EPT pointer; with shadow paging CR3 */
void vmx_root_load(struct x86_vcpu *v, hpa_t root);
/** vmx_tlb_flush - the next entry drops what is cached */
void vmx_tlb_flush(struct x86_vcpu *v);
/** vmx_tlb_flush_now - drop it; interrupts off, the VMCS current */
void vmx_tlb_flush_now(struct vmx_vcpu *s);

#endif
