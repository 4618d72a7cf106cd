/* SPDX-License-Identifier: GPL-2.0-only */
/* The client's side of port I/O. */
#ifndef LAMINA_X86_PIO_H
#define LAMINA_X86_PIO_H

#include "x86/x86.h"

/**
 * pio_data - where the data of a client's port access lies in the run page
 * @v: the vCPU
 */
void *pio_data(struct x86_vcpu *v);

/**
 * pio_ask_client - fill run for KVM_EXIT_IO
 * @v: own thread
 * @port: the port
 * @size: 1, 2 or 4
 * @out: data of an OUT; NULL: an IN
 */
void pio_ask_client(struct x86_vcpu *v, u16 port, unsigned int size,
		    const void *out);

#endif
