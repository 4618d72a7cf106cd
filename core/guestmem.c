// SPDX-License-Identifier: GPL-2.0-only
/* Guest memory through userspace's mapping of it; for the MMU, see mmu/mmu_env.h, too. */
#include <linux/cache.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "core/arch.h"
#include "core/dirty.h"
#include "core/guestmem.h"

/*
 * Not where the last one was: perhaps where another was before.  Tables and what they
 * map are found in turn, and often in two slots.
 */
static noinline struct slot *guest_slot_search(struct kvm_vcpu *vcpu,
					       const struct slots *slots,
					       gfn_t gfn)
{
	unsigned int i = vcpu->slot_other;

	if (i >= slots->n || !slot_holds(slots->slot[i], gfn))
		i = slot_index(slots, gfn);
	if (i == slots->n)
		return NULL;
	vcpu->slot_other = vcpu->slot_hint;
	vcpu->slot_hint = i;
	return slots->slot[i];
}

/* The hint is only where to look first: the set says whether it is right. */
static inline struct slot *guest_slot_hinted(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	const struct slots *slots = slots_get(vcpu->kvm, vcpu->mmu.as_id);
	unsigned int i = vcpu->slot_hint;

	if (likely(i < slots->n && slot_holds(slots->slot[i], gfn)))
		return slots->slot[i];
	return guest_slot_search(vcpu, slots, gfn);
}

struct slot *guest_slot(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	return guest_slot_hinted(vcpu, gfn);
}

static struct kvm_vcpu *env_vcpu(struct mmu_vcpu *vcpu)
{
	return container_of(vcpu, struct kvm_vcpu, mmu);
}

const struct mmu_slot *mmu_env_slot(struct mmu_vcpu *vcpu, gfn_t gfn)
{
	struct slot *slot = guest_slot_hinted(env_vcpu(vcpu), gfn);

	return slot ? &slot->mmu : NULL;
}

const struct mmu_slot *mmu_env_slot_after(struct mmu *mmu, int as_id, gfn_t gfn)
{
	struct kvm *kvm = container_of(mmu, struct kvm, mmu);
	const struct slot *slot = slot_after(slots_get(kvm, as_id), gfn);

	return slot ? &slot->mmu : NULL;
}

/* Userspace's address of a guest address in a slot, bounded by slot_parse(). */
static void __user *guest_user(const struct slot *slot, gpa_t gpa)
{
	gpa_t base = slot->mmu.base_gfn << MMU_PAGE_SHIFT;

	return (void __user *)(slot->mmu.hva + (gpa - base));
}

/* Bytes from @gpa to the end of its slot, at most @len. */
static unsigned long guest_span(const struct slot *slot, gpa_t gpa,
				unsigned long len)
{
	gpa_t end = (slot->mmu.base_gfn + slot->mmu.npages) << MMU_PAGE_SHIFT;

	return min_t(u64, len, end - gpa);
}

/*
 * Copies of a few bytes: hardened user copies check more, and string
 * instructions take longer to start, than one load or store does.
 */
static unsigned long guest_copy_in(void *buf, const void __user *from,
				   unsigned long len)
{
	switch (len) {
	case 1: return __get_user(*(u8 *)buf, (const u8 __user *)from);
	case 2: return __get_user(*(u16 *)buf, (const u16 __user *)from);
	case 4: return __get_user(*(u32 *)buf, (const u32 __user *)from);
	case 8: return __get_user(*(u64 *)buf, (const u64 __user *)from);
	default: return __copy_from_user(buf, from, len);
	}
}

static unsigned long guest_copy_out(void __user *to, const void *buf,
				    unsigned long len)
{
	switch (len) {
	case 1: return __put_user(*(const u8 *)buf, (u8 __user *)to);
	case 2: return __put_user(*(const u16 *)buf, (u16 __user *)to);
	case 4: return __put_user(*(const u32 *)buf, (u32 __user *)to);
	case 8: return __put_user(*(const u64 *)buf, (u64 __user *)to);
	default: return __copy_to_user(to, buf, len);
	}
}

/* From more than one slot. */
static noinline int guest_read_pieces(struct kvm_vcpu *vcpu, gpa_t gpa,
				      void *buf, unsigned long len)
{
	struct slot *slot;
	unsigned long n;

	for (; len; len -= n, gpa += n, buf += n) {
		slot = guest_slot(vcpu, gpa >> MMU_PAGE_SHIFT);
		if (!slot)
			return -EFAULT;
		n = guest_span(slot, gpa, len);
		if (guest_copy_in(buf, guest_user(slot, gpa), n))
			return -EFAULT;
	}
	return 0;
}

