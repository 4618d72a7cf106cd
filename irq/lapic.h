/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A local APIC (SDM vol. 3, ch. 11; APM vol. 2, ch. 16).
 *
 * Registers are in one page, each at its xAPIC offset, as hardware that accelerates
 * them wants it.  "Own thread" is the vCPU's: only it touches ISR, TPR, PPR, LVTs.
 * Others set bits of IRR and TMR, and @events, atomically, and call irq_env_notify().
 *
 * Highest vector without a scan: @irr_words has a bit for each of IRR's eight words
 * that is not empty.  Who sets a bit of IRR sets the word's bit after it; who empties
 * a word clears its bit and then looks at the word again.
 */
#ifndef LAMINA_IRQ_LAPIC_H
#define LAMINA_IRQ_LAPIC_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/list.h>

#include "irq/lapic_timer.h"
#include "irq/types.h"

struct irq_vm;

/* Registers: offset in the page, 16 times the x2APIC MSR's number less 0x800. */
#define APIC_REG_ID		0x020
#define APIC_REG_VERSION	0x030
#define APIC_REG_TPR		0x080
#define APIC_REG_APR		0x090
#define APIC_REG_PPR		0x0a0
#define APIC_REG_EOI		0x0b0
#define APIC_REG_RRD		0x0c0
#define APIC_REG_LDR		0x0d0
#define APIC_REG_DFR		0x0e0
#define APIC_REG_SVR		0x0f0
#define APIC_REG_ISR		0x100
#define APIC_REG_TMR		0x180
#define APIC_REG_IRR		0x200
#define APIC_REG_ESR		0x280
#define APIC_REG_CMCI		0x2f0
#define APIC_REG_ICR		0x300
#define APIC_REG_ICR2		0x310
#define APIC_REG_LVT_TIMER	0x320
#define APIC_REG_LVT_THERMAL	0x330
#define APIC_REG_LVT_PERF	0x340
#define APIC_REG_LVT_LINT0	0x350
#define APIC_REG_LVT_LINT1	0x360
#define APIC_REG_LVT_ERROR	0x370
#define APIC_REG_TIMER_INIT	0x380
#define APIC_REG_TIMER_NOW	0x390
#define APIC_REG_TIMER_DIV	0x3e0
#define APIC_REG_SELF_IPI	0x3f0
#define APIC_REGS_SIZE		0x400	/* what is saved */

/* IA32_APIC_BASE (SDM vol. 3, 11.4.4 and 11.12.1). */
#define APIC_BASE_BSP		BIT_ULL(8)
#define APIC_BASE_X2APIC	BIT_ULL(10)
#define APIC_BASE_ENABLE	BIT_ULL(11)
#define APIC_BASE_RESET		0xfee00000ull
#define APIC_MSR_FIRST		0x800
#define APIC_MSR_LAST		0x8ff

/* @events */
#define LAPIC_EVENT_INIT	BIT(0)
#define LAPIC_EVENT_SIPI	BIT(1)

/**
 * struct lapic_features - what the guest's CPUID says
 * @x2apic: CPUID.1.ECX.X2APIC
 * @tsc_deadline: CPUID.1.ECX.TSC-Deadline
 * @eoi_suppress: EOI-broadcast suppression, version register bit 24: not where the
 *	IOAPIC in the kernel, version 0x11, has no EOI register to make up for it
 * @maxphyaddr: bits of an address, for IA32_APIC_BASE
 */
struct lapic_features {
	bool x2apic;
	bool tsc_deadline;
	bool eoi_suppress;
	u8 maxphyaddr;
};

/**
 * struct lapic - a vCPU's
 * @vm: (c) its VM's controllers
 * @link: in @vm->lapics
 * @regs: (c) the page
 * @id: (c) the vCPU's id: x2APIC id, and xAPIC id at reset
 * @base: IA32_APIC_BASE; own thread writes
 * @features: own thread
 * @irr_words: see above
 * @isr_top: highest vector in service, or -1; own thread
 * @events: LAPIC_EVENT_*
 * @sipi_vector: with LAPIC_EVENT_SIPI
 * @tell_eoi: edge-triggered vectors whose senders wait for the EOI
 * @map_stale: its ids changed: the map is rebuilt before the vCPU goes on
 * @lint0_reenabled: LVT LINT0 comes up as ExtINT on the bootstrap processor (api.rst
 *	7.31, KVM_X86_QUIRK_LINT0_REENABLED)
 * @timer: lapic_timer.c
 */
struct lapic {
	struct irq_vm *vm;
	struct list_head link;
	u32 *regs;
	u32 id;
	u64 base;
	struct lapic_features features;
	atomic_t irr_words;
	s16 isr_top;
	atomic_t events;
	u8 sipi_vector;
	unsigned long tell_eoi[256 / BITS_PER_LONG];
	bool map_stale;
	bool lint0_reenabled;
	struct lapic_timer timer;
};

/* ------------------------------------------------------------------------ */

/**
 * lapic_create - a LAPIC as after power-up, in its VM's map
 * @a: the LAPIC, zeroed but for @lint0_reenabled
 * @vm: the VM's controllers; @vm->lock not held
 * @id: the vCPU's id
 *
 * May sleep.
 *
 * Return: 0, or -ENOMEM.
 */
int lapic_create(struct lapic *a, struct irq_vm *vm, u32 id);

/** lapic_destroy - the reverse; harmless without lapic_create() */
void lapic_destroy(struct lapic *a);

/**
 * lapic_reset - registers as after power-up or INIT (SDM vol. 3, 11.4.7)
 * @a: own thread
 * @init: INIT: APIC id, base and mode stay
 */
void lapic_reset(struct lapic *a, bool init);

