// SPDX-License-Identifier: GPL-2.0-only
/* Random calls of core/memslot.c and core/dirty.c, and what they have to answer. */
#include "slot_world.h"

#include "core/dirty.h"

static int expect_set(const struct kvm_userspace_memory_region *r)
{
	const struct model *m = &world_model[r->slot >> 16][r->slot & 0xffff], *o;
	gfn_t gfn = r->guest_phys_addr / MMU_PAGE_SIZE, end;

	end = gfn + r->memory_size / MMU_PAGE_SIZE;
	if (r->flags > 3 || end > FRAMES || (!m->used && gfn == end))
		return -EINVAL;
	if (gfn == end)
		return 0;
	if (m->used && (m->n != end - gfn || m->hva != r->userspace_addr ||
			(m->flags ^ r->flags) & KVM_MEM_READONLY))
		return -EINVAL;
	for (; gfn < end; gfn++) {
		o = world_owner(r->slot >> 16, gfn);
		if (o && o != m)
			return -EEXIST;
	}
	return 0;
}

static void log_reset(struct model *m, bool set)
{
	u64 i;

	for (i = 0; i < PAGES_MAX; i++)
		m->must[i] = m->may[i] = set && i < m->n;
}

/* Nothing has changed, but the other vCPU went on. */
static void set_failed(struct model *m, const struct model *old)
{
	unsigned int i;

	for (i = 0; i < PAGES_MAX; i++) {
		m->must[i] = old->must[i] || m->late[i];
		m->may[i] = old->may[i] || m->late[i];
	}
	m->used = old->used;
	m->base = old->base;
	m->n = old->n;
	m->hva = old->hva;
	m->flags = old->flags;
}

static void run_set(void)
{
	unsigned int as_id = pick(AS_COUNT), id = pick(IDS);
	struct model *m = &world_model[as_id][id], old = *m;
	struct kvm_userspace_memory_region r = {
		.slot = as_id << 16 | id,
		.flags = pick(20) ? pick(4) : 4,
		.guest_phys_addr = pick(FRAMES) * MMU_PAGE_SIZE,
		.memory_size = pick(4) ? pick(PAGES_MAX) * MMU_PAGE_SIZE : 0,
		.userspace_addr = (1ull + as_id * IDS + id) << 32,
	};
	bool all = world_kvm.dirty_manual & KVM_DIRTY_LOG_INITIALLY_SET;
	int err, ret;

	if (m->used && r.memory_size && pick(8)) {
		r.memory_size = m->n * MMU_PAGE_SIZE;
		r.flags = (r.flags & ~2u) | (m->flags & 2);
		if (pick(2))
			r.guest_phys_addr = m->base * MMU_PAGE_SIZE;
	} else if (!pick(8)) {
		r.userspace_addr += 1ull << 28;
	}
	err = expect_set(&r);
	/* What appears is in the model while it does, for note_write(). */
	if (!err && r.memory_size) {
		m->used = true;
		m->n = r.memory_size / MMU_PAGE_SIZE;
		m->hva = r.userspace_addr;
		m->base = r.guest_phys_addr / MMU_PAGE_SIZE;
		m->flags = r.flags;
		if (!old.used || !(old.flags & KVM_MEM_LOG_DIRTY_PAGES))
			log_reset(m, all);
	}
	world_busy = true;
	ret = slot_set(&world_kvm, &r);
	world_busy = false;
	if (ret == -ENOMEM && !err && shim_fail_odds)
		set_failed(m, &old);
	else
		assert_int_equal(ret, err);
	if (!ret && !r.memory_size)
		m->used = false;
	memset(m->late, 0, sizeof(m->late));
}

static void run_get(void)
{
	unsigned int as_id = pick(AS_COUNT), id = pick(IDS);
	struct model *m = &world_model[as_id][id];
	bool manual = world_kvm.dirty_manual & 1, bit;
	unsigned long user[BITS_TO_LONGS(PAGES_MAX)] = { 0 };
	struct kvm_dirty_log log = { as_id << 16 | id, 0, { user } };
	int err = 0;
	u64 i;

	if (!m->used || !(m->flags & KVM_MEM_LOG_DIRTY_PAGES))
		err = -ENOENT;
	else if (shim_user_fault)
		err = -EFAULT;
	/* What was there before. */
	if (!err)
		memset(user, 0xff, BITS_TO_LONGS(m->n) * sizeof(long));
	world_busy = true;
	assert_int_equal(dirty_get(&world_kvm, &log), err);
	world_busy = false;
	for (i = 0; i < PAGES_MAX; i++) {
		bit = !err && test_bit(i, user);
		if (!err) {
			assert_true(bit || !m->must[i]);
			assert_true(!bit || (i < m->n && m->may[i]));
		}
		if (!err && !manual)
			m->must[i] = m->may[i] = false;
		m->may[i] |= m->late[i];
		m->must[i] |= m->late[i] && !(bit && !manual);
		m->late[i] = false;
	}
}

static int expect_clear(const struct model *m, u64 first, u64 n)
{
	if (first % 64)
		return -EINVAL;
	if (!m->used || !(m->flags & KVM_MEM_LOG_DIRTY_PAGES))
		return -ENOENT;
	if (first + n > m->n || (n % 64 && first + n != m->n))
		return -EINVAL;
	return shim_user_fault && n ? -EFAULT : 0;
}

static void run_clear(void)
{
	unsigned int as_id = pick(AS_COUNT), id = pick(IDS);
	struct model *m = &world_model[as_id][id];
	u64 first = pick(10) ? pick(4) * 64 : pick(PAGES_MAX), n, i;
	unsigned long user[BITS_TO_LONGS(PAGES_MAX) + 1];
	struct kvm_clear_dirty_log log = {
		as_id << 16 | id, 0, first, { user }
	};
	bool named;
	int err;

	n = pick(3) ? m->n - first : pick(4) * 64 + !pick(8);
	n %= PAGES_MAX + 1;
	log.num_pages = n;
	for (i = 0; i < ARRAY_SIZE(user); i++)
		user[i] = shim_random() ^ (unsigned long)shim_random() << 33;
	err = expect_clear(m, first, n);
	world_busy = true;
	assert_int_equal(dirty_clear(&world_kvm, &log), err);
	world_busy = false;
	for (i = 0; i < PAGES_MAX; i++) {
		named = !err && i >= first && i < first + n &&
			test_bit(i - first, user);
		if (named)
			m->must[i] = m->may[i] = false;
		m->may[i] |= m->late[i];
		m->must[i] |= m->late[i] && !named;
		m->late[i] = false;
	}
}

void world_call(void)
{
	world_run(5);
	shim_user_fault = !pick(8);
	if (pick(2))
		run_set();
	else if (pick(2))
		run_get();
	else
		run_clear();
	shim_user_fault = false;
	world_check();
}