int guest_read(struct kvm_vcpu *vcpu, gpa_t gpa, void *buf, unsigned long len)
{
	struct slot *slot = guest_slot_hinted(vcpu, gpa >> MMU_PAGE_SHIFT);
	const void __user *from;

	/* A device, mostly: not to be looked for twice. */
	if (unlikely(!slot))
		return -EFAULT;
	if (unlikely(guest_span(slot, gpa, len) != len))
		return guest_read_pieces(vcpu, gpa, buf, len);
	from = guest_user(slot, gpa);
	/* Page-table entries and instructions: nearly every read. */
	if (likely(len == 8))
		return __get_user(*(u64 *)buf, (const u64 __user *)from);
	return guest_copy_in(buf, from, len) ? -EFAULT : 0;
}

int mmu_env_guest_read(struct mmu_vcpu *vcpu, gpa_t gpa, void *buf,
		       unsigned int len)
{
	return guest_read(env_vcpu(vcpu), gpa, buf, len);
}

/* A few entries of a table: the checks of a hardened copy take longer. */
static int user_peek(void *buf, const void __user *from, unsigned int len)
{
	if (!user_access_begin(from, len))
		return -EFAULT;
	for (; len >= sizeof(u64); len -= sizeof(u64)) {
		unsafe_get_user(*(u64 *)buf, (const u64 __user *)from, fault);
		buf += sizeof(u64);
		from += sizeof(u64);
	}
	if (len)
		unsafe_get_user(*(u32 *)buf, (const u32 __user *)from, fault);
	user_access_end();
	return 0;
fault:
	user_access_end();
	return -EFAULT;
}

int mmu_env_guest_peek(struct mmu_vcpu *vcpu, gpa_t gpa, void *buf,
		       unsigned int len)
{
	struct slot *slot = guest_slot_hinted(env_vcpu(vcpu), gpa >> MMU_PAGE_SHIFT);
	int err;

	if (!slot)
		return -EFAULT;
	pagefault_disable();
	err = user_peek(buf, guest_user(slot, gpa), len);
	pagefault_enable();
	return err;
}

/*
 * Entries from @step on as long as they are in @slot.  One window for all of them:
 * opening it costs more than a read.
 *
 * Return: the first one that is not in @slot, or @end; NULL: one has changed.
 */
static const struct gwalk_step *slot_same(const struct slot *slot,
					  const struct gwalk_step *step,
					  const struct gwalk_step *end,
					  unsigned int size)
{
	const gpa_t start = slot->mmu.base_gfn << MMU_PAGE_SHIFT;
	const u64 bytes = slot->mmu.npages << MMU_PAGE_SHIFT;
	const void __user *base = (const void __user *)slot->mmu.hva;
	u64 q, diff = 0;
	u32 l;

	if (!user_access_begin(base, size))
		return NULL;
	for (; step != end && step->gpa - start < bytes; step++) {
		if (likely(size == sizeof(q))) {
			unsafe_get_user(q, (const u64 __user *)
					(base + (step->gpa - start)), fault);
			diff |= q ^ step->entry;
		} else {
			unsafe_get_user(l, (const u32 __user *)
					(base + (step->gpa - start)), fault);
			diff |= l ^ step->entry;
		}
	}
	user_access_end();
	return diff ? NULL : step;
fault:
	user_access_end();
	return NULL;
}

static bool steps_same(struct mmu_vcpu *vcpu, const struct gwalk_step *step,
		       unsigned int n, unsigned int size)
{
	const struct gwalk_step *end = step + n;
	const struct slot *slot;

	/* A guest's tables are nearly always in one slot. */
	do {
		slot = guest_slot_hinted(env_vcpu(vcpu), step->gpa >> MMU_PAGE_SHIFT);
		if (unlikely(!slot))
			return false;
		step = slot_same(slot, step, end, size);
	} while (unlikely(step && step != end));
	return step;
}

bool mmu_env_guest_same_now(struct mmu_vcpu *vcpu,
			    const struct gwalk_step *step, unsigned int n,
			    unsigned int size)
{
	bool same;

	pagefault_disable();
	same = steps_same(vcpu, step, n, size);
	pagefault_enable();
	return same;
}

hva_t mmu_env_guest_hva(struct mmu_vcpu *vcpu, gpa_t gpa)
{
	const struct slot *slot = guest_slot_hinted(env_vcpu(vcpu),
						  gpa >> MMU_PAGE_SHIFT);

	return slot ? (hva_t)guest_user(slot, gpa) : 0;
}

