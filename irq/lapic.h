/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A local APIC (SDM vol. 3, ch. 11; APM vol. 2, ch. 16).
 *
 * Interrupts in and out: lapic_irq.h.
 *
 * Registers are in one page, each at its xAPIC offset, as hardware that accelerates
 * them wants it.  "Own thread" is the vCPU's: only it touches ISR, TPR, PPR, LVTs.
 * Others set bits of IRR and TMR, and @events, atomically, and call irq_env_notify().
 *
 * Highest vector without a scan: @irr_words has a bit for each of IRR's eight words
 * that is not empty.  Who sets a bit of IRR sets the word's bit after it; the owner,
 * having emptied a word, clears its bit and then looks at the word again.  A bit may
 * therefore be set for a word that is empty, never the other way round for long.
 *
 * Where the processor may deliver interrupts from the page itself (lapic_hw.h) nobody but
 * the own thread writes IRR: the others set bits of @posted, in the same words.
 */
#ifndef LAMINA_IRQ_LAPIC_H
#define LAMINA_IRQ_LAPIC_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/list.h>

#include "irq/lapic_regs.h"
#include "irq/lapic_timer.h"
#include "irq/types.h"

struct irq_vm;

/* @events */
#define LAPIC_EVENT_INIT	BIT(0)
#define LAPIC_EVENT_SIPI	BIT(1)

/* Of the timer: LVT, initial count, divider. */
#define LAPIC_KEPT	3

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
 * @link: in @vm->lapics; empty before lapic_publish()
 * @regs: (c) the page
 * @id: (c) the vCPU's id: x2APIC id, and xAPIC id at reset
 * @bus_ns: (c) irq_env_bus_ns()
 * @base: IA32_APIC_BASE; own thread writes, others read
 * @features: own thread
 * @irr_words: see above; while @hw: of @posted
 * @posts: (c) others set bits of @posted, not of IRR: lapic_hw_share()
 * @hw: ISR, IRR and PPR in the page are the processor's: it may have changed them since, and
 *	what is kept of them here is old; own thread writes, others read: lapic_hw.h
 * @posted: with @posts: bits for IRR
 * @eoi_gen: changes with what lapic_hw_eoi_vectors() says
 * @kept: with @posts: the timer's registers as software has written them last
 * @isr_words: as @irr_words, for ISR; own thread
 * @isr_top: highest vector in service, or -1; own thread writes, others read
 * @errors: ESR's bits since its last write
 * @events: LAPIC_EVENT_*
 * @sipi_vector: with LAPIC_EVENT_SIPI
 * @tell_eoi: edge-triggered vectors whose EOI is told; stays set until reset, because
 *	one more message may be on its way whenever an EOI would clear it
 * @lint0_reenabled: LVT LINT0 comes up as ExtINT on the bootstrap processor (api.rst
 *	7.31, KVM_X86_QUIRK_LINT0_REENABLED)
 * @timer: lapic_timer.c
 */
struct lapic {
	struct irq_vm *vm;
	struct list_head link;
	u32 *regs;
	u32 id;
	u32 bus_ns;
	u64 base;
	struct lapic_features features;
	atomic_t irr_words;
	bool posts;
	bool hw;
	u8 isr_words;
	s16 isr_top;
	atomic_t errors;
	atomic_t events;
	u8 sipi_vector;
	unsigned long tell_eoi[256 / BITS_PER_LONG];
	bool lint0_reenabled;
	struct lapic_timer timer;
	atomic_t posted[8];
	atomic_t eoi_gen;
	u32 kept[LAPIC_KEPT];
};

/* ------------------------------------------------------------------------ */

/**
 * lapic_create - a LAPIC as after power-up
 * @a: the LAPIC, zeroed but for @lint0_reenabled and @posts
 * @vm: the VM's controllers
 * @id: the vCPU's id
 *
 * May sleep.  No message reaches it yet.
 *
 * Return: 0, or -ENOMEM.
 */
int lapic_create(struct lapic *a, struct irq_vm *vm, u32 id);

/**
 * lapic_publish - messages find it from now on
 * @a: the LAPIC; @vm->lock not held, may sleep
 *
 * The last step of a vCPU's creation: a published LAPIC goes away with its VM only.
 */