/** lapic_features_set - the guest's CPUID changed; own thread */
void lapic_features_set(struct lapic *a, const struct lapic_features *f);

/* ---- Registers; own thread, may sleep (@map_stale is dealt with). */

/**
 * lapic_read - read a register through the APIC page (xAPIC)
 * @a: the LAPIC, in xAPIC mode
 * @offset: 0 to 0xfff; 32 bits from a multiple of 16 on
 *
 * Return: its value; 0 for a reserved one, which sets ESR's bit 7.
 */
u32 lapic_read(struct lapic *a, u32 offset);

/** lapic_write - write one; what may not be written is ignored, and told in ESR */
void lapic_write(struct lapic *a, u32 offset, u32 value);

/**
 * lapic_msr_read - RDMSR of 0x800 to 0x8ff (x2APIC)
 * @a: the LAPIC
 * @msr: which
 * @value: result
 *
 * Return: 0; -EINVAL: #GP: not in x2APIC mode, reserved, write only.
 */
int lapic_msr_read(struct lapic *a, u32 msr, u64 *value);

/** lapic_msr_write - WRMSR; -EINVAL also for reserved bits (SDM vol. 3, table 11-6) */
int lapic_msr_write(struct lapic *a, u32 msr, u64 value);

/**
 * lapic_base_set - write IA32_APIC_BASE
 * @a: the LAPIC
 * @value: new value
 * @host: userspace's: any legal state, no transition is forbidden
 *
 * Return: 0; -EINVAL: reserved bits, or a transition that raises #GP (SDM vol. 3,
 * figure 11-27).
 */
int lapic_base_set(struct lapic *a, u64 value, bool host);

/** lapic_is_enabled - IA32_APIC_BASE bit 11 */
static inline bool lapic_is_enabled(const struct lapic *a)
{
	return a->base & APIC_BASE_ENABLE;
}

/** lapic_is_x2apic - both mode bits of IA32_APIC_BASE */
static inline bool lapic_is_x2apic(const struct lapic *a)
{
	return a->base & APIC_BASE_X2APIC;
}

/** lapic_page - guest physical address of the APIC page, where accesses go to lapic_read() */
static inline u64 lapic_page(const struct lapic *a)
{
	return a->base & ~0xfffull;
}

/* ---- Interrupts into the vCPU; own thread. */

/**
 * lapic_pending - the interrupt that the processor would take now
 * @a: the LAPIC
 *
 * Return: the vector; -1: none, or none above the processor's priority.
 */
int lapic_pending(struct lapic *a);

/**
 * lapic_ack - it is taken: IRR to ISR
 * @a: the LAPIC
 * @vector: what lapic_pending() said
 */
void lapic_ack(struct lapic *a, u8 vector);

/**
 * lapic_unack - its delivery was interrupted, and does not go on: ISR back to IRR
 * @a: the LAPIC
 * @vector: given to lapic_ack(), highest in service
 */
void lapic_unack(struct lapic *a, u8 vector);

/** lapic_eoi - write of EOI */
void lapic_eoi(struct lapic *a);

/** lapic_tpr_set - MOV to CR8 and TPR: bits 7:0 */
void lapic_tpr_set(struct lapic *a, u8 tpr);

/** lapic_tpr - TPR, bits 7:0 */
u8 lapic_tpr(const struct lapic *a);

/**
 * lapic_tpr_threshold - below which TPR class something that waits could be taken
 * @a: the LAPIC
 *
 * Return: class (0 to 15) of the highest vector in IRR when only TPR holds it back, so
 * that a TPR below it must be noticed; else 0.
 */
u8 lapic_tpr_threshold(struct lapic *a);

/** lapic_takes_extint - do the PICs reach the processor through LINT0? any context */
bool lapic_takes_extint(const struct lapic *a);

/* ---- Into the LAPIC; any context. */

/**
 * lapic_accept - a message for this LAPIC
 * @a: the LAPIC
 * @msg: the message; destination and shorthand do not count any more
 *
 * Return: 1; IRQ_COALESCED: the vector was in IRR already; IRQ_REFUSED: disabled, an
 * illegal vector (ESR), or INIT and the like that change nothing.
 */
int lapic_accept(struct lapic *a, const struct irq_msg *msg);

/**
 * lapic_lint - what is wired to LINT0 or LINT1 rises
 * @a: the LAPIC
 * @pin: 0 or 1
 *
 * As LVT LINT0 or LINT1 says; ExtINT is not for here.
 */
int lapic_lint(struct lapic *a, unsigned int pin);

/**
 * lapic_matches - is a message with a destination for this LAPIC? by the manual's words
 * @a: the LAPIC
 * @msg: the message; shorthand IRQ_DEST
 *
 * What apic_map.c knows beforehand, for when there is no map.  RCU read side.
 */
bool lapic_matches(const struct lapic *a, const struct irq_msg *msg);

/** lapic_events_take - LAPIC_EVENT_* that came, of those in @mask; own thread */
u32 lapic_events_take(struct lapic *a, u32 mask);

/* ---- Save and restore; own thread. */

/**
 * lapic_save - registers as userspace keeps them
 * @a: the LAPIC
 * @regs: APIC_REGS_SIZE bytes; TIMER_NOW is the count now; the id as @vm->ids_32bit says
 */
void lapic_save(struct lapic *a, void *regs);

/**
 * lapic_restore - take them back
 * @a: the LAPIC, whose IA32_APIC_BASE is set already
 * @regs: APIC_REGS_SIZE bytes, hostile
 *
 * Bits that no processor has are dropped; the timer starts from TIMER_INIT.
 *
 * Return: 0; -EINVAL: in x2APIC mode an id that is not the vCPU's.
 */
int lapic_restore(struct lapic *a, const void *regs);

#endif