u64 mmu_env_guest_slots(struct mmu_vcpu *vcpu)
{
	return slots_get(env_vcpu(vcpu)->kvm, vcpu->as_id)->number;
}

/* One window for all of them, as above; slot_parse() has seen to the addresses. */
enum mmu_again mmu_env_guest_again(struct mmu_vcpu *vcpu, struct mmu_walk *walk,
				   unsigned int code)
{
	const struct slots *slots = slots_get(env_vcpu(vcpu)->kvm, vcpu->as_id);
	unsigned int i, n = walk->n;
	u64 q, diff = 0;
	u32 l;

	if (unlikely(slots->number != walk->slots))
		return AGAIN_MOVED;
	if (!user_access_begin((const void __user *)walk->at[0], sizeof(q)))
		return AGAIN_CHANGED;
	for (i = 0; walk->wide && i < n; i++) {
		unsafe_get_user(q, (const u64 __user *)walk->at[i], changed);
		diff |= q ^ walk->step[i].entry;
	}
	for (; i < n; i++) {
		unsafe_get_user(l, (const u32 __user *)walk->at[i], changed);
		diff |= l ^ walk->step[i].entry;
	}
	if (code != AGAIN_NO_CODE) {
		if (unlikely(!walk->hva))
			goto changed;
		unsafe_get_user(walk->code, (const u64 __user *)(walk->hva + code),
				changed);
	}
	user_access_end();
	return diff ? AGAIN_CHANGED : AGAIN_SAME;
changed:
	user_access_end();
	return AGAIN_CHANGED;
}

/* After the write: dirty_mark() has the reason. */
static void guest_mark(struct kvm_vcpu *vcpu, struct slot *slot, gpa_t gpa,
		       unsigned long len)
{
	gfn_t gfn = gpa >> MMU_PAGE_SHIFT;
	gfn_t last = (gpa + len - 1) >> MMU_PAGE_SHIFT;

	if (!(slot->flags & KVM_MEM_LOG_DIRTY_PAGES))
		return;
	for (; gfn <= last; gfn++)
		dirty_mark(vcpu, slot, gfn);
}

void guest_logged(struct kvm_vcpu *vcpu, gfn_t gfn)
{
	struct slot *slot = guest_slot_hinted(vcpu, gfn);

	if (slot)
		guest_mark(vcpu, slot, gfn << MMU_PAGE_SHIFT, 1);
}

/* What the processor would have told the MMU about tables that it shadows. */
static void guest_wrote(struct kvm_vcpu *vcpu, struct slot *slot, gpa_t gpa,
			unsigned long len)
{
	unsigned long n;

	guest_mark(vcpu, slot, gpa, len);
	for (; len; len -= n, gpa += n) {
		n = min_t(u64, len, PAGE_SIZE - offset_in_page(gpa));
		mmu_guest_written(&vcpu->mmu, gpa, n);
	}
}

int guest_poke(struct kvm_vcpu *vcpu, gpa_t gpa, const void *buf,
	       unsigned int len)
{
	struct slot *slot = guest_slot(vcpu, gpa >> MMU_PAGE_SHIFT);
	unsigned long left;

	if (!slot || (slot->flags & KVM_MEM_READONLY))
		return -EFAULT;
	pagefault_disable();
	left = guest_copy_out(guest_user(slot, gpa), buf, len);
	pagefault_enable();
	guest_mark(vcpu, slot, gpa, len);
	return left ? -EFAULT : 0;
}

int guest_write(struct kvm_vcpu *vcpu, gpa_t gpa, const void *buf,
		unsigned long len)
{
	unsigned long n, left;
	struct slot *slot;

	for (; len; len -= n, gpa += n, buf += n) {
		slot = guest_slot(vcpu, gpa >> MMU_PAGE_SHIFT);
		if (!slot || (slot->flags & KVM_MEM_READONLY))
			return -EFAULT;
		n = guest_span(slot, gpa, len);
		left = guest_copy_out(guest_user(slot, gpa), buf, n);
		/* A copy that stopped in the middle has written the front. */
		guest_wrote(vcpu, slot, gpa, n);
		if (left)
			return -EFAULT;
	}
	return 0;
}

void __user *guest_page_user(struct kvm_vcpu *vcpu, gpa_t gpa, bool write)
{
	struct slot *slot = guest_slot_hinted(vcpu, gpa >> MMU_PAGE_SHIFT);

	if (!slot || (write && (slot->flags & KVM_MEM_READONLY)))
		return NULL;
	return guest_user(slot, gpa);
}

