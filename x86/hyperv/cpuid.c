// SPDX-License-Identifier: GPL-2.0-only
/* What is offered, what the guest's CPUID says of it; when there is any of it at all. */
#include <linux/cpu.h>
#include <linux/eventfd.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "core/vm.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/cpuid.h"
#include "x86/hyperv/hv.h"
#include "x86/hyperv/syndbg.h"
#include "x86/hyperv/xen.h"

/* Leaf 0x40000001, EAX: the guest's side of the interface is Hyper-V's (TLFS 2.4). */
#define HV_INTERFACE	0x31237648	/* "Hv#1" */

/* ------------------------------------------------------------------------ */
/* Life. */

/* A second vCPU may do the same meanwhile: who comes late takes the other's. */
struct hv_vm *hv_vm_make(struct x86_vm *vm)
{
	struct hv_vm *new, *old = smp_load_acquire(&vm->hv);

	if (old)
		return old;
	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return NULL;
	mutex_init(&new->lock);
	seqcount_mutex_init(&new->clock_seq, &new->lock);
	xa_init_flags(&new->conns, XA_FLAGS_ACCOUNT);
	old = cmpxchg(&vm->hv, NULL, new);
	if (!old)
		return new;
	kfree(new);
	return old;
}

int hv_make(struct x86_vcpu *v)
{
	struct hv_vcpu *hv;

	if (v->hv)
		return 0;
	hv = kzalloc(sizeof(*hv), GFP_KERNEL_ACCOUNT);
	if (!hv)
		return -ENOMEM;
	hv->v = v;
	hv->vm = hv_vm_make(to_x86_vm(v->vcpu.kvm));
	if (!hv->vm) {
		kfree(hv);
		return -ENOMEM;
	}
	hv->vp_index = v->vcpu.idx;
	hv_synic_init(&hv->synic);
	hv_stimers_init(hv);
	/* Others look at VP_INDEX and SINTs. */
	smp_store_release(&v->hv, hv);
	/* A table that was set before says what it said. */
	hv_cpuid_update(v);
	return 0;
}

void vcpu_step_hv_down(void *obj)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);

	if (!v->hv)
		return;
	hv_stimers_stop(v->hv);
	kfree(v->hv);
}

void vm_step_hv_down(void *obj)
{
	struct hv_vm *vm = to_x86_vm(obj)->hv;
	struct eventfd_ctx *conn;
	unsigned long id;

	if (!vm)
		return;
	xa_for_each(&vm->conns, id, conn)
		eventfd_ctx_put(conn);
	xa_destroy(&vm->conns);
	xen_vm_free(vm);
	kfree(vm);
}

/* ------------------------------------------------------------------------ */
/* The guest's table. */

int hv_cpuid_prepare(struct x86_vcpu *v, const struct kvm_cpuid_entry2 *e, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (e[i].function == HYPERV_CPUID_INTERFACE && e[i].eax == HV_INTERFACE)
			return hv_make(v);
	return 0;
}

static u32 leaf_reg(const struct x86_vcpu *v, u32 function, unsigned int reg)
{
	const struct kvm_cpuid_entry2 *e = cpuid_find(v, function, 0);

	return e ? (&e->eax)[reg] : 0;
}

void hv_cpuid_update(struct x86_vcpu *v)
{
	struct hv_vcpu *hv = v->hv;
	bool enforced = hv->rights.enforced;

	hv->on = leaf_reg(v, HYPERV_CPUID_INTERFACE, CPUID_EAX) == HV_INTERFACE;
	hv->rights = (struct hv_rights){
		.a = leaf_reg(v, HYPERV_CPUID_FEATURES, CPUID_EAX),
		.b = leaf_reg(v, HYPERV_CPUID_FEATURES, CPUID_EBX),
		.d = leaf_reg(v, HYPERV_CPUID_FEATURES, CPUID_EDX),
		.advice = leaf_reg(v, HYPERV_CPUID_ENLIGHTMENT_INFO, CPUID_EAX),
		.spins = leaf_reg(v, HYPERV_CPUID_ENLIGHTMENT_INFO, CPUID_EBX),
		.nested = leaf_reg(v, HYPERV_CPUID_NESTED_FEATURES, CPUID_EAX),
		.debug = leaf_reg(v, HV_CPUID_SYNDBG_CAPS, CPUID_EAX),
		.enforced = enforced,
	};
}

long hv_enable_cap(struct x86_vcpu *v, const struct kvm_enable_cap *cap)
{
	bool synic = cap->cap != KVM_CAP_HYPERV_ENFORCE_CPUID;

	/* Its interrupts go through the LAPIC. */
	if (synic && (!apic_in_kernel(v) || cap->args[0]))
		return -EINVAL;
	if (hv_make(v))
		return -ENOMEM;
	if (synic) {
		WRITE_ONCE(v->hv->synic.active, true);
		v->hv->synic.keeps_pages = cap->cap == KVM_CAP_HYPERV_SYNIC2;
	} else {
		v->hv->rights.enforced = cap->args[0];
	}
	return 0;
}

/* ------------------------------------------------------------------------ */
/* The offer: KVM_GET_SUPPORTED_HV_CPUID (api.rst 4.118). */

