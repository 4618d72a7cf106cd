// SPDX-License-Identifier: GPL-2.0-only
/* The synthetic interrupt controller: sources, messages, their MSRs (TLFS 11). */
#include <linux/bitmap.h>
#include <linux/string.h>

#include "core/guestmem.h"
#include "core/irqfd.h"
#include "irq/lapic_irq.h"
#include "irq/route.h"
#include "x86/cpu/apic.h"
#include "x86/cpu/msr.h"
#include "x86/hyperv/hv.h"

#define SINT_OF(index)	((index) - HV_X64_MSR_SINT0)

#define SINT_POLLING	BIT_ULL(18)

/* Does it raise interrupts?  Polled sources do not. */
static bool sint_interrupts(u64 sint)
{
	return !(sint & (HV_SYNIC_SINT_MASKED | SINT_POLLING));
}

void hv_synic_init(struct hv_synic *s)
{
	unsigned int i;

	for (i = 0; i < HV_SYNIC_SINT_COUNT; i++)
		s->sint[i] = HV_SYNIC_SINT_MASKED;
}

/* ------------------------------------------------------------------------ */
/* Interrupts. */

int hv_synic_irq(struct x86_vcpu *v, u32 n)
{
	const struct hv_vcpu *hv = smp_load_acquire(&v->hv);
	/* Whoever waits for an EOI, or for room in a slot, is told. */
	struct irq_msg msg = { .tell_eoi = true };
	u64 sint;

	if (!hv || !READ_ONCE(hv->synic.active))
		return IRQ_REFUSED;
	sint = READ_ONCE(hv->synic.sint[n]);
	msg.vector = sint & HV_SYNIC_SINT_VECTOR_MASK;
	return sint_interrupts(sint) ? lapic_accept(&v->apic.lapic, &msg) : IRQ_REFUSED;
}

/* Several sources may share a vector. */
static void auto_eoi_update(struct hv_synic *s)
{
	unsigned int i;
	u64 sint;

	bitmap_zero(s->auto_eoi, 256);
	for (i = 0; i < HV_SYNIC_SINT_COUNT; i++) {
		sint = s->sint[i];
		if (sint_interrupts(sint) && (sint & HV_SYNIC_SINT_AUTO_EOI))
			__set_bit(sint & HV_SYNIC_SINT_VECTOR_MASK, s->auto_eoi);
	}
}

void hv_interrupt_taken(struct x86_vcpu *v, u8 vector)
{
	if (unlikely(test_bit(vector, v->hv->synic.auto_eoi)))
		lapic_eoi(&v->apic.lapic);
}

static void source_acked(struct hv_vcpu *hv, unsigned int n)
{
	struct x86_vm *vm = to_x86_vm(hv->v->vcpu.kvm);
	int gsi = irq_gsi_of_sint(&vm->irq, hv->vp_index, n);

	if (gsi >= 0)
		irqfd_acked(&vm->kvm, gsi);
}

void hv_synic_eoi(struct hv_vcpu *hv, u8 vector)
{
	unsigned int i;

	for (i = 0; i < HV_SYNIC_SINT_COUNT; i++)
		if ((hv->synic.sint[i] & HV_SYNIC_SINT_VECTOR_MASK) == vector)
			source_acked(hv, i);
	hv_stimers_retry(hv);
}

/* ------------------------------------------------------------------------ */
/* Messages (TLFS 11.8). */

#define MESSAGE_GPA(s, n)						\
	(((s)->messages & HV_HYP_PAGE_MASK) + (n) * sizeof(struct hv_message))
#define HEADER(name)	offsetof(struct hv_message_header, name)

/* 0: the slot is free. */
static int slot_type(struct hv_vcpu *hv, gpa_t slot, u32 *type)
{
	return guest_read(&hv->v->vcpu, slot + HEADER(message_type), type, sizeof(*type));
}

/*
 * There is no room: the guest is asked to say when.  It empties the slot and then looks at
 * the flag; so the flag comes first here, and then another look.
 */
static int slot_ask(struct hv_vcpu *hv, gpa_t slot)
{
	const u8 pending = 1;
	u32 type;

	if (guest_write(&hv->v->vcpu, slot + HEADER(message_flags), &pending,
			sizeof(pending)))
		return -EAGAIN;
	smp_mb();
	if (slot_type(hv, slot, &type) || type)
		return -EAGAIN;
	return 0;
}

