// SPDX-License-Identifier: GPL-2.0-only
/*
 * core/dirty_ring.c: errors; what a full ring does; userspace that writes nonsense; and
 * random programs of two vCPUs that write, a userspace that harvests, resets and copies,
 * and slots that come and go.  Copies have to be what guest memory is wherever no
 * entry is left that says otherwise; leaves are writable only where an entry stands.
 */
#include "tests/unit/dirty_ring_world.h"

#define STEPS		60000

static u64 slot_npages;
static u32 harvest[VCPUS];	/* userspace's place in each ring */
static u32 waiting[VCPUS];	/* harvested, not reset */

static u32 pick(u32 n)
{
	return shim_random() % n;
}

/* ------------------------------------------------------------------------ */

static void errors(void **state)
{
	struct vm_area_struct vma = { 0, (KVM_DIRTY_LOG_PAGE_OFFSET + 1) * PG, 0, 0 };
	struct kvm_dirty_log log = { };

	vm_up();
	assert_int_equal(dirty_ring_reset(&kvm), -EINVAL);
	assert_int_equal(dirty_ring_enable_bitmap(&kvm), -EINVAL);
	assert_int_equal(dirty_ring_enable(&kvm, 0), -EINVAL);
	assert_int_equal(dirty_ring_enable(&kvm, 2048), -EINVAL);
	assert_int_equal(dirty_ring_enable(&kvm, 4096 + 16), -EINVAL);
	assert_int_equal(dirty_ring_enable(&kvm, 4096 * 3), -EINVAL);
	assert_int_equal(dirty_ring_enable(&kvm, 2 * DIRTY_RING_BYTES_MAX), -E2BIG);
	assert_int_equal(dirty_ring_enable(&kvm, 1ull << 63), -E2BIG);
	assert_int_equal(slot_put(0, 0, 0, 16), 0);
	assert_int_equal(dirty_ring_enable(&kvm, DIRTY_RING_BYTES_MAX), 0);
	assert_int_equal(dirty_ring_enable(&kvm, DIRTY_RING_BYTES_MAX), -EINVAL);
	assert_int_equal(dirty_ring_enable_bitmap(&kvm), -EINVAL);
	assert_int_equal(slot_put(0, LOG, 0, 16), 0);
	assert_null(slot_of(0, 0)->dirty);
	assert_int_equal(dirty_get(&kvm, &log), -ENXIO);
	assert_int_equal(dirty_clear(&kvm, &(struct kvm_clear_dirty_log){ }), -ENXIO);
	assert_int_equal(slot_put(0, 0, 0, 0), 0);
	assert_int_equal(dirty_ring_enable_bitmap(&kvm), 0);
	assert_int_equal(slot_put(0, LOG, 0, 16), 0);
	assert_non_null(slot_of(0, 0)->dirty);
	assert_int_equal(dirty_ring_reset(&kvm), 0);
	vm_down();

	/* too late */
	vm_up();
	vcpus_up();
	assert_null(vcpu[0].ring);
	assert_int_equal(dirty_ring_enable(&kvm, RING), -EINVAL);
	/* nor is there anything that may not be mapped */
	assert_int_equal(dirty_ring_mmap(&vcpu[0], &vma), 0);
	vm_down();
}

static void memory(void **state)
{
	struct kvm_vcpu v = { .kvm = &kvm };
	int n;

	vm_up();
	assert_int_equal(dirty_ring_enable(&kvm, RING), 0);
	for (n = 1; n <= 2; n++) {
		shim_fail_at = shim_allocs + n;
		assert_int_equal(vcpu_step_ring_up(&v), -ENOMEM);
		assert_int_equal(shim_live, 0);
	}
	shim_fail_at = 0;
	vm_down();
}

