// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest physical memory and ports as the emulator sees them.
 *
 * What cannot be accessed as RAM is a device: one on the kernel's MMIO bus, else userspace.
 * That is what lies in no slot, writes to a read-only one (api.rst 4.35), and, as with
 * Linux's KVM, what userspace has not got behind a slot.  It is found out by the access:
 * slots may change between two looks.  Reads
 * that were answered are kept and replayed when the instruction is executed again.
 * Writes to userspace are posted: the instruction completes, then userspace sees them
 * one by one before the guest goes on.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core/guestmem.h"
#include "core/iobus.h"
#include "core/trace.h"
#include "x86/cpu/apic.h"
#include "x86/insn/emulate.h"
#include "x86/insn/pio.h"
#include "x86/vcpu/frame.h"
#include "x86/vcpu/nested.h"
#include "x86/vcpu/trace.h"
#include "x86/vcpu/vendor.h"

void mmio_ask_user(struct x86_vcpu *v, const struct mmio_piece *p,
		     bool write, unsigned int count)
{
	struct kvm_run *run = v->vcpu.run;

	if (p->port) {
		pio_ask_user(v, p->gpa, p->len, count, write);
		if (!write)
			return;
		/* Those behind it are there already. */
		memcpy(pio_data(v), p->data, p->len);
		trace_kvm_pio(TRACE_WRITE, p->gpa, p->len, count, p->data);
		return;
	}
	trace_kvm_mmio(write ? TRACE_MMIO_WRITE : TRACE_MMIO_ASKED, p->len, p->gpa,
		       write ? p->data : NULL);
	stat_inc(v->vcpu.stats.mmio_exits);
	run->exit_reason = KVM_EXIT_MMIO;
	run->mmio.phys_addr = p->gpa;
	run->mmio.len = p->len;
	run->mmio.is_write = write;
	if (write)
		memcpy(run->mmio.data, p->data, p->len);
}

const void *mmio_answer(struct x86_vcpu *v, const struct mmio_piece *p)
{
	const void *data = p->port ? pio_data(v) : v->vcpu.run->mmio.data;

	if (p->port)
		trace_kvm_pio(TRACE_READ, p->gpa, p->len, 1, data);
	else
		trace_kvm_mmio(TRACE_MMIO_READ, p->len, p->gpa, data);
	return data;
}

/* An answer is another one's if a slot came or went since it was given. */
static bool is_answer_of(const struct mmio_piece *p, enum bus_kind bus, gpa_t gpa,
			 unsigned int len)
{
	return p->gpa == gpa && p->len == len && p->port == (bus == BUS_PIO);
}

/* Is there room for piece @n?  Or is there now? */
static bool list_room(struct mmio_list *list, unsigned int n)
{
	struct mmio_piece *more;

	if (likely(n < list->room))
		return true;
	if (!list->room) {
		list->piece = list->few;
		list->room = MMIO_PIECES;
		return true;
	}
	if (n == MMIO_PIECES_MAX)
		return false;
	more = kvmalloc_array(MMIO_PIECES_MAX, sizeof(*more),
			      GFP_KERNEL_ACCOUNT);
	if (!more)
		return false;
	memcpy(more, list->few, sizeof(list->few));
	list->piece = more;
	list->room = MMIO_PIECES_MAX;
	return true;
}

void mmio_list_free(struct mmio_list *list)
{
	if (list->piece != list->few)
		kvfree(list->piece);
}

enum emul_result mmio_device_read(struct x86_vcpu *v, enum bus_kind bus,
				  gpa_t gpa, void *buf, unsigned int len)
{
	struct x86_emulator *em = v->emul;
	struct mmio_piece *p;

	if (!list_room(&em->read, em->cursor))
		return EMUL_UNKNOWN;
	p = &em->read.piece[em->cursor];
	if (em->cursor < em->nreads && is_answer_of(p, bus, gpa, len)) {
		memcpy(buf, p->data, len);
		em->cursor++;
		return EMUL_OK;
	}
	em->nreads = em->cursor;
	p->port = bus == BUS_PIO;
	p->gpa = gpa;
	p->len = len;
	if (bus_read(&v->vcpu, bus, gpa, len, p->data))
		return EMUL_USER;
	if (bus == BUS_MMIO)
		trace_kvm_mmio(TRACE_MMIO_READ, len, gpa, p->data);
	/* A device's answer is replayed too: reading it again may change it. */
	memcpy(buf, p->data, len);
	em->cursor++;
	em->nreads++;
	return EMUL_OK;
}

enum emul_result mmio_device_write(struct x86_vcpu *v, enum bus_kind bus,
				   gpa_t gpa, const void *buf,
				   unsigned int len)
{
	struct x86_emulator *em = v->emul;
	struct mmio_piece *p;

	if (!bus_write(&v->vcpu, bus, gpa, len, buf)) {
		if (bus == BUS_MMIO)
			trace_kvm_mmio(TRACE_MMIO_WRITE, len, gpa, buf);
		return EMUL_OK;
	}
	if (!list_room(&em->write, em->nwrites))
		return EMUL_UNKNOWN;
	p = &em->write.piece[em->nwrites];
	p->port = bus == BUS_PIO;
	p->gpa = gpa;
	p->len = len;
	memcpy(p->data, buf, len);
	em->nwrites++;
	return EMUL_OK;
}

/* Pieces within a page that the bus and userspace can be asked for. */
static unsigned int piece_len(gpa_t gpa, unsigned int len)
{
	unsigned int n = 8;

	while (n > len || (gpa & (n - 1)))
		n /= 2;
	/* A misaligned access stays whole when it fits: a device may care. */
	return len <= 8 && is_power_of_2(len) ? len : n;
}

enum emul_result mmio_read(struct x86_vcpu *v, gpa_t gpa, void *buf,
			   unsigned int len)
{
	enum emul_result r = EMUL_OK;
	unsigned int n;

	if (frame_holds(v, gpa))
		return nested_ops->page(v, gpa, buf, len, false);
	if (apic_is_page(v, gpa)) {
		apic_page_read(v, gpa, buf, len);
		return EMUL_OK;
	}
	if (!guest_read(&v->vcpu, gpa, buf, len))
		return EMUL_OK;
	while (len && r == EMUL_OK) {
		n = piece_len(gpa, len);
		r = mmio_device_read(v, BUS_MMIO, gpa, buf, n);
		gpa += n;
		buf += n;
		len -= n;
	}
	return r;
}

enum emul_result mmio_write(struct x86_vcpu *v, gpa_t gpa, const void *buf,
			    unsigned int len)
{
	enum emul_result r = EMUL_OK;
	unsigned int n;

	if (frame_holds(v, gpa))
		return nested_ops->page(v, gpa, (void *)buf, len, true);
	if (apic_is_page(v, gpa)) {
		apic_page_write(v, gpa, buf, len);
		return EMUL_OK;
	}
	if (!guest_write(&v->vcpu, gpa, buf, len))
		return EMUL_OK;
	while (len && r == EMUL_OK) {
		n = piece_len(gpa, len);
		r = mmio_device_write(v, BUS_MMIO, gpa, buf, n);
		gpa += n;
		buf += n;
		len -= n;
	}
	return r;
}
