// SPDX-License-Identifier: GPL-2.0-only
#include <linux/string.h>

#include <asm/cpufeatures.h>

#include "core/guestmem.h"
#include "core/run_state.h"
#include "irq/lapic_hw.h"
#include "x86/cpu/apic.h"
#include "x86/cpu/caps.h"
#include "x86/cpu/cpuid.h"
#include "x86/vcpu/interrupt.h"
#include "x86/vcpu/pveoi.h"
#include "x86/vcpu/trace.h"
#include "x86/vcpu/vendor.h"

static enum hrtimer_restart apic_timer_expired(struct hrtimer *timer)
{
	struct x86_apic *apic = container_of(timer, struct x86_apic, timer);

	/* It arms itself again where it is periodic. */
	lapic_timer_expired(&apic->lapic);
	return HRTIMER_NORESTART;
}

int vcpu_step_apic_up(void *obj)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);
	struct irq_vm *irq = &to_x86_vm(v->vcpu.kvm)->irq;

	if (irq->chips == IRQ_CHIPS_NONE)
		return 0;
	hrtimer_init(&v->apic.timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	v->apic.timer.function = apic_timer_expired;
	v->apic.lapic.lint0_reenabled =
		quirk_is_on(v, KVM_X86_QUIRK_LINT0_REENABLED);
	if (x86_caps->apicv)
		lapic_hw_share(&v->apic.lapic);
	return lapic_create(&v->apic.lapic, irq, v->vcpu.id);
}

void vcpu_step_apic_down(void *obj)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);

	if (!apic_in_kernel(v))
		return;
	hrtimer_cancel(&v->apic.timer);
	lapic_destroy(&v->apic.lapic);
}

int vcpu_step_apic_map_up(void *obj)
{
	struct x86_vcpu *v = to_x86_vcpu(obj);

	if (apic_in_kernel(v))
		lapic_publish(&v->apic.lapic);
	return 0;
}

bool apic_base_is_valid(const struct x86_vcpu *v, u64 data)
{
	u64 bits = APIC_BASE_BSP | APIC_BASE_ENABLE;

	if (cpuid_has(v, X86_FEATURE_X2APIC))
		bits |= APIC_BASE_X2APIC;
	if ((data & (APIC_BASE_X2APIC | APIC_BASE_ENABLE)) == APIC_BASE_X2APIC)
		return false;
	bits |= GENMASK_ULL(v->cpuid.maxphyaddr - 1, 12);
	return !(data & ~bits);
}

/* Whether the PICs reach the processor may have changed. */
static void extint_recheck(struct x86_vcpu *v)
{
	/* LINT0, then the PICs' INTR; irq_env_pic_output() has the other half. */
	smp_mb();
	v->events.irq_check = true;
}

/* TPR has changed, and maybe whether the PICs' INTR reaches the processor. */
static void apic_changed(struct x86_vcpu *v)
{
	state_set(v, GRP_CR8)->cr8 = lapic_tpr(&v->apic.lapic) >> 4;
	extint_recheck(v);
}

/* Where the processor finds the page: apic_access_update(). */
static void base_changed(struct x86_vcpu *v)
{
	apic_page_moved(v);
	request_set(&v->vcpu, REQ_POLICY);
	apic_changed(v);
}

void apic_base_load(struct x86_vcpu *v, u64 data)
{
	if (!apic_in_kernel(v)) {
		v->msrs.apic_base = data;
		return;
	}
	pveoi_withdraw(v);
	lapic_base_set(&v->apic.lapic, data, true);
	base_changed(v);
}

void apic_cpuid_update(struct x86_vcpu *v)
{
	const struct irq_vm *irq = &to_x86_vm(v->vcpu.kvm)->irq;
	const struct lapic_features f = {
		.x2apic = cpuid_has(v, X86_FEATURE_X2APIC),
		.tsc_deadline = cpuid_has(v, X86_FEATURE_TSC_DEADLINE_TIMER),
		.eoi_suppress = irq->chips == IRQ_CHIPS_SPLIT,
		.maxphyaddr = v->cpuid.maxphyaddr,
	};

	if (apic_in_kernel(v))
		lapic_features_set(&v->apic.lapic, &f);
}

