// SPDX-License-Identifier: GPL-2.0-only
/* The page table of guests without paging: identity.h. */
#include <linux/gfp.h>
#include <linux/mm.h>

#include "x86/run/identity.h"

/* Present, writable, for all levels; accessed, dirty; 4 MiB. */
#define PDE_FLAGS	0xe7u
#define PDE_SHIFT	22

int vm_step_identity_up(void *obj)
{
	struct x86_vm *vm = to_x86_vm(obj);

	if (x86_caps->identity)
		vm->identity->gpa = IDENTITY_DEFAULT;
	return 0;
}

void vm_step_identity_down(void *obj)
{
	struct x86_vm *vm = to_x86_vm(obj);

	if (x86_caps->identity && vm->identity->page)
		__free_page(vm->identity->page);
}

/* Must come before the first vCPU; 0 is the usual address (api.rst 4.40). */
long vm_ioctl_identity_map(void *obj, void *data, unsigned long arg)
{
	const u64 *gpa = data;
	struct kvm *kvm = obj;
	int err = 0;

	mutex_lock(&kvm->lock);
	if (kvm->nr_vcpus || *gpa >> 32)
		err = -EINVAL;
	else if (x86_caps->identity)
		to_x86_vm(kvm)->identity->gpa = *gpa ? *gpa & PAGE_MASK :
						       IDENTITY_DEFAULT;
	mutex_unlock(&kvm->lock);
	return err;
}

/* The vCPU that comes first makes it. */
static struct page *identity_page(struct x86_identity *id)
{
	struct page *page = READ_ONCE(id->page), *other;
	u32 *table;
	u32 i;

	if (page)
		return page;
	page = alloc_page(GFP_KERNEL_ACCOUNT);
	if (!page)
		return NULL;
	table = page_address(page);
	for (i = 0; i < PAGE_SIZE / sizeof(*table); i++)
		table[i] = i << PDE_SHIFT | PDE_FLAGS;
	other = cmpxchg(&id->page, NULL, page);
	if (!other)
		return page;
	__free_page(page);
	return other;
}

enum x86_next identity_exit(struct x86_vcpu *v)
{
	struct x86_identity *id = to_x86_vm(v->vcpu.kvm)->identity;
	struct page *page = identity_page(id);

	if (!page || !mmu_map_own(&v->vcpu.mmu, id->gpa >> PAGE_SHIFT,
				  page_to_pfn(page)))
		return exit_fail(v, -ENOMEM);
	stat_inc(v->vcpu.stats.pf_fixed);
	return X86_RESUME;
}
