// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's time-stamp counter: see tsc.h for what userspace's writes mean.
 *
 * IA32_TSC and IA32_TSC_ADJUST move together when the guest writes one of them
 * (SDM vol. 3, 18.17.3); userspace, which restores both, sets each by itself,
 * IA32_TSC_ADJUST first.
 *
 * Bases count from the host's counter as it would be if no suspend had ever
 * restarted it; offsets, in struct x86_state, from what the hardware has now.  Both
 * are in the guest's clocks, and what suspends took in the host's.
 */
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/uaccess.h>

#include <asm/msr.h>

#include "compat/kernel.h"
#include "core/run_state.h"
#include "core/vm.h"
#include "irq/irq_env.h"
#include "irq/lapic_timer.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/pvclock.h"
#include "x86/cpu/tsc.h"
#include "x86/vcpu/nested.h"
#include "x86/vcpu/trace.h"
#include "x86/vcpu/tsc_ratio.h"
#include "x86/vcpu/vendor.h"

/* Two measurements of the same crystal: what KVM_SET_TSC_KHZ calls equal. */
#define TOLERANCE_PPM	250

/* struct x86_vm_clock has 31 bits; and what no processor will have soon. */
#define RATE_MAX	S32_MAX

/* ------------------------------------------------------------------------ */
/* Suspend may restart the host's counter. */

/*
 * Cycles that suspends have taken back, and those that the counter has run during them;
 * both change while no task runs.
 */
u64 tsc_host_lost;
static u64 host_asleep;
static u64 host_suspended_at;

static int host_suspend(SYSCORE_DATA)
{
	host_suspended_at = rdtsc();
	return 0;
}

static void host_resume(SYSCORE_DATA)
{
	u64 now = rdtsc();

	if (now < host_suspended_at)
		tsc_host_lost += host_suspended_at - now;
	else
		host_asleep += now - host_suspended_at;
}

static struct syscore_ops host_syscore_ops = {
	.suspend = host_suspend,
	.resume = host_resume,
};

static struct syscore host_syscore = {
	.ops = &host_syscore_ops,
};

int module_step_tsc_up(void *unused)
{
	register_syscore(&host_syscore);
	return 0;
}

void module_step_tsc_down(void *unused)
{
	unregister_syscore(&host_syscore);
}

static u64 host_now(void)
{
	return rdtsc() + tsc_host_lost;
}

u64 tsc_host_awake_at(u64 tsc)
{
	return tsc + tsc_host_lost - host_asleep;
}

u64 tsc_host_left_out(void)
{
	return tsc_host_lost + host_asleep;
}

u64 tsc_host_awake(void)
{
	return tsc_host_awake_at(rdtsc_ordered());
}

/* A rate that userspace has named; 0 is the host's.  0: the hardware does not have it. */
static u32 rate_find(unsigned long told)
{
	u32 host = x86_caps->tsc_khz;
	u64 slack = div_u64((u64)host * TOLERANCE_PPM, 1000000);

	if (!told || (told >= host - slack && told <= host + slack))
		return host;
	return told <= RATE_MAX && x86_caps->tsc_frac_bits &&
	       tsc_ratio(told, host, x86_caps->tsc_frac_bits, x86_caps->tsc_ratio_max) ?
	       told : 0;
}

/* Of a rate that there is. */
static u64 ratio_of(u32 khz)
{
	u32 host = x86_caps->tsc_khz;

	if (likely(khz == host))
		return tsc_ratio_one();
	return tsc_ratio(khz, host, x86_caps->tsc_frac_bits, x86_caps->tsc_ratio_max);
}

u64 tsc_clocks(u32 khz, u64 from, u64 to)
{
	u64 ratio = ratio_of(khz);

	if (likely(ratio == tsc_ratio_one()))
		return to - from;
	return tsc_scale(to + host_asleep, ratio, x86_caps->tsc_frac_bits) -
	       tsc_scale(from + host_asleep, ratio, x86_caps->tsc_frac_bits);
}

