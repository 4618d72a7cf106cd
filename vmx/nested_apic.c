// SPDX-License-Identifier: GPL-2.0-only
/*
 * APIC virtualization that L1 asks for its L2 (SDM vol. 3, chapter 30): the virtual-APIC page
 * is memory of L1, which L2's exits read and write.
 */
#include <asm/traps.h>

#include "vmx/nested.h"
#include "vmx/nested_apic_rules.h"
#include "vmx/nested_parts.h"

/* Offsets in a virtual-APIC page (30.1.1). */
#define VTPR		0x80
#define VPPR		0xa0
#define VISR		0x100
#define VIRR		0x200
#define VSELF_IPI	0x3f0

/* x2APIC registers (30.5), and where the page has them. */
#define X2APIC_MSRS		8	/* of an MSR's number, the upper bits */
#define X2APIC_TPR		0x808
#define X2APIC_EOI		0x80b
#define X2APIC_SELF_IPI		0x83f
#define X2APIC_OFFSET(msr)	(((msr) & 0xff) << 4)

static bool irqs_are_virtual(const struct vmx_vcpu *s)
{
	return l1_cpu2(s, SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY);
}

/* ------------------------------------------------------------------------ */
/* The page's registers that are read and written by themselves. */

/* From VTPR to the last of VIRR, and a register in it: one has 16 bytes. */
#define PAGE_WORDS	((VIRR - VTPR) / 4 + 4 * NESTED_APIC_WORDS)
#define WORD(offset)	(((offset) - VTPR) / 4)

/* What cannot be read is 0. */
static void apic_load(struct vmx_vcpu *s, struct nested_apic *a)
{
	const struct vmcs12 *c = s->nested->c;
	u32 page[PAGE_WORDS] = { };
	int i;

	kvm_nested_read(&s->x86, vmx_nested_apic_at(s, VTPR), page, sizeof(page));
	a->vtpr = page[WORD(VTPR)];
	a->vppr = page[WORD(VPPR)];
	for (i = 0; i < NESTED_APIC_WORDS; i++) {
		a->visr[i] = page[WORD(VISR) + 4 * i];
		a->virr[i] = page[WORD(VIRR) + 4 * i];
	}
	a->rvi = c->guest_intr_status;
	a->svi = c->guest_intr_status >> 8;
}

static void word_store(struct vmx_vcpu *s, u32 offset, u32 was, u32 now)
{
	if (now != was)
		kvm_nested_write(&s->x86, vmx_nested_apic_at(s, offset), &now, sizeof(now));
}

/* What has changed; L2 does not write to VTPR so. */
static void apic_store(struct vmx_vcpu *s, const struct nested_apic *was,
		       const struct nested_apic *now)
{
	int i;

	word_store(s, VPPR, was->vppr, now->vppr);
	for (i = 0; i < NESTED_APIC_WORDS; i++) {
		word_store(s, VISR + 16 * i, was->visr[i], now->visr[i]);
		word_store(s, VIRR + 16 * i, was->virr[i], now->virr[i]);
	}
	s->nested->c->guest_intr_status = now->rvi | now->svi << 8;
}

/* Evaluation of pending virtual interrupts: 30.2.1. */
static void virtual_evaluate(struct vmx_vcpu *s, const struct nested_apic *a)
{
	s->x86.events.virtual_irq = !l1_cpu(s, CPU_BASED_INTR_WINDOW_EXITING) &&
				    nested_apic_pending(a);
}

/* ------------------------------------------------------------------------ */
/* 30.1.2 to 30.1.5 */

#define PENDING_ENABLED	BIT(12)		/* of the pending debug exceptions: a breakpoint's */

/* The trap behind the instruction, if one waits: pending debug exceptions. */
static u64 trap_take(struct x86_events *ev)
{
	const struct x86_event *ex = ev->exception.kind ? &ev->exception : &ev->to_l1;
	u64 bits = 0;

	if (ex->kind == EVENT_EXCEPTION && ex->vector == X86_TRAP_DB && ev->has_payload)
		bits = ev->payload & (DR6_BREAKPOINTS | DR6_BS);
	ev->exception = (struct x86_event){ };
	ev->has_payload = false;
	return bits | (bits & DR6_BREAKPOINTS ? PENDING_ENABLED : 0);
}

/* An exit behind the instruction: it is complete. */
static void trap_exit(struct vmx_vcpu *s, u32 reason, u64 qualification)
{
	const struct vmx_nested_exit e = { .reason = reason, .qualification = qualification };
	u64 pending = trap_take(&s->x86.events);

	vmx_nested_vmexit(s, &e);
	/* L2 has it when it goes on (28.3.4). */
	s->nested->c->guest_pending_dbg_exceptions |= pending;
}

/* PPR virtualization, and evaluation. */
static void priority_changed(struct vmx_vcpu *s)
{
	struct nested_apic a, was;

	apic_load(s, &was);
	a = was;
	nested_apic_ppr(&a);
	virtual_evaluate(s, &a);
	apic_store(s, &was, &a);
}

