// SPDX-License-Identifier: GPL-2.0-only
/* What the interrupt controllers ask of the world: see irq/irq_env.h. */
#include <linux/hrtimer.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>

#include "core/irqfd.h"
#include "core/run_state.h"
#include "core/trace.h"
#include "core/vm.h"
#include "irq/ioapic.h"
#include "irq/irq_env.h"
#include "irq/lapic_irq.h"
#include "irq/pit.h"
#include "irq/route.h"
#include "x86/cpu/tsc.h"
#include "x86/hyperv/hv.h"
#include "x86/run/irqchip.h"
#include "x86/vcpu/trace.h"
#include "x86/vcpu/tsc_ratio.h"

/* In microseconds; what an unprivileged guest may ask of the host's timers. */
static unsigned int min_timer_period_us = 200;
module_param(min_timer_period_us, uint, 0644);
MODULE_PARM_DESC(min_timer_period_us, "shortest period of a guest's timer");

static struct x86_vm *vm_of(struct irq_vm *irq)
{
	return container_of(irq, struct x86_vm, irq);
}

u64 irq_env_now(void)
{
	return ktime_get_ns();
}

u64 irq_env_min_period(void)
{
	return READ_ONCE(min_timer_period_us) * (u64)NSEC_PER_USEC;
}

u32 irq_env_bus_ns(struct irq_vm *vm)
{
	return irqchip_of(vm)->bus_ns;
}

/* ------------------------------------------------------------------------ */
/* To a vCPU. */

/* The own thread looks before its next entry; INIT and SIPI take halt_collect(). */
void irq_env_notify(struct lapic *a)
{
	struct x86_vcpu *v = x86_vcpu_of_lapic(a);

	if (vcpu_is_own(&v->vcpu) && !atomic_read(&a->events))
		v->events.irq_check = true;
	else
		request_one(&v->vcpu, REQ_EVENT);
}

void irq_env_nmi(struct lapic *a)
{
	struct x86_vcpu *v = x86_vcpu_of_lapic(a);

	atomic_inc(&v->apic.nmis);
	request_one(&v->vcpu, REQ_NMI);
}

void irq_env_smi(struct lapic *a)
{
	request_one(&x86_vcpu_of_lapic(a)->vcpu, REQ_SMI);
}

u64 irq_env_guest_tsc(struct lapic *a)
{
	return tsc_read(x86_vcpu_of_lapic(a));
}

u64 irq_env_tsc_to_ns(struct lapic *a, u64 ticks)
{
	/* Centuries from now are never. */
	return tsc_mul_div(ticks, NSEC_PER_MSEC, x86_vcpu_of_lapic(a)->tsc.khz);
}

/* ------------------------------------------------------------------------ */
/* From a vCPU. */

void irq_env_eoi(struct lapic *a, u8 vector)
{
	struct x86_vcpu *v = x86_vcpu_of_lapic(a);

	if (unlikely(v->hv))
		hv_synic_eoi(v->hv, vector);
	if (a->vm->ioapic) {
		ioapic_eoi(a->vm->ioapic, vector);
	} else if (irqchip_user_waits(v, vector)) {
		v->apic.eoi_vector = vector;
		request_set(&v->vcpu, REQ_EOI);
	}
}

void irq_env_acked(struct irq_vm *irq, bool ioapic, unsigned int pin)
{
	int gsi = irq_gsi_of_pin(irq, ioapic, pin);
	struct pit *pit;

	trace_kvm_ack_irq(ioapic ? KVM_IRQCHIP_IOAPIC : pin / 8,
			  ioapic ? pin : pin % 8);
	if (gsi < 0)
		return;
	/* It may just be made; pairs with the release in pit_make(). */
	pit = gsi ? NULL : smp_load_acquire(&irq->pit);
	if (pit)
		pit_acked(pit);
	irqfd_acked(&vm_of(irq)->kvm, gsi);
}

/* ------------------------------------------------------------------------ */
/* To a VM. */

int irq_env_sint(struct irq_vm *irq, u32 index, u8 sint)
{
	struct kvm_vcpu *vcpu;
	int i;

	vcpu_for_each(i, vcpu, &vm_of(irq)->kvm)
		if (hv_vp_index(to_x86_vcpu(vcpu)) == index)
			return hv_synic_irq(to_x86_vcpu(vcpu), sint);
	return IRQ_REFUSED;
}

void irq_env_pic_output(struct irq_vm *irq, bool high)
{
	struct kvm_vcpu *vcpu;
	struct lapic *lapic;
	int i;

	if (!high)
		return;
	/* INTR, then LINT0; extint_recheck() has the other half. */
	smp_mb();
	vcpu_for_each(i, vcpu, &vm_of(irq)->kvm) {
		lapic = &to_x86_vcpu(vcpu)->apic.lapic;
		if (lapic_takes_extint(lapic))
			request_one(vcpu, REQ_EVENT);
		else
			lapic_lint0(lapic);
	}
}

void irq_env_pit_arm(struct irq_vm *irq, u64 when)
{
	hrtimer_start(&irqchip_of(irq)->pit_timer,
		      ns_to_ktime(min_t(u64, when, KTIME_MAX)),
		      HRTIMER_MODE_ABS_HARD);
}

void irq_env_pit_cancel(struct irq_vm *irq)
{
	hrtimer_try_to_cancel(&irqchip_of(irq)->pit_timer);
}

void irq_env_ioapic_delay(struct irq_vm *irq)
{
	schedule_delayed_work(&irqchip_of(irq)->ioapic_work,
			      msecs_to_jiffies(10));
}

/* ------------------------------------------------------------------------ */
/* Tracing. */

void irq_env_trace_eoi(const struct lapic *a, int vector)
{
	trace_kvm_eoi(a->id, vector);
}

void irq_env_trace_ipi(u32 icr, u32 dest)
{
	trace_kvm_apic_ipi(icr, dest);
}

void irq_env_trace_accept(const struct lapic *a, const struct irq_msg *msg)
{
	trace_kvm_apic_accept_irq(a->id, msg->mode, msg->level, msg->vector);
}

void irq_env_trace_msi(const struct irq_msi *msi)
{
	trace_kvm_msi_set_irq(msi->address, msi->data);
}

void irq_env_trace_ioapic(u64 entry, int pin, bool coalesced)
{
	trace_kvm_ioapic_set_irq(entry, pin, coalesced);
}

void irq_env_trace_pic(u8 chip, u8 pin, u8 elcr, u8 imr, bool coalesced)
{
	trace_kvm_pic_set_irq(chip, pin, elcr, imr, coalesced);
}
