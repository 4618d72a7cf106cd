// SPDX-License-Identifier: GPL-2.0-only
/*
 * IRR, ISR, priorities, EOI; messages, LVT entries and errors (SDM vol. 3, 11.5 and
 * 11.8).  What takes interrupts runs in the own thread, what brings them anywhere.
 */
#include <linux/bitops.h>

#include "irq/irq_env.h"
#include "irq/lapic_priv.h"

/* ---- Vectors. */

/* The word where others set bits. */
static atomic_t *irr_inbox(struct lapic *a, unsigned int word)
{
	return unlikely(a->posts) ? &a->posted[word] :
				    lapic_atomic(a, APIC_REG_IRR + word * 0x10);
}

/*
 * Own thread has cleared the last bit of a word of IRR.  Who sets one more meanwhile
 * sets the summary after it, and that may be before we clear it: so look again.
 */
static void irr_word_emptied(struct lapic *a, unsigned int word)
{
	atomic_andnot(BIT(word), &a->irr_words);
	smp_mb__after_atomic();
	if (atomic_read(irr_inbox(a, word)))
		atomic_or(BIT(word), &a->irr_words);
}

/* IRR, then what was posted: a sender finds the bit in one of them. */
static noinline void irr_collect(struct lapic *a, unsigned int word)
{
	atomic_t *irr = lapic_atomic(a, APIC_REG_IRR + word * 0x10);
	u32 bits = atomic_read(&a->posted[word]) & ~atomic_read(irr);

	if (!bits)
		return;
	atomic_or(bits, irr);
	smp_mb__before_atomic();
	atomic_andnot(bits, &a->posted[word]);
}

static __always_inline u32 irr_bits(struct lapic *a, unsigned int word)
{
	if (unlikely(a->posts))
		irr_collect(a, word);
	return atomic_read(lapic_atomic(a, APIC_REG_IRR + word * 0x10));
}

static __always_inline int irr_top(struct lapic *a)
{
	u32 words, bits;
	int word;

	lapic_own(a);
	while ((words = atomic_read(&a->irr_words))) {
		word = fls(words) - 1;
		bits = irr_bits(a, word);
		if (likely(bits))
			return word * 32 + fls(bits) - 1;
		irr_word_emptied(a, word);
	}
	return -1;
}

int lapic_requested(struct lapic *a)
{
	return irr_top(a);
}

/*
 * False: it was set already.  @tell: its EOI matters from now on.  A processor that has the
 * request does not know, and may have ended it before it does: so it comes again.
 */
static bool irr_set(struct lapic *a, u8 vector, bool tell)
{
	u32 bit = BIT(vector % 32);

	if (unlikely(a->posts) && !(tell && READ_ONCE(a->hw)) &&
	    atomic_read(lapic_atomic(a, lapic_word(APIC_REG_IRR, vector))) & bit)
		return false;
	if (atomic_fetch_or(bit, irr_inbox(a, vector / 32)) & bit)
		return false;
	atomic_or(BIT(vector / 32), &a->irr_words);
	return true;
}

static void irr_clear(struct lapic *a, u8 vector)
{
	u32 bit = BIT(vector % 32);
	atomic_t *word = lapic_atomic(a, lapic_word(APIC_REG_IRR, vector));

	if (!(atomic_fetch_andnot(bit, word) & ~bit))
		irr_word_emptied(a, vector / 32);
}

static void isr_top_set(struct lapic *a)
{
	u32 word = fls(a->isr_words) - 1;
	int top = -1;

	if (a->isr_words)
		top = word * 32 + fls(lapic_reg(a, APIC_REG_ISR + word * 0x10)) - 1;
	WRITE_ONCE(a->isr_top, top);
}

/* Above all that is in service: nothing else is taken. */
static void isr_set(struct lapic *a, u8 vector)
{
	u32 word = lapic_word(APIC_REG_ISR, vector);

	lapic_reg_set(a, word, lapic_reg(a, word) | BIT(vector % 32));
	a->isr_words |= BIT(vector / 32);
	WRITE_ONCE(a->isr_top, vector);
}

static void isr_clear(struct lapic *a, u8 vector)
{
	u32 word = lapic_word(APIC_REG_ISR, vector);
	u32 bits = lapic_reg(a, word) & ~BIT(vector % 32);

	lapic_reg_set(a, word, bits);
	if (!bits)
		a->isr_words &= ~BIT(vector / 32);
	isr_top_set(a);
}

