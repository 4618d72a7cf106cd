// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's time-stamp counter: see tsc.h for what userspace's writes mean.
 *
 * IA32_TSC and IA32_TSC_ADJUST move together when the guest writes one of them
 * (SDM vol. 3, 18.17.3); userspace, which restores both, sets each by itself,
 * IA32_TSC_ADJUST first.
 *
 * Bases count from the host's counter as it would be if no suspend had ever
 * restarted it; offsets, in struct x86_state, from what the hardware has now.
 */
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/uaccess.h>

#include <asm/msr.h>

#include "compat/kernel.h"
#include "core/run_state.h"
#include "core/vm.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/tsc.h"
#include "x86/vcpu/trace.h"
#include "x86/vcpu/vendor.h"

/* Two measurements of the same crystal: what KVM_SET_TSC_KHZ calls equal. */
#define TOLERANCE_PPM	250

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

u64 tsc_host_awake(void)
{
	return tsc_host_awake_at(rdtsc_ordered());
}

/* The LAPIC's timer reads it from anywhere: tsc_read(). */
static void offset_set(struct x86_vcpu *v, u64 offset)
{
	WRITE_ONCE(state_set(v, GRP_TSC)->tsc_offset, offset);
}

void tsc_catch_up(struct x86_vcpu *v)
{
	u64 missed = tsc_host_lost - v->tsc.lost;

	if (!missed)
		return;
	v->tsc.lost += missed;
	offset_set(v, state_get(v, GRP_TSC)->tsc_offset + missed);
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
	return 0;
}

u64 tsc_read(const struct x86_vcpu *v)
{
	return rdtsc() + READ_ONCE(v->state.tsc_offset);
}

/* A deadline is a value of the guest's counter, and kvmclock is read from it. */
static void tsc_moved(struct x86_vcpu *v)
{
	if (apic_in_kernel(v))
		lapic_timer_rearm(&v->apic.lapic);
	if ((v->pvclock.system_time & PVCLOCK_ENABLED) || v->hv)
		request_set(&v->vcpu, REQ_CLOCK);
}

/* Its distance from the host's counter, however much of a suspend it has caught up with. */
static u64 distance_of(const struct x86_vcpu *v)
{
	return READ_ONCE(v->state.tsc_offset) - READ_ONCE(v->tsc.lost);
}

u64 tsc_of_host(const struct x86_vcpu *v, u64 awake)
{
	return awake + host_asleep + distance_of(v);
}

bool tsc_vcpus_agree(struct x86_vcpu *v)
{
	struct kvm_vcpu *other;
	int i;

	vcpu_for_each(i, other, v->vcpu.kvm)
		if (distance_of(to_x86_vcpu(other)) != distance_of(v))
			return false;
	return true;
}

/* The vCPU's own distance from the host's counter, but for the guest's changes. */
static u64 base_of(struct x86_vcpu *v)
{
	tsc_catch_up(v);
	return state_get(v, GRP_TSC)->tsc_offset - v->tsc.lost - v->tsc.adjust;
}

static void base_set(struct x86_vcpu *v, u64 base)
{
	u64 next;

	tsc_catch_up(v);
	next = base + v->tsc.lost + v->tsc.adjust;
	trace_kvm_write_tsc_offset(v->vcpu.id, state_get(v, GRP_TSC)->tsc_offset, next);
	offset_set(v, next);
	tsc_moved(v);
}

static u64 tsc_now(struct x86_vcpu *v)
{
	return host_now() + base_of(v) + v->tsc.adjust;
}

static void tsc_move(struct x86_vcpu *v, u64 delta)
{
	offset_set(v, state_get(v, GRP_TSC)->tsc_offset + delta);
	tsc_moved(v);
}

void tsc_vcpu_reset(struct x86_vcpu *v)
{
	struct x86_vm_tsc *t = &to_x86_vm(v->vcpu.kvm)->tsc;

	v->tsc.lost = tsc_host_lost;
	v->tsc.khz = x86_caps->tsc_khz;
	spin_lock(&t->lock);
	v->tsc.round = t->round;
	t->members++;
	base_set(v, t->base);
	spin_unlock(&t->lock);
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
	bool alone = v->tsc.round == t->round && t->members == 1;

	return !alone && within_a_second(v, base, t->base);
}

/* How a base that userspace gives is understood. */
enum base_mode { BASE_MATCHED, BASE_POWER_UP, BASE_EXACT };

static void base_join(struct x86_vcpu *v, u64 base, enum base_mode mode)
{
	struct x86_vm_tsc *t = &to_x86_vm(v->vcpu.kvm)->tsc;

	spin_lock(&t->lock);
	if (mode == BASE_POWER_UP ||
	    (mode == BASE_MATCHED && base_matches(t, v, base)))
		base = t->base;
	if (t->base != base) {
		t->base = base;
		t->round++;
		t->members = 0;
	}
	if (v->tsc.round != t->round) {
		v->tsc.round = t->round;
		t->members++;
	}
	spin_unlock(&t->lock);
	base_set(v, base);
}

/* ------------------------------------------------------------------------ */
/* MSRs. */

int tsc_msr_get(struct x86_vcpu *v, struct msr_access *a)
{
	a->data = tsc_now(v);
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
	return to_x86_vcpu(obj)->tsc.khz;
}

long tsc_ioctl_get_vm_khz(void *obj, void *data, unsigned long arg)
{
	return x86_caps->tsc_khz;
}

long tsc_ioctl_set_khz(void *obj, void *data, unsigned long arg)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);
	u32 host = x86_caps->tsc_khz;
	u64 slack = div_u64((u64)host * TOLERANCE_PPM, 1000000);

	if (arg && (arg < host - slack || arg > host + slack))
		return -EINVAL;
	v->tsc.khz = arg ?: host;
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
	base_join(v, offset - v->tsc.lost - v->tsc.adjust, BASE_EXACT);
	return 0;
}