/* Its pages are where api.rst says, and nothing else is. */
static void mapping(void **state)
{
	struct vm_area_struct vma = { 0, RING, KVM_DIRTY_LOG_PAGE_OFFSET, VM_SHARED };
	int i;

	vm_up();
	assert_int_equal(dirty_ring_enable(&kvm, 4 * RING), 0);
	vcpus_up();
	assert_null(dirty_ring_page(&vcpu[0], KVM_DIRTY_LOG_PAGE_OFFSET - 1));
	for (i = 0; i < 4; i++)
		assert_ptr_equal(dirty_ring_page(&vcpu[0], KVM_DIRTY_LOG_PAGE_OFFSET + i),
				 (char *)vcpu[0].ring->entry + i * PG);
	assert_null(dirty_ring_page(&vcpu[0], KVM_DIRTY_LOG_PAGE_OFFSET + 4));
	assert_null(dirty_ring_page(&vcpu[0], ~0ul));
	assert_int_equal(dirty_ring_mmap(&vcpu[0], &vma), 0);
	vma.vm_flags = 0;
	assert_int_equal(dirty_ring_mmap(&vcpu[0], &vma), -EINVAL);
	vma.vm_flags = VM_SHARED | VM_EXEC;
	assert_int_equal(dirty_ring_mmap(&vcpu[0], &vma), -EINVAL);
	/* the ring's last page; the page before the ring, and with the ring; behind it */
	vma.vm_pgoff += 3;
	assert_int_equal(dirty_ring_mmap(&vcpu[0], &vma), -EINVAL);
	vma.vm_pgoff = KVM_DIRTY_LOG_PAGE_OFFSET - 1;
	assert_int_equal(dirty_ring_mmap(&vcpu[0], &vma), 0);
	vma.vm_end += PG;
	assert_int_equal(dirty_ring_mmap(&vcpu[0], &vma), -EINVAL);
	vma.vm_pgoff = KVM_DIRTY_LOG_PAGE_OFFSET + 4;
	assert_int_equal(dirty_ring_mmap(&vcpu[0], &vma), 0);
	vm_down();
}

static bool full_is_asked(void)
{
	return request_take(&vcpu[0], REQ_DIRTY_RING);
}

/* 192 entries; 64 more; then the bitmap. */
static void full(bool bitmap)
{
	struct kvm_dirty_gfn *e;
	struct slot *slot;
	int i;

	ring_up(bitmap);
	assert_int_equal(slot_put(0x10003, LOG, 100, 1000), 0);
	slot = slot_of(1, 100);
	for (i = 0; i < ENTRIES; i++) {
		assert_int_equal(full_is_asked(), i >= ENTRIES - 64);
		if (i)
			assert_int_equal(dirty_ring_exit(&vcpu[0]), i >= ENTRIES - 64);
		dirty_mark(&vcpu[0], slot, 100 + 2 * i);
		/* again: the entry stands already */
		dirty_mark(&vcpu[0], slot, 100 + 2 * i);
		e = &vcpu[0].ring->entry[i];
		assert_int_equal(e->flags, KVM_DIRTY_GFN_F_DIRTY);
		assert_int_equal(e->slot, 0x10003);
		assert_int_equal(e->offset, 2 * i);
		if (i < ENTRIES - 1)
			assert_int_equal(e[1].flags, 0);
	}
	assert_int_equal(run[0].exit_reason, KVM_EXIT_DIRTY_RING_FULL);
	assert_int_equal(vcpu[1].requests, 0);
	assert_true(full_is_asked());
	assert_true(dirty_ring_exit(&vcpu[0]));
	assert_true(full_is_asked());
	dirty_mark(&vcpu[0], slot, 900);
	assert_int_equal(vcpu[0].ring->entry[0].offset, 0);
	if (bitmap)
		assert_true(test_bit(800, slot->dirty));
	assert_int_equal(dirty_ring_reset(&kvm), 0);
	/* One is harvested out of turn, the first one is not. */
	vcpu[0].ring->entry[1].flags = KVM_DIRTY_GFN_F_RESET;
	assert_int_equal(dirty_ring_reset(&kvm), 0);
	/* Bit 0 counts for nothing then. */
	vcpu[0].ring->entry[0].flags = KVM_DIRTY_GFN_F_MASK;
	assert_int_equal(dirty_ring_reset(&kvm), 2);
	assert_int_equal(vcpu[0].ring->entry[0].flags, 0);
	assert_int_equal(vcpu[0].ring->entry[2].flags, KVM_DIRTY_GFN_F_DIRTY);
	assert_true(dirty_ring_exit(&vcpu[0]));
	for (i = 2; i < 66; i++)
		vcpu[0].ring->entry[i].flags = KVM_DIRTY_GFN_F_RESET;
	assert_int_equal(dirty_ring_reset(&kvm), 64);
	assert_false(dirty_ring_exit(&vcpu[0]));
	vm_down();
}

static void full_with_bitmap(void **state)
{
	full(true);
}

static void full_alone(void **state)
{
	full(false);
}