#define FEATURES_A							\
	(HV_MSR_VP_RUNTIME_AVAILABLE | HV_MSR_TIME_REF_COUNT_AVAILABLE | \
	 HV_MSR_SYNIC_AVAILABLE | HV_MSR_SYNTIMER_AVAILABLE |		\
	 HV_MSR_APIC_ACCESS_AVAILABLE | HV_MSR_HYPERCALL_AVAILABLE |	\
	 HV_MSR_VP_INDEX_AVAILABLE | HV_MSR_RESET_AVAILABLE |		\
	 HV_MSR_REFERENCE_TSC_AVAILABLE | HV_ACCESS_FREQUENCY_MSRS |	\
	 HV_ACCESS_REENLIGHTENMENT)

#define FEATURES_B							\
	(HV_POST_MESSAGES | HV_SIGNAL_EVENTS | HV_DEBUGGING |		\
	 HV_ENABLE_EXTENDED_HYPERCALLS)

#define FEATURES_D							\
	(HV_X64_HYPERCALL_XMM_INPUT_AVAILABLE |				\
	 HV_FEATURE_FREQUENCY_MSRS_AVAILABLE |				\
	 HV_FEATURE_GUEST_CRASH_MSR_AVAILABLE |				\
	 HV_FEATURE_DEBUG_MSRS_AVAILABLE | HV_STIMER_DIRECT_MODE_AVAILABLE)

/* Not auto-EOI: hardware that accelerates LAPICs cannot do it. */
#define ADVICE								\
	(HV_X64_REMOTE_TLB_FLUSH_RECOMMENDED | HV_X64_APIC_ACCESS_RECOMMENDED | \
	 HV_X64_RELAXED_TIMING_RECOMMENDED | HV_X64_CLUSTER_IPI_RECOMMENDED | \
	 HV_X64_EX_PROCESSOR_MASKS_RECOMMENDED | HV_DEPRECATING_AEOI_RECOMMENDED)

/* A name of KVM's, which VMMs replace; a version of Hyper-V's as Windows 10 knows it. */
#define NAME_B		0x756e694c	/* "Linu" */
#define NAME_C		0x564b2078	/* "x KV" */
#define NAME_D		0x7648204d	/* "M Hv" */
#define BUILD		14393
#define VERSION		(10 << 16)
#define DEBUGGER_IS_VS	0x31235356	/* "VS#1" */

static const struct kvm_cpuid_entry2 offer[] = {
	{ HYPERV_CPUID_VENDOR_AND_MAX_FUNCTIONS, .eax = HV_CPUID_SYNDBG_CAPS,
	  .ebx = NAME_B, .ecx = NAME_C, .edx = NAME_D },
	{ HYPERV_CPUID_INTERFACE, .eax = HV_INTERFACE },
	{ HYPERV_CPUID_VERSION, .eax = BUILD, .ebx = VERSION },
	{ HYPERV_CPUID_FEATURES, .eax = FEATURES_A, .ebx = FEATURES_B, .edx = FEATURES_D },
	/* Spinning is never told: PAUSE exits tell. */
	{ HYPERV_CPUID_ENLIGHTMENT_INFO, .eax = ADVICE, .ebx = U32_MAX },
	{ HYPERV_CPUID_IMPLEMENT_LIMITS, .eax = VCPUS_MAX, .ebx = 64 },
	{ HYPERV_CPUID_NESTED_FEATURES, .eax = HV_X64_NESTED_MSR_BITMAP },
	{ HV_CPUID_SYNDBG_VENDOR, .eax = HV_CPUID_SYNDBG_CAPS,
	  .ebx = NAME_B, .ecx = NAME_C, .edx = NAME_D },
	{ HV_CPUID_SYNDBG_INTERFACE, .eax = DEBUGGER_IS_VS },
	{ HV_CPUID_SYNDBG_CAPS, .eax = HV_SYNDBG_ALLOWED },
};

/*
 * Two vCPUs never share a core unless the guest is told so: there are no such cores.  A
 * guest asks for direct flushes in a VMCB; in VMX's place for it would be an enlightened VMCS.
 */
static void host_add(struct kvm_cpuid_entry2 *e)
{
	if (e->function == HYPERV_CPUID_ENLIGHTMENT_INFO && !cpu_smt_possible())
		e->eax |= HV_X64_NO_NONARCH_CORESHARING;
	if (e->function == HYPERV_CPUID_NESTED_FEATURES && x86_caps->svm_revision)
		e->eax |= HV_X64_NESTED_DIRECT_FLUSH;
}

long hv_ioctl_supported(void *unused, void *data, unsigned long arg)
{
	struct kvm_cpuid2 __user *user = (void __user *)arg;
	struct kvm_cpuid_entry2 e;
	u32 room, i;

	if (get_user(room, &user->nent))
		return -EFAULT;
	if (room < ARRAY_SIZE(offer))
		return -E2BIG;
	for (i = 0; i < ARRAY_SIZE(offer); i++) {
		e = offer[i];
		host_add(&e);
		if (copy_to_user(&user->entries[i], &e, sizeof(e)))
			return -EFAULT;
	}
	return put_user((u32)ARRAY_SIZE(offer), &user->nent) ? -EFAULT : 0;
}
