// SPDX-License-Identifier: GPL-2.0-only
/* The fake MMU, the other vCPU, and what has to be true after every call. */
#include "slot_world.h"

#include "core/dirty.h"
#include "core/dirty_ring.h"
#include "core/notifier.h"
#include "core/run_state.h"

struct leaf {
	bool present, write;
	hva_t hva;
};

struct kvm world_kvm;
struct kvm_vcpu world_vcpu = { .kvm = &world_kvm };
struct model world_model[AS_COUNT][IDS];
bool world_busy;
unsigned int world_waits;
gfn_t world_own;

static struct leaf leaf[AS_COUNT][FRAMES];
static gfn_t max_gfn;
static u64 npages_told;
static unsigned int frames_told;	/* of the invalidations in progress */
static bool logs_told;	/* by a request: there are slots that log */

/* One reader that stays for a while; it ends before a wait does. */
static struct {
	bool in;
	struct slots *set[AS_COUNT];
	unsigned long seq;
} reader;

static struct slot *slot_find(const struct slots *set, gfn_t gfn)
{
	unsigned int i = slot_index(set, gfn);

	return i < set->n ? set->slot[i] : NULL;
}

/* ------------------------------------------------------------------------ */
/* The other vCPU. */

static void note_write(hva_t hva)
{
	struct model *m;
	int i;
	u64 off;

	for (i = 0; i < AS_COUNT * IDS; i++) {
		m = &world_model[i / IDS][i % IDS];
		off = (hva - m->hva) / MMU_PAGE_SIZE;
		if (!m->used || hva < m->hva || off >= m->n)
			continue;
		m->may[off] = true;
		if (world_busy)
			m->late[off] = true;
		else
			m->must[off] = true;
	}
}

static void vcpu_fault(const struct slots *set, unsigned long seq, int as_id,
		       gfn_t gfn, bool write)
{
	struct slot *slot = slot_find(set, gfn);
	struct leaf *l = &leaf[as_id][gfn];
	bool log;

	if (!slot || (write && (slot->mmu.flags & MMU_SLOT_READONLY)))
		return;
	if (world_kvm.mmu.inv.seq != seq ||
	    (world_kvm.mmu.inv.count && gfn >= world_kvm.mmu.inv.start &&
	     gfn < world_kvm.mmu.inv.end))
		return;
	log = slot->mmu.flags & MMU_SLOT_DIRTY_LOG;
	l->present = true;
	l->hva = slot->mmu.hva + (gfn - slot->mmu.base_gfn) * MMU_PAGE_SIZE;
	l->write = write || (!log && !(slot->mmu.flags & MMU_SLOT_READONLY));
	if (write && log)
		dirty_mark(&world_vcpu, slot, gfn);
	if (write)
		note_write(l->hva);
}

static void vcpu_access(int as_id, gfn_t gfn, bool write)
{
	struct leaf *l = &leaf[as_id][gfn];

	if (!l->present || (write && !l->write))
		vcpu_fault(slots_get(&world_kvm, as_id), world_kvm.mmu.inv.seq, as_id, gfn,
			   write);
	else if (write)
		note_write(l->hva);
}

/* All that the reader holds is still there: the sanitizer looks. */
static void reader_look(void)
{
	unsigned int i;
	int as_id;

	for (as_id = 0; as_id < AS_COUNT; as_id++) {
		for (i = 0; i < reader.set[as_id]->n; i++) {
			struct slot *s = reader.set[as_id]->slot[i];

			assert_true(s->mmu.npages && s->mmu.as_id == as_id);
			if (s->dirty)
				(void)test_bit(s->mmu.npages - 1, s->dirty);
		}
	}
}

static void reader_enter(void)
{
	int as_id;

	reader.in = true;
	reader.seq = world_kvm.mmu.inv.seq;
	for (as_id = 0; as_id < AS_COUNT; as_id++)
		reader.set[as_id] = slots_get(&world_kvm, as_id);
}