/* The guest's clocks in so many of the host's. */
static u64 guest_clocks(const struct x86_vcpu *v, u64 host)
{
	u64 ratio = READ_ONCE(v->state.tsc_ratio);

	if (likely(ratio == tsc_ratio_one()))
		return host;
	return tsc_scale(host, ratio, x86_caps->tsc_frac_bits);
}

/* The LAPIC's timer reads it from anywhere: tsc_read(). */
static void offset_set(struct x86_vcpu *v, u64 offset)
{
	WRITE_ONCE(state_set(v, GRP_TSC)->tsc_offset, offset);
}

void tsc_catch_up(struct x86_vcpu *v)
{
	u64 lost = tsc_host_lost, offset;

	if (v->tsc.lost == lost)
		return;
	offset = state_get(v, GRP_TSC)->tsc_offset - guest_clocks(v, v->tsc.lost);
	v->tsc.lost = lost;
	offset_set(v, offset + guest_clocks(v, lost));
	/* It may have expired since the host woke, and was set by the old offset. */
	if (apic_in_kernel(v))
		lapic_timer_rearm(&v->apic.lapic);
}

/* ------------------------------------------------------------------------ */
/* Base and offset. */

int vm_step_tsc_up(void *obj)
{
	struct x86_vm *vm = to_x86_vm(obj);

	spin_lock_init(&vm->tsc.lock);
	/* The counter starts at 0 (SDM vol. 3, table 10-1). */
	vm->tsc.base = -host_now();
	vm->tsc.first = TSC_NOBODY;
	vm->tsc.khz = vm->tsc.base_khz = x86_caps->tsc_khz;
	return 0;
}

u64 tsc_read(const struct x86_vcpu *v)
{
	return guest_clocks(v, rdtsc()) + READ_ONCE(v->state.tsc_offset);
}

u64 tsc_read_running(const struct x86_vcpu *v)
{
	u64 tsc = tsc_read(v);

	return nested_l2_runs(v) ? nested_ops->tsc(v, tsc) : tsc;
}

u64 tsc_host_at(const struct x86_vcpu *v, u64 tsc)
{
	u64 now, left;

	if (likely(v->state.tsc_ratio == tsc_ratio_one()))
		return tsc - v->state.tsc_offset;
	now = rdtsc();
	left = tsc - guest_clocks(v, now) - v->state.tsc_offset;
	if ((s64)left <= 0)
		return now;
	return now + tsc_unscale(left, v->state.tsc_ratio, x86_caps->tsc_frac_bits);
}

/*
 * A deadline is a value of the guest's counter, and kvmclock is read from it: by others, too,
 * where the vCPU itself has no page.
 * @own: nested_ops.tsc_moved()
 */
static void tsc_moved(struct x86_vcpu *v, u64 own)
{
	if (apic_in_kernel(v))
		lapic_timer_rearm(&v->apic.lapic);
	if (nested_l2_runs(v))
		nested_ops->tsc_moved(v, own);
	request_set(&v->vcpu, REQ_CLOCK);
}

/* Its distance from the host's counter, however much of a suspend it has caught up with. */
static u64 distance_of(const struct x86_vcpu *v)
{
	return READ_ONCE(v->state.tsc_offset) - guest_clocks(v, READ_ONCE(v->tsc.lost));
}

u64 tsc_of_host(const struct x86_vcpu *v, u64 awake)
{
	return guest_clocks(v, awake + host_asleep) + distance_of(v);
}

bool tsc_vcpus_agree(struct x86_vcpu *v)
{
	struct kvm_vcpu *vcpu;
	int i;

	vcpu_for_each(i, vcpu, v->vcpu.kvm) {
		const struct x86_vcpu *other = to_x86_vcpu(vcpu);

		if (distance_of(other) != distance_of(v) ||
		    READ_ONCE(other->tsc.khz) != v->tsc.khz)
			return false;
	}
	return true;
}