void lapic_publish(struct lapic *a);

/**
 * lapic_destroy - the reverse of both; harmless without lapic_create()
 * @a: the LAPIC; if published, its VM goes away: nobody sends a message any more
 */
void lapic_destroy(struct lapic *a);

/**
 * lapic_reset - registers as after power-up or INIT (SDM vol. 3, 11.4.7)
 * @a: own thread, may sleep
 * @init: INIT: APIC id, base and mode stay.  @events stay in either case: a SIPI may
 *	have followed the INIT already
 */
void lapic_reset(struct lapic *a, bool init);

/** lapic_features_set - the guest's CPUID changed; own thread */
void lapic_features_set(struct lapic *a, const struct lapic_features *f);

/* ---- Registers; own thread, may sleep (ids change: the map is built anew). */

/**
 * lapic_read - read a register through the APIC page (xAPIC)
 * @a: the LAPIC, in xAPIC mode
 * @offset: 0 to 0xfff; 32 bits from a multiple of 16 on
 *
 * Return: its value; 0 for a write-only one, and for a reserved one, which is an
 * error for ESR (illegal register address).
 */
u32 lapic_read(struct lapic *a, u32 offset);

/**
 * lapic_write - write one
 * @a: the LAPIC, in xAPIC mode
 * @offset: as above
 * @value: reserved bits are dropped
 *
 * Ignored if read-only; for a reserved register as lapic_read().
 */
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

/** lapic_msr_write - WRMSR; -EINVAL also for read-only ones and reserved bits */
int lapic_msr_write(struct lapic *a, u32 msr, u64 value);

/**
 * lapic_base_set - write IA32_APIC_BASE
 * @a: the LAPIC
 * @value: new value
 * @host: userspace's: any legal state, no transition is forbidden
 *
 * Disabled and enabled again, registers are as after power-up.  Where userspace goes
 * from x2APIC mode to xAPIC mode, the id is the vCPU's again.
 *
 * Return: 0; -EINVAL: reserved bits, x2APIC that CPUID lacks, or a transition that
 * raises #GP (SDM vol. 3, figure 11-27).
 */
int lapic_base_set(struct lapic *a, u64 value, bool host);

/** lapic_is_enabled - IA32_APIC_BASE bit 11 */
static inline bool lapic_is_enabled(const struct lapic *a)
{
	return READ_ONCE(a->base) & APIC_BASE_ENABLE;
}

/** lapic_is_x2apic - both mode bits of IA32_APIC_BASE */
static inline bool lapic_is_x2apic(const struct lapic *a)
{
	return READ_ONCE(a->base) & APIC_BASE_X2APIC;
}

/** lapic_is_xapic - enabled, and its registers are in memory */
static inline bool lapic_is_xapic(const struct lapic *a)
{
	return (a->base & (APIC_BASE_ENABLE | APIC_BASE_X2APIC)) ==
	       APIC_BASE_ENABLE;
}

/* ---- Save and restore; own thread. */

/**
 * lapic_save - registers as userspace keeps them
 * @a: the LAPIC
 * @regs: APIC_REGS_SIZE bytes; those between registers stay as they are; TIMER_NOW is the
 *	count now; the id as @vm->ids_32bit says
 */
void lapic_save(struct lapic *a, void *regs);

/**
 * lapic_restore - take them back
 * @a: the LAPIC, whose IA32_APIC_BASE and features are set already; may sleep
 * @regs: APIC_REGS_SIZE bytes, hostile
 *
 * Bits that no processor has are dropped.  The count goes on from TIMER_NOW; where
 * that is 0, or more than TIMER_INIT, it starts from TIMER_INIT: not every VMM gives
 * TIMER_NOW back, and a tick too many hurts less than none.  IA32_TSC_DEADLINE, which is
 * not here, stays if the timer is for deadlines before and after.
 * Who waits for the EOI of an edge-triggered vector is not in this state.
 *
 * Return: 0; -EINVAL: in x2APIC mode, with @vm->ids_32bit, an id that is not the
 * vCPU's (api.rst 4.58; else the id is ignored in this mode).
 */
int lapic_restore(struct lapic *a, const void *regs);

#endif
