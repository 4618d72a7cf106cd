/* SPDX-License-Identifier: GPL-2.0-only */
/* Port I/O that goes to userspace. */
#ifndef LAMINA_X86_INSN_PIO_H
#define LAMINA_X86_INSN_PIO_H

#include <linux/align.h>

#include "x86/vcpu/x86.h"

/* From the end of struct kvm_run to the end of its page. */
#define PIO_DATA_OFFSET	ALIGN(sizeof(struct kvm_run), 64)
#define PIO_DATA_BYTES	((unsigned int)(PAGE_SIZE - PIO_DATA_OFFSET))

/**
 * pio_data - where the data of a VMM's port access lies in the run page
 * @v: the vCPU
 */
static inline void *pio_data(struct x86_vcpu *v)
{
	return (void *)v->vcpu.run + PIO_DATA_OFFSET;
}

/**
 * pio_ask_user - fill run for KVM_EXIT_IO
 * @v: own thread
 * @port: the port
 * @size: 1, 2 or 4
 * @count: elements
 * @out: an OUT, whose elements are in pio_data() already
 */
static inline void pio_ask_user(struct x86_vcpu *v, u16 port, unsigned int size,
				unsigned int count, bool out)
{
	struct kvm_run *run = v->vcpu.run;

	run->exit_reason = KVM_EXIT_IO;
	run->io.direction = out ? KVM_EXIT_IO_OUT : KVM_EXIT_IO_IN;
	run->io.size = size;
	run->io.port = port;
	run->io.count = count;
	run->io.data_offset = PIO_DATA_OFFSET;
}

/**
 * pio_string_in - how many elements userspace is asked for
 * @v: own thread; the emulator wants one element from a port
 *
 * Return: 1; more for REP INS upward into RAM.
 */
unsigned int pio_string_in(struct x86_vcpu *v);

/**
 * pio_string_in_finish - write userspace's elements to the guest's memory
 * @v: own thread, the emulator's context up to date
 * @n: what pio_string_in() said, above 1
 *
 * Changes memory, and RDI, RCX and RIP in the context; what is no memory any more becomes
 * posted writes.
 *
 * Return: false when they have no place any more: nothing has changed, and the first one is
 * the emulator's, which finds out why.
 */
bool pio_string_in_finish(struct x86_vcpu *v, unsigned int n);

/**
 * pio_string_out - elements of REP OUTS that go along with the first one
 * @v: own thread; the emulator has executed one element
 *
 * Puts them into the run page, and changes RSI, RCX and RIP in the context.
 *
 * Return: how many, 0 for any other instruction.
 */
unsigned int pio_string_out(struct x86_vcpu *v);

#endif