void apic_tpr_set(struct x86_vcpu *v, u8 cr8)
{
	state_set(v, GRP_CR8)->cr8 = cr8;
	if (!apic_in_kernel(v))
		return;
	lapic_tpr_set(&v->apic.lapic, cr8 << 4);
	interrupt_recheck(v);
}

void apic_tpr_load(struct x86_vcpu *v, u8 tpr)
{
	lapic_tpr_set(&v->apic.lapic, tpr);
	apic_changed(v);
}

/* ------------------------------------------------------------------------ */
/* Registers. */

/* CR8 counts for these two only; the others are not worth fetching it. */
static void reg_read_prepare(struct x86_vcpu *v, u32 offset)
{
	if (unlikely(offset == APIC_REG_TPR || offset == APIC_REG_PPR))
		interrupt_tpr_sync(v);
	else
		pveoi_look(v);
}

/* An EOI through memory that the guest has given is not for the one that it now means. */
static void reg_write_prepare(struct x86_vcpu *v, u32 offset)
{
	if (offset == APIC_REG_EOI)
		pveoi_withdraw(v);
}

void apicv_recheck(struct x86_vcpu *v)
{
	if (x86_caps->apicv)
		request_set(&v->vcpu, REQ_POLICY);
}

static void reg_written(struct x86_vcpu *v, u32 offset)
{
	if (unlikely(offset == APIC_REG_SVR))
		apicv_recheck(v);
	if (unlikely(offset == APIC_REG_LVT_LINT0 || offset == APIC_REG_SVR))
		extint_recheck(v);
	else if (unlikely(offset == APIC_REG_TPR))
		apic_changed(v);
	else
		interrupt_recheck(v);
}

u32 apic_reg_get(struct x86_vcpu *v, u32 reg)
{
	reg_read_prepare(v, reg);
	return lapic_read(&v->apic.lapic, reg);
}

void apic_reg_set(struct x86_vcpu *v, u32 reg, u32 value)
{
	reg_write_prepare(v, reg);
	lapic_write(&v->apic.lapic, reg, value);
	reg_written(v, reg);
}

void apic_reg_written(struct x86_vcpu *v, u32 reg)
{
	struct lapic *a = &v->apic.lapic;

	trace_kvm_apic(TRACE_WRITE, reg, a->regs[reg / 4]);
	lapic_hw_written(a, reg);
	reg_written(v, reg);
}

int apic_icr_set(struct x86_vcpu *v, u64 value)
{
	struct lapic *a = &v->apic.lapic;

	if (lapic_is_x2apic(a))
		return lapic_msr_write(a, APIC_MSR_FIRST + APIC_REG_ICR / 0x10, value);
	lapic_write(a, APIC_REG_ICR2, value >> 32);
	lapic_write(a, APIC_REG_ICR, value);
	return 0;
}

/* ------------------------------------------------------------------------ */
/* The page. */

static void tpr_report(struct x86_vcpu *v, gpa_t gpa, bool write)
{
	if (likely(!v->apic.tpr_reports) || (gpa & 0xfff) != APIC_REG_TPR)
		return;
	v->apic.tpr_access_rip = state_get(v, GRP_RIP)->rip;
	v->apic.tpr_access_write = write;
	request_set(&v->vcpu, REQ_TPR_ACCESS);
}

static u32 page_reg(struct x86_vcpu *v, u32 offset)
{
	u32 value;

	if (offset & 0xc)
		return 0;
	reg_read_prepare(v, offset);
	value = lapic_read(&v->apic.lapic, offset);
	trace_kvm_apic(TRACE_READ, offset, value);
	return value;
}

/* What is no whole register. */
static noinline void page_read_bytes(struct x86_vcpu *v, u32 offset, void *buf,
				     unsigned int len)
{
	unsigned int n;
	u32 reg;

	for (; len; len -= n, offset += n, buf += n) {
		n = min(len, 4 - offset % 4);
		reg = page_reg(v, offset & ~3u);
		memcpy(buf, (u8 *)&reg + offset % 4, n);
	}
}

