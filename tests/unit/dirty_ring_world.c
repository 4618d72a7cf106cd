// SPDX-License-Identifier: GPL-2.0-only
/* The MMU and the vCPUs of dirty_ring_test. */
#include "tests/unit/dirty_ring_world.h"

#include "core/notifier.h"

#define USER		0x10000000ull

struct kvm kvm;
struct kvm_vcpu vcpu[VCPUS];
struct kvm_run run[VCPUS];
struct frame frame[AS_COUNT][FRAMES];
void (*in_reset)(void);
bool exact;

static bool open;	/* between mmu_wrprot_begin() and _end() */

gfn_t mmu_max_gfn(void) { return ~0ull >> PAGE_SHIFT; }
void mmu_invalidate_begin(struct mmu *mmu, gfn_t start, gfn_t end) { }
void arch_frames_change(struct kvm *kvm, u64 start, u64 end) { }
void mmu_invalidate_end(struct mmu *mmu) { }
void mmu_page_limit_default(struct mmu *mmu, u64 npages) { }
void mmu_slots_changed(struct mmu *mmu) { }
bool arch_slot_is_refused(struct kvm *kvm, const struct slot *slot) { return false; }
void mmu_recover_slot(struct mmu *mmu, const struct mmu_slot *slot) { }
void notifier_wait(struct kvm *vm) { }
bool mmu_logs_late(void) { return false; }

bool request_all(struct kvm *vm, unsigned int req)
{
	fail();
	return false;
}

void mmu_zap(struct mmu *mmu, int as_id, gfn_t start, gfn_t end, bool yield)
{
	for (; start < end; start++)
		frame[as_id][start].writable = frame[as_id][start].cached = false;
}

void mmu_wrprot_slot(struct mmu *mmu, const struct mmu_slot *slot)
{
	mmu_zap(mmu, slot->as_id, slot->base_gfn, slot->base_gfn + slot->npages, true);
}

void mmu_wrprot_bitmap(struct mmu *mmu, const struct mmu_slot *slot, u64 first,
		       const unsigned long *bitmap, u64 nbits)
{
	u64 i;

	for (i = 0; i < nbits; i++)
		if (test_bit(i, bitmap))
			mmu_zap(mmu, slot->as_id, slot->base_gfn + first + i,
				slot->base_gfn + first + i + 1, true);
}

void mmu_wrprot_begin(struct mmu *mmu)
{
	assert_false(open);
	open = true;
}

void mmu_wrprot_part(struct mmu *mmu, const struct mmu_slot *slot, u64 first,
		     const unsigned long *bitmap, u64 nbits)
{
	u64 i, gfn = slot->base_gfn + first;

	assert_true(open && first % 64 == 0 && nbits &&
		    first + nbits <= slot->npages);
	assert_true(lockdep_is_held(&kvm.slots_lock));
	for (i = 0; i < nbits; i++)
		if (test_bit(i, bitmap)) {
			frame[slot->as_id][gfn + i].writable = false;
			assert_true(!exact || frame[slot->as_id][gfn + i].named);
		}
	if (in_reset)
		in_reset();
}

void mmu_wrprot_end(struct mmu *mmu)
{
	int as_id, i;

	assert_true(open);
	open = false;
	for (as_id = 0; as_id < AS_COUNT; as_id++)
		for (i = 0; i < FRAMES; i++)
			frame[as_id][i].cached = frame[as_id][i].writable;
}

/* ------------------------------------------------------------------------ */

int slot_put(u32 id, u32 flags, u64 gfn, u64 npages)
{
	struct kvm_userspace_memory_region r = { id, flags, gfn * PG, npages * PG, USER };

	return slot_set(&kvm, &r);
}

void vm_up(void)
{
	memset(&kvm, 0, sizeof(kvm));
	memset(vcpu, 0, sizeof(vcpu));
	memset(frame, 0, sizeof(frame));
	in_reset = NULL;
	shim_live = 0;
	mutex_init(&kvm.lock);
	mutex_init(&kvm.slots_lock);
	xa_init_flags(&kvm.vcpus, XA_FLAGS_ACCOUNT);
	assert_int_equal(vm_step_slots_up(&kvm), 0);
}

void vcpus_up(void)
{
	int i;

	for (i = 0; i < VCPUS; i++) {
		vcpu[i].kvm = &kvm;
		vcpu[i].id = vcpu[i].idx = i;
		vcpu[i].run = &run[i];
		assert_int_equal(vcpu_map_reserve(&vcpu[i]), 0);
		assert_int_equal(vcpu_step_ring_up(&vcpu[i]), 0);
		vcpu_map_publish(&vcpu[i]);
	}
}

void vm_down(void)
{
	int i;

	for (i = 0; i < VCPUS && vcpu[i].kvm; i++) {
		vcpu_step_ring_down(&vcpu[i]);
		vcpu_map_drop(&vcpu[i]);
	}
	vm_step_slots_down(&kvm);
	xa_destroy(&kvm.vcpus);
	assert_int_equal(shim_live, 0);
}

void ring_up(bool bitmap)
{
	vm_up();
	assert_int_equal(dirty_ring_enable(&kvm, RING), 0);
	if (bitmap)
		assert_int_equal(dirty_ring_enable_bitmap(&kvm), 0);
	vcpus_up();
}

struct slot *slot_of(int as_id, gfn_t gfn)
{
	struct slots *set = slots_get(&kvm, as_id);
	unsigned int i = slot_index(set, gfn);

	return i < set->n ? set->slot[i] : NULL;
}

/* By an instruction of the guest, or by emulation: then it is pushed in any case. */
void write_frame(int i, int as_id, gfn_t gfn, bool emulated)
{
	struct slot *slot = slot_of(as_id, gfn);
	struct frame *f = &frame[as_id][gfn];

	if (!slot)
		return;
	f->version++;
	if (!emulated && f->cached)
		return;
	if (!emulated)
		f->writable = f->cached = true;
	if (slot->flags & LOG)
		dirty_mark(&vcpu[i], slot, gfn);
}