int hv_synic_message(struct hv_vcpu *hv, u32 n, const struct hv_message *m)
{
	struct hv_synic *s = &hv->synic;
	struct kvm_vcpu *vcpu = &hv->v->vcpu;
	gpa_t slot = MESSAGE_GPA(s, n);
	u32 type;

	if (!(s->control & HV_SYNIC_CONTROL_ENABLE) || !(s->messages & HV_SYNIC_SIMP_ENABLE) ||
	    slot_type(hv, slot, &type))
		return -EAGAIN;
	if (type && slot_ask(hv, slot))
		return -EAGAIN;
	/* The type comes last: it gives the slot to the guest. */
	if (guest_write(vcpu, slot + HEADER(payload_size), &m->header.payload_size,
			sizeof(*m) - HEADER(payload_size)))
		return -EAGAIN;
	smp_wmb();
	if (guest_write(vcpu, slot + HEADER(message_type), &m->header.message_type,
			sizeof(m->header.message_type)))
		return -EAGAIN;
	hv_synic_irq(hv->v, n);
	return 0;
}

/* ------------------------------------------------------------------------ */
/* MSRs. */

/* Userspace has devices that live in these pages. */
static void synic_tell(struct hv_vcpu *hv, u32 msr)
{
	struct kvm_hyperv_exit *e = &hv->exit;

	memset(e, 0, sizeof(*e));
	e->type = KVM_EXIT_HYPERV_SYNIC;
	e->u.synic.msr = msr;
	e->u.synic.control = hv->synic.control;
	e->u.synic.evt_page = hv->synic.events;
	e->u.synic.msg_page = hv->synic.messages;
	hv_post(hv, HV_TODO_EXIT);
}

static int page_set(struct hv_vcpu *hv, const struct msr_access *a, u64 *msr)
{
	if ((a->data & HV_SYNIC_SIMP_ENABLE) && !a->host && !hv->synic.keeps_pages &&
	    hv_page_clear(hv->v, a->data))
		return -EINVAL;
	*msr = a->data;
	return 0;
}

/* Vectors below 16 are exceptions' (TLFS 11.8.4). */
static int sint_set(struct hv_vcpu *hv, const struct msr_access *a)
{
	if (!a->host && !(a->data & HV_SYNIC_SINT_MASKED) &&
	    (a->data & HV_SYNIC_SINT_VECTOR_MASK) < HV_SYNIC_FIRST_VALID_VECTOR)
		return -EINVAL;
	WRITE_ONCE(hv->synic.sint[SINT_OF(a->index)], a->data);
	auto_eoi_update(&hv->synic);
	apicv_recheck(hv->v);
	return 0;
}

int hv_synic_get(struct hv_vcpu *hv, struct msr_access *a)
{
	const struct hv_synic *s = &hv->synic;

	if (!s->active && !a->host)
		return -EINVAL;
	switch (a->index) {
	case HV_X64_MSR_SCONTROL:
		a->data = s->control;
		return 0;
	case HV_X64_MSR_SVERSION:
		a->data = HV_SYNIC_VERSION_1;
		return 0;
	case HV_X64_MSR_SIEFP:
		a->data = s->events;
		return 0;
	case HV_X64_MSR_SIMP:
		a->data = s->messages;
		return 0;
	case HV_X64_MSR_EOM:
		a->data = 0;
		return 0;
	case HV_X64_MSR_SINT0 ... HV_X64_MSR_SINT15:
		a->data = s->sint[SINT_OF(a->index)];
		return 0;
	}
	return -EINVAL;
}

static int synic_write(struct hv_vcpu *hv, struct msr_access *a)
{
	struct hv_synic *s = &hv->synic;

	switch (a->index) {
	case HV_X64_MSR_SCONTROL:
		s->control = a->data;
		return 0;
	case HV_X64_MSR_SVERSION:
		return a->host ? 0 : -EINVAL;
	case HV_X64_MSR_SIEFP:
		return page_set(hv, a, &s->events);
	case HV_X64_MSR_SIMP:
		return page_set(hv, a, &s->messages);
	case HV_X64_MSR_EOM:
		return 0;
	case HV_X64_MSR_SINT0 ... HV_X64_MSR_SINT15:
		return sint_set(hv, a);
	}
	return -EINVAL;
}

/* Who posts messages from userspace waits for this where a slot was full (TLFS 11.8.4). */
static void all_acked(struct hv_vcpu *hv)
{
	unsigned int i;

	for (i = 0; i < HV_SYNIC_SINT_COUNT; i++)
		source_acked(hv, i);
}

static bool is_told(u32 index)
{
	return index == HV_X64_MSR_SCONTROL || index == HV_X64_MSR_SIEFP ||
	       index == HV_X64_MSR_SIMP;
}

int hv_synic_set(struct hv_vcpu *hv, struct msr_access *a)
{
	int err;

	if (!hv->synic.active && !a->host)
		return -EINVAL;
	err = synic_write(hv, a);
	if (err)
		return err;
	if (!a->host && is_told(a->index))
		synic_tell(hv, a->index);
	if (!a->host && a->index == HV_X64_MSR_EOM)
		all_acked(hv);
	/* EOM says so, and any of the others may have made room. */
	hv_stimers_retry(hv);
	return 0;
}
