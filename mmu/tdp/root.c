// SPDX-License-Identifier: GPL-2.0-only
#include <linux/slab.h>

#include "mmu/tdp/root.h"
#include "mmu/tdp/tree.h"

void root_put(struct mmu *mmu, struct mmu_root *root)
{
	struct pt_count count = { };

	if (!refcount_dec_and_test(&root->refs))
		return;
	write_lock(&mmu->lock);
	list_del(&root->link);
	write_unlock(&mmu->lock);
	/*
	 * Without locks and at once: nobody finds the root any more, no walk is in it,
	 * and each vCPU that left it flushes before it enters the guest again.
	 */
	pt_free(mmu->config, root->table, mmu->config->levels, &count);
	pt_count_publish(&count, mmu);
	kfree(root);
}

struct mmu_root *root_next(struct mmu *mmu, struct mmu_root *prev, int as_id)
{
	struct mmu_root *root, *found = NULL;

	read_lock(&mmu->lock);
	root = prev ? prev : list_entry(&mmu->roots, struct mmu_root, link);
	list_for_each_entry_continue(root, &mmu->roots, link)
		/* One whose last reference was dropped is about to leave the list. */
		if ((as_id < 0 || root->as_id == as_id) &&
		    refcount_inc_not_zero(&root->refs)) {
			found = root;
			break;
		}
	read_unlock(&mmu->lock);
	if (prev)
		root_put(mmu, prev);
	return found;
}

/* The valid root of an address space, with a reference.  Lock held. */
static struct mmu_root *root_find(struct mmu *mmu, u16 as_id)
{
	struct mmu_root *root;

	list_for_each_entry(root, &mmu->roots, link)
		if (root->as_id == as_id && !root->obsolete &&
		    refcount_inc_not_zero(&root->refs))
			return root;
	return NULL;
}

static struct mmu_root *tdp_root_alloc(u16 as_id)
{
	struct mmu_root *root = kzalloc(sizeof(*root), GFP_KERNEL_ACCOUNT);

	if (!root)
		return NULL;
	root->table = mmu_env_table_alloc(true);
	if (!root->table) {
		kfree(root);
		return NULL;
	}
	root->as_id = as_id;
	/* The VM's reference and the vCPU's. */
	refcount_set(&root->refs, 2);
	return root;
}

/* Publish a new root, unless another vCPU was faster. */
static struct mmu_root *root_make(struct mmu *mmu, u16 as_id)
{
	struct mmu_root *new = tdp_root_alloc(as_id), *root;

	if (!new)
		return NULL;
	write_lock(&mmu->lock);
	root = root_find(mmu, as_id);
	if (!root) {
		list_add_tail(&new->link, &mmu->roots);
		atomic_long_inc(&mmu->tables);
	}
	write_unlock(&mmu->lock);
	if (!root)
		return new;
	mmu_env_table_free(new->table);
	kfree(new);
	return root;
}

int tdp_root_load(struct mmu_vcpu *vcpu, hpa_t *pa)
{
	struct mmu *mmu = vcpu->mmu;
	struct mmu_root *root, *old = vcpu->root;

	read_lock(&mmu->lock);
	root = root_find(mmu, vcpu->as_id);
	read_unlock(&mmu->lock);
	if (!root)
		root = root_make(mmu, vcpu->as_id);
	if (!root)
		return -ENOMEM;
	vcpu->root = root;
	vcpu->near.region = NO_REGION;
	*pa = virt_to_phys(root->table);
	if (old)
		root_put(mmu, old);
	return 1;
}

void tdp_root_drop(struct mmu_vcpu *vcpu)
{
	if (vcpu->root)
		root_put(vcpu->mmu, vcpu->root);
	vcpu->root = NULL;
}

void tdp_zap_all(struct mmu *mmu)
{
	struct mmu_root *root, *gone = NULL;

	write_lock(&mmu->lock);
	list_for_each_entry(root, &mmu->roots, link) {
		if (root->obsolete)
			continue;
		WRITE_ONCE(root->obsolete, true);
		root->gone = gone;
		gone = root;
	}
	write_unlock(&mmu->lock);
	/* Drop the VM's references. */
	while ((root = gone)) {
		gone = root->gone;
		root_put(mmu, root);
	}
}