static void others_run(void)
{
	int as_id = pick(AS_COUNT);
	gfn_t gfn = pick(FRAMES);

	switch (pick(8)) {
	case 0:
		if (!reader.in)
			reader_enter();
		break;
	case 1:
		reader.in = reader.in && pick(4);
		break;
	case 2:
	case 3:
	case 4:
		if (reader.in && world_kvm.nr_vcpus)
			vcpu_fault(reader.set[as_id], reader.seq, as_id, gfn,
				   pick(3));
		break;
	default:
		if (world_kvm.nr_vcpus)
			vcpu_access(as_id, gfn, pick(3));
	}
	if (reader.in)
		reader_look();
}

void world_run(unsigned int times)
{
	static bool inside;

	if (inside)
		return;
	inside = true;
	while (times--)
		others_run();
	inside = false;
}

void world_step(void)
{
	if (world_busy && !pick(16))
		world_run(3);
}

static void readers_wait(void)
{
	world_run(10);
	world_waits++;
	reader.in = false;
}

static void srcu_wait(void)
{
	assert_true(world_kvm.nr_vcpus);
	readers_wait();
}

void notifier_wait(struct kvm *vm)
{
	assert_false(vm->nr_vcpus);
	readers_wait();
}

/* ------------------------------------------------------------------------ */
/* The fake MMU. */

gfn_t mmu_max_gfn(void)
{
	return max_gfn;
}

void mmu_invalidate_begin(struct mmu *mmu, gfn_t start, gfn_t end)
{
	world_run(3);
	if (!mmu->inv.count++) {
		mmu->inv.start = start;
		mmu->inv.end = end;
	}
	mmu->inv.start = min(mmu->inv.start, start);
	mmu->inv.end = max(mmu->inv.end, end);
}

/* When look-ups of it are stale. */
void arch_frames_change(struct kvm *kvm, u64 start, u64 end)
{
	assert_true(kvm->mmu.inv.count && kvm->mmu.inv.start <= start &&
		    kvm->mmu.inv.end >= end);
	frames_told++;
}

void mmu_invalidate_end(struct mmu *mmu)
{
	world_run(3);
	assert_true(mmu->inv.count && frames_told >= mmu->inv.count);
	if (!--mmu->inv.count)
		frames_told = 0;
	mmu->inv.seq++;
	world_run(3);
}

void mmu_zap(struct mmu *mmu, int as_id, gfn_t start, gfn_t end, bool yield)
{
	world_run(3);
	assert_true(yield && mmu->inv.count && mmu->inv.start <= start &&
		    mmu->inv.end >= end);
	assert_non_null(slot_find(slots_get(&world_kvm, as_id), start));
	for (; start < end && start < FRAMES; start++)
		leaf[as_id][start].present = false;
	world_run(3);
}

void mmu_page_limit_default(struct mmu *mmu, u64 npages)
{
	assert_false(mmu->inv.count);
	npages_told = npages;
}

bool arch_slot_is_refused(struct kvm *kvm, const struct slot *slot)
{
	return slot_holds(slot, world_own);
}

void mmu_slots_changed(struct mmu *mmu)
{
	assert_false(mmu->inv.count);
	world_run(3);
}

/* The hardware logs, if it has been told that there is somebody who listens. */
bool mmu_logs_late(void)
{
	return true;
}

bool request_all(struct kvm *kvm, unsigned int req)
{
	assert_int_equal(req, REQ_LOG);
	logs_told = kvm->mmu.logs;
	return false;
}

static void wrprot(const struct mmu_slot *s, u64 off)
{
	assert_true(logs_told);
	leaf[s->as_id][s->base_gfn + off].write = false;
}

void mmu_wrprot_slot(struct mmu *mmu, const struct mmu_slot *slot)
{
	u64 i;

	world_run(3);
	for (i = 0; i < slot->npages; i++)
		wrprot(slot, i);
	world_run(3);
}

void mmu_wrprot_bitmap(struct mmu *mmu, const struct mmu_slot *slot, u64 first,
		       const unsigned long *bitmap, u64 nbits)
{
	u64 i;

	world_run(3);
	assert_true(first % 64 == 0 && first + nbits <= slot->npages);
	for (i = 0; i < nbits; i++)
		if (test_bit(i, bitmap))
			wrprot(slot, first + i);
	world_run(3);
}

