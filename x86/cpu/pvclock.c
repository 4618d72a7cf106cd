// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kvm_para.h>
#include <linux/ktime.h>
#include <linux/math64.h>

#include <asm/kvm_para.h>
#include <asm/pvclock.h>
#include <asm/tsc.h>

#include "core/guestmem.h"
#include "core/run_state.h"
#include "core/vm.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/pvclock.h"
#include "x86/cpu/pvfeature.h"
#include "x86/cpu/tsc.h"
#include "x86/vcpu/trace.h"

/* ------------------------------------------------------------------------ */
/* The VM's clock. */

/* Ticks to nanoseconds: shift to the left, multiply, drop 32 bits (asm/pvclock.h). */
struct clock_rate {
	u32 mul;
	s8 shift;
};

/* The multiplier that has its highest bit set is the most exact one. */
static struct clock_rate rate_of(u32 khz)
{
	struct clock_rate rate = { };
	u64 num = NSEC_PER_MSEC, den = khz;

	for (; num >= den; den *= 2)
		rate.shift++;
	for (; num < den / 2; num *= 2)
		rate.shift--;
	rate.mul = div64_u64(num << 32, den);
	return rate;
}

/* To a moment of tsc_host_awake(): as a guest that reads its own TSC has it. */
static u64 ns_since_ref(const struct x86_vm_clock *c, u64 tsc)
{
	struct clock_rate rate = rate_of(c->khz);

	/* Another CPU's TSC may have been a little ahead when the clock was set. */
	if ((s64)(tsc - c->tsc_ref) <= 0)
		return 0;
	return pvclock_scale_delta(tsc_clocks(c->khz, c->tsc_ref, tsc), rate.mul, rate.shift);
}

static DEFINE_SPINLOCK(sleep_lock);
static u64 sleep_seen;		/* what timekeeping counts */
static u64 sleep_left_out;	/* tsc_host_left_out() then */
static u64 sleep_idle;		/* of it, sleep in which the TSC has been counted */

/*
 * How long the host has slept since it was booted, without what tsc_host_awake() has
 * counted: suspend to idle asks no syscore ops, and the TSC goes on.
 */
static u64 host_slept(void)
{
	u64 now = ktime_to_ns(ktime_mono_to_any(0, TK_OFFS_BOOT)), idle;

	if (likely(now == READ_ONCE(sleep_seen)))
		return now - READ_ONCE(sleep_idle);
	spin_lock(&sleep_lock);
	if (tsc_host_left_out() == sleep_left_out)
		sleep_idle += now - sleep_seen;
	sleep_left_out = tsc_host_left_out();
	WRITE_ONCE(sleep_seen, now);
	idle = sleep_idle;
	spin_unlock(&sleep_lock);
	return now - idle;
}

static bool clock_is_stable(void)
{
	return !check_tsc_unstable();
}

/* At a moment of tsc_host_awake().  Lock held. */
static u64 clock_at(const struct x86_vm_clock *c, u64 tsc)
{
	if (!clock_is_stable())
		return ktime_get_boottime_ns() + c->offset;
	return c->ns_ref + ns_since_ref(c, tsc) + (host_slept() - c->slept_ref);
}

/* It has this value at that moment, which is no news.  Lock held. */
static void clock_refer(struct x86_vm_clock *c, u64 tsc, u64 ns)
{
	c->tsc_ref = tsc;
	c->ns_ref = ns;
	c->slept_ref = host_slept();
}

/* The clock is set.  Lock held. */
static void clock_start(struct x86_vm_clock *c, u64 tsc, u64 ns)
{
	clock_refer(c, tsc, ns);
	c->offset = ns - ktime_get_boottime_ns();
}

int vm_step_pvclock_up(void *obj)
{
	struct x86_vm_clock *c = &to_x86_vm(obj)->clock;

	spin_lock_init(&c->lock);
	c->khz = x86_caps->tsc_khz;
	clock_start(c, tsc_host_awake(), 0);
	return 0;
}

/* By now it is what it was by the old rate; all pages have to say so. */
void pvclock_rate_set(struct x86_vcpu *v)
{
	struct x86_vm_clock *c = &to_x86_vm(v->vcpu.kvm)->clock;
	u64 now;

	spin_lock(&c->lock);
	if (c->khz == v->tsc.khz) {
		spin_unlock(&c->lock);
		return;
	}
	now = tsc_host_awake();
	clock_start(c, now, clock_at(c, now));
	c->khz = v->tsc.khz;
	spin_unlock(&c->lock);
	request_all(v->vcpu.kvm, REQ_CLOCK);
}