/* The last message counts (SDM vol. 3, 11.8.4).  Return: it has changed. */
static bool tmr_set(struct lapic *a, u8 vector, bool level)
{
	atomic_t *word = lapic_atomic(a, lapic_word(APIC_REG_TMR, vector));
	u32 bit = BIT(vector % 32);

	if (!(atomic_read(word) & bit) == !level)
		return false;
	if (level)
		atomic_or(bit, word);
	else
		atomic_andnot(bit, word);
	atomic_inc(&a->eoi_gen);
	return true;
}

static bool tmr_is_level(const struct lapic *a, u8 vector)
{
	u32 word = atomic_read(lapic_atomic(a, lapic_word(APIC_REG_TMR, vector)));

	return word & BIT(vector % 32);
}

void lapic_vectors_set(struct lapic *a, const u32 *regs)
{
	u32 isr, irr;

	a->isr_words = 0;
	WRITE_ONCE(a->hw, false);
	for (u32 i = 0, at = 0; i < 8; i++, at += 0x10) {
		isr = regs[(APIC_REG_ISR + at) / 4];
		irr = regs[(APIC_REG_IRR + at) / 4];
		atomic_set(lapic_atomic(a, APIC_REG_TMR + at),
			   regs[(APIC_REG_TMR + at) / 4]);
		lapic_reg_set(a, APIC_REG_ISR + at, isr);
		if (isr)
			a->isr_words |= BIT(i);
		atomic_set(lapic_atomic(a, APIC_REG_IRR + at), irr);
		atomic_set(&a->posted[i], 0);
		if (irr)
			atomic_or(BIT(i), &a->irr_words);
		else
			irr_word_emptied(a, i);
	}
	isr_top_set(a);
	atomic_inc(&a->eoi_gen);
}

void lapic_vectors_look(struct lapic *a)
{
	a->isr_words = 0;
	for (u32 i = 0, at = 0; i < 8; i++, at += 0x10) {
		if (lapic_reg(a, APIC_REG_ISR + at))
			a->isr_words |= BIT(i);
		if (lapic_reg(a, APIC_REG_IRR + at))
			atomic_or(BIT(i), &a->irr_words);
	}
	isr_top_set(a);
}

void lapic_irr_collect(struct lapic *a)
{
	u32 words;

	lapic_own(a);
	words = atomic_read(&a->irr_words);
	for (unsigned int i = 0; words; i++, words >>= 1)
		if (words & 1)
			irr_collect(a, i);
}

void lapic_irr_forget(struct lapic *a)
{
	u32 words = atomic_read(&a->irr_words);

	for (unsigned int i = 0; words; i++, words >>= 1)
		if (words & 1)
			irr_word_emptied(a, i);
}

/* ---- Into the vCPU. */

u32 lapic_ppr(const struct lapic *a)
{
	u8 tpr = lapic_reg(a, APIC_REG_TPR);
	int top = READ_ONCE(a->isr_top);

	if (unlikely(READ_ONCE(a->hw)))
		return lapic_reg(a, APIC_REG_PPR);
	return top < 0 || tpr >> 4 >= top >> 4 ? tpr : top & 0xf0;
}

int lapic_pending_above(struct lapic *a)
{
	int vector = irr_top(a);

	/* a message may have come in just when the LAPIC was disabled */
	if (vector < 0 || (u32)vector >> 4 <= lapic_ppr(a) >> 4 || !lapic_is_enabled(a))
		return -1;
	return vector;
}

void lapic_ack(struct lapic *a, u8 vector)
{
	isr_set(a, vector);
	irr_clear(a, vector);
}

void lapic_eoi_tell(struct lapic *a, u8 vector)
{
	bool tell = test_bit(vector, a->tell_eoi);

	if (tmr_is_level(a, vector) && !(lapic_reg(a, APIC_REG_SVR) & LAPIC_SVR_EOI))
		tell = true;
	if (unlikely(tell))
		irq_env_eoi(a, vector);
}

void lapic_eoi(struct lapic *a)
{
	int vector;

	lapic_own(a);
	vector = a->isr_top;
	if (unlikely(vector < 0))
		return;
	if (tracepoint_enabled(kvm_eoi))
		irq_env_trace_eoi(a, vector);
	isr_clear(a, vector);
	lapic_eoi_tell(a, vector);
}

bool lapic_eoi_is_free(struct lapic *a)
{
	int vector;

	lapic_own(a);
	vector = a->isr_top;
	return vector >= 0 && !atomic_read(&a->irr_words) &&
	       !test_bit(vector, a->tell_eoi) && !tmr_is_level(a, vector);
}