/* Nobody has a ring here. */
bool dirty_ring_push(struct kvm_vcpu *vcpu, const struct slot *slot, gfn_t gfn)
{
	fail();
	return false;
}

void mmu_recover_slot(struct mmu *mmu, const struct mmu_slot *slot)
{
	assert_false(slot->flags & MMU_SLOT_DIRTY_LOG);
	world_run(3);
}

/* ------------------------------------------------------------------------ */
/* What has to be true after every call. */

const struct model *world_owner(int as_id, gfn_t gfn)
{
	const struct model *m;

	for (m = world_model[as_id]; m < world_model[as_id] + IDS; m++)
		if (m->used && gfn >= m->base && gfn < m->base + m->n)
			return m;
	return NULL;
}

/* The slot that a frame is in, or the next one. */
static void check_after(int as_id, gfn_t gfn)
{
	const struct slot *s = slot_after(slots_get(&world_kvm, as_id), gfn);
	const struct model *m, *first = NULL;

	for (m = world_model[as_id]; m < world_model[as_id] + IDS; m++)
		if (m->used && m->base + m->n > gfn &&
		    (!first || m->base < first->base))
			first = m;
	assert_int_equal(!s, !first);
	if (s)
		assert_int_equal(s->id, first - world_model[as_id]);
}

static void check_frame(int as_id, gfn_t gfn)
{
	const struct slot *s = slot_find(slots_get(&world_kvm, as_id), gfn);
	const struct model *m = world_owner(as_id, gfn);
	const struct leaf *l = &leaf[as_id][gfn];

	assert_int_equal(!s, !m);
	if (!m) {
		assert_false(l->present);
		return;
	}
	assert_true(s->mmu.base_gfn == m->base && s->mmu.npages == m->n &&
		    s->mmu.hva == m->hva && s->flags == m->flags &&
		    s->id == m - world_model[as_id] && s->mmu.as_id == as_id);
	assert_int_equal(!s->dirty, !(m->flags & KVM_MEM_LOG_DIRTY_PAGES));
	if (!l->present)
		return;
	assert_int_equal(l->hva, m->hva + (gfn - m->base) * MMU_PAGE_SIZE);
	assert_false(l->write && (m->flags & KVM_MEM_READONLY));
	if (l->write && s->dirty)
		assert_true(test_bit(gfn - m->base, s->dirty));
}

void world_check(void)
{
	unsigned int i, used;
	bool logs = false;
	u64 npages = 0;
	int as_id;
	gfn_t gfn;

	assert_int_equal(world_kvm.mmu.inv.count, 0);
	for (as_id = 0; as_id < AS_COUNT; as_id++) {
		for (gfn = 0; gfn < FRAMES; gfn++) {
			check_frame(as_id, gfn);
			check_after(as_id, gfn);
		}
		for (used = i = 0; i < IDS; i++) {
			used += world_model[as_id][i].used;
			if (world_model[as_id][i].used) {
				npages += world_model[as_id][i].n;
				logs |= world_model[as_id][i].flags &
					KVM_MEM_LOG_DIRTY_PAGES;
			}
			assert_int_equal(!slot_by_id(slots_get(&world_kvm, as_id), i),
					 !world_model[as_id][i].used);
		}
		assert_int_equal(slots_get(&world_kvm, as_id)->n, used);
	}
	assert_int_equal(npages_told, npages);
	assert_int_equal(logs_told, logs);
}

/* ------------------------------------------------------------------------ */

void world_up(gfn_t max)
{
	memset(&world_kvm, 0, sizeof(world_kvm));
	logs_told = false;
	memset(world_model, 0, sizeof(world_model));
	memset(leaf, 0, sizeof(leaf));
	mutex_init(&world_kvm.slots_lock);
	max_gfn = max;
	npages_told = 0;
	world_waits = 0;
	world_own = ~(gfn_t)0;
	shim_live = 0;
	shim_srcu_wait = srcu_wait;
	assert_int_equal(vm_step_slots_up(&world_kvm), 0);
	assert_int_equal(shim_live, 0);
}

void world_down(void)
{
	reader.in = false;
	shim_step_hook = NULL;
	shim_fail_odds = 0;
	vm_step_slots_down(&world_kvm);
	assert_int_equal(shim_live, 0);
}
