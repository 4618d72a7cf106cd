/* SPDX-License-Identifier: GPL-2.0-only */
/* Guest physical memory, devices and ports, as the emulator reaches them. */
#ifndef LAMINA_X86_INSN_MMIO_H
#define LAMINA_X86_INSN_MMIO_H

#include "core/iobus.h"
#include "x86/vcpu/x86.h"

/*
 * Pieces of at most 8 bytes that an instruction may read from devices, and as many
 * that it may write.  All but a few need 10 at most: 64 bytes, misaligned across two
 * pages.  The largest XSAVE image that guests have needs some 340.
 */
#define MMIO_PIECES	10
#define MMIO_PIECES_MAX	512

/** struct mmio_piece - one access as a device or userspace sees it */
struct mmio_piece {
	bool port;	/* @gpa is an I/O port */
	gpa_t gpa;
	u8 len;
	u8 data[8];
};

/**
 * struct mmio_list - pieces in order
 * @piece: them; @few, or an allocation, which stays as long as the vCPU
 * @room: how many there may be
 * @few: enough for all but the FPU's images
 */
struct mmio_list {
	struct mmio_piece *piece;
	u16 room;
	struct mmio_piece few[MMIO_PIECES];
};

/**
 * mmio_read - read guest physical memory, RAM or devices
 * @v: own thread, kvm->srcu held
 * @gpa: address; the bytes lie in one page
 * @buf: destination
 * @len: bytes, 1 to 64
 *
 * Return: EMUL_OK; EMUL_USER when userspace has to answer; EMUL_UNKNOWN when
 * userspace's mapping is not there, or for too many accesses.
 */
enum emul_result mmio_read(struct x86_vcpu *v, gpa_t gpa, void *buf,
			   unsigned int len);

/** mmio_write - the same for a write; never EMUL_USER */
enum emul_result mmio_write(struct x86_vcpu *v, gpa_t gpa, const void *buf,
			    unsigned int len);

/**
 * mmio_device_read - read from a device, or replay what it has answered
 * @v: own thread, kvm->srcu held
 * @bus: BUS_MMIO or BUS_PIO
 * @gpa: address or port
 * @buf: destination
 * @len: 1, 2, 4 or 8
 *
 * Return: as for mmio_read().
 */
enum emul_result mmio_device_read(struct x86_vcpu *v, enum bus_kind bus,
				  gpa_t gpa, void *buf, unsigned int len);

/** mmio_device_write - write to a device; userspace's part is posted */
enum emul_result mmio_device_write(struct x86_vcpu *v, enum bus_kind bus,
				   gpa_t gpa, const void *buf,
				   unsigned int len);

/**
 * mmio_ask_user - KVM_EXIT_MMIO, or KVM_EXIT_IO for a port
 * @v: own thread
 * @p: the access
 * @write: a write, else a read
 * @count: elements for a port, see pio_ask_user(); else 1
 */
void mmio_ask_user(struct x86_vcpu *v, const struct mmio_piece *p,
		     bool write, unsigned int count);

/**
 * mmio_answer - where userspace has put what it was asked for
 * @v: own thread
 * @p: the access given to mmio_ask_user()
 *
 * Return: @p->len bytes in the run page, which userspace can change.
 */
const void *mmio_answer(struct x86_vcpu *v, const struct mmio_piece *p);

#endif