/* ------------------------------------------------------------------------ */
/* The vCPU's page. */

/*
 * Is a time that one vCPU reads from another's page the clock's?  Linux's vDSO reads the
 * first vCPU's wherever it runs, if the page says that it is stable (msr.rst).
 */
static u8 page_flags(struct x86_vcpu *v)
{
	return clock_is_stable() && tsc_vcpus_agree(v) ? PVCLOCK_TSC_STABLE_BIT : 0;
}

/* After a suspend, and where each page has a pair of its own; lock held. */
static void clock_refresh(struct x86_vm_clock *c)
{
	u64 now = tsc_host_awake();

	/* Without a TSC it is boottime and a constant. */
	if (!clock_is_stable())
		clock_refer(c, now, clock_at(c, now));
	else if (host_slept() != c->slept_ref)
		clock_start(c, now, clock_at(c, now));
}

/* The pair that the page names; lock held. */
static void page_fill(struct x86_vcpu *v, struct x86_vm_clock *c,
		      struct pvclock_vcpu_time_info *page)
{
	struct clock_rate rate = rate_of(v->tsc.khz);

	clock_refresh(c);
	page->tsc_timestamp = tsc_of_host(v, c->tsc_ref);
	page->system_time = c->ns_ref;
	page->tsc_to_system_mul = rate.mul;
	page->tsc_shift = rate.shift;
	page->flags = page_flags(v);
}

/*
 * Odd, then the contents, then even: a guest that reads meanwhile reads again.  That is
 * the vCPU itself, which does not run now, and others that look at its page.
 */
static void page_write(struct x86_vcpu *v, struct pvclock_vcpu_time_info *page)
{
	gpa_t gpa = v->pvclock.system_time & ~PVCLOCK_ENABLED;
	struct kvm_vcpu *vcpu = &v->vcpu;

	page->version = (v->pvclock.version | 1) + 2;
	if (guest_write(vcpu, gpa, &page->version, sizeof(page->version)))
		return;
	smp_wmb();
	guest_write(vcpu, gpa + sizeof(page->version), &page->pad0,
		    sizeof(*page) - sizeof(page->version));
	smp_wmb();
	page->version++;
	guest_write(vcpu, gpa, &page->version, sizeof(page->version));
	v->pvclock.version = page->version;
	trace_kvm_pvclock_update(vcpu->id, page);
}

/* A vCPU without a page denies what others' pages say of all; it lets nothing be said again. */
static void stable_deny(struct x86_vcpu *v)
{
	struct x86_vm_clock *c = &to_x86_vm(v->vcpu.kvm)->clock;
	bool denied;

	spin_lock(&c->lock);
	denied = c->stable && !page_flags(v);
	if (denied)
		c->stable = false;
	spin_unlock(&c->lock);
	if (denied)
		request_all(v->vcpu.kvm, REQ_CLOCK);
}

void pvclock_update(struct x86_vcpu *v)
{
	struct x86_vm_clock *c = &to_x86_vm(v->vcpu.kvm)->clock;
	struct pvclock_vcpu_time_info page = { }, old;
	gpa_t gpa = v->pvclock.system_time & ~PVCLOCK_ENABLED;
	bool changed;

	v->pvclock.slept = host_slept();
	v->pvclock.cpu = v->vcpu.cpu;
	if (!(v->pvclock.system_time & PVCLOCK_ENABLED)) {
		stable_deny(v);
		return;
	}
	spin_lock(&c->lock);
	page_fill(v, c, &page);
	changed = c->stable != !!page.flags;
	c->stable = !!page.flags;
	spin_unlock(&c->lock);
	/* What this page says of all vCPUs, no other page may deny. */
	if (changed)
		request_all(v->vcpu.kvm, REQ_CLOCK);
	/* "Paused" is the guest's to clear, and the version goes on from its own. */
	if (!guest_read(&v->vcpu, gpa, &old, sizeof(old))) {
		page.flags |= old.flags & PVCLOCK_GUEST_STOPPED;
		v->pvclock.version = old.version;
	}
	if (v->pvclock.paused)
		page.flags |= PVCLOCK_GUEST_STOPPED;
	v->pvclock.paused = false;
	page_write(v, &page);
}