static bool tpr_is_below(struct vmx_vcpu *s)
{
	return vmx_nested_cr8_get(s) < (s->nested->c->tpr_threshold & 15);
}

/*
 * With virtualized APIC accesses the entry checks nothing, and an exit follows (27.7.7).
 * L2's TPR is looked at when the other page has been found, for a restored L1 may have got
 * its memory later; L2 that goes on has none below the threshold but for that exit.
 */
void vmx_nested_apic_threshold(struct x86_vcpu *v)
{
	struct vmx_vcpu *s = to_vmx(v);

	if (!v->nested.frame || irqs_are_virtual(s) || !vmx_nested_has_page(s) ||
	    !l1_cpu(s, CPU_BASED_TPR_SHADOW) || !tpr_is_below(s))
		return;
	s->nested->below = true;
	kvm_nested_timer_due(v);
}

void vmx_nested_apic_enter(struct vmx_vcpu *s)
{
	if (irqs_are_virtual(s))
		priority_changed(s);
	else
		vmx_nested_apic_threshold(&s->x86);
}

static void tpr_virtualization(struct vmx_vcpu *s)
{
	if (irqs_are_virtual(s))
		priority_changed(s);
	else if (tpr_is_below(s))
		trap_exit(s, EXIT_REASON_TPR_BELOW_THRESHOLD, 0);
}

static bool eoi_exits(const struct vmx_vcpu *s, u8 vector)
{
	const u64 *map = &s->nested->c->eoi_exit_bitmap0;

	return map[vector / 64] >> vector % 64 & 1;
}

static void eoi_virtualization(struct vmx_vcpu *s)
{
	struct nested_apic a, was;
	u8 vector;

	apic_load(s, &was);
	a = was;
	vector = nested_apic_eoi(&a);
	virtual_evaluate(s, &a);
	apic_store(s, &was, &a);
	if (eoi_exits(s, vector))
		trap_exit(s, EXIT_REASON_EOI_INDUCED, vector);
}

static void self_ipi_virtualization(struct vmx_vcpu *s, u8 vector)
{
	struct nested_apic a, was;

	apic_load(s, &was);
	a = was;
	nested_apic_request(&a, vector);
	virtual_evaluate(s, &a);
	apic_store(s, &was, &a);
}

void vmx_nested_apic_act(struct vmx_vcpu *s, enum nested_page_act act, u32 offset, u8 vector)
{
	switch (act) {
	case PAGE_ACT_TPR:
		tpr_virtualization(s);
		break;
	case PAGE_ACT_EOI:
		eoi_virtualization(s);
		break;
	case PAGE_ACT_IPI:
		self_ipi_virtualization(s, vector);
		break;
	case PAGE_ACT_HIGH:
		break;
	default:
		trap_exit(s, EXIT_REASON_APIC_WRITE, offset);
		break;
	}
}

/* Virtual-interrupt delivery: 30.2.2. */
int vmx_nested_interrupt(struct x86_vcpu *v)
{
	struct vmx_vcpu *s = to_vmx(v);
	struct nested_apic a, was;
	u8 vector;

	v->events.virtual_irq = false;
	apic_load(s, &was);
	/* L1's memory may have come after the state that told of it. */
	if (!nested_apic_pending(&was))
		return -1;
	a = was;
	vector = nested_apic_deliver(&a);
	apic_store(s, &was, &a);
	v->nested.woken = false;
	return vector;
}

/* ------------------------------------------------------------------------ */
/* Posted-interrupt processing: 30.6. */

/* In the descriptor, behind 256 bits of requests: ON. */
#define POSTED_CONTROL	32
#define POSTED_ON	BIT(0)

/* Other processors may change the word all the time; then they notify again. */
#define POSTED_TRIES	100

/* Bits of a word of the descriptor, which become 0 at the moment when they are read. */
static u64 posted_take(struct vmx_vcpu *s, u32 offset, u64 bits)
{
	gpa_t at = s->nested->c->posted_intr_desc_addr + offset;
	int err = -EAGAIN, tries;
	u64 word;

	for (tries = 0; err == -EAGAIN && tries < POSTED_TRIES; tries++) {
		if (kvm_nested_read(&s->x86, at, &word, sizeof(word)) || !(word & bits))
			return 0;
		err = kvm_nested_cmpxchg(&s->x86, at, word, word & ~bits);
	}
	return err ? 0 : word & bits;
}

bool vmx_nested_is_posted(const struct vmx_vcpu *s, u8 vector)
{
	return l1_pin(s, PIN_BASED_POSTED_INTR) && vector == s->nested->c->posted_intr_nv &&
	       apic_in_kernel(&s->x86);
}