u8 lapic_tpr_class_above(struct lapic *a)
{
	int top = lapic_requested(a);

	if (top < 0 || top >> 4 > lapic_tpr(a) >> 4 || !lapic_is_enabled(a))
		return 0;
	return a->isr_top >= 0 && top >> 4 <= a->isr_top >> 4 ? 0 : top >> 4;
}

bool lapic_takes_extint(const struct lapic *a)
{
	u32 lvt = lapic_reg(a, APIC_REG_LVT_LINT0);

	if (!lapic_is_enabled(a))
		return true;
	return (lvt & (LAPIC_LVT_MASKED | LAPIC_LVT_EXTINT)) == LAPIC_LVT_EXTINT;
}

/* ---- Into the LAPIC. */

static int lapic_accept_vector(struct lapic *a, const struct irq_msg *msg)
{
	bool tell;

	if (unlikely(!lapic_is_on(a)))
		return IRQ_REFUSED;
	if (unlikely(msg->vector < LAPIC_VECTOR_MIN)) {
		lapic_error(a, LAPIC_ESR_RECV_VECTOR);
		return IRQ_REFUSED;
	}
	/* before IRR: the vCPU may take it and end it at once */
	tell = tmr_set(a, msg->vector, msg->level) && msg->level;
	if (unlikely(msg->tell_eoi) && !test_and_set_bit(msg->vector, a->tell_eoi)) {
		atomic_inc(&a->eoi_gen);
		tell = true;
	}
	if (!irr_set(a, msg->vector, tell))
		return IRQ_COALESCED;
	irq_env_notify(a);
	return 1;
}

/* A SIPI that is still there came before, and finds nobody who waits for it. */
static int lapic_accept_init(struct lapic *a, const struct irq_msg *msg)
{
	if (msg->deassert)
		return IRQ_REFUSED;
	atomic_xchg(&a->events, LAPIC_EVENT_INIT);
	irq_env_notify(a);
	return 1;
}

/* The first one counts. */
static int lapic_accept_sipi(struct lapic *a, const struct irq_msg *msg)
{
	if (atomic_read(&a->events) & LAPIC_EVENT_SIPI)
		return IRQ_COALESCED;
	WRITE_ONCE(a->sipi_vector, msg->vector);
	smp_mb__before_atomic();
	atomic_or(LAPIC_EVENT_SIPI, &a->events);
	irq_env_notify(a);
	return 1;
}

int lapic_accept(struct lapic *a, const struct irq_msg *msg)
{
	if (unlikely(!lapic_is_enabled(a)))
		return IRQ_REFUSED;
	if (tracepoint_enabled(kvm_apic_accept_irq))
		irq_env_trace_accept(a, msg);
	switch (msg->mode) {
	case IRQ_FIXED:
	case IRQ_LOWEST:
		return lapic_accept_vector(a, msg);
	case IRQ_SMI:
		irq_env_smi(a);
		return 1;
	case IRQ_NMI:
		irq_env_nmi(a);
		return 1;
	case IRQ_INIT:
		return lapic_accept_init(a, msg);
	case IRQ_STARTUP:
		return lapic_accept_sipi(a, msg);
	}
	return IRQ_REFUSED;
}

u32 lapic_events_take(struct lapic *a, u32 mask)
{
	if (likely(!(atomic_read(&a->events) & mask)))
		return 0;
	return atomic_fetch_andnot(mask, &a->events) & mask;
}

/* What an LVT entry may say, by its delivery mode (SDM vol. 3, 11.5.1). */
#define LVT_MODES	(BIT(IRQ_FIXED) | BIT(IRQ_SMI) | BIT(IRQ_NMI) | BIT(IRQ_INIT))

int lapic_lvt_fire(struct lapic *a, u32 reg)
{
	u32 lvt = lapic_reg(a, reg);
	struct irq_msg msg = {
		.vector = lvt,
		.mode = lvt >> LAPIC_MODE_SHIFT & LAPIC_MODE_MASK,
	};

	if (lvt & LAPIC_LVT_MASKED || !(LVT_MODES & BIT(msg.mode)))
		return IRQ_REFUSED;
	msg.level = lvt & LAPIC_LVT_LEVEL && msg.mode == IRQ_FIXED;
	return lapic_accept(a, &msg);
}

int lapic_lint0(struct lapic *a)
{
	return lapic_lvt_fire(a, APIC_REG_LVT_LINT0);
}

/* One interrupt for those until the next write of ESR (SDM vol. 3, 11.5.3). */
void lapic_error(struct lapic *a, u32 bit)
{
	if (!atomic_fetch_or(bit, &a->errors))
		lapic_lvt_fire(a, APIC_REG_LVT_ERROR);
}