/* Is the guest's page present?  Nobody has aligned it: its padding at both ends, a byte each. */
static bool page_is_there(struct x86_vcpu *v)
{
	gpa_t gpa = v->pvclock.system_time & ~PVCLOCK_ENABLED;
	const u8 pad = 0;

	return !guest_poke(&v->vcpu, gpa + offsetof(struct pvclock_vcpu_time_info, pad0),
			   &pad, sizeof(pad)) &&
	       !guest_poke(&v->vcpu, gpa + offsetof(struct pvclock_vcpu_time_info, pad[1]),
			   &pad, sizeof(pad));
}

/* Not where the page is away: this thread may be the one that is to bring it. */
void pvclock_publish(struct x86_vcpu *v)
{
	u16 as_id;
	int idx;

	if (!(v->pvclock.system_time & PVCLOCK_ENABLED))
		return;
	as_id = guest_os_begin(&v->vcpu);
	idx = srcu_read_lock(&v->vcpu.kvm->srcu);
	if (page_is_there(v))
		pvclock_update(v);
	srcu_read_unlock(&v->vcpu.kvm->srcu, idx);
	guest_os_end(&v->vcpu, as_id);
}

/* Who runs does so by himself before he comes to the guest again. */
static void pages_publish(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	int i;

	vcpu_for_each(i, vcpu, kvm) {
		if (!mutex_trylock(&vcpu->mutex))
			continue;
		pvclock_publish(to_x86_vcpu(vcpu));
		mutex_unlock(&vcpu->mutex);
	}
}

void pvclock_ref(struct x86_vcpu *v, struct pvclock_ref *ref)
{
	struct x86_vm_clock *c = &to_x86_vm(v->vcpu.kvm)->clock;

	spin_lock(&c->lock);
	clock_refresh(c);
	ref->tsc = tsc_of_host(v, c->tsc_ref);
	ref->ns = c->ns_ref;
	ref->stable = page_flags(v) & PVCLOCK_TSC_STABLE_BIT;
	spin_unlock(&c->lock);
}

u64 pvclock_now(struct kvm *kvm)
{
	struct x86_vm_clock *c = &to_x86_vm(kvm)->clock;
	u64 ns;

	spin_lock(&c->lock);
	ns = clock_at(c, tsc_host_awake());
	spin_unlock(&c->lock);
	return ns;
}

void pvclock_vcpu_moved(struct x86_vcpu *v, int cpu)
{
	if (v->pvclock.slept != host_slept() ||
	    (v->pvclock.cpu != cpu && !clock_is_stable()))
		request_set(&v->vcpu, REQ_CLOCK);
}

/* ------------------------------------------------------------------------ */
/* The time of day when the clock was 0, written once. */

static void wall_write(struct x86_vcpu *v, gpa_t gpa)
{
	struct x86_vm_clock *c = &to_x86_vm(v->vcpu.kvm)->clock;
	struct pvclock_wall_clock wall;
	u64 ns;

	if (guest_read(&v->vcpu, gpa, &wall, sizeof(wall)))
		return;
	spin_lock(&c->lock);
	ns = ktime_get_real_ns() - clock_at(c, tsc_host_awake());
	spin_unlock(&c->lock);
	wall.version = (wall.version | 1) + 2;
	guest_write(&v->vcpu, gpa, &wall.version, sizeof(wall.version));
	smp_wmb();
	wall.sec = div_u64_rem(ns, NSEC_PER_SEC, &wall.nsec);
	guest_write(&v->vcpu, gpa, &wall, sizeof(wall));
	smp_wmb();
	wall.version++;
	guest_write(&v->vcpu, gpa, &wall.version, sizeof(wall.version));
}

/* ------------------------------------------------------------------------ */
/* KVM_HC_CLOCK_PAIRING: the time of day, and the TSC at the same moment. */