/* The last entry again, once it is harvested: a new one. */
static void repeated(void **state)
{
	struct slot *slot;

	ring_up(false);
	assert_int_equal(slot_put(0, LOG, 0, 10), 0);
	slot = slot_of(0, 0);
	/* nothing was pushed */
	vcpu[0].ring->entry[0].flags = KVM_DIRTY_GFN_F_RESET;
	assert_int_equal(dirty_ring_reset(&kvm), 0);
	dirty_mark(&vcpu[0], slot, 5);
	dirty_mark(&vcpu[0], slot, 5);
	dirty_mark(&vcpu[1], slot, 5);
	assert_int_equal(vcpu[0].ring->pushed, 1);
	assert_int_equal(vcpu[1].ring->pushed, 1);
	vcpu[0].ring->entry[0].flags = KVM_DIRTY_GFN_F_RESET;
	dirty_mark(&vcpu[0], slot, 5);
	assert_int_equal(vcpu[0].ring->pushed, 2);
	assert_int_equal(dirty_ring_reset(&kvm), 1);
	dirty_mark(&vcpu[0], slot, 5);
	assert_int_equal(vcpu[0].ring->pushed, 2);
	vm_down();
}

/* ------------------------------------------------------------------------ */
/* Random programs. */

static void user_harvest(int i, int n)
{
	struct kvm_dirty_gfn *e;

	for (; n; n--) {
		e = &vcpu[i].ring->entry[harvest[i] % ENTRIES];
		if (e->flags != KVM_DIRTY_GFN_F_DIRTY)
			return;
		e->flags = KVM_DIRTY_GFN_F_RESET;
		harvest[i]++;
		waiting[i]++;
	}
}

/* What userspace would copy: it has noted the entries before it resets. */
static struct { u32 slot; u64 offset; } noted[VCPUS * ENTRIES];

static u32 user_note(void)
{
	struct kvm_dirty_gfn *e;
	u32 n = 0, k;
	int i;

	for (i = 0; i < VCPUS; i++)
		for (k = 0; k < waiting[i]; k++) {
			e = &vcpu[i].ring->entry[(harvest[i] - waiting[i] + k) % ENTRIES];
			noted[n].slot = e->slot;
			noted[n++].offset = e->offset;
		}
	return n;
}

/* A vCPU that has to tell userspace of its full ring does not run. */
static void others_write(void)
{
	u32 n = pick(4), i;

	while (n--) {
		i = pick(VCPUS);
		if (!vcpu[i].requests)
			write_frame(i, pick(AS_COUNT), pick(FRAMES), !pick(4));
	}
}

static struct frame *noted_frame(u32 i)
{
	const struct slot *slot = slot_by_id(slots_get(&kvm, noted[i].slot >> 16),
					     noted[i].slot);

	if (!slot || noted[i].offset >= slot->mmu.npages)
		return NULL;
	return &frame[slot->mmu.as_id][slot->mmu.base_gfn + noted[i].offset];
}

static void user_reset(void)
{
	u32 n = user_note(), i;
	struct frame *f;

	for (i = 0; i < n; i++)
		if ((f = noted_frame(i)))
			f->named = true;
	memset(waiting, 0, sizeof(waiting));
	in_reset = others_write;
	exact = true;
	assert_int_equal(dirty_ring_reset(&kvm), n);
	in_reset = NULL;
	exact = false;
	for (i = 0; i < n; i++) {
		f = noted_frame(i);
		if (!f)
			continue;
		f->named = false;
		f->copied = f->version;
	}
}

static void entry_count(const struct kvm_dirty_gfn *e)
{
	const struct slot *slot = slot_by_id(slots_get(&kvm, e->slot >> 16), e->slot);

	assert_true(e->flags);
	if (slot && e->offset < slot->mmu.npages)
		frame[e->slot >> 16][slot->mmu.base_gfn + e->offset].entries++;
}

static void frame_check(int as_id, gfn_t gfn)
{
	const struct slot *slot = slot_of(as_id, gfn);
	const struct frame *f = &frame[as_id][gfn];

	if (!slot || !(slot->flags & LOG) || f->entries)
		return;
	assert_false(f->writable || f->cached);
	if (!slot->dirty || !test_bit(gfn - slot->mmu.base_gfn, slot->dirty))
		assert_int_equal(f->version, f->copied);
}

