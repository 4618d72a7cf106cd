/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that Lamina builds for, 6.1 and 6.12, and in no other
 * file.  The code is written for 6.12; here is what 6.1 calls otherwise, or lacks.
 */
#ifndef COMPAT_KERNEL_H
#define COMPAT_KERNEL_H

#include <linux/cpuhotplug.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/syscore_ops.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
/* smp_send_reschedule() is a macro with a tracepoint whose header it does not include. */
#include <trace/events/ipi.h>
#define hypercall_flags		flags
#else
#define eventfd_signal(ctx)	eventfd_signal(ctx, 1)
#define fd_file(f)		((f).file)
/* struct kvm_run: userspace may change it at any time. */
#define immediate_exit__unsafe	immediate_exit
/* Of its member hypercall: KVM_EXIT_HYPERCALL_LONG_MODE is all there is. */
#define hypercall_flags		longmode
/* Groups have files, and devices none. */
#define vfio_file_is_valid	vfio_file_is_group
/* struct kvm_run, flags: L2 runs. */
#define KVM_RUN_X86_GUEST_MODE	(1 << 2)
/* A VMX control. */
#define SECONDARY_EXEC_ENABLE_XSAVES	SECONDARY_EXEC_XSAVES
/* struct vmcb_save_area */
#define reserved_0xa0		reserved_1
#define reserved_0xd8		reserved_3
#define reserved_0x180		reserved_4
#define reserved_0x248		reserved_5
#endif

/* ------------------------------------------------------------------------ */
/* Mappings without struct pages. */

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
struct follow_pfnmap_args {
	struct vm_area_struct *vma;
	unsigned long address;
	spinlock_t *lock;
	pte_t *ptep;
	unsigned long pfn;
	bool writable;
};

/**
 * follow_pfnmap_start - look at the host's entry for an address; mmap_lock held
 * @args: vma and address in; the frame and whether it may be written out
 *
 * Return: 0, and the entry stays as it is until follow_pfnmap_end(), or -EINVAL.
 */
static inline int follow_pfnmap_start(struct follow_pfnmap_args *args)
{
	if (!(args->vma->vm_flags & (VM_IO | VM_PFNMAP)) ||
	    follow_pte(args->vma->vm_mm, args->address, &args->ptep, &args->lock))
		return -EINVAL;
	args->pfn = pte_pfn(*args->ptep);
	args->writable = pte_write(*args->ptep);
	return 0;
}

/** follow_pfnmap_end - after follow_pfnmap_start() has returned 0 */
static inline void follow_pfnmap_end(struct follow_pfnmap_args *args)
{
	pte_unmap_unlock(args->ptep, args->lock);
}
#endif

/* ------------------------------------------------------------------------ */
/* Suspend: the stable 6.12 has taken over what 6.19 calls them. */

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 115)
struct syscore {
	struct syscore_ops *ops;
};

#define SYSCORE_DATA	void
#define register_syscore(s)	register_syscore_ops((s)->ops)
#define unregister_syscore(s)	unregister_syscore_ops((s)->ops)
#else
#define SYSCORE_DATA	void *unused
#endif

/* ------------------------------------------------------------------------ */
/* CPUs that come and go. */

/**
 * cpuhp_virt_setup - have virtualization turned on and off with a CPU
 * @state: for cpuhp_virt_remove()
 * @on: on a CPU that comes; may refuse it
 * @off: on one that goes, when no task can run there any more
 *
 * In 6.1 no state is both: there @off is where interrupts are off.
 *
 * Return: 0 or an error.
 */
static inline int cpuhp_virt_setup(enum cpuhp_state *state, int (*on)(unsigned int),
				   int (*off)(unsigned int))
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	*state = CPUHP_AP_KVM_ONLINE;
	return cpuhp_setup_state_nocalls(*state, "kvm", on, off);
#else
	int err;

	err = cpuhp_setup_state_nocalls(CPUHP_AP_KVM_STARTING, "kvm:off", NULL, off);
	if (err)
		return err;
	err = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "kvm:on", on, NULL);
	if (err < 0) {
		cpuhp_remove_state_nocalls(CPUHP_AP_KVM_STARTING);
		return err;
	}
	*state = err;
	return 0;
#endif
}

/** cpuhp_virt_remove - undo cpuhp_virt_setup() */
static inline void cpuhp_virt_remove(enum cpuhp_state state)
{
	cpuhp_remove_state_nocalls(state);
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
	cpuhp_remove_state_nocalls(CPUHP_AP_KVM_STARTING);
#endif
}

#endif