/* The vCPU's own distance from the host's counter, but for the guest's changes. */
static u64 base_of(struct x86_vcpu *v)
{
	tsc_catch_up(v);
	return distance_of(v) - v->tsc.adjust;
}

static void base_set(struct x86_vcpu *v, u64 base)
{
	u64 next;

	tsc_catch_up(v);
	next = base + guest_clocks(v, v->tsc.lost) + v->tsc.adjust;
	trace_kvm_write_tsc_offset(v->vcpu.id, state_get(v, GRP_TSC)->tsc_offset, next);
	offset_set(v, next);
	tsc_moved(v, 0);
}

static u64 tsc_now(struct x86_vcpu *v)
{
	tsc_catch_up(v);
	return tsc_read(v);
}

static void tsc_move(struct x86_vcpu *v, u64 delta)
{
	offset_set(v, state_get(v, GRP_TSC)->tsc_offset + delta);
	tsc_moved(v, delta);
}

/* Under the lock: the VM's base, at the vCPU's rate. */
static u64 base_at(const struct x86_vm_tsc *t, u32 khz)
{
	return likely(khz == t->base_khz) ? t->base :
					    tsc_offset_at(t->base, t->base_khz, khz);
}

/* A timer that goes by the counter may not look while it is half changed. */
static void rate_set(struct x86_vcpu *v, u32 khz)
{
	if (apic_in_kernel(v) && lapic_deadline(&v->apic.lapic))
		irq_env_timer_cancel(&v->apic.lapic);
	WRITE_ONCE(state_set(v, GRP_TSC)->tsc_ratio, ratio_of(khz));
	WRITE_ONCE(v->tsc.khz, khz);
}

void tsc_vcpu_reset(struct x86_vcpu *v)
{
	struct x86_vm_tsc *t = &to_x86_vm(v->vcpu.kvm)->tsc;

	v->tsc.lost = tsc_host_lost;
	v->tsc.told_khz = READ_ONCE(t->khz);
	rate_set(v, rate_find(v->tsc.told_khz));
	spin_lock(&t->lock);
	base_set(v, base_at(t, v->tsc.khz));
	spin_unlock(&t->lock);
	pvclock_rate_set(v);
}

/* Its counter is the VM's still, or is as far from it as it was. */
static void rate_change(struct x86_vcpu *v, u32 khz)
{
	struct x86_vm_tsc *t = &to_x86_vm(v->vcpu.kvm)->tsc;
	u64 base = base_of(v);
	u32 old = v->tsc.khz;

	if (khz == old)
		return;
	spin_lock(&t->lock);
	base = base == base_at(t, old) ? base_at(t, khz) : tsc_offset_at(base, old, khz);
	spin_unlock(&t->lock);
	rate_set(v, khz);
	base_set(v, base);
	pvclock_rate_set(v);
}

static bool within_a_second(const struct x86_vcpu *v, u64 a, u64 b)
{
	u64 diff = min(a - b, b - a);

	return diff < v->tsc.khz * 1000ull;
}

/* Under the lock: does @base mean the VM's? */
static bool base_matches(const struct x86_vm_tsc *t, const struct x86_vcpu *v,
			 u64 base)
{
	bool again = t->first == v->vcpu.id && !v->has_run;

	return t->first != TSC_NOBODY && !again &&
	       within_a_second(v, base, base_at(t, v->tsc.khz));
}

/* How a base that userspace gives is understood. */
enum base_mode { BASE_MATCHED, BASE_POWER_UP, BASE_EXACT };

static void base_join(struct x86_vcpu *v, u64 base, enum base_mode mode)
{
	struct x86_vm_tsc *t = &to_x86_vm(v->vcpu.kvm)->tsc;
	u32 khz = v->tsc.khz;

	spin_lock(&t->lock);
	if (mode == BASE_POWER_UP ||
	    (mode == BASE_MATCHED && base_matches(t, v, base)))
		base = base_at(t, khz);
	if (base_at(t, khz) != base) {
		t->base = base;
		t->base_khz = khz;
		t->first = v->vcpu.id;
	}
	spin_unlock(&t->lock);
	base_set(v, base);
}