/* Entries that were not reset, by frame; all that was written later has one. */
static void check_all(void)
{
	int as_id, i;
	u32 k;

	for (i = 0; i < AS_COUNT * FRAMES; i++)
		frame[i / FRAMES][i % FRAMES].entries = 0;
	for (i = 0; i < VCPUS; i++)
		for (k = vcpu[i].ring->reset; k != vcpu[i].ring->pushed; k++)
			entry_count(&vcpu[i].ring->entry[k % ENTRIES]);
	for (as_id = 0; as_id < AS_COUNT; as_id++)
		for (i = 0; i < FRAMES; i++)
			frame_check(as_id, i);
}

/* Turned off and on, or deleted and made anew: userspace begins with a full copy. */
static void slot_play(void)
{
	int as_id = pick(AS_COUNT), id = pick(3), i;
	u64 base = id * 3000, n = slot_npages;
	u32 flags = pick(4) ? LOG : 0;

	if (!pick(3))
		assert_in_range(-slot_put(as_id << 16 | id, 0, 0, 0), 0, EINVAL);
	if (slot_put(as_id << 16 | id, flags, base, n))
		return;
	for (i = base; i < (int)(base + n); i++)
		frame[as_id][i].copied = frame[as_id][i].version;
}

/* As a VMM: an exit for a full ring is answered by a harvest. */
static void random_program(bool bitmap, u64 npages)
{
	u32 step, left;
	int i;

	ring_up(bitmap);
	memset(harvest, 0, sizeof(harvest));
	memset(waiting, 0, sizeof(waiting));
	slot_npages = npages;
	for (i = 0; i < 2 * 3; i++)
		assert_int_equal(slot_put((i & 1) << 16 | i / 2, LOG, i / 2 * 3000, npages), 0);
	for (step = 0; step < STEPS; step++) {
		i = pick(VCPUS);
		for (left = pick(30); left; left--)
			write_frame(i, pick(AS_COUNT),
				    pick(3) * 3000 + pick(pick(4) ? 50 : npages), !pick(4));
		while (request_take(&vcpu[i], REQ_DIRTY_RING) && dirty_ring_exit(&vcpu[i])) {
			user_harvest(i, ENTRIES);
			user_reset();
		}
		if (!pick(4))
			user_harvest(pick(VCPUS), pick(200));
		if (!pick(8))
			user_reset();
		if (!pick(400))
			slot_play();
		if (!pick(50))
			check_all();
	}
	for (i = 0; i < VCPUS; i++)
		user_harvest(i, ENTRIES);
	user_reset();
	check_all();
	vm_down();
}

static void random_alone(void **state)
{
	random_program(false, 3000);
}

/* A slot that ends within a word, with bitmaps for what rings have no room for. */
static void random_with_bitmap(void **state)
{
	random_program(true, 2999);
}

static void nonsense_write(void)
{
	struct kvm_dirty_gfn *e = &vcpu[pick(VCPUS)].ring->entry[pick(ENTRIES)];

	e->flags = pick(4) ? pick(4) : shim_random();
	if (pick(2))
		e->slot = pick(2) ? pick(4) | pick(3) << 16 : shim_random();
	if (pick(2))
		e->offset = pick(2) ? pick(4000) : (u64)shim_random() << pick(64);
}

/* Whatever userspace writes: sanitizers look, and nobody is stuck. */
static void nonsense(void **state)
{
	u32 step, used;
	int i;

	ring_up(true);
	for (i = 0; i < 2 * 3; i++)
		assert_int_equal(slot_put((i & 1) << 16 | i / 2, LOG, i / 2 * 3000, 2999), 0);
	for (step = 0; step < STEPS; step++) {
		write_frame(pick(VCPUS), pick(AS_COUNT), pick(FRAMES), true);
		for (i = pick(20); i; i--)
			nonsense_write();
		in_reset = nonsense_write;
		if (!pick(10))
			assert_in_range(dirty_ring_reset(&kvm), 0, VCPUS * ENTRIES);
		for (i = 0; i < VCPUS; i++) {
			used = vcpu[i].ring->pushed - vcpu[i].ring->reset;
			assert_in_range(used, 0, ENTRIES);
		}
	}
	vm_down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors),
		cmocka_unit_test(memory),
		cmocka_unit_test(mapping),
		cmocka_unit_test(full_with_bitmap),
		cmocka_unit_test(full_alone),
		cmocka_unit_test(repeated),
		cmocka_unit_test(random_alone),
		cmocka_unit_test(random_with_bitmap),
		cmocka_unit_test(nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