void apic_page_read(struct x86_vcpu *v, gpa_t gpa, void *buf, unsigned int len)
{
	u32 offset = gpa & 0xfff;

	if (unlikely(!lapic_is_xapic(&v->apic.lapic))) {
		memset(buf, 0xff, len);
		return;
	}
	tpr_report(v, gpa, false);
	if (likely(len == sizeof(u32) && !(offset & 3)))
		*(u32 *)buf = page_reg(v, offset);
	else
		page_read_bytes(v, offset, buf, len);
}

void apic_page_write(struct x86_vcpu *v, gpa_t gpa, const void *buf,
		     unsigned int len)
{
	u32 value;

	if ((gpa & 0xf) || len < sizeof(value) ||
	    !lapic_is_xapic(&v->apic.lapic))
		return;
	memcpy(&value, buf, sizeof(value));
	trace_kvm_apic(TRACE_WRITE, gpa & 0xfff, value);
	tpr_report(v, gpa, true);
	reg_write_prepare(v, gpa & 0xfff);
	lapic_write(&v->apic.lapic, gpa & 0xfff, value);
	reg_written(v, gpa & 0xfff);
}

/* The generation, then the slots: whoever changes them does it the other way round. */
bool apic_page_look(struct x86_vcpu *v)
{
	u64 gen = smp_load_acquire(&v->vcpu.kvm->mmu.mmio_gen);

	if (guest_slot(&v->vcpu, v->apic.lapic.base >> PAGE_SHIFT))
		return false;
	v->apic.page_gen = gen;
	return true;
}

/* ------------------------------------------------------------------------ */
/* MSRs. */

int apic_base_get(struct x86_vcpu *v, struct msr_access *a)
{
	a->data = apic_base(v);
	return 0;
}

int apic_base_set(struct x86_vcpu *v, struct msr_access *a)
{
	if (!apic_base_is_valid(v, a->data))
		return -EINVAL;
	if (a->host || !apic_in_kernel(v)) {
		apic_base_load(v, a->data);
		return 0;
	}
	interrupt_tpr_sync(v);
	pveoi_withdraw(v);
	if (lapic_base_set(&v->apic.lapic, a->data, false))
		return -EINVAL;
	base_changed(v);
	return 0;
}

/* The offset in the page of an x2APIC register (SDM vol. 3, 11.12.1.2). */
static u32 msr_reg(const struct msr_access *a)
{
	return (a->index - APIC_MSR_FIRST) * 0x10;
}

int apic_msr_get(struct x86_vcpu *v, struct msr_access *a)
{
	int err;

	if (!apic_in_kernel(v))
		return -ENOENT;
	reg_read_prepare(v, msr_reg(a));
	err = lapic_msr_read(&v->apic.lapic, a->index, &a->data);
	if (!err)
		trace_kvm_apic(TRACE_READ, msr_reg(a), a->data);
	return err;
}

int apic_msr_set(struct x86_vcpu *v, struct msr_access *a)
{
	int err;

	if (!apic_in_kernel(v))
		return -ENOENT;
	reg_write_prepare(v, msr_reg(a));
	trace_kvm_apic(TRACE_WRITE, msr_reg(a), a->data);
	err = lapic_msr_write(&v->apic.lapic, a->index, a->data);
	if (!err)
		reg_written(v, msr_reg(a));
	return err;
}

static bool has_deadline(const struct x86_vcpu *v, const struct msr_access *a)
{
	return apic_in_kernel(v) &&
	       (a->host || v->apic.lapic.features.tsc_deadline);
}

int apic_deadline_get(struct x86_vcpu *v, struct msr_access *a)
{
	a->data = apic_in_kernel(v) ? lapic_deadline(&v->apic.lapic) : 0;
	return a->host || has_deadline(v, a) ? 0 : -ENOENT;
}

/* Userspace may write back the 0 that it has read where there is none. */
int apic_deadline_set(struct x86_vcpu *v, struct msr_access *a)
{
	if (!has_deadline(v, a))
		return a->host && !a->data ? 0 : -ENOENT;
	lapic_deadline_set(&v->apic.lapic, a->data);
	interrupt_recheck(v);
	return 0;
}