/* ------------------------------------------------------------------------ */
/* MSRs. */

int tsc_msr_get(struct x86_vcpu *v, struct msr_access *a)
{
	tsc_catch_up(v);
	a->data = a->host ? tsc_read(v) : tsc_read_running(v);
	return 0;
}

int tsc_msr_set(struct x86_vcpu *v, struct msr_access *a)
{
	u64 delta = a->data - tsc_now(v);

	if (a->host) {
		base_join(v, base_of(v) + delta, a->data || v->has_run ?
			  BASE_MATCHED : BASE_POWER_UP);
		return 0;
	}
	tsc_move(v, delta);
	v->tsc.adjust += delta;
	return 0;
}

int tsc_adjust_get(struct x86_vcpu *v, struct msr_access *a)
{
	a->data = v->tsc.adjust;
	return 0;
}

int tsc_adjust_set(struct x86_vcpu *v, struct msr_access *a)
{
	if (!a->host)
		tsc_move(v, a->data - v->tsc.adjust);
	v->tsc.adjust = a->data;
	return 0;
}

/* ------------------------------------------------------------------------ */
/* ioctls. */

/*
 * On a host with an unstable TSC too, as Linux's KVM does in spite of api.rst 4.56: VMMs
 * take an error for the end.
 */
long tsc_ioctl_get_khz(void *obj, void *data, unsigned long arg)
{
	return to_x86_vcpu(obj)->tsc.told_khz;
}

long tsc_ioctl_get_vm_khz(void *obj, void *data, unsigned long arg)
{
	return READ_ONCE(to_x86_vm(obj)->tsc.khz);
}

long tsc_ioctl_set_khz(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);
	u32 khz = rate_find(arg);

	if (!khz)
		return -EINVAL;
	v->tsc.told_khz = arg ?: khz;
	rate_change(v, khz);
	pvclock_publish(v);
	return 0;
}

long tsc_ioctl_set_vm_khz(void *obj, void *data, unsigned long arg)
{
	u32 khz = rate_find(arg);

	if (!khz)
		return -EINVAL;
	WRITE_ONCE(to_x86_vm(obj)->tsc.khz, arg ?: khz);
	return 0;
}

static long attr_check(const struct kvm_device_attr *attr)
{
	if (attr->group != KVM_VCPU_TSC_CTRL ||
	    attr->attr != KVM_VCPU_TSC_OFFSET)
		return -ENXIO;
	return attr->flags ? -EINVAL : 0;
}

long vcpu_ioctl_has_attr(void *obj, void *data, unsigned long arg)
{
	return attr_check(data);
}

long vcpu_ioctl_get_attr(void *obj, void *data, unsigned long arg)
{
	const struct kvm_device_attr *attr = data;
	struct x86_vcpu *v = to_x86_vcpu(obj);
	long err = attr_check(attr);

	if (err)
		return err;
	tsc_catch_up(v);
	return put_user(state_get(v, GRP_TSC)->tsc_offset,
			(u64 __user *)attr->addr);
}

long vcpu_ioctl_set_attr(void *obj, void *data, unsigned long arg)
{
	const struct kvm_device_attr *attr = data;
	struct x86_vcpu *v = to_x86_vcpu(obj);
	long err = attr_check(attr);
	u64 offset;

	if (err)
		return err;
	if (get_user(offset, (u64 __user *)attr->addr))
		return -EFAULT;
	tsc_catch_up(v);
	base_join(v, offset - guest_clocks(v, v->tsc.lost) - v->tsc.adjust, BASE_EXACT);
	pvclock_publish(v);
	return 0;
}