u64 pvclock_pair(struct x86_vcpu *v, gpa_t gpa, u64 clock)
{
	struct kvm_clock_pairing pair = { };
	struct timespec64 now;
	unsigned long flags;

	if (clock != KVM_CLOCK_PAIRING_WALLCLOCK || !clock_is_stable())
		return -KVM_EOPNOTSUPP;
	local_irq_save(flags);
	pair.tsc = tsc_of_host(v, tsc_host_awake());
	ktime_get_real_ts64(&now);
	local_irq_restore(flags);
	pair.sec = now.tv_sec;
	pair.nsec = now.tv_nsec;
	return guest_write(&v->vcpu, gpa, &pair, sizeof(pair)) ? -KVM_EFAULT : 0;
}

/* ------------------------------------------------------------------------ */
/* MSRs: the old and the new numbers are the same registers. */

static bool is_wall(u32 index)
{
	return index == MSR_KVM_WALL_CLOCK || index == MSR_KVM_WALL_CLOCK_NEW;
}

static bool pvclock_is_offered(const struct x86_vcpu *v, u32 index)
{
	bool old = index == MSR_KVM_WALL_CLOCK || index == MSR_KVM_SYSTEM_TIME;

	return pv_has(v, old ? KVM_FEATURE_CLOCKSOURCE :
			       KVM_FEATURE_CLOCKSOURCE2);
}

/* One for all vCPUs (msr.rst). */
static u64 *wall_of(struct x86_vcpu *v)
{
	return &to_x86_vm(v->vcpu.kvm)->clock.wall;
}

int pvclock_msr_get(struct x86_vcpu *v, struct msr_access *a)
{
	if (!a->host && !pvclock_is_offered(v, a->index))
		return -ENOENT;
	a->data = is_wall(a->index) ? READ_ONCE(*wall_of(v)) :
				      v->pvclock.system_time;
	return 0;
}

int pvclock_msr_set(struct x86_vcpu *v, struct msr_access *a)
{
	if (!a->host && !pvclock_is_offered(v, a->index))
		return -ENOENT;
	if (is_wall(a->index)) {
		WRITE_ONCE(*wall_of(v), a->data);
		if (!a->host)
			wall_write(v, a->data);
		return 0;
	}
	v->pvclock.system_time = a->data;
	if (a->data & PVCLOCK_ENABLED)
		request_set(&v->vcpu, REQ_CLOCK);
	return 0;
}

/* ------------------------------------------------------------------------ */
/* Userspace's view (api.rst 4.29, 4.30, 4.70). */

long pvclock_ioctl_get(void *obj, void *data, unsigned long arg)
{
	struct x86_vm_clock *c = &to_x86_vm(obj)->clock;
	struct kvm_clock_data *clock = data;
	unsigned long flags;

	*clock = (struct kvm_clock_data){ };
	spin_lock(&c->lock);
	/* The three are of one moment. */
	local_irq_save(flags);
	clock->host_tsc = rdtsc();
	clock->realtime = ktime_get_real_ns();
	clock->clock = clock_at(c, tsc_host_awake_at(clock->host_tsc));
	local_irq_restore(flags);
	spin_unlock(&c->lock);
	if (clock_is_stable())
		clock->flags = KVM_CLOCK_TSC_STABLE | KVM_CLOCK_REALTIME |
			       KVM_CLOCK_HOST_TSC;
	else
		clock->host_tsc = clock->realtime = 0;
	return 0;
}

long pvclock_ioctl_set(void *obj, void *data, unsigned long arg)
{
	struct x86_vm_clock *c = &to_x86_vm(obj)->clock;
	const struct kvm_clock_data *clock = data;
	u64 ns = clock->clock, real;

	if (clock->flags & ~(u32)(KVM_CLOCK_TSC_STABLE | KVM_CLOCK_REALTIME |
				  KVM_CLOCK_HOST_TSC))
		return -EINVAL;
	spin_lock(&c->lock);
	real = ktime_get_real_ns();
	/* A real time that is yet to come is none (api.rst 4.30). */
	if ((clock->flags & KVM_CLOCK_REALTIME) && real > clock->realtime)
		ns += real - clock->realtime;
	clock_start(c, tsc_host_awake(), ns);
	spin_unlock(&c->lock);
	/* Nobody goes on with the old clock. */
	request_all(obj, REQ_CLOCK);
	pages_publish(obj);
	return 0;
}

long pvclock_ioctl_paused(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);

	if (!(v->pvclock.system_time & PVCLOCK_ENABLED))
		return -EINVAL;
	v->pvclock.paused = true;
	request_set(&v->vcpu, REQ_CLOCK);
	return 0;
}
