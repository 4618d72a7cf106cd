/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the interrupt controllers ask of the world.  In the kernel x86/run/irq_env.c
 * answers; in the unit tests tests/unit/irq_env.c.
 *
 * "Any context" includes hard interrupts with spinning locks held.
 */
#ifndef LAMINA_IRQ_IRQ_ENV_H
#define LAMINA_IRQ_IRQ_ENV_H

#include <linux/tracepoint-defs.h>

#include "irq/types.h"

struct irq_vm;
struct lapic;

/** irq_env_now - the clock that timers are set by, in nanoseconds; any context */
u64 irq_env_now(void);

/**
 * irq_env_notify - something changed that the vCPU must look at before its next entry
 * @a: its LAPIC
 *
 * Any context.  What was stored before is seen by the vCPU: at its next look it is
 * there, or the vCPU is kicked out of the guest, or woken.  From the vCPU's own
 * thread it costs nothing.
 */
void irq_env_notify(struct lapic *a);

/** irq_env_nmi - one NMI more; any context */
void irq_env_nmi(struct lapic *a);

/** irq_env_smi - SMI; any context */
void irq_env_smi(struct lapic *a);

/**
 * irq_env_timer_arm - call lapic_timer_expired() at a time
 * @a: the LAPIC; its own thread, or lapic_timer_expired() itself
 * @when: by irq_env_now(), up to U64_MAX: never; replaces what was armed
 */
void irq_env_timer_arm(struct lapic *a, u64 when);

/** irq_env_timer_cancel - not any more: lapic_timer_expired() is not running either */
void irq_env_timer_cancel(struct lapic *a);

/** irq_env_guest_tsc - the vCPU's TSC now; any context */
u64 irq_env_guest_tsc(struct lapic *a);

/** irq_env_tsc_to_ns - how long the vCPU's TSC takes for so many ticks; saturates; any context */
u64 irq_env_tsc_to_ns(struct lapic *a, u64 ticks);

/**
 * irq_env_min_period - the shortest period of a periodic timer, in nanoseconds
 *
 * A guest could otherwise keep the host's CPU busy with its timer.
 */
u64 irq_env_min_period(void);

/**
 * irq_env_bus_ns - a cycle of the APIC bus, which the timers of LAPICs count
 * @vm: the VM, whose first LAPIC is about to be created; from then on it stays what it is
 *
 * Return: nanoseconds, 1 to LAPIC_BUS_NS_MAX.
 */
u32 irq_env_bus_ns(struct irq_vm *vm);

/**
 * irq_env_eoi - the guest has ended an interrupt whose sender waits for that
 * @a: the LAPIC; its own thread
 * @vector: level triggered, or sent with tell_eoi at some time
 */
void irq_env_eoi(struct lapic *a, u8 vector);

/**
 * irq_env_acked - the guest has ended an interrupt of a pin
 * @vm: the VM
 * @ioapic: an IOAPIC's pin, else one of the PICs
 * @pin: 0 to 23, or 0 to 15
 *
 * Any context, no lock held.  Irqfds that resample, and the PIT's next tick.
 */
void irq_env_acked(struct irq_vm *vm, bool ioapic, unsigned int pin);

/**
 * irq_env_sint - raise the interrupt of a source of Hyper-V's SynIC; any context
 * @vm: the VM
 * @vcpu: the virtual processor's index
 * @sint: 0 to 15
 *
 * Return: as lapic_accept(); IRQ_REFUSED: there is none.
 */
int irq_env_sint(struct irq_vm *vm, u32 vcpu, u8 sint);

/** irq_env_pic_output - the PICs' INTR line; any context */
void irq_env_pic_output(struct irq_vm *vm, bool high);

/** irq_env_pit_arm - call pit_expired() at a time; any context */
void irq_env_pit_arm(struct irq_vm *vm, u64 when);

/** irq_env_pit_cancel - not any more; may run while pit_expired() does */
void irq_env_pit_cancel(struct irq_vm *vm);

/**
 * irq_env_ioapic_delay - call ioapic_delayed() a little later (10 ms); any context
 * @vm: the VM
 */
void irq_env_ioapic_delay(struct irq_vm *vm);

/* ---- tracing: called only while somebody listens, by tracepoint_enabled() */

DECLARE_TRACEPOINT(kvm_eoi);
DECLARE_TRACEPOINT(kvm_apic_ipi);
DECLARE_TRACEPOINT(kvm_apic_accept_irq);
DECLARE_TRACEPOINT(kvm_msi_set_irq);
DECLARE_TRACEPOINT(kvm_ioapic_set_irq);
DECLARE_TRACEPOINT(kvm_pic_set_irq);

struct irq_msg;
struct irq_msi;

/** irq_env_trace_eoi - kvm_eoi: the interrupt that the vCPU has ended */
void irq_env_trace_eoi(const struct lapic *a, int vector);
/** irq_env_trace_ipi - kvm_apic_ipi: a write of ICR */
void irq_env_trace_ipi(u32 icr, u32 dest);
/** irq_env_trace_accept - kvm_apic_accept_irq: a message for a LAPIC */
void irq_env_trace_accept(const struct lapic *a, const struct irq_msg *msg);
/** irq_env_trace_msi - kvm_msi_set_irq */
void irq_env_trace_msi(const struct irq_msi *msi);
/** irq_env_trace_ioapic - kvm_ioapic_set_irq: @entry: the redirection entry */
void irq_env_trace_ioapic(u64 entry, int pin, bool coalesced);
/** irq_env_trace_pic - kvm_pic_set_irq: @chip 0 or 1, @pin 0 to 7 */
void irq_env_trace_pic(u8 chip, u8 pin, u8 elcr, u8 imr, bool coalesced);

#endif