void vmx_nested_posted(struct vmx_vcpu *s)
{
	u32 pir[NESTED_APIC_WORDS];
	struct nested_apic a, was;
	u64 word;
	int i;

	posted_take(s, POSTED_CONTROL, POSTED_ON);
	kvm_nested_eoi(&s->x86);
	for (i = 0; i < NESTED_APIC_WORDS; i += 2) {
		word = posted_take(s, i * sizeof(u32), ~0ull);
		pir[i] = word;
		pir[i + 1] = word >> 32;
	}
	apic_load(s, &was);
	a = was;
	nested_apic_post(&a, pir);
	virtual_evaluate(s, &a);
	apic_store(s, &was, &a);
	/* L2's HLT, which it has interrupted, goes on unless something ends it. */
	if (s->x86.nested.woken) {
		s->x86.nested.woken = false;
		s->x86.mp_state = KVM_MP_STATE_HALTED;
	}
}

/* ------------------------------------------------------------------------ */
/* CR8: 30.3. */

u8 vmx_nested_cr8_get(struct vmx_vcpu *s)
{
	u8 tpr = 0;

	kvm_nested_read(&s->x86, vmx_nested_apic_at(s, VTPR), &tpr, sizeof(tpr));
	return tpr >> 4;
}

void vmx_nested_cr8_set(struct vmx_vcpu *s, u8 cr8)
{
	/* The other bits become 0. */
	u32 tpr = cr8 << 4;

	kvm_nested_write(&s->x86, vmx_nested_apic_at(s, VTPR), &tpr, sizeof(tpr));
	tpr_virtualization(s);
}

/* With interrupts that are virtual there is no threshold. */
bool vmx_nested_threshold_is_valid(struct vmx_vcpu *s)
{
	u8 tpr;

	return !l1_cpu(s, CPU_BASED_TPR_SHADOW) || irqs_are_virtual(s) ||
	       vmx_nested_has_page(s) ||
	       (!kvm_nested_read(&s->x86, vmx_nested_apic_at(s, VTPR), &tpr, sizeof(tpr)) &&
		(s->nested->c->tpr_threshold & 15) <= tpr >> 4);
}

/* ------------------------------------------------------------------------ */
/* MSRs: 30.5.  L1's bitmap, or that there is none, comes first. */

static u32 msr_index(const struct vmx_vcpu *s)
{
	return s->x86.state.gpr[GPR_RCX];
}

static bool read_is_virtual(const struct vmx_vcpu *s, u32 msr)
{
	return msr >> 8 == X2APIC_MSRS && l1_cpu2(s, SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE) &&
	       (msr == X2APIC_TPR || l1_cpu2(s, SECONDARY_EXEC_APIC_REGISTER_VIRT));
}

static bool write_is_virtual(const struct vmx_vcpu *s, u32 msr)
{
	return l1_cpu2(s, SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE) &&
	       (msr == X2APIC_TPR ||
		((msr == X2APIC_EOI || msr == X2APIC_SELF_IPI) && irqs_are_virtual(s)));
}

bool vmx_nested_apic_has_msr(struct vmx_vcpu *s, bool write)
{
	return write ? write_is_virtual(s, msr_index(s)) : read_is_virtual(s, msr_index(s));
}

bool vmx_nested_apic_rdmsr(struct vmx_vcpu *s, const struct x86_exit *exit)
{
	u64 *gpr = s->x86.state.gpr;
	u32 msr = msr_index(s);
	u64 value = 0;

	if (!read_is_virtual(s, msr))
		return false;
	kvm_nested_read(&s->x86, vmx_nested_apic_at(s, X2APIC_OFFSET(msr)), &value, sizeof(value));
	gpr[GPR_RAX] = (u32)value;
	gpr[GPR_RDX] = value >> 32;
	kvm_nested_skip_to(&s->x86, exit->next_rip);
	return true;
}

static bool write_is_valid(u32 msr, u64 value)
{
	return msr == X2APIC_EOI ? !value : !(value >> 8);
}

/* What a write does that is in the page by now. */
static enum nested_page_act msr_act(u32 msr, u8 value)
{
	if (msr == X2APIC_TPR)
		return PAGE_ACT_TPR;
	if (msr == X2APIC_EOI)
		return PAGE_ACT_EOI;
	return value & NESTED_APIC_CLASS ? PAGE_ACT_IPI : PAGE_ACT_EXIT;
}

bool vmx_nested_apic_wrmsr(struct vmx_vcpu *s, const struct x86_exit *exit)
{
	const u64 *gpr = s->x86.state.gpr;
	u64 value = (u32)gpr[GPR_RAX] | gpr[GPR_RDX] << 32;
	u32 msr = msr_index(s);

	if (!write_is_virtual(s, msr))
		return false;
	if (!write_is_valid(msr, value)) {
		kvm_event_exception(&s->x86, X86_TRAP_GP, 0);
		return true;
	}
	kvm_nested_write(&s->x86, vmx_nested_apic_at(s, X2APIC_OFFSET(msr)), &value, sizeof(value));
	kvm_nested_skip_to(&s->x86, exit->next_rip);
	vmx_nested_apic_act(s, msr_act(msr, value), VSELF_IPI, value);
	return true;
}