void guest_page_written(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	struct slot *slot = guest_slot_hinted(vcpu, gpa >> MMU_PAGE_SHIFT);

	/* Gone since the page was found: what was written is no guest memory any more. */
	if (unlikely(!slot))
		return;
	guest_mark(vcpu, slot, gpa, 1);
	mmu_guest_written(&vcpu->mmu, gpa, PAGE_SIZE);
}

/* ------------------------------------------------------------------------ */
/* Atomic access. */

static int user_cmpxchg(void __user *p, const void *old, const void *new,
			unsigned int len)
{
	u64 seen = 0;
	bool done;

	memcpy(&seen, old, len);
	if (!user_access_begin(p, len))
		return -EFAULT;
	switch (len) {
	case 1:
		done = unsafe_try_cmpxchg_user((u8 __user *)p, (u8 *)&seen,
					       *(const u8 *)new, fault);
		break;
	case 2:
		done = unsafe_try_cmpxchg_user((u16 __user *)p, (u16 *)&seen,
					       *(const u16 *)new, fault);
		break;
	case 4:
		done = unsafe_try_cmpxchg_user((u32 __user *)p, (u32 *)&seen,
					       *(const u32 *)new, fault);
		break;
	default:
		done = unsafe_try_cmpxchg_user((u64 __user *)p, &seen,
					       *(const u64 *)new, fault);
		break;
	}
	user_access_end();
	return done ? 0 : -EAGAIN;
fault:
	user_access_end();
	return -EFAULT;
}

static int user_compare_write(void __user *p, const void *old, const void *new,
			      unsigned int len)
{
	u64 seen[2];

	if (copy_from_user(seen, p, len))
		return -EFAULT;
	if (memcmp(seen, old, len))
		return -EAGAIN;
	return copy_to_user(p, new, len) ? -EFAULT : 0;
}

static int slot_cmpxchg(const struct slot *slot, gpa_t gpa, const void *old,
			const void *new, unsigned int len)
{
	int err = -EOPNOTSUPP;
	void __user *p;

	if (!slot || (slot->flags & KVM_MEM_READONLY))
		return -EFAULT;
	p = guest_user(slot, gpa);
	if (len == 16 && !(gpa & 15))
		err = arch_user_cmpxchg16(p, old, new);
	else if (len < 16 && (gpa & (L1_CACHE_BYTES - 1)) + len <= L1_CACHE_BYTES)
		err = user_cmpxchg(p, old, new, len);
	return err == -EOPNOTSUPP ? user_compare_write(p, old, new, len) : err;
}

int guest_cmpxchg(struct kvm_vcpu *vcpu, gpa_t gpa, const void *old,
		  const void *new, unsigned int len)
{
	struct slot *slot = guest_slot(vcpu, gpa >> MMU_PAGE_SHIFT);
	int err = slot_cmpxchg(slot, gpa, old, new, len);

	if (!err)
		guest_wrote(vcpu, slot, gpa, len);
	return err;
}

/* The MMU knows of it. */
int mmu_env_guest_cmpxchg(struct mmu_vcpu *vcpu, gpa_t gpa, unsigned int size,
			  u64 old, u64 new)
{
	struct slot *slot = guest_slot(env_vcpu(vcpu), gpa >> MMU_PAGE_SHIFT);
	int err = slot_cmpxchg(slot, gpa, &old, &new, size);

	if (!err)
		guest_mark(env_vcpu(vcpu), slot, gpa, size);
	return err;
}

int guest_frame(struct kvm_vcpu *vcpu, gfn_t gfn, phys_addr_t *out)
{
	struct mmu *mmu = &vcpu->kvm->mmu;
	unsigned long seq = inv_seq_read(&mmu->inv);
	const struct slot *slot = guest_slot(vcpu, gfn);
	struct mmu_pfn pfn;
	bool stale;
	int err;

	if (!slot || (slot->flags & KVM_MEM_READONLY))
		return -EFAULT;
	err = mmu_env_pfn(&slot->mmu, gfn, true, &pfn);
	if (err)
		return err;
	mmu_env_pfn_put(&pfn, false);
	read_lock(&mmu->lock);
	stale = inv_is_stale(&mmu->inv, seq, gfn, gfn + 1);
	read_unlock(&mmu->lock);
	*out = PFN_PHYS(pfn.pfn);
	return stale ? -EAGAIN : 0;
}
