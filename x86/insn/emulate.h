/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the vCPU and the instruction emulator: fetching, translating,
 * reaching memory and devices.
 */
#ifndef LAMINA_X86_INSN_EMULATE_H
#define LAMINA_X86_INSN_EMULATE_H

#include "core/iobus.h"
#include "x86/vcpu/exit.h"
#include "x86/vcpu/x86.h"

/*
 * Pieces of at most 8 bytes that an instruction may read from devices, and as many
 * that it may write.  All but a few need 10 at most: 64 bytes, misaligned across two
 * pages.  The largest XSAVE image that guests have needs some 340.
 */
#define MMIO_PIECES	10
#define MMIO_PIECES_MAX	512

/* No access has this bit. */
#define HINT_NONE	BIT_ULL(63)

/* INT n is between them. */
#define OPCODE_INT3	0xcc
#define OPCODE_INTO	0xce

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
 * struct x86_emulator - state of an emulation; made when first needed
 * @ctx: the emulator's context, holding the decoded instruction
 * @bytes: what @ctx.insn was decoded from, when it is at most 8 bytes long
 * @known: how many bytes that is; 0: decode anew
 * @hint: where the exit's access went, which is that of the only operand in memory
 * @hint_access: what it may be used for: 0 and PF_WRITE; HINT_NONE
 * @rip: where the instruction is
 * @rflags: RFLAGS when it began
 * @single_step: a trap follows, the guest's or userspace's
 * @batch: elements of a port that userspace was asked for
 * @halt: it is HLT
 * @shadow: interrupts wait for one more instruction
 * @fpu: the guest's FPU state, for instructions that move it; made when needed
 * @read: pieces read from devices so far, in order; the next one may wait
 * @nreads: how many are answered
 * @cursor: next one to replay
 * @write: posted writes
 * @nwrites: how many
 * @sent: how many userspace has seen
 */
struct x86_emulator {
	struct emul_ctx ctx;
	u64 bytes;
	u8 known;
	gpa_t hint;
	u64 hint_access;
	u64 rip;
	u64 rflags;
	u16 batch;
	bool single_step;
	bool halt;
	bool shadow;
	struct emul_fpu *fpu;
	struct mmio_list read;
	struct mmio_list write;
	u16 nreads;
	u16 cursor;
	u16 nwrites;
	u16 sent;
};

/** mmio_list_free - what an emulator's list has allocated */
void mmio_list_free(struct mmio_list *list);

/* What the emulator asks of a vCPU; ctx->priv is the vCPU (emul_env.c). */
extern const struct emul_ops emul_env_ops;

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

/**
 * emul_env_translate - linear address to gpa, for the emulator's privilege
 * @ctx: the emulation; @fault is filled for EMUL_FAULT
 * @la: linear address
 * @access: PF_WRITE or 0
 * @gpa: result
 *
 * Return: as for guest_translate().
 */
enum emul_result emul_env_translate(struct emul_ctx *ctx, u64 la, u64 access,
				    gpa_t *gpa);

/** guest_perm_regs - the registers that decide on accesses besides the tables */
struct perm_regs guest_perm_regs(struct x86_vcpu *v);

/**
 * guest_translate - linear address to gpa by the guest's tables (fetch.c)
 * @v: own thread, kvm->srcu held
 * @la: linear address
 * @access: PF_WRITE, PF_FETCH, PF_USER, PF_IMPLICIT
 * @gpa: result
 * @fault: filled for EMUL_FAULT
 *
 * Return: EMUL_OK, EMUL_FAULT, EMUL_RETRY, or EMUL_UNKNOWN when the guest's
 * tables lie outside of its memory.
 */
enum emul_result guest_translate(struct x86_vcpu *v, u64 la, u64 access,
				 gpa_t *gpa, struct emul_fault *fault);

/** emulate_raise - give the guest a fault; returns X86_RESUME */
enum x86_next emulate_raise(struct x86_vcpu *v, const struct emul_fault *fault);

/** emulate_failed - KVM_EXIT_INTERNAL_ERROR with the bytes at RIP */
enum x86_next emulate_failed(struct x86_vcpu *v);

/** emulate_mode - size of the current code segment */
enum emul_mode emulate_mode(struct x86_vcpu *v);

/**
 * emulate_next_rip - where the instruction at RIP ends
 * @v: own thread, kvm->srcu held
 * @exit: its kind tells which instruction to expect
 * @next_rip: result
 * @next: what the handler returns when false is returned
 *
 * Return: true when @next_rip is set; false when the guest gets a fault
 * instead, or, with KVM_EXIT_INTERNAL_ERROR, when the bytes make no sense.
 */
bool emulate_next_rip(struct x86_vcpu *v, const struct x86_exit *exit,
		      u64 *next_rip, enum x86_next *next);

/**
 * emulate_usual_gpr - the register that an instruction names, if it is encoded as
 *                     nearly always
 * @v: own thread, kvm->srcu held
 * @opcode: what follows 0F
 * @modrm: the ModRM byte but for the register in its low bits
 * @gpr: result
 * @next_rip: result: where the instruction ends
 *
 * That is in 64-bit code, and without prefixes but REX.B.
 *
 * Return: false when it takes decoding, or fetching failed.
 */
bool emulate_usual_gpr(struct x86_vcpu *v, u8 opcode, u8 modrm, u8 *gpr,
		       u64 *next_rip);

/**
 * emulate_decode - fetch and decode the instruction at RIP
 * @v: own thread, kvm->srcu held
 * @exit: may carry the instruction's bytes
 * @insn: result
 * @next: what to return from the handler when false is returned
 *
 * Return: true when @insn is valid.
 */
bool emulate_decode(struct x86_vcpu *v, const struct x86_exit *exit,
		    struct emul_insn *insn, enum x86_next *next);

/**
 * emulate_fetch - the same into the emulator's context, whose mode is set
 * @v: own thread, kvm->srcu held; v->emul is there
 * @exit: may carry the instruction's bytes
 * @next: what to return from the handler when false is returned
 *
 * Return: true when v->emul->ctx.insn is valid.
 */
bool emulate_fetch(struct x86_vcpu *v, const struct x86_exit *exit,
		   enum x86_next *next);

/**
 * emulate_insn - execute the instruction at RIP in software
 * @v: own thread, kvm->srcu held
 * @exit: the exit it caused; may carry its bytes
 *
 * Return: what the run loop does next.
 */
enum x86_next emulate_insn(struct x86_vcpu *v, const struct x86_exit *exit);

#endif
